/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every chunk: buffers, header, packing, compression; and the way in. */
#include "hdf5store/chunk_write.h"

#include "base/core/assert.h"
#include "base/data/hash.h"
#include "hdf5store/chunk_writer.h"

#include <string.h>
#include <xxhash.h>
#include <zstd.h>

/* ---- life ---- */

static void close_buffer(void *thing)
{
    buffer_free(thing);
}

static void close_zstd(void *thing)
{
    ZSTD_freeCCtx(thing);
}

/* Two and a half megabytes, of which a small file touches little: nothing reads what was not written first. */
ChunkWriter *chunk_writer_new(Arena *arena)
{
    ChunkWriter *writer = ARENA_NEW(arena, ChunkWriter);
    writer->numbers = arena_alloc(arena, BLOCK_ROWS * sizeof *writer->numbers);
    writer->codes = arena_alloc(arena, BLOCK_ROWS * sizeof *writer->codes);
    writer->slots = arena_alloc(arena, CHUNK_HASH_SLOTS * sizeof *writer->slots);
    writer->order = arena_alloc(arena, DICT_ENTRIES_MAX * sizeof *writer->order);
    writer->string_entries = arena_alloc(arena, DICT_ENTRIES_MAX * sizeof *writer->string_entries);
    writer->number_entries = arena_alloc(arena, CHUNK_ENTRIES_NUMBERS * sizeof *writer->number_entries);
    writer->lengths = arena_alloc(arena, BLOCK_ROWS * sizeof *writer->lengths);
    arena_own(arena, close_buffer, &writer->out);
    arena_own(arena, close_buffer, &writer->part);
    arena_own(arena, close_buffer, &writer->shuffled);
    writer->zstd = ZSTD_createCCtx();
    if (writer->zstd != NULL)
        arena_own(arena, close_zstd, writer->zstd);
    return writer;
}

ChunkKind chunk_kind(SqlType type)
{
    switch (type_rep(type))
    {
    case REP_I8:
        return CHUNK_I8;
    case REP_I16:
        return CHUNK_I16;
    case REP_I32:
        return CHUNK_I32;
    case REP_I64:
        return CHUNK_I64;
    case REP_I128:
    case REP_INTERVAL: /* its 16 bytes: microseconds, then days and months; no range */
        return CHUNK_I128;
    case REP_F32:
        return CHUNK_F32;
    case REP_F64:
        return CHUNK_F64;
    case REP_STR:
        return CHUNK_STR;
    default:
        return 0;
    }
}

/* ---- frame ---- */

Error *chunk_begin(ChunkWriter *writer, ChunkKind kind, Encoding encoding, int32_t rows, size_t body_max)
{
    TRY(buffer_room(&writer->out, sizeof(ChunkHeader) + body_max));
    writer->header = (ChunkHeader){.magic = CHUNK_MAGIC,
                                   .kind = (uint8_t) kind,
                                   .encoding = (uint8_t) encoding,
                                   .rows = (uint32_t) rows,
                                   .factor = 1};
    writer->size = sizeof(ChunkHeader);
    return NULL;
}

uint8_t *chunk_take(ChunkWriter *writer, size_t size)
{
    ASSERT(writer->size + size <= writer->out.capacity);
    uint8_t *at = writer->out.data + writer->size;
    writer->size += size;
    return at;
}

void chunk_end(ChunkWriter *writer, ChunkOutput *output)
{
    ChunkHeader *h = &writer->header;
    memcpy(writer->out.data, h, sizeof *h);
    h->digest = XXH3_64bits(writer->out.data + sizeof h->digest, writer->size - sizeof h->digest);
    memcpy(writer->out.data, &h->digest, sizeof h->digest);
    output->bytes = writer->out.data;
    output->size = writer->size;
    output->digest = h->digest;
    static const Encoding compressed[] = {ENCODING_RAW, ENCODING_ZSTD, ENCODING_LZ4, ENCODING_DEFLATE};
    bool by_bytes = h->encoding == ENCODING_RAW || h->encoding == ENCODING_STR;
    output->encoding =
        by_bytes && h->compression != COMPRESSION_NONE ? compressed[h->compression] : (Encoding) h->encoding;
}

/* ---- packing ---- */

/* One vector of residuals into lanes. */
static void residuals(const int64_t *values, size_t rows, int64_t base, uint64_t factor, BitLane lane, void *lanes)
{
#define RESIDUALS(Lane)                                                                                                \
    do                                                                                                                 \
    {                                                                                                                  \
        Lane *out = lanes;                                                                                             \
        if (factor == 1)                                                                                               \
            for (size_t i = 0; i < rows; i++)                                                                          \
                out[i] = (Lane) ((uint64_t) values[i] - (uint64_t) base);                                              \
        else                                                                                                           \
            for (size_t i = 0; i < rows; i++)                                                                          \
                out[i] = (Lane) (((uint64_t) values[i] - (uint64_t) base) / factor);                                   \
        memset(out + rows, 0, (VECTOR_ROWS - rows) * sizeof(Lane));                                                    \
    } while (0)
    switch (lane)
    {
    case BIT_LANE_8:
        RESIDUALS(uint8_t);
        break;
    case BIT_LANE_16:
        RESIDUALS(uint16_t);
        break;
    case BIT_LANE_32:
        RESIDUALS(uint32_t);
        break;
    default:
        RESIDUALS(uint64_t);
        break;
    }
#undef RESIDUALS
}

