/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, both ways.  The usual forms (up to 18 digits, no exponent) take one pass. */
#include "base/core/assert.h"
#include "base/data/value_session.h"
#include "base/data/numeric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 uint128;

#define DIGITS_FAST_MAX 18
#define EXPONENT_MAX    10000
#define DOUBLE_TEXT_MAX 400 /* longer text of a double is refused: no such literal means anything more */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return (unsigned char) (c - '0') <= 9;
}

static Error *not_a_number(const char *type, const char *text, size_t length)
{
    return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s: \"%.*s\"", type,
                     (int) (length > 100 ? 100 : length), text);
}

static Error *field_overflow(int32_t precision, int32_t scale)
{
    return error_detail(error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow"),
                        "A field with precision %d, scale %d must be less than 10^%d in absolute value.", precision,
                        scale, precision - scale);
}

/* Plain digits with at most one point and `scale` decimals or fewer; false: take the slow way. */
static bool decimal_parse_fast(const char *text, size_t length, int32_t precision, int32_t scale, int128 *value)
{
    const char *end = text + length;
    bool negative = length > 0 && *text == '-';
    if (negative)
        text++;
    if (end - text > DIGITS_FAST_MAX + 1 || end == text)
        return false;
    uint64_t number = 0;
    const char *point = NULL;
    int32_t digit_count = 0;
    for (; text < end; text++)
    {
        unsigned digit = (unsigned) (unsigned char) *text - '0';
        if (digit <= 9)
        {
            number = number * 10 + digit;
            digit_count++;
        }
        else if (*text == '.' && point == NULL)
            point = text;
        else
            return false;
    }
    int32_t decimals = point == NULL ? 0 : (int32_t) (end - point - 1);
    int32_t more = scale - decimals;
    if (digit_count == 0 || digit_count > DIGITS_FAST_MAX || more < 0 || digit_count + more > DIGITS_FAST_MAX)
        return false;
    number *= (uint64_t) int128_pow10(more);
    if (precision < DIGITS_FAST_MAX && number >= (uint64_t) int128_pow10(precision))
        return false;
    *value = negative ? -(int64_t) number : (int64_t) number;
    return true;
}

/* The parts of a written number: 38 digits suffice, what follows only moves the point and rounds. */
typedef struct Written
{
    bool negative;
    uint128 number;     /* the leading digits */
    int64_t exponent;   /* value = number * 10^exponent (and a bit) */
    int32_t next_digit; /* the first digit that found no room, -1 none */
} Written;

static const char *exponent_scan(const char *at, const char *end, int64_t *exponent)
{
    const char *start = at++;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !is_digit(*at))
        return start;
    int64_t number = 0;
    for (; at < end && is_digit(*at); at++)
        if (number < EXPONENT_MAX)
            number = number * 10 + (*at - '0');
    *exponent += negative ? -number : number;
    return at;
}

static bool number_scan(const char *text, size_t length, Written *written)
{
    const char *at = text;
    const char *end = text + length;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    *written = (Written){.next_digit = -1};
    if (at < end && (*at == '-' || *at == '+'))
        written->negative = *at++ == '-';
    bool digits_seen = false;
    bool point_seen = false;
    const uint128 room = (uint128) int128_pow10(DECIMAL_PRECISION_MAX - 1);
    for (; at < end && (is_digit(*at) || (*at == '.' && !point_seen)); at++)
    {
        if (*at == '.')
        {
            point_seen = true;
            continue;
        }
        digits_seen = true;
        if (written->number < room && written->next_digit < 0)
        {
            written->number = written->number * 10 + (uint128) (*at - '0');
            written->exponent -= point_seen;
        }
        else
        {
            if (written->next_digit < 0)
                written->next_digit = *at - '0';
            written->exponent += !point_seen;
        }
    }
    if (digits_seen && at < end && (*at == 'e' || *at == 'E'))
        at = exponent_scan(at, end, &written->exponent);
    return digits_seen && at == end;
}

