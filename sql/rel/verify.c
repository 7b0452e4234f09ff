/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of every tree: each node reads only what its inputs give. */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

static int32_t inputs_expected(RelKind kind)
{
    switch (kind)
    {
    case REL_ONE:
    case REL_SCAN:
    case REL_SYSVIEW:
    case REL_VALUES:
    case REL_SERIES:
    case REL_SHARED:
    case REL_ROUND:
        return 0;
    case REL_JOIN:
        return 2;
    case REL_JOIN_SET:
    case REL_APPEND:
        return -1;
    default:
        return 1;
    }
}

static bool gives(const Rel *rel, ColumnId column)
{
    for (int32_t k = 0; k < rel->output_count; k++)
        if (rel->outputs[k] == column)
            return true;
    return false;
}

/* Each input of an APPEND gives its own columns; a WINDOW has one partitioning and order, and reads columns alone. */
static void verify_kind(const Rel *rel)
{
    if (rel->kind == REL_APPEND)
        for (int32_t k = 0; k < rel->input_count; k++)
            for (int32_t c = 0; c < rel->column_count; c++)
                ASSERT(gives(rel->inputs[k], rel->input_columns[k][c]));
    for (int32_t k = 0; k < rel->window_count; k++)
    {
        const BoundWindow *window = &rel->windows[k], *first = &rel->windows[0];
        ASSERT(window->partition_count == first->partition_count && window->sort_count == first->sort_count);
        for (int32_t e = 0; e < window->arg_count; e++)
            ASSERT(window->args[e]->kind == EXPR_COLUMN);
        for (int32_t e = 0; e < window->partition_count; e++)
            ASSERT(window->partition[e]->kind == EXPR_COLUMN && expr_equal(window->partition[e], first->partition[e]));
        for (int32_t e = 0; e < window->sort_count; e++)
            ASSERT(window->sort[e].expr->kind == EXPR_COLUMN && expr_equal(window->sort[e].expr, first->sort[e].expr));
    }
}

static void verify(Arena *arena, const BoundStatement *statement, const Rel *rel)
{
    int32_t expected = inputs_expected(rel->kind);
    ASSERT(expected < 0 ? rel->input_count >= 1 : rel->input_count == expected);
    ASSERT(rel->kind != REL_JOIN || rel->join != JOIN_FULL);
    ColumnSet read = {0}, given = {0};
    rel_columns_read(arena, rel, &read);
    if (rel->kind == REL_SCAN)
        rel_columns(arena, rel, &given);
    for (int32_t k = 0; k < rel->input_count; k++)
    {
        verify(arena, statement, rel->inputs[k]);
        column_set_add_all(arena, &given, rel->inputs[k]->outputs, rel->inputs[k]->output_count);
    }
    ASSERT(column_set_within(&read, &given));
    verify_kind(rel);
    ASSERT(rel->kind == REL_AGG || rel->agg_count == 0);
    ASSERT((rel->kind == REL_WINDOW) == (rel->window_count > 0));
    ASSERT(rel->kind == REL_SORT || rel->sort_count == 0);
    for (int32_t k = 0; k < rel->output_count; k++)
        ASSERT(rel->outputs[k] >= 0 && rel->outputs[k] < statement->column_count);
}

void rel_verify(const BoundStatement *statement, const Rel *rel)
{
    Arena *arena = arena_new("rel verify");
    verify(arena, statement, rel);
    for (int32_t k = 0; k < rel->result_count; k++)
        ASSERT(gives(rel, rel->results[k]));
    arena_free(arena);
}
