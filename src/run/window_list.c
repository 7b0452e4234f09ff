/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates that need the values themselves, in order: LISTAGG over its frame,
 * MEDIAN and the PERCENTILEs over the partition; and which rows DISTINCT leaves.
 */
#include "src/run/run_window.h"

#include "base/data/hash.h"
#include "base/data/numeric.h"

#include <math.h>

#define LISTAGG_BYTES_MAX 65535

bool window_is_list(const SpecWindow *window)
{
    return window->agg == AGG_LISTAGG || window->agg == AGG_MEDIAN || window->agg == AGG_PERCENTILE_CONT ||
           window->agg == AGG_PERCENTILE_DISC;
}

/* ---- DISTINCT ---- */

static bool frame_is_partition(const Partition *part, const SpecWindow *window)
{
    const SpecStore *spec = part->store->spec;
    bool peers_all = spec->sort_count == spec->partition_count && window->frame_unit != FRAME_ROWS;
    bool starts =
        window->frame_start == FRAME_UNBOUNDED_PRECEDING || (peers_all && window->frame_start == FRAME_CURRENT_ROW);
    bool ends = window->frame_end == FRAME_UNBOUNDED_FOLLOWING || (peers_all && window->frame_end == FRAME_CURRENT_ROW);
    return starts && ends && window->frame_exclude == FRAME_EXCLUDE_NOTHING;
}

Error *distinct_marks(Partition *part, const SpecWindow *window, uint8_t **keep)
{
    *keep = NULL;
    if (!window->distinct || window->arg_count == 0)
        return NULL;
    if (!frame_is_partition(part, window))
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "DISTINCT is not implemented for frames of a window");
    size_t slots = 16;
    while (slots < (size_t) part->count * 2)
        slots *= 2;
    void *piece;
    TRY(room_take(part, ROOM_KEEP, (size_t) part->count, 1, &piece));
    *keep = piece;
    TRY(room_take(part, ROOM_TABLE, slots, sizeof(int32_t), &piece));
    int32_t *table = memset(piece, 0xff, slots * sizeof(int32_t));
    const RowField *field = &part->layout->fields[window->args[0]];
    SortKey key = {.field = window->args[0]};
    for (int32_t i = 0; i < part->count; i++)
    {
        (*keep)[i] = 0;
        if (field_null(field, part->rows[i]))
            continue;
        size_t at = row_hash(part->layout, &key.field, 1, part->rows[i]) & (slots - 1);
        while (table[at] >= 0 && row_compare(part->layout, &key, 1, part->rows[table[at]], part->rows[i]) != 0)
            at = (at + 1) & (slots - 1);
        (*keep)[i] = table[at] < 0;
        if (table[at] < 0)
            table[at] = i;
    }
    return NULL;
}

/* ---- LISTAGG ---- */

typedef struct List
{
    Partition *part;
    const SpecWindow *window;
    const uint8_t *keep;
    Text text;
    int64_t values;
} List;

static Error *list_add(List *list, int32_t i)
{
    const Partition *part = list->part;
    SqlType type = part->layout->fields[list->window->args[0]].type;
    Datum value = row_get(part->layout, part->rows[i], list->window->args[0]);
    if (value.null || (list->keep != NULL && !list->keep[i]))
        return NULL;
    if (list->values > 0 && list->window->arg_count > 1)
    {
        Datum delimiter = row_get(part->layout, part->rows[i], list->window->args[1]);
        if (!delimiter.null)
            text_append(&list->text, delimiter.str.data, (size_t) delimiter.str.len);
    }
    list->values++;
    if (type_is_string(type))
        text_append(&list->text, value.str.data, (size_t) value.str.len);
    else
        value_print(&list->text, type, &value);
    if (list->text.length > LISTAGG_BYTES_MAX)
        return error_hint(error_new(SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "Result size exceeds LISTAGG limit"),
                          "A result has at most %d bytes.", LISTAGG_BYTES_MAX);
    return NULL;
}

static Error *list_frame(List *list, int32_t i)
{
    text_clear(&list->text);
    list->values = 0;
    FrameRanges ranges = frame_ranges(list->part, list->window, i);
    for (int32_t r = 0; r < ranges.count; r++)
        for (int32_t k = ranges.at[r].from; k < ranges.at[r].to; k++)
            TRY(list_add(list, k));
    return NULL;
}

static Error *list_rows(List *list)
{
    Partition *part = list->part;
    Datum value = {.null = true};
    bool cut = list->window->frame_exclude != FRAME_EXCLUDE_NOTHING;
    for (int32_t i = 0; i < part->count; i++)
    {
        bool follows = i > 0 && !cut && part->from[i] == part->from[i - 1];
        bool same = follows && part->to[i] == part->to[i - 1];
        int64_t before = list->values;
        for (int32_t k = follows ? part->to[i - 1] : 0; follows && k < part->to[i]; k++)
            TRY(list_add(list, k));
        if (!follows)
            TRY(list_frame(list, i));
        if (!same && (!follows || list->values != before))
        {
            Str text = {list->text.data, (int64_t) list->text.length};
            value.null = list->values == 0;
            if (!value.null)
                TRY(bag_str(&part->strs, &text, &value.str));
        }
        TRY(result_set(part, list->window, i, &value));
    }
    return NULL;
}

