#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the data generator with data made by another: compare.py GENERATOR REFERENCE_DIR.

REFERENCE_DIR holds tpch_sf0.01 and tpch_sf0.1.  Counts, least and greatest, distinct values, average
lengths, means; then the specification's own rules on what the generator made.
"""
import collections
import datetime
import gzip
import math
import os
import subprocess
import sys
import tempfile

COLUMNS = {  # n a number, d a date, t a text, k a text of a closed domain
    "region": "nkt", "nation": "nknt", "supplier": "nttntnt", "customer": "nttntnkt",
    "part": "ntkkknknt", "partsupp": "nnnnt", "orders": "nnkndktnt", "lineitem": "nnnnnnnnkkdddkkt",
}
EPOCH = datetime.date(1992, 1, 1).toordinal()
failures = []


def fail(text):
    failures.append(text)
    print("  " + text)


def rows_of(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as f:
        return [line.rstrip("\n").split("|") for line in f]


def measure(kind, value):
    if kind == "d":
        return datetime.date.fromisoformat(value).toordinal() - EPOCH
    return float(value) if kind == "n" else len(value)


def mean_and_error(counts):
    """Of {value: how often}: the mean and its standard error."""
    rows = sum(counts.values())
    mean = sum(v * n for v, n in counts.items()) / rows
    return mean, math.sqrt(sum((v - mean) ** 2 * n for v, n in counts.items())) / rows


def measures(kind, counts):
    out = collections.Counter()
    for value, n in counts.items():
        out[measure(kind, value)] += n
    return out


def compare_column(name, kind, mine, theirs):
    rows = len(theirs)
    mine, theirs = collections.Counter(mine), collections.Counter(theirs)
    few = len(theirs) <= 200 and rows >= 50 * len(theirs)
    if few and set(mine) != set(theirs):
        fail(f"{name}: other values: {sorted(set(mine) ^ set(theirs))[:5]}")
    if abs(len(mine) - len(theirs)) > 0.02 * len(theirs) + 5 * math.sqrt(len(theirs)):
        fail(f"{name}: {len(mine)} distinct values, not about {len(theirs)}")
    mine, theirs = measures(kind, mine), measures(kind, theirs)
    span = max(theirs) - min(theirs)
    if kind == "n":
        slack = 0 if few else span * min(0.5, 50 / rows)
        high = slack + (span * 0.1 if name.endswith("orders 4") else 0)  # sums of lines have thin tails
    else:
        slack = high = 0 if few else 10 if rows > 1000 else span
    if abs(min(mine) - min(theirs)) > slack or abs(max(mine) - max(theirs)) > high:
        if not name.endswith("orders 4") or max(mine) - max(theirs) > high or min(mine) > 1100:
            fail(f"{name}: {min(mine)}..{max(mine)}, not about {min(theirs)}..{max(theirs)}")
    (m, e), (n, f) = mean_and_error(mine), mean_and_error(theirs)
    if rows > 25 and abs(m - n) > 5 * math.hypot(e, f) + 1e-9:
        fail(f"{name}: mean {m:.4f}, not about {n:.4f}")


def word_share(rows, column, word):
    return sum(word in r[column] for r in rows) / len(rows)


def check_rules(scale, data):
    """Clause 4.2.3 on what the generator made."""
    suppliers, parts = len(data["supplier"]), len(data["part"])
    pairs = {(int(r[0]), int(r[1])) for r in data["partsupp"]}
    if len(pairs) != 4 * parts or max(s for _, s in pairs) > suppliers:
        fail("partsupp: four different suppliers a part expected")
    price = {int(r[0]): round(float(r[7]) * 100) for r in data["part"]}
    total, status = collections.Counter(), collections.defaultdict(set)
    for r in data["lineitem"]:
        key, part = int(r[0]), int(r[1])
        if (part, int(r[2])) not in pairs:
            fail(f"lineitem {key}: part and supplier are no pair of partsupp")
            break
        cents = round(float(r[5]) * 100)
        if cents != int(r[4]) * price[part]:
            fail(f"lineitem {key}: price is not quantity times the part's")
            break
        if not (r[10] < r[12]) or (r[9] == "O") != (r[10] > "1995-06-17") or (r[8] == "N") != (r[12] > "1995-06-17"):
            fail(f"lineitem {key}: dates and flags disagree")
            break
        total[key] += cents * (100 - round(float(r[6]) * 100)) // 100 * (100 + round(float(r[7]) * 100)) // 100
        status[key].add(r[9])
    for n, r in enumerate(data["orders"], 1):
        key = int(r[0])
        if key != n // 8 * 32 + n % 8 or int(r[1]) % 3 == 0:
            fail(f"orders {key}: key or customer is not by the rules")
            break
        expect = "P" if len(status[key]) == 2 else next(iter(status[key]))
        if r[2] != expect or round(float(r[3]) * 100) != total[key]:
            fail(f"orders {key}: status or price does not follow its lines")
            break
    notes = [r[6] for r in data["supplier"] if "Customer" in r[6]]
    if not suppliers // 1000 <= len(notes) <= -(-suppliers // 1000):
        fail(f"supplier: {len(notes)} comments about customers in {suppliers}")


def check_parts(generator):
    """The same bytes from one thread or two, whole or in parts, from a file or a pipe."""
    with tempfile.TemporaryDirectory() as d:
        run = lambda *a: subprocess.run([generator, "-q", "-s", "0.01", *a], check=True, stdout=subprocess.PIPE).stdout
        whole = run("-t", "lineitem", "-j", "1")
        if run("-t", "lineitem", "-j", "2") != whole:
            fail("two threads give other bytes than one")
        run("-n", "3", d)
        if b"".join(open(f"{d}/lineitem.tbl.{i}", "rb").read() for i in (1, 2, 3)) != whole:
            fail("three parts are not the whole")


def main():
    generator, reference = sys.argv[1:3]
    if not os.path.isdir(reference):
        print(f"skipped: no directory {reference}")
        return 77
    check_parts(generator)
    for scale in ("0.01", "0.1"):
        with tempfile.TemporaryDirectory() as made:
            subprocess.run([generator, "-q", "-s", scale, made], check=True)
            data = {}
            for table, kinds in COLUMNS.items():
                mine = data[table] = rows_of(f"{made}/{table}.tbl")
                theirs = rows_of(f"{reference}/tpch_sf{scale}/{table}.tbl.gz")
                if table != "lineitem" and len(mine) != len(theirs) or abs(len(mine) / len(theirs) - 1) > 0.02:
                    fail(f"{scale} {table}: {len(mine)} rows, not {len(theirs)}")
                for i, kind in enumerate(kinds):
                    compare_column(f"{scale} {table} {i + 1}", kind, [r[i] for r in mine], [r[i] for r in theirs])
                if table in ("orders", "lineitem", "partsupp"):
                    for word in ("furiously", "requests", "special", " the ", "instructions"):
                        a, b = word_share(mine, -1, word), word_share(theirs, -1, word)
                        if abs(a - b) > 5 * math.sqrt(2 * b / len(theirs)) + 0.002:
                            fail(f"{scale} {table}: \"{word}\" in {a:.4f} of the comments, not {b:.4f}")
            check_rules(scale, data)
    return 1 if failures else 0


sys.exit(main())
