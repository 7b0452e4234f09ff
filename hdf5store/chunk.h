/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk: the encoded values of one block of one column.  It describes itself, so that one HDF5 filter id
 * serves all encodings.  Little-endian.  Used by the plug-in too: no base beyond constants, no HDF5.
 *
 *     | header, 64 bytes | body |
 *
 *     CONST           strings: the bytes; else nothing (the value is in base, high)
 *     RAW             rows * width of kind, or that shuffled and compressed
 *     FOR             packed residuals: (value - base) / factor
 *     DELTA           int64 first value of every vector, packed (value - previous - base)
 *     RLE             count packed residuals as FOR, count packed run lengths - 1 (width2)
 *     DICT, numbers   count int64 values, packed codes
 *     DICT, strings   part: count uint16 lengths, bytes (perhaps compressed); packed codes
 *     STR             packed lengths - base, bytes (perhaps compressed)
 *
 * Integers, DECIMAL, BOOLEAN, dates are encoded as int64 whatever their width; REAL and DOUBLE as their bit
 * patterns; DECIMAL(19..38) as int64 where a whole block fits, else RAW.
 */
#ifndef HDF5STORE_CHUNK_H
#define HDF5STORE_CHUNK_H

#include "base/data/type.h"
#include "hdf5store/bitpack.h"
#include "hdf5store/compress.h"
#include "hdf5store/encoding.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHUNK_MAGIC 0x31435453u /* "STC1" */

/* What one element is.  Numbers are part of the file format. */
typedef enum ChunkKind
{
    CHUNK_I8 = 1,
    CHUNK_I16 = 2,
    CHUNK_I32 = 3,
    CHUNK_I64 = 4,
    CHUNK_I128 = 5,
    CHUNK_F32 = 6,
    CHUNK_F64 = 7,
    CHUNK_STR = 8
} ChunkKind;

typedef struct ChunkHeader
{
    uint64_t digest; /* xxh3-64 of everything after this field */
    uint32_t magic;
    uint8_t kind;
    uint8_t encoding;    /* RAW also where values were shuffled and compressed; STR likewise */
    uint8_t compression; /* of the body's byte part */
    uint8_t shuffled;
    uint32_t rows;
    uint32_t count; /* RLE: runs; DICT: entries */
    int64_t base;   /* FOR, RLE, STR: subtracted; DELTA: least difference; CONST: the value */
    int64_t high;   /* CONST of CHUNK_I128: its upper half */
    uint64_t factor;
    uint8_t width;  /* bits of a residual or code, 0..64 */
    uint8_t width2; /* bits of a run length */
    uint8_t unused[6];
    uint32_t raw_size;    /* byte part: expanded */
    uint32_t stored_size; /* byte part: in the chunk */
} ChunkHeader;
_Static_assert(sizeof(ChunkHeader) == 64, "the header is part of the file format");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian and read in place");

static inline int32_t chunk_kind_width(ChunkKind kind)
{
    static const uint8_t width[] = {0, 1, 2, 4, 8, 16, 4, 8, 0};
    return width[kind];
}

/* ---- reading ---- */

/* A chunk ready to decode.  Points into the chunk's bytes and into scratch. */
typedef struct ChunkView
{
    ChunkHeader header;
    const BitKernels *kernels;
    const uint8_t *packed;     /* residuals, codes, deltas, lengths */
    const uint8_t *packed2;    /* RLE lengths */
    const uint8_t *bytes;      /* RAW values; STR heap; CONST string; DICT strings' part */
    const int64_t *firsts;     /* DELTA */
    const int64_t *entries;    /* DICT numbers: 2^width of them */
    const Str *strings;        /* DICT strings: 2^width of them */
    const int64_t *run_values; /* RLE */
    const uint32_t *run_ends;
    const uint32_t *offsets; /* STR: rows + 1 */
} ChunkView;

/* All of these return NULL, or what is wrong with the chunk in a few words ("digest differs"). */

/* Reads and checks the header, digest and sizes.  `bytes` is borrowed as long as the view; 8-aligned. */
const char *chunk_parse(const void *bytes, size_t size, ChunkView *view);
/* Bytes of scratch that chunk_expand needs (maybe 0). */
size_t chunk_scratch_bytes(const ChunkView *view);
/* Expands what is compressed and builds the tables; scratch is 16-aligned and belongs to the view from now on.
 * zstd: a ZSTD_DCtx to reuse, or NULL.  Afterwards decoding cannot fail or leave its bounds. */
const char *chunk_expand(ChunkView *view, void *scratch, void *zstd);

/* Rows from..from+count (from a multiple of VECTOR_ROWS) into REP_I8..REP_I128; floats: their bit patterns into
 * REP_I32 / REP_I64.  Values that do not fit are cut: callers know the range. */
void chunk_decode(const ChunkView *view, int32_t from, int32_t count, Rep rep, void *out);
void chunk_decode_str(const ChunkView *view, int32_t from, int32_t count, Str *out);
/* DICT: codes into view->entries or view->strings. */
void chunk_codes(const ChunkView *view, int32_t from, int32_t count, uint16_t *out);

#endif
