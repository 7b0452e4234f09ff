/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of plan_make().
 *
 *     Rel --tree.c, join_order.c, dist.c--> Step tree --cut.c--> pipelines of the Spec
 *
 * Steps are never changed once another step stands on them; what changes is copied.
 */
#ifndef SRC_PLAN_PLANNER_H
#define SRC_PLAN_PLANNER_H

#include "sql/rel/estimate.h"
#include "src/plan/plan.h"

/* Costs, in units of about a microsecond of one core per hundred. Only their ratios matter. */
#define COST_SCAN         0.01    /* a row read */
#define COST_TEST         0.0025  /* a conjunct on a row */
#define COST_PROBE        0.012   /* a row looked up */
#define COST_BUILD        0.03    /* a row put into a hash table */
#define COST_OUTPUT       0.005   /* a row that comes out of a join */
#define COST_GROUP        0.015   /* a row aggregated */
#define COST_SORT         0.004   /* a row, times log2 of rows */
#define COST_BYTE         0.0005  /* a byte sent to another node */
#define COST_MESSAGE      6.0     /* one node's message to another, however small: 2 us */
#define COST_CACHE_ROWS   1e5     /* hash tables beyond this miss the cache */
#define COST_MISS         0.02    /* what a row then pays more */
#define COST_NODES_MIN    4       /* fewer are planned as so many: today's plan is tomorrow's, on more */
#define AGG_LEADER_ROWS   20000.0 /* more groups are finished at the slices */
#define JOIN_EXACT_INPUTS 10      /* more are ordered greedily */
#define JOIN_INPUTS_MAX   64
#define JOIN_KEYS_MAX     16
#define HASH_DISTINCT_MIN 1000.0 /* one key with this many values spreads rows well enough */

typedef struct Planner
{
    Arena *arena;
    const CatalogSnapshot *snapshot;
    BoundStatement *statement;
    Plan *plan;
    bool lone;      /* one rank is leader and compute node */
    double nodes;   /* compute nodes that costs are of */
    ColumnId *same; /* union-find of columns that inner joins make equal */
    int32_t same_count;
    double *distinct_most; /* by column: values that joins have left, see distinct.c; 0: nothing is noted */
    int32_t distinct_count;
    const RelTree *rels;
    ColumnSet *shared_read; /* by shared tree: its columns that something reads, filled by tree_prune() */
} Planner;

/* --- steps --------------------------------------------------------------- */
Step *step_new(Planner *planner, StepKind kind, Step *input0, Step *input1);
Step *step_scan(Planner *planner, const Rel *rel);
Step *step_filter(Planner *planner, Step *input, Expr *const *conjuncts, int32_t count, bool must_hold);
Step *step_expand(Planner *planner, Step *input, const Rel *rel);
Step *step_project(Planner *planner, Step *input, const BoundNamed *named, int32_t count);
/* above: what reads it, or NULL; it says by which of the groups rows had best be hashed. */
Step *step_aggregate(Planner *planner, Step *input, const Rel *rel, const Rel *above);
Step *step_union(Planner *planner, const Rel *rel, Step **inputs); /* inputs: kept */
Step *step_window(Planner *planner, Step *input, const BoundWindow *windows, int32_t count);
Step *step_shared(Planner *planner, int32_t shared, ColumnId *from, ColumnId *columns, int32_t count);
Step *step_round(Planner *planner, const Rel *rel);
Step *step_sort(Planner *planner, Step *input, const Rel *rel);
Step *step_limit(Planner *planner, Step *input, const Rel *rel);
Step *step_gather(Planner *planner, Step *input); /* to the leader; input itself if it is there */
Step *step_hash(Planner *planner, Step *input, Expr *const *keys, int32_t key_count);
Step *step_bcast(Planner *planner, Step *input);
/* Rows that stand at every node, seen once in all: their scan is read by one node. */
Step *step_once(Planner *planner, Step *step);
double step_bytes(const Step *step);
/* What it costs that each node sends its rows of step to nodes that the rows' keys name, or to every node. */
double cost_hash(const Planner *planner, const Step *step);
double cost_bcast(const Planner *planner, const Step *step);
double step_width(const Planner *planner, const ColumnId *columns, int32_t count);

