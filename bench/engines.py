# SPDX-License-Identifier: Apache-2.0
"""The two engines of a comparison, asked the same way: run(sql) gives (milliseconds, rows as lists of texts)."""
import glob
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "lib"))
from warehouse import Warehouse  # noqa: E402


class DuckDB:
    """In a process of its own, behind a pipe; the time is taken inside it."""

    def __init__(self, file, threads, modules):
        os.makedirs(modules, exist_ok=True)
        for name in ("package.json", "package-lock.json", "server.mjs"):
            shutil.copy(os.path.join(HERE, "duckdb", name), modules)
        if not os.path.isdir(os.path.join(modules, "node_modules")):
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=modules, check=True)
        for old in glob.glob(file + "*"):
            os.unlink(old)
        self.file = file
        self.command = ["node", os.path.join(modules, "server.mjs"), file, str(threads)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.run("select 1")

    def run(self, sql):
        self.process.stdin.write(json.dumps({"sql": sql}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError("DuckDB: " + answer["error"])
        return answer["ms"], answer["rows"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def bytes(self):
        return os.path.getsize(self.file)


class Stoa:
    """A warehouse of its own under mpirun; the time is the client's, over the wire."""

    def __init__(self, where, ranks, threads, slices):
        settings = [f"threads = {max(1, threads // max(1, ranks - 1))}"] if threads else []
        self.w = Warehouse(slices=slices, copy_from=[where], settings=settings)
        self.ranks = ranks
        self.start()

    def start(self):
        self.w.start(self.ranks)
        self.connection = self.w.connect()

    def run(self, sql):
        rows = self.connection.run(sql)
        return self.connection.ms, rows

    def stop(self):
        self.connection.close()
        self.w.stop()

    def forget_code(self):
        cache = os.path.join(self.w.dir, "cache")
        shutil.rmtree(cache, ignore_errors=True)
        os.mkdir(cache, 0o700)

    def bytes(self):
        top = glob.glob(os.path.join(self.w.dir, "db*"))[0]
        return sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(top) for f in files)
