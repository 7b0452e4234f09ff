/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic and casts.  Bounds from statistics decide the form: where the
 * result provably fits, plain 64-bit arithmetic without a check; where not, a
 * checked helper (integers) or 128 bits (DECIMAL).  Rules of result types:
 * base/data/numeric.h.  Operands come as the binder leaves them (bound.h, EXPR_ARITH).
 */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "base/data/value.h"
#include "src/codegen/gen.h"

#define I64_LEAST ((__int128) INT64_MIN)
#define I64_MOST ((__int128) INT64_MAX)

static bool type_bounds(SqlType type, __int128 *least, __int128 *most)
{
    switch (type.id)
    {
    case TYPE_BOOLEAN:
        *least = 0;
        *most = 1;
        return true;
    case TYPE_SMALLINT:
        *least = INT16_MIN;
        *most = INT16_MAX;
        return true;
    case TYPE_INTEGER:
    case TYPE_DATE:
        *least = INT32_MIN;
        *most = INT32_MAX;
        return true;
    case TYPE_BIGINT:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMETZ:
        *least = INT64_MIN;
        *most = INT64_MAX;
        return true;
    case TYPE_DECIMAL:
        *most = int128_pow10(type.precision) - 1;
        *least = -*most;
        return true;
    default:
        return false;
    }
}

bool gen_bounds(Gen *gen, const Expr *expr, __int128 *least, __int128 *most)
{
    Bounds bounds = plan_bounds(gen->plan, expr);
    if (!bounds.known)
        return type_bounds(expr->type, least, most);
    *least = bounds.min;
    *most = bounds.max;
    return true;
}

static bool in_64_bits(__int128 least, __int128 most)
{
    return least >= I64_LEAST && most <= I64_MOST;
}

/* The exact range of a op b by interval arithmetic; false if it may pass 128 bits. */
static bool arith_range(char op, const __int128 a[2], const __int128 b[2], __int128 *least, __int128 *most)
{
    if (op == '+')
        return !__builtin_add_overflow(a[0], b[0], least) && !__builtin_add_overflow(a[1], b[1], most);
    if (op == '-')
        return !__builtin_sub_overflow(a[0], b[1], least) && !__builtin_sub_overflow(a[1], b[0], most);
    if (op != '*')
        return false;
    for (int32_t k = 0; k < 4; k++)
    {
        __int128 product;
        if (__builtin_mul_overflow(a[k & 1], b[k >> 1], &product))
            return false;
        if (k == 0 || product < *least)
            *least = product;
        if (k == 0 || product > *most)
            *most = product;
    }
    return true;
}

static Val checked(Gen *gen, SqlType type, const char *code, const char *null)
{
    if (type.id == TYPE_SMALLINT)
        code = gen_text(gen, "i64_check(rt, worker, %s, -32768, 32767, RT_FAULT_SMALLINT_RANGE)", code);
    else if (type.id == TYPE_INTEGER)
        code = gen_text(gen, "i64_check(rt, worker, %s, -2147483647 - 1, 2147483647, RT_FAULT_INTEGER_RANGE)", code);
    const char *temp = gen_temp(gen, "v");
    if (null == NULL)
        emit_line(&gen->emit, "int64_t %s = %s;", temp, code);
    else
        emit_line(&gen->emit, "int64_t %s = %s ? 0 : %s;", temp, null, code);
    return (Val){REP_I64, temp, null};
}

static Val integer_arith(Gen *gen, const Expr *expr, Val a, Val b, bool proven, const char *null)
{
    if (expr->op == '/' || expr->op == '%')
        return checked(gen, expr->type,
                       gen_text(gen, "i64_%s(rt, worker, %s, %s)", expr->op == '/' ? "div" : "mod", a.code, b.code), null);
    if (proven)
        return (Val){REP_I64, gen_text(gen, "(%s %c %s)", a.code, expr->op, b.code), null};
    const char *name = expr->op == '+' ? "add" : expr->op == '-' ? "sub" : "mul";
    return checked(gen, expr->type, gen_text(gen, "i64_%s(rt, worker, %s, %s)", name, a.code, b.code), null);
}

/* A wide result in a temporary, computed only if no operand is null. */
static Val wide_result(Gen *gen, const Expr *expr, const char *call, const char *name, const char *null)
{
    if (null != NULL)
        emit_open(&gen->emit, "if (!(%s))", null);
    emit_line(&gen->emit, "%s", call);
    emit_line(&gen->emit, "rt->i128_check(worker, &%s, %d);", name, expr->type.precision);
    if (null != NULL)
        emit_close(&gen->emit, "");
    Val value = {REP_I128, name, null};
    return type_rep(expr->type) == REP_I128 ? value : gen_narrow(gen, value);
}

