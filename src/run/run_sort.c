/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SORT stores.  Rows stay where they were written; what is sorted are entries {prefix, row} (sort_order.c).
 *
 *     all rows -> entries -> split at sampled pivots -> each part sorted by one thread -> order
 *
 * With a limit each worker keeps few more than `limit` rows: when twice as many
 * are there, it sorts, keeps the first `limit`, and from then on drops at once
 * what does not come before the last of them.
 */
#include "base/data/value.h"
#include "src/run/run.h"
#include "src/run/run_spill.h"

#define TOP_MAX           100000 /* beyond this a limit is applied after the whole sort */
#define TOP_SPARE         1024
#define SORT_ALONE        16384 /* rows up to which one thread sorts all */
#define PIVOTS_PER_WORKER 8
#define SAMPLES_PER_PIVOT 32
#define STRS_KEEP_BYTES   (4 * 1024 * 1024) /* strings of dropped rows that a top-N puts up with */

/* ---- rows come in ---- */

/* Rows from the front that are worth keeping; -1 = all. */
static int64_t store_wants(const RtStore *store)
{
    int64_t offset = store->spec->offset > 0 ? store->spec->offset : 0, wants;
    if (store->spec->limit < 0 || __builtin_add_overflow(store->spec->limit, offset, &wants))
        return -1;
    return wants;
}

static bool store_is_top(const RtStore *store)
{
    int64_t wants = store_wants(store);
    return wants >= 0 && wants <= TOP_MAX && store->spec->sort_count > 0;
}

void bag_entries(const RtStore *store, const RowBag *bag, SortEntry *entries)
{
    RowChunk *chunk = bag->first;
    int32_t at = 0, n;
    for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++, rows += store->stride)
            *entries++ = (SortEntry){sort_prefix(store->layout, store->spec->sort, rows), (char *) (uintptr_t) rows};
}

static Error *row_keep(RtStore *store, RowBag *bag, const char *row, bool strs)
{
    char *to;
    TRY(bag_reserve(bag, 1, &to));
    memcpy(to, row, (size_t) store->stride);
    for (int32_t f = 0; strs && f < store->layout->field_count; f++)
    {
        const RowField *field = &store->layout->fields[f];
        if (field->rep == REP_STR && !field_null(field, row))
            TRY(bag_str(bag, (const Str *) (row + field->offset), (Str *) (to + field->offset)));
    }
    bag_commit(bag, 1);
    return NULL;
}

/* Keeps the first `limit` rows of a worker's bag. */
static Error *top_compact(RtStore *store, RtPart *part)
{
    RowBag *bag = &part->bag;
    SortPart *sort = &part->sort;
    int64_t limit = store_wants(store);
    size_t need = (size_t) bag->rows * sizeof(SortEntry);
    if (sort->entries_bytes < need)
    {
        memory_give(bag->pool, sort->entries, sort->entries_bytes);
        sort->entries = NULL;
        sort->entries_bytes = 0;
        void *entries;
        TRY(memory_take(bag->pool, need, &entries, &sort->entries_bytes));
        sort->entries = entries;
    }
    SortOrder order;
    sort_order_init(&order, store->layout, store->spec->sort, store->spec->sort_count);
    bag_entries(store, bag, sort->entries);
    sort_entries(&order, sort->entries, bag->rows);
    bool strs = bag->str_bytes > STRS_KEEP_BYTES;
    RowBag kept;
    bag_init(&kept, bag->pool, bag->stride);
    for (int64_t i = 0; i < limit; i++)
    {
        Error *error = row_keep(store, &kept, sort->entries[i].row, strs);
        if (error != NULL)
        {
            bag_clear(&kept);
            return error;
        }
    }
    if (!strs) /* they stay where they are */
    {
        kept.strs = bag->strs;
        kept.str_at = bag->str_at;
        kept.str_end = bag->str_end;
        kept.str_bytes = bag->str_bytes;
        kept.bytes += bag->str_bytes;
        bag->strs = NULL;
    }
    bag_clear(bag);
    *bag = kept;
    sort->bound = bag->last == NULL ? NULL : bag->last->data + (size_t) (bag->last->rows - 1) * (size_t) bag->stride;
    return NULL;
}

