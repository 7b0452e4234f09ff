/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of base/kernel/window.def.  Those that look for the n-th row or
 * value of a range know for each row how many before it count:
 *
 *     value    7  -  3  -  -  5      IGNORE NULLS
 *     before   0  1  1  2  2  2  3
 *     places   0  2  5               first value of [1, 6): places[before[1]] = 2
 */
#include "src/run/run_window.h"

typedef struct Places
{
    bool all;        /* every row counts */
    int32_t *before; /* count + 1 */
    int32_t *places;
} Places;

static Error *places_find(Partition *part, const SpecWindow *window, Places *places)
{
    *places = (Places){.all = !window->ignore_nulls};
    if (places->all)
        return NULL;
    const RowField *field = &part->layout->fields[window->args[0]];
    void *piece;
    TRY(room_take(part, ROOM_BEFORE, (size_t) part->count + 1, sizeof(int32_t), &piece));
    places->before = piece;
    TRY(room_take(part, ROOM_PLACES, (size_t) part->count, sizeof(int32_t), &piece));
    places->places = piece;
    int32_t n = 0;
    for (int32_t i = 0; i < part->count; i++)
    {
        places->before[i] = n;
        if (!field_null(field, part->rows[i]))
            places->places[n++] = i;
    }
    places->before[part->count] = n;
    return NULL;
}

static int32_t places_in(const Places *places, int32_t from, int32_t to)
{
    return places->all ? to - from : places->before[to] - places->before[from];
}

/* The n-th that counts, from 0, of those from row `from` on. */
static int32_t place_at(const Places *places, int32_t from, int64_t n)
{
    return places->all ? (int32_t) (from + n) : places->places[places->before[from] + n];
}

static Datum value_of(const Partition *part, const SpecWindow *window, int32_t arg, int32_t i)
{
    return row_get(part->layout, part->rows[i], window->args[arg]);
}

/* ---- values of a frame ---- */

/* n from 0, from the frame's start or (last) its end; -1 if it has not so many. */
static int32_t frame_place(const FrameRanges *ranges, const Places *places, int64_t n, bool last)
{
    for (int32_t k = 0; k < ranges->count; k++)
    {
        int32_t r = last ? ranges->count - 1 - k : k, from = ranges->at[r].from;
        int32_t here = places_in(places, from, ranges->at[r].to);
        if (n < here)
            return place_at(places, from, last ? here - 1 - n : n);
        n -= here;
    }
    return -1;
}

static Error *value_in_frame(Partition *part, const SpecWindow *window)
{
    Places places;
    TRY(partition_frames(part, window));
    TRY(places_find(part, window, &places));
    for (int32_t i = 0; i < part->count; i++)
    {
        int64_t n = 1;
        if (window->window == WINDOW_NTH_VALUE)
        {
            Datum which = value_of(part, window, 1, i);
            n = which.null ? 0 : which.i;
            if (!which.null && n <= 0)
                return error_new(SQLSTATE_INVALID_ARGUMENT_FOR_NTH_VALUE,
                                 "argument of nth_value must be greater than zero");
        }
        FrameRanges ranges = frame_ranges(part, window, i);
        int32_t at = n == 0 ? -1 : frame_place(&ranges, &places, n - 1, window->window == WINDOW_LAST_VALUE);
        Datum value = at < 0 ? (Datum){.null = true} : value_of(part, window, 0, at);
        TRY(result_set(part, window, i, &value));
    }
    return NULL;
}

/* ---- LAG, LEAD ---- */

/* The row `steps` that count away; -1: there is none. */
static int32_t row_away(const Partition *part, const Places *places, int32_t i, int64_t steps)
{
    if (steps == 0)
        return i;
    if (steps > 0)
        return steps > places_in(places, i + 1, part->count) ? -1 : place_at(places, i + 1, steps - 1);
    int32_t before = places_in(places, 0, i);
    return -steps > before ? -1 : place_at(places, 0, before + steps);
}

static Error *value_away(Partition *part, const SpecWindow *window)
{
    Places places;
    TRY(places_find(part, window, &places));
    for (int32_t i = 0; i < part->count; i++)
    {
        Datum steps = window->arg_count > 1 ? value_of(part, window, 1, i) : (Datum){.i = 1};
        Datum value = {.null = true};
        int32_t at = -1;
        if (!steps.null && steps.i > -INT32_MAX && steps.i < INT32_MAX)
            at = row_away(part, &places, i, window->window == WINDOW_LAG ? -steps.i : steps.i);
        if (at >= 0)
            value = value_of(part, window, 0, at);
        else if (!steps.null && window->arg_count > 2)
            value = value_of(part, window, 2, i);
        TRY(result_set(part, window, i, &value));
    }
    return NULL;
}

/* ---- places in the order ---- */

/* Tiles of n / count rows, the first n % count of them one longer. */
static Error *tiles(Partition *part, const SpecWindow *window)
{
    Datum count = value_of(part, window, 0, 0);
    if (!count.null && count.i <= 0)
        return error_new(SQLSTATE_INVALID_ARGUMENT_FOR_NTILE, "argument of ntile must be greater than zero");
    int64_t size = count.null ? 0 : part->count / count.i, longer = count.null ? 0 : part->count % count.i;
    for (int64_t i = 0; i < part->count; i++)
    {
        Datum tile = {.null = count.null};
        if (!count.null)
            tile.i = i < longer * (size + 1) ? i / (size + 1) + 1 : longer + (i - longer * (size + 1)) / size + 1;
        TRY(result_set(part, window, (int32_t) i, &tile));
    }
    return NULL;
}

static Error *shares(Partition *part, const SpecWindow *window)
{
    double sum = 0;
    bool any = false;
    for (int32_t i = 0; i < part->count; i++)
    {
        Datum value = value_of(part, window, 0, i);
        sum += value.null ? 0 : value.f;
        any |= !value.null;
    }
    if (any && sum == 0)
        return error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    for (int32_t i = 0; i < part->count; i++)
    {
        Datum value = value_of(part, window, 0, i);
        if (!value.null)
            value.f /= sum;
        TRY(result_set(part, window, i, &value));
    }
    return NULL;
}

static Datum place(const Partition *part, WindowId id, int32_t i)
{
    int32_t group = part->group[i];
    switch (id)
    {
    case WINDOW_ROW_NUMBER:
        return (Datum){.i = i + 1};
    case WINDOW_RANK:
        return (Datum){.i = part->group_from[group] + 1};
    case WINDOW_DENSE_RANK:
        return (Datum){.i = group + 1};
    case WINDOW_CUME_DIST:
        return (Datum){.f = (double) part->group_from[group + 1] / part->count};
    default:
        ASSERT(id == WINDOW_PERCENT_RANK);
        return (Datum){.f = part->count <= 1 ? 0 : (double) part->group_from[group] / (part->count - 1)};
    }
}

Error *window_function(Partition *part, const SpecWindow *window)
{
    switch ((WindowId) window->window)
    {
    case WINDOW_FIRST_VALUE:
    case WINDOW_LAST_VALUE:
    case WINDOW_NTH_VALUE:
        return value_in_frame(part, window);
    case WINDOW_LAG:
    case WINDOW_LEAD:
        return value_away(part, window);
    case WINDOW_NTILE:
        return tiles(part, window);
    case WINDOW_RATIO_TO_REPORT:
        return shares(part, window);
    default:
        break;
    }
    for (int32_t i = 0; i < part->count; i++)
    {
        Datum value = place(part, (WindowId) window->window, i);
        TRY(result_set(part, window, i, &value));
    }
    return NULL;
}
