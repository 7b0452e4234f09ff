/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, Redshift's clauses, positions in the user's text, and what is refused before the grammar sees it. */
#include "sql/parse/parse.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ParseList *parse_right(Arena *arena, const char *sql)
{
    ParseList *list = NULL;
    Error *error = parse_statements(arena, sql, &list);
    if (error != NULL)
    {
        fprintf(stderr, "\n  %s\n    %s @%d %s\n", sql, sqlstate_code(error->state), error->position, error->message);
        CU_FAIL("statement was refused");
    }
    error_free(error);
    return list;
}

static void check_kind(const char *sql, StatementKind kind, const char *tag)
{
    Arena *arena = arena_new("test");
    ParseList *list = parse_right(arena, sql);
    bool right = list != NULL && list->count == 1 && list->statements[0].kind == kind &&
                 strcmp(list->statements[0].tag, tag) == 0;
    if (!right && list != NULL)
        fprintf(stderr, "\n  %s\n    %d statements, %s\n", sql, list->count,
                list->count > 0 ? list->statements[0].tag : "");
    CU_ASSERT(right);
    arena_free(arena);
}

static void check_error(const char *sql, const char *state, int32_t position, const char *part)
{
    Arena *arena = arena_new("test");
    ParseList *list = NULL;
    Error *error = parse_statements(arena, sql, &list);
    bool right = error != NULL && strcmp(sqlstate_code(error->state), state) == 0 && error->position == position &&
                 strstr(error->message, part) != NULL;
    if (!right)
        fprintf(stderr, "\n  %.80s\n    %s @%d %s\n", sql, error == NULL ? "no error" : sqlstate_code(error->state),
                error == NULL ? 0 : error->position, error == NULL ? "" : error->message);
    CU_ASSERT(right);
    error_free(error);
    arena_free(arena);
}

static void test_kinds(void)
{
    check_kind("select 1", STATEMENT_SELECT, "SELECT");
    check_kind("values (1)", STATEMENT_SELECT, "SELECT");
    check_kind("with a as (select 1) select * from a", STATEMENT_SELECT, "SELECT");
    check_kind("insert into t values (1)", STATEMENT_INSERT, "INSERT");
    check_kind("create table t (a int)", STATEMENT_CREATE_TABLE, "CREATE TABLE");
    check_kind("drop table if exists a.b cascade", STATEMENT_DROP_TABLE, "DROP TABLE");
    check_kind("truncate t", STATEMENT_TRUNCATE, "TRUNCATE TABLE");
    check_kind("create schema s", STATEMENT_CREATE_SCHEMA, "CREATE SCHEMA");
    check_kind("drop schema s", STATEMENT_DROP_SCHEMA, "DROP SCHEMA");
    check_kind("copy t from '/x'", STATEMENT_COPY, "COPY");
    check_kind("begin", STATEMENT_BEGIN, "BEGIN");
    check_kind("start transaction read only", STATEMENT_BEGIN, "BEGIN");
    check_kind("end", STATEMENT_COMMIT, "COMMIT");
    check_kind("commit work", STATEMENT_COMMIT, "COMMIT");
    check_kind("abort", STATEMENT_ROLLBACK, "ROLLBACK");
    check_kind("set a to 'b'", STATEMENT_SET, "SET");
    check_kind("reset a", STATEMENT_RESET, "RESET");
    check_kind("show a", STATEMENT_SHOW, "SHOW");
    check_kind("explain (code) select 1", STATEMENT_EXPLAIN, "EXPLAIN");
    check_kind("delete t where a = 1", STATEMENT_DELETE, "DELETE");
    check_kind("with x as (select 1) delete t using x", STATEMENT_DELETE, "DELETE");
    check_kind("merge into t using s on t.a = s.a remove duplicates", STATEMENT_MERGE, "MERGE");
    check_kind("update t set a = 1", STATEMENT_UPDATE, "UPDATE");
    check_kind("create view v as select 1", STATEMENT_CREATE_VIEW, "CREATE VIEW");
    check_kind("create view v(a) as select 1 with no schema binding", STATEMENT_CREATE_VIEW, "CREATE VIEW");
    check_kind("drop view v", STATEMENT_DROP_VIEW, "DROP VIEW");
    check_kind("select a # b, #t.c into #x from #t", STATEMENT_CREATE_TABLE_AS, "CREATE TABLE AS");
    check_kind("prepare p (int) as select $1", STATEMENT_PREPARE, "PREPARE");
    check_kind("execute p (1)", STATEMENT_EXECUTE, "EXECUTE");
    check_kind("deallocate all", STATEMENT_DEALLOCATE, "DEALLOCATE");
    check_kind("create table t as select 1", STATEMENT_CREATE_TABLE_AS, "CREATE TABLE AS");
    check_kind("create table t distkey(a) sortkey(b) as select 1 as a, 2 as b", STATEMENT_CREATE_TABLE_AS,
               "CREATE TABLE AS");
    check_kind("vacuum sort only t to 99 percent", STATEMENT_VACUUM, "VACUUM");
    check_error("vacuum t to 101 percent", "42601", 13, "101");
    check_kind("unload ('select 1') to '/x' gzip", STATEMENT_UNSUPPORTED, "UNLOAD");
    check_kind("alter table t add column a int", STATEMENT_ALTER_TABLE, "ALTER TABLE");
    check_kind("create database d", STATEMENT_UNSUPPORTED, "CREATE DATABASE");
    check_kind("Create or Replace\nfunction f() returns int as 'x' language sql", STATEMENT_UNSUPPORTED, "CREATE OR REPLACE FUNCTION");
    check_kind("drop index i", STATEMENT_UNSUPPORTED, "DROP INDEX");
    check_kind("alter schema s rename to t", STATEMENT_UNSUPPORTED, "ALTER SCHEMA");
    check_kind("listen x", STATEMENT_UNSUPPORTED, "LISTEN");
}

