/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of the suite's own, and segments of a table whose every value follows from its row number. */
#ifndef TESTS_UNIT_STORE_CASE_H
#define TESTS_UNIT_STORE_CASE_H

#include "base/core/arena.h"
#include "base/core/fault.h"
#include "base/data/numeric.h"
#include "base/data/value.h"
#include "hdf5store/block_cache.h"
#include "hdf5store/scan.h"
#include "hdf5store/segment.h"
#include "hdf5store/verify.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCKS_KEPT (1024 * 1024)

static char folder[] = "/tmp/stoa_test_store_XXXXXX";

/* ---- a table whose every value follows from its row number ---- */

enum
{
    COLUMN_FLAG,
    COLUMN_SMALL,
    COLUMN_KEY,
    COLUMN_PRICE,
    COLUMN_WIDE,
    COLUMN_DAY,
    COLUMN_RATIO,
    COLUMN_MODE,
    COLUMN_NOTE,
    COLUMN_COUNT
};

static inline void table_columns(SegmentColumn *columns)
{
    const SqlType types[COLUMN_COUNT] = {
        type_make(TYPE_BOOLEAN), type_make(TYPE_SMALLINT), type_make(TYPE_BIGINT), type_decimal(12, 2),
        type_decimal(38, 4),     type_make(TYPE_DATE),     type_make(TYPE_DOUBLE), type_char(10),
        type_varchar(100)};
    static const char *const names[] = {"flag", "small", "key", "price", "wi/de", "day", "ratio", "mode", "note"};
    for (int32_t i = 0; i < COLUMN_COUNT; i++)
        columns[i] = (SegmentColumn){names[i], i + 1, types[i], i != COLUMN_KEY, ENCODING_AUTO};
}

static const char *const modes[] = {"AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"};

static inline bool row_is_null(int32_t column, int64_t row)
{
    return column != COLUMN_KEY && (row * 31 + column) % 13 == 0;
}

static inline Datum row_value(int32_t column, int64_t row, char *text)
{
    Datum value = {.i = 0};
    switch (column)
    {
    case COLUMN_FLAG:
        value.i = row % 3 == 0;
        break;
    case COLUMN_SMALL:
        value.i = row * 7919 % 65536 - 32768;
        break;
    case COLUMN_KEY:
        value.i = row * 4 / 3 + 1;
        break;
    case COLUMN_PRICE:
        value.i = row * 104729 % 1000000 - 5000;
        break;
    case COLUMN_WIDE:
        value.i128 = i128_put((int128) row * row * INT64_MAX * (row % 2 ? 1 : -1));
        break;
    case COLUMN_DAY:
        value.i = -2000 + row / 500;
        break;
    case COLUMN_RATIO:
        value.f = (double) (row % 1000) / 7;
        break;
    case COLUMN_MODE:
        value.str = (Str){modes[row * 11 % 7], (int64_t) strlen(modes[row * 11 % 7])};
        break;
    default:
        value.str.len = snprintf(text, 64, "note %" PRId64 " %.*s", row * 77777 % 1000003, (int) (row % 30),
                                 "about regular packages and deposits");
        value.str.data = text;
        break;
    }
    return value;
}

/* One block of one column, filled. */
typedef struct TestBlock
{
    uint8_t *values;
    uint8_t *nulls;
    char *texts;
} TestBlock;

static inline void block_fill(const SegmentColumn *column, int32_t number, int64_t first, int32_t rows, TestBlock *block)
{
    Rep rep = type_rep(column->type);
    for (int32_t i = 0; i < rows; i++)
    {
        Datum value = row_value(number, first + i, block->texts + (size_t) i * 64);
        block->nulls[i] = row_is_null(number, first + i);
        value_store(column->type, rep, &value, block->values + (size_t) i * (size_t) rep_size(rep));
    }
}

