/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements, of PREPARE and of the protocol's Parse: see portal.h.  Each run binds and plans the kept parse tree
 * anew, with the values of its parameters as constants.  Those are no part of generated code, so the code is found in
 * the cache.
 */
#include "src/leader/portal.h"

#include <string.h>

#define PREPARED_MAX 1000 /* of a session */

/* --- names ----------------------------------------------------------------------------- */
void prepared_release(Prepared *prepared)
{
    if (--prepared->references == 0)
        arena_free(prepared->arena);
}

/* The place that points at it; at NULL if there is none. */
static Prepared **prepared_at(Session *session, const char *name, int32_t *count)
{
    Prepared **at = &session->prepared;
    for (*count = 0; *at != NULL && strcmp((*at)->name, name) != 0; ++*count)
        at = &(*at)->next;
    return at;
}

Error *prepared_find(Session *session, const char *name, Prepared **out)
{
    int32_t count;
    *out = *prepared_at(session, name, &count);
    if (*out != NULL)
        return NULL;
    if (name[0] == 0)
        return error_new(SQLSTATE_INVALID_STATEMENT_NAME, "unnamed prepared statement does not exist");
    return error_new(SQLSTATE_INVALID_STATEMENT_NAME, "prepared statement \"%s\" does not exist", name);
}

void prepared_drop(Session *session, const char *name)
{
    int32_t count;
    Prepared **at = prepared_at(session, name, &count);
    Prepared *gone = *at;
    if (gone == NULL)
        return;
    *at = gone->next;
    prepared_release(gone);
}

void prepare_forget_all(Session *session)
{
    while (session->prepared != NULL)
        prepared_drop(session, session->prepared->name);
}

/* --- making one ------------------------------------------------------------------------ */
/* What of a statement may have parameters; NULL: nothing. */
static const ParseStatement *query_of(const ParseStatement *parse)
{
    switch (parse->kind)
    {
    case STATEMENT_DELETE:
    case STATEMENT_INSERT:
    case STATEMENT_MERGE:
    case STATEMENT_SELECT:
    case STATEMENT_UPDATE:
        return parse;
    case STATEMENT_DECLARE:
        return parse->cursor->statement;
    case STATEMENT_EXPLAIN:
        return query_of(parse->explain->statement);
    default:
        return NULL;
    }
}

