/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources that are not tables: one row, a finished store, packed rows of the
 * leader; and how morsels are dealt out: every worker has a range of its own,
 * and helps the others when it is through.
 */
#include "src/run/run.h"

#define ORDER_MORSEL_ROWS 8192
#define NUMBERS_FEW_ROWS  1024 /* of no more than these the numbers are dealt out, not only the rows */
#define NUMBERS_PIECES    8    /* then, a worker */

bool morsel_take(Morsels *morsels, int32_t worker, int64_t *morsel)
{
    for (int32_t i = 0; i < morsels->range_count; i++)
    {
        int32_t r = (worker + i) % morsels->range_count;
        if (atomic_load_explicit(&morsels->ranges[r].next, memory_order_relaxed) >= morsels->ranges[r].end)
            continue;
        int64_t taken = atomic_fetch_add_explicit(&morsels->ranges[r].next, 1, memory_order_relaxed);
        if (taken < morsels->ranges[r].end)
        {
            *morsel = taken;
            return true;
        }
    }
    return false;
}

/* ---- one row without columns ---- */

static Error *one_open(Pipe *pipe)
{
    pipe->morsel_count = 1;
    return NULL;
}

static void one_begin(RtScan *scan, int64_t morsel)
{
    (void) morsel;
    scan->at = 0;
}

static int32_t one_next(RtScan *scan)
{
    return scan->at++ == 0;
}

static int32_t one_rows(RtScan *scan, const char **rows)
{
    *rows = "";
    return one_next(scan);
}

const SourceOps source_one_ops = {.open = one_open, .begin = one_begin, .next = one_next, .rows = one_rows};

/* ---- a finished store ---- */

/* Ordered stores: runs of pointers.  Others: one morsel a chunk, numbered through the parts. */
static Error *store_open(Pipe *pipe)
{
    RtStore *store = pipe->source;
    ASSERT(store->finished || store->exchange != NULL);
    bool live = false;
    if (store->exchange != NULL)
        TRY(exchange_read_begin(store, pipe->again, &live));
    if (store->order.rows != NULL)
    {
        pipe->morsel_count = (store->order.count + ORDER_MORSEL_ROWS - 1) / ORDER_MORSEL_ROWS;
        return NULL;
    }
    int64_t rows = 0;
    pipe->morsel_count = store->disk.count;
    for (int32_t w = 0; w < pipe->task->worker_count; w++)
    {
        rows += store->parts[w].bag.rows;
        for (RowChunk *chunk = store->parts[w].bag.first; chunk != NULL; chunk = chunk->next)
            pipe->morsel_count++;
    }
    pipe->pieces = store->spec->numbered && rows <= NUMBERS_FEW_ROWS ? NUMBERS_PIECES * pipe->task->worker_count : 1;
    pipe->morsel_count *= pipe->pieces;
    pipe->live_from = pipe->morsel_count;
    if (live)
        pipe->morsel_count += pipe->task->worker_count; /* each takes buffers as they come */
    return NULL;
}

static RowChunk *chunk_number(const RtStore *store, int64_t number)
{
    for (int32_t w = 0; w < store->task->worker_count; w++)
        for (RowChunk *chunk = store->parts[w].bag.first; chunk != NULL; chunk = chunk->next)
            if (number-- == 0)
                return chunk;
    ASSERT(number < 0);
    return NULL;
}

static void chunk_leave(RtScan *scan)
{
    if (scan->chunk_read)
        memory_give(scan->worker->task->env.memory, scan->chunk, scan->chunk->bytes);
    scan->chunk = NULL;
    scan->chunk_read = false;
}

static void block_begin(RtScan *scan, const RtStore *store, const SpillBlock *block)
{
    const Task *task = store->task;
    Error *error = spill_read(task->scratch, task->env.memory, store->layout, block, &scan->chunk);
    scan->chunk_read = error == NULL;
    worker_fail(scan->worker, error);
}

static void store_begin(RtScan *scan, int64_t morsel)
{
    RtStore *store = scan->pipe->source;
    chunk_leave(scan);
    if (store->order.rows != NULL)
    {
        int64_t end = (morsel + 1) * ORDER_MORSEL_ROWS;
        scan->at = morsel * ORDER_MORSEL_ROWS;
        scan->to = end < store->order.count ? end : store->order.count;
        return;
    }
    scan->chunk_at = 0;
    scan->at = -1;
    scan->piece = morsel % scan->pipe->pieces;
    scan->exchange = morsel >= scan->pipe->live_from ? store->exchange : NULL;
    if (scan->exchange != NULL)
        return;
    morsel /= scan->pipe->pieces;
    if (morsel < store->disk.count)
        block_begin(scan, store, &store->disk.blocks[morsel]);
    else
        scan->chunk = chunk_number(store, morsel - store->disk.count);
}

/* Room for a batch of the store's rows; false: the worker has failed. */
static bool gather_room(RtScan *scan)
{
    const RtStore *store = scan->pipe->source;
    size_t need = (size_t) RT_BATCH * (size_t) store->stride;
    if (scan->gather_bytes >= need)
        return true;
    memory_give(store->task->env.memory, scan->gather, scan->gather_bytes);
    scan->gather = NULL;
    scan->gather_bytes = 0;
    void *piece;
    Error *error = memory_take(store->task->env.memory, need, &piece, &scan->gather_bytes);
    worker_fail(scan->worker, error);
    if (error != NULL)
        return false;
    scan->gather = piece;
    return true;
}

