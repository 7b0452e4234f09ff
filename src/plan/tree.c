/* SPDX-License-Identifier: Apache-2.0 */
/* Relations become steps, from the leaves up. */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>

static ColumnSet step_columns(Planner *planner, const Step *step)
{
    ColumnSet set = {0};
    column_set_add_all(planner->arena, &set, step->outputs, step->output_count);
    return set;
}

/* Rows of a left, semi or anti join: as rel_estimate() says, on the steps' better row counts. */
static double outer_join_rows(Planner *planner, const JoinAsk *ask)
{
    double outer = 1, inner = 1, other = pow(SELECTIVITY_RESIDUAL, ask->residual.count);
    for (int32_t k = 0; k < ask->key_count; k++)
    {
        outer *= distinct_values(planner, ask->outer_keys[k], ask->outer->rows);
        inner *= distinct_values(planner, ask->inner_keys[k], ask->inner->rows);
    }
    outer = fmin(outer, ask->outer->rows);
    inner = fmin(inner, ask->inner->rows);
    double semi = ask->key_count > 0 ? semi_selectivity(outer, inner) * other : 1;
    switch (ask->join)
    {
    case JOIN_SEMI:
        return ask->outer->rows * semi;
    case JOIN_LEFT:
        return fmax(ask->outer->rows,
                    ask->outer->rows * ask->inner->rows * equal_keys_selectivity(outer, inner) * other);
    default:
        return ask->outer->rows * fmax(ANTI_SELECTIVITY_MIN, 1 - semi);
    }
}

static Error *tree_join(Planner *planner, const Rel *rel, Step **out)
{
    JoinAsk ask = {.join = rel->join, .residual = {.arena = planner->arena}};
    TRY(plan_tree(planner, rel->inputs[0], &ask.outer));
    TRY(plan_tree(planner, rel->inputs[1], &ask.inner));
    ColumnSet outer = step_columns(planner, ask.outer), inner = step_columns(planner, ask.inner);
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        join_ask_add(planner, &ask, rel->conjuncts[k], &outer, &inner);
    ask.rows = outer_join_rows(planner, &ask);
    JoinWay way = join_way(planner, &ask);
    *out = join_make(planner, &ask, &way);
    for (int32_t k = 0; k < ask.outer->output_count; k++) /* however many partners a row has */
        distinct_note(planner, ask.outer->outputs[k], ask.outer->rows);
    for (int32_t k = 0; k < ask.key_count && rel->join == JOIN_SEMI; k++)
        if (ask.outer_keys[k]->kind == EXPR_COLUMN)
            distinct_note(planner, ask.outer_keys[k]->column,
                          distinct_values(planner, ask.inner_keys[k], ask.inner->rows));
    return NULL;
}

static Error *tree_join_set(Planner *planner, const Rel *rel, Step **out)
{
    if (rel->input_count > JOIN_INPUTS_MAX)
        return error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "more than %d tables are joined", JOIN_INPUTS_MAX);
    Step **inputs = ARENA_ARRAY(planner->arena, Step *, rel->input_count);
    for (int32_t k = 0; k < rel->input_count; k++)
        TRY(plan_tree(planner, rel->inputs[k], &inputs[k]));
    return join_order(planner, rel, inputs, out);
}

static Error *tree_union(Planner *planner, const Rel *rel, Step **out)
{
    Step **inputs = ARENA_ARRAY(planner->arena, Step *, rel->input_count);
    for (int32_t k = 0; k < rel->input_count; k++)
        TRY(plan_tree(planner, rel->inputs[k], &inputs[k]));
    *out = step_union(planner, rel, inputs);
    return NULL;
}

/* above: what reads it, if nothing else does; or NULL. */
static Error *tree_make(Planner *planner, const Rel *rel, const Rel *above, Step **out)
{
    Step *input = NULL;
    if (rel->kind == REL_APPEND)
        return tree_union(planner, rel, out);
    if (rel->kind == REL_JOIN_SET)
        return tree_join_set(planner, rel, out);
    if (rel->kind == REL_JOIN)
        return tree_join(planner, rel, out);
    if (rel->input_count == 1)
        TRY(tree_make(planner, rel->inputs[0], rel, &input));
    switch (rel->kind)
    {
    case REL_ONE:
        *out = step_new(planner, STEP_ONE, NULL, NULL);
        (*out)->dist = (Dist){.kind = DIST_AT_LEADER};
        (*out)->rows = 1;
        return NULL;
    case REL_SCAN:
    case REL_SYSVIEW:
    case REL_VALUES:
        *out = step_scan(planner, rel);
        return NULL;
    case REL_ROUND:
        *out = step_round(planner, rel);
        return NULL;
    case REL_SHARED:
        ASSERT(planner->rels->shared[rel->shared]->result_count == rel->column_count);
        *out = step_shared(planner, rel->shared, planner->rels->shared[rel->shared]->results, rel->table_columns,
                           rel->column_count);
        return NULL;
    case REL_FILTER:
        *out = step_filter(planner, input, rel->conjuncts, rel->conjunct_count, rel->must_hold);
        return NULL;
    case REL_PROJECT:
        *out = step_project(planner, input, rel->named, rel->named_count);
        return NULL;
    case REL_EXPAND:
        *out = step_expand(planner, input, rel);
        return NULL;
    case REL_AGG:
        *out = step_aggregate(planner, input, rel, above);
        return NULL;
    case REL_WINDOW:
        *out = step_window(planner, input, rel->windows, rel->window_count);
        return NULL;
    case REL_SORT:
        *out = step_sort(planner, input, rel);
        return NULL;
    case REL_LIMIT:
        *out = step_limit(planner, input, rel);
        return NULL;
    default:
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "this query is not supported yet");
    }
}

