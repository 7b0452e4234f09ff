/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WINDOW stores.  Rows are sorted by partition and order; when all are there,
 * window functions fill fields of each:
 *
 *     order:  | a a a a | b b | c c c c c c c c c c c c c c c c c | d |
 *     jobs:   '----- 0 -----' '------ 1 ------' '------ 2 ------'   3
 *                               (large: one a function)
 *
 * A job takes partitions of together some thousand rows, or one function over one large partition.
 */
#include "src/run/run_spill.h"
#include "src/run/run_window.h"

#include "mpi/agree.h"

#define JOB_ROWS        16384
#define PARTITION_LARGE 65536

typedef struct WindowJob
{
    int64_t first, end; /* partitions */
    int32_t window;     /* -1: all */
} WindowJob;

typedef struct Windows
{
    RtStore *store;
    int64_t partition_count;
    int64_t *from; /* partition_count + 1: rows of the order */
    size_t from_bytes;
    uint8_t *begins; /* by row: a partition begins */
    size_t begins_bytes;
    int32_t job_count;
    WindowJob *jobs;
} Windows;

Error *room_take(Partition *part, RoomId id, size_t count, size_t size, void **out)
{
    Room *room = &part->rooms[id];
    size_t need = (count > 0 ? count : 1) * size;
    if (room->bytes < need)
    {
        MemoryPool *memory = part->store->task->env.memory;
        memory_give(memory, room->piece, room->bytes);
        *room = (Room){NULL, 0};
        TRY(memory_take(memory, need, &room->piece, &room->bytes));
    }
    *out = room->piece;
    return NULL;
}

Error *result_set(Partition *part, const SpecWindow *window, int32_t i, const Datum *value)
{
    const RowField *field = &part->layout->fields[window->result];
    if (value->null && field->null_offset < 0)
        return error_new(SQLSTATE_INTERNAL_ERROR, "a window function gave null where none may be");
    row_set(part->layout, part->rows[i], window->result, value);
    return NULL;
}

/* ---- a job ---- */

static Error *partition_compute(Partition *part, int32_t only)
{
    const SpecStore *spec = part->store->spec;
    TRY(partition_groups(part));
    for (int32_t w = 0; w < spec->window_count; w++)
    {
        const SpecWindow *window = &spec->windows[w];
        if (only >= 0 && w != only)
            continue;
        if (atomic_load_explicit(&part->store->task->stop, memory_order_relaxed))
            return error_elsewhere();
        TRY(task_check(part->store->task));
        if (window->window != WINDOW_NONE)
            TRY(window_function(part, window));
        else if (window_is_list(window))
            TRY(window_list(part, window));
        else
            TRY(window_aggregate(part, window));
    }
    return NULL;
}

static Error *partitions_compute(const Windows *windows, const WindowJob *job, Partition *part)
{
    for (int64_t p = job->first; p < job->end; p++)
    {
        int64_t count = windows->from[p + 1] - windows->from[p];
        if (count >= INT32_MAX)
            return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a partition of a window has more than %d rows",
                             INT32_MAX - 1);
        part->rows = windows->store->order.rows + windows->from[p];
        part->count = (int32_t) count;
        TRY(partition_compute(part, job->window));
    }
    return NULL;
}

static Error *job_run(void *context, int32_t number)
{
    Windows *windows = context;
    RtStore *store = windows->store;
    Partition part = {.store = store, .layout = store->layout};
    bag_init(&part.strs, store->task->env.memory, store->stride);
    Error *error = partitions_compute(windows, &windows->jobs[number], &part);
    for (int32_t r = 0; r < ROOM_COUNT; r++)
        memory_give(store->task->env.memory, part.rooms[r].piece, part.rooms[r].bytes);
    pthread_mutex_lock(&store->task->lock);
    bag_append(&store->parts[0].bag, &part.strs);
    pthread_mutex_unlock(&store->task->lock);
    return error;
}

