/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/bind/expr.h"
#include "base/core/assert.h"

#include <string.h>

ColumnId bound_add_column(Arena *arena, BoundStatement *statement, const char *name, SqlType type, bool nullable)
{
    int32_t count = statement->column_count;
    if ((count & (count - 1)) == 0) /* full at every power of two */
    {
        BoundColumn *columns = ARENA_ARRAY(arena, BoundColumn, count == 0 ? 1 : 2 * count);
        if (count > 0)
            memcpy(columns, statement->columns, sizeof *columns * (size_t) count);
        statement->columns = columns;
    }
    statement->columns[count] = (BoundColumn){.name = name, .type = type, .nullable = nullable};
    return statement->column_count++;
}

Expr *expr_new(Arena *arena, ExprKind kind, SqlType type, int32_t arg_count, Expr *const *args)
{
    Expr *expr = ARENA_NEW(arena, Expr);
    expr->kind = kind;
    expr->type = type;
    expr->column = NO_COLUMN;
    expr->arg_count = arg_count;
    if (arg_count > 0)
    {
        expr->args = arena_memdup(arena, args, sizeof *args * (size_t) arg_count);
        expr->position = args[0]->position;
    }
    for (int32_t i = 0; i < arg_count; i++)
        expr->nullable = expr->nullable || args[i]->nullable;
    return expr;
}

Expr *expr_func(Arena *arena, FuncId func, SqlType type, int32_t arg_count, Expr *const *args)
{
    Expr *expr = expr_new(arena, EXPR_FUNC, type, arg_count, args);
    expr->func = (int32_t) func;
    expr->nullable = expr->nullable || (func_row(func)->flags & FUNC_NULLS) != 0;
    return expr;
}

Expr *expr_column(Arena *arena, const BoundStatement *statement, ColumnId column)
{
    ASSERT(column >= 0 && column < statement->column_count);
    Expr *expr = expr_new(arena, EXPR_COLUMN, statement->columns[column].type, 0, NULL);
    expr->column = column;
    expr->nullable = statement->columns[column].nullable;
    return expr;
}

Expr *expr_constant(Arena *arena, SqlType type, Datum value)
{
    Expr *expr = expr_new(arena, EXPR_CONST, type, 0, NULL);
    expr->value = value;
    expr->nullable = value.null;
    return expr;
}

Expr *expr_bool(Arena *arena, bool value)
{
    return expr_constant(arena, type_make(TYPE_BOOLEAN), (Datum){.i = value});
}

Expr *expr_null(Arena *arena, SqlType type)
{
    return expr_constant(arena, type, (Datum){.null = true});
}

bool expr_is_const(const Expr *expr)
{
    return expr->kind == EXPR_CONST;
}

bool expr_is_null_const(const Expr *expr)
{
    return expr->kind == EXPR_CONST && expr->value.null;
}

static bool is_bool_const(const Expr *expr, bool value)
{
    return expr->kind == EXPR_CONST && !expr->value.null && (expr->value.i != 0) == value;
}

bool expr_is_true_const(const Expr *expr)
{
    return is_bool_const(expr, true);
}

bool expr_uses_subquery(const Expr *expr)
{
    if (expr->kind == EXPR_SUBQUERY)
        return true;
    for (int32_t i = 0; i < expr->arg_count; i++)
        if (expr_uses_subquery(expr->args[i]))
            return true;
    return false;
}

/* a AND b, a OR b, flat: `kind` nodes among the arguments give theirs. */
static Expr *chain(Arena *arena, ExprKind kind, Expr *a, Expr *b)
{
    bool neutral = kind == EXPR_AND;
    if (is_bool_const(a, neutral) || is_bool_const(b, !neutral))
        return b;
    if (is_bool_const(b, neutral) || is_bool_const(a, !neutral))
        return a;
    int32_t a_count = a->kind == kind ? a->arg_count : 1;
    int32_t b_count = b->kind == kind ? b->arg_count : 1;
    Expr **args = ARENA_ARRAY(arena, Expr *, a_count + b_count);
    memcpy(args, a->kind == kind ? a->args : &a, sizeof *args * (size_t) a_count);
    memcpy(args + a_count, b->kind == kind ? b->args : &b, sizeof *args * (size_t) b_count);
    return expr_new(arena, kind, type_make(TYPE_BOOLEAN), a_count + b_count, args);
}

Expr *expr_and(Arena *arena, Expr *a, Expr *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    return chain(arena, EXPR_AND, a, b);
}

Expr *expr_or(Arena *arena, Expr *a, Expr *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    return chain(arena, EXPR_OR, a, b);
}

Expr *expr_not_of(Arena *arena, Expr *arg)
{
    if (arg->kind == EXPR_NOT)
        return arg->args[0];
    if (arg->kind == EXPR_CONST)
        return arg->value.null ? arg : expr_bool(arena, arg->value.i == 0);
    if (arg->kind == EXPR_SUBQUERY && arg->subquery_kind != SUBQUERY_SCALAR)
    {
        Expr *negated = arena_memdup(arena, arg, sizeof *arg);
        negated->negated = !arg->negated;
        return negated;
    }
    return expr_new(arena, EXPR_NOT, type_make(TYPE_BOOLEAN), 1, &arg);
}

Expr *expr_is_null_test(Arena *arena, Expr *arg)
{
    if (arg->kind == EXPR_CONST || !arg->nullable)
        return expr_bool(arena, expr_is_null_const(arg));
    Expr *expr = expr_new(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &arg);
    expr->nullable = false;
    return expr;
}

Expr *expr_is_true_test(Arena *arena, Expr *arg)
{
    if (!arg->nullable && arg->kind != EXPR_CONST)
        return arg;
    if (arg->kind == EXPR_CONST)
        return expr_bool(arena, expr_is_true_const(arg));
    Expr *expr = expr_new(arena, EXPR_IS_TRUE, type_make(TYPE_BOOLEAN), 1, &arg);
    expr->nullable = false;
    return expr;
}

bool expr_is_volatile(const Expr *expr)
{
    if (expr->kind == EXPR_FUNC && func_row((FuncId) expr->func)->volatility == VOLATILITY_VOLATILE)
        return true;
    for (int32_t k = 0; k < expr->arg_count; k++)
        if (expr_is_volatile(expr->args[k]))
            return true;
    return false;
}

bool expr_equal(const Expr *a, const Expr *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || !type_equal(a->type, b->type) || a->op != b->op || a->cast_mode != b->cast_mode || a->cast_try != b->cast_try ||
        a->insensitive != b->insensitive || a->negated != b->negated ||
        a->column != b->column || a->func != b->func || a->arg_count != b->arg_count || a->subquery != b->subquery)
        return false;
    if (a->kind == EXPR_FUNC && func_row((FuncId) a->func)->volatility == VOLATILITY_VOLATILE)
        return false;
    if (a->kind == EXPR_CONST)
    {
        if (a->value.null || b->value.null)
            return a->value.null == b->value.null;
        if (type_is_string(a->type)) /* bytes, not SQL's equality: 'a' is not 'a ' here */
            return a->value.str.len == b->value.str.len &&
                   memcmp(a->value.str.data, b->value.str.data, (size_t) a->value.str.len) == 0;
        return value_compare(a->type, &a->value, &b->value) == 0;
    }
    for (int32_t i = 0; i < a->arg_count; i++)
        if (!expr_equal(a->args[i], b->args[i]))
            return false;
    return true;
}
