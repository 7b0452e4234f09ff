/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the rules of rule.def, one after the other, and checks the tree after each. */
#include "sql/rel/rel_tool.h"

typedef struct RuleRow
{
    const char *name;
    RelRule *run; /* or */
    RelTreeRule *run_tree;
} RuleRow;

static const RuleRow RULES[] = {
#define RULE(name, what)      {#name, rule_##name, NULL},
#define TREE_RULE(name, what) {#name, NULL, rule_##name},
#include "sql/rel/rule.def"
#undef RULE
#undef TREE_RULE
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

static Error *rewrite_one(Arena *arena, BoundStatement *statement, RelRule *rule, Rel **rel)
{
    int32_t count = (*rel)->result_count;
    ColumnId *results = (*rel)->results;
    TRY(rule(arena, statement, rel));
    (*rel)->result_count = count;
    (*rel)->results = results;
    rel_outputs_fill(arena, *rel);
    return NULL;
}

static Error *run_rule(Arena *arena, BoundStatement *statement, const RuleRow *rule, RelTree *tree)
{
    if (rule->run_tree != NULL)
        return rule->run_tree(arena, statement, tree);
    for (int32_t k = 0; k < tree->shared_count; k++)
        TRY(rewrite_one(arena, statement, rule->run, &tree->shared[k]));
    return rewrite_one(arena, statement, rule->run, &tree->root);
}

Error *rel_rewrite(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    for (size_t k = 0; k < sizeof RULES / sizeof RULES[0]; k++)
    {
        if (tree->shared_count > 0)
            rel_tree_estimate(arena, statement, tree); /* readers of shared trees know nothing themselves */
        TRY(run_rule(arena, statement, &RULES[k], tree));
        TRY(rel_tree_verify(statement, tree));
    }
    for (int32_t k = 0; k < tree->shared_count; k++)
        note_origins(statement, tree->shared[k]);
    note_origins(statement, tree->root);
    rel_tree_estimate(arena, statement, tree);
    return NULL;
}
