/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/value.h"
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "base/data/value_session.h"

#include <math.h>
#include <string.h>
#include <strings.h>

bool value_rounds(ValueMode mode)
{
    return mode == VALUE_INPUT || (mode == VALUE_CAST && value_session()->rounds);
}

/* ---- text to value -------------------------------------------------------- */

static Error *boolean_parse(const char *text, size_t length, int64_t *value)
{
    static const struct
    {
        const char *word;
        size_t shortest; /* letters that suffice */
        bool value;
    } words[] = {{"true", 1, true},   {"yes", 1, true}, {"on", 2, true},   {"1", 1, true},
                 {"false", 1, false}, {"no", 1, false}, {"off", 2, false}, {"0", 1, false}};
    const char *at = text;
    size_t left = length;
    for (; left > 0 && (*at == ' ' || *at == '\t'); left--)
        at++;
    while (left > 0 && (at[left - 1] == ' ' || at[left - 1] == '\t'))
        left--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (left >= words[i].shortest && left <= strlen(words[i].word) && strncasecmp(words[i].word, at, left) == 0)
        {
            *value = words[i].value;
            return NULL;
        }
    return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type boolean: \"%.*s\"",
                     (int) (length > 100 ? 100 : length), text);
}

static Error *too_long(SqlType type)
{
    return error_new(SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "value too long for type %s(%d)", type_name(type),
                     type.length);
}

Error *str_fit(SqlType type, ValueMode mode, Str text, Str *out)
{
    *out = text;
    if (type.id == TYPE_CHAR)
    {
        out->len = str_trimmed(text);
        if (!ascii_only(out->data, (size_t) out->len))
            return error_new(SQLSTATE_UNTRANSLATABLE_CHARACTER, "multi-byte character in a value of type character");
    }
    if (type.length == 0 || out->len <= type.length)
        return NULL;
    if (mode == VALUE_CAST)
    {
        out->len = utf8_cut(out->data, out->len, type.length);
        if (type.id == TYPE_CHAR)
            out->len = str_trimmed(*out);
        return NULL;
    }
    if (str_trimmed(*out) > type.length)
        return too_long(type);
    out->len = type.length;
    return NULL;
}

static Error *string_parse(SqlType type, ValueMode mode, const char *text, size_t length, Str *out)
{
    if (!utf8_valid(text, length))
        return error_new(SQLSTATE_UNTRANSLATABLE_CHARACTER, "invalid byte sequence for encoding \"UTF8\"");
    return str_fit(type, mode, (Str){text, (int64_t) length}, out);
}

static Error *decimal_value_parse(SqlType type, ValueMode mode, const char *text, size_t length, Datum *out)
{
    int128 value;
    int32_t precision = type.precision == 0 ? DECIMAL_PRECISION_I64_MAX : type.precision;
    TRY(decimal_parse(text, length, precision, type.scale, value_rounds(mode), &value));
    *out = decimal_datum(type, value);
    return NULL;
}

Error *value_parse(Arena *arena, SqlType type, ValueMode mode, const char *text, size_t length, Datum *out)
{
    int32_t date;
    out->null = false;
    switch ((TypeId) type.id)
    {
    case TYPE_SMALLINT:
        return int64_parse(text, length, "smallint", INT16_MIN, INT16_MAX, &out->i);
    case TYPE_INTEGER:
        return int64_parse(text, length, "integer", INT32_MIN, INT32_MAX, &out->i);
    case TYPE_BIGINT:
        return int64_parse(text, length, "bigint", INT64_MIN, INT64_MAX, &out->i);
    case TYPE_DECIMAL:
        return decimal_value_parse(type, mode, text, length, out);
    case TYPE_REAL:
        return double_parse(text, length, true, &out->f);
    case TYPE_DOUBLE:
        return double_parse(text, length, false, &out->f);
    case TYPE_BOOLEAN:
        return boolean_parse(text, length, &out->i);
    case TYPE_DATE:
        TRY(date_parse(text, length, &date));
        out->i = date;
        return NULL;
    case TYPE_TIMESTAMP:
        return timestamp_parse(text, length, &out->i);
    case TYPE_TIMESTAMPTZ:
        return timestamptz_parse(text, length, &out->i);
    case TYPE_TIME:
        return time_parse(text, length, &out->i);
    case TYPE_TIMETZ:
        return timetz_parse(text, length, &out->i);
    case TYPE_INTERVAL:
        TRY(interval_parse(text, length, &out->interval));
        out->interval = interval_fit(&out->interval, type.length, type.precision);
        return NULL;
    case TYPE_VARBYTE:
        if (mode == VALUE_COPY)
            return varbyte_from_hex(arena, type.length, mode, (Str){text, (int64_t) length}, &out->str);
        return varbyte_from_bytes(arena, type.length, mode, (Str){text, (int64_t) length}, &out->str);
    case TYPE_CHAR:
    case TYPE_VARCHAR:
    case TYPE_UNKNOWN:
        return string_parse(type, mode, text, length, &out->str);
    case TYPE_NONE:
    case TYPE_COUNT:
        break;
    }
    return error_new(SQLSTATE_INTERNAL_ERROR, "no text form of type number %d", type.id);
}

