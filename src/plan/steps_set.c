/* SPDX-License-Identifier: Apache-2.0 */
/* Steps over whole sets of rows: UNION ALL, window functions, what is computed once and read in several places, rows
 * that the leader has. */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>

#define GATHER_BYTES     65536.0 /* a union's rows at the slices that are no more than this come to the leader's */
#define LEADER_ROWS_GUESS 1000.0

static Expr *column_of(Planner *planner, ColumnId column)
{
    return expr_column(planner->arena, planner->statement, column);
}

/* --- UNION ALL --------------------------------------------------------------- */

/* The union's column that input `input` gives `column` as, or -1. */
static int32_t union_position(Planner *planner, const Rel *rel, int32_t input, ColumnId column)
{
    for (int32_t k = 0; k < rel->column_count; k++)
        if (same_find(planner, rel->input_columns[input][k]) == same_find(planner, column))
            return k;
    return -1;
}

/* Rows hashed by the same columns of the union in all inputs stay hashed by them. */
static Dist union_dist(Planner *planner, const Rel *rel, Step *const *inputs)
{
    Dist dist = {.kind = DIST_AT_SLICES_RANDOM}, first = inputs[0]->dist;
    if (step_at_leader(inputs[0]))
        return inputs[0]->dist;
    if (first.kind != DIST_AT_SLICES_HASH || first.column_count == 0)
        return dist;
    for (int32_t d = 0; d < first.column_count; d++)
    {
        int32_t position = union_position(planner, rel, 0, first.columns[d]);
        if (position < 0)
            return dist;
        first.columns[d] = rel->table_columns[position];
        for (int32_t k = 1; k < rel->input_count; k++)
        {
            const Dist *other = &inputs[k]->dist;
            if (other->kind != DIST_AT_SLICES_HASH || other->column_count != first.column_count ||
                union_position(planner, rel, k, other->columns[d]) != position)
                return dist;
        }
    }
    return first;
}

/* All inputs to the leader, or all to the slices: what is cheaper to move goes. */
static void meet(Planner *planner, Step **inputs, int32_t count)
{
    double leader_bytes = 0, slice_bytes = 0;
    bool leader = false, slices = false;
    for (int32_t k = 0; k < count; k++)
    {
        bool here = step_at_leader(inputs[k]);
        leader = leader || here;
        slices = slices || !here;
        *(here ? &leader_bytes : &slice_bytes) += step_bytes(inputs[k]);
    }
    if (!leader || !slices)
        return;
    bool gather = slice_bytes <= fmax(GATHER_BYTES, leader_bytes);
    for (int32_t k = 0; k < count; k++)
        if (gather)
            inputs[k] = step_gather(planner, inputs[k]);
        else if (step_at_leader(inputs[k]))
            inputs[k] = step_hash(planner, inputs[k], NULL, 0);
}

Step *step_union(Planner *planner, const Rel *rel, Step **inputs)
{
    ASSERT(rel->input_count >= 1);
    for (int32_t k = 0; k < rel->input_count; k++)
        inputs[k] = step_once(planner, inputs[k]);
    meet(planner, inputs, rel->input_count);
    Step *step = step_new(planner, STEP_UNION, NULL, NULL);
    step->inputs = inputs;
    step->input_count = rel->input_count;
    step->input_columns = arena_memdup(planner->arena, rel->input_columns, sizeof(ColumnId *) * (size_t) rel->input_count);
    step->table_column_count = rel->column_count;
    step->table_columns = rel->table_columns;
    step->output_count = rel->output_count;
    step->outputs = rel->outputs;
    step->dist = union_dist(planner, rel, inputs);
    for (int32_t k = 0; k < rel->input_count; k++)
    {
        step->rows += inputs[k]->rows;
        step->cost_total += inputs[k]->cost_total;
    }
    for (int32_t c = 0; c < rel->column_count; c++)
    {
        double distinct = 0;
        for (int32_t k = 0; k < rel->input_count; k++)
            distinct += distinct_values(planner, column_of(planner, rel->input_columns[k][c]), inputs[k]->rows);
        distinct_note(planner, rel->table_columns[c], distinct);
    }
    step->cost_start = inputs[0]->cost_start;
    step->width = step_width(planner, step->outputs, step->output_count);
    return step;
}

/* --- windows ------------------------------------------------------------------- */

