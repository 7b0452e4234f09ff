/* SPDX-License-Identifier: Apache-2.0 */
/* From SQLite to a snapshot, once a start. */
#include "base/core/assert.h"
#include "base/data/hll.h"
#include "base/data/value.h"
#include "sql/catalog/deleted.h"
#include "sql/catalog/store.h"

#include <sqlite3.h>
#include <string.h>

static char *text_at(sqlite3_stmt *row, int at, Arena *arena)
{
    const unsigned char *text = sqlite3_column_text(row, at);
    return text == NULL ? NULL : arena_strdup(arena, (const char *) text);
}

/* The blob stats_write() of store_write.c made. */
static Error *stats_read(const void *bytes, size_t size, Arena *arena, SqlType type, ColumnStats *stats)
{
    *stats = (ColumnStats){0};
    if (size == 0)
        return NULL;
    ByteReader in;
    reader_init(&in, bytes, size);
    stats->null_count = get_i64(&in);
    stats->distinct = get_f64(&in);
    stats->average_width = get_f64(&in);
    stats->has_range = get_u8(&in) != 0;
    if (stats->has_range)
    {
        stats->min = value_read(&in, arena, type);
        stats->max = value_read(&in, arena, type);
    }
    size_t registers_size;
    const void *registers = get_run(&in, &registers_size);
    if (registers_size == sizeof(Hll) && registers != NULL)
    {
        stats->hll = arena_memdup(arena, registers, registers_size);
        stats->hll_bytes = (int32_t) registers_size;
    }
    return reader_done(&in, "column statistics");
}

/* --- reading ------------------------------------------------------------ */
static Error *type_read(sqlite3_stmt *row, int at, SqlType *type)
{
    uint32_t oid = (uint32_t) sqlite3_column_int64(row, at);
    for (int id = TYPE_NONE + 1; id < TYPE_COUNT; id++)
        if (type_oid(type_make((TypeId) id)) == oid)
        {
            *type = type_make((TypeId) id);
            type->precision = (uint8_t) sqlite3_column_int(row, at + 1);
            type->scale = (uint8_t) sqlite3_column_int(row, at + 2);
            type->length = sqlite3_column_int(row, at + 3);
            return NULL;
        }
    return error_new(SQLSTATE_DATA_CORRUPTED, "the catalog names a type with oid %u, which does not exist", oid);
}

static Error *missing_read(const void *bytes, size_t size, Arena *arena, CatalogColumn *column)
{
    ByteReader in;
    reader_init(&in, bytes, size);
    column->missing = ARENA_NEW(arena, Datum);
    *column->missing = value_read(&in, arena, column->type);
    return reader_done(&in, "a column's value in older rows");
}

static Error *column_read(sqlite3_stmt *row, Arena *arena, CatalogColumn *column)
{
    column->name = text_at(row, 0, arena);
    TRY(type_read(row, 1, &column->type));
    column->not_null = sqlite3_column_int(row, 5) != 0;
    column->default_sql = text_at(row, 6, arena);
    column->encoding = text_at(row, 7, arena);
    column->id = sqlite3_column_int(row, 9);
    if (sqlite3_column_bytes(row, 10) > 0)
        TRY(missing_read(sqlite3_column_blob(row, 10), (size_t) sqlite3_column_bytes(row, 10), arena, column));
    const void *stats = sqlite3_column_blob(row, 8);
    return stats_read(stats, (size_t) sqlite3_column_bytes(row, 8), arena, column->type, &column->stats);
}

/* What the rows of one table are read into. */
typedef struct TableReader
{
    Arena *arena;
    CatalogTable *table;
    int64_t room; /* of the array that is being filled */
    int32_t at;
} TableReader;

/* An index of a damaged file may not have the rows its table has. */
static Error *check_room(const TableReader *reader, int32_t at)
{
    return at < reader->room ? NULL
                             : error_new(SQLSTATE_DATA_CORRUPTED, "the catalog's rows of table \"%s\" cannot be counted",
                                         reader->table->name);
}

static Error *take_column(sqlite3_stmt *row, void *context)
{
    TableReader *reader = context;
    CatalogTable *table = reader->table;
    TRY(check_room(reader, table->column_count));
    return column_read(row, reader->arena, &table->columns[table->column_count++]);
}

static Error *columns_read(Store *store, Arena *arena, CatalogTable *table)
{
    TableReader reader = {.arena = arena, .table = table};
    sqlite3_stmt *rows;
    TRY(store_number(store, &reader.room, "select count(*) from columns where table_id = ?1", "i", table->id));
    table->columns = ARENA_ARRAY(arena, CatalogColumn, reader.room);
    TRY(store_prepare(store, &rows,
                      "select name, type_oid, precision, scale, length, not_null, default_sql, encoding, stats, id, missing"
                      " from columns where table_id = ?1 order by ordinal",
                      "i", table->id));
    return store_each(store, rows, take_column, &reader);
}

