# SPDX-License-Identifier: Apache-2.0
"""Rows of the retail schema: the same at every run, skewed, with nulls where sources leave keys out."""
import datetime
import random

FIRST_DAY, DAYS = datetime.date(2018, 1, 1), 5 * 365 + 1
DAY_ID = 2458120  # day_id of FIRST_DAY
CATEGORIES = ("Books", "Music", "Home", "Sports", "Electronics", "Shoes", "Jewelry", "Women", "Men", "Children")
CLASSES = ("classic", "modern", "basic", "luxury", "outdoor", "travel", "mystery", "fiction")
COLORS = ("red", "green", "blue", "black", "white", "peach", "saddle", "navy", "plum", "linen", "orchid", "smoke")
STATES = ("TN", "GA", "OH", "TX", "CA", "KS", "WA", "IL", "MN", "NY")
CITIES = ("Fairview", "Midway", "Oak Grove", "Five Points", "Pleasant Hill", "Centerville", "Liberty", "Salem")
COUNTIES = ("Williamson", "Ziebach", "Walker", "Daviess", "Barrow", "Fairfield", "Luce")
NAMES = ("Smith", "Jones", "Müller", "O'Brien", "García", "Lee", "Novák", "Brown", "Davis", "Lopez", "Kim", "Ito", "Weiß", "Hall")
FIRST = ("Ann", "Bob", "Chloé", "Dan", "Eve", "Finn", "Gus", "Ida", "Jan", "Kai", "Lea", "Max")
COUNTRIES = ("CANADA", "GERMANY", "JAPAN", "CHILE", "TOGO", "ÅLAND ISLANDS", "FIJI", "UNITED STATES")

ARTICLES, CLIENTS, ADDRESSES, SHOPS, DEPOTS, PROMOS, MOTIVES, HUBS, BROCHURES, SITES, PAGES, CARRIERS = \
    240, 900, 500, 7, 4, 40, 11, 4, 50, 4, 24, 12
SHOP_TICKETS, MAIL_ORDERS, NET_ORDERS = 1900, 1000, 900
STOCK_WEEKS = 52 * 2


def money(cents):
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02}"


