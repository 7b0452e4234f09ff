/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, one loop:
 *
 *     turn:  start what others queued (MPI_Isend)
 *            match what has come (MPI_Improbe, MPI_Imrecv)
 *            look what is done (MPI_Testsome); deliver messages of a rank in the order matched
 *     no news: nap on the doorbells, 0 at first, then an eighth of the time without news,
 *            at most NAP_FLIGHT_US with messages in flight, NAP_AWAIT_US when one is awaited, else SLEEP_US
 *
 * Why an eighth: a wait of t is then lengthened by no more than t/8, and polling costs next to
 * nothing.  Why SLEEP_US and not for ever: should a rank send to one that awaits nothing (its task
 * failed before it opened its exchanges), the message is still taken.
 */
#include "mpi/pump.h"

#include "mpi/doorbell.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BODY_PIECE_BYTES ((size_t) 256 * 1024)
#define SPIN_US 20
#define YIELD_US 50
#define NAP_FLIGHT_US 200
#define NAP_AWAIT_US 5000
#define SLEEP_US 1000000
#define MATCHES_A_TURN_MAX 16
#define DOORBELLS_EVERY_TURNS 32 /* while messages keep coming */
#define LAST_SENDS_US 2000000    /* for what is still to be sent when the world stops */
#define PUMP_STACK_BYTES ((size_t) 512 * 1024)

/* The body of a frame, on its way in pieces: large messages are slower than many of 256 KB. */
typedef struct Body
{
    uint8_t *bytes;
    size_t length;
    size_t pieces_left;
} Body;

/* A message that MPI works on. */
typedef struct Flight
{
    struct Flight *next; /* receives of exchange messages: the one matched after it, of the same rank */
    int32_t rank;
    bool receives;
    bool done;
    Block *block; /* exchange message, or: */
    Body *body;
} Flight;

struct Pump
{
    World *world;
    int32_t count;
    int32_t capacity;
    MPI_Request *requests;
    Flight **flights; /* beside requests */
    int *done;        /* scratch for MPI_Testsome */
    Flight **first;   /* by rank: matched, not yet delivered */
    Flight **last;
    struct pollfd *polls;
    int32_t *poll_ranks;
};

static void pump_add(Pump *pump, MPI_Request request, Flight *flight)
{
    if (pump->count == pump->capacity)
    {
        pump->capacity = pump->capacity * 2 + 64;
        pump->requests = realloc(pump->requests, (size_t) pump->capacity * sizeof *pump->requests);
        pump->flights = realloc(pump->flights, (size_t) pump->capacity * sizeof *pump->flights);
        pump->done = realloc(pump->done, (size_t) pump->capacity * sizeof *pump->done);
        ASSERT(pump->requests != NULL && pump->flights != NULL && pump->done != NULL);
    }
    pump->requests[pump->count] = request;
    pump->flights[pump->count] = flight;
    pump->count++;
}

static Flight *flight_new(int32_t rank, bool receives, Block *block, Body *body)
{
    Flight *flight = calloc(1, sizeof *flight);
    ASSERT(flight != NULL);
    flight->rank = rank;
    flight->receives = receives;
    flight->block = block;
    flight->body = body;
    return flight;
}

/* ---- what other threads call ---- */

void pump_wake(World *world)
{
    if (!atomic_load(&world->pump_sleeps))
        return;
    uint64_t one = 1;
    ssize_t wrote = write(world->wake_fd, &one, sizeof one);
    (void) wrote; /* EAGAIN: it is rung already */
}

static void pump_queue(World *world, PumpItem item)
{
    PumpItem *copy = malloc(sizeof *copy);
    ASSERT(copy != NULL);
    *copy = item;
    copy->next = NULL;
    pthread_mutex_lock(&world->out_lock);
    if (world->out_tail != NULL)
        world->out_tail->next = copy;
    else
        world->out_head = copy;
    world->out_tail = copy;
    pthread_mutex_unlock(&world->out_lock);
    pump_wake(world);
}

