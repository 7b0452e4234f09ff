/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans of tables.  A scan's segments are opened (pinned) once a task; its
 * blocks that no zone map rules out become morsels, in the order of slices:
 *
 *     slice 0: [b0][b1][b2]  slice 1: [b0][b1]  ...      one morsel = a block, or a part of one if there are few
 *              '--- worker 0 ---'    '- worker 1 -'       then each helps the other
 *
 * A worker has one BlockReader a scan, one slot a column.  A column is loaded
 * and decoded for a batch of 1024 rows when it is first asked for.
 *
 * A batch of which some rows are deleted is decoded whole and its values moved together:
 *
 *     decoded  v0 v1 x  v3 x  v5      live 0 1 3 5      batch  v0 v1 v3 v5
 */
#include "base/data/value.h"
#include "src/run/run.h"

#include <stdio.h>
#include <stdlib.h>

#define PREDICATES_MAX     64 /* of a unit, whose flags over dictionaries are kept */
#define BLOCK_PARTS_MAX    8
#define MORSELS_PER_WORKER 4
#define PAD_BYTES          64 /* kernels may read this far beyond a batch */

/* Scan columns that are no column of the file. */
enum
{
    COLUMN_MISSING = -1, /* the file is older than the column: SpecColumn.missing, or null */
    COLUMN_ADDRESS = -2  /* the row's address */
};

typedef struct ScanSegment
{
    Segment *segment;
    int32_t number;          /* in the scan's list */
    DeletedRows *deleted;    /* NULL: none */
    int32_t *columns;        /* of the file, by scan column; or COLUMN_* */
    uint8_t *_Atomic *flags; /* by predicate id: flags over the dictionary, made at first use */
} ScanSegment;

typedef struct ScanMorsel
{
    int32_t segment;
    int32_t block;
    int32_t from, to; /* rows of the block */
} ScanMorsel;

struct ScanSource
{
    Arena *arena; /* all of it, and the workers' states */
    const SpecScan *spec;
    int32_t segment_count;
    ScanSegment *segments;
    ScanMorsel *morsels;
    int64_t morsel_count, morsel_capacity;
    int64_t blocks_skipped;
};

typedef struct ScanColumn
{
    int32_t file_column;
    int32_t values_at; /* batch whose values / nulls / codes are decoded; -1 none */
    int32_t nulls_at;
    int32_t codes_at;
    bool loaded;
    bool no_nulls; /* of the block */
    void *values;  /* RT_BATCH of the column's Rep */
    uint8_t *nulls;
    uint16_t *codes;
} ScanColumn;

struct ScanState
{
    BlockReader *reader;
    const ScanSource *source;
    const ScanSegment *segment;
    int32_t segment_index;
    int32_t block;
    int32_t from, raw;   /* of the batch, in the block */
    int32_t count;       /* of them there are */
    bool compact;        /* some are not: `live` says which are */
    uint16_t live[RT_BATCH];
    int32_t next, to;
    ScanColumn *columns;
    uint8_t *flags[PREDICATES_MAX]; /* results of scan_flags for the batch */
};

static const uint8_t NO_NULLS[RT_BATCH + PAD_BYTES];

/* ---- opening ---- */

static bool segment_is_mine(const Task *task, const SpecScan *scan, const SpecSegment *segment)
{
    if (scan->replicated)
        return !scan->once || task->node <= 0;
    int32_t slice = segment->slice % task->spec->slice_count; /* a resize reads slices that are no more */
    return slice_node(slice, task->spec->slice_count, task->node_count) == (task->node < 0 ? 0 : task->node);
}

static Error *columns_find(Arena *arena, const SpecScan *scan, ScanSegment *segment, const char *file)
{
    segment->columns = ARENA_ARRAY(arena, int32_t, scan->column_count);
    segment->flags = arena_zalloc(arena, PREDICATES_MAX * sizeof *segment->flags);
    for (int32_t k = 0; k < scan->column_count; k++)
    {
        const SpecColumn *column = &scan->columns[k];
        int32_t at = column->id < 0 ? COLUMN_ADDRESS : segment_column_by_id(segment->segment, column->id);
        segment->columns[k] = at;
        if (at < 0)
            continue;
        if (segment_column(segment->segment, at)->type.id != column->type.id)
            return error_new(SQLSTATE_DATA_CORRUPTED, "segment \"%s\" of table \"%s\" has another type in column %d",
                             file, scan->table_name, column->id + 1);
        Rep full = type_rep(column->type), rep = (Rep) column->rep;
        const Zone *zone = segment_column_zone(segment->segment, at);
        if (rep == full || full == REP_I128 || !rep_is_integer(full) || !zone->has_range)
            continue;
        int64_t most = rep == REP_I8 ? INT8_MAX : rep == REP_I16 ? INT16_MAX : rep == REP_I32 ? INT32_MAX : INT64_MAX;
        if (zone->min.i < -most - 1 || zone->max.i > most)
            return error_new(SQLSTATE_INTERNAL_ERROR, "column %d of table \"%s\" has values outside its statistics",
                             column->id + 1, scan->table_name);
    }
    return NULL;
}

