/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of the warehouse: as it was at one commit, kept for later.
 *
 *     DIR/snapshots/NAME/snapshot              when, and how large
 *                        catalog.db            the catalog of that commit, as a file of its own
 *                        db1/t7/s0/17-0.h5     the same files as DIR/db1 has, under a second name
 *                        stoa.conf, client/... what a warehouse has beside
 *     DIR/snapshots/NAME.new, gone.x, draft.x  being made, being removed, being read: swept at the next start
 *
 * Segment files are never changed, so a link is a copy that takes no room until the other name goes.  A snapshot gets its
 * name when all of it is durable.  Its catalog is never opened where it lies: only copies of it are.
 */
#ifndef SRC_LEADER_BACKUP_H
#define SRC_LEADER_BACKUP_H

#include "sql/catalog/catalog.h"

typedef struct BackupPlace
{
    Arena *arena;
    const char *directory;              /* of the warehouse */
    Error *(*check)(const void *context); /* shall it go on?  NULL: it shall */
    const void *context;
} BackupPlace;

typedef struct Backup
{
    char *name;
    int64_t created; /* seconds since 1970 */
    int64_t slices, tables, rows, bytes;
} Backup;

/* All tables at the newest commit but the rows of temporary ones and of those with BACKUP NO.  42602: that is no name of one;
 * 42710: there is one; 55006: there is about to be one. */
Error *backup_create(const BackupPlace *place, Catalog *catalog, const char *name) MUST_USE;
/* By name. */
Error *backup_list(const BackupPlace *place, Backup **list, int32_t *count) MUST_USE;
/* 42704: there is none. */
Error *backup_drop(const BackupPlace *place, const char *name) MUST_USE;

/* The warehouse as it was, in a directory that exists and is empty, or in which this has begun and not ended: a directory is a
 * warehouse when all is there.  On error it is empty again. */
Error *backup_restore(const BackupPlace *place, const char *name, const char *target) MUST_USE;
bool backup_restore_has_begun(Arena *arena, const char *target);

typedef struct OpenBackup
{
    const BackupPlace *place;
    char *directory; /* of the snapshot */
    char *draft;     /* of the copy of its catalog */
    Catalog *catalog;
    const CatalogSnapshot *snapshot;
} OpenBackup;

/* For reading; to be closed also after an error. */
Error *backup_open(const BackupPlace *place, const char *name, OpenBackup *backup) MUST_USE;
void backup_close(OpenBackup *backup);
/* A table's files become those of table `id` of the warehouse, durable; on error there are none of them.  XX001: one is missing. */
Error *backup_take_files(const OpenBackup *backup, const CatalogTable *table, int64_t id) MUST_USE;

/* What a crash has left of all this.  The lease is held. */
Error *backup_sweep(const BackupPlace *place) MUST_USE;

#endif
