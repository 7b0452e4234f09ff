/* SPDX-License-Identifier: Apache-2.0 */
/* Specs on the wire, field by field in the order of spec.h, and what must hold of one that is run. */
#include "src/run/spec.h"

#include "base/core/assert.h"
#include "base/data/value.h"

#include <string.h>

#define SPEC_MAGIC 0x53504333u

/* Counts come from another rank of the same build; a wrong one must not become a huge allocation. */
static int32_t get_count(ByteReader *reader)
{
    uint32_t count = get_u32(reader);
    if (count > (uint64_t) (reader->end - reader->at))
    {
        reader->broken = true;
        return 0;
    }
    return (int32_t) count;
}

static void put_type(ByteWriter *writer, SqlType type)
{
    put_u8(writer, type.id);
    put_u8(writer, type.precision);
    put_u8(writer, type.scale);
    put_i32(writer, type.length);
}

static SqlType get_type(ByteReader *reader)
{
    SqlType type = {0};
    type.id = get_u8(reader);
    type.precision = get_u8(reader);
    type.scale = get_u8(reader);
    type.length = get_i32(reader);
    if (type.id >= TYPE_COUNT)
    {
        reader->broken = true;
        type.id = TYPE_INTEGER;
    }
    return type;
}

static void put_datum(ByteWriter *writer, SqlType type, const Datum *value)
{
    put_u8(writer, value->null);
    if (!value->null)
        value_write(writer, type, value);
}

static Datum get_datum(ByteReader *reader, Arena *arena, SqlType type)
{
    if (get_u8(reader))
        return (Datum){.null = true};
    return value_read(reader, arena, type);
}

static void scan_write(ByteWriter *writer, const SpecScan *scan)
{
    put_i64(writer, scan->table_id);
    put_str(writer, scan->table_name);
    put_u8(writer, scan->replicated);
    put_u8(writer, scan->once);
    put_u32(writer, (uint32_t) scan->column_count);
    for (int32_t i = 0; i < scan->column_count; i++)
    {
        put_i32(writer, scan->columns[i].ordinal);
        put_type(writer, scan->columns[i].type);
        put_u8(writer, scan->columns[i].rep);
        put_u8(writer, scan->columns[i].nullable);
    }
    put_u32(writer, (uint32_t) scan->zone_count);
    for (int32_t i = 0; i < scan->zone_count; i++)
    {
        put_i32(writer, scan->zones[i].column);
        put_u8(writer, scan->zones[i].op);
        put_i32(writer, scan->zones[i].param);
    }
    put_u32(writer, (uint32_t) scan->segment_count);
    for (int32_t i = 0; i < scan->segment_count; i++)
    {
        const SpecSegment *segment = &scan->segments[i];
        put_i64(writer, segment->id);
        put_i32(writer, segment->slice);
        put_str(writer, segment->file);
        put_i64(writer, segment->rows);
        put_i64(writer, segment->bytes);
        put_run(writer, segment->digest, sizeof segment->digest);
    }
}

static void get_digest(ByteReader *reader, uint8_t digest[16])
{
    size_t length;
    const void *bytes = get_run(reader, &length);
    if (length == 16)
        memcpy(digest, bytes, 16);
    else
        reader->broken = true;
}

static void scan_read(ByteReader *reader, Arena *arena, SpecScan *scan)
{
    scan->table_id = get_i64(reader);
    scan->table_name = get_str(reader, arena);
    scan->replicated = get_u8(reader);
    scan->once = get_u8(reader);
    scan->column_count = get_count(reader);
    scan->columns = ARENA_ARRAY(arena, SpecColumn, scan->column_count);
    for (int32_t i = 0; i < scan->column_count; i++)
    {
        scan->columns[i].ordinal = get_i32(reader);
        scan->columns[i].type = get_type(reader);
        scan->columns[i].rep = get_u8(reader);
        scan->columns[i].nullable = get_u8(reader);
    }
    scan->zone_count = get_count(reader);
    scan->zones = ARENA_ARRAY(arena, SpecZone, scan->zone_count);
    for (int32_t i = 0; i < scan->zone_count; i++)
    {
        scan->zones[i].column = get_i32(reader);
        scan->zones[i].op = get_u8(reader);
        scan->zones[i].param = get_i32(reader);
    }
    scan->segment_count = get_count(reader);
    scan->segments = ARENA_ARRAY(arena, SpecSegment, scan->segment_count);
    for (int32_t i = 0; i < scan->segment_count; i++)
    {
        SpecSegment *segment = &scan->segments[i];
        segment->id = get_i64(reader);
        segment->slice = get_i32(reader);
        segment->file = get_str(reader, arena);
        segment->rows = get_i64(reader);
        segment->bytes = get_i64(reader);
        get_digest(reader, segment->digest);
    }
}