static Error *segments_open(Task *task, ScanSource *source)
{
    const SpecScan *scan = source->spec;
    source->segments = ARENA_ARRAY(source->arena, ScanSegment, scan->segment_count + 1);
    for (int32_t i = 0; i < scan->segment_count; i++)
    {
        const SpecSegment *segment = &scan->segments[i];
        if (!segment_is_mine(task, scan, segment))
            continue;
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/db%lld/t%lld/s%d/%s", task->env.directory,
                         (long long) task->env.database_id, (long long) scan->table_id, segment->slice, segment->file);
        if (n < 0 || (size_t) n >= sizeof path)
            return error_new(SQLSTATE_IO_ERROR, "path of segment \"%s\" is too long", segment->file);
        SegmentRef ref = {
            .path = path, .table_name = scan->table_name, .bytes = segment->bytes, .digest = segment->digest};
        ScanSegment *opened = &source->segments[source->segment_count];
        TRY(segment_open(task->env.segments, &ref, &opened->segment));
        opened->number = i;
        source->segment_count++;
        if (segment->deleted != NULL)
            TRY(deleted_open(segment, &opened->deleted));
        TRY(columns_find(source->arena, scan, opened, segment->file));
    }
    return NULL;
}

/* ---- zones ---- */

static bool zone_excludes(const Task *task, const SpecScan *scan, const SpecZone *test, const Zone *zone)
{
    const SpecParam *param = &task->spec->params[test->param];
    SqlType type = scan->columns[test->column].type;
    if (param->value.null || zone->nulls == zone->rows)
        return true; /* the comparison is true of no row */
    if (!zone->has_range)
        return false;
    int least = value_compare(type, &param->value, &zone->min); /* the constant against the zone */
    int most = value_compare(type, &param->value, &zone->max);
    switch ((ZoneOp) test->op)
    {
    case ZONE_EQ:
        return least < 0 || most > 0;
    case ZONE_LT:
        return least <= 0;
    case ZONE_LE:
        return least < 0;
    case ZONE_GT:
        return most >= 0;
    case ZONE_GE:
        return most > 0;
    }
    return false;
}

/* Of the rows in a file that is older than the column. */
static Zone missing_zone(const SpecColumn *column)
{
    if (column->missing == NULL)
        return (Zone){.rows = 1, .nulls = 1};
    return (Zone){.rows = 1, .has_range = true, .min = *column->missing, .max = *column->missing};
}

static bool block_excluded(const Task *task, const ScanSource *source, const ScanSegment *segment, int32_t block)
{
    for (int32_t i = 0; i < source->spec->zone_count; i++)
    {
        const SpecZone *test = &source->spec->zones[i];
        int32_t column = segment->columns[test->column];
        if (column == COLUMN_ADDRESS)
            continue;
        Zone missing;
        const Zone *zone = &missing;
        if (column == COLUMN_MISSING)
            missing = missing_zone(&source->spec->columns[test->column]);
        else if (block < 0)
            zone = segment_column_zone(segment->segment, column);
        else
            zone = segment_zone(segment->segment, column, block);
        if (zone_excludes(task, source->spec, test, zone))
            return true;
    }
    return false;
}

static bool block_deleted(const ScanSegment *segment, int32_t block)
{
    int64_t from = (int64_t) block * BLOCK_ROWS, rows = segment_block_rows(segment->segment, block);
    return segment->deleted != NULL && deleted_count(segment->deleted, from, from + rows) == rows;
}

static void morsel_add(ScanSource *source, ScanMorsel morsel)
{
    if (source->morsel_count == source->morsel_capacity)
    {
        int64_t capacity = source->morsel_capacity == 0 ? 64 : source->morsel_capacity * 2;
        ScanMorsel *more = ARENA_ARRAY(source->arena, ScanMorsel, capacity);
        if (source->morsel_count > 0)
            memcpy(more, source->morsels, (size_t) source->morsel_count * sizeof *more);
        source->morsels = more;
        source->morsel_capacity = capacity;
    }
    source->morsels[source->morsel_count++] = morsel;
}

