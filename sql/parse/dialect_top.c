/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     SELECT TOP 5 a FROM t ORDER BY a          SELECT       a FROM t ORDER BY a LIMIT 5
 *     (SELECT DISTINCT TOP 5 a FROM t)    ->    (SELECT DISTINCT  a FROM t LIMIT 5)
 *
 * With a LIMIT of its own beside it the grammar complains of two, as Redshift does.
 */
#include "sql/parse/dialect.h"

/* First token behind the SELECT that begins at `index`: its ')', a set operation, or the end. */
static int32_t select_end(const TokenList *tokens, int32_t index)
{
    int32_t depth = 0;
    for (int32_t i = index; i < tokens->count; i++)
    {
        if (token_is_char(tokens, i, '('))
            depth++;
        else if (token_is_char(tokens, i, ')'))
        {
            if (depth == 0)
                return i;
            depth--;
        }
        else if (depth == 0 &&
                 (token_is(tokens, i, "union") || token_is(tokens, i, "intersect") || token_is(tokens, i, "except")))
            return i;
    }
    return tokens->count;
}

Error *dialect_top(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 0; i < tokens->count; i++)
    {
        if (!token_is(tokens, i, "select"))
            continue;
        int32_t top = i + 1;
        if (token_is(tokens, top, "distinct") || token_is(tokens, top, "all"))
            top++;
        if (!token_is(tokens, top, "top") || !token_is_integer(tokens, top + 1))
            continue;
        int32_t end = select_end(tokens, top + 2);
        int32_t byte = tokens->items[end - 1].end;
        char *limit = arena_printf(dialect->arena, " LIMIT %s ", token_text(dialect->arena, tokens, top + 1));
        edit_replace(&dialect->edits, byte, byte, limit, tokens->items[top].start);
        dialect_erase(dialect, top, top + 2);
        if (end == top + 2) /* SELECT TOP 5, and nothing */
            return dialect_syntax_error(dialect, end);
    }
    return NULL;
}
