/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table generated code calls through.  Each entry looks after the worker's
 * sticky error, so that what stands behind can return Error *.
 */
#include "base/data/hash.h"
#include "base/data/value.h"
#include "base/kernel/i128.h"
#include "base/kernel/kernel.h"
#include "base/kernel/sel.h"
#include "src/run/run.h"
#include "src/run/run_spill.h"

#include <stdlib.h>

/* ---- errors ---- */

void worker_fail(RtWorker *worker, Error *error)
{
    if (error == NULL)
        return;
    if (worker->error != NULL)
        error_free(error);
    else
        worker->error = error;
    atomic_store_explicit(&worker->task->stop, true, memory_order_relaxed);
}

char *worker_scratch(RtWorker *worker, size_t bytes)
{
    if (worker->scratch_bytes < bytes)
    {
        free(worker->scratch);
        worker->scratch = calloc(1, bytes);
        ASSERT(worker->scratch != NULL);
        worker->scratch_bytes = bytes;
    }
    return worker->scratch;
}

bool worker_stops(RtWorker *worker)
{
    if (worker->error != NULL || atomic_load_explicit(&worker->task->stop, memory_order_relaxed))
        return true;
    Error *error = task_check(worker->task);
    worker_fail(worker, error);
    return error != NULL;
}

static Error *not_null_error(const Task *task, const RtStore *sink, int32_t column)
{
    (void) task;
    const SpecTable *table = sink == NULL ? NULL : append_table(sink);
    if (table == NULL || column < 0 || column >= table->column_count)
        return error_new(SQLSTATE_NOT_NULL_VIOLATION, "null value in column %d violates not-null constraint",
                         column + 1);
    return error_new(SQLSTATE_NOT_NULL_VIOLATION,
                     "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
                     table->column_names[column], table->name);
}

static Error *fault_error(RtWorker *worker, int32_t fault, int32_t detail)
{
    switch ((RtFault) fault)
    {
    case RT_FAULT_NUMERIC_OVERFLOW:
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric data overflow (result precision)");
    case RT_FAULT_SMALLINT_RANGE:
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "smallint out of range");
    case RT_FAULT_INTEGER_RANGE:
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    case RT_FAULT_BIGINT_RANGE:
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    case RT_FAULT_DIVISION_BY_ZERO:
        return error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    case RT_FAULT_NOT_NULL:
        return not_null_error(worker->task, worker->scan.pipe == NULL ? NULL : worker->scan.pipe->sink, detail);
    case RT_FAULT_STRING_LENGTH:
        return error_new(SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "value too long for type character varying(%d)",
                         detail);
    case RT_FAULT_SCALAR_ROWS:
        return error_new(SQLSTATE_CARDINALITY_VIOLATION,
                         "more than one row returned by a subquery used as an expression");
    case RT_FAULT_FLOAT_RANGE:
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
    }
    return error_new(SQLSTATE_INTERNAL_ERROR, "generated code reported fault %d", fault);
}

static void entry_raise(RtWorker *worker, int32_t fault, int32_t detail)
{
    if (worker->error == NULL)
        worker_fail(worker, fault_error(worker, fault, detail));
}

static Error **entry_error_slot(RtWorker *worker)
{
    return &worker->error;
}

static int64_t entry_try_failed(RtWorker *worker, Error *error)
{
    if (error_is_data(error))
        error_free(error);
    else
        worker_fail(worker, error);
    return 1;
}

/* ---- sources ---- */

/* A batch is through: what was lent for it goes back. */
static void batch_end(RtWorker *worker, RtStore *sink)
{
    arena_reset(worker->arena);
    if (worker->error == NULL)
        worker_fail(worker, sink->exchange != NULL ? exchange_batch_end(worker, sink) : store_relieve(worker, sink));
}

static int32_t entry_scan_next(RtScan *scan)
{
    RtWorker *worker = scan->worker;
    batch_end(worker, scan->pipe->sink);
    if (worker_stops(worker))
        return 0;
    int32_t n = scan->pipe->ops->next(scan);
    worker->rows_in += n;
    return n;
}

static int32_t entry_rows_next(RtScan *scan, const char **rows)
{
    RtWorker *worker = scan->worker;
    batch_end(worker, scan->pipe->sink);
    *rows = "";
    if (worker_stops(worker))
        return 0;
    int32_t n = scan->pipe->ops->rows(scan, rows);
    worker->rows_in += n;
    return n;
}

/* ---- stores ---- */

static RtStore *entry_store(RtWorker *worker, int32_t index)
{
    ASSERT(index >= 0 && index < worker->task->spec->store_count);
    return &worker->task->stores[index];
}

static const RtParam *entry_params(RtWorker *worker)
{
    return worker->params;
}

static Arena *entry_batch_arena(RtWorker *worker)
{
    return worker->arena;
}

static char *entry_rows_reserve(RtWorker *worker, RtStore *store, int32_t n)
{
    char *rows = NULL;
    if (worker->error == NULL)
        worker_fail(worker, store->ops->reserve(worker, store, n, &rows));
    return worker->error == NULL ? rows : worker_scratch(worker, (size_t) n * (size_t) store->stride);
}

