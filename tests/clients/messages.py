# SPDX-License-Identifier: Apache-2.0
"""Messages no library sends so: limits of Execute, Close, Flush, errors up to Sync, what is no message at all."""
import struct

from raw import (FLUSH, SYNC, Raw, bind, close, describe, execute, fields, message, parse, query, shown, string)
from warehouse import USER


def opened(w, **words):
    raw = Raw(w.port)
    came = raw.connect(USER, w.password, **{"database": "dev", **words})
    return raw, came


def check_asked(w, expect, cases):
    raw, _ = opened(w)
    with raw:
        for what, messages, expected in cases:
            came = shown(raw.ask(*messages))
            expect(what, came == expected, f"{came}, not {expected}")


SERIES = "select n from generate_series(1, 5) s(n) order by n"


def portals(w, expect):
    check_asked(w, expect, (
        ("one statement", [parse("select 1"), bind(), describe("P"), execute(), SYNC], "1 2 T D:1 C:SELECT_1 Z:I"),
        ("limits", [parse(SERIES), bind(), execute(2), execute(2), execute(2), SYNC],
         "1 2 D:1 D:2 s D:3 D:4 s D:5 C:SELECT_1 Z:I"),
        ("a limit that is the number of rows", [parse(SERIES), bind(), execute(5), execute(5), SYNC],
         "1 2 D:1 D:2 D:3 D:4 D:5 s C:SELECT_0 Z:I"),
        ("a limit, then the rest", [parse(SERIES), bind(), execute(3), execute(), execute(), SYNC],
         "1 2 D:1 D:2 D:3 s D:4 D:5 C:SELECT_2 C:SELECT_0 Z:I"),
        ("all at once, and again", [parse("select 1"), bind(), execute(), execute(), SYNC], "1 2 D:1 C:SELECT_1 C:SELECT_0 Z:I"),
        ("a limit of a statement without rows", [parse("set query_group = 'x'"), bind(), describe("P"), execute(1), SYNC],
         "1 2 n C:SET Z:I"),
        ("run again what gives no rows", [parse("set query_group = 'x'"), bind(), execute(), execute(), SYNC],
         "1 2 C:SET E:55000 Z:I"),
        ("SHOW in parts", [parse("show server_encoding"), bind(), describe("P"), execute(1), execute(1), SYNC],
         "1 2 T D:UTF8 s C:SHOW Z:I"),
        ("portals end with the transaction", [parse(SERIES, "k"), bind(name="k", portal="c"), execute(2, "c"), SYNC],
         "1 2 D:1 D:2 s Z:I"),
        ("so it is gone", [execute(2, "c"), SYNC], "E:34000 Z:I"),
        ("but not in a block", [query("begin")], "C:BEGIN Z:T"),
        ("first", [bind(name="k", portal="c"), bind(name="k", portal="d"), execute(2, "c"), SYNC], "2 2 D:1 D:2 s Z:T"),
        ("next, of either", [execute(1, "d"), execute(2, "c"), SYNC], "D:1 s D:3 D:4 s Z:T"),
        ("a portal is a cursor", [query("fetch 1 from c")], "T D:5 C:FETCH_1 Z:T"),
        ("and a cursor a portal", [query("declare e cursor for select 7"), ], "C:DECLARE_CURSOR Z:T"),
        ("by its name", [describe("P", "e"), execute(0, "e"), close("P", "e"), execute(0, "e"), SYNC],
         "T D:7 C:SELECT_1 3 E:34000 Z:E"),
        ("after an error", [parse("select 1"), bind(), execute(), SYNC], "E:25P02 Z:E"),
        ("only what ends the block", [parse("rollback"), bind(), execute(), SYNC], "1 2 C:ROLLBACK Z:I"),
        ("twice the same portal", [query("begin"), ], "C:BEGIN Z:T"),
        ("is refused", [bind(name="k", portal="c"), bind(name="k", portal="c"), SYNC], "2 E:42P03 Z:E"),
        ("the block ends", [query("commit")], "C:ROLLBACK Z:I"),
    ))


def names(w, expect):
    check_asked(w, expect, (
        ("parse", [parse("select $1::int + $2", "a"), describe("S", "a"), close("S", "a"), close("S", "a"), SYNC],
         "1 t T 3 3 Z:I"),
        ("closed", [bind([b"1", b"2"], name="a"), SYNC], "E:26000 Z:I"),
        ("the unnamed one is replaced", [parse("select 1"), parse("select 2"), bind(), execute(), SYNC],
         "1 1 2 D:2 C:SELECT_1 Z:I"),
        ("a portal keeps its statement", [parse("select 'kept'", "b"), bind(name="b"), close("S", "b"), execute(), SYNC],
         "1 2 3 D:kept C:SELECT_1 Z:I"),
        ("a query string takes the unnamed one away", [parse("select 1"), SYNC], "1 Z:I"),
        ("now", [query("select 2")], "T D:2 C:SELECT_1 Z:I"),
        ("gone", [bind(), SYNC], "E:26000 Z:I"),
        ("one name twice", [parse("select 1", "c"), parse("select 1", "c"), SYNC], "1 E:42P05 Z:I"),
        ("PREPARE's names", [query("prepare p as select 3")], "C:PREPARE Z:I"),
        ("are the same", [bind(name="p"), execute(), SYNC], "2 D:3 C:SELECT_1 Z:I"),
        ("EXECUTE of Parse's, described", [parse("execute c"), describe("S"), bind(), execute(), SYNC],
         "1 t T 2 D:1 C:SELECT_1 Z:I"),
        ("DEALLOCATE ALL", [query("deallocate all")], "C:DEALLOCATE Z:I"),
        ("takes all", [bind(name="c"), SYNC], "E:26000 Z:I"),
        ("nothing to run", [parse(" -- nothing\n"), bind(), describe("P"), execute(), SYNC], "1 2 n I Z:I"),
        ("wrong subtype", [describe("x"), SYNC], "E:08P01 Z:I"),
    ))


