# SPDX-License-Identifier: Apache-2.0
"""What bench/run measures, a part a function; each adds tables to `out` (lines of Markdown).  Ratios are DuckDB's time over
Stoa's: above 1 Stoa is faster."""
import glob
import math
import os
import re
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "tests", "lib"), os.path.join(HERE, "..", "tests", "retail")]
import sqlfile  # noqa: E402
import suite  # noqa: E402
import tpch  # noqa: E402

COMPILER_SECONDS = 1.5  # how long the optimising compiler works in the background, from the second run of a question on


def say(text):
    print(text, file=sys.stderr, flush=True)


def row(out, *cells):
    out.append("| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in cells) + " |")
    say(out[-1])


def head(out, *cells):
    out += ["", "| " + " | ".join(cells) + " |", "|" + "---|" * len(cells)]


def mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def hot(asked, runs):
    """Medians of the times of (engine, sql) pairs, taken in turns, once the code of what returned is compiled."""
    for engine, sql in asked:
        engine.run(sql)
    time.sleep(COMPILER_SECONDS)
    times = [[engine.run(sql)[0] for engine, sql in asked] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*times)]


def load(stoa, duck, data, out):
    for statement in tpch.schema():
        stoa.run(statement)
        duck.run(sqlfile.postgres_dialect(statement))
    head(out, "load", "rows", "text MB", "Stoa s", "rows/s", "MB/s", "DuckDB s", "DuckDB / Stoa")
    total = [0.0, 0.0]
    for table in tpch.TABLES:
        size = sum(map(os.path.getsize, glob.glob(f"{data}/{table}.tbl*"))) / 1e6
        mine, _ = stoa.run(f"copy {table} from '{data}/{table}.tbl' delimiter '|'")
        theirs, _ = duck.run(f"copy {table} from '{data}/{table}.tbl*' (delimiter '|', header false)")
        rows = int(stoa.run(f"select count(*) from {table}")[1][0][0])
        total = [total[0] + mine, total[1] + theirs]
        row(out, table, f"{rows:,}", f"{size:.0f}", mine / 1000, f"{rows / mine * 1000:,.0f}", f"{size / mine * 1000:.0f}", theirs / 1000,
            theirs / mine)
    row(out, "all", "", "", total[0] / 1000, "", "", total[1] / 1000, total[1] / total[0])
    duck.run("checkpoint")
    out.append(f"\nOn disk: Stoa {stoa.bytes() / 1e6:.0f} MB, DuckDB {duck.bytes() / 1e6:.0f} MB.")


def questions(stoa, duck, runs, out):
    """First (empty code cache), hot, and first after a restart of both with what the caches then hold."""
    found = []
    for name, sql in tpch.queries():
        first = [stoa.run(sql), duck.run(sql)]
        wrong = tpch.same_rows(first[0][1], first[1][1])
        found.append([name + (f" **answers differ: {wrong}**" if wrong else ""), first[0][0], first[1][0], *hot(((stoa, sql), (duck, sql)), runs)])
        say(" ".join(str(c) for c in found[-1]))
    for engine in (stoa, duck):
        engine.stop()
        engine.start()
    for line, (_, sql) in zip(found, tpch.queries()):
        line += [stoa.run(sql)[0], duck.run(sql)[0]]
    head(out, "question", "first: Stoa ms", "DuckDB ms", "ratio", "hot: Stoa ms", "DuckDB ms", "ratio", "restarted: Stoa ms", "DuckDB ms", "ratio")
    ratios = [[], [], []]
    for line in found:
        cells = [line[0]]
        for k in range(3):
            mine, theirs = line[1 + 2 * k], line[2 + 2 * k]
            ratios[k].append(theirs / mine)
            cells += [f"{mine:.1f}", f"{theirs:.1f}", theirs / mine]
        row(out, *cells)
    row(out, "geometric mean", "", "", mean(ratios[0]), "", "", mean(ratios[1]), "", "", mean(ratios[2]))


