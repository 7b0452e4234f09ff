/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/parse/dialect.h"
#include "base/core/assert.h"

#include <stdio.h>

int32_t dialect_position(const Dialect *dialect, int32_t index)
{
    const TokenList *tokens = &dialect->tokens;
    if (tokens->count == 0)
        return 0;
    int32_t byte = index < tokens->count ? tokens->items[index].start : tokens->items[tokens->count - 1].end;
    return char_index_position(dialect->chars, byte);
}

Error *dialect_syntax_error(const Dialect *dialect, int32_t index)
{
    Error *error;
    if (index >= dialect->tokens.count)
        error = error_new(SQLSTATE_SYNTAX_ERROR, "syntax error at end of input");
    else
        error = error_new(SQLSTATE_SYNTAX_ERROR, "syntax error at or near \"%s\"",
                          token_text(dialect->arena, &dialect->tokens, index));
    return error_at(error, dialect_position(dialect, index));
}

void dialect_erase(Dialect *dialect, int32_t from, int32_t to)
{
    ASSERT(from < to && to <= dialect->tokens.count);
    edit_erase(&dialect->edits, dialect->tokens.items[from].start, dialect->tokens.items[to - 1].end);
}

void dialect_notice(Dialect *dialect, const char *format, ...)
{
    if (dialect->notice_count == DIALECT_NOTICES_MAX)
        return;
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    dialect->notices[dialect->notice_count++] = arena_strdup(dialect->arena, line);
}
