/* SPDX-License-Identifier: Apache-2.0 */
/* Queries known to this rank, and the frames about them. */
#include "mpi/command.h"

#include "base/data/hash.h"
#include "mpi/agree.h"
#include "mpi/doorbell.h"
#include "mpi/pump.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_EVERY_US 10000

/* ---- queues of bytes ---- */

void bytes_queue_put(BytesQueue *queue, QueuedBytes *node)
{
    node->next = NULL;
    if (queue->tail != NULL)
        queue->tail->next = node;
    else
        queue->head = node;
    queue->tail = node;
}

QueuedBytes *bytes_queue_take(BytesQueue *queue)
{
    QueuedBytes *node = queue->head;
    if (node == NULL)
        return NULL;
    queue->head = node->next;
    if (queue->head == NULL)
        queue->tail = NULL;
    node->next = NULL;
    return node;
}

void bytes_queue_clear(BytesQueue *queue)
{
    QueuedBytes *node;
    while ((node = bytes_queue_take(queue)) != NULL)
    {
        free(node->bytes);
        free(node);
    }
}

static QueuedBytes *queued_bytes_new(CommandKind kind, uint64_t query, void *bytes, size_t length)
{
    QueuedBytes *node = calloc(1, sizeof *node);
    ASSERT(node != NULL);
    *node = (QueuedBytes){.kind = kind, .query = query, .bytes = bytes, .length = length};
    return node;
}

/* ---- slots ---- */

/* Lock-free for readers: a slot is found by its id alone.  Takes the first of its run that fits. */
static QuerySlot *slot_find(World *world, uint64_t query)
{
    uint64_t start = hash_u64(query);
    for (uint64_t i = 0; i < QUERIES_AT_ONCE_MAX; i++)
    {
        QuerySlot *slot = &world->queries[(start + i) % QUERIES_AT_ONCE_MAX];
        if (atomic_load_explicit(&slot->query, memory_order_acquire) == query)
            return slot;
    }
    return NULL;
}

/* Under query_lock. NULL when all are taken. */
static QuerySlot *slot_register(World *world, uint64_t query)
{
    ASSERT(query != 0);
    QuerySlot *slot = slot_find(world, query);
    if (slot != NULL)
        return slot;
    uint64_t start = hash_u64(query);
    for (uint64_t i = 0; i < QUERIES_AT_ONCE_MAX; i++)
    {
        slot = &world->queries[(start + i) % QUERIES_AT_ONCE_MAX];
        if (atomic_load(&slot->query) != 0)
            continue;
        if (world->rank == 0)
        {
            size_t count = (size_t) world_compute_count(world);
            slot->replies = calloc(count, sizeof *slot->replies);
            slot->done = calloc(count, sizeof *slot->done);
            slot->total = calloc(count, sizeof *slot->total);
            ASSERT(slot->replies != NULL && slot->done != NULL && slot->total != NULL);
        }
        slot->progress = false;
        atomic_store(&slot->cancelled, false);
        atomic_store(&slot->noted, false);
        atomic_store_explicit(&slot->query, query, memory_order_release);
        atomic_fetch_add(&world->query_count, 1);
        return slot;
    }
    return NULL;
}

static void slot_clear(World *world, QuerySlot *slot)
{
    for (int32_t i = 0; slot->replies != NULL && i < world_compute_count(world); i++)
        bytes_queue_clear(&slot->replies[i]);
    free(slot->replies);
    free(slot->done);
    free(slot->total);
    slot->replies = NULL;
    slot->done = slot->total = NULL;
    if (atomic_exchange(&slot->query, 0) != 0)
        atomic_fetch_sub(&world->query_count, 1);
}

bool query_ended_before(World *world, uint64_t query)
{
    pthread_mutex_lock(&world->query_lock);
    bool found = false;
    for (int32_t i = 0; i < ENDED_QUERIES_KEPT && !found; i++)
        found = world->ended[i] == query;
    pthread_mutex_unlock(&world->query_lock);
    return found;
}