/* Cuts the morsels smaller when there are too few to share out. */
static void morsels_split(Task *task, ScanSource *source)
{
    int64_t want = (int64_t) task->worker_count * MORSELS_PER_WORKER, have = source->morsel_count;
    if (task->worker_count == 1 || have == 0 || have >= want)
        return;
    int32_t parts = 1;
    while (parts < BLOCK_PARTS_MAX && have * parts < want)
        parts *= 2;
    int32_t step = BLOCK_ROWS / parts;
    ScanMorsel *whole = source->morsels;
    source->morsels = NULL;
    source->morsel_count = source->morsel_capacity = 0;
    for (int64_t i = 0; i < have; i++)
    {
        for (int32_t from = 0; from < whole[i].to; from += step)
        {
            int32_t to = from + step < whole[i].to ? from + step : whole[i].to;
            morsel_add(source, (ScanMorsel){whole[i].segment, whole[i].block, from, to});
        }
    }
}

static Error *scan_open(Pipe *pipe)
{
    Task *task = pipe->task;
    Arena *arena = arena_new("scan");
    ScanSource *source = ARENA_NEW(arena, ScanSource);
    source->arena = arena;
    source->spec = &task->spec->scans[pipe->spec->source_index];
    pipe->scan = source;
    TRY(segments_open(task, source));
    for (int32_t s = 0; s < source->segment_count; s++)
    {
        const ScanSegment *segment = &source->segments[s];
        int32_t blocks = segment_block_count(segment->segment);
        bool none = block_excluded(task, source, segment, -1);
        for (int32_t b = 0; b < blocks; b++)
        {
            if (none || (blocks > 1 && block_excluded(task, source, segment, b)) || block_deleted(segment, b))
                source->blocks_skipped++;
            else
                morsel_add(source, (ScanMorsel){s, b, 0, segment_block_rows(segment->segment, b)});
        }
    }
    task->counters[pipe->index].blocks_skipped = source->blocks_skipped;
    morsels_split(task, source);
    pipe->morsel_count = source->morsel_count;
    return NULL;
}

static void scan_close(Pipe *pipe)
{
    ScanSource *source = pipe->scan;
    for (int32_t i = 0; source != NULL && i < source->segment_count; i++)
    {
        segment_close(source->segments[i].segment);
        deleted_close(source->segments[i].deleted);
        for (int32_t p = 0; source->segments[i].flags != NULL && p < PREDICATES_MAX; p++)
            free(atomic_load(&source->segments[i].flags[p]));
    }
    for (int32_t w = 0; w < pipe->task->worker_count; w++)
        pipe->task->workers[w].scan.scan = NULL;
    if (source != NULL)
        arena_free(source->arena);
    pipe->scan = NULL;
}

/* ---- a worker's state ---- */

static ScanState *state_new(RtWorker *worker, const ScanSource *source)
{
    Task *task = worker->task;
    const SpecScan *spec = source->spec;
    pthread_mutex_lock(&task->lock);
    ScanState *state = ARENA_NEW(source->arena, ScanState);
    state->columns = ARENA_ARRAY(source->arena, ScanColumn, spec->column_count + 1);
    state->reader = block_reader_new(source->arena, spec->column_count > 0 ? spec->column_count : 1);
    for (int32_t k = 0; k < spec->column_count; k++)
    {
        size_t width = (size_t) rep_size((Rep) spec->columns[k].rep);
        state->columns[k].values = arena_zalloc(source->arena, width * RT_BATCH + PAD_BYTES);
    }
    pthread_mutex_unlock(&task->lock);
    state->source = source;
    state->segment_index = -1;
    state->block = -1;
    return state;
}

static void scan_begin(RtScan *scan, int64_t number)
{
    const ScanSource *source = scan->pipe->scan;
    const ScanMorsel *morsel = &source->morsels[number];
    if (scan->scan == NULL)
        scan->scan = state_new(scan->worker, source);
    ScanState *state = scan->scan;
    bool same = state->segment_index == morsel->segment && state->block == morsel->block;
    state->segment = &source->segments[morsel->segment];
    state->segment_index = morsel->segment;
    state->block = morsel->block;
    state->next = morsel->from;
    state->to = morsel->to;
    state->count = 0;
    for (int32_t k = 0; k < source->spec->column_count; k++)
    {
        ScanColumn *column = &state->columns[k];
        column->file_column = state->segment->columns[k];
        column->values_at = column->nulls_at = column->codes_at = -1;
        column->loaded &= same;
        column->no_nulls &= same;
    }
}

