/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exists: schemas, tables, columns, statistics, and the manifest (which
 * segment files make up each table).  Readers hold an immutable
 * CatalogSnapshot; writers work on a CatalogTxn, whose own snapshot already
 * shows its changes; a commit is one SQLite transaction and makes the next
 * version.  Names are folded to lower case by the caller.
 */
#ifndef SQL_CATALOG_CATALOG_H
#define SQL_CATALOG_CATALOG_H

#include "base/core/arena.h"
#include "base/data/type.h"
#include "sql/catalog/key.h"
#include "sql/catalog/privilege.h"

#include <string.h>

typedef enum DistStyle
{
    DIST_EVEN = 0,
    DIST_KEY = 1,
    DIST_ALL = 8,
    DIST_AUTO = 10 /* as asked for; behaves as DIST_EVEN until the warehouse chooses better */
} DistStyle;

/* What loads learn for free. HyperLogLog registers are kept so that counts merge. */
typedef struct ColumnStats
{
    int64_t null_count;
    double distinct;      /* estimate, >= 1 where there are values */
    bool has_range;       /* min and max are bounds (strings: of a prefix) */
    Datum min, max;
    double average_width; /* bytes; strings only */
    uint8_t *hll;         /* registers, borrowed from the snapshot; NULL = none */
    int32_t hll_bytes;
} ColumnStats;

typedef struct CatalogColumn
{
    int32_t id; /* within its table; never given twice, and what segments know the column by */
    char *name;
    SqlType type;
    bool not_null;
    char *default_sql; /* expression text, NULL = none */
    Datum *missing;    /* its value in rows of segments older than the column; NULL: null */
    char *encoding;    /* as asked for: "az64", "zstd"...; NULL = AUTO */
    ColumnStats stats; /* over the table's live segments */
} CatalogColumn;

/* Rows of a segment that are not there any more: a Roaring bitmap of their numbers in its portable form
 * (github.com/RoaringBitmap/RoaringFormatSpec), as the manifest keeps it and scans read it. */
typedef struct DeletedRows
{
    _Atomic int32_t references;
    int64_t count;
    size_t bytes;
    char data[];
} DeletedRows;

typedef struct CatalogSegment
{
    int64_t id;
    int32_t slice;
    char *file;
    int64_t rows; /* in the file, deleted ones too */
    int64_t bytes;
    uint8_t digest[16];
    const DeletedRows *deleted; /* NULL: none.  Never all: a segment without rows leaves the manifest */
} CatalogSegment;

/* What a view's text calls a table or view that has been altered since. */
typedef struct ViewSource
{
    int64_t table_id;
    char *schema;
    char *name;
    int32_t column_count;
    int32_t *column_ids;
    char **column_names;
} ViewSource;

/* COMMENT ON a table or view (part 't', id 0), a column ('c', its number), a key ('k', its number). */
typedef struct CatalogComment
{
    char part;
    int64_t id;
    char *text;
} CatalogComment;

typedef struct CatalogTable
{
    int64_t id;
    char *schema;
    char *name;
    char *owner;
    int64_t definition;     /* counts up with each ALTER TABLE */
    int32_t next_column_id; /* of the column that is added next */
    bool no_backup;         /* its rows are left out of snapshots */
    DistStyle dist_style;
    int32_t dist_column; /* 0-based, -1 = none */
    int32_t column_count;
    CatalogColumn *columns;
    int32_t sort_count;
    int32_t *sort_columns; /* compound sort key */
    int32_t segment_count;
    CatalogSegment *segments;
    int64_t row_count; /* without deleted ones */
    int64_t bytes;
    /* Since the catalog was opened: the versions that changed the table last, other than by merging segments, and that took
     * rows or segments away, or altered it, last. */
    int64_t changed, taken;
    /* A view: no rows of its own; its columns are those of the query, none if it is bound late. */
    char *view_sql;   /* the query's text; NULL: a table */
    char *view_path;  /* names without a schema are looked for there ("a, b"); NULL: bound late, where it is used */
    int32_t depend_count;
    int64_t *depends; /* tables and views the query reads; bound late: none */
    int32_t source_count;
    ViewSource *sources;  /* of what it depends on; those that are not here have the names they had */
    int32_t grant_count;
    CatalogGrant *grants; /* one a grantee and grantor */
    int32_t key_count;
    CatalogKey *keys; /* declared */
    int32_t comment_count;
    CatalogComment *comments;
} CatalogTable;

