# SPDX-License-Identifier: Apache-2.0
"""Random tables: types, keys that are unique, skewed, clustered or few, nulls, sizes at the edges of a batch."""
import datetime
import random

SIZES = (0, 1, 2, 17, 300, 1023, 1024, 1025, 3000)
SIZE_WEIGHTS = (1, 1, 1, 4, 4, 1, 1, 1, 2)
SMALL_SIZES = (0, 1, 5, 5, 20, 20, 50)  # of tables that queries ask again for every row
LETTERS = "abcxyzABC019-_%é√ß "
NUMBERS = ("smallint", "integer", "bigint", "real", "double", "decimal")
TEXTS = ("char", "varchar")


class Type:
    """kind: smallint integer bigint real double decimal boolean char varchar date timestamp timestamptz time timetz interval varbyte."""

    def __init__(self, kind, a=0, b=0):
        self.kind, self.a, self.b = kind, a, b  # DECIMAL(a, b), CHAR(a), VARCHAR(a)

    def sql(self, postgres=False):
        if self.kind == "decimal":
            return f"decimal({self.a},{self.b})"
        if self.kind == "double":
            return "double precision"
        if self.kind in TEXTS:
            # PostgreSQL's CHAR has rules of its own: there CHAR is a VARCHAR without trailing blanks
            return f"varchar({self.a})" if postgres else f"{self.kind}({self.a})"
        if self.kind == "varbyte":
            return "bytea" if postgres else f"varbyte({self.a})"
        return self.kind

    def is_number(self):
        return self.kind in NUMBERS

    def is_integer(self):
        return self.kind in NUMBERS[:3]

    def is_float(self):
        return self.kind in ("real", "double")

    def is_text(self):
        return self.kind in TEXTS


class Column:
    def __init__(self, name, type_, not_null):
        self.name, self.type, self.not_null = name, type_, not_null
        self.trailing = False  # texts that differ in trailing blanks alone

    def copied(self, v, postgres):
        """A value as COPY takes it: blanks after a CHAR are not part of it, bytes are hexadecimal digits."""
        if v is None:
            return "\\N"
        if postgres and self.type.kind == "char":
            v = v.rstrip(" ")
        if postgres and self.type.kind == "varbyte":
            v = "\\x" + v
        return v.replace("\\", "\\\\")

    def literal(self, v):
        if v is None or self.type.is_number():
            return "null" if v is None else v
        text = "'" + v.replace("'", "''") + "'"
        return f"from_hex({text})" if self.type.kind == "varbyte" else text


class Table:
    """.rows are lists of texts (None is NULL), as COPY takes them."""

    def __init__(self, name, columns, rows):
        self.name, self.columns, self.rows = name, columns, rows
        self.style = ""

    def create(self, postgres=False):
        parts = [f"{c.name} {c.type.sql(postgres)}" + (" not null" if c.not_null else "") for c in self.columns]
        return f"create table {self.name} ({', '.join(parts)})" + ("" if postgres else " " + self.style)

    def copy_data(self, postgres=False):
        return "".join("|".join(c.copied(v, postgres) for c, v in zip(self.columns, row)) + "\n" for row in self.rows).encode()

    def insert(self, rows):
        lines = [f"({', '.join(c.literal(v) for v, c in zip(row, self.columns))})" for row in rows]
        return f"insert into {self.name} values {', '.join(lines)}"


def random_type(r):
    kind = r.choice(("smallint", "integer", "integer", "bigint", "real", "double", "decimal", "decimal", "boolean", "char",
                     "varchar", "varchar", "date", "timestamp", "date", "timestamp", "timestamptz", "time", "timetz", "interval", "varbyte"))
    if kind == "decimal":
        p = r.choice((1, 4, 9, 10, 15, 18, 19, 20, 28, 38))
        return Type(kind, p, r.randint(0, min(p, r.choice((6, 6, 6, 20)))))
    if kind == "char":
        return Type(kind, r.choice((1, 2, 4, 10)))
    if kind in ("varchar", "varbyte"):
        return Type(kind, r.choice((4, 8, 20, 60)))
    return Type(kind)


def text_value(r, n, length, ascii_only):
    """The n-th text of a column: equal n, equal text."""
    q = random.Random(n * 7919 + length)
    size = q.choice((0, 1, 2, 3, 4, 8, 15, 30))
    letters = LETTERS[:12] if ascii_only else LETTERS
    text = "".join(q.choice(letters) for _ in range(size)) + (str(n) if size else "")
    while len(text.encode()) > length:
        text = text[1:]
    return text.rstrip(" ")