static Error *take_segment(sqlite3_stmt *row, void *context)
{
    TableReader *reader = context;
    CatalogTable *table = reader->table;
    CatalogSegment *segment = &table->segments[table->segment_count];
    TRY(check_room(reader, table->segment_count));
    if (sqlite3_column_bytes(row, 5) != (int) sizeof segment->digest)
        return error_new(SQLSTATE_DATA_CORRUPTED, "a segment of table \"%s\" in the catalog has no digest", table->name);
    segment->id = sqlite3_column_int64(row, 0);
    segment->slice = sqlite3_column_int(row, 1);
    segment->file = text_at(row, 2, reader->arena);
    segment->rows = sqlite3_column_int64(row, 3);
    segment->bytes = sqlite3_column_int64(row, 4);
    memcpy(segment->digest, sqlite3_column_blob(row, 5), sizeof segment->digest);
    table->segment_count++;
    table->row_count += segment->rows;
    table->bytes += segment->bytes;
    return NULL;
}

static Error *segments_read(Store *store, Arena *arena, CatalogTable *table)
{
    TableReader reader = {.arena = arena, .table = table};
    sqlite3_stmt *rows;
    TRY(store_number(store, &reader.room, "select count(*) from segments where table_id = ?1", "i", table->id));
    table->segments = ARENA_ARRAY(arena, CatalogSegment, reader.room);
    TRY(store_prepare(store, &rows,
                      "select id, slice, file, row_count, bytes, digest from segments where table_id = ?1 order by id",
                      "i", table->id));
    return store_each(store, rows, take_segment, &reader);
}

static Error *take_deleted(sqlite3_stmt *row, void *context)
{
    TableReader *reader = context;
    CatalogTable *table = reader->table;
    DeletedRows *deleted = NULL;
    reader->at = table_find_segment(table, sqlite3_column_int64(row, 0), reader->at + 1);
    if (reader->at < 0)
        return error_new(SQLSTATE_DATA_CORRUPTED,
                         "the catalog names deleted rows of a segment of table \"%s\" that does not exist", table->name);
    CatalogSegment *segment = &table->segments[reader->at];
    TRY(deleted_read(sqlite3_column_blob(row, 1), (size_t) sqlite3_column_bytes(row, 1), segment->rows, &deleted));
    arena_own(reader->arena, deleted_drop, deleted);
    segment->deleted = deleted;
    table->row_count -= deleted->count;
    return NULL;
}

static Error *deleted_rows_read(Store *store, Arena *arena, CatalogTable *table)
{
    TableReader reader = {.arena = arena, .table = table, .at = -1};
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows, "select segment_id, rows from deleted_rows where table_id = ?1 order by segment_id",
                      "i", table->id));
    return store_each(store, rows, take_deleted, &reader);
}

static Error *sources_read(const void *bytes, size_t size, Arena *arena, CatalogTable *view)
{
    ByteReader in;
    reader_init(&in, bytes, size);
    view->source_count = size == 0 ? 0 : get_count(&in);
    view->sources = ARENA_ARRAY(arena, ViewSource, view->source_count);
    for (int32_t i = 0; i < view->source_count; i++)
    {
        ViewSource *source = &view->sources[i];
        source->table_id = get_i64(&in);
        source->schema = get_str(&in, arena);
        source->name = get_str(&in, arena);
        source->column_count = get_count(&in);
        source->column_ids = ARENA_ARRAY(arena, int32_t, source->column_count);
        source->column_names = ARENA_ARRAY(arena, char *, source->column_count);
        for (int32_t k = 0; k < source->column_count; k++)
        {
            source->column_ids[k] = get_i32(&in);
            source->column_names[k] = get_str(&in, arena);
        }
    }
    return reader_done(&in, "the sources of a view");
}

static Error *view_read(Store *store, Arena *arena, CatalogTable *table)
{
    sqlite3_stmt *row;
    bool more;
    TRY(store_prepare(store, &row, "select sql, path, depends, sources from views where table_id = ?1", "i", table->id));
    TRY(store_next(store, row, &more));
    if (!more)
        return NULL;
    table->view_sql = text_at(row, 0, arena);
    table->view_path = text_at(row, 1, arena);
    const void *depends = sqlite3_column_blob(row, 2);
    table->depend_count = sqlite3_column_bytes(row, 2) / (int) sizeof(int64_t);
    table->depends = arena_memdup(arena, depends == NULL ? "" : depends, sizeof(int64_t) * (size_t) table->depend_count);
    Error *error = sources_read(sqlite3_column_blob(row, 3), (size_t) sqlite3_column_bytes(row, 3), arena, table);
    sqlite3_finalize(row);
    return error;
}

