/* SPDX-License-Identifier: Apache-2.0 */
#include "src/load/plan.h"

#include "base/core/assert.h"

#define UNITS_A_WORKER 4

static int64_t unit_bytes(const LoadFormat *format, const LoadFiles *files, int32_t workers)
{
    if (format->compression != LOAD_PLAIN)
        return INT64_MAX;
    int64_t bytes = files->size_bytes / ((int64_t) workers * UNITS_A_WORKER) + 1;
    return bytes > LOAD_UNIT_BYTES ? LOAD_UNIT_BYTES : bytes < LOAD_UNIT_BYTES_MIN ? LOAD_UNIT_BYTES_MIN : bytes;
}

LoadPlan *load_plan_make(Arena *arena, const LoadFormat *format, const LoadColumn *columns, int32_t column_count,
                         const LoadFiles *files, int32_t workers)
{
    ASSERT(workers >= 1 && column_count >= 1);
    LoadPlan *plan = ARENA_NEW(arena, LoadPlan);
    plan->format = (LoadFormat *) format;
    plan->columns = (LoadColumn *) columns;
    plan->column_count = column_count;
    plan->files = files->files;
    plan->file_count = files->count;
    int64_t step = unit_bytes(format, files, workers);
    int64_t count = 0;
    for (int32_t f = 0; f < files->count; f++)
        count += files->files[f].size_bytes / step + 1;
    ASSERT(count < INT32_MAX);
    plan->units = ARENA_ARRAY(arena, LoadPart, count);
    for (int32_t f = 0; f < files->count; f++)
    {
        int64_t size = files->files[f].size_bytes;
        /* an even cut: no small rest at the end */
        int64_t parts = step == INT64_MAX || size == 0 ? 1 : (size + step - 1) / step;
        for (int64_t i = 0; i < parts; i++)
            plan->units[plan->unit_count++] = (LoadPart){f, size / parts * i, i + 1 == parts ? size : size / parts * (i + 1)};
    }
    ASSERT(plan->unit_count <= count);
    return plan;
}

void load_plan_write(ByteWriter *writer, const LoadPlan *plan)
{
    load_format_write(writer, plan->format);
    put_i32(writer, plan->column_count);
    for (int32_t i = 0; i < plan->column_count; i++)
    {
        const LoadColumn *column = &plan->columns[i];
        put_str(writer, column->name);
        put_u8(writer, column->type.id);
        put_u8(writer, column->type.precision);
        put_u8(writer, column->type.scale);
        put_i32(writer, column->type.length);
        put_u8(writer, column->not_null);
        put_i32(writer, column->position);
        value_write(writer, column->type, &column->fallback);
    }
    put_i32(writer, plan->file_count);
    for (int32_t i = 0; i < plan->file_count; i++)
    {
        put_str(writer, plan->files[i].path);
        put_i64(writer, plan->files[i].size_bytes);
    }
    put_i32(writer, plan->unit_count);
    for (int32_t i = 0; i < plan->unit_count; i++)
    {
        put_i32(writer, plan->units[i].file);
        put_i64(writer, plan->units[i].from);
        put_i64(writer, plan->units[i].to);
    }
}

Error *load_plan_read(ByteReader *reader, Arena *arena, LoadPlan **out)
{
    LoadPlan *plan = ARENA_NEW(arena, LoadPlan);
    plan->format = load_format_read(reader, arena);
    plan->column_count = get_count(reader);
    plan->columns = ARENA_ARRAY(arena, LoadColumn, plan->column_count);
    for (int32_t i = 0; i < plan->column_count && !reader->broken; i++)
    {
        LoadColumn *column = &plan->columns[i];
        column->name = get_str(reader, arena);
        column->type.id = get_u8(reader);
        column->type.precision = get_u8(reader);
        column->type.scale = get_u8(reader);
        column->type.length = get_i32(reader);
        column->not_null = get_u8(reader) != 0;
        column->position = get_i32(reader);
        if (column->name == NULL || column->type.id >= TYPE_COUNT)
            reader->broken = true;
        else
            column->fallback = value_read(reader, arena, column->type);
    }
    plan->file_count = get_count(reader);
    plan->files = ARENA_ARRAY(arena, LoadFile, plan->file_count);
    for (int32_t i = 0; i < plan->file_count; i++)
    {
        plan->files[i].path = get_str(reader, arena);
        plan->files[i].size_bytes = get_i64(reader);
        reader->broken = reader->broken || plan->files[i].path == NULL;
    }
    plan->unit_count = get_count(reader);
    plan->units = ARENA_ARRAY(arena, LoadPart, plan->unit_count);
    for (int32_t i = 0; i < plan->unit_count; i++)
    {
        LoadPart *unit = &plan->units[i];
        unit->file = get_i32(reader);
        unit->from = get_i64(reader);
        unit->to = get_i64(reader);
        if (unit->file < 0 || unit->file >= plan->file_count || unit->from < 0 || unit->to < unit->from)
            reader->broken = true;
    }
    *out = plan;
    return reader->broken ? error_new(SQLSTATE_INTERNAL_ERROR, "a load plan cannot be read") : NULL;
}
