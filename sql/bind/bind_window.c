/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions with OVER.  They are bound over the columns of FROM, as everything in a select list; once the groups are
 * known, what they say is said in terms of these (bind_finish_windows).
 *
 *     select a, rank() over (order by sum(b)) from t group by a       aggs: sum(b) as s; windows: rank, sort s
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

/* --- where they may stand ------------------------------------------------------------ */

static Error *check_place(const Scope *scope, int32_t position)
{
    const char *clause = scope->no_aggregates != NULL ? scope->no_aggregates : scope->no_windows;
    if (scope->inside_aggregate)
        return error_at(
            error_new(SQLSTATE_GROUPING_ERROR, "aggregate function calls cannot contain window function calls"),
            position);
    if (scope->inside_window)
        return error_at(error_new(SQLSTATE_WINDOWING_ERROR, "window function calls cannot be nested"), position);
    if (clause != NULL)
        return error_at(error_new(SQLSTATE_WINDOWING_ERROR, "window functions are not allowed in %s", clause),
                        position);
    return NULL;
}

/* --- OVER (...), OVER w ---------------------------------------------------------------- */

/* The WINDOW clause's window of that name among its first `count`. */
static Error *find_window(const Binder *binder, const Scope *scope, const char *wanted, size_t count, int32_t position,
                          size_t *index)
{
    const char *name = name_fold(binder, wanted);
    for (size_t i = 0; i < count; i++)
    {
        const PgQuery__WindowDef *def = scope->select->window_clause[i]->window_def;
        *index = i;
        if (def->name != NULL && strcmp(name_fold(binder, def->name), name) == 0)
            return NULL;
    }
    return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "window \"%s\" does not exist", name), position);
}

static bool is_said(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool has_frame(const PgQuery__WindowDef *def)
{
    return (def->frame_options & 1) != 0; /* FRAMEOPTION_NONDEFAULT */
}

static Error *bind_partition(Binder *binder, Scope *scope, const PgQuery__WindowDef *def, BoundWindow *window)
{
    window->partition = ARENA_ARRAY(binder->arena, Expr *, def->n_partition_clause + 1);
    for (size_t i = 0; i < def->n_partition_clause; i++)
    {
        Expr *expr;
        TRY(bind_expr(binder, scope, def->partition_clause[i], &expr));
        if (!expr_is_const(expr))
            window->partition[window->partition_count++] = expr;
    }
    return NULL;
}

static Error *bind_order(Binder *binder, Scope *scope, const PgQuery__WindowDef *def, BoundWindow *window)
{
    window->sort = ARENA_ARRAY(binder->arena, BoundSort, def->n_order_clause + 1);
    for (size_t i = 0; i < def->n_order_clause; i++)
    {
        const PgQuery__SortBy *by = def->order_clause[i]->sort_by;
        Expr *expr;
        TRY(bind_expr(binder, scope, by->node, &expr));
        window->sort[window->sort_count++] = bind_sort_of(by, expr);
    }
    return NULL;
}

static Error *windowing(int32_t position, const char *format, const char *name)
{
    return error_at(error_new(SQLSTATE_WINDOWING_ERROR, format, name), position);
}

/* Partition and order; `known`: how many of the WINDOW clause it may refer to. */
static Error *bind_spec(Binder *binder, Scope *scope, const PgQuery__WindowDef *def, size_t known, BoundWindow *window)
{
    int32_t position = node_position(binder, def->location);
    if (!is_said(def->refname))
    {
        TRY(bind_partition(binder, scope, def, window));
        return bind_order(binder, scope, def, window);
    }
    size_t index;
    TRY(find_window(binder, scope, def->refname, known, position, &index));
    const PgQuery__WindowDef *base = scope->select->window_clause[index]->window_def;
    if (def->n_partition_clause > 0)
        return windowing(position, "cannot override PARTITION BY clause of window \"%s\"", def->refname);
    TRY(bind_spec(binder, scope, base, index, window));
    if (def->n_order_clause > 0 && window->sort_count > 0)
        return windowing(position, "cannot override ORDER BY clause of window \"%s\"", def->refname);
    if (has_frame(base))
        return windowing(position, "cannot copy window \"%s\" because it has a frame clause", def->refname);
    return def->n_order_clause > 0 ? bind_order(binder, scope, def, window) : NULL;
}

static Error *bind_over(Binder *binder, Scope *scope, const PgQuery__WindowDef *over, BoundWindow *window)
{
    size_t known = scope->select == NULL ? 0 : scope->select->n_window_clause;
    if (is_said(over->name))
    {
        size_t index;
        TRY(find_window(binder, scope, over->name, known, node_position(binder, over->location), &index));
        over = scope->select->window_clause[index]->window_def;
        known = index;
    }
    TRY(bind_spec(binder, scope, over, known, window));
    return bind_frame(binder, scope, over, window);
}

/* --- the function --------------------------------------------------------------------------- */

static Error *check_call(const PgQuery__FuncCall *call, const WindowRow *row, bool ignore_nulls, int32_t position)
{
    const char *name = row->name;
    if (call->agg_star)
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE,
                                  "%s(*) must be used to call a parameterless aggregate function", name),
                        position);
    if (call->agg_distinct)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "DISTINCT is not implemented for window functions"),
                        position);
    if (call->agg_within_group)
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "window function %s cannot have WITHIN GROUP", name),
                        position);
    if (call->n_agg_order > 0)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED,
                                  "aggregate ORDER BY is not implemented for window functions"),
                        position);
    if (!node_is_missing(call->agg_filter))
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED,
                                  "FILTER is not implemented for non-aggregate window functions"),
                        position);
    if (ignore_nulls && (row->flags & WINDOW_NULLS) == 0)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s() does not take IGNORE NULLS", name), position);
    return NULL;
}

