/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical plan.  Two views of one thing: a tree of Steps, with where the
 * rows live (Dist), which EXPLAIN prints; and the Pipelines it is cut into at
 * every place where rows must rest (hash table, aggregate, sort, exchange),
 * from which src/codegen writes C and from which the Spec is filled.
 */
#ifndef SRC_PLAN_PLAN_H
#define SRC_PLAN_PLAN_H

#include "sql/rel/rel.h"
#include "src/run/spec.h"

typedef enum DistKind
{
    DIST_AT_LEADER,
    DIST_AT_SLICES_RANDOM, /* spread, by nothing known */
    DIST_AT_SLICES_HASH,   /* by the hash of `columns`, in that order */
    DIST_AT_EVERY_NODE     /* every node has all rows */
} DistKind;

typedef struct Dist
{
    DistKind kind;
    int32_t column_count;
    ColumnId columns[4];
} Dist;

typedef enum StepKind
{
#define STEP(id, name, explain) STEP_##id,
#include "src/plan/step.def"
#undef STEP
    STEP_COUNT
} StepKind;

typedef enum AggMode
{
    AGG_SINGLE,
    AGG_PARTIAL,
    AGG_FINAL
} AggMode;

/* What a state of an aggregate does with a value: AVG and COUNT are already
 * taken apart (avg = sum / count in a PROJECT above), FINAL counts are sums. */
typedef struct StepAgg
{
    AggKind kind; /* COUNT_STAR, COUNT, SUM, MIN, MAX, BIT_AND, BIT_OR; the STDDEV and VAR families, those of pairs */
    Expr *arg;
    ColumnId column;
    bool fits64; /* SUM of an integer type: no sum over the rows there can be leaves 64 bits */
    int32_t field; /* of the store's layout: the first one of the state */
    /* A state of several columns (agg_state_columns()): `column`, then these.  A FINAL one merges such states: arg, then
     * these; elsewhere they are NULL. */
    ColumnId more[AGG_STATES_MAX - 1];
    Expr *more_args[AGG_STATES_MAX - 1];
} StepAgg;

typedef struct Step Step;
struct Step
{
    StepKind kind;
    int32_t input_count;
    Step **inputs; /* HJOIN: [0] outer = probe, [1] inner = build; UNION: any number; WRITE: an APPEND, if rows are
                    * written, then a RETURN of addresses */
    Dist dist;
    int32_t output_count;
    ColumnId *outputs;
    double rows;  /* estimate */
    double width; /* bytes a row */
    double cost_start, cost_total;
    const CatalogTable *table;
    const char *alias; /* as the statement calls it */
    int32_t table_column_count;
    ColumnId *table_columns; /* SCAN, SYSVIEW, VALUES, ROUND, UNION, SHARED: all columns */
    ColumnId address;        /* SCAN: column with the row's address, or NO_COLUMN */
    int32_t conjunct_count;
    Expr **conjuncts; /* SCAN, FILTER: filter; HJOIN: residual */
    bool must_hold;   /* FILTER: a row that fails it is error 21000, see PipeOp */
    bool once;        /* SCAN of a replicated table whose rows must be seen once in all */
    JoinKind join;
    const char *dist_label; /* "DS_DIST_NONE", "DS_BCAST_INNER"... of a join */
    int32_t key_count;
    Expr **outer_keys; /* HJOIN; also DIST: hash keys */
    Expr **inner_keys;
    int32_t named_count;
    BoundNamed *named;
    AggMode agg_mode;
    int32_t group_count;
    ColumnId *groups;
    int32_t agg_count;
    StepAgg *aggs;
    int32_t window_count;
    BoundWindow *windows; /* WINDOW; partition and sort keys are columns of the input */
    int32_t shared;       /* SHARED: which of plan->shared; -1 */
    int32_t cte;          /* ROUND; -1 */
    ColumnId **input_columns; /* UNION: as Rel's; SHARED: [0][k]: column of the shared step for table_columns[k] */
    int32_t sort_count;
    BoundSort *sort;
    int64_t limit, offset;
    int32_t row_count;
    Expr ***values;
    const CatalogTable *insert; /* APPEND: target; named: one a column of it */
    const BoundWrite *write;    /* WRITE */
};

/* --- pipelines ---------------------------------------------------------- */
typedef enum OpKind
{
    OP_FILTER,  /* rows where all conjuncts are true go on; with must_hold the others raise RT_FAULT_SCALAR_ROWS */
    OP_COMPUTE, /* named expressions get their value (later ops and the sink use its column) */
    OP_PROBE    /* looks into HASH store `store` with keys; join kind; residual */
} OpKind;

typedef struct PipeOp
{
    OpKind kind;
    bool must_hold; /* FILTER made of a scalar subquery: "not more than one row" */
    int32_t conjunct_count;
    Expr **conjuncts; /* FILTER; PROBE: residual over both sides */
    int32_t named_count;
    BoundNamed *named;
    int32_t store;
    JoinKind join;
    int32_t key_count;
    Expr **keys;       /* probe side */
    Expr **build_keys; /* the build side's expressions: columns of the store's fields */
} PipeOp;

/* One value written to a field of the sink's layout. */
typedef struct PipeField
{
    int32_t field;
    Expr *expr;
} PipeField;

