/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of mpi/ share.  Private to this room.
 *
 * Locks, outermost first: exchanges_lock, Exchange.lock, query_lock, Peer.lock,
 * out_lock, pool_lock, fail_lock.  No lock is held while MPI or poll() waits.
 */
#ifndef MPI_ROOM_H
#define MPI_ROOM_H

#include "base/core/assert.h"
#include "base/core/trace.h"
#include "mpi/command.h"
#include "mpi/exchange.h"

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>

#define HOST_NAME_MAX_BYTES 256
#define FRAME_INLINE_MAX ((size_t) 64 * 1024) /* longer bodies travel by MPI */
#define POOL_BLOCKS_MAX 128                   /* free blocks kept for reuse: 32 MB */
#define ENDED_QUERIES_KEPT 4096

/* ---- blocks: a header and a payload in one piece, sent as one MPI message ---- */

typedef enum MessageKind
{
    MESSAGE_DATA = 1,
    MESSAGE_END = 2,   /* end of stream; count = buffers sent on this lane */
    MESSAGE_CREDIT = 3 /* count = credits given back */
} MessageKind;

typedef struct MessageHeader
{
    uint64_t query;
    uint64_t length; /* of the payload */
    uint64_t count;
    uint32_t kind; /* MessageKind */
    uint16_t exchange;
    uint16_t failed; /* END: the sender gave up */
    uint8_t reserved[32];
} MessageHeader;
_Static_assert(sizeof(MessageHeader) == 64, "the payload must stay 64-byte aligned");

typedef struct Block
{
    struct Block *next;
    ExchangeBuffer buffer; /* what users see; data = payload */
    _Atomic int32_t holds; /* freed when the last is dropped */
    bool budgeted;         /* counted in the exchange's Budget */
    bool credited;         /* in an inbox: its credit has gone back */
    MessageHeader header __attribute__((aligned(64)));
    uint8_t payload[];
} Block;

Block *block_new(World *world, size_t capacity); /* one hold; NULL without memory */
void block_drop(World *world, Block *block);
void blocks_free(World *world); /* empties the pool */
static inline Block *block_of(ExchangeBuffer *buffer)
{
    return (Block *) ((char *) buffer - offsetof(Block, buffer));
}

/* ---- doorbell: see doorbell.h ---- */

typedef enum FrameKind
{
    FRAME_COMMAND = 1,
    FRAME_REPLY,
    FRAME_PROGRESS, /* a of b are done */
    FRAME_CANCEL,
    FRAME_NOTE, /* a and b are what the leader has to say */
    FRAME_END,
    FRAME_STOP,
    FRAME_GOODBYE,
    FRAME_GATHER,
    FRAME_RING /* wakes the pump, nothing else */
} FrameKind;

#define FRAME_MAGIC 0x53544f46u

typedef struct Frame
{
    uint32_t magic;
    uint32_t kind; /* FrameKind */
    uint64_t query;
    uint64_t length; /* of the body: behind the frame up to FRAME_INLINE_MAX, else by MPI */
    int64_t a;
    int64_t b;
} Frame;

typedef struct Peer
{
    int fd; /* -1: no doorbell between us */
    bool goodbye;
    pthread_mutex_t lock; /* of the sending side */
    uint8_t *out;         /* not yet written */
    size_t out_at;
    size_t out_length;
    size_t out_capacity;
    _Atomic bool out_waits;
    Frame frame; /* receiving side: pump only */
    size_t frame_got;
    uint8_t *body;
    size_t body_got;
    bool body_by_mpi;
} Peer;

/* ---- queries ---- */

typedef struct QueuedBytes
{
    struct QueuedBytes *next;
    CommandKind kind; /* commands only */
    uint64_t query;
    void *bytes;
    size_t length;
} QueuedBytes;

typedef struct BytesQueue
{
    QueuedBytes *head;
    QueuedBytes *tail;
} BytesQueue;

