/* SPDX-License-Identifier: Apache-2.0 */
/* EXISTS, IN, ANY, ALL and scalar subqueries. */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

#include <string.h>

static Expr *subquery_expr(Binder *binder, SubqueryKind kind, SqlType type, BoundQuery *query, Expr *const *left,
                           int32_t left_count, int32_t position)
{
    Expr *expr = expr_new(binder->arena, EXPR_SUBQUERY, type, left_count, left);
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

/* Both sides in one type; texts, and DECIMALs of one scale, meet as they are. */
static Error *match_in(Binder *binder, Expr **left, BoundQuery **query, int32_t index, int32_t position)
{
    SqlType right = (*query)->targets[index].expr->type;
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
    return bind_coerce_target(binder, query, index, common);
}

/* The left sides of `x in (...)` or `(x, y) in (...)`, as many as the subquery has columns. */
static Error *bind_left(Binder *binder, Scope *scope, const Node *node, BoundQuery **query, int32_t position,
                        Expr ***out, int32_t *count)
{
    bool row = node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR;
    *count = row ? (int32_t) node->row_expr->n_args : 1;
    if (!row)
        TRY(one_column(*query, position));
    if ((*query)->visible_count != *count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "subquery has too %s columns",
                                  (*query)->visible_count < *count ? "few" : "many"),
                        position);
    *out = ARENA_ARRAY(binder->arena, Expr *, *count);
    for (int32_t i = 0; i < *count; i++)
    {
        TRY(bind_expr(binder, scope, row ? node->row_expr->args[i] : node, &(*out)[i]));
        TRY(match_in(binder, &(*out)[i], query, i, position));
    }
    return NULL;
}

char bind_compare_op(const char *symbol)
{
    static const struct
    {
        const char *symbol;
        char op;
    } OPS[] = {{"=", '='}, {"<>", '!'}, {"!=", '!'}, {"<", '<'}, {"<=", 'l'}, {">", '>'}, {">=", 'g'}};
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++)
        if (symbol != NULL && strcmp(symbol, OPS[i].symbol) == 0)
            return OPS[i].op;
    return 0;
}

/* IN, op ANY, op ALL: = ANY is IN, <> ALL is NOT IN. */
static Error *bind_in(Binder *binder, Scope *scope, const PgQuery__SubLink *link, BoundQuery *query, Expr **out)
{
    int32_t position = node_position(binder, link->location);
    char op = bind_compare_op(link->n_oper_name > 0 ? node_string(link->oper_name[0]) : "=");
    bool all = link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK;
    Expr **left;
    int32_t count;
    if (op == 0)
        return unsupported(position, "ANY and ALL of other than comparisons are");
    TRY(bind_left(binder, scope, link->testexpr, &query, position, &left, &count));
    bool in = op == (all ? '!' : '=');
    if (!in && count != 1)
        return unsupported(position, "ANY and ALL of rows, other than = ANY and <> ALL, are");
    *out = subquery_expr(binder, in ? SUBQUERY_IN : SUBQUERY_QUANTIFIED, type_make(TYPE_BOOLEAN), query, left, count,
                         position);
    (*out)->negated = in && all;
    if (!in)
    {
        (*out)->op = op;
        (*out)->quantified_all = all;
    }
    return NULL;
}

/* Column `index` of the subquery as a value. */
static Error *bind_column_of(Binder *binder, Scope *scope, const PgQuery__SubLink *link, int32_t index,
                             int32_t *column_count, Expr **out)
{
    BoundQuery *query;
    TRY(bind_query(binder, scope, false, scope->ctes, link->subselect->select_stmt, &query));
    *column_count = query->visible_count;
    if (query->visible_count > 1)
    {
        bind_wrap(binder, &query);
        query->targets += index;
        query->target_names += index;
        query->target_count = query->visible_count = 1;
    }
    *out = subquery_expr(binder, SUBQUERY_SCALAR, query->targets[0].expr->type, query, NULL, 0,
                         node_position(binder, link->location));
    return NULL;
}

Error *bind_row_subquery(Binder *binder, Scope *scope, const PgQuery__SubLink *link, Expr ***out, int32_t *count)
{
    Expr *first;
    TRY(bind_column_of(binder, scope, link, 0, count, &first));
    *out = ARENA_ARRAY(binder->arena, Expr *, *count);
    (*out)[0] = first;
    for (int32_t i = 1; i < *count; i++)
        TRY(bind_column_of(binder, scope, link, i, count, &(*out)[i]));
    return NULL;
}

Error *bind_sublink(Binder *binder, Scope *scope, const PgQuery__SubLink *link, Expr **out)
{
    int32_t position = node_position(binder, link->location);
    BoundQuery *query;
    if (link->subselect == NULL || link->subselect->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return unsupported(position, "this kind of subquery is");
    if (link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__ARRAY_SUBLINK)
        return bind_array(binder, scope, link->subselect->select_stmt, link->location, out);
    TRY(bind_query(binder, scope, false, scope->ctes, link->subselect->select_stmt, &query));
    switch (link->sub_link_type)
    {
    case PG_QUERY__SUB_LINK_TYPE__EXISTS_SUBLINK:
        *out = subquery_expr(binder, SUBQUERY_EXISTS, type_make(TYPE_BOOLEAN), query, NULL, 0, position);
        return NULL;
    case PG_QUERY__SUB_LINK_TYPE__ANY_SUBLINK:
    case PG_QUERY__SUB_LINK_TYPE__ALL_SUBLINK:
        return bind_in(binder, scope, link, query, out);
    case PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK:
        TRY(one_column(query, position));
        *out = subquery_expr(binder, SUBQUERY_SCALAR, query->targets[0].expr->type, query, NULL, 0, position);
        return NULL;
    default:
        return unsupported(position, "this kind of subquery is");
    }
}
