/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the binder share.  They follow the grammar's tree down:
 *
 *     bind.c            a statement; INSERT is bind_insert.c
 *     bind_select.c     a query: clauses in SQL's order of meaning, not of writing
 *     bind_from.c       FROM: makes the Namespace of a Scope
 *     bind_set.c        two queries and a set operation between them
 *     bind_group.c      GROUP BY, and what expressions above it may say
 *     bind_window.c     functions with OVER
 *     bind_expr.c       an expression by kind of node; operators, functions and
 *                       subqueries have files of their own
 *     coerce.c          one type to another, where the context allows it
 */
#ifndef SQL_BIND_BINDER_H
#define SQL_BIND_BINDER_H

#include "sql/bind/bind.h"
#include "sql/bind/expr.h"

#include <pg_query/pg_query.pb-c.h>

#define BIND_RELATIONS_MAX  2048    /* occurrences of tables and queries in a statement, CTEs counted where used */
#define BIND_EXPR_NODES_MAX 100000 /* of one item, aliases written out */
#define BIND_EXPR_DEPTH_MAX 2000   /* nodes on a path of an item, aliases written out */
#define BIND_COLUMNS_MAX    1600   /* of a table or a result */
#define BIND_GROUPING_SETS_MAX   4096
#define BIND_GROUPING_GROUPS_MAX 62     /* of a query with grouping sets: bits of a BIGINT */

typedef PgQuery__Node Node;
typedef struct Scope Scope;

/* What the call of an aggregate that is being bound reads, by the grammar's tree: folding may take it away. */
typedef struct AggReads
{
    Scope *scope;    /* the call's */
    Scope *nearest;  /* from there outwards: the first whose columns or aggregates it reads; NULL: none */
    struct AggReads *around; /* of the call around this one */
} AggReads;

typedef struct ParamTypes ParamTypes;

typedef struct Binder
{
    Arena *arena;
    const CatalogSnapshot *snapshot;
    const BindContext *context;
    const ParseStatement *parse; /* for positions */
    BoundStatement *statement;
    int32_t relation_count;
    int32_t view_depth;  /* > 0 inside the query of a view */
    const CatalogTable *view; /* the innermost; NULL outside */
    int32_t use_count;   /* tables and views the statement names itself, some more than once */
    int32_t use_capacity;
    int64_t *uses;
    int32_t maybe_never; /* > 0 inside what may never be computed (CASE): faults of constants wait until it is */
    AggReads *reads; /* NULL: outside of aggregates */
    ParamTypes *params; /* PREPARE: what is known of $1, $2...; else NULL */
    int32_t owner_capacity;
    Scope **owners; /* by ColumnId: the scope whose FROM gives it now; NULL: none */
    int32_t cte_done; /* WITH queries that are ready: Cte.done counts by it */
    int32_t cte_count;
    int32_t cte_capacity;
    struct Cte **ctes; /* those the statement computes once */
} Binder;

/* Of a statement that is bound against the snapshot. */
static inline Binder binder_make(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                                 const ParseStatement *parse)
{
    return (Binder){.arena = arena,
                    .snapshot = snapshot,
                    .context = context,
                    .parse = parse,
                    .statement = ARENA_NEW(arena, BoundStatement)};
}

/* One name a query's expressions may use. */
typedef struct NameEntry
{
    const char *schema; /* of a table said without alias; else NULL */
    const char *alias;  /* table or alias; NULL: none */
    const char *name;
    ColumnId column;
    bool hidden;       /* the other side of USING: only found when qualified */
    bool outer_joined; /* rows of its table may be missing */
    Expr *merged;      /* of FULL JOIN USING: what stands for both sides; else NULL: the column itself */
} NameEntry;

typedef struct Namespace
{
    int32_t count;
    int32_t capacity;
    NameEntry *entries; /* in the order of SELECT * */
} Namespace;

/*
 * WITH.  The first who reads it has its query as FROM_QUERY; when another comes, it becomes a query of the statement
 * (BoundCte) and both read that.  One that uses columns of a query around it is bound anew wherever it is read.
 */
