/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of aggregates.
 *
 *     sum(x) filter (where c)                                 sum(case when c then x end)
 *     count(*) filter (where c)                               count(case when c then 1 end)
 *     listagg(x, ', ' order by y)                             arg x, parameter ', ', sort y
 *     percentile_cont(0.5) within group (order by x desc)     arg x, parameter 0.5, sort x desc
 *     median(x)                                               arg x, sort x
 *     corr(y, x)                                              arg pair(y, x), null where one is
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

static bool is_percentile(AggId kind)
{
    return kind == AGG_PERCENTILE_CONT || kind == AGG_PERCENTILE_DISC;
}

static Error *wrong_call(int32_t position, const char *name, const char *what)
{
    return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE, "%s %s", name, what), position);
}

/* --- arguments ----------------------------------------------------------------------- */

/* count(t.*) counts rows, as long as no outer join makes up rows of t. */
static Error *count_row(Binder *binder, const Scope *scope, const Node *node, bool *is_row)
{
    *is_row = false;
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields < 2)
        return NULL;
    const PgQuery__ColumnRef *ref = node->column_ref;
    if (ref->fields[ref->n_fields - 1]->node_case != PG_QUERY__NODE__NODE_A_STAR)
        return NULL;
    int32_t position = node_position(binder, ref->location);
    const char *last = node_string(ref->fields[ref->n_fields - 2]);
    const char *alias = name_fold(binder, last == NULL ? "" : last);
    for (int32_t i = 0; i < scope->names.count; i++)
    {
        const NameEntry *entry = &scope->names.entries[i];
        if (entry->alias == NULL || strcmp(entry->alias, alias) != 0)
            continue;
        *is_row = true;
        return entry->outer_joined ? unsupported(position, "count() of a row of an outer join is") : NULL;
    }
    return error_at(error_new(SQLSTATE_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%s\"", alias), position);
}

/* What a call says: over a window it may use aggregates, else not. */
static Error *bind_inner(Binder *binder, Scope *scope, const Node *node, Expr **out)
{
    scope->inside_aggregate = !scope->inside_window;
    Error *error = bind_expr(binder, scope, node, out);
    scope->inside_aggregate = false;
    TRY(error);
    *out = coerce_unknown(binder, *out);
    return NULL;
}

static Error *bind_delimiter(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    *out = expr_constant(binder->arena, type_varchar(1), (Datum){.str = {"", 0}});
    if (call->n_args < 2)
        return NULL;
    Expr *given;
    TRY(bind_inner(binder, scope, call->args[1], &given));
    TRY(coerce(binder, given, type_varchar(0), CAST_EXPLICIT, &given));
    if (!expr_is_const(given))
        return unsupported(given->position, "a delimiter that is no constant is");
    if (!given->value.null)
        *out = given;
    return NULL;
}

static Error *bind_fraction(Binder *binder, Scope *scope, const Node *node, Expr **out)
{
    TRY(bind_inner(binder, scope, node, out));
    TRY(coerce(binder, *out, type_make(TYPE_DOUBLE), CAST_IMPLICIT, out));
    if (!expr_is_const(*out))
        return unsupported((*out)->position, "a percentile that is no constant is");
    if ((*out)->value.null)
        return error_at(error_new(SQLSTATE_NULL_VALUE_NOT_ALLOWED, "percentile value must not be null"),
                        (*out)->position);
    double value = (*out)->value.f;
    if (!(value >= 0 && value <= 1))
        return error_at(
            error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "percentile value %g is not between 0 and 1", value),
            (*out)->position);
    return NULL;
}

