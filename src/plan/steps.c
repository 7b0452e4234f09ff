/* SPDX-License-Identifier: Apache-2.0 */
/* Making single steps: what they give, where, how many rows, at what cost. */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>

double step_width(const Planner *planner, const ColumnId *columns, int32_t count)
{
    double width = 0;
    for (int32_t k = 0; k < count; k++)
        width += column_width(planner->statement, columns[k]);
    return width;
}

double step_bytes(const Step *step)
{
    return step->rows * (step->width + 8);
}

Step *step_new(Planner *planner, StepKind kind, Step *input0, Step *input1)
{
    Step *step = ARENA_NEW(planner->arena, Step);
    step->kind = kind;
    step->limit = -1;
    step->inputs = ARENA_ARRAY(planner->arena, Step *, 2);
    step->inputs[0] = input0;
    step->inputs[1] = input1;
    step->input_count = (input0 != NULL) + (input1 != NULL);
    step->shared = step->cte = -1;
    step->address = NO_COLUMN;
    if (input0 == NULL)
        return step;
    step->dist = input0->dist;
    step->rows = input0->rows;
    step->width = input0->width;
    step->cost_start = input0->cost_start;
    step->cost_total = input0->cost_total;
    step->output_count = input0->output_count;
    step->outputs = input0->outputs;
    return step;
}

/* --- which test first ------------------------------------------------------- */

/* What a test costs, beside comparing two integers; 0: it computes something, and might fail. */
static double test_cost(const Expr *test)
{
    if (test->kind == EXPR_NOT)
        return test_cost(test->args[0]);
    if (test->kind == EXPR_IS_NULL)
        return test->args[0]->kind == EXPR_COLUMN ? 1 : 0;
    if (test->kind != EXPR_COMPARE && test->kind != EXPR_IN_LIST && test->kind != EXPR_LIKE)
        return 0;
    for (int32_t k = 0; k < test->arg_count; k++)
        if (test->args[k]->kind != EXPR_COLUMN && test->args[k]->kind != EXPR_CONST)
            return 0;
    double cost = test->kind == EXPR_LIKE ? 8 : test->kind == EXPR_IN_LIST ? 2 : 1;
    if (test->kind == EXPR_COMPARE && test->args[0]->kind == test->args[1]->kind)
        cost = 1.5; /* two columns */
    return type_is_string(test->args[0]->type) ? 3 * cost : cost;
}

/* (share that passes - 1) / cost: the least first (Hellerstein and Stonebraker, "Predicate migration", 1993).  The
 * share of a range is a guess, so that another literal does not make another program. */
static double test_rank(Planner *planner, const Expr *test)
{
    double cost = test_cost(test), share = SELECTIVITY_RANGE;
    if (cost <= 0)
        return 0;
    bool equality = test->kind == EXPR_COMPARE && (test->op == '=' || test->op == '!');
    if (equality || test->kind == EXPR_IN_LIST)
        share = expr_selectivity(planner->statement, test);
    return (share - 1) / cost;
}

/* Tests that compute something keep their order, behind the others: `x <> 0 and y / x > 2` stays safe. */
static Expr **tests_in_order(Planner *planner, Expr *const *tests, int32_t count)
{
    Expr **order = arena_memdup(planner->arena, tests, sizeof(Expr *) * (size_t) count);
    double *ranks = ARENA_ARRAY(planner->arena, double, count);
    for (int32_t k = 0; k < count; k++)
    {
        double rank = test_rank(planner, tests[k]);
        int32_t at = k;
        for (; at > 0 && ranks[at - 1] > rank; at--)
        {
            ranks[at] = ranks[at - 1];
            order[at] = order[at - 1];
        }
        ranks[at] = rank;
        order[at] = tests[k];
    }
    return order;
}

/* A test of one column passes the same share of its values as of its rows. */
static void note_tested(Planner *planner, const Rel *rel)
{
    for (int32_t k = 0; k < rel->conjunct_count; k++)
    {
        ColumnSet read = {0};
        ColumnId *columns;
        expr_columns(planner->arena, rel->conjuncts[k], &read);
        if (column_set_list(planner->arena, &read, &columns) != 1)
            continue;
        const Expr *column = expr_column(planner->arena, planner->statement, columns[0]);
        double distinct = expr_distinct(planner->statement, column, (double) rel->table->row_count);
        distinct_note(planner, columns[0],
                      fmax(1, distinct * expr_selectivity(planner->statement, rel->conjuncts[k])));
    }
}

