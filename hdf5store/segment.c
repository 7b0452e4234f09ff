/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment's life as a file:
 *
 *     NAME.h5.tmp created 0600            segment_create
 *     chunks appended                     segment_put_block; a column's dataset is made with its second block,
 *                                         a string column's at the end (its HDF5 type needs the longest value);
 *                                         until then its chunks wait in memory, encoded
 *     attributes, room for index, meta    segment_finish
 *     H5Fclose                            (it rewrites the superblock, so nothing before this is final)
 *     index, meta, header                 seal.c: written in place, each with the digest of what it stands for
 *     fsync, rename NAME.h5, fsync folder
 *
 * A segment of one block has chunks as long as it has rows, which HDF5 keeps without any chunk index.
 */
#include "hdf5store/segment.h"

#include "base/core/assert.h"
#include "base/core/fault.h"
#include "base/data/value.h"
#include "hdf5store/chunk_write.h"
#include "hdf5store/dictionary.h"
#include "hdf5store/h5file.h"
#include "hdf5store/seal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRING_SIZE_MAX 4096 /* longer values: the dataset is bytes (FILTER_TEXT), 256 MB a chunk are enough */
#define TEXT_CHUNK_MAX  UINT32_MAX

/* An encoded chunk that waits for its dataset. */
typedef struct Pending
{
    struct Pending *next;
    int32_t block;
    bool is_nulls;
    size_t size;
    uint8_t bytes[];
} Pending;

typedef struct ColumnState
{
    SegmentColumn column;
    char *link;
    char *null_link;
    IndexEntry *entries;
    int64_t dataset; /* -1: not yet */
    int64_t null_dataset;
    uint32_t chunk_size;
    Pending *first;
    Pending *last;
    DictBuilder *dictionary; /* NULL: none, or no more */
    int64_t nulls;
    int64_t bytes;
    int64_t length_total;
    int32_t length_max;
    uint64_t text_max; /* FILTER_TEXT: largest chunk */
    bool range_lost;   /* some block has values but no range */
    bool range_cut;
    bool has_range;
    IndexEntry range;
    Hll distinct;
} ColumnState;

struct SegmentWriter
{
    Arena *arena;
    SegmentSpec spec;
    char *path;
    char *temporary_path;
    H5File *file;
    ChunkWriter *chunks;
    ColumnState *columns;
    int64_t rows;
    int32_t block_count;
    int32_t block_capacity;
    bool last_seen; /* a block shorter than BLOCK_ROWS has come */
    bool ended;     /* finished or abandoned */
};

void segment_start(void)
{
    h5file_start();
}

/* ---- create ---- */

static void pending_free(ColumnState *state)
{
    while (state->first != NULL)
    {
        Pending *next = state->first->next;
        free(state->first);
        state->first = next;
    }
    state->last = NULL;
}

static void close_writer(void *thing)
{
    SegmentWriter *writer = thing;
    segment_abandon(writer);
    for (int32_t i = 0; i < writer->spec.column_count; i++)
        free(writer->columns[i].entries);
}

static Error *spec_check(const SegmentSpec *spec)
{
    ASSERT(spec->column_count >= 1 && spec->column_count <= SEGMENT_COLUMNS_MAX);
    ASSERT(strchr(spec->file_name, '/') == NULL);
    for (int32_t i = 0; i < spec->column_count; i++)
        if (chunk_kind(spec->columns[i].type) == 0)
            return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "column \"%s\": type %s cannot be stored",
                             spec->columns[i].name, type_name(spec->columns[i].type));
    return NULL;
}

static void spec_copy(SegmentWriter *writer, const SegmentSpec *spec)
{
    Arena *arena = writer->arena;
    writer->spec = *spec;
    writer->spec.directory = arena_strdup(arena, spec->directory);
    writer->spec.file_name = arena_strdup(arena, spec->file_name);
    writer->spec.schema_name = arena_strdup(arena, spec->schema_name);
    writer->spec.table_name = arena_strdup(arena, spec->table_name);
    writer->columns = ARENA_ARRAY(arena, ColumnState, spec->column_count);
    SegmentColumn *columns = ARENA_ARRAY(arena, SegmentColumn, spec->column_count);
    for (int32_t i = 0; i < spec->column_count; i++)
    {
        columns[i] = spec->columns[i];
        columns[i].name = arena_strdup(arena, spec->columns[i].name);
        ColumnState *state = &writer->columns[i];
        state->column = columns[i];
        state->link = h5file_link_name(arena, columns[i].name);
        state->null_link = arena_printf(arena, "%s.null", state->link);
        state->dataset = state->null_dataset = -1;
        if (chunk_kind(columns[i].type) == CHUNK_STR)
            state->dictionary = dict_builder_new(arena);
    }
    writer->spec.columns = columns;
    writer->path = arena_printf(arena, "%s/%s", spec->directory, spec->file_name);
    writer->temporary_path = arena_printf(arena, "%s.tmp", writer->path);
}

