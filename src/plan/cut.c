/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step tree is cut into pipelines wherever rows must rest.
 *
 *     XN HashAggregate                     scan orders    -> hash 0
 *       -> XN Hash Join DS_DIST_NONE       scan lineitem  -> probe 0 -> aggr 1
 *            -> XN Seq Scan on lineitem    aggr 1         -> return 2
 *            -> XN Hash
 *                 -> XN Seq Scan on orders
 *
 * A pipeline is "open" while steps are added to it and is closed by a store.
 * With one compute node, which is the leader too, steps that move rows do
 * nothing and the halves of an aggregate or a sort are done as one.
 */
#include "src/plan/cut.h"

#include "base/core/assert.h"

#include <string.h>

PipeOp *open_op(Cut *cut, Open *open, OpKind kind)
{
    if (open->op_count == open->op_capacity)
    {
        int32_t capacity = open->op_capacity == 0 ? 8 : 2 * open->op_capacity;
        PipeOp *ops = ARENA_ARRAY(cut->arena, PipeOp, capacity);
        if (open->op_count > 0)
            memcpy(ops, open->ops, sizeof(PipeOp) * (size_t) open->op_count);
        open->ops = ops;
        open->op_capacity = capacity;
    }
    PipeOp *op = &open->ops[open->op_count++];
    op->kind = kind;
    return op;
}

static bool moves_rows(const Step *step)
{
    return step->kind == STEP_DIST || step->kind == STEP_BCAST || (step->kind == STEP_RETURN && step->input_count == 1);
}

const Step *unmoved(const Cut *cut, const Step *step)
{
    while (cut->lone && moves_rows(step))
        step = step->inputs[0];
    return step;
}

static Error *cut_aggregate(Cut *cut, const Step *step, Open *open)
{
    const Step *below = unmoved(cut, step->inputs[0]);
    Step whole = *step;
    AggMode mode = step->agg_mode;
    if (cut->lone && mode == AGG_FINAL)
    { /* both halves at once: what the partial one reads, under the final one's names */
        ASSERT(below->kind == STEP_AGGR && below->agg_mode == AGG_PARTIAL);
        mode = AGG_SINGLE;
        whole.named = below->named;
        whole.aggs = arena_memdup(cut->arena, below->aggs, sizeof(StepAgg) * (size_t) below->agg_count);
        for (int32_t k = 0; k < below->agg_count; k++)
        {
            whole.aggs[k].column = step->aggs[k].column;
            memcpy(whole.aggs[k].more, step->aggs[k].more, sizeof step->aggs[k].more);
        }
        below = below->inputs[0];
    }
    TRY(cut_step(cut, below, open));
    int32_t store;
    TRY(store_of_aggregate(cut, open, &whole, mode, &store));
    pipe_closed_by(cut, step);
    open_store(cut, open, store, open->on_leader);
    return NULL;
}

static Error *cut_sort(Cut *cut, const Step *step, Open *open)
{
    const Step *below = unmoved(cut, step->inputs[0]);
    /* Sorting all rows at the slices would only be done again at the leader. */
    if (!cut->lone && step->limit < 0 && step->dist.kind != DIST_AT_LEADER)
        return cut_step(cut, below, open);
    if (cut->lone && below->kind == STEP_SORT && step->dist.kind == DIST_AT_LEADER &&
        below->dist.kind != DIST_AT_LEADER)
        below = below->inputs[0];
    TRY(cut_step(cut, below, open));
    int32_t store = store_of_sort(cut, open, step);
    pipe_closed_by(cut, step);
    open_store(cut, open, store, open->on_leader);
    return NULL;
}

static Error *cut_limit(Cut *cut, const Step *step, Open *open)
{
    const Step *below = unmoved(cut, step->inputs[0]);
    if (cut->lone && below->kind == STEP_LIMIT && step->dist.kind == DIST_AT_LEADER &&
        below->dist.kind != DIST_AT_LEADER)
        below = below->inputs[0];
    TRY(cut_step(cut, below, open));
    int32_t store = store_of_sort(cut, open, step); /* by no keys: the first rows that come */
    pipe_closed_by(cut, step);
    open_store(cut, open, store, open->on_leader);
    return NULL;
}

static Error *cut_move(Cut *cut, const Step *step, Open *open)
{
    TRY(cut_step(cut, step->inputs[0], open));
    if (cut->lone)
        return NULL;
    ExchangeKind kind = step->kind == STEP_DIST    ? EXCHANGE_HASH
                        : step->kind == STEP_BCAST ? EXCHANGE_BCAST
                                                   : EXCHANGE_GATHER;
    int32_t store = store_of_exchange(cut, open, step, kind);
    pipe_closed_by(cut, step);
    open_store(cut, open, store, kind == EXCHANGE_GATHER);
    return NULL;
}

