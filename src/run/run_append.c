/* SPDX-License-Identifier: Apache-2.0 */
/*
 * APPEND stores: rows become segment files.
 *
 *     worker: row -> bag of the slice (own) --full--> pile of the slice (locked)
 *     all piles together too large: the worker that sees it takes the largest one, and
 *     at the end each is taken -> sort by the sort key -> blocks of 65,536 rows, columns apart
 *         -> segment_put_block -> segment_finish -> the memory is free for the next rows
 *
 * So memory is bounded whatever comes, and a page that was touched once is used again.
 * Taking the largest pile only, those that are left are about half as large on average: a
 * segment holds twice the mean.  What may wait grows with what was written, as far as the
 * Budget goes: large loads make large segments.
 */
#include "src/run/run_append.h"

#include "base/data/hash.h"

#define CHUNK_BYTES_MAX ((size_t) 1024 * 1024)
#define PILE_ROWS_MAX   4000000                      /* rows sorted together at most */
#define WAIT_BYTES      (INT64_C(128) * 1024 * 1024) /* may wait in any case the Budget allows... */
#define WAIT_SLICE      (INT64_C(16) * 1024 * 1024)  /* ... or this for each slice, if that is more */
#define WAIT_WRITTEN    16                           /* ... or this part of what was written so far */

/* ---- opening ---- */

const SpecTable *append_table(const RtStore *store)
{
    return store->spec->kind == STORE_APPEND ? &store->task->spec->tables[store->spec->table] : NULL;
}

static bool slice_is_mine(const Task *task, int32_t slice)
{
    return slice_node(slice, task->spec->slice_count, task->node_count) == (task->node < 0 ? 0 : task->node);
}

/*
 * What may wait in piles.  Beside it each worker may hold a pile that it writes: together they stay below
 * half the Budget.
 */
static void bounds_set(AppendStore *append, const Task *task)
{
    int64_t slices = append->mine_count > 0 ? append->mine_count : 1;
    int64_t piles = 1 + (2 * task->worker_count + slices - 1) / slices;
    append->most_bytes = task->env.budget->limit_bytes / 2 / piles;
    append->least_bytes = WAIT_SLICE * slices > WAIT_BYTES ? WAIT_SLICE * slices : WAIT_BYTES;
    if (append->least_bytes > append->most_bytes)
        append->least_bytes = append->most_bytes;
    int64_t share = append->least_bytes / 4 / task->worker_count / slices;
    append->chunk_bytes = MEMORY_PIECE_MIN;
    while (append->chunk_bytes < CHUNK_BYTES_MAX && (int64_t) append->chunk_bytes * 2 <= share)
        append->chunk_bytes *= 2;
}

static void strs_find(RtStore *store, AppendStore *append)
{
    append->strs = ARENA_ARRAY(store->task->arena, int32_t, store->layout->field_count + 1);
    for (int32_t f = 0; f < store->layout->field_count; f++)
        if (store->layout->fields[f].rep == REP_STR)
            append->strs[append->str_count++] = f;
}

static Error *append_open(RtStore *store)
{
    Task *task = store->task;
    int32_t count = task->spec->slice_count;
    AppendStore *append = ARENA_NEW(task->arena, AppendStore);
    store->append = append;
    append->table = append_table(store);
    append->slices = ARENA_ARRAY(task->arena, AppendSlice, count);
    append->mine = ARENA_ARRAY(task->arena, int32_t, count);
    pthread_mutex_init(&append->lock, NULL);
    for (int32_t s = 0; s < count; s++)
    {
        bag_init(&append->slices[s].pile, task->env.memory, store->stride);
        append->slices[s].slice = s;
        append->slices[s].mine = slice_is_mine(task, s);
        if (append->slices[s].mine)
            append->mine[append->mine_count++] = s;
    }
    bounds_set(append, task);
    strs_find(store, append);
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        AppendPart *part = ARENA_NEW(task->arena, AppendPart);
        part->bags = ARENA_ARRAY(task->arena, RowBag, count);
        for (int32_t s = 0; s < count; s++)
            bag_init(&part->bags[s], task->env.memory, store->stride);
        part->turn = (uint32_t) w;
        store->parts[w].append = part;
        bag_init(&store->parts[w].bag, task->env.memory, store->stride);
    }
    return NULL;
}

/* ---- rows come in ---- */

static Error *row_slice(RtStore *store, AppendPart *part, const char *row, int32_t *slice)
{
    enum
    {
        STYLE_KEY = 1,
        STYLE_ALL = 8
    };
    const SpecTable *table = store->append->table;
    const Task *task = store->task;
    if (table->dist_style == STYLE_ALL)
        *slice = 0;
    else if (table->dist_style == STYLE_KEY && table->dist_column >= 0)
    {
        const RowField *field = &store->layout->fields[table->dist_column];
        uint64_t hash = field_null(field, row) ? 0 : hash_in_rep(field->type, (Rep) field->rep, row + field->offset);
        *slice = hash_slice(hash, task->spec->slice_count);
    }
    else
        *slice = store->append->mine[part->turn++ % (uint32_t) store->append->mine_count];
    if (!store->append->slices[*slice].mine)
        return error_new(SQLSTATE_INTERNAL_ERROR, "a row of slice %d of table \"%s\" came to another node", *slice,
                         table->name);
    return NULL;
}

