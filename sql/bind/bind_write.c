/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UPDATE and DELETE: a query that gives the addresses of the rows to take away, and the rows to put there.
 *
 *     delete from t using s where t.a = s.a            targets: t's address
 *     update t set b = s.b from s where t.a = s.a      targets: t's address, t.a, s.b, t.c
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

Error *bind_no_returning(const Binder *binder, size_t count)
{
    return count == 0 ? NULL : unsupported(binder->parse->position, "RETURNING is");
}

Error *bind_write_target(Binder *binder, const PgQuery__RangeVar *range, const char *tag, uint32_t privileges,
                         WriteTarget *target)
{
    ParseName name = bind_range_name(binder, range);
    *target = (WriteTarget){0};
    TRY(bind_table_name(binder->snapshot, binder->context, &name, false, privileges, &target->table));
    BoundWrite *write = binder->statement->write = ARENA_NEW(binder->arena, BoundWrite);
    *write = (BoundWrite){.table = target->table, .tag = tag, .address = -1, .appends = -1, .values = -1};
    return NULL;
}

Error *bind_write_from(Binder *binder, Scope *scope, const PgQuery__RangeVar *range, WriteTarget *target)
{
    const CatalogTable *table = target->table;
    bool aliased = range->alias != NULL;
    target->alias = aliased ? name_fold(binder, range->alias->aliasname) : table->name;
    for (int32_t i = 0; i < scope->names.count; i++)
        if (scope->names.entries[i].alias != NULL && strcmp(scope->names.entries[i].alias, target->alias) == 0)
            return error_at(error_new(SQLSTATE_DUPLICATE_ALIAS, "table name \"%s\" specified more than once",
                                      target->alias),
                            node_position(binder, range->location));
    TRY(bind_count_relation(binder, node_position(binder, range->location)));
    BoundFrom *from = target->from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_TABLE;
    from->table = table;
    from->alias = target->alias;
    from->column_count = table->column_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
    {
        const CatalogColumn *column = &table->columns[i];
        ColumnId id = from->columns[i] =
            bound_add_column(binder->arena, binder->statement, column->name, column->type, !column->not_null);
        binder->statement->columns[id].table = table;
        binder->statement->columns[id].ordinal = i;
        namespace_add(binder, scope, &scope->names,
                      (NameEntry){.schema = aliased ? NULL : table->schema,
                                  .alias = target->alias,
                                  .name = column->name,
                                  .column = id});
    }
    from->address =
        bound_add_column(binder->arena, binder->statement, "address", type_make(TYPE_BIGINT), false);
    return NULL;
}

/* What (select x, y ..) gives to the columns of SET (a, b). */
typedef struct SetRow
{
    int32_t count;
    Expr **values;
} SetRow;

/* --- SET ----------------------------------------------------------------------------- */

/* The expression a SET item gives: its own, or its part of SET (a, b) = (x, y). */
static Error *set_node(Binder *binder, const PgQuery__ResTarget *item, const Node **value)
{
    *value = item->val;
    if (item->val->node_case != PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF)
        return NULL;
    const PgQuery__MultiAssignRef *part = item->val->multi_assign_ref;
    if (part->source->node_case != PG_QUERY__NODE__NODE_ROW_EXPR)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "source for a multiple-column UPDATE item must be a "
                                                                  "sub-SELECT or ROW() expression"),
                        node_position(binder, node_location(part->source)));
    const PgQuery__RowExpr *row = part->source->row_expr;
    if (row->n_args != (size_t) part->ncolumns)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "number of columns does not match number of values"),
                        node_position(binder, node_location(part->source)));
    *value = row->args[part->colno - 1];
    return NULL;
}

static bool is_row_subquery(const PgQuery__ResTarget *item)
{
    return item->val->node_case == PG_QUERY__NODE__NODE_MULTI_ASSIGN_REF &&
           bind_is_row_subquery(item->val->multi_assign_ref->source);
}

/* SET (a, b) = (select x, y ..): at its first column the subquery is bound; the others take their part of it. */
static Error *set_row_value(Binder *binder, Scope *scope, const PgQuery__ResTarget *item, SetRow *row, Expr **out)
{
    const PgQuery__MultiAssignRef *part = item->val->multi_assign_ref;
    if (part->colno == 1)
        TRY(bind_row_values(binder, scope, part->source, &row->values, &row->count));
    if (row->count != part->ncolumns)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "number of columns does not match number of values"),
                        node_position(binder, node_location(part->source)));
    *out = row->values[part->colno - 1];
    return NULL;
}

static Error *set_value(Binder *binder, Scope *scope, const PgQuery__ResTarget *item, const CatalogTable *table,
                        int32_t ordinal, SetRow *row, Expr **out)
{
    const Node *node;
    if (is_row_subquery(item))
        return set_row_value(binder, scope, item, row, out);
    TRY(set_node(binder, item, &node));
    if (node->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT)
        return bind_default(binder, table, ordinal, out);
    TRY(bind_check_identity(table, ordinal, node_position(binder, item->location)));
    return bind_expr(binder, scope, node, out);
}