void pump_send(World *world, int32_t rank, Block *block)
{
    ASSERT(rank >= 0 && rank < world->size && rank != world->rank);
    pump_queue(world, (PumpItem){.rank = rank, .block = block});
}

void pump_send_body(World *world, int32_t rank, void *bytes, size_t length)
{
    ASSERT(length <= COMMAND_BYTES_MAX);
    pump_queue(world, (PumpItem){.rank = rank, .bytes = bytes, .length = length});
}

/* ---- a turn ---- */

/* Starts to send or receive all pieces of a body; they match in order. */
static Error *pump_start_body(Pump *pump, int32_t rank, bool receives, void *bytes, size_t length)
{
    Body *body = calloc(1, sizeof *body);
    ASSERT(body != NULL && length > 0);
    *body = (Body){.bytes = bytes, .length = length};
    body->pieces_left = (length + BODY_PIECE_BYTES - 1) / BODY_PIECE_BYTES;
    for (size_t at = 0; at < length; at += BODY_PIECE_BYTES)
    {
        int piece = (int) (length - at < BODY_PIECE_BYTES ? length - at : BODY_PIECE_BYTES);
        MPI_Request request = MPI_REQUEST_NULL;
        int code = receives ? MPI_Irecv(body->bytes + at, piece, MPI_BYTE, rank, PUMP_TAG_BODY, pump->world->comm, &request)
                            : MPI_Isend(body->bytes + at, piece, MPI_BYTE, rank, PUMP_TAG_BODY, pump->world->comm, &request);
        TRY(mpi_check(code, receives ? "MPI_Irecv" : "MPI_Isend"));
        pump_add(pump, request, flight_new(rank, receives, NULL, body));
    }
    return NULL;
}

static Error *pump_start_send(Pump *pump, const PumpItem *item)
{
    World *world = pump->world;
    size_t length = item->block != NULL ? sizeof(MessageHeader) + item->block->header.length : item->length;
    ASSERT(length <= INT_MAX);
    atomic_fetch_add_explicit(&world->sent_bytes, (int64_t) length, memory_order_relaxed);
    atomic_fetch_add_explicit(&world->sent_messages, 1, memory_order_relaxed);
    if (item->block == NULL)
        return pump_start_body(pump, item->rank, false, item->bytes, length);
    MPI_Request request = MPI_REQUEST_NULL;
    TRY(mpi_check(MPI_Isend(&item->block->header, (int) length, MPI_BYTE, item->rank, PUMP_TAG_DATA, world->comm, &request),
                  "MPI_Isend"));
    pump_add(pump, request, flight_new(item->rank, false, item->block, NULL));
    return NULL;
}

static Error *pump_start_sends(Pump *pump, bool *news)
{
    World *world = pump->world;
    pthread_mutex_lock(&world->out_lock);
    PumpItem *item = world->out_head;
    world->out_head = world->out_tail = NULL;
    pthread_mutex_unlock(&world->out_lock);
    Error *error = NULL;
    *news = *news || item != NULL;
    while (item != NULL)
    {
        PumpItem *next = item->next;
        if (error == NULL)
            error = pump_start_send(pump, item);
        free(item);
        item = next;
    }
    return error;
}

void pump_receive_body(World *world, int32_t rank, void *bytes, size_t length)
{
    Error *error = pump_start_body(world->pump, rank, true, bytes, length);
    if (error != NULL)
        world_fail_error(world, error);
}

