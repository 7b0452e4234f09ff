/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of stl_load_errors: a bounded history beside the transactions. */
#include "sql/catalog/store.h"

#include <sqlite3.h>
#include <string.h>

#define LOAD_ERRORS_KEPT 100000 /* rows; the oldest go */

static Error *add_all(Store *store, const LoadErrorRow *rows, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
    {
        const LoadErrorRow *row = &rows[i];
        TRY(store_do(store, "insert into load_errors values(null, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                     "iiiiiiisssssss", row->query, row->start_time, row->table_id, row->line_number, row->position,
                     (int64_t) row->slice, (int64_t) row->error_code, row->file, row->column, row->type,
                     row->column_length, row->raw_line, row->raw_field, row->reason));
    }
    TRY(store_do(store, "delete from load_errors where id <= (select max(id) from load_errors) - ?1", "i",
                 (int64_t) LOAD_ERRORS_KEPT));
    return store_run(store, "commit");
}

Error *store_add_load_errors(Store *store, const LoadErrorRow *rows, int32_t count)
{
    TRY(store_run(store, "begin immediate"));
    Error *error = add_all(store, rows, count);
    if (error != NULL && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "rollback", NULL, NULL, NULL);
    return error;
}

static char *text_at(sqlite3_stmt *row, int at, Arena *arena)
{
    const unsigned char *text = sqlite3_column_text(row, at);
    return arena_strdup(arena, text == NULL ? "" : (const char *) text);
}

typedef struct ErrorReader
{
    Arena *arena;
    LoadErrorRow *rows;
    int32_t count;
} ErrorReader;

static Error *take_row(sqlite3_stmt *row, void *context)
{
    ErrorReader *reader = context;
    Arena *arena = reader->arena;
    LoadErrorRow *out = &reader->rows[reader->count++];
    out->query = sqlite3_column_int64(row, 0);
    out->start_time = sqlite3_column_int64(row, 1);
    out->table_id = sqlite3_column_int64(row, 2);
    out->line_number = sqlite3_column_int64(row, 3);
    out->position = sqlite3_column_int64(row, 4);
    out->slice = sqlite3_column_int(row, 5);
    out->error_code = sqlite3_column_int(row, 6);
    out->file = text_at(row, 7, arena);
    out->column = text_at(row, 8, arena);
    out->type = text_at(row, 9, arena);
    out->column_length = text_at(row, 10, arena);
    out->raw_line = text_at(row, 11, arena);
    out->raw_field = text_at(row, 12, arena);
    out->reason = text_at(row, 13, arena);
    return NULL;
}

Error *store_load_errors(Store *store, Arena *arena, LoadErrorRow **rows, int32_t *count)
{
    sqlite3_stmt *statement;
    int64_t room;
    TRY(store_number(store, &room, "select count(*) from load_errors", ""));
    ErrorReader reader = {.arena = arena, .rows = ARENA_ARRAY(arena, LoadErrorRow, room)};
    TRY(store_prepare(store, &statement,
                      "select query, start_time, table_id, line_number, position, slice, error_code, file, column_name,"
                      " type, column_length, raw_line, raw_field, reason from load_errors order by id limit ?1",
                      "i", room));
    TRY(store_each(store, statement, take_row, &reader));
    *rows = reader.rows;
    *count = reader.count;
    return NULL;
}
