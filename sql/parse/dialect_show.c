/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is there, as a query over the view that knows it:
 *
 *     show tables from schema dev.public like 'a%' limit 5
 *  -> SELECT t.* FROM pg_catalog.svv_all_tables t WHERE t.table_name IS NOT NULL
 *     AND t.schema_name = 'public' AND t.database_name = 'dev' AND t.table_name LIKE 'a%' ORDER BY t.table_name LIMIT 5
 */
#include "sql/parse/dialect.h"

#include "base/core/text.h"

#include <string.h>

#define SHOW_NAMES_MAX 3 /* database.schema.table */

typedef struct ShowList
{
    const char *what;
    const char *of; /* FROM this kind of object; NULL: of the warehouse */
    int32_t names_min;
    int32_t names_max; /* what else than the last of them may be left out */
    const char *items;
    const char *view;
    const char *name;  /* what LIKE is asked of */
    const char *order;
} ShowList;

static const ShowList SHOW_LISTS[] = {
    {"columns", "table", 2, 3, "t.*", "svv_all_columns", "column_name", "ordinal_position"},
    {"databases", NULL, 0, 0,
     "t.database_name, t.database_owner, t.database_type, t.database_acl, t.database_options AS parameters,"
     " t.database_isolation_level",
     "svv_redshift_databases", "database_name", "database_name"},
    {"schemas", "database", 1, 1, "t.*", "svv_all_schemas", "schema_name", "schema_name"},
    {"tables", "schema", 1, 2, "t.*", "svv_all_tables", "table_name", "table_name"},
};

/* Which list the statement asks for, or NULL: SHOW of a setting. */
static const ShowList *show_list(const TokenList *tokens)
{
    if (!token_is(tokens, 0, "show"))
        return NULL;
    for (size_t i = 0; i < sizeof SHOW_LISTS / sizeof *SHOW_LISTS; i++)
    {
        const ShowList *list = &SHOW_LISTS[i];
        if (token_is(tokens, 1, list->what) &&
            (list->of == NULL || (token_is(tokens, 2, "from") && token_is(tokens, 3, list->of))))
            return list;
    }
    return NULL;
}

/* Reads [[database.]schema.]table, or what of it the list is of, as conditions. */
static Error *read_conditions(Dialect *dialect, const ShowList *list, Text *query)
{
    static const char *const COLUMNS[SHOW_NAMES_MAX] = {"database_name", "schema_name", "table_name"};
    ParseName names[SHOW_NAMES_MAX];
    int32_t count = 0;
    do
        TRY(dialect_read_name(dialect, &names[count++]));
    while (count < list->names_max && dialect_take_char(dialect, '.'));
    if (count < list->names_min)
        return dialect_syntax_error(dialect, dialect->at);
    for (int32_t i = 0; i < count; i++)
    {
        text_printf(query, " AND t.%s = ", COLUMNS[list->names_max - count + i]);
        text_quote_literal(query, names[i].name, strlen(names[i].name));
    }
    return NULL;
}

Error *dialect_show(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    const ShowList *list = show_list(tokens);
    if (list == NULL)
        return NULL;
    int32_t begin = tokens->items[0].start;
    Text query;
    text_init(&query, dialect->arena);
    text_printf(&query, "SELECT %s FROM pg_catalog.%s t WHERE t.%s IS NOT NULL", list->items, list->view, list->name);
    dialect->at = list->of == NULL ? 2 : 4;
    if (list->of != NULL)
        TRY(read_conditions(dialect, list, &query));
    bool like = dialect_take(dialect, "like");
    if (like)
        text_printf(&query, " AND t.%s LIKE ", list->name);
    const char *order = arena_printf(dialect->arena, " ORDER BY t.%s ", list->order);
    if (!like)
        text_puts(&query, order);
    edit_replace(&dialect->edits, begin, tokens->items[dialect->at - 1].end, query.data, begin);
    if (like) /* a string or a parameter, as it stands there */
    {
        int32_t pattern = dialect->at++;
        if (!token_is_string(tokens, pattern) && token_kind(tokens, pattern) != PG_QUERY__TOKEN__PARAM)
            return dialect_syntax_error(dialect, pattern);
        edit_replace(&dialect->edits, tokens->items[pattern].end, tokens->items[pattern].end, order, begin);
    }
    if (dialect_take(dialect, "limit") && !token_is_integer(tokens, dialect->at++))
        return dialect_syntax_error(dialect, dialect->at - 1);
    return dialect_need_end(dialect);
}
