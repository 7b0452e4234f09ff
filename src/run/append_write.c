/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of one slice become blocks of columns:
 *
 *     rows (pointers, in order) -> 65,536 at a time -> arrays of each column -> segment_put_block
 */
#include "src/run/run_append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RIDE_BYTES_MAX (256 << 10) /* of a statement, on a node: all its files ride in the commit record */
#define TILE_ROWS 256 /* rows whose columns are taken apart while they are in the cache */

/* A segment that is being written. */
typedef struct AppendFile
{
    AppendSlice *slice;
    Arena *arena;
    SegmentWriter *writer;
    char *name;
} AppendFile;

/* Columns of one block. */
typedef struct Block
{
    BlockColumn *columns;
    char **values;
    uint8_t **nulls;
    int32_t *widths;
    void *piece;
    size_t bytes;
} Block;

/* ---- directories and files ---- */

/* Makes the slice's directory; several threads may come at once. */
static Error *slice_directory(RtStore *store, Arena *arena, AppendSlice *slice)
{
    Task *task = store->task;
    pthread_mutex_lock(&store->append->lock);
    bool made = slice->directory != NULL;
    pthread_mutex_unlock(&store->append->lock);
    if (made)
        return NULL;
    char *directory;
    TRY(segment_slice_directory(arena, task->env.directory, task->env.database_id, store->append->table->table_id, slice->slice,
                                &directory));
    pthread_mutex_lock(&task->lock);
    directory = arena_strdup(task->arena, directory);
    pthread_mutex_unlock(&task->lock);
    pthread_mutex_lock(&store->append->lock);
    slice->directory = directory;
    pthread_mutex_unlock(&store->append->lock);
    return NULL;
}

static Error *file_open(RtStore *store, AppendFile *file)
{
    const SpecTable *table = store->append->table;
    AppendSlice *slice = file->slice;
    TRY(slice_directory(store, file->arena, slice));
    SegmentColumn *columns = ARENA_ARRAY(file->arena, SegmentColumn, table->column_count);
    for (int32_t i = 0; i < table->column_count; i++)
        columns[i] = (SegmentColumn){table->column_names[i], table->column_ids[i], table->column_types[i], !table->column_not_null[i],
                                     (Encoding) table->column_encodings[i]};
    pthread_mutex_lock(&store->append->lock);
    int32_t number = slice->number++;
    pthread_mutex_unlock(&store->append->lock);
    file->name =
        arena_printf(file->arena, "%llx-%d%s", (unsigned long long) table->file_stamp, number, SEGMENT_NAME_SUFFIX);
    SegmentSpec spec = {
        .directory = slice->directory,
        .file_name = file->name,
        .schema_name = table->schema_name,
        .table_name = table->name,
        .table_id = table->table_id,
        .slice = slice->slice,
        .column_count = table->column_count,
        .columns = columns,
        .sync_later = true,
    };
    return segment_create(file->arena, &spec, &file->writer);
}

/* The report alone outlives the writer, which holds some megabytes. */
static SegmentReport report_copy(Arena *arena, const SpecTable *table, const SegmentReport *report)
{
    SegmentReport copy = *report;
    copy.columns = arena_memdup(arena, report->columns, sizeof *copy.columns * (size_t) report->column_count);
    for (int32_t i = 0; i < copy.column_count; i++)
    {
        SegmentColumnReport *column = &copy.columns[i];
        if (!column->has_range || type_rep(table->column_types[i]) != REP_STR)
            continue;
        column->min.str.data = arena_memdup(arena, column->min.str.data, (size_t) column->min.str.len);
        column->max.str.data = arena_memdup(arena, column->max.str.data, (size_t) column->max.str.len);
    }
    return copy;
}

static void segment_report(RtStore *store, const AppendFile *file, const SegmentReport *report)
{
    Task *task = store->task;
    Arena *arena = arena_new("segment report");
    TaskSegment segment = {.table = store->spec->table,
                           .slice = file->slice->slice,
                           .directory = file->slice->directory,
                           .file = arena_strdup(arena, file->name),
                           .report = report_copy(arena, store->append->table, report),
                           .arena = arena};
    pthread_mutex_lock(&task->lock);
    if (task->segment_count == task->segment_capacity)
    {
        int32_t capacity = task->segment_capacity == 0 ? 16 : task->segment_capacity * 2;
        TaskSegment *more = ARENA_ARRAY(task->arena, TaskSegment, capacity);
        if (task->segment_count > 0)
            memcpy(more, task->segments, sizeof *more * (size_t) task->segment_count);
        task->segments = more;
        task->segment_capacity = capacity;
    }
    task->segments[task->segment_count++] = segment;
    pthread_mutex_unlock(&task->lock);
}

void task_segments_remove(Task *task)
{
    for (int32_t i = 0; i < task->segment_count; i++)
    {
        Arena *arena = arena_new("path");
        unlink(arena_printf(arena, "%s/%s", task->segments[i].directory, task->segments[i].file));
        arena_free(arena);
    }
}

