/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons of rows, said as comparisons of their values:
 *
 *     (a, b) = (c, d)             a = c AND b = d
 *     (a, b) <> (c, d)            a <> c OR b <> d
 *     (a, b) < (c, d)             a < c OR (a = c AND b < d)
 *     (a, b) IN ((1, 2), (3, 4))  (a = 1 AND b = 2) OR (a = 3 AND b = 4)
 *
 * The answer is null as the standard says: where a null stands at or before the place that decides.
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

typedef struct Row
{
    int32_t count;
    Expr **values;
    Expr **again; /* for a second place; bound anew where a subquery is in them, which stands in one place only */
    bool asks;    /* a subquery */
} Row;

bool bind_is_row(const Node *node)
{
    return !node_is_missing(node) && node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR;
}

bool bind_is_row_subquery(const Node *node)
{
    return !node_is_missing(node) && node->node_case == PG_QUERY__NODE__NODE_SUB_LINK &&
           node->sub_link->sub_link_type == PG_QUERY__SUB_LINK_TYPE__EXPR_SUBLINK &&
           node->sub_link->subselect->node_case == PG_QUERY__NODE__NODE_SELECT_STMT;
}

Error *bind_row_values(Binder *binder, Scope *scope, const Node *node, Expr ***out, int32_t *count)
{
    if (bind_is_row_subquery(node))
        return bind_row_subquery(binder, scope, node->sub_link, out, count);
    const PgQuery__RowExpr *list = node->row_expr;
    *count = (int32_t) list->n_args;
    *out = ARENA_ARRAY(binder->arena, Expr *, list->n_args + 1);
    for (int32_t i = 0; i < *count; i++)
        TRY(bind_expr(binder, scope, list->args[i], &(*out)[i]));
    return NULL;
}

/* `twice`: the values come to stand in two places. */
static Error *bind_row(Binder *binder, Scope *scope, const Node *node, bool twice, Row *row)
{
    TRY(bind_row_values(binder, scope, node, &row->values, &row->count));
    row->asks = false;
    for (int32_t i = 0; i < row->count; i++)
        row->asks = row->asks || expr_uses_subquery(row->values[i]);
    row->again = row->values;
    return twice && row->asks ? bind_row_values(binder, scope, node, &row->again, &row->count) : NULL;
}

static Error *check_rows(const Row *left, const Row *right, int32_t position)
{
    if (left->count != right->count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "unequal number of entries in row expressions"), position);
    if (left->count == 0)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length"), position);
    return NULL;
}

/* From the last value to the first.  Of an order, places before the last decide by < or > alone. */
static Error *compare_rows(Binder *binder, char op, const Row *left, const Row *right, int32_t position, Expr **out)
{
    Arena *arena = binder->arena;
    char strict = op == 'l' ? '<' : op == 'g' ? '>' : op;
    TRY(check_rows(left, right, position));
    *out = NULL;
    for (int32_t i = left->count - 1; i >= 0; i--)
    {
        Expr *one, *same;
        char here = *out == NULL ? op : strict;
        TRY(bind_compare(binder, here, left->values[i], right->values[i], position, &one));
        if (*out == NULL)
            *out = one;
        else if (op == '=')
            *out = expr_and(arena, one, *out);
        else if (op == '!')
            *out = expr_or(arena, one, *out);
        else
        {
            TRY(bind_compare(binder, '=', left->again[i], right->again[i], position, &same));
            *out = expr_or(arena, one, expr_and(arena, same, *out));
        }
    }
    return NULL;
}

static Error *no_row(const Binder *binder, const Node *node, int32_t position)
{
    int32_t at = node_position(binder, node_location(node));
    return unsupported(at > 0 ? at : position, "a comparison of a row with what is no row is");
}

static bool may_be_row(const Node *node)
{
    return bind_is_row(node) || bind_is_row_subquery(node);
}

static Error *bind_rows(Binder *binder, Scope *scope, const Node *one, const Node *other, bool twice, int32_t position,
                        Row *left, Row *right)
{
    if (!may_be_row(one) || !may_be_row(other))
        return no_row(binder, may_be_row(one) ? other : one, position);
    TRY(bind_row(binder, scope, one, twice, left));
    return bind_row(binder, scope, other, twice, right);
}

Error *bind_row_compare(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, char op, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    Row left, right;
    if (op == 0)
        return unsupported(position, "this operator of rows is");
    TRY(bind_rows(binder, scope, expr->lexpr, expr->rexpr, op != '=' && op != '!', position, &left, &right));
    return compare_rows(binder, op, &left, &right, position, out);
}

Error *bind_row_in_list(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    const PgQuery__List *list = expr->rexpr->list;
    const char *symbol = node_string(expr->name[0]); /* "=" or "<>" */
    Row left;
    *out = NULL;
    for (size_t i = 0; i < list->n_items; i++)
    {
        Row right;
        Expr *same;
        if (!bind_is_row(list->items[i]))
            return no_row(binder, list->items[i], position);
        if (i == 0 || left.asks)
            TRY(bind_row(binder, scope, expr->lexpr, false, &left));
        TRY(bind_row(binder, scope, list->items[i], false, &right));
        TRY(compare_rows(binder, '=', &left, &right, position, &same));
        *out = expr_or(binder->arena, *out, same);
    }
    if (symbol != NULL && symbol[0] == '<')
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

/* (a, b) BETWEEN (c, d) AND (e, f) */
Error *bind_row_between(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    Node *const *ends = expr->rexpr->list->items;
    Row row, low, high;
    Expr *above, *below;
    TRY(bind_rows(binder, scope, expr->lexpr, ends[0], true, position, &row, &low));
    TRY(bind_rows(binder, scope, expr->lexpr, ends[1], true, position, &row, &high));
    TRY(compare_rows(binder, 'g', &row, &low, position, &above));
    TRY(compare_rows(binder, 'l', &row, &high, position, &below));
    *out = expr_and(binder->arena, above, below);
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN)
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

/* (a, b) IS DISTINCT FROM (c, d): one of the values is */
Error *bind_row_distinct(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    Row left, right;
    TRY(bind_rows(binder, scope, expr->lexpr, expr->rexpr, false, position, &left, &right));
    TRY(check_rows(&left, &right, position));
    if (left.asks || right.asks)
        return unsupported(position, "IS DISTINCT FROM of rows with a subquery in them is");
    *out = NULL;
    for (int32_t i = 0; i < left.count; i++)
    {
        Expr *one;
        DistinctSide sides[2] = {{NULL, left.values[i]}, {NULL, right.values[i]}}; /* no subqueries: nothing is bound again */
        TRY(bind_distinct_test(binder, scope, &sides[0], &sides[1], position, &one));
        *out = expr_or(binder->arena, *out, one);
    }
    if (expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT)
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}

/* (a, b) IS NULL: all of them are; IS NOT NULL: none of them is */
Error *bind_row_null_test(Binder *binder, Scope *scope, const PgQuery__NullTest *test, Expr **out)
{
    Row row;
    TRY(bind_row(binder, scope, test->arg, false, &row));
    *out = NULL;
    for (int32_t i = 0; i < row.count; i++)
    {
        Expr *one = expr_is_null_test(binder->arena, row.values[i]);
        if (test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL)
            one = expr_not_of(binder->arena, one);
        *out = expr_and(binder->arena, *out, one);
    }
    if (*out == NULL)
        *out = expr_bool(binder->arena, true);
    return NULL;
}
