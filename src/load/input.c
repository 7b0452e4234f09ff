/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path checks.  The user names a prefix; realpath() of its directory must lie
 * under an allowed one before anything of it is listed, so that COPY tells
 * nothing about other directories, not even whether they exist.
 */
#include "src/load/input.h"

#include "base/core/assert.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_BYTES_MAX (64 * 1024 * 1024)
#define DEPTH_MAX 32

typedef struct Search
{
    Arena *arena;
    char **allowed; /* real paths */
    int32_t allowed_count;
    LoadFiles *found;
    int32_t capacity;
} Search;

static Error *not_allowed(const Search *search, const char *path)
{
    Error *error = error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "COPY may not read \"%s\"", path);
    if (search->allowed_count == 0)
        return error_hint(error, "No directory is open to COPY: name some in copy_directories of stoa.conf.");
    return error_hint(error, "COPY reads from the directories that copy_directories of stoa.conf names.");
}

static Error *not_there(const char *path)
{
    return error_new(SQLSTATE_UNDEFINED_FILE, "the path \"%s\" matches no file", path);
}

static bool path_lies_in(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    if (length > 0 && directory[length - 1] == '/')
        length--;
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool path_is_allowed(const Search *search, const char *real)
{
    for (int32_t i = 0; i < search->allowed_count; i++)
        if (path_lies_in(real, search->allowed[i]))
            return true;
    return false;
}

/* The real path if it exists and is allowed, else NULL. */
static char *path_resolve(const Search *search, const char *path)
{
    char *real = realpath(path, NULL);
    char *kept = real != NULL && path_is_allowed(search, real) ? arena_strdup(search->arena, real) : NULL;
    free(real);
    return kept;
}

static Error *file_add(Search *search, const char *real, int64_t size)
{
    LoadFiles *found = search->found;
    if (found->count == LOAD_FILES_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d files", LOAD_FILES_MAX);
    if (found->count == search->capacity)
    {
        search->capacity = search->capacity * 2 + 16;
        LoadFile *more = ARENA_ARRAY(search->arena, LoadFile, search->capacity);
        if (found->count > 0)
            memcpy(more, found->files, (size_t) found->count * sizeof *more);
        found->files = more;
    }
    found->files[found->count++] = (LoadFile){arena_strdup(search->arena, real), size};
    found->size_bytes += size;
    return NULL;
}

static Error *directory_search(Search *search, const char *directory, const char *prefix, int32_t depth);

/* One entry whose name fits. What has vanished or is no file or directory is passed over. */
static Error *entry_add(Search *search, const char *path, int32_t depth)
{
    struct stat status;
    char *real = path_resolve(search, path);
    if (real == NULL || stat(real, &status) != 0)
        return access(path, F_OK) == 0 ? not_allowed(search, path) : NULL;
    if (S_ISDIR(status.st_mode))
        return directory_search(search, real, "", depth + 1);
    return S_ISREG(status.st_mode) ? file_add(search, real, status.st_size) : NULL;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static Error *directory_names(Search *search, const char *directory, const char *prefix, char ***names, int32_t *count)
{
    DIR *dir = opendir(directory);
    int32_t capacity = 0;
    if (dir == NULL)
        return error_new(SQLSTATE_IO_ERROR, "cannot list \"%s\": %s", directory, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
    {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        if (*count == capacity)
        {
            capacity = capacity * 2 + 16;
            char **more = ARENA_ARRAY(search->arena, char *, capacity);
            if (*count > 0)
                memcpy(more, *names, (size_t) *count * sizeof *more);
            *names = more;
        }
        (*names)[(*count)++] = arena_strdup(search->arena, entry->d_name);
    }
    closedir(dir);
    if (*count > 1)
        qsort(*names, (size_t) *count, sizeof **names, name_compare);
    return NULL;
}

static Error *directory_search(Search *search, const char *directory, const char *prefix, int32_t depth)
{
    char **names = NULL;
    int32_t count = 0;
    if (depth > DEPTH_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "directories nested more than %d deep in \"%s\"", DEPTH_MAX, directory);
    TRY(directory_names(search, directory, prefix, &names, &count));
    for (int32_t i = 0; i < count; i++)
        TRY(entry_add(search, arena_printf(search->arena, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, names[i]), depth));
    return NULL;
}

static const char *path_plain(const char *path)
{
    return strncmp(path, "file://", 7) == 0 ? path + 7 : path;
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const LoadFile *) a)->path, ((const LoadFile *) b)->path);
}

static Error *prefix_search(Search *search, const char *path)
{
    const char *slash = strrchr(path, '/');
    ASSERT(slash != NULL);
    char *directory = slash == path ? arena_strdup(search->arena, "/") : arena_strndup(search->arena, path, (size_t) (slash - path));
    char *real = path_resolve(search, directory);
    if (real == NULL)
        return not_allowed(search, path);
    TRY(directory_search(search, real, slash + 1, 0));
    LoadFiles *found = search->found;
    if (found->count == 0)
        return not_there(path);
    qsort(found->files, (size_t) found->count, sizeof *found->files, file_compare);
    return NULL;
}

/* ---- manifests ---- */

static Error *manifest_entry(Search *search, const char *manifest, json_t *entry)
{
    const char *url = json_string_value(json_object_get(entry, "url"));
    bool mandatory = json_is_true(json_object_get(entry, "mandatory"));
    if (url == NULL)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "an entry of the manifest \"%s\" has no \"url\"", manifest);
    const char *path = path_plain(url);
    if (path[0] != '/')
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "\"%s\" in the manifest \"%s\" is no absolute path", url, manifest);
    char *real = path_resolve(search, path);
    struct stat status;
    if (real == NULL)
    {
        const char *slash = strrchr(path, '/');
        char *parent = slash == path ? arena_strdup(search->arena, "/")
                                     : arena_strndup(search->arena, path, (size_t) (slash - path));
        struct stat link;
        if (path_resolve(search, parent) == NULL || lstat(path, &link) == 0)
            return not_allowed(search, path);
    }
    if (real == NULL || stat(real, &status) != 0 || !S_ISREG(status.st_mode))
        return mandatory ? error_new(SQLSTATE_UNDEFINED_FILE, "the manifest \"%s\" names the mandatory file \"%s\", which does not exist", manifest, path)
                         : NULL;
    return file_add(search, real, status.st_size);
}

