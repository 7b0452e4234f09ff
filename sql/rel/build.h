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

/* What pulling leaves: the subquery's own columns, and conjuncts that also read outer ones. */
typedef struct Pull
{
    Build *build;
    const Expr *subquery; /* for messages */
    ColumnSet inside;     /* columns the subquery makes itself */
    ExprList pulled;
    bool exists;   /* only asked whether there are rows: order and limit do not matter */
    bool lone_agg; /* passed an aggregate without groups: it has a row even where nothing matches */
} Pull;

/* Builds the subquery of `expr` and pulls its correlation up; 0A000 where that cannot be done. */
Error *pull_subquery(Build *build, const Expr *expr, bool exists, Pull *pull, Rel **rel) MUST_USE;
/* Above an aggregate only `outer = inner` can be said: inner becomes one more group, and the equality is pulled. */
Error *pull_through_groups(Pull *pull, Rel *agg, const ExprList *below) MUST_USE;
Error *build_refuse(const Expr *expr, const char *what) MUST_USE; /* 0A000 "<what> is not supported" */

#endif
