/* SPDX-License-Identifier: Apache-2.0 */
/* `where 1 = 0`, LIMIT 0 and what stands on them: no rows, and no table is read. */
#include "sql/rel/rel_tool.h"

static bool is_empty(const Rel *rel)
{
    return rel->kind == REL_VALUES && rel->row_count == 0;
}

static bool never_true(const Rel *rel)
{
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        if (rel->conjuncts[k]->kind == EXPR_CONST && (rel->conjuncts[k]->value.null || rel->conjuncts[k]->value.i == 0))
            return true;
    return false;
}

static bool never_counts(const Expr *count)
{
    return count->kind == EXPR_CONST && (count->value.null || count->value.i <= 0);
}

/* Does the node give nothing because its inputs, or its conditions, give nothing? */
static bool becomes_empty(const Rel *rel)
{
    switch (rel->kind)
    {
    case REL_SCAN:
        return never_true(rel);
    case REL_FILTER:
        return (never_true(rel) && !rel->must_hold) || is_empty(rel->inputs[0]);
    case REL_JOIN_SET:
        for (int32_t k = 0; k < rel->input_count; k++)
            if (is_empty(rel->inputs[k]))
                return true;
        return never_true(rel);
    case REL_JOIN:
        if (rel->join == JOIN_SEMI || rel->join == JOIN_INNER)
            return is_empty(rel->inputs[0]) || is_empty(rel->inputs[1]) || never_true(rel);
        return is_empty(rel->inputs[0]);
    case REL_AGG:
        return rel->named_count > 0 && is_empty(rel->inputs[0]);
    case REL_LIMIT:
        return rel->limit == 0 || is_empty(rel->inputs[0]);
    case REL_APPEND:
        for (int32_t k = 0; k < rel->input_count; k++)
            if (!is_empty(rel->inputs[k]))
                return false;
        return true;
    case REL_EXPAND:
        return never_counts(rel->named[0].expr) || is_empty(rel->inputs[0]);
    case REL_SORT:
    case REL_PROJECT:
    case REL_WINDOW:
        return is_empty(rel->inputs[0]);
    default:
        return false;
    }
}

static Rel *make_empty(Arena *arena, const Rel *rel)
{
    ColumnSet columns = {0};
    rel_columns(arena, rel, &columns);
    Rel *empty = rel_new(arena, REL_VALUES, 0);
    empty->column_count = column_set_list(arena, &columns, &empty->table_columns);
    return empty;
}

/* Only the inputs that can give rows; of a single one the columns are named anew. */
static Rel *shorten_append(Arena *arena, const BoundStatement *statement, Rel *rel)
{
    int32_t kept = 0;
    for (int32_t k = 0; k < rel->input_count; k++)
        if (!is_empty(rel->inputs[k]))
        {
            rel->inputs[kept] = rel->inputs[k];
            rel->input_columns[kept++] = rel->input_columns[k];
        }
    rel->input_count = kept;
    if (kept > 1)
        return rel;
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, rel->column_count);
    for (int32_t k = 0; k < rel->column_count; k++)
        named[k] = (BoundNamed){expr_column(arena, statement, rel->input_columns[0][k]), rel->table_columns[k]};
    return rel_project(arena, rel->inputs[0], named, rel->column_count);
}

static Rel *empty_tree(Arena *arena, const BoundStatement *statement, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rel->inputs[k] = empty_tree(arena, statement, rel->inputs[k]);
    if (!is_empty(rel) && becomes_empty(rel))
        return make_empty(arena, rel);
    if (rel->kind == REL_APPEND)
        return shorten_append(arena, statement, rel);
    if (rel->kind == REL_JOIN && rel->join == JOIN_ANTI && is_empty(rel->inputs[1]))
        return rel->inputs[0];
    return rel;
}

Error *rule_const_false(Arena *arena, BoundStatement *statement, Rel **rel)
{
    *rel = empty_tree(arena, statement, *rel);
    return NULL;
}
