/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/datetime.h"
#include "base/data/value.h"
#include "src/run/run.h"

#include <math.h>

static bool floats_equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool strs_equal(const Str *a, const Str *b)
{
    int64_t a_len = str_trimmed(*a), b_len = str_trimmed(*b);
    return a_len == b_len && (a_len == 0 || memcmp(a->data, b->data, (size_t) a_len) == 0);
}

static bool values_equal(Rep rep, const char *a, const char *b)
{
    switch (rep)
    {
    case REP_F32:
        return floats_equal(*(const float *) a, *(const float *) b);
    case REP_F64:
        return floats_equal(*(const double *) a, *(const double *) b);
    case REP_STR:
        return strs_equal((const Str *) a, (const Str *) b);
    case REP_INTERVAL:
        return interval_span((const Interval *) a) == interval_span((const Interval *) b);
    case REP_I64:
        return *(const int64_t *) a == *(const int64_t *) b;
    case REP_I32:
        return *(const int32_t *) a == *(const int32_t *) b;
    default:
        return memcmp(a, b, (size_t) rep_size(rep)) == 0;
    }
}

bool rows_keys_equal(const RowLayout *layout, int32_t count, const char *a, const char *b)
{
    for (int32_t i = 0; i < count; i++)
    {
        const RowField *field = &layout->fields[i];
        bool null = field_null(field, a);
        if (null != field_null(field, b))
            return false;
        if (!null && !values_equal((Rep) field->rep, a + field->offset, b + field->offset))
            return false;
    }
    return true;
}