static Error *take_grant(sqlite3_stmt *row, void *context)
{
    TableReader *reader = context;
    CatalogTable *table = reader->table;
    if (table->grant_count == 0)
        table->grants = ARENA_ARRAY(reader->arena, CatalogGrant, sqlite3_column_int(row, 4));
    table->grants[table->grant_count++] = (CatalogGrant){.grantee = sqlite3_column_int64(row, 0),
                                                         .grantor = sqlite3_column_int64(row, 1),
                                                         .privileges = (uint32_t) sqlite3_column_int64(row, 2),
                                                         .options = (uint32_t) sqlite3_column_int64(row, 3)};
    return NULL;
}

static Error *grants_read(Store *store, Arena *arena, CatalogTable *table)
{
    TableReader reader = {.arena = arena, .table = table};
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows, "select grantee, grantor, privileges, options, count(*) over () from grants where table_id = ?1",
                      "i", table->id));
    return store_each(store, rows, take_grant, &reader);
}

static Error *take_key(sqlite3_stmt *row, void *context)
{
    TableReader *reader = context;
    CatalogTable *table = reader->table;
    if (table->key_count == 0)
        table->keys = ARENA_ARRAY(reader->arena, CatalogKey, sqlite3_column_int(row, 7));
    CatalogKey *key = &table->keys[table->key_count++];
    const char *kind = (const char *) sqlite3_column_text(row, 1), *actions = (const char *) sqlite3_column_text(row, 6);
    int bytes = sqlite3_column_bytes(row, 3);
    key->id = sqlite3_column_int64(row, 0);
    key->kind = (KeyKind) (kind == NULL ? 0 : kind[0]);
    key->name = text_at(row, 2, reader->arena);
    key->column_count = bytes / (int) sizeof(int32_t);
    if ((key->kind != KEY_PRIMARY && key->kind != KEY_UNIQUE && key->kind != KEY_FOREIGN) || key->column_count == 0 ||
        actions == NULL || strlen(actions) != 3 || sqlite3_column_bytes(row, 5) != (key_is_unique(key) ? 0 : bytes))
        return error_new(SQLSTATE_DATA_CORRUPTED, "a key of table \"%s\" in the catalog is damaged", table->name);
    key->columns = arena_memdup(reader->arena, sqlite3_column_blob(row, 3), (size_t) bytes);
    key->refers_to = sqlite3_column_int64(row, 4);
    if (!key_is_unique(key))
        key->refers_columns = arena_memdup(reader->arena, sqlite3_column_blob(row, 5), (size_t) bytes);
    key->on_update = actions[0];
    key->on_delete = actions[1];
    key->match = actions[2];
    return NULL;
}

static Error *keys_read(Store *store, Arena *arena, CatalogTable *table)
{
    TableReader reader = {.arena = arena, .table = table};
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows,
                      "select id, kind, name, columns, refers_to, refers_columns, actions, count(*) over () from keys"
                      " where table_id = ?1 order by id",
                      "i", table->id));
    return store_each(store, rows, take_key, &reader);
}

static Error *take_comment(sqlite3_stmt *row, void *context)
{
    TableReader *reader = context;
    CatalogTable *table = reader->table;
    char *part = text_at(row, 0, reader->arena);
    if (table->comment_count == 0)
        table->comments = ARENA_ARRAY(reader->arena, CatalogComment, sqlite3_column_int(row, 3));
    table->comments[table->comment_count++] =
        (CatalogComment){part == NULL ? '\0' : part[0], sqlite3_column_int64(row, 1), text_at(row, 2, reader->arena)};
    return NULL;
}

static Error *comments_read(Store *store, Arena *arena, CatalogTable *table)
{
    TableReader reader = {.arena = arena, .table = table};
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows, "select part, id, comment, count(*) over () from comments where table_id = ?1", "i", table->id));
    return store_each(store, rows, take_comment, &reader);
}

static Error *identity_read(Store *store, CatalogTable *table)
{
    sqlite3_stmt *row;
    bool more;
    TRY(store_prepare(store, &row, "select column_id, seed, step, by_default, next from identities where table_id = ?1", "i",
                      table->id));
    TRY(store_next(store, row, &more));
    if (!more)
        return NULL;
    table->identity = (CatalogIdentity){.column_id = sqlite3_column_int(row, 0),
                                        .seed = sqlite3_column_int64(row, 1),
                                        .step = sqlite3_column_int64(row, 2),
                                        .by_default = sqlite3_column_int(row, 3) != 0,
                                        .next = sqlite3_column_int64(row, 4)};
    sqlite3_finalize(row);
    return NULL;
}

