/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog's state, shared by catalog.c and txn.c only. */
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

struct Catalog
{
    pthread_mutex_t store_lock; /* taken first: SQLite, commits one at a time */
    pthread_mutex_t lock;       /* current, live, ids, dead: held shortly */
    Store *store;
    int64_t epoch;
    SnapshotVersion *current; /* one reference */
    SnapshotVersion *live;    /* list of published versions somebody may hold */
    int64_t next_id;
    int64_t id_limit; /* reserved on disk */
    DeadEntry *dead;
};

/* Makes `version` (one reference, taken over) the newest.  store_lock is held. */
void catalog_publish(Catalog *catalog, SnapshotVersion *version);
void catalog_bury_segment(Catalog *catalog, int64_t table_id, const CatalogSegment *segment, int64_t died);
/* Notes the files of `table`, or of `records`, as dead since version `died`. */
void catalog_bury_table(Catalog *catalog, const CatalogTable *table, int64_t died);
void catalog_bury_records(Catalog *catalog, const Change *change);

#endif
