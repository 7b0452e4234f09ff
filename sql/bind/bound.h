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
#include "base/kernel/window.h"
#include "sql/catalog/catalog.h"

typedef int32_t ColumnId; /* index into BoundStatement.columns */
#define NO_COLUMN (-1)

typedef struct BoundColumn
{
    const char *name; /* as the user would call it, for EXPLAIN and generated code */
    SqlType type;
    bool nullable;
    const CatalogTable *table; /* base column of this table, else NULL */
    int32_t ordinal;           /* column of that table */
    const struct Expr *made_of; /* what a projection or group computes it from, for estimates: set by sql/rel */
    AggId agg;                  /* an aggregate's result: of what, over how many rows a group (0: it is none); as above */
    const struct Expr *agg_arg;
    double group_rows;
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
 * NVL2, DECODE and the FILTER clause are CASEs.
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
    EXPR_NULLIF,   /* a, b: made by rules; the binder makes a CASE */
    EXPR_CAST,     /* arg to this type; mode */
    EXPR_IN_LIST,  /* arg, then constants of arg's type; NOT IN is NOT(IN) */
    EXPR_LIKE,     /* arg, constant or computed pattern, escapes as backslashes; insensitive: ILIKE */
    EXPR_FUNC,     /* func: row of func.def */
    EXPR_SUBQUERY  /* EXISTS, IN (args = left sides), SCALAR, QUANTIFIED (args[0] = left side; op; quantified_all) */
} ExprKind;

typedef enum SubqueryKind
{
    SUBQUERY_EXISTS,
    SUBQUERY_IN, /* args[k] = subquery.targets[k] for all k; NOT IN keeps its null rule: negated */
    SUBQUERY_SCALAR,
    SUBQUERY_QUANTIFIED /* args[0] op ANY or ALL (targets[0]); = ANY is IN, <> ALL is NOT IN */
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
    bool cast_try;     /* CAST: null where it fails for the value (error_is_data()): TRY_CAST */
    bool insensitive;
    bool negated; /* SUBQUERY: NOT EXISTS, NOT IN */
    bool quantified_all; /* SUBQUERY_QUANTIFIED: ALL, else ANY */
    ColumnId column;
    int32_t func; /* FuncId */
    int32_t arg_count;
    Expr **args;
    Datum value;
    SubqueryKind subquery_kind;
    BoundQuery *subquery;
};

typedef AggId AggKind; /* rows of agg.def */

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

typedef struct BoundAgg
{
    AggKind kind;
    bool distinct;
    bool approximate; /* COUNT of DISTINCT: about how many will do */
    Expr *arg;       /* NULL for COUNT_STAR */
    Expr *parameter; /* constant: LISTAGG's delimiter, PERCENTILE's fraction; else NULL */
    int32_t sort_count;
    BoundSort *sort; /* WITHIN GROUP (ORDER BY) or ORDER BY inside the call */
    ColumnId column; /* its result */
} BoundAgg;

/* Offsets are constants; those of RANGE are of the type that is added to the sort key. */
typedef struct BoundFrame
{
    FrameUnit unit;
    FrameBound start, end;
    Expr *start_offset, *end_offset; /* constants, not null, not negative; NULL where the bound has none */
    FrameExclude exclude;
} BoundFrame;

/* One window function.  Never both a window of window.def and an aggregate. */
typedef struct BoundWindow
{
    WindowId window; /* row of window.def; WINDOW_NONE: `agg` over the frame */
    AggKind agg;
    bool distinct; /* of an aggregate: its frame is then the whole partition */
    bool ignore_nulls;
    int32_t arg_count;
    Expr *args[WINDOW_ARGS_MAX]; /* as the row asks; of an aggregate: its argument and its parameter */
    int32_t partition_count;
    Expr **partition;
    int32_t sort_count;
    BoundSort *sort; /* of an ordered-set aggregate (MEDIAN, LISTAGG...): its WITHIN GROUP order */
    BoundFrame frame; /* always there: the default one is RANGE from the partition's start to the current row
                       * if there is an order, else the whole partition */
    ColumnId column; /* its result */
} BoundWindow;

typedef enum JoinKind
{
    JOIN_INNER, /* cross: no condition */
    JOIN_LEFT,  /* RIGHT is a LEFT with its sides changed over */
    JOIN_FULL,  /* until sql/rel has taken it apart */
    JOIN_SEMI,  /* made by rules from EXISTS and IN */
    JOIN_ANTI   /* NOT EXISTS */
} JoinKind;

typedef enum SetKind
{
    SET_NONE,
    SET_UNION,
    SET_INTERSECT,
    SET_EXCEPT
} SetKind;

typedef enum FromKind
{
    FROM_TABLE,
    FROM_SYSVIEW, /* leader's rows: stl_load_errors... */
    FROM_QUERY,
    FROM_CTE,     /* a WITH query that is computed once: statement->ctes[cte] */
    FROM_VALUES,
    FROM_NUMBERS, /* beside each row of `left` (NULL: of one row) the numbers 0, 1, ... below `count`: one column */
    FROM_JOIN
} FromKind;

