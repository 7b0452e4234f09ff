/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subqueries become joins.
 *
 *     where exists (select .. from t where t.x = o.x and ..)   o SEMI t on t.x = o.x
 *     where o.x not in (select y from t)                       o ANTI t on o.x = y, kept only where no null interferes
 *     (select sum(b) from t)                                   o LEFT (one row)
 *     (select sum(b) from t where t.x = o.x)                   o LEFT (t grouped by x) on x = o.x
 *     exists (..), x in (..) inside an expression               o LEFT (t counted by its keys) -> count > 0
 *
 * A conjunct of the subquery that reads a column of the outer query is pulled
 * up to the join.  What cannot be pulled is refused with 0A000.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

/* --- EXISTS and IN as conjuncts ------------------------------------------ */

static Error *join_exists(Build *build, const Expr *expr, bool negated, Rel **rel)
{
    Rel *inner;
    Pull pull;
    TRY(pull_subquery(build, expr, true, &pull, &inner));
    if (pull.lone_agg && inner->kind != REL_FILTER)
    { /* always one row */
        Expr *never = expr_boolean(build->arena, false);
        *rel = rel_filter(build->arena, *rel, &never, negated ? 1 : 0);
        return NULL;
    }
    if (pull.lone_agg && pull.pulled.count > 0)
        return build_refuse(expr, "EXISTS over a correlated aggregate with HAVING");
    *rel = rel_join(build->arena, negated ? JOIN_ANTI : JOIN_SEMI, *rel, inner, pull.pulled.items, pull.pulled.count);
    return NULL;
}

/* Beside *rel one row: how many rows the subquery gives, and how many that are not null. */
static Error *join_counts(Build *build, const Expr *expr, Rel **rel, Expr **rows, Expr **values)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    Rel *again, *agg = rel_new(arena, REL_AGG, 1);
    TRY(build_query(build, expr->subquery, &again));
    agg->inputs[0] = again;
    agg->agg_count = 2;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, 2);
    agg->aggs[0].kind = AGG_COUNT_STAR;
    agg->aggs[0].column = bound_add_column(arena, statement, "rows", type_make(TYPE_BIGINT), false);
    agg->aggs[1].kind = AGG_COUNT;
    agg->aggs[1].arg = expr_column(arena, statement, expr->subquery->targets[0].column);
    agg->aggs[1].column = bound_add_column(arena, statement, "values", type_make(TYPE_BIGINT), false);
    *rows = expr_column(arena, statement, agg->aggs[0].column);
    *values = expr_column(arena, statement, agg->aggs[1].column);
    *rel = rel_join_set(arena, *rel, agg, NULL, 0);
    return NULL;
}

static Expr *is_null(Arena *arena, Expr *arg)
{
    Expr *test = expr_make(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &arg);
    test->nullable = false;
    return test;
}

/* x NOT IN (rows), where none is equal: true if there are no rows, or neither x nor any of them is null. */
static Error *filter_not_in(Build *build, const Expr *expr, Expr *left, Rel **rel)
{
    Arena *arena = build->arena;
    Expr *rows, *values;
    TRY(join_counts(build, expr, rel, &rows, &values));
    Expr *all[2] = {expr_compare_make(arena, '=', rows, values), expr_not(arena, is_null(arena, left))};
    Expr *either[2] = {expr_compare_make(arena, '=', rows, expr_bigint(arena, 0)), expr_and_list(arena, all, 2)};
    Expr *test = expr_or_list(arena, either, 2);
    *rel = rel_filter(arena, *rel, &test, 1);
    return NULL;
}

static Error *join_in(Build *build, const Expr *expr, bool negated, Rel **rel)
{
    Arena *arena = build->arena;
    Rel *inner;
    Pull pull;
    Expr *left = expr->args[0];
    TRY(build_expr(build, &left, rel));
    TRY(pull_subquery(build, expr, false, &pull, &inner));
    if (pull.lone_agg && pull.pulled.count > 0 && negated)
        return build_refuse(expr, "NOT IN over a correlated aggregate");
    Expr *right = expr_column(arena, build->statement, expr->subquery->targets[0].column);
    Expr *equal = expr_compare_make(arena, '=', left, right);
    bool nulls = left->nullable || right->nullable;
    if (negated && nulls && pull.pulled.count > 0)
    { /* a null is as good as equal */
        Expr *any[3] = {equal, is_null(arena, left), is_null(arena, right)};
        equal = expr_or_list(arena, any, 3);
    }
    expr_list_add(&pull.pulled, equal);
    *rel = rel_join(arena, negated ? JOIN_ANTI : JOIN_SEMI, *rel, inner, pull.pulled.items, pull.pulled.count);
    if (negated && nulls && pull.pulled.count == 1)
        return filter_not_in(build, expr, left, rel);
    return NULL;
}

