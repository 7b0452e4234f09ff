/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GROUPING SETS, ROLLUP, CUBE: each item of GROUP BY is a list of sets of groups; all together are every set of the
 * first with every set of the second, and so on.
 *
 *     group by a, rollup (b, c)       {a} x {b c, b, -}  =  {a b c}, {a b}, {a}
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

typedef struct SetList
{
    int32_t count;
    int32_t capacity;
    uint64_t *sets; /* bit k: group k */
} SetList;

static Error *add_set(Binder *binder, SetList *list, uint64_t set)
{
    if (list->count == BIND_GROUPING_SETS_MAX)
        return error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "too many grouping sets present (maximum %d)",
                         BIND_GROUPING_SETS_MAX);
    ARRAY_ADD(binder->arena, list->sets, list->count, list->capacity, set);
    return NULL;
}

/* A group, or a row of some, as one set. */
static Error *bind_element(Binder *binder, Scope *scope, const Node *node, uint64_t *set)
{
    if (node->node_case == PG_QUERY__NODE__NODE_ROW_EXPR)
    {
        for (size_t i = 0; i < node->row_expr->n_args; i++)
            TRY(bind_element(binder, scope, node->row_expr->args[i], set));
        return NULL;
    }
    int32_t group;
    TRY(bind_group(binder, scope, node, &group));
    if (group >= BIND_GROUPING_GROUPS_MAX)
        return error_at(error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "more than %d groups beside grouping sets",
                                  BIND_GROUPING_GROUPS_MAX),
                        node_position(binder, node_location(node)));
    *set |= UINT64_C(1) << group;
    return NULL;
}

static Error *bind_elements(Binder *binder, Scope *scope, const PgQuery__GroupingSet *node, uint64_t **out)
{
    *out = ARENA_ARRAY(binder->arena, uint64_t, node->n_content + 1);
    for (size_t i = 0; i < node->n_content; i++)
        TRY(bind_element(binder, scope, node->content[i], &(*out)[i]));
    return NULL;
}

static Error *add_rollup(Binder *binder, Scope *scope, const PgQuery__GroupingSet *node, SetList *list)
{
    uint64_t *elements;
    TRY(bind_elements(binder, scope, node, &elements));
    for (size_t taken = node->n_content + 1; taken-- > 0;)
    {
        uint64_t set = 0;
        for (size_t i = 0; i < taken; i++)
            set |= elements[i];
        TRY(add_set(binder, list, set));
    }
    return NULL;
}

static Error *add_cube(Binder *binder, Scope *scope, const PgQuery__GroupingSet *node, SetList *list)
{
    uint64_t *elements;
    if (node->n_content > 12)
        return error_at(error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "CUBE is limited to 12 elements"),
                        node_position(binder, node->location));
    TRY(bind_elements(binder, scope, node, &elements));
    for (uint32_t left_out = 0; left_out < UINT32_C(1) << node->n_content; left_out++)
    {
        uint64_t set = 0;
        for (size_t i = 0; i < node->n_content; i++)
            if ((left_out >> (node->n_content - 1 - i) & 1) == 0)
                set |= elements[i];
        TRY(add_set(binder, list, set));
    }
    return NULL;
}

static Error *add_sets(Binder *binder, Scope *scope, const Node *node, SetList *list)
{
    if (node->node_case != PG_QUERY__NODE__NODE_GROUPING_SET)
    {
        uint64_t set = 0;
        TRY(bind_element(binder, scope, node, &set));
        return add_set(binder, list, set);
    }
    const PgQuery__GroupingSet *sets = node->grouping_set;
    switch (sets->kind)
    {
    case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_EMPTY:
        return add_set(binder, list, 0);
    case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_ROLLUP:
        return add_rollup(binder, scope, sets, list);
    case PG_QUERY__GROUPING_SET_KIND__GROUPING_SET_CUBE:
        return add_cube(binder, scope, sets, list);
    default:
        for (size_t i = 0; i < sets->n_content; i++)
            TRY(add_sets(binder, scope, sets->content[i], list));
        return NULL;
    }
}

static Error *cross(Binder *binder, SetList *all, const SetList *more)
{
    SetList product = {0};
    for (int32_t i = 0; i < all->count; i++)
        for (int32_t k = 0; k < more->count; k++)
            TRY(add_set(binder, &product, all->sets[i] | more->sets[k]));
    *all = product;
    return NULL;
}

