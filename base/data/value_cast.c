/* SPDX-License-Identifier: Apache-2.0 */
/* Casts of constants.  Rows are cast by base/kernel/cast.c; both share the conversions below. */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "base/data/value.h"
#include "base/data/value_session.h"

#include <float.h>
#include <math.h>

Error *integer_fit(TypeId id, int128 value, int64_t *out)
{
    *out = 0;
    bool fits = id == TYPE_SMALLINT  ? value == (int16_t) value
                : id == TYPE_INTEGER ? value == (int32_t) value
                                     : value == (int64_t) value;
    if (!fits)
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type_name(type_make(id)));
    *out = (int64_t) value;
    return NULL;
}

Error *integer_from_double(TypeId id, double value, int64_t *out)
{
    *out = 0;
    double whole = rint(value);
    if (!(whole >= -0x1p63 && whole < 0x1p63))
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type_name(type_make(id)));
    return integer_fit(id, (int64_t) whole, out);
}

Error *integer_from_decimal(TypeId id, int128 value, int32_t scale, ValueMode mode, int64_t *out)
{
    int128 whole;
    TRY(decimal_rescale(value, scale, 0, value_rounds(mode), &whole));
    return integer_fit(id, whole, out);
}

Error *decimal_fit(int128 value, int32_t from_scale, int32_t precision, int32_t scale, ValueMode mode, int128 *out)
{
    TRY(decimal_rescale(value, from_scale, scale, value_rounds(mode), out));
    if (decimal_fits(*out, precision))
        return NULL;
    *out = 0;
    return error_detail(error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow"),
                        "A field with precision %d, scale %d must be less than 10^%d in absolute value.", precision,
                        scale, precision - scale);
}

Error *real_from_double(double value, double *out)
{
    *out = 0;
    double rounded = (double) (float) value;
    if ((isinf(rounded) && !isinf(value)) || (rounded == 0 && value != 0))
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: %s",
                         rounded == 0 ? "underflow" : "overflow");
    *out = rounded;
    return NULL;
}