static void jobs_make(Windows *windows, int64_t rows)
{
    const SpecStore *spec = windows->store->spec;
    /* two small jobs in a row have more than JOB_ROWS, unless a large partition stands between them */
    int64_t most = 2 * rows / JOB_ROWS + (rows / PARTITION_LARGE) * (spec->window_count + 1) + 2;
    windows->jobs = ARENA_ARRAY(windows->store->task->arena, WindowJob, most);
    WindowJob job = {.window = -1};
    int64_t pending = 0;
    for (int64_t p = 0; p < windows->partition_count; p++)
    {
        int64_t count = windows->from[p + 1] - windows->from[p];
        bool large = count >= PARTITION_LARGE;
        if (pending > 0 && (large || pending + count > JOB_ROWS))
        {
            job.end = p;
            windows->jobs[windows->job_count++] = job;
            pending = 0;
        }
        for (int32_t w = 0; large && w < spec->window_count; w++)
            windows->jobs[windows->job_count++] = (WindowJob){p, p + 1, w};
        if (large)
            continue;
        if (pending == 0)
            job.first = p;
        pending += count;
    }
    job.end = windows->partition_count;
    if (pending > 0)
        windows->jobs[windows->job_count++] = job;
    ASSERT(windows->job_count <= most);
}

/* ---- partitions ---- */

static Error *begins_find(void *context, int32_t number)
{
    Windows *windows = context;
    const RtStore *store = windows->store;
    const SpecStore *spec = store->spec;
    int64_t from = (int64_t) number * JOB_ROWS, to = from + JOB_ROWS;
    char *const *rows = store->order.rows;
    for (int64_t i = from; i < to && i < store->order.count; i++)
        windows->begins[i] =
            i == 0 || row_compare(store->layout, spec->sort, spec->partition_count, rows[i - 1], rows[i]) != 0;
    return NULL;
}

static Error *partitions_find(Windows *windows, int64_t rows)
{
    RtStore *store = windows->store;
    void *piece;
    TRY(memory_take(store->task->env.memory, (size_t) rows, &piece, &windows->begins_bytes));
    windows->begins = piece;
    TRY(task_parts(store->task, (int32_t) ((rows + JOB_ROWS - 1) / JOB_ROWS), rows, begins_find, windows));
    for (int64_t i = 0; i < rows; i++)
        windows->partition_count += windows->begins[i];
    TRY(memory_take(store->task->env.memory, (size_t) (windows->partition_count + 1) * sizeof(int64_t), &piece,
                    &windows->from_bytes));
    windows->from = piece;
    int64_t p = 0;
    for (int64_t i = 0; i < rows; i++)
        if (windows->begins[i])
            windows->from[p++] = i;
    windows->from[p] = rows;
    return NULL;
}

static Error *windows_fill(Windows *windows)
{
    RtStore *store = windows->store;
    int64_t rows = store->order.count;
    TRY(partitions_find(windows, rows));
    jobs_make(windows, rows);
    return task_parts(store->task, windows->job_count, rows, job_run, windows);
}

Error *windows_compute(RtStore *store)
{
    Windows windows = {.store = store};
    Error *error = windows_fill(&windows);
    memory_give(store->task->env.memory, windows.begins, windows.begins_bytes);
    memory_give(store->task->env.memory, windows.from, windows.from_bytes);
    return error;
}

static Error *window_finish(RtStore *store)
{
    int64_t rows = store_rows(store);
    if (store_spilled(store))
        return window_spill_finish(store);
    if (rows == 0)
        return NULL;
    TRY(store->spec->sort_count > 0 ? sort_finish(store) : store_order_bags(store, 0, rows));
    return windows_compute(store);
}

const StoreOps window_ops = {
    .open = store_bag_open,
    .reserve = store_bag_reserve,
    .commit = store_bag_commit,
    .str = store_bag_str,
    .spill = window_spill,
    .finish = window_finish,
    .close = store_bag_close,
};
