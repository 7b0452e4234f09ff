/* SPDX-License-Identifier: Apache-2.0 */
/* Bit-packing kernels and chunks: every instruction set, width, type, encoding and shape of data, there and back. */
#include "base/core/arena.h"
#include "base/data/numeric.h"
#include "base/data/value.h"
#include "hdf5store/chunk_write.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 20260131;

static uint64_t draw(void)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed ^ (seed >> 29);
}

/* ---- kernels ---- */

static uint64_t at_width(const void *array, int32_t i, BitLane lane)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *) array + ((size_t) i << lane), (size_t) 1 << lane);
    return value;
}

static void check_width(const BitKernels *kernels, int width)
{
    static uint8_t lanes[8192], packed[8192 + 8], back[8192], out[8192];
    BitLane lane = bit_lane(width);
    for (int32_t i = 0; i < BITPACK_VALUES; i++)
    {
        uint64_t value = draw() & (UINT64_MAX >> (64 - width));
        memcpy(lanes + ((size_t) i << lane), &value, (size_t) 1 << lane);
    }
    memset(packed, 0xaa, sizeof packed);
    kernels->pack[lane](lanes, width, packed + 1);
    CU_ASSERT_EQUAL(packed[1 + (size_t) width * BITPACK_ROW_BYTES], 0xaa);
    kernels->unpack[width](packed + 1, back);
    CU_ASSERT_EQUAL(memcmp(lanes, back, (size_t) BITPACK_VALUES << lane), 0);
    for (int to = lane; to < BIT_LANE_COUNT; to++)
    {
        kernels->rebase[lane][to](back, (uint64_t) -77, 3, out);
        bool same = true;
        for (int32_t i = 0; i < BITPACK_VALUES; i++)
        {
            uint64_t expected = at_width(lanes, i, lane) * 3 - 77;
            expected &= UINT64_MAX >> (64 - (8 << to));
            same &= at_width(out, i, (BitLane) to) == expected;
        }
        CU_ASSERT(same);
    }
}

static void test_kernels(void)
{
    static const char *const isas[] = {"portable", "avx2", "avx512"};
    for (size_t i = 0; i < 3; i++)
    {
        const BitKernels *kernels = bit_kernels_named(isas[i]);
        if (kernels == NULL)
            continue;
        CU_ASSERT_STRING_EQUAL(kernels->isa, isas[i]);
        for (int width = 1; width <= 64; width++)
            check_width(kernels, width);
    }
    CU_ASSERT_PTR_NULL(bit_kernels_named("abacus"));
    CU_ASSERT_EQUAL(bit_width(0), 0);
    CU_ASSERT_EQUAL(bit_width(255), 8);
    CU_ASSERT_EQUAL(bit_width(UINT64_MAX), 64);
}

/* ---- numbers ---- */

typedef enum Shape
{
    SHAPE_CONSTANT,
    SHAPE_SMALL,
    SHAPE_EXTREME,
    SHAPE_RANDOM,
    SHAPE_SORTED,
    SHAPE_DESCENDING,
    SHAPE_RUNS,
    SHAPE_FEW_WIDE,
    SHAPE_HUNDREDS,
    SHAPE_COUNT
} Shape;

/* A value of `bits` bits with the shape; sign extended. */
static int64_t shaped(Shape shape, int32_t i, int bits)
{
    int64_t least = INT64_MIN >> (64 - bits), greatest = INT64_MAX >> (64 - bits);
    static const uint64_t few[] = {UINT64_C(0x8000000000000000), 12345, UINT64_C(0x7fffffffffffffff), 77777777777};
    switch (shape)
    {
    case SHAPE_CONSTANT:
        return -3;
    case SHAPE_SMALL:
        return (int64_t) (draw() % 7) - 3;
    case SHAPE_EXTREME:
        return draw() % 2 ? least : greatest;
    case SHAPE_RANDOM:
        return (int64_t) draw() >> (64 - bits);
    case SHAPE_SORTED:
        return (int64_t) ((uint64_t) least + (uint64_t) (i / (bits == 8 ? 300 : 3)) % ((uint64_t) 1 << (bits - 1)));
    case SHAPE_DESCENDING:
        return greatest - (i / 700) % greatest;
    case SHAPE_RUNS:
        return (i / 100) * 7919 % 101 - 50;
    case SHAPE_FEW_WIDE:
        return (int64_t) few[draw() % 4] >> (64 - bits);
    default:
        return (int64_t) (draw() % 50) * 100 % greatest;
    }
}

