/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set operations are aggregations of what both sides give, so that nulls are equal:
 *
 *     a union all b       APPEND(a, b)
 *     a union b           AGG by all columns (APPEND(a, b))
 *     a intersect b       FILTER min(side) <> max(side) (AGG by all columns (APPEND(a with side 0, b with side 1)))
 *     a except b          FILTER max(side) = 0 (the same)
 *     .. all              each side's equal rows are numbered first; the number is one more column
 */
#include "sql/rel/build.h"

static ColumnId add_column(Build *build, const char *name, bool nullable)
{
    return bound_add_column(build->arena, build->statement, name, type_make(TYPE_BIGINT), nullable);
}

typedef struct SetSides
{
    int32_t count; /* columns, those added here too */
    ColumnId *columns[2];
    ColumnId *result;
} SetSides;

static void add_set_column(SetSides *sides, ColumnId left, ColumnId right, ColumnId result)
{
    sides->columns[0][sides->count] = left;
    sides->columns[1][sides->count] = right;
    sides->result[sides->count++] = result;
}

/* row_number() over (partition by all columns), on both sides */
static void number_rows(Build *build, SetSides *sides, Rel *inputs[2])
{
    ColumnId numbers[2];
    for (int32_t k = 0; k < 2; k++)
        inputs[k] = build_row_number(build, inputs[k], sides->columns[k], sides->count, NULL, 0, &numbers[k]);
    add_set_column(sides, numbers[0], numbers[1], add_column(build, "number", false));
}

static Rel *mark_side(Build *build, Rel *input, int32_t side, ColumnId *column)
{
    *column = add_column(build, "side", false);
    BoundNamed named = {expr_bigint(build->arena, side), *column};
    return rel_project(build->arena, input, &named, 1);
}

/* Groups of equal rows of both sides, and a test of which sides they come from. */
static Rel *common_or_not(Build *build, const BoundQuery *query, SetSides *sides, Rel *inputs[2])
{
    Arena *arena = build->arena;
    bool intersect = query->set_kind == SET_INTERSECT;
    ColumnId marks[2], side = add_column(build, "side", false);
    for (int32_t k = 0; k < 2; k++)
        inputs[k] = mark_side(build, inputs[k], k, &marks[k]);
    int32_t key_count = sides->count;
    add_set_column(sides, marks[0], marks[1], side);
    ColumnId *const columns[2] = {sides->columns[0], sides->columns[1]};
    Rel *append = rel_append(arena, inputs, columns, 2, sides->result, sides->count);
    Rel *agg = build_distinct(build, append, sides->result, key_count);
    agg->agg_count = intersect ? 2 : 1;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, agg->agg_count);
    Expr *values[2] = {NULL, NULL};
    for (int32_t k = 0; k < agg->agg_count; k++)
    {
        ColumnId column = add_column(build, k == 0 ? "last_side" : "first_side", false);
        agg->aggs[k] = (BoundAgg){
            .kind = k == 0 ? AGG_MAX : AGG_MIN, .arg = expr_column(arena, build->statement, side), .column = column};
        values[k] = expr_column(arena, build->statement, column);
    }
    Expr *test = intersect ? expr_compare_make(arena, '!', values[0], values[1])
                           : expr_compare_make(arena, '=', values[0], expr_bigint(arena, 0));
    return rel_filter(arena, agg, &test, 1);
}

/* The results under the names the targets have. */
static Rel *name_targets(Build *build, const BoundQuery *query, Rel *rel)
{
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, query->target_count);
    int32_t count = 0;
    for (int32_t k = 0; k < query->target_count; k++)
        if (!expr_is_column(query->targets[k].expr, query->targets[k].column))
            named[count++] = query->targets[k];
    return rel_project(build->arena, rel, named, count);
}

Error *build_set(Build *build, const BoundQuery *query, Rel **out)
{
    Rel *inputs[2];
    TRY(build_query(build, query->set_left, &inputs[0]));
    TRY(build_query(build, query->set_right, &inputs[1]));
    int32_t visible = query->set_left->visible_count;
    SetSides sides = {.result = ARENA_ARRAY(build->arena, ColumnId, visible + 2)};
    for (int32_t k = 0; k < 2; k++)
        sides.columns[k] = ARENA_ARRAY(build->arena, ColumnId, visible + 2);
    for (int32_t k = 0; k < visible; k++)
        add_set_column(&sides, query->set_left->targets[k].column, query->set_right->targets[k].column,
                       query->targets[k].expr->column);
    Rel *rel;
    if (query->set_kind == SET_UNION)
    {
        ColumnId *const columns[2] = {sides.columns[0], sides.columns[1]};
        rel = rel_append(build->arena, inputs, columns, 2, sides.result, sides.count);
        if (!query->set_all)
            rel = build_distinct(build, rel, sides.result, sides.count);
    }
    else
    {
        if (query->set_all)
            number_rows(build, &sides, inputs);
        rel = common_or_not(build, query, &sides, inputs);
    }
    *out = name_targets(build, query, rel);
    return NULL;
}
