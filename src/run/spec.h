/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Spec is what a rank is told to do for one query: plain data, made by the
 * planner on the leader, sent to every compute node, read-only afterwards.
 *
 *   pipeline: source -> generated function -> sink
 *
 *       scan ----p0----> HASH 0                     (build side)
 *       scan ----p1----> AGG 1      probes HASH 0
 *       AGG 1 ---p2----> EXCHANGE 2                 (compute nodes)
 *       EXCHANGE 2 --p3--> SORT 3                   (leader)
 *       SORT 3 --p4----> RETURN 4                   (leader)
 *
 * Pipelines run one after the other in index order; a rank skips those not
 * meant for it.  Several may end in one store (UNION ALL), and a store may be
 * the source of several.  When the last pipeline into a store has ended on a rank
 * it is finished there: a hash table gets its directory, thread-local groups are
 * merged, a buffer is sorted, window functions are computed, an exchange is
 * told end of stream.
 */
#ifndef SRC_RUN_SPEC_H
#define SRC_RUN_SPEC_H

#include "base/data/row.h"
#include "base/data/value_session.h"
#include "base/kernel/window.h"

typedef enum StoreKind
{
    STORE_BUFFER,   /* rows as they come */
    STORE_HASH,     /* rows behind a key directory: the build side of a join */
    STORE_AGG,      /* one row a group */
    STORE_SORT,     /* rows put in order, the first `limit` kept if limit >= 0 */
    STORE_WINDOW,   /* rows put in order; when all are there, window functions fill fields of each */
    STORE_EXCHANGE, /* rows sent to other ranks; the receiver reads what has come */
    STORE_APPEND,   /* rows written to a table's segments */
    STORE_RETURN    /* rows given to the client (leader) */
} StoreKind;

/* Rows of HASH and AGG stores begin with this header; layouts of those
 * stores place their first field at offset ROW_HEADER_SIZE or behind. */
typedef struct RowHeader
{
    uint64_t key; /* KEY_EXACT: the key itself; KEY_HASHED: hash of the key fields */
    void *next;   /* HASH: next row of equal key, NULL at the end; AGG: private to the store */
} RowHeader;
#define ROW_HEADER_SIZE 16

typedef enum KeyMode
{
    KEY_NONE,  /* HASH: every row matches (cross join), key 0; AGG: a single group */
    KEY_EXACT, /* the 64-bit key identifies the key values */
    KEY_HASHED /* equal keys must still be compared: HASH by generated code, AGG by the store */
} KeyMode;

/* How two states of one group become one. */
typedef enum MergeOp
{
    MERGE_SUM, /* adds in the field's Rep (I64, I128, F64); counts too */
    MERGE_MIN,
    MERGE_MAX,
    MERGE_AND,    /* bits */
    MERGE_OR,
    MERGE_MOMENTS, /* three fields from here on: count (I64), mean (F64), sum of squared distances from it (F64);
                    * Chan, Golub, LeVeque: "Updating formulae and a pairwise algorithm for computing sample variances", 1979 */
    MERGE_PAIRS    /* six: count, mean and squares of y and of x, sum of the products of both distances */
} MergeOp;

typedef struct SpecMerge
{
    int32_t field; /* of the store's layout; a nullable state that is null takes the other's value */
    uint8_t op;    /* MergeOp */
} SpecMerge;

typedef enum ExchangeKind
{
    EXCHANGE_GATHER, /* to the leader */
    EXCHANGE_HASH,   /* to the node that owns the slice of the row's hash */
    EXCHANGE_BCAST   /* to every compute node */
} ExchangeKind;

/* One window function of a WINDOW store: reads fields of the rows of a partition, writes one. */
typedef struct SpecWindow
{
    uint8_t window; /* WindowId; WINDOW_NONE: `agg` */
    uint8_t agg;    /* AggId */
    bool distinct;
    bool ignore_nulls;
    int32_t arg_count;
    int32_t args[WINDOW_ARGS_MAX]; /* fields */
    int32_t result;                /* field; of the type the bound window has */
    uint8_t frame_unit;            /* FrameUnit */
    uint8_t frame_start, frame_end; /* FrameBound */
    uint8_t frame_exclude;         /* FrameExclude */
    int32_t start_param, end_param; /* offsets: parameters of the query; -1: none */
} SpecWindow;

