/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query on the leader, from Spec to verdict:
 *
 *     leader only:  task in the caller's thread
 *     else:         wait for the turn -> command to the nodes -> task on the team -> rows that are still to come
 *                   are fetched, the nodes' replies taken, the turn given on -> rows to the sink
 *
 * Where the result is too large to be fetched, the rows go to the sink before the turn is given on.
 */
#include "src/compute/engine_room.h"

#include "base/core/assert.h"
#include "base/core/trace.h"
#include "mpi/agree.h"
#include "mpi/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Query
{
    Engine *engine;
    const Spec *spec;
    const TaskFeed *feed;
    const TaskSink *sink;
    RunResult *result;
    ReportSum *sum;
    Running running;
    Task *task;
    bool fetched;       /* all rows of other ranks are here */
    int32_t node_count; /* that were commanded */
    Error **errors;     /* own, then one a node */
} Query;

/* ---- cancels ---- */

static void running_add(Engine *engine, Running *running)
{
    pthread_mutex_lock(&engine->lock);
    Running **end = &engine->running;
    while (*end != NULL)
        end = &(*end)->next;
    *end = running;
    pthread_mutex_unlock(&engine->lock);
}

static void running_remove(Engine *engine, Running *running)
{
    pthread_mutex_lock(&engine->lock);
    for (Running **at = &engine->running; *at != NULL; at = &(*at)->next)
    {
        if (*at == running)
        {
            *at = running->next;
            break;
        }
    }
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
}

static void running_task(Query *query, Task *task)
{
    pthread_mutex_lock(&query->engine->lock);
    query->running.task = task;
    if (task != NULL && query->running.cancelled)
        task_cancel(task);
    if (task != NULL && query->running.better)
        task_module_better(task, query->running.better_digest);
    pthread_mutex_unlock(&query->engine->lock);
}

void engine_cancel(Engine *engine, uint64_t query)
{
    bool commanded = false;
    pthread_mutex_lock(&engine->lock);
    for (Running *running = engine->running; running != NULL; running = running->next)
    {
        if (running->query != query)
            continue;
        running->cancelled = true;
        commanded = running->commanded;
        if (running->task != NULL)
            task_cancel(running->task);
    }
    pthread_cond_broadcast(&engine->changed);
    if (commanded) /* under the lock: the query cannot end meanwhile */
        command_cancel(engine->world, query);
    pthread_mutex_unlock(&engine->lock);
}

/* Under the lock. */
static void running_better(Engine *engine, const Running *running)
{
    int64_t note[2];
    if (running->task != NULL)
        task_module_better(running->task, running->better_digest);
    memcpy(note, running->better_digest, sizeof note);
    if (running->commanded)
        query_note(engine->world, running->query, note);
}

void engine_module_better(Engine *engine, const char *key, const uint8_t digest[16])
{
    pthread_mutex_lock(&engine->lock);
    for (Running *running = engine->running; running != NULL; running = running->next)
    {
        if (running->better || strcmp(running->spec->module, key) != 0)
            continue;
        running->better = true;
        memcpy(running->better_digest, digest, sizeof running->better_digest);
        running_better(engine, running);
    }
    pthread_mutex_unlock(&engine->lock);
}

bool engine_progress(Engine *engine, uint64_t query, int64_t *done, int64_t *total)
{
    bool known = false;
    *done = *total = 0;
    pthread_mutex_lock(&engine->lock);
    for (Running *running = engine->running; running != NULL; running = running->next)
    {
        if (running->query != query)
            continue;
        if (running->commanded && progress_get(engine->world, query, done, total))
            known = true;
        else if (running->task != NULL)
            task_progress(running->task, done, total);
        known |= *total > 0;
    }
    pthread_mutex_unlock(&engine->lock);
    return known;
}

/* ---- turns ---- */

static bool is_next(const Engine *engine, const Running *me)
{
    if (engine->taken)
        return false;
    for (const Running *running = engine->running; running != me; running = running->next)
        if (running->queued)
            return false;
    return true;
}

