/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of subqueries, as columns of one row that is joined to each row:
 *
 *     (select sum(b) from t)                       o LEFT (one row)
 *     (select sum(b) from t where t.x = o.x)       o LEFT (t grouped by x) on x = o.x
 *     exists (..), x in (..)                       count of matching rows > 0
 *     x < all (select b from t)                    of t: count(*), count(b), min(b), max(b)
 *
 * The null rules of IN, ANY and ALL are CASEs over such counts.
 */
#include "sql/rel/rel_tool.h"
#include "sql/rel/subquery.h"

#include "base/core/assert.h"

Expr *expr_null_test(Arena *arena, Expr *arg)
{
    Expr *test = expr_new(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &arg);
    test->nullable = false;
    return test;
}

static Expr *null_boolean(Arena *arena)
{
    Expr *null = expr_constant(arena, type_make(TYPE_BOOLEAN), (Datum){.null = true});
    null->nullable = true;
    return null;
}

static Expr *case_make(Arena *arena, SqlType type, Expr *const *args, int32_t count)
{
    Expr *expr = expr_new(arena, EXPR_CASE, type, count, args);
    expr->nullable = true;
    return expr;
}

/* --- one row beside each row ------------------------------------------------ */

/* An aggregation of all rows of `input` into one. */
static Rel *lone_agg(Build *build, Rel *input, int32_t capacity)
{
    Rel *agg = rel_new(build->arena, REL_AGG, 1);
    agg->inputs[0] = input;
    agg->aggs = ARENA_ARRAY(build->arena, BoundAgg, capacity);
    return agg;
}

/* One more aggregate; its value. arg NULL: of rows. */
static Expr *add_agg(Build *build, Rel *agg, AggKind kind, const char *name, Expr *arg)
{
    bool counts = kind == AGG_COUNT || kind == AGG_COUNT_STAR;
    SqlType type = counts ? type_make(TYPE_BIGINT) : arg->type;
    ColumnId column = bound_add_column(build->arena, build->statement, name, type, !counts);
    agg->aggs[agg->agg_count++] = (BoundAgg){.kind = kind, .arg = arg, .column = column};
    return expr_column(build->arena, build->statement, column);
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
    Arena *arena = swap->build->arena;
    for (int32_t k = 0; k < swap->agg->agg_count; k++)
    {
        const BoundAgg *agg = &swap->agg->aggs[k];
        if (agg->column != column->column)
            continue;
        swap->build->statement->columns[agg->column].nullable = true;
        Expr *args[2] = {expr_column(arena, swap->build->statement, agg->column), expr_bigint(arena, 0)};
        if (agg->kind != AGG_COUNT && agg->kind != AGG_COUNT_STAR)
            return args[0];
        Expr *counted = expr_new(arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
        counted->nullable = false;
        return counted;
    }
    return NULL;
}

static bool projects_volatile(const Rel *rel)
{
    for (int32_t k = 0; k < rel->named_count; k++)
        if (expr_is_volatile(rel->named[k].expr))
            return true;
    return false;
}

/* Projections over an aggregation without groups, grouped by what correlates it: the values are computed above the
 * join, where a count can be told from no row. */
static bool join_grouped(Build *build, Rel *inner, Rel **rel, Expr **values, int32_t count)
{
    Rel *agg = inner;
    ExprList on = {.arena = build->arena};
    while (agg->kind == REL_PROJECT && !projects_volatile(agg))
        agg = agg->inputs[0];
    if (agg->kind != REL_AGG || agg->named_count > 0 || !pull_lone(build, agg, &on))
        return false;
    CountSwap swap = {build, agg};
    for (int32_t k = 0; k < count; k++)
    {
        for (Rel *at = inner; at != agg; at = at->inputs[0])
            values[k] = expr_replace(build->arena, values[k], rel_named_swap, at);
        values[k] = expr_replace(build->arena, values[k], count_swap, &swap);
    }
    *rel = rel_join(build->arena, JOIN_LEFT, *rel, agg, on.items, on.count);
    return true;
}

/* Joins `inner`, which gives one row at most for each row of *rel; values[] are over its columns, and then over those
 * of the join. */
static void join_row(Build *build, Rel *inner, Rel **rel, Expr **values, int32_t count)
{
    ExprList on = {.arena = build->arena};
    if (!rel_is_free(build, inner) && join_grouped(build, inner, rel, values, count))
        return;
    pull_conjuncts(build, &inner, false, &on);
    *rel = rel_join(build->arena, JOIN_LEFT, *rel, inner, on.items, on.count);
    for (int32_t k = 0; k < count; k++)
    {
        ColumnSet read = {0};
        ColumnId *columns;
        expr_columns(build->arena, values[k], &read);
        int32_t column_count = column_set_list(build->arena, &read, &columns);
        for (int32_t c = 0; c < column_count; c++)
            build->statement->columns[columns[c]].nullable = true;
        ASSERT(values[k]->kind == EXPR_COLUMN);
        values[k] = expr_column(build->arena, build->statement, values[k]->column);
    }
}

/* --- scalar ----------------------------------------------------------------- */

/* Error 21000 for each row that has several: where the guard says that the value is asked for. */
static void hold_one_row(Build *build, Expr *rows, Rel **rel)
{
    Arena *arena = build->arena;
    ExprList any = {.arena = arena};
    expr_list_add(&any, expr_compare_make(arena, 'l', rows, expr_bigint(arena, 1)));
    if (rows->nullable)
        expr_list_add(&any, expr_null_test(arena, rows));
    if (build->guard != NULL)
    {
        Expr *asked = expr_new(arena, EXPR_IS_TRUE, type_make(TYPE_BOOLEAN), 1, &build->guard);
        asked->nullable = false;
        expr_list_add(&any, expr_not(arena, asked));
    }
    Rel *filter = rel_new(arena, REL_FILTER, 1);
    filter->inputs[0] = *rel;
    filter->conjunct_count = 1;
    filter->conjuncts = ARENA_ARRAY(arena, Expr *, 1);
    filter->conjuncts[0] = expr_or_list(arena, any.items, any.count);
    filter->must_hold = true;
    *rel = filter;
}

static Error *scalar_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Rel *inner;
    TRY(build_query(build, expr->subquery, &inner));
    Expr *values[2] = {expr_column(build->arena, build->statement, expr->subquery->targets[0].column), NULL};
    if (rel_is_one_row(inner))
    {
        join_row(build, inner, rel, values, 1);
        *value = values[0];
        return NULL;
    }
    Rel *agg = lone_agg(build, inner, 2);
    values[0] = add_agg(build, agg, AGG_ANY_VALUE, build->statement->columns[values[0]->column].name, values[0]);
    values[1] = add_agg(build, agg, AGG_COUNT_STAR, "rows", NULL);
    join_row(build, agg, rel, values, 2);
    hold_one_row(build, values[1], rel);
    *value = values[0];
    return NULL;
}

