/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates over frames.  Ends of a frame never step back, so a frame's state
 * is a queue made of two stacks, and each row is added and combined a constant
 * number of times (Tangwongsan, Hirzel, Schneider: "Sub-O(log n) out-of-order
 * sliding-window aggregation", 2019, section 2: Two-Stacks):
 *
 *     from          middle              to
 *       | suffix[k]: k..middle | back: middle..to |        state = suffix[from] + back
 *
 * A frame that starts with the partition has all in `back`: a running state, in the
 * rows' order.  EXCLUDE cuts a frame into what is left and right of the hole: two queues.
 */
#include "src/run/run_window.h"

#include "base/data/numeric.h"
#include "base/kernel/bodies.h"

#include <math.h>

#define FRAME_SHORT 32 /* sums of floating point: such frames are added in order, as PostgreSQL adds */

typedef enum StateKind
{
    STATE_COUNT,
    STATE_EXACT, /* sum of integers, scaled or not */
    STATE_REAL,  /* sum of floating point */
    STATE_INTERVAL,
    STATE_LEAST,
    STATE_GREATEST,
    STATE_FIRST,
    STATE_AND,
    STATE_OR,
    STATE_MOMENTS,
    STATE_PAIRS
} StateKind;

typedef struct State
{
    int64_t count; /* of values */
    union
    {
        struct
        {
            I128 sum;
            int64_t carry; /* times 2^128 */
        };
        struct
        {
            I128 us; /* has room for the sum of all rows there can be */
            int64_t months, days;
        };
        double real;
        const char *row;
        int64_t bits;
        double moments[5]; /* as a group's state has them */
    };
} State;

typedef struct Call
{
    const Partition *part;
    const SpecWindow *window;
    const RowField *field; /* of the argument; NULL: count(*) */
    StateKind kind;
    SortKey key; /* LEAST, GREATEST */
    const uint8_t *keep;
} Call;

static StateKind state_kind(AggId agg, SqlType arg)
{
    switch (agg)
    {
    case AGG_SUM:
    case AGG_AVG:
        return arg.id == TYPE_DOUBLE || arg.id == TYPE_REAL ? STATE_REAL : STATE_EXACT;
    case AGG_SUM_INTERVAL:
    case AGG_AVG_INTERVAL:
        return STATE_INTERVAL;
    case AGG_MIN:
        return STATE_LEAST;
    case AGG_MAX:
        return STATE_GREATEST;
    case AGG_ANY_VALUE:
        return STATE_FIRST;
    case AGG_BIT_AND:
    case AGG_BOOL_AND:
        return STATE_AND;
    case AGG_BIT_OR:
    case AGG_BOOL_OR:
        return STATE_OR;
    case AGG_STDDEV_POP:
    case AGG_STDDEV_SAMP:
    case AGG_VAR_POP:
    case AGG_VAR_SAMP:
        return STATE_MOMENTS;
    default:
        return agg_state_columns(agg) == AGG_STATES_MAX ? STATE_PAIRS : STATE_COUNT;
    }
}

static bool agg_is_known(AggId agg)
{
    return agg == AGG_COUNT || agg == AGG_COUNT_STAR || state_kind(agg, type_make(TYPE_BIGINT)) != STATE_COUNT;
}

/* ---- states ---- */

static void exact_add(State *into, int128 value, int64_t carry)
{
    int128 sum = i128_get(into->sum);
    if (__builtin_add_overflow(sum, value, &sum))
        carry += value < 0 ? -1 : 1;
    into->sum = i128_put(sum);
    into->carry += carry;
}

static bool row_is_better(const Call *call, const char *row, const char *than)
{
    int order = row_compare(call->part->layout, &call->key, 1, row, than);
    return call->kind == STATE_LEAST ? order < 0 : order > 0;
}

#define MOMENTS_OF(state)                                                                                              \
    {                                                                                                                  \
        &(state)->moments[0], &(state)->moments[1], &(state)->moments[2], &(state)->moments[3], &(state)->moments[4]   \
    }

static void state_combine(const Call *call, State *into, const State *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0)
    {
        *into = *from;
        return;
    }
    double *const moments[5] = MOMENTS_OF(into);
    if (call->kind == STATE_MOMENTS)
        moments_merge(&into->count, moments, from->count, from->moments);
    if (call->kind == STATE_PAIRS)
        pairs_merge(&into->count, moments, from->count, from->moments);
    if (call->kind == STATE_MOMENTS || call->kind == STATE_PAIRS)
        return;
    into->count += from->count;
    switch (call->kind)
    {
    case STATE_EXACT:
        exact_add(into, i128_get(from->sum), from->carry);
        break;
    case STATE_REAL:
        into->real += from->real;
        break;
    case STATE_INTERVAL:
        into->us = i128_put(i128_get(into->us) + i128_get(from->us));
        into->days += from->days;
        into->months += from->months;
        break;
    case STATE_LEAST:
    case STATE_GREATEST:
        if (row_is_better(call, from->row, into->row))
            into->row = from->row;
        break;
    case STATE_AND:
        into->bits &= from->bits;
        break;
    case STATE_OR:
        into->bits |= from->bits;
        break;
    default: /* COUNT, FIRST: nothing more */
        break;
    }
}

