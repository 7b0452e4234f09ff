/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/catalog/key.h"
#include "sql/catalog/catalog.h"

#include <string.h>

CatalogKey *keys_copy(Arena *arena, const CatalogKey *keys, int32_t count)
{
    if (count == 0)
        return NULL;
    CatalogKey *copies = arena_memdup(arena, keys, sizeof *keys * (size_t) count);
    for (int32_t i = 0; i < count; i++)
    {
        size_t bytes = sizeof(int32_t) * (size_t) keys[i].column_count;
        copies[i].name = arena_strdup(arena, keys[i].name);
        copies[i].columns = arena_memdup(arena, keys[i].columns, bytes);
        copies[i].refers_columns = key_is_unique(&keys[i]) ? NULL : arena_memdup(arena, keys[i].refers_columns, bytes);
    }
    return copies;
}

bool key_has(const CatalogKey *key, int32_t column_id)
{
    for (int32_t i = 0; i < key->column_count; i++)
        if (key->columns[i] == column_id)
            return true;
    return false;
}

void key_remove(CatalogTable *table, const CatalogKey *key)
{
    for (int32_t i = (int32_t) (key - table->keys); i < table->key_count - 1; i++)
        table->keys[i] = table->keys[i + 1];
    table->key_count--;
}

const CatalogKey *key_named(const CatalogTable *table, const char *name)
{
    for (int32_t i = 0; i < table->key_count; i++)
        if (strcmp(table->keys[i].name, name) == 0)
            return &table->keys[i];
    return NULL;
}

bool key_same_columns(const int32_t *a, const int32_t *b, int32_t count)
{
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++)
        for (int32_t k = 0; k < count; k++)
            found += a[i] == b[k]; /* no column is in a key twice */
    return found == count;
}

const CatalogKey *key_with(const CatalogTable *table, const int32_t *columns, int32_t count)
{
    for (int32_t i = 0; i < table->key_count; i++)
    {
        const CatalogKey *key = &table->keys[i];
        if (key_is_unique(key) && key->column_count == count && key_same_columns(key->columns, columns, count))
            return key;
    }
    return NULL;
}

const CatalogKey *key_primary(const CatalogTable *table)
{
    for (int32_t i = 0; i < table->key_count; i++)
        if (table->keys[i].kind == KEY_PRIMARY)
            return &table->keys[i];
    return NULL;
}

const CatalogKey *catalog_find_index(const CatalogSnapshot *snapshot, const char *schema, const char *name,
                                     const CatalogTable **table)
{
    for (int32_t t = 0; t < snapshot->table_count; t++)
    {
        *table = snapshot->tables[t];
        const CatalogKey *key = strcmp((*table)->schema, schema) == 0 ? key_named(*table, name) : NULL;
        if (key != NULL && key_is_unique(key))
            return key;
    }
    return NULL;
}

const CatalogKey *catalog_find_referrer(const CatalogSnapshot *snapshot, int64_t table_id, const CatalogTable **table)
{
    for (int32_t t = 0; t < snapshot->table_count; t++)
    {
        *table = snapshot->tables[t];
        for (int32_t i = 0; i < (*table)->key_count && (*table)->id != table_id; i++)
            if (!key_is_unique(&(*table)->keys[i]) && (*table)->keys[i].refers_to == table_id)
                return &(*table)->keys[i];
    }
    return NULL;
}
