/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a bound query to relations, in the order in which SQL says it happens:
 *
 *     from -> FILTER where -> AGG groups -> FILTER having -> WINDOW windows -> FILTER qualify
 *          -> PROJECT targets -> AGG distinct -> SORT -> LIMIT
 *
 * Nothing is made better here but subqueries, which end at this door.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

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

static Rel *build_visible_distinct(Build *build, const BoundQuery *query, Rel *input)
{
    ColumnId *columns = ARENA_ARRAY(build->arena, ColumnId, query->visible_count);
    for (int32_t k = 0; k < query->visible_count; k++)
        columns[k] = query->targets[k].column;
    return build_distinct(build, input, columns, query->visible_count);
}

static Rel *where_number(Build *build, Rel *rel, ColumnId number, char op, int64_t bound)
{
    Expr *test = expr_compare_make(build->arena, op, expr_column(build->arena, build->statement, number),
                                   expr_bigint(build->arena, bound));
    return rel_filter(build->arena, rel, &test, 1);
}

/* The first row of those equal in `keys`. */
static Rel *first_rows(Build *build, Rel *rel, const ColumnId *keys, int32_t key_count, const BoundSort *sort,
                       int32_t sort_count)
{
    ColumnId number;
    rel = build_row_number(build, rel, keys, key_count, sort, sort_count, &number);
    return where_number(build, rel, number, '=', 1);
}

/* Row number > offset, rank <= offset + limit. */
static Rel *first_with_ties(Build *build, const BoundQuery *query, int64_t limit, int64_t offset, Rel *rel)
{
    ColumnId rank, number;
    int64_t last;
    if (__builtin_add_overflow(limit, offset, &last))
        last = INT64_MAX;
    rel = build_rank(build, rel, query->sort, query->sort_count, &rank);
    if (offset > 0)
        rel = build_row_number(build, rel, NULL, 0, query->sort, query->sort_count, &number);
    rel = where_number(build, rel, rank, 'l', last);
    return offset > 0 ? where_number(build, rel, number, '>', offset) : rel;
}

static Rel *build_order(Build *build, const BoundQuery *query, Rel *rel)
{
    bool limited = query->limit != NULL && !query->limit->value.null;
    bool moved = query->offset != NULL && !query->offset->value.null && query->offset->value.i > 0;
    int64_t limit = limited ? query->limit->value.i : -1, offset = moved ? query->offset->value.i : 0;
    bool ties = query->with_ties && limit > 0;
    if (ties)
        rel = first_with_ties(build, query, limit, offset, rel);
    if (query->sort_count > 0)
    {
        Rel *sort = rel_new(build->arena, REL_SORT, 1);
        sort->inputs[0] = rel;
        sort->sort_count = query->sort_count;
        sort->sort = arena_memdup(build->arena, query->sort, sizeof(BoundSort) * (size_t) query->sort_count);
        rel = sort;
    }
    if ((limited || moved) && !ties)
    {
        Rel *first = rel_new(build->arena, REL_LIMIT, 1);
        first->inputs[0] = rel;
        first->limit = limit;
        first->offset = offset;
        rel = first;
    }
    return rel;
}

static Error *build_select(Build *build, const BoundQuery *query, Rel **out)
{
    Rel *rel;
    if (query->from == NULL)
        rel = rel_new(build->arena, REL_ONE, 0);
    else
        TRY(build_from(build, query->from, &rel));
    TRY(build_filter(build, query->where, &rel));
    if (query->grouped)
        TRY(build_groups(build, query, &rel));
    if (query->window_count > 0)
        TRY(build_windows(build, query, &rel));
    TRY(build_filter(build, query->qualify, &rel));
    TRY(build_targets(build, query, &rel));
    *out = rel;
    return NULL;
}

Error *build_query(Build *build, const BoundQuery *query, Rel **out)
{
    Rel *rel;
    Expr *guard = build->guard;
    build->guard = NULL;
    TRY(query->set_kind != SET_NONE ? build_set(build, query, &rel) : build_select(build, query, &rel));
    build->guard = guard;
    if (query->distinct)
        rel = build_visible_distinct(build, query, rel);
    if (query->distinct_on_count > 0)
        rel = first_rows(build, rel, query->distinct_on, query->distinct_on_count, query->sort, query->sort_count);
    *out = build_order(build, query, rel);
    return NULL;
}

/* Of the rows that would take one row of the table away the first counts; those that take none all do. */
static Rel *first_writes(Build *build, const BoundQuery *query, const BoundWrite *write, Rel *rel)
{
    if (write == NULL || write->address < 0 || write->values < 0 || write->once ||
        (query->from != NULL && query->from->kind == FROM_TABLE))
        return rel;
    Arena *arena = build->arena;
    ColumnId number, address = query->targets[write->address].column;
    rel = build_row_number(build, rel, &address, 1, NULL, 0, &number);
    Expr *column = expr_column(arena, build->statement, address), *either[2];
    either[0] = expr_compare_make(arena, '=', expr_column(arena, build->statement, number), expr_bigint(arena, 1));
    either[1] = expr_new(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &column);
    either[1]->nullable = false;
    Expr *test = expr_or_list(arena, either, 2);
    return rel_filter(arena, rel, &test, 1);
}

Error *rel_build(Arena *arena, BoundStatement *statement, const BoundQuery *query, RelTree **out)
{
    Build build = {
        .arena = arena, .statement = statement, .cte_shared = ARENA_ARRAY(arena, int32_t, statement->cte_count)};
    for (int32_t k = 0; k < statement->cte_count; k++)
        build.cte_shared[k] = -1;
    Rel *root;
    TRY(build_query(&build, query, &root));
    if (query == statement->query)
        root = first_writes(&build, query, statement->write, root);
    root = unnest_tree(&build, root);
    root->result_count = query->visible_count;
    root->results = ARENA_ARRAY(arena, ColumnId, query->visible_count);
    for (int32_t k = 0; k < query->visible_count; k++)
        root->results[k] = query->targets[k].column;
    *out = build_tree(&build, root);
    settle_nulls(arena, statement, *out);
    for (int32_t k = 0; k < (*out)->shared_count; k++)
        rel_outputs_fill(arena, (*out)->shared[k]);
    rel_outputs_fill(arena, (*out)->root);
    return rel_tree_verify(statement, *out);
}