/* ---- value to text ---------------------------------------------------------- */

static void string_print(Text *text, SqlType type, Str value)
{
    text_append(text, value.data, (size_t) value.len);
    if (type.id != TYPE_CHAR || value.len >= type.length)
        return;
    size_t blanks = (size_t) (type.length - value.len);
    memset(text_reserve(text, blanks), ' ', blanks);
    text->length += blanks;
    text->data[text->length] = '\0';
}

void value_print(Text *text, SqlType type, const Datum *value)
{
    ASSERT(!value->null);
    char *at = text_reserve(text, 160);
    int32_t length = 0;
    switch ((TypeId) type.id)
    {
    case TYPE_SMALLINT:
    case TYPE_INTEGER:
    case TYPE_BIGINT:
        length = int64_format(value->i, at);
        break;
    case TYPE_DECIMAL:
        length = decimal_format(datum_decimal(type, value), type.scale, at);
        break;
    case TYPE_REAL:
        length = float_format((float) value->f, at);
        break;
    case TYPE_DOUBLE:
        length = double_format(value->f, at);
        break;
    case TYPE_BOOLEAN:
        at[length++] = value->i != 0 ? 't' : 'f';
        break;
    case TYPE_DATE:
        length = date_format((int32_t) value->i, at);
        break;
    case TYPE_TIMESTAMP:
        length = timestamp_format(value->i, at);
        break;
    case TYPE_TIMESTAMPTZ:
        length = timestamptz_format(value->i, at);
        break;
    case TYPE_TIME:
        length = time_format(value->i, at);
        break;
    case TYPE_TIMETZ:
        length = timetz_format(value->i, at);
        break;
    case TYPE_INTERVAL:
        length = interval_format(&value->interval, at);
        break;
    default:
        string_print(text, type, value->str);
        return;
    }
    text->length += (size_t) length;
    text->data[text->length] = '\0';
}

static const char *short_name(SqlType type)
{
    switch (type.id)
    {
    case TYPE_TIMESTAMP:
        return "timestamp";
    case TYPE_TIMESTAMPTZ:
        return "timestamptz";
    case TYPE_TIME:
        return "time";
    case TYPE_TIMETZ:
        return "timetz";
    default:
        return type_name(type);
    }
}

void value_print_literal(Text *text, SqlType type, const Datum *value)
{
    if (value->null)
    {
        text_puts(text, "NULL");
        return;
    }
    if (type.id == TYPE_BOOLEAN)
    {
        text_puts(text, value->i != 0 ? "true" : "false");
        return;
    }
    if (type_is_string(type))
    {
        text_quote_literal(text, value->str.data, (size_t) value->str.len);
        return;
    }
    if (type.id == TYPE_VARBYTE)
    {
        text_printf(text, "from_hex('%.*s')", (int) value->str.len, value->str.data);
        return;
    }
    bool quoted = !type_is_number(type) || ((type.id == TYPE_DOUBLE || type.id == TYPE_REAL) && !isfinite(value->f));
    if (quoted)
        text_putc(text, '\'');
    value_print(text, type, value);
    if (quoted)
        text_printf(text, "'::%s", short_name(type));
}

/* ---- values in memory --------------------------------------------------------- */

static Datum integer_datum(SqlType type, int64_t value)
{
    if (type_rep(type) == REP_I128)
        return (Datum){.i128 = i128_put(value)};
    return (Datum){.i = value};
}

Datum value_load(SqlType type, Rep rep, const void *at)
{
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    float f32;
    Datum datum = {.null = false};
    switch (rep)
    {
    case REP_I8:
        memcpy(&i8, at, sizeof i8);
        return integer_datum(type, i8);
    case REP_I16:
        memcpy(&i16, at, sizeof i16);
        return integer_datum(type, i16);
    case REP_I32:
        memcpy(&i32, at, sizeof i32);
        return integer_datum(type, i32);
    case REP_I64:
        memcpy(&i64, at, sizeof i64);
        return integer_datum(type, i64);
    case REP_F32:
        memcpy(&f32, at, sizeof f32);
        datum.f = (double) f32;
        return datum;
    case REP_F64:
        memcpy(&datum.f, at, sizeof datum.f);
        return datum;
    case REP_I128:
        memcpy(&datum.i128, at, sizeof datum.i128);
        return datum;
    case REP_STR:
        memcpy(&datum.str, at, sizeof datum.str);
        return datum;
    case REP_INTERVAL:
        memcpy(&datum.interval, at, sizeof datum.interval);
        return datum;
    case REP_COUNT:
        break;
    }
    ASSERT(rep < REP_COUNT);
    return datum;
}

