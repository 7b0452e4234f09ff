/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subqueries become joins.
 *
 *     where exists (select .. from t where t.x = o.x and ..)   o SEMI t on t.x = o.x
 *     where o.x not in (select y from t)                       o ANTI t on o.x = y, kept only where no null interferes
 *     (select sum(b) from t)                                   o LEFT (one row)
 *     (select sum(b) from t where t.x = o.x)                   o LEFT (t grouped by x) on x = o.x
 *     exists (..) anywhere else                                o LEFT (keys of t, marked) -> mark is not null
 *
 * A conjunct of the subquery that reads a column of the outer query is pulled
 * up to the join.  What cannot be pulled is refused with 0A000.
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

static Error *refuse(const Expr *expr, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported", what), expr->position);
}

/* --- pulling correlated conjuncts up ------------------------------------ */

typedef struct Pull
{
    Build *build;
    const Expr *subquery; /* for messages */
    ColumnSet inside;     /* columns the subquery makes itself */
    ExprList pulled;
    bool exists;      /* only asked whether there are rows: order and limit do not matter */
    bool lone_agg;    /* passed an aggregate without groups: it has a row even where nothing matches */
} Pull;

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

/* Above an aggregate only `outer = inner` can be said: inner becomes one more group. */
static Error *pull_through_groups(Pull *pull, Rel *agg, const ExprList *below)
{
    Arena *arena = pull->build->arena;
    for (int32_t k = 0; k < below->count; k++)
    {
        Expr *conjunct = below->items[k];
        if (conjunct->kind != EXPR_COMPARE || conjunct->op != '=')
            return refuse(pull->subquery, "an aggregate subquery correlated by other than equality");
        int32_t in = is_correlated(pull, conjunct->args[0]) ? 1 : 0;
        Expr *inner = conjunct->args[in], *outer = conjunct->args[1 - in];
        if (is_correlated(pull, inner) || reads_inside(pull, outer))
            return refuse(pull->subquery, "an aggregate subquery correlated in this way");
        ColumnId column = inner->kind == EXPR_COLUMN ? inner->column
                                                     : bound_add_column(arena, pull->build->statement, "key",
                                                                        inner->type, inner->nullable);
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

/* Builds the subquery of `expr` and pulls its correlation up. */
static Error *build_pulled(Build *build, const Expr *expr, bool exists, Pull *pull, Rel **rel)
{
    *pull = (Pull){.build = build, .subquery = expr, .exists = exists, .pulled = {.arena = build->arena}};
    TRY(build_query(build, expr->subquery, rel));
    rel_columns_inside(build->arena, *rel, &pull->inside);
    if (!tree_is_correlated(pull, *rel))
        return NULL;
    bool limited = (*rel)->kind == REL_LIMIT && !exists;
    TRY(pull_up(pull, rel));
    if (limited || tree_is_correlated(pull, *rel))
        return refuse(expr, "a subquery correlated in this way");
    return NULL;
}

/* --- EXISTS and IN as conjuncts ------------------------------------------ */

static Error *join_exists(Build *build, const Expr *expr, bool negated, Rel **rel)
{
    Rel *inner;
    Pull pull;
    TRY(build_pulled(build, expr, true, &pull, &inner));
    if (pull.lone_agg && inner->kind != REL_FILTER)
    { /* always one row */
        Expr *never = expr_boolean(build->arena, false);
        *rel = rel_filter(build->arena, *rel, &never, negated ? 1 : 0);
        return NULL;
    }
    if (pull.lone_agg && pull.pulled.count > 0)
        return refuse(expr, "EXISTS over a correlated aggregate with HAVING");
    *rel = rel_join(build->arena, negated ? JOIN_ANTI : JOIN_SEMI, *rel, inner, pull.pulled.items, pull.pulled.count);
    return NULL;
}

/* x NOT IN (rows): true if there are no rows, or x is no null, no row is null and none is equal.
 * Beside the anti join stands one row (count of rows, count of those not null). */
static Error *join_not_in_counts(Build *build, const Expr *expr, Expr *left, Rel **rel)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    Rel *again, *agg = rel_new(arena, REL_AGG, 1);
    TRY(build_query(build, expr->subquery, &again));
    agg->inputs[0] = again;
    ColumnId rows = bound_add_column(arena, statement, "rows", type_make(TYPE_BIGINT), false);
    ColumnId values = bound_add_column(arena, statement, "values", type_make(TYPE_BIGINT), false);
    agg->agg_count = 2;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, 2);
    agg->aggs[0] = (BoundAgg){.kind = AGG_COUNT_STAR, .column = rows};
    agg->aggs[1] = (BoundAgg){.kind = AGG_COUNT,
                              .arg = expr_column(arena, statement, expr->subquery->targets[0].column),
                              .column = values};
    *rel = rel_join_set(arena, *rel, agg, NULL, 0);
    Expr *rows_column = expr_column(arena, statement, rows);
    Expr *all[2] = {expr_compare_make(arena, '=', rows_column, expr_column(arena, statement, values)), NULL};
    Expr *null = expr_make(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &left);
    null->nullable = false;
    all[1] = expr_not(arena, null);
    Expr *either[2] = {expr_compare_make(arena, '=', rows_column, expr_bigint(arena, 0)),
                       expr_and_list(arena, all, 2)};
    Expr *test = expr_or_list(arena, either, 2);
    *rel = rel_filter(arena, *rel, &test, 1);
    return NULL;
}

