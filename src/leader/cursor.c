/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors.  DECLARE runs its query and keeps what the client will be sent, message by message:
 *
 *     T DDDDDDDDDDDD      FETCH 3: T DDD      FETCH ALL: T DDDDDDDDD
 *          ^ at
 *
 * They end with their transaction.
 */
#include "src/leader/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSORS_MAX      100                      /* of a session */
#define CURSOR_BYTES_MAX ((size_t) 1 << 30)       /* of a result */

typedef struct Cursor
{
    char *name;  /* owned */
    Wire result; /* its `out`: RowDescription, then a DataRow each */
    size_t rows; /* where the rows begin */
    size_t at;   /* the next row */
    struct Cursor *next;
} Cursor;

static void cursor_free(Cursor *cursor)
{
    wire_free(&cursor->result);
    free(cursor->name);
    free(cursor);
}

/* The place that points at it; at NULL if there is none. */
static Cursor **cursor_find(Session *session, const char *name, int32_t *count)
{
    Cursor **at = &session->cursors;
    *count = 0;
    while (*at != NULL && strcmp((*at)->name, name) != 0)
    {
        at = &(*at)->next;
        ++*count;
    }
    return at;
}

static Error *no_such(const char *name)
{
    return error_new(SQLSTATE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist", name);
}

Error *cursor_room(const Wire *rows)
{
    if (rows->out.length <= CURSOR_BYTES_MAX)
        return NULL;
    return error_new(SQLSTATE_OUT_OF_MEMORY, "the result of a cursor is larger than %zu bytes", CURSOR_BYTES_MAX);
}

static size_t message_end(const Cursor *cursor, size_t at)
{
    const uint8_t *length = (const uint8_t *) cursor->result.out.data + at + 1;
    return at + 1 + ((size_t) length[0] << 24 | (size_t) length[1] << 16 | (size_t) length[2] << 8 | length[3]);
}

static Error *cursor_fill(Statement *statement, Cursor *cursor)
{
    statement->query = statement->parse->cursor->statement;
    statement->rows = &cursor->result;
    TRY(conduct_query(statement));
    cursor->rows = cursor->at = message_end(cursor, 0);
    snprintf(statement->tag, sizeof statement->tag, "%s", statement->parse->tag);
    return NULL;
}

Error *cursor_declare(Statement *statement)
{
    Session *session = statement->session;
    const char *name = statement->parse->cursor->name;
    int32_t count;
    Cursor **at = cursor_find(session, name, &count);
    if (session->status != SESSION_BLOCK)
        return error_new(SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                         "DECLARE CURSOR can only be used in transaction blocks");
    if (*at != NULL)
        return error_new(SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
    if (count == CURSORS_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a session may have %d cursors", CURSORS_MAX);
    Cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL || (cursor->name = strdup(name)) == NULL)
    {
        free(cursor);
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    wire_init(&cursor->result, -1);
    Error *error = cursor_fill(statement, cursor);
    if (error != NULL)
        cursor_free(cursor);
    else
        *at = cursor;
    return error;
}

Error *cursor_fetch(Statement *statement)
{
    Session *session = statement->session;
    const CursorStatement *fetch = statement->parse->cursor;
    int32_t count;
    Cursor *cursor = *cursor_find(session, fetch->name, &count);
    if (cursor == NULL)
        return no_such(fetch->name);
    const char *messages = cursor->result.out.data;
    int64_t taken = 0;
    Error *error = wire_send(&session->wire, messages, cursor->rows);
    for (; error == NULL && taken < fetch->count && cursor->at < cursor->result.out.length; taken++)
    {
        size_t end = message_end(cursor, cursor->at);
        error = wire_send(&session->wire, messages + cursor->at, end - cursor->at);
        cursor->at = end;
    }
    session->closing = session->closing || error != NULL;
    TRY(error);
    snprintf(statement->tag, sizeof statement->tag, "FETCH %lld", (long long) taken);
    return NULL;
}

void cursor_close_all(Session *session)
{
    for (Cursor *at = session->cursors, *next; at != NULL; at = next)
    {
        next = at->next;
        cursor_free(at);
    }
    session->cursors = NULL;
}

Error *cursor_close(Statement *statement)
{
    Session *session = statement->session;
    const char *name = statement->parse->cursor->name;
    int32_t count;
    if (name == NULL)
    {
        cursor_close_all(session);
        snprintf(statement->tag, sizeof statement->tag, "CLOSE CURSOR ALL");
        return NULL;
    }
    Cursor **at = cursor_find(session, name, &count);
    if (*at == NULL)
        return no_such(name);
    Cursor *gone = *at;
    *at = gone->next;
    cursor_free(gone);
    return NULL;
}
