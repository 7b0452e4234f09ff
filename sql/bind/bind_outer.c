/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outer joins written in WHERE.  sql/parse leaves `b.y (+)` as a call of "?outer"(b.y).
 *
 *     from a, b, c where a.x = b.y (+) and b.z (+) = 1 and a.w = c.w and b.z > 0
 *         from: (a cross c) left join b on a.x = b.y and b.z = 1      where: a.w = c.w and b.z > 0
 *
 * SELECT * keeps the order of FROM.
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

typedef struct OuterJoins
{
    Binder *binder;
    Scope *scope;
    int32_t item_count;
    BoundFrom **items; /* of FROM */
    Expr **on;         /* what joins item k to another; NULL: it is joined by none */
    int32_t *partners; /* the item it is joined to; -1: none */
    int32_t part_count;
    int32_t part_capacity;
    Node **parts; /* of WHERE, what (+) does not stand in */
} OuterJoins;

/* --- finding (+) ------------------------------------------------------------------- */

/* Subqueries have a WHERE of their own. */
static TreeAnswer look_for_mark(const ProtobufCMessage *message, const void *context)
{
    (void) context;
    if (message->descriptor == &pg_query__select_stmt__descriptor)
        return TREE_PASS;
    if (message->descriptor != &pg_query__func_call__descriptor)
        return TREE_INTO;
    const PgQuery__FuncCall *call = (const PgQuery__FuncCall *) message;
    const char *name = call->n_funcname > 0 ? node_string(call->funcname[0]) : NULL;
    return name != NULL && strcmp(name, OUTER_JOIN_NAME) == 0 ? TREE_FOUND : TREE_INTO;
}

bool bind_has_outer_mark(const Node *node)
{
    return !node_is_missing(node) && tree_finds(&node->base, look_for_mark, NULL);
}

/* --- a condition with (+) in it ---------------------------------------------------------- */

static Error *refused(const OuterJoins *joins, const Node *node, const char *message)
{
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "%s", message),
                    node == NULL ? 0 : node_position(joins->binder, node_location(node)));
}

static int32_t item_of(const OuterJoins *joins, ColumnId column)
{
    for (int32_t i = 0; i < joins->item_count; i++)
        for (int32_t k = 0; k < joins->items[i]->column_count; k++)
            if (joins->items[i]->columns[k] == column)
                return i;
    return -1;
}

/* The one item beside `table` that the condition reads; -1: none, -2: several. */
static int32_t partner_of(const OuterJoins *joins, const Expr *expr, int32_t table, int32_t partner)
{
    int32_t item = expr->kind == EXPR_COLUMN ? item_of(joins, expr->column) : -1;
    if (item >= 0 && item != table && item != partner)
        partner = partner == -1 ? item : -2;
    for (int32_t i = 0; i < expr->arg_count && partner != -2; i++)
        partner = partner_of(joins, expr->args[i], table, partner);
    return partner;
}

static bool is_or_in(const Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR || node->node_case == PG_QUERY__NODE__NODE_SUB_LINK ||
           (node->node_case == PG_QUERY__NODE__NODE_A_EXPR &&
            node->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN);
}

static Error *add_condition(OuterJoins *joins, const Node *node)
{
    Scope *scope = joins->scope;
    ColumnId marked = NO_COLUMN;
    Expr *condition;
    if (is_or_in(node))
        return refused(joins, node, "Outer join operator (+) not allowed in operand of OR or IN.");
    scope->outer_mark = &marked;
    Error *error = bind_condition(joins->binder, scope, node, "WHERE", &condition);
    scope->outer_mark = NULL;
    TRY(error);
    int32_t table = item_of(joins, marked);
    if (table < 0)
        return refused(joins, node, "Outer join operator (+) takes a column of a table in FROM.");
    int32_t partner = partner_of(joins, condition, table, joins->partners[table]);
    if (partner == -2)
        return refused(joins, node, "A table may be outer joined to at most one other table.");
    joins->partners[table] = partner;
    joins->on[table] = expr_and(joins->binder->arena, joins->on[table], condition);
    return NULL;
}

static Error *read_where(OuterJoins *joins, Node *node)
{
    bool is_and = node->node_case == PG_QUERY__NODE__NODE_BOOL_EXPR &&
                  node->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
    for (size_t i = 0; is_and && i < node->bool_expr->n_args; i++)
        TRY(read_where(joins, node->bool_expr->args[i]));
    if (is_and)
        return NULL;
    if (bind_has_outer_mark(node))
        return add_condition(joins, node);
    ARRAY_ADD(joins->binder->arena, joins->parts, joins->part_count, joins->part_capacity, node);
    return NULL;
}

