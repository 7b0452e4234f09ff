/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selection kernels: which rows of a batch pass a comparison with constants.
 *
 *     values[row] OP a            eq ne lt le gt ge
 *     a <= values[row] <= b       between
 *
 * in: rows to look at, ascending (NULL: rows 0 .. n-1); n: how many; out: the
 * rows that pass, in order; room for n; out may be `in` itself, else they do not
 * overlap.  Returns how many passed.  n <= 65536.  Doubles: a NaN is greater than
 * all numbers and equal to itself.
 *
 * One source (sel_kernels.h) is compiled three times: portable, AVX2, AVX-512;
 * sel_kernels() picks by cpuid, once.
 */
#ifndef BASE_KERNEL_SEL_H
#define BASE_KERNEL_SEL_H

#include "base/kernel/key_filter.h"

#include <stdint.h>

/* clang-format off */
#define SEL_WIDTHS(X, op) X(op, i8, int8_t) X(op, i16, int16_t) X(op, i32, int32_t) X(op, i64, int64_t) X(op, f64, double)
#define SEL_OPS(X) SEL_WIDTHS(X, eq) SEL_WIDTHS(X, ne) SEL_WIDTHS(X, lt) SEL_WIDTHS(X, le) \
                   SEL_WIDTHS(X, gt) SEL_WIDTHS(X, ge) SEL_WIDTHS(X, between)
/* clang-format on */

/* b counts for `between` only. */
typedef struct SelKernels
{
    const char *name; /* "portable", "avx2", "avx512" */
#define SEL_MEMBER(op, width, T)                                                                                       \
    int32_t (*op##_##width)(const T *values, const uint16_t *in, int32_t n, T a, T b, uint16_t *out);
    SEL_OPS(SEL_MEMBER)
#undef SEL_MEMBER
    /* rows whose byte is not 0 (a predicate's flags) / is 0 (not null) */
    int32_t (*set)(const uint8_t *bytes, const uint16_t *in, int32_t n, uint16_t *out);
    int32_t (*clear)(const uint8_t *bytes, const uint16_t *in, int32_t n, uint16_t *out);
    /* rows 0 .. n-1 whose key is in the set (bitmap: is, or is not where `absent` is 1) / may be in it */
    int32_t (*bitmap)(const KeyBitmap *bitmap, const uint64_t *keys, int32_t n, int32_t absent, uint16_t *out);
    int32_t (*bloom)(const KeyBloom *bloom, const uint64_t *keys, int32_t n, uint16_t *out);
} SelKernels;

/* The fastest this processor runs. */
const SelKernels *sel_kernels(void);

/* The variants themselves, for tests: call one only if the processor has it. */
extern const SelKernels sel_kernels_portable;
#if defined(__x86_64__)
extern const SelKernels sel_kernels_avx2;
extern const SelKernels sel_kernels_avx512;
#endif

#endif
