/* SPDX-License-Identifier: Apache-2.0 */
/* A catalog snapshot with TPC-H's tables, built by hand: what binder and planner need of a catalog. */
#ifndef TESTS_UNIT_TPCH_SNAPSHOT_H
#define TESTS_UNIT_TPCH_SNAPSHOT_H

#include "sql/catalog/catalog.h"

typedef struct TpchColumn
{
    const char *table; /* NULL: of the table before */
    const char *name;
    uint8_t id;     /* TypeId */
    int32_t length; /* strings: bytes; DECIMAL: precision */
    int32_t scale;
} TpchColumn;

static const TpchColumn tpch_columns[] = {
    {"customer", "c_custkey", TYPE_INTEGER, 0, 0},
    {NULL, "c_name", TYPE_VARCHAR, 25, 0},
    {NULL, "c_address", TYPE_VARCHAR, 40, 0},
    {NULL, "c_nationkey", TYPE_INTEGER, 0, 0},
    {NULL, "c_phone", TYPE_CHAR, 15, 0},
    {NULL, "c_acctbal", TYPE_DECIMAL, 15, 2},
    {NULL, "c_mktsegment", TYPE_CHAR, 10, 0},
    {NULL, "c_comment", TYPE_VARCHAR, 117, 0},
    {"lineitem", "l_orderkey", TYPE_BIGINT, 0, 0},
    {NULL, "l_partkey", TYPE_INTEGER, 0, 0},
    {NULL, "l_suppkey", TYPE_INTEGER, 0, 0},
    {NULL, "l_linenumber", TYPE_INTEGER, 0, 0},
    {NULL, "l_quantity", TYPE_DECIMAL, 15, 2},
    {NULL, "l_extendedprice", TYPE_DECIMAL, 15, 2},
    {NULL, "l_discount", TYPE_DECIMAL, 15, 2},
    {NULL, "l_tax", TYPE_DECIMAL, 15, 2},
    {NULL, "l_returnflag", TYPE_CHAR, 1, 0},
    {NULL, "l_linestatus", TYPE_CHAR, 1, 0},
    {NULL, "l_shipdate", TYPE_DATE, 0, 0},
    {NULL, "l_commitdate", TYPE_DATE, 0, 0},
    {NULL, "l_receiptdate", TYPE_DATE, 0, 0},
    {NULL, "l_shipinstruct", TYPE_CHAR, 25, 0},
    {NULL, "l_shipmode", TYPE_CHAR, 10, 0},
    {NULL, "l_comment", TYPE_VARCHAR, 44, 0},
    {"nation", "n_nationkey", TYPE_INTEGER, 0, 0},
    {NULL, "n_name", TYPE_CHAR, 25, 0},
    {NULL, "n_regionkey", TYPE_INTEGER, 0, 0},
    {NULL, "n_comment", TYPE_VARCHAR, 152, 0},
    {"orders", "o_orderkey", TYPE_BIGINT, 0, 0},
    {NULL, "o_custkey", TYPE_INTEGER, 0, 0},
    {NULL, "o_orderstatus", TYPE_CHAR, 1, 0},
    {NULL, "o_totalprice", TYPE_DECIMAL, 15, 2},
    {NULL, "o_orderdate", TYPE_DATE, 0, 0},
    {NULL, "o_orderpriority", TYPE_CHAR, 15, 0},
    {NULL, "o_clerk", TYPE_CHAR, 15, 0},
    {NULL, "o_shippriority", TYPE_INTEGER, 0, 0},
    {NULL, "o_comment", TYPE_VARCHAR, 79, 0},
    {"part", "p_partkey", TYPE_INTEGER, 0, 0},
    {NULL, "p_name", TYPE_VARCHAR, 55, 0},
    {NULL, "p_mfgr", TYPE_CHAR, 25, 0},
    {NULL, "p_brand", TYPE_CHAR, 10, 0},
    {NULL, "p_type", TYPE_VARCHAR, 25, 0},
    {NULL, "p_size", TYPE_INTEGER, 0, 0},
    {NULL, "p_container", TYPE_CHAR, 10, 0},
    {NULL, "p_retailprice", TYPE_DECIMAL, 15, 2},
    {NULL, "p_comment", TYPE_VARCHAR, 23, 0},
    {"partsupp", "ps_partkey", TYPE_INTEGER, 0, 0},
    {NULL, "ps_suppkey", TYPE_INTEGER, 0, 0},
    {NULL, "ps_availqty", TYPE_INTEGER, 0, 0},
    {NULL, "ps_supplycost", TYPE_DECIMAL, 15, 2},
    {NULL, "ps_comment", TYPE_VARCHAR, 199, 0},
    {"region", "r_regionkey", TYPE_INTEGER, 0, 0},
    {NULL, "r_name", TYPE_CHAR, 25, 0},
    {NULL, "r_comment", TYPE_VARCHAR, 152, 0},
    {"supplier", "s_suppkey", TYPE_INTEGER, 0, 0},
    {NULL, "s_name", TYPE_CHAR, 25, 0},
    {NULL, "s_address", TYPE_VARCHAR, 40, 0},
    {NULL, "s_nationkey", TYPE_INTEGER, 0, 0},
    {NULL, "s_phone", TYPE_CHAR, 15, 0},
    {NULL, "s_acctbal", TYPE_DECIMAL, 15, 2},
    {NULL, "s_comment", TYPE_VARCHAR, 101, 0},
    /* one of every type, most of them nullable */
    {"types", "k", TYPE_INTEGER, 0, 0},
    {NULL, "flag", TYPE_BOOLEAN, 0, 0},
    {NULL, "small", TYPE_SMALLINT, 0, 0},
    {NULL, "big", TYPE_BIGINT, 0, 0},
    {NULL, "num", TYPE_DECIMAL, 38, 10},
    {NULL, "r", TYPE_REAL, 0, 0},
    {NULL, "d", TYPE_DOUBLE, 0, 0},
    {NULL, "c", TYPE_CHAR, 3, 0},
    {NULL, "v", TYPE_VARCHAR, 20, 0},
    {NULL, "day", TYPE_DATE, 0, 0},
    {NULL, "ts", TYPE_TIMESTAMP, 0, 0},
};
#define TPCH_TABLES      9
#define TPCH_COLUMNS_MAX 16

