/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction is its list of changes:
 *
 *     base ──change 1──> private ──change 2──> private      what this session sees
 *     newest ──change 1──> ──change 2──> ──SQLite──> next   at commit, under store_lock
 *
 * Replaying the changes on the newest version makes inserts of two
 * transactions into one table both succeed; a change that no longer applies
 * (its table is gone, its name is taken) is a conflict.
 */
#include "base/core/assert.h"
#include "sql/catalog/deleted.h"
#include "sql/catalog/inside.h"

CatalogTxn *catalog_begin(Catalog *catalog)
{
    Arena *arena = arena_new("catalog transaction");
    CatalogTxn *txn = ARENA_NEW(arena, CatalogTxn);
    txn->catalog = catalog;
    txn->arena = arena;
    txn->base = catalog_acquire(catalog);
    txn->last = &txn->changes;
    return txn;
}

const CatalogSnapshot *catalog_txn_snapshot(CatalogTxn *txn)
{
    return txn->own != NULL ? &txn->own->snapshot : txn->base;
}

bool catalog_txn_changed(const CatalogTxn *txn)
{
    return txn->changes != NULL;
}

void txn_see(CatalogTxn *txn, SnapshotVersion *next)
{
    if (txn->own != NULL)
    {
        txn->own->next = txn->past;
        txn->past = txn->own;
    }
    txn->own = next;
}

void catalog_txn_forget_past(CatalogTxn *txn)
{
    while (txn->past != NULL)
    {
        SnapshotVersion *version = txn->past;
        txn->past = version->next;
        snapshot_drop(version);
    }
}

/* Applies the change to the transaction's own view and remembers it. */
static Error *txn_change(CatalogTxn *txn, Change *change)
{
    SnapshotVersion *next = snapshot_fork(snapshot_version(catalog_txn_snapshot(txn)));
    Error *error = change_apply(next, change);
    if (error != NULL)
    {
        snapshot_drop(next);
        return error;
    }
    txn_see(txn, next);
    *txn->last = change;
    txn->last = &change->next;
    return NULL;
}

static Change *change_new(CatalogTxn *txn, ChangeKind kind)
{
    Change *change = ARENA_NEW(txn->arena, Change);
    change->kind = kind;
    return change;
}

/* --- what a session asks for ------------------------------------------------ */
Error *catalog_create_schema(CatalogTxn *txn, const char *name)
{
    Change *change = change_new(txn, CHANGE_CREATE_SCHEMA);
    change->schema = arena_strdup(txn->arena, name);
    return txn_change(txn, change);
}

Error *catalog_drop_schema(CatalogTxn *txn, const char *name, bool cascade)
{
    Change *change = change_new(txn, CHANGE_DROP_SCHEMA);
    change->schema = arena_strdup(txn->arena, name);
    change->cascade = cascade;
    return txn_change(txn, change);
}

Error *catalog_set_slice_count(CatalogTxn *txn, int32_t slice_count)
{
    ASSERT(slice_count >= 1);
    Change *change = change_new(txn, CHANGE_SLICE_COUNT);
    change->slice_count = slice_count;
    return txn_change(txn, change);
}

Error *catalog_put_principal(CatalogTxn *txn, CatalogPrincipal *principal)
{
    const CatalogPrincipal *old = principal_find_id(catalog_txn_snapshot(txn)->principals, principal->id);
    if (principal->id == 0)
        principal->id = catalog_next_id(txn->catalog);
    principal->version = old == NULL ? 1 : old->version + 1;
    Change *change = change_new(txn, CHANGE_PUT_PRINCIPAL);
    change->principal = principal_copy(txn->arena, principal);
    return txn_change(txn, change);
}

Error *catalog_drop_principal(CatalogTxn *txn, int64_t id)
{
    Change *change = change_new(txn, CHANGE_DROP_PRINCIPAL);
    change->principal.id = id;
    return txn_change(txn, change);
}

Error *catalog_change_grants(CatalogTxn *txn, int64_t table_id, const GrantChange *grant)
{
    Change *change = change_new(txn, CHANGE_GRANTS);
    change->table_id = table_id;
    change->grant = *grant;
    return txn_change(txn, change);
}

