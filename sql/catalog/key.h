/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Declared keys: PRIMARY KEY, UNIQUE, FOREIGN KEY.  They say what the data is like and are not enforced; PRIMARY KEY's
 * columns are NOT NULL, which is.
 *
 *     emp (id, boss)     emp_pkey       PRIMARY   columns 0
 *                        emp_boss_fkey  FOREIGN   columns 1   refers to emp, columns 0
 *
 * A primary or unique key's name is one of the relations of its schema, as PostgreSQL's index of that name is; a foreign
 * key's is only the table's.
 */
#ifndef SQL_CATALOG_KEY_H
#define SQL_CATALOG_KEY_H

#include "base/core/arena.h"

#include <stdbool.h>

#define KEY_COLUMNS_MAX 32

typedef enum KeyKind
{
    KEY_PRIMARY = 'p', /* letters of pg_constraint.contype */
    KEY_UNIQUE = 'u',
    KEY_FOREIGN = 'f'
} KeyKind;

typedef struct CatalogKey
{
    int64_t id; /* 0: gets its number when its table is made */
    KeyKind kind;
    char *name;
    int32_t column_count;
    int32_t *columns; /* by number (CatalogColumn.id), in the order written */
    /* FOREIGN */
    int64_t refers_to;        /* a table's number; 0: this one, which has none yet */
    int32_t *refers_columns;  /* column_count of them: those of one of its primary and unique keys, in any order */
    char on_update, on_delete; /* letters of pg_constraint: 'a' no action, 'r', 'c', 'n', 'd' */
    char match;                /* 's' simple, 'f' full */
} CatalogKey;

struct CatalogTable;
struct CatalogSnapshot;

static inline bool key_is_unique(const CatalogKey *key)
{
    return key->kind != KEY_FOREIGN;
}

/* A copy that shares nothing. */
CatalogKey *keys_copy(Arena *arena, const CatalogKey *keys, int32_t count);
/* The table's key of that name or, for key_with(), the primary or unique one of these columns in any order; NULL. */
bool key_has(const CatalogKey *key, int32_t column_id);
/* One of the table's own: it goes. */
void key_remove(struct CatalogTable *table, const CatalogKey *key);
const CatalogKey *key_named(const struct CatalogTable *table, const char *name);
const CatalogKey *key_with(const struct CatalogTable *table, const int32_t *columns, int32_t count);
const CatalogKey *key_primary(const struct CatalogTable *table);
/* Are these two the same columns, in any order? */
bool key_same_columns(const int32_t *a, const int32_t *b, int32_t count);
/* A primary or unique key of that name in the schema; *table is whose.  NULL. */
const CatalogKey *catalog_find_index(const struct CatalogSnapshot *snapshot, const char *schema, const char *name,
                                     const struct CatalogTable **table);
/* A foreign key of another table that refers to `table_id`; *table is whose.  NULL. */
const CatalogKey *catalog_find_referrer(const struct CatalogSnapshot *snapshot, int64_t table_id,
                                        const struct CatalogTable **table);

#endif
