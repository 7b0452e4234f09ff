# SPDX-License-Identifier: Apache-2.0
"""psycopg2, which puts parameters into the text itself, and its cursors: run by `run`."""
import datetime
import decimal
import io
import sys

import psycopg2
import psycopg2.extensions
import psycopg2.extras

passed = failed = 0


def same(what, came, expected):
    global passed, failed
    if came == expected:
        passed += 1
    else:
        failed += 1
        print(f"{what}: {came!r}, not {expected!r}")


def state_of(cursor, sql, *values):
    try:
        cursor.execute(sql, *values)
    except psycopg2.Error as e:
        return e.pgcode
    return None


with psycopg2.connect("") as conn:
    same("server", conn.server_version, 90224)
    with conn.cursor() as c:
        row = (-7, 2**40, 0.5, True, decimal.Decimal("12.50"), "grüße", datetime.date(2024, 2, 29), datetime.time(12, 34, 56, 789),
               datetime.datetime(2024, 2, 29, 12, 34, 56, 789), None)
        c.execute("create table p (a integer, b bigint, c double precision, d boolean, e decimal(10,2), f varchar(20), g date,"
                  " h time, i timestamp, j timestamptz)")
        c.execute("insert into p values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", row)
        c.execute("select * from p where a = %s and f = %s", (-7, "grüße"))
        same("every type", c.fetchone(), row)
        same("names", [d.name for d in c.description][:3], ["a", "b", "c"])
        same("precision", (c.description[4].precision, c.description[4].scale), (10, 2))
        c.execute("select interval '1 day 2 hours', timestamptz '2024-02-29 12:00:00+00'")
        same("interval and moment", c.fetchone(), (datetime.timedelta(days=1, hours=2),
                                                   datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)))
        c.executemany("insert into p (a) values (%s)", [(n,) for n in range(20)])
        psycopg2.extras.execute_values(c, "insert into p (a, f) values %s", [(n, "v") for n in range(20, 500)])
        same("rows changed", c.rowcount, 80)  # of its last hundred
        c.copy_expert("copy p (a, f) from stdin csv", io.StringIO("1000,one\n1001,two\n"))
        out = io.StringIO()
        c.copy_expert("copy (select a, f from p where a >= 1000 order by a) to stdout csv header", out)
        same("COPY out", (out.getvalue(), c.rowcount), ("a,f\n1000,one\n1001,two\n", 2))
    conn.commit()
    with conn.cursor("named") as c:
        c.itersize = 50
        c.execute("select a from p where a >= 0 order by a")
        rows = [a for (a,) in c]
        same("a named cursor", (len(rows), rows[0], rows[-1]), (502, 0, 1001))
    with conn.cursor() as c:
        same("an error", state_of(c, "select * from nothing"), "42P01")
        same("and what follows", state_of(c, "select 1"), "25P02")
        conn.rollback()
        same("after ROLLBACK", state_of(c, "select 1"), None)
        same("in a transaction", conn.info.transaction_status, psycopg2.extensions.TRANSACTION_STATUS_INTRANS)
        c.execute("drop table p")
conn.set_session(isolation_level="SERIALIZABLE", autocommit=True)
with conn.cursor() as c:
    c.execute("show transaction_isolation")
    same("a setting", len(c.fetchall()), 1)
    c.execute("select current_schema(), current_user, current_database()")
    same("who and where", c.fetchone()[::2], ("public", "dev"))
conn.close()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