Error *catalog_comment(CatalogTxn *txn, int64_t table_id, const CatalogComment *comment)
{
    Change *change = change_new(txn, CHANGE_COMMENT);
    change->table_id = table_id;
    change->comment = *comment;
    change->comment.text = strdup_or_null(txn->arena, comment->text);
    return txn_change(txn, change);
}

Error *catalog_comment_schema(CatalogTxn *txn, const char *schema, const char *text)
{
    Change *change = change_new(txn, CHANGE_COMMENT_SCHEMA);
    change->schema = strdup_or_null(txn->arena, schema);
    change->comment.text = strdup_or_null(txn->arena, text);
    return txn_change(txn, change);
}

static void table_release(void *table)
{
    table_drop(table);
}

static void number_keys(CatalogTxn *txn, CatalogTable *table)
{
    for (int32_t i = 0; i < table->key_count; i++)
    {
        CatalogKey *key = &table->keys[i];
        if (key->id == 0)
            key->id = catalog_next_id(txn->catalog);
        if (key->kind == KEY_FOREIGN && key->refers_to == 0)
            key->refers_to = table->id;
    }
}

Error *catalog_create_table(CatalogTxn *txn, CatalogTable *table)
{
    ASSERT(table->column_count > 0 || table->view_sql != NULL);
    ASSERT(table->dist_column < table->column_count);
    if (table->id == 0)
        table->id = catalog_next_id(txn->catalog);
    number_keys(txn, table);
    Change *change = change_new(txn, CHANGE_CREATE_TABLE);
    for (int32_t i = 0; table->next_column_id < table->column_count; i++)
        table->columns[i].id = table->next_column_id++;
    change->table_id = table->id;
    change->table = table_copy(table, 0);
    arena_own(txn->arena, table_release, change->table);
    return txn_change(txn, change);
}

/* The definition of the table as the transaction sees it; -1: there is no such table, as replay will say. */
static int64_t definition_of(CatalogTxn *txn, int64_t table_id)
{
    const CatalogTable *table = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    return table == NULL ? -1 : table->definition;
}

Error *catalog_alter_table(CatalogTxn *txn, const CatalogTable *table)
{
    ASSERT(table->id > 0 && (table->column_count > 0 || table->view_sql != NULL));
    Change *change = change_new(txn, CHANGE_ALTER_TABLE);
    change->table_id = table->id;
    change->definition = definition_of(txn, table->id);
    change->table = table_copy(table, 0);
    number_keys(txn, &change->table->table);
    arena_own(txn->arena, table_release, change->table);
    return txn_change(txn, change);
}

Error *catalog_drop_table(CatalogTxn *txn, int64_t table_id)
{
    Change *change = change_new(txn, CHANGE_DROP_TABLE);
    change->table_id = table_id;
    return txn_change(txn, change);
}

Error *catalog_drop_key(CatalogTxn *txn, int64_t table_id, int64_t key_id)
{
    const CatalogTable *table = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    ASSERT(table != NULL);
    CatalogTable without = *table;
    without.keys = keys_copy(txn->arena, table->keys, table->key_count);
    without.key_count = 0;
    for (int32_t i = 0; i < table->key_count; i++)
        if (without.keys[i].id != key_id)
            without.keys[without.key_count++] = without.keys[i];
    return catalog_alter_table(txn, &without);
}

Error *catalog_truncate_table(CatalogTxn *txn, int64_t table_id)
{
    Change *change = change_new(txn, CHANGE_TRUNCATE_TABLE);
    change->table_id = table_id;
    return txn_change(txn, change);
}

static Error *change_of_table(CatalogTxn *txn, ChangeKind kind, int64_t table_id, const CatalogTable **table, Change **change)
{
    *table = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    if (*table == NULL)
        return error_new(SQLSTATE_UNDEFINED_TABLE, "table with id %lld does not exist", (long long) table_id);
    *change = change_new(txn, kind);
    (*change)->table_id = table_id;
    (*change)->definition = (*table)->definition;
    return NULL;
}

