/* SPDX-License-Identifier: Apache-2.0 */
/* Casts of rows.  The conversions are base/data's; here stand their shapes for generated code. */
#include "base/kernel/body.h"

#include <string.h>

#define NUMBER_TEXT_BYTES 160

/* ---- between numbers ------------------------------------------------------ */

int64_t k_cast_integer_smallint(int64_t value, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode;
    error_keep(error, integer_fit(TYPE_SMALLINT, value, &value));
    return value;
}

int64_t k_cast_integer_integer(int64_t value, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode;
    error_keep(error, integer_fit(TYPE_INTEGER, value, &value));
    return value;
}

void k_cast_integer_decimal(I128 *result, int32_t result_scale, int64_t value, int32_t precision, int32_t scale,
                            int32_t mode, Error **error)
{
    int128 fitted;
    (void) result_scale;
    error_keep(error, decimal_fit(value, 0, precision, scale, (ValueMode) mode, &fitted));
    *result = i128_put(fitted);
}

double k_cast_integer_double(int64_t value, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return (double) value;
}

double k_cast_integer_real(int64_t value, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return (double) (float) value;
}

int64_t k_cast_integer_boolean(int64_t value, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return value != 0;
}

int64_t k_cast_boolean_integer(int64_t value, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return value != 0;
}

static int64_t decimal_to_integer(TypeId id, const I128 *value, int32_t value_scale, int32_t mode, Error **error)
{
    int64_t result;
    error_keep(error, integer_from_decimal(id, i128_get(*value), value_scale, (ValueMode) mode, &result));
    return result;
}

int64_t k_cast_decimal_smallint(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode,
                                Error **error)
{
    (void) length, (void) scale;
    return decimal_to_integer(TYPE_SMALLINT, value, value_scale, mode, error);
}

int64_t k_cast_decimal_integer(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode,
                               Error **error)
{
    (void) length, (void) scale;
    return decimal_to_integer(TYPE_INTEGER, value, value_scale, mode, error);
}

int64_t k_cast_decimal_bigint(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode,
                              Error **error)
{
    (void) length, (void) scale;
    return decimal_to_integer(TYPE_BIGINT, value, value_scale, mode, error);
}

void k_cast_decimal_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t value_scale,
                            int32_t precision, int32_t scale, int32_t mode, Error **error)
{
    int128 fitted;
    (void) result_scale;
    error_keep(error, decimal_fit(i128_get(*value), value_scale, precision, scale, (ValueMode) mode, &fitted));
    *result = i128_put(fitted);
}

double k_cast_decimal_double(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return decimal_to_double(i128_get(*value), value_scale);
}

double k_cast_decimal_real(const I128 *value, int32_t value_scale, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return (double) (float) decimal_to_double(i128_get(*value), value_scale);
}

static int64_t double_to_integer(TypeId id, double value, Error **error)
{
    int64_t result;
    error_keep(error, integer_from_double(id, value, &result));
    return result;
}

int64_t k_cast_double_smallint(double value, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode;
    return double_to_integer(TYPE_SMALLINT, value, error);
}

int64_t k_cast_double_integer(double value, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode;
    return double_to_integer(TYPE_INTEGER, value, error);
}

int64_t k_cast_double_bigint(double value, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode;
    return double_to_integer(TYPE_BIGINT, value, error);
}

void k_cast_double_decimal(I128 *result, int32_t result_scale, double value, int32_t precision, int32_t scale,
                           int32_t mode, Error **error)
{
    int128 fitted;
    (void) result_scale, (void) mode;
    error_keep(error, decimal_from_double(value, precision, scale, &fitted));
    *result = i128_put(fitted);
}

double k_cast_double_real(double value, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode;
    error_keep(error, real_from_double(value, &value));
    return value;
}

/* ---- from text -------------------------------------------------------------- */

static Datum text_parse(SqlType type, const Str *text, int32_t mode, Error **error)
{
    Datum value = {.null = false};
    Error *fault = value_parse(NULL, type, (ValueMode) mode, text->data, (size_t) text->len, &value);
    if (fault != NULL)
        value = (Datum){.null = false};
    error_keep(error, fault);
    return value;
}

#define TEXT_CAST(name, TYPE, C, member)                                                                               \
    C k_cast_text_##name(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error)                  \
    {                                                                                                                  \
        (void) length, (void) scale;                                                                                   \
        return text_parse(type_make(TYPE), text, mode, error).member;                                                  \
    }
