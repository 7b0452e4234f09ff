/* SPDX-License-Identifier: Apache-2.0 */
/* String functions.  Positions and lengths count characters; UTF-8 inside. */
#ifndef _GNU_SOURCE
#endif
#include "base/data/find.h"
#include "base/kernel/body.h"

#include <string.h>
#include <utf8proc.h>

static Str slice(Str text, int64_t from, int64_t to)
{
    return (Str){text.data + from, to - from};
}

static Error *result_too_long(void)
{
    return error_detail(error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large"),
                        "The result of a string function has at most %d bytes.", TEXT_RESULT_MAX);
}

/* ---- lengths and places ------------------------------------------------------------ */

int64_t k_length(const Str *text)
{
    return utf8_length(text->data, (size_t) text->len);
}

int64_t k_octet_length(const Str *text)
{
    return text->len;
}

int64_t k_strpos(const Str *text, const Str *part)
{
    if (part->len == 0)
        return 1;
    const char *at = text->len == 0 ? NULL : bytes_find(text->data, (size_t) text->len, part->data, (size_t) part->len);
    return at == NULL ? 0 : utf8_length(text->data, (size_t) (at - text->data)) + 1;
}

int64_t k_charindex(const Str *part, const Str *text)
{
    return k_strpos(text, part);
}

int64_t k_ascii(const Str *text)
{
    utf8proc_int32_t code;
    if (text->len == 0 || utf8proc_iterate((const utf8proc_uint8_t *) text->data, text->len, &code) <= 0)
        return 0;
    return code;
}

void k_chr(Arena *arena, Str *result, int64_t code, Error **error)
{
    *result = (Str){"", 0};
    if (code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    {
        error_keep(error,
                   error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested character not valid: %lld", (long long) code));
        return;
    }
    char *bytes = arena_alloc(arena, 4);
    result->len = utf8proc_encode_char((utf8proc_int32_t) code, (utf8proc_uint8_t *) bytes);
    result->data = bytes;
}

/* ---- parts -------------------------------------------------------------------------- */

/* Characters [from, to), from 0; both may lie outside. */
static Str characters(Str text, int64_t from, int64_t to)
{
    if (from < 0)
        from = 0;
    if (to <= from)
        return (Str){text.data, 0};
    int64_t start = char_offset(text, from);
    Str rest = slice(text, start, text.len);
    return slice(rest, 0, to == INT64_MAX ? rest.len : char_offset(rest, to - from));
}

void k_substring(Arena *arena, Str *result, const Str *text, int64_t start)
{
    (void) arena;
    *result = characters(*text, start - 1, INT64_MAX);
}

void k_substring_for(Arena *arena, Str *result, const Str *text, int64_t start, int64_t count, Error **error)
{
    (void) arena;
    if (count < 0)
    {
        *result = (Str){"", 0};
        error_keep(error, error_new(SQLSTATE_SUBSTRING_ERROR, "negative substring length not allowed"));
        return;
    }
    *result = characters(*text, start - 1, start - 1 + count);
}

void k_left(Arena *arena, Str *result, const Str *text, int64_t count)
{
    (void) arena;
    *result = characters(*text, 0, count >= 0 ? count : k_length(text) + count);
}

void k_right(Arena *arena, Str *result, const Str *text, int64_t count)
{
    (void) arena;
    *result = characters(*text, count >= 0 ? k_length(text) - count : -count, INT64_MAX);
}

void k_split_part(Arena *arena, Str *result, const Str *text, const Str *delimiter, int64_t number, Error **error)
{
    (void) arena;
    *result = (Str){"", 0};
    if (number < 1)
    {
        error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "field position must be greater than zero"));
        return;
    }
    const char *at = text->data;
    const char *end = at + text->len;
    for (;; number--)
    {
        const char *next = delimiter->len == 0 || at == end
                               ? NULL
                               : bytes_find(at, (size_t) (end - at), delimiter->data, (size_t) delimiter->len);
        if (number == 1)
        {
            *result = (Str){at, (next == NULL ? end : next) - at};
            return;
        }
        if (next == NULL)
            return;
        at = next + delimiter->len;
    }
}

/* ---- trimming -------------------------------------------------------------------------- */

static bool set_has(Str set, const char *character, int64_t bytes)
{
    for (int64_t at = 0; at < set.len;)
    {
        int64_t length = char_bytes(set.data[at]);
        if (length == bytes && at + length <= set.len && memcmp(set.data + at, character, (size_t) bytes) == 0)
            return true;
        at += length;
    }
    return false;
}

static Str trim(Str text, Str set, bool front, bool back)
{
    int64_t from = 0;
    int64_t to = text.len;
    while (front && from < to)
    {
        int64_t bytes = char_bytes(text.data[from]);
        if (from + bytes > to || !set_has(set, text.data + from, bytes))
            break;
        from += bytes;
    }
    while (back && to > from)
    {
        int64_t start = to - 1;
        while (start > from && ((unsigned char) text.data[start] & 0xc0) == 0x80)
            start--;
        if (!set_has(set, text.data + start, to - start))
            break;
        to = start;
    }
    return slice(text, from, to);
}