static void query_forget(World *world, uint64_t query)
{
    pthread_mutex_lock(&world->query_lock);
    QuerySlot *slot = slot_find(world, query);
    if (slot != NULL)
        slot_clear(world, slot);
    world->ended[world->ended_at] = query;
    world->ended_at = (world->ended_at + 1) % ENDED_QUERIES_KEPT;
    pthread_mutex_unlock(&world->query_lock);
    exchanges_forget(world, query);
}

void queries_free(World *world)
{
    for (int32_t i = 0; i < QUERIES_AT_ONCE_MAX; i++)
        slot_clear(world, &world->queries[i]);
    bytes_queue_clear(&world->commands);
    for (int32_t i = 0; i < world->size; i++)
    {
        if (world->gathered != NULL)
            bytes_queue_clear(&world->gathered[i]);
        if (world->blobs != NULL)
            free((void *) world->blobs[i]);
    }
    free(world->gathered);
    free(world->blobs);
    free(world->blob_lengths);
}

/* ---- frames ---- */

static void command_arrived(World *world, const Frame *frame, void *body)
{
    bool stop = frame->kind == FRAME_STOP;
    pthread_mutex_lock(&world->query_lock);
    if (!stop && slot_register(world, frame->query) == NULL)
        trace(TRACE_ERROR, "more than %d queries at once", QUERIES_AT_ONCE_MAX); /* the leader counts them too */
    bytes_queue_put(&world->commands,
                    queued_bytes_new(stop ? COMMAND_STOP : COMMAND_WORK, frame->query, body, (size_t) frame->length));
    pthread_cond_broadcast(&world->query_news);
    pthread_mutex_unlock(&world->query_lock);
}

static void reply_arrived(World *world, int32_t from_rank, const Frame *frame, void *body)
{
    int32_t compute = index_of_rank(world, from_rank);
    pthread_mutex_lock(&world->query_lock);
    QuerySlot *slot = slot_find(world, frame->query);
    if (slot != NULL && frame->kind == FRAME_REPLY)
    {
        bytes_queue_put(&slot->replies[compute],
                        queued_bytes_new(COMMAND_WORK, frame->query, body, (size_t) frame->length));
        pthread_cond_broadcast(&world->query_news);
        body = NULL;
    }
    else if (slot != NULL)
    {
        slot->done[compute] = frame->a;
        slot->total[compute] = frame->b;
        slot->progress = true;
    }
    pthread_mutex_unlock(&world->query_lock);
    free(body);
}

static void cancel_arrived(World *world, int32_t from_rank, uint64_t query)
{
    QuerySlot *slot = slot_find(world, query);
    if (slot == NULL)
        return; /* over already */
    atomic_store(&slot->cancelled, true);
    for (int32_t rank = 1; world->rank == 0 && rank < world->size; rank++)
        if (rank != from_rank)
            doorbell_send(world, rank, &(Frame){.kind = FRAME_CANCEL, .query = query}, NULL);
    exchanges_wake(world);
    pthread_cond_broadcast(&world->query_news);
}

/* The first note of a query counts. */
static void note_arrived(World *world, const Frame *frame)
{
    QuerySlot *slot = slot_find(world, frame->query);
    if (slot == NULL || atomic_load(&slot->noted))
        return;
    slot->note[0] = frame->a;
    slot->note[1] = frame->b;
    atomic_store_explicit(&slot->noted, true, memory_order_release);
}

static void goodbye_arrived(World *world, int32_t from_rank)
{
    if (world->rank == 0 && !atomic_load(&world->stopping))
        world_fail(world, "compute node %d (rank %d) has left", from_rank - 1, from_rank);
    pthread_mutex_lock(&world->query_lock);
    world->goodbyes++;
    pthread_cond_broadcast(&world->query_news);
    pthread_mutex_unlock(&world->query_lock);
}

