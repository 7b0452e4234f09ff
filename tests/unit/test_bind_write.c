/* SPDX-License-Identifier: Apache-2.0 */
/* INSERT, UPDATE, DELETE, MERGE, CREATE TABLE, COPY against a catalog made by hand. */
#include "tests/unit/bind_case.h"

/* --- INSERT, CREATE TABLE, COPY --------------------------------------------------------------------- */

static void test_insert(void)
{
    check_print("insert into region values (1, 'a', 'b'), (2, 'c', 'd')", "values of 2 rows");
    check_print("insert into types (v, k) values ('x', 1)", "INSERT 0 public.types\n");
    check_print("insert into types (k, day) select n_nationkey, '2020-01-01' from nation",
                "'2020-01-01'::date as day#");
    check_print("insert into types (k, num) select n_nationkey, n_regionkey from nation", "::numeric(38,10) as num#");
    check_error("insert into region (r_regionkey, nix) values (1, 2)", "42703", 34, "\"nix\"");
    check_error("insert into region (r_name, r_name) values (1, 2)", "42701", 29, "more than once");
    check_error("insert into region values (1, 2, 3, 4)", "42601", 37, "more expressions than target columns");
    check_error("insert into region (r_regionkey, r_name) values (1)", "42601", 34, "more target columns");
    check_error("insert into region values (1, 'a', 'b'), (2)", "42601", 43, "same length");
    check_error("insert into region values (null, 'a', 'b')", "23502", 28, "r_regionkey");
    check_error("insert into types (k, c) values (1, 'abcd')", "22001", 37, "too long");
    check_error("insert into types (k, day) values (1, true)", "42804", 39, "column \"day\" is of type date");
    check_error("insert into stl_load_errors values (1)", "42809", 13, "system view");
}

static void test_writes(void)
{
    check_print("delete from region r using nation where n_regionkey = r_regionkey", "DELETE public.region\n");
    check_print("update region set r_name = 'x'", "'x' as r_name#");
    check_print("with x as (select 1 as a) insert into region select a, 'a', 'b' from x", "INSERT 0 public.region\n");
    check_print("merge into region using nation on r_regionkey = n_nationkey when matched then delete", "as action#");
    check_error("update region set nix = 1", "42703", 19, "\"nix\" of relation \"region\"");
    check_error("update region set r_name = 1, r_name = 2", "42601", 31, "multiple assignments");
    check_error("update region set r_name = default returning 1", "0A000", 1, "RETURNING");
    check_error("delete from region where sum(r_regionkey) = 1", "42803", 26, "WHERE");
    check_error("delete from region where nix", "42703", 26, "nix");
    check_error("delete from stl_load_errors", "42809", 13, "system view");
    check_error("merge into region using region on true when matched then delete", "42712", 12, "more than once");
    check_error("merge into region using nation on true when not matched then insert values (r_regionkey)", "42703", 77,
                "r_regionkey");
}

static Error *create_table(Arena *arena, const char *sql, CreateTablePlan **plan)
{
    ParseList *list;
    TRY(parse_statements(arena, sql, &list));
    return bind_create_table(arena, snapshot, &context, &list->statements[0], plan);
}

static void check_create_error(const char *sql, const char *state, int32_t position)
{
    Arena *arena = arena_new("test");
    CreateTablePlan *plan = NULL;
    Error *error = create_table(arena, sql, &plan);
    bool right = error != NULL && strcmp(sqlstate_code(error->state), state) == 0 && error->position == position;
    if (!right)
        report(sql, error == NULL ? "no error" : sqlstate_code(error->state), error == NULL ? "" : error->message);
    CU_ASSERT(right);
    error_free(error);
    arena_free(arena);
}

