/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One query.  Clauses are bound in this order, because later ones may use what
 * earlier ones name:
 *
 *     WITH, FROM, select list, WHERE, GROUP BY, HAVING, QUALIFY, DISTINCT ON, ORDER BY, LIMIT
 *
 * (the select list before WHERE, since Redshift lets WHERE use its aliases).
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

/* --- what is refused --------------------------------------------------------------------- */

static Error *refuse_clauses(const Binder *binder, const PgQuery__SelectStmt *select)
{
    int32_t position = binder->parse->position;
    if (select->into_clause != NULL)
        return unsupported(position, "SELECT INTO is");
    if (select->n_locking_clause > 0)
        return unsupported(position, "FOR UPDATE is");
    return NULL;
}

/* --- sizes ---------------------------------------------------------------------------------- */

static void measure(const Expr *expr, int32_t depth, int32_t *nodes)
{
    if (depth > BIND_EXPR_DEPTH_MAX)
        *nodes = BIND_EXPR_NODES_MAX + 1;
    if (++*nodes > BIND_EXPR_NODES_MAX)
        return;
    for (int32_t i = 0; i < expr->arg_count && *nodes <= BIND_EXPR_NODES_MAX; i++)
        measure(expr->args[i], depth + 1, nodes);
}

Error *bind_check_size(const Expr *expr)
{
    int32_t nodes = 0;
    measure(expr, 0, &nodes);
    if (nodes <= BIND_EXPR_NODES_MAX)
        return NULL;
    return error_at(
        error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "expression is too large once its aliases are written out"),
        expr->position);
}

/* --- select list ---------------------------------------------------------------------------------- */

Error *bind_add_item(Binder *binder, Scope *scope, TargetItem item)
{
    if (scope->item_count == BIND_COLUMNS_MAX)
        return error_at(
            error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "select list has more than %d columns", BIND_COLUMNS_MAX),
            item.position);
    TRY(bind_check_size(item.expr));
    if (!scope->keep_unknown)
        item.expr = coerce_unknown(binder, item.expr);
    ARRAY_ADD(binder->arena, scope->items, scope->item_count, scope->item_capacity, item);
    return NULL;
}

/* Its rows are made after groups and windows. */
static Error *check_series(const Scope *scope)
{
    if (scope->series_position == 0 || (!scope->query->grouped && scope->query->window_count == 0))
        return NULL;
    return unsupported(scope->series_position, "generate_series() beside groups and windows is");
}

static Error *bind_items(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_target_list; i++)
    {
        const PgQuery__ResTarget *target = select->target_list[i]->res_target;
        bool named = target->name != NULL && target->name[0] != '\0';
        bool done;
        TargetItem item = {.named = named, .position = node_position(binder, target->location)};
        TRY(bind_star_item(binder, scope, target->val, &done));
        if (done)
            continue;
        scope->inside_items = true;
        scope->items_maybe_never = binder->maybe_never;
        TRY(bind_expr(binder, scope, target->val, &item.expr));
        scope->inside_items = false;
        if (item.expr->position == 0 && item.expr->kind == EXPR_CONST)
            item.expr->position = item.position;
        item.name = target_name(binder, target);
        item.node = target->val;
        TRY(bind_add_item(binder, scope, item));
    }
    return NULL;
}

void query_add_target(Binder *binder, BoundQuery *query, int32_t *capacity, Expr *expr, const char *name)
{
    int32_t names_capacity = *capacity;
    int32_t count = query->target_count;
    BoundNamed target = {expr, bound_add_column(binder->arena, binder->statement, name, expr->type, expr->nullable)};
    ARRAY_ADD(binder->arena, query->target_names, count, names_capacity, arena_strdup(binder->arena, name));
    ARRAY_ADD(binder->arena, query->targets, query->target_count, *capacity, target);
}

/* --- WHERE, HAVING ------------------------------------------------------------------------------- */

bool node_is_missing(const Node *node)
{
    return node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET;
}

static Error *bind_where(Binder *binder, Scope *scope, const Node *node)
{
    Expr *where;
    if (node_is_missing(node))
        return NULL;
    scope->no_aggregates = "WHERE";
    TRY(bind_condition(binder, scope, node, "WHERE", &where));
    scope->no_aggregates = NULL;
    TRY(bind_check_size(where));
    if (bind_uses_aggregate(where, scope->query)) /* through an alias */
        return error_at(error_new(SQLSTATE_GROUPING_ERROR, "aggregate functions are not allowed in WHERE"),
                        where->position);
    if (bind_uses_window(where, scope->query))
        return error_at(error_new(SQLSTATE_WINDOWING_ERROR, "window functions are not allowed in WHERE"),
                        where->position);
    if (!expr_is_true_const(where)) /* an outer join by (+) may have left a condition there */
        scope->query->where = expr_and(binder->arena, scope->query->where, where);
    return NULL;
}

/* --- the query -------------------------------------------------------------------------------------------- */

static Error *finish_targets(Binder *binder, Scope *scope)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < scope->item_count; i++)
    {
        TargetItem *item = &scope->items[i];
        item->final = item->expr;
        if (query->grouped)
            TRY(bind_above_groups(binder, scope, item->expr, &item->final));
        query_add_target(binder, query, &scope->target_capacity, item->final, item->name);
    }
    query->visible_count = query->target_count;
    return NULL;
}

/* Above grouping sets a group is null in the sets it is not of, whatever its column says: `a is null` and
 * coalesce(a, ..) must not be decided from NOT NULL. */