typedef struct Cte
{
    const char *name;
    const PgQuery__CommonTableExpr *node;
    struct Cte *next; /* visible to this one's query; the chain ends with the outer query's */
    Scope *scope;     /* whose WITH it is */
    bool recursive;   /* WITH RECURSIVE: may read itself */
    bool binding;     /* its query is being bound */
    bool seed_bound;  /* of a recursive one: the first side is bound, the second may read it */
    bool self_read;   /* and did */
    bool shared;      /* a query of the statement */
    int32_t done;     /* those it reads have lower numbers */
    BoundCte bound;
    int32_t reader_count;
    int32_t reader_capacity;
    BoundFrom **readers;
} Cte;

typedef struct TargetItem
{
    const char *name;
    bool named;       /* by AS: an alias other clauses may use */
    const Node *node; /* what `expr` was made of; NULL: a column of * */
    Expr *expr;       /* over columns of FROM and aggregates */
    Expr *final;      /* over groups and aggregates, once grouping is known */
    int32_t position;
} TargetItem;

/* GROUPING(args): a column that stands for it until the groups are known. */
typedef struct GroupingCall
{
    ColumnId column;
    int32_t arg_count;
    Expr **args;
    int32_t position;
} GroupingCall;

struct Scope
{
    Scope *outer;
    bool outer_hidden; /* a FROM subquery: the names of `outer` itself are not visible, those further out are */
    Namespace names;
    BoundQuery *query;
    Cte *ctes;
    const PgQuery__SelectStmt *select; /* for its WINDOW clause */
    bool keep_unknown;                 /* a side of a set operation: literals wait for the other side's type */
    int32_t item_count; /* bound so far */
    int32_t item_capacity;
    TargetItem *items;
    const char *no_aggregates; /* the clause that takes none, "WHERE"; NULL: welcome */
    bool inside_aggregate;
    bool inside_window;
    ColumnId *outer_mark; /* where the column in front of a (+) is noted; NULL: (+) means nothing */
    const char *no_windows; /* as no_aggregates */
    bool inside_items; /* in the select list, where generate_series() may stand outside of CASE and the like */
    int32_t items_maybe_never; /* binder->maybe_never where it began */
    int32_t series_position; /* of generate_series() in the select list; 0: none */
    bool has_groups;        /* a GROUP BY without an empty set: every aggregate sees a row */
    int32_t agg_capacity;
    int32_t group_capacity;
    int32_t window_capacity;
    int32_t outer_capacity;
    int32_t target_capacity;
    int32_t grouping_count; /* calls of GROUPING() */
    int32_t grouping_capacity;
    GroupingCall *groupings;
};

/* --- bind.c ------------------------------------------------------------------ */
/* Any statement bind_statement() takes, into binder->statement. */
Error *bind_any(Binder *binder, const ParseStatement *statement) MUST_USE;
int32_t node_position(const Binder *binder, int32_t location);
Error *unsupported(int32_t position, const char *format, ...)
    PRINTF_LIKE(2, 3) MUST_USE; /* "... is not supported yet" */
char *name_fold(const Binder *binder, const char *name);
/* NULL if the node is no string. */
const char *node_string(const Node *node);
/* Where a node begins, as far as the grammar says; -1 unknown. */
int32_t node_location(const Node *node);
/* Doubles an array of the arena when `count` reaches *capacity. */
void *array_grow(Arena *arena, void *items, int32_t count, int32_t *capacity, size_t item_size);
#define ARRAY_ADD(arena, items, count, capacity, item)                                                                 \
    ((items) = array_grow((arena), (items), (count), &(capacity), sizeof *(items)), (items)[(count)++] = (item))
Error *bind_insert(Binder *binder, const PgQuery__InsertStmt *insert) MUST_USE;
/* A value for a column, in its type by assignment. */
Error *bind_assign(Binder *binder, const CatalogTable *table, int32_t ordinal, Expr *expr, Expr **out) MUST_USE;
/* Column `name` of the table a statement writes; 42703. */
Error *bind_write_column(const CatalogTable *table, const char *name, int32_t position, int32_t *ordinal) MUST_USE;
/* The value a column takes where none is given: its DEFAULT, the next of an identity column, or null; of the column's type.
 * Positions of the made expression are 0. */
Error *bind_default(Binder *binder, const CatalogTable *table, int32_t ordinal, Expr **out) MUST_USE;
/* The value of the table's identity column in the row with that number of the statement; NULL: whichever slice has it takes the
 * next of its own. */
