/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AGG stores on disk.  A worker whose groups do not fit writes them, by
 * partition, and begins anew; at the end each partition's groups, of all
 * workers and all times, are read and merged:
 *
 *     worker 0: |p0 p1 p2 ...|p0 p1 p2 ...|      p0 --> table --> store->disk
 *     worker 1: |p0 p1 p2 ...|                   p1 --> table -->
 *
 * As many partitions at once as fit the memory; a single one must.
 */
#include "src/run/run_spill.h"

#include <stdlib.h>

#define SLOTS_PER_ROW 4 /* at most: a power of two, half full */

typedef struct GroupSpill
{
    RtStore *store;
    int32_t job_count; /* job j does partitions j, j + job_count, ... */
    SpillRun *out;     /* by job */
} GroupSpill;

Error *agg_spill(RtStore *store, int32_t number)
{
    if (store->spec->key_mode == KEY_NONE)
        return NULL;
    agg_table_free(store, number);
    return store_parted_spill(store, number);
}

static Error *part_spill(void *context, int32_t part)
{
    return agg_spill(context, part);
}

/* ---- one partition ---- */

static int64_t partition_rows(const RtStore *store, int32_t p)
{
    int64_t rows = 0;
    for (int32_t w = 0; w < store->task->worker_count; w++)
        rows += store->parts[w].runs[p].rows;
    return rows;
}

/* What merging a partition takes. */
static int64_t partition_bytes(const RtStore *store, int32_t p)
{
    int64_t bytes = partition_rows(store, p) * SLOTS_PER_ROW * (int64_t) sizeof(KeySlot);
    for (int32_t w = 0; w < store->task->worker_count; w++)
        bytes += 2 * store->parts[w].runs[p].packed_bytes; /* pieces are powers of two */
    return bytes;
}

/* Merges rows into the table, which points to those of new groups. */
static Error *rows_merge(const RtStore *store, AggPart *table, char *rows, int32_t count)
{
    const SpecStore *spec = store->spec;
    bool hashed = spec->key_mode == KEY_HASHED;
    for (int32_t i = 0; i < count; i++)
    {
        char *row = rows + (size_t) i * (size_t) store->stride;
        uint64_t key = ((RowHeader *) (void *) row)->key;
        uint64_t at = key_spread(key) >> table->shift;
        while (table->slots[at].row != NULL &&
               (table->slots[at].key != key ||
                (hashed && !rows_keys_equal(store->layout, spec->key_count, table->slots[at].row, row))))
            at = (at + 1) & table->mask;
        if (table->slots[at].row != NULL)
            TRY(group_merge(spec, table->slots[at].row, row));
        else
            table->slots[at] = (KeySlot){key, row};
    }
    return NULL;
}

static Error *partition_read(RtStore *store, int32_t p, AggPart *table, RowBag *bag)
{
    Task *task = store->task;
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        const SpillRun *run = &store->parts[w].runs[p];
        for (int32_t b = 0; b < run->count; b++)
        {
            RowChunk *chunk;
            TRY(task_check(task));
            TRY(spill_read(task->scratch, task->env.memory, store->layout, &run->blocks[b], &chunk));
            char *rows;
            TRY(bag_take(bag, store->layout, chunk, run->blocks[b].packed_bytes, &rows));
            TRY(rows_merge(store, table, rows, run->blocks[b].rows));
        }
    }
    return NULL;
}

static Error *table_write(const AggPart *table, SpillWriter *writer)
{
    for (uint64_t i = 0; i <= table->mask; i++)
        if (table->slots[i].row != NULL)
            TRY(spill_add(writer, table->slots[i].row));
    return spill_flush(writer);
}

static Error *partition_merge(RtStore *store, int32_t p, SpillWriter *writer)
{
    int64_t rows = partition_rows(store, p);
    if (rows == 0)
        return NULL;
    uint64_t entries = 16;
    while (entries < (uint64_t) rows * 2)
        entries *= 2;
    AggPart table = {.groups = 0};
    TRY(agg_slots_new(store, &table, entries));
    RowBag bag;
    bag_init(&bag, store->task->env.memory, store->stride);
    Error *error = partition_read(store, p, &table, &bag);
    if (error == NULL)
        error = table_write(&table, writer);
    bag_clear(&bag);
    memory_give(store->task->env.memory, table.slots, table.slots_bytes);
    for (int32_t w = 0; w < store->task->worker_count; w++)
        spill_run_clear(store->task->scratch, &store->parts[w].runs[p]);
    return error;
}

/* ---- all ---- */

static Error *partitions_job(void *context, int32_t job)
{
    GroupSpill *spill = context;
    RtStore *store = spill->store;
    SpillWriter writer;
    Error *error = spill_open(&writer, store->task->scratch, store->task->env.memory, store->layout, &spill->out[job]);
    for (int32_t p = job; p < SPILL_PARTITIONS && error == NULL; p += spill->job_count)
        error = partition_merge(store, p, &writer);
    spill_close(&writer);
    return error;
}

static int32_t jobs_that_fit(const RtStore *store)
{
    const Task *task = store->task;
    int64_t largest = 1, room = task->env.budget->limit_bytes - atomic_load(&task->env.budget->used_bytes);
    for (int32_t p = 0; p < SPILL_PARTITIONS; p++)
    {
        int64_t bytes = partition_bytes(store, p);
        largest = bytes > largest ? bytes : largest;
    }
    int64_t jobs = room / largest;
    return jobs < 1 ? 1 : jobs < task->worker_count ? (int32_t) jobs : task->worker_count;
}

Error *agg_spill_finish(RtStore *store)
{
    Task *task = store->task;
    TRY(task_parts(task, task->worker_count, INT64_MAX, part_spill, store));
    SpillRun out[TEAM_THREADS_MAX] = {{0}};
    GroupSpill spill = {.store = store, .job_count = jobs_that_fit(store), .out = out};
    Error *error = task_parts(task, spill.job_count, INT64_MAX, partitions_job, &spill);
    for (int32_t j = 0; j < spill.job_count; j++)
        spill_run_append(&store->disk, &out[j]);
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        RtPart *part = &store->parts[w];
        for (int32_t r = 0; r < part->run_count; r++)
            spill_run_clear(task->scratch, &part->runs[r]);
        free(part->runs);
        part->runs = NULL;
        part->run_count = 0;
    }
    return error;
}
