/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sixteen places are looked at together: where the part's first byte stands and, part_len - 1 further on, its last.
 * Only there is the rest compared (W. Mula, "SIMD-friendly algorithms for substring searching", 2016).
 *
 *     text   q u i c k l y   s p e c i a l   r e q ...      part  "special"
 *     first  . . . . . . . . 1 . . . . . .                   s
 *     last   . . . . . . . . 1 . . . . 1                     l, six bytes before where it stands
 */
#include "base/data/find.h"

#include "base/core/assert.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

#define LANES    16
#define TEXT_MAX 4096 /* longer ones are worth memmem's preparation, whose time is linear whatever they hold */

/* Which of the 16 places from `at` on hold the part. */
static const char *find_in_lanes(const char *at, unsigned candidates, const char *part, size_t part_len)
{
    for (; candidates != 0; candidates &= candidates - 1)
    {
        const char *place = at + __builtin_ctz(candidates);
        if (memcmp(place, part, part_len) == 0)
            return place;
    }
    return NULL;
}

static const char *find_in_few(const char *text, size_t places, const char *part, size_t part_len)
{
    for (size_t i = 0; i < places; i++)
        if (text[i] == part[0] && memcmp(text + i, part, part_len) == 0)
            return text + i;
    return NULL;
}

const char *bytes_find(const char *text, size_t text_len, const char *part, size_t part_len)
{
    ASSERT(part_len >= 1);
    if (part_len > text_len)
        return NULL;
    size_t places = text_len - part_len + 1;
    if (text_len > TEXT_MAX)
        return memmem(text, text_len, part, part_len);
    if (places < LANES)
        return find_in_few(text, places, part, part_len);
    __m128i first = _mm_set1_epi8(part[0]), last = _mm_set1_epi8(part[part_len - 1]);
    for (size_t i = 0;;)
    {
        __m128i a = _mm_loadu_si128((const __m128i *) (const void *) (text + i));
        __m128i b = _mm_loadu_si128((const __m128i *) (const void *) (text + i + part_len - 1));
        __m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
        const char *found = find_in_lanes(text + i, (unsigned) _mm_movemask_epi8(both), part, part_len);
        if (found != NULL || i + LANES == places)
            return found;
        i = i + 2 * LANES <= places ? i + LANES : places - LANES; /* the last sixteen may overlap those before */
    }
}
#else
const char *bytes_find(const char *text, size_t text_len, const char *part, size_t part_len)
{
    ASSERT(part_len >= 1);
    return part_len > text_len ? NULL : memmem(text, text_len, part, part_len);
}
#endif
