/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conjunct of a subquery that reads columns of the query around it is pulled
 * up, through filters, projections and joins, to where both can be seen:
 *
 *     exists (select 1 from t where t.x = o.x and t.y > 3)
 *     SEMI(o, FILTER t.y > 3 (t))  on t.x = o.x
 */
#include "sql/rel/build.h"

Error *build_refuse(const Expr *expr, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", what), expr->position);
}

static bool is_correlated(Pull *pull, const Expr *expr)
{
    ColumnSet read = {0};
    expr_columns(pull->build->arena, expr, &read);
    return !column_set_within(&read, &pull->inside);
}

static bool reads_inside(Pull *pull, const Expr *expr)
{
    ColumnSet read = {0};
    expr_columns(pull->build->arena, expr, &read);
    return column_set_meets(&read, &pull->inside);
}

static void pull_conjuncts(Pull *pull, Rel *rel)
{
    ExprList stay = {.arena = pull->build->arena};
    for (int32_t k = 0; k < rel->conjunct_count; k++)
        expr_list_add(is_correlated(pull, rel->conjuncts[k]) ? &pull->pulled : &stay, rel->conjuncts[k]);
    rel_set_conjuncts(rel, &stay);
}

Error *pull_through_groups(Pull *pull, Rel *agg, const ExprList *below)
{
    Arena *arena = pull->build->arena;
    for (int32_t k = 0; k < below->count; k++)
    {
        Expr *conjunct = below->items[k];
        if (conjunct->kind != EXPR_COMPARE || conjunct->op != '=')
            return build_refuse(pull->subquery, "an aggregate subquery correlated by other than equality");
        int32_t in = is_correlated(pull, conjunct->args[0]) ? 1 : 0;
        Expr *inner = conjunct->args[in], *outer = conjunct->args[1 - in];
        if (is_correlated(pull, inner) || reads_inside(pull, outer))
            return build_refuse(pull->subquery, "an aggregate subquery correlated in this way");
        ColumnId column = inner->kind == EXPR_COLUMN
                              ? inner->column
                              : bound_add_column(arena, pull->build->statement, "key", inner->type, inner->nullable);
        BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, agg->named_count + 1);
        for (int32_t g = 0; g < agg->named_count; g++)
            named[g] = agg->named[g];
        named[agg->named_count] = (BoundNamed){inner, column};
        agg->named = named;
        agg->named_count++;
        column_set_add(arena, &pull->inside, column);
        expr_list_add(&pull->pulled,
                      expr_compare_make(arena, '=', outer, expr_column(arena, pull->build->statement, column)));
    }
    return NULL;
}

static Error *pull_up(Pull *pull, Rel **rel)
{
    Rel *at = *rel;
    switch (at->kind)
    {
    case REL_JOIN_SET:
        for (int32_t k = 0; k < at->input_count; k++)
            TRY(pull_up(pull, &at->inputs[k]));
        pull_conjuncts(pull, at);
        return NULL;
    case REL_JOIN:
        TRY(pull_up(pull, &at->inputs[0]));
        if (at->join == JOIN_SEMI || at->join == JOIN_INNER)
            pull_conjuncts(pull, at);
        return NULL;
    case REL_FILTER:
        TRY(pull_up(pull, &at->inputs[0]));
        pull_conjuncts(pull, at);
        return NULL;
    case REL_PROJECT:
        return pull_up(pull, &at->inputs[0]);
    case REL_AGG:
    {
        ExprList above = pull->pulled;
        pull->pulled = (ExprList){.arena = above.arena};
        TRY(pull_up(pull, &at->inputs[0]));
        ExprList below = pull->pulled;
        pull->pulled = above;
        if (at->named_count == 0)
            pull->lone_agg = true;
        return pull_through_groups(pull, at, &below);
    }
    case REL_SORT:
    case REL_LIMIT:
        if (pull->exists && at->offset == 0 && at->limit != 0)
        {
            *rel = at->inputs[0];
            return pull_up(pull, rel);
        }
        return at->kind == REL_SORT ? pull_up(pull, &at->inputs[0]) : NULL;
    default:
        return NULL;
    }
}

static bool tree_is_correlated(Pull *pull, const Rel *rel)
{
    ColumnSet read = {0};
    rel_columns_read(pull->build->arena, rel, &read);
    if (!column_set_within(&read, &pull->inside))
        return true;
    for (int32_t k = 0; k < rel->input_count; k++)
        if (tree_is_correlated(pull, rel->inputs[k]))
            return true;
    return false;
}

Error *pull_subquery(Build *build, const Expr *expr, bool exists, Pull *pull, Rel **rel)
{
    *pull = (Pull){.build = build, .subquery = expr, .exists = exists, .pulled = {.arena = build->arena}};
    TRY(build_query(build, expr->subquery, rel));
    rel_columns_inside(build->arena, *rel, &pull->inside);
    if (!tree_is_correlated(pull, *rel))
        return NULL;
    bool limited = (*rel)->kind == REL_LIMIT && !exists;
    TRY(pull_up(pull, rel));
    if (limited || tree_is_correlated(pull, *rel))
        return build_refuse(expr, "a subquery correlated in this way");
    return NULL;
}
