/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, load at most one half; nothing is ever removed
 * (putting NULL leaves the key with no value). */
#include "base/core/map.h"
#include "base/core/assert.h"

#include <stdbool.h>
#include <string.h>

#define SLOTS_FIRST 16

typedef struct Slot
{
    const char *key; /* NULL for an id */
    int64_t id;
    uint64_t hash;
    void *value;
    bool taken;
} Slot;

struct Map
{
    Arena *arena;
    Slot *slots;
    int64_t slot_count; /* a power of two */
    int64_t taken_count;
    int64_t value_count;
};

Map *map_new(Arena *arena)
{
    Map *map = ARENA_NEW(arena, Map);
    map->arena = arena;
    map->slot_count = SLOTS_FIRST;
    map->slots = ARENA_ARRAY(arena, Slot, SLOTS_FIRST);
    return map;
}

/* FNV-1a, 64 bits. */
static uint64_t key_hash(const char *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t) *key) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 32);
}

static uint64_t id_hash(int64_t id)
{
    uint64_t hash = (uint64_t) id * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 32);
}

/* The slot that holds the key, or the free one where it belongs. */
static Slot *slot_find(const Map *map, const char *key, int64_t id, uint64_t hash)
{
    uint64_t mask = (uint64_t) map->slot_count - 1;
    for (uint64_t at = hash & mask;; at = (at + 1) & mask)
    {
        Slot *slot = &map->slots[at];
        if (!slot->taken)
            return slot;
        if (slot->hash != hash || (slot->key == NULL) != (key == NULL))
            continue;
        if (key == NULL ? slot->id == id : strcmp(slot->key, key) == 0)
            return slot;
    }
}

static void map_grow(Map *map)
{
    Slot *old = map->slots;
    int64_t old_count = map->slot_count;
    map->slot_count *= 2;
    map->slots = ARENA_ARRAY(map->arena, Slot, map->slot_count);
    for (int64_t i = 0; i < old_count; i++)
        if (old[i].taken)
            *slot_find(map, old[i].key, old[i].id, old[i].hash) = old[i];
}

static void slot_put(Map *map, const char *key, int64_t id, uint64_t hash, void *value)
{
    Slot *slot = slot_find(map, key, id, hash);
    if (!slot->taken)
    {
        if (value == NULL)
            return;
        if ((map->taken_count + 1) * 2 > map->slot_count)
        {
            map_grow(map);
            slot = slot_find(map, key, id, hash);
        }
        slot->taken = true;
        slot->key = key == NULL ? NULL : arena_strdup(map->arena, key);
        slot->id = id;
        slot->hash = hash;
        map->taken_count++;
    }
    map->value_count += (value != NULL) - (slot->value != NULL);
    slot->value = value;
}

void *map_get(const Map *map, const char *key)
{
    ASSERT(key != NULL);
    return slot_find(map, key, 0, key_hash(key))->value;
}

void map_put(Map *map, const char *key, void *value)
{
    ASSERT(key != NULL);
    slot_put(map, key, 0, key_hash(key), value);
}

void *map_get_id(const Map *map, int64_t id)
{
    return slot_find(map, NULL, id, id_hash(id))->value;
}

void map_put_id(Map *map, int64_t id, void *value)
{
    slot_put(map, NULL, id, id_hash(id), value);
}

int64_t map_count(const Map *map)
{
    return map->value_count;
}
