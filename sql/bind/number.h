/* SPDX-License-Identifier: Apache-2.0 */
/* Number literals: as the grammar gives them, and in quotes beside a DECIMAL. */
#ifndef SQL_BIND_NUMBER_H
#define SQL_BIND_NUMBER_H

#include "sql/bind/binder.h"

/* "12" INTEGER, BIGINT or DECIMAL(n,0) by size; "1.50" DECIMAL(3,2); "1e3" and what has more than 38 digits DOUBLE. */
Error *number_literal(Binder *binder, const char *text, int32_t position, Expr **out) MUST_USE;
/* The text of an untyped literal as such a number, for comparisons and arithmetic with DECIMAL
 * (FEATURES 2.34); 22P02 if it is none. */
Error *number_of_unknown(Binder *binder, const Expr *literal, Expr **out) MUST_USE;

#endif