static inline SqlType tpch_type(const TpchColumn *column)
{
    switch (column->id)
    {
    case TYPE_DECIMAL:
        return type_decimal(column->length, column->scale);
    case TYPE_CHAR:
        return type_char(column->length);
    case TYPE_VARCHAR:
        return type_varchar(column->length);
    default:
        return type_make((TypeId) column->id);
    }
}

static inline CatalogSnapshot *tpch_snapshot(Arena *arena)
{
    static CatalogPrincipal root = {.name = "root", .superuser = true}; /* number 0: whom the context acts as */
    static const PrincipalList principals = {.count = 1, .items = &root};
    CatalogSnapshot *snapshot = ARENA_NEW(arena, CatalogSnapshot);
    snapshot->principals = &principals;
    snapshot->version = 1;
    snapshot->slice_count = 4;
    snapshot->database = arena_strdup(arena, "dev");
    snapshot->schema_count = 1;
    snapshot->schemas = ARENA_NEW(arena, char *);
    snapshot->schemas[0] = arena_strdup(arena, "public");
    snapshot->tables = ARENA_ARRAY(arena, CatalogTable *, TPCH_TABLES);
    CatalogTable *table = NULL;
    for (size_t i = 0; i < sizeof tpch_columns / sizeof *tpch_columns; i++)
    {
        const TpchColumn *from = &tpch_columns[i];
        if (from->table != NULL)
        {
            table = ARENA_NEW(arena, CatalogTable);
            table->id = 100 + snapshot->table_count;
            table->schema = snapshot->schemas[0];
            table->name = arena_strdup(arena, from->table);
            table->owner = arena_strdup(arena, "admin");
            table->dist_style = DIST_EVEN;
            table->dist_column = -1;
            table->columns = ARENA_ARRAY(arena, CatalogColumn, TPCH_COLUMNS_MAX);
            snapshot->tables[snapshot->table_count++] = table;
        }
        CatalogColumn *column = &table->columns[table->column_count++];
        column->name = arena_strdup(arena, from->name);
        column->type = tpch_type(from);
        column->not_null = table->id != 100 + TPCH_TABLES - 1 || column == table->columns;
    }
    return snapshot;
}

#endif