static Error *bind_row_function(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                                bool ignore_nulls, int32_t position, BoundWindow *window, SqlType *result)
{
    WindowMatch match;
    SqlType types[WINDOW_ARGS_MAX];
    if (call->n_args > WINDOW_ARGS_MAX)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "function %s() with %zu arguments does not exist", name,
                                  call->n_args),
                        position);
    window->arg_count = (int32_t) call->n_args;
    for (int32_t i = 0; i < window->arg_count; i++)
    {
        TRY(bind_expr(binder, scope, call->args[i], &window->args[i]));
        types[i] = window->args[i]->type;
    }
    Error *error = window_resolve(name, types, window->arg_count, &match);
    if (error != NULL)
        return error_at(error, position);
    TRY(check_call(call, match.row, ignore_nulls, position));
    for (int32_t i = 0; i < window->arg_count; i++)
        TRY(coerce(binder, window->args[i], match.args[i], CAST_IMPLICIT, &window->args[i]));
    window->window = match.row->id;
    window->ignore_nulls = ignore_nulls;
    *result = match.result;
    return NULL;
}

static bool frame_is_whole(const BoundFrame *frame)
{
    return frame->start == FRAME_UNBOUNDED_PRECEDING && frame->end == FRAME_UNBOUNDED_FOLLOWING &&
           frame->exclude == FRAME_EXCLUDE_NOTHING;
}

/* DISTINCT and ordered aggregates see the whole partition. */
static Error *check_whole(const BoundWindow *window, const BoundAgg *agg, int32_t position)
{
    if (agg->sort_count > 0 && window->sort_count > 0)
        return unsupported(position, "ORDER BY in the OVER clause of an ordered aggregate is");
    if ((agg->distinct || agg->sort_count > 0) && !frame_is_whole(&window->frame))
        return unsupported(position, "%s over a frame is",
                           agg->distinct ? "an aggregate with DISTINCT" : "an ordered aggregate");
    return NULL;
}

static Error *bind_frame_aggregate(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                                   int32_t position, BoundAgg *agg, BoundWindow *window, SqlType *result)
{
    AggMatch match;
    TRY(bind_agg_call(binder, scope, call, name, position, agg, &match));
    window->agg = agg->kind;
    window->distinct = agg->distinct;
    if (agg->arg != NULL)
        window->args[window->arg_count++] = agg->arg;
    if (agg->parameter != NULL)
        window->args[window->arg_count++] = agg->parameter;
    *result = match.result;
    return NULL;
}

static Error *no_such_function(const char *name, int32_t position)
{
    if (func_exists(name))
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE,
                                  "OVER specified, but %s is not a window function nor an aggregate function", name),
                        position);
    return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "function %s() does not exist", name), position);
}