def where_time_goes(stoa, out):
    """EXPLAIN ANALYZE of each question, hot: milliseconds of its parts, pipelines by where their rows go."""
    sinks = ("hash", "aggr", "sort", "buffer", "window", "send", "return")
    head(out, "question", "planning", "compile", "queue", "execution", *("to " + s for s in sinks))
    for name, sql in tpch.queries():
        stoa.run(sql)
        lines = [line[0] for line in stoa.run("explain analyze " + sql)[1]]
        parts = re.search(r"Planning: ([\d.]+) ms  Compile: ([\d.]+) ms .*Queue: ([\d.]+) ms  Execution: ([\d.]+) ms", lines[-1]).groups()
        spent = dict.fromkeys(sinks, 0.0)
        for line in lines:
            step = re.search(r"segment \d+ .*-> (\w+) \d+: .*, ([\d.]+) ms, skew", line)
            if step and step[1] in spent:
                spent[step[1]] += float(step[2])
        row(out, name, *map(float, parts), *(spent[s] or "" for s in sinks))


def small(stoa, duck, out, runs=200):
    """Statements of which little is to be done: what a statement costs."""
    head(out, "statement", "Stoa ms", "DuckDB ms", "ratio")
    key = lambda i: 1 + 32 * (i * 37 % 10000)
    for name, sql in (("select 1", lambda i: "select 1"),
                      ("an order by its key", lambda i: f"select * from orders where o_orderkey = {key(i)}"),
                      ("an order's lines", lambda i: f"select * from lineitem where l_orderkey = {key(i)}"),
                      ("count(*) of 25 rows", lambda i: "select count(*) from nation"),
                      ("groups of 25 rows", lambda i: "select n_regionkey, count(*) from nation group by n_regionkey")):
        times = []
        for i in range(runs):
            (mine, a), (theirs, b) = stoa.run(sql(i)), duck.run(sql(i))
            times.append((mine, theirs))
            if len(a) != len(b):
                name += " **answers differ**"
        mine, theirs = (statistics.median(column) for column in zip(*times[20:]))
        row(out, name, f"{mine:.2f}", f"{theirs:.2f}", theirs / mine)


def retail(stoa, duck, where, factor, runs, out):
    """The star and snowflake questions of tests/retail over `factor` times its sales."""
    folder = os.path.join(where, f"retail-{factor}")
    if not os.path.exists(os.path.join(folder, "complete")):
        os.makedirs(folder, exist_ok=True)
        suite.write(folder, factor)
        open(os.path.join(folder, "complete"), "w").close()
    for statement in suite.schema():
        stoa.run(statement)
        duck.run(sqlfile.postgres_dialect(statement))
    rows = 0
    for path in sorted(glob.glob(os.path.join(folder, "*.tbl"))):
        table = os.path.basename(path)[:-4]
        stoa.run(f"copy {table} from '{path}' delimiter '|' null as '\\N'")
        duck.run(f"copy {table} from '{path}' (delimiter '|', nullstr '\\N', header false, quote '', escape '')")
        rows += int(stoa.run(f"select count(*) from {table}")[1][0][0])
    ratios, slow, refused, differ, sums = [], [], [], [], [0.0, 0.0]
    for q in suite.questions():
        try:
            theirs = duck.run(q.postgres)[1]
        except RuntimeError:
            refused.append(q.name)
            continue
        mine = stoa.run(q.stoa)[1]
        if suite.differ(mine, theirs, stoa.connection.types, q.ordered):
            differ.append(q.name)
        times = hot(((stoa, q.stoa), (duck, q.postgres)), runs)
        sums = [s + t for s, t in zip(sums, times)]
        ratios.append(times[1] / times[0])
        if ratios[-1] < 1:
            slow.append(f"{q.name} {ratios[-1]:.2f}")
        say(f"{q.name} {times[0]:.1f} {times[1]:.1f}")
    head(out, "retail", "rows", "questions", "Stoa ms, sum", "DuckDB ms, sum", "geometric mean of ratios", "least", "greatest")
    row(out, f"x {factor}", f"{rows:,}", len(ratios), f"{sums[0]:.0f}", f"{sums[1]:.0f}", mean(ratios), min(ratios), max(ratios))
    out.append(f"\nSlower than DuckDB: {', '.join(slow) or 'none'}. Not in DuckDB's dialect, so not asked: {', '.join(refused) or 'none'}. "
               f"Other answers by DuckDB (averages of integers, texts of intervals...; PostgreSQL's are compared in tests/retail): "
               f"{', '.join(differ) or 'none'}.")
