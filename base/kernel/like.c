/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern without '_' is literal parts between runs of '%':
 *
 *     abc%def%ghi   ->  begins with abc, ends with ghi, def somewhere between
 *     %abc%         ->  abc anywhere
 *
 * which memcmp and bytes_find answer.  Anything else, and all of ILIKE, is walked
 * token by token, going back to the last '%' on a mismatch.
 */
#ifndef _GNU_SOURCE
#endif
#include "base/data/find.h"
#include "base/kernel/body.h"
#include "base/kernel/kernel.h"

#include <string.h>
#include <utf8proc.h>

#define TOKEN_ANY_RUN (-1) /* % */
#define TOKEN_ANY_ONE (-2) /* _ */

struct LikePattern
{
    bool literal_parts; /* PARTS below; else tokens */
    bool ignore_case;
    bool anchored_start; /* does not begin with % */
    bool anchored_end;
    int32_t part_count;
    int32_t token_count;
    Str *parts;
    int32_t *tokens; /* code points, or TOKEN_* */
    int64_t bytes_min;
};

static int32_t fold(int32_t code)
{
    if (code < 0x80)
        return code >= 'A' && code <= 'Z' ? code + 32 : code;
    return utf8proc_tolower(code);
}

/* One code point; a broken byte stands for itself. */
static int32_t code_next(const char **at, const char *end)
{
    unsigned char first = (unsigned char) **at;
    if (first < 0x80)
    {
        *at += 1;
        return first;
    }
    utf8proc_int32_t code;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *) *at, end - *at, &code);
    if (length <= 0)
    {
        *at += 1;
        return first;
    }
    *at += length;
    return code;
}