static Error *turn_take(Query *query)
{
    Engine *engine = query->engine;
    Running *me = &query->running;
    pthread_mutex_lock(&engine->lock);
    me->queued = true;
    while (!me->cancelled && !is_next(engine, me))
        pthread_cond_wait(&engine->changed, &engine->lock);
    me->queued = false;
    bool cancelled = me->cancelled;
    if (!cancelled)
        engine->taken = true;
    else
        pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->lock);
    return cancelled ? error_new(SQLSTATE_QUERY_CANCELED, "canceling statement due to user request") : NULL;
}

static void turn_give(Query *query)
{
    pthread_mutex_lock(&query->engine->lock);
    query->engine->taken = false;
    pthread_cond_broadcast(&query->engine->changed);
    pthread_mutex_unlock(&query->engine->lock);
}

/* ---- the nodes ---- */

static Error *nodes_command(Query *query)
{
    Text bytes;
    text_init(&bytes, NULL);
    spec_write(&bytes, query->spec);
    Error *error = command_send(query->engine->world, query->spec->query, bytes.data, bytes.length);
    text_free(&bytes);
    if (error != NULL)
        return error;
    query->node_count = world_compute_count(query->engine->world);
    pthread_mutex_lock(&query->engine->lock);
    query->running.commanded = true;
    bool cancelled = query->running.cancelled;
    if (query->running.better)
        running_better(query->engine, &query->running);
    pthread_mutex_unlock(&query->engine->lock);
    if (cancelled)
        command_cancel(query->engine->world, query->spec->query);
    return NULL;
}

/* Takes every node's reply.  When the leader failed the nodes are told to stop first. */
static Error *nodes_reply(Query *query)
{
    World *world = query->engine->world;
    if (query->node_count == 0)
        return NULL;
    if (task_failed(query->task))
        command_cancel(world, query->spec->query);
    Reply *replies = calloc((size_t) query->node_count, sizeof *replies);
    ASSERT(replies != NULL);
    Error *error = reply_wait(world, query->spec->query, replies, NULL, NULL, 0);
    for (int32_t i = 0; i < query->node_count && error == NULL; i++)
    {
        Error *broken = report_add(query->sum, replies[i].bytes, replies[i].length, &query->errors[1 + i]);
        if (broken != NULL && query->errors[1 + i] == NULL)
            query->errors[1 + i] = broken;
        else
            error_free(broken);
    }
    for (int32_t i = 0; i < query->node_count; i++)
        free(replies[i].bytes);
    free(replies);
    pthread_mutex_lock(&query->engine->lock);
    query->running.commanded = false;
    pthread_mutex_unlock(&query->engine->lock);
    query_end(world, query->spec->query);
    query->node_count = 0;
    return error;
}

/* ---- this rank's part ---- */

static bool for_leader_alone(const Spec *spec)
{
    if (spec->scan_count > 0)
        return false;
    for (int32_t i = 0; i < spec->pipeline_count; i++)
        if (!spec->pipelines[i].on_leader)
            return false;
    return spec->load == NULL;
}

static uint32_t roles_here(const Engine *engine)
{
    return world_size(engine->world) == 1 ? TASK_LEADER | TASK_COMPUTE : TASK_LEADER;
}

/* In the engine thread. */
static void task_on_team(void *context, Team *team)
{
    Query *query = context;
    TaskEnv env = engine_env(query->engine);
    query->task = task_new(&env, query->spec, roles_here(query->engine), team, query->feed);
    running_task(query, query->task);
    task_run(query->task);
    query->fetched = task_prefetch(query->task);
}

static void own_report(Query *query)
{
    Error *error = task_error(query->task);
    Text bytes;
    text_init(&bytes, NULL);
    report_write(&bytes, query->task, NULL);
    Error *none, *broken = report_add(query->sum, bytes.data, bytes.length, &none);
    ASSERT(broken == NULL && none == NULL); /* written by ourselves just now */
    text_free(&bytes);
    query->errors[0] = error;
}

