/* SPDX-License-Identifier: Apache-2.0 */
/* When stores turn to disk, and those whose rows are read as they came: see run_spill.h. */
#include "src/run/run_spill.h"

#include <stdlib.h>

#define SOFT_NUMERATOR   5 /* of the Budget, in eighths */
#define PART_BYTES_MIN   (INT64_C(512) * 1024) /* less is not worth a block */
#define PART_SHARE       64 /* nor is less than this part of the Budget, by worker */
#define SORT_ROW_BYTES   48 /* entries and pointers, in powers of two */
#define SPLIT_ROW_BYTES  32 /* a second set of entries */
#define WINDOW_ROW_BYTES 48 /* begins of partitions, frames */
#define HASH_ROW_BYTES   144 /* an array or slots, and a bitmap */
#define AGG_ROW_BYTES    48 /* pointers, order, a partition's slots */

void task_spill_init(Task *task)
{
    task->soft_bytes = task->env.budget->limit_bytes / 8 * SOFT_NUMERATOR;
    task->scratch = scratch_new(task->env.directory);
    for (int32_t i = 0; i < task->spec->store_count; i++)
    {
        RtStore *store = &task->stores[i];
        bool several = task->worker_count > 1;
        int64_t bytes = 0;
        switch ((StoreKind) store->spec->kind)
        {
        case STORE_WINDOW:
            bytes = SORT_ROW_BYTES + (several ? SPLIT_ROW_BYTES : 0) + WINDOW_ROW_BYTES;
            break;
        case STORE_SORT:
            bytes = store->spec->sort_count == 0 ? 0 : SORT_ROW_BYTES + (several ? SPLIT_ROW_BYTES : 0);
            break;
        case STORE_HASH:
            bytes = store->spec->key_mode == KEY_NONE ? 0 : HASH_ROW_BYTES;
            break;
        case STORE_AGG:
            bytes = several ? AGG_ROW_BYTES : 0;
            break;
        default:
            break;
        }
        store->finish_row_bytes = bytes * task->worker_count;
    }
}

/* ---- a part's runs ---- */

SpillRun *part_run(RtPart *part, int32_t n)
{
    if (n >= part->run_count)
    {
        part->runs = realloc(part->runs, sizeof *part->runs * (size_t) (n + 1));
        ASSERT(part->runs != NULL);
        memset(part->runs + part->run_count, 0, sizeof *part->runs * (size_t) (n + 1 - part->run_count));
        part->run_count = n + 1;
    }
    return &part->runs[n];
}

bool store_spilled(const RtStore *store)
{
    for (int32_t w = 0; w < store->task->worker_count; w++)
        if (store->parts[w].run_count > 0)
            return true;
    return false;
}

void store_spill_gather(RtStore *store)
{
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        RtPart *part = &store->parts[w];
        for (int32_t r = 0; r < part->run_count; r++)
            spill_run_append(&store->disk, &part->runs[r]);
        free(part->runs);
        part->runs = NULL;
        part->run_count = 0;
    }
}

void store_spill_close(RtStore *store)
{
    store_spill_gather(store);
    spill_run_clear(store->task->scratch, &store->disk);
}

/* ---- rows to disk ---- */

static Error *writer_open(RtStore *store, SpillRun *run, SpillWriter *writer)
{
    return spill_open(writer, store->task->scratch, store->task->env.memory, store->layout, run);
}

static Error *bag_write(const RtStore *store, const RowBag *bag, SpillWriter *writer)
{
    RowChunk *chunk = bag->first;
    int32_t at = 0, n;
    for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++, rows += store->stride)
            TRY(spill_add(writer, rows));
    return spill_flush(writer);
}

Error *bag_spill(RtStore *store, RowBag *bag, SpillRun *run)
{
    SpillWriter writer;
    Error *error = writer_open(store, run, &writer);
    if (error == NULL)
        error = bag_write(store, bag, &writer);
    spill_close(&writer);
    bag_clear(bag);
    return error;
}

Error *store_bag_spill(RtStore *store, int32_t part)
{
    return bag_spill(store, &store->parts[part].bag, part_run(&store->parts[part], 0));
}

/* ---- rows to disk by key ---- */

static uint64_t row_key(const char *row)
{
    return ((const RowHeader *) (const void *) row)->key;
}

