/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VACUUM [FULL | SORT ONLY | DELETE ONLY | REINDEX | RECLUSTER] [table] [TO n PERCENT] [BOOST]: the grammar is left
 * VACUUM [table], for every kind does the whole.
 */
#include "sql/parse/dialect.h"

#include <stdlib.h>

#define PERCENT_MAX 100

/* Where the words of the kind end. */
static int32_t kind_end(const TokenList *tokens)
{
    if (token_is(tokens, 1, "full") || token_is(tokens, 1, "reindex") || token_is(tokens, 1, "recluster"))
        return 2;
    return (token_is(tokens, 1, "sort") || token_is(tokens, 1, "delete")) && token_is(tokens, 2, "only") ? 3 : 1;
}

Error *dialect_vacuum(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t end = tokens->count, begin = kind_end(tokens);
    if (!token_is(tokens, 0, "vacuum"))
        return NULL;
    if (end > begin && token_is(tokens, end - 1, "boost"))
        end--;
    if (end - begin >= 3 && token_is(tokens, end - 1, "percent") && token_is(tokens, end - 3, "to"))
    {
        if (!token_is_integer(tokens, end - 2) || strtol(token_text(dialect->arena, tokens, end - 2), NULL, 10) > PERCENT_MAX)
            return dialect_syntax_error(dialect, end - 2);
        end -= 3;
    }
    if (end < tokens->count)
        dialect_erase(dialect, end, tokens->count);
    if (begin > 1)
        dialect_erase(dialect, 1, begin);
    return NULL;
}
