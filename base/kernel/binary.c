/* SPDX-License-Identifier: Apache-2.0 */
/* VARBYTE, whose values are hex digits (base/data/type.h). */
#include "base/kernel/body.h"

#include <string.h>
#include <strings.h>

static void keep(Str *result, Error *fault, Error **error)
{
    if (fault != NULL)
        *result = (Str){"", 0};
    error_keep(error, fault);
}

void k_cast_varbyte_varbyte(Arena *arena, Str *result, const Str *value, int32_t length, int32_t scale, int32_t mode,
                            Error **error)
{
    (void) arena, (void) scale;
    keep(result, varbyte_fit(length, (ValueMode) mode, *value, result), error);
}

void k_cast_text_varbyte(Arena *arena, Str *result, const Str *text, int32_t length, int32_t scale, int32_t mode,
                         Error **error)
{
    (void) scale;
    keep(result, varbyte_from_bytes(arena, length, (ValueMode) mode, *text, result), error);
}

void k_cast_varbyte_text(Arena *arena, Str *result, const Str *value, int32_t length, int32_t scale, int32_t mode,
                         Error **error)
{
    (void) scale;
    Str bytes = varbyte_bytes(arena, *value);
    if (!utf8_valid(bytes.data, (size_t) bytes.len))
        keep(result, error_new(SQLSTATE_UNTRANSLATABLE_CHARACTER, "invalid byte sequence for encoding \"UTF8\""), error);
    else
        keep(result, str_fit(type_varchar(length), (ValueMode) mode, bytes, result), error);
}

#define INTEGER_CAST(name, TYPE)                                                                                       \
    void k_cast_##name##_varbyte(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale,              \
                                 int32_t mode, Error **error)                                                          \
    {                                                                                                                  \
        (void) scale;                                                                                                  \
        keep(result, varbyte_from_integer(arena, type_make(TYPE), value, length, (ValueMode) mode, result), error);    \
    }                                                                                                                  \
    int64_t k_cast_varbyte_##name(const Str *value, int32_t length, int32_t scale, int32_t mode, Error **error)        \
    {                                                                                                                  \
        int64_t number = 0;                                                                                            \
        (void) length, (void) scale, (void) mode;                                                                      \
        error_keep(error, varbyte_to_integer(*value, type_make(TYPE), &number));                                       \
        return number;                                                                                                 \
    }
INTEGER_CAST(bigint, TYPE_BIGINT)
INTEGER_CAST(integer, TYPE_INTEGER)
INTEGER_CAST(smallint, TYPE_SMALLINT)
#undef INTEGER_CAST

void k_concat_varbyte(Arena *arena, Str *result, const Str *a, const Str *b)
{
    char *hex = arena_alloc(arena, (size_t) (a->len + b->len) + 1);
    memcpy(hex, a->data, (size_t) a->len);
    memcpy(hex + a->len, b->data, (size_t) b->len);
    *result = (Str){hex, a->len + b->len};
}

int64_t k_length_varbyte(const Str *value)
{
    return value->len / 2;
}

void k_from_hex(Arena *arena, Str *result, const Str *text, Error **error)
{
    keep(result, varbyte_from_hex(arena, 0, VALUE_CAST, (Str){text->data, str_trimmed(*text)}, result), error);
}

void k_to_hex_varbyte(Arena *arena, Str *result, const Str *value)
{
    (void) arena;
    *result = *value;
}

/* ---- single bytes and bits --------------------------------------------------------- */

static bool index_fits(int64_t index, int64_t count, Error **error)
{
    if (index >= 0 && index < count)
        return true;
    error_keep(error, error_new(SQLSTATE_ARRAY_SUBSCRIPT_ERROR, "index %lld out of valid range, 0..%lld",
                                (long long) index, (long long) count - 1));
    return false;
}

static int64_t byte_at(const Str *value, int64_t index)
{
    int64_t byte = 0;
    for (int64_t i = 2 * index; i < 2 * index + 2; i++)
        byte = byte << 4 | (value->data[i] <= '9' ? value->data[i] - '0' : value->data[i] - 'a' + 10);
    return byte;
}

static void byte_set(Arena *arena, Str *result, const Str *value, int64_t index, int64_t byte)
{
    static const char digits[] = "0123456789abcdef";
    char *hex = arena_memdup(arena, value->data, (size_t) value->len);
    hex[2 * index] = digits[byte >> 4 & 15];
    hex[2 * index + 1] = digits[byte & 15];
    *result = (Str){hex, value->len};
}

int64_t k_get_byte(const Str *value, int64_t index, Error **error)
{
    return index_fits(index, value->len / 2, error) ? byte_at(value, index) : 0;
}

int64_t k_getbit(const Str *value, int64_t index, Error **error)
{
    int64_t bytes = value->len / 2;
    return index_fits(index, bytes * 8, error) ? byte_at(value, bytes - 1 - index / 8) >> index % 8 & 1 : 0;
}

