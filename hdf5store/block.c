/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks, from file to values.  A slot:
 *
 *     chunk   bytes as read, digest compared with the index's     -> view (chunk_read.c)
 *     scratch what chunk_expand made of it
 *     nulls   the same for the block's nulls, if it has some
 *
 * A block that the cache has is used where it is.  One just read is expanded into the cache, if it has room; else into
 * the slot's own buffers, which only grow and are used again for the next block.
 */
#include "hdf5store/block_cache.h"
#include "hdf5store/buffer.h"
#include "hdf5store/chunk.h"
#include "hdf5store/opened.h"

#include "base/core/assert.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

typedef struct Part
{
    BlockCache *cache;
    CacheSlab *slab; /* of the cache, that the view points into; NULL: into the buffers */
    Buffer chunk;
    Buffer scratch;
    ChunkView view;
} Part;

typedef struct Slot
{
    uint64_t serial; /* of the segment loaded; 0: none */
    const Segment *segment;
    int32_t column;
    int32_t block;
    Part values;
    Part nulls;
} Slot;

struct BlockReader
{
    int32_t slot_count;
    Slot *slots;
    ZSTD_DCtx *zstd;
};

static void part_unpin(Part *part)
{
    if (part->slab != NULL)
        block_cache_give(part->cache, part->slab);
    part->slab = NULL;
}

static void part_close(Part *part)
{
    part_unpin(part);
    buffer_free(&part->chunk);
    buffer_free(&part->scratch);
}

static void close_reader(void *thing)
{
    BlockReader *reader = thing;
    for (int32_t i = 0; i < reader->slot_count; i++)
    {
        part_close(&reader->slots[i].values);
        part_close(&reader->slots[i].nulls);
    }
    ZSTD_freeDCtx(reader->zstd);
}

BlockReader *block_reader_new(Arena *arena, int32_t slot_count)
{
    ASSERT(slot_count >= 0);
    BlockReader *reader = ARENA_NEW(arena, BlockReader);
    reader->slot_count = slot_count;
    reader->slots = ARENA_ARRAY(arena, Slot, slot_count);
    arena_own(arena, close_reader, reader);
    return reader;
}

int64_t block_reader_bytes(const BlockReader *reader)
{
    size_t bytes = 0;
    for (int32_t i = 0; i < reader->slot_count; i++)
    {
        const Slot *slot = &reader->slots[i];
        bytes += slot->values.chunk.capacity + slot->values.scratch.capacity;
        bytes += slot->nulls.chunk.capacity + slot->nulls.scratch.capacity;
    }
    return (int64_t) bytes;
}

/* ---- load ---- */

typedef struct Place
{
    Segment *segment;
    int32_t column;
    int32_t block;
} Place;

static Error *damaged(const Place *place, const char *what)
{
    const Segment *segment = place->segment;
    return layout_damaged(segment->table_name, segment->path, segment->meta.columns[place->column].name, place->block,
                          what);
}

/* A general compression needs a context; most blocks do not. */
static Error *zstd_ready(BlockReader *reader, const ChunkView *view)
{
    if (reader->zstd != NULL || view->header.compression != COMPRESSION_ZSTD)
        return NULL;
    reader->zstd = ZSTD_createDCtx();
    return reader->zstd != NULL ? NULL : error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for expanding a block");
}

/* Where a chunk stands in its file, and what it must be. */
typedef struct Extent
{
    uint64_t address;
    uint32_t size;
    uint64_t digest;
} Extent;

static Error *part_read(const Place *place, Extent extent, Part *part)
{
    Segment *segment = place->segment;
    int fd;
    TRY(buffer_room(&part->chunk, extent.size > 0 ? extent.size : 1));
    TRY(opened_fd_take(segment, &fd));
    Error *error = layout_read(fd, segment->table_name, segment->path, extent.address, part->chunk.data, extent.size);
    opened_fd_give(segment);
    TRY(error);
    const char *problem = chunk_parse(part->chunk.data, extent.size, &part->view);
    if (problem == NULL && part->view.header.digest != extent.digest)
        problem = "digest differs from the index";
    if (problem == NULL && part->view.header.rows != opened_entry(segment, place->column, place->block)->rows)
        problem = "row count differs from the index";
    return problem == NULL ? NULL : damaged(place, problem);
}