/* --- values -------------------------------------------------------------- */

/* Not more than one row: (count, min) of the rows, and an error if count > 1. */
static void keep_one_row(Build *build, ColumnId *target, Rel **rel)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    Expr *value = expr_column(arena, statement, *target);
    Rel *agg = rel_new(arena, REL_AGG, 1);
    agg->inputs[0] = *rel;
    ColumnId rows = bound_add_column(arena, statement, "rows", type_make(TYPE_BIGINT), false);
    *target = bound_add_column(arena, statement, statement->columns[*target].name, value->type, true);
    agg->agg_count = 2;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, 2);
    agg->aggs[0] = (BoundAgg){.kind = AGG_COUNT_STAR, .column = rows};
    agg->aggs[1] = (BoundAgg){.kind = AGG_MIN, .arg = value, .column = *target};
    Expr *test = expr_compare_make(arena, 'l', expr_column(arena, statement, rows), expr_bigint(arena, 1));
    Rel *filter = rel_new(arena, REL_FILTER, 1);
    filter->inputs[0] = agg;
    filter->conjunct_count = 1;
    filter->conjuncts = arena_memdup(arena, &test, sizeof test);
    filter->must_hold = true;
    *rel = filter;
}

/* The aggregate counts under an expression over `agg`: they give 0, not null, where nothing matched. */
typedef struct CountSwap
{
    Build *build;
    const Rel *agg;
} CountSwap;

static Expr *count_swap(void *context, const Expr *column)
{
    CountSwap *swap = context;
    for (int32_t k = 0; k < swap->agg->agg_count; k++)
    {
        const BoundAgg *agg = &swap->agg->aggs[k];
        if (agg->column != column->column)
            continue;
        swap->build->statement->columns[agg->column].nullable = true;
        Expr *args[2] = {expr_column(swap->build->arena, swap->build->statement, agg->column),
                         expr_bigint(swap->build->arena, 0)};
        if (agg->kind != AGG_COUNT && agg->kind != AGG_COUNT_STAR)
            return args[0];
        Expr *counted = expr_make(swap->build->arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
        counted->nullable = false;
        return counted;
    }
    return NULL;
}

static Error *scalar_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Rel *inner;
    Pull pull;
    TRY(pull_subquery(build, expr, false, &pull, &inner));
    ColumnId target = expr->subquery->targets[0].column;
    if (pull.pulled.count == 0)
    {
        if (!rel_is_one_row(inner))
            keep_one_row(build, &target, &inner);
        build->statement->columns[target].nullable = true;
        *rel = rel_join(arena, JOIN_LEFT, *rel, inner, NULL, 0);
        *value = expr_column(arena, build->statement, target);
        return NULL;
    }
    if (!pull.lone_agg)
        return build_refuse(expr, "a correlated scalar subquery without an aggregate");
    if (inner->kind == REL_PROJECT && inner->inputs[0]->kind == REL_AGG && inner->named_count == 1)
    { /* compute above the join, where a count can be told from no row */
        CountSwap swap = {build, inner->inputs[0]};
        *value = expr_replace(arena, inner->named[0].expr, count_swap, &swap);
        inner = inner->inputs[0];
    }
    else if (inner->kind == REL_AGG)
    {
        CountSwap swap = {build, inner};
        *value = expr_replace(arena, expr_column(arena, build->statement, target), count_swap, &swap);
    }
    else
        return build_refuse(expr, "a correlated scalar subquery of this form");
    *rel = rel_join(arena, JOIN_LEFT, *rel, inner, pull.pulled.items, pull.pulled.count);
    return NULL;
}

/* How many rows of `inner` fit each row of *rel, by the equalities in `on`: 0 where none does. */
static Error *join_matches(Build *build, Pull *pull, const ExprList *on, Rel *inner, Rel **rel, Expr **count)
{
    Arena *arena = build->arena;
    Rel *agg = rel_new(arena, REL_AGG, 1);
    agg->inputs[0] = inner;
    agg->agg_count = 1;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, 1);
    ColumnId matches = bound_add_column(arena, build->statement, "matches", type_make(TYPE_BIGINT), true);
    agg->aggs[0] = (BoundAgg){.kind = AGG_COUNT_STAR, .column = matches};
    pull->pulled = (ExprList){.arena = arena};
    TRY(pull_through_groups(pull, agg, on));
    *rel = rel_join(arena, JOIN_LEFT, *rel, agg, pull->pulled.items, pull->pulled.count);
    Expr *args[2] = {expr_column(arena, build->statement, matches), expr_bigint(arena, 0)};
    *count = expr_make(arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
    (*count)->nullable = false;
    return NULL;
}

