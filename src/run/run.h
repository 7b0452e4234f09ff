/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share.
 *
 *   Task          one query on one rank
 *    |- RtStore   one a store of the Spec; its RtPart p belongs to worker p while pipelines run
 *    |- RtWorker  one a thread; its RtScan is the morsel it works on
 *    '- Pipe      the pipeline that runs now: source, morsels, counters
 *
 *   store kind:    open -> reserve, commit ... (workers) -> finish -> read as a source -> close
 *   source kind:   open (counts morsels) -> begin(morsel), next ... (workers) -> close
 *
 * While a pipeline runs, a worker touches its own part and worker only, except
 * where a field says "locked" or is atomic.  Between pipelines only the task's thread runs.
 */
#ifndef SRC_RUN_RUN_H
#define SRC_RUN_RUN_H

#include "base/core/assert.h"
#include "base/core/trace.h"
#include "base/kernel/key_filter.h"
#include "src/run/memory.h"
#include "src/run/rt.h"
#include "src/run/spill.h"
#include "src/run/task.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* ---- rows in memory (run_rows.c) ---- */

typedef struct RowChunk
{
    struct RowChunk *next;
    size_t bytes; /* of the piece */
    int32_t rows;
    int32_t capacity;
    char data[] __attribute__((aligned(16)));
} RowChunk;

typedef struct StrChunk
{
    struct StrChunk *next;
    size_t bytes;
} StrChunk;

/* Rows and string bytes of one owner. Zeroed is empty; pool and stride are to be set. */
typedef struct RowBag
{
    MemoryPool *pool;
    int32_t stride;
    RowChunk *first, *last;
    int64_t rows;
    int64_t bytes;      /* of all pieces, strings too */
    int64_t str_bytes;  /* of string pieces */
    size_t chunk_bytes; /* of the next chunk */
    StrChunk *strs;
    char *str_at, *str_end;
} RowBag;

void bag_init(RowBag *bag, MemoryPool *pool, int32_t stride);
/* Room for n rows side by side; bag_commit says how many were filled. */
Error *bag_reserve(RowBag *bag, int32_t n, char **rows) MUST_USE;
void bag_commit(RowBag *bag, int32_t used);
void bag_add(RowBag *bag, RowChunk *chunk); /* full, of the bag's pool and stride: owned from now on */
Error *bag_str(RowBag *bag, const Str *s, Str *out) MUST_USE;
Error *bag_bytes(RowBag *bag, int64_t length, char **out) MUST_USE; /* room for a string */
/* A copy of n rows side by side, with their strings. */
Error *bag_keep(RowBag *bag, const RowLayout *layout, const char *rows, int32_t n, char **kept) MUST_USE;
/* The rows of a chunk (owned from now on) of which `filled` bytes are used: as it is, or copied if it is mostly empty. */
Error *bag_take(RowBag *bag, const RowLayout *layout, RowChunk *chunk, size_t filled, char **rows) MUST_USE;
void bag_clear(RowBag *bag); /* gives all back */
void bag_strs_free(MemoryPool *pool, StrChunk *strs);
/* Moves all of `from` (same stride, same pool) behind `to`. */
void bag_append(RowBag *to, RowBag *from);
/* Visits runs of at most `most` rows: begin with *chunk = bag->first, *at = 0; NULL at the end. */
const char *bag_run(RowChunk **chunk, int32_t *at, int32_t stride, int32_t most, int32_t *count);

/* ---- keys of groups (run_key.c) ---- */

/* Fields 0..count-1 of two rows: equal as GROUP BY sees it (null = null, NaN = NaN, trailing blanks ignored). */
bool rows_keys_equal(const RowLayout *layout, int32_t count, const char *a, const char *b);

static inline bool field_null(const RowField *field, const char *row)
{
    return field->null_offset >= 0 && row[field->null_offset] != 0;
}

/* ---- pieces of a task ---- */

#define CACHE_LINE 64

typedef struct KeySlot
{
    uint64_t key;
    char *row; /* NULL = free */
} KeySlot;

typedef enum HashForm
{
    HASH_EMPTY, /* no rows */
    HASH_CHAIN, /* KEY_NONE: one chain of all rows */
    HASH_DENSE, /* row pointer by key - least */
    HASH_BITS,  /* one bit by key - least: exists_only */
    HASH_SLOTS  /* linear probing over KeySlots */
} HashForm;

