/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   Arena -> newest chunk -> older chunk -> ... -> NULL
 *   chunk = | header | used ........ | free ........ |
 *
 * Chunks double from 4 KB to 1 MB; an allocation above a quarter of that gets a
 * chunk of its own, put behind the newest so that its free part stays in use.
 */
#include "base/core/arena.h"
#include "base/core/assert.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES_FIRST ((size_t) 4096)
#define CHUNK_BYTES_MAX   ((size_t) 1 << 20)
#define ALIGN_BYTES       ((size_t) 16)

typedef struct Chunk
{
    struct Chunk *older;
    size_t capacity; /* bytes behind the header */
    size_t used;
    alignas(16) char data[];
} Chunk;

typedef struct Owned
{
    struct Owned *earlier;
    void (*closer)(void *thing);
    void *thing;
} Owned;

struct Arena
{
    const char *name;
    Chunk *chunk;
    Owned *owned;
    size_t bytes;
    size_t chunk_bytes_next;
};

static _Noreturn void out_of_memory(const char *name, size_t size)
{
    fprintf(stderr, "FATAL:  out of memory: %zu bytes for arena \"%s\"\n", size, name);
    abort();
}

Arena *arena_new(const char *name)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        out_of_memory(name, sizeof *arena);
    arena->name = name;
    arena->bytes = sizeof *arena;
    arena->chunk_bytes_next = CHUNK_BYTES_FIRST;
    return arena;
}

static void owned_close_all(Arena *arena)
{
    /* A closer may not register anything: its memory is about to go. */
    Owned *owned = arena->owned;
    arena->owned = NULL;
    for (; owned != NULL; owned = owned->earlier)
        owned->closer(owned->thing);
    ASSERT(arena->owned == NULL);
}

static void chunks_free(Chunk *chunk)
{
    while (chunk != NULL)
    {
        Chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

void arena_free(Arena *arena)
{
    if (arena == NULL)
        return;
    owned_close_all(arena);
    chunks_free(arena->chunk);
    free(arena);
}

void arena_reset(Arena *arena)
{
    owned_close_all(arena);
    Chunk *kept = arena->chunk;
    arena->bytes = sizeof *arena;
    if (kept == NULL)
        return;
    chunks_free(kept->older);
    kept->older = NULL;
    kept->used = 0;
    arena->bytes += sizeof(Chunk) + kept->capacity;
}

static Chunk *chunk_new(Arena *arena, size_t capacity)
{
    Chunk *chunk = malloc(sizeof *chunk + capacity);
    if (chunk == NULL)
        out_of_memory(arena->name, capacity);
    chunk->older = NULL;
    chunk->capacity = capacity;
    chunk->used = 0;
    arena->bytes += sizeof *chunk + capacity;
    return chunk;
}

static void *alloc_slowly(Arena *arena, size_t size)
{
    if (size > CHUNK_BYTES_MAX / 4)
    {
        Chunk *own = chunk_new(arena, size);
        own->used = size;
        if (arena->chunk == NULL)
        {
            arena->chunk = own;
        }
        else
        {
            own->older = arena->chunk->older;
            arena->chunk->older = own;
        }
        return own->data;
    }
    size_t capacity = arena->chunk_bytes_next;
    while (capacity < size)
        capacity *= 2;
    if (arena->chunk_bytes_next < CHUNK_BYTES_MAX)
        arena->chunk_bytes_next *= 2;
    Chunk *chunk = chunk_new(arena, capacity);
    chunk->older = arena->chunk;
    arena->chunk = chunk;
    chunk->used = size;
    return chunk->data;
}

void *arena_alloc(Arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory(arena->name, size);
    size = size == 0 ? ALIGN_BYTES : (size + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
    Chunk *chunk = arena->chunk;
    if (chunk != NULL && chunk->capacity - chunk->used >= size)
    {
        void *at = chunk->data + chunk->used;
        chunk->used += size;
        return at;
    }
    return alloc_slowly(arena, size);
}

void *arena_zalloc(Arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

char *arena_strdup(Arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void *arena_memdup(Arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(length >= 0);
    char *text = arena_alloc(arena, (size_t) length + 1);
    vsnprintf(text, (size_t) length + 1, format, again);
    va_end(again);
    return text;
}

void arena_own(Arena *arena, void (*closer)(void *thing), void *thing)
{
    Owned *owned = ARENA_NEW(arena, Owned);
    owned->earlier = arena->owned;
    owned->closer = closer;
    owned->thing = thing;
    arena->owned = owned;
}

static void close_fd(void *thing)
{
    close((int) (intptr_t) thing);
}

void arena_own_fd(Arena *arena, int fd)
{
    arena_own(arena, close_fd, (void *) (intptr_t) fd);
}

size_t arena_bytes(const Arena *arena)
{
    return arena->bytes;
}
