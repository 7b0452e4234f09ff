/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of functions and aggregates. */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "sql/bind/binder.h"

#include <string.h>

#define CALL_ARGS_MAX 16

static Error *refuse_extras(const PgQuery__FuncCall *call, int32_t position, const char *name)
{
    if (call->over != NULL)
        return unsupported(position, "the window function %s() OVER is", name);
    if (call->agg_within_group)
        return unsupported(position, "WITHIN GROUP is");
    if (call->agg_filter != NULL && call->agg_filter->node_case != PG_QUERY__NODE__NODE__NOT_SET)
        return unsupported(position, "FILTER is");
    if (call->n_agg_order > 0)
        return unsupported(position, "ORDER BY inside %s() is", name);
    if (call->func_variadic)
        return unsupported(position, "VARIADIC is");
    return NULL;
}

/* --- aggregates ------------------------------------------------------------------- */

static Error *check_aggregate_place(const Scope *scope, int32_t position)
{
    if (scope->inside_aggregate)
        return error_at(error_new(SQLSTATE_GROUPING_ERROR, "aggregate function calls cannot be nested"), position);
    if (scope->no_aggregates != NULL)
        return error_at(
            error_new(SQLSTATE_GROUPING_ERROR, "aggregate functions are not allowed in %s", scope->no_aggregates),
            position);
    return NULL;
}

/* The column of an aggregate that is there already, or a new one. */
static ColumnId aggregate_column(Binder *binder, Scope *scope, const BoundAgg *agg, const AggMatch *match)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < query->agg_count; i++)
    {
        const BoundAgg *other = &query->aggs[i];
        if (other->kind == agg->kind && other->distinct == agg->distinct &&
            (other->arg == agg->arg || (other->arg != NULL && agg->arg != NULL && expr_equal(other->arg, agg->arg))))
            return other->column;
    }
    bool counts = agg->kind == AGG_COUNT || agg->kind == AGG_COUNT_STAR;
    bool nullable = !counts && (!scope->has_groups || agg->arg->nullable);
    BoundAgg made = *agg;
    made.column = bound_add_column(binder->arena, binder->statement, match->row->name, match->result, nullable);
    ARRAY_ADD(binder->arena, query->aggs, query->agg_count, scope->agg_capacity, made);
    return made.column;
}

static Error *bind_aggregate(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                             int32_t position, Expr **out)
{
    AggMatch match;
    BoundAgg agg = {.distinct = call->agg_distinct};
    TRY(check_aggregate_place(scope, position));
    if (call->n_args != (call->agg_star ? 0 : 1))
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "aggregate %s() takes one argument", name), position);
    if (!call->agg_star)
    {
        scope->inside_aggregate = true;
        Error *error = bind_expr(binder, scope, call->args[0], &agg.arg);
        scope->inside_aggregate = false;
        TRY(error);
        agg.arg = coerce_unknown(binder, agg.arg);
    }
    Error *error = agg_resolve(name, agg.arg == NULL ? NULL : &agg.arg->type, &match);
    if (error != NULL)
        return error_at(error, position);
    agg.kind = match.row->id;
    if (agg.arg != NULL)
        TRY(coerce(binder, agg.arg, match.arg, CAST_IMPLICIT, &agg.arg));
    if (agg.kind == AGG_MIN || agg.kind == AGG_MAX)
        agg.distinct = false; /* changes nothing */
    *out = expr_column(binder->arena, binder->statement, aggregate_column(binder, scope, &agg, &match));
    (*out)->position = position;
    return NULL;
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
    if (call->agg_star || call->agg_distinct)
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "%s specified, but %s is not an aggregate function",
                                  call->agg_star ? "*" : "DISTINCT", name),
                        position);
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
    if (match.row->volatility == VOLATILITY_LEADER)
        return bind_leader_func(binder, &match, args, position, out);
    Expr *expr = expr_new(binder->arena, EXPR_FUNC, match.result, count, args);
    expr->func = (int32_t) match.row->id;
    expr->nullable = expr->nullable || (match.row->flags & FUNC_NULLS) != 0;
    expr->position = position;
    return bind_fold(binder, expr, out);
}

Error *bind_func_call(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    int32_t position = node_position(binder, call->location);
    const char *last = call->n_funcname > 0 ? node_string(call->funcname[call->n_funcname - 1]) : NULL;
    const char *schema = call->n_funcname > 1 ? node_string(call->funcname[0]) : NULL;
    if (last == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "improper function name"), position);
    char *name = name_fold(binder, last);
    if (schema != NULL && strcmp(schema, "pg_catalog") != 0)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "function %s.%s() does not exist", schema, name),
                        position);
    TRY(refuse_extras(call, position, name));
    if (agg_exists(name))
        return bind_aggregate(binder, scope, call, name, position, out);
    if (strcmp(name, "nvl") == 0)
        return bind_coalesce(binder, scope, call->n_args, call->args, position, out);
    if (strcmp(name, "nvl2") == 0)
        return bind_nvl2(binder, scope, call, out);
    if (strcmp(name, "decode") == 0)
        return bind_decode(binder, scope, call, out);
    return bind_function(binder, scope, call, name, position, out);
}