typedef struct HashStore
{
    HashForm form;
    uint64_t least; /* DENSE, BITS */
    uint64_t range; /* entries */
    uint64_t mask;  /* SLOTS */
    int32_t shift;
    bool large;     /* beyond the cache: prefetch */
    uint64_t *bits; /* BITS; DENSE and SLOTS of which most keys are missing: one bit a key - least; else NULL */
    size_t bits_bytes;
    uint64_t *bloom; /* SLOTS without `bits`, beyond the first cache: some bits of a word a key; else NULL */
    size_t bloom_bytes;
    int32_t bloom_shift;
    void *table;
    size_t table_bytes;
    char *chain;
    bool chained; /* some key has more than one row */
} HashStore;

static inline RowHeader *row_header(const char *row)
{
    return (RowHeader *) (void *) (uintptr_t) row;
}

/* A build side that is on disk: see spill_join.c. */
typedef struct JoinSpill
{
    SpillRun *parts;  /* by partition of the key; malloc; NULL: it is in memory */
    int32_t from, to; /* partitions that the directory holds now */
} JoinSpill;

/* Group table of one worker. */
typedef struct AggPart
{
    KeySlot *slots;
    size_t slots_bytes;
    uint64_t mask;
    int32_t shift;
    char **dense; /* group row by key, of the store's key_entries; NULL: slots */
    size_t dense_bytes;
    int64_t groups;
    char *single;
    void **codes; /* agg_code_table */
    int64_t codes_size;
    int64_t codes_segment; /* 1 + segment it is for; 0 none */
    /* while merging: own rows by partition */
    char **pointers;
    size_t pointers_bytes;
    int64_t *partition_end;
} AggPart;

/* Sort entries: order of `prefix` agrees with the order of rows; equal prefixes need the whole comparison. */
typedef struct SortEntry
{
    uint64_t prefix;
    char *row;
} SortEntry;

typedef struct SortPart
{
    SortEntry *entries; /* top-N: scratch of the compaction */
    size_t entries_bytes;
    char *bound; /* a row: what is not before it is not wanted; NULL: none yet */
} SortPart;

/* What a worker adds to a bitmap of keys (run_exists.c). */
typedef struct ExistsPart
{
    char *rows; /* RT_BATCH, used again and again */
    size_t rows_bytes;
    uint64_t *bits;
    size_t bits_bytes;
} ExistsPart;

/* Rows in the order of an array of pointers. */
typedef struct RowOrder
{
    char **rows;
    size_t bytes;
    int64_t count;
} RowOrder;

typedef struct SendLane SendLane;     /* run_deleted.c */
typedef struct DeletedRows DeletedRows;
/* XX001 if the bitmap is damaged. */
Error *deleted_open(const SpecSegment *segment, DeletedRows **out) MUST_USE;
void deleted_close(DeletedRows *deleted); /* NULL allowed */
int64_t deleted_count(const DeletedRows *deleted, int64_t from, int64_t to); /* of the rows [from, to) */
/* Which of the rows from .. from + count - 1 are there: numbers from 0, ascending; returns how many. */
int32_t deleted_live(const DeletedRows *deleted, int64_t from, int32_t count, uint16_t *live);
/* run_exchange.c */
typedef struct AppendPart AppendPart; /* run_append.c */
typedef struct AppendStore AppendStore;
typedef struct ExchangeStore ExchangeStore;

typedef struct RtPart
{
    RowBag bag;
    SpillRun *runs; /* malloc: what is on disk already; see run_spill.h */
    int32_t run_count;
    union
    {
        AggPart agg;
        ExistsPart exists;
        SortPart sort;
        SendLane *lanes;
        AppendPart *append;
    };
} __attribute__((aligned(CACHE_LINE))) RtPart;

typedef struct StoreOps StoreOps;

struct RtStore
{
    Task *task;
    const SpecStore *spec;
    const StoreOps *ops;
    const RowLayout *layout;
    int32_t index;
    int32_t stride;
    bool finished;
    bool immediate;       /* RETURN: rows go to the sink as they are committed */
    RtPart *parts;        /* task->worker_count */
    _Atomic int64_t rows; /* EXCHANGE, RETURN, limits: committed so far */
    HashStore hash;
    RowOrder order; /* AGG, SORT when finished: rows to read; rows == NULL: as the bags have them */
    SpillRun disk;  /* when finished: rows that are read from disk, in order, before those of the bags */
    int64_t finish_row_bytes; /* what finishing may take besides, a row of one part */
    JoinSpill join;           /* HASH */
    char *initial;  /* AGG: initial row */
    bool dense;     /* AGG: groups stand in arrays by key */
    ExchangeStore *exchange;
    AppendStore *append;
};