static Error *check_form(const PgQuery__FuncCall *call, const AggRow *row, const char *name, int32_t position)
{
    size_t least = agg_takes_pair(name) ? 2 : 1, most = row->id == AGG_LISTAGG ? 2 : least;
    if (call->func_variadic)
        return unsupported(position, "VARIADIC is");
    if (row->id == AGG_COUNT_STAR && !call->agg_star && call->n_args == 0)
        return error_at(error_new(SQLSTATE_WRONG_OBJECT_TYPE,
                                  "%s(*) must be used to call a parameterless aggregate function", name),
                        position);
    if (call->n_args < (call->agg_star ? 0 : least) || call->n_args > (call->agg_star ? 0 : most))
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "aggregate %s() takes %s", name,
                                  least == 2 ? "two arguments" : most == 2 ? "one or two arguments" : "one argument"),
                        position);
    if (is_percentile(row->id) != (call->agg_within_group != 0))
        return is_percentile(row->id)
                   ? wrong_call(position, "WITHIN GROUP is required for ordered-set aggregate", name)
                   : wrong_call(position, name, "is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
    if (is_percentile(row->id) && call->n_agg_order != 1)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "%s() sorts by one value", name), position);
    if (call->agg_distinct && (is_percentile(row->id) || row->id == AGG_MEDIAN))
        return unsupported(position, "DISTINCT in %s() is", name);
    return NULL;
}

/* --- FILTER, ORDER BY ------------------------------------------------------------------ */

static Error *bind_filter(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, Expr **out)
{
    *out = NULL;
    if (node_is_missing(call->agg_filter))
        return NULL;
    scope->inside_aggregate = !scope->inside_window;
    Error *error = bind_condition(binder, scope, call->agg_filter, "FILTER", out);
    scope->inside_aggregate = false;
    return error;
}

static void apply_filter(Binder *binder, BoundAgg *agg, Expr *filter)
{
    if (filter == NULL)
        return;
    if (agg->kind == AGG_COUNT_STAR)
    {
        agg->kind = AGG_COUNT;
        agg->arg = expr_constant(binder->arena, type_make(TYPE_INTEGER), (Datum){.i = 1});
    }
    Expr *parts[3] = {filter, agg->arg, expr_null(binder->arena, agg->arg->type)};
    Expr *made = expr_new(binder->arena, EXPR_CASE, agg->arg->type, 3, parts);
    made->nullable = true;
    made->position = agg->arg->position;
    agg->arg = made;
}

/* The order matters to texts put together only; elsewhere it is read and left. */
static Error *bind_agg_sort(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, BoundAgg *agg)
{
    agg->sort = ARENA_ARRAY(binder->arena, BoundSort, call->n_agg_order + 1);
    for (size_t i = 0; i < call->n_agg_order; i++)
    {
        const PgQuery__SortBy *by = call->agg_order[i]->sort_by;
        Expr *expr;
        TRY(bind_inner(binder, scope, by->node, &expr));
        if (!expr_is_const(expr))
            agg->sort[agg->sort_count++] = bind_sort_of(by, expr);
    }
    if (agg->kind != AGG_LISTAGG)
        agg->sort_count = 0;
    return NULL;
}

static void sort_by_argument(BoundAgg *agg, const PgQuery__SortBy *by)
{
    agg->sort_count = 1;
    agg->sort[0] = by != NULL ? bind_sort_of(by, agg->arg) : (BoundSort){.expr = agg->arg};
}

static Expr *make_pair(Binder *binder, Expr *const *numbers, int32_t position)
{
    Expr *pair = expr_func(binder->arena, FUNC_PAIR, type_decimal(DECIMAL_PRECISION_MAX, 0), 2, numbers);
    pair->position = position;
    return pair;
}

/* The one value that the call's first arguments are to the aggregate. */
static Error *coerce_argument(Binder *binder, const AggMatch *match, Expr **args, int32_t count, int32_t position, Expr **out)
{
    for (int32_t i = 0; i < count; i++)
        TRY(coerce(binder, args[i], match->arg, CAST_IMPLICIT, &args[i]));
    *out = count < 2 ? args[0] : make_pair(binder, args, position);
    return NULL;
}

