/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates of pairs (y, x), after PostgreSQL's: a pair is one value, null if one of its numbers is, so that FILTER, DISTINCT,
 * windows and exchanges know of one argument only.
 */
#include "base/kernel/body.h"
#include "base/kernel/kernel.h"

#include <math.h>
#include <string.h>

/* Equal numbers have equal bits, for DISTINCT. */
static uint64_t bits_of(double value)
{
    uint64_t bits;
    value = isnan(value) ? (double) NAN : value + 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

void k_pair(I128 *result, int32_t scale, double y, double x)
{
    (void) scale;
    result->lo = bits_of(y);
    result->hi = (int64_t) bits_of(x);
}

double k_pair_result(int64_t agg, int64_t count, double mean_y, double squares_y, double mean_x, double squares_x,
                     double products, int64_t *null)
{
    bool line = agg == AGG_REGR_SLOPE || agg == AGG_REGR_INTERCEPT || agg == AGG_REGR_R2 || agg == AGG_CORR;
    if (count < (agg == AGG_COVAR_SAMP ? 2 : 1) || (line && squares_x == 0) || (agg == AGG_CORR && squares_y == 0))
    {
        *null = 1;
        return 0;
    }
    switch (agg)
    {
    case AGG_CORR:
        return products / sqrt(squares_x * squares_y);
    case AGG_COVAR_POP:
        return products / (double) count;
    case AGG_COVAR_SAMP:
        return products / (double) (count - 1);
    case AGG_REGR_AVGX:
        return mean_x;
    case AGG_REGR_AVGY:
        return mean_y;
    case AGG_REGR_INTERCEPT:
        return mean_y - mean_x * (products / squares_x);
    case AGG_REGR_R2:
        return squares_y == 0 ? 1 : products * products / (squares_x * squares_y);
    case AGG_REGR_SLOPE:
        return products / squares_x;
    case AGG_REGR_SXX:
        return squares_x;
    case AGG_REGR_SYY:
        return squares_y;
    default:
        return products;
    }
}