Error *bind_identity(Binder *binder, const CatalogTable *table, Expr *row, Expr **out) MUST_USE;
/* 0A000: the column is an identity column that takes no values but its own. */
Error *bind_check_identity(const CatalogTable *table, int32_t ordinal, int32_t position) MUST_USE;

/* --- bind_write.c, bind_merge.c --------------------------------------------------- */
/* What a statement writes into. */
typedef struct WriteTarget
{
    const CatalogTable *table;
    const char *alias;
    BoundFrom *from; /* a scan of it that tells addresses */
} WriteTarget;
/* Finds the table and makes the statement's BoundWrite.  42P01; 42809 for what is no table. */
Error *bind_write_target(Binder *binder, const PgQuery__RangeVar *range, const char *tag, uint32_t privileges,
                         WriteTarget *target) MUST_USE;
/* RETURNING is refused by name. */
Error *bind_no_returning(const Binder *binder, size_t count) MUST_USE;
/* The scan of the target, its columns' names added to `scope`.  42712 if its name is there already. */
Error *bind_write_from(Binder *binder, Scope *scope, const PgQuery__RangeVar *range, WriteTarget *target) MUST_USE;
/* SET a = x, ...: values[ordinal] for each column that is said; else NULL. */
Error *bind_set_list(Binder *binder, Scope *scope, const CatalogTable *table, size_t count, Node *const *items,
                     Expr **values) MUST_USE;
Error *bind_update(Binder *binder, const PgQuery__UpdateStmt *update) MUST_USE;
Error *bind_delete(Binder *binder, const PgQuery__DeleteStmt *statement) MUST_USE;
Error *bind_merge(Binder *binder, const PgQuery__MergeStmt *merge) MUST_USE;

/* --- bind_table.c, bind_alter.c, bind_view.c ----------------------------------------- */
#define SORT_COLUMNS_MAX 400 /* FEATURES 3.05 */
/* A table on its way into the catalog. */
typedef struct TableMaker
{
    Binder *binder;
    CatalogTable *table; /* sort_columns has room for SORT_COLUMNS_MAX */
    int32_t capacity;    /* of table->columns */
} TableMaker;
/* One more column, with its part of dist and sort key.  42701, 42704... */
Error *table_read_column(TableMaker *maker, const PgQuery__ColumnDef *definition) MUST_USE;
/* DISTSTYLE and DISTKEY; SORTKEY.  The table has none yet, but those its columns have said. */
Error *table_read_distribution(TableMaker *maker, const TableOptions *options) MUST_USE;
Error *table_read_sort_key(TableMaker *maker, const TableOptions *options) MUST_USE;
/* 42704 */
/* ENCODE `keyword`; 42704, 42P16 at the position. */
Error *table_set_encoding(CatalogColumn *column, const char *keyword, int32_t position) MUST_USE;
/* Where a new table or view of this name goes. */
const char *bind_target_schema(const Binder *binder, const PgQuery__RangeVar *range);
/* The type a column has that keeps values of `type`: texts have a length. */
SqlType bind_stored_type(SqlType type);
/* CREATE TABLE AS, SELECT INTO: its INTO, and the query without it. */
Error *bind_into(Binder *binder, const Node *node, const PgQuery__IntoClause **into,
                 const PgQuery__SelectStmt **select) MUST_USE;
/* PRIMARY KEY, UNIQUE, FOREIGN KEY? */
bool bind_is_key(const PgQuery__Constraint *constraint);
/* Checks and names such a constraint and adds it to the table's keys; PRIMARY KEY makes its columns NOT NULL.  `column`:
 * whose constraint it is, -1: the table's.  42P16, 42701, 42703, 42710, 42804, 42830, 42P01, 42P07... */
Error *bind_key(Binder *binder, CatalogTable *table, const PgQuery__Constraint *constraint, int32_t column) MUST_USE;
/* CREATE TABLE AS: the distribution and sort key that `said` (NULL: nothing) does not say.  The table has its columns. */
void bind_inherit(CatalogTable *table, const BoundQuery *query, const TableOptions *said);
/* The query of a view, where it is read. */
Error *bind_view_query(Binder *binder, const CatalogTable *view, int32_t position, BoundQuery **out) MUST_USE;
/* What the view being bound means by that name; NULL: it is none of what it depends on, or is bound late. */
const CatalogTable *bind_view_source(const Binder *binder, const char *schema, const char *name);
/* Notes that the statement reads the table or view. */
void bind_note_use(Binder *binder, const CatalogTable *table);
/* CREATE TABLE AS once the table is there: rows of the query into it. */
Error *bind_fill(Binder *binder, const PgQuery__RangeVar *range, const PgQuery__SelectStmt *select) MUST_USE;

