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

/* Remembers what computed columns are made of, so that their values can be estimated. */
static void note_origins(BoundStatement *statement, const Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        note_origins(statement, rel->inputs[k]);
    for (int32_t k = 0; k < rel->named_count; k++)
        if (!expr_is_column(rel->named[k].expr, rel->named[k].column))
            statement->columns[rel->named[k].column].made_of = rel->named[k].expr;
}

static Error *rewrite(Arena *arena, BoundStatement *statement, Rel **rel)
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
    note_origins(statement, *rel);
    rel_estimate(arena, statement, *rel);
    return NULL;
}

Error *rel_rewrite(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    for (int32_t k = 0; k < tree->shared_count; k++)
        TRY(rewrite(arena, statement, &tree->shared[k]));
    return rewrite(arena, statement, &tree->root);
}
