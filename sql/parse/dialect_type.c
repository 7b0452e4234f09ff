/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     VARCHAR(MAX)               VARCHAR(65535)
 *     CHAR(MAX)             ->   CHAR(4096)
 *     CONVERT(INTEGER, a)        ((         a)::INTEGER)
 *     TRY_CAST(a AS INTEGER)     "?try"(a , NULL::INTEGER)
 */
#include "sql/parse/dialect.h"

static void replace_max(Dialect *dialect, int32_t word)
{
    const TokenList *tokens = &dialect->tokens;
    bool is_varchar = token_is(tokens, word, "varchar") || token_is(tokens, word, "nvarchar") ||
                      token_is(tokens, word, "varying") || token_is(tokens, word, "text");
    bool is_char = token_is(tokens, word, "char") || token_is(tokens, word, "nchar") ||
                   token_is(tokens, word, "character") || token_is(tokens, word, "bpchar");
    if ((is_varchar || is_char) && token_is_char(tokens, word + 1, '(') && token_is(tokens, word + 2, "max") &&
        token_is_char(tokens, word + 3, ')'))
        edit_replace(&dialect->edits, tokens->items[word + 2].start, tokens->items[word + 2].end,
                     is_varchar ? "65535" : "4096", tokens->items[word + 2].start);
}

/* Is there a type at `index`, followed by the comma at *comma?  Words, and a length in parentheses. */
static bool type_before_comma(const TokenList *tokens, int32_t index, int32_t *comma)
{
    int32_t i = index;
    while (token_is_name(tokens, i))
        i++;
    if (i == index)
        return false;
    if (token_is_char(tokens, i, '('))
    {
        for (i++; token_is_integer(tokens, i) || token_is_char(tokens, i, ',') || token_is(tokens, i, "max"); i++)
            ;
        if (!token_is_char(tokens, i, ')'))
            return false;
        i++;
    }
    *comma = i;
    return token_is_char(tokens, i, ',');
}

/* CONVERT ( type , x ) whose type ends before token `comma`. */
static void replace_convert(Dialect *dialect, int32_t word, int32_t comma)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t close = token_close(tokens, word + 1);
    int32_t type_from = tokens->items[word + 2].start;
    Text cast;
    text_init(&cast, dialect->arena);
    text_puts(&cast, ")::");
    for (int32_t i = word + 2; i < comma; i++) /* token by token, so that MAX is replaced in the copy as well */
    {
        bool max = token_is(tokens, i, "max");
        text_printf(&cast, "%s ",
                    max ? (token_is(tokens, word + 2, "char") ? "4096" : "65535")
                        : token_text(dialect->arena, tokens, i));
    }
    text_putc(&cast, ')');
    edit_replace(&dialect->edits, tokens->items[word].start, tokens->items[word].end, "(", tokens->items[word].start);
    edit_erase(&dialect->edits, type_from, tokens->items[comma].end);
    edit_replace(&dialect->edits, tokens->items[close].start, tokens->items[close].end, cast.data, type_from);
}

/* The AS of a cast's parentheses, those at `open`; tokens->count if there is none. */
static int32_t cast_as(const TokenList *tokens, int32_t open)
{
    int32_t close = token_close(tokens, open);
    for (int32_t i = open + 1; i < close; i++)
        if (token_is_char(tokens, i, '('))
            i = token_close(tokens, i);
        else if (token_is(tokens, i, "as"))
            return i;
    return tokens->count;
}

/* No deeper than it was: the grammar's depth has a limit that is told from the user's tokens. */
static void replace_try(Dialect *dialect, int32_t word)
{
    const Token *tokens = dialect->tokens.items;
    int32_t as = cast_as(&dialect->tokens, word + 1);
    if (as >= dialect->tokens.count)
        return;
    edit_replace(&dialect->edits, tokens[word].start, tokens[word].end, "\"?try\"", tokens[word].start);
    edit_replace(&dialect->edits, tokens[as].start, tokens[as].end, ", NULL::", tokens[as].start);
}

Error *dialect_type(Dialect *dialect)
{
    int32_t inside_convert = -1; /* MAX within a CONVERT's type is done by it: edits must not overlap */
    for (int32_t i = 0; i < dialect->tokens.count; i++)
    {
        int32_t comma;
        if (token_is(&dialect->tokens, i, "try_cast") && token_is_char(&dialect->tokens, i + 1, '('))
            replace_try(dialect, i);
        if (token_is(&dialect->tokens, i, "convert") && token_is_char(&dialect->tokens, i + 1, '(') &&
            type_before_comma(&dialect->tokens, i + 2, &comma) &&
            token_close(&dialect->tokens, i + 1) < dialect->tokens.count)
        {
            replace_convert(dialect, i, comma);
            inside_convert = comma;
        }
        else if (i > inside_convert)
            replace_max(dialect, i);
    }
    return NULL;
}
