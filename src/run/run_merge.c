/* SPDX-License-Identifier: Apache-2.0 */
/* How two states of one group become one: MergeOp by MergeOp. */
#include "base/data/value.h"
#include "src/run/run.h"

static bool value_before(const RowField *field, const char *a, const char *b)
{
    Datum x = value_load(field->type, (Rep) field->rep, a), y = value_load(field->type, (Rep) field->rep, b);
    return value_compare(field->type, &x, &y) < 0;
}

static Error *value_sum(Rep rep, char *into, const char *from)
{
    bool over = false;
    switch (rep)
    {
    case REP_I64:
        over = __builtin_add_overflow(*(int64_t *) into, *(const int64_t *) from, (int64_t *) into);
        break;
    case REP_I128:
    {
        I128 *a = (I128 *) into;
        const I128 *b = (const I128 *) from;
        uint64_t lo = a->lo + b->lo;
        int64_t carry = lo < b->lo;
        over = __builtin_add_overflow(a->hi, b->hi, &a->hi);
        over |= __builtin_add_overflow(a->hi, carry, &a->hi);
        a->lo = lo;
        break;
    }
    case REP_F64:
        *(double *) into += *(const double *) from;
        break;
    default:
        return error_new(SQLSTATE_INTERNAL_ERROR, "a sum cannot stand in Rep %d", (int) rep);
    }
    return over ? error_new(SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric data overflow (result precision)") : NULL;
}

void moments_add(int64_t *count, double *const state[2], double value)
{
    double *mean = state[0], *squares = state[1], distance = value - *mean;
    *count += 1;
    *mean += distance / (double) *count;
    *squares += distance * (value - *mean);
}

void pairs_add(int64_t *count, double *const state[5], const I128 *pair)
{
    double y, x, distance_y;
    int64_t values = *count;
    memcpy(&y, &pair->lo, sizeof y);
    memcpy(&x, &pair->hi, sizeof x);
    distance_y = y - *state[0];
    moments_add(&values, state, y);
    moments_add(count, state + 2, x);
    *state[4] += distance_y * (x - *state[2]);
}

/* Chan, Golub, LeVeque 1979, equations 2.1: the sums of squares, and what lies between the means. */
void moments_merge(int64_t *count, double *const state[2], int64_t more, const double more_state[2])
{
    if (more == 0)
        return;
    double *mean = state[0], *squares = state[1];
    double all = (double) (*count + more), distance = *count == 0 ? 0 : more_state[0] - *mean;
    *squares += more_state[1] + distance * distance * ((double) *count / all) * (double) more;
    *mean = *count == 0 ? more_state[0] : *mean + distance * ((double) more / all);
    *count += more;
}

void pairs_merge(int64_t *count, double *const state[5], int64_t more, const double more_state[5])
{
    int64_t values = *count;
    if (more == 0)
        return;
    double between = values == 0 ? 0 : (more_state[0] - *state[0]) * (more_state[2] - *state[2]);
    *state[4] += more_state[4] + between * ((double) values / (double) (values + more)) * (double) more;
    moments_merge(&values, state, more, more_state);
    moments_merge(count, state + 2, more, more_state + 2);
}

static void moments_fields_merge(const RowField *fields, MergeOp op, char *into, const char *from)
{
    double *state[5], more[5];
    for (int32_t k = 0; k < (op == MERGE_PAIRS ? 5 : 2); k++)
    {
        state[k] = (double *) (into + fields[k + 1].offset);
        more[k] = *(const double *) (from + fields[k + 1].offset);
    }
    int64_t *count = (int64_t *) (into + fields[0].offset), values = *(const int64_t *) (from + fields[0].offset);
    if (op == MERGE_PAIRS)
        pairs_merge(count, state, values, more);
    else
        moments_merge(count, state, values, more);
}

/* Bits of integers of any width; BOOLEAN is one of them. */
static void bits_merge(Rep rep, MergeOp op, char *into, const char *from)
{
    for (int32_t i = 0; i < rep_size(rep); i++)
        into[i] = op == MERGE_AND ? (char) (into[i] & from[i]) : (char) (into[i] | from[i]);
}

static Error *state_merge(const RowField *field, MergeOp op, char *into, const char *from)
{
    if (op == MERGE_MOMENTS || op == MERGE_PAIRS)
    {
        moments_fields_merge(field, op, into, from);
        return NULL;
    }
    if (field_null(field, from))
        return NULL;
    char *a = into + field->offset;
    const char *b = from + field->offset;
    bool wanted = true; /* the other's value */
    if (!field_null(field, into))
    {
        switch (op)
        {
        case MERGE_SUM:
            return value_sum((Rep) field->rep, a, b);
        case MERGE_AND:
        case MERGE_OR:
            bits_merge((Rep) field->rep, op, a, b);
            return NULL;
        default:
            wanted = op == MERGE_MIN ? value_before(field, b, a) : value_before(field, a, b);
        }
    }
    if (wanted)
    {
        memcpy(a, b, (size_t) rep_size((Rep) field->rep));
        if (field->null_offset >= 0)
            into[field->null_offset] = 0;
    }
    return NULL;
}

Error *group_merge(const SpecStore *spec, char *into, const char *from)
{
    for (int32_t i = 0; i < spec->merge_count; i++)
        TRY(state_merge(&spec->layout->fields[spec->merges[i].field], (MergeOp) spec->merges[i].op, into, from));
    return NULL;
}
