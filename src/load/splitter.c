/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes by prefix xor: after Langdale and Lemire, "Parsing gigabytes of JSON per second" (2019). */
#include "src/load/splitter.h"

#include "base/core/assert.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef struct Bits
{
    uint64_t delimiter;
    uint64_t newline;
    uint64_t quote;
    uint64_t high;
} Bits;

static inline __attribute__((always_inline)) uint64_t prefix_xor(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^= bits << 32;
    return bits;
}

static inline __attribute__((always_inline)) Bits bits_portable(const char *text, char delimiter, char quote, bool csv)
{
    Bits bits = {0, 0, 0, 0};
    for (int32_t i = 0; i < 64; i++)
    {
        bits.delimiter |= (uint64_t) (text[i] == delimiter) << i;
        bits.newline |= (uint64_t) (text[i] == '\n') << i;
        bits.quote |= (uint64_t) (csv && text[i] == quote) << i;
        bits.high |= (uint64_t) ((unsigned char) text[i] >> 7) << i;
    }
    return bits;
}

/* The loop around one of the bits_ functions: `half` blocks behind `length` are cut off. */
#define SPLIT_FUNCTION(name, target, bits_of)                                                                          \
    target static size_t name(const char *text, size_t length, char delimiter, char quote, bool csv, uint32_t *marks, \
                              LoadSplit *out)                                                                          \
    {                                                                                                                  \
        uint32_t *mark = marks;                                                                                        \
        uint64_t carry = 0, quotes = 0, high = 0;                                                                      \
        for (size_t at = 0; at < length; at += 64)                                                                     \
        {                                                                                                              \
            Bits bits = bits_of(text + at, delimiter, quote, csv);                                                     \
            uint64_t valid = length - at >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << (length - at)) - 1;                    \
            uint64_t ends = (bits.delimiter | bits.newline) & valid;                                                   \
            high |= bits.high & valid;                                                                                 \
            if (csv && ((bits.quote & valid) | carry) != 0)                                                            \
            {                                                                                                          \
                uint64_t inside = prefix_xor(bits.quote & valid) ^ carry;                                              \
                quotes |= bits.quote & valid;                                                                          \
                ends &= ~inside;                                                                                       \
                carry = (uint64_t) ((int64_t) inside >> 63);                                                           \
            }                                                                                                          \
            for (; ends != 0; ends &= ends - 1)                                                                        \
                *mark++ = (uint32_t) at + (uint32_t) __builtin_ctzll(ends);                                            \
        }                                                                                                              \
        out->inside = carry != 0;                                                                                      \
        out->has_quote = quotes != 0;                                                                                  \
        out->has_high = high != 0;                                                                                     \
        return (size_t) (mark - marks);                                                                                \
    }

SPLIT_FUNCTION(split_portable, , bits_portable)

#if defined(__x86_64__)

#define TARGET_AVX2 __attribute__((target("avx2,bmi,popcnt")))
#define TARGET_AVX512 __attribute__((target("avx512f,avx512bw,bmi,popcnt")))

TARGET_AVX2 static inline __attribute__((always_inline)) uint64_t equal_avx2(__m256i low, __m256i high, char c)
{
    __m256i all = _mm256_set1_epi8(c);
    return (uint64_t) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, all)) |
           (uint64_t) (uint32_t) _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, all)) << 32;
}

TARGET_AVX2 static inline __attribute__((always_inline)) Bits bits_avx2(const char *text, char delimiter, char quote, bool csv)
{
    __m256i low = _mm256_loadu_si256((const __m256i *) text);
    __m256i high = _mm256_loadu_si256((const __m256i *) (text + 32));
    return (Bits){.delimiter = equal_avx2(low, high, delimiter),
                  .newline = equal_avx2(low, high, '\n'),
                  .quote = csv ? equal_avx2(low, high, quote) : 0,
                  .high = (uint64_t) (uint32_t) _mm256_movemask_epi8(low) |
                          (uint64_t) (uint32_t) _mm256_movemask_epi8(high) << 32};
}

TARGET_AVX512 static inline __attribute__((always_inline)) Bits bits_avx512(const char *text, char delimiter, char quote, bool csv)
{
    __m512i bytes = _mm512_loadu_si512(text);
    return (Bits){.delimiter = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(delimiter)),
                  .newline = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')),
                  .quote = csv ? _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(quote)) : 0,
                  .high = _mm512_movepi8_mask(bytes)};
}

SPLIT_FUNCTION(split_avx2, TARGET_AVX2, bits_avx2)
SPLIT_FUNCTION(split_avx512, TARGET_AVX512, bits_avx512)

#endif

/* With ESCAPE a backslash protects the next byte; rare, so a byte at a time. */
static void split_escaped(const LoadFormat *format, const char *text, size_t length, uint32_t *marks, LoadSplit *out)
{
    unsigned char high = 0;
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
    {
        high |= (unsigned char) text[i];
        if (text[i] == '\\' && i + 1 < length)
            high |= (unsigned char) text[++i];
        else if (text[i] == format->delimiter || text[i] == '\n')
            marks[count++] = (uint32_t) i;
    }
    *out = (LoadSplit){.mark_count = count, .has_high = high >= 128};
}

static int32_t best_isa(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
        return 1;
#endif
    return 0;
}

bool load_split_with(int32_t isa, const LoadFormat *format, const char *text, size_t length, uint32_t *marks, LoadSplit *out)
{
    ASSERT(length < UINT32_MAX);
    memset(out, 0, sizeof *out);
    bool csv = format->kind == LOAD_CSV;
    if (isa > best_isa())
        return false;
    if (format->escape)
        split_escaped(format, text, length, marks, out);
#if defined(__x86_64__)
    else if (isa == 2)
        out->mark_count = split_avx512(text, length, format->delimiter, format->quote, csv, marks, out);
    else if (isa == 1)
        out->mark_count = split_avx2(text, length, format->delimiter, format->quote, csv, marks, out);
#endif
    else
        out->mark_count = split_portable(text, length, format->delimiter, format->quote, csv, marks, out);
    return true;
}

void load_split(const LoadFormat *format, const char *text, size_t length, uint32_t *marks, LoadSplit *out)
{
    bool works = load_split_with(best_isa(), format, text, length, marks, out);
    ASSERT(works);
}

int64_t load_newlines(const char *text, size_t length)
{
    int64_t count = 0;
    for (const char *at = text, *end = text + length; at < end && (at = memchr(at, '\n', (size_t) (end - at))) != NULL; at++)
        count++;
    return count;
}
