/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/record.h"
#include "base/core/assert.h"
#include "base/core/trace.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 65535 /* of a statement, and of its plan */

struct Record
{
    StatementType type;
    bool masked;
    char *text, *label;
    char *plan; /* EXPLAIN's lines; NULL: none */
    int64_t start_time;
    int64_t transaction;
    _Atomic int64_t query; /* its number; 0: none yet */
    _Atomic bool on_nodes; /* compute nodes take part */
    bool compiled;
    int64_t lock_us, plan_us, queue_us, compile_us, run_us;
    int64_t rows;
};

/* --- a statement ------------------------------------------------------------------------- */
static void record_free(Record *record)
{
    if (record == NULL)
        return;
    free(record->text);
    free(record->label);
    free(record->plan);
    free(record);
}

static char *kept_text(const char *text)
{
    return strndup(text, (size_t) utf8_cut(text, (int64_t) strlen(text), TEXT_BYTES_MAX));
}

/* Publishes another record, or none; the one before is the caller's. */
static Record *record_swap(Session *session, Record *record)
{
    pthread_mutex_lock(&session->leader->lock);
    Record *before = session->record;
    session->record = record;
    pthread_mutex_unlock(&session->leader->lock);
    return before;
}

void record_begin(const Statement *statement)
{
    Session *session = statement->session;
    const ParseStatement *parse = statement->parse;
    Record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return;
    record->type = parse_statement_type(parse->kind);
    record->masked = parse_text_is_secret(parse);
    record->text = kept_text(record->masked ? parse_masked_text(statement->arena, parse->text) : parse->text);
    record->label = strdup(setting_get(session->settings, "query_group"));
    record->start_time = statement->time;
    record->transaction = session->transaction;
    record_end(session, NULL);
    record_free(record_swap(session, record));
}

void record_waited(Session *session, int64_t us)
{
    if (session->record != NULL)
        session->record->lock_us += us;
}

void record_planned(Session *session, bool leader_only, int64_t us)
{
    if (session->record == NULL)
        return;
    session->record->plan_us += us;
    atomic_store(&session->record->on_nodes, !leader_only);
}

void record_compiled(Session *session, bool made, int64_t us)
{
    if (session->record == NULL)
        return;
    session->record->compiled = made;
    session->record->compile_us += us;
}

void record_rows(Session *session, int64_t rows)
{
    if (session->record != NULL)
        session->record->rows = rows;
}

/* --- what it has done -------------------------------------------------------------------- */
/* How its rows travel; NULL: they do not. */
static const char *move_text(const SpecStore *sink)
{
    static const char *const texts[] = {[EXCHANGE_HASH] = "dist", [EXCHANGE_BCAST] = "bcast", [EXCHANGE_GATHER] = "return"};
    return sink->kind == STORE_EXCHANGE ? texts[sink->exchange] : NULL;
}

/* Redshift's word for what a pipeline ends in. */
static const char *sink_text(const SpecStore *sink)
{
    static const char *const texts[] = {
        [STORE_BUFFER] = "save", [STORE_HASH] = "hash",     [STORE_AGG] = "aggr",      [STORE_SORT] = "sort",
        [STORE_WINDOW] = "window", [STORE_EXCHANGE] = "send", [STORE_APPEND] = "insert", [STORE_RETURN] = "return",
    };
    return texts[sink->kind];
}

/* The table a pipeline scans or fills. */
static void table_keep(HistoryRow *row, const Spec *spec, const SpecPipeline *pipeline)
{
    if (pipeline->source == SOURCE_SCAN)
        history_int(row, spec->scans[pipeline->source_index].table_id);
    else if (spec->stores[pipeline->sink].kind == STORE_APPEND)
        history_int(row, spec->tables[0].table_id);
    else
        history_null(row);
}

static void step_keep(Session *session, const Spec *spec, const RunCounter *counter, int64_t now, const RunResult *result)
{
    const SpecPipeline *pipeline = &spec->pipelines[counter->pipeline];
    int64_t start = now - result->run_us + counter->start_us;
    HistoryRow *row = history_row("stoa_steps", now);
    history_int(row, session->user_id);
    history_int(row, session->last_query);
    history_int(row, counter->node);
    history_int(row, pipeline->stream);
    history_int(row, pipeline->segment);
    history_text(row, pipeline->label);
    history_int(row, counter->threads);
    table_keep(row, spec, pipeline);
    history_int(row, pipeline->source == SOURCE_SCAN);
    history_text(row, sink_text(&spec->stores[pipeline->sink]));
    history_text(row, move_text(&spec->stores[pipeline->sink]));
    history_int(row, start);
    history_int(row, start + counter->wall_us);
    history_int(row, counter->rows_in);
    history_int(row, counter->rows_out);
    history_int(row, counter->bytes);
    history_int(row, counter->buffers);
    history_int(row, counter->work_us);
    history_int(row, counter->blocks);
    history_int(row, counter->blocks_skipped);
    history_add(session->leader->history, row);
}

