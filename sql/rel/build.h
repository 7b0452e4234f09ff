/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of rel_build(): build.c makes relations of queries, subquery.c takes subqueries out of expressions. */
#ifndef SQL_REL_BUILD_H
#define SQL_REL_BUILD_H

#include "sql/rel/rel_tool.h"

typedef struct Build
{
    Arena *arena;
    BoundStatement *statement;
} Build;

Error *build_query(Build *build, const BoundQuery *query, Rel **out) MUST_USE;

/* Rows of *rel for which `condition` is true; EXISTS and IN become semi and anti joins. */
Error *build_filter(Build *build, Expr *condition, Rel **rel) MUST_USE;
/* *expr without subqueries: what they give is joined to *rel and read from there. */
Error *build_expr(Build *build, Expr **expr, Rel **rel) MUST_USE;

#endif
