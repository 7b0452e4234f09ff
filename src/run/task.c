/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task's life: stores and workers are made, pipelines run in order, stores
 * are finished when their last pipeline has ended here, everything is given back.
 */
#include "src/run/run.h"
#include "src/run/run_spill.h"

#include "mpi/agree.h"
#include "mpi/command.h"
#include "src/load/parse.h"

#include <stdlib.h>

static const StoreOps *const STORE_OPS[] = {
    [STORE_BUFFER] = &buffer_ops, [STORE_HASH] = &hash_ops,         [STORE_AGG] = &agg_ops,
    [STORE_SORT] = &sort_ops,     [STORE_EXCHANGE] = &exchange_ops, [STORE_APPEND] = &append_ops,
    [STORE_RETURN] = &return_ops, [STORE_WINDOW] = &window_ops,
};

/* ---- errors ---- */

void task_fail(Task *task, Error *error)
{
    if (error == NULL)
        return;
    pthread_mutex_lock(&task->lock);
    if (task->error == NULL || (error_is_elsewhere(task->error) && !error_is_elsewhere(error)))
    {
        Error *old = task->error;
        task->error = error;
        error = old;
    }
    atomic_store(&task->stop, true);
    pthread_mutex_unlock(&task->lock);
    error_free(error);
}

