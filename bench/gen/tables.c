/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order and its lines come from one counter, because the price of an order
 * is the sum of its lines and its status follows theirs:
 *
 *     random(order) -> custkey, date, ..., line count n
 *     random(order, line) -> part, quantity, dates ...     for 1..n
 *     orders:   adds them up        lineitem:  prints them
 */
#include "bench/gen/tables.h"

#include "bench/gen/words.h"

#include <stdio.h>
#include <string.h>

enum
{
    STREAM_SUPPLIER = 1,
    STREAM_COMPLAINT,
    STREAM_CUSTOMER,
    STREAM_PART,
    STREAM_PARTSUPP,
    STREAM_ORDER,
    STREAM_ORDER_TEXT,
    STREAM_LINE,
    STREAM_LINE_TEXT,
    STREAM_REGION,
    STREAM_NATION
};

#define DAY_COUNT 2557     /* 1992-01-01 .. 1998-12-31 */
#define DAY_CURRENT 1263   /* 1995-06-17 */
#define DAY_ORDER_LAST (DAY_COUNT - 1 - 151)
#define LINES_MAX 7
#define SUPPLIERS_PER_PART 4

static char day_text[DAY_COUNT][10];
static char pair_text[100][2];

typedef struct Line
{
    int64_t part;
    int64_t supplier;
    int64_t price; /* cents */
    int32_t quantity;
    int32_t discount;
    int32_t tax;
    int32_t ship;
    int32_t commit;
    int32_t receipt;
    char flag;
    char status;
    const Word *instruction;
    const Word *mode;
} Line;

typedef struct Order
{
    int64_t key;
    int64_t customer;
    int64_t total; /* cents */
    int32_t day;
    int32_t line_count;
    char status;
    Line lines[LINES_MAX];
} Order;

/* ---- pieces of rows ---- */

static char *put_int(char *out, int64_t value)
{
    char digits[24], *p = digits + sizeof digits;
    uint64_t rest = value < 0 ? (uint64_t) -value : (uint64_t) value;
    for (; rest >= 100; rest /= 100)
        memcpy(p -= 2, pair_text[rest % 100], 2);
    if (rest >= 10)
        memcpy(p -= 2, pair_text[rest], 2);
    else
        *--p = (char) ('0' + rest);
    if (value < 0)
        *--p = '-';
    size_t length = (size_t) (digits + sizeof digits - p);
    memcpy(out, p, length);
    return out + length;
}

static char *put_cents(char *out, int64_t cents)
{
    if (cents < 0)
    {
        *out++ = '-';
        cents = -cents;
    }
    out = put_int(out, cents / 100);
    *out++ = '.';
    memcpy(out, pair_text[cents % 100], 2);
    return out + 2;
}

static char *put_text(char *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

static char *put_word_of(char *out, const Word *word)
{
    memcpy(out, word->text, word->length);
    return out + word->length;
}

/* "Supplier#000000001" */
static char *put_numbered(char *out, const char *prefix, int64_t number)
{
    out = put_text(out, prefix);
    for (int i = 8; i >= 0; i--, number /= 10)
        out[i] = (char) ('0' + number % 10);
    return out + 9;
}

static char *put_day(char *out, int32_t day)
{
    memcpy(out, day_text[day], 10);
    return out + 10;
}

static char *put_comment(char *out, int least, int most, Random *r)
{
    return out + text_put(out, least, most, r);
}

static char *put_address(char *out, Random *r)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,";
    int64_t length = random_range(r, 10, 40);
    uint64_t bits = 0;
    for (int64_t i = 0; i < length; i++, bits >>= 6)
    {
        if (i % 10 == 0)
            bits = random_next(r);
        *out++ = letters[bits & 63];
    }
    return out;
}

static char *put_phone(char *out, int64_t nation, Random *r)
{
    out = put_int(out, nation + 10);
    *out++ = '-';
    out = put_int(out, random_range(r, 100, 999));
    *out++ = '-';
    out = put_int(out, random_range(r, 100, 999));
    *out++ = '-';
    return put_int(out, random_range(r, 1000, 9999));
}

static int64_t part_price(int64_t part)
{
    return 90000 + part / 10 % 20001 + 100 * (part % 1000);
}

/* The i-th of the four suppliers of a part (clause 4.2.3, PS_SUPPKEY). */
static int64_t part_supplier(const Scale *scale, int64_t part, int64_t i)
{
    int64_t s = scale->suppliers;
    return (part + i * (s / 4 + (part - 1) / s)) % s + 1;
}

