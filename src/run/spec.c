/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a Spec that is run. */
#include "src/run/spec.h"

#include "base/core/assert.h"

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

static const RowField *field_at(const RowLayout *layout, int32_t field)
{
    ASSERT(field >= 0 && field < layout->field_count);
    return &layout->fields[field];
}

static void merge_verify(const RowLayout *layout, const SpecMerge *merge)
{
    const RowField *field = field_at(layout, merge->field);
    ASSERT(merge->op <= MERGE_PAIRS);
    if (merge->op < MERGE_MOMENTS)
        return;
    ASSERT(field->rep == REP_I64 && field->null_offset < 0);
    for (int32_t k = 1; k <= (merge->op == MERGE_PAIRS ? 5 : 2); k++)
        ASSERT(field_at(layout, merge->field + k)->rep == REP_F64 && field[k].null_offset < 0);
}

static void param_verify(const Spec *spec, int32_t param, uint8_t bound)
{
    ASSERT(bound <= FRAME_UNBOUNDED_FOLLOWING && param >= -1 && param < spec->param_count);
    ASSERT((bound == FRAME_PRECEDING || bound == FRAME_FOLLOWING) == (param >= 0));
}

static void window_verify(const Spec *spec, const SpecStore *store, const SpecWindow *window)
{
    ASSERT((window->window == WINDOW_NONE) != (window->agg == AGG_NONE));
    ASSERT(window->window < WINDOW_COUNT && window->agg < AGG_COUNT_OF);
    ASSERT(window->arg_count >= 0 && window->arg_count <= WINDOW_ARGS_MAX);
    for (int32_t i = 0; i < window->arg_count; i++)
        ASSERT(field_at(store->layout, window->args[i]) != NULL && window->args[i] != window->result);
    ASSERT(field_at(store->layout, window->result) != NULL);
    ASSERT(window->frame_unit <= FRAME_GROUPS && window->frame_exclude <= FRAME_EXCLUDE_TIES);
    ASSERT(window->frame_start != FRAME_UNBOUNDED_FOLLOWING && window->frame_end != FRAME_UNBOUNDED_PRECEDING);
    param_verify(spec, window->start_param, window->frame_start);
    param_verify(spec, window->end_param, window->frame_end);
}

static void store_verify(const Spec *spec, const SpecStore *store)
{
    ASSERT(store->kind <= STORE_RETURN);
    layout_verify(store->layout, store_has_header(store) ? ROW_HEADER_SIZE : 0);
    ASSERT(store->key_count >= 0 && store->key_count <= store->layout->field_count);
    for (int32_t i = 0; i < store->merge_count; i++)
        merge_verify(store->layout, &store->merges[i]);
    for (int32_t i = 0; i < store->sort_count; i++)
        ASSERT(store->sort[i].field >= 0 && store->sort[i].field < store->layout->field_count);
    ASSERT(store->partition_count >= 0 && store->partition_count <= store->sort_count);
    ASSERT(store->window_count == 0 || store->kind == STORE_WINDOW);
    for (int32_t i = 0; i < store->window_count; i++)
        window_verify(spec, store, &store->windows[i]);
    if (store->kind == STORE_APPEND)
    {
        ASSERT(store->table >= 0 && store->table < spec->table_count);
        ASSERT(spec->tables[store->table].column_count == store->layout->field_count);
    }
    ASSERT(store->kind != STORE_RETURN || store->on_leader);
    if (store->numbered)
    {
        const RowField *field = field_at(store->layout, store->layout->field_count - 1);
        ASSERT(store->kind == STORE_BUFFER && field != NULL && field->rep == REP_I64 && field->null_offset < 0);
    }
}

static void pipeline_verify(const Spec *spec, int32_t index)
{
    const SpecPipeline *pipeline = &spec->pipelines[index];
    for (int32_t i = 0; i < pipeline->probe_count; i++)
        ASSERT(pipeline->probes[i] >= 0 && pipeline->probes[i] < spec->store_count &&
               spec->stores[pipeline->probes[i]].kind == STORE_HASH);
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

static void segment_verify(const SpecSegment *segment)
{
    ASSERT(segment->slice >= 0);
    ASSERT((segment->deleted == NULL) == (segment->deleted_bytes == 0));
    ASSERT(segment->deleted_count >= 0 && (segment->deleted != NULL || segment->deleted_count == 0));
    ASSERT(segment->deleted_count <= segment->rows);
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
            segment_verify(&scan->segments[s]);
        for (int32_t c = 0; c < scan->column_count; c++)
            ASSERT(scan->columns[c].id >= 0 ||
                   (scan->columns[c].id == -1 && scan->columns[c].rep == REP_I64));
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
