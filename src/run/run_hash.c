/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HASH stores: the build side of joins.  Rows stay where they were written;
 * finish makes a directory over their keys:
 *
 *     DENSE  table[key - least] -> row        keys close together
 *     BITS   bit (key - least)                the same, only existence is asked for (run_exists.c keeps no rows even)
 *     SLOTS  {key, row}, linear probing       else; at most half full
 *
 * Where few of the keys in the range are there, a bitmap stands before DENSE and
 * SLOTS too: it is small enough for the cache and keeps the misses away.  Before
 * other SLOTS stands a Bloom filter, an eighth of their size.
 *
 * Rows of equal key hang on RowHeader.next.  The directory is filled by all
 * workers at once: DENSE by exchanging the pointer (the old one becomes the
 * new row's next), SLOTS by claiming an empty slot's row and then writing its
 * key; nobody reads the keys of slots before all have finished.
 */
#include "src/run/run.h"
#include "src/run/run_spill.h"

#define DENSE_SMALL   65536        /* entries that are always worth an array */
#define DENSE_PER_ROW 8            /* entries a row that an array may have */
#define BITS_PER_ROW  512          /* entries a row that a bitmap may have */
#define BITS_SMALL    (1 << 20)    /* entries that are always worth a bitmap */
#define BITS_MISSING  3            /* so many more entries than rows make a bitmap worth while */
#define BLOOM_BITS    16           /* a row, at least */
#define BLOOM_ROWS    1024         /* rows from which on a filter is worth while: their slots leave the first cache */
#define CACHE_BYTES   (512 * 1024) /* directories beyond it are prefetched */
#define AHEAD         24           /* rows prefetched ahead while building */

typedef struct HashBuild
{
    RtStore *store;
    int64_t least[TEAM_THREADS_MAX];
    int64_t most[TEAM_THREADS_MAX];
    _Atomic int32_t chained;
} HashBuild;

static Error *part_bounds(void *context, int32_t part)
{
    HashBuild *build = context;
    RtStore *store = build->store;
    RowChunk *chunk = store->parts[part].bag.first;
    int64_t least = INT64_MAX, most = INT64_MIN;
    int32_t at = 0, n;
    for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
    {
        for (int32_t i = 0; i < n; i++, rows += store->stride)
        {
            int64_t key = (int64_t) row_header(rows)->key;
            least = key < least ? key : least;
            most = key > most ? key : most;
        }
    }
    build->least[part] = least;
    build->most[part] = most;
    return NULL;
}

static Error *part_dense(void *context, int32_t part)
{
    HashBuild *build = context;
    RtStore *store = build->store;
    char *_Atomic *table = store->hash.table;
    uint64_t least = store->hash.least;
    bool chained = false;
    RowChunk *chunk = store->parts[part].bag.first;
    int32_t at = 0, n, stride = store->stride;
    for (const char *rows; (rows = bag_run(&chunk, &at, stride, INT32_MAX, &n)) != NULL;)
    {
        for (int32_t i = 0; i < n; i++, rows += stride)
        {
            if (i + AHEAD < n)
                __builtin_prefetch(&table[row_header(rows + AHEAD * stride)->key - least], 1);
            char *old = store->task->worker_count == 1
                            ? atomic_load_explicit(&table[row_header(rows)->key - least], memory_order_relaxed)
                            : NULL;
            if (store->task->worker_count == 1)
                atomic_store_explicit(&table[row_header(rows)->key - least], (char *) row_header(rows), memory_order_relaxed);
            else
                old = atomic_exchange_explicit(&table[row_header(rows)->key - least], (char *) row_header(rows),
                                               memory_order_relaxed);
            row_header(rows)->next = old;
            chained |= old != NULL;
        }
    }
    if (chained)
        atomic_store(&build->chained, 1);
    return NULL;
}

static Error *part_bits(void *context, int32_t part)
{
    HashBuild *build = context;
    RtStore *store = build->store;
    _Atomic uint64_t *table = (_Atomic uint64_t *) store->hash.bits;
    uint64_t least = store->hash.least;
    RowChunk *chunk = store->parts[part].bag.first;
    int32_t at = 0, n, stride = store->stride;
    for (const char *rows; (rows = bag_run(&chunk, &at, stride, INT32_MAX, &n)) != NULL;)
    {
        for (int32_t i = 0; i < n; i++, rows += stride)
        {
            if (i + AHEAD < n)
                __builtin_prefetch(&table[(row_header(rows + AHEAD * stride)->key - least) >> 6], 1);
            uint64_t bit = row_header(rows)->key - least;
            uint64_t mask = UINT64_C(1) << (bit & 63);
            uint64_t word = atomic_load_explicit(&table[bit >> 6], memory_order_relaxed);
            if (word & mask)
                continue;
            if (store->task->worker_count == 1)
                atomic_store_explicit(&table[bit >> 6], word | mask, memory_order_relaxed);
            else
                atomic_fetch_or_explicit(&table[bit >> 6], mask, memory_order_relaxed);
        }
    }
    return NULL;
}

static Error *part_bloom(void *context, int32_t part)
{
    HashBuild *build = context;
    RtStore *store = build->store;
    _Atomic uint64_t *words = (_Atomic uint64_t *) store->hash.bloom;
    RowChunk *chunk = store->parts[part].bag.first;
    int32_t at = 0, n, stride = store->stride, shift = store->hash.bloom_shift;
    for (const char *rows; (rows = bag_run(&chunk, &at, stride, INT32_MAX, &n)) != NULL;)
    {
        for (int32_t i = 0; i < n; i++, rows += stride)
        {
            uint64_t spread = key_spread(row_header(rows)->key), bits = bloom_bits(spread);
            if ((~atomic_load_explicit(&words[spread >> shift], memory_order_relaxed) & bits) != 0)
                atomic_fetch_or_explicit(&words[spread >> shift], bits, memory_order_relaxed);
        }
    }
    return NULL;
}

/* Puts a row into the slots; true if its key was there already. */
static bool slot_insert(HashStore *hash, RowHeader *row)
{
    KeySlot *slots = hash->table;
    for (uint64_t i = key_spread(row->key) >> hash->shift;; i = (i + 1) & hash->mask)
    {
        char *_Atomic *place = (char *_Atomic *) &slots[i].row;
        char *there = atomic_load_explicit(place, memory_order_acquire);
        if (there == NULL)
        {
            row->next = NULL;
            if (atomic_compare_exchange_strong_explicit(place, &there, (char *) row, memory_order_acq_rel,
                                                        memory_order_acquire))
            {
                slots[i].key = row->key;
                return false;
            }
        }
        if (row_header(there)->key != row->key)
            continue;
        void *_Atomic *next = (void *_Atomic *) &row_header(there)->next;
        void *old = atomic_load_explicit(next, memory_order_relaxed);
        do
            row->next = old;
        while (!atomic_compare_exchange_weak_explicit(next, &old, row, memory_order_acq_rel, memory_order_relaxed));
        return true;
    }
}

static Error *part_slots(void *context, int32_t part)
{
    HashBuild *build = context;
    RtStore *store = build->store;
    HashStore *hash = &store->hash;
    KeySlot *slots = hash->table;
    bool chained = false;
    RowChunk *chunk = store->parts[part].bag.first;
    int32_t at = 0, n, stride = store->stride;
    for (const char *rows; (rows = bag_run(&chunk, &at, stride, INT32_MAX, &n)) != NULL;)
    {
        for (int32_t i = 0; i < n; i++, rows += stride)
        {
            if (i + AHEAD < n)
                __builtin_prefetch(&slots[key_spread(row_header(rows + AHEAD * stride)->key) >> hash->shift], 1);
            chained |= slot_insert(hash, row_header(rows));
        }
    }
    if (chained)
        atomic_store(&build->chained, 1);
    return NULL;
}

static void chain_all(RtStore *store)
{
    void *next = NULL;
    for (int32_t p = 0; p < store->task->worker_count; p++)
    {
        RowChunk *chunk = store->parts[p].bag.first;
        int32_t at = 0, n;
        for (const char *rows; (rows = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        {
            for (int32_t i = 0; i < n; i++, rows += store->stride)
            {
                row_header(rows)->next = next;
                next = row_header(rows);
            }
        }
    }
    store->hash.chain = next;
    store->hash.chained = true;
}

typedef struct ZeroJob
{
    char *table;
    size_t bytes;
    int32_t parts;
} ZeroJob;

static Error *part_zero(void *context, int32_t part)
{
    ZeroJob *job = context;
    size_t from = job->bytes / (size_t) job->parts * (size_t) part;
    size_t to = part + 1 == job->parts ? job->bytes : job->bytes / (size_t) job->parts * (size_t) (part + 1);
    memset(job->table + from, 0, to - from);
    return NULL;
}

static Error *zeroed_new(RtStore *store, size_t bytes, void **out, size_t *got)
{
    TRY(memory_take(store->task->env.memory, bytes, out, got));
    ZeroJob job = {*out, bytes, bytes > 1024 * 1024 ? store->task->worker_count : 1};
    return task_parts(store->task, job.parts, INT64_MAX, part_zero, &job);
}

static Error *table_new(RtStore *store, size_t bytes)
{
    store->hash.large = bytes > CACHE_BYTES;
    return zeroed_new(store, bytes, &store->hash.table, &store->hash.table_bytes);
}

static Error *bits_new(RtStore *store)
{
    void *bits;
    TRY(zeroed_new(store, ((store->hash.range - 1) / 64 + 1) * 8, &bits, &store->hash.bits_bytes));
    store->hash.bits = bits;
    return NULL;
}

static Error *bloom_new(RtStore *store, int64_t rows)
{
    uint64_t words = 1;
    while (words * 64 < (uint64_t) rows * BLOOM_BITS)
        words *= 2;
    void *bloom;
    TRY(zeroed_new(store, words * 8, &bloom, &store->hash.bloom_bytes));
    store->hash.bloom = bloom;
    store->hash.bloom_shift = 64 - __builtin_ctzll(words);
    return NULL;
}

/* Which directory fits these keys; makes it, empty. */
static Error *directory_choose(RtStore *store, const HashBuild *build, int64_t rows)
{
    HashStore *hash = &store->hash;
    int64_t least = INT64_MAX, most = INT64_MIN;
    for (int32_t p = 0; p < store->task->worker_count; p++)
    {
        least = build->least[p] < least ? build->least[p] : least;
        most = build->most[p] > most ? build->most[p] : most;
    }
    uint64_t range = (uint64_t) most - (uint64_t) least; /* one less than the entries, so that it cannot wrap */
    bool exact = store->spec->key_mode == KEY_EXACT;
    hash->least = (uint64_t) least;
    hash->range = range + 1;
    if (exact && (range < BITS_SMALL || range / BITS_PER_ROW < (uint64_t) rows) &&
        (store->spec->exists_only || range / BITS_MISSING > (uint64_t) rows))
        TRY(bits_new(store));
    if (store->spec->exists_only && hash->bits != NULL)
    {
        hash->form = HASH_BITS;
        hash->large = hash->bits_bytes > CACHE_BYTES;
        return NULL;
    }
    if (exact && (range < DENSE_SMALL || range / DENSE_PER_ROW < (uint64_t) rows))
    {
        hash->form = HASH_DENSE;
        return table_new(store, (range + 1) * sizeof(char *));
    }
    uint64_t entries = 16;
    while (entries < (uint64_t) rows * 2)
        entries *= 2;
    if (hash->bits == NULL && rows >= BLOOM_ROWS)
        TRY(bloom_new(store, rows));
    hash->form = HASH_SLOTS;
    hash->mask = entries - 1;
    hash->shift = 64 - __builtin_ctzll(entries);
    return table_new(store, entries * sizeof(KeySlot));
}

/* The range that holds all keys: what is known beforehand, where it is about as small as the rows make it. */
static Error *keys_bound(RtStore *store, HashBuild *build, int64_t rows)
{
    int32_t parts = store->task->worker_count;
    for (int32_t p = 0; p < parts; p++)
    {
        build->least[p] = 0;
        build->most[p] = store->spec->key_entries - 1;
    }
    if (store->spec->key_mode != KEY_EXACT || (store->spec->key_entries > 0 && store->spec->key_entries / DENSE_PER_ROW < rows))
        return NULL;
    return task_parts(store->task, parts, rows, part_bounds, build);
}

Error *hash_directory_make(RtStore *store)
{
    int64_t rows = store_rows(store);
    if (rows == 0)
        return NULL;
    if (store->spec->key_mode == KEY_NONE)
    {
        store->hash.form = HASH_CHAIN;
        chain_all(store);
        return NULL;
    }
    HashBuild build = {.store = store};
    int32_t parts = store->task->worker_count;
    TRY(keys_bound(store, &build, rows));
    TRY(directory_choose(store, &build, rows));
    if (store->hash.bits != NULL)
        TRY(task_parts(store->task, parts, rows, part_bits, &build));
    if (store->hash.bloom != NULL)
        TRY(task_parts(store->task, parts, rows, part_bloom, &build));
    if (store->hash.form != HASH_BITS)
        TRY(task_parts(store->task, parts, rows, store->hash.form == HASH_DENSE ? part_dense : part_slots, &build));
    store->hash.chained = atomic_load(&build.chained) != 0;
    return NULL;
}

static Error *hash_open(RtStore *store)
{
    if (exists_fits(store))
        store->ops = &exists_ops;
    return store_bag_open(store);
}

void hash_directory_free(RtStore *store)
{
    const HashStore *hash = &store->hash;
    memory_give(store->task->env.memory, hash->table, hash->table_bytes);
    memory_give(store->task->env.memory, hash->bits, hash->bits_bytes);
    memory_give(store->task->env.memory, hash->bloom, hash->bloom_bytes);
    store->hash = (HashStore){.form = HASH_EMPTY};
}

int64_t hash_directory_bytes(const RtStore *store)
{
    return (int64_t) (store->hash.table_bytes + store->hash.bits_bytes + store->hash.bloom_bytes);
}

static Error *hash_finish(RtStore *store)
{
    return store_spilled(store) ? join_spill_finish(store) : hash_directory_make(store);
}

/* Rows that match every row are of one partition: on disk they would come back all together. */
static Error *hash_spill(RtStore *store, int32_t part)
{
    return store->spec->key_mode == KEY_NONE ? NULL : store_parted_spill(store, part);
}

static void hash_close(RtStore *store)
{
    hash_directory_free(store);
    store_bag_close(store);
    join_spill_close(store);
}

const StoreOps hash_ops = {
    .open = hash_open,
    .reserve = store_bag_reserve,
    .commit = store_bag_commit,
    .str = store_bag_str,
    .spill = hash_spill,
    .finish = hash_finish,
    .close = hash_close,
};
