/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole life of a query:
 *
 *     ParseStatement -> bind_statement -> rel_build, rel_rewrite -> plan_make -> codegen_make -> code_cache_get
 *         -> engine_run -> rows to the client as they come, files to the transaction
 */
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "sql/rel/rel.h"
#include "src/codegen/codegen.h"
#include "src/leader/record.h"
#include "src/leader/recurse.h"
#include "src/leader/session.h"
#include "src/leader/write.h"
#include "src/plan/plan.h"

#include <stdio.h>
#include <string.h>

typedef struct Conduct
{
    Statement *statement;
    Session *session;
    Arena *arena;
    const ParseStatement *parse; /* of the query itself, also below EXPLAIN */
    const CatalogSnapshot *snapshot;
    BoundStatement *bound;
    Plan *plan;
    CodeUnit *unit;
    RunResult result;
    int64_t rows; /* given or changed */
} Conduct;

/* SET stoa.show = 'bound, rel, plan': stages as notices, for people who work on Stoa. */
static bool shown(const Conduct *conduct, const char *stage)
{
    const char *stages = setting_get(conduct->session->settings, "stoa.show");
    return stages != NULL && strstr(stages, stage) != NULL;
}

static void show(const Conduct *conduct, const char *stage, const Text *text)
{
    Text message;
    text_init(&message, conduct->arena);
    text_printf(&message, "%s:\n", stage);
    text_append(&message, text->data, text->length);
    Error notice = {.message = message.data};
    wire_report(&conduct->session->wire, WIRE_NOTICE, &notice);
}

/* Under a guard: a fault of ours in one statement's plan is not the end of everybody's session. */
static Error *query_plan(void *context)
{
    Conduct *conduct = context;
    BindContext bind;
    session_bind_context(conduct->session, conduct->statement, &bind);
    bind.keeps_identity = conduct->statement->merge != NULL;
    TRY(bind_statement(conduct->arena, conduct->snapshot, &bind, conduct->parse, &conduct->bound));
    if (conduct->statement->placed != NULL)
        conduct->bound->write->table = conduct->statement->placed;
    Text text;
    text_init(&text, conduct->arena);
    if (shown(conduct, "bound"))
    {
        bound_print(&text, conduct->bound);
        show(conduct, "bound", &text);
        text_clear(&text);
    }
    RelTree *rel;
    TRY(rel_build(conduct->arena, conduct->bound, conduct->bound->query, &rel));
    TRY(rel_rewrite(conduct->arena, conduct->bound, rel));
    if (shown(conduct, "rel"))
    {
        rel_print(&text, conduct->bound, rel);
        show(conduct, "rel", &text);
        text_clear(&text);
    }
    const World *world = conduct->session->leader->world;
    int32_t ranks = world_compute_index(world) == LEADER_INDEX ? world_compute_count(world) + 1 : 1;
    TRY(plan_make(conduct->arena, conduct->snapshot, conduct->bound, rel, ranks, &conduct->plan));
    plan_verify(conduct->plan);
    if (shown(conduct, "plan"))
    {
        plan_explain(&text, conduct->plan);
        show(conduct, "plan", &text);
    }
    return codegen_make(conduct->arena, conduct->plan, &conduct->unit);
}

/* The locks of the tables that the statement reads or writes. */
static Error *tables_lock(const Conduct *conduct, bool *renewed)
{
    const BoundStatement *bound = conduct->bound;
    const CatalogTable *last = NULL;
    for (int32_t i = 0; i < bound->column_count && !*renewed; i++)
    {
        const CatalogTable *table = bound->columns[i].table;
        if (table == NULL || table == last || table_is_sysview(table))
            continue;
        last = table;
        TRY(session_lock(conduct->statement, table->id, LOCK_READ, renewed));
        if (!*renewed)
            TRY(catalog_txn_reads(session_txn(conduct->session), table->id));
    }
    const BoundWrite *write = bound->write;
    if (write != NULL && !*renewed && (write->address >= 0 || !write->numbers))
        TRY(session_lock(conduct->statement, write->table->id, write->address >= 0 ? LOCK_CHANGE : LOCK_APPEND, renewed));
    if (write != NULL && !*renewed && write->numbers)
        TRY(session_lock(conduct->statement, write->table->id, LOCK_NUMBER, renewed));
    return NULL;
}