void record_started(Session *session)
{
    if (session->record != NULL)
        atomic_store(&session->record->query, session->last_query);
}

void record_ran(Session *session, const Spec *spec, const RunResult *result)
{
    Record *record = session->record;
    if (record == NULL)
        return;
    record->queue_us += result->queue_us;
    record->run_us += result->run_us;
    if (!atomic_load(&record->on_nodes))
        return;
    int64_t now = session_clock();
    for (int32_t i = 0; i < result->counter_count; i++)
        step_keep(session, spec, &result->counters[i], now, result);
}

void record_plan(Session *session, const Plan *plan)
{
    Record *record = session->record;
    Text text;
    if (record == NULL || record->masked || plan->leader_only)
        return;
    text_init(&text, NULL);
    plan_explain(&text, plan);
    free(record->plan);
    record->plan = kept_text(text.data);
    text_free(&text);
}

/* --- rows -------------------------------------------------------------------------------- */
static const char *type_text(StatementType type)
{
    static const char *const texts[] = {
        [STATEMENT_TYPE_SELECT] = "SELECT", [STATEMENT_TYPE_INSERT] = "INSERT", [STATEMENT_TYPE_UPDATE] = "UPDATE",
        [STATEMENT_TYPE_COPY] = "COPY",     [STATEMENT_TYPE_CTAS] = "CTAS",     [STATEMENT_TYPE_OTHER] = "OTHER",
        [STATEMENT_TYPE_DDL] = "DDL",       [STATEMENT_TYPE_UTILITY] = "UTILITY",
    };
    return texts[type];
}

static const char *status_text(const Error *error)
{
    if (error == NULL)
        return "success";
    return error->state == SQLSTATE_QUERY_CANCELED ? "canceled" : "failed";
}

/* end_time 0: it runs. */
static HistoryRow *row_make(const Session *session, const Record *record, int64_t end_time, const Error *error)
{
    int64_t query = atomic_load(&record->query);
    bool runs = end_time == 0;
    HistoryRow *row = history_row("stoa_statements", runs ? 0 : end_time);
    history_int(row, session->user_id);
    history_text(row, session->user);
    if (query == 0)
        history_null(row);
    else
        history_int(row, query);
    history_text(row, record->label);
    history_int(row, record->transaction);
    history_int(row, session->process);
    history_text(row, session->database);
    history_text(row, type_text(record->type));
    history_text(row, runs ? "running" : status_text(error));
    history_int(row, !atomic_load(&record->on_nodes));
    history_int(row, record->start_time);
    if (runs)
        history_null(row);
    else
        history_int(row, end_time);
    history_int(row, runs ? 0 : record->lock_us);
    history_int(row, runs ? 0 : record->plan_us);
    history_int(row, runs ? 0 : record->queue_us);
    history_int(row, runs ? 0 : record->compile_us);
    history_int(row, runs ? 0 : record->run_us);
    history_int(row, !runs && record->compiled);
    history_int(row, runs ? 0 : record->rows);
    history_text(row, error == NULL ? NULL : sqlstate_code(error->state));
    history_text(row, error == NULL || record->masked ? NULL : error->message);
    history_text(row, record->text);
    history_text(row, runs ? NULL : record->plan);
    return row;
}

HistoryRow *record_running(const Session *session)
{
    return session->record == NULL ? NULL : row_make(session, session->record, 0, NULL);
}

void record_end(Session *session, const Error *error)
{
    if (session->record == NULL)
        return;
    Record *record = record_swap(session, NULL);
    history_add(session->leader->history, row_make(session, record, session_clock(), error));
    record_free(record);
}

bool record_sees_all(const CatalogSnapshot *snapshot, const Session *session)
{
    const CatalogPrincipal *user = principal_find_id(snapshot->principals, session->user_id);
    return user != NULL && (user->superuser || user->syslog_unrestricted);
}
