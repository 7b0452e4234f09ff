/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of the kernels, included once an instruction set with
 *   BIT_VECTOR_BYTES  16, 32 or 64: the register
 *   BIT_KERNELS       the table's name
 *   BIT_ISA           its name in words
 * No include guard.  Everything is straight-line code over GCC vector extensions, made by macros with
 * constant shifts: auto-vectorised loops over all widths took the compiler minutes.
 */
#include "hdf5store/bitpack.h"

#include <string.h>

typedef uint8_t Vec8 __attribute__((vector_size(BIT_VECTOR_BYTES), aligned(1), may_alias));
typedef uint16_t Vec16 __attribute__((vector_size(BIT_VECTOR_BYTES), aligned(1), may_alias));
typedef uint32_t Vec32 __attribute__((vector_size(BIT_VECTOR_BYTES), aligned(1), may_alias));
typedef uint64_t Vec64 __attribute__((vector_size(BIT_VECTOR_BYTES), aligned(1), may_alias));
typedef uint8_t Lane8 __attribute__((aligned(1), may_alias));
typedef uint16_t Lane16 __attribute__((aligned(1), may_alias));
typedef uint32_t Lane32 __attribute__((aligned(1), may_alias));
typedef uint64_t Lane64 __attribute__((aligned(1), may_alias));

#define VECTORS_A_ROW (BITPACK_ROW_BYTES / BIT_VECTOR_BYTES)
#define MASK(B, W) ((Lane##B) (UINT64_MAX >> (64 - (W))))

/* ---- unpack: row R of B-bit lanes at width W ---- */
#define AT(B, W, R) ((R) * (W) / (B) * VECTORS_A_ROW)
#define SHIFT(B, W, R) ((R) * (W) % (B))
#define ROW(B, W, R)                                                                                   \
    {                                                                                                  \
        Vec##B x = in[AT(B, W, R)] >> SHIFT(B, W, R);                                                  \
        if (SHIFT(B, W, R) + (W) > (B))                                                                \
            x |= in[AT(B, W, R) + VECTORS_A_ROW] << (((B) - SHIFT(B, W, R)) % (B));                    \
        out[(R) * VECTORS_A_ROW] = x & MASK(B, W);                                                     \
    }
#define ROWS8(B, W, R)                                                                                 \
    ROW(B, W, (R)) ROW(B, W, (R) + 1) ROW(B, W, (R) + 2) ROW(B, W, (R) + 3)                            \
    ROW(B, W, (R) + 4) ROW(B, W, (R) + 5) ROW(B, W, (R) + 6) ROW(B, W, (R) + 7)
#define ROWS16(B, W, R) ROWS8(B, W, R) ROWS8(B, W, (R) + 8)
#define ROWS32(B, W, R) ROWS16(B, W, R) ROWS16(B, W, (R) + 16)
#define ROWS64(B, W, R) ROWS32(B, W, R) ROWS32(B, W, (R) + 32)

#define UNPACK(B, W)                                                                                   \
    static void unpack_##W(const void *packed, void *lanes)                                            \
    {                                                                                                  \
        const Vec##B *in = packed;                                                                     \
        Vec##B *out = lanes;                                                                           \
        for (int v = 0; v < VECTORS_A_ROW; v++, in++, out++)                                           \
        {                                                                                              \
            ROWS##B(B, W, 0)                                                                           \
        }                                                                                              \
    }

/* Every width with its lane. */
#define WIDTHS(X)                                                                                      \
    X(8, 1) X(8, 2) X(8, 3) X(8, 4) X(8, 5) X(8, 6) X(8, 7) X(8, 8)                                    \
    X(16, 9) X(16, 10) X(16, 11) X(16, 12) X(16, 13) X(16, 14) X(16, 15) X(16, 16)                     \
    X(32, 17) X(32, 18) X(32, 19) X(32, 20) X(32, 21) X(32, 22) X(32, 23) X(32, 24)                    \
    X(32, 25) X(32, 26) X(32, 27) X(32, 28) X(32, 29) X(32, 30) X(32, 31) X(32, 32)                    \
    X(64, 33) X(64, 34) X(64, 35) X(64, 36) X(64, 37) X(64, 38) X(64, 39) X(64, 40)                    \
    X(64, 41) X(64, 42) X(64, 43) X(64, 44) X(64, 45) X(64, 46) X(64, 47) X(64, 48)                    \
    X(64, 49) X(64, 50) X(64, 51) X(64, 52) X(64, 53) X(64, 54) X(64, 55) X(64, 56)                    \
    X(64, 57) X(64, 58) X(64, 59) X(64, 60) X(64, 61) X(64, 62) X(64, 63) X(64, 64)

