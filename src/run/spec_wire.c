/* SPDX-License-Identifier: Apache-2.0 */
/* Specs on the wire: the fields in the order of spec.h, one description for both ways. */
#include "src/run/spec.h"
#include "src/run/wire.h"

#define SPEC_MAGIC UINT64_C(0x53504335)

static void column_wire(Wire *wire, SpecColumn *column)
{
    wire_i32(wire, &column->id);
    wire_type(wire, &column->type);
    bool missing = column->missing != NULL;
    wire_bool(wire, &missing);
    if (missing && wire->in != NULL)
        column->missing = ARENA_NEW(wire->arena, Datum);
    if (missing)
        wire_datum(wire, column->type, column->missing);
    wire_u8(wire, &column->rep);
    wire_bool(wire, &column->nullable);
}

static void zone_wire(Wire *wire, SpecZone *zone)
{
    wire_i32(wire, &zone->column);
    wire_u8(wire, &zone->op);
    wire_i32(wire, &zone->param);
}

static void segment_wire(Wire *wire, SpecSegment *segment)
{
    wire_i64(wire, &segment->id);
    wire_i32(wire, &segment->slice);
    wire_str(wire, &segment->file);
    wire_i64(wire, &segment->rows);
    wire_i64(wire, &segment->bytes);
    wire_fixed(wire, segment->digest, sizeof segment->digest);
    wire_i64(wire, &segment->deleted_count);
    wire_run(wire, &segment->deleted, &segment->deleted_bytes);
}

static void scan_wire(Wire *wire, SpecScan *scan)
{
    wire_i64(wire, &scan->table_id);
    wire_str(wire, &scan->table_name);
    wire_bool(wire, &scan->replicated);
    wire_bool(wire, &scan->once);
    WIRE_LIST(wire, SpecColumn, scan->columns, scan->column_count, column_wire);
    WIRE_LIST(wire, SpecZone, scan->zones, scan->zone_count, zone_wire);
    WIRE_LIST(wire, SpecSegment, scan->segments, scan->segment_count, segment_wire);
}

static void merge_wire(Wire *wire, SpecMerge *merge)
{
    wire_i32(wire, &merge->field);
    wire_u8(wire, &merge->op);
}

static void sort_key_wire(Wire *wire, SortKey *key)
{
    wire_i32(wire, &key->field);
    wire_bool(wire, &key->descending);
    wire_bool(wire, &key->nulls_first);
    wire_i32(wire, &key->packed);
    wire_i64(wire, &key->least);
    wire_i64(wire, &key->entries);
}

static void window_wire(Wire *wire, SpecWindow *window)
{
    wire_u8(wire, &window->window);
    wire_u8(wire, &window->agg);
    wire_bool(wire, &window->distinct);
    wire_bool(wire, &window->ignore_nulls);
    wire_i32(wire, &window->arg_count);
    for (int32_t i = 0; i < WINDOW_ARGS_MAX; i++)
        wire_i32(wire, &window->args[i]);
    wire_i32(wire, &window->result);
    wire_u8(wire, &window->frame_unit);
    wire_u8(wire, &window->frame_start);
    wire_u8(wire, &window->frame_end);
    wire_u8(wire, &window->frame_exclude);
    wire_i32(wire, &window->start_param);
    wire_i32(wire, &window->end_param);
}

static void store_wire(Wire *wire, SpecStore *store)
{
    wire_u8(wire, &store->kind);
    wire_u8(wire, &store->key_mode);
    wire_u8(wire, &store->exchange);
    wire_bool(wire, &store->on_leader);
    wire_bool(wire, &store->from_leader);
    wire_bool(wire, &store->one_row);
    wire_bool(wire, &store->unique);
    wire_bool(wire, &store->exists_only);
    wire_bool(wire, &store->numbered);
    wire_layout(wire, &store->layout);
    wire_i32(wire, &store->key_count);
    wire_i64(wire, &store->key_entries);
    WIRE_LIST(wire, SpecMerge, store->merges, store->merge_count, merge_wire);
    WIRE_LIST(wire, SortKey, store->sort, store->sort_count, sort_key_wire);
    wire_i32(wire, &store->partition_count);
    WIRE_LIST(wire, SpecWindow, store->windows, store->window_count, window_wire);
    wire_i64(wire, &store->limit);
    wire_i64(wire, &store->offset);
    wire_i32(wire, &store->table);
    wire_f64(wire, &store->rows_estimate);
}

static void pipeline_wire(Wire *wire, SpecPipeline *pipeline)
{
    wire_u8(wire, &pipeline->source);
    wire_i32(wire, &pipeline->source_index);
    wire_i32(wire, &pipeline->sink);
    wire_i32(wire, &pipeline->function);
    wire_bool(wire, &pipeline->on_leader);
    wire_i32(wire, &pipeline->stream);
    wire_i32(wire, &pipeline->segment);
    WIRE_LIST(wire, int32_t, pipeline->probes, pipeline->probe_count, wire_i32);
    wire_str(wire, &pipeline->label);
}

