/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXCHANGE stores: rows to other ranks.  Each worker fills, per destination,
 * two blocks of rows in turn; a full one is packed with its strings and sent
 * when its partner is full too, so that generated code may fill the rows of a
 * batch in any order (a row is complete 1024 rows later, or at the next batch).
 *
 *     worker --send_row(hash)--> lane of the slice's node: [block A][block B] --row_pack--> exchange_send
 *
 *     exchange_receive --row_unpack in place--> rows for the reading pipeline
 *
 * What comes before it is asked for waits in the inbox, as far as that goes; a sender that finds
 * it full takes it over into chunks, or blocks on disk, that the reading pipeline has first.
 *
 * In a world of one, and between pipelines of the leader alone, it is a buffer.
 */
#include "src/run/run.h"
#include "src/run/run_spill.h"

#include "base/data/hash.h"
#include "mpi/agree.h"
#include "mpi/exchange.h"

#define BLOCK_BYTES ((size_t) 160 * 1024)       /* rows of a block; with strings about a buffer of the network */
#define STRS_BYTES  ((int64_t) 1024 * 1024)     /* strings a worker holds before it sends everything */
#define PREFETCH_SHARE 4 /* of the Budget: a result that waits for its client in memory */
#define LANES_BYTES ((size_t) 16 * 1024 * 1024) /* blocks of one worker in all, as far as that goes */

typedef struct SendBlock
{
    char *rows; /* piece of the pool */
    size_t bytes;
    int32_t count;
} SendBlock;

struct SendLane
{
    SendBlock blocks[2];
    int32_t current;
};

struct ExchangeStore
{
    Exchange *x;
    World *world;
    int32_t lane_count; /* destinations: 1 for gather and broadcast */
    int32_t capacity;   /* rows of a block */
    bool sends;
    bool sent_all;
    _Atomic uint64_t turn; /* rows that go round the slices */
    pthread_mutex_t lock;
    int32_t readers;   /* pipelines here that read it */
    RowBag kept;       /* rows taken in before they were asked for; more of them in store->disk; under lock */
    bool received_all; /* nothing more will come */
    Text *texts;     /* packing, by worker */
    RtStore *onward; /* rows that come go to this APPEND store as they are; NULL: elsewhere, or not here */
};

static Error *inboxes_keep(void *context);

/* ---- opening ---- */

static void roles_find(const RtStore *store, bool *from_leader, bool *from_compute)
{
    const Spec *spec = store->task->spec;
    *from_leader = *from_compute = false;
    for (int32_t i = 0; i < spec->pipeline_count; i++)
    {
        if (spec->pipelines[i].sink != store->index)
            continue;
        *from_leader |= spec->pipelines[i].on_leader;
        *from_compute |= !spec->pipelines[i].on_leader;
    }
}

static int32_t readers_count(const RtStore *store)
{
    const Task *task = store->task;
    int32_t count = 0;
    for (int32_t i = 0; i < task->spec->pipeline_count; i++)
    {
        const SpecPipeline *pipeline = &task->spec->pipelines[i];
        count += pipeline->source == SOURCE_STORE && pipeline->source_index == store->index &&
                 (task->roles & (pipeline->on_leader ? TASK_LEADER : TASK_COMPUTE)) != 0;
    }
    return count;
}

static RtStore *onward_find(const RtStore *store)
{
    const Task *task = store->task;
    if (store->exchange->readers != 1)
        return NULL;
    for (int32_t i = 0; i < task->spec->pipeline_count && (task->roles & TASK_COMPUTE) != 0; i++)
    {
        const SpecPipeline *pipeline = &task->spec->pipelines[i];
        if (pipeline->source == SOURCE_STORE && pipeline->source_index == store->index && pipeline->function < 0 &&
            !pipeline->on_leader && task->spec->stores[pipeline->sink].kind == STORE_APPEND)
            return &task->stores[pipeline->sink];
    }
    return NULL;
}

