/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field becomes one value.  What nearly every field looks like is parsed here; anything unusual (blanks around,
 * exponents, other date forms, overflow...) goes to value_parse(), whose answer and whose errors count.
 */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "src/load/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fault_set(LoadParser *parser, LoadErrorCode code, int32_t field, const char *text, size_t length, const char *format, ...)
{
    LoadFault *fault = &parser->fault;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->reason, sizeof fault->reason, format, arguments);
    va_end(arguments);
    fault->code = code;
    fault->field = field;
    fault->text = text;
    fault->length = length;
    return false;
}

void target_init(LoadTarget *target, const LoadColumn *column, const RowField *field)
{
    *target = (LoadTarget){.column = column, .field = field, .rep = (Rep) field->rep, .path = PATH_OTHER};
    target->string = type_is_string(column->type);
    bool own_rep = field->rep == type_rep(column->type);
    if (target->string)
        target->path = PATH_STRING;
    else if (!own_rep)
        return;
    else if (type_is_integer(column->type))
    {
        int32_t bits = rep_size(target->rep) * 8 - 1;
        target->path = PATH_INT;
        target->most = (int64_t) ((UINT64_C(1) << bits) - 1);
        target->least = -target->most - 1;
    }
    else if (column->type.id == TYPE_DECIMAL && target->rep == REP_I64 && column->type.precision > 0)
    {
        target->path = PATH_DECIMAL;
        target->most = (int64_t) int128_pow10(column->type.precision) - 1;
    }
    else if (column->type.id == TYPE_DATE)
        target->path = PATH_DATE;
    else if (column->type.id == TYPE_TIMESTAMP)
        target->path = PATH_TIMESTAMP;
}

bool target_set_null(LoadParser *parser, int32_t field, char *row)
{
    const LoadTarget *target = &parser->targets[field];
    const LoadColumn *column = target->column;
    if (column->not_null || target->field->null_offset < 0)
        return fault_set(parser, LOAD_ERROR_NOT_NULL, field, "", 0, "Missing data for not-null field");
    row[target->field->null_offset] = 1;
    return true;
}

static inline void target_set_not_null(const LoadTarget *target, char *row)
{
    if (target->field->null_offset >= 0)
        row[target->field->null_offset] = 0;
}

/* ---- fast paths: false = not so simple ---- */

