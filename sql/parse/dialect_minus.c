/* SPDX-License-Identifier: Apache-2.0 */
/* SELECT ... MINUS SELECT ...: the word is no keyword of the grammar, so it is told by its neighbours. */
#include "sql/parse/dialect.h"

static bool may_end_query(const TokenList *tokens, int32_t index)
{
    int32_t kind = token_kind(tokens, index);
    return kind == PG_QUERY__TOKEN__IDENT || kind == PG_QUERY__TOKEN__ICONST || kind == PG_QUERY__TOKEN__FCONST ||
           kind == PG_QUERY__TOKEN__SCONST || kind == PG_QUERY__TOKEN__END_P || kind == PG_QUERY__TOKEN__NULL_P ||
           kind == PG_QUERY__TOKEN__TRUE_P || kind == PG_QUERY__TOKEN__FALSE_P || token_is_char(tokens, index, ')') ||
           token_is_char(tokens, index, '*');
}

static bool begins_query(const TokenList *tokens, int32_t index)
{
    if (token_is(tokens, index, "all") || token_is(tokens, index, "distinct"))
        index++;
    while (token_is_char(tokens, index, '('))
        index++;
    return token_is(tokens, index, "select");
}

Error *dialect_minus(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 1; i < tokens->count; i++)
        if (token_is(tokens, i, "minus") && may_end_query(tokens, i - 1) && begins_query(tokens, i + 1))
            edit_replace(&dialect->edits, tokens->items[i].start, tokens->items[i].end, "EXCEPT ",
                         tokens->items[i].start);
    return NULL;
}