static Error *exists_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Rel *inner;
    Pull pull;
    Expr *count;
    TRY(pull_subquery(build, expr, true, &pull, &inner));
    if (pull.lone_agg)
        return build_refuse(expr, "EXISTS over an aggregate inside an expression");
    ExprList on = pull.pulled;
    TRY(join_matches(build, &pull, &on, inner, rel, &count));
    *value = expr_compare_make(build->arena, expr->negated ? '=' : '>', count, expr_bigint(build->arena, 0));
    return NULL;
}

/* Does x IN give null for want of an equal row?  case when n > 0 then true when rows = 0 then false
 * when x is null or rows <> values then null else false end */
static Error *in_or_null(Build *build, const Expr *expr, Expr *left, Expr *matched, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Expr *rows, *values;
    TRY(join_counts(build, expr, rel, &rows, &values));
    Expr *unknown[2] = {is_null(arena, left), expr_compare_make(arena, '!', rows, values)};
    Expr *args[7] = {matched,
                     expr_boolean(arena, true),
                     expr_compare_make(arena, '=', rows, expr_bigint(arena, 0)),
                     expr_boolean(arena, false),
                     expr_or_list(arena, unknown, 2),
                     expr_constant(arena, type_make(TYPE_BOOLEAN), (Datum){.null = true}),
                     expr_boolean(arena, false)};
    *value = expr_make(arena, EXPR_CASE, type_make(TYPE_BOOLEAN), 7, args);
    (*value)->nullable = true;
    return NULL;
}

static Error *in_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Rel *inner;
    Pull pull;
    Expr *left = expr->args[0], *count;
    TRY(build_expr(build, &left, rel));
    TRY(pull_subquery(build, expr, false, &pull, &inner));
    Expr *right = expr_column(arena, build->statement, expr->subquery->targets[0].column);
    bool nulls = left->nullable || right->nullable;
    if (pull.lone_agg && pull.pulled.count > 0)
        return build_refuse(expr, "IN over a correlated aggregate inside an expression");
    if (nulls && pull.pulled.count > 0)
        return build_refuse(expr, "IN (correlated subquery that may give null) inside an expression");
    ExprList on = pull.pulled;
    expr_list_add(&on, expr_compare_make(arena, '=', left, right));
    TRY(join_matches(build, &pull, &on, inner, rel, &count));
    *value = expr_compare_make(arena, '>', count, expr_bigint(arena, 0));
    if (nulls)
        TRY(in_or_null(build, expr, left, *value, rel, value));
    if (expr->negated)
        *value = expr_not(arena, *value);
    return NULL;
}

Error *build_expr(Build *build, Expr **expr, Rel **rel)
{
    Expr *at = *expr;
    if (!expr_has_subquery(at))
        return NULL;
    if (at->kind == EXPR_SUBQUERY)
    {
        if (at->subquery_kind == SUBQUERY_SCALAR)
            return scalar_value(build, at, rel, expr);
        return at->subquery_kind == SUBQUERY_IN ? in_value(build, at, rel, expr) : exists_value(build, at, rel, expr);
    }
    Expr *copy = arena_memdup(build->arena, at, sizeof(Expr));
    copy->args = arena_memdup(build->arena, at->args, sizeof(Expr *) * (size_t) at->arg_count);
    for (int32_t k = 0; k < at->arg_count; k++)
        TRY(build_expr(build, &copy->args[k], rel));
    *expr = copy;
    return NULL;
}

static Error *build_conjunct(Build *build, Expr *conjunct, ExprList *plain, Rel **rel)
{
    const Expr *test = conjunct->kind == EXPR_NOT ? conjunct->args[0] : conjunct;
    if (test->kind == EXPR_SUBQUERY && test->subquery_kind != SUBQUERY_SCALAR)
    {
        bool negated = test->negated != (conjunct->kind == EXPR_NOT);
        return test->subquery_kind == SUBQUERY_EXISTS ? join_exists(build, test, negated, rel)
                                                      : join_in(build, test, negated, rel);
    }
    TRY(build_expr(build, &conjunct, rel));
    expr_list_add(plain, conjunct);
    return NULL;
}

Error *build_filter(Build *build, Expr *condition, Rel **rel)
{
    ExprList conjuncts = {.arena = build->arena}, plain = {.arena = build->arena};
    expr_list_add_conjuncts(&conjuncts, condition);
    for (int32_t k = 0; k < conjuncts.count; k++)
        TRY(build_conjunct(build, conjuncts.items[k], &plain, rel));
    *rel = rel_filter(build->arena, *rel, plain.items, plain.count);
    return NULL;
}