/* Moves the point of `written` so that the value is *result / 10^scale. */
static bool written_at_scale(const Written *written, int32_t scale, bool round, int128 *result)
{
    uint128 number = written->number;
    int64_t up = written->exponent + scale;
    if (number == 0)
        up = 0;
    if (up >= 0)
    {
        if (up > DECIMAL_PRECISION_MAX || __builtin_mul_overflow(number, (uint128) int128_pow10((int32_t) up), &number))
            return false;
        if (up == 0 && round && written->next_digit >= 5)
            number++;
    }
    else if (up < -DECIMAL_PRECISION_MAX)
    {
        number = 0;
    }
    else
    {
        uint128 unit = (uint128) int128_pow10((int32_t) -up);
        uint128 rest = number % unit;
        number /= unit;
        if (round && rest >= unit - rest)
            number++;
    }
    if (number > (uint128) int128_pow10(DECIMAL_PRECISION_MAX))
        return false;
    *result = written->negative ? -(int128) number : (int128) number;
    return true;
}

Error *decimal_parse(const char *text, size_t length, int32_t precision, int32_t scale, bool round, int128 *value)
{
    ASSERT(precision >= 1 && precision <= DECIMAL_PRECISION_MAX && scale >= 0 && scale <= precision);
    if (decimal_parse_fast(text, length, precision, scale, value))
        return NULL;
    *value = 0;
    Written written;
    if (!number_scan(text, length, &written))
        return not_a_number("numeric", text, length);
    int128 result;
    if (!written_at_scale(&written, scale, round, &result) || !decimal_fits(result, precision))
        return field_overflow(precision, scale);
    *value = result;
    return NULL;
}

Error *decimal_parse_open(const char *text, size_t length, SqlType *type, int128 *value)
{
    Written written;
    *value = 0;
    if (!number_scan(text, length, &written))
        return not_a_number("numeric", text, length);
    int32_t scale = 0, precision = 1;
    if (written.exponent < 0)
        scale = written.exponent < -(DECIMAL_PRECISION_MAX - 1) ? DECIMAL_PRECISION_MAX - 1 : (int32_t) -written.exponent;
    if (!written_at_scale(&written, scale, true, value) || !decimal_fits(*value, DECIMAL_PRECISION_MAX))
        return field_overflow(DECIMAL_PRECISION_MAX, scale);
    while (!decimal_fits(*value, precision))
        precision++;
    *type = type_decimal(precision > scale ? precision : scale + 1, scale);
    return NULL;
}