static Error *manifest_search(Search *search, const char *path)
{
    char *real = path_resolve(search, path);
    if (real == NULL)
        return not_allowed(search, path);
    int fd;
    int64_t size;
    TRY(load_file_open(real, &fd, &size));
    if (size > MANIFEST_BYTES_MAX)
    {
        close(fd);
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "the manifest \"%s\" is larger than 64 MB", path);
    }
    json_error_t fault;
    json_t *root = json_loadfd(fd, 0, &fault);
    close(fd);
    if (root == NULL)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the manifest \"%s\" is no JSON: %s in line %d", path, fault.text, fault.line);
    json_t *entries = json_object_get(root, "entries"), *entry;
    Error *error = json_is_array(entries)
                       ? NULL
                       : error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the manifest \"%s\" has no list of \"entries\"", path);
    size_t i;
    if (error == NULL)
        json_array_foreach(entries, i, entry)
        {
            if (error == NULL)
                error = manifest_entry(search, path, entry);
        }
    json_decref(root);
    if (error == NULL && search->found->count == 0)
        error = not_there(path);
    return error;
}

Error *load_files_find(Arena *arena, const char *path, bool manifest, const char *const *allowed, int32_t allowed_count,
                       LoadFiles *out)
{
    memset(out, 0, sizeof *out);
    path = path_plain(path);
    if (path[0] != '/')
        return error_hint(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "\"%s\" is no absolute path", path),
                          "COPY reads files that every node sees: write the whole path, beginning with /.");
    Search search = {.arena = arena, .found = out};
    search.allowed = ARENA_ARRAY(arena, char *, allowed_count);
    for (int32_t i = 0; i < allowed_count; i++)
    {
        char *real = realpath(allowed[i], NULL);
        if (real != NULL)
            search.allowed[search.allowed_count++] = arena_strdup(arena, real);
        free(real);
    }
    return manifest ? manifest_search(&search, path) : prefix_search(&search, path);
}

/* The path was checked when it was found; since then somebody may have put a symbolic link in the place of a directory.
 * So it is walked name by name, and none may be a link.  -1 with errno. */
static int open_without_links(const char *path)
{
    int at = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char name[NAME_MAX + 1];
    while (at >= 0)
    {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        bool last = path[length + strspn(path + length, "/")] == 0;
        if (length > NAME_MAX)
        {
            close(at);
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, length);
        name[length] = 0;
        int next = openat(at, name, O_CLOEXEC | O_NOFOLLOW | (last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
        int reason = errno;
        close(at);
        errno = reason;
        if (last)
            return next;
        at = next;
        path += length;
    }
    return -1;
}

Error *load_file_open(const char *path, int *out, int64_t *size_bytes)
{
    struct stat status;
    int fd = open_without_links(path);
    if (fd < 0)
        return error_new(errno == ENOENT ? SQLSTATE_UNDEFINED_FILE : SQLSTATE_IO_ERROR, "cannot open \"%s\": %s", path, strerror(errno));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
    {
        close(fd);
        return error_new(SQLSTATE_IO_ERROR, "\"%s\" is no regular file", path);
    }
    *out = fd;
    *size_bytes = status.st_size;
    return NULL;
}