typedef struct SpecStore
{
    uint8_t kind;      /* StoreKind */
    uint8_t key_mode;  /* KeyMode: HASH, AGG */
    uint8_t exchange;  /* ExchangeKind */
    bool on_leader;    /* lives on the leader (EXCHANGE: its receiver) */
    bool from_leader;  /* EXCHANGE: the leader alone sends, the compute nodes receive */
    bool one_row;      /* AGG with KEY_NONE: yields its single row even when nothing came */
    bool unique;       /* HASH: at most one row a key, by what the planner knows; a hint */
    bool exists_only;  /* HASH: only asked whether a key is there; one row a key may be kept */
    bool numbered;     /* BUFFER: the last field is a count; each row is read that often, with 0, 1, ... in its place */
    RowLayout *layout;
    int32_t key_count; /* AGG: fields 0..key_count-1 are the key */
    int64_t key_entries; /* KEY_EXACT: keys are in 0 .. key_entries - 1; 0: nothing is known */
    int32_t merge_count;
    SpecMerge *merges; /* AGG: its state fields */
    int32_t sort_count;
    SortKey *sort; /* SORT; WINDOW: partition keys, then order */
    int32_t partition_count; /* WINDOW: the first keys of `sort` that make a partition */
    int32_t window_count;
    SpecWindow *windows; /* WINDOW */
    int64_t limit; /* SORT, RETURN: rows to give at most, -1 = all */
    int64_t offset; /* RETURN and SORT: rows to pass over first; a SORT then keeps offset + limit and gives `limit` */
    int32_t table; /* APPEND: index into tables */
    double rows_estimate;
} SpecStore;

/* Zone test: blocks in which no row can have `column op params[param]` are skipped. */
typedef enum ZoneOp
{
    ZONE_EQ,
    ZONE_LT,
    ZONE_LE,
    ZONE_GT,
    ZONE_GE
} ZoneOp;

typedef struct SpecZone
{
    int32_t column; /* of the scan */
    uint8_t op;     /* ZoneOp */
    int32_t param;  /* of the query's parameters, whose type is the column's */
} SpecZone;

typedef struct SpecSegment
{
    int64_t id;
    int32_t slice;
    char *file; /* name inside the slice's directory */
    int64_t rows;
    int64_t bytes;
    uint8_t digest[16];
    int64_t deleted_count; /* rows that are not there any more */
    void *deleted;         /* their numbers: a portable Roaring bitmap; NULL: none */
    size_t deleted_bytes;
} SpecSegment;

/* Which row of a table a row of a scan is, within one query: the place of its segment in the scan's list, and its number there. */
static inline int64_t row_address(int32_t segment, int64_t row)
{
    return ((int64_t) segment << 32) | row;
}
static inline int32_t row_address_segment(int64_t address)
{
    return (int32_t) (address >> 32);
}
static inline uint32_t row_address_row(int64_t address)
{
    return (uint32_t) address;
}

typedef struct SpecColumn
{
    int32_t id; /* the table's name for it in its segments; -1: the row's address, BIGINT */
    SqlType type;
    Datum *missing; /* its value in segments older than the column; NULL: null */
    uint8_t rep;     /* what scan_column() gives: narrow where statistics prove it */
    bool nullable;
} SpecColumn;

typedef struct SpecScan
{
    int64_t table_id;
    char *table_name; /* schema.name, for messages */
    bool replicated;  /* DISTSTYLE ALL: every node reads all of it */
    bool once;        /* replicated, but its rows must be seen once in all: only the first node reads */
    int32_t column_count;
    SpecColumn *columns;
    int32_t zone_count;
    SpecZone *zones;
    int32_t segment_count;
    SpecSegment *segments; /* of all slices; a node picks its own */
} SpecScan;