def errors(w, expect):
    check_asked(w, expect, (
        ("a table for it", [query("create table msg (a integer)")], "C:CREATE_TABLE Z:I"),
        ("what follows an error is passed over",
         [parse("insert into msg values (1)"), bind(), execute(), parse("select nothing"), bind(), execute(),
          query("select 1"), parse("insert into msg values (2)"), SYNC],
         "1 2 C:INSERT_0_1 E:42703 Z:I"),
        ("and what was before it undone", [query("select count(*) from msg")], "T D:0 C:SELECT_1 Z:I"),
        ("BEGIN among them", [parse("insert into msg values (1)"), bind(), execute(), parse("begin"), bind(), execute(), SYNC],
         "1 2 C:INSERT_0_1 1 2 C:BEGIN Z:T"),
        ("keeps all in its block", [parse("rollback"), bind(), execute(), SYNC], "1 2 C:ROLLBACK Z:I"),
        ("undone too", [query("select count(*) from msg")], "T D:0 C:SELECT_1 Z:I"),
        ("COMMIT among them", [parse("insert into msg values (1)"), bind(), execute(), parse("commit"), bind(), execute(),
                               parse("select nothing"), bind(), execute(), SYNC],
         "1 2 C:INSERT_0_1 1 2 N:01000 C:COMMIT E:42703 Z:I"),
        ("commits what was before", [query("select count(*) from msg")], "T D:1 C:SELECT_1 Z:I"),
        ("formats of values", [parse("select $1::int, $2::int"), bind([b"1", b"2"], formats=[0, 0, 0]), SYNC], "1 E:08P01 Z:I"),
        ("formats of columns", [parse("select 1, 2"), bind(results=[0, 1, 0]), SYNC], "1 E:08P01 Z:I"),
        ("a format for each", [parse("select 65, 'A'"), bind(results=[1, 0]), execute(), SYNC],
         "1 2 D:\0\0\0A,A C:SELECT_1 Z:I"),
        ("a value cut short", [parse("select $1::int"), message("B", string("") + string("") + struct.pack("!HHi", 0, 1, 99)), SYNC],
         "1 E:08P01 Z:I"),
        ("a negative length", [parse("select $1::int"), message("B", string("") + string("") + struct.pack("!HHiH", 0, 1, -2, 0)), SYNC],
         "1 E:08P01 Z:I"),
        ("a zero in a text", [parse("select $1"), bind([b"a\0b"]), SYNC], "1 E:22021 Z:I"),
        ("no UTF-8", [parse("select $1"), bind([b"\xff"]), SYNC], "1 E:22021 Z:I"),
        ("more behind a message", [message("D", b"S" + string("") + b"more"), SYNC], "E:08P01 Z:I"),
        ("a function call", [message("F", struct.pack("!IHHH", 1, 0, 0, 0))], "E:0A000 Z:I"),
        ("the session goes on", [query("drop table msg")], "C:DROP_TABLE Z:I"),
    ))


def flush(w, expect):
    raw, _ = opened(w)
    with raw:
        raw.send(parse("select 1") + bind() + execute() + FLUSH)
        expect("Flush without Sync", shown(raw.answers("C")) == "1 2 D:1 C:SELECT_1")
        expect("then Sync", shown(raw.ask(SYNC)) == "Z:I")


def garbage(w, expect):
    """No message at all: FATAL, and the connection ends; nothing is reserved for what only says that it is long."""
    for what, data in (("an unknown type", message("!")), ("a length of 3", b"Q\0\0\0\3"), ("a length of 4 GB", b"Q\xff\xff\xff\xff"),
                       ("a length above the limit", b"P" + struct.pack("!I", 64 * 1024 * 1024 + 1))):
        raw, _ = opened(w)
        with raw:
            raw.send(data)
            came = raw.answers("")
            expect(what, shown(came) == "E:08P01" and fields(came[-1][1])["S"] == "FATAL", shown(came))
            expect(f"{what} ends the connection", raw.read() is None)
    for what, data in (("a first packet of 2 GB", struct.pack("!I", 0x7fffffff)), ("another protocol", struct.pack("!II", 8, 0x20000)),
                       ("a startup packet without an end", struct.pack("!II", 12, 196608) + b"user")):
        with Raw(w.port) as raw:
            raw.send(data)
            came = raw.answers("")
            expect(what, shown(came) in ("E:08P01", "E:0A000"), shown(came))
    with w.connect() as c:
        expect("the server goes on", c.run("select 1") == [["1"]])


def log_says_nothing(w, expect):
    """Neither statements nor their values are logged."""
    raw, _ = opened(w)
    with raw:
        raw.ask(parse("select $1::int"), bind([b"topsecret"]), SYNC)
        raw.ask(query("select 'topsecret'::int"))
    expect("the log is silent about values", "topsecret" not in w.log_tail(1000))


def run(w, expect):
    for part in (portals, names, errors, flush, garbage, log_says_nothing):
        part(w, expect)