/* Plans; and again, when somebody else's transaction had to be waited for. */
static Error *query_plan_locked(Conduct *conduct, bool lock)
{
    for (bool renewed = true; renewed;)
    {
        renewed = false;
        conduct->snapshot = catalog_txn_snapshot(session_txn(conduct->session));
        TRY(assert_guard(query_plan, conduct));
        if (lock && conduct->bound->write != NULL && conduct->statement->merge == NULL) /* which changes no rows */
            TRY(session_may_write(conduct->session, conduct->bound->write->table, conduct->parse->tag));
        if (lock)
            TRY(tables_lock(conduct, &renewed));
    }
    return NULL;
}

/* Rows of system views that the query reads, as they are now. */
static Error *views_fill(Conduct *conduct)
{
    Spec *spec = conduct->plan->spec;
    for (int32_t i = 0; i < spec->values_count; i++)
        if (conduct->plan->values_tables[i] != NULL)
            TRY(sysview_pack(conduct->session, conduct->arena, conduct->snapshot, conduct->plan->values_tables[i],
                             &spec->values[i]));
    return NULL;
}

/* A merge reads its segments only. */
static void scans_narrow(Spec *spec, const SegmentMerge *merge)
{
    for (int32_t i = 0; i < spec->scan_count; i++)
    {
        SpecScan *scan = &spec->scans[i];
        int32_t kept = 0;
        for (int32_t k = 0; k < scan->segment_count && kept < merge->count; k++)
            if (scan->segments[k].id == merge->segment_ids[kept])
                scan->segments[kept++] = scan->segments[k];
        ASSERT(kept == merge->count);
        scan->segment_count = kept;
    }
}

static CodeTier tier_wanted(const Session *session)
{
    const char *tier = setting_get(session->settings, "stoa.tier");
    if (strcmp(tier, "0") == 0)
        return TIER_INSTANT;
    return strcmp(tier, "1") == 0 ? TIER_OPTIMISED : TIER_AUTO;
}

static Error *spec_complete(Conduct *conduct)
{
    Leader *leader = conduct->session->leader;
    Spec *spec = conduct->plan->spec;
    spec->query = leader_next_query(leader);
    spec->slice_count = conduct->snapshot->slice_count;
    spec->data_version = conduct->snapshot->version;
    if (conduct->bound->write != NULL && conduct->bound->write->numbers)
        spec->numbers_base = catalog_identity_next(session_txn(conduct->session), conduct->bound->write->table->id);
    for (int32_t i = 0; i < spec->table_count; i++)
        TRY(spec_table_complete(leader, conduct->arena, conduct->bound->write->table, &spec->tables[i]));
    if (conduct->statement->merge != NULL)
        scans_narrow(spec, conduct->statement->merge);
    if (conduct->unit == NULL)
        return NULL;
    const char *keep = setting_get(conduct->session->settings, "stoa.keep_code");
    bool keep_source = keep != NULL && strcmp(keep, "on") == 0;
    return code_cache_get(leader->code, conduct->unit, tier_wanted(conduct->session), keep_source, spec);
}

/* --- running -------------------------------------------------------------------- */
Error *session_engine_run(Session *session, Spec *spec, Arena *arena, const RunFeed *feed, const RowSink *sink,
                          RunResult *result)
{
    session->last_query = (int64_t) (spec->query & INT32_MAX);
    spec->session = *value_session();
    record_started(session);
    atomic_store(&session->query, spec->query);
    Error *error = session_check(session); /* asked for before the number was known */
    if (error == NULL && feed != NULL)
        error = engine_run_feed(session->leader->engine, spec, arena, feed, sink, result);
    else if (error == NULL)
        error = engine_run(session->leader->engine, spec, arena, sink, result);
    atomic_store(&session->query, 0);
    if (spec->module[0] != 0)
        code_cache_done(session->leader->code, spec);
    if (error == NULL)
        record_ran(session, spec, result);
    return error;
}

