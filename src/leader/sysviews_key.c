/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comments as pg_description has them, and declared keys as pg_constraint and pg_index have them.  There are no indexes; but clients find primary keys by those PostgreSQL
 * has for them, so a primary or unique key is a row of both, and of pg_class, with the key's number:
 *
 *     pg_constraint  oid 100123  conname emp_pkey  conrelid 100122  conkey {1}  conindid 100123
 *     pg_index       indexrelid 100123             indrelid 100122  indkey {1}
 *     pg_class       oid 100123  relname emp_pkey  relkind i
 */
#include "base/kernel/bodies.h"
#include "src/leader/sysview_rows.h"

#include <string.h>

#define OID_PG_CLASS      1259
#define OID_PG_CONSTRAINT 2606
#define OID_PG_DATABASE   1262
#define OID_PG_NAMESPACE  2615
#define OID_DATABASE      16384 /* view.def: pg_database */

/* '{1,2}': numbers as pg_attribute has them. */
static const char *numbers(Arena *arena, const CatalogTable *table, const int32_t *columns, int32_t count)
{
    Text text;
    text_init(&text, arena);
    for (int32_t i = 0; i < count; i++)
        text_printf(&text, "%c%d", i == 0 ? '{' : ',', catalog_find_column_id(table, columns[i]) + 1);
    text_putc(&text, '}');
    return text.data;
}

/* '{0,0}' */
static const char *zeros(Arena *arena, int32_t count)
{
    Text text;
    text_init(&text, arena);
    for (int32_t i = 0; i < count; i++)
        text_puts(&text, i == 0 ? "{0" : ",0");
    text_putc(&text, '}');
    return text.data;
}

/* Quoted if it must be. */
static void put_name(Text *text, Arena *arena, const char *name)
{
    Str said = {(char *) name, (int64_t) strlen(name)}, quoted;
    k_quote_ident(arena, &quoted, &said);
    text_append(text, quoted.data, (size_t) quoted.len);
}

static void put_columns(Text *text, Arena *arena, const CatalogTable *table, const int32_t *columns, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
    {
        text_puts(text, i == 0 ? "(" : ", ");
        put_name(text, arena, table->columns[catalog_find_column_id(table, columns[i])].name);
    }
    text_putc(text, ')');
}

static void put_action(Text *text, const char *event, char action)
{
    static const char *const words[] = {['r'] = "RESTRICT", ['c'] = "CASCADE", ['n'] = "SET NULL", ['d'] = "SET DEFAULT"};
    if (action != 'a')
        text_printf(text, " ON %s %s", event, words[(unsigned char) action]);
}

/* As CREATE TABLE would say it; a table off the search path with its schema. */
static const char *definition(const Rows *rows, const CatalogTable *table, const CatalogKey *key)
{
    Text text;
    text_init(&text, rows->arena);
    text_puts(&text, key->kind == KEY_PRIMARY ? "PRIMARY KEY " : key->kind == KEY_UNIQUE ? "UNIQUE " : "FOREIGN KEY ");
    put_columns(&text, rows->arena, table, key->columns, key->column_count);
    if (key_is_unique(key))
        return text.data;
    const CatalogTable *other = catalog_find_table_id(rows->snapshot, key->refers_to);
    text_puts(&text, " REFERENCES ");
    if (!relation_is_visible(rows, other))
    {
        put_name(&text, rows->arena, other->schema);
        text_putc(&text, '.');
    }
    put_name(&text, rows->arena, other->name);
    put_columns(&text, rows->arena, other, key->refers_columns, key->column_count);
    if (key->match == 'f')
        text_puts(&text, " MATCH FULL");
    put_action(&text, "UPDATE", key->on_update);
    put_action(&text, "DELETE", key->on_delete);
    return text.data;
}

/* The number of the key whose index a row of pg_constraint is of: its own, or the one it refers to. */
static int64_t index_of(const Rows *rows, const CatalogKey *key)
{
    if (key_is_unique(key))
        return key->id;
    return key_with(catalog_find_table_id(rows->snapshot, key->refers_to), key->refers_columns, key->column_count)->id;
}

