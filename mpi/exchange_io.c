/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and receiving: what worker threads call. */
#include "mpi/exchange_room.h"

#include "mpi/agree.h"
#include "mpi/doorbell.h"
#include "mpi/pump.h"

#include <string.h>

#define LOOK_EVERY_US 50000 /* a wait ends by news; this is for a world that broke meanwhile */
#define RELIEVE_EVERY_US 1000 /* while others may wait for us as we do for them */
#define STUCK_US 1000000

/* ---- sending ---- */

static void header_fill(const Exchange *x, Block *block, MessageKind kind)
{
    memset(&block->header, 0, sizeof block->header);
    block->header.query = x->query;
    block->header.exchange = x->id;
    block->header.kind = kind;
    block->header.length = block->buffer.length;
}

/* The leader may be asleep: what a query waits for there should not wait for its pump's next look. */
static void receiver_ring(World *world, int32_t rank)
{
    if (rank == 0 && world->rank != 0)
        doorbell_send(world, 0, &(Frame){.kind = FRAME_RING}, NULL);
}

/* Under lock, a credit is taken: the block goes its way; takes one hold of it. */
static void lane_send(Exchange *x, int32_t rank, Block *block)
{
    World *world = x->world;
    x->out[rank].sent++;
    x->counters.sent_buffers++;
    x->counters.sent_bytes += (int64_t) block->buffer.length;
    if (rank != world->rank)
    {
        pump_send(world, rank, block);
        return;
    }
    x->counters.self_buffers++;
    x->counters.self_bytes += (int64_t) block->buffer.length;
    block->buffer.from = index_of_rank(world, rank);
    if (exchange_put(x, rank, block))
        exchange_give_credit(x, rank);
}

/* Under lock.  Is our own inbox full, with nobody here who takes from it?  Then our senders wait for us as we wait
 * for our receivers, who may be in the same position: waiting could be for ever. */
static bool exchange_is_stuck(const Exchange *x)
{
    for (int32_t rank = 0; rank < x->world->size && !x->consuming; rank++)
        if (x->in[rank].withheld >= EXCHANGE_CREDITS)
            return true;
    return false;
}

bool exchange_is_full(Exchange *x)
{
    bool full = false;
    pthread_mutex_lock(&x->lock);
    for (int32_t rank = 0; rank < x->world->size; rank++)
        full |= x->in[rank].withheld > 0;
    pthread_mutex_unlock(&x->lock);
    return full;
}

/* Under lock, which is given up meanwhile. */
static Error *others_relieve(Exchange *x)
{
    if (x->relieve == NULL)
        return NULL;
    pthread_mutex_unlock(&x->lock);
    Error *error = x->relieve(x->relieve_context);
    pthread_mutex_lock(&x->lock);
    return error;
}

void exchange_relieve(Exchange *x, Error *(*relieve)(void *context), void *context)
{
    pthread_mutex_lock(&x->lock);
    x->relieve_context = context;
    x->relieve = relieve;
    pthread_mutex_unlock(&x->lock);
}

/* Under lock.  Waits for a credit of the lane and takes it. */
static Error *lane_credit(Exchange *x, int32_t rank)
{
    Error *error = query_check(x->world, x->query);
    int64_t began = error == NULL && x->out[rank].credits == 0 ? clock_us() : 0;
    while (error == NULL && x->out[rank].credits == 0)
    {
        cond_wait_us(&x->credit_news, &x->lock, x->relieve == NULL ? LOOK_EVERY_US : RELIEVE_EVERY_US);
        error = query_check(x->world, x->query);
        if (error == NULL && x->out[rank].credits == 0)
            error = others_relieve(x);
        if (error == NULL && x->out[rank].credits == 0 && clock_us() - began > STUCK_US && exchange_is_stuck(x))
            error = error_hint(error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory: rows from other nodes do not fit"),
                               "Raise the memory of a query, or let it move fewer rows.");
    }
    x->out[rank].credits -= error == NULL;
    if (began != 0)
        x->counters.send_wait_us += clock_us() - began;
    return error;
}

