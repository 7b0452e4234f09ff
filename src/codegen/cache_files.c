/* SPDX-License-Identifier: Apache-2.0 */
#include "src/codegen/cache_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DRAFTS_PREFIX "drafts."
#define IN_USE_S 3600 /* a statement that was given a module may still load it */

typedef struct CacheFile
{
    char *name;
    time_t used;
} CacheFile;

typedef struct CacheFiles
{
    Arena *arena;
    CacheFile *files;
    int64_t count;
    int64_t room;
} CacheFiles;

static void directory_remove(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        (void) unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    (void) rmdir(path);
}

static void drafts_remove(Arena *arena, const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        if (strncmp(entry->d_name, DRAFTS_PREFIX, strlen(DRAFTS_PREFIX)) == 0)
            directory_remove(arena_printf(arena, "%s/%s", path, entry->d_name));
    closedir(directory);
}

Error *cache_files_open(Arena *arena, const char *directory, char **drafts)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return error_new(SQLSTATE_IO_ERROR, "could not create directory \"%s\": %s", directory, strerror(errno));
    drafts_remove(arena, directory);
    *drafts = arena_printf(arena, "%s/%sXXXXXX", directory, DRAFTS_PREFIX);
    if (mkdtemp(*drafts) == NULL)
        return error_new(SQLSTATE_IO_ERROR, "could not create a directory in \"%s\": %s", directory, strerror(errno));
    return NULL;
}

void cache_files_close(const char *drafts)
{
    directory_remove(drafts);
}

static void file_add(CacheFiles *all, const char *name, time_t used)
{
    if (all->count == all->room)
    {
        int64_t room = all->room == 0 ? 1024 : 2 * all->room;
        CacheFile *files = arena_alloc(all->arena, sizeof(CacheFile) * (size_t) room);
        if (all->count > 0)
            memcpy(files, all->files, sizeof(CacheFile) * (size_t) all->count);
        all->files = files;
        all->room = room;
    }
    all->files[all->count++] = (CacheFile){arena_strdup(all->arena, name), used};
}

static int by_use(const void *a, const void *b)
{
    const CacheFile *left = a, *right = b;
    return left->used != right->used ? (left->used < right->used ? -1 : 1) : strcmp(left->name, right->name);
}

int64_t cache_files_prune(const char *directory, int64_t most)
{
    DIR *open = opendir(directory);
    if (open == NULL)
        return 0;
    CacheFiles all = {.arena = arena_new("code cache files")};
    struct dirent *entry;
    struct stat status;
    while ((entry = readdir(open)) != NULL)
        if (fstatat(dirfd(open), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode))
            file_add(&all, entry->d_name, status.st_mtime);
    if (all.count > 0)
        qsort(all.files, (size_t) all.count, sizeof *all.files, by_use);
    int64_t gone = 0, surplus = all.count - most;
    time_t in_use = time(NULL) - IN_USE_S;
    for (int64_t i = 0; i < surplus && all.files[i].used < in_use; i++)
        gone += unlinkat(dirfd(open), all.files[i].name, 0) == 0;
    closedir(open);
    arena_free(all.arena);
    return gone;
}

void cache_file_used(const char *path)
{
    (void) utimensat(AT_FDCWD, path, NULL, 0);
}
