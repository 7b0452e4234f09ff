/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each reader of a shared tree filters its rows; rows that no reader lets pass
 * need not be kept:
 *
 *     FILTER a = 1 (SHARED 0), FILTER a = 2 (SHARED 0)      shared 0: FILTER a = 1 or a = 2
 */
#include "sql/rel/rel_tool.h"

typedef struct Sharing
{
    Arena *arena;
    BoundStatement *statement;
    const RelTree *tree;
    bool *all;        /* by shared tree: every reader seen so far has a filter */
    ExprList *wanted; /* what each of them says, over the shared tree's results */
} Sharing;

/* The filter's conjuncts over what the reader reads; NULL: they say nothing that can be asked there. */
static Expr *said(Sharing *sharing, const Rel *filter, const Rel *reader)
{
    const Rel *shared = sharing->tree->shared[reader->shared];
    ExprList list = {.arena = sharing->arena};
    for (int32_t k = 0; k < filter->conjunct_count; k++)
        if (!expr_is_volatile(filter->conjuncts[k]))
            expr_list_add(&list, expr_rename(sharing->arena, sharing->statement, filter->conjuncts[k],
                                             reader->table_columns, shared->results, reader->column_count));
    return expr_and_list(sharing->arena, list.items, list.count);
}

static void look(Sharing *sharing, const Rel *rel, const Rel *parent)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        look(sharing, rel->inputs[k], rel);
    if (rel->kind != REL_SHARED)
        return;
    Expr *expr = parent != NULL && parent->kind == REL_FILTER && !parent->must_hold ? said(sharing, parent, rel) : NULL;
    if (expr == NULL)
        sharing->all[rel->shared] = false;
    else if (!expr_list_has(&sharing->wanted[rel->shared], expr))
        expr_list_add(&sharing->wanted[rel->shared], expr);
}

/* From the last shared tree to the first: what is asked of one may go on to those it reads. */
Error *rule_share_filter(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    int32_t count = tree->shared_count;
    Sharing sharing = {arena, statement, tree, ARENA_ARRAY(arena, bool, count), ARENA_ARRAY(arena, ExprList, count)};
    for (int32_t k = 0; k < count; k++)
    {
        sharing.all[k] = true;
        sharing.wanted[k].arena = arena;
    }
    look(&sharing, tree->root, NULL);
    for (int32_t k = count - 1; k >= 0; k--)
    {
        Rel *shared = tree->shared[k];
        if (sharing.all[k] && sharing.wanted[k].count > 0)
        {
            int32_t result_count = shared->result_count;
            ColumnId *results = shared->results;
            Expr *any = expr_or_list(arena, sharing.wanted[k].items, sharing.wanted[k].count);
            shared->results = NULL;
            shared->result_count = 0;
            shared = rel_filter(arena, shared, &any, 1);
            TRY(rule_push_filter(arena, statement, &shared));
            shared->results = results;
            shared->result_count = result_count;
            rel_outputs_fill(arena, shared);
            tree->shared[k] = shared;
        }
        look(&sharing, shared, NULL);
    }
    return NULL;
}