/* --- bind_param.c ---------------------------------------------------------------- */
/* $n: its value, when EXECUTE runs; while PREPARE looks at the statement a null.  42P02 if there is none. */
Error *bind_param(Binder *binder, const PgQuery__ParamRef *ref, Expr **out) MUST_USE;
/* The place of `expr`, if it is a parameter without a type, asks for this one. */
void bind_note_param(Binder *binder, const Expr *expr, SqlType type);

/* --- bind_name.c --------------------------------------------------------------- */
/* A relation's name as it was said, folded. */
ParseName bind_range_name(const Binder *binder, const PgQuery__RangeVar *range);
Error *bind_table(const Binder *binder, const char *schema, const char *name, uint32_t privileges, int32_t position,
                  const CatalogTable **table) MUST_USE;
Error *bind_column_ref(Binder *binder, Scope *scope, const PgQuery__ColumnRef *ref, Expr **out) MUST_USE;
/* The queries from `scope` up to, without, `owner` use a column of an enclosing one. */
void note_outer(Binder *binder, Scope *scope, const Scope *owner, ColumnId column);
/* Is `other` nearer to `name` than *distance, and near enough to be meant?  Then *distance is lowered. */
bool name_is_near(const char *name, const char *other, int32_t *distance);

/* --- bind_from.c --------------------------------------------------------------- */
/* An alias and the names it gives the columns. */
typedef struct FromAlias
{
    const char *name; /* NULL: none */
    int32_t position;
    size_t column_count;
    Node *const *columns;
} FromAlias;
FromAlias from_read_alias(const Binder *binder, const PgQuery__Alias *alias, int32_t position);
/* The name of column `index`: from the alias's list, else `own`. */
const char *from_column_name(const Binder *binder, const FromAlias *alias, int32_t index, const char *own);
Error *from_check_alias(const FromAlias *alias, int32_t column_count) MUST_USE;
Error *bind_from(Binder *binder, Scope *scope, size_t count, Node *const *items, BoundFrom **out) MUST_USE;
/* A comma: a join without condition. */
BoundFrom *bind_cross(Binder *binder, BoundFrom *left, BoundFrom *right);
/* One of them; fills `names`. */
Error *bind_from_item(Binder *binder, Scope *scope, const Node *node, Namespace *names, BoundFrom **out) MUST_USE;
/* One more table or query; 54001 beyond BIND_RELATIONS_MAX. */
Error *bind_count_relation(Binder *binder, int32_t position) MUST_USE;
void namespace_add(Binder *binder, Scope *scope, Namespace *names, NameEntry entry);
void namespace_append(Binder *binder, Namespace *names, const Namespace *more);

/* Every reader of a name sees it so; fills and owns `names`. */
Error *bind_from_query(Binder *binder, Scope *scope, BoundQuery *query, const FromAlias *alias, Namespace *names,
                       BoundFrom **out) MUST_USE;

/* --- bind_join.c, bind_pivot.c ----------------------------------------------------- */
Error *bind_join(Binder *binder, Scope *scope, const PgQuery__JoinExpr *join, Namespace *names,
                 BoundFrom **out) MUST_USE;
/* No table name twice: 42712. */
Error *bind_check_aliases(const Namespace *left, const Namespace *right) MUST_USE;
/* An outer join may make up rows of these columns' tables. */
void namespace_make_nullable(Binder *binder, const Namespace *names);
/* PIVOT and UNPIVOT, which sql/parse leaves as a join with a call of "?pivot" or "?unpivot". */
bool bind_is_pivot(const PgQuery__JoinExpr *join);
Error *bind_pivot(Binder *binder, Scope *scope, const PgQuery__JoinExpr *join, Namespace *names,
                  BoundFrom **out) MUST_USE;

