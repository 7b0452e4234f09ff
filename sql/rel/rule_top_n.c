/* SPDX-License-Identifier: Apache-2.0 */
/* LIMIT over SORT is one node: a sort that keeps only its first rows. */
#include "sql/rel/rel_tool.h"

Error *rule_top_n(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        TRY(rule_top_n(arena, statement, &at->inputs[k]));
    if (at->kind != REL_LIMIT || at->inputs[0]->kind != REL_SORT || at->inputs[0]->limit >= 0 ||
        at->inputs[0]->offset > 0)
        return NULL;
    at->inputs[0]->limit = at->limit;
    at->inputs[0]->offset = at->offset;
    *rel = at->inputs[0];
    return NULL;
}
