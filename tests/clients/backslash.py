# SPDX-License-Identifier: Apache-2.0
"""psql's backslash commands: none fails, and those of what is there show it."""
import subprocess

SCHEMA = """
create schema shop;
create table orders (id integer not null default 7, name varchar(20), price numeric(12,3), at timestamp, day date, code char(5))
    diststyle key distkey(id) sortkey(day, name);
create table shop.items (k bigint, big varchar(300));
create table shop.lines (n integer primary key, item varchar(9) unique, of_line integer references shop.lines);
comment on table shop.items is 'what is sold'; comment on column shop.items.big is 'its name'; comment on schema shop is 'a shop';
comment on database dev is 'the warehouse'; comment on constraint lines_pkey on shop.lines is 'one a line';
create view cheap as select id, name from orders where price < 10;
"""
CLEAN = "comment on database dev is null; drop view cheap; drop table orders; drop table shop.items; drop table shop.lines; drop schema shop;"

# command: what its output must have, one after the other
SHOWN = {
    r"\d": ("public | cheap", "view", "public | orders", "table"),
    r"\dt": ("public | orders", "table", "admin"),
    r"\dt shop.*": ("shop", "items", "table"),
    r"\dt *.*": ("public", "orders", "shop", "items"),
    r"\dt+": ("orders", "permanent", "bytes"),
    r"\dv": ("public | cheap", "view"),
    r"\d orders": ("integer", "not null | 7", "character varying(20)", "numeric(12,3)", "timestamp without time zone", "date",
                   "character(5)"),
    r"\d shop.items": ("bigint", "character varying(300)"),
    r"\d shop.lines": ("not null", "Indexes:", '"lines_pkey" PRIMARY KEY, btree (n)', '"lines_item_key" UNIQUE CONSTRAINT, btree (item)',
                      "Foreign-key constraints:", '"lines_of_line_fkey" FOREIGN KEY (of_line) REFERENCES shop.lines(n)', "Referenced by:"),
    r"\di shop.*": ("lines_item_key", "lines_pkey"),
    r"\d+ shop.items": ("its name",),
    r"\dt+ shop.items": ("what is sold",),
    r"\dn+ shop": ("a shop",),
    r"\l+": ("the warehouse",),
    r"\dd shop.*": ("lines_pkey", "one a line"),
    r"\d+ orders": ("Table \"public.orders\"", "character varying(20)"),
    r"\d+ cheap": ("View \"public.cheap\"", "View definition:", "select id, name from orders where price < 10"),
    r"\sv cheap": ("CREATE OR REPLACE VIEW public.cheap AS", "select id, name"),
    r"\dn": ("public", "shop"),
    r"\l": ("dev", "UTF8"),
    r"\du": ("admin", "Superuser"),
    r"\df lower": ("pg_catalog", "lower", "character varying"),
    r"\da sum": ("pg_catalog", "sum"),
    r"\dT int4": ("integer",),
    r"\dconfig search_path": ("search_path",),
    r"\d pg_class": ("relname", "reldiststyle"),
    r"\d nothing": ("Did not find any relation",),
}
QUIET = r"""\d+ \ds \di \dm \dE \dS \dv+ \dn+ \l+ \du+ \dg \df+ \da \dp \z \ddp \db \db+ \dL \dT \dC \dD \do \dc \dO \dd \des \deu
\dew \det \dF \dFd \dFp \dFt \dx \dy \drds \conninfo \encoding""".split()


def run(w, expect):
    def psql(command):
        return subprocess.run(["psql", "-X", "-c", command], env=w.psql_env(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60).stdout

    with w.connect() as c:
        c.run(SCHEMA)
    for command, parts in SHOWN.items():
        out, at = psql(command), 0
        for part in parts:
            found = out.find(part, at)
            expect(f"psql {command} shows {part}", found >= 0, out)
            at = max(at, found)
    for command in QUIET:
        out = psql(command)
        expect(f"psql {command}", "ERROR" not in out and "server closed" not in out, out)
    with w.connect() as c:
        c.run(CLEAN)
