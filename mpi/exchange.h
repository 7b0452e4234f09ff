/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An exchange moves buffers of bytes from every sender to every receiver of
 * one step of one query.  Each pair has a lane:
 *
 *     worker threads                 pump        |  pump                     worker threads
 *     exchange_send(to 2, buffer) -> MPI_Isend --+-> lane of sender 0 --+
 *                                                +-> lane of sender 1 --+--> inbox --> exchange_receive()
 *     exchange_finish() -----------> end of stream, with the count of buffers sent
 *
 * Credits: at most EXCHANGE_CREDITS buffers of a lane are under way.  A buffer that has
 * come is taken from the exchange's Budget and its credit goes back at once, so that
 * senders do not wait for receivers that are not there yet; when the Budget refuses,
 * the credit goes back only when a worker takes the buffer.  A sender that waits while its own rank's inbox is full
 * relieves it (exchange_relieve); where nobody said how, it waits for a second, and if no worker has begun to receive
 * gets 53200: waiting could be for ever.
 * A buffer to oneself is handed over by pointer, by the same rules.
 * Within a lane buffers arrive in the order sent.
 *
 * A sender may start before a receiver has opened: what comes early is kept.
 * A task that fails calls exchange_finish(x, true) if it has not finished, and exchange_close(); what still comes
 * is thrown away, never left over.  It also calls command_cancel(), since other nodes may wait for it elsewhere.
 */
#ifndef MPI_EXCHANGE_H
#define MPI_EXCHANGE_H

#include "base/core/budget.h"
#include "mpi/world.h"

#define EXCHANGE_BUFFER_BYTES ((size_t) 256 * 1024) /* best on every transport measured */
#define EXCHANGE_CREDITS 4
#define EXCHANGE_BUFFER_BYTES_MAX ((size_t) 1 << 30)

typedef struct ExchangeBuffer
{
    uint8_t *data; /* 64-byte aligned */
    size_t length; /* bytes used */
    size_t capacity;
    int32_t from; /* when received: compute index of the sender, or LEADER_INDEX */
} ExchangeBuffer;

/* Thread-safe; capacity EXCHANGE_BUFFER_BYTES comes from a pool.  53200 without memory. */
Error *exchange_buffer_new(World *world, size_t capacity, ExchangeBuffer **out) MUST_USE;
void exchange_buffer_free(World *world, ExchangeBuffer *buffer); /* NULL is fine */

typedef enum ExchangeRoute /* who sends and who receives; in a world of one, rank 0 is all of them */
{
    EXCHANGE_COMPUTE_TO_COMPUTE,
    EXCHANGE_COMPUTE_TO_LEADER,
    EXCHANGE_LEADER_TO_COMPUTE
} ExchangeRoute;

typedef struct Exchange Exchange;

/* Local, but every rank of the route opens it, with the same route.  `budget` (borrowed until
 * close) counts what waits in the inbox; NULL: no bound.  A rank that is on neither end may
 * open it too; it then sends nothing and receives end of stream. */
Error *exchange_open(World *world, uint64_t query, uint16_t id, ExchangeRoute route, Budget *budget,
                     Exchange **out) MUST_USE;

bool exchange_sends(const Exchange *x);    /* is this rank a sender? */
bool exchange_receives(const Exchange *x); /* a receiver? */

/* Point to point; thread-safe; waits while the lane has no credit.  `to`: compute index, or LEADER_INDEX.
 * Takes *buffer in every case, also on error.  57014 when the query is cancelled, 08006 when
 * the world failed, 53200 (see above). */
Error *exchange_send(Exchange *x, int32_t to, ExchangeBuffer *buffer) MUST_USE;
/* The same buffer to every receiver. */
Error *exchange_broadcast(Exchange *x, ExchangeBuffer *buffer) MUST_USE;
/* Does not wait: *sent false, buffer still the caller's, if there is no credit.  On error it is taken. */
Error *exchange_try_send(Exchange *x, int32_t to, ExchangeBuffer *buffer, bool *sent) MUST_USE;

/* What a sender is to do again and again while it waits for credit: look whether an inbox of its own rank is full, of
 * this exchange or another, and take from it with exchange_try_receive(); by several threads at once maybe.  Then
 * there is always somebody who goes on.  Before the first send; `context` is borrowed until close. */
void exchange_relieve(Exchange *x, Error *(*relieve)(void *context), void *context);
/* Some buffer waits in the inbox for which the Budget had no room: its sender has no credit back. */
bool exchange_is_full(Exchange *x);

/* Once a rank, after its last send: end of stream to all receivers.  failed: they get an error
 * instead.  A no-op on ranks that do not send and the second time. */
Error *exchange_finish(Exchange *x, bool failed) MUST_USE;

/* Thread-safe; several workers may take.  Sleeps until a buffer is there (owned by the caller, who frees it
 * with exchange_buffer_free) or all senders have finished (*out NULL).  57014 "canceled"; 57014 "another node
 * failed" as soon as a sender finished with failed; 08006. */
Error *exchange_receive(Exchange *x, ExchangeBuffer **out) MUST_USE;
/* Does not wait: *out NULL if nothing is there now.  Who only looks in like this does not count as one who receives. */
Error *exchange_try_receive(Exchange *x, ExchangeBuffer **out) MUST_USE;
/* The next buffer of one sender (compute index or LEADER_INDEX), for merging sorted streams. */
Error *exchange_receive_from(Exchange *x, int32_t from, ExchangeBuffer **out) MUST_USE;

/* Throws away what comes until every sender has finished, cancelled or not.  08006. */
Error *exchange_drain(Exchange *x) MUST_USE;

typedef struct ExchangeCounters
{
    int64_t sent_bytes;
    int64_t sent_buffers;
    int64_t received_bytes;
    int64_t received_buffers;
    int64_t self_bytes; /* of those sent, handed over by pointer */
    int64_t self_buffers;
    int64_t inbox_bytes_peak;
    int64_t send_wait_us; /* sum over threads */
    int64_t receive_wait_us;
} ExchangeCounters;
void exchange_counters(const Exchange *x, ExchangeCounters *out);

/* Local, never waits.  No thread may be inside.  If this rank sends and has not
 * finished, it finishes as failed. */
void exchange_close(Exchange *x); /* NULL is fine */

#endif