struct StoreOps
{
    Error *(*open)(RtStore *store);
    /* NULL: the store takes no rows this way. */
    Error *(*reserve)(RtWorker *worker, RtStore *store, int32_t n, char **rows);
    Error *(*commit)(RtWorker *worker, RtStore *store, int32_t used);
    Error *(*str)(RtWorker *worker, RtStore *store, const Str *s, Str *out);
    /* Writes all rows of a part to disk, and empties it; by its worker, between two batches.  NULL: cannot. */
    Error *(*spill)(RtStore *store, int32_t part);
    /* The worker has done its last morsel of a pipeline into this store. */
    Error *(*part_end)(RtWorker *worker, RtStore *store);
    /* All pipelines into it have ended here; by the task's thread, may use the team. */
    Error *(*finish)(RtStore *store);
    void (*close)(RtStore *store);
};

extern const StoreOps buffer_ops, hash_ops, agg_ops, sort_ops, exchange_ops, append_ops, return_ops, window_ops;

/* Rows of a source handed out in runs. */
typedef struct Morsels
{
    int32_t range_count;
    struct MorselRange
    {
        _Atomic int64_t next;
        int64_t end;
    } __attribute__((aligned(CACHE_LINE))) * ranges;
} Morsels;

typedef struct Pipe Pipe;
typedef struct SourceOps
{
    /* By the task's thread; sets pipe->morsel_count. */
    Error *(*open)(Pipe *pipe);
    void (*begin)(RtScan *scan, int64_t morsel);
    /* Rows of the next batch; 0 at the morsel's end. */
    int32_t (*next)(RtScan *scan);                    /* scan_next */
    int32_t (*rows)(RtScan *scan, const char **rows); /* rows_next */
    void (*end)(RtScan *scan);                        /* the worker has had its last morsel */
    void (*close)(Pipe *pipe);
} SourceOps;

extern const SourceOps source_one_ops, source_scan_ops, source_store_ops, source_values_ops, source_load_ops;

typedef struct ScanSource ScanSource; /* run_scan.c */
typedef struct ScanState ScanState;
typedef struct LoadSource LoadSource; /* run_load.c */
typedef struct LoadState LoadState;

struct Pipe
{
    Task *task;
    const SpecPipeline *spec;
    int32_t index;
    const SourceOps *ops;
    RtStore *source;      /* SOURCE_STORE */
    RtStore *sink;
    int64_t morsel_count;
    int32_t worker_count; /* that take part */
    Morsels morsels;
    bool again;           /* it runs several times: see spill_join.c */
    int64_t pieces;       /* STORE with numbers: morsels a chunk; else 1 */
    int64_t live_from;    /* EXCHANGE: morsels from here on take what comes */
    ScanSource *scan;
    LoadSource *load;
    const char *values_rows; /* VALUES */
    const RowLayout *values_layout;
    int64_t values_count;
};

/* A worker's morsel. */
struct RtScan
{
    RtWorker *worker;
    Pipe *pipe;
    int64_t from, to; /* rows or morsel-private numbers */
    int64_t at;
    int64_t piece; /* of the numbers beside each row */
    RowChunk *chunk;
    int32_t chunk_at;
    bool chunk_read; /* it came from disk and is the scan's own */
    char *gather; /* RT_BATCH rows of the source's stride, for ordered stores */
    size_t gather_bytes;
    ExchangeStore *exchange;
    struct ExchangeBuffer *buffer; /* EXCHANGE: what is being read */
    char *buffer_rows;
    int64_t buffer_count, buffer_at;
    ScanState *scan;
    LoadState *load;
};

struct RtWorker
{
    Task *task;
    const Rt *rt;
    int32_t index;
    Error *error; /* first one; sticky */
    Arena *arena; /* batch arena */
    const RtParam *params;
    RtScan scan;
    char *scratch; /* harmless room after an error */
    size_t scratch_bytes;
    int64_t rows_in, rows_out, blocks, work_us;
} __attribute__((aligned(CACHE_LINE)));

