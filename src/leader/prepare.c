/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PREPARE keeps a statement's text.  EXECUTE parses it again and runs it with its arguments in the place of $1, $2...:
 * they are constants of the query, which are no part of generated code, so the code is found in the cache.
 */
#include "src/leader/session.h"

#include <stdlib.h>
#include <string.h>

#define PREPARED_MAX 1000 /* of a session */

typedef struct Prepared
{
    char *name; /* owned */
    char *text; /* owned: the PREPARE */
    int32_t param_count;
    BindParam *params; /* owned: their types */
    struct Prepared *next;
} Prepared;

static void prepared_free(Prepared *prepared)
{
    free(prepared->name);
    free(prepared->text);
    free(prepared->params);
    free(prepared);
}

/* A copy of all; NULL: no memory. */
static Prepared *prepared_new(const char *name, const char *text, const BindParam *params, int32_t param_count)
{
    Prepared *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->name = strdup(name);
    made->text = strdup(text);
    made->param_count = param_count;
    made->params = malloc(sizeof *params * (size_t) (param_count + 1));
    if (made->name == NULL || made->text == NULL || made->params == NULL)
    {
        prepared_free(made);
        return NULL;
    }
    if (param_count > 0)
        memcpy(made->params, params, sizeof *params * (size_t) param_count);
    return made;
}

/* The place that points at it; at NULL if there is none. */
static Prepared **prepared_find(Session *session, const char *name, int32_t *count)
{
    Prepared **at = &session->prepared;
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
    return error_new(SQLSTATE_INVALID_STATEMENT_NAME, "prepared statement \"%s\" does not exist", name);
}

Error *prepare_make(Statement *statement)
{
    Session *session = statement->session;
    const PrepareStatement *prepare = statement->parse->prepare;
    int32_t count;
    Prepared **at = prepared_find(session, prepare->name, &count);
    switch (prepare->statement->kind)
    {
    case STATEMENT_DELETE:
    case STATEMENT_INSERT:
    case STATEMENT_MERGE:
    case STATEMENT_SELECT:
    case STATEMENT_UPDATE:
        break;
    default:
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "PREPARE of this kind of statement is not supported yet");
    }
    if (*at != NULL)
        return error_new(SQLSTATE_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists", prepare->name);
    if (count >= PREPARED_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a session may prepare %d statements", PREPARED_MAX);
    BindContext context;
    BindParam *params;
    session_bind_context(session, statement, &context);
    TRY(bind_prepare(statement->arena, catalog_txn_snapshot(session_txn(session)), &context, statement->parse, &params,
                     &count));
    *at = prepared_new(prepare->name, statement->parse->text, params, count);
    return *at == NULL ? error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory") : NULL;
}

Error *prepare_execute(Statement *statement, const ParseStatement *execute)
{
    Session *session = statement->session;
    int32_t count;
    const char *name = execute->prepare->name;
    const Prepared *prepared = *prepared_find(session, name, &count);
    if (prepared == NULL)
        return no_such(name);
    ParseList *list;
    BindContext context;
    TRY(parse_statements(statement->arena, prepared->text, &list));
    const ParseStatement *prepare = &list->statements[0];
    BindParam *params = arena_memdup(statement->arena, prepared->params, sizeof *params * (size_t) prepared->param_count);
    session_bind_context(session, statement, &context);
    TRY(bind_execute(statement->arena, catalog_txn_snapshot(session_txn(session)), &context, prepare, execute, params,
                     prepared->param_count));
    statement->param_count = prepared->param_count;
    statement->params = params;
    statement->query = prepare->prepare->statement;
    Error *error = conduct_query(statement);
    if (error != NULL)
        error->position = 0; /* it would point into the PREPARE */
    return error;
}

void prepare_forget_all(Session *session)
{
    for (Prepared *at = session->prepared, *next; at != NULL; at = next)
    {
        next = at->next;
        prepared_free(at);
    }
    session->prepared = NULL;
}

Error *prepare_forget(Statement *statement)
{
    Session *session = statement->session;
    int32_t count;
    const char *name = statement->parse->prepare->name;
    if (name == NULL)
    {
        prepare_forget_all(session);
        return NULL;
    }
    Prepared **at = prepared_find(session, name, &count);
    if (*at == NULL)
        return no_such(name);
    Prepared *gone = *at;
    *at = gone->next;
    prepared_free(gone);
    return NULL;
}
