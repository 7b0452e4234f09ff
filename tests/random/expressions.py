# SPDX-License-Identifier: Apache-2.0
"""Random expressions, each written twice: for Stoa, and for PostgreSQL so that it means what Redshift's rules say.

What differs: quotients and averages of decimals and integers (cut), casts to a shorter decimal (cut), trailing blanks (do not
count in comparisons), EXTRACT (whole numbers), sums (BIGINT, DOUBLE).  Everything else has the same text on both sides.
"""
from tables import Type

BOOLEAN, INTEGER, BIGINT, DOUBLE = Type("boolean"), Type("integer"), Type("bigint"), Type("double")
DATE, TIMESTAMP = Type("date"), Type("timestamp")
DIGITS_OF = {"smallint": 5, "integer": 10, "bigint": 19}
MOMENTS = {"timestamptz": ("1999-12-30 05:00:00+00", "2000-02-29 23:59:59+02"), "time": ("00:00", "10:30", "23:59:59.5"),
           "timetz": ("00:20:00+00", "05:00:00-05"), "interval": ("3 days", "0", "5 days 01:30:00", "-2 days")}
RANK = {"smallint": 1, "integer": 2, "bigint": 3}


class E:
    """trailing: texts may differ in trailing blanks; loose: which of several equal texts it is, is open."""

    def __init__(self, type_, mine, theirs=None, columns=True, trailing=False, loose=False):
        self.type, self.mine, self.theirs = type_, mine, mine if theirs is None else theirs
        self.columns, self.trailing, self.loose = columns, trailing, loose

    def key(self):
        """PostgreSQL's text where equality or order counts."""
        return f"rtrim({self.theirs})" if self.trailing else self.theirs


def digits(t):
    return (t.a, t.b) if t.kind == "decimal" else (DIGITS_OF[t.kind], 0)


