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
        return 0;
    case REL_JOIN:
        return 2;
    case REL_JOIN_SET:
        return -1;
    default:
        return 1;
    }
}

static void verify(Arena *arena, const BoundStatement *statement, const Rel *rel)
{
    int32_t expected = inputs_expected(rel->kind);
    ASSERT(expected < 0 ? rel->input_count >= 1 : rel->input_count == expected);
    ColumnSet read = {0}, given = {0};
    rel_columns_read(arena, rel, &read);
    if (rel->kind == REL_SCAN)
        column_set_add_all(arena, &given, rel->table_columns, rel->column_count);
    for (int32_t k = 0; k < rel->input_count; k++)
    {
        verify(arena, statement, rel->inputs[k]);
        column_set_add_all(arena, &given, rel->inputs[k]->outputs, rel->inputs[k]->output_count);
    }
    ASSERT(column_set_within(&read, &given));
    ASSERT(rel->kind == REL_AGG || rel->agg_count == 0);
    ASSERT(rel->kind == REL_SORT || rel->sort_count == 0);
    for (int32_t k = 0; k < rel->output_count; k++)
        ASSERT(rel->outputs[k] >= 0 && rel->outputs[k] < statement->column_count);
}

void rel_verify(const BoundStatement *statement, const Rel *rel)
{
    Arena *arena = arena_new("rel verify");
    verify(arena, statement, rel);
    for (int32_t k = 0; k < rel->result_count; k++)
    {
        bool found = false;
        for (int32_t o = 0; o < rel->output_count; o++)
            found |= rel->outputs[o] == rel->results[k];
        ASSERT(found);
    }
    arena_free(arena);
}
