/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions, by PCRE2.
 *
 * The default dialect is POSIX's as PostgreSQL and Redshift have it: the leftmost match, and of
 * those the longest; '.' is any character, '$' the very end.  Redshift's manual writes each
 * backslash twice, for its literals take one away; Stoa's do not, so two backslashes before an
 * escape are one here.  With 'p' the pattern is Perl's and stays as it is.
 *
 * A thread keeps what it compiled, by pattern and flags: a constant pattern is compiled once.
 */
#include "base/kernel/body.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_SLOTS       64
#define DFA_WORDS_MAX     (1 << 20)
#define PATTERN_BYTES_MAX 65535
#define MATCH_STEPS_MAX   10000000 /* of one text; beyond it the pattern is given up */

typedef struct Regex
{
    char *key; /* flags, then the pattern */
    size_t key_length;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    bool longest; /* several lengths are possible where a match begins */
} Regex;

typedef struct RegexFlags
{
    bool insensitive;
    bool perl;
    bool group; /* 'e': the first subexpression */
    bool all;   /* 'g' */
} RegexFlags;

static Error *regex_error(int code, const char *what)
{
    PCRE2_UCHAR message[160];
    pcre2_get_error_message(code, message, sizeof message);
    return error_new(SQLSTATE_INVALID_REGULAR_EXPRESSION, "%s: %s", what, (const char *) message);
}

static bool flags_read(const Str *text, RegexFlags *flags, Error **error)
{
    *flags = (RegexFlags){.insensitive = false};
    for (int64_t i = 0; text != NULL && i < text->len; i++)
        switch (text->data[i])
        {
        case 'c':
            flags->insensitive = false;
            break;
        case 'i':
            flags->insensitive = true;
            break;
        case 'e':
            flags->group = true;
            break;
        case 'p':
            flags->perl = true;
            break;
        case 'g':
            flags->all = true;
            break;
        case ' ':
            break;
        default:
            error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "invalid regular expression option: \"%c\"",
                                        text->data[i]));
            return false;
        }
    return true;
}

/* ---- the pattern ---------------------------------------------------------------------- */

/* What a backslash and `c` are in PCRE, where it is something else there. */
static const char *escape_of(char c)
{
    switch (c)
    {
    case 'y':
        return "\\b";
    case 'Y':
        return "\\B";
    case 'm':
        return "\\b(?=\\w)";
    case 'M':
        return "\\b(?<=\\w)";
    case 'Z':
        return "\\z";
    default:
        return NULL;
    }
}

/* The pattern in PCRE's words. */
static void pattern_rewrite(Str pattern, Text *out)
{
    for (int64_t i = 0; i < pattern.len; i++)
    {
        char c = pattern.data[i];
        if (c != '\\' || i + 1 == pattern.len)
        {
            text_putc(out, c);
            continue;
        }
        char next = pattern.data[++i];
        if (next == '\\' && i + 1 < pattern.len &&
            strchr("dDwWsSbByYmM.*+?|^$()[]{}\\123456789", pattern.data[i + 1]) != NULL)
        {
            next = pattern.data[++i];
            if (next == '\\' && i + 1 < pattern.len && pattern.data[i + 1] == '\\')
                i++; /* four are one that is meant */
        }
        const char *escape = escape_of(next);
        if (escape != NULL)
            text_puts(out, escape);
        else
        {
            text_putc(out, '\\');
            text_putc(out, next);
        }
    }
}

/* Can a match be longer than the one a backtracking search finds first?  Where alternatives or parts
 * left out stand in it; not told of patterns with what the other algorithm does not know. */
static bool wants_longest(const char *pattern)
{
    bool choice = false;
    for (const char *at = pattern; *at != '\0'; at++)
    {
        if (*at == '\\')
        {
            if (at[1] >= '1' && at[1] <= '9')
                return false;
            at += at[1] != '\0';
        }
        else if (*at == '|' || (*at == ')' && (at[1] == '?' || at[1] == '*' || at[1] == '{')))
            choice = true;
        else if (strchr("?*+}", *at) != NULL && at[1] == '?')
            return false;
    }
    return choice;
}

