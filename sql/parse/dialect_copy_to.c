/* SPDX-License-Identifier: Apache-2.0 */
/* COPY t (a, b) TO ... -> COPY (SELECT a, b FROM t) TO ...: what is copied out is always a query. */
#include "sql/parse/dialect.h"

bool dialect_copies_to(const Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t at = 1;
    while (at < tokens->count && !token_is(tokens, at, "from") && !token_is(tokens, at, "to"))
        at = token_is_char(tokens, at, '(') ? token_close(tokens, at) + 1 : at + 1;
    return token_is(tokens, 0, "copy") && token_is(tokens, at, "to");
}

/* "a, b"; "*" if nothing stands in brackets behind the table. */
static Error *columns_read(Dialect *dialect, Text *columns)
{
    ParseName name;
    int32_t from = dialect->at;
    if (!dialect_take_char(dialect, '('))
    {
        text_puts(columns, "*");
        return NULL;
    }
    do
    {
        if (columns->length > 0)
            text_puts(columns, ", ");
        int32_t at = dialect->at;
        TRY(dialect_read_name(dialect, &name));
        text_puts(columns, token_text(dialect->arena, &dialect->tokens, at));
    } while (dialect_take_char(dialect, ','));
    if (!dialect_take_char(dialect, ')'))
        return dialect_syntax_error(dialect, dialect->at);
    dialect_erase(dialect, from, dialect->at);
    return NULL;
}

Error *dialect_copy_to(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    if (!dialect_copies_to(dialect) || token_is_char(tokens, 1, '('))
        return NULL;
    ParseName table;
    Text columns;
    dialect->at = 1;
    TRY(dialect_read_relation(dialect, &table));
    int32_t behind = dialect->at;
    text_init(&columns, dialect->arena);
    TRY(columns_read(dialect, &columns));
    if (!token_is(tokens, dialect->at, "to"))
        return dialect_syntax_error(dialect, dialect->at);
    int32_t start = tokens->items[1].start, end = tokens->items[behind - 1].end;
    edit_replace(&dialect->edits, start, start, arena_printf(dialect->arena, "(SELECT %s FROM ", columns.data), start);
    edit_replace(&dialect->edits, end, end, ")", end);
    return NULL;
}