static const Str blank = {" ", 1};

void k_btrim(Arena *arena, Str *result, const Str *text)
{
    (void) arena;
    *result = trim(*text, blank, true, true);
}

void k_ltrim(Arena *arena, Str *result, const Str *text)
{
    (void) arena;
    *result = trim(*text, blank, true, false);
}

void k_rtrim(Arena *arena, Str *result, const Str *text)
{
    (void) arena;
    *result = trim(*text, blank, false, true);
}

void k_btrim_set(Arena *arena, Str *result, const Str *text, const Str *set)
{
    (void) arena;
    *result = trim(*text, *set, true, true);
}

void k_ltrim_set(Arena *arena, Str *result, const Str *text, const Str *set)
{
    (void) arena;
    *result = trim(*text, *set, true, false);
}

void k_rtrim_set(Arena *arena, Str *result, const Str *text, const Str *set)
{
    (void) arena;
    *result = trim(*text, *set, false, true);
}

/* ---- letters ------------------------------------------------------------------------------ */

static char ascii_lower(char c)
{
    return (char) (c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static char ascii_upper(char c)
{
    return (char) (c >= 'a' && c <= 'z' ? c - 32 : c);
}

/* The sharp s has no capital in the simple mappings other engines use. */
static utf8proc_int32_t code_upper(utf8proc_int32_t code)
{
    return code == 0xdf ? code : utf8proc_toupper(code);
}

/* Applies `map` to every code point; a result may take more bytes than its source. */
static Str code_points_mapped(Arena *arena, Str text, utf8proc_int32_t (*map)(utf8proc_int32_t))
{
    char *out = arena_alloc(arena, (size_t) text.len * 2 + 4);
    int64_t length = 0;
    for (int64_t at = 0; at < text.len;)
    {
        utf8proc_int32_t code;
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *) text.data + at, text.len - at, &code);
        if (bytes <= 0)
        {
            out[length++] = text.data[at++];
            continue;
        }
        length += utf8proc_encode_char(map(code), (utf8proc_uint8_t *) out + length);
        at += bytes;
    }
    return (Str){out, length};
}

void k_lower(Arena *arena, Str *result, const Str *text)
{
    if (!ascii_only(text->data, (size_t) text->len))
    {
        *result = code_points_mapped(arena, *text, utf8proc_tolower);
        return;
    }
    char *out = arena_alloc(arena, (size_t) text->len);
    for (int64_t i = 0; i < text->len; i++)
        out[i] = ascii_lower(text->data[i]);
    *result = (Str){out, text->len};
}

void k_upper(Arena *arena, Str *result, const Str *text)
{
    if (!ascii_only(text->data, (size_t) text->len))
    {
        *result = code_points_mapped(arena, *text, code_upper);
        return;
    }
    char *out = arena_alloc(arena, (size_t) text->len);
    for (int64_t i = 0; i < text->len; i++)
        out[i] = ascii_upper(text->data[i]);
    *result = (Str){out, text->len};
}

static bool is_word_code(utf8proc_int32_t code)
{
    if (code < 0x80)
        return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') || (code >= 'a' && code <= 'z');
    utf8proc_category_t category = utf8proc_category(code);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

void k_initcap(Arena *arena, Str *result, const Str *text)
{
    char *out = arena_alloc(arena, (size_t) text->len * 2 + 4);
    int64_t length = 0;
    bool inside = false;
    for (int64_t at = 0; at < text->len;)
    {
        utf8proc_int32_t code;
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *) text->data + at, text->len - at, &code);
        if (bytes <= 0)
        {
            out[length++] = text->data[at++];
            continue;
        }
        utf8proc_int32_t mapped = inside ? utf8proc_tolower(code) : code_upper(code);
        length += utf8proc_encode_char(mapped, (utf8proc_uint8_t *) out + length);
        inside = is_word_code(code);
        at += bytes;
    }
    *result = (Str){out, length};
}

/* ---- putting together ------------------------------------------------------------------------ */

void k_concat(Arena *arena, Str *result, const Str *a, const Str *b)
{
    if (a->len == 0 || b->len == 0)
    {
        *result = a->len == 0 ? *b : *a;
        return;
    }
    char *out = arena_alloc(arena, (size_t) (a->len + b->len));
    memcpy(out, a->data, (size_t) a->len);
    memcpy(out + a->len, b->data, (size_t) b->len);
    *result = (Str){out, a->len + b->len};
}

void k_reverse(Arena *arena, Str *result, const Str *text)
{
    char *out = arena_alloc(arena, (size_t) text->len);
    char *to = out + text->len;
    for (int64_t at = 0; at < text->len;)
    {
        int64_t bytes = char_bytes(text->data[at]);
        if (bytes > text->len - at)
            bytes = text->len - at;
        to -= bytes;
        memcpy(to, text->data + at, (size_t) bytes);
        at += bytes;
    }
    *result = (Str){out, text->len};
}

