/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/seal.h"

#include "base/core/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define DIGEST_STEP ((size_t) 1 << 20)

static Error *write_at(int fd, const char *path, const void *bytes, size_t size, uint64_t offset)
{
    size_t done = 0;
    while (done < size)
    {
        ssize_t put = pwrite(fd, (const uint8_t *) bytes + done, size - done, (off_t) (offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return layout_io_error(path, "write");
        done += (size_t) put;
    }
    return NULL;
}

Error *segment_body_digest(int fd, const char *table_name, const char *path, uint64_t file_bytes,
                           uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    XXH3_state_t *state = XXH3_createState();
    uint8_t *buffer = malloc(DIGEST_STEP);
    Error *error = NULL;
    if (state == NULL || buffer == NULL)
        error = error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for the digest of \"%s\"", path);
    else
        (void) XXH3_128bits_reset(state);
    for (uint64_t at = SEGMENT_HEADER_SIZE; error == NULL && at < file_bytes; at += DIGEST_STEP)
    {
        size_t size = file_bytes - at < DIGEST_STEP ? (size_t) (file_bytes - at) : DIGEST_STEP;
        error = layout_read(fd, table_name, path, at, buffer, size);
        if (error == NULL)
            (void) XXH3_128bits_update(state, buffer, size);
    }
    if (error == NULL)
    {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
        memcpy(digest, canonical.digest, SEGMENT_DIGEST_SIZE);
    }
    XXH3_freeState(state);
    free(buffer);
    return error;
}

/* ---- addresses ---- */

/* Whether a chunk with that digest begins there. */
static bool chunk_is_at(int fd, uint64_t address, uint64_t digest)
{
    uint64_t found = 0;
    return pread(fd, &found, sizeof found, (off_t) address) == (ssize_t) sizeof found && found == digest;
}

/* HDF5 1.10 counts chunk addresses from the user block's end, later versions from the file's begin:
 * the chunks themselves tell which. */
static Error *address_fix(int fd, const char *path, uint64_t *address, uint64_t digest)
{
    if (chunk_is_at(fd, *address + SEGMENT_HEADER_SIZE, digest))
        *address += SEGMENT_HEADER_SIZE;
    else if (!chunk_is_at(fd, *address, digest))
        return error_new(SQLSTATE_INTERNAL_ERROR, "file \"%s\": a block is not where HDF5 says", path);
    return NULL;
}

static Error *index_make(const SealSpec *spec, int fd, IndexEntry *index)
{
    for (int32_t column = 0; column < spec->column_count; column++)
        for (int32_t block = 0; block < spec->block_count; block++)
        {
            IndexEntry *entry = &index[(size_t) column * (size_t) spec->block_count + (size_t) block];
            *entry = spec->entries[column][block];
            TRY(address_fix(fd, spec->path, &entry->address, entry->digest));
            if (entry->null_size > 0)
                TRY(address_fix(fd, spec->path, &entry->null_address, entry->null_digest));
        }
    return NULL;
}

/* ---- the file, closed ---- */

static Error *header_write(const SealSpec *spec, int fd, SegmentHeader *header, uint8_t *digest)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return layout_io_error(spec->temporary_path, "examine");
    header->file_bytes = (uint64_t) status.st_size;
    TRY(segment_body_digest(fd, NULL, spec->temporary_path, header->file_bytes, header->body_digest));
    layout_digest(header, offsetof(SegmentHeader, header_digest), header->header_digest);
    layout_digest(header, sizeof *header, digest);
    return write_at(fd, spec->temporary_path, header, sizeof *header, 0);
}

static Error *contents_write(Arena *arena, const SealSpec *spec, int fd, SegmentHeader *header, uint8_t *digest)
{
    IndexEntry *index = arena_zalloc(arena, header->index_size);
    TRY(index_make(spec, fd, index));
    layout_digest(index, header->index_size, header->index_digest);
    layout_digest(spec->meta, spec->meta_size, header->meta_digest);
    TRY(write_at(fd, spec->temporary_path, index, header->index_size, header->index_address));
    TRY(write_at(fd, spec->temporary_path, spec->meta, spec->meta_size, header->meta_address));
    TRY(header_write(spec, fd, header, digest));
    if (spec->sync_later)
        (void) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* a hint */
    else if (fsync(fd) != 0)
        return layout_io_error(spec->temporary_path, "sync");
    return NULL;
}

Error *segment_sync(const char *directory, const char *file_name)
{
    Arena *arena = arena_new("path");
    const char *path = arena_printf(arena, "%s/%s", directory, file_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Error *error = fd < 0 || fsync(fd) != 0 ? layout_io_error(path, "sync") : NULL;
    if (fd >= 0)
        (void) close(fd);
    arena_free(arena);
    return error;
}

Error *segment_sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return layout_io_error(directory, "open");
    Error *error = fsync(fd) == 0 ? NULL : layout_io_error(directory, "sync");
    (void) close(fd);
    return error;
}

Error *segment_seal(Arena *arena, const SealSpec *spec, int64_t *bytes, uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    SegmentHeader header = {.magic = SEGMENT_MAGIC,
                            .version = SEGMENT_VERSION,
                            .block_rows = BLOCK_ROWS,
                            .rows = (uint64_t) spec->rows,
                            .column_count = (uint32_t) spec->column_count,
                            .block_count = (uint32_t) spec->block_count,
                            .index_size =
                                sizeof(IndexEntry) * (uint64_t) spec->column_count * (uint64_t) spec->block_count,
                            .meta_size = spec->meta_size,
                            .table_id = spec->table_id};
    if (header.index_size > 0)
        TRY(h5file_index(spec->file, "__index", header.column_count, header.block_count, &header.index_address));
    TRY(h5file_bytes(spec->file, "__meta", spec->meta_size, &header.meta_address));
    TRY(h5file_close(spec->file));

    int fd = open(spec->temporary_path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return layout_io_error(spec->temporary_path, "open");
    Error *error = contents_write(arena, spec, fd, &header, digest);
    if (close(fd) != 0 && error == NULL)
        error = layout_io_error(spec->temporary_path, "close");
    if (error != NULL)
        return error;
    TRY(fault_pass(FAULT_segment_rename));
    if (rename(spec->temporary_path, spec->path) != 0)
        return layout_io_error(spec->path, "rename");
    *bytes = (int64_t) header.file_bytes;
    return spec->sync_later ? NULL : segment_sync_directory(spec->directory);
}
