/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of statements for people other than those who wrote them:
 *
 *     create user u password 'Secret1' -- of Ann    ->    create user u password '***'
 */
#include "sql/parse/parse.h"
#include "sql/parse/token.h"

#include <string.h>

static bool is_literal(int32_t kind)
{
    return kind == PG_QUERY__TOKEN__SCONST || kind == PG_QUERY__TOKEN__USCONST || kind == PG_QUERY__TOKEN__BCONST ||
           kind == PG_QUERY__TOKEN__XCONST;
}

bool parse_text_is_secret(const ParseStatement *statement)
{
    static const char *const words[] = {"password", "credentials", "access_key", "secret", "token", "iam_role"};
    if (statement->kind == STATEMENT_PRINCIPAL || statement->kind == STATEMENT_UNSUPPORTED)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(statement->text, words[i]) != NULL)
            return true;
    return false;
}

char *parse_masked_text(Arena *arena, const char *text)
{
    TokenList tokens;
    Text masked;
    text_init(&masked, arena);
    Error *error = token_scan(arena, text, &tokens);
    if (error != NULL)
    {
        error_free(error);
        return arena_strdup(arena, "***");
    }
    for (int32_t i = 0; i < tokens.count; i++)
    {
        const Token *token = &tokens.items[i];
        if (i > 0 && token->start > tokens.items[i - 1].end) /* what stands between tokens is blanks and comments */
            text_putc(&masked, ' ');
        if (is_literal(token->kind))
            text_puts(&masked, "'***'");
        else
            text_append(&masked, text + token->start, (size_t) (token->end - token->start));
    }
    return masked.data;
}
