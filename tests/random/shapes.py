# SPDX-License-Identifier: Apache-2.0
"""What is put around and into queries: windows, grouping sets, values of correlated subqueries, set operations, CTEs."""
import copy

from expressions import BIGINT, DOUBLE, INTEGER, E, Maker
from tables import Type

WINDOW_KEYS_MAX = 16  # of an order that is to be total


def order_text(keys, mine, r_words):
    return ", ".join((e.mine if mine else e.key()) + how for e, how in zip(keys, r_words))


def frame(r):
    """ROWS or GROUPS between, the start never after the end."""
    bounds = ("unbounded preceding", f"{r.randint(0, 3)} preceding", "current row", f"{r.randint(0, 3)} following", "unbounded following")
    i = r.randrange(4)
    j = r.randint(max(i, 1), 4)
    start, end = bounds[i], bounds[j]
    if i == j and i != 2:
        end = "unbounded following"
    exclude = r.choice(("", "", "", "", " exclude current row", " exclude ties", " exclude group"))
    return f" {r.choice(('rows', 'rows', 'groups'))} between {start} and {end}{exclude}"


def range_frame(r, t):
    """RANGE between values, by an order of one key."""
    if t.is_integer() or t.kind == "decimal":
        width = lambda: str(r.choice((0, 1, 2, 10)))
    elif t.kind in ("date", "timestamp", "timestamptz"):
        width = lambda: f"interval '{r.choice((0, 1, 5, 40))} days'"
    else:
        return ""
    start = r.choice(("unbounded preceding", f"{width()} preceding", "current row"))
    end = r.choice(("current row", f"{width()} following", "unbounded following"))
    return f" range between {start} and {end}{r.choice(('', '', ' exclude current row', ' exclude ties', ' exclude group'))}"


def window(r, scope, total):
    """A window function over columns in scope.  total: columns that order rows so that what ties is equal."""
    scope = [e for e in scope if e.type.kind != "real"]
    if not scope:
        return None
    partition = r.sample(scope, min(len(scope), r.choice((0, 1, 1, 2))))
    by_rows = len(total) <= WINDOW_KEYS_MAX and r.random() < 0.6
    if by_rows:
        keys = r.sample(total, len(total))
    else:
        keys = r.sample(scope, min(len(scope), r.choice((0, 1, 1, 2))))
    words = [r.choice(("", "", " desc", " nulls first", " desc nulls last")) for _ in keys]
    how = frame(r) if by_rows and r.random() < 0.7 else ""
    if not by_rows and len(keys) == 1 and r.random() < 0.5:
        how = range_frame(r, keys[0].type)
    if not by_rows and not keys and r.random() < 0.2:
        how = " rows between unbounded preceding and unbounded following"

    def over(mine, with_frame=True):
        text = (lambda e: e.mine) if mine else (lambda e: e.key())
        parts = ["partition by " + ", ".join(map(text, partition))] if partition else []
        parts += ["order by " + order_text(keys, mine, words)] if keys else []
        return "over (" + " ".join(parts) + (how if with_frame else "") + ")"

    def both(type_, shape, a=None, framed=True, theirs=None):
        theirs = theirs or shape
        keeps = bool(a) and type_ is a.type  # a value of a's, blanks and all
        return E(type_, shape.format(a=a.mine if a else "", w=over(True, framed)), theirs.format(a=a.key() if a else "", w=over(False, framed)),
                 trailing=keeps and a.trailing, loose=keeps and (a.trailing or a.loose))

    a = r.choice(scope)
    pick = r.randrange(12)
    if pick == 0:
        return both(BIGINT, "count(*) {w}")
    if pick == 1:
        return both(BIGINT, "count({a}) {w}", a)
    if pick in (2, 3):
        f = r.choice(("rank", "dense_rank"))
        return both(BIGINT, f + "() {w}", framed=False)
    if pick == 4:
        return both(DOUBLE, r.choice(("percent_rank", "cume_dist")) + "() {w}", framed=False)
    if by_rows and pick in (5, 6):
        f = r.choice(("row_number() {w}", "ntile(%d) {w}" % r.randint(1, 5)))
        return both(BIGINT if f[0] == "r" else INTEGER, f, framed=False)
    if by_rows and pick in (7, 8):
        f = r.choice(("lag({a}) {w}", "lead({a}) {w}", "lag({a}, %d) {w}" % r.randint(0, 3), "lead({a}, %d) {w}" % r.randint(0, 3)))
        return both(a.type, f, a, framed=False)
    if by_rows and pick == 9 and how:
        f = r.choice(("first_value({a}) {w}", "last_value({a}) {w}", "nth_value({a}, %d) {w}" % r.randint(1, 3)))
        return both(a.type, f, a)
    if a.type.kind in ("boolean", "varbyte"):
        return both(BIGINT, "count({a}) {w}", a)
    if a.type.is_integer() and pick < 11:
        return both(BIGINT, "sum({a}) {w}", a, theirs="cast(sum({a}) {w} as bigint)")
    if a.type.kind == "double" and pick < 11:
        return both(DOUBLE, "sum({a}) {w}", a)
    return both(a.type, r.choice(("min", "max")) + "({a}) {w}", a)