static void columns_may_be_null(Binder *binder, const Scope *scope)
{
    for (int32_t k = 0; k < scope->names.count; k++)
        binder->statement->columns[scope->names.entries[k].column].nullable = true;
}

/* FROM and the select list; VALUES (and UNION ALL of constants) is a list of rows and SELECT * over it.
 * Conditions that make outer joins leave the WHERE of `select`. */
static Error *bind_source(Binder *binder, Scope *scope, PgQuery__SelectStmt *select)
{
    if (select->n_values_lists > 0 || select->op != PG_QUERY__SET_OPERATION__SETOP_NONE)
    {
        TRY(bind_values(binder, scope, select, &scope->query->from));
        return bind_expand_all(binder, scope);
    }
    scope->no_aggregates = "FROM";
    TRY(bind_from(binder, scope, select->n_from_clause, select->from_clause, &scope->query->from));
    scope->no_aggregates = NULL;
    if (bind_has_outer_mark(select->where_clause))
        TRY(bind_outer_joins(binder, scope, select));
    if (bind_has_grouping_sets(select))
        columns_may_be_null(binder, scope);
    return bind_items(binder, scope, select);
}

static Error *bind_having(Binder *binder, Scope *scope, const Node *node, Expr **having)
{
    *having = NULL;
    if (node_is_missing(node))
        return NULL;
    scope->no_windows = "HAVING";
    TRY(bind_condition(binder, scope, node, "HAVING", having));
    scope->no_windows = NULL;
    if (bind_uses_window(*having, scope->query)) /* through an alias */
        return error_at(error_new(SQLSTATE_WINDOWING_ERROR, "window functions are not allowed in HAVING"),
                        (*having)->position);
    return bind_check_size(*having);
}

static Error *check_groupings(const Scope *scope)
{
    if (scope->query->grouped || scope->grouping_count == 0)
        return NULL;
    return error_at(error_new(SQLSTATE_GROUPING_ERROR,
                              "arguments to GROUPING must be grouping expressions of the associated query level"),
                    scope->groupings[0].args[0]->position);
}

static bool is_distinct_on(const PgQuery__SelectStmt *select)
{
    return select->n_distinct_clause > 0 && !node_is_missing(select->distinct_clause[0]);
}

Error *bind_clauses(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    BoundQuery *query = scope->query;
    Expr *having, *qualify;
    SortItem *sorts, *firsts = NULL;
    TRY(bind_where(binder, scope, select->where_clause));
    TRY(bind_groups(binder, scope, select));
    TRY(bind_having(binder, scope, select->having_clause, &having));
    TRY(bind_qualify(binder, scope, select, &qualify));
    if (is_distinct_on(select))
        TRY(bind_distinct_on(binder, scope, select, &firsts));
    TRY(bind_sort_items(binder, scope, select->n_sort_clause, select->sort_clause, &sorts));

    /* all aggregates and windows are known now: what stands above the groups is said in their terms */
    query->grouped = select->n_group_clause > 0 || query->agg_count > 0 || having != NULL;
    query->distinct = select->n_distinct_clause > 0 && firsts == NULL;
    TRY(check_groupings(scope));
    TRY(check_series(scope));
    if (having != NULL)
        TRY(bind_above_groups(binder, scope, having, &query->having));
    TRY(bind_finish_windows(binder, scope));
    query->qualify = qualify;
    if (qualify != NULL && query->grouped)
        TRY(bind_above_groups(binder, scope, qualify, &query->qualify));
    TRY(finish_targets(binder, scope));
    TRY(bind_finish_sort(binder, scope, select, sorts));
    return firsts == NULL ? NULL : bind_finish_distinct_on(binder, scope, select->n_distinct_clause, firsts);
}

static Error *bind_select(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    scope->has_groups = select->n_group_clause > 0 && !bind_has_grouping_sets(select);
    PgQuery__SelectStmt rest = *select;
    TRY(bind_source(binder, scope, &rest));
    return bind_clauses(binder, scope, &rest);
}

BoundQuery *query_over(Binder *binder, BoundFrom *from)
{
    BoundQuery *query = ARENA_NEW(binder->arena, BoundQuery);
    int32_t capacity = 0;
    query->from = from;
    for (int32_t i = 0; i < from->column_count; i++)
        query_add_target(binder, query, &capacity, expr_column(binder->arena, binder->statement, from->columns[i]),
                         binder->statement->columns[from->columns[i]].name);
    query->visible_count = query->target_count;
    return query;
}

Error *bind_query_scope(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    scope->select = select;
    TRY(bind_count_relation(binder, 0));
    TRY(refuse_clauses(binder, select));
    TRY(bind_with(binder, scope, select->with_clause));
    if (select->op == PG_QUERY__SET_OPERATION__SETOP_NONE || bind_is_constant_rows(select))
        TRY(bind_select(binder, scope, select));
    else
        TRY(bind_set(binder, scope, select));
    TRY(bind_check_unread(binder, scope));
    return bind_limits(binder, scope, select);
}

Error *bind_query(Binder *binder, Scope *outer, bool outer_hidden, Cte *ctes, const PgQuery__SelectStmt *select,
                  BoundQuery **out)
{
    Scope *scope = ARENA_NEW(binder->arena, Scope); /* outlives the call: owners[] points at it */
    scope->outer = outer;
    scope->outer_hidden = outer_hidden;
    scope->ctes = ctes;
    scope->query = *out = ARENA_NEW(binder->arena, BoundQuery);
    return bind_query_scope(binder, scope, select);
}
