/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodings: how the values of one block of one column stand in a chunk.
 *
 *   CONST    one value for the whole block (chosen, never asked for)
 *   RAW      values as they are
 *   FOR      frame of reference: (value - least) / common factor, bit-packed
 *   DELTA    differences of neighbours, bit-packed as FOR
 *   RLE      runs: values and lengths, each bit-packed as FOR
 *   DICT     sorted distinct values, and codes bit-packed
 *   STR      lengths as FOR, bytes one after another
 *   ZSTD LZ4 DEFLATE   bytes (of STR, or of RAW shuffled) through that library
 *
 * A block's encoding is chosen when it is written.  What a column asks for is
 * a wish: a block it cannot serve (DICT with too many values) gets AUTO.
 */
#ifndef HDF5STORE_ENCODING_H
#define HDF5STORE_ENCODING_H

#include "base/core/error.h"
#include "base/data/type.h"

#define BLOCK_ROWS       65536 /* rows of a block: one HDF5 chunk of each column */
#define VECTOR_ROWS      1024  /* rows a decoder works on at a time */
#define DICT_ENTRIES_MAX 65536

typedef enum Encoding
{
#define ENCODING(id, number, name) ENCODING_##id = (number),
#include "hdf5store/encoding.def"
#undef ENCODING
    ENCODING_COUNT
} Encoding;

/* "az64"; "unknown" for a number that is no encoding. */
const char *encoding_name(Encoding encoding);

/* How what an ENCODE clause asks for is stored (base/data/encode.def); NULL, and words of no meaning: AUTO. */
Encoding encoding_of_keyword(const char *keyword);

#endif
