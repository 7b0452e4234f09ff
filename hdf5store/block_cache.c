/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table of chunks, and a ring with a hand (the clock algorithm, Corbato 1968):
 *
 *     hand --> [used, pinned] --> [used] --> [not used: goes] --> ...
 *               stays             marked not used
 *
 * One lock: it is taken twice a block of 65,536 rows.
 */
#include "hdf5store/block_cache.h"

#include "base/core/assert.h"

#include <pthread.h>
#include <stdlib.h>

#define CACHE_BUCKETS 16384
#define CACHE_ADMIT   8

struct CachedChunk
{
    ChunkKey key;
    ChunkView view;
    Buffer chunk;
    Buffer scratch;
    int32_t pins;
    bool used; /* since the hand came by */
    CachedChunk *bucket_next;
    CachedChunk *next, *previous; /* in the ring */
};

struct BlockCache
{
    pthread_mutex_t lock;
    CachedChunk *buckets[CACHE_BUCKETS];
    CachedChunk *hand;
    int64_t count;
    int64_t bytes;
    int64_t bytes_max;
    uint64_t offers; /* while full */
};

BlockCache *block_cache_new(int64_t bytes_max)
{
    ASSERT(bytes_max >= 0);
    BlockCache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL);
    (void) pthread_mutex_init(&cache->lock, NULL);
    cache->bytes_max = bytes_max;
    return cache;
}

static int64_t chunk_bytes(const CachedChunk *chunk)
{
    return (int64_t) (chunk->chunk.capacity + chunk->scratch.capacity);
}

static CachedChunk **bucket_of(BlockCache *cache, ChunkKey key)
{
    uint64_t hash = key.serial * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ (uint64_t) (uint32_t) key.column << 32 ^ (uint32_t) key.block) * UINT64_C(0xd6e8feb86659fd93);
    return &cache->buckets[((hash >> 32) + key.nulls) % CACHE_BUCKETS];
}

static bool same_key(ChunkKey a, ChunkKey b)
{
    return a.serial == b.serial && a.column == b.column && a.block == b.block && a.nulls == b.nulls;
}

static CachedChunk **find(BlockCache *cache, ChunkKey key)
{
    CachedChunk **at = bucket_of(cache, key);
    while (*at != NULL && !same_key((*at)->key, key))
        at = &(*at)->bucket_next;
    return at;
}

static void ring_add(BlockCache *cache, CachedChunk *chunk)
{
    CachedChunk *hand = cache->hand == NULL ? chunk : cache->hand;
    chunk->next = hand;
    chunk->previous = cache->hand == NULL ? chunk : hand->previous;
    chunk->previous->next = chunk;
    hand->previous = chunk;
    cache->hand = hand;
    cache->count++;
    cache->bytes += chunk_bytes(chunk);
}

/* Out of table and ring; its buffers are the caller's. */
static void forget(BlockCache *cache, CachedChunk *chunk)
{
    CachedChunk **at = find(cache, chunk->key);
    ASSERT(*at == chunk && chunk->pins == 0);
    *at = chunk->bucket_next;
    chunk->previous->next = chunk->next;
    chunk->next->previous = chunk->previous;
    if (cache->hand == chunk)
        cache->hand = chunk->next == chunk ? NULL : chunk->next;
    cache->count--;
    cache->bytes -= chunk_bytes(chunk);
}

/* A chunk that may go: not pinned, not used for a round of the hand; NULL if there is none. */
static CachedChunk *victim(BlockCache *cache)
{
    for (int64_t step = 0; step < 2 * cache->count; step++)
    {
        CachedChunk *chunk = cache->hand;
        cache->hand = chunk->next;
        if (chunk->pins == 0 && !chunk->used)
            return chunk;
        chunk->used = false;
    }
    return NULL;
}

/* Makes room for `bytes`; the buffers of the last to go are left in *chunk and *scratch. */
static bool make_room(BlockCache *cache, int64_t bytes, Buffer *chunk, Buffer *scratch)
{
    while (cache->bytes + bytes > cache->bytes_max)
    {
        CachedChunk *old = victim(cache);
        if (old == NULL)
            return false;
        forget(cache, old);
        buffer_free(chunk);
        buffer_free(scratch);
        *chunk = old->chunk;
        *scratch = old->scratch;
        free(old);
    }
    return true;
}

static bool wanted(BlockCache *cache, ChunkKey key, int64_t bytes)
{
    if (bytes > cache->bytes_max / CACHE_ADMIT || *find(cache, key) != NULL)
        return false;
    return cache->bytes + bytes <= cache->bytes_max || cache->offers++ % CACHE_ADMIT == 0;
}

CachedChunk *block_cache_put(BlockCache *cache, ChunkKey key, const ChunkView *view, Buffer *chunk, Buffer *scratch)
{
    CachedChunk *made = NULL;
    Buffer freed[2] = {{NULL, 0}, {NULL, 0}};
    int64_t bytes = (int64_t) (chunk->capacity + scratch->capacity);
    (void) pthread_mutex_lock(&cache->lock);
    if (wanted(cache, key, bytes) && make_room(cache, bytes, &freed[0], &freed[1]))
        made = calloc(1, sizeof *made);
    if (made != NULL)
    {
        *made = (CachedChunk){.key = key, .view = *view, .chunk = *chunk, .scratch = *scratch, .pins = 1, .used = true};
        CachedChunk **bucket = bucket_of(cache, key);
        made->bucket_next = *bucket;
        *bucket = made;
        ring_add(cache, made);
        *chunk = freed[0];
        *scratch = freed[1];
    }
    (void) pthread_mutex_unlock(&cache->lock);
    if (made == NULL)
    {
        buffer_free(&freed[0]);
        buffer_free(&freed[1]);
    }
    return made;
}

CachedChunk *block_cache_take(BlockCache *cache, ChunkKey key, ChunkView *view)
{
    (void) pthread_mutex_lock(&cache->lock);
    CachedChunk *chunk = *find(cache, key);
    if (chunk != NULL)
    {
        chunk->pins++;
        chunk->used = true;
        *view = chunk->view;
    }
    (void) pthread_mutex_unlock(&cache->lock);
    return chunk;
}

void block_cache_give(BlockCache *cache, CachedChunk *chunk)
{
    (void) pthread_mutex_lock(&cache->lock);
    ASSERT(chunk->pins > 0);
    chunk->pins--;
    (void) pthread_mutex_unlock(&cache->lock);
}

void block_cache_free(BlockCache *cache)
{
    if (cache == NULL)
        return;
    while (cache->hand != NULL)
    {
        CachedChunk *chunk = cache->hand;
        forget(cache, chunk);
        buffer_free(&chunk->chunk);
        buffer_free(&chunk->scratch);
        free(chunk);
    }
    (void) pthread_mutex_destroy(&cache->lock);
    free(cache);
}
