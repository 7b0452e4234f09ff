/* SPDX-License-Identifier: Apache-2.0 */
/* Life of exchanges, and what the pump brings.  See exchange_room.h for the picture. */
#include "mpi/exchange_room.h"

#include "mpi/doorbell.h"
#include "mpi/pump.h"

#include <stdlib.h>
#include <string.h>

static Exchange *exchange_new(World *world, uint64_t query, uint16_t id)
{
    Exchange *x = calloc(1, sizeof *x);
    ASSERT(x != NULL);
    x->world = world;
    x->query = query;
    x->id = id;
    pthread_mutex_init(&x->lock, NULL);
    cond_init(&x->credit_news);
    cond_init(&x->inbox_news);
    x->out = calloc((size_t) world->size, sizeof *x->out);
    x->in = calloc((size_t) world->size, sizeof *x->in);
    ASSERT(x->out != NULL && x->in != NULL);
    for (int32_t rank = 0; rank < world->size; rank++)
        x->out[rank].credits = EXCHANGE_CREDITS;
    x->next = world->exchanges;
    world->exchanges = x;
    return x;
}

static void block_unbudget(Exchange *x, Block *block)
{
    if (block->budgeted)
        budget_give(x->budget, (int64_t) block->buffer.capacity);
    block->budgeted = false;
}

/* Under exchanges_lock; x is out of the list. */
static void exchange_free(Exchange *x)
{
    for (int32_t rank = 0; rank < x->world->size; rank++)
        while (x->in[rank].head != NULL)
        {
            Block *block = x->in[rank].head;
            x->in[rank].head = block->next;
            block_unbudget(x, block);
            block_drop(x->world, block);
        }
    pthread_cond_destroy(&x->credit_news);
    pthread_cond_destroy(&x->inbox_news);
    pthread_mutex_destroy(&x->lock);
    free(x->out);
    free(x->in);
    free(x);
}

static void exchange_unlink(Exchange *x)
{
    Exchange **at = &x->world->exchanges;
    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
}

static Exchange *exchange_find(World *world, uint64_t query, uint16_t id)
{
    for (Exchange *x = world->exchanges; x != NULL; x = x->next)
        if (x->query == query && x->id == id)
            return x;
    return NULL;
}

/* ---- arrivals ---- */

void exchange_give_credit(Exchange *x, int32_t rank)
{
    World *world = x->world;
    if (rank == world->rank)
    {
        x->out[rank].credits++;
        pthread_cond_broadcast(&x->credit_news);
        return;
    }
    Block *block = block_new(world, 0);
    ASSERT(block != NULL);
    block->header.query = x->query;
    block->header.exchange = x->id;
    block->header.kind = MESSAGE_CREDIT;
    block->header.count = 1;
    pump_send(world, rank, block);
}

/* Counts a block that waits in the inbox.  True if its credit may go back. */
static bool block_budget(Exchange *x, Block *block)
{
    if (!x->opened)
        return false;
    if (x->budget == NULL)
        return true;
    Error *refusal = budget_take(x->budget, (int64_t) block->buffer.capacity);
    block->budgeted = refusal == NULL;
    error_free(refusal);
    return block->budgeted;
}

bool exchange_put(Exchange *x, int32_t rank, Block *block)
{
    ReceiveLane *lane = &x->in[rank];
    ASSERT(!lane->finished);
    lane->arrived++;
    x->counters.received_buffers++;
    x->counters.received_bytes += (int64_t) block->buffer.length;
    if (x->closed)
    {
        block_drop(x->world, block);
        return true;
    }
    bool credit = block_budget(x, block);
    lane->withheld += !credit;
    block->next = NULL;
    if (lane->tail != NULL)
        lane->tail->next = block;
    else
        lane->head = block;
    lane->tail = block;
    x->inbox_bytes += (int64_t) block->buffer.capacity;
    if (x->inbox_bytes > x->counters.inbox_bytes_peak)
        x->counters.inbox_bytes_peak = x->inbox_bytes;
    block->credited = credit;
    pthread_cond_broadcast(&x->inbox_news);
    return credit;
}

void exchange_put_end(Exchange *x, int32_t rank, bool failed, uint64_t count)
{
    ReceiveLane *lane = &x->in[rank];
    ASSERT(!lane->finished && lane->arrived == count);
    lane->finished = true;
    x->finished_count++;
    x->sender_failed = x->sender_failed || failed;
    pthread_cond_broadcast(&x->inbox_news);
}

/* Under exchanges_lock.  The exchange a message is for, made if it came early; NULL if it came too late. */
static Exchange *exchange_for(World *world, const MessageHeader *header)
{
    Exchange *x = exchange_find(world, header->query, header->exchange);
    if (x == NULL && header->kind != MESSAGE_CREDIT && !query_ended_before(world, header->query))
        x = exchange_new(world, header->query, header->exchange);
    return x;
}

void exchange_arrival(World *world, int32_t from_rank, Block *block)
{
    MessageHeader header = block->header;
    pthread_mutex_lock(&world->exchanges_lock);
    Exchange *x = exchange_for(world, &header);
    if (x == NULL)
    {
        pthread_mutex_unlock(&world->exchanges_lock);
        block_drop(world, block);
        return;
    }
    pthread_mutex_lock(&x->lock);
    bool credit = false;
    if (header.kind == MESSAGE_DATA)
    {
        credit = exchange_put(x, from_rank, block);
        block = NULL;
    }
    else if (header.kind == MESSAGE_END)
        exchange_put_end(x, from_rank, header.failed != 0, header.count);
    else
    {
        x->out[from_rank].credits += (int32_t) header.count;
        pthread_cond_broadcast(&x->credit_news);
    }
    if (credit)
        exchange_give_credit(x, from_rank);
    bool over = x->closed && exchange_all_finished(x);
    pthread_mutex_unlock(&x->lock);
    if (over)
    {
        exchange_unlink(x);
        exchange_free(x);
    }
    pthread_mutex_unlock(&world->exchanges_lock);
    if (block != NULL)
        block_drop(world, block);
}

