/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading segments.  Never calls HDF5: the file's own index is read with pread once, and blocks are read
 * with pread into reused buffers, checked, and decoded in the caller's thread.
 *
 *   SegmentCache --segment_open--> Segment (pinned) --block_load--> slot of a BlockReader --block_decode--> values
 *   one a process                  shared, read-only                one reader a thread     any number of times
 *
 * A damaged file is XX001 naming table and file; an unreadable one 58030.  Neither ever gives wrong values:
 * header, index and every block carry an xxh3 digest that is checked when they are read from the file.
 */
#ifndef HDF5STORE_SCAN_H
#define HDF5STORE_SCAN_H

#include "base/core/arena.h"
#include "base/data/type.h"
#include "hdf5store/encoding.h"
#include "hdf5store/segment.h"

/* ---- cache ---- */

typedef struct SegmentCache SegmentCache;

/* fds_max: open files beyond which the least recently used idle ones are closed (they open again when
 * needed).  segments_max: indexes kept in memory; unpinned ones beyond it are dropped, oldest first.
 * blocks_bytes: blocks kept in memory, checked and expanded (block_cache.h); 0: none. */
SegmentCache *segment_cache_new(int32_t fds_max, int32_t segments_max, int64_t blocks_bytes);
void segment_cache_free(SegmentCache *cache); /* nothing may be pinned */
/* Forgets a file about to be removed.  Pinned: forgotten when the last pin goes. */
void segment_cache_drop(SegmentCache *cache, const char *path);

/* ---- segment ---- */

typedef struct Segment Segment;

/* What the catalog knows of a file. */
typedef struct SegmentRef
{
    const char *path;
    const char *table_name; /* for messages */
    int64_t bytes;          /* -1: not known */
    const uint8_t *digest;  /* SEGMENT_DIGEST_SIZE bytes, or NULL: not known */
} SegmentRef;

/* Finds the segment in the cache or reads its index (about 20 us); checks size and digests.
 * Pins it: call segment_close() when done (at the end of the query).  Thread-safe. */
Error *segment_open(SegmentCache *cache, const SegmentRef *ref, Segment **segment) MUST_USE;
void segment_close(Segment *segment); /* NULL is fine */

int64_t segment_rows(const Segment *segment);
int32_t segment_block_count(const Segment *segment);
int32_t segment_block_rows(const Segment *segment, int32_t block);
int32_t segment_column_count(const Segment *segment);
/* name, id, type, nullable; valid while pinned. */
const SegmentColumn *segment_column(const Segment *segment, int32_t column);
/* Index of the column with that catalog number; -1: the file is older than the column. */
int32_t segment_column_by_id(const Segment *segment, int32_t id);

/* Zone map of a block.  Strings: min and max may be prefixes made into bounds (min <= every value <= max
 * in str_compare's order).  Floats: NaN counts as greatest, so a block with one has has_range false. */
typedef struct Zone
{
    Datum min;
    Datum max;
    int32_t rows;
    int32_t nulls;
    bool has_range; /* false: nothing known, or only nulls (nulls == rows) */
    Encoding encoding;
    int32_t bytes; /* stored, nulls included */
} Zone;
const Zone *segment_zone(const Segment *segment, int32_t column, int32_t block);
/* The zones of all blocks together (strings: bounds). */
const Zone *segment_column_zone(const Segment *segment, int32_t column);

/* The segment-wide dictionary of a string column in sorted order (memcmp of bytes, shorter first, so codes
 * compare as bytes do).  False: the column has none.  Entries are valid while pinned. */
bool segment_dictionary(const Segment *segment, int32_t column, const Str **entries, int32_t *count);

/* ---- blocks ---- */

/* One a thread.  A slot holds one block of one column; slots are independent. */
typedef struct BlockReader BlockReader;

BlockReader *block_reader_new(Arena *arena, int32_t slot_count);
/* Bytes its buffers hold now (malloc), for budgets. */
int64_t block_reader_bytes(const BlockReader *reader);

/* Reads, checks and, where a general compression was used, expands a block.
 * Loading the block that is already there costs nothing. */
Error *block_load(BlockReader *reader, int32_t slot, Segment *segment, int32_t column, int32_t block) MUST_USE;

/* All below: of the block loaded in the slot; from is a multiple of VECTOR_ROWS, from + count within the
 * block.  A null row's value is some value within the zone (0 or "" if all are null). */

/* Integer-like types and DECIMAL into an integer Rep that holds the block's zone (ASSERT); REAL into REP_F32
 * and DOUBLE into REP_F64.  `out` is count values, any alignment natural to the Rep; nothing beyond is written. */
void block_decode(BlockReader *reader, int32_t slot, int32_t from, int32_t count, Rep rep, void *out);
/* Strings: pointers are valid until the next block_load of the slot. */
void block_decode_str(BlockReader *reader, int32_t slot, int32_t from, int32_t count, Str *out);
/* Codes into segment_dictionary(); only where that says true. */
void block_codes(BlockReader *reader, int32_t slot, int32_t from, int32_t count, uint16_t *out);
/* One byte a row, 1 = null.  Returns whether there is any in the block; if not, out is zeros. */
bool block_nulls(BlockReader *reader, int32_t slot, int32_t from, int32_t count, uint8_t *out);
/* The block's strings one after another: row i is heap[offsets[i]..offsets[i + 1]).
 * False: they stand otherwise (dictionary, constant); use block_decode_str. */
bool block_heap(BlockReader *reader, int32_t slot, const char **heap, const uint32_t **offsets);
/* True when every row of the block holds one value (all null included): decode one vector and be done. */
bool block_is_const(BlockReader *reader, int32_t slot);

#endif
