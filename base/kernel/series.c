/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate_series(start, stop, step): how many values it has, and value k of them (k = 0, 1, ...).
 *
 *     numbers    start + k * step
 *     moments    start and k times the step: a month behind January 31 is February 29, and a month behind that is
 *                March 29
 */
#include "base/data/value_session.h"
#include "base/kernel/body.h"

static int64_t no_step(Error **error)
{
    error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "step size cannot equal zero"));
    return 0;
}

/* Values from 0 to `distance` in steps. */
static int64_t count_steps(unsigned __int128 distance, unsigned __int128 step)
{
    unsigned __int128 steps = distance / step;
    return steps >= INT64_MAX ? INT64_MAX : (int64_t) steps + 1;
}

static int64_t count_numbers(__int128 start, __int128 stop, __int128 step, Error **error)
{
    if (step == 0)
        return no_step(error);
    if (step > 0 ? stop < start : stop > start)
        return 0;
    return step > 0 ? count_steps((unsigned __int128) stop - (unsigned __int128) start, (unsigned __int128) step)
                    : count_steps((unsigned __int128) start - (unsigned __int128) stop, -(unsigned __int128) step);
}

int64_t k_series_count_bigint(int64_t start, int64_t stop, int64_t step, Error **error)
{
    return count_numbers(start, stop, step, error);
}

/* The binder has brought all three to one type. */
int64_t k_series_count_decimal(const I128 *start, int32_t start_scale, const I128 *stop, int32_t stop_scale,
                               const I128 *step, int32_t step_scale, Error **error)
{
    (void) start_scale, (void) stop_scale, (void) step_scale;
    return count_numbers(i128_get(*start), i128_get(*stop), i128_get(*step), error);
}

void k_series_value_decimal(I128 *result, int32_t scale, const I128 *start, int32_t start_scale, const I128 *step,
                            int32_t step_scale, int64_t k)
{
    (void) scale, (void) start_scale, (void) step_scale;
    *result = i128_put(i128_get(*start) + i128_get(*step) * k);
}

/* --- moments ------------------------------------------------------------------------ */

typedef int64_t AddInterval(int64_t moment, const Interval *interval, Error **error);

/* What an interval lasts, as intervals are compared. */
static __int128 step_us(const Interval *step)
{
    return (__int128) (step->months * 30LL + step->days) * DAY_US + step->us;
}

static int64_t count_moments(int64_t start, int64_t stop, const Interval *step, bool even, AddInterval *add,
                             Error **error)
{
    __int128 length = step_us(step);
    if (even || length == 0)
        return count_numbers(start, stop, length, error);
    int64_t count = 0;
    for (int64_t at = start; *error == NULL && (length > 0 ? at <= stop : at >= stop); count++)
        at = add(at, step, error);
    return *error == NULL ? count : 0;
}

/* Where the steps of a series have got to: its values are asked for one after the other. */
typedef struct Walk
{
    int64_t start;
    Interval step;
    const TimeZone *zone;
    int64_t k, value;
} Walk;

static int64_t walk_to(Walk *walk, int64_t start, const Interval *step, int64_t k, AddInterval *add, Error **error)
{
    const TimeZone *zone = value_session()->zone;
    bool on = walk->k <= k && walk->start == start && walk->zone == zone && walk->step.months == step->months &&
              walk->step.days == step->days && walk->step.us == step->us;
    if (!on)
        *walk = (Walk){.start = start, .step = *step, .zone = zone, .value = start};
    for (; walk->k < k && *error == NULL; walk->k++)
        walk->value = add(walk->value, step, error);
    return walk->value;
}

static bool is_even(const Interval *step)
{
    return step->months == 0;
}

static bool is_even_in_zone(const Interval *step)
{
    return step->months == 0 && step->days == 0;
}

int64_t k_series_count_timestamp(int64_t start, int64_t stop, const Interval *step, Error **error)
{
    return count_moments(start, stop, step, is_even(step), k_timestamp_add_interval, error);
}

int64_t k_series_count_timestamptz(int64_t start, int64_t stop, const Interval *step, Error **error)
{
    return count_moments(start, stop, step, is_even_in_zone(step), k_timestamptz_add_interval, error);
}

int64_t k_series_value_timestamp(int64_t start, const Interval *step, int64_t k, Error **error)
{
    static _Thread_local Walk walk;
    if (is_even(step))
        return start + (int64_t) step_us(step) * k;
    return walk_to(&walk, start, step, k, k_timestamp_add_interval, error);
}

int64_t k_series_value_timestamptz(int64_t start, const Interval *step, int64_t k, Error **error)
{
    static _Thread_local Walk walk;
    if (is_even_in_zone(step))
        return start + step->us * k;
    return walk_to(&walk, start, step, k, k_timestamptz_add_interval, error);
}
