/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     t PIVOT (sum(x) AS s FOR c IN (1 AS one, 2)) AS p
 *         ->  t CROSS JOIN "?pivot"("s" => sum(x), "?for"(c), "?in"("one" => 1, 2)) AS p
 *     t UNPIVOT INCLUDE NULLS (v FOR n IN (a AS x, b))
 *         ->  t CROSS JOIN "?unpivot_nulls"(v, "?for"(n), "?in"("x" => a, b))
 */
#include "sql/parse/dialect.h"

/* First token of [from, to) at no depth that is `word` (',' for a comma); `to` if there is none. */
static int32_t find_flat(const TokenList *tokens, int32_t from, int32_t to, const char *word)
{
    int32_t depth = 0;
    for (int32_t i = from; i < to; i++)
    {
        if (depth == 0 && token_is(tokens, i, word))
            return i;
        depth += token_is_char(tokens, i, '(') - token_is_char(tokens, i, ')');
    }
    return to;
}

static void insert(Dialect *dialect, int32_t index, const char *text)
{
    const Token *token = &dialect->tokens.items[index];
    edit_replace(&dialect->edits, token->start, token->start, text, token->start);
}

static bool may_be_alias(const TokenList *tokens, int32_t index)
{
    return token_kind(tokens, index) == PG_QUERY__TOKEN__IDENT || token_kind(tokens, index) == PG_QUERY__TOKEN__SCONST;
}

/* `expr [AS] alias` in tokens [from, to) becomes `"alias" => expr`. */
static void name_item(Dialect *dialect, int32_t from, int32_t to)
{
    const TokenList *tokens = &dialect->tokens;
    bool as = to - from > 2 && token_is(tokens, to - 2, "as");
    bool bare = to - from > 1 && may_be_alias(tokens, to - 1) &&
                (may_be_alias(tokens, to - 2) || token_is_char(tokens, to - 2, ')') ||
                 token_kind(tokens, to - 2) == PG_QUERY__TOKEN__ICONST || token_is(tokens, to - 2, "null"));
    if (!as && !bare)
        return;
    char *alias = token_is_string(tokens, to - 1) ? token_string(dialect->arena, tokens, to - 1)
                                                  : token_name(dialect->arena, tokens, to - 1);
    insert(dialect, from, arena_printf(dialect->arena, "\"%s\" => ", alias));
    dialect_erase(dialect, as ? to - 2 : to - 1, to);
}

static void name_items(Dialect *dialect, int32_t from, int32_t to)
{
    for (int32_t end; from < to; from = end + 1)
    {
        end = find_flat(&dialect->tokens, from, to, ",");
        name_item(dialect, from, end);
    }
}

/* The word at `word` and what stands in the parentheses at `open` as a call of `name`. */
static void pivot_clause(Dialect *dialect, int32_t word, int32_t open, const char *name, bool aggregates)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t close = token_close(tokens, open);
    int32_t is_for = find_flat(tokens, open + 1, close, "for");
    int32_t is_in = find_flat(tokens, is_for, close, "in");
    if (is_for == close || is_in + 1 >= close || !token_is_char(tokens, is_in + 1, '('))
        return; /* the grammar complains of what it is */
    if (aggregates)
        name_items(dialect, open + 1, is_for);
    name_items(dialect, is_in + 2, token_close(tokens, is_in + 1));
    const Token *items = tokens->items;
    edit_replace(&dialect->edits, items[word].start, items[open].end,
                 arena_printf(dialect->arena, "CROSS JOIN \"%s\"(", name), items[word].start);
    edit_replace(&dialect->edits, items[is_for].start, items[is_for].end, ", \"?for\"(", items[is_for].start);
    edit_replace(&dialect->edits, items[is_in].start, items[is_in + 1].end, "), \"?in\"(", items[is_in].start);
}

Error *dialect_pivot(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 1; i < tokens->count; i++)
    {
        if (!token_is_name(tokens, i - 1) && !token_is_char(tokens, i - 1, ')'))
            continue;
        if (token_is(tokens, i, "pivot") && token_is_char(tokens, i + 1, '('))
            pivot_clause(dialect, i, i + 1, "?pivot", true);
        else if (token_is(tokens, i, "unpivot") && token_is_char(tokens, i + 1, '('))
            pivot_clause(dialect, i, i + 1, "?unpivot", false);
        else if (token_is(tokens, i, "unpivot") && token_is(tokens, i + 2, "nulls") && token_is_char(tokens, i + 3, '('))
            pivot_clause(dialect, i, i + 3, token_is(tokens, i + 1, "include") ? "?unpivot_nulls" : "?unpivot", false);
    }
    return NULL;
}