#define TEMP_SCHEMA_PREFIX "pg_temp_" /* schemas of sessions: gone with the session, and at start */

typedef struct CatalogSnapshot
{
    int64_t version;
    int32_t slice_count;
    char *database;
    int32_t schema_count;
    char **schemas;
    char **schema_comments; /* NULL: none */
    char *comment;          /* of the database; NULL: none */
    int32_t table_count;
    CatalogTable **tables; /* shared between snapshots, read-only */
    const PrincipalList *principals; /* as well */
} CatalogSnapshot;

static inline bool table_is_temporary(const CatalogTable *table)
{
    return strncmp(table->schema, TEMP_SCHEMA_PREFIX, strlen(TEMP_SCHEMA_PREFIX)) == 0;
}
/* Its place in the sort key, from 1; 0: it is not of it. */
int32_t table_sort_position(const CatalogTable *table, int32_t ordinal);
/* Is the table or view what `view` is of? */
bool view_depends_on(const CatalogTable *view, int64_t table_id);

/* NULL if there is none.  schema NULL: search pg_catalog (the system views), then "public".
 * A view of sysview.def has id < 0: it can be read, not written. */
const CatalogTable *catalog_find_table(const CatalogSnapshot *snapshot, const char *schema, const char *name);
static inline bool table_is_sysview(const CatalogTable *table)
{
    return table->id < 0;
}
const CatalogTable *catalog_find_table_id(const CatalogSnapshot *snapshot, int64_t table_id);
bool catalog_has_schema(const CatalogSnapshot *snapshot, const char *schema);
int32_t catalog_find_column(const CatalogTable *table, const char *name); /* -1 */
int32_t catalog_find_column_id(const CatalogTable *table, int32_t id);    /* -1 */

/* System views: tables whose rows the leader makes; described here so that names bind. */
typedef enum SysView
{
#define SYSVIEW(name) SYSVIEW_##name,
#define SYSVIEW_COLUMN(view, name, type, length, scale)
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN
    SYSVIEW_COUNT
} SysView;

/* The columns of all of them, one after the other; an enumerator before a view's steps back by one, so that FIRST is its
 * first column's. */
enum
{
#define SYSVIEW(view) SYSVIEW_FIRST_##view, SYSVIEW_BEFORE_##view = SYSVIEW_FIRST_##view - 1,
#define SYSVIEW_COLUMN(view, column, type, length, scale) SYSVIEW_AT_##view##_##column,
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN
    SYSVIEW_COLUMNS_END
};
/* Which column of the view it is, from 0. */
#define SYSVIEW_ORDINAL(view, column) (SYSVIEW_AT_##view##_##column - SYSVIEW_FIRST_##view)

/* All of them in order, then those that are queries over them (view.def): these have view_sql and no columns.  NULL: there
 * are no more.  Ids are -1 - index. */
const CatalogTable *catalog_sysview(int32_t index);
/* Not of a query. */
static inline SysView table_sysview(const CatalogTable *table)
{
    return (SysView) (-1 - table->id);
}

typedef struct Catalog Catalog;