/* Target of STORE_APPEND. The store's layout has one field a column, in order. */
typedef struct SpecTable
{
    int64_t table_id;
    char *schema_name;
    char *name;
    int32_t column_count;
    char **column_names;
    int32_t *column_ids;
    SqlType *column_types;
    uint8_t *column_encodings; /* hdf5store's Encoding, AUTO allowed */
    bool *column_not_null;
    int32_t dist_style; /* DistStyle of the catalog: 0 EVEN, 1 KEY, 8 ALL */
    int32_t dist_column; /* -1 = none */
    int32_t sort_count;
    int32_t *sort_columns;
    bool rides;         /* small files may ride in the commit record instead of being synced */
    int64_t file_stamp; /* unique number of this statement, part of the file names */
} SpecTable;

typedef enum SourceKind
{
    SOURCE_ONE,   /* one row without columns, on the leader */
    SOURCE_SCAN,  /* a table: index of scans */
    SOURCE_STORE, /* a finished store: index of stores */
    SOURCE_LOAD,  /* COPY: rows parsed from files, see SpecLoad */
    SOURCE_VALUES /* rows the leader packed: index of values (VALUES lists, system views) */
} SourceKind;

typedef struct SpecPipeline
{
    uint8_t source; /* SourceKind */
    int32_t source_index;
    int32_t sink;     /* index of stores */
    int32_t function; /* index in the module's table; -1: rows pass as they are (equal layouts) */
    bool on_leader;   /* else on every compute node */
    int32_t stream;   /* numbering of the system tables */
    int32_t segment;
    int32_t probe_count;
    int32_t *probes;  /* HASH stores the function looks into */
    char *label;      /* "scan lineitem", for counters and messages */
} SpecPipeline;

/* What a rank prepares from a parameter before the query runs (RtParam.aid). */
typedef enum ParamAid
{
    PARAM_PLAIN,
    PARAM_LIKE, /* value: the pattern; compiled once */
    PARAM_SET   /* set[0..set_count): constants of an IN list, none null */
} ParamAid;

typedef struct SpecParam
{
    SqlType type;
    Datum value;
    uint8_t aid;      /* ParamAid */
    bool insensitive; /* LIKE: without regard to case */
    int32_t set_count;
    Datum *set;
} SpecParam;

typedef struct SpecValues
{
    RowLayout *layout;
    void *packed; /* row_pack()ed rows */
    size_t packed_bytes;
} SpecValues;

/* COPY: every node takes the units that fall to it. Format and units are written by src/load. */
typedef struct SpecLoad
{
    void *plan; /* load_plan_write() bytes: format, columns, files, byte ranges */
    size_t plan_bytes;
    int32_t identity; /* the column that gets numbers, INTEGER or BIGINT; -1: none */
    int64_t seed, step;
    bool stream; /* no files: bytes come through engine_run_feed(), and the pipeline is on_leader */
} SpecLoad;

typedef struct Spec
{
    uint64_t query;
    ValueSession session; /* how values read and print */
    int64_t numbers_base; /* RowNumbers of the tasks */
    int32_t slice_count;
    int64_t data_version;  /* snapshot the query reads */
    char module[40];       /* cache key of the generated code, hex; empty: none needed */
    int32_t module_tier;
    bool module_made; /* for this query; not sent */
    uint8_t module_digest[16]; /* xxh3-128 (canonical) of the .so; all zero: not checked */
    int32_t scan_count;
    SpecScan *scans;
    int32_t store_count;
    SpecStore *stores;
    int32_t pipeline_count;
    SpecPipeline *pipelines;
    int32_t table_count;
    SpecTable *tables;
    int32_t values_count;
    SpecValues *values;
    int32_t param_count;
    SpecParam *params;
    SpecLoad *load; /* NULL if none */
} Spec;

void spec_write(ByteWriter *writer, const Spec *spec);
Error *spec_read(ByteReader *reader, Arena *arena, Spec **spec) MUST_USE;
/* Indices in range, layouts placed, pipelines in an order that can run.  ASSERTs. */
void spec_verify(const Spec *spec);

/* The compute node (0..node_count-1) that owns a slice today. */
static inline int32_t slice_node(int32_t slice, int32_t slice_count, int32_t node_count)
{
    return (int32_t) ((int64_t) slice * node_count / slice_count);
}

#endif