static void entry_rows_commit(RtWorker *worker, RtStore *store, int32_t used)
{
    if (worker->error != NULL)
        return;
    worker->rows_out += used;
    worker_fail(worker, store->ops->commit(worker, store, used));
}

static void entry_keep_str(RtWorker *worker, RtStore *store, const Str *s, Str *out)
{
    if (worker->error == NULL)
        worker_fail(worker, store->ops->str(worker, store, s, out));
    if (worker->error != NULL)
        *out = (Str){"", 0};
}

static int32_t entry_sink_full(RtWorker *worker, RtStore *store)
{
    if (worker->error != NULL)
        return 1;
    const SpecStore *spec = store->spec;
    if (spec->limit < 0 || spec->sort_count > 0)
        return 0;
    int64_t offset = spec->offset > 0 ? spec->offset : 0;
    return atomic_load_explicit(&store->rows, memory_order_relaxed) - offset >= spec->limit;
}

/* ---- strings, wide integers ---- */

static uint64_t entry_hash_str(const Str *s)
{
    return hash_str(*s);
}

static uint64_t entry_hash_i128(const I128 *value)
{
    return hash_i128(*value);
}

static int32_t entry_str_compare(const Str *a, const Str *b)
{
    return str_compare(*a, *b);
}

static void wide_fault(RtWorker *worker, int32_t code)
{
    if (code != 0)
        entry_raise(worker, code == 2 ? RT_FAULT_DIVISION_BY_ZERO : RT_FAULT_NUMERIC_OVERFLOW, 0);
}

static void entry_i128_add(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b)
{
    wide_fault(worker, k_i128_add(dst, a, b));
}

static void entry_i128_sub(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b)
{
    wide_fault(worker, k_i128_sub(dst, a, b));
}

static void entry_i128_mul(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b)
{
    wide_fault(worker, k_i128_mul(dst, a, b));
}

static void entry_i128_div(RtWorker *worker, I128 *dst, const I128 *a, int32_t sa, const I128 *b, int32_t sb, int32_t s)
{
    wide_fault(worker, k_i128_div(dst, a, sa, b, sb, s));
}

static void entry_i128_mod(RtWorker *worker, I128 *dst, const I128 *a, const I128 *b)
{
    wide_fault(worker, k_i128_mod(dst, a, b));
}

static void entry_i128_rescale(RtWorker *worker, I128 *dst, const I128 *a, int32_t from, int32_t to, int32_t round)
{
    wide_fault(worker, k_i128_rescale(dst, a, from, to, round));
}

static void entry_i128_from_f64(RtWorker *worker, I128 *dst, double value, int32_t precision, int32_t scale)
{
    wide_fault(worker, k_i128_from_f64(dst, value, precision, scale));
}

static void entry_i128_check(RtWorker *worker, const I128 *a, int32_t precision)
{
    wide_fault(worker, !k_i128_fits(a, precision));
}

/* ---- the table ---- */

static void rt_init_kernels(Rt *rt)
{
    const SelKernels *kernels = sel_kernels();
#define RT_SEL_SET(op, width, T) rt->sel_##op##_##width = kernels->op##_##width;
    RT_SEL_OPS(RT_SEL_SET)
#undef RT_SEL_SET
    rt->sel_set = kernels->set;
    rt->sel_clear = kernels->clear;
    rt->function = func_bodies();
}

void rt_init(Rt *rt)
{
    *rt = (Rt){
        .scan_next = entry_scan_next,
        .scan_column = scan_column,
        .scan_nulls = scan_nulls,
        .scan_codes = scan_codes,
        .scan_flags = scan_flags,
        .rows_next = entry_rows_next,
        .store = entry_store,
        .params = entry_params,
        .batch_arena = entry_batch_arena,
        .rows_reserve = entry_rows_reserve,
        .rows_commit = entry_rows_commit,
        .send_row = exchange_send_row,
        .keep_str = entry_keep_str,
        .sink_full = entry_sink_full,
        .probe_begin = hash_probe_begin,
        .probe_next = hash_probe_next,
        .probe_exists = hash_probe_exists,
        .agg_find = agg_find,
        .agg_find_hashed = agg_find_hashed,
        .agg_single = agg_single,
        .agg_code_table = agg_code_table,
        .moments_add = moments_add,
        .moments_merge = moments_merge,
        .pairs_add = pairs_add,
        .pairs_merge = pairs_merge,
        .raise = entry_raise,
        .error_slot = entry_error_slot,
        .try_failed = entry_try_failed,
        .hash_str = entry_hash_str,
        .hash_f64 = hash_f64,
        .hash_i128 = entry_hash_i128,
        .str_compare = entry_str_compare,
        .like = param_like,
        .in_set = param_in_set,
        .i128_add = entry_i128_add,
        .i128_sub = entry_i128_sub,
        .i128_mul = entry_i128_mul,
        .i128_div = entry_i128_div,
        .i128_mod = entry_i128_mod,
        .i128_rescale = entry_i128_rescale,
        .i128_compare = k_i128_compare,
        .i128_to_f64 = k_i128_to_f64,
        .i128_from_f64 = entry_i128_from_f64,
        .i128_check = entry_i128_check,
    };
    rt_init_kernels(rt);
}
