/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of all workers become those of the store, by partition, so that no two threads ever share a group:
 *
 *     worker 0  slots -> rows   --scatter by high bits of the key-->  partition 0: merge -> order
 *     worker 1  slots -> rows   --------------------------------->    partition 1: merge -> order
 *
 * Arrays by key are merged in place, a partition being a range of keys.
 */
#include "src/run/run.h"

#define MERGE_ALONE    4096 /* groups up to which one thread merges all */
#define MERGE_ROWS     8192 /* of a partition, so that its slots stay in the cache */
#define PARTITIONS_MAX 1024

Error *agg_merge_single(RtStore *store)
{
    char *result = NULL;
    for (int32_t p = 0; p < store->task->worker_count; p++)
    {
        char *row = store->parts[p].agg.single;
        if (row != NULL && result != NULL)
            TRY(group_merge(store->spec, result, row));
        else if (row != NULL)
            result = row;
    }
    if (result == NULL && store->spec->one_row)
        TRY(agg_group_new(store, &store->parts[0], 0, &result));
    TRY(store_order_new(store, result != NULL));
    store->order.rows[0] = result;
    return NULL;
}

typedef struct Merge
{
    RtStore *store;
    int32_t partitions; /* a power of two */
    int32_t bits;
    int64_t *from; /* where a partition's result begins in the order */
    int64_t *count;
    char **dense; /* the array that all groups come to stand in */
} Merge;

static int32_t partition_of(const Merge *merge, uint64_t key)
{
    return merge->bits == 0 ? 0 : (int32_t) ((key * UINT64_C(0xd6e8feb86659fd93)) >> (64 - merge->bits));
}

/* Sorts pointers to a worker's rows by partition. */
static Error *part_scatter(void *context, int32_t part)
{
    Merge *merge = context;
    RtStore *store = merge->store;
    AggPart *agg = &store->parts[part].agg;
    RowBag *bag = &store->parts[part].bag;
    int64_t *end = agg->partition_end;
    void *pointers;
    TRY(memory_take(store->task->env.memory, (size_t) (bag->rows > 0 ? bag->rows : 1) * sizeof(char *), &pointers,
                    &agg->pointers_bytes));
    agg->pointers = pointers;
    RowChunk *chunk = bag->first;
    int32_t at = 0, n;
    for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++)
            end[partition_of(merge, row_header(rows + i * (int64_t) store->stride)->key)]++;
    int64_t sum = 0;
    for (int32_t p = 0; p < merge->partitions; p++)
    {
        int64_t count = end[p];
        end[p] = sum;
        sum += count;
    }
    chunk = bag->first;
    at = 0;
    for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++)
        {
            char *row = (char *) row_header(rows + i * (int64_t) store->stride);
            agg->pointers[end[partition_of(merge, row_header(row)->key)]++] = row;
        }
    return NULL;
}

static Error *partition_merge_rows(Merge *merge, int32_t p, AggPart *table)
{
    RtStore *store = merge->store;
    bool hashed = store->spec->key_mode == KEY_HASHED;
    char **out = store->order.rows + merge->from[p];
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        const AggPart *agg = &store->parts[w].agg;
        for (int64_t i = p == 0 ? 0 : agg->partition_end[p - 1]; i < agg->partition_end[p]; i++)
        {
            char *row = agg->pointers[i];
            uint64_t key = row_header(row)->key;
            uint64_t at = key_spread(key) >> table->shift;
            while (table->slots[at].row != NULL &&
                   (table->slots[at].key != key ||
                    (hashed && !rows_keys_equal(store->layout, store->spec->key_count, table->slots[at].row, row))))
                at = (at + 1) & table->mask;
            if (table->slots[at].row != NULL)
            {
                TRY(group_merge(store->spec, table->slots[at].row, row));
                continue;
            }
            table->slots[at] = (KeySlot){key, row};
            out[merge->count[p]++] = row;
        }
    }
    return NULL;
}

static Error *partition_merge(void *context, int32_t p)
{
    Merge *merge = context;
    AggPart table = {.groups = 0};
    int64_t next = p + 1 < merge->partitions ? merge->from[p + 1] : merge->store->order.count;
    if (next == merge->from[p])
        return NULL;
    uint64_t entries = 16;
    while (entries < (uint64_t) (next - merge->from[p]) * 2)
        entries *= 2;
    TRY(agg_slots_new(merge->store, &table, entries));
    Error *error = partition_merge_rows(merge, p, &table);
    memory_give(merge->store->task->env.memory, table.slots, table.slots_bytes);
    return error;
}