static Error *list_compute(Partition *part, const SpecWindow *window)
{
    uint8_t *keep;
    TRY(distinct_marks(part, window, &keep));
    TRY(partition_frames(part, window));
    List list = {.part = part, .window = window, .keep = keep};
    text_init(&list.text, NULL);
    Error *error = list_rows(&list);
    text_free(&list.text);
    return error;
}

/* ---- values in order ---- */

/* The rows whose value is not null, in the order of the values: the window's own order if it is by them. */
static Error *values_sort(Partition *part, const SpecWindow *window, SortEntry **out, int32_t *count)
{
    const SpecStore *spec = part->store->spec;
    const RowField *field = &part->layout->fields[window->args[0]];
    SortKey key = {.field = window->args[0]};
    uint8_t *keep;
    TRY(distinct_marks(part, window, &keep));
    void *piece;
    TRY(room_take(part, ROOM_ENTRIES, (size_t) part->count, sizeof(SortEntry), &piece));
    *out = piece;
    *count = 0;
    for (int32_t i = 0; i < part->count; i++)
        if (!field_null(field, part->rows[i]) && (keep == NULL || keep[i]))
            (*out)[(*count)++] = (SortEntry){sort_prefix(part->layout, &key, part->rows[i]), part->rows[i]};
    if (spec->sort_count > spec->partition_count && spec->sort[spec->partition_count].field == key.field)
        return NULL;
    SortOrder order;
    sort_order_init(&order, part->layout, &key, 1);
    sort_entries(&order, *out, *count);
    return NULL;
}

static Error *fraction_find(const Partition *part, const SpecWindow *window, Datum *fraction)
{
    *fraction = (Datum){.f = 0.5};
    if (window->agg == AGG_MEDIAN)
        return NULL;
    if (window->arg_count < 2)
        return error_new(SQLSTATE_INTERNAL_ERROR, "a percentile lacks its fraction");
    SqlType type = part->layout->fields[window->args[1]].type;
    *fraction = row_get(part->layout, part->rows[0], window->args[1]);
    if (fraction->null)
        return NULL;
    if (type.id == TYPE_DECIMAL)
        fraction->f = decimal_to_double(datum_decimal(type, fraction), type.scale);
    else if (type_is_integer(type))
        fraction->f = (double) fraction->i;
    if (!(fraction->f >= 0 && fraction->f <= 1))
        return error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "percentile value %g is not between 0 and 1",
                         fraction->f);
    return NULL;
}

/* low + share * (high - low), to the nearest, half away from zero. */
static Error *between(SqlType type, const Datum *low, const Datum *high, double share, Datum *out)
{
    *out = *low;
    switch ((TypeId) type.id)
    {
    case TYPE_DOUBLE:
    case TYPE_REAL:
        if (low->f != high->f)
            out->f = low->f + share * (high->f - low->f);
        return NULL;
    case TYPE_DECIMAL:
    {
        int128 a = datum_decimal(type, low), b = datum_decimal(type, high), distance, part;
        TRY(decimal_sub(b, a, &distance));
        if (__builtin_mul_overflow(distance, (int128) llround(share * 1e9), &part))
            part = (int128) roundl((long double) distance * share) * 1000000000;
        TRY(decimal_rescale(part, 9, 0, true, &part));
        *out = decimal_datum(type, a + part);
        return NULL;
    }
    case TYPE_INTERVAL:
    case TYPE_CHAR:
    case TYPE_VARCHAR:
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "nothing lies between two values of type %s", type_name(type));
    default: /* integers, dates, timestamps */
        out->i = low->i + (int64_t) llroundl((long double) (high->i - low->i) * share);
        return NULL;
    }
}

static Error *percentile(Partition *part, const SpecWindow *window, Datum *out)
{
    SortEntry *entries;
    int32_t count;
    Datum fraction;
    *out = (Datum){.null = true};
    TRY(fraction_find(part, window, &fraction));
    TRY(values_sort(part, window, &entries, &count));
    if (count == 0 || fraction.null)
        return NULL;
    int32_t field = window->args[0];
    if (window->agg == AGG_PERCENTILE_DISC)
    {
        int32_t at = (int32_t) ceil(fraction.f * count) - 1;
        *out = row_get(part->layout, entries[at < 0 ? 0 : at].row, field);
        return NULL;
    }
    double at = fraction.f * (count - 1), below = floor(at);
    Datum low = row_get(part->layout, entries[(int32_t) below].row, field), high = low;
    if (at > below)
        high = row_get(part->layout, entries[(int32_t) below + 1].row, field);
    if (at == below) /* no types to mix: the value itself */
        *out = low;
    else
        TRY(between(part->layout->fields[field].type, &low, &high, at - below, out));
    return NULL;
}

Error *window_list(Partition *part, const SpecWindow *window)
{
    if (window->agg == AGG_LISTAGG)
        return list_compute(part, window);
    Datum value;
    TRY(percentile(part, window, &value));
    for (int32_t i = 0; i < part->count; i++)
        TRY(result_set(part, window, i, &value));
    return NULL;
}
