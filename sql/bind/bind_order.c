/* SPDX-License-Identifier: Apache-2.0 */
/* ORDER BY, DISTINCT ON, LIMIT and OFFSET. */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

#include <string.h>

/* The item whose name an ORDER BY item is: output names come before columns of FROM (SQL-92). */
static Error *find_named_item(const Binder *binder, const Scope *scope, const Node *node, const char *clause,
                              TargetItem **found)
{
    *found = NULL;
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields != 1)
        return NULL;
    const char *string = node_string(node->column_ref->fields[0]);
    if (string == NULL)
        return NULL;
    const char *name = name_fold(binder, string);
    for (int32_t i = 0; i < scope->item_count; i++)
    {
        TargetItem *item = &scope->items[i];
        if (strcmp(item->name, name) != 0)
            continue;
        if (*found != NULL && !expr_equal((*found)->expr, item->expr))
            return error_at(error_new(SQLSTATE_AMBIGUOUS_COLUMN, "%s \"%s\" is ambiguous", clause, name),
                            node_position(binder, node->column_ref->location));
        if (*found == NULL)
            *found = item;
    }
    return NULL;
}

static Error *bind_item(Binder *binder, Scope *scope, const Node *node, const char *clause, SortItem *out)
{
    out->position = node_position(binder, node_location(node));
    TRY(find_named_item(binder, scope, node, clause, &out->item));
    if (out->item == NULL)
        TRY(bind_position(binder, scope, node, clause, &out->item));
    if (out->item != NULL)
        return NULL;
    if (scope->query->set_kind != SET_NONE && node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF)
        return NULL; /* refused by name */
    TRY(bind_expr(binder, scope, node, &out->expr));
    out->expr = coerce_unknown(binder, out->expr);
    return bind_check_size(out->expr);
}

Error *bind_sort_items(Binder *binder, Scope *scope, size_t count, Node *const *nodes, SortItem **out)
{
    *out = ARENA_ARRAY(binder->arena, SortItem, count + 1);
    for (size_t i = 0; i < count; i++)
    {
        const PgQuery__SortBy *by = nodes[i]->sort_by;
        if (by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING)
            return unsupported(node_position(binder, by->location), "ORDER BY USING is");
        TRY(bind_item(binder, scope, by->node, "ORDER BY", &(*out)[i]));
    }
    return NULL;
}

/* The target with that value; a hidden one is made where there is none. */
static Error *item_column(Binder *binder, Scope *scope, const SortItem *item, const char *name, ColumnId *column)
{
    BoundQuery *query = scope->query;
    Expr *expr = item->expr;
    if (item->item != NULL)
    {
        *column = query->targets[item->item - scope->items].column;
        return NULL;
    }
    for (int32_t i = 0; i < scope->item_count; i++)
        if (expr_equal(scope->items[i].expr, expr))
        {
            *column = query->targets[i].column;
            return NULL;
        }
    if (query->distinct)
        return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE,
                                  "for SELECT DISTINCT, ORDER BY expressions must appear in select list"),
                        item->position);
    if (query->grouped)
        TRY(bind_above_groups(binder, scope, expr, &expr));
    for (int32_t i = query->visible_count; i < query->target_count; i++)
        if (expr_equal(query->targets[i].expr, expr))
        {
            *column = query->targets[i].column;
            return NULL;
        }
    query_add_target(binder, query, &scope->target_capacity, expr, name);
    *column = query->targets[query->target_count - 1].column;
    return NULL;
}

BoundSort bind_sort_of(const PgQuery__SortBy *by, Expr *expr)
{
    BoundSort sort = {.expr = expr};
    sort.descending = by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    sort.nulls_first = by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT
                           ? sort.descending
                           : by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST;
    return sort;
}

