/* SPDX-License-Identifier: Apache-2.0 */
/* Several members or frames that follow one another in a file are one stream, as gzip and zstd have it. */
#include "src/load/reader.h"

#include "base/core/assert.h"
#include "src/load/input.h"

#include <bzlib.h>
#include <errno.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define RAW_BYTES ((size_t) 256 * 1024)

struct LoadReader
{
    char *path;
    int fd;
    LoadCompression compression;
    int64_t at;         /* next file byte to read */
    uint8_t *raw;       /* compressed input */
    size_t raw_at;
    size_t raw_end;
    bool raw_over;      /* end of file seen */
    bool in_frame;      /* a member has begun and not ended */
    z_stream gzip;
    ZSTD_DStream *zstd;
    LZ4F_dctx *lz4;
    bz_stream bzip2;
    bool opened; /* gzip, bzip2: the stream is initialised */
};

static Error *read_error(const LoadReader *reader, const char *why)
{
    return error_new(SQLSTATE_IO_ERROR, "cannot read \"%s\": %s", reader->path, why);
}

static Error *codec_open(LoadReader *reader)
{
    int failed = 0;
    switch (reader->compression)
    {
    case LOAD_PLAIN:
        return NULL;
    case LOAD_GZIP:
        failed = inflateInit2(&reader->gzip, 15 + 32) != Z_OK; /* gzip or zlib header, told apart by themselves */
        break;
    case LOAD_ZSTD:
        reader->zstd = ZSTD_createDStream();
        failed = reader->zstd == NULL;
        break;
    case LOAD_BZIP2:
        failed = BZ2_bzDecompressInit(&reader->bzip2, 0, 0) != BZ_OK;
        break;
    case LOAD_LZ4:
        failed = LZ4F_isError(LZ4F_createDecompressionContext(&reader->lz4, LZ4F_VERSION)) != 0;
        break;
    }
    reader->opened = !failed;
    reader->raw = malloc(RAW_BYTES);
    ASSERT(reader->raw != NULL);
    return failed ? error_new(SQLSTATE_OUT_OF_MEMORY, "no memory to decompress \"%s\"", reader->path) : NULL;
}

Error *load_reader_open(const char *path, LoadCompression compression, int64_t from, LoadReader **out)
{
    ASSERT(compression == LOAD_PLAIN || from == 0);
    int fd;
    int64_t size;
    *out = NULL;
    TRY(load_file_open(path, &fd, &size));
    LoadReader *reader = calloc(1, sizeof *reader);
    ASSERT(reader != NULL);
    reader->path = strdup(path);
    ASSERT(reader->path != NULL);
    reader->fd = fd;
    reader->compression = compression;
    reader->at = from;
    Error *error = codec_open(reader);
    if (error != NULL)
    {
        load_reader_close(reader);
        return error;
    }
    *out = reader;
    return NULL;
}

static Error *file_read(LoadReader *reader, void *bytes, size_t capacity, size_t *got)
{
    for (;;)
    {
        ssize_t count = pread(reader->fd, bytes, capacity, reader->at);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return read_error(reader, strerror(errno));
        reader->at += count;
        *got = (size_t) count;
        return NULL;
    }
}

/* One call of the decompressor.  *made: bytes written to out. */
static Error *codec_step(LoadReader *reader, uint8_t *out, size_t capacity, size_t *made)
{
    uint8_t *in = reader->raw + reader->raw_at;
    size_t have = reader->raw_end - reader->raw_at, used = 0;
    unsigned room = capacity > 1u << 30 ? 1u << 30 : (unsigned) capacity;
    *made = 0;
    if (reader->compression == LOAD_GZIP)
    {
        z_stream *z = &reader->gzip;
        z->next_in = in;
        z->avail_in = (unsigned) have;
        z->next_out = out;
        z->avail_out = room;
        int code = inflate(z, Z_NO_FLUSH);
        used = have - z->avail_in;
        *made = room - z->avail_out;
        reader->in_frame = code != Z_STREAM_END;
        if (code == Z_STREAM_END)
            inflateReset(z);
        else if (code != Z_OK && code != Z_BUF_ERROR)
            return read_error(reader, "it is no intact gzip file");
    }
    else if (reader->compression == LOAD_BZIP2)
    {
        bz_stream *z = &reader->bzip2;
        z->next_in = (char *) in;
        z->avail_in = (unsigned) have;
        z->next_out = (char *) out;
        z->avail_out = room;
        int code = BZ2_bzDecompress(z);
        used = have - z->avail_in;
        *made = room - z->avail_out;
        reader->in_frame = code != BZ_STREAM_END;
        if (code == BZ_STREAM_END)
        {
            BZ2_bzDecompressEnd(z);
            memset(z, 0, sizeof *z);
            reader->opened = BZ2_bzDecompressInit(z, 0, 0) == BZ_OK;
            ASSERT(reader->opened);
        }
        else if (code != BZ_OK)
            return read_error(reader, "it is no intact bzip2 file");
    }
    else if (reader->compression == LOAD_ZSTD)
    {
        ZSTD_inBuffer from = {in, have, 0};
        ZSTD_outBuffer to = {out, capacity, 0};
        size_t code = ZSTD_decompressStream(reader->zstd, &to, &from);
        if (ZSTD_isError(code))
            return read_error(reader, "it is no intact zstd file");
        used = from.pos;
        *made = to.pos;
        reader->in_frame = code != 0;
    }
    else
    {
        size_t wrote = capacity;
        used = have;
        size_t code = LZ4F_decompress(reader->lz4, out, &wrote, in, &used, NULL);
        if (LZ4F_isError(code))
            return read_error(reader, "it is no intact lz4 file");
        *made = wrote;
        reader->in_frame = code != 0;
    }
    reader->raw_at += used;
    return NULL;
}

Error *load_reader_read(LoadReader *reader, void *bytes, size_t capacity, size_t *got)
{
    *got = 0;
    if (reader->compression == LOAD_PLAIN)
        return file_read(reader, bytes, capacity, got);
    while (*got == 0)
    {
        if (reader->raw_at == reader->raw_end && !reader->raw_over)
        {
            reader->raw_at = reader->raw_end = 0;
            TRY(file_read(reader, reader->raw, RAW_BYTES, &reader->raw_end));
            reader->raw_over = reader->raw_end == 0;
        }
        size_t before = reader->raw_at;
        bool input_left = reader->raw_at < reader->raw_end;
        if (!input_left && !reader->in_frame)
            return NULL;
        TRY(codec_step(reader, bytes, capacity, got));
        if (*got == 0 && reader->raw_at == before && !input_left && reader->raw_over)
            return read_error(reader, "it ends too early");
    }
    return NULL;
}

int64_t load_reader_file_bytes(const LoadReader *reader)
{
    return reader->at;
}

int load_reader_fd(const LoadReader *reader)
{
    return reader->fd;
}

void load_reader_close(LoadReader *reader)
{
    if (reader == NULL)
        return;
    if (reader->opened && reader->compression == LOAD_GZIP)
        inflateEnd(&reader->gzip);
    if (reader->opened && reader->compression == LOAD_BZIP2)
        BZ2_bzDecompressEnd(&reader->bzip2);
    ZSTD_freeDStream(reader->zstd);
    if (reader->lz4 != NULL)
        LZ4F_freeDecompressionContext(reader->lz4);
    close(reader->fd);
    free(reader->raw);
    free(reader->path);
    free(reader);
}
