/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of SQL function bodies by the rules of base/kernel/kernel.h.  The
 * address comes from rt->function[] by FuncId; the prototype is written out as
 * a cast, so the text needs no declaration of any body.
 *
 *     int64_t v7 = 0;
 *     if (!(n2[i]))
 *         v7 = ((int64_t (*)(const Str *, int64_t, Error **)) rt->function[41])(&c2[i], p[3].i, rt->error_slot(worker));
 *
 * TRY_CAST keeps the body's error away from the worker's:
 *
 *     v7 = ((int64_t (*)(...)) rt->function[41])(&c2[i], ..., &e8);
 *     if (e8) t9 = rt->try_failed(worker, e8);
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

typedef struct Call
{
    Text prototype; /* "const Str *, int64_t" */
    Text arguments;
} Call;

static void call_add(Call *call, const char *type, const char *argument)
{
    if (call->prototype.length > 0)
    {
        text_puts(&call->prototype, ", ");
        text_puts(&call->arguments, ", ");
    }
    text_puts(&call->prototype, type);
    text_puts(&call->arguments, argument);
}

static void call_add_value(Gen *gen, Call *call, SqlType type, Val value)
{
    switch (type_rep(type))
    {
    case REP_STR:
        call_add(call, "const Str *", gen_text(gen, "&%s", value.code));
        return;
    case REP_INTERVAL:
        call_add(call, "const Interval *", gen_text(gen, "&%s", value.code));
        return;
    case REP_F32:
    case REP_F64:
        call_add(call, "double", value.code);
        return;
    default:
        break;
    }
    if (type.id != TYPE_DECIMAL)
    {
        call_add(call, "int64_t", gen_narrow(gen, value).code);
        return;
    }
    call_add(call, "const I128 *", gen_text(gen, "&%s", gen_wide(gen, value).code));
    call_add(call, "int32_t", gen_text(gen, "%d", type.scale));
}

static const char *call_text(Gen *gen, const char *result, const Call *call, int32_t func)
{
    return gen_text(gen, "((%s (*)(%s)) rt->function[%d])(%s)", result, call->prototype.data, func, call->arguments.data);
}

Val gen_call(Gen *gen, const Expr *expr, int32_t func, const Expr *const *args, int32_t arg_count, const SqlType *cast)
{
    const FuncRow *row = func_row((FuncId) func);
    Val values[FUNC_ARGS_MAX];
    ASSERT(arg_count <= FUNC_ARGS_MAX);
    if (row->body == NULL)
    {
        gen_fail(gen, error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "function \"%s\" is not supported here", row->name),
                               expr->position));
        return (Val){REP_I64, "0", NULL};
    }
    for (int32_t k = 0; k < arg_count; k++)
        values[k] = gen_value(gen, args[k]);
    const char *null = gen_any_null(gen, values, arg_count);

    Rep rep = type_rep(expr->type);
    Val result = {rep <= REP_I64 ? REP_I64 : rep == REP_F32 ? REP_F64 : rep, gen_temp(gen, "v"), null};
    bool decimal = expr->type.id == TYPE_DECIMAL;
    if (decimal)
        result.rep = REP_I128;
    bool by_value = result.rep == REP_I64 || result.rep == REP_F64;
    emit_line(&gen->emit, "%s %s%s;", rep_c_type(result.rep), result.code, by_value ? " = 0" : " = {0}");

    bool tried = expr->kind == EXPR_CAST && expr->cast_try && (row->flags & FUNC_FAILS) != 0;
    const char *fault = tried ? gen_temp(gen, "e") : NULL;
    if (tried)
        emit_line(&gen->emit, "Error *%s = 0;", fault);
    const char *made_null = tried || (row->flags & FUNC_NULLS) != 0 ? gen_temp(gen, "t") : NULL;
    if (made_null != NULL)
        emit_line(&gen->emit, "int64_t %s = 0;", made_null);

    Call call;
    text_init(&call.prototype, gen->arena);
    text_init(&call.arguments, gen->arena);
    if (result.rep == REP_STR)
        call_add(&call, "Arena *", "rt->batch_arena(worker)");
    if (!by_value)
        call_add(&call, gen_text(gen, "%s *", rep_c_type(result.rep)), gen_text(gen, "&%s", result.code));
    if (decimal)
        call_add(&call, "int32_t", gen_text(gen, "%d", expr->type.scale));
    if (null != NULL)
        emit_open(&gen->emit, "if (!(%s))", null);
    for (int32_t k = 0; k < arg_count; k++)
        call_add_value(gen, &call, args[k]->type, values[k]);
    if (cast != NULL)
    {
        call_add(&call, "int32_t", gen_text(gen, "%d", cast->id == TYPE_DECIMAL ? cast->precision : cast->length));
        call_add(&call, "int32_t", gen_text(gen, "%d", cast->id == TYPE_INTERVAL ? cast->precision : cast->scale));
        call_add(&call, "int32_t", gen_text(gen, "%d", expr->cast_mode));
    }
    if ((row->flags & FUNC_NULLS) != 0)
        call_add(&call, "int64_t *", gen_text(gen, "&%s", made_null));
    if ((row->flags & FUNC_FAILS) != 0)
        call_add(&call, "Error **", tried ? gen_text(gen, "&%s", fault) : "rt->error_slot(worker)");
    if (by_value)
        emit_line(&gen->emit, "%s = %s;", result.code,
                  call_text(gen, result.rep == REP_F64 ? "double" : "int64_t", &call, func));
    else
        emit_line(&gen->emit, "%s;", call_text(gen, "void", &call, func));
    if (tried)
        emit_line(&gen->emit, "if (%s) %s = rt->try_failed(worker, %s);", fault, made_null, fault);
    if (null != NULL)
        emit_close(&gen->emit, "");
    if (made_null != NULL)
        result.null = null == NULL ? made_null : gen_text(gen, "(%s || %s)", null, made_null);
    if (decimal && type_rep(expr->type) == REP_I64)
        return gen_narrow(gen, result);
    return result;
}
