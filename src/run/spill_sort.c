/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting more than the memory holds: each worker sorts what it has and writes
 * it as a run; at the end all runs are merged, as many at a time as blocks of
 * them fit, into one.
 *
 *     run 0  |a d|f k|       heap of the runs' first rows
 *     run 1  |b c|g h|  -->  a b c d f g h k  --> store->disk
 *
 * Without keys the runs follow each other.
 */
#include "src/run/run_spill.h"

#include <stdlib.h>

#define FAN_MAX 512

/* ---- a run ---- */

static Error *entries_write(RtStore *store, const SortEntry *entries, int64_t count, SpillRun *run)
{
    SpillWriter writer;
    Error *error = spill_open(&writer, store->task->scratch, store->task->env.memory, store->layout, run);
    for (int64_t i = 0; i < count && error == NULL; i++)
        error = spill_add(&writer, entries[i].row);
    if (error == NULL)
        error = spill_flush(&writer);
    spill_close(&writer);
    return error;
}

Error *sort_spill(RtStore *store, int32_t number)
{
    RtPart *part = &store->parts[number];
    if (part->bag.rows == 0)
        return NULL;
    SpillRun *run = part_run(part, store->spec->sort_count == 0 ? 0 : part->run_count);
    if (store->spec->sort_count == 0)
        return bag_spill(store, &part->bag, run);
    MemoryPool *memory = store->task->env.memory;
    SortOrder order;
    sort_order_init(&order, store->layout, store->spec->sort, store->spec->sort_count);
    void *entries;
    size_t bytes;
    TRY(memory_take(memory, (size_t) part->bag.rows * sizeof(SortEntry), &entries, &bytes));
    bag_entries(store, &part->bag, entries);
    sort_entries(&order, entries, part->bag.rows);
    Error *error = entries_write(store, entries, part->bag.rows, run);
    memory_give(memory, entries, bytes);
    bag_clear(&part->bag);
    return error;
}

static Error *part_spill(void *context, int32_t part)
{
    RtStore *store = context;
    return store->ops->spill(store, part);
}

/* ---- merging ---- */

/* Where a run is being read. */
typedef struct MergeRun
{
    SortEntry entry; /* the next row; first, so that the heap compares it at once */
    const SpillRun *run;
    int32_t number; /* of the run: equal rows come in this order */
    int32_t block;  /* the next one */
    int32_t at;     /* of the chunk: the row behind the entry's */
    RowChunk *chunk;
} MergeRun;

typedef struct SortMerge
{
    RtStore *store;
    SortOrder order;
    MergeRun *runs;
    MergeRun **heap; /* least first */
    int32_t count;
    int64_t pass, left; /* rows to leave out, then to give */
    RowChunk *read;     /* all rows of them are given, but not yet written */
} SortMerge;

static bool run_before(const SortMerge *merge, const MergeRun *a, const MergeRun *b)
{
    if (merge->order.key_count > 0)
    {
        if (a->entry.prefix != b->entry.prefix)
            return a->entry.prefix < b->entry.prefix;
        int compared = merge->order.exact ? 0
                                          : row_compare(merge->order.layout, merge->order.keys, merge->order.key_count,
                                                        a->entry.row, b->entry.row);
        if (compared != 0)
            return compared < 0;
    }
    return a->number < b->number;
}

static void chunks_free(const RtStore *store, RowChunk *chunk)
{
    while (chunk != NULL)
    {
        RowChunk *next = chunk->next;
        memory_give(store->task->env.memory, chunk, chunk->bytes);
        chunk = next;
    }
}

/* Its next row; *over: there is none. */
static Error *run_step(SortMerge *merge, MergeRun *run, bool *over)
{
    RtStore *store = merge->store;
    *over = false;
    if (run->chunk == NULL || run->at == run->chunk->rows)
    {
        if (run->chunk != NULL)
        {
            run->chunk->next = merge->read;
            merge->read = run->chunk;
            run->chunk = NULL;
        }
        *over = run->block == run->run->count;
        if (*over)
            return NULL;
        TRY(spill_read(store->task->scratch, store->task->env.memory, store->layout, &run->run->blocks[run->block++],
                       &run->chunk));
        run->at = 0;
    }
    run->entry.row = run->chunk->data + (size_t) run->at++ * (size_t) store->stride;
    if (merge->order.key_count > 0)
        run->entry.prefix = sort_prefix(store->layout, store->spec->sort, run->entry.row);
    return NULL;
}

static void heap_sift(SortMerge *merge, int32_t at)
{
    for (int32_t child; (child = 2 * at + 1) < merge->count; at = child)
    {
        if (child + 1 < merge->count && run_before(merge, merge->heap[child + 1], merge->heap[child]))
            child++;
        if (!run_before(merge, merge->heap[child], merge->heap[at]))
            return;
        MergeRun *run = merge->heap[at];
        merge->heap[at] = merge->heap[child];
        merge->heap[child] = run;
    }
}

