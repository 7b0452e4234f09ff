/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A statement with every name, type, cast and function decided.
 *
 * Columns are named by a ColumnId, unique in the statement: each table
 * occurrence, subquery output, group key and aggregate makes its own, and
 * moving an expression from one place of a plan to another never renumbers it.
 * Expressions are immutable and shared.
 */
#ifndef SQL_BIND_BOUND_H
#define SQL_BIND_BOUND_H

#include "base/core/arena.h"
#include "base/data/type.h"
#include "base/kernel/kernel.h"
#include "sql/catalog/catalog.h"

typedef int32_t ColumnId; /* index into BoundStatement.columns */

typedef struct BoundColumn
{
    const char *name; /* as the user would call it, for EXPLAIN and generated code */
    SqlType type;
    bool nullable;
    const CatalogTable *table; /* base column of this table, else NULL */
    int32_t ordinal;           /* column of that table */
    const struct Expr *made_of; /* what a projection or group computes it from, for estimates: set by sql/rel */
} BoundColumn;

/*
 * What a walker may assume of arguments:
 *
 *   ARITH    integers: both args and the result are of one integer type.
 *            REAL, DOUBLE: both args and the result are of that type.
 *            DECIMAL + - %: both args are DECIMAL of the result's scale; their precisions,
 *            and so their Reps, may be smaller.
 *            DECIMAL * /: args are DECIMAL with scales of their own.  The exact product has the
 *            sum of the scales and is cut to the result's where that is smaller (the cap of
 *            38 digits); / is decimal_div() to the result's scale.
 *   COMPARE  both args are of one type, except that texts of any kind and length (CHAR, VARCHAR)
 *            and DECIMALs of one scale compare as they are.
 *            A constant beside anything else has that side's own type wherever this says the
 *            same: `l_quantity < 24` compares DECIMAL(15,2) with DECIMAL(15,2).
 *   IN_LIST  constants as for COMPARE; null constants may be among them.
 *   CASE, COALESCE   values likewise: texts may differ in length, DECIMALs in precision of one Rep.
 *   CAST     never within a type where nothing changes; a CHAR becomes VARCHAR without a CAST.
 *   FUNC     args as the row of func.def asks; a date part is a BIGINT constant (DateField).
 *            Operators with a body (date + interval, ||) are FUNCs too.
 *
 * Not made by the binder: DATE_ADD (a FUNC), NULLIF (a CASE).
 * Trees are at most a few thousand nodes deep (binder.h), so walkers may recurse.
 */
typedef enum ExprKind
{
    EXPR_COLUMN,   /* column */
    EXPR_CONST,    /* value (a literal, or folded) */
    EXPR_ARITH,    /* op '+','-','*','/','%' on numbers */
    EXPR_NEGATE,   /* -a */
    EXPR_COMPARE,  /* op '=' '<' '>' 'l' (<=) 'g' (>=) '!' (<>) */
    EXPR_AND,      /* n args */
    EXPR_OR,       /* n args */
    EXPR_NOT,
    EXPR_IS_NULL,  /* IS NOT NULL is NOT(IS_NULL) */
    EXPR_IS_TRUE,  /* IS [NOT] TRUE/FALSE/UNKNOWN are made of it */
    EXPR_CASE,     /* args: when1, then1, when2, then2..., else (always there) */
    EXPR_COALESCE, /* n args of one type */
    EXPR_NULLIF,   /* a, b */
    EXPR_CAST,     /* arg to this type; mode */
    EXPR_IN_LIST,  /* arg, then constants of arg's type; NOT IN is NOT(IN) */
    EXPR_LIKE,     /* arg, constant or computed pattern, escape in `like_escape`; insensitive: ILIKE */
    EXPR_DATE_ADD, /* date/timestamp arg + sign * interval arg (constant interval) -> TIMESTAMP or DATE + integer days -> DATE */
    EXPR_FUNC,     /* func: row of func.def */
    EXPR_SUBQUERY  /* EXISTS, IN (args[0] = left side), SCALAR */
} ExprKind;

typedef enum SubqueryKind
{
    SUBQUERY_EXISTS,
    SUBQUERY_IN, /* args[0] = subquery.targets[0]; NOT IN keeps its null rule: negated */
    SUBQUERY_SCALAR
} SubqueryKind;

typedef struct BoundQuery BoundQuery;