static Val decimal_arith(Gen *gen, const Expr *expr, Val a, Val b, bool narrow, bool proven, const char *null)
{
    bool capped = expr->op == '*' && expr->args[0]->type.scale + expr->args[1]->type.scale != expr->type.scale;
    if (narrow && !capped && expr->op != '/' && a.rep == REP_I64 && b.rep == REP_I64)
    {
        const char *code = gen_text(gen, "(%s %c %s)", a.code, expr->op, b.code);
        if (proven)
            return (Val){REP_I64, code, null};
        Val value = {REP_I64, gen_temp(gen, "v"), null};
        emit_line(&gen->emit, "int64_t %s = %s;", value.code, code);
        if (expr->type.precision <= DECIMAL_PRECISION_I64_MAX)
            emit_line(&gen->emit, "i64_check(rt, worker, %s, -%ld, %ld, RT_FAULT_NUMERIC_OVERFLOW);", value.code,
                      (long) int128_pow10(expr->type.precision) - 1, (long) int128_pow10(expr->type.precision) - 1);
        return value;
    }
    a = gen_wide(gen, a);
    b = gen_wide(gen, b);
    const char *temp = gen_temp(gen, "w");
    emit_line(&gen->emit, "I128 %s = {0, 0};", temp);
    const char *call;
    if (expr->op == '/')
        call = gen_text(gen, "rt->i128_div(worker, &%s, &%s, %d, &%s, %d, %d);", temp, a.code, expr->args[0]->type.scale,
                        b.code, expr->args[1]->type.scale, expr->type.scale);
    else
        call = gen_text(gen, "rt->i128_%s(worker, &%s, &%s, &%s);",
                        expr->op == '+'   ? "add"
                        : expr->op == '-' ? "sub"
                        : expr->op == '*' ? "mul"
                                          : "mod",
                        temp, a.code, b.code);
    if (capped) /* the result type has 38 digits, fewer than the exact product's */
        call = gen_text(gen, "%s rt->i128_rescale(worker, &%s, &%s, %d, %d, 0);", call, temp, temp,
                        expr->args[0]->type.scale + expr->args[1]->type.scale, expr->type.scale);
    return wide_result(gen, expr, call, temp, null);
}

static Val float_arith(Gen *gen, const Expr *expr, Val a, Val b, const char *null)
{
    const char *code;
    if (expr->op == '/')
        code = gen_text(gen, "f64_div(rt, worker, %s, %s)", a.code, b.code);
    else
        code = gen_text(gen, "f64_finite(rt, worker, %s %c %s, %s - %s == 0 && %s - %s == 0)", a.code, expr->op, b.code, a.code,
                        a.code, b.code, b.code);
    if (expr->type.id == TYPE_REAL)
        code = gen_text(gen, "f32_finite(rt, worker, %s)", code);
    const char *temp = gen_temp(gen, "v");
    emit_line(&gen->emit, null == NULL ? "double %s = %s%s;" : "double %s = %s ? 0 : %s;", temp, null == NULL ? "" : null,
              code);
    return (Val){REP_F64, temp, null};
}

Val gen_arith(Gen *gen, const Expr *expr)
{
    Val values[2] = {gen_value(gen, expr->args[0]), gen_value(gen, expr->args[1])};
    const char *null = gen_any_null(gen, values, 2);
    Rep rep = type_rep(expr->type);
    if (rep == REP_F32 || rep == REP_F64)
        return float_arith(gen, expr, values[0], values[1], null);
    __int128 a[2], b[2], own[2], least = 0, most = 0;
    bool narrow = gen_bounds(gen, expr->args[0], &a[0], &a[1]) && gen_bounds(gen, expr->args[1], &b[0], &b[1]) &&
                  arith_range(expr->op, a, b, &least, &most) && in_64_bits(least, most);
    bool proven = narrow && type_bounds(expr->type, &own[0], &own[1]) && least >= own[0] && most <= own[1];
    /* A null operand's memory may hold anything: only proven forms may compute with it. */
    if (type_is_integer(expr->type))
        return integer_arith(gen, expr, gen_narrow(gen, values[0]), gen_narrow(gen, values[1]), proven, null);
    return decimal_arith(gen, expr, values[0], values[1], narrow && (proven || null == NULL), proven, null);
}

Val gen_negate(Gen *gen, const Expr *expr)
{
    Val value = gen_value(gen, expr->args[0]);
    if (value.rep == REP_F64)
        return (Val){REP_F64, gen_text(gen, "(-%s)", value.code), value.null};
    if (value.rep == REP_I128)
    {
        const char *temp = gen_temp(gen, "w");
        emit_line(&gen->emit, "I128 %s = {0, 0};", temp);
        emit_line(&gen->emit, "rt->i128_sub(worker, &%s, &%s, &%s);", temp, temp, value.code);
        return (Val){REP_I128, temp, value.null};
    }
    if (type_is_integer(expr->type))
        return checked(gen, expr->type, gen_text(gen, "i64_sub(rt, worker, 0, %s)", value.code), value.null);
    return (Val){REP_I64, gen_text(gen, "(-%s)", value.code), value.null};
}

