/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers by counter: a row's values depend on nothing but (table, row), so
 * any chunk of rows can be made by anyone in any order, and is always the same.
 * splitmix64 (Steele, Lea, Flood 2014) seeded by a mix of both.
 */
#ifndef BENCH_GEN_RANDOM_H
#define BENCH_GEN_RANDOM_H

#include <stdint.h>

typedef struct Random
{
    uint64_t state;
} Random;

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline Random random_of(uint64_t stream, uint64_t row)
{
    return (Random){random_mix(stream * 0xd1342543de82ef95u + 1) ^ random_mix(row + 0x632be59bd9b4e019u)};
}

static inline uint64_t random_next(Random *r)
{
    return random_mix(r->state += 0x9e3779b97f4a7c15u);
}

/* Uniform in least..most, both inclusive; most - least < 2^32. */
static inline int64_t random_range(Random *r, int64_t least, int64_t most)
{
    uint64_t span = (uint64_t) (most - least) + 1;
    return least + (int64_t) (((random_next(r) >> 32) * span) >> 32);
}

#endif