static void store_write(ByteWriter *writer, const SpecStore *store)
{
    put_u8(writer, store->kind);
    put_u8(writer, store->key_mode);
    put_u8(writer, store->exchange);
    put_u8(writer, store->on_leader);
    put_u8(writer, store->one_row);
    put_u8(writer, store->unique);
    put_u8(writer, store->exists_only);
    row_layout_write(writer, store->layout);
    put_i32(writer, store->key_count);
    put_u32(writer, (uint32_t) store->merge_count);
    for (int32_t i = 0; i < store->merge_count; i++)
    {
        put_i32(writer, store->merges[i].field);
        put_u8(writer, store->merges[i].op);
    }
    put_u32(writer, (uint32_t) store->sort_count);
    for (int32_t i = 0; i < store->sort_count; i++)
    {
        put_i32(writer, store->sort[i].field);
        put_u8(writer, store->sort[i].descending);
        put_u8(writer, store->sort[i].nulls_first);
    }
    put_i64(writer, store->limit);
    put_i64(writer, store->offset);
    put_i32(writer, store->table);
    put_f64(writer, store->rows_estimate);
}

static void store_read(ByteReader *reader, Arena *arena, SpecStore *store)
{
    store->kind = get_u8(reader);
    store->key_mode = get_u8(reader);
    store->exchange = get_u8(reader);
    store->on_leader = get_u8(reader);
    store->one_row = get_u8(reader);
    store->unique = get_u8(reader);
    store->exists_only = get_u8(reader);
    store->layout = row_layout_read(reader, arena);
    store->key_count = get_i32(reader);
    store->merge_count = get_count(reader);
    store->merges = ARENA_ARRAY(arena, SpecMerge, store->merge_count);
    for (int32_t i = 0; i < store->merge_count; i++)
    {
        store->merges[i].field = get_i32(reader);
        store->merges[i].op = get_u8(reader);
    }
    store->sort_count = get_count(reader);
    store->sort = ARENA_ARRAY(arena, SortKey, store->sort_count);
    for (int32_t i = 0; i < store->sort_count; i++)
    {
        store->sort[i].field = get_i32(reader);
        store->sort[i].descending = get_u8(reader);
        store->sort[i].nulls_first = get_u8(reader);
    }
    store->limit = get_i64(reader);
    store->offset = get_i64(reader);
    store->table = get_i32(reader);
    store->rows_estimate = get_f64(reader);
}

static void pipeline_write(ByteWriter *writer, const SpecPipeline *pipeline)
{
    put_u8(writer, pipeline->source);
    put_i32(writer, pipeline->source_index);
    put_i32(writer, pipeline->sink);
    put_i32(writer, pipeline->function);
    put_u8(writer, pipeline->on_leader);
    put_i32(writer, pipeline->stream);
    put_i32(writer, pipeline->segment);
    put_str(writer, pipeline->label);
}

static void pipeline_read(ByteReader *reader, Arena *arena, SpecPipeline *pipeline)
{
    pipeline->source = get_u8(reader);
    pipeline->source_index = get_i32(reader);
    pipeline->sink = get_i32(reader);
    pipeline->function = get_i32(reader);
    pipeline->on_leader = get_u8(reader);
    pipeline->stream = get_i32(reader);
    pipeline->segment = get_i32(reader);
    pipeline->label = get_str(reader, arena);
}

