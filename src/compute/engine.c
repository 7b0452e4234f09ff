/* SPDX-License-Identifier: Apache-2.0 */
#include "src/compute/engine_room.h"

#include "base/core/assert.h"
#include "src/compute/granted.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES      ((size_t) 32 * 1024 * 1024) /* address space: only what is touched is memory */
#define SEGMENT_FDS      2048
#define SEGMENTS_KEPT    65536
#define MODULES_KEPT     256
#define BLOCKS_SHARE     4 /* a quarter of the memory is for blocks of tables, the rest for queries */
#define KEEP_SHARE       4 /* a quarter of the memory may lie ready between queries */
#define INBOX_SHARE      8 /* an eighth is for what comes from other ranks */
#define KEEP_IDLE_BYTES  (2 * 1024 * 1024)
#define IDLE_S           60 /* then unused memory goes back */
#define MALLOC_SHARE     256 /* what malloc() is asked for beyond this share goes back to the system when freed */
#define MALLOC_LEAST     (INT64_C(128) * 1024)
#define MALLOC_MOST      (INT64_C(32) * 1024 * 1024)
#define MEMORY_BYTES_MIN (INT64_C(32) * 1024 * 1024)

/* ---- the engine thread ---- */

static void idle(Engine *engine)
{
    pthread_mutex_unlock(&engine->lock);
    memory_trim(engine->memory, KEEP_IDLE_BYTES);
    malloc_trim(0);
    pthread_mutex_lock(&engine->lock);
}

/* Sleeps until there is a job; under the lock.  NULL at the end. */
static EngineJob *job_wait(Engine *engine)
{
    bool trimmed = false;
    while (engine->job == NULL && !engine->end)
    {
        if (trimmed)
        {
            pthread_cond_wait(&engine->work, &engine->lock);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += IDLE_S;
        if (pthread_cond_timedwait(&engine->work, &engine->lock, &until) == ETIMEDOUT && engine->job == NULL)
        {
            idle(engine);
            trimmed = true;
        }
    }
    return engine->job;
}

static void engine_work(Team *team, void *context)
{
    Engine *engine = context;
    pthread_mutex_lock(&engine->lock);
    for (EngineJob *job; (job = job_wait(engine)) != NULL;)
    {
        pthread_mutex_unlock(&engine->lock);
        job->run(job->context, team);
        pthread_mutex_lock(&engine->lock);
        job->done = true;
        engine->job = NULL;
        pthread_cond_broadcast(&engine->changed);
    }
    pthread_mutex_unlock(&engine->lock);
}

static void *engine_main(void *context)
{
    Engine *engine = context;
    team_open(engine->threads, engine_work, engine);
    return NULL;
}

void engine_do(Engine *engine, void (*run)(void *context, Team *team), void *context)
{
    EngineJob job = {run, context, false};
    pthread_mutex_lock(&engine->lock);
    while (engine->job != NULL)
        pthread_cond_wait(&engine->changed, &engine->lock);
    engine->job = &job;
    pthread_cond_signal(&engine->work);
    while (!job.done)
        pthread_cond_wait(&engine->changed, &engine->lock);
    pthread_mutex_unlock(&engine->lock);
}

/* ---- start, stop ---- */

static int64_t memory_for(int64_t asked)
{
    if (asked > 0)
        return asked < MEMORY_BYTES_MIN ? MEMORY_BYTES_MIN : asked;
    int64_t mine = memory_granted() / 10 * 6 / team_ranks_here();
    return mine < MEMORY_BYTES_MIN ? MEMORY_BYTES_MIN : mine;
}

/* Left to itself, glibc raises the threshold with every large piece freed, and small budgets end in fragments. */
static void malloc_bound(int64_t memory_bytes)
{
    int64_t large = memory_bytes / MALLOC_SHARE;
    large = large < MALLOC_LEAST ? MALLOC_LEAST : large > MALLOC_MOST ? MALLOC_MOST : large;
    (void) mallopt(M_MMAP_THRESHOLD, (int) large);
    (void) mallopt(M_TRIM_THRESHOLD, (int) (2 * large));
}

static Error *thread_start(Engine *engine)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int code = pthread_create(&engine->thread, &attributes, engine_main, engine);
    pthread_attr_destroy(&attributes);
    if (code != 0)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "could not start the engine's thread: %s", strerror(code));
    return NULL;
}

