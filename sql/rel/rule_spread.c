/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window without PARTITION BY over many rows would be computed in one place.
 *
 * Aggregates over all rows are one row beside them:
 *
 *     sum(v) over ()              S JOIN (AGG sum(v) of S)
 *
 * What counts or adds up from the first row on is computed in ranges of the first sort key, one after the other in its
 * order, each of which is a partition; then what the ranges before a row's own have is added (prefix sums; Blelloch,
 * "Prefix sums and their applications", 1990):
 *
 *     row_number() over (order by k)
 *
 *     T = WINDOW n = row_number() partition by b order by k (PROJECT b = range of k)        shared
 *     P = WINDOW before = sum(rows) of the ranges before (AGG b: rows = count(*) of T)
 *     PROJECT n + before (T JOIN P on b)
 *
 * Ranges are equally wide, from statistics: they decide how even the work is, not what comes out.
 */
#include "sql/rel/rel_tool.h"

#include "base/data/datetime.h"
#include "base/kernel/bodies.h"

#define SPREAD_ROWS   100000 /* fewer are not worth it */
#define SPREAD_RANGES 256

typedef struct Spread
{
    Arena *arena;
    BoundStatement *statement;
    RelTree *tree;
} Spread;

static Expr *column_of(const Spread *spread, ColumnId column)
{
    return expr_column(spread->arena, spread->statement, column);
}

static ColumnId new_column(const Spread *spread, const char *name, SqlType type, bool nullable)
{
    return bound_add_column(spread->arena, spread->statement, name, type, nullable);
}

/* Reads it under its own names, or (again) under new ones. */
static Rel *read_shared(Spread *spread, int32_t shared, bool again)
{
    const Rel *source = spread->tree->shared[shared];
    return rel_read_shared(spread->arena, spread->statement, source, shared, again ? NULL : source->results);
}

/* What a column of the shared tree is called by that reader. */
static Expr *read_as(const Spread *spread, const Rel *reader, Expr *column)
{
    const Rel *source = spread->tree->shared[reader->shared];
    return expr_rename(spread->arena, spread->statement, column, source->results, reader->table_columns,
                       reader->column_count);
}

/* --- aggregates over all rows ------------------------------------------------------- */

static bool is_whole(const BoundWindow *window)
{
    const BoundFrame *frame = &window->frame;
    return window->window == WINDOW_NONE && window->arg_count <= 1 && window->sort_count == 0 &&
           frame->start == FRAME_UNBOUNDED_PRECEDING && frame->exclude == FRAME_EXCLUDE_NOTHING &&
           (frame->end == FRAME_UNBOUNDED_FOLLOWING || (frame->end == FRAME_CURRENT_ROW && frame->unit != FRAME_ROWS));
}

static Rel *beside_aggregates(Spread *spread, Rel *window)
{
    int32_t shared = rel_tree_share(spread->arena, spread->tree, window->inputs[0]);
    Rel *rows = read_shared(spread, shared, false), *agg = rel_new(spread->arena, REL_AGG, 1);
    agg->inputs[0] = read_shared(spread, shared, true);
    agg->agg_count = window->window_count;
    agg->aggs = ARENA_ARRAY(spread->arena, BoundAgg, window->window_count);
    for (int32_t k = 0; k < window->window_count; k++)
    {
        const BoundWindow *one = &window->windows[k];
        Expr *arg = one->arg_count > 0 ? read_as(spread, agg->inputs[0], one->args[0]) : NULL;
        agg->aggs[k] = (BoundAgg){.kind = one->agg, .distinct = one->distinct, .arg = arg, .column = one->column};
    }
    return rel_join_set(spread->arena, rows, agg, NULL, 0);
}

/* --- ranges of the sort key ------------------------------------------------------------ */

static Expr *constant(const Spread *spread, TypeId type, Datum value)
{
    return expr_constant(spread->arena, type_make(type), value);
}

/* The key as a number that never falls where the key rises, and where its values begin and end; NULL: not known. */
static Expr *key_as_number(const Spread *spread, Expr *key, double *low, double *high)
{
    const BoundColumn *column = &spread->statement->columns[key->column];
    const ColumnStats *stats = column->table == NULL || table_is_sysview(column->table)
                                   ? NULL
                                   : &column->table->columns[column->ordinal].stats;
    if (stats == NULL || !stats->has_range)
        return NULL;
    Expr *args[2] = {constant(spread, TYPE_BIGINT, (Datum){.i = FIELD_EPOCH}), key};
    switch (key->type.id)
    {
    case TYPE_DATE:
        *low = k_date_part_date(FIELD_EPOCH, stats->min.i);
        *high = k_date_part_date(FIELD_EPOCH, stats->max.i);
        return expr_func(spread->arena, FUNC_DATE_PART_DATE, type_make(TYPE_DOUBLE), 2, args);
    case TYPE_TIMESTAMP:
        *low = k_date_part(FIELD_EPOCH, stats->min.i);
        *high = k_date_part(FIELD_EPOCH, stats->max.i);
        return expr_func(spread->arena, FUNC_DATE_PART, type_make(TYPE_DOUBLE), 2, args);
    case TYPE_SMALLINT:
    case TYPE_INTEGER:
    case TYPE_BIGINT:
    case TYPE_DECIMAL:
        if (!datum_as_double(key->type, &stats->min, low) || !datum_as_double(key->type, &stats->max, high))
            return NULL;
        return expr_cast_make(spread->arena, key, type_make(TYPE_DOUBLE));
    default:
        return NULL;
    }
}