/* The step's rows rest in a buffer, from which the next pipeline goes on. */
static void cut_rest(Cut *cut, const Step *step, Open *open)
{
    int32_t store = store_add(cut, STORE_BUFFER, step->outputs, step->output_count);
    store_at(cut, store)->on_leader = open->on_leader;
    store_at(cut, store)->rows_estimate = step->rows;
    pipe_close(cut, open, store);
    open_store(cut, open, store, open->on_leader);
}

static Error *cut_join(Cut *cut, const Step *step, Open *open)
{
    Open inner;
    TRY(cut_step(cut, step->inputs[1], &inner));
    TRY(cut_step(cut, step->inputs[0], open));
    if (open->op_count >= PIPE_OPS_MAX) /* generated code keeps a place for each joined row */
        cut_rest(cut, step->inputs[0], open);
    ASSERT(cut->lone || inner.on_leader == open->on_leader);
    int32_t store = store_of_build(cut, &inner, step);
    pipe_closed_by(cut, step);
    PipeOp *op = open_op(cut, open, OP_PROBE);
    op->store = store;
    op->join = step->join;
    op->key_count = step->key_count;
    op->keys = step->outer_keys;
    op->build_keys = cut->plan->pipes[cut->spec->pipeline_count - 1].hash;
    op->conjunct_count = step->conjunct_count;
    op->conjuncts = step->conjuncts;
    if (step->join == JOIN_INNER || step->join == JOIN_LEFT)
        open->rows_max = rows_times(open->rows_max, cut->store_rows[store] < 1 ? 1 : cut->store_rows[store]);
    if (step->join == JOIN_LEFT)
    {
        const Step *build = step->inputs[1];
        for (int32_t k = 0; k < build->output_count; k++)
            fact_of(cut->planner, build->outputs[k])->nullable = true;
        const StoreColumns *columns = &cut->plan->store_columns[store];
        for (int32_t k = 0; k < store_at(cut, store)->layout->field_count; k++)
            fact_of(cut->planner, columns->columns[k])->nullable = true;
    }
    return NULL;
}

static Error *cut_filter(Cut *cut, const Step *step, Open *open)
{
    TRY(cut_step(cut, step->inputs[0], open));
    PipeOp *op = open_op(cut, open, OP_FILTER);
    op->must_hold = step->must_hold;
    op->conjunct_count = step->conjunct_count;
    op->conjuncts = step->conjuncts;
    return NULL;
}

static Error *cut_project(Cut *cut, const Step *step, Open *open)
{
    TRY(cut_step(cut, step->inputs[0], open));
    PipeOp *op = open_op(cut, open, OP_COMPUTE);
    op->named_count = step->named_count;
    op->named = step->named;
    bool fresh = false;
    for (int32_t k = 0; k < step->named_count; k++)
    {
        ColumnFact fact = {.bounds = plan_bounds(cut->plan, step->named[k].expr),
                           .nullable = plan_nullable(cut->plan, step->named[k].expr)};
        *fact_of(cut->planner, step->named[k].column) = fact;
        fresh = fresh || expr_is_volatile(step->named[k].expr);
    }
    if (!fresh)
        return NULL;
    /* What differs each time it is computed is computed once, and rests. */
    cut_rest(cut, step, open);
    return NULL;
}

/* Rows rest with a count; from there they come with the numbers below it. */
static Error *cut_expand(Cut *cut, const Step *step, Open *open)
{
    ColumnId number = step->named[0].column, *columns = ARENA_ARRAY(cut->arena, ColumnId, step->output_count + 1);
    int32_t width = 0;
    for (int32_t k = 0; k < step->output_count; k++)
        if (step->outputs[k] != number)
            columns[width++] = step->outputs[k];
    columns[width] = number;
    TRY(cut_step(cut, step->inputs[0], open));
    Expr *args[2] = {step->named[0].expr, expr_bigint(cut->arena, 0)};
    Expr *count = plan_nullable(cut->plan, args[0]) ? expr_new(cut->arena, EXPR_COALESCE, args[0]->type, 2, args) : args[0];
    Bounds bounds = plan_bounds(cut->plan, count);
    *fact_of(cut->planner, number) = (ColumnFact){.nullable = false};
    int32_t store = store_add(cut, STORE_BUFFER, columns, width + 1);
    store_at(cut, store)->on_leader = open->on_leader;
    store_at(cut, store)->rows_estimate = step->inputs[0]->rows;
    store_at(cut, store)->numbered = true;
    pipe_close(cut, open, store)->fields[width].expr = count;
    open_store(cut, open, store, open->on_leader);
    __int128 most = !bounds.known ? INT64_MAX : bounds.max > 0 ? bounds.max : 0;
    fact_of(cut->planner, number)->bounds = (Bounds){.known = true, .min = 0, .max = most};
    open->rows_max = rows_times(open->rows_max, most);
    return NULL;
}