static void test_lists(void)
{
    Arena *arena = arena_new("test");
    ParseList *list = parse_right(arena, "select 'é;' /* ; */; -- ;\n ; begin;insert into t values (1)");
    CU_ASSERT_EQUAL_FATAL(list->count, 3);
    CU_ASSERT_EQUAL(list->statements[0].position, 1);
    CU_ASSERT_EQUAL(list->statements[1].position, 30);
    CU_ASSERT_STRING_EQUAL(list->statements[2].text, "insert into t values (1)");
    list = parse_right(arena, " -- nothing\n ; ");
    CU_ASSERT_EQUAL(list->count, 0);
    list = parse_right(arena, "");
    CU_ASSERT_EQUAL(list->count, 0);
    arena_free(arena);
}

static void test_errors(void)
{
    check_error("selec 1", "42601", 1, "syntax error at or near \"selec\"");
    check_error("select 1 +", "42601", 11, "syntax error at end of input");
    check_error("select 1; selec 2", "42601", 11, "selec");
    check_error("select 'éé' + fro m x", "42601", 21, "x");
    check_error("select 1; select 'éé', fro m x", "42601", 30, "x");
    check_error("select 'abc", "42601", 8, "unterminated quoted string");
    check_error("select (1", "42601", 10, "end of input");
    check_error("select top 5 a fro m x y", "42601", 20, "m");
    check_error("select top 5 a from t limit 3", "42601", 8, "LIMIT");
    check_error("create table t (a int) diststyle foo", "42601", 34, "foo");
    check_error("create table t (a int encode zstd, b in t encode raw)", "42601", 38, "in");
    check_error("create table t (a int) distkey(a, b)", "42P16", 24, "one column");
    check_error("create table t (a int) distkey(a) distkey(a)", "42601", 35, "more than once");
    check_error("create table t (a int identity(0))", "42601", 33, "syntax error");
    check_error("explain (nonsense) select 1", "42601", 10, "nonsense");
    check_error("explain vacuum", "42601", 9, "vacuum");
    check_error("select '\xff'", "22021", 9, "UTF8");
    check_error("select '\xed\xa0\x80'", "22021", 9, "UTF8");
}

