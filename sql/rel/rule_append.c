/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unions of unions are one, and each input of a union under a limit need give
 * no more rows than the limit.
 *
 *     APPEND(APPEND(a, b), c)                            APPEND(a, b, c)
 *     AGG by all (APPEND(AGG by all (APPEND(a, b)), c))  AGG by all (APPEND(a, b, c))
 *     LIMIT 10 (APPEND(a, b))                            LIMIT 10 (APPEND(LIMIT 10 (a), LIMIT 10 (b)))
 */
#include "sql/rel/rel_tool.h"

/* Distinct rows: groups that are all of the input's columns, no aggregates. */
static bool is_distinct_of(const Rel *rel, const Rel *append)
{
    if (rel->kind != REL_AGG || rel->agg_count > 0 || rel->inputs[0] != append ||
        rel->named_count != append->column_count)
        return false;
    for (int32_t k = 0; k < append->column_count; k++)
    {
        bool found = false;
        for (int32_t g = 0; g < rel->named_count; g++)
            found |= expr_is_column(rel->named[g].expr, append->table_columns[k]) &&
                     rel->named[g].column == append->table_columns[k];
        if (!found)
            return false;
    }
    return true;
}

/* Place of a column among those of an APPEND; -1. */
static int32_t place_of(const Rel *append, ColumnId column)
{
    for (int32_t k = 0; k < append->column_count; k++)
        if (append->table_columns[k] == column)
            return k;
    return -1;
}

/* The APPEND that `input` is, or is once its duplicates need not be left out. */
static const Rel *union_below(const Rel *input, bool distinct)
{
    if (input->kind == REL_APPEND)
        return input;
    if (distinct && input->kind == REL_AGG && input->inputs[0]->kind == REL_APPEND &&
        is_distinct_of(input, input->inputs[0]))
        return input->inputs[0];
    return NULL;
}

static void flatten(Arena *arena, Rel *append, bool distinct)
{
    int32_t count = 0;
    for (int32_t k = 0; k < append->input_count; k++)
    {
        const Rel *below = union_below(append->inputs[k], distinct);
        count += below == NULL ? 1 : below->input_count;
    }
    Rel **inputs = ARENA_ARRAY(arena, Rel *, count);
    ColumnId **columns = ARENA_ARRAY(arena, ColumnId *, count);
    count = 0;
    for (int32_t k = 0; k < append->input_count; k++)
    {
        const Rel *below = union_below(append->inputs[k], distinct);
        for (int32_t i = 0; i < (below == NULL ? 1 : below->input_count); i++)
        {
            inputs[count] = below == NULL ? append->inputs[k] : below->inputs[i];
            columns[count] = ARENA_ARRAY(arena, ColumnId, append->column_count);
            for (int32_t c = 0; c < append->column_count; c++)
            {
                ColumnId column = append->input_columns[k][c];
                columns[count][c] = below == NULL ? column : below->input_columns[i][place_of(below, column)];
            }
            count++;
        }
    }
    append->input_count = count;
    append->inputs = inputs;
    append->input_columns = columns;
}

static void limit_inputs(Arena *arena, const Rel *limit, Rel *append)
{
    int64_t most;
    if (limit->limit < 0 || __builtin_add_overflow(limit->limit, limit->offset, &most))
        return;
    for (int32_t k = 0; k < append->input_count; k++)
    {
        Rel *input = rel_new(arena, REL_LIMIT, 1);
        input->inputs[0] = append->inputs[k];
        input->limit = most;
        append->inputs[k] = input;
    }
}

Error *rule_append(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        TRY(rule_append(arena, statement, &at->inputs[k]));
    if (at->kind == REL_APPEND)
        flatten(arena, at, false);
    if (at->kind == REL_AGG && at->inputs[0]->kind == REL_APPEND && is_distinct_of(at, at->inputs[0]))
        flatten(arena, at->inputs[0], true);
    if (at->kind == REL_LIMIT && at->inputs[0]->kind == REL_APPEND)
        limit_inputs(arena, at, at->inputs[0]);
    return NULL;
}