/* ---- region, nation ---- */

static int64_t region_units(const Scale *scale)
{
    (void) scale;
    return words_count(LIST_REGION);
}

static char *region_put(char *out, const Scale *scale, int64_t unit)
{
    (void) scale;
    Random r = random_of(STREAM_REGION, (uint64_t) unit);
    out = put_int(out, unit);
    *out++ = '|';
    out = put_word_of(out, words_at(LIST_REGION, (int32_t) unit));
    *out++ = '|';
    out = put_comment(out, 31, 115, &r);
    *out++ = '\n';
    return out;
}

static int64_t nation_units(const Scale *scale)
{
    (void) scale;
    return words_count(LIST_NATION);
}

static char *nation_put(char *out, const Scale *scale, int64_t unit)
{
    (void) scale;
    Random r = random_of(STREAM_NATION, (uint64_t) unit);
    const Word *nation = words_at(LIST_NATION, (int32_t) unit);
    out = put_int(out, unit);
    *out++ = '|';
    out = put_word_of(out, nation);
    *out++ = '|';
    out = put_int(out, nation->weight);
    *out++ = '|';
    out = put_comment(out, 31, 114, &r);
    *out++ = '\n';
    return out;
}

/* ---- supplier ---- */

static int64_t supplier_units(const Scale *scale)
{
    return scale->suppliers;
}

/* Of each 1000 suppliers one has a word about customers in its comment: complaints and praise by turns. */
static void supplier_note(char *comment, size_t length, int64_t unit)
{
    int64_t block = unit / 1000;
    Random chosen = random_of(STREAM_COMPLAINT, (uint64_t) block);
    if (unit % 1000 != random_range(&chosen, 0, 999))
        return;
    const char *note = block % 2 == 0 ? "Complaints" : "Recommends";
    size_t both = strlen("Customer") + strlen(note);
    size_t noise = (size_t) random_range(&chosen, 0, (int64_t) (length - both));
    size_t from = (size_t) random_range(&chosen, 0, (int64_t) (length - both - noise));
    memcpy(comment + from, "Customer", 8);
    memcpy(comment + from + 8 + noise, note, strlen(note));
}

static char *supplier_put(char *out, const Scale *scale, int64_t unit)
{
    (void) scale;
    Random r = random_of(STREAM_SUPPLIER, (uint64_t) unit);
    int64_t nation = random_range(&r, 0, 24);
    out = put_int(out, unit + 1);
    *out++ = '|';
    out = put_numbered(out, "Supplier#", unit + 1);
    *out++ = '|';
    out = put_address(out, &r);
    *out++ = '|';
    out = put_int(out, nation);
    *out++ = '|';
    out = put_phone(out, nation, &r);
    *out++ = '|';
    out = put_cents(out, random_range(&r, -99999, 999999));
    *out++ = '|';
    char *comment = out;
    out = put_comment(out, 25, 100, &r);
    supplier_note(comment, (size_t) (out - comment), unit);
    *out++ = '\n';
    return out;
}

/* ---- customer ---- */

static int64_t customer_units(const Scale *scale)
{
    return scale->customers;
}

static char *customer_put(char *out, const Scale *scale, int64_t unit)
{
    (void) scale;
    Random r = random_of(STREAM_CUSTOMER, (uint64_t) unit);
    int64_t nation = random_range(&r, 0, 24);
    out = put_int(out, unit + 1);
    *out++ = '|';
    out = put_numbered(out, "Customer#", unit + 1);
    *out++ = '|';
    out = put_address(out, &r);
    *out++ = '|';
    out = put_int(out, nation);
    *out++ = '|';
    out = put_phone(out, nation, &r);
    *out++ = '|';
    out = put_cents(out, random_range(&r, -99999, 999999));
    *out++ = '|';
    out = put_word_of(out, words_pick(LIST_SEGMENT, &r));
    *out++ = '|';
    out = put_comment(out, 29, 116, &r);
    *out++ = '\n';
    return out;
}

/* ---- part, partsupp ---- */

static int64_t part_units(const Scale *scale)
{
    return scale->parts;
}