/* --- tree.c ------------------------------------------------------------------------ */
typedef enum TreeAnswer
{
    TREE_INTO, /* look below it */
    TREE_PASS, /* not that */
    TREE_FOUND
} TreeAnswer;
typedef TreeAnswer TreeLook(const ProtobufCMessage *message, const void *context);
/* Does `look` find something in the message (NULL: no) or, as it says, below? */
bool tree_finds(const ProtobufCMessage *message, TreeLook *look, const void *context);

/* --- bind_outer.c ----------------------------------------------------------------- */
#define OUTER_JOIN_NAME "?outer" /* what sql/parse has made of `column (+)`: a call */
/* Outside of subqueries. */
bool bind_has_outer_mark(const Node *node);
/* FROM is there: its tables are joined as (+) in WHERE says.  Those conditions leave WHERE. */
Error *bind_outer_joins(Binder *binder, Scope *scope, PgQuery__SelectStmt *select) MUST_USE;

/* --- bind_series.c ---------------------------------------------------------------- */
bool bind_is_series(const char *name); /* of a function, folded */
/* A call in a select list: its FROM gives the rows, *out is the value of each.  0A000 elsewhere. */
Error *bind_series(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                   Expr **out) MUST_USE;

/* --- bind_cte.c ---------------------------------------------------------------- */
Error *bind_with(Binder *binder, Scope *scope, const PgQuery__WithClause *with) MUST_USE;
Cte *find_cte(const Scope *scope, const char *name); /* NULL: none */
Error *bind_from_cte(Binder *binder, Scope *scope, Cte *cte, const FromAlias *alias, int32_t position,
                     Namespace *names, BoundFrom **out) MUST_USE;
/* Binds those of the scope that nobody has read: they may be wrong. */
Error *bind_check_unread(Binder *binder, const Scope *scope) MUST_USE;
/* Puts those computed once into the statement, each behind those it reads. */
void bind_finish_ctes(Binder *binder);

/* --- bind_select.c ------------------------------------------------------------- */
/* `outer` may be NULL. */
Error *bind_query(Binder *binder, Scope *outer, bool outer_hidden, Cte *ctes, const PgQuery__SelectStmt *select,
                  BoundQuery **out) MUST_USE;
/* The same in a scope that is there already; scope->query is made. */
Error *bind_query_scope(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select) MUST_USE;
/* All of it but FROM and the select list, which scope and its items have by now. */
Error *bind_clauses(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select) MUST_USE;
bool node_is_missing(const Node *node);
Error *bind_add_item(Binder *binder, Scope *scope, TargetItem item) MUST_USE;
/* What a column of the select list is called: its alias, or as PostgreSQL would call it. */
const char *target_name(const Binder *binder, const PgQuery__ResTarget *target);
/* VALUES, or UNION ALL of constants, as a FROM item, its rows brought to one type a column and its names added to the
 * scope. *out = NULL: not all is constant, so it is better bound otherwise. */
Error *bind_values(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundFrom **out) MUST_USE;
/* UNION ALL of nothing but SELECTs of constants: a VALUES list. */
bool bind_is_constant_rows(const PgQuery__SelectStmt *select);
/* The numbers 0 to count - 1, one a row of one column; and the cell of the row with the number `row`, of `type`. */
BoundFrom *bind_row_numbers(Binder *binder, int32_t count);
Expr *bind_choose_row(Binder *binder, Expr **cells, int32_t row_count, Expr *row, SqlType type);
/* A query over one FROM item whose targets are its columns; names of them may be NULL. */
BoundQuery *query_over(Binder *binder, BoundFrom *from);
void query_add_target(Binder *binder, BoundQuery *query, int32_t *capacity, Expr *expr, const char *name);
/* Refuses what has grown beyond BIND_EXPR_NODES_MAX by aliases of aliases. */
Error *bind_check_size(const Expr *expr) MUST_USE;

/* --- bind_star.c ---------------------------------------------------------------- */
/* A `*`, or `* EXCLUDE (...)`, of the select list; *done = false: it is neither. */
Error *bind_star_item(Binder *binder, Scope *scope, const Node *node, bool *done) MUST_USE;
Error *bind_expand_all(Binder *binder, Scope *scope) MUST_USE; /* `*` */

