/* SPDX-License-Identifier: Apache-2.0 */
/* The words of ENCODE clauses (encode.def): which there are, and of which types they may be said. */
#ifndef BASE_DATA_ENCODE_H
#define BASE_DATA_ENCODE_H

#include "base/core/error.h"
#include "base/data/type.h"

typedef enum Encode
{
#define ENCODE(keyword, stored, number, types) ENCODE_##keyword,
#include "base/data/encode.def"
#undef ENCODE
    ENCODE_COUNT
} Encode;

/* Any case; "none" is raw; ENCODE_COUNT: there is no such word. */
Encode encode_find(const char *keyword);
/* The same.  42704: no such word; 42P16: not for this type. */
Error *encode_parse(const char *keyword, SqlType type, Encode *out) MUST_USE;
const char *encode_keyword(Encode encode);
/* Of pg_attribute.attencodingtype, there and back; ENCODE_COUNT for a number of none. */
int32_t encode_number(Encode encode);
Encode encode_of_number(int64_t number);
/* What Redshift takes for a column of that type in a table that is not ENCODE AUTO. */
Encode encode_default(SqlType type, bool sort_key);

#endif
