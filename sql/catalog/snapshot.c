/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of tables and of the whole catalog in memory: see snapshot.h. */
#include "sql/catalog/snapshot.h"
#include "base/core/assert.h"
#include "base/data/hll.h"
#include "base/data/value.h"
#include "sql/catalog/deleted.h"

#include <stdatomic.h>
#include <string.h>

#define TABLE_ROOM 16 /* free places of a fork, so that a DDL script does not copy the array each time */

char *strdup_or_null(Arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

SnapshotVersion *snapshot_new(const char *database, int32_t slice_count)
{
    Arena *arena = arena_new("catalog snapshot");
    SnapshotVersion *version = ARENA_NEW(arena, SnapshotVersion);
    version->arena = arena;
    version->references = 1;
    version->table_capacity = TABLE_ROOM;
    version->snapshot.database = arena_strdup(arena, database);
    version->snapshot.slice_count = slice_count;
    version->snapshot.tables = ARENA_ARRAY(arena, CatalogTable *, TABLE_ROOM);
    version->snapshot.principals = &principals_new()->list;
    return version;
}

SnapshotVersion *snapshot_fork(const SnapshotVersion *from)
{
    const CatalogSnapshot *old = &from->snapshot;
    SnapshotVersion *version = snapshot_new(old->database, old->slice_count);
    CatalogSnapshot *fork = &version->snapshot;
    fork->version = old->version;
    principals_drop(fork->principals);
    fork->principals = &principals_hold(old->principals)->list;
    fork->schema_count = old->schema_count;
    fork->schemas = ARENA_ARRAY(version->arena, char *, old->schema_count + 1);
    fork->schema_comments = ARENA_ARRAY(version->arena, char *, old->schema_count + 1);
    fork->comment = strdup_or_null(version->arena, old->comment);
    for (int32_t i = 0; i < old->schema_count; i++)
    {
        fork->schemas[i] = arena_strdup(version->arena, old->schemas[i]);
        fork->schema_comments[i] = strdup_or_null(version->arena, old->schema_comments[i]);
    }
    version->table_capacity = old->table_count + TABLE_ROOM;
    fork->tables = ARENA_ARRAY(version->arena, CatalogTable *, version->table_capacity);
    fork->table_count = old->table_count;
    for (int32_t i = 0; i < old->table_count; i++)
    {
        fork->tables[i] = old->tables[i];
        atomic_fetch_add(&((TableVersion *) fork->tables[i])->references, 1);
    }
    return version;
}

void snapshot_hold(SnapshotVersion *version)
{
    atomic_fetch_add(&version->references, 1);
}

void snapshot_drop(SnapshotVersion *version)
{
    if (version == NULL || atomic_fetch_sub(&version->references, 1) > 1)
        return;
    for (int32_t i = 0; i < version->snapshot.table_count; i++)
        table_drop((TableVersion *) version->snapshot.tables[i]);
    principals_drop(version->snapshot.principals);
    arena_free(version->arena);
}

void snapshot_add_schema(SnapshotVersion *version, const char *name)
{
    CatalogSnapshot *snapshot = &version->snapshot;
    char **schemas = ARENA_ARRAY(version->arena, char *, snapshot->schema_count + 1);
    char **comments = ARENA_ARRAY(version->arena, char *, snapshot->schema_count + 1);
    for (int32_t i = 0; i < snapshot->schema_count; i++)
    {
        schemas[i] = snapshot->schemas[i];
        comments[i] = snapshot->schema_comments[i];
    }
    schemas[snapshot->schema_count++] = arena_strdup(version->arena, name);
    snapshot->schemas = schemas;
    snapshot->schema_comments = comments;
}

void snapshot_set_comment(SnapshotVersion *version, const char *schema, const char *text)
{
    CatalogSnapshot *snapshot = &version->snapshot;
    if (schema == NULL)
        snapshot->comment = strdup_or_null(version->arena, text);
    for (int32_t i = 0; schema != NULL && i < snapshot->schema_count; i++)
        if (strcmp(snapshot->schemas[i], schema) == 0)
            snapshot->schema_comments[i] = strdup_or_null(version->arena, text);
}

static void principals_replace(SnapshotVersion *version, PrincipalVersion *principals)
{
    principals_drop(version->snapshot.principals);
    version->snapshot.principals = &principals->list;
}

void snapshot_put_principal(SnapshotVersion *version, const CatalogPrincipal *principal)
{
    principals_replace(version, principals_with(version->snapshot.principals, principal));
}

void snapshot_remove_principal(SnapshotVersion *version, int64_t id)
{
    principals_replace(version, principals_without(version->snapshot.principals, id));
}

void snapshot_remove_schema(SnapshotVersion *version, const char *name)
{
    CatalogSnapshot *snapshot = &version->snapshot;
    int32_t kept = 0;
    for (int32_t i = 0; i < snapshot->schema_count; i++)
        if (strcmp(snapshot->schemas[i], name) != 0)
        {
            snapshot->schema_comments[kept] = snapshot->schema_comments[i];
            snapshot->schemas[kept++] = snapshot->schemas[i];
        }
    ASSERT(kept == snapshot->schema_count - 1);
    snapshot->schema_count = kept;
}

int32_t snapshot_find(const SnapshotVersion *version, int64_t table_id)
{
    for (int32_t i = 0; i < version->snapshot.table_count; i++)
        if (version->snapshot.tables[i]->id == table_id)
            return i;
    return -1;
}

void snapshot_add_table(SnapshotVersion *version, TableVersion *table)
{
    CatalogSnapshot *snapshot = &version->snapshot;
    if (snapshot->table_count == version->table_capacity)
    {
        version->table_capacity = version->table_capacity * 2;
        CatalogTable **tables = ARENA_ARRAY(version->arena, CatalogTable *, version->table_capacity);
        memcpy(tables, snapshot->tables, sizeof *tables * (size_t) snapshot->table_count);
        snapshot->tables = tables;
    }
    snapshot->tables[snapshot->table_count++] = &table->table;
}

void snapshot_remove_table(SnapshotVersion *version, int32_t index)
{
    CatalogSnapshot *snapshot = &version->snapshot;
    ASSERT(index >= 0 && index < snapshot->table_count);
    table_drop((TableVersion *) snapshot->tables[index]);
    snapshot->table_count--;
    for (int32_t i = index; i < snapshot->table_count; i++)
        snapshot->tables[i] = snapshot->tables[i + 1];
}

void snapshot_replace_table(SnapshotVersion *version, int32_t index, TableVersion *table)
{
    ASSERT(index >= 0 && index < version->snapshot.table_count);
    table_drop((TableVersion *) version->snapshot.tables[index]);
    version->snapshot.tables[index] = &table->table;
}

static Datum datum_copy(Arena *arena, SqlType type, Datum value)
{
    if (!value.null && type_rep(type) == REP_STR && value.str.len > 0)
        value.str.data = arena_memdup(arena, value.str.data, (size_t) value.str.len);
    return value;
}

ColumnStats stats_copy(Arena *arena, SqlType type, const ColumnStats *stats)
{
    ColumnStats copy = *stats;
    if (stats->has_range)
    {
        copy.min = datum_copy(arena, type, stats->min);
        copy.max = datum_copy(arena, type, stats->max);
    }
    if (stats->hll != NULL)
        copy.hll = arena_memdup(arena, stats->hll, (size_t) stats->hll_bytes);
    return copy;
}

static ViewSource source_copy(Arena *arena, const ViewSource *source)
{
    ViewSource copy = *source;
    copy.schema = arena_strdup(arena, source->schema);
    copy.name = arena_strdup(arena, source->name);
    copy.column_ids = ARENA_ARRAY(arena, int32_t, source->column_count);
    copy.column_names = ARENA_ARRAY(arena, char *, source->column_count);
    for (int32_t i = 0; i < source->column_count; i++)
    {
        copy.column_ids[i] = source->column_ids[i];
        copy.column_names[i] = arena_strdup(arena, source->column_names[i]);
    }
    return copy;
}

TableVersion *table_copy(const CatalogTable *table, int32_t more_segments)
{
    Arena *arena = arena_new("catalog table");
    TableVersion *version = ARENA_NEW(arena, TableVersion);
    version->arena = arena;
    version->references = 1;
    CatalogTable *copy = &version->table;
    *copy = *table;
    copy->schema = arena_strdup(arena, table->schema);
    copy->name = arena_strdup(arena, table->name);
    copy->owner = arena_strdup(arena, table->owner == NULL ? "" : table->owner);
    copy->columns = ARENA_ARRAY(arena, CatalogColumn, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
    {
        const CatalogColumn *from = &table->columns[i];
        CatalogColumn *column = &copy->columns[i];
        *column = *from;
        column->name = arena_strdup(arena, from->name);
        column->default_sql = strdup_or_null(arena, from->default_sql);
        column->encoding = strdup_or_null(arena, from->encoding);
        if (from->missing != NULL)
        {
            column->missing = ARENA_NEW(arena, Datum);
            *column->missing = datum_copy(arena, from->type, *from->missing);
        }
        column->stats = stats_copy(arena, from->type, &from->stats);
    }
    copy->sort_columns = ARENA_ARRAY(arena, int32_t, table->sort_count);
    if (table->sort_count > 0)
        memcpy(copy->sort_columns, table->sort_columns, sizeof(int32_t) * (size_t) table->sort_count);
    copy->view_sql = strdup_or_null(arena, table->view_sql);
    copy->view_path = strdup_or_null(arena, table->view_path);
    copy->depends = table->depend_count == 0
                        ? NULL
                        : arena_memdup(arena, table->depends, sizeof(int64_t) * (size_t) table->depend_count);
    copy->sources = ARENA_ARRAY(arena, ViewSource, table->source_count);
    for (int32_t i = 0; i < table->source_count; i++)
        copy->sources[i] = source_copy(arena, &table->sources[i]);
    copy->grants = table->grant_count == 0
                       ? NULL
                       : arena_memdup(arena, table->grants, sizeof(CatalogGrant) * (size_t) table->grant_count);
    copy->keys = keys_copy(arena, table->keys, table->key_count);
    copy->comments = ARENA_ARRAY(arena, CatalogComment, table->comment_count);
    for (int32_t i = 0; i < table->comment_count; i++)
    {
        copy->comments[i] = table->comments[i];
        copy->comments[i].text = arena_strdup(arena, table->comments[i].text);
    }
    copy->segments = ARENA_ARRAY(arena, CatalogSegment, table->segment_count + more_segments);
    for (int32_t i = 0; i < table->segment_count; i++)
    {
        copy->segments[i] = table->segments[i];
        copy->segments[i].file = arena_strdup(arena, table->segments[i].file);
        if (table->segments[i].deleted != NULL)
            arena_own(arena, deleted_drop, deleted_hold(table->segments[i].deleted));
    }
    return version;
}

/* Of a column that is older than no row of the table. */
static ColumnStats stats_missing(Arena *arena, const CatalogColumn *column, int64_t rows)
{
    if (column->missing == NULL || rows == 0)
        return (ColumnStats){.null_count = rows};
    Datum value = datum_copy(arena, column->type, *column->missing);
    return (ColumnStats){.distinct = 1,
                         .has_range = true,
                         .min = value,
                         .max = value,
                         .average_width = type_rep(column->type) == REP_STR ? (double) value.str.len : 0};
}

/* Is what the comment is on there? */
static bool has_part(const CatalogTable *table, const CatalogComment *comment)
{
    for (int32_t i = 0; comment->part == 'k' && i < table->key_count; i++)
        if (table->keys[i].id == comment->id)
            return true;
    return comment->part == 't' || (comment->part == 'c' && catalog_find_column_id(table, (int32_t) comment->id) >= 0);
}

static void table_drop_comments(CatalogTable *table)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < table->comment_count; i++)
        if (has_part(table, &table->comments[i]))
            table->comments[kept++] = table->comments[i];
    table->comment_count = kept;
}

