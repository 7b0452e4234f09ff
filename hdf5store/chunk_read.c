/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a chunk's bytes to values.  Everything a damaged or hostile chunk could say is checked in
 * chunk_parse and chunk_expand, so that decoding is free of checks: packed parts are whole vectors, code
 * tables have 2^width entries, run ends and string offsets are sums that were compared with the totals.
 */
#include "hdf5store/chunk.h"

#include <string.h>
#include <xxhash.h>

#define STRING_LENGTH_BITS_MAX 16
#define CODE_BITS_MAX          16

/* ---- parse ---- */

/* A cursor over the body that remembers having run past the end. */
typedef struct Body
{
    const uint8_t *at;
    size_t left;
    bool broken;
} Body;

static const uint8_t *body_take(Body *body, size_t size)
{
    if (body->broken || size > body->left)
    {
        body->broken = true;
        return NULL;
    }
    const uint8_t *part = body->at;
    body->at += size;
    body->left -= size;
    return part;
}

static bool is_number(const ChunkHeader *h)
{
    return h->kind != CHUNK_STR;
}

static const char *header_check(const ChunkHeader *h, const void *bytes, size_t size)
{
    if (h->magic != CHUNK_MAGIC)
        return "no chunk header";
    if (h->digest != XXH3_64bits((const uint8_t *) bytes + sizeof h->digest, size - sizeof h->digest))
        return "digest differs";
    if (h->kind < CHUNK_I8 || h->kind > CHUNK_STR)
        return "unknown kind of values";
    if (h->rows == 0 || h->rows > BLOCK_ROWS || h->count > BLOCK_ROWS)
        return "impossible row count";
    if (h->width > 64 || h->width2 > STRING_LENGTH_BITS_MAX || h->compression > COMPRESSION_DEFLATE)
        return "impossible width";
    if (h->compression == COMPRESSION_NONE && h->raw_size != h->stored_size)
        return "sizes contradict each other";
    return NULL;
}

static const char *parse_raw(ChunkView *view, Body *body)
{
    const ChunkHeader *h = &view->header;
    if (!is_number(h) || h->raw_size != h->rows * (uint32_t) chunk_kind_width(h->kind))
        return "sizes contradict each other";
    if (h->shuffled && h->compression == COMPRESSION_NONE)
        return "shuffled without compression";
    view->bytes = body_take(body, h->stored_size);
    return NULL;
}

static const char *parse_dict(ChunkView *view, Body *body)
{
    const ChunkHeader *h = &view->header;
    if (h->count == 0 || h->width > CODE_BITS_MAX || h->count > (1u << h->width))
        return "impossible dictionary";
    if (is_number(h))
        view->entries = (const int64_t *) (const void *) body_take(body, h->count * sizeof(int64_t));
    else
        view->bytes = body_take(body, h->stored_size);
    view->packed = body_take(body, bit_packed_bytes(h->rows, h->width));
    return NULL;
}

static const char *parse_str(ChunkView *view, Body *body)
{
    const ChunkHeader *h = &view->header;
    if (is_number(h) || h->width > STRING_LENGTH_BITS_MAX || h->base < 0 || h->base > VARCHAR_LENGTH_MAX)
        return "impossible string lengths";
    view->packed = body_take(body, bit_packed_bytes(h->rows, h->width));
    view->bytes = body_take(body, h->stored_size);
    return NULL;
}

static const char *parse_const(ChunkView *view, Body *body)
{
    const ChunkHeader *h = &view->header;
    if (is_number(h))
        return NULL;
    if (h->compression != COMPRESSION_NONE)
        return "compressed constant";
    view->bytes = body_take(body, h->raw_size);
    return NULL;
}

static const char *parse_numbers(ChunkView *view, Body *body)
{
    const ChunkHeader *h = &view->header;
    if (!is_number(h))
        return "encoding does not fit strings";
    if (h->encoding == ENCODING_DELTA)
    {
        size_t vectors = (h->rows + VECTOR_ROWS - 1) / VECTOR_ROWS;
        view->firsts = (const int64_t *) (const void *) body_take(body, vectors * sizeof(int64_t));
    }
    if (h->encoding == ENCODING_RLE)
    {
        if (h->count == 0 || h->count > h->rows)
            return "impossible run count";
        view->packed = body_take(body, bit_packed_bytes(h->count, h->width));
        view->packed2 = body_take(body, bit_packed_bytes(h->count, h->width2));
        return NULL;
    }
    view->packed = body_take(body, bit_packed_bytes(h->rows, h->width));
    return NULL;
}

