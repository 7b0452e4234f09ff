/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conjunct of a subquery that reads columns of the query around it is pulled
 * up, through filters, projections and joins, to where both can be seen:
 *
 *     exists (select 1 from t where t.x = o.x and t.y > 3)
 *     SEMI(o, FILTER t.y > 3 (t))  on t.x = o.x
 *
 * Above an aggregation, or windows, only `inner = outer` can be said: inner
 * becomes one more group or partition key.  What cannot be pulled stays, and
 * the join is a dependent one (unnest.c).
 */
#include "sql/rel/build.h"

typedef struct Pull
{
    Build *build;
    ColumnSet inside; /* columns the subquery makes itself */
    bool exists;
} Pull;

static void pull_up(Pull *pull, Rel **rel, ExprList *pulled);

static bool reads_outside(const Pull *pull, const Expr *expr)
{
    ColumnSet read = {0};
    expr_columns(pull->build->arena, expr, &read);
    return !column_set_within(&read, &pull->inside);
}

static bool reads_inside(const Pull *pull, const Expr *expr)
{
    ColumnSet read = {0};
    expr_columns(pull->build->arena, expr, &read);
    return column_set_meets(&read, &pull->inside);
}

/* Conjuncts of the node itself; of a semi join those that read nothing of its right side. */
static void take_conjuncts(Pull *pull, Rel *rel, ExprList *pulled)
{
    ExprList stay = {.arena = pull->build->arena};
    ColumnSet hidden = {0};
    if (rel->kind == REL_JOIN && rel->join == JOIN_SEMI)
        rel_columns_inside(pull->build->arena, rel->inputs[1], &hidden);
    for (int32_t k = 0; k < rel->conjunct_count; k++)
    {
        ColumnSet read = {0};
        expr_columns(pull->build->arena, rel->conjuncts[k], &read);
        bool goes = reads_outside(pull, rel->conjuncts[k]) && !column_set_meets(&read, &hidden) &&
                    !expr_is_volatile(rel->conjuncts[k]);
        expr_list_add(goes ? pulled : &stay, rel->conjuncts[k]);
    }
    rel_set_conjuncts(rel, &stay);
}

/* Is it inner = outer?  Then which is which. */
static bool is_key_test(const Pull *pull, const Expr *conjunct, Expr **inner, Expr **outer)
{
    if (conjunct->kind != EXPR_COMPARE || conjunct->op != '=')
        return false;
    int32_t in = reads_outside(pull, conjunct->args[0]) ? 1 : 0;
    *inner = conjunct->args[in];
    *outer = conjunct->args[1 - in];
    return !reads_outside(pull, *inner) && !reads_inside(pull, *outer);
}

static Expr *compare_key(Pull *pull, Expr *outer, ColumnId key)
{
    column_set_add(pull->build->arena, &pull->inside, key);
    return expr_compare_make(pull->build->arena, '=', outer,
                             expr_column(pull->build->arena, pull->build->statement, key));
}

static ColumnId key_column(Pull *pull, const Expr *inner)
{
    if (inner->kind == EXPR_COLUMN)
        return inner->column;
    return bound_add_column(pull->build->arena, pull->build->statement, "key", inner->type, inner->nullable);
}

static void add_group(Pull *pull, Rel *agg, Expr *inner, Expr *outer, ExprList *pulled)
{
    Arena *arena = pull->build->arena;
    ColumnId column = key_column(pull, inner);
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, agg->named_count + 1);
    for (int32_t g = 0; g < agg->named_count; g++)
        named[g] = agg->named[g];
    named[agg->named_count] = (BoundNamed){inner, column};
    agg->named = named;
    agg->named_count++;
    expr_list_add(pulled, compare_key(pull, outer, column));
}

static void add_partition_key(Pull *pull, Rel *rel, Expr *inner, Expr *outer, ExprList *pulled)
{
    Arena *arena = pull->build->arena;
    BoundNamed named = {inner, key_column(pull, inner)};
    if (inner->kind != EXPR_COLUMN)
        rel->inputs[0] = rel_project(arena, rel->inputs[0], &named, 1);
    rel_add_partition(arena, rel, expr_column(arena, pull->build->statement, named.column));
    expr_list_add(pulled, compare_key(pull, outer, named.column));
}

