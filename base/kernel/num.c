/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/assert.h"
#include "base/data/value_session.h"
#include "base/kernel/body.h"

#include <math.h>
#include <sys/random.h>
#include <time.h>

static Error *out_of_range(TypeId id)
{
    return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type_name(type_make(id)));
}

/* ---- sign and remainder -------------------------------------------------------- */

static int64_t abs_within(TypeId id, int64_t value, int64_t least, Error **error)
{
    if (value == least)
    {
        error_keep(error, out_of_range(id));
        return 0;
    }
    return value < 0 ? -value : value;
}

int64_t k_abs_smallint(int64_t value, Error **error)
{
    return abs_within(TYPE_SMALLINT, value, INT16_MIN, error);
}

int64_t k_abs_integer(int64_t value, Error **error)
{
    return abs_within(TYPE_INTEGER, value, INT32_MIN, error);
}

int64_t k_abs_bigint(int64_t value, Error **error)
{
    return abs_within(TYPE_BIGINT, value, INT64_MIN, error);
}

void k_abs_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale)
{
    int128 number = i128_get(*value);
    (void) result_scale, (void) scale;
    *result = i128_put(number < 0 ? -number : number);
}

double k_abs_double(double value)
{
    return fabs(value);
}

void k_sign_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale)
{
    int128 number = i128_get(*value);
    (void) result_scale, (void) scale;
    *result = i128_put((number > 0) - (number < 0));
}

double k_sign_double(double value)
{
    return value > 0 ? 1 : value < 0 ? -1 : value;
}

int64_t k_mod_bigint(int64_t a, int64_t b, Error **error)
{
    if (b == 0)
    {
        error_keep(error, error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero"));
        return 0;
    }
    return b == -1 ? 0 : a % b; /* INT64_MIN % -1 traps */
}

void k_mod_decimal(I128 *result, int32_t result_scale, const I128 *a, int32_t a_scale, const I128 *b, int32_t b_scale,
                   Error **error)
{
    int128 x, y;
    *result = (I128){0, 0};
    Error *fault = decimal_rescale(i128_get(*a), a_scale, result_scale, false, &x);
    if (fault == NULL)
        fault = decimal_rescale(i128_get(*b), b_scale, result_scale, false, &y);
    if (fault == NULL && y == 0)
        fault = error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    if (fault != NULL)
    {
        error_keep(error, fault);
        return;
    }
    *result = i128_put(x % y);
}

/* ---- to whole numbers and decimals ----------------------------------------------- */

/* value / 10^scale without its decimals, down or up where some were left. */
static int128 decimal_whole(int128 value, int32_t scale, int32_t up, int32_t down)
{
    int128 unit = int128_pow10(scale);
    int128 whole = value / unit;
    int128 rest = value % unit;
    return whole + (rest > 0 ? up : 0) - (rest < 0 ? down : 0);
}

void k_ceil_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale)
{
    (void) result_scale;
    *result = i128_put(decimal_whole(i128_get(*value), scale, 1, 0));
}

void k_floor_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale)
{
    (void) result_scale;
    *result = i128_put(decimal_whole(i128_get(*value), scale, 0, 1));
}

void k_trunc_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale)
{
    (void) result_scale;
    *result = i128_put(decimal_whole(i128_get(*value), scale, 0, 0));
}

/* Keeps `decimals` of the value, then brings it to the result's scale. */
static Error *decimal_keep(int128 value, int32_t scale, int64_t decimals, int32_t result_scale, bool round, int128 *out)
{
    *out = 0;
    if (decimals < -DECIMAL_PRECISION_MAX)
        return NULL;
    int32_t kept = decimals > scale ? scale : (int32_t) decimals;
    int128 number;
    TRY(decimal_rescale(value, scale, kept, round, &number));
    if (kept < result_scale || number == 0)
        return number == 0 ? NULL : decimal_rescale(number, kept, result_scale, false, out);
    return decimal_rescale(number, kept, result_scale, round, out);
}

void k_round_decimal(I128 *result, int32_t result_scale, const I128 *value, int32_t scale)
{
    int128 number;
    (void) result_scale;
    error_free(decimal_rescale(i128_get(*value), scale, 0, true, &number)); /* dropping digits cannot fail */
    *result = i128_put(number);
}

void k_round_decimal_to(I128 *result, int32_t result_scale, const I128 *value, int32_t scale, int64_t decimals,
                        Error **error)
{
    int128 number;
    error_keep(error, decimal_keep(i128_get(*value), scale, decimals, result_scale, true, &number));
    *result = i128_put(number);
}

void k_trunc_decimal_to(I128 *result, int32_t result_scale, const I128 *value, int32_t scale, int64_t decimals)
{
    int128 number;
    error_free(decimal_keep(i128_get(*value), scale, decimals, result_scale, false, &number)); /* never grows */
    *result = i128_put(number);
}