bool bind_has_grouping_sets(const PgQuery__SelectStmt *select)
{
    for (size_t i = 0; i < select->n_group_clause; i++)
        if (select->group_clause[i]->node_case == PG_QUERY__NODE__NODE_GROUPING_SET ||
            select->group_clause[i]->node_case == PG_QUERY__NODE__NODE_ROW_EXPR)
            return true;
    return false;
}

/* GROUP BY DISTINCT: a set that is there is not there twice. */
static void drop_equal_sets(SetList *all)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < all->count; i++)
    {
        int32_t k = 0;
        while (k < kept && all->sets[k] != all->sets[i])
            k++;
        if (k == kept)
            all->sets[kept++] = all->sets[i];
    }
    all->count = kept;
}

Error *bind_grouping_sets(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    BoundQuery *query = scope->query;
    SetList all = {0};
    TRY(add_set(binder, &all, 0));
    for (size_t i = 0; i < select->n_group_clause; i++)
    {
        SetList more = {0};
        TRY(add_sets(binder, scope, select->group_clause[i], &more));
        TRY(cross(binder, &all, &more));
    }
    if (select->group_distinct)
        drop_equal_sets(&all);
    uint64_t common = ~UINT64_C(0);
    for (int32_t i = 0; i < all.count; i++)
        common &= all.sets[i];
    if (all.count == 1)
        return NULL;
    query->grouping_set_count = all.count;
    query->grouping_sets = all.sets;
    query->grouping = bound_add_column(binder->arena, binder->statement, "grouping", type_make(TYPE_BIGINT), false);
    for (int32_t k = 0; k < query->group_count; k++)
        if ((common >> k & 1) == 0)
            binder->statement->columns[query->groups[k].column].nullable = true;
    return NULL;
}

/* --- GROUPING() ------------------------------------------------------------------------------- */

Error *bind_grouping_call(Binder *binder, Scope *scope, size_t count, Node *const *nodes, int32_t position,
                          Expr **out)
{
    GroupingCall call = {.arg_count = (int32_t) count,
                         .args = ARENA_ARRAY(binder->arena, Expr *, count + 1),
                         .position = position};
    if (scope->no_aggregates != NULL)
        return error_at(
            error_new(SQLSTATE_GROUPING_ERROR, "grouping operations are not allowed in %s", scope->no_aggregates),
            position);
    if (count < 1 || count > 31)
        return error_at(error_new(SQLSTATE_GROUPING_ERROR, "GROUPING must have fewer than 32 arguments"), position);
    for (size_t i = 0; i < count; i++)
        TRY(bind_expr(binder, scope, nodes[i], &call.args[i]));
    call.column = bound_add_column(binder->arena, binder->statement, "grouping", type_make(TYPE_INTEGER), false);
    ARRAY_ADD(binder->arena, scope->groupings, scope->grouping_count, scope->grouping_capacity, call);
    *out = expr_column(binder->arena, binder->statement, call.column);
    (*out)->position = position;
    return NULL;
}

static Expr *bigint(const Binder *binder, int64_t value)
{
    return expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = value});
}

static Error *find_group(const BoundQuery *query, const Expr *arg, int32_t position, int32_t *group)
{
    for (*group = 0; *group < query->group_count; (*group)++)
        if (expr_equal(query->groups[*group].expr, arg))
            return NULL;
    return error_at(error_new(SQLSTATE_GROUPING_ERROR,
                              "arguments to GROUPING must be grouping expressions of the associated query level"),
                    arg->position > 0 ? arg->position : position);
}

/* Sum over the arguments, the last one first, of 2^k * bit of its group. */
Error *bind_finish_grouping(Binder *binder, Scope *scope, const GroupingCall *call, Expr **out)
{
    const BoundQuery *query = scope->query;
    Expr *sum = bigint(binder, 0);
    for (int32_t i = 0; i < call->arg_count; i++)
    {
        int32_t group;
        Expr *bit;
        TRY(find_group(query, call->args[i], call->position, &group));
        if (query->grouping_set_count == 0)
            continue;
        bit = expr_column(binder->arena, binder->statement, query->grouping);
        TRY(bind_operator(binder, "/", bit, bigint(binder, INT64_C(1) << group), call->position, &bit));
        TRY(bind_operator(binder, "%", bit, bigint(binder, 2), call->position, &bit));
        TRY(bind_operator(binder, "*", sum, bigint(binder, 2), call->position, &sum));
        TRY(bind_operator(binder, "+", sum, bit, call->position, &sum));
    }
    return coerce(binder, sum, type_make(TYPE_INTEGER), CAST_EXPLICIT, out);
}
