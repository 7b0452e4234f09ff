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
} Row;

bool bind_is_row(const Node *node)
{
    return !node_is_missing(node) && node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR;
}

/* A value may come to stand in several places, so a subquery is refused. */
static Error *bind_row(Binder *binder, Scope *scope, const Node *node, Row *row)
{
    const PgQuery__RowExpr *list = node->row_expr;
    row->count = (int32_t) list->n_args;
    row->values = ARENA_ARRAY(binder->arena, Expr *, list->n_args + 1);
    for (int32_t i = 0; i < row->count; i++)
    {
        TRY(bind_expr(binder, scope, list->args[i], &row->values[i]));
        if (expr_uses_subquery(row->values[i]))
            return unsupported(node_position(binder, list->location),
                               "a comparison of rows with a subquery in them is");
    }
    return NULL;
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
            TRY(bind_compare(binder, '=', left->values[i], right->values[i], position, &same));
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

Error *bind_row_compare(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, char op, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    Row left, right;
    if (op == 0)
        return unsupported(position, "this operator of rows is");
    if (!bind_is_row(expr->lexpr) || !bind_is_row(expr->rexpr))
        return no_row(binder, bind_is_row(expr->lexpr) ? expr->rexpr : expr->lexpr, position);
    TRY(bind_row(binder, scope, expr->lexpr, &left));
    TRY(bind_row(binder, scope, expr->rexpr, &right));
    return compare_rows(binder, op, &left, &right, position, out);
}

Error *bind_row_in_list(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out)
{
    int32_t position = node_position(binder, expr->location);
    const PgQuery__List *list = expr->rexpr->list;
    const char *symbol = node_string(expr->name[0]); /* "=" or "<>" */
    Row left;
    TRY(bind_row(binder, scope, expr->lexpr, &left));
    *out = NULL;
    for (size_t i = 0; i < list->n_items; i++)
    {
        Row right;
        Expr *same;
        if (!bind_is_row(list->items[i]))
            return no_row(binder, list->items[i], position);
        TRY(bind_row(binder, scope, list->items[i], &right));
        TRY(compare_rows(binder, '=', &left, &right, position, &same));
        *out = expr_or(binder->arena, *out, same);
    }
    if (symbol != NULL && symbol[0] == '<')
        *out = expr_not_of(binder->arena, *out);
    return NULL;
}
