/* SPDX-License-Identifier: Apache-2.0 */
/* Start, end and failure of the world. */
#include "mpi/world.h"

#include "mpi/doorbell.h"
#include "mpi/pump.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define GOODBYE_WAIT_US (8 * INT64_C(1000000))
#define GATHER_WAIT_US (60 * INT64_C(1000000))

Error *mpi_check(int code, const char *what)
{
    if (code == MPI_SUCCESS)
        return NULL;
    char text[MPI_MAX_ERROR_STRING] = "unknown fault";
    int length = 0;
    (void) MPI_Error_string(code, text, &length);
    return error_new(SQLSTATE_CONNECTION_FAILURE, "%s failed: %s", what, text);
}

void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t wait_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + wait_us % 1000000 * 1000;
    until.tv_sec += wait_us / 1000000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    (void) pthread_cond_timedwait(cond, lock, &until);
}

static World *world_new(void)
{
    World *world = calloc(1, sizeof *world);
    ASSERT(world != NULL);
    world->size = 1;
    world->wake_fd = -1;
    pthread_mutex_init(&world->out_lock, NULL);
    pthread_mutex_init(&world->pool_lock, NULL);
    pthread_mutex_init(&world->exchanges_lock, NULL);
    pthread_mutex_init(&world->query_lock, NULL);
    pthread_mutex_init(&world->fail_lock, NULL);
    cond_init(&world->query_news);
    return world;
}

static void world_free(World *world)
{
    queries_free(world);
    exchanges_free(world);
    blocks_free(world);
    doorbell_close(world);
    free(world->facts);
    if (world->wake_fd >= 0)
        close(world->wake_fd);
    pthread_cond_destroy(&world->query_news);
    pthread_mutex_destroy(&world->out_lock);
    pthread_mutex_destroy(&world->pool_lock);
    pthread_mutex_destroy(&world->exchanges_lock);
    pthread_mutex_destroy(&world->query_lock);
    pthread_mutex_destroy(&world->fail_lock);
    free(world);
}

