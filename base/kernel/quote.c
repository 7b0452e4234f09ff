/* SPDX-License-Identifier: Apache-2.0 */
/* Texts quoted, compared, put into one another, and how they sound. */
#ifndef _GNU_SOURCE
#endif
#include "base/data/encode.h"
#include "base/data/find.h"
#include "base/kernel/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t k_no_such(const Str *state, const Str *what, const Str *name, Error **error)
{
    char code[6];
    snprintf(code, sizeof code, "%.*s", (int) state->len, state->data);
    error_keep(error, error_new(sqlstate_from_code(code), "%.*s \"%.*s\" does not exist", (int) what->len, what->data,
                                (int) name->len, name->data));
    return 0;
}

/* ---- quoting ----------------------------------------------------------------------- */

static int order_of_word(const void *key, const void *word)
{
    return strcmp(key, *(const char *const *) word);
}

/* Is it a word of the grammar that a name can only be in double quotes? */
static bool is_keyword(const char *name)
{
    static const char *const words[] = {
#define KEYWORD(word) word,
#include "base/kernel/keyword.def"
#undef KEYWORD
    };
    return bsearch(name, words, sizeof words / sizeof *words, sizeof *words, order_of_word) != NULL;
}

static bool is_plain_name(const Str *text)
{
    char name[64];
    if (text->len == 0 || text->len >= (int64_t) sizeof name || (text->data[0] >= '0' && text->data[0] <= '9'))
        return false;
    for (int64_t i = 0; i < text->len; i++)
    {
        char c = text->data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    memcpy(name, text->data, (size_t) text->len);
    name[text->len] = '\0';
    return !is_keyword(name);
}

/* `text` between two `quote`s, each in it doubled, and backslashes too if said. */
static Str quoted(Arena *arena, const char *before, Str text, char quote, bool backslashes)
{
    Text out;
    text_init(&out, arena);
    text_puts(&out, before);
    text_putc(&out, quote);
    for (int64_t i = 0; i < text.len; i++)
    {
        char c = text.data[i];
        if (c == quote || (c == '\\' && backslashes))
            text_putc(&out, c);
        text_putc(&out, c);
    }
    text_putc(&out, quote);
    return (Str){out.data, (int64_t) out.length};
}

void k_quote_ident(Arena *arena, Str *result, const Str *text)
{
    *result = is_plain_name(text) ? *text : quoted(arena, "", *text, '"', false);
}

void k_quote_literal(Arena *arena, Str *result, const Str *text)
{
    bool backslashes = text->len > 0 && memchr(text->data, '\\', (size_t) text->len) != NULL;
    *result = quoted(arena, backslashes ? "E" : "", *text, '\'', backslashes);
}

/* ---- comparing --------------------------------------------------------------------- */

static int64_t order_of_bytes(Str a, Str b)
{
    int64_t both = a.len < b.len ? a.len : b.len;
    int order = both == 0 ? 0 : memcmp(a.data, b.data, (size_t) both);
    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

int64_t k_bpcharcmp(const Str *a, const Str *b)
{
    return order_of_bytes((Str){a->data, str_trimmed(*a)}, (Str){b->data, str_trimmed(*b)});
}

int64_t k_starts_with(const Str *text, const Str *start)
{
    return start->len <= text->len && (start->len == 0 || memcmp(text->data, start->data, (size_t) start->len) == 0);
}

int64_t k_octetindex(const Str *part, const Str *text)
{
    if (part->len == 0)
        return 1;
    const char *at = text->len == 0 ? NULL : bytes_find(text->data, (size_t) text->len, part->data, (size_t) part->len);
    return at == NULL ? 0 : at - text->data + 1;
}

/* ---- OVERLAY ------------------------------------------------------------------------- */

static void overlay(Arena *arena, Str *result, const Str *text, const Str *with, int64_t start, int64_t count,
                    Error **error)
{
    *result = (Str){"", 0};
    if (start < 1)
    {
        error_keep(error, error_new(SQLSTATE_SUBSTRING_ERROR, "negative substring length not allowed"));
        return;
    }
    int64_t from = char_offset(*text, start - 1);
    int64_t behind = start - 1 + count;
    int64_t rest = behind <= 0 ? 0 : char_offset(*text, behind);
    char *out = arena_alloc(arena, (size_t) (from + with->len + text->len - rest) + 1);
    char *at = out;
    if (from > 0)
        at = (char *) memcpy(at, text->data, (size_t) from) + from;
    if (with->len > 0)
        at = (char *) memcpy(at, with->data, (size_t) with->len) + with->len;
    if (text->len > rest)
        at = (char *) memcpy(at, text->data + rest, (size_t) (text->len - rest)) + (text->len - rest);
    *result = (Str){out, at - out};
    if (result->len > TEXT_RESULT_MAX)
    {
        error_keep(error, error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large"));
        *result = (Str){"", 0};
    }
}

void k_overlay(Arena *arena, Str *result, const Str *text, const Str *with, int64_t start, Error **error)
{
    overlay(arena, result, text, with, start, utf8_length(with->data, (size_t) with->len), error);
}

void k_overlay_for(Arena *arena, Str *result, const Str *text, const Str *with, int64_t start, int64_t count,
                   Error **error)
{
    overlay(arena, result, text, with, start, count, error);
}

/* ---- American Soundex ------------------------------------------------------------------ */

#define SOUNDEX_LENGTH 4

/* The digit of a capital letter; '0': a vowel; 'h' and 'w' do not part two of a kind: ' '. */
static char sound_of(char letter)
{
    return "01230120022455012623010202"[letter - 'A'] == '0' && (letter == 'H' || letter == 'W')
               ? ' '
               : "01230120022455012623010202"[letter - 'A'];
}

/* Writes the code; false if the text has no letter. */
static bool soundex(Str text, char *code)
{
    int32_t length = 0;
    char before = '0';
    for (int64_t i = 0; i < text.len && length < SOUNDEX_LENGTH; i++)
    {
        char c = text.data[i];
        if (c >= 'a' && c <= 'z')
            c = (char) (c - 'a' + 'A');
        if (c < 'A' || c > 'Z')
            continue;
        char sound = sound_of(c);
        if (length == 0)
            code[length++] = c;
        else if (sound > '0' && sound != before)
            code[length++] = sound;
        if (sound != ' ')
            before = sound;
    }
    if (length == 0)
        return false;
    while (length < SOUNDEX_LENGTH)
        code[length++] = '0';
    return true;
}

void k_soundex(Arena *arena, Str *result, const Str *text)
{
    char *code = arena_alloc(arena, SOUNDEX_LENGTH);
    *result = (Str){code, soundex(*text, code) ? SOUNDEX_LENGTH : 0};
}

int64_t k_difference(const Str *a, const Str *b)
{
    char one[SOUNDEX_LENGTH], other[SOUNDEX_LENGTH];
    if (a->len == 0 || b->len == 0)
        return 0;
    bool have = soundex(*a, one);
    if (soundex(*b, other) != have)
        return 0;
    if (!have)
        return 1; /* as Redshift has it */
    int64_t same = 0;
    for (int32_t i = 0; i < SOUNDEX_LENGTH; i++)
        same += one[i] == other[i];
    return same;
}

void k_format_encoding(Arena *arena, Str *result, int64_t number)
{
    Encode encode = encode_of_number(number);
    const char *text = encode == ENCODE_COUNT ? "unknown" : encode == ENCODE_raw ? "none" : encode_keyword(encode);
    (void) arena; /* constants */
    *result = (Str){(char *) text, (int64_t) strlen(text)};
}
