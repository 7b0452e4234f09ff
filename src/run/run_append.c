/* SPDX-License-Identifier: Apache-2.0 */
/*
 * APPEND stores: rows become segment files, one or more a slice.
 *
 *     worker: commit -> bag of the slice (own) --full--> pile of the slice (locked)
 *     pile large enough, or the end: one worker takes it all -> sort by the sort key
 *         -> blocks of 65,536 rows, columns apart -> segment_put_block -> segment_finish
 *
 * A table without a sort key keeps its segment open and adds blocks to it as
 * rows come; with a sort key each pile becomes a segment of its own, in order.
 * A slice is worked by one thread at a time, slices beside each other.
 */
#include "src/run/run_append.h"

#include "base/data/hash.h"

#define PART_ROWS        16384   /* rows a worker keeps to itself before they go to the pile */
#define PILE_ROWS_SORTED 4000000 /* rows sorted together at most */
#define PILE_SHARE       3       /* piles may take 1/3 of the memory in all */

/* ---- opening ---- */

const SpecTable *append_table(const RtStore *store)
{
    return store->spec->kind == STORE_APPEND ? &store->task->spec->tables[store->spec->table] : NULL;
}

static bool slice_is_mine(const Task *task, int32_t slice)
{
    return slice_node(slice, task->spec->slice_count, task->node_count) == (task->node < 0 ? 0 : task->node);
}

static Error *append_open(RtStore *store)
{
    Task *task = store->task;
    AppendStore *append = ARENA_NEW(task->arena, AppendStore);
    store->append = append;
    append->table = append_table(store);
    append->slices = ARENA_ARRAY(task->arena, AppendSlice, task->spec->slice_count);
    append->mine = ARENA_ARRAY(task->arena, int32_t, task->spec->slice_count);
    for (int32_t s = 0; s < task->spec->slice_count; s++)
    {
        pthread_mutex_init(&append->slices[s].lock, NULL);
        bag_init(&append->slices[s].pile, task->env.memory, store->stride);
        append->slices[s].slice = s;
        if (slice_is_mine(task, s))
            append->mine[append->mine_count++] = s;
    }
    append->pile_bytes = task->env.budget->limit_bytes / PILE_SHARE / (append->mine_count > 0 ? append->mine_count : 1);
    for (int32_t w = 0; w < task->worker_count; w++)
    {
        AppendPart *part = ARENA_NEW(task->arena, AppendPart);
        part->bags = ARENA_ARRAY(task->arena, RowBag, task->spec->slice_count);
        for (int32_t s = 0; s < task->spec->slice_count; s++)
            bag_init(&part->bags[s], task->env.memory, store->stride);
        part->turn = w;
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
    if (!slice_is_mine(task, *slice))
        return error_new(SQLSTATE_INTERNAL_ERROR, "a row of slice %d of table \"%s\" came to another node", *slice,
                         table->name);
    return NULL;
}

/* The worker's rows of a slice go to the slice's pile; writes when it is large. */
static Error *bag_to_pile(RtWorker *worker, RtStore *store, int32_t s)
{
    AppendSlice *slice = &store->append->slices[s];
    RowBag *bag = &store->parts[worker->index].append->bags[s];
    pthread_mutex_lock(&slice->lock);
    bag_append(&slice->pile, bag);
    bool sorted = store->append->table->sort_count > 0;
    bool full = slice->pile.bytes > store->append->pile_bytes ||
                slice->pile.rows >= (sorted ? PILE_ROWS_SORTED : 2 * BLOCK_ROWS);
    bool write = full && !slice->busy;
    slice->busy |= write;
    pthread_mutex_unlock(&slice->lock);
    return write ? append_write(store, slice, false) : NULL;
}

static Error *row_put(RtWorker *worker, RtStore *store, const char *row)
{
    AppendPart *part = store->parts[worker->index].append;
    int32_t slice;
    TRY(row_slice(store, part, row, &slice));
    RowBag *bag = &part->bags[slice];
    char *to;
    TRY(bag_reserve(bag, 1, &to));
    memcpy(to, row, (size_t) store->stride);
    for (int32_t f = 0; f < store->layout->field_count; f++)
    {
        const RowField *field = &store->layout->fields[f];
        if (field->rep == REP_STR && !field_null(field, row))
            TRY(bag_str(bag, (const Str *) (row + field->offset), (Str *) (to + field->offset)));
    }
    bag_commit(bag, 1);
    return bag->rows >= PART_ROWS ? bag_to_pile(worker, store, slice) : NULL;
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
    return append_write(store, &store->append->slices[store->append->mine[i]], true);
}

static Error *append_finish(RtStore *store)
{
    return task_parts(store->task, store->append->mine_count, INT64_MAX, slice_finish, store);
}

static void append_close(RtStore *store)
{
    AppendStore *append = store->append;
    for (int32_t w = 0; append != NULL && w < store->task->worker_count; w++)
        for (int32_t s = 0; store->parts[w].append != NULL && s < store->task->spec->slice_count; s++)
            bag_clear(&store->parts[w].append->bags[s]);
    for (int32_t s = 0; append != NULL && s < store->task->spec->slice_count; s++)
    {
        AppendSlice *slice = &append->slices[s];
        bag_clear(&slice->pile);
        bag_clear(&slice->rest);
        append_slice_close(slice);
        pthread_mutex_destroy(&slice->lock);
    }
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
