# SPDX-License-Identifier: Apache-2.0
"""Random queries over tables, as lists of clauses, so that a failing one can be made smaller."""
import copy

from expressions import BIGINT, BOOLEAN, E, Maker

ROWS_PRODUCT_MAX = 3_000_000  # of the tables of one FROM
CROSS_PRODUCT_MAX = 40_000


class Source:
    """One thing in FROM: name in SQL on both sides, columns in scope, how many rows at most."""

    def __init__(self, mine, theirs, alias, scope, rows):
        self.mine, self.theirs, self.alias, self.scope, self.rows = f"{mine} {alias}", f"{theirs} {alias}", alias, scope, rows


class Query:
    def __init__(self):
        self.items, self.sources, self.joins, self.where, self.group, self.having = [], [], [], [], [], []
        self.distinct, self.order, self.limit, self.offset, self.ordinal = False, [], None, None, False

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
        if self.group:
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
                    if len(q.items) == 0 or self.ordinal:
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


class Generator:
    def __init__(self, r, tables):
        self.r, self.tables, self.count = r, tables, 0

    def alias(self):
        self.count += 1
        return f"a{self.count}"

    def table_source(self, table=None):
        t = table or self.r.choice(self.tables)
        a = self.alias()
        scope = [E(c.type, f"{a}.{c.name}", trailing=c.trailing) for c in t.columns]
        return Source(t.name, t.name, a, scope, len(t.rows))

    def source(self, depth):
        if depth <= 0 or self.r.random() < 0.8:
            return self.table_source()
        q = self.query(depth - 1, inner=True)
        a = self.alias()
        scope = [E(e.type, f"{a}.o{i}", trailing=e.trailing, loose=e.trailing or e.loose) for i, e in enumerate(q.items)]
        rows = 1
        for s in q.sources:
            rows *= max(1, s.rows)
        return Source(f"({q.side(True)})", f"({q.side(False)})", a, scope, min(rows, 3000))

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
        for _ in range(r.choice((0, 0, 0, 1, 1, 2, 3))):
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
                kind, on = r.choice(("inner", "inner", "left")), keys
                if r.random() < 0.3:
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
            found = [b for b in s.scope if b.type.kind == a.type.kind and a.type.kind not in ("real", "boolean")]
            if found:
                b = r.choice(found)
                f, op = r.choice(("min", "max")), r.choice(("=", "<", ">=", "<>"))
                if r.random() < 0.4:
                    key = self.join_key(scope, s.scope)
                    where = where + [key] if key else where
                return E(BOOLEAN, f"({a.mine} {op} (select {f}({b.mine}) from {s.mine}{tail(True)}))",
                         f"({a.key()} {op} (select {f}({b.key()}) from {s.theirs}{tail(False)}))")
        return None

    def query(self, depth=1, inner=False):
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
        if r.random() < 0.5:
            self.add_groups(q, make)
        else:
            q.items = [make.value() for _ in range(r.randint(1, 5))]
            q.distinct = r.random() < 0.2
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
