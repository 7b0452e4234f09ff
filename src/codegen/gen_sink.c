/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a pipeline's rows go.
 *
 *     struct store4 *out = (struct store4 *) rt->rows_reserve(worker, sink, m1), *at = out;
 *     for (j...)
 *     {
 *         at->key = (uint64_t) x3;             // HASH only
 *         at->f0 = (int32_t) x3;
 *         at++;
 *     }
 *     rt->rows_commit(worker, sink, (int32_t) (at - out));
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

static void store_string(Gen *gen, const char *target, Val value)
{
    if (value.null == NULL)
    {
        emit_line(&gen->emit, "rt->keep_str(worker, sink, &%s, &%s);", value.code, target);
        return;
    }
    emit_line(&gen->emit, "%s.data = 0;", target);
    emit_line(&gen->emit, "%s.len = 0;", target);
    emit_line(&gen->emit, "if (!(%s))", value.null);
    emit_line(&gen->emit, "    rt->keep_str(worker, sink, &%s, &%s);", value.code, target);
}

/* Writes the pipe's fields into the row `at`; keep: strings are copied into the store. */
void gen_fields(Gen *gen, const char *at, bool keep)
{
    const RowLayout *layout = gen->plan->spec->stores[gen->pipe->spec->sink].layout;
    for (int32_t k = 0; k < gen->pipe->field_count; k++)
    {
        const PipeField *pipe_field = &gen->pipe->fields[k];
        const RowField *field = &layout->fields[pipe_field->field];
        const char *target = gen_text(gen, "%sf%d", at, pipe_field->field);
        Val value = gen_value(gen, pipe_field->expr);
        if (field->rep == REP_STR && keep)
            store_string(gen, target, value);
        else
            gen_assign(gen, (Rep) field->rep, target, value);
        if (field->null_offset >= 0)
            emit_line(&gen->emit, "%s_null = %s;", target, value.null == NULL ? "0" : gen_text(gen, "(%s) != 0", value.null));
        else if (value.null != NULL)
        { /* the planner says never null: a NOT NULL column, checked where rows are stored */
            emit_line(&gen->emit, "if (%s)", value.null);
            emit_line(&gen->emit, "    rt->raise(worker, RT_FAULT_NOT_NULL, %d);", pipe_field->field);
        }
    }
}

void gen_need_fields(Gen *gen)
{
    for (int32_t k = 0; k < gen->pipe->field_count; k++)
        gen_need(gen, gen->pipe->fields[k].expr);
    for (int32_t k = 0; k < gen->pipe->hash_count; k++)
        gen_need(gen, gen->pipe->hash[k]);
}

static void gen_send(Gen *gen)
{
    int32_t sink = gen->pipe->spec->sink;
    gen_loop_open(gen);
    const char *null;
    const char *hash = gen->pipe->hash_count == 0
                           ? "hash_u64(turn++)"
                           : gen_key(gen, KEY_HASHED, NULL, gen->pipe->hash, gen->pipe->hash_count, &null);
    emit_line(&gen->emit, "struct store%d *at = (struct store%d *) rt->send_row(worker, sink, %s);", sink, sink, hash);
    gen_fields(gen, "at->", true);
    gen_loop_close(gen);
}

static void gen_rows(Gen *gen)
{
    int32_t sink = gen->pipe->spec->sink;
    const SpecStore *store = &gen->plan->spec->stores[sink];
    emit_line(&gen->emit, "struct store%d *out = (struct store%d *) rt->rows_reserve(worker, sink, m%d), *at = out;", sink,
              sink, gen->stage);
    gen_loop_open(gen);
    if (store->kind == STORE_HASH)
    {
        const char *null;
        const char *key = gen_key(gen, (KeyMode) store->key_mode, gen->plan->store_columns[sink].packs, gen->pipe->hash,
                                  gen->pipe->hash_count, &null);
        if (null != NULL)
        {
            emit_line(&gen->emit, "if (%s)", null);
            emit_line(&gen->emit, "    continue;");
        }
        emit_line(&gen->emit, "at->key = %s;", key);
    }
    gen_fields(gen, "at->", true);
    emit_line(&gen->emit, "at++;");
    gen_loop_close(gen);
    emit_line(&gen->emit, "rt->rows_commit(worker, sink, (int32_t) (at - out));");
    if (store->kind == STORE_RETURN || store->kind == STORE_BUFFER)
    {
        emit_line(&gen->emit, "if (rt->sink_full(worker, sink))");
        emit_line(&gen->emit, "    return;");
    }
}

void gen_sink(Gen *gen)
{
    const SpecStore *store = &gen->plan->spec->stores[gen->pipe->spec->sink];
    if (store->kind == STORE_AGG)
    {
        gen_aggregate(gen);
        return;
    }
    gen_need_fields(gen);
    if (store->kind == STORE_EXCHANGE && store->exchange == EXCHANGE_HASH)
        gen_send(gen);
    else
        gen_rows(gen);
}
