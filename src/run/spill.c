/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/spill.h"

#include "base/core/fault.h"
#include "hdf5store/compress.h"
#include "src/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACK_HEAD 16 /* row_pack()'s, in front of the rows */

struct Scratch
{
    pthread_mutex_t lock; /* while the file is made */
    char *directory;
    _Atomic int fd; /* -1: not made yet */
    _Atomic int64_t end;
};

/* ---- the file ---- */

Scratch *scratch_new(const char *directory)
{
    Scratch *scratch = calloc(1, sizeof *scratch);
    ASSERT(scratch != NULL);
    scratch->directory = strdup(directory == NULL ? "." : directory);
    ASSERT(scratch->directory != NULL);
    pthread_mutex_init(&scratch->lock, NULL);
    scratch->fd = -1;
    return scratch;
}

void scratch_free(Scratch *scratch)
{
    if (scratch == NULL)
        return;
    if (scratch->fd >= 0)
        close(scratch->fd);
    pthread_mutex_destroy(&scratch->lock);
    free(scratch->directory);
    free(scratch);
}

int64_t scratch_bytes(const Scratch *scratch)
{
    return atomic_load(&((Scratch *) (uintptr_t) scratch)->end);
}

static Error *scratch_error(const char *what, const char *where)
{
    int reason = errno;
    return error_hint(error_new(sqlstate_from_errno(reason), "could not %s scratch file in \"%s\": %s", what, where, strerror(reason)),
                      "Rows that do not fit the memory are put there; TMPDIR says where.");
}

/* Under the lock. */
static Error *file_make(Scratch *scratch)
{
    const char *temporary = getenv("TMPDIR");
    char path[4096];
    bool own = temporary == NULL || temporary[0] == 0;
    int n = own ? snprintf(path, sizeof path, "%s/scratch", scratch->directory)
                : snprintf(path, sizeof path, "%s", temporary);
    if (n < 0 || (size_t) n + 32 > sizeof path)
        return error_new(SQLSTATE_IO_ERROR, "the name of the scratch directory is too long");
    if (own)
        mkdir(path, 0700); /* whether it is there shows in the next step */
    char name[sizeof path];
    snprintf(name, sizeof name, "%s", path);
    memcpy(name + n, "/stoa-scratch-XXXXXX", sizeof "/stoa-scratch-XXXXXX");
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return scratch_error("create", path);
    unlink(name);
    atomic_store(&scratch->fd, fd);
    return NULL;
}

static Error *file_open(Scratch *scratch, int *fd)
{
    *fd = atomic_load(&scratch->fd);
    if (*fd >= 0)
        return NULL;
    pthread_mutex_lock(&scratch->lock);
    Error *error = atomic_load(&scratch->fd) < 0 ? file_make(scratch) : NULL;
    *fd = atomic_load(&scratch->fd);
    pthread_mutex_unlock(&scratch->lock);
    return error;
}