/* Room for the chunk and what it is expanded to: in the cache, or in the part's own scratch. */
static Error *part_room(const Place *place, Extent extent, Part *part, void **scratch)
{
    size_t scratch_bytes = chunk_scratch_bytes(&part->view), chunk_bytes = (extent.size + 63) / 64 * (size_t) 64;
    void *room;
    part->slab = part->cache == NULL ? NULL : block_cache_room(part->cache, chunk_bytes + scratch_bytes, &room);
    if (part->slab == NULL)
    {
        TRY(buffer_room(&part->scratch, scratch_bytes));
        *scratch = part->scratch.data;
        return NULL;
    }
    memcpy(room, part->chunk.data, extent.size);
    *scratch = (uint8_t *) room + chunk_bytes;
    const char *problem = chunk_parse(room, extent.size, &part->view);
    return problem == NULL ? NULL : damaged(place, problem);
}

static Error *part_load(BlockReader *reader, const Place *place, bool nulls, Extent extent, Part *part)
{
    ChunkKey key = {place->segment->serial, place->column, place->block, nulls};
    part_unpin(part);
    part->cache = place->segment->blocks;
    part->slab = part->cache == NULL ? NULL : block_cache_take(part->cache, key, &part->view);
    if (part->slab != NULL)
        return NULL;
    void *scratch;
    TRY(part_read(place, extent, part));
    TRY(part_room(place, extent, part, &scratch));
    TRY(zstd_ready(reader, &part->view));
    const char *problem = chunk_expand(&part->view, scratch, reader->zstd);
    if (problem != NULL)
        return damaged(place, problem);
    if (part->slab != NULL)
        block_cache_put(part->cache, key, part->slab, &part->view);
    return NULL;
}

static bool kind_fits(const Segment *segment, int32_t column, const ChunkView *view)
{
    static const Rep reps[] = {0, REP_I8, REP_I16, REP_I32, REP_I64, REP_I128, REP_F32, REP_F64, REP_STR};
    Rep rep = type_rep(segment->meta.columns[column].type);
    return reps[view->header.kind] == (rep == REP_INTERVAL ? REP_I128 : rep);
}

static Error *parts_load(BlockReader *reader, const Place *place, Slot *slot)
{
    const IndexEntry *entry = opened_entry(place->segment, place->column, place->block);
    TRY(part_load(reader, place, false, (Extent){entry->address, entry->size, entry->digest}, &slot->values));
    if (!kind_fits(place->segment, place->column, &slot->values.view))
        return damaged(place, "values of another type");
    if (entry->nulls == 0 || entry->nulls == entry->rows)
        return NULL;
    TRY(part_load(reader, place, true, (Extent){entry->null_address, entry->null_size, entry->null_digest}, &slot->nulls));
    return slot->nulls.view.header.kind == CHUNK_I8 ? NULL : damaged(place, "nulls of another type");
}

Error *block_load(BlockReader *reader, int32_t slot_number, Segment *segment, int32_t column, int32_t block)
{
    ASSERT(slot_number >= 0 && slot_number < reader->slot_count);
    ASSERT(column >= 0 && column < segment_column_count(segment));
    ASSERT(block >= 0 && block < segment_block_count(segment));
    Slot *slot = &reader->slots[slot_number];
    if (slot->serial == segment->serial && slot->column == column && slot->block == block)
        return NULL;
    slot->serial = 0;
    Place place = {segment, column, block};
    TRY(parts_load(reader, &place, slot));
    slot->serial = segment->serial;
    slot->segment = segment;
    slot->column = column;
    slot->block = block;
    return NULL;
}

/* ---- decode ---- */

static const Slot *loaded(const BlockReader *reader, int32_t slot_number, int32_t from, int32_t count)
{
    ASSERT(slot_number >= 0 && slot_number < reader->slot_count);
    const Slot *slot = &reader->slots[slot_number];
    ASSERT(slot->serial != 0);
    ASSERT(from >= 0 && from % VECTOR_ROWS == 0 && count >= 0);
    ASSERT((uint32_t) from + (uint32_t) count <= slot->values.view.header.rows);
    return slot;
}

