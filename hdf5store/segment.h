/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a segment: an immutable HDF5 file with some rows of one table on one slice.
 *
 *   segment_create -> segment_put_block ... segment_put_block -> segment_finish
 *     NAME.h5.tmp       blocks of BLOCK_ROWS rows, last one shorter    closed, fsync, renamed NAME.h5, directory fsync
 *                                                                \--> segment_abandon: the .tmp is removed
 *
 * A writer belongs to one thread at a time; several threads write different
 * segments at once (encoding runs outside HDF5's lock).
 */
#ifndef HDF5STORE_SEGMENT_H
#define HDF5STORE_SEGMENT_H

#include "base/core/arena.h"
#include "base/data/hll.h"
#include "base/data/type.h"
#include "hdf5store/encoding.h"

#define SEGMENT_COLUMNS_MAX 1600
#define SEGMENT_DIGEST_SIZE 16
#define SEGMENT_NAME_SUFFIX ".h5"

typedef struct SegmentColumn
{
    const char *name;
    int32_t id; /* the catalog's column number: survives renames */
    SqlType type;
    bool nullable;
    Encoding encoding; /* a wish; ENCODING_AUTO: the writer chooses for each block */
} SegmentColumn;

typedef struct SegmentSpec
{
    const char *directory;   /* exists */
    const char *file_name;   /* "17-0.h5"; no '/' in it */
    const char *schema_name; /* for error messages and readers of the file */
    const char *table_name;
    int64_t table_id;
    int32_t slice;
    int32_t column_count; /* 1..SEGMENT_COLUMNS_MAX */
    const SegmentColumn *columns;
    bool sync_later; /* segment_finish() names the file before it is durable: segment_sync() is up to the caller */
} SegmentSpec;

/* One column of a block: `rows` values in type_rep(type), an array of Str for
 * strings.  nulls: one byte a row, 1 = null, or NULL for none; the value of a
 * null row is not looked at (a Str of it may be anything). */
typedef struct BlockColumn
{
    const void *values;
    const uint8_t *nulls;
} BlockColumn;

typedef struct SegmentColumnReport
{
    bool has_range;       /* false: no value but nulls (or NaN) */
    bool range_truncated; /* strings: min and max are bounds, cut to a prefix */
    Datum min;            /* strings: bytes live in the writer's arena */
    Datum max;
    int64_t nulls;
    int64_t bytes;    /* in the file, nulls included */
    double width_avg; /* bytes of a non-null value as SQL sees it; strings: mean length */
    Rep rep;          /* narrowest Rep that holds every value (integers); else type_rep() */
    Hll distinct;
} SegmentColumnReport;

typedef struct SegmentReport
{
    int64_t rows;
    int64_t bytes; /* of the file */
    /* xxh3-128 (canonical form) of the file's first 512 bytes, which hold the digests of everything
     * else: equal digests mean equal files, and opening checks it at no cost. */
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    int32_t column_count;
    SegmentColumnReport *columns; /* in the writer's arena */
} SegmentReport;

typedef struct SegmentWriter SegmentWriter;

/* To be called once before threads start (sets HDF5_USE_FILE_LOCKING=FALSE); later calls do nothing. */
void segment_start(void);

/* The writer lives in `arena`; if the arena ends first the segment is abandoned.
 * `spec` is copied.  58030 if the file cannot be made (an existing .tmp is overwritten;
 * an existing NAME.h5 is 55006). */
Error *segment_create(Arena *arena, const SegmentSpec *spec, SegmentWriter **writer) MUST_USE;

/* columns: spec->column_count of them, borrowed for the call.  rows: BLOCK_ROWS, or less (>= 1) for the
 * last block.  After an error the writer can only be abandoned. */
Error *segment_put_block(SegmentWriter *writer, const BlockColumn *columns, int32_t rows) MUST_USE;

/* Makes the file durable under its final name.  A segment of no rows is a valid file.
 * On error the segment is abandoned. */
Error *segment_finish(SegmentWriter *writer, SegmentReport *report) MUST_USE;

/* For sync_later: the file's bytes; and then, once for all files of a folder, their names. */
Error *segment_sync(const char *directory, const char *file_name) MUST_USE;
Error *segment_sync_directory(const char *directory) MUST_USE;

/* A new directory is there after a crash only if its parent was synced: it is.  One that is there already is fine. */
Error *segment_directory_make(const char *path, const char *parent) MUST_USE;

/* WAREHOUSE/db<database>/t<table>/s<slice>, made with all above it; *path in `arena`. */
Error *segment_slice_directory(Arena *arena, const char *warehouse, int64_t database_id, int64_t table_id, int32_t slice,
                               char **path) MUST_USE;

/* The finished file's bytes, in `arena`; `bytes`: its size. */
Error *segment_image(Arena *arena, const char *directory, const char *file_name, int64_t bytes, void **image) MUST_USE;
/* Makes the file durable as its image says, and writes it again if it is not so; its name is up to segment_sync_directory(). */
Error *segment_restore(const char *directory, const char *file_name, const void *image, int64_t bytes) MUST_USE;

/* Closes and removes the .tmp.  Does nothing after segment_finish or a second time. */
void segment_abandon(SegmentWriter *writer);

#endif
