/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit-packing kernels: 1024 values ("a vector") of `width` bits each stand in width * 128 bytes.
 *
 * Lanes are 8, 16, 32 or 64 bits, the narrowest that holds the width.  A vector is seen as `lane bits`
 * rows of 128 bytes; value i stands in row i / (1024 / bits), and every column of lanes is one bit stream,
 * least significant bit first:
 *
 *     row 0      | v0  v1  v2 ...  v127 |        (8-bit lanes: 128 of them)
 *     row 1      | v128 ...        v255 |   -->  word 0 holds bits 0.. of v0, v128, v256, ... side by side
 *
 * so unpacking is the same shift and mask for all lanes of a SIMD register, and order is kept.
 * The idea is FastLanes' (Afroozeh and Boncz, "The FastLanes Compression Layout", VLDB 2023).
 */
#ifndef HDF5STORE_BITPACK_H
#define HDF5STORE_BITPACK_H

#include <stddef.h>
#include <stdint.h>

#define BITPACK_VALUES    1024
#define BITPACK_ROW_BYTES 128

/* Lane or output width: log2 of its bytes. */
typedef enum BitLane
{
    BIT_LANE_8,
    BIT_LANE_16,
    BIT_LANE_32,
    BIT_LANE_64,
    BIT_LANE_COUNT
} BitLane;

typedef struct BitKernels
{
    const char *isa;
    /* One vector of that width (1..64) into lanes.  No alignment needed. */
    void (*unpack[65])(const void *packed, void *lanes);
    /* lanes: 1024 values below 2^width. */
    void (*pack[BIT_LANE_COUNT])(const void *lanes, int width, void *packed);
    /* out[i] = base + factor * lanes[i], cut to the output's width; in place where widths are equal. */
    void (*rebase[BIT_LANE_COUNT][BIT_LANE_COUNT])(const void *lanes, uint64_t base, uint64_t factor, void *out);
} BitKernels;

/* The best this processor has. */
const BitKernels *bit_kernels(void);
/* "portable", "avx2" or "avx512"; NULL if the processor lacks it.  For tests. */
const BitKernels *bit_kernels_named(const char *isa);

static inline BitLane bit_lane(int width)
{
    return width <= 8 ? BIT_LANE_8 : width <= 16 ? BIT_LANE_16 : width <= 32 ? BIT_LANE_32 : BIT_LANE_64;
}

/* Bits needed for values 0..greatest. */
static inline int bit_width(uint64_t greatest)
{
    return greatest == 0 ? 0 : 64 - __builtin_clzll(greatest);
}

/* Bytes of `count` packed values: whole vectors. */
static inline size_t bit_packed_bytes(size_t count, int width)
{
    return (count + BITPACK_VALUES - 1) / BITPACK_VALUES * (size_t) width * BITPACK_ROW_BYTES;
}

extern const BitKernels bit_kernels_portable;
#ifdef __x86_64__
extern const BitKernels bit_kernels_avx2;
extern const BitKernels bit_kernels_avx512;
#endif

#endif
