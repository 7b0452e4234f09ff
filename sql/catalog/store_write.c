/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of a commit. */
#include "base/core/assert.h"
#include "base/data/value.h"
#include "sql/catalog/store.h"

#include <sqlite3.h>
#include <stdio.h>

static void stats_write(ByteWriter *out, SqlType type, const ColumnStats *stats)
{
    put_i64(out, stats->null_count);
    put_f64(out, stats->distinct);
    put_f64(out, stats->average_width);
    put_u8(out, stats->has_range);
    if (stats->has_range)
    {
        value_write(out, type, &stats->min);
        value_write(out, type, &stats->max);
    }
    put_run(out, stats->hll, stats->hll == NULL ? 0 : (size_t) stats->hll_bytes);
}

static Error *stats_save(Store *store, const CatalogTable *table)
{
    for (int32_t i = 0; i < table->column_count; i++)
    {
        Text blob;
        text_init(&blob, NULL);
        stats_write(&blob, table->columns[i].type, &table->columns[i].stats);
        Error *error = store_do(store, "update columns set stats = ?3 where table_id = ?1 and id = ?2", "iib", table->id,
                                (int64_t) table->columns[i].id, (const void *) blob.data, blob.length);
        text_free(&blob);
        TRY(error);
    }
    return NULL;
}

static Error *grants_save(Store *store, const CatalogTable *table)
{
    TRY(store_do(store, "delete from grants where table_id = ?1", "i", table->id));
    for (int32_t i = 0; i < table->grant_count; i++)
        TRY(store_do(store, "insert into grants values(?1, ?2, ?3, ?4, ?5)", "iiiii", table->id, table->grants[i].grantee,
                     table->grants[i].grantor, (int64_t) table->grants[i].privileges, (int64_t) table->grants[i].options));
    return NULL;
}

/* As the new version has them; a table that is dropped later in the transaction has none. */
static Error *grants_save_newest(Store *store, int64_t table_id, const SnapshotVersion *version)
{
    int32_t at = snapshot_find(version, table_id);
    return at < 0 ? NULL : grants_save(store, version->snapshot.tables[at]);
}

static Error *comments_save(Store *store, const CatalogTable *table)
{
    TRY(store_do(store, "delete from comments where table_id = ?1", "i", table->id));
    for (int32_t i = 0; i < table->comment_count; i++)
        TRY(store_do(store, "insert into comments values(?1, ?2, ?3, ?4)", "isis", table->id,
                     (char[2]){table->comments[i].part, '\0'}, table->comments[i].id, table->comments[i].text));
    return NULL;
}

static Error *comments_save_newest(Store *store, int64_t table_id, const SnapshotVersion *version)
{
    int32_t at = snapshot_find(version, table_id);
    return at < 0 ? NULL : comments_save(store, version->snapshot.tables[at]);
}

static Error *comment_schema_save(Store *store, const Change *change)
{
    if (change->schema != NULL)
        return store_do(store, "update schemas set comment = ?2 where name = ?1", "ss", change->schema, change->comment.text);
    return store_do(store, "insert or replace into meta values('comment', ?1)", "s", change->comment.text);
}

static Error *keys_save(Store *store, const CatalogTable *table)
{
    for (int32_t i = 0; i < table->key_count; i++)
    {
        const CatalogKey *key = &table->keys[i];
        size_t bytes = sizeof(int32_t) * (size_t) key->column_count;
        TRY(store_do(store, "insert into keys values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", "iissbibs", key->id, table->id,
                     (char[2]){(char) key->kind, '\0'}, key->name, (const void *) key->columns, bytes, key->refers_to,
                     (const void *) key->refers_columns, key_is_unique(key) ? (size_t) 0 : bytes,
                     key_is_unique(key) ? "   " : (char[4]){key->on_update, key->on_delete, key->match, '\0'}));
    }
    return NULL;
}

static Error *column_save(Store *store, const CatalogTable *table, int32_t ordinal)
{
    const CatalogColumn *column = &table->columns[ordinal];
    Text missing;
    text_init(&missing, NULL);
    if (column->missing != NULL)
        value_write(&missing, column->type, column->missing);
    Error *error = store_do(store, "insert into columns values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, null, ?11, ?12)",
                            "iisiiiiissib", table->id, (int64_t) ordinal, column->name, (int64_t) type_oid(column->type),
                            (int64_t) column->type.precision, (int64_t) column->type.scale, (int64_t) column->type.length,
                            (int64_t) column->not_null, column->default_sql, column->encoding, (int64_t) column->id,
                            (const void *) missing.data, missing.length);
    text_free(&missing);
    return error;
}

static void sources_write(ByteWriter *out, const CatalogTable *view)
{
    put_i32(out, view->source_count);
    for (int32_t i = 0; i < view->source_count; i++)
    {
        const ViewSource *source = &view->sources[i];
        put_i64(out, source->table_id);
        put_str(out, source->schema);
        put_str(out, source->name);
        put_i32(out, source->column_count);
        for (int32_t k = 0; k < source->column_count; k++)
        {
            put_i32(out, source->column_ids[k]);
            put_str(out, source->column_names[k]);
        }
    }
}

