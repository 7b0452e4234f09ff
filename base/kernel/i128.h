/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 128-bit integers by pointer, for generated code whose compiler has no
 * __int128.  `out` may be an operand.  Functions that can overflow return
 * 0 when it worked, 1 when not (then *out is 0): the caller raises the fault.
 */
#ifndef BASE_KERNEL_I128_H
#define BASE_KERNEL_I128_H

#include "base/data/type.h"

int32_t k_i128_add(I128 *out, const I128 *a, const I128 *b);
int32_t k_i128_sub(I128 *out, const I128 *a, const I128 *b);
int32_t k_i128_mul(I128 *out, const I128 *a, const I128 *b);
/* a/10^sa : b/10^sb at scale s, truncated; 2 when b is 0 */
int32_t k_i128_div(I128 *out, const I128 *a, int32_t sa, const I128 *b, int32_t sb, int32_t s);
int32_t k_i128_mod(I128 *out, const I128 *a, const I128 *b); /* equal scales; 2 when b is 0 */
int32_t k_i128_rescale(I128 *out, const I128 *a, int32_t from, int32_t to, int32_t round);
int32_t k_i128_compare(const I128 *a, const I128 *b); /* -1 0 1 */
double k_i128_to_f64(const I128 *a, int32_t scale);
int32_t k_i128_from_f64(I128 *out, double value, int32_t precision, int32_t scale);
int32_t k_i128_fits(const I128 *a, int32_t precision); /* 1: |a| < 10^precision */

#endif