static Error *run_alone(Query *query)
{
    TaskEnv env = engine_env(query->engine);
    query->task = task_new(&env, query->spec, roles_here(query->engine), NULL, query->feed);
    running_task(query, query->task);
    task_run(query->task);
    if (query->sink != NULL)
        task_return(query->task, query->sink);
    return NULL;
}

static Error *run_with_nodes(Query *query)
{
    int64_t start = clock_us();
    TRY(turn_take(query));
    query->result->queue_us = clock_us() - start;
    Error *error = world_size(query->engine->world) > 1 ? nodes_command(query) : NULL;
    if (error != NULL)
    {
        turn_give(query);
        return error;
    }
    engine_do(query->engine, task_on_team, query);
    if (!query->fetched && query->sink != NULL)
        task_return(query->task, query->sink);
    error = nodes_reply(query);
    turn_give(query);
    if (error == NULL && query->fetched && query->sink != NULL)
    {
        bool worked = !task_failed(query->task); /* no row of a query that failed on a node */
        for (int32_t i = 0; i < world_compute_count(query->engine->world); i++)
            worked &= query->errors[1 + i] == NULL;
        if (worked)
            task_return(query->task, query->sink);
    }
    return error;
}

/* Files of a statement that failed: other ranks finished theirs without knowing. */
static void segments_remove(const Query *query)
{
    for (int32_t i = 0; i < query->result->segment_count; i++)
    {
        const RunSegment *segment = &query->result->segments[i];
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/db%lld/t%lld/s%d/%s", query->engine->directory,
                         (long long) query->engine->database_id,
                         (long long) query->spec->tables[segment->table].table_id, segment->slice, segment->file);
        if (n > 0 && (size_t) n < sizeof path)
            unlink(path);
    }
    query->result->segment_count = 0;
    query->result->rows_appended = 0;
}

static Error *verdict(Query *query, Error *error)
{
    int32_t nodes = world_compute_count(query->engine->world);
    if (query->task != NULL)
        own_report(query);
    Error *agreed = errors_agree(query->errors, 1 + nodes);
    Error *rejected = report_end(query->sum);
    Error *all[] = {error, agreed, rejected};
    Error *final = errors_agree(all, 3);
    if (final != NULL)
        segments_remove(query);
    return final;
}

Error *engine_run_feed(Engine *engine, const Spec *spec, Arena *arena, const RunFeed *feed, const RowSink *sink,
                       RunResult *result)
{
    ASSERT(world_is_leader(engine->world));
    int64_t start = clock_us();
    TaskSink to = {NULL, NULL};
    TaskFeed from = {NULL, NULL};
    Query query = {.engine = engine, .spec = spec, .result = result, .running = {.query = spec->query, .spec = spec}};
    if (sink != NULL)
    {
        to = (TaskSink){sink->context, sink->rows};
        query.sink = &to;
    }
    if (feed != NULL)
    {
        from = (TaskFeed){feed->context, feed->next};
        query.feed = &from;
    }
    query.errors = ARENA_ARRAY(arena, Error *, 1 + world_compute_count(engine->world));
    TRY(report_begin(arena, spec, result, &query.sum));
    running_add(engine, &query.running);
    Error *error = for_leader_alone(spec) ? run_alone(&query) : run_with_nodes(&query);
    running_task(&query, NULL);
    error = verdict(&query, error);
    task_free(query.task);
    running_remove(engine, &query.running);
    atomic_fetch_add(&engine->queries_run, 1);
    result->run_us = clock_us() - start - result->queue_us;
    return error;
}

Error *engine_run(Engine *engine, const Spec *spec, Arena *arena, const RowSink *sink, RunResult *result)
{
    return engine_run_feed(engine, spec, arena, NULL, sink, result);
}
