/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/numeric.h"
#include "base/core/assert.h"

#include <math.h>

typedef unsigned __int128 uint128;

#define POW10_64_MAX 18

static const int64_t pow10_64[POW10_64_MAX + 1] = {
    INT64_C(1),
    INT64_C(10),
    INT64_C(100),
    INT64_C(1000),
    INT64_C(10000),
    INT64_C(100000),
    INT64_C(1000000),
    INT64_C(10000000),
    INT64_C(100000000),
    INT64_C(1000000000),
    INT64_C(10000000000),
    INT64_C(100000000000),
    INT64_C(1000000000000),
    INT64_C(10000000000000),
    INT64_C(100000000000000),
    INT64_C(1000000000000000),
    INT64_C(10000000000000000),
    INT64_C(100000000000000000),
    INT64_C(1000000000000000000),
};

int128 int128_pow10(int32_t exponent)
{
    ASSERT(exponent >= 0 && exponent <= DECIMAL_PRECISION_MAX);
    if (exponent <= POW10_64_MAX)
        return pow10_64[exponent];
    if (exponent <= 2 * POW10_64_MAX)
        return (int128) pow10_64[POW10_64_MAX] * pow10_64[exponent - POW10_64_MAX];
    return (int128) pow10_64[POW10_64_MAX] * pow10_64[POW10_64_MAX] * pow10_64[exponent - 2 * POW10_64_MAX];
}

bool decimal_fits(int128 value, int32_t precision)
{
    int128 limit = int128_pow10(precision);
    return value < limit && value > -limit;
}

static Error *overflow(void)
{
    return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric data overflow (result precision)");
}

Error *decimal_add(int128 a, int128 b, int128 *sum)
{
    *sum = 0;
    int128 result;
    if (__builtin_add_overflow(a, b, &result) || !decimal_fits(result, DECIMAL_PRECISION_MAX))
        return overflow();
    *sum = result;
    return NULL;
}

Error *decimal_sub(int128 a, int128 b, int128 *difference)
{
    *difference = 0;
    int128 result;
    if (__builtin_sub_overflow(a, b, &result) || !decimal_fits(result, DECIMAL_PRECISION_MAX))
        return overflow();
    *difference = result;
    return NULL;
}

Error *decimal_mul(int128 a, int128 b, int128 *product)
{
    *product = 0;
    int128 result;
    if (__builtin_mul_overflow(a, b, &result) || !decimal_fits(result, DECIMAL_PRECISION_MAX))
        return overflow();
    *product = result;
    return NULL;
}

static uint128 magnitude(int128 value)
{
    return value < 0 ? -(uint128) value : (uint128) value;
}

/* quotient = |a| * 10^up / |b| by long division, a decimal digit at a time: the
 * dividend may be far wider than 128 bits.  false: it does not fit in 38 digits. */
static bool divide_scaled(uint128 a, int32_t up, uint128 b, uint128 *quotient)
{
    const uint128 limit = (uint128) int128_pow10(DECIMAL_PRECISION_MAX);
    uint128 whole = a / b;
    uint128 rest = a % b;
    for (; up > 0; up--)
    {
        if (whole >= limit / 10 + 1)
            return false;
        /* rest < b < 2^127, so rest * 10 may pass 2^128: take the digit by doubling */
        uint32_t digit = 0;
        uint128 sum = 0;
        for (int bit = 3; bit >= 0; bit--)
        {
            /* sum, digit: remainder and quotient of rest * (the bits of 10 so far) by b */
            sum <<= 1;
            digit <<= 1;
            if (sum >= b)
            {
                sum -= b;
                digit++;
            }
            if (((10 >> bit) & 1) != 0)
            {
                sum += rest;
                if (sum >= b)
                {
                    sum -= b;
                    digit++;
                }
            }
        }
        whole = whole * 10 + digit;
        rest = sum;
    }
    *quotient = whole;
    return whole < limit;
}

