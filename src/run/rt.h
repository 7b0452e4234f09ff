/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The border between generated code and the runtime.  Generated C begins with
 * the text of this file (embedded in the binary), so it must be accepted by
 * libtcc: no libc, no include but the guarded one, no vectors, no __int128.
 *
 * A pipeline function is called once a morsel, by one worker thread:
 *
 *     void p1(const Rt *rt, RtWorker *worker, RtScan *scan)
 *     {
 *         const RtParam *params = rt_params(rt, worker);
 *         while ((n = rt->scan_next(scan)) > 0)       // batches of <= 1024 rows
 *         {
 *             const int16_t *l_shipdate = rt->scan_column(scan, 2);   // decoded now, once
 *             m = rt->sel_gt_i16(l_shipdate, 0, n, params[0].i, 0, sel);
 *             ...probe, compute, write to the sink...
 *         }
 *     }
 *
 * Errors are sticky: whatever fails sets the worker's error and gives harmless
 * values; scan_next() then returns 0.  Nothing unwinds.
 */
#ifndef SRC_RUN_RT_H
#define SRC_RUN_RT_H

#ifdef STOA_GENERATED
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef unsigned long size_t;
typedef struct Str
{
    const char *data;
    int64_t len;
} Str;
typedef struct I128
{
    uint64_t lo;
    int64_t hi;
} I128;
typedef struct Interval
{
    int64_t us;
    int32_t days;
    int32_t months;
} Interval;
typedef struct RowHeader
{
    uint64_t key;
    void *next;
} RowHeader;
typedef struct Arena Arena;
typedef struct Error Error;
#else
#include "base/core/arena.h"
#include "base/data/type.h"
#include "src/run/spec.h"
#endif

#define RT_BATCH 1024

typedef struct Rt Rt;
typedef struct RtWorker RtWorker; /* one thread's view of one running pipeline */
typedef struct RtScan RtScan;     /* one morsel of the source */
typedef struct RtStore RtStore;

typedef struct RtParam
{
    union
    {
        int64_t i;
        double f;
        I128 w;
        Str s;
        Interval v;
    };
    const void *aid; /* compiled LIKE pattern, hash set of an IN list..., or 0 */
    int64_t null;
} RtParam;

/* What generated code can report: the runtime makes the Error from it. */
typedef enum RtFault
{
    RT_FAULT_NUMERIC_OVERFLOW = 1, /* 22003 numeric data overflow (result precision) */
    RT_FAULT_SMALLINT_RANGE,
    RT_FAULT_INTEGER_RANGE,
    RT_FAULT_BIGINT_RANGE,
    RT_FAULT_DIVISION_BY_ZERO,
    RT_FAULT_NOT_NULL,      /* detail: column index of the sink table */
    RT_FAULT_STRING_LENGTH, /* 22001 */
    RT_FAULT_SCALAR_ROWS,   /* 21000 */
    RT_FAULT_FLOAT_RANGE
} RtFault;

/* State of one probe of a HASH store for one batch. */
typedef struct RtProbe
{
    int32_t count;   /* rows probed */
    int32_t at;      /* next row to expand */
    int32_t outer;   /* 1: at the end also give each row whose `matched` is still 0, with row NULL; 2: not, but `matched` is kept */
    int32_t phase;
    void *head[RT_BATCH];      /* chains to go on with, of the rows found[] */
    uint8_t matched[RT_BATCH]; /* outer: cleared by probe_begin, but for rows that are left to another pass over the
                                * source; generated code sets it for every pair that passed its residual (always,
                                * also when there is none) */
    int32_t found_count;
    uint16_t found[RT_BATCH]; /* probed rows whose key is there and that have pairs left */
} RtProbe;

/* A predicate of one string column, over n values: out[j] = 1 where it holds. */
typedef void RtStrPredicate(const Rt *rt, RtWorker *worker, const RtParam *params, const Str *values, int32_t n,
                            uint8_t *out);

