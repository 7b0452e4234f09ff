/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe side of HASH stores, a batch at a time:
 *
 *     keys --bitmap or Bloom filter--> found[] --directory--> head[] --chains--> pairs
 *
 * Each step goes over the whole batch before the next begins, so that memory is asked for many rows at once.
 */
#include "base/kernel/sel.h"
#include "src/run/run.h"
#include "src/run/run_spill.h"

/* Positions of keys whose bit is set (anti: is not, or whose key is null). */
static int32_t bits_select(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                           uint16_t *pos)
{
    KeyBitmap bitmap = {hash->bits, hash->least, hash->range - 1};
    if (nulls == NULL || !anti)
    {
        int32_t count = sel_kernels()->bitmap(&bitmap, keys, n, anti, pos);
        return nulls == NULL ? count : sel_kernels()->clear(nulls, pos, count, pos);
    }
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++)
    {
        pos[count] = (uint16_t) i;
        count += nulls[i] || !key_in_bitmap(&bitmap, keys[i]);
    }
    return count;
}

/* Positions of keys that may be there. */
static int32_t bloom_select(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n, uint16_t *pos)
{
    KeyBloom bloom = {hash->bloom, hash->bloom_shift};
    int32_t count = sel_kernels()->bloom(&bloom, keys, n, pos);
    return nulls == NULL ? count : sel_kernels()->clear(nulls, pos, count, pos);
}

static char *slot_find(const HashStore *hash, uint64_t key)
{
    const KeySlot *slots = hash->table;
    uint64_t at = key_spread(key) >> hash->shift;
    while (slots[at].row != NULL && slots[at].key != key)
        at = (at + 1) & hash->mask;
    return slots[at].row;
}

/* The slots of the keys at these positions, where they may not be in the cache. */
static void slots_prefetch(const HashStore *hash, const uint64_t *keys, const uint16_t *pos, int32_t count)
{
    const KeySlot *slots = hash->table;
    for (int32_t j = 0; j < count && hash->large; j++)
        __builtin_prefetch(&slots[key_spread(keys[pos[j]]) >> hash->shift]);
}

/* The entries of a dense directory, likewise. */
static void dense_prefetch(const HashStore *hash, const uint64_t *keys, int32_t n)
{
    char *const *table = hash->table;
    for (int32_t i = 0; i < n && hash->large; i++)
        if (keys[i] - hash->least < hash->range)
            __builtin_prefetch(&table[keys[i] - hash->least]);
}

static int32_t found_dense(const HashStore *hash, const uint64_t *keys, int32_t n, RtProbe *probe)
{
    char *const *table = hash->table;
    uint64_t least = hash->least, range = hash->range;
    int32_t m = 0;
    dense_prefetch(hash, keys, n);
    for (int32_t i = 0; i < n; i++)
    {
        char *row = keys[i] - least < range ? table[keys[i] - least] : NULL;
        probe->head[m] = row;
        probe->found[m] = (uint16_t) i;
        m += row != NULL;
    }
    return m;
}

/* Slots without a filter before them: so few that they are in the cache. */
static int32_t found_slots(const HashStore *hash, const uint64_t *keys, int32_t n, RtProbe *probe)
{
    int32_t m = 0;
    for (int32_t i = 0; i < n; i++)
    {
        char *row = slot_find(hash, keys[i]);
        probe->head[m] = row;
        probe->found[m] = (uint16_t) i;
        m += row != NULL;
    }
    return m;
}

/* The rows of keys that passed the bitmap: all of them are there. */
static int32_t found_by_bits(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n, RtProbe *probe)
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
    slots_prefetch(hash, keys, pos, m);
    for (int32_t j = 0; j < m; j++)
        probe->head[j] = slot_find(hash, keys[pos[j]]);
    return m;
}

