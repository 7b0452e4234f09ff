/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in and out: text of every type, checks of its length rules, and
 * Datum <-> memory of a Rep.
 */
#ifndef BASE_DATA_VALUE_H
#define BASE_DATA_VALUE_H

#include "base/core/bytes.h"
#include "base/data/type.h"

/* How text becomes a value of a type. */
typedef enum ValueMode
{
    VALUE_INPUT,  /* a literal or INSERT: decimals round, too long strings are 22001 unless blanks */
    VALUE_COPY,   /* COPY: decimals are cut (FEATURES 2.24), strings as INPUT */
    VALUE_CAST    /* explicit cast: decimals are cut, or rounded if the session says so; strings too long are cut silently */
} ValueMode;

/* Do decimals round in this mode? (enable_numeric_rounding is value_session.h's) */
bool value_rounds(ValueMode mode);

/* Parses text as a value of `type`.  A STR datum borrows from `text` where it can and
 * else lives in `arena`.  CHAR loses trailing blanks and refuses multi-byte characters;
 * strings must be valid UTF-8 (22021). */
Error *value_parse(Arena *arena, SqlType type, ValueMode mode, const char *text, size_t length, Datum *out) MUST_USE;
/* A string made to fit CHAR(n) or VARCHAR(n) (length 0 = any); what value_parse does for them. Borrows from `text`. */
Error *str_fit(SqlType type, ValueMode mode, Str text, Str *out) MUST_USE;
/* VARBYTE(length) from the bytes of a text, or from hex digits: 22P02. length 0 = any; too long as str_fit(). */
Error *varbyte_from_bytes(Arena *arena, int32_t length, ValueMode mode, Str bytes, Str *out) MUST_USE;
Error *varbyte_from_hex(Arena *arena, int32_t length, ValueMode mode, Str digits, Str *out) MUST_USE;
Error *varbyte_fit(int32_t length, ValueMode mode, Str value, Str *out) MUST_USE;
/* Its bytes. */
Str varbyte_bytes(Arena *arena, Str value);
/* Appends the text form a client sees ("t", "1998-12-01", CHAR padded with blanks to its length). */
void value_print(Text *text, SqlType type, const Datum *value);
/* Appends a value as an SQL literal, for EXPLAIN and DEFAULT: '1998-12-01'::date. */
void value_print_literal(Text *text, SqlType type, const Datum *value);

/* The Datum in memory of Rep `rep` at `at`, which holds a value of `type` (narrow integers widen). */
Datum value_load(SqlType type, Rep rep, const void *at);
/* Stores a non-null datum; a narrow integer Rep must be able to hold it (ASSERT). */
void value_store(SqlType type, Rep rep, const Datum *value, void *at);

/* <0, 0, >0 as SQL compares two non-null values of one type.  NaN is greater than all numbers. */
int value_compare(SqlType type, const Datum *a, const Datum *b);
/* memcmp order of trimmed strings (trailing blanks ignored); shorter first. */
int str_compare(Str a, Str b);
static inline int64_t str_trimmed(Str s)
{
    while (s.len > 0 && s.data[s.len - 1] == ' ')
        s.len--;
    return s.len;
}
bool utf8_valid(const char *text, size_t length); /* refuses surrogates and overlong forms */
int64_t utf8_length(const char *text, size_t length); /* characters */
/* The longest run of whole characters within bytes_max. */
int64_t utf8_cut(const char *text, int64_t length, int64_t bytes_max);
bool ascii_only(const char *text, size_t length);

/* For the wire and the catalog. */
void value_write(ByteWriter *writer, SqlType type, const Datum *value);
Datum value_read(ByteReader *reader, Arena *arena, SqlType type);
/* Casts a constant between types as an explicit CAST does; 42846 if there is no such cast. */
Error *value_cast(Arena *arena, SqlType from, const Datum *value, SqlType to, ValueMode mode, Datum *out) MUST_USE;

/* Between DATE, TIME, TIMESTAMP, TIMESTAMPTZ and TIMETZ by the session's zone; false: there is no such cast. */
bool moment_cast(TypeId from, int64_t value, TypeId to, int64_t *out);
/* Big-endian two's complement in as many bytes as the integer type has. */
Error *varbyte_from_integer(Arena *arena, SqlType from, int64_t value, int32_t length, ValueMode mode, Str *out) MUST_USE;
Error *varbyte_to_integer(Str value, SqlType to, int64_t *out) MUST_USE;

/* The conversions casts are made of.  22003 where the value does not fit; *out is then 0. */
Error *integer_fit(TypeId id, __int128 value, int64_t *out) MUST_USE;
Error *integer_from_double(TypeId id, double value, int64_t *out) MUST_USE; /* to the nearest, ties to even */
Error *integer_from_decimal(TypeId id, __int128 value, int32_t scale, ValueMode mode, int64_t *out) MUST_USE;
Error *decimal_fit(__int128 value, int32_t from_scale, int32_t precision, int32_t scale, ValueMode mode,
                   __int128 *out) MUST_USE;
Error *real_from_double(double value, double *out) MUST_USE;

#endif