static int32_t store_rows_ordered(RtScan *scan, const char **rows)
{
    RtStore *store = scan->pipe->source;
    int64_t left = scan->to - scan->at;
    int32_t n = left < RT_BATCH ? (int32_t) left : RT_BATCH;
    if (n <= 0)
        return 0;
    if (!gather_room(scan))
        return 0;
    char *const *from = store->order.rows + scan->at;
    size_t stride = (size_t) store->stride;
    for (int32_t i = 0; i < n; i++)
    {
        if (i + 8 < n)
            __builtin_prefetch(from[i + 8]);
        memcpy(scan->gather + (size_t) i * stride, from[i], stride);
    }
    scan->at += n;
    *rows = scan->gather;
    return n;
}

/* Where piece `piece` of the numbers below `count` begins. */
static int64_t piece_begin(int64_t count, int64_t piece, int64_t pieces)
{
    return (int64_t) ((__int128) count * piece / pieces);
}

/* Each row as often as its count says, with a number in that field: this morsel's piece of the numbers. */
static int32_t store_rows_numbered(RtScan *scan, const char **rows)
{
    const RtStore *store = scan->pipe->source;
    RowChunk *chunk = scan->chunk;
    const RowLayout *layout = store->layout;
    size_t stride = (size_t) store->stride, offset = (size_t) layout->fields[layout->field_count - 1].offset;
    int32_t n = 0;
    if (chunk == NULL || !gather_room(scan))
        return 0;
    while (n < RT_BATCH && scan->chunk_at < chunk->rows)
    {
        const char *row = chunk->data + (size_t) scan->chunk_at * stride;
        if (scan->at < 0)
        {
            int64_t count;
            memcpy(&count, row + offset, sizeof count);
            count = count < 0 ? 0 : count;
            scan->at = piece_begin(count, scan->piece, scan->pipe->pieces);
            scan->to = piece_begin(count, scan->piece + 1, scan->pipe->pieces);
        }
        for (; n < RT_BATCH && scan->at < scan->to; n++, scan->at++)
        {
            char *out = scan->gather + (size_t) n * stride;
            memcpy(out, row, stride);
            memcpy(out + offset, &scan->at, sizeof scan->at);
        }
        if (scan->at == scan->to)
        {
            scan->at = -1;
            scan->chunk_at++;
        }
    }
    *rows = scan->gather;
    return n;
}

static int32_t store_next_rows(RtScan *scan, const char **rows)
{
    RtStore *store = scan->pipe->source;
    if (store->spec->numbered)
        return store_rows_numbered(scan, rows);
    if (scan->exchange != NULL)
        return exchange_rows_next(scan, rows);
    if (store->order.rows != NULL)
        return store_rows_ordered(scan, rows);
    RowChunk *chunk = scan->chunk;
    if (chunk == NULL)
        return 0;
    int32_t left = chunk->rows - scan->chunk_at, n = left < RT_BATCH ? left : RT_BATCH;
    *rows = chunk->data + (size_t) scan->chunk_at * (size_t) store->stride;
    scan->chunk_at += n;
    return n;
}

static void store_end(RtScan *scan)
{
    if (scan->exchange != NULL)
        exchange_rows_end(scan);
    scan->exchange = NULL;
    chunk_leave(scan);
    memory_give(scan->worker->task->env.memory, scan->gather, scan->gather_bytes);
    scan->gather = NULL;
    scan->gather_bytes = 0;
}

const SourceOps source_store_ops = {
    .open = store_open, .begin = store_begin, .rows = store_next_rows, .end = store_end};

/* ---- rows the leader packed ---- */

static Error *values_open(Pipe *pipe)
{
    const SpecValues *values = &pipe->task->spec->values[pipe->spec->source_index];
    void *copy = arena_memdup(pipe->task->arena, values->packed, values->packed_bytes), *rows;
    TRY(row_unpack(values->layout, copy, values->packed_bytes, &rows, &pipe->values_count));
    pipe->values_rows = rows;
    pipe->values_layout = values->layout;
    pipe->morsel_count = (pipe->values_count + ORDER_MORSEL_ROWS - 1) / ORDER_MORSEL_ROWS;
    return NULL;
}

static void values_begin(RtScan *scan, int64_t morsel)
{
    int64_t end = (morsel + 1) * ORDER_MORSEL_ROWS;
    scan->at = morsel * ORDER_MORSEL_ROWS;
    scan->to = end < scan->pipe->values_count ? end : scan->pipe->values_count;
}

static int32_t values_next_rows(RtScan *scan, const char **rows)
{
    int64_t left = scan->to - scan->at;
    int32_t n = left < RT_BATCH ? (int32_t) left : RT_BATCH;
    *rows = scan->pipe->values_rows + scan->at * scan->pipe->values_layout->stride;
    scan->at += n;
    return n > 0 ? n : 0;
}

const SourceOps source_values_ops = {.open = values_open, .begin = values_begin, .rows = values_next_rows};
