/* SPDX-License-Identifier: Apache-2.0 */
/* Between engine.c (threads and caches), run_query.c (a query on the leader) and node.c (on a compute node). */
#ifndef SRC_COMPUTE_ENGINE_ROOM_H
#define SRC_COMPUTE_ENGINE_ROOM_H

#include "src/compute/engine.h"

#include <pthread.h>
#include <stdatomic.h>

/* A query between engine_run's beginning and end, for cancels. Under engine->lock. */
typedef struct Running
{
    struct Running *next;
    uint64_t query;
    const Spec *spec;
    Task *task;     /* NULL: not made yet, or gone */
    bool commanded; /* compute nodes know of it */
    bool cancelled;
    bool better; /* tier 1 of its module has come, with this digest */
    uint8_t better_digest[16];
    bool queued; /* waits for its turn, in the order of the list */
} Running;

/* What the engine thread is asked to do. */
typedef struct EngineJob
{
    void (*run)(void *context, Team *team);
    void *context;
    bool done;
} EngineJob;

struct Engine
{
    World *world;
    char *directory;
    int64_t database_id;
    int32_t threads;
    Budget budget;
    Budget inbox; /* what has come from other ranks and waits */
    MemoryPool *memory;
    SegmentCache *segments;
    ModuleCache *modules;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;    /* a job came, or the end */
    pthread_cond_t changed; /* a job is done, a turn has passed, a query ended */
    EngineJob *job;
    bool end;
    bool taken; /* a distributed query has the turn */
    Running *running;
    _Atomic int64_t queries_run;
};

/* Runs the job in the engine thread and waits for it. */
void engine_do(Engine *engine, void (*run)(void *context, Team *team), void *context);
TaskEnv engine_env(Engine *engine);

#endif
