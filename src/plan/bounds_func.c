/* SPDX-License-Identifier: Apache-2.0 */
/* What functions of known bounds give: parts of dates, dates cut short, numbers of buckets, sketches. */
#include "base/data/datetime.h"
#include "base/kernel/bodies.h"
#include "src/plan/planner.h"

static Bounds between(int64_t min, int64_t max)
{
    return (Bounds){.known = true, .min = min, .max = max};
}

static bool is_moment(const Bounds *bounds)
{
    return bounds->known && bounds->min >= INT64_MIN && bounds->max <= INT64_MAX;
}

/* Years follow their dates; the other parts go round. */
static Bounds part_bounds(const Expr *expr, Bounds of, Bounds all)
{
    switch ((DateField) expr->args[0]->value.i)
    {
    case FIELD_YEAR:
        if (!is_moment(&of))
            return all;
        return expr->func == FUNC_EXTRACT_DATE
                   ? between(k_extract_date(FIELD_YEAR, (int64_t) of.min), k_extract_date(FIELD_YEAR, (int64_t) of.max))
                   : between(k_extract(FIELD_YEAR, (int64_t) of.min), k_extract(FIELD_YEAR, (int64_t) of.max));
    case FIELD_QUARTER:
        return between(1, 4);
    case FIELD_MONTH:
        return between(1, 12);
    case FIELD_WEEK:
        return between(1, 53);
    case FIELD_DAY:
        return between(1, 31);
    case FIELD_DOW:
    case FIELD_ISODOW:
        return between(0, 7);
    case FIELD_DOY:
        return between(1, 366);
    case FIELD_HOUR:
        return between(0, 23);
    case FIELD_MINUTE:
        return between(0, 59);
    default:
        return all;
    }
}

static Bounds trunc_bounds(const Expr *expr, Bounds of, Bounds all)
{
    Error *error = NULL;
    int64_t part = expr->args[0]->value.i;
    if (!is_moment(&of))
        return all;
    int64_t min = k_date_trunc(part, (int64_t) of.min, &error), max = k_date_trunc(part, (int64_t) of.max, &error);
    if (error == NULL)
        return between(min, max);
    error_free(error);
    return all;
}

Bounds func_bounds(const Plan *plan, const Expr *expr, Bounds all)
{
    const Expr *last = expr->arg_count > 0 ? expr->args[expr->arg_count - 1] : NULL;
    switch ((FuncId) expr->func)
    {
    case FUNC_EXTRACT:
    case FUNC_EXTRACT_DATE:
        return part_bounds(expr, plan_bounds(plan, last), all);
    case FUNC_DATE_PART_YEAR:
    {
        Bounds of = plan_bounds(plan, last);
        return is_moment(&of) ? between(k_date_part_year((int64_t) of.min), k_date_part_year((int64_t) of.max)) : all;
    }
    case FUNC_DATE_TRUNC:
        return trunc_bounds(expr, plan_bounds(plan, last), all);
    case FUNC_SKETCH_BIGINT:
    case FUNC_SKETCH_DECIMAL:
    case FUNC_SKETCH_DOUBLE:
    case FUNC_SKETCH_TEXT:
        return between(0, SKETCH_REGISTERS * SKETCH_RANKS - 1);
    case FUNC_SKETCH_SLOT:
        return between(0, SKETCH_REGISTERS - 1);
    case FUNC_WIDTH_BUCKET_DECIMAL:
    case FUNC_WIDTH_BUCKET_DOUBLE:
        return last->kind == EXPR_CONST && !last->value.null && last->value.i < INT32_MAX ? between(0, last->value.i + 1) : all;
    default:
        return all;
    }
}