static Error *rows_send(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    Conduct *conduct = context;
    return result_rows(&conduct->statement->result, layout, rows, count);
}

static const SpecStore *return_store(const Plan *plan)
{
    for (int32_t i = 0; i < plan->spec->store_count; i++)
        if (plan->spec->stores[i].kind == STORE_RETURN)
            return &plan->spec->stores[i];
    return NULL;
}

static Error *columns_tell(Conduct *conduct)
{
    const Plan *plan = conduct->plan;
    const SpecStore *store = return_store(plan);
    ASSERT(store != NULL && plan->result_count <= store->layout->field_count);
    WireColumn *columns = ARENA_ARRAY(conduct->arena, WireColumn, plan->result_count);
    for (int32_t i = 0; i < plan->result_count; i++)
    {
        columns[i].name = plan->result_names[i];
        columns[i].type = store->layout->fields[i].type;
    }
    return result_begin(&conduct->statement->result, conduct->arena, columns, plan->result_count);
}

/* EXPLAIN ANALYZE: nobody sees the rows. */
static Error *rows_drop(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    const Conduct *conduct = context;
    (void) layout, (void) rows, (void) count;
    return session_check(conduct->session);
}

static Error *select_run(Conduct *conduct, bool analyze)
{
    if (!analyze)
        TRY(columns_tell(conduct));
    RowSink sink = {.context = conduct, .rows = analyze ? rows_drop : rows_send};
    TRY(session_engine_run(conduct->session, conduct->plan->spec, conduct->arena, NULL, &sink, &conduct->result));
    conduct->rows = conduct->result.rows_returned;
    snprintf(conduct->statement->tag, sizeof conduct->statement->tag, "%s %lld",
             conduct->statement->result.copy != NULL ? "COPY" : "SELECT", (long long) conduct->rows);
    return NULL;
}

/* Rows that a MERGE changed: an update both takes a row away and appends one. */
static int64_t rows_changed(const BoundWrite *write, const WriteCounts *counts, int64_t appended)
{
    if (write->address < 0)
        return appended;
    return write->appends < 0 ? counts->deleted : counts->deleted + appended - counts->updated;
}

static Error *write_run(Conduct *conduct)
{
    const BoundWrite *write = conduct->bound->write;
    WriteRows *writes = NULL;
    WriteCounts counts = {0};
    int64_t appended;
    RowSink sink = {.rows = write_rows_take};
    int32_t scan = conduct->plan->address_scan;
    if (write->address >= 0) /* no scan: no row can come */
        sink.context = writes = write_rows_new(conduct->session, conduct->arena,
                                               scan < 0 ? ARENA_NEW(conduct->arena, SpecScan)
                                                        : &conduct->plan->spec->scans[scan]);
    TRY(session_engine_run(conduct->session, conduct->plan->spec, conduct->arena, NULL, writes != NULL ? &sink : NULL,
                           &conduct->result));
    if (writes != NULL)
        TRY(write_rows_commit(writes, conduct->statement, write, &counts));
    TRY(commit_segments(conduct->statement, write->table, &conduct->result, &appended));
    if (write->numbers)
        TRY(commit_numbers(conduct->statement, write->table, &conduct->result, conduct->plan->spec->numbers_base + appended));
    conduct->rows = rows_changed(write, &counts, appended);
    snprintf(conduct->statement->tag, sizeof conduct->statement->tag, "%s %lld", write->tag, (long long) conduct->rows);
    return NULL;
}

/* --- WITH RECURSIVE -------------------------------------------------------------------- */

typedef struct RoundPlan
{
    const Conduct *conduct;
    BoundStatement bound; /* the statement, with the query as all it is */
    Plan *plan;
    CodeUnit *unit;
} RoundPlan;