void control_frame(World *world, int32_t from_rank, const Frame *frame, void *body)
{
    switch ((FrameKind) frame->kind)
    {
    case FRAME_STOP:
        atomic_store(&world->stopping, true);
        command_arrived(world, frame, body);
        return;
    case FRAME_COMMAND:
        command_arrived(world, frame, body);
        return;
    case FRAME_REPLY:
    case FRAME_PROGRESS:
        if (world->rank == 0)
            reply_arrived(world, from_rank, frame, body);
        else
            free(body);
        return;
    case FRAME_GATHER:
        pthread_mutex_lock(&world->query_lock);
        bytes_queue_put(&world->gathered[from_rank], queued_bytes_new(COMMAND_WORK, 0, body, (size_t) frame->length));
        pthread_cond_broadcast(&world->query_news);
        pthread_mutex_unlock(&world->query_lock);
        return;
    case FRAME_CANCEL:
        cancel_arrived(world, from_rank, frame->query);
        break;
    case FRAME_NOTE:
        note_arrived(world, frame);
        break;
    case FRAME_END:
        query_forget(world, frame->query);
        break;
    case FRAME_GOODBYE:
        goodbye_arrived(world, from_rank);
        break;
    case FRAME_RING:
        break;
    default:
        world_fail(world, "rank %d sent a frame of unknown kind %u", from_rank, frame->kind);
    }
    free(body);
}

/* To rank, or to ourselves in a world of one. */
static void frame_give(World *world, int32_t rank, Frame frame, const void *bytes)
{
    if (world->size > 1)
    {
        doorbell_send(world, rank, &frame, bytes);
        return;
    }
    uint8_t *copy = malloc(frame.length + 1);
    ASSERT(copy != NULL);
    if (bytes != NULL && frame.length > 0)
        memcpy(copy, bytes, frame.length);
    copy[frame.length] = 0;
    control_frame(world, 0, &frame, copy);
}

/* ---- the leader's side ---- */

Error *query_begin(World *world, uint64_t query)
{
    ASSERT(world->rank == 0);
    pthread_mutex_lock(&world->query_lock);
    QuerySlot *slot = slot_register(world, query);
    pthread_mutex_unlock(&world->query_lock);
    if (slot == NULL)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d queries at once", QUERIES_AT_ONCE_MAX);
    return NULL;
}

Error *command_send(World *world, uint64_t query, const void *bytes, size_t length)
{
    TRY(world_check(world));
    if (length > COMMAND_BYTES_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a command of %zu bytes is beyond the limit of %zu", length,
                         COMMAND_BYTES_MAX);
    TRY(query_begin(world, query));
    for (int32_t i = 0; i < world_compute_count(world); i++)
        frame_give(world, world_compute_rank(world, i),
                   (Frame){.kind = FRAME_COMMAND, .query = query, .length = length}, bytes);
    QuerySlot *slot = slot_find(world, query);
    if (slot != NULL && atomic_load(&slot->cancelled))
        command_cancel(world, query); /* the nodes had not heard of the query when it was cancelled */
    return world_check(world);
}

void query_note(World *world, uint64_t query, const int64_t note[2])
{
    for (int32_t i = 0; i < world_compute_count(world); i++)
        frame_give(world, world_compute_rank(world, i),
                   (Frame){.kind = FRAME_NOTE, .query = query, .a = note[0], .b = note[1]}, NULL);
}

static bool replies_complete(const QuerySlot *slot, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (slot->replies[i].head == NULL)
            return false;
    return true;
}

/* Under query_lock, which is let go while check runs. */
static Error *reply_wait_check(World *world, WaitCheck check, void *context, int64_t deadline_us)
{
    pthread_mutex_unlock(&world->query_lock);
    Error *error = world_check(world);
    if (error == NULL && check != NULL)
        error = check(context);
    if (error == NULL && deadline_us > 0 && clock_us() > deadline_us)
        error = error_new(SQLSTATE_QUERY_CANCELED, "statement timeout");
    pthread_mutex_lock(&world->query_lock);
    return error;
}

Error *reply_wait(World *world, uint64_t query, Reply *out, WaitCheck check, void *context, int64_t deadline_us)
{
    ASSERT(world->rank == 0);
    int32_t count = world_compute_count(world);
    Error *error = NULL;
    pthread_mutex_lock(&world->query_lock);
    QuerySlot *slot = slot_find(world, query);
    if (slot == NULL)
        error = world_check(world); /* its command could not be sent any more */
    ASSERT(slot != NULL || error != NULL);
    while (error == NULL && !replies_complete(slot, count))
    {
        cond_wait_us(&world->query_news, &world->query_lock, CHECK_EVERY_US);
        if (!replies_complete(slot, count))
            error = reply_wait_check(world, check, context, deadline_us);
    }
    for (int32_t i = 0; error == NULL && i < count; i++)
    {
        QueuedBytes *node = bytes_queue_take(&slot->replies[i]);
        out[i] = (Reply){.bytes = node->bytes, .length = node->length};
        free(node);
    }
    pthread_mutex_unlock(&world->query_lock);
    return error;
}