/* The rows of keys that passed the Bloom filter: nearly all of them are there. */
static int32_t found_by_bloom(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n, RtProbe *probe)
{
    uint16_t maybe[RT_BATCH];
    int32_t most = bloom_select(hash, keys, nulls, n, maybe), m = 0;
    slots_prefetch(hash, keys, maybe, most);
    for (int32_t j = 0; j < most; j++)
    {
        char *row = slot_find(hash, keys[maybe[j]]);
        probe->head[m] = row;
        probe->found[m] = maybe[j];
        m += row != NULL;
    }
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
    if (outer && join_is_spilled(store))
        for (int32_t i = 0; i < n; i++)
            probe->matched[i] = !join_in_pass(store, keys[i], nulls != NULL && nulls[i]);
    else if (outer)
        memset(probe->matched, 0, (size_t) n);
    if (hash->form == HASH_EMPTY)
        return;
    if (hash->bits != NULL)
        probe->found_count = found_by_bits(hash, keys, nulls, n, probe);
    else if (hash->bloom != NULL)
        probe->found_count = found_by_bloom(hash, keys, nulls, n, probe);
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

/*
 * Pairs of the rows found: all at once where each has one; else a row of every chain, then the next of every chain
 * that goes on, so that the misses of many chains are waited for together.
 */
static int32_t probe_pairs(const HashStore *hash, RtProbe *probe, uint16_t *pos, void **rows)
{
    int32_t count = 0, live = probe->found_count;
    if (!hash->chained)
    {
        memcpy(pos, probe->found, sizeof *pos * (size_t) live);
        memcpy(rows, probe->head, sizeof *rows * (size_t) live);
        probe->found_count = 0;
        return live;
    }
    while (live > 0 && count + live <= RT_BATCH)
    {
        int32_t left = 0;
        for (int32_t j = 0; j < live; j++)
        {
            void *row = probe->head[j], *next = row_header(row)->next;
            pos[count] = probe->found[j];
            rows[count++] = row;
            __builtin_prefetch(next);
            probe->found[left] = probe->found[j];
            probe->head[left] = next;
            left += next != NULL;
        }
        live = left;
    }
    probe->found_count = live;
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
        if (count > 0 || probe->outer != 1)
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

/* Of the keys that pass the Bloom filter those that are there, or all others. */
static int32_t exists_by_bloom(const HashStore *hash, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                               uint16_t *pos)
{
    uint16_t maybe[RT_BATCH];
    int32_t most = bloom_select(hash, keys, nulls, n, maybe), count = 0, j = 0;
    slots_prefetch(hash, keys, maybe, most);
    if (!anti)
    {
        for (j = 0; j < most; j++)
        {
            pos[count] = maybe[j];
            count += slot_find(hash, keys[maybe[j]]) != NULL;
        }
        return count;
    }
    for (int32_t i = 0; i < n; i++)
    {
        bool there = j < most && maybe[j] == i && slot_find(hash, keys[maybe[j++]]) != NULL;
        pos[count] = (uint16_t) i;
        count += !there;
    }
    return count;
}

static int32_t exists_select(const RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                             uint16_t *pos)
{
    const HashStore *hash = &store->hash;
    ASSERT(store->finished && n >= 0 && n <= RT_BATCH);
    if (hash->bits != NULL)
        return bits_select(hash, keys, nulls, n, anti, pos);
    if (hash->bloom != NULL)
        return exists_by_bloom(hash, keys, nulls, n, anti, pos);
    if (hash->form == HASH_DENSE)
        dense_prefetch(hash, keys, n);
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++)
    {
        bool there = (nulls == NULL || !nulls[i]) && key_exists(hash, keys[i]);
        pos[count] = (uint16_t) i;
        count += there != (anti != 0);
    }
    return count;
}

int32_t hash_probe_exists(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                          uint16_t *pos)
{
    int32_t count = exists_select(store, keys, nulls, n, anti, pos), kept = 0;
    if (!anti || !join_is_spilled(store))
        return count;
    for (int32_t j = 0; j < count; j++) /* of other passes' keys nothing is known */
    {
        pos[kept] = pos[j];
        kept += join_in_pass(store, keys[pos[j]], nulls != NULL && nulls[pos[j]]);
    }
    return kept;
}

