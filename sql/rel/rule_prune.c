/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns nobody above reads are not made, not scanned, not carried: from the
 * root down, then from the last shared tree to the first, each of which keeps
 * the results that some reader reads.
 */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

typedef struct Pruning
{
    Arena *arena;
    RelTree *tree;
    bool **kept; /* [shared][result]: somebody reads it */
} Pruning;

static void prune(Pruning *p, Rel **rel, const ColumnSet *needed);

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

static void prune_windows(Rel *rel, const ColumnSet *needed)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < rel->window_count; k++)
        if (column_set_has(needed, rel->windows[k].column))
            rel->windows[kept++] = rel->windows[k];
    rel->window_count = kept;
}

/* Rows without a column cannot be kept in a store: one column stays. */
static void prune_append(Pruning *p, Rel *rel, const ColumnSet *needed)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < rel->column_count; k++)
    {
        bool last = kept == 0 && k == rel->column_count - 1;
        if (!last && !column_set_has(needed, rel->table_columns[k]))
            continue;
        rel->table_columns[kept] = rel->table_columns[k];
        for (int32_t i = 0; i < rel->input_count; i++)
            rel->input_columns[i][kept] = rel->input_columns[i][k];
        kept++;
    }
    rel->column_count = kept;
    for (int32_t i = 0; i < rel->input_count; i++)
    {
        ColumnSet below = {0};
        column_set_add_all(p->arena, &below, rel->input_columns[i], kept);
        prune(p, &rel->inputs[i], &below);
    }
}

static void note_read(Pruning *p, const Rel *rel, const ColumnSet *needed)
{
    for (int32_t k = 0; k < rel->column_count; k++)
        if (column_set_has(needed, rel->table_columns[k]))
            p->kept[rel->shared][k] = true;
}

static void fill_outputs(Pruning *p, Rel *rel, const ColumnSet *needed)
{
    ColumnSet given = {0}, outputs = {0};
    rel_columns(p->arena, rel, &given);
    ColumnId *columns;
    int32_t count = column_set_list(p->arena, &given, &columns);
    for (int32_t k = 0; k < count; k++)
        if (column_set_has(needed, columns[k]))
            column_set_add(p->arena, &outputs, columns[k]);
    rel->output_count = column_set_list(p->arena, &outputs, &rel->outputs);
}

static void prune(Pruning *p, Rel **rel, const ColumnSet *needed)
{
    Rel *at = *rel;
    if (at->kind == REL_PROJECT || at->kind == REL_WINDOW)
    {
        (at->kind == REL_PROJECT ? prune_named : prune_windows)(at, needed);
        if (at->named_count == 0 && at->window_count == 0)
        {
            *rel = at->inputs[0];
            prune(p, rel, needed);
            return;
        }
    }
    if (at->kind == REL_AGG)
        prune_aggs(at, needed);
    if (at->kind == REL_SHARED)
        note_read(p, at, needed);
    if (at->kind == REL_SCAN && at->address != NO_COLUMN && !column_set_has(needed, at->address))
        at->address = NO_COLUMN;
    if (at->kind == REL_APPEND)
        prune_append(p, at, needed);
    else
    {
        ColumnSet below = {0};
        column_set_unite(p->arena, &below, needed);
        rel_columns_read(p->arena, at, &below);
        for (int32_t k = 0; k < at->input_count; k++)
            prune(p, &at->inputs[k], &below);
    }
    fill_outputs(p, at, needed);
}

/* The columns at the kept places of an array; how many. */
static int32_t keep_places(ColumnId *columns, int32_t count, const bool *kept)
{
    int32_t left = 0;
    for (int32_t k = 0; k < count; k++)
        if (kept[k])
            columns[left++] = columns[k];
    return left;
}

static void keep_read(void *context, Rel *rel)
{
    Pruning *p = context;
    rel->column_count = keep_places(rel->table_columns, rel->column_count, p->kept[rel->shared]);
    ColumnSet needed = {0};
    column_set_add_all(p->arena, &needed, rel->outputs, rel->output_count);
    fill_outputs(p, rel, &needed);
}

static void prune_shared(Pruning *p, int32_t shared)
{
    Rel **rel = &p->tree->shared[shared], *root = *rel;
    bool *kept = p->kept[shared], any = false;
    ASSERT(root->result_count > 0);
    for (int32_t k = 0; k < root->result_count; k++)
        any |= kept[k];
    kept[0] |= !any;
    ColumnId *results = root->results;
    int32_t count = keep_places(results, root->result_count, kept);
    ColumnSet needed = {0};
    column_set_add_all(p->arena, &needed, results, count);
    prune(p, rel, &needed);
    (*rel)->results = results;
    (*rel)->result_count = count;
}

Error *rule_prune(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    (void) statement;
    Pruning p = {arena, tree, ARENA_ARRAY(arena, bool *, tree->shared_count)};
    for (int32_t k = 0; k < tree->shared_count; k++)
        p.kept[k] = ARENA_ARRAY(arena, bool, tree->shared[k]->result_count);
    ColumnSet needed = {0};
    ColumnId *results = tree->root->results;
    int32_t result_count = tree->root->result_count;
    column_set_add_all(arena, &needed, results, result_count);
    prune(&p, &tree->root, &needed);
    tree->root->results = results;
    tree->root->result_count = result_count;
    for (int32_t k = tree->shared_count - 1; k >= 0; k--)
        prune_shared(&p, k);
    for (int32_t k = 0; k < tree->shared_count; k++)
        rel_each_shared(tree->shared[k], keep_read, &p);
    rel_each_shared(tree->root, keep_read, &p);
    return NULL;
}
