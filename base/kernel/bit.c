/* SPDX-License-Identifier: Apache-2.0 */
/* Whole numbers: bits, shifts, whole quotients, buckets, numbers in other bases. */
#include "base/kernel/body.h"

#include <math.h>

int64_t k_bit_and(int64_t a, int64_t b)
{
    return a & b;
}

int64_t k_bit_or(int64_t a, int64_t b)
{
    return a | b;
}

int64_t k_bit_xor(int64_t a, int64_t b)
{
    return a ^ b;
}

int64_t k_bit_not(int64_t value)
{
    return ~value;
}

/* The count is taken modulo the type's bits, as processors and PostgreSQL do. */
int64_t k_shift_left_bigint(int64_t value, int64_t count)
{
    return (int64_t) ((uint64_t) value << (count & 63));
}

int64_t k_shift_left_integer(int64_t value, int64_t count)
{
    return (int32_t) ((uint32_t) value << (count & 31));
}

int64_t k_shift_left_smallint(int64_t value, int64_t count)
{
    return (int16_t) ((uint32_t) value << (count & 31));
}

int64_t k_shift_right_bigint(int64_t value, int64_t count)
{
    return value >> (count & 63);
}

int64_t k_shift_right_integer(int64_t value, int64_t count)
{
    return value >> (count & 31);
}

static Error *division_by_zero(void)
{
    return error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
}

int64_t k_div_bigint(int64_t a, int64_t b, Error **error)
{
    if (b == 0)
        error_keep(error, division_by_zero());
    else if (b == -1 && a == INT64_MIN)
        error_keep(error, error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range"));
    else
        return a / b;
    return 0;
}

void k_div_decimal(I128 *result, int32_t result_scale, const I128 *a, int32_t a_scale, const I128 *b, int32_t b_scale,
                   Error **error)
{
    int32_t scale = a_scale > b_scale ? a_scale : b_scale;
    int128 x = 0, y = 0;
    (void) result_scale;
    *result = (I128){0, 0};
    Error *fault = decimal_rescale(i128_get(*a), a_scale, scale, false, &x);
    if (fault == NULL)
        fault = decimal_rescale(i128_get(*b), b_scale, scale, false, &y);
    if (fault == NULL && y == 0)
        fault = division_by_zero();
    if (fault == NULL)
        *result = i128_put(x / y);
    error_keep(error, fault);
}

/* ---- WIDTH_BUCKET ------------------------------------------------------------------ */

static bool buckets_are_sound(int64_t count, bool finite, bool equal, Error **error)
{
    const char *fault = count <= 0 ? "count must be greater than zero"
                        : !finite  ? "operand, lower bound, and upper bound cannot be NaN or infinite"
                        : equal    ? "lower bound cannot equal upper bound"
                                   : NULL;
    if (fault == NULL && count == INT32_MAX)
        fault = "count is too large";
    if (fault != NULL)
        error_keep(error, error_new(SQLSTATE_INVALID_ARGUMENT_FOR_WIDTH_BUCKET, "%s", fault));
    return fault == NULL;
}

int64_t k_width_bucket_double(double value, double low, double high, int64_t count, Error **error)
{
    bool finite = isfinite(low) && isfinite(high) && !isnan(value);
    if (!buckets_are_sound(count, finite, low == high, error))
        return 0;
    bool down = high < low;
    if (down ? value > low : value < low)
        return 0;
    if (down ? value <= high : value >= high)
        return count + 1;
    double part = down ? (low - value) / (low - high) : (value - low) / (high - low);
    int64_t bucket = (int64_t) floor(part * (double) count) + 1;
    return bucket > count ? count : bucket;
}

int64_t k_width_bucket_decimal(const I128 *value, int32_t value_scale, const I128 *low, int32_t low_scale,
                               const I128 *high, int32_t high_scale, int64_t count, Error **error)
{
    int32_t scale = value_scale > low_scale ? value_scale : low_scale;
    int128 x = 0, from = 0, to = 0, parts = 0;
    scale = scale > high_scale ? scale : high_scale;
    Error *fault = decimal_rescale(i128_get(*value), value_scale, scale, false, &x);
    if (fault == NULL)
        fault = decimal_rescale(i128_get(*low), low_scale, scale, false, &from);
    if (fault == NULL)
        fault = decimal_rescale(i128_get(*high), high_scale, scale, false, &to);
    if (fault != NULL)
    {
        error_keep(error, fault);
        return 0;
    }
    if (!buckets_are_sound(count, true, from == to, error))
        return 0;
    bool down = to < from;
    if (down ? x > from : x < from)
        return 0;
    if (down ? x <= to : x >= to)
        return count + 1;
    int128 width = down ? from - to : to - from;
    int128 ahead = down ? from - x : x - from;
    if (__builtin_mul_overflow(ahead, (int128) count, &parts))
        return (int64_t) ((long double) ahead / (long double) width * (long double) count) + 1;
    return (int64_t) (parts / width) + 1;
}

/* ---- other bases ------------------------------------------------------------------- */

static int32_t digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 36;
}

static Error *no_such_digit(const Str *text, int64_t base)
{
    return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "\"%.*s\" is no number of base %d",
                     (int) (text->len > 40 ? 40 : text->len), text->data, (int) base);
}

int64_t k_strtol(const Str *text, int64_t base, Error **error)
{
    int64_t at = 0;
    int64_t end = str_trimmed(*text);
    uint64_t value = 0;
    if (base < 2 || base > 36)
    {
        error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "base must be between 2 and 36"));
        return 0;
    }
    while (at < end && (text->data[at] == ' ' || (text->data[at] >= '\t' && text->data[at] <= '\r')))
        at++;
    if (at == end)
        return 0;
    bool minus = text->data[at] == '-';
    at += minus || text->data[at] == '+';
    if (base == 16 && end - at > 2 && text->data[at] == '0' && (text->data[at + 1] | 0x20) == 'x')
        at += 2;
    bool digits = at < end;
    for (; at < end && digits; at++)
    {
        int32_t digit = digit_value(text->data[at]);
        digits = digit < base;
        if (digits && (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
                       __builtin_add_overflow(value, (uint64_t) digit, &value) || value > (uint64_t) INT64_MAX + minus))
        {
            error_keep(error, error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range"));
            return 0;
        }
    }
    if (!digits)
    {
        error_keep(error, no_such_digit(text, base));
        return 0;
    }
    return minus ? (int64_t) (0 - value) : (int64_t) value;
}

static void hexadecimal(Arena *arena, Str *result, uint64_t value)
{
    char *out = arena_alloc(arena, 16);
    int32_t at = 16;
    do
        out[--at] = "0123456789abcdef"[value & 15];
    while ((value >>= 4) != 0);
    *result = (Str){out + at, 16 - at};
}

void k_to_hex_bigint(Arena *arena, Str *result, int64_t value)
{
    hexadecimal(arena, result, (uint64_t) value);
}

void k_to_hex_integer(Arena *arena, Str *result, int64_t value)
{
    hexadecimal(arena, result, (uint32_t) value);
}