static inline Error *write_table(Arena *arena, const char *file_name, int64_t rows, SegmentReport *report)
{
    SegmentColumn columns[COLUMN_COUNT];
    table_columns(columns);
    SegmentSpec spec = {.directory = folder, .file_name = file_name, .schema_name = "public", .table_name = "things",
                        .table_id = 42, .slice = 3, .column_count = COLUMN_COUNT, .columns = columns};
    SegmentWriter *writer = NULL;
    TRY(segment_create(arena, &spec, &writer));
    BlockColumn input[COLUMN_COUNT];
    TestBlock blocks[COLUMN_COUNT];
    for (int32_t i = 0; i < COLUMN_COUNT; i++)
    {
        blocks[i] = (TestBlock){arena_alloc(arena, BLOCK_ROWS * 16), arena_alloc(arena, BLOCK_ROWS),
                                arena_alloc(arena, i == COLUMN_NOTE ? (size_t) BLOCK_ROWS * 64 : 64)};
        input[i] = (BlockColumn){blocks[i].values, i == COLUMN_KEY ? NULL : blocks[i].nulls};
    }
    for (int64_t first = 0; first < rows; first += BLOCK_ROWS)
    {
        int32_t count = rows - first < BLOCK_ROWS ? (int32_t) (rows - first) : BLOCK_ROWS;
        for (int32_t i = 0; i < COLUMN_COUNT; i++)
        {
            TestBlock block = blocks[i];
            if (i != COLUMN_NOTE)
            {
                char scratch[64];
                block.texts = scratch;
                for (int32_t row = 0; row < count; row++)
                {
                    TestBlock one = {block.values + (size_t) row * (size_t) rep_size(type_rep(columns[i].type)),
                                     block.nulls + row, scratch};
                    block_fill(&columns[i], i, first + row, 1, &one);
                }
                continue;
            }
            block_fill(&columns[i], i, first, count, &block);
        }
        TRY(segment_put_block(writer, input, count));
    }
    return segment_finish(writer, report);
}

static inline char *path_of(Arena *arena, const char *file_name)
{
    return arena_printf(arena, "%s/%s", folder, file_name);
}

static inline bool values_equal(SqlType type, const Datum *a, const Datum *b)
{
    Rep rep = type_rep(type);
    if (rep == REP_STR)
        return a->str.len == b->str.len && memcmp(a->str.data, b->str.data, (size_t) a->str.len) == 0;
    if (rep == REP_I128)
        return a->i128.lo == b->i128.lo && a->i128.hi == b->i128.hi;
    return a->i == b->i; /* floats by their bits */
}

/* Compares a block with what was written; returns the number of wrong rows, or -1 for an error (given back). */
static inline int64_t block_compare(BlockReader *reader, Segment *segment, int32_t column, int32_t block, Error **error)
{
    static uint8_t values[BLOCK_ROWS * 16], nulls[BLOCK_ROWS];
    *error = block_load(reader, column, segment, column, block);
    if (*error != NULL)
        return -1;
    SqlType type = segment_column(segment, column)->type;
    Rep rep = type_rep(type);
    int32_t rows = segment_block_rows(segment, block);
    if (rep == REP_STR)
        block_decode_str(reader, column, 0, rows, (Str *) (void *) values);
    else
        block_decode(reader, column, 0, rows, rep, values);
    (void) block_nulls(reader, column, 0, rows, nulls);
    int64_t wrong = 0;
    for (int32_t i = 0; i < rows; i++)
    {
        char text[64];
        int64_t row = (int64_t) block * BLOCK_ROWS + i;
        Datum expected = row_value(column, row, text);
        Datum found = value_load(type, rep, values + (size_t) i * (size_t) rep_size(rep));
        bool null = row_is_null(column, row);
        wrong += nulls[i] != null || (!null && !values_equal(type, &expected, &found));
    }
    return wrong;
}

/* XX001 naming table and file. */
static inline bool is_damage(const Error *error, const SegmentRef *ref)
{
    return error != NULL && error->state == SQLSTATE_DATA_CORRUPTED && strstr(error->message, ref->path) != NULL &&
           strstr(error->message, ref->table_name) != NULL && error->detail != NULL;
}

static inline int folder_make(void)
{
    segment_start();
    return mkdtemp(folder) == NULL;
}

static inline int folder_remove(void)
{
    int32_t removed = 0;
    Error *error = segment_orphans_remove(folder, NULL, 0, &removed);
    int failed = error != NULL || rmdir(folder) != 0;
    error_free(error);
    return failed;
}

#endif
