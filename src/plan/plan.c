/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a relation to a plan, on one screen. */
#include "base/core/assert.h"
#include "src/plan/planner.h"

/* Rows of an INSERT go to the nodes that own them, hashed as the table is. */
static Step *move_to_owner(Planner *planner, Step *input, const CatalogTable *table, const BoundNamed *named)
{
    if (table->dist_style == DIST_ALL)
    { /* one copy on the shared file system, written by one node: the one a null hashes to */
        Expr *key = expr_constant(planner->arena, type_make(TYPE_BIGINT), (Datum){.null = true});
        return step_hash(planner, input, &key, 1);
    }
    if (table->dist_style == DIST_KEY && table->dist_column >= 0)
    {
        Expr *key = named[table->dist_column].expr;
        ColumnId column = dist_column(key);
        if (column >= 0 && input->dist.column_count == 1 && dist_groups(planner, &input->dist, &column, 1))
            return input;
        return step_hash(planner, input, &key, 1);
    }
    if (step_at_leader(input))
        return step_hash(planner, input, NULL, 0);
    return step_once(planner, input);
}

static Step *plan_insert(Planner *planner, Step *input, const Rel *rel)
{
    const CatalogTable *table = planner->statement->write->table;
    ASSERT(rel->result_count == table->column_count);
    BoundNamed *named = ARENA_ARRAY(planner->arena, BoundNamed, rel->result_count);
    for (int32_t k = 0; k < rel->result_count; k++)
        named[k] = (BoundNamed){expr_column(planner->arena, planner->statement, rel->results[k]), rel->results[k]};
    input = move_to_owner(planner, input, table, named);
    Step *step = step_new(planner, STEP_APPEND, input, NULL);
    step->insert = table;
    step->named = named;
    step->named_count = rel->result_count;
    return step;
}

/* The root gives what the client sees, in order. */
static Step *plan_result(Planner *planner, Step *input, const Rel *rel)
{
    input = step_gather(planner, input);
    Step *step = input->kind == STEP_RETURN ? input : step_new(planner, STEP_RETURN, input, NULL);
    step->outputs = rel->results;
    step->output_count = rel->result_count;
    return step;
}

static bool reads_table(const Step *step)
{
    if (step->kind == STEP_SCAN || step->kind == STEP_APPEND)
        return true;
    for (int32_t k = 0; k < step->input_count; k++)
        if (reads_table(step->inputs[k]))
            return true;
    return false;
}

Error *plan_make(Arena *arena, const CatalogSnapshot *snapshot, BoundStatement *statement, const RelTree *rels,
                 int32_t rank_count, Plan **out)
{
    ASSERT(rank_count >= 1);
    const Rel *rel = rels->root;
    Plan *plan = ARENA_NEW(arena, Plan);
    Planner planner = {
        .arena = arena, .snapshot = snapshot, .statement = statement, .plan = plan, .lone = rank_count == 1};
    plan->arena = arena;
    plan->statement = statement;
    plan->spec = ARENA_NEW(arena, Spec);
    plan->spec->slice_count = snapshot->slice_count;
    plan->spec->data_version = snapshot->version;
    facts_begin(&planner);
    Step *tree;
    TRY(plan_tree(&planner, rel, &tree));
    tree_prune(&planner, tree, rel->results, rel->result_count);
    plan->root = statement->write != NULL ? plan_insert(&planner, tree, rel) : plan_result(&planner, tree, rel);
    plan->leader_only = !reads_table(plan->root);
    plan->result_names = statement->write != NULL ? NULL : statement->query->target_names;
    TRY(plan_cut(&planner));
    plan_verify(plan);
    *out = plan;
    return NULL;
}
