/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate_series(start, stop[, step]) of constants.
 *
 *     whole numbers                       FROM_SERIES
 *     moments, a step of days or less     select start + step * k from a FROM_SERIES of k
 *     anything else                       VALUES, each made from the one before it: a month behind January 31 is
 *                                         February 29, and a month behind that March 29
 */
#include "base/data/datetime.h"
#include "sql/bind/binder.h"

#include <string.h>

#define SERIES_NAME     "generate_series"
#define SERIES_ROWS_MAX 100000 /* of those made one by one */

typedef struct Series
{
    Expr *start, *stop, *step; /* constants */
    int32_t position;
} Series;

bool bind_is_series(const Binder *binder, const Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL || node->func_call->over != NULL)
        return false;
    const PgQuery__FuncCall *call = node->func_call;
    const char *name = node_string(call->funcname[call->n_funcname - 1]);
    return name != NULL && strcmp(name_fold(binder, name), SERIES_NAME) == 0;
}

static bool is_moment(const Expr *expr)
{
    return expr->type.id == TYPE_DATE || expr->type.id == TYPE_TIMESTAMP || expr->type.id == TYPE_TIMESTAMPTZ;
}

/* Its arguments in their types: BIGINT, DECIMAL, or moments and an INTERVAL. */
static Error *match_types(Binder *binder, Series *series, bool stepped)
{
    Expr *all[3] = {series->start, series->stop, series->step};
    bool moments = is_moment(series->start) || is_moment(series->stop);
    bool zoned = series->start->type.id == TYPE_TIMESTAMPTZ || series->stop->type.id == TYPE_TIMESTAMPTZ;
    SqlType type = type_make(zoned ? TYPE_TIMESTAMPTZ : TYPE_TIMESTAMP), step_type = type_interval(0, -1);
    if (!moments)
    {
        TRY(bind_common_of(binder, all, 3, &type));
        step_type = type = type_is_integer(type) ? type_make(TYPE_BIGINT) : type;
    }
    if (!moments && type.id != TYPE_BIGINT && type.id != TYPE_DECIMAL)
        return unsupported(series->position, "generate_series() of %s is", type_name(type));
    if (moments && !stepped)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "generate_series() of moments takes a step"),
                        series->position);
    TRY(coerce(binder, series->start, type, CAST_IMPLICIT, &series->start));
    TRY(coerce(binder, series->stop, type, CAST_IMPLICIT, &series->stop));
    return coerce(binder, series->step, step_type, CAST_IMPLICIT, &series->step);
}

static Error *read_series(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Series *series)
{
    series->position = node_position(binder, call->location);
    series->step = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = 1});
    Expr **places[3] = {&series->start, &series->stop, &series->step};
    if (call->n_args < 2 || call->n_args > 3)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "generate_series() takes two or three arguments"),
                        series->position);
    for (size_t i = 0; i < call->n_args; i++)
    {
        TRY(bind_expr(binder, scope, call->args[i], places[i]));
        if (!expr_is_const(*places[i]))
            return unsupported((*places[i])->position, "generate_series() of other than constants is");
    }
    return match_types(binder, series, call->n_args == 3);
}

/* --- rows ------------------------------------------------------------------------------- */

static BoundFrom *one_column(Binder *binder, FromKind kind, SqlType type)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = kind;
    from->address = NO_COLUMN;
    from->alias = SERIES_NAME;
    from->column_count = 1;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, 1);
    from->columns[0] = bound_add_column(binder->arena, binder->statement, SERIES_NAME, type, false);
    return from;
}

static BoundFrom *numbers(Binder *binder, Datum start, Datum stop, Datum step)
{
    BoundFrom *from = one_column(binder, FROM_SERIES, type_make(TYPE_BIGINT));
    from->series[0] = start;
    from->series[1] = stop;
    from->series[2] = step;
    return from;
}

