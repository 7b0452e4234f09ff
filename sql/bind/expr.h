/* SPDX-License-Identifier: Apache-2.0 */
/* Makes expression nodes: sets nullability, folds constants.  What only the binder uses; the rest is in bound.h. */
#ifndef SQL_BIND_EXPR_H
#define SQL_BIND_EXPR_H

#include "base/data/value.h"
#include "sql/bind/bound.h"

Expr *expr_null(Arena *arena, SqlType type);
bool expr_is_const(const Expr *expr);
bool expr_is_null_const(const Expr *expr);
bool expr_is_true_const(const Expr *expr);
bool expr_uses_subquery(const Expr *expr); /* then it may stand in one place only */

Expr *expr_not_of(Arena *arena, Expr *arg);       /* NOT NOT a is a; constants fold */
Expr *expr_or(Arena *arena, Expr *a, Expr *b);    /* NULL is false */
Expr *expr_is_null_test(Arena *arena, Expr *arg); /* folds where arg is never null */
Expr *expr_is_true_test(Arena *arena, Expr *arg);

/* The value of a strict node whose arguments are all constants, or one of them a null, as a constant;
 * the node itself if it cannot be told now.  Errors: 22003, 22012... with the node's position. */
Error *expr_fold(Arena *arena, Expr *expr, Expr **out) MUST_USE;
/* Calls the body of an IMMUTABLE function on constants (fold_func.c). */
bool expr_can_fold_func(void);
Error *expr_fold_func(Arena *arena, const Expr *expr, Datum *out) MUST_USE;

#endif
