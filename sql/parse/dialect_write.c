/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DELETE and MERGE as Redshift writes them:
 *
 *     DELETE t WHERE ...                     ->  DELETE FROM t WHERE ...
 *     MERGE INTO t USING s ON c              ->  ... WHEN MATCHED THEN DO NOTHING, and a mark
 *         REMOVE DUPLICATES
 */
#include "sql/parse/dialect.h"

/* Is the DELETE at `index` a statement, and not the end of WHEN MATCHED THEN, or ON DELETE? */
static bool begins_statement(const TokenList *tokens, int32_t index)
{
    return index == 0 || token_is_char(tokens, index - 1, ')') || token_is(tokens, index - 1, "explain") ||
           token_is(tokens, index - 1, "verbose") || token_is(tokens, index - 1, "analyze") ||
           token_is(tokens, index - 1, "as");
}

Error *dialect_write(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 0; i < tokens->count; i++)
        if (token_is(tokens, i, "delete") && begins_statement(tokens, i) && token_is_name(tokens, i + 1) &&
            !token_is(tokens, i + 1, "from"))
            edit_replace(&dialect->edits, tokens->items[i + 1].start, tokens->items[i + 1].start, "FROM ",
                         tokens->items[i + 1].start);
    int32_t last = tokens->count - 1;
    if (last < 2 || !token_is(tokens, last - 1, "remove") || !token_is(tokens, last, "duplicates"))
        return NULL;
    for (int32_t i = 0; i < last && !dialect->remove_duplicates; i++)
        dialect->remove_duplicates = token_is(tokens, i, "merge") && token_is(tokens, i + 1, "into");
    if (dialect->remove_duplicates)
        edit_replace(&dialect->edits, tokens->items[last - 1].start, tokens->items[last].end,
                     "WHEN MATCHED THEN DO NOTHING", tokens->items[last - 1].start);
    return NULL;
}
