/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DECIMAL arithmetic on scaled 128-bit integers, and Redshift's rules for the
 * precision and scale of results (Redshift developer guide, "Computations with
 * numeric values").  Checked against GMP and PostgreSQL in tests.
 * Functions that return Error * fail with 22003 (out of range) or 22012.
 */
#ifndef BASE_DATA_NUMERIC_H
#define BASE_DATA_NUMERIC_H

#include "base/data/type.h"

typedef __int128 int128;

static inline int128 i128_get(I128 value)
{
    return (int128) (((unsigned __int128) (uint64_t) value.hi << 64) | value.lo);
}

static inline I128 i128_put(int128 value)
{
    return (I128){(uint64_t) value, (int64_t) (value >> 64)};
}

/* The scaled integer of a DECIMAL datum, and back; they know which Rep the precision asks for. */
static inline int128 datum_decimal(SqlType type, const Datum *value)
{
    return type.precision > DECIMAL_PRECISION_I64_MAX ? i128_get(value->i128) : value->i;
}

static inline Datum decimal_datum(SqlType type, int128 value)
{
    if (type.precision > DECIMAL_PRECISION_I64_MAX)
        return (Datum){.i128 = i128_put(value)};
    return (Datum){.i = (int64_t) value};
}

int128 int128_pow10(int32_t exponent);              /* 0..38 */
bool decimal_fits(int128 value, int32_t precision); /* |value| < 10^precision */

Error *decimal_add(int128 a, int128 b, int128 *sum) MUST_USE;
Error *decimal_sub(int128 a, int128 b, int128 *difference) MUST_USE;
Error *decimal_mul(int128 a, int128 b, int128 *product) MUST_USE;
/* a/10^sa divided by b/10^sb, to scale `scale`, truncated toward zero as Redshift does. */
Error *decimal_div(int128 a, int32_t sa, int128 b, int32_t sb, int32_t scale, int128 *quotient) MUST_USE;
/* Same value at another scale; dropping digits rounds half away from zero or truncates. */
Error *decimal_rescale(int128 value, int32_t from, int32_t to, bool round, int128 *out) MUST_USE;

/* "-12.50" to a scaled integer.  Blanks around are allowed, exponents too. Digits beyond
 * `scale` are rounded half away (round) or cut.  22P02 for no number, 22003 beyond precision. */
Error *decimal_parse(const char *text, size_t length, int32_t precision, int32_t scale, bool round,
                     int128 *value) MUST_USE;
/* The same with the digits the text has: "-12.50" is a DECIMAL(4,2), "0.05" a DECIMAL(3,2), "1e3" a DECIMAL(4,0).  More than
 * 37 decimals are rounded to so many. */
Error *decimal_parse_open(const char *text, size_t length, SqlType *type, int128 *value) MUST_USE;
/* Blanks around are allowed. 22P02 naming `type`, 22003 outside [least, most]. */
Error *int64_parse(const char *text, size_t length, const char *type, int64_t least, int64_t most,
                   int64_t *value) MUST_USE;
/* NaN and Infinity too. real: with the range and rounding of REAL. */
Error *double_parse(const char *text, size_t length, bool real, double *value) MUST_USE;
/* Writes the digits, always with `scale` decimals, no terminator; returns the length (<= 41). */
int32_t decimal_format(int128 value, int32_t scale, char *out);
int32_t int64_format(int64_t value, char *out); /* <= 20 */
/* Shortest text that reads back the same, as PostgreSQL 12+ prints; <= 32 bytes. */
int32_t double_format(double value, char *out);
int32_t float_format(float value, char *out);
double decimal_to_double(int128 value, int32_t scale);
Error *decimal_from_double(double value, int32_t precision, int32_t scale, int128 *out) MUST_USE;

/* Result types of + - * / % between two numeric types (FEATURES 2.16-2.21). op: '+','-','*','/','%'. */
Error *numeric_result_type(char op, SqlType a, SqlType b, SqlType *result) MUST_USE;
/* Common type for CASE, COALESCE, IN, set operations, comparison (FEATURES 2.22). */
Error *type_common(SqlType a, SqlType b, SqlType *result) MUST_USE;

#endif
