/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count(distinct x) is a count over rows that are distinct:
 *
 *     AGG g: count(distinct x), sum(y)
 *     AGG g: count(x), sum(part)  over  AGG g, x: sum(y) as part
 *
 * approximate count(distinct x) needs no more rows than HyperLogLog has registers, of each group:
 *
 *     AGG g: sketch_count(sum(weight(s)), count(s))  over  AGG g, slot(sketch): max(sketch) as s  over  PROJECT sketch(x)
 *
 * Without groups, several different arguments are aggregated one by one and
 * their single rows put side by side.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

typedef struct Distinct
{
    Arena *arena;
    BoundStatement *statement;
} Distinct;

static Rel *rel_copy(Arena *arena, const Rel *rel)
{
    Rel *copy = arena_memdup(arena, rel, sizeof(Rel));
    copy->inputs = ARENA_ARRAY(arena, Rel *, rel->input_count);
    for (int32_t k = 0; k < rel->input_count; k++)
        copy->inputs[k] = rel_copy(arena, rel->inputs[k]);
    copy->conjuncts = arena_memdup(arena, rel->conjuncts, sizeof(Expr *) * (size_t) rel->conjunct_count);
    copy->named = arena_memdup(arena, rel->named, sizeof(BoundNamed) * (size_t) rel->named_count);
    copy->aggs = arena_memdup(arena, rel->aggs, sizeof(BoundAgg) * (size_t) rel->agg_count);
    copy->windows = arena_memdup(arena, rel->windows, sizeof(BoundWindow) * (size_t) rel->window_count);
    if (rel->kind == REL_APPEND)
    {
        copy->input_columns = ARENA_ARRAY(arena, ColumnId *, rel->input_count);
        for (int32_t k = 0; k < rel->input_count; k++)
            copy->input_columns[k] =
                arena_memdup(arena, rel->input_columns[k], sizeof(ColumnId) * (size_t) rel->column_count);
    }
    if (rel->kind == REL_APPEND || rel->kind == REL_SHARED)
        copy->table_columns = arena_memdup(arena, rel->table_columns, sizeof(ColumnId) * (size_t) rel->column_count);
    copy->sort = arena_memdup(arena, rel->sort, sizeof(BoundSort) * (size_t) rel->sort_count);
    return copy;
}

static BoundNamed *more_groups(Arena *arena, const Rel *agg, Expr *arg, ColumnId column)
{
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, agg->named_count + 1);
    for (int32_t k = 0; k < agg->named_count; k++)
        named[k] = agg->named[k];
    named[agg->named_count] = (BoundNamed){arg, column};
    return named;
}

