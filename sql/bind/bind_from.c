/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROM.  Each item makes a BoundFrom and a Namespace; a join concatenates its
 * sides' namespaces, and so the names are in the order SELECT * gives them.
 *
 *     from a join b using (k), (select ...) c      a.k a.x  (b.k hidden) b.y  c.z
 */
#include "base/core/assert.h"
#include "sql/bind/make_node.h"

#include <string.h>

FromAlias from_read_alias(const Binder *binder, const PgQuery__Alias *alias, int32_t position)
{
    if (alias == NULL)
        return (FromAlias){NULL, position, 0, NULL};
    return (FromAlias){name_fold(binder, alias->aliasname), position, alias->n_colnames, alias->colnames};
}

void namespace_add(Binder *binder, Scope *scope, Namespace *names, NameEntry entry)
{
    ARRAY_ADD(binder->arena, names->entries, names->count, names->capacity, entry);
    while (entry.column >= binder->owner_capacity)
    {
        int32_t capacity = binder->owner_capacity == 0 ? 64 : binder->owner_capacity * 2;
        Scope **owners = ARENA_ARRAY(binder->arena, Scope *, capacity);
        if (binder->owner_capacity > 0)
            memcpy(owners, binder->owners, sizeof *owners * (size_t) binder->owner_capacity);
        binder->owners = owners;
        binder->owner_capacity = capacity;
    }
    binder->owners[entry.column] = scope;
}

void namespace_append(Binder *binder, Namespace *names, const Namespace *more)
{
    for (int32_t i = 0; i < more->count; i++)
        ARRAY_ADD(binder->arena, names->entries, names->count, names->capacity, more->entries[i]);
}

const char *from_column_name(const Binder *binder, const FromAlias *alias, int32_t index, const char *own)
{
    const char *renamed = (size_t) index < alias->column_count ? node_string(alias->columns[index]) : NULL;
    return renamed == NULL ? own : name_fold(binder, renamed);
}

Error *from_check_alias(const FromAlias *alias, int32_t count)
{
    if (alias->column_count <= (size_t) count)
        return NULL;
    return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE,
                              "table \"%s\" has %d columns available but %zu columns specified", alias->name, count,
                              alias->column_count),
                    alias->position);
}

Error *bind_count_relation(Binder *binder, int32_t position)
{
    if (++binder->relation_count <= BIND_RELATIONS_MAX)
        return NULL;
    return error_at(
        error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "statement uses more than %d tables and queries", BIND_RELATIONS_MAX),
        position);
}

/* --- tables, subqueries -------------------------------------------------------------- */

static Error *from_table(Binder *binder, Scope *scope, const CatalogTable *table, const FromAlias *alias,
                         Namespace *names, BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = table_is_sysview(table) ? FROM_SYSVIEW : FROM_TABLE;
    from->address = NO_COLUMN;
    from->table = table;
    from->alias = alias->name != NULL ? alias->name : table->name;
    from->column_count = table->column_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, table->column_count);
    TRY(from_check_alias(alias, table->column_count));
    for (int32_t i = 0; i < table->column_count; i++)
    {
        const CatalogColumn *column = &table->columns[i];
        const char *name = from_column_name(binder, alias, i, column->name);
        ColumnId id = bound_add_column(binder->arena, binder->statement, name, column->type, !column->not_null);
        binder->statement->columns[id].table = table;
        binder->statement->columns[id].ordinal = i;
        from->columns[i] = id;
        namespace_add(binder, scope, names,
                      (NameEntry){.schema = alias->name != NULL ? NULL : table->schema,
                                  .alias = from->alias,
                                  .name = name,
                                  .column = id});
    }
    *out = from;
    return NULL;
}

Error *bind_from_query(Binder *binder, Scope *scope, BoundQuery *query, const FromAlias *alias, Namespace *names,
                       BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_QUERY;
    from->address = NO_COLUMN;
    from->query = query;
    from->alias = alias->name;
    from->column_count = query->visible_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, query->visible_count);
    TRY(from_check_alias(alias, query->visible_count));
    for (int32_t i = 0; i < query->visible_count; i++)
    {
        from->columns[i] = query->targets[i].column;
        namespace_add(binder, scope, names,
                      (NameEntry){.alias = alias->name,
                                  .name = from_column_name(binder, alias, i, query->target_names[i]),
                                  .column = from->columns[i]});
    }
    *out = from;
    return NULL;
}

static Error *from_range(Binder *binder, Scope *scope, const PgQuery__RangeVar *range, Namespace *names,
                         BoundFrom **out)
{
    ParseName name = bind_range_name(binder, range);
    int32_t position = name.position;
    FromAlias alias = from_read_alias(binder, range->alias, position);
    const CatalogTable *table;
    TRY(bind_count_relation(binder, position));
    Cte *cte = name.schema != NULL ? NULL : find_cte(scope, name.name);
    if (cte != NULL)
        return bind_from_cte(binder, scope, cte, &alias, position, names, out);
    TRY(bind_table(binder, name.schema, name.name, PRIVILEGE(SELECT), position, &table));
    bind_note_use(binder, table);
    if (table->view_sql != NULL)
    {
        BoundQuery *query;
        TRY(bind_view_query(binder, table, position, &query));
        if (alias.name == NULL)
            alias.name = table->name;
        return bind_from_query(binder, scope, query, &alias, names, out);
    }
    return from_table(binder, scope, table, &alias, names, out);
}

