# SPDX-License-Identifier: Apache-2.0
"""Privileges: a matrix of object kinds, privileges and ways to have them, granted and revoked; then what goes beyond it."""
from pq import Error
from warehouse import USER, Warehouse

PASSWORD = "Secret77word"
PRIVILEGES = ("select", "insert", "update", "delete", "drop", "truncate", "references", "alter")
# what grants bob a privilege, who it is granted to
WAYS = ("bob", "group staff", "role inner_role", "public")
# (statement, what it needs); those that change run in a block that is rolled back
TABLE = (("select * from o", {"select"}), ("insert into o values (1)", {"insert"}), ("copy o from stdin", {"insert"}),
         ("insert into o select * from o", {"insert", "select"}),
         ("update o set a = 2 where a = 1", {"update", "select"}), ("delete from o", {"delete"}),
         ("delete from o where a = 1", {"delete", "select"}), ("create temp table l (like o)", {"select"}),
         ("merge into o using (select 1 as a) s on o.a = s.a when matched then update set a = 3 "
          "when not matched then insert values (4)", {"select", "insert", "update", "delete"}),
         ("drop table o", {"drop"}), ("analyze o", {"owner"}), ("alter table o add column b int default 2", {"alter"}),
         ("alter table o alter distkey a", {"alter"}), ("alter table o rename to p", {"alter"}), ("alter table o owner to bob", {"owner"}))
VIEW = (("select * from o", {"select"}), ("drop view o", {"drop"}), ("create or replace view o as select 1 as a", {"owner"}),
        ("alter view o rename to p", {"alter"}), ("alter table o owner to bob", {"owner"}))


def same(expect, what, came, wanted):
    expect(what, came == wanted, f"{came}, not {wanted}")


def come(c, sql, data=None):
    """None when it works, else the SQLSTATE."""
    try:
        c.run(sql, data)
        return None
    except Error as e:
        return e.state


def tried(c, sql):
    """As come(), and nothing stays."""
    c.run("begin")
    came = come(c, sql, b"" if sql.startswith("copy") else None)
    c.run("rollback")
    return came


def matrix(expect, root, bob):
    for kind, statements in (("table", TABLE), ("view", VIEW)):
        root.run("create table o (a int)" if kind == "table" else "create view o as select a from base")
        for way in WAYS:
            for granted in [(p,) for p in PRIVILEGES] + [("select", "update"), ("select", "delete"), ("all",)]:
                words = ", ".join(granted)
                has = set(PRIVILEGES) if granted == ("all",) else set(granted)
                root.run(f"grant {words} on o to {way}")
                for sql, needs in statements:
                    same(expect, f"{kind}, {words} to {way}: {sql}", tried(bob, sql), None if needs <= has else "42501")
                if kind == "table":
                    same(expect, f"{words} to {way}: truncate", come(bob, "truncate o"), None if "truncate" in has else "42501")
                root.run(f"revoke {words} on o from {way}")
                for sql, needs in statements:
                    same(expect, f"{kind}, {words} revoked from {way}: {sql}", tried(bob, sql), "42501")
        root.run(f"drop {kind} o")


def run_all(expect, c, cases):
    for who, sql, wanted in cases:
        same(expect, f"{sql}", come(c[who], sql), wanted)


