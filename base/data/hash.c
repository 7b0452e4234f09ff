/* SPDX-License-Identifier: Apache-2.0 */
/* Frozen: tests/unit/test_data.c holds golden values of every function. */
#include "base/data/hash.h"
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "base/data/value.h"

#include <math.h>
#include <string.h>
#define XXH_INLINE_ALL /* short strings are hashed in place; and other libraries export the same names */
#include <xxhash.h>

uint64_t hash_str(Str s)
{
    return XXH3_64bits(s.data, (size_t) str_trimmed(s));
}

uint64_t hash_f64(double value)
{
    uint64_t bits;
    if (value == 0)
        value = 0;
    if (isnan(value))
        return hash_u64(UINT64_C(0x7ff8000000000000));
    memcpy(&bits, &value, sizeof bits);
    return hash_u64(bits);
}

uint64_t hash_i128(I128 value)
{
    if (value.hi == (int64_t) value.lo >> 63)
        return hash_u64(value.lo);
    return hash_combine(hash_u64(value.lo), (uint64_t) value.hi);
}

static uint64_t hash_interval(Interval interval)
{
    /* Equal intervals compare equal as 30-day months and 24-hour days, as PostgreSQL's do. */
    int128 us = interval_span(&interval);
    return hash_i128(i128_put(us));
}

uint64_t hash_datum(SqlType type, const Datum *value)
{
    if (value->null)
        return 0;
    switch (type_rep(type))
    {
    case REP_I128:
        return hash_i128(value->i128);
    case REP_F32:
    case REP_F64:
        return hash_f64(value->f);
    case REP_STR:
        return hash_str(value->str);
    case REP_INTERVAL:
        return hash_interval(value->interval);
    default:
        return hash_u64((uint64_t) value->i);
    }
}

uint64_t hash_in_rep(SqlType type, Rep rep, const void *at)
{
    Datum value = value_load(type, rep, at);
    return hash_datum(type, &value);
}
