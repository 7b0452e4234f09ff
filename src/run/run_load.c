/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SOURCE_LOAD: rows parsed from files.  Unit u of the plan belongs to node
 * u % node_count; a unit is a morsel.  Rejected records are set aside for the
 * whole rank.  A stream (COPY FROM STDIN) is one morsel on the leader, fed by
 * whoever called engine_run_feed().
 */
#include "mpi/command.h"
#include "src/load/parse.h"
#include "src/run/run.h"

#define PROGRESS_US 250000

struct LoadSource
{
    LoadPlan *plan;
    const RowLayout *layout; /* the sink's */
    bool stream;
    int32_t unit_count;
    int32_t *units; /* of this node */
};

struct LoadState
{
    LoadUnit *unit;
    LoadStream *stream;
    LoadCounters seen; /* what has been added to the task's counts */
    char *rows;
    size_t bytes;
    bool fed_all;
};

static Error *load_open(Pipe *pipe)
{
    Task *task = pipe->task;
    const SpecLoad *load = task->spec->load;
    LoadSource *source = ARENA_NEW(task->arena, LoadSource);
    pipe->load = source;
    source->layout = pipe->sink->layout;
    source->stream = load->stream;
    ByteReader reader;
    reader_init(&reader, load->plan, load->plan_bytes);
    TRY(load_plan_read(&reader, task->arena, &source->plan));
    if (task->rejects == NULL)
        task->rejects = load_rejects_new(source->plan->format->max_error);
    if (source->stream && task->feed == NULL)
        return error_new(SQLSTATE_INTERNAL_ERROR, "a load from a stream has no stream");
    source->units = ARENA_ARRAY(task->arena, int32_t, source->plan->unit_count + 1);
    int64_t total = 0;
    for (int32_t u = 0; u < source->plan->unit_count && !source->stream; u++)
    {
        if (u % task->node_count != (task->node < 0 ? 0 : task->node))
            continue;
        source->units[source->unit_count++] = u;
        total += source->plan->units[u].to - source->plan->units[u].from;
    }
    atomic_store(&task->load_bytes_total, total);
    pipe->morsel_count = source->stream ? 1 : source->unit_count;
    return NULL;
}

static LoadState *state_new(RtWorker *worker, const LoadSource *source)
{
    Task *task = worker->task;
    pthread_mutex_lock(&task->lock);
    LoadState *state = ARENA_NEW(task->arena, LoadState);
    pthread_mutex_unlock(&task->lock);
    void *rows;
    size_t stride = (size_t) source->layout->stride;
    worker_fail(worker, memory_take(task->env.memory, (stride > 0 ? stride : 8) * RT_BATCH, &rows, &state->bytes));
    state->rows = rows;
    return state;
}

static void load_begin(RtScan *scan, int64_t morsel)
{
    const LoadSource *source = scan->pipe->load;
    RtWorker *worker = scan->worker;
    if (scan->load == NULL)
        scan->load = state_new(worker, source);
    LoadState *state = scan->load;
    state->seen = (LoadCounters){0};
    if (worker->error != NULL)
        return;
    if (source->stream)
        worker_fail(worker, load_stream_open(source->plan, source->layout, worker->task->rejects, &state->stream));
    else
        worker_fail(worker, load_unit_open(source->plan, source->units[morsel], source->layout, worker->task->rejects,
                                           &state->unit));
}

/* A compute node tells the leader some times a second how far it is. */
static void progress_tell(Task *task)
{
    if (task->roles != TASK_COMPUTE || task->env.world == NULL)
        return;
    int64_t now = clock_us(), last = atomic_load_explicit(&task->told_us, memory_order_relaxed);
    if (now - last < PROGRESS_US || !atomic_compare_exchange_strong(&task->told_us, &last, now))
        return;
    progress_send(task->env.world, task->spec->query, atomic_load(&task->load_bytes),
                  atomic_load(&task->load_bytes_total));
}

/* Adds what has come since the last time to the task's counts. */
static void counts_add(RtWorker *worker, LoadState *state)
{
    LoadCounters now = {0};
    if (state->unit != NULL)
        load_unit_counters(state->unit, &now);
    else if (state->stream != NULL)
        load_stream_counters(state->stream, &now);
    int64_t bytes = state->unit != NULL ? now.file_bytes - state->seen.file_bytes : now.bytes - state->seen.bytes;
    atomic_fetch_add_explicit(&worker->task->load_bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&worker->task->load_rows, now.rows - state->seen.rows, memory_order_relaxed);
    state->seen = now;
    progress_tell(worker->task);
}

static void source_close(LoadState *state)
{
    load_unit_close(state->unit);
    if (state->stream != NULL)
        load_stream_close(state->stream);
    state->unit = NULL;
    state->stream = NULL;
}

static Error *stream_rows(RtWorker *worker, LoadState *state, int64_t *count)
{
    const TaskFeed *feed = worker->task->feed;
    for (;;)
    {
        TRY(load_stream_next(state->stream, state->rows, RT_BATCH, count));
        if (*count > 0 || state->fed_all)
            return NULL;
        TRY(task_check(worker->task));
        const void *bytes;
        size_t length;
        TRY(feed->next(feed->context, &bytes, &length));
        if (length > 0)
            load_stream_feed(state->stream, bytes, length);
        else
        {
            load_stream_finish(state->stream);
            state->fed_all = true;
        }
    }
}

/* Rows that were taken get their numbers. */
static Error *rows_number(Task *task, const LoadSource *source, char *rows, int64_t count)
{
    const SpecLoad *load = task->spec->load;
    const RowField *field = &source->layout->fields[load->identity];
    for (int64_t i = 0; i < count; i++)
    {
        Datum value = {.null = false};
        bool fits = identity_value(row_numbers_next(&task->numbers), load->seed, load->step, &value.i);
        if (!fits || (field->type.id == TYPE_INTEGER && value.i != (int32_t) value.i))
            return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type_name(field->type));
        value_store(field->type, (Rep) field->rep, &value, rows + i * source->layout->stride + field->offset);
    }
    return NULL;
}

static int32_t load_next_rows(RtScan *scan, const char **rows)
{
    const LoadSource *source = scan->pipe->load;
    RtWorker *worker = scan->worker;
    LoadState *state = scan->load;
    int64_t count = 0;
    if (worker->error == NULL && state->unit != NULL)
        worker_fail(worker, load_unit_next(state->unit, state->rows, RT_BATCH, &count));
    else if (worker->error == NULL && state->stream != NULL)
        worker_fail(worker, stream_rows(worker, state, &count));
    counts_add(worker, state);
    if (worker->error == NULL && worker->task->spec->load->identity >= 0)
        worker_fail(worker, rows_number(worker->task, source, state->rows, count));
    if (worker->error != NULL)
        count = 0;
    if (count == 0)
        source_close(state);
    *rows = state->rows;
    return (int32_t) count;
}

static void load_end(RtScan *scan)
{
    if (scan->load == NULL)
        return;
    source_close(scan->load);
    memory_give(scan->worker->task->env.memory, scan->load->rows, scan->load->bytes);
    scan->load = NULL;
}

const SourceOps source_load_ops = {.open = load_open, .begin = load_begin, .rows = load_next_rows, .end = load_end};