Error *plan_tree(Planner *planner, const Rel *rel, Step **out)
{
    return tree_make(planner, rel, NULL, out);
}

/* --- what each step need give ------------------------------------------------- */

static void step_reads(Planner *planner, const Step *step, ColumnSet *set)
{
    Arena *arena = planner->arena;
    for (int32_t k = 0; k < step->conjunct_count; k++)
        expr_columns(arena, step->conjuncts[k], set);
    for (int32_t k = 0; k < step->key_count; k++)
    {
        expr_columns(arena, step->outer_keys[k], set);
        if (step->inner_keys != NULL)
            expr_columns(arena, step->inner_keys[k], set);
    }
    for (int32_t k = 0; k < step->named_count; k++)
        expr_columns(arena, step->named[k].expr, set);
    for (int32_t k = 0; k < step->agg_count; k++)
    {
        const StepAgg *agg = &step->aggs[k];
        if (agg->arg != NULL)
            expr_columns(arena, agg->arg, set);
        for (int32_t a = 0; a < AGG_STATES_MAX - 1 && agg->more_args[a] != NULL; a++)
            expr_columns(arena, agg->more_args[a], set);
    }
    for (int32_t k = 0; k < step->sort_count; k++)
        expr_columns(arena, step->sort[k].expr, set);
    for (int32_t w = 0; w < step->window_count; w++)
    {
        const BoundWindow *window = &step->windows[w];
        for (int32_t k = 0; k < window->arg_count; k++)
            expr_columns(arena, window->args[k], set);
        for (int32_t k = 0; k < window->partition_count; k++)
            expr_columns(arena, window->partition[k], set);
        for (int32_t k = 0; k < window->sort_count; k++)
            expr_columns(arena, window->sort[k].expr, set);
    }
}

/* What becomes the wanted columns of a UNION or SHARED, in the names of what stands below. */
static void read_below(Planner *planner, const Step *step, int32_t input, const ColumnSet *wanted, ColumnSet *below)
{
    for (int32_t k = 0; k < step->table_column_count; k++)
        if (column_set_has(wanted, step->table_columns[k]))
            column_set_add(planner->arena, below, step->input_columns[input][k]);
}

/* An APPEND's own columns are those of its table; all other steps give what is needed of what they have. */
void tree_prune(Planner *planner, Step *root, const ColumnId *needed, int32_t count)
{
    ColumnSet wanted = {0}, below = {0};
    column_set_add_all(planner->arena, &wanted, needed, count);
    ColumnId *outputs = ARENA_ARRAY(planner->arena, ColumnId, root->output_count);
    int32_t kept = 0;
    for (int32_t k = 0; k < root->output_count; k++)
        if (column_set_has(&wanted, root->outputs[k]))
            outputs[kept++] = root->outputs[k];
    root->outputs = outputs;
    root->output_count = kept;
    root->width = step_width(planner, outputs, kept);
    if (root->kind == STEP_SHARED)
        read_below(planner, root, 0, &wanted, &planner->shared_read[root->shared]);
    for (int32_t k = 0; k < root->input_count && root->kind == STEP_UNION; k++)
    {
        ColumnSet one = {0};
        ColumnId *columns;
        read_below(planner, root, k, &wanted, &one);
        int32_t column_count = column_set_list(planner->arena, &one, &columns);
        tree_prune(planner, root->inputs[k], columns, column_count);
    }
    if (root->kind == STEP_UNION)
        return;
    column_set_unite(planner->arena, &below, &wanted);
    step_reads(planner, root, &below);
    ColumnId *list;
    int32_t list_count = column_set_list(planner->arena, &below, &list);
    for (int32_t k = 0; k < root->input_count; k++)
        tree_prune(planner, root->inputs[k], list, list_count);
}
