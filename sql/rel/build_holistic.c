/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates that cannot be made of partial ones are computed by windows over
 * the groups, and one row of each group hands the value on:
 *
 *     AGG g: listagg(x, ',') order by y, sum(z)
 *     AGG g: any_value(case when n = 1 then w end), sum(z)
 *       WINDOW w = listagg(x, ','), n = row_number() partition by g order by y
 *
 * Several DISTINCT arguments in one aggregation mark the first row of each value:
 *
 *     AGG g: count(distinct x), count(distinct y)
 *     AGG g: count(case when n = 1 then x end), count(case when m = 1 then y end)
 *       WINDOW m = row_number() partition by g, y
 *         WINDOW n = row_number() partition by g, x
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

#include <string.h>

static const char *const AGG_NAMES[] = {
    "none",
#define AGG(id, name, arg, result, doc) name,
#include "base/kernel/agg.def"
#undef AGG
};

static bool is_one_of(AggKind kind, const char *const *names, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (strcmp(AGG_NAMES[kind], names[k]) == 0)
            return true;
    return false;
}

/* A value of the whole is made of values of parts. */
static bool is_splittable(AggKind kind)
{
    static const char *const NAMES[] = {"any_value", "avg",   "bit_and", "bit_or", "bool_and",
                                        "bool_or",   "count", "max",     "min",    "sum"};
    return is_one_of(kind, NAMES, sizeof NAMES / sizeof NAMES[0]);
}

/* The order of its rows does not matter, and it has a state of fixed size. */
static bool is_plain(AggKind kind)
{
    return is_splittable(kind) || agg_state_columns(kind) > 1;
}

static bool keeps_distinct(const BoundAgg *agg)
{
    static const char *const NAMES[] = {"any_value", "bool_and", "bool_or", "max", "min"};
    return agg->distinct && !is_one_of(agg->kind, NAMES, sizeof NAMES / sizeof NAMES[0]);
}

/* case when number = 1 then value end */
static Expr *in_first_row(Build *build, ColumnId number, Expr *value)
{
    Arena *arena = build->arena;
    Expr *null = expr_constant(arena, value->type, (Datum){.null = true});
    null->nullable = true;
    Expr *first = expr_compare_make(arena, '=', expr_column(arena, build->statement, number), expr_bigint(arena, 1));
    Expr *args[3] = {first, value, null};
    Expr *chosen = expr_new(arena, EXPR_CASE, value->type, 3, args);
    chosen->nullable = true;
    return chosen;
}

/* An order by the argument is one by its column: a percentile's is found in the order its rows have. */
static void name_argument(Build *build, BoundAgg *agg, BoundNamed *named, int32_t *count)
{
    Expr *column = build_named(build, named, count, "argument", agg->arg);
    for (int32_t k = 0; k < agg->sort_count; k++)
        if (expr_equal(agg->sort[k].expr, agg->arg))
            agg->sort[k].expr = column;
    agg->arg = column;
}

/* Groups and arguments as columns of a projection below. */
static void name_inputs(Build *build, Rel *agg)
{
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, agg->named_count + agg->agg_count);
    int32_t count = 0;
    for (int32_t k = 0; k < agg->named_count; k++)
        agg->named[k].expr = build_named(build, named, &count, "key", agg->named[k].expr);
    for (int32_t k = 0; k < agg->agg_count; k++)
        if (agg->aggs[k].arg != NULL)
            name_argument(build, &agg->aggs[k], named, &count);
    agg->inputs[0] = rel_project(build->arena, agg->inputs[0], named, count);
}

