/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making chunks: values of a block in, encoded bytes and what was learned about the values out.
 * A ChunkWriter owns the buffers and is used block after block; it belongs to one thread.
 */
#ifndef HDF5STORE_CHUNK_WRITE_H
#define HDF5STORE_CHUNK_WRITE_H

#include "base/core/arena.h"
#include "base/data/hll.h"
#include "hdf5store/chunk.h"

typedef struct ChunkWriter ChunkWriter;

/* A block as it comes in. */
typedef struct ChunkInput
{
    SqlType type; /* any that can be stored: not INTERVAL */
    Encoding wish;
    const void *values;   /* in type_rep(type) */
    const uint8_t *nulls; /* or NULL */
    int32_t rows;         /* 1..BLOCK_ROWS */
} ChunkInput;

typedef struct ChunkOutput
{
    const uint8_t *bytes; /* the writer's, until its next chunk */
    size_t size;
    uint64_t digest;
    Encoding encoding; /* what it became, for people: ZSTD, LZ4, DEFLATE where bytes were compressed */
    int32_t nulls;
    bool has_range; /* some value that is neither null nor NaN ... and no NaN */
    Datum min;      /* strings: borrowed from the input */
    Datum max;
    int32_t length_max;   /* strings: longest */
    int64_t length_total; /* strings: bytes of all */
    const Str *entries;   /* DICT, CONST of strings: sorted distinct values, the writer's until its next chunk */
    int32_t entry_count;
} ChunkOutput;

/* Lives in the arena; buffers are freed with it. */
ChunkWriter *chunk_writer_new(Arena *arena);
/* Fails only for memory (53200).  Adds the values to `distinct`. */
Error *chunk_write(ChunkWriter *writer, const ChunkInput *input, Hll *distinct, ChunkOutput *output) MUST_USE;
/* The null bitmap of a block as a chunk of CHUNK_I8. */
Error *chunk_write_nulls(ChunkWriter *writer, const uint8_t *nulls, int32_t rows, ChunkOutput *output) MUST_USE;

/* How values of a type stand in chunks; 0 for a type that cannot be stored. */
ChunkKind chunk_kind(SqlType type);

#endif
