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
    rel->address = NO_COLUMN;
    rel->shared = -1;
    rel->cte = -1;
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

Rel *rel_append(Arena *arena, Rel *const *inputs, ColumnId *const *input_columns, int32_t input_count,
                const ColumnId *columns, int32_t column_count)
{
    Rel *rel = rel_new(arena, REL_APPEND, input_count);
    rel->input_columns = ARENA_ARRAY(arena, ColumnId *, input_count);
    for (int32_t k = 0; k < input_count; k++)
    {
        rel->inputs[k] = inputs[k];
        rel->input_columns[k] = arena_memdup(arena, input_columns[k], sizeof(ColumnId) * (size_t) column_count);
    }
    rel->column_count = column_count;
    rel->table_columns = arena_memdup(arena, columns, sizeof(ColumnId) * (size_t) column_count);
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

Rel *rel_expand(Arena *arena, Rel *input, BoundNamed numbers)
{
    Rel *rel = rel_project(arena, input, &numbers, 1);
    rel->kind = REL_EXPAND;
    return rel;
}

/* --- which columns ------------------------------------------------------- */

/* Columns that begin at this node. */
static void columns_made(Arena *arena, const Rel *rel, ColumnSet *set)
{
    column_set_add_all(arena, set, rel->table_columns, rel->column_count);
    if (rel->kind == REL_SCAN && rel->address != NO_COLUMN)
        column_set_add(arena, set, rel->address);
    for (int32_t k = 0; k < rel->named_count; k++)
        column_set_add(arena, set, rel->named[k].column);
    for (int32_t k = 0; k < rel->agg_count; k++)
        column_set_add(arena, set, rel->aggs[k].column);
    for (int32_t k = 0; k < rel->window_count; k++)
        column_set_add(arena, set, rel->windows[k].column);
}

void rel_columns(Arena *arena, const Rel *rel, ColumnSet *set)
{
    columns_made(arena, rel, set);
    if (rel->kind == REL_AGG || rel->kind == REL_APPEND)
        return;
    bool left_only = rel->kind == REL_JOIN && (rel->join == JOIN_SEMI || rel->join == JOIN_ANTI);
    for (int32_t k = 0; k < (left_only ? 1 : rel->input_count); k++)
        rel_columns(arena, rel->inputs[k], set);
}

void rel_columns_inside(Arena *arena, const Rel *rel, ColumnSet *set)
{
    columns_made(arena, rel, set);
    for (int32_t k = 0; k < rel->input_count; k++)
        rel_columns_inside(arena, rel->inputs[k], set);
}

/* --- a node's own expressions -------------------------------------------- */

typedef void ExprVisit(void *context, Expr **expr);

static void visit_sorts(BoundSort *sort, int32_t count, ExprVisit *visit, void *context)
{
    for (int32_t k = 0; k < count; k++)
        visit(context, &sort[k].expr);
}

static void visit_windows(Rel *rel, ExprVisit *visit, void *context)
{
    for (int32_t k = 0; k < rel->window_count; k++)
    {
        BoundWindow *window = &rel->windows[k];
        for (int32_t e = 0; e < window->arg_count; e++)
            visit(context, &window->args[e]);
        for (int32_t e = 0; e < window->partition_count; e++)
            visit(context, &window->partition[e]);
        visit_sorts(window->sort, window->sort_count, visit, context);
    }
}

static void visit_expressions(Rel *rel, ExprVisit *visit, void *context)
{
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        visit(context, &rel->conjuncts[k]);
    for (int32_t k = 0; k < rel->named_count; k++)
        visit(context, &rel->named[k].expr);
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        if (rel->aggs[k].arg != NULL)
            visit(context, &rel->aggs[k].arg);
        visit_sorts(rel->aggs[k].sort, rel->aggs[k].sort_count, visit, context);
    }
    visit_windows(rel, visit, context);
    visit_sorts(rel->sort, rel->sort_count, visit, context);
}

typedef struct Reading
{
    Arena *arena;
    ColumnSet *set;
} Reading;

static void read_expr(void *context, Expr **expr)
{
    Reading *reading = context;
    expr_columns(reading->arena, *expr, reading->set);
}

void rel_columns_read(Arena *arena, const Rel *rel, ColumnSet *set)
{
    Reading reading = {arena, set};
    visit_expressions((Rel *) rel, read_expr, &reading);
    if (rel->kind == REL_APPEND)
        for (int32_t k = 0; k < rel->input_count; k++)
            column_set_add_all(arena, set, rel->input_columns[k], rel->column_count);
}

void rel_outputs_fill(Arena *arena, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rel_outputs_fill(arena, rel->inputs[k]);
    ColumnSet set = {0};
    rel_columns(arena, rel, &set);
    rel->output_count = column_set_list(arena, &set, &rel->outputs);
}

typedef struct Replacing
{
    Arena *arena;
    ExprSwap *swap;
    void *context;
} Replacing;

static void replace_expr(void *context, Expr **expr)
{
    Replacing *replacing = context;
    *expr = expr_replace(replacing->arena, *expr, replacing->swap, replacing->context);
}