/* --- EXISTS and IN ------------------------------------------------------------ */

static Error *exists_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Rel *inner;
    TRY(build_query(build, expr->subquery, &inner));
    while (inner->kind == REL_SORT || (inner->kind == REL_LIMIT && inner->offset == 0 && inner->limit != 0))
        inner = inner->inputs[0];
    Rel *agg = lone_agg(build, inner, 1);
    Expr *count = add_agg(build, agg, AGG_COUNT_STAR, "matches", NULL);
    join_row(build, agg, rel, &count, 1);
    *value = expr_compare_make(build->arena, expr->negated ? '=' : '>', count, expr_bigint(build->arena, 0));
    return NULL;
}

Error *join_row_counts(Build *build, const Expr *expr, Rel **rel, Expr *values[2])
{
    Rel *inner;
    TRY(build_query(build, expr->subquery, &inner));
    Rel *agg = lone_agg(build, inner, 2);
    values[0] = add_agg(build, agg, AGG_COUNT_STAR, "rows", NULL);
    values[1] = add_agg(build, agg, AGG_COUNT, "values",
                        expr_column(build->arena, build->statement, expr->subquery->targets[0].column));
    *rel = rel_join_set(build->arena, *rel, agg, NULL, 0);
    return NULL;
}

/* All pairs equal, as the null rule says it: null if no pair differs but one is unknown. */
static Expr *pairs_equal(Build *build, const Expr *expr, Expr *const *left)
{
    ExprList pairs = {.arena = build->arena};
    for (int32_t k = 0; k < expr->arg_count; k++)
        expr_list_add(
            &pairs, expr_compare_make(build->arena, '=', left[k],
                                      expr_column(build->arena, build->statement, expr->subquery->targets[k].column)));
    return expr_and_list(build->arena, pairs.items, pairs.count);
}

/* Does x IN give null for want of an equal row?  case when n > 0 then true when rows = 0 then false
 * when x is null or rows <> values then null else false end */
static Error *in_or_null(Build *build, const Expr *expr, Expr *left, Expr *matched, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Expr *values[2];
    TRY(join_row_counts(build, expr, rel, values));
    Expr *unknown[2] = {expr_null_test(arena, left), expr_compare_make(arena, '!', values[0], values[1])};
    Expr *args[7] = {matched,
                     expr_bool(arena, true),
                     expr_compare_make(arena, '=', values[0], expr_bigint(arena, 0)),
                     expr_bool(arena, false),
                     expr_or_list(arena, unknown, 2),
                     null_boolean(arena),
                     expr_bool(arena, false)};
    *value = case_make(arena, type_make(TYPE_BOOLEAN), args, 7);
    return NULL;
}

