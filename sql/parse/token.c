/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/parse/token.h"
#include "base/core/assert.h"
#include "sql/parse/parse.h"
#include "sql/parse/unpack.h"

#include <pg_query.h>
#include <string.h>
#include <strings.h>

Error *token_scan(Arena *scratch, const char *text, TokenList *out)
{
    PgQueryScanResult result = pg_query_scan(text);
    if (result.error != NULL)
    {
        Error *error = unpack_error(result.error);
        pg_query_free_scan_result(result);
        return error;
    }
    ProtobufCAllocator allocator = unpack_allocator(scratch);
    PgQuery__ScanResult *scan =
        pg_query__scan_result__unpack(&allocator, result.pbuf.len, (const uint8_t *) result.pbuf.data);
    pg_query_free_scan_result(result);
    if (scan == NULL)
        return error_new(SQLSTATE_INTERNAL_ERROR, "the scanner's answer could not be read");
    Token *items = ARENA_ARRAY(scratch, Token, scan->n_tokens + 1);
    int32_t count = 0;
    for (size_t i = 0; i < scan->n_tokens; i++)
    {
        const PgQuery__ScanToken *token = scan->tokens[i];
        if (token->token == PG_QUERY__TOKEN__SQL_COMMENT || token->token == PG_QUERY__TOKEN__C_COMMENT)
            continue;
        items[count++] = (Token){token->start, token->end, (int32_t) token->token};
    }
    *out = (TokenList){text, count, items};
    return NULL;
}

bool token_is(const TokenList *tokens, int32_t index, const char *word)
{
    if (index < 0 || index >= tokens->count)
        return false;
    const Token *token = &tokens->items[index];
    size_t length = (size_t) (token->end - token->start);
    return length == strlen(word) && strncasecmp(tokens->text + token->start, word, length) == 0;
}

bool token_is_char(const TokenList *tokens, int32_t index, char c)
{
    return index >= 0 && index < tokens->count && tokens->items[index].end - tokens->items[index].start == 1 &&
           tokens->text[tokens->items[index].start] == c;
}

int32_t token_kind(const TokenList *tokens, int32_t index)
{
    return index >= 0 && index < tokens->count ? tokens->items[index].kind : 0;
}

bool token_is_name(const TokenList *tokens, int32_t index)
{
    int32_t kind = token_kind(tokens, index);
    return kind == PG_QUERY__TOKEN__IDENT || kind >= PG_QUERY__TOKEN__ABORT_P;
}

bool token_is_string(const TokenList *tokens, int32_t index)
{
    return token_kind(tokens, index) == PG_QUERY__TOKEN__SCONST;
}

bool token_is_integer(const TokenList *tokens, int32_t index)
{
    return token_kind(tokens, index) == PG_QUERY__TOKEN__ICONST;
}

char *token_text(Arena *arena, const TokenList *tokens, int32_t index)
{
    ASSERT(index >= 0 && index < tokens->count);
    const Token *token = &tokens->items[index];
    return arena_strndup(arena, tokens->text + token->start, (size_t) (token->end - token->start));
}

/* Copies a quoted run, the doubled quote as one. */
static char *unquote(Arena *arena, const char *bytes, size_t length, char quote)
{
    char *out = arena_alloc(arena, length + 1);
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
    {
        out[n++] = bytes[i];
        if (bytes[i] == quote && i + 1 < length && bytes[i + 1] == quote)
            i++;
    }
    out[n] = '\0';
    return out;
}

char *token_name(Arena *arena, const TokenList *tokens, int32_t index)
{
    char *text = token_text(arena, tokens, index);
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '"')
        text = unquote(arena, text + 1, length - 2, '"');
    return parse_fold_name(arena, text);
}

/* The escapes of E'...' that make sense in COPY's options. */
static char *unescape(Arena *arena, const char *bytes, size_t length)
{
    char *out = arena_alloc(arena, length + 1);
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
    {
        char c = bytes[i];
        if (c == '\'' && i + 1 < length && bytes[i + 1] == '\'')
            i++;
        else if (c == '\\' && i + 1 < length)
        {
            static const char from[] = "tnrbf";
            static const char to[] = "\t\n\r\b\f";
            c = bytes[++i];
            const char *at = strchr(from, c);
            if (at != NULL && c != '\0')
                c = to[at - from];
            else if (c >= '0' && c <= '7')
            {
                int value = 0;
                for (int digits = 0; digits < 3 && i < length && bytes[i] >= '0' && bytes[i] <= '7'; digits++, i++)
                    value = value * 8 + (bytes[i] - '0');
                i--;
                c = (char) value;
            }
        }
        if (c != '\0')
            out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

char *token_string(Arena *arena, const TokenList *tokens, int32_t index)
{
    char *text = token_text(arena, tokens, index);
    size_t length = strlen(text);
    if (length >= 2 && text[0] == '\'')
        return unquote(arena, text + 1, length - 2, '\'');
    if (length >= 3 && (text[0] == 'E' || text[0] == 'e'))
        return unescape(arena, text + 2, length - 3);
    if (length >= 4 && text[0] == '$')
    {
        size_t tag = (size_t) (strchr(text + 1, '$') - text) + 1;
        return arena_strndup(arena, text + tag, length - 2 * tag);
    }
    return text;
}

int32_t token_close(const TokenList *tokens, int32_t index)
{
    ASSERT(token_is_char(tokens, index, '('));
    int32_t depth = 0;
    for (int32_t i = index; i < tokens->count; i++)
    {
        if (token_is_char(tokens, i, '('))
            depth++;
        else if (token_is_char(tokens, i, ')') && --depth == 0)
            return i;
    }
    return tokens->count;
}
