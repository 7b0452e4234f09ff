/* SPDX-License-Identifier: Apache-2.0 */
/* Small hash maps for names and ids.  Not for rows: those have run/hash. */
#ifndef BASE_CORE_MAP_H
#define BASE_CORE_MAP_H

#include "base/core/arena.h"

/* Keys are copied into the arena; values are borrowed.  NULL is no value. */
typedef struct Map Map;

Map *map_new(Arena *arena);
void *map_get(const Map *map, const char *key);
void map_put(Map *map, const char *key, void *value); /* replaces */
void *map_get_id(const Map *map, int64_t id);
void map_put_id(Map *map, int64_t id, void *value);
int64_t map_count(const Map *map);

#endif
