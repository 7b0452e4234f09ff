/* SPDX-License-Identifier: Apache-2.0 */
/* What the three files that make chunks share: chunk_write.c, chunk_number.c, chunk_string.c. */
#ifndef HDF5STORE_CHUNK_WRITER_H
#define HDF5STORE_CHUNK_WRITER_H

#include "hdf5store/buffer.h"
#include "hdf5store/chunk_write.h"

#define CHUNK_SAMPLE_ROWS     1024
#define CHUNK_ENTRIES_NUMBERS 4096
#define CHUNK_ENTRIES_STRINGS 16384 /* chosen; asked for: DICT_ENTRIES_MAX */
#define CHUNK_HASH_SLOTS      (2 * DICT_ENTRIES_MAX)

struct ChunkWriter
{
    Buffer out;
    Buffer part; /* bytes to compress */
    Buffer shuffled;
    int64_t *numbers; /* BLOCK_ROWS: a block as integers, nulls filled in */
    uint16_t *codes;  /* BLOCK_ROWS */
    uint32_t *slots;  /* CHUNK_HASH_SLOTS: entry + 1, 0 = free */
    uint32_t *order;  /* DICT_ENTRIES_MAX: rank of an entry */
    int64_t *number_entries;
    Str *string_entries;
    uint32_t *lengths; /* BLOCK_ROWS */
    void *zstd;        /* ZSTD_CCtx */
    ChunkHeader header;
    size_t size; /* of the chunk so far */
};

/* ---- chunk_write.c ---- */

/* Starts a chunk with room for a body of body_max bytes. */
Error *chunk_begin(ChunkWriter *writer, ChunkKind kind, Encoding encoding, int32_t rows, size_t body_max) MUST_USE;
/* Where the next body bytes go. */
uint8_t *chunk_take(ChunkWriter *writer, size_t size);
/* Packs (values[i] - base) / factor at header.width or width2. */
void chunk_pack(ChunkWriter *writer, const int64_t *values, size_t count, int64_t base, uint64_t factor, int width);
/* Compresses `raw` into the body (room was made with chunk_part_bound), or copies it where that gains less
 * than a twentieth; sets raw_size, stored_size and compression. */
void chunk_part(ChunkWriter *writer, const void *raw, size_t size, Compression compression);
size_t chunk_part_bound(size_t size);
/* Digest and header; fills bytes, size, digest, encoding. */
void chunk_end(ChunkWriter *writer, ChunkOutput *output);
/* Empties a table that will hold up to `entries`; returns its mask (slots - 1, at most half full). */
uint32_t chunk_slots_clear(ChunkWriter *writer, int32_t entries);

/* ---- chunk_number.c, chunk_string.c ---- */

Error *chunk_write_numbers(ChunkWriter *writer, ChunkKind kind, const ChunkInput *input, ChunkOutput *output) MUST_USE;
Error *chunk_write_strings(ChunkWriter *writer, const ChunkInput *input, Hll *distinct, ChunkOutput *output) MUST_USE;
Compression chunk_wished_compression(Encoding wish);

#endif