static Error *view_save(Store *store, const CatalogTable *view)
{
    Text sources;
    text_init(&sources, NULL);
    sources_write(&sources, view);
    Error *error = store_do(store, "insert into views values(?1, ?2, ?3, ?4, ?5)", "issbb", view->id, view->view_sql,
                            view->view_path, (const void *) view->depends, sizeof(int64_t) * (size_t) view->depend_count,
                            (const void *) sources.data, sources.length);
    text_free(&sources);
    return error;
}

static Error *identity_save(Store *store, const CatalogTable *table)
{
    const CatalogIdentity *identity = &table->identity;
    if (identity->step == 0)
        return NULL;
    return store_do(store, "insert into identities values(?1, ?2, ?3, ?4, ?5, ?6)", "iiiiii", table->id,
                    (int64_t) identity->column_id, identity->seed, identity->step, (int64_t) identity->by_default, identity->next);
}

/* Name, columns, keys and what a view is of; not rows and privileges. */
static Error *definition_save(Store *store, const CatalogTable *table, int64_t epoch)
{
    TRY(store_do(store, "insert into tables values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)", "isssiibiiii", table->id,
                 table->schema, table->name, table->owner, (int64_t) table->dist_style, (int64_t) table->dist_column,
                 (const void *) table->sort_columns, sizeof(int32_t) * (size_t) table->sort_count, epoch, table->definition,
                 (int64_t) table->next_column_id, (int64_t) table->no_backup));
    for (int32_t i = 0; i < table->column_count; i++)
        TRY(column_save(store, table, i));
    TRY(keys_save(store, table));
    return table->view_sql == NULL ? NULL : view_save(store, table);
}

static Error *rows_forget(Store *store, int64_t table_id)
{
    TRY(store_do(store, "delete from deleted_rows where table_id = ?1", "i", table_id));
    return store_do(store, "delete from segments where table_id = ?1", "i", table_id);
}

static Error *definition_forget(Store *store, int64_t table_id)
{
    TRY(store_do(store, "delete from views where table_id = ?1", "i", table_id));
    TRY(store_do(store, "delete from columns where table_id = ?1", "i", table_id));
    TRY(store_do(store, "delete from keys where table_id = ?1", "i", table_id));
    return store_do(store, "delete from tables where id = ?1", "i", table_id);
}

static Error *table_forget(Store *store, int64_t table_id)
{
    TRY(rows_forget(store, table_id));
    TRY(store_do(store, "delete from grants where table_id = ?1", "i", table_id));
    TRY(store_do(store, "delete from comments where table_id = ?1", "i", table_id));
    TRY(store_do(store, "delete from identities where table_id = ?1", "i", table_id));
    return definition_forget(store, table_id);
}

static Error *table_save(Store *store, const CatalogTable *table, int64_t epoch)
{
    TRY(definition_save(store, table, epoch));
    TRY(comments_save(store, table));
    TRY(identity_save(store, table));
    return grants_save(store, table);
}

/* As the change has it: another may follow in the transaction. */
static Error *alter_save(Store *store, const Change *change, int64_t epoch)
{
    CatalogTable table = change->table->table;
    table.definition = change->definition + 1;
    TRY(definition_forget(store, change->table_id));
    return definition_save(store, &table, epoch);
}

static Error *deleted_save(Store *store, int64_t table_id, const CatalogSegment *segment, int64_t version, int64_t epoch)
{
    const DeletedRows *deleted = segment->deleted;
    return store_do(store, "insert or replace into deleted_rows values(?1, ?2, ?3, ?4, ?5, ?6)", "iiibii", segment->id, table_id,
                    deleted->count, (const void *) deleted->data, deleted->bytes, version, epoch);
}

static Error *segments_save(Store *store, const Change *change, int64_t version, int64_t epoch)
{
    for (int32_t i = 0; i < change->record_count; i++)
    {
        const CatalogSegment *segment = &change->records[i].segment;
        TRY(store_do(store, "insert into segments values(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", "iiisiibii", segment->id,
                     change->table_id, (int64_t) segment->slice, segment->file, segment->rows, segment->bytes,
                     (const void *) segment->digest, sizeof segment->digest, version, epoch));
        if (segment->deleted != NULL)
            TRY(deleted_save(store, change->table_id, segment, version, epoch));
        if (change->records[i].image == NULL)
            continue;
        TRY(store_do(store, "insert into images values(?1, ?2)", "ib", segment->id, change->records[i].image, (size_t) segment->bytes));
        store->image_bytes += segment->bytes;
    }
    return NULL;
}

/* A segment's deleted rows as the new version has them; one without a row left goes. */
static Error *deletes_save(Store *store, const Change *change, const SnapshotVersion *version, int64_t epoch)
{
    int32_t table = snapshot_find(version, change->table_id), at = -1;
    for (int32_t i = 0; table >= 0 && i < change->loss_count; i++)
    {
        int64_t id = change->losses[i].segment_id;
        const CatalogTable *has = version->snapshot.tables[table];
        at = table_find_segment(has, id, at + 1);
        if (at < 0)
        {
            TRY(store_do(store, "delete from deleted_rows where segment_id = ?1", "i", id));
            TRY(store_do(store, "delete from segments where id = ?1", "i", id));
            continue;
        }
        TRY(deleted_save(store, change->table_id, &has->segments[at], version->snapshot.version, epoch));
    }
    return NULL;
}

