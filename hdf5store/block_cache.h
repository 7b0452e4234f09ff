/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks kept in memory, checked and expanded, so that a block read again is neither read nor checked nor expanded
 * again.  One a process; thread-safe.  What is kept never changes, as the files never do.
 *
 *     block_cache_take   a chunk that is there           -> its view; its slab is pinned
 *     block_cache_room   room for one that is not         -> bytes in a pinned slab, to read and expand into
 *     block_cache_put    the chunk is whole               -> others find it
 *     block_cache_give   the view is not used any more    -> the slab may go
 */
#ifndef HDF5STORE_BLOCK_CACHE_H
#define HDF5STORE_BLOCK_CACHE_H

#include "hdf5store/chunk.h"

typedef struct BlockCache BlockCache;
typedef struct CacheSlab CacheSlab;

typedef struct ChunkKey
{
    uint64_t serial; /* of the open segment */
    int32_t column;
    int32_t block;
    bool nulls;
} ChunkKey;

/* bytes_max: of all slabs; 0 keeps nothing. */
BlockCache *block_cache_new(int64_t bytes_max);
void block_cache_free(BlockCache *cache); /* nothing may be pinned; NULL is fine */

/* NULL: it is not there. */
CacheSlab *block_cache_take(BlockCache *cache, ChunkKey key, ChunkView *view);
/*
 * `bytes`, 64-aligned, in *room.  NULL: the chunk is not to be kept.  A full cache keeps one chunk in eight, so that a
 * table larger than it finds a part of itself the next time.
 */
CacheSlab *block_cache_room(BlockCache *cache, size_t bytes, void **room);
/* The view is copied; it points into the room. */
void block_cache_put(BlockCache *cache, ChunkKey key, CacheSlab *slab, const ChunkView *view);
void block_cache_give(BlockCache *cache, CacheSlab *slab);

#endif
