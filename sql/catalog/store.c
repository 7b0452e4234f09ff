/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite: opening, creating, running statements.
 *
 * WAL with synchronous=FULL is durable at commit with one fsync.  The VFS is
 * unix-none, since parallel file systems may lack locks: the lease keeps a
 * second job away; page_vfs.h puts digests on its pages.  locking_mode=EXCLUSIVE
 * keeps the WAL index in memory, so no -shm file is mapped.
 */
#include "sql/catalog/store.h"
#include "base/core/assert.h"
#include "sql/catalog/page_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CATALOG_FORMAT 12
#define FIRST_ID 100000 /* ids below are the system's, as in PostgreSQL's and Redshift's catalogs */

#define FORMAT_2_SQL                                                                                               \
    "create table deleted_rows(segment_id integer primary key, table_id int not null, row_count int not null,"         \
    " rows blob not null, version int, epoch int);"                                                                     \
    "create index deleted_rows_of_table on deleted_rows(table_id);"                                                    \
    "create table views(table_id integer primary key, sql text not null, path text, depends blob);"

#define FORMAT_3_SQL                                                                                               \
    "create table principals(id integer primary key, kind int not null, name text not null, version int not null,"     \
    " scram text, superuser int not null, create_db int not null, syslog_unrestricted int not null,"                   \
    " valid_until int not null, connection_limit int not null, settings blob, parents blob, unique(kind, name));"

#define FORMAT_4_SQL                                                                                               \
    "create table grants(table_id int, grantee int, grantor int, privileges int not null, options int not null,"       \
    " primary key(table_id, grantee, grantor)) without rowid;"

#define FORMAT_5_SQL                                                                                               \
    "alter table tables add column definition int not null default 0;"                                                 \
    "alter table tables add column next_column_id int not null default 0;"                                             \
    "update tables set next_column_id = (select count(*) from columns where table_id = tables.id);"                    \
    "alter table columns add column id int not null default 0;"                                                        \
    "alter table columns add column missing blob;"                                                                     \
    "update columns set id = ordinal;"                                                                                  \
    "alter table views add column sources blob;"

#define FORMAT_6_SQL                                                                                               \
    "create table keys(id integer primary key, table_id int not null, kind text not null, name text not null,"         \
    " columns blob not null, refers_to int not null, refers_columns blob not null, actions text not null);"            \
    "create index keys_of_table on keys(table_id);"

#define FORMAT_7_SQL                                                                                               \
    "create table images(segment_id integer primary key, image blob not null);"                                        \
    "create trigger segment_gone after delete on segments begin delete from images where segment_id = old.id; end;"

#define FORMAT_8_SQL                                                                                               \
    "create table comments(table_id int, part text, id int, comment text not null,"                                    \
    " primary key(table_id, part, id)) without rowid;"                                                                  \
    "alter table schemas add column comment text;"

#define FORMAT_9_SQL "alter table tables add column no_backup int not null default 0;"

#define FORMAT_11_SQL                                                                                              \
    "create table identities(table_id integer primary key, column_id int not null, seed int not null, step int not null,"   \
    " by_default int not null, next int not null);"

#define UPGRADE(number, sql) "begin immediate;" sql "update meta set value = " #number " where key = 'format'; commit;"

/* From format 1 to 2, 2 to 3... */
static const char *const upgrades[] = {
    UPGRADE(2, FORMAT_2_SQL),
    UPGRADE(3, FORMAT_3_SQL
            "insert into principals select 99 + row_number() over (order by name), 0, name, 1, scram, superuser, 1, 1,"
            " 9223372036854775807, -1, null, null from users;"
            "drop table users;"),
    UPGRADE(4, FORMAT_4_SQL),
    UPGRADE(5, FORMAT_5_SQL),
    UPGRADE(6, FORMAT_6_SQL),
    UPGRADE(7, FORMAT_7_SQL),
    UPGRADE(8, FORMAT_8_SQL),
    UPGRADE(9, FORMAT_9_SQL),
    UPGRADE(10, "drop table load_errors;"),
    UPGRADE(11, FORMAT_11_SQL),
    /* pages get their digests; that they have them counts when all are in their places */
    "vacuum; pragma wal_checkpoint(truncate); update meta set value = 12 where key = 'format';",
};
_Static_assert(sizeof upgrades / sizeof upgrades[0] == CATALOG_FORMAT - 1, "every format leads to the next");