static Error *bind_inside(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                          bool ignore_nulls, int32_t position, BoundWindow *window, SqlType *result)
{
    BoundAgg agg = {0};
    if (window_exists(name))
        TRY(bind_row_function(binder, scope, call, name, ignore_nulls, position, window, result));
    else if (!agg_exists(name))
        return no_such_function(name, position);
    else if (ignore_nulls)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s() does not take IGNORE NULLS", name), position);
    else
        TRY(bind_frame_aggregate(binder, scope, call, name, position, &agg, window, result));
    TRY(bind_over(binder, scope, call->over, window));
    TRY(check_whole(window, &agg, position));
    if (agg.sort_count > 0)
    {
        window->sort = agg.sort;
        window->sort_count = agg.sort_count;
    }
    return NULL;
}

/* --- its column ---------------------------------------------------------------------------- */

static bool is_nullable(const BoundWindow *window)
{
    switch (window->window)
    {
    case WINDOW_NONE:
        return window->agg != AGG_COUNT && window->agg != AGG_COUNT_STAR;
    case WINDOW_ROW_NUMBER:
    case WINDOW_RANK:
    case WINDOW_DENSE_RANK:
    case WINDOW_PERCENT_RANK:
    case WINDOW_CUME_DIST:
        return false;
    default:
        return true;
    }
}

static bool same_exprs(Expr *const *a, int32_t a_count, Expr *const *b, int32_t b_count)
{
    for (int32_t i = 0; i < a_count && a_count == b_count; i++)
        if (!expr_equal(a[i], b[i]))
            return false;
    return a_count == b_count;
}

static bool same_offset(const Expr *a, const Expr *b)
{
    return a == b || (a != NULL && b != NULL && expr_equal(a, b));
}

static bool same_window(const BoundWindow *a, const BoundWindow *b)
{
    return a->window == b->window && a->agg == b->agg && a->distinct == b->distinct &&
           a->ignore_nulls == b->ignore_nulls && same_exprs(a->args, a->arg_count, b->args, b->arg_count) &&
           same_exprs(a->partition, a->partition_count, b->partition, b->partition_count) &&
           bind_same_sort(a->sort, a->sort_count, b->sort, b->sort_count) && a->frame.unit == b->frame.unit &&
           a->frame.start == b->frame.start && a->frame.end == b->frame.end && a->frame.exclude == b->frame.exclude &&
           same_offset(a->frame.start_offset, b->frame.start_offset) &&
           same_offset(a->frame.end_offset, b->frame.end_offset);
}

static ColumnId window_column(Binder *binder, Scope *scope, BoundWindow *window, const char *name, SqlType type)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < query->window_count; i++)
        if (same_window(&query->windows[i], window))
            return query->windows[i].column;
    window->column = bound_add_column(binder->arena, binder->statement, name, type, is_nullable(window));
    ARRAY_ADD(binder->arena, query->windows, query->window_count, scope->window_capacity, *window);
    return window->column;
}

Error *bind_window(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, bool ignore_nulls,
                   int32_t position, Expr **out)
{
    BoundWindow window = {0};
    SqlType type;
    TRY(check_place(scope, position));
    scope->inside_window = true;
    Error *error = bind_inside(binder, scope, call, name, ignore_nulls, position, &window, &type);
    scope->inside_window = false;
    TRY(error);
    *out = expr_column(binder->arena, binder->statement, window_column(binder, scope, &window, name, type));
    (*out)->position = position;
    return NULL;
}

/* --- QUALIFY ------------------------------------------------------------------------------------ */

Error *bind_qualify(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, Expr **out)
{
    *out = NULL;
    for (size_t i = 0; i < select->n_window_clause; i++)
    {
        const PgQuery__WindowDef *def = select->window_clause[i]->window_def;
        if (def->name == NULL || strcmp(def->name, QUALIFY_WINDOW) != 0)
            continue;
        if (def->n_partition_clause != 1)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "QUALIFY takes one condition"),
                            node_position(binder, def->location));
        TRY(bind_condition(binder, scope, def->partition_clause[0], "QUALIFY", out));
        TRY(bind_check_size(*out));
    }
    return NULL;
}

Error *bind_finish_windows(Binder *binder, Scope *scope)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < query->window_count && query->grouped; i++)
    {
        BoundWindow *window = &query->windows[i];
        for (int32_t k = 0; k < window->arg_count; k++)
            TRY(bind_above_groups(binder, scope, window->args[k], &window->args[k]));
        for (int32_t k = 0; k < window->partition_count; k++)
            TRY(bind_above_groups(binder, scope, window->partition[k], &window->partition[k]));
        for (int32_t k = 0; k < window->sort_count; k++)
            TRY(bind_above_groups(binder, scope, window->sort[k].expr, &window->sort[k].expr));
    }
    return NULL;
}
