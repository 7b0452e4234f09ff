/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dependent join is one whose right side reads columns x of its left.  It
 * becomes a plain one by computing the right side for all distinct values of x
 * at once (Neumann and Kemper, "Unnesting Arbitrary Queries", BTW 2015):
 *
 *     L JOIN R(x) on c
 *
 *     L shared; D = distinct x of L, shared
 *     L JOIN R' on c and L.x is not distinct from R'.x      R' = unnest_push(D, R): the rows of R for each row of D
 *
 * Where R computes from nothing but x, L itself is put below it:
 *
 *     L, lateral (select x + 1 as y)      PROJECT y = x + 1 of L
 *
 * From the root down: what R holds of dependent joins is seen to after D has
 * been pushed into it, when R reads nothing from outside any more.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

static void add_free(const Build *build, const Rel *rel, ColumnSet *read, ColumnSet *made)
{
    Arena *arena = build->arena;
    rel_columns_read(arena, rel, read);
    column_set_add_all(arena, made, rel->table_columns, rel->column_count);
    if (rel->address != NO_COLUMN)
        column_set_add(arena, made, rel->address);
    for (int32_t k = 0; k < rel->named_count; k++)
        column_set_add(arena, made, rel->named[k].column);
    for (int32_t k = 0; k < rel->agg_count; k++)
        column_set_add(arena, made, rel->aggs[k].column);
    for (int32_t k = 0; k < rel->window_count; k++)
        column_set_add(arena, made, rel->windows[k].column);
    if (rel->kind == REL_SHARED)
        rel_free_columns(build, build->shared[rel->shared].rel, read);
    for (int32_t k = 0; k < rel->input_count; k++)
        add_free(build, rel->inputs[k], read, made);
}

void rel_free_columns(const Build *build, const Rel *rel, ColumnSet *set)
{
    ColumnSet read = {0}, made = {0};
    add_free(build, rel, &read, &made);
    ColumnId *columns;
    int32_t count = column_set_list(build->arena, &read, &columns);
    for (int32_t k = 0; k < count; k++)
        if (!column_set_has(&made, columns[k]))
            column_set_add(build->arena, set, columns[k]);
}

bool rel_depends(const Build *build, const Rel *rel, const ColumnSet *columns)
{
    ColumnSet read = {0};
    rel_free_columns(build, rel, &read);
    return column_set_meets(&read, columns);
}

bool rel_is_free(const Build *build, const Rel *rel)
{
    ColumnSet read = {0};
    rel_free_columns(build, rel, &read);
    return column_set_count(&read) == 0;
}

/* The value 0, or empty text, in the column's type. */
static Expr *zero_of(Arena *arena, SqlType type)
{
    Datum zero = {.null = false};
    if (type_is_string(type))
        zero.str.data = (char *) "";
    return expr_constant(arena, type, zero);
}

static Expr *null_flag(Arena *arena, Expr *column)
{
    Expr *flag = expr_new(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &column);
    flag->nullable = false;
    return flag;
}

static Expr *without_null(Arena *arena, Expr *column)
{
    if (!column->nullable)
        return column;
    Expr *args[2] = {column, zero_of(arena, column->type)};
    Expr *value = expr_new(arena, EXPR_COALESCE, column->type, 2, args);
    value->nullable = false;
    return value;
}

/* Two equalities of which a hash join can make keys. */
void add_same(Build *build, ExprList *list, ColumnId a, ColumnId b)
{
    Arena *arena = build->arena;
    Expr *left = expr_column(arena, build->statement, a), *right = expr_column(arena, build->statement, b);
    expr_list_add(list, expr_compare_make(arena, '=', without_null(arena, left), without_null(arena, right)));
    if (left->nullable || right->nullable)
        expr_list_add(list, expr_compare_make(arena, '=', null_flag(arena, left), null_flag(arena, right)));
}

/* --- one dependent join --------------------------------------------------------- */