const char *chunk_parse(const void *bytes, size_t size, ChunkView *view)
{
    memset(view, 0, sizeof *view);
    if (size < sizeof(ChunkHeader))
        return "shorter than a chunk header";
    memcpy(&view->header, bytes, sizeof(ChunkHeader));
    view->kernels = bit_kernels();
    const char *problem = header_check(&view->header, bytes, size);
    if (problem != NULL)
        return problem;

    Body body = {(const uint8_t *) bytes + sizeof(ChunkHeader), size - sizeof(ChunkHeader), false};
    switch (view->header.encoding)
    {
    case ENCODING_CONST:
        problem = parse_const(view, &body);
        break;
    case ENCODING_RAW:
        problem = parse_raw(view, &body);
        break;
    case ENCODING_FOR:
    case ENCODING_DELTA:
    case ENCODING_RLE:
        problem = parse_numbers(view, &body);
        break;
    case ENCODING_DICT:
        problem = parse_dict(view, &body);
        break;
    case ENCODING_STR:
        problem = parse_str(view, &body);
        break;
    default:
        return "unknown encoding";
    }
    if (problem != NULL)
        return problem;
    return body.broken ? "shorter than its header says" : NULL;
}

/* ---- expand ---- */

static size_t padded(size_t size)
{
    return (size + 63) / 64 * 64;
}

static size_t whole_vectors(size_t count)
{
    return (count + VECTOR_ROWS - 1) / VECTOR_ROWS * VECTOR_ROWS;
}

static size_t part_bytes(const ChunkHeader *h)
{
    size_t size = h->compression != COMPRESSION_NONE ? padded(h->raw_size) : 0;
    return h->shuffled ? size * 2 : size;
}

size_t chunk_scratch_bytes(const ChunkView *view)
{
    const ChunkHeader *h = &view->header;
    switch (h->encoding)
    {
    case ENCODING_RAW:
        return part_bytes(h);
    case ENCODING_RLE:
        return padded(whole_vectors(h->count) * sizeof(int64_t)) + padded(whole_vectors(h->count) * sizeof(uint32_t));
    case ENCODING_DICT:
        return part_bytes(h) + padded((is_number(h) ? sizeof(int64_t) : sizeof(Str)) << h->width);
    case ENCODING_STR:
        return part_bytes(h) + padded((whole_vectors(h->rows) + 1) * sizeof(uint32_t));
    default:
        return 0;
    }
}

static void *scratch_take(uint8_t **scratch, size_t size)
{
    void *part = *scratch;
    *scratch += padded(size);
    return part;
}

/* The byte part, expanded and put back in order. */
static const char *expand_part(ChunkView *view, uint8_t **scratch, void *zstd)
{
    const ChunkHeader *h = &view->header;
    if (h->compression == COMPRESSION_NONE)
        return NULL;
    uint8_t *raw = scratch_take(scratch, h->raw_size);
    if (!expand_bytes(h->compression, zstd, view->bytes, h->stored_size, raw, h->raw_size))
        return "compressed bytes do not expand";
    view->bytes = raw;
    if (h->shuffled)
    {
        uint8_t *ordered = scratch_take(scratch, h->raw_size);
        unshuffle_bytes(raw, h->rows, (size_t) chunk_kind_width(h->kind), ordered);
        view->bytes = ordered;
    }
    return NULL;
}

