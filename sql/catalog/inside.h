/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog's state, shared by apply.c, catalog.c, commit.c, going.c, serial.c and txn.c only. */
#ifndef SQL_CATALOG_INSIDE_H
#define SQL_CATALOG_INSIDE_H

#include "sql/catalog/store.h"

#include <pthread.h>

/* A dead file waits until no live snapshot is older than the version that dropped it. */
typedef struct DeadEntry
{
    int64_t table_id;
    int32_t slice;
    char *file; /* owned */
    int64_t died; /* version, 0 = never lived */
    struct DeadEntry *next;
} DeadEntry;

/* A table as a merge has left it, for a transaction that is older. */
typedef struct Merged
{
    TableVersion *table; /* a reference */
    struct Merged *next;
} Merged;

typedef struct Serial Serial; /* serial.c */

struct CatalogTxn
{
    Catalog *catalog;
    Arena *arena;
    const CatalogSnapshot *base; /* acquired */
    SnapshotVersion *own;        /* NULL until the first change */
    SnapshotVersion *past;       /* what the running statement may still read while it changes `own` */
    Change *changes;
    Change **last;
    Serial *serial; /* NULL: it is not serializable */
    /* under the catalog's lock, if it goes on: */
    bool goes_on;
    int64_t goes_since_us;
    Merged *merged;
    CatalogTxn *next_going;
};

/* A commit that waits for store_lock: see commit.c. */
typedef struct CommitRequest
{
    CatalogTxn *txn;
    SnapshotVersion *next; /* between replay and publishing: one reference; NULL: it conflicts */
    Error *error;
    int64_t in_doubt; /* the version that it would have been */
    bool done;
    struct CommitRequest *following;
} CommitRequest;

struct Catalog
{
    pthread_mutex_t store_lock; /* taken first: SQLite, commits */
    pthread_mutex_t lock;       /* current, live, ids, dead, going, asked, serials: held shortly */
    Store *store;
    int64_t epoch;
    SnapshotVersion *current; /* one reference */
    SnapshotVersion *live;    /* list of published versions somebody may hold */
    int64_t next_id;
    int64_t id_limit; /* reserved on disk */
    DeadEntry *dead;
    CatalogTxn *going; /* transactions that go on: see catalog_txn_goes_on() */
    CommitRequest *asked; /* first come first */
    Serial *serials;
};

/* Changes `version`, which nobody else sees yet; on error it is of no use any more. */
Error *change_apply(SnapshotVersion *version, const Change *change) MUST_USE;
/* Makes `version` (one reference, taken over), which `by` has made, the newest.  store_lock is held. */
void catalog_publish(Catalog *catalog, SnapshotVersion *version, const CatalogTxn *by);
/* Under lock, before that: hands tables that it has merged to the transactions that go on. */
void going_hand_merged(Catalog *catalog, const SnapshotVersion *version, const CatalogTxn *by);
void txn_goes_no_more(CatalogTxn *txn);
/* Under store_lock: the transaction is about to become `version`.  40001: in no order, one after the other, would serializable
 * transactions see what they see. */
Error *serial_commit(const CatalogTxn *txn, int64_t version) MUST_USE;
void serial_end(CatalogTxn *txn, bool committed);
void serials_free(Catalog *catalog);
/* What the transaction sees from here on: one reference, taken over. */
void txn_see(CatalogTxn *txn, SnapshotVersion *next);
void catalog_bury_segment(Catalog *catalog, int64_t table_id, const CatalogSegment *segment, int64_t died);
/* Notes the files of `table`, or of `records`, as dead since version `died`. */
void catalog_bury_table(Catalog *catalog, const CatalogTable *table, int64_t died);
void catalog_bury_records(Catalog *catalog, const Change *change, int64_t died);

#endif