/* The number of the range a row is in; NULL: nothing is known of the key. */
static Expr *range_number(const Spread *spread, const BoundSort *sort)
{
    double low, high;
    Expr *number = key_as_number(spread, sort->expr, &low, &high);
    if (number == NULL || !(low < high))
        return NULL;
    Expr *args[4] = {number, constant(spread, TYPE_DOUBLE, (Datum){.f = sort->descending ? high : low}),
                     constant(spread, TYPE_DOUBLE, (Datum){.f = sort->descending ? low : high}),
                     constant(spread, TYPE_INTEGER, (Datum){.i = SPREAD_RANGES})};
    Expr *range[2] = {expr_func(spread->arena, FUNC_WIDTH_BUCKET_DOUBLE, type_make(TYPE_INTEGER), 4, args),
                      constant(spread, TYPE_INTEGER, (Datum){.i = sort->nulls_first ? -1 : SPREAD_RANGES + 2})};
    Expr *known = expr_new(spread->arena, EXPR_COALESCE, type_make(TYPE_INTEGER), 2, range);
    known->nullable = false;
    return known;
}

/* --- what adds up from the first row on --------------------------------------------------- */

/* The aggregate over a whole range that counts for the rows behind it, and that of these; AGG_NONE: nothing adds up. */
static AggKind before_kind(const BoundWindow *window)
{
    switch (window->window)
    {
    case WINDOW_ROW_NUMBER:
    case WINDOW_RANK:
        return AGG_COUNT_STAR;
    case WINDOW_DENSE_RANK:
        return AGG_MAX;
    case WINDOW_NONE:
        return window->agg;
    default:
        return AGG_NONE;
    }
}

static bool adds_up(const Spread *spread, const BoundWindow *window)
{
    const BoundFrame *frame = &window->frame;
    if (window->window != WINDOW_NONE)
        return before_kind(window) != AGG_NONE;
    bool running = frame->start == FRAME_UNBOUNDED_PRECEDING && frame->end == FRAME_CURRENT_ROW &&
                   frame->exclude == FRAME_EXCLUDE_NOTHING && !window->distinct;
    SqlType type = spread->statement->columns[window->column].type;
    bool exact = type.id != TYPE_REAL && type.id != TYPE_DOUBLE; /* else their order would be seen */
    return running && (window->agg == AGG_COUNT || window->agg == AGG_COUNT_STAR || (window->agg == AGG_SUM && exact));
}

/* Sums over ranges add up; so do counts and, of dense ranks, the greatest. */
static BoundWindow prefix_of(const Spread *spread, ColumnId range, ColumnId part, SqlType type)
{
    BoundWindow prefix = {.agg = AGG_SUM,
                          .arg_count = 1,
                          .args = {column_of(spread, part)},
                          .sort_count = 1,
                          .frame = {.unit = FRAME_ROWS, .start = FRAME_UNBOUNDED_PRECEDING, .end = FRAME_PRECEDING},
                          .column = new_column(spread, "before", type, true)};
    prefix.sort = ARENA_NEW(spread->arena, BoundSort);
    prefix.sort->expr = column_of(spread, range);
    prefix.frame.end_offset = expr_bigint(spread->arena, 1);
    return prefix;
}

/* own + before, where either may have seen no value. */
static Expr *added(const Spread *spread, Expr *own, Expr *before)
{
    Expr *pair[2] = {own, before}, *swapped[2] = {before, own};
    Expr *whens[3] = {expr_new(spread->arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &swapped[0]), own,
                      expr_new(spread->arena, EXPR_ARITH, own->type, 2, pair)};
    whens[2]->op = '+';
    Expr *sum = expr_new(spread->arena, EXPR_CASE, own->type, 3, whens);
    sum->nullable = own->nullable;
    if (!own->nullable)
        return sum;
    Expr *empty[3] = {expr_new(spread->arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &swapped[1]), before, sum};
    return expr_new(spread->arena, EXPR_CASE, own->type, 3, empty);
}

/* T: the windows of each range, under names of their own. */
static Rel *windows_of_ranges(const Spread *spread, Rel *window, BoundNamed range, ColumnId *own)
{
    Rel *parts = rel_new(spread->arena, REL_WINDOW, 1);
    parts->inputs[0] = rel_project(spread->arena, window->inputs[0], &range, 1);
    parts->window_count = window->window_count;
    parts->windows = arena_memdup(spread->arena, window->windows, sizeof(BoundWindow) * (size_t) window->window_count);
    for (int32_t k = 0; k < parts->window_count; k++)
    {
        const BoundColumn *column = &spread->statement->columns[window->windows[k].column];
        own[k] = parts->windows[k].column = new_column(spread, column->name, column->type, column->nullable);
    }
    rel_add_partition(spread->arena, parts, column_of(spread, range.column));
    return parts;
}

