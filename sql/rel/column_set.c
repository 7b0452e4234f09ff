/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/rel/column_set.h"

#include "base/core/assert.h"

#include <string.h>

void column_set_add(Arena *arena, ColumnSet *set, ColumnId column)
{
    ASSERT(column >= 0);
    int32_t word = column / 64;
    if (word >= set->word_count)
    {
        int32_t count = word + 1 + word / 2;
        uint64_t *words = ARENA_ARRAY(arena, uint64_t, count);
        if (set->word_count > 0)
            memcpy(words, set->words, sizeof(uint64_t) * (size_t) set->word_count);
        set->words = words;
        set->word_count = count;
    }
    set->words[word] |= UINT64_C(1) << (column % 64);
}

void column_set_add_all(Arena *arena, ColumnSet *set, const ColumnId *columns, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        column_set_add(arena, set, columns[k]);
}

void column_set_unite(Arena *arena, ColumnSet *set, const ColumnSet *other)
{
    for (int32_t word = 0; word < other->word_count; word++)
        for (uint64_t rest = other->words[word]; rest != 0; rest &= rest - 1)
            column_set_add(arena, set, word * 64 + __builtin_ctzll(rest));
}

bool column_set_has(const ColumnSet *set, ColumnId column)
{
    int32_t word = column / 64;
    return word < set->word_count && (set->words[word] >> (column % 64) & 1) != 0;
}

bool column_set_within(const ColumnSet *part, const ColumnSet *whole)
{
    for (int32_t word = 0; word < part->word_count; word++)
        if ((part->words[word] & ~(word < whole->word_count ? whole->words[word] : 0)) != 0)
            return false;
    return true;
}

bool column_set_meets(const ColumnSet *a, const ColumnSet *b)
{
    int32_t count = a->word_count < b->word_count ? a->word_count : b->word_count;
    for (int32_t word = 0; word < count; word++)
        if ((a->words[word] & b->words[word]) != 0)
            return true;
    return false;
}

int32_t column_set_count(const ColumnSet *set)
{
    int32_t count = 0;
    for (int32_t word = 0; word < set->word_count; word++)
        count += __builtin_popcountll(set->words[word]);
    return count;
}

int32_t column_set_list(Arena *arena, const ColumnSet *set, ColumnId **columns)
{
    int32_t count = 0;
    *columns = ARENA_ARRAY(arena, ColumnId, column_set_count(set));
    for (int32_t word = 0; word < set->word_count; word++)
        for (uint64_t rest = set->words[word]; rest != 0; rest &= rest - 1)
            (*columns)[count++] = word * 64 + __builtin_ctzll(rest);
    return count;
}
