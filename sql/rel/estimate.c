/* SPDX-License-Identifier: Apache-2.0 */
/* How many rows each node of a tree gives. */
#include "sql/rel/estimate.h"

#include <math.h>

#define NUMBERS_GUESS 100 /* how many an EXPAND gives a row, where the count is not constant */

static double input_rows(const Rel *rel, int32_t input)
{
    return rel->inputs[input]->rows_estimate;
}

static double estimate_join(Arena *arena, const BoundStatement *statement, const Rel *rel)
{
    double left = input_rows(rel, 0), right = input_rows(rel, 1), outer_distinct = 1, inner_distinct = 1, other = 1;
    bool keyed = false;
    ColumnSet columns = {0};
    rel_columns(arena, rel->inputs[0], &columns);
    for (int32_t k = 0; k < rel->conjunct_count; k++)
    {
        const Expr *outer, *inner;
        if (expr_is_join_key(arena, rel->conjuncts[k], &columns, &outer, &inner))
        {
            keyed = true;
            outer_distinct *= expr_distinct(statement, outer, left);
            inner_distinct *= expr_distinct(statement, inner, right);
        }
        else
            other *= SELECTIVITY_RESIDUAL;
    }
    outer_distinct = fmin(outer_distinct, left);
    inner_distinct = fmin(inner_distinct, right);
    double semi = keyed ? semi_selectivity(outer_distinct, inner_distinct) * other : 1;
    switch (rel->join)
    {
    case JOIN_SEMI:
        return left * semi;
    case JOIN_ANTI:
        return left * fmax(ANTI_SELECTIVITY_MIN, 1 - semi);
    case JOIN_LEFT:
        return fmax(left, left * right * equal_keys_selectivity(outer_distinct, inner_distinct) * other);
    default:
        return left * right * equal_keys_selectivity(outer_distinct, inner_distinct) * other;
    }
}

/* The planner orders join sets and knows better; this serves rules that compare sizes. */
static double estimate_set(const BoundStatement *statement, const Rel *rel)
{
    double rows = 1;
    for (int32_t k = 0; k < rel->input_count; k++)
        rows *= fmax(1, input_rows(rel, k));
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        rows *= expr_selectivity(statement, rel->conjuncts[k]);
    return fmax(1, rows);
}

static double estimate_groups(BoundStatement *statement, const Rel *rel)
{
    double rows = fmax(1, input_rows(rel, 0)), groups = 1;
    for (int32_t k = 0; k < rel->named_count; k++)
        groups *= expr_distinct(statement, rel->named[k].expr, rows);
    groups = fmin(groups, rows);
    for (int32_t k = 0; k < rel->agg_count; k++)
        note_aggregate(statement, &rel->aggs[k], rows / groups);
    return groups;
}

static double limited(const Rel *rel, double rows)
{
    rows = fmax(0, rows - (double) rel->offset);
    return rel->limit >= 0 ? fmin(rows, (double) rel->limit) : rows;
}

static double numbers_of(const Expr *count)
{
    if (count->kind != EXPR_CONST)
        return NUMBERS_GUESS;
    return count->value.null ? 0 : fmax(0, (double) count->value.i);
}

static double estimate(Arena *arena, BoundStatement *statement, const Rel *rel)
{
    switch (rel->kind)
    {
    case REL_ONE:
        return 1;
    case REL_SCAN:
        return (double) rel->table->row_count * expr_list_selectivity(statement, rel->conjuncts, rel->conjunct_count);
    case REL_SYSVIEW:
    case REL_ROUND:
        return 100;
    case REL_EXPAND:
        return input_rows(rel, 0) * numbers_of(rel->named[0].expr);
    case REL_SHARED:
        return rel->rows_estimate;
    case REL_APPEND:
    {
        double rows = 0;
        for (int32_t k = 0; k < rel->input_count; k++)
            rows += input_rows(rel, k);
        return rows;
    }
    case REL_VALUES:
        return rel->row_count;
    case REL_FILTER:
        return rel->must_hold
                   ? input_rows(rel, 0)
                   : input_rows(rel, 0) * expr_list_selectivity(statement, rel->conjuncts, rel->conjunct_count);
    case REL_PROJECT:
    case REL_WINDOW:
        return input_rows(rel, 0);
    case REL_JOIN_SET:
        return estimate_set(statement, rel);
    case REL_JOIN:
        return estimate_join(arena, statement, rel);
    case REL_AGG:
        return estimate_groups(statement, rel);
    case REL_SORT:
    case REL_LIMIT:
        return limited(rel, input_rows(rel, 0));
    }
    return 1;
}

void rel_estimate(Arena *arena, BoundStatement *statement, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        rel_estimate(arena, statement, rel->inputs[k]);
    rel->rows_estimate = fmax(1, estimate(arena, statement, rel));
}

typedef struct Noting
{
    Arena *arena;
    BoundStatement *statement;
    const RelTree *tree;
} Noting;

/* A reader has the rows of what it reads; its columns are made of the columns there. */
static void note_shared(void *context, Rel *rel)
{
    Noting *noting = context;
    const Rel *shared = noting->tree->shared[rel->shared];
    rel->rows_estimate = shared->rows_estimate;
    for (int32_t k = 0; k < rel->column_count; k++)
        if (rel->table_columns[k] != shared->results[k])
            noting->statement->columns[rel->table_columns[k]].made_of =
                expr_column(noting->arena, noting->statement, shared->results[k]);
}

void rel_tree_estimate(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    Noting noting = {arena, statement, tree};
    for (int32_t k = 0; k < tree->shared_count; k++)
    {
        rel_each_shared(tree->shared[k], note_shared, &noting);
        rel_estimate(arena, statement, tree->shared[k]);
    }
    rel_each_shared(tree->root, note_shared, &noting);
    rel_estimate(arena, statement, tree->root);
}
