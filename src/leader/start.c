/* SPDX-License-Identifier: Apache-2.0 */
/* Rank 0 begins and ends its work: directory, lease, catalog, orphans, engine, code cache. */
#include "base/core/trace.h"
#include "src/codegen/codegen.h"
#include "src/leader/auth.h"
#include "src/leader/clientfile.h"
#include "src/leader/fence.h"
#include "src/leader/leader.h"
#include "src/leader/lock.h"
#include "src/leader/merge.h"
#include "src/leader/recover.h"
#include "src/leader/runfile.h"
#include "src/leader/sweep.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE_QUERY_BITS 40 /* of a query's number: its count; the job's epoch stands above */

uint64_t leader_next_query(Leader *leader)
{
    uint64_t count = (uint64_t) history_next(leader->history, HISTORY_QUERY);
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
    int64_t gone = 0;
    TRY(recover_warehouse(leader->arena, leader->directory, &leader->catalog, &gone));
    if (gone > 0)
        trace(TRACE_LOG, "removed %lld files that no commit names", (long long) gone);
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    if (snapshot->slice_count < world_compute_count(leader->world))
        trace(TRACE_WARNING, "%d compute nodes share %d slices: some have nothing to do",
              world_compute_count(leader->world), snapshot->slice_count);
    catalog_release(leader->catalog, snapshot);
    return NULL;
}

static void module_better(void *engine, const char *key, const uint8_t digest[16])
{
    engine_module_better(engine, key, digest);
}

static Error *parts_start(Leader *leader, const char *isa)
{
    TRY(directory_check(leader->arena, leader->directory));
    if (leader->config->ssl != SSL_OFF)
        TRY(tls_server_new(leader->arena, leader->config->ssl_cert_file, leader->config->ssl_key_file, &leader->tls));
    TRY(lease_take(leader->arena, leader->directory, &leader->lease));
    int64_t swept = sweep_dead_jobs();
    if (swept > 0)
        trace(TRACE_LOG, "removed %lld things that dead jobs of this user had left on this machine", (long long) swept);
    TRY(subdirectory_make(leader->arena, leader->directory, "run"));
    TRY(subdirectory_make(leader->arena, leader->directory, "cache"));
    TRY(data_open(leader));
    HistoryConfig history = {.path = arena_printf(leader->arena, "%s/history.db", leader->directory),
                             .days = leader->config->history_days,
                             .bytes_max = leader->config->history_bytes};
    Error *unfenced = fence_history(leader->arena, leader->directory); /* the warehouse does not wait for it */
    if (unfenced != NULL)
        trace(TRACE_WARNING, "the history may have another writer: %s", unfenced->message);
    error_free(unfenced);
    leader->history = history_open(&history);
    if (leader->history == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory");
    TRY(code_cache_open(arena_printf(leader->arena, "%s/cache", leader->directory), isa, &leader->code));
    EngineConfig engine = {.world = leader->world,
                           .directory = leader->directory,
                           .database_id = DATABASE_ID,
                           .threads = leader->config->threads,
                           .memory_bytes = leader->config->memory_bytes};
    TRY(engine_start(&engine, &leader->engine));
    code_cache_listen(leader->code, module_better, leader->engine);
    return NULL;
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
    leader->locks = locks_new();
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

/* DIR/run/ranks: for "stoa status". */
static Error *ranks_write(Leader *leader)
{
    const World *world = leader->world;
    int32_t nodes = world_compute_count(world);
    const CatalogSnapshot *snapshot = catalog_acquire(leader->catalog);
    Text text;
    text_init(&text, leader->arena);
    for (int32_t rank = 0; rank < world_size(world); rank++)
    {
        int32_t slices = 0;
        for (int32_t slice = 0; slice < snapshot->slice_count; slice++)
            slices += world_compute_rank(world, slice_node(slice, snapshot->slice_count, nodes)) == rank;
        text_printf(&text, "rank %d  %-18s  host %s  process %lld  %d slice%s\n", rank,
                    rank > 0 ? "compute node" : nodes == world_size(world) ? "leader and compute" : "leader",
                    world_host(world, rank), (long long) world_pid(world, rank), slices, slices == 1 ? "" : "s");
    }
    catalog_release(leader->catalog, snapshot);
    return file_write_private(leader->arena, arena_printf(leader->arena, "%s/run/ranks", leader->directory), text.data);
}

Error *leader_announce(Leader *leader, int32_t port)
{
    TRY(ranks_write(leader));
    TRY(runfile_write(leader->arena, leader->directory, leader->config->listen_address, port, leader->tls != NULL));
    trace(TRACE_LOG, "ready: listening on %s port %d, %d compute node(s)", leader->config->listen_address, port,
          world_compute_count(leader->world));
    return NULL;
}

void leader_retract(Leader *leader)
{
    runfile_remove(leader->arena, leader->directory);
}

void leader_stop(Leader *leader)
{
    merger_free(leader);
    (void) sweep_dead_jobs(); /* what was too young to judge at the start */
    if (leader->code != NULL)
        code_cache_listen(leader->code, NULL, NULL);
    engine_stop(leader->engine);
    leader->engine = NULL; /* it has nothing to forget any more of the dead that are removed below */
    if (leader->code != NULL)
        code_cache_close(leader->code);
    if (leader->catalog != NULL)
        dead_segments_remove(leader);
    catalog_close(leader->catalog);
    history_close(leader->history);
    lease_release(leader->lease);
    tls_server_free(leader->tls);
    if (leader->lease != NULL)
        trace(TRACE_LOG, "the warehouse is closed");
    if (leader->wake_fd >= 0)
        close(leader->wake_fd);
    pthread_cond_destroy(&leader->session_ended);
    locks_free(leader->locks);
    pthread_mutex_destroy(&leader->lock);
}