void chunk_pack(ChunkWriter *writer, const int64_t *values, size_t count, int64_t base, uint64_t factor, int width)
{
    if (width == 0)
        return;
    const BitKernels *kernels = bit_kernels();
    BitLane lane = bit_lane(width);
    uint64_t lanes[VECTOR_ROWS] __attribute__((aligned(64)));
    for (size_t from = 0; from < count; from += VECTOR_ROWS)
    {
        size_t rows = count - from < VECTOR_ROWS ? count - from : VECTOR_ROWS;
        residuals(values + from, rows, base, factor, lane, lanes);
        kernels->pack[lane](lanes, width, chunk_take(writer, bit_packed_bytes(1, width)));
    }
}

/* ---- bytes ---- */

size_t chunk_part_bound(size_t size)
{
    size_t zstd = compress_bound(COMPRESSION_ZSTD, size), lz4 = compress_bound(COMPRESSION_LZ4, size);
    size_t deflate = compress_bound(COMPRESSION_DEFLATE, size);
    size_t bound = zstd > lz4 ? zstd : lz4;
    return bound > deflate ? bound : deflate;
}

void chunk_part(ChunkWriter *writer, const void *raw, size_t size, Compression compression)
{
    ChunkHeader *h = &writer->header;
    uint8_t *to = writer->out.data + writer->size;
    size_t room = writer->out.capacity - writer->size;
    size_t made = 0;
    if (compression != COMPRESSION_NONE && size > 0)
        made = compress_bytes(compression, writer->zstd, raw, size, to, room);
    bool gains = made > 0 && made < size - size / 20;
    if (!gains && size > 0)
        memcpy(to, raw, size);
    h->raw_size = (uint32_t) size;
    h->stored_size = (uint32_t) (gains ? made : size);
    h->compression = (uint8_t) (gains ? compression : COMPRESSION_NONE);
    (void) chunk_take(writer, h->stored_size);
}

uint32_t chunk_slots_clear(ChunkWriter *writer, int32_t entries)
{
    uint32_t slots = 1;
    while (slots < 2 * (uint32_t) entries)
        slots *= 2;
    ASSERT(slots <= CHUNK_HASH_SLOTS);
    memset(writer->slots, 0, slots * sizeof *writer->slots);
    return slots - 1;
}

Compression chunk_wished_compression(Encoding wish)
{
    switch (wish)
    {
    case ENCODING_ZSTD:
        return COMPRESSION_ZSTD;
    case ENCODING_LZ4:
        return COMPRESSION_LZ4;
    case ENCODING_DEFLATE:
        return COMPRESSION_DEFLATE;
    default:
        return COMPRESSION_NONE;
    }
}

/* ---- the way in ---- */

/* Neighbours that are equal cost one comparison. */
static void count_distinct(const ChunkWriter *writer, const ChunkInput *input, ChunkKind kind, Hll *distinct)
{
    int64_t previous = 0;
    bool first = true;
    for (int32_t i = 0; i < input->rows; i++)
    {
        if (input->nulls != NULL && input->nulls[i])
            continue;
        if (kind == CHUNK_I128)
        {
            hll_add(distinct, hash_i128(((const I128 *) input->values)[i]));
            continue;
        }
        int64_t value = writer->numbers[i];
        if (!first && value == previous)
            continue;
        hll_add(distinct, hash_u64((uint64_t) value));
        previous = value;
        first = false;
    }
}

Error *chunk_write(ChunkWriter *writer, const ChunkInput *input, Hll *distinct, ChunkOutput *output)
{
    ASSERT(input->rows >= 1 && input->rows <= BLOCK_ROWS);
    memset(output, 0, sizeof *output);
    ChunkKind kind = chunk_kind(input->type);
    ASSERT(kind != 0);
    if (kind == CHUNK_STR)
        return chunk_write_strings(writer, input, distinct, output);
    TRY(chunk_write_numbers(writer, kind, input, output));
    if (distinct != NULL)
        count_distinct(writer, input, kind, distinct);
    return NULL;
}

Error *chunk_write_nulls(ChunkWriter *writer, const uint8_t *nulls, int32_t rows, ChunkOutput *output)
{
    memset(output, 0, sizeof *output);
    ChunkInput input = {type_make(TYPE_BOOLEAN), ENCODING_AUTO, nulls, NULL, rows};
    return chunk_write_numbers(writer, CHUNK_I8, &input, output);
}
