/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/rel/expr_tool.h"

#include "base/core/assert.h"
#include "base/data/numeric.h"

#include <string.h>

void expr_columns(Arena *arena, const Expr *expr, ColumnSet *set)
{
    if (expr->kind == EXPR_COLUMN)
        column_set_add(arena, set, expr->column);
    if (expr->kind == EXPR_SUBQUERY)
        column_set_add_all(arena, set, expr->subquery->outer, expr->subquery->outer_count);
    for (int32_t k = 0; k < expr->arg_count; k++)
        expr_columns(arena, expr->args[k], set);
}

bool expr_has_subquery(const Expr *expr)
{
    if (expr->kind == EXPR_SUBQUERY)
        return true;
    for (int32_t k = 0; k < expr->arg_count; k++)
        if (expr_has_subquery(expr->args[k]))
            return true;
    return false;
}

bool expr_is_column(const Expr *expr, ColumnId column)
{
    return expr->kind == EXPR_COLUMN && expr->column == column;
}

/* Null in one of `columns` makes the value null. */
static bool is_strict(const Expr *expr, const ColumnSet *columns)
{
    switch (expr->kind)
    {
    case EXPR_COLUMN:
        return column_set_has(columns, expr->column);
    case EXPR_ARITH:
    case EXPR_NEGATE:
    case EXPR_COMPARE:
    case EXPR_CAST:
    case EXPR_LIKE:
    case EXPR_FUNC:
    case EXPR_NOT:
        for (int32_t k = 0; k < expr->arg_count; k++)
            if (is_strict(expr->args[k], columns))
                return true;
        return false;
    case EXPR_IN_LIST:
    case EXPR_NULLIF:
        return is_strict(expr->args[0], columns);
    default:
        return false;
    }
}

bool expr_refuses_nulls(const Expr *condition, const ColumnSet *columns)
{
    switch (condition->kind)
    {
    case EXPR_AND:
        for (int32_t k = 0; k < condition->arg_count; k++)
            if (expr_refuses_nulls(condition->args[k], columns))
                return true;
        return false;
    case EXPR_OR:
        for (int32_t k = 0; k < condition->arg_count; k++)
            if (!expr_refuses_nulls(condition->args[k], columns))
                return false;
        return true;
    case EXPR_NOT:
        if (condition->args[0]->kind == EXPR_IS_NULL)
            return is_strict(condition->args[0]->args[0], columns);
        return is_strict(condition->args[0], columns);
    default:
        return is_strict(condition, columns);
    }
}

Expr *expr_replace(Arena *arena, Expr *expr, ExprSwap *swap, void *context)
{
    if (expr->kind == EXPR_COLUMN)
    {
        Expr *other = swap(context, expr);
        return other == NULL ? expr : other;
    }
    Expr *copy = NULL;
    for (int32_t k = 0; k < expr->arg_count; k++)
    {
        Expr *arg = expr_replace(arena, expr->args[k], swap, context);
        if (arg == expr->args[k])
            continue;
        if (copy == NULL)
        {
            copy = arena_memdup(arena, expr, sizeof(Expr));
            copy->args = arena_memdup(arena, expr->args, sizeof(Expr *) * (size_t) expr->arg_count);
        }
        if (arg->nullable && expr->kind != EXPR_IS_NULL && expr->kind != EXPR_IS_TRUE)
            copy->nullable = true;
        copy->args[k] = arg;
    }
    return copy == NULL ? expr : copy;
}

Expr *expr_compare_make(Arena *arena, char op, Expr *a, Expr *b)
{
    Expr *args[2] = {a, b};
    Expr *expr = expr_new(arena, EXPR_COMPARE, type_make(TYPE_BOOLEAN), 2, args);
    expr->op = op;
    return expr;
}

Expr *expr_or_list(Arena *arena, Expr *const *args, int32_t count)
{
    if (count == 0)
        return expr_bool(arena, false);
    return count == 1 ? args[0] : expr_new(arena, EXPR_OR, type_make(TYPE_BOOLEAN), count, args);
}

Expr *expr_and_list(Arena *arena, Expr *const *args, int32_t count)
{
    if (count == 0)
        return NULL;
    return count == 1 ? args[0] : expr_new(arena, EXPR_AND, type_make(TYPE_BOOLEAN), count, args);
}

Expr *expr_not(Arena *arena, Expr *arg)
{
    if (arg->kind == EXPR_NOT)
        return arg->args[0];
    return expr_new(arena, EXPR_NOT, type_make(TYPE_BOOLEAN), 1, &arg);
}