static Error *table_read(Store *store, sqlite3_stmt *row, Arena *arena, CatalogTable *table)
{
    table->id = sqlite3_column_int64(row, 0);
    table->schema = text_at(row, 1, arena);
    table->name = text_at(row, 2, arena);
    table->owner = text_at(row, 3, arena);
    table->dist_style = (DistStyle) sqlite3_column_int(row, 4);
    table->dist_column = sqlite3_column_int(row, 5);
    const void *sort = sqlite3_column_blob(row, 6);
    table->sort_count = sqlite3_column_bytes(row, 6) / (int) sizeof(int32_t);
    table->definition = sqlite3_column_int64(row, 7);
    table->next_column_id = sqlite3_column_int(row, 8);
    table->no_backup = sqlite3_column_int(row, 9) != 0;
    table->sort_columns =
        arena_memdup(arena, sort == NULL ? "" : sort, sizeof(int32_t) * (size_t) table->sort_count);
    TRY(columns_read(store, arena, table));
    TRY(segments_read(store, arena, table));
    TRY(deleted_rows_read(store, arena, table));
    TRY(grants_read(store, arena, table));
    TRY(keys_read(store, arena, table));
    TRY(comments_read(store, arena, table));
    TRY(identity_read(store, table));
    return view_read(store, arena, table);
}

typedef struct VersionReader
{
    Store *store;
    SnapshotVersion *version;
} VersionReader;

static Error *take_table(sqlite3_stmt *row, void *context)
{
    VersionReader *reader = context;
    Arena *arena = arena_new("catalog read");
    CatalogTable *table = ARENA_NEW(arena, CatalogTable);
    Error *error = table_read(reader->store, row, arena, table);
    if (error == NULL)
        snapshot_add_table(reader->version, table_copy(table, 0));
    arena_free(arena);
    return error;
}

static Error *tables_read(Store *store, SnapshotVersion *version)
{
    VersionReader reader = {store, version};
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows,
                      "select id, schema, name, owner, dist_style, dist_column, sort_columns, definition, next_column_id, no_backup"
                      " from tables order by id", ""));
    return store_each(store, rows, take_table, &reader);
}

static Error *take_schema(sqlite3_stmt *row, void *context)
{
    const char *name = (const char *) sqlite3_column_text(row, 0);
    snapshot_add_schema(context, name);
    snapshot_set_comment(context, name, (const char *) sqlite3_column_text(row, 1));
    return NULL;
}

static Error *schemas_read(Store *store, SnapshotVersion *version)
{
    sqlite3_stmt *rows;
    TRY(store_prepare(store, &rows, "select name, comment from schemas order by name", ""));
    return store_each(store, rows, take_schema, version);
}

/* Beyond all numbers that are there, too: where both a reservation and the commit behind it failed to be synced, a crash may
 * leave the commit, written in the reservation's place. */
#define NEXT_ID_SQL                                                                                                \
    "(select max(id) from (select value as id from meta where key = 'next_id' union all select max(id) + 1 from segments"   \
    " union all select max(id) + 1 from tables union all select max(id) + 1 from keys union all select max(id) + 1 from principals))"

Error *store_read(Store *store, SnapshotVersion **out, int64_t *next_id)
{
    sqlite3_stmt *row;
    bool more;
    TRY(store_prepare(store, &row,
                      "select (select value from meta where key = 'version'), " NEXT_ID_SQL ", (select value from meta where key = 'slice_count'), (select value from meta where key "
                      "= 'database'), (select value from meta where key = 'comment')",
                      ""));
    TRY(store_next(store, row, &more));
    if (!more || sqlite3_column_type(row, 3) != SQLITE_TEXT || sqlite3_column_int(row, 2) < 1)
    {
        if (more)
            sqlite3_finalize(row);
        return error_new(SQLSTATE_DATA_CORRUPTED, "the catalog lacks its settings");
    }
    SnapshotVersion *version = snapshot_new((const char *) sqlite3_column_text(row, 3), sqlite3_column_int(row, 2));
    version->snapshot.version = sqlite3_column_int64(row, 0);
    snapshot_set_comment(version, NULL, (const char *) sqlite3_column_text(row, 4));
    *next_id = sqlite3_column_int64(row, 1);
    sqlite3_finalize(row);
    Error *error = store_read_principals(store, version);
    if (error == NULL)
        error = schemas_read(store, version);
    if (error == NULL)
        error = tables_read(store, version);
    if (error != NULL)
        snapshot_drop(version);
    else
        *out = version;
    return error;
}
