/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pipeline function: the loop over the source's batches, the operators in
 * order, the sink.  Each probe that makes pairs opens a loop of its own; they
 * are all closed at the end.
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

#include <string.h>

void gen_need(Gen *gen, const Expr *expr)
{
    if (expr->kind == EXPR_COLUMN)
    {
        const Place *place = &gen->places[expr->column];
        if (place->kind == PLACE_EXPR)
            gen_need(gen, place->expr);
        if (place->kind != PLACE_SCAN || gen->fetched[place->index])
            return;
        const SpecColumn *column = &gen->plan->spec->scans[gen->pipe->spec->source_index].columns[place->index];
        gen->fetched[place->index] = true;
        emit_line(&gen->emit, "const %s *c%d = rt->scan_column(scan, %d);", rep_c_type((Rep) column->rep), place->index,
                  place->index);
        if (column->nullable)
            emit_line(&gen->emit, "const uint8_t *n%d = rt->scan_nulls(scan, %d);", place->index, place->index);
        return;
    }
    for (int32_t k = 0; k < expr->arg_count; k++)
        gen_need(gen, expr->args[k]);
}

static const char *source_struct(const Gen *gen)
{
    return gen->pipe->spec->source == SOURCE_VALUES ? "values" : "store";
}

void gen_cursors(Gen *gen)
{
    if (gen->have_index)
        emit_line(&gen->emit, "int32_t i = i%d[j];", gen->stage);
    else
        emit_line(&gen->emit, "int32_t i = j;");
    if (gen->pipe->spec->source == SOURCE_STORE || gen->pipe->spec->source == SOURCE_VALUES)
        emit_line(&gen->emit, "const struct %s%d *row = rows + i;", source_struct(gen), gen->pipe->spec->source_index);
    for (int32_t c = 0; c < gen->cursor_count; c++)
        emit_line(&gen->emit, "const struct store%d *r%d = r%d_%d[j];", gen->cursors[c], gen->cursors[c], gen->cursors[c],
                  gen->stage);
}

void gen_loop_open(Gen *gen)
{
    gen_forget(gen);
    emit_open(&gen->emit, "for (int32_t j = 0; j < m%d; j++)", gen->stage);
    gen_cursors(gen);
}

void gen_loop_close(Gen *gen)
{
    emit_close(&gen->emit, "");
    gen_forget(gen);
}

void gen_compact(Gen *gen, const char *condition)
{
    int32_t s = gen->stage;
    const char *k = gen_text(gen, "k%d_%d", s, gen->filter_count);
    emit_line(&gen->emit, "i%d[%s] = (uint16_t) i;", s, k);
    for (int32_t c = 0; c < gen->cursor_count; c++)
        emit_line(&gen->emit, "r%d_%d[%s] = r%d_%d[j];", gen->cursors[c], s, k, gen->cursors[c], s);
    emit_line(&gen->emit, "%s += (%s) != 0;", k, condition);
}

void gen_compacted(Gen *gen)
{
    int32_t s = gen->stage;
    emit_line(&gen->emit, "m%d = k%d_%d;", s, s, gen->filter_count);
    emit_line(&gen->emit, "if (m%d == 0)", s);
    emit_line(&gen->emit, "    continue;");
    gen->have_index = true;
    gen->filter_count++;
}

static void place_source(Gen *gen)
{
    const Plan *plan = gen->plan;
    const SpecPipeline *pipeline = gen->pipe->spec;
    memset(gen->places, 0, sizeof(Place) * (size_t) plan->statement->column_count);
    if (pipeline->source == SOURCE_SCAN)
    {
        const SpecScan *scan = &plan->spec->scans[pipeline->source_index];
        const ColumnId *columns = plan->scan_columns[pipeline->source_index].columns;
        for (int32_t k = 0; k < scan->column_count; k++)
            if (columns[k] >= 0)
                gen->places[columns[k]] = (Place){.kind = PLACE_SCAN, .index = k};
        gen->fetched = ARENA_ARRAY(gen->arena, bool, scan->column_count + 1);
        return;
    }
    const ColumnId *columns = NULL;
    int32_t count = 0;
    if (pipeline->source == SOURCE_STORE)
    {
        columns = plan->store_columns[pipeline->source_index].columns;
        count = plan->spec->stores[pipeline->source_index].layout->field_count;
    }
    else if (pipeline->source == SOURCE_VALUES)
    {
        columns = plan->values_columns[pipeline->source_index].columns;
        count = plan->spec->values[pipeline->source_index].layout->field_count;
    }
    for (int32_t k = 0; k < count; k++)
        if (columns[k] >= 0)
            gen->places[columns[k]] = (Place){.kind = PLACE_SOURCE, .index = k};
}

