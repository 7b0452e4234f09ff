/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/parse/unpack.h"

#include <string.h>

Error *unpack_error(const PgQueryError *error)
{
    const char *message = error->message != NULL ? error->message : "syntax error";
    SqlState state = SQLSTATE_SYNTAX_ERROR;
    if (strstr(message, "out of memory") != NULL)
        state = SQLSTATE_OUT_OF_MEMORY;
    else if (strstr(message, "memory exhausted") != NULL)
        state = SQLSTATE_STATEMENT_TOO_COMPLEX;
    else if (strncmp(message, "frame start", 11) == 0 || strncmp(message, "frame end", 9) == 0)
        state = SQLSTATE_WINDOWING_ERROR;
    else if (strstr(message, "not yet implemented") != NULL || strstr(message, "not supported") != NULL)
        state = SQLSTATE_FEATURE_NOT_SUPPORTED;
    return error_at(error_new(state, "%s", message), error->cursorpos);
}

static void *arena_take(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_keep(void *arena, void *memory)
{
    (void) arena;
    (void) memory;
}

ProtobufCAllocator unpack_allocator(Arena *arena)
{
    return (ProtobufCAllocator){arena_take, arena_keep, arena};
}
