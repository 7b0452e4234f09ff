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

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

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

/* --- one change on one version -------------------------------------------- */
static Error *apply_create_schema(SnapshotVersion *version, const Change *change)
{
    if (catalog_has_schema(&version->snapshot, change->schema))
        return error_new(SQLSTATE_DUPLICATE_SCHEMA, "schema \"%s\" already exists", change->schema);
    snapshot_add_schema(version, change->schema);
    return NULL;
}

/* Every foreign key refers to a primary or unique key that is there. */
static Error *check_references(const SnapshotVersion *version)
{
    for (int32_t i = 0; i < version->snapshot.table_count; i++)
        for (int32_t k = 0; k < version->snapshot.tables[i]->key_count; k++)
        {
            const CatalogKey *key = &version->snapshot.tables[i]->keys[k];
            int32_t at = key_is_unique(key) ? -1 : snapshot_find(version, key->refers_to);
            if (!key_is_unique(key) &&
                (at < 0 || key_with(version->snapshot.tables[at], key->refers_columns, key->column_count) == NULL))
                return error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST, "constraint %s on table %s refers to what is dropped",
                                 key->name, version->snapshot.tables[i]->name);
        }
    return NULL;
}

static Error *apply_drop_schema(SnapshotVersion *version, const Change *change)
{
    const char *name = change->schema;
    if (!catalog_has_schema(&version->snapshot, name))
        return error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", name);
    if (strcmp(name, "public") == 0 || strcmp(name, "pg_catalog") == 0)
        return error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "schema \"%s\" cannot be dropped", name);
    for (int32_t i = version->snapshot.table_count - 1; i >= 0; i--)
    {
        if (strcmp(version->snapshot.tables[i]->schema, name) != 0)
            continue;
        if (!change->cascade)
            return error_hint(error_detail(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST,
                                                     "cannot drop schema %s because other objects depend on it", name),
                                           "Table \"%s\" is in it.", version->snapshot.tables[i]->name),
                              "Use DROP ... CASCADE to drop the dependent objects too.");
        snapshot_remove_table(version, i);
    }
    snapshot_remove_schema(version, name);
    return check_references(version);
}

static Error *apply_comment_schema(SnapshotVersion *version, const Change *change)
{
    if (change->schema != NULL && !catalog_has_schema(&version->snapshot, change->schema))
        return error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", change->schema);
    snapshot_set_comment(version, change->schema, change->comment.text);
    return NULL;
}

static bool is_owner(const CatalogTable *table, const CatalogPrincipal *principal)
{
    return principal->kind == PRINCIPAL_USER && strcmp(table->owner, principal->name) == 0;
}

static bool has_grants(const CatalogTable *table, int64_t id)
{
    for (int32_t i = 0; i < table->grant_count; i++)
        if (table->grants[i].grantee == id || table->grants[i].grantor == id)
            return true;
    return false;
}

static void tables_change_owner(SnapshotVersion *version, const CatalogPrincipal *old, const char *name)
{
    for (int32_t i = 0; i < version->snapshot.table_count; i++)
    {
        if (!is_owner(version->snapshot.tables[i], old))
            continue;
        TableVersion *table = table_copy(version->snapshot.tables[i], 0);
        table->table.owner = arena_strdup(table->arena, name);
        snapshot_replace_table(version, i, table);
    }
}

/* What is made with a user, group or role in mind is not made when somebody has dropped it since. */
static Error *check_there(const PrincipalList *list, int64_t id)
{
    return principal_find_id(list, id) != NULL
               ? NULL
               : error_new(SQLSTATE_SERIALIZATION_FAILURE, "a user, group or role was dropped");
}

