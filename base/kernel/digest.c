/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash functions.  MD5 and SHA by OpenSSL; CRC-32C (RFC 3720, B.4); FNV-1a (RFC 9923);
 * MurmurHash3 x86_32 (Austin Appleby) over the bytes that Iceberg's specification, appendix B,
 * gives each type.  What their documentation shows is in tests/sql/func_hash.test.
 */
#include "base/kernel/body.h"

#include <openssl/evp.h>
#include <string.h>
#include <xxhash.h>

/* ---- texts of hexadecimal digits -------------------------------------------------- */

static void hex(Arena *arena, Str *result, const unsigned char *bytes, size_t count)
{
    char *out = arena_alloc(arena, 2 * count + 1);
    for (size_t i = 0; i < count; i++)
    {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    *result = (Str){out, (int64_t) (2 * count)};
}

static void digest(Arena *arena, Str *result, const Str *text, const EVP_MD *kind, Error **error)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int count = 0;
    *result = (Str){"", 0};
    if (kind == NULL ||
        EVP_Digest(text->len == 0 ? "" : text->data, (size_t) text->len, bytes, &count, kind, NULL) != 1)
    {
        error_keep(error, error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "OpenSSL of this machine does not have this hash"));
        return;
    }
    hex(arena, result, bytes, count);
}

void k_md5(Arena *arena, Str *result, const Str *text, Error **error)
{
    digest(arena, result, text, EVP_md5(), error);
}

void k_sha1(Arena *arena, Str *result, const Str *text, Error **error)
{
    digest(arena, result, text, EVP_sha1(), error);
}

void k_sha2(Arena *arena, Str *result, const Str *text, int64_t bits, Error **error)
{
    switch (bits)
    {
    case 0:
    case 256:
        digest(arena, result, text, EVP_sha256(), error);
        return;
    case 224:
        digest(arena, result, text, EVP_sha224(), error);
        return;
    case 384:
        digest(arena, result, text, EVP_sha384(), error);
        return;
    case 512:
        digest(arena, result, text, EVP_sha512(), error);
        return;
    default:
        *result = (Str){"", 0}; /* as Redshift has it */
        return;
    }
}

