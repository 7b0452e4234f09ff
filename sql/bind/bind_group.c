/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grouping.  Expressions above it are bound over the columns of FROM first and
 * then said anew in terms of groups:
 *
 *     select a + 1, sum(b) from t group by a + 1      groups: a + 1 as g; aggs: sum(b) as s
 *                                                     targets: g, s
 *
 * A column of FROM that is left over is an error (42803).
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

Error *bind_position(const Binder *binder, const Scope *scope, const Node *node, const char *clause, TargetItem **item)
{
    *item = NULL;
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return NULL;
    const PgQuery__AConst *constant = node->a_const;
    int32_t position = node_position(binder, constant->location);
    if (constant->isnull || constant->val_case != PG_QUERY__A__CONST__VAL_IVAL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "non-integer constant in %s", clause), position);
    int32_t number = constant->ival->ival;
    if (number < 1 || number > scope->item_count)
        return error_at(
            error_new(SQLSTATE_INVALID_COLUMN_REFERENCE, "%s position %d is not in select list", clause, number),
            position);
    *item = &scope->items[number - 1];
    return NULL;
}

static const char *plain_name(const Binder *binder, const Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields != 1)
        return NULL;
    const char *name = node_string(node->column_ref->fields[0]);
    return name == NULL ? NULL : name_fold(binder, name);
}

static bool is_aggregate(const BoundQuery *query, ColumnId column)
{
    for (int32_t i = 0; query != NULL && i < query->agg_count; i++)
        if (query->aggs[i].column == column)
            return true;
    return false;
}

bool bind_uses_aggregate(const Expr *expr, const BoundQuery *query)
{
    if (expr->kind == EXPR_COLUMN && is_aggregate(query, expr->column))
        return true;
    for (int32_t i = 0; expr->kind == EXPR_SUBQUERY && i < expr->subquery->outer_count; i++)
        if (is_aggregate(query, expr->subquery->outer[i]))
            return true;
    for (int32_t i = 0; i < expr->arg_count; i++)
        if (bind_uses_aggregate(expr->args[i], query))
            return true;
    return false;
}

bool bind_uses_window(const Expr *expr, const BoundQuery *query)
{
    for (int32_t i = 0; expr->kind == EXPR_COLUMN && i < query->window_count; i++)
        if (query->windows[i].column == expr->column)
            return true;
    for (int32_t i = 0; i < expr->arg_count; i++)
        if (bind_uses_window(expr->args[i], query))
            return true;
    return false;
}

static Error *check_group(const Expr *expr, const Scope *scope)
{
    if (bind_uses_aggregate(expr, scope->query))
        return error_at(error_new(SQLSTATE_GROUPING_ERROR, "aggregate functions are not allowed in GROUP BY"),
                        expr->position);
    if (bind_uses_window(expr, scope->query))
        return error_at(error_new(SQLSTATE_WINDOWING_ERROR, "window functions are not allowed in GROUP BY"),
                        expr->position);
    return NULL;
}

static void add_group(Binder *binder, Scope *scope, Expr *expr, const char *name, int32_t *index)
{
    BoundQuery *query = scope->query;
    for (*index = 0; *index < query->group_count; (*index)++)
        if (expr_equal(query->groups[*index].expr, expr))
            return;
    BoundNamed group = {expr, bound_add_column(binder->arena, binder->statement, name, expr->type, expr->nullable)};
    ARRAY_ADD(binder->arena, query->groups, query->group_count, scope->group_capacity, group);
}

/* What the group is called in EXPLAIN: its column's name if it is one. */
static const char *group_name(const Binder *binder, const Expr *expr)
{
    return expr->kind == EXPR_COLUMN ? binder->statement->columns[expr->column].name : "group";
}

static bool names_column(const Scope *scope, const char *name)
{
    for (int32_t i = 0; i < scope->names.count; i++)
        if (!scope->names.entries[i].hidden && strcmp(scope->names.entries[i].name, name) == 0)
            return true;
    return false;
}

/* The alias a group is: with a subquery in it the value must be that very one. */
static TargetItem *find_alias_item(const Scope *scope, const char *name)
{
    if (name == NULL || names_column(scope, name))
        return NULL;
    for (int32_t i = 0; i < scope->item_count; i++)
        if (scope->items[i].named && strcmp(scope->items[i].name, name) == 0)
            return &scope->items[i];
    return NULL;
}

Error *bind_group(Binder *binder, Scope *scope, const Node *node, int32_t *index)
{
    TargetItem *item = NULL;
    Expr *expr;
    const char *name = plain_name(binder, node);
    TRY(bind_position(binder, scope, node, "GROUP BY", &item));
    if (item == NULL)
        item = find_alias_item(scope, name);
    if (item != NULL)
        expr = item->expr;
    else
        TRY(bind_expr(binder, scope, node, &expr)); /* a column of FROM before an alias, as find_column() looks */
    TRY(check_group(expr, scope));
    TRY(bind_check_size(expr));
    expr = coerce_unknown(binder, expr);
    add_group(binder, scope, expr, name != NULL ? name : group_name(binder, expr), index);
    return NULL;
}

/* GROUP BY ALL: by every item that is no aggregate and no window. */
static Error *bind_group_all(Binder *binder, Scope *scope)
{
    for (int32_t i = 0; i < scope->item_count; i++)
    {
        Expr *expr = coerce_unknown(binder, scope->items[i].expr);
        int32_t index;
        if (!bind_uses_aggregate(expr, scope->query) && !bind_uses_window(expr, scope->query) && !expr_is_const(expr))
            add_group(binder, scope, expr, group_name(binder, expr), &index);
    }
    return NULL;
}

