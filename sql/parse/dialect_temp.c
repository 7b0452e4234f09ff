/* SPDX-License-Identifier: Apache-2.0 */
/* #name is a temporary table: "#name" to the grammar.  Behind a value, # is the operator it is elsewhere (a #b). */
#include "sql/parse/dialect.h"

#include <stdio.h>

static bool ends_value(const TokenList *tokens, int32_t index)
{
    int32_t kind = token_kind(tokens, index);
    return kind == PG_QUERY__TOKEN__IDENT || kind == PG_QUERY__TOKEN__ICONST || kind == PG_QUERY__TOKEN__FCONST ||
           kind == PG_QUERY__TOKEN__SCONST || kind == PG_QUERY__TOKEN__PARAM || token_is_char(tokens, index, ')') ||
           token_is_char(tokens, index, ']');
}

static bool is_hash(const TokenList *tokens, int32_t index)
{
    const Token *token = &tokens->items[index];
    return token->end - token->start == 1 && tokens->text[token->start] == '#';
}

Error *dialect_temp(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    for (int32_t i = 1; i + 1 < tokens->count; i++)
    {
        const Token *hash = &tokens->items[i], *name = &tokens->items[i + 1];
        if (!is_hash(tokens, i) || name->start != hash->end || ends_value(tokens, i - 1) || !token_is_name(tokens, i + 1) ||
            tokens->text[name->start] == '"')
            continue;
        edit_replace(&dialect->edits, hash->start, name->end,
                     arena_printf(dialect->arena, "\"#%s\"", token_name(dialect->arena, tokens, i + 1)), hash->start);
        i++;
    }
    return NULL;
}
