/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GROUP BY.  Grouping sets are one aggregation of rows that come once a set:
 *
 *     group by rollup(a, b)
 *
 *     AGG  a' = case when set in (0, 1) then a end, b' = case when set in (0) then b end, set, grouping
 *       JOIN_SET
 *         input
 *         VALUES (set, grouping): (0, 0), (1, 2), (2, 3)
 *
 * A set without groups gives a row even where the input has none: such rows are
 * made of the sets that did not come, all nulls, and 0 for counts.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

Rel *build_distinct(Build *build, Rel *input, const ColumnId *columns, int32_t count)
{
    Rel *agg = rel_new(build->arena, REL_AGG, 1);
    agg->inputs[0] = input;
    agg->named_count = count;
    agg->named = ARENA_ARRAY(build->arena, BoundNamed, count);
    for (int32_t k = 0; k < count; k++)
        agg->named[k] = (BoundNamed){expr_column(build->arena, build->statement, columns[k]), columns[k]};
    return agg;
}

/* --- grouping sets ----------------------------------------------------------- */

static uint64_t not_in_set(const BoundQuery *query, int32_t set)
{
    uint64_t all = query->group_count >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << query->group_count) - 1;
    return all & ~query->grouping_sets[set];
}

/* VALUES (set, grouping) of all sets, or of those without groups. */
static Rel *set_values(Build *build, const BoundQuery *query, bool empty_only, ColumnId set, ColumnId grouping)
{
    Arena *arena = build->arena;
    Rel *values = rel_new(arena, REL_VALUES, 0);
    values->column_count = 2;
    values->table_columns = ARENA_ARRAY(arena, ColumnId, 2);
    values->table_columns[0] = set;
    values->table_columns[1] = grouping;
    values->rows = ARENA_ARRAY(arena, Expr **, query->grouping_set_count);
    for (int32_t k = 0; k < query->grouping_set_count; k++)
    {
        if (empty_only && query->grouping_sets[k] != 0)
            continue;
        Expr **row = ARENA_ARRAY(arena, Expr *, 2);
        row[0] = expr_bigint(arena, k);
        row[1] = expr_bigint(arena, (int64_t) not_in_set(query, k));
        values->rows[values->row_count++] = row;
    }
    return values;
}

static Expr *null_of(Build *build, SqlType type)
{
    Expr *null = expr_constant(build->arena, type, (Datum){.null = true});
    null->nullable = true;
    return null;
}

/* case when set in (sets that have the group) then group end */
static Expr *group_in_sets(Build *build, const BoundQuery *query, int32_t group, Expr *expr, ColumnId set)
{
    Arena *arena = build->arena;
    Expr **list = ARENA_ARRAY(arena, Expr *, query->grouping_set_count + 1);
    int32_t count = 0;
    list[count++] = expr_column(arena, build->statement, set);
    for (int32_t k = 0; k < query->grouping_set_count; k++)
        if ((query->grouping_sets[k] >> group & 1) != 0)
            list[count++] = expr_bigint(arena, k);
    if (count == 1 + query->grouping_set_count)
        return expr;
    if (count == 1)
        return null_of(build, expr->type);
    Expr *args[3] = {expr_new(arena, EXPR_IN_LIST, type_make(TYPE_BOOLEAN), count, list), expr,
                     null_of(build, expr->type)};
    Expr *chosen = expr_new(arena, EXPR_CASE, expr->type, 3, args);
    chosen->nullable = true;
    return chosen;
}

static bool has_empty_set(const BoundQuery *query)
{
    for (int32_t k = 0; k < query->grouping_set_count; k++)
        if (query->grouping_sets[k] == 0)
            return true;
    return false;
}

/* The row of a set without groups that no input row belongs to. */
static Rel *rows_of_nothing(Build *build, const BoundQuery *query, Rel *agg, int32_t shared, ColumnId *columns)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    ColumnId set = bound_add_column(arena, statement, "set", type_make(TYPE_BIGINT), false);
    ColumnId grouping = bound_add_column(arena, statement, "grouping", type_make(TYPE_BIGINT), false);
    Rel *come = build_read(build, shared, NULL), *values = set_values(build, query, true, set, grouping);
    const Rel *source = build->shared[shared].rel;
    int32_t place = agg->named_count - 2; /* of `set` among the results */
    ASSERT(source->results[place] == agg->named[place].column);
    Expr *same = expr_compare_make(arena, '=', expr_column(arena, statement, set),
                                   expr_column(arena, statement, come->table_columns[place]));
    Rel *missing = rel_join(arena, JOIN_ANTI, values, come, &same, 1);
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, source->result_count);
    int32_t count = 0;
    for (int32_t k = 0; k < source->result_count; k++)
    {
        const BoundColumn column = statement->columns[source->results[k]];
        if (k == place || k == place + 1)
        {
            columns[k] = k == place ? set : grouping;
            continue;
        }
        AggKind kind = k < agg->named_count ? AGG_MIN : agg->aggs[k - agg->named_count].kind;
        bool counts = kind == AGG_COUNT || kind == AGG_COUNT_STAR;
        columns[k] = bound_add_column(arena, statement, column.name, column.type, !counts);
        named[count++] = (BoundNamed){counts ? expr_bigint(arena, 0) : null_of(build, column.type), columns[k]};
    }
    return rel_project(arena, missing, named, count);
}