bool table_set_comment(TableVersion *version, const CatalogComment *comment)
{
    CatalogTable *table = &version->table;
    CatalogComment *comments = ARENA_ARRAY(version->arena, CatalogComment, table->comment_count + 1);
    int32_t kept = 0;
    if (!has_part(table, comment))
        return false;
    for (int32_t i = 0; i < table->comment_count; i++)
        if (table->comments[i].part != comment->part || table->comments[i].id != comment->id)
            comments[kept++] = table->comments[i];
    if (comment->text != NULL)
        comments[kept++] = (CatalogComment){comment->part, comment->id, arena_strdup(version->arena, comment->text)};
    table->comments = comments;
    table->comment_count = kept;
    return true;
}

TableVersion *table_defined(const CatalogTable *table, const CatalogTable *defined)
{
    CatalogTable merged = *defined;
    merged.definition = table->definition + 1;
    merged.segment_count = table->segment_count;
    merged.segments = table->segments;
    merged.row_count = table->row_count;
    merged.bytes = table->bytes;
    merged.grant_count = table->grant_count;
    merged.grants = table->grants;
    merged.comment_count = table->comment_count;
    merged.comments = table->comments;
    merged.identity.next = table->identity.next;
    TableVersion *version = table_copy(&merged, 0);
    table_drop_comments(&version->table);
    for (int32_t i = 0; i < merged.column_count; i++)
    {
        CatalogColumn *column = &version->table.columns[i];
        int32_t was = catalog_find_column_id(table, column->id);
        column->stats = was < 0 ? stats_missing(version->arena, column, table->row_count)
                                : stats_copy(version->arena, column->type, &table->columns[was].stats);
    }
    return version;
}

