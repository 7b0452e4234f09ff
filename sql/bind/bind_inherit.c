/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CREATE TABLE AS does not say of distribution and sort key comes from its query (Redshift's guide, "CTAS usage notes"):
 *
 *     query over sales distkey(listid) sortkey(dateid)            distkey   sortkey
 *     select listid, dateid, qtysold from sales [where ...]       listid    dateid
 *     ... order by qtysold                                        listid    qtysold
 *     ... limit 100, group by, distinct; joins, set operations    none      none
 *
 * Here "..." is a query over one table: its top is a scan, or a sort over one.
 */
#include "sql/bind/binder.h"

/* The table, if the query gives rows of it as they are, in whatever order; else NULL. */
static const CatalogTable *scanned_table(const BoundQuery *query)
{
    bool plain = query->set_kind == SET_NONE && query->from != NULL && query->from->kind == FROM_TABLE && !query->grouped &&
                 query->window_count == 0 && query->qualify == NULL && !query->distinct && query->distinct_on_count == 0 &&
                 query->limit == NULL && query->offset == NULL;
    return plain ? query->from->table : NULL;
}

/* Where the table's column stands in the result as it is; -1: nowhere. */
static int32_t target_of(const BoundQuery *query, int32_t ordinal)
{
    for (int32_t i = 0; i < query->visible_count; i++)
        if (query->targets[i].expr->kind == EXPR_COLUMN && query->targets[i].expr->column == query->from->columns[ordinal])
            return i;
    return -1;
}

/* A key without its column spreads rows evenly. */
static void inherit_distribution(CatalogTable *table, const BoundQuery *query, const CatalogTable *source)
{
    int32_t key = source->dist_style == DIST_KEY ? target_of(query, source->dist_column) : -1;
    if (source->dist_style != DIST_KEY || key >= 0)
        table->dist_style = source->dist_style;
    table->dist_column = key;
}

/* A result column that ORDER BY goes up by; -1: none. */
static int32_t sorted_target(const BoundQuery *query, const BoundSort *sort)
{
    for (int32_t i = 0; i < query->visible_count && !sort->descending; i++)
        if (query->targets[i].column == sort->expr->column)
            return i;
    return -1;
}

/* The first columns of ORDER BY or, without it, of the table's sort key that the result has. */
static void inherit_sort_key(CatalogTable *table, const BoundQuery *query, const CatalogTable *source)
{
    bool ordered = query->sort_count > 0;
    int32_t count = ordered ? query->sort_count : source->sort_count;
    for (int32_t i = 0; i < count && table->sort_count < SORT_COLUMNS_MAX; i++)
    {
        int32_t target = ordered ? sorted_target(query, &query->sort[i]) : target_of(query, source->sort_columns[i]);
        if (target < 0)
            return;
        if (table_sort_position(table, target) == 0)
            table->sort_columns[table->sort_count++] = target;
    }
}

void bind_inherit(CatalogTable *table, const BoundQuery *query, const TableOptions *said)
{
    const CatalogTable *source = scanned_table(query);
    if (source == NULL)
        return;
    if (said == NULL || (said->dist == TABLE_DIST_UNSAID && said->dist_key == NULL))
        inherit_distribution(table, query, source);
    if (said == NULL || said->sort_count == 0)
        inherit_sort_key(table, query, source);
}
