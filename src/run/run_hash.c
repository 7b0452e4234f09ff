/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HASH stores: the build side of joins.  Rows stay where they were written;
 * finish makes a directory over their keys:
 *
 *     DENSE  table[key - least] -> row        keys close together
 *     BITS   bit (key - least)                the same, only existence is asked for
 *     SLOTS  {key, row}, linear probing       else; at most half full
 *
 * Where few of the keys in the range are there, a bitmap stands before DENSE and
 * SLOTS too: it is small enough for the cache and keeps the misses away.
 *
 * Rows of equal key hang on RowHeader.next.  The directory is filled by all
 * workers at once: DENSE by exchanging the pointer (the old one becomes the
 * new row's next), SLOTS by claiming an empty slot's row and then writing its
 * key; nobody reads the keys of slots before all have finished.
 */
#include "src/run/run.h"

#define DENSE_SMALL   65536        /* entries that are always worth an array */
#define DENSE_PER_ROW 8            /* entries a row that an array may have */
#define BITS_PER_ROW  512          /* entries a row that a bitmap may have */
#define BITS_MISSING  3            /* so many more entries than rows make a bitmap worth while */
#define CACHE_BYTES   (512 * 1024) /* directories beyond it are prefetched */
#define AHEAD         24           /* rows prefetched ahead while building */

typedef struct HashBuild
{
    RtStore *store;
    int64_t least[TEAM_THREADS_MAX];
    int64_t most[TEAM_THREADS_MAX];
    _Atomic int32_t chained;
} HashBuild;

static RowHeader *header(const char *row)
{
    return (RowHeader *) (void *) (uintptr_t) row;
}

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
            int64_t key = (int64_t) header(rows)->key;
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
                __builtin_prefetch(&table[header(rows + AHEAD * stride)->key - least], 1);
            char *old = store->task->worker_count == 1
                            ? atomic_load_explicit(&table[header(rows)->key - least], memory_order_relaxed)
                            : NULL;
            if (store->task->worker_count == 1)
                atomic_store_explicit(&table[header(rows)->key - least], (char *) header(rows), memory_order_relaxed);
            else
                old = atomic_exchange_explicit(&table[header(rows)->key - least], (char *) header(rows),
                                               memory_order_relaxed);
            header(rows)->next = old;
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
                __builtin_prefetch(&table[(header(rows + AHEAD * stride)->key - least) >> 6], 1);
            uint64_t bit = header(rows)->key - least;
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
        if (header(there)->key != row->key)
            continue;
        void *_Atomic *next = (void *_Atomic *) &header(there)->next;
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
                __builtin_prefetch(&slots[key_spread(header(rows + AHEAD * stride)->key) >> hash->shift], 1);
            chained |= slot_insert(hash, header(rows));
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
                header(rows)->next = next;
                next = header(rows);
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
    if (exact && range / BITS_PER_ROW < (uint64_t) rows &&
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
    hash->form = HASH_SLOTS;
    hash->mask = entries - 1;
    hash->shift = 64 - __builtin_ctzll(entries);
    return table_new(store, entries * sizeof(KeySlot));
}

static Error *hash_finish(RtStore *store)
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
    if (store->spec->key_mode == KEY_EXACT)
        TRY(task_parts(store->task, parts, rows, part_bounds, &build));
    TRY(directory_choose(store, &build, rows));
    if (store->hash.bits != NULL)
        TRY(task_parts(store->task, parts, rows, part_bits, &build));
    if (store->hash.form != HASH_BITS)
        TRY(task_parts(store->task, parts, rows, store->hash.form == HASH_DENSE ? part_dense : part_slots, &build));
    store->hash.chained = atomic_load(&build.chained) != 0;
    return NULL;
}

static void hash_close(RtStore *store)
{
    HashStore *hash = &store->hash;
    memory_give(store->task->env.memory, hash->table, hash->table_bytes);
    memory_give(store->task->env.memory, hash->bits, hash->bits_bytes);
    hash->table = NULL;
    hash->bits = NULL;
    store_bag_close(store);
}

/* ---- probing ---- */

