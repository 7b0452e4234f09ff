/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SORT stores.  Rows stay where they were written; what is sorted are entries
 * {prefix, row}: eight bytes of the first key, made so that their order agrees
 * with the rows', and the whole comparison only where prefixes are equal.
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

/* ---- order ---- */

static uint64_t float_bits(double value)
{
    if (value != value) /* NaN is greatest */
        return UINT64_MAX;
    value += 0.0; /* -0 as 0 */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t str_bits(const Str *s)
{
    uint8_t bytes[8] = {0};
    int64_t length = str_trimmed(*s);
    if (length > 0)
        memcpy(bytes, s->data, length < 8 ? (size_t) length : 8);
    uint64_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return __builtin_bswap64(bits);
}

static uint64_t wide_bits(const I128 *value)
{
    int64_t low = (int64_t) value->lo;
    if (value->hi != low >> 63) /* beyond 64 bits: the end of the scale */
        low = value->hi < 0 ? INT64_MIN : INT64_MAX;
    return (uint64_t) low ^ UINT64_C(1) << 63;
}

static uint64_t value_bits(Rep rep, const char *at)
{
    switch (rep)
    {
    case REP_I8:
        return (uint64_t) (int64_t) * (const int8_t *) at ^ UINT64_C(1) << 63;
    case REP_I16:
        return (uint64_t) (int64_t) * (const int16_t *) at ^ UINT64_C(1) << 63;
    case REP_I32:
        return (uint64_t) (int64_t) * (const int32_t *) at ^ UINT64_C(1) << 63;
    case REP_I64:
        return (uint64_t) * (const int64_t *) at ^ UINT64_C(1) << 63;
    case REP_I128:
        return wide_bits((const I128 *) at);
    case REP_F32:
        return float_bits(*(const float *) at);
    case REP_F64:
        return float_bits(*(const double *) at);
    case REP_STR:
        return str_bits((const Str *) at);
    default: /* INTERVAL: no prefix */
        return 0;
    }
}

uint64_t sort_prefix(const RowLayout *layout, const SortKey *key, const char *row)
{
    const RowField *field = &layout->fields[key->field];
    bool null = field_null(field, row);
    uint64_t bits = null || field->rep == REP_INTERVAL ? 0 : value_bits((Rep) field->rep, row + field->offset);
    if (key->descending && !null && field->rep != REP_INTERVAL)
        bits = ~bits;
    if (field->null_offset < 0)
        return bits;
    uint64_t top = UINT64_C(1) << 63; /* one bit for null, at the cost of the lowest */
    if (null)
        return key->nulls_first ? 0 : top;
    return bits >> 1 | (key->nulls_first ? top : 0);
}

void sort_order_init(SortOrder *order, const RowLayout *layout, const SortKey *keys, int32_t key_count)
{
    *order = (SortOrder){layout, keys, key_count, false};
    if (key_count == 1)
    {
        const RowField *field = &layout->fields[keys[0].field];
        order->exact = field->null_offset < 0 && rep_is_integer((Rep) field->rep) && field->rep != REP_I128;
    }
}

static bool entry_before(const SortOrder *order, const SortEntry *a, const SortEntry *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    if (order->exact)
        return false;
    return row_compare(order->layout, order->keys, order->key_count, a->row, b->row) < 0;
}

static void entry_swap(SortEntry *a, SortEntry *b)
{
    SortEntry t = *a;
    *a = *b;
    *b = t;
}

static void entries_insert(const SortOrder *order, SortEntry *entries, int64_t count)
{
    for (int64_t i = 1; i < count; i++)
    {
        SortEntry entry = entries[i];
        int64_t k = i;
        for (; k > 0 && entry_before(order, &entry, &entries[k - 1]); k--)
            entries[k] = entries[k - 1];
        entries[k] = entry;
    }
}

static void entries_sift(const SortOrder *order, SortEntry *entries, int64_t at, int64_t count)
{
    for (int64_t child; (child = 2 * at + 1) < count; at = child)
    {
        if (child + 1 < count && entry_before(order, &entries[child], &entries[child + 1]))
            child++;
        if (!entry_before(order, &entries[at], &entries[child]))
            return;
        entry_swap(&entries[at], &entries[child]);
    }
}

/* Heapsort: where quicksort's pivots were bad. */
static void entries_heap(const SortOrder *order, SortEntry *entries, int64_t count)
{
    for (int64_t i = count / 2 - 1; i >= 0; i--)
        entries_sift(order, entries, i, count);
    for (int64_t end = count - 1; end > 0; end--)
    {
        entry_swap(&entries[0], &entries[end]);
        entries_sift(order, entries, 0, end);
    }
}

/* Puts the median of three at [0] and parts the rest around it (Hoare); returns its final place. */
static int64_t entries_part(const SortOrder *order, SortEntry *e, int64_t count)
{
    int64_t mid = count / 2, last = count - 1;
    if (entry_before(order, &e[mid], &e[0]))
        entry_swap(&e[mid], &e[0]);
    if (entry_before(order, &e[last], &e[0]))
        entry_swap(&e[last], &e[0]);
    if (entry_before(order, &e[last], &e[mid]))
        entry_swap(&e[last], &e[mid]);
    entry_swap(&e[0], &e[mid]);
    int64_t i = 0, k = count;
    for (;;)
    {
        do
            i++;
        while (i < count && entry_before(order, &e[i], &e[0]));
        do
            k--;
        while (entry_before(order, &e[0], &e[k]));
        if (i >= k)
            break;
        entry_swap(&e[i], &e[k]);
    }
    entry_swap(&e[0], &e[k]);
    return k;
}

static void entries_quick(const SortOrder *order, SortEntry *entries, int64_t count, int32_t depth)
{
    while (count > 24)
    {
        if (depth-- == 0)
        {
            entries_heap(order, entries, count);
            return;
        }
        int64_t pivot = entries_part(order, entries, count);
        if (pivot < count - pivot) /* the smaller side by recursion */
        {
            entries_quick(order, entries, pivot, depth);
            entries += pivot + 1;
            count -= pivot + 1;
        }
        else
        {
            entries_quick(order, entries + pivot + 1, count - pivot - 1, depth);
            count = pivot;
        }
    }
    entries_insert(order, entries, count);
}

void sort_entries(const SortOrder *order, SortEntry *entries, int64_t count)
{
    int32_t depth = 2;
    for (int64_t n = count; n > 1; n /= 2)
        depth += 2;
    entries_quick(order, entries, count, depth);
}

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
        if (!entry_before(&order, &entry, &last))
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
        if (entry_before(&job->order, entry, &job->pivots[mid]))
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
