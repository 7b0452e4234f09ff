/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FarmHash's Fingerprint64 (Geoff Pike, Google), after its description in farmhashna: texts of up
 * to 16, 32 and 64 bytes each have a formula; longer ones are eaten in pieces of 64 bytes.
 */
#include "base/kernel/body.h"

#include <string.h>

#define K0 UINT64_C(0xc3a5c85c97cb3127)
#define K1 UINT64_C(0xb492b66fbe98f273)
#define K2 UINT64_C(0x9ae16a3b2f90404f)

static uint64_t fetch8(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t fetch4(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t turned(uint64_t value, int32_t bits)
{
    return bits == 0 ? value : value >> bits | value << (64 - bits);
}

static uint64_t folded(uint64_t value)
{
    return value ^ value >> 47;
}

static uint64_t pair(uint64_t u, uint64_t v, uint64_t factor)
{
    uint64_t a = folded((u ^ v) * factor);
    return folded((v ^ a) * factor) * factor;
}

static uint64_t up_to_16(const char *s, uint64_t n)
{
    if (n >= 8)
    {
        uint64_t factor = K2 + n * 2;
        uint64_t a = fetch8(s) + K2;
        uint64_t b = fetch8(s + n - 8);
        return pair(turned(b, 37) * factor + a, (turned(a, 25) + b) * factor, factor);
    }
    if (n >= 4)
        return pair(n + (fetch4(s) << 3), fetch4(s + n - 4), K2 + n * 2);
    if (n == 0)
        return K2;
    uint32_t y = (unsigned char) s[0] + ((uint32_t) (unsigned char) s[n >> 1] << 8);
    uint32_t z = (uint32_t) n + ((uint32_t) (unsigned char) s[n - 1] << 2);
    return folded(y * K2 ^ z * K0) * K2;
}

static uint64_t up_to_32(const char *s, uint64_t n)
{
    uint64_t factor = K2 + n * 2;
    uint64_t a = fetch8(s) * K1;
    uint64_t b = fetch8(s + 8);
    uint64_t c = fetch8(s + n - 8) * factor;
    uint64_t d = fetch8(s + n - 16) * K2;
    return pair(turned(a + b, 43) + turned(c, 30) + d, a + turned(b + K2, 18) + c, factor);
}

static uint64_t up_to_64(const char *s, uint64_t n)
{
    uint64_t factor = K2 + n * 2;
    uint64_t a = fetch8(s) * K2;
    uint64_t b = fetch8(s + 8);
    uint64_t c = fetch8(s + n - 8) * factor;
    uint64_t d = fetch8(s + n - 16) * K2;
    uint64_t y = turned(a + b, 43) + turned(c, 30) + d;
    uint64_t z = pair(y, a + turned(b + K2, 18) + c, factor);
    uint64_t e = fetch8(s + 16) * factor;
    uint64_t f = fetch8(s + 24);
    uint64_t g = (y + fetch8(s + n - 32)) * factor;
    uint64_t h = (z + fetch8(s + n - 24)) * factor;
    return pair(turned(e + f, 43) + turned(g, 30) + h, e + turned(f + a, 18) + g, factor);
}

typedef struct Two
{
    uint64_t first, second;
} Two;

/* 32 bytes into a pair that was. */
static Two weak(const char *s, uint64_t a, uint64_t b)
{
    uint64_t w = fetch8(s), x = fetch8(s + 8), y = fetch8(s + 16), z = fetch8(s + 24);
    a += w;
    b = turned(b + a + z, 21);
    uint64_t c = a;
    a += x + y;
    b += turned(a, 44);
    return (Two){a + z, b + c};
}

static uint64_t beyond_64(const char *s, uint64_t n)
{
    const uint64_t seed = 81;
    uint64_t x = seed * K2 + fetch8(s);
    uint64_t y = seed * K1 + 113;
    uint64_t z = folded(y * K2 + 113) * K2;
    Two v = {0, 0}, w = {0, 0};
    const char *end = s + (n - 1) / 64 * 64;
    const char *last = end + ((n - 1) & 63) - 63;
    for (; s != end; s += 64)
    {
        x = turned(x + y + v.first + fetch8(s + 8), 37) * K1;
        y = turned(y + v.second + fetch8(s + 48), 42) * K1;
        x ^= w.second;
        y += v.first + fetch8(s + 40);
        z = turned(z + w.first, 33) * K1;
        v = weak(s, v.second * K1, x + w.first);
        w = weak(s + 32, z + w.second, y + fetch8(s + 16));
        uint64_t swap = z;
        z = x;
        x = swap;
    }
    uint64_t factor = K1 + ((z & 0xff) << 1);
    s = last;
    w.first += (n - 1) & 63;
    v.first += w.first;
    w.first += v.first;
    x = turned(x + y + v.first + fetch8(s + 8), 37) * factor;
    y = turned(y + v.second + fetch8(s + 48), 42) * factor;
    x ^= w.second * 9;
    y += v.first * 9 + fetch8(s + 40);
    z = turned(z + w.first, 33) * factor;
    v = weak(s, v.second * factor, x + w.first);
    w = weak(s + 32, z + w.second, y + fetch8(s + 16));
    uint64_t swap = z;
    z = x;
    x = swap;
    return pair(pair(v.first, w.first, factor) + folded(y) * K0 + z, pair(v.second, w.second, factor) + x, factor);
}

int64_t k_farm64(const Str *text)
{
    uint64_t n = (uint64_t) text->len;
    if (n <= 16)
        return (int64_t) up_to_16(text->data, n);
    if (n <= 32)
        return (int64_t) up_to_32(text->data, n);
    return (int64_t) (n <= 64 ? up_to_64(text->data, n) : beyond_64(text->data, n));
}