/* Positions of keys whose bit is set (anti: is not, or whose key is null); no branch on the outcome. */
static int32_t bits_select(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                           uint16_t *pos)
{
    const uint64_t *bits = hash->bits;
    uint64_t least = hash->least, last = hash->range - 1, flip = anti != 0;
    int32_t count = 0;
    if (hash->bits_bytes > CACHE_BYTES)
        for (int32_t i = 0; i < n; i++)
            if (keys[i] - least <= last)
                __builtin_prefetch(&bits[(keys[i] - least) >> 6]);
    for (int32_t i = 0; i < n; i++)
    {
        uint64_t at = keys[i] - least, in = at <= last;
        uint64_t bit = bits[in ? at >> 6 : 0] >> (at & 63) & in;
        bit &= (uint64_t) (nulls == NULL || !nulls[i]);
        pos[count] = (uint16_t) i;
        count += (int32_t) (bit ^ flip);
    }
    return count;
}

static char *slot_find(const HashStore *hash, uint64_t key)
{
    const KeySlot *slots = hash->table;
    uint64_t at = key_spread(key) >> hash->shift;
    while (slots[at].row != NULL && slots[at].key != key)
        at = (at + 1) & hash->mask;
    return slots[at].row;
}

static int32_t found_dense(const HashStore *hash, const uint64_t *keys, int32_t n, RtProbe *probe)
{
    char *const *table = hash->table;
    uint64_t least = hash->least, range = hash->range;
    int32_t m = 0;
    if (hash->large)
        for (int32_t i = 0; i < n; i++)
            if (keys[i] - least < range)
                __builtin_prefetch(&table[keys[i] - least]);
    for (int32_t i = 0; i < n; i++)
    {
        char *row = keys[i] - least < range ? table[keys[i] - least] : NULL;
        probe->head[m] = row;
        probe->found[m] = (uint16_t) i;
        m += row != NULL;
    }
    return m;
}

static int32_t found_slots(const HashStore *hash, const uint64_t *keys, int32_t n, RtProbe *probe)
{
    const KeySlot *slots = hash->table;
    int32_t m = 0;
    if (hash->large)
        for (int32_t i = 0; i < n; i++)
            __builtin_prefetch(&slots[key_spread(keys[i]) >> hash->shift]);
    for (int32_t i = 0; i < n; i++)
    {
        char *row = slot_find(hash, keys[i]);
        probe->head[m] = row;
        probe->found[m] = (uint16_t) i;
        m += row != NULL;
    }
    return m;
}

/* Only keys whose bit is set are looked up: the others are not there. */
static int32_t found_filtered(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n,
                              RtProbe *probe)
{
    const uint16_t *pos = probe->found;
    int32_t m = bits_select(hash, keys, nulls, n, false, probe->found);
    if (hash->form == HASH_DENSE)
    {
        char *const *table = hash->table;
        for (int32_t j = 0; j < m && hash->large; j++)
            __builtin_prefetch(&table[keys[pos[j]] - hash->least]);
        for (int32_t j = 0; j < m; j++)
            probe->head[j] = table[keys[pos[j]] - hash->least];
        return m;
    }
    const KeySlot *slots = hash->table;
    for (int32_t j = 0; j < m && hash->large; j++)
        __builtin_prefetch(&slots[key_spread(keys[pos[j]]) >> hash->shift]);
    for (int32_t j = 0; j < m; j++)
        probe->head[j] = slot_find(hash, keys[pos[j]]);
    return m;
}

static int32_t found_all(const HashStore *hash, int32_t n, RtProbe *probe)
{
    for (int32_t i = 0; i < n; i++)
    {
        probe->head[i] = hash->chain;
        probe->found[i] = (uint16_t) i;
    }
    return n;
}

/* Takes out the rows whose key is null. */
static int32_t found_not_null(const uint8_t *nulls, int32_t m, RtProbe *probe)
{
    int32_t kept = 0;
    for (int32_t j = 0; j < m; j++)
    {
        probe->head[kept] = probe->head[j];
        probe->found[kept] = probe->found[j];
        kept += !nulls[probe->found[kept]];
    }
    return kept;
}