static void test_limits(void)
{
    Arena *arena = arena_new("test");
    ParseList *list = NULL;
    Text text;
    text_init(&text, arena);
    text_puts(&text, "select ");
    for (int i = 0; i < 10000; i++)
        text_putc(&text, '(');
    text_putc(&text, '1');
    for (int i = 0; i < 10000; i++)
        text_putc(&text, ')');
    check_error(text.data, "54001", 1008, "1000 levels");
    text_clear(&text);
    text_puts(&text, "select 1");
    for (int i = 0; i < 100000; i++)
        text_puts(&text, "+1");
    check_error(text.data, "54001", 2009, "1000 levels");
    const char *const chains[] = {"not ",    "- ",        "case when ", "(select 1 union ",
                                  "x join ", "coalesce(", "a[",         "not not "};
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++)
    {
        text_clear(&text);
        text_puts(&text, i == 4 ? "select 1 from " : "select ");
        for (int k = 0; k < 20000; k++)
            text_puts(&text, chains[i]);
        Error *error = parse_statements(arena, text.data, &list);
        CU_ASSERT(error != NULL && error->state == SQLSTATE_STATEMENT_TOO_COMPLEX);
        error_free(error);
    }
    text_clear(&text);
    text_puts(&text, "select 1 from t where a = 0"); /* long, but flat */
    for (int i = 1; i < 20000; i++)
        text_printf(&text, " or a = %d", i);
    CU_ASSERT_PTR_NOT_NULL(parse_right(arena, text.data));
    text_clear(&text);
    text_puts(&text, "select ");
    for (int i = 0; i < 990; i++)
        text_putc(&text, '(');
    text_putc(&text, '1');
    for (int i = 0; i < 990; i++)
        text_putc(&text, ')');
    CU_ASSERT_PTR_NOT_NULL(parse_right(arena, text.data));
    text_clear(&text);
    text_reserve(&text, PARSE_TEXT_BYTES_MAX + 100);
    text_puts(&text, "select '");
    while (text.length <= PARSE_TEXT_BYTES_MAX)
        text_puts(&text, "0123456789012345678901234567890123456789012345678901234567890123456789");
    text_puts(&text, "'");
    check_error(text.data, "54000", 0, "bytes long");
    arena_free(arena);
}

static void test_table_options(void)
{
    Arena *arena = arena_new("test");
    ParseList *list = parse_right(
        arena, "create table if not exists s.t (a decimal(10,2) encode AZ64 distkey not null, \"B\" varchar(max) "
               "default upper('x, y') not null sortkey, c int, primary key (a)) backup no "
               "diststyle key interleaved sortkey (a, \"B\")");
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    const ParseStatement *statement = &list->statements[0];
    const TableOptions *table = statement->table;
    CU_ASSERT_EQUAL(table->dist, TABLE_DIST_KEY);
    CU_ASSERT(table->no_backup);
    CU_ASSERT_EQUAL(table->sort_count, 2);
    CU_ASSERT_STRING_EQUAL(table->sort_keys[1], "b");
    CU_ASSERT_EQUAL_FATAL(table->column_count, 3);
    CU_ASSERT_STRING_EQUAL(table->columns[0].encoding, "az64");
    CU_ASSERT(table->columns[0].dist_key && !table->columns[0].sort_key && table->columns[1].sort_key);
    CU_ASSERT_STRING_EQUAL(table->columns[1].default_sql, "upper('x, y')");
    CU_ASSERT_PTR_NULL(table->columns[2].encoding);
    CU_ASSERT_EQUAL(statement->notice_count, 1);
    arena_free(arena);
}

static const CopyStatement *copy_right(Arena *arena, const char *sql)
{
    ParseList *list = parse_right(arena, sql);
    CU_ASSERT_FATAL(list != NULL && list->count == 1 && list->statements[0].kind == STATEMENT_COPY);
    return list->statements[0].copy;
}

