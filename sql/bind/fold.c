/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant folding, done as nodes are made, with the same functions of
 * base/data and base/kernel that run over rows.
 */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/expr.h"

static int128 number_of(const Expr *constant)
{
    return constant->type.id == TYPE_DECIMAL ? datum_decimal(constant->type, &constant->value)
                                             : (int128) constant->value.i;
}

static Error *out_of_range(SqlType type)
{
    return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type_name(type));
}

static Error *division_by_zero(void)
{
    return error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
}

/* Sums and products of two 64-bit values fit in 128 bits. */
static Error *fold_integers(const Expr *expr, Datum *out)
{
    int128 a = expr->args[0]->value.i;
    int128 b = expr->args[1]->value.i;
    int128 result = 0;
    if ((expr->op == '/' || expr->op == '%') && b == 0)
        return division_by_zero();
    switch (expr->op)
    {
    case '+':
        result = a + b;
        break;
    case '-':
        result = a - b;
        break;
    case '*':
        result = a * b;
        break;
    case '/':
        result = a / b;
        break;
    default:
        ASSERT(expr->op == '%');
        result = a % b;
        break;
    }
    int128 least = expr->type.id == TYPE_SMALLINT ? INT16_MIN : expr->type.id == TYPE_INTEGER ? INT32_MIN : INT64_MIN;
    if (result < least || result > -(least + 1))
        return out_of_range(expr->type);
    out->i = (int64_t) result;
    return NULL;
}

static Error *fold_decimals(const Expr *expr, Datum *out)
{
    const Expr *left = expr->args[0];
    const Expr *right = expr->args[1];
    int128 a = number_of(left);
    int128 b = number_of(right);
    int128 result = 0;
    switch (expr->op)
    {
    case '+':
        TRY(decimal_add(a, b, &result));
        break;
    case '-':
        TRY(decimal_sub(a, b, &result));
        break;
    case '*':
        TRY(decimal_mul(a, b, &result));
        TRY(decimal_rescale(result, left->type.scale + right->type.scale, expr->type.scale, false, &result));
        break;
    case '/':
        TRY(decimal_div(a, left->type.scale, b, right->type.scale, expr->type.scale, &result));
        break;
    default:
        ASSERT(expr->op == '%');
        if (b == 0)
            return division_by_zero();
        result = a % b;
        break;
    }
    if (!decimal_fits(result, expr->type.precision))
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "Numeric data overflow (result precision)");
    *out = decimal_datum(expr->type, result);
    return NULL;
}

/* False for what rows must tell: infinities and NaN have their own rules there. */
static bool fold_doubles(const Expr *expr, Datum *out)
{
    double a = expr->args[0]->value.f;
    double b = expr->args[1]->value.f;
    double result;
    if (expr->op == '+')
        result = a + b;
    else if (expr->op == '-')
        result = a - b;
    else if (expr->op == '*')
        result = a * b;
    else if (expr->op == '/' && b != 0)
        result = a / b;
    else
        return false;
    if (expr->type.id == TYPE_REAL)
        result = (double) (float) result;
    if (!(result - result == 0)) /* not finite */
        return false;
    out->f = result;
    return true;
}

static Error *fold_arith(const Expr *expr, Datum *out, bool *done)
{
    if (type_is_integer(expr->type))
        return fold_integers(expr, out);
    if (expr->type.id == TYPE_DECIMAL)
        return fold_decimals(expr, out);
    *done = fold_doubles(expr, out);
    return NULL;
}

static Error *fold_negate(const Expr *expr, Datum *out)
{
    const Expr *arg = expr->args[0];
    if (expr->type.id == TYPE_DECIMAL)
        *out = decimal_datum(expr->type, -number_of(arg));
    else if (!type_is_integer(expr->type))
        out->f = -arg->value.f;
    else if (arg->value.i == INT64_MIN || (expr->type.id == TYPE_INTEGER && arg->value.i == INT32_MIN) ||
             (expr->type.id == TYPE_SMALLINT && arg->value.i == INT16_MIN))
        return out_of_range(expr->type);
    else
        out->i = -arg->value.i;
    return NULL;
}

static bool compare_holds(char op, int order)
{
    switch (op)
    {
    case '=':
        return order == 0;
    case '!':
        return order != 0;
    case '<':
        return order < 0;
    case '>':
        return order > 0;
    case 'l':
        return order <= 0;
    default:
        ASSERT(op == 'g');
        return order >= 0;
    }
}

static bool any_null(const Expr *expr)
{
    for (int32_t i = 0; i < expr->arg_count; i++)
        if (expr_is_null_const(expr->args[i]))
            return true;
    return false;
}

/* The value of a strict node over constants that are not null; *done = false: not to be told now. */
static Error *fold_strict(Arena *arena, const Expr *expr, Datum *out, bool *done)
{
    switch (expr->kind)
    {
    case EXPR_ARITH:
        return fold_arith(expr, out, done);
    case EXPR_NEGATE:
        return fold_negate(expr, out);
    case EXPR_COMPARE:
        out->i =
            compare_holds(expr->op, value_compare(expr->args[0]->type, &expr->args[0]->value, &expr->args[1]->value));
        return NULL;
    case EXPR_CAST:
        return value_cast(arena, expr->args[0]->type, &expr->args[0]->value, expr->type, (ValueMode) expr->cast_mode,
                          out);
    case EXPR_FUNC:
        *done = expr_can_fold_func();
        return *done ? expr_fold_func(arena, expr, out) : NULL;
    default:
        *done = false;
        return NULL;
    }
}

static bool is_strict(const Expr *expr)
{
    return expr->kind == EXPR_ARITH || expr->kind == EXPR_NEGATE || expr->kind == EXPR_COMPARE ||
           expr->kind == EXPR_CAST || expr->kind == EXPR_FUNC || expr->kind == EXPR_LIKE;
}

Error *expr_fold(Arena *arena, Expr *expr, Expr **out)
{
    *out = expr;
    if (!is_strict(expr) || expr->arg_count == 0)
        return NULL;
    bool all_const = true;
    for (int32_t i = 0; i < expr->arg_count; i++)
        all_const = all_const && expr_is_const(expr->args[i]);
    Datum value = {.null = any_null(expr)};
    bool done = true;
    if (!value.null &&
        (!all_const || (expr->kind == EXPR_FUNC && func_row((FuncId) expr->func)->volatility != VOLATILITY_IMMUTABLE)))
        return NULL;
    if (!value.null)
    {
        Error *error = fold_strict(arena, expr, &value, &done);
        if (error != NULL && !(expr->cast_try && error_is_data(error)))
            return error_at(error, expr->position);
        value.null = value.null || error != NULL;
        error_free(error);
    }
    if (done)
    {
        *out = expr_constant(arena, expr->type, value);
        (*out)->position = expr->position;
    }
    return NULL;
}