typedef union Cell
{
    int64_t i;
    I128 wide;
    float f32;
    double f64;
    uint8_t bytes[16];
} Cell;

static int64_t wide_high(Shape shape, int64_t low)
{
    return shape == SHAPE_EXTREME || shape == SHAPE_RANDOM ? (int64_t) draw() : low < 0 ? -1 : 0;
}

static void fill_values(SqlType type, Shape shape, int32_t rows, uint8_t *values)
{
    Rep rep = type_rep(type);
    size_t size = (size_t) rep_size(rep);
    for (int32_t i = 0; i < rows; i++)
    {
        Cell cell = {.wide = {0, 0}};
        if (rep == REP_F32)
            cell.f32 = shape == SHAPE_EXTREME ? (draw() % 2 ? -INFINITY : NAN) : (float) shaped(shape, i, 32) / 4;
        else if (rep == REP_F64)
            cell.f64 = shape == SHAPE_EXTREME ? (draw() % 2 ? -0.0 : 1e308) : (double) shaped(shape, i, 64) / 100;
        else
            cell.i = shaped(shape, i, rep == REP_I128 ? 64 : (int) size * 8);
        if (rep == REP_I128)
            cell.wide.hi = wide_high(shape, cell.i);
        memcpy(values + (size_t) i * size, cell.bytes, size);
    }
}

static ChunkView view_of(const ChunkOutput *chunk, void **scratch)
{
    ChunkView view;
    const char *problem = chunk_parse(chunk->bytes, chunk->size, &view);
    CU_ASSERT_PTR_NULL_FATAL(problem);
    *scratch = aligned_alloc(64, chunk_scratch_bytes(&view) + 64 - chunk_scratch_bytes(&view) % 64);
    CU_ASSERT_PTR_NULL_FATAL(chunk_expand(&view, *scratch, NULL));
    return view;
}

static Rep pattern_rep(Rep rep)
{
    return rep == REP_F32 ? REP_I32 : rep == REP_F64 ? REP_I64 : rep;
}

static bool rows_equal(const ChunkInput *input, const ChunkView *view, int32_t from, int32_t count)
{
    static uint8_t out[BLOCK_ROWS * 16 + 16];
    Rep rep = type_rep(input->type);
    size_t size = (size_t) rep_size(rep);
    memset(out + (size_t) count * size, 0x5a, 8);
    chunk_decode(view, from, count, pattern_rep(rep), out);
    bool same = out[(size_t) count * size] == 0x5a; /* nothing beyond */
    for (int32_t i = 0; i < count; i++)
        if (input->nulls == NULL || !input->nulls[from + i])
            same &= memcmp(out + (size_t) i * size, (const uint8_t *) input->values + (size_t) (from + i) * size,
                           size) == 0;
    return same;
}

