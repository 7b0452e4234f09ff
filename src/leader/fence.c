/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/fence.h"
#include "hdf5store/segment.h"
#include "src/leader/tree.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The same bytes, in a file that nobody has open. */
static Error *file_renew(Arena *arena, const char *path)
{
    char *own = arena_printf(arena, "%s.own", path);
    if (unlink(own) != 0 && errno != ENOENT)
        return error_file("remove", own);
    TRY(tree_copy_file(path, own));
    return rename(own, path) == 0 ? NULL : error_file("rename", own);
}

/* An SQLite file and its log, if who had it before has not closed it. */
static Error *database_renew(Arena *arena, const char *directory, const char *path)
{
    char *log = arena_printf(arena, "%s-wal", path);
    if (access(log, F_OK) != 0) /* SQLite removes it when it closes the file */
        return NULL;
    TRY(file_renew(arena, log));
    TRY(file_renew(arena, path));
    return segment_sync_directory(directory);
}

Error *fence_catalog_open(Arena *arena, const char *directory, Catalog **catalog)
{
    char *path = arena_printf(arena, "%s/catalog.db", directory);
    TRY(database_renew(arena, directory, path));
    return catalog_open(path, catalog);
}

Error *fence_history(Arena *arena, const char *directory)
{
    return database_renew(arena, directory, arena_printf(arena, "%s/history.db", directory));
}
