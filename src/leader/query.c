/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query string and its transaction.
 *
 *     "insert...; insert..."         one implicit transaction, committed before the last CommandComplete
 *     BEGIN ... COMMIT               a block, over as many strings as it takes
 *     an error in a block            everything but COMMIT and ROLLBACK is 25P02 until then
 */
#include "config.h"

#include "base/core/assert.h"
#include "base/core/fault.h"
#include "base/core/trace.h"
#include "src/leader/lock.h"
#include "src/leader/merge.h"
#include "src/leader/portal.h"
#include "src/leader/record.h"
#include "src/leader/server.h"

#include <string.h>

/* What version() says: programs that speak to Redshift look for its name and number; 1.0.0 promises none of its features. */
#define VERSION_TEXT                                                                                                   \
    "PostgreSQL 8.0.2 on x86_64-pc-linux-gnu, compiled by GCC gcc (GCC) " __VERSION__ ", Redshift 1.0.0, Stoa " PACKAGE_VERSION

bool session_is_serializable(const Session *session)
{
    return session->settings != NULL && strcmp(setting_get(session->settings, "transaction_isolation"), "serializable") == 0;
}

CatalogTxn *session_txn(Session *session)
{
    if (session->txn == NULL)
        session->txn = catalog_begin(session->leader->catalog);
    if (!catalog_txn_changed(session->txn) && session_is_serializable(session))
        catalog_txn_serializable(session->txn);
    if (session->status == SESSION_BLOCK)
        catalog_txn_goes_on(session->txn);
    return session->txn;
}

/* After waiting for somebody's commit a transaction that has seen nothing yet begins anew, so that it sees that. */
static bool txn_renewed(Statement *statement, bool waited)
{
    Session *session = statement->session;
    if (!waited || !statement->first || session->txn == NULL || catalog_txn_changed(session->txn))
        return false;
    catalog_rollback(session->txn);
    session->txn = NULL;
    return true;
}

/* Who takes rows away does so of those that are there now: they may have been moved before there was anything to wait for. */
static bool txn_caught_up(Statement *statement, int64_t table)
{
    CatalogTxn *txn = statement->session->txn;
    if (txn == NULL || !catalog_txn_is_behind(txn, table))
        return false;
    return txn_renewed(statement, true) || catalog_txn_follow(txn, table);
}

Error *session_lock(Statement *statement, int64_t table, LockMode mode, bool *renewed)
{
    bool waited = false;
    int64_t start = clock_us();
    TRY(lock_take(statement->session, table, mode, &waited));
    if (waited)
        record_waited(statement->session, clock_us() - start);
    *renewed = txn_renewed(statement, waited) || (mode >= LOCK_CHANGE && txn_caught_up(statement, table)) || *renewed;
    return NULL;
}

static Error *commit_may_begin(const Session *session)
{
    TRY(fault_pass(FAULT_commit_before));
    TRY(lease_check(session->leader->lease));
    return fault_pass(FAULT_commit_checked);
}

/* The commit point.  The lease is looked at last, for a job that has lost its warehouse must not write; and once more before
 * anybody hears of it, for it may have been lost in between (fence.h). */
static Error *commit_checked(Session *session, CatalogTxn *txn)
{
    bool changed = catalog_txn_changed(txn);
    Error *error = changed ? commit_may_begin(session) : NULL;
    if (error != NULL)
    {
        catalog_rollback(txn);
        return error;
    }
    TRY(catalog_commit(txn));
    if (changed)
        TRY(lease_check(session->leader->lease));
    return changed ? fault_pass(FAULT_commit_after) : NULL;
}

/* What waited for it may go on. */
static void transaction_left(Session *session)
{
    locks_release(session);
    if (!session->background)
        merger_wake(session->leader);
}

Error *session_commit(Session *session)
{
    CatalogTxn *txn = session->txn;
    bool changed = txn != NULL && catalog_txn_changed(txn);
    int64_t start = session_clock();
    session->txn = NULL;
    session->transaction_seen = false;
    Error *error = txn == NULL ? NULL : commit_checked(session, txn);
    portals_end(session, error == NULL);
    record_transaction_end(session, changed, error == NULL, start);
    settings_end_transaction(session->settings, error == NULL);
    session->transaction_time = 0;
    transaction_left(session);
    if (txn != NULL)
        dead_segments_remove(session->leader);
    return error;
}

