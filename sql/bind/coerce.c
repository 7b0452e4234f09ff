/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

#include <string.h>

static Error *no_cast(const Expr *expr, SqlType to, CastContext context)
{
    Text from_text, to_text;
    text_init(&from_text, NULL);
    text_init(&to_text, NULL);
    type_print(&from_text, expr->type);
    type_print(&to_text, to);
    Error *error;
    if (context == CAST_EXPLICIT)
        error = error_new(SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s", type_name(expr->type), type_name(to));
    else
        error = error_hint(
            error_new(SQLSTATE_DATATYPE_MISMATCH, "type %s is expected here, not %s", to_text.data, from_text.data),
            "You will need to rewrite or cast the expression.");
    text_free(&from_text);
    text_free(&to_text);
    return error_at(error, expr->position);
}

/* Is a string of one type a string of the other as it stands? */
static bool string_fits(SqlType from, SqlType to)
{
    if (!type_is_string(from) || !type_is_string(to) || from.id == TYPE_UNKNOWN)
        return false;
    if (to.id == TYPE_CHAR && from.id != TYPE_CHAR)
        return false; /* trailing blanks must go */
    return to.length == 0 || (from.length != 0 && from.length <= to.length);
}

/* A DECIMAL of the same scale and Rep, and not fewer digits, is the same number as it stands. */
static bool decimal_is_same(SqlType from, SqlType to)
{
    return from.id == TYPE_DECIMAL && to.id == TYPE_DECIMAL && from.scale == to.scale &&
           from.precision <= to.precision && type_rep(from) == type_rep(to);
}

static Error *coerce_constant(Binder *binder, const Expr *expr, SqlType to, ValueMode mode, Expr **out)
{
    Datum value;
    Error *error = value_cast(binder->arena, expr->type, &expr->value, to, mode, &value);
    if (error != NULL)
        return error_at(error, expr->position);
    if (type_is_string(to) && to.length == 0 && !value.null) /* text as long as it is */
        to = to.id == TYPE_CHAR ? to : type_varchar(value.str.len > 0 ? (int32_t) value.str.len : 1);
    *out = expr_constant(binder->arena, to, value);
    (*out)->position = expr->position;
    return NULL;
}

Error *coerce(Binder *binder, Expr *expr, SqlType to, CastContext context, Expr **out)
{
    ASSERT(to.id != TYPE_NONE);
    ValueMode mode = context == CAST_EXPLICIT ? VALUE_CAST : VALUE_INPUT;
    *out = expr;
    if (type_equal(expr->type, to))
        return NULL;
    if (!cast_allowed((TypeId) expr->type.id, (TypeId) to.id, context))
        return no_cast(expr, to, context);
    if (expr->type.id == TYPE_UNKNOWN)
        bind_note_param(binder, expr, to);
    if (expr->kind == EXPR_CONST)
        return coerce_constant(binder, expr, to, mode, out);
    if (string_fits(expr->type, to) || decimal_is_same(expr->type, to))
        return NULL;
    if (cast_find((TypeId) expr->type.id, (TypeId) to.id) == NULL)
        return NULL; /* within a type that has no parameters */
    Expr *cast = expr_new(binder->arena, EXPR_CAST, to, 1, &expr);
    cast->cast_mode = (uint8_t) mode;
    *out = cast;
    return NULL;
}

Expr *coerce_unknown(Binder *binder, Expr *expr)
{
    if (expr->type.id != TYPE_UNKNOWN)
        return expr;
    ASSERT(expr->kind == EXPR_CONST);
    bind_note_param(binder, expr, type_varchar(0));
    int64_t length = expr->value.null || expr->value.str.len == 0 ? 1 : expr->value.str.len;
    Expr *text =
        expr_constant(binder->arena, type_varchar((int32_t) (length > VARCHAR_LENGTH_MAX ? 0 : length)), expr->value);
    text->position = expr->position;
    return text;
}

/* --- constants beside columns ---------------------------------------------------- */

/* Integers, decimals, days and microseconds as one integer: value / 10^scale, or days * DAY_US. */
static bool constant_number(const Expr *constant, int128 *value, int32_t *scale)
{
    *scale = constant->type.id == TYPE_DECIMAL ? constant->type.scale : 0;
    if (constant->type.id == TYPE_DECIMAL)
        *value = datum_decimal(constant->type, &constant->value);
    else if (type_is_integer(constant->type) || constant->type.id == TYPE_TIMESTAMP || constant->type.id == TYPE_DATE)
        *value = constant->value.i;
    else
        return false;
    return true;
}

static bool fits_type(SqlType type, int128 value)
{
    switch (type.id)
    {
    case TYPE_SMALLINT:
        return value >= INT16_MIN && value <= INT16_MAX;
    case TYPE_INTEGER:
    case TYPE_DATE:
        return value >= INT32_MIN && value <= INT32_MAX;
    case TYPE_BIGINT:
    case TYPE_TIMESTAMP:
        return value >= INT64_MIN && value <= INT64_MAX;
    case TYPE_DECIMAL:
        return decimal_fits(value, type.precision);
    default:
        return false;
    }
}

/* value = *whole * unit + rest, rounded down; false if the multiplication would not fit. */
static bool rescale_down(int128 value, int32_t from, int32_t to, int128 *whole, bool *exact)
{
    *exact = true;
    if (to >= from)
        return !__builtin_mul_overflow(value, int128_pow10(to - from), whole);
    int128 unit = int128_pow10(from - to);
    *whole = value / unit;
    *exact = *whole * unit == value;
    if (!*exact && value < 0)
        (*whole)--;
    return true;
}

/* The constant in units of `type`, rounded down. */
static bool constant_units(const Expr *constant, SqlType type, int128 *whole, bool *exact)
{
    int128 value;
    int32_t scale;
    if (!constant_number(constant, &value, &scale))
        return false;
    bool from_time = constant->type.id == TYPE_DATE || constant->type.id == TYPE_TIMESTAMP;
    bool to_time = type.id == TYPE_DATE || type.id == TYPE_TIMESTAMP;
    if (from_time != to_time)
        return false;
    if (!from_time)
        return rescale_down(value, scale, type.id == TYPE_DECIMAL ? type.scale : 0, whole, exact);
    *exact = true;
    *whole = value;
    if (constant->type.id == TYPE_DATE && type.id == TYPE_TIMESTAMP)
        *whole = value * DAY_US;
    else if (constant->type.id == TYPE_TIMESTAMP && type.id == TYPE_DATE)
    {
        *whole = value >= 0 ? value / DAY_US : -((-value + DAY_US - 1) / DAY_US);
        *exact = *whole * DAY_US == value;
    }
    return true;
}

/* x < 1.5 for whole x is x <= 1; x >= 1.5 is x > 1. */
static bool adjust_operator(char *op)
{
    if (*op == '<' || *op == 'l')
        *op = 'l';
    else if (*op == '>' || *op == 'g')
        *op = '>';
    else
        return false;
    return true;
}

bool coerce_constant_to(Binder *binder, const Expr *constant, SqlType type, char *op, Expr **out)
{
    ASSERT(constant->kind == EXPR_CONST && !constant->value.null);
    int128 whole;
    bool exact;
    if (type.id == TYPE_DOUBLE && type_is_number(constant->type) && constant->type.id != TYPE_REAL)
    {
        Error *error = coerce_constant(binder, constant, type, VALUE_INPUT, out);
        error_free(error);
        return error == NULL;
    }
    if (!constant_units(constant, type, &whole, &exact) || !fits_type(type, whole) || (!exact && !adjust_operator(op)))
        return false;
    Datum value = {.null = false};
    if (type.id == TYPE_DECIMAL)
        value = decimal_datum(type, whole);
    else
        value.i = (int64_t) whole;
    *out = expr_constant(binder->arena, type, value);
    (*out)->position = constant->position;
    return true;
}
