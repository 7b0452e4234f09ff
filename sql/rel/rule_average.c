/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates that are made of others:
 *
 *     avg(x)  ->  PROJECT sum / count  over  AGG sum(x), count(x)
 *
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
    const char *name = kind == AGG_SUM ? "sum" : "count";
    ColumnId column = bound_add_column(split->arena, split->statement, name, type, nullable);
    split->aggs[split->agg_count++] = (BoundAgg){.kind = kind, .distinct = distinct, .arg = arg, .column = column};
    return column;
}

static Expr *make_average(Splitting *split, const BoundAgg *agg, bool nullable)
{
    Arena *arena = split->arena;
    SqlType type = split->statement->columns[agg->column].type;
    ColumnId sum = find_agg(split, AGG_SUM, agg->distinct, agg->arg, type, nullable);
    ColumnId count = find_agg(split, AGG_COUNT, agg->distinct, agg->arg, type_make(TYPE_BIGINT), false);
    Expr *args[2] = {expr_column(arena, split->statement, sum), expr_column(arena, split->statement, count)};
    if (nullable)
    {
        Expr *pair[2] = {args[1], expr_bigint(arena, 0)};
        args[1] = expr_make(arena, EXPR_NULLIF, type_make(TYPE_BIGINT), 2, pair);
        args[1]->nullable = true;
    }
    if (type.id == TYPE_DECIMAL)
        args[1] = expr_cast_make(arena, args[1], type_decimal(19, 0));
    else
        args[1] = expr_cast_make(arena, args[1], type);
    Expr *quotient = expr_make(arena, EXPR_ARITH, type, 2, args);
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

static Rel *split_aggregates(Arena *arena, BoundStatement *statement, Rel *rel)
{
    Splitting split = {arena, statement, 0, ARENA_ARRAY(arena, BoundAgg, 2 * rel->agg_count)};
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, rel->agg_count);
    int32_t named_count = 0;
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        simplify_kind(&rel->aggs[k]);
        if (rel->aggs[k].kind != AGG_AVG)
            split.aggs[split.agg_count++] = rel->aggs[k];
    }
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        BoundAgg *agg = &rel->aggs[k];
        if (agg->kind == AGG_AVG)
            named[named_count++] =
                (BoundNamed){make_average(&split, agg, rel->named_count == 0 || agg->arg->nullable), agg->column};
    }
    rel->agg_count = split.agg_count;
    rel->aggs = split.aggs;
    return rel_project(arena, rel, named, named_count);
}

Error *rule_average(Arena *arena, BoundStatement *statement, Rel **rel)
{
    for (int32_t k = 0; k < (*rel)->input_count; k++)
        TRY(rule_average(arena, statement, &(*rel)->inputs[k]));
    if ((*rel)->kind == REL_AGG)
        *rel = split_aggregates(arena, statement, *rel);
    return NULL;
}