void session_rollback(Session *session)
{
    CatalogTxn *txn = session->txn;
    bool changed = txn != NULL && catalog_txn_changed(txn);
    portals_end(session, false);
    session->txn = NULL;
    session->transaction_seen = false;
    record_transaction_end(session, changed, false, 0);
    if (session->settings != NULL)
        settings_end_transaction(session->settings, false);
    session->transaction_time = 0;
    if (txn != NULL)
        catalog_rollback(txn);
    transaction_left(session);
    if (changed)
        dead_segments_remove(session->leader);
}

Error *session_check(const Session *session)
{
    if (atomic_load(&session->leader->stopping))
        return error_new(SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    if (atomic_load(&session->timed_out))
        return error_new(SQLSTATE_QUERY_CANCELED, "canceling statement due to statement timeout");
    if (atomic_load(&session->cancelled))
        return error_new(SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    return NULL;
}

static const char *setting_of(void *session, const char *name)
{
    return setting_get(((Session *) session)->settings, name);
}

void session_search_path(Session *session, Arena *arena, BindContext *context)
{
    const char *value = setting_get(session->settings, "search_path");
    char *rest = arena_strdup(arena, value), *name;
    const char **path = ARENA_ARRAY(arena, const char *, strlen(value) + 2);
    while ((name = strsep(&rest, ",")) != NULL)
    {
        name += strspn(name, " \"'");
        name[strcspn(name, " \"'")] = 0;
        path[context->search_path_count++] = strcmp(name, "$user") == 0 ? session->user : parse_fold_name(arena, name);
    }
    context->search_path = path;
}

void session_bind_context(Session *session, const Statement *statement, BindContext *context)
{
    const CatalogPrincipal *user = session_principal(session);
    *context = (BindContext){.database = session->database,
                             .user = user == NULL ? session->user : user->name,
                             .user_id = (int32_t) session->user_id,
                             .acts_as = statement->acts_as != 0 ? statement->acts_as : session->user_id,
                             .version = VERSION_TEXT,
                             .transaction_time = session->transaction_time,
                             .statement_time = statement->time,
                             .backend_pid = (int32_t) session->process,
                             .last_copy_count = session->last_copy_rows,
                             .last_copy_id = (int32_t) session->last_copy_query,
                             .last_query_id = (int32_t) session->last_query,
                             .setting = setting_of,
                             .session = session,
                             .temp_schema = session->temp_schema,
                             .param_count = statement->param_count,
                             .params = statement->params};
    session_search_path(session, statement->arena, context);
}

/* An engine that was cancelled says 57014; who cancelled it is known here. */
static Error *error_named(Session *session, Error *error)
{
    if (error->state != SQLSTATE_QUERY_CANCELED)
        return error;
    Error *reason = session_check(session);
    if (reason == NULL)
        return error;
    error_free(error);
    return reason;
}

void query_failed(Session *session, Error *error)
{
    session_rollback(session);
    if (session->status == SESSION_BLOCK)
        session->status = SESSION_FAILED;
    error = error_named(session, error);
    record_end(session, error);
    if (error->state == SQLSTATE_CONNECTION_FAILURE && session->closing)
    {
        error_free(error);
        return;
    }
    if (error->state == SQLSTATE_INTERNAL_ERROR || error->state == SQLSTATE_DATA_CORRUPTED)
    {
        trace(TRACE_ERROR, "%s%s%s", error->message, error->detail != NULL ? ": " : "",
              error->detail != NULL ? error->detail : "");
        record_fault(session, error);
    }
    bool fatal = error->state == SQLSTATE_ADMIN_SHUTDOWN;
    wire_report(&session->wire, fatal ? WIRE_FATAL : WIRE_ERROR, error);
    session->closing = session->closing || fatal;
    error_free(error);
}

static void deadline_set(Session *session)
{
    int64_t timeout_ms = setting_number(session->settings, "statement_timeout");
    atomic_store(&session->deadline_us, timeout_ms > 0 ? clock_us() + timeout_ms * 1000 : 0);
    if (timeout_ms > 0)
        server_wake(session->leader);
}

/* A statement, or a message about one, begins. */
static Error *step_begin(Session *session, Statement *statement)
{
    statement->session = statement->result.session = session;
    statement->time = session_clock();
    statement->first = !session->transaction_seen;
    if (session->transaction_time == 0)
    {
        session->transaction_time = statement->time;
        session->transaction = history_next(session->leader->history, HISTORY_TRANSACTION);
        TRY(setting_begin_transaction(session->settings));
    }
    ValueSession values;
    settings_values(session->settings, session->transaction_time, &values);
    value_session_set(&values);
    if (session->txn != NULL)
        catalog_txn_forget_past(session->txn);
    TRY(session_check(session));
    deadline_set(session);
    return NULL;
}

/* A statement has run in it, and another may come. */
static void transaction_seen(Session *session)
{
    session->transaction_seen = session->txn != NULL;
    if (session->txn != NULL)
        catalog_txn_goes_on(session->txn);
}

/* Does it say how the transaction is to be, and ask for nothing? */
static bool only_says_how(const ParseStatement *parse)
{
    return parse->kind == STATEMENT_BEGIN || parse->kind == STATEMENT_SET;
}

/* One statement; the last one of a string outside a block commits before it is called complete. */
static Error *statement_step(Session *session, Arena *arena, const ParseStatement *parse, bool last)
{
    Statement statement = {.arena = arena, .parse = parse, .result = {.describe = true}};
    TRY(step_begin(session, &statement));
    if (!last && !only_says_how(parse))
        catalog_txn_goes_on(session_txn(session));
    TRY(statement_run(&statement));
    transaction_seen(session);
    if (last && session->status == SESSION_IDLE)
        TRY(session_commit(session));
    record_end(session, NULL);
    if (statement.tag[0] != 0)
        wire_complete(&session->wire, statement.tag);
    return wire_relieve(&session->wire);
}

static Error *statements_run(Session *session, Arena *arena, const char *text)
{
    ParseList *list;
    TRY(parse_statements(arena, text, &list));
    if (list->count == 0)
        wire_bare(&session->wire, 'I');
    for (int32_t i = 0; i < list->count; i++)
    {
        Arena *own = arena_new("statement");
        Error *error = statement_step(session, own, &list->statements[i], i == list->count - 1);
        arena_free(own);
        TRY(error);
    }
    return NULL;
}

/* What was asked of an earlier query is not asked of this one. */
static void query_begin(Session *session)
{
    atomic_store(&session->cancelled, false);
    atomic_store(&session->timed_out, false);
}

/* ReadyForQuery. */
static void query_end(Session *session)
{
    ASSERT(session->closing || session->status != SESSION_IDLE || session->txn == NULL);
    if (!session->closing)
        wire_ready(&session->wire, (char) session->status);
    Error *error = wire_flush(&session->wire);
    session->closing = session->closing || error != NULL;
    error_free(error);
}

void query_run(Session *session, const char *text)
{
    query_begin(session);
    prepared_drop(session, "");
    Arena *arena = arena_new("query string");
    Error *error = statements_run(session, arena, text);
    atomic_store(&session->deadline_us, 0);
    if (error != NULL)
        query_failed(session, error);
    arena_free(arena);
    query_end(session);
}

/* --- the extended protocol ---------------------------------------------------------------- */
static Error *message_step(Session *session, Arena *arena, uint8_t type, WireReader *payload)
{
    Statement statement = {.arena = arena};
    TRY(step_begin(session, &statement));
    TRY(extended_run(&statement, type, payload));
    if (type == 'E')
        transaction_seen(session);
    record_end(session, NULL);
    Error *error = wire_relieve(&session->wire);
    session->closing = session->closing || error != NULL;
    return error;
}

void query_message(Session *session, uint8_t type, WireReader *payload)
{
    if (!session->extended)
        query_begin(session);
    session->extended = true;
    Arena *arena = arena_new("message");
    Error *error = message_step(session, arena, type, payload);
    atomic_store(&session->deadline_us, 0);
    arena_free(arena);
    session->skipping = error != NULL;
    if (error != NULL)
        query_failed(session, error);
}

void query_sync(Session *session)
{
    Error *error = NULL;
    session->extended = session->skipping = false;
    if (session->status == SESSION_IDLE)
        error = session_commit(session);
    if (error != NULL)
        query_failed(session, error);
    query_end(session);
}
