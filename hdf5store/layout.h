/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands where in a segment file beside the chunks: the header in HDF5's user block, the index of
 * chunks, and the description of columns ("meta").  Little-endian, read in place.
 *
 *     0        SegmentHeader         HDF5's user block: foreign tools skip it
 *     512      HDF5 superblock, object headers, chunks ...
 *     index    IndexEntry [columns][blocks]     the dataset /__index
 *     meta     bytes written by meta_write()    the dataset /__meta
 *
 * Digests form a tree: the header holds those of index, meta and of everything after itself; the index
 * holds those of the chunks.  The digest of the header is the digest of the segment.
 */
#ifndef HDF5STORE_LAYOUT_H
#define HDF5STORE_LAYOUT_H

#include "base/core/bytes.h"
#include "hdf5store/scan.h"
#include "hdf5store/segment.h"

#define SEGMENT_MAGIC       "STOASEG"
#define SEGMENT_VERSION     1
#define SEGMENT_HEADER_SIZE 512
#define SEGMENT_BLOCKS_MAX  (1 << 20)
#define ZONE_PREFIX         16 /* bytes of a string's min and max */

typedef struct SegmentHeader
{
    char magic[8];
    uint32_t version;
    uint32_t block_rows;
    uint64_t file_bytes;
    uint64_t rows;
    uint32_t column_count;
    uint32_t block_count;
    uint64_t index_address;
    uint64_t index_size;
    uint64_t meta_address;
    uint64_t meta_size;
    int64_t table_id;
    uint8_t index_digest[SEGMENT_DIGEST_SIZE];
    uint8_t meta_digest[SEGMENT_DIGEST_SIZE];
    uint8_t body_digest[SEGMENT_DIGEST_SIZE]; /* bytes SEGMENT_HEADER_SIZE..file_bytes */
    uint8_t unused[512 - 8 * 10 - 4 * SEGMENT_DIGEST_SIZE];
    uint8_t header_digest[SEGMENT_DIGEST_SIZE]; /* of all before it */
} SegmentHeader;
_Static_assert(sizeof(SegmentHeader) == SEGMENT_HEADER_SIZE, "the header is part of the file format");

#define INDEX_HAS_RANGE 1 /* min and max are set */

/* One block of one column.  null_size 0: no chunk of nulls; then nulls is 0 or rows. */
typedef struct IndexEntry
{
    uint64_t address;
    uint64_t digest;
    uint64_t null_address;
    uint64_t null_digest;
    uint32_t size;
    uint32_t null_size;
    uint32_t rows;
    uint32_t nulls;
    uint8_t encoding;
    uint8_t flags;
    uint8_t min_length; /* strings */
    uint8_t max_length;
    uint32_t unused;
    uint8_t min[ZONE_PREFIX]; /* int64, double, I128 or the bytes of a bound */
    uint8_t max[ZONE_PREFIX];
} IndexEntry;
_Static_assert(sizeof(IndexEntry) == 88, "the index is part of the file format");

/* xxh3-128 in canonical form. */
void layout_digest(const void *bytes, size_t size, uint8_t digest[SEGMENT_DIGEST_SIZE]);

/* A block's range into the entry.  Strings are cut to bounds; has_range may become false where no upper
 * bound exists.  Returns whether something was cut. */
bool layout_range_put(IndexEntry *entry, SqlType type, const Datum *min, const Datum *max);
/* And out; strings point into the entry. */
void layout_range_get(const IndexEntry *entry, SqlType type, Datum *min, Datum *max);

/* A column's segment-wide dictionary, and which of its entries each block's own dictionary is. */
typedef struct Dictionary
{
    int32_t count; /* 0: the column has none */
    const Str *entries;
    /* maps[block]: the block's entry i is entries[maps[block][i]]; NULL: the same. */
    const uint16_t **maps;
    int32_t *map_counts;
} Dictionary;

/* Everything about a segment that is not in header or index. */
typedef struct SegmentMeta
{
    char *schema_name;
    char *table_name;
    int32_t slice;
    SegmentColumn *columns;
    Dictionary *dictionaries;
} SegmentMeta;

void meta_write(ByteWriter *writer, const SegmentMeta *meta, int32_t column_count, int32_t block_count);
/* Copies into arena.  Error: XX000, for the caller to retell. */
Error *meta_read(Arena *arena, const void *bytes, size_t size, int32_t column_count, int32_t block_count,
                 SegmentMeta *meta) MUST_USE;

/* XX001: table "t": file "p" is damaged, with what as the detail.  block -1: none; column NULL: none. */
Error *layout_damaged(const char *table_name, const char *path, const char *column, int32_t block,
                      const char *what) MUST_USE;
/* 58030 with errno. */
Error *layout_io_error(const char *path, const char *act) MUST_USE;
/* Reads exactly size bytes at offset; XX001 if the file ends before. */
Error *layout_read(int fd, const char *table_name, const char *path, uint64_t offset, void *to, size_t size) MUST_USE;

#endif
