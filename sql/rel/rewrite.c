/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the rules of rule.def, one after the other, and checks the tree after each. */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

typedef struct RuleRow
{
    const char *name;
    RelRule *run;
} RuleRow;

static const RuleRow RULES[] = {
#define RULE(name, what) {#name, rule_##name},
#include "sql/rel/rule.def"
#undef RULE
};

Error *rel_rewrite(Arena *arena, BoundStatement *statement, Rel **rel)
{
    for (size_t k = 0; k < sizeof RULES / sizeof RULES[0]; k++)
    {
        int32_t count = (*rel)->result_count;
        ColumnId *results = (*rel)->results;
        TRY(RULES[k].run(arena, statement, rel));
        (*rel)->result_count = count;
        (*rel)->results = results;
        if (RULES[k].run != rule_prune)
            rel_outputs_fill(arena, *rel);
        rel_verify(statement, *rel);
    }
    rel_estimate(arena, statement, *rel);
    return NULL;
}