static void engine_free(Engine *engine)
{
    module_cache_free(engine->modules);
    segment_cache_free(engine->segments);
    memory_pool_free(engine->memory);
    pthread_cond_destroy(&engine->work);
    pthread_cond_destroy(&engine->changed);
    pthread_mutex_destroy(&engine->lock);
    free(engine->directory);
    free(engine);
}

Error *engine_start(const EngineConfig *config, Engine **out)
{
    Engine *engine = calloc(1, sizeof *engine);
    *out = NULL;
    if (engine == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "no memory for the engine");
    engine->world = config->world;
    engine->directory = strdup(config->directory);
    ASSERT(engine->directory != NULL);
    engine->database_id = config->database_id;
    engine->threads = engine_threads(config->threads);
    int64_t bytes = memory_for(config->memory_bytes);
    malloc_bound(bytes);
    int64_t inbox = world_size(engine->world) > 1 ? bytes / INBOX_SHARE : 0;
    budget_init(&engine->inbox, inbox);
    budget_init(&engine->budget, bytes - bytes / BLOCKS_SHARE - inbox);
    engine->memory = memory_pool_new(&engine->budget, bytes / KEEP_SHARE);
    segment_start();
    engine->segments = segment_cache_new(SEGMENT_FDS, SEGMENTS_KEPT, bytes / BLOCKS_SHARE);
    engine->modules = module_cache_new(engine->directory, MODULES_KEPT);
    pthread_mutex_init(&engine->lock, NULL);
    pthread_cond_init(&engine->work, NULL);
    pthread_cond_init(&engine->changed, NULL);
    Error *error = thread_start(engine);
    if (error != NULL)
    {
        engine_free(engine);
        return error;
    }
    *out = engine;
    return NULL;
}

void engine_stop(Engine *engine)
{
    if (engine == NULL)
        return;
    pthread_mutex_lock(&engine->lock);
    for (;;)
    {
        for (Running *running = engine->running; running != NULL; running = running->next)
        {
            running->cancelled = true;
            if (running->task != NULL)
                task_cancel(running->task);
        }
        pthread_cond_broadcast(&engine->changed);
        if (engine->running == NULL && engine->job == NULL)
            break;
        pthread_cond_wait(&engine->changed, &engine->lock);
    }
    engine->end = true;
    pthread_cond_broadcast(&engine->work);
    pthread_mutex_unlock(&engine->lock);
    pthread_join(engine->thread, NULL);
    engine_free(engine);
}

/* ---- small questions ---- */

TaskEnv engine_env(Engine *engine)
{
    return (TaskEnv){.world = engine->world,
                     .directory = engine->directory,
                     .database_id = engine->database_id,
                     .budget = &engine->budget,
                     .inbox = &engine->inbox,
                     .memory = engine->memory,
                     .segments = engine->segments,
                     .modules = engine->modules};
}

int32_t engine_threads(int32_t asked)
{
    return team_size(asked);
}

void engine_info(Engine *engine, EngineInfo *info)
{
    *info = (EngineInfo){.threads = engine->threads,
                         .memory_bytes = engine->budget.limit_bytes + engine->inbox.limit_bytes,
                         .memory_used_bytes = atomic_load(&engine->budget.used_bytes),
                         .memory_peak_bytes = atomic_load(&engine->budget.peak_bytes),
                         .queries_run = atomic_load(&engine->queries_run)};
}

void engine_forget_segment(Engine *engine, const char *path)
{
    segment_cache_drop(engine->segments, path);
}