static Error *tokens_read(Arena *arena, Str pattern, LikePattern *like)
{
    const char *at = pattern.data;
    const char *end = at + pattern.len;
    like->tokens = ARENA_ARRAY(arena, int32_t, pattern.len + 1);
    like->literal_parts = !like->ignore_case;
    while (at < end)
    {
        int32_t token;
        if (*at == '%')
        {
            token = TOKEN_ANY_RUN;
            at++;
            if (like->token_count > 0 && like->tokens[like->token_count - 1] == TOKEN_ANY_RUN)
                continue;
        }
        else if (*at == '_')
        {
            token = TOKEN_ANY_ONE;
            like->literal_parts = false;
            at++;
        }
        else
        {
            if (*at == '\\' && ++at == end)
                return error_new(SQLSTATE_INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character");
            token = code_next(&at, end);
            if (like->ignore_case)
                token = fold(token);
        }
        like->tokens[like->token_count++] = token;
    }
    return NULL;
}

/* Cuts the pattern's text, escapes removed, at its % signs. */
static void parts_read(Arena *arena, Str pattern, LikePattern *like)
{
    char *text = arena_alloc(arena, (size_t) pattern.len + 1);
    like->parts = ARENA_ARRAY(arena, Str, pattern.len + 1);
    like->anchored_start = pattern.len == 0 || pattern.data[0] != '%';
    like->anchored_end = true;
    char *start = text;
    for (int64_t i = 0; i < pattern.len; i++)
    {
        like->anchored_end = pattern.data[i] != '%';
        if (like->anchored_end)
        {
            i += pattern.data[i] == '\\';
            *text++ = pattern.data[i];
            continue;
        }
        if (text > start)
            like->parts[like->part_count++] = (Str){start, text - start};
        start = text;
    }
    if (text > start || pattern.len == 0)
        like->parts[like->part_count++] = (Str){start, text - start};
    for (int32_t i = 0; i < like->part_count; i++)
        like->bytes_min += like->parts[i].len;
}

Error *like_compile(Arena *arena, Str pattern, bool ignore_case, LikePattern **out)
{
    LikePattern *like = ARENA_NEW(arena, LikePattern);
    like->ignore_case = ignore_case;
    *out = like;
    TRY(tokens_read(arena, pattern, like));
    if (like->literal_parts)
        parts_read(arena, pattern, like);
    return NULL;
}

static bool parts_match(const LikePattern *like, Str text)
{
    if (text.len < like->bytes_min)
        return false;
    if (text.len == 0)
        return true; /* and its data may be NULL */
    const char *at = text.data;
    const char *end = at + text.len;
    int32_t first = 0;
    int32_t last = like->part_count;
    if (last == 0)
        return true;
    if (like->anchored_start)
    {
        const Str *part = &like->parts[first++];
        if (memcmp(at, part->data, (size_t) part->len) != 0)
            return false;
        at += part->len;
        if (first == last)
            return !like->anchored_end || at == end;
    }
    if (like->anchored_end)
    {
        const Str *part = &like->parts[--last];
        end -= part->len;
        if (end < at || memcmp(end, part->data, (size_t) part->len) != 0)
            return false;
    }
    for (; first < last; first++)
    {
        const Str *part = &like->parts[first];
        at = bytes_find(at, (size_t) (end - at), part->data, (size_t) part->len);
        if (at == NULL)
            return false;
        at += part->len;
    }
    return true;
}

static bool tokens_match(const LikePattern *like, Str text)
{
    const char *at = text.data;
    const char *end = at + text.len;
    int32_t token = 0;
    int32_t after_run = -1;    /* where to go on behind the last % ... */
    const char *run_at = NULL; /* ... and from which character */
    while (at < end)
    {
        if (token < like->token_count && like->tokens[token] == TOKEN_ANY_RUN)
        {
            after_run = ++token;
            run_at = at;
            continue;
        }
        const char *next = at;
        int32_t code = code_next(&next, end);
        if (like->ignore_case)
            code = fold(code);
        if (token < like->token_count && (like->tokens[token] == TOKEN_ANY_ONE || like->tokens[token] == code))
        {
            token++;
            at = next;
            continue;
        }
        if (after_run < 0)
            return false;
        code_next(&run_at, end);
        at = run_at;
        token = after_run;
    }
    while (token < like->token_count && like->tokens[token] == TOKEN_ANY_RUN)
        token++;
    return token == like->token_count;
}

bool like_match(const LikePattern *pattern, Str text)
{
    return pattern->literal_parts ? parts_match(pattern, text) : tokens_match(pattern, text);
}

/* ---- patterns that are not constant ---------------------------------------------- */

static int64_t like_once(const Str *text, const Str *pattern, bool ignore_case, Error **error)
{
    Arena *arena = arena_new("like");
    LikePattern *compiled;
    Error *fault = like_compile(arena, *pattern, ignore_case, &compiled);
    int64_t fits = fault == NULL && like_match(compiled, *text);
    error_keep(error, fault);
    arena_free(arena);
    return fits;
}

int64_t k_like(const Str *text, const Str *pattern, Error **error)
{
    return like_once(text, pattern, false, error);
}

int64_t k_ilike(const Str *text, const Str *pattern, Error **error)
{
    return like_once(text, pattern, true, error);
}

int64_t k_not_like(const Str *text, const Str *pattern, Error **error)
{
    return !like_once(text, pattern, false, error);
}

int64_t k_not_ilike(const Str *text, const Str *pattern, Error **error)
{
    return !like_once(text, pattern, true, error);
}

/* The pattern with its own escape character, rewritten to backslashes. */
void k_like_escape(Arena *arena, Str *result, const Str *pattern, const Str *escape, Error **error)
{
    *result = *pattern;
    if (escape->len > 0 && char_bytes(escape->data[0]) != escape->len)
    {
        error_keep(error, error_hint(error_new(SQLSTATE_INVALID_ESCAPE_SEQUENCE, "invalid escape string"),
                                     "Escape string must be empty or one character."));
        return;
    }
    char *out = arena_alloc(arena, (size_t) pattern->len * 2 + 1);
    int64_t length = 0;
    bool escaped = false;
    for (int64_t i = 0; i < pattern->len;)
    {
        if (!escaped && escape->len > 0 && pattern->len - i >= escape->len &&
            memcmp(pattern->data + i, escape->data, (size_t) escape->len) == 0)
        {
            out[length++] = '\\';
            i += escape->len;
            escaped = true;
            continue;
        }
        if (pattern->data[i] == '\\' && !escaped)
            out[length++] = '\\';
        out[length++] = pattern->data[i++];
        escaped = false;
    }
    *result = (Str){out, length};
}