static const char schema_sql[] =
    "create table meta(key text primary key, value) without rowid;"
    "create table schemas(name text primary key, owner text) without rowid;"
    "create table tables(id integer primary key, schema text not null, name text not null, owner text not null,"
    " dist_style int not null, dist_column int not null, sort_columns blob, created_epoch int,"
    " unique(schema, name));"
    "create table columns(table_id int, ordinal int, name text not null, type_oid int not null,"
    " precision int, scale int, length int, not_null int, default_sql text, encoding text, stats blob,"
    " primary key(table_id, ordinal)) without rowid;"
    "create table segments(id integer primary key, table_id int not null, slice int not null, file text not null,"
    " row_count int not null, bytes int not null, digest blob not null, version int, epoch int);"
    "create index segments_of_table on segments(table_id);"
    FORMAT_2_SQL FORMAT_3_SQL FORMAT_4_SQL FORMAT_5_SQL FORMAT_6_SQL FORMAT_7_SQL FORMAT_8_SQL
    FORMAT_9_SQL FORMAT_11_SQL;

Error *store_error(const Store *store, const char *doing)
{
    int code = sqlite3_extended_errcode(store->db);
    if (code == SQLITE_IOERR_DATA)
        return error_detail(error_new(SQLSTATE_DATA_CORRUPTED, "could not %s the %s: \"%s\" is damaged", doing, store->what, store->path),
                            "Page %lld is not as it was written.", (long long) page_damaged(store->db));
    SqlState state = (code & 0xff) == SQLITE_IOERR ? sqlstate_from_errno(sqlite3_system_errno(store->db)) : SQLSTATE_IO_ERROR;
    if ((code & 0xff) == SQLITE_FULL)
        state = SQLSTATE_DISK_FULL;
    else if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
        state = SQLSTATE_DATA_CORRUPTED;
    return error_detail(error_new(state, "could not %s the %s", doing, store->what), "SQLite says \"%s\" (code %d) of \"%s\".",
                        sqlite3_errmsg(store->db), code, store->path);
}

Error *store_run(Store *store, const char *sql)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return store_error(store, "change");
    return NULL;
}

static int bind_one(sqlite3_stmt *statement, int at, char kind, va_list *args)
{
    switch (kind)
    {
    case 'i':
        return sqlite3_bind_int64(statement, at, va_arg(*args, int64_t));
    case 'f':
        return sqlite3_bind_double(statement, at, va_arg(*args, double));
    case 's':
    {
        const char *text = va_arg(*args, const char *);
        return text == NULL ? sqlite3_bind_null(statement, at)
                            : sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
    }
    case 'b':
    {
        const void *bytes = va_arg(*args, const void *);
        size_t size = va_arg(*args, size_t);
        return sqlite3_bind_blob64(statement, at, bytes == NULL ? "" : bytes, size, SQLITE_TRANSIENT);
    }
    default:
        ASSERT(!"a letter of i f s b");
        return SQLITE_MISUSE;
    }
}

static Error *prepare_va(Store *store, sqlite3_stmt **statement, const char *sql, const char *format, va_list *args)
{
    if (sqlite3_prepare_v2(store->db, sql, -1, statement, NULL) != SQLITE_OK)
        return store_error(store, "read");
    for (int at = 0; format[at] != 0; at++)
        if (bind_one(*statement, at + 1, format[at], args) != SQLITE_OK)
        {
            Error *error = store_error(store, "read");
            sqlite3_finalize(*statement);
            return error;
        }
    return NULL;
}

Error *store_prepare(Store *store, sqlite3_stmt **statement, const char *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Error *error = prepare_va(store, statement, sql, format, &args);
    va_end(args);
    return error;
}

Error *store_next(Store *store, sqlite3_stmt *statement, bool *more)
{
    int code = sqlite3_step(statement);
    *more = code == SQLITE_ROW;
    if (code == SQLITE_ROW)
        return NULL;
    Error *error = code == SQLITE_DONE ? NULL : store_error(store, "read");
    sqlite3_finalize(statement);
    return error;
}

Error *store_each(Store *store, sqlite3_stmt *statement, Error *(*take)(sqlite3_stmt *row, void *context), void *context)
{
    bool more;
    for (;;)
    {
        TRY(store_next(store, statement, &more));
        if (!more)
            return NULL;
        Error *error = take(statement, context);
        if (error != NULL)
        {
            sqlite3_finalize(statement);
            return error;
        }
    }
}

static Error *take_number(sqlite3_stmt *row, void *context)
{
    *(int64_t *) context = sqlite3_column_int64(row, 0);
    return NULL;
}

Error *store_number(Store *store, int64_t *number, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, format);
    Error *error = prepare_va(store, &statement, sql, format, &args);
    va_end(args);
    return error != NULL ? error : store_each(store, statement, take_number, number);
}

Error *store_do(Store *store, const char *sql, const char *format, ...)
{
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, format);
    Error *error = prepare_va(store, &statement, sql, format, &args);
    va_end(args);
    bool more = true;
    while (error == NULL && more)
        error = store_next(store, statement, &more);
    return error;
}

