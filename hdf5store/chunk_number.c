/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers into chunks.  A block is brought to int64 (floats: their bits), with the null rows given their
 * left neighbour's value, so that they widen neither range nor differences nor runs.  One look at it gives
 * the size each encoding would need; the smallest wins, with a handicap for what is slower to decode.
 */
#include "base/core/assert.h"
#include "base/data/hash.h"
#include "base/data/numeric.h"
#include "hdf5store/chunk_writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RLE_RUN_MIN 16 /* mean run from which runs decode as fast as packed values */
/* A slower decoder must save this much (percent of FOR's size) to be chosen. */
#define DELTA_PERCENT 75
#define DICT_PERCENT  85
#define ZSTD_PERCENT  80

/* What one look at a block tells. */
typedef struct Look
{
    int64_t min;
    int64_t max;
    int64_t delta_min;
    int64_t delta_max;
    uint64_t factor;
    int64_t runs;
    int64_t run_max;
} Look;

/* ---- bringing in ---- */

/* Null rows get the value before them, leading ones the first there is.  False: all are null. */
static bool fill_nulls(int64_t *numbers, const uint8_t *nulls, int32_t rows)
{
    int32_t first = 0;
    while (first < rows && nulls[first])
        first++;
    if (first == rows)
    {
        memset(numbers, 0, (size_t) rows * sizeof *numbers);
        return false;
    }
    for (int32_t i = 0; i < first; i++)
        numbers[i] = numbers[first];
    for (int32_t i = first + 1; i < rows; i++)
        if (nulls[i])
            numbers[i] = numbers[i - 1];
    return true;
}

#define BRING(Type)                                                                                                    \
    for (int32_t i = 0; i < input->rows; i++)                                                                          \
    numbers[i] = ((const Type *) input->values)[i]

/* I128: false if some value needs more than 64 bits. */
static bool bring_i128(const ChunkInput *input, int64_t *numbers)
{
    const I128 *values = input->values;
    bool fits = true;
    for (int32_t i = 0; i < input->rows; i++)
    {
        bool null = input->nulls != NULL && input->nulls[i];
        numbers[i] = (int64_t) values[i].lo;
        fits &= null || values[i].hi == (numbers[i] < 0 ? -1 : 0);
    }
    return fits;
}

static bool bring(ChunkKind kind, const ChunkInput *input, int64_t *numbers)
{
    switch (kind)
    {
    case CHUNK_I8:
        BRING(int8_t);
        break;
    case CHUNK_I16:
        BRING(int16_t);
        break;
    case CHUNK_I32:
    case CHUNK_F32:
        BRING(int32_t);
        break;
    case CHUNK_I128:
        return bring_i128(input, numbers);
    default:
        memcpy(numbers, input->values, (size_t) input->rows * sizeof *numbers);
        break;
    }
    return true;
}

/* ---- range, for the zone map ---- */