static Error *parse_one(Prepared *made, const PrepareRequest *request)
{
    ParseList *list;
    TRY(parse_statements(made->arena, request->text, &list));
    if (list->count > 1)
        return error_new(SQLSTATE_SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement");
    if (list->count == 1)
        made->parse = request->inner ? list->statements[0].prepare->statement : &list->statements[0];
    return NULL;
}

static Error *bind_one(Statement *statement, Prepared *made, const PrepareRequest *request)
{
    Session *session = statement->session;
    BindPrepared known = {.param_count = request->declared_count, .params = request->declared};
    const ParseStatement *query = made->parse == NULL ? NULL : query_of(made->parse);
    BindContext context;
    session_bind_context(session, statement, &context);
    if (query != NULL)
        TRY(bind_prepare(statement->arena, catalog_txn_snapshot(session_txn(session)), &context, query, request->declared,
                         request->declared_count, &known));
    made->param_count = known.param_count;
    made->params = arena_memdup(made->arena, known.params, sizeof *known.params * (size_t) known.param_count);
    uint32_t *oids = ARENA_ARRAY(made->arena, uint32_t, known.param_count);
    for (int32_t i = 0; i < known.param_count; i++)
    {
        bool said = request->oids != NULL && i < request->declared_count && request->declared[i].type.id != TYPE_UNKNOWN;
        oids[i] = said ? request->oids[i] : type_oid(known.params[i].type);
    }
    made->oids = oids;
    WireColumn *columns = ARENA_ARRAY(made->arena, WireColumn, known.column_count);
    for (int32_t i = 0; i < known.column_count; i++)
        columns[i] = (WireColumn){.name = arena_strdup(made->arena, known.columns[i].name), .type = known.columns[i].type};
    made->column_count = known.column_count;
    made->columns = columns;
    return NULL;
}

Error *prepared_make(Statement *statement, const PrepareRequest *request)
{
    Session *session = statement->session;
    int32_t count;
    if (request->name[0] == 0)
        prepared_drop(session, request->name);
    if (*prepared_at(session, request->name, &count) != NULL)
        return error_new(SQLSTATE_DUPLICATE_PREPARED_STATEMENT, "prepared statement \"%s\" already exists", request->name);
    if (count >= PREPARED_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a session may prepare %d statements", PREPARED_MAX);
    Arena *arena = arena_new("prepared statement");
    Prepared *made = ARENA_NEW(arena, Prepared);
    *made = (Prepared){.arena = arena, .name = arena_strdup(arena, request->name), .references = 1};
    Error *error = parse_one(made, request);
    if (error == NULL && made->parse != NULL)
        error = statement_allowed(session, made->parse);
    bool ends = session->status == SESSION_FAILED; /* nothing but COMMIT and ROLLBACK comes here then */
    if (error == NULL && !ends)
        error = bind_one(statement, made, request);
    if (error != NULL)
    {
        prepared_release(made);
        return error;
    }
    made->next = session->prepared;
    session->prepared = made;
    return NULL;
}

int32_t prepared_columns(Session *session, Arena *arena, const Prepared *prepared, const WireColumn **columns)
{
    const ParseStatement *parse = prepared->parse;
    int32_t count;
    const Prepared *other;
    const Portal *portal;
    WireColumn *made = ARENA_ARRAY(arena, WireColumn, SHOW_COLUMNS_MAX);
    *columns = made;
    if (parse == NULL)
        return 0;
    switch (parse->kind)
    {
    case STATEMENT_SELECT:
        *columns = prepared->columns;
        return prepared->column_count;
    case STATEMENT_EXPLAIN:
        made[0] = explain_column();
        return 1;
    case STATEMENT_ANALYZE_COMPRESSION:
        *columns = made = ARENA_ARRAY(arena, WireColumn, COMPRESSION_COLUMNS);
        return compression_columns(made);
    case STATEMENT_SHOW:
        return show_columns(parse->set, made);
    case STATEMENT_EXECUTE:
        other = *prepared_at(session, parse->prepare->name, &count);
        if (other == NULL || other->parse == NULL || other->parse->kind != STATEMENT_SELECT)
            return 0;
        *columns = other->columns;
        return other->column_count;
    case STATEMENT_FETCH:
        for (portal = session->portals; portal != NULL; portal = portal->next)
            if (!parse->cursor->moves && strcmp(portal->name, parse->cursor->name) == 0 && portal->rows != NULL)
            {
                *columns = kept_rows_columns(portal->rows, &count);
                return count;
            }
        return 0;
    default:
        return 0;
    }
}

/* --- SQL ------------------------------------------------------------------------------- */
Error *prepare_make(Statement *statement)
{
    Session *session = statement->session;
    const PrepareStatement *prepare = statement->parse->prepare;
    PrepareRequest request = {.name = prepare->name, .text = statement->parse->text, .inner = true};
    BindContext context;
    BindParam *declared;
    if (query_of(prepare->statement) != prepare->statement)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "PREPARE of this kind of statement is not supported yet");
    session_bind_context(session, statement, &context);
    TRY(bind_prepare_types(statement->arena, catalog_txn_snapshot(session_txn(session)), &context, statement->parse,
                           &declared, &request.declared_count));
    request.declared = declared;
    Error *error = prepared_make(statement, &request);
    if (error != NULL && error->position > 0) /* in this statement's text */
        error->position += statement->parse->position - 1;
    return error;
}

Error *prepare_execute(Statement *statement, const ParseStatement *execute)
{
    Session *session = statement->session;
    Prepared *prepared;
    BindContext context;
    TRY(prepared_find(session, execute->prepare->name, &prepared));
    if (prepared->parse == NULL || query_of(prepared->parse) != prepared->parse)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "EXECUTE of this kind of statement is not supported yet");
    BindParam *params = arena_memdup(statement->arena, prepared->params, sizeof *params * (size_t) prepared->param_count);
    session_bind_context(session, statement, &context);
    TRY(bind_execute(statement->arena, catalog_txn_snapshot(session_txn(session)), &context, execute, params,
                     prepared->param_count));
    statement->param_count = prepared->param_count;
    statement->params = params;
    statement->query = prepared->parse;
    Error *error = conduct_query(statement);
    if (error != NULL)
        error->position = 0; /* it would point into the PREPARE */
    return error;
}

Error *prepare_forget(Statement *statement)
{
    Session *session = statement->session;
    const char *name = statement->parse->prepare->name;
    Prepared *gone;
    if (name == NULL)
    {
        prepare_forget_all(session);
        return NULL;
    }
    TRY(prepared_find(session, name, &gone));
    prepared_drop(session, name);
    return NULL;
}
