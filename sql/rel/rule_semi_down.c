/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A semi join over a join set tests columns of one input of the set, mostly.
 * Where few rows pass it, it is worth doing before the other joins, if those leave no fewer:
 *
 *     SEMI(JOIN_SET(customer, orders, lineitem), big)  on o_orderkey = key
 *     JOIN_SET(customer, SEMI(orders, big), lineitem)
 */
#include "sql/rel/rel_tool.h"

#define SEMI_DOWN_SELECTIVITY_MAX 0.5

static int32_t tested_input(Arena *arena, const Rel *join)
{
    const Rel *set = join->inputs[0];
    ColumnSet read = {0}, right = {0}, tested = {0};
    rel_columns_read(arena, join, &read);
    rel_columns(arena, join->inputs[1], &right);
    ColumnId *columns;
    int32_t count = column_set_list(arena, &read, &columns);
    for (int32_t k = 0; k < count; k++)
        if (!column_set_has(&right, columns[k]))
            column_set_add(arena, &tested, columns[k]);
    for (int32_t k = 0; k < set->input_count; k++)
    {
        ColumnSet given = {0};
        rel_columns(arena, set->inputs[k], &given);
        if (column_set_count(&tested) > 0 && column_set_within(&tested, &given))
            return k;
    }
    return -1;
}

Error *rule_semi_down(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        TRY(rule_semi_down(arena, statement, &at->inputs[k]));
    if (at->kind != REL_JOIN || (at->join != JOIN_SEMI && at->join != JOIN_ANTI) || at->inputs[0]->kind != REL_JOIN_SET)
        return NULL;
    int32_t input = tested_input(arena, at);
    if (input < 0)
        return NULL;
    Rel *set = at->inputs[0];
    Rel *semi = rel_join(arena, at->join, set->inputs[input], at->inputs[1], at->conjuncts, at->conjunct_count);
    rel_outputs_fill(arena, semi);
    rel_estimate(arena, statement, semi);
    rel_estimate(arena, statement, set);
    double rows = set->inputs[input]->rows_estimate;
    if (semi->rows_estimate > SEMI_DOWN_SELECTIVITY_MAX * rows || set->rows_estimate < rows)
        return NULL;
    set->inputs[input] = semi;
    *rel = set;
    return NULL;
}
