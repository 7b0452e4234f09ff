/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Task is one query on one rank.  Its pipelines run in index order, each by
 * the whole team; an error or a cancel ends it early, and then the other ranks
 * are told through its exchanges.
 *
 *     task_new -> task_run -> task_return (the leader's, if there is a RETURN) -> task_report -> task_free
 */
#ifndef SRC_RUN_TASK_H
#define SRC_RUN_TASK_H

#include "hdf5store/scan.h"
#include "hdf5store/segment.h"
#include "mpi/world.h"
#include "src/run/memory.h"
#include "src/run/module.h"
#include "src/run/spec.h"
#include "src/run/team.h"

struct LoadRejects;

/* What a rank lends to its tasks. */
typedef struct TaskEnv
{
    World *world;
    const char *directory; /* of the warehouse */
    int64_t database_id;
    Budget *budget;
    Budget *inbox; /* for buffers that have come from other ranks; NULL: no bound */
    MemoryPool *memory;
    SegmentCache *segments;
    ModuleCache *modules;
    const RtModule *builtin; /* tests: used in place of a loaded module */
} TaskEnv;

enum TaskRole
{
    TASK_LEADER = 1, /* runs the on_leader pipelines */
    TASK_COMPUTE = 2 /* runs the others */
};

typedef struct TaskSink /* engine.h's RowSink */
{
    void *context;
    Error *(*rows)(void *context, const RowLayout *layout, const void *rows, int64_t count);
} TaskSink;

typedef struct TaskFeed /* engine.h's RunFeed */
{
    void *context;
    Error *(*next)(void *context, const void **bytes, size_t *length);
} TaskFeed;

/* What a pipeline did here; threads 0: it did not run. */
typedef struct TaskCounter
{
    int32_t threads;
    int64_t rows_in, rows_out, bytes, buffers, blocks, blocks_skipped, start_us, wall_us, work_us;
} TaskCounter;

/* A segment file that was written; what the report points to lives in the task. */
typedef struct TaskSegment
{
    int32_t table;
    int32_t slice;
    char *directory;
    char *file;
    SegmentReport report;
    void *image;  /* the file's bytes; NULL: it is durable */
    Arena *arena; /* the report's strings, the image */
} TaskSegment;

typedef struct Task Task;

/* Opens the stores, exchanges included, so that other ranks may begin.  team: NULL = the caller alone.
 * spec and env's members are borrowed until task_free.  A task that failed to open is still to be run
 * (which does nothing but tell the others) and freed. */
Task *task_new(const TaskEnv *env, const Spec *spec, uint32_t roles, Team *team, const TaskFeed *feed);

/* Runs every pipeline of this rank, except one into RETURN whose rows can be given as they come, which is
 * left for task_return().  Called by the thread that owns the team. */
void task_run(Task *task);
/* Reads what other ranks send to a pipeline left for task_return() into memory, as far as the Budget goes.
 * True: all of it has come, the senders are done. */
bool task_prefetch(Task *task);
/* The rest, in the caller's thread: gives the rows to the sink. */
void task_return(Task *task, const TaskSink *sink);
/* Its error so far, NULL if none; the caller owns it (once). */
Error *task_error(Task *task) MUST_USE;
bool task_failed(const Task *task);

/* Any thread.  The tier-1 module of the task's key is on disk, with this digest: workers go on with it at their next
 * morsel.  On compute nodes the leader's query_note() says the same. */
void task_module_better(Task *task, const uint8_t digest[16]);
/* Any thread.  The task ends soon, with 57014. */
void task_cancel(Task *task);
/* Above all row numbers it has taken; 0: none. */
int64_t task_numbers_end(const Task *task);
void task_progress(const Task *task, int64_t *done, int64_t *total); /* bytes of a load; total 0: no load */

int32_t task_segments(const Task *task, const TaskSegment **segments);
/* Removes the files of a statement that failed. */
void task_segments_remove(Task *task);
const TaskCounter *task_counters(const Task *task);       /* one a pipeline */
const struct LoadRejects *task_rejects(const Task *task); /* NULL: no load */
void task_load_counts(const Task *task, int64_t *rows, int64_t *bytes);
int64_t task_returned(const Task *task);
void task_free(Task *task); /* NULL is fine */

#endif