WIDTHS(UNPACK)

/* ---- pack: width known only at run time; the inner work is still one register wide ---- */
#define PACK(B)                                                                                        \
    static void pack_##B(const void *lanes, int width, void *packed)                                   \
    {                                                                                                  \
        const Vec##B *in = lanes;                                                                      \
        Vec##B *out = packed;                                                                          \
        for (int v = 0; v < VECTORS_A_ROW; v++, in++, out++)                                           \
        {                                                                                              \
            Vec##B word = {0};                                                                         \
            int filled = 0, at = 0;                                                                    \
            for (int row = 0; row < (B); row++)                                                        \
            {                                                                                          \
                Vec##B x = in[row * VECTORS_A_ROW];                                                    \
                word |= x << filled;                                                                   \
                filled += width;                                                                       \
                if (filled >= (B))                                                                     \
                {                                                                                      \
                    out[at++ * VECTORS_A_ROW] = word;                                                  \
                    filled -= (B);                                                                     \
                    word = filled > 0 ? x >> (width - filled) : (Vec##B){0};                           \
                }                                                                                      \
            }                                                                                          \
        }                                                                                              \
    }

PACK(8)
PACK(16)
PACK(32)
PACK(64)

/* ---- rebase: lanes of I bits to values of O bits; equal widths work in place ---- */
#define REBASE_LOOPS(O, source)                                                                        \
    if (factor == 1)                                                                                   \
        for (int i = 0; i < BITPACK_VALUES; i++)                                                       \
            out[i] = (Lane##O) ((Lane##O) (source)[i] + add);                                          \
    else                                                                                               \
        for (int i = 0; i < BITPACK_VALUES; i++)                                                       \
            out[i] = (Lane##O) ((uint64_t) (Lane##O) (source)[i] * times + add);

#define REBASE(I, O)                                                                                   \
    static void rebase_##I##_##O(const void *lanes, uint64_t base, uint64_t factor, void *values)      \
    {                                                                                                  \
        const Lane##I *restrict in = lanes;                                                            \
        Lane##O *restrict out = values;                                                                \
        Lane##O add = (Lane##O) base, times = (Lane##O) factor;                                        \
        REBASE_LOOPS(O, in)                                                                            \
    }

#define REBASE_IN_PLACE(O)                                                                             \
    static void rebase_##O##_##O(const void *lanes, uint64_t base, uint64_t factor, void *values)      \
    {                                                                                                  \
        Lane##O *out = values;                                                                         \
        Lane##O add = (Lane##O) base, times = (Lane##O) factor;                                        \
        if (lanes != values)                                                                           \
            memcpy(values, lanes, BITPACK_VALUES * sizeof(Lane##O));                                   \
        REBASE_LOOPS(O, out)                                                                           \
    }

REBASE_IN_PLACE(8)
REBASE(8, 16)
REBASE(8, 32)
REBASE(8, 64)
REBASE(16, 8)
REBASE_IN_PLACE(16)
REBASE(16, 32)
REBASE(16, 64)
REBASE(32, 8)
REBASE(32, 16)
REBASE_IN_PLACE(32)
REBASE(32, 64)
REBASE(64, 8)
REBASE(64, 16)
REBASE(64, 32)
REBASE_IN_PLACE(64)

#define UNPACK_ROW(B, W) [W] = unpack_##W,
const BitKernels BIT_KERNELS = {
    .isa = BIT_ISA,
    .unpack = {WIDTHS(UNPACK_ROW)},
    .pack = {pack_8, pack_16, pack_32, pack_64},
    .rebase = {{rebase_8_8, rebase_8_16, rebase_8_32, rebase_8_64},
               {rebase_16_8, rebase_16_16, rebase_16_32, rebase_16_64},
               {rebase_32_8, rebase_32_16, rebase_32_32, rebase_32_64},
               {rebase_64_8, rebase_64_16, rebase_64_32, rebase_64_64}},
};