static void table_columns_wire(Wire *wire, SpecTable *table)
{
    wire_count(wire, &table->column_count);
    if (wire->in != NULL)
    {
        table->column_names = ARENA_ARRAY(wire->arena, char *, table->column_count);
        table->column_ids = ARENA_ARRAY(wire->arena, int32_t, table->column_count);
        table->column_types = ARENA_ARRAY(wire->arena, SqlType, table->column_count);
        table->column_encodings = ARENA_ARRAY(wire->arena, uint8_t, table->column_count);
        table->column_not_null = ARENA_ARRAY(wire->arena, bool, table->column_count);
    }
    for (int32_t i = 0; i < table->column_count; i++)
    {
        wire_str(wire, &table->column_names[i]);
        wire_i32(wire, &table->column_ids[i]);
        wire_type(wire, &table->column_types[i]);
        wire_u8(wire, &table->column_encodings[i]);
        wire_bool(wire, &table->column_not_null[i]);
    }
}

static void table_wire(Wire *wire, SpecTable *table)
{
    wire_i64(wire, &table->table_id);
    wire_str(wire, &table->schema_name);
    wire_str(wire, &table->name);
    table_columns_wire(wire, table);
    wire_i32(wire, &table->dist_style);
    wire_i32(wire, &table->dist_column);
    WIRE_LIST(wire, int32_t, table->sort_columns, table->sort_count, wire_i32);
    wire_bool(wire, &table->rides);
    wire_i64(wire, &table->file_stamp);
}

static void values_wire(Wire *wire, SpecValues *values)
{
    wire_layout(wire, &values->layout);
    wire_run(wire, &values->packed, &values->packed_bytes);
}

static void param_wire(Wire *wire, SpecParam *param)
{
    wire_type(wire, &param->type);
    wire_datum(wire, param->type, &param->value);
    wire_u8(wire, &param->aid);
    wire_bool(wire, &param->insensitive);
    wire_count(wire, &param->set_count);
    if (wire->in != NULL)
        param->set = ARENA_ARRAY(wire->arena, Datum, param->set_count);
    for (int32_t i = 0; i < param->set_count; i++)
        wire_datum(wire, param->type, &param->set[i]);
}

static void spec_wire(Wire *wire, Spec *spec)
{
    wire_u64(wire, &spec->query);
    wire_i32(wire, &spec->slice_count);
    wire_i64(wire, &spec->data_version);
    wire_i64(wire, &spec->numbers_base);
    wire_fixed(wire, spec->module, sizeof spec->module);
    wire_i32(wire, &spec->module_tier);
    wire_fixed(wire, spec->module_digest, sizeof spec->module_digest);
    WIRE_LIST(wire, SpecScan, spec->scans, spec->scan_count, scan_wire);
    WIRE_LIST(wire, SpecStore, spec->stores, spec->store_count, store_wire);
    WIRE_LIST(wire, SpecPipeline, spec->pipelines, spec->pipeline_count, pipeline_wire);
    WIRE_LIST(wire, SpecTable, spec->tables, spec->table_count, table_wire);
    WIRE_LIST(wire, SpecValues, spec->values, spec->values_count, values_wire);
    WIRE_LIST(wire, SpecParam, spec->params, spec->param_count, param_wire);
    bool load = spec->load != NULL;
    wire_bool(wire, &load);
    if (!load)
        return;
    if (wire->in != NULL)
        spec->load = ARENA_NEW(wire->arena, SpecLoad);
    wire_i32(wire, &spec->load->identity);
    wire_i64(wire, &spec->load->seed);
    wire_i64(wire, &spec->load->step);
    wire_bool(wire, &spec->load->stream);
    wire_run(wire, &spec->load->plan, &spec->load->plan_bytes);
}

void spec_write(ByteWriter *writer, const Spec *spec)
{
    Wire wire = {.out = writer};
    put_u64(writer, SPEC_MAGIC);
    value_session_write(writer, &spec->session);
    spec_wire(&wire, (Spec *) (uintptr_t) spec); /* writing changes nothing */
}

Error *spec_read(ByteReader *reader, Arena *arena, Spec **out)
{
    Spec *spec = ARENA_NEW(arena, Spec);
    *out = spec;
    if (get_u64(reader) != SPEC_MAGIC)
        return error_new(SQLSTATE_INTERNAL_ERROR, "this is no spec of this version of Stoa");
    TRY(value_session_read(reader, &spec->session));
    Wire wire = {.in = reader, .arena = arena};
    spec_wire(&wire, spec);
    spec->module[sizeof spec->module - 1] = 0;
    return reader_done(reader, "spec");
}