class Rows:
    """make() returns {table: [row of texts, None is NULL]}.  factor: times as many sales and orders."""

    def __init__(self, seed=20, factor=1):
        self.r = random.Random(seed)
        self.factor = factor
        self.tables = {}

    def put(self, table, *row):
        text = lambda v: None if v is None else str(v)
        self.tables.setdefault(table, []).append([text(v) for v in row])

    def some(self, value, share=0.04):
        """The value, or null now and then."""
        return None if self.r.random() < share else value

    def skewed(self, count):
        """1..count, the first ones often."""
        return 1 + min(count - 1, int(self.r.expovariate(1) * count / 4)) if self.r.random() < 0.7 else self.r.randint(1, count)

    def day(self):
        """A day's number; the end of a year sells most."""
        n = self.r.randrange(DAYS)
        if self.r.random() < 0.3:
            n = min(DAYS - 1, n // 365 * 365 + self.r.randint(300, 364))
        return n

    def calendar(self):
        for n in range(DAYS):
            d = FIRST_DAY + datetime.timedelta(n)
            quarter = (d.month - 1) // 3 + 1
            year = d.year - 2018
            self.put("calendar", DAY_ID + n, d, n // 7 + 1, year * 12 + d.month, year * 4 + quarter, d.year, d.month, d.day,
                     d.isoweekday() % 7, f"{d.year}Q{quarter}", d.strftime("%A"), "Y" if (d.month, d.day) in ((1, 1), (7, 4), (12, 25)) else "N",
                     "Y" if d.isoweekday() > 5 else "N")
        for m in range(1440):
            hour = m // 60
            meal = "breakfast" if 6 <= hour <= 8 else "lunch" if 11 <= hour <= 13 else "dinner" if 17 <= hour <= 20 else None
            self.put("clock", m, hour, m % 60, "AM" if hour < 12 else "PM", ("third", "first", "second")[hour // 8], meal)

    def articles(self):
        r = self.r
        self.price = {}
        for i in range(1, ARTICLES + 1):
            category = r.randrange(10)
            klass, maker = r.randrange(8), r.randint(1, 30)
            buy = r.randint(50, 9000)
            self.price[i] = (buy, buy * r.randint(110, 220) // 100)
            start = datetime.date(2016, 1, 1) + datetime.timedelta(r.randrange(1200))
            self.put("article", i, f"A{(i + 1) // 2:011}", start, self.some(start + datetime.timedelta(r.randrange(900)), 0.5),
                     self.some(" ".join(r.choice(("fine", "old", "little", "great", "certain", "whole", "early", "new")) for _ in range(r.randint(1, 5)))),
                     money(self.price[i][1]), money(buy), category * 100 + klass * 10 + maker % 10,
                     f"brand {CATEGORIES[category].lower()} #{maker % 10}", klass + 1, CLASSES[klass], category + 1, self.some(CATEGORIES[category], 0.02),
                     maker, f"maker {maker}", r.choice(("small", "medium", "large", "N/A", "petite")), r.choice(COLORS),
                     r.choice(("Each", "Dozen", "Case", "Pound")), r.randint(1, 25))

    def people(self):
        r = self.r
        for i in range(1, 121):
            self.put("persona", i, "MF"[i % 2], "MSDWU"[i // 2 % 5], ("Primary", "Secondary", "College", "2 yr Degree", "4 yr Degree", "Unknown")[i % 6],
                     i % 20 * 500 + 500, ("Good", "Low Risk", "High Risk", "Unknown")[i // 6 % 4], i % 7)
        for i in range(1, 21):
            self.put("band", i, (i - 1) * 10000 + (i > 1), i * 10000)
        for i in range(1, 81):
            self.put("household", i, i % 20 + 1, (">10000", "5001-10000", "1001-5000", "501-1000", "0-500", "Unknown")[i % 6], i % 10, i % 6 - 1)
        for i in range(1, ADDRESSES + 1):
            state = self.some(STATES[min(9, int(r.expovariate(0.5)))])
            self.put("address", i, r.choice(("Main", "Oak", "First", "Elm", "Lake")) + r.choice((" St", " Ave", " Way")), self.some(r.randint(1, 999)),
                     self.some(r.choice(CITIES)), self.some(r.choice(COUNTIES)), state, self.some(f"{r.randint(0, 60) * 1511 % 99999:05}"),
                     self.some("United States"), self.some(r.choice(("-5.0", "-6.0", "-7.0", "-8.0"))), self.some(r.choice(("apartment", "condo", "single family"))))
        for i in range(1, CLIENTS + 1):
            first, last = r.choice(FIRST), r.choice(NAMES)
            self.put("client", i, f"C{i:011}", self.some(r.randint(1, 120)), self.some(r.randint(1, 80)), self.some(r.randint(1, ADDRESSES), 0.02),
                     self.some(DAY_ID + r.randrange(DAYS)), self.some(r.choice(("Mr.", "Mrs.", "Dr.", "Sir"))), self.some(first), self.some(last),
                     self.some(r.choice("YN")), self.some(r.randint(1, 28)), self.some(r.randint(1, 12)), self.some(r.randint(1930, 1999)),
                     self.some(r.choice(COUNTRIES)), self.some(f"{first}.{last}@{i % 13}.example".lower()))

    def places(self):
        r = self.r
        for i in range(1, SHOPS + 1):
            self.put("shop", i, f"S{(i + 1) // 2:011}", self.some(DAY_ID + r.randrange(DAYS), 0.7), ("ought", "able", "pri", "ese", "anti", "cally", "ation")[i - 1],
                     self.some(r.randint(200, 300)), r.randint(5000, 9999) * 1000, r.choice(("8AM-8AM", "8AM-4PM", "8AM-12AM")), r.choice(NAMES), r.randint(1, 10),
                     r.choice(CITIES), r.choice(COUNTIES), self.some(STATES[i % 3], 0.1), f"{r.randint(0, 60) * 1511 % 99999:05}", f"0.0{i}")
        for i in range(1, HUBS + 1):
            self.put("hub", i, ("NY Metro", "Mid Atlantic", "North Midwest", "Pacific")[i - 1], r.choice(("small", "medium", "large")), r.randint(1, 7) * 100,
                     r.choice(NAMES), r.choice(COUNTIES), DAY_ID - r.randrange(1000))
        for i in range(1, BROCHURES + 1):
            start = DAY_ID + r.randrange(DAYS - 100)
            self.put("brochure", i, start, self.some(start + r.randrange(90)), i // 10 + 1, i % 10 + 1, r.choice(("monthly", "quarterly", "bi-annual")))
        for i in range(1, SITES + 1):
            self.put("site", i, f"site_{(i - 1) // 2}", r.choice(NAMES), ("pri", "able", "ought", "bar")[i - 1], f"0.{i:02}")
        for i in range(1, PAGES + 1):
            self.put("page", i, self.some(DAY_ID + r.randrange(DAYS)), self.some(r.choice("YN")), r.randint(100, 8000), r.randint(2, 25),
                     r.choice(("order", "welcome", "ad", "feedback", "general")))
        for i in range(1, DEPOTS + 1):
            self.put("depot", i, self.some(("Conventional", "Matches produce", "Doors canno", "Important issues")[i - 1], 0.1), self.some(r.randint(50, 999) * 1000),
                     r.choice(CITIES), STATES[i % 4])
        for i in range(1, CARRIERS + 1):
            self.put("carrier", i, ("EXPRESS", "NEXT DAY", "OVERNIGHT", "REGULAR", "LIBRARY", "TWO DAY")[i % 6], ("AIR", "SURFACE", "SEA")[i % 3], f"carrier {i % 5}")
        for i in range(1, MOTIVES + 1):
            self.put("motive", i, ("Did not like the color", "Package was damaged", "Stopped working", "Found a better price", "Gift exchange", "Parts missing",
                                   "Wrong size", "Duplicate purchase", "Not the product that was ordered", "Lost my job", "unknown")[i - 1])
        for i in range(1, PROMOS + 1):
            start = DAY_ID + r.randrange(DAYS - 60)
            self.put("promo", i, self.some(start), self.some(start + r.randint(5, 60)), self.some(r.randint(1, ARTICLES)), "1000.00",
                     self.some(r.choice(("ought", "able", "pri", "ese", "anti"))), r.choice("YN"), r.choice("YN"), r.choice("YN"), "Unknown")

    def amounts(self, article):
        """quantity, buy, list, price, list_total, total, coupon, in cents; quantity may be unknown."""
        r = self.r
        buy, high = self.price[article]
        quantity = r.choice((1, 1, 2, 3, 5, 8, 13, 40, 90))
        price = high * r.randint(30, 100) // 100
        total = price * quantity
        coupon = total * r.randint(5, 60) // 100 if r.random() < 0.2 else 0
        return quantity, buy, high, price, high * quantity, total, coupon

    def shop_sales(self):
        r = self.r
        for ticket in range(1, SHOP_TICKETS * self.factor + 1):
            n = self.day()
            day, minute = self.some(DAY_ID + n), self.some(r.randint(480, 1259))
            client, shop = self.some(self.skewed(CLIENTS)), self.some(self.skewed(SHOPS))
            persona, household, address = self.some(r.randint(1, 120)), self.some(r.randint(1, 80)), self.some(r.randint(1, ADDRESSES))
            for article in r.sample(range(1, ARTICLES + 1), min(12, 1 + int(r.expovariate(0.25)))):
                if r.random() < 0.4:
                    article = 1 + article % 20
                quantity, buy, high, price, list_total, total, coupon = self.amounts(article)
                tax = (total - coupon) * r.randint(0, 9) // 100
                self.put("shop_sale", day, minute, article, client, persona, household, address, shop, self.some(r.randint(1, PROMOS), 0.3), ticket,
                         self.some(quantity, 0.03), self.some(money(buy), 0.02), money(high), self.some(money(price), 0.03), money(list_total), self.some(money(total), 0.03),
                         self.some(money(coupon), 0.02), money(tax), self.some(money(total - coupon), 0.02), self.some(money(total - coupon - buy * quantity), 0.02))
                if r.random() < 0.12:
                    back = r.randint(1, quantity)
                    amount = price * back
                    self.put("shop_return", self.some(DAY_ID + min(DAYS - 1, n + r.randint(1, 90))), article, self.some(client if r.random() < 0.9 else r.randint(1, CLIENTS)),
                             shop if r.random() < 0.8 else r.randint(1, SHOPS), self.some(r.randint(1, MOTIVES)), ticket, self.some(back), self.some(money(amount)),
                             money(r.randint(0, 9999)), self.some(money(amount // 2 + r.randint(0, 5000))))

    def sent(self, n):
        """Days of order and of shipping."""
        return self.some(DAY_ID + n), self.some(DAY_ID + min(DAYS - 1, n + self.r.randint(1, 130)))

    def orders(self, table, count):
        r = self.r
        mail = table == "mail"
        for order in range(1, count + 1):
            n = self.day()
            day, ship = self.sent(n)
            minute, client = self.some(r.randrange(1440)), self.some(self.skewed(CLIENTS))
            to = client if r.random() < 0.8 else self.some(r.randint(1, CLIENTS))
            address = self.some(r.randint(1, ADDRESSES))
            one, two = (self.some(r.randint(1, HUBS)), self.some(r.randint(1, BROCHURES))) if mail else (self.some(r.randint(1, PAGES)), self.some(r.randint(1, SITES)))
            for article in r.sample(range(1, ARTICLES + 1), min(10, 1 + int(r.expovariate(0.3)))):
                if r.random() < 0.3:
                    article = 1 + article % 25
                carrier, depot, promo = self.some(r.randint(1, CARRIERS)), self.some(self.skewed(DEPOTS)), self.some(r.randint(1, PROMOS), 0.4)
                quantity, buy, high, price, list_total, total, coupon = self.amounts(article)
                tail = (order, self.some(quantity, 0.03), self.some(money(buy), 0.02), money(high), self.some(money(price), 0.03), money(list_total), self.some(money(total), 0.03),
                        self.some(money(coupon), 0.02), self.some(money(total * r.randint(0, 40) // 100), 0.02), self.some(money(total - coupon), 0.02),
                        self.some(money(total - coupon - buy * quantity), 0.02))
                if mail:
                    self.put("mail_sale", day, minute, ship, client, to, address, self.some(r.randint(1, 120)), one, two, carrier, depot, article, promo, *tail)
                else:
                    self.put("net_sale", day, minute, ship, article, client, to, address, self.some(r.randint(1, 80)), one, two, carrier, depot, promo, *tail)
                if r.random() < 0.13:
                    back = r.randint(1, quantity)
                    amount = price * back
                    end = (self.some(r.randint(1, MOTIVES)), order, self.some(back), self.some(money(amount)), money(r.randint(0, 9999)), self.some(money(amount // 3 + 100)))
                    when = self.some(DAY_ID + min(DAYS - 1, n + r.randint(1, 120)))
                    if mail:
                        self.put("mail_return", when, article, self.some(client), one, depot, *end)
                    else:
                        self.put("net_return", when, article, self.some(client), one, *end)

    def stock(self):
        for week in range(STOCK_WEEKS):
            for depot in range(1, DEPOTS + 1):
                for article in range(1 + (week + depot) % 7, ARTICLES + 1, 17):
                    self.put("stock", DAY_ID + 365 * 2 + week * 7, article, depot, self.some(self.r.choice((0, 3, 20, 150, 400, 700, 990))))

    def make(self):
        self.calendar()
        self.articles()
        self.people()
        self.places()
        self.shop_sales()
        self.orders("mail", MAIL_ORDERS * self.factor)
        self.orders("net", NET_ORDERS * self.factor)
        self.stock()
        return self.tables
