/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bags of rows: chunks that grow from 64 KB to 2 MB, so that a tiny query
 * touches one small piece and a large one works on huge pages; and bytes of
 * strings beside them.
 *
 *     bag: first -> [rows|rows|rows    ] -> [rows|          ] last
 *          strs  -> [bytes.....] -> [bytes]
 */
#include "src/run/run.h"
#include "src/run/run_spill.h"

void bag_init(RowBag *bag, MemoryPool *pool, int32_t stride)
{
    ASSERT(stride > 0 || stride == 0);
    *bag = (RowBag){.pool = pool, .stride = stride, .chunk_bytes = MEMORY_PIECE_MIN};
}

static Error *bag_grow(RowBag *bag, int32_t n)
{
    size_t want = sizeof(RowChunk) + (size_t) n * (size_t) bag->stride;
    if (want < bag->chunk_bytes)
        want = bag->chunk_bytes;
    void *piece;
    size_t got;
    TRY(memory_take(bag->pool, want, &piece, &got));
    RowChunk *chunk = piece;
    size_t room = bag->stride == 0 ? INT32_MAX : (got - sizeof(RowChunk)) / (size_t) bag->stride;
    *chunk = (RowChunk){.bytes = got, .capacity = room > INT32_MAX ? INT32_MAX : (int32_t) room};
    if (bag->last == NULL)
        bag->first = chunk;
    else
        bag->last->next = chunk;
    bag->last = chunk;
    bag->bytes += (int64_t) got;
    size_t most = memory_piece_most(bag->pool);
    if (bag->chunk_bytes < most)
        bag->chunk_bytes = bag->chunk_bytes * 4 < most ? bag->chunk_bytes * 4 : most;
    return NULL;
}

Error *bag_reserve(RowBag *bag, int32_t n, char **rows)
{
    ASSERT(n >= 0);
    if (bag->last == NULL || bag->last->capacity - bag->last->rows < n)
        TRY(bag_grow(bag, n));
    *rows = bag->last->data + (size_t) bag->last->rows * (size_t) bag->stride;
    return NULL;
}

void bag_add(RowBag *bag, RowChunk *chunk)
{
    if (bag->last == NULL)
        bag->first = chunk;
    else
        bag->last->next = chunk;
    bag->last = chunk;
    bag->rows += chunk->rows;
    bag->bytes += (int64_t) chunk->bytes;
}

static Error *strs_keep(RowBag *bag, const RowLayout *layout, char *rows, int32_t n)
{
    for (int32_t f = 0; f < layout->field_count; f++)
    {
        const RowField *field = &layout->fields[f];
        char *row = rows;
        for (int32_t i = 0; i < n && field->rep == REP_STR; i++, row += layout->stride)
        {
            Str *place = (Str *) (void *) (row + field->offset), s = *place;
            if (field_null(field, row))
                *place = (Str){"", 0};
            else
                TRY(bag_str(bag, &s, place));
        }
    }
    return NULL;
}

Error *bag_keep(RowBag *bag, const RowLayout *layout, const char *rows, int32_t n, char **kept)
{
    TRY(bag_reserve(bag, n, kept));
    memcpy(*kept, rows, (size_t) n * (size_t) layout->stride);
    TRY(strs_keep(bag, layout, *kept, n));
    bag_commit(bag, n);
    return NULL;
}

Error *bag_take(RowBag *bag, const RowLayout *layout, RowChunk *chunk, size_t filled, char **rows)
{
    *rows = chunk->data;
    if (filled * 2 > chunk->bytes)
    {
        bag_add(bag, chunk);
        return NULL;
    }
    Error *error = bag_keep(bag, layout, chunk->data, chunk->rows, rows);
    memory_give(bag->pool, chunk, chunk->bytes);
    return error;
}

void bag_commit(RowBag *bag, int32_t used)
{
    if (used == 0)
        return;
    ASSERT(used > 0 && bag->last != NULL && bag->last->rows + used <= bag->last->capacity);
    bag->last->rows += used;
    bag->rows += used;
}

/* Grows with what is there, so that little of it is never used. */
static size_t str_chunk_bytes(const RowBag *bag)
{
    if (bag->str_bytes < (int64_t) MEMORY_PIECE_MIN * 8)
        return MEMORY_PIECE_MIN;
    size_t most = memory_piece_most(bag->pool);
    return most < MEMORY_HUGE || bag->str_bytes >= (int64_t) MEMORY_HUGE ? most : MEMORY_PIECE_MIN * 4;
}

Error *bag_bytes(RowBag *bag, int64_t length, char **out)
{
    if (bag->str_at == NULL || bag->str_end - bag->str_at < length)
    {
        size_t want = sizeof(StrChunk) + (size_t) length;
        size_t usual = str_chunk_bytes(bag);
        void *piece;
        size_t got;
        TRY(memory_take(bag->pool, want > usual ? want : usual, &piece, &got));
        StrChunk *chunk = piece;
        *chunk = (StrChunk){bag->strs, got};
        bag->strs = chunk;
        bag->str_at = (char *) (chunk + 1);
        bag->str_end = (char *) piece + got;
        bag->bytes += (int64_t) got;
        bag->str_bytes += (int64_t) got;
    }
    *out = bag->str_at;
    bag->str_at += length;
    return NULL;
}