static Error *from_subselect(Binder *binder, Scope *scope, const PgQuery__RangeSubselect *range, Namespace *names,
                             BoundFrom **out)
{
    BoundQuery *query;
    FromAlias alias = from_read_alias(binder, range->alias, 0);
    if (range->subquery == NULL || range->subquery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return unsupported(0, "this kind of subquery is");
    const char *clause = scope->no_aggregates;
    TRY(bind_query(binder, scope, !range->lateral, scope->ctes, range->subquery->select_stmt, &query));
    scope->no_aggregates = clause;
    TRY(bind_from_query(binder, scope, query, &alias, names, out));
    (*out)->lateral = range->lateral && query->outer_count > 0;
    return NULL;
}

/* select call */
static Error *select_call(Binder *binder, Scope *scope, Node *call, BoundQuery **out)
{
    PgQuery__SelectStmt *select = node_select_make(binder->arena, &call, 1, NULL);
    const char *clause = scope->no_aggregates;
    TRY(bind_query(binder, scope, false, scope->ctes, select, out));
    scope->no_aggregates = clause;
    if (!(*out)->grouped && (*out)->window_count == 0)
        return NULL;
    return error_at(error_new(SQLSTATE_GROUPING_ERROR, "%s functions are not allowed in functions in FROM",
                              (*out)->grouped ? "aggregate" : "window"),
                    node_position(binder, node_location(call)));
}

/* WITH ORDINALITY: the number of the row, from 1. */
static Error *add_ordinality(Binder *binder, BoundQuery *query, int32_t position)
{
    int32_t capacity = query->target_count;
    Expr *number = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = 1});
    if (query->from != NULL)
        TRY(bind_operator(binder, "+", expr_column(binder->arena, binder->statement, query->from->columns[0]), number,
                          position, &number));
    query_add_target(binder, query, &capacity, number, "ordinality");
    query->visible_count = query->target_count;
    return NULL;
}

/* from f(x) [with ordinality]: lateral (select f(x)). */
static Error *from_function(Binder *binder, Scope *scope, const PgQuery__RangeFunction *range, Namespace *names,
                            BoundFrom **out)
{
    BoundQuery *query;
    if (range->n_functions != 1 || range->functions[0]->list->n_items == 0)
        return unsupported(0, "ROWS FROM of several functions is");
    Node *call = range->functions[0]->list->items[0];
    int32_t position = node_position(binder, node_location(call));
    FromAlias alias = from_read_alias(binder, range->alias, position);
    if (range->n_coldeflist > 0 || !node_is_missing(range->functions[0]->list->items[1]))
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR,
                                  "a column definition list is only allowed for functions returning \"record\""),
                        position);
    TRY(select_call(binder, scope, call, &query));
    if (alias.name == NULL)
        alias.name = query->target_names[0];
    query->target_names[0] = arena_strdup(binder->arena, alias.name);
    if (range->ordinality)
        TRY(add_ordinality(binder, query, position));
    TRY(bind_from_query(binder, scope, query, &alias, names, out));
    (*out)->lateral = query->outer_count > 0;
    return NULL;
}

Error *bind_from_item(Binder *binder, Scope *scope, const Node *node, Namespace *names, BoundFrom **out)
{
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_RANGE_VAR:
        return from_range(binder, scope, node->range_var, names, out);
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return from_subselect(binder, scope, node->range_subselect, names, out);
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
        if (bind_is_pivot(node->join_expr))
            return bind_pivot(binder, scope, node->join_expr, names, out);
        return bind_join(binder, scope, node->join_expr, names, out);
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        return from_function(binder, scope, node->range_function, names, out);
    default:
        return unsupported(0, "this kind of FROM item is");
    }
}

BoundFrom *bind_cross(Binder *binder, BoundFrom *left, BoundFrom *right)
{
    BoundFrom *join = ARENA_NEW(binder->arena, BoundFrom);
    join->kind = FROM_JOIN;
    join->join = JOIN_INNER;
    join->address = NO_COLUMN;
    join->left = left;
    join->right = right;
    return join;
}

Error *bind_from(Binder *binder, Scope *scope, size_t count, Node *const *items, BoundFrom **out)
{
    *out = NULL;
    for (size_t i = 0; i < count; i++)
    {
        BoundFrom *item;
        Namespace names = {0};
        TRY(bind_from_item(binder, scope, items[i], &names, &item));
        TRY(bind_check_aliases(&scope->names, &names));
        namespace_append(binder, &scope->names, &names);
        *out = *out == NULL ? item : bind_cross(binder, *out, item);
    }
    return NULL;
}