/* The zone is that of the values that are not null. */
static bool range_equal(const ChunkInput *input, const ChunkOutput *chunk)
{
    Rep rep = type_rep(input->type);
    if (!rep_is_integer(rep) || rep == REP_I128)
        return true;
    int64_t min = INT64_MAX, max = INT64_MIN;
    int32_t nulls = 0;
    for (int32_t i = 0; i < input->rows; i++)
    {
        if (input->nulls != NULL && input->nulls[i])
        {
            nulls++;
            continue;
        }
        const uint8_t *at = (const uint8_t *) input->values + (size_t) i * (size_t) rep_size(rep);
        int64_t value = value_load(input->type, rep, at).i;
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    bool any = nulls < input->rows;
    return chunk->nulls == nulls && chunk->has_range == any && (!any || (chunk->min.i == min && chunk->max.i == max));
}

/* Narrower Reps give the same values where they fit. */
static bool narrow_equal(const ChunkInput *input, const ChunkView *view, const ChunkOutput *chunk)
{
    static int64_t wide[BLOCK_ROWS];
    static int16_t narrow[BLOCK_ROWS];
    if (!chunk->has_range || !rep_is_integer(type_rep(input->type)) || type_rep(input->type) == REP_I128 ||
        chunk->min.i < INT16_MIN || chunk->max.i > INT16_MAX)
        return true;
    chunk_decode(view, 0, input->rows, REP_I64, wide);
    chunk_decode(view, 0, input->rows, REP_I16, narrow);
    bool same = true;
    for (int32_t i = 0; i < input->rows; i++)
        same &= wide[i] == narrow[i] && wide[i] >= chunk->min.i && wide[i] <= chunk->max.i;
    return same;
}

static void round_trip(ChunkWriter *writer, const ChunkInput *input)
{
    ChunkOutput chunk;
    Hll distinct = {{0}};
    CU_ASSERT_PTR_NULL_FATAL(chunk_write(writer, input, &distinct, &chunk));
    void *scratch;
    ChunkView view = view_of(&chunk, &scratch);
    CU_ASSERT(rows_equal(input, &view, 0, input->rows));
    int32_t from = input->rows / 2 / VECTOR_ROWS * VECTOR_ROWS;
    int32_t left = input->rows - from;
    CU_ASSERT(rows_equal(input, &view, from, left < 700 ? left : 700));
    CU_ASSERT(narrow_equal(input, &view, &chunk));
    CU_ASSERT(range_equal(input, &chunk));
    free(scratch);
}

static const int32_t sizes[] = {1, 2, 1023, 1024, 1025, 5000, 65535, 65536};

static void test_numbers(void)
{
    static uint8_t values[BLOCK_ROWS * 16], nulls[BLOCK_ROWS];
    Arena *arena = arena_new("test");
    ChunkWriter *writer = chunk_writer_new(arena);
    SqlType types[] = {type_make(TYPE_BOOLEAN), type_make(TYPE_SMALLINT), type_make(TYPE_INTEGER),
                       type_make(TYPE_BIGINT),  type_make(TYPE_DATE),     type_make(TYPE_TIMESTAMP),
                       type_decimal(15, 2),     type_decimal(38, 10),     type_make(TYPE_REAL),
                       type_make(TYPE_DOUBLE)};
    static const Encoding wishes[] = {ENCODING_AUTO, ENCODING_RAW, ENCODING_FOR,  ENCODING_DELTA,  ENCODING_RLE,
                                      ENCODING_DICT, ENCODING_LZ4, ENCODING_ZSTD, ENCODING_DEFLATE};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            for (int shape = 0; shape < SHAPE_COUNT; shape++)
            {
                fill_values(types[t], (Shape) shape, sizes[s], values);
                for (int32_t i = 0; i < sizes[s]; i++)
                    nulls[i] = draw() % 5 == 0;
                for (size_t w = 0; w < sizeof wishes / sizeof wishes[0]; w++)
                {
                    if (wishes[w] == ENCODING_DEFLATE && sizes[s] > 5000)
                        continue; /* slow, and no different */
                    ChunkInput input = {types[t], wishes[w], values, (w + s) % 2 ? nulls : NULL, sizes[s]};
                    round_trip(writer, &input);
                }
            }
    arena_free(arena);
}

static void test_all_null(void)
{
    static int32_t values[3000];
    static uint8_t nulls[3000];
    memset(nulls, 1, sizeof nulls);
    memset(values, 0xee, sizeof values);
    Arena *arena = arena_new("test");
    ChunkWriter *writer = chunk_writer_new(arena);
    ChunkInput input = {type_make(TYPE_INTEGER), ENCODING_AUTO, values, nulls, 3000};
    ChunkOutput chunk;
    CU_ASSERT_PTR_NULL_FATAL(chunk_write(writer, &input, NULL, &chunk));
    CU_ASSERT_EQUAL(chunk.nulls, 3000);
    CU_ASSERT_FALSE(chunk.has_range);
    CU_ASSERT_EQUAL(chunk.size, sizeof(ChunkHeader));
    arena_free(arena);
}

/* What AUTO makes of typical columns. */
static Encoding chosen(ChunkWriter *writer, Shape shape, size_t *size)
{
    static int64_t values[BLOCK_ROWS];
    for (int32_t i = 0; i < BLOCK_ROWS; i++)
        values[i] = shaped(shape, i, 64);
    ChunkInput input = {type_make(TYPE_BIGINT), ENCODING_AUTO, values, NULL, BLOCK_ROWS};
    ChunkOutput chunk;
    CU_ASSERT_PTR_NULL_FATAL(chunk_write(writer, &input, NULL, &chunk));
    *size = chunk.size;
    return chunk.encoding;
}

static void test_choice(void)
{
    Arena *arena = arena_new("test");
    ChunkWriter *writer = chunk_writer_new(arena);
    size_t size;
    CU_ASSERT_EQUAL(chosen(writer, SHAPE_CONSTANT, &size), ENCODING_CONST);
    CU_ASSERT_EQUAL(size, 64);
    CU_ASSERT_EQUAL(chosen(writer, SHAPE_SMALL, &size), ENCODING_FOR);
    CU_ASSERT_EQUAL(chosen(writer, SHAPE_SORTED, &size), ENCODING_DELTA);
    CU_ASSERT_EQUAL(chosen(writer, SHAPE_RUNS, &size), ENCODING_RLE);
    CU_ASSERT_EQUAL(chosen(writer, SHAPE_FEW_WIDE, &size), ENCODING_DICT);
    CU_ASSERT_EQUAL(chosen(writer, SHAPE_HUNDREDS, &size), ENCODING_FOR);
    CU_ASSERT_EQUAL(size, 64 + 64 * 128 * 6); /* the factor 100 is taken out */
    arena_free(arena);
}

/* ---- strings ---- */

static void fill_strings(int shape, int32_t rows, char *heap, Str *out)
{
    for (int32_t i = 0; i < rows; i++)
    {
        char *at = heap + (size_t) i * 64;
        int length = 0;
        if (shape == 0)
            length = snprintf(at, 64, "same");
        else if (shape == 1)
            length = snprintf(at, 64, "mode %d", (int) (draw() % 7));
        else if (shape == 2)
            length = snprintf(at, 64, "text %llx and more words", (unsigned long long) draw());
        else if (shape == 3)
            length = (int) (draw() % 3); /* "", " ", "  " */
        else
            length = snprintf(at, 64, "%*d", (int) (draw() % 50) + 1, i);
        if (shape == 3)
            memset(at, ' ', 3);
        out[i] = (Str){at, length};
    }
}

static bool strings_equal(const ChunkInput *input, const ChunkView *view)
{
    static Str out[BLOCK_ROWS];
    chunk_decode_str(view, 0, input->rows, out);
    bool same = true;
    for (int32_t i = 0; i < input->rows; i++)
    {
        Str in = ((const Str *) input->values)[i];
        if (input->nulls != NULL && input->nulls[i])
            continue;
        while (input->type.id == TYPE_CHAR && in.len > 0 && in.data[in.len - 1] == ' ')
            in.len--;
        same &= out[i].len == in.len && memcmp(out[i].data, in.data, (size_t) in.len) == 0;
    }
    return same;
}

static void test_strings(void)
{
    static char heap[(size_t) BLOCK_ROWS * 64];
    static Str values[BLOCK_ROWS];
    static uint8_t nulls[BLOCK_ROWS];
    static const Encoding wishes[] = {ENCODING_AUTO, ENCODING_RAW,  ENCODING_DICT,   ENCODING_RLE,
                                      ENCODING_LZ4,  ENCODING_ZSTD, ENCODING_DEFLATE};
    Arena *arena = arena_new("test");
    ChunkWriter *writer = chunk_writer_new(arena);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int shape = 0; shape < 5; shape++)
        {
            fill_strings(shape, sizes[s], heap, values);
            for (int32_t i = 0; i < sizes[s]; i++)
                nulls[i] = draw() % 5 == 0;
            for (size_t w = 0; w < sizeof wishes / sizeof wishes[0]; w++)
            {
                SqlType type = w % 2 ? type_char(64) : type_varchar(64);
                ChunkInput input = {type, wishes[w], values, (w + s) % 2 ? nulls : NULL, sizes[s]};
                ChunkOutput chunk;
                Hll distinct = {{0}};
                CU_ASSERT_PTR_NULL_FATAL(chunk_write(writer, &input, &distinct, &chunk));
                void *scratch;
                ChunkView view = view_of(&chunk, &scratch);
                CU_ASSERT(strings_equal(&input, &view));
                free(scratch);
            }
        }
    arena_free(arena);
}

