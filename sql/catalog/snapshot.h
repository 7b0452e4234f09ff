/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How snapshots share tables.
 *
 *     SnapshotVersion 7 ──> [ TableVersion a1, TableVersion b1 ]
 *     SnapshotVersion 8 ──> [ TableVersion a1, TableVersion b2 ]     b was changed
 *
 * Both are counted references, read-only once published.  Nothing here locks:
 * reference counts are atomic, and a fork belongs to one thread until published.
 */
#ifndef SQL_CATALOG_SNAPSHOT_H
#define SQL_CATALOG_SNAPSHOT_H

#include "sql/catalog/catalog.h"

typedef struct TableVersion
{
    CatalogTable table; /* first: a CatalogTable of a snapshot is a TableVersion */
    _Atomic int32_t references;
    Arena *arena; /* holds this struct and all it points to */
} TableVersion;

typedef struct SnapshotVersion
{
    CatalogSnapshot snapshot; /* first, for the same reason */
    _Atomic int32_t references;
    Arena *arena;
    int32_t table_capacity;
    struct SnapshotVersion *next; /* live and published ones; or those that a running statement has changed */
} SnapshotVersion;

static inline SnapshotVersion *snapshot_version(const CatalogSnapshot *snapshot)
{
    return (SnapshotVersion *) snapshot;
}

/* One reference, held by the caller. */
SnapshotVersion *snapshot_new(const char *database, int32_t slice_count);
/* A private copy that may be changed with the functions below; shares the tables. */
SnapshotVersion *snapshot_fork(const SnapshotVersion *from);
void snapshot_hold(SnapshotVersion *version);
void snapshot_drop(SnapshotVersion *version); /* frees at the last; NULL is fine */

void snapshot_add_schema(SnapshotVersion *version, const char *name);
/* See principals_with(), principals_without(). */
void snapshot_put_principal(SnapshotVersion *version, const CatalogPrincipal *principal);
void snapshot_remove_principal(SnapshotVersion *version, int64_t id);
/* NULL: of the database.  text NULL: none. */
void snapshot_set_comment(SnapshotVersion *version, const char *schema, const char *text);
void snapshot_remove_schema(SnapshotVersion *version, const char *name);
int32_t snapshot_find(const SnapshotVersion *version, int64_t table_id); /* index, -1 */
void snapshot_add_table(SnapshotVersion *version, TableVersion *table);  /* takes over the reference */
void snapshot_remove_table(SnapshotVersion *version, int32_t index);
void snapshot_replace_table(SnapshotVersion *version, int32_t index, TableVersion *table); /* takes over */

/* A copy with one reference and room for `more_segments`; statistics have registers of their own. */
TableVersion *table_copy(const CatalogTable *table, int32_t more_segments);
void table_drop(TableVersion *version);
/* `table` with the definition of `defined` (see catalog_alter_table()): a copy with one reference. */
TableVersion *table_defined(const CatalogTable *table, const CatalogTable *defined);
/* False: the column or key is not there any more. */
bool table_set_comment(TableVersion *version, const CatalogComment *comment);
void table_change_grants(TableVersion *version, const GrantChange *change);
/* No rows: segments gone, statistics empty. */
void table_clear(TableVersion *version);
/* Takes out the segments that are marked. */
void table_remove_segments(TableVersion *version, const bool *marked);
/* Takes the file in and merges its statistics; room for it was asked for at the copy. */
void table_add_segment(TableVersion *version, const SegmentRecord *record);

/* The place of a segment in the table, looked for from `from` on and then before it; -1. */
int32_t table_find_segment(const CatalogTable *table, int64_t segment_id, int32_t from);
/* The segment's deleted rows, a reference taken over; with all its rows gone, table_drop_empty() takes it out. */
void table_set_deleted(TableVersion *version, int32_t segment, DeletedRows *deleted);
void table_drop_empty(TableVersion *version);

/* NULL of NULL. */
char *strdup_or_null(Arena *arena, const char *text);
ColumnStats stats_copy(Arena *arena, SqlType type, const ColumnStats *stats);

#endif