/* Five different colours, in the order drawn. */
static char *put_colors(char *out, Random *r)
{
    int32_t drawn[5];
    for (int i = 0; i < 5;)
    {
        drawn[i] = (int32_t) random_range(r, 0, words_count(LIST_COLOR) - 1);
        int j = 0;
        while (drawn[j] != drawn[i])
            j++;
        if (j < i)
            continue;
        if (i++ > 0)
            *out++ = ' ';
        out = put_word_of(out, words_at(LIST_COLOR, drawn[i - 1]));
    }
    return out;
}

static char *part_put(char *out, const Scale *scale, int64_t unit)
{
    (void) scale;
    Random r = random_of(STREAM_PART, (uint64_t) unit);
    int64_t maker = random_range(&r, 1, 5);
    out = put_int(out, unit + 1);
    *out++ = '|';
    out = put_colors(out, &r);
    out = put_text(out, "|Manufacturer#");
    out = put_int(out, maker);
    out = put_text(out, "|Brand#");
    out = put_int(out, 10 * maker + random_range(&r, 1, 5));
    *out++ = '|';
    out = put_word_of(out, words_pick(LIST_TYPE1, &r));
    *out++ = ' ';
    out = put_word_of(out, words_pick(LIST_TYPE2, &r));
    *out++ = ' ';
    out = put_word_of(out, words_pick(LIST_TYPE3, &r));
    *out++ = '|';
    out = put_int(out, random_range(&r, 1, 50));
    *out++ = '|';
    out = put_word_of(out, words_pick(LIST_CONTAINER1, &r));
    *out++ = ' ';
    out = put_word_of(out, words_pick(LIST_CONTAINER2, &r));
    *out++ = '|';
    out = put_cents(out, part_price(unit + 1));
    *out++ = '|';
    out = put_comment(out, 5, 22, &r);
    *out++ = '\n';
    return out;
}

static char *partsupp_put(char *out, const Scale *scale, int64_t unit)
{
    Random r = random_of(STREAM_PARTSUPP, (uint64_t) unit);
    for (int64_t i = 0; i < SUPPLIERS_PER_PART; i++)
    {
        out = put_int(out, unit + 1);
        *out++ = '|';
        out = put_int(out, part_supplier(scale, unit + 1, i));
        *out++ = '|';
        out = put_int(out, random_range(&r, 1, 9999));
        *out++ = '|';
        out = put_cents(out, random_range(&r, 100, 100000));
        *out++ = '|';
        out = put_comment(out, 49, 198, &r);
        *out++ = '\n';
    }
    return out;
}

/* ---- orders, lineitem ---- */

static int64_t order_units(const Scale *scale)
{
    return scale->orders;
}

static Line line_make(const Scale *scale, int64_t unit, int32_t number, int32_t order_day)
{
    Random r = random_of(STREAM_LINE, (uint64_t) unit * 8 + (uint64_t) number);
    Line line;
    line.part = random_range(&r, 1, scale->parts);
    line.supplier = part_supplier(scale, line.part, random_range(&r, 0, SUPPLIERS_PER_PART - 1));
    line.quantity = (int32_t) random_range(&r, 1, 50);
    line.price = line.quantity * part_price(line.part);
    line.discount = (int32_t) random_range(&r, 0, 10);
    line.tax = (int32_t) random_range(&r, 0, 8);
    line.ship = order_day + (int32_t) random_range(&r, 1, 121);
    line.commit = order_day + (int32_t) random_range(&r, 30, 90);
    line.receipt = line.ship + (int32_t) random_range(&r, 1, 30);
    line.flag = line.receipt > DAY_CURRENT ? 'N' : "RA"[random_next(&r) >> 63];
    line.status = line.ship > DAY_CURRENT ? 'O' : 'F';
    line.instruction = words_pick(LIST_INSTRUCTION, &r);
    line.mode = words_pick(LIST_MODE, &r);
    return line;
}

static void order_make(Order *order, const Scale *scale, int64_t unit)
{
    Random r = random_of(STREAM_ORDER, (uint64_t) unit);
    /* of every 32 keys only 8 are used: 1..7, 32..39, 64..71 */
    order->key = (unit + 1) / 8 * 32 + (unit + 1) % 8;
    /* a third of the customers, those divisible by three, never order */
    int64_t buyer = random_range(&r, 0, scale->customers - scale->customers / 3 - 1);
    order->customer = buyer / 2 * 3 + buyer % 2 + 1;
    order->day = (int32_t) random_range(&r, 0, DAY_ORDER_LAST);
    order->line_count = (int32_t) random_range(&r, 1, LINES_MAX);
    order->total = 0;
    int32_t open_count = 0;
    for (int32_t i = 0; i < order->line_count; i++)
    {
        Line *line = &order->lines[i];
        *line = line_make(scale, unit, i, order->day);
        order->total += line->price * (100 - line->discount) / 100 * (100 + line->tax) / 100;
        open_count += line->status == 'O';
    }
    order->status = open_count == 0 ? 'F' : open_count == order->line_count ? 'O' : 'P';
}

