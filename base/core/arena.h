/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena is a lifetime: process, session, transaction, statement, task,
 * batch.  Memory is taken from it piece by piece and given back all at once.
 * Whatever is not memory (fd, HDF5 id, dlopen handle, MPI request) is
 * registered with arena_own() on the line after it was obtained, and is closed
 * with the arena, last registered first.  An arena belongs to one thread at a
 * time; it has no lock.
 */
#ifndef BASE_CORE_ARENA_H
#define BASE_CORE_ARENA_H

#include "base/core/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;

/* `name` is borrowed for the arena's life (a string constant).  Memory that
 * cannot be had ends the process with a message: arenas hold small things;
 * what grows with data draws on a Budget (base/core/budget.h). */
Arena *arena_new(const char *name);
void arena_free(Arena *arena);  /* NULL is fine */
void arena_reset(Arena *arena); /* runs the owned closers, keeps one chunk for reuse */

/* 16-byte aligned, not zeroed / zeroed.  size 0 gives a valid pointer. */
void *arena_alloc(Arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
void *arena_zalloc(Arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
#define ARENA_NEW(arena, Type) ((Type *) arena_zalloc((arena), sizeof(Type)))
#define ARENA_ARRAY(arena, Type, count) ((Type *) arena_zalloc((arena), sizeof(Type) * (size_t) (count)))

char *arena_strdup(Arena *arena, const char *text);
char *arena_strndup(Arena *arena, const char *text, size_t length);
void *arena_memdup(Arena *arena, const void *bytes, size_t size);
char *arena_printf(Arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* Calls closer(thing) when the arena ends. */
void arena_own(Arena *arena, void (*closer)(void *thing), void *thing);
/* The same for a file descriptor. */
void arena_own_fd(Arena *arena, int fd);

size_t arena_bytes(const Arena *arena); /* taken from the system so far */

#endif
