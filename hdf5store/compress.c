/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/compress.h"

#include <limits.h>
#include <lz4.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

size_t compress_bound(Compression compression, size_t size)
{
    switch (compression)
    {
    case COMPRESSION_ZSTD:
        return ZSTD_compressBound(size);
    case COMPRESSION_LZ4:
        return size <= LZ4_MAX_INPUT_SIZE ? (size_t) LZ4_compressBound((int) size) : 0;
    case COMPRESSION_DEFLATE:
        return compressBound(size);
    case COMPRESSION_NONE:
        break;
    }
    return size;
}

static size_t compress_zstd(void *context, const void *in, size_t size, void *out, size_t room)
{
    size_t made = context != NULL ? ZSTD_compressCCtx(context, out, room, in, size, COMPRESS_ZSTD_LEVEL)
                                  : ZSTD_compress(out, room, in, size, COMPRESS_ZSTD_LEVEL);
    return ZSTD_isError(made) ? 0 : made;
}

static size_t compress_deflate(const void *in, size_t size, void *out, size_t room)
{
    uLongf made = room;
    return compress2(out, &made, in, size, COMPRESS_DEFLATE_LEVEL) == Z_OK ? made : 0;
}

size_t compress_bytes(Compression compression, void *zstd, const void *in, size_t size, void *out, size_t room)
{
    switch (compression)
    {
    case COMPRESSION_ZSTD:
        return compress_zstd(zstd, in, size, out, room);
    case COMPRESSION_LZ4:
        if (size > LZ4_MAX_INPUT_SIZE || room > INT_MAX)
            return 0;
        return (size_t) LZ4_compress_default(in, out, (int) size, (int) room);
    case COMPRESSION_DEFLATE:
        return compress_deflate(in, size, out, room);
    case COMPRESSION_NONE:
        break;
    }
    return 0;
}

bool expand_bytes(Compression compression, void *zstd, const void *in, size_t size, void *out, size_t raw_size)
{
    switch (compression)
    {
    case COMPRESSION_ZSTD:
    {
        size_t made = zstd != NULL ? ZSTD_decompressDCtx(zstd, out, raw_size, in, size)
                                   : ZSTD_decompress(out, raw_size, in, size);
        return made == raw_size;
    }
    case COMPRESSION_LZ4:
        if (size > INT_MAX || raw_size > INT_MAX)
            return false;
        return LZ4_decompress_safe(in, out, (int) size, (int) raw_size) == (int) raw_size;
    case COMPRESSION_DEFLATE:
    {
        uLongf made = raw_size;
        return uncompress(out, &made, in, size) == Z_OK && made == raw_size;
    }
    case COMPRESSION_NONE:
        break;
    }
    return false;
}

void shuffle_bytes(const uint8_t *in, size_t count, size_t width, uint8_t *out)
{
    for (size_t byte = 0; byte < width; byte++)
        for (size_t i = 0; i < count; i++)
            out[byte * count + i] = in[i * width + byte];
}

/* In tiles, so that the scattered side stays in the cache. */
void unshuffle_bytes(const uint8_t *in, size_t count, size_t width, uint8_t *out)
{
    enum
    {
        TILE = 512
    };
    for (size_t from = 0; from < count; from += TILE)
    {
        size_t to = from + TILE < count ? from + TILE : count;
        for (size_t byte = 0; byte < width; byte++)
            for (size_t i = from; i < to; i++)
                out[i * width + byte] = in[byte * count + i];
    }
}
