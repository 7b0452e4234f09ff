/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AGG stores: one row a group.  Each worker has its own table while rows come in; finish merges them (run_agg_merge.c).
 *
 *     KEY_EXACT, small numbers   dense[key] -> row
 *     KEY_EXACT                  {key, row}, linear probing
 *     KEY_HASHED                 the same by hash; key fields are compared
 */
#include "base/data/value.h"
#include "src/run/run.h"
#include "src/run/run_spill.h"

#define SLOTS_FIRST    1024
#define CACHE_BYTES    (512 * 1024)
#define CODES_MAX      (1 << 16)
#define STR_ROOM       16 /* strings of states have room in multiples of it */
#define DENSE_SMALL    8192 /* keys that are always worth an array */
#define DENSE_PER_ROW  8    /* keys an expected group that an array may have */
#define DENSE_SHARE    8    /* of the memory that is left, an eighth for all workers' arrays */

static bool dense_fits(const RtStore *store)
{
    const SpecStore *spec = store->spec;
    double entries = (double) spec->key_entries;
    if (spec->key_mode != KEY_EXACT || spec->key_entries == 0)
        return false;
    double bytes = entries * (double) sizeof(char *) * store->task->worker_count;
    return entries <= DENSE_SMALL || (entries <= spec->rows_estimate * DENSE_PER_ROW &&
                                      bytes <= (double) memory_left(store->task->env.memory) / DENSE_SHARE);
}

