/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/value.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t load8(const unsigned char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* Length of the well-formed multi-byte sequence at `at`, 0 if it is none.  RFC 3629, table of section 4. */
static size_t sequence_length(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    unsigned char second = at[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

bool utf8_valid(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *) text;
    const unsigned char *end = at + length;
    while (at < end)
    {
        if (end - at >= 8)
        {
            /* eight bytes of plain ASCII, none of them zero */
            uint64_t bytes = load8(at);
            if (((bytes | (bytes - UINT64_C(0x0101010101010101))) & HIGH_BITS) == 0)
            {
                at += 8;
                continue;
            }
        }
        if (*at < 0x80)
        {
            if (*at == 0)
                return false;
            at++;
            continue;
        }
        size_t more = sequence_length(at, (size_t) (end - at));
        if (more == 0)
            return false;
        at += more;
    }
    return true;
}

int64_t utf8_length(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *) text;
    const unsigned char *end = at + length;
    int64_t followers = 0; /* bytes 10xxxxxx belong to a character begun before */
    for (; end - at >= 8; at += 8)
    {
        uint64_t bytes = load8(at);
        followers += __builtin_popcountll((bytes & ~(bytes << 1)) & HIGH_BITS);
    }
    for (; at < end; at++)
        followers += (*at & 0xc0) == 0x80;
    return (int64_t) length - followers;
}

int64_t utf8_cut(const char *text, int64_t length, int64_t bytes_max)
{
    if (length <= bytes_max)
        return length;
    int64_t cut = bytes_max;
    while (cut > 0 && ((unsigned char) text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

bool ascii_only(const char *text, size_t length)
{
    for (; length >= 8; text += 8, length -= 8)
        if ((load8((const unsigned char *) text) & HIGH_BITS) != 0)
            return false;
    for (; length > 0; text++, length--)
        if ((*text & 0x80) != 0)
            return false;
    return true;
}
