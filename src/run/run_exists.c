/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HASH stores that are only asked whether a key is there, and whose keys are known to be small numbers: no row is kept.
 *
 *     worker 0  rows --> bits ---.
 *     worker 1  rows --> bits ---+-- or --> the store's bitmap (HASH_BITS)
 */
#include "src/run/run.h"

#define ENTRIES_SMALL   (1 << 20) /* keys that are always worth a bitmap a worker */
#define ENTRIES_PER_ROW 512       /* keys an expected row that it may have */
#define MEMORY_SHARE    16        /* of the memory that is left, for all workers' bitmaps */

static size_t bitmap_bytes(const RtStore *store)
{
    return (size_t) ((store->spec->key_entries - 1) / 64 + 1) * sizeof(uint64_t);
}

bool exists_fits(const RtStore *store)
{
    const SpecStore *spec = store->spec;
    if (!spec->exists_only || spec->key_mode != KEY_EXACT || spec->key_entries == 0)
        return false;
    double bytes = (double) spec->key_entries / 8 * store->task->worker_count;
    return (spec->key_entries <= ENTRIES_SMALL || (double) spec->key_entries <= spec->rows_estimate * ENTRIES_PER_ROW) &&
           bytes <= (double) memory_left(store->task->env.memory) / MEMORY_SHARE;
}

static Error *part_open(RtStore *store, ExistsPart *part)
{
    MemoryPool *memory = store->task->env.memory;
    void *rows, *bits;
    TRY(memory_take(memory, (size_t) RT_BATCH * (size_t) store->stride, &rows, &part->rows_bytes));
    part->rows = rows;
    TRY(memory_take(memory, bitmap_bytes(store), &bits, &part->bits_bytes));
    memset(bits, 0, bitmap_bytes(store));
    part->bits = bits;
    return NULL;
}

/* The batch's rows are written where those of the last batch were. */
static Error *exists_reserve(RtWorker *worker, RtStore *store, int32_t n, char **rows)
{
    ASSERT(n <= RT_BATCH);
    ExistsPart *part = &store->parts[worker->index].exists;
    if (part->bits == NULL)
        TRY(part_open(store, part));
    *rows = part->rows;
    return NULL;
}

static Error *exists_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    ExistsPart *part = &store->parts[worker->index].exists;
    uint64_t entries = (uint64_t) store->spec->key_entries;
    const char *row = part->rows;
    for (int32_t i = 0; i < used; i++, row += store->stride)
    {
        uint64_t key = row_header(row)->key;
        if (key >= entries)
            return error_new(SQLSTATE_INTERNAL_ERROR, "a join's key lies outside what is known of its columns");
        part->bits[key >> 6] |= UINT64_C(1) << (key & 63);
    }
    return NULL;
}

typedef struct Union
{
    RtStore *store;
    int32_t parts;
} Union;

static Error *part_unite(void *context, int32_t p)
{
    const Union *job = context;
    size_t words = bitmap_bytes(job->store) / sizeof(uint64_t), step = words / (size_t) job->parts;
    size_t from = step * (size_t) p, to = p + 1 == job->parts ? words : from + step;
    uint64_t *into = job->store->hash.bits;
    for (int32_t w = 0; w < job->store->task->worker_count; w++)
    {
        const uint64_t *bits = job->store->parts[w].exists.bits;
        for (size_t i = from; i < to && bits != NULL && bits != into; i++)
            into[i] |= bits[i];
    }
    return NULL;
}

static Error *exists_finish(RtStore *store)
{
    HashStore *hash = &store->hash;
    for (int32_t w = 0; w < store->task->worker_count; w++)
        if (hash->bits == NULL)
            hash->bits = store->parts[w].exists.bits;
    if (hash->bits == NULL)
        return NULL;
    hash->form = HASH_BITS;
    hash->range = (uint64_t) store->spec->key_entries;
    Union job = {store, store->task->worker_count};
    return task_parts(store->task, job.parts, store->spec->key_entries / 64, part_unite, &job);
}

static void exists_close(RtStore *store)
{
    MemoryPool *memory = store->task->env.memory;
    for (int32_t w = 0; w < store->task->worker_count; w++)
    {
        ExistsPart *part = &store->parts[w].exists;
        memory_give(memory, part->rows, part->rows_bytes);
        memory_give(memory, part->bits, part->bits_bytes);
        *part = (ExistsPart){0};
    }
    store->hash.bits = NULL;
}

const StoreOps exists_ops = {
    .reserve = exists_reserve,
    .commit = exists_commit,
    .finish = exists_finish,
    .close = exists_close,
};
