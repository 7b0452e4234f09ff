/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in PostgreSQL's binary format, as its typsend and typreceive functions have it: big-endian, BOOLEAN one
 * byte, DATE days and moments microseconds since 2000-01-01, NUMERIC in digits of base 10000, text as it is.
 */
#ifndef BASE_DATA_VALUE_BINARY_H
#define BASE_DATA_VALUE_BINARY_H

#include "base/data/value.h"

/* Appends the bytes of a value that is not null, without a length before them. */
void value_write_binary(Text *text, SqlType type, const Datum *value);

/* The value that `length` bytes say.  Strings live in `arena`.  08P01 if they are none of the type, else as
 * value_parse(). */
Error *value_read_binary(Arena *arena, SqlType type, const void *bytes, size_t length, Datum *out) MUST_USE;

/* Appends the number that the bytes of a NUMERIC say, with the decimals it shows; 08P01. */
Error *value_print_numeric(Text *text, const void *bytes, size_t length) MUST_USE;

#endif
