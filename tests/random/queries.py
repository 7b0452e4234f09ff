# SPDX-License-Identifier: Apache-2.0
"""Random queries over tables, as lists of clauses, so that a failing one can be made smaller."""
import copy

import nested
import shapes
from expressions import BIGINT, BOOLEAN, INTEGER, E, Maker

ROWS_PRODUCT_MAX = 3_000_000  # of the tables of one FROM
CROSS_PRODUCT_MAX = 40_000


class Source:
    """One thing in FROM: a table's name or a query, columns in scope, how many rows at most."""

    def __init__(self, what, alias, scope, rows):
        self.what, self.alias, self.scope, self.rows = what, alias, scope, rows

    def side(self, mine):
        return f"{self.what} {self.alias}" if isinstance(self.what, str) else f"({self.what.side(mine)}) {self.alias}"

    mine = property(lambda self: self.side(True))
    theirs = property(lambda self: self.side(False))


class Query:
    def __init__(self):
        self.items, self.sources, self.joins, self.where, self.group, self.having = [], [], [], [], [], []
        self.distinct, self.order, self.limit, self.offset, self.ordinal = False, [], None, None, False
        self.sets, self.windows = None, 0  # clause of grouping sets; how many of the last items are windows

    def side(self, mine):
        text = (lambda e: e.mine) if mine else (lambda e: e.theirs)
        key = (lambda e: e.mine) if mine else (lambda e: e.key())
        sql = "select " + ("distinct " if self.distinct else "")
        sql += ", ".join(f"{key(e)} as o{i}" for i, e in enumerate(self.items))
        if self.sources:
            sql += " from " + (self.sources[0].mine if mine else self.sources[0].theirs)
            for source, (kind, on) in zip(self.sources[1:], self.joins):
                sql += f" {kind} join {source.mine if mine else source.theirs}"
                if on:
                    sql += " on " + " and ".join(text(e) for e in on)
        if self.where:
            sql += " where " + " and ".join(text(e) for e in self.where)
        if self.group and self.sets:
            sql += " group by " + shapes.grouping_text(self.sets, self.group, key)
        elif self.group:
            sql += " group by " + ", ".join(str(i + 1) if self.ordinal else key(e) for i, e in enumerate(self.group))
        if self.having:
            sql += " having " + " and ".join(text(e) for e in self.having)
        if self.order:
            sql += " order by " + ", ".join(f"{i + 1}{how}" for i, how in self.order)
        if self.limit is not None:
            sql += f" limit {self.limit}"
        if self.offset is not None:
            sql += f" offset {self.offset}"
        return sql

    def ordered(self):
        return len({i for i, _ in self.order}) == len(self.items)

    def smaller(self):
        """Queries with one clause less."""
        for name in ("where", "having", "items", "order"):
            for i in range(len(getattr(self, name))):
                q = copy.copy(self)
                setattr(q, name, getattr(self, name)[:i] + getattr(self, name)[i + 1:])
                if name == "items":
                    if len(q.items) == 0 or self.ordinal or (self.sets and i < len(self.group)):
                        continue
                    q.order = []
                    if self.limit is not None or self.offset is not None:
                        continue
                if name == "order" and self.limit is not None:
                    continue
                yield q
        for i, (kind, on) in enumerate(self.joins):
            for k in range(len(on)):
                if len(on) > 1:
                    q = copy.copy(self)
                    q.joins = list(self.joins)
                    q.joins[i] = (kind, on[:k] + on[k + 1:])
                    yield q
        for name in ("limit", "offset"):
            if getattr(self, name) is not None:
                q = copy.copy(self)
                setattr(q, name, None)
                yield q
        if self.distinct:
            q = copy.copy(self)
            q.distinct = False
            yield q
        if self.sets:
            q = copy.copy(self)
            q.sets = None
            yield q
        text = ""
        if self.joins:  # the last source, when nobody speaks of it
            q = copy.copy(self)
            q.sources, q.joins = self.sources[:-1], self.joins[:-1]
            text = q.side(True)
            if f"{self.sources[-1].alias}." not in text:
                yield q
        for i, source in enumerate(self.sources):
            if not isinstance(source.what, str):
                for inner in source.what.smaller():
                    if len(inner.items) == len(source.what.items):
                        q = copy.copy(self)
                        q.sources = list(self.sources)
                        q.sources[i] = Source(inner, source.alias, source.scope, source.rows)
                        yield q


