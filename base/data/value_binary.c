/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/value_binary.h"
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"

#include <string.h>

#define NUMERIC_BASE       10000
#define NUMERIC_BASE_DIGIT 4
#define NUMERIC_NEGATIVE   0x4000
#define NUMERIC_GROUPS_MAX 20 /* of 128 bits, with up to 38 decimals */

/* ---- out ------------------------------------------------------------------ */

static void put_big(Text *text, uint64_t value, int32_t bytes)
{
    char *at = text_reserve(text, (size_t) bytes);
    for (int32_t i = 0; i < bytes; i++)
        at[i] = (char) (value >> (8 * (bytes - 1 - i)));
    text->length += (size_t) bytes;
    text->data[text->length] = '\0';
}

static void put_double(Text *text, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_big(text, bits, 8);
}

static void put_real(Text *text, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_big(text, bits, 4);
}

/* int16 groups, weight of the first, sign, decimals shown; then the groups. */
static void put_numeric(Text *text, int128 value, int32_t scale)
{
    uint16_t groups[NUMERIC_GROUPS_MAX];
    int32_t count = 0;
    bool negative = value < 0;
    unsigned __int128 rest = negative ? -(unsigned __int128) value : (unsigned __int128) value;
    int32_t decimals = (scale + NUMERIC_BASE_DIGIT - 1) / NUMERIC_BASE_DIGIT; /* groups behind the point */
    int32_t partial = scale % NUMERIC_BASE_DIGIT;
    if (partial != 0 && rest != 0) /* the last group is filled up with zeros */
    {
        unsigned unit = partial == 1 ? 10 : partial == 2 ? 100 : 1000;
        groups[count++] = (uint16_t) ((unsigned) (rest % unit) * (NUMERIC_BASE / unit));
        rest /= unit;
    }
    for (; rest != 0 || (count > 0 && count < decimals); rest /= NUMERIC_BASE)
    {
        ASSERT(count < NUMERIC_GROUPS_MAX);
        groups[count++] = (uint16_t) (rest % NUMERIC_BASE);
    }
    int32_t weight = count - decimals - 1;
    int32_t last = 0;
    while (last < count && groups[last] == 0)
        last++;
    while (count > last && groups[count - 1] == 0)
    {
        count--;
        weight--;
    }
    put_big(text, (uint64_t) (count - last), 2);
    put_big(text, (uint64_t) (int64_t) (count == last ? 0 : weight), 2);
    put_big(text, negative ? NUMERIC_NEGATIVE : 0, 2);
    put_big(text, (uint64_t) scale, 2);
    for (int32_t i = count; i > last; i--)
        put_big(text, groups[i - 1], 2);
}

static void put_varbyte(Text *text, Str value)
{
    Arena *arena = arena_new("varbyte");
    Str bytes = varbyte_bytes(arena, value);
    text_append(text, bytes.data, (size_t) bytes.len);
    arena_free(arena);
}

void value_write_binary(Text *text, SqlType type, const Datum *value)
{
    ASSERT(!value->null);
    switch ((TypeId) type.id)
    {
    case TYPE_BOOLEAN:
        put_big(text, value->i != 0, 1);
        return;
    case TYPE_SMALLINT:
        put_big(text, (uint64_t) value->i, 2);
        return;
    case TYPE_INTEGER:
    case TYPE_DATE:
        put_big(text, (uint64_t) value->i, 4);
        return;
    case TYPE_BIGINT:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
        put_big(text, (uint64_t) value->i, 8);
        return;
    case TYPE_TIMETZ:
        put_big(text, (uint64_t) timetz_time(value->i), 8);
        put_big(text, (uint64_t) (int64_t) timetz_west(value->i), 4);
        return;
    case TYPE_INTERVAL:
        put_big(text, (uint64_t) value->interval.us, 8);
        put_big(text, (uint64_t) (int64_t) value->interval.days, 4);
        put_big(text, (uint64_t) (int64_t) value->interval.months, 4);
        return;
    case TYPE_REAL:
        put_real(text, (float) value->f);
        return;
    case TYPE_DOUBLE:
        put_double(text, value->f);
        return;
    case TYPE_DECIMAL:
        put_numeric(text, datum_decimal(type, value), type.scale);
        return;
    case TYPE_VARBYTE:
        put_varbyte(text, value->str);
        return;
    default:
        value_print(text, type, value); /* text, CHAR with its blanks */
        return;
    }
}

/* ---- in -------------------------------------------------------------------- */

static Error *bad_format(SqlType type)
{
    return error_new(SQLSTATE_PROTOCOL_VIOLATION, "incorrect binary data format for type %s",
                     type_name(type));
}