static Error *regex_compile(Regex *regex, Str pattern, RegexFlags flags)
{
    Text text;
    int fault;
    PCRE2_SIZE at;
    uint32_t options = PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY;
    text_init(&text, NULL);
    if (flags.perl)
        text_append(&text, pattern.data, (size_t) pattern.len);
    else
        pattern_rewrite(pattern, &text);
    if (flags.insensitive)
        options |= PCRE2_CASELESS;
    if (flags.perl)
        options &= ~(uint32_t) (PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY);
    regex->longest = !flags.perl && wants_longest(text.data);
    if (!regex->longest)
        options |= PCRE2_MATCH_INVALID_UTF; /* which the search for the longest does not know */
    regex->code = pcre2_compile((PCRE2_SPTR) text.data, text.length, options, &fault, &at, NULL);
    text_free(&text);
    if (regex->code == NULL)
        return regex_error(fault, "invalid regular expression");
    pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without it the interpreter answers */
    regex->match = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->context = pcre2_match_context_create(NULL);
    if (regex->match == NULL || regex->context == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    pcre2_set_match_limit(regex->context, MATCH_STEPS_MAX);
    return NULL;
}

static void regex_clear(Regex *regex)
{
    pcre2_code_free(regex->code);
    pcre2_match_data_free(regex->match);
    pcre2_match_context_free(regex->context);
    free(regex->key);
    *regex = (Regex){.key = NULL};
}

static uint32_t slot_of(Str pattern, char flags)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (unsigned char) flags;
    for (int64_t i = 0; i < pattern.len; i++)
        hash = (hash ^ (unsigned char) pattern.data[i]) * UINT64_C(0x100000001b3);
    return (uint32_t) (hash >> 32) % CACHE_SLOTS;
}

/* The pattern compiled, by this thread and until its slot is needed; NULL: *error says why. */
static Regex *regex_get(const Str *pattern, RegexFlags flags, Error **error)
{
    static _Thread_local Regex cache[CACHE_SLOTS];
    char first = (char) (1 + flags.insensitive + 2 * flags.perl);
    size_t length = (size_t) pattern->len + 1;
    Regex *regex = &cache[slot_of(*pattern, first)];
    if (regex->key != NULL && regex->key_length == length && regex->key[0] == first &&
        (length == 1 || memcmp(regex->key + 1, pattern->data, length - 1) == 0))
        return regex;
    regex_clear(regex);
    Error *fault = NULL;
    char *key = malloc(length);
    if (key == NULL)
        fault = error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    else if (pattern->len > PATTERN_BYTES_MAX)
        fault = error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "regular expression is too long");
    else
        fault = regex_compile(regex, *pattern, flags);
    if (fault != NULL)
    {
        free(key);
        regex_clear(regex);
        error_keep(error, fault);
        return NULL;
    }
    key[0] = first;
    if (length > 1)
        memcpy(key + 1, pattern->data, length - 1);
    regex->key = key;
    regex->key_length = length;
    return regex;
}

/* ---- searching -------------------------------------------------------------------------- */

typedef struct Found
{
    int64_t start, end; /* bytes */
} Found;

static const char *bytes_of(const Str *text)
{
    return text->len == 0 ? "" : text->data;
}

/* The longest match at the place where one was found. */
static int64_t longest_end(Regex *regex, const Str *text, int64_t start)
{
    int words[1024];
    PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
    int got = pcre2_dfa_match(regex->code, (PCRE2_SPTR) bytes_of(text), (PCRE2_SIZE) text->len, (PCRE2_SIZE) start,
                              PCRE2_ANCHORED, regex->match, regex->context, words, 1024);
    for (size_t count = 16384; got == PCRE2_ERROR_DFA_WSSIZE && count <= DFA_WORDS_MAX; count *= 8)
    {
        int *more = malloc(count * sizeof *more);
        if (more == NULL)
            break;
        got = pcre2_dfa_match(regex->code, (PCRE2_SPTR) bytes_of(text), (PCRE2_SIZE) text->len, (PCRE2_SIZE) start,
                              PCRE2_ANCHORED, regex->match, regex->context, more, count);
        free(more);
    }
    return got < 0 ? -1 : (int64_t) ends[1];
}

/* The first match from byte `from` on.  Of several lengths the longest if `whole`. */
static bool search(Regex *regex, const Str *text, int64_t from, bool whole, Found *found, Error **error)
{
    PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
    int got = pcre2_match(regex->code, (PCRE2_SPTR) bytes_of(text), (PCRE2_SIZE) text->len, (PCRE2_SIZE) from, 0,
                          regex->match, regex->context);
    if (got < 0)
    {
        if (got != PCRE2_ERROR_NOMATCH)
            error_keep(error, regex_error(got, "regular expression failed"));
        return false;
    }
    *found = (Found){(int64_t) ends[0], (int64_t) ends[1]};
    if (found->end < found->start) /* \K in a lookahead */
        found->end = found->start;
    if (whole && regex->longest)
    {
        int64_t end = longest_end(regex, text, found->start);
        if (end > found->end)
            found->end = end;
    }
    return true;
}

/* Where the search goes on behind a match: behind one character if the match is empty. */
static int64_t behind(const Str *text, Found found)
{
    return found.end > found.start ? found.end
                                   : found.end + (found.end < text->len ? char_bytes(text->data[found.end]) : 1);
}