Error *bind_finish_sort(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, const SortItem *items)
{
    BoundQuery *query = scope->query;
    query->sort = ARENA_ARRAY(binder->arena, BoundSort, select->n_sort_clause + 1);
    for (size_t i = 0; i < select->n_sort_clause; i++)
    {
        ColumnId column = NO_COLUMN;
        TRY(item_column(binder, scope, &items[i], "sort", &column));
        query->sort[query->sort_count++] =
            bind_sort_of(select->sort_clause[i]->sort_by, expr_column(binder->arena, binder->statement, column));
    }
    return NULL;
}

/* --- DISTINCT ON ------------------------------------------------------------------------------ */

Error *bind_distinct_on(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, SortItem **out)
{
    *out = ARENA_ARRAY(binder->arena, SortItem, select->n_distinct_clause + 1);
    for (size_t i = 0; i < select->n_distinct_clause; i++)
        TRY(bind_item(binder, scope, select->distinct_clause[i], "DISTINCT ON", &(*out)[i]));
    return NULL;
}

static bool is_distinct_column(const BoundQuery *query, ColumnId column)
{
    for (int32_t i = 0; i < query->distinct_on_count; i++)
        if (query->distinct_on[i] == column)
            return true;
    return false;
}

/* Each of the first sort columns is one of DISTINCT ON until all of these were there. */
static Error *check_order(const BoundQuery *query, int32_t position)
{
    int32_t seen = 0;
    bool outside = false;
    for (int32_t i = 0; i < query->sort_count; i++)
    {
        ColumnId column = query->sort[i].expr->column;
        bool again = false;
        for (int32_t k = 0; k < i; k++)
            again = again || query->sort[k].expr->column == column;
        if (!is_distinct_column(query, column))
            outside = true;
        else if (outside)
            seen = -BIND_COLUMNS_MAX;
        else
            seen += !again;
    }
    if (query->sort_count == 0 || (seen >= 0 && (!outside || seen == query->distinct_on_count)))
        return NULL;
    return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE,
                              "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"),
                    position);
}

Error *bind_finish_distinct_on(Binder *binder, Scope *scope, size_t count, const SortItem *items)
{
    BoundQuery *query = scope->query;
    query->distinct_on = ARENA_ARRAY(binder->arena, ColumnId, count + 1);
    for (size_t i = 0; i < count; i++)
    {
        ColumnId column = NO_COLUMN;
        TRY(item_column(binder, scope, &items[i], "distinct", &column));
        if (!is_distinct_column(query, column))
            query->distinct_on[query->distinct_on_count++] = column;
    }
    return check_order(query, count > 0 ? items[0].position : 0);
}

/* --- LIMIT, OFFSET ------------------------------------------------------------------------------ */

/* A constant of BIGINT that is not negative, NULL for none. */
static Error *bind_limit(Binder *binder, Scope *scope, const Node *node, const char *clause, Expr **out)
{
    Expr *expr;
    *out = NULL;
    if (node_is_missing(node))
        return NULL;
    scope->no_aggregates = clause;
    TRY(bind_expr(binder, scope, node, &expr));
    TRY(coerce(binder, expr, type_make(TYPE_BIGINT), CAST_IMPLICIT, &expr));
    scope->no_aggregates = NULL;
    if (bind_owner(binder, scope, expr) == scope)
        return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE, "argument of %s must not contain variables", clause),
                        expr->position);
    if (!expr_is_const(expr))
        return unsupported(expr->position, "%s by what is no constant is", clause);
    if (expr->value.null)
        return NULL;
    if (expr->value.i < 0)
        return error_at(error_new(clause[0] == 'L' ? SQLSTATE_INVALID_ROW_COUNT_IN_LIMIT
                                                   : SQLSTATE_INVALID_ROW_COUNT_IN_OFFSET,
                                  "%s must not be negative", clause),
                        expr->position);
    *out = expr;
    return NULL;
}

Error *bind_limits(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    scope->query->with_ties = select->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES;
    TRY(bind_limit(binder, scope, select->limit_count, "LIMIT", &scope->query->limit));
    return bind_limit(binder, scope, select->limit_offset, "OFFSET", &scope->query->offset);
}
