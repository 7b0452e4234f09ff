// SPDX-License-Identifier: Apache-2.0
// DuckDB behind a pipe: a JSON line in, {"sql": ...}; a JSON line out, {"ms": ..., "rows": [[...]]} or {"error": ...}.
import { DuckDBInstance } from '@duckdb/node-api';
import { createInterface } from 'node:readline';

const [file, threads] = process.argv.slice(2);
const instance = await DuckDBInstance.create(file, { threads });
const connection = await instance.connect();
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { sql } = JSON.parse(line);
    const begin = process.hrtime.bigint();
    const reader = await connection.runAndReadAll(sql);
    const ms = Number(process.hrtime.bigint() - begin) / 1e6;
    answer = { ms, rows: reader.getRows().map((row) => row.map((v) => (v === null ? null : v.toString()))) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
connection.closeSync();
instance.closeSync();