/* Sends, after waiting for a credit, or without one not at all.  Takes the buffer unless *sent is false without an error. */
static Error *send_to(Exchange *x, int32_t to, ExchangeBuffer *buffer, bool wait, bool *sent)
{
    World *world = x->world;
    Block *block = block_of(buffer);
    int32_t rank = rank_of_index(world, to);
    ASSERT(exchange_sends(x) && exchange_is_receiver(x, rank) && buffer->length <= buffer->capacity);
    header_fill(x, block, MESSAGE_DATA);
    pthread_mutex_lock(&x->lock);
    ASSERT(!x->finished);
    *sent = wait || x->out[rank].credits > 0;
    Error *error = *sent ? lane_credit(x, rank) : query_check(world, x->query);
    bool rings = *sent && x->out[rank].sent == 0;
    if (error == NULL && *sent)
        lane_send(x, rank, block);
    pthread_mutex_unlock(&x->lock);
    if (error != NULL)
        block_drop(world, block);
    else if (rings)
        receiver_ring(world, rank);
    return error;
}

Error *exchange_send(Exchange *x, int32_t to, ExchangeBuffer *buffer)
{
    bool sent;
    return send_to(x, to, buffer, true, &sent);
}

Error *exchange_try_send(Exchange *x, int32_t to, ExchangeBuffer *buffer, bool *sent)
{
    return send_to(x, to, buffer, false, sent);
}

/* A copy for ourselves: the receiver owns what it gets, and may write into it. */
static Error *block_copy(World *world, const Block *block, Block **out)
{
    ExchangeBuffer *copy;
    TRY(exchange_buffer_new(world, block->buffer.capacity, &copy));
    memcpy(copy->data, block->buffer.data, block->buffer.length);
    copy->length = block->buffer.length;
    *out = block_of(copy);
    (*out)->header = block->header;
    return NULL;
}

static Error *broadcast_locked(Exchange *x, Block *block)
{
    World *world = x->world;
    for (int32_t rank = x->receiver_first; rank < x->receiver_first + x->receiver_count; rank++)
    {
        Block *sent = block;
        TRY(lane_credit(x, rank));
        if (rank == world->rank)
        {
            Error *error = block_copy(world, block, &sent);
            if (error != NULL)
            {
                x->out[rank].credits++;
                return error;
            }
        }
        else
            atomic_fetch_add(&block->holds, 1);
        lane_send(x, rank, sent);
    }
    return NULL;
}

Error *exchange_broadcast(Exchange *x, ExchangeBuffer *buffer)
{
    World *world = x->world;
    Block *block = block_of(buffer);
    ASSERT(exchange_sends(x) && buffer->length <= buffer->capacity);
    header_fill(x, block, MESSAGE_DATA);
    pthread_mutex_lock(&x->lock);
    ASSERT(!x->finished);
    Error *error = broadcast_locked(x, block);
    pthread_mutex_unlock(&x->lock);
    block_drop(world, block);
    return error;
}

Error *exchange_finish(Exchange *x, bool failed)
{
    World *world = x->world;
    if (!exchange_sends(x))
        return NULL;
    pthread_mutex_lock(&x->lock);
    bool before = x->finished;
    x->finished = true;
    for (int32_t rank = x->receiver_first; !before && rank < x->receiver_first + x->receiver_count; rank++)
    {
        if (rank == world->rank)
        {
            exchange_put_end(x, rank, failed, x->out[rank].sent);
            continue;
        }
        Block *block = block_new(world, 0);
        ASSERT(block != NULL);
        header_fill(x, block, MESSAGE_END);
        block->header.count = x->out[rank].sent;
        block->header.failed = failed;
        pump_send(world, rank, block);
    }
    pthread_mutex_unlock(&x->lock);
    if (!before && exchange_is_receiver(x, 0))
        receiver_ring(world, 0);
    return world_check(world);
}