def beyond(expect, c):
    c["root"].run("create table t (a int); create table u (a int); create view v as select a from t; create schema s; create table s.x (a int)")
    run_all(expect, c, (
        # grant options
        ("root", "grant select, insert on t to ada with grant option", None),
        ("ada", "grant select on t to bob", None), ("ada", "grant update on t to bob", "42501"),
        ("bob", "select * from t", None), ("bob", "grant select on t to bob", "42501"),
        ("root", "revoke select on t from ada", "2BP01"), ("ada", "select * from t", None),
        ("root", "revoke grant option for select on t from ada", "2BP01"),
        ("root", "revoke grant option for select on t from ada cascade", None),
        ("ada", "select * from t", None), ("bob", "select * from t", "42501"), ("ada", "grant select on t to bob", "42501"),
        ("root", "grant select on t to ada with grant option", None), ("ada", "grant select on t to public", None),
        ("bob", "select * from t", None), ("root", "revoke all on t from ada cascade", None),
        ("bob", "select * from t", "42501"), ("ada", "select * from t", "42501"),
        # a superuser may revoke what anybody granted
        ("root", "grant select on t to ada with grant option", None), ("ada", "grant select on t to bob", None),
        ("root", "revoke select on t from bob", None), ("bob", "select * from t", "42501"),
        ("root", "revoke select on t from ada", None),
        # views read as their owner
        ("root", "grant select on v to bob", None), ("bob", "select * from v", None), ("bob", "select * from t", "42501"),
        ("bob", "select * from v join t using (a)", "42501"),
        ("root", "create or replace view v as select a from t where a > 0", None), ("bob", "select * from v", None),
        ("ada", "create view w as select 1 as a", None), ("ada", "grant select on w to bob", None), ("bob", "select * from w", None),
        ("root", "grant select on t to ada", None), ("ada", "create or replace view w as select a from t", None),
        ("bob", "select * from w", None), ("root", "revoke select on t from ada", None), ("bob", "select * from w", "42501"),
        # schemas
        ("root", "grant select on all tables in schema s to group staff", None), ("bob", "select * from s.x", None),
        ("root", "revoke all on all tables in schema s from group staff", None), ("bob", "select * from s.x", "42501"),
        ("root", "grant select on t, s.x to bob, ada", None), ("ada", "select * from t, s.x", None),
        ("root", "revoke select on table t, s.x from bob, ada restrict", None), ("ada", "select * from t", "42501"),
        # membership ends
        ("root", "grant select on u to group staff", None), ("bob", "select * from u", None),
        ("root", "alter group staff drop user bob", None), ("bob", "select * from u", "42501"),
        ("root", "alter group staff add user bob", None), ("bob", "select * from u", None),
        ("root", "revoke role outer_role from bob", None), ("root", "grant select on u to role inner_role", None),
        ("root", "revoke select on u from group staff", None), ("bob", "select * from u", "42501"),
        ("root", "grant role outer_role to bob", None), ("bob", "select * from u", None),
        # who cannot be dropped
        ("root", "drop role inner_role", "2BP01"), ("root", "revoke select on u from role inner_role", None),
        # the transaction
        ("root", "begin", None), ("root", "grant select on u to bob", None), ("bob", "select * from u", "42501"),
        ("root", "rollback", None), ("bob", "select * from u", "42501"),
        ("root", "begin", None), ("root", "grant select on u to bob", None), ("root", "commit", None), ("bob", "select * from u", None),
        ("bob", "prepare p as select * from u", None), ("bob", "execute p", None),
        ("root", "revoke select on u from bob", None), ("bob", "execute p", "42501"),
        # what is refused
        ("root", "grant select on t to nobody", "42704"), ("root", "grant select on nothing to bob", "42P01"),
        ("root", "grant nonsense on t to bob", "42601"), ("root", "grant select on t to group staff with grant option", "0LP01"),
        ("root", "grant select on t to public with grant option", "0LP01"), ("root", "grant select on pg_user to bob", "42809"),
        ("root", "grant select (a) on t to bob", "0A000"), ("root", "grant usage on schema s to bob", "0A000"),
        ("root", "grant create on database dev to bob", "0A000"), ("root", "grant select on t bob", "42601"),
        ("root", "grant select on all tables in schema nothing to bob", "3F000"), ("root", "revoke select on t from", "42601"),
        ("root", "revoke select on t from bob cascade restrict", "42601"), ("root", "grant select on t to bob,", "42601"),
        ("root", "grant select on t to " + ", ".join(["bob"] * 1001), "54000"),
        ("root", "create group crowd with user " + ", ".join(["bob"] * 1001), "54000"),
        ("bob", "grant select on t to bob", "42501"), ("bob", "revoke select on v from bob", "42501"),
        ("bob", "grant all on all tables in schema public to bob", "42501"),
        # comments and references are of who owns, and may refer
        ("bob", "comment on table t is 'x'", "42501"), ("bob", "comment on column t.a is 'x'", "42501"),
        ("bob", "comment on schema s is 'x'", "42501"), ("bob", "comment on database dev is 'x'", "42501"),
        ("root", "create table parent (k int primary key)", None), ("bob", "create table child (k int references parent)", "42501"),
        ("root", "grant references on parent to bob", None), ("bob", "create table child (k int references parent)", None),
        ("bob", "drop table child", None), ("root", "drop table parent", None),
        # kept
        ("root", "grant select, update on t to bob", None), ("root", "grant insert on t to public", None)))
    same(expect, "has_table_privilege",
         c["root"].run("select has_table_privilege('bob', 't', 'select'), has_table_privilege('bob', 't', 'INSERT'),"
                       " has_table_privilege('bob', 't', 'delete'), has_table_privilege('ada', 't', 'select'),"
                       " has_table_privilege('ada', 'w', 'select'), has_table_privilege('t', 'delete')"),
         [["t", "t", "f", "f", "t", "t"]])
    same(expect, "has_table_privilege of oneself", c["bob"].run("select has_table_privilege('t', 'select'), has_table_privilege('u', 'select')"),
         [["t", "f"]])
    same(expect, "has_table_privilege of several: one is enough",
         c["root"].run("select has_table_privilege('bob', 't', 'delete, select'), has_table_privilege('bob', 't', 'delete, drop')"), [["t", "f"]])
    same(expect, "has_schema_privilege and has_database_privilege say what one may",
         c["bob"].run("select has_schema_privilege('public', 'create'), has_schema_privilege('s', 'usage'), has_schema_privilege('s', 'create'),"
                      " has_database_privilege('dev', 'temp'), has_database_privilege('dev', 'create')"),
         [["t", "t", "f", "t", "f"]])
    for view in ("svv_all_tables", "svv_redshift_tables", "svv_all_columns"):
        same(expect, f"{view} shows what one may read",
             c["bob"].run(f"select distinct table_name from {view} where schema_name = 'public' and table_name in ('t', 'u')"), [["t"]])
    same(expect, "svv_tables shows all",
         c["bob"].run("select table_name from svv_tables where table_schema = 'public' and table_name in ('t', 'u') order by 1"),
         [["t"], ["u"]])
    same(expect, "svv_relation_privileges",
         c["root"].run("select privilege_type, identity_name, identity_type, admin_option from svv_relation_privileges "
                       "where relation_name = 't' order by 1"),
         [["INSERT", "public", "public", "f"], ["SELECT", "bob", "user", "f"], ["UPDATE", "bob", "user", "f"]])


