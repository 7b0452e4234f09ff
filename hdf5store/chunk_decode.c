/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot half of reading: a vector of 1024 rows at a time, straight into the width the caller wants.
 * Whole vectors are written in place; a part of one goes through a buffer on the stack.
 */
#include "hdf5store/chunk.h"

#include <string.h>

typedef union Vector
{
    int8_t i8[VECTOR_ROWS];
    int16_t i16[VECTOR_ROWS];
    int32_t i32[VECTOR_ROWS];
    int64_t i64[VECTOR_ROWS];
    uint16_t codes[VECTOR_ROWS];
    uint8_t bytes[VECTOR_ROWS * 8];
} __attribute__((aligned(64))) Vector;

static const uint8_t *vector_packed(const uint8_t *packed, int32_t vector, int width)
{
    return packed + (size_t) vector * (size_t) width * BITPACK_ROW_BYTES;
}

/* Fills `rows` values of width 2^lane with one value. */
static void fill(int64_t value, int32_t rows, BitLane lane, void *out)
{
    switch (lane)
    {
    case BIT_LANE_8:
        memset(out, (int) (uint8_t) value, (size_t) rows);
        break;
    case BIT_LANE_16:
        for (int32_t i = 0; i < rows; i++)
            ((int16_t *) out)[i] = (int16_t) value;
        break;
    case BIT_LANE_32:
        for (int32_t i = 0; i < rows; i++)
            ((int32_t *) out)[i] = (int32_t) value;
        break;
    default:
        for (int32_t i = 0; i < rows; i++)
            ((int64_t *) out)[i] = value;
        break;
    }
}

static void vector_for(const ChunkView *view, int32_t vector, BitLane lane, void *out)
{
    const ChunkHeader *h = &view->header;
    if (h->width == 0)
    {
        fill(h->base, VECTOR_ROWS, lane, out);
        return;
    }
    BitLane in = bit_lane(h->width);
    const uint8_t *packed = vector_packed(view->packed, vector, h->width);
    if (in == lane)
    {
        view->kernels->unpack[h->width](packed, out);
        if (h->base != 0 || h->factor != 1)
            view->kernels->rebase[in][in](out, (uint64_t) h->base, h->factor, out);
        return;
    }
    Vector lanes;
    view->kernels->unpack[h->width](packed, &lanes);
    view->kernels->rebase[in][lane](&lanes, (uint64_t) h->base, h->factor, out);
}

/* The running sum is serial, one addition a value; the differences come from the kernels. */
static void vector_delta(const ChunkView *view, int32_t vector, BitLane lane, void *out)
{
    const ChunkHeader *h = &view->header;
    Vector deltas;
    if (h->width == 0)
        fill(h->base, VECTOR_ROWS, BIT_LANE_64, &deltas);
    else
    {
        const uint8_t *packed = vector_packed(view->packed, vector, h->width);
        Vector lanes;
        view->kernels->unpack[h->width](packed, &lanes);
        view->kernels->rebase[bit_lane(h->width)][BIT_LANE_64](&lanes, (uint64_t) h->base, 1, &deltas);
    }
    int64_t first;
    memcpy(&first, (const uint8_t *) view->firsts + (size_t) vector * sizeof first, sizeof first);
    uint64_t value = (uint64_t) first;
    deltas.i64[0] = first;
    for (int32_t i = 1; i < VECTOR_ROWS; i++)
    {
        value += (uint64_t) deltas.i64[i];
        deltas.i64[i] = (int64_t) value;
    }
    view->kernels->rebase[BIT_LANE_64][lane](&deltas, 0, 1, out);
}