static int64_t get_big(const uint8_t *at, int32_t bytes)
{
    uint64_t value = (at[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (int32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t) value;
}

Error *value_print_numeric(Text *text, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    SqlType type = type_make(TYPE_DECIMAL);
    if (length < 8)
        return bad_format(type);
    int64_t count = get_big(at, 2), weight = get_big(at + 2, 2), sign = get_big(at + 4, 2), scale = get_big(at + 6, 2);
    if (count < 0 || (size_t) (8 + 2 * count) != length || (sign != 0 && sign != NUMERIC_NEGATIVE) || scale < 0)
        return bad_format(type);
    bool sound = weight < NUMERIC_GROUPS_MAX && weight > -NUMERIC_GROUPS_MAX && count < 2 * NUMERIC_GROUPS_MAX;
    for (int64_t i = 0; i < count; i++)
        sound = sound && get_big(at + 8 + 2 * i, 2) >= 0 && get_big(at + 8 + 2 * i, 2) < NUMERIC_BASE;
    if (!sound)
        return bad_format(type);
    text_puts(text, sign != 0 ? "-" : "");
    int64_t behind = (scale + NUMERIC_BASE_DIGIT - 1) / NUMERIC_BASE_DIGIT; /* groups */
    for (int64_t place = weight > 0 ? weight : 0; place >= -behind; place--)
    {
        int64_t i = weight - place;
        if (place == -1)
            text_putc(text, '.');
        text_printf(text, "%04d", i >= 0 && i < count ? (int) get_big(at + 8 + 2 * i, 2) : 0);
    }
    text->length -= (size_t) (behind * NUMERIC_BASE_DIGIT - scale);
    text->data[text->length] = '\0';
    return NULL;
}

/* As text, which has one rule for rounding and range: value_parse()'s. */
static Error *get_numeric(SqlType type, const uint8_t *at, size_t length, Datum *out)
{
    Text text;
    text_init(&text, NULL);
    Error *error = value_print_numeric(&text, at, length);
    if (error == NULL)
        error = value_parse(NULL, type, VALUE_INPUT, text.data, text.length, out);
    text_free(&text);
    return error;
}

static Error *moment_checked(SqlType type, Datum *out)
{
    bool good = true;
    if (type.id == TYPE_DATE)
        good = out->i >= DATE_MIN && out->i < DATE_END;
    else if (type.id == TYPE_TIME)
        good = out->i >= 0 && out->i <= DAY_US;
    else if (type.id == TYPE_TIMESTAMP || type.id == TYPE_TIMESTAMPTZ)
        good = out->i >= TIMESTAMP_MIN && out->i < TIMESTAMP_END;
    if (good)
        return NULL;
    *out = (Datum){.null = false};
    return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "%s out of range", type_name(type));
}

static Error *get_timetz(SqlType type, const uint8_t *at, Datum *out)
{
    int64_t time = get_big(at, 8), west = get_big(at + 8, 4);
    if (time < 0 || time > DAY_US || west < -57599 || west > 57599)
        return bad_format(type);
    out->i = timetz_make(time, (int32_t) west);
    return NULL;
}

/* Bytes of types of one width; 0: others. */
static size_t fixed_width(SqlType type)
{
    switch ((TypeId) type.id)
    {
    case TYPE_BOOLEAN:
        return 1;
    case TYPE_SMALLINT:
        return 2;
    case TYPE_INTEGER:
    case TYPE_DATE:
    case TYPE_REAL:
        return 4;
    case TYPE_BIGINT:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_DOUBLE:
        return 8;
    case TYPE_TIMETZ:
        return 12;
    case TYPE_INTERVAL:
        return 16;
    default:
        return 0;
    }
}

static Error *get_fixed(SqlType type, const uint8_t *at, size_t width, Datum *out)
{
    uint64_t bits = width <= 8 ? (uint64_t) get_big(at, (int32_t) width) : 0;
    uint32_t half = (uint32_t) bits;
    float real;
    switch ((TypeId) type.id)
    {
    case TYPE_REAL:
        memcpy(&real, &half, sizeof real);
        out->f = (double) real;
        return NULL;
    case TYPE_DOUBLE:
        memcpy(&out->f, &bits, sizeof out->f);
        return NULL;
    case TYPE_BOOLEAN:
        out->i = bits != 0;
        return NULL;
    case TYPE_TIMETZ:
        return get_timetz(type, at, out);
    case TYPE_INTERVAL:
        out->interval = (Interval){
            .us = get_big(at, 8), .days = (int32_t) get_big(at + 8, 4), .months = (int32_t) get_big(at + 12, 4)};
        out->interval = interval_fit(&out->interval, type.length, type.precision);
        return NULL;
    default:
        out->i = (int64_t) bits;
        return moment_checked(type, out);
    }
}

Error *value_read_binary(Arena *arena, SqlType type, const void *bytes, size_t length, Datum *out)
{
    size_t width = fixed_width(type);
    *out = (Datum){.null = false};
    if (width > 0)
        return length == width ? get_fixed(type, bytes, width, out) : bad_format(type);
    if (type.id == TYPE_DECIMAL)
        return get_numeric(type, bytes, length, out);
    if (type.id == TYPE_VARBYTE)
        return varbyte_from_bytes(arena, type.length, VALUE_INPUT, (Str){bytes, (int64_t) length}, &out->str);
    return value_parse(arena, type, VALUE_INPUT, arena_strndup(arena, bytes, length), length, out);
}
