# SPDX-License-Identifier: Apache-2.0
"""Queries in queries: correlated subqueries in every clause and two levels deep, LATERAL, recursion, CTEs used several times.

Both sides take the same text: nothing here depends on the dialect.  Whatever may be left out stands in parentheses, so that a
failing text is made smaller without being understood.
"""
import re

from expressions import BIGINT, INTEGER, E
from tables import Type

ROWS_MAX = 60  # of a table that is joined and asked for again and again
DEPTH = 2
INT, TEXT = "int", "text"
LITERALS = {INT: ("0", "1", "2", "3", "5", "-4"), TEXT: ("'a'", "''", "'b1'", "'c4'"), "date": ("date '1995-01-04'", "date '2001-02-03'"),
            "timestamp": ("timestamp '1999-12-30 03:00:00'", "timestamp '2000-01-01'"), "boolean": ("true", "false"),
            "time": ("time '10:30'", "time '00:00'"), "timestamptz": ("timestamptz '1999-12-31 00:00:00+00'",),
            "interval": ("interval '3 days'", "interval '0'"), "decimal": ("1.5", "0.0", "-2.25")}
ORDERS = ("=", "=", "=", "<>", "<", ">=")
BREAK = re.compile(r"\(|\)|'(?:[^']|'')*'")


def family(t):
    return INT if t.is_integer() else TEXT if t.is_text() else t.kind


class Text:
    """One text for both sides."""

    def __init__(self, sql, types, ordered):
        self.sql, self.items, self.total = sql, [E(t, "") for t in types], ordered

    def side(self, _):
        return self.sql

    def ordered(self):
        return self.total

    def groups(self):
        """(begin, end) of what stands in parentheses, outermost first."""
        opened, found = [], []
        for m in BREAK.finditer(self.sql):
            if m.group() == "(":
                opened.append(m.start())
            elif m.group() == ")":
                found.append((opened.pop(), m.end()))
        return sorted(found)

    def smaller(self):
        groups = self.groups()
        types = [e.type for e in self.items]
        for begin, end in groups:
            inner = [(b, e) for b, e in groups if begin < b and e < end]
            direct = [self.sql[b:e] for b, e in inner if not any(x < b and e < y for x, y in inner)]
            for other in ("(true)", "(null)", "(1)", *direct):
                if len(other) < end - begin - 2:
                    yield Text(self.sql[:begin] + other + self.sql[end:], types, self.total)
        for clause in (" where (true)", " and (true)", " having (true)", " distinct"):
            for m in re.finditer(re.escape(clause), self.sql):
                yield Text(self.sql[:m.start()] + self.sql[m.end():], types, self.total)


