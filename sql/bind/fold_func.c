/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls a function's body (base/kernel/kernel.h) with constants, so that
 *
 *     where d >= date_trunc('month', date '1998-12-05')
 *
 * compares with a constant, which zone maps understand.  Bodies differ in their
 * prototypes; on x86-64 (System V ABI 3.2.3) and AArch64 (AAPCS64 6.8.2) integers and
 * pointers travel in one row of registers and doubles in another, whatever the
 * order they are declared in (integers beyond the sixth go to the stack in order), so one
 * prototype with enough of both calls all.
 * On other machines nothing is folded here and the rows call the body.
 */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/expr.h"

#define FOLD_WORDS_MAX   12
#define FOLD_DOUBLES_MAX 3

typedef struct FoldCall
{
    int32_t word_count;
    int32_t double_count;
    intptr_t words[FOLD_WORDS_MAX];
    double doubles[FOLD_DOUBLES_MAX];
    I128 decimals[FUNC_ARGS_MAX]; /* what pointers to DECIMAL arguments point at */
} FoldCall;

typedef int64_t WordBody(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t,
                         intptr_t, intptr_t, intptr_t, double, double, double);
typedef double DoubleBody(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t,
                          intptr_t, intptr_t, intptr_t, double, double, double);

static void add_word(FoldCall *call, intptr_t word)
{
    ASSERT(call->word_count < FOLD_WORDS_MAX);
    call->words[call->word_count++] = word;
}

static void add_pointer(FoldCall *call, const void *pointer)
{
    add_word(call, (intptr_t) pointer);
}

static void add_argument(FoldCall *call, const Expr *arg, int32_t index)
{
    switch (type_rep(arg->type))
    {
    case REP_STR:
        add_pointer(call, &arg->value.str);
        return;
    case REP_INTERVAL:
        add_pointer(call, &arg->value.interval);
        return;
    case REP_F32:
    case REP_F64:
        ASSERT(call->double_count < FOLD_DOUBLES_MAX);
        call->doubles[call->double_count++] = arg->value.f;
        return;
    default:
        break;
    }
    if (arg->type.id != TYPE_DECIMAL)
    {
        add_word(call, (intptr_t) arg->value.i);
        return;
    }
    call->decimals[index] = i128_put(datum_decimal(arg->type, &arg->value));
    add_pointer(call, &call->decimals[index]);
    add_word(call, arg->type.scale);
}

static int64_t call_word(void (*body)(void), const FoldCall *call)
{
    const intptr_t *w = call->words;
    const double *d = call->doubles;
    return ((WordBody *) body)(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11], d[0], d[1],
                               d[2]);
}

static double call_double(void (*body)(void), const FoldCall *call)
{
    const intptr_t *w = call->words;
    const double *d = call->doubles;
    return ((DoubleBody *) body)(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11], d[0], d[1],
                                 d[2]);
}

bool expr_can_fold_func(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

Error *expr_fold_func(Arena *arena, const Expr *expr, Datum *out)
{
    const FuncRow *row = func_row((FuncId) expr->func);
    FoldCall call = {0};
    Error *error = NULL;
    int64_t null = 0;
    I128 decimal = {0, 0};
    Rep rep = type_rep(expr->type);
    *out = (Datum){.null = false};
    if (rep == REP_STR)
    {
        add_pointer(&call, arena);
        add_pointer(&call, &out->str);
    }
    else if (expr->type.id == TYPE_DECIMAL)
    {
        add_pointer(&call, &decimal);
        add_word(&call, expr->type.scale);
    }
    else if (rep == REP_INTERVAL)
        add_pointer(&call, &out->interval);
    for (int32_t i = 0; i < expr->arg_count; i++)
        add_argument(&call, expr->args[i], i);
    if ((row->flags & FUNC_NULLS) != 0)
        add_pointer(&call, &null);
    if ((row->flags & FUNC_FAILS) != 0)
        add_pointer(&call, &error);
    if (rep == REP_F32 || rep == REP_F64)
        out->f = call_double(row->body, &call);
    else if (rep == REP_STR || rep == REP_INTERVAL || expr->type.id == TYPE_DECIMAL)
        (void) call_word(row->body, &call);
    else
        out->i = call_word(row->body, &call);
    if (expr->type.id == TYPE_DECIMAL && error == NULL)
        *out = decimal_datum(expr->type, i128_get(decimal));
    if (null != 0)
        *out = (Datum){.null = true};
    return error;
}
