/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/dictionary.h"

#include "base/core/assert.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct DictBuilder
{
    Arena *arena;
    Str *entries; /* in order of arrival */
    int32_t count;
    int32_t capacity;
    uint32_t *slots; /* entry + 1, 0 = free; at most half full */
    uint32_t mask;
    uint16_t **blocks; /* a block's entries as numbers into `entries` */
    int32_t *block_counts;
    int32_t block_count;
    int32_t block_capacity;
};

DictBuilder *dict_builder_new(Arena *arena)
{
    DictBuilder *builder = ARENA_NEW(arena, DictBuilder);
    builder->arena = arena;
    return builder;
}

static uint32_t *slot_find(DictBuilder *builder, Str s)
{
    uint32_t slot = (uint32_t) XXH3_64bits(s.data, (size_t) s.len) & builder->mask;
    for (;; slot = (slot + 1) & builder->mask)
    {
        uint32_t entry = builder->slots[slot];
        if (entry == 0)
            return &builder->slots[slot];
        Str have = builder->entries[entry - 1];
        if (have.len == s.len && memcmp(have.data, s.data, (size_t) s.len) == 0)
            return &builder->slots[slot];
    }
}

static void entries_grow(DictBuilder *builder)
{
    int32_t capacity = builder->capacity == 0 ? 64 : builder->capacity * 4;
    Str *entries = ARENA_ARRAY(builder->arena, Str, capacity);
    if (builder->count > 0)
        memcpy(entries, builder->entries, (size_t) builder->count * sizeof(Str));
    builder->entries = entries;
    builder->capacity = capacity;
    builder->slots = ARENA_ARRAY(builder->arena, uint32_t, 2 * capacity);
    builder->mask = 2 * (uint32_t) capacity - 1;
    for (int32_t i = 0; i < builder->count; i++)
        *slot_find(builder, entries[i]) = (uint32_t) i + 1;
}

static void blocks_grow(DictBuilder *builder)
{
    int32_t capacity = builder->block_capacity == 0 ? 16 : builder->block_capacity * 2;
    uint16_t **blocks = ARENA_ARRAY(builder->arena, uint16_t *, capacity);
    int32_t *counts = ARENA_ARRAY(builder->arena, int32_t, capacity);
    if (builder->block_count > 0)
    {
        memcpy(blocks, builder->blocks, (size_t) builder->block_count * sizeof *blocks);
        memcpy(counts, builder->block_counts, (size_t) builder->block_count * sizeof *counts);
    }
    builder->blocks = blocks;
    builder->block_counts = counts;
    builder->block_capacity = capacity;
}

bool dict_builder_add(DictBuilder *builder, const Str *entries, int32_t count)
{
    if (builder->block_count == builder->block_capacity)
        blocks_grow(builder);
    uint16_t *numbers = ARENA_ARRAY(builder->arena, uint16_t, count);
    for (int32_t i = 0; i < count; i++)
    {
        Str s = entries[i];
        if (s.len > 0 && s.data[s.len - 1] == ' ')
            return false;
        if (builder->count == builder->capacity)
            entries_grow(builder);
        uint32_t *slot = slot_find(builder, s);
        if (*slot == 0)
        {
            if (builder->count == DICT_ENTRIES_MAX)
                return false;
            builder->entries[builder->count] = (Str){arena_memdup(builder->arena, s.data, (size_t) s.len), s.len};
            *slot = (uint32_t) ++builder->count;
        }
        numbers[i] = (uint16_t) (*slot - 1);
    }
    builder->blocks[builder->block_count] = numbers;
    builder->block_counts[builder->block_count++] = count;
    return true;
}

static int compare_entries(const void *a, const void *b, void *context)
{
    const Str *entries = context;
    Str x = entries[*(const uint16_t *) a], y = entries[*(const uint16_t *) b];
    size_t shorter = (size_t) (x.len < y.len ? x.len : y.len);
    int order = memcmp(x.data, y.data, shorter);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static bool is_identity(const uint16_t *map, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (map[i] != i)
            return false;
    return true;
}

void dict_builder_finish(DictBuilder *builder, Dictionary *dictionary)
{
    Arena *arena = builder->arena;
    int32_t count = builder->count, blocks = builder->block_count;
    uint16_t *order = ARENA_ARRAY(arena, uint16_t, count), *rank = ARENA_ARRAY(arena, uint16_t, count);
    Str *sorted = ARENA_ARRAY(arena, Str, count);
    for (int32_t i = 0; i < count; i++)
        order[i] = (uint16_t) i;
    if (count > 0)
        qsort_r(order, (size_t) count, sizeof *order, compare_entries, builder->entries);
    for (int32_t i = 0; i < count; i++)
    {
        sorted[i] = builder->entries[order[i]];
        rank[order[i]] = (uint16_t) i;
    }
    dictionary->count = count;
    dictionary->entries = sorted;
    dictionary->maps = ARENA_ARRAY(arena, const uint16_t *, blocks);
    dictionary->map_counts = ARENA_ARRAY(arena, int32_t, blocks);
    for (int32_t block = 0; block < blocks; block++)
    {
        uint16_t *map = builder->blocks[block];
        for (int32_t i = 0; i < builder->block_counts[block]; i++)
            map[i] = rank[map[i]];
        bool same = is_identity(map, builder->block_counts[block]);
        dictionary->maps[block] = same ? NULL : map;
        dictionary->map_counts[block] = same ? 0 : builder->block_counts[block];
    }
}