static void range_floats(ChunkKind kind, const ChunkInput *input, ChunkOutput *output)
{
    double min = INFINITY, max = -INFINITY;
    bool any = false, nan = false;
    for (int32_t i = 0; i < input->rows; i++)
    {
        if (input->nulls != NULL && input->nulls[i])
            continue;
        double value = kind == CHUNK_F32 ? ((const float *) input->values)[i] : ((const double *) input->values)[i];
        any = true;
        nan |= isnan(value) != 0;
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    output->has_range = any && !nan;
    output->min.f = output->has_range ? min : 0;
    output->max.f = output->has_range ? max : 0;
}

static void range_i128(const ChunkInput *input, ChunkOutput *output)
{
    const I128 *values = input->values;
    for (int32_t i = 0; i < input->rows; i++)
    {
        if (input->nulls != NULL && input->nulls[i])
            continue;
        int128 value = i128_get(values[i]);
        if (!output->has_range || value < i128_get(output->min.i128))
            output->min.i128 = values[i];
        if (!output->has_range || value > i128_get(output->max.i128))
            output->max.i128 = values[i];
        output->has_range = true;
    }
}

/* ---- looking ---- */

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0)
    {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Common factor of value - min.  Most columns have none, which the first few values show. */
static uint64_t common_factor(const int64_t *numbers, int32_t rows, int64_t min)
{
    uint64_t factor = 0;
    for (int32_t i = 0; i < rows; i++)
    {
        uint64_t residual = (uint64_t) numbers[i] - (uint64_t) min;
        if (factor == 0 || residual % factor != 0)
            factor = gcd(residual, factor);
        if (factor == 1)
            break;
    }
    return factor == 0 ? 1 : factor;
}

static Look look_at(const int64_t *numbers, int32_t rows)
{
    Look look = {numbers[0], numbers[0], INT64_MAX, INT64_MIN, 1, 1, 1};
    int64_t run = 1;
    for (int32_t i = 1; i < rows; i++)
    {
        int64_t value = numbers[i];
        look.min = value < look.min ? value : look.min;
        look.max = value > look.max ? value : look.max;
        /* wraps around; decoding wraps back */
        int64_t delta = (int64_t) ((uint64_t) value - (uint64_t) numbers[i - 1]);
        look.delta_min = delta < look.delta_min ? delta : look.delta_min;
        look.delta_max = delta > look.delta_max ? delta : look.delta_max;
        if (delta == 0)
            run++;
        else
        {
            look.run_max = run > look.run_max ? run : look.run_max;
            look.runs++;
            run = 1;
        }
    }
    look.run_max = run > look.run_max ? run : look.run_max;
    look.factor = common_factor(numbers, rows, look.min);
    if (rows == 1)
        look.delta_min = look.delta_max = 0;
    return look;
}

static int width_for(const Look *look)
{
    return bit_width(((uint64_t) look->max - (uint64_t) look->min) / look->factor);
}

static int width_delta(const Look *look)
{
    return bit_width((uint64_t) look->delta_max - (uint64_t) look->delta_min);
}

static size_t vectors(int64_t rows)
{
    return (size_t) (rows + VECTOR_ROWS - 1) / VECTOR_ROWS;
}

static size_t size_for(const Look *look, int32_t rows)
{
    return bit_packed_bytes((size_t) rows, width_for(look));
}

static size_t size_delta(const Look *look, int32_t rows)
{
    return bit_packed_bytes((size_t) rows, width_delta(look)) + vectors(rows) * sizeof(int64_t);
}

static size_t size_rle(const Look *look)
{
    return bit_packed_bytes((size_t) look->runs, width_for(look)) +
           bit_packed_bytes((size_t) look->runs, bit_width((uint64_t) look->run_max - 1));
}

/* ---- dictionary ---- */

/* Entry of `value`, added if new; -1 when there are `limit` already. */
static int32_t entry_find(ChunkWriter *writer, uint32_t mask, int64_t value, int32_t *count, int32_t limit)
{
    for (uint32_t slot = (uint32_t) hash_u64((uint64_t) value) & mask;; slot = (slot + 1) & mask)
    {
        uint32_t entry = writer->slots[slot];
        if (entry == 0)
        {
            if (*count == limit)
                return -1;
            writer->number_entries[*count] = value;
            writer->slots[slot] = (uint32_t)++ * count;
            return *count - 1;
        }
        if (writer->number_entries[entry - 1] == value)
            return (int32_t) entry - 1;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

static bool sample_repeats(ChunkWriter *writer, int32_t rows)
{
    if (rows < 2 * CHUNK_SAMPLE_ROWS)
        return true;
    uint32_t mask = chunk_slots_clear(writer, CHUNK_SAMPLE_ROWS);
    int32_t count = 0;
    for (int32_t i = 0; i < CHUNK_SAMPLE_ROWS; i++)
        if (entry_find(writer, mask, writer->numbers[(int64_t) i * rows / CHUNK_SAMPLE_ROWS], &count,
                       CHUNK_SAMPLE_ROWS / 2) < 0)
            return false;
    return true;
}

/* Number of distinct values with number_entries sorted and codes set; -1: too many. */
static int32_t dict_build(ChunkWriter *writer, int32_t rows)
{
    uint32_t mask = chunk_slots_clear(writer, CHUNK_ENTRIES_NUMBERS);
    int32_t count = 0;
    for (int32_t i = 0; i < rows; i++)
        if (entry_find(writer, mask, writer->numbers[i], &count, CHUNK_ENTRIES_NUMBERS) < 0)
            return -1;
    qsort(writer->number_entries, (size_t) count, sizeof *writer->number_entries, compare_numbers);
    for (int32_t i = 0; i < rows; i++)
    {
        int32_t low = 0, high = count - 1;
        while (low < high)
        {
            int32_t middle = (low + high) / 2;
            if (writer->number_entries[middle] < writer->numbers[i])
                low = middle + 1;
            else
                high = middle;
        }
        writer->codes[i] = (uint16_t) low;
    }
    return count;
}

static size_t size_dict(int32_t count, int32_t rows)
{
    return (size_t) count * sizeof(int64_t) + bit_packed_bytes((size_t) rows, bit_width((uint64_t) count - 1));
}

/* ---- writing ---- */

static Error *write_const(ChunkWriter *writer, ChunkKind kind, int32_t rows, int64_t base, int64_t high)
{
    TRY(chunk_begin(writer, kind, ENCODING_CONST, rows, 0));
    writer->header.base = base;
    writer->header.high = high;
    return NULL;
}

static Error *write_for(ChunkWriter *writer, ChunkKind kind, int32_t rows, const Look *look)
{
    int width = width_for(look);
    TRY(chunk_begin(writer, kind, ENCODING_FOR, rows, bit_packed_bytes((size_t) rows, width)));
    writer->header.base = look->min;
    writer->header.factor = look->factor;
    writer->header.width = (uint8_t) width;
    chunk_pack(writer, writer->numbers, (size_t) rows, look->min, look->factor, width);
    return NULL;
}

static Error *write_delta(ChunkWriter *writer, ChunkKind kind, int32_t rows, const Look *look)
{
    int width = width_delta(look);
    TRY(chunk_begin(writer, kind, ENCODING_DELTA, rows, size_delta(look, rows)));
    writer->header.base = look->delta_min;
    writer->header.width = (uint8_t) width;
    int64_t *numbers = writer->numbers;
    for (int32_t i = 0; i < rows; i += VECTOR_ROWS)
        memcpy(chunk_take(writer, sizeof(int64_t)), &numbers[i], sizeof(int64_t));
    int64_t deltas[VECTOR_ROWS];
    for (int32_t from = 0; from < rows; from += VECTOR_ROWS)
    {
        int32_t count = rows - from < VECTOR_ROWS ? rows - from : VECTOR_ROWS;
        deltas[0] = look->delta_min;
        for (int32_t i = 1; i < count; i++)
            deltas[i] = (int64_t) ((uint64_t) numbers[from + i] - (uint64_t) numbers[from + i - 1]);
        chunk_pack(writer, deltas, (size_t) count, look->delta_min, 1, width);
    }
    return NULL;
}

/* Runs are gathered in place: a run's number is never greater than its first row's. */
static Error *write_rle(ChunkWriter *writer, ChunkKind kind, int32_t rows, const Look *look)
{
    size_t runs = (size_t) look->runs;
    TRY(buffer_room(&writer->part, runs * 2 * sizeof(int64_t)));
    int64_t *values = (int64_t *) (void *) writer->part.data, *lengths = values + runs;
    size_t run = 0;
    values[0] = writer->numbers[0];
    lengths[0] = 0; /* length - 1 */
    for (int32_t i = 1; i < rows; i++)
    {
        if (writer->numbers[i] == values[run])
        {
            lengths[run]++;
            continue;
        }
        run++;
        values[run] = writer->numbers[i];
        lengths[run] = 0;
    }
    ASSERT(run + 1 == runs);
    TRY(chunk_begin(writer, kind, ENCODING_RLE, rows, size_rle(look)));
    writer->header.count = (uint32_t) runs;
    writer->header.base = look->min;
    writer->header.factor = look->factor;
    writer->header.width = (uint8_t) width_for(look);
    writer->header.width2 = (uint8_t) bit_width((uint64_t) look->run_max - 1);
    chunk_pack(writer, values, runs, look->min, look->factor, writer->header.width);
    chunk_pack(writer, lengths, runs, 0, 1, writer->header.width2);
    return NULL;
}

static Error *write_dict(ChunkWriter *writer, ChunkKind kind, int32_t rows, int32_t count)
{
    TRY(chunk_begin(writer, kind, ENCODING_DICT, rows, size_dict(count, rows)));
    writer->header.count = (uint32_t) count;
    writer->header.width = (uint8_t) bit_width((uint64_t) count - 1);
    size_t bytes = (size_t) count * sizeof(int64_t);
    memcpy(chunk_take(writer, bytes), writer->number_entries, bytes);
    for (int32_t i = 0; i < rows; i++)
        writer->numbers[i] = writer->codes[i];
    chunk_pack(writer, writer->numbers, (size_t) rows, 0, 1, writer->header.width);
    return NULL;
}

/* The upper half of the first value there is: what leading nulls get. */
static int64_t first_high(const ChunkInput *input)
{
    int32_t i = 0;
    while (input->nulls != NULL && i < input->rows - 1 && input->nulls[i])
        i++;
    return ((const I128 *) input->values)[i].hi;
}

/* The values at their own width, nulls filled in, into writer->part.  wide: some need more than 64 bits. */
static Error *native_bytes(ChunkWriter *writer, ChunkKind kind, const ChunkInput *input, bool wide, size_t *size)
{
    int32_t width = chunk_kind_width(kind);
    *size = (size_t) input->rows * (size_t) width;
    TRY(buffer_room(&writer->part, *size));
    uint8_t *to = writer->part.data;
    int64_t high = wide ? first_high(input) : 0;
    for (int32_t i = 0; i < input->rows; i++, to += width)
    {
        if (!wide)
            high = writer->numbers[i] < 0 ? -1 : 0;
        else if (input->nulls == NULL || !input->nulls[i])
            high = ((const I128 *) input->values)[i].hi;
        int64_t halves[2] = {writer->numbers[i], high};
        memcpy(to, halves, (size_t) width);
    }
    return NULL;
}

static Error *write_raw(ChunkWriter *writer, ChunkKind kind, const ChunkInput *input, bool wide,
                        Compression compression)
{
    size_t size;
    TRY(native_bytes(writer, kind, input, wide, &size));
    TRY(chunk_begin(writer, kind, ENCODING_RAW, input->rows, chunk_part_bound(size)));
    if (compression != COMPRESSION_NONE)
    {
        TRY(buffer_room(&writer->shuffled, size));
        shuffle_bytes(writer->part.data, (size_t) input->rows, (size_t) chunk_kind_width(kind), writer->shuffled.data);
        chunk_part(writer, writer->shuffled.data, size, compression);
        if (writer->header.compression != COMPRESSION_NONE)
        {
            writer->header.shuffled = 1;
            return NULL;
        }
        TRY(chunk_begin(writer, kind, ENCODING_RAW, input->rows, chunk_part_bound(size)));
    }
    chunk_part(writer, writer->part.data, size, COMPRESSION_NONE);
    return NULL;
}

/* ---- choosing ---- */

/* AUTO, and every wish that cannot be served. */
static Error *write_chosen(ChunkWriter *writer, ChunkKind kind, const ChunkInput *input, const Look *look)
{
    int32_t rows = input->rows;
    size_t best = size_for(look, rows), raw = (size_t) rows * (size_t) chunk_kind_width(kind);
    size_t delta = size_delta(look, rows), rle = size_rle(look);
    Encoding choice = ENCODING_FOR;
    if (look->runs * RLE_RUN_MIN <= rows && rle < best)
    {
        choice = ENCODING_RLE;
        best = rle;
    }
    if (delta < best * DELTA_PERCENT / 100)
    {
        choice = ENCODING_DELTA;
        best = delta;
    }
    if (width_for(look) > 8 && sample_repeats(writer, rows))
    {
        int32_t count = dict_build(writer, rows);
        if (count > 0 && size_dict(count, rows) < best * DICT_PERCENT / 100)
            return write_dict(writer, kind, rows, count);
    }
    bool is_float = kind == CHUNK_F32 || kind == CHUNK_F64;
    if (is_float && best > raw * ZSTD_PERCENT / 100)
    {
        TRY(write_raw(writer, kind, input, false, COMPRESSION_ZSTD));
        if (writer->header.stored_size < raw * ZSTD_PERCENT / 100)
            return NULL;
        return write_raw(writer, kind, input, false, COMPRESSION_NONE);
    }
    if (choice == ENCODING_RLE)
        return write_rle(writer, kind, rows, look);
    if (choice == ENCODING_DELTA)
        return write_delta(writer, kind, rows, look);
    return write_for(writer, kind, rows, look);
}

static Error *write_wished(ChunkWriter *writer, ChunkKind kind, const ChunkInput *input, const Look *look)
{
    int32_t count;
    switch (input->wish)
    {
    case ENCODING_RAW:
    case ENCODING_ZSTD:
    case ENCODING_LZ4:
    case ENCODING_DEFLATE:
        return write_raw(writer, kind, input, false, chunk_wished_compression(input->wish));
    case ENCODING_FOR:
        return write_for(writer, kind, input->rows, look);
    case ENCODING_DELTA:
        return write_delta(writer, kind, input->rows, look);
    case ENCODING_RLE:
        return write_rle(writer, kind, input->rows, look);
    case ENCODING_DICT:
        count = dict_build(writer, input->rows);
        if (count > 0)
            return write_dict(writer, kind, input->rows, count);
        break;
    default:
        break;
    }
    return write_chosen(writer, kind, input, look);
}

/* DECIMAL(19..38) with values beyond 64 bits: a constant, or bytes. */
static Error *write_wide(ChunkWriter *writer, const ChunkInput *input, const ChunkOutput *output)
{
    I128 min = output->min.i128, max = output->max.i128;
    if (output->has_range && min.lo == max.lo && min.hi == max.hi)
        return write_const(writer, CHUNK_I128, input->rows, (int64_t) min.lo, min.hi);
    Compression compression = chunk_wished_compression(input->wish);
    if (compression == COMPRESSION_NONE && input->wish != ENCODING_RAW)
        compression = COMPRESSION_ZSTD;
    return write_raw(writer, CHUNK_I128, input, true, compression);
}

static int32_t count_nulls(const ChunkInput *input)
{
    int32_t nulls = 0;
    if (input->nulls != NULL)
        for (int32_t i = 0; i < input->rows; i++)
            nulls += input->nulls[i] != 0;
    return nulls;
}

Error *chunk_write_numbers(ChunkWriter *writer, ChunkKind kind, const ChunkInput *input, ChunkOutput *output)
{
    bool narrow = bring(kind, input, writer->numbers);
    output->nulls = count_nulls(input);
    bool any = output->nulls < input->rows;
    if (output->nulls > 0)
        any = fill_nulls(writer->numbers, input->nulls, input->rows);
    bool is_float = kind == CHUNK_F32 || kind == CHUNK_F64;
    if (is_float)
        range_floats(kind, input, output);
    if (kind == CHUNK_I128 && input->type.id != TYPE_INTERVAL)
        range_i128(input, output);
    if (!narrow)
        TRY(write_wide(writer, input, output));
    else
    {
        Look look = look_at(writer->numbers, input->rows);
        if (!is_float && kind != CHUNK_I128)
        {
            output->has_range = any;
            output->min.i = look.min;
            output->max.i = look.max;
        }
        if (look.min == look.max)
            TRY(write_const(writer, kind, input->rows, look.min, look.min < 0 ? -1 : 0));
        else
            TRY(write_wished(writer, kind, input, &look));
    }
    chunk_end(writer, output);
    return NULL;
}
