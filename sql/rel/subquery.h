/* SPDX-License-Identifier: Apache-2.0 */
/* Between subquery.c (conditions that become joins) and subquery_value.c (values inside expressions). */
#ifndef SQL_REL_SUBQUERY_H
#define SQL_REL_SUBQUERY_H

#include "sql/rel/build.h"

/* The value of a subquery of any kind beside the rows of *rel. */
Error *subquery_value(Build *build, const Expr *expr, Rel **rel, Expr **value) MUST_USE;
/* Beside each row of *rel: how many rows the subquery of an IN gives, and how many whose value is not null. */
Error *join_row_counts(Build *build, const Expr *expr, Rel **rel, Expr *values[2]) MUST_USE;
Expr *expr_null_test(Arena *arena, Expr *arg);

#endif