typedef struct PipePlan
{
    SpecPipeline *spec;
    const Step *scan;   /* that its rows come from, or NULL */
    const Step *closer; /* whose rows rest in its sink (an HJOIN's: its build side), or NULL: none's alone */
    int32_t op_count;
    PipeOp *ops;
    /* sink: */
    int32_t field_count;
    PipeField *fields; /* BUFFER, HASH, SORT, EXCHANGE, RETURN, APPEND; AGG: its key fields */
    int32_t hash_count;
    Expr **hash; /* HASH: the build keys; AGG: group keys; EXCHANGE hash: distribution keys */
    int32_t agg_count;
    StepAgg *aggs; /* AGG: into state field key_count + i */
} PipePlan;

/* How a key takes part in a number of several: (key - least), of which there are `entries`. */
typedef struct KeyPack
{
    int64_t least; /* groups with null keys: what null stands for */
    int64_t entries;
} KeyPack;

/* Where a column can be found: which field of a store holds it. */
typedef struct StoreColumns
{
    ColumnId *columns; /* one a field of the store's layout */
    KeyPack *packs;    /* KEY_EXACT: one a key, how they make the store's key; NULL: the one key is it */
} StoreColumns;

typedef struct ScanColumns
{
    ColumnId *columns; /* one a column of the scan */
} ScanColumns;

/* What is known of a column's values: integers, DECIMALs (scaled), dates, timestamps. */
typedef struct Bounds
{
    bool known;
    __int128 min, max;
} Bounds;

typedef struct ColumnFact
{
    Bounds bounds;
    bool nullable;
} ColumnFact;

typedef struct Plan
{
    Arena *arena; /* the statement's */
    BoundStatement *statement;
    Step *root;
    Spec *spec;      /* scans, stores, pipelines, tables filled, params of zones; other params and module by codegen;
                        query, file stamps by the leader */
    PipePlan *pipes; /* one a spec pipeline; of no meaning where its function is -1 */
    StoreColumns *store_columns;
    ScanColumns *scan_columns;
    StoreColumns *values_columns;       /* one a spec values: which column each field of its layout is */
    const CatalogTable **values_tables; /* one a spec values: the system view whose rows the leader packs (all its
                                           columns, in order), or NULL: packed by the planner */
    int32_t *values_ctes; /* one a spec values: the recursive WITH query whose rows the leader packs, or -1 */
    int32_t shared_count;
    Step **shared; /* computed once, before the root */
    int32_t address_scan; /* of a write that takes rows away: index of the scan their addresses are of; its RETURN gives
                           * them, one a row; -1 */
    ColumnFact *facts;                  /* by ColumnId, fact_count of them: what the pipelines know of each column */
    int32_t fact_count;
    int32_t result_count; /* columns the client sees: first fields of the RETURN layout */
    char **result_names;
    bool leader_only; /* no compute node takes part */
} Plan;

/* Makes the plan of a SELECT or INSERT.  rank_count 1: the leader is the one compute node, and nothing is sent;
 * more: it leads only (the step tree is the same, whatever the number). */
Error *plan_make(Arena *arena, const CatalogSnapshot *snapshot, BoundStatement *statement, const RelTree *tree,
                 int32_t rank_count, Plan **out) MUST_USE;
/* A table as what rows are appended to: names are borrowed; encodings and file_stamp are up to the caller. */
SpecTable *plan_target(Arena *arena, const CatalogTable *table);
void plan_verify(const Plan *plan);
/* EXPLAIN's lines in Redshift's form ("XN HashAggregate  (cost=... rows=... width=...)"). */
void plan_explain(Text *text, const Plan *plan);

/* What one pipeline did, over all ranks; times in microseconds. */
typedef struct PlanTotal
{
    int32_t ranks; /* that ran it */
    int64_t rows_in, rows_out;
    int64_t bytes, buffers;        /* sent to other ranks, where the sink is an EXCHANGE */
    int64_t wall_us;               /* of the slowest */
    int64_t work_us, work_most_us; /* of all threads: in all, and of the rank that worked longest */
} PlanTotal;

/* What EXPLAIN ANALYZE saw. */
typedef struct PlanActual
{
    const PlanTotal *totals; /* one a spec pipeline */
    int64_t plan_us, compile_us, queue_us;
    int64_t execute_us; /* from plan to commit, without compilation and the wait for the turn */
    int64_t rows;       /* given or changed */
} PlanActual;

/* EXPLAIN ANALYZE's lines: plan_explain()'s with actual rows and times where rows came to rest, then one a pipeline
 * that ran, then the statement's times. */
void plan_explain_analyze(Text *text, const Plan *plan, const PlanActual *actual);

/* --- parameters: every constant of a query, in the order they are asked for ---
 * Each returns the index of the new parameter of the spec. */
int32_t plan_param(Plan *plan, SqlType type, Datum value);
int32_t plan_param_like(Plan *plan, Datum pattern, bool insensitive);
/* `constants` are EXPR_CONST of `type`; nulls are left out. */
int32_t plan_param_set(Plan *plan, SqlType type, Expr *const *constants, int32_t count);

/* May the value be null where the pipeline has it: a NULL-able column without nulls may not. */
bool plan_nullable(const Plan *plan, const Expr *expr);
/* Bounds of an expression by interval arithmetic over the columns' statistics. */
Bounds plan_bounds(const Plan *plan, const Expr *expr);
/* Narrowest integer Rep that holds the bounds; the type's own Rep if unknown or not an integer. */
Rep plan_rep(const Plan *plan, const Expr *expr);

#endif