struct Task
{
    TaskEnv env;
    Rt rt;
    const Spec *spec;
    Team *team;
    uint32_t roles;
    bool commanded; /* in a world of several */
    int32_t node;   /* compute index of this rank; LEADER_INDEX on a pure leader */
    int32_t node_count;
    int32_t worker_count;
    Arena *arena; /* the task's; by its own thread, or under `lock` */
    pthread_mutex_t lock;
    RtParam *params;
    RtStore *stores;
    Scratch *scratch;
    int64_t soft_bytes; /* of the Budget: beyond it stores turn to disk */
    RtWorker *workers;
    const RtModule *_Atomic module; /* what a worker's next morsel runs */
    struct Module *module_held;
    struct Module *module_better; /* tier 1, taken up while the task ran; `module` is its table then */
    _Atomic bool better_there;    /* better_digest is complete */
    bool better_tried;            /* by worker 0 */
    uint8_t better_digest[16];
    _Atomic bool stop; /* an error happened or somebody cancelled */
    _Atomic bool cancelled;
    Error *error; /* the first one, under lock */
    int64_t start_us;
    int32_t return_pipe;  /* index of the pipeline into RETURN that task_return() runs; -1 */
    const TaskSink *sink; /* while task_return() runs */
    const TaskFeed *feed;
    int64_t returned;
    TaskCounter *counters; /* one a pipeline; threads == 0: did not run here */
    int32_t segment_count;
    int32_t segment_capacity;
    TaskSegment *segments; /* under lock */
    struct LoadRejects *rejects;
    RowNumbers numbers;
    ValueSession session; /* the spec's, with them */
    _Atomic int64_t load_rows, load_bytes, load_bytes_total;
    _Atomic int64_t told_us; /* when the leader last heard of it */
};

/* ---- shared functions ---- */

/* Sets the worker's error (owned); only the first is kept. */
void worker_fail(RtWorker *worker, Error *error);
/* Room that nobody reads. */
char *worker_scratch(RtWorker *worker, size_t bytes);
/* True when the worker should stop: own error, another's, cancel. */
bool worker_stops(RtWorker *worker);
void task_fail(Task *task, Error *error); /* owned; thread-safe */
Error *task_check(Task *task) MUST_USE;   /* 57014 if cancelled */

bool morsel_take(Morsels *morsels, int32_t worker, int64_t *morsel);

static inline bool task_alone(const Task *task) /* world of one: exchanges are buffers */
{
    return task->node_count == 1 && task->roles == (TASK_LEADER | TASK_COMPUTE);
}

/* Default members of StoreOps. */
Error *store_bag_open(RtStore *store) MUST_USE;
Error *store_bag_reserve(RtWorker *worker, RtStore *store, int32_t n, char **rows) MUST_USE;
Error *store_bag_commit(RtWorker *worker, RtStore *store, int32_t used) MUST_USE;
Error *store_bag_str(RtWorker *worker, RtStore *store, const Str *s, Str *out) MUST_USE;
void store_bag_close(RtStore *store);
int64_t store_rows(const RtStore *store); /* in the bags */
int64_t store_bytes(const RtStore *store);
Error *store_order_new(RtStore *store, int64_t count) MUST_USE; /* room for that many pointers */

/* Runs job(context, i) for i in 0..count-1, on the team if it is about many rows. */
typedef Error *(*PartJob)(void *context, int32_t i);
Error *task_parts(Task *task, int32_t count, int64_t rows, PartJob job, void *context) MUST_USE;

/* module of the task (task_module.c) */
Error *task_module_open(Task *task) MUST_USE;
void task_module_close(Task *task);
/* The pipeline's function as it is best now; NULL: rows pass.  Worker 0 takes up better code that has come. */
RtPipeline *task_function(Task *task, int32_t worker, const SpecPipeline *pipeline);
/* run_pipe.c */
Error *pipe_run(Task *task, int32_t index) MUST_USE;
/* run_agg.c: a new group's row in the worker's part; an empty table of slots. */
Error *agg_group_new(RtStore *store, RtPart *part, uint64_t key, char **row) MUST_USE;
Error *agg_slots_new(RtStore *store, AggPart *agg, uint64_t entries) MUST_USE;
/* The part has no groups any more: its rows are elsewhere, or done with. */
void agg_table_free(RtStore *store, int32_t part);
/* run_agg_merge.c: of KEY_NONE, of arrays, of slots; leave store->order */
Error *agg_merge_single(RtStore *store) MUST_USE;
Error *agg_merge_dense(RtStore *store, int64_t rows) MUST_USE;
Error *agg_merge_groups(RtStore *store, int64_t rows) MUST_USE;
/* run_exists.c: is the HASH store one of these?  Then exists_ops are its own. */
bool exists_fits(const RtStore *store);
extern const StoreOps exists_ops;
/* run_hash.c: the directory over the rows that are in the bags now */
Error *hash_directory_make(RtStore *store) MUST_USE;
void hash_directory_free(RtStore *store);
int64_t hash_directory_bytes(const RtStore *store);
/* run_probe.c */
void hash_probe_begin(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t outer,
                      RtProbe *probe);
