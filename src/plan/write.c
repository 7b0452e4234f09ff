/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that write.  INSERT sends its rows to the nodes that own them:
 *
 *     rows -> (exchange) -> APPEND
 *
 * UPDATE, DELETE and MERGE take rows away by address, and may put others there.  Their rows rest once:
 *
 *     rows    -> BUFFER
 *     BUFFER  -> appends is true  -> (exchange to the owner) -> APPEND
 *     BUFFER  -> address not null -> (exchange to the leader) -> RETURN
 *
 * The leader gathers the addresses, and commits both or neither.  That only the first row of an address counts (UPDATE
 * FROM) is in the relations already.
 */
#include "base/core/assert.h"
#include "src/plan/planner.h"

/* Rows go to the nodes that own them, hashed as the table is. */
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

static Step *append(Planner *planner, Step *input, const CatalogTable *table, const ColumnId *values)
{
    BoundNamed *named = ARENA_ARRAY(planner->arena, BoundNamed, table->column_count);
    for (int32_t k = 0; k < table->column_count; k++)
        named[k] = (BoundNamed){expr_column(planner->arena, planner->statement, values[k]), values[k]};
    input = move_to_owner(planner, input, table, named);
    Step *step = step_new(planner, STEP_APPEND, input, NULL);
    step->insert = table;
    step->named = named;
    step->named_count = table->column_count;
    return step;
}

/* The address of each row that goes, and whether it is appended again if `appends` says so. */
static Step *send_addresses(Planner *planner, Step *input, ColumnId address, ColumnId appends)
{
    const ColumnId outputs[2] = {address, appends};
    Expr *test = expr_not(planner->arena, column_is_null(planner, address));
    input = step_gather(planner, step_filter(planner, input, &test, 1, false));
    Step *step = input->kind == STEP_RETURN ? input : step_new(planner, STEP_RETURN, input, NULL);
    step->outputs = arena_memdup(planner->arena, outputs, sizeof outputs);
    step->output_count = appends == NO_COLUMN ? 1 : 2;
    return step;
}

/* Computed once from here on; the readers' columns are called as its own. */
static Step *share(Planner *planner, Step *step)
{
    Plan *plan = planner->plan;
    Step **shared = ARENA_ARRAY(planner->arena, Step *, plan->shared_count + 1);
    for (int32_t k = 0; k < plan->shared_count; k++)
        shared[k] = plan->shared[k];
    shared[plan->shared_count++] = step;
    plan->shared = shared;
    return step_shared(planner, plan->shared_count - 1, step->outputs, step->outputs, step->output_count);
}

Step *plan_write(Planner *planner, Step *input, const Rel *rel)
{
    const BoundWrite *write = planner->statement->write;
    const ColumnId *values = write->values < 0 ? NULL : rel->results + write->values;
    ASSERT(write->address >= 0 || values != NULL);
    if (write->address < 0 && write->appends < 0)
        return append(planner, input, write->table, values);
    ColumnId address = write->address < 0 ? NO_COLUMN : rel->results[write->address];
    Step *root = step_new(planner, STEP_WRITE, NULL, NULL);
    root->write = write;
    input = step_once(planner, input);
    if (values != NULL)
    {
        if (address != NO_COLUMN)
            input = share(planner, input);
        Step *rows = input;
        if (write->appends >= 0)
        {
            Expr *test = expr_column(planner->arena, planner->statement, rel->results[write->appends]);
            rows = step_filter(planner, rows, &test, 1, false);
        }
        root->inputs[root->input_count++] = append(planner, rows, write->table, values);
    }
    if (address != NO_COLUMN)
        root->inputs[root->input_count++] = send_addresses(planner, input, address,
                                                           write->appends < 0 ? NO_COLUMN : rel->results[write->appends]);
    const Step *first = root->inputs[0];
    root->rows = first->rows;
    root->width = first->width;
    root->cost_start = first->cost_start;
    root->cost_total = first->cost_total;
    return root;
}