/* The aggregate over its group, as a window; the window's column. */
static void compute_by_window(Build *build, Rel *agg, BoundAgg *one, ColumnId *number)
{
    Arena *arena = build->arena;
    const BoundColumn result = build->statement->columns[one->column];
    BoundWindow window = {.agg = one->kind,
                          .distinct = one->distinct,
                          .partition_count = agg->named_count,
                          .partition = ARENA_ARRAY(arena, Expr *, agg->named_count),
                          .sort_count = one->sort_count,
                          .sort = one->sort,
                          .frame = {.unit = FRAME_ROWS, .end = FRAME_UNBOUNDED_FOLLOWING},
                          .column = bound_add_column(arena, build->statement, result.name, result.type, true)};
    for (int32_t k = 0; k < agg->named_count; k++)
        window.partition[k] = agg->named[k].expr;
    if (one->arg != NULL)
        window.args[window.arg_count++] = one->arg;
    if (one->parameter != NULL)
        window.args[window.arg_count++] = one->parameter;
    Rel *rel = build_window(build, agg->inputs[0], window);
    if (*number == NO_COLUMN)
    {
        *number = bound_add_column(arena, build->statement, "row_number", type_make(TYPE_BIGINT), false);
        BoundWindow *windows = ARENA_ARRAY(arena, BoundWindow, 2);
        windows[0] = rel->windows[0];
        windows[1] = windows[0];
        windows[1].window = WINDOW_ROW_NUMBER;
        windows[1].agg = (AggKind) 0;
        windows[1].distinct = false;
        windows[1].arg_count = 0;
        windows[1].column = *number;
        rel->windows = windows;
        rel->window_count = 2;
    }
    agg->inputs[0] = rel;
    *one = (BoundAgg){.kind = AGG_ANY_VALUE,
                      .arg = in_first_row(build, *number, expr_column(arena, build->statement, window.column)),
                      .column = one->column};
}

/* The distinct aggregates of `arg` see each value once. */
static void mark_first(Build *build, Rel *agg, Expr *arg)
{
    ColumnId number, *keys = ARENA_ARRAY(build->arena, ColumnId, agg->named_count + 1);
    for (int32_t k = 0; k < agg->named_count; k++)
        keys[k] = agg->named[k].expr->column;
    keys[agg->named_count] = arg->column;
    agg->inputs[0] = build_row_number(build, agg->inputs[0], keys, agg->named_count + 1, NULL, 0, &number);
    for (int32_t k = 0; k < agg->agg_count; k++)
        if (agg->aggs[k].distinct && expr_equal(agg->aggs[k].arg, arg))
        {
            agg->aggs[k].distinct = false;
            agg->aggs[k].arg = in_first_row(build, number, arg);
        }
}

/* Do plain aggregations (sql/rel/rule_distinct.c) not do for the distinct ones? */
static bool wants_marks(Build *build, const Rel *agg, bool holistic, ExprList *args)
{
    bool unsplittable = false;
    args->arena = build->arena;
    for (int32_t k = 0; k < agg->agg_count; k++)
    {
        const BoundAgg *one = &agg->aggs[k];
        if (!is_plain(one->kind))
            continue;
        if (keeps_distinct(one) && !expr_list_has(args, one->arg))
            expr_list_add(args, one->arg);
        unsplittable |= !one->distinct && !is_splittable(one->kind);
    }
    return (args->count > 1 && (agg->named_count > 0 || holistic)) || (args->count == 1 && unsplittable);
}

Rel *build_holistic(Build *build, Rel *agg)
{
    bool holistic = false;
    for (int32_t k = 0; k < agg->agg_count; k++)
    {
        BoundAgg *one = &agg->aggs[k];
        one->distinct = is_plain(one->kind) ? keeps_distinct(one) : one->distinct;
        if (is_plain(one->kind))
            one->sort_count = 0;
        holistic |= !is_plain(one->kind);
    }
    ExprList args;
    memset(&args, 0, sizeof args);
    bool marks = wants_marks(build, agg, holistic, &args);
    if (!holistic && !marks)
        return agg;
    name_inputs(build, agg);
    ColumnId number = NO_COLUMN;
    for (int32_t k = 0; k < agg->agg_count; k++)
        if (!is_plain(agg->aggs[k].kind))
            compute_by_window(build, agg, &agg->aggs[k], &number);
    for (int32_t k = 0; marks && k < agg->agg_count; k++)
        if (agg->aggs[k].distinct)
            mark_first(build, agg, agg->aggs[k].arg);
    return agg;
}