static int32_t digits_write(uint128 number, char *out)
{
    char reversed[48];
    int32_t count = 0;
    while (number >> 64 != 0)
    {
        reversed[count++] = (char) ('0' + (int) (number % 10));
        number /= 10;
    }
    uint64_t low = (uint64_t) number;
    do
    {
        reversed[count++] = (char) ('0' + (int) (low % 10));
        low /= 10;
    } while (low != 0);
    for (int32_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    return count;
}

int32_t decimal_format(int128 value, int32_t scale, char *out)
{
    ASSERT(scale >= 0 && scale <= DECIMAL_PRECISION_MAX);
    char digits[48];
    int32_t count = digits_write(value < 0 ? -(uint128) value : (uint128) value, digits);
    char *at = out;
    if (value < 0)
        *at++ = '-';
    int32_t whole = count - scale;
    if (whole > 0)
    {
        memcpy(at, digits, (size_t) whole);
        at += whole;
    }
    else
    {
        *at++ = '0';
    }
    if (scale > 0)
    {
        *at++ = '.';
        for (int32_t i = whole; i < 0; i++)
            *at++ = '0';
        int32_t from = whole > 0 ? whole : 0;
        memcpy(at, digits + from, (size_t) (count - from));
        at += count - from;
    }
    return (int32_t) (at - out);
}

int32_t int64_format(int64_t value, char *out)
{
    int32_t length = 0;
    if (value < 0)
        out[length++] = '-';
    return length + digits_write(value < 0 ? -(uint64_t) value : (uint64_t) value, out + length);
}

/* Lays out d.ddd * 10^exponent: plain while -4 <= exponent < plain_max, else with two or more
 * digits of exponent, as PostgreSQL's float output does. */
static int32_t digits_layout(bool negative, const char *digits, int32_t count, int32_t exponent, int32_t plain_max,
                             char *out)
{
    char *at = out;
    if (negative)
        *at++ = '-';
    if (exponent < -4 || exponent >= plain_max)
    {
        *at++ = digits[0];
        if (count > 1)
        {
            *at++ = '.';
            memcpy(at, digits + 1, (size_t) (count - 1));
            at += count - 1;
        }
        return (int32_t) (at - out) + snprintf(at, 8, "e%+03d", exponent);
    }
    if (exponent < 0)
    {
        *at++ = '0';
        *at++ = '.';
        for (int32_t i = exponent + 1; i < 0; i++)
            *at++ = '0';
        memcpy(at, digits, (size_t) count);
        return (int32_t) (at + count - out);
    }
    for (int32_t i = 0; i <= exponent; i++)
        *at++ = i < count ? digits[i] : '0';
    if (count > exponent + 1)
    {
        *at++ = '.';
        memcpy(at, digits + exponent + 1, (size_t) (count - exponent - 1));
        at += count - exponent - 1;
    }
    return (int32_t) (at - out);
}

static int32_t special_format(double value, char *out)
{
    const char *name = isnan(value)     ? "NaN"
                       : value > 0      ? "Infinity"
                       : value < 0      ? "-Infinity"
                       : signbit(value) ? "-0"
                                        : "0";
    size_t length = strlen(name);
    memcpy(out, name, length);
    return (int32_t) length;
}

/* Splits "-d.ddde-xx" into digits without trailing zeros and the exponent. */
static int32_t scientific_split(const char *text, char *digits, int32_t *exponent)
{
    int32_t count = 0;
    if (*text == '-')
        text++;
    for (; *text != 'e'; text++)
        if (*text != '.')
            digits[count++] = *text;
    *exponent = (int32_t) strtol(text + 1, NULL, 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

/* Does the text, which reads back as `value`, lie exactly half way to its neighbour?  Then
 * PostgreSQL takes one more digit.  So short a text can do that only for large numbers. */
static bool double_text_is_tie(const char *text, double value)
{
    if (fabs(value) < 0x1p53)
        return false;
    long double off = strtold(text, NULL) - (long double) value;
    long double step = (long double) nextafter(value, off > 0 ? INFINITY : -INFINITY) - (long double) value;
    return off != 0 && off * 2 == step;
}

static bool float_text_is_tie(const char *text, float value)
{
    if (fabsf(value) < 0x1p24f)
        return false;
    double off = strtod(text, NULL) - (double) value;
    double step = (double) nextafterf(value, off > 0 ? INFINITY : -INFINITY) - (double) value;
    return off != 0 && off * 2 == step;
}

/* extra_float_digits below 0: so many significant digits, as PostgreSQL's %.*g. */
static int32_t fewer_digits(double value, int32_t digits, char *out)
{
    return snprintf(out, 40, "%.*g", digits > 0 ? digits : 1, value);
}

int32_t double_format(double value, char *out)
{
    if (!isfinite(value) || value == 0)
        return special_format(value, out);
    if (value_session()->float_digits < 0)
        return fewer_digits(value, 15 + value_session()->float_digits, out);
    char text[40];
    /* Fifteen digits are always kept by a normal double; the subnormal have fewer. */
    int32_t precision = fabs(value) < 2.3e-308 ? 1 : 15;
    for (; precision <= 17; precision++)
    {
        snprintf(text, sizeof text, "%.*e", precision - 1, value);
        if (precision == 17 || (strtod(text, NULL) == value && !double_text_is_tie(text, value)))
            break;
    }
    char digits[24];
    int32_t exponent;
    int32_t count = scientific_split(text, digits, &exponent);
    return digits_layout(value < 0, digits, count, exponent, 15, out);
}

int32_t float_format(float value, char *out)
{
    if (!isfinite(value) || value == 0)
        return special_format((double) value, out);
    if (value_session()->float_digits < 0)
        return fewer_digits((double) value, 6 + value_session()->float_digits, out);
    char text[40];
    int32_t precision = fabsf(value) < 1.2e-38f ? 1 : 6;
    for (; precision <= 9; precision++)
    {
        snprintf(text, sizeof text, "%.*e", precision - 1, (double) value);
        if (precision == 9 || (strtof(text, NULL) == value && !float_text_is_tie(text, value)))
            break;
    }
    char digits[24];
    int32_t exponent;
    int32_t count = scientific_split(text, digits, &exponent);
    return digits_layout(value < 0, digits, count, exponent, 6, out);
}

/* "Infinity", "nan"...: what PostgreSQL reads besides digits. */
static bool double_parse_name(const char *text, size_t length, double *value)
{
    bool negative = length > 0 && *text == '-';
    if (length > 0 && (*text == '-' || *text == '+'))
    {
        text++;
        length--;
    }
    char lower[16];
    if (length >= sizeof lower)
        return false;
    for (size_t i = 0; i < length; i++)
        lower[i] = (char) (text[i] | 0x20);
    lower[length] = '\0';
    if (strcmp(lower, "nan") == 0)
        *value = NAN;
    else if (strcmp(lower, "inf") == 0 || strcmp(lower, "infinity") == 0)
        *value = negative ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

Error *double_parse(const char *text, size_t length, bool real, double *value)
{
    static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                         1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    *value = 0;
    while (length > 0 && is_blank(*text))
    {
        text++;
        length--;
    }
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    Written written;
    if (length > DOUBLE_TEXT_MAX || !number_scan(text, length, &written))
    {
        if (double_parse_name(text, length, value))
            return NULL;
        return not_a_number(real ? "real" : "double precision", text, length);
    }
    double result;
    if (!real && written.next_digit < 0 && written.number <= (UINT64_C(1) << 53) && written.exponent >= -22 &&
        written.exponent <= 22)
    {
        /* Both operands are exact, so one rounding (Clinger's fast path). */
        result = (double) (uint64_t) written.number;
        result =
            written.exponent < 0 ? result / exact_pow10[-written.exponent] : result * exact_pow10[written.exponent];
        *value = written.negative ? -result : result;
        return NULL;
    }
    char copy[DOUBLE_TEXT_MAX + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    result = real ? (double) strtof(copy, NULL) : strtod(copy, NULL);
    if (isinf(result) || (result == 0 && written.number != 0))
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "\"%s\" is out of range for type %s", copy,
                         real ? "real" : "double precision");
    *value = result;
    return NULL;
}

Error *int64_parse(const char *text, size_t length, const char *type, int64_t least, int64_t most, int64_t *value)
{
    const char *at = text;
    const char *end = text + length;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    *value = 0;
    if (at == end)
        return not_a_number(type, text, length);
    uint64_t number = 0;
    bool wide = false;
    /* eighteen digits cannot overflow */
    const char *safe_end = end - at > DIGITS_FAST_MAX ? at + DIGITS_FAST_MAX : end;
    for (; at < safe_end && is_digit(*at); at++)
        number = number * 10 + (uint64_t) (*at - '0');
    for (; at < end; at++)
    {
        unsigned digit = (unsigned) (unsigned char) *at - '0';
        if (digit > 9)
            return not_a_number(type, text, length);
        wide |= number > (UINT64_MAX - 9) / 10;
        number = number * 10 + digit;
    }
    uint64_t limit = negative ? -(uint64_t) least : (uint64_t) most;
    if (wide || number > limit)
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value \"%.*s\" is out of range for type %s",
                         (int) (length > 100 ? 100 : length), text, type);
    *value = negative ? (int64_t) -number : (int64_t) number;
    return NULL;
}
