/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/report.h"

#include "mpi/agree.h"
#include "src/load/parse.h"
#include "src/run/run.h"

#include <stdlib.h>

struct ReportSum
{
    Arena *arena;
    const Spec *spec;
    RunResult *result;
    LoadRejects *rejects; /* NULL: no load */
    int32_t segment_capacity;
    int32_t counter_capacity;
};

/* ---- writing ---- */

static void column_write(ByteWriter *writer, SqlType type, const SegmentColumnReport *column)
{
    put_u8(writer, column->has_range);
    put_u8(writer, column->range_truncated);
    if (column->has_range)
    {
        value_write(writer, type, &column->min);
        value_write(writer, type, &column->max);
    }
    put_i64(writer, column->nulls);
    put_i64(writer, column->bytes);
    put_f64(writer, column->width_avg);
    put_u8(writer, (uint8_t) column->rep);
    put_run(writer, column->distinct.registers, sizeof column->distinct.registers);
}

static void segment_write(ByteWriter *writer, const Spec *spec, const TaskSegment *segment)
{
    put_i32(writer, segment->table);
    put_i32(writer, segment->slice);
    put_str(writer, segment->file);
    put_i64(writer, segment->report.rows);
    put_i64(writer, segment->report.bytes);
    put_run(writer, segment->report.digest, SEGMENT_DIGEST_SIZE);
    put_run(writer, segment->image, segment->image == NULL ? 0 : (size_t) segment->report.bytes);
    put_i32(writer, segment->report.column_count);
    for (int32_t c = 0; c < segment->report.column_count; c++)
        column_write(writer, spec->tables[segment->table].column_types[c], &segment->report.columns[c]);
}

static void counter_write(ByteWriter *writer, int32_t pipeline, const TaskCounter *counter)
{
    put_i32(writer, pipeline);
    put_i32(writer, counter->threads);
    put_i64(writer, counter->rows_in);
    put_i64(writer, counter->rows_out);
    put_i64(writer, counter->bytes);
    put_i64(writer, counter->buffers);
    put_i64(writer, counter->blocks);
    put_i64(writer, counter->blocks_skipped);
    put_i64(writer, counter->start_us);
    put_i64(writer, counter->wall_us);
    put_i64(writer, counter->work_us);
}

void report_write(ByteWriter *writer, const Task *task, const Error *error)
{
    error_write(writer, error);
    put_i32(writer, task->roles & TASK_LEADER ? LEADER_INDEX : task->node);
    put_i64(writer, task->returned);
    put_i64(writer, task_numbers_end(task));
    int64_t rows, bytes;
    task_load_counts(task, &rows, &bytes);
    put_i64(writer, rows);
    put_i64(writer, bytes);
    put_u8(writer, task->rejects != NULL);
    if (task->rejects != NULL)
        load_rejects_write(writer, task->rejects);
    put_i32(writer, task->segment_count);
    for (int32_t i = 0; i < task->segment_count; i++)
        segment_write(writer, task->spec, &task->segments[i]);
    for (int32_t i = 0; i < task->spec->pipeline_count; i++)
        if (task->counters[i].threads > 0)
            counter_write(writer, i, &task->counters[i]);
    put_i32(writer, -1);
}

void report_write_error(ByteWriter *writer, const Error *error, int32_t node)
{
    error_write(writer, error);
    put_i32(writer, node);
    put_i64(writer, 0);
    put_i64(writer, 0);
    put_i64(writer, 0);
    put_i64(writer, 0);
    put_u8(writer, false);
    put_i32(writer, 0);
    put_i32(writer, -1);
}

/* ---- adding up ---- */

Error *report_begin(Arena *arena, const Spec *spec, RunResult *result, ReportSum **out)
{
    *result = (RunResult){0};
    ReportSum *sum = ARENA_NEW(arena, ReportSum);
    sum->arena = arena;
    sum->spec = spec;
    sum->result = result;
    *out = sum;
    if (spec->load == NULL)
        return NULL;
    ByteReader reader;
    reader_init(&reader, spec->load->plan, spec->load->plan_bytes);
    LoadPlan *plan;
    TRY(load_plan_read(&reader, arena, &plan));
    sum->rejects = load_rejects_new(plan->format->max_error);
    return NULL;
}

static void *grown(Arena *arena, void *items, int32_t count, int32_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    void *more = arena_zalloc(arena, (size_t) *capacity * size);
    if (count > 0)
        memcpy(more, items, (size_t) count * size);
    return more;
}

static void column_read(ByteReader *reader, Arena *arena, SqlType type, RunColumn *column)
{
    column->has_range = get_u8(reader);
    column->range_truncated = get_u8(reader);
    if (column->has_range)
    {
        column->min = value_read(reader, arena, type);
        column->max = value_read(reader, arena, type);
    }
    column->nulls = get_i64(reader);
    column->bytes = get_i64(reader);
    column->width_avg = get_f64(reader);
    column->rep = get_u8(reader);
    size_t length;
    const void *registers = get_run(reader, &length);
    if (length == sizeof column->distinct.registers)
        memcpy(column->distinct.registers, registers, length);
    else
        reader->broken = true;
}