static void test_copy(void)
{
    Arena *arena = arena_new("test");
    const CopyStatement *copy =
        copy_right(arena, "COPY s.T (a, \"B\") from '/data/x''y' iam_role 'arn:x' region as 'eu' delimiter "
                          "'\\t' gzip ignoreheader as 2 maxerror 7 null as 'NIL' dateformat 'auto' "
                          "statupdate off compupdate preset fillrecord escape");
    const CopyOptions *options = &copy->options;
    CU_ASSERT_STRING_EQUAL(copy->table.schema, "s");
    CU_ASSERT_STRING_EQUAL(copy->table.name, "t");
    CU_ASSERT_EQUAL(copy->column_count, 2);
    CU_ASSERT_STRING_EQUAL(copy->columns[1].name, "b");
    CU_ASSERT_STRING_EQUAL(copy->path, "/data/x'y");
    CU_ASSERT_EQUAL(options->delimiter, '\t');
    CU_ASSERT_EQUAL(options->compression, COPY_GZIP);
    CU_ASSERT_EQUAL(options->ignore_header, 2);
    CU_ASSERT_EQUAL(options->max_error, 7);
    CU_ASSERT_STRING_EQUAL(options->null_as, "NIL");
    CU_ASSERT_STRING_EQUAL(options->date_format, "auto");
    CU_ASSERT(!options->stat_update && options->comp_update && options->fill_record && options->escape &&
              !options->csv);

    copy = copy_right(arena, "copy t from '/x'");
    CU_ASSERT(copy->options.delimiter == '|' && !copy->options.escape && strcmp(copy->options.null_as, "\\N") == 0);
    copy = copy_right(arena, "copy t from '/x' format as csv quote as '''' delimiter ';' acceptinvchars '^'");
    CU_ASSERT(copy->options.csv && copy->options.quote == '\'' && copy->options.delimiter == ';' &&
              copy->options.accept_invalid_chars && copy->options.replacement_char == '^');
    copy = copy_right(arena, "copy t from '/x' csv");
    CU_ASSERT(copy->options.delimiter == ',' && strcmp(copy->options.null_as, "\\N") == 0);
    copy = copy_right(arena, "COPY t FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER '|', NULL '')");
    CU_ASSERT(copy->from_stdin && copy->options.csv && copy->options.ignore_header == 1 &&
              copy->options.delimiter == '|' && copy->options.null_as[0] == '\0');
    copy = copy_right(arena, "COPY  t ( a ) FROM STDIN WITH CSV HEADER DELIMITER AS E'\\t' QUOTE AS '\"'");
    CU_ASSERT(copy->options.csv && copy->options.ignore_header == 1 && copy->options.delimiter == '\t' &&
              copy->options.null_as[0] == '\0' && !copy->options.escape);
    copy = copy_right(arena, "COPY t FROM STDIN");
    CU_ASSERT(!copy->options.csv && copy->options.delimiter == '\t' && copy->options.escape);
    copy = copy_right(arena, "copy t from stdin (format csv, header off)");
    CU_ASSERT(copy->options.ignore_header == 0);
    arena_free(arena);
    check_error("copy t from '/x' nonsense", "42601", 18, "nonsense");
    check_error("copy t from '/x' delimiter 'ab'", "22023", 28, "single ASCII character");
    check_error("copy t from '/x' delimiter 'é'", "22023", 28, "single ASCII character");
    check_error("copy t from '/x' maxerror 1000000", "22023", 27, "100000");
    check_error("copy t from '/x' lzop", "0A000", 18, "lzop");
    check_error("copy t from '/x' json 'auto'", "0A000", 18, "json");
    check_error("copy t to '/x'", "0A000", 1, "COPY TO");
    check_error("copy t (a, from '/x'", "42601", 17, "'/x'");
    check_error("copy t from", "42601", 12, "end of input");
}

static void test_settings(void)
{
    Arena *arena = arena_new("test");
    ParseList *list =
        parse_right(arena, "set search_path to a, 'B', public; set local x = 12; set y to default; reset all; "
                           "set time zone 'UTC'; show ALL; set enable_x to on; set transaction read only");
    CU_ASSERT_EQUAL_FATAL(list->count, 8);
    CU_ASSERT_STRING_EQUAL(list->statements[0].set->name, "search_path");
    CU_ASSERT_STRING_EQUAL(list->statements[0].set->value, "a, B, public");
    CU_ASSERT(list->statements[1].set->local);
    CU_ASSERT_STRING_EQUAL(list->statements[1].set->value, "12");
    CU_ASSERT_PTR_NULL(list->statements[2].set->value);
    CU_ASSERT_PTR_NULL(list->statements[3].set->name);
    CU_ASSERT_STRING_EQUAL(list->statements[4].set->name, "timezone");
    CU_ASSERT_STRING_EQUAL(list->statements[5].set->name, "all");
    CU_ASSERT_STRING_EQUAL(list->statements[6].set->value, "on");
    CU_ASSERT_STRING_EQUAL(list->statements[7].set->name, "transaction_read_only");
    CU_ASSERT(list->statements[7].set->local);
    list = parse_right(arena, "begin read write; begin; set session characteristics as transaction read only, isolation level serializable; "
                              "set transaction isolation level serializable");
    CU_ASSERT_STRING_EQUAL(list->statements[0].set->value, "off");
    CU_ASSERT_PTR_NULL(list->statements[1].set);
    CU_ASSERT_STRING_EQUAL(list->statements[2].set->name, "default_transaction_isolation");
    CU_ASSERT_STRING_EQUAL(list->statements[2].set->also->name, "default_transaction_read_only");
    CU_ASSERT_STRING_EQUAL(list->statements[3].set->name, "transaction_isolation");
    CU_ASSERT_STRING_EQUAL(list->statements[3].set->value, "serializable");
    arena_free(arena);
}

