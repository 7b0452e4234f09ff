/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/type.h"
#include "base/core/assert.h"

typedef struct TypeRow
{
    const char *name;
    uint32_t oid;
    int16_t wire_length;
    uint8_t rep;
} TypeRow;

static const TypeRow type_rows[TYPE_COUNT] = {
    [TYPE_NONE] = {"none", 0, 0, REP_I64},
#define TYPE(id, name, oid, wire_length, rep) [TYPE_##id] = {name, oid, wire_length, REP_##rep},
#include "base/data/type.def"
#undef TYPE
};

static const int8_t rep_sizes[REP_COUNT] = {
    [REP_I8] = 1,  [REP_I16] = 2, [REP_I32] = 4,  [REP_I64] = 8,       [REP_I128] = 16,
    [REP_F32] = 4, [REP_F64] = 8, [REP_STR] = 16, [REP_INTERVAL] = 16,
};

/* PostgreSQL's types that are kept as another one: pg_type.dat. */
static const struct
{
    uint32_t oid;
    uint8_t id;
} oid_aliases[] = {
    {0, TYPE_UNKNOWN},  {17, TYPE_VARBYTE}, {18, TYPE_VARCHAR},   {19, TYPE_VARCHAR},
    {25, TYPE_VARCHAR}, {26, TYPE_BIGINT},  {1042, TYPE_VARCHAR}, /* bytea "char" name text oid bpchar */
};

bool type_of_oid(uint32_t oid, SqlType *type)
{
    uint8_t id = TYPE_NONE;
    for (size_t i = 0; i < sizeof oid_aliases / sizeof *oid_aliases && id == TYPE_NONE; i++)
        id = oid_aliases[i].oid == oid ? oid_aliases[i].id : (uint8_t) TYPE_NONE;
    for (uint8_t i = TYPE_NONE + 1; i < TYPE_COUNT && id == TYPE_NONE; i++)
        id = type_rows[i].oid == oid ? i : (uint8_t) TYPE_NONE;
    *type = id == TYPE_DECIMAL ? type_decimal(DECIMAL_PRECISION_I64_MAX, 0) : type_make((TypeId) id);
    return id != TYPE_NONE;
}

SqlType type_make(TypeId id)
{
    ASSERT((unsigned) id < TYPE_COUNT);
    return (SqlType){.id = (uint8_t) id};
}

SqlType type_decimal(int32_t precision, int32_t scale)
{
    ASSERT(precision >= 1 && precision <= DECIMAL_PRECISION_MAX);
    ASSERT(scale >= 0 && scale <= precision);
    return (SqlType){.id = TYPE_DECIMAL, .precision = (uint8_t) precision, .scale = (uint8_t) scale};
}

SqlType type_varchar(int32_t length)
{
    ASSERT(length >= 0);
    return (SqlType){.id = TYPE_VARCHAR, .length = length};
}

SqlType type_char(int32_t length)
{
    ASSERT(length >= 0);
    return (SqlType){.id = TYPE_CHAR, .length = length};
}

SqlType type_varbyte(int32_t length)
{
    ASSERT(length >= 0);
    return (SqlType){.id = TYPE_VARBYTE, .length = length};
}

SqlType type_interval(int32_t fields, int32_t digits)
{
    ASSERT(digits >= -1 && digits <= 6);
    return (SqlType){.id = TYPE_INTERVAL, .precision = (uint8_t) (digits + 1), .length = fields};
}

bool type_equal(SqlType a, SqlType b)
{
    return a.id == b.id && a.precision == b.precision && a.scale == b.scale && a.length == b.length;
}

Rep type_rep(SqlType type)
{
    ASSERT(type.id < TYPE_COUNT);
    if (type.id == TYPE_DECIMAL && type.precision > DECIMAL_PRECISION_I64_MAX)
        return REP_I128;
    return (Rep) type_rows[type.id].rep;
}

int32_t rep_size(Rep rep)
{
    ASSERT((unsigned) rep < REP_COUNT);
    return rep_sizes[rep];
}

bool rep_is_integer(Rep rep)
{
    return rep <= REP_I128;
}

bool type_is_integer(SqlType type)
{
    return type.id == TYPE_SMALLINT || type.id == TYPE_INTEGER || type.id == TYPE_BIGINT;
}

bool type_is_number(SqlType type)
{
    return type_is_integer(type) || type.id == TYPE_DECIMAL || type.id == TYPE_REAL || type.id == TYPE_DOUBLE;
}

bool type_is_string(SqlType type)
{
    return type.id == TYPE_CHAR || type.id == TYPE_VARCHAR || type.id == TYPE_UNKNOWN;
}

uint32_t type_oid(SqlType type)
{
    ASSERT(type.id < TYPE_COUNT);
    return type_rows[type.id].oid;
}

int32_t type_typmod(SqlType type)
{
    if (type.id == TYPE_DECIMAL && type.precision > 0)
        return (((int32_t) type.precision << 16) | type.scale) + 4;
    if ((type.id == TYPE_CHAR || type.id == TYPE_VARCHAR) && type.length > 0)
        return type.length + 4;
    if (type.id == TYPE_VARBYTE && type.length > 0)
        return type.length + 4;
    if (type.id == TYPE_INTERVAL && (type.length > 0 || type.precision > 0))
        return (type.length > 0 ? type.length : INTERVAL_FULL) << 16 | (type.precision > 0 ? type.precision - 1 : 0xffff);
    return -1;
}

int32_t type_wire_length(SqlType type)
{
    ASSERT(type.id < TYPE_COUNT);
    return type_rows[type.id].wire_length;
}

const char *type_name(SqlType type)
{
    ASSERT(type.id < TYPE_COUNT);
    return type_rows[type.id].name;
}

/* " day to second(3)" */
static void interval_print(Text *text, SqlType type)
{
    static const struct
    {
        int32_t field;
        const char *name;
    } fields[] = {{INTERVAL_YEAR, "year"}, {INTERVAL_MONTH, "month"},   {INTERVAL_DAY, "day"},
                  {INTERVAL_HOUR, "hour"}, {INTERVAL_MINUTE, "minute"}, {INTERVAL_SECOND, "second"}};
    const char *first = NULL;
    const char *last = NULL;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if ((type.length & fields[i].field) != 0)
        {
            first = first == NULL ? fields[i].name : first;
            last = fields[i].name;
        }
    if (first != NULL)
        text_printf(text, " %s", first);
    if (first != last)
        text_printf(text, " to %s", last);
    if (type.precision > 0)
        text_printf(text, "(%d)", type.precision - 1);
}

void type_print(Text *text, SqlType type)
{
    text_puts(text, type_name(type));
    if (type.id == TYPE_DECIMAL && type.precision > 0)
        text_printf(text, "(%d,%d)", type.precision, type.scale);
    else if (type.id == TYPE_INTERVAL)
        interval_print(text, type);
    else if ((type.id == TYPE_CHAR || type.id == TYPE_VARCHAR || type.id == TYPE_VARBYTE) && type.length > 0)
        text_printf(text, "(%d)", type.length);
}