/* ---- receiving ---- */

/* Under lock: the next block of a lane, or NULL. */
static Block *lane_take(Exchange *x, int32_t rank)
{
    ReceiveLane *lane = &x->in[rank];
    Block *block = lane->head;
    if (block == NULL)
        return NULL;
    lane->head = block->next;
    if (lane->head == NULL)
        lane->tail = NULL;
    block->next = NULL;
    x->inbox_bytes -= (int64_t) block->buffer.capacity;
    if (block->budgeted)
        budget_give(x->budget, (int64_t) block->buffer.capacity);
    block->budgeted = false;
    if (!block->credited)
    {
        lane->withheld--;
        exchange_give_credit(x, rank);
    }
    return block;
}

static Error *receive_check(Exchange *x)
{
    TRY(query_check(x->world, x->query));
    if (x->sender_failed)
        return error_elsewhere();
    return NULL;
}

/* rank < 0: of any lane, in turn. *over: nothing will come any more. */
static Block *receive_look(Exchange *x, int32_t rank, bool *over)
{
    Block *block = NULL;
    if (rank >= 0)
    {
        block = lane_take(x, rank);
        *over = block == NULL && (x->in[rank].finished || exchange_all_finished(x));
        return block;
    }
    for (int32_t i = 0; i < x->sender_count && block == NULL; i++)
    {
        x->next_lane = (x->next_lane + 1) % x->sender_count;
        block = lane_take(x, x->sender_first + x->next_lane);
    }
    *over = block == NULL && exchange_all_finished(x);
    return block;
}

static Error *exchange_take(Exchange *x, int32_t rank, ExchangeBuffer **out)
{
    *out = NULL;
    pthread_mutex_lock(&x->lock);
    x->consuming = true;
    bool over = false;
    Block *block = NULL;
    Error *error = receive_check(x);
    if (error == NULL)
        block = receive_look(x, rank, &over);
    int64_t began = block == NULL && !over ? clock_us() : 0;
    while (error == NULL && block == NULL && !over)
    {
        cond_wait_us(&x->inbox_news, &x->lock, LOOK_EVERY_US);
        error = receive_check(x);
        if (error == NULL)
            block = receive_look(x, rank, &over);
    }
    if (began != 0)
        x->counters.receive_wait_us += clock_us() - began;
    pthread_mutex_unlock(&x->lock);
    if (block != NULL)
        *out = &block->buffer;
    return error;
}

Error *exchange_receive(Exchange *x, ExchangeBuffer **out)
{
    return exchange_take(x, -1, out);
}

Error *exchange_try_receive(Exchange *x, ExchangeBuffer **out)
{
    bool over;
    *out = NULL;
    pthread_mutex_lock(&x->lock);
    Error *error = receive_check(x);
    Block *block = error == NULL ? receive_look(x, -1, &over) : NULL;
    pthread_mutex_unlock(&x->lock);
    if (block != NULL)
        *out = &block->buffer;
    return error;
}

Error *exchange_receive_from(Exchange *x, int32_t from, ExchangeBuffer **out)
{
    int32_t rank = rank_of_index(x->world, from);
    ASSERT(exchange_is_sender(x, rank));
    return exchange_take(x, rank, out);
}

Error *exchange_drain(Exchange *x)
{
    World *world = x->world;
    Error *error = NULL;
    pthread_mutex_lock(&x->lock);
    x->consuming = true;
    while (error == NULL)
    {
        bool over;
        Block *block = receive_look(x, -1, &over);
        if (over)
            break;
        if (block != NULL)
            block_drop(world, block);
        else
            cond_wait_us(&x->inbox_news, &x->lock, LOOK_EVERY_US);
        error = world_check(world);
    }
    pthread_mutex_unlock(&x->lock);
    return error;
}
