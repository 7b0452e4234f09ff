/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interval arithmetic over what statistics say of columns: from it follow the
 * widths of values in rows, and which sums cannot leave 64 bits.  Statistics
 * are of the snapshot the query reads, and min and max are exact, so bounds
 * are promises, not guesses; estimates of distinct values never come in here.
 */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "src/plan/planner.h"

#include <string.h>

static const Bounds UNKNOWN = {.known = false};
#define BOUNDS_MAX ((__int128) 1 << 120) /* beyond this nothing is promised */

static Bounds known(__int128 min, __int128 max)
{
    if (min < -BOUNDS_MAX || max > BOUNDS_MAX)
        return UNKNOWN;
    return (Bounds){.known = true, .min = min, .max = max};
}

ColumnFact *fact_of(Planner *planner, ColumnId column)
{
    Plan *plan = planner->plan;
    if (column >= plan->fact_count)
    {
        int32_t count = planner->statement->column_count + 16;
        ColumnFact *facts = ARENA_ARRAY(planner->arena, ColumnFact, count);
        if (plan->fact_count > 0)
            memcpy(facts, plan->facts, sizeof(ColumnFact) * (size_t) plan->fact_count);
        for (int32_t k = plan->fact_count; k < count; k++)
            facts[k].nullable = true;
        plan->facts = facts;
        plan->fact_count = count;
    }
    return &plan->facts[column];
}

/* Columns of tables: bounds and nulls as the statistics have them. */
void facts_begin(Planner *planner)
{
    for (ColumnId column = 0; column < planner->statement->column_count; column++)
    {
        ColumnFact *fact = fact_of(planner, column);
        const BoundColumn *bound = &planner->statement->columns[column];
        if (bound->table == NULL)
            continue;
        const CatalogColumn *base = &bound->table->columns[bound->ordinal];
        if (table_is_sysview(bound->table))
            continue;
        __int128 min, max;
        fact->nullable = !base->not_null && base->stats.null_count > 0;
        if (base->stats.has_range && datum_as_int128(base->type, &base->stats.min, &min) &&
            datum_as_int128(base->type, &base->stats.max, &max))
            fact->bounds = known(min, max);
    }
}

static int32_t scale_of(SqlType type)
{
    return type.id == TYPE_DECIMAL ? type.scale : 0;
}

static bool is_exact_number(SqlType type)
{
    return type_is_integer(type) || type.id == TYPE_DECIMAL;
}

static Bounds rescaled(Bounds bounds, int32_t from, int32_t to)
{
    if (!bounds.known || from == to)
        return bounds;
    if (to > from)
    {
        __int128 factor = int128_pow10(to - from), limit = BOUNDS_MAX / factor;
        if (bounds.min < -limit || bounds.max > limit)
            return UNKNOWN;
        return known(bounds.min * factor, bounds.max * factor);
    }
    __int128 factor = int128_pow10(from - to); /* cut or rounded: one more either way */
    return known(bounds.min / factor - 1, bounds.max / factor + 1);
}

Bounds bounds_united(Bounds a, Bounds b)
{
    if (!a.known || !b.known)
        return UNKNOWN;
    return known(a.min < b.min ? a.min : b.min, a.max > b.max ? a.max : b.max);
}

static Bounds product(Bounds a, Bounds b)
{
    __int128 corners[4][2] = {{a.min, b.min}, {a.min, b.max}, {a.max, b.min}, {a.max, b.max}};
    __int128 min = 0, max = 0;
    for (int32_t k = 0; k < 4; k++)
    {
        __int128 value;
        if (__builtin_mul_overflow(corners[k][0], corners[k][1], &value))
            return UNKNOWN;
        min = k == 0 || value < min ? value : min;
        max = k == 0 || value > max ? value : max;
    }
    return known(min, max);
}

static __int128 magnitude(Bounds bounds)
{
    __int128 low = bounds.min < 0 ? -bounds.min : bounds.min, high = bounds.max < 0 ? -bounds.max : bounds.max;
    return low > high ? low : high;
}

static Bounds arith_bounds(const Plan *plan, const Expr *expr)
{
    const Expr *x = expr->args[0], *y = expr->args[1];
    if (!is_exact_number(expr->type) || !is_exact_number(x->type) || !is_exact_number(y->type))
        return UNKNOWN;
    Bounds a = plan_bounds(plan, x), b = plan_bounds(plan, y);
    int32_t scale = scale_of(expr->type);
    if (!a.known)
        return UNKNOWN;
    if (expr->op == '/' && type_is_integer(expr->type))
        return known(-magnitude(a), magnitude(a));
    if (!b.known)
        return UNKNOWN;
    switch (expr->op)
    {
    case '+':
    case '-':
        a = rescaled(a, scale_of(x->type), scale);
        b = rescaled(b, scale_of(y->type), scale);
        if (!a.known || !b.known)
            return UNKNOWN;
        return expr->op == '+' ? known(a.min + b.min, a.max + b.max) : known(a.min - b.max, a.max - b.min);
    case '*':
        return rescaled(product(a, b), scale_of(x->type) + scale_of(y->type), scale);
    case '%':
        if (scale_of(x->type) != scale || scale_of(y->type) != scale)
            return UNKNOWN;
        return known(-magnitude(b), magnitude(b));
    default:
        return UNKNOWN;
    }
}

