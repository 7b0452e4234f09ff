/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits that wait for store_lock share one sync:
 *
 *     A  asks, takes store_lock ── replays and saves A ── sync ── publishes A ── gives it back
 *     B  asks ── waits . . . . . . . . . . . . . . . . . . . . . . takes it ── B, C and D ── sync ── publishes them ── gives it back
 *     C      asks ── waits . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . takes it: done
 *     D          asks ── waits . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . takes it: done
 *
 * Whoever gets store_lock commits for all that have asked: each is replayed on the version before it and becomes a version of
 * its own, all are one SQLite transaction.  One that conflicts is left out with its 40001.  If the disk refuses, nothing is
 * there of any of them, and each is tried by itself, as if it had come alone.
 *
 * Threads.  What has been asked stands in `asked`, under `lock`.  A request and its transaction belong to the thread that asks,
 * which sleeps for store_lock from the asking on; until it has it, they belong to whoever has.  `done`, `error` and `in_doubt`
 * are written and read under store_lock only.  A thread that has store_lock and is not done finds its own request in `asked`:
 * requests leave it only under store_lock, and are done when that is given back.
 */
#include "base/core/assert.h"
#include "sql/catalog/inside.h"

#include <stdlib.h>

static void txn_free(CatalogTxn *txn, bool committed)
{
    serial_end(txn, committed);
    txn_goes_no_more(txn);
    catalog_txn_forget_past(txn);
    snapshot_drop(txn->own);
    catalog_release(txn->catalog, txn->base);
    arena_free(txn->arena);
}

/* died: the version from which on its files may go. */
static void txn_bury_records(CatalogTxn *txn, int64_t died)
{
    for (Change *change = txn->changes; change != NULL; change = change->next)
        if (change->record_count > 0)
            catalog_bury_records(txn->catalog, change, died);
}

void catalog_rollback(CatalogTxn *txn)
{
    if (txn == NULL)
        return;
    txn_bury_records(txn, 0);
    txn_free(txn, false);
}

/* Files that stood in `old` and not in `new`: segments merged, or without a row left. */
static void bury_emptied(Catalog *catalog, const SnapshotVersion *old, const SnapshotVersion *new, const Change *change)
{
    int32_t before = snapshot_find(old, change->table_id), after = snapshot_find(new, change->table_id);
    if (before < 0 || after < 0)
        return;
    const CatalogTable *had = old->snapshot.tables[before], *has = new->snapshot.tables[after];
    int32_t at_old = -1, at_new = -1;
    for (int32_t i = 0; i < change->loss_count; i++)
    {
        at_old = table_find_segment(had, change->losses[i].segment_id, at_old + 1);
        at_new = table_find_segment(has, change->losses[i].segment_id, at_new + 1);
        if (at_old >= 0 && at_new < 0)
            catalog_bury_segment(catalog, had->id, &had->segments[at_old], new->snapshot.version);
    }
}

/* Files that stood in `old` and not in `new`: those of dropped and truncated tables. */
static void bury_difference(Catalog *catalog, const SnapshotVersion *old, const SnapshotVersion *new,
                            const Change *changes)
{
    for (int32_t i = 0; i < old->snapshot.table_count; i++)
    {
        const CatalogTable *table = old->snapshot.tables[i];
        bool gone = snapshot_find(new, table->id) < 0;
        for (const Change *change = changes; change != NULL && !gone; change = change->next)
            gone = change->kind == CHANGE_TRUNCATE_TABLE && change->table_id == table->id;
        if (gone)
            catalog_bury_table(catalog, table, new->snapshot.version);
        else
            for (const Change *change = changes; change != NULL; change = change->next)
                if (change->table_id == table->id)
                    bury_emptied(catalog, old, new, change);
    }
}

/* Files this transaction added and dropped again before anybody saw them. */
static void bury_unborn(Catalog *catalog, const SnapshotVersion *new, const Change *changes)
{
    for (const Change *change = changes; change != NULL; change = change->next)
    {
        int32_t table = snapshot_find(new, change->table_id), at = -1;
        for (int32_t i = 0; i < change->record_count; i++)
        {
            const CatalogSegment *segment = &change->records[i].segment;
            if (table >= 0)
                at = table_find_segment(new->snapshot.tables[table], segment->id, at + 1);
            if (at < 0)
                catalog_bury_segment(catalog, change->table_id, segment, 0);
        }
    }
}

static Error *conflict(Error *reason)
{
    if (reason->state == SQLSTATE_DUPLICATE_TABLE || reason->state == SQLSTATE_DUPLICATE_SCHEMA ||
        reason->state == SQLSTATE_DUPLICATE_OBJECT)
        return reason; /* a plain answer, whoever was first */
    Error *error = error_hint(error_detail(error_new(SQLSTATE_SERIALIZATION_FAILURE,
                                                     "could not commit because of a concurrent change"),
                                           "The other transaction was first: %s.", reason->message),
                              "Run the transaction again.");
    error_free(reason);
    return error;
}

