/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Exchange inside: lanes by rank, and its life.
 *
 *     a message comes first:  unopened --exchange_open--> open
 *     exchange_open first:                                open --exchange_close--> closed: freed once every sender has
 *                                                                                  finished; the pump throws away what comes
 * Private to exchange.c (life, arrivals) and exchange_io.c (what workers call).
 */
#ifndef MPI_EXCHANGE_ROOM_H
#define MPI_EXCHANGE_ROOM_H

#include "mpi/room.h"

typedef struct SendLane
{
    int32_t credits;
    uint64_t sent; /* buffers */
} SendLane;

typedef struct ReceiveLane
{
    Block *head; /* come and not yet taken, in order */
    Block *tail;
    uint64_t arrived;
    int32_t withheld; /* blocks waiting here whose credit has not gone back */
    bool finished;
} ReceiveLane;

struct Exchange
{
    Exchange *next;
    World *world;
    uint64_t query;
    uint16_t id;
    bool opened;
    bool closed;
    ExchangeRoute route;
    Budget *budget; /* NULL: no bound */
    int32_t sender_first; /* ranks [first, first + count) */
    int32_t sender_count;
    int32_t receiver_first;
    int32_t receiver_count;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t credit_news;
    pthread_cond_t inbox_news;
    SendLane *out;   /* by rank */
    ReceiveLane *in; /* by rank */
    int32_t finished_count; /* senders whose end of stream has come */
    int32_t next_lane; /* where exchange_receive looks first */
    bool sender_failed;
    bool finished; /* we have sent end of stream */
    Error *(*relieve)(void *context); /* NULL: cannot */
    void *relieve_context;
    bool consuming; /* a worker has begun to receive */
    int64_t inbox_bytes;
    ExchangeCounters counters;
};

static inline bool exchange_is_sender(const Exchange *x, int32_t rank)
{
    return rank >= x->sender_first && rank < x->sender_first + x->sender_count;
}

static inline bool exchange_is_receiver(const Exchange *x, int32_t rank)
{
    return rank >= x->receiver_first && rank < x->receiver_first + x->receiver_count;
}

/* Under lock: nothing more will come. */
static inline bool exchange_all_finished(const Exchange *x)
{
    return x->opened && (!exchange_is_receiver(x, x->world->rank) || x->finished_count == x->sender_count);
}

/* Under lock: a block from `rank` goes into the inbox.  True if its credit goes back now. */
bool exchange_put(Exchange *x, int32_t rank, Block *block);
/* Under lock: rank has finished. */
void exchange_put_end(Exchange *x, int32_t rank, bool failed, uint64_t count);
/* A credit of our lane from `rank` goes back: to its pump, or, from ourselves, under lock to our own lane. */
void exchange_give_credit(Exchange *x, int32_t rank);

#endif