Error *decimal_div(int128 a, int32_t sa, int128 b, int32_t sb, int32_t scale, int128 *quotient)
{
    *quotient = 0;
    if (b == 0)
        return error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    uint128 dividend = magnitude(a);
    uint128 divisor = magnitude(b);
    uint128 result;
    int32_t up = scale - sa + sb;
    uint128 widened;
    if (up < 0)
    {
        /* dropping digits: dividing twice truncates the same as dividing once */
        result = up < -DECIMAL_PRECISION_MAX ? 0 : dividend / divisor / (uint128) int128_pow10(-up);
    }
    else if (up <= DECIMAL_PRECISION_MAX && !__builtin_mul_overflow(dividend, (uint128) int128_pow10(up), &widened))
    {
        result = widened >> 64 == 0 && divisor >> 64 == 0 ? (uint64_t) widened / (uint64_t) divisor : widened / divisor;
        if (result >= (uint128) int128_pow10(DECIMAL_PRECISION_MAX))
            return overflow();
    }
    else if (!divide_scaled(dividend, up, divisor, &result))
    {
        return overflow();
    }
    *quotient = (a < 0) != (b < 0) ? -(int128) result : (int128) result;
    return NULL;
}

Error *decimal_rescale(int128 value, int32_t from, int32_t to, bool round, int128 *out)
{
    *out = 0;
    if (to >= from)
    {
        int128 result = value;
        if (value != 0 && to > from)
        {
            if (to - from > DECIMAL_PRECISION_MAX || __builtin_mul_overflow(value, int128_pow10(to - from), &result))
                return overflow();
        }
        if (!decimal_fits(result, DECIMAL_PRECISION_MAX))
            return overflow();
        *out = result;
        return NULL;
    }
    if (from - to > DECIMAL_PRECISION_MAX)
        return NULL;
    int128 unit = int128_pow10(from - to);
    int128 whole = value / unit;
    int128 rest = value % unit;
    if (round && magnitude(rest) >= magnitude(unit) - magnitude(rest))
        whole += value < 0 ? -1 : 1;
    *out = whole;
    return NULL;
}

double decimal_to_double(int128 value, int32_t scale)
{
    /* One division of exactly represented operands rounds correctly up to 2^53 and 10^22;
     * beyond, x87's 64 bits keep the error under one unit in the last place. */
    if (scale <= 22 && value <= (INT64_C(1) << 53) && value >= -(INT64_C(1) << 53))
        return (double) value / (double) int128_pow10(scale);
    return (double) ((long double) value / (long double) int128_pow10(scale));
}

Error *decimal_from_double(double value, int32_t precision, int32_t scale, int128 *out)
{
    *out = 0;
    if (!isfinite(value))
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "cannot convert %s to numeric",
                         isnan(value) ? "NaN" : "infinity");
    if (fabs(value) >= 1e38)
        return overflow();
    /* Through its shortest text, as PostgreSQL: 0.145 is 0.145, not 0.14499999. */
    char digits[40];
    int32_t length = double_format(value, digits);
    Error *error = decimal_parse(digits, (size_t) length, precision, scale, true, out);
    if (error == NULL)
        return NULL;
    error_free(error);
    return overflow();
}

static SqlType integer_as_decimal(SqlType type)
{
    switch (type.id)
    {
    case TYPE_SMALLINT:
        return type_decimal(5, 0);
    case TYPE_INTEGER:
        return type_decimal(10, 0);
    case TYPE_BIGINT:
        return type_decimal(19, 0);
    default:
        return type;
    }
}

static int32_t max_i32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t min_i32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Redshift developer guide, "Computations with numeric values": precision and scale of results. */
static SqlType decimal_result_type(char op, SqlType a, SqlType b)
{
    int32_t p1 = a.precision, s1 = a.scale, p2 = b.precision, s2 = b.scale;
    int32_t scale = max_i32(s1, s2);
    int32_t precision;
    switch (op)
    {
    case '*':
        scale = s1 + s2;
        precision = p1 + p2 + 1;
        break;
    case '/':
        scale = max_i32(4, s1 + p2 - s2 + 1);
        precision = p1 - s1 + s2 + scale;
        if (precision > DECIMAL_PRECISION_MAX)
        {
            scale = max_i32(DECIMAL_PRECISION_MAX + scale - precision, 4);
            precision = DECIMAL_PRECISION_MAX;
        }
        break;
    case '%':
        precision = min_i32(p1 - s1, p2 - s2) + scale;
        break;
    default:
        precision = max_i32(p1 - s1, p2 - s2) + 1 + scale;
        break;
    }
    precision = min_i32(max_i32(precision, 1), DECIMAL_PRECISION_MAX);
    return type_decimal(precision, min_i32(scale, precision));
}

