# SPDX-License-Identifier: Apache-2.0
"""The retail suite: its tables and questions, and how answers are compared.

A file *.sql holds questions: "-- NAME: words", then a statement.  Where Stoa says it in Redshift's way, "-- postgres" and the
same in PostgreSQL's words follow.
"""
import decimal
import glob
import math
import os
import re

import sqlfile
from data import Rows

HERE = os.path.dirname(os.path.abspath(__file__))
FLOATS = (700, 701)  # type OIDs


class Question:
    """.ordered: the rows' order is asked for (and every question that asks makes it total)."""

    def __init__(self, path, name, text):
        self.path, self.name = path, name
        self.stoa, _, other = (part.strip().rstrip(";") for part in text.partition("-- postgres\n"))
        self.postgres = other or self.stoa
        self.ordered = re.search(r"\border by [^()]*(\([^()]*(\([^()]*\)[^()]*)*\)[^()]*)*$", self.stoa) is not None


def questions(directory=HERE):
    found = []
    for path in sorted(glob.glob(os.path.join(directory, "*.sql"))):
        if os.path.basename(path) == "schema.sql":
            continue
        with open(path) as f:
            parts = re.split(r"^-- ([a-z]\w*): .*\n", f.read(), flags=re.M)
        found += [Question(path, name, text) for name, text in zip(parts[1::2], parts[2::2])]
    return found


def schema():
    with open(os.path.join(HERE, "schema.sql")) as f:
        return [s.strip() for s in re.sub("^--.*\n", "", f.read(), flags=re.M).split(";") if s.strip()]


def as_lines(rows):
    return "".join("|".join("\\N" if v is None else v for v in row) + "\n" for row in rows)


def write(folder, factor):
    """A file a table, TABLE.tbl, with `factor` times the sales."""
    for table, rows in Rows(factor=factor).make().items():
        with open(os.path.join(folder, table + ".tbl"), "w") as f:
            f.write(as_lines(rows))


def load(connection, stoa):
    for s in schema():
        connection.run(s if stoa else sqlfile.postgres_dialect(s))
    for table, rows in Rows().make().items():
        lines = as_lines(rows)
        connection.run(f"copy {table} from stdin delimiter '|' null as '\\N'" if stoa else f"copy {table} from stdin delimiter '|'",
                       lines.encode())
    if not stoa:
        connection.run("analyze")


def same_value(mine, theirs, oid):
    """Equal; or numbers as near as the one with fewer decimals can tell: an average's and a quotient's scale differ."""
    if mine is None or theirs is None or mine == theirs:
        return mine == theirs
    if mine.rstrip(" ") == theirs.rstrip(" "):
        return True
    try:
        a, b = decimal.Decimal(mine), decimal.Decimal(theirs)
    except decimal.InvalidOperation:
        return False
    if oid in FLOATS:
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    digits = min(-a.as_tuple().exponent, -b.as_tuple().exponent)
    if a.as_tuple().exponent == b.as_tuple().exponent:
        return a == b
    return abs(a - b) <= max(decimal.Decimal(1).scaleb(-digits), abs(a) * decimal.Decimal("1e-12"))


def differ(mine, theirs, oids, ordered):
    """None, or where the answers part."""
    if len(mine) != len(theirs):
        return f"{len(mine)} rows, not {len(theirs)}"
    if not ordered:
        key = lambda row: [(v is None, v or "") for v in row]
        mine, theirs = sorted(mine, key=key), sorted(theirs, key=key)
    for i, (a, b) in enumerate(zip(mine, theirs)):
        if not all(map(same_value, a, b, oids)):
            return f"row {i + 1} is {a}, not {b}"
    return None
