/* SPDX-License-Identifier: Apache-2.0 */
/* Tables by search path, columns by scope, and what was perhaps meant. */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

#define NEAR_NAME_BYTES_MAX 64

/* --- near names -------------------------------------------------------------- */

/* Edits (insert, delete, replace) from one name to the other: Wagner and Fischer, two rows. */
static int32_t edit_distance(const char *a, const char *b)
{
    int32_t rows[2][NEAR_NAME_BYTES_MAX + 1];
    int32_t width = (int32_t) strlen(b);
    for (int32_t j = 0; j <= width; j++)
        rows[0][j] = j;
    int32_t *before = rows[0];
    int32_t *now = rows[1];
    for (int32_t i = 0; a[i] != '\0'; i++)
    {
        now[0] = i + 1;
        for (int32_t j = 0; j < width; j++)
        {
            int32_t best = before[j] + (a[i] != b[j]);
            if (before[j + 1] + 1 < best)
                best = before[j + 1] + 1;
            if (now[j] + 1 < best)
                best = now[j] + 1;
            now[j + 1] = best;
        }
        int32_t *swap = before;
        before = now;
        now = swap;
    }
    return before[width];
}

/* Lowers *distance and says true if `other` is nearer than it, and near enough to be meant. */
bool name_is_near(const char *name, const char *other, int32_t *distance)
{
    size_t length = strlen(name);
    if (length >= NEAR_NAME_BYTES_MAX || strlen(other) >= NEAR_NAME_BYTES_MAX)
        return false;
    int32_t found = edit_distance(name, other);
    if (found >= *distance || found > (int32_t) length / 3 + 1 || found >= (int32_t) length)
        return false;
    *distance = found;
    return true;
}

/* --- tables -------------------------------------------------------------------- */

ParseName bind_range_name(const Binder *binder, const PgQuery__RangeVar *range)
{
    bool has_schema = range->schemaname != NULL && range->schemaname[0] != '\0';
    return (ParseName){.schema = has_schema ? name_fold(binder, range->schemaname) : NULL,
                       .name = name_fold(binder, range->relname),
                       .position = node_position(binder, range->location)};
}