static Error *exchange_store_open(RtStore *store)
{
    Task *task = store->task;
    TRY(store_bag_open(store));
    bool from_leader, from_compute;
    roles_find(store, &from_leader, &from_compute);
    if (task_alone(task) || task->env.world == NULL || (from_leader && !from_compute && store->spec->on_leader))
        return NULL;
    if (from_leader && from_compute)
        return error_new(SQLSTATE_INTERNAL_ERROR, "store %d gets rows of the leader and of compute nodes",
                         store->index);
    ExchangeRoute route = store->spec->on_leader ? EXCHANGE_COMPUTE_TO_LEADER
                          : from_leader          ? EXCHANGE_LEADER_TO_COMPUTE
                                                 : EXCHANGE_COMPUTE_TO_COMPUTE;
    ExchangeStore *exchange = ARENA_NEW(task->arena, ExchangeStore);
    TRY(exchange_open(task->env.world, task->spec->query, (uint16_t) store->index, route, task->env.inbox,
                      &exchange->x));
    store->exchange = exchange;
    exchange->world = task->env.world;
    exchange->sends = exchange_sends(exchange->x);
    exchange->lane_count = store->spec->exchange == EXCHANGE_HASH ? task->node_count : 1;
    bag_init(&exchange->kept, task->env.memory, store->stride);
    exchange->readers = readers_count(store);
    exchange->onward = onward_find(store);
    pthread_mutex_init(&exchange->lock, NULL);
    exchange_relieve(exchange->x, inboxes_keep, task);
    size_t block = LANES_BYTES / (size_t) exchange->lane_count / 2;
    block = block < BLOCK_BYTES ? block : BLOCK_BYTES;
    int64_t rows = store->stride == 0 ? RT_BATCH : (int64_t) (block / (size_t) store->stride);
    exchange->capacity = rows < RT_BATCH ? RT_BATCH : (int32_t) rows;
    exchange->texts = ARENA_ARRAY(task->arena, Text, task->worker_count);
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        text_init(&exchange->texts[w], NULL);
        store->parts[w].lanes = ARENA_ARRAY(task->arena, SendLane, exchange->lane_count);
    }
    return NULL;
}

/* ---- sending ---- */

static Error *block_send(RtWorker *worker, RtStore *store, int32_t lane, SendBlock *block)
{
    ExchangeStore *exchange = store->exchange;
    if (block->count == 0)
        return NULL;
    Text *text = &exchange->texts[worker->index];
    row_pack(store->layout, block->rows, block->count, text);
    block->count = 0;
    ExchangeBuffer *buffer;
    TRY(exchange_buffer_new(exchange->world, text->length, &buffer));
    memcpy(buffer->data, text->data, text->length);
    buffer->length = text->length;
    switch ((ExchangeKind) store->spec->exchange)
    {
    case EXCHANGE_GATHER:
        return exchange_send(exchange->x, LEADER_INDEX, buffer);
    case EXCHANGE_BCAST:
        return exchange_broadcast(exchange->x, buffer);
    case EXCHANGE_HASH:
        break;
    }
    return exchange_send(exchange->x, lane, buffer);
}

/* The block to write to next: when the current one is full its partner goes out and takes over. */
static Error *block_with_room(RtWorker *worker, RtStore *store, int32_t lane, int32_t n, SendBlock **out)
{
    SendLane *to = &store->parts[worker->index].lanes[lane];
    SendBlock *block = &to->blocks[to->current];
    if (block->rows != NULL && block->count + n > store->exchange->capacity)
    {
        to->current ^= 1;
        block = &to->blocks[to->current];
        TRY(block_send(worker, store, lane, block));
    }
    if (block->rows == NULL)
    {
        size_t bytes = (size_t) store->exchange->capacity * (size_t) store->stride;
        void *piece;
        TRY(memory_take(store->task->env.memory, bytes > 0 ? bytes : 8, &piece, &block->bytes));
        block->rows = piece;
    }
    *out = block;
    return NULL;
}

/* Sends everything; all rows are complete. */
static Error *part_flush(RtWorker *worker, RtStore *store)
{
    for (int32_t lane = 0; lane < store->exchange->lane_count; lane++)
    {
        SendLane *to = &store->parts[worker->index].lanes[lane];
        TRY(block_send(worker, store, lane, &to->blocks[to->current ^ 1])); /* the older one first */
        TRY(block_send(worker, store, lane, &to->blocks[to->current]));
    }
    RowBag *bag = &store->parts[worker->index].bag; /* of strings only */
    bag_clear(bag);
    return NULL;
}

