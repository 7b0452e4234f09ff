/* SPDX-License-Identifier: Apache-2.0 */
/* EXISTS, IN and scalar subqueries. */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

#include <string.h>

static Expr *subquery_expr(Binder *binder, SubqueryKind kind, SqlType type, BoundQuery *query, Expr *left,
                           int32_t position)
{
    Expr *expr = expr_new(binder->arena, EXPR_SUBQUERY, type, left != NULL ? 1 : 0, &left);
    expr->subquery_kind = kind;
    expr->subquery = query;
    expr->position = position;
    expr->nullable = kind != SUBQUERY_EXISTS;
    return expr;
}

static Error *one_column(const BoundQuery *query, int32_t position)
{
    if (query->visible_count == 1)
        return NULL;
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "subquery must return only one column"), position);
}

/* Gives the subquery's column another type. */
static Error *coerce_target(Binder *binder, BoundQuery *query, SqlType type)
{
    BoundNamed *target = &query->targets[0];
    TRY(coerce(binder, target->expr, type, CAST_IMPLICIT, &target->expr));
    binder->statement->columns[target->column].type = type;
    for (int32_t i = 0; i < query->sort_count; i++)
        if (query->sort[i].expr->column == target->column)
            query->sort[i].expr = expr_column(binder->arena, binder->statement, target->column);
    return NULL;
}

/* Both sides in one type; texts, and DECIMALs of one scale, meet as they are. */
static Error *match_in(Binder *binder, Expr **left, BoundQuery *query, int32_t position)
{
    SqlType right = query->targets[0].expr->type;
    SqlType common;
    if ((*left)->type.id == TYPE_UNKNOWN)
        TRY(type_is_string(right) ? (*left = coerce_unknown(binder, *left), NULL)
                                  : coerce(binder, *left, right, CAST_IMPLICIT, left));
    SqlType mine = (*left)->type;
    if (type_equal(mine, right) || (type_is_string(mine) && type_is_string(right)) ||
        (mine.id == TYPE_DECIMAL && right.id == TYPE_DECIMAL && mine.scale == right.scale))
        return NULL;
    Error *error = type_common(mine, right, &common);
    if (error != NULL)
        return error_at(error, position);
    TRY(coerce(binder, *left, common, CAST_IMPLICIT, left));
    return coerce_target(binder, query, common);
}

static Error *bind_in(Binder *binder, Scope *scope, const PgQuery__SubLink *link, BoundQuery *query, Expr **out)
{
    int32_t position = node_position(binder, link->location);
    const char *symbol = link->n_oper_name > 0 ? node_string(link->oper_name[0]) : "=";
    bool all = link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK;
    const char *wanted = all ? "<>" : "=";
    if (link->testexpr->node_case == PG_QUERY__NODE__NODE_ROW_EXPR)
        return unsupported(position, "IN with a row on its left side is");
    if (symbol == NULL || strcmp(symbol, wanted) != 0)
        return unsupported(position, "%s with a subquery, other than %s,", all ? "ALL" : "ANY",
                           all ? "<> ALL" : "= ANY is");
    Expr *left;
    TRY(bind_expr(binder, scope, link->testexpr, &left));
    TRY(one_column(query, position));
    TRY(match_in(binder, &left, query, position));
    *out = subquery_expr(binder, SUBQUERY_IN, type_make(TYPE_BOOLEAN), query, left, position);
    (*out)->negated = all;
    return NULL;
}

Error *bind_sublink(Binder *binder, Scope *scope, const PgQuery__SubLink *link, Expr **out)
{
    int32_t position = node_position(binder, link->location);
    BoundQuery *query;
    if (link->subselect == NULL || link->subselect->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return unsupported(position, "this kind of subquery is");
    TRY(bind_query(binder, scope, false, scope->ctes, link->subselect->select_stmt, &query));
    switch (link->sub_link_type)
    {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
        *out = subquery_expr(binder, SUBQUERY_EXISTS, type_make(TYPE_BOOLEAN), query, NULL, position);
        return NULL;
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK:
        return bind_in(binder, scope, link, query, out);
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK:
        TRY(one_column(query, position));
        *out = subquery_expr(binder, SUBQUERY_SCALAR, query->targets[0].expr->type, query, NULL, position);
        return NULL;
    default:
        return unsupported(position, "this kind of subquery is");
    }
}