static void put_constraint(Rows *rows, const CatalogTable *table, const CatalogKey *key)
{
    bool foreign = !key_is_unique(key);
    rows_int(rows, key->id);
    rows_str(rows, key->name);
    rows_int(rows, schema_oid(table->schema));
    rows_str(rows, (char[2]){(char) key->kind, '\0'});
    rows_int(rows, false); /* deferrable, deferred */
    rows_int(rows, false);
    rows_int(rows, true); /* validated */
    rows_int(rows, table_oid(table));
    rows_int(rows, 0); /* of no domain */
    rows_int(rows, index_of(rows, key));
    rows_int(rows, foreign ? key->refers_to : 0);
    rows_str(rows, (char[2]){foreign ? key->on_update : ' ', '\0'});
    rows_str(rows, (char[2]){foreign ? key->on_delete : ' ', '\0'});
    rows_str(rows, (char[2]){foreign ? key->match : ' ', '\0'});
    rows_int(rows, true); /* local */
    rows_int(rows, 0);
    rows_int(rows, true);
    rows_str(rows, numbers(rows->arena, table, key->columns, key->column_count));
    if (foreign)
        rows_str(rows, numbers(rows->arena, catalog_find_table_id(rows->snapshot, key->refers_to), key->refers_columns,
                               key->column_count));
    else
        rows_null(rows);
    rows_null(rows);
    rows_str(rows, definition(rows, table, key));
    rows_int(rows, 0);
    rows_int(rows, OID_PG_CONSTRAINT);
    rows_end(rows);
}

Error *rows_of_pg_constraint(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
        for (int32_t i = 0; i < rows->snapshot->tables[t]->key_count; i++)
            put_constraint(rows, rows->snapshot->tables[t], &rows->snapshot->tables[t]->keys[i]);
    return NULL;
}

static const char *index_definition(Arena *arena, const CatalogTable *table, const CatalogKey *key)
{
    Text text;
    text_init(&text, arena);
    text_puts(&text, "CREATE UNIQUE INDEX ");
    put_name(&text, arena, key->name);
    text_puts(&text, " ON ");
    put_name(&text, arena, table->schema);
    text_putc(&text, '.');
    put_name(&text, arena, table->name);
    text_puts(&text, " USING btree ");
    put_columns(&text, arena, table, key->columns, key->column_count);
    return text.data;
}

static void put_index(Rows *rows, const CatalogTable *table, const CatalogKey *key)
{
    rows_int(rows, key->id);
    rows_int(rows, table_oid(table));
    rows_int(rows, key->column_count);
    rows_int(rows, true);
    rows_int(rows, key->kind == KEY_PRIMARY);
    rows_int(rows, false); /* exclusion */
    rows_int(rows, true);  /* immediate */
    rows_int(rows, false); /* clustered */
    rows_int(rows, true);  /* valid, ready */
    rows_int(rows, true);
    rows_int(rows, false);
    rows_str(rows, numbers(rows->arena, table, key->columns, key->column_count));
    rows_str(rows, zeros(rows->arena, key->column_count));
    rows_str(rows, zeros(rows->arena, key->column_count));
    rows_null(rows);
    rows_null(rows);
    rows_str(rows, index_definition(rows->arena, table, key));
    rows_end(rows);
}

Error *rows_of_pg_index(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
        for (int32_t i = 0; i < rows->snapshot->tables[t]->key_count; i++)
            if (key_is_unique(&rows->snapshot->tables[t]->keys[i]))
                put_index(rows, rows->snapshot->tables[t], &rows->snapshot->tables[t]->keys[i]);
    return NULL;
}

/* --- comments --------------------------------------------------------------------- */

static void put_description(Rows *rows, int64_t object, int64_t class, int64_t part, const char *text)
{
    rows_int(rows, object);
    rows_int(rows, class);
    rows_int(rows, part);
    rows_str(rows, text);
    rows_end(rows);
}

Error *rows_of_pg_description(Rows *rows)
{
    for (int32_t i = 0; i < rows->snapshot->schema_count; i++)
        if (rows->snapshot->schema_comments[i] != NULL)
            put_description(rows, schema_oid(rows->snapshot->schemas[i]), OID_PG_NAMESPACE, 0, rows->snapshot->schema_comments[i]);
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        for (int32_t i = 0; i < table->comment_count; i++)
        {
            const CatalogComment *comment = &table->comments[i];
            if (comment->part == 'k')
                put_description(rows, comment->id, OID_PG_CONSTRAINT, 0, comment->text);
            else
                put_description(rows, table_oid(table), OID_PG_CLASS,
                                comment->part == 'c' ? catalog_find_column_id(table, (int32_t) comment->id) + 1 : 0, comment->text);
        }
    }
    return NULL;
}

Error *rows_of_pg_shdescription(Rows *rows)
{
    if (rows->snapshot->comment == NULL)
        return NULL;
    rows_int(rows, OID_DATABASE);
    rows_int(rows, OID_PG_DATABASE);
    rows_str(rows, rows->snapshot->comment);
    rows_end(rows);
    return NULL;
}