Error *bag_str(RowBag *bag, const Str *s, Str *out)
{
    if (s->len <= 0)
    {
        *out = (Str){"", 0};
        return NULL;
    }
    char *bytes;
    TRY(bag_bytes(bag, s->len, &bytes));
    memcpy(bytes, s->data, (size_t) s->len);
    *out = (Str){bytes, s->len};
    return NULL;
}

void bag_strs_free(MemoryPool *pool, StrChunk *strs)
{
    while (strs != NULL)
    {
        StrChunk *next = strs->next;
        memory_give(pool, strs, strs->bytes);
        strs = next;
    }
}

void bag_clear(RowBag *bag)
{
    for (RowChunk *chunk = bag->first; chunk != NULL;)
    {
        RowChunk *next = chunk->next;
        memory_give(bag->pool, chunk, chunk->bytes);
        chunk = next;
    }
    bag_strs_free(bag->pool, bag->strs);
    bag_init(bag, bag->pool, bag->stride);
}

void bag_append(RowBag *to, RowBag *from)
{
    ASSERT(to->stride == from->stride && to->pool == from->pool);
    if (from->first != NULL)
    {
        if (to->last == NULL)
            to->first = from->first;
        else
            to->last->next = from->first;
        to->last = from->last;
    }
    for (StrChunk *chunk = from->strs; chunk != NULL;)
    {
        StrChunk *next = chunk->next;
        if (to->strs == NULL)
        {
            to->strs = chunk;
            chunk->next = NULL;
        }
        else /* behind the first, which is the one that still has room */
        {
            chunk->next = to->strs->next;
            to->strs->next = chunk;
        }
        chunk = next;
    }
    to->rows += from->rows;
    to->bytes += from->bytes;
    to->str_bytes += from->str_bytes;
    bag_init(from, from->pool, from->stride);
}

const char *bag_run(RowChunk **chunk, int32_t *at, int32_t stride, int32_t most, int32_t *count)
{
    while (*chunk != NULL && *at >= (*chunk)->rows)
    {
        *chunk = (*chunk)->next;
        *at = 0;
    }
    if (*chunk == NULL)
        return NULL;
    const char *rows = (*chunk)->data + (size_t) *at * (size_t) stride;
    int32_t left = (*chunk)->rows - *at;
    *count = left < most ? left : most;
    *at += *count;
    return rows;
}

/* ---- what stores of bags have in common ---- */

Error *store_bag_open(RtStore *store)
{
    for (int32_t i = 0; i < store->task->worker_count; i++)
        bag_init(&store->parts[i].bag, store->task->env.memory, store->stride);
    return NULL;
}

Error *store_bag_reserve(RtWorker *worker, RtStore *store, int32_t n, char **rows)
{
    TRY(store_relieve(worker, store));
    return bag_reserve(&store->parts[worker->index].bag, n, rows);
}

Error *store_bag_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    bag_commit(&store->parts[worker->index].bag, used);
    return NULL;
}

Error *store_bag_str(RtWorker *worker, RtStore *store, const Str *s, Str *out)
{
    return bag_str(&store->parts[worker->index].bag, s, out);
}

void store_bag_close(RtStore *store)
{
    for (int32_t i = 0; i < store->task->worker_count; i++)
        bag_clear(&store->parts[i].bag);
    memory_give(store->task->env.memory, store->order.rows, store->order.bytes);
    store->order = (RowOrder){0};
    store_spill_close(store);
}

int64_t store_rows(const RtStore *store)
{
    int64_t rows = 0;
    for (int32_t i = 0; i < store->task->worker_count; i++)
        rows += store->parts[i].bag.rows;
    return rows;
}

int64_t store_bytes(const RtStore *store)
{
    int64_t bytes = 0;
    if (store->parts != NULL)
        for (int32_t i = 0; i < store->task->worker_count; i++)
            bytes += store->parts[i].bag.bytes;
    return bytes;
}

Error *store_order_new(RtStore *store, int64_t count)
{
    void *rows;
    TRY(memory_take(store->task->env.memory, (size_t) (count > 0 ? count : 1) * sizeof(char *), &rows,
                    &store->order.bytes));
    store->order.rows = rows;
    store->order.count = count;
    return NULL;
}

/* A buffer of limited rows has had enough when that many are there. */
static Error *buffer_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    bag_commit(&store->parts[worker->index].bag, used);
    if (store->spec->limit >= 0)
        atomic_fetch_add_explicit(&store->rows, used, memory_order_relaxed);
    return NULL;
}

const StoreOps buffer_ops = {
    .open = store_bag_open,
    .reserve = store_bag_reserve,
    .commit = buffer_commit,
    .str = store_bag_str,
    .spill = store_bag_spill,
    .close = store_bag_close,
};
