/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in texts (RFC 8259): is it valid, and what lies at a place in it.  A value is a part of the
 * text and comes out as it is written there, so numbers keep every digit; only strings are decoded.
 * Of members with one name the last counts.
 */
#include "base/kernel/body.h"

#include <string.h>
#include <utf8proc.h>

#define JSON_DEPTH_MAX 1000 /* deeper nesting is refused: skip_value() calls itself */

typedef struct Scan
{
    const char *at;
    const char *end;
    int32_t depth;
} Scan;

typedef enum Item
{
    ITEM_BAD,
    ITEM_FOUND,
    ITEM_END
} Item;

/* ---- the grammar --------------------------------------------------------------------- */

static bool skip_value(Scan *scan);

static char peek(const Scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(Scan *scan)
{
    for (char c = peek(scan); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(scan))
        scan->at++;
}

static bool eat(Scan *scan, char c)
{
    skip_blanks(scan);
    if (c == '\0' || peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

/* Four hexadecimal digits; -1 for anything else. */
static int32_t hex_unit(Scan *scan)
{
    int32_t unit = 0;
    for (int32_t i = 0; i < 4; i++)
    {
        char c = peek(scan);
        int32_t digit = is_digit(c)            ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
        scan->at++;
    }
    return unit;
}

/* The code point of an escape whose backslash is gone; -1 for half a surrogate pair, zero and what is none. */
static int32_t escaped(Scan *scan)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = peek(scan);
    const char *letter = c == '\0' ? NULL : strchr(letters, c);
    if (letter == NULL && c != 'u')
        return -1;
    scan->at++;
    if (letter != NULL)
        return meant[letter - letters];
    int32_t high = hex_unit(scan);
    if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff))
        return -1;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u')
        return -1;
    scan->at += 2;
    int32_t low = hex_unit(scan);
    return low < 0xdc00 || low > 0xdfff ? -1 : 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

static bool skip_string(Scan *scan)
{
    if (!eat(scan, '"'))
        return false;
    while (scan->at < scan->end)
    {
        char c = *scan->at++;
        if (c == '"')
            return true;
        if ((unsigned char) c < ' ' || (c == '\\' && escaped(scan) < 0))
            return false;
    }
    return false;
}

static bool skip_digits(Scan *scan)
{
    const char *start = scan->at;
    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at > start;
}

static bool skip_number(Scan *scan)
{
    if (peek(scan) == '-')
        scan->at++;
    if (peek(scan) == '0')
        scan->at++;
    else if (!skip_digits(scan))
        return false;
    if (peek(scan) == '.')
    {
        scan->at++;
        if (!skip_digits(scan))
            return false;
    }
    if (peek(scan) != 'e' && peek(scan) != 'E')
        return true;
    scan->at++;
    if (peek(scan) == '+' || peek(scan) == '-')
        scan->at++;
    return skip_digits(scan);
}

static bool skip_word(Scan *scan, const char *word)
{
    size_t length = strlen(word);
    if ((size_t) (scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

/* The next element of an array or member of an object behind whose bracket the scan is: where its
 * value is written, and its key with the quotes. */
static Item next_item(Scan *scan, char close, bool first, Str *key, Str *value)
{
    if (eat(scan, close))
        return ITEM_END;
    if (!first && !eat(scan, ','))
        return ITEM_BAD;
    skip_blanks(scan);
    *key = (Str){scan->at, 0};
    if (close == '}')
    {
        if (!skip_string(scan))
            return ITEM_BAD;
        key->len = scan->at - key->data;
        if (!eat(scan, ':'))
            return ITEM_BAD;
    }
    skip_blanks(scan);
    value->data = scan->at;
    if (!skip_value(scan))
        return ITEM_BAD;
    value->len = scan->at - value->data;
    return ITEM_FOUND;
}

static bool skip_items(Scan *scan, char close)
{
    Str key, value;
    Item item = ITEM_FOUND;
    if (++scan->depth > JSON_DEPTH_MAX)
        return false;
    scan->at++;
    for (bool first = true; item == ITEM_FOUND; first = false)
        item = next_item(scan, close, first, &key, &value);
    scan->depth--;
    return item == ITEM_END;
}

static bool skip_value(Scan *scan)
{
    skip_blanks(scan);
    switch (peek(scan))
    {
    case '{':
        return skip_items(scan, '}');
    case '[':
        return skip_items(scan, ']');
    case '"':
        return skip_string(scan);
    case 't':
        return skip_word(scan, "true");
    case 'f':
        return skip_word(scan, "false");
    case 'n':
        return skip_word(scan, "null");
    default:
        return skip_number(scan);
    }
}

/* The value a text is, without the blanks around; false if it is not valid. */
static bool parse(const Str *text, Str *value)
{
    Scan scan = {text->data, text->data + text->len, 0};
    skip_blanks(&scan);
    value->data = scan.at;
    if (!skip_value(&scan))
        return false;
    value->len = scan.at - value->data;
    skip_blanks(&scan);
    return scan.at == scan.end;
}

/* ---- places -------------------------------------------------------------------------- */

/* What a valid string, given with its quotes, says. */
static Str string_said(Arena *arena, Str quoted)
{
    Str inside = {quoted.data + 1, quoted.len - 2};
    if (inside.len == 0 || memchr(inside.data, '\\', (size_t) inside.len) == NULL)
        return inside;
    Scan scan = {inside.data, inside.data + inside.len, 0};
    char *bytes = arena_alloc(arena, (size_t) inside.len); /* an escape is longer than what it says */
    char *out = bytes;
    while (scan.at < scan.end)
    {
        char c = *scan.at++;
        if (c == '\\')
            out += utf8proc_encode_char(escaped(&scan), (utf8proc_uint8_t *) out);
        else
            *out++ = c;
    }
    return (Str){bytes, out - bytes};
}

static bool same(Str a, Str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, (size_t) a.len) == 0);
}

/* Element `index` of a valid array; false if it has none. */
static bool element(Str array, int64_t index, Str *found)
{
    Scan scan = {array.data + 1, array.data + array.len, 0};
    Str key;
    for (int64_t i = 0; i <= index; i++)
        if (next_item(&scan, ']', i == 0, &key, found) != ITEM_FOUND)
            return false;
    return index >= 0;
}

/* The member of a valid object with that name; false if it has none. */
static bool member(Arena *arena, Str object, Str name, Str *found)
{
    Scan scan = {object.data + 1, object.data + object.len, 0};
    Str key, value;
    bool any = false;
    for (bool first = true; next_item(&scan, '}', first, &key, &value) == ITEM_FOUND; first = false)
        if (same(string_said(arena, key), name))
        {
            *found = value;
            any = true;
        }
    return any;
}

/* The number that a path element says for an array, -1 if it is none. */
static int64_t index_said(Str text)
{
    int64_t index = 0;
    if (text.len == 0 || text.len > 9)
        return -1;
    for (int64_t i = 0; i < text.len; i++)
    {
        if (!is_digit(text.data[i]))
            return -1;
        index = index * 10 + (text.data[i] - '0');
    }
    return index;
}

/* ---- bodies -------------------------------------------------------------------------- */

/* Parses; what is not valid, or does not begin with `bracket` if there is one, is an error or NULL. */
static bool parse_or_tell(const Str *text, char bracket, int64_t null_if_invalid, Str *value, int64_t *null,
                          Error **error)
{
    if (parse(text, value) && (bracket == '\0' || *value->data == bracket))
        return true;
    *null = 1;
    if (null_if_invalid == 0)
        error_keep(error, error_new(SQLSTATE_INVALID_TEXT_REPRESENTATION,
                                    bracket == '\0' ? "JSON parsing error" : "invalid JSON array"));
    return false;
}

/* A found value as a text; JSON's null is NULL. */
static void put(Arena *arena, Str *result, Str value, int64_t *null)
{
    if (*value.data == 'n')
        *null = 1;
    else
        *result = *value.data == '"' ? string_said(arena, value) : value;
}

static bool begins(const Str *text, char bracket)
{
    Str value;
    return parse(text, &value) && *value.data == bracket;
}

int64_t k_is_valid_json(const Str *text)
{
    return begins(text, '{');
}

int64_t k_is_valid_json_array(const Str *text)
{
    return begins(text, '[');
}

int64_t k_json_array_length_lenient(const Str *text, int64_t null_if_invalid, int64_t *null, Error **error)
{
    Str array, key, value;
    int64_t count = 0;
    if (!parse_or_tell(text, '[', null_if_invalid, &array, null, error))
        return 0;
    Scan scan = {array.data + 1, array.data + array.len, 0};
    while (next_item(&scan, ']', count == 0, &key, &value) == ITEM_FOUND)
        count++;
    return count;
}

int64_t k_json_array_length(const Str *text, int64_t *null, Error **error)
{
    return k_json_array_length_lenient(text, 0, null, error);
}

void k_json_element_lenient(Arena *arena, Str *result, const Str *text, int64_t index, int64_t null_if_invalid,
                            int64_t *null, Error **error)
{
    Str array, value;
    *result = (Str){"", 0};
    if (!parse_or_tell(text, '[', null_if_invalid, &array, null, error))
        return;
    if (element(array, index, &value))
        put(arena, result, value, null);
    else
        *null = 1;
}

void k_json_element(Arena *arena, Str *result, const Str *text, int64_t index, int64_t *null, Error **error)
{
    k_json_element_lenient(arena, result, text, index, 0, null, error);
}

/* Steps down: members by name, elements of arrays by number. */
static void path_text(Arena *arena, Str *result, const Str *text, const Str *const *path, int32_t levels,
                      int64_t null_if_invalid, int64_t *null, Error **error)
{
    Str value;
    *result = (Str){"", 0};
    if (!parse_or_tell(text, '\0', null_if_invalid, &value, null, error))
        return;
    for (int32_t i = 0; i < levels; i++)
        if (!(*value.data == '{'   ? member(arena, value, *path[i], &value)
              : *value.data == '[' ? element(value, index_said(*path[i]), &value)
                                   : false))
        {
            *null = 1;
            return;
        }
    put(arena, result, value, null);
}

#define LIST(...) __VA_ARGS__
#define PATH_BODIES(levels, params, path)                                                                              \
    void k_json_path_##levels(Arena *arena, Str *result, const Str *text, params, int64_t *null, Error **error)        \
    {                                                                                                                  \
        path_text(arena, result, text, (const Str *const[]){path}, levels, 0, null, error);                            \
    }                                                                                                                  \
    void k_json_path_##levels##_lenient(Arena *arena, Str *result, const Str *text, params, int64_t null_if_invalid,   \
                                        int64_t *null, Error **error)                                                  \
    {                                                                                                                  \
        path_text(arena, result, text, (const Str *const[]){path}, levels, null_if_invalid, null, error);              \
    }
PATH_BODIES(1, const Str *a, a)
PATH_BODIES(2, LIST(const Str *a, const Str *b), LIST(a, b))
PATH_BODIES(3, LIST(const Str *a, const Str *b, const Str *c), LIST(a, b, c))
PATH_BODIES(4, LIST(const Str *a, const Str *b, const Str *c, const Str *d), LIST(a, b, c, d))
PATH_BODIES(5, LIST(const Str *a, const Str *b, const Str *c, const Str *d, const Str *e), LIST(a, b, c, d, e))
#undef PATH_BODIES
