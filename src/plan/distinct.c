/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many values a key has where a step stands.  Joins leave fewer than statistics say: of `a = b` both have as many
 * as the one with fewer.  Steps are made from the leaves up and every column has one way up, so what was noted last
 * is what holds.
 */
#include "src/plan/planner.h"

#include <math.h>

void distinct_note(Planner *planner, ColumnId column, double distinct)
{
    if (column >= planner->distinct_count)
    {
        int32_t count = planner->statement->column_count + 16;
        double *most = ARENA_ARRAY(planner->arena, double, count);
        for (int32_t k = 0; k < planner->distinct_count; k++)
            most[k] = planner->distinct_most[k];
        planner->distinct_most = most;
        planner->distinct_count = count;
    }
    double *most = &planner->distinct_most[column];
    *most = *most > 0 ? fmin(*most, distinct) : distinct;
}

double distinct_values(const Planner *planner, const Expr *key, double rows)
{
    double distinct = expr_distinct(planner->statement, key, rows);
    for (; key != NULL && key->kind == EXPR_COLUMN; key = planner->statement->columns[key->column].made_of)
        if (key->column < planner->distinct_count && planner->distinct_most[key->column] > 0)
            distinct = fmin(distinct, planner->distinct_most[key->column]);
    return distinct;
}

/* --- groups ------------------------------------------------------------------- */

#define GROUPS_SAID_MAX 32   /* of more it is not asked which says which */
#define UNIQUE_SHARE    0.95 /* of rows: values of a column that are seen as a key */

static const CatalogTable *table_of(const Planner *planner, ColumnId column)
{
    const CatalogTable *table = planner->statement->columns[column].table;
    return table == NULL || table_is_sysview(table) ? NULL : table;
}

static bool is_key(const Planner *planner, ColumnId column)
{
    const CatalogTable *table = table_of(planner, column);
    return table != NULL && table->columns[planner->statement->columns[column].ordinal].stats.distinct >=
                                UNIQUE_SHARE * (double) table->row_count;
}

/* Does a column of the table equal it? */
static bool reaches(Planner *planner, ColumnId column, const CatalogTable *table)
{
    for (ColumnId c = 0; c < planner->statement->column_count; c++)
        if (table_of(planner, c) == table && same_find(planner, c) == same_find(planner, column))
            return true;
    return false;
}

/* Does a key that equals `column` say what `other` is: a column of its table, or of one whose key is there? */
static bool says(Planner *planner, ColumnId column, ColumnId other)
{
    const CatalogTable *theirs = table_of(planner, other);
    for (ColumnId key = 0; key < planner->statement->column_count && theirs != NULL; key++)
    {
        if (!is_key(planner, key) || same_find(planner, key) != same_find(planner, column))
            continue;
        const CatalogTable *table = table_of(planner, key);
        if (table == theirs)
            return true;
        for (ColumnId k = 0; k < planner->statement->column_count; k++)
            if (table_of(planner, k) == theirs && is_key(planner, k) && reaches(planner, k, table))
                return true;
    }
    return false;
}

double distinct_groups(Planner *planner, const BoundNamed *groups, int32_t count, double rows)
{
    double distinct = 1;
    for (int32_t k = 0; k < count; k++)
    {
        bool said = false; /* by another group, and not both by each other */
        for (int32_t g = 0; g < count && count <= GROUPS_SAID_MAX && !said && groups[k].expr->kind == EXPR_COLUMN; g++)
            said = g != k && groups[g].expr->kind == EXPR_COLUMN &&
                   says(planner, groups[g].expr->column, groups[k].expr->column) &&
                   (g < k || !says(planner, groups[k].expr->column, groups[g].expr->column));
        if (!said)
            distinct *= distinct_values(planner, groups[k].expr, rows);
    }
    return fmax(1, fmin(distinct, rows));
}