def grouping_clause(r, group):
    """(how, sets): ROLLUP, CUBE, GROUPING SETS over indexes into group, and perhaps a plain key before."""
    n = list(range(len(group)))
    pick = r.randrange(4)
    if pick == 0:
        return "rollup", [[i] for i in n]
    if pick == 1 and len(n) <= 3:
        return "cube", [[i] for i in n]
    sets = [r.sample(n, r.randint(0, len(n))) for _ in range(r.randint(1, 4))]
    used = set(sum(sets, []))
    return "sets", sets + ([[i for i in n if i not in used]] if used != set(n) else [])


def grouping_text(clause, group, text):
    how, sets = clause
    if how in ("rollup", "cube"):
        return f"{how} ({', '.join(text(group[s[0]]) for s in sets)})"
    return "grouping sets (" + ", ".join("(" + ", ".join(text(group[i]) for i in s) + ")" for s in sets) + ")"


class SetOperation:
    """left OP right; an answer like a query's."""

    def __init__(self, op, left, right, types):
        self.op, self.left, self.right = op, left, right
        self.items = [E(t, f"o{i}", trailing=t.is_text(), loose=t.is_text()) for i, t in enumerate(types)]
        self.order, self.limit = [], None
        self.sources, self.distinct = [], False

    def rows(self):
        return 3000

    def side(self, mine):
        sql = f"({self.left.side(mine)}) {self.op} ({self.right.side(mine)})"
        if self.order:
            sql += " order by " + ", ".join(f"{i + 1}{how}" for i, how in self.order)
        return sql + (f" limit {self.limit}" if self.limit is not None else "")

    def ordered(self):
        return len({i for i, _ in self.order}) == len(self.items)

    def smaller(self):
        if isinstance(self.left, SetOperation):
            yield self.left
        for name in ("left", "right"):
            for inner in getattr(self, name).smaller():
                if len(inner.items) == len(self.items):
                    q = copy.copy(self)
                    setattr(q, name, inner)
                    yield q
        if self.limit is not None:
            q = copy.copy(self)
            q.limit = None
            yield q
        elif self.order:
            q = copy.copy(self)
            q.order = []
            yield q


class With:
    """CTEs before a query."""

    def __init__(self, ctes, body):
        self.ctes, self.body = ctes, body
        self.items = body.items

    def side(self, mine):
        return "with " + ", ".join(f"{name} as ({q.side(mine)})" for name, q in self.ctes) + " " + self.body.side(mine)

    def ordered(self):
        return self.body.ordered()

    def smaller(self):
        for body in self.body.smaller():
            yield With(self.ctes, body)
        for i, (name, q) in enumerate(self.ctes):
            for inner in q.smaller():
                if len(inner.items) == len(q.items):
                    yield With(self.ctes[:i] + [(name, inner)] + self.ctes[i + 1:], self.body)
            text = self.body.side(True) + "".join(c.side(True) for _, c in self.ctes[i + 1:])
            if f" {name} " not in text:
                yield With(self.ctes[:i] + self.ctes[i + 1:], self.body) if len(self.ctes) > 1 else self.body


def set_types(r):
    return [r.choice((INTEGER, BIGINT, Type("varchar", 20), Type("date"), Type("timestamp"), Type("boolean"), Type("decimal", 14, 2), DOUBLE))
            for _ in range(r.randint(1, 4))]


def of_type(r, scope, t):
    """An expression that a column of a set operation may have."""
    make = Maker(r, scope)
    for _ in range(6):
        e = make.value(t, r.choice((0, 0, 1)))
        if t.is_integer() and e.type.is_integer() or t.is_text() and e.type.is_text() or e.type.kind == t.kind == "boolean":
            return e
        if t.kind in ("date", "timestamp", "double") and e.type.kind == t.kind:
            return e
        if t.kind == "decimal" and e.type.kind == "decimal" and e.type.a - e.type.b <= 12 and e.type.b <= 2 and e.type.a <= 18:
            return E(t, f"cast({e.mine} as decimal(14,2))", f"cast({e.theirs} as decimal(14,2))")
    if t.kind == "decimal":
        return E(t, "cast(null as decimal(14,2))")
    return E(t, f"cast(null as {t.sql()})", f"cast(null as {t.sql(True)})")


