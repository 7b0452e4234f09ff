/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled with -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vbmi2 -mbmi2 -mpopcnt; called only where cpuid says so. */
#include "base/kernel/key_filter.h"

#include <immintrin.h>
#include <stdint.h>

#define SEL_NAME  avx512
#define SEL_CHUNK 64

/* The row numbers of the set bits, 32 at a time squeezed together in a register: a
 * compressing store to memory is many times slower on Zen. */
static inline uint16_t *sel_emit(uint64_t mask, uint16_t first, uint16_t *out)
{
    const __m512i ramp = _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13,
                                          12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i rows = _mm512_add_epi16(ramp, _mm512_set1_epi16((short) first));
    uint32_t low = (uint32_t) mask;
    uint32_t high = (uint32_t) (mask >> 32);
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi16(low, rows));
    out += __builtin_popcount(low);
    rows = _mm512_add_epi16(rows, _mm512_set1_epi16(32));
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi16(high, rows));
    return out + __builtin_popcount(high);
}

#define LOAD(values, i) _mm512_loadu_si512((const void *) (values + (i)))

#define MASKS(op, CMP)                                                                                                 \
    static inline uint64_t sel_mask_##op##_i8(const int8_t *values, int8_t a, int8_t b)                                \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return _mm512_cmp_epi8_mask(LOAD(values, 0), _mm512_set1_epi8(a), CMP);                                        \
    }                                                                                                                  \
    static inline uint64_t sel_mask_##op##_i16(const int16_t *values, int16_t a, int16_t b)                            \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        __m512i limit = _mm512_set1_epi16(a);                                                                          \
        return (uint64_t) _mm512_cmp_epi16_mask(LOAD(values, 0), limit, CMP) |                                         \
               (uint64_t) _mm512_cmp_epi16_mask(LOAD(values, 32), limit, CMP) << 32;                                   \
    }                                                                                                                  \
    static inline uint64_t sel_mask_##op##_i32(const int32_t *values, int32_t a, int32_t b)                            \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        __m512i limit = _mm512_set1_epi32(a);                                                                          \
        uint64_t mask = 0;                                                                                             \
        for (int i = 0; i < 64; i += 16)                                                                               \
            mask |= (uint64_t) _mm512_cmp_epi32_mask(LOAD(values, i), limit, CMP) << i;                                \
        return mask;                                                                                                   \
    }                                                                                                                  \
    static inline uint64_t sel_mask_##op##_i64(const int64_t *values, int64_t a, int64_t b)                            \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        __m512i limit = _mm512_set1_epi64(a);                                                                          \
        uint64_t mask = 0;                                                                                             \
        for (int i = 0; i < 64; i += 8)                                                                                \
            mask |= (uint64_t) _mm512_cmp_epi64_mask(LOAD(values, i), limit, CMP) << i;                                \
        return mask;                                                                                                   \
    }
MASKS(eq, _MM_CMPINT_EQ)
MASKS(ne, _MM_CMPINT_NE)
MASKS(lt, _MM_CMPINT_LT)
MASKS(le, _MM_CMPINT_LE)
MASKS(gt, _MM_CMPINT_NLE)
MASKS(ge, _MM_CMPINT_NLT)

#define BETWEEN(width, T)                                                                                              \
    static inline uint64_t sel_mask_between_##width(const T *values, T a, T b)                                         \
    {                                                                                                                  \
        return sel_mask_ge_##width(values, a, a) & sel_mask_le_##width(values, b, b);                                  \
    }
BETWEEN(i8, int8_t)
BETWEEN(i16, int16_t)
BETWEEN(i32, int32_t)
BETWEEN(i64, int64_t)

static inline uint64_t double_mask_lt(const double *values, double limit)
{
    uint64_t mask = 0;
    for (int i = 0; i < 64; i += 8)
    {
        __m512d x = _mm512_loadu_pd(values + i);
        /* below NaN is every number */
        __mmask8 m = limit != limit ? _mm512_cmp_pd_mask(x, x, _CMP_ORD_Q)
                                    : _mm512_cmp_pd_mask(x, _mm512_set1_pd(limit), _CMP_LT_OQ);
        mask |= (uint64_t) m << i;
    }
    return mask;
}