void hash_probe_begin(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t outer,
                      RtProbe *probe)
{
    const HashStore *hash = &store->hash;
    ASSERT(store->finished && n >= 0 && n <= RT_BATCH);
    ASSERT(hash->form != HASH_BITS); /* exists_only stores are asked by probe_exists */
    probe->count = n;
    probe->at = 0;
    probe->outer = outer;
    probe->phase = 0;
    probe->found_count = 0;
    if (outer)
        memset(probe->matched, 0, (size_t) n);
    if (hash->form == HASH_EMPTY)
        return;
    if (hash->bits != NULL)
        probe->found_count = found_filtered(hash, keys, nulls, n, probe);
    else
    {
        int32_t m = hash->form == HASH_CHAIN   ? found_all(hash, n, probe)
                    : hash->form == HASH_DENSE ? found_dense(hash, keys, n, probe)
                                               : found_slots(hash, keys, n, probe);
        probe->found_count = nulls == NULL ? m : found_not_null(nulls, m, probe);
    }
    if (hash->large)
        for (int32_t j = 0; j < probe->found_count; j++)
            __builtin_prefetch(probe->head[j]);
}

/* Probed rows of which no pair counted. */
static int32_t probe_unmatched(RtProbe *probe, uint16_t *pos, void **rows)
{
    int32_t count = 0, i = probe->at;
    for (; i < probe->count; i++)
    {
        pos[count] = (uint16_t) i;
        rows[count] = NULL;
        count += !probe->matched[i];
    }
    probe->at = i;
    return count;
}

/* Pairs of the rows found: all at once where each has one, else chain after chain. */
static int32_t probe_pairs(const HashStore *hash, RtProbe *probe, uint16_t *pos, void **rows)
{
    int32_t count = 0, j = probe->at, m = probe->found_count;
    if (!hash->chained)
    {
        memcpy(pos, probe->found, sizeof *pos * (size_t) m);
        memcpy(rows, probe->head, sizeof *rows * (size_t) m);
        probe->found_count = 0;
        return m;
    }
    while (j < m && count < RT_BATCH)
    {
        void *row = probe->head[j];
        for (; row != NULL && count < RT_BATCH; row = header(row)->next)
        {
            pos[count] = probe->found[j];
            rows[count++] = row;
        }
        probe->head[j] = row;
        j += row == NULL;
    }
    probe->at = j;
    return count;
}

/* One batch of a cross join can make billions of pairs: the query's end is looked for between chunks. */
static bool probe_stops(Task *task)
{
    if (atomic_load_explicit(&task->stop, memory_order_relaxed))
        return true;
    Error *error = task_check(task);
    if (error == NULL)
        return false;
    task_fail(task, error);
    return true;
}

int32_t hash_probe_next(RtStore *store, RtProbe *probe, uint16_t *pos, void **rows)
{
    if (probe_stops(store->task))
        return 0;
    if (probe->phase == 0)
    {
        int32_t count = probe_pairs(&store->hash, probe, pos, rows);
        if (count > 0 || !probe->outer)
            return count;
        probe->phase = 1;
        probe->at = 0;
    }
    return probe_unmatched(probe, pos, rows);
}

static bool key_exists(const HashStore *hash, uint64_t key)
{
    if (hash->form == HASH_DENSE)
        return key - hash->least < hash->range && ((char *const *) hash->table)[key - hash->least] != NULL;
    return hash->form == HASH_CHAIN || (hash->form == HASH_SLOTS && slot_find(hash, key) != NULL);
}

static void exists_prefetch(const HashStore *hash, const uint64_t *keys, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
    {
        if (hash->form == HASH_SLOTS)
            __builtin_prefetch(&((const KeySlot *) hash->table)[key_spread(keys[i]) >> hash->shift]);
        else if (hash->form == HASH_DENSE && keys[i] - hash->least < hash->range)
            __builtin_prefetch(&((char *const *) hash->table)[keys[i] - hash->least]);
    }
}

int32_t hash_probe_exists(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                          uint16_t *pos)
{
    const HashStore *hash = &store->hash;
    ASSERT(store->finished && n >= 0 && n <= RT_BATCH);
    if (hash->bits != NULL)
        return bits_select(hash, keys, nulls, n, anti, pos);
    if (hash->large)
        exists_prefetch(hash, keys, n);
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++)
    {
        bool there = (nulls == NULL || !nulls[i]) && key_exists(hash, keys[i]);
        pos[count] = (uint16_t) i;
        count += there != (anti != 0);
    }
    return count;
}

const StoreOps hash_ops = {
    .open = store_bag_open,
    .reserve = store_bag_reserve,
    .commit = store_bag_commit,
    .str = store_bag_str,
    .finish = hash_finish,
    .close = hash_close,
};