static Error *apply_put_principal(SnapshotVersion *version, const Change *change)
{
    const PrincipalList *list = version->snapshot.principals;
    const CatalogPrincipal *principal = &change->principal, *old = principal_find_id(list, principal->id);
    const CatalogPrincipal *same = principal_find(list, principal->kind, principal->name);
    const char *kind = principal_kind_name(principal->kind);
    if ((old == NULL ? 0 : old->version) != principal->version - 1)
        return error_new(SQLSTATE_SERIALIZATION_FAILURE, "%s \"%s\" was changed or dropped", kind, principal->name);
    if (same != NULL && same != old)
        return error_new(SQLSTATE_DUPLICATE_OBJECT, "%s \"%s\" already exists", kind, principal->name);
    for (int32_t i = 0; i < principal->parent_count; i++)
    {
        TRY(check_there(list, principal->parents[i]));
        if (principal_is_member(list, principal->parents[i], principal->id))
            return error_new(SQLSTATE_SERIALIZATION_FAILURE, "%s \"%s\" would be a member of itself", kind, principal->name);
    }
    if (old != NULL && strcmp(old->name, principal->name) != 0)
        tables_change_owner(version, old, principal->name);
    snapshot_put_principal(version, principal);
    return NULL;
}

static Error *apply_drop_principal(SnapshotVersion *version, const Change *change)
{
    const CatalogPrincipal *principal = principal_find_id(version->snapshot.principals, change->principal.id);
    if (principal == NULL)
        return error_new(SQLSTATE_UNDEFINED_OBJECT, "the user, group or role does not exist");
    for (int32_t i = 0; i < version->snapshot.table_count; i++)
        if (is_owner(version->snapshot.tables[i], principal))
            return error_detail(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST,
                                          "user \"%s\" cannot be dropped because some objects depend on it", principal->name),
                                "Owner of \"%s.%s\".", version->snapshot.tables[i]->schema, version->snapshot.tables[i]->name);
    for (int32_t i = 0; i < version->snapshot.table_count; i++)
        if (has_grants(version->snapshot.tables[i], principal->id))
            return error_detail(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST,
                                          "%s \"%s\" cannot be dropped because some objects depend on it",
                                          principal_kind_name(principal->kind), principal->name),
                                "Privileges of \"%s.%s\".", version->snapshot.tables[i]->schema, version->snapshot.tables[i]->name);
    snapshot_remove_principal(version, principal->id);
    return NULL;
}

/* Relations and the keys that PostgreSQL has an index for share their names.  `except`: the table these were of; NULL. */
static Error *check_name(const SnapshotVersion *version, const char *schema, const char *name, const CatalogTable *except)
{
    const CatalogTable *table = catalog_find_table(&version->snapshot, schema, name), *of = NULL;
    bool index = catalog_find_index(&version->snapshot, schema, name, &of) != NULL;
    if ((table != NULL && table != except) || (index && of != except))
        return error_new(SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
    return NULL;
}

static Error *check_names(const SnapshotVersion *version, const CatalogTable *table, const CatalogTable *except)
{
    TRY(check_name(version, table->schema, table->name, except));
    for (int32_t i = 0; i < table->key_count; i++)
        if (key_is_unique(&table->keys[i]))
            TRY(check_name(version, table->schema, table->keys[i].name, except));
    return NULL;
}

static Error *check_owner(const SnapshotVersion *version, const CatalogTable *table)
{
    return principal_find(version->snapshot.principals, PRINCIPAL_USER, table->owner) != NULL
               ? NULL
               : error_new(SQLSTATE_UNDEFINED_OBJECT, "user \"%s\" does not exist", table->owner);
}

static Error *apply_create_table(SnapshotVersion *version, const Change *change)
{
    const CatalogTable *table = &change->table->table;
    if (!catalog_has_schema(&version->snapshot, table->schema))
        return error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", table->schema);
    if (strcmp(table->schema, "pg_catalog") == 0)
        return error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "schema \"pg_catalog\" is the system's own");
    TRY(check_names(version, table, NULL));
    TRY(check_owner(version, table));
    snapshot_add_table(version, table_copy(table, 0));
    return check_references(version);
}

static Error *altered(const CatalogTable *table)
{
    return error_new(SQLSTATE_SERIALIZATION_FAILURE, "table \"%s\" was altered", table->name);
}