static Error *heap_fill(SortMerge *merge, const SpillRun *runs, int32_t count)
{
    for (int32_t r = 0; r < count; r++)
    {
        MergeRun *run = &merge->runs[r];
        *run = (MergeRun){.run = &runs[r], .number = r};
        bool over;
        TRY(run_step(merge, run, &over));
        if (!over)
            merge->heap[merge->count++] = run;
    }
    for (int32_t i = merge->count / 2 - 1; i >= 0; i--)
        heap_sift(merge, i);
    return NULL;
}

static Error *merge_write(SortMerge *merge, SpillWriter *writer)
{
    int64_t number = 0;
    while (merge->count > 0 && merge->left != 0)
    {
        MergeRun *run = merge->heap[0];
        if (number >= merge->pass)
            TRY(spill_add(writer, run->entry.row));
        merge->left -= number >= merge->pass;
        if (number++ % RT_BATCH == 0)
            TRY(task_check(merge->store->task));
        if (writer->count == 0)
        {
            chunks_free(merge->store, merge->read);
            merge->read = NULL;
        }
        bool over;
        TRY(run_step(merge, run, &over));
        if (over)
            merge->heap[0] = merge->heap[--merge->count];
        heap_sift(merge, 0);
    }
    return spill_flush(writer);
}

/* `count` runs into one; left < 0: all rows. */
static Error *runs_merge(RtStore *store, const SpillRun *runs, int32_t count, int64_t pass, int64_t left, SpillRun *out)
{
    Task *task = store->task;
    SortMerge merge = {.store = store, .pass = pass, .left = left};
    sort_order_init(&merge.order, store->layout, store->spec->sort, store->spec->sort_count);
    merge.runs = calloc((size_t) count, sizeof *merge.runs);
    merge.heap = calloc((size_t) count, sizeof *merge.heap);
    ASSERT(merge.runs != NULL && merge.heap != NULL);
    SpillWriter writer;
    Error *error = spill_open(&writer, task->scratch, task->env.memory, store->layout, out);
    if (error == NULL)
        error = heap_fill(&merge, runs, count);
    if (error == NULL)
        error = merge_write(&merge, &writer);
    for (int32_t r = 0; r < count; r++)
        chunks_free(store, merge.runs[r].chunk);
    chunks_free(store, merge.read);
    spill_close(&writer);
    free(merge.runs);
    free(merge.heap);
    return error;
}

/* How many runs can be read side by side: a block of each in what is left of the memory. */
static int32_t merge_fan(const RtStore *store)
{
    const Task *task = store->task;
    int64_t block = SPILL_BLOCK_BYTES;
    for (int32_t w = 0; w < task->worker_count; w++)
        for (int32_t r = 0; r < store->parts[w].run_count; r++)
            for (int32_t b = 0; b < store->parts[w].runs[r].count; b++)
                if ((int64_t) store->parts[w].runs[r].blocks[b].packed_bytes > block)
                    block = (int64_t) store->parts[w].runs[r].blocks[b].packed_bytes;
    int64_t room = (task->env.budget->limit_bytes - atomic_load(&task->env.budget->used_bytes)) / 2;
    int64_t fan = room / (2 * block); /* pieces are powers of two */
    return fan > FAN_MAX ? FAN_MAX : fan < 2 ? 2 : (int32_t) fan;
}

static int32_t runs_collect(RtStore *store, SpillRun **out)
{
    int32_t count = 0, at = 0;
    for (int32_t w = 0; w < store->task->worker_count; w++)
        count += store->parts[w].run_count;
    *out = calloc((size_t) count + 1, sizeof **out);
    ASSERT(*out != NULL);
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        RtPart *part = &store->parts[w];
        for (int32_t r = 0; r < part->run_count; r++)
            (*out)[at++] = part->runs[r];
        free(part->runs);
        part->runs = NULL;
        part->run_count = 0;
    }
    return count;
}

/* Groups of runs that stand side by side become one each, until all that are left fit. */
static Error *runs_reduce(RtStore *store, SpillRun *runs, int32_t *count, int32_t fan)
{
    while (*count > fan)
    {
        int32_t made = 0;
        for (int32_t from = 0; from < *count; from += fan, made++)
        {
            int32_t n = *count - from < fan ? *count - from : fan;
            SpillRun merged = {0};
            Error *error = runs_merge(store, runs + from, n, 0, -1, &merged);
            for (int32_t r = from; r < from + n; r++)
                spill_run_clear(store->task->scratch, &runs[r]);
            runs[made] = merged;
            TRY(error);
        }
        *count = made;
    }
    return NULL;
}

Error *sort_spill_finish(RtStore *store, bool limited)
{
    Task *task = store->task;
    TRY(task_parts(task, task->worker_count, INT64_MAX, part_spill, store));
    int32_t fan = merge_fan(store);
    SpillRun *runs;
    int32_t all = runs_collect(store, &runs), count = all;
    Error *error = runs_reduce(store, runs, &count, fan);
    int64_t pass = limited && store->spec->offset > 0 ? store->spec->offset : 0;
    if (error == NULL)
        error = runs_merge(store, runs, count, pass, limited ? store->spec->limit : -1, &store->disk);
    for (int32_t r = 0; r < all; r++)
        spill_run_clear(task->scratch, &runs[r]);
    free(runs);
    return error;
}
