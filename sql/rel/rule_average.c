/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates that are made of others:
 *
 *     avg(x)  ->  PROJECT sum / count  over  AGG sum(x), count(x)
 *     sum(i), of intervals  ->  PROJECT interval_of(months, days, us)  over  AGG sum(months(i)), sum(days(i)), sum(us(i))
 *
 * (the sums of intervals when what is DISTINCT has been taken apart: that is asked of the whole value).
 * A sum that may be null divides by nullif(count, 0), so that no division by
 * zero is ever computed.  any_value and bool_and are min, bool_or is max;
 * min and max do not care about DISTINCT.
 */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

typedef struct Splitting
{
    Arena *arena;
    BoundStatement *statement;
    int32_t agg_count;
    BoundAgg *aggs;
} Splitting;

/* The column of that aggregate, which is added if it is not there yet. */
static ColumnId find_agg(Splitting *split, AggKind kind, bool distinct, Expr *arg, SqlType type, bool nullable)
{
    for (int32_t k = 0; k < split->agg_count; k++)
        if (split->aggs[k].kind == kind && split->aggs[k].distinct == distinct && expr_equal(split->aggs[k].arg, arg))
            return split->aggs[k].column;
    const char *name = kind == AGG_COUNT ? "count" : "sum";
    ColumnId column = bound_add_column(split->arena, split->statement, name, type, nullable);
    split->aggs[split->agg_count++] = (BoundAgg){.kind = kind, .distinct = distinct, .arg = arg, .column = column};
    return column;
}

static Expr *make_average(Splitting *split, const BoundAgg *agg, bool nullable)
{
    Arena *arena = split->arena;
    SqlType type = split->statement->columns[agg->column].type;
    bool interval = agg->kind == AGG_AVG_INTERVAL;
    ColumnId sum = find_agg(split, interval ? AGG_SUM_INTERVAL : AGG_SUM, agg->distinct, agg->arg, type, nullable);
    ColumnId count = find_agg(split, AGG_COUNT, agg->distinct, agg->arg, type_make(TYPE_BIGINT), false);
    Expr *args[2] = {expr_column(arena, split->statement, sum), expr_column(arena, split->statement, count)};
    if (nullable)
    {
        Expr *pair[2] = {args[1], expr_bigint(arena, 0)};
        args[1] = expr_new(arena, EXPR_NULLIF, type_make(TYPE_BIGINT), 2, pair);
        args[1]->nullable = true;
    }
    if (type.id == TYPE_DECIMAL)
        args[1] = expr_cast_make(arena, args[1], type_decimal(19, 0));
    else
        args[1] = expr_cast_make(arena, args[1], interval ? type_make(TYPE_DOUBLE) : type);
    if (interval)
        return expr_func(arena, FUNC_INTERVAL_DIV, type, 2, args);
    Expr *quotient = expr_new(arena, EXPR_ARITH, type, 2, args);
    quotient->op = '/';
    return quotient;
}

static void simplify_kind(BoundAgg *agg)
{
    if (agg->kind == AGG_ANY_VALUE || agg->kind == AGG_BOOL_AND || agg->kind == AGG_EVERY)
        agg->kind = AGG_MIN;
    if (agg->kind == AGG_BOOL_OR)
        agg->kind = AGG_MAX;
    if (agg->kind == AGG_MIN || agg->kind == AGG_MAX)
        agg->distinct = false;
}

static Expr *field_of(Arena *arena, Expr *interval, FuncId func, SqlType type)
{
    return expr_cast_make(arena, expr_func(arena, func, type_make((TypeId) func_row(func)->result), 1, &interval), type);
}

static Expr *make_interval_sum(Splitting *split, const BoundAgg *agg, bool nullable)
{
    static const FuncId FIELDS[3] = {FUNC_INTERVAL_MONTHS, FUNC_INTERVAL_DAYS, FUNC_INTERVAL_US};
    Expr *sums[3];
    for (int32_t k = 0; k < 3; k++)
    { /* microseconds have room to go beyond 64 bits and back */
        bool wide = FIELDS[k] == FUNC_INTERVAL_US;
        Expr *field = field_of(split->arena, agg->arg, FIELDS[k], wide ? type_decimal(19, 0) : type_make(TYPE_BIGINT));
        SqlType type = wide ? type_decimal(DECIMAL_PRECISION_MAX, 0) : type_make(TYPE_BIGINT);
        sums[k] = expr_column(split->arena, split->statement,
                              find_agg(split, AGG_SUM, agg->distinct, field, type, nullable));
    }
    return expr_func(split->arena, FUNC_INTERVAL_OF, type_make(TYPE_INTERVAL), 3, sums);
}

typedef Expr *SplitAgg(Splitting *split, const BoundAgg *agg, bool nullable);

/* Those of the kinds that `made` makes of others, over the others. */
static Rel *split_kinds(Arena *arena, BoundStatement *statement, Rel *rel, AggKind one, AggKind other, SplitAgg *made,
                        int32_t parts)
{
    Splitting split = {arena, statement, 0, ARENA_ARRAY(arena, BoundAgg, parts * rel->agg_count)};
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, rel->agg_count);
    int32_t named_count = 0;
    for (int32_t k = 0; k < rel->agg_count; k++)
        if (rel->aggs[k].kind != one && rel->aggs[k].kind != other)
            split.aggs[split.agg_count++] = rel->aggs[k];
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        BoundAgg *agg = &rel->aggs[k];
        if (agg->kind == one || agg->kind == other)
            named[named_count++] =
                (BoundNamed){made(&split, agg, rel->named_count == 0 || agg->arg->nullable), agg->column};
    }
    rel->agg_count = split.agg_count;
    rel->aggs = split.aggs;
    return rel_project(arena, rel, named, named_count);
}

Error *rule_average(Arena *arena, BoundStatement *statement, Rel **rel)
{
    for (int32_t k = 0; k < (*rel)->input_count; k++)
        TRY(rule_average(arena, statement, &(*rel)->inputs[k]));
    if ((*rel)->kind != REL_AGG)
        return NULL;
    for (int32_t k = 0; k < (*rel)->agg_count; k++)
        simplify_kind(&(*rel)->aggs[k]);
    *rel = split_kinds(arena, statement, *rel, AGG_AVG, AGG_AVG_INTERVAL, make_average, 2);
    return NULL;
}

Error *rule_interval(Arena *arena, BoundStatement *statement, Rel **rel)
{
    for (int32_t k = 0; k < (*rel)->input_count; k++)
        TRY(rule_interval(arena, statement, &(*rel)->inputs[k]));
    if ((*rel)->kind == REL_AGG)
        *rel = split_kinds(arena, statement, *rel, AGG_SUM_INTERVAL, AGG_SUM_INTERVAL, make_interval_sum, 3);
    return NULL;
}