static int32_t top_filter(RtStore *store, const char *bound, char *rows, int32_t n)
{
    SortOrder order;
    sort_order_init(&order, store->layout, store->spec->sort, store->spec->sort_count);
    SortEntry last = {sort_prefix(store->layout, store->spec->sort, bound), (char *) (uintptr_t) bound};
    int32_t kept = 0, stride = store->stride;
    for (int32_t i = 0; i < n; i++)
    {
        char *row = rows + (int64_t) i * stride;
        SortEntry entry = {sort_prefix(store->layout, store->spec->sort, row), row};
        if (!sort_entry_before(&order, &entry, &last))
            continue;
        if (kept < i)
            memcpy(rows + (int64_t) kept * stride, row, (size_t) stride);
        kept++;
    }
    return kept;
}

static Error *sort_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    RtPart *part = &store->parts[worker->index];
    if (!store_is_top(store))
    {
        bag_commit(&part->bag, used);
        if (store->spec->limit >= 0 && store->spec->sort_count == 0)
            atomic_fetch_add_explicit(&store->rows, used, memory_order_relaxed);
        return NULL;
    }
    if (part->sort.bound != NULL && used > 0)
    {
        RowChunk *last = part->bag.last;
        used = top_filter(store, part->sort.bound, last->data + (size_t) last->rows * (size_t) store->stride, used);
    }
    bag_commit(&part->bag, used);
    if (part->bag.rows <= 2 * store_wants(store) + TOP_SPARE)
        return NULL;
    return top_compact(store, part);
}

/* ---- finish ---- */

typedef struct SortJob
{
    RtStore *store;
    SortOrder order;
    SortEntry *entries; /* as they came: worker after worker */
    SortEntry *sorted;  /* by part */
    int64_t *from;      /* by worker: where its entries begin */
    int32_t part_count;
    SortEntry *pivots;  /* part_count - 1 */
    int64_t *place;     /* [worker][part]: counts, then where its next entry goes */
    int64_t *part_from; /* part_count + 1 */
    int64_t first;      /* OFFSET: rows passed over */
} SortJob;

static Error *worker_entries(void *context, int32_t w)
{
    SortJob *job = context;
    bag_entries(job->store, &job->store->parts[w].bag, job->entries + job->from[w]);
    return NULL;
}