class Maker:
    """Makes expressions over columns in scope.  risky: may fail at run time (overflow, division by zero)."""

    def __init__(self, r, scope, risky=False):
        self.r, self.scope, self.risky = r, scope, risky

    def both(self, type_, shape, *args, **how):
        how.setdefault("columns", any(a.columns for a in args))
        return E(type_, shape.format(*(a.mine for a in args)), shape.format(*(a.theirs for a in args)), **how)

    def column(self, wanted):
        found = [e for e in self.scope if wanted(e.type)]
        return self.r.choice(found) if found else None

    def literal(self, t):
        r = self.r
        k = t.kind
        if r.random() < 0.04:
            return E(t, f"cast(null as {t.sql()})", f"cast(null as {t.sql(True)})", columns=False)
        if t.is_integer():
            n = r.choice((0, 1, 2, 3, 5, 7, 10, 100, -1, -4, r.randint(-50, 300)))
            return E(INTEGER, str(n) if n >= 0 else f"({n})", columns=False)
        if k == "decimal":
            s = r.randint(1, 3)
            n = r.randint(0, 999)
            text = str(n).rjust(s + 1, "0")
            whole = str(n // 10 ** s)
            p = max(s + (0 if whole == "0" else len(whole)), s + 1)
            return E(Type("decimal", p, s), text[:-s] + "." + text[-s:], columns=False)
        if t.is_float():
            text = r.choice(("0.5", "1.25", "-2", "10", "3.75"))
            return E(DOUBLE, f"cast({text} as double precision)", columns=False)
        if k == "boolean":
            return E(t, r.choice(("true", "false")), columns=False)
        if k == "date":
            return E(t, f"date '{r.randint(1994, 2003)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}'", columns=False)
        if k == "timestamp":
            return E(t, f"timestamp '{r.randint(1994, 2003)}-{r.randint(1, 12):02}-{r.randint(1, 28):02} {r.randint(0, 23):02}:00:00'",
                     columns=False)
        if k in MOMENTS:
            return E(t, f"{k} '{r.choice(MOMENTS[k])}'", columns=False)
        if k == "varbyte":
            text = r.choice(("", "61", "00ff", "c3a9"))
            return E(t, f"from_hex('{text}')", f"decode('{text}', 'hex')", columns=False)
        same = [e for e in self.scope if e.type.is_text()]
        text = r.choice(("a", "b", "", "abc", "x1", "3", "zz", "%", "é", "A9")) if not same or r.random() < 0.8 else "c4"
        return E(Type("varchar", max(1, len(text.encode()))), f"'{text}'", columns=False)

    def leaf(self, t):
        if self.r.random() < 0.75:
            if t.is_integer():
                e = self.column(lambda u: u.is_integer())
            elif t.is_text():
                e = self.column(lambda u: u.is_text())
            elif t.is_float():
                e = self.column(lambda u: u.is_float())
            else:
                e = self.column(lambda u: u.kind == t.kind)
            if e:
                return e
        return self.literal(t)

    def any_type(self):
        seen = [e.type for e in self.scope]
        return self.r.choice(seen) if seen and self.r.random() < 0.8 else self.r.choice(
            (INTEGER, BIGINT, DOUBLE, Type("decimal", 9, 2), BOOLEAN, Type("varchar", 10), DATE, TIMESTAMP))

    def value(self, t=None, depth=2):
        t = t or self.any_type()
        if depth <= 0 or self.r.random() < 0.35:
            return self.leaf(t)
        if self.r.random() < 0.25:
            return self.conditional(t, depth)
        if t.is_number():
            return self.number(t, depth)
        if t.is_text():
            return self.text(depth)
        if t.kind == "boolean":
            return self.condition(depth)
        return self.moment(t, depth) if t.kind in ("date", "timestamp") else self.leaf(t)

    # ---- numbers

    def number(self, t, depth):
        r = self.r
        pick = r.random()
        if t.is_integer() and pick < 0.3:
            return self.integer_function(depth)
        if pick < 0.4:
            a = self.value(t, depth - 1)
            if a.type.is_integer() and not self.risky and a.type.kind != "integer":
                return a
            if a.type.is_integer() and not self.risky:  # the least integer has no opposite
                return self.both(a.type, r.choice(("-({0} % 1000000)", "abs({0} % 1000000)")), a)
            return self.both(a.type, r.choice(("-({0})", "abs({0})")), a)
        a, b = self.value(t, depth - 1), self.value(t if r.random() < 0.7 else r.choice(
            (INTEGER, DOUBLE, Type("decimal", 9, 2))), depth - 1)
        return self.arithmetic(r.choice("++--**/%"), a, b)

    def arithmetic(self, op, a, b):
        ta, tb = a.type, b.type
        if ta.is_float() or tb.is_float():
            if op == "%":
                op = "+"
            t = ta if ta.kind == tb.kind else DOUBLE
            if op == "/":
                return self.both(DOUBLE, "cast({0} as double precision) / nullif(cast({1} as double precision), 0)", a, b)
            if t.kind == "double":
                return self.both(t, "(cast({0} as double precision) " + op + " {1})", a, b)
            return self.both(t, "({0} " + op + " {1})", a, b)
        if ta.kind == "decimal" or tb.kind == "decimal":
            return self.decimal(op, a, b)
        t = ta if RANK[ta.kind] >= RANK[tb.kind] else tb
        if not self.risky:
            if op in "/%":
                return self.both(t, "({0} " + op + " nullif({1}, 0))", a, b)
            if op == "*":  # cannot leave BIGINT
                return self.both(BIGINT, "((cast({0} as bigint) % 40000) * (cast({1} as bigint) % 40000))", a, b)
            return self.both(BIGINT, "(cast({0} as bigint) % 1000000000000 " + op + " cast({1} as bigint) % 1000000000000)", a, b)
        return self.both(t, "({0} " + op + " {1})", a, b)

    def decimal(self, op, a, b):
        (p1, s1), (p2, s2) = digits(a.type), digits(b.type)
        if op in "+-":
            s = max(s1, s2)
            p = max(p1 - s1, p2 - s2) + 1 + s
            if p <= 38:
                return self.both(Type("decimal", p, s), "({0} " + op + " {1})", a, b)
        elif op == "*":
            if p1 + p2 + 1 <= 38:
                return self.both(Type("decimal", p1 + p2 + 1, s1 + s2), "({0} * {1})", a, b)
        elif op == "/":
            s = max(4, s1 + p2 - s2 + 1)
            p = p1 - s1 + s2 + s
            if p <= 38:
                zero = "{1}" if self.risky else "nullif({1}, 0)"
                return E(Type("decimal", p, s), f"({a.mine} / {zero.format('', b.mine)})",
                         f"(div(({a.theirs})::numeric * 1{'0' * s}, ({zero.format('', b.theirs)})::numeric) * 0.{'0' * (s - 1)}1)",
                         columns=a.columns or b.columns)
        # beyond 38 digits the rules lose digits: not what PostgreSQL can be asked
        return a if a.type.kind == "decimal" else b

    def integer_function(self, depth):
        r = self.r
        pick = r.randrange(5)
        if pick == 0:
            part = r.choice(("year", "month", "day", "quarter", "week", "dow", "doy", "hour", "minute", "second", "epoch"))
            when = self.value(r.choice((DATE, TIMESTAMP)) if part not in ("hour", "minute", "second", "epoch") else TIMESTAMP, depth - 1)
            return E(BIGINT, f"extract({part} from {when.mine})", f"floor(extract({part} from {when.theirs}))::bigint",
                     columns=when.columns)
        if pick == 1:
            a, b = self.value(DATE, depth - 1), self.value(DATE, depth - 1)
            return self.both(INTEGER, "({0} - {1})", a, b)
        text = self.plain_text(depth - 1)
        if pick == 2:
            return self.both(INTEGER, "length({0})", text)
        if pick == 3:
            return self.both(INTEGER, "position({1} in {0})", text, E(Type("varchar", 1), "'" + r.choice("abx1") + "'", columns=False))
        a = self.value(Type("decimal", 9, 2), depth - 1)
        if a.type.kind == "decimal" and a.type.a - a.type.b <= 8:
            return E(INTEGER, f"cast({a.mine} as integer)", f"trunc({a.theirs})::integer", columns=a.columns)
        return self.leaf(INTEGER)

    # ---- texts, moments

    def plain_text(self, depth):
        """A text whose trailing blanks are told by the data."""
        for _ in range(4):
            e = self.value(Type("varchar", 20), depth)
            if e.type.is_text() and not e.loose:
                return e
        return E(Type("varchar", 3), "'abc'", columns=False)

    def text(self, depth):
        r = self.r
        a = self.plain_text(depth - 1)
        pick = r.randrange(7)
        n, m = r.randint(1, 6), r.randint(0, 5)
        keep = dict(trailing=True)  # a piece may end in a blank
        if pick == 0:
            return self.both(Type("varchar", a.type.a), f"substring({{0}} from {n} for {m})", a, **keep)
        if pick == 1:
            return self.both(Type("varchar", a.type.a), f"substring({{0}}, {n})", a, **keep)
        if pick == 2:
            b = self.plain_text(depth - 1)
            return self.both(Type("varchar", a.type.a + b.type.a), "({0} || {1})", a, b, **keep)
        if pick == 3:
            return self.both(Type("varchar", a.type.a), r.choice(("left({0}, %d)", "right({0}, %d)")) % m, a, **keep)
        if pick == 4:
            return self.both(Type("varchar", a.type.a), r.choice(("trim({0})", "ltrim({0})", "rtrim({0})")), a, **keep)
        if pick == 5:
            return self.both(Type("varchar", a.type.a * 2), "replace({0}, 'a', 'bb')", a, **keep)
        i = self.value(INTEGER, depth - 1)
        if i.type.is_integer():
            return self.both(Type("varchar", 20), "cast({0} as varchar(20))", i)
        return a

    def moment(self, t, depth):
        r = self.r
        if t.kind == "date":
            d = self.value(DATE, depth - 1)
            pick = r.randrange(3)
            if pick == 0:
                return self.both(DATE, "({0} " + r.choice("+-") + f" {r.randint(0, 400)})", d)
            if pick == 1:
                return E(DATE, f"last_day({d.mine})", f"(date_trunc('month', ({d.theirs})::timestamp) + interval '1 month - 1 day')::date",
                         columns=d.columns)
            ts = self.value(TIMESTAMP, depth - 1)
            return self.both(DATE, "cast({0} as date)", ts)
        d = self.value(r.choice((DATE, TIMESTAMP)), depth - 1)
        if r.random() < 0.3:
            part = r.choice(("year", "quarter", "month", "week", "day", "hour"))
            return E(TIMESTAMP, f"date_trunc('{part}', {d.mine})", f"date_trunc('{part}', ({d.theirs})::timestamp)", columns=d.columns)
        unit = r.choice(("day", "month", "year", "hour", "minute", "week"))
        return self.both(TIMESTAMP, "({0} " + r.choice("+-") + f" interval '{r.randint(0, 40)} {unit}')", d)

    # ---- CASE and its kin

    def same_kind(self, t, depth):
        """Another value of just this kind, for the branches of CASE."""
        e = self.value(t, depth)
        return e if e.type.kind == t.kind or (e.type.is_text() and t.is_text()) else None

    def union(self, a, b):
        t = a.type
        if t.kind == "decimal":
            s = max(a.type.b, b.type.b)
            p = max(a.type.a - a.type.b, b.type.a - b.type.b) + s
            if p > (19 if max(a.type.a, b.type.a) <= 19 else 38):
                return None
            t = Type("decimal", p, s)
        elif t.is_text():
            t = Type("varchar", max(a.type.a, b.type.a))
        return t

    def conditional(self, t, depth):
        r = self.r
        a = self.value(t, depth - 1)
        b = self.same_kind(a.type, depth - 1)
        u = b and self.union(a, b)
        if not u:
            return a
        how = dict(trailing=a.trailing or b.trailing, loose=a.loose or b.loose)
        pick = r.randrange(4)
        if pick == 0:
            return self.both(u, "coalesce({0}, {1})", a, b, **how)
        if pick == 1:
            return E(a.type, f"nullif({a.mine}, {b.mine})", f"case when {a.key()} = {b.key()} then null else {a.theirs} end",
                     columns=a.columns or b.columns, trailing=a.trailing, loose=a.loose)
        c = self.condition(depth - 1)
        if pick == 2:
            return self.both(u, "case when {0} then {1} else {2} end", c, a, b, **how)
        return self.both(u, "case when {0} then {1} end", c, a, **{**how, "columns": c.columns or a.columns}) \
            if a.type.kind != "decimal" else a

    # ---- conditions

    def compare(self, op, a, b):
        return E(BOOLEAN, f"({a.mine} {op} {b.mine})", f"({a.key()} {op} {b.key()})", columns=a.columns or b.columns)

    def pair(self, depth):
        t = self.any_type()
        a = self.value(t, depth)
        if a.type.is_number():
            b = self.value(a.type if self.r.random() < 0.7 else self.r.choice((INTEGER, DOUBLE, Type("decimal", 9, 2))), depth)
            if not b.type.is_number():
                b = self.literal(INTEGER)
            if (a.type.kind == "real") != (b.type.kind == "real") and not (a.type.is_float() and b.type.is_float()):
                return a, a
            return a, b
        b = self.same_kind(a.type, depth)
        return a, b or a

    def condition(self, depth=2):
        r = self.r
        pick = r.random()
        if depth > 0 and pick < 0.25:
            return self.both(BOOLEAN, r.choice(("({0} and {1})", "({0} or {1})")), self.condition(depth - 1), self.condition(depth - 1))
        if depth > 0 and pick < 0.32:
            return self.both(BOOLEAN, "(not {0})", self.condition(depth - 1))
        if pick < 0.42:
            a = self.value(None, depth - 1)
            return self.both(BOOLEAN, r.choice(("({0} is null)", "({0} is not null)")), a)
        if pick < 0.52:
            a = self.plain_text(depth - 1)
            pattern = r.choice(("a%", "%a%", "%1", "_", "%", "", "a_c%", "%x%y%", "_%_", "%é%", "x__%", "abc"))
            return self.both(BOOLEAN, r.choice(("({0} like '%s')", "({0} not like '%s')")) % pattern, a)
        if pick < 0.62:
            a, low = self.pair(depth - 1)
            high = self.same_kind(low.type, depth - 1) or low
            word = r.choice(("between", "between", "not between"))
            return E(BOOLEAN, f"({a.mine} {word} {low.mine} and {high.mine})", f"({a.key()} {word} {low.key()} and {high.key()})",
                     columns=a.columns or low.columns or high.columns)
        if pick < 0.72:
            a = self.value(None, depth - 1)
            if a.type.kind not in ("boolean", "real", "interval"):
                return self.in_list(a)
        if pick < 0.76:
            b = self.column(lambda t: t.kind == "boolean")
            if b:
                return b
        a, b = self.pair(depth - 1)
        return self.compare(r.choice(("=", "=", "<>", "<", "<=", ">", ">=")), a, b)

    def in_list(self, a):
        items = []
        for _ in range(self.r.choice((1, 2, 3, 5, 12))):
            e = self.literal(a.type)
            items.append(E(a.type, "null") if "null" in e.mine else e)
        word = self.r.choice(("in", "in", "not in"))
        return E(BOOLEAN, f"({a.mine} {word} ({', '.join(e.mine for e in items)}))",
                 f"({a.key()} {word} ({', '.join(e.theirs for e in items)}))", columns=a.columns)

    # ---- aggregates

    def aggregate(self):
        r = self.r
        pick = r.randrange(10)
        if pick == 0:
            return self.filtered(E(BIGINT, "count(*)"))
        if pick == 9:
            return self.ordered_aggregate()
        a = self.value(None, 1)
        if pick == 1:
            return self.filtered(self.both(BIGINT, "count({0})", a, columns=True))
        if pick == 2:
            return self.filtered(E(BIGINT, f"count(distinct {a.mine})", f"count(distinct {a.key()})"))
        if pick in (3, 4) or not a.type.is_number():
            if a.type.kind in ("boolean", "varbyte"):
                return self.both(BIGINT, "count({0})", a, columns=True)
            f = r.choice(("min", "max"))
            return self.filtered(E(a.type, f"{f}({a.mine})", f"{f}({a.key()})", trailing=a.trailing, loose=a.trailing))
        mean = pick == 5
        if a.type.is_float():
            return E(DOUBLE, f"{'avg' if mean else 'sum'}({a.mine})", f"{'avg' if mean else 'sum'}(({a.theirs})::float8)")
        if a.type.is_integer():
            if mean:
                return E(BIGINT, f"avg({a.mine})", f"div(sum({a.theirs})::numeric, nullif(count({a.theirs}), 0))::bigint")
            return E(BIGINT, f"sum({a.mine})", f"sum({a.theirs})::bigint")
        t = Type("decimal", 38, a.type.b)
        if not mean:
            return E(t, f"sum({a.mine})", f"sum({a.theirs})")
        unit = "1" if not t.b else "0." + "0" * (t.b - 1) + "1"
        return E(t, f"avg({a.mine})", f"(div(sum({a.theirs}) * 1{'0' * t.b}, nullif(count({a.theirs}), 0)) * {unit})")

    def filtered(self, e):
        """The aggregate, or that over some of the rows."""
        if self.r.random() < 0.8:
            return e
        c = self.condition(1)
        return E(e.type, f"{e.mine} filter (where {c.mine})", f"{e.theirs} filter (where {c.theirs})", trailing=e.trailing, loose=e.loose)

    def ordered_aggregate(self):
        """One that orders its rows; what ties is equal."""
        r = self.r
        a = self.column(lambda t: t.is_text() and t.a < 10 or t.is_integer())
        if a and not a.trailing and not a.loose and r.random() < 0.6:
            word, how = r.choice(("", "distinct ")), r.choice(("", " desc"))
            text = a.mine if a.type.is_text() else f"cast({a.mine} as varchar(20))"
            return E(Type("varchar", 65535), f"left(string_agg({word}{text}, ',' order by {text}{how}), 300)")
        a = self.column(lambda t: t.kind == "double" or t.is_integer())
        if a:
            return self.both(DOUBLE, "percentile_cont(%s) within group (order by {0}%s)" % (r.choice(("0", "0.5", "0.25", "1")), r.choice(("", " desc"))), a)
        return E(BIGINT, "count(*)")
