/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions. */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "sql/bind/binder.h"

#include <string.h>

#define CALL_ARGS_MAX 16

/* What only aggregates and windows may say. */
static Error *refuse_extras(const PgQuery__FuncCall *call, int32_t position, const char *name)
{
    const char *extra = call->agg_within_group               ? "WITHIN GROUP"
                        : !node_is_missing(call->agg_filter) ? "FILTER"
                        : call->n_agg_order > 0              ? "ORDER BY"
                        : call->agg_star                     ? "*"
                        : call->agg_distinct                 ? "DISTINCT"
                                                             : NULL;
    if (call->func_variadic)
        return unsupported(position, "VARIADIC is");
    if (extra == NULL)
        return NULL;
    return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "%s specified, but %s is not an aggregate function", extra,
                              name),
                    position);
}

/* --- functions --------------------------------------------------------------------- */

/* Is the first argument of every function of this name a date part? */
static bool takes_part(const char *name)
{
    for (int32_t id = FUNC_NONE + 1; id < FUNC_COUNT; id++)
    {
        const FuncRow *row = func_row((FuncId) id);
        if (row->arg_count > 0 && row->args[0] == ARG_PART && strcmp(row->name, name) == 0)
            return true;
    }
    return false;
}

/* month, "month" or 'month' as the number of a DateField. */
static Error *bind_part(Binder *binder, const Node *node, Expr **out)
{
    const char *name = NULL;
    int32_t position = node_position(binder, node_location(node));
    if (node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields == 1)
        name = node_string(node->column_ref->fields[0]);
    else if (node->node_case == PG_QUERY__NODE__NODE_A_CONST && !node->a_const->isnull &&
             node->a_const->val_case == PG_QUERY__A__CONST__VAL_SVAL)
        name = node->a_const->sval->sval;
    if (name == NULL)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "a date part must be a name, as day or month"),
                        position);
    char *folded = name_fold(binder, name);
    int32_t field = date_field_by_name(folded, strlen(folded));
    if (field < 0)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "unit \"%s\" not recognized", folded), position);
    *out = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = field});
    (*out)->position = position;
    return NULL;
}

static Error *coerce_arguments(Binder *binder, FuncMatch *match, Expr **args, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
    {
        if (match->args[i].id == TYPE_NONE)
            continue;
        TRY(coerce(binder, args[i], match->args[i], CAST_IMPLICIT, &args[i]));
        if (expr_is_const(args[i]) && !args[i]->value.null && type_is_integer(args[i]->type))
            func_match_refine(match, i, args[i]->value.i);
        if (expr_is_const(args[i]) && !args[i]->value.null && type_is_string(args[i]->type))
            func_match_refine_text(match, i, args[i]->value.str);
    }
    return NULL;
}

static Error *bind_function(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                            int32_t position, Expr **out)
{
    Expr *args[CALL_ARGS_MAX];
    SqlType types[CALL_ARGS_MAX];
    FuncMatch match;
    bool part = takes_part(name);
    int32_t count = (int32_t) call->n_args;
    if (call->n_args > CALL_ARGS_MAX)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "function %s() with %zu arguments does not exist", name,
                                  call->n_args),
                        position);
    TRY(refuse_extras(call, position, name));
    for (int32_t i = 0; i < count; i++)
    {
        bool is_part = part && i == 0;
        TRY(is_part ? bind_part(binder, call->args[i], &args[i]) : bind_expr(binder, scope, call->args[i], &args[i]));
        types[i] = is_part ? type_make(TYPE_UNKNOWN) : args[i]->type;
    }
    Error *error = func_resolve(name, types, count, &match);
    if (error != NULL)
        return error_at(error, position);
    TRY(coerce_arguments(binder, &match, args, count));
    if (match.row->volatility == VOLATILITY_LEADER && count > 0 && !expr_is_const(args[0]) &&
        bind_is_macro(name, call->n_args))
        return bind_macro(binder, scope, name, call->n_args, call->args, call->location, out);
    if (match.row->volatility == VOLATILITY_LEADER)
        return bind_leader_func(binder, &match, args, position, out);
    return bind_call(binder, match.row->id, match.result, args, count, position, out);
}

/* column (+) */
static Error *bind_outer_mark(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    TRY(bind_expr(binder, scope, call->args[0], out));
    if (scope->outer_mark == NULL || (*out)->kind != EXPR_COLUMN)
        return NULL;
    *scope->outer_mark = (*out)->column;
    return NULL;
}

Error *bind_func_call(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    int32_t position = node_position(binder, call->location);
    const char *last = call->n_funcname > 0 ? node_string(call->funcname[call->n_funcname - 1]) : NULL;
    const char *schema = call->n_funcname > 1 ? node_string(call->funcname[0]) : NULL;
    if (last == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "improper function name"), position);
    char *name = name_fold(binder, last);
    bool ignore_nulls = schema != NULL && strcmp(schema, IGNORE_NULLS) == 0;
    if (ignore_nulls && call->over == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "IGNORE NULLS without OVER"), position);
    bool known = ignore_nulls || (schema != NULL && strcmp(schema, APPROXIMATE) == 0) || bind_is_series(name);
    if (schema != NULL && !known && strcmp(schema, "pg_catalog") != 0)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "function %s.%s() does not exist", schema, name),
                        position);
    if (call->over != NULL)
        return bind_window(binder, scope, call, name, ignore_nulls, position, out);
    if (strcmp(name, "grouping_id") == 0)
        return bind_grouping_call(binder, scope, call->n_args, call->args, position, out);
    if (bind_is_series(name))
        return bind_series(binder, scope, call, name, position, out);
    if (window_exists(name))
        return error_at(
            error_new(SQLSTATE_WRONG_OBJECT_TYPE, "window function %s requires an OVER clause", name), position);
    if (agg_exists(name))
        return bind_aggregate(binder, scope, call, name, position, out);
    if (strcmp(name, TRY_CAST_NAME) == 0)
        return bind_try_cast(binder, scope, call, position, out);
    if (strcmp(name, OUTER_JOIN_NAME) == 0)
        return bind_outer_mark(binder, scope, call, out);
    if (strcmp(name, "nvl") == 0)
        return bind_coalesce(binder, scope, call->n_args, call->args, position, out);
    if (strcmp(name, "nvl2") == 0)
        return bind_nvl2(binder, scope, call, out);
    if (strcmp(name, "decode") == 0)
        return bind_decode(binder, scope, call, out);
    if (!func_exists(name) && bind_is_macro(name, call->n_args))
        return bind_macro(binder, scope, name, call->n_args, call->args, call->location, out);
    return bind_function(binder, scope, call, name, position, out);
}