Expr *expr_cast_make(Arena *arena, Expr *arg, SqlType type)
{
    if (type_equal(arg->type, type))
        return arg;
    return expr_new(arena, EXPR_CAST, type, 1, &arg);
}

Expr *expr_bigint(Arena *arena, int64_t value)
{
    return expr_constant(arena, type_make(TYPE_BIGINT), (Datum){.i = value});
}

void expr_list_add(ExprList *list, Expr *expr)
{
    if (list->count == list->capacity)
    {
        int32_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        Expr **items = ARENA_ARRAY(list->arena, Expr *, capacity);
        if (list->count > 0)
            memcpy(items, list->items, sizeof(Expr *) * (size_t) list->count);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = expr;
}

void expr_list_add_all(ExprList *list, Expr *const *exprs, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        expr_list_add(list, exprs[k]);
}

bool expr_list_has(const ExprList *list, const Expr *expr)
{
    for (int32_t k = 0; k < list->count; k++)
        if (expr_equal(list->items[k], expr))
            return true;
    return false;
}

void expr_list_add_conjuncts(ExprList *list, Expr *condition)
{
    if (condition == NULL)
        return;
    if (condition->kind == EXPR_CONST && !condition->value.null && condition->value.i != 0)
        return;
    if (condition->kind != EXPR_AND)
    {
        expr_list_add(list, condition);
        return;
    }
    for (int32_t k = 0; k < condition->arg_count; k++)
        expr_list_add_conjuncts(list, condition->args[k]);
}

bool expr_is_column_equality(const Expr *expr, ColumnId *a, ColumnId *b)
{
    if (expr->kind != EXPR_COMPARE || expr->op != '=' || expr->args[0]->kind != EXPR_COLUMN ||
        expr->args[1]->kind != EXPR_COLUMN || !type_equal(expr->args[0]->type, expr->args[1]->type))
        return false;
    *a = expr->args[0]->column;
    *b = expr->args[1]->column;
    return *a != *b;
}

bool expr_is_join_key(Arena *arena, const Expr *conjunct, const ColumnSet *left, const Expr **outer, const Expr **inner)
{
    if (conjunct->kind != EXPR_COMPARE || conjunct->op != '=')
        return false;
    ColumnSet a = {0}, b = {0};
    expr_columns(arena, conjunct->args[0], &a);
    expr_columns(arena, conjunct->args[1], &b);
    if (column_set_count(&a) == 0 || column_set_count(&b) == 0)
        return false;
    bool swapped = !column_set_within(&a, left);
    *outer = conjunct->args[swapped ? 1 : 0];
    *inner = conjunct->args[swapped ? 0 : 1];
    return column_set_within(swapped ? &b : &a, left) && !column_set_meets(swapped ? &a : &b, left);
}

char compare_op_swapped(char op)
{
    switch (op)
    {
    case '<':
        return '>';
    case '>':
        return '<';
    case 'l':
        return 'g';
    case 'g':
        return 'l';
    default:
        return op;
    }
}

bool expr_is_column_test(const Expr *expr, const Expr **column, char *op, const Expr **constant)
{
    if (expr->kind != EXPR_COMPARE)
        return false;
    const Expr *a = expr->args[0], *b = expr->args[1];
    *op = expr->op;
    if (a->kind == EXPR_CONST)
    {
        const Expr *swapped = a;
        a = b;
        b = swapped;
        *op = compare_op_swapped(expr->op);
    }
    if (a->kind != EXPR_COLUMN || b->kind != EXPR_CONST || b->value.null)
        return false;
    *column = a;
    *constant = b;
    return true;
}

bool datum_as_int128(SqlType type, const Datum *value, __int128 *out)
{
    if (value->null)
        return false;
    switch (type_rep(type))
    {
    case REP_I8:
    case REP_I16:
    case REP_I32:
    case REP_I64:
        *out = value->i;
        return true;
    case REP_I128:
        *out = i128_get(value->i128);
        return true;
    default:
        return false;
    }
}

Datum datum_from_int128(SqlType type, __int128 value)
{
    Datum datum = {.null = false};
    if (type_rep(type) == REP_I128)
        datum.i128 = i128_put(value);
    else
        datum.i = (int64_t) value;
    return datum;
}

bool datum_as_double(SqlType type, const Datum *value, double *out)
{
    __int128 integer;
    if (value->null)
        return false;
    if (datum_as_int128(type, value, &integer))
    {
        *out = (double) integer;
        if (type.id == TYPE_DECIMAL)
            *out /= (double) int128_pow10(type.scale);
        return true;
    }
    if (type_rep(type) != REP_F32 && type_rep(type) != REP_F64)
        return false;
    *out = value->f;
    return true;
}
