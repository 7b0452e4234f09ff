/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     select * exclude (a, b) from t                      select "?exclude"(a, b) from t
 *     select t.* exclude a from t                  ->     select t."?exclude"(a) from t
 *     ... group by all having ..                          ... group by "?all" having ..
 */
#include "sql/parse/dialect.h"

static void exclude_clause(Dialect *dialect, int32_t i)
{
    const TokenList *tokens = &dialect->tokens;
    const Token *star = &tokens->items[i - 1];
    bool list = token_is_char(tokens, i + 1, '(');
    edit_replace(&dialect->edits, star->start, tokens->items[list ? i + 1 : i].end, "\"?exclude\"(", star->start);
    if (!list)
        edit_replace(&dialect->edits, tokens->items[i + 1].end, tokens->items[i + 1].end, ")", star->start);
}

static bool ends_group_by(const TokenList *tokens, int32_t i)
{
    static const char *const WORDS[] = {"having", "qualify", "window", "order",  "limit", "offset", "fetch",
                                        "union",  "minus",   "except", "intersect"};
    for (size_t k = 0; k < sizeof WORDS / sizeof *WORDS; k++)
        if (token_is(tokens, i, WORDS[k]))
            return true;
    return i >= tokens->count || token_is_char(tokens, i, ')');
}

Error *dialect_list(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 2; i < tokens->count; i++)
    {
        if (token_is(tokens, i, "exclude") && token_is_char(tokens, i - 1, '*') &&
            (token_is_char(tokens, i + 1, '(') || (token_is_name(tokens, i + 1) && !token_is(tokens, i + 1, "from"))))
            exclude_clause(dialect, i);
        else if (token_is(tokens, i, "all") && token_is(tokens, i - 1, "by") && token_is(tokens, i - 2, "group") &&
                 ends_group_by(tokens, i + 1))
            edit_replace(&dialect->edits, tokens->items[i].start, tokens->items[i].end, "\"?all\"",
                         tokens->items[i].start);
    }
    return NULL;
}
