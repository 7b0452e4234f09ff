/* SPDX-License-Identifier: Apache-2.0 */
/* A compute node's day: wait for a Spec, run its part of it, tell what came of it. */
#include "src/compute/engine_room.h"

#include "base/core/trace.h"
#include "mpi/agree.h"
#include "mpi/command.h"

#include <stdlib.h>

typedef struct NodeWork
{
    Engine *engine;
    const Command *command;
    Error *error; /* the reply could not be sent */
} NodeWork;

static void report_failure(NodeWork *work, Error *error)
{
    Text bytes;
    text_init(&bytes, NULL);
    report_write_error(&bytes, error, world_compute_index(work->engine->world));
    error_free(error);
    work->error = reply_send(work->engine->world, work->command->query, bytes.data, bytes.length);
    text_free(&bytes);
}

static void task_work(NodeWork *work, const Spec *spec, Team *team)
{
    World *world = work->engine->world;
    TaskEnv env = engine_env(work->engine);
    Task *task = task_new(&env, spec, TASK_COMPUTE, team, NULL);
    task_run(task);
    Error *error = task_error(task);
    if (error != NULL)
    {
        command_cancel(world, spec->query); /* who waits for our rows need not */
        task_segments_remove(task);
    }
    Text bytes;
    text_init(&bytes, NULL);
    report_write(&bytes, task, error);
    error_free(error);
    work->error = reply_send(world, spec->query, bytes.data, bytes.length);
    text_free(&bytes);
    task_free(task);
    atomic_fetch_add(&work->engine->queries_run, 1);
}

/* In the engine thread. */
static void command_work(void *context, Team *team)
{
    NodeWork *work = context;
    Arena *arena = arena_new("spec");
    ByteReader reader;
    reader_init(&reader, work->command->bytes, work->command->length);
    Spec *spec;
    Error *error = spec_read(&reader, arena, &spec);
    if (error == NULL)
        task_work(work, spec, team);
    else
    {
        command_cancel(work->engine->world, work->command->query); /* our exchanges never opened */
        report_failure(work, error);
    }
    arena_free(arena);
}

Error *node_work(Engine *engine)
{
    for (;;)
    {
        Command command;
        TRY(command_wait(engine->world, &command));
        if (command.kind == COMMAND_STOP)
            return NULL;
        NodeWork work = {engine, &command, NULL};
        engine_do(engine, command_work, &work);
        free(command.bytes);
        TRY(work.error);
    }
}
