/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history's file:
 *
 *     rows(id, view, at, bytes)     in order of time; what the bytes are is the writer's business
 *     numbers(name, value)          counters
 *
 * It is lost with a crash of the machine at most back to the last checkpoint, and never in between: WAL with
 * synchronous=normal.
 */
#include "sql/catalog/store.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define HISTORY_FORMAT 1

static const char schema_sql[] =
    "create table if not exists rows(id integer primary key, view text not null, at int not null, bytes blob not null);"
    "create index if not exists rows_of_view on rows(view);"
    "create table if not exists numbers(name text primary key, value int not null) without rowid;"
    "insert into numbers values('format', 1) on conflict do nothing;";

Error *store_history_open(const char *path, Store **out)
{
    int64_t format = 0;
    if (access(path, F_OK) != 0)
        TRY(store_create_file(path));
    TRY(store_open_file(path, "history", "pragma synchronous=normal", out));
    Error *error = store_run(*out, schema_sql);
    if (error == NULL)
        error = store_history_number(*out, "format", &format);
    if (error == NULL && format != HISTORY_FORMAT)
        error = error_new(SQLSTATE_DATA_CORRUPTED, "\"%s\" has history format %lld, this program knows %d", path,
                          (long long) format, HISTORY_FORMAT);
    if (error != NULL)
    {
        store_close(*out);
        *out = NULL;
    }
    return error;
}

Error *store_history_begin(Store *store, sqlite3_stmt **insert)
{
    *insert = NULL;
    TRY(store_run(store, "begin immediate"));
    return store_prepare(store, insert, "insert into rows values(null, ?1, ?2, ?3)", "");
}

Error *store_history_add(Store *store, sqlite3_stmt *insert, const StoreHistoryRow *row)
{
    bool bound = sqlite3_bind_text(insert, 1, row->view, -1, SQLITE_STATIC) == SQLITE_OK &&
                 sqlite3_bind_int64(insert, 2, row->at) == SQLITE_OK &&
                 sqlite3_bind_blob64(insert, 3, row->bytes, row->length, SQLITE_STATIC) == SQLITE_OK;
    Error *error = bound && sqlite3_step(insert) == SQLITE_DONE ? NULL : store_error(store, "change");
    (void) sqlite3_reset(insert); /* says again what step has said */
    return error;
}

void store_history_end(sqlite3_stmt *insert)
{
    (void) sqlite3_finalize(insert);
}

typedef struct Taker
{
    Error *(*take)(void *context, const void *bytes, size_t length);
    void *context;
} Taker;

static Error *take_bytes(sqlite3_stmt *row, void *context)
{
    const Taker *taker = context;
    const void *bytes = sqlite3_column_blob(row, 0);
    return taker->take(taker->context, bytes, (size_t) sqlite3_column_bytes(row, 0));
}

Error *store_history_each(Store *store, const char *view, Error *(*take)(void *context, const void *bytes, size_t length),
                          void *context)
{
    sqlite3_stmt *statement;
    Taker taker = {.take = take, .context = context};
    TRY(store_prepare(store, &statement, "select bytes from rows where view = ?1 order by id", "s", view));
    return store_each(store, statement, take_bytes, &taker);
}

static Error *used_bytes(Store *store, int64_t *bytes)
{
    return store_number(store, bytes,
                        "select (page_count - freelist_count) * page_size from pragma_page_count, pragma_freelist_count,"
                        " pragma_page_size",
                        "");
}

Error *store_history_trim(Store *store, int64_t oldest, int64_t bytes_max)
{
    int64_t used = 0, rows = 1;
    TRY(store_do(store, "delete from rows where id < (select id from rows where at >= ?1 order by id limit 1)", "i", oldest));
    TRY(store_do(store, "delete from rows where (select at from rows order by id desc limit 1) < ?1", "i", oldest));
    TRY(used_bytes(store, &used));
    while (used > bytes_max && rows > 0) /* an eighth a turn, of at least a row */
    {
        TRY(store_do(store, "delete from rows where id <= (select min(id) * 7 / 8 + (select max(id) from rows) / 8 from rows)", ""));
        TRY(used_bytes(store, &used));
        TRY(store_number(store, &rows, "select exists(select 1 from rows)", ""));
    }
    return NULL;
}

Error *store_history_keep_number(Store *store, const char *name, int64_t number)
{
    return store_do(store, "insert into numbers values(?1, ?2) on conflict(name) do update set value = max(value, excluded.value)", "si",
                    name, number);
}

Error *store_history_number(Store *store, const char *name, int64_t *number)
{
    *number = 0;
    return store_number(store, number, "select value from numbers where name = ?1", "s", name);
}
