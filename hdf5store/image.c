/* SPDX-License-Identifier: Apache-2.0 */
/* A finished file as bytes, for those who keep it in a second place until it is durable; and the way back. */
#include "hdf5store/layout.h"
#include "hdf5store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Error *segment_directory_make(const char *path, const char *parent)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? NULL : layout_io_error(path, "create directory");
    Error *error = segment_sync_directory(parent);
    if (error != NULL)
        (void) rmdir(path); /* who comes next takes one that is there for durable */
    return error;
}

Error *segment_slice_directory(Arena *arena, const char *warehouse, int64_t database_id, int64_t table_id, int32_t slice,
                               char **path)
{
    char *base = arena_printf(arena, "%s/db%lld", warehouse, (long long) database_id);
    char *table = arena_printf(arena, "%s/t%lld", base, (long long) table_id);
    *path = arena_printf(arena, "%s/s%d", table, slice);
    TRY(segment_directory_make(base, warehouse));
    TRY(segment_directory_make(table, base));
    return segment_directory_make(*path, table);
}

Error *segment_image(Arena *arena, const char *directory, const char *file_name, int64_t bytes, void **image)
{
    const char *path = arena_printf(arena, "%s/%s", directory, file_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return layout_io_error(path, "open");
    *image = arena_zalloc(arena, (size_t) bytes);
    Error *error = layout_read(fd, file_name, path, 0, *image, (size_t) bytes);
    (void) close(fd);
    return error;
}

static bool is_there(Arena *arena, const char *directory, const char *file_name, const void *image, int64_t bytes)
{
    struct stat status;
    void *now;
    if (stat(arena_printf(arena, "%s/%s", directory, file_name), &status) != 0 || status.st_size != bytes)
        return false;
    Error *error = segment_image(arena, directory, file_name, bytes, &now);
    bool same = error == NULL && memcmp(now, image, (size_t) bytes) == 0;
    error_free(error);
    return same;
}

static Error *image_write(const char *path, const char *image, int64_t bytes)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return layout_io_error(path, "create");
    int64_t written = 0;
    for (ssize_t n = 1; n > 0 && written < bytes; written += n > 0 ? n : 0)
        n = write(fd, image + written, (size_t) (bytes - written));
    Error *error = written < bytes || fsync(fd) != 0 ? layout_io_error(path, "write") : NULL;
    (void) close(fd);
    return error;
}

Error *segment_restore(const char *directory, const char *file_name, const void *image, int64_t bytes)
{
    Arena *arena = arena_new("segment image");
    const char *path = arena_printf(arena, "%s/%s", directory, file_name);
    const char *temporary = arena_printf(arena, "%s.tmp", path);
    Error *error = NULL;
    if (is_there(arena, directory, file_name, image, bytes))
        error = segment_sync(directory, file_name);
    else
    {
        error = image_write(temporary, image, bytes);
        if (error == NULL && rename(temporary, path) != 0)
            error = layout_io_error(path, "rename");
    }
    arena_free(arena);
    return error;
}