static int32_t hash_lane(const RtStore *store, uint64_t hash)
{
    const Task *task = store->task;
    return slice_node(hash_slice(hash, task->spec->slice_count), task->spec->slice_count, task->node_count);
}

static Error *send_room(RtWorker *worker, RtStore *store, uint64_t hash, char **row)
{
    if (store->exchange == NULL)
    {
        TRY(bag_reserve(&store->parts[worker->index].bag, 1, row));
        bag_commit(&store->parts[worker->index].bag, 1);
        return NULL;
    }
    SendBlock *block;
    TRY(block_with_room(worker, store, hash_lane(store, hash), 1, &block));
    *row = block->rows + (size_t) block->count++ * (size_t) store->stride;
    return NULL;
}

char *exchange_send_row(RtWorker *worker, RtStore *store, uint64_t hash)
{
    char *row = NULL;
    if (worker->error == NULL)
        worker_fail(worker, send_room(worker, store, hash, &row));
    worker->rows_out++;
    return worker->error == NULL ? row : worker_scratch(worker, (size_t) store->stride);
}

static Error *exchange_store_reserve(RtWorker *worker, RtStore *store, int32_t n, char **rows)
{
    if (store->exchange == NULL)
        return store_bag_reserve(worker, store, n, rows);
    if (store->parts[worker->index].bag.str_bytes > STRS_BYTES)
        TRY(part_flush(worker, store));
    SendBlock *block;
    TRY(block_with_room(worker, store, 0, n, &block));
    *rows = block->rows + (size_t) block->count * (size_t) store->stride;
    return NULL;
}

static Error *exchange_store_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    if (store->exchange == NULL)
        return store_bag_commit(worker, store, used);
    SendLane *lane = &store->parts[worker->index].lanes[0];
    lane->blocks[lane->current].count += used;
    return NULL;
}

/* What has come for the table goes there while this rank still sends: a load does not wait in memory. */
static Error *rows_forward(RtWorker *worker, RtStore *store)
{
    ExchangeStore *exchange = store->exchange;
    while (exchange->onward != NULL)
    {
        ExchangeBuffer *buffer;
        TRY(exchange_try_receive(exchange->x, &buffer));
        if (buffer == NULL)
            return NULL;
        void *rows;
        int64_t count = 0;
        Error *error = row_unpack(store->layout, buffer->data, buffer->length, &rows, &count);
        if (error == NULL)
            error = append_pass(worker, exchange->onward, rows, count);
        exchange_buffer_free(exchange->world, buffer);
        TRY(error);
    }
    return NULL;
}

/* At a batch's end no row is half filled. */
Error *exchange_batch_end(RtWorker *worker, RtStore *store)
{
    if (store->exchange == NULL)
        return NULL;
    if (store->parts[worker->index].bag.str_bytes > STRS_BYTES)
        TRY(part_flush(worker, store));
    return rows_forward(worker, store);
}

static Error *exchange_part_end(RtWorker *worker, RtStore *store)
{
    if (store->exchange == NULL)
        return NULL;
    TRY(part_flush(worker, store));
    RtStore *onward = store->exchange->onward;
    return onward == NULL ? NULL : onward->ops->part_end(worker, onward);
}

static Error *exchange_store_finish(RtStore *store)
{
    if (store->exchange == NULL || !store->exchange->sends)
        return NULL;
    store->exchange->sent_all = true;
    return exchange_finish(store->exchange->x, false);
}

/* Rows that pass without code go where the table they are for wants them. */
static const SpecTable *table_behind(const RtStore *store)
{
    const Spec *spec = store->task->spec;
    for (int32_t i = 0; i < spec->pipeline_count; i++)
    {
        const SpecPipeline *pipeline = &spec->pipelines[i];
        if (pipeline->source == SOURCE_STORE && pipeline->source_index == store->index &&
            spec->stores[pipeline->sink].kind == STORE_APPEND)
            return &spec->tables[spec->stores[pipeline->sink].table];
    }
    return NULL;
}

