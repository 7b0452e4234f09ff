/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `select l_orderkey as k from ...` makes column k of a column that is there
 * already.  Column ids are unique in the statement, so k can be called
 * l_orderkey everywhere; what is known of l_orderkey is then known of k.
 * Groups that are plain columns keep their names in the same way.
 */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

typedef struct Renaming
{
    Arena *arena;
    BoundStatement *statement;
    ColumnId *to; /* by ColumnId; -1: keeps its name */
} Renaming;

static ColumnId renamed(const Renaming *renaming, ColumnId column)
{
    while (renaming->to[column] >= 0)
        column = renaming->to[column];
    return column;
}

static Expr *rename_swap(void *context, const Expr *column)
{
    Renaming *renaming = context;
    ColumnId other = renamed(renaming, column->column);
    return other == column->column ? NULL : expr_column(renaming->arena, renaming->statement, other);
}

static void note(Renaming *renaming, ColumnId from, ColumnId to)
{
    to = renamed(renaming, to);
    ASSERT(from != to);
    renaming->to[from] = to;
    if (renaming->statement->columns[from].nullable)
        renaming->statement->columns[to].nullable = true;
}

static void rename_project(Renaming *renaming, Rel **rel)
{
    Rel *project = *rel;
    int32_t kept = 0;
    for (int32_t k = 0; k < project->named_count; k++)
    {
        BoundNamed named = project->named[k];
        if (named.expr->kind == EXPR_COLUMN && named.expr->column != named.column)
            note(renaming, named.column, named.expr->column);
        else if (named.expr->kind != EXPR_COLUMN)
            project->named[kept++] = named;
    }
    project->named_count = kept;
    if (kept == 0)
        *rel = project->inputs[0];
}

static void rename_groups(Renaming *renaming, Rel *agg)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < agg->named_count; k++)
    {
        BoundNamed named = agg->named[k];
        if (named.expr->kind == EXPR_COLUMN)
        {
            ColumnId column = renamed(renaming, named.expr->column);
            if (column != named.column)
                note(renaming, named.column, column);
            named.column = column;
        }
        bool twice = false;
        for (int32_t g = 0; g < kept; g++)
            twice |= agg->named[g].column == named.column;
        if (!twice)
            agg->named[kept++] = named;
    }
    agg->named_count = kept;
}

static void rename_tree(Renaming *renaming, Rel **rel)
{
    for (int32_t k = 0; k < (*rel)->input_count; k++)
        rename_tree(renaming, &(*rel)->inputs[k]);
    rel_replace(renaming->arena, *rel, rename_swap, renaming);
    if ((*rel)->kind == REL_APPEND)
        for (int32_t k = 0; k < (*rel)->input_count; k++)
            for (int32_t c = 0; c < (*rel)->column_count; c++)
                (*rel)->input_columns[k][c] = renamed(renaming, (*rel)->input_columns[k][c]);
    if ((*rel)->kind == REL_PROJECT)
        rename_project(renaming, rel);
    else if ((*rel)->kind == REL_AGG)
        rename_groups(renaming, *rel);
}

Error *rule_rename(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Renaming renaming = {arena, statement, ARENA_ARRAY(arena, ColumnId, statement->column_count)};
    for (int32_t k = 0; k < statement->column_count; k++)
        renaming.to[k] = -1;
    Rel *root = *rel;
    rename_tree(&renaming, rel);
    for (int32_t k = 0; k < root->result_count; k++)
        root->results[k] = renamed(&renaming, root->results[k]);
    return NULL;
}