static void test_objects(void)
{
    Arena *arena = arena_new("test");
    ParseList *list =
        parse_right(arena, "drop table if exists A.\"B\", c cascade; create schema if not exists S; truncate s.t; "
                           "explain (verbose, code) select 1; explain analyze select 1");
    CU_ASSERT_EQUAL_FATAL(list->count, 5);
    const ObjectStatement *drop = list->statements[0].object;
    CU_ASSERT(drop->if_exists && drop->cascade && drop->name_count == 2);
    CU_ASSERT_STRING_EQUAL(drop->names[0].schema, "a");
    CU_ASSERT_STRING_EQUAL(drop->names[0].name, "b");
    CU_ASSERT_PTR_NULL(drop->names[1].schema);
    CU_ASSERT(list->statements[1].object->if_exists);
    CU_ASSERT_STRING_EQUAL(list->statements[1].object->names[0].name, "s");
    CU_ASSERT_STRING_EQUAL(list->statements[2].object->names[0].schema, "s");
    const ExplainStatement *explain = list->statements[3].explain;
    CU_ASSERT(explain->verbose && explain->code && !explain->analyze && explain->statement->kind == STATEMENT_SELECT);
    CU_ASSERT(list->statements[4].explain->analyze);
    char *name = parse_fold_name(arena, "ÄBC");
    CU_ASSERT_STRING_EQUAL(name, "Äbc");
    char longer[300];
    memset(longer, 'x', sizeof longer);
    longer[126] = (char) 0xc3; /* a character astride the limit is dropped whole */
    longer[127] = (char) 0xa4;
    longer[299] = '\0';
    CU_ASSERT_EQUAL(strlen(parse_fold_name(arena, longer)), 126);
    arena_free(arena);
}

static void check_masked(const char *sql, const char *wanted)
{
    Arena *arena = arena_new("test");
    const char *masked = parse_masked_text(arena, sql);
    CU_ASSERT_STRING_EQUAL(masked, wanted);
    if (strcmp(masked, wanted) != 0)
        fprintf(stderr, "\n  %s\n  %s\n", sql, masked);
    arena_free(arena);
}

static void check_secret(const char *sql, bool wanted)
{
    Arena *arena = arena_new("test");
    ParseList *list = parse_right(arena, sql);
    CU_ASSERT(list != NULL && parse_text_is_secret(&list->statements[0]) == wanted);
    arena_free(arena);
}

static void test_masked(void)
{
    check_masked("create user u password 'Secret''1'", "create user u password '***'");
    check_masked("alter user u password E'Sec\\'ret' -- 'Secret'", "alter user u password '***'");
    check_masked("select $x$Secret$x$, U&'\\0041', x'ff' /* 'Secret' */, 12", "select '***', '***' , '***' , 12");
    check_masked("select 'open", "***");
    check_secret("drop user u", true);
    check_secret("select 1 as PassWord", true);
    check_secret("copy t from '/x' credentials 'aws_access_key_id=k'", true);
    check_secret("select 'x' from t", false);
    check_secret("create table t (a int)", false);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("parse", NULL, NULL);
    CU_add_test(suite, "kinds of statements", test_kinds);
    CU_add_test(suite, "several statements", test_lists);
    CU_add_test(suite, "errors", test_errors);
    CU_add_test(suite, "limits", test_limits);
    CU_add_test(suite, "CREATE TABLE", test_table_options);
    CU_add_test(suite, "COPY", test_copy);
    CU_add_test(suite, "settings", test_settings);
    CU_add_test(suite, "objects", test_objects);
    CU_add_test(suite, "masked texts", test_masked);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed == 0 ? 0 : 1;
}
