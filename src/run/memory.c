/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One free list a power of two.  A free piece holds the list's link in its first bytes.  Pieces below a huge page are
 * cut from one where the pool may keep the rest: a fault for 2 MB instead of one for every 4 KB.
 */
#include "src/run/memory.h"

#include "base/core/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PIECES_LEAST 64 /* of the largest size are in the Budget, so that what is never used of the last ones is little */
#define CLASSES      48 /* 2^16 .. 2^63: more than any address space */

typedef struct FreePiece
{
    struct FreePiece *next;
} FreePiece;

struct MemoryPool
{
    Budget *budget;
    pthread_mutex_t lock;
    int64_t keep_bytes;
    int64_t kept_bytes;
    int64_t out_bytes;
    FreePiece *free[CLASSES];
};

MemoryPool *memory_pool_new(Budget *budget, int64_t keep_bytes)
{
    MemoryPool *pool = calloc(1, sizeof *pool);
    ASSERT(pool != NULL);
    pool->budget = budget;
    pool->keep_bytes = keep_bytes;
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

static int32_t class_of(size_t bytes)
{
    if (bytes <= MEMORY_PIECE_MIN)
        return 0;
    return 64 - __builtin_clzll(bytes - 1) - 16;
}

static size_t class_bytes(int32_t class)
{
    return MEMORY_PIECE_MIN << class;
}

#ifdef __SANITIZE_ADDRESS__
/* Under the address sanitizer pieces come from malloc and are not kept, so that a stale pointer is seen. */
#define POOLED false

static void *system_take(size_t bytes)
{
    return aligned_alloc(4096, bytes);
}

static void system_give(void *piece, size_t bytes)
{
    (void) bytes;
    free(piece);
}
#else
#define POOLED true

static void *system_take(size_t bytes)
{
    bool huge = bytes >= MEMORY_HUGE;
    size_t spare = huge ? MEMORY_HUGE : 0;
    char *raw = mmap(NULL, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED)
        return NULL;
    if (!huge)
        return raw;
    char *piece = (char *) (((uintptr_t) raw + spare - 1) & ~(uintptr_t) (spare - 1));
    if (piece > raw)
        munmap(raw, (size_t) (piece - raw));
    if (piece + bytes < raw + bytes + spare)
        munmap(piece + bytes, (size_t) (raw + bytes + spare - (piece + bytes)));
    madvise(piece, bytes, MADV_HUGEPAGE);
    return piece;
}

static void system_give(void *piece, size_t bytes)
{
    munmap(piece, bytes);
}
#endif

/* Under lock. */
static void pool_trim(MemoryPool *pool, int64_t keep_bytes)
{
    for (int32_t class = CLASSES - 1; class >= 0; class --)
    {
        while (pool->free[class] != NULL && pool->kept_bytes > keep_bytes)
        {
            FreePiece *piece = pool->free[class];
            pool->free[class] = piece->next;
            pool->kept_bytes -= (int64_t) class_bytes(class);
            system_give(piece, class_bytes(class));
        }
    }
}

/* Under lock. */
static void pool_push(MemoryPool *pool, int32_t class, void *memory)
{
    FreePiece *piece = memory;
    piece->next = pool->free[class];
    pool->free[class] = piece;
}

/* Under lock; NULL if none lies ready. */
static void *pool_pop(MemoryPool *pool, int32_t class)
{
    FreePiece *piece = pool->free[class];
    if (piece == NULL)
        return NULL;
    pool->free[class] = piece->next;
    pool->kept_bytes -= (int64_t) class_bytes(class);
    return piece;
}

/* A piece of `class` from a fresh huge page; the page's others, counted as kept already, are put by. */
static void *pool_cut(MemoryPool *pool, int32_t class)
{
    size_t size = class_bytes(class);
    char *page = system_take(MEMORY_HUGE);
    pthread_mutex_lock(&pool->lock);
    if (page == NULL)
        pool->kept_bytes -= (int64_t) (MEMORY_HUGE - size);
    else
        for (size_t at = MEMORY_HUGE - size; at > 0; at -= size)
            pool_push(pool, class, page + at);
    pthread_mutex_unlock(&pool->lock);
    return page;
}

void memory_trim(MemoryPool *pool, int64_t keep_bytes)
{
    pthread_mutex_lock(&pool->lock);
    pool_trim(pool, keep_bytes);
    pthread_mutex_unlock(&pool->lock);
}

void memory_pool_free(MemoryPool *pool)
{
    if (pool == NULL)
        return;
    ASSERT(pool->out_bytes == 0);
    memory_trim(pool, 0);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int64_t memory_left(const MemoryPool *pool)
{
    return pool->budget->limit_bytes - atomic_load_explicit(&pool->budget->used_bytes, memory_order_relaxed);
}

Error *memory_take(MemoryPool *pool, size_t bytes, void **out, size_t *got)
{
    ASSERT(bytes < (size_t) 1 << 46);
    int32_t class = class_of(bytes);
    size_t size = class_bytes(class);
    *out = NULL;
    *got = 0;
    TRY(budget_take(pool->budget, (int64_t) size));
    pthread_mutex_lock(&pool->lock);
    void *piece = pool_pop(pool, class);
    pool->out_bytes += (int64_t) size;
    bool cut = false;
    if (piece == NULL) /* what is out and what lies ready stay within the Budget together */
    {
        int64_t room = pool->budget->limit_bytes - pool->out_bytes;
        pool_trim(pool, room > 0 ? room : 0);
        int64_t rest = (int64_t) MEMORY_HUGE - (int64_t) size;
        cut = POOLED && rest > 0 && pool->kept_bytes + rest <= (room < pool->keep_bytes ? room : pool->keep_bytes);
        pool->kept_bytes += cut ? rest : 0;
    }
    pthread_mutex_unlock(&pool->lock);
    if (piece == NULL)
        piece = cut ? pool_cut(pool, class) : system_take(size);
    *out = piece;
    *got = size;
    if (*out != NULL)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    pool->out_bytes -= (int64_t) size;
    pthread_mutex_unlock(&pool->lock);
    budget_give(pool->budget, (int64_t) size);
    *got = 0;
    return error_new(SQLSTATE_OUT_OF_MEMORY, "the system refused %zu bytes of memory", size);
}

size_t memory_piece_most(const MemoryPool *pool)
{
    size_t most = MEMORY_PIECE_MIN;
    while (most < MEMORY_HUGE && (int64_t) most * PIECES_LEAST <= pool->budget->limit_bytes / 2)
        most *= 2;
    return most;
}

void memory_give(MemoryPool *pool, void *piece, size_t got)
{
    if (piece == NULL)
        return;
    int32_t class = class_of(got);
    ASSERT(class_bytes(class) == got);
    budget_give(pool->budget, (int64_t) got);
    pthread_mutex_lock(&pool->lock);
    pool->out_bytes -= (int64_t) got;
    bool keep = POOLED && pool->kept_bytes + (int64_t) got <= pool->keep_bytes;
    if (keep)
    {
        pool_push(pool, class, piece);
        pool->kept_bytes += (int64_t) got;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep)
        system_give(piece, got);
}
