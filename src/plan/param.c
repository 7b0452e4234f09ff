/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters: literals never stand in generated code, so that a query with
 * another date or name is the same program.  Equal constants are not shared:
 * that two of them happen to be equal is no part of a query's shape.
 */
#include "base/core/assert.h"
#include "src/plan/plan.h"

#include <string.h>

static SpecParam *add_param(Plan *plan, SqlType type, Datum value)
{
    Spec *spec = plan->spec;
    int32_t count = spec->param_count;
    if ((count & (count - 1)) == 0) /* grows at every power of two */
    {
        SpecParam *params = ARENA_ARRAY(plan->arena, SpecParam, count == 0 ? 1 : 2 * count);
        if (count > 0)
            memcpy(params, spec->params, sizeof(SpecParam) * (size_t) count);
        spec->params = params;
    }
    SpecParam *param = &spec->params[spec->param_count++];
    *param = (SpecParam){.type = type, .value = value};
    return param;
}

int32_t plan_param(Plan *plan, SqlType type, Datum value)
{
    add_param(plan, type, value);
    return plan->spec->param_count - 1;
}

int32_t plan_param_like(Plan *plan, Datum pattern, bool insensitive)
{
    SpecParam *param = add_param(plan, type_make(TYPE_VARCHAR), pattern);
    param->aid = PARAM_LIKE;
    param->insensitive = insensitive;
    return plan->spec->param_count - 1;
}

int32_t plan_param_set(Plan *plan, SqlType type, Expr *const *constants, int32_t count)
{
    SpecParam *param = add_param(plan, type, (Datum){.null = true});
    param->aid = PARAM_SET;
    param->set = ARENA_ARRAY(plan->arena, Datum, count);
    for (int32_t k = 0; k < count; k++)
    {
        ASSERT(constants[k]->kind == EXPR_CONST);
        if (!constants[k]->value.null)
            param->set[param->set_count++] = constants[k]->value;
    }
    return plan->spec->param_count - 1;
}
