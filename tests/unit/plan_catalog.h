/* SPDX-License-Identifier: Apache-2.0 */
/* TPC-H's catalog with the statistics of scale 1, no data needed, and the way from a statement's text to its plan: for the
 * tests of plans and of generated code.  Everything lives in `arena`. */
#ifndef TESTS_UNIT_PLAN_CATALOG_H
#define TESTS_UNIT_PLAN_CATALOG_H

#include "base/data/value.h"
#include "sql/bind/bind.h"
#include "src/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Stat
{
    const char *table, *column;
    double distinct;
    const char *min, *max;
} Stat;

static const struct
{
    const char *table;
    int64_t rows;
} ROWS[] = {{"region", 5},    {"nation", 25},       {"supplier", 10000}, {"customer", 150000},
            {"part", 200000}, {"partsupp", 800000}, {"orders", 1500000}, {"lineitem", 6001215}};

static const Stat STATS[] = {
    {"region", "r_regionkey", 5, "0", "4"},
    {"region", "r_name", 5, NULL, NULL},
    {"nation", "n_nationkey", 25, "0", "24"},
    {"nation", "n_name", 25, NULL, NULL},
    {"nation", "n_regionkey", 5, "0", "4"},
    {"supplier", "s_suppkey", 10000, "1", "10000"},
    {"supplier", "s_name", 10000, NULL, NULL},
    {"supplier", "s_nationkey", 25, "0", "24"},
    {"supplier", "s_acctbal", 9900, "-998.22", "9999.72"},
    {"customer", "c_custkey", 150000, "1", "150000"},
    {"customer", "c_name", 150000, NULL, NULL},
    {"customer", "c_nationkey", 25, "0", "24"},
    {"customer", "c_acctbal", 140000, "-999.99", "9999.99"},
    {"customer", "c_mktsegment", 5, NULL, NULL},
    {"part", "p_partkey", 200000, "1", "200000"},
    {"part", "p_brand", 25, NULL, NULL},
    {"part", "p_type", 150, NULL, NULL},
    {"part", "p_size", 50, "1", "50"},
    {"part", "p_container", 40, NULL, NULL},
    {"part", "p_mfgr", 5, NULL, NULL},
    {"partsupp", "ps_partkey", 200000, "1", "200000"},
    {"partsupp", "ps_suppkey", 10000, "1", "10000"},
    {"partsupp", "ps_availqty", 9999, "1", "9999"},
    {"partsupp", "ps_supplycost", 99900, "1.00", "1000.00"},
    {"orders", "o_orderkey", 1500000, "1", "6000000"},
    {"orders", "o_custkey", 99996, "1", "149999"},
    {"orders", "o_orderstatus", 3, NULL, NULL},
    {"orders", "o_totalprice", 1460000, "857.71", "555285.16"},
    {"orders", "o_orderdate", 2406, "1992-01-01", "1998-08-02"},
    {"orders", "o_orderpriority", 5, NULL, NULL},
    {"orders", "o_shippriority", 1, "0", "0"},
    {"lineitem", "l_orderkey", 1500000, "1", "6000000"},
    {"lineitem", "l_partkey", 200000, "1", "200000"},
    {"lineitem", "l_suppkey", 10000, "1", "10000"},
    {"lineitem", "l_linenumber", 7, "1", "7"},
    {"lineitem", "l_quantity", 50, "1.00", "50.00"},
    {"lineitem", "l_extendedprice", 933900, "901.00", "104949.50"},
    {"lineitem", "l_discount", 11, "0.00", "0.10"},
    {"lineitem", "l_tax", 9, "0.00", "0.08"},
    {"lineitem", "l_returnflag", 3, NULL, NULL},
    {"lineitem", "l_linestatus", 2, NULL, NULL},
    {"lineitem", "l_shipdate", 2526, "1992-01-02", "1998-12-01"},
    {"lineitem", "l_commitdate", 2466, "1992-01-31", "1998-10-31"},
    {"lineitem", "l_receiptdate", 2554, "1992-01-04", "1998-12-31"},
    {"lineitem", "l_shipinstruct", 4, NULL, NULL},
    {"lineitem", "l_shipmode", 7, NULL, NULL},
};

static const BindContext CONTEXT = {.database = "dev", .user = "stoa", .version = "Stoa"};

static Arena *arena; /* of the whole run */
static CatalogSnapshot *snapshot;

/* --- the catalog -------------------------------------------------------------- */

static inline void die(const char *what, Error *error)
{
    fprintf(stderr, "%s: %s\n", what, error == NULL ? "no error" : error->message);
    exit(2);
}

