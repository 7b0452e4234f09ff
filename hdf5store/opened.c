/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a file to a Segment: three reads, no HDF5.
 *     header (user block)  -> sizes, digests; compared with the catalog's
 *     index                -> where each block is, its digest, its range
 *     description          -> columns, dictionaries
 */
#include "hdf5store/opened.h"

#include "base/core/assert.h"
#include "base/data/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_BYTES_MAX (UINT64_C(1) << 36)

typedef struct Opening
{
    int fd;
    const SegmentRef *ref;
    Segment *segment;
} Opening;

static Error *damaged(const Opening *opening, const char *what)
{
    return layout_damaged(opening->ref->table_name, opening->ref->path, NULL, -1, what);
}

/* ---- header ---- */

static Error *header_check(const Opening *opening)
{
    const SegmentHeader *h = &opening->segment->header;
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    if (memcmp(h->magic, SEGMENT_MAGIC, sizeof h->magic) != 0)
        return damaged(opening, "it does not begin as a segment");
    layout_digest(h, offsetof(SegmentHeader, header_digest), digest);
    if (memcmp(digest, h->header_digest, sizeof digest) != 0)
        return damaged(opening, "the digest of its header differs");
    layout_digest(h, sizeof *h, digest);
    if (opening->ref->digest != NULL && memcmp(digest, opening->ref->digest, sizeof digest) != 0)
        return damaged(opening, "it is not the file that the catalog names");
    if (h->version != SEGMENT_VERSION)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "table \"%s\": file \"%s\" has format %" PRIu32 ", not %d",
                         opening->ref->table_name, opening->ref->path, h->version, SEGMENT_VERSION);
    return NULL;
}