/* --- the joins ------------------------------------------------------------------------------ */

/* The items of the cross joins that FROM is. */
static void read_items(OuterJoins *joins, BoundFrom *from)
{
    joins->items = ARENA_ARRAY(joins->binder->arena, BoundFrom *, joins->item_count);
    for (int32_t i = joins->item_count - 1; i > 0; i--)
    {
        joins->items[i] = from->right;
        from = from->left;
    }
    joins->items[0] = from;
}

static void join_left(OuterJoins *joins, int32_t item, BoundFrom **from)
{
    Binder *binder = joins->binder;
    BoundFrom *join = bind_cross(binder, *from, joins->items[item]);
    join->join = JOIN_LEFT;
    join->on = joins->on[item];
    *from = join;
    for (int32_t i = 0; i < joins->scope->names.count; i++)
    {
        NameEntry *entry = &joins->scope->names.entries[i];
        if (item_of(joins, entry->column) != item)
            continue;
        entry->outer_joined = true;
        binder->statement->columns[entry->column].nullable = true;
    }
}

/* Those joined to none first; then each behind the one it is joined to. */
static Error *build(OuterJoins *joins, BoundFrom **out)
{
    bool *placed = ARENA_ARRAY(joins->binder->arena, bool, joins->item_count);
    int32_t left = 0;
    *out = NULL;
    for (int32_t i = 0; i < joins->item_count; i++)
    {
        placed[i] = joins->partners[i] < 0;
        left += !placed[i];
        if (placed[i])
            *out = *out == NULL ? joins->items[i] : bind_cross(joins->binder, *out, joins->items[i]);
        if (placed[i] && joins->on[i] != NULL) /* compared with constants only: a plain condition */
            joins->scope->query->where = expr_and(joins->binder->arena, joins->scope->query->where, joins->on[i]);
    }
    for (bool moved = true; moved && left > 0;)
    {
        moved = false;
        for (int32_t i = 0; i < joins->item_count; i++)
        {
            if (placed[i] || !placed[joins->partners[i]])
                continue;
            join_left(joins, i, out);
            placed[i] = moved = true;
            left--;
        }
    }
    return left == 0 ? NULL : refused(joins, NULL, "Tables are outer joined to each other in a circle.");
}

/* What is left of WHERE: all of its parts. */
static Node *rest_of_where(const OuterJoins *joins)
{
    Binder *binder = joins->binder;
    if (joins->part_count == 0)
        return NULL;
    Node *node = ARENA_NEW(binder->arena, Node);
    pg_query__node__init(node);
    node->node_case = PG_QUERY__NODE__NODE_BOOL_EXPR;
    node->bool_expr = ARENA_NEW(binder->arena, PgQuery__BoolExpr);
    pg_query__bool_expr__init(node->bool_expr);
    node->bool_expr->boolop = PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR;
    node->bool_expr->n_args = (size_t) joins->part_count;
    node->bool_expr->args = joins->parts;
    node->bool_expr->location = -1;
    return node;
}

Error *bind_outer_joins(Binder *binder, Scope *scope, PgQuery__SelectStmt *select)
{
    int32_t count = (int32_t) select->n_from_clause;
    OuterJoins joins = {.binder = binder,
                        .scope = scope,
                        .item_count = count,
                        .on = ARENA_ARRAY(binder->arena, Expr *, count),
                        .partners = ARENA_ARRAY(binder->arena, int32_t, count)};
    if (count == 0)
        return refused(&joins, select->where_clause, "Outer join operator (+) takes a column of a table in FROM.");
    read_items(&joins, scope->query->from);
    for (int32_t i = 0; i < count; i++)
    {
        joins.partners[i] = -1;
        if (joins.items[i]->kind == FROM_JOIN)
            return refused(&joins, select->where_clause,
                           "Outer join operator (+) not allowed beside joins written in FROM.");
        if (joins.items[i]->lateral)
            return unsupported(0, "LATERAL beside the outer join operator (+) is");
    }
    scope->no_aggregates = "WHERE";
    TRY(read_where(&joins, select->where_clause));
    scope->no_aggregates = NULL;
    TRY(build(&joins, &scope->query->from));
    select->where_clause = rest_of_where(&joins);
    return NULL;
}