/* Creates DIR/catalog.db (0600) with one database and one superuser. */
Error *catalog_create(const char *path, int32_t slice_count, const char *database, const CatalogPrincipal *user) MUST_USE;
/* Opens it: WAL, synchronous=FULL, locking_mode=EXCLUSIVE, VFS unix-none. Thread-safe afterwards. */
Error *catalog_open(const char *path, Catalog **catalog) MUST_USE;
/* XX001: the file contradicts itself. */
Error *catalog_verify(Catalog *catalog) MUST_USE;
void catalog_close(Catalog *catalog);
/* A catalog of the newest committed version as a file of its own (0600), durable; `path` must not exist.  *snapshot: that
 * version, acquired: while it is held none of its segment files dies. */
Error *catalog_copy(Catalog *catalog, const char *path, const CatalogSnapshot **snapshot) MUST_USE;

/* The newest committed version, counted up; release when done. */
const CatalogSnapshot *catalog_acquire(Catalog *catalog);
void catalog_release(Catalog *catalog, const CatalogSnapshot *snapshot);

/* A job's number: one more than that of the job before it; every commit carries it. */
int64_t catalog_epoch(const Catalog *catalog);

/* A segment file no version and no reader names any more: dropped, truncated or rolled back. */
typedef struct DeadSegment
{
    int64_t table_id;
    int32_t slice;
    char *file;
} DeadSegment;
/* Hands over what has died since the last call; the caller removes the files. */
void catalog_take_dead(Catalog *catalog, Arena *arena, DeadSegment **dead, int32_t *count);

/* A unique number for files and ids, never given twice in a warehouse's life. */
int64_t catalog_next_id(Catalog *catalog);

/* --- writing ----------------------------------------------------------- */
typedef struct CatalogTxn CatalogTxn;

CatalogTxn *catalog_begin(Catalog *catalog);
/* Committed state at begin (or at the last refresh) plus this transaction's changes. */
const CatalogSnapshot *catalog_txn_snapshot(CatalogTxn *txn);
bool catalog_txn_changed(const CatalogTxn *txn);
Error *catalog_create_schema(CatalogTxn *txn, const char *name) MUST_USE;               /* 42P06 */
Error *catalog_drop_schema(CatalogTxn *txn, const char *name, bool cascade) MUST_USE;   /* 3F000, 2BP01 */
/* table->id is assigned unless it is a view's that was dropped in this transaction, and so are its keys' numbers, and its
 * columns' unless next_column_id says that they have some; everything is copied, statistics too.  42P07: the name, or that of a primary or unique key, is taken. */
Error *catalog_create_table(CatalogTxn *txn, CatalogTable *table) MUST_USE;
/* The table with that id is from now on as `table` says: name, schema, owner, columns, keys, what a view is of; copied.
 * Columns stay who they are by their ids, with their statistics; new ones have ids from next_column_id on, which is
 * counted up; keys with id 0 get one.  Rows, segments, privileges stay.  42P07, 3F000; 2BP01: a foreign key refers to what is
 * gone; at commit 40001 if it was altered or dropped meanwhile. */
Error *catalog_alter_table(CatalogTxn *txn, const CatalogTable *table) MUST_USE;
/* The table without one of its keys: catalog_alter_table().  2BP01 while a foreign key refers to its columns. */
Error *catalog_drop_key(CatalogTxn *txn, int64_t table_id, int64_t key_id) MUST_USE;
/* 2BP01 while a foreign key of another table refers to it. */
Error *catalog_drop_table(CatalogTxn *txn, int64_t table_id) MUST_USE;
Error *catalog_truncate_table(CatalogTxn *txn, int64_t table_id) MUST_USE;

/* A new one (id 0, gets its number), or one in the place of what the transaction's snapshot has by that number; copied.
 * A user's new name becomes that of his tables' owner.  42710. */