/* The columns of the left side that the right one reads. */
static int32_t columns_asked(Build *build, const Rel *join, ColumnId **columns)
{
    ColumnSet read = {0}, given = {0}, asked = {0};
    ColumnId *list;
    rel_free_columns(build, join->inputs[1], &read);
    rel_columns(build->arena, join->inputs[0], &given);
    int32_t count = column_set_list(build->arena, &read, &list);
    for (int32_t k = 0; k < count; k++)
        if (column_set_has(&given, list[k]))
            column_set_add(build->arena, &asked, list[k]);
    return column_set_list(build->arena, &asked, columns);
}

/* Shares the left side, which is read under its own names here; its distinct values of `asked` are shared too. */
static int32_t share_domain(Build *build, Rel *join, const ColumnId *asked, int32_t count)
{
    ColumnSet given = {0};
    ColumnId *columns, *keys = ARENA_ARRAY(build->arena, ColumnId, count);
    Rel *left = join->inputs[0];
    rel_columns(build->arena, left, &given);
    int32_t column_count = column_set_list(build->arena, &given, &columns);
    int32_t shared = build_share(build, left, columns, column_count);
    build->shared[shared].unnested = true;
    join->inputs[0] = build_read(build, shared, columns);
    Rel *again = build_read(build, shared, NULL);
    for (int32_t k = 0; k < count; k++)
        for (int32_t c = 0; c < column_count; c++)
            if (columns[c] == asked[k])
                keys[k] = again->table_columns[c];
    int32_t domain = build_share(build, build_distinct(build, again, keys, count), keys, count);
    build->shared[domain].unnested = true;
    return domain;
}

static void unnest_join(Build *build, Rel *join, const ColumnId *asked, int32_t count)
{
    Domain *domain = ARENA_NEW(build->arena, Domain); /* stays: shared trees remember it */
    *domain = (Domain){.build = build, .count = count, .outer = asked};
    ColumnId *columns = ARENA_ARRAY(build->arena, ColumnId, count);
    column_set_add_all(build->arena, &domain->outer_set, asked, count);
    domain->shared = share_domain(build, join, asked, count);
    join->inputs[1] = unnest_push(domain, join->inputs[1], columns);
    ExprList on = {.arena = build->arena};
    for (int32_t k = 0; k < count; k++)
        add_same(build, &on, asked[k], columns[k]);
    expr_list_add_all(&on, join->conjuncts, join->conjunct_count);
    rel_set_conjuncts(join, &on);
}

/* Where the right side only computes from one row, where that row stands; else NULL. */
static Rel **row_below(Rel **side)
{
    while ((*side)->kind == REL_PROJECT || (*side)->kind == REL_EXPAND || (*side)->kind == REL_FILTER)
        side = &(*side)->inputs[0];
    return (*side)->kind == REL_ONE ? side : NULL;
}

static Rel *unnest(Build *build, Rel *rel)
{
    bool joins = rel->kind == REL_JOIN || rel->kind == REL_JOIN_SET;
    ASSERT(rel->kind != REL_JOIN_SET || rel->input_count == 2);
    if (rel->input_count > 0)
        rel->inputs[0] = unnest(build, rel->inputs[0]);
    if (joins)
    {
        ColumnId *asked;
        int32_t count = columns_asked(build, rel, &asked);
        Rel **row = count > 0 && rel->kind == REL_JOIN_SET ? row_below(&rel->inputs[1]) : NULL;
        if (row != NULL)
        {
            *row = rel->inputs[0];
            return rel_filter(build->arena, rel->inputs[1], rel->conjuncts, rel->conjunct_count);
        }
        if (count > 0)
            unnest_join(build, rel, asked, count);
    }
    for (int32_t k = 1; k < rel->input_count; k++)
        rel->inputs[k] = unnest(build, rel->inputs[k]);
    return rel;
}

/* A shared tree may be correlated to where it is read: it is seen to once all of that is pushed into it. */
Rel *unnest_tree(Build *build, Rel *root)
{
    root = unnest(build, root);
    for (bool found = true; found;)
    {
        found = false;
        for (int32_t k = 0; k < build->shared_count; k++)
            if (!build->shared[k].unnested && rel_is_free(build, build->shared[k].rel))
            {
                Rel *shared = build->shared[k].rel;
                build->shared[k].unnested = true;
                build->shared[k].rel = unnest(build, shared);
                found = true;
            }
    }
    return root;
}