void value_store(SqlType type, Rep rep, const Datum *value, void *at)
{
    ASSERT(!value->null);
    if (rep == REP_F32)
    {
        float f32 = (float) value->f;
        memcpy(at, &f32, sizeof f32);
        return;
    }
    if (rep > REP_I64)
    {
        /* what the union holds, or a 64-bit decimal widened */
        I128 wide = rep == REP_I128 && type_rep(type) != REP_I128 ? i128_put(value->i) : value->i128;
        memcpy(at, &wide, (size_t) rep_size(rep));
        return;
    }
    int64_t number = value->i;
    if (type_rep(type) == REP_I128)
    {
        int128 wide = i128_get(value->i128);
        number = (int64_t) wide;
        ASSERT(number == wide);
    }
    int32_t bits = rep_size(rep) * 8;
    ASSERT(bits == 64 || (number >= -(INT64_C(1) << (bits - 1)) && number < INT64_C(1) << (bits - 1)));
    memcpy(at, &number, (size_t) rep_size(rep)); /* little-endian */
}

/* ---- comparison --------------------------------------------------------------- */

int str_compare(Str a, Str b)
{
    int64_t a_len = str_trimmed(a);
    int64_t b_len = str_trimmed(b);
    int64_t both = a_len < b_len ? a_len : b_len;
    int order = both == 0 ? 0 : memcmp(a.data, b.data, (size_t) both);
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a_len > b_len) - (a_len < b_len);
}

static int double_compare(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b) == 0 ? 0 : isnan(a) ? 1 : -1;
    return (a > b) - (a < b);
}

static int int128_compare(int128 a, int128 b)
{
    return (a > b) - (a < b);
}

int value_compare(SqlType type, const Datum *a, const Datum *b)
{
    ASSERT(!a->null && !b->null);
    switch (type_rep(type))
    {
    case REP_I128:
        return int128_compare(i128_get(a->i128), i128_get(b->i128));
    case REP_F32:
    case REP_F64:
        return double_compare(a->f, b->f);
    case REP_STR:
        return str_compare(a->str, b->str);
    case REP_INTERVAL:
        return int128_compare(interval_span(&a->interval), interval_span(&b->interval));
    default:
        return (a->i > b->i) - (a->i < b->i);
    }
}

/* ---- on the wire and in the catalog --------------------------------------------- */

void value_write(ByteWriter *writer, SqlType type, const Datum *value)
{
    put_u8(writer, value->null);
    if (value->null)
        return;
    switch (type_rep(type))
    {
    case REP_I128:
        put_u64(writer, value->i128.lo);
        put_i64(writer, value->i128.hi);
        break;
    case REP_F32:
    case REP_F64:
        put_f64(writer, value->f);
        break;
    case REP_STR:
        put_run(writer, value->str.data == NULL ? "" : value->str.data, (size_t) value->str.len);
        break;
    case REP_INTERVAL:
        put_i64(writer, value->interval.us);
        put_i32(writer, value->interval.days);
        put_i32(writer, value->interval.months);
        break;
    default:
        put_i64(writer, value->i);
        break;
    }
}

static Str str_read(ByteReader *reader, Arena *arena)
{
    size_t length;
    const void *bytes = get_run(reader, &length);
    if (bytes == NULL)
        return (Str){"", 0};
    return (Str){arena_strndup(arena, bytes, length), (int64_t) length};
}

Datum value_read(ByteReader *reader, Arena *arena, SqlType type)
{
    Datum value = {.null = get_u8(reader) != 0};
    if (value.null || type.id >= TYPE_COUNT)
    {
        reader->broken |= type.id >= TYPE_COUNT;
        return value;
    }
    switch (type_rep(type))
    {
    case REP_I128:
        value.i128.lo = get_u64(reader);
        value.i128.hi = get_i64(reader);
        break;
    case REP_F32:
    case REP_F64:
        value.f = get_f64(reader);
        break;
    case REP_STR:
        value.str = str_read(reader, arena);
        break;
    case REP_INTERVAL:
        value.interval.us = get_i64(reader);
        value.interval.days = get_i32(reader);
        value.interval.months = get_i32(reader);
        break;
    default:
        value.i = get_i64(reader);
        break;
    }
    return value;
}