Error *catalog_put_principal(CatalogTxn *txn, CatalogPrincipal *principal) MUST_USE;
/* Gives or takes privileges; what two transactions do so adds up. */
Error *catalog_change_grants(CatalogTxn *txn, int64_t table_id, const GrantChange *change) MUST_USE;
/* A comment on a table, view, column or key, by its number; copied.  text NULL: none any more. */
Error *catalog_comment(CatalogTxn *txn, int64_t table_id, const CatalogComment *comment) MUST_USE;
/* On a schema or, with NULL, the database. */
Error *catalog_comment_schema(CatalogTxn *txn, const char *schema, const char *text) MUST_USE;
/* 2BP01: a user owns tables, or somebody has privileges or has given some. */
Error *catalog_drop_principal(CatalogTxn *txn, int64_t id) MUST_USE;

/* A file a rank has written, and what it says of each column. */
typedef struct SegmentRecord
{
    CatalogSegment segment; /* id is assigned at add */
    ColumnStats *columns;   /* one a column of the table */
    const void *image;      /* the file's bytes, durable with the commit; NULL: the file is durable */
} SegmentRecord;
/* Adds files, less the rows that are deleted in them, and merges their statistics into the table's; columns NULL: it has them. */
Error *catalog_add_segments(CatalogTxn *txn, int64_t table_id, SegmentRecord *records, int32_t count) MUST_USE;

/* The bytes of a small file that may not be durable: kept until somebody says that it is, or the segment goes. */
typedef struct SegmentImage
{
    int64_t segment_id, table_id;
    int32_t slice;
    char *file;
    void *data;
    int64_t bytes;
} SegmentImage;
/* All of them, by table and slice. */
Error *catalog_images(Catalog *catalog, Arena *arena, SegmentImage **images, int32_t *count) MUST_USE;
Error *catalog_forget_images(Catalog *catalog, const SegmentImage *images, int32_t count) MUST_USE;
/* How many bytes of them were committed since catalog_forget_images(), at most. */
int64_t catalog_image_bytes(Catalog *catalog);

/* Rows of one segment, by their numbers in it, in any order. */
typedef struct SegmentDeletes
{
    int64_t segment_id;
    int64_t row_count;
    const uint32_t *rows;
} SegmentDeletes;
/* Takes rows away.  Statistics stay as they are: they are bounds. */
Error *catalog_delete_rows(CatalogTxn *txn, int64_t table_id, const SegmentDeletes *deletes, int32_t count) MUST_USE;

/* Segments that are to be written anew, as fewer: in the order in which the table has them. */
typedef struct SegmentMerge
{
    int32_t count;
    int64_t *segment_ids;
    bool yields; /* 40001 if catalog_merge_is_held_back() */
} SegmentMerge;
/* Their live rows stand in the files of `records` now.  Statistics stay, unless no other segment is left. */
Error *catalog_merge_segments(CatalogTxn *txn, int64_t table_id, const SegmentMerge *merge, SegmentRecord *records,
                              int32_t count) MUST_USE;

/* Has another transaction committed since that took rows or segments of the table away?  Then nothing can be taken away here. */
bool catalog_txn_is_behind(CatalogTxn *txn, int64_t table_id);
/* It will run another statement: merges take care that it can change any table then, by holding back or by catalog_txn_follow(). */
void catalog_txn_goes_on(CatalogTxn *txn);
/* If others have merged segments of the table and this transaction, which goes on, did nothing to it: it has them merged from
 * here on, the same rows.  Else false. */
bool catalog_txn_follow(CatalogTxn *txn, int64_t table_id);
/* Is there a transaction that goes on, and sees other rows than the newest version has?  It could not follow.  One that goes
 * on for longer than a minute is not waited for: if it changes the table at last it fails with 40001. */
bool catalog_merge_is_held_back(const CatalogTxn *merge, int64_t table_id);

/* The commit point: all or nothing; 40001 if a table it changed was changed or dropped
 * by another transaction in a way that conflicts: it was truncated, or a row was deleted twice.
 * Inserts into one table do not, nor deletes of different rows.  Frees the txn. */
Error *catalog_commit(CatalogTxn *txn) MUST_USE;
void catalog_rollback(CatalogTxn *txn); /* frees the txn; NULL is fine */

#endif