void table_drop(TableVersion *version)
{
    if (atomic_fetch_sub(&version->references, 1) == 1)
        arena_free(version->arena);
}

void table_change_grants(TableVersion *version, const GrantChange *change)
{
    CatalogTable *table = &version->table;
    CatalogGrant *grants = ARENA_ARRAY(version->arena, CatalogGrant, table->grant_count + 1);
    int32_t kept = 0;
    bool there = false;
    for (int32_t i = 0; i < table->grant_count; i++)
    {
        CatalogGrant grant = table->grants[i];
        bool same = grant.grantee == change->grantee && grant.grantor == change->grantor;
        there = there || same;
        if (same)
        {
            grant.privileges = change->revoke ? grant.privileges & ~change->privileges : grant.privileges | change->privileges;
            grant.options = change->revoke ? grant.options & ~change->options : grant.options | change->options;
        }
        if (grant.privileges != 0)
            grants[kept++] = grant;
    }
    if (!there && !change->revoke)
        grants[kept++] = (CatalogGrant){.grantee = change->grantee, .grantor = change->grantor,
                                        .privileges = change->privileges, .options = change->options};
    table->grants = grants;
    table->grant_count = kept;
}

void table_clear(TableVersion *version)
{
    CatalogTable *table = &version->table;
    table->segment_count = 0;
    table->row_count = 0;
    table->bytes = 0;
    for (int32_t i = 0; i < table->column_count; i++)
        table->columns[i].stats = (ColumnStats){0};
}