static void change_date(CatalogTable *table, ChangeKind kind, int64_t version)
{
    if (kind != CHANGE_MERGE_SEGMENTS)
        table->changed = version;
    if (kind != CHANGE_ADD_SEGMENTS && kind != CHANGE_TAKE_NUMBERS && kind != CHANGE_GRANTS && kind != CHANGE_COMMENT)
        table->taken = version;
}

static Error *apply_alter_table(SnapshotVersion *version, const Change *change, int32_t at)
{
    const CatalogTable *old = version->snapshot.tables[at], *new = &change->table->table;
    if (!catalog_has_schema(&version->snapshot, new->schema))
        return error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", new->schema);
    TRY(check_names(version, new, old));
    TRY(check_owner(version, new));
    TableVersion *table = table_defined(old, new);
    change_date(&table->table, change->kind, version->snapshot.version);
    snapshot_replace_table(version, at, table);
    return check_references(version);
}

static Error *rows_lost(const TableVersion *table)
{
    return error_new(SQLSTATE_SERIALIZATION_FAILURE, "rows of table \"%s\" were updated or deleted", table->table.name);
}

static Error *apply_deletes(TableVersion *table, const Change *change)
{
    int32_t at = -1;
    for (int32_t i = 0; i < change->loss_count; i++)
    {
        const SegmentLoss *loss = &change->losses[i];
        DeletedRows *deleted = NULL;
        at = table_find_segment(&table->table, loss->segment_id, at + 1);
        if (at >= 0)
            TRY(deleted_join(table->table.segments[at].deleted, loss->rows, &deleted));
        if (deleted == NULL)
            return rows_lost(table);
        table_set_deleted(table, at, deleted);
    }
    table_drop_empty(table);
    return NULL;
}

/* Statistics of the files are of use only where no other rows are left: they would count the same rows again. */
static Error *apply_merge(TableVersion *table, const Change *change)
{
    int32_t at = -1;
    int64_t before = table->table.row_count;
    bool *merged = ARENA_ARRAY(table->arena, bool, table->table.segment_count);
    for (int32_t i = 0; i < change->loss_count; i++)
    {
        at = table_find_segment(&table->table, change->losses[i].segment_id, at + 1);
        if (at < 0 || table->table.segments[at].deleted != change->losses[i].rows)
            return rows_lost(table);
        merged[at] = true;
    }
    table_remove_segments(table, merged);
    bool all = table->table.segment_count == 0;
    for (int32_t i = 0; i < change->record_count; i++)
    {
        SegmentRecord record = change->records[i];
        record.columns = all ? record.columns : NULL;
        table_add_segment(table, &record);
    }
    if (table->table.row_count != before)
        return error_new(SQLSTATE_INTERNAL_ERROR, "merging segments of table \"%s\" gave %lld rows where there were %lld",
                         table->table.name, (long long) table->table.row_count, (long long) before);
    return NULL;
}

static Error *rows_change(TableVersion *table, const Change *change)
{
    if (change->kind == CHANGE_MERGE_SEGMENTS)
        return apply_merge(table, change);
    if (change->kind == CHANGE_TRUNCATE_TABLE)
        table_clear(table);
    for (int32_t i = 0; i < change->record_count; i++)
        table_add_segment(table, &change->records[i]);
    return apply_deletes(table, change);
}

/* Was it made of columns as they were? */
static bool is_of_definition(ChangeKind kind)
{
    return kind == CHANGE_ALTER_TABLE || kind == CHANGE_ADD_SEGMENTS || kind == CHANGE_DELETE_ROWS || kind == CHANGE_MERGE_SEGMENTS;
}

