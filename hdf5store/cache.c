/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of open segments: a hash table by path, and a list from newest to oldest use.
 *
 *     pins > 0      in use by a query: stays, whatever the limits say
 *     pins == 0     stays until segments_max is passed; then the oldest go
 *     dropped       out of the table already; freed with the last pin
 *     fd >= 0       open; beyond fds_max the oldest with users == 0 are closed
 *
 * Files never change, so nothing is ever read again.  One lock; reading an index happens outside of it (two
 * threads may both read one: the second finds the first's and throws its own away).
 */
#include "base/core/assert.h"
#include "hdf5store/opened.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#define CACHE_BUCKETS 4096

struct SegmentCache
{
    pthread_mutex_t lock;
    Segment *buckets[CACHE_BUCKETS];
    Segment *newest;
    Segment *oldest;
    int32_t segment_count;
    int32_t segments_max;
    int32_t fd_count;
    int32_t fds_max;
    uint64_t serial;
    BlockCache *blocks;
};

SegmentCache *segment_cache_new(int32_t fds_max, int32_t segments_max, int64_t blocks_bytes)
{
    ASSERT(fds_max >= 1 && segments_max >= 1);
    SegmentCache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL);
    (void) pthread_mutex_init(&cache->lock, NULL);
    cache->fds_max = fds_max;
    cache->segments_max = segments_max;
    cache->blocks = block_cache_new(blocks_bytes);
    return cache;
}

/* ---- list and table; lock held ---- */

static void list_remove(SegmentCache *cache, Segment *segment)
{
    *(segment->newer != NULL ? &segment->newer->older : &cache->newest) = segment->older;
    *(segment->older != NULL ? &segment->older->newer : &cache->oldest) = segment->newer;
    segment->newer = segment->older = NULL;
}

static void list_put_first(SegmentCache *cache, Segment *segment)
{
    segment->older = cache->newest;
    segment->newer = NULL;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = segment;
    cache->newest = segment;
}

static Segment **table_find(SegmentCache *cache, const char *path, uint64_t hash)
{
    Segment **at = &cache->buckets[hash % CACHE_BUCKETS];
    while (*at != NULL && ((*at)->path_hash != hash || strcmp((*at)->path, path) != 0))
        at = &(*at)->bucket_next;
    return at;
}

static void fd_close(SegmentCache *cache, Segment *segment)
{
    if (segment->fd < 0)
        return;
    (void) close(segment->fd);
    segment->fd = -1;
    cache->fd_count--;
}

/* Out of table and list; freed unless pinned. */
static void forget(SegmentCache *cache, Segment *segment)
{
    Segment **at = table_find(cache, segment->path, segment->path_hash);
    ASSERT(*at == segment);
    *at = segment->bucket_next;
    list_remove(cache, segment);
    cache->segment_count--;
    segment->dropped = true;
    if (segment->pins > 0)
        return;
    fd_close(cache, segment);
    opened_free(segment);
}

static void trim_segments(SegmentCache *cache)
{
    for (Segment *segment = cache->oldest; segment != NULL && cache->segment_count > cache->segments_max;)
    {
        Segment *next = segment->newer;
        if (segment->pins == 0)
            forget(cache, segment);
        segment = next;
    }
}

static void trim_fds(SegmentCache *cache)
{
    for (Segment *segment = cache->oldest; segment != NULL && cache->fd_count > cache->fds_max;
         segment = segment->newer)
        if (segment->users == 0)
            fd_close(cache, segment);
}

/* ---- files ---- */

static Error *file_open(const char *path, const char *table_name, int *fd)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0)
        return NULL;
    if (errno == ENOENT)
        return layout_damaged(table_name, path, NULL, -1, "it does not exist");
    return layout_io_error(path, "open");
}

Error *opened_fd_take(Segment *segment, int *fd)
{
    SegmentCache *cache = segment->cache;
    (void) pthread_mutex_lock(&cache->lock);
    Error *error = NULL;
    if (segment->fd < 0)
    {
        error = file_open(segment->path, segment->table_name, &segment->fd);
        if (error == NULL)
            cache->fd_count++;
    }
    if (error == NULL)
    {
        segment->users++;
        *fd = segment->fd;
        trim_fds(cache);
    }
    (void) pthread_mutex_unlock(&cache->lock);
    return error;
}