def value(r, t, n, wide):
    """The n-th value of a type: small n give small values; wide: over the type's range."""
    if t.kind == "smallint":
        return str(n * 37 % 65536 - 32768 if wide else n % 32767 - 3)
    if t.kind == "integer":
        return str(n * 2654435761 % (1 << 32) - (1 << 31) if wide else n - 5)
    if t.kind == "bigint":
        return str(n * 11400714819323198485 % (1 << 54) - (1 << 53) if wide else n - 5)
    if t.is_float():
        q = (n * 2654435761 % 100003 - 50000 if wide else n - 5) / 4
        return repr(q) if q != int(q) else str(int(q))
    if t.kind == "decimal":
        digits = min(t.a, 26 if wide else 8)
        q = (n * 0x9E3779B97F4A7C15F39CC0605CEDC835 if wide else n * 31) % 10 ** digits
        text = str(q).rjust(t.b + 1, "0")
        return ("-" if n % 5 == 2 and q else "") + (text[:-t.b] + "." + text[-t.b:] if t.b else text)
    if t.kind == "boolean":
        return "ft"[n % 2]
    if t.is_text():
        return text_value(r, n, t.a, t.kind == "char")
    if t.kind == "date":
        return str(datetime.date(1995, 1, 1) + datetime.timedelta(days=n * 37 % 40000 - 15000 if wide else n % 3000))
    if t.kind == "varbyte":
        return (text_value(r, n, t.a, False) or "a").encode().hex()  # COPY takes an empty field for a null
    if t.kind in ("time", "timetz", "interval"):  # an interval has less than a day beside its days: no two are equal but written apart
        seconds = n * 7919 % 86400 if wide else n * 600 % 86400
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if t.kind == "interval":
            days = n * 37 % 20000 - 9000 if wide else n % 9
            return f"{days} days {clock}" if days > 0 else f"{days} days"
        return clock + ("" if t.kind == "time" else ("+00", "-05", "+05:30")[n % 3])
    moment = datetime.datetime(1999, 12, 30) + datetime.timedelta(
        seconds=(n * 7919 % 900000000 - 400000000) if wide else n * 3600, microseconds=n * 7 % 1000 if wide else 0)
    return str(moment) + ("+00" if t.kind == "timestamptz" else "")


def column_values(r, c, count):
    """How values repeat is what hash tables, dictionaries and zone maps depend on."""
    shape = r.choice(("few", "few", "some", "unique", "skewed", "clustered", "constant"))
    wide = r.random() < 0.25
    nulls = 0 if c.not_null else r.choice((0, 0.1, 0.5, 0.95))
    found = []
    for i in range(count):
        if not c.not_null and r.random() < nulls:
            found.append(None)
            continue
        if shape == "few":
            n = r.randrange(7)
        elif shape == "some":
            n = r.randrange(max(2, count // 5 + 2))
        elif shape == "unique":
            n = i
        elif shape == "skewed":
            n = 3 if r.random() < 0.8 else r.randrange(200)
        elif shape == "clustered":
            n = i // 40
        else:
            n = 4
        v = value(r, c.type, n, wide)
        if (c.trailing or c.type.kind == "char") and v and r.random() < 0.3:
            v = v + " " * min(r.randint(0, 2), c.type.a - len(v.encode()))
        found.append(v)
    return found


def random_table(r, name, small=False):
    columns = []
    for i in range(r.randint(2, 8)):
        c = Column(f"c{i}", random_type(r) if i else Type(r.choice(("integer", "bigint", "smallint"))), r.random() < 0.3)
        c.trailing = c.type.kind == "varchar" and r.random() < 0.15
        columns.append(c)
    count = r.choice(SMALL_SIZES) if small else r.choices(SIZES, SIZE_WEIGHTS)[0]
    values = [column_values(r, c, count) for c in columns]
    t = Table(name, columns, [list(row) for row in zip(*values)])
    style = r.choice(("key", "key", "even", "all", "auto"))
    key = r.choice(columns).name
    t.style = f"diststyle key distkey ({key})" if style == "key" else f"diststyle {style}"
    if r.random() < 0.5:
        t.style += f" sortkey ({', '.join(c.name for c in r.sample(columns, r.randint(1, min(2, len(columns)))))})"
    return t