Error *segment_create(Arena *arena, const SegmentSpec *spec, SegmentWriter **made)
{
    TRY(spec_check(spec));
    SegmentWriter *writer = ARENA_NEW(arena, SegmentWriter);
    writer->arena = arena;
    spec_copy(writer, spec);
    if (access(writer->path, F_OK) == 0)
        return error_new(SQLSTATE_OBJECT_IN_USE, "segment file \"%s\" exists already", writer->path);
    TRY(h5file_create(arena, writer->temporary_path, SEGMENT_HEADER_SIZE, &writer->file));
    writer->chunks = chunk_writer_new(arena);
    arena_own(arena, close_writer, writer);
    *made = writer;
    return NULL;
}

void segment_abandon(SegmentWriter *writer)
{
    if (writer->ended)
        return;
    writer->ended = true;
    error_free(h5file_close(writer->file));
    (void) unlink(writer->temporary_path);
    for (int32_t i = 0; i < writer->spec.column_count; i++)
        pending_free(&writer->columns[i]);
}

/* ---- datasets ---- */

static const char *unit_of(SqlType type)
{
    switch (type.id)
    {
    case TYPE_DATE:
        return "days since 2000-01-01";
    case TYPE_TIMESTAMP:
        return "microseconds since 2000-01-01 00:00:00";
    case TYPE_TIMESTAMPTZ:
        return "microseconds since 2000-01-01 00:00:00 UTC";
    case TYPE_INTERVAL:
        return "microseconds (64 bits), days (32 bits), months (32 bits), from the lowest up";
    case TYPE_TIME:
        return "microseconds since midnight";
    case TYPE_TIMETZ:
        return "(microseconds since midnight UTC) * 131072 + 65536 + seconds west of Greenwich";
    default:
        return NULL;
    }
}

static Error *write_attributes(SegmentWriter *writer, const ColumnState *state, FilterShape shape)
{
    const SegmentColumn *column = &state->column;
    Text type;
    text_init(&type, writer->arena);
    type_print(&type, column->type);
    TRY(h5file_attribute_text(writer->file, state->dataset, "sql_type", type.data));
    TRY(h5file_attribute_int(writer->file, state->dataset, "column_id", column->id));
    if (strcmp(column->name, state->link) != 0)
        TRY(h5file_attribute_text(writer->file, state->dataset, "sql_name", column->name));
    if (column->type.id == TYPE_DECIMAL)
        TRY(h5file_attribute_int(writer->file, state->dataset, "scale", column->type.scale));
    if (unit_of(column->type) != NULL)
        TRY(h5file_attribute_text(writer->file, state->dataset, "unit", unit_of(column->type)));
    if (shape == FILTER_TEXT)
        TRY(h5file_attribute_text(writer->file, state->dataset, "layout",
                                  "each chunk: uint32 rows, uint32 offsets[rows + 1], bytes"));
    return NULL;
}

static uint32_t rows_a_chunk(const SegmentWriter *writer)
{
    return writer->block_count == 1 ? (uint32_t) writer->rows : BLOCK_ROWS;
}

/* Makes the column's dataset.  `whole`: all blocks are known. */
static Error *column_dataset(SegmentWriter *writer, ColumnState *state, bool whole)
{
    ChunkKind kind = chunk_kind(state->column.type);
    bool one = whole && writer->block_count == 1;
    H5Dataset spec = {.name = state->link,
                      .kind = kind,
                      .shape = FILTER_NUMBERS,
                      .is_bool = state->column.type.id == TYPE_BOOLEAN,
                      .chunk_size = one ? rows_a_chunk(writer) : BLOCK_ROWS,
                      .elements = (uint64_t) writer->rows,
                      .grows = !one};
    if (kind == CHUNK_STR && state->length_max <= STRING_SIZE_MAX)
    {
        spec.shape = FILTER_STRINGS;
        spec.element_size = state->length_max > 0 ? state->length_max : 1;
    }
    else if (kind == CHUNK_STR)
    {
        if (state->text_max > TEXT_CHUNK_MAX)
            return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "column \"%s\": a block of text passes 4 GB",
                             state->column.name);
        spec.shape = FILTER_TEXT;
        spec.chunk_size = (uint32_t) state->text_max;
        spec.elements = state->text_max * (uint64_t) writer->block_count;
    }
    state->chunk_size = spec.chunk_size;
    TRY(h5file_dataset(writer->file, &spec, &state->dataset));
    return write_attributes(writer, state, spec.shape);
}