/* Counts the rows that are equal, and those for which that is unknown. */
static Expr *in_by_counts(Build *build, Expr *equal, Rel *inner, Rel **rel)
{
    Arena *arena = build->arena;
    Expr *one = expr_bigint(arena, 1), *none = expr_constant(arena, type_make(TYPE_BIGINT), (Datum){.null = true});
    none->nullable = true;
    Expr *values[2], *tests[2] = {equal, expr_null_test(arena, equal)};
    Rel *agg = lone_agg(build, inner, 2);
    for (int32_t k = 0; k < 2; k++)
    {
        Expr *args[3] = {tests[k], one, none};
        values[k] = add_agg(build, agg, AGG_COUNT, k == 0 ? "matches" : "unknown",
                            case_make(arena, type_make(TYPE_BIGINT), args, 3));
    }
    join_row(build, agg, rel, values, 2);
    Expr *args[5] = {expr_compare_make(arena, '>', values[0], expr_bigint(arena, 0)), expr_bool(arena, true),
                     expr_compare_make(arena, '>', values[1], expr_bigint(arena, 0)), null_boolean(arena),
                     expr_bool(arena, false)};
    return case_make(arena, type_make(TYPE_BOOLEAN), args, 5);
}

static Error *in_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Rel *inner;
    bool nulls = false;
    Expr **left = arena_memdup(arena, expr->args, sizeof(Expr *) * (size_t) expr->arg_count);
    for (int32_t k = 0; k < expr->arg_count; k++)
        TRY(build_expr(build, &left[k], rel));
    TRY(build_query(build, expr->subquery, &inner));
    Expr *equal = pairs_equal(build, expr, left);
    nulls = equal->nullable;
    if (nulls && (expr->arg_count > 1 || !rel_is_free(build, inner)))
        *value = in_by_counts(build, equal, inner, rel);
    else
    {
        Rel *agg = lone_agg(build, rel_filter(arena, inner, &equal, 1), 1);
        Expr *count = add_agg(build, agg, AGG_COUNT_STAR, "matches", NULL);
        join_row(build, agg, rel, &count, 1);
        *value = expr_compare_make(arena, '>', count, expr_bigint(arena, 0));
        if (nulls)
            TRY(in_or_null(build, expr, left[0], *value, rel, value));
    }
    if (expr->negated)
        *value = expr_not(arena, *value);
    return NULL;
}

/* --- ANY and ALL ---------------------------------------------------------------- */

/* x op ANY is true if it is for the most favourable row: of < the greatest, of > the least; ALL for the least
 * favourable.  = ALL: the least and the greatest; <> ANY: either. */
static Expr *extreme_test(Arena *arena, const Expr *expr, Expr *left, Expr *least, Expr *greatest)
{
    bool all = expr->quantified_all;
    Expr *both[2] = {expr_compare_make(arena, expr->op, left, least),
                     expr_compare_make(arena, expr->op, left, greatest)};
    switch (expr->op)
    {
    case '<':
    case 'l':
        return all ? both[0] : both[1];
    case '>':
    case 'g':
        return all ? both[1] : both[0];
    default:
        return all ? expr_and_list(arena, both, 2) : expr_or_list(arena, both, 2);
    }
}

/* case when rows = 0 then ALL when test (ANY: true; ALL: not true) then ANY when x or a row is null then null else ALL
 */
static Error *quantified_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Rel *inner;
    Expr *left = expr->args[0], *values[4];
    ASSERT(!(expr->op == '=' && !expr->quantified_all) && !(expr->op == '!' && expr->quantified_all));
    TRY(build_expr(build, &left, rel));
    TRY(build_query(build, expr->subquery, &inner));
    Expr *right = expr_column(arena, build->statement, expr->subquery->targets[0].column);
    Rel *agg = lone_agg(build, inner, 4);
    values[0] = add_agg(build, agg, AGG_COUNT_STAR, "rows", NULL);
    values[1] = add_agg(build, agg, AGG_COUNT, "values", right);
    values[2] = add_agg(build, agg, AGG_MIN, "least", right);
    values[3] = add_agg(build, agg, AGG_MAX, "greatest", right);
    join_row(build, agg, rel, values, 4);
    bool all = expr->quantified_all;
    Expr *test = extreme_test(arena, expr, left, values[2], values[3]);
    Expr *unknown[2] = {expr_null_test(arena, left), expr_compare_make(arena, '!', values[0], values[1])};
    Expr *args[7] = {expr_compare_make(arena, '=', values[0], expr_bigint(arena, 0)),
                     expr_bool(arena, all),
                     all ? expr_not(arena, test) : test,
                     expr_bool(arena, !all),
                     expr_or_list(arena, unknown, 2),
                     null_boolean(arena),
                     expr_bool(arena, all)};
    *value = case_make(arena, type_make(TYPE_BOOLEAN), args, 7);
    if (expr->negated)
        *value = expr_not(arena, *value);
    return NULL;
}

Error *subquery_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    switch (expr->subquery_kind)
    {
    case SUBQUERY_EXISTS:
        return exists_value(build, expr, rel, value);
    case SUBQUERY_IN:
        return in_value(build, expr, rel, value);
    case SUBQUERY_SCALAR:
        return scalar_value(build, expr, rel, value);
    case SUBQUERY_QUANTIFIED:
        return quantified_value(build, expr, rel, value);
    }
    return NULL;
}
