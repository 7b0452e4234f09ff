/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The speed of each encoding: a table of blocks made and expanded, one line a kind of values and an ENCODE word.
 *
 *     | values | encode | stored as | bits a row | write GB/s | read GB/s |
 *
 * GB are of the values as they stand in memory (a string's: its bytes).  The best of some rounds.
 */
#include "base/core/trace.h"
#include "base/data/encode.h"
#include "hdf5store/chunk_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 9

typedef struct Shape
{
    const char *name;
    SqlType type;
    int64_t (*value)(int64_t row);
} Shape;

static uint64_t mixed(int64_t row)
{
    uint64_t x = (uint64_t) row * UINT64_C(0x9e3779b97f4a7c15);
    return (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 8;
}

static int64_t of_rising(int64_t row)
{
    return row * 4 + (int64_t) (mixed(row) % 4);
}

static int64_t of_small(int64_t row)
{
    return (int64_t) (mixed(row) % 100);
}

static int64_t of_runs(int64_t row)
{
    return (int64_t) (mixed(row / 100) % 1000);
}

static int64_t of_few_wide(int64_t row)
{
    return (int64_t) mixed((int64_t) (mixed(row) % 200));
}

static int64_t of_wide(int64_t row)
{
    return (int64_t) mixed(row);
}

/* Text k of a column: `distinct` of them. */
static void strings_fill(Str *strings, char *heap, int64_t distinct)
{
    for (int64_t i = 0; i < BLOCK_ROWS; i++)
    {
        char *at = heap + i * 64;
        int length = snprintf(at, 64, "order %llu of the %lldth", (unsigned long long) (mixed(i) % (uint64_t) distinct),
                              (long long) (i % distinct % 28));
        strings[i] = (Str){at, length};
    }
}

static double seconds(int64_t us)
{
    return (double) (us > 0 ? us : 1) / 1e6;
}

static void decode_all(const ChunkView *view, SqlType type, void *out)
{
    for (int32_t from = 0; from < BLOCK_ROWS; from += VECTOR_ROWS)
        if (type_is_string(type))
            chunk_decode_str(view, from, VECTOR_ROWS, out);
        else
            chunk_decode(view, from, VECTOR_ROWS, type_rep(type), out);
}

/* Reading is what a scan does with a block it has not kept: check, expand, decode vector by vector. */
static int64_t read_us(const ChunkOutput *chunk, SqlType type, const char **wrong)
{
    static char out[VECTOR_ROWS * sizeof(Str)];
    ChunkView view;
    int64_t start = clock_us();
    *wrong = chunk_parse(chunk->bytes, chunk->size, &view);
    if (*wrong != NULL)
        return 0;
    void *scratch = aligned_alloc(64, (chunk_scratch_bytes(&view) + 127) & ~(size_t) 63);
    *wrong = scratch == NULL ? "no memory" : chunk_expand(&view, scratch, NULL);
    if (*wrong == NULL)
        decode_all(&view, type, out);
    int64_t us = clock_us() - start;
    free(scratch);
    return us;
}

/* False: it went wrong, or a block of that type cannot be asked for so. */
static bool measure(const char *name, SqlType type, const void *values, int64_t bytes, Encode encode)
{
    Encode known;
    Error *error = encode_parse(encode_keyword(encode), type, &known);
    if (error != NULL)
    {
        error_free(error);
        return true;
    }
    Arena *arena = arena_new("encode");
    ChunkWriter *writer = chunk_writer_new(arena);
    ChunkInput input = {type, encoding_of_keyword(encode_keyword(encode)), values, NULL, BLOCK_ROWS};
    ChunkOutput chunk;
    const char *wrong = NULL;
    int64_t write_us = INT64_MAX, best_us = INT64_MAX;
    for (int i = 0; i < ROUNDS && wrong == NULL && error == NULL; i++)
    {
        Hll distinct = {{0}};
        int64_t start = clock_us();
        error = chunk_write(writer, &input, &distinct, &chunk);
        int64_t us = clock_us() - start;
        write_us = us < write_us ? us : write_us;
        us = error != NULL ? 0 : read_us(&chunk, type, &wrong);
        best_us = us < best_us ? us : best_us;
    }
    if (error == NULL && wrong == NULL)
        printf("| %s | %s | %s | %.1f | %.2f | %.2f |\n", name, encode_keyword(encode), encoding_name(chunk.encoding),
               (double) chunk.size * 8 / BLOCK_ROWS, (double) bytes / seconds(write_us) / 1e9, (double) bytes / seconds(best_us) / 1e9);
    else
        fprintf(stderr, "%s %s: %s\n", name, encode_keyword(encode), error != NULL ? error->message : wrong);
    bool well = error == NULL && wrong == NULL;
    error_free(error);
    arena_free(arena);
    return well;
}

static bool measure_numbers(void)
{
    const Shape shapes[] = {{"rising bigint", {.id = TYPE_BIGINT}, of_rising},     {"bigint 0..99", {.id = TYPE_BIGINT}, of_small},
                            {"bigint, runs of 100", {.id = TYPE_BIGINT}, of_runs}, {"200 wide bigints", {.id = TYPE_BIGINT}, of_few_wide},
                            {"any bigint", {.id = TYPE_BIGINT}, of_wide}};
    static int64_t values[BLOCK_ROWS];
    bool well = true;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    {
        for (int64_t i = 0; i < BLOCK_ROWS; i++)
            values[i] = shapes[s].value(i);
        for (int32_t e = 0; e < ENCODE_COUNT; e++)
            well &= measure(shapes[s].name, shapes[s].type, values, sizeof values, (Encode) e);
    }
    return well;
}

static bool measure_strings(void)
{
    static Str strings[BLOCK_ROWS];
    static char heap[BLOCK_ROWS * 64];
    const int64_t distinct[] = {50, 5000, 1000000};
    bool well = true;
    for (size_t d = 0; d < sizeof distinct / sizeof *distinct; d++)
    {
        char name[64];
        int64_t bytes = 0;
        snprintf(name, sizeof name, "varchar, %lld distinct", (long long) distinct[d]);
        strings_fill(strings, heap, distinct[d]);
        for (int32_t i = 0; i < BLOCK_ROWS; i++)
            bytes += strings[i].len;
        for (int32_t e = 0; e < ENCODE_COUNT; e++)
            well &= measure(name, type_varchar(100), strings, bytes, (Encode) e);
    }
    return well;
}

int main(void)
{
    printf("| values | encode | stored as | bits a row | write GB/s | read GB/s |\n|---|---|---|---:|---:|---:|\n");
    bool numbers = measure_numbers();
    return measure_strings() && numbers ? 0 : 1;
}