/* What was pulled from below a node that only lets key tests pass; the rest goes back below. */
static void pull_keys(Pull *pull, Rel *rel, ExprList *pulled)
{
    ExprList below = {.arena = pull->build->arena}, back = {.arena = pull->build->arena};
    pull_up(pull, &rel->inputs[0], &below);
    for (int32_t k = 0; k < below.count; k++)
    {
        Expr *inner, *outer;
        if (!is_key_test(pull, below.items[k], &inner, &outer))
            expr_list_add(&back, below.items[k]);
        else if (rel->kind == REL_AGG)
            add_group(pull, rel, inner, outer, pulled);
        else
            add_partition_key(pull, rel, inner, outer, pulled);
    }
    rel->inputs[0] = rel_filter(pull->build->arena, rel->inputs[0], back.items, back.count);
}

static void pull_up(Pull *pull, Rel **rel, ExprList *pulled)
{
    Rel *at = *rel;
    bool exists = pull->exists;
    switch (at->kind)
    {
    case REL_JOIN_SET:
        pull->exists = false;
        for (int32_t k = 0; k < at->input_count; k++)
            pull_up(pull, &at->inputs[k], pulled);
        take_conjuncts(pull, at, pulled);
        break;
    case REL_JOIN:
        pull->exists = false;
        pull_up(pull, &at->inputs[0], pulled);
        if (at->join == JOIN_SEMI)
            take_conjuncts(pull, at, pulled);
        break;
    case REL_FILTER:
        if (at->must_hold)
            break;
        pull->exists = false;
        pull_up(pull, &at->inputs[0], pulled);
        take_conjuncts(pull, at, pulled);
        break;
    case REL_PROJECT:
        pull_up(pull, &at->inputs[0], pulled);
        break;
    case REL_AGG:
        pull->exists = false;
        if (at->named_count > 0)
            pull_keys(pull, at, pulled);
        break;
    case REL_WINDOW:
        pull->exists = false;
        pull_keys(pull, at, pulled);
        break;
    case REL_SORT:
        pull_up(pull, &at->inputs[0], pulled);
        break;
    case REL_LIMIT:
        if (!exists || at->offset > 0 || at->limit == 0)
            break;
        *rel = at->inputs[0];
        pull_up(pull, rel, pulled);
        break;
    default:
        break;
    }
    pull->exists = exists;
}

void pull_conjuncts(Build *build, Rel **rel, bool exists, ExprList *pulled)
{
    Pull pull = {.build = build, .exists = exists};
    rel_columns_inside(build->arena, *rel, &pull.inside);
    pull_up(&pull, rel, pulled);
    if ((*rel)->kind == REL_FILTER && (*rel)->conjunct_count == 0)
        *rel = (*rel)->inputs[0];
}

bool pull_lone(Build *build, Rel *agg, ExprList *pulled)
{
    Pull pull = {.build = build};
    ExprList below = {.arena = build->arena};
    ColumnSet read = {0};
    rel_columns_inside(build->arena, agg, &pull.inside);
    rel_columns_read(build->arena, agg, &read);
    if (!column_set_within(&read, &pull.inside))
        return false;
    pull_up(&pull, &agg->inputs[0], &below);
    bool simple = below.count > 0 && rel_is_free(build, agg);
    Expr *inner, *outer;
    for (int32_t k = 0; k < below.count && simple; k++)
        simple = is_key_test(&pull, below.items[k], &inner, &outer);
    if (!simple)
    {
        agg->inputs[0] = rel_filter(build->arena, agg->inputs[0], below.items, below.count);
        return false;
    }
    for (int32_t k = 0; k < below.count; k++)
        if (is_key_test(&pull, below.items[k], &inner, &outer))
            add_group(&pull, agg, inner, outer, pulled);
    return true;
}
