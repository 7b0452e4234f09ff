/* SPDX-License-Identifier: Apache-2.0 */
/* ANALYZE COMPRESSION [[schema.]table [(column, ...)]] [COMPROWS n]: Redshift's own, read as a whole. */
#include "sql/parse/dialect.h"

#include <errno.h>
#include <stdlib.h>

#define SAMPLE_ROWS_LEAST 1000
#define SAMPLE_ROWS_MOST  1000000000

static Error *read_columns(Dialect *dialect, CompressionStatement *out)
{
    out->columns = ARENA_ARRAY(dialect->arena, ParseName, DIALECT_NAMES_MAX);
    do
    {
        TRY(dialect_names_room(out->column_count));
        TRY(dialect_read_name(dialect, &out->columns[out->column_count++]));
    } while (dialect_take_char(dialect, ','));
    return dialect_take_char(dialect, ')') ? NULL : dialect_syntax_error(dialect, dialect->at);
}

static Error *read_rows(Dialect *dialect, CompressionStatement *out)
{
    int32_t position = dialect_position(dialect, dialect->at);
    if (!token_is_integer(&dialect->tokens, dialect->at))
        return dialect_syntax_error(dialect, dialect->at);
    errno = 0;
    out->sample_rows = strtoll(token_text(dialect->arena, &dialect->tokens, dialect->at), NULL, 10);
    dialect->at++;
    if (errno != 0 || out->sample_rows < SAMPLE_ROWS_LEAST || out->sample_rows > SAMPLE_ROWS_MOST)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "COMPROWS takes a number from %d to %d", SAMPLE_ROWS_LEAST,
                                  SAMPLE_ROWS_MOST),
                        position);
    if (out->table.name == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "COMPROWS needs a table"), position);
    return NULL;
}

Error *dialect_compression(Dialect *dialect, CompressionStatement **out)
{
    const TokenList *tokens = &dialect->tokens;
    *out = NULL;
    if (!token_is(tokens, 0, "analyze") || !token_is(tokens, 1, "compression"))
        return NULL;
    CompressionStatement *compression = ARENA_NEW(dialect->arena, CompressionStatement);
    dialect->at = 2;
    if (dialect->at < tokens->count && !token_is(tokens, dialect->at, "comprows"))
        TRY(dialect_read_relation(dialect, &compression->table));
    if (compression->table.name != NULL && dialect_take_char(dialect, '('))
        TRY(read_columns(dialect, compression));
    if (dialect_take(dialect, "comprows"))
        TRY(read_rows(dialect, compression));
    TRY(dialect_need_end(dialect));
    *out = compression;
    return NULL;
}
