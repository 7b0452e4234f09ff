/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding names in a snapshot, and the descriptions of the system views, which
 * sysview.def unrolls into at compile time:
 *
 *     columns_of_views[]   all columns of all views, one after the other
 *     SYSVIEW_FIRST_stv_slices   where a view's begin
 *     struct stv_slices_   a byte a column: its size counts them
 *
 * and of those that view.def says by queries.
 */
#include "sql/catalog/catalog.h"

#include <string.h>

static const CatalogColumn columns_of_views[] = {
#define SYSVIEW(view)
#define SYSVIEW_COLUMN(view, column, type_id, size, scale_)                                            \
    {.name = (char *) #column,                                                                         \
     .type = {.id = TYPE_##type_id,                                                                    \
              .precision = TYPE_##type_id == TYPE_DECIMAL ? (size) : 0,                                \
              .scale = (scale_),                                                                       \
              .length = TYPE_##type_id == TYPE_DECIMAL ? 0 : (size)}},
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN
};

struct nothing_
{
    char nothing;
#define SYSVIEW(view)                                                                                  \
    }                                                                                                  \
    ;                                                                                                  \
    struct view##_                                                                                     \
    {
#define SYSVIEW_COLUMN(view, column, type_id, size, scale_) char column##_;
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN
};

static const CatalogTable views[] = {
#define SYSVIEW(view)                                                                                  \
    [SYSVIEW_##view] = {.id = -1 - SYSVIEW_##view,                                                     \
                        .schema = (char *) "pg_catalog",                                               \
                        .name = (char *) #view,                                                        \
                        .owner = (char *) "rdsdb",                                                     \
                        .dist_column = -1,                                                             \
                        .column_count = sizeof(struct view##_),                                        \
                        .columns = (CatalogColumn *) &columns_of_views[SYSVIEW_FIRST_##view],                  \
                        .row_count = 100},
#define SYSVIEW_COLUMN(view, column, type_id, size, scale_)
#include "sql/catalog/sysview.def"
#undef SYSVIEW
#undef SYSVIEW_COLUMN
};
_Static_assert(SYSVIEW_COLUMNS_END == sizeof columns_of_views / sizeof columns_of_views[0], "sysview.def unrolls evenly");

enum
{
#define VIEW(schema_name, view, query) QUERY_##schema_name##_##view,
#include "sql/catalog/view.def"
#undef VIEW
    QUERY_COUNT
};

/* Queries over the others, behind them by number. */
static const CatalogTable queries[] = {
#define VIEW(schema_name, view, query)                                                                 \
    {.id = -1 - SYSVIEW_COUNT - QUERY_##schema_name##_##view,                                          \
     .schema = (char *) #schema_name,                                                                  \
     .name = (char *) #view,                                                                           \
     .owner = (char *) "rdsdb",                                                                        \
     .dist_column = -1,                                                                                \
     .view_sql = (char *) (query)},
#include "sql/catalog/view.def"
#undef VIEW
};

const CatalogTable *catalog_sysview(int32_t index)
{
    if (index < SYSVIEW_COUNT)
        return &views[index];
    return index < SYSVIEW_COUNT + QUERY_COUNT ? &queries[index - SYSVIEW_COUNT] : NULL;
}

static const CatalogTable *sysview_find(const char *schema, const char *name)
{
    const CatalogTable *view;
    for (int32_t i = 0; (view = catalog_sysview(i)) != NULL; i++)
        if (strcmp(view->name, name) == 0 && strcmp(view->schema, schema) == 0)
            return view;
    return NULL;
}

static bool is_system_schema(const char *schema)
{
    return strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0;
}

const CatalogTable *catalog_find_table(const CatalogSnapshot *snapshot, const char *schema, const char *name)
{
    if (schema == NULL || is_system_schema(schema))
    {
        const CatalogTable *view = sysview_find(schema == NULL ? "pg_catalog" : schema, name);
        if (view != NULL || schema != NULL)
            return view;
        schema = "public";
    }
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (strcmp(snapshot->tables[i]->name, name) == 0 && strcmp(snapshot->tables[i]->schema, schema) == 0)
            return snapshot->tables[i];
    return NULL;
}

const CatalogTable *catalog_find_table_id(const CatalogSnapshot *snapshot, int64_t table_id)
{
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (snapshot->tables[i]->id == table_id)
            return snapshot->tables[i];
    return NULL;
}

bool catalog_has_schema(const CatalogSnapshot *snapshot, const char *schema)
{
    if (is_system_schema(schema))
        return true;
    for (int32_t i = 0; i < snapshot->schema_count; i++)
        if (strcmp(snapshot->schemas[i], schema) == 0)
            return true;
    return false;
}

int32_t table_identity(const CatalogTable *table)
{
    return table->identity.step == 0 ? -1 : catalog_find_column_id(table, table->identity.column_id);
}

int32_t table_sort_position(const CatalogTable *table, int32_t ordinal)
{
    for (int32_t i = 0; i < table->sort_count; i++)
        if (table->sort_columns[i] == ordinal)
            return i + 1;
    return 0;
}

bool view_depends_on(const CatalogTable *view, int64_t table_id)
{
    for (int32_t i = 0; i < view->depend_count; i++)
        if (view->depends[i] == table_id)
            return true;
    return false;
}

int32_t catalog_find_column_id(const CatalogTable *table, int32_t id)
{
    for (int32_t i = 0; i < table->column_count; i++)
        if (table->columns[i].id == id)
            return i;
    return -1;
}

int32_t catalog_find_column(const CatalogTable *table, const char *name)
{
    for (int32_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    return -1;
}
