/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of plan_cut(): cut.c walks the steps, cut_store.c makes stores, cut_scan.c makes sources. */
#ifndef SRC_PLAN_CUT_H
#define SRC_PLAN_CUT_H

#include "src/plan/planner.h"

typedef __int128 RowCount;
#define ROWS_MANY ((RowCount) 1 << 90) /* and more: nothing follows from it */

#define PIPE_OPS_MAX 24 /* operators of a pipeline, beyond which a join begins another; less than CURSORS_MAX of codegen */

typedef struct Open Open;
typedef struct Cut
{
    Planner *planner;
    Arena *arena;
    Plan *plan;
    Spec *spec;
    int32_t pipe_capacity, store_capacity, scan_capacity, values_capacity;
    RowCount *store_rows; /* most rows each store can have */
    bool lone;            /* one rank is leader and compute node: nothing is sent */
    int32_t stream;
    Open *shared; /* where the rows of each of plan->shared rest */
} Cut;

/* A pipeline that is still being made: rows stream out of it. */
struct Open
{
    SourceKind source;
    int32_t source_index;
    bool on_leader;
    RowCount rows_max;
    int32_t op_count, op_capacity;
    PipeOp *ops;
    const Step *scan; /* see PipePlan */
    const char *label;
};

Error *cut_step(Cut *cut, const Step *step, Open *open) MUST_USE;
Error *cut_result(Cut *cut, const Step *step) MUST_USE;
Error *cut_append(Cut *cut, const Step *step) MUST_USE;
/* With one node: the step under those that would move its rows. */
const Step *unmoved(const Cut *cut, const Step *step);

PipeOp *open_op(Cut *cut, Open *open, OpKind kind);
RowCount rows_times(RowCount a, RowCount b);

/* --- sources (cut_scan.c) --- */
void cut_scan(Cut *cut, const Step *step, Open *open);
Error *cut_values(Cut *cut, const Step *step, Open *open) MUST_USE;
/* A layout of the columns' own types. */
RowLayout *plain_layout(Cut *cut, const ColumnId *columns, int32_t count);
int32_t values_new(Cut *cut, const CatalogTable *table, RowLayout *layout, ColumnId *columns);
void open_store(Cut *cut, Open *open, int32_t store, bool on_leader);

/* --- whole sets of rows (cut_set.c) --- */
Error *cut_union(Cut *cut, const Step *step, Open *open) MUST_USE;
Error *cut_window(Cut *cut, const Step *step, Open *open) MUST_USE;
Error *cut_all_shared(Cut *cut) MUST_USE;
void cut_shared(Cut *cut, const Step *step, Open *open);
void cut_round(Cut *cut, const Step *step, Open *open);
Error *cut_write(Cut *cut, const Step *step) MUST_USE;

/* --- sinks (cut_store.c) --- */
/* Keys are columns of a row: what is computed gets a column. */
Expr **keys_as_columns(Cut *cut, Open *open, Expr *const *keys, int32_t count);
/* A store of these columns, as wide as their facts say; its index. */
int32_t store_add(Cut *cut, StoreKind kind, const ColumnId *columns, int32_t count);
SpecStore *store_at(Cut *cut, int32_t index);
/* Ends the pipeline in the store; each field is written from its column. */
PipePlan *pipe_close(Cut *cut, Open *open, int32_t store);
/* Tells of the pipeline closed last whose rows it collected. */
void pipe_closed_by(Cut *cut, const Step *step);
/* 0A000 for an aggregate that no rule has made something of. */
Error *store_of_aggregate(Cut *cut, Open *open, const Step *step, AggMode mode, int32_t *store) MUST_USE;
int32_t store_new(Cut *cut);
/*
 * How the keys make one exact key, if their bounds allow it (key_pack.c): a, as groups or as the build side has them,
 * and b, as the probe side does (NULL: groups).  NULL: they stay apart.
 */
KeyPack *keys_pack(Cut *cut, Expr *const *a, Expr *const *b, int32_t count);
/* Packs the first of the ordering's keys, as many as their bounds allow, by the expressions they are the fields of. */
void sort_keys_pack(Cut *cut, SpecStore *store, Expr *const *keys);
void store_pack(Cut *cut, int32_t store, KeyPack *packs, int32_t count); /* packs: NULL for none */
RowField field_of(Cut *cut, const Expr *expr);
/* Places the fields, behind the header where the store has one. */
void layout_place(StoreKind kind, RowLayout *layout);
/* Values of the type are told apart by 64 bits. */
bool is_exact_key(SqlType type);
int32_t store_of_build(Cut *cut, Open *open, const Step *join);
int32_t store_of_sort(Cut *cut, Open *open, const Step *step);
int32_t store_of_exchange(Cut *cut, Open *open, const Step *step, ExchangeKind kind);
void store_of_append(Cut *cut, Open *open, const Step *step);
void store_of_return(Cut *cut, Open *open, const Step *step, int64_t limit, int64_t offset);

#endif
