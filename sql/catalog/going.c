/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions that go on, and merges that move the rows they see:
 *
 *     begin ── sees version 7 of t ─────────────────────────── update t: sees 9, the same rows as 7
 *                                   merge: 7 -> 9, handed ──^
 *
 *     begin ── sees version 7 of t ─────────────────────────────────────── update t
 *                                   insert: 8    merge: held back until then
 */
#include "base/core/trace.h"
#include "sql/catalog/inside.h"

#include <stdatomic.h>
#include <stdlib.h>

#define PATIENCE_US INT64_C(60000000)

bool catalog_txn_is_behind(CatalogTxn *txn, int64_t table_id)
{
    const CatalogSnapshot *newest = catalog_acquire(txn->catalog);
    const CatalogTable *own = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    const CatalogTable *now = catalog_find_table_id(newest, table_id);
    bool behind = own != NULL && now != NULL && own == catalog_find_table_id(txn->base, table_id) && own->taken != now->taken;
    catalog_release(txn->catalog, newest);
    return behind;
}

void catalog_txn_goes_on(CatalogTxn *txn)
{
    pthread_mutex_lock(&txn->catalog->lock);
    if (!txn->goes_on)
    {
        txn->goes_on = true;
        txn->goes_since_us = clock_us();
        txn->next_going = txn->catalog->going;
        txn->catalog->going = txn;
    }
    pthread_mutex_unlock(&txn->catalog->lock);
}

void txn_goes_no_more(CatalogTxn *txn)
{
    pthread_mutex_lock(&txn->catalog->lock);
    CatalogTxn **link = &txn->catalog->going;
    while (*link != NULL && *link != txn)
        link = &(*link)->next_going;
    if (*link != NULL)
        *link = txn->next_going;
    pthread_mutex_unlock(&txn->catalog->lock);
    for (Merged *merged = txn->merged, *next; merged != NULL; merged = next)
    {
        next = merged->next;
        table_drop(merged->table);
        free(merged);
    }
}

/* Under lock.  NULL: nobody has merged the table for it. */
static Merged *merged_find(const CatalogTxn *txn, int64_t table_id)
{
    Merged *merged = txn->merged;
    while (merged != NULL && merged->table->table.id != table_id)
        merged = merged->next;
    return merged;
}

/* Under lock: the table with the rows that the transaction saw in the beginning; NULL: it was not there. */
static const CatalogTable *table_of(const CatalogTxn *txn, int64_t table_id)
{
    const Merged *merged = merged_find(txn, table_id);
    return merged != NULL ? &merged->table->table : catalog_find_table_id(txn->base, table_id);
}

static TableVersion *table_hold(const CatalogTable *table)
{
    TableVersion *version = (TableVersion *) table;
    atomic_fetch_add(&version->references, 1);
    return version;
}

bool catalog_txn_follow(CatalogTxn *txn, int64_t table_id)
{
    const CatalogTable *own = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    if (own == NULL || own != catalog_find_table_id(txn->base, table_id))
        return false;
    pthread_mutex_lock(&txn->catalog->lock);
    const Merged *merged = merged_find(txn, table_id);
    TableVersion *table = merged == NULL ? NULL : table_hold(&merged->table->table);
    pthread_mutex_unlock(&txn->catalog->lock);
    if (table == NULL)
        return false;
    SnapshotVersion *next = snapshot_fork(snapshot_version(catalog_txn_snapshot(txn)));
    snapshot_replace_table(next, snapshot_find(next, table_id), table);
    txn_see(txn, next);
    return true;
}

bool catalog_merge_is_held_back(const CatalogTxn *merge, int64_t table_id)
{
    Catalog *catalog = merge->catalog;
    int64_t now_us = clock_us();
    bool held = false;
    pthread_mutex_lock(&catalog->lock);
    const CatalogTable *newest = catalog_find_table_id(&catalog->current->snapshot, table_id);
    for (const CatalogTxn *txn = catalog->going; txn != NULL && newest != NULL && !held; txn = txn->next_going)
    {
        const CatalogTable *seen = table_of(txn, table_id);
        held = txn != merge && now_us - txn->goes_since_us < PATIENCE_US && seen != NULL && seen->changed != newest->changed;
    }
    pthread_mutex_unlock(&catalog->lock);
    return held;
}

static void merged_hand(CatalogTxn *txn, const CatalogTable *table)
{
    Merged *merged = merged_find(txn, table->id);
    if (merged == NULL)
    {
        merged = calloc(1, sizeof *merged);
        if (merged == NULL)
            return; /* it cannot follow, and fails with 40001 if it changes the table */
        merged->next = txn->merged;
        txn->merged = merged;
    }
    else
        table_drop(merged->table);
    merged->table = table_hold(table);
}

void going_hand_merged(Catalog *catalog, const SnapshotVersion *version, const CatalogTxn *by)
{
    for (const Change *change = by->changes; change != NULL; change = change->next)
    {
        const CatalogTable *table = catalog_find_table_id(&version->snapshot, change->table_id);
        for (CatalogTxn *txn = catalog->going; change->kind == CHANGE_MERGE_SEGMENTS && table != NULL && txn != NULL; txn = txn->next_going)
        {
            const CatalogTable *seen = table_of(txn, table->id);
            if (txn != by && seen != NULL && seen->changed == table->changed)
                merged_hand(txn, table);
        }
    }
}