/* An aggregate that is not distinct, over parts made by the inner aggregation. */
static void add_parts(Distinct *d, const BoundAgg *agg, Rel *inner, Rel *outer, BoundNamed *fixed, int32_t *fixed_count)
{
    const BoundColumn *column = &d->statement->columns[agg->column];
    bool counts = agg->kind == AGG_COUNT || agg->kind == AGG_COUNT_STAR, lone = outer->named_count == 0;
    ColumnId part = bound_add_column(d->arena, d->statement, column->name, column->type, !counts);
    inner->aggs[inner->agg_count++] = (BoundAgg){.kind = agg->kind, .arg = agg->arg, .column = part};
    BoundAgg whole = *agg;
    whole.kind = counts ? AGG_SUM : agg->kind;
    whole.arg = expr_column(d->arena, d->statement, part);
    if (counts && lone)
    { /* of no rows at all the sum is null, the count 0 */
        whole.column = bound_add_column(d->arena, d->statement, "count", type_make(TYPE_BIGINT), true);
        Expr *args[2] = {expr_column(d->arena, d->statement, whole.column), expr_bigint(d->arena, 0)};
        Expr *count = expr_new(d->arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
        count->nullable = false;
        fixed[(*fixed_count)++] = (BoundNamed){count, agg->column};
    }
    outer->aggs[outer->agg_count++] = whole;
}

/* --- approximate ---------------------------------------------------------------------- */

/* What makes a sketch of values of the type; FUNC_NONE: nothing does. */
static FuncId sketch_of(SqlType type)
{
    Rep rep = type_rep(type);
    if (type_is_string(type))
        return FUNC_SKETCH_TEXT;
    if (type.id == TYPE_DECIMAL)
        return FUNC_SKETCH_DECIMAL;
    if (type.id == TYPE_DOUBLE)
        return FUNC_SKETCH_DOUBLE;
    return rep_is_integer(rep) && rep != REP_I128 ? FUNC_SKETCH_BIGINT : FUNC_NONE;
}

/* Will about how many do for all distinct aggregates? */
static bool is_approximate(const Rel *agg, const Expr *arg)
{
    bool all = sketch_of(arg->type) != FUNC_NONE;
    for (int32_t k = 0; k < agg->agg_count; k++)
        all = all && (!agg->aggs[k].distinct || agg->aggs[k].approximate);
    return all;
}

static Expr *call_func(Distinct *d, FuncId func, int32_t count, Expr *const *args)
{
    return expr_func(d->arena, func, type_make((TypeId) func_row(func)->result), count, args);
}

static Expr *column_of(Distinct *d, ColumnId column)
{
    return expr_column(d->arena, d->statement, column);
}

/* The rows of `agg` with the sketch of each one's argument. */
static ColumnId add_sketch(Distinct *d, Rel *agg, Expr *arg)
{
    Expr *sketch = call_func(d, sketch_of(arg->type), 1, &arg);
    BoundNamed *named = ARENA_NEW(d->arena, BoundNamed);
    *named = (BoundNamed){sketch, bound_add_column(d->arena, d->statement, "sketch", sketch->type, arg->nullable)};
    agg->inputs[0] = rel_project(d->arena, agg->inputs[0], named, 1);
    return named->column;
}

/* Of the ranks that have come to rest, one a register: the estimate, in the place of agg->column. */
static BoundNamed estimate(Distinct *d, const BoundAgg *agg, ColumnId rank, Rel *outer)
{
    ColumnId weights = bound_add_column(d->arena, d->statement, "weights", type_make(TYPE_DOUBLE), true);
    ColumnId filled = bound_add_column(d->arena, d->statement, "filled", type_make(TYPE_BIGINT), false);
    Expr *ranks = column_of(d, rank);
    outer->aggs[outer->agg_count++] =
        (BoundAgg){.kind = AGG_SUM, .arg = call_func(d, FUNC_SKETCH_WEIGHT, 1, &ranks), .column = weights};
    outer->aggs[outer->agg_count++] = (BoundAgg){.kind = AGG_COUNT, .arg = ranks, .column = filled};
    Expr *none[2] = {column_of(d, weights), expr_constant(d->arena, type_make(TYPE_DOUBLE), (Datum){.f = 0})};
    Expr *sum = expr_new(d->arena, EXPR_COALESCE, type_make(TYPE_DOUBLE), 2, none);
    sum->nullable = false;
    Expr *args[2] = {sum, column_of(d, filled)};
    return (BoundNamed){call_func(d, FUNC_SKETCH_COUNT, 2, args), agg->column};
}

/* --- levels ----------------------------------------------------------------------------- */

/* All distinct aggregates of `agg` have the argument `arg`. */
static Rel *two_levels(Distinct *d, Rel *agg, Expr *arg)
{
    Arena *arena = d->arena;
    bool approximate = is_approximate(agg, arg);
    ColumnId sketch = NO_COLUMN, rank = NO_COLUMN;
    if (approximate)
    {
        sketch = add_sketch(d, agg, arg);
        rank = bound_add_column(arena, d->statement, "rank", type_make(TYPE_BIGINT), true);
        Expr *of = column_of(d, sketch);
        arg = call_func(d, FUNC_SKETCH_SLOT, 1, &of);
    }
    ColumnId column = arg->kind == EXPR_COLUMN
                          ? arg->column
                          : bound_add_column(arena, d->statement, "value", arg->type, arg->nullable);
    Rel *inner = rel_new(arena, REL_AGG, 1), *outer = rel_new(arena, REL_AGG, 1);
    inner->inputs[0] = agg->inputs[0];
    inner->named = more_groups(arena, agg, arg, column);
    inner->named_count = agg->named_count + 1;
    inner->aggs = ARENA_ARRAY(arena, BoundAgg, agg->agg_count + 1);
    if (approximate)
        inner->aggs[inner->agg_count++] = (BoundAgg){.kind = AGG_MAX, .arg = column_of(d, sketch), .column = rank};
    outer->inputs[0] = inner;
    outer->named_count = agg->named_count;
    outer->named = ARENA_ARRAY(arena, BoundNamed, agg->named_count);
    for (int32_t k = 0; k < agg->named_count; k++)
        outer->named[k] = (BoundNamed){expr_column(arena, d->statement, agg->named[k].column), agg->named[k].column};
    outer->aggs = ARENA_ARRAY(arena, BoundAgg, 2 * agg->agg_count);
    BoundNamed *fixed = ARENA_ARRAY(arena, BoundNamed, agg->agg_count);
    int32_t fixed_count = 0;
    for (int32_t k = 0; k < agg->agg_count; k++)
    {
        BoundAgg whole = agg->aggs[k];
        if (!whole.distinct)
        {
            add_parts(d, &whole, inner, outer, fixed, &fixed_count);
            continue;
        }
        if (approximate)
        {
            fixed[fixed_count++] = estimate(d, &whole, rank, outer);
            continue;
        }
        whole.distinct = whole.approximate = false;
        whole.arg = expr_column(arena, d->statement, column);
        outer->aggs[outer->agg_count++] = whole;
    }
    return rel_project(arena, outer, fixed, fixed_count);
}

/* The aggregates of `agg` that are (or are not) distinct over args[k], over a copy of its input. */
static Rel *part_of(Distinct *d, const Rel *agg, const Expr *arg)
{
    Rel *part = rel_copy(d->arena, agg);
    int32_t kept = 0;
    for (int32_t k = 0; k < agg->agg_count; k++)
        if (arg == NULL ? !agg->aggs[k].distinct : agg->aggs[k].distinct && expr_equal(agg->aggs[k].arg, arg))
            part->aggs[kept++] = agg->aggs[k];
    part->agg_count = kept;
    return part;
}

static Rel *side_by_side(Distinct *d, const Rel *agg, const ExprList *args)
{
    Rel *plain = part_of(d, agg, NULL), *all = plain->agg_count > 0 ? plain : NULL;
    for (int32_t k = 0; k < args->count; k++)
    {
        Rel *part = two_levels(d, part_of(d, agg, args->items[k]), args->items[k]);
        all = all == NULL ? part : rel_join_set(d->arena, all, part, NULL, 0);
    }
    if (all->kind != REL_JOIN_SET)
        return all;
    Rel *flat = rel_new(d->arena, REL_JOIN_SET, args->count + (plain->agg_count > 0 ? 1 : 0));
    for (int32_t k = flat->input_count - 1; k > 0; k--)
    {
        flat->inputs[k] = all->inputs[1];
        all = all->inputs[0];
    }
    flat->inputs[0] = all;
    return flat;
}

Error *rule_distinct(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        TRY(rule_distinct(arena, statement, &at->inputs[k]));
    if (at->kind != REL_AGG)
        return NULL;
    ExprList args = {.arena = arena};
    for (int32_t k = 0; k < at->agg_count; k++)
        if (at->aggs[k].distinct && !expr_list_has(&args, at->aggs[k].arg))
            expr_list_add(&args, at->aggs[k].arg);
    if (args.count == 0)
        return NULL;
    Distinct d = {arena, statement};
    if (args.count > 1 && at->named_count > 0)
    { /* groups came with a correlation */
        Build build = {.arena = arena, .statement = statement};
        *rel = build_holistic(&build, at);
        return NULL;
    }
    *rel = args.count == 1 ? two_levels(&d, at, args.items[0]) : side_by_side(&d, at, &args);
    return NULL;
}
