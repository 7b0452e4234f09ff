/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said in other words of an OR.
 *
 *     (a and x) or (a and y)              a and (x or y)                       or_factor
 *     (n1='F' and n2='G') or              implies n1 in ('F', 'G'), to be      or_implied
 *     (n1='G' and n2='F')                 tested where n1 is scanned
 */
#include "sql/rel/rel_tool.h"

static ExprList *arms_of(Arena *arena, const Expr * or)
{
    ExprList *arms = ARENA_ARRAY(arena, ExprList, or->arg_count);
    for (int32_t k = 0; k < or->arg_count; k++)
    {
        arms[k].arena = arena;
        expr_list_add_conjuncts(&arms[k], or->args[k]);
    }
    return arms;
}

void or_factor(Arena *arena, Expr *conjunct, ExprList *out)
{
    if (conjunct->kind != EXPR_OR)
    {
        expr_list_add(out, conjunct);
        return;
    }
    int32_t count = conjunct->arg_count;
    ExprList *arms = arms_of(arena, conjunct), common = {.arena = arena};
    for (int32_t k = 0; k < arms[0].count; k++)
    {
        bool everywhere = !expr_is_volatile(arms[0].items[k]);
        for (int32_t arm = 1; arm < count && everywhere; arm++)
            everywhere = expr_list_has(&arms[arm], arms[0].items[k]);
        if (everywhere)
            expr_list_add(&common, arms[0].items[k]);
    }
    if (common.count == 0)
    {
        expr_list_add(out, conjunct);
        return;
    }
    ExprList rest = {.arena = arena};
    bool some_arm_empty = false;
    for (int32_t arm = 0; arm < count; arm++)
    {
        ExprList left = {.arena = arena};
        for (int32_t k = 0; k < arms[arm].count; k++)
            if (!expr_list_has(&common, arms[arm].items[k]))
                expr_list_add(&left, arms[arm].items[k]);
        some_arm_empty |= left.count == 0;
        if (left.count > 0)
            expr_list_add(&rest, expr_and_list(arena, left.items, left.count));
    }
    for (int32_t k = 0; k < common.count; k++)
        or_factor(arena, common.items[k], out);
    if (!some_arm_empty)
        expr_list_add(out, expr_or_list(arena, rest.items, rest.count));
}

Expr *or_implied(Arena *arena, const Expr *conjunct, const ColumnSet *columns)
{
    if (conjunct->kind != EXPR_OR || expr_is_volatile(conjunct))
        return NULL;
    ExprList *arms = arms_of(arena, conjunct), implied = {.arena = arena};
    for (int32_t arm = 0; arm < conjunct->arg_count; arm++)
    {
        ExprList here = {.arena = arena};
        for (int32_t k = 0; k < arms[arm].count; k++)
        {
            Expr *test = arms[arm].items[k], *inner = or_implied(arena, test, columns);
            ColumnSet read = {0};
            expr_columns(arena, test, &read);
            if (column_set_count(&read) > 0 && column_set_within(&read, columns))
                expr_list_add(&here, test);
            else if (inner != NULL)
                expr_list_add(&here, inner);
        }
        if (here.count == 0)
            return NULL;
        expr_list_add(&implied, expr_and_list(arena, here.items, here.count));
    }
    return expr_or_list(arena, implied.items, implied.count);
}