/* clang-format off */
#define RT_SEL_WIDTHS(X, op) X(op, i8, int8_t) X(op, i16, int16_t) X(op, i32, int32_t) X(op, i64, int64_t) X(op, f64, double)
#define RT_SEL_OPS(X) RT_SEL_WIDTHS(X, eq) RT_SEL_WIDTHS(X, ne) RT_SEL_WIDTHS(X, lt) RT_SEL_WIDTHS(X, le) \
                      RT_SEL_WIDTHS(X, gt) RT_SEL_WIDTHS(X, ge) RT_SEL_WIDTHS(X, between)
/* clang-format on */

struct Rt
{
    /* --- source ------------------------------------------------------- */
    /* Rows of the next batch (1..1024), 0 at the morsel's end or after an error.  SOURCE_ONE: see rows_next. */
    int32_t (*scan_next)(RtScan *scan);
    /* Values of scan column k for this batch, in the SpecColumn's Rep (Str for
     * strings: valid until the next batch).  Decoded at the first call. */
    const void *(*scan_column)(RtScan *scan, int32_t k);
    /* 1 = null, one byte a row; never NULL. */
    const uint8_t *(*scan_nulls)(RtScan *scan, int32_t k);
    /* Dictionary codes of string column k in this batch and the dictionary's
     * size, or NULL where the block has none. The null code is unspecified: see scan_nulls. */
    const uint16_t *(*scan_codes)(RtScan *scan, int32_t k, int32_t *dictionary_count);
    /* Flags of a predicate over string column k (null rows get 0): run once
     * over the dictionary of a segment where there is one, else over the
     * batch's values.  `predicate_id` names the predicate inside the unit. */
    const uint8_t *(*scan_flags)(RtScan *scan, int32_t k, RtStrPredicate *predicate, int32_t predicate_id);
    /* Next rows of a store or VALUES source: up to 1024 standing one stride apart.  SOURCE_ONE: once 1, no bytes. */
    int32_t (*rows_next)(RtScan *scan, const char **rows);

    /* --- sinks and stores --------------------------------------------- */
    RtStore *(*store)(RtWorker *worker, int32_t index);
    const RtParam *(*params)(RtWorker *worker);
    Arena *(*batch_arena)(RtWorker *worker); /* emptied at every scan_next/rows_next */
    /* Room for n <= 1024 rows in a row, zeroed not; then how many were filled.
     * BUFFER, HASH (the header's key is to be set), SORT, RETURN, EXCHANGE gather/bcast. */
    char *(*rows_reserve)(RtWorker *worker, RtStore *store, int32_t n);
    void (*rows_commit)(RtWorker *worker, RtStore *store, int32_t used);
    /* Room for one row that goes to the owner of `hash` (EXCHANGE hash). */
    char *(*send_row)(RtWorker *worker, RtStore *store, uint64_t hash);
    /* *out = a copy of *s that lives as long as the store. */
    void (*keep_str)(RtWorker *worker, RtStore *store, const Str *s, Str *out);
    /* More rows are not wanted (limit reached): the morsel may end early. */
    int32_t (*sink_full)(RtWorker *worker, RtStore *store);

    /* --- join --------------------------------------------------------- */
    /* keys[0..n): probe keys; nulls: NULL or 1 = key is null (never matches). */
    void (*probe_begin)(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t outer,
                        RtProbe *probe);
    /* Up to 1024 pairs (pos[j] = index of the probed row, rows[j] = build row or
     * NULL in outer mode); 0 = done. */
    int32_t (*probe_next)(RtStore *store, RtProbe *probe, uint16_t *pos, void **rows);
    /* Positions whose key is there (anti: is not there, or is null). */
    int32_t (*probe_exists)(RtStore *store, const uint64_t *keys, const uint8_t *nulls, int32_t n, int32_t anti,
                            uint16_t *pos);

    /* --- aggregation --------------------------------------------------- */
    /* This worker's group rows for exact keys.  A new row is a copy of the
     * store's initial row, all states empty (null or 0) and key.next NULL:
     * generated code sees next == NULL, writes the key fields, sets next to the row itself. */
    void (*agg_find)(RtWorker *worker, RtStore *store, const uint64_t *keys, int32_t n, void **rows);
    /* The same for hashed keys: candidates stand one layout stride apart with
     * their header key and key fields filled; new groups copy the key fields and strings. */
    void (*agg_find_hashed)(RtWorker *worker, RtStore *store, const char *candidates, int32_t n, void **rows);
    /* The single group (KEY_NONE). */
    void *(*agg_single)(RtWorker *worker, RtStore *store);
    /* Table of `size` group rows by combined dictionary codes, all NULL at a
     * new segment; generated code fills it through agg_find_hashed. NULL if size is too large. */
    void **(*agg_code_table)(RtWorker *worker, RtStore *store, RtScan *scan, int64_t size);