/* ---- damage ---- */

/* Every single flipped byte is seen, and no chunk cut short is accepted. */
static void test_damage(void)
{
    static int64_t values[2000];
    for (int32_t i = 0; i < 2000; i++)
        values[i] = shaped(SHAPE_SORTED, i, 64);
    Arena *arena = arena_new("test");
    ChunkWriter *writer = chunk_writer_new(arena);
    ChunkInput input = {type_make(TYPE_BIGINT), ENCODING_DELTA, values, NULL, 2000};
    ChunkOutput chunk;
    CU_ASSERT_PTR_NULL_FATAL(chunk_write(writer, &input, NULL, &chunk));
    uint8_t *copy = arena_memdup(arena, chunk.bytes, chunk.size);
    ChunkView view;
    CU_ASSERT_PTR_NULL(chunk_parse(copy, chunk.size, &view));
    for (size_t i = 0; i < chunk.size; i++)
    {
        copy[i] ^= 0x10;
        CU_ASSERT_PTR_NOT_NULL(chunk_parse(copy, chunk.size, &view));
        copy[i] ^= 0x10;
        CU_ASSERT_PTR_NOT_NULL(chunk_parse(copy, i, &view));
    }
    arena_free(arena);
}

static void test_encoding_names(void)
{
    CU_ASSERT_EQUAL(encoding_of_keyword("AZ64"), ENCODING_FOR);
    CU_ASSERT_EQUAL(encoding_of_keyword("text32k"), ENCODING_DICT);
    CU_ASSERT_EQUAL(encoding_of_keyword("lzo"), ENCODING_LZ4);
    CU_ASSERT_EQUAL(encoding_of_keyword("none"), ENCODING_RAW);
    CU_ASSERT_EQUAL(encoding_of_keyword("az65"), ENCODING_AUTO);
    CU_ASSERT_EQUAL(encoding_of_keyword(NULL), ENCODING_AUTO);
    CU_ASSERT_STRING_EQUAL(encoding_name(ENCODING_FOR), "az64");
    CU_ASSERT_STRING_EQUAL(encoding_name((Encoding) 99), "unknown");
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("store: chunks", NULL, NULL);
    CU_add_test(suite, "kernels, every width and instruction set", test_kernels);
    CU_add_test(suite, "numbers, every type, encoding, shape, size", test_numbers);
    CU_add_test(suite, "a block of nulls", test_all_null);
    CU_add_test(suite, "what AUTO chooses", test_choice);
    CU_add_test(suite, "strings, every encoding, shape, size", test_strings);
    CU_add_test(suite, "damage is seen", test_damage);
    CU_add_test(suite, "names of encodings", test_encoding_names);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