static Error *schema_forget(Store *store, const char *name)
{
    TRY(store_do(store, "delete from identities where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from comments where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from keys where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from grants where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from views where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from deleted_rows where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from segments where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from columns where table_id in (select id from tables where schema = ?1)", "s", name));
    TRY(store_do(store, "delete from tables where schema = ?1", "s", name));
    return store_do(store, "delete from schemas where name = ?1", "s", name);
}

Error *store_forget_temporary(Store *store)
{
    for (;;)
    {
        sqlite3_stmt *row;
        bool more;
        char name[200];
        TRY(store_prepare(store, &row, "select name from schemas where substr(name, 1, 8) = ?1", "s", TEMP_SCHEMA_PREFIX));
        TRY(store_next(store, row, &more));
        if (!more)
            return NULL;
        snprintf(name, sizeof name, "%s", (const char *) sqlite3_column_text(row, 0));
        sqlite3_finalize(row);
        TRY(schema_forget(store, name));
    }
}

static Error *change_save(Store *store, const Change *change, const SnapshotVersion *version, int64_t epoch)
{
    switch (change->kind)
    {
    case CHANGE_CREATE_SCHEMA:
        return store_do(store, "insert into schemas values(?1, null, null)", "s", change->schema);
    case CHANGE_DROP_SCHEMA:
        return schema_forget(store, change->schema);
    case CHANGE_PUT_PRINCIPAL:
        return store_put_principal(store, &change->principal);
    case CHANGE_DROP_PRINCIPAL:
        return store_drop_principal(store, change->principal.id, version);
    case CHANGE_COMMENT:
        return comments_save_newest(store, change->table_id, version);
    case CHANGE_SLICE_COUNT:
        return store_do(store, "update meta set value = ?1 where key = 'slice_count'", "i", (int64_t) change->slice_count);
    case CHANGE_COMMENT_SCHEMA:
        return comment_schema_save(store, change);
    case CHANGE_GRANTS:
        return grants_save_newest(store, change->table_id, version);
    case CHANGE_CREATE_TABLE:
        return table_save(store, &change->table->table, epoch);
    case CHANGE_ALTER_TABLE:
        TRY(alter_save(store, change, epoch));
        return comments_save_newest(store, change->table_id, version); /* those of dropped columns and keys are gone */
    case CHANGE_DROP_TABLE:
        return table_forget(store, change->table_id);
    case CHANGE_TRUNCATE_TABLE:
        return rows_forget(store, change->table_id);
    case CHANGE_ADD_SEGMENTS:
        return segments_save(store, change, version->snapshot.version, epoch);
    case CHANGE_DELETE_ROWS:
        return deletes_save(store, change, version, epoch);
    case CHANGE_MERGE_SEGMENTS:
        TRY(segments_save(store, change, version->snapshot.version, epoch));
        return deletes_save(store, change, version, epoch);
    case CHANGE_TAKE_NUMBERS:
        return store_do(store, "update identities set next = max(next, ?2) where table_id = ?1", "ii", change->table_id,
                        change->numbers_end);
    }
    ASSERT(!"a kind of change");
    return NULL;
}

static bool changes_stats(const Change *change)
{
    return change->kind == CHANGE_ALTER_TABLE || change->kind == CHANGE_TRUNCATE_TABLE || change->kind == CHANGE_ADD_SEGMENTS ||
           change->kind == CHANGE_DELETE_ROWS || change->kind == CHANGE_MERGE_SEGMENTS;
}

/* Statistics of each table that changed, once, as the new version has them. */
static Error *all_stats_save(Store *store, const Change *changes, const SnapshotVersion *version)
{
    for (const Change *change = changes; change != NULL; change = change->next)
    {
        bool again = !changes_stats(change);
        for (const Change *later = change->next; later != NULL && !again; later = later->next)
            again = changes_stats(later) && later->table_id == change->table_id;
        int32_t at = snapshot_find(version, change->table_id);
        if (!again && at >= 0)
            TRY(stats_save(store, version->snapshot.tables[at]));
    }
    return NULL;
}

Error *store_begin(Store *store)
{
    return store_run(store, "begin immediate");
}

Error *store_save(Store *store, const Change *changes, const SnapshotVersion *version, int64_t epoch)
{
    for (const Change *change = changes; change != NULL; change = change->next)
        TRY(change_save(store, change, version, epoch));
    return all_stats_save(store, changes, version);
}

Error *store_commit(Store *store, int64_t version)
{
    TRY(store_do(store, "update meta set value = ?1 where key = 'version'", "i", version));
    return store_run(store, "commit");
}

/* SQLite may have done so by itself. */
void store_rollback(Store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "rollback", NULL, NULL, NULL);
}