static inline uint64_t double_mask_le(const double *values, double limit)
{
    if (limit != limit)
        return UINT64_MAX;
    uint64_t mask = 0;
    for (int i = 0; i < 64; i += 8)
        mask |= (uint64_t) _mm512_cmp_pd_mask(_mm512_loadu_pd(values + i), _mm512_set1_pd(limit), _CMP_LE_OQ) << i;
    return mask;
}

#define DOUBLE(op, expression)                                                                                         \
    static inline uint64_t sel_mask_##op##_f64(const double *values, double a, double b)                               \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return expression;                                                                                             \
    }
DOUBLE(lt, double_mask_lt(values, a))
DOUBLE(le, double_mask_le(values, a))
DOUBLE(gt, ~double_mask_le(values, a))
DOUBLE(ge, ~double_mask_lt(values, a))
DOUBLE(eq, double_mask_le(values, a) & ~double_mask_lt(values, a))
DOUBLE(ne, ~double_mask_le(values, a) | double_mask_lt(values, a))
DOUBLE(between, double_mask_le(values, b) & ~double_mask_lt(values, a))

#define SEL_KEY_MASKS

static inline uint64_t sel_mask_bitmap(const KeyBitmap *bitmap, const uint64_t *keys)
{
    const __m512i least = _mm512_set1_epi64((long long) bitmap->least), last = _mm512_set1_epi64((long long) bitmap->last);
    const __m512i one = _mm512_set1_epi64(1), low = _mm512_set1_epi64(63), none = _mm512_setzero_si512();
    uint64_t mask = 0;
    for (int i = 0; i < 64; i += 8)
    {
        __m512i at = _mm512_sub_epi64(LOAD(keys, i), least);
        __mmask8 in = _mm512_cmple_epu64_mask(at, last);
        __m512i words = _mm512_mask_i64gather_epi64(none, in, _mm512_srli_epi64(at, 6), bitmap->words, 8);
        __m512i bit = _mm512_sllv_epi64(one, _mm512_and_si512(at, low));
        mask |= (uint64_t) _mm512_test_epi64_mask(words, bit) << i;
    }
    return mask;
}

static inline uint64_t sel_mask_bloom(const KeyBloom *bloom, const uint64_t *keys)
{
    const __m512i factor = _mm512_set1_epi64((long long) KEY_SPREAD_FACTOR), one = _mm512_set1_epi64(1);
    const __m512i low = _mm512_set1_epi64(63);
    const __m128i shift = _mm_cvtsi32_si128(bloom->shift);
    uint64_t mask = 0;
    for (int i = 0; i < 64; i += 8)
    {
        __m512i key = LOAD(keys, i);
        __m512i spread = _mm512_mullo_epi64(_mm512_xor_si512(key, _mm512_srli_epi64(key, 32)), factor);
        __m512i words = _mm512_i64gather_epi64(_mm512_srl_epi64(spread, shift), bloom->words, 8);
        __m512i a = _mm512_and_si512(_mm512_srli_epi64(spread, BLOOM_SHIFT_A), low);
        __m512i b = _mm512_and_si512(_mm512_srli_epi64(spread, BLOOM_SHIFT_B), low);
        __m512i c = _mm512_and_si512(_mm512_srli_epi64(spread, BLOOM_SHIFT_C), low);
        __m512i bits = _mm512_or_si512(_mm512_or_si512(_mm512_sllv_epi64(one, a), _mm512_sllv_epi64(one, b)),
                                       _mm512_sllv_epi64(one, c));
        mask |= (uint64_t) _mm512_cmpeq_epi64_mask(_mm512_and_si512(words, bits), bits) << i;
    }
    return mask;
}

#include "base/kernel/sel_kernels.h"