/* The loop over batches, left open; m0 rows stand in the batch. */
static void open_source(Gen *gen)
{
    const SpecPipeline *pipeline = gen->pipe->spec;
    emit_line(&gen->emit, "int32_t n;");
    if (pipeline->source == SOURCE_SCAN)
        emit_open(&gen->emit, "while ((n = rt->scan_next(scan)) > 0)");
    else if (pipeline->source == SOURCE_ONE)
    {
        emit_line(&gen->emit, "const char *rows;");
        emit_open(&gen->emit, "while ((n = rt->rows_next(scan, &rows)) > 0)");
    }
    else
    {
        emit_line(&gen->emit, "const struct %s%d *rows;", source_struct(gen), pipeline->source_index);
        emit_open(&gen->emit, "while ((n = rt->rows_next(scan, (const char **) &rows)) > 0)");
    }
    emit_line(&gen->emit, "uint16_t i0[RT_BATCH];");
    emit_line(&gen->emit, "int32_t m0 = n;");
}

static void gen_op(Gen *gen, const PipeOp *op)
{
    switch (op->kind)
    {
    case OP_FILTER:
        if (op->must_hold)
            gen_must_hold(gen, op->conjuncts, op->conjunct_count);
        else
            gen_filter(gen, op->conjuncts, op->conjunct_count);
        break;
    case OP_COMPUTE:
        for (int32_t k = 0; k < op->named_count; k++)
            gen->places[op->named[k].column] = (Place){.kind = PLACE_EXPR, .expr = op->named[k].expr};
        break;
    case OP_PROBE:
        gen_probe(gen, op);
        break;
    }
}

void gen_pipeline(Gen *gen, int32_t index)
{
    const SpecPipeline *pipeline = gen->pipe->spec;
    gen->temp_count = 0;
    gen->stage = 0;
    gen->have_index = false;
    gen->cursor_count = 0;
    gen->probe_count = 0;
    gen->filter_count = 0;
    gen_forget(gen);
    place_source(gen);

    emit_line(&gen->emit, "static void pipeline%d(const Rt *rt, RtWorker *worker, RtScan *scan)", index);
    emit_open(&gen->emit, NULL);
    emit_line(&gen->emit, "const RtParam *p = rt->params(worker);");
    emit_line(&gen->emit, "RtStore *sink = rt->store(worker, %d);", pipeline->sink);
    for (int32_t k = 0; k < gen->pipe->op_count; k++)
        if (gen->pipe->ops[k].kind == OP_PROBE)
            emit_line(&gen->emit, "RtStore *s%d = rt->store(worker, %d);", gen->pipe->ops[k].store, gen->pipe->ops[k].store);
    const SpecStore *sink = &gen->plan->spec->stores[pipeline->sink];
    if (sink->kind == STORE_EXCHANGE && sink->exchange == EXCHANGE_HASH && gen->pipe->hash_count == 0)
        emit_line(&gen->emit, "uint64_t turn = 0;"); /* rows go round the slices */
    open_source(gen);
    for (int32_t k = 0; k < gen->pipe->op_count; k++)
        gen_op(gen, &gen->pipe->ops[k]);
    gen_sink(gen);
    while (gen->stage-- > 0)
        emit_close(&gen->emit, "");
    emit_close(&gen->emit, "");
    emit_close(&gen->emit, "");
    emit_blank(&gen->emit);
}