static Bounds type_bounds(SqlType type)
{
    switch (type.id)
    {
    case TYPE_SMALLINT:
        return known(INT16_MIN, INT16_MAX);
    case TYPE_INTEGER:
        return known(INT32_MIN, INT32_MAX);
    case TYPE_BOOLEAN:
        return known(0, 1);
    default:
        return UNKNOWN;
    }
}

static Bounds cast_bounds(const Plan *plan, const Expr *expr)
{
    const Expr *arg = expr->args[0];
    Bounds bounds = plan_bounds(plan, arg);
    if (arg->type.id == TYPE_DATE && expr->type.id == TYPE_TIMESTAMP)
        return bounds.known ? known(bounds.min * DAY_US, bounds.max * DAY_US) : UNKNOWN;
    if (arg->type.id == expr->type.id && !type_is_number(expr->type))
        return bounds;
    if (!is_exact_number(arg->type) || !is_exact_number(expr->type))
        return type_bounds(expr->type);
    return rescaled(bounds, scale_of(arg->type), scale_of(expr->type));
}

static Bounds case_bounds(const Plan *plan, const Expr *expr)
{
    Bounds all = plan_bounds(plan, expr->args[expr->arg_count - 1]);
    bool only_null = expr->args[expr->arg_count - 1]->kind == EXPR_CONST && expr->args[expr->arg_count - 1]->value.null;
    for (int32_t k = 1; k < expr->arg_count; k += 2)
    {
        bool null = expr->args[k]->kind == EXPR_CONST && expr->args[k]->value.null;
        if (null)
            continue;
        Bounds one = plan_bounds(plan, expr->args[k]);
        all = only_null ? one : bounds_united(all, one);
        only_null = false;
    }
    return all;
}

Bounds plan_bounds(const Plan *plan, const Expr *expr)
{
    Bounds all;
    __int128 value;
    switch (expr->kind)
    {
    case EXPR_COLUMN:
        return expr->column < plan->fact_count ? plan->facts[expr->column].bounds : UNKNOWN;
    case EXPR_CONST:
        return datum_as_int128(expr->type, &expr->value, &value) ? known(value, value) : type_bounds(expr->type);
    case EXPR_ARITH:
        return arith_bounds(plan, expr);
    case EXPR_NEGATE:
        all = plan_bounds(plan, expr->args[0]);
        return all.known ? known(-all.max, -all.min) : UNKNOWN;
    case EXPR_CASE:
        return case_bounds(plan, expr);
    case EXPR_COALESCE:
        all = plan_bounds(plan, expr->args[0]);
        for (int32_t k = 1; k < expr->arg_count; k++)
            all = bounds_united(all, plan_bounds(plan, expr->args[k]));
        return all;
    case EXPR_NULLIF:
        return plan_bounds(plan, expr->args[0]);
    case EXPR_CAST:
        return cast_bounds(plan, expr);
    case EXPR_FUNC:
        return func_bounds(plan, expr, type_bounds(expr->type));
    default:
        return type_bounds(expr->type);
    }
}

Rep plan_rep(const Plan *plan, const Expr *expr)
{
    Rep own = type_rep(expr->type);
    if (!rep_is_integer(own))
        return own;
    Bounds bounds = plan_bounds(plan, expr);
    if (!bounds.known)
        return own;
    static const Rep REPS[] = {REP_I8, REP_I16, REP_I32, REP_I64};
    for (int32_t k = 0; k < 4 && REPS[k] < own; k++)
    {
        __int128 limit = (__int128) 1 << (8 * rep_size(REPS[k]) - 1);
        if (bounds.min >= -limit && bounds.max < limit)
            return REPS[k];
    }
    return own;
}

bool plan_nullable(const Plan *plan, const Expr *expr)
{
    switch (expr->kind)
    {
    case EXPR_COLUMN:
        return expr->column >= plan->fact_count || plan->facts[expr->column].nullable;
    case EXPR_CONST:
        return expr->value.null;
    case EXPR_IS_NULL:
    case EXPR_IS_TRUE:
        return false;
    case EXPR_COALESCE:
        for (int32_t k = 0; k < expr->arg_count; k++)
            if (!plan_nullable(plan, expr->args[k]))
                return false;
        return true;
    case EXPR_CASE: /* a condition that is null is not true */
        for (int32_t k = 1; k < expr->arg_count; k += 2)
            if (plan_nullable(plan, expr->args[k]))
                return true;
        return plan_nullable(plan, expr->args[expr->arg_count - 1]);
    case EXPR_NULLIF:
    case EXPR_SUBQUERY:
        return true;
    default:
        if (expr->cast_try || (expr->kind == EXPR_FUNC && (func_row((FuncId) expr->func)->flags & FUNC_NULLS) != 0))
            return true;
        for (int32_t k = 0; k < expr->arg_count; k++)
            if (plan_nullable(plan, expr->args[k]))
                return true;
        return false;
    }
}