/* Under store_lock.  On `newest`, which nobody need see yet. */
static Error *changes_replay(const CatalogTxn *txn, const SnapshotVersion *newest, SnapshotVersion **next)
{
    TRY(serial_commit(txn, newest->snapshot.version + 1));
    SnapshotVersion *version = snapshot_fork(newest);
    version->snapshot.version++;
    for (Change *change = txn->changes; change != NULL; change = change->next)
    {
        bool held = change->yields && catalog_merge_is_held_back(txn, change->table_id);
        Error *error = held ? error_new(SQLSTATE_SERIALIZATION_FAILURE, "an older transaction may still change the table")
                            : change_apply(version, change);
        if (error != NULL)
        {
            snapshot_drop(version);
            return conflict(error);
        }
    }
    *next = version;
    return NULL;
}

/* Whether a merge is held back, or a serializable transaction refused, depends on what others see: it builds on what is
 * published, by itself. */
static bool goes_alone(const CatalogTxn *txn)
{
    const Change *change = txn->changes;
    if (txn->serial != NULL)
        return true;
    while (change != NULL && !change->yields)
        change = change->next;
    return change != NULL;
}

/* Under store_lock: `mine`, and with it those that have asked before and since; in their order. */
static CommitRequest *requests_take(Catalog *catalog, CommitRequest *mine)
{
    CommitRequest *taken = NULL, **end = &taken;
    bool alone = goes_alone(mine->txn);
    pthread_mutex_lock(&catalog->lock);
    for (CommitRequest **link = &catalog->asked; *link != NULL;)
    {
        CommitRequest *request = *link;
        bool wanted = request == mine || (!alone && !goes_alone(request->txn));
        if (!wanted)
        {
            link = &request->following;
            continue;
        }
        *link = request->following;
        request->following = NULL;
        *end = request;
        end = &request->following;
    }
    pthread_mutex_unlock(&catalog->lock);
    ASSERT(taken != NULL);
    return taken;
}

static void request_ask(CommitRequest *request)
{
    Catalog *catalog = request->txn->catalog;
    pthread_mutex_lock(&catalog->lock);
    CommitRequest **end = &catalog->asked;
    while (*end != NULL)
        end = &(*end)->following;
    *end = request;
    pthread_mutex_unlock(&catalog->lock);
}

/* Replays each on the one before it and saves those that do not conflict; *newest: what the last of them makes. */
static Error *requests_save(Catalog *catalog, CommitRequest *requests, const SnapshotVersion **newest)
{
    for (CommitRequest *request = requests; request != NULL; request = request->following)
    {
        request->error = changes_replay(request->txn, *newest, &request->next);
        if (request->error != NULL)
            continue;
        TRY(store_save(catalog->store, request->txn->changes, request->next, catalog->epoch));
        *newest = request->next;
    }
    return NULL;
}

static void requests_publish(Catalog *catalog, CommitRequest *requests)
{
    for (CommitRequest *request = requests; request != NULL; request = request->following)
    {
        if (request->next == NULL)
            continue;
        bury_difference(catalog, catalog->current, request->next, request->txn->changes);
        bury_unborn(catalog, request->next, request->txn->changes);
        catalog_publish(catalog, request->next, request->txn);
        request->next = NULL;
    }
}

/* As if nobody had asked. */
static void requests_forget(CommitRequest *requests)
{
    for (CommitRequest *request = requests; request != NULL; request = request->following)
    {
        snapshot_drop(request->next);
        request->next = NULL;
        error_free(request->error);
        request->error = NULL;
    }
}

/* Under store_lock: one SQLite transaction.  An error of the store is nobody's own, and none of them is committed. */
static Error *requests_try(Catalog *catalog, CommitRequest *requests)
{
    const SnapshotVersion *newest = catalog->current;
    TRY(store_begin(catalog->store));
    Error *error = requests_save(catalog, requests, &newest);
    if (error == NULL && newest != catalog->current)
        error = store_commit(catalog->store, newest->snapshot.version);
    if (error != NULL || newest == catalog->current)
        store_rollback(catalog->store);
    if (error != NULL)
        requests_forget(requests);
    else
        requests_publish(catalog, requests);
    return error;
}

/* in_doubt: the version that it would have been.  What could not be synced may be there after a crash all the same, until
 * another commit is written in its place. */
static void requests_commit(Catalog *catalog, CommitRequest *requests)
{
    Error *error = requests_try(catalog, requests);
    bool several = requests->following != NULL;
    for (CommitRequest *request = requests, *following; request != NULL; request = following)
    {
        following = request->following;
        request->following = NULL;
        if (error != NULL && several)
            requests_commit(catalog, request);
        else if (error != NULL)
        {
            request->error = error;
            request->in_doubt = catalog->current->snapshot.version + 1;
        }
        request->done = true;
    }
    if (several)
        error_free(error);
}

Error *catalog_commit(CatalogTxn *txn)
{
    CommitRequest request = {.txn = txn};
    if (txn->changes != NULL)
    {
        request_ask(&request);
        pthread_mutex_lock(&txn->catalog->store_lock);
        if (!request.done)
            requests_commit(txn->catalog, requests_take(txn->catalog, &request));
        pthread_mutex_unlock(&txn->catalog->store_lock);
    }
    if (request.error != NULL)
        txn_bury_records(txn, request.in_doubt);
    txn_free(txn, request.error == NULL);
    return request.error;
}
