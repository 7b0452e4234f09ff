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

void moments_add(int64_t *count, double *mean, double *squares, double value)
{
    double distance = value - *mean;
    *count += 1;
    *mean += distance / (double) *count;
    *squares += distance * (value - *mean);
}

/* Chan, Golub, LeVeque 1979, equations 2.1: the sums of squares, and what lies between the means. */
void moments_merge(int64_t *count, double *mean, double *squares, int64_t more, double more_mean, double more_squares)
{
    if (more == 0)
        return;
    double all = (double) (*count + more), distance = *count == 0 ? 0 : more_mean - *mean;
    *squares += more_squares + distance * distance * ((double) *count / all) * (double) more;
    *mean = *count == 0 ? more_mean : *mean + distance * ((double) more / all);
    *count += more;
}

static void moments_fields_merge(const RowField *fields, char *into, const char *from)
{
    moments_merge((int64_t *) (into + fields[0].offset), (double *) (into + fields[1].offset),
                  (double *) (into + fields[2].offset), *(const int64_t *) (from + fields[0].offset),
                  *(const double *) (from + fields[1].offset), *(const double *) (from + fields[2].offset));
}

/* Bits of integers of any width; BOOLEAN is one of them. */
static void bits_merge(Rep rep, MergeOp op, char *into, const char *from)
{
    for (int32_t i = 0; i < rep_size(rep); i++)
        into[i] = op == MERGE_AND ? (char) (into[i] & from[i]) : (char) (into[i] | from[i]);
}

static Error *state_merge(const RowField *field, MergeOp op, char *into, const char *from)
{
    if (op == MERGE_MOMENTS)
    {
        moments_fields_merge(field, into, from);
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
