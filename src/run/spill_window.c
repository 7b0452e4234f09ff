/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WINDOW stores on disk: the sorted rows are read block by block into one bag;
 * where enough whole partitions are together their window functions are
 * computed, and the rows written behind those before.
 *
 *     sorted run --> | a a a a | b b | c c     bag: a and b are whole
 *                    '--- computed ---' --> store->disk
 *
 * A single partition must fit the memory.
 */
#include "src/run/run_spill.h"
#include "src/run/run_window.h"

#define SHARE 4 /* of the soft limit: rows that are worth computing together */

typedef struct WindowSpill
{
    RtStore *store;
    SpillWriter writer;
    RowBag bag;       /* rows of partitions that may still go on */
    RowBag *whole;    /* the store's first: whole partitions, while they are computed */
    char *last;       /* the newest row; in `bag`, or NULL */
    int64_t least_bytes;
} WindowSpill;

static Error *partitions_write(WindowSpill *spill)
{
    RtStore *store = spill->store;
    if (spill->bag.rows == 0)
        return NULL;
    bag_append(spill->whole, &spill->bag);
    spill->last = NULL;
    TRY(store_order_bags(store, 0, spill->whole->rows));
    TRY(windows_compute(store));
    for (int64_t i = 0; i < store->order.count; i++)
        TRY(spill_add(&spill->writer, store->order.rows[i]));
    TRY(spill_flush(&spill->writer));
    memory_give(store->task->env.memory, store->order.rows, store->order.bytes);
    store->order = (RowOrder){0};
    bag_clear(spill->whole);
    return NULL;
}

static Error *row_take(WindowSpill *spill, const char *row)
{
    const SpecStore *spec = spill->store->spec;
    if (spill->last != NULL && spill->bag.bytes >= spill->least_bytes &&
        row_compare(spill->store->layout, spec->sort, spec->partition_count, spill->last, row) != 0)
        TRY(partitions_write(spill));
    return bag_keep(&spill->bag, spill->store->layout, row, 1, &spill->last);
}

static Error *rows_take(WindowSpill *spill, const SpillRun *sorted)
{
    RtStore *store = spill->store;
    Task *task = store->task;
    for (int32_t b = 0; b < sorted->count; b++)
    {
        RowChunk *chunk;
        TRY(task_check(task));
        TRY(spill_read(task->scratch, task->env.memory, store->layout, &sorted->blocks[b], &chunk));
        Error *error = NULL;
        for (int32_t i = 0; i < chunk->rows && error == NULL; i++)
            error = row_take(spill, chunk->data + (size_t) i * (size_t) store->stride);
        memory_give(task->env.memory, chunk, chunk->bytes);
        TRY(error);
    }
    return partitions_write(spill);
}

/* Results are not there yet; what is packed must be something. */
static void results_blank(const RtStore *store, const RowBag *bag)
{
    RowChunk *chunk = bag->first;
    int32_t at = 0, n;
    for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t w = 0; w < store->spec->window_count; w++)
        {
            const RowField *field = &store->layout->fields[store->spec->windows[w].result];
            for (int32_t i = 0; i < n && field->rep == REP_STR; i++)
                *(Str *) (void *) (uintptr_t) (rows + (int64_t) i * store->stride + field->offset) = (Str){"", 0};
        }
}

Error *window_spill(RtStore *store, int32_t part)
{
    results_blank(store, &store->parts[part].bag);
    return sort_spill(store, part);
}

Error *window_spill_finish(RtStore *store)
{
    Task *task = store->task;
    TRY(sort_spill_finish(store, false));
    SpillRun sorted = store->disk;
    store->disk = (SpillRun){0};
    WindowSpill spill = {.store = store, .whole = &store->parts[0].bag, .least_bytes = task->soft_bytes / SHARE};
    bag_init(&spill.bag, task->env.memory, store->stride);
    Error *error = spill_open(&spill.writer, task->scratch, task->env.memory, store->layout, &store->disk);
    if (error == NULL)
        error = rows_take(&spill, &sorted);
    spill_close(&spill.writer);
    bag_clear(&spill.bag);
    spill_run_clear(task->scratch, &sorted);
    return error;
}