Error *cut_step(Cut *cut, const Step *step, Open *open)
{
    switch (step->kind)
    {
    case STEP_ONE:
        *open = (Open){.source = SOURCE_ONE, .on_leader = true, .rows_max = 1, .label = "result"};
        return NULL;
    case STEP_SCAN:
        cut_scan(cut, step, open);
        return NULL;
    case STEP_SYSVIEW:
    case STEP_VALUES:
        return cut_values(cut, step, open);
    case STEP_ROUND:
        cut_round(cut, step, open);
        return NULL;
    case STEP_SHARED:
        cut_shared(cut, step, open);
        return NULL;
    case STEP_UNION:
        return cut_union(cut, step, open);
    case STEP_WINDOW:
        return cut_window(cut, step, open);
    case STEP_FILTER:
        return cut_filter(cut, step, open);
    case STEP_PROJECT:
        return cut_project(cut, step, open);
    case STEP_EXPAND:
        return cut_expand(cut, step, open);
    case STEP_HJOIN:
        return cut_join(cut, step, open);
    case STEP_AGGR:
        return cut_aggregate(cut, step, open);
    case STEP_SORT:
        return cut_sort(cut, step, open);
    case STEP_LIMIT:
        return cut_limit(cut, step, open);
    case STEP_DIST:
    case STEP_BCAST:
    case STEP_RETURN:
        return cut_move(cut, step, open);
    case STEP_APPEND:
    case STEP_WRITE:
    case STEP_COUNT:
        break;
    }
    ASSERT(!"a step that gives rows");
    return NULL;
}

/* A limit at the very top is the client's: it needs no store of its own. */
Error *cut_result(Cut *cut, const Step *step)
{
    Open open;
    int64_t limit = -1, offset = 0;
    const Step *top = unmoved(cut, step);
    if (!cut->lone && step_at_leader(top->inputs[0]))
        top = top->inputs[0];
    if (top->kind == STEP_LIMIT)
    {
        limit = top->limit;
        offset = top->offset;
        top = unmoved(cut, top->inputs[0]);
        if (cut->lone && top->kind == STEP_LIMIT)
            top = top->inputs[0];
    }
    TRY(cut_step(cut, top, &open));
    store_of_return(cut, &open, step, limit, offset);
    return NULL;
}

SpecTable *plan_target(Arena *arena, const CatalogTable *table)
{
    SpecTable *target = ARENA_NEW(arena, SpecTable);
    int32_t count = table->column_count;
    target->table_id = table->id;
    target->schema_name = table->schema;
    target->name = table->name;
    target->column_count = count;
    target->column_names = ARENA_ARRAY(arena, char *, count);
    target->column_ids = ARENA_ARRAY(arena, int32_t, count);
    target->column_types = ARENA_ARRAY(arena, SqlType, count);
    target->column_encodings = ARENA_ARRAY(arena, uint8_t, count); /* 0: AUTO; the leader knows names of encodings */
    target->column_not_null = ARENA_ARRAY(arena, bool, count);
    for (int32_t k = 0; k < count; k++)
    {
        target->column_names[k] = table->columns[k].name;
        target->column_ids[k] = table->columns[k].id;
        target->column_types[k] = table->columns[k].type;
        target->column_not_null[k] = table->columns[k].not_null;
    }
    target->dist_style = table->dist_style == DIST_AUTO ? DIST_EVEN : (int32_t) table->dist_style;
    target->dist_column = table->dist_column;
    target->sort_count = table->sort_count;
    target->sort_columns = table->sort_columns;
    return target;
}

Error *cut_append(Cut *cut, const Step *step)
{
    Open open;
    TRY(cut_step(cut, step->inputs[0], &open));
    cut->spec->table_count = 1;
    cut->spec->tables = plan_target(cut->arena, step->insert);
    store_of_append(cut, &open, step);
    pipe_closed_by(cut, step);
    return NULL;
}

Error *plan_cut(Planner *planner)
{
    Plan *plan = planner->plan;
    Cut cut = {.planner = planner, .arena = planner->arena, .plan = plan, .spec = plan->spec};
    cut.lone = planner->lone;
    TRY(cut_all_shared(&cut));
    if (plan->root->kind == STEP_APPEND)
        TRY(cut_append(&cut, plan->root));
    else if (plan->root->kind == STEP_WRITE)
        TRY(cut_write(&cut, plan->root));
    else
        TRY(cut_result(&cut, plan->root));
    for (int32_t k = 0; k < plan->spec->pipeline_count; k++)
        plan->pipes[k].spec = &plan->spec->pipelines[k];
    fact_of(planner, planner->statement->column_count - 1);
    return NULL;
}