static Error *apply_to_table(SnapshotVersion *version, const Change *change)
{
    int32_t at = snapshot_find(version, change->table_id);
    if (at < 0)
        return error_new(SQLSTATE_UNDEFINED_TABLE, "table with id %lld does not exist", (long long) change->table_id);
    if (change->kind == CHANGE_DROP_TABLE)
    {
        snapshot_remove_table(version, at);
        return check_references(version);
    }
    const CatalogTable *was = version->snapshot.tables[at];
    if (is_of_definition(change->kind) && change->definition != was->definition)
        return altered(was);
    if (change->kind == CHANGE_ALTER_TABLE)
        return apply_alter_table(version, change, at);
    if (change->kind == CHANGE_GRANTS && !change->grant.revoke)
    {
        TRY(check_there(version->snapshot.principals, change->grant.grantor));
        if (change->grant.grantee != PUBLIC_ID)
            TRY(check_there(version->snapshot.principals, change->grant.grantee));
    }
    TableVersion *table = table_copy(was, change->record_count);
    if (change->kind == CHANGE_GRANTS)
        table_change_grants(table, &change->grant);
    if (change->kind == CHANGE_TAKE_NUMBERS && change->numbers_end > table->table.identity.next)
        table->table.identity.next = change->numbers_end;
    change_date(&table->table, change->kind, version->snapshot.version);
    Error *error = change->kind == CHANGE_COMMENT && !table_set_comment(table, &change->comment)
                       ? error_new(SQLSTATE_UNDEFINED_OBJECT, "a column or constraint of table \"%s\" was dropped", was->name)
                       : rows_change(table, change);
    if (error != NULL)
        table_drop(table);
    else
        snapshot_replace_table(version, at, table);
    return error;
}

static Error *change_apply(SnapshotVersion *version, const Change *change)
{
    switch (change->kind)
    {
    case CHANGE_CREATE_SCHEMA:
        return apply_create_schema(version, change);
    case CHANGE_DROP_SCHEMA:
        return apply_drop_schema(version, change);
    case CHANGE_PUT_PRINCIPAL:
        return apply_put_principal(version, change);
    case CHANGE_DROP_PRINCIPAL:
        return apply_drop_principal(version, change);
    case CHANGE_CREATE_TABLE:
        return apply_create_table(version, change);
    case CHANGE_COMMENT_SCHEMA:
        return apply_comment_schema(version, change);
    case CHANGE_COMMENT:
    case CHANGE_GRANTS:
    case CHANGE_ALTER_TABLE:
    case CHANGE_DROP_TABLE:
    case CHANGE_TRUNCATE_TABLE:
    case CHANGE_ADD_SEGMENTS:
    case CHANGE_DELETE_ROWS:
    case CHANGE_MERGE_SEGMENTS:
    case CHANGE_TAKE_NUMBERS:
        return apply_to_table(version, change);
    }
    ASSERT(!"a kind of change");
    return NULL;
}