TEXT_CAST(smallint, TYPE_SMALLINT, int64_t, i)
TEXT_CAST(integer, TYPE_INTEGER, int64_t, i)
TEXT_CAST(bigint, TYPE_BIGINT, int64_t, i)
TEXT_CAST(boolean, TYPE_BOOLEAN, int64_t, i)
TEXT_CAST(date, TYPE_DATE, int64_t, i)
TEXT_CAST(timestamp, TYPE_TIMESTAMP, int64_t, i)
TEXT_CAST(real, TYPE_REAL, double, f)
TEXT_CAST(double, TYPE_DOUBLE, double, f)
#undef TEXT_CAST

void k_cast_text_decimal(I128 *result, int32_t result_scale, const Str *text, int32_t precision, int32_t scale,
                         int32_t mode, Error **error)
{
    int128 value = 0;
    (void) result_scale;
    error_keep(error, decimal_parse(text->data, (size_t) text->len, precision, scale, value_rounds((ValueMode) mode), &value));
    *result = i128_put(value);
}

void k_cast_text_interval(Interval *result, const Str *text, int32_t length, int32_t precision, int32_t mode,
                          Error **error)
{
    Interval interval = text_parse(type_make(TYPE_INTERVAL), text, mode, error).interval;
    *result = interval_fit(&interval, length, precision);
}

static void text_fit(SqlType type, Str *result, Str text, int32_t mode, Error **error)
{
    Error *fault = str_fit(type, (ValueMode) mode, text, result);
    if (fault != NULL)
        *result = (Str){"", 0};
    error_keep(error, fault);
}

void k_cast_text_char(Arena *arena, Str *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                      Error **error)
{
    (void) arena, (void) scale;
    text_fit(type_char(length), result, *text, mode, error);
}

void k_cast_text_varchar(Arena *arena, Str *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                         Error **error)
{
    (void) arena, (void) scale;
    text_fit(type_varchar(length), result, *text, mode, error);
}

/* ---- to text ------------------------------------------------------------------ */

static void bytes_fit(Arena *arena, Str *result, const char *bytes, int32_t count, int32_t length, int32_t mode,
                      Error **error)
{
    Str text = {arena_memdup(arena, bytes, (size_t) count), count};
    text_fit(type_varchar(length), result, text, mode, error);
}

void k_cast_boolean_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                         Error **error)
{
    (void) arena, (void) scale;
    text_fit(type_varchar(length), result, value != 0 ? (Str){"true", 4} : (Str){"false", 5}, mode, error);
}

void k_cast_integer_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,
                         Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, int64_format(value, bytes), length, mode, error);
}

void k_cast_decimal_text(Arena *arena, Str *result, const I128 *value, int32_t value_scale, int32_t length,
                         int32_t scale, int32_t mode, Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, decimal_format(i128_get(*value), value_scale, bytes), length, mode, error);
}

void k_cast_double_text(Arena *arena, Str *result, double value, int32_t length, int32_t scale, int32_t mode,
                        Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, double_format(value, bytes), length, mode, error);
}

void k_cast_real_text(Arena *arena, Str *result, double value, int32_t length, int32_t scale, int32_t mode,
                      Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, float_format((float) value, bytes), length, mode, error);
}

void k_cast_date_text(Arena *arena, Str *result, int64_t date, int32_t length, int32_t scale, int32_t mode,
                      Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, date_format((int32_t) date, bytes), length, mode, error);
}

void k_cast_timestamp_text(Arena *arena, Str *result, int64_t timestamp, int32_t length, int32_t scale, int32_t mode,
                           Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, timestamp_format(timestamp, bytes), length, mode, error);
}

void k_cast_interval_text(Arena *arena, Str *result, const Interval *interval, int32_t length, int32_t scale,
                          int32_t mode, Error **error)
{
    char bytes[NUMBER_TEXT_BYTES];
    (void) scale;
    bytes_fit(arena, result, bytes, interval_format(interval, bytes), length, mode, error);
}

/* ---- between dates and moments --------------------------------------------------- */

int64_t k_cast_date_timestamp(int64_t date, int32_t length, int32_t scale, int32_t mode, Error **error)
{
    (void) length, (void) scale, (void) mode, (void) error;
    return date * DAY_US; /* every date of the calendar is a timestamp */
}

int64_t k_cast_timestamp_date(int64_t timestamp, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return timestamp_date(timestamp);
}
