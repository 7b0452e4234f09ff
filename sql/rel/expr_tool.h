/* SPDX-License-Identifier: Apache-2.0 */
/* What builder, rules and planner do with bound expressions.  Expressions stay immutable. */
#ifndef SQL_REL_EXPR_TOOL_H
#define SQL_REL_EXPR_TOOL_H

#include "sql/rel/column_set.h"

/* Columns an expression reads; those of enclosing queries its subqueries read count too. */
void expr_columns(Arena *arena, const Expr *expr, ColumnSet *set);
bool expr_has_subquery(const Expr *expr);
bool expr_is_column(const Expr *expr, ColumnId column);
/* True if a null in any column of `columns` makes the condition null or false:
 * rows an outer join has filled with nulls do not pass. */
bool expr_refuses_nulls(const Expr *condition, const ColumnSet *columns);

/* A copy in which columns are exchanged for what `swap` gives (NULL: stays). */
typedef Expr *ExprSwap(void *context, const Expr *column);
Expr *expr_replace(Arena *arena, Expr *expr, ExprSwap *swap, void *context);

/* New nodes; args are shared. */
Expr *expr_compare_make(Arena *arena, char op, Expr *a, Expr *b);
Expr *expr_or_list(Arena *arena, Expr *const *args, int32_t count);  /* 0: false */
Expr *expr_and_list(Arena *arena, Expr *const *args, int32_t count); /* 0: NULL, true */
Expr *expr_not(Arena *arena, Expr *arg);
Expr *expr_cast_make(Arena *arena, Expr *arg, SqlType type);
Expr *expr_bigint(Arena *arena, int64_t value);

/* A growing list of conjuncts (or any expressions). */
typedef struct ExprList
{
    Arena *arena;
    int32_t count;
    int32_t capacity;
    Expr **items;
} ExprList;
void expr_list_add(ExprList *list, Expr *expr);
void expr_list_add_all(ExprList *list, Expr *const *exprs, int32_t count);
bool expr_list_has(const ExprList *list, const Expr *expr);
/* Adds the conjuncts of a condition (nested ANDs taken apart); NULL and constant true add nothing. */
void expr_list_add_conjuncts(ExprList *list, Expr *condition);

/* `a = b` with both sides columns of one type. */
bool expr_is_column_equality(const Expr *expr, ColumnId *a, ColumnId *b);
/* `left expr = right expr`, whichever way it is written: each side reads columns, of one input alone. */
bool expr_is_join_key(Arena *arena, const Expr *conjunct, const ColumnSet *left, const Expr **outer,
                      const Expr **inner);
/* `<` for `>` and so on: the operator when sides are exchanged. */
char compare_op_swapped(char op);
/* A comparison of a column with a non-null constant, whichever way it is written. */
bool expr_is_column_test(const Expr *expr, const Expr **column, char *op, const Expr **constant);

/* A number, date or moment as a double, for estimates; false for other types and nulls. */
bool datum_as_double(SqlType type, const Datum *value, double *out);
/* The same exactly: integer, scaled DECIMAL, days, microseconds. */
bool datum_as_int128(SqlType type, const Datum *value, __int128 *out);
Datum datum_from_int128(SqlType type, __int128 value);

#endif