void k_repeat(Arena *arena, Str *result, const Str *text, int64_t count, Error **error)
{
    *result = (Str){"", 0};
    if (count <= 0 || text->len == 0)
        return;
    if (count > TEXT_RESULT_MAX / text->len)
    {
        error_keep(error, result_too_long());
        return;
    }
    char *out = arena_alloc(arena, (size_t) (text->len * count));
    for (int64_t i = 0; i < count; i++)
        memcpy(out + i * text->len, text->data, (size_t) text->len);
    *result = (Str){out, text->len * count};
}

/* text filled with `fill`, over and over, to `count` characters; cut on the right if longer. */
static void pad(Arena *arena, Str *result, Str text, int64_t count, Str fill, bool left, Error **error)
{
    *result = (Str){"", 0};
    if (count <= 0)
        return;
    int64_t present = utf8_length(text.data, (size_t) text.len);
    if (present >= count || fill.len == 0)
    {
        *result = characters(text, 0, count);
        return;
    }
    int64_t missing = count - present;
    int64_t fill_count = utf8_length(fill.data, (size_t) fill.len);
    int64_t whole = missing / fill_count;
    int64_t rest = char_offset(fill, missing % fill_count);
    if (missing > TEXT_RESULT_MAX || text.len + whole * fill.len + rest > TEXT_RESULT_MAX)
    {
        error_keep(error, result_too_long());
        return;
    }
    int64_t filled = whole * fill.len + rest;
    char *out = arena_alloc(arena, (size_t) (text.len + filled));
    char *at = left ? out : out + text.len;
    for (int64_t i = 0; i < whole; i++, at += fill.len)
        memcpy(at, fill.data, (size_t) fill.len);
    memcpy(at, fill.data, (size_t) rest);
    if (text.len > 0)
        memcpy(left ? out + filled : out, text.data, (size_t) text.len);
    *result = (Str){out, text.len + filled};
}

void k_lpad(Arena *arena, Str *result, const Str *text, int64_t count, Error **error)
{
    pad(arena, result, *text, count, blank, true, error);
}

void k_lpad_fill(Arena *arena, Str *result, const Str *text, int64_t count, const Str *fill, Error **error)
{
    pad(arena, result, *text, count, *fill, true, error);
}

void k_rpad(Arena *arena, Str *result, const Str *text, int64_t count, Error **error)
{
    pad(arena, result, *text, count, blank, false, error);
}

void k_rpad_fill(Arena *arena, Str *result, const Str *text, int64_t count, const Str *fill, Error **error)
{
    pad(arena, result, *text, count, *fill, false, error);
}

void k_replace(Arena *arena, Str *result, const Str *text, const Str *old, const Str *new, Error **error)
{
    *result = *text;
    if (old->len == 0 || text->len == 0)
        return;
    Text out;
    text_init(&out, arena);
    const char *at = text->data;
    const char *end = at + text->len;
    for (;;)
    {
        const char *found = bytes_find(at, (size_t) (end - at), old->data, (size_t) old->len);
        if (found == NULL)
            break;
        text_append(&out, at, (size_t) (found - at));
        text_append(&out, new->data, (size_t) new->len);
        at = found + old->len;
        if (out.length > TEXT_RESULT_MAX)
        {
            error_keep(error, result_too_long());
            return;
        }
    }
    if (at == text->data)
        return;
    text_append(&out, at, (size_t) (end - at));
    *result = (Str){out.data, (int64_t) out.length};
}

/* The place of the character among those of `set`, -1 if it is none. */
static int64_t place_in(Str set, const char *character, int64_t bytes)
{
    int64_t place = 0;
    for (int64_t at = 0; at < set.len; place++)
    {
        int64_t length = char_bytes(set.data[at]);
        if (length == bytes && at + length <= set.len && memcmp(set.data + at, character, (size_t) bytes) == 0)
            return place;
        at += length;
    }
    return -1;
}

void k_translate(Arena *arena, Str *result, const Str *text, const Str *from, const Str *to, Error **error)
{
    (void) error;
    Text out;
    text_init(&out, arena);
    int64_t to_count = utf8_length(to->data, (size_t) to->len);
    for (int64_t at = 0; at < text->len;)
    {
        int64_t bytes = char_bytes(text->data[at]);
        if (bytes > text->len - at)
            bytes = text->len - at;
        int64_t place = place_in(*from, text->data + at, bytes);
        if (place < 0)
            text_append(&out, text->data + at, (size_t) bytes);
        else if (place < to_count)
        {
            Str one = characters(*to, place, place + 1);
            text_append(&out, one.data, (size_t) one.len);
        }
        at += bytes;
    }
    *result = (Str){out.data, (int64_t) out.length};
}
