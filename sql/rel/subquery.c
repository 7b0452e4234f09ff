/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subqueries become joins.
 *
 *     where exists (select .. from t where t.x = o.x and ..)   o SEMI t on t.x = o.x
 *     where o.x not in (select y from t)                       o ANTI t on o.x = y, kept only where no null interferes
 *     (select b from t where t.x = o.x)                        FILTER "not more than one" (o LEFT (count, b of t by x))
 *     anything else in an expression                           subquery_value.c
 *
 * A join whose right side still reads the left one when it is made is a dependent join, for unnest.c.
 */
#include "sql/rel/subquery.h"

#include "base/core/assert.h"

Error *build_refuse(int32_t position, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", what), position);
}

/* --- EXISTS and IN as conjuncts ------------------------------------------ */

static Error *join_exists(Build *build, const Expr *expr, bool negated, Rel **rel)
{
    Rel *inner;
    ExprList pulled = {.arena = build->arena};
    TRY(build_query(build, expr->subquery, &inner));
    pull_conjuncts(build, &inner, true, &pulled);
    *rel = rel_join(build->arena, negated ? JOIN_ANTI : JOIN_SEMI, *rel, inner, pulled.items, pulled.count);
    return NULL;
}

/* x NOT IN (rows), where none is equal: true if there are no rows, or neither x nor any of them is null. */
static Error *filter_not_in(Build *build, const Expr *expr, Expr *left, Rel **rel)
{
    Arena *arena = build->arena;
    Expr *values[2];
    TRY(join_row_counts(build, expr, rel, values));
    Expr *all[2] = {expr_compare_make(arena, '=', values[0], values[1]), expr_not(arena, expr_null_test(arena, left))};
    Expr *either[2] = {expr_compare_make(arena, '=', values[0], expr_bigint(arena, 0)), expr_and_list(arena, all, 2)};
    Expr *test = expr_or_list(arena, either, 2);
    *rel = rel_filter(arena, *rel, &test, 1);
    return NULL;
}

static Error *join_in(Build *build, const Expr *expr, bool negated, Rel **rel)
{
    Arena *arena = build->arena;
    Rel *inner;
    ExprList on = {.arena = arena};
    Expr **left = arena_memdup(arena, expr->args, sizeof(Expr *) * (size_t) expr->arg_count);
    for (int32_t k = 0; k < expr->arg_count; k++)
        TRY(build_expr(build, &left[k], rel));
    TRY(build_query(build, expr->subquery, &inner));
    bool lone = rel_is_free(build, inner), nulls = false;
    pull_conjuncts(build, &inner, false, &on);
    for (int32_t k = 0; k < expr->arg_count; k++)
    {
        Expr *right = expr_column(arena, build->statement, expr->subquery->targets[k].column);
        Expr *equal = expr_compare_make(arena, '=', left[k], right);
        nulls |= left[k]->nullable || right->nullable;
        if (negated && (left[k]->nullable || right->nullable) && (!lone || expr->arg_count > 1))
        { /* a null is as good as equal */
            Expr *any[3] = {equal, expr_null_test(arena, left[k]), expr_null_test(arena, right)};
            equal = expr_or_list(arena, any, 3);
        }
        expr_list_add(&on, equal);
    }
    *rel = rel_join(arena, negated ? JOIN_ANTI : JOIN_SEMI, *rel, inner, on.items, on.count);
    if (negated && nulls && lone && expr->arg_count == 1)
        return filter_not_in(build, expr, left[0], rel);
    return NULL;
}

/* --- conditions ------------------------------------------------------------ */

static bool is_join_test(const Expr *conjunct)
{
    const Expr *test = conjunct->kind == EXPR_NOT ? conjunct->args[0] : conjunct;
    return test->kind == EXPR_SUBQUERY &&
           (test->subquery_kind == SUBQUERY_EXISTS || test->subquery_kind == SUBQUERY_IN);
}

static Error *join_test(Build *build, Expr *conjunct, Rel **rel)
{
    const Expr *test = conjunct->kind == EXPR_NOT ? conjunct->args[0] : conjunct;
    bool negated = test->negated != (conjunct->kind == EXPR_NOT);
    return test->subquery_kind == SUBQUERY_EXISTS ? join_exists(build, test, negated, rel)
                                                  : join_in(build, test, negated, rel);
}

/* What needs no subquery is tested first: fewer rows for which one is asked. */
Error *build_filter(Build *build, Expr *condition, Rel **rel)
{
    ExprList conjuncts = {.arena = build->arena}, plain = {.arena = build->arena}, rest = {.arena = build->arena};
    expr_list_add_conjuncts(&conjuncts, condition);
    for (int32_t k = 0; k < conjuncts.count; k++)
        if (!expr_has_subquery(conjuncts.items[k]))
            expr_list_add(&plain, conjuncts.items[k]);
    *rel = rel_filter(build->arena, *rel, plain.items, plain.count);
    for (int32_t k = 0; k < conjuncts.count; k++)
    {
        Expr *conjunct = conjuncts.items[k];
        if (!expr_has_subquery(conjunct))
            continue;
        if (is_join_test(conjunct))
        {
            TRY(join_test(build, conjunct, rel));
            continue;
        }
        TRY(build_expr(build, &conjunct, rel));
        expr_list_add(&rest, conjunct);
    }
    *rel = rel_filter(build->arena, *rel, rest.items, rest.count);
    return NULL;
}

/* --- expressions -------------------------------------------------------------- */

static Expr *is_true(Arena *arena, Expr *condition)
{
    Expr *test = expr_new(arena, EXPR_IS_TRUE, type_make(TYPE_BOOLEAN), 1, &condition);
    test->nullable = false;
    return test;
}

/* The branches of a CASE, each under the guard of what must be true for it to be computed. */
static Error *build_case(Build *build, Expr *copy, Rel **rel)
{
    Arena *arena = build->arena;
    Expr *outer = build->guard, *reached = outer;
    for (int32_t k = 0; k < copy->arg_count; k++)
    {
        build->guard = reached;
        if (k % 2 == 1)
            build->guard = expr_and(arena, reached, is_true(arena, copy->args[k - 1]));
        TRY(build_expr(build, &copy->args[k], rel));
        if (k % 2 == 1)
            reached = expr_and(arena, reached, expr_not(arena, is_true(arena, copy->args[k - 1])));
    }
    build->guard = outer;
    return NULL;
}

Error *build_expr(Build *build, Expr **expr, Rel **rel)
{
    Expr *at = *expr;
    if (!expr_has_subquery(at))
        return NULL;
    if (at->kind == EXPR_SUBQUERY)
        return subquery_value(build, at, rel, expr);
    Expr *copy = arena_memdup(build->arena, at, sizeof(Expr));
    copy->args = arena_memdup(build->arena, at->args, sizeof(Expr *) * (size_t) at->arg_count);
    *expr = copy;
    if (at->kind == EXPR_CASE)
        return build_case(build, copy, rel);
    for (int32_t k = 0; k < at->arg_count; k++)
        TRY(build_expr(build, &copy->args[k], rel));
    return NULL;
}
