/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of the grammar that nobody wrote; all live in the arena, what they are made of is borrowed. */
#ifndef SQL_BIND_MAKE_NODE_H
#define SQL_BIND_MAKE_NODE_H

#include "sql/bind/binder.h"

/* NODE_NEW(arena, PgQuery__String, PG_QUERY__STRING__INIT) */
#define NODE_NEW(arena, Type, init) ((Type *) arena_memdup(arena, &(Type) init, sizeof(Type)))

Node *node_string_make(Arena *arena, const char *text);
Node *node_call_make(Arena *arena, const char *name, Node *arg);
/* select value1 as a1, value2 as a2: with `prefix` "a"; NULL: without names */
PgQuery__SelectStmt *node_select_make(Arena *arena, Node *const *values, size_t count, const char *prefix);
Node *node_of_select(Arena *arena, PgQuery__SelectStmt *select);

#endif