static Error *pump_match_one(Pump *pump, bool *matched)
{
    World *world = pump->world;
    MPI_Message message = MPI_MESSAGE_NULL;
    MPI_Status status;
    int flag = 0, length = 0;
    *matched = false;
    TRY(mpi_check(MPI_Improbe(MPI_ANY_SOURCE, PUMP_TAG_DATA, world->comm, &flag, &message, &status), "MPI_Improbe"));
    if (!flag)
        return NULL;
    TRY(mpi_check(MPI_Get_count(&status, MPI_BYTE, &length), "MPI_Get_count"));
    if (length < (int) sizeof(MessageHeader))
        return error_new(SQLSTATE_CONNECTION_FAILURE, "rank %d sent a message of %d bytes", status.MPI_SOURCE, length);
    size_t payload = (size_t) length - sizeof(MessageHeader);
    bool pooled = payload > 4096 && payload <= EXCHANGE_BUFFER_BYTES;
    Block *block = block_new(world, pooled ? EXCHANGE_BUFFER_BYTES : payload);
    if (block == NULL)
        return error_new(SQLSTATE_CONNECTION_FAILURE, "no memory to receive %zu bytes", payload);
    block->buffer.length = payload;
    MPI_Request request = MPI_REQUEST_NULL;
    TRY(mpi_check(MPI_Imrecv(&block->header, length, MPI_BYTE, &message, &request), "MPI_Imrecv"));
    int32_t rank = status.MPI_SOURCE;
    Flight *flight = flight_new(rank, true, block, NULL);
    if (pump->last[rank] != NULL)
        pump->last[rank]->next = flight;
    else
        pump->first[rank] = flight;
    pump->last[rank] = flight;
    pump_add(pump, request, flight);
    *matched = true;
    return NULL;
}

static void pump_deliver(Pump *pump, int32_t rank)
{
    World *world = pump->world;
    while (pump->first[rank] != NULL && pump->first[rank]->done)
    {
        Flight *flight = pump->first[rank];
        pump->first[rank] = flight->next;
        if (flight->next == NULL)
            pump->last[rank] = NULL;
        size_t length = flight->block->buffer.length;
        atomic_fetch_add_explicit(&world->received_bytes, (int64_t) length, memory_order_relaxed);
        atomic_fetch_add_explicit(&world->received_messages, 1, memory_order_relaxed);
        if (flight->block->header.length != length)
            world_fail(world, "rank %d sent %zu bytes and announced %llu", rank, length,
                       (unsigned long long) flight->block->header.length);
        else
        {
            flight->block->buffer.from = index_of_rank(world, rank);
            exchange_arrival(world, rank, flight->block);
        }
        free(flight);
    }
}

static void flight_done(Pump *pump, Flight *flight)
{
    World *world = pump->world;
    flight->done = true;
    if (flight->receives && flight->block != NULL)
    {
        pump_deliver(pump, flight->rank); /* frees it */
        return;
    }
    Body *body = flight->body;
    int32_t rank = flight->rank;
    bool receives = flight->receives;
    if (flight->block != NULL)
        block_drop(world, flight->block);
    free(flight);
    if (body == NULL || --body->pieces_left > 0)
        return;
    if (!receives)
        free(body->bytes);
    free(body);
    if (receives)
        doorbell_body_done(world, rank);
}

static int int_compare(const void *a, const void *b)
{
    int x = *(const int *) a, y = *(const int *) b;
    return (x > y) - (x < y);
}

static Error *pump_test(Pump *pump, bool *news)
{
    if (pump->count == 0)
        return NULL;
    int done = 0;
    TRY(mpi_check(MPI_Testsome(pump->count, pump->requests, &done, pump->done, MPI_STATUSES_IGNORE), "MPI_Testsome"));
    if (done == MPI_UNDEFINED || done == 0)
        return NULL;
    *news = true;
    qsort(pump->done, (size_t) done, sizeof *pump->done, int_compare);
    /* The table is packed first: what is delivered may add to it.  done[] is reused by nobody meanwhile. */
    Flight **finished = malloc((size_t) done * sizeof *finished);
    ASSERT(finished != NULL);
    for (int i = 0; i < done; i++)
        finished[i] = pump->flights[pump->done[i]];
    int32_t kept = 0;
    for (int32_t i = 0, at = 0; i < pump->count; i++)
    {
        if (at < done && pump->done[at] == i)
        {
            at++;
            continue;
        }
        pump->requests[kept] = pump->requests[i];
        pump->flights[kept++] = pump->flights[i];
    }
    pump->count = kept;
    for (int i = 0; i < done; i++)
        flight_done(pump, finished[i]);
    free(finished);
    return NULL;
}