/* Pointers to the rows of a bag, by partition; end[p]: behind the last one of partition p. */
static void rows_scatter(const RtStore *store, const RowBag *bag, const char **rows, int64_t *end)
{
    RowChunk *chunk = bag->first;
    int32_t at = 0, n;
    memset(end, 0, sizeof *end * SPILL_PARTITIONS);
    for (const char *run; (run = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++)
            end[spill_partition(row_key(run + (int64_t) i * store->stride))]++;
    int64_t sum = 0;
    for (int32_t p = 0; p < SPILL_PARTITIONS; p++)
    {
        int64_t count = end[p];
        end[p] = sum;
        sum += count;
    }
    chunk = bag->first;
    at = 0;
    for (const char *run; (run = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++, run += store->stride)
            rows[end[spill_partition(row_key(run))]++] = run;
}

static Error *parted_write(RtStore *store, RtPart *part, const char **rows, const int64_t *end)
{
    SpillWriter writer;
    Error *error = writer_open(store, NULL, &writer);
    int64_t i = 0;
    for (int32_t p = 0; p < SPILL_PARTITIONS && error == NULL; p++)
    {
        writer.run = &part->runs[p];
        for (; i < end[p] && error == NULL; i++)
            error = spill_add(&writer, rows[i]);
        if (error == NULL)
            error = spill_flush(&writer);
    }
    spill_close(&writer);
    return error;
}

Error *store_parted_spill(RtStore *store, int32_t number)
{
    RtPart *part = &store->parts[number];
    MemoryPool *memory = store->task->env.memory;
    int64_t end[SPILL_PARTITIONS];
    void *rows;
    size_t bytes;
    part_run(part, SPILL_PARTITIONS - 1);
    if (part->bag.rows == 0)
        return NULL;
    TRY(memory_take(memory, (size_t) part->bag.rows * sizeof(char *), &rows, &bytes));
    rows_scatter(store, &part->bag, rows, end);
    Error *error = parted_write(store, part, rows, end);
    memory_give(memory, rows, bytes);
    bag_clear(&part->bag);
    return error;
}

/* ---- when ---- */

Error *store_turn_to_disk(RtWorker *worker, RtStore *store)
{
    Task *task = store->task;
    RtPart *part = &store->parts[worker->index];
    int64_t least = task->env.budget->limit_bytes / PART_SHARE / task->worker_count;
    least = least > PART_BYTES_MIN ? least : PART_BYTES_MIN;
    if (store->ops->spill == NULL || part->bag.bytes < least)
        return NULL;
    return store->ops->spill(store, worker->index);
}

/* ---- between pipelines ---- */

bool pipeline_is_mine(const Task *task, int32_t index)
{
    return (task->roles & (task->spec->pipelines[index].on_leader ? TASK_LEADER : TASK_COMPUTE)) != 0;
}

static bool pipeline_uses(const SpecPipeline *pipeline, int32_t store)
{
    bool uses = pipeline->sink == store || (pipeline->source == SOURCE_STORE && pipeline->source_index == store);
    for (int32_t i = 0; i < pipeline->probe_count; i++)
        uses |= pipeline->probes[i] == store;
    return uses;
}

void task_release(Task *task, int32_t index)
{
    for (int32_t s = 0; s < task->spec->store_count; s++)
    {
        RtStore *store = &task->stores[s];
        StoreKind kind = (StoreKind) store->spec->kind;
        bool needed = store->parts == NULL || !store->finished || kind == STORE_RETURN || kind == STORE_APPEND ||
                      store->exchange != NULL;
        for (int32_t i = index + 1; i < task->spec->pipeline_count && !needed; i++)
            needed = pipeline_is_mine(task, i) && pipeline_uses(&task->spec->pipelines[i], s);
        if (needed)
            continue;
        store->ops->close(store);
        store->parts = NULL;
    }
}

static Error *order_write(const RtStore *store, SpillWriter *writer)
{
    for (int64_t i = 0; i < store->order.count; i++)
        TRY(spill_add(writer, store->order.rows[i]));
    return spill_flush(writer);
}

static Error *rows_evict(RtStore *store)
{
    SpillWriter writer;
    Error *error = writer_open(store, &store->disk, &writer);
    if (error == NULL && store->order.rows != NULL)
        error = order_write(store, &writer);
    for (int32_t w = 0; w < store->task->worker_count && error == NULL && store->order.rows == NULL; w++)
        error = bag_write(store, &store->parts[w].bag, &writer);
    spill_close(&writer);
    TRY(error);
    for (int32_t w = 0; w < store->task->worker_count; w++)
        bag_clear(&store->parts[w].bag);
    memory_give(store->task->env.memory, store->order.rows, store->order.bytes);
    store->order = (RowOrder){0};
    return NULL;
}

static Error *store_evict(RtStore *store)
{
    if (store->spec->kind != STORE_HASH)
        return rows_evict(store);
    return join_is_spilled(store) ? NULL : join_spill_finish(store);
}

static bool store_can_leave(const RtStore *store)
{
    if (store->parts == NULL || !store->finished || store->exchange != NULL || store_bytes(store) == 0)
        return false;
    switch ((StoreKind) store->spec->kind)
    {
    case STORE_APPEND:
    case STORE_RETURN:
        return false;
    case STORE_HASH:
        return store->spec->key_mode != KEY_NONE;
    default:
        return true;
    }
}

/* The largest store in memory that may leave it: of those the pipeline probes, or of those it has nothing to do with. */
static RtStore *store_largest(Task *task, const SpecPipeline *pipeline, bool probed)
{
    RtStore *largest = NULL;
    for (int32_t s = 0; s < task->spec->store_count; s++)
    {
        RtStore *store = &task->stores[s];
        bool used = pipeline_uses(pipeline, s);
        if (!store_can_leave(store) || used != probed || (probed && store->spec->kind != STORE_HASH))
            continue;
        if (largest == NULL || store_bytes(store) > store_bytes(largest))
            largest = store;
    }
    return largest;
}

/* A build side that is used must leave room for what the pipeline makes. */
Error *task_make_room(Task *task, int32_t index)
{
    const SpecPipeline *pipeline = &task->spec->pipelines[index];
    const Budget *budget = task->env.budget;
    for (int32_t probed = 0; probed < 2; probed++)
        while (atomic_load(&budget->used_bytes) > task->soft_bytes / 2 + probed * (task->soft_bytes / 4))
        {
            RtStore *store = store_largest(task, pipeline, probed);
            if (store == NULL)
                break;
            TRY(store_evict(store));
        }
    return NULL;
}
