/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate_series(start, stop[, step]) in a select list: each row of FROM with the numbers below how many values there
 * are, and the value made of its number.
 *
 *     select generate_series(a, b) from t      select a + k from t beside k = 0, 1, ... below series_count(a, b, 1)
 *
 * unnest(array) is the same with the array's elements; arrays are texts.
 */
#include "base/data/datetime.h"
#include "sql/bind/binder.h"

#include <string.h>

#define SERIES_NAME "generate_series"
#define UNNEST_NAME "unnest"

typedef struct Series
{
    Expr *start, *stop, *step;
    int32_t position;
} Series;

bool bind_is_series(const char *name)
{
    return strcmp(name, SERIES_NAME) == 0 || strcmp(name, UNNEST_NAME) == 0;
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
    series->step = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = 1});
    Expr **places[3] = {&series->start, &series->stop, &series->step};
    if (call->n_args < 2 || call->n_args > 3)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "generate_series() takes two or three arguments"),
                        series->position);
    for (size_t i = 0; i < call->n_args; i++)
    {
        TRY(bind_expr(binder, scope, call->args[i], places[i]));
        if (expr_is_volatile(*places[i])) /* it is computed more than once */
            return unsupported((*places[i])->position, "generate_series() of what differs each time it is computed is");
    }
    return match_types(binder, series, call->n_args == 3);
}

/* --- how many, and which ---------------------------------------------------------------- */

static Error *call_body(Binder *binder, const Series *series, FuncId func, SqlType type, Expr *const *args, int32_t count,
                        Expr **out)
{
    Expr *expr = expr_new(binder->arena, EXPR_FUNC, type, count, args);
    expr->func = (int32_t) func;
    expr->position = series->position;
    return bind_fold(binder, expr, out);
}

static Error *series_count(Binder *binder, const Series *series, Expr **out)
{
    TypeId type = series->start->type.id;
    Expr *const args[3] = {series->start, series->stop, series->step};
    FuncId func = type == TYPE_BIGINT      ? FUNC_SERIES_COUNT_BIGINT
                  : type == TYPE_DECIMAL   ? FUNC_SERIES_COUNT_DECIMAL
                  : type == TYPE_TIMESTAMP ? FUNC_SERIES_COUNT_TIMESTAMP
                                           : FUNC_SERIES_COUNT_TIMESTAMPTZ;
    return call_body(binder, series, func, type_make(TYPE_BIGINT), args, 3, out);
}

static Error *series_value(Binder *binder, const Series *series, Expr *number, Expr **out)
{
    SqlType type = series->start->type;
    Expr *const args[3] = {series->start, series->step, number};
    FuncId func = type.id == TYPE_DECIMAL     ? FUNC_SERIES_VALUE_DECIMAL
                  : type.id == TYPE_TIMESTAMP ? FUNC_SERIES_VALUE_TIMESTAMP
                                              : FUNC_SERIES_VALUE_TIMESTAMPTZ;
    if (type.id != TYPE_BIGINT)
        return call_body(binder, series, func, type, args, 3, out);
    if (!expr_is_const(series->step) || series->step->value.i != 1)
        TRY(bind_operator(binder, "*", series->step, number, series->position, &number));
    return bind_operator(binder, "+", series->start, number, series->position, out);
}

static Error *check_place(const Binder *binder, const Scope *scope, int32_t position)
{
    const char *place = !scope->inside_items && scope->no_aggregates != NULL ? scope->no_aggregates
                        : !scope->inside_items                               ? "this place"
                        : binder->maybe_never > scope->items_maybe_never     ? "CASE"
                                                                             : NULL;
    if (place != NULL)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in %s", place),
                        position);
    if (scope->series_position > 0)
        return unsupported(position, "generate_series() twice in a select list is");
    return NULL;
}

/* The numbers below *count beside the rows so far. */
static BoundFrom *add_numbers(Binder *binder, Scope *scope, Expr *count, int32_t position)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_NUMBERS;
    from->address = NO_COLUMN;
    from->count = count;
    from->left = scope->query->from;
    from->column_count = 1;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, 1);
    from->columns[0] = bound_add_column(binder->arena, binder->statement, "number", type_make(TYPE_BIGINT), false);
    scope->query->from = from;
    scope->series_position = position;
    return from;
}

static Error *bind_unnest(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const Series *at, Expr **out)
{
    Expr *array, *count;
    if (call->n_args != 1)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "unnest() takes one argument"), at->position);
    TRY(bind_expr(binder, scope, call->args[0], &array));
    TRY(coerce(binder, array, type_varchar(0), CAST_IMPLICIT, &array));
    TRY(call_body(binder, at, FUNC_ARRAY_COUNT, type_make(TYPE_BIGINT), &array, 1, &count));
    const BoundFrom *from = add_numbers(binder, scope, count, at->position);
    Expr *const args[2] = {array, expr_column(binder->arena, binder->statement, from->columns[0])};
    TRY(call_body(binder, at, FUNC_ARRAY_ELEMENT, array->type, args, 2, out));
    (*out)->nullable = true;
    return NULL;
}

Error *bind_series(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                   Expr **out)
{
    Series series = {.position = position};
    Expr *count;
    TRY(check_place(binder, scope, position));
    if (strcmp(name, UNNEST_NAME) == 0)
        return bind_unnest(binder, scope, call, &series, out);
    TRY(read_series(binder, scope, call, &series));
    TRY(series_count(binder, &series, &count));
    const BoundFrom *from = add_numbers(binder, scope, count, position);
    return series_value(binder, &series, expr_column(binder->arena, binder->statement, from->columns[0]), out);
}