def for_column(r, scope, c):
    """An expression that may be written to a column, or None."""
    t = c.type
    if not c.not_null and r.random() < 0.1:
        return E(t, "null") if t.kind != "varbyte" else E(t, f"cast(null as {t.sql()})", "cast(null as bytea)")
    found = [e for e in scope if e.type.kind == t.kind and not e.trailing and not e.loose and
             (e.type.a == t.a and e.type.b == t.b if t.kind == "decimal" else e.type.a <= t.a)]
    if t.is_text() or t.kind in ("decimal", "real"):
        if found and r.random() < 0.8:
            return r.choice(found)
        return E(t, "'" + "ab1"[:t.a] + "'") if t.is_text() else E(t, "0")
    e = Maker(r, scope).value(t, 1)
    return e if e.type.kind == t.kind or (e.type.is_integer() and t.is_integer()) else r.choice(found) if found else None


def write(r, generator, t):
    """(Stoa's, PostgreSQL's) INSERT, UPDATE, DELETE or MERGE of a table."""
    pick = r.randrange(7)
    if pick > 3:
        return write_joined(r, generator, t, pick - 4)
    if pick == 0:
        q = generator.query(0, inner=True, plain=True)
        q.items = [for_column(r, [e for s in q.sources for e in s.scope], c) for c in t.columns]
        if None in q.items:
            return None
        return tuple(f"insert into {t.name} {q.side(mine)}" for mine in (True, False))
    scope = [E(c.type, f"{t.name}.{c.name}", trailing=c.trailing) for c in t.columns]
    where = Maker(r, scope).condition(2)
    extra = generator.subquery_condition(scope) if r.random() < 0.4 else None
    where = Maker(r, scope).both(where.type, "({0} and {1})", where, extra) if extra else where
    if pick == 1:
        return tuple(f"delete from {t.name} where {w}" for w in (where.mine, where.theirs))
    sets = [(c.name, for_column(r, scope, c)) for c in r.sample(t.columns, r.randint(1, min(3, len(t.columns))))]
    if any(e is None for _, e in sets):
        return None
    return tuple(f"update {t.name} set {', '.join(f'{n} = {e.mine if mine else e.theirs}' for n, e in sets)} where "
                 f"{where.mine if mine else where.theirs}" for mine in (True, False))


def write_joined(r, generator, t, pick):
    """UPDATE FROM, DELETE USING, MERGE: of the other table's rows one a key, so that what is written is told."""
    other = generator.table_source()
    ints = lambda scope: [e for e in scope if e.type.is_integer()]
    mine = [E(c.type, f"{t.name}.{c.name}") for c in t.columns]
    if not ints(mine) or not ints(other.scope):
        return None
    left, right = r.choice(ints(mine)), r.choice(ints(other.scope))
    c = r.choice(t.columns)
    found = [e for e in other.scope if e.type.kind == c.type.kind and (e.type.a, e.type.b) == (c.type.a, c.type.b) and not e.trailing
             and c.type.kind not in ("boolean", "varbyte", "real")]
    value = f"max({r.choice(found).mine})" if found and not c.not_null else None
    where = Maker(r, other.scope).condition(1)
    keys = tuple(f"(select {right.mine} as k, {value or 'null'} as v from {other.mine} where {w} group by {right.mine}) s"
                 for w in (where.mine, where.theirs))
    target = f"{c.name} = s.v" if value else f"{left.mine.split('.')[1]} = s.k" if c.not_null else f"{c.name} = null"
    if pick == 0:
        return tuple(f"update {t.name} set {target} from {key} where {left.mine} = s.k" for key in keys)
    if pick == 1:
        also = r.choice(("", f" and ({left.mine} > 1)", " and s.v is null"))
        return tuple(f"delete from {t.name} using {key} where {left.mine} = s.k{also}" for key in keys)
    name = left.mine.split(".")[1]
    matched = r.choice((f"update set {target}", "delete"))
    missing = [x for x in t.columns if x.not_null and x.name != name]
    new = f" when not matched then insert ({name}) values (s.k)" if not missing else ""
    return tuple(f"merge into {t.name} using {key} on {left.mine} = s.k when matched then {matched}{new}" for key in keys)


def set_query(r, generator, types, depth):
    q = generator.query(depth, inner=True, plain=True)
    scope = [e for s in q.sources for e in s.scope]
    q.items = [of_type(r, scope, t) for t in types]
    q.distinct = r.random() < 0.1
    return q


def set_operation(r, generator):
    types = set_types(r)
    node = set_query(r, generator, types, 1)
    for _ in range(r.choice((1, 1, 1, 2, 3))):
        op = r.choice(("union", "union all", "intersect", "except", "union all", "intersect all", "except all"))
        other = set_query(r, generator, types, 0)
        node = SetOperation(op, *((node, other) if r.random() < 0.8 else (other, node)), types)
    generator.add_order(node)
    return node