/* P: for each range what those before it have, in before[]. */
static Rel *before_ranges(Spread *spread, const Rel *window, Rel *rows, ColumnId range, const ColumnId *own, Rel **out,
                          ColumnId *before)
{
    Rel *agg = rel_new(spread->arena, REL_AGG, 1), *prefix = rel_new(spread->arena, REL_WINDOW, 1);
    BoundNamed group = {read_as(spread, rows, column_of(spread, range)), new_column(spread, "range", type_make(TYPE_INTEGER), false)};
    agg->inputs[0] = rows;
    agg->named_count = 1;
    agg->named = arena_memdup(spread->arena, &group, sizeof group);
    agg->agg_count = prefix->window_count = window->window_count;
    agg->aggs = ARENA_ARRAY(spread->arena, BoundAgg, window->window_count);
    prefix->windows = ARENA_ARRAY(spread->arena, BoundWindow, window->window_count);
    for (int32_t k = 0; k < window->window_count; k++)
    {
        const BoundWindow *one = &window->windows[k];
        AggKind kind = before_kind(one);
        Expr *arg = one->window == WINDOW_DENSE_RANK ? column_of(spread, own[k]) : one->arg_count > 0 ? one->args[0] : NULL;
        SqlType type = spread->statement->columns[own[k]].type;
        ColumnId part = new_column(spread, "part", type, kind != AGG_COUNT && kind != AGG_COUNT_STAR);
        arg = arg == NULL || kind == AGG_COUNT_STAR ? NULL : read_as(spread, rows, arg);
        agg->aggs[k] = (BoundAgg){.kind = kind, .arg = arg, .column = part};
        prefix->windows[k] = prefix_of(spread, group.column, part, type);
        before[k] = prefix->windows[k].column;
    }
    prefix->inputs[0] = agg;
    *out = prefix;
    return agg;
}

static Rel *in_ranges(Spread *spread, Rel *window, Expr *number)
{
    Arena *arena = spread->arena;
    int32_t count = window->window_count;
    BoundNamed range = {number, new_column(spread, "range", number->type, false)};
    ColumnId *own = ARENA_ARRAY(arena, ColumnId, count), *before = ARENA_ARRAY(arena, ColumnId, count);
    int32_t shared = rel_tree_share(spread->arena, spread->tree, windows_of_ranges(spread, window, range, own));
    Rel *rows = read_shared(spread, shared, false), *prefix;
    const Rel *agg = before_ranges(spread, window, read_shared(spread, shared, true), range.column, own, &prefix, before);
    Expr *same = expr_compare_make(arena, '=', column_of(spread, range.column), column_of(spread, agg->named[0].column));
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, count);
    for (int32_t k = 0; k < count; k++)
        named[k] = (BoundNamed){added(spread, column_of(spread, own[k]), column_of(spread, before[k])),
                                window->windows[k].column};
    return rel_project(arena, rel_join_set(arena, rows, prefix, &same, 1), named, count);
}

/* --- which windows ---------------------------------------------------------------------- */

static Rel *spread_window(Spread *spread, Rel *window)
{
    const BoundWindow *first = &window->windows[0];
    bool whole = true, running = first->sort_count > 0;
    if (first->partition_count > 0 || window->inputs[0]->rows_estimate < SPREAD_ROWS)
        return window;
    for (int32_t k = 0; k < window->window_count; k++)
    {
        whole = whole && is_whole(&window->windows[k]);
        running = running && adds_up(spread, &window->windows[k]);
    }
    if (whole)
        return beside_aggregates(spread, window);
    Expr *number = running ? range_number(spread, &first->sort[0]) : NULL;
    return number == NULL ? window : in_ranges(spread, window, number);
}

static Rel *look(Spread *spread, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rel->inputs[k] = look(spread, rel->inputs[k]);
    return rel->kind == REL_WINDOW ? spread_window(spread, rel) : rel;
}

static Rel *look_at_tree(Spread *spread, Rel *root)
{
    int32_t count = root->result_count;
    ColumnId *results = root->results;
    root = look(spread, root);
    root->result_count = count;
    root->results = results;
    rel_outputs_fill(spread->arena, root);
    return root;
}

Error *rule_spread(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    Spread spread = {arena, statement, tree};
    int32_t count = tree->shared_count;
    rel_tree_estimate(arena, statement, tree);
    for (int32_t k = 0; k < count; k++)
    {
        Rel *looked = look_at_tree(&spread, tree->shared[k]); /* it may make the table of shared trees grow */
        tree->shared[k] = looked;
    }
    tree->root = look_at_tree(&spread, tree->root);
    for (int32_t k = count; k < tree->shared_count; k++)
        rel_outputs_fill(arena, tree->shared[k]);
    rel_tree_settle(arena, statement, tree);
    return NULL;
}