/* The byte of character `position` (from 1); -1 beyond the text. */
static int64_t start_of(const Str *text, int64_t position)
{
    if (position <= 1)
        return 0;
    int64_t at = char_offset(*text, position - 1);
    return at < text->len ? at : -1;
}

/* The occurrence'th match from character `position` on; with 'e' its first subexpression. */
static bool nth(const Str *text, const Str *pattern, int64_t position, int64_t occurrence, const Str *options,
                Found *found, Error **error)
{
    RegexFlags flags;
    if (!flags_read(options, &flags, error))
        return false;
    Regex *regex = regex_get(pattern, flags, error);
    int64_t from = start_of(text, position);
    if (regex == NULL || from < 0 || occurrence < 1)
        return false;
    bool group = flags.group && pcre2_get_ovector_count(regex->match) > 1;
    for (; from <= text->len; from = behind(text, *found))
    {
        if (!search(regex, text, from, !group, found, error))
            return false;
        if (--occurrence > 0)
            continue;
        PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
        if (group && ends[2] == PCRE2_UNSET)
            return false;
        if (group)
            *found = (Found){(int64_t) ends[2], (int64_t) ends[3]};
        return true;
    }
    return false;
}

/* ---- the functions ------------------------------------------------------------------------- */

static int64_t matches(const Str *text, const Str *pattern, RegexFlags flags, Error **error)
{
    Found found;
    Regex *regex = regex_get(pattern, flags, error);
    return regex != NULL && search(regex, text, 0, false, &found, error);
}

int64_t k_regex(const Str *text, const Str *pattern, Error **error)
{
    return matches(text, pattern, (RegexFlags){.insensitive = false}, error);
}

int64_t k_regex_insensitive(const Str *text, const Str *pattern, Error **error)
{
    return matches(text, pattern, (RegexFlags){.insensitive = true}, error);
}

int64_t k_not_regex(const Str *text, const Str *pattern, Error **error)
{
    return !k_regex(text, pattern, error);
}

int64_t k_not_regex_insensitive(const Str *text, const Str *pattern, Error **error)
{
    return !k_regex_insensitive(text, pattern, error);
}

int64_t k_regexp_count_options(const Str *text, const Str *pattern, int64_t position, const Str *options, Error **error)
{
    RegexFlags flags;
    Found found;
    int64_t count = 0;
    if (!flags_read(options, &flags, error))
        return 0;
    Regex *regex = regex_get(pattern, flags, error);
    int64_t from = start_of(text, position);
    if (regex == NULL || from < 0)
        return 0;
    for (; from <= text->len && search(regex, text, from, true, &found, error); from = behind(text, found))
        count++;
    return count;
}

int64_t k_regexp_count_from(const Str *text, const Str *pattern, int64_t position, Error **error)
{
    return k_regexp_count_options(text, pattern, position, NULL, error);
}

int64_t k_regexp_count(const Str *text, const Str *pattern, Error **error)
{
    return k_regexp_count_options(text, pattern, 1, NULL, error);
}

int64_t k_regexp_instr_options(const Str *text, const Str *pattern, int64_t position, int64_t occurrence,
                               int64_t behind_it, const Str *options, Error **error)
{
    Found found;
    if (!nth(text, pattern, position, occurrence, options, &found, error))
        return 0;
    return utf8_length(text->data, (size_t) (behind_it != 0 ? found.end : found.start)) + 1;
}

int64_t k_regexp_instr_end(const Str *text, const Str *pattern, int64_t position, int64_t occurrence, int64_t behind_it,
                           Error **error)
{
    return k_regexp_instr_options(text, pattern, position, occurrence, behind_it, NULL, error);
}

int64_t k_regexp_instr_nth(const Str *text, const Str *pattern, int64_t position, int64_t occurrence, Error **error)
{
    return k_regexp_instr_options(text, pattern, position, occurrence, 0, NULL, error);
}

int64_t k_regexp_instr_from(const Str *text, const Str *pattern, int64_t position, Error **error)
{
    return k_regexp_instr_options(text, pattern, position, 1, 0, NULL, error);
}

int64_t k_regexp_instr(const Str *text, const Str *pattern, Error **error)
{
    return k_regexp_instr_options(text, pattern, 1, 1, 0, NULL, error);
}

void k_regexp_substr_options(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t position,
                             int64_t occurrence, const Str *options, Error **error)
{
    Found found;
    (void) arena;
    *result = (Str){"", 0};
    if (nth(text, pattern, position, occurrence, options, &found, error))
        *result = (Str){bytes_of(text) + found.start, found.end - found.start};
}

void k_regexp_substr_nth(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t position,
                         int64_t occurrence, Error **error)
{
    k_regexp_substr_options(arena, result, text, pattern, position, occurrence, NULL, error);
}

void k_regexp_substr_from(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t position,
                          Error **error)
{
    k_regexp_substr_options(arena, result, text, pattern, position, 1, NULL, error);
}