void txn_see(CatalogTxn *txn, SnapshotVersion *next)
{
    snapshot_drop(txn->previous);
    txn->previous = txn->own;
    txn->own = next;
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

/* --- the end ---------------------------------------------------------------- */
static void txn_free(CatalogTxn *txn)
{
    txn_goes_no_more(txn);
    snapshot_drop(txn->previous);
    snapshot_drop(txn->own);
    catalog_release(txn->catalog, txn->base);
    arena_free(txn->arena);
}

/* died: the version from which on its files may go. */
static void txn_bury_records(CatalogTxn *txn, int64_t died)
{
    for (Change *change = txn->changes; change != NULL; change = change->next)
        if (change->record_count > 0)
            catalog_bury_records(txn->catalog, change, died);
}

void catalog_rollback(CatalogTxn *txn)
{
    if (txn == NULL)
        return;
    txn_bury_records(txn, 0);
    txn_free(txn);
}

/* Files that stood in `old` and not in `new`: segments merged, or without a row left. */
static void bury_emptied(Catalog *catalog, const SnapshotVersion *old, const SnapshotVersion *new, const Change *change)
{
    int32_t before = snapshot_find(old, change->table_id), after = snapshot_find(new, change->table_id);
    if (before < 0 || after < 0)
        return;
    const CatalogTable *had = old->snapshot.tables[before], *has = new->snapshot.tables[after];
    int32_t at_old = -1, at_new = -1;
    for (int32_t i = 0; i < change->loss_count; i++)
    {
        at_old = table_find_segment(had, change->losses[i].segment_id, at_old + 1);
        at_new = table_find_segment(has, change->losses[i].segment_id, at_new + 1);
        if (at_old >= 0 && at_new < 0)
            catalog_bury_segment(catalog, had->id, &had->segments[at_old], new->snapshot.version);
    }
}

/* Files that stood in `old` and not in `new`: those of dropped and truncated tables. */
static void bury_difference(Catalog *catalog, const SnapshotVersion *old, const SnapshotVersion *new,
                            const Change *changes)
{
    for (int32_t i = 0; i < old->snapshot.table_count; i++)
    {
        const CatalogTable *table = old->snapshot.tables[i];
        bool gone = snapshot_find(new, table->id) < 0;
        for (const Change *change = changes; change != NULL && !gone; change = change->next)
            gone = change->kind == CHANGE_TRUNCATE_TABLE && change->table_id == table->id;
        if (gone)
            catalog_bury_table(catalog, table, new->snapshot.version);
        else
            for (const Change *change = changes; change != NULL; change = change->next)
                if (change->table_id == table->id)
                    bury_emptied(catalog, old, new, change);
    }
}

/* Files this transaction added and dropped again before anybody saw them. */
static void bury_unborn(Catalog *catalog, const SnapshotVersion *new, const Change *changes)
{
    for (const Change *change = changes; change != NULL; change = change->next)
    {
        int32_t table = snapshot_find(new, change->table_id), at = -1;
        for (int32_t i = 0; i < change->record_count; i++)
        {
            const CatalogSegment *segment = &change->records[i].segment;
            if (table >= 0)
                at = table_find_segment(new->snapshot.tables[table], segment->id, at + 1);
            if (at < 0)
                catalog_bury_segment(catalog, change->table_id, segment, 0);
        }
    }
}

static Error *conflict(Error *reason)
{
    if (reason->state == SQLSTATE_DUPLICATE_TABLE || reason->state == SQLSTATE_DUPLICATE_SCHEMA ||
        reason->state == SQLSTATE_DUPLICATE_OBJECT)
        return reason; /* a plain answer, whoever was first */
    Error *error = error_hint(error_detail(error_new(SQLSTATE_SERIALIZATION_FAILURE,
                                                     "could not commit because of a concurrent change"),
                                           "The other transaction was first: %s.", reason->message),
                              "Run the transaction again.");
    error_free(reason);
    return error;
}

/* Under store_lock. *next: one reference. */
static Error *changes_replay(CatalogTxn *txn, SnapshotVersion **next)
{
    SnapshotVersion *version = snapshot_fork(txn->catalog->current);
    version->snapshot.version++;
    for (Change *change = txn->changes; change != NULL; change = change->next)
    {
        bool held = change->yields && catalog_merge_is_held_back(txn, change->table_id);
        Error *error = held ? error_new(SQLSTATE_SERIALIZATION_FAILURE, "an older transaction may still change the table")
                            : change_apply(version, change);
        if (error != NULL)
        {
            snapshot_drop(version);
            return conflict(error);
        }
    }
    *next = version;
    return NULL;
}

/* *in_doubt: the version that it would have been.  What could not be synced may be there after a crash all the same, until
 * another commit is written in its place. */
static Error *commit_locked(CatalogTxn *txn, int64_t *in_doubt)
{
    Catalog *catalog = txn->catalog;
    SnapshotVersion *next = NULL;
    TRY(changes_replay(txn, &next));
    Error *error = store_commit(catalog->store, txn->changes, next, catalog->epoch);
    if (error != NULL)
    {
        *in_doubt = next->snapshot.version;
        snapshot_drop(next);
        return error;
    }
    bury_difference(catalog, catalog->current, next, txn->changes);
    bury_unborn(catalog, next, txn->changes);
    catalog_publish(catalog, next, txn);
    return NULL;
}

Error *catalog_commit(CatalogTxn *txn)
{
    Error *error = NULL;
    int64_t in_doubt = 0;
    if (txn->changes != NULL)
    {
        pthread_mutex_lock(&txn->catalog->store_lock);
        error = commit_locked(txn, &in_doubt);
        pthread_mutex_unlock(&txn->catalog->store_lock);
    }
    if (error != NULL)
        txn_bury_records(txn, in_doubt);
    txn_free(txn);
    return error;
}
