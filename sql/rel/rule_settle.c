/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared trees in an order in which each reads only those before it: what
 * nobody reads goes, what has one reader stands in its place.
 */
#include "sql/rel/rel_tool.h"

typedef struct Settling
{
    Arena *arena;
    BoundStatement *statement;
    const RelTree *from;
    Rel **shared; /* in the new order */
    int32_t shared_count;
    int32_t *readers; /* by number in `from` */
    int32_t *place;   /* in `shared`; -1: not there yet */
} Settling;

static void settle(Settling *settling, Rel **rel);

static void count_reader(void *context, Rel *rel)
{
    Settling *settling = context;
    if (settling->readers[rel->shared]++ == 0)
        rel_each_shared(settling->from->shared[rel->shared], count_reader, settling);
}

/* The only reader of a shared tree becomes that tree, its columns named as the reader names them. */
static Rel *in_place(Settling *settling, const Rel *reader)
{
    Rel *shared = settling->from->shared[reader->shared];
    ColumnId *results = shared->results;
    BoundNamed *named = ARENA_ARRAY(settling->arena, BoundNamed, reader->column_count);
    int32_t count = 0;
    for (int32_t k = 0; k < reader->column_count; k++)
        if (reader->table_columns[k] != results[k])
            named[count++] =
                (BoundNamed){expr_column(settling->arena, settling->statement, results[k]), reader->table_columns[k]};
    shared->result_count = 0;
    shared->results = NULL;
    settle(settling, &shared);
    return rel_project(settling->arena, shared, named, count);
}

static void settle(Settling *settling, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        settle(settling, &at->inputs[k]);
    if (at->kind != REL_SHARED)
        return;
    int32_t number = at->shared;
    if (settling->readers[number] == 1)
    {
        *rel = in_place(settling, at);
        return;
    }
    if (settling->place[number] < 0)
    {
        Rel *shared = settling->from->shared[number];
        int32_t count = shared->result_count;
        ColumnId *results = shared->results;
        settle(settling, &shared);
        shared->result_count = count;
        shared->results = results;
        settling->place[number] = settling->shared_count;
        settling->shared[settling->shared_count++] = shared;
    }
    at->shared = settling->place[number];
}

void rel_tree_settle(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    int32_t count = tree->shared_count;
    Settling settling = {arena,
                         statement,
                         tree,
                         ARENA_ARRAY(arena, Rel *, count),
                         0,
                         ARENA_ARRAY(arena, int32_t, count),
                         ARENA_ARRAY(arena, int32_t, count)};
    for (int32_t k = 0; k < count; k++)
        settling.place[k] = -1;
    rel_each_shared(tree->root, count_reader, &settling);
    int32_t result_count = tree->root->result_count;
    ColumnId *results = tree->root->results;
    Rel *root = tree->root;
    settle(&settling, &root);
    tree->root = root;
    tree->root->result_count = result_count;
    tree->root->results = results;
    tree->shared = settling.shared;
    tree->shared_count = settling.shared_count;
}

Error *rule_settle(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    rel_tree_settle(arena, statement, tree);
    for (int32_t k = 0; k < tree->shared_count; k++)
        rel_outputs_fill(arena, tree->shared[k]);
    rel_outputs_fill(arena, tree->root);
    return NULL;
}