static Error *round_plan_make(void *context)
{
    RoundPlan *round = context;
    const Conduct *conduct = round->conduct;
    const World *world = conduct->session->leader->world;
    int32_t ranks = world_compute_index(world) == LEADER_INDEX ? world_compute_count(world) + 1 : 1;
    RelTree *rel;
    TRY(rel_build(conduct->arena, &round->bound, round->bound.query, &rel));
    TRY(rel_rewrite(conduct->arena, &round->bound, rel));
    TRY(plan_make(conduct->arena, conduct->snapshot, &round->bound, rel, ranks, &round->plan));
    plan_verify(round->plan);
    return codegen_make(conduct->arena, round->plan, &round->unit);
}

static Error *round_plan(void *context, const BoundQuery *query, Plan **plan, CodeUnit **unit)
{
    const Conduct *conduct = context;
    RoundPlan *round = ARENA_NEW(conduct->arena, RoundPlan);
    int32_t capacity = 1;
    round->conduct = conduct;
    round->bound = *conduct->bound;
    round->bound.query = arena_memdup(conduct->arena, query, sizeof *query);
    round->bound.write = NULL;
    while (capacity < round->bound.column_count) /* columns of its own from here on: see bound_add_column() */
        capacity *= 2;
    round->bound.columns = ARENA_ARRAY(conduct->arena, BoundColumn, capacity);
    memcpy(round->bound.columns, conduct->bound->columns, sizeof(BoundColumn) * (size_t) round->bound.column_count);
    TRY(assert_guard(round_plan_make, round));
    *plan = round->plan;
    *unit = round->unit;
    return NULL;
}

static Error *round_run(void *context, Plan *plan, CodeUnit *unit, const RowSink *sink)
{
    Conduct conduct = *(const Conduct *) context;
    conduct.plan = plan;
    conduct.unit = unit;
    TRY(views_fill(&conduct));
    TRY(spec_complete(&conduct));
    return session_engine_run(conduct.session, plan->spec, conduct.arena, NULL, sink, &conduct.result);
}

static Error *recursion_run(Conduct *conduct)
{
    RecurseEnv env = {.context = conduct, .plan = round_plan, .run = round_run};
    return recurse_fill(conduct->arena, conduct->bound, &env, conduct->plan);
}

/* --- EXPLAIN ---------------------------------------------------------------------- */
WireColumn explain_column(void)
{
    return (WireColumn){.name = "QUERY PLAN", .type = type_varchar(VARCHAR_LENGTH_MAX)};
}

static Error *lines_send(Conduct *conduct, char *text)
{
    Result *result = &conduct->statement->result;
    WireColumn column = explain_column();
    TRY(result_begin(result, conduct->arena, &column, 1));
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (text != NULL || line[0] != 0)
            TRY(result_texts(result, conduct->arena, (const char *const[]){line}));
    return NULL;
}

/* What the ranks counted, by pipeline. */
static const PlanTotal *totals_of(const Conduct *conduct)
{
    PlanTotal *totals = ARENA_ARRAY(conduct->arena, PlanTotal, conduct->plan->spec->pipeline_count);
    for (int32_t i = 0; i < conduct->result.counter_count; i++)
    {
        const RunCounter *counter = &conduct->result.counters[i];
        PlanTotal *total = &totals[counter->pipeline];
        total->ranks++;
        total->rows_in += counter->rows_in;
        total->rows_out += counter->rows_out;
        total->bytes += counter->bytes;
        total->buffers += counter->buffers;
        total->work_us += counter->work_us;
        total->wall_us = counter->wall_us > total->wall_us ? counter->wall_us : total->wall_us;
        total->work_most_us = counter->work_us > total->work_most_us ? counter->work_us : total->work_most_us;
    }
    return totals;
}

