/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HASH stores on disk, by partition of the key.  What probes one runs in passes:
 *
 *     disk:  |p0|p1|p2|p3|p4|p5| ...
 *     pass 0: p0 p1 p2 in memory, with a directory; all rows of the probe side go by
 *     pass 1:          p3 p4 ...
 *
 * A key meets its rows in the one pass that has its partition.  Rows of the
 * probe side whose key belongs to another pass are not given as unmatched
 * (join_in_pass()).  A pipeline that probes several such stores takes all
 * combinations of their passes.  One partition must fit the memory.
 */
#include "src/run/run_spill.h"

#include <stdlib.h>

#define DIRECTORY_ROW_BYTES 144 /* an array with gaps, or slots half full, in powers of two; a bitmap */

bool join_is_spilled(const RtStore *store)
{
    return store->join.parts != NULL;
}

static Error *part_spill(void *context, int32_t part)
{
    return store_parted_spill(context, part);
}

Error *join_spill_finish(RtStore *store)
{
    Task *task = store->task;
    hash_directory_free(store);
    TRY(task_parts(task, task->worker_count, INT64_MAX, part_spill, store));
    store->join.parts = calloc(SPILL_PARTITIONS, sizeof *store->join.parts);
    ASSERT(store->join.parts != NULL);
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        RtPart *part = &store->parts[w];
        for (int32_t p = 0; p < part->run_count; p++)
            spill_run_append(&store->join.parts[p], &part->runs[p]);
        free(part->runs);
        part->runs = NULL;
        part->run_count = 0;
    }
    return NULL;
}

void join_spill_close(RtStore *store)
{
    for (int32_t p = 0; p < SPILL_PARTITIONS && store->join.parts != NULL; p++)
        spill_run_clear(store->task->scratch, &store->join.parts[p]);
    free(store->join.parts);
    store->join.parts = NULL;
}

/* ---- a pass ---- */

static void pass_unload(RtStore *store)
{
    hash_directory_free(store);
    for (int32_t w = 0; w < store->task->worker_count; w++)
        bag_clear(&store->parts[w].bag);
}

typedef struct PassRead
{
    RtStore *store;
    int32_t block_count;
    _Atomic int32_t next;
    const SpillBlock **blocks;
} PassRead;

static Error *blocks_read(void *context, int32_t part)
{
    PassRead *pass = context;
    RtStore *store = pass->store;
    Task *task = store->task;
    for (int32_t b; (b = atomic_fetch_add(&pass->next, 1)) < pass->block_count;)
    {
        RowChunk *chunk;
        TRY(task_check(task));
        TRY(spill_read(task->scratch, task->env.memory, store->layout, pass->blocks[b], &chunk));
        char *rows;
        TRY(bag_take(&store->parts[part].bag, store->layout, chunk, pass->blocks[b]->packed_bytes, &rows));
    }
    return NULL;
}

static Error *pass_read(RtStore *store)
{
    Task *task = store->task;
    PassRead pass = {.store = store};
    for (int32_t p = store->join.from; p < store->join.to; p++)
        pass.block_count += store->join.parts[p].count;
    pass.blocks = calloc((size_t) pass.block_count + 1, sizeof *pass.blocks);
    ASSERT(pass.blocks != NULL);
    int32_t at = 0;
    for (int32_t p = store->join.from; p < store->join.to; p++)
        for (int32_t b = 0; b < store->join.parts[p].count; b++)
            pass.blocks[at++] = &store->join.parts[p].blocks[b];
    Error *error = task_parts(task, task->worker_count, INT64_MAX, blocks_read, &pass);
    free(pass.blocks);
    return error;
}

/* Partitions from `from` on, as many as fit `room` bytes. */
static Error *pass_load(RtStore *store, int32_t from, int64_t room)
{
    JoinSpill *join = &store->join;
    pass_unload(store);
    join->from = join->to = from;
    for (; join->to < SPILL_PARTITIONS; join->to++)
    {
        const SpillRun *run = &join->parts[join->to];
        room -= run->packed_bytes * 2 + run->rows * DIRECTORY_ROW_BYTES; /* pieces are powers of two */
        if (room < 0 && join->to > from)
            break;
    }
    TRY(pass_read(store));
    return hash_directory_make(store);
}

/* ---- the passes of a pipeline ---- */

/* What each of the stores on disk may take of the memory. */
static int64_t pass_room(const Task *task, const SpecPipeline *pipeline)
{
    int64_t count = 0, used = atomic_load(&task->env.budget->used_bytes);
    for (int32_t i = 0; i < pipeline->probe_count; i++)
    {
        const RtStore *store = &task->stores[pipeline->probes[i]];
        count += join_is_spilled(store);
        used -= join_is_spilled(store) ? store_bytes(store) + hash_directory_bytes(store) : 0;
    }
    int64_t room = (task->soft_bytes - used) / 2 / (count > 0 ? count : 1);
    return room > 0 ? room : 0;
}

Error *join_passes_begin(Task *task, const SpecPipeline *pipeline, bool *many)
{
    int64_t room = pass_room(task, pipeline);
    *many = false;
    for (int32_t i = 0; i < pipeline->probe_count; i++)
    {
        RtStore *store = &task->stores[pipeline->probes[i]];
        if (!join_is_spilled(store))
            continue;
        TRY(pass_load(store, 0, room));
        *many |= store->join.to < SPILL_PARTITIONS;
    }
    return NULL;
}

Error *join_passes_next(Task *task, const SpecPipeline *pipeline, bool *more)
{
    int64_t room = pass_room(task, pipeline);
    *more = false;
    for (int32_t i = 0; i < pipeline->probe_count && !*more; i++)
    {
        RtStore *store = &task->stores[pipeline->probes[i]];
        if (!join_is_spilled(store))
            continue;
        *more = store->join.to < SPILL_PARTITIONS;
        if (*more || store->join.from > 0)
            TRY(pass_load(store, *more ? store->join.to : 0, room));
    }
    return NULL;
}

void join_passes_end(Task *task, const SpecPipeline *pipeline)
{
    for (int32_t i = 0; i < pipeline->probe_count; i++)
    {
        RtStore *store = &task->stores[pipeline->probes[i]];
        if (store->parts != NULL && join_is_spilled(store))
            pass_unload(store);
    }
}