static uint32_t crc32c(Str text)
{
    uint32_t crc = ~UINT32_C(0);
    for (int64_t i = 0; i < text.len; i++)
    {
        crc ^= (unsigned char) text.data[i];
        for (int32_t bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (UINT32_C(0x82f63b78) & (0 - (crc & 1)));
    }
    return ~crc;
}

void k_crc32(Arena *arena, Str *result, const Str *text)
{
    uint32_t crc = crc32c(*text);
    unsigned char bytes[4] = {(unsigned char) (crc >> 24), (unsigned char) (crc >> 16), (unsigned char) (crc >> 8),
                              (unsigned char) crc};
    hex(arena, result, bytes, sizeof bytes);
}

/* ---- CHECKSUM: of numbers their digits, of texts their CRC-32C ---------------------- */

int64_t k_checksum_bigint(int64_t value)
{
    return (int32_t) (uint32_t) value;
}

int64_t k_checksum_decimal(const I128 *value, int32_t scale)
{
    (void) scale;
    return (int32_t) (uint32_t) value->lo;
}

int64_t k_checksum_text(const Str *text)
{
    return (int32_t) crc32c(*text);
}

/* ---- FNV_HASH ------------------------------------------------------------------------ */

static int64_t fnv(const void *bytes, size_t count, int64_t seed)
{
    const unsigned char *at = bytes;
    uint64_t hash = (uint64_t) seed;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return (int64_t) hash;
}

#define FNV_SEED ((int64_t) UINT64_C(0xcbf29ce484222325))

/* Little-endian bytes of a whole number: what lies in memory on the machines Stoa runs on. */
#define FNV_BODIES(name, C, T)                                                                                         \
    int64_t k_fnv_##name##_seed(C value, int64_t seed)                                                                 \
    {                                                                                                                  \
        T bytes = (T) value;                                                                                           \
        return fnv(&bytes, sizeof bytes, seed);                                                                        \
    }                                                                                                                  \
    int64_t k_fnv_##name(C value)                                                                                      \
    {                                                                                                                  \
        return k_fnv_##name##_seed(value, FNV_SEED);                                                                   \
    }
FNV_BODIES(boolean, int64_t, int8_t)
FNV_BODIES(smallint, int64_t, int16_t)
FNV_BODIES(integer, int64_t, int32_t)
FNV_BODIES(bigint, int64_t, int64_t)
FNV_BODIES(real, double, float)
FNV_BODIES(double, double, double)
#undef FNV_BODIES

int64_t k_fnv_decimal_seed(const I128 *value, int32_t scale, int64_t seed)
{
    bool wide = value->hi != (int64_t) value->lo >> 63;
    (void) scale;
    return fnv(value, wide ? sizeof *value : sizeof value->lo, seed);
}

int64_t k_fnv_decimal(const I128 *value, int32_t scale)
{
    return k_fnv_decimal_seed(value, scale, FNV_SEED);
}

int64_t k_fnv_text_seed(const Str *text, int64_t seed)
{
    return fnv(text->data, (size_t) text->len, seed);
}

int64_t k_fnv_text(const Str *text)
{
    return k_fnv_text_seed(text, FNV_SEED);
}

/* ---- MURMUR3_32_HASH ------------------------------------------------------------------- */

static uint32_t rotated(uint32_t value, int32_t bits)
{
    return value << bits | value >> (32 - bits);
}

static uint32_t murmur_mix(uint32_t block)
{
    return rotated(block * UINT32_C(0xcc9e2d51), 15) * UINT32_C(0x1b873593);
}

static int64_t murmur(const void *bytes, size_t count, int64_t seed)
{
    const unsigned char *at = bytes;
    uint32_t hash = (uint32_t) seed;
    uint32_t tail = 0;
    size_t whole = count & ~(size_t) 3;
    for (size_t i = 0; i < whole; i += 4)
    {
        uint32_t block;
        memcpy(&block, at + i, sizeof block);
        hash = rotated(hash ^ murmur_mix(block), 13) * 5 + UINT32_C(0xe6546b64);
    }
    for (size_t i = count; i > whole; i--)
        tail = tail << 8 | at[i - 1];
    hash ^= murmur_mix(tail) ^ (uint32_t) count;
    hash = (hash ^ hash >> 16) * UINT32_C(0x85ebca6b);
    hash = (hash ^ hash >> 13) * UINT32_C(0xc2b2ae35);
    return (int32_t) (hash ^ hash >> 16);
}

int64_t k_murmur_text_seed(const Str *text, int64_t seed)
{
    return murmur(text->data, (size_t) text->len, seed);
}

int64_t k_murmur_bigint_seed(int64_t value, int64_t seed)
{
    return murmur(&value, sizeof value, seed);
}

int64_t k_murmur_double_seed(double value, int64_t seed)
{
    return murmur(&value, sizeof value, seed);
}

#define DAYS_1970 INT64_C(10957) /* Iceberg counts from 1970-01-01 */

int64_t k_murmur_date_seed(int64_t date, int64_t seed)
{
    return k_murmur_bigint_seed(date + DAYS_1970, seed);
}

int64_t k_murmur_timestamp_seed(int64_t timestamp, int64_t seed)
{
    return k_murmur_bigint_seed(timestamp + DAYS_1970 * DAY_US, seed);
}

/* The fewest bytes of the unscaled number in two's complement, highest first. */
int64_t k_murmur_decimal_seed(const I128 *value, int32_t scale, int64_t seed)
{
    unsigned char bytes[16];
    int128 number = i128_get(*value);
    int32_t at = 16;
    (void) scale;
    do
    {
        bytes[--at] = (unsigned char) number;
        number >>= 8;
    } while (at > 0 && number != (bytes[at] & 0x80 ? -1 : 0));
    return murmur(bytes + at, (size_t) (16 - at), seed);
}

int64_t k_murmur_text(const Str *text)
{
    return k_murmur_text_seed(text, 0);
}

int64_t k_murmur_bigint(int64_t value)
{
    return k_murmur_bigint_seed(value, 0);
}

int64_t k_murmur_double(double value)
{
    return k_murmur_double_seed(value, 0);
}

int64_t k_murmur_date(int64_t date)
{
    return k_murmur_date_seed(date, 0);
}

int64_t k_murmur_timestamp(int64_t timestamp)
{
    return k_murmur_timestamp_seed(timestamp, 0);
}

int64_t k_murmur_decimal(const I128 *value, int32_t scale)
{
    return k_murmur_decimal_seed(value, scale, 0);
}

/* ---- XXHASH64 --------------------------------------------------------------------------- */

int64_t k_xxhash64_seed(const Str *text, int64_t seed)
{
    return (int64_t) XXH64(text->data, (size_t) text->len, (XXH64_hash_t) seed);
}

int64_t k_xxhash64(const Str *text)
{
    return k_xxhash64_seed(text, 0);
}
