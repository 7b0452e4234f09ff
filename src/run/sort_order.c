/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of rows as that of entries {prefix, row}: 64 bits that agree with the rows' order, and the whole comparison only
 * where they are equal.  The prefix is all keys packed into one number, or the first of them, or eight bytes of the first.
 *
 *     many entries -> by digits of the prefix -> few, or equal prefixes -> quicksort -> insertion
 */
#include "base/data/value.h"
#include "src/run/run.h"

#define RADIX_BITS 8
#define RADIX      (1 << RADIX_BITS)
#define RADIX_MIN  512 /* entries from which on digits are worth counting */

static uint64_t float_bits(double value)
{
    if (value != value) /* NaN is greatest */
        return UINT64_MAX;
    value += 0.0; /* -0 as 0 */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t str_bits(const Str *s)
{
    uint8_t bytes[8] = {0};
    int64_t length = str_trimmed(*s);
    if (length > 0)
        memcpy(bytes, s->data, length < 8 ? (size_t) length : 8);
    uint64_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return __builtin_bswap64(bits);
}

static uint64_t wide_bits(const I128 *value)
{
    int64_t low = (int64_t) value->lo;
    if (value->hi != low >> 63) /* beyond 64 bits: the end of the scale */
        low = value->hi < 0 ? INT64_MIN : INT64_MAX;
    return (uint64_t) low ^ UINT64_C(1) << 63;
}

static uint64_t value_bits(Rep rep, const char *at)
{
    switch (rep)
    {
    case REP_I8:
        return (uint64_t) (int64_t) * (const int8_t *) at ^ UINT64_C(1) << 63;
    case REP_I16:
        return (uint64_t) (int64_t) * (const int16_t *) at ^ UINT64_C(1) << 63;
    case REP_I32:
        return (uint64_t) (int64_t) * (const int32_t *) at ^ UINT64_C(1) << 63;
    case REP_I64:
        return (uint64_t) * (const int64_t *) at ^ UINT64_C(1) << 63;
    case REP_I128:
        return wide_bits((const I128 *) at);
    case REP_F32:
        return float_bits(*(const float *) at);
    case REP_F64:
        return float_bits(*(const double *) at);
    case REP_STR:
        return str_bits((const Str *) at);
    default: /* INTERVAL: no prefix */
        return 0;
    }
}

/* The place of one key's value among all it may have. */
static uint64_t packed_place(const RowLayout *layout, const SortKey *key, const char *row)
{
    const RowField *field = &layout->fields[key->field];
    uint64_t nullable = field->null_offset >= 0, values = (uint64_t) key->entries - nullable;
    if (field_null(field, row))
        return key->nulls_first ? 0 : values;
    uint64_t place = value_bits((Rep) field->rep, row + field->offset) - ((uint64_t) key->least ^ UINT64_C(1) << 63);
    place = key->descending ? values - 1 - place : place;
    return place + (nullable & key->nulls_first);
}

uint64_t sort_prefix(const RowLayout *layout, const SortKey *key, const char *row)
{
    uint64_t packed = 0;
    for (int32_t k = 0; k < key->packed; k++)
        packed = packed * (uint64_t) key[k].entries + packed_place(layout, &key[k], row);
    if (key->packed > 0)
        return packed;
    const RowField *field = &layout->fields[key->field];
    bool null = field_null(field, row);
    uint64_t bits = null || field->rep == REP_INTERVAL ? 0 : value_bits((Rep) field->rep, row + field->offset);
    if (key->descending && !null && field->rep != REP_INTERVAL)
        bits = ~bits;
    if (field->null_offset < 0)
        return bits;
    uint64_t top = UINT64_C(1) << 63; /* one bit for null, at the cost of the lowest */
    if (null)
        return key->nulls_first ? 0 : top;
    return bits >> 1 | (key->nulls_first ? top : 0);
}

void sort_order_init(SortOrder *order, const RowLayout *layout, const SortKey *keys, int32_t key_count)
{
    *order = (SortOrder){layout, keys, key_count, false};
    if (key_count == 0)
        return;
    const RowField *field = &layout->fields[keys[0].field];
    bool whole = field->null_offset < 0 && rep_is_integer((Rep) field->rep) && field->rep != REP_I128;
    order->exact = keys[0].packed == key_count || (key_count == 1 && whole);
}

bool sort_entry_before(const SortOrder *order, const SortEntry *a, const SortEntry *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    if (order->exact)
        return false;
    return row_compare(order->layout, order->keys, order->key_count, a->row, b->row) < 0;
}

static void entry_swap(SortEntry *a, SortEntry *b)
{
    SortEntry t = *a;
    *a = *b;
    *b = t;
}

static void entries_insert(const SortOrder *order, SortEntry *entries, int64_t count)
{
    for (int64_t i = 1; i < count; i++)
    {
        SortEntry entry = entries[i];
        int64_t k = i;
        for (; k > 0 && sort_entry_before(order, &entry, &entries[k - 1]); k--)
            entries[k] = entries[k - 1];
        entries[k] = entry;
    }
}

static void entries_sift(const SortOrder *order, SortEntry *entries, int64_t at, int64_t count)
{
    for (int64_t child; (child = 2 * at + 1) < count; at = child)
    {
        if (child + 1 < count && sort_entry_before(order, &entries[child], &entries[child + 1]))
            child++;
        if (!sort_entry_before(order, &entries[at], &entries[child]))
            return;
        entry_swap(&entries[at], &entries[child]);
    }
}

/* Heapsort: where quicksort's pivots were bad. */
static void entries_heap(const SortOrder *order, SortEntry *entries, int64_t count)
{
    for (int64_t i = count / 2 - 1; i >= 0; i--)
        entries_sift(order, entries, i, count);
    for (int64_t end = count - 1; end > 0; end--)
    {
        entry_swap(&entries[0], &entries[end]);
        entries_sift(order, entries, 0, end);
    }
}

/* Puts the median of three at [0] and parts the rest around it (Hoare); returns its final place. */
static int64_t entries_part(const SortOrder *order, SortEntry *e, int64_t count)
{
    int64_t mid = count / 2, last = count - 1;
    if (sort_entry_before(order, &e[mid], &e[0]))
        entry_swap(&e[mid], &e[0]);
    if (sort_entry_before(order, &e[last], &e[0]))
        entry_swap(&e[last], &e[0]);
    if (sort_entry_before(order, &e[last], &e[mid]))
        entry_swap(&e[last], &e[mid]);
    entry_swap(&e[0], &e[mid]);
    int64_t i = 0, k = count;
    for (;;)
    {
        do
            i++;
        while (i < count && sort_entry_before(order, &e[i], &e[0]));
        do
            k--;
        while (sort_entry_before(order, &e[0], &e[k]));
        if (i >= k)
            break;
        entry_swap(&e[i], &e[k]);
    }
    entry_swap(&e[0], &e[k]);
    return k;
}

static void entries_quick(const SortOrder *order, SortEntry *entries, int64_t count, int32_t depth)
{
    while (count > 24)
    {
        if (depth-- == 0)
        {
            entries_heap(order, entries, count);
            return;
        }
        int64_t pivot = entries_part(order, entries, count);
        if (pivot < count - pivot) /* the smaller side by recursion */
        {
            entries_quick(order, entries, pivot, depth);
            entries += pivot + 1;
            count -= pivot + 1;
        }
        else
        {
            entries_quick(order, entries + pivot + 1, count - pivot - 1, depth);
            count = pivot;
        }
    }
    entries_insert(order, entries, count);
}

static void entries_sort_small(const SortOrder *order, SortEntry *entries, int64_t count)
{
    int32_t depth = 2;
    for (int64_t n = count; n > 1; n /= 2)
        depth += 2;
    entries_quick(order, entries, count, depth);
}

/*
 * Eight bits at a time from the front, in place (McIlroy, Bostic, McIlroy, "Engineering Radix Sort", 1993: American flag
 * sort).  All bits above shift + 8 are equal.
 */
static void entries_radix(const SortOrder *order, SortEntry *entries, int64_t count, int32_t shift)
{
    int64_t next[RADIX], end[RADIX], at = 0;
    memset(end, 0, sizeof end);
    for (int64_t i = 0; i < count; i++)
        end[entries[i].prefix >> shift & (RADIX - 1)]++;
    for (int32_t d = 0; d < RADIX; d++)
    {
        next[d] = at;
        at += end[d];
        end[d] = at;
    }
    for (uint64_t d = 0; d < RADIX; d++)
    {
        while (next[d] < end[d])
        {
            SortEntry entry = entries[next[d]];
            for (uint64_t digit; (digit = entry.prefix >> shift & (RADIX - 1)) != d;)
            {
                SortEntry *place = &entries[next[digit]++], other = *place;
                *place = entry;
                entry = other;
            }
            entries[next[d]++] = entry;
        }
    }
    at = 0;
    for (int32_t d = 0; d < RADIX; at = end[d++])
    {
        if (end[d] - at > RADIX_MIN && shift > 0)
            entries_radix(order, entries + at, end[d] - at, shift > RADIX_BITS ? shift - RADIX_BITS : 0);
        else if (end[d] - at > 1 && (shift > 0 || !order->exact))
            entries_sort_small(order, entries + at, end[d] - at);
    }
}

void sort_entries(const SortOrder *order, SortEntry *entries, int64_t count)
{
    if (count <= RADIX_MIN)
    {
        entries_sort_small(order, entries, count);
        return;
    }
    uint64_t differ = 0;
    for (int64_t i = 1; i < count; i++)
        differ |= entries[i].prefix ^ entries[0].prefix;
    int32_t bits = differ == 0 ? 0 : 64 - __builtin_clzll(differ);
    if (bits > 0)
        entries_radix(order, entries, count, bits > RADIX_BITS ? bits - RADIX_BITS : 0);
    else if (!order->exact)
        entries_sort_small(order, entries, count);
}