static int32_t scan_next_batch(RtScan *scan)
{
    ScanState *state = scan->scan;
    const DeletedRows *deleted = state->segment->deleted;
    do
    {
        int32_t left = state->to - state->next;
        state->from = state->next;
        state->raw = state->count = left < RT_BATCH ? left : RT_BATCH;
        state->next += state->raw;
        if (deleted != NULL)
            state->count =
                deleted_live(deleted, (int64_t) state->block * BLOCK_ROWS + state->from, state->raw, state->live);
    } while (state->count == 0 && state->next < state->to);
    state->compact = state->count < state->raw;
    return state->count;
}

/* Moves what is there of `raw` values together. */
#define VALUES_COMPACT(type)                                                                                           \
    for (int32_t i = 0; i < state->count; i++)                                                                         \
    ((type *) values)[i] = ((const type *) values)[state->live[i]]

static void values_compact(const ScanState *state, int32_t width, void *values)
{
    switch (width)
    {
    case 1:
        VALUES_COMPACT(uint8_t);
        break;
    case 2:
        VALUES_COMPACT(uint16_t);
        break;
    case 4:
        VALUES_COMPACT(uint32_t);
        break;
    case 8:
        VALUES_COMPACT(uint64_t);
        break;
    default:
        ASSERT(width == (int32_t) sizeof(I128));
        VALUES_COMPACT(I128);
    }
}

/* Loads the column's block; false after an error. */
static bool column_load(RtScan *scan, int32_t k)
{
    ScanState *state = scan->scan;
    ScanColumn *column = &state->columns[k];
    if (column->loaded)
        return true;
    Error *error = block_load(state->reader, k, state->segment->segment, column->file_column, state->block);
    worker_fail(scan->worker, error);
    scan->worker->blocks++;
    column->loaded = error == NULL;
    return column->loaded;
}

static void *batch_bytes(RtWorker *worker, size_t bytes)
{
    pthread_mutex_lock(&worker->task->lock);
    void *memory = arena_zalloc(worker->scan.pipe->scan->arena, bytes);
    pthread_mutex_unlock(&worker->task->lock);
    return memory;
}

/* Values nobody may rely on: null columns, and after an error. */
static const void *values_empty(RtScan *scan, int32_t k)
{
    const SpecColumn *spec = &scan->scan->source->spec->columns[k];
    ScanColumn *column = &scan->scan->columns[k];
    memset(column->values, 0, (size_t) rep_size((Rep) spec->rep) * RT_BATCH);
    if (spec->rep == REP_STR)
        for (int32_t i = 0; i < RT_BATCH; i++)
            ((Str *) column->values)[i].data = "";
    return column->values;
}

/* Of a file that is older than the column. */
static const void *values_missing(RtScan *scan, int32_t k)
{
    const SpecColumn *spec = &scan->scan->source->spec->columns[k];
    char *values = scan->scan->columns[k].values;
    int32_t width = rep_size((Rep) spec->rep);
    if (spec->missing == NULL)
        return values_empty(scan, k);
    value_store(spec->type, (Rep) spec->rep, spec->missing, values);
    for (int32_t i = 1; i < RT_BATCH; i++)
        memcpy(values + (size_t) i * (size_t) width, values, (size_t) width);
    return values;
}

static const void *addresses(const ScanState *state, int64_t *values)
{
    int64_t first = row_address(state->segment->number, (int64_t) state->block * BLOCK_ROWS + state->from);
    for (int32_t i = 0; i < state->count; i++)
        values[i] = first + (state->compact ? state->live[i] : i);
    return values;
}

const void *scan_column(RtScan *scan, int32_t k)
{
    ScanState *state = scan->scan;
    ASSERT(k >= 0 && k < state->source->spec->column_count);
    ScanColumn *column = &state->columns[k];
    if (column->values_at == state->from)
        return column->values;
    column->values_at = state->from;
    if (column->file_column == COLUMN_ADDRESS)
        return addresses(state, column->values);
    if (column->file_column == COLUMN_MISSING)
        return values_missing(scan, k);
    if (!column_load(scan, k))
        return values_empty(scan, k);
    Rep rep = (Rep) state->source->spec->columns[k].rep;
    if (rep == REP_STR)
        block_decode_str(state->reader, k, state->from, state->raw, column->values);
    else
        block_decode(state->reader, k, state->from, state->raw, rep, column->values);
    if (state->compact)
        values_compact(state, rep_size(rep), column->values);
    return column->values;
}

