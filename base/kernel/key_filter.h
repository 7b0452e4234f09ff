/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of 64-bit keys that fit a cache, asked before a hash table is:
 *
 *     bitmap   bit (key - least), exact, for keys of a small range
 *     Bloom    three bits of one word a key, for any keys; says "maybe" of one absent key in a hundred
 *              (Bloom 1970; a word a key as in Putze, Sanders, Singler, "Cache-, hash- and space-efficient Bloom filters", 2007)
 *
 * The kernels that ask them for a batch are in sel.h.
 */
#ifndef BASE_KERNEL_KEY_FILTER_H
#define BASE_KERNEL_KEY_FILTER_H

#include <stdint.h>

#define KEY_SPREAD_FACTOR UINT64_C(0x9e3779b97f4a7c15)

/* Spreads a key over 64 bits; the high ones are used. */
static inline uint64_t key_spread(uint64_t key)
{
    return (key ^ (key >> 32)) * KEY_SPREAD_FACTOR;
}

#define BLOOM_SHIFT_A 20 /* where the six bits stand in a spread key that name each of the three bits; the highest name the word */
#define BLOOM_SHIFT_B 26
#define BLOOM_SHIFT_C 32

static inline uint64_t bloom_bits(uint64_t spread)
{
    return UINT64_C(1) << (spread >> BLOOM_SHIFT_A & 63) | UINT64_C(1) << (spread >> BLOOM_SHIFT_B & 63) |
           UINT64_C(1) << (spread >> BLOOM_SHIFT_C & 63);
}

typedef struct KeyBitmap
{
    const uint64_t *words;
    uint64_t least;
    uint64_t last; /* greatest key - least */
} KeyBitmap;

typedef struct KeyBloom
{
    const uint64_t *words; /* 2^(64 - shift) */
    int32_t shift;
} KeyBloom;

static inline uint64_t key_in_bitmap(const KeyBitmap *bitmap, uint64_t key)
{
    uint64_t at = key - bitmap->least, in = at <= bitmap->last;
    return bitmap->words[in ? at >> 6 : 0] >> (at & 63) & in;
}

static inline uint64_t key_in_bloom(const KeyBloom *bloom, uint64_t key)
{
    uint64_t spread = key_spread(key);
    return (~bloom->words[spread >> bloom->shift] & bloom_bits(spread)) == 0;
}

#endif
