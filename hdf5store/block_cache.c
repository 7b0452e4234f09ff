/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks stand side by side in slabs of some megabytes, on huge pages: memory that is touched for the first time is paid
 * for by the page.  A hash table finds chunks; slabs are a ring with a hand (the clock algorithm, Corbato 1968) and go as
 * a whole:
 *
 *     hand --> [used, pinned] --> [used] --> [not used: goes, and its chunks] --> [open: takes new chunks]
 *               stays             marked not used
 *
 * One lock: it is taken twice a block of 65,536 rows.
 */
#include "hdf5store/block_cache.h"

#include "base/core/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CACHE_BUCKETS  16384
#define CACHE_ADMIT    8 /* a full cache keeps one chunk in so many */
#define CACHE_SLABS    8 /* at least, however small the cache is */
#define SLAB_BYTES_MIN ((size_t) 64 * 1024)
#define SLAB_BYTES_MAX ((size_t) 8 * 1024 * 1024)
#define HUGE_BYTES     ((size_t) 2 * 1024 * 1024)
#define ROOM_ALIGN     ((size_t) 64)

typedef struct CachedChunk
{
    ChunkKey key;
    ChunkView view;
    CacheSlab *slab;
    struct CachedChunk *bucket_next;
    struct CachedChunk *slab_next;
} CachedChunk;

struct CacheSlab
{
    char *memory;
    size_t bytes;
    size_t filled;
    int32_t pins;
    bool used;      /* since the hand came by */
    bool contested; /* another had to go for it */
    CachedChunk *chunks;
    CacheSlab *next, *previous; /* in the ring */
};

struct BlockCache
{
    pthread_mutex_t lock;
    CachedChunk *buckets[CACHE_BUCKETS];
    CacheSlab *hand;
    CacheSlab *open; /* that takes new chunks; NULL: none */
    size_t slab_bytes;
    int64_t slab_count;
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
    cache->slab_bytes = SLAB_BYTES_MIN;
    while (cache->slab_bytes < SLAB_BYTES_MAX && (int64_t) cache->slab_bytes * 2 * CACHE_SLABS <= bytes_max)
        cache->slab_bytes *= 2;
    return cache;
}

/* ---- memory ---- */

/* Where slabs are large enough they begin at a huge page. */
static char *slab_memory(size_t bytes)
{
    void *memory = NULL;
    bool huge = bytes >= HUGE_BYTES;
    if (posix_memalign(&memory, huge ? HUGE_BYTES : ROOM_ALIGN, bytes) != 0)
        return NULL;
    if (huge)
        (void) madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

/* ---- chunks; lock held ---- */

static CachedChunk **find(BlockCache *cache, ChunkKey key)
{
    uint64_t hash = key.serial * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ (uint64_t) (uint32_t) key.column << 32 ^ (uint32_t) key.block) * UINT64_C(0xd6e8feb86659fd93);
    CachedChunk **at = &cache->buckets[((hash >> 32) + key.nulls) % CACHE_BUCKETS];
    while (*at != NULL && ((*at)->key.serial != key.serial || (*at)->key.column != key.column ||
                           (*at)->key.block != key.block || (*at)->key.nulls != key.nulls))
        at = &(*at)->bucket_next;
    return at;
}

static void chunks_forget(BlockCache *cache, CacheSlab *slab)
{
    while (slab->chunks != NULL)
    {
        CachedChunk *chunk = slab->chunks, **at = find(cache, chunk->key);
        ASSERT(*at == chunk);
        *at = chunk->bucket_next;
        slab->chunks = chunk->slab_next;
        free(chunk);
    }
}

/* ---- slabs; lock held ---- */

static void slab_free(BlockCache *cache, CacheSlab *slab)
{
    ASSERT(slab->pins == 0);
    chunks_forget(cache, slab);
    slab->previous->next = slab->next;
    slab->next->previous = slab->previous;
    if (cache->hand == slab)
        cache->hand = slab->next == slab ? NULL : slab->next;
    if (cache->open == slab)
        cache->open = NULL;
    cache->slab_count--;
    cache->bytes -= (int64_t) slab->bytes;
    free(slab->memory);
    free(slab);
}

