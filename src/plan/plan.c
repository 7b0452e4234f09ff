/* SPDX-License-Identifier: Apache-2.0 */
/* The way from a relation to a plan, on one screen. */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>

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

static bool is_leader_only(const Plan *plan)
{
    for (int32_t k = 0; k < plan->shared_count; k++)
        if (reads_table(plan->shared[k]))
            return false;
    return !reads_table(plan->root);
}

/* What is read of a shared tree is known when those that read it are pruned: the last one first. */
static void prune(Planner *planner, Step *root, const Rel *rel)
{
    Plan *plan = planner->plan;
    tree_prune(planner, root, rel->results, rel->result_count);
    for (int32_t k = plan->shared_count - 1; k >= 0; k--)
    {
        ColumnId *columns;
        int32_t count = column_set_list(planner->arena, &planner->shared_read[k], &columns);
        tree_prune(planner, plan->shared[k], columns, count);
    }
}

Error *plan_make(Arena *arena, const CatalogSnapshot *snapshot, BoundStatement *statement, const RelTree *rels,
                 int32_t rank_count, Plan **out)
{
    ASSERT(rank_count >= 1);
    const Rel *rel = rels->root;
    Plan *plan = ARENA_NEW(arena, Plan);
    Planner planner = {.rels = rels,
                       .arena = arena,
                       .snapshot = snapshot,
                       .statement = statement,
                       .plan = plan,
                       .lone = rank_count == 1,
                       .nodes = fmax(rank_count - 1, COST_NODES_MIN)};
    plan->arena = arena;
    plan->statement = statement;
    plan->spec = ARENA_NEW(arena, Spec);
    plan->spec->slice_count = snapshot->slice_count;
    plan->spec->data_version = snapshot->version;
    facts_begin(&planner);
    Step *tree;
    plan->address_scan = -1;
    plan->shared = ARENA_ARRAY(arena, Step *, rels->shared_count);
    planner.shared_read = ARENA_ARRAY(arena, ColumnSet, rels->shared_count);
    for (int32_t k = 0; k < rels->shared_count; k++)
        TRY(plan_shared_tree(&planner, rels->shared[k]));
    TRY(plan_tree(&planner, rel, &tree));
    prune(&planner, tree, rel);
    plan->root = statement->write != NULL ? plan_write(&planner, tree, rel) : plan_result(&planner, tree, rel);
    plan->leader_only = is_leader_only(plan);
    plan->result_names = statement->write != NULL ? NULL : statement->query->target_names;
    TRY(plan_cut(&planner));
    plan_verify(plan);
    *out = plan;
    return NULL;
}