Error *bind_set_list(Binder *binder, Scope *scope, const CatalogTable *table, size_t count, Node *const *items,
                     Expr **values)
{
    SetRow row = {0};
    for (size_t i = 0; i < count; i++)
    {
        const PgQuery__ResTarget *item = items[i]->res_target;
        int32_t position = node_position(binder, item->location), ordinal;
        Expr *expr;
        TRY(bind_write_column(table, name_fold(binder, item->name), position, &ordinal));
        if (item->n_indirection > 0)
            return unsupported(position, "SET of a part of a column is");
        if (values[ordinal] != NULL)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "multiple assignments to same column \"%s\"",
                                      table->columns[ordinal].name),
                            position);
        TRY(set_value(binder, scope, item, table, ordinal, &row, &expr));
        TRY(bind_assign(binder, table, ordinal, expr, &values[ordinal]));
        TRY(bind_check_size(values[ordinal]));
    }
    return NULL;
}

/* --- UPDATE, DELETE --------------------------------------------------------------------- */

static Error *bind_other_tables(Binder *binder, Scope *scope, const WriteTarget *target, size_t count,
                                Node *const *items)
{
    BoundFrom *others;
    scope->query->from = target->from;
    if (count == 0)
        return NULL;
    TRY(bind_from(binder, scope, count, items, &others));
    BoundFrom *join = scope->query->from = ARENA_NEW(binder->arena, BoundFrom);
    join->kind = FROM_JOIN;
    join->join = JOIN_INNER;
    join->left = target->from;
    join->right = others;
    join->address = NO_COLUMN;
    return NULL;
}

static Error *bind_write_where(Binder *binder, Scope *scope, const Node *node)
{
    if (node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET)
        return NULL;
    if (node->node_case == PG_QUERY__NODE__NODE_CURRENT_OF_EXPR)
        return unsupported(binder->parse->position, "WHERE CURRENT OF is");
    if (bind_has_outer_mark(node))
        return unsupported(binder->parse->position, "the outer join operator (+) in UPDATE and DELETE is");
    Expr *where;
    scope->no_aggregates = "WHERE";
    TRY(bind_condition(binder, scope, node, "WHERE", &where));
    TRY(bind_check_size(where));
    scope->query->where = expr_is_true_const(where) ? NULL : where;
    return NULL;
}

static Scope *write_scope(Binder *binder)
{
    Scope *scope = ARENA_NEW(binder->arena, Scope); /* owners[] points at it */
    scope->query = binder->statement->query = ARENA_NEW(binder->arena, BoundQuery);
    return scope;
}

static void add_address(Binder *binder, Scope *scope, const WriteTarget *target, int32_t *capacity)
{
    binder->statement->write->address = 0;
    query_add_target(binder, scope->query, capacity,
                     expr_column(binder->arena, binder->statement, target->from->address), "address");
}

Error *bind_delete(Binder *binder, const PgQuery__DeleteStmt *statement)
{
    WriteTarget target;
    int32_t capacity = 0;
    Scope *scope = write_scope(binder);
    TRY(bind_no_returning(binder, statement->n_returning_list));
    TRY(bind_write_target(binder, statement->relation, "DELETE",
                          PRIVILEGE(DELETE) | (statement->where_clause != NULL || statement->n_using_clause > 0 ? PRIVILEGE(SELECT) : 0),
                          &target));
    TRY(bind_with(binder, scope, statement->with_clause));
    TRY(bind_write_from(binder, scope, statement->relation, &target));
    TRY(bind_other_tables(binder, scope, &target, statement->n_using_clause, statement->using_clause));
    TRY(bind_write_where(binder, scope, statement->where_clause));
    add_address(binder, scope, &target, &capacity);
    scope->query->visible_count = scope->query->target_count;
    return NULL;
}

static bool matches_once(const BindContext *context)
{
    const char *value =
        context->setting != NULL ? context->setting(context->session, "error_on_nondeterministic_update") : NULL;
    return value != NULL && strcmp(value, "on") == 0;
}

Error *bind_update(Binder *binder, const PgQuery__UpdateStmt *update)
{
    WriteTarget target;
    int32_t capacity = 0;
    Scope *scope = write_scope(binder);
    BoundQuery *query = scope->query;
    TRY(bind_no_returning(binder, update->n_returning_list));
    TRY(bind_write_target(binder, update->relation, "UPDATE", PRIVILEGE(UPDATE) | PRIVILEGE(SELECT), &target));
    TRY(bind_with(binder, scope, update->with_clause));
    TRY(bind_write_from(binder, scope, update->relation, &target));
    TRY(bind_other_tables(binder, scope, &target, update->n_from_clause, update->from_clause));
    Expr **values = ARENA_ARRAY(binder->arena, Expr *, target.table->column_count);
    scope->no_aggregates = "UPDATE";
    TRY(bind_set_list(binder, scope, target.table, update->n_target_list, update->target_list, values));
    TRY(bind_write_where(binder, scope, update->where_clause));
    add_address(binder, scope, &target, &capacity);
    binder->statement->write->once = matches_once(binder->context);
    binder->statement->write->values = query->target_count;
    for (int32_t i = 0; i < target.table->column_count; i++)
        query_add_target(binder, query, &capacity,
                         values[i] != NULL
                             ? values[i]
                             : expr_column(binder->arena, binder->statement, target.from->columns[i]),
                         target.table->columns[i].name);
    query->visible_count = query->target_count;
    return NULL;
}
