/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers and frames.  A frame is [from, to) of the partition's rows; as rows go
 * on, neither end ever steps back, so each end is found by one walk:
 *
 *     RANGE BETWEEN 2 PRECEDING AND CURRENT ROW     keys  1 2 2 5 6 9
 *                                                   from  0 0 0 3 3 5
 *                                                   to    1 3 3 4 5 6
 */
#include "src/run/run_window.h"

#include "base/data/datetime.h"
#include "base/data/numeric.h"

#include <math.h>

/* ---- peers ---- */

Error *partition_groups(Partition *part)
{
    const SpecStore *spec = part->store->spec;
    const SortKey *keys = spec->sort + spec->partition_count;
    int32_t key_count = spec->sort_count - spec->partition_count;
    void *piece;
    TRY(room_take(part, ROOM_GROUP, (size_t) part->count, sizeof(int32_t), &piece));
    part->group = piece;
    TRY(room_take(part, ROOM_GROUP_FROM, (size_t) part->count + 1, sizeof(int32_t), &piece));
    part->group_from = piece;
    part->group_count = 0;
    for (int32_t i = 0; i < part->count; i++)
    {
        if (i == 0 || row_compare(part->layout, keys, key_count, part->rows[i - 1], part->rows[i]) != 0)
            part->group_from[part->group_count++] = i;
        part->group[i] = part->group_count - 1;
    }
    part->group_from[part->group_count] = part->count;
    return NULL;
}

/* ---- offsets ---- */

static const SpecParam *offset_param(const Partition *part, int32_t param)
{
    return &part->store->task->spec->params[param];
}