static void test_create_table(void)
{
    Arena *arena = arena_new("test");
    CreateTablePlan *plan = NULL;
    Error *error =
        create_table(arena,
                     "create table New (A int not null encode az64 distkey, b varchar default 'x' encode ZSTD, c "
                     "decimal, d char, e varchar(max), f text default null, primary key (c)) compound sortkey (a, b)",
                     &plan);
    CU_ASSERT_PTR_NULL_FATAL(error);
    const CatalogTable *table = plan->table;
    CU_ASSERT_STRING_EQUAL(table->name, "new");
    CU_ASSERT_STRING_EQUAL(table->schema, "public");
    CU_ASSERT_EQUAL(table->column_count, 6);
    CU_ASSERT_EQUAL(table->dist_style, DIST_KEY);
    CU_ASSERT_EQUAL(table->dist_column, 0);
    CU_ASSERT_EQUAL(table->sort_count, 2);
    CU_ASSERT_EQUAL(table->sort_columns[1], 1);
    CU_ASSERT(table->columns[0].not_null && table->columns[2].not_null && !table->columns[1].not_null);
    CU_ASSERT_STRING_EQUAL(table->columns[0].encoding, "az64");
    CU_ASSERT_STRING_EQUAL(table->columns[1].encoding, "zstd");
    CU_ASSERT_STRING_EQUAL(table->columns[1].default_sql, "'x'");
    CU_ASSERT_EQUAL(table->columns[1].type.length, 256);
    CU_ASSERT_EQUAL(table->columns[2].type.precision, 18);
    CU_ASSERT_EQUAL(table->columns[3].type.length, 1);
    CU_ASSERT_EQUAL(table->columns[4].type.length, 65535);
    CU_ASSERT_STRING_EQUAL(table->columns[5].default_sql, "null");
    arena_free(arena);
    check_create_error("create table t (a int, A int)", "42701", 24);
    check_create_error("create table types (a int)", "42P07", 14);
    check_create_error("create table t (a decimal(39,2))", "22023", 19);
    check_create_error("create table t (a decimal(10,11))", "22023", 19);
    check_create_error("create table t (a varchar(65536))", "22023", 19);
    check_create_error("create table t (a char(4097))", "22023", 19);
    check_create_error("create table t (a nothing)", "42704", 19);
    check_create_error("create table t (a hllsketch)", "0A000", 19);
    check_create_error("create table t (a int encode nothing)", "42704", 17);
    check_create_error("create table t (a int) distkey (b)", "42703", 24);
    check_create_error("create table t (a int) sortkey (a, b)", "42703", 24);
    check_create_error("create table t (a int) diststyle key", "42P16", 24);
    check_create_error("create table t (a int distkey, b int distkey)", "42P16", 32);
    check_create_error("create table t (a int default 'x')", "22P02", 31);
    check_create_error("create table t (a int check (a > 1))", "0A000", 23);
    check_create_error("create table x.t (a int)", "3F000", 14);
    check_create_error("create temp table t (a int)", "42P16", 19);
}

static void test_copy(void)
{
    Arena *arena = arena_new("test");
    ParseList *list = NULL;
    CopyPlan *plan = NULL;
    Error *error =
        parse_statements(arena, "copy region (r_name, r_regionkey, r_comment) from '/data/r' csv gzip", &list);
    CU_ASSERT_PTR_NULL_FATAL(error);
    error = bind_copy(arena, snapshot, &context, &list->statements[0], &plan);
    CU_ASSERT_PTR_NULL_FATAL(error);
    CU_ASSERT_EQUAL(plan->columns[0].position, 1);
    CU_ASSERT_EQUAL(plan->columns[1].position, 0);
    CU_ASSERT_STRING_EQUAL(plan->path, "/data/r");
    CU_ASSERT(plan->options->csv && plan->options->compression == COPY_GZIP && plan->options->delimiter == ',');
    error = parse_statements(arena, "copy region (r_name) from '/data/r'", &list);
    CU_ASSERT_PTR_NULL_FATAL(error);
    error = bind_copy(arena, snapshot, &context, &list->statements[0], &plan);
    CU_ASSERT(error != NULL && error->state == SQLSTATE_NOT_NULL_VIOLATION);
    error_free(error);
    arena_free(arena);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("bind: writes", suite_begin, suite_end);
    CU_add_test(suite, "insert", test_insert);
    CU_add_test(suite, "update, delete, merge", test_writes);
    CU_add_test(suite, "create table", test_create_table);
    CU_add_test(suite, "copy", test_copy);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed == 0 ? 0 : 1;
}
