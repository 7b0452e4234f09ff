/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     where a.x = b.y (+)     ->     where a.x = "?outer"(b.y)
 */
#include "sql/parse/dialect.h"

/* First token of the column whose name is token `last`. */
static int32_t column_start(const TokenList *tokens, int32_t last)
{
    while (last >= 2 && token_is_char(tokens, last - 1, '.') && token_is_name(tokens, last - 2))
        last -= 2;
    return last;
}

Error *dialect_outer(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 1; i + 2 < tokens->count; i++)
    {
        if (!token_is_char(tokens, i, '(') || !token_is_char(tokens, i + 1, '+') || !token_is_char(tokens, i + 2, ')'))
            continue;
        if (!token_is_name(tokens, i - 1))
            return dialect_syntax_error(dialect, i);
        const Token *start = &tokens->items[column_start(tokens, i - 1)];
        edit_replace(&dialect->edits, start->start, start->start, "\"?outer\"(", start->start);
        edit_replace(&dialect->edits, tokens->items[i].start, tokens->items[i + 2].end, ")", start->start);
    }
    return NULL;
}