def dropped_meanwhile(expect, w, root):
    """What is made with a user or role in mind does not outlive him, whoever commits first."""
    root.run("create user eve password 'Secret77word'; create table d (a int); create role one; create role two")
    with w.connect() as other, w.connect(user="eve", password=PASSWORD) as eve:
        root.run("begin; grant select on d to eve")
        same(expect, "drop user beside a grant", come(other, "drop user eve"), None)
        same(expect, "grant to a dropped user", come(root, "commit"), "40001")
        same(expect, "nothing is granted", root.run("select count(*) from svv_relation_privileges where relation_name = 'd'"), [["0"]])
        same(expect, "a table of a dropped user", come(eve, "create table e (a int)"), "42704")
        root.run("begin; grant role one to role two")
        other.run("begin; grant role two to role one")
        root.run("commit")
        same(expect, "a circle of roles", come(other, "commit"), "40001")


def run(expect):
    with Warehouse(slices=3) as w:
        w.start(3)
        with w.connect() as root:
            root.run("create user ada password 'Secret77word'; create user bob password 'Secret77word'; create group staff with user bob;"
                     "create role inner_role; create role outer_role; grant role inner_role to role outer_role;"
                     "grant role outer_role to bob; create table base (a int)")
            with w.connect(user="ada", password=PASSWORD) as ada, w.connect(user="bob", password=PASSWORD) as bob:
                matrix(expect, root, bob)
                beyond(expect, {"root": root, "ada": ada, "bob": bob})
            dropped_meanwhile(expect, w, root)
        w.stop()
        w.start()
        with w.connect(user="bob", password=PASSWORD) as bob:
            same(expect, "after a start: update", come(bob, "update t set a = 1"), None)
            same(expect, "after a start: delete", come(bob, "delete from t"), "42501")
        with w.connect(user="ada", password=PASSWORD) as ada:
            same(expect, "after a start: public", come(ada, "insert into t values (1)"), None)
        w.stop()
