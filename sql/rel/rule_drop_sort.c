/* SPDX-License-Identifier: Apache-2.0 */
/* A sort whose order is lost above it (in a join, an aggregation, a union) and which limits nothing goes. */
#include "sql/rel/rel_tool.h"

static void drop_sorts(Rel **rel, bool seen)
{
    Rel *at = *rel;
    while (at->kind == REL_SORT && !seen && at->limit < 0 && at->offset == 0)
    {
        *rel = at->inputs[0];
        at = *rel;
    }
    bool passes = at->kind == REL_PROJECT || at->kind == REL_FILTER || at->kind == REL_LIMIT;
    for (int32_t k = 0; k < at->input_count; k++)
        drop_sorts(&at->inputs[k], at->kind == REL_LIMIT || (passes && seen));
}

Error *rule_drop_sort(Arena *arena, BoundStatement *statement, Rel **rel)
{
    (void) arena;
    (void) statement;
    drop_sorts(rel, true);
    return NULL;
}