static Error *no_cast(SqlType from, SqlType to)
{
    return error_new(SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s", type_name(from), type_name(to));
}

static Error *to_integer(SqlType from, const Datum *value, SqlType to, ValueMode mode, Datum *out)
{
    if (type_is_integer(from) || from.id == TYPE_BOOLEAN)
        return integer_fit((TypeId) to.id, value->i, &out->i);
    if (from.id == TYPE_DECIMAL)
        return integer_from_decimal((TypeId) to.id, datum_decimal(from, value), from.scale, mode, &out->i);
    if (from.id == TYPE_REAL || from.id == TYPE_DOUBLE)
        return integer_from_double((TypeId) to.id, value->f, &out->i);
    return no_cast(from, to);
}

static Error *to_decimal(SqlType from, const Datum *value, SqlType to, ValueMode mode, Datum *out)
{
    int128 result = 0;
    if (to.precision == 0)
        to = type_decimal(DECIMAL_PRECISION_I64_MAX, 0);
    if (type_is_integer(from))
        TRY(decimal_fit(value->i, 0, to.precision, to.scale, mode, &result));
    else if (from.id == TYPE_DECIMAL)
        TRY(decimal_fit(datum_decimal(from, value), from.scale, to.precision, to.scale, mode, &result));
    else if (from.id == TYPE_REAL || from.id == TYPE_DOUBLE)
        TRY(decimal_from_double(value->f, to.precision, to.scale, &result));
    else
        return no_cast(from, to);
    *out = decimal_datum(to, result);
    return NULL;
}

static Error *to_float(SqlType from, const Datum *value, SqlType to, Datum *out)
{
    double result;
    if (type_is_integer(from))
        result = (double) value->i;
    else if (from.id == TYPE_DECIMAL)
        result = decimal_to_double(datum_decimal(from, value), from.scale);
    else if (from.id == TYPE_REAL || from.id == TYPE_DOUBLE)
        result = value->f;
    else
        return no_cast(from, to);
    if (to.id == TYPE_REAL)
        return real_from_double(result, &out->f);
    out->f = result;
    return NULL;
}

static Error *to_string(Arena *arena, SqlType from, const Datum *value, SqlType to, ValueMode mode, Datum *out)
{
    Text text;
    text_init(&text, arena);
    if (from.id == TYPE_BOOLEAN)
        text_puts(&text, value->i != 0 ? "true" : "false");
    else if (from.id == TYPE_VARBYTE)
    {
        Str bytes = varbyte_bytes(arena, value->str);
        if (!utf8_valid(bytes.data, (size_t) bytes.len))
            return error_new(SQLSTATE_UNTRANSLATABLE_CHARACTER, "invalid byte sequence for encoding \"UTF8\"");
        return str_fit(to, mode, bytes, &out->str);
    }
    else
        value_print(&text, from, value);
    return str_fit(to, mode, (Str){text.data, (int64_t) text.length}, &out->str);
}

bool moment_cast(TypeId from, int64_t value, TypeId to, int64_t *out)
{
    const TimeZone *zone = value_session()->zone;
    int64_t local = value; /* as TIMESTAMP */
    *out = value;
    if (from == to)
        return true;
    if (from == TYPE_DATE)
        local = value * DAY_US;
    else if (from == TYPE_TIMESTAMPTZ)
        local = zone_to_local(zone, value);
    else if (from == TYPE_TIMETZ || from == TYPE_TIME)
    {
        if (to != TYPE_TIME && to != TYPE_TIMETZ)
            return false;
        int64_t now = zone_to_local(zone, value_session()->now);
        *out = from == TYPE_TIMETZ ? timetz_time(value)
                                   : timetz_make(value, -zone_offset_local(zone, now - timestamp_time(now) + value));
        return true;
    }
    else if (from != TYPE_TIMESTAMP)
        return false;
    switch (to)
    {
    case TYPE_DATE:
        *out = timestamp_date(local);
        return true;
    case TYPE_TIMESTAMP:
        *out = local;
        return true;
    case TYPE_TIMESTAMPTZ:
        *out = zone_to_utc(zone, local);
        return true;
    case TYPE_TIME:
        *out = timestamp_time(local);
        return from != TYPE_DATE;
    case TYPE_TIMETZ:
        *out = timetz_make(timestamp_time(local),
                           -(from == TYPE_TIMESTAMPTZ ? zone_offset(zone, value) : zone_offset_local(zone, local)));
        return from != TYPE_DATE;
    default:
        return false;
    }
}

static Error *cast_present(Arena *arena, SqlType from, const Datum *value, SqlType to, ValueMode mode, Datum *out)
{
    if (type_is_string(from))
    {
        if (type_is_string(to))
            return str_fit(to, mode, value->str, &out->str);
        return value_parse(arena, to, mode, value->str.data, (size_t) value->str.len, out);
    }
    switch ((TypeId) to.id)
    {
    case TYPE_SMALLINT:
    case TYPE_INTEGER:
    case TYPE_BIGINT:
        if (from.id == TYPE_VARBYTE)
            return varbyte_to_integer(value->str, to, &out->i);
        return to_integer(from, value, to, mode, out);
    case TYPE_DECIMAL:
        return to_decimal(from, value, to, mode, out);
    case TYPE_REAL:
    case TYPE_DOUBLE:
        return to_float(from, value, to, out);
    case TYPE_CHAR:
    case TYPE_VARCHAR:
    case TYPE_UNKNOWN:
        return to_string(arena, from, value, to, mode, out);
    case TYPE_BOOLEAN:
        if (!type_is_integer(from))
            return no_cast(from, to);
        out->i = value->i != 0;
        return NULL;
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMETZ:
        if (from.id == TYPE_INTERVAL && to.id == TYPE_TIME)
        {
            out->i = time_wrap(value->interval.us);
            return NULL;
        }
        return moment_cast((TypeId) from.id, value->i, (TypeId) to.id, &out->i) ? NULL : no_cast(from, to);
    case TYPE_INTERVAL:
        if (from.id == TYPE_TIME)
            out->interval = interval_fit(&(Interval){.us = value->i}, to.length, to.precision);
        else if (from.id == TYPE_INTERVAL)
            out->interval = interval_fit(&value->interval, to.length, to.precision);
        else
            return no_cast(from, to);
        return NULL;
    case TYPE_VARBYTE:
        if (from.id == TYPE_VARBYTE)
            return varbyte_fit(to.length, mode, value->str, &out->str);
        return type_is_integer(from) ? varbyte_from_integer(arena, from, value->i, to.length, mode, &out->str)
                                     : no_cast(from, to);
    default:
        return no_cast(from, to);
    }
}

Error *value_cast(Arena *arena, SqlType from, const Datum *value, SqlType to, ValueMode mode, Datum *out)
{
    Datum in = *value; /* out may be value */
    *out = in;
    if (in.null)
        return NULL;
    if (from.id == to.id && from.id != TYPE_DECIMAL && from.id != TYPE_INTERVAL && from.id != TYPE_VARBYTE &&
        !type_is_string(from))
        return NULL;
    return cast_present(arena, from, &in, to, mode, out);
}
