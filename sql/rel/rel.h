/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logical plan: a tree of relations over ColumnIds.  rel_build() makes it
 * from a BoundStatement, the rules (rule.def, one file a rule) rewrite it:
 * conjuncts pushed to where their columns are, EXISTS/IN turned into semi and
 * anti joins, DISTINCT aggregates turned into two aggregations, columns nobody
 * reads dropped.  Inner joins stay one n-ary REL_JOIN_SET until src/plan orders them.
 */
#ifndef SQL_REL_REL_H
#define SQL_REL_REL_H

#include "sql/bind/bound.h"

typedef enum RelKind
{
    REL_ONE,     /* one row, no columns */
    REL_SCAN,    /* table */
    REL_SYSVIEW, /* rows the leader makes */
    REL_VALUES,
    REL_SHARED, /* rows of tree->shared[shared], which is computed once */
    REL_ROUND,  /* rows of the recursive WITH query `cte`, which the leader has: of all rounds; inside its term: of
                 * the round before */
    REL_APPEND, /* UNION ALL: rows of all inputs */
    REL_EXPAND, /* each row with the numbers 0, 1, ... below named[0].expr (none if that is null) as named[0].column */
    REL_FILTER,
    REL_PROJECT,  /* computes named expressions; passes input columns through as needed */
    REL_JOIN_SET, /* inner joins of n inputs with a list of conjuncts, not yet ordered */
    REL_JOIN,     /* left (probe, outer), right (build, inner) */
    REL_AGG,
    REL_WINDOW, /* computes window functions of one partitioning and order; other columns pass through */
    REL_SORT,
    REL_LIMIT
} RelKind;

typedef struct Rel Rel;
struct Rel
{
    RelKind kind;
    int32_t input_count;
    Rel **inputs;
    int32_t output_count;
    ColumnId *outputs; /* columns a parent may use */
    const CatalogTable *table;
    const char *alias; /* SCAN, SYSVIEW: as the statement calls it */
    int32_t column_count;
    ColumnId *table_columns;  /* SCAN, SYSVIEW: id of each table column; VALUES, ROUND, APPEND: of each column;
                               * SHARED: what column k of the shared tree's results is called here */
    ColumnId address;         /* SCAN: see BoundFrom; NO_COLUMN */
    ColumnId **input_columns; /* APPEND: [input][k]: the column of that input that becomes table_columns[k] */
    int32_t shared;           /* SHARED */
    int32_t cte;              /* ROUND */
    int32_t conjunct_count;
    Expr **conjuncts; /* FILTER, JOIN_SET, JOIN, SCAN (pushed down) */
    bool must_hold;   /* FILTER: a row that fails it is error 21000 (scalar subquery of several rows) */
    JoinKind join;
    int32_t named_count;
    BoundNamed *named; /* PROJECT; EXPAND; AGG: groups */
    int32_t agg_count;
    BoundAgg *aggs;
    bool early; /* AGG: parts of groups will do, another AGG makes them whole */
    int32_t window_count;
    BoundWindow *windows; /* WINDOW: partition and sort of all are those of the first; arguments, partition and sort
                           * keys are columns of the input */
    int32_t sort_count;
    BoundSort *sort; /* SORT */
    int64_t limit;   /* LIMIT, and SORT after top-N was recognised; -1 = none */
    int64_t offset;
    int32_t row_count; /* VALUES */
    Expr ***rows;
    double rows_estimate; /* filled by rel_estimate */
    int32_t result_count; /* of the root only: what the client sees, in order (a column may come twice) */
    ColumnId *results;
};

/* A statement's relations: trees that are computed once and read in several places, then the result.
 * shared[k] reads only shared[0..k-1]; its `results` are what a REL_SHARED gives. */
typedef struct RelTree
{
    int32_t shared_count;
    Rel **shared;
    Rel *root;
} RelTree;

Error *rel_build(Arena *arena, BoundStatement *statement, const BoundQuery *query, RelTree **out) MUST_USE;
Error *rel_rewrite(Arena *arena, BoundStatement *statement, RelTree *tree) MUST_USE; /* all rules of rule.def */
void rel_print(Text *text, const BoundStatement *statement, const RelTree *tree);
/* XX000 where a relation reads what its inputs do not give: a fault of builder or rules. */
Error *rel_verify(const BoundStatement *statement, const Rel *rel) MUST_USE;
Error *rel_tree_verify(const BoundStatement *statement, const RelTree *tree) MUST_USE;

/* Rows and distinct values, from table statistics (System R's rules where nothing is known). */
void rel_estimate(Arena *arena, BoundStatement *statement, Rel *rel); /* SHARED: as noted before */
void rel_tree_estimate(Arena *arena, BoundStatement *statement, RelTree *tree);
double expr_selectivity(const BoundStatement *statement, const Expr *conjunct);

#endif
