/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated C, compared with tests/golden/code_<name>.c: what a change of the generator does to the text is seen
 * in review.  STOA_GOLDEN=write test_codegen writes the golden files anew; test_codegen "select ..." prints a unit.
 */
#include "src/codegen/cache_files.h"
#include "src/codegen/codegen.h"
#include "tests/unit/plan_catalog.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static Error *make_code(const char *sql, int32_t rank_count, const char **text)
{
    Plan *plan;
    CodeUnit *unit;
    TRY(make_plan(sql, rank_count, &plan));
    TRY(codegen_make(arena, plan, &unit));
    *text = unit == NULL ? "" : unit->text.data;
    return NULL;
}

static const char *code_of(const char *sql, int32_t rank_count)
{
    const char *text = NULL;
    Error *error = make_code(sql, rank_count, &text);
    if (error != NULL)
        printf("\n    %s\n    %s", sql, error->message);
    CU_ASSERT_FATAL(error == NULL);
    return text;
}

/* Without the numbers of functions, which change whenever one is added. */
static const char *without_ids(const char *code)
{
    static const char CALL[] = "rt->function[";
    Text text;
    text_init(&text, arena);
    for (const char *at; (at = strstr(code, CALL)) != NULL;)
    {
        text_append(&text, code, (size_t) (at - code) + sizeof CALL - 1);
        code = strchr(at, ']');
        CU_ASSERT_FATAL(code != NULL);
    }
    text_puts(&text, code);
    return text.data;
}

/* --- the text of some shapes --------------------------------------------------------- */

static const struct
{
    const char *name, *sql;
    int32_t rank_count;
} SHAPES[] = {
    {"filter", "select l_orderkey from lineitem where l_quantity < 24 and l_shipmode in ('AIR', 'MAIL') and "
               "l_comment like '%quick%' and l_tax + l_discount > 0.1", 1},
    {"single", "select sum(l_extendedprice * l_discount), count(*), min(l_shipdate), stddev(l_quantity), "
               "bit_or(l_linenumber) from lineitem where l_discount between 0.05 and 0.07", 1},
    {"codes", "select l_returnflag, l_linestatus, sum(l_quantity) from lineitem group by l_returnflag, l_linestatus", 1},
    {"exact", "select l_partkey, max(l_extendedprice) from lineitem group by l_partkey", 1},
    {"join", "select o_orderdate, sum(l_tax) from orders, lineitem where o_orderkey = l_orderkey and o_totalprice > 1000 "
             "group by o_orderdate order by 2 desc limit 10", 1},
    {"outer", "select c_name, o_orderkey from customer left join orders on c_custkey = o_custkey and "
              "o_orderpriority = c_mktsegment", 1},
    {"exists", "select count(*) from orders where exists (select 1 from lineitem where l_orderkey = o_orderkey and "
               "l_commitdate < l_receiptdate) and o_custkey not in (select c_custkey from customer where c_acctbal < 0)", 1},
    {"ranks", "select o_custkey, count(*) from orders group by o_custkey order by 2 desc limit 3", 3},
    {"case", "select case when a > 7 then upper(c) when b is null then coalesce(c, 'none') end, nullif(a, 3) from few", 1},
};

static void test_shapes(void)
{
    for (size_t k = 0; k < sizeof SHAPES / sizeof SHAPES[0]; k++)
    {
        const char *code = arena_printf(arena, "/* SPDX-License-Identifier: Apache-2.0 */\n%s",
                                        without_ids(code_of(SHAPES[k].sql, SHAPES[k].rank_count)));
        char *golden = golden_text(arena_printf(arena, "tests/golden/code_%s.c", SHAPES[k].name), code);
        CU_ASSERT_FATAL(golden != NULL);
        if (strcmp(golden, code) != 0)
            printf("\n%s wanted:\n%s%s got:\n%s", SHAPES[k].name, golden, SHAPES[k].name, code);
        CU_ASSERT_STRING_EQUAL(golden, code);
    }
}

/* Same plan, same text. */
static void test_repeats(void)
{
    for (size_t k = 0; k < sizeof SHAPES / sizeof SHAPES[0]; k++)
    {
        char *first = arena_strdup(arena, code_of(SHAPES[k].sql, SHAPES[k].rank_count));
        CU_ASSERT_STRING_EQUAL(first, code_of(SHAPES[k].sql, SHAPES[k].rank_count));
    }
}

