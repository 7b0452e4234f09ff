/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of rel_build().  What each file makes:
 *
 *     build.c          a query, in SQL's order
 *     build_from.c     FROM items
 *     build_set.c      UNION, INTERSECT, EXCEPT
 *     build_group.c    groups, grouping sets; build_holistic.c aggregates that need their rows in order
 *     build_window.c   window functions, DISTINCT ON
 *     share.c          what is computed once and read in several places
 *     subquery.c       subqueries inside expressions become joins
 *     pull.c           their correlation goes up to the join where that is simple
 *     unnest.c, unnest_push.c   what is left of it: dependent joins become plain ones
 *
 * While a tree is built a join may be dependent: its right side reads columns
 * of its left.  unnest_tree() ends that.
 */
#ifndef SQL_REL_BUILD_H
#define SQL_REL_BUILD_H

#include "sql/rel/rel_tool.h"

typedef struct BuildShared
{
    Rel *rel;           /* its results are what is read */
    bool unnested;      /* holds no dependent join any more */
    const void *domain; /* the Domain last pushed into it, whose columns are its last results */
} BuildShared;

typedef struct Build
{
    Arena *arena;
    BoundStatement *statement;
    Expr *guard; /* inside a CASE: what is true where the expression that is built is computed; NULL: always */
    int32_t shared_count, shared_capacity;
    BuildShared *shared;
    int32_t *cte_shared; /* by WITH query: which shared tree it is; -1: not built yet */
} Build;

/* --- build.c, build_from.c, build_set.c, build_group.c, build_holistic.c, build_window.c --- */
Error *build_query(Build *build, const BoundQuery *query, Rel **out) MUST_USE;
Error *build_from(Build *build, const BoundFrom *from, Rel **out) MUST_USE;
Error *build_set(Build *build, const BoundQuery *query, Rel **out) MUST_USE;
Error *build_groups(Build *build, const BoundQuery *query, Rel **rel) MUST_USE;
Error *build_windows(Build *build, const BoundQuery *query, Rel **rel) MUST_USE;
/* The aggregates of `agg`, an AGG whose input is set, that need their rows in order, or once a value where plain
 * aggregation cannot say so, are computed by windows below it. */
Rel *build_holistic(Build *build, Rel *agg);
/* One window function over the rows of `input`; keys that are no columns are computed below. */
Rel *build_window(Build *build, Rel *input, BoundWindow window);
/* row_number() of the rows that are equal in `keys`, in this order; *number is its column. */
Rel *build_row_number(Build *build, Rel *input, const ColumnId *keys, int32_t key_count, const BoundSort *sort,
                      int32_t sort_count, ColumnId *number);
/* rank() over (order by sort). */
Rel *build_rank(Build *build, Rel *input, const BoundSort *sort, int32_t sort_count, ColumnId *rank);
/* The groups that are `columns`: distinct rows; aggregates may be added. */
Rel *build_distinct(Build *build, Rel *input, const ColumnId *columns, int32_t count);
/* A column of `expr`: itself if it is one already; else one more is added to named[*count]. */
Expr *build_named(Build *build, BoundNamed *named, int32_t *count, const char *name, Expr *expr);

/* --- share.c ----------------------------------------------------------------------------------- */
/* Makes `rel` a shared tree that gives `columns`; its number. */
int32_t build_share(Build *build, Rel *rel, const ColumnId *columns, int32_t count);
/* A reader of it, which calls what it gives `columns`; NULL: new names. */
Rel *build_read(Build *build, int32_t shared, const ColumnId *columns);
/* Calls columns by other names in a tree, and in the shared trees it reads that are correlated to them. */
void build_rename(Build *build, Rel *rel, const ColumnId *from, const ColumnId *to, int32_t count);
/* Shared trees in an order in which each reads those before it only; what has one reader stands in its place. */
RelTree *build_tree(Build *build, Rel *root);

/* --- nulls.c */
/* Marks columns that may be null where they stand, and the expressions that read them. */
void settle_nulls(Arena *arena, BoundStatement *statement, const RelTree *tree);

/* --- subquery.c ---------------------------------------------------------------------------------- */
/* Rows of *rel for which `condition` is true; EXISTS and IN become semi and anti joins. */
Error *build_filter(Build *build, Expr *condition, Rel **rel) MUST_USE;
/* *expr without subqueries: what they give is joined to *rel and read from there. */
Error *build_expr(Build *build, Expr **expr, Rel **rel) MUST_USE;
Error *build_refuse(int32_t position, const char *what) MUST_USE; /* 0A000 "<what> is not supported" */

/* --- pull.c ---------------------------------------------------------------------------------------- */
/* Moves conjuncts of *rel that read columns from outside of it to `pulled`, as far as that is simple.  The join of
 * anything with *rel is then on `pulled` too.  exists: only asked whether there are rows. */
void pull_conjuncts(Build *build, Rel **rel, bool exists, ExprList *pulled);
/* The same through `agg`, which has no groups: the groups it gets make the pulled equalities.  A join then finds no
 * row where it would have found one of empty input.  False: nothing done. */
bool pull_lone(Build *build, Rel *agg, ExprList *pulled);

/* --- unnest.c ---------------------------------------------------------------------------------------- */
/* Columns the tree reads and does not make. */
void rel_free_columns(const Build *build, const Rel *rel, ColumnSet *set);
bool rel_depends(const Build *build, const Rel *rel, const ColumnSet *columns);
bool rel_is_free(const Build *build, const Rel *rel); /* reads nothing from outside */
/* No join of the tree or of a shared one is dependent any more. */
Rel *unnest_tree(Build *build, Rel *root);
/* a = b, and null = null */
void add_same(Build *build, ExprList *list, ColumnId a, ColumnId b);

/* --- unnest_push.c ------------------------------------------------------------------------------------ */
/* The distinct values of columns of the left side of a dependent join. */
typedef struct Domain
{
    Build *build;
    int32_t shared; /* what gives them */
    int32_t count;
    const ColumnId *outer; /* what the right side calls them */
    ColumnSet outer_set;
} Domain;
/* The rows of `rel` for each row of the domain, which are called columns[0..count) beside them. */
Rel *unnest_push(const Domain *domain, Rel *rel, ColumnId *columns);

#endif