typedef struct QuerySlot
{
    _Atomic uint64_t query; /* 0: free */
    _Atomic bool cancelled;
    _Atomic bool noted; /* `note` is complete */
    int64_t note[2];
    BytesQueue *replies; /* leader: one a compute node; this and the rest under query_lock */
    int64_t *done;
    int64_t *total;
    bool progress;
} QuerySlot;

/* ---- the world ---- */

typedef struct PumpItem
{
    struct PumpItem *next;
    int32_t rank;
    Block *block; /* or: */
    void *bytes;
    size_t length;
} PumpItem;

typedef struct RankFacts
{
    char host[HOST_NAME_MAX_BYTES];
    char boot[64];
    uint64_t net_namespace;
    int64_t pid;
} RankFacts;

typedef struct Pump Pump;

struct World
{
    int32_t rank;
    int32_t size;
    MPI_Comm comm;
    RankFacts *facts; /* leader: of all ranks; others: only [rank] */
    Peer *peers;      /* by rank; compute nodes have only [0] */
    int wake_fd;
    _Atomic bool stopping; /* goodbyes are expected */

    pthread_t pump_thread;
    bool pump_runs;
    Pump *pump;
    _Atomic bool pump_ends;
    _Atomic bool pump_sleeps;
    pthread_mutex_t out_lock;
    PumpItem *out_head;
    PumpItem *out_tail;

    pthread_mutex_t pool_lock;
    Block *pool;
    int32_t pool_count;

    pthread_mutex_t exchanges_lock;
    Exchange *exchanges;

    pthread_mutex_t query_lock;
    pthread_cond_t query_news;
    QuerySlot queries[QUERIES_AT_ONCE_MAX];
    _Atomic int32_t query_count;
    uint64_t ended[ENDED_QUERIES_KEPT];
    int32_t ended_at;
    BytesQueue commands;
    BytesQueue *gathered; /* leader: by rank */
    const void **blobs;
    size_t *blob_lengths;
    int32_t goodbyes;

    _Atomic bool failed;
    pthread_mutex_t fail_lock;
    char fail_text[512];

    _Atomic int64_t sent_bytes;
    _Atomic int64_t sent_messages;
    _Atomic int64_t received_bytes;
    _Atomic int64_t received_messages;
    _Atomic int64_t pump_turns;
};

/* 08006 for an MPI return code, or NULL. */
Error *mpi_check(int code, const char *what) MUST_USE;
/* Breaks the world: the first text stays; wakes everyone who waits. */
void world_fail(World *world, const char *format, ...) PRINTF_LIKE(2, 3);
void world_fail_error(World *world, Error *error); /* takes the error */

void bytes_queue_put(BytesQueue *queue, QueuedBytes *node);
QueuedBytes *bytes_queue_take(BytesQueue *queue);
void bytes_queue_clear(BytesQueue *queue);

/* command.c: a frame has come whole; takes body. */
void control_frame(World *world, int32_t from_rank, const Frame *frame, void *body);
void queries_free(World *world);
bool query_ended_before(World *world, uint64_t query);

/* exchange.c, called by the pump: a message has come whole; takes the block. */
void exchange_arrival(World *world, int32_t from_rank, Block *block);
bool exchanges_await(World *world);  /* does any exchange wait for messages? */
void exchanges_wake(World *world);   /* cancel or failure: all waiting workers look again */
void exchanges_forget(World *world, uint64_t query); /* those of the query that nobody opened */
void exchanges_free(World *world);

static inline int32_t rank_of_index(const World *world, int32_t index)
{
    return index == LEADER_INDEX ? 0 : world_compute_rank(world, index);
}
static inline int32_t index_of_rank(const World *world, int32_t rank)
{
    return world->size == 1 ? 0 : rank == 0 ? LEADER_INDEX : rank - 1;
}

/* Condition variables of this room count time on the monotonic clock. */
void cond_init(pthread_cond_t *cond);
/* Waits for news or until `wait_us` from now. */
void cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t wait_us);

#endif
