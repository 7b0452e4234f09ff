/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files without a name in the manifest do not exist.  Some can still lie
 * there: a job was killed before its commit, or after a DROP.
 *
 *     DIR/db1/t<table>/s<slice>/<file>
 */
#include "base/core/map.h"
#include "base/core/trace.h"
#include "src/leader/leader.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Calls `each` for every entry of a directory but "." and "..". */
static void entries_walk(const char *path, void (*each)(void *context, const char *path, const char *name), void *context)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(context, path, entry->d_name);
    closedir(directory);
}

typedef struct Sweep
{
    Map *named; /* "t7/s3/17-0.h5" of all live segments */
    Arena *arena;
    const char *table; /* "t7" */
    const char *slice; /* "s3" */
    int64_t removed;
} Sweep;

static void sweep_file(void *context, const char *path, const char *name)
{
    Sweep *sweep = context;
    if (map_get(sweep->named, arena_printf(sweep->arena, "%s/%s/%s", sweep->table, sweep->slice, name)) != NULL)
        return;
    if (unlink(arena_printf(sweep->arena, "%s/%s", path, name)) == 0)
        sweep->removed++;
}

/* name is one letter and a number */
static bool is_numbered(const char *name, char letter)
{
    return name[0] == letter && name[1] != 0 && strspn(name + 1, "0123456789") == strlen(name + 1);
}

static void sweep_slice(void *context, const char *path, const char *name)
{
    Sweep *sweep = context;
    char *below = arena_printf(sweep->arena, "%s/%s", path, name);
    if (!is_numbered(name, 's'))
        return;
    sweep->slice = arena_strdup(sweep->arena, name);
    entries_walk(below, sweep_file, sweep);
    (void) rmdir(below); /* if nothing is left */
}

static void sweep_table(void *context, const char *path, const char *name)
{
    Sweep *sweep = context;
    char *below = arena_printf(sweep->arena, "%s/%s", path, name);
    if (!is_numbered(name, 't'))
        return;
    sweep->table = arena_strdup(sweep->arena, name);
    entries_walk(below, sweep_slice, sweep);
    (void) rmdir(below);
}

/* Drafts of files that a killed job did not finish; those of compilers are the code cache's. */
static void sweep_draft(void *context, const char *path, const char *name)
{
    Sweep *sweep = context;
    size_t length = strlen(name);
    bool draft = (length > 4 && (strcmp(name + length - 4, ".tmp") == 0 || strcmp(name + length - 4, ".new") == 0));
    if (draft && unlink(arena_printf(sweep->arena, "%s/%s", path, name)) == 0)
        sweep->removed++;
}

char *segment_path(Arena *arena, const char *directory, const CatalogTable *table, const CatalogSegment *segment)
{
    return arena_printf(arena, "%s%sdb%d/t%lld/s%d/%s", directory == NULL ? "" : directory, directory == NULL ? "" : "/", DATABASE_ID,
                        (long long) table->id, segment->slice, segment->file);
}

int64_t orphans_remove(const char *directory, const CatalogSnapshot *snapshot)
{
    Arena *arena = arena_new("orphans");
    Sweep sweep = {.named = map_new(arena), .arena = arena};
    for (int32_t t = 0; t < snapshot->table_count; t++)
    {
        const CatalogTable *table = snapshot->tables[t];
        for (int32_t i = 0; i < table->segment_count; i++)
            map_put(sweep.named,
                    arena_printf(arena, "t%lld/s%d/%s", (long long) table->id, table->segments[i].slice,
                                 table->segments[i].file),
                    &table->segments[i]);
    }
    entries_walk(arena_printf(arena, "%s/db%d", directory, DATABASE_ID), sweep_table, &sweep);
    static const char *const drafts[] = {"client", "run"};
    for (size_t i = 0; i < sizeof drafts / sizeof drafts[0]; i++)
        entries_walk(arena_printf(arena, "%s/%s", directory, drafts[i]), sweep_draft, &sweep);
    arena_free(arena);
    return sweep.removed;
}

/* A job that has lost the warehouse does not know what is dead. */
static bool is_ours(const Leader *leader)
{
    Error *lost = lease_check(leader->lease);
    bool ours = lost == NULL;
    error_free(lost);
    return ours;
}

void dead_segments_remove(Leader *leader)
{
    Arena *arena = arena_new("dead segments");
    DeadSegment *dead;
    int32_t count;
    catalog_take_dead(leader->catalog, arena, &dead, &count);
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    for (int32_t i = 0; i < count && (i > 0 || is_ours(leader)); i++)
    {
        char *slice = arena_printf(arena, "%s/db%d/t%lld/s%d", leader->directory, DATABASE_ID,
                                   (long long) dead[i].table_id, dead[i].slice);
        char *path = arena_printf(arena, "%s/%s", slice, dead[i].file);
        if (leader->engine != NULL)
            engine_forget_segment(leader->engine, path);
        if (unlink(path) != 0 && errno != ENOENT)
            trace(TRACE_WARNING, "could not remove \"%s\": %s", path, strerror(errno));
        if (catalog_find_table_id(snapshot, dead[i].table_id) == NULL && rmdir(slice) == 0)
            (void) rmdir(arena_printf(arena, "%s/db%d/t%lld", leader->directory, DATABASE_ID,
                                      (long long) dead[i].table_id));
    }
    catalog_release(leader->catalog, snapshot);
    arena_free(arena);
}