static void table_write(ByteWriter *writer, const SpecTable *table)
{
    put_i64(writer, table->table_id);
    put_str(writer, table->schema_name);
    put_str(writer, table->name);
    put_u32(writer, (uint32_t) table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
    {
        put_str(writer, table->column_names[i]);
        put_type(writer, table->column_types[i]);
        put_u8(writer, table->column_encodings[i]);
        put_u8(writer, table->column_not_null[i]);
    }
    put_i32(writer, table->dist_style);
    put_i32(writer, table->dist_column);
    put_u32(writer, (uint32_t) table->sort_count);
    for (int32_t i = 0; i < table->sort_count; i++)
        put_i32(writer, table->sort_columns[i]);
    put_i64(writer, table->file_stamp);
}

static void table_read(ByteReader *reader, Arena *arena, SpecTable *table)
{
    table->table_id = get_i64(reader);
    table->schema_name = get_str(reader, arena);
    table->name = get_str(reader, arena);
    table->column_count = get_count(reader);
    table->column_names = ARENA_ARRAY(arena, char *, table->column_count);
    table->column_types = ARENA_ARRAY(arena, SqlType, table->column_count);
    table->column_encodings = ARENA_ARRAY(arena, uint8_t, table->column_count);
    table->column_not_null = ARENA_ARRAY(arena, bool, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
    {
        table->column_names[i] = get_str(reader, arena);
        table->column_types[i] = get_type(reader);
        table->column_encodings[i] = get_u8(reader);
        table->column_not_null[i] = get_u8(reader);
    }
    table->dist_style = get_i32(reader);
    table->dist_column = get_i32(reader);
    table->sort_count = get_count(reader);
    table->sort_columns = ARENA_ARRAY(arena, int32_t, table->sort_count);
    for (int32_t i = 0; i < table->sort_count; i++)
        table->sort_columns[i] = get_i32(reader);
    table->file_stamp = get_i64(reader);
}

static void param_write(ByteWriter *writer, const SpecParam *param)
{
    put_type(writer, param->type);
    put_datum(writer, param->type, &param->value);
    put_u8(writer, param->aid);
    put_u8(writer, (uint8_t) param->like_escape);
    put_u8(writer, param->insensitive);
    put_u32(writer, (uint32_t) param->set_count);
    for (int32_t i = 0; i < param->set_count; i++)
        put_datum(writer, param->type, &param->set[i]);
}

static void param_read(ByteReader *reader, Arena *arena, SpecParam *param)
{
    param->type = get_type(reader);
    param->value = get_datum(reader, arena, param->type);
    param->aid = get_u8(reader);
    param->like_escape = (char) get_u8(reader);
    param->insensitive = get_u8(reader);
    param->set_count = get_count(reader);
    param->set = ARENA_ARRAY(arena, Datum, param->set_count);
    for (int32_t i = 0; i < param->set_count; i++)
        param->set[i] = get_datum(reader, arena, param->type);
}

void spec_write(ByteWriter *writer, const Spec *spec)
{
    put_u32(writer, SPEC_MAGIC);
    put_u64(writer, spec->query);
    put_i32(writer, spec->slice_count);
    put_i64(writer, spec->data_version);
    put_run(writer, spec->module, sizeof spec->module);
    put_i32(writer, spec->module_tier);
    put_run(writer, spec->module_digest, sizeof spec->module_digest);
    put_u32(writer, (uint32_t) spec->scan_count);
    for (int32_t i = 0; i < spec->scan_count; i++)
        scan_write(writer, &spec->scans[i]);
    put_u32(writer, (uint32_t) spec->store_count);
    for (int32_t i = 0; i < spec->store_count; i++)
        store_write(writer, &spec->stores[i]);
    put_u32(writer, (uint32_t) spec->pipeline_count);
    for (int32_t i = 0; i < spec->pipeline_count; i++)
        pipeline_write(writer, &spec->pipelines[i]);
    put_u32(writer, (uint32_t) spec->table_count);
    for (int32_t i = 0; i < spec->table_count; i++)
        table_write(writer, &spec->tables[i]);
    put_u32(writer, (uint32_t) spec->values_count);
    for (int32_t i = 0; i < spec->values_count; i++)
    {
        row_layout_write(writer, spec->values[i].layout);
        put_run(writer, spec->values[i].packed, spec->values[i].packed_bytes);
    }
    put_u32(writer, (uint32_t) spec->param_count);
    for (int32_t i = 0; i < spec->param_count; i++)
        param_write(writer, &spec->params[i]);
    put_u8(writer, spec->load != NULL);
    if (spec->load != NULL)
    {
        put_u8(writer, spec->load->stream);
        put_run(writer, spec->load->plan, spec->load->plan_bytes);
    }
}

static void *get_bytes(ByteReader *reader, Arena *arena, size_t *length)
{
    const void *bytes = get_run(reader, length);
    return arena_memdup(arena, bytes == NULL ? "" : bytes, bytes == NULL ? 0 : *length);
}

static void lists_read(ByteReader *reader, Arena *arena, Spec *spec)
{
    spec->scan_count = get_count(reader);
    spec->scans = ARENA_ARRAY(arena, SpecScan, spec->scan_count);
    for (int32_t i = 0; i < spec->scan_count; i++)
        scan_read(reader, arena, &spec->scans[i]);
    spec->store_count = get_count(reader);
    spec->stores = ARENA_ARRAY(arena, SpecStore, spec->store_count);
    for (int32_t i = 0; i < spec->store_count; i++)
        store_read(reader, arena, &spec->stores[i]);
    spec->pipeline_count = get_count(reader);
    spec->pipelines = ARENA_ARRAY(arena, SpecPipeline, spec->pipeline_count);
    for (int32_t i = 0; i < spec->pipeline_count; i++)
        pipeline_read(reader, arena, &spec->pipelines[i]);
    spec->table_count = get_count(reader);
    spec->tables = ARENA_ARRAY(arena, SpecTable, spec->table_count);
    for (int32_t i = 0; i < spec->table_count; i++)
        table_read(reader, arena, &spec->tables[i]);
    spec->values_count = get_count(reader);
    spec->values = ARENA_ARRAY(arena, SpecValues, spec->values_count);
    for (int32_t i = 0; i < spec->values_count; i++)
    {
        spec->values[i].layout = row_layout_read(reader, arena);
        spec->values[i].packed = get_bytes(reader, arena, &spec->values[i].packed_bytes);
    }
    spec->param_count = get_count(reader);
    spec->params = ARENA_ARRAY(arena, SpecParam, spec->param_count);
    for (int32_t i = 0; i < spec->param_count; i++)
        param_read(reader, arena, &spec->params[i]);
}

Error *spec_read(ByteReader *reader, Arena *arena, Spec **out)
{
    Spec *spec = ARENA_NEW(arena, Spec);
    *out = spec;
    if (get_u32(reader) != SPEC_MAGIC)
        return error_new(SQLSTATE_INTERNAL_ERROR, "this is no spec of this version of Stoa");
    spec->query = get_u64(reader);
    spec->slice_count = get_i32(reader);
    spec->data_version = get_i64(reader);
    size_t length;
    const char *module = get_run(reader, &length);
    if (length == sizeof spec->module)
        memcpy(spec->module, module, sizeof spec->module);
    else
        reader->broken = true;
    spec->module[sizeof spec->module - 1] = 0;
    spec->module_tier = get_i32(reader);
    get_digest(reader, spec->module_digest);
    lists_read(reader, arena, spec);
    if (get_u8(reader))
    {
        spec->load = ARENA_NEW(arena, SpecLoad);
        spec->load->stream = get_u8(reader);
        spec->load->plan = get_bytes(reader, arena, &spec->load->plan_bytes);
    }
    return reader_done(reader, "spec");
}

/* ---- what must hold ---- */

static bool store_has_header(const SpecStore *store)
{
    return store->kind == STORE_HASH || store->kind == STORE_AGG;
}

static void layout_verify(const RowLayout *layout, int32_t least)
{
    ASSERT(layout != NULL && layout->field_count >= 0);
    ASSERT(layout->stride % 8 == 0 && layout->stride >= least);
    for (int32_t i = 0; i < layout->field_count; i++)
    {
        const RowField *field = &layout->fields[i];
        ASSERT(field->rep < REP_COUNT && field->offset >= least);
        ASSERT(field->offset + rep_size((Rep) field->rep) <= layout->stride);
        ASSERT(field->null_offset < layout->stride);
    }
}

static void store_verify(const Spec *spec, const SpecStore *store)
{
    ASSERT(store->kind <= STORE_RETURN);
    layout_verify(store->layout, store_has_header(store) ? ROW_HEADER_SIZE : 0);
    ASSERT(store->key_count >= 0 && store->key_count <= store->layout->field_count);
    for (int32_t i = 0; i < store->merge_count; i++)
        ASSERT(store->merges[i].field >= 0 && store->merges[i].field < store->layout->field_count);
    for (int32_t i = 0; i < store->sort_count; i++)
        ASSERT(store->sort[i].field >= 0 && store->sort[i].field < store->layout->field_count);
    if (store->kind == STORE_APPEND)
    {
        ASSERT(store->table >= 0 && store->table < spec->table_count);
        ASSERT(spec->tables[store->table].column_count == store->layout->field_count);
    }
    ASSERT(store->kind != STORE_RETURN || store->on_leader);
}

static void pipeline_verify(const Spec *spec, int32_t index)
{
    const SpecPipeline *pipeline = &spec->pipelines[index];
    ASSERT(pipeline->sink >= 0 && pipeline->sink < spec->store_count);
    ASSERT(pipeline->function >= -1 && (pipeline->function == -1 || spec->module[0] != 0));
    int32_t at = pipeline->source_index;
    switch ((SourceKind) pipeline->source)
    {
    case SOURCE_ONE:
        break;
    case SOURCE_SCAN:
        ASSERT(at >= 0 && at < spec->scan_count && pipeline->function >= 0);
        break;
    case SOURCE_STORE:
    {
        bool fed = false;
        ASSERT(at >= 0 && at < spec->store_count && at != pipeline->sink);
        for (int32_t i = 0; i < index; i++)
            fed |= spec->pipelines[i].sink == at;
        for (int32_t i = index; i < spec->pipeline_count; i++)
            ASSERT(spec->pipelines[i].sink != at); /* it is finished when it is read */
        ASSERT(fed);
        break;
    }
    case SOURCE_LOAD:
        ASSERT(spec->load != NULL && pipeline->function == -1);
        break;
    case SOURCE_VALUES:
        ASSERT(at >= 0 && at < spec->values_count);
        break;
    default:
        ASSERT(pipeline->source <= SOURCE_VALUES);
    }
}

void spec_verify(const Spec *spec)
{
    ASSERT(spec->query != 0 && spec->slice_count >= 1);
    for (int32_t i = 0; i < spec->scan_count; i++)
    {
        const SpecScan *scan = &spec->scans[i];
        for (int32_t z = 0; z < scan->zone_count; z++)
        {
            ASSERT(scan->zones[z].column >= 0 && scan->zones[z].column < scan->column_count);
            ASSERT(scan->zones[z].param >= 0 && scan->zones[z].param < spec->param_count);
        }
        for (int32_t s = 0; s < scan->segment_count; s++)
            ASSERT(scan->segments[s].slice >= 0 && scan->segments[s].slice < spec->slice_count);
    }
    for (int32_t i = 0; i < spec->store_count; i++)
        store_verify(spec, &spec->stores[i]);
    for (int32_t i = 0; i < spec->pipeline_count; i++)
    {
        pipeline_verify(spec, i);
        if (spec->stores[spec->pipelines[i].sink].kind == STORE_RETURN)
            ASSERT(i == spec->pipeline_count - 1 && spec->pipelines[i].on_leader);
    }
}