/* ---- merging arrays ---- */

static int64_t dense_from(const Merge *merge, int32_t p)
{
    return merge->store->spec->key_entries / merge->partitions * p;
}

static int64_t dense_to(const Merge *merge, int32_t p)
{
    return p + 1 == merge->partitions ? merge->store->spec->key_entries : dense_from(merge, p + 1);
}

/* All workers' groups of a range of keys, into the first array there is. */
static Error *dense_merge(void *context, int32_t p)
{
    Merge *merge = context;
    RtStore *store = merge->store;
    char **into = merge->dense;
    int64_t to = dense_to(merge, p), count = 0;
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        char **dense = store->parts[w].agg.dense;
        for (int64_t key = dense_from(merge, p); key < to && dense != NULL && dense != into; key++)
        {
            if (dense[key] != NULL && into[key] != NULL)
                TRY(group_merge(store->spec, into[key], dense[key]));
            else if (dense[key] != NULL)
                into[key] = dense[key];
        }
    }
    for (int64_t key = dense_from(merge, p); key < to; key++)
        count += into[key] != NULL;
    merge->count[p] = count;
    return NULL;
}

static Error *dense_order(void *context, int32_t p)
{
    Merge *merge = context;
    int64_t to = dense_to(merge, p);
    char **out = merge->store->order.rows + merge->from[p];
    for (int64_t key = dense_from(merge, p); key < to; key++)
        if (merge->dense[key] != NULL)
            *out++ = merge->dense[key];
    return NULL;
}

Error *agg_merge_dense(RtStore *store, int64_t rows)
{
    Task *task = store->task;
    Merge merge = {.store = store, .partitions = rows > MERGE_ALONE ? task->worker_count * 4 : 1};
    merge.from = ARENA_ARRAY(task->arena, int64_t, merge.partitions);
    merge.count = ARENA_ARRAY(task->arena, int64_t, merge.partitions);
    for (int32_t w = task->worker_count - 1; w >= 0; w--)
        if (store->parts[w].agg.dense != NULL)
            merge.dense = store->parts[w].agg.dense;
    TRY(task_parts(task, merge.partitions, rows, dense_merge, &merge));
    int64_t sum = 0;
    for (int32_t p = 0; p < merge.partitions; p++)
    {
        merge.from[p] = sum;
        sum += merge.count[p];
    }
    TRY(store_order_new(store, sum));
    return task_parts(task, merge.partitions, rows, dense_order, &merge);
}

Error *agg_merge_groups(RtStore *store, int64_t rows)
{
    Task *task = store->task;
    Merge merge = {.store = store, .partitions = 1};
    while (rows > MERGE_ALONE && merge.partitions < PARTITIONS_MAX &&
           (merge.partitions < task->worker_count * 4 || rows / merge.partitions > MERGE_ROWS))
    {
        merge.partitions *= 2;
        merge.bits++;
    }
    merge.from = ARENA_ARRAY(task->arena, int64_t, merge.partitions);
    merge.count = ARENA_ARRAY(task->arena, int64_t, merge.partitions);
    for (int32_t w = 0; w < task->worker_count; w++)
        store->parts[w].agg.partition_end = ARENA_ARRAY(task->arena, int64_t, merge.partitions);
    TRY(task_parts(task, task->worker_count, rows, part_scatter, &merge));
    TRY(store_order_new(store, rows));
    int64_t sum = 0;
    for (int32_t p = 0; p < merge.partitions; p++)
    {
        merge.from[p] = sum;
        for (int32_t w = 0; w < task->worker_count; w++)
        {
            const int64_t *end = store->parts[w].agg.partition_end;
            sum += end[p] - (p == 0 ? 0 : end[p - 1]);
        }
    }
    TRY(task_parts(task, merge.partitions, rows, partition_merge, &merge));
    int64_t kept = 0; /* closes the gaps that merged groups left */
    for (int32_t p = 0; p < merge.partitions; p++)
    {
        memmove(store->order.rows + kept, store->order.rows + merge.from[p], (size_t) merge.count[p] * sizeof(char *));
        kept += merge.count[p];
    }
    store->order.count = kept;
    return NULL;
}