/* --- bind_order.c ---------------------------------------------------------------- */
/* An ORDER BY item: a target, or an expression of its own. */
typedef struct SortItem
{
    TargetItem *item;
    Expr *expr;
    int32_t position;
} SortItem;
Error *bind_sort_items(Binder *binder, Scope *scope, size_t count, Node *const *nodes, SortItem **out) MUST_USE;
/* Once targets are there: scope->query->sort, and hidden targets for it. */
Error *bind_finish_sort(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select,
                        const SortItem *items) MUST_USE;
Error *bind_distinct_on(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, SortItem **out) MUST_USE;
Error *bind_finish_distinct_on(Binder *binder, Scope *scope, size_t count, const SortItem *items) MUST_USE;
BoundSort bind_sort_of(const PgQuery__SortBy *by, Expr *expr);
Error *bind_limits(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select) MUST_USE;

/* --- bind_set.c ------------------------------------------------------------------- */
Error *bind_set(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select) MUST_USE;
/* The same of sides that are bound. */
Error *bind_set_of(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundQuery *left,
                   BoundQuery *right) MUST_USE;
/* A side of it; literals of unknown type stay so. */
Error *bind_set_side(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundQuery **out) MUST_USE;
/* `query` becomes a query over itself, of its visible columns. */
void bind_wrap(Binder *binder, BoundQuery **query);
/* Gives target `index` another type, as an implicit cast; the query may be wrapped into another. */
Error *bind_coerce_target(Binder *binder, BoundQuery **query, int32_t index, SqlType type) MUST_USE;

#define GROUP_ALL_NAME "?all" /* what sql/parse has made of GROUP BY ALL */
/* --- bind_group.c -------------------------------------------------------------- */
Error *bind_groups(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select) MUST_USE;
/* The target an ORDER BY or GROUP BY item names by position; NULL with no error if it is no integer constant. */
Error *bind_position(const Binder *binder, const Scope *scope, const Node *node, const char *clause,
                     TargetItem **item) MUST_USE;
/* One item of GROUP BY as group *index, a new one or one that is there. */
Error *bind_group(Binder *binder, Scope *scope, const Node *node, int32_t *index) MUST_USE;
/* An expression over FROM as one over groups and aggregates; 42803 if it says more. */
Error *bind_above_groups(Binder *binder, Scope *scope, Expr *expr, Expr **out) MUST_USE;
bool bind_uses_aggregate(const Expr *expr, const BoundQuery *query);
bool bind_uses_window(const Expr *expr, const BoundQuery *query);

/* The nearest query from `scope` outwards whose FROM or aggregates `expr` reads; NULL: none. */
Scope *bind_owner(const Binder *binder, Scope *scope, const Expr *expr);
bool scope_is_inside(const Scope *scope, const Scope *outer); /* or is it */
/* The aggregates around read something of `owner`; NULL: of nobody. */
void bind_note_read(Binder *binder, Scope *owner);

/* --- bind_replace.c ------------------------------------------------------------ */
/* `query` reads `by` wherever it read `column` of a query around it. */
void bind_replace_outer(const Binder *binder, BoundQuery *query, ColumnId column, ColumnId by);
/* Where it is first read; 0: not known. */
int32_t bind_outer_position(const Binder *binder, BoundQuery *query, ColumnId column);

/* --- bind_grouping.c ------------------------------------------------------------- */
/* GROUP BY with GROUPING SETS, ROLLUP, CUBE or rows in it. */
Error *bind_grouping_sets(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select) MUST_USE;
bool bind_has_grouping_sets(const PgQuery__SelectStmt *select);
Error *bind_grouping_call(Binder *binder, Scope *scope, size_t count, Node *const *nodes, int32_t position,
                          Expr **out) MUST_USE;
/* What the call means, once groups are known. */
Error *bind_finish_grouping(Binder *binder, Scope *scope, const GroupingCall *call, Expr **out) MUST_USE;

/* --- bind_agg.c ------------------------------------------------------------------- */
/* A call of an aggregate, without or with OVER: all of it but its place and its column; FILTER is in its argument. */
Error *bind_agg_call(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                     BoundAgg *agg, AggMatch *match) MUST_USE;
Error *bind_aggregate(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                      Expr **out) MUST_USE;
bool bind_same_sort(const BoundSort *a, int32_t a_count, const BoundSort *b, int32_t b_count);