    /* One value more in a state of MERGE_MOMENTS: its count, mean and sum of squared distances from it (Welford 1962). */
    void (*moments_add)(int64_t *count, double *const state[2], double value);
    /* Another such state into it, where groups of other ranks come in. */
    void (*moments_merge)(int64_t *count, double *const state[2], int64_t more, const double more_state[2]);
    /* The same of pairs (FUNC_PAIR): a state of MERGE_PAIRS. */
    void (*pairs_add)(int64_t *count, double *const state[5], const I128 *pair);
    void (*pairs_merge)(int64_t *count, double *const state[5], int64_t more, const double more_state[5]);

    /* --- faults, strings, wide integers -------------------------------- */
    void (*raise)(RtWorker *worker, int32_t fault, int32_t detail);
    Error **(*error_slot)(RtWorker *worker); /* for SQL function bodies */
    /* What TRY_CAST met: a fault of the value is dropped, another one is the worker's.  1: the value is null. */
    int64_t (*try_failed)(RtWorker *worker, Error *error);
    uint64_t (*hash_str)(const Str *s);      /* trailing blanks ignored */
    uint64_t (*hash_f64)(double value);
    uint64_t (*hash_i128)(const I128 *value);
    int32_t (*str_compare)(const Str *a, const Str *b); /* trailing blanks ignored */
    int32_t (*like)(const RtParam *pattern, const Str *s);
    int32_t (*in_set)(const RtParam *set, const void *value); /* value: int64_t, double, I128 or Str as the set's type */
    /* I128: dst may be an operand. faults are raised. */
    void (*i128_add)(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b);
    void (*i128_sub)(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b);
    void (*i128_mul)(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b);
    /* dst = a/10^sa : b/10^sb at scale s, as DECIMAL divides (truncated) */
    void (*i128_div)(RtWorker *worker, I128 *dst, const I128 *a, int32_t sa, const I128 *b, int32_t sb, int32_t s);
    void (*i128_mod)(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b);
    void (*i128_rescale)(RtWorker *worker, I128 *dst, const I128 *a, int32_t from, int32_t to, int32_t round);
    int32_t (*i128_compare)(const I128 *a, const I128 *b);
    double (*i128_to_f64)(const I128 *a, int32_t scale);
    void (*i128_from_f64)(RtWorker *worker, I128 *dst, double value, int32_t precision, int32_t scale);
    /* raises NUMERIC_OVERFLOW beyond `precision` digits */
    void (*i128_check)(RtWorker *worker, const I128 *a, int32_t precision);

    /* --- SQL function bodies by id of func.def; the caller casts ---------- */
    void *const *function;

    /* --- selection kernels: values, input selection (0 = rows 0..n-1), n, a, b (between), out --- */
#define RT_SEL(op, width, T)                                                                           \
    int32_t (*sel_##op##_##width)(const T *values, const uint16_t *in, int32_t n, T a, T b, uint16_t *out);
    RT_SEL_OPS(RT_SEL)
#undef RT_SEL
    /* rows whose byte is not 0 / is 0 */
    int32_t (*sel_set)(const uint8_t *bytes, const uint16_t *in, int32_t n, uint16_t *out);
    int32_t (*sel_clear)(const uint8_t *bytes, const uint16_t *in, int32_t n, uint16_t *out);
};

typedef void RtPipeline(const Rt *rt, RtWorker *worker, RtScan *scan);

/* What every module exports as `stoa_module`. */
typedef struct RtModule
{
    uint32_t abi;  /* RT_ABI */
    int32_t pipeline_count;
    RtPipeline *const *pipelines;
} RtModule;

#define RT_ABI 2

#endif
