/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregation: where groups meet, in halves or as one.
 *
 *     parts of groups will do                  PARTIAL where the rows are
 *     groups are whole where the rows are      one AGGR there
 *     many groups, few rows of each            rows go to their groups, AGGR
 *     else                                     PARTIAL at the slices; FINAL at the leader, or at the slices of the groups
 */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>
#include <string.h>

static ColumnId state_column(Planner *planner, const char *name, TypeId type)
{
    return bound_add_column(planner->arena, planner->statement, name, type_make(type), false);
}

static const char *const STATE_NAMES[AGG_STATES_MAX - 1] = {"mean", "squares", "mean x", "squares x", "products"};

/* The state of one aggregate, and the columns it gives. */
static void aggregate_state(Planner *planner, const BoundAgg *agg, StepAgg *state, Step *step)
{
    ASSERT(!agg->distinct);
    *state = (StepAgg){.kind = agg->kind, .arg = agg->arg, .column = agg->column};
    int32_t columns = agg_state_columns(agg->kind);
    if (columns > 1)
        state->column = state_column(planner, "count", TYPE_BIGINT);
    step->outputs[step->output_count++] = state->column;
    for (int32_t k = 1; k < columns; k++)
    {
        state->more[k - 1] = state_column(planner, STATE_NAMES[k - 1], TYPE_DOUBLE);
        step->outputs[step->output_count++] = state->more[k - 1];
    }
}

static Step *aggregate(Planner *planner, Step *input, const Rel *rel, AggMode mode, double groups)
{
    Step *step = step_new(planner, STEP_AGGR, input, NULL);
    step->agg_mode = mode;
    step->named_count = step->group_count = rel->named_count;
    step->named = arena_memdup(planner->arena, rel->named, sizeof(BoundNamed) * (size_t) rel->named_count);
    step->groups = ARENA_ARRAY(planner->arena, ColumnId, rel->named_count);
    step->agg_count = rel->agg_count;
    step->aggs = ARENA_ARRAY(planner->arena, StepAgg, rel->agg_count);
    step->output_count = rel->named_count;
    step->outputs = ARENA_ARRAY(planner->arena, ColumnId, rel->named_count + AGG_STATES_MAX * rel->agg_count);
    for (int32_t k = 0; k < rel->named_count; k++)
        step->outputs[k] = step->groups[k] = rel->named[k].column;
    for (int32_t k = 0; k < rel->agg_count; k++)
        aggregate_state(planner, &rel->aggs[k], &step->aggs[k], step);
    step->rows = groups;
    step->width = step_width(planner, step->outputs, step->output_count);
    step->cost_total += input->rows * (COST_GROUP + COST_TEST * rel->agg_count);
    if (groups > COST_CACHE_ROWS)
        step->cost_total += input->rows * COST_MISS;
    step->cost_start = step->cost_total;
    return step;
}

/* The hash of the input's rows told in the groups' own columns. */
static Dist grouped_dist(Planner *planner, const Dist *dist, const Rel *rel)
{
    Dist out = *dist;
    for (int32_t d = 0; d < dist->column_count; d++)
        for (int32_t k = 0; k < rel->named_count; k++)
        {
            ColumnId column = dist_column(rel->named[k].expr);
            if (column >= 0 && same_find(planner, column) == same_find(planner, dist->columns[d]))
                out.columns[d] = rel->named[k].column;
        }
    return out;
}

static bool has_whole_groups(Planner *planner, const Step *input, const Rel *rel)
{
    ColumnId *columns = ARENA_ARRAY(planner->arena, ColumnId, rel->named_count);
    int32_t count = 0;
    for (int32_t k = 0; k < rel->named_count; k++)
        if (dist_column(rel->named[k].expr) >= 0)
            columns[count++] = dist_column(rel->named[k].expr);
    return count > 0 && dist_groups(planner, &input->dist, columns, count);
}

/* Those of the groups by which `above` groups them anew, if these are so many that it would have to move rows again; else
 * all.  Returns how many. */
