# SPDX-License-Identifier: Apache-2.0
"""Reads and runs tests/sql/*.test; the format is in tests/README.md."""
import re

from pq import Error


class Block:
    def __init__(self, path, line):
        self.path, self.line = path, line
        self.sql, self.data, self.rows = [], None, None
        self.kind, self.argument = "ok", ""  # ok, rows, sorted, match, error

    def name(self):
        return f"{self.path}:{self.line}"


def read(path):
    """Returns (flags, blocks): flags are the words of "# flags:" lines."""
    flags, blocks, block, part = set(), [], None, None
    with open(path) as f:
        for number, raw in enumerate(f, 1):
            line = raw.rstrip("\n")
            if block is None:
                if line.startswith("# flags:"):
                    flags |= set(line[8:].split())
                if not line.strip() or line.startswith("#"):
                    continue
                block, part = Block(path, number), "sql"
            elif not line and part != "data":
                blocks.append(block)
                block = None
                continue
            if line.startswith("----"):
                word, _, rest = line[4:].strip().partition(" ")
                if word == "data":
                    part, block.data = "data", []
                elif word in ("", "sorted", "match", "error", "ok"):
                    part, block.kind, block.argument = "rows", word or "rows", rest
                    block.rows = []
                else:
                    raise SystemExit(f"{path}:{number}: \"---- {word}\" is none of: rows, sorted, match, error, ok, data")
            else:
                {"sql": block.sql, "data": block.data, "rows": block.rows}[part].append(line)
    if block is not None:
        blocks.append(block)
    return flags, blocks


def shown(rows):
    return ["\t".join("NULL" if v is None else v.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") or "(empty)"
                      for v in row) for row in rows]


def run_block(connection, block, rewrite=lambda sql: sql):
    """Returns None when it went as written, or what went otherwise."""
    sql = rewrite("\n".join(block.sql))
    data = None if block.data is None else "".join(line + "\n" for line in block.data).encode()
    try:
        rows = shown(connection.run(sql, data))
    except Error as e:
        if block.kind != "error":
            return f"failed: {e}"
        state, _, pattern = block.argument.partition(" ")
        if e.state not in state.split("|"):
            return f"SQLSTATE {e.state}, not {state}: {e.message}"
        if pattern and not re.search(pattern, f"{e.message}\n{e.detail or ''}\n{e.hint or ''}"):
            return f"message does not match \"{pattern}\": {e.message}"
        return None
    if block.kind == "error":
        return f"no error, {block.argument} expected; rows: {rows[:5]}"
    if block.kind == "ok":
        return None
    expect = block.rows
    if block.kind == "sorted":
        rows, expect = sorted(rows), sorted(expect)
    if block.kind == "match":
        left = iter(rows)
        lost = next((e for e in expect if not any(re.search(e, row) for row in left)), None)
        return lost and f"no row, in this order, matches \"{lost}\"\n  came:     " + "\n            ".join(rows[:40])
    if rows != expect:
        return "other rows\n  expected: " + "\n            ".join(expect[:20]) + "\n  came:     " + "\n            ".join(rows[:20])
    return None


# what PostgreSQL does not know of a CREATE TABLE
_DIALECT = re.compile(r"\b(DISTSTYLE\s+(KEY|EVEN|ALL|AUTO)|DISTKEY(\s*\([^)]*\))?|(COMPOUND\s+|INTERLEAVED\s+)?SORTKEY(\s*\([^)]*\))?|"
                      r"ENCODE\s+\w+|BACKUP\s+(YES|NO))", re.I)


def postgres_dialect(sql):
    return _DIALECT.sub("", sql)
