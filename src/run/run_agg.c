/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AGG stores: one row a group.  Each worker has its own table while rows come
 * in; finish merges them by partition, so that no two threads ever share a group:
 *
 *     worker 0  slots -> rows   --scatter by high bits of the key-->  partition 0: merge -> order
 *     worker 1  slots -> rows   --------------------------------->    partition 1: merge -> order
 *
 * With one worker, or groups from one worker only, there is nothing to merge.
 */
#include "base/data/value.h"
#include "src/run/run.h"

#define SLOTS_FIRST    1024
#define CACHE_BYTES    (512 * 1024)
#define CODES_MAX      (1 << 16)
#define PARTITIONS_MAX 256
#define MERGE_ALONE    4096 /* groups up to which one thread merges all */

static RowHeader *header(const char *row)
{
    return (RowHeader *) (void *) (uintptr_t) row;
}

static Error *agg_open(RtStore *store)
{
    store->initial = arena_zalloc(store->task->arena, (size_t) store->stride);
    for (int32_t i = 0; i < store->spec->merge_count; i++)
    {
        const RowField *field = &store->layout->fields[store->spec->merges[i].field];
        if (field->null_offset >= 0)
            store->initial[field->null_offset] = 1;
    }
    return store_bag_open(store);
}

/* ---- a worker's groups ---- */

static Error *slots_new(RtStore *store, AggPart *agg, uint64_t entries)
{
    void *slots;
    TRY(memory_take(store->task->env.memory, entries * sizeof(KeySlot), &slots, &agg->slots_bytes));
    memset(slots, 0, entries * sizeof(KeySlot));
    agg->slots = slots;
    agg->mask = entries - 1;
    agg->shift = 64 - __builtin_ctzll(entries);
    return NULL;
}

/* Makes the table hold n more groups at a load of at most one half. */
static Error *slots_grow(RtStore *store, AggPart *agg, int32_t n)
{
    uint64_t have = agg->slots == NULL ? 0 : agg->mask + 1;
    uint64_t need = (uint64_t) (agg->groups + n) * 2;
    if (need <= have)
        return NULL;
    uint64_t entries = have == 0 ? SLOTS_FIRST : have * 4;
    while (entries < need)
        entries *= 2;
    AggPart old = *agg;
    TRY(slots_new(store, agg, entries));
    for (uint64_t i = 0; i < have; i++)
    {
        if (old.slots[i].row == NULL)
            continue;
        uint64_t at = key_spread(old.slots[i].key) >> agg->shift;
        while (agg->slots[at].row != NULL)
            at = (at + 1) & agg->mask;
        agg->slots[at] = old.slots[i];
    }
    memory_give(store->task->env.memory, old.slots, old.slots_bytes);
    return NULL;
}

static Error *group_new(RtStore *store, RtPart *part, uint64_t key, char **row)
{
    TRY(bag_reserve(&part->bag, 1, row));
    memcpy(*row, store->initial, (size_t) store->stride);
    header(*row)->key = key;
    bag_commit(&part->bag, 1);
    part->agg.groups++;
    return NULL;
}

/* After an error: rows that exist and that nobody reads. */
static void groups_fake(RtWorker *worker, RtStore *store, int32_t n, void **rows)
{
    char *row = worker_scratch(worker, (size_t) store->stride);
    for (int32_t i = 0; i < n; i++)
        rows[i] = row;
}

static Error *find_exact(RtStore *store, RtPart *part, const uint64_t *keys, int32_t n, void **rows)
{
    AggPart *agg = &part->agg;
    if (agg->slots == NULL || agg->mask + 1 < (uint64_t) (agg->groups + n) * 2)
        TRY(slots_grow(store, agg, n));
    KeySlot *slots = agg->slots;
    uint64_t mask = agg->mask;
    int32_t shift = agg->shift;
    if (agg->groups * (int64_t) sizeof(KeySlot) * 2 > CACHE_BYTES)
        for (int32_t i = 0; i < n; i++)
            __builtin_prefetch(&slots[key_spread(keys[i]) >> shift], 1);
    char *last = NULL; /* clustered keys meet their group again at once */
    for (int32_t i = 0; i < n; i++)
    {
        uint64_t key = keys[i];
        if (last == NULL || header(last)->key != key)
        {
            uint64_t at = key_spread(key) >> shift;
            while (slots[at].row != NULL && slots[at].key != key)
                at = (at + 1) & mask;
            if (slots[at].row == NULL)
            {
                char *row;
                TRY(group_new(store, part, key, &row));
                slots[at] = (KeySlot){key, row};
            }
            last = slots[at].row;
        }
        rows[i] = last;
    }
    if (agg->groups * store->stride > CACHE_BYTES)
        for (int32_t i = 0; i < n; i++)
            __builtin_prefetch(rows[i], 1);
    return NULL;
}

void agg_find(RtWorker *worker, RtStore *store, const uint64_t *keys, int32_t n, void **rows)
{
    Error *error = worker->error != NULL ? NULL : find_exact(store, &store->parts[worker->index], keys, n, rows);
    worker_fail(worker, error);
    if (worker->error != NULL)
        groups_fake(worker, store, n, rows);
}

