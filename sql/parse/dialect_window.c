/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     lag(x) ignore nulls over (..)                       "?ignore".lag(x) over (..)
 *     lag(x ignore nulls) over (..)                ->     the same; RESPECT NULLS, the default, is dropped
 *     listagg(distinct x, ',') within group (order by y)  listagg(distinct x, ',' order by y)
 *     approximate count(distinct x)                       "?approximate".count(distinct x)
 *     ... having c qualify q order by z                   ... having c window "?qualify" as (partition by q) order by z
 */
#include "sql/parse/dialect.h"

static int32_t open_before(const TokenList *tokens, int32_t index)
{
    int32_t depth = 0;
    for (int32_t i = index - 1; i >= 0; i--)
    {
        if (token_is_char(tokens, i, ')'))
            depth++;
        else if (token_is_char(tokens, i, '(') && depth-- == 0)
            return i;
    }
    return -1;
}

/* The call's name is the token before its '('. */
static void mark_ignore(Dialect *dialect, int32_t open)
{
    const Token *name = &dialect->tokens.items[open - 1];
    edit_replace(&dialect->edits, name->start, name->start, "\"?ignore\".", name->start);
}

static void nulls_clause(Dialect *dialect, int32_t i)
{
    const TokenList *tokens = &dialect->tokens;
    bool behind = token_is_char(tokens, i - 1, ')') && token_is(tokens, i + 2, "over");
    int32_t open = open_before(tokens, behind ? i - 1 : i);
    if (!behind && !(token_is_char(tokens, i + 2, ')') || token_is_char(tokens, i + 2, ',')))
        return;
    if (open < 1 || !token_is_name(tokens, open - 1))
        return;
    if (token_is(tokens, i, "ignore"))
        mark_ignore(dialect, open);
    dialect_erase(dialect, i, i + 2);
}

static void within_group(Dialect *dialect, int32_t i)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t open = open_before(tokens, i - 1);
    bool orders = token_is(tokens, i + 1, "group") && token_is_char(tokens, i + 2, '(') &&
                  token_is(tokens, i + 3, "order") && token_is_char(tokens, i - 1, ')');
    if (orders && open > 0 && (token_is(tokens, open - 1, "listagg") || token_is(tokens, open - 1, "string_agg")))
        dialect_erase(dialect, i - 1, i + 3);
}

static bool ends_qualify(const TokenList *tokens, int32_t i)
{
    static const char *const WORDS[] = {"order", "limit", "offset", "fetch", "union", "intersect", "except", "for"};
    for (size_t k = 0; k < sizeof WORDS / sizeof *WORDS; k++)
        if (token_is(tokens, i, WORDS[k]))
            return true;
    return token_is(tokens, i, "minus") && (token_is(tokens, i + 1, "select") || token_is_char(tokens, i + 1, '('));
}

static int32_t qualify_end(const TokenList *tokens, int32_t i)
{
    int32_t depth = 0;
    for (; i < tokens->count; i++)
    {
        if (token_is_char(tokens, i, '('))
            depth++;
        else if (token_is_char(tokens, i, ')') && depth-- == 0)
            break;
        else if (depth == 0 && ends_qualify(tokens, i))
            break;
    }
    return i;
}

/* A column may be called so: the clause stands behind what may end an expression and before what may begin one. */
static bool is_qualify(const TokenList *tokens, int32_t i)
{
    int32_t before = token_kind(tokens, i - 1), behind = token_kind(tokens, i + 1);
    bool ends = before == PG_QUERY__TOKEN__IDENT || before == PG_QUERY__TOKEN__ICONST ||
                before == PG_QUERY__TOKEN__FCONST || before == PG_QUERY__TOKEN__SCONST ||
                before == PG_QUERY__TOKEN__NULL_P || before == PG_QUERY__TOKEN__TRUE_P ||
                before == PG_QUERY__TOKEN__FALSE_P || token_is_char(tokens, i - 1, ')') ||
                (token_is_name(tokens, i - 1) && !token_is(tokens, i - 1, "select") &&
                 !token_is(tokens, i - 1, "as") && !token_is(tokens, i - 1, "by") && !token_is(tokens, i - 1, "where") &&
                 !token_is(tokens, i - 1, "and") && !token_is(tokens, i - 1, "or") && !token_is(tokens, i - 1, "not") &&
                 !token_is(tokens, i - 1, "on") && !token_is(tokens, i - 1, "from") &&
                 !token_is(tokens, i - 1, "having") && !token_is(tokens, i - 1, "distinct"));
    bool begins = behind == PG_QUERY__TOKEN__IDENT || behind == PG_QUERY__TOKEN__ICONST ||
                  behind == PG_QUERY__TOKEN__FCONST || behind == PG_QUERY__TOKEN__SCONST ||
                  behind == PG_QUERY__TOKEN__TRUE_P || behind == PG_QUERY__TOKEN__FALSE_P ||
                  behind == PG_QUERY__TOKEN__NULL_P || behind == PG_QUERY__TOKEN__NOT ||
                  behind == PG_QUERY__TOKEN__CASE || behind == PG_QUERY__TOKEN__EXISTS ||
                  behind == PG_QUERY__TOKEN__COALESCE || token_is_char(tokens, i + 1, '-') ||
                  token_is_char(tokens, i + 1, '(') || token_is_char(tokens, i + 2, '(');
    return i > 1 && ends && begins && !token_is(tokens, i + 1, "from") && !token_is(tokens, i + 1, "as");
}

static void qualify_clause(Dialect *dialect, int32_t i)
{
    const TokenList *tokens = &dialect->tokens;
    const Token *word = &tokens->items[i];
    int32_t end = qualify_end(tokens, i + 1);
    int32_t byte = tokens->items[end - 1].end;
    edit_replace(&dialect->edits, word->start, word->end, "WINDOW \"?qualify\" AS (PARTITION BY ", word->start);
    edit_replace(&dialect->edits, byte, byte, ") ", word->start);
}

Error *dialect_window(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 1; i < tokens->count; i++)
    {
        if ((token_is(tokens, i, "ignore") || token_is(tokens, i, "respect")) && token_is(tokens, i + 1, "nulls"))
            nulls_clause(dialect, i);
        else if (token_is(tokens, i, "within"))
            within_group(dialect, i);
        else if (token_is(tokens, i, "approximate") && token_is_char(tokens, i + 2, '(') &&
                 token_is(tokens, i + 1, "percentile_disc"))
            dialect_erase(dialect, i, i + 1);
        else if (token_is(tokens, i, "approximate") && token_is_char(tokens, i + 2, '(') && token_is(tokens, i + 1, "count"))
            edit_replace(&dialect->edits, tokens->items[i].start, tokens->items[i + 1].start, "\"?approximate\".",
                         tokens->items[i + 1].start);
        else if (token_is(tokens, i, "qualify") && is_qualify(tokens, i))
            qualify_clause(dialect, i);
    }
    return NULL;
}
