/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bound query to relations, in the order in which SQL says it happens:
 *
 *     from -> FILTER where -> AGG groups -> FILTER having -> PROJECT targets
 *          -> AGG distinct -> SORT -> LIMIT
 *
 * Nothing is made better here but subqueries, which end at this door.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

static Rel *build_table(Build *build, const BoundFrom *from)
{
    Rel *rel = rel_new(build->arena, from->kind == FROM_TABLE ? REL_SCAN : REL_SYSVIEW, 0);
    rel->table = from->table;
    rel->alias = from->alias;
    rel->column_count = from->column_count;
    rel->table_columns = from->columns;
    return rel;
}

static Error *build_values(Build *build, const BoundFrom *from, Rel **out)
{
    for (int32_t row = 0; row < from->row_count; row++)
        for (int32_t k = 0; k < from->column_count; k++)
            if (expr_has_subquery(from->rows[row][k]))
                return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "subqueries inside VALUES are not supported"),
                                from->rows[row][k]->position);
    Rel *rel = rel_new(build->arena, REL_VALUES, 0);
    rel->column_count = from->column_count;
    rel->table_columns = from->columns;
    rel->row_count = from->row_count;
    rel->rows = from->rows;
    *out = rel;
    return NULL;
}

/* A query in FROM: its targets under the names the outer query has for them. */
static Error *build_from_query(Build *build, const BoundFrom *from, Rel **out)
{
    TRY(build_query(build, from->query, out));
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, from->column_count);
    int32_t count = 0;
    for (int32_t k = 0; k < from->column_count; k++)
    {
        ColumnId inner = from->query->targets[k].column;
        if (inner != from->columns[k])
            named[count++] = (BoundNamed){expr_column(build->arena, build->statement, inner), from->columns[k]};
    }
    *out = rel_project(build->arena, *out, named, count);
    return NULL;
}

static Error *build_from(Build *build, const BoundFrom *from, Rel **out)
{
    switch (from->kind)
    {
    case FROM_TABLE:
    case FROM_SYSVIEW:
        *out = build_table(build, from);
        return NULL;
    case FROM_QUERY:
        return build_from_query(build, from, out);
    case FROM_VALUES:
        return build_values(build, from, out);
    case FROM_CTE:
    case FROM_SERIES:
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "this FROM item is not supported");
    case FROM_JOIN:
        break;
    }
    Rel *left, *right;
    TRY(build_from(build, from->left, &left));
    TRY(build_from(build, from->right, &right));
    if (from->join == JOIN_INNER)
    {
        *out = rel_join_set(build->arena, left, right, NULL, 0);
        return build_filter(build, from->on, out);
    }
    ASSERT(from->join == JOIN_LEFT);
    if (from->on != NULL && expr_has_subquery(from->on))
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED,
                                  "subqueries in the ON condition of an outer join are not supported"),
                        from->on->position);
    ExprList list = {.arena = build->arena};
    expr_list_add_conjuncts(&list, from->on);
    *out = rel_join(build->arena, JOIN_LEFT, left, right, list.items, list.count);
    return NULL;
}

static Error *build_groups(Build *build, const BoundQuery *query, Rel **rel)
{
    Rel *agg = rel_new(build->arena, REL_AGG, 1);
    agg->named_count = query->group_count;
    agg->named = ARENA_ARRAY(build->arena, BoundNamed, query->group_count);
    for (int32_t k = 0; k < query->group_count; k++)
    {
        agg->named[k] = query->groups[k];
        TRY(build_expr(build, &agg->named[k].expr, rel));
    }
    agg->agg_count = query->agg_count;
    agg->aggs = ARENA_ARRAY(build->arena, BoundAgg, query->agg_count);
    for (int32_t k = 0; k < query->agg_count; k++)
    {
        agg->aggs[k] = query->aggs[k];
        if (agg->aggs[k].arg != NULL)
            TRY(build_expr(build, &agg->aggs[k].arg, rel));
    }
    agg->inputs[0] = *rel;
    *rel = agg;
    return build_filter(build, query->having, rel);
}

static Error *build_targets(Build *build, const BoundQuery *query, Rel **rel)
{
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, query->target_count);
    int32_t count = 0;
    for (int32_t k = 0; k < query->target_count; k++)
    {
        Expr *expr = query->targets[k].expr;
        TRY(build_expr(build, &expr, rel));
        if (!expr_is_column(expr, query->targets[k].column))
            named[count++] = (BoundNamed){expr, query->targets[k].column};
    }
    *rel = rel_project(build->arena, *rel, named, count);
    return NULL;
}

static Rel *build_distinct(Build *build, const BoundQuery *query, Rel *input)
{
    Rel *agg = rel_new(build->arena, REL_AGG, 1);
    agg->inputs[0] = input;
    agg->named_count = query->visible_count;
    agg->named = ARENA_ARRAY(build->arena, BoundNamed, query->visible_count);
    for (int32_t k = 0; k < query->visible_count; k++)
    {
        ColumnId column = query->targets[k].column;
        agg->named[k] = (BoundNamed){expr_column(build->arena, build->statement, column), column};
    }
    return agg;
}

static Rel *build_order(Build *build, const BoundQuery *query, Rel *rel)
{
    if (query->sort_count > 0)
    {
        Rel *sort = rel_new(build->arena, REL_SORT, 1);
        sort->inputs[0] = rel;
        sort->sort_count = query->sort_count;
        sort->sort = arena_memdup(build->arena, query->sort, sizeof(BoundSort) * (size_t) query->sort_count);
        rel = sort;
    }
    bool limited = query->limit != NULL && !query->limit->value.null;
    bool moved = query->offset != NULL && !query->offset->value.null && query->offset->value.i > 0;
    if (limited || moved)
    {
        Rel *limit = rel_new(build->arena, REL_LIMIT, 1);
        limit->inputs[0] = rel;
        limit->limit = limited ? query->limit->value.i : -1;
        limit->offset = moved ? query->offset->value.i : 0;
        rel = limit;
    }
    return rel;
}

Error *build_query(Build *build, const BoundQuery *query, Rel **out)
{
    Rel *rel;
    if (query->from == NULL)
        rel = rel_new(build->arena, REL_ONE, 0);
    else
        TRY(build_from(build, query->from, &rel));
    TRY(build_filter(build, query->where, &rel));
    if (query->grouped)
        TRY(build_groups(build, query, &rel));
    TRY(build_targets(build, query, &rel));
    if (query->distinct)
        rel = build_distinct(build, query, rel);
    *out = build_order(build, query, rel);
    return NULL;
}

Error *rel_build(Arena *arena, BoundStatement *statement, const BoundQuery *query, RelTree **out)
{
    Build build = {.arena = arena, .statement = statement};
    RelTree *tree = ARENA_NEW(arena, RelTree);
    Rel *root;
    TRY(build_query(&build, query, &root));
    root->result_count = query->visible_count;
    root->results = ARENA_ARRAY(arena, ColumnId, query->visible_count);
    for (int32_t k = 0; k < query->visible_count; k++)
        root->results[k] = query->targets[k].column;
    rel_outputs_fill(arena, root);
    rel_verify(statement, root);
    tree->root = root;
    *out = tree;
    return NULL;
}
