/* SPDX-License-Identifier: Apache-2.0 */
/* Making and walking relations; used by builder, rules and planner. */
#ifndef SQL_REL_REL_TOOL_H
#define SQL_REL_REL_TOOL_H

#include "sql/rel/expr_tool.h"
#include "sql/rel/rel.h"

Rel *rel_new(Arena *arena, RelKind kind, int32_t input_count);
/* `input` itself if there are no conjuncts; an existing plain FILTER on top grows. */
Rel *rel_filter(Arena *arena, Rel *input, Expr *const *conjuncts, int32_t count);
Rel *rel_join(Arena *arena, JoinKind join, Rel *left, Rel *right, Expr *const *conjuncts, int32_t count);
Rel *rel_join_set(Arena *arena, Rel *a, Rel *b, Expr *const *conjuncts, int32_t count);
Rel *rel_expand(Arena *arena, Rel *input, BoundNamed numbers);
Rel *rel_project(Arena *arena, Rel *input, const BoundNamed *named, int32_t count);
/* input_columns[input][k] of each input is called columns[k]; all are copied. */
Rel *rel_append(Arena *arena, Rel *const *inputs, ColumnId *const *input_columns, int32_t input_count,
                const ColumnId *columns, int32_t column_count);
/* One more partition key, for all windows of the node. */
void rel_add_partition(Arena *arena, Rel *window, Expr *key);
void rel_set_conjuncts(Rel *rel, const ExprList *list);

/* Columns a relation gives to whoever stands above it. */
void rel_columns(Arena *arena, const Rel *rel, ColumnSet *set);
/* Columns any node of the tree makes. */
void rel_columns_inside(Arena *arena, const Rel *rel, ColumnSet *set);
/* Columns the node itself reads of its inputs. */
void rel_columns_read(Arena *arena, const Rel *rel, ColumnSet *set);
/* Sets `outputs` of every node, from the leaves up: all that it can give. */
void rel_outputs_fill(Arena *arena, Rel *rel);
/* Exchanges columns in all expressions of the node itself (not in an APPEND's input_columns). */
void rel_replace(Arena *arena, Rel *rel, ExprSwap *swap, void *context);
/* Calls columns by other names, in an expression and everywhere in a tree. */
Expr *expr_rename(Arena *arena, const BoundStatement *statement, Expr *expr, const ColumnId *from, const ColumnId *to,
                  int32_t count);
void rel_rename(Arena *arena, const BoundStatement *statement, Rel *rel, const ColumnId *from, const ColumnId *to,
                int32_t count);
/* One row at most, for certain. */
bool rel_is_one_row(const Rel *rel);

/* Calls `visit` for every REL_SHARED of the tree. */
typedef void RelVisit(void *context, Rel *rel);
void rel_each_shared(Rel *rel, RelVisit *visit, void *context);

/* Makes `rel` a shared tree, whose results are all it gives: its number. */
int32_t rel_tree_share(Arena *arena, RelTree *tree, Rel *rel);
/* Reads `source`, which is shared tree number `shared`; its results are called columns[], copied, or NULL: get new
 * names. */
Rel *rel_read_shared(Arena *arena, BoundStatement *statement, const Rel *source, int32_t shared,
                     const ColumnId *columns);

/* Drops shared trees without readers, puts those with one in its place, and orders the others. */
void rel_tree_settle(Arena *arena, BoundStatement *statement, RelTree *tree);

/* A rule of one tree: gives the tree that stands in place of *rel (rel_rewrite carries the root's results over).
 * A tree rule looks at the shared trees and their readers together.  rule.def is the list. */
typedef Error *RelRule(Arena *arena, BoundStatement *statement, Rel **rel);
typedef Error *RelTreeRule(Arena *arena, BoundStatement *statement, RelTree *tree);
#define RULE(name, what)      RelRule rule_##name;
#define TREE_RULE(name, what) RelTreeRule rule_##name;
#include "sql/rel/rule.def"
#undef RULE
#undef TREE_RULE

/* Helpers of rules, each in a file of its own. */
/* (a and x) or (a and y) -> a, (x or y): adds what it becomes to `out`. */
void or_factor(Arena *arena, Expr *conjunct, ExprList *out);
/* What an OR implies for a relation that gives only `columns`: NULL if nothing. */
Expr *or_implied(Arena *arena, const Expr *conjunct, const ColumnSet *columns);
/* Adds to `list` what follows from a = b and a test of a against constants. */
void infer_tests(Arena *arena, const BoundStatement *statement, ExprList *list);
/* cast(column) op constant -> column op constant', where that is the same; else the conjunct. */
Expr *cast_unwrapped(Arena *arena, Expr *conjunct);

/* For expr_replace: context is a Rel; what it computes takes the place of its column; NULL: not one of its own. */
Expr *rel_named_swap(void *context, const Expr *column);

#endif