Error *numeric_result_type(char op, SqlType a, SqlType b, SqlType *result)
{
    ASSERT(op == '+' || op == '-' || op == '*' || op == '/' || op == '%');
    *result = a;
    if (!type_is_number(a) || !type_is_number(b))
        return error_new(SQLSTATE_UNDEFINED_FUNCTION, "operator does not exist: %s %c %s", type_name(a), op,
                         type_name(b));
    if (type_is_integer(a) && type_is_integer(b))
    {
        Rep wider = type_rep(a) > type_rep(b) ? type_rep(a) : type_rep(b);
        *result = wider == type_rep(a) ? a : b;
    }
    else if (a.id == TYPE_REAL && b.id == TYPE_REAL)
    {
        *result = a;
    }
    else if (a.id == TYPE_REAL || a.id == TYPE_DOUBLE || b.id == TYPE_REAL || b.id == TYPE_DOUBLE)
    {
        *result = type_make(TYPE_DOUBLE);
    }
    else
    {
        *result = decimal_result_type(op, integer_as_decimal(a), integer_as_decimal(b));
    }
    return NULL;
}

static SqlType string_common(SqlType a, SqlType b)
{
    int32_t length = a.length == 0 || b.length == 0 ? 0 : max_i32(a.length, b.length);
    if (a.id == TYPE_CHAR && b.id == TYPE_CHAR)
        return type_char(length);
    return type_varchar(length);
}

/* A string beside another type.  FEATURES 2.34: beside DECIMAL the string converts, beside
 * other numbers the number does; an untyped literal always converts. */
static SqlType string_meets(SqlType string, SqlType other)
{
    if (string.id != TYPE_UNKNOWN && type_is_number(other) && other.id != TYPE_DECIMAL)
        return type_varchar(string.length == 0 ? 0 : max_i32(string.length, 32));
    return other;
}

/* What a day becomes beside a moment, and a moment beside one with a zone. */
static int32_t moment_rank(SqlType type)
{
    return type.id == TYPE_DATE ? 1 : type.id == TYPE_TIMESTAMP ? 2 : type.id == TYPE_TIMESTAMPTZ ? 3 : 0;
}

Error *type_common(SqlType a, SqlType b, SqlType *result)
{
    *result = a;
    if (type_is_string(a) && type_is_string(b))
        *result = string_common(a, b);
    else if (a.id == b.id && a.id != TYPE_DECIMAL)
    {
        if (!type_equal(a, b)) /* INTERVAL, VARBYTE: whatever either holds */
            *result = a.id == TYPE_VARBYTE && a.length > 0 && b.length > 0 ? (a.length > b.length ? a : b)
                                                                           : type_make((TypeId) a.id);
        return NULL;
    }
    else if (type_is_string(a))
        *result = string_meets(a, b);
    else if (type_is_string(b))
        *result = string_meets(b, a);
    else if (moment_rank(a) > 0 && moment_rank(b) > 0)
        *result = moment_rank(a) > moment_rank(b) ? a : b;
    else if ((a.id == TYPE_TIME && b.id == TYPE_TIMETZ) || (a.id == TYPE_TIMETZ && b.id == TYPE_TIME))
        *result = type_make(TYPE_TIMETZ);
    else if (!type_is_number(a) || !type_is_number(b))
        return error_new(SQLSTATE_DATATYPE_MISMATCH, "types %s and %s cannot be matched", type_name(a), type_name(b));
    else if (a.id != TYPE_DECIMAL && b.id != TYPE_DECIMAL)
        return numeric_result_type('+', a, b, result);
    else if (a.id == TYPE_REAL || a.id == TYPE_DOUBLE || b.id == TYPE_REAL || b.id == TYPE_DOUBLE)
        *result = type_make(TYPE_DOUBLE);
    else
    {
        SqlType x = integer_as_decimal(a);
        SqlType y = integer_as_decimal(b);
        int32_t scale = max_i32(x.scale, y.scale);
        int32_t precision = max_i32(x.precision - x.scale, y.precision - y.scale) + scale;
        *result = type_decimal(min_i32(precision, DECIMAL_PRECISION_MAX), scale);
    }
    return NULL;
}
