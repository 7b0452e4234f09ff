/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unit: the row structs of the plan's stores, one function a pipeline (with
 * the string predicates it uses before it), and the table that the runtime
 * looks up.  Same plan, same text, byte for byte; nothing of the statement's
 * own text stands in it.
 */
#include "base/core/assert.h"
#include "src/codegen/codegen.h"
#include "src/codegen/gen.h"

#include <string.h>

static void write_field(Gen *gen, const RowLayout *layout, int32_t field, int32_t *at)
{
    const RowField *f = &layout->fields[field];
    if (f->offset > *at)
        emit_line(&gen->emit, "uint8_t gap%d[%d];", *at, f->offset - *at);
    emit_line(&gen->emit, "%s f%d;", rep_c_type((Rep) f->rep), field);
    *at = f->offset + rep_size((Rep) f->rep);
}

/* The struct of a layout's row: members at the layout's offsets, sizeof = stride. */
static void write_struct(Gen *gen, const char *kind, int32_t index, const RowLayout *layout, bool header)
{
    emit_open(&gen->emit, "struct %s%d", kind, index);
    int32_t at = 0, null_at = 0;
    if (header)
    {
        emit_line(&gen->emit, "uint64_t key;");
        emit_line(&gen->emit, "void *next;");
        at = ROW_HEADER_SIZE;
    }
    bool *written = ARENA_ARRAY(gen->arena, bool, layout->field_count + 1);
    for (int32_t round = 0; round < layout->field_count; round++)
    { /* fields in order of their offsets */
        int32_t next = -1;
        for (int32_t k = 0; k < layout->field_count; k++)
            if (!written[k] && (next < 0 || layout->fields[k].offset < layout->fields[next].offset))
                next = k;
        written[next] = true;
        write_field(gen, layout, next, &at);
    }
    for (null_at = at; null_at < layout->stride; null_at++)
    {
        int32_t owner = -1;
        for (int32_t k = 0; k < layout->field_count; k++)
            if (layout->fields[k].null_offset == null_at)
                owner = k;
        if (owner >= 0)
            emit_line(&gen->emit, "uint8_t f%d_null;", owner);
        else
            emit_line(&gen->emit, "uint8_t pad%d;", null_at);
    }
    emit_close(&gen->emit, ";");
    emit_blank(&gen->emit);
}

static void write_structs(Gen *gen)
{
    const Spec *spec = gen->plan->spec;
    for (int32_t s = 0; s < spec->store_count; s++)
    {
        bool header = spec->stores[s].kind == STORE_HASH || spec->stores[s].kind == STORE_AGG;
        write_struct(gen, "store", s, spec->stores[s].layout, header);
    }
    for (int32_t v = 0; v < spec->values_count; v++)
        write_struct(gen, "values", v, spec->values[v].layout, false);
}

static void write_table(Gen *gen, int32_t count)
{
    emit_line(&gen->emit, "static RtPipeline *const pipelines[] = {");
    for (int32_t k = 0; k < count; k++)
        emit_line(&gen->emit, "    pipeline%d,", k);
    emit_line(&gen->emit, "};");
    emit_line(&gen->emit, "const RtModule stoa_module = {RT_ABI, %d, pipelines};", count);
}

Error *codegen_make(Arena *arena, Plan *plan, CodeUnit **unit)
{
    CodeUnit *code = ARENA_NEW(arena, CodeUnit);
    Text functions, pipelines;
    text_init(&code->text, arena);
    text_init(&functions, arena);
    text_init(&pipelines, arena);
    Gen gen = {.arena = arena, .plan = plan, .functions = &functions};
    gen.places = ARENA_ARRAY(arena, Place, plan->statement->column_count + 1);
    emit_init(&gen.emit, arena, &code->text);
    write_structs(&gen);

    int32_t count = 0;
    for (int32_t k = 0; k < plan->spec->pipeline_count && gen.error == NULL; k++)
    {
        SpecPipeline *pipeline = &plan->spec->pipelines[k];
        if (pipeline->function < 0)
            continue;
        pipeline->function = count++;
        gen.pipe = &plan->pipes[k];
        ASSERT(gen.pipe->spec == pipeline);
        text_clear(&functions);
        text_clear(&pipelines);
        gen.emit.out = &pipelines;
        gen_pipeline(&gen, pipeline->function);
        emit_text(&(Emitter){.out = &code->text}, &functions);
        emit_text(&(Emitter){.out = &code->text}, &pipelines);
    }
    if (gen.error != NULL)
        return gen.error;
    gen.emit.out = &code->text;
    write_table(&gen, count);
    *unit = count > 0 ? code : NULL;
    return NULL;
}