const uint8_t *scan_nulls(RtScan *scan, int32_t k)
{
    ScanState *state = scan->scan;
    ASSERT(k >= 0 && k < state->source->spec->column_count);
    ScanColumn *column = &state->columns[k];
    if (column->no_nulls || column->file_column == COLUMN_ADDRESS ||
        (column->file_column == COLUMN_MISSING && state->source->spec->columns[k].missing != NULL))
        return NO_NULLS;
    if (column->nulls == NULL)
        column->nulls = batch_bytes(scan->worker, RT_BATCH + PAD_BYTES);
    if (column->nulls_at == state->from)
        return column->nulls;
    column->nulls_at = state->from;
    if (column->file_column < 0 || !column_load(scan, k))
        memset(column->nulls, 1, RT_BATCH);
    else if (!block_nulls(state->reader, k, state->from, state->raw, column->nulls))
    {
        column->no_nulls = true;
        return NO_NULLS;
    }
    else if (state->compact)
        values_compact(state, 1, column->nulls);
    return column->nulls;
}

const uint16_t *scan_codes(RtScan *scan, int32_t k, int32_t *dictionary_count)
{
    ScanState *state = scan->scan;
    ASSERT(k >= 0 && k < state->source->spec->column_count);
    ScanColumn *column = &state->columns[k];
    const Str *entries;
    if (column->file_column < 0 ||
        !segment_dictionary(state->segment->segment, column->file_column, &entries, dictionary_count) ||
        !column_load(scan, k))
        return NULL;
    if (column->codes == NULL)
        column->codes = batch_bytes(scan->worker, RT_BATCH * sizeof(uint16_t) + PAD_BYTES);
    if (column->codes_at == state->from)
        return column->codes;
    column->codes_at = state->from;
    block_codes(state->reader, k, state->from, state->raw, column->codes);
    if (state->compact)
        values_compact(state, sizeof(uint16_t), column->codes);
    return column->codes;
}

int64_t scan_segment_number(const RtScan *scan)
{
    return scan->scan == NULL ? 0 : scan->scan->segment_index;
}

/* ---- predicates over strings ---- */

/* Flags of the predicate over the segment's dictionary; the first worker to come makes them. */
static const uint8_t *dictionary_flags(RtScan *scan, int32_t k, RtStrPredicate *predicate, int32_t id)
{
    uint8_t *_Atomic *place = &scan->scan->segment->flags[id];
    uint8_t *flags = atomic_load_explicit(place, memory_order_acquire);
    if (flags != NULL)
        return flags;
    const Str *entries;
    int32_t count;
    if (!segment_dictionary(scan->scan->segment->segment, scan->scan->columns[k].file_column, &entries, &count))
        return NULL;
    RtWorker *worker = scan->worker;
    flags = malloc((size_t) count + PAD_BYTES);
    ASSERT(flags != NULL);
    for (int32_t at = 0; at < count; at += RT_BATCH)
        predicate(worker->rt, worker, worker->params, entries + at, count - at < RT_BATCH ? count - at : RT_BATCH,
                  flags + at);
    uint8_t *other = NULL;
    if (atomic_compare_exchange_strong(place, &other, flags))
        return flags;
    free(flags);
    return other;
}

const uint8_t *scan_flags(RtScan *scan, int32_t k, RtStrPredicate *predicate, int32_t predicate_id)
{
    ScanState *state = scan->scan;
    RtWorker *worker = scan->worker;
    int32_t n = state->count, count;
    int32_t slot = predicate_id >= 0 && predicate_id < PREDICATES_MAX ? predicate_id : -1;
    uint8_t *out = slot >= 0 ? state->flags[slot] : NULL;
    if (out == NULL)
        out = slot >= 0 ? batch_bytes(worker, RT_BATCH + PAD_BYTES) : arena_zalloc(worker->arena, RT_BATCH + PAD_BYTES);
    if (slot >= 0)
        state->flags[slot] = out;
    const uint8_t *nulls = scan_nulls(scan, k);
    const uint16_t *codes = slot >= 0 ? scan_codes(scan, k, &count) : NULL;
    const uint8_t *flags = codes != NULL ? dictionary_flags(scan, k, predicate, slot) : NULL;
    if (flags != NULL && nulls == NO_NULLS)
        for (int32_t i = 0; i < n; i++)
            out[i] = flags[codes[i]];
    else if (flags != NULL)
        for (int32_t i = 0; i < n; i++)
            out[i] = nulls[i] ? 0 : flags[codes[i]];
    else
        predicate(worker->rt, worker, worker->params, scan_column(scan, k), n, out);
    if (flags == NULL && nulls != NO_NULLS)
        for (int32_t i = 0; i < n; i++)
            out[i] &= (uint8_t) !nulls[i];
    return out;
}

const SourceOps source_scan_ops = {
    .open = scan_open,
    .begin = scan_begin,
    .next = scan_next_batch,
    .close = scan_close,
};
