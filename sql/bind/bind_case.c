/* SPDX-License-Identifier: Apache-2.0 */
/* CASE and what is made of it: COALESCE, NVL, NVL2, DECODE, NULLIF, GREATEST, LEAST, IS DISTINCT FROM. */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#define GREATEST_ARGS_MAX 100 /* each is compared with those after it */

/* Conditions and results as they are collected. */
typedef struct CaseParts
{
    int32_t count; /* of pairs */
    Expr **when;
    Expr **then; /* count results, then ELSE */
} CaseParts;

static CaseParts case_parts(Binder *binder, size_t pairs_max)
{
    return (CaseParts){0, ARENA_ARRAY(binder->arena, Expr *, pairs_max + 1),
                       ARENA_ARRAY(binder->arena, Expr *, pairs_max + 1)};
}

/* then[count] is ELSE.  Conditions known now drop out or end the chain. */
static Error *make_case(Binder *binder, CaseParts *parts, const char *what, int32_t position, Expr **out)
{
    SqlType type;
    int32_t kept = 0;
    TRY(bind_common_type(binder, parts->then, parts->count + 1, what, &type));
    Expr *otherwise = parts->then[parts->count];
    for (int32_t i = 0; i < parts->count; i++)
    {
        if (parts->when[i]->kind == EXPR_CONST && !expr_is_true_const(parts->when[i]))
            continue;
        if (expr_is_true_const(parts->when[i]))
        {
            otherwise = parts->then[i];
            break;
        }
        parts->when[kept] = parts->when[i];
        parts->then[kept++] = parts->then[i];
    }
    *out = otherwise;
    if (kept == 0)
        return NULL;
    Expr **args = ARENA_ARRAY(binder->arena, Expr *, 2 * kept + 1);
    for (int32_t i = 0; i < kept; i++)
    {
        args[2 * i] = parts->when[i];
        args[2 * i + 1] = parts->then[i];
    }
    args[2 * kept] = otherwise;
    Expr *expr = expr_new(binder->arena, EXPR_CASE, type, 2 * kept + 1, args);
    expr->position = position;
    expr->nullable = otherwise->nullable;
    for (int32_t i = 0; i < kept; i++)
        expr->nullable = expr->nullable || parts->then[i]->nullable;
    *out = expr;
    return NULL;
}

static Error *read_case(Binder *binder, Scope *scope, const PgQuery__CaseExpr *expr, CaseParts *parts)
{
    Expr *subject = NULL;
    if (expr->arg != NULL && expr->arg->node_case != PG_QUERY__NODE__NODE__NOT_SET)
        TRY(bind_expr(binder, scope, expr->arg, &subject));
    for (size_t i = 0; i < expr->n_args; i++)
    {
        const PgQuery__CaseWhen *when = expr->args[i]->case_when;
        Expr *test;
        if (subject == NULL)
            TRY(bind_condition(binder, scope, when->expr, "CASE/WHEN", &test));
        else
        {
            TRY(bind_expr(binder, scope, when->expr, &test));
            if (i > 0)
                TRY(bind_again(binder, scope, expr->arg, subject, &subject));
            TRY(bind_compare(binder, '=', subject, test, node_position(binder, when->location), &test));
        }
        parts->when[i] = test;
        TRY(bind_expr(binder, scope, when->result, &parts->then[i]));
    }
    parts->count = (int32_t) expr->n_args;
    if (expr->defresult != NULL && expr->defresult->node_case != PG_QUERY__NODE__NODE__NOT_SET)
        TRY(bind_expr(binder, scope, expr->defresult, &parts->then[parts->count]));
    else
        parts->then[parts->count] = expr_null(binder->arena, type_make(TYPE_UNKNOWN));
    return NULL;
}

Error *bind_case(Binder *binder, Scope *scope, const PgQuery__CaseExpr *expr, Expr **out)
{
    CaseParts parts = case_parts(binder, expr->n_args);
    binder->maybe_never++;
    Error *error = read_case(binder, scope, expr, &parts);
    binder->maybe_never--;
    TRY(error);
    return make_case(binder, &parts, "CASE", node_position(binder, expr->location), out);
}

Error *bind_coalesce(Binder *binder, Scope *scope, size_t count, Node *const *nodes, int32_t position, Expr **out)
{
    Expr **args = ARENA_ARRAY(binder->arena, Expr *, count);
    SqlType type;
    int32_t kept = 0;
    if (count == 0)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "COALESCE needs an argument"), position);
    for (size_t i = 0; i < count; i++)
    {
        binder->maybe_never += i > 0;
        Error *error = bind_expr(binder, scope, nodes[i], &args[i]);
        binder->maybe_never -= i > 0;
        TRY(error);
    }
    TRY(bind_common_type(binder, args, (int32_t) count, "COALESCE", &type));
    bool nullable = true;
    for (size_t i = 0; i < count && nullable; i++)
    {
        if (expr_is_null_const(args[i]))
            continue;
        nullable = args[i]->nullable;
        args[kept++] = args[i];
    }
    if (kept <= 1)
    {
        *out = kept == 1 ? args[0] : expr_null(binder->arena, type);
        return NULL;
    }
    *out = expr_new(binder->arena, EXPR_COALESCE, type, kept, args);
    (*out)->position = position;
    (*out)->nullable = nullable;
    return NULL;
}

/* CASE WHEN a = b THEN NULL ELSE a END */
Error *bind_nullif(Binder *binder, Expr *left, Expr *right, Expr *value, int32_t position, Expr **out)
{
    CaseParts parts = case_parts(binder, 1);
    TRY(bind_compare(binder, '=', left, right, position, &parts.when[0]));
    value = coerce_unknown(binder, value);
    parts.then[0] = expr_null(binder->arena, value->type);
    parts.then[1] = value;
    parts.count = 1;
    return make_case(binder, &parts, "NULLIF", position, out);
}