void rel_replace(Arena *arena, Rel *rel, ExprSwap *swap, void *context)
{
    Replacing replacing = {arena, swap, context};
    visit_expressions(rel, replace_expr, &replacing);
}

typedef struct Renaming
{
    Arena *arena;
    const BoundStatement *statement;
    const ColumnId *from, *to;
    int32_t count;
} Renaming;

static ColumnId renamed(const Renaming *renaming, ColumnId column)
{
    for (int32_t k = 0; k < renaming->count; k++)
        if (renaming->from[k] == column)
            return renaming->to[k];
    return column;
}

static Expr *rename_swap(void *context, const Expr *column)
{
    const Renaming *renaming = context;
    ColumnId other = renamed(renaming, column->column);
    return other == column->column ? NULL : expr_column(renaming->arena, renaming->statement, other);
}

Expr *expr_rename(Arena *arena, const BoundStatement *statement, Expr *expr, const ColumnId *from, const ColumnId *to,
                  int32_t count)
{
    Renaming renaming = {arena, statement, from, to, count};
    return expr_replace(arena, expr, rename_swap, &renaming);
}

static void rename_list(Renaming *renaming, ColumnId **columns, int32_t count)
{
    *columns = arena_memdup(renaming->arena, *columns, sizeof(ColumnId) * (size_t) count);
    for (int32_t k = 0; k < count; k++)
        (*columns)[k] = renamed(renaming, (*columns)[k]);
}

static void rename_tree(Renaming *renaming, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rename_tree(renaming, rel->inputs[k]);
    rel_replace(renaming->arena, rel, rename_swap, renaming);
    rename_list(renaming, &rel->table_columns, rel->column_count);
    if (rel->kind == REL_APPEND)
        for (int32_t k = 0; k < rel->input_count; k++)
            rename_list(renaming, &rel->input_columns[k], rel->column_count);
    if (rel->address != NO_COLUMN)
        rel->address = renamed(renaming, rel->address);
    for (int32_t k = 0; k < rel->named_count; k++)
        rel->named[k].column = renamed(renaming, rel->named[k].column);
    for (int32_t k = 0; k < rel->agg_count; k++)
        rel->aggs[k].column = renamed(renaming, rel->aggs[k].column);
    for (int32_t k = 0; k < rel->window_count; k++)
        rel->windows[k].column = renamed(renaming, rel->windows[k].column);
}

void rel_rename(Arena *arena, const BoundStatement *statement, Rel *rel, const ColumnId *from, const ColumnId *to,
                int32_t count)
{
    Renaming renaming = {arena, statement, from, to, count};
    rename_tree(&renaming, rel);
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
    case REL_WINDOW:
        return rel_is_one_row(rel->inputs[0]);
    default:
        return false;
    }
}

int32_t rel_tree_share(Arena *arena, RelTree *tree, Rel *rel)
{
    ColumnSet given = {0};
    Rel **shared = ARENA_ARRAY(arena, Rel *, tree->shared_count + 1);
    for (int32_t k = 0; k < tree->shared_count; k++)
        shared[k] = tree->shared[k];
    shared[tree->shared_count] = rel;
    tree->shared = shared;
    rel_columns(arena, rel, &given);
    rel->result_count = column_set_list(arena, &given, &rel->results);
    return tree->shared_count++;
}

Rel *rel_read_shared(Arena *arena, BoundStatement *statement, const Rel *source, int32_t shared,
                     const ColumnId *columns)
{
    Rel *rel = rel_new(arena, REL_SHARED, 0);
    rel->shared = shared;
    rel->column_count = source->result_count;
    rel->table_columns = ARENA_ARRAY(arena, ColumnId, source->result_count);
    for (int32_t k = 0; k < source->result_count; k++)
    {
        const BoundColumn *column = &statement->columns[source->results[k]];
        rel->table_columns[k] = columns != NULL
                                    ? columns[k]
                                    : bound_add_column(arena, statement, column->name, column->type, column->nullable);
    }
    return rel;
}

void rel_each_shared(Rel *rel, RelVisit *visit, void *context)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rel_each_shared(rel->inputs[k], visit, context);
    if (rel->kind == REL_SHARED)
        visit(context, rel);
}

void rel_add_partition(Arena *arena, Rel *window, Expr *key)
{
    for (int32_t k = 0; k < window->window_count; k++)
    {
        BoundWindow *one = &window->windows[k];
        Expr **partition = ARENA_ARRAY(arena, Expr *, one->partition_count + 1);
        for (int32_t e = 0; e < one->partition_count; e++)
            partition[e] = one->partition[e];
        partition[one->partition_count++] = key;
        one->partition = partition;
    }
}

Expr *rel_named_swap(void *context, const Expr *column)
{
    const Rel *rel = context;
    for (int32_t k = 0; k < rel->named_count; k++)
        if (rel->named[k].column == column->column)
            return rel->named[k].expr;
    return NULL;
}