static Error *pump_turn(Pump *pump, bool *news)
{
    atomic_fetch_add_explicit(&pump->world->pump_turns, 1, memory_order_relaxed);
    TRY(pump_start_sends(pump, news));
    for (int32_t i = 0; i < MATCHES_A_TURN_MAX; i++)
    {
        bool matched;
        TRY(pump_match_one(pump, &matched));
        if (!matched)
            break;
        *news = true;
    }
    return pump_test(pump, news);
}

/* ---- sleeping ---- */

static int64_t pump_nap_us(const Pump *pump, int64_t idle_us)
{
    bool flight = pump->count > 0;
    if (idle_us < SPIN_US)
        return 0;
    if (!flight && !exchanges_await(pump->world))
        return SLEEP_US;
    if (idle_us < YIELD_US)
        return 0;
    int64_t nap = idle_us / 8, most = flight ? NAP_FLIGHT_US : NAP_AWAIT_US;
    return nap < YIELD_US ? YIELD_US : nap > most ? most : nap;
}

static int32_t pump_polls_fill(Pump *pump)
{
    World *world = pump->world;
    int32_t count = 0;
    pump->polls[count] = (struct pollfd){.fd = world->wake_fd, .events = POLLIN};
    pump->poll_ranks[count++] = -1;
    for (int32_t rank = 0; rank < world->size; rank++)
    {
        Peer *peer = &world->peers[rank];
        if (peer->fd < 0)
            continue;
        short events = peer->body_by_mpi ? 0 : POLLIN;
        if (atomic_load(&peer->out_waits))
            events |= POLLOUT;
        pump->polls[count] = (struct pollfd){.fd = peer->fd, .events = events};
        pump->poll_ranks[count++] = rank;
    }
    return count;
}

/* Serves the doorbells, after waiting up to nap_us for something to happen.  True if it did. */
static bool pump_doorbells(Pump *pump, int64_t nap_us)
{
    World *world = pump->world;
    bool news = false;
    if (nap_us > 0)
    {
        atomic_store(&world->pump_sleeps, true); /* from here, whoever queues something wakes us */
        pthread_mutex_lock(&world->out_lock);
        if (world->out_head != NULL)
            nap_us = 0;
        pthread_mutex_unlock(&world->out_lock);
    }
    int32_t count = pump_polls_fill(pump);
    struct timespec wait = {nap_us / 1000000, nap_us % 1000000 * 1000};
    int ready = ppoll(pump->polls, (nfds_t) count, &wait, NULL);
    atomic_store(&world->pump_sleeps, false);
    for (int32_t i = 0; ready > 0 && i < count; i++)
    {
        short events = pump->polls[i].revents;
        int32_t rank = pump->poll_ranks[i];
        if (events == 0)
            continue;
        news = true;
        if (rank < 0)
        {
            uint64_t rung;
            ssize_t got = read(world->wake_fd, &rung, sizeof rung);
            (void) got;
            continue;
        }
        if (events & POLLOUT)
            doorbell_flush(world, rank);
        if ((events & (POLLHUP | POLLERR)) && world->peers[rank].body_by_mpi)
            doorbell_hangup(world, rank);
        else if (events & (POLLIN | POLLHUP | POLLERR))
            doorbell_read(world, rank);
    }
    return news;
}