int32_t hash_probe_next(RtStore *store, RtProbe *probe, uint16_t *pos, void **rows);
int32_t hash_probe_exists(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                          uint16_t *pos);
/* run_return.c */
Error *return_give_bags(RtStore *store) MUST_USE;
/* run_agg.c */
void agg_find(RtWorker *worker, RtStore *store, const uint64_t *keys, int32_t n, void **rows);
void agg_find_hashed(RtWorker *worker, RtStore *store, const char *candidates, int32_t n, void **rows);
void *agg_single(RtWorker *worker, RtStore *store);
void **agg_code_table(RtWorker *worker, RtStore *store, RtScan *scan, int64_t size);
/* run_merge.c */
/* The state of `from` into `into`, two rows of one group. 22003. */
Error *group_merge(const SpecStore *spec, char *into, const char *from) MUST_USE;
/* state: mean, squares; of pairs mean and squares of y, of x, then products. */
void moments_add(int64_t *count, double *const state[2], double value);
void moments_merge(int64_t *count, double *const state[2], int64_t more, const double more_state[2]);
void pairs_add(int64_t *count, double *const state[5], const I128 *pair);
void pairs_merge(int64_t *count, double *const state[5], int64_t more, const double more_state[5]);
/* run_sort.c */
/* All rows of the store in the order of spec->sort, OFFSET and LIMIT applied, into store->order. */
Error *sort_finish(RtStore *store) MUST_USE;
/* `count` rows from number `first` on as they stand in the bags, into store->order. */
Error *store_order_bags(RtStore *store, int64_t first, int64_t count) MUST_USE;
/* sort_order.c; keys: the first of them */
uint64_t sort_prefix(const RowLayout *layout, const SortKey *key, const char *row);
typedef struct SortOrder
{
    const RowLayout *layout;
    const SortKey *keys;
    int32_t key_count;
    bool exact; /* the prefix says all there is to say */
} SortOrder;
void sort_order_init(SortOrder *order, const RowLayout *layout, const SortKey *keys, int32_t key_count);
/* One entry a row of the bag. */
void bag_entries(const RtStore *store, const RowBag *bag, SortEntry *entries);
bool sort_entry_before(const SortOrder *order, const SortEntry *a, const SortEntry *b);
void sort_entries(const SortOrder *order, SortEntry *entries, int64_t count);
/* run_scan.c */
const void *scan_column(RtScan *scan, int32_t k);
const uint8_t *scan_nulls(RtScan *scan, int32_t k);
const uint16_t *scan_codes(RtScan *scan, int32_t k, int32_t *dictionary_count);
const uint8_t *scan_flags(RtScan *scan, int32_t k, RtStrPredicate *predicate, int32_t predicate_id);
int64_t scan_segment_number(const RtScan *scan); /* which segment the morsel is of */
/* run_exchange.c */
/* What went to other ranks so far; 0 where the store is no exchange. */
void exchange_sent(const RtStore *store, int64_t *bytes, int64_t *buffers);
char *exchange_send_row(RtWorker *worker, RtStore *store, uint64_t hash);
int32_t exchange_rows_next(RtScan *scan, const char **rows);
/* Rows of a pipeline without a function: where each goes is found out here. */
Error *exchange_pass(RtWorker *worker, RtStore *store, const char *rows, int32_t n) MUST_USE;
Error *exchange_batch_end(RtWorker *worker, RtStore *store) MUST_USE; /* rows are complete: may send */
void exchange_rows_end(RtScan *scan);
/* Before each pipeline that reads it; by the task's thread.  `again`: it will be read once more. *live: rows are still
 * to come; those that have are in the store's first bag and on disk. */
Error *exchange_read_begin(RtStore *store, bool again, bool *live) MUST_USE;
void exchanges_fail(Task *task); /* tells receivers that nothing more will come */
Error *exchange_prefetch(RtStore *store, bool *all) MUST_USE;
/* run_append.c */
const SpecTable *append_table(const RtStore *store);
/* Rows of a pipeline without a function; copied with their strings. */
Error *append_pass(RtWorker *worker, RtStore *store, const char *rows, int64_t n) MUST_USE;
/* params.c */
Error *params_make(Arena *arena, const Spec *spec, RtParam **out) MUST_USE;
int32_t param_in_set(const RtParam *set, const void *value);
int32_t param_like(const RtParam *pattern, const Str *s);
/* rt.c */
void rt_init(Rt *rt);

#endif