/* NOT (a = b IS TRUE OR (a IS NULL AND b IS NULL)) */
Error *bind_distinct_test(Binder *binder, Scope *scope, const DistinctSide *left, const DistinctSide *right,
                          int32_t position, Expr **out)
{
    Arena *arena = binder->arena;
    Expr *same, *left_again, *right_again;
    TRY(bind_again(binder, scope, left->node, left->expr, &left_again));
    TRY(bind_again(binder, scope, right->node, right->expr, &right_again));
    TRY(bind_compare(binder, '=', left->expr, right->expr, position, &same));
    Expr *both_null = expr_and(arena, expr_is_null_test(arena, left_again), expr_is_null_test(arena, right_again));
    *out = expr_not_of(arena, expr_or(arena, expr_is_true_test(arena, same), both_null));
    return NULL;
}

/* args[at] is no null, and none after it wins over it. */
static Error *stands_first(Binder *binder, Scope *scope, const PgQuery__MinMaxExpr *expr, Expr *const *args, int32_t at,
                           Expr **out)
{
    Arena *arena = binder->arena;
    char op = expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? 'l' : 'g';
    Expr *first, *other, *tested, *wins;
    TRY(bind_again(binder, scope, expr->args[at], args[at], &first));
    *out = expr_not_of(arena, expr_is_null_test(arena, first));
    for (size_t i = (size_t) at + 1; i < expr->n_args; i++)
    {
        TRY(bind_again(binder, scope, expr->args[at], args[at], &first));
        TRY(bind_again(binder, scope, expr->args[i], args[i], &other));
        TRY(bind_again(binder, scope, expr->args[i], args[i], &tested));
        TRY(bind_compare(binder, op, first, other, node_position(binder, expr->location), &wins));
        *out = expr_and(arena, *out, expr_or(arena, expr_is_null_test(arena, tested), wins));
    }
    return NULL;
}

/*
 * GREATEST(a, b, c): CASE WHEN a IS NOT NULL AND (b IS NULL OR a >= b) AND (c IS NULL OR a >= c) THEN a
 *                         WHEN b IS NOT NULL AND (c IS NULL OR b >= c) THEN b ELSE c END
 * Nulls are passed over.
 */
Error *bind_greatest(Binder *binder, Scope *scope, const PgQuery__MinMaxExpr *expr, Expr **out)
{
    bool least = expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST;
    const char *what = least ? "LEAST" : "GREATEST";
    int32_t position = node_position(binder, expr->location);
    int32_t count = (int32_t) expr->n_args;
    SqlType type;
    if (expr->n_args > GREATEST_ARGS_MAX)
        return unsupported(position, "GREATEST and LEAST of more than %d values are", GREATEST_ARGS_MAX);
    CaseParts parts = case_parts(binder, expr->n_args);
    for (int32_t i = 0; i < count; i++)
        TRY(bind_expr(binder, scope, expr->args[i], &parts.then[i]));
    TRY(bind_common_type(binder, parts.then, count, what, &type));
    for (int32_t i = 0; i + 1 < count; i++)
        TRY(stands_first(binder, scope, expr, parts.then, i, &parts.when[i]));
    parts.count = count - 1;
    return make_case(binder, &parts, what, position, out);
}

Error *bind_nvl2(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    int32_t position = node_position(binder, call->location);
    CaseParts parts = case_parts(binder, 1);
    Expr *test;
    if (call->n_args != 3)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "NVL2 takes three arguments"), position);
    TRY(bind_expr(binder, scope, call->args[0], &test));
    TRY(bind_expr(binder, scope, call->args[1], &parts.then[0]));
    TRY(bind_expr(binder, scope, call->args[2], &parts.then[1]));
    parts.when[0] = expr_not_of(binder->arena, expr_is_null_test(binder->arena, test));
    parts.count = 1;
    return make_case(binder, &parts, "NVL2", position, out);
}

/* DECODE(x, s1, r1, ..., [else]): as CASE, but a null finds a null. */
Error *bind_decode(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    int32_t position = node_position(binder, call->location);
    CaseParts parts = case_parts(binder, call->n_args);
    Expr *subject;
    if (call->n_args < 3)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "DECODE takes three arguments or more"), position);
    TRY(bind_expr(binder, scope, call->args[0], &subject));
    size_t at = 1;
    for (; at + 1 < call->n_args; at += 2)
    {
        Expr *search;
        TRY(bind_expr(binder, scope, call->args[at], &search));
        if (at > 1)
            TRY(bind_again(binder, scope, call->args[0], subject, &subject));
        if (expr_is_const(search) && !search->value.null)
            TRY(bind_compare(binder, '=', subject, search, position, &search));
        else
        {
            DistinctSide sides[2] = {{call->args[0], subject}, {call->args[at], search}};
            TRY(bind_distinct_test(binder, scope, &sides[0], &sides[1], position, &search));
            search = expr_not_of(binder->arena, search);
        }
        parts.when[parts.count] = search;
        TRY(bind_expr(binder, scope, call->args[at + 1], &parts.then[parts.count]));
        parts.count++;
    }
    if (at < call->n_args)
        TRY(bind_expr(binder, scope, call->args[at], &parts.then[parts.count]));
    else
        parts.then[parts.count] = expr_null(binder->arena, type_make(TYPE_UNKNOWN));
    return make_case(binder, &parts, "DECODE", position, out);
}
