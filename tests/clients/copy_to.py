# SPDX-License-Identifier: Apache-2.0
"""COPY TO STDOUT: the same bytes, and the same errors, as from PostgreSQL, where there is one; cancels and wide results."""
import subprocess

from postgres import Postgres

TABLE = """
create table copied (k integer, s smallint, b bigint, x real, y double precision, d decimal(20,4), w decimal(38,10), t boolean, v varchar(80),
    g date, h time, i timestamp, j timestamptz, "odd ""name" varchar(9));
insert into copied values
    (1, -3, 4000000000, 0.1, 1e300, 12.5, 1234567890123456789012345678.0123456789, true, 'plain', '2024-02-29', '12:34:56.000789',
     '2024-02-29 12:34:56.000789', '2024-02-29 12:34:56+02', 'x'),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (3, 0, -1, -1.5, 0.1, -0.0001, -1, false, '', '1999-12-31', '00:00:00', '1999-12-31 23:59:59', '1999-12-31 23:59:59+00', ''),
    (4, 7, 0, 0, 0, 0, 0, true, 'quo"te, and;|', '2000-01-01', '23:59:59', '2000-01-01', '2000-01-01', ','),
    (5, 7, 0, 0, 0, 0, 0, true, E'tab\\there \\\\ back\\nnew\\rline\\b\\f\\v', '2000-01-01', '23:59:59', '2000-01-01', '2000-01-01', E'\\n'),
    (6, 7, 0, 0, 0, 0, 0, true, '\\N', '2000-01-01', '23:59:59', '2000-01-01', '2000-01-01', '\\.'),
    (7, 7, 0, 0, 0, 0, 0, true, 'grüße, 中文', '2000-01-01', '23:59:59', '2000-01-01', '2000-01-01', 'nil');
"""
ALL = "(select * from copied order by k)"
# what PostgreSQL says too, be it rows or an error
SAME = [
    f"copy {ALL} to stdout", f"copy {ALL} to stdout csv", f"copy {ALL} to stdout with csv header", f"copy {ALL} to stdout with binary",
    f"copy {ALL} to stdout (format binary)", f"copy {ALL} to stdout (header)", f"copy {ALL} to stdout (format csv, header false)",
    f"copy {ALL} to stdout (format csv, force_quote *)", f"copy {ALL} to stdout csv force quote v, k",
    f"copy {ALL} to stdout (format csv, force_quote (v, \"odd \"\"name\"), null 'nil', delimiter ';')",
    f"copy {ALL} to stdout csv quote '''' escape '\\' null 'NIL'", f"copy {ALL} to stdout delimiter '|' null ''",
    f"copy {ALL} to stdout (delimiter ',', null '\\X', encoding 'utf8')", f"copy {ALL} to stdout delimiter ' '",
    "copy (select v from copied order by k) to stdout csv", "copy (select \"odd \"\"name\" from copied order by k) to stdout csv header",
    "copy (select 1 as a where false) to stdout csv header", "copy (select 1 where false) to stdout binary",
    "copy (values (1, 'a'), (2, null)) to stdout", "copy (with q as (select 5 as five) select five, five * 2 from q) to stdout",
    "copy (select count(*) from copied) to stdout;select 1",
    # errors
    "copy nothing to stdout", "copy copied (nothing) to stdout", "copy (select nothing from copied) to stdout", "copy (selec 1) to stdout",
    "copy copied (k + 1) to stdout", "copy copied (k to stdout", "copy copied to stdout (format xml)", "copy copied to stdout (nonsense)",
    "copy copied to stdout (delimiter 'ab')", "copy copied to stdout (delimiter 'a')", "copy copied to stdout (delimiter E'\\n')",
    "copy copied to stdout (null E'\\n')", "copy copied to stdout (delimiter '|', null '|')", "copy copied to stdout (quote '|')",
    "copy copied to stdout (escape '|')", "copy copied to stdout (force_quote *)", "copy copied to stdout (format csv, quote 'ab')",
    "copy copied to stdout (format csv, escape 'ab')", "copy copied to stdout (format csv, delimiter '\"')",
    "copy copied to stdout (format csv, null '\"')", "copy copied to stdout (format binary, delimiter '|')",
    "copy copied to stdout (format binary, null '')", "copy copied to stdout (format binary, header)",
    "copy copied to stdout (format csv, format csv)", "copy copied to stdout (null '', null '')", "copy copied to stdout (header, header)",
    "copy copied to stdout (format csv, force_quote *, force_quote *)", "copy copied to stdout (header match)",
    "copy copied to stdout (format csv, force_quote (nothing))", "copy copied to stdout (format csv, force_quote 1)",
    "copy copied to stdout (format csv, force_null (v))", "copy copied to stdout (encoding 'klingon')",
    "copy copied to stdout (delimiter)", "copy (select 1 / (k - 1) from copied) to stdout", "copy (insert into copied (k) values (9)) to stdout",
]
# what is Stoa's own: (statement, SQLSTATE or None, what the output must have)
OWN = [
    ("copy copied (v, k) to stdout", None, "plain\t1\n"), ("copy dev.public.copied (k) to stdout", None, "1\n"),
    ("copy (select top 1 k from copied order by k desc) to stdout", None, "7\n"), ("copy copied to '/tmp/rows'", "0A000", ""),
    ("copy copied to program 'cat'", "0A000", ""), ("explain copy copied to stdout", "42601", ""),
    ("copy (select usename from pg_user where usename = 'nobody_there') to stdout csv header", None, "usename\n"),
]
WIDE = "copy (select k, v || v || v from wide) to stdout"


def psql(env, sql):
    r = subprocess.run(["psql", "-X", "-q", "-v", "VERBOSITY=sqlstate", "-c", "set timezone = 'UTC'", "-c", sql], env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return r.stdout, r.stderr.decode().strip()


def own(w, expect):
    for sql, state, has in OWN:
        out, error = psql(w.psql_env(), sql)
        expect(sql, error == (f"ERROR:  {state}" if state else "") and has.encode() in out, (out, error))
    with w.connect() as c:
        c.run("create table wide (k integer, v varchar(1000)); insert into wide select n, repeat('w', 900) from generate_series(1, 20000) s(n)")
    out, error = psql(w.psql_env(), WIDE)
    expect("54 MB", (out.count(b"\n"), error) == (20000, ""), error)
    out, error = psql(w.psql_env(), f"set statement_timeout = 20; {WIDE}; {WIDE}; {WIDE}")
    expect("a timeout on the way", error.endswith("57014"), error)
    out, error = psql(w.psql_env(), "drop table wide; select 'on' as it_goes")
    expect("and after it", b"on" in out, error)


def run(w, expect):
    with w.connect() as c:
        c.run(TABLE)
    own(w, expect)
    pg = Postgres()
    if pg.found:
        with pg:
            env = dict(w.psql_env(), PGHOST=pg.dir, PGUSER="oracle", PGDATABASE="postgres")
            for name in ("PGPORT", "PGPASSWORD", "PGSSLMODE"):
                env.pop(name, None)
            with pg.connect() as c:
                c.run(TABLE)
            for sql in SAME:
                seen, wanted = psql(w.psql_env(), sql), psql(env, sql)
                expect(sql, seen == wanted, f"{seen}\n  PostgreSQL: {wanted}")
    with w.connect() as c:
        c.run("drop table copied")