static bool pump_has_work(Pump *pump)
{
    World *world = pump->world;
    bool work = pump->count > 0;
    pthread_mutex_lock(&world->out_lock);
    work = work || world->out_head != NULL;
    pthread_mutex_unlock(&world->out_lock);
    for (int32_t rank = 0; rank < world->size; rank++)
        work = work || atomic_load(&world->peers[rank].out_waits);
    return work;
}

static void *pump_main(void *context)
{
    Pump *pump = context;
    World *world = pump->world;
    int64_t last_news = clock_us(), ends_at = 0;
    int32_t turns = 0;
    (void) prctl(PR_SET_TIMERSLACK, 5000UL, 0UL, 0UL, 0UL);
    for (;;)
    {
        if (atomic_load(&world->pump_ends))
        {
            ends_at = ends_at == 0 ? clock_us() + LAST_SENDS_US : ends_at;
            if (world_failed(world) || !pump_has_work(pump) || clock_us() > ends_at)
                return NULL;
        }
        bool news = false;
        Error *error = world_failed(world) ? NULL : pump_turn(pump, &news);
        if (error != NULL)
            world_fail_error(world, error);
        if (news)
        {
            last_news = clock_us();
            if (++turns % DOORBELLS_EVERY_TURNS == 0)
                pump_doorbells(pump, 0);
            continue;
        }
        /* a broken world: MPI is left alone, and nobody can be in a hurry */
        int64_t nap_us = world_failed(world) ? NAP_AWAIT_US * 10 : pump_nap_us(pump, clock_us() - last_news);
        if (atomic_load(&world->pump_ends) && nap_us > NAP_FLIGHT_US)
            nap_us = NAP_FLIGHT_US;
        if (pump_doorbells(pump, nap_us))
            last_news = clock_us();
        else if (nap_us == 0)
            sched_yield();
    }
}

/* ---- start and stop ---- */

static void pump_free(Pump *pump)
{
    /* Messages MPI still works on are left to it: only a broken world has them here. */
    free(pump->requests);
    free(pump->flights);
    free(pump->done);
    free(pump->first);
    free(pump->last);
    free(pump->polls);
    free(pump->poll_ranks);
    free(pump);
}

Error *pump_start(World *world)
{
    Pump *pump = calloc(1, sizeof *pump);
    ASSERT(pump != NULL);
    pump->world = world;
    pump->first = calloc((size_t) world->size, sizeof(Flight *));
    pump->last = calloc((size_t) world->size, sizeof(Flight *));
    pump->polls = calloc((size_t) world->size + 1, sizeof *pump->polls);
    pump->poll_ranks = calloc((size_t) world->size + 1, sizeof *pump->poll_ranks);
    ASSERT(pump->first != NULL && pump->last != NULL && pump->polls != NULL && pump->poll_ranks != NULL);
    world->pump = pump;
    pthread_attr_t attributes;
    sigset_t all, before; /* signals belong to the main thread */
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PUMP_STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&world->pump_thread, &attributes, pump_main, pump);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed != 0)
    {
        pump_free(pump);
        world->pump = NULL;
        return error_new(SQLSTATE_OUT_OF_MEMORY, "cannot start the communication thread: %s", strerror(failed));
    }
    (void) pthread_setname_np(world->pump_thread, "stoa-pump");
    world->pump_runs = true;
    return NULL;
}

void pump_stop(World *world)
{
    if (!world->pump_runs)
        return;
    atomic_store(&world->pump_ends, true);
    uint64_t one = 1;
    ssize_t wrote = write(world->wake_fd, &one, sizeof one);
    (void) wrote;
    pthread_join(world->pump_thread, NULL);
    world->pump_runs = false;
    pump_free(world->pump);
    world->pump = NULL;
    while (world->out_head != NULL)
    {
        PumpItem *item = world->out_head;
        world->out_head = item->next;
        free(item->bytes);
        if (item->block != NULL)
            block_drop(world, item->block);
        free(item);
    }
    world->out_tail = NULL;
}