double k_ceil_double(double value)
{
    return ceil(value);
}

double k_floor_double(double value)
{
    return floor(value);
}

double k_round_double(double value)
{
    return round(value);
}

double k_trunc_double(double value)
{
    return trunc(value);
}

/* Shifts by a power of ten, applies `whole`, shifts back; what is beyond a double's digits stays. */
static double at_decimals(double value, int64_t decimals, double (*whole)(double))
{
    if (decimals > 300 || !isfinite(value))
        return value;
    if (decimals < -310)
        return 0;
    double unit = pow(10, (double) (decimals < 0 ? -decimals : decimals));
    double shifted = decimals < 0 ? value / unit : value * unit;
    if (!isfinite(shifted))
        return value;
    double result = whole(shifted);
    return decimals < 0 ? result * unit : result / unit;
}

double k_round_double_to(double value, int64_t decimals)
{
    return at_decimals(value, decimals, round);
}

double k_trunc_double_to(double value, int64_t decimals)
{
    return at_decimals(value, decimals, trunc);
}

/* ---- powers and logarithms ---------------------------------------------------------- */

/* A result that left the doubles though the operands were finite. */
static double range_checked(double result, bool finite_in, Error **error)
{
    if (isinf(result) && finite_in)
    {
        error_keep(error, error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow"));
        return 0;
    }
    return result;
}

double k_power(double base, double exponent, Error **error)
{
    if (base == 0 && exponent < 0)
    {
        error_keep(error,
                   error_new(SQLSTATE_INVALID_ARGUMENT_FOR_POWER, "zero raised to a negative power is undefined"));
        return 0;
    }
    if (base < 0 && isfinite(exponent) && floor(exponent) != exponent)
    {
        error_keep(error, error_new(SQLSTATE_INVALID_ARGUMENT_FOR_POWER,
                                    "a negative number raised to a non-integer power yields a complex result"));
        return 0;
    }
    return range_checked(pow(base, exponent), isfinite(base) && isfinite(exponent), error);
}

double k_exp(double value, Error **error)
{
    return range_checked(exp(value), isfinite(value), error);
}

static bool logarithm_defined(double value, Error **error)
{
    if (value > 0 || isnan(value))
        return true;
    error_keep(error, error_new(SQLSTATE_INVALID_ARGUMENT_FOR_LOGARITHM, "cannot take logarithm of %s",
                                value == 0 ? "zero" : "a negative number"));
    return false;
}

double k_ln(double value, Error **error)
{
    return logarithm_defined(value, error) ? log(value) : 0;
}

double k_log(double value, Error **error)
{
    return logarithm_defined(value, error) ? log10(value) : 0;
}

double k_sqrt(double value, Error **error)
{
    if (value < 0)
    {
        error_keep(error,
                   error_new(SQLSTATE_INVALID_ARGUMENT_FOR_POWER, "cannot take square root of a negative number"));
        return 0;
    }
    return sqrt(value);
}

double k_cbrt(double value)
{
    return cbrt(value);
}

/* ---- angles ---------------------------------------------------------------------------- */

static bool within_one(double value, Error **error)
{
    if (!(fabs(value) > 1))
        return true;
    error_keep(error, error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range"));
    return false;
}

double k_acos(double value, Error **error)
{
    return within_one(value, error) ? acos(value) : 0;
}

double k_asin(double value, Error **error)
{
    return within_one(value, error) ? asin(value) : 0;
}

double k_atan(double value)
{
    return atan(value);
}

double k_atan2(double y, double x)
{
    return atan2(y, x);
}

double k_cos(double value)
{
    return cos(value);
}

double k_cot(double value)
{
    return 1 / tan(value);
}

double k_sin(double value)
{
    return sin(value);
}

double k_tan(double value)
{
    return tan(value);
}

double k_degrees(double value)
{
    return value * (180 / M_PI);
}

double k_radians(double value)
{
    return value * (M_PI / 180);
}

double k_pi(void)
{
    return M_PI;
}

/* splitmix64, a stream a thread, begun from the system's random bytes. */
double k_random(void)
{
    static _Thread_local uint64_t state;
    if (state == 0 && (getrandom(&state, sizeof state, GRND_NONBLOCK) != sizeof state || state == 0))
        state = (uint64_t) time(NULL) ^ (uint64_t) (uintptr_t) &state;
    uint64_t x = state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    return (double) (x >> 11) * 0x1p-53;
}

int64_t k_identity(int64_t row, int64_t seed, int64_t step, Error **error)
{
    RowNumbers *numbers = value_session()->numbers;
    int64_t value = 0;
    ASSERT(numbers != NULL);
    if (identity_value(row < 0 ? row_numbers_next(numbers) : numbers->base + row, seed, step, &value))
        return value;
    error_keep(error, out_of_range(TYPE_BIGINT));
    return 0;
}