/* into: the statistics of `into_rows` rows; from: of `from_rows` more. */
static void stats_merge(Arena *arena, SqlType type, ColumnStats *into, int64_t into_rows, const ColumnStats *from,
                        int64_t from_rows)
{
    double into_values = (double) (into_rows - into->null_count);
    double from_values = (double) (from_rows - from->null_count);
    if (into_values + from_values > 0)
        into->average_width = (into->average_width * into_values + from->average_width * from_values) /
                              (into_values + from_values);
    if (from->has_range)
    {
        if (!into->has_range || value_compare(type, &from->min, &into->min) < 0)
            into->min = datum_copy(arena, type, from->min);
        if (!into->has_range || value_compare(type, &from->max, &into->max) > 0)
            into->max = datum_copy(arena, type, from->max);
        into->has_range = true;
    }
    into->null_count += from->null_count;
    if (from->hll == NULL)
    {
        if (from->distinct > into->distinct)
            into->distinct = from->distinct;
        return;
    }
    ASSERT(from->hll_bytes == (int32_t) sizeof(Hll));
    if (into->hll == NULL)
        into->hll = arena_zalloc(arena, sizeof(Hll));
    into->hll_bytes = (int32_t) sizeof(Hll);
    hll_merge((Hll *) into->hll, (const Hll *) from->hll);
    into->distinct = into_values + from_values > 0 ? hll_estimate((Hll *) into->hll) : 0;
    if (into->distinct > into_values + from_values)
        into->distinct = into_values + from_values;
    if (into->distinct < 1 && into_values + from_values > 0)
        into->distinct = 1;
}