static inline bool digits_parse(const char *text, size_t length, uint64_t *value)
{
    uint64_t sum = 0;
    if (length == 0 || length > 18)
        return false;
    for (size_t i = 0; i < length; i++)
    {
        unsigned digit = (unsigned) (unsigned char) text[i] - '0';
        if (digit > 9)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static inline bool int_parse(const LoadTarget *target, const char *text, size_t length, int64_t *out)
{
    bool negative = length > 0 && text[0] == '-';
    uint64_t value;
    if (!digits_parse(text + negative, length - negative, &value))
        return false;
    *out = negative ? -(int64_t) value : (int64_t) value;
    return *out >= target->least && *out <= target->most;
}

static inline bool decimal_fast(const LoadTarget *target, const char *text, size_t length, int64_t *out)
{
    bool negative = length > 0 && text[0] == '-';
    text += negative;
    length -= negative;
    uint64_t value = 0;
    int32_t scale = target->column->type.scale, decimals = -1;
    if (length == 0 || length > 18)
        return false;
    for (size_t i = 0; i < length; i++)
    {
        unsigned digit = (unsigned) (unsigned char) text[i] - '0';
        if (digit <= 9)
        {
            value = value * 10 + digit;
            decimals += decimals >= 0;
        }
        else if (text[i] == '.' && decimals < 0 && length > 1)
            decimals = 0;
        else
            return false;
    }
    if (decimals < 0)
        decimals = 0;
    if (decimals > scale || (int32_t) length + scale - decimals > 18)
        return false;
    for (; decimals < scale; decimals++)
        value *= 10;
    *out = negative ? -(int64_t) value : (int64_t) value;
    return value <= (uint64_t) target->most;
}

static inline unsigned two_digits(const char *text)
{
    unsigned a = (unsigned) (unsigned char) text[0] - '0', b = (unsigned) (unsigned char) text[1] - '0';
    return a > 9 || b > 9 ? 255 : a * 10 + b;
}

/* YYYY-MM-DD, years 1 to 9999. */
static inline bool date_fast(const char *text, int32_t *out)
{
    static const uint8_t month_days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned century = two_digits(text), year = two_digits(text + 2), month = two_digits(text + 5), day = two_digits(text + 8);
    if (text[4] != '-' || text[7] != '-' || century > 99 || year > 99 || month > 12 || month == 0 || day == 0)
        return false;
    year += century * 100;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year == 0 || day > (unsigned) (month_days[month] + (month == 2 && leap)))
        return false;
    *out = date_from_civil((int32_t) year, (int32_t) month, (int32_t) day);
    return true;
}

/* YYYY-MM-DD HH:MM:SS */
static inline bool timestamp_fast(const char *text, size_t length, int64_t *out)
{
    int32_t date;
    if (length != 19 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':' || !date_fast(text, &date))
        return false;
    unsigned hour = two_digits(text + 11), minute = two_digits(text + 14), second = two_digits(text + 17);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *out = date * DAY_US + (int64_t) ((hour * 60 + minute) * 60 + second) * 1000000;
    return true;
}

/* ---- errors ---- */

static bool fault_from_error(LoadParser *parser, int32_t field, const char *text, size_t length, Error *error)
{
    const LoadTarget *target = &parser->targets[field];
    LoadErrorCode code = LOAD_ERROR_UNKNOWN;
    const char *what = "Invalid value";
    switch ((TypeId) target->column->type.id)
    {
    case TYPE_SMALLINT:
    case TYPE_INTEGER:
    case TYPE_BIGINT:
        code = error->state == SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE ? LOAD_ERROR_OVERFLOW : LOAD_ERROR_DIGIT;
        what = code == LOAD_ERROR_OVERFLOW ? "Overflow" : "Invalid digit";
        break;
    case TYPE_DECIMAL:
        code = error->state == SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE ? LOAD_ERROR_RANGE : LOAD_ERROR_DECIMAL;
        what = code == LOAD_ERROR_RANGE ? "Numeric overflow" : "Invalid decimal";
        break;
    case TYPE_REAL:
    case TYPE_DOUBLE:
        code = LOAD_ERROR_FLOAT;
        what = "Invalid floating point number";
        break;
    case TYPE_BOOLEAN:
        code = LOAD_ERROR_BOOLEAN;
        what = "Invalid boolean";
        break;
    case TYPE_DATE:
        code = LOAD_ERROR_DATE;
        what = "Invalid date format";
        break;
    case TYPE_TIMESTAMP:
        code = LOAD_ERROR_TIMESTAMP;
        what = "Invalid timestamp format or value";
        break;
    default:
        if (error->state == SQLSTATE_STRING_DATA_RIGHT_TRUNCATION)
        {
            code = LOAD_ERROR_RANGE;
            what = "String length exceeds DDL length";
        }
        else if (error->state == SQLSTATE_UNTRANSLATABLE_CHARACTER)
        {
            code = LOAD_ERROR_UTF8;
            what = "String contains invalid or unsupported UTF8 codepoints";
        }
    }
    fault_set(parser, code, field, text, length, "%s: %s", what, error->message);
    error_free(error);
    return false;
}

/* ---- strings ---- */

/* Every byte that is part of no valid character becomes the replacement. */
static const char *utf8_replace(LoadParser *parser, const char *text, size_t length)
{
    char *copy = arena_memdup(parser->scratch, text, length);
    for (size_t i = 0; i < length;)
    {
        unsigned char c = (unsigned char) copy[i];
        size_t size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (i + size <= length && utf8_valid(copy + i, size))
            i += size;
        else
            copy[i++] = parser->format->replacement_char;
    }
    return copy;
}

static bool string_convert(LoadParser *parser, int32_t field, const char *text, size_t length, char *row)
{
    const LoadTarget *target = &parser->targets[field];
    const LoadFormat *format = parser->format;
    SqlType type = target->column->type;
    size_t given = length;
    if (format->trim_blanks || type.id == TYPE_CHAR)
        while (length > 0 && text[length - 1] == ' ')
            length--;
    Str value = {text, (int64_t) length};
    bool ascii = !parser->window.split.has_high || ascii_only(text, length);
    if (!ascii && format->accept_invalid_chars && !utf8_valid(text, length))
        value.data = text = utf8_replace(parser, text, length);
    if (!ascii || (type.length > 0 && (int64_t) length > type.length))
    {
        Datum datum;
        ValueMode mode = format->truncate_columns ? VALUE_CAST : VALUE_COPY;
        Error *error = value_parse(parser->scratch, type, mode, text, length, &datum);
        if (error != NULL)
            return fault_from_error(parser, field, text, given, error);
        value = datum.str;
    }
    memcpy(row + target->field->offset, &value, sizeof value);
    return true;
}

/* ---- everything else ---- */

static Error *value_convert(LoadParser *parser, const LoadTarget *target, const char *text, size_t length, Datum *out)
{
    const LoadFormat *format = parser->format;
    SqlType type = target->column->type;
    int32_t date;
    if (type.id == TYPE_DATE && format->date_format != NULL)
    {
        TRY(date_parse_format(text, length, format->date_format, &date));
        out->i = date;
        return NULL;
    }
    if (type.id == TYPE_TIMESTAMP && format->time_format != NULL)
        return timestamp_parse_format(text, length, format->time_format, &out->i);
    return value_parse(parser->scratch, type, format->round_decimals ? VALUE_INPUT : VALUE_COPY, text, length, out);
}

static bool other_convert(LoadParser *parser, int32_t field, const char *text, size_t length, char *row)
{
    const LoadTarget *target = &parser->targets[field];
    uint8_t id = target->column->type.id;
    Datum datum = {.null = false};
    Error *error = value_convert(parser, target, text, length, &datum);
    if (error != NULL && parser->format->accept_any_date && (id == TYPE_DATE || id == TYPE_TIMESTAMP))
    {
        error_free(error);
        return target_set_null(parser, field, row);
    }
    if (error != NULL)
        return fault_from_error(parser, field, text, length, error);
    value_store(target->column->type, target->rep, &datum, row + target->field->offset);
    return true;
}

static bool blanks_only(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\t')
            return false;
    return true;
}

static inline bool field_is_null(const LoadParser *parser, const LoadTarget *target, const char *text, size_t length, bool quoted)
{
    const LoadFormat *format = parser->format;
    if (!quoted && length == parser->null_length && memcmp(text, format->null_as, length) == 0)
        return true;
    if (length == 0)
        return !target->string || format->empty_as_null;
    if (text[length - 1] != ' ' && text[length - 1] != '\t')
        return false;
    return (!target->string || format->blanks_as_null) && blanks_only(text, length);
}

bool field_convert(LoadParser *parser, int32_t field, const char *text, size_t length, bool quoted, char *row)
{
    const LoadTarget *target = &parser->targets[field];
    const LoadFormat *format = parser->format;
    if (target->column == NULL)
        return true;
    if (field_is_null(parser, target, text, length, quoted))
        return target_set_null(parser, field, row);
    target_set_not_null(target, row);
    char *at = row + target->field->offset;
    int64_t number;
    int32_t date;
    switch (target->path)
    {
    case PATH_STRING:
        return string_convert(parser, field, text, length, row);
    case PATH_INT:
        if (!int_parse(target, text, length, &number))
            break;
        memcpy(at, &number, (size_t) rep_size(target->rep)); /* little-endian: the low bytes */
        return true;
    case PATH_DECIMAL:
        if (!decimal_fast(target, text, length, &number))
            break;
        memcpy(at, &number, sizeof number);
        return true;
    case PATH_DATE:
        if (length != 10 || format->date_format != NULL || !date_fast(text, &date))
            break;
        memcpy(at, &date, sizeof date);
        return true;
    case PATH_TIMESTAMP:
        if (format->time_format != NULL || !timestamp_fast(text, length, &number))
            break;
        memcpy(at, &number, sizeof number);
        return true;
    case PATH_OTHER:
        break;
    }
    return other_convert(parser, field, text, length, row);
}