static Error *column_null_dataset(SegmentWriter *writer, ColumnState *state, bool whole)
{
    bool one = whole && writer->block_count == 1;
    H5Dataset spec = {.name = state->null_link,
                      .kind = CHUNK_I8,
                      .shape = FILTER_NUMBERS,
                      .is_bool = true,
                      .chunk_size = one ? rows_a_chunk(writer) : BLOCK_ROWS,
                      .elements = (uint64_t) writer->rows,
                      .grows = !one};
    return h5file_dataset(writer->file, &spec, &state->null_dataset);
}

/* ---- chunks ---- */

static Error *chunk_keep(ColumnState *state, int32_t block, bool is_nulls, const ChunkOutput *chunk)
{
    Pending *pending = malloc(sizeof *pending + chunk->size);
    if (pending == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for a block of %zu bytes", chunk->size);
    *pending = (Pending){NULL, block, is_nulls, chunk->size};
    memcpy(pending->bytes, chunk->bytes, chunk->size);
    if (state->last != NULL)
        state->last->next = pending;
    else
        state->first = pending;
    state->last = pending;
    return NULL;
}

static Error *chunk_store(SegmentWriter *writer, ColumnState *state, int32_t block, bool is_nulls, bool whole,
                          const uint8_t *bytes, size_t size)
{
    uint32_t null_chunk = whole ? rows_a_chunk(writer) : BLOCK_ROWS;
    uint64_t elements = (uint64_t) writer->rows;
    if (is_nulls)
    {
        if (state->null_dataset < 0)
            TRY(column_null_dataset(writer, state, whole));
        return h5file_write_chunk(writer->file, state->null_dataset, (uint64_t) block, null_chunk, elements, bytes,
                                  size);
    }
    if (state->dataset < 0)
        TRY(column_dataset(writer, state, whole));
    if (state->length_max > STRING_SIZE_MAX)
        elements = (uint64_t) state->chunk_size * (uint64_t) writer->block_count;
    return h5file_write_chunk(writer->file, state->dataset, (uint64_t) block, state->chunk_size, elements, bytes, size);
}

static Error *pending_store(SegmentWriter *writer, ColumnState *state, bool whole)
{
    for (Pending *chunk = state->first; chunk != NULL; chunk = chunk->next)
        TRY(chunk_store(writer, state, chunk->block, chunk->is_nulls, whole, chunk->bytes, chunk->size));
    pending_free(state);
    return NULL;
}

/* Keeps a chunk, or stores it behind those kept. */
static Error *chunk_emit(SegmentWriter *writer, ColumnState *state, int32_t block, bool is_nulls,
                         const ChunkOutput *chunk)
{
    state->bytes += (int64_t) chunk->size;
    if (block == 0 || chunk_kind(state->column.type) == CHUNK_STR)
        return chunk_keep(state, block, is_nulls, chunk);
    TRY(pending_store(writer, state, false));
    return chunk_store(writer, state, block, is_nulls, false, chunk->bytes, chunk->size);
}

/* ---- what is learned ---- */

/* `state->range` spans the bounds of all blocks. */
static void range_widen(ColumnState *state, const IndexEntry *entry)
{
    if (!(entry->flags & INDEX_HAS_RANGE))
    {
        state->range_lost |= entry->nulls < entry->rows;
        return;
    }
    if (!state->has_range)
    {
        state->range = *entry;
        state->has_range = true;
        return;
    }
    SqlType type = state->column.type;
    Datum min, max, block_min, block_max;
    layout_range_get(&state->range, type, &min, &max);
    layout_range_get(entry, type, &block_min, &block_max);
    if (value_compare(type, &block_min, &min) < 0)
    {
        memcpy(state->range.min, entry->min, ZONE_PREFIX);
        state->range.min_length = entry->min_length;
    }
    if (value_compare(type, &block_max, &max) > 0)
    {
        memcpy(state->range.max, entry->max, ZONE_PREFIX);
        state->range.max_length = entry->max_length;
    }
}

static void learn(ColumnState *state, const ChunkOutput *chunk, IndexEntry *entry, int32_t rows)
{
    state->nulls += chunk->nulls;
    state->length_total += chunk->length_total;
    state->length_max = chunk->length_max > state->length_max ? chunk->length_max : state->length_max;
    uint64_t text = sizeof(uint32_t) * ((uint64_t) rows + 2) + (uint64_t) chunk->length_total;
    state->text_max = text > state->text_max ? text : state->text_max;
    if (chunk->has_range)
        state->range_cut |= layout_range_put(entry, state->column.type, &chunk->min, &chunk->max);
    range_widen(state, entry);
    bool has_entries = chunk->entry_count > 0 || chunk->nulls == rows;
    if (state->dictionary != NULL &&
        !(has_entries && dict_builder_add(state->dictionary, chunk->entries, chunk->entry_count)))
        state->dictionary = NULL;
}

/* ---- put ---- */

static Error *put_column(SegmentWriter *writer, ColumnState *state, const BlockColumn *block, int32_t rows)
{
    int32_t number = writer->block_count - 1;
    IndexEntry *entry = &state->entries[number];
    memset(entry, 0, sizeof *entry);
    ChunkInput input = {state->column.type, state->column.encoding, block->values, block->nulls, rows};
    ChunkOutput chunk;
    TRY(chunk_write(writer->chunks, &input, &state->distinct, &chunk));
    entry->rows = (uint32_t) rows;
    entry->nulls = (uint32_t) chunk.nulls;
    entry->size = (uint32_t) chunk.size;
    entry->digest = chunk.digest;
    entry->encoding = (uint8_t) chunk.encoding;
    learn(state, &chunk, entry, rows);
    TRY(chunk_emit(writer, state, number, false, &chunk));
    if (entry->nulls == 0)
        return NULL;
    ASSERT(state->column.nullable);
    TRY(chunk_write_nulls(writer->chunks, block->nulls, rows, &chunk));
    entry->null_size = (uint32_t) chunk.size;
    entry->null_digest = chunk.digest;
    return chunk_emit(writer, state, number, true, &chunk);
}

static Error *entries_room(SegmentWriter *writer)
{
    if (writer->block_count < writer->block_capacity)
        return NULL;
    int32_t capacity = writer->block_capacity == 0 ? 4 : writer->block_capacity * 2;
    for (int32_t i = 0; i < writer->spec.column_count; i++)
    {
        IndexEntry *entries = realloc(writer->columns[i].entries, (size_t) capacity * sizeof *entries);
        if (entries == NULL)
            return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for the index of a segment");
        writer->columns[i].entries = entries;
    }
    writer->block_capacity = capacity;
    return NULL;
}

Error *segment_put_block(SegmentWriter *writer, const BlockColumn *columns, int32_t rows)
{
    ASSERT(!writer->ended && !writer->last_seen);
    ASSERT(rows >= 1 && rows <= BLOCK_ROWS);
    if (writer->block_count == SEGMENT_BLOCKS_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a segment may have %d blocks", SEGMENT_BLOCKS_MAX);
    TRY(entries_room(writer));
    writer->last_seen = rows < BLOCK_ROWS;
    writer->rows += rows;
    writer->block_count++;
    for (int32_t i = 0; i < writer->spec.column_count; i++)
        TRY(put_column(writer, &writer->columns[i], &columns[i], rows));
    return fault_pass(FAULT_segment_write);
}

/* ---- finish ---- */

static Error *finish_column(SegmentWriter *writer, ColumnState *state)
{
    TRY(pending_store(writer, state, true));
    if (state->dataset < 0)
        TRY(column_dataset(writer, state, true));
    uint32_t null_chunk = rows_a_chunk(writer);
    for (int32_t i = 0; i < writer->block_count; i++)
    {
        IndexEntry *entry = &state->entries[i];
        TRY(h5file_chunk_address(writer->file, state->dataset, (uint64_t) i, state->chunk_size, &entry->address));
        if (entry->null_size > 0)
            TRY(h5file_chunk_address(writer->file, state->null_dataset, (uint64_t) i, null_chunk,
                                     &entry->null_address));
    }
    if (state->null_dataset >= 0)
    {
        TRY(h5file_extend(writer->file, state->null_dataset, (uint64_t) writer->rows));
        TRY(h5file_dataset_close(writer->file, state->null_dataset));
    }
    return h5file_dataset_close(writer->file, state->dataset);
}

static Error *finish_attributes(SegmentWriter *writer)
{
    const SegmentSpec *spec = &writer->spec;
    TRY(h5file_attribute_text(writer->file, -1, "schema", spec->schema_name));
    TRY(h5file_attribute_text(writer->file, -1, "table", spec->table_name));
    TRY(h5file_attribute_int(writer->file, -1, "table_id", spec->table_id));
    TRY(h5file_attribute_int(writer->file, -1, "slice", spec->slice));
    TRY(h5file_attribute_int(writer->file, -1, "rows", writer->rows));
    return h5file_attribute_int(writer->file, -1, "stoa_format", SEGMENT_VERSION);
}

static void write_meta(SegmentWriter *writer, Text *meta)
{
    Arena *arena = writer->arena;
    int32_t count = writer->spec.column_count;
    SegmentMeta all = {arena_strdup(arena, writer->spec.schema_name), arena_strdup(arena, writer->spec.table_name),
                       writer->spec.slice, ARENA_ARRAY(arena, SegmentColumn, count),
                       ARENA_ARRAY(arena, Dictionary, count)};
    for (int32_t i = 0; i < count; i++)
    {
        all.columns[i] = writer->columns[i].column;
        if (writer->columns[i].dictionary != NULL)
            dict_builder_finish(writer->columns[i].dictionary, &all.dictionaries[i]);
    }
    meta_write(meta, &all, count, writer->block_count);
}

static Rep narrowest(SqlType type, const Datum *min, const Datum *max)
{
    Rep own = type_rep(type);
    int64_t low = min->i, high = max->i;
    if (own == REP_I128)
    {
        low = (int64_t) min->i128.lo;
        high = (int64_t) max->i128.lo;
        if (min->i128.hi != (low < 0 ? -1 : 0) || max->i128.hi != (high < 0 ? -1 : 0))
            return REP_I128;
    }
    if (low >= INT8_MIN && high <= INT8_MAX)
        return REP_I8;
    if (low >= INT16_MIN && high <= INT16_MAX)
        return REP_I16;
    return low >= INT32_MIN && high <= INT32_MAX ? REP_I32 : REP_I64;
}

static void report_column(Arena *arena, const SegmentWriter *writer, const ColumnState *state,
                          SegmentColumnReport *report)
{
    SqlType type = state->column.type;
    Rep rep = type_rep(type);
    report->has_range = state->has_range && !state->range_lost;
    report->range_truncated = state->range_cut;
    report->nulls = state->nulls;
    report->bytes = state->bytes;
    report->rep = rep;
    report->distinct = state->distinct;
    int64_t values = writer->rows - state->nulls;
    report->width_avg = rep_size(rep);
    if (rep == REP_STR)
        report->width_avg = values > 0 ? (double) state->length_total / (double) values : 0;
    if (!report->has_range)
    {
        bool empty = values == 0 && rep_is_integer(rep);
        report->rep = empty ? REP_I8 : rep;
        return;
    }
    IndexEntry *range = arena_memdup(arena, &state->range, sizeof state->range);
    layout_range_get(range, type, &report->min, &report->max);
    if (rep_is_integer(rep))
        report->rep = narrowest(type, &report->min, &report->max);
}

static Error *finish_file(SegmentWriter *writer, SegmentReport *report)
{
    int32_t count = writer->spec.column_count;
    for (int32_t i = 0; i < count; i++)
    {
        TRY(finish_column(writer, &writer->columns[i]));
        if (i == count / 2)
            TRY(fault_pass(FAULT_segment_write));
    }
    TRY(finish_attributes(writer));
    Text meta;
    text_init(&meta, writer->arena);
    write_meta(writer, &meta);
    const IndexEntry **entries = ARENA_ARRAY(writer->arena, const IndexEntry *, count);
    for (int32_t i = 0; i < count; i++)
        entries[i] = writer->columns[i].entries;
    SealSpec seal = {.file = writer->file,
                     .temporary_path = writer->temporary_path,
                     .path = writer->path,
                     .directory = writer->spec.directory,
                     .table_id = writer->spec.table_id,
                     .rows = writer->rows,
                     .column_count = count,
                     .block_count = writer->block_count,
                     .entries = entries,
                     .meta = meta.data,
                     .meta_size = meta.length,
                     .sync_later = writer->spec.sync_later};
    return segment_seal(writer->arena, &seal, &report->bytes, report->digest);
}

Error *segment_finish(SegmentWriter *writer, SegmentReport *report)
{
    ASSERT(!writer->ended);
    memset(report, 0, sizeof *report);
    Error *error = finish_file(writer, report);
    if (error != NULL)
    {
        segment_abandon(writer);
        return error;
    }
    writer->ended = true;
    report->rows = writer->rows;
    report->column_count = writer->spec.column_count;
    report->columns = ARENA_ARRAY(writer->arena, SegmentColumnReport, report->column_count);
    for (int32_t i = 0; i < report->column_count; i++)
        report_column(writer->arena, writer, &writer->columns[i], &report->columns[i]);
    return NULL;
}
