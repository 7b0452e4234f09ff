/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RETURN: rows for the client.  Where the source is in memory or in order, the
 * pipeline runs in the session's own thread and each batch goes to the sink as
 * it is committed (task_return); from a table the team fills a bag first.
 * OFFSET and LIMIT are applied here, whichever way.
 */
#include "src/run/run.h"
#include "src/run/run_spill.h"

/* Passes rows [from, from + n) of the result on, as far as OFFSET and LIMIT let them. */
static Error *rows_give(RtStore *store, const char *rows, int32_t n, int64_t from)
{
    const SpecStore *spec = store->spec;
    int64_t first = spec->offset > from ? spec->offset - from : 0, end = n;
    if (spec->limit >= 0 && spec->offset + spec->limit - from < end)
        end = spec->offset + spec->limit - from;
    if (first >= end)
        return NULL;
    Task *task = store->task;
    task->returned += end - first;
    return task->sink->rows(task->sink->context, store->layout, rows + first * store->stride, end - first);
}

static Error *return_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    RowBag *bag = &store->parts[worker->index].bag;
    int64_t before = atomic_fetch_add_explicit(&store->rows, used, memory_order_relaxed);
    if (!store->immediate)
    {
        bag_commit(bag, used);
        return NULL;
    }
    if (used == 0)
        return NULL;
    return rows_give(store, bag->last->data, used, before); /* not committed: the room is used again */
}

static Error *return_str(RtWorker *worker, RtStore *store, const Str *s, Str *out)
{
    if (!store->immediate)
        return bag_str(&store->parts[worker->index].bag, s, out);
    *out = *s; /* lives as long as the batch */
    return NULL;
}

/* Hands out what the team put into the bags. */
Error *return_give_bags(RtStore *store)
{
    Task *task = store->task;
    int64_t from = 0;
    for (int32_t b = 0; b < store->disk.count; b++)
    {
        RowChunk *chunk;
        TRY(task_check(task));
        TRY(spill_read(task->scratch, task->env.memory, store->layout, &store->disk.blocks[b], &chunk));
        Error *error = rows_give(store, chunk->data, chunk->rows, from);
        from += chunk->rows;
        memory_give(task->env.memory, chunk, chunk->bytes);
        TRY(error);
    }
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        RowChunk *chunk = store->parts[w].bag.first;
        int32_t at = 0, n;
        for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, RT_BATCH, &n)) != NULL; from += n)
        {
            TRY(task_check(store->task));
            TRY(rows_give(store, rows, n, from));
        }
    }
    return NULL;
}

const StoreOps return_ops = {
    .open = store_bag_open,
    .reserve = store_bag_reserve,
    .commit = return_commit,
    .str = return_str,
    .spill = store_bag_spill,
    .close = store_bag_close,
};
