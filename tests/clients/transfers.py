# SPDX-License-Identifier: Apache-2.0
"""Eight writers move money between accounts: none is made or lost, whoever looks and whenever; and no write skew if serializable."""
import random
import threading
import time

from pq import Error
from warehouse import Warehouse

WRITERS, ACCOUNTS, BALANCE = 8, 20, 100
SECONDS = 2.0


def in_place(c, chance):
    a, b = chance.sample(range(ACCOUNTS), 2)
    c.run(f"update accounts set balance = balance - 1 where id = {a}")
    c.run(f"update accounts set balance = balance + 1 where id = {b}")


def read_modify_write(c, chance):
    a, b = chance.sample(range(ACCOUNTS), 2)
    had = dict(c.run(f"select id, balance from accounts where id in ({a}, {b})"))
    c.run(f"update accounts set balance = case id when {a} then {int(had[str(a)]) - 1} else {int(had[str(b)]) + 1} end"
          f" where id in ({a}, {b})")


def withdraw(c, chance):
    """From one of two purses, if both together have as much."""
    mine = chance.choice(("purse_a", "purse_b"))
    left = int(c.run("select (select sum(amount) from purse_a) + (select sum(amount) from purse_b)")[0][0])
    if left >= 10:
        c.run(f"insert into {mine} values (-10)")
    else:
        c.run(f"insert into {mine} values (5)")


class Writers:
    """Threads that run one kind of transaction over and over, again after 40001."""

    def __init__(self, w, isolation, transaction, seconds):
        self.w, self.isolation, self.transaction = w, isolation, transaction
        self.end = time.monotonic() + seconds
        self.done, self.again, self.wrong = [0] * WRITERS, [0] * WRITERS, []

    def write(self, number):
        chance = random.Random(number)
        try:
            with self.w.connect() as c:
                while time.monotonic() < self.end:
                    try:
                        c.run(f"begin isolation level {self.isolation}")
                        self.transaction(c, chance)
                        c.run("commit")
                        self.done[number] += 1
                    except Error as e:
                        if e.state not in ("40001", "40P01"):
                            raise
                        self.again[number] += 1
                        c.run("rollback")
        except Exception as e:  # told by the one who waits
            self.wrong.append(f"{type(e).__name__}: {e}")

    def watch(self, sql, right):
        with self.w.connect() as c:
            while time.monotonic() < self.end:
                came = c.run(sql)[0][0]
                if not right(came):
                    self.wrong.append(f"{sql}: {came}")
                    return

    def run(self, sql, right):
        threads = [threading.Thread(target=self.write, args=(k,)) for k in range(WRITERS)]
        threads.append(threading.Thread(target=self.watch, args=(sql, right)))
        for t in threads:
            t.start()
        for t in threads:
            t.join()


def run(expect):
    with Warehouse(slices=3) as w:
        w.start(3)
        with w.connect() as c:
            c.run("create table accounts (id integer, balance bigint) distkey (id)")
            c.run(f"insert into accounts select n, {BALANCE} from generate_series(0, {ACCOUNTS - 1}) g (n)")
            c.run("create table purse_a (amount bigint)")
            c.run("create table purse_b (amount bigint)")
            c.run("insert into purse_a values (50)")
            c.run("insert into purse_b values (50)")
        for isolation in ("repeatable read", "serializable"):
            for transaction in (in_place, read_modify_write):
                writers = Writers(w, isolation, transaction, SECONDS)
                writers.run("select sum(balance) from accounts", lambda came: int(came) == ACCOUNTS * BALANCE)
                what = f"transfers {transaction.__name__}, {isolation}"
                expect(f"{what}: nothing is made or lost", not writers.wrong, "; ".join(writers.wrong[:3]))
                rate = sum(writers.done) / SECONDS
                print(f"{what}: {rate:.0f} a second, {sum(writers.again) / SECONDS:.0f} again")
                expect(f"{what}: somebody gets on", rate > 0, "nobody")
        writers = Writers(w, "serializable", withdraw, SECONDS)
        both = "select (select sum(amount) from purse_a) + (select sum(amount) from purse_b)"
        writers.run(both, lambda came: int(came) >= 0)
        expect("two purses, serializable: never less than nothing in both", not writers.wrong, "; ".join(writers.wrong[:3]))
        expect("two purses, serializable: somebody gets on", sum(writers.done) > 0, "nobody")
        w.stop()