static Error *agg_open(RtStore *store)
{
    store->dense = dense_fits(store);
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

Error *agg_slots_new(RtStore *store, AggPart *agg, uint64_t entries)
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
    TRY(agg_slots_new(store, agg, entries));
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

Error *agg_group_new(RtStore *store, RtPart *part, uint64_t key, char **row)
{
    TRY(bag_reserve(&part->bag, 1, row));
    memcpy(*row, store->initial, (size_t) store->stride);
    row_header(*row)->key = key;
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

/* Before groups are looked for: a table that would grow beyond the memory goes to disk.  Not while groups are
 * remembered by their codes. */
static Error *agg_relieve(RtWorker *worker, RtStore *store, int32_t n)
{
    const AggPart *agg = &store->parts[worker->index].agg;
    const Task *task = store->task;
    if (agg->codes_segment != 0)
        return NULL;
    TRY(store_relieve(worker, store));
    if (agg->slots == NULL || agg->mask + 1 >= (uint64_t) (agg->groups + n) * 2)
        return NULL;
    int64_t grown = (int64_t) (agg->mask + 1) * 4 * (int64_t) sizeof(KeySlot) * task->worker_count;
    int64_t used = atomic_load_explicit(&task->env.budget->used_bytes, memory_order_relaxed);
    return used + grown > task->soft_bytes ? store_turn_to_disk(worker, store) : NULL;
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
        if (last == NULL || row_header(last)->key != key)
        {
            uint64_t at = key_spread(key) >> shift;
            while (slots[at].row != NULL && slots[at].key != key)
                at = (at + 1) & mask;
            if (slots[at].row == NULL)
            {
                char *row;
                TRY(agg_group_new(store, part, key, &row));
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

static Error *dense_new(RtStore *store, AggPart *agg)
{
    void *dense;
    size_t bytes = (size_t) store->spec->key_entries * sizeof(char *);
    TRY(memory_take(store->task->env.memory, bytes, &dense, &agg->dense_bytes));
    memset(dense, 0, bytes);
    agg->dense = dense;
    return NULL;
}

static Error *find_dense(RtStore *store, RtPart *part, const uint64_t *keys, int32_t n, void **rows)
{
    AggPart *agg = &part->agg;
    if (agg->dense == NULL)
        TRY(dense_new(store, agg));
    char **dense = agg->dense;
    uint64_t entries = (uint64_t) store->spec->key_entries;
    bool far = agg->groups * store->stride > CACHE_BYTES;
    if (agg->dense_bytes > CACHE_BYTES)
        for (int32_t i = 0; i < n; i++)
            __builtin_prefetch(&dense[keys[i]], 1);
    for (int32_t i = 0; i < n; i++)
    {
        if (keys[i] >= entries)
            return error_new(SQLSTATE_INTERNAL_ERROR, "a group's key lies outside what is known of its columns");
        if (dense[keys[i]] == NULL)
            TRY(agg_group_new(store, part, keys[i], &dense[keys[i]]));
        rows[i] = dense[keys[i]];
        if (far)
            __builtin_prefetch(rows[i], 1);
    }
    return NULL;
}

void agg_find(RtWorker *worker, RtStore *store, const uint64_t *keys, int32_t n, void **rows)
{
    RtPart *part = &store->parts[worker->index];
    Error *error = worker->error != NULL ? NULL : agg_relieve(worker, store, n);
    if (error == NULL && worker->error == NULL)
        error = store->dense ? find_dense(store, part, keys, n, rows) : find_exact(store, part, keys, n, rows);
    worker_fail(worker, error);
    if (worker->error != NULL)
        groups_fake(worker, store, n, rows);
}

/* A new group from a candidate: header, key fields, the candidate's strings copied. */
static Error *group_from(RtStore *store, RtPart *part, const char *candidate, char **out)
{
    TRY(agg_group_new(store, part, row_header(candidate)->key, out));
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
            __builtin_prefetch(&slots[key_spread(row_header(candidates + i * stride)->key) >> agg->shift], 1);
    for (int32_t i = 0; i < n; i++)
    {
        const char *candidate = candidates + i * stride;
        uint64_t key = row_header(candidate)->key;
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
    Error *error = worker->error != NULL ? NULL : agg_relieve(worker, store, n);
    if (error == NULL && worker->error == NULL)
        error = find_hashed(store, &store->parts[worker->index], candidates, n, rows);
    worker_fail(worker, error);
    if (worker->error != NULL)
        groups_fake(worker, store, n, rows);
}

void *agg_single(RtWorker *worker, RtStore *store)
{
    RtPart *part = &store->parts[worker->index];
    if (part->agg.single == NULL && worker->error == NULL)
        worker_fail(worker, agg_group_new(store, part, 0, &part->agg.single));
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

/* A least or greatest string so far takes the room of the one before, which is its own. */
static Error *agg_str(RtWorker *worker, RtStore *store, const Str *s, Str *out)
{
    char *room = (char *) (uintptr_t) out->data;
    int64_t capacity = (out->len + STR_ROOM - 1) / STR_ROOM * STR_ROOM;
    if (s->len > capacity)
        TRY(bag_bytes(&store->parts[worker->index].bag, (s->len + STR_ROOM - 1) / STR_ROOM * STR_ROOM, &room));
    if (s->len > 0)
        memmove(room, s->data, (size_t) s->len);
    *out = (Str){room == NULL ? "" : room, s->len};
    return NULL;
}

/* ---- finish ---- */

void agg_table_free(RtStore *store, int32_t part)
{
    MemoryPool *memory = store->task->env.memory;
    AggPart *agg = &store->parts[part].agg;
    memory_give(memory, agg->slots, agg->slots_bytes);
    memory_give(memory, agg->pointers, agg->pointers_bytes);
    memory_give(memory, agg->dense, agg->dense_bytes);
    agg->dense = NULL;
    agg->slots = NULL;
    agg->pointers = NULL;
    agg->mask = 0;
    agg->groups = 0;
    agg->codes_segment = 0;
}

static void tables_free(RtStore *store)
{
    for (int32_t w = 0; w < store->task->worker_count; w++)
        agg_table_free(store, w);
}

static Error *agg_finish(RtStore *store)
{
    if (store_spilled(store))
        return agg_spill_finish(store);
    int32_t owners = 0;
    for (int32_t w = 0; w < store->task->worker_count; w++)
        owners += store->parts[w].bag.rows > 0;
    Error *error = NULL;
    if (store->spec->key_mode == KEY_NONE)
        error = agg_merge_single(store);
    else if (owners > 1)
        error = store->dense ? agg_merge_dense(store, store_rows(store)) : agg_merge_groups(store, store_rows(store));
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
    .str = agg_str,
    .spill = agg_spill,
    .part_end = agg_part_end,
    .finish = agg_finish,
    .close = agg_close,
};
