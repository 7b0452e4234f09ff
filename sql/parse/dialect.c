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

bool dialect_take(Dialect *dialect, const char *word)
{
    bool there = token_is(&dialect->tokens, dialect->at, word);
    dialect->at += there;
    return there;
}

bool dialect_take_char(Dialect *dialect, char c)
{
    bool there = token_is_char(&dialect->tokens, dialect->at, c);
    dialect->at += there;
    return there;
}

Error *dialect_need(Dialect *dialect, const char *word)
{
    return dialect_take(dialect, word) ? NULL : dialect_syntax_error(dialect, dialect->at);
}

Error *dialect_need_end(const Dialect *dialect)
{
    return dialect->at == dialect->tokens.count ? NULL : dialect_syntax_error(dialect, dialect->at);
}

Error *dialect_read_name(Dialect *dialect, ParseName *name)
{
    if (!token_is_name(&dialect->tokens, dialect->at))
        return dialect_syntax_error(dialect, dialect->at);
    *name = (ParseName){.name = token_name(dialect->arena, &dialect->tokens, dialect->at),
                        .position = dialect_position(dialect, dialect->at)};
    dialect->at++;
    return NULL;
}

Error *dialect_read_relation(Dialect *dialect, ParseName *name)
{
    TRY(dialect_read_name(dialect, name));
    for (int parts = 1; dialect_take_char(dialect, '.'); parts++)
    {
        ParseName next;
        if (parts == 3)
            return dialect_syntax_error(dialect, dialect->at);
        TRY(dialect_read_name(dialect, &next));
        name->schema = name->name;
        name->name = next.name;
    }
    return NULL;
}

Error *dialect_read_string(Dialect *dialect, char **string)
{
    if (!token_is_string(&dialect->tokens, dialect->at))
        return dialect_syntax_error(dialect, dialect->at);
    *string = token_string(dialect->arena, &dialect->tokens, dialect->at++);
    return NULL;
}

Error *dialect_names_room(int32_t count)
{
    return count < DIALECT_NAMES_MAX
               ? NULL
               : error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d names", DIALECT_NAMES_MAX);
}
