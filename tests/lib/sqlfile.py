# SPDX-License-Identifier: Apache-2.0
"""Reads and runs tests/sql/*.test; the format is in tests/README.md."""
import re
import threading

from pq import Error


_WAITS_SECONDS = 0.3  # so long a statement that waits does so
_FINISHES_SECONDS = 30


class Block:
    def __init__(self, path, line):
        self.path, self.line = path, line
        self.sql, self.data, self.rows = [], None, None
        self.kind, self.argument = "ok", ""  # ok, rows, sorted, match, error, waits
        self.session = ""

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
            if line.startswith("@") and part == "sql" and not block.sql:
                block.session = line[1:].strip()
            elif line.startswith("----"):
                word, _, rest = line[4:].strip().partition(" ")
                if word == "data":
                    part, block.data = "data", []
                elif word in ("", "sorted", "match", "error", "ok", "waits"):
                    part, block.kind, block.argument = "rows", word or "rows", rest
                    block.rows = []
                else:
                    raise SystemExit(f"{path}:{number}: \"---- {word}\" is none of: rows, sorted, match, error, ok, waits, data")
            else:
                {"sql": block.sql, "data": block.data, "rows": block.rows}[part].append(line)
    if block is not None:
        blocks.append(block)
    return flags, blocks


def shown(rows):
    return ["\t".join("NULL" if v is None else v.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") or "(empty)"
                      for v in row) for row in rows]


class Sessions:
    """The connections of a file: connect() makes one, the first use of a name opens it."""

    def __init__(self, connect):
        self._connect, self._open, self._running = connect, {}, {}

    def _connection(self, name):
        if name not in self._open:
            self._open[name] = self._connect()
        return self._open[name]

    def start(self, name, sql):
        """Returns whether the statement is still running a while later; finish() gives what comes of it."""
        answer, connection = [], self._connection(name)

        def run():
            try:
                answer.append(connection.run(sql))
            except Error as e:
                answer.append(e)

        thread = threading.Thread(target=run)
        thread.start()
        self._running[name] = (thread, answer)
        thread.join(_WAITS_SECONDS)
        return thread.is_alive()

    def run(self, name, sql, data):
        """Rows of a statement; without one, of that which was started."""
        if sql:
            return self._connection(name).run(sql, data)
        thread, answer = self._running.pop(name)
        thread.join(_FINISHES_SECONDS)
        if not answer:
            raise Error("HY000", f"session \"{name}\" still waits")
        if isinstance(answer[0], Error):
            raise answer[0]
        return answer[0]

    def close(self):
        for connection in self._open.values():
            connection.close()


def run_block(sessions, block, rewrite=lambda sql: sql):
    """Returns None when it went as written, or what went otherwise."""
    sql = rewrite("\n".join(block.sql))
    data = None if block.data is None else "".join(line + "\n" for line in block.data).encode()
    if block.kind == "waits":
        return None if sessions.start(block.session, sql) else "does not wait"
    try:
        rows = shown(sessions.run(block.session, sql, data))
    except Error as e:
        if block.kind != "error":
            return f"failed: {e}"
        state, _, pattern = block.argument.partition(" ")
        state, _, position = state.partition("@")
        if e.state not in state.split("|"):
            return f"SQLSTATE {e.state}, not {state}: {e.message}"
        if position and e.position != int(position):
            return f"position {e.position}, not {position}: {e.message}"
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