static Error *no_table(const Binder *binder, const char *schema, const char *name, int32_t position)
{
    const CatalogTable *near = NULL;
    int32_t distance = NEAR_NAME_BYTES_MAX;
    for (int32_t i = 0; i < binder->snapshot->table_count; i++)
        if (table_is_temporary(binder->snapshot->tables[i]))
            continue; /* another session's, perhaps */
        else if (name_is_near(name, binder->snapshot->tables[i]->name, &distance))
            near = binder->snapshot->tables[i];
        else if (strcmp(name, binder->snapshot->tables[i]->name) == 0 && distance > 0)
        {
            near = binder->snapshot->tables[i];
            distance = 0;
        }
    Error *error = schema == NULL
                       ? error_new(SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist", name)
                       : error_new(SQLSTATE_UNDEFINED_TABLE, "relation \"%s.%s\" does not exist", schema, name);
    if (near != NULL)
        error = error_hint(error, "Perhaps you meant the table \"%s.%s\".", near->schema, near->name);
    return error_at(error, position);
}

static const CatalogTable *find_on_path(const Binder *binder, const char *name)
{
    const BindContext *context = binder->context;
    const CatalogTable *table = NULL;
    if (context->temp_schema != NULL)
        table = catalog_find_table(binder->snapshot, context->temp_schema, name);
    if (table == NULL && context->search_path_count == 0)
        return catalog_find_table(binder->snapshot, NULL, name);
    if (table == NULL)
        table = catalog_find_table(binder->snapshot, "pg_catalog", name);
    for (int32_t i = 0; table == NULL && i < context->search_path_count; i++)
        table = catalog_find_table(binder->snapshot, context->search_path[i], name);
    return table;
}

Error *bind_may_use(const CatalogSnapshot *snapshot, const BindContext *context, const CatalogTable *table, uint32_t privileges,
                    int32_t position)
{
    if (table_is_sysview(table) || privilege_held(snapshot->principals, table, context->acts_as, privileges, false))
        return NULL;
    return error_at(error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied for relation %s", table->name), position);
}

Error *bind_table(const Binder *binder, const char *schema, const char *name, uint32_t privileges, int32_t position,
                  const CatalogTable **table)
{
    if (schema != NULL && strcmp(schema, "pg_temp") == 0 && binder->context->temp_schema != NULL)
        schema = binder->context->temp_schema;
    *table = bind_view_source(binder, schema, name);
    if (*table == NULL)
        *table = schema != NULL ? catalog_find_table(binder->snapshot, schema, name) : find_on_path(binder, name);
    if (*table != NULL)
        return bind_may_use(binder->snapshot, binder->context, *table, privileges, position);
    if (schema != NULL && !catalog_has_schema(binder->snapshot, schema) && strcmp(schema, "pg_catalog") != 0)
        return error_at(error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", schema), position);
    return no_table(binder, schema, name, position);
}

static Error *name_of_kind(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                           bool if_exists, uint32_t privileges, bool view, const CatalogTable **table)
{
    Binder binder = {.snapshot = snapshot, .context = context};
    Error *error = bind_table(&binder, name->schema, name->name, privileges, name->position, table);
    if (error != NULL && if_exists && error->state != SQLSTATE_INSUFFICIENT_PRIVILEGE)
    {
        error_free(error);
        *table = NULL;
        return NULL;
    }
    TRY(error);
    bool is_view = (*table)->view_sql != NULL;
    if (table_is_sysview(*table))
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is a system view", name->name), name->position);
    if (is_view == view)
        return NULL;
    return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a %s", name->name, view ? "view" : "table"),
                    name->position);
}

Error *bind_table_name(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                       bool if_exists, uint32_t privileges, const CatalogTable **table)
{
    return name_of_kind(snapshot, context, name, if_exists, privileges, false, table);
}

Error *bind_view_name(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                      bool if_exists, uint32_t privileges, const CatalogTable **view)
{
    return name_of_kind(snapshot, context, name, if_exists, privileges, true, view);
}

Error *bind_relation_name(const CatalogSnapshot *snapshot, const BindContext *context, const ParseName *name,
                          const CatalogTable **table)
{
    Binder binder = {.snapshot = snapshot, .context = context};
    TRY(bind_table(&binder, name->schema, name->name, 0, name->position, table));
    if (table_is_sysview(*table))
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is a system view", name->name), name->position);
    return NULL;
}

/* --- columns --------------------------------------------------------------------- */

typedef struct ColumnName
{
    const char *schema; /* NULL: not said */
    const char *alias;
    const char *name;
    int32_t position;
} ColumnName;

static bool entry_has_alias(const NameEntry *entry, const ColumnName *name)
{
    return entry->alias != NULL && strcmp(entry->alias, name->alias) == 0 &&
           (name->schema == NULL || (entry->schema != NULL && strcmp(entry->schema, name->schema) == 0));
}

static bool entry_matches(const NameEntry *entry, const ColumnName *name)
{
    if (strcmp(entry->name, name->name) != 0)
        return false;
    return name->alias == NULL ? !entry->hidden : entry_has_alias(entry, name);
}

static Error *find_in_names(const Namespace *names, const ColumnName *name, const NameEntry **found)
{
    ColumnId column = NO_COLUMN;
    *found = NULL;
    for (int32_t i = 0; i < names->count; i++)
    {
        if (!entry_matches(&names->entries[i], name))
            continue;
        if (column >= 0 && column != names->entries[i].column) /* a column of USING stands there twice */
            return error_at(error_new(SQLSTATE_AMBIGUOUS_COLUMN, "column reference \"%s\" is ambiguous", name->name),
                            name->position);
        column = names->entries[i].column;
        if (*found == NULL)
            *found = &names->entries[i];
    }
    return NULL;
}

static bool has_alias(const Scope *scope, const ColumnName *name)
{
    for (; scope != NULL; scope = scope->outer)
        for (int32_t i = 0; i < scope->names.count; i++)
            if (entry_has_alias(&scope->names.entries[i], name))
                return true;
    return false;
}

static Error *no_column(const Scope *scope, const ColumnName *name)
{
    if (name->alias != NULL && !has_alias(scope, name))
        return error_at(error_new(SQLSTATE_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%s\"", name->alias),
                        name->position);
    Error *error = name->alias == NULL
                       ? error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" does not exist", name->name)
                       : error_new(SQLSTATE_UNDEFINED_COLUMN, "column %s.%s does not exist", name->alias, name->name);
    const NameEntry *near = NULL;
    int32_t distance = NEAR_NAME_BYTES_MAX;
    for (int32_t i = 0; i < scope->names.count; i++)
    {
        const NameEntry *entry = &scope->names.entries[i];
        bool same = strcmp(entry->name, name->name) == 0 && distance > 0;
        if (same || name_is_near(name->name, entry->name, &distance))
            near = entry;
        if (same)
            distance = 0;
    }
    if (near != NULL && near->alias != NULL)
        error = error_hint(error, "Perhaps you meant to reference the column \"%s.%s\".", near->alias, near->name);
    else if (near != NULL)
        error = error_hint(error, "Perhaps you meant to reference the column \"%s\".", near->name);
    return error_at(error, name->position);
}

/* The queries from `scope` up to, without, `owner` use a column of an enclosing one. */
void note_outer(Binder *binder, Scope *scope, const Scope *owner, ColumnId column)
{
    for (; scope != owner; scope = scope->outer)
    {
        BoundQuery *query = scope->query;
        bool known = false;
        for (int32_t i = 0; i < query->outer_count; i++)
            known = known || query->outer[i] == column;
        if (!known)
            ARRAY_ADD(binder->arena, query->outer, query->outer_count, scope->outer_capacity, column);
    }
}

/* An alias of the select list, for later items and other clauses (FEATURES 4.03); *out = NULL: none. */
static Error *find_alias(Binder *binder, Scope *scope, const ColumnName *name, Expr **out)
{
    *out = NULL;
    for (int32_t i = 0; name->alias == NULL && i < scope->item_count; i++)
    {
        const TargetItem *item = &scope->items[i];
        if (item->named && strcmp(item->name, name->name) == 0)
            return bind_again(binder, scope, item->node, item->expr, out);
    }
    return NULL;
}

/* The value of an entry of `owner`, as `scope` says it. */
static Expr *entry_value(Binder *binder, Scope *scope, const Scope *owner, const NameEntry *entry)
{
    if (entry->merged == NULL)
    {
        note_outer(binder, scope, owner, entry->column);
        return expr_column(binder->arena, binder->statement, entry->column);
    }
    for (int32_t i = 0; i < entry->merged->arg_count; i++)
        for (const Expr *arg = entry->merged->args[i]; arg != NULL; arg = arg->arg_count > 0 ? arg->args[0] : NULL)
            if (arg->kind == EXPR_COLUMN)
                note_outer(binder, scope, owner, arg->column);
    return arena_memdup(binder->arena, entry->merged, sizeof(Expr));
}

static Error *find_column(Binder *binder, Scope *scope, const ColumnName *name, Expr **out)
{
    bool visible = true;
    for (Scope *at = scope; at != NULL; at = at->outer)
    {
        const NameEntry *entry = NULL;
        if (visible)
            TRY(find_in_names(&at->names, name, &entry));
        if (entry != NULL)
        {
            *out = entry_value(binder, scope, at, entry);
            bind_note_read(binder, at);
            (*out)->position = name->position;
            return NULL;
        }
        visible = !at->outer_hidden;
    }
    TRY(find_alias(binder, scope, name, out));
    if (*out == NULL)
        return no_column(scope, name);
    bind_note_read(binder, bind_owner(binder, scope, *out));
    return NULL;
}

Error *bind_column_ref(Binder *binder, Scope *scope, const PgQuery__ColumnRef *ref, Expr **out)
{
    ColumnName name = {.position = node_position(binder, ref->location)};
    const char *parts[4] = {NULL, NULL, NULL, NULL}; /* from the last */
    if (ref->n_fields == 0 || ref->n_fields > 4)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "improper qualified name"), name.position);
    for (size_t i = 0; i < ref->n_fields; i++)
    {
        const char *part = node_string(ref->fields[ref->n_fields - 1 - i]);
        if (part == NULL)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "\"*\" is not allowed here"), name.position);
        parts[i] = name_fold(binder, part);
    }
    name.name = parts[0];
    name.alias = parts[1];
    name.schema = parts[2];
    Error *error = find_column(binder, scope, &name, out);
    bool value = strcmp(name.name, "sysdate") == 0 || strcmp(name.name, "current_user_id") == 0;
    if (error == NULL || ref->n_fields > 1 || error->state != SQLSTATE_UNDEFINED_COLUMN || !value)
        return error;
    error_free(error);
    FuncMatch match;
    TRY(func_resolve(name.name, NULL, 0, &match));
    return bind_leader_func(binder, &match, NULL, name.position, out);
}