static Error *bind_argument(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name,
                            int32_t position, BoundAgg *agg, AggMatch *match)
{
    bool percentile = strncmp(name, "percentile_", strlen("percentile_")) == 0;
    bool row = false;
    if (call->n_args == 1 && strcmp(name, "count") == 0)
        TRY(count_row(binder, scope, call->args[0], &row));
    const Node *node = call->agg_star || row || call->n_args == 0 ? NULL : call->args[0];
    if (percentile && call->agg_within_group && call->n_agg_order > 0)
        node = call->agg_order[0]->sort_by->node;
    Expr *args[AGG_ARGS_MAX] = {NULL, NULL};
    SqlType types[AGG_ARGS_MAX];
    int32_t count = node == NULL ? 0 : agg_takes_pair(name) && call->n_args > 1 ? 2 : 1;
    for (int32_t i = 0; i < count; i++)
    {
        TRY(bind_inner(binder, scope, i == 0 ? node : call->args[i], &args[i]));
        types[i] = args[i]->type;
    }
    Error *error = agg_resolve(name, types, count, match);
    if (error != NULL)
        return error_at(error, position);
    agg->kind = match->row->id;
    if (!row)
        TRY(check_form(call, match->row, name, position));
    if (agg->kind == AGG_LISTAGG && !type_is_string(args[0]->type))
        return coerce(binder, args[0], type_varchar(0), CAST_EXPLICIT, &agg->arg);
    return coerce_argument(binder, match, args, count, position, &agg->arg);
}

Error *bind_agg_call(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                     BoundAgg *agg, AggMatch *match)
{
    Expr *filter;
    const char *schema = call->n_funcname > 1 ? node_string(call->funcname[0]) : NULL;
    *agg = (BoundAgg){.distinct = call->agg_distinct, .approximate = schema != NULL && strcmp(schema, APPROXIMATE) == 0};
    TRY(bind_argument(binder, scope, call, name, position, agg, match));
    TRY(bind_filter(binder, scope, call, &filter));
    apply_filter(binder, agg, filter);
    TRY(bind_agg_sort(binder, scope, call, agg));
    switch (agg->kind)
    {
    case AGG_LISTAGG:
        return bind_delimiter(binder, scope, call, &agg->parameter);
    case AGG_PERCENTILE_CONT:
    case AGG_PERCENTILE_DISC:
        sort_by_argument(agg, call->agg_order[0]->sort_by);
        return bind_fraction(binder, scope, call->args[0], &agg->parameter);
    case AGG_MEDIAN:
        sort_by_argument(agg, NULL);
        return NULL;
    case AGG_MIN:
    case AGG_MAX:
    case AGG_ANY_VALUE:
    case AGG_BOOL_AND:
    case AGG_BOOL_OR:
    case AGG_BIT_AND:
    case AGG_BIT_OR:
        agg->distinct = false; /* changes nothing */
        return NULL;
    default:
        return NULL;
    }
}

/* --- without OVER ---------------------------------------------------------------------- */

static Error *check_place(const Scope *scope, bool inside_aggregate, int32_t position)
{
    if (inside_aggregate)
        return error_at(error_new(SQLSTATE_GROUPING_ERROR, "aggregate function calls cannot be nested"), position);
    if (scope->no_aggregates != NULL)
        return error_at(
            error_new(SQLSTATE_GROUPING_ERROR, "aggregate functions are not allowed in %s", scope->no_aggregates),
            position);
    return NULL;
}

static bool same_expr(const Expr *a, const Expr *b)
{
    return a == b || (a != NULL && b != NULL && expr_equal(a, b));
}

bool bind_same_sort(const BoundSort *a, int32_t a_count, const BoundSort *b, int32_t b_count)
{
    for (int32_t i = 0; i < a_count && a_count == b_count; i++)
        if (a[i].descending != b[i].descending || a[i].nulls_first != b[i].nulls_first ||
            !expr_equal(a[i].expr, b[i].expr))
            return false;
    return a_count == b_count;
}

