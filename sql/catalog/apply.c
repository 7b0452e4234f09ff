/* SPDX-License-Identifier: Apache-2.0 */
/* One change on one version, the transaction's own or the newest: whether it applies, and what it makes of it. */
#include "base/core/assert.h"
#include "sql/catalog/deleted.h"
#include "sql/catalog/inside.h"

#include <string.h>

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

Error *change_apply(SnapshotVersion *version, const Change *change)
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
    case CHANGE_SLICE_COUNT:
        version->snapshot.slice_count = change->slice_count;
        return NULL;
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
