/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of the grammar for what is bound as if it had been written: select f(x) ..., in the arena. */
#include "sql/bind/make_node.h"

Node *node_string_make(Arena *arena, const char *text)
{
    Node *node = NODE_NEW(arena, Node, PG_QUERY__NODE__INIT);
    node->node_case = PG_QUERY__NODE__NODE_STRING;
    node->string = NODE_NEW(arena, PgQuery__String, PG_QUERY__STRING__INIT);
    node->string->sval = arena_strdup(arena, text);
    return node;
}

Node *node_call_make(Arena *arena, const char *name, Node *arg)
{
    Node *node = NODE_NEW(arena, Node, PG_QUERY__NODE__INIT), *word = node_string_make(arena, name);
    node->node_case = PG_QUERY__NODE__NODE_FUNC_CALL;
    node->func_call = NODE_NEW(arena, PgQuery__FuncCall, PG_QUERY__FUNC_CALL__INIT);
    node->func_call->n_funcname = 1;
    node->func_call->funcname = arena_memdup(arena, &word, sizeof word);
    node->func_call->n_args = 1;
    node->func_call->args = arena_memdup(arena, &arg, sizeof arg);
    return node;
}

PgQuery__SelectStmt *node_select_make(Arena *arena, Node *const *values, size_t count, const char *prefix)
{
    PgQuery__SelectStmt *select = NODE_NEW(arena, PgQuery__SelectStmt, PG_QUERY__SELECT_STMT__INIT);
    select->op = PG_QUERY__SET_OPERATION__SETOP_NONE;
    select->limit_option = PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_DEFAULT;
    select->n_target_list = count;
    select->target_list = ARENA_ARRAY(arena, Node *, count);
    for (size_t k = 0; k < count; k++)
    {
        Node *item = select->target_list[k] = NODE_NEW(arena, Node, PG_QUERY__NODE__INIT);
        item->node_case = PG_QUERY__NODE__NODE_RES_TARGET;
        item->res_target = NODE_NEW(arena, PgQuery__ResTarget, PG_QUERY__RES_TARGET__INIT);
        item->res_target->val = values[k];
        item->res_target->location = node_location(values[k]);
        if (prefix != NULL)
            item->res_target->name = arena_printf(arena, "%s%zu", prefix, k + 1);
    }
    return select;
}

Node *node_of_select(Arena *arena, PgQuery__SelectStmt *select)
{
    Node *node = NODE_NEW(arena, Node, PG_QUERY__NODE__INIT);
    node->node_case = PG_QUERY__NODE__NODE_SELECT_STMT;
    node->select_stmt = select;
    return node;
}
