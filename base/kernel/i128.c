/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kernel/i128.h"
#include "base/data/numeric.h"

/* The result, or 1 where it passes 38 digits. */
static int32_t put_checked(I128 *out, int128 value)
{
    bool fits = decimal_fits(value, DECIMAL_PRECISION_MAX);
    *out = i128_put(fits ? value : 0);
    return !fits;
}

static int32_t put_failed(I128 *out, int32_t why)
{
    *out = (I128){0, 0};
    return why;
}

int32_t k_i128_add(I128 *out, const I128 *a, const I128 *b)
{
    int128 result;
    if (__builtin_add_overflow(i128_get(*a), i128_get(*b), &result))
        return put_failed(out, 1);
    return put_checked(out, result);
}

int32_t k_i128_sub(I128 *out, const I128 *a, const I128 *b)
{
    int128 result;
    if (__builtin_sub_overflow(i128_get(*a), i128_get(*b), &result))
        return put_failed(out, 1);
    return put_checked(out, result);
}

int32_t k_i128_mul(I128 *out, const I128 *a, const I128 *b)
{
    int128 result;
    if (__builtin_mul_overflow(i128_get(*a), i128_get(*b), &result))
        return put_failed(out, 1);
    return put_checked(out, result);
}

int32_t k_i128_div(I128 *out, const I128 *a, int32_t sa, const I128 *b, int32_t sb, int32_t s)
{
    int128 result;
    int128 divisor = i128_get(*b);
    if (divisor == 0)
        return put_failed(out, 2);
    Error *error = decimal_div(i128_get(*a), sa, divisor, sb, s, &result);
    if (error != NULL)
    {
        error_free(error);
        return put_failed(out, 1);
    }
    *out = i128_put(result);
    return 0;
}

int32_t k_i128_mod(I128 *out, const I128 *a, const I128 *b)
{
    int128 divisor = i128_get(*b);
    if (divisor == 0)
        return put_failed(out, 2);
    /* the least value by -1 would trap; decimals never hold it, but the bits could */
    *out = i128_put(divisor == -1 ? 0 : i128_get(*a) % divisor);
    return 0;
}

int32_t k_i128_rescale(I128 *out, const I128 *a, int32_t from, int32_t to, int32_t round)
{
    int128 result;
    Error *error = decimal_rescale(i128_get(*a), from, to, round != 0, &result);
    if (error != NULL)
    {
        error_free(error);
        return put_failed(out, 1);
    }
    *out = i128_put(result);
    return 0;
}

int32_t k_i128_compare(const I128 *a, const I128 *b)
{
    int128 x = i128_get(*a);
    int128 y = i128_get(*b);
    return (x > y) - (x < y);
}

double k_i128_to_f64(const I128 *a, int32_t scale)
{
    return decimal_to_double(i128_get(*a), scale);
}

int32_t k_i128_from_f64(I128 *out, double value, int32_t precision, int32_t scale)
{
    int128 result;
    Error *error = decimal_from_double(value, precision, scale, &result);
    if (error != NULL)
    {
        error_free(error);
        return put_failed(out, 1);
    }
    *out = i128_put(result);
    return 0;
}

int32_t k_i128_fits(const I128 *a, int32_t precision)
{
    return decimal_fits(i128_get(*a), precision);
}
