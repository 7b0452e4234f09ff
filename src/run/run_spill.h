/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores that do not fit the memory.  Whose the bytes are:
 *
 *     Budget of the rank --- pieces out of the MemoryPool: bags, directories, orders, blocks being read
 *      |                     buffers that came from other ranks have a Budget of their own beside it
 *      '- soft_bytes         a part of it: beyond that a store turns to disk
 *
 *     filling     a worker whose store is pressed (store_relieve, once a batch) writes its own part to disk:
 *                   BUFFER, RETURN, EXCHANGE in one process    the rows as they are        one run a part
 *                   SORT, WINDOW                               sorted                      a run each time
 *                   HASH, AGG                                  by partition of the key     a run a partition
 *     finishing   SORT merges the runs, WINDOW goes over the merged rows partition after partition, AGG merges
 *                 a partition's groups at a time: each into store->disk, a run that is read like a buffer
 *     between     a pipeline begins with room: stores that it does not read go to disk (task_make_room), and
 *     pipelines   stores that nobody reads any more are gone (task_release)
 *     reading     a block is a morsel: it is read, its rows given out, its memory given back
 *     probing     a HASH store on disk is read back as many partitions at a time as fit; the pipeline that
 *                 probes it runs once for each such pass, and only keys of the pass's partitions meet (spill_join.c)
 *
 * Ranks decide for themselves; what one sends does not depend on where its rows stood.
 */
#ifndef SRC_RUN_RUN_SPILL_H
#define SRC_RUN_RUN_SPILL_H

#include "src/run/run.h"

#define SPILL_BITS       7
#define SPILL_PARTITIONS (1 << SPILL_BITS)

/* The partition of a key of HASH and AGG stores; independent of key_spread(). */
static inline int32_t spill_partition(uint64_t key)
{
    return (int32_t) (((key ^ (key >> 29)) * UINT64_C(0xbf58476d1ce4e5b9)) >> (64 - SPILL_BITS));
}

/* ---- stores (run_spill.c) ---- */

/* Sets task->soft_bytes. */
void task_spill_init(Task *task);
/* Some of its rows were written to disk while it was filled. */
bool store_spilled(const RtStore *store);
/* Run number n of a part; those before it are made too. */
SpillRun *part_run(RtPart *part, int32_t n);
/* StoreOps.spill of stores whose rows are read as they came. */
Error *store_bag_spill(RtStore *store, int32_t part) MUST_USE;
/* All rows of a bag as they stand into the run; the bag is emptied. */
Error *bag_spill(RtStore *store, RowBag *bag, SpillRun *run) MUST_USE;
/* StoreOps.spill of HASH and AGG: rows of a part by partition of RowHeader.key. */
Error *store_parted_spill(RtStore *store, int32_t part) MUST_USE;
/* Moves what the parts have on disk into store->disk, part after part. */
void store_spill_gather(RtStore *store);
void store_spill_close(RtStore *store);
/* Beyond the soft limit: the worker's part goes to disk.  Between batches, or before room for new rows is given. */
Error *store_turn_to_disk(RtWorker *worker, RtStore *store) MUST_USE;

static inline Error *store_relieve(RtWorker *worker, RtStore *store)
{
    const Task *task = worker->task;
    int64_t used = atomic_load_explicit(&task->env.budget->used_bytes, memory_order_relaxed);
    if (used + store->parts[worker->index].bag.rows * store->finish_row_bytes <= task->soft_bytes)
        return NULL;
    return store_turn_to_disk(worker, store);
}

/* Before pipeline `index` runs: finished stores that it does not read leave the memory, until half of it is free. */
Error *task_make_room(Task *task, int32_t index) MUST_USE;
/* After pipeline `index`: closes the stores that no later one needs. */
void task_release(Task *task, int32_t index);
bool pipeline_is_mine(const Task *task, int32_t index);

/* ---- by kind ---- */

/* spill_sort.c: the part's rows in order, as one more run; merging all of them into store->disk, OFFSET and LIMIT
 * applied if `limited`. */
Error *sort_spill(RtStore *store, int32_t part) MUST_USE;
Error *sort_spill_finish(RtStore *store, bool limited) MUST_USE;
/* spill_window.c: the same for WINDOW stores. */
Error *window_spill(RtStore *store, int32_t part) MUST_USE;
Error *window_spill_finish(RtStore *store) MUST_USE;
/* spill_group.c */
Error *agg_spill(RtStore *store, int32_t part) MUST_USE;
Error *agg_spill_finish(RtStore *store) MUST_USE;
/* spill_join.c */
Error *join_spill_finish(RtStore *store) MUST_USE; /* all parts are on disk afterwards */
bool join_is_spilled(const RtStore *store);
/* Reads the first passes of the stores that a pipeline probes; then the next ones, until there are none (*more false). */
Error *join_passes_begin(Task *task, const SpecPipeline *pipeline, bool *many) MUST_USE;
Error *join_passes_next(Task *task, const SpecPipeline *pipeline, bool *more) MUST_USE;
void join_passes_end(Task *task, const SpecPipeline *pipeline);
void join_spill_close(RtStore *store);

/* Does a probe key belong to the pass that is in memory?  Where not, its row is another pass's to judge. */
static inline bool join_in_pass(const RtStore *store, uint64_t key, bool null)
{
    int32_t partition = null ? 0 : spill_partition(key);
    return partition >= store->join.from && partition < store->join.to;
}

#endif