bool progress_get(World *world, uint64_t query, int64_t *done, int64_t *total)
{
    ASSERT(world->rank == 0);
    *done = *total = 0;
    pthread_mutex_lock(&world->query_lock);
    QuerySlot *slot = slot_find(world, query);
    bool came = slot != NULL && slot->progress;
    for (int32_t i = 0; came && i < world_compute_count(world); i++)
    {
        *done += slot->done[i];
        *total += slot->total[i];
    }
    pthread_mutex_unlock(&world->query_lock);
    return came;
}

void query_end(World *world, uint64_t query)
{
    ASSERT(world->rank == 0);
    for (int32_t rank = 1; rank < world->size; rank++)
        doorbell_send(world, rank, &(Frame){.kind = FRAME_END, .query = query}, NULL);
    query_forget(world, query);
}

void command_stop(World *world)
{
    ASSERT(world->rank == 0);
    if (atomic_exchange(&world->stopping, true))
        return;
    for (int32_t i = 0; i < world_compute_count(world); i++)
        frame_give(world, world_compute_rank(world, i), (Frame){.kind = FRAME_STOP}, NULL);
}

/* ---- the compute node's side ---- */

Error *command_wait(World *world, Command *out)
{
    ASSERT(world->size == 1 || world->rank != 0);
    Error *error = NULL;
    QueuedBytes *node = NULL;
    pthread_mutex_lock(&world->query_lock);
    while (error == NULL && (node = bytes_queue_take(&world->commands)) == NULL)
    {
        pthread_cond_wait(&world->query_news, &world->query_lock);
        error = world->commands.head == NULL ? world_check(world) : NULL;
    }
    pthread_mutex_unlock(&world->query_lock);
    if (error != NULL)
        return error;
    *out = (Command){.kind = node->kind, .query = node->query, .bytes = node->bytes, .length = node->length};
    free(node);
    return NULL;
}

Error *reply_send(World *world, uint64_t query, const void *bytes, size_t length)
{
    if (length > COMMAND_BYTES_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a reply of %zu bytes is beyond the limit of %zu", length,
                         COMMAND_BYTES_MAX);
    frame_give(world, 0, (Frame){.kind = FRAME_REPLY, .query = query, .length = length}, bytes);
    return world_check(world);
}

void progress_send(World *world, uint64_t query, int64_t done, int64_t total)
{
    frame_give(world, 0, (Frame){.kind = FRAME_PROGRESS, .query = query, .a = done, .b = total}, NULL);
}

/* ---- both ---- */

void command_cancel(World *world, uint64_t query)
{
    if (world->rank == 0)
    {
        cancel_arrived(world, 0, query);
        return;
    }
    QuerySlot *slot = slot_find(world, query);
    if (slot == NULL)
        return;
    atomic_store(&slot->cancelled, true);
    exchanges_wake(world);
    doorbell_send(world, 0, &(Frame){.kind = FRAME_CANCEL, .query = query}, NULL);
}

bool query_cancelled(World *world, uint64_t query)
{
    if (world_failed(world))
        return true;
    const QuerySlot *slot = slot_find(world, query);
    return slot != NULL && atomic_load_explicit(&slot->cancelled, memory_order_relaxed);
}

bool query_noted(World *world, uint64_t query, int64_t note[2])
{
    const QuerySlot *slot = slot_find(world, query);
    if (slot == NULL || !atomic_load_explicit(&slot->noted, memory_order_acquire))
        return false;
    note[0] = slot->note[0];
    note[1] = slot->note[1];
    return true;
}

Error *query_check(World *world, uint64_t query)
{
    TRY(world_check(world));
    if (query_cancelled(world, query))
        return error_new(SQLSTATE_QUERY_CANCELED, "canceled");
    return NULL;
}