/* `actual` is NULL when the statement has not run. */
static Error *explain_run(Conduct *conduct, const ExplainStatement *explain, const PlanActual *actual)
{
    Text text;
    text_init(&text, conduct->arena);
    if (actual != NULL)
        plan_explain_analyze(&text, conduct->plan, actual);
    else
        plan_explain(&text, conduct->plan);
    if (explain->code && conduct->unit != NULL)
        text_printf(&text, "\n%s", conduct->unit->text.data);
    else if (explain->code)
        text_puts(&text, "\n-- this query needs no generated code\n");
    return lines_send(conduct, text.data);
}

/* The first value of the first row, a BIGINT. */
static Error *rows_number(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    Conduct *conduct = context;
    if (count > 0)
        conduct->rows = row_get(layout, rows, 0).i;
    return session_check(conduct->session);
}

/* `inner` is `sql` within `outer`, and *conduct its run. */
static Error *inner_make(const Statement *outer, const char *sql, Statement *inner, Conduct *conduct)
{
    ParseList *list;
    TRY(parse_statements(outer->arena, sql, &list));
    ASSERT(list->count == 1);
    *inner = *outer;
    inner->parse = &list->statements[0];
    inner->query = NULL;
    inner->params = NULL;
    inner->param_count = 0;
    inner->placed = NULL;
    *conduct = (Conduct){.statement = inner, .session = inner->session, .arena = inner->arena, .parse = inner->parse};
    return NULL;
}

static Error *inner_run(Conduct *conduct, const RowSink *sink)
{
    TRY(query_plan_locked(conduct, true));
    TRY(spec_complete(conduct));
    if (conduct->bound->write != NULL)
        return write_run(conduct);
    return session_engine_run(conduct->session, conduct->plan->spec, conduct->arena, NULL, sink, &conduct->result);
}

Error *conduct_inner(const Statement *outer, const char *sql, const CatalogTable *placed, int64_t *number)
{
    Statement inner;
    Conduct conduct;
    RowSink sink = {.context = &conduct, .rows = rows_number};
    TRY(inner_make(outer, sql, &inner, &conduct));
    inner.placed = placed;
    TRY(inner_run(&conduct, &sink));
    *number = conduct.rows;
    return NULL;
}

Error *conduct_rows(const Statement *outer, const char *sql, const RowSink *sink)
{
    Statement inner;
    Conduct conduct;
    TRY(inner_make(outer, sql, &inner, &conduct));
    return inner_run(&conduct, sink);
}

Error *conduct_query(Statement *statement)
{
    Session *session = statement->session;
    const ExplainStatement *explain =
        statement->parse->kind == STATEMENT_EXPLAIN ? statement->parse->explain : NULL;
    Conduct conduct = {.statement = statement,
                       .session = session,
                       .arena = statement->arena,
                       .parse = statement->query != NULL ? statement->query
                                : explain != NULL        ? explain->statement
                                                         : statement->parse};
    bool analyze = explain != NULL && explain->analyze;
    int64_t start = clock_us();
    TRY(query_plan_locked(&conduct, explain == NULL || analyze));
    if (explain != NULL && !analyze)
        return explain_run(&conduct, explain, NULL);
    int64_t planned = clock_us();
    record_planned(session, conduct.plan->leader_only, planned - start);
    TRY(views_fill(&conduct));
    TRY(recursion_run(&conduct));
    int64_t ready = clock_us();
    TRY(spec_complete(&conduct));
    int64_t compiled = clock_us();
    record_compiled(session, conduct.plan->spec->module_made, compiled - ready);
    TRY(conduct.bound->write != NULL ? write_run(&conduct) : select_run(&conduct, analyze));
    record_rows(session, conduct.rows);
    record_plan(session, conduct.plan);
    if (!analyze)
        return NULL;
    PlanActual actual = {.totals = totals_of(&conduct),
                         .plan_us = planned - start,
                         .compile_us = compiled - ready,
                         .queue_us = conduct.result.queue_us,
                         .execute_us = ready - planned + clock_us() - compiled - conduct.result.queue_us,
                         .rows = conduct.rows};
    snprintf(statement->tag, sizeof statement->tag, "%s", statement->parse->tag);
    return explain_run(&conduct, explain, &actual);
}