static Error *join_in(Build *build, const Expr *expr, bool negated, Rel **rel)
{
    Arena *arena = build->arena;
    Rel *inner;
    Pull pull;
    Expr *left = expr->args[0];
    TRY(build_expr(build, &left, rel));
    TRY(build_pulled(build, expr, false, &pull, &inner));
    if (pull.lone_agg && pull.pulled.count > 0 && negated)
        return refuse(expr, "NOT IN over a correlated aggregate");
    Expr *right = expr_column(arena, build->statement, expr->subquery->targets[0].column);
    Expr *equal = expr_compare_make(arena, '=', left, right);
    bool nulls = left->nullable || right->nullable;
    if (negated && nulls && pull.pulled.count > 0)
    { /* a null is as good as equal */
        Expr *any[3] = {equal, expr_make(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &left),
                        expr_make(arena, EXPR_IS_NULL, type_make(TYPE_BOOLEAN), 1, &right)};
        any[1]->nullable = any[2]->nullable = false;
        equal = expr_or_list(arena, any, 3);
    }
    expr_list_add(&pull.pulled, equal);
    *rel = rel_join(arena, negated ? JOIN_ANTI : JOIN_SEMI, *rel, inner, pull.pulled.items, pull.pulled.count);
    if (negated && nulls && pull.pulled.count == 1)
        return join_not_in_counts(build, expr, left, rel);
    return NULL;
}

/* --- values -------------------------------------------------------------- */

/* Not more than one row: (count, min) of the rows, and an error if count > 1. */
static void keep_one_row(Build *build, ColumnId *target, Rel **rel)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    Expr *value = expr_column(arena, statement, *target);
    Rel *agg = rel_new(arena, REL_AGG, 1);
    agg->inputs[0] = *rel;
    ColumnId rows = bound_add_column(arena, statement, "rows", type_make(TYPE_BIGINT), false);
    *target = bound_add_column(arena, statement, statement->columns[*target].name, value->type, true);
    agg->agg_count = 2;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, 2);
    agg->aggs[0] = (BoundAgg){.kind = AGG_COUNT_STAR, .column = rows};
    agg->aggs[1] = (BoundAgg){.kind = AGG_MIN, .arg = value, .column = *target};
    Expr *test = expr_compare_make(arena, 'l', expr_column(arena, statement, rows), expr_bigint(arena, 1));
    Rel *filter = rel_new(arena, REL_FILTER, 1);
    filter->inputs[0] = agg;
    filter->conjunct_count = 1;
    filter->conjuncts = arena_memdup(arena, &test, sizeof test);
    filter->must_hold = true;
    *rel = filter;
}

/* The aggregate counts under an expression over `agg`: they give 0, not null, where nothing matched. */
typedef struct CountSwap
{
    Build *build;
    const Rel *agg;
} CountSwap;

