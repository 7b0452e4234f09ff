/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES (1 << 20)

Error *tree_write(int fd, const char *path, const void *bytes, size_t count)
{
    for (size_t done = 0; done < count;)
    {
        ssize_t wrote = write(fd, (const char *) bytes + done, count - done);
        if (wrote < 0 && errno != EINTR)
            return error_file("write", path);
        done += wrote > 0 ? (size_t) wrote : 0;
    }
    return NULL;
}

static Error *bytes_copy(int in, const char *from, int out, const char *to)
{
    Arena *arena = arena_new("copy");
    char *buffer = arena_alloc(arena, COPY_BYTES);
    Error *error = NULL;
    ssize_t got = 1;
    while (error == NULL && got > 0)
    {
        got = read(in, buffer, COPY_BYTES);
        if (got < 0 && errno == EINTR)
            got = 1;
        else
            error = got < 0 ? error_file("read", from) : tree_write(out, to, buffer, (size_t) got);
    }
    arena_free(arena);
    if (error == NULL && fsync(out) != 0)
        error = error_file("sync", to);
    return error;
}

Error *tree_copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return error_file("open", from);
    int out = open(to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    Error *error = out < 0 ? error_file("create", to) : bytes_copy(in, from, out, to);
    (void) close(in);
    if (out >= 0 && close(out) != 0 && error == NULL)
        error = error_file("close", to);
    return error;
}

/* What a file system says that cannot do it, or not between these two, or not once more. */
static bool links_not(int reason)
{
    return reason == EXDEV || reason == EPERM || reason == EMLINK || reason == ENOTSUP || reason == EOPNOTSUPP ||
           reason == ENOSYS;
}

Error *tree_link_file(const char *from, const char *to)
{
    if (link(from, to) == 0)
        return NULL;
    return links_not(errno) ? tree_copy_file(from, to) : error_file("link", from);
}

Error *tree_walk(const char *path, Error *(*each)(void *context, const char *path, const char *name), void *context)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    Error *error = NULL;
    if (directory == NULL)
        return errno == ENOENT ? NULL : error_file("open", path);
    while (error == NULL && (errno = 0, entry = readdir(directory)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            error = each(context, path, entry->d_name);
    if (error == NULL && errno != 0)
        error = error_file("read", path);
    closedir(directory);
    return error;
}

typedef struct Removal
{
    Arena *arena;
    const char *except;
} Removal;

static Error *entry_remove(void *context, const char *path, const char *name)
{
    Removal *removal = context;
    if (removal->except != NULL && strcmp(name, removal->except) == 0)
        return NULL;
    char *below = arena_printf(removal->arena, "%s/%s", path, name);
    if (unlink(below) == 0 || errno == ENOENT)
        return NULL;
    return errno == EISDIR || errno == EPERM ? tree_remove(removal->arena, below) : error_file("remove", below);
}

Error *tree_clear(Arena *arena, const char *path, const char *except)
{
    Removal removal = {arena, except};
    return tree_walk(path, entry_remove, &removal);
}

Error *tree_remove(Arena *arena, const char *path)
{
    TRY(tree_clear(arena, path, NULL));
    return rmdir(path) == 0 || errno == ENOENT ? NULL : error_file("remove", path);
}