static Error *header_check_sizes(const Opening *opening)
{
    const SegmentHeader *h = &opening->segment->header;
    uint64_t blocks = (h->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    bool good = h->block_rows == BLOCK_ROWS && h->block_count == blocks && h->column_count >= 1 &&
                h->column_count <= SEGMENT_COLUMNS_MAX && h->block_count <= SEGMENT_BLOCKS_MAX &&
                h->index_size == sizeof(IndexEntry) * (uint64_t) h->column_count * h->block_count &&
                h->index_size <= INDEX_BYTES_MAX && h->index_address <= h->file_bytes &&
                h->index_size <= h->file_bytes - h->index_address && h->meta_address <= h->file_bytes &&
                h->meta_size <= h->file_bytes - h->meta_address;
    return good ? NULL : damaged(opening, "its header contradicts itself");
}

static Error *file_check_size(const Opening *opening)
{
    struct stat status;
    if (fstat(opening->fd, &status) != 0)
        return layout_io_error(opening->ref->path, "examine");
    const SegmentHeader *h = &opening->segment->header;
    int64_t expected = opening->ref->bytes;
    if (expected >= 0 && status.st_size != expected)
        return damaged(opening, "its size differs from the catalog's");
    if ((uint64_t) status.st_size != h->file_bytes)
        return damaged(opening, "its size differs from its header's");
    return NULL;
}

static Error *read_header(const Opening *opening)
{
    const SegmentRef *ref = opening->ref;
    Segment *segment = opening->segment;
    TRY(layout_read(opening->fd, ref->table_name, ref->path, 0, &segment->header, sizeof segment->header));
    TRY(header_check(opening));
    TRY(header_check_sizes(opening));
    return file_check_size(opening);
}

/* ---- index and description ---- */

static Error *entry_check(const Opening *opening, const IndexEntry *entry, int32_t block)
{
    const SegmentHeader *h = &opening->segment->header;
    uint64_t before = (uint64_t) block * BLOCK_ROWS;
    uint64_t rows = h->rows - before < BLOCK_ROWS ? h->rows - before : BLOCK_ROWS;
    bool good = entry->rows == rows && entry->nulls <= rows && entry->address <= h->file_bytes &&
                entry->size <= h->file_bytes - entry->address && entry->null_address <= h->file_bytes &&
                entry->null_size <= h->file_bytes - entry->null_address && entry->min_length <= ZONE_PREFIX &&
                entry->max_length <= ZONE_PREFIX && (entry->null_size > 0 || entry->nulls == 0);
    return good ? NULL : damaged(opening, "its index contradicts itself");
}

static Error *read_index(const Opening *opening)
{
    const SegmentRef *ref = opening->ref;
    Segment *segment = opening->segment;
    const SegmentHeader *h = &segment->header;
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    segment->index = arena_alloc(segment->arena, h->index_size);
    TRY(layout_read(opening->fd, ref->table_name, ref->path, h->index_address, segment->index, h->index_size));
    layout_digest(segment->index, h->index_size, digest);
    if (memcmp(digest, h->index_digest, sizeof digest) != 0)
        return damaged(opening, "the digest of its index differs");
    for (int32_t column = 0; column < (int32_t) h->column_count; column++)
        for (int32_t block = 0; block < (int32_t) h->block_count; block++)
            TRY(entry_check(opening, opened_entry(segment, column, block), block));
    return NULL;
}

static Error *read_meta(const Opening *opening)
{
    const SegmentRef *ref = opening->ref;
    Segment *segment = opening->segment;
    const SegmentHeader *h = &segment->header;
    void *bytes = malloc(h->meta_size + 1);
    if (bytes == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for the description of \"%s\"", ref->path);
    Error *error = layout_read(opening->fd, ref->table_name, ref->path, h->meta_address, bytes, h->meta_size);
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    if (error == NULL)
    {
        layout_digest(bytes, h->meta_size, digest);
        if (memcmp(digest, h->meta_digest, sizeof digest) != 0)
            error = damaged(opening, "the digest of its description differs");
    }
    if (error == NULL)
    {
        error = meta_read(segment->arena, bytes, h->meta_size, (int32_t) h->column_count, (int32_t) h->block_count,
                          &segment->meta);
        if (error != NULL)
        {
            error_free(error);
            error = damaged(opening, "its description cannot be understood");
        }
    }
    free(bytes);
    return error;
}

/* ---- zones ---- */

static void zone_make(const IndexEntry *entry, SqlType type, Zone *zone)
{
    memset(zone, 0, sizeof *zone);
    zone->rows = (int32_t) entry->rows;
    zone->nulls = (int32_t) entry->nulls;
    zone->encoding = (Encoding) entry->encoding;
    zone->bytes = (int32_t) (entry->size + entry->null_size);
    zone->has_range = (entry->flags & INDEX_HAS_RANGE) != 0;
    if (zone->has_range)
        layout_range_get(entry, type, &zone->min, &zone->max);
}

/* `all` covers the blocks seen so far; *lost: some block has values but no range. */
static void zone_widen(Zone *all, const Zone *zone, SqlType type, bool *lost)
{
    all->nulls += zone->nulls;
    all->rows += zone->rows;
    all->bytes += zone->bytes;
    if (!zone->has_range)
    {
        *lost |= zone->nulls < zone->rows;
        return;
    }
    if (!all->has_range || value_compare(type, &zone->min, &all->min) < 0)
        all->min = zone->min;
    if (!all->has_range || value_compare(type, &zone->max, &all->max) > 0)
        all->max = zone->max;
    all->has_range = true;
}

static void make_zones(Segment *segment)
{
    int32_t columns = (int32_t) segment->header.column_count, blocks = (int32_t) segment->header.block_count;
    segment->zones = ARENA_ARRAY(segment->arena, Zone, (int64_t) columns * blocks);
    segment->column_zones = ARENA_ARRAY(segment->arena, Zone, columns);
    for (int32_t column = 0; column < columns; column++)
    {
        SqlType type = segment->meta.columns[column].type;
        Zone *all = &segment->column_zones[column];
        bool lost = false;
        for (int32_t block = 0; block < blocks; block++)
        {
            Zone *zone = &segment->zones[(int64_t) column * blocks + block];
            zone_make(opened_entry(segment, column, block), type, zone);
            zone_widen(all, zone, type, &lost);
        }
        all->has_range = all->has_range && !lost;
    }
}

Error *opened_read(int fd, const SegmentRef *ref, Segment **made)
{
    Arena *arena = arena_new("segment");
    Segment *segment = ARENA_NEW(arena, Segment);
    segment->arena = arena;
    segment->path = arena_strdup(arena, ref->path);
    segment->table_name = arena_strdup(arena, ref->table_name != NULL ? ref->table_name : "?");
    segment->fd = -1;
    Opening opening = {fd, ref, segment};
    Error *error = read_header(&opening);
    if (error == NULL)
        error = read_index(&opening);
    if (error == NULL)
        error = read_meta(&opening);
    if (error != NULL)
    {
        arena_free(arena);
        return error;
    }
    make_zones(segment);
    *made = segment;
    return NULL;
}

void opened_free(Segment *segment)
{
    ASSERT(segment->fd < 0 && segment->users == 0);
    arena_free(segment->arena);
}

/* ---- what scan.h shows ---- */

int64_t segment_rows(const Segment *segment)
{
    return (int64_t) segment->header.rows;
}

int32_t segment_block_count(const Segment *segment)
{
    return (int32_t) segment->header.block_count;
}

int32_t segment_block_rows(const Segment *segment, int32_t block)
{
    ASSERT(block >= 0 && block < (int32_t) segment->header.block_count);
    int64_t left = segment_rows(segment) - (int64_t) block * BLOCK_ROWS;
    return left < BLOCK_ROWS ? (int32_t) left : BLOCK_ROWS;
}

int32_t segment_column_count(const Segment *segment)
{
    return (int32_t) segment->header.column_count;
}

const SegmentColumn *segment_column(const Segment *segment, int32_t column)
{
    ASSERT(column >= 0 && column < segment_column_count(segment));
    return &segment->meta.columns[column];
}

int32_t segment_column_by_id(const Segment *segment, int32_t id)
{
    for (int32_t i = 0; i < segment_column_count(segment); i++)
        if (segment->meta.columns[i].id == id)
            return i;
    return -1;
}

const Zone *segment_zone(const Segment *segment, int32_t column, int32_t block)
{
    ASSERT(column >= 0 && column < segment_column_count(segment));
    ASSERT(block >= 0 && block < segment_block_count(segment));
    return &segment->zones[(int64_t) column * segment_block_count(segment) + block];
}

const Zone *segment_column_zone(const Segment *segment, int32_t column)
{
    ASSERT(column >= 0 && column < segment_column_count(segment));
    return &segment->column_zones[column];
}

bool segment_dictionary(const Segment *segment, int32_t column, const Str **entries, int32_t *count)
{
    ASSERT(column >= 0 && column < segment_column_count(segment));
    const Dictionary *dictionary = &segment->meta.dictionaries[column];
    *entries = dictionary->entries;
    *count = dictionary->count;
    return dictionary->count > 0;
}
