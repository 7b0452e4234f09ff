/* SPDX-License-Identifier: Apache-2.0 */
/* VARBYTE: in memory the lower-case hex digits of its bytes (type.h). */
#include "base/core/assert.h"
#include "base/data/value.h"

#include <string.h>

Error *varbyte_fit(int32_t length, ValueMode mode, Str value, Str *out)
{
    *out = value;
    if (length == 0 || value.len <= 2 * (int64_t) length)
        return NULL;
    out->len = 2 * (int64_t) length;
    if (mode == VALUE_CAST)
        return NULL;
    *out = (Str){"", 0};
    return error_new(SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "value too long for type binary varying(%d)", length);
}

static Str hex_write(Arena *arena, const uint8_t *bytes, int64_t count)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = arena_alloc(arena, (size_t) count * 2 + 1);
    for (int64_t i = 0; i < count; i++)
    {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    return (Str){hex, count * 2};
}

Error *varbyte_from_bytes(Arena *arena, int32_t length, ValueMode mode, Str bytes, Str *out)
{
    return varbyte_fit(length, mode, hex_write(arena, (const uint8_t *) bytes.data, bytes.len), out);
}

static int32_t nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

Error *varbyte_from_hex(Arena *arena, int32_t length, ValueMode mode, Str digits, Str *out)
{
    char *hex = arena_alloc(arena, (size_t) digits.len + 1);
    *out = (Str){"", 0};
    for (int64_t i = 0; i < digits.len; i++)
    {
        if (nibble(digits.data[i]) < 0)
            return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid hexadecimal digit: \"%.1s\"",
                             digits.data + i);
        hex[i] = "0123456789abcdef"[nibble(digits.data[i])];
    }
    if (digits.len % 2 != 0)
        return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid hexadecimal data: odd number of digits");
    return varbyte_fit(length, mode, (Str){hex, digits.len}, out);
}

Str varbyte_bytes(Arena *arena, Str value)
{
    char *bytes = arena_alloc(arena, (size_t) value.len / 2 + 1);
    for (int64_t i = 0; i + 1 < value.len; i += 2)
        bytes[i / 2] = (char) (nibble(value.data[i]) << 4 | nibble(value.data[i + 1]));
    return (Str){bytes, value.len / 2};
}

Error *varbyte_from_integer(Arena *arena, SqlType from, int64_t value, int32_t length, ValueMode mode, Str *out)
{
    uint8_t bytes[8];
    int32_t size = rep_size(type_rep(from));
    for (int32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) ((uint64_t) value >> (8 * (size - 1 - i)));
    return varbyte_fit(length, mode, hex_write(arena, bytes, size), out);
}

Error *varbyte_to_integer(Str value, SqlType to, int64_t *out)
{
    int32_t size = rep_size(type_rep(to));
    uint64_t number = 0;
    *out = 0;
    if (value.len > 2 * size)
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type_name(to));
    for (int64_t i = 0; i < value.len; i++)
        number = number << 4 | (uint64_t) nibble(value.data[i]);
    int32_t shift = 64 - 4 * (int32_t) value.len; /* the sign of what was given */
    *out = value.len == 0 ? 0 : (int64_t) (number << shift) >> shift;
    return NULL;
}