Error *task_check(Task *task)
{
    if (atomic_load_explicit(&task->cancelled, memory_order_relaxed))
        return error_new(SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    /* alone, a rank is told by task_cancel() only */
    if (task->env.world != NULL && world_size(task->env.world) > 1 &&
        query_cancelled(task->env.world, task->spec->query))
        return query_check(task->env.world, task->spec->query);
    return NULL;
}

void task_cancel(Task *task)
{
    atomic_store(&task->cancelled, true);
}

bool task_failed(const Task *task)
{
    return task->error != NULL;
}

Error *task_error(Task *task)
{
    Error *error = task->error;
    task->error = NULL;
    return error;
}

/* ---- jobs on the team ---- */

#define ROWS_WORTH_WAKING 16384 /* fewer are done sooner than the team is awake */

typedef struct PartsJob
{
    Task *task;
    PartJob job;
    void *context;
    int32_t count;
    _Atomic int32_t next;
} PartsJob;

static void parts_work(void *context, int32_t worker)
{
    PartsJob *parts = context;
    (void) worker;
    value_session_set(&parts->task->session);
    for (;;)
    {
        int32_t i = atomic_fetch_add(&parts->next, 1);
        if (i >= parts->count || atomic_load(&parts->task->stop))
            return;
        task_fail(parts->task, parts->job(parts->context, i));
    }
}

/* The error stays in the task; what is returned tells the caller to go no further. */
Error *task_parts(Task *task, int32_t count, int64_t rows, PartJob job, void *context)
{
    for (int32_t i = 0; i < count && (count == 1 || rows < ROWS_WORTH_WAKING); i++)
        TRY(job(context, i));
    if (count == 1 || rows < ROWS_WORTH_WAKING)
        return NULL;
    PartsJob parts = {.task = task, .job = job, .context = context, .count = count};
    int32_t threads = count < task->worker_count ? count : task->worker_count;
    team_run(task->team, threads, parts_work, &parts);
    return atomic_load(&task->stop) ? error_elsewhere() : NULL;
}

/* ---- making ---- */

static bool task_is_sender_or_receiver(const Task *task, int32_t store)
{
    for (int32_t i = 0; i < task->spec->pipeline_count; i++)
    {
        const SpecPipeline *pipeline = &task->spec->pipelines[i];
        bool mine = (task->roles & (pipeline->on_leader ? TASK_LEADER : TASK_COMPUTE)) != 0;
        if (mine && (pipeline->sink == store || (pipeline->source == SOURCE_STORE && pipeline->source_index == store)))
            return true;
    }
    return false;
}

static Error *stores_open(Task *task)
{
    const Spec *spec = task->spec;
    task->stores = ARENA_ARRAY(task->arena, RtStore, spec->store_count + 1);
    for (int32_t i = 0; i < spec->store_count; i++)
    {
        RtStore *store = &task->stores[i];
        store->task = task;
        store->spec = &spec->stores[i];
        store->ops = STORE_OPS[store->spec->kind];
        store->layout = store->spec->layout;
        store->stride = store->layout->stride;
        store->index = i;
    }
    task_spill_init(task);
    for (int32_t i = 0; i < spec->store_count; i++)
    {
        RtStore *store = &task->stores[i];
        if (store->spec->kind != STORE_EXCHANGE && !task_is_sender_or_receiver(task, i))
            continue;
        size_t bytes = sizeof(RtPart) * (size_t) task->worker_count;
        store->parts = (RtPart *) (((uintptr_t) arena_zalloc(task->arena, bytes + CACHE_LINE) + CACHE_LINE - 1) &
                                   ~(uintptr_t) (CACHE_LINE - 1));
        TRY(store->ops->open(store));
    }
    return NULL;
}

static void workers_make(Task *task)
{
    size_t bytes = sizeof(RtWorker) * (size_t) task->worker_count;
    task->workers = (RtWorker *) (((uintptr_t) arena_zalloc(task->arena, bytes + CACHE_LINE) + CACHE_LINE - 1) &
                                  ~(uintptr_t) (CACHE_LINE - 1));
    for (int32_t i = 0; i < task->worker_count; i++)
    {
        RtWorker *worker = &task->workers[i];
        worker->task = task;
        worker->rt = &task->rt;
        worker->index = i;
        worker->params = task->params;
        worker->arena = arena_new("batch");
        worker->scan.worker = worker;
    }
}

static Error *task_open(Task *task)
{
    TRY(stores_open(task)); /* exchanges first: others may already send */
    TRY(params_make(task->arena, task->spec, &task->params));
    for (int32_t i = 0; i < task->worker_count; i++)
        task->workers[i].params = task->params;
    return task_module_open(task);
}

/* The pipeline into RETURN goes to task_return() if its rows come from memory or from one receiver. */
static int32_t return_pipe(const Task *task)
{
    const Spec *spec = task->spec;
    int32_t last = spec->pipeline_count - 1;
    if (last < 0 || !(task->roles & TASK_LEADER) || spec->stores[spec->pipelines[last].sink].kind != STORE_RETURN)
        return -1;
    return spec->pipelines[last].source == SOURCE_SCAN ? -1 : last;
}

static Error *session_check_task(void *task)
{
    return task_check(task);
}

/* A leader that has no slices takes numbers as one node more; what the client sends is read there alone. */
static void task_session_begin(Task *task)
{
    RowNumbers *numbers = &task->numbers;
    bool apart = task->env.world != NULL && !task_alone(task);
    numbers->base = task->spec->numbers_base;
    bool stream = task->spec->load != NULL && task->spec->load->stream;
    numbers->lanes = stream ? 1 : task->node_count + apart;
    numbers->lane = stream ? 0 : task->node >= 0 ? task->node : task->node_count;
    task->session = task->spec->session;
    task->session.numbers = numbers;
    task->session.check = session_check_task;
    task->session.task = task;
}

Task *task_new(const TaskEnv *env, const Spec *spec, uint32_t roles, Team *team, const TaskFeed *feed)
{
    spec_verify(spec);
    Arena *arena = arena_new("task");
    Task *task = ARENA_NEW(arena, Task);
    task->env = *env;
    task->spec = spec;
    task->team = team;
    task->roles = roles;
    task->feed = feed;
    task->arena = arena;
    task->node = env->world == NULL ? 0 : world_compute_index(env->world);
    task->node_count = env->world == NULL ? 1 : world_compute_count(env->world);
    task_session_begin(task);
    task->commanded = env->world != NULL && world_size(env->world) > 1; /* cancels may come from other ranks */
    task->worker_count = team_threads(team);
    task->start_us = clock_us();
    pthread_mutex_init(&task->lock, NULL);
    rt_init(&task->rt);
    task->counters = ARENA_ARRAY(arena, TaskCounter, spec->pipeline_count + 1);
    task->return_pipe = return_pipe(task);
    workers_make(task);
    task_fail(task, task_open(task));
    if (task->return_pipe >= 0)
        task->stores[spec->pipelines[task->return_pipe].sink].immediate = true;
    return task;
}

/* ---- running ---- */

static bool last_into(const Task *task, int32_t index)
{
    const SpecPipeline *me = &task->spec->pipelines[index];
    for (int32_t i = index + 1; i < task->spec->pipeline_count; i++)
        if (task->spec->pipelines[i].sink == me->sink &&
            (task->roles & (task->spec->pipelines[i].on_leader ? TASK_LEADER : TASK_COMPUTE)))
            return false;
    return true;
}

static Error *store_finish(RtStore *store)
{
    if (store->ops->finish != NULL)
        TRY(store->ops->finish(store));
    store_spill_gather(store);
    store->finished = true;
    return NULL;
}

static Error *pipeline_run(Task *task, int32_t index)
{
    RtStore *sink = &task->stores[task->spec->pipelines[index].sink];
    int64_t start = clock_us(), bytes, buffers;
    exchange_sent(sink, &bytes, &buffers);
    TRY(task_make_room(task, index));
    TRY(pipe_run(task, index));
    if (last_into(task, index))
        TRY(store_finish(sink));
    TaskCounter *counter = &task->counters[index];
    counter->start_us = start - task->start_us;
    counter->wall_us = clock_us() - start;
    exchange_sent(sink, &counter->bytes, &counter->buffers);
    counter->bytes = sink->exchange != NULL ? counter->bytes - bytes : store_bytes(sink);
    counter->buffers -= buffers;
    task_release(task, index);
    return NULL;
}

void task_run(Task *task)
{
    value_session_set(&task->session);
    for (int32_t i = 0; i < task->spec->pipeline_count && task->error == NULL; i++)
    {
        if (pipeline_is_mine(task, i) && i != task->return_pipe)
            task_fail(task, pipeline_run(task, i));
    }
    if (task->error != NULL)
        exchanges_fail(task);
}

bool task_prefetch(Task *task)
{
    if (task->return_pipe < 0 || task->error != NULL)
        return true;
    const SpecPipeline *pipeline = &task->spec->pipelines[task->return_pipe];
    RtStore *source = pipeline->source == SOURCE_STORE ? &task->stores[pipeline->source_index] : NULL;
    if (source == NULL || source->exchange == NULL)
        return true;
    bool all = false;
    task_fail(task, exchange_prefetch(source, &all));
    if (task->error != NULL)
        exchanges_fail(task);
    return all || task->error != NULL;
}

static Error *return_run(Task *task)
{
    if (task->return_pipe >= 0)
        return pipeline_run(task, task->return_pipe);
    for (int32_t i = 0; i < task->spec->store_count; i++)
        if (task->spec->stores[i].kind == STORE_RETURN && task->stores[i].finished)
            return return_give_bags(&task->stores[i]);
    return NULL;
}

void task_return(Task *task, const TaskSink *sink)
{
    if (task->error != NULL)
        return;
    value_session_set(&task->session);
    task->sink = sink;
    task->team = NULL; /* the caller's thread is alone */
    task_fail(task, return_run(task));
    task->sink = NULL;
    if (task->error != NULL)
        exchanges_fail(task);
}

/* ---- what came of it ---- */

int32_t task_segments(const Task *task, const TaskSegment **segments)
{
    *segments = task->segments;
    return task->segment_count;
}

const TaskCounter *task_counters(const Task *task)
{
    return task->counters;
}

const LoadRejects *task_rejects(const Task *task)
{
    return task->rejects;
}

void task_load_counts(const Task *task, int64_t *rows, int64_t *bytes)
{
    *rows = atomic_load(&task->load_rows);
    *bytes = atomic_load(&task->load_bytes);
}

int64_t task_numbers_end(const Task *task)
{
    const RowNumbers *numbers = &task->numbers;
    int64_t taken = atomic_load(&numbers->taken);
    return taken == 0 ? 0 : numbers->base + numbers->lane + numbers->lanes * (taken - 1) + 1;
}

void task_progress(const Task *task, int64_t *done, int64_t *total)
{
    *done = atomic_load(&task->load_bytes);
    *total = atomic_load(&task->load_bytes_total);
}

int64_t task_returned(const Task *task)
{
    return task->returned;
}

void task_free(Task *task)
{
    if (task == NULL)
        return;
    for (int32_t i = 0; task->stores != NULL && i < task->spec->store_count; i++)
        if (task->stores[i].parts != NULL)
            task->stores[i].ops->close(&task->stores[i]);
    scratch_free(task->scratch);
    for (int32_t i = 0; i < task->worker_count; i++)
    {
        arena_free(task->workers[i].arena);
        error_free(task->workers[i].error);
        free(task->workers[i].scratch);
    }
    for (int32_t i = 0; i < task->segment_count; i++)
        arena_free(task->segments[i].arena);
    load_rejects_free(task->rejects);
    task_module_close(task);
    error_free(task->error);
    pthread_mutex_destroy(&task->lock);
    arena_free(task->arena);
}
