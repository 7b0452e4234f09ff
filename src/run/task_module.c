/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which generated code a task runs.  It begins with what the Spec names; while
 * tier 0 runs, tier 1 of the same text may come, and as both keep the same state
 * in the same places, each worker goes on with it at its next morsel.
 *
 *     leader: compiler is done -> task_module_better()            worker 0 of every rank: loads it, sets task->module
 *                              -> query_note() -> compute nodes   other workers: read task->module at each morsel
 */
#include "mpi/command.h"
#include "src/run/run.h"

#define TIER_BETTER 1

static bool needs_module(const Task *task)
{
    for (int32_t i = 0; i < task->spec->pipeline_count; i++)
    {
        const SpecPipeline *pipeline = &task->spec->pipelines[i];
        if (pipeline->function >= 0 && (task->roles & (pipeline->on_leader ? TASK_LEADER : TASK_COMPUTE)))
            return true;
    }
    return false;
}

Error *task_module_open(Task *task)
{
    if (!needs_module(task))
        return NULL;
    if (task->env.builtin != NULL)
    {
        atomic_store(&task->module, task->env.builtin);
        return NULL;
    }
    TRY(module_load(task->env.modules, task->spec->module, task->spec->module_tier, task->spec->module_digest,
                    &task->module_held));
    const RtModule *table = module_table(task->module_held);
    atomic_store(&task->module, table);
    for (int32_t i = 0; i < task->spec->pipeline_count; i++)
        if (task->spec->pipelines[i].function >= table->pipeline_count)
            return error_new(SQLSTATE_INTERNAL_ERROR, "generated code has %d pipelines, number %d is wanted",
                             table->pipeline_count, task->spec->pipelines[i].function);
    return NULL;
}

void task_module_close(Task *task)
{
    module_release(task->env.modules, task->module_held);
    module_release(task->env.modules, task->module_better);
}

void task_module_better(Task *task, const uint8_t digest[16])
{
    pthread_mutex_lock(&task->lock);
    if (!atomic_load(&task->better_there))
    {
        memcpy(task->better_digest, digest, sizeof task->better_digest);
        atomic_store_explicit(&task->better_there, true, memory_order_release);
    }
    pthread_mutex_unlock(&task->lock);
}

static bool better_come(Task *task)
{
    int64_t note[2];
    if (atomic_load_explicit(&task->better_there, memory_order_acquire))
        return true;
    if (!task->commanded || !query_noted(task->env.world, task->spec->query, note))
        return false;
    task_module_better(task, (const uint8_t *) note);
    return true;
}

/* What cannot be loaded is done without: the task has code that works. */
static void better_take(Task *task)
{
    task->better_tried = true;
    Error *error = module_load(task->env.modules, task->spec->module, TIER_BETTER, task->better_digest,
                               &task->module_better);
    if (error != NULL)
    {
        trace(TRACE_WARNING, "query %llu stays with tier %d: %s", (unsigned long long) task->spec->query,
              (int) task->spec->module_tier, error->message);
        error_free(error);
        return;
    }
    const RtModule *table = module_table(task->module_better);
    ASSERT(table->pipeline_count == atomic_load(&task->module)->pipeline_count); /* of the same text */
    atomic_store(&task->module, table);
    trace(TRACE_LOG, "query %llu goes on with tier %d", (unsigned long long) task->spec->query, TIER_BETTER);
}

RtPipeline *task_function(Task *task, int32_t worker, const SpecPipeline *pipeline)
{
    if (pipeline->function < 0)
        return NULL;
    if (worker == 0 && !task->better_tried && task->env.builtin == NULL && task->spec->module_tier < TIER_BETTER &&
        better_come(task))
        better_take(task);
    return atomic_load_explicit(&task->module, memory_order_acquire)->pipelines[pipeline->function];
}