/* Offset of ROWS and GROUPS. */
static Error *offset_count(const Partition *part, int32_t param, const char *end, int32_t *out)
{
    *out = 0;
    if (param < 0)
        return NULL;
    const Datum *value = &offset_param(part, param)->value;
    if (value->null)
        return error_new(SQLSTATE_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null", end);
    if (value->i < 0)
        return error_new(SQLSTATE_INVALID_PRECEDING_OR_FOLLOWING_SIZE, "frame %s offset must not be negative", end);
    *out = value->i > INT32_MAX ? INT32_MAX : (int32_t) value->i;
    return NULL;
}

static int32_t clamp(int64_t value, int32_t most)
{
    return value < 0 ? 0 : value > most ? most : (int32_t) value;
}

/* ---- ROWS, GROUPS, and the ends that need no offset ---- */

/* The first row of an end given in rows: `past` is 1 for the frame's end. */
static int32_t rows_bound(const Partition *part, FrameBound bound, int32_t i, int64_t offset, int32_t past)
{
    switch (bound)
    {
    case FRAME_UNBOUNDED_PRECEDING:
        return 0;
    case FRAME_PRECEDING:
        return clamp(i - offset + past, part->count);
    case FRAME_CURRENT_ROW:
        return i + past;
    case FRAME_FOLLOWING:
        return clamp(i + offset + past, part->count);
    case FRAME_UNBOUNDED_FOLLOWING:
        break;
    }
    return part->count;
}

static int32_t groups_bound(const Partition *part, FrameBound bound, int32_t i, int64_t offset, int32_t past)
{
    int64_t group = part->group[i];
    switch (bound)
    {
    case FRAME_UNBOUNDED_PRECEDING:
        return 0;
    case FRAME_PRECEDING:
        return part->group_from[clamp(group - offset + past, part->group_count)];
    case FRAME_CURRENT_ROW:
        return part->group_from[group + past];
    case FRAME_FOLLOWING:
        return part->group_from[clamp(group + offset + past, part->group_count)];
    case FRAME_UNBOUNDED_FOLLOWING:
        break;
    }
    return part->count;
}

/* ---- RANGE with an offset ---- */

typedef struct RangeWalk
{
    const Partition *part;
    const RowField *field;
    bool descending;
    bool real;     /* keys as double, else as scaled integers or microseconds */
    bool calendar; /* offset is an interval */
    int32_t scale; /* of both */
    int128 offset;
    double offset_real;
    Interval interval;
    int sign;           /* of the offset added to a key */
    int32_t begin, end; /* rows whose key is not null */
} RangeWalk;

typedef struct RangeKey
{
    int128 i;
    double f;
} RangeKey;

#define INT128_MAX ((int128) (~(unsigned __int128) 0 >> 1))

static int128 scale_up(int128 value, int32_t digits)
{
    int128 out;
    if (__builtin_mul_overflow(value, int128_pow10(digits), &out))
        return value < 0 ? -INT128_MAX : INT128_MAX;
    return out;
}

static int128 exact_value(SqlType type, const Datum *value, int32_t scale)
{
    if (type.id == TYPE_INTERVAL)
        return interval_span(&value->interval);
    if (type.id != TYPE_DECIMAL)
        return scale_up(value->i, scale);
    return scale_up(datum_decimal(type, value), scale - type.scale);
}

static double real_value(SqlType type, const Datum *value)
{
    if (type.id == TYPE_DOUBLE || type.id == TYPE_REAL)
        return value->f;
    return type.id == TYPE_DECIMAL ? decimal_to_double(datum_decimal(type, value), type.scale) : (double) value->i;
}

static bool is_real(SqlType type)
{
    return type.id == TYPE_DOUBLE || type.id == TYPE_REAL;
}

static RangeKey key_at(const RangeWalk *walk, int32_t i)
{
    SqlType type = walk->field->type;
    Datum value = value_load(type, (Rep) walk->field->rep, walk->part->rows[i] + walk->field->offset);
    if (walk->real)
        return (RangeKey){.f = real_value(type, &value)};
    if (walk->calendar)
        return (RangeKey){.i = type.id == TYPE_DATE ? (int128) value.i * DAY_US : value.i};
    return (RangeKey){.i = exact_value(type, &value, walk->scale)};
}

/* NaN is greater than all numbers. */
static int key_compare(const RangeWalk *walk, RangeKey a, RangeKey b)
{
    if (!walk->real)
        return (a.i > b.i) - (a.i < b.i);
    if (isnan(a.f) || isnan(b.f))
        return !!isnan(a.f) - !!isnan(b.f);
    return (a.f > b.f) - (a.f < b.f);
}

/* The key moved by the offset. */
static Error *key_moved(const RangeWalk *walk, RangeKey key, RangeKey *out)
{
    *out = key;
    if (walk->real)
    {
        out->f = walk->sign < 0 ? key.f - walk->offset_real : key.f + walk->offset_real;
        if (isnan(out->f) &&
            !isnan(key.f)) /* infinity taken from infinity: all is in range (PostgreSQL 15, in_range) */
            out->f = walk->sign < 0 ? -INFINITY : INFINITY;
    }
    else if (walk->calendar)
    {
        int64_t moved;
        TRY(timestamp_add_interval((int64_t) key.i, &walk->interval, walk->sign, &moved));
        out->i = moved;
    }
    else if (__builtin_add_overflow(key.i, walk->sign * walk->offset, &out->i))
        out->i = walk->sign < 0 ? -INT128_MAX : INT128_MAX;
    return NULL;
}

static Error *walk_offset(RangeWalk *walk, const SpecParam *param, const char *end)
{
    SqlType key = walk->field->type, type = param->type;
    const Datum *value = &param->value;
    if (value->null)
        return error_new(SQLSTATE_NULL_VALUE_NOT_ALLOWED, "frame %s offset must not be null", end);
    if (key.id == TYPE_TIMETZ)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "RANGE with an offset is not supported for column type %s",
                         type_name(key));
    walk->calendar = type.id == TYPE_INTERVAL && key.id != TYPE_TIME && key.id != TYPE_INTERVAL;
    walk->real = !walk->calendar && (is_real(key) || is_real(type));
    bool negative;
    if (walk->calendar)
    {
        walk->interval = value->interval;
        negative = interval_span(&value->interval) < 0;
    }
    else if (type.id == TYPE_INTERVAL) /* of a time of day only the part below days counts */
    {
        walk->offset = key.id == TYPE_TIME ? value->interval.us : interval_span(&value->interval);
        negative = walk->offset < 0;
    }
    else if (walk->real)
    {
        walk->offset_real = real_value(type, value);
        negative = isnan(walk->offset_real) || walk->offset_real < 0;
    }
    else
    {
        int32_t key_scale = key.id == TYPE_DECIMAL ? key.scale : 0, own = type.id == TYPE_DECIMAL ? type.scale : 0;
        walk->scale = key_scale > own ? key_scale : own;
        walk->offset = exact_value(type, value, walk->scale);
        negative = walk->offset < 0;
    }
    if (negative)
        return error_new(SQLSTATE_INVALID_PRECEDING_OR_FOLLOWING_SIZE,
                         "invalid preceding or following size in window function");
    return NULL;
}

