/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of every tree: each node reads only what its inputs give.  Else the statement fails, not the server.
 */
#include "sql/rel/rel_tool.h"

/* A condition that is not met is our fault: error XX000 says which. */
#define HOLDS(condition)                                                                                               \
    do                                                                                                                 \
    {                                                                                                                  \
        if (!(condition))                                                                                              \
            return error_new(SQLSTATE_INTERNAL_ERROR, "internal error: relations do not hold: %s", #condition);        \
    } while (0)

static int32_t inputs_expected(RelKind kind)
{
    switch (kind)
    {
    case REL_ONE:
    case REL_SCAN:
    case REL_SYSVIEW:
    case REL_VALUES:
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
static Error *verify_kind(const Rel *rel)
{
    if (rel->kind == REL_APPEND)
        for (int32_t k = 0; k < rel->input_count; k++)
            for (int32_t c = 0; c < rel->column_count; c++)
                HOLDS(gives(rel->inputs[k], rel->input_columns[k][c]));
    for (int32_t k = 0; k < rel->window_count; k++)
    {
        const BoundWindow *window = &rel->windows[k], *first = &rel->windows[0];
        HOLDS(window->partition_count == first->partition_count && window->sort_count == first->sort_count);
        for (int32_t e = 0; e < window->arg_count; e++)
            HOLDS(window->args[e]->kind == EXPR_COLUMN);
        for (int32_t e = 0; e < window->partition_count; e++)
            HOLDS(window->partition[e]->kind == EXPR_COLUMN && expr_equal(window->partition[e], first->partition[e]));
        for (int32_t e = 0; e < window->sort_count; e++)
            HOLDS(window->sort[e].expr->kind == EXPR_COLUMN && expr_equal(window->sort[e].expr, first->sort[e].expr));
    }
    return NULL;
}

static Error *verify(Arena *arena, const BoundStatement *statement, const Rel *rel)
{
    int32_t expected = inputs_expected(rel->kind);
    HOLDS(expected < 0 ? rel->input_count >= 1 : rel->input_count == expected);
    HOLDS(rel->kind != REL_JOIN || rel->join != JOIN_FULL);
    ColumnSet read = {0}, given = {0};
    rel_columns_read(arena, rel, &read);
    if (rel->kind == REL_SCAN)
        rel_columns(arena, rel, &given);
    for (int32_t k = 0; k < rel->input_count; k++)
    {
        TRY(verify(arena, statement, rel->inputs[k]));
        column_set_add_all(arena, &given, rel->inputs[k]->outputs, rel->inputs[k]->output_count);
    }
    HOLDS(column_set_within(&read, &given));
    TRY(verify_kind(rel));
    HOLDS(rel->kind == REL_AGG || rel->agg_count == 0);
    HOLDS((rel->kind == REL_WINDOW) == (rel->window_count > 0));
    HOLDS(rel->kind == REL_SORT || rel->sort_count == 0);
    for (int32_t k = 0; k < rel->output_count; k++)
        HOLDS(rel->outputs[k] >= 0 && rel->outputs[k] < statement->column_count);
    return NULL;
}

static Error *verify_results(const Rel *rel)
{
    for (int32_t k = 0; k < rel->result_count; k++)
        HOLDS(gives(rel, rel->results[k]));
    return NULL;
}

Error *rel_verify(const BoundStatement *statement, const Rel *rel)
{
    Arena *arena = arena_new("rel verify");
    Error *error = verify(arena, statement, rel);
    arena_free(arena);
    return error != NULL ? error : verify_results(rel);
}

typedef struct Readers
{
    const RelTree *tree;
    int32_t below; /* a reader may read shared trees before this one */
    bool wrong;
} Readers;

static void check_reader(void *context, Rel *rel)
{
    Readers *readers = context;
    readers->wrong |= rel->shared < 0 || rel->shared >= readers->below ||
                      rel->column_count != readers->tree->shared[rel->shared]->result_count;
}

/* Each tree reads those before it, all of what they give. */
static Error *verify_readers(const RelTree *tree)
{
    Readers readers = {.tree = tree};
    for (int32_t k = 0; k <= tree->shared_count; k++)
    {
        readers.below = k;
        rel_each_shared(k < tree->shared_count ? tree->shared[k] : tree->root, check_reader, &readers);
    }
    HOLDS(!readers.wrong);
    return NULL;
}

Error *rel_tree_verify(const BoundStatement *statement, const RelTree *tree)
{
    TRY(verify_readers(tree));
    for (int32_t k = 0; k < tree->shared_count; k++)
        TRY(rel_verify(statement, tree->shared[k]));
    return rel_verify(statement, tree->root);
}