/* The state of one row. */
static State row_state(const Call *call, int32_t i)
{
    const char *row = call->part->rows[i];
    State state = {.count = 0};
    if ((call->field != NULL && field_null(call->field, row)) || (call->keep != NULL && !call->keep[i]))
        return state;
    state.count = 1;
    if (call->kind == STATE_COUNT)
        return state;
    if (call->kind == STATE_PAIRS)
    {
        double *const moments[5] = MOMENTS_OF(&state);
        memset(state.moments, 0, sizeof state.moments);
        state.count = 0;
        pairs_add(&state.count, moments, (const I128 *) (row + call->field->offset));
        return state;
    }
    SqlType type = call->field->type;
    Datum value = value_load(type, (Rep) call->field->rep, row + call->field->offset);
    switch (call->kind)
    {
    case STATE_EXACT:
        state.sum = i128_put(type.id == TYPE_DECIMAL ? datum_decimal(type, &value) : value.i);
        state.carry = 0;
        break;
    case STATE_REAL:
        state.real = value.f;
        break;
    case STATE_INTERVAL:
        state.us = i128_put(value.interval.us);
        state.days = value.interval.days;
        state.months = value.interval.months;
        break;
    case STATE_MOMENTS:
        state.moments[0] = value.f;
        state.moments[1] = isfinite(value.f) ? 0 : NAN;
        break;
    case STATE_AND:
    case STATE_OR:
        state.bits = value.i;
        break;
    default:
        state.row = row;
    }
    return state;
}

static void state_add(const Call *call, State *into, int32_t i)
{
    State one = row_state(call, i);
    double *const moments[5] = MOMENTS_OF(into);
    if (call->kind == STATE_MOMENTS && one.count == 1 && into->count > 0)
        moments_add(&into->count, moments, one.moments[0]);
    else
        state_combine(call, into, &one);
}

/* ---- queues ---- */

typedef struct Queue
{
    int32_t from, middle, to;
    int32_t suffix_at; /* suffix[0] is of this row */
    State *suffix;
    State back;
    RoomId room;
} Queue;

static Error *queue_turn(Partition *part, const Call *call, Queue *queue, int32_t from, int32_t to)
{
    void *piece;
    TRY(room_take(part, queue->room, (size_t) (to - from), sizeof(State), &piece));
    queue->suffix = piece;
    queue->suffix_at = from;
    State state = {.count = 0};
    for (int32_t i = to - 1; i >= from; i--)
    {
        State one = row_state(call, i);
        state_combine(call, &one, &state);
        queue->suffix[i - from] = state = one;
    }
    queue->middle = to;
    queue->back = (State){.count = 0};
    return NULL;
}

/* Moves on to [from, to), neither before where it was; adds its state to *state. */
static Error *queue_move(Partition *part, const Call *call, Queue *queue, int32_t from, int32_t to, State *state)
{
    ASSERT(from >= queue->from && to >= queue->to && from <= to);
    if (from > queue->middle)
        TRY(queue_turn(part, call, queue, from, to));
    else
        for (int32_t i = queue->to; i < to; i++)
            state_add(call, &queue->back, i);
    queue->from = from;
    queue->to = to;
    if (from < queue->middle)
        state_combine(call, state, &queue->suffix[from - queue->suffix_at]);
    state_combine(call, state, &queue->back);
    return NULL;
}

/* ---- results ---- */

static Error *sum_overflow(SqlType type)
{
    return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                     type.id == TYPE_BIGINT ? "bigint out of range" : "numeric data overflow (result precision)");
}

static Error *exact_result(const Call *call, const State *state, SqlType type, Datum *out)
{
    int128 value = i128_get(state->sum);
    if (state->carry != 0)
        return sum_overflow(type);
    if (call->window->agg == AGG_AVG)
        value /= state->count;
    if (type.id == TYPE_DECIMAL)
    {
        int32_t scale = call->field->type.id == TYPE_DECIMAL ? call->field->type.scale : 0;
        if (scale != type.scale)
            TRY(decimal_rescale(value, scale, type.scale, false, &value));
        if (!decimal_fits(value, type.precision))
            return sum_overflow(type);
        *out = decimal_datum(type, value);
        return NULL;
    }
    if (type.id == TYPE_DOUBLE)
    {
        *out = (Datum){.f = (double) value};
        return NULL;
    }
    if (value < INT64_MIN || value > INT64_MAX)
        return sum_overflow(type);
    *out = (Datum){.i = (int64_t) value};
    return NULL;
}

static Error *interval_result(AggId agg, const State *state, Datum *out)
{
    Error *error = NULL;
    *out = (Datum){.null = false};
    k_interval_of(&out->interval, state->months, state->days, &state->us, 0, &error);
    if (error == NULL && agg == AGG_AVG_INTERVAL)
    {
        Interval sum = out->interval;
        k_interval_div(&out->interval, &sum, (double) state->count, &error);
    }
    return error;
}

