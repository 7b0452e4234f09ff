# SPDX-License-Identifier: Apache-2.0
"""Users, groups and roles: who gets in, who may do what, and that no password is kept or shown."""
import glob
import os
import sqlite3
import subprocess

from pq import Error
from warehouse import USER, Warehouse

PASSWORD = "Secret77word"


def state(w, sql, **words):
    """The SQLSTATE of what fails, connecting or asking; the rows of what works."""
    try:
        with w.connect(**words) as c:
            return c.run(sql)
    except Error as e:
        return e.state
    except ConnectionError as e:
        return str(e)


def refused(w, **words):
    """The server's word for a login that is refused."""
    came = state(w, "select 1", **words)
    return came if isinstance(came, str) else "it was let in"


def same(expect, what, came, wanted):
    expect(what, came == wanted, f"{came}, not {wanted}")


def statements(w, c, expect):
    for sql, wanted in (
            ("create user ada password 'Secret77word' createdb valid until '2099-01-01' connection limit 2", None),
            ("create user ada password 'Secret77word'", "42710"),
            ("create user bob with password 'secret77'", "22023"),
            ("create user bob password 'Sh0rt'", "22023"),
            ("create user bob password 'Secret77/word'", "22023"),
            ("create user bob password 'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "0A000"),
            ("create user bob nonsense", "42601"),
            ("create user public password disable", "42939"),
            ("create user bob password 'Secret77word' valid until 'never'", "22007"),
            ("create group staff", None),
            ("create user bob password 'Secret77word' in group staff", None),
            ("create user eve password 'Secret77word' in group nobody", "42704"),
            ("create group staff with user ada", "42710"),
            ("create group other with user ada, bob", None),
            ("alter group staff add user ada", None),
            ("alter group staff add user ada", None),
            ("alter group staff drop user bob", None),
            ("alter group staff add user nobody", "42704"),
            ("alter group other rename to others", None),
            ("create role reader", None),
            ("create role writer", None),
            ("grant role reader to role writer", None),
            ("grant role writer to role reader", "0LP01"),
            ("grant role writer to ada, bob", None),
            ("revoke role writer from bob", None),
            ("grant role nothing to ada", "42704"),
            ("alter user nobody createdb", "42704"),
            ("alter user ada", "42601"),
            ("alter user bob createuser syslog access unrestricted connection limit unlimited", None),
            ("alter user bob nocreateuser", None),
            ("alter user ada set query_group to 'night', 'shift'", None),
            ("alter user ada set statement_timeout to 'soon'", "22023"),
            ("alter user ada set nothing to 1", "42704"),
            ("drop user if exists nobody", None),
            ("drop user nobody", "42704"),
            ("drop user " + USER, "55006"),
            ("drop role writer", None),
            ("drop group others", None)):
        try:
            c.run(sql)
            came = None
        except Error as e:
            came = e.state
        same(expect, sql, came, wanted)
    same(expect, "pg_user", c.run("select usename, usecreatedb, usesuper, passwd, valuntil is null, useconfig from pg_user order by 1"),
         [["ada", "t", "f", "********", "f", "{query_group=night, shift}"], ["bob", "f", "f", "********", "t", None],
          [USER, "t", "t", "********", "t", None]])
    same(expect, "pg_group", c.run("select groname, grolist = '{' || usesysid || '}' from pg_group, pg_user where usename = 'ada'"),
         [["staff", "t"]])
    same(expect, "svv_user_info", c.run("select user_name, connection_limit, syslog_access from svv_user_info order by user_id"),
         [[USER, "UNLIMITED", "UNRESTRICTED"], ["ada", "2", "RESTRICTED"], ["bob", "UNLIMITED", "UNRESTRICTED"]])


def logins(w, c, expect):
    ada = dict(user="ada", password=PASSWORD)
    same(expect, "ada is in", state(w, "select current_user, current_setting('query_group')", **ada), [["ada", "night, shift"]])
    expect("wrong password", "password authentication failed" in refused(w, user="ada", password="Secret77wore"))
    with w.connect(**ada) as first, w.connect(**ada) as second:
        first.run("select 1"), second.run("select 1")
        came = refused(w, **ada)
        expect("a third connection", "too many connections for user \"ada\"" in came, came)
    c.run("alter user ada valid until '2001-01-01'")
    expect("expired", "password authentication failed" in refused(w, **ada))
    c.run("alter user ada valid until 'infinity' password disable")
    expect("disabled", "password authentication failed" in refused(w, **ada))
    c.run("alter user ada password 'Another88one'")
    same(expect, "a new password", state(w, "select 1", user="ada", password="Another88one"), [["1"]])
    same(expect, "one changes one's own", state(w, "alter user ada password 'Secret77word'", user="ada", password="Another88one"), [])
    same(expect, "and has it", state(w, "select 1", **ada), [["1"]])
    verifier = sqlite_verifier(w)
    c.run(f"create user carl password '{verifier}'")
    same(expect, "a verifier as a password", state(w, "select 1", user="carl", password=PASSWORD), [["1"]])
    c.run("begin")
    c.run("create user dora password 'Secret77word'")
    expect("not committed", "password authentication failed" in refused(w, user="dora", password=PASSWORD))
    c.run("rollback")
    same(expect, "rolled back", c.run("select count(*) from pg_user where usename = 'dora'"), [["0"]])


def sqlite_verifier(w):
    """ada's, from a copy of the catalog."""
    copy = os.path.join(w.base, "copy.db")
    for end in ("", "-wal"):
        with open(os.path.join(w.dir, "catalog.db" + end), "rb") as f, open(copy + end, "wb") as to:
            to.write(f.read())
    with sqlite3.connect(copy) as db:
        found = db.execute("select scram from principals where name = 'ada'").fetchone()[0]
    return found


def rights(w, c, expect):
    """What a user may without being granted anything."""
    ada = w.connect(user="ada", password=PASSWORD)
    c.run("create table hers (a int); insert into hers values (1); create schema private; create view seen as select a from hers")
    for sql, wanted in (
            ("create table mine (a int)", None), ("insert into mine values (7)", None), ("select * from mine", [["7"]]),
            ("create temp table t (a int)", None), ("insert into t select * from mine", None), ("drop table t", None),
            ("create table copied as select * from mine", None), ("select * from copied", [["7"]]),
            ("create view ours as select a + 1 as b from mine", None), ("select * from ours", [["8"]]),
            ("select * from hers", "42501"), ("insert into hers values (2)", "42501"), ("update hers set a = 2", "42501"),
            ("delete from hers", "42501"), ("truncate hers", "42501"), ("drop table hers", "42501"), ("analyze hers", "42501"),
            ("drop table if exists hers", "42501"), ("select * from seen", "42501"), ("drop view seen", "42501"),
            ("create or replace view seen as select 1 as a", "42501"), ("create table l (like hers)", "42501"),
            ("select 1 where exists (select 1 from hers)", "42501"), ("explain select * from hers", "42501"),
            ("prepare p as select * from hers", "42501"), ("create view steals as select * from hers", "42501"),
            ("copy hers from stdin", "42501"), ("create table c as select * from hers", "42501"),
            ("merge into mine using hers on mine.a = hers.a when matched then delete when not matched then insert values (1)", "42501"),
            ("create table private.x (a int)", "42501"), ("create schema s", "42501"), ("drop schema private", "42501"),
            ("create user x password 'Secret77word'", "42501"), ("alter user ada createuser", "42501"),
            ("alter user ada valid until 'infinity'", "42501"), ("alter user bob password 'Secret77word'", "42501"),
            ("alter user ada rename to root", "42501"), ("drop user bob", "42501"), ("create group g", "42501"),
            ("alter group staff add user ada", "42501"), ("grant role reader to ada", "42501"), ("create role r", "42501"),
            ("alter user ada reset query_group", None),
            ("select count(*) from svv_user_info", [["1"]]), ("select count(*) from stv_sessions", [["1"]])):
        try:
            came = ada.run(sql) or None
        except Error as e:
            came = e.state
        same(expect, f"ada: {sql}", came, wanted)
    same(expect, "owners", c.run("select tablename, tableowner from pg_tables where tablename in ('mine', 'copied', 'ours', 'hers') order by 1"),
         [["copied", "ada"], ["hers", USER], ["mine", "ada"], ["ours", "ada"]])
    same(expect, "a superuser may all", c.run("select * from ours"), [["8"]])
    same(expect, "she has tables", state(w, "drop user ada"), "2BP01")
    c.run("alter user ada createuser")
    same(expect, "at once, in an open session", ada.run("select * from hers"), [["1"]])
    c.run("alter user ada nocreateuser")
    try:
        same(expect, "and back", ada.run("select * from hers"), "42501")
    except Error as e:
        same(expect, "and back", e.state, "42501")
    c.run("alter user ada rename to lovelace")
    same(expect, "a new name", ada.run("select * from mine"), [["7"]])
    same(expect, "owns what she had", c.run("select distinct tableowner from pg_tables where tablename in ('mine', 'ours')"), [["lovelace"]])
    ada.close()


def kept(w, expect):
    """After a start; and no password anywhere in the directory."""
    w.stop()
    w.start()
    same(expect, "users after a start", state(w, "select usename from pg_user order by usesysid"),
         [[USER], ["lovelace"], ["bob"], ["carl"]])
    same(expect, "tables after a start", state(w, "select * from mine", user="lovelace", password=PASSWORD), [["7"]])
    same(expect, "groups after a start", state(w, "select groname from pg_group"), [["staff"]])
    with w.connect() as c:
        c.run("drop view ours; drop table mine; drop table copied; drop user lovelace")
        same(expect, "a dropped member is out", c.run("select grolist from pg_group"), [[None]])
    expect("a dropped user", "password authentication failed" in refused(w, user="lovelace", password=PASSWORD))
    found = subprocess.run(["grep", "-rlE", "Secret77word|Another88one", w.dir] + glob.glob(os.path.join(w.base, "*.log")),
                           stdout=subprocess.PIPE, text=True).stdout
    expect("passwords in files", found == "", found)


def run(expect):
    with Warehouse(slices=3) as w:
        w.start(3)
        with w.connect() as c:
            for part in (statements, logins, rights):
                part(w, c, expect)
        kept(w, expect)
        w.stop()
