/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample DIRECTORY ROWS: writes DIRECTORY/sample.h5 with every type, whose values follow from the row number;
 * tests/store/run computes the same values and reads the file with other programs.
 */
#include "base/core/arena.h"
#include "base/data/encode.h"
#include "base/data/numeric.h"
#include "hdf5store/segment.h"
#include "hdf5store/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 6000

enum
{
    FLAG,
    SMALL,
    NUMBER,
    KEY,
    PRICE,
    WIDE,
    REAL,
    RATIO,
    DAY,
    MOMENT,
    MODE,
    NOTE,
    LONG,
    COLUMN_COUNT
};

static const char *const modes[] = {"AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"};

typedef struct Sample
{
    void *values[COLUMN_COUNT];
    uint8_t *nulls;
    char *text;
} Sample;

static void fill_row(Sample *sample, int32_t i, int64_t row)
{
    ((int8_t *) sample->values[FLAG])[i] = row % 3 == 0;
    ((int16_t *) sample->values[SMALL])[i] = (int16_t) (row * 7919 % 65536 - 32768);
    ((int32_t *) sample->values[NUMBER])[i] = (int32_t) (row / 100 * 1000);
    ((int64_t *) sample->values[KEY])[i] = row * 4 / 3 + 1;
    ((int64_t *) sample->values[PRICE])[i] = row * 104729 % 1000000 - 5000;
    ((I128 *) sample->values[WIDE])[i] = i128_put((int128) row * row * INT64_MAX * (row % 2 ? 1 : -1));
    ((float *) sample->values[REAL])[i] = (float) row / 4;
    ((double *) sample->values[RATIO])[i] = (double) (row * 7919 % 100003) / 7;
    ((int32_t *) sample->values[DAY])[i] = (int32_t) (row / 500 - 2000);
    ((int64_t *) sample->values[MOMENT])[i] = row * 1000000 - 5;
    const char *mode = modes[row * 11 % 7];
    ((Str *) sample->values[MODE])[i] = (Str){mode, (int64_t) strlen(mode)};
    char *note = sample->text + (size_t) i * 64;
    int length = snprintf(note, 64, "n\xc3\xb6te %lld", (long long) (row * 77777 % 1000003));
    ((Str *) sample->values[NOTE])[i] = (Str){note, length};
    ((Str *) sample->values[LONG])[i] = (Str){sample->text, row % 10000 == 7 ? TEXT_SIZE : row % 5};
    sample->nulls[i] = row % 11 == 0;
}

static Error *write_blocks(SegmentWriter *writer, Sample *sample, int64_t rows)
{
    BlockColumn columns[COLUMN_COUNT];
    for (int32_t i = 0; i < COLUMN_COUNT; i++)
        columns[i] = (BlockColumn){sample->values[i], i == KEY || i == LONG ? NULL : sample->nulls};
    for (int64_t first = 0; first < rows; first += BLOCK_ROWS)
    {
        int32_t count = rows - first < BLOCK_ROWS ? (int32_t) (rows - first) : BLOCK_ROWS;
        for (int32_t i = 0; i < count; i++)
            fill_row(sample, i, first + i);
        TRY(segment_put_block(writer, columns, count));
    }
    return NULL;
}

/* wish NULL: each column its own; a word of ENCODE: all columns that it is for. */
static Error *write_sample(Arena *arena, const char *directory, int64_t rows, const char *wish)
{
    SegmentColumn columns[COLUMN_COUNT] = {
        {"flag", 1, type_make(TYPE_BOOLEAN), true, ENCODING_AUTO},
        {"small", 2, type_make(TYPE_SMALLINT), true, ENCODING_AUTO},
        {"number", 3, type_make(TYPE_INTEGER), true, ENCODING_RLE},
        {"key", 4, type_make(TYPE_BIGINT), false, ENCODING_DELTA},
        {"price", 5, type_decimal(12, 2), true, ENCODING_ZSTD},
        {"wide", 6, type_decimal(38, 4), true, ENCODING_AUTO},
        {"real", 7, type_make(TYPE_REAL), true, ENCODING_AUTO},
        {"ratio", 8, type_make(TYPE_DOUBLE), true, ENCODING_AUTO},
        {"day", 9, type_make(TYPE_DATE), true, ENCODING_DICT},
        {"moment", 10, type_make(TYPE_TIMESTAMP), true, ENCODING_LZ4},
        {"mo.de", 11, type_char(10), true, ENCODING_AUTO},
        {"note", 12, type_varchar(100), true, ENCODING_AUTO},
        {"long", 13, type_varchar(VARCHAR_LENGTH_MAX), false, ENCODING_AUTO},
    };
    for (int32_t i = 0; i < COLUMN_COUNT && wish != NULL; i++)
    {
        Encode encode;
        Error *unfit = encode_parse(wish, columns[i].type, &encode);
        columns[i].encoding = unfit == NULL ? encoding_of_keyword(wish) : ENCODING_AUTO;
        error_free(unfit);
    }
    SegmentSpec spec = {.directory = directory, .file_name = "sample.h5", .schema_name = "public", .table_name = "sample",
                        .table_id = 1000, .slice = 2, .column_count = COLUMN_COUNT, .columns = columns};
    SegmentWriter *writer = NULL;
    TRY(segment_create(arena, &spec, &writer));
    Sample sample = {.nulls = arena_alloc(arena, BLOCK_ROWS), .text = arena_alloc(arena, (size_t) BLOCK_ROWS * 64)};
    memset(sample.text, '.', TEXT_SIZE);
    for (int32_t i = 0; i < COLUMN_COUNT; i++)
        sample.values[i] = arena_alloc(arena, BLOCK_ROWS * sizeof(I128));
    TRY(write_blocks(writer, &sample, rows));
    SegmentReport report;
    TRY(segment_finish(writer, &report));
    SegmentRef ref = {arena_printf(arena, "%s/sample.h5", directory), "sample", report.bytes, report.digest};
    return segment_verify(&ref);
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4)
    {
        fprintf(stderr, "usage: sample DIRECTORY ROWS [ENCODE]\n");
        return 2;
    }
    segment_start();
    Arena *arena = arena_new("sample");
    Error *error = write_sample(arena, argv[1], strtoll(argv[2], NULL, 10), argv[3]);
    if (error != NULL)
        fprintf(stderr, "%s\n%s\n", error->message, error->detail != NULL ? error->detail : "");
    arena_free(arena);
    return error == NULL ? 0 : 1;
}
