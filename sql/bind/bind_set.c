/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNION, INTERSECT, EXCEPT.
 *
 *     select a from t union select b from u order by 1       left: query with target a; right: with target b
 *                                                            targets: one column of the type a and b have in common
 *
 * A side whose type is another is cast in its own select list; one with an order, a limit or DISTINCT, or that is a
 * set operation itself, becomes a query in FROM first.
 */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

#include <string.h>

static bool is_plain(const BoundQuery *query)
{
    return query->set_kind == SET_NONE && !query->distinct && query->distinct_on_count == 0 &&
           query->sort_count == 0 && query->limit == NULL && query->offset == NULL;
}

void bind_wrap(Binder *binder, BoundQuery **query)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    BoundQuery *inner = *query;
    from->kind = FROM_QUERY;
    from->query = inner;
    from->address = NO_COLUMN;
    from->column_count = inner->visible_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, inner->visible_count);
    for (int32_t i = 0; i < inner->visible_count; i++)
        from->columns[i] = inner->targets[i].column;
    *query = query_over(binder, from);
    (*query)->outer_count = inner->outer_count;
    (*query)->outer = arena_memdup(binder->arena, inner->outer, sizeof(ColumnId) * (size_t) inner->outer_count);
    for (int32_t i = 0; i < inner->visible_count; i++)
    {
        (*query)->targets[i].expr->position = inner->targets[i].expr->position;
        (*query)->target_names[i] = inner->target_names[i];
    }
}

Error *bind_coerce_target(Binder *binder, BoundQuery **query, int32_t index, SqlType type)
{
    Expr *cast;
    TRY(coerce(binder, (*query)->targets[index].expr, type, CAST_IMPLICIT, &cast));
    if (cast == (*query)->targets[index].expr)
        return NULL;
    if (!is_plain(*query))
    {
        bind_wrap(binder, query);
        TRY(coerce(binder, (*query)->targets[index].expr, type, CAST_IMPLICIT, &cast));
    }
    BoundNamed *target = &(*query)->targets[index];
    if (cast->position == 0)
        cast->position = target->expr->position;
    target->expr = cast;
    binder->statement->columns[target->column].type = cast->type;
    binder->statement->columns[target->column].nullable = cast->nullable;
    return NULL;
}

static const char *set_name(const PgQuery__SelectStmt *select)
{
    return select->op == PG_QUERY__SET_OPERATION__SETOP_UNION       ? "UNION"
           : select->op == PG_QUERY__SET_OPERATION__SETOP_INTERSECT ? "INTERSECT"
                                                                    : "EXCEPT";
}

Error *bind_set_side(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundQuery **out)
{
    Scope *side = ARENA_NEW(binder->arena, Scope);
    side->outer = scope;
    side->ctes = scope->ctes;
    side->query = *out = ARENA_NEW(binder->arena, BoundQuery);
    side->keep_unknown = select->n_sort_clause == 0 && select->n_distinct_clause == 0;
    TRY(bind_query_scope(binder, side, select));
    *out = side->query;
    return NULL;
}

/* Brings column `index` of both sides to one type. */
static Error *match_column(Binder *binder, BoundQuery **left, BoundQuery **right, int32_t index, const char *what,
                           SqlType *type)
{
    Expr *both[2] = {(*left)->targets[index].expr, (*right)->targets[index].expr};
    SqlType a = both[0]->type, b = both[1]->type;
    bool known = a.id != TYPE_UNKNOWN && b.id != TYPE_UNKNOWN;
    Error *error = known && type_is_string(a) != type_is_string(b)
                       ? error_new(SQLSTATE_DATATYPE_MISMATCH, "strings and others")
                       : bind_common_of(binder, both, 2, type);
    if (error != NULL)
    {
        error_free(error);
        return error_at(error_new(SQLSTATE_DATATYPE_MISMATCH, "%s types %s and %s cannot be matched", what,
                                  type_name(a), type_name(b)),
                        both[1]->position);
    }
    TRY(bind_coerce_target(binder, left, index, *type));
    return bind_coerce_target(binder, right, index, *type);
}

static Error *set_sides(Binder *binder, BoundQuery *query, BoundQuery *left, BoundQuery *right, const char *what)
{
    int32_t capacity = 0;
    if (left->visible_count != right->visible_count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "each %s query must have the same number of columns", what),
                        right->visible_count > 0 ? right->targets[0].expr->position : 0);
    query->set_kind = strcmp(what, "UNION") == 0       ? SET_UNION
                      : strcmp(what, "INTERSECT") == 0 ? SET_INTERSECT
                                                       : SET_EXCEPT;
    for (int32_t i = 0; i < left->visible_count; i++)
    {
        SqlType type;
        int32_t position = left->targets[i].expr->position;
        TRY(match_column(binder, &left, &right, i, what, &type));
        bool a = left->targets[i].expr->nullable, b = right->targets[i].expr->nullable;
        bool nullable = query->set_kind == SET_UNION ? a || b : query->set_kind == SET_EXCEPT ? a : a && b;
        const char *name = left->target_names[i];
        ColumnId column = bound_add_column(binder->arena, binder->statement, name, type, nullable);
        Expr *expr = expr_column(binder->arena, binder->statement, column);
        expr->position = position;
        query_add_target(binder, query, &capacity, expr, name);
        query->targets[i].column = column;
    }
    query->visible_count = query->target_count;
    query->set_left = left;
    query->set_right = right;
    return NULL;
}

/* What ORDER BY may name: the columns of the result. */
static Error *add_result_items(Binder *binder, Scope *scope)
{
    const BoundQuery *query = scope->query;
    for (int32_t i = 0; i < query->target_count; i++)
        TRY(bind_add_item(binder, scope,
                          (TargetItem){.name = query->target_names[i],
                                       .expr = query->targets[i].expr,
                                       .final = query->targets[i].expr,
                                       .position = query->targets[i].expr->position}));
    return NULL;
}

static Error *order_set(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    SortItem *items;
    TRY(add_result_items(binder, scope));
    TRY(bind_sort_items(binder, scope, select->n_sort_clause, select->sort_clause, &items));
    for (size_t i = 0; i < select->n_sort_clause; i++)
        if (items[i].item == NULL)
            return error_at(error_detail(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED,
                                                   "invalid UNION/INTERSECT/EXCEPT ORDER BY clause"),
                                         "Only result column names can be used, not expressions or functions."),
                            items[i].position);
    return bind_finish_sort(binder, scope, select, items);
}

Error *bind_set_of(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundQuery *left, BoundQuery *right)
{
    TRY(set_sides(binder, scope->query, left, right, set_name(select)));
    scope->query->set_all = select->all;
    return order_set(binder, scope, select);
}

Error *bind_set(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    BoundQuery *left, *right;
    TRY(bind_set_side(binder, scope, select->larg, &left));
    TRY(bind_set_side(binder, scope, select->rarg, &right));
    return bind_set_of(binder, scope, select, left, right);
}
