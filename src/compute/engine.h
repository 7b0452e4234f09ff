/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: this rank's executor of Specs.  It owns what outlives a query:
 * the team of worker threads, the cache of segments and of generated code,
 * and the memory that queries reuse.
 *
 *     session thread                engine thread + team              compute nodes
 *     engine_run(spec) --queue----> command_send(spec) -------------> node_work(): their pipelines
 *                                   pipelines of this rank <--rows--- EXCHANGE
 *                                   reply_wait() <------------------- verdict, segments, counters
 *     RowSink.rows() <--RETURN----- (pipeline into RETURN is run by the session's thread)
 *     RunResult
 *
 * One distributed query runs at a time, first come first served.  Specs whose pipelines are all
 * on_leader and read no table run beside it, in the session's own thread.
 */
#ifndef SRC_COMPUTE_ENGINE_H
#define SRC_COMPUTE_ENGINE_H

#include "mpi/world.h"
#include "src/run/report.h"
#include "src/run/spec.h"

typedef struct Engine Engine;

typedef struct EngineConfig
{
    World *world;          /* borrowed for the engine's life */
    const char *directory; /* of the warehouse; copied */
    int64_t database_id;   /* data stands in DIRECTORY/db<id>/t<table>/s<slice>/ */
    int32_t threads;       /* of the team; 0: OMP_NUM_THREADS, else the cores this rank may use */
    int64_t memory_bytes;  /* for what grows with data; 0: 60 % of memory_granted(), shared among the ranks here */
} EngineConfig;

/* Local, on every rank, once.  Starts the engine thread and its team. */
Error *engine_start(const EngineConfig *config, Engine **engine) MUST_USE;
/* Cancels what runs, waits for it, joins the threads, frees everything.  NULL is fine. */
void engine_stop(Engine *engine);

/* Where the result's rows go: called in the thread that called engine_run(), in order, with batches of
 * 1..1024 rows standing layout->stride apart (layout of the Spec's RETURN store; valid for the call).
 * An error it returns ends the query and is what engine_run() returns. */
typedef struct RowSink
{
    void *context;
    Error *(*rows)(void *context, const RowLayout *layout, const void *rows, int64_t count);
} RowSink;

/* Leader.  Runs a query to its end, with everything it needs of the compute nodes.  Blocks; thread-safe.
 * spec->query must be unused so far.  `sink` may be NULL if the Spec has no RETURN store.  What *result
 * points to lives in `arena`.  On error *result still has the rejects, and its segments are gone (removed).
 * The caller's thread runs generated code: give it a stack of 4 MB or more. */
Error *engine_run(Engine *engine, const Spec *spec, Arena *arena, const RowSink *sink, RunResult *result) MUST_USE;

/* COPY FROM STDIN: gives the next bytes of the input (borrowed until the next call), *length 0 at its end.
 * Called in another thread while the caller waits in engine_run_feed(). */
typedef struct RunFeed
{
    void *context;
    Error *(*next)(void *context, const void **bytes, size_t *length);
} RunFeed;

/* The same for a Spec whose load is a stream (SpecLoad.stream): its SOURCE_LOAD pipeline is on_leader. */
Error *engine_run_feed(Engine *engine, const Spec *spec, Arena *arena, const RunFeed *feed, const RowSink *sink,
                       RunResult *result) MUST_USE;

/* Any thread of the leader: tier 1 of the module `key` is on disk, with this digest.  Queries that run it go on with it
 * on every rank, at each worker's next morsel. */
void engine_module_better(Engine *engine, const char *key, const uint8_t digest[16]);

/* Any thread of the leader, any time: the query ends soon with 57014.  An unknown number does nothing. */
void engine_cancel(Engine *engine, uint64_t query);

/* Any thread of the leader: what a running load has done so far, in bytes; false if nothing is known. */
bool engine_progress(Engine *engine, uint64_t query, int64_t *done, int64_t *total);

/* A compute node's day (ranks other than the leader in a world of several): commands until the leader
 * says stop (NULL) or is gone (08006). */
Error *node_work(Engine *engine) MUST_USE;

/* Of this rank. */
typedef struct EngineInfo
{
    int32_t threads;
    int64_t memory_bytes; /* limit */
    int64_t memory_used_bytes;
    int64_t memory_peak_bytes;
    int64_t queries_run;
} EngineInfo;
void engine_info(Engine *engine, EngineInfo *info);

/* Forgets a segment file that is about to be removed (leader's own cache; nodes forget by age). */
void engine_forget_segment(Engine *engine, const char *path);

/* How many threads a rank's team should have, told by `asked` (0: not), OMP_NUM_THREADS, affinity, cgroup,
 * and how many ranks share the machine. */
int32_t engine_threads(int32_t asked);

#endif
