/* SPDX-License-Identifier: Apache-2.0 */
/* Which part of the leader carries out which kind of statement (sql/parse/statement.def). */
#include "src/leader/record.h"

#include <stdio.h>

static Error *begin(Statement *statement)
{
    Session *session = statement->session;
    if (session->status == SESSION_BLOCK)
        wire_notice(&session->wire, WIRE_WARNING, "there is already a transaction in progress");
    session->status = SESSION_BLOCK;
    return statement->parse->set == NULL ? NULL : utility_set(statement);
}

static Error *commit(Statement *statement)
{
    Session *session = statement->session;
    SessionStatus before = session->status;
    session->status = SESSION_IDLE;
    if (before == SESSION_FAILED)
    {
        session_rollback(session);
        snprintf(statement->tag, sizeof statement->tag, "ROLLBACK");
        return NULL;
    }
    if (before == SESSION_IDLE)
        wire_notice(&session->wire, WIRE_WARNING, "there is no transaction in progress");
    return session_commit(session);
}

static Error *rollback(Statement *statement)
{
    Session *session = statement->session;
    if (session->status == SESSION_IDLE)
        wire_notice(&session->wire, WIRE_WARNING, "there is no transaction in progress");
    session->status = SESSION_IDLE;
    session_rollback(session);
    return NULL;
}

/* --- transactions that only read --------------------------------------------------------- */

static bool is_on(const Session *session, const char *name)
{
    const char *value = setting_get(session->settings, name);
    return value != NULL && strcmp(value, "on") == 0;
}

Error *session_may_write(const Session *session, const CatalogTable *table, const char *what)
{
    bool temporary = table != NULL && strcmp(table->schema, session->temp_schema) == 0;
    if (temporary || !is_on(session, "transaction_read_only"))
        return NULL;
    return error_new(SQLSTATE_READ_ONLY_SQL_TRANSACTION, "cannot execute %s in a read-only transaction", what);
}

static bool defines(StatementKind kind)
{
    enum
    {
        ROWS = false,
        DEFINES = true
    };
    static const bool kinds[STATEMENT_COUNT] = {
#define STATEMENT(id, tag, kind, type) [STATEMENT_##id] = kind,
#include "sql/parse/statement.def"
#undef STATEMENT
    };
    return kinds[kind];
}

static Error *dispatch(Statement *statement)
{
    switch (statement->parse->kind)
    {
    case STATEMENT_ALTER_TABLE:
        return alter_table(statement);
    case STATEMENT_ANALYZE:
        return utility_analyze(statement);
    case STATEMENT_ANALYZE_COMPRESSION:
        return compression_run(statement);
    case STATEMENT_BEGIN:
        return begin(statement);
    case STATEMENT_COMMIT:
        return commit(statement);
    case STATEMENT_ROLLBACK:
        return rollback(statement);
    case STATEMENT_COMMENT:
        return comment_run(statement);
    case STATEMENT_CLOSE:
        return cursor_close(statement);
    case STATEMENT_DECLARE:
        return cursor_declare(statement);
    case STATEMENT_FETCH:
        return cursor_fetch(statement);
    case STATEMENT_LOCK:
        return utility_lock(statement);
    case STATEMENT_COPY:
        return copy_run(statement);
    case STATEMENT_COPY_TO:
        return copy_out_run(statement);
    case STATEMENT_CREATE_SCHEMA:
        return utility_create_schema(statement);
    case STATEMENT_CREATE_TABLE:
        return utility_create_table(statement);
    case STATEMENT_CREATE_TABLE_AS:
        return utility_create_table_as(statement);
    case STATEMENT_CREATE_VIEW:
        return object_create_view(statement);
    case STATEMENT_DROP_SCHEMA:
        return object_drop_schema(statement);
    case STATEMENT_DROP_TABLE:
        return object_drop_table(statement);
    case STATEMENT_DROP_VIEW:
        return object_drop_view(statement);
    case STATEMENT_PRINCIPAL:
        return principal_run(statement);
    case STATEMENT_GRANT:
        return grant_run(statement);
    case STATEMENT_PREPARE:
        return prepare_make(statement);
    case STATEMENT_EXECUTE:
        return prepare_execute(statement, statement->parse);
    case STATEMENT_DEALLOCATE:
        return prepare_forget(statement);
    case STATEMENT_SNAPSHOT:
        return snapshot_run(statement);
    case STATEMENT_TRUNCATE:
        return utility_truncate(statement);
    case STATEMENT_VACUUM:
        return utility_vacuum(statement);
    case STATEMENT_SET:
        return utility_set(statement);
    case STATEMENT_RESET:
        return utility_reset(statement);
    case STATEMENT_SHOW:
        return utility_show(statement);
    case STATEMENT_EXPLAIN:
        if (statement->parse->explain->statement->kind == STATEMENT_EXECUTE)
            return prepare_execute(statement, statement->parse->explain->statement);
        return conduct_query(statement);
    case STATEMENT_DELETE:
    case STATEMENT_INSERT:
    case STATEMENT_MERGE:
    case STATEMENT_SELECT:
    case STATEMENT_UPDATE:
        return conduct_query(statement);
    case STATEMENT_UNSUPPORTED:
    case STATEMENT_COUNT:
        break;
    }
    Error *refusal = parse_refusal(statement->parse);
    return refusal != NULL ? refusal : error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "this statement is not supported");
}

Error *statement_allowed(const Session *session, const ParseStatement *parse)
{
    if (session->status != SESSION_FAILED || parse->kind == STATEMENT_COMMIT || parse->kind == STATEMENT_ROLLBACK)
        return NULL;
    return error_new(SQLSTATE_IN_FAILED_SQL_TRANSACTION,
                     "current transaction is aborted, commands ignored until end of transaction block");
}

Error *statement_run(Statement *statement)
{
    Session *session = statement->session;
    const ParseStatement *parse = statement->parse;
    record_begin(statement);
    TRY(statement_allowed(session, parse));
    snprintf(statement->tag, sizeof statement->tag, "%s", parse->tag);
    for (int32_t i = 0; i < parse->notice_count; i++)
        wire_notice(&session->wire, WIRE_NOTICE, "%s", parse->notices[i]);
    if (defines(parse->kind))
        TRY(session_may_write(session, NULL, parse->tag));
    return dispatch(statement);
}