Error *bind_groups(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    Error *error = NULL;
    int32_t index;
    const char *first = select->n_group_clause == 1 ? plain_name(binder, select->group_clause[0]) : NULL;
    scope->no_aggregates = "GROUP BY";
    if (first != NULL && strcmp(first, GROUP_ALL_NAME) == 0)
        error = bind_group_all(binder, scope);
    else if (bind_has_grouping_sets(select))
        error = bind_grouping_sets(binder, scope, select);
    else
        for (size_t i = 0; i < select->n_group_clause && error == NULL; i++)
            error = bind_group(binder, scope, select->group_clause[i], &index);
    scope->no_aggregates = NULL;
    return error;
}

/* --- above the groups ------------------------------------------------------------------ */

static Error *ungrouped(const Binder *binder, const Expr *column)
{
    const BoundColumn *bound = &binder->statement->columns[column->column];
    Error *error;
    if (bound->table != NULL)
        error = error_new(SQLSTATE_GROUPING_ERROR,
                          "column \"%s.%s\" must appear in the GROUP BY clause or be used in an aggregate function",
                          bound->table->name, bound->name);
    else
        error = error_new(SQLSTATE_GROUPING_ERROR,
                          "column \"%s\" must appear in the GROUP BY clause or be used in an aggregate function",
                          bound->name);
    return error_at(error, column->position);
}

static bool is_from_column(const Binder *binder, const Scope *scope, ColumnId column)
{
    return column < binder->owner_capacity && binder->owners[column] == scope;
}

static Error *ungrouped_in_subquery(const Binder *binder, const Expr *expr, ColumnId column)
{
    const BoundColumn *bound = &binder->statement->columns[column];
    int32_t position = bind_outer_position(binder, expr->subquery, column);
    const char *table = bound->table == NULL ? "" : bound->table->name;
    return error_at(error_new(SQLSTATE_GROUPING_ERROR, "subquery uses ungrouped column \"%s%s%s\" from outer query",
                              table, bound->table == NULL ? "" : ".", bound->name),
                    position > 0 ? position : expr->position);
}

/* A subquery above groups sees one row a group: the columns of FROM it reads must be groups, and become those. */
static Error *finish_subquery(const Binder *binder, const Scope *scope, const Expr *expr)
{
    const BoundQuery *query = scope->query;
    for (int32_t i = 0; i < expr->subquery->outer_count;)
    {
        ColumnId column = expr->subquery->outer[i];
        int32_t group = 0;
        if (!is_from_column(binder, scope, column))
        {
            i++;
            continue;
        }
        while (group < query->group_count &&
               (query->groups[group].expr->kind != EXPR_COLUMN || query->groups[group].expr->column != column))
            group++;
        if (group == query->group_count)
            return ungrouped_in_subquery(binder, expr, column);
        bind_replace_outer(binder, expr->subquery, column, query->groups[group].column);
    }
    return NULL;
}

static Scope *column_owner(const Binder *binder, Scope *scope, ColumnId column)
{
    while (scope != NULL && !is_from_column(binder, scope, column) && !is_aggregate(scope->query, column))
        scope = scope->outer;
    return scope;
}

bool scope_is_inside(const Scope *scope, const Scope *outer)
{
    while (scope != NULL && scope != outer)
        scope = scope->outer;
    return scope != NULL;
}

Scope *bind_owner(const Binder *binder, Scope *scope, const Expr *expr)
{
    Scope *nearest = expr->kind == EXPR_COLUMN ? column_owner(binder, scope, expr->column) : NULL;
    int32_t outer_count = expr->kind == EXPR_SUBQUERY ? expr->subquery->outer_count : 0;
    for (int32_t i = 0; i < outer_count + expr->arg_count; i++)
    {
        Scope *owner = i < outer_count ? column_owner(binder, scope, expr->subquery->outer[i])
                                       : bind_owner(binder, scope, expr->args[i - outer_count]);
        if (nearest == NULL || (owner != NULL && scope_is_inside(owner, nearest)))
            nearest = owner;
    }
    return nearest;
}

Error *bind_above_groups(Binder *binder, Scope *scope, Expr *expr, Expr **out)
{
    const BoundQuery *query = scope->query;
    *out = expr;
    for (int32_t i = 0; i < query->group_count; i++)
        if (expr_equal(query->groups[i].expr, expr))
        {
            *out = expr_column(binder->arena, binder->statement, query->groups[i].column);
            (*out)->position = expr->position;
            return NULL;
        }
    if (expr->kind == EXPR_COLUMN)
    {
        for (int32_t i = 0; i < scope->grouping_count; i++)
            if (scope->groupings[i].column == expr->column)
                return bind_finish_grouping(binder, scope, &scope->groupings[i], out);
        return is_from_column(binder, scope, expr->column) ? ungrouped(binder, expr) : NULL;
    }
    if (expr->kind == EXPR_SUBQUERY)
        TRY(finish_subquery(binder, scope, expr));
    Expr **args = NULL;
    for (int32_t i = 0; i < expr->arg_count; i++)
    {
        Expr *arg;
        TRY(bind_above_groups(binder, scope, expr->args[i], &arg));
        if (arg == expr->args[i])
            continue;
        if (args == NULL)
            args = arena_memdup(binder->arena, expr->args, sizeof *args * (size_t) expr->arg_count);
        args[i] = arg;
    }
    if (args == NULL)
        return NULL;
    *out = arena_memdup(binder->arena, expr, sizeof *expr);
    (*out)->args = args;
    return NULL;
}