class Generator:
    def __init__(self, r, tables):
        self.r, self.tables, self.count = r, tables, 0
        self.ctes = []  # of the statement being made: (name, query)
        self.nested = nested.Nested(r, tables)

    def alias(self):
        self.count += 1
        return f"a{self.count}"

    def query_source(self, what, q):
        a = self.alias()
        scope = [E(e.type, f"{a}.o{i}", trailing=e.trailing, loose=e.trailing or e.loose) for i, e in enumerate(q.items)]
        rows = 1
        for s in q.sources:
            rows *= max(1, s.rows)
        return Source(what, a, scope, min(rows, 3000) if q.sources else 3000)

    def table_source(self, table=None):
        if table is None and self.ctes and self.r.random() < 0.6:
            return self.query_source(*self.r.choice(self.ctes))
        t = table or self.r.choice(self.tables)
        a = self.alias()
        scope = [E(c.type, f"{a}.{c.name}", trailing=c.trailing) for c in t.columns]
        return Source(t.name, a, scope, len(t.rows))

    def source(self, depth):
        if depth <= 0 or self.r.random() < 0.8:
            return self.table_source()
        q = shapes.set_operation(self.r, self) if self.r.random() < 0.15 else self.query(depth - 1, inner=True)
        return self.query_source(q, q)

    def join_key(self, left, right):
        """An equality between the two sides, on types that join."""
        r = self.r
        r.shuffle(left := list(left))
        for a in left:
            found = [b for b in right if b.type.kind == a.type.kind or (a.type.is_integer() and b.type.is_integer()) or
                     (a.type.is_text() and b.type.is_text())]
            if found and a.type.kind not in ("boolean", "real"):
                b = r.choice(found)
                return E(BOOLEAN, f"{a.mine} = {b.mine}", f"{a.key()} = {b.key()}")
        return None

    def add_joins(self, q, depth):
        r = self.r
        scope, rows = list(q.sources[0].scope), q.sources[0].rows
        for _ in range(r.choice((0, 0, 0, 1, 1, 2, 3, 5))):
            s = self.source(depth)
            keys = [k for k in (self.join_key(scope, s.scope) for _ in range(r.choice((1, 1, 2)))) if k]
            if rows * s.rows > ROWS_PRODUCT_MAX:
                break
            both = Maker(r, scope + s.scope)
            if not keys or r.random() < 0.08:
                if rows * s.rows > CROSS_PRODUCT_MAX:
                    break
                kind, on = "cross", []
            else:
                kind, on = r.choice(("inner", "inner", "left", "left", "right", "full")), keys
                if r.random() < 0.3 and kind != "full":
                    on = on + [both.condition(1)]
            q.sources.append(s)
            q.joins.append((kind, on))
            scope += s.scope
            rows = min(rows * max(1, s.rows), ROWS_PRODUCT_MAX)
        return scope

    def subquery_condition(self, scope):
        r = self.r
        s = self.table_source()
        inner = Maker(r, s.scope)
        where = [inner.condition(1)] if r.random() < 0.5 else []
        pick = r.randrange(4)
        if pick == 0:
            key = self.join_key(scope, s.scope)
            if not key:
                return None
            word = r.choice(("exists", "not exists"))
            where = [key] + where
            if r.random() < 0.2:
                where.append(Maker(r, scope + s.scope).condition(0))
            make = lambda f: f"({word} (select {r_item} from {f(s)} where {' and '.join(e.mine if f is mine else e.theirs for e in where)}))"
            mine, theirs = (lambda x: x.mine), (lambda x: x.theirs)
            r_item = r.choice(("*", "1"))
            return E(BOOLEAN, make(mine), make(theirs))
        tail = lambda m: (" where " + " and ".join(e.mine if m else e.theirs for e in where)) if where else ""
        if pick in (1, 2):
            for a in r.sample(scope, len(scope)):
                found = [b for b in s.scope if b.type.kind == a.type.kind and a.type.kind not in ("real", "boolean")]
                if found:
                    b = r.choice(found)
                    word = r.choice(("in", "in", "not in"))
                    return E(BOOLEAN, f"({a.mine} {word} (select {b.mine} from {s.mine}{tail(True)}))",
                             f"({a.key()} {word} (select {b.key()} from {s.theirs}{tail(False)}))")
            return None
        for a in r.sample(scope, len(scope)):
            found = [b for b in s.scope if b.type.kind == a.type.kind and a.type.kind not in ("real", "boolean", "varbyte")]
            if found:
                b = r.choice(found)
                f, op = r.choice(("min", "max")), r.choice(("=", "<", ">=", "<>"))
                if r.random() < 0.4:
                    key = self.join_key(scope, s.scope)
                    where = where + [key] if key else where
                return E(BOOLEAN, f"({a.mine} {op} (select {f}({b.mine}) from {s.mine}{tail(True)}))",
                         f"({a.key()} {op} (select {f}({b.key()}) from {s.theirs}{tail(False)}))")
        return None

    def scalar_subquery(self, scope):
        """A value by an aggregate over rows that an outer column chooses."""
        r = self.r
        s = self.table_source()
        key = self.join_key(scope, s.scope)
        if not key:
            return None
        where = [key]
        if r.random() < 0.3:
            where.append(Maker(r, scope + s.scope).condition(0))
        elif r.random() < 0.3:
            inner = self.subquery_condition(s.scope + (scope if r.random() < 0.5 else []))
            where += [inner] if inner else []
        e = r.choice((Maker(r, s.scope).aggregate, lambda: E(BIGINT, "count(*)")))()
        tail = lambda m: " where " + " and ".join(x.mine if m else x.theirs for x in where)
        return E(e.type, f"(select {e.mine} from {s.mine}{tail(True)})", f"(select {e.theirs} from {s.theirs}{tail(False)})",
                 trailing=e.trailing, loose=e.loose)

    def query(self, depth=1, inner=False, plain=False):
        r = self.r
        q = Query()
        q.sources = [self.source(depth)]
        scope = self.add_joins(q, depth)
        make = Maker(r, scope)
        q.where = [make.condition(2) for _ in range(r.choice((0, 0, 1, 1, 2, 3)))]
        for _ in range(r.choice((0, 0, 0, 1, 2)) if depth or not inner else 0):
            e = self.subquery_condition(scope)
            if e:
                q.where.append(e)
        if plain:
            return q
        if r.random() < 0.5:
            self.add_groups(q, make)
        else:
            q.items = [make.value() for _ in range(r.randint(1, 5))]
            q.distinct = r.random() < 0.2
            if r.random() < 0.2:
                e = self.scalar_subquery(scope)
                q.items += [e] if e else []
            if r.random() < 0.25:
                found = [shapes.window(r, scope, scope) for _ in range(r.randint(1, 3))]
                q.items += [e for e in found if e]
        if not inner or r.random() < 0.2:
            self.add_order(q)
        return q

    def add_groups(self, q, make):
        r = self.r
        for _ in range(r.choice((0, 1, 1, 2, 3))):
            e = make.value(None, r.choice((0, 0, 1)))
            if e.columns and e.key() not in (g.key() for g in q.group):
                q.group.append(e)
        aggregates = [make.aggregate() for _ in range(r.randint(0 if q.group else 1, 4))]
        q.items = q.group + aggregates
        q.ordinal = r.random() < 0.3
        if len(q.group) > 1 and r.random() < 0.4:
            q.sets, q.ordinal = shapes.grouping_clause(r, q.group), False
            q.items = q.items + [E(INTEGER, "grouping(" + ", ".join(e.mine for e in q.group) + ")",
                                   "grouping(" + ", ".join(e.key() for e in q.group) + ")")] * (r.random() < 0.6)
        elif q.group and r.random() < 0.2:
            e = shapes.window(r, q.items, q.group)
            q.items = q.items + ([e] if e else [])
        if r.random() < 0.3:
            having = [Maker(r, [e]) for e in aggregates if e.type.kind != "boolean"]
            if having:
                m = r.choice(having)
                a = m.scope[0]
                q.having.append(m.both(BOOLEAN, r.choice(("({0} is not null)", "({0} is null)")), a) if r.random() < 0.3 else
                                m.compare(r.choice((">", "<=", "<>")), a, m.literal(a.type)))

    def add_order(self, q):
        r = self.r
        if r.random() < 0.6:
            order = list(range(len(q.items)))
            r.shuffle(order)
            q.order = [(i, r.choice(("", "", " desc", " asc nulls first", " desc nulls last", " nulls first"))) for i in order]
            if r.random() < 0.5:
                q.limit = r.choice((0, 1, 5, 10, 100, 5000))
            if r.random() < 0.2:
                q.offset = r.choice((0, 1, 3, 50, 2000))

    def statement(self):
        """A query, a set operation, or either after CTEs."""
        r = self.r
        self.ctes = []
        if r.random() < 0.2:
            for i in range(r.randint(1, 3)):
                q = self.query(1, inner=True)
                self.ctes.append((f"w{i}", q))
        body = shapes.set_operation(r, self) if r.random() < 0.15 else self.query()
        if self.ctes:
            body = shapes.With(self.ctes, body)
            self.ctes = []
        return body

    def partitioned(self):
        """Rows asked for at once, and by a condition, its opposite, its unknown: (whole, parts), ours alone (TLP);
        or counted by a filter and by a sum of cases (NoREC)."""
        r = self.r
        q = self.query(1, inner=True, plain=True)
        scope = [e for s in q.sources for e in s.scope]
        make = Maker(r, scope)
        p = make.condition(2)
        sub = self.subquery_condition(scope) if r.random() < 0.4 else None
        if sub:
            p = make.both(BOOLEAN, r.choice(("({0} and {1})", "({0} or {1})", "({1})")), p, sub)
        parts = []
        if r.random() < 0.4:
            q.items = [E(BIGINT, f"coalesce(sum(case when {p.mine} then 1 else 0 end), 0)")]
            whole = q.side(True)
            q.items = [E(BIGINT, "count(*)")]
            q.where = q.where + [p]
            return whole, [q.side(True)]
        q.items = [make.value(None, 1) for _ in range(r.randint(1, 3))]
        whole = q.side(True)
        for shape in ("{0}", "(not {0})", "({0} is null)"):
            one = copy.copy(q)
            one.where = q.where + [make.both(BOOLEAN, shape, p)]
            parts.append(one.side(True))
        return whole, parts

    def risky(self):
        """One expression that may fail, over all rows: both sides must fail, or neither."""
        q = Query()
        q.sources = [self.table_source()]
        q.items = [Maker(self.r, q.sources[0].scope, risky=True).value(None, 2) for _ in range(1)]
        return q

    def leader_only(self):
        """Constants alone: folded by the binder."""
        q = Query()
        q.items = [Maker(self.r, []).value(None, 3) for _ in range(self.r.randint(1, 4))]
        return q