/* A slab that may go: not pinned, not used for a round of the hand; NULL if there is none. */
static CacheSlab *victim(BlockCache *cache)
{
    for (int64_t step = 0; step < 2 * cache->slab_count; step++)
    {
        CacheSlab *slab = cache->hand;
        cache->hand = slab->next;
        if (slab->pins == 0 && !slab->used)
            return slab;
        slab->used = false;
    }
    return NULL;
}

/* An empty slab in the ring, or NULL. */
static CacheSlab *slab_new(BlockCache *cache, size_t bytes)
{
    while (cache->bytes + (int64_t) bytes > cache->bytes_max)
    {
        CacheSlab *old = victim(cache);
        if (old == NULL)
            return NULL;
        slab_free(cache, old);
    }
    CacheSlab *slab = calloc(1, sizeof *slab);
    if (slab == NULL || (slab->memory = slab_memory(bytes)) == NULL)
    {
        free(slab);
        return NULL;
    }
    slab->bytes = bytes;
    CacheSlab *hand = cache->hand == NULL ? slab : cache->hand;
    slab->next = hand;
    slab->previous = cache->hand == NULL ? slab : hand->previous;
    slab->previous->next = slab;
    hand->previous = slab;
    cache->hand = hand;
    cache->slab_count++;
    cache->bytes += (int64_t) bytes;
    return slab;
}

static bool is_full(const BlockCache *cache)
{
    return cache->bytes + (int64_t) cache->slab_bytes > cache->bytes_max;
}

/* ---- what is called ---- */

CacheSlab *block_cache_room(BlockCache *cache, size_t bytes, void **room)
{
    bytes = (bytes + ROOM_ALIGN - 1) / ROOM_ALIGN * ROOM_ALIGN;
    if ((int64_t) bytes > cache->bytes_max / CACHE_SLABS)
        return NULL;
    (void) pthread_mutex_lock(&cache->lock);
    CacheSlab *slab = cache->open;
    bool fits = slab != NULL && slab->bytes - slab->filled >= bytes;
    bool contested = fits ? slab->contested : is_full(cache);
    if (contested && cache->offers++ % CACHE_ADMIT != 0)
        slab = NULL;
    else if (!fits)
        slab = slab_new(cache, bytes > cache->slab_bytes ? bytes : cache->slab_bytes);
    if (slab != NULL)
    {
        cache->open = slab;
        slab->contested = contested;
        *room = slab->memory + slab->filled;
        slab->filled += bytes;
        slab->pins++;
        slab->used = true;
    }
    (void) pthread_mutex_unlock(&cache->lock);
    return slab;
}

void block_cache_put(BlockCache *cache, ChunkKey key, CacheSlab *slab, const ChunkView *view)
{
    CachedChunk *chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL)
        return; /* it is merely not found again */
    (void) pthread_mutex_lock(&cache->lock);
    CachedChunk **at = find(cache, key);
    if (*at == NULL)
    {
        *chunk = (CachedChunk){.key = key, .view = *view, .slab = slab, .slab_next = slab->chunks};
        slab->chunks = chunk;
        *at = chunk;
        chunk = NULL;
    }
    (void) pthread_mutex_unlock(&cache->lock);
    free(chunk); /* another thread was first */
}

CacheSlab *block_cache_take(BlockCache *cache, ChunkKey key, ChunkView *view)
{
    (void) pthread_mutex_lock(&cache->lock);
    CachedChunk *chunk = *find(cache, key);
    CacheSlab *slab = NULL;
    if (chunk != NULL)
    {
        slab = chunk->slab;
        slab->pins++;
        slab->used = true;
        *view = chunk->view;
    }
    (void) pthread_mutex_unlock(&cache->lock);
    return slab;
}

void block_cache_give(BlockCache *cache, CacheSlab *slab)
{
    (void) pthread_mutex_lock(&cache->lock);
    ASSERT(slab->pins > 0);
    slab->pins--;
    (void) pthread_mutex_unlock(&cache->lock);
}

void block_cache_free(BlockCache *cache)
{
    if (cache == NULL)
        return;
    while (cache->hand != NULL)
        slab_free(cache, cache->hand);
    (void) pthread_mutex_destroy(&cache->lock);
    free(cache);
}