/* --- casts ------------------------------------------------------------------ */

static bool truncates(const Expr *expr)
{
    return !value_rounds((ValueMode) expr->cast_mode);
}

/* Between DECIMAL scales, and from integers (scale 0), in 64 bits. NULL code: it may not fit. */
static Val rescale(Gen *gen, const Expr *expr, Val value, int32_t from)
{
    int32_t to = expr->type.scale;
    __int128 least, most, own[2] = {0, 0};
    if (value.rep != REP_I64 || !gen_bounds(gen, expr->args[0], &least, &most) || !type_bounds(expr->type, &own[0], &own[1]))
        return (Val){REP_I64, NULL, NULL};
    if (to <= from)
    {
        __int128 unit = int128_pow10(from - to);
        if (unit > I64_MOST || least / unit - 1 < own[0] || most / unit + 1 > own[1])
            return (Val){REP_I64, NULL, NULL};
        if (to == from)
            return value;
        const char *format = truncates(expr) ? "(%s / %ld)" : "i64_round(%s, %ld)";
        return (Val){REP_I64, gen_text(gen, format, value.code, (long) unit), value.null};
    }
    __int128 unit = int128_pow10(to - from);
    if (unit > I64_MOST || __builtin_mul_overflow(least, unit, &least) || __builtin_mul_overflow(most, unit, &most) ||
        !in_64_bits(least, most) || least < own[0] || most > own[1])
        return (Val){REP_I64, NULL, NULL};
    return (Val){REP_I64, gen_text(gen, "(%s * %ld)", value.code, (long) unit), value.null};
}

static Val number_cast(Gen *gen, const Expr *expr, Val value, SqlType from)
{
    SqlType to = expr->type;
    if (to.id == TYPE_DECIMAL && (type_is_integer(from) || from.id == TYPE_DECIMAL))
        return rescale(gen, expr, value, from.scale);
    if (type_is_integer(to) && type_is_integer(from) && value.rep == REP_I64)
    {
        __int128 least, most, own[2] = {0, 0};
        type_bounds(to, &own[0], &own[1]);
        if (gen_bounds(gen, expr->args[0], &least, &most) && least >= own[0] && most <= own[1])
            return value;
        return checked(gen, to, value.code, value.null);
    }
    if (to.id == TYPE_DOUBLE)
    {
        if (value.rep == REP_F64)
            return value;
        if (type_is_integer(from))
            return (Val){REP_F64, gen_text(gen, "((double) %s)", value.code), value.null};
        if (from.id == TYPE_DECIMAL && value.rep == REP_I64 && from.scale <= 18)
            return (Val){REP_F64, gen_text(gen, "((double) %s / %ld.0)", value.code, (long) int128_pow10(from.scale)),
                         value.null};
    }
    return (Val){REP_I64, NULL, NULL};
}

Val gen_cast(Gen *gen, const Expr *expr)
{
    const Expr *arg = expr->args[0];
    SqlType from = arg->type, to = expr->type;
    Val value = gen_value(gen, arg);
    const CastRow *row = cast_find((TypeId) from.id, (TypeId) to.id);
    if (expr->cast_try && row != NULL && row->func != FUNC_NONE) /* the forms below fail for good */
        return gen_call(gen, expr, row->func, &arg, 1, &to);
    if (type_equal(from, to) || (from.id == TYPE_UNKNOWN && type_is_string(to) && to.length == 0))
        return value;
    if (from.id == TYPE_DATE && to.id == TYPE_TIMESTAMP)
        return (Val){REP_I64, gen_text(gen, "(%s * 86400000000)", value.code), value.null};
    if (from.id == TYPE_TIMESTAMP && to.id == TYPE_DATE)
        return (Val){REP_I64, gen_text(gen, "floor_div(%s, 86400000000)", value.code), value.null};
    if (type_is_string(from) && from.length > 0 && to.length >= from.length &&
        (to.id == TYPE_VARCHAR || (to.id == TYPE_CHAR && from.id == TYPE_CHAR)))
        return value;
    if (type_is_number(from) && type_is_number(to))
    {
        Val quick = number_cast(gen, expr, value, from);
        if (quick.code != NULL)
            return quick;
    }
    if (row == NULL || row->func == FUNC_NONE)
    {
        if (row != NULL && type_rep(from) == type_rep(to) && from.id != TYPE_DECIMAL && !type_is_string(to))
            return value;
        gen_fail(gen, error_at(error_new(SQLSTATE_CANNOT_COERCE, "cannot cast type %s to %s", type_name(from), type_name(to)),
                               expr->position));
        return value;
    }
    return gen_call(gen, expr, row->func, &arg, 1, &to);
}