/* `count` packed values at some width (0: all zero), rebased, into whole vectors of `lane`s. */
static void unpack_all(const BitKernels *kernels, const uint8_t *packed, size_t count, int width, uint64_t base,
                       uint64_t factor, BitLane lane, void *out)
{
    uint64_t lanes[VECTOR_ROWS] __attribute__((aligned(64)));
    if (width == 0)
        memset(lanes, 0, sizeof lanes);
    for (size_t from = 0; from < count; from += VECTOR_ROWS)
    {
        if (width > 0)
            kernels->unpack[width](packed + from / VECTOR_ROWS * (size_t) width * BITPACK_ROW_BYTES, lanes);
        kernels->rebase[width > 0 ? bit_lane(width) : BIT_LANE_8][lane](lanes, base, factor,
                                                                        (uint8_t *) out + (from << lane));
    }
}

static const char *expand_runs(ChunkView *view, uint8_t *scratch)
{
    const ChunkHeader *h = &view->header;
    int64_t *values = scratch_take(&scratch, whole_vectors(h->count) * sizeof(int64_t));
    uint32_t *ends = scratch_take(&scratch, whole_vectors(h->count) * sizeof(uint32_t));
    unpack_all(view->kernels, view->packed, h->count, h->width, (uint64_t) h->base, h->factor, BIT_LANE_64, values);
    unpack_all(view->kernels, view->packed2, h->count, h->width2, 1, 1, BIT_LANE_32, ends);
    uint64_t end = 0;
    for (uint32_t i = 0; i < h->count; i++)
    {
        end += ends[i];
        ends[i] = (uint32_t) end;
    }
    if (end != h->rows)
        return "runs do not add up to the rows";
    view->run_values = values;
    view->run_ends = ends;
    return NULL;
}

static const char *expand_entries(ChunkView *view, uint8_t *scratch)
{
    const ChunkHeader *h = &view->header;
    int64_t *entries = (int64_t *) (void *) scratch;
    memcpy(entries, view->entries, h->count * sizeof(int64_t));
    for (uint32_t i = h->count; i < 1u << h->width; i++)
        entries[i] = entries[0];
    view->entries = entries;
    return NULL;
}

static const char *expand_strings(ChunkView *view, uint8_t *scratch)
{
    const ChunkHeader *h = &view->header;
    Str *strings = (Str *) (void *) scratch;
    const char *heap = (const char *) view->bytes + h->count * sizeof(uint16_t);
    uint64_t at = h->count * sizeof(uint16_t);
    if (at > h->raw_size)
        return "dictionary is shorter than its lengths";
    for (uint32_t i = 0; i < h->count; i++)
    {
        uint16_t length;
        memcpy(&length, view->bytes + i * sizeof length, sizeof length);
        at += length;
        if (at > h->raw_size)
            return "dictionary is shorter than its entries";
        strings[i] = (Str){heap, length};
        heap += length;
    }
    for (uint32_t i = h->count; i < 1u << h->width; i++)
        strings[i] = (Str){"", 0};
    view->strings = strings;
    return at == h->raw_size ? NULL : "dictionary is longer than its entries";
}

static const char *expand_offsets(ChunkView *view, uint8_t *scratch)
{
    const ChunkHeader *h = &view->header;
    uint32_t *offsets = (uint32_t *) (void *) scratch;
    offsets[0] = 0;
    unpack_all(view->kernels, view->packed, h->rows, h->width, (uint64_t) h->base, 1, BIT_LANE_32, offsets + 1);
    uint64_t end = 0;
    for (uint32_t i = 1; i <= h->rows; i++)
    {
        end += offsets[i];
        offsets[i] = (uint32_t) end;
    }
    if (end != h->raw_size)
        return "string lengths do not add up to the bytes";
    view->offsets = offsets;
    return NULL;
}

const char *chunk_expand(ChunkView *view, void *scratch, void *zstd)
{
    uint8_t *room = scratch;
    const char *problem = NULL;
    switch (view->header.encoding)
    {
    case ENCODING_RAW:
        return expand_part(view, &room, zstd);
    case ENCODING_RLE:
        return expand_runs(view, room);
    case ENCODING_DICT:
        if (is_number(&view->header))
            return expand_entries(view, room);
        problem = expand_part(view, &room, zstd);
        return problem != NULL ? problem : expand_strings(view, room);
    case ENCODING_STR:
        problem = expand_part(view, &room, zstd);
        return problem != NULL ? problem : expand_offsets(view, room);
    default:
        return NULL;
    }
}
