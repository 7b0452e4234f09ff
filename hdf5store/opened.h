/* SPDX-License-Identifier: Apache-2.0 */
/* An open segment from within: shared by cache.c, opened.c, block.c and verify.c. */
#ifndef HDF5STORE_OPENED_H
#define HDF5STORE_OPENED_H

#include "hdf5store/block_cache.h"
#include "hdf5store/layout.h"
#include "hdf5store/scan.h"

#include <pthread.h>

struct Segment
{
    Arena *arena; /* all below lives here */
    char *path;
    char *table_name;
    SegmentHeader header;
    IndexEntry *index; /* [column][block] */
    SegmentMeta meta;
    Zone *zones;        /* [column][block] */
    Zone *column_zones; /* [column] */
    uint64_t serial;    /* never used again by another segment of the process */

    /* the cache's, under its lock */
    SegmentCache *cache; /* NULL: not in a cache */
    BlockCache *blocks;  /* of the cache, or NULL */
    Segment *newer;
    Segment *older;
    Segment *bucket_next;
    uint64_t path_hash;
    int32_t pins;
    bool dropped;
    int32_t fd;    /* -1: closed */
    int32_t users; /* of fd, now */
};

/* Reads and checks header, index and description of an open file. `made` has no cache and fd -1. */
Error *opened_read(int fd, const SegmentRef *ref, Segment **made) MUST_USE;
void opened_free(Segment *segment);

/* The file, for one read: opens it again if it was closed meanwhile.  Thread-safe. */
Error *opened_fd_take(Segment *segment, int *fd) MUST_USE;
void opened_fd_give(Segment *segment);

static inline const IndexEntry *opened_entry(const Segment *segment, int32_t column, int32_t block)
{
    return &segment->index[(size_t) column * segment->header.block_count + (size_t) block];
}

#endif