void opened_fd_give(Segment *segment)
{
    SegmentCache *cache = segment->cache;
    (void) pthread_mutex_lock(&cache->lock);
    ASSERT(segment->users > 0);
    segment->users--;
    if (cache->fd_count > cache->fds_max && !segment->dropped)
        trim_fds(cache);
    (void) pthread_mutex_unlock(&cache->lock);
}

/* ---- open and close ---- */

/* Lock held. */
static Segment *pin(SegmentCache *cache, Segment *segment)
{
    segment->pins++;
    list_remove(cache, segment);
    list_put_first(cache, segment);
    return segment;
}

/* Lock held: `made` enters, or gives way to one that came in meanwhile. */
static Segment *enter(SegmentCache *cache, Segment *made, int fd, uint64_t hash)
{
    Segment **at = table_find(cache, made->path, hash);
    if (*at != NULL)
    {
        (void) close(fd);
        opened_free(made);
        return pin(cache, *at);
    }
    made->cache = cache;
    made->blocks = cache->blocks;
    made->path_hash = hash;
    made->serial = ++cache->serial;
    made->fd = fd;
    made->pins = 1;
    *at = made;
    list_put_first(cache, made);
    cache->segment_count++;
    cache->fd_count++;
    trim_segments(cache);
    trim_fds(cache);
    return made;
}

/* A file that the catalog names differently than the one we know is not that file. */
static Error *same_file(const Segment *segment, const SegmentRef *ref)
{
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    layout_digest(&segment->header, sizeof segment->header, digest);
    bool same = (ref->digest == NULL || memcmp(digest, ref->digest, sizeof digest) == 0) &&
                (ref->bytes < 0 || (uint64_t) ref->bytes == segment->header.file_bytes);
    return same ? NULL
                : layout_damaged(ref->table_name, ref->path, NULL, -1, "it is not the file that the catalog names");
}

Error *segment_open(SegmentCache *cache, const SegmentRef *ref, Segment **segment)
{
    uint64_t hash = XXH3_64bits(ref->path, strlen(ref->path));
    (void) pthread_mutex_lock(&cache->lock);
    Segment *found = *table_find(cache, ref->path, hash);
    if (found != NULL)
        (void) pin(cache, found);
    (void) pthread_mutex_unlock(&cache->lock);
    if (found == NULL)
    {
        int fd;
        TRY(file_open(ref->path, ref->table_name, &fd));
        Segment *made;
        Error *error = opened_read(fd, ref, &made);
        if (error != NULL)
        {
            (void) close(fd);
            return error;
        }
        (void) pthread_mutex_lock(&cache->lock);
        found = enter(cache, made, fd, hash);
        (void) pthread_mutex_unlock(&cache->lock);
    }
    Error *error = same_file(found, ref);
    if (error != NULL)
        segment_close(found);
    else
        *segment = found;
    return error;
}

void segment_close(Segment *segment)
{
    if (segment == NULL)
        return;
    SegmentCache *cache = segment->cache;
    (void) pthread_mutex_lock(&cache->lock);
    ASSERT(segment->pins > 0);
    segment->pins--;
    if (segment->pins == 0 && segment->dropped)
    {
        fd_close(cache, segment);
        opened_free(segment);
    }
    else if (segment->pins == 0)
        trim_segments(cache);
    (void) pthread_mutex_unlock(&cache->lock);
}

void segment_cache_drop(SegmentCache *cache, const char *path)
{
    (void) pthread_mutex_lock(&cache->lock);
    Segment *found = *table_find(cache, path, XXH3_64bits(path, strlen(path)));
    if (found != NULL)
        forget(cache, found);
    (void) pthread_mutex_unlock(&cache->lock);
}

void segment_cache_free(SegmentCache *cache)
{
    if (cache == NULL)
        return;
    while (cache->newest != NULL)
    {
        ASSERT(cache->newest->pins == 0);
        forget(cache, cache->newest);
    }
    block_cache_free(cache->blocks);
    (void) pthread_mutex_destroy(&cache->lock);
    free(cache);
}
