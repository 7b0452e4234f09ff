/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates of single expressions; rel_estimate() and the planner's joins are made of them. */
#ifndef SQL_REL_ESTIMATE_H
#define SQL_REL_ESTIMATE_H

#include "sql/rel/rel_tool.h"

/* Where nothing is known (System R's guesses, in spirit). */
#define SELECTIVITY_EQUAL       0.005
#define SELECTIVITY_RANGE       0.3333
#define SELECTIVITY_LIKE        0.1
#define SELECTIVITY_LIKE_PREFIX 0.02
#define SELECTIVITY_UNKNOWN     0.3333
#define SELECTIVITY_MIN         1e-9
#define SELECTIVITY_RESIDUAL    0.5 /* of a semi join's further conditions */
#define ANTI_SELECTIVITY_MIN    0.1

/* Share of rows that pass all of them; two bounds of one column are seen as one range. */
double expr_list_selectivity(const BoundStatement *statement, Expr *const *conjuncts, int32_t count);
/* Distinct values of an expression among `rows` rows (1..rows). */
double expr_distinct(const BoundStatement *statement, const Expr *expr, double rows);
/* Remembers what an aggregate is made of, over so many rows a group, so that conditions on it can be estimated. */
void note_aggregate(BoundStatement *statement, const BoundAgg *agg, double group_rows);
/* Width in bytes of a column's values, for costs. */
double column_width(const BoundStatement *statement, ColumnId column);
/* Rows that pass a join of outer and inner with these equal keys: |o| |i| / max(d). */
double equal_keys_selectivity(double outer_distinct, double inner_distinct);
/* Share of outer rows that have a partner. */
double semi_selectivity(double outer_distinct, double inner_distinct);

#endif