Step *step_scan(Planner *planner, const Rel *rel)
{
    StepKind kind = rel->kind == REL_SCAN ? STEP_SCAN : rel->kind == REL_SYSVIEW ? STEP_SYSVIEW : STEP_VALUES;
    Step *step = step_new(planner, kind, NULL, NULL);
    step->table = rel->table;
    step->alias = rel->alias;
    step->table_column_count = rel->column_count;
    step->table_columns = rel->table_columns;
    step->address = rel->kind == REL_SCAN ? rel->address : NO_COLUMN;
    step->conjunct_count = rel->conjunct_count;
    step->conjuncts = tests_in_order(planner, rel->conjuncts, rel->conjunct_count);
    step->row_count = rel->row_count;
    step->values = rel->rows;
    step->output_count = rel->output_count;
    step->outputs = rel->outputs;
    step->rows = rel->rows_estimate;
    if (kind == STEP_SCAN)
        note_tested(planner, rel);
    step->width = step_width(planner, step->outputs, step->output_count);
    step->dist = kind == STEP_SCAN ? dist_of_table(rel->table, rel->table_columns) : (Dist){.kind = DIST_AT_LEADER};
    double read = kind == STEP_SCAN ? (double) rel->table->row_count : step->rows;
    step->cost_total = read * (COST_SCAN + COST_TEST * rel->conjunct_count);
    return step;
}

Step *step_filter(Planner *planner, Step *input, Expr *const *conjuncts, int32_t count, bool must_hold)
{
    Step *step = step_new(planner, STEP_FILTER, input, NULL);
    step->conjunct_count = count;
    step->conjuncts = arena_memdup(planner->arena, conjuncts, sizeof(Expr *) * (size_t) count);
    step->must_hold = must_hold;
    if (!must_hold)
        step->rows = fmax(1, input->rows * expr_list_selectivity(planner->statement, conjuncts, count));
    step->cost_total += input->rows * COST_TEST * count;
    return step;
}

Step *step_project(Planner *planner, Step *input, const BoundNamed *named, int32_t count)
{
    Step *step = step_new(planner, STEP_PROJECT, input, NULL);
    step->named_count = count;
    step->named = arena_memdup(planner->arena, named, sizeof(BoundNamed) * (size_t) count);
    step->output_count = input->output_count + count;
    step->outputs = ARENA_ARRAY(planner->arena, ColumnId, step->output_count);
    for (int32_t k = 0; k < step->output_count; k++)
        step->outputs[k] = k < input->output_count ? input->outputs[k] : named[k - input->output_count].column;
    step->width = step_width(planner, step->outputs, step->output_count);
    step->cost_total += input->rows * COST_TEST * count;
    return step;
}

Step *step_expand(Planner *planner, Step *input, const Rel *rel)
{
    Step *step = step_project(planner, input, rel->named, 1);
    step->kind = STEP_EXPAND;
    step->rows = fmax(1, input->rows * rel->rows_estimate / rel->inputs[0]->rows_estimate);
    step->cost_total += step->rows * COST_SCAN;
    return step;
}

/* --- moving --------------------------------------------------------------- */

/* Every node tells every other node that its rows have ended. */
static double cost_ends(const Planner *planner)
{
    return COST_MESSAGE * planner->nodes * (planner->nodes - 1);
}

double cost_hash(const Planner *planner, const Step *step)
{
    return cost_ends(planner) + step_bytes(step) * COST_BYTE * (planner->nodes - 1) / planner->nodes;
}

double cost_bcast(const Planner *planner, const Step *step)
{
    return cost_ends(planner) + step_bytes(step) * COST_BYTE * (planner->nodes - 1);
}