static int32_t part_of(const SortJob *job, const SortEntry *entry)
{
    int32_t low = 0, high = job->part_count - 1;
    while (low < high)
    {
        int32_t mid = (low + high) / 2;
        if (sort_entry_before(&job->order, entry, &job->pivots[mid]))
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static Error *worker_count_parts(void *context, int32_t w)
{
    SortJob *job = context;
    int64_t *count = job->place + (int64_t) w * job->part_count;
    for (int64_t i = job->from[w]; i < job->from[w + 1]; i++)
        count[part_of(job, &job->entries[i])]++;
    return NULL;
}

static Error *worker_scatter(void *context, int32_t w)
{
    SortJob *job = context;
    int64_t *place = job->place + (int64_t) w * job->part_count;
    for (int64_t i = job->from[w]; i < job->from[w + 1]; i++)
        job->sorted[place[part_of(job, &job->entries[i])]++] = job->entries[i];
    return NULL;
}

static Error *part_sort(void *context, int32_t p)
{
    SortJob *job = context;
    int64_t from = job->part_from[p], to = job->part_from[p + 1];
    sort_entries(&job->order, job->sorted + from, to - from);
    int64_t first = job->first > from ? job->first : from;
    int64_t end = job->first + job->store->order.count < to ? job->first + job->store->order.count : to;
    for (int64_t i = first; i < end; i++)
        job->store->order.rows[i - job->first] = job->sorted[i].row;
    return NULL;
}

/* Pivots from a sample; where each worker's entries of each part go. */
static Error *split(SortJob *job, int64_t count)
{
    Task *task = job->store->task;
    int32_t workers = task->worker_count, samples = job->part_count * SAMPLES_PER_PIVOT;
    SortEntry *sample = ARENA_ARRAY(task->arena, SortEntry, samples);
    for (int32_t i = 0; i < samples; i++)
        sample[i] = job->entries[(int64_t) ((double) count * i / samples)];
    sort_entries(&job->order, sample, samples);
    job->pivots = ARENA_ARRAY(task->arena, SortEntry, job->part_count);
    for (int32_t p = 1; p < job->part_count; p++)
        job->pivots[p - 1] = sample[p * SAMPLES_PER_PIVOT];
    job->place = ARENA_ARRAY(task->arena, int64_t, (int64_t) workers * job->part_count);
    job->part_from = ARENA_ARRAY(task->arena, int64_t, job->part_count + 1);
    TRY(task_parts(task, workers, count, worker_count_parts, job));
    int64_t sum = 0;
    for (int32_t p = 0; p < job->part_count; p++)
    {
        job->part_from[p] = sum;
        for (int32_t w = 0; w < workers; w++)
        {
            int64_t *place = &job->place[(int64_t) w * job->part_count + p];
            int64_t here = *place;
            *place = sum;
            sum += here;
        }
    }
    job->part_from[job->part_count] = sum;
    return task_parts(task, workers, count, worker_scatter, job);
}

static Error *sort_all(SortJob *job, int64_t count)
{
    Task *task = job->store->task;
    job->from = ARENA_ARRAY(task->arena, int64_t, task->worker_count + 1);
    for (int32_t w = 0; w < task->worker_count; w++)
        job->from[w + 1] = job->from[w] + job->store->parts[w].bag.rows;
    TRY(task_parts(task, task->worker_count, count, worker_entries, job));
    if (task->worker_count == 1 || count <= SORT_ALONE)
    {
        int64_t ends[2] = {0, count};
        job->sorted = job->entries;
        job->part_from = ends;
        return part_sort(job, 0);
    }
    job->part_count = task->worker_count * PIVOTS_PER_WORKER;
    TRY(split(job, count));
    return task_parts(task, job->part_count, count, part_sort, job);
}

Error *store_order_bags(RtStore *store, int64_t first, int64_t count)
{
    TRY(store_order_new(store, count));
    int64_t number = 0;
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        RowChunk *chunk = store->parts[w].bag.first;
        int32_t at = 0, n;
        for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
            for (int32_t i = 0; i < n; i++, number++)
                if (number >= first && number < first + count)
                    store->order.rows[number - first] = (char *) (uintptr_t) rows + (int64_t) i * store->stride;
    }
    return NULL;
}

Error *sort_finish(RtStore *store)
{
    int64_t count = store_rows(store), first = store->spec->offset > 0 ? store->spec->offset : 0;
    int64_t wants = store_wants(store);
    if (store_spilled(store))
        return sort_spill_finish(store, true);
    if (count == 0)
        return NULL;
    int64_t end = wants >= 0 && wants < count ? wants : count;
    first = first < end ? first : end;
    if (store->spec->sort_count == 0)
        return wants < 0 && first == 0 ? NULL : store_order_bags(store, first, end - first);
    MemoryPool *memory = store->task->env.memory;
    TRY(store_order_new(store, end - first));
    SortJob job = {.store = store, .first = first};
    sort_order_init(&job.order, store->layout, store->spec->sort, store->spec->sort_count);
    bool split_up = store->task->worker_count > 1 && count > SORT_ALONE;
    size_t half = (size_t) count * sizeof(SortEntry), bytes;
    void *piece;
    TRY(memory_take(memory, split_up ? 2 * half : half, &piece, &bytes));
    job.entries = piece;
    job.sorted = job.entries + count;
    Error *error = sort_all(&job, count);
    memory_give(memory, piece, bytes);
    return error;
}

/* A top-N is small whatever comes. */
static Error *sort_part_spill(RtStore *store, int32_t part)
{
    return store_is_top(store) ? NULL : sort_spill(store, part);
}

static void sort_close(RtStore *store)
{
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        SortPart *sort = &store->parts[w].sort;
        memory_give(store->task->env.memory, sort->entries, sort->entries_bytes);
        sort->entries = NULL;
    }
    store_bag_close(store);
}

const StoreOps sort_ops = {
    .open = store_bag_open,
    .reserve = store_bag_reserve,
    .commit = sort_commit,
    .str = store_bag_str,
    .spill = sort_part_spill,
    .finish = sort_finish,
    .close = sort_close,
};