Error *store_open_file(const char *path, const char *what, const char *synchronous, Store **out)
{
    Store *store = calloc(1, sizeof *store);
    if (store == NULL || (store->path = strdup(path)) == NULL)
    {
        free(store);
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    store->what = what;
    Error *error = NULL;
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE, page_vfs()) != SQLITE_OK)
        error = store_error(store, "open");
    if (error == NULL)
        page_digests_want(store->db);
    if (error == NULL)
        error = store_run(store, "pragma locking_mode=exclusive; pragma journal_mode=wal;"
                                 "pragma trusted_schema=off; pragma cell_size_check=on; pragma foreign_keys=off;");
    if (error == NULL)
        error = store_run(store, synchronous);
    if (error != NULL)
    {
        store_close(store);
        return error;
    }
    *out = store;
    return NULL;
}

void store_close(Store *store)
{
    if (store == NULL)
        return;
    sqlite3_close_v2(store->db);
    free(store->path);
    free(store);
}

static Error *fill_new(Store *store, int32_t slice_count, const char *database, const CatalogPrincipal *user)
{
    TRY(store_run(store, "begin immediate"));
    TRY(store_run(store, schema_sql));
    TRY(store_do(store,
                 "insert into meta values('format', ?1), ('version', 1), ('epoch', 0), ('next_id', ?2),"
                 " ('slice_count', ?3), ('database', ?4)",
                 "iiis", (int64_t) CATALOG_FORMAT, (int64_t) FIRST_ID, (int64_t) slice_count, database));
    TRY(store_put_principal(store, user));
    TRY(store_do(store, "insert into schemas values('public', ?1, null)", "s", user->name));
    return store_run(store, "commit");
}

Error *store_create_file(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_file("create", path);
    close(fd);
    return NULL;
}

static Error *open_catalog(const char *path, Store **out)
{
    return store_open_file(path, "catalog", "pragma synchronous=full", out);
}

static Error *complaint_take(sqlite3_stmt *row, void *context)
{
    const Store *store = context;
    const char *says = (const char *) sqlite3_column_text(row, 0);
    if (says != NULL && strcmp(says, "ok") == 0)
        return NULL;
    return error_detail(error_new(SQLSTATE_DATA_CORRUPTED, "the catalog \"%s\" is damaged", store->path), "SQLite says \"%s\".",
                        says == NULL ? "" : says);
}

Error *store_verify(Store *store)
{
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows, "pragma integrity_check(1)", ""));
    return store_each(store, rows, complaint_take, store);
}

/* SQLite does not sync what it copies. */
static Error *file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    Error *error = synced ? NULL : error_file("sync", path);
    if (fd >= 0)
        close(fd);
    return error;
}

Error *store_copy(Store *store, const char *path)
{
    TRY(store_create_file(path));
    TRY(store_do(store, "vacuum into ?1", "s", path));
    return file_sync(path);
}

Error *store_create(const char *path, int32_t slice_count, const char *database, const CatalogPrincipal *user)
{
    Store *store;
    TRY(store_create_file(path));
    TRY(open_catalog(path, &store));
    Error *error = fill_new(store, slice_count, database, user);
    store_close(store);
    return error;
}

Error *store_open(const char *path, Store **out)
{
    TRY(open_catalog(path, out));
    int64_t format = 0;
    Error *error = store_number(*out, &format, "select value from meta where key = 'format'", "");
    for (; error == NULL && format >= 1 && format < CATALOG_FORMAT; format++)
        error = store_run(*out, upgrades[format - 1]);
    if (error == NULL && format != CATALOG_FORMAT)
        error = error_hint(error_new(SQLSTATE_DATA_CORRUPTED, "\"%s\" has catalog format %lld, this program knows %d",
                                     path, (long long) format, CATALOG_FORMAT),
                           "Use the version of Stoa that wrote this warehouse.");
    if (error == NULL && !page_digests_are((*out)->db))
        error = error_detail(error_new(SQLSTATE_DATA_CORRUPTED, "the catalog \"%s\" is damaged", path),
                             "Its header does not say that pages have digests.");
    if (error != NULL)
    {
        store_close(*out);
        *out = NULL;
    }
    return error;
}

Error *store_take_epoch(Store *store, int64_t *epoch)
{
    TRY(store_run(store, "update meta set value = value + 1 where key = 'epoch'"));
    *epoch = 0;
    TRY(store_number(store, epoch, "select value from meta where key = 'epoch'", ""));
    return *epoch > 0 ? NULL : error_new(SQLSTATE_DATA_CORRUPTED, "the catalog has no epoch");
}

Error *store_reserve_ids(Store *store, int64_t next_id)
{
    return store_do(store, "update meta set value = max(value, ?1) where key = 'next_id'", "i", next_id);
}
