/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels of sel.h, compiled once an instruction set by sel_portable.c,
 * sel_avx2.c and sel_avx512.c, which say before they include this:
 *
 *     SEL_NAME   suffix of the table, e.g. avx2
 *     SEL_CHUNK  rows looked at together, at most 64; 0 = no vectors
 *     sel_mask_<op>_<width>(values, a, b)   bit i = row i of SEL_CHUNK rows passes
 *     sel_emit(mask, first, out)            writes first + i for each bit i; returns where to go on
 *     SEL_KEY_MASKS                         there are sel_mask_bitmap() and sel_mask_bloom() too, of SEL_CHUNK keys
 *
 * Without an input selection a batch goes chunk by chunk through masks.  With
 * one, and for a chunk's rest, a loop without branches stores every row and
 * moves on only past those that pass.  A chunk's stores never pass the rows it
 * has read, so `out` needs no slack and may be `in`.
 */
#include "base/kernel/sel.h"

#include <stdbool.h>
#include <stddef.h>

#define SEL_JOIN_(a, b) a##b
#define SEL_JOIN(a, b)  SEL_JOIN_(a, b)

/* Doubles: NaN equals itself and is greater than all numbers.  For integers x != x is never so. */
#define TEST_eq(x, a, b)      ((x) == (a) || ((x) != (x) && (a) != (a)))
#define TEST_ne(x, a, b)      (!TEST_eq(x, a, b))
#define TEST_lt(x, a, b)      ((x) < (a) || ((a) != (a) && (x) == (x)))
#define TEST_le(x, a, b)      ((x) <= (a) || (a) != (a))
#define TEST_gt(x, a, b)      (!TEST_le(x, a, b))
#define TEST_ge(x, a, b)      (!TEST_lt(x, a, b))
#define TEST_between(x, a, b) (TEST_ge(x, a, b) & TEST_le(x, b, b))

#if SEL_CHUNK > 0
#define SEL_CHUNKS(op, width)                                                                                          \
    for (; row + SEL_CHUNK <= n; row += SEL_CHUNK)                                                                     \
        at = sel_emit(sel_mask_##op##_##width(values + row, a, b), (uint16_t) row, at);
#else
#define SEL_CHUNKS(op, width)
#endif

#define SEL_DEFINE(op, width, T)                                                                                       \
    static int32_t sel_##op##_##width(const T *values, const uint16_t *in, int32_t n, T a, T b, uint16_t *out)         \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        uint16_t *at = out;                                                                                            \
        if (in != NULL)                                                                                                \
        {                                                                                                              \
            for (int32_t i = 0; i < n; i++)                                                                            \
            {                                                                                                          \
                uint16_t picked = in[i];                                                                               \
                T x = values[picked];                                                                                  \
                *at = picked;                                                                                          \
                at += TEST_##op(x, a, b);                                                                              \
            }                                                                                                          \
            return (int32_t) (at - out);                                                                               \
        }                                                                                                              \
        int32_t row = 0;                                                                                               \
        SEL_CHUNKS(op, width)                                                                                          \
        for (; row < n; row++)                                                                                         \
        {                                                                                                              \
            T x = values[row];                                                                                         \
            *at = (uint16_t) row;                                                                                      \
            at += TEST_##op(x, a, b);                                                                                  \
        }                                                                                                              \
        return (int32_t) (at - out);                                                                                   \
    }
SEL_OPS(SEL_DEFINE)
#undef SEL_DEFINE

static int32_t sel_set(const uint8_t *bytes, const uint16_t *in, int32_t n, uint16_t *out)
{
    return sel_ne_i8((const int8_t *) bytes, in, n, 0, 0, out);
}

static int32_t sel_clear(const uint8_t *bytes, const uint16_t *in, int32_t n, uint16_t *out)
{
    return sel_eq_i8((const int8_t *) bytes, in, n, 0, 0, out);
}

/* Keys: by masks where the instruction set has gathers worth it (SEL_KEY_MASKS), else one by one. */
#ifdef SEL_KEY_MASKS
#define SEL_KEY_CHUNKS(mask)                                                                                           \
    for (; row + SEL_CHUNK <= n; row += SEL_CHUNK)                                                                     \
        at = sel_emit(mask, (uint16_t) row, at);
#else
#define SEL_KEY_CHUNKS(mask)
#endif

static int32_t sel_bitmap(const KeyBitmap *bitmap, const uint64_t *keys, int32_t n, int32_t absent, uint16_t *out)
{
    uint16_t *at = out;
    int32_t row = 0;
    SEL_KEY_CHUNKS(sel_mask_bitmap(bitmap, keys + row) ^ (0 - (uint64_t) (absent != 0)))
    for (; row < n; row++)
    {
        *at = (uint16_t) row;
        at += key_in_bitmap(bitmap, keys[row]) ^ (uint64_t) (absent != 0);
    }
    return (int32_t) (at - out);
}

static int32_t sel_bloom(const KeyBloom *bloom, const uint64_t *keys, int32_t n, uint16_t *out)
{
    uint16_t *at = out;
    int32_t row = 0;
    SEL_KEY_CHUNKS(sel_mask_bloom(bloom, keys + row))
    for (; row < n; row++)
    {
        *at = (uint16_t) row;
        at += key_in_bloom(bloom, keys[row]);
    }
    return (int32_t) (at - out);
}

#define SEL_ENTRY(op, width, T) .op##_##width = sel_##op##_##width,
#define SEL_TEXT_(name)         #name
#define SEL_TEXT(name)          SEL_TEXT_(name)
const SelKernels SEL_JOIN(sel_kernels_, SEL_NAME) = {
    .name = SEL_TEXT(SEL_NAME), SEL_OPS(SEL_ENTRY).set = sel_set, .clear = sel_clear, .bitmap = sel_bitmap, .bloom = sel_bloom};
#undef SEL_ENTRY