static int64_t waiting_most(const AppendStore *append)
{
    int64_t most = append->written_bytes / WAIT_WRITTEN;
    most = most > append->least_bytes ? most : append->least_bytes;
    return most < append->most_bytes ? most : append->most_bytes;
}

/* The largest pile; under lock. */
static AppendSlice *pile_largest(const AppendStore *append)
{
    AppendSlice *largest = &append->slices[append->mine[0]];
    for (int32_t i = 1; i < append->mine_count; i++)
        if (append->slices[append->mine[i]].pile.bytes > largest->pile.bytes)
            largest = &append->slices[append->mine[i]];
    return largest;
}

/* Under lock. */
static void pile_take(AppendStore *append, AppendSlice *slice, RowBag *rows)
{
    append->waiting_bytes -= slice->pile.bytes;
    append->written_bytes += slice->pile.bytes;
    bag_append(rows, &slice->pile);
}

/* The worker's rows of a slice go to the slice's pile.  A pile that must go is written by this worker. */
static Error *bag_to_pile(RtWorker *worker, RtStore *store, int32_t s)
{
    AppendStore *append = store->append;
    AppendSlice *slice = &append->slices[s];
    RowBag *bag = &store->parts[worker->index].append->bags[s], rows;
    bag_init(&rows, store->task->env.memory, store->stride);
    pthread_mutex_lock(&append->lock);
    append->waiting_bytes += bag->bytes;
    bag_append(&slice->pile, bag);
    if (slice->pile.rows < PILE_ROWS_MAX)
        slice = append->waiting_bytes > waiting_most(append) ? pile_largest(append) : NULL;
    if (slice != NULL)
        pile_take(append, slice, &rows);
    pthread_mutex_unlock(&append->lock);
    if (slice == NULL)
        return NULL;
    Error *error = append_write(store, slice, &rows);
    bag_clear(&rows);
    return error;
}

static Error *row_put(RtWorker *worker, RtStore *store, const char *row)
{
    const AppendStore *append = store->append;
    AppendPart *part = store->parts[worker->index].append;
    int32_t s;
    TRY(row_slice(store, part, row, &s));
    RowBag *bag = &part->bags[s];
    if (bag->last != NULL && (bag->last->rows == bag->last->capacity || bag->bytes > 4 * (int64_t) append->chunk_bytes))
        TRY(bag_to_pile(worker, store, s));
    if (bag->last == NULL)
        bag->chunk_bytes = append->chunk_bytes;
    char *to;
    TRY(bag_reserve(bag, 1, &to));
    memcpy(to, row, (size_t) store->stride);
    for (int32_t i = 0; i < append->str_count; i++)
    {
        const RowField *field = &store->layout->fields[append->strs[i]];
        if (!field_null(field, row))
            TRY(bag_str(bag, (const Str *) (row + field->offset), (Str *) (to + field->offset)));
    }
    bag_commit(bag, 1);
    return NULL;
}

Error *append_pass(RtWorker *worker, RtStore *store, const char *rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++, rows += store->stride)
        TRY(row_put(worker, store, rows));
    return NULL;
}

static Error *append_reserve(RtWorker *worker, RtStore *store, int32_t n, char **rows)
{
    return bag_reserve(&store->parts[worker->index].bag, n, rows);
}

/* Rows were written to room that is used again: each is copied to its slice's bag. */
static Error *append_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    RowBag *room = &store->parts[worker->index].bag;
    const char *row = used == 0 ? NULL : room->last->data;
    for (int32_t i = 0; i < used; i++, row += store->stride)
        TRY(row_put(worker, store, row));
    return NULL;
}

/* Strings live until the commit copies them: as long as the batch. */
static Error *append_str(RtWorker *worker, RtStore *store, const Str *s, Str *out)
{
    (void) worker;
    (void) store;
    *out = *s;
    return NULL;
}

static Error *append_part_end(RtWorker *worker, RtStore *store)
{
    for (int32_t s = 0; s < store->task->spec->slice_count; s++)
        if (store->parts[worker->index].append->bags[s].rows > 0)
            TRY(bag_to_pile(worker, store, s));
    return NULL;
}

/* ---- the end ---- */

static Error *slice_finish(void *context, int32_t i)
{
    RtStore *store = context;
    AppendSlice *slice = &store->append->slices[store->append->mine[i]];
    return slice->pile.rows > 0 ? append_write(store, slice, &slice->pile) : NULL;
}

static Error *append_finish(RtStore *store)
{
    TRY(task_parts(store->task, store->append->mine_count, INT64_MAX, slice_finish, store));
    return append_sync(store);
}

static void append_close(RtStore *store)
{
    AppendStore *append = store->append;
    for (int32_t w = 0; append != NULL && w < store->task->worker_count; w++)
        for (int32_t s = 0; store->parts[w].append != NULL && s < store->task->spec->slice_count; s++)
            bag_clear(&store->parts[w].append->bags[s]);
    for (int32_t s = 0; append != NULL && s < store->task->spec->slice_count; s++)
        bag_clear(&append->slices[s].pile);
    if (append != NULL)
        pthread_mutex_destroy(&append->lock);
    for (int32_t w = 0; w < store->task->worker_count; w++)
        bag_clear(&store->parts[w].bag);
}

const StoreOps append_ops = {
    .open = append_open,
    .reserve = append_reserve,
    .commit = append_commit,
    .str = append_str,
    .part_end = append_part_end,
    .finish = append_finish,
    .close = append_close,
};
