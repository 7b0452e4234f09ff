/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large pieces of memory for rows and hash tables, kept between queries so
 * that a hot query touches no fresh page.  Sizes are powers of two from 64 KB, smaller ones cut from huge pages;
 * from 2 MB on they are aligned to huge pages and ask for them.
 * Every piece counts against the rank's Budget while it is out.  Thread-safe.
 */
#ifndef SRC_RUN_MEMORY_H
#define SRC_RUN_MEMORY_H

#include "base/core/budget.h"

#define MEMORY_PIECE_MIN ((size_t) 64 * 1024)
#define MEMORY_HUGE      ((size_t) 2 * 1024 * 1024)

typedef struct MemoryPool MemoryPool;

/* keep_bytes: how much may lie unused in the pool at most. `budget` is borrowed. */
MemoryPool *memory_pool_new(Budget *budget, int64_t keep_bytes);
void memory_pool_free(MemoryPool *pool); /* everything has been given back */

/* At least `bytes`, not zeroed; *got what there really is (a power of two).  53200 if the Budget
 * or the machine refuses. */
Error *memory_take(MemoryPool *pool, size_t bytes, void **out, size_t *got) MUST_USE;
/* The largest piece worth taking for rows of which more may come: a huge page, or less of a small Budget. */
size_t memory_piece_most(const MemoryPool *pool);
void memory_give(MemoryPool *pool, void *piece, size_t got); /* NULL is fine */
/* What the Budget would still grant. */
int64_t memory_left(const MemoryPool *pool);
/* Gives back to the system what lies unused beyond `keep_bytes`. */
void memory_trim(MemoryPool *pool, int64_t keep_bytes);

#endif
