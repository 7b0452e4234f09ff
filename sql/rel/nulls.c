/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which columns may be null, from the leaves up, once a tree is built: building
 * puts columns behind outer joins, beside grouping sets and through unions,
 * where they may be null though they were not before.  Only ever adds.
 */
#include "sql/rel/build.h"

typedef struct Settling
{
    Arena *arena;
    BoundStatement *statement;
    const RelTree *tree;
} Settling;

static Expr *null_swap(void *context, const Expr *column)
{
    Settling *settling = context;
    bool nullable = settling->statement->columns[column->column].nullable;
    return nullable && !column->nullable ? expr_column(settling->arena, settling->statement, column->column) : NULL;
}

static bool may_be_null(const Settling *settling, ColumnId column)
{
    return settling->statement->columns[column].nullable;
}

static void set_nullable(Settling *settling, ColumnId column, bool nullable)
{
    if (nullable)
        settling->statement->columns[column].nullable = true;
}

static bool counts(AggKind kind)
{
    return kind == AGG_COUNT || kind == AGG_COUNT_STAR;
}

static void settle_made(Settling *settling, const Rel *rel)
{
    for (int32_t k = 0; k < rel->named_count; k++)
        set_nullable(settling, rel->named[k].column, rel->named[k].expr->nullable);
    for (int32_t k = 0; k < rel->agg_count; k++)
        set_nullable(settling, rel->aggs[k].column,
                     !counts(rel->aggs[k].kind) &&
                         (rel->named_count == 0 || rel->aggs[k].arg == NULL || rel->aggs[k].arg->nullable));
    for (int32_t k = 0; k < rel->window_count; k++)
        for (int32_t e = 0; e < rel->windows[k].arg_count; e++)
            set_nullable(settling, rel->windows[k].column,
                         !(rel->windows[k].window == WINDOW_NONE && counts(rel->windows[k].agg)) &&
                             rel->windows[k].args[e]->nullable);
    for (int32_t k = 0; k < rel->column_count; k++)
    {
        if (rel->kind == REL_SHARED)
            set_nullable(settling, rel->table_columns[k],
                         may_be_null(settling, settling->tree->shared[rel->shared]->results[k]));
        for (int32_t i = 0; rel->kind == REL_APPEND && i < rel->input_count; i++)
            set_nullable(settling, rel->table_columns[k], may_be_null(settling, rel->input_columns[i][k]));
    }
}

static void settle(Settling *settling, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        settle(settling, rel->inputs[k]);
    if (rel->kind == REL_JOIN && rel->join == JOIN_LEFT)
    {
        ColumnSet right = {0};
        ColumnId *columns;
        rel_columns(settling->arena, rel->inputs[1], &right);
        int32_t count = column_set_list(settling->arena, &right, &columns);
        for (int32_t k = 0; k < count; k++)
            set_nullable(settling, columns[k], true);
    }
    rel_replace(settling->arena, rel, null_swap, settling);
    settle_made(settling, rel);
}

void settle_nulls(Arena *arena, BoundStatement *statement, const RelTree *tree)
{
    Settling settling = {arena, statement, tree};
    for (int32_t k = 0; k < tree->shared_count; k++)
        settle(&settling, tree->shared[k]);
    settle(&settling, tree->root);
}