/* A new group from a candidate: header, key fields, the candidate's strings copied. */
static Error *group_from(RtStore *store, RtPart *part, const char *candidate, char **out)
{
    TRY(group_new(store, part, header(candidate)->key, out));
    for (int32_t k = 0; k < store->spec->key_count; k++)
    {
        const RowField *field = &store->layout->fields[k];
        bool null = field_null(field, candidate);
        if (field->null_offset >= 0)
            (*out)[field->null_offset] = (char) null;
        if (null)
            continue;
        if (field->rep == REP_STR)
            TRY(bag_str(&part->bag, (const Str *) (candidate + field->offset), (Str *) (*out + field->offset)));
        else
            memcpy(*out + field->offset, candidate + field->offset, (size_t) rep_size((Rep) field->rep));
    }
    return NULL;
}

static Error *find_hashed(RtStore *store, RtPart *part, const char *candidates, int32_t n, void **rows)
{
    AggPart *agg = &part->agg;
    if (agg->slots == NULL || agg->mask + 1 < (uint64_t) (agg->groups + n) * 2)
        TRY(slots_grow(store, agg, n));
    KeySlot *slots = agg->slots;
    int32_t stride = store->stride, key_count = store->spec->key_count;
    if (agg->groups * (int64_t) sizeof(KeySlot) * 2 > CACHE_BYTES)
        for (int32_t i = 0; i < n; i++)
            __builtin_prefetch(&slots[key_spread(header(candidates + i * stride)->key) >> agg->shift], 1);
    for (int32_t i = 0; i < n; i++)
    {
        const char *candidate = candidates + i * stride;
        uint64_t key = header(candidate)->key;
        uint64_t at = key_spread(key) >> agg->shift;
        while (slots[at].row != NULL &&
               (slots[at].key != key || !rows_keys_equal(store->layout, key_count, slots[at].row, candidate)))
            at = (at + 1) & agg->mask;
        if (slots[at].row == NULL)
        {
            char *row;
            TRY(group_from(store, part, candidate, &row));
            slots[at] = (KeySlot){key, row};
        }
        rows[i] = slots[at].row;
    }
    return NULL;
}

void agg_find_hashed(RtWorker *worker, RtStore *store, const char *candidates, int32_t n, void **rows)
{
    Error *error = worker->error != NULL ? NULL : find_hashed(store, &store->parts[worker->index], candidates, n, rows);
    worker_fail(worker, error);
    if (worker->error != NULL)
        groups_fake(worker, store, n, rows);
}

void *agg_single(RtWorker *worker, RtStore *store)
{
    RtPart *part = &store->parts[worker->index];
    if (part->agg.single == NULL && worker->error == NULL)
        worker_fail(worker, group_new(store, part, 0, &part->agg.single));
    return part->agg.single != NULL ? part->agg.single : worker_scratch(worker, (size_t) store->stride);
}

void **agg_code_table(RtWorker *worker, RtStore *store, RtScan *scan, int64_t size)
{
    AggPart *agg = &store->parts[worker->index].agg;
    if (size <= 0 || size > CODES_MAX)
        return NULL;
    int64_t segment = scan_segment_number(scan) + 1;
    if (agg->codes_segment == segment && agg->codes_size == size)
        return agg->codes;
    if (agg->codes_size < size)
    {
        pthread_mutex_lock(&store->task->lock);
        agg->codes = arena_alloc(store->task->arena, (size_t) size * sizeof(void *));
        pthread_mutex_unlock(&store->task->lock);
    }
    agg->codes_size = size;
    agg->codes_segment = segment;
    memset(agg->codes, 0, (size_t) size * sizeof(void *));
    return agg->codes;
}

/* ---- merging ---- */

static Error *merge_single(RtStore *store)
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
        TRY(group_new(store, &store->parts[0], 0, &result));
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
            end[partition_of(merge, header(rows + i * (int64_t) store->stride)->key)]++;
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
            char *row = (char *) header(rows + i * (int64_t) store->stride);
            agg->pointers[end[partition_of(merge, header(row)->key)]++] = row;
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
            uint64_t key = header(row)->key;
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
    TRY(slots_new(merge->store, &table, entries));
    Error *error = partition_merge_rows(merge, p, &table);
    memory_give(merge->store->task->env.memory, table.slots, table.slots_bytes);
    return error;
}

static Error *merge_groups(RtStore *store, int64_t rows)
{
    Task *task = store->task;
    Merge merge = {.store = store, .partitions = 1};
    while (rows > MERGE_ALONE && merge.partitions < task->worker_count * 4 && merge.partitions < PARTITIONS_MAX)
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

static void tables_free(RtStore *store)
{
    MemoryPool *memory = store->task->env.memory;
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        AggPart *agg = &store->parts[w].agg;
        memory_give(memory, agg->slots, agg->slots_bytes);
        memory_give(memory, agg->pointers, agg->pointers_bytes);
        agg->slots = NULL;
        agg->pointers = NULL;
    }
}

static Error *agg_finish(RtStore *store)
{
    int32_t owners = 0;
    for (int32_t w = 0; w < store->task->worker_count; w++)
        owners += store->parts[w].bag.rows > 0;
    Error *error = NULL;
    if (store->spec->key_mode == KEY_NONE)
        error = merge_single(store);
    else if (owners > 1)
        error = merge_groups(store, store_rows(store));
    tables_free(store);
    return error;
}

/* Codes are of a segment of the pipeline's table; the next pipeline may read another table. */
static Error *agg_part_end(RtWorker *worker, RtStore *store)
{
    store->parts[worker->index].agg.codes_segment = 0;
    return NULL;
}

static void agg_close(RtStore *store)
{
    tables_free(store);
    store_bag_close(store);
}

const StoreOps agg_ops = {
    .open = agg_open,
    .str = store_bag_str,
    .part_end = agg_part_end,
    .finish = agg_finish,
    .close = agg_close,
};
