/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of ColumnIds: which columns an expression needs, which a relation gives. */
#ifndef SQL_REL_COLUMN_SET_H
#define SQL_REL_COLUMN_SET_H

#include "sql/bind/bound.h"

/* Zeroed = empty.  Words live in the arena given to the call that grew the set. */
typedef struct ColumnSet
{
    uint64_t *words;
    int32_t word_count;
} ColumnSet;

void column_set_add(Arena *arena, ColumnSet *set, ColumnId column);
void column_set_add_all(Arena *arena, ColumnSet *set, const ColumnId *columns, int32_t count);
void column_set_unite(Arena *arena, ColumnSet *set, const ColumnSet *other);
bool column_set_has(const ColumnSet *set, ColumnId column);
bool column_set_within(const ColumnSet *part, const ColumnSet *whole);
bool column_set_meets(const ColumnSet *a, const ColumnSet *b);
int32_t column_set_count(const ColumnSet *set);
/* Copies the members, ascending, into an array of the arena; returns how many. */
int32_t column_set_list(Arena *arena, const ColumnSet *set, ColumnId **columns);

#endif