bool exchanges_await(World *world)
{
    bool await = false;
    pthread_mutex_lock(&world->exchanges_lock);
    for (Exchange *x = world->exchanges; x != NULL && !await; x = x->next)
    {
        pthread_mutex_lock(&x->lock);
        bool sends = x->opened && !x->closed && exchange_is_sender(x, world->rank) && !x->finished;
        await = x->opened && (sends || !exchange_all_finished(x));
        pthread_mutex_unlock(&x->lock);
    }
    pthread_mutex_unlock(&world->exchanges_lock);
    return await;
}

void exchanges_wake(World *world)
{
    pthread_mutex_lock(&world->exchanges_lock);
    for (Exchange *x = world->exchanges; x != NULL; x = x->next)
    {
        pthread_mutex_lock(&x->lock);
        pthread_cond_broadcast(&x->credit_news);
        pthread_cond_broadcast(&x->inbox_news);
        pthread_mutex_unlock(&x->lock);
    }
    pthread_mutex_unlock(&world->exchanges_lock);
}

void exchanges_forget(World *world, uint64_t query)
{
    pthread_mutex_lock(&world->exchanges_lock);
    for (Exchange **at = &world->exchanges; *at != NULL;)
    {
        Exchange *x = *at;
        /* open ones have an owner; closed ones too are given up: all ranks have answered, nothing is under way */
        if (x->query == query && (!x->opened || x->closed))
        {
            *at = x->next;
            exchange_free(x);
        }
        else
            at = &x->next;
    }
    pthread_mutex_unlock(&world->exchanges_lock);
}

void exchanges_free(World *world)
{
    while (world->exchanges != NULL)
    {
        Exchange *x = world->exchanges;
        world->exchanges = x->next;
        exchange_free(x);
    }
}

/* ---- open and close ---- */

static void exchange_route_set(Exchange *x, ExchangeRoute route)
{
    int32_t computes = world_compute_count(x->world), first = world_compute_rank(x->world, 0);
    bool leader_sends = route == EXCHANGE_LEADER_TO_COMPUTE, leader_receives = route == EXCHANGE_COMPUTE_TO_LEADER;
    x->route = route;
    x->sender_first = leader_sends ? 0 : first;
    x->sender_count = leader_sends ? 1 : computes;
    x->receiver_first = leader_receives ? 0 : first;
    x->receiver_count = leader_receives ? 1 : computes;
}

/* What came before we opened is counted now, as if it came now. */
static void exchange_adopt(Exchange *x)
{
    for (int32_t rank = 0; rank < x->world->size; rank++)
        for (Block *block = x->in[rank].head; block != NULL; block = block->next)
        {
            block->credited = block_budget(x, block);
            if (!block->credited)
                continue;
            x->in[rank].withheld--;
            exchange_give_credit(x, rank);
        }
}

Error *exchange_open(World *world, uint64_t query, uint16_t id, ExchangeRoute route, Budget *budget, Exchange **out)
{
    *out = NULL;
    TRY(world_check(world));
    pthread_mutex_lock(&world->exchanges_lock);
    Exchange *x = exchange_find(world, query, id);
    if (x == NULL)
        x = exchange_new(world, query, id);
    ASSERT(!x->opened);
    pthread_mutex_lock(&x->lock);
    x->budget = budget;
    exchange_route_set(x, route);
    x->opened = true;
    exchange_adopt(x);
    pthread_mutex_unlock(&x->lock);
    pthread_mutex_unlock(&world->exchanges_lock);
    if (world->size > 1)
        pump_wake(world); /* it may have to stay awake now */
    *out = x;
    return NULL;
}

/* Under lock: throws the inbox away and lets its senders go on. */
static void exchange_clear_inbox(Exchange *x)
{
    for (int32_t rank = 0; rank < x->world->size; rank++)
    {
        ReceiveLane *lane = &x->in[rank];
        while (lane->head != NULL)
        {
            Block *block = lane->head;
            lane->head = block->next;
            if (!block->credited)
                exchange_give_credit(x, rank);
            block_unbudget(x, block);
            block_drop(x->world, block);
        }
        lane->tail = NULL;
        lane->withheld = 0;
    }
    x->inbox_bytes = 0;
}

void exchange_close(Exchange *x)
{
    if (x == NULL)
        return;
    World *world = x->world;
    if (exchange_sends(x) && !x->finished)
        error_free(exchange_finish(x, true));
    pthread_mutex_lock(&world->exchanges_lock);
    pthread_mutex_lock(&x->lock);
    ASSERT(!x->closed);
    exchange_clear_inbox(x);
    x->closed = true;
    x->budget = NULL;
    bool over = exchange_all_finished(x) || world_failed(world);
    pthread_mutex_unlock(&x->lock);
    if (over)
    {
        exchange_unlink(x);
        exchange_free(x);
    }
    pthread_mutex_unlock(&world->exchanges_lock);
}

bool exchange_sends(const Exchange *x)
{
    return exchange_is_sender(x, x->world->rank);
}

bool exchange_receives(const Exchange *x)
{
    return exchange_is_receiver(x, x->world->rank);
}

void exchange_counters(const Exchange *x, ExchangeCounters *out)
{
    pthread_mutex_lock(&((Exchange *) x)->lock);
    *out = x->counters;
    pthread_mutex_unlock(&((Exchange *) x)->lock);
}