static inline char *file_path(const char *name)
{
    const char *top = getenv("STOA_TOP");
    return arena_printf(arena, "%s/%s", top == NULL ? "." : top, name);
}

static inline char *file_text(const char *name)
{
    Text text;
    text_init(&text, arena);
    FILE *file = fopen(file_path(name), "r");
    char buffer[4096];
    size_t got;
    if (file == NULL)
        return NULL;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        text_append(&text, buffer, got);
    fclose(file);
    return text.data;
}

static inline Datum parse_datum(SqlType type, const char *text)
{
    Datum value;
    Error *error = value_parse(arena, type, VALUE_INPUT, text, strlen(text), &value);
    if (error != NULL)
        die(text, error);
    return value;
}

static inline void fill_stats(CatalogTable *table)
{
    for (size_t k = 0; k < sizeof ROWS / sizeof ROWS[0]; k++)
        if (strcmp(ROWS[k].table, table->name) == 0)
            table->row_count = ROWS[k].rows;
    for (int32_t c = 0; c < table->column_count; c++)
        for (size_t k = 0; k < sizeof STATS / sizeof STATS[0]; k++)
        {
            CatalogColumn *column = &table->columns[c];
            if (strcmp(STATS[k].table, table->name) != 0 || strcmp(STATS[k].column, column->name) != 0)
                continue;
            column->stats.distinct = STATS[k].distinct;
            column->stats.has_range = STATS[k].min != NULL;
            if (STATS[k].min == NULL)
                continue;
            column->stats.min = parse_datum(column->type, STATS[k].min);
            column->stats.max = parse_datum(column->type, STATS[k].max);
        }
}

static inline void add_tables(const char *sql)
{
    ParseList *list;
    Error *error = parse_statements(arena, sql, &list);
    if (error != NULL)
        die("schema", error);
    CatalogTable **tables = ARENA_ARRAY(arena, CatalogTable *, snapshot->table_count + list->count);
    for (int32_t k = 0; k < snapshot->table_count; k++)
        tables[k] = snapshot->tables[k];
    snapshot->tables = tables;
    for (int32_t k = 0; k < list->count; k++)
    {
        CreateTablePlan *plan;
        error = bind_create_table(arena, snapshot, &CONTEXT, &list->statements[k], &plan);
        if (error != NULL)
            die("create table", error);
        plan->table->id = 100 + snapshot->table_count;
        fill_stats(plan->table);
        tables[snapshot->table_count++] = plan->table;
    }
}

static inline void make_catalog(void)
{
    static char *schemas[] = {"public"};
    static CatalogPrincipal root = {.name = "root", .superuser = true}; /* number 0: whom the context acts as */
    static const PrincipalList principals = {.count = 1, .items = &root};
    snapshot = ARENA_NEW(arena, CatalogSnapshot);
    snapshot->principals = &principals;
    snapshot->version = 1;
    snapshot->slice_count = 16;
    snapshot->database = "dev";
    snapshot->schema_count = 1;
    snapshot->schemas = schemas;
    char *schema = file_text("bench/tpch/schema.sql");
    if (schema == NULL)
        die("bench/tpch/schema.sql", NULL);
    add_tables(schema);
    add_tables("create table few (a int, b int not null, c varchar(10)) diststyle even;"
               "create table copied (k int not null, v varchar(10)) diststyle all;");
}

/* --- from text to plan ----------------------------------------------------------- */

static inline Error *make_rel(const char *sql, BoundStatement **statement, RelTree **rel)
{
    ParseList *list;
    TRY(parse_statements(arena, sql, &list));
    TRY(bind_statement(arena, snapshot, &CONTEXT, &list->statements[0], statement));
    TRY(rel_build(arena, *statement, (*statement)->query, rel));
    return rel_rewrite(arena, *statement, *rel);
}

static inline Error *make_plan(const char *sql, int32_t rank_count, Plan **plan)
{
    BoundStatement *statement;
    RelTree *rel;
    TRY(make_rel(sql, &statement, &rel));
    return plan_make(arena, snapshot, statement, rel, rank_count, plan);
}

/* --- golden files ------------------------------------------------------------------ */

/* The file's text; with STOA_GOLDEN=write it is `text` from now on. NULL: there is no such file. */
static inline char *golden_text(const char *name, const char *text)
{
    const char *mode = getenv("STOA_GOLDEN");
    if (mode != NULL && strcmp(mode, "write") == 0)
    {
        FILE *file = fopen(file_path(name), "w");
        if (file == NULL)
            die(name, NULL);
        fputs(text, file);
        fclose(file);
    }
    return file_text(name);
}

#endif