static uint64_t row_destination(RtStore *store, const SpecTable *table, const char *row)
{
    enum
    {
        STYLE_KEY = 1,
        STYLE_ALL = 8
    };
    if (table != NULL && table->dist_style == STYLE_ALL)
        return 0; /* slice 0 */
    if (table == NULL || table->dist_style != STYLE_KEY || table->dist_column < 0)
        return hash_u64(atomic_fetch_add_explicit(&store->exchange->turn, 1, memory_order_relaxed));
    const RowField *field = &store->layout->fields[table->dist_column];
    return field_null(field, row) ? 0 : hash_in_rep(field->type, (Rep) field->rep, row + field->offset);
}

Error *exchange_pass(RtWorker *worker, RtStore *store, const char *rows, int32_t n)
{
    const SpecTable *table = table_behind(store);
    RowBag *bag = &store->parts[worker->index].bag;
    for (int32_t i = 0; i < n; i++, rows += store->stride)
    {
        char *to;
        TRY(send_room(worker, store, row_destination(store, table, rows), &to));
        memcpy(to, rows, (size_t) store->stride);
        for (int32_t f = 0; f < store->layout->field_count; f++)
        {
            const RowField *field = &store->layout->fields[f];
            if (field->rep != REP_STR)
                continue;
            if (field_null(field, to))
                *(Str *) (to + field->offset) = (Str){"", 0};
            else
                TRY(bag_str(bag, (const Str *) (rows + field->offset), (Str *) (to + field->offset)));
        }
    }
    return exchange_batch_end(worker, store);
}

void exchange_sent(const RtStore *store, int64_t *bytes, int64_t *buffers)
{
    ExchangeCounters counters = {0};
    if (store->exchange != NULL)
        exchange_counters(store->exchange->x, &counters);
    *bytes = counters.sent_bytes - counters.self_bytes;
    *buffers = counters.sent_buffers - counters.self_buffers;
}

/* ---- receiving ---- */

/* A buffer that came before its rows were asked for: a chunk of the kept bag, or a block on disk. */
static Error *buffer_keep(RtStore *store, ExchangeBuffer *buffer)
{
    ExchangeStore *exchange = store->exchange;
    Task *task = store->task;
    RowChunk *chunk = NULL;
    Error *error = NULL;
    bool memory = atomic_load(&task->env.budget->used_bytes) + (int64_t) buffer->length < task->soft_bytes / 2;
    if (memory)
        error = chunk_unpack(task->env.memory, store->layout, buffer->data, buffer->length, &chunk);
    pthread_mutex_lock(&exchange->lock);
    if (chunk != NULL)
        bag_add(&exchange->kept, chunk);
    else if (error == NULL)
        error = spill_put(task->scratch, &store->disk, buffer->data, buffer->length, row_packed_count(buffer->data));
    pthread_mutex_unlock(&exchange->lock);
    exchange_buffer_free(exchange->world, buffer);
    return error;
}

/* What a sender does that waits: others may wait for this rank, in this exchange or another one. */
static Error *inboxes_keep(void *context)
{
    Task *task = context;
    for (int32_t i = 0; i < task->spec->store_count; i++)
    {
        RtStore *store = &task->stores[i];
        while (store->exchange != NULL && exchange_is_full(store->exchange->x))
        {
            ExchangeBuffer *buffer;
            TRY(exchange_try_receive(store->exchange->x, &buffer));
            if (buffer == NULL)
                break;
            TRY(buffer_keep(store, buffer));
        }
    }
    return NULL;
}

/* Everything is taken in. */
static Error *keep_all(RtStore *store)
{
    ExchangeStore *exchange = store->exchange;
    while (!exchange->received_all)
    {
        ExchangeBuffer *buffer;
        TRY(exchange_receive(exchange->x, &buffer));
        if (buffer != NULL)
            TRY(buffer_keep(store, buffer));
        exchange->received_all = buffer == NULL;
    }
    return NULL;
}