/* start + step * k */
static Error *evenly(Binder *binder, const Series *series, int64_t step_us, BoundQuery **out)
{
    int64_t last = (series->stop->value.i - series->start->value.i) / step_us;
    bool empty = step_us > 0 ? series->stop->value.i < series->start->value.i
                             : series->stop->value.i > series->start->value.i;
    BoundFrom *from = numbers(binder, (Datum){.i = 0}, (Datum){.i = empty ? -1 : last}, (Datum){.i = 1});
    Expr *value = expr_column(binder->arena, binder->statement, from->columns[0]);
    int32_t capacity = 0;
    TRY(bind_operator(binder, "*", series->step, value, series->position, &value));
    TRY(bind_operator(binder, "+", series->start, value, series->position, &value));
    *out = ARENA_NEW(binder->arena, BoundQuery);
    (*out)->from = from;
    query_add_target(binder, *out, &capacity, value, SERIES_NAME);
    (*out)->visible_count = 1;
    return NULL;
}

static Error *one_by_one(Binder *binder, const Series *series, bool upwards, BoundQuery **out)
{
    BoundFrom *from = one_column(binder, FROM_VALUES, series->start->type);
    int32_t capacity = 0;
    for (Expr *value = series->start;;)
    {
        Expr *inside;
        TRY(bind_compare(binder, upwards ? 'l' : 'g', value, series->stop, series->position, &inside));
        if (!expr_is_true_const(inside))
            break;
        if (from->row_count == SERIES_ROWS_MAX)
            return error_at(error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                                      "generate_series() of such values makes at most %d rows", SERIES_ROWS_MAX),
                            series->position);
        Expr **row = ARENA_ARRAY(binder->arena, Expr *, 1);
        TRY(coerce(binder, value, series->start->type, CAST_EXPLICIT, &row[0]));
        ARRAY_ADD(binder->arena, from->rows, from->row_count, capacity, row);
        TRY(bind_operator(binder, "+", value, series->step, series->position, &value));
    }
    *out = query_over(binder, from);
    return NULL;
}

/* A step forwards, backwards, or none at all: 22023. */
static Error *direction(Binder *binder, const Series *series, bool *upwards)
{
    Expr *zero, *test;
    SqlType type = series->step->type;
    TRY(coerce(binder, expr_constant(binder->arena, type_make(TYPE_UNKNOWN), (Datum){.str = {"0", 1}}), type,
               CAST_EXPLICIT, &zero));
    TRY(bind_compare(binder, '=', series->step, zero, series->position, &test));
    if (expr_is_true_const(test))
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "step size cannot equal zero"), series->position);
    TRY(bind_compare(binder, '>', series->step, zero, series->position, &test));
    *upwards = expr_is_true_const(test);
    return NULL;
}

static Error *series_query(Binder *binder, const Series *series, BoundQuery **out)
{
    bool upwards;
    const Interval *step = &series->step->value.interval;
    bool null = series->start->value.null || series->stop->value.null || series->step->value.null;
    if (!null)
        TRY(direction(binder, series, &upwards));
    if (series->start->type.id == TYPE_BIGINT || null)
    {
        *out = query_over(binder, numbers(binder, series->start->value, series->stop->value, series->step->value));
        return NULL;
    }
    if (series->start->type.id == TYPE_TIMESTAMP && step->months == 0)
        return evenly(binder, series, step->days * DAY_US + step->us, out);
    return one_by_one(binder, series, upwards, out);
}

Error *bind_series(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, FromAlias alias, Namespace *names,
                   BoundFrom **out)
{
    Series series;
    BoundQuery *query;
    if (alias.name == NULL)
        alias.name = SERIES_NAME;
    TRY(read_series(binder, scope, call, &series));
    TRY(series_query(binder, &series, &query));
    query->target_names[0] = arena_strdup(binder->arena, alias.name);
    return bind_from_query(binder, scope, query, &alias, names, out);
}