/* First run that ends behind `row`. */
static uint32_t run_find(const ChunkView *view, uint32_t row)
{
    uint32_t low = 0, high = view->header.count - 1;
    while (low < high)
    {
        uint32_t middle = (low + high) / 2;
        if (view->run_ends[middle] > row)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void rows_rle(const ChunkView *view, int32_t from, int32_t count, BitLane lane, void *out)
{
    uint32_t run = run_find(view, (uint32_t) from);
    int32_t row = from, end = from + count;
    while (row < end)
    {
        int32_t stop = (int32_t) view->run_ends[run] < end ? (int32_t) view->run_ends[run] : end;
        fill(view->run_values[run], stop - row, lane, (uint8_t *) out + ((size_t) (row - from) << lane));
        row = stop;
        run++;
    }
}

static void vector_codes(const ChunkView *view, int32_t vector, uint16_t *out)
{
    const ChunkHeader *h = &view->header;
    if (h->width == 0)
        memset(out, 0, VECTOR_ROWS * sizeof *out);
    else if (h->width > 8)
        view->kernels->unpack[h->width](vector_packed(view->packed, vector, h->width), out);
    else
    {
        uint8_t lanes[VECTOR_ROWS] __attribute__((aligned(64)));
        view->kernels->unpack[h->width](vector_packed(view->packed, vector, h->width), lanes);
        view->kernels->rebase[BIT_LANE_8][BIT_LANE_16](lanes, 0, 1, out);
    }
}

static void vector_dict(const ChunkView *view, int32_t vector, BitLane lane, void *out)
{
    uint16_t codes[VECTOR_ROWS] __attribute__((aligned(64)));
    vector_codes(view, vector, codes);
    if (lane == BIT_LANE_64)
    {
        int64_t *values = out;
        for (int32_t i = 0; i < VECTOR_ROWS; i++)
            values[i] = view->entries[codes[i]];
        return;
    }
    Vector wide;
    for (int32_t i = 0; i < VECTOR_ROWS; i++)
        wide.i64[i] = view->entries[codes[i]];
    view->kernels->rebase[BIT_LANE_64][lane](&wide, 0, 1, out);
}

/* RAW of another width than asked: one value at a time, which no column does by default. */
static void rows_raw(const ChunkView *view, int32_t from, int32_t count, BitLane lane, void *out)
{
    int32_t width = chunk_kind_width(view->header.kind);
    const uint8_t *in = view->bytes + (size_t) from * (size_t) width;
    if (width == 1 << lane)
    {
        memcpy(out, in, (size_t) count << lane);
        return;
    }
    for (int32_t i = 0; i < count; i++, in += width)
    {
        int64_t value = 0;
        if (width == 1)
            value = *(const int8_t *) in;
        else if (width == 2)
            value = (int16_t) (in[0] | in[1] << 8);
        else if (width == 4)
        {
            int32_t narrow;
            memcpy(&narrow, in, sizeof narrow);
            value = narrow;
        }
        else
            memcpy(&value, in, sizeof value);
        fill(value, 1, lane, (uint8_t *) out + ((size_t) i << lane));
    }
}

static void vector_decode(const ChunkView *view, int32_t vector, BitLane lane, void *out)
{
    switch (view->header.encoding)
    {
    case ENCODING_FOR:
        vector_for(view, vector, lane, out);
        break;
    case ENCODING_DELTA:
        vector_delta(view, vector, lane, out);
        break;
    default:
        vector_dict(view, vector, lane, out);
        break;
    }
}

/* Integers of 1 to 8 bytes. */
static void rows_decode(const ChunkView *view, int32_t from, int32_t count, BitLane lane, void *out)
{
    uint8_t encoding = view->header.encoding;
    if (encoding == ENCODING_CONST)
        fill(view->header.base, count, lane, out);
    else if (encoding == ENCODING_RAW)
        rows_raw(view, from, count, lane, out);
    else if (encoding == ENCODING_RLE)
        rows_rle(view, from, count, lane, out);
    else
        for (int32_t done = 0; done < count; done += VECTOR_ROWS)
        {
            void *to = (uint8_t *) out + ((size_t) done << lane);
            if (count - done >= VECTOR_ROWS)
            {
                vector_decode(view, (from + done) / VECTOR_ROWS, lane, to);
                continue;
            }
            Vector part;
            vector_decode(view, (from + done) / VECTOR_ROWS, lane, &part);
            memcpy(to, &part, (size_t) (count - done) << lane);
        }
}

static void rows_i128(const ChunkView *view, int32_t from, int32_t count, I128 *out)
{
    const ChunkHeader *h = &view->header;
    if (h->kind == CHUNK_I128 && h->encoding == ENCODING_RAW)
    {
        memcpy(out, view->bytes + (size_t) from * sizeof *out, (size_t) count * sizeof *out);
        return;
    }
    if (h->kind == CHUNK_I128 && h->encoding == ENCODING_CONST)
    {
        for (int32_t i = 0; i < count; i++)
            out[i] = (I128){(uint64_t) h->base, h->high};
        return;
    }
    Vector narrow;
    for (int32_t done = 0; done < count; done += VECTOR_ROWS)
    {
        int32_t rows = count - done < VECTOR_ROWS ? count - done : VECTOR_ROWS;
        rows_decode(view, from + done, rows, BIT_LANE_64, &narrow);
        for (int32_t i = 0; i < rows; i++)
            out[done + i] = (I128){(uint64_t) narrow.i64[i], narrow.i64[i] < 0 ? -1 : 0};
    }
}

void chunk_decode(const ChunkView *view, int32_t from, int32_t count, Rep rep, void *out)
{
    if (rep == REP_I128 || rep == REP_INTERVAL)
        rows_i128(view, from, count, out);
    else
        rows_decode(view, from, count, (BitLane) rep, out);
}

void chunk_codes(const ChunkView *view, int32_t from, int32_t count, uint16_t *out)
{
    for (int32_t done = 0; done < count; done += VECTOR_ROWS)
    {
        if (count - done >= VECTOR_ROWS)
        {
            vector_codes(view, (from + done) / VECTOR_ROWS, out + done);
            continue;
        }
        uint16_t part[VECTOR_ROWS] __attribute__((aligned(64)));
        vector_codes(view, (from + done) / VECTOR_ROWS, part);
        memcpy(out + done, part, (size_t) (count - done) * sizeof *out);
    }
}

void chunk_decode_str(const ChunkView *view, int32_t from, int32_t count, Str *out)
{
    const char *heap = (const char *) view->bytes;
    if (view->header.encoding == ENCODING_CONST)
    {
        for (int32_t i = 0; i < count; i++)
            out[i] = (Str){heap, view->header.raw_size};
        return;
    }
    if (view->header.encoding == ENCODING_STR)
    {
        const uint32_t *offsets = view->offsets + from;
        for (int32_t i = 0; i < count; i++)
            out[i] = (Str){heap + offsets[i], offsets[i + 1] - offsets[i]};
        return;
    }
    uint16_t codes[VECTOR_ROWS] __attribute__((aligned(64)));
    for (int32_t done = 0; done < count; done += VECTOR_ROWS)
    {
        int32_t rows = count - done < VECTOR_ROWS ? count - done : VECTOR_ROWS;
        vector_codes(view, (from + done) / VECTOR_ROWS, codes);
        for (int32_t i = 0; i < rows; i++)
            out[done + i] = view->strings[codes[i]];
    }
}