Step *step_gather(Planner *planner, Step *input)
{
    if (step_at_leader(input))
        return input;
    input = step_once(planner, input);
    Step *step = step_new(planner, STEP_RETURN, input, NULL);
    step->dist = (Dist){.kind = DIST_AT_LEADER};
    step->cost_total += step_bytes(input) * COST_BYTE;
    return step;
}

Step *step_hash(Planner *planner, Step *input, Expr *const *keys, int32_t key_count)
{
    input = step_once(planner, input);
    Step *step = step_new(planner, STEP_DIST, input, NULL);
    step->key_count = key_count;
    step->outer_keys = arena_memdup(planner->arena, keys, sizeof(Expr *) * (size_t) key_count);
    step->dist = (Dist){.kind = DIST_AT_SLICES_HASH};
    for (int32_t k = 0; k < key_count; k++)
    {
        ColumnId column = dist_column(keys[k]);
        if (column >= 0 && step->dist.kind == DIST_AT_SLICES_HASH && k < 4)
            step->dist.columns[step->dist.column_count++] = column;
        else
            step->dist = (Dist){.kind = DIST_AT_SLICES_RANDOM};
    }
    if (key_count == 0)
        step->dist.kind = DIST_AT_SLICES_RANDOM;
    step->cost_total += cost_hash(planner, input);
    return step;
}

Step *step_bcast(Planner *planner, Step *input)
{
    Step *step = step_new(planner, STEP_BCAST, step_once(planner, input), NULL);
    step->dist = (Dist){.kind = DIST_AT_EVERY_NODE};
    step->cost_total += cost_bcast(planner, input);
    return step;
}

Step *step_once(Planner *planner, Step *step)
{
    if (step->dist.kind != DIST_AT_EVERY_NODE)
        return step;
    ASSERT(step->kind == STEP_SCAN || step->kind == STEP_FILTER || step->kind == STEP_PROJECT ||
           step->kind == STEP_HJOIN);
    Step *copy = arena_memdup(planner->arena, step, sizeof(Step));
    copy->inputs = arena_memdup(planner->arena, step->inputs, 2 * sizeof(Step *));
    copy->dist = (Dist){.kind = DIST_AT_SLICES_RANDOM};
    if (step->kind == STEP_SCAN)
        copy->once = true;
    else
        copy->inputs[0] = step_once(planner, step->inputs[0]);
    return copy;
}

/* --- order and limit ---------------------------------------------------------- */

static Step *sort(Planner *planner, Step *input, const Rel *rel, int64_t limit, int64_t offset)
{
    Step *step = step_new(planner, STEP_SORT, input, NULL);
    step->sort_count = rel->sort_count;
    step->sort = rel->sort;
    step->limit = limit;
    step->offset = offset;
    step->cost_total +=
        input->rows * log2(fmax(2, limit >= 0 ? fmin(input->rows, (double) limit) : input->rows)) * COST_SORT;
    step->cost_start = step->cost_total;
    if (limit >= 0)
        step->rows = fmax(1, fmin(input->rows, (double) limit));
    return step;
}

static int64_t rows_wanted(const Rel *rel)
{
    int64_t rows;
    return rel->limit < 0 || __builtin_add_overflow(rel->limit, rel->offset, &rows) ? -1 : rows;
}

Step *step_sort(Planner *planner, Step *input, const Rel *rel)
{
    input = step_once(planner, input);
    if (!step_at_leader(input))
        input = step_gather(planner, sort(planner, input, rel, rows_wanted(rel), 0));
    return sort(planner, input, rel, rel->limit, rel->offset);
}

static Step *limit(Planner *planner, Step *input, int64_t rows, int64_t offset)
{
    Step *step = step_new(planner, STEP_LIMIT, input, NULL);
    step->limit = rows;
    step->offset = offset;
    if (rows >= 0)
        step->rows = fmax(1, fmin(input->rows, (double) rows));
    return step;
}

Step *step_limit(Planner *planner, Step *input, const Rel *rel)
{
    input = step_once(planner, input);
    if (!step_at_leader(input))
    {
        if (rows_wanted(rel) >= 0)
            input = limit(planner, input, rows_wanted(rel), 0);
        input = step_gather(planner, input);
    }
    return limit(planner, input, rel->limit, rel->offset);
}