static Expr *count_swap(void *context, const Expr *column)
{
    CountSwap *swap = context;
    for (int32_t k = 0; k < swap->agg->agg_count; k++)
    {
        const BoundAgg *agg = &swap->agg->aggs[k];
        if (agg->column != column->column)
            continue;
        swap->build->statement->columns[agg->column].nullable = true;
        Expr *args[2] = {expr_column(swap->build->arena, swap->build->statement, agg->column),
                         expr_bigint(swap->build->arena, 0)};
        if (agg->kind != AGG_COUNT && agg->kind != AGG_COUNT_STAR)
            return args[0];
        Expr *counted = expr_make(swap->build->arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
        counted->nullable = false;
        return counted;
    }
    return NULL;
}

static Error *scalar_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    Rel *inner;
    Pull pull;
    TRY(build_pulled(build, expr, false, &pull, &inner));
    ColumnId target = expr->subquery->targets[0].column;
    if (pull.pulled.count == 0)
    {
        if (!rel_is_one_row(inner))
            keep_one_row(build, &target, &inner);
        build->statement->columns[target].nullable = true;
        *rel = rel_join(arena, JOIN_LEFT, *rel, inner, NULL, 0);
        *value = expr_column(arena, build->statement, target);
        return NULL;
    }
    if (!pull.lone_agg)
        return refuse(expr, "a correlated scalar subquery without an aggregate");
    if (inner->kind == REL_PROJECT && inner->inputs[0]->kind == REL_AGG && inner->named_count == 1)
    { /* compute above the join, where a count can be told from no row */
        CountSwap swap = {build, inner->inputs[0]};
        *value = expr_replace(arena, inner->named[0].expr, count_swap, &swap);
        inner = inner->inputs[0];
    }
    else if (inner->kind == REL_AGG)
    {
        CountSwap swap = {build, inner};
        *value = expr_replace(arena, expr_column(arena, build->statement, target), count_swap, &swap);
    }
    else
        return refuse(expr, "a correlated scalar subquery of this form");
    *rel = rel_join(arena, JOIN_LEFT, *rel, inner, pull.pulled.items, pull.pulled.count);
    return NULL;
}

/* EXISTS as a value: the subquery's keys, each once, with a mark; its mark is null where nothing matched. */
static Error *exists_value(Build *build, const Expr *expr, Rel **rel, Expr **value)
{
    Arena *arena = build->arena;
    BoundStatement *statement = build->statement;
    Rel *inner;
    Pull pull;
    if (expr->subquery_kind == SUBQUERY_IN)
        return refuse(expr, "IN (subquery) inside an expression");
    TRY(build_pulled(build, expr, true, &pull, &inner));
    if (pull.lone_agg)
        return refuse(expr, "EXISTS over an aggregate inside an expression");
    ExprList below = pull.pulled;
    pull.pulled = (ExprList){.arena = arena};
    Rel *agg = rel_new(arena, REL_AGG, 1);
    agg->inputs[0] = inner;
    agg->agg_count = 1;
    agg->aggs = ARENA_ARRAY(arena, BoundAgg, 1);
    ColumnId mark = bound_add_column(arena, statement, "mark", type_make(TYPE_BIGINT), true);
    agg->aggs[0] = (BoundAgg){.kind = AGG_COUNT_STAR, .column = mark};
    TRY(pull_through_groups(&pull, agg, &below));
    *rel = rel_join(arena, JOIN_LEFT, *rel, agg, pull.pulled.items, pull.pulled.count);
    Expr *args[2] = {expr_column(arena, statement, mark), expr_bigint(arena, 0)};
    Expr *count = expr_make(arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
    count->nullable = false;
    *value = expr_compare_make(arena, expr->negated ? '=' : '>', count, expr_bigint(arena, 0));
    return NULL;
}

Error *build_expr(Build *build, Expr **expr, Rel **rel)
{
    Expr *at = *expr;
    if (!expr_has_subquery(at))
        return NULL;
    if (at->kind == EXPR_SUBQUERY)
        return at->subquery_kind == SUBQUERY_SCALAR ? scalar_value(build, at, rel, expr)
                                                    : exists_value(build, at, rel, expr);
    Expr *copy = arena_memdup(build->arena, at, sizeof(Expr));
    copy->args = arena_memdup(build->arena, at->args, sizeof(Expr *) * (size_t) at->arg_count);
    for (int32_t k = 0; k < at->arg_count; k++)
        TRY(build_expr(build, &copy->args[k], rel));
    *expr = copy;
    return NULL;
}

static Error *build_conjunct(Build *build, Expr *conjunct, ExprList *plain, Rel **rel)
{
    const Expr *test = conjunct->kind == EXPR_NOT ? conjunct->args[0] : conjunct;
    if (test->kind == EXPR_SUBQUERY && test->subquery_kind != SUBQUERY_SCALAR)
    {
        bool negated = test->negated != (conjunct->kind == EXPR_NOT);
        return test->subquery_kind == SUBQUERY_EXISTS ? join_exists(build, test, negated, rel)
                                                      : join_in(build, test, negated, rel);
    }
    TRY(build_expr(build, &conjunct, rel));
    expr_list_add(plain, conjunct);
    return NULL;
}

Error *build_filter(Build *build, Expr *condition, Rel **rel)
{
    ExprList conjuncts = {.arena = build->arena}, plain = {.arena = build->arena};
    expr_list_add_conjuncts(&conjuncts, condition);
    for (int32_t k = 0; k < conjuncts.count; k++)
        TRY(build_conjunct(build, conjuncts.items[k], &plain, rel));
    *rel = rel_filter(build->arena, *rel, plain.items, plain.count);
    return NULL;
}