/* The aggregation, and what it has of nothing. */
static Rel *with_empty_sets(Build *build, const BoundQuery *query, Rel *agg, Rel *made)
{
    Arena *arena = build->arena;
    int32_t count = agg->named_count + agg->agg_count;
    ColumnId *columns[3], *result = ARENA_ARRAY(arena, ColumnId, count);
    for (int32_t k = 0; k < 3; k++)
        columns[k] = ARENA_ARRAY(arena, ColumnId, count);
    for (int32_t k = 0; k < count; k++)
    {
        bool is_agg = k >= agg->named_count;
        ColumnId *at = is_agg ? &agg->aggs[k - agg->named_count].column : &agg->named[k].column;
        const BoundColumn column = build->statement->columns[*at];
        result[k] = *at;
        columns[0][k] = bound_add_column(arena, build->statement, column.name, column.type, column.nullable);
    }
    build_rename(build, made, result, columns[0], count);
    int32_t shared = build_share(build, made, columns[0], count);
    Rel *inputs[2] = {build_read(build, shared, NULL), NULL};
    columns[1] = inputs[0]->table_columns;
    inputs[1] = rows_of_nothing(build, query, agg, shared, columns[2]);
    return rel_append(arena, inputs, columns + 1, 2, result, count);
}

static void add_sets(Build *build, const BoundQuery *query, Rel *agg)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    ColumnId set = bound_add_column(arena, statement, "set", type_make(TYPE_BIGINT), false);
    ColumnId mask = bound_add_column(arena, statement, "grouping", type_make(TYPE_BIGINT), false);
    agg->inputs[0] = rel_join_set(arena, agg->inputs[0], set_values(build, query, false, set, mask), NULL, 0);
    for (int32_t k = 0; k < query->group_count; k++)
    {
        agg->named[k].expr = group_in_sets(build, query, k, agg->named[k].expr, set);
        if (agg->named[k].expr->nullable)
            statement->columns[agg->named[k].column].nullable = true;
    }
    agg->named[agg->named_count++] = (BoundNamed){
        expr_column(arena, statement, set), bound_add_column(arena, statement, "set", type_make(TYPE_BIGINT), false)};
    agg->named[agg->named_count++] = (BoundNamed){expr_column(arena, statement, mask), query->grouping};
}

/* --- GROUP BY --------------------------------------------------------------------- */

/* An aggregate of its own rows: without subqueries. */
static Error *build_agg(Build *build, BoundAgg *agg, Rel **rel)
{
    if (agg->arg != NULL)
        TRY(build_expr(build, &agg->arg, rel));
    agg->sort = arena_memdup(build->arena, agg->sort, sizeof(BoundSort) * (size_t) agg->sort_count);
    for (int32_t k = 0; k < agg->sort_count; k++)
        TRY(build_expr(build, &agg->sort[k].expr, rel));
    return NULL;
}

Error *build_groups(Build *build, const BoundQuery *query, Rel **rel)
{
    Arena *arena = build->arena;
    Rel *agg = rel_new(arena, REL_AGG, 1);
    agg->named_count = query->group_count;
    agg->named = ARENA_ARRAY(arena, BoundNamed, query->group_count + 2);
    for (int32_t k = 0; k < query->group_count; k++)
    {
        agg->named[k] = query->groups[k];
        TRY(build_expr(build, &agg->named[k].expr, rel));
    }
    agg->agg_count = query->agg_count;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, query->agg_count);
    for (int32_t k = 0; k < query->agg_count; k++)
    {
        agg->aggs[k] = query->aggs[k];
        TRY(build_agg(build, &agg->aggs[k], rel));
    }
    agg->inputs[0] = *rel;
    if (query->grouping_set_count > 0)
        add_sets(build, query, agg);
    *rel = build_holistic(build, agg);
    if (query->grouping_set_count > 0 && has_empty_set(query))
        *rel = with_empty_sets(build, query, agg, *rel);
    return build_filter(build, query->having, rel);
}
