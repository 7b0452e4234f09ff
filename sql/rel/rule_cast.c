/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column is compared in its own type where that is the same:
 *
 *     cast(l_shipdate as timestamp) < '1998-09-02 00:00'   l_shipdate < '1998-09-02'
 *     cast(o_orderkey as decimal(20,1)) = 7.0              o_orderkey = 7
 *
 * so that zone maps and the kernels on narrow columns can be used.
 */
#include "sql/rel/rel_tool.h"

#include "base/data/datetime.h"
#include "base/data/numeric.h"

static __int128 floor_div(__int128 a, __int128 b)
{
    __int128 quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/* How many units of `wide` one unit of `narrow` is; 0 if the cast is not such a scaling. */
static __int128 cast_factor(SqlType narrow, SqlType wide)
{
    if (narrow.id == TYPE_DATE && wide.id == TYPE_TIMESTAMP)
        return DAY_US;
    bool from_number = type_is_integer(narrow) || narrow.id == TYPE_DECIMAL;
    bool to_number = type_is_integer(wide) || wide.id == TYPE_DECIMAL;
    if (!from_number || !to_number)
        return 0;
    int32_t from_scale = narrow.id == TYPE_DECIMAL ? narrow.scale : 0;
    int32_t to_scale = wide.id == TYPE_DECIMAL ? wide.scale : 0;
    return to_scale < from_scale ? 0 : int128_pow10(to_scale - from_scale);
}

static bool fits_type(SqlType type, __int128 value)
{
    switch (type.id)
    {
    case TYPE_SMALLINT:
        return value >= INT16_MIN && value <= INT16_MAX;
    case TYPE_INTEGER:
    case TYPE_DATE:
        return value >= INT32_MIN && value <= INT32_MAX;
    case TYPE_BIGINT:
        return value >= INT64_MIN && value <= INT64_MAX;
    case TYPE_DECIMAL:
        return decimal_fits(value, type.precision);
    default:
        return false;
    }
}

/* The constant in the column's own type; *op may change where it lies between two values. */
static Expr *narrow_constant(Arena *arena, SqlType type, const Expr *constant, char *op)
{
    __int128 value, factor = cast_factor(type, constant->type);
    if (factor == 0 || !datum_as_int128(constant->type, &constant->value, &value))
        return NULL;
    __int128 down = floor_div(value, factor);
    if (down * factor != value)
    {
        if (*op == '<' || *op == 'l')
            *op = 'l';
        else if (*op == '>' || *op == 'g')
            *op = '>';
        else
            return NULL;
    }
    return fits_type(type, down) ? expr_constant(arena, type, datum_from_int128(type, down)) : NULL;
}

Expr *cast_unwrapped(Arena *arena, Expr *conjunct)
{
    if (conjunct->kind != EXPR_COMPARE)
        return conjunct;
    Expr *a = conjunct->args[0], *b = conjunct->args[1];
    char op = conjunct->op;
    if (a->kind == EXPR_CONST)
    {
        a = conjunct->args[1];
        b = conjunct->args[0];
        op = compare_op_swapped(op);
    }
    if (a->kind != EXPR_CAST || a->cast_try || a->args[0]->kind != EXPR_COLUMN || b->kind != EXPR_CONST || b->value.null)
        return conjunct;
    Expr *constant = narrow_constant(arena, a->args[0]->type, b, &op);
    return constant == NULL ? conjunct : expr_compare_make(arena, op, a->args[0], constant);
}
