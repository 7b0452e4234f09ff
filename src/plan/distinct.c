/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many values a key has where a step stands.  Joins leave fewer than statistics say: of `a = b` both have as many
 * as the one with fewer.  Steps are made from the leaves up and every column has one way up, so what was noted last
 * is what holds.
 */
#include "src/plan/planner.h"

#include <math.h>

void distinct_note(Planner *planner, ColumnId column, double distinct)
{
    if (column >= planner->distinct_count)
    {
        int32_t count = planner->statement->column_count + 16;
        double *most = ARENA_ARRAY(planner->arena, double, count);
        for (int32_t k = 0; k < planner->distinct_count; k++)
            most[k] = planner->distinct_most[k];
        planner->distinct_most = most;
        planner->distinct_count = count;
    }
    double *most = &planner->distinct_most[column];
    *most = *most > 0 ? fmin(*most, distinct) : distinct;
}

double distinct_values(const Planner *planner, const Expr *key, double rows)
{
    double distinct = expr_distinct(planner->statement, key, rows);
    for (; key != NULL && key->kind == EXPR_COLUMN; key = planner->statement->columns[key->column].made_of)
        if (key->column < planner->distinct_count && planner->distinct_most[key->column] > 0)
            distinct = fmin(distinct, planner->distinct_most[key->column]);
    return distinct;
}
