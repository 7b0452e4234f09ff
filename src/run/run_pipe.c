/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pipeline: the source is cut into morsels, each worker takes one after the
 * other and calls the generated function on it, or passes its rows on as they are.
 * Where a build side is on disk, all of that happens once for each pass over it.
 */
#include "mpi/agree.h"
#include "src/run/run.h"
#include "src/run/run_spill.h"

static const SourceOps *const SOURCE_OPS[] = {
    [SOURCE_ONE] = &source_one_ops,   [SOURCE_SCAN] = &source_scan_ops,     [SOURCE_STORE] = &source_store_ops,
    [SOURCE_LOAD] = &source_load_ops, [SOURCE_VALUES] = &source_values_ops,
};

/* Rows of a run to where they belong, copied with their strings. */
static Error *rows_copy(RtWorker *worker, RtStore *sink, const RowLayout *from, const char *rows, int32_t n)
{
    const RowLayout *layout = sink->layout;
    ASSERT(from == NULL || from->stride == layout->stride);
    char *to;
    TRY(sink->ops->reserve(worker, sink, n, &to));
    memcpy(to, rows, (size_t) n * (size_t) layout->stride);
    for (int32_t f = 0; f < layout->field_count; f++)
    {
        const RowField *field = &layout->fields[f];
        if (field->rep != REP_STR)
            continue;
        char *row = to;
        for (int32_t i = 0; i < n; i++, row += layout->stride)
        {
            Str *place = (Str *) (row + field->offset), s = *place;
            if (field_null(field, row))
                *place = (Str){"", 0};
            else
                TRY(sink->ops->str(worker, sink, &s, place));
        }
    }
    return sink->ops->commit(worker, sink, n);
}

static void pass_rows(RtWorker *worker, RtScan *scan)
{
    RtStore *sink = scan->pipe->sink;
    const char *rows;
    for (int32_t n; (n = worker->rt->rows_next(scan, &rows)) > 0;)
    {
        bool sends = sink->exchange != NULL && sink->spec->exchange == EXCHANGE_HASH;
        const RowLayout *from = scan->pipe->source != NULL ? scan->pipe->source->layout : scan->pipe->values_layout;
        Error *error = sends                              ? exchange_pass(worker, sink, rows, n)
                       : sink->spec->kind == STORE_APPEND ? append_pass(worker, sink, rows, n)
                                                          : rows_copy(worker, sink, from, rows, n);
        worker_fail(worker, error);
        worker->rows_out += n;
        if (worker->rt->sink_full(worker, sink))
            return;
    }
}

static void pipe_work(void *context, int32_t index)
{
    Pipe *pipe = context;
    RtWorker *worker = &pipe->task->workers[index];
    int64_t start = clock_us();
    value_session_set(&pipe->task->session);
    worker->scan.pipe = pipe;
    int64_t morsel;
    while (!worker_stops(worker) && morsel_take(&pipe->morsels, index, &morsel))
    {
        pipe->ops->begin(&worker->scan, morsel);
        RtPipeline *function = task_function(pipe->task, index, pipe->spec);
        if (function != NULL)
            function(worker->rt, worker, &worker->scan);
        else
            pass_rows(worker, &worker->scan);
        if (worker->rt->sink_full(worker, pipe->sink))
            break;
    }
    if (pipe->ops->end != NULL)
        pipe->ops->end(&worker->scan);
    if (worker->error == NULL && pipe->sink->ops->part_end != NULL)
        worker_fail(worker, pipe->sink->ops->part_end(worker, pipe->sink));
    worker->work_us += clock_us() - start;
}

static void morsels_make(Pipe *pipe)
{
    Task *task = pipe->task;
    int32_t count = pipe->worker_count;
    size_t bytes = sizeof(struct MorselRange) * (size_t) count;
    pipe->morsels.range_count = count;
    pipe->morsels.ranges =
        (struct MorselRange *) (((uintptr_t) arena_zalloc(task->arena, bytes + CACHE_LINE) + CACHE_LINE - 1) &
                                ~(uintptr_t) (CACHE_LINE - 1));
    for (int32_t w = 0; w < count; w++)
    {
        pipe->morsels.ranges[w].next = pipe->morsel_count * w / count;
        pipe->morsels.ranges[w].end = pipe->morsel_count * (w + 1) / count;
    }
}

static void workers_collect(Pipe *pipe)
{
    Task *task = pipe->task;
    TaskCounter *counter = &task->counters[pipe->index];
    counter->threads = pipe->worker_count;
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        RtWorker *worker = &task->workers[w];
        counter->rows_in += worker->rows_in;
        counter->rows_out += worker->rows_out;
        counter->blocks += worker->blocks;
        counter->work_us += worker->work_us;
        worker->rows_in = worker->rows_out = worker->blocks = worker->work_us = 0;
        Error *error = worker->error;
        worker->error = NULL;
        task_fail(task, error);
    }
}

/* Rows in order must come from one thread. */
static int32_t pipe_workers(const Pipe *pipe)
{
    int64_t count = pipe->task->worker_count;
    if (pipe->task->team == NULL || pipe->sink->immediate)
        count = 1;
    if (pipe->sink->spec->kind == STORE_RETURN && pipe->spec->source != SOURCE_SCAN)
        count = 1;
    return (int32_t) (pipe->morsel_count < count ? (pipe->morsel_count < 1 ? 1 : pipe->morsel_count) : count);
}

static Error *pipe_once(Pipe *pipe)
{
    Error *error = pipe->ops->open(pipe);
    if (error == NULL)
    {
        pipe->worker_count = pipe_workers(pipe);
        morsels_make(pipe);
        team_run(pipe->task->team, pipe->worker_count, pipe_work, pipe);
        workers_collect(pipe);
    }
    if (pipe->ops->close != NULL)
        pipe->ops->close(pipe);
    return error;
}

Error *pipe_run(Task *task, int32_t index)
{
    const SpecPipeline *spec = &task->spec->pipelines[index];
    Pipe *pipe = ARENA_NEW(task->arena, Pipe);
    pipe->task = task;
    pipe->spec = spec;
    pipe->index = index;
    pipe->ops = SOURCE_OPS[spec->source];
    pipe->source = spec->source == SOURCE_STORE ? &task->stores[spec->source_index] : NULL;
    pipe->sink = &task->stores[spec->sink];
    bool more = true;
    Error *error = join_passes_begin(task, spec, &pipe->again);
    while (error == NULL && more)
    {
        error = pipe_once(pipe);
        more = false;
        if (error == NULL && !atomic_load(&task->stop) && pipe->again)
            error = join_passes_next(task, spec, &more);
    }
    join_passes_end(task, spec);
    task_fail(task, error);
    return task->error == NULL ? task_check(task) : error_elsewhere();
}