void k_regexp_substr(Arena *arena, Str *result, const Str *text, const Str *pattern, Error **error)
{
    k_regexp_substr_options(arena, result, text, pattern, 1, 1, NULL, error);
}

/* substring(text from pattern): the first subexpression, else the whole match; NULL without one. */
void k_substring_regex(Arena *arena, Str *result, const Str *text, const Str *pattern, int64_t *null, Error **error)
{
    static const Str group = {"e", 1};
    Found found;
    (void) arena;
    *result = (Str){"", 0};
    if (nth(text, pattern, 1, 1, &group, &found, error))
        *result = (Str){bytes_of(text) + found.start, found.end - found.start};
    else
        *null = 1;
}

/* ---- REGEXP_REPLACE ---------------------------------------------------------------------------- */

/* Adds a subexpression of the last match; one that took no part is empty. */
static void add_group(Text *out, const Regex *regex, const Str *text, uint32_t group, Found whole)
{
    PCRE2_SIZE *ends = pcre2_get_ovector_pointer(regex->match);
    if (group == 0)
        text_append(out, bytes_of(text) + whole.start, (size_t) (whole.end - whole.start));
    else if (group < pcre2_get_ovector_count(regex->match) && ends[2 * group] != PCRE2_UNSET &&
             ends[2 * group + 1] >= ends[2 * group])
        text_append(out, bytes_of(text) + ends[2 * group], ends[2 * group + 1] - ends[2 * group]);
}

/* \1 to \9 and \& (one backslash or two), with 'p' $1 to $9 too: what was matched. */
static void add_replacement(Text *out, const Regex *regex, const Str *text, const Str *with, Found found, bool perl)
{
    for (int64_t i = 0; i < with->len; i++)
    {
        char c = with->data[i];
        int64_t at = i + 1;
        if (c == '\\' && at + 1 < with->len && with->data[at] == '\\' &&
            ((with->data[at + 1] >= '0' && with->data[at + 1] <= '9') || with->data[at + 1] == '&'))
            at++;
        char next = at < with->len ? with->data[at] : '\0';
        bool digit = next >= '0' && next <= '9';
        if ((c == '\\' && (digit || next == '&')) || (c == '$' && perl && digit))
        {
            add_group(out, regex, text, digit ? (uint32_t) (next - '0') : 0, found);
            i = at;
        }
        else
        {
            text_putc(out, c);
            i += c == '\\' && next == '\\';
        }
    }
}

static void replace(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with, int64_t position,
                    RegexFlags flags, Error **error)
{
    Text out;
    Found found;
    int64_t done = 0;
    *result = *text;
    Regex *regex = regex_get(pattern, flags, error);
    int64_t from = start_of(text, position);
    if (regex == NULL || from < 0)
        return;
    bool groups = pcre2_get_ovector_count(regex->match) > 1;
    text_init(&out, arena);
    for (bool more = true; more && from <= text->len && search(regex, text, from, !groups, &found, error);
         from = behind(text, found))
    {
        text_append(&out, bytes_of(text) + done, (size_t) (found.start - done));
        add_replacement(&out, regex, text, with, found, flags.perl);
        done = found.end;
        more = flags.all;
        if (out.length > TEXT_RESULT_MAX)
        {
            error_keep(error, error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large"));
            return;
        }
    }
    if (done == 0 && out.length == 0)
        return;
    text_append(&out, bytes_of(text) + done, (size_t) (text->len - done));
    *result = (Str){out.data, (int64_t) out.length};
}

void k_regexp_replace_options(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with,
                              int64_t position, const Str *options, Error **error)
{
    RegexFlags flags;
    *result = *text;
    if (!flags_read(options, &flags, error))
        return;
    flags.all = true;
    replace(arena, result, text, pattern, with, position, flags, error);
}

void k_regexp_replace_from(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with,
                           int64_t position, Error **error)
{
    k_regexp_replace_options(arena, result, text, pattern, with, position, NULL, error);
}

void k_regexp_replace(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with, Error **error)
{
    k_regexp_replace_options(arena, result, text, pattern, with, 1, NULL, error);
}

void k_regexp_remove(Arena *arena, Str *result, const Str *text, const Str *pattern, Error **error)
{
    k_regexp_replace_options(arena, result, text, pattern, &(Str){"", 0}, 1, NULL, error);
}

/* PostgreSQL's form: flags in the fourth place; without 'g' only the first match. */
void k_regexp_replace_flags(Arena *arena, Str *result, const Str *text, const Str *pattern, const Str *with,
                            const Str *options, Error **error)
{
    RegexFlags flags;
    *result = *text;
    if (flags_read(options, &flags, error))
        replace(arena, result, text, pattern, with, 1, flags, error);
}
