/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HyperLogLog with 2^12 registers of a byte: how many distinct values there
 * were, to about 1.6 %.  Source: Flajolet et al. 2007; small counts by linear
 * counting.  Hashes are those of base/data/hash.h, so sketches of different segments merge.
 */
#ifndef HDF5STORE_HLL_H
#define HDF5STORE_HLL_H

#include <stdint.h>

#define HLL_BITS 12
#define HLL_REGISTERS (1 << HLL_BITS)

typedef struct Hll
{
    uint8_t registers[HLL_REGISTERS];
} Hll;

static inline void hll_add(Hll *hll, uint64_t hash)
{
    uint32_t slot = (uint32_t) (hash >> (64 - HLL_BITS));
    uint8_t rank = (uint8_t) (__builtin_clzll((hash << HLL_BITS) | (UINT64_C(1) << (HLL_BITS - 1))) + 1);
    if (rank > hll->registers[slot])
        hll->registers[slot] = rank;
}

void hll_clear(Hll *hll);
void hll_merge(Hll *into, const Hll *from);
double hll_estimate(const Hll *hll);

#endif