/* Rows whose key is null are at one end. */
static void walk_nulls(RangeWalk *walk)
{
    const Partition *part = walk->part;
    walk->end = part->count;
    while (walk->begin < walk->end && field_null(walk->field, part->rows[walk->begin]))
        walk->begin++;
    while (walk->end > walk->begin && field_null(walk->field, part->rows[walk->end - 1]))
        walk->end--;
}

static Error *range_walk(const Partition *part, int32_t param, FrameBound bound, bool is_end, int32_t *out)
{
    const SpecStore *spec = part->store->spec;
    if (spec->sort_count != spec->partition_count + 1)
        return error_new(SQLSTATE_INTERNAL_ERROR, "RANGE with an offset needs one sort key");
    const SortKey *key = &spec->sort[spec->partition_count];
    RangeWalk walk = {.part = part, .field = &part->layout->fields[key->field], .descending = key->descending};
    TRY(walk_offset(&walk, offset_param(part, param), is_end ? "ending" : "starting"));
    walk.sign = (bound == FRAME_PRECEDING) == key->descending ? 1 : -1;
    walk_nulls(&walk);
    int32_t at = walk.begin;
    for (int32_t i = 0; i < part->count; i++)
    {
        if (i < walk.begin || i >= walk.end) /* null: its peers */
        {
            out[i] = part->group_from[part->group[i] + is_end];
            continue;
        }
        RangeKey moved;
        TRY(key_moved(&walk, key_at(&walk, i), &moved));
        for (; at < walk.end; at++)
        {
            int order = key_compare(&walk, key_at(&walk, at), moved);
            if (walk.descending)
                order = -order;
            if (is_end ? order > 0 : order >= 0)
                break;
        }
        out[i] = at;
    }
    return NULL;
}

/* ---- frames ---- */

static bool has_offset(FrameBound bound)
{
    return bound == FRAME_PRECEDING || bound == FRAME_FOLLOWING;
}

static Error *bound_find(const Partition *part, const SpecWindow *window, bool is_end, int32_t *out)
{
    FrameBound bound = (FrameBound) (is_end ? window->frame_end : window->frame_start);
    int32_t param = is_end ? window->end_param : window->start_param;
    if (window->frame_unit == FRAME_RANGE && has_offset(bound))
        return range_walk(part, param, bound, is_end, out);
    int32_t offset;
    TRY(offset_count(part, param, is_end ? "ending" : "starting", &offset));
    for (int32_t i = 0; i < part->count; i++)
        out[i] = window->frame_unit == FRAME_ROWS ? rows_bound(part, bound, i, offset, is_end)
                                                  : groups_bound(part, bound, i, offset, is_end);
    return NULL;
}

Error *partition_frames(Partition *part, const SpecWindow *window)
{
    void *piece;
    TRY(room_take(part, ROOM_FRAME_FROM, (size_t) part->count, sizeof(int32_t), &piece));
    part->from = piece;
    TRY(room_take(part, ROOM_FRAME_TO, (size_t) part->count, sizeof(int32_t), &piece));
    part->to = piece;
    TRY(bound_find(part, window, false, part->from));
    TRY(bound_find(part, window, true, part->to));
    for (int32_t i = 0; i < part->count; i++)
        if (part->to[i] < part->from[i])
            part->to[i] = part->from[i];
    return NULL;
}

static void range_add(FrameRanges *ranges, int32_t from, int32_t to)
{
    if (from >= to)
        return;
    ranges->at[ranges->count].from = from;
    ranges->at[ranges->count++].to = to;
}

FrameRanges frame_ranges(const Partition *part, const SpecWindow *window, int32_t i)
{
    FrameRanges ranges = {.count = 0};
    int32_t from = part->from[i], to = part->to[i], out_from = i, out_to = i + 1;
    if (window->frame_exclude == FRAME_EXCLUDE_NOTHING)
    {
        range_add(&ranges, from, to);
        return ranges;
    }
    if (window->frame_exclude != FRAME_EXCLUDE_CURRENT_ROW)
    {
        out_from = part->group_from[part->group[i]];
        out_to = part->group_from[part->group[i] + 1];
    }
    range_add(&ranges, from, to < out_from ? to : out_from);
    if (window->frame_exclude == FRAME_EXCLUDE_TIES && from <= i && i < to)
        range_add(&ranges, i, i + 1);
    range_add(&ranges, from > out_to ? from : out_to, to);
    return ranges;
}