typedef struct Expr Expr;
struct Expr
{
    ExprKind kind;
    SqlType type;
    bool nullable;
    int32_t position; /* in the user's text, 1-based character, 0 = none */
    char op;
    uint8_t cast_mode; /* ValueMode */
    bool insensitive;
    bool negated; /* SUBQUERY: NOT EXISTS, NOT IN */
    char like_escape; /* 0 = none */
    ColumnId column;
    int32_t func; /* FuncId */
    int32_t arg_count;
    Expr **args;
    Datum value;
    SubqueryKind subquery_kind;
    BoundQuery *subquery;
};

typedef AggId AggKind; /* rows of agg.def */

typedef struct BoundAgg
{
    AggKind kind;
    bool distinct;
    Expr *arg; /* NULL for COUNT_STAR */
    ColumnId column; /* its result */
} BoundAgg;

typedef struct BoundNamed
{
    Expr *expr;
    ColumnId column; /* what the expression's value is called from here on */
} BoundNamed;

typedef struct BoundSort
{
    Expr *expr;
    bool descending;
    bool nulls_first;
} BoundSort;

typedef enum JoinKind
{
    JOIN_INNER, /* cross: no condition */
    JOIN_LEFT,
    JOIN_SEMI,     /* made by rules from EXISTS and IN */
    JOIN_ANTI,     /* NOT EXISTS */
    JOIN_ANTI_NULL /* NOT IN: a null on either side lets no row through */
} JoinKind;

typedef enum FromKind
{
    FROM_TABLE,
    FROM_SYSVIEW, /* leader's rows: stl_load_errors... */
    FROM_QUERY,
    FROM_VALUES,
    FROM_JOIN
} FromKind;

typedef struct BoundFrom BoundFrom;
struct BoundFrom
{
    FromKind kind;
    const char *alias;
    const CatalogTable *table; /* TABLE; SYSVIEW: a table description made from sysview.def */
    int32_t column_count;
    ColumnId *columns; /* TABLE, SYSVIEW: one a table column; QUERY: one a target; VALUES */
    BoundQuery *query;
    int32_t row_count; /* VALUES */
    Expr ***rows;
    JoinKind join; /* INNER or LEFT */
    BoundFrom *left, *right;
    Expr *on; /* NULL: cross */
};

/* SELECT: from -> where -> group/aggs -> having -> targets -> distinct -> sort -> limit.
 * After grouping, having, targets and sort refer only to the columns of groups and aggs. */
struct BoundQuery
{
    BoundFrom *from; /* NULL: one row of no columns */
    Expr *where;
    bool grouped; /* has GROUP BY, an aggregate or HAVING */
    int32_t group_count;
    BoundNamed *groups;
    int32_t agg_count;
    BoundAgg *aggs;
    Expr *having;
    int32_t target_count;
    BoundNamed *targets; /* the first `visible_count` are the result; the rest only serve ORDER BY */
    int32_t visible_count;
    char **target_names;
    bool distinct;
    int32_t sort_count;
    BoundSort *sort; /* expr: EXPR_COLUMN of a target's column */
    Expr *limit;  /* constant or NULL */
    Expr *offset; /* constant or NULL */
    int32_t outer_count; /* columns of enclosing queries it uses (correlation) */
    ColumnId *outer;
};

typedef struct BoundStatement
{
    int32_t column_count;
    BoundColumn *columns;
    BoundQuery *query;         /* SELECT, and the source of INSERT (targets in table column order, cast by assignment) */
    const CatalogTable *insert; /* target of INSERT, else NULL */
} BoundStatement;

ColumnId bound_add_column(Arena *arena, BoundStatement *statement, const char *name, SqlType type, bool nullable);
void bound_print(Text *text, const BoundStatement *statement); /* SET stoa.show = 'bound' */
void expr_print(Text *text, const BoundStatement *statement, const Expr *expr); /* SQL-like, for EXPLAIN */
bool expr_equal(const Expr *a, const Expr *b);

/* Builders used by binder and rules; all set type, nullability and fold constants. */
Expr *expr_column(Arena *arena, const BoundStatement *statement, ColumnId column);
Expr *expr_constant(Arena *arena, SqlType type, Datum value);
Expr *expr_and(Arena *arena, Expr *a, Expr *b); /* NULL is true */

#endif