/* Whether every value of the block stands in `rep`. */
static bool range_fits(const Slot *slot, Rep rep)
{
    const Zone *zone = segment_zone(slot->segment, slot->column, slot->block);
    Rep own = type_rep(slot->segment->meta.columns[slot->column].type);
    if (rep >= own || !zone->has_range)
        return true;
    int64_t low = own == REP_I128 ? (int64_t) zone->min.i128.lo : zone->min.i;
    int64_t high = own == REP_I128 ? (int64_t) zone->max.i128.lo : zone->max.i;
    if (own == REP_I128 && (zone->min.i128.hi != (low < 0 ? -1 : 0) || zone->max.i128.hi != (high < 0 ? -1 : 0)))
        return false;
    int shift = 64 - 8 * rep_size(rep);
    return shift == 0 || (low >= INT64_MIN >> shift && high <= INT64_MAX >> shift);
}

void block_decode(BlockReader *reader, int32_t slot_number, int32_t from, int32_t count, Rep rep, void *out)
{
    const Slot *slot = loaded(reader, slot_number, from, count);
    ChunkKind kind = slot->values.view.header.kind;
    ASSERT(kind != CHUNK_STR);
    if (kind == CHUNK_F32 || kind == CHUNK_F64)
    {
        ASSERT(rep == (kind == CHUNK_F32 ? REP_F32 : REP_F64));
        chunk_decode(&slot->values.view, from, count, kind == CHUNK_F32 ? REP_I32 : REP_I64, out);
        return;
    }
    ASSERT(rep == REP_INTERVAL || (rep_is_integer(rep) && range_fits(slot, rep)));
    chunk_decode(&slot->values.view, from, count, rep, out);
}

/* The block's codes as codes of the segment's dictionary. */
static void codes_map(const Slot *slot, const Dictionary *dictionary, int32_t from, int32_t count, uint16_t *out)
{
    const uint16_t *map = dictionary->maps[slot->block];
    if (slot->values.view.header.encoding == ENCODING_CONST)
    {
        uint16_t code = map != NULL ? map[0] : 0;
        for (int32_t i = 0; i < count; i++)
            out[i] = code;
        return;
    }
    chunk_codes(&slot->values.view, from, count, out);
    if (map == NULL)
        return;
    for (int32_t i = 0; i < count; i++)
        out[i] = map[out[i]];
}

void block_codes(BlockReader *reader, int32_t slot_number, int32_t from, int32_t count, uint16_t *out)
{
    const Slot *slot = loaded(reader, slot_number, from, count);
    const Dictionary *dictionary = &slot->segment->meta.dictionaries[slot->column];
    ASSERT(dictionary->count > 0);
    codes_map(slot, dictionary, from, count, out);
}

void block_decode_str(BlockReader *reader, int32_t slot_number, int32_t from, int32_t count, Str *out)
{
    const Slot *slot = loaded(reader, slot_number, from, count);
    ASSERT(slot->values.view.header.kind == CHUNK_STR);
    chunk_decode_str(&slot->values.view, from, count, out);
}

bool block_nulls(BlockReader *reader, int32_t slot_number, int32_t from, int32_t count, uint8_t *out)
{
    const Slot *slot = loaded(reader, slot_number, from, count);
    const Zone *zone = segment_zone(slot->segment, slot->column, slot->block);
    if (zone->nulls == 0 || zone->nulls == zone->rows)
        memset(out, zone->nulls > 0, (size_t) count);
    else
        chunk_decode(&slot->nulls.view, from, count, REP_I8, out);
    return zone->nulls > 0;
}

bool block_heap(BlockReader *reader, int32_t slot_number, const char **heap, const uint32_t **offsets)
{
    const Slot *slot = loaded(reader, slot_number, 0, 0);
    if (slot->values.view.header.encoding != ENCODING_STR)
        return false;
    *heap = (const char *) slot->values.view.bytes;
    *offsets = slot->values.view.offsets;
    return true;
}

bool block_is_const(BlockReader *reader, int32_t slot_number)
{
    const Slot *slot = loaded(reader, slot_number, 0, 0);
    const Zone *zone = segment_zone(slot->segment, slot->column, slot->block);
    bool one_null = zone->nulls == 0 || zone->nulls == zone->rows;
    return one_null && slot->values.view.header.encoding == ENCODING_CONST;
}
