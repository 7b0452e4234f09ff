/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL types, and Reps: how a value of a type stands in memory.
 *
 *   BOOLEAN I8 (0/1) · SMALLINT I16 · INTEGER I32 · BIGINT I64 · REAL F32 · DOUBLE F64
 *   DATE I32 (days since 2000-01-01) · TIMESTAMP I64 (microseconds since 2000-01-01 00:00)
 *   DECIMAL(p,s) integer scaled by 10^s: I64 for p <= 18, I128 above
 *   TIMESTAMPTZ I64 (microseconds since 2000-01-01 00:00 UTC) · TIME I64 (microseconds, 0..24 h)
 *   TIMETZ I64: (time - offset) in microseconds * 2^17 + seconds west of Greenwich + 2^16, so that integers
 *   compare as PostgreSQL compares the type (datetime.h)
 *   VARBYTE STR: its bytes as lower-case hex digits, which compare as the bytes do and never end in a blank
 *   CHAR, VARCHAR, UNKNOWN (an untyped literal) STR · INTERVAL Interval
 *
 * Where bounds known from statistics allow it, a value may stand in a narrower
 * integer Rep than its type's own (scan columns, row fields); readers widen.
 */
#ifndef BASE_DATA_TYPE_H
#define BASE_DATA_TYPE_H

#include "base/core/text.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum TypeId
{
    TYPE_NONE,
#define TYPE(id, name, oid, wire_length, rep) TYPE_##id,
#include "base/data/type.def"
#undef TYPE
    TYPE_COUNT
} TypeId;

typedef enum Rep
{
    REP_I8,
    REP_I16,
    REP_I32,
    REP_I64,
    REP_I128, /* I128, two's complement, little-endian */
    REP_F32,
    REP_F64,
    REP_STR,
    REP_INTERVAL,
    REP_COUNT
} Rep;

/* length: CHAR/VARCHAR/VARBYTE: bytes; precision, scale: DECIMAL.
 * INTERVAL: length is the mask of fields a qualifier names (INTERVAL_*; 0: all), precision 1 + digits of the
 * second's fraction (0: all).  Else 0. */
typedef struct SqlType
{
    uint8_t id; /* TypeId */
    uint8_t precision;
    uint8_t scale;
    int32_t length;
} SqlType;

#define DECIMAL_PRECISION_MAX 38
#define DECIMAL_PRECISION_I64_MAX 18
#define CHAR_LENGTH_MAX 4096
#define VARCHAR_LENGTH_MAX 65535
#define VARCHAR_LENGTH_DEFAULT 256
#define VARBYTE_LENGTH_MAX 1024000
#define VARBYTE_LENGTH_DEFAULT 64000

/* PostgreSQL's INTERVAL_MASK() of each field (utils/timestamp.h), as the grammar gives them. */
enum
{
    INTERVAL_MONTH = 1 << 1,
    INTERVAL_YEAR = 1 << 2,
    INTERVAL_DAY = 1 << 3,
    INTERVAL_HOUR = 1 << 10,
    INTERVAL_MINUTE = 1 << 11,
    INTERVAL_SECOND = 1 << 12,
    INTERVAL_FULL = 0x7fff
};

/* A string value.  data need not be terminated; len in bytes.  CHAR values are
 * kept without their trailing blanks; VARCHAR values as given.  Comparison,
 * grouping, joining and hashing ignore trailing blanks of both. */
typedef struct Str
{
    const char *data;
    int64_t len;
} Str;

typedef struct I128
{
    uint64_t lo;
    int64_t hi;
} I128;

typedef struct Interval
{
    int64_t us;
    int32_t days;
    int32_t months;
} Interval;

/* One value of any type, for literals, parameters, defaults, zone maps. */
typedef struct Datum
{
    bool null;
    union
    {
        int64_t i; /* I8..I64, sign extended */
        double f;  /* F32 (widened), F64 */
        I128 i128;
        Str str;
        Interval interval;
    };
} Datum;

SqlType type_make(TypeId id);                             /* no parameters: lengths and precision 0 */
SqlType type_decimal(int32_t precision, int32_t scale);
SqlType type_varchar(int32_t length);
SqlType type_char(int32_t length);
SqlType type_varbyte(int32_t length);
SqlType type_interval(int32_t fields, int32_t digits); /* 0: all fields; -1: all digits */

bool type_equal(SqlType a, SqlType b); /* id and parameters */
Rep type_rep(SqlType type);
int32_t rep_size(Rep rep); /* bytes: 1 2 4 8 16 4 8 16 16 */
bool rep_is_integer(Rep rep);
bool type_is_integer(SqlType type); /* SMALLINT INTEGER BIGINT */
bool type_is_number(SqlType type);  /* those, DECIMAL, REAL, DOUBLE */
bool type_is_string(SqlType type);  /* CHAR VARCHAR UNKNOWN */
uint32_t type_oid(SqlType type);
/* The type of a parameter that a client calls so; "text", "name" and their like are VARCHAR, a DECIMAL has the default
 * digits, 0 is UNKNOWN.  false: there is none. */
bool type_of_oid(uint32_t oid, SqlType *type);
int32_t type_typmod(SqlType type);      /* PostgreSQL's atttypmod, -1 = none */
int32_t type_wire_length(SqlType type); /* RowDescription's type size */
/* "numeric(15,2)", "character varying(25)", as format_type() prints. */
void type_print(Text *text, SqlType type);
const char *type_name(SqlType type); /* "numeric": without parameters */

#endif