static int32_t groups_to_hash(Planner *planner, const Rel *rel, const Rel *above, double rows, BoundNamed *groups)
{
    int32_t count = 0;
    for (int32_t k = 0; k < rel->named_count && above != NULL && above->kind == REL_AGG; k++)
    {
        bool wanted = false;
        for (int32_t a = 0; a < above->named_count && !wanted; a++)
            wanted = dist_column(above->named[a].expr) == rel->named[k].column;
        if (wanted)
            groups[count++] = rel->named[k];
    }
    if (count > 0 && distinct_groups(planner, groups, count, rows) > AGG_LEADER_ROWS)
        return count;
    memcpy(groups, rel->named, sizeof(BoundNamed) * (size_t) rel->named_count);
    return rel->named_count;
}

/* Rows to the slices that own their groups: by one group with many values, else by several. */
static Step *hash_by_groups(Planner *planner, Step *input, const Rel *rel, const Rel *above, bool of_input)
{
    BoundNamed *groups = ARENA_ARRAY(planner->arena, BoundNamed, rel->named_count);
    int32_t group_count = groups_to_hash(planner, rel, above, input->rows, groups);
    Expr *keys[4];
    int32_t count = 0;
    for (int32_t k = 0; k < group_count; k++)
        if (distinct_values(planner, groups[k].expr, input->rows) >= HASH_DISTINCT_MIN && count == 0)
            keys[count++] = of_input ? groups[k].expr : expr_column(planner->arena, planner->statement, groups[k].column);
    for (int32_t k = 0; k < group_count && k < 4 && count < k + 1; k++)
        keys[count++] = of_input ? groups[k].expr : expr_column(planner->arena, planner->statement, groups[k].column);
    return step_hash(planner, input, keys, count);
}

/* sum of sums, sum of counts, min of mins. */
static Step *aggregate_again(Planner *planner, Step *input, const Step *partial, const Rel *rel, double groups)
{
    Rel again = *rel;
    again.named = ARENA_ARRAY(planner->arena, BoundNamed, rel->named_count);
    again.aggs = arena_memdup(planner->arena, rel->aggs, sizeof(BoundAgg) * (size_t) rel->agg_count);
    for (int32_t k = 0; k < rel->named_count; k++)
        again.named[k] =
            (BoundNamed){expr_column(planner->arena, planner->statement, rel->named[k].column), rel->named[k].column};
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        again.aggs[k].arg = expr_column(planner->arena, planner->statement, partial->aggs[k].column);
        if (rel->aggs[k].kind == AGG_COUNT || rel->aggs[k].kind == AGG_COUNT_STAR)
            again.aggs[k].kind = AGG_SUM;
    }
    Step *step = aggregate(planner, input, &again, AGG_FINAL, groups);
    for (int32_t k = 0; k < rel->agg_count; k++)
        for (int32_t s = 0; s < agg_state_columns(rel->aggs[k].kind) - 1; s++)
            step->aggs[k].more_args[s] = expr_column(planner->arena, planner->statement, partial->aggs[k].more[s]);
    return step;
}

static Expr *binary(Planner *planner, char op, TypeId type, Expr *a, Expr *b)
{
    Expr *expr = expr_new(planner->arena, EXPR_ARITH, type_make(type), 2, (Expr *[]){a, b});
    expr->op = op;
    return expr;
}

/* Variance or deviation of a state: CASE WHEN count > 1 THEN sqrt(squares / (count - 1)) END; of a whole population
 * count > 0 and count. */
static Expr *moments_result(Planner *planner, const StepAgg *agg)
{
    Arena *arena = planner->arena;
    bool population = agg->kind == AGG_STDDEV_POP || agg->kind == AGG_VAR_POP;
    bool root = agg->kind == AGG_STDDEV || agg->kind == AGG_STDDEV_POP || agg->kind == AGG_STDDEV_SAMP;
    Expr *count = expr_column(arena, planner->statement, agg->column);
    Expr *squares = expr_column(arena, planner->statement, agg->more[1]);
    Expr *divisor = population ? count : binary(planner, '-', TYPE_BIGINT, count, expr_bigint(arena, 1));
    Expr *value = binary(planner, '/', TYPE_DOUBLE, squares, expr_cast_make(arena, divisor, type_make(TYPE_DOUBLE)));
    if (root)
        value = expr_func(arena, FUNC_SQRT, type_make(TYPE_DOUBLE), 1, &value);
    Expr *parts[3] = {expr_compare_make(arena, '>', count, expr_bigint(arena, population ? 0 : 1)), value,
                      expr_constant(arena, type_make(TYPE_DOUBLE), (Datum){.null = true})};
    Expr *result = expr_new(arena, EXPR_CASE, type_make(TYPE_DOUBLE), 3, parts);
    result->nullable = true;
    return result;
}

