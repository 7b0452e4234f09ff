/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled with -mavx2 -mbmi2 -mpopcnt; called only where cpuid says so. */
#include <immintrin.h>
#include <stdint.h>

#define SEL_NAME  avx2
#define SEL_CHUNK 32

/* Places of the set bits, eight at a time: PEXT picks the nibbles of 76543210 whose bits
 * are set, PDEP spreads them to bytes. */
static inline uint16_t *sel_emit(uint64_t mask, uint16_t first, uint16_t *out)
{
    for (uint16_t base = first; mask != 0; mask >>= 8, base = (uint16_t) (base + 8))
    {
        uint64_t byte = mask & 0xff;
        uint64_t nibbles = _pdep_u64(byte, UINT64_C(0x11111111)) * 0xf;
        uint64_t places = _pdep_u64(_pext_u64(UINT64_C(0x76543210), nibbles), UINT64_C(0x0f0f0f0f0f0f0f0f));
        __m128i rows =
            _mm_add_epi16(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long) places)), _mm_set1_epi16((short) base));
        _mm_storeu_si128((__m128i *) out, rows);
        out += __builtin_popcountll(byte);
    }
    return out;
}

#define LOAD(values, i) _mm256_loadu_si256((const __m256i *) (const void *) (values + (i)))
#define SPLAT_i8(a)     _mm256_set1_epi8(a)
#define SPLAT_i16(a)    _mm256_set1_epi16(a)
#define SPLAT_i32(a)    _mm256_set1_epi32(a)
#define SPLAT_i64(a)    _mm256_set1_epi64x(a)

/* Bits of 32 compared rows; EQ and GT are what AVX2 has. */
#define MASK32(name, compare)                                                                                          \
    static inline uint32_t name##_i8(const int8_t *values, int8_t a)                                                   \
    {                                                                                                                  \
        return (uint32_t) _mm256_movemask_epi8(_mm256_cmp##compare##_epi8(LOAD(values, 0), SPLAT_i8(a)));              \
    }                                                                                                                  \
    static inline uint32_t name##_i16(const int16_t *values, int16_t a)                                                \
    {                                                                                                                  \
        __m256i low = _mm256_cmp##compare##_epi16(LOAD(values, 0), SPLAT_i16(a));                                      \
        __m256i high = _mm256_cmp##compare##_epi16(LOAD(values, 16), SPLAT_i16(a));                                    \
        __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8);                                 \
        return (uint32_t) _mm256_movemask_epi8(bytes);                                                                 \
    }                                                                                                                  \
    static inline uint32_t name##_i32(const int32_t *values, int32_t a)                                                \
    {                                                                                                                  \
        uint32_t mask = 0;                                                                                             \
        for (int i = 0; i < 32; i += 8)                                                                                \
        {                                                                                                              \
            __m256i lanes = _mm256_cmp##compare##_epi32(LOAD(values, i), SPLAT_i32(a));                                \
            mask |= (uint32_t) _mm256_movemask_ps(_mm256_castsi256_ps(lanes)) << i;                                    \
        }                                                                                                              \
        return mask;                                                                                                   \
    }                                                                                                                  \
    static inline uint32_t name##_i64(const int64_t *values, int64_t a)                                                \
    {                                                                                                                  \
        uint32_t mask = 0;                                                                                             \
        for (int i = 0; i < 32; i += 4)                                                                                \
        {                                                                                                              \
            __m256i lanes = _mm256_cmp##compare##_epi64(LOAD(values, i), SPLAT_i64(a));                                \
            mask |= (uint32_t) _mm256_movemask_pd(_mm256_castsi256_pd(lanes)) << i;                                    \
        }                                                                                                              \
        return mask;                                                                                                   \
    }
MASK32(equal, eq)
MASK32(greater, gt)

/* x < a is not (x > a or x = a); x >= a is not that. */
#define MASKS(width, T)                                                                                                \
    static inline uint64_t sel_mask_eq_##width(const T *values, T a, T b)                                              \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return equal_##width(values, a);                                                                               \
    }                                                                                                                  \
    static inline uint64_t sel_mask_ne_##width(const T *values, T a, T b)                                              \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return (uint32_t) ~equal_##width(values, a);                                                                   \
    }                                                                                                                  \
    static inline uint64_t sel_mask_gt_##width(const T *values, T a, T b)                                              \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return greater_##width(values, a);                                                                             \
    }                                                                                                                  \
    static inline uint64_t sel_mask_le_##width(const T *values, T a, T b)                                              \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return (uint32_t) ~greater_##width(values, a);                                                                 \
    }                                                                                                                  \
    static inline uint64_t sel_mask_ge_##width(const T *values, T a, T b)                                              \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return greater_##width(values, a) | equal_##width(values, a);                                                  \
    }                                                                                                                  \
    static inline uint64_t sel_mask_lt_##width(const T *values, T a, T b)                                              \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return (uint32_t) ~(greater_##width(values, a) | equal_##width(values, a));                                    \
    }                                                                                                                  \
    static inline uint64_t sel_mask_between_##width(const T *values, T a, T b)                                         \
    {                                                                                                                  \
        return sel_mask_ge_##width(values, a, a) & sel_mask_le_##width(values, b, b);                                  \
    }
MASKS(i8, int8_t)
MASKS(i16, int16_t)
MASKS(i32, int32_t)
MASKS(i64, int64_t)

static inline uint32_t double_mask_lt(const double *values, double limit)
{
    uint32_t mask = 0;
    for (int i = 0; i < 32; i += 4)
    {
        __m256d x = _mm256_loadu_pd(values + i);
        /* below NaN is every number */
        __m256d lanes =
            limit != limit ? _mm256_cmp_pd(x, x, _CMP_ORD_Q) : _mm256_cmp_pd(x, _mm256_set1_pd(limit), _CMP_LT_OQ);
        mask |= (uint32_t) _mm256_movemask_pd(lanes) << i;
    }
    return mask;
}

static inline uint32_t double_mask_le(const double *values, double limit)
{
    if (limit != limit)
        return UINT32_MAX;
    uint32_t mask = 0;
    for (int i = 0; i < 32; i += 4)
        mask |=
            (uint32_t) _mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(values + i), _mm256_set1_pd(limit), _CMP_LE_OQ))
            << i;
    return mask;
}

#define DOUBLE(op, expression)                                                                                         \
    static inline uint64_t sel_mask_##op##_f64(const double *values, double a, double b)                               \
    {                                                                                                                  \
        (void) b;                                                                                                      \
        return (uint32_t) (expression);                                                                                \
    }
DOUBLE(lt, double_mask_lt(values, a))
DOUBLE(le, double_mask_le(values, a))
DOUBLE(gt, ~double_mask_le(values, a))
DOUBLE(ge, ~double_mask_lt(values, a))
DOUBLE(eq, double_mask_le(values, a) & ~double_mask_lt(values, a))
DOUBLE(ne, ~double_mask_le(values, a) | double_mask_lt(values, a))
DOUBLE(between, double_mask_le(values, b) & ~double_mask_lt(values, a))

#include "base/kernel/sel_kernels.h"
