/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that an outer join has filled with nulls, and no others, are those without a partner:
 *
 *     FILTER r.k is null (LEFT(s, r) on s.k = r.k)     ->     PROJECT r.k = null, ... (ANTI(s, r) on s.k = r.k)
 */
#include "sql/rel/rel_tool.h"

/* Is the conjunct true of no pair that is joined: does the join's condition refuse a null where it asks for one? */
static bool asks_for_none(Arena *arena, const Expr *conjunct, const Rel *join)
{
    if (conjunct->kind != EXPR_IS_NULL || conjunct->args[0]->kind != EXPR_COLUMN)
        return false;
    ColumnId column = conjunct->args[0]->column;
    ColumnSet right = {0}, one = {0};
    rel_columns(arena, join->inputs[1], &right);
    column_set_add(arena, &one, column);
    for (int32_t k = 0; k < join->conjunct_count && column_set_has(&right, column); k++)
        if (expr_refuses_nulls(join->conjuncts[k], &one))
            return true;
    return false;
}

/* The right side's columns get other names below; above they are nulls. */
static Rel *make_anti(Arena *arena, BoundStatement *statement, Rel *join)
{
    ColumnSet right = {0};
    ColumnId *columns;
    rel_columns(arena, join->inputs[1], &right);
    int32_t count = column_set_list(arena, &right, &columns);
    ColumnId *below = ARENA_ARRAY(arena, ColumnId, count);
    BoundNamed *nulls = ARENA_ARRAY(arena, BoundNamed, count);
    for (int32_t k = 0; k < count; k++)
    {
        const BoundColumn column = statement->columns[columns[k]];
        below[k] = bound_add_column(arena, statement, column.name, column.type, column.nullable);
        statement->columns[below[k]] = column;
        statement->columns[columns[k]].table = NULL;
        Expr *null = expr_constant(arena, column.type, (Datum){.null = true});
        null->nullable = true;
        nulls[k] = (BoundNamed){null, columns[k]};
    }
    rel_rename(arena, statement, join->inputs[1], columns, below, count);
    for (int32_t k = 0; k < join->conjunct_count; k++)
        join->conjuncts[k] = expr_rename(arena, statement, join->conjuncts[k], columns, below, count);
    join->join = JOIN_ANTI;
    return rel_project(arena, join, nulls, count);
}

Error *rule_anti(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        TRY(rule_anti(arena, statement, &at->inputs[k]));
    if (at->kind != REL_FILTER || at->must_hold || at->inputs[0]->kind != REL_JOIN || at->inputs[0]->join != JOIN_LEFT)
        return NULL;
    ExprList rest = {.arena = arena};
    for (int32_t k = 0; k < at->conjunct_count; k++)
        if (!asks_for_none(arena, at->conjuncts[k], at->inputs[0]))
            expr_list_add(&rest, at->conjuncts[k]);
    if (rest.count < at->conjunct_count)
        *rel = rel_filter(arena, make_anti(arena, statement, at->inputs[0]), rest.items, rest.count);
    return NULL;
}