/* --- nothing of the statement's own text ------------------------------------------------ */

/* Both statements are one program, in which none of the words stands. */
static void expect_same(const char *a, const char *b, const char *const *words)
{
    const char *code = code_of(a, 1);
    CU_ASSERT_STRING_EQUAL(code, code_of(b, 1));
    for (int32_t k = 0; words[k] != NULL; k++)
    {
        if (strstr(code, words[k]) != NULL)
            printf("\n    \"%s\" in the code of %s:\n%s", words[k], a, code);
        CU_ASSERT(strstr(code, words[k]) == NULL);
    }
}

static void test_literals(void)
{
    expect_same("select a + 7341 as secret from few where c = 'zyzzy' and b < 60606 and a in (4711, 4712)",
                "select a + 9876 as other from few where c = 'plugh' and b < 10101 and a in (3111, 3112)",
                (const char *const[]){"7341", "zyzzy", "60606", "4711", "secret", "few", NULL});
    expect_same("select c from few where c like 'xyz%' and c not like '%*/ system(1); /*'",
                "select c from few where c like '%' and c not like '_'", (const char *const[]){"xyz", "system", NULL});
    expect_same("select a from few order by a limit 31337 offset 4242", "select a from few order by a limit 1 offset 2",
                (const char *const[]){"31337", "4242", NULL});
    expect_same("select case when b = 8080 then 'alpha' else 'omega' end from few",
                "select case when b = 1 then 'a' else 'b' end from few",
                (const char *const[]){"8080", "alpha", "omega", NULL});
    expect_same("select a as \"int main(\" from few where b = 90909", "select a as x from few where b = 1",
                (const char *const[]){"main", "90909", NULL});
}

static void file_make(const char *path, int64_t unused_s)
{
    FILE *file = fopen(path, "w");
    CU_ASSERT_FATAL(file != NULL && fclose(file) == 0);
    struct timespec at[2] = {{time(NULL) - unused_s, 0}, {time(NULL) - unused_s, 0}};
    CU_ASSERT_FATAL(utimensat(AT_FDCWD, path, at, 0) == 0);
}

static void test_cache_files(void)
{
    const char *temporary = getenv("STOA_TEST_DIRECTORY");
    char *directory = arena_printf(arena, "%s/cache", temporary == NULL ? "." : temporary), *earlier, *drafts;
    CU_ASSERT_FATAL(cache_files_open(arena, directory, &earlier) == NULL);
    file_make(arena_printf(arena, "%s/1.t0.so", earlier), 0);
    CU_ASSERT_FATAL(cache_files_open(arena, directory, &drafts) == NULL);
    CU_ASSERT(access(earlier, F_OK) != 0 && access(drafts, F_OK) == 0);
    for (int32_t i = 0; i < 10; i++)
        file_make(arena_printf(arena, "%s/%d.t0.so", directory, i), i * 1000);
    cache_file_used(arena_printf(arena, "%s/9.t0.so", directory));
    CU_ASSERT(cache_files_prune(directory, 8) == 2);
    for (int32_t i = 0; i < 10; i++)
        CU_ASSERT((access(arena_printf(arena, "%s/%d.t0.so", directory, i), F_OK) == 0) == (i != 8 && i != 7));
    CU_ASSERT(cache_files_prune(directory, 0) == 3); /* 4, 5, 6: the others were used in the last hour */
    CU_ASSERT(cache_files_prune(directory, 0) == 0);
    for (int32_t i = 0; i < 10; i++)
        unlink(arena_printf(arena, "%s/%d.t0.so", directory, i));
    cache_files_close(drafts);
    CU_ASSERT(rmdir(directory) == 0);
    Error *error = cache_files_open(arena, "/proc/none", &drafts);
    CU_ASSERT(error != NULL && error->state == SQLSTATE_IO_ERROR);
    error_free(error);
}

int main(int argc, char **argv)
{
    arena = arena_new("test codegen");
    make_catalog();
    if (argc > 1)
    {
        puts(code_of(argv[1], 1));
        return 0;
    }
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("codegen", NULL, NULL);
    CU_add_test(suite, "shapes", test_shapes);
    CU_add_test(suite, "repeats", test_repeats);
    CU_add_test(suite, "literals", test_literals);
    CU_add_test(suite, "cache files", test_cache_files);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failures = (int) CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(arena);
    return failures > 0;
}
