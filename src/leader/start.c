/* SPDX-License-Identifier: Apache-2.0 */
/* Rank 0 begins and ends its work: directory, lease, catalog, orphans, engine, code cache. */
#include "base/core/trace.h"
#include "src/codegen/codegen.h"
#include "src/leader/auth.h"
#include "src/leader/leader.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE_QUERY_BITS 40 /* of a query's number: count within the job; the epoch stands above */

uint64_t leader_next_query(Leader *leader)
{
    uint64_t count = (uint64_t) atomic_fetch_add(&leader->queries, 1) + 1;
    return (uint64_t) catalog_epoch(leader->catalog) << MODULE_QUERY_BITS | count;
}

static Error *directory_check(Arena *arena, const char *directory)
{
    struct stat status;
    if (stat(directory, &status) != 0)
        return error_hint(error_new(SQLSTATE_UNDEFINED_FILE, "could not open directory \"%s\": %s", directory,
                                    strerror(errno)),
                          "Create a warehouse with \"stoa init %s\".", directory);
    if (!S_ISDIR(status.st_mode) || access(arena_printf(arena, "%s/catalog.db", directory), F_OK) != 0)
        return error_hint(error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "\"%s\" is not a warehouse", directory),
                          "Create one with \"stoa init DIR\".");
    if (access(arena_printf(arena, "%s/catalog.db", directory), R_OK | W_OK) != 0)
        return error_hint(error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "cannot write to warehouse \"%s\"", directory),
                          "Start it as the user who created it.");
    return NULL;
}

static Error *subdirectory_make(Arena *arena, const char *directory, const char *name)
{
    char *path = arena_printf(arena, "%s/%s", directory, name);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", path, strerror(errno));
    return NULL;
}

static Error *data_open(Leader *leader)
{
    TRY(catalog_open(arena_printf(leader->arena, "%s/catalog.db", leader->directory), &leader->catalog));
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    int64_t gone = orphans_remove(leader->directory, snapshot);
    if (gone > 0)
        trace(TRACE_LOG, "removed %lld files that no commit names", (long long) gone);
    if (snapshot->slice_count < world_compute_count(leader->world))
        trace(TRACE_WARNING, "%d compute nodes share %d slices: some have nothing to do",
              world_compute_count(leader->world), snapshot->slice_count);
    catalog_release(leader->catalog, snapshot);
    return NULL;
}

static Error *parts_start(Leader *leader, const char *isa)
{
    TRY(directory_check(leader->arena, leader->directory));
    TRY(lease_take(leader->arena, leader->directory, &leader->lease));
    TRY(subdirectory_make(leader->arena, leader->directory, "run"));
    TRY(subdirectory_make(leader->arena, leader->directory, "cache"));
    TRY(subdirectory_make(leader->arena, leader->directory, "db1"));
    TRY(data_open(leader));
    TRY(code_cache_open(arena_printf(leader->arena, "%s/cache", leader->directory), isa, &leader->code));
    EngineConfig engine = {.world = leader->world,
                           .directory = leader->directory,
                           .database_id = DATABASE_ID,
                           .threads = leader->config->threads,
                           .memory_bytes = leader->config->memory_bytes};
    return engine_start(&engine, &leader->engine);
}

Error *leader_start(Arena *arena, const char *directory, Config *config, World *world, const char *isa, Leader **out)
{
    Leader *leader = ARENA_NEW(arena, Leader);
    leader->arena = arena;
    leader->directory = directory;
    leader->config = config;
    leader->world = world;
    leader->start_us = clock_us();
    leader->next_process = 1000;
    pthread_mutex_init(&leader->lock, NULL);
    pthread_cond_init(&leader->session_ended, NULL);
    leader->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    Error *error = leader->wake_fd < 0 ? error_new(SQLSTATE_INTERNAL_ERROR, "eventfd failed: %s", strerror(errno)) : NULL;
    if (error == NULL)
        error = auth_random(leader->auth_secret, sizeof leader->auth_secret);
    if (error == NULL)
        error = parts_start(leader, isa);
    if (error != NULL)
    {
        leader_stop(leader);
        return error;
    }
    *out = leader;
    return NULL;
}

void leader_stop(Leader *leader)
{
    engine_stop(leader->engine);
    if (leader->code != NULL)
        code_cache_close(leader->code);
    if (leader->catalog != NULL)
        dead_segments_remove(leader);
    catalog_close(leader->catalog);
    lease_release(leader->lease);
    if (leader->wake_fd >= 0)
        close(leader->wake_fd);
    pthread_cond_destroy(&leader->session_ended);
    pthread_mutex_destroy(&leader->lock);
}