/* --- bind_window.c, bind_frame.c ---------------------------------------------------- */
#define QUALIFY_WINDOW "?qualify" /* sql/parse leaves QUALIFY's condition as a window of this name */
#define APPROXIMATE    "?approximate" /* as the schema of COUNT: about how many will do */
#define IGNORE_NULLS   "?ignore"  /* and a function that ignores nulls as one of this schema */
Error *bind_window(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, bool ignore_nulls,
                   int32_t position, Expr **out) MUST_USE;
/* QUALIFY, NULL if there is none. */
Error *bind_qualify(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, Expr **out) MUST_USE;
/* Says windows in terms of groups, once those are known. */
Error *bind_finish_windows(Binder *binder, Scope *scope) MUST_USE;
Error *bind_frame(Binder *binder, Scope *scope, const PgQuery__WindowDef *def, BoundWindow *window) MUST_USE;

/* Folds a new node; see maybe_never. */
Error *bind_fold(Binder *binder, Expr *expr, Expr **out) MUST_USE;
/* A call, folded.  `args` are of the types that the function takes. */
Error *bind_call(Binder *binder, FuncId func, SqlType type, Expr *const *args, int32_t count, int32_t position,
                 Expr **out) MUST_USE;

/* --- bind_expr.c ---------------------------------------------------------------- */
Error *bind_expr(Binder *binder, Scope *scope, const Node *node, Expr **out) MUST_USE;
#define TRY_CAST_NAME "?try" /* what sql/parse has made of TRY_CAST(x AS type): a call with x and a null of the type */
Error *bind_try_cast(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, int32_t position, Expr **out) MUST_USE;
/* For a second place: `expr`, made of `node`, is shared, unless it has a subquery: then it is bound anew,
 * for each subquery's columns may be there once only. */
Error *bind_again(Binder *binder, Scope *scope, const Node *node, Expr *expr, Expr **out) MUST_USE;
/* As a condition: boolean, for `clause`. */
Error *bind_condition(Binder *binder, Scope *scope, const Node *node, const char *clause, Expr **out) MUST_USE;
/* Brings the values of CASE, COALESCE, VALUES to one type. */
Error *bind_common_type(Binder *binder, Expr **exprs, int32_t count, const char *what, SqlType *type) MUST_USE;
/* That type, with nothing cast yet. */
Error *bind_common_of(Binder *binder, Expr *const *exprs, int32_t count, SqlType *type) MUST_USE;

/* --- bind_oper.c ----------------------------------------------------------------- */
Error *bind_operator(Binder *binder, const char *symbol, Expr *left, Expr *right, int32_t position,
                     Expr **out) MUST_USE;
/* op as in EXPR_COMPARE */
Error *bind_compare(Binder *binder, char op, Expr *left, Expr *right, int32_t position, Expr **out) MUST_USE;
/* A comparison's symbol as EXPR_COMPARE says it; 0: no comparison. */
char bind_compare_op(const char *symbol);
Error *bind_in_list(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out) MUST_USE;
/* op ANY (ARRAY[...]), op ALL (ARRAY[...]) */
Error *bind_array_compare(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out) MUST_USE;
Error *bind_like(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out) MUST_USE;

/* --- bind_array.c ------------------------------------------------------------------- */
#define UNNEST_NAME "unnest"
Error *bind_array_count(Binder *binder, Expr *array, int32_t position, Expr **out) MUST_USE;
/* By its number from 0; INTEGER of an array that is a CHAR. */
Error *bind_array_element(Binder *binder, Expr *array, Expr *number, int32_t position, Expr **out) MUST_USE;
Error *bind_indirection(Binder *binder, Scope *scope, const PgQuery__AIndirection *node, int32_t position,
                        Expr **out) MUST_USE;
/* a op ANY (array), ALL; the array is no ARRAY[...]. */
Error *bind_any_element(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, bool all, Expr **out) MUST_USE;

/* --- bind_macro.c ------------------------------------------------------------------- */
/* A function of macro.def. */
bool bind_is_macro(const char *name, size_t arg_count);
Error *bind_macro(Binder *binder, Scope *scope, const char *name, size_t arg_count, Node *const *args, int32_t location,
                  Expr **out) MUST_USE;
/* ARRAY(select ...): the text of an array. */
Error *bind_array(Binder *binder, Scope *scope, PgQuery__SelectStmt *rows, int32_t location, Expr **out) MUST_USE;
/* Is it a cast to regclass or its kin? */
bool bind_is_alias_cast(const PgQuery__TypeCast *cast);
Error *bind_alias_cast(Binder *binder, Scope *scope, const PgQuery__TypeCast *cast, Expr **out) MUST_USE;