/* Rows of one partition to one node; where they are if they are together already. */
static Step *partitions_together(Planner *planner, Step *input, const BoundWindow *window)
{
    if (step_at_leader(input))
        return input;
    if (window->partition_count == 0)
        return step_gather(planner, input);
    ColumnId *columns = ARENA_ARRAY(planner->arena, ColumnId, window->partition_count);
    int32_t count = 0;
    for (int32_t k = 0; k < window->partition_count; k++)
        if (dist_column(window->partition[k]) >= 0)
            columns[count++] = dist_column(window->partition[k]);
    if (count > 0 && dist_groups(planner, &input->dist, columns, count))
        return input;
    Expr *keys[4];
    int32_t key_count = 0;
    for (int32_t k = 0; k < window->partition_count && key_count == 0; k++)
        if (distinct_values(planner, window->partition[k], input->rows) >= HASH_DISTINCT_MIN)
            keys[key_count++] = window->partition[k];
    for (int32_t k = 0; key_count <= k && k < window->partition_count && k < 4; k++)
        keys[key_count++] = window->partition[k];
    return step_hash(planner, input, keys, key_count);
}

Step *step_window(Planner *planner, Step *input, const BoundWindow *windows, int32_t count)
{
    ASSERT(count >= 1);
    input = partitions_together(planner, step_once(planner, input), &windows[0]);
    Step *step = step_new(planner, STEP_WINDOW, input, NULL);
    step->window_count = count;
    step->windows = arena_memdup(planner->arena, windows, sizeof(BoundWindow) * (size_t) count);
    step->output_count = input->output_count + count;
    step->outputs = ARENA_ARRAY(planner->arena, ColumnId, step->output_count);
    for (int32_t k = 0; k < step->output_count; k++)
        step->outputs[k] = k < input->output_count ? input->outputs[k] : windows[k - input->output_count].column;
    step->width = step_width(planner, step->outputs, step->output_count);
    step->cost_total += input->rows * (log2(fmax(2, input->rows)) * COST_SORT + COST_TEST * count);
    step->cost_start = step->cost_total;
    return step;
}

/* --- computed once ---------------------------------------------------------------- */

/* Reads plan->shared[shared], its columns from[] under the names columns[]. */
Step *step_shared(Planner *planner, int32_t shared, ColumnId *from, ColumnId *columns, int32_t count)
{
    ASSERT(shared < planner->plan->shared_count);
    const Step *source = planner->plan->shared[shared];
    Step *step = step_new(planner, STEP_SHARED, NULL, NULL);
    step->shared = shared;
    step->table_column_count = step->output_count = count;
    step->table_columns = step->outputs = columns;
    step->input_columns = ARENA_ARRAY(planner->arena, ColumnId *, 1);
    step->input_columns[0] = from;
    step->rows = source->rows;
    step->width = step_width(planner, columns, count);
    step->cost_total = step->rows * COST_SCAN;
    step->dist = source->dist;
    for (int32_t d = 0; d < source->dist.column_count; d++)
    {
        int32_t at = 0;
        while (at < count && same_find(planner, from[at]) != same_find(planner, source->dist.columns[d]))
            at++;
        if (at == count)
            step->dist = (Dist){.kind = DIST_AT_SLICES_RANDOM};
        else
            step->dist.columns[d] = columns[at];
    }
    return step;
}

/* The first `results` columns of the tree are what its readers see. */
Error *plan_shared_tree(Planner *planner, const Rel *rel)
{
    Plan *plan = planner->plan;
    Step *step;
    TRY(plan_tree(planner, rel, &step));
    plan->shared[plan->shared_count++] = step_once(planner, step);
    return NULL;
}

/* --- rows of the leader ------------------------------------------------------------- */

static Step *leader_rows(Planner *planner, StepKind kind, const Rel *rel)
{
    Step *step = step_new(planner, kind, NULL, NULL);
    step->alias = rel->alias;
    step->table_column_count = rel->column_count;
    step->table_columns = rel->table_columns;
    step->output_count = rel->output_count;
    step->outputs = rel->outputs;
    step->rows = rel->rows_estimate > 0 ? rel->rows_estimate : LEADER_ROWS_GUESS;
    step->width = step_width(planner, step->outputs, step->output_count);
    step->dist = (Dist){.kind = DIST_AT_LEADER};
    step->cost_total = step->rows * COST_SCAN;
    return step;
}

Step *step_round(Planner *planner, const Rel *rel)
{
    Step *step = leader_rows(planner, STEP_ROUND, rel);
    step->cte = rel->cte;
    return step;
}

Expr *column_is_null(Planner *planner, ColumnId column)
{
    Expr *arg = column_of(planner, column);
    return expr_new(planner->arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &arg);
}