static char *orders_put(char *out, const Scale *scale, int64_t unit)
{
    Order order;
    order_make(&order, scale, unit);
    Random r = random_of(STREAM_ORDER_TEXT, (uint64_t) unit);
    out = put_int(out, order.key);
    *out++ = '|';
    out = put_int(out, order.customer);
    *out++ = '|';
    *out++ = order.status;
    *out++ = '|';
    out = put_cents(out, order.total);
    *out++ = '|';
    out = put_day(out, order.day);
    *out++ = '|';
    out = put_word_of(out, words_pick(LIST_PRIORITY, &r));
    *out++ = '|';
    out = put_numbered(out, "Clerk#", random_range(&r, 1, scale->clerks));
    out = put_text(out, "|0|");
    out = put_comment(out, 19, 78, &r);
    *out++ = '\n';
    return out;
}

static char *line_put(char *out, int64_t key, int32_t number, const Line *line, Random *r)
{
    out = put_int(out, key);
    *out++ = '|';
    out = put_int(out, line->part);
    *out++ = '|';
    out = put_int(out, line->supplier);
    *out++ = '|';
    *out++ = (char) ('1' + number);
    *out++ = '|';
    out = put_int(out, line->quantity);
    *out++ = '|';
    out = put_cents(out, line->price);
    *out++ = '|';
    out = put_cents(out, line->discount);
    *out++ = '|';
    out = put_cents(out, line->tax);
    *out++ = '|';
    *out++ = line->flag;
    *out++ = '|';
    *out++ = line->status;
    *out++ = '|';
    out = put_day(out, line->ship);
    *out++ = '|';
    out = put_day(out, line->commit);
    *out++ = '|';
    out = put_day(out, line->receipt);
    *out++ = '|';
    out = put_word_of(out, line->instruction);
    *out++ = '|';
    out = put_word_of(out, line->mode);
    *out++ = '|';
    out = put_comment(out, 10, 43, r);
    *out++ = '\n';
    return out;
}

static char *lineitem_put(char *out, const Scale *scale, int64_t unit)
{
    Order order;
    order_make(&order, scale, unit);
    Random r = random_of(STREAM_LINE_TEXT, (uint64_t) unit);
    for (int32_t i = 0; i < order.line_count; i++)
        out = line_put(out, order.key, i, &order.lines[i], &r);
    return out;
}

/* ---- all ---- */

const Table tables[TABLE_COUNT] = {
    {"region", region_units, region_put, 256},
    {"nation", nation_units, nation_put, 256},
    {"supplier", supplier_units, supplier_put, 384},
    {"customer", customer_units, customer_put, 384},
    {"part", part_units, part_put, 384},
    {"partsupp", part_units, partsupp_put, 4 * 320},
    {"orders", order_units, orders_put, 320},
    {"lineitem", order_units, lineitem_put, LINES_MAX * 320},
};

static int64_t scaled(double factor, int64_t at_one)
{
    int64_t count = (int64_t) (factor * (double) at_one + 0.5);
    return count < 1 ? 1 : count;
}

Scale scale_of(double factor)
{
    int64_t clerks = scaled(factor, 1000);
    return (Scale){.suppliers = scaled(factor, 10000),
                   .customers = scaled(factor, 150000),
                   .parts = scaled(factor, 200000),
                   .orders = scaled(factor, 1500000),
                   .clerks = clerks < 1000 ? 1000 : clerks};
}

void tables_init(void)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int i = 0; i < 100; i++)
        memcpy(pair_text[i], (char[]){(char) ('0' + i / 10), (char) ('0' + i % 10)}, 2);
    int day = 0;
    for (int year = 1992; year <= 1998; year++)
        for (int month = 1; month <= 12; month++)
            for (int d = 1; d <= month_days[month - 1] + (month == 2 && year % 4 == 0); d++, day++)
            {
                char text[40];
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, d);
                memcpy(day_text[day], text, 10);
            }
}