Error *exchange_read_begin(RtStore *store, bool again, bool *live)
{
    ExchangeStore *exchange = store->exchange;
    if (exchange->readers > 1 || again)
        TRY(keep_all(store));
    bag_append(&store->parts[0].bag, &exchange->kept);
    *live = !exchange->received_all;
    return NULL;
}

/* The rows of the next buffer. */
static Error *buffer_open(RtScan *scan, RtStore *store)
{
    scan->buffer_at = scan->buffer_count = 0;
    TRY(exchange_receive(store->exchange->x, &scan->buffer));
    if (scan->buffer == NULL)
        return NULL;
    void *rows = NULL;
    Error *error = row_unpack(store->layout, scan->buffer->data, scan->buffer->length, &rows, &scan->buffer_count);
    scan->buffer_rows = rows;
    return error;
}

int32_t exchange_rows_next(RtScan *scan, const char **rows)
{
    RtStore *store = scan->pipe->source;
    while (scan->buffer == NULL || scan->buffer_at >= scan->buffer_count)
    {
        exchange_rows_end(scan);
        Error *error = buffer_open(scan, store);
        worker_fail(scan->worker, error);
        if (error != NULL || scan->buffer == NULL)
            return 0;
    }
    int64_t left = scan->buffer_count - scan->buffer_at;
    int32_t n = left < RT_BATCH ? (int32_t) left : RT_BATCH;
    *rows = scan->buffer_rows + scan->buffer_at * store->stride;
    scan->buffer_at += n;
    return n;
}

/* Sinks copy what they keep, strings too. */
void exchange_rows_end(RtScan *scan)
{
    if (scan->buffer != NULL)
        exchange_buffer_free(scan->exchange->world, scan->buffer);
    scan->buffer = NULL;
}

Error *exchange_prefetch(RtStore *store, bool *all)
{
    ExchangeStore *exchange = store->exchange;
    Task *task = store->task;
    int64_t most = task->env.budget->limit_bytes / PREFETCH_SHARE;
    while (!exchange->received_all && exchange->kept.bytes < most &&
           atomic_load(&task->env.budget->used_bytes) < task->soft_bytes / 4)
    {
        ExchangeBuffer *buffer;
        TRY(exchange_receive(exchange->x, &buffer));
        if (buffer != NULL)
            TRY(buffer_keep(store, buffer));
        exchange->received_all = buffer == NULL;
    }
    *all = exchange->received_all;
    return NULL;
}

/* ---- the end ---- */

void exchanges_fail(Task *task)
{
    for (int32_t i = 0; task->stores != NULL && i < task->spec->store_count; i++)
    {
        ExchangeStore *exchange = task->stores[i].exchange;
        if (exchange != NULL && exchange->sends && !exchange->sent_all)
        {
            exchange->sent_all = true;
            error_free(exchange_finish(exchange->x, true));
        }
    }
}

static void exchange_store_close(RtStore *store)
{
    ExchangeStore *exchange = store->exchange;
    if (exchange != NULL)
    {
        for (int32_t w = 0; w < store->task->worker_count; w++)
        {
            for (int32_t lane = 0; store->parts[w].lanes != NULL && lane < exchange->lane_count; lane++)
                for (int32_t b = 0; b < 2; b++)
                    memory_give(store->task->env.memory, store->parts[w].lanes[lane].blocks[b].rows,
                                store->parts[w].lanes[lane].blocks[b].bytes);
            text_free(&exchange->texts[w]);
        }
        exchange_close(exchange->x);
        bag_clear(&exchange->kept);
        pthread_mutex_destroy(&exchange->lock);
        store->exchange = NULL;
    }
    store_bag_close(store);
}

/* In one process it is a buffer. */
static Error *exchange_spill(RtStore *store, int32_t part)
{
    return store->exchange == NULL ? store_bag_spill(store, part) : NULL;
}

const StoreOps exchange_ops = {
    .open = exchange_store_open,
    .reserve = exchange_store_reserve,
    .commit = exchange_store_commit,
    .str = store_bag_str,
    .spill = exchange_spill,
    .part_end = exchange_part_end,
    .finish = exchange_store_finish,
    .close = exchange_store_close,
};