Error *plan_shared_tree(Planner *planner, const Rel *rel) MUST_USE; /* the next of plan->shared */
Step *plan_write(Planner *planner, Step *input, const Rel *rel);
Expr *column_is_null(Planner *planner, ColumnId column);
Error *plan_tree(Planner *planner, const Rel *rel, Step **out) MUST_USE;

/* --- where rows live ------------------------------------------------------ */
Dist dist_of_table(const CatalogTable *table, const ColumnId *columns);
/* The column under casts that keep the distribution hash (between integer types), or -1. */
ColumnId dist_column(const Expr *key);
bool dist_is(const Dist *dist, DistKind kind);
ColumnId same_find(Planner *planner, ColumnId column);
void same_unite(Planner *planner, ColumnId a, ColumnId b);
/* Rows with equal values in `columns` are on one node. */
bool dist_groups(Planner *planner, const Dist *dist, const ColumnId *columns, int32_t count);

/* --- values ----------------------------------------------------------------- */
/* The column has no more than `distinct` values in what is made from here on. */
void distinct_note(Planner *planner, ColumnId column, double distinct);
/* expr_distinct(), where that was noted no more. */
double distinct_values(const Planner *planner, const Expr *key, double rows);
/* Of several together, of which keys say the others (1..rows). */
double distinct_groups(Planner *planner, const BoundNamed *groups, int32_t count, double rows);

/* --- joins ---------------------------------------------------------------- */
typedef enum Move
{
    MOVE_NONE,
    MOVE_HASH, /* by the keys of JoinWay.keys; none: in turn */
    MOVE_BCAST
} Move;

/* A join that may be made: keys[k] is `outer = inner`. */
typedef struct JoinAsk
{
    JoinKind join;
    Step *outer, *inner;
    int32_t key_count;
    Expr *outer_keys[JOIN_KEYS_MAX], *inner_keys[JOIN_KEYS_MAX];
    ExprList residual;
    double rows; /* that come out */
} JoinAsk;

/* The cheapest way to do it. */
typedef struct JoinWay
{
    Move outer_move, inner_move;
    bool once; /* the outer side stands at every node and is read once */
    int32_t key_count;
    int32_t keys[4]; /* indices of the keys moved rows are hashed by */
    Dist dist;
    const char *label;
    double cost; /* of join and moves, without the inputs' own */
} JoinWay;

JoinWay join_way(Planner *planner, const JoinAsk *ask);
Step *join_make(Planner *planner, const JoinAsk *ask, const JoinWay *way);
/* Takes `a = b` with a side on each input as a key, anything else as residual. */
void join_ask_add(Planner *planner, JoinAsk *ask, Expr *conjunct, const ColumnSet *outer, const ColumnSet *inner);
Error *join_order(Planner *planner, const Rel *set, Step **inputs, Step **out) MUST_USE;

/* --- the rest -------------------------------------------------------------- */
void tree_prune(Planner *planner, Step *root, const ColumnId *needed, int32_t count);
void facts_begin(Planner *planner);
Bounds bounds_united(Bounds a, Bounds b);
/* Of a call; `all`: what its type holds. */
Bounds func_bounds(const Plan *plan, const Expr *expr, Bounds all);
ColumnFact *fact_of(Planner *planner, ColumnId column);
Error *plan_cut(Planner *planner) MUST_USE;
/* plan_explain(), with what happened if `actual` is not NULL. */
void explain_tree(Text *text, const Plan *plan, const PlanActual *actual);
/* " (actual rows=.. time=..)" of the step, of an HJOIN's build side, or nothing where that is not known. */
void explain_actual(Text *text, const Plan *plan, const PlanActual *actual, const Step *step);
bool step_at_leader(const Step *step);

#endif