/* --- bind_func.c, bind_case.c, bind_leader.c -------------------------------------- */
Error *bind_func_call(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out) MUST_USE;
Error *bind_case(Binder *binder, Scope *scope, const PgQuery__CaseExpr *expr, Expr **out) MUST_USE;
Error *bind_coalesce(Binder *binder, Scope *scope, size_t count, Node *const *nodes, int32_t position,
                     Expr **out) MUST_USE;
/* `value`: left once more, for its second place */
Error *bind_nullif(Binder *binder, Expr *left, Expr *right, Expr *value, int32_t position, Expr **out) MUST_USE;
/* A value and what it was made of, for its second place */
typedef struct DistinctSide
{
    const Node *node;
    Expr *expr;
} DistinctSide;
Error *bind_distinct_test(Binder *binder, Scope *scope, const DistinctSide *left, const DistinctSide *right,
                          int32_t position, Expr **out) MUST_USE;
Error *bind_greatest(Binder *binder, Scope *scope, const PgQuery__MinMaxExpr *expr, Expr **out) MUST_USE;
/* NVL2 and DECODE, which are CASEs. */
Error *bind_nvl2(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out) MUST_USE;
Error *bind_decode(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out) MUST_USE;
Error *bind_leader_func(Binder *binder, const FuncMatch *match, Expr *const *args, int32_t position,
                        Expr **out) MUST_USE;
Error *bind_value_function(Binder *binder, const PgQuery__SQLValueFunction *function, Expr **out) MUST_USE;

/* --- bind_row.c --------------------------------------------------------------------- */
bool bind_is_row(const Node *node); /* (a, b) */
bool bind_is_row_subquery(const Node *node); /* (select ..), which is a row if it has several columns */
/* Its values, of (a, b) or (select a, b ..). */
Error *bind_row_values(Binder *binder, Scope *scope, const Node *node, Expr ***out, int32_t *count) MUST_USE;
/* A comparison one side of which is a row; op as in EXPR_COMPARE, 0: another operator.  42601 for unequal lengths. */
Error *bind_row_compare(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, char op, Expr **out) MUST_USE;
Error *bind_row_between(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out) MUST_USE;
Error *bind_row_distinct(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out) MUST_USE;
Error *bind_row_null_test(Binder *binder, Scope *scope, const PgQuery__NullTest *test, Expr **out) MUST_USE;
Error *bind_row_in_list(Binder *binder, Scope *scope, const PgQuery__AExpr *expr, Expr **out) MUST_USE;

/* --- bind_subquery.c ---------------------------------------------------------------- */
Error *bind_sublink(Binder *binder, Scope *scope, const PgQuery__SubLink *link, Expr **out) MUST_USE;
/* (select a, b ..) where a row is meant: as many scalar subqueries as it has columns. */
Error *bind_row_subquery(Binder *binder, Scope *scope, const PgQuery__SubLink *link, Expr ***out,
                         int32_t *count) MUST_USE;

/* --- bind_type.c ----------------------------------------------------------------------- */
/* for_column: DDL's defaults (VARCHAR is 256 long) and limits; else length 0: follows the value. */
Error *bind_type(const Binder *binder, const PgQuery__TypeName *name, bool for_column, SqlType *out) MUST_USE;
/* Units of INTERVAL '...' <unit>: "day", or NULL if none is said. */
Expr *bind_interval_text(const Binder *binder, Expr *text, SqlType type);

/* --- coerce.c ------------------------------------------------------------------------- */
/* Returns `expr` itself where nothing is to do; constants are converted now. 42846, 42804, 22P02... */
Error *coerce(Binder *binder, Expr *expr, SqlType to, CastContext context, Expr **out) MUST_USE;
/* An untyped literal becomes text; anything else stays. */
Expr *coerce_unknown(Binder *binder, Expr *expr);
/* A numeric or date constant in the type of the other side, for comparisons:
 *   exact                     true, *out is it
 *   between two of its values true for < <= > >=, *op may change
 * false: both sides need a common type. */
bool coerce_constant_to(Binder *binder, const Expr *constant, SqlType type, char *op, Expr **out);

#endif
