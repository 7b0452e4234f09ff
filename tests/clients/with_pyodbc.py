# SPDX-License-Identifier: Apache-2.0
"""psqlodbc by pyodbc, prepared by the server and in the text, with and without cursors: run by `run`."""
import datetime
import decimal
import os
import sys

import pyodbc

passed = failed = 0
TABLES = """create table odbc_parent (id integer primary key, note varchar(20));
create table odbc_child (a integer not null, b bigint, c double precision, d boolean, e decimal(10,2), f varchar(20), g date, h time,
    i timestamp, parent integer references odbc_parent (id), primary key (a))"""


def same(what, came, expected):
    global passed, failed
    if came == expected:
        passed += 1
    else:
        failed += 1
        print(f"{what}: {came!r}, not {expected!r}")


def state_of(act, *values):
    try:
        act(*values)
    except pyodbc.Error as e:
        return e.args[0]
    return None


def connect(**words):
    env = os.environ
    words = dict(Driver="{PostgreSQL Unicode}", Servername=env["PGHOST"], Port=env["PGPORT"], Database=env["PGDATABASE"],
                 Username=env["PGUSER"], Password=env["PGPASSWORD"], SSLmode=env["PGSSLMODE"], BoolsAsChar=0, **{"Protocol": "7.4-1", **words})
    if "PGSSLROOTCERT" in env:
        words["pqopt"] = "{sslrootcert=%s}" % env["PGSSLROOTCERT"]
    return pyodbc.connect(";".join(f"{k}={v}" for k, v in words.items()))


def values(c):
    row = (-7, 2**40, 0.5, True, decimal.Decimal("12.50"), "grüße", datetime.date(2024, 2, 29), datetime.time(12, 34, 56),
           datetime.datetime(2024, 2, 29, 12, 34, 56, 789), None)
    c.execute("insert into odbc_child values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    same("one row changed", c.rowcount, 1)
    same("every type", tuple(c.execute("select * from odbc_child where a = ? and f = ?", -7, "grüße").fetchone()), row)
    same("names and types", [(d[0], d[1]) for d in c.description][:6],
         [("a", int), ("b", int), ("c", float), ("d", bool), ("e", decimal.Decimal), ("f", str)])
    same("precision", c.description[4][4:6], (10, 2))
    c.executemany("insert into odbc_child (a, f) values (?, ?)", [(n, f"v{n}") for n in range(300)])
    rows = c.execute("select a, f from odbc_child where a >= ? order by a", 0).fetchall()
    same("executemany", (len(rows), tuple(rows[0]), tuple(rows[-1])), (300, (0, "v0"), (299, "v299")))
    c.execute("select a from odbc_child where a >= 0 order by a")
    same("in parts", ([r[0] for r in c.fetchmany(120)][-1], [r[0] for r in c.fetchmany(120)][-1], len(c.fetchall())), (119, 239, 60))
    c.execute("update odbc_child set f = ? where a < ?", "w", 10)
    same("rows changed", c.rowcount, 11)
    c.execute("delete from odbc_child")


def transactions(conn, c):
    conn.commit()
    c.execute("insert into odbc_parent values (1, 'a')")
    conn.rollback()
    same("rolled back", c.execute("select count(*) from odbc_parent").fetchone()[0], 0)
    c.execute("insert into odbc_parent values (1, 'a')")
    conn.commit()
    conn.rollback()
    same("committed", c.execute("select count(*) from odbc_parent").fetchone()[0], 1)
    c.execute("delete from odbc_parent")
    conn.commit()
    for sql, state in (("select * from nothing", "42P01"), ("select nothing from odbc_parent", "42703"), ("selec 1", "42601"),
                       ("select 1 / 0", "22012"), ("create table odbc_parent (a integer)", "42P07")):
        same(sql, state_of(lambda: c.execute(sql).fetchall()), state)
        conn.rollback()


def catalog(conn, c):
    same("tables", [(r.table_schem, r.table_name, r.table_type) for r in c.tables(table="odbc_%")],
         [("public", "odbc_child", "TABLE"), ("public", "odbc_parent", "TABLE")])
    same("columns", [(r.column_name, r.data_type, r.type_name, r.nullable) for r in c.columns(table="odbc_child")][:6],
         [("a", pyodbc.SQL_INTEGER, "int4", 0), ("b", pyodbc.SQL_BIGINT, "int8", 1), ("c", pyodbc.SQL_FLOAT, "float8", 1),
          ("d", pyodbc.SQL_BIT, "bool", 1), ("e", pyodbc.SQL_NUMERIC, "numeric", 1), ("f", pyodbc.SQL_WVARCHAR, "varchar", 1)])
    names = {r.type_name for r in c.getTypeInfo()}
    same("types", {"int2", "int4", "int8", "float4", "float8", "numeric", "bool", "date", "varchar"} - names, set())
    same("procedures", state_of(lambda: c.procedures(procedure="upper").fetchall()), None)
    same("server", conn.getinfo(pyodbc.SQL_DBMS_NAME), "PostgreSQL")


# inside a transaction the driver wraps the DEALLOCATE of what the server prepared into a SAVEPOINT, of which there is none
for autocommit, options in ((True, {}), (True, {"Protocol": "7.4-2"}), (True, {"UseDeclareFetch": 1, "Fetch": 50, "UseServerSidePrepare": 0}),
                            (False, {"UseServerSidePrepare": 0}), (False, {"UseServerSidePrepare": 0, "Protocol": "7.4-0"}),
                            (False, {"UseServerSidePrepare": 0, "UseDeclareFetch": 1, "Fetch": 50})):
    before = failed
    conn = connect(**options)
    conn.autocommit = autocommit
    c = conn.cursor()
    for statement in TABLES.split(";"):
        c.execute(statement)
    conn.commit()
    values(c)
    if not autocommit:
        transactions(conn, c)
    catalog(conn, c)
    c.execute("drop table odbc_child")
    c.execute("drop table odbc_parent")
    conn.commit()
    conn.close()
    if failed > before:
        print(f"with autocommit {autocommit}, {options}")
conn = connect()
conn.autocommit = True
c = conn.cursor()
c.execute("set statement_timeout = 300")
same("a timeout", state_of(c.execute, "select pg_sleep(20)"), "57014")
same("and what follows", c.execute("select 1").fetchone()[0], 1)
conn.close()
os.environ["PGPASSWORD"] = "wrong"
same("a wrong password", state_of(connect) in ("28P01", "08001"), True)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