/* ---- columns ---- */

static Error *block_new(RtStore *store, Block *block)
{
    const SpecTable *table = store->append->table;
    int32_t count = table->column_count;
    size_t bytes = 0;
    for (int32_t i = 0; i < count; i++)
        bytes += ((size_t) rep_size(type_rep(table->column_types[i])) + 1) * BLOCK_ROWS;
    size_t heads = (sizeof(BlockColumn) + sizeof(char *) + sizeof(uint8_t *) + sizeof(int32_t)) * (size_t) count;
    TRY(memory_take(store->task->env.memory, bytes + heads + 64, &block->piece, &block->bytes));
    char *at = block->piece;
    block->columns = (BlockColumn *) at;
    at += sizeof(BlockColumn) * (size_t) count;
    block->values = (char **) at;
    at += sizeof(char *) * (size_t) count;
    block->nulls = (uint8_t **) at;
    at += sizeof(uint8_t *) * (size_t) count;
    block->widths = (int32_t *) at;
    at += sizeof(int32_t) * (size_t) count;
    at = (char *) (((uintptr_t) at + 15) & ~(uintptr_t) 15);
    for (int32_t i = 0; i < count; i++)
    {
        block->widths[i] = rep_size(type_rep(table->column_types[i]));
        block->values[i] = at;
        at += (size_t) block->widths[i] * BLOCK_ROWS;
    }
    for (int32_t i = 0; i < count; i++, at += BLOCK_ROWS)
        block->nulls[i] = (uint8_t *) at;
    return NULL;
}

/* A column's values of rows at[0..n) to place `from` of the block. */
static void values_take(const RowField *field, int32_t width, char *const *rows, int32_t n, char *to)
{
    int32_t offset = field->offset;
    Rep rep = (Rep) field->rep;
    if (rep_size(rep) == width)
    {
        switch (width)
        {
        case 1:
            for (int32_t i = 0; i < n; i++)
                to[i] = rows[i][offset];
            return;
        case 2:
            for (int32_t i = 0; i < n; i++)
                ((int16_t *) to)[i] = *(const int16_t *) (rows[i] + offset);
            return;
        case 4:
            for (int32_t i = 0; i < n; i++)
                ((int32_t *) to)[i] = *(const int32_t *) (rows[i] + offset);
            return;
        case 8:
            for (int32_t i = 0; i < n; i++)
                ((int64_t *) to)[i] = *(const int64_t *) (rows[i] + offset);
            return;
        default:
            for (int32_t i = 0; i < n; i++)
                memcpy(to + (size_t) i * (size_t) width, rows[i] + offset, (size_t) width);
            return;
        }
    }
    ASSERT(rep_is_integer(rep) && rep_size(rep) < width); /* narrow integers widen */
    for (int32_t i = 0; i < n; i++)
    {
        const char *at = rows[i] + offset;
        int64_t value = rep == REP_I8    ? *(const int8_t *) at
                        : rep == REP_I16 ? *(const int16_t *) at
                        : rep == REP_I32 ? *(const int32_t *) at
                                         : *(const int64_t *) at;
        if (width == 16)
            ((I128 *) to)[i] = (I128){(uint64_t) value, value >> 63};
        else
            memcpy(to + (size_t) i * (size_t) width, &value, (size_t) width); /* little-endian */
    }
}

static bool nulls_take(const RowField *field, char *const *rows, int32_t n, uint8_t *to)
{
    uint8_t any = 0;
    for (int32_t i = 0; i < n; i++)
        any |= to[i] = rows[i][field->null_offset] != 0;
    return any != 0;
}

static Error *block_put(RtStore *store, AppendFile *file, Block *block, char *const *rows, int32_t n)
{
    const SpecTable *table = store->append->table;
    bool any_null[SEGMENT_COLUMNS_MAX] = {false};
    for (int32_t from = 0; from < n; from += TILE_ROWS)
    {
        int32_t tile = n - from < TILE_ROWS ? n - from : TILE_ROWS;
        for (int32_t c = 0; c < table->column_count; c++)
        {
            const RowField *field = &store->layout->fields[c];
            values_take(field, block->widths[c], rows + from, tile,
                        block->values[c] + (size_t) from * (size_t) block->widths[c]);
            if (field->null_offset >= 0)
                any_null[c] |= nulls_take(field, rows + from, tile, block->nulls[c] + from);
        }
    }
    for (int32_t c = 0; c < table->column_count; c++)
    {
        if (any_null[c] && table->column_not_null[c])
            return error_new(SQLSTATE_NOT_NULL_VIOLATION,
                             "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
                             table->column_names[c], table->name);
        block->columns[c] = (BlockColumn){block->values[c], any_null[c] ? block->nulls[c] : NULL};
    }
    return segment_put_block(file->writer, block->columns, n);
}