/* The column of an aggregate that is there already, or a new one. */
static ColumnId aggregate_column(Binder *binder, Scope *scope, const BoundAgg *agg, const AggMatch *match)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < query->agg_count; i++)
    {
        const BoundAgg *other = &query->aggs[i];
        if (other->kind == agg->kind && other->distinct == agg->distinct && other->approximate == agg->approximate && same_expr(other->arg, agg->arg) &&
            same_expr(other->parameter, agg->parameter) &&
            bind_same_sort(other->sort, other->sort_count, agg->sort, agg->sort_count))
            return other->column;
    }
    bool counts = agg->kind == AGG_COUNT || agg->kind == AGG_COUNT_STAR;
    bool wants_more = agg_state_columns(agg->kind) > 1; /* null of one value, or of equal ones */
    bool nullable = !counts && (!scope->has_groups || wants_more || agg->arg->nullable);
    BoundAgg made = *agg;
    made.column = bound_add_column(binder->arena, binder->statement, match->row->name, match->result, nullable);
    ARRAY_ADD(binder->arena, query->aggs, query->agg_count, scope->agg_capacity, made);
    return made.column;
}

/* --- whose it is -------------------------------------------------------------------------- */

void bind_note_read(Binder *binder, Scope *owner)
{
    for (AggReads *reads = binder->reads; owner != NULL && reads != NULL; reads = reads->around)
        if (scope_is_inside(reads->scope, owner) &&
            (reads->nearest == NULL || scope_is_inside(owner, reads->nearest)))
            reads->nearest = owner;
}

static int32_t depth_of(const Scope *scope)
{
    int32_t depth = 0;
    for (; scope != NULL; scope = scope->outer)
        depth++;
    return depth;
}

/* The outer columns each query from `scope` outwards has by now. */
static int32_t *outer_counts(const Binder *binder, const Scope *scope)
{
    int32_t *counts = ARENA_ARRAY(binder->arena, int32_t, depth_of(scope));
    for (int32_t i = 0; scope != NULL; scope = scope->outer)
        counts[i++] = scope->query == NULL ? 0 : scope->query->outer_count;
    return counts;
}

/* Queries inside the owner read the aggregate, and not what its argument reads. */
static Error *move_out(Scope *scope, Scope *owner, const BoundAgg *agg, const int32_t *counts, int32_t position)
{
    if (agg->arg != NULL && bind_uses_aggregate(agg->arg, owner->query))
        return check_place(owner, true, position);
    TRY(check_place(owner, owner->inside_aggregate, position));
    for (int32_t i = 0; scope != owner; scope = scope->outer)
        scope->query->outer_count = counts[i++];
    return NULL;
}

Error *bind_aggregate(Binder *binder, Scope *scope, const PgQuery__FuncCall *call, const char *name, int32_t position,
                      Expr **out)
{
    AggMatch match;
    BoundAgg agg;
    bool window = scope->inside_window;
    bool inside = scope->inside_aggregate;
    int32_t *counts = outer_counts(binder, scope);
    AggReads reads = {.scope = scope, .around = binder->reads};
    if (scope->outer == NULL)
        TRY(check_place(scope, inside, position));
    scope->inside_window = false;
    binder->reads = &reads;
    Error *error = bind_agg_call(binder, scope, call, name, position, &agg, &match);
    binder->reads = reads.around;
    scope->inside_window = window;
    scope->inside_aggregate = inside;
    TRY(error);
    /* one that reads nothing but queries around it belongs to the nearest of those */
    Scope *owner = reads.nearest == NULL ? scope : reads.nearest;
    bind_note_read(binder, owner);
    TRY(owner == scope ? check_place(scope, inside, position) : move_out(scope, owner, &agg, counts, position));
    ColumnId column = aggregate_column(binder, owner, &agg, &match);
    note_outer(binder, scope, owner, column);
    *out = expr_column(binder->arena, binder->statement, column);
    (*out)->position = position;
    return NULL;
}
