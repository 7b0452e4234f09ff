/* SPDX-License-Identifier: Apache-2.0 */
/* A catalog of the suite's own, and tables and segments to put into it. */
#ifndef TESTS_UNIT_CATALOG_CASE_H
#define TESTS_UNIT_CATALOG_CASE_H

#include "base/data/hash.h"
#include "base/data/hll.h"
#include "sql/catalog/catalog.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "catalog-XXXXXX";
static char path[64];
static Catalog *catalog;

static inline void worked(Error *error)
{
    if (error != NULL)
        fprintf(stderr, "%s (%s)\n", error->message, error->detail == NULL ? "" : error->detail);
    CU_ASSERT_PTR_NULL_FATAL(error);
}

static inline void fails(SqlState state, Error *error)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_EQUAL(error->state, state);
    error_free(error);
}

static inline int set_up(void)
{
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/catalog.db", directory);
    CatalogPrincipal user = {.id = FIRST_USER_ID, .version = 1, .name = "ada", .scram = "SCRAM-SHA-256$1:a:b:c", .superuser = true};
    Error *error = catalog_create(path, 3, "dev", &user);
    if (error == NULL)
        error = catalog_open(path, &catalog);
    if (error != NULL)
        fprintf(stderr, "%s\n", error->message);
    return error != NULL;
}

static inline int tear_down(void)
{
    catalog_close(catalog);
    unlink(path);
    return rmdir(directory);
}

static inline void reopen(void)
{
    catalog_close(catalog);
    worked(catalog_open(path, &catalog));
}

static inline CatalogTable *two_columns(Arena *arena, const char *schema, const char *name)
{
    CatalogTable *table = ARENA_NEW(arena, CatalogTable);
    table->schema = arena_strdup(arena, schema);
    table->name = arena_strdup(arena, name);
    table->owner = "ada";
    table->dist_style = DIST_KEY;
    table->dist_column = 0;
    table->column_count = 2;
    table->columns = ARENA_ARRAY(arena, CatalogColumn, 2);
    table->columns[0] = (CatalogColumn){.name = "id", .type = type_make(TYPE_BIGINT), .not_null = true, .encoding = "az64"};
    table->columns[1] = (CatalogColumn){.name = "word", .type = type_varchar(20), .default_sql = "'x'"};
    table->sort_count = 1;
    table->sort_columns = ARENA_ARRAY(arena, int32_t, 1);
    return table;
}

/* Statistics of the values from..from+rows-1 in column 0, and of words in column 1. */
static inline ColumnStats *stats_of(Arena *arena, int64_t from, int64_t rows)
{
    ColumnStats *stats = ARENA_ARRAY(arena, ColumnStats, 2);
    Hll *hll = ARENA_NEW(arena, Hll);
    for (int64_t i = 0; i < rows; i++)
        hll_add(hll, hash_u64((uint64_t) (from + i)));
    stats[0] = (ColumnStats){.has_range = true, .min = {.i = from}, .max = {.i = from + rows - 1},
                             .hll = hll->registers, .hll_bytes = sizeof *hll};
    stats[1] = (ColumnStats){.null_count = rows / 2, .has_range = true, .min = {.str = {"aa", 2}},
                             .max = {.str = {"zz", 2}}, .average_width = (double) from};
    return stats;
}

static inline void add(CatalogTxn *txn, Arena *arena, int64_t table_id, const char *file, int64_t from, int64_t rows)
{
    SegmentRecord record = {.segment = {.slice = 1, .file = arena_strdup(arena, file), .rows = rows, .bytes = rows * 10},
                            .columns = stats_of(arena, from, rows)};
    record.segment.digest[15] = 7;
    worked(catalog_add_segments(txn, table_id, &record, 1));
    CU_ASSERT(record.segment.id > 0);
}

static inline int64_t create(Arena *arena, const char *name)
{
    CatalogTable *table = two_columns(arena, "public", name);
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_create_table(txn, table));
    worked(catalog_commit(txn));
    return table->id;
}

#endif
