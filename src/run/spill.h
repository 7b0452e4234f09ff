/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows on disk.  A task has one scratch file, made when it is first needed and
 * unlinked at once, so that nothing is left of it whatever ends the process.
 * Rows stand there in blocks, packed as for the network and compressed; a
 * SpillRun is a list of blocks whose rows belong together, in order.
 *
 *     writer: rows -> block of some 256 KB -> row_pack -> LZ4 -> the file's end
 *     reader: block -> RowChunk, its strings behind its rows: stands alone
 *
 * How stores use it is in run_spill.h.
 */
#ifndef SRC_RUN_SPILL_H
#define SRC_RUN_SPILL_H

#include "base/data/row.h"
#include "src/run/memory.h"

#define SPILL_BLOCK_BYTES ((size_t) 256 * 1024) /* rows and strings of a block, as far as a single row fits */

/* One file of scratch space; writing and reading are thread-safe. */
typedef struct Scratch Scratch;

/* `directory`: of the warehouse; the file is made in $TMPDIR, or in its folder "scratch". */
Scratch *scratch_new(const char *directory);
void scratch_free(Scratch *scratch);                /* NULL is fine */
int64_t scratch_bytes(const Scratch *scratch);      /* written so far, compressed */

typedef struct SpillBlock
{
    int64_t at;          /* in the file */
    size_t stored_bytes; /* there */
    size_t packed_bytes; /* before it was compressed; equal: it was not */
    int32_t rows;
} SpillBlock;

/* Zeroed is empty. One owner. */
typedef struct SpillRun
{
    SpillBlock *blocks; /* malloc */
    int32_t count, capacity;
    int64_t rows;
    int64_t packed_bytes; /* about what the rows take in memory */
} SpillRun;

/* Gives the blocks' room in the file back to the file system. */
void spill_run_clear(Scratch *scratch, SpillRun *run);
/* Moves all blocks of `from` behind those of `to`. */
void spill_run_append(SpillRun *to, SpillRun *from);

/* Rows on their way into a run. */
typedef struct SpillWriter
{
    Scratch *scratch;
    MemoryPool *pool;
    const RowLayout *layout;
    SpillRun *run;
    char *rows; /* of the block, with strings still where they were */
    size_t rows_bytes;
    size_t weight; /* bytes of the block, with its strings */
    int32_t count, capacity;
    Text packed, compressed;
} SpillWriter;

/* 53200. spill_close() in every case. */
Error *spill_open(SpillWriter *writer, Scratch *scratch, MemoryPool *pool, const RowLayout *layout, SpillRun *run)
    MUST_USE;
/* Copies the row; its strings must stay until the block is written: at the latest by spill_flush().
 * 53100 if the disk is full, 58030. */
Error *spill_add(SpillWriter *writer, const char *row) MUST_USE;
Error *spill_flush(SpillWriter *writer) MUST_USE;
void spill_close(SpillWriter *writer);
/* A block that is packed already. */
Error *spill_put(Scratch *scratch, SpillRun *run, const void *packed, size_t packed_bytes, int32_t rows) MUST_USE;

struct RowChunk;
/* Packed rows in a piece of the pool, likewise. */
Error *chunk_unpack(MemoryPool *pool, const RowLayout *layout, const void *packed, size_t packed_bytes,
                    struct RowChunk **out) MUST_USE;
/* The block in a piece of the pool, as a full chunk of a bag. 53200, 58030, XX001. */
Error *spill_read(Scratch *scratch, MemoryPool *pool, const RowLayout *layout, const SpillBlock *block,
                  struct RowChunk **out) MUST_USE;

#endif