typedef struct BoundFrom BoundFrom;
struct BoundFrom
{
    FromKind kind;
    const char *alias;
    const CatalogTable *table; /* TABLE; SYSVIEW: a table description made from sysview.def */
    int32_t column_count;
    ColumnId *columns; /* TABLE, SYSVIEW: one a table column; QUERY, CTE: one a visible target; VALUES, NUMBERS */
    ColumnId address; /* TABLE: BIGINT column that says which row it is (row_address() of spec.h), for writes;
                       * NO_COLUMN: nobody asks */
    BoundQuery *query;
    bool lateral;  /* QUERY: may read columns of FROM items before it (in query->outer) */
    int32_t cte;
    Expr *count;   /* NUMBERS: BIGINT; null: none */
    int32_t row_count; /* VALUES */
    Expr ***rows;
    JoinKind join; /* INNER, LEFT or FULL */
    BoundFrom *left, *right;
    Expr *on; /* NULL: cross */
};

/*
 * SELECT: from -> where -> group/aggs -> having -> windows -> qualify -> targets -> distinct -> sort -> limit.
 * After grouping, having, windows, qualify, targets and sort refer only to the columns of groups and aggs;
 * qualify, targets and sort also to those of windows.
 *
 * A set operation (set_kind) has none of from..qualify: its two sides are queries, targets[k].expr is a column
 * of its own, made of column targets[k] of either side (of one type), and sort, limit, offset may follow.
 */
struct BoundQuery
{
    SetKind set_kind;
    bool set_all;
    BoundQuery *set_left, *set_right;
    BoundFrom *from; /* NULL: one row of no columns */
    Expr *where;
    bool grouped; /* has GROUP BY, an aggregate or HAVING */
    int32_t group_count;
    BoundNamed *groups;
    int32_t grouping_set_count; /* 0: one set of all groups */
    uint64_t *grouping_sets;    /* bit k: groups[k] is in the set, else it is null there (at most 64 groups then) */
    ColumnId grouping;          /* BIGINT: bit k is 1 where groups[k] is not in the row's set, what GROUPING() is made
                                 * of; of meaning with grouping sets only */
    int32_t agg_count;
    BoundAgg *aggs;
    Expr *having;
    int32_t window_count;
    BoundWindow *windows;
    Expr *qualify;
    int32_t target_count;
    BoundNamed *targets; /* the first `visible_count` are the result; the rest only serve ORDER BY */
    int32_t visible_count;
    char **target_names;
    bool distinct;
    int32_t distinct_on_count; /* DISTINCT ON: the first row, by `sort`, of those equal in these target columns */
    ColumnId *distinct_on;
    int32_t sort_count;
    BoundSort *sort; /* expr: EXPR_COLUMN of a target's column */
    Expr *limit;  /* constant or NULL */
    bool with_ties; /* rows that `sort` puts beside the last one of the limit come too */
    Expr *offset; /* constant or NULL */
    int32_t outer_count; /* columns of enclosing queries it uses (correlation) */
    ColumnId *outer;
};

/* A WITH query that is computed once and read where FROM_CTE says so.  One that reads columns of a query around it,
 * or is read once only, is bound as FROM_QUERY in its place instead. */
typedef struct BoundCte
{
    const char *name;
    BoundQuery *query; /* recursive: what it begins with */
    /* WITH RECURSIVE: `term` is run over the rows of the round before (a FROM_CTE of this one inside it) until none come;
     * the rows are those of all rounds.  The leader goes round (src/leader/recurse.c). */
    BoundQuery *term; /* NULL: not recursive */
    bool term_distinct; /* UNION: a row that was there before is not taken again */
} BoundCte;

/*
 * What a statement writes.  INSERT, UPDATE, DELETE and MERGE are one thing: each row of `query` may take one row of
 * the table away and may put one there.
 */
typedef struct BoundWrite
{
    const CatalogTable *table;
    const char *tag; /* "INSERT 0", "UPDATE"...: of the command tag */
    int32_t address; /* target of `query` with the address of the row to delete (null: none); -1: deletes nothing */
    int32_t appends; /* target with a BOOLEAN: the row is to be appended; -1: every row is, if values >= 0 */
    int32_t values;  /* first of the targets that are the new row, one a table column, cast by assignment; -1: none */
    bool numbers;    /* rows take numbers of the table's identity column */
    bool once;       /* an address that comes twice is error 21000 (MERGE, and UPDATE if it is asked for); else the first row counts (UPDATE FROM) */
} BoundWrite;

typedef struct BoundStatement
{
    int32_t column_count;
    BoundColumn *columns;
    int32_t cte_count; /* each may read those before it */
    BoundCte *ctes;
    BoundQuery *query;
    BoundWrite *write; /* NULL: rows go to the client */
} BoundStatement;

ColumnId bound_add_column(Arena *arena, BoundStatement *statement, const char *name, SqlType type, bool nullable);
void bound_print(Text *text, const BoundStatement *statement); /* SET stoa.show = 'bound' */
void expr_print(Text *text, const BoundStatement *statement, const Expr *expr); /* SQL-like, for EXPLAIN */
bool expr_equal(const Expr *a, const Expr *b);
bool expr_is_volatile(const Expr *expr); /* another value each time it is computed */

/* Builders used by binder and rules; all set type and nullability: a node is nullable if an argument is; `args` are copied.
 * expr_and() folds constants. */
Expr *expr_new(Arena *arena, ExprKind kind, SqlType type, int32_t arg_count, Expr *const *args);
/* A call; nullable too if the function may give NULL for arguments that are not. */
Expr *expr_func(Arena *arena, FuncId func, SqlType type, int32_t arg_count, Expr *const *args);
Expr *expr_bool(Arena *arena, bool value);
Expr *expr_column(Arena *arena, const BoundStatement *statement, ColumnId column);
Expr *expr_constant(Arena *arena, SqlType type, Datum value);
Expr *expr_and(Arena *arena, Expr *a, Expr *b); /* NULL is true */

#endif
