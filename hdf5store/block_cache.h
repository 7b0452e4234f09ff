/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks kept in memory, checked and expanded, so that a block read again is neither read nor checked nor expanded
 * again.  One a process; thread-safe.  What is kept never changes, as the files never do.
 */
#ifndef HDF5STORE_BLOCK_CACHE_H
#define HDF5STORE_BLOCK_CACHE_H

#include "hdf5store/buffer.h"
#include "hdf5store/chunk.h"

typedef struct BlockCache BlockCache;
typedef struct CachedChunk CachedChunk;

typedef struct ChunkKey
{
    uint64_t serial; /* of the open segment */
    int32_t column;
    int32_t block;
    bool nulls;
} ChunkKey;

/* bytes_max: of all chunks kept; 0 keeps none. */
BlockCache *block_cache_new(int64_t bytes_max);
void block_cache_free(BlockCache *cache); /* nothing may be pinned; NULL is fine */

/* The chunk, pinned until block_cache_give(), with its view; NULL: it is not there. */
CachedChunk *block_cache_take(BlockCache *cache, ChunkKey key, ChunkView *view);
void block_cache_give(BlockCache *cache, CachedChunk *chunk);

/*
 * Offers a chunk just read, whose view points into the two buffers.  Kept: it is pinned, the buffers are the cache's, and
 * the caller gets those of a chunk that had to go, or empty ones.  NULL: not kept, the buffers are as they were.
 * A full cache keeps one chunk in CACHE_ADMIT, so that a table larger than it finds a part of itself the next time.
 */
CachedChunk *block_cache_put(BlockCache *cache, ChunkKey key, const ChunkView *view, Buffer *chunk, Buffer *scratch);

#endif
