/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold of every plan: each pipeline reads only columns that its
 * source gives or an operator has made, writes every field of its sink once,
 * and comes after the stores it reads.
 */
#include "base/core/assert.h"
#include "src/plan/planner.h"

static void check_reads(Arena *arena, const ColumnSet *have, const Expr *expr)
{
    ColumnSet read = {0};
    expr_columns(arena, expr, &read);
    ASSERT(column_set_within(&read, have));
}

static void add_known(Arena *arena, ColumnSet *have, const ColumnId *columns, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        if (columns[k] >= 0)
            column_set_add(arena, have, columns[k]);
}

static void source_columns(Arena *arena, const Plan *plan, const SpecPipeline *pipeline, int32_t index, ColumnSet *have)
{
    const Spec *spec = plan->spec;
    int32_t at = pipeline->source_index;
    switch ((SourceKind) pipeline->source)
    {
    case SOURCE_SCAN:
        ASSERT(at >= 0 && at < spec->scan_count);
        add_known(arena, have, plan->scan_columns[at].columns, spec->scans[at].column_count);
        break;
    case SOURCE_STORE:
        ASSERT(at >= 0 && at < spec->store_count && at != pipeline->sink);
        for (int32_t k = index; k < spec->pipeline_count; k++)
            ASSERT(spec->pipelines[k].sink != at);
        add_known(arena, have, plan->store_columns[at].columns, spec->stores[at].layout->field_count);
        break;
    case SOURCE_VALUES:
        ASSERT(at >= 0 && at < spec->values_count);
        add_known(arena, have, plan->values_columns[at].columns, spec->values[at].layout->field_count);
        break;
    default:
        break;
    }
}

static void check_op(Arena *arena, const Plan *plan, const PipeOp *op, ColumnSet *have)
{
    ColumnSet both = {0};
    column_set_unite(arena, &both, have);
    if (op->kind == OP_PROBE)
    {
        const SpecStore *store = &plan->spec->stores[op->store];
        ASSERT(store->kind == STORE_HASH);
        ASSERT((store->key_mode == KEY_NONE) == (op->key_count == 0));
        ASSERT(store->key_mode != KEY_EXACT || op->key_count == 1 || plan->store_columns[op->store].packs != NULL);
        for (int32_t k = 0; k < op->key_count; k++)
            check_reads(arena, have, op->keys[k]);
        add_known(arena, &both, plan->store_columns[op->store].columns, store->layout->field_count);
        for (int32_t k = 0; k < op->key_count && store->key_mode == KEY_HASHED; k++)
            check_reads(arena, &both, op->build_keys[k]);
    }
    for (int32_t k = 0; k < op->conjunct_count; k++)
        check_reads(arena, &both, op->conjuncts[k]);
    for (int32_t k = 0; k < op->named_count; k++)
    {
        check_reads(arena, &both, op->named[k].expr);
        column_set_add(arena, have, op->named[k].column);
    }
    if (op->kind == OP_PROBE && (op->join == JOIN_INNER || op->join == JOIN_LEFT))
        column_set_unite(arena, have, &both);
}

static int32_t state_fields(const PipePlan *pipe)
{
    int32_t count = 0;
    for (int32_t k = 0; k < pipe->agg_count; k++)
        count += agg_state_columns(pipe->aggs[k].kind);
    return count;
}

static void check_pipe(Arena *arena, const Plan *plan, int32_t index)
{
    const PipePlan *pipe = &plan->pipes[index];
    const SpecPipeline *pipeline = &plan->spec->pipelines[index];
    ASSERT(pipe->spec == pipeline);
    ASSERT(pipeline->sink >= 0 && pipeline->sink < plan->spec->store_count);
    const SpecStore *sink = &plan->spec->stores[pipeline->sink];
    if (pipeline->function < 0)
        return;
    ColumnSet have = {0};
    source_columns(arena, plan, pipeline, index, &have);
    for (int32_t k = 0; k < pipe->op_count; k++)
        check_op(arena, plan, &pipe->ops[k], &have);
    ASSERT(pipe->field_count + state_fields(pipe) + sink->window_count == sink->layout->field_count);
    for (int32_t k = 0; k < pipe->field_count; k++)
    {
        ASSERT(pipe->fields[k].field == k);
        check_reads(arena, &have, pipe->fields[k].expr);
    }
    for (int32_t k = 0; k < pipe->hash_count; k++)
        check_reads(arena, &have, pipe->hash[k]);
    for (int32_t k = 0; k < pipe->agg_count; k++)
        if (pipe->aggs[k].arg != NULL)
            check_reads(arena, &have, pipe->aggs[k].arg);
    ASSERT(sink->kind != STORE_AGG || sink->key_count == pipe->field_count);
    ASSERT(sink->kind != STORE_HASH || (sink->key_mode == KEY_NONE) == (pipe->hash_count == 0));
}

void plan_verify(const Plan *plan)
{
    const Spec *spec = plan->spec;
    ASSERT(plan->root != NULL && spec->pipeline_count > 0);
    Arena *arena = arena_new("plan verify");
    for (int32_t k = 0; k < spec->pipeline_count; k++)
        check_pipe(arena, plan, k);
    for (int32_t k = 0; k < spec->store_count; k++)
        for (int32_t f = 0; f < spec->stores[k].layout->field_count; f++)
            ASSERT(plan->store_columns[k].columns[f] < plan->statement->column_count);
    const SpecStore *last = &spec->stores[spec->pipelines[spec->pipeline_count - 1].sink];
    ASSERT(last->kind == STORE_RETURN || last->kind == STORE_APPEND);
    ASSERT(last->kind != STORE_RETURN || last->layout->field_count >= plan->result_count);
    arena_free(arena);
}
