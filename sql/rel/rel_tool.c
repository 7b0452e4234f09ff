/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

Rel *rel_new(Arena *arena, RelKind kind, int32_t input_count)
{
    Rel *rel = ARENA_NEW(arena, Rel);
    rel->kind = kind;
    rel->input_count = input_count;
    rel->inputs = ARENA_ARRAY(arena, Rel *, input_count);
    rel->limit = -1;
    return rel;
}

void rel_set_conjuncts(Rel *rel, const ExprList *list)
{
    rel->conjunct_count = list->count;
    rel->conjuncts = list->items;
}

static void add_conjuncts(Arena *arena, Rel *rel, Expr *const *conjuncts, int32_t count)
{
    ExprList list = {.arena = arena};
    expr_list_add_all(&list, rel->conjuncts, rel->conjunct_count);
    expr_list_add_all(&list, conjuncts, count);
    rel_set_conjuncts(rel, &list);
}

Rel *rel_filter(Arena *arena, Rel *input, Expr *const *conjuncts, int32_t count)
{
    if (count == 0)
        return input;
    if (input->kind == REL_FILTER && !input->must_hold)
    {
        add_conjuncts(arena, input, conjuncts, count);
        return input;
    }
    Rel *rel = rel_new(arena, REL_FILTER, 1);
    rel->inputs[0] = input;
    add_conjuncts(arena, rel, conjuncts, count);
    return rel;
}

Rel *rel_join(Arena *arena, JoinKind join, Rel *left, Rel *right, Expr *const *conjuncts, int32_t count)
{
    Rel *rel = rel_new(arena, REL_JOIN, 2);
    rel->inputs[0] = left;
    rel->inputs[1] = right;
    rel->join = join;
    add_conjuncts(arena, rel, conjuncts, count);
    return rel;
}

Rel *rel_join_set(Arena *arena, Rel *a, Rel *b, Expr *const *conjuncts, int32_t count)
{
    Rel *rel = rel_new(arena, REL_JOIN_SET, 2);
    rel->inputs[0] = a;
    rel->inputs[1] = b;
    add_conjuncts(arena, rel, conjuncts, count);
    return rel;
}

Rel *rel_project(Arena *arena, Rel *input, const BoundNamed *named, int32_t count)
{
    if (count == 0)
        return input;
    Rel *rel = rel_new(arena, REL_PROJECT, 1);
    rel->inputs[0] = input;
    rel->named_count = count;
    rel->named = arena_memdup(arena, named, sizeof(BoundNamed) * (size_t) count);
    return rel;
}

/* Columns that begin at this node. */
static void columns_made(Arena *arena, const Rel *rel, ColumnSet *set)
{
    if (rel->kind == REL_SCAN || rel->kind == REL_SYSVIEW || rel->kind == REL_VALUES)
        column_set_add_all(arena, set, rel->table_columns, rel->column_count);
    for (int32_t k = 0; k < rel->named_count; k++)
        column_set_add(arena, set, rel->named[k].column);
    for (int32_t k = 0; k < rel->agg_count; k++)
        column_set_add(arena, set, rel->aggs[k].column);
}

void rel_columns(Arena *arena, const Rel *rel, ColumnSet *set)
{
    columns_made(arena, rel, set);
    if (rel->kind == REL_AGG)
        return;
    bool left_only = rel->kind == REL_JOIN && rel->join != JOIN_INNER && rel->join != JOIN_LEFT;
    for (int32_t k = 0; k < (left_only ? 1 : rel->input_count); k++)
        rel_columns(arena, rel->inputs[k], set);
}

void rel_columns_inside(Arena *arena, const Rel *rel, ColumnSet *set)
{
    columns_made(arena, rel, set);
    for (int32_t k = 0; k < rel->input_count; k++)
        rel_columns_inside(arena, rel->inputs[k], set);
}

void rel_columns_read(Arena *arena, const Rel *rel, ColumnSet *set)
{
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        expr_columns(arena, rel->conjuncts[k], set);
    for (int32_t k = 0; k < rel->named_count; k++)
        expr_columns(arena, rel->named[k].expr, set);
    for (int32_t k = 0; k < rel->agg_count; k++)
        if (rel->aggs[k].arg != NULL)
            expr_columns(arena, rel->aggs[k].arg, set);
    for (int32_t k = 0; k < rel->sort_count; k++)
        expr_columns(arena, rel->sort[k].expr, set);
}

void rel_outputs_fill(Arena *arena, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rel_outputs_fill(arena, rel->inputs[k]);
    ColumnSet set = {0};
    rel_columns(arena, rel, &set);
    rel->output_count = column_set_list(arena, &set, &rel->outputs);
}

void rel_replace(Arena *arena, Rel *rel, ExprSwap *swap, void *context)
{
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        rel->conjuncts[k] = expr_replace(arena, rel->conjuncts[k], swap, context);
    for (int32_t k = 0; k < rel->named_count; k++)
        rel->named[k].expr = expr_replace(arena, rel->named[k].expr, swap, context);
    for (int32_t k = 0; k < rel->agg_count; k++)
        if (rel->aggs[k].arg != NULL)
            rel->aggs[k].arg = expr_replace(arena, rel->aggs[k].arg, swap, context);
    for (int32_t k = 0; k < rel->sort_count; k++)
        rel->sort[k].expr = expr_replace(arena, rel->sort[k].expr, swap, context);
}

bool rel_is_one_row(const Rel *rel)
{
    switch (rel->kind)
    {
    case REL_ONE:
        return true;
    case REL_AGG:
        return rel->named_count == 0;
    case REL_VALUES:
        return rel->row_count <= 1;
    case REL_LIMIT:
        return (rel->limit >= 0 && rel->limit <= 1) || rel_is_one_row(rel->inputs[0]);
    case REL_FILTER:
    case REL_PROJECT:
    case REL_SORT:
        return rel_is_one_row(rel->inputs[0]);
    default:
        return false;
    }
}