/* pair_result(the aggregate, its state) */
static Expr *pair_result(Planner *planner, const StepAgg *agg)
{
    Expr *args[AGG_STATES_MAX + 1] = {expr_bigint(planner->arena, agg->kind),
                                      expr_column(planner->arena, planner->statement, agg->column)};
    for (int32_t k = 0; k < AGG_STATES_MAX - 1; k++)
        args[k + 2] = expr_column(planner->arena, planner->statement, agg->more[k]);
    return expr_func(planner->arena, FUNC_PAIR_RESULT, type_make(TYPE_DOUBLE), AGG_STATES_MAX + 1, args);
}

/* What states of several columns come to, under the aggregates' own names. */
static Step *finish_states(Planner *planner, Step *input, const Rel *rel)
{
    ASSERT(input->kind == STEP_AGGR);
    BoundNamed *named = ARENA_ARRAY(planner->arena, BoundNamed, rel->agg_count);
    int32_t count = 0;
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        int32_t columns = agg_state_columns(rel->aggs[k].kind);
        if (columns > 1)
            named[count++] = (BoundNamed){columns == AGG_STATES_MAX ? pair_result(planner, &input->aggs[k])
                                                                    : moments_result(planner, &input->aggs[k]),
                                          rel->aggs[k].column};
    }
    return count == 0 ? input : step_project(planner, input, named, count);
}

static Step *aggregate_partial(Planner *planner, Step *input, const Rel *rel, double groups)
{
    Rel part = *rel;
    part.aggs = arena_memdup(planner->arena, rel->aggs, sizeof(BoundAgg) * (size_t) rel->agg_count);
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        const BoundColumn *column = &planner->statement->columns[rel->aggs[k].column];
        part.aggs[k].column =
            bound_add_column(planner->arena, planner->statement, column->name, column->type, column->nullable);
    }
    return aggregate(planner, input, &part, AGG_PARTIAL, fmin(groups * planner->nodes, input->rows));
}

/* Each node groups the rows it has. */
static Step *aggregate_early(Planner *planner, Step *input, const Rel *rel, double groups)
{
    Step *step = aggregate(planner, input, rel, AGG_PARTIAL, fmin(groups * planner->nodes, input->rows));
    if (has_whole_groups(planner, input, rel))
        step->dist = grouped_dist(planner, &input->dist, rel);
    else if (!step_at_leader(input))
        step->dist = (Dist){.kind = DIST_AT_SLICES_RANDOM};
    return step;
}

static Step *aggregate_where(Planner *planner, Step *input, const Rel *rel, const Rel *above)
{
    input = step_once(planner, input);
    double groups = distinct_groups(planner, rel->named, rel->named_count, input->rows);
    for (int32_t k = 0; k < rel->agg_count; k++)
        note_aggregate(planner->statement, &rel->aggs[k], input->rows / groups);
    if (rel->early)
        return aggregate_early(planner, input, rel, groups);
    if (step_at_leader(input))
        return aggregate(planner, input, rel, AGG_SINGLE, groups);
    if (has_whole_groups(planner, input, rel))
    {
        Step *step = aggregate(planner, input, rel, AGG_SINGLE, groups);
        step->dist = grouped_dist(planner, &input->dist, rel);
        return step;
    }
    if (groups > AGG_LEADER_ROWS && groups > 0.5 * input->rows)
    { /* the slices could not make them fewer */
        Step *step = aggregate(planner, hash_by_groups(planner, input, rel, above, true), rel, AGG_SINGLE, groups);
        step->dist = grouped_dist(planner, &step->inputs[0]->dist, rel);
        return step;
    }
    Step *partial = aggregate_partial(planner, input, rel, groups);
    partial->dist = (Dist){.kind = DIST_AT_SLICES_RANDOM};
    Step *met =
        groups <= AGG_LEADER_ROWS ? step_gather(planner, partial) : hash_by_groups(planner, partial, rel, above, false);
    return aggregate_again(planner, met, partial, rel, groups);
}

Step *step_aggregate(Planner *planner, Step *input, const Rel *rel, const Rel *above)
{
    return finish_states(planner, aggregate_where(planner, input, rel, above), rel);
}
