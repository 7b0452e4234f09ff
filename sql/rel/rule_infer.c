/* SPDX-License-Identifier: Apache-2.0 */
/* a = b and a = 5 says b = 5 too: the other side can be filtered, and its blocks skipped. */
#include "sql/rel/rel_tool.h"

#define INFER_ROUNDS_MAX 8 /* longest chain a = b, b = c, ... that is followed */

/* A test of one column against constants alone; gives its column argument. */
static const Expr *tested_column(const Expr *expr)
{
    const Expr *column, *constant;
    char op;
    if (expr_is_column_test(expr, &column, &op, &constant))
        return column;
    if (expr->kind == EXPR_IN_LIST && expr->args[0]->kind == EXPR_COLUMN)
        return expr->args[0];
    return NULL;
}

typedef struct OneSwap
{
    Arena *arena;
    const BoundStatement *statement;
    ColumnId from, to;
} OneSwap;

static Expr *one_swap(void *context, const Expr *column)
{
    OneSwap *swap = context;
    return column->column == swap->from ? expr_column(swap->arena, swap->statement, swap->to) : NULL;
}

static bool infer_once(Arena *arena, const BoundStatement *statement, ExprList *list)
{
    int32_t count = list->count;
    for (int32_t e = 0; e < count; e++)
    {
        ColumnId a, b;
        if (!expr_is_column_equality(list->items[e], &a, &b))
            continue;
        for (int32_t t = 0; t < count; t++)
        {
            const Expr *column = tested_column(list->items[t]);
            if (column == NULL || (column->column != a && column->column != b))
                continue;
            OneSwap swap = {arena, statement, column->column, column->column == a ? b : a};
            Expr *other = expr_replace(arena, list->items[t], one_swap, &swap);
            if (!expr_list_has(list, other))
                expr_list_add(list, other);
        }
    }
    return list->count > count;
}

void infer_tests(Arena *arena, const BoundStatement *statement, ExprList *list)
{
    for (int32_t round = 0; round < INFER_ROUNDS_MAX && infer_once(arena, statement, list); round++)
        ;
}
