# SPDX-License-Identifier: Apache-2.0
"""TPC-H for tests: where the data is, how it is loaded on both sides, and how answers are compared."""
import decimal
import glob
import gzip
import os
import subprocess

import sqlfile
from warehouse import program

TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
BENCH = os.path.join(os.environ["STOA_TOP"] if "STOA_TOP" in os.environ else
                     os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."), "bench", "tpch")


def data_dir(scale, where):
    """Files NAME.tbl.gz or NAME.tbl at a scale: given ones when there are any, else made in directory where."""
    given = os.path.join(os.environ.get("STOA_TEST_DATA", ""), f"tpch_sf{scale}")
    if os.path.isdir(given):
        return given
    made = os.path.join(where, f"tpch_sf{scale}")
    if not os.path.isdir(made):
        subprocess.run([program("stoa-tpchgen"), "-q", "-s", str(scale), made], check=True)
    return made


def file_of(directory, table):
    return glob.glob(os.path.join(directory, table + ".tbl*"))[0]


def schema():
    """The CREATE TABLE statements."""
    with open(os.path.join(BENCH, "schema.sql")) as f:
        text = "".join(line for line in f if not line.startswith("--"))
    return [s.strip() for s in text.split(";") if s.strip()]


def queries():
    """[(name, text)] of the questions, in order."""
    found = []
    for path in sorted(glob.glob(os.path.join(BENCH, "q[0-9][0-9].sql"))):
        with open(path) as f:
            found.append((os.path.basename(path)[:-4], f.read()))
    return found


def load_stoa(connection, directory, tables=TABLES):
    for statement in schema():
        connection.run(statement)
    for table in tables:
        path = file_of(directory, table)
        connection.run(f"copy {table} from '{path}' delimiter '|'" + (" gzip" if path.endswith(".gz") else ""))


def load_postgres(connection, directory):
    for statement in schema():
        connection.run(sqlfile.postgres_dialect(statement))
    for table in TABLES:
        path = file_of(directory, table)
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
            connection.run(f"copy {table} from stdin delimiter '|'", f.read())
    connection.run("alter table orders add primary key (o_orderkey); create index on lineitem (l_orderkey); "
                   "create index on lineitem (l_partkey, l_suppkey); create index on partsupp (ps_partkey); analyze")


def same_value(mine, theirs):
    """Equal, or numbers as near as the one with fewer decimals can tell (an average's scale differs by engine)."""
    if mine == theirs or mine is None or theirs is None:
        return mine == theirs
    if mine.rstrip() == theirs.rstrip():
        return True
    try:
        a, b = decimal.Decimal(mine), decimal.Decimal(theirs)
    except decimal.InvalidOperation:
        return False
    digits = min(-a.as_tuple().exponent, -b.as_tuple().exponent)
    if a.as_tuple().exponent == b.as_tuple().exponent and digits <= 2:
        return a == b
    return abs(a - b) <= decimal.Decimal(1).scaleb(-digits)


def same_rows(mine, theirs):
    """None when the answers agree, or where they part."""
    if len(mine) != len(theirs):
        return f"{len(mine)} rows, not {len(theirs)}"
    for i, (a, b) in enumerate(zip(mine, theirs)):
        if len(a) != len(b) or not all(map(same_value, a, b)):
            return f"row {i + 1} is {a}, not {b}"
    return None