/* MPI is up: our own communicator, where faults are return codes. */
static Error *comm_open(World *world)
{
    TRY(mpi_check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler"));
    TRY(mpi_check(MPI_Comm_dup(MPI_COMM_WORLD, &world->comm), "MPI_Comm_dup"));
    TRY(mpi_check(MPI_Comm_set_errhandler(world->comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler"));
    int rank = 0, size = 1;
    TRY(mpi_check(MPI_Comm_rank(world->comm, &rank), "MPI_Comm_rank"));
    TRY(mpi_check(MPI_Comm_size(world->comm, &size), "MPI_Comm_size"));
    world->rank = rank;
    world->size = size;
    return NULL;
}

Error *world_start(World **out, int *argc, char ***argv)
{
    *out = NULL;
    int level = MPI_THREAD_SINGLE;
    TRY(mpi_check(MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &level), "MPI_Init_thread"));
    if (level < MPI_THREAD_SERIALIZED)
        return error_hint(error_new(SQLSTATE_CONNECTION_FAILURE, "this MPI library was built without thread support"),
                          "Use an MPI that gives MPI_THREAD_SERIALIZED.");
    World *world = world_new();
    Error *error = comm_open(world);
    if (error == NULL)
    {
        world->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        ASSERT(world->wake_fd >= 0);
        world->gathered = calloc((size_t) world->size, sizeof *world->gathered);
        world->blobs = calloc((size_t) world->size, sizeof *world->blobs);
        world->blob_lengths = calloc((size_t) world->size, sizeof *world->blob_lengths);
        ASSERT(world->gathered != NULL && world->blobs != NULL && world->blob_lengths != NULL);
        error = doorbell_join(world);
    }
    if (error == NULL && world->size > 1)
        error = pump_start(world);
    if (error != NULL)
    {
        world_free(world); /* MPI is left as it is: the process ends now */
        return error;
    }
    *out = world;
    return NULL;
}

/* Leader: tells everyone, and waits until all have said goodbye.  False if some did not. */
static bool leader_parts(World *world)
{
    command_stop(world);
    int64_t deadline = clock_us() + GOODBYE_WAIT_US;
    pthread_mutex_lock(&world->query_lock);
    while (world->goodbyes < world->size - 1 && clock_us() < deadline && !world_failed(world))
        cond_wait_us(&world->query_news, &world->query_lock, 100000);
    bool all = world->goodbyes == world->size - 1;
    pthread_mutex_unlock(&world->query_lock);
    return all;
}

Error *world_stop(World *world)
{
    ASSERT(world != NULL);
    Error *error = world_check(world);
    if (world->rank != 0)
        atomic_store(&world->stopping, true);
    if (world->size > 1)
    {
        if (world->rank == 0 && !leader_parts(world) && error == NULL)
            error = error_new(SQLSTATE_CONNECTION_FAILURE, "some compute nodes did not stop within 8 s");
        if (world->rank != 0)
            doorbell_send(world, 0, &(Frame){.kind = FRAME_GOODBYE}, NULL);
        pump_stop(world);
    }
    if (error == NULL)
        error = mpi_check(MPI_Comm_free(&world->comm), "MPI_Comm_free");
    if (error == NULL)
        error = mpi_check(MPI_Finalize(), "MPI_Finalize");
    world_free(world);
    return error;
}

int32_t world_rank(const World *world)
{
    return world->rank;
}

int32_t world_size(const World *world)
{
    return world->size;
}

bool world_is_leader(const World *world)
{
    return world->rank == 0;
}

int32_t world_compute_count(const World *world)
{
    return world->size == 1 ? 1 : world->size - 1;
}

int32_t world_compute_rank(const World *world, int32_t compute)
{
    ASSERT(compute >= 0 && compute < world_compute_count(world));
    return world->size == 1 ? 0 : compute + 1;
}

int32_t world_compute_index(const World *world)
{
    return index_of_rank(world, world->rank);
}

const char *world_host(const World *world, int32_t rank)
{
    ASSERT(rank >= 0 && rank < world->size);
    return world->facts[rank].host;
}

int64_t world_pid(const World *world, int32_t rank)
{
    ASSERT(rank >= 0 && rank < world->size);
    return world->facts[rank].pid;
}

void world_counters(const World *world, WorldCounters *out)
{
    out->sent_bytes = atomic_load(&world->sent_bytes);
    out->sent_messages = atomic_load(&world->sent_messages);
    out->received_bytes = atomic_load(&world->received_bytes);
    out->received_messages = atomic_load(&world->received_messages);
    out->pump_turns = atomic_load(&world->pump_turns);
}

bool world_failed(const World *world)
{
    return atomic_load_explicit(&world->failed, memory_order_relaxed);
}

Error *world_check(World *world)
{
    if (!atomic_load(&world->failed))
        return NULL;
    pthread_mutex_lock(&world->fail_lock);
    Error *error = error_new(SQLSTATE_CONNECTION_FAILURE, "%s", world->fail_text);
    pthread_mutex_unlock(&world->fail_lock);
    return error_hint(error, "The warehouse restarts by itself under \"stoa start\"; then connect again.");
}

void world_fail(World *world, const char *format, ...)
{
    pthread_mutex_lock(&world->fail_lock);
    bool first = !atomic_load(&world->failed);
    if (first)
    {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(world->fail_text, sizeof world->fail_text, format, arguments);
        va_end(arguments);
        trace(TRACE_ERROR, "%s", world->fail_text);
        atomic_store(&world->failed, true);
    }
    pthread_mutex_unlock(&world->fail_lock);
    if (!first)
        return;
    /* Workers that wait in an exchange look again within its own timeout. */
    pthread_mutex_lock(&world->query_lock);
    pthread_cond_broadcast(&world->query_news);
    pthread_mutex_unlock(&world->query_lock);
}

void world_fail_error(World *world, Error *error)
{
    world_fail(world, "%s", error->message);
    error_free(error);
}

Error *world_gather(World *world, const void *blob, size_t length, const void *const **blobs_out,
                    const size_t **lengths_out)
{
    *blobs_out = NULL;
    *lengths_out = NULL;
    Frame frame = {.kind = FRAME_GATHER, .length = length};
    if (world->rank != 0)
    {
        doorbell_send(world, 0, &frame, blob);
        return world_check(world);
    }
    void *copy = malloc(length + 1);
    ASSERT(copy != NULL);
    memcpy(copy, blob, length);
    control_frame(world, 0, &frame, copy);
    int64_t deadline = clock_us() + GATHER_WAIT_US;
    pthread_mutex_lock(&world->query_lock);
    for (int32_t rank = 0; rank < world->size;)
    {
        if (world->gathered[rank].head != NULL)
            rank++;
        else if (world_failed(world) || clock_us() > deadline)
            break;
        else
            cond_wait_us(&world->query_news, &world->query_lock, 100000);
    }
    bool complete = true;
    for (int32_t rank = 0; rank < world->size; rank++)
        complete = complete && world->gathered[rank].head != NULL;
    for (int32_t rank = 0; complete && rank < world->size; rank++)
    {
        QueuedBytes *node = bytes_queue_take(&world->gathered[rank]);
        free((void *) world->blobs[rank]);
        world->blobs[rank] = node->bytes;
        world->blob_lengths[rank] = node->length;
        free(node);
    }
    pthread_mutex_unlock(&world->query_lock);
    if (!complete)
    {
        TRY(world_check(world));
        return error_new(SQLSTATE_CONNECTION_FAILURE, "not all ranks told about themselves within 60 s");
    }
    *blobs_out = world->blobs;
    *lengths_out = world->blob_lengths;
    return NULL;
}