/* ---- piles ---- */

/* Pointers to a bag's rows, in the order of the sort key if there is one. */
static Error *rows_order(RtStore *store, const RowBag *bag, SortEntry *entries, char **rows)
{
    const SpecTable *table = store->append->table;
    SortKey keys[64];
    int32_t key_count = table->sort_count < 64 ? table->sort_count : 64;
    for (int32_t i = 0; i < key_count; i++)
        keys[i] = (SortKey){.field = table->sort_columns[i]}; /* ascending, nulls last */
    RowChunk *chunk = bag->first;
    int32_t at = 0, n;
    int64_t count = 0;
    for (const char *row; (row = bag_run(&chunk, &at, store->stride, INT32_MAX, &n)) != NULL;)
        for (int32_t i = 0; i < n; i++, row += store->stride)
        {
            if (key_count > 0)
                entries[count] = (SortEntry){sort_prefix(store->layout, &keys[0], row), (char *) (uintptr_t) row};
            else
                rows[count] = (char *) (uintptr_t) row;
            count++;
        }
    if (key_count == 0)
        return NULL;
    SortOrder order;
    sort_order_init(&order, store->layout, keys, key_count);
    sort_entries(&order, entries, count);
    for (int64_t i = 0; i < count; i++)
        rows[i] = entries[i].row;
    return task_check(store->task);
}

static Error *rows_write(RtStore *store, AppendFile *file, Block *block, char *const *rows, int64_t count)
{
    TRY(file_open(store, file));
    for (int64_t at = 0; at < count; at += BLOCK_ROWS)
    {
        TRY(task_check(store->task));
        int32_t n = count - at < BLOCK_ROWS ? (int32_t) (count - at) : BLOCK_ROWS;
        TRY(block_put(store, file, block, rows + at, n));
    }
    SegmentReport report;
    SegmentWriter *writer = file->writer;
    file->writer = NULL;
    TRY(segment_finish(writer, &report));
    segment_report(store, file, &report);
    return NULL;
}

Error *append_write(RtStore *store, AppendSlice *slice, const RowBag *pile)
{
    ASSERT(pile->rows > 0);
    MemoryPool *memory = store->task->env.memory;
    bool sorted = store->append->table->sort_count > 0;
    size_t bytes;
    void *piece;
    TRY(memory_take(memory, (size_t) pile->rows * (sizeof(char *) + (sorted ? sizeof(SortEntry) : 0)), &piece, &bytes));
    SortEntry *entries = piece;
    char **rows = sorted ? (char **) (entries + pile->rows) : piece;
    Block block = {.piece = NULL};
    AppendFile file = {.slice = slice, .arena = arena_new("segment writer")};
    Error *error = rows_order(store, pile, entries, rows);
    if (error == NULL)
        error = block_new(store, &block);
    if (error == NULL)
        error = rows_write(store, &file, &block, rows, pile->rows);
    if (file.writer != NULL)
        segment_abandon(file.writer);
    arena_free(file.arena);
    memory_give(memory, block.piece, block.bytes);
    memory_give(memory, piece, bytes);
    return error;
}

/* ---- durable ---- */

static bool of_store(const RtStore *store, const TaskSegment *segment)
{
    return segment->table == store->spec->table;
}

static Error *segment_durable(void *context, int32_t i)
{
    RtStore *store = context;
    const TaskSegment *segment = &store->task->segments[i];
    return of_store(store, segment) ? segment_sync(segment->directory, segment->file) : NULL;
}

static Error *slice_durable(void *context, int32_t i)
{
    RtStore *store = context;
    const AppendSlice *slice = &store->append->slices[store->append->mine[i]];
    return slice->number > 0 ? segment_sync_directory(slice->directory) : NULL;
}

static Error *segment_ride(void *context, int32_t i)
{
    RtStore *store = context;
    TaskSegment *segment = &store->task->segments[i];
    if (!of_store(store, segment))
        return NULL;
    return segment_image(segment->arena, segment->directory, segment->file, segment->report.bytes, &segment->image);
}

static bool may_ride(const RtStore *store)
{
    const Task *task = store->task;
    int64_t bytes = 0;
    for (int32_t i = 0; i < task->segment_count; i++)
        bytes += of_store(store, &task->segments[i]) ? task->segments[i].report.bytes : 0;
    return store->append->table->rides && bytes <= RIDE_BYTES_MAX;
}

Error *append_sync(RtStore *store)
{
    Task *task = store->task;
    if (task->segment_count == 0)
        return NULL;
    if (may_ride(store))
        return task_parts(task, task->segment_count, INT64_MAX, segment_ride, store);
    TRY(task_parts(task, task->segment_count, INT64_MAX, segment_durable, store));
    return task_parts(task, store->append->mine_count, INT64_MAX, slice_durable, store);
}
