/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HyperLogLog with 2^12 registers of a byte: how many distinct values there
 * were, to about 1.6 %.  Source: Flajolet et al. 2007; small counts by linear
 * counting.  Hashes are those of base/data/hash.h, so sketches of different segments merge.
 */
#ifndef BASE_DATA_HLL_H
#define BASE_DATA_HLL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define HLL_BITS 12
#define HLL_REGISTERS (1 << HLL_BITS)

typedef struct Hll
{
    uint8_t registers[HLL_REGISTERS];
} Hll;

static inline void hll_clear(Hll *hll)
{
    memset(hll, 0, sizeof *hll);
}

/* Of 2^bits registers: which, and the rank there: 1 to 64 - bits + 1. */
static inline uint32_t hll_slot(uint64_t hash, int bits)
{
    return (uint32_t) (hash >> (64 - bits));
}
static inline uint8_t hll_rank(uint64_t hash, int bits)
{
    return (uint8_t) (__builtin_clzll((hash << bits) | (UINT64_C(1) << (bits - 1))) + 1);
}

static inline void hll_add(Hll *hll, uint64_t hash)
{
    uint32_t slot = hll_slot(hash, HLL_BITS);
    uint8_t rank = hll_rank(hash, HLL_BITS);
    if (rank > hll->registers[slot])
        hll->registers[slot] = rank;
}

static inline void hll_merge(Hll *into, const Hll *from)
{
    for (int32_t i = 0; i < HLL_REGISTERS; i++)
        if (from->registers[i] > into->registers[i])
            into->registers[i] = from->registers[i];
}

/* sum: of 2^-rank over all registers, empty ones have rank 0. */
static inline double hll_estimate_of(int64_t registers, double sum, int64_t empty)
{
    double m = (double) registers, estimate = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (estimate <= 2.5 * m && empty > 0)
        return m * log(m / (double) empty);
    return estimate; /* 64-bit hashes: no correction for large counts is needed */
}

static inline double hll_estimate(const Hll *hll)
{
    double sum = 0;
    int32_t empty = 0;
    for (int32_t i = 0; i < HLL_REGISTERS; i++)
    {
        sum += ldexp(1.0, -hll->registers[i]);
        empty += hll->registers[i] == 0;
    }
    return hll_estimate_of(HLL_REGISTERS, sum, empty);
}

#endif