static int64_t live_rows(const CatalogSegment *segment)
{
    return segment->rows - (segment->deleted == NULL ? 0 : segment->deleted->count);
}

void table_add_segment(TableVersion *version, const SegmentRecord *record)
{
    CatalogTable *table = &version->table;
    CatalogSegment *segment = &table->segments[table->segment_count++];
    *segment = record->segment;
    segment->file = arena_strdup(version->arena, record->segment.file);
    for (int32_t i = 0; i < table->column_count && record->columns != NULL; i++)
        stats_merge(version->arena, table->columns[i].type, &table->columns[i].stats, table->row_count,
                    &record->columns[i], segment->rows);
    if (segment->deleted != NULL)
        arena_own(version->arena, deleted_drop, deleted_hold(segment->deleted));
    table->row_count += live_rows(segment);
    table->bytes += segment->bytes;
}

/* --- deleted rows ----------------------------------------------------------- */
int32_t table_find_segment(const CatalogTable *table, int64_t segment_id, int32_t from)
{
    for (int32_t i = 0; i < table->segment_count; i++)
    {
        int32_t at = from + i < table->segment_count ? from + i : from + i - table->segment_count;
        if (table->segments[at].id == segment_id)
            return at;
    }
    return -1;
}

void table_set_deleted(TableVersion *version, int32_t segment, DeletedRows *deleted)
{
    CatalogTable *table = &version->table;
    CatalogSegment *changed = &table->segments[segment];
    arena_own(version->arena, deleted_drop, deleted);
    table->row_count -= deleted->count - (changed->deleted == NULL ? 0 : changed->deleted->count);
    changed->deleted = deleted;
    ASSERT(table->row_count >= 0 && deleted->count <= changed->rows);
}

void table_remove_segments(TableVersion *version, const bool *marked)
{
    CatalogTable *table = &version->table;
    int32_t kept = 0;
    for (int32_t i = 0; i < table->segment_count; i++)
    {
        const CatalogSegment *segment = &table->segments[i];
        if (!marked[i])
        {
            table->segments[kept++] = *segment;
            continue;
        }
        table->bytes -= segment->bytes;
        table->row_count -= live_rows(segment);
    }
    table->segment_count = kept;
    if (table->row_count == 0)
        table_clear(version);
}

void table_drop_empty(TableVersion *version)
{
    CatalogTable *table = &version->table;
    bool *empty = ARENA_ARRAY(version->arena, bool, table->segment_count);
    for (int32_t i = 0; i < table->segment_count; i++)
        empty[i] = live_rows(&table->segments[i]) == 0;
    table_remove_segments(version, empty);
    for (int32_t i = 0; i < table->column_count; i++)
        if (table->columns[i].stats.null_count > table->row_count)
            table->columns[i].stats.null_count = table->row_count;
}
