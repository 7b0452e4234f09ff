/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIMILAR TO: SQL's pattern as a regular expression over the whole text.
 *
 *     a%(b|c)_      ->  ^(?:a.*(?:b|c).)$
 *
 * No two backslashes ever stand together in it, for those mean one (regex.c).
 */
#include "base/kernel/body.h"

#include <string.h>

static bool is_escape(Str pattern, int64_t at, Str escape)
{
    return escape.len > 0 && pattern.len - at >= escape.len &&
           memcmp(pattern.data + at, escape.data, (size_t) escape.len) == 0;
}

/* The character as itself. */
static void add_literal(Text *out, char c)
{
    if (c == '\\')
        text_puts(out, "\\x5c");
    else if (strchr(".^$*+?()[]{}|-/#&~", c) != NULL && c != '\0')
        text_printf(out, "\\%c", c);
    else
        text_putc(out, c);
}

static void add_plain(Text *out, char c)
{
    switch (c)
    {
    case '%':
        text_puts(out, ".*");
        return;
    case '_':
        text_putc(out, '.');
        return;
    case '(':
        text_puts(out, "(?:");
        return;
    case '.':
    case '^':
    case '$':
    case '\\':
        add_literal(out, c);
        return;
    default:
        text_putc(out, c);
        return;
    }
}

void k_similar_escape(Arena *arena, Str *result, const Str *pattern, const Str *escape, Error **error)
{
    Text out;
    bool bracket = false;
    if (escape->len > 0 && char_bytes(escape->data[0]) != escape->len)
        error_keep(error, error_hint(error_new(SQLSTATE_INVALID_ESCAPE_SEQUENCE, "invalid escape string"),
                                     "Escape string must be empty or one character."));
    text_init(&out, arena);
    text_puts(&out, "^(?:");
    for (int64_t i = 0; i < pattern->len; i++)
    {
        char c = pattern->data[i];
        if (is_escape(*pattern, i, *escape))
        {
            i += escape->len;
            if (i < pattern->len)
                add_literal(&out, pattern->data[i]);
        }
        else if (bracket)
        {
            if (c == '\\')
                text_puts(&out, "\\x5c");
            else
                text_putc(&out, c);
            bracket = c != ']';
        }
        else
        {
            bracket = c == '[';
            add_plain(&out, c);
            if (bracket && i + 1 < pattern->len && pattern->data[i + 1] == '^')
                text_putc(&out, pattern->data[++i]);
        }
    }
    text_puts(&out, ")$");
    *result = (Str){out.data, (int64_t) out.length};
}

void k_similar(Arena *arena, Str *result, const Str *pattern, Error **error)
{
    k_similar_escape(arena, result, pattern, &(Str){"\\", 1}, error);
}
