/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog on disk: one SQLite file.  Not thread-safe: catalog.c locks.
 *
 *     meta(key, value)                     format, version, epoch, next_id, slice_count, database
 *     schemas, tables, columns             what exists; columns carry their statistics
 *     principals                           users, groups, roles
 *     segments                             the manifest
 *     views(table_id, ...)                 the text of those tables that are views
 *     grants(table_id, ...)                who may do what to them
 *     keys(table_id, ...)                  their declared keys
 *     comments(table_id, ...)              on them, their columns and keys
 *     images                               bytes of small segments that may not be durable as files; gone with their segments
 *     deleted_rows                         bitmaps of rows of a segment that are gone
 */
#ifndef SQL_CATALOG_STORE_H
#define SQL_CATALOG_STORE_H

#include "sql/catalog/change.h"

typedef struct Store Store;
struct sqlite3;
struct sqlite3_stmt;

Error *store_create(const char *path, int32_t slice_count, const char *database, const CatalogPrincipal *user) MUST_USE;
Error *store_open(const char *path, Store **store) MUST_USE;
void store_close(Store *store); /* NULL is fine */

/* Everything committed, as one snapshot (one reference) and the first number not yet reserved. */
Error *store_read(Store *store, SnapshotVersion **version, int64_t *next_id) MUST_USE;
/* The whole file, compact and durable, as another one. */
Error *store_copy(Store *store, const char *path) MUST_USE;
/* SQLite's own check of pages, indexes and types; XX001. */
Error *store_verify(Store *store) MUST_USE;
/* Temporary tables of sessions that did not end. */
Error *store_forget_temporary(Store *store) MUST_USE;
Error *store_take_epoch(Store *store, int64_t *epoch) MUST_USE;
Error *store_reserve_ids(Store *store, int64_t next_id) MUST_USE;
/* One transaction on disk: begin, save the changes that lead to each version, then commit the last one, or roll back.  After an
 * error nothing of it is there once it is rolled back. */
Error *store_begin(Store *store) MUST_USE;
Error *store_save(Store *store, const Change *changes, const SnapshotVersion *version, int64_t epoch) MUST_USE;
Error *store_commit(Store *store, int64_t version) MUST_USE;
void store_rollback(Store *store);

/* For store_read() and store_save(). */
Error *store_read_principals(Store *store, SnapshotVersion *version) MUST_USE;
Error *store_put_principal(Store *store, const CatalogPrincipal *principal) MUST_USE;
Error *store_drop_principal(Store *store, int64_t id, const SnapshotVersion *version) MUST_USE;
Error *store_images(Store *store, Arena *arena, SegmentImage **images, int32_t *count) MUST_USE;
Error *store_forget_images(Store *store, const SegmentImage *images, int32_t count) MUST_USE;

/* --- the history: a file of its own, rows of some system views in order of time (src/history) --- */
/* Opens it, or makes it; one that is no such file any more is an error. */
Error *store_history_open(const char *path, Store **store) MUST_USE;
typedef struct StoreHistoryRow
{
    const char *view;
    int64_t at; /* microseconds since 2000 */
    const void *bytes;
    size_t length;
} StoreHistoryRow;
/* One transaction: begin, add rows, then "commit" or "rollback" by store_run(); *insert is for adding, and ended in between. */
Error *store_history_begin(Store *store, struct sqlite3_stmt **insert) MUST_USE;
Error *store_history_add(Store *store, struct sqlite3_stmt *insert, const StoreHistoryRow *row) MUST_USE;
void store_history_end(struct sqlite3_stmt *insert); /* NULL is fine */
/* Rows of a view, oldest first. */
Error *store_history_each(Store *store, const char *view, Error *(*take)(void *context, const void *bytes, size_t length),
                          void *context) MUST_USE;
/* Drops what is older than `oldest`, and as much of the oldest as stands beyond bytes_max. */
Error *store_history_trim(Store *store, int64_t oldest, int64_t bytes_max) MUST_USE;
/* Numbers that go on from job to job; 0 for one never kept. */
Error *store_history_keep_number(Store *store, const char *name, int64_t number) MUST_USE;
Error *store_history_number(Store *store, const char *name, int64_t *number) MUST_USE;

/* --- shared by the store_*.c files ------------------------------------- */
struct Store
{
    struct sqlite3 *db;
    char *path; /* owned */
    const char *what; /* "catalog", for messages */
    _Atomic int64_t image_bytes; /* written since images were forgotten */
};
/* An empty file, 0600: SQLite gives its WAL the mode of the file it finds. */
Error *store_create_file(const char *path) MUST_USE;
/* Opens an SQLite file; synchronous: the pragma that says when it syncs. */
Error *store_open_file(const char *path, const char *what, const char *synchronous, Store **store) MUST_USE;
/* What SQLite last complained of, as an Error: 53100 disk full, XX001 damaged, else 58030. */
Error *store_error(const Store *store, const char *doing) MUST_USE;
/* Runs SQL that takes no parameters and gives no rows. */
Error *store_run(Store *store, const char *sql) MUST_USE;
/* Prepares; binds follow `format`, one letter an argument: i int64_t, s string or NULL, f double, b bytes + size_t. */
Error *store_prepare(Store *store, struct sqlite3_stmt **statement, const char *sql, const char *format, ...) MUST_USE;
/* Prepares, runs to its end, finalizes. */
Error *store_do(Store *store, const char *sql, const char *format, ...) MUST_USE;
/* The next row: *more says whether there is one; at the end and on error the statement is finalized. */
Error *store_next(Store *store, struct sqlite3_stmt *statement, bool *more) MUST_USE;
/* The number in the last row's first column; *number stays as it is where there is no row. */
Error *store_number(Store *store, int64_t *number, const char *sql, const char *format, ...) MUST_USE;
/* Gives each row that is left to take(), whose error ends it; finalizes. */
Error *store_each(Store *store, struct sqlite3_stmt *statement, Error *(*take)(struct sqlite3_stmt *row, void *context),
                  void *context) MUST_USE;

#endif
