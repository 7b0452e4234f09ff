/* SPDX-License-Identifier: Apache-2.0 */
/* General compression behind one call.  Used by the plug-in too: no base, no HDF5. */
#ifndef HDF5STORE_COMPRESS_H
#define HDF5STORE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers are part of the file format. */
typedef enum Compression
{
    COMPRESSION_NONE = 0,
    COMPRESSION_ZSTD = 1,
    COMPRESSION_LZ4 = 2,
    COMPRESSION_DEFLATE = 3
} Compression;

#define COMPRESS_ZSTD_LEVEL    1
#define COMPRESS_DEFLATE_LEVEL 6

/* Room that compress_bytes may need for `size` bytes. */
size_t compress_bound(Compression compression, size_t size);
/* Bytes written to out (room: compress_bound), 0 if the library refused.  zstd: a ZSTD_CCtx to reuse, or NULL. */
size_t compress_bytes(Compression compression, void *zstd, const void *in, size_t size, void *out, size_t room);
/* False unless exactly `raw_size` bytes come out.  zstd: a ZSTD_DCtx to reuse, or NULL. */
bool expand_bytes(Compression compression, void *zstd, const void *in, size_t size, void *out, size_t raw_size);

/* count elements of `width` bytes: all first bytes, then all second ones... and back. */
void shuffle_bytes(const uint8_t *in, size_t count, size_t width, uint8_t *out);
void unshuffle_bytes(const uint8_t *in, size_t count, size_t width, uint8_t *out);

#endif
