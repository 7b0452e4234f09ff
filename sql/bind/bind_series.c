/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate_series(start, stop[, step]) in a select list: each row of FROM with the numbers below how many values there
 * are, and the value made of its number.
 *
 *     select generate_series(a, b) from t      select a + k from t beside k = 0, 1, ... below series_count(a, b, 1)
 *
 * unnest(array) is the same with the array's elements, _pg_expandarray(array) with these and their numbers.
 */
#include "base/data/datetime.h"
#include "sql/bind/binder.h"

#include <string.h>

#define SERIES_NAME "generate_series"
#define EXPAND_NAME "_pg_expandarray" /* of information_schema */

typedef struct Series
{
    Expr *start, *stop, *step;
    int32_t position;
} Series;

bool bind_is_series(const char *name)
{
    return strcmp(name, SERIES_NAME) == 0 || strcmp(name, UNNEST_NAME) == 0 || strcmp(name, EXPAND_NAME) == 0;
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

static Error *series_count(Binder *binder, const Series *series, Expr **out)
{
    TypeId type = series->start->type.id;
    Expr *const args[3] = {series->start, series->stop, series->step};
    FuncId func = type == TYPE_BIGINT      ? FUNC_SERIES_COUNT_BIGINT
                  : type == TYPE_DECIMAL   ? FUNC_SERIES_COUNT_DECIMAL
                  : type == TYPE_TIMESTAMP ? FUNC_SERIES_COUNT_TIMESTAMP
                                           : FUNC_SERIES_COUNT_TIMESTAMPTZ;
    return bind_call(binder, func, type_make(TYPE_BIGINT), args, 3, series->position, out);
}

static Error *series_value(Binder *binder, const Series *series, Expr *number, Expr **out)
{
    SqlType type = series->start->type;
    Expr *const args[3] = {series->start, series->step, number};
    FuncId func = type.id == TYPE_DECIMAL     ? FUNC_SERIES_VALUE_DECIMAL
                  : type.id == TYPE_TIMESTAMP ? FUNC_SERIES_VALUE_TIMESTAMP
                                              : FUNC_SERIES_VALUE_TIMESTAMPTZ;
    if (type.id != TYPE_BIGINT)
        return bind_call(binder, func, type, args, 3, series->position, out);
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
    return NULL;
}

/* The numbers below *count beside the rows so far; those that are there already if they are as many. */
static Error *add_numbers(Binder *binder, Scope *scope, Expr *count, int32_t position, Expr **number)
{
    BoundFrom *from = scope->query->from;
    if (scope->series_position > 0 && !expr_equal(from->count, count))
        return unsupported(position, "generate_series() twice in a select list is");
    if (scope->series_position == 0)
    {
        from = ARENA_NEW(binder->arena, BoundFrom);
        from->kind = FROM_NUMBERS;
        from->address = NO_COLUMN;
        from->count = count;
        from->left = scope->query->from;
        from->column_count = 1;
        from->columns = ARENA_ARRAY(binder->arena, ColumnId, 1);
        from->columns[0] = bound_add_column(binder->arena, binder->statement, "number", type_make(TYPE_BIGINT), false);
        scope->query->from = from;
        scope->series_position = position;
    }
    *number = expr_column(binder->arena, binder->statement, from->columns[0]);
    return NULL;
}

/* '{value,number}', of which bind_indirection() takes the fields. */
static Error *with_number(Binder *binder, Expr *number, int32_t position, Expr **value)
{
    Expr *one = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = 1}), *text;
    TRY(bind_operator(binder, "+", number, one, position, &number));
    TRY(coerce(binder, number, type_varchar(20), CAST_EXPLICIT, &number));
    TRY(coerce(binder, *value, type_varchar(65535), CAST_EXPLICIT, value));
    Expr *const parts[5] = {expr_constant(binder->arena, type_varchar(1), (Datum){.str = {"{", 1}}), *value,
                            expr_constant(binder->arena, type_varchar(1), (Datum){.str = {",", 1}}), number,
                            expr_constant(binder->arena, type_varchar(1), (Datum){.str = {"}", 1}})};
    text = parts[0];
    for (int32_t k = 1; k < 5; k++)
        TRY(bind_operator(binder, "||", text, parts[k], position, &text));
    *value = text;
    return NULL;
}

static Error *bind_elements(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                            int32_t position, Expr **out)
{
    Expr *array, *count, *number;
    if (call->n_args != 1)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "%s() takes one argument", name), position);
    TRY(bind_expr(binder, scope, call->args[0], &array));
    if (array->type.id != TYPE_CHAR)
        TRY(coerce(binder, array, type_varchar(array->type.length), CAST_IMPLICIT, &array));
    TRY(bind_array_count(binder, array, position, &count));
    TRY(add_numbers(binder, scope, count, position, &number));
    TRY(bind_array_element(binder, array, number, position, out));
    return strcmp(name, EXPAND_NAME) == 0 ? with_number(binder, number, position, out) : NULL;
}

Error *bind_series(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                   Expr **out)
{
    Series series = {.position = position};
    Expr *count, *number;
    TRY(check_place(binder, scope, position));
    if (strcmp(name, SERIES_NAME) != 0)
        return bind_elements(binder, scope, call, name, position, out);
    TRY(read_series(binder, scope, call, &series));
    TRY(series_count(binder, &series, &count));
    TRY(add_numbers(binder, scope, count, position, &number));
    return series_value(binder, &series, number, out);
}