class Nested:
    """A scope is a list of (text, Type); scopes are the query's own first, then those around it."""

    def __init__(self, r, tables):
        self.r, self.count, self.ctes = r, 0, []
        self.tables = [t for t in tables if len(t.rows) <= ROWS_MAX]

    def alias(self, letter="n"):
        self.count += 1
        return f"{letter}{self.count}"

    def some(self, share):
        return self.r.random() < share

    # ---- values and conditions

    def column(self, kind, scopes):
        for scope in scopes if self.some(0.6) else reversed(scopes):
            found = [text for text, t in scope if family(t) == kind]
            if found:
                return self.r.choice(found)
        return None

    def kind(self, scopes):
        found = [family(t) for text, t in scopes[0]]
        return self.r.choice(found) if found else INT

    def value(self, kind, scopes, depth):
        r = self.r
        pick = r.random()
        if depth > 0 and pick < 0.18:
            return self.scalar(kind, scopes, depth - 1)
        if depth > 0 and pick < 0.38:
            a, b = (self.value(kind, scopes, depth - 1) for _ in range(2))
            shapes = ["coalesce({0}, {1})", "case when {2} then {0} else {1} end", "case when {2} then {0} end", "nullif({0}, {1})"]
            shapes += ["({0} % 100 + {1} % 100)"] if kind == INT else []
            return "(" + r.choice(shapes).format(a, b, self.condition(scopes, depth - 1)) + ")"
        found = self.column(kind, scopes) if pick < 0.93 else None
        return found or (r.choice(LITERALS[kind]) if kind in LITERALS else "null")

    def compared(self, scopes, depth):
        kind = self.kind(scopes)
        a, b = self.column(kind, scopes) or "null", self.value(kind, scopes, depth)
        return f"({a} {self.r.choice(ORDERS)} {b})"

    def condition(self, scopes, depth):
        r = self.r
        pick = r.random()
        if pick < 0.15:
            return f"({self.condition(scopes, depth - 1)} {r.choice(('and', 'or'))} {self.condition(scopes, depth - 1)})"
        if pick < 0.2:
            return f"(not {self.condition(scopes, depth - 1)})"
        kind = self.kind(scopes)
        a = self.column(kind, scopes) or "null"
        if depth > 0 and pick < 0.6:
            return self.asked(a, kind, scopes, depth - 1)
        if pick < 0.7:
            return f"({a} is {r.choice(('', 'not '))}null)"
        if pick < 0.76:
            return f"({a} is {r.choice(('', 'not '))}distinct from {self.value(kind, scopes, depth)})"
        return self.compared(scopes, depth)

    def asked(self, a, kind, scopes, depth):
        """A condition with a subquery."""
        r = self.r
        pick = r.randrange(8)
        if pick < 3:
            return f"({r.choice(('', 'not '))}exists {self.rows(None, scopes, depth)})"
        if pick < 5:
            return f"({a} {r.choice(('', 'not '))}in {self.rows([kind], scopes, depth)})"
        if pick == 5:
            return f"({a} {r.choice(ORDERS)} {r.choice(('any', 'all'))} {self.rows([kind], scopes, depth)})"
        if pick == 6:
            other = self.kind(scopes)
            b = self.column(other, scopes) or "null"
            return f"(({a}, {b}) {r.choice(('', 'not '))}in {self.rows([kind, other], scopes, depth)})"
        return f"({a} {r.choice(ORDERS)} {self.scalar(kind, scopes, depth)})"

    def where(self, scopes, depth, share=0.7):
        """Conditions, the first one likely about the queries around."""
        found = []
        if len(scopes) > 1 and self.some(0.75):
            kinds = [family(t) for _, t in scopes[0]]
            both = [(text, outer) for text, t in scopes[0] for scope in scopes[1:] for outer, u in scope if family(t) == family(u)]
            if both and kinds:
                found.append("({} {} {})".format(*(lambda p: (p[0], self.r.choice(ORDERS[:2] + ORDERS), p[1]))(self.r.choice(both))))
        if self.some(share):
            found.append(self.condition(scopes, depth))
        return " where " + " and ".join(found) if found else ""

    def aggregate(self, kind, scopes):
        """(text, Type) of an aggregate over the query's own rows."""
        r = self.r
        own = [text for text, t in scopes[0] if family(t) == kind]
        tail = f" filter (where {self.condition(scopes[:1], 0)})" if self.some(0.15) else ""
        if kind == INT:
            if not own or self.some(0.3):
                text = r.choice(scopes[0])[0] if scopes[0] else "1"
                return r.choice((f"count(*){tail}", f"count({text}){tail}", f"count(distinct {text}){tail}")), BIGINT
            a = r.choice(own)
            return r.choice((f"min({a}){tail}", f"max({a}){tail}", f"cast(sum({a}){tail} as bigint)",
                             f"cast(sum(distinct {a}){tail} as bigint)")), BIGINT
        if not own or kind == "boolean":
            return None
        t = next(t for text, t in scopes[0] if family(t) == kind)
        if kind == "varbyte":
            return None
        a = r.choice([text for text, u in scopes[0] if family(u) == kind and u.b == t.b])
        return f"{r.choice(('min', 'max'))}({a}){tail}", t

    def scalar(self, kind, scopes, depth):
        r = self.r
        source, scope = self.source(scopes, depth)
        inner = [scope] + scopes
        found = self.aggregate(kind, inner)
        tail = self.where(inner, depth)
        if found and self.some(0.8):
            having = f" having {self.condition([[found]] + scopes, 0)}" if self.some(0.1) else ""
            if found[0].startswith("cast") or "count" in found[0]:
                return f"(select {found[0]} from {source}{tail}{having})"
            return f"(select {found[0]} from {source}{tail}{having})"
        a = self.column(kind, [scope])
        if not a:
            return r.choice(LITERALS[kind]) if kind in LITERALS else "null"
        how = r.choice((" nulls first", " desc nulls last", " nulls last"))
        return f"(select {a} from {source}{tail} order by {a}{how} limit 1{r.choice(('', '', ' offset 1'))})"

    def rows(self, kinds, scopes, depth):
        """A subquery of columns of these kinds; None: of any."""
        source, scope = self.source(scopes, depth)
        inner = [scope] + scopes
        items = [self.value(k, inner, 0) for k in kinds] if kinds else [self.r.choice(("1", "*"))]
        tail = self.where(inner, depth)
        if kinds and self.some(0.12):
            own = self.column(kinds[0], [scope])
            if own and len(kinds) == 1:
                having = f" having {self.condition([[self.aggregate(INT, inner)]] + scopes, 0)}" if self.some(0.6) else ""
                return f"(select {own} from {source}{tail} group by {own}{having})"
        sql = f"select {', '.join(items)} from {source}{tail}"
        if kinds and self.some(0.1):
            other, other_scope = self.source(scopes, 0)
            items = [self.value(k, [other_scope] + scopes, 0) for k in kinds]
            word = self.r.choice(("union all", "union", "except", "intersect"))
            sql += f" {word} select {', '.join(items)} from {other}{self.where([other_scope] + scopes, 0)}"
        return f"({sql})"

    # ---- FROM

    def table(self):
        a = self.alias()
        if self.ctes and self.some(0.5):
            name, types = self.r.choice(self.ctes)
            return f"{name} {a}", [(f"{a}.o{i}", t) for i, t in enumerate(types)]
        t = self.r.choice(self.tables)
        return f"{t.name} {a}", [(f"{a}.{c.name}", c.type) for c in t.columns if not c.trailing and not c.type.is_float()]

    def derived(self, scopes, depth):
        sql, types = self.select(scopes, depth)
        a = self.alias("d")
        return f"({sql}) {a}", [(f"{a}.o{i}", t) for i, t in enumerate(types)]

    def on(self, left, right, scopes, depth):
        both = [(a, b) for a, t in left for b, u in right if family(t) == family(u)]
        if not both:
            return None
        found = ["({} = {})".format(*self.r.choice(both)) for _ in range(self.r.choice((1, 1, 2)))]
        if self.some(0.35):
            found.append(self.condition([left + right] + scopes, depth))
        return " and ".join(found)

    def source(self, scopes, depth):
        """(text of FROM, scope)."""
        r = self.r
        text, scope = self.derived(scopes, depth - 1) if depth > 0 and self.some(0.15) else self.table()
        for _ in range(r.choice((0, 0, 0, 1, 1, 2) if len(scopes) else (0, 1, 1, 2, 3))):
            if depth > 0 and self.some(0.25):
                other, more = self.derived([scope] + scopes, depth - 1)
                text += r.choice((f" cross join lateral {other}", f" left join lateral {other} on true", f", lateral {other}"))
                if ", lateral" in text:
                    return text, scope + more  # a comma binds less than JOIN
            else:
                other, more = self.derived(scopes, depth - 1) if depth > 0 and self.some(0.2) else self.table()
                kind = r.choice(("join", "left join", "left join", "right join", "full join"))
                on = self.on(scope, more, scopes, depth - 1 if kind != "full join" else -1)
                if not on:
                    continue
                if kind == "full join":  # PostgreSQL merges or hashes these: equalities alone
                    on = on.split(" and ")[0]
                text += f" {kind} {other} on {on}"
            scope = scope + more
        return text, scope

    # ---- queries

    def select(self, scopes, depth):
        """(text, types): columns are o0, o1, ..."""
        pick = self.r.random()
        if pick < 0.3:
            return self.grouped(scopes, depth)
        if pick < 0.38:
            a, types = self.plain(scopes, depth, [INT])
            b, _ = self.plain(scopes, depth - 1, [INT])
            return f"{a} {self.r.choice(('union', 'union all', 'intersect', 'except', 'intersect all', 'except all'))} {b}", [BIGINT]
        return self.plain(scopes, depth)

    def plain(self, scopes, depth, kinds=None):
        r = self.r
        source, scope = self.source(scopes, depth)
        inner = [scope] + scopes
        items = []
        for k in kinds or [self.kind(inner) for _ in range(r.randint(1, 3))]:
            own = [(text, t) for text, t in scope if family(t) == k]
            if own and (k in ("decimal", "varbyte") or self.some(0.5)):
                items.append(r.choice(own))
            elif k in ("decimal", "varbyte"):
                items.append(("cast(null as integer)", INTEGER))
            else:
                value = self.value(k, inner, depth)
                name = {INT: "bigint", TEXT: "varchar(60)"}.get(k, k)
                items.append((f"cast({value} as {name})", Type("varchar", 60) if k == TEXT else BIGINT if k == INT else Type(k)))
        if not kinds and self.some(0.25):
            items.append(self.window([text for text, t in scope if t.kind != "boolean"], inner))
        word = "distinct " if self.some(0.12) else ""
        texts = ", ".join(f"{text} as o{i}" for i, (text, _) in enumerate(items))
        return f"select {word}{texts} from {source}{self.where(inner, depth, 0.5)}", [t for _, t in items]

    def window(self, keys, scopes):
        r = self.r
        some = lambda n: r.sample(keys, min(len(keys), n))
        partition = f"partition by {', '.join(some(1))} " if keys and self.some(0.6) else ""
        order = f"order by {', '.join(some(2))}" if keys else ""
        f = r.choice(("rank()", "dense_rank()", "count(*)"))
        own = [text for text, t in scopes[0] if family(t) == INT and text in keys]
        if own and self.some(0.4):
            f = f"cast(sum({r.choice(own)}) over ({partition}{order}) as bigint)"
            return f, BIGINT
        return f"{f} over ({partition}{order})", BIGINT

    def grouped(self, scopes, depth):
        r = self.r
        source, scope = self.source(scopes, depth)
        inner = [scope] + scopes
        tail = self.where(inner, depth, 0.5)
        keys = r.sample(scope, min(len(scope), r.choice((0, 1, 1, 2, 3))))
        found = [a for a in (self.aggregate(self.kind(inner), inner) for _ in range(r.randint(1, 2))) if a] or [("count(*)", BIGINT)]
        items = keys + found
        group = ""
        if keys:
            names = [text for text, _ in keys]
            how = r.choice(("plain", "plain", "rollup", "cube", "sets"))
            group = " group by " + (", ".join(names) if how == "plain" else f"{how} ({', '.join(names)})" if how != "sets" else
                                    "grouping sets (" + ", ".join("(" + ", ".join(r.sample(names, r.randint(0, len(names)))) + ")"
                                                                  for _ in range(2)) + f", ({', '.join(names)}))")
            if self.some(0.2):
                items.append((f"grouping({', '.join(names)})", INTEGER))
            if self.some(0.2):
                items.append((f"rank() over (order by {found[0][0]}, {names[0]})", BIGINT))
        outer = [keys] + scopes
        if keys and depth > 0 and self.some(0.3):
            items.append((f"cast({self.scalar(INT, outer, depth - 1)} as bigint)", BIGINT))
        having = f" having {self.condition([keys + found] + scopes, depth - 1)}" if self.some(0.3) else ""
        texts = ", ".join(f"{text} as o{i}" for i, (text, _) in enumerate(items))
        return f"select {texts} from {source}{tail}{group}{having}", [t for _, t in items]

    def recursive(self):
        """A walk of three steps over a table's keys."""
        r = self.r
        t = r.choice(self.tables)
        ints = [c.name for c in t.columns if c.type.is_integer()]
        a, b = r.choice(ints), r.choice(ints)
        first = f"select cast({t.name}.{a} as bigint), 0 from {t.name}{self.where([[(f'{t.name}.{c}', INTEGER) for c in ints]], 1)}"
        more, scope = f"{t.name} s", [(f"s.{c}", INTEGER) for c in ints] + [("w.o1", INTEGER)]
        also = f" and {self.condition([scope], 1)}" if self.some(0.4) else ""
        step = f"select cast(s.{b} as bigint), w.o1 + 1 from walk w join {more} on s.{a} = w.o0 where w.o1 < {r.randint(1, 3)}{also}"
        return f"walk (o0, o1) as ({first} {r.choice(('union', 'union', 'union all'))} {step})", ("walk", [BIGINT, INTEGER])

    def statement(self):
        """A Text, or None when no table is small."""
        if not self.tables:
            return None
        r = self.r
        self.ctes, parts, recursive = [], [], ""
        if self.some(0.12) and max(len(t.rows) for t in self.tables) <= ROWS_MAX // 2:
            text, cte = self.recursive()
            parts, recursive = [text], "recursive "
            self.ctes.append(cte)
        for _ in range(r.choice((0, 0, 0, 0, 1, 2))):
            name = self.alias("w")
            sql, types = self.select([], 1)
            parts.append(f"{name} as ({sql})")
            self.ctes.append((name, types))
        sql, types = self.select([], DEPTH)
        self.ctes = []
        sql = f"with {recursive}{', '.join(parts)} {sql}" if parts else sql
        ordered = self.some(0.5)
        if ordered:
            sql += " order by " + ", ".join(str(i + 1) for i in range(len(types)))
            if self.some(0.3):
                sql += f" limit {r.choice((1, 5, 20))}"
        return Text(sql, types, ordered)
