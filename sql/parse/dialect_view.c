/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CREATE [OR REPLACE] VIEW name [(columns)] AS query [WITH NO SCHEMA BINDING]: the catalog keeps the query's text as
 * it was written.
 */
#include "sql/parse/dialect.h"

static bool is_create_view(const TokenList *tokens)
{
    int32_t i = 1;
    if (!token_is(tokens, 0, "create"))
        return false;
    if (token_is(tokens, i, "or") && token_is(tokens, i + 1, "replace"))
        i += 2;
    return token_is(tokens, i, "view");
}

Error *dialect_view(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    if (!is_create_view(tokens))
        return NULL;
    int32_t as = 0, end = tokens->count;
    while (as < tokens->count && !token_is(tokens, as, "as"))
        as = token_is_char(tokens, as, '(') ? token_close(tokens, as) : as + 1;
    if (as + 1 >= tokens->count)
        return NULL; /* the grammar says what is wrong */
    ViewStatement *view = dialect->view = ARENA_NEW(dialect->arena, ViewStatement);
    view->late_binding = end > 4 && token_is(tokens, end - 4, "with") && token_is(tokens, end - 3, "no") &&
                         token_is(tokens, end - 2, "schema") && token_is(tokens, end - 1, "binding");
    if (view->late_binding)
    {
        dialect_erase(dialect, end - 4, end);
        end -= 4;
    }
    if (end <= as + 1)
        return NULL;
    int32_t from = tokens->items[as + 1].start;
    view->position = dialect_position(dialect, as + 1);
    view->query = arena_strndup(dialect->arena, tokens->text + from, (size_t) (tokens->items[end - 1].end - from));
    return NULL;
}