static void segment_read(ByteReader *reader, ReportSum *sum)
{
    RunResult *result = sum->result;
    result->segments =
        grown(sum->arena, result->segments, result->segment_count, &sum->segment_capacity, sizeof(RunSegment));
    RunSegment *segment = &result->segments[result->segment_count];
    *segment = (RunSegment){.table = get_i32(reader), .slice = get_i32(reader)};
    segment->file = get_str(reader, sum->arena);
    segment->rows = get_i64(reader);
    segment->bytes = get_i64(reader);
    size_t length;
    const void *digest = get_run(reader, &length);
    if (length == sizeof segment->digest)
        memcpy(segment->digest, digest, length);
    else
        reader->broken = true;
    const void *image = get_run(reader, &length);
    if (length > 0 && !reader->broken)
        segment->image = arena_memdup(sum->arena, image, length);
    reader->broken |= length > 0 && length != (size_t) segment->bytes;
    int32_t count = get_i32(reader);
    if (segment->table < 0 || segment->table >= sum->spec->table_count || segment->file == NULL ||
        count != sum->spec->tables[segment->table].column_count)
        reader->broken = true;
    if (reader->broken)
        return;
    segment->column_count = count;
    segment->columns = ARENA_ARRAY(sum->arena, RunColumn, count);
    for (int32_t c = 0; c < count; c++)
        column_read(reader, sum->arena, sum->spec->tables[segment->table].column_types[c], &segment->columns[c]);
    result->segment_count++;
    result->rows_appended += segment->rows;
}

static void counter_read(ByteReader *reader, ReportSum *sum, int32_t node, int32_t pipeline)
{
    RunResult *result = sum->result;
    result->counters =
        grown(sum->arena, result->counters, result->counter_count, &sum->counter_capacity, sizeof(RunCounter));
    RunCounter *counter = &result->counters[result->counter_count++];
    counter->node = node;
    counter->pipeline = pipeline;
    counter->threads = get_i32(reader);
    counter->rows_in = get_i64(reader);
    counter->rows_out = get_i64(reader);
    counter->bytes = get_i64(reader);
    counter->buffers = get_i64(reader);
    counter->blocks = get_i64(reader);
    counter->blocks_skipped = get_i64(reader);
    counter->start_us = get_i64(reader);
    counter->wall_us = get_i64(reader);
    counter->work_us = get_i64(reader);
}

Error *report_add(ReportSum *sum, const void *bytes, size_t length, Error **error)
{
    RunResult *result = sum->result;
    ByteReader reader;
    reader_init(&reader, bytes, length);
    TRY(error_read(&reader, error));
    int32_t node = get_i32(&reader);
    result->rows_returned += get_i64(&reader);
    int64_t numbers_end = get_i64(&reader);
    if (numbers_end > result->numbers_end)
        result->numbers_end = numbers_end;
    result->load_rows += get_i64(&reader);
    result->load_bytes += get_i64(&reader);
    if (get_u8(&reader))
    {
        if (sum->rejects == NULL)
            sum->rejects = load_rejects_new(INT64_MAX);
        TRY(load_rejects_read(&reader, sum->rejects));
    }
    int32_t segments = get_i32(&reader);
    for (int32_t i = 0; i < segments && !reader.broken; i++)
        segment_read(&reader, sum);
    for (int32_t pipeline; !reader.broken && (pipeline = get_i32(&reader)) >= 0;)
        counter_read(&reader, sum, node, pipeline);
    return reader_done(&reader, "report of a rank");
}

static void rejects_move(ReportSum *sum)
{
    RunResult *result = sum->result;
    const LoadRejects *from = sum->rejects;
    result->load_rejected = from->count;
    result->reject_count = (int32_t) from->kept;
    result->rejects = ARENA_ARRAY(sum->arena, RunReject, from->kept);
    for (int64_t i = 0; i < from->kept; i++)
    {
        const LoadReject *reject = &from->rejects[i];
        result->rejects[i] = (RunReject){.file = arena_strdup(sum->arena, reject->file),
                                         .line = reject->line,
                                         .start_byte = reject->start_byte,
                                         .field = reject->field,
                                         .column = arena_strdup(sum->arena, reject->column),
                                         .type = reject->type,
                                         .position = reject->position,
                                         .raw_line = arena_strdup(sum->arena, reject->raw_line),
                                         .raw_field = arena_strdup(sum->arena, reject->raw_field),
                                         .code = reject->code,
                                         .reason = arena_strdup(sum->arena, reject->reason)};
    }
}

static int segment_order(const void *a, const void *b)
{
    const RunSegment *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->slice != y->slice)
        return x->slice < y->slice ? -1 : 1;
    return strcmp(x->file, y->file);
}

static int counter_order(const void *a, const void *b)
{
    const RunCounter *x = a, *y = b;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return (x->pipeline > y->pipeline) - (x->pipeline < y->pipeline);
}

Error *report_end(ReportSum *sum)
{
    RunResult *result = sum->result;
    if (result->segment_count > 1)
        qsort(result->segments, (size_t) result->segment_count, sizeof(RunSegment), segment_order);
    if (result->counter_count > 1)
        qsort(result->counters, (size_t) result->counter_count, sizeof(RunCounter), counter_order);
    if (sum->rejects == NULL)
        return NULL;
    rejects_move(sum);
    Error *error = load_rejects_error(sum->rejects);
    load_rejects_free(sum->rejects);
    sum->rejects = NULL;
    return error;
}
