/* SPDX-License-Identifier: Apache-2.0 */
/* Columns nobody above reads are not made, not scanned, not carried: from the root down. */
#include "sql/rel/rel_tool.h"

static void prune(Arena *arena, Rel **rel, const ColumnSet *needed);

static void prune_named(Rel *rel, const ColumnSet *needed)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < rel->named_count; k++)
        if (column_set_has(needed, rel->named[k].column))
            rel->named[kept++] = rel->named[k];
    rel->named_count = kept;
}

/* An aggregate without groups gives its one row only if it has some aggregate. */
static void prune_aggs(Rel *rel, const ColumnSet *needed)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < rel->agg_count; k++)
        if (column_set_has(needed, rel->aggs[k].column))
            rel->aggs[kept++] = rel->aggs[k];
    if (kept == 0 && rel->named_count == 0 && rel->agg_count > 0)
        kept = 1;
    rel->agg_count = kept;
}

static void prune(Arena *arena, Rel **rel, const ColumnSet *needed)
{
    Rel *at = *rel;
    if (at->kind == REL_PROJECT)
        prune_named(at, needed);
    if (at->kind == REL_PROJECT && at->named_count == 0)
    {
        *rel = at->inputs[0];
        prune(arena, rel, needed);
        return;
    }
    if (at->kind == REL_AGG)
        prune_aggs(at, needed);
    ColumnSet below = {0}, given = {0}, outputs = {0};
    column_set_unite(arena, &below, needed);
    rel_columns_read(arena, at, &below);
    for (int32_t k = 0; k < at->input_count; k++)
        prune(arena, &at->inputs[k], &below);
    rel_columns(arena, at, &given);
    ColumnId *columns;
    int32_t count = column_set_list(arena, &given, &columns);
    for (int32_t k = 0; k < count; k++)
        if (column_set_has(needed, columns[k]))
            column_set_add(arena, &outputs, columns[k]);
    at->output_count = column_set_list(arena, &outputs, &at->outputs);
}

Error *rule_prune(Arena *arena, BoundStatement *statement, Rel **rel)
{
    (void) statement;
    ColumnSet needed = {0};
    Rel *root = *rel;
    column_set_add_all(arena, &needed, root->results, root->result_count);
    prune(arena, rel, &needed);
    return NULL;
}