static Error *bytes_write(Scratch *scratch, const char *bytes, size_t length, int64_t *at)
{
    int fd;
    TRY(fault_pass(FAULT_spill_write));
    TRY(file_open(scratch, &fd));
    *at = atomic_fetch_add(&scratch->end, (int64_t) length);
    for (size_t done = 0; done < length;)
    {
        ssize_t n = pwrite(fd, bytes + done, length - done, *at + (int64_t) done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return scratch_error("write", scratch->directory);
        done += (size_t) n;
    }
    return NULL;
}

static Error *bytes_read(Scratch *scratch, int64_t at, char *bytes, size_t length)
{
    TRY(fault_pass(FAULT_spill_read));
    for (size_t done = 0; done < length;)
    {
        ssize_t n = pread(scratch->fd, bytes + done, length - done, at + (int64_t) done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return scratch_error("read", scratch->directory);
        if (n == 0)
            return error_new(SQLSTATE_DATA_CORRUPTED, "a scratch file is cut short");
        done += (size_t) n;
    }
    return NULL;
}

/* ---- runs ---- */

static void run_add(SpillRun *run, SpillBlock block)
{
    if (run->count == run->capacity)
    {
        run->capacity = run->capacity == 0 ? 8 : run->capacity * 2;
        run->blocks = realloc(run->blocks, sizeof *run->blocks * (size_t) run->capacity);
        ASSERT(run->blocks != NULL);
    }
    run->blocks[run->count++] = block;
    run->rows += block.rows;
    run->packed_bytes += (int64_t) block.packed_bytes;
}

void spill_run_append(SpillRun *to, SpillRun *from)
{
    for (int32_t i = 0; i < from->count; i++)
        run_add(to, from->blocks[i]);
    free(from->blocks);
    *from = (SpillRun){0};
}

void spill_run_clear(Scratch *scratch, SpillRun *run)
{
    for (int32_t i = 0; i < run->count; i++)
        (void) fallocate(scratch->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, run->blocks[i].at,
                         (off_t) run->blocks[i].stored_bytes); /* where it cannot be done the room comes back at the end */
    free(run->blocks);
    *run = (SpillRun){0};
}

/* ---- writing ---- */

Error *spill_open(SpillWriter *writer, Scratch *scratch, MemoryPool *pool, const RowLayout *layout, SpillRun *run)
{
    size_t stride = (size_t) layout->stride;
    *writer = (SpillWriter){.scratch = scratch, .pool = pool, .layout = layout, .run = run};
    text_init(&writer->packed, NULL);
    text_init(&writer->compressed, NULL);
    void *rows;
    TRY(memory_take(pool, stride > SPILL_BLOCK_BYTES ? stride : SPILL_BLOCK_BYTES, &rows, &writer->rows_bytes));
    writer->rows = rows;
    writer->capacity = (int32_t) (writer->rows_bytes / stride);
    return NULL;
}

void spill_close(SpillWriter *writer)
{
    memory_give(writer->pool, writer->rows, writer->rows_bytes);
    writer->rows = NULL;
    text_free(&writer->packed);
    text_free(&writer->compressed);
}

static Error *block_put(Scratch *scratch, SpillRun *run, const void *packed, size_t packed_bytes, int32_t rows,
                        Text *room)
{
    SpillBlock block = {.packed_bytes = packed_bytes, .stored_bytes = packed_bytes, .rows = rows};
    size_t bound = compress_bound(COMPRESSION_LZ4, packed_bytes);
    text_clear(room);
    char *out = text_reserve(room, bound);
    size_t made = compress_bytes(COMPRESSION_LZ4, NULL, packed, packed_bytes, out, bound);
    bool smaller = made > 0 && made < packed_bytes;
    if (smaller)
        block.stored_bytes = made;
    TRY(bytes_write(scratch, smaller ? out : packed, block.stored_bytes, &block.at));
    run_add(run, block);
    return NULL;
}

Error *spill_put(Scratch *scratch, SpillRun *run, const void *packed, size_t packed_bytes, int32_t rows)
{
    Text room;
    text_init(&room, NULL);
    Error *error = block_put(scratch, run, packed, packed_bytes, rows, &room);
    text_free(&room);
    return error;
}

Error *spill_flush(SpillWriter *writer)
{
    if (writer->count == 0)
        return NULL;
    row_pack(writer->layout, writer->rows, writer->count, &writer->packed);
    int32_t count = writer->count;
    writer->count = 0;
    writer->weight = 0;
    return block_put(writer->scratch, writer->run, writer->packed.data, writer->packed.length, count,
                     &writer->compressed);
}

Error *spill_add(SpillWriter *writer, const char *row)
{
    const RowLayout *layout = writer->layout;
    memcpy(writer->rows + (size_t) writer->count++ * (size_t) layout->stride, row, (size_t) layout->stride);
    writer->weight += (size_t) layout->stride;
    for (int32_t f = 0; f < layout->field_count; f++)
        if (layout->fields[f].rep == REP_STR && !field_null(&layout->fields[f], row))
            writer->weight += (size_t) ((const Str *) (row + layout->fields[f].offset))->len;
    return writer->count == writer->capacity || writer->weight >= SPILL_BLOCK_BYTES ? spill_flush(writer) : NULL;
}

/* ---- reading ---- */

static Error *block_fetch(Scratch *scratch, const SpillBlock *block, char *packed)
{
    if (block->stored_bytes == block->packed_bytes)
        return bytes_read(scratch, block->at, packed, block->packed_bytes);
    char *stored = malloc(block->stored_bytes);
    ASSERT(stored != NULL);
    Error *error = bytes_read(scratch, block->at, stored, block->stored_bytes);
    if (error == NULL &&
        !expand_bytes(COMPRESSION_LZ4, NULL, stored, block->stored_bytes, packed, block->packed_bytes))
        error = error_new(SQLSTATE_DATA_CORRUPTED, "a block of a scratch file is damaged");
    free(stored);
    return error;
}

/* A piece for packed rows, which are put so that the first stands where a chunk's rows stand: their head makes room
 * for the chunk's. */
static Error *piece_take(MemoryPool *pool, size_t packed_bytes, RowChunk **chunk, size_t *got, char **packed)
{
    void *piece;
    size_t before = sizeof(RowChunk) - PACK_HEAD;
    TRY(memory_take(pool, before + packed_bytes, &piece, got));
    *chunk = piece;
    *packed = (char *) piece + before;
    return NULL;
}

/* Gives the piece back on error, its own or the one given. */
static Error *piece_unpack(MemoryPool *pool, const RowLayout *layout, RowChunk *chunk, size_t got, size_t packed_bytes,
                           Error *error, RowChunk **out)
{
    void *rows;
    int64_t count = 0;
    if (error == NULL)
        error = row_unpack(layout, chunk->data - PACK_HEAD, packed_bytes, &rows, &count);
    if (error != NULL)
    {
        memory_give(pool, chunk, got);
        return error;
    }
    ASSERT(rows == chunk->data && count <= INT32_MAX);
    *chunk = (RowChunk){.bytes = got, .rows = (int32_t) count, .capacity = (int32_t) count};
    *out = chunk;
    return NULL;
}

Error *spill_read(Scratch *scratch, MemoryPool *pool, const RowLayout *layout, const SpillBlock *block, RowChunk **out)
{
    RowChunk *chunk;
    char *packed;
    size_t got;
    *out = NULL;
    TRY(piece_take(pool, block->packed_bytes, &chunk, &got, &packed));
    return piece_unpack(pool, layout, chunk, got, block->packed_bytes, block_fetch(scratch, block, packed), out);
}

Error *chunk_unpack(MemoryPool *pool, const RowLayout *layout, const void *from, size_t packed_bytes, RowChunk **out)
{
    RowChunk *chunk;
    char *packed;
    size_t got;
    *out = NULL;
    TRY(piece_take(pool, packed_bytes, &chunk, &got, &packed));
    memcpy(packed, from, packed_bytes);
    return piece_unpack(pool, layout, chunk, got, packed_bytes, NULL, out);
}