/* Gives the records their numbers and copies them. */
static void change_take_records(CatalogTxn *txn, Change *change, const CatalogTable *table, SegmentRecord *records,
                                int32_t count)
{
    change->record_count = count;
    change->records = ARENA_ARRAY(txn->arena, SegmentRecord, count);
    for (int32_t i = 0; i < count; i++)
    {
        ASSERT(records[i].segment.rows >= 0 && records[i].segment.slice >= 0);
        records[i].segment.id = catalog_next_id(txn->catalog);
        SegmentRecord *copy = &change->records[i];
        copy->segment = records[i].segment;
        copy->segment.file = arena_strdup(txn->arena, records[i].segment.file);
        if (copy->segment.deleted != NULL)
            arena_own(txn->arena, deleted_drop, deleted_hold(copy->segment.deleted));
        if (records[i].image != NULL)
            copy->image = arena_memdup(txn->arena, records[i].image, (size_t) copy->segment.bytes);
        if (records[i].columns == NULL)
            continue;
        copy->columns = ARENA_ARRAY(txn->arena, ColumnStats, table->column_count);
        for (int32_t c = 0; c < table->column_count; c++)
            copy->columns[c] = stats_copy(txn->arena, table->columns[c].type, &records[i].columns[c]);
    }
}

Error *catalog_add_segments(CatalogTxn *txn, int64_t table_id, SegmentRecord *records, int32_t count)
{
    const CatalogTable *table;
    Change *change;
    TRY(change_of_table(txn, CHANGE_ADD_SEGMENTS, table_id, &table, &change));
    change_take_records(txn, change, table, records, count);
    return txn_change(txn, change);
}

Error *catalog_merge_segments(CatalogTxn *txn, int64_t table_id, const SegmentMerge *merge, SegmentRecord *records,
                              int32_t count)
{
    const CatalogTable *table;
    Change *change;
    int32_t at = -1;
    TRY(change_of_table(txn, CHANGE_MERGE_SEGMENTS, table_id, &table, &change));
    change_take_records(txn, change, table, records, count);
    change->yields = merge->yields;
    change->losses = ARENA_ARRAY(txn->arena, SegmentLoss, merge->count);
    for (; change->loss_count < merge->count; change->loss_count++)
    {
        at = table_find_segment(table, merge->segment_ids[change->loss_count], at + 1);
        ASSERT(at >= 0);
        const DeletedRows *deleted = table->segments[at].deleted;
        if (deleted != NULL)
            arena_own(txn->arena, deleted_drop, deleted_hold(deleted));
        change->losses[change->loss_count] = (SegmentLoss){merge->segment_ids[change->loss_count], deleted};
    }
    return txn_change(txn, change);
}

Error *catalog_delete_rows(CatalogTxn *txn, int64_t table_id, const SegmentDeletes *deletes, int32_t count)
{
    Change *change = change_new(txn, CHANGE_DELETE_ROWS);
    change->table_id = table_id;
    change->definition = definition_of(txn, table_id);
    change->losses = ARENA_ARRAY(txn->arena, SegmentLoss, count);
    for (int32_t i = 0; i < count; i++)
    {
        ASSERT(deletes[i].row_count > 0);
        DeletedRows *rows;
        TRY(deleted_make(deletes[i].rows, deletes[i].row_count, &rows));
        arena_own(txn->arena, deleted_drop, rows);
        change->losses[change->loss_count++] = (SegmentLoss){deletes[i].segment_id, rows};
    }
    return txn_change(txn, change);
}

int64_t catalog_identity_next(CatalogTxn *txn, int64_t table_id)
{
    const CatalogSnapshot *newest = catalog_acquire(txn->catalog);
    const CatalogTable *own = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    const CatalogTable *others = catalog_find_table_id(newest, table_id);
    int64_t next = own == NULL ? 0 : own->identity.next;
    if (others != NULL && others->identity.next > next)
        next = others->identity.next;
    catalog_release(txn->catalog, newest);
    return next;
}

Error *catalog_take_numbers(CatalogTxn *txn, int64_t table_id, int64_t next)
{
    Change *change = change_new(txn, CHANGE_TAKE_NUMBERS);
    change->table_id = table_id;
    change->numbers_end = next;
    return txn_change(txn, change);
}
