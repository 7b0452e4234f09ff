/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Window functions: one REL_WINDOW for each partitioning and order, over
 * projections that make columns of what they read.
 *
 *     sum(a + b) over (partition by c order by d), rank() over (partition by c order by d), count(*) over ()
 *     WINDOW count(*) (WINDOW sum(v), rank() partition by c order by d (PROJECT v = a + b))
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

Expr *build_named(Build *build, BoundNamed *named, int32_t *count, const char *name, Expr *expr)
{
    if (expr->kind == EXPR_COLUMN)
        return expr;
    for (int32_t k = 0; k < *count; k++)
        if (expr_equal(named[k].expr, expr) && !expr_is_volatile(expr))
            return expr_column(build->arena, build->statement, named[k].column);
    ColumnId column = bound_add_column(build->arena, build->statement, name, expr->type, expr->nullable);
    named[(*count)++] = (BoundNamed){expr, column};
    return expr_column(build->arena, build->statement, column);
}

/* The window reads columns alone: what is computed is added to `named`. */
static void name_arguments(Build *build, BoundWindow *window, BoundNamed *named, int32_t *count)
{
    Arena *arena = build->arena;
    for (int32_t k = 0; k < window->arg_count; k++)
        window->args[k] = build_named(build, named, count, "argument", window->args[k]);
    window->partition = arena_memdup(arena, window->partition, sizeof(Expr *) * (size_t) window->partition_count);
    for (int32_t k = 0; k < window->partition_count; k++)
        window->partition[k] = build_named(build, named, count, "key", window->partition[k]);
    window->sort = arena_memdup(arena, window->sort, sizeof(BoundSort) * (size_t) window->sort_count);
    for (int32_t k = 0; k < window->sort_count; k++)
        window->sort[k].expr = build_named(build, named, count, "key", window->sort[k].expr);
}

static int32_t names_wanted(const BoundWindow *window)
{
    return window->arg_count + window->partition_count + window->sort_count;
}

Rel *build_window(Build *build, Rel *input, BoundWindow window)
{
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, names_wanted(&window));
    int32_t count = 0;
    name_arguments(build, &window, named, &count);
    Rel *rel = rel_new(build->arena, REL_WINDOW, 1);
    rel->inputs[0] = rel_project(build->arena, input, named, count);
    rel->window_count = 1;
    rel->windows = arena_memdup(build->arena, &window, sizeof window);
    return rel;
}

static Rel *numbered(Build *build, Rel *input, WindowId how, const ColumnId *keys, int32_t key_count,
                     const BoundSort *sort, int32_t sort_count, ColumnId *number)
{
    Arena *arena = build->arena;
    *number = bound_add_column(arena, build->statement, window_row(how)->name, type_make(TYPE_BIGINT), false);
    BoundWindow window = {.window = how,
                          .partition_count = key_count,
                          .partition = ARENA_ARRAY(arena, Expr *, key_count),
                          .sort_count = sort_count,
                          .sort = (BoundSort *) sort,
                          .frame = {.unit = FRAME_ROWS, .end = FRAME_UNBOUNDED_FOLLOWING},
                          .column = *number};
    for (int32_t k = 0; k < key_count; k++)
        window.partition[k] = expr_column(arena, build->statement, keys[k]);
    return build_window(build, input, window);
}

Rel *build_row_number(Build *build, Rel *input, const ColumnId *keys, int32_t key_count, const BoundSort *sort,
                      int32_t sort_count, ColumnId *number)
{
    return numbered(build, input, WINDOW_ROW_NUMBER, keys, key_count, sort, sort_count, number);
}

Rel *build_rank(Build *build, Rel *input, const BoundSort *sort, int32_t sort_count, ColumnId *rank)
{
    return numbered(build, input, WINDOW_RANK, NULL, 0, sort, sort_count, rank);
}

static bool same_rows(const BoundWindow *a, const BoundWindow *b)
{
    if (a->partition_count != b->partition_count || a->sort_count != b->sort_count)
        return false;
    for (int32_t k = 0; k < a->partition_count; k++)
        if (!expr_equal(a->partition[k], b->partition[k]))
            return false;
    for (int32_t k = 0; k < a->sort_count; k++)
        if (!expr_equal(a->sort[k].expr, b->sort[k].expr) || a->sort[k].descending != b->sort[k].descending ||
            a->sort[k].nulls_first != b->sort[k].nulls_first)
            return false;
    return true;
}

/* Windows whose expressions hold no subquery any more. */
static Error *without_subqueries(Build *build, BoundWindow *window, Rel **rel)
{
    Arena *arena = build->arena;
    for (int32_t k = 0; k < window->arg_count; k++)
        TRY(build_expr(build, &window->args[k], rel));
    window->partition = arena_memdup(arena, window->partition, sizeof(Expr *) * (size_t) window->partition_count);
    for (int32_t k = 0; k < window->partition_count; k++)
        TRY(build_expr(build, &window->partition[k], rel));
    window->sort = arena_memdup(arena, window->sort, sizeof(BoundSort) * (size_t) window->sort_count);
    for (int32_t k = 0; k < window->sort_count; k++)
        TRY(build_expr(build, &window->sort[k].expr, rel));
    return NULL;
}

Error *build_windows(Build *build, const BoundQuery *query, Rel **rel)
{
    Arena *arena = build->arena;
    int32_t count = query->window_count, named_count = 0, wanted = 0;
    BoundWindow *windows = arena_memdup(arena, query->windows, sizeof(BoundWindow) * (size_t) count);
    for (int32_t k = 0; k < count; k++)
    {
        TRY(without_subqueries(build, &windows[k], rel));
        wanted += names_wanted(&windows[k]);
    }
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, wanted);
    for (int32_t k = 0; k < count; k++)
        name_arguments(build, &windows[k], named, &named_count);
    *rel = rel_project(arena, *rel, named, named_count);
    bool *taken = ARENA_ARRAY(arena, bool, count);
    for (int32_t k = 0; k < count; k++)
    {
        if (taken[k])
            continue;
        Rel *node = rel_new(arena, REL_WINDOW, 1);
        node->inputs[0] = *rel;
        node->windows = ARENA_ARRAY(arena, BoundWindow, count - k);
        for (int32_t e = k; e < count; e++)
            if (!taken[e] && same_rows(&windows[k], &windows[e]))
            {
                taken[e] = true;
                node->windows[node->window_count++] = windows[e];
            }
        *rel = node;
    }
    return NULL;
}
