/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distribution hash: frozen, part of the storage format (golden tests).
 * All integer-like types (SMALLINT..BIGINT, BOOLEAN, DATE, TIMESTAMP) hash by
 * their 64-bit value, so equal keys of different widths meet on one slice.
 * DECIMAL hashes its 128-bit scaled integer: equal only at equal scale.
 * Strings hash without trailing blanks (XXH3-64, seed 0).  NULL hashes to 0.
 */
#ifndef BASE_DATA_HASH_H
#define BASE_DATA_HASH_H

#include "base/data/type.h"

/* Stafford's variant 13 of the splitmix64 finaliser ("Better Bit Mixing"). */
static inline uint64_t hash_u64(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t hash_combine(uint64_t a, uint64_t b)
{
    return hash_u64(a ^ (b + UINT64_C(0x9e3779b97f4a7c15) + (a << 6) + (a >> 2)));
}

uint64_t hash_str(Str s);
uint64_t hash_f64(double value); /* -0 as 0, every NaN alike */
uint64_t hash_i128(I128 value);  /* as hash_u64 where it fits in 64 bits */
uint64_t hash_datum(SqlType type, const Datum *value);
uint64_t hash_in_rep(SqlType type, Rep rep, const void *at); /* non-null value in memory */

/* slice = the high 32 bits scaled to [0, slice_count) (Lemire's multiply-shift). */
static inline int32_t hash_slice(uint64_t hash, int32_t slice_count)
{
    return (int32_t) (((hash >> 32) * (uint64_t) slice_count) >> 32);
}

#endif