void k_set_byte(Arena *arena, Str *result, const Str *value, int64_t index, int64_t byte, Error **error)
{
    *result = (Str){"", 0};
    if (index_fits(index, value->len / 2, error))
        byte_set(arena, result, value, index, byte);
}

void k_set_bit(Arena *arena, Str *result, const Str *value, int64_t index, int64_t bit, Error **error)
{
    *result = (Str){"", 0};
    if (bit != 0 && bit != 1)
        error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "new bit must be 0 or 1"));
    else if (index_fits(index, value->len / 2 * 8, error))
    {
        int64_t byte = byte_at(value, index / 8);
        byte_set(arena, result, value, index / 8, (byte & ~(INT64_C(1) << index % 8)) | bit << index % 8);
    }
}

/* ---- formats ----------------------------------------------------------------------- */

static bool format_is(const Str *format, const char *name)
{
    int64_t length = str_trimmed(*format);
    return length == (int64_t) strlen(name) && strncasecmp(format->data, name, (size_t) length) == 0;
}

static Error *no_format(const Str *format)
{
    return error_hint(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "format \"%.*s\" is not known",
                                (int) (format->len > 40 ? 40 : format->len), format->data),
                      "Formats are hex, binary, base64, utf8 and utf-8.");
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static Str base64_write(Arena *arena, Str bytes)
{
    char *text = arena_alloc(arena, (size_t) (bytes.len + 2) / 3 * 4 + 1);
    char *at = text;
    for (int64_t i = 0; i < bytes.len; i += 3)
    {
        uint32_t word = 0;
        for (int64_t k = 0; k < 3; k++)
            word = word << 8 | (i + k < bytes.len ? (unsigned char) bytes.data[i + k] : 0);
        for (int64_t k = 0; k < 4; k++)
            *at++ = k > bytes.len - i ? '=' : base64_digits[word >> (18 - 6 * k) & 63];
    }
    return (Str){text, at - text};
}

static Error *base64_read(Arena *arena, Str text, Str *bytes)
{
    char *out = arena_alloc(arena, (size_t) text.len + 1);
    int64_t count = 0;
    uint32_t word = 0;
    int32_t bits = 0;
    while (text.len > 0 && text.data[text.len - 1] == '=')
        text.len--;
    for (int64_t i = 0; i < text.len; i++)
    {
        const char *digit = text.data[i] == '\0' ? NULL : strchr(base64_digits, text.data[i]);
        if (digit == NULL)
            return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid symbol \"%.1s\" in base64 text", text.data + i);
        word = word << 6 | (uint32_t) (digit - base64_digits);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        out[count++] = (char) (word >> bits & 255);
    }
    *bytes = (Str){out, count};
    return NULL;
}

static Error *bits_read(Arena *arena, Str text, Str *bytes)
{
    char *out = arena_alloc(arena, (size_t) text.len / 8 + 1);
    if (text.len % 8 != 0)
        return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "binary digits come eight to a byte");
    for (int64_t i = 0; i < text.len; i++)
    {
        if (text.data[i] != '0' && text.data[i] != '1')
            return error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid binary digit: \"%.1s\"", text.data + i);
        out[i / 8] = (char) ((uint8_t) out[i / 8] << 1 | (text.data[i] - '0'));
    }
    *bytes = (Str){out, text.len / 8};
    return NULL;
}

void k_to_varbyte(Arena *arena, Str *result, const Str *text, const Str *format, Error **error)
{
    Str bytes = *text;
    Error *fault = NULL;
    if (format_is(format, "hex"))
    {
        k_from_hex(arena, result, text, error);
        return;
    }
    if (format_is(format, "base64"))
        fault = base64_read(arena, (Str){text->data, str_trimmed(*text)}, &bytes);
    else if (format_is(format, "binary"))
        fault = bits_read(arena, (Str){text->data, str_trimmed(*text)}, &bytes);
    else if (!format_is(format, "utf8") && !format_is(format, "utf-8"))
        fault = no_format(format);
    if (fault == NULL)
        fault = varbyte_from_bytes(arena, 0, VALUE_CAST, bytes, result);
    keep(result, fault, error);
}

void k_from_varbyte(Arena *arena, Str *result, const Str *value, const Str *format, Error **error)
{
    Str bytes = varbyte_bytes(arena, *value);
    *result = *value;
    if (format_is(format, "hex"))
        return;
    if (format_is(format, "base64"))
        *result = base64_write(arena, bytes);
    else if (format_is(format, "binary"))
    {
        char *bits = arena_alloc(arena, (size_t) bytes.len * 8 + 1);
        for (int64_t i = 0; i < bytes.len * 8; i++)
            bits[i] = (char) ('0' + ((unsigned char) bytes.data[i / 8] >> (7 - i % 8) & 1));
        *result = (Str){bits, bytes.len * 8};
    }
    else if (format_is(format, "utf8") || format_is(format, "utf-8"))
        k_cast_varbyte_text(arena, result, value, 0, 0, VALUE_CAST, error);
    else
        keep(result, no_format(format), error);
}