static Datum moments_result(AggId agg, const State *state)
{
    bool sample = agg == AGG_STDDEV_SAMP || agg == AGG_VAR_SAMP;
    if (state->count < (sample ? 2 : 1))
        return (Datum){.null = true};
    double variance = state->moments[1] / (double) (sample ? state->count - 1 : state->count);
    return (Datum){.f = agg == AGG_STDDEV_POP || agg == AGG_STDDEV_SAMP ? sqrt(variance) : variance};
}

static Datum pair_result(AggId agg, const State *state)
{
    const double *m = state->moments;
    int64_t null = 0;
    double value = k_pair_result(agg, state->count, m[0], m[1], m[2], m[3], m[4], &null);
    return (Datum){.null = null != 0, .f = value};
}

static Error *state_result(const Call *call, const State *state, Datum *out)
{
    const Partition *part = call->part;
    SqlType type = part->layout->fields[call->window->result].type;
    *out = (Datum){.null = true};
    if (call->kind == STATE_COUNT)
        *out = (Datum){.i = state->count};
    else if (state->count == 0)
        return NULL;
    else if (call->kind == STATE_EXACT)
        return exact_result(call, state, type, out);
    else if (call->kind == STATE_INTERVAL)
        return interval_result((AggId) call->window->agg, state, out);
    else if (call->kind == STATE_REAL)
        *out = (Datum){.f = call->window->agg == AGG_AVG ? state->real / (double) state->count : state->real};
    else if (call->kind == STATE_MOMENTS)
        *out = moments_result((AggId) call->window->agg, state);
    else if (call->kind == STATE_PAIRS)
        *out = pair_result((AggId) call->window->agg, state);
    else if (call->kind == STATE_AND || call->kind == STATE_OR)
        *out = (Datum){.i = state->bits};
    else
        *out = row_get(part->layout, state->row, call->window->args[0]);
    return NULL;
}

/* ---- frames ---- */

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Left of the hole, what of the hole stays, right of it. */
static Error *state_of_cut(Partition *part, const Call *call, Queue *left, Queue *right, int32_t i, State *state)
{
    int32_t from = part->from[i], to = part->to[i], hole = i, behind = i + 1;
    if (call->window->frame_exclude != FRAME_EXCLUDE_CURRENT_ROW)
    {
        hole = part->group_from[part->group[i]];
        behind = part->group_from[part->group[i] + 1];
    }
    TRY(queue_move(part, call, left, from, most(from, least(to, hole)), state));
    if (call->window->frame_exclude == FRAME_EXCLUDE_TIES && from <= i && i < to)
        state_add(call, state, i);
    int32_t again = most(from, behind);
    return queue_move(part, call, right, again, most(again, to), state);
}

static Error *state_of_frame(Partition *part, const Call *call, Queue *queue, int32_t i, State *state)
{
    int32_t from = part->from[i], to = part->to[i];
    TRY(queue_move(part, call, queue, from, to, state));
    if (call->kind != STATE_REAL || from == 0 || to - from > FRAME_SHORT)
        return NULL;
    *state = (State){.count = 0};
    for (int32_t k = from; k < to; k++)
        state_add(call, state, k);
    return NULL;
}

static Error *call_rows(Partition *part, const Call *call)
{
    Queue left = {.room = ROOM_SUFFIX_LEFT}, right = {.room = ROOM_SUFFIX_RIGHT};
    Datum value = {.null = true};
    bool cut = call->window->frame_exclude != FRAME_EXCLUDE_NOTHING;
    for (int32_t i = 0; i < part->count; i++)
    {
        bool same = i > 0 && !cut && part->from[i] == part->from[i - 1] && part->to[i] == part->to[i - 1];
        if (!same)
        {
            State state = {.count = 0};
            TRY(cut ? state_of_cut(part, call, &left, &right, i, &state)
                    : state_of_frame(part, call, &left, i, &state));
            TRY(state_result(call, &state, &value));
        }
        TRY(result_set(part, call->window, i, &value));
    }
    return NULL;
}

Error *window_aggregate(Partition *part, const SpecWindow *window)
{
    AggId agg = (AggId) window->agg;
    if (!agg_is_known(agg))
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "aggregate %d is not supported over a window", (int) agg);
    const RowField *field = window->arg_count > 0 ? &part->layout->fields[window->args[0]] : NULL;
    Call call = {.part = part, .window = window, .field = field};
    call.kind = state_kind(agg, field == NULL ? type_make(TYPE_BIGINT) : field->type);
    if (field == NULL && call.kind != STATE_COUNT)
        return error_new(SQLSTATE_INTERNAL_ERROR, "an aggregate over a window lacks its argument");
    if (field != NULL)
        call.key.field = window->args[0];
    uint8_t *keep;
    TRY(distinct_marks(part, window, &keep));
    call.keep = keep;
    TRY(partition_frames(part, window));
    return call_rows(part, &call);
}
