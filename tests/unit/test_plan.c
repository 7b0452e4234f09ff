/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans of TPC-H's questions over a catalog with the statistics of scale 1
 * (no data needed), compared with tests/golden/<question>.explain, and plans
 * of small statements, looked at one by one.  With arguments it prints what
 * becomes of them:
 *
 *     test_plan "select ..."        relations, EXPLAIN and pipelines
 *     STOA_GOLDEN=write test_plan   writes the golden files anew
 */
#include "base/data/numeric.h"
#include "tests/unit/plan_catalog.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Plan *plan_of(const char *sql, int32_t rank_count)
{
    Plan *plan = NULL;
    Error *error = make_plan(sql, rank_count, &plan);
    if (error != NULL)
        printf("\n    %s\n    %s", sql, error->message);
    CU_ASSERT_FATAL(error == NULL);
    return plan;
}

static const char *explain_of(const char *sql, int32_t rank_count)
{
    Text text;
    text_init(&text, arena);
    plan_explain(&text, plan_of(sql, rank_count));
    return text.data;
}

static void print_pipelines(const Plan *plan)
{
    static const char *const STORES[] = {"buffer", "hash", "aggr", "sort", "window", "exchange", "append", "return"};
    const Spec *spec = plan->spec;
    for (int32_t k = 0; k < spec->pipeline_count; k++)
    {
        const SpecPipeline *pipeline = &spec->pipelines[k];
        printf("pipeline %d%s: %s", (int) k, pipeline->on_leader ? " (leader)" : "", pipeline->label);
        if (pipeline->source == SOURCE_STORE)
            printf(" %d", (int) pipeline->source_index);
        for (int32_t o = 0; o < plan->pipes[k].op_count; o++)
        {
            const PipeOp *op = &plan->pipes[k].ops[o];
            printf(op->kind == OP_FILTER    ? " | filter"
                   : op->kind == OP_COMPUTE ? " | compute"
                                            : " | probe %d",
                   (int) op->store);
        }
        printf(" => store %d%s\n", (int) pipeline->sink, pipeline->function < 0 ? " (as is)" : "");
    }
    for (int32_t k = 0; k < spec->store_count; k++)
    {
        const SpecStore *store = &spec->stores[k];
        printf("store %d %s key mode %d%s%s%s%s:", (int) k, STORES[store->kind], (int) store->key_mode,
               store->unique ? " unique" : "", store->exists_only ? " exists only" : "",
               store->on_leader ? " on leader" : "", store->from_leader ? " from leader" : "");
        for (int32_t f = 0; f < store->layout->field_count; f++)
            printf(" %s:%d%s", plan->statement->columns[plan->store_columns[k].columns[f]].name,
                   (int) store->layout->fields[f].rep, store->layout->fields[f].null_offset >= 0 ? "?" : "");
        printf("\n");
    }
}

static int show(const char *sql)
{
    BoundStatement *statement;
    RelTree *rel;
    Error *error = make_rel(sql, &statement, &rel);
    if (error != NULL)
        die("rel", error);
    Text text;
    text_init(&text, arena);
    rel_print(&text, statement, rel);
    int32_t ranks = getenv("RANKS") == NULL ? 1 : (int32_t) strtol(getenv("RANKS"), NULL, 10);
    Plan *plan;
    error = plan_make(arena, snapshot, statement, rel, ranks, &plan);
    if (error != NULL)
        die("plan", error);
    text_puts(&text, "\n");
    plan_explain(&text, plan);
    puts(text.data);
    print_pipelines(plan);
    return 0;
}

/* --- golden files ------------------------------------------------------------------ */

static const char *const QUESTIONS[] = {"q01", "q02", "q03", "q04", "q05", "q06", "q07", "q08", "q09", "q10", "q11",
                                        "q12", "q13", "q14", "q15", "q16", "q17", "q18", "q19", "q20", "q21", "q22"};

static void test_questions(void)
{
    for (size_t k = 0; k < sizeof QUESTIONS / sizeof QUESTIONS[0]; k++)
    {
        char *sql = file_text(arena_printf(arena, "bench/tpch/%s.sql", QUESTIONS[k]));
        CU_ASSERT_FATAL(sql != NULL);
        const char *explain = explain_of(sql, 1);
        /* the plan is the same on few nodes, however many there are */
        CU_ASSERT_STRING_EQUAL(explain, explain_of(sql, 3));
        CU_ASSERT_STRING_EQUAL(explain, explain_of(sql, 5));
        char *name = arena_printf(arena, "tests/golden/%s.explain", QUESTIONS[k]);
        char *golden = golden_text(name, explain);
        CU_ASSERT_FATAL(golden != NULL);
        if (strcmp(golden, explain) != 0)
            printf("\n%s wanted:\n%s%s got:\n%s", QUESTIONS[k], golden, QUESTIONS[k], explain);
        CU_ASSERT_STRING_EQUAL(golden, explain);
    }
}

static int32_t count_of(const char *text, const char *part)
{
    int32_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

/* What goes to every node costs more the more there are: on many, both sides of q09's join of orders' lines move. */
static void test_many_nodes(void)
{
    char *sql = file_text("bench/tpch/q09.sql");
    CU_ASSERT_FATAL(sql != NULL);
    CU_ASSERT_EQUAL(count_of(explain_of(sql, 5), "DS_DIST_INNER"), 0);
    CU_ASSERT_EQUAL(count_of(explain_of(sql, 65), "DS_DIST_INNER"), 1);
}

/* Tables a hundred times as large, whose keys have a hundred times as many values. */
static void grow_catalog(int64_t times)
{
    for (int32_t t = 0; t < snapshot->table_count; t++)
    {
        CatalogTable *table = snapshot->tables[t];
        if (table->row_count < 1000)
            continue;
        for (int32_t c = 0; c < table->column_count; c++)
            if (table->columns[c].stats.distinct > 9000)
                table->columns[c].stats.distinct *= (double) times;
        table->row_count *= times;
    }
}

/* What leaves out rows without a partner at scale 1 does so at scale 100, where every number is beyond any guess. */
static void test_growth(void)
{
    static const char *const reduced[] = {"q02", "q17", "q20", "q21"};
    int32_t readers[4];
    for (int32_t k = 0; k < 4; k++)
        readers[k] =
            count_of(explain_of(file_text(arena_printf(arena, "bench/tpch/%s.sql", reduced[k])), 3), "CTE Scan");
    grow_catalog(100);
    for (int32_t k = 0; k < 4; k++)
    {
        char *sql = file_text(arena_printf(arena, "bench/tpch/%s.sql", reduced[k]));
        CU_ASSERT(readers[k] > 0);
        CU_ASSERT_EQUAL(count_of(explain_of(sql, 3), "CTE Scan"), readers[k]);
    }
    make_catalog();
}

static void expect_has(const char *sql, const char *part)
{
    const char *explain = explain_of(sql, 2);
    if (strstr(explain, part) == NULL)
        printf("\n    no \"%s\" in the plan of %s:\n%s", part, sql, explain);
    CU_ASSERT(strstr(explain, part) != NULL);
}

static void expect_has_not(const char *sql, const char *part)
{
    const char *explain = explain_of(sql, 2);
    if (strstr(explain, part) != NULL)
        printf("\n    \"%s\" in the plan of %s:\n%s", part, sql, explain);
    CU_ASSERT(strstr(explain, part) == NULL);
}

static int32_t count_stores(const Plan *plan, StoreKind kind)
{
    int32_t count = 0;
    for (int32_t k = 0; k < plan->spec->store_count; k++)
        count += plan->spec->stores[k].kind == kind;
    return count;
}

static const SpecStore *find_store(const Plan *plan, StoreKind kind)
{
    for (int32_t k = 0; k < plan->spec->store_count; k++)
        if (plan->spec->stores[k].kind == kind)
            return &plan->spec->stores[k];
    CU_FAIL_FATAL("no such store");
    return NULL;
}

/* --- rules ------------------------------------------------------------------------- */

static void test_filters_go_down(void)
{
    expect_has("select count(*) from few x join few y on x.b = y.b where x.b = 7", "Filter: (b = 7)\n");
    expect_has("select 1 from nation n1, nation n2 where (n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY') or "
               "(n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE')",
               "Filter: (");
    expect_has("select l_orderkey from lineitem where (l_linenumber = 1 and l_suppkey = 2) or "
               "(l_linenumber = 1 and l_suppkey = 3)",
               "(l_linenumber = 1)");
    expect_has("select b from (select b, count(*) n from few group by b) s where b = 3 and n > 2", "(b = 3)");
    /* a date against a moment is a date against a date: zones can be used */
    Plan *plan = plan_of("select count(*) from lineitem where l_shipdate < date '1998-12-01' - interval '90 day'", 1);
    CU_ASSERT_EQUAL(plan->spec->scans[0].zone_count, 1);
    CU_ASSERT_EQUAL(plan->spec->params[plan->spec->scans[0].zones[0].param].type.id, TYPE_DATE);
    expect_has("select few.a from few left join copied on few.b = copied.k where copied.v = 'x'", "Hash Join");
    expect_has("select few.a from few left join copied on few.b = copied.k", "Hash Left Join");
    expect_has("select few.a from few left join copied on few.b = copied.k where copied.v is null", "Hash Left Join");
    /* a key that no partner has as a null */
    expect_has("select few.a from few left join copied on few.b = copied.k where copied.k is null", "Hash NOT IN Join");
    expect_has("select few.a, copied.v from few left join copied on few.b = copied.k where copied.k is null", "NOT IN");
    expect_has("select few.a from few left join copied on few.b = copied.k where copied.k is null or few.a = 1",
               "Left");
}

static void test_nothing_comes(void)
{
    Plan *plan = plan_of("select a from few where 1 = 0", 2);
    CU_ASSERT(plan->leader_only);
    CU_ASSERT_EQUAL(plan->spec->scan_count, 0);
    plan = plan_of("select count(*) from few where false", 2);
    CU_ASSERT(plan->leader_only);
}

static void test_subqueries(void)
{
    expect_has("select a from few where exists (select 1 from copied where k = b)", "Hash IN Join");
    expect_has("select a from few where not exists (select 1 from copied where k = b)", "Hash NOT IN Join");
    expect_has("select a from few where b in (select k from copied)", "Hash IN Join");
    expect_has("select a from few where b not in (select k from copied)", "Hash NOT IN Join");
    expect_has("select a from few where a not in (select k from copied)", "Nested Loop");
    expect_has("select a from few where b > (select avg(k) from copied)", "Nested Loop");
    expect_has("select l_orderkey from lineitem, part where p_partkey = l_partkey and l_quantity < "
               "(select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey)",
               "HashAggregate");
    expect_has("select (select max(v) from copied where k = b) from few", "Hash Left Join");
    expect_has("select (select count(*) from copied where k = b) from few", "Hash Left Join");
    expect_has("select (select v from copied where k = 1) from few", "One Row Check");
    expect_has("select a from few where a = 1 or exists (select 1 from copied where k = b)", "Hash Left Join");
    expect_has("select a in (select k from copied) from few", "Hash Left Join");
    expect_has("select a from few where not (b in (select k from copied) or a is null)", "Hash Left Join");
    plan_of("select a from few where b = (select k from copied where k > a)", 2);
    plan_of("select a from few where b = (select count(*) from copied where k > a)", 2);
}

static void test_distinct(void)
{
    Plan *plan = plan_of("select b, count(distinct a), sum(b) from few group by b", 1);
    CU_ASSERT_EQUAL(count_stores(plan, STORE_AGG), 2);
    plan_of("select count(distinct a), count(distinct b), sum(b), avg(b) from few", 2);
    plan_of("select distinct a, b from few order by a", 2);
    plan_of("select c, count(distinct a), count(distinct b) from few group by c", 2);
}

/* Few rows of many are grouped, or put into a hash table, where those that ask for them are few. */
static void test_reduced(void)
{
    const char *below =
        "select p_partkey, n from part join (select l_partkey, count(*) n from lineitem group by l_partkey) "
        "l on l_partkey = p_partkey where ";
    expect_has(arena_printf(arena, "%s p_size = 3 and p_brand = 'x'", below), "Shared 1");
    expect_has_not(arena_printf(arena, "%s p_size > 3", below), "Shared 1");
    /* what is not a group's key says nothing of the rows below */
    expect_has_not("select 1 from part join (select l_partkey, max(l_suppkey) s from lineitem group by l_partkey) l on "
                   "s = p_partkey where p_size = 3 and p_brand = 'x'",
                   "Shared 1");
    expect_has("select o_orderkey from orders where o_orderdate = date '1995-01-01' and exists (select 1 from lineitem "
               "where l_orderkey = o_orderkey and l_tax > 0)",
               "Shared 1");
    expect_has(
        "select p_partkey, r from part join (select l_partkey, rank() over (partition by l_partkey order by l_tax) "
        "r from lineitem) l on l_partkey = p_partkey where p_size = 3 and p_brand = 'x'",
        "Shared 1");
    /* rows that a statement changes are read where they are */
    expect_has_not("delete from few using part where b = 1 and exists (select 1 from lineitem where l_orderkey = a)",
                   "Shared 1");
}

static int32_t count_parts(const char *sql, const char *part)
{
    return count_of(explain_of(sql, 2), part);
}

/* Rows are grouped before they are joined, in parts that nothing is sent for. */
static void test_grouped_early(void)
{
    const char *counted = "select c_custkey, count(o_orderkey) from customer left join orders on o_custkey = c_custkey "
                          "group by c_custkey";
    CU_ASSERT_EQUAL(count_parts(counted, "HashAggregate"), 2);
    expect_has("select s_name, sum(l_quantity) from lineitem join supplier on s_suppkey = l_suppkey group by s_name",
               "Hash Join DS_DIST_ALL_NONE");
    CU_ASSERT_EQUAL(count_parts("select s_name, sum(l_quantity) from lineitem join supplier on s_suppkey = l_suppkey "
                                "group by s_name",
                                "HashAggregate"),
                    3);
    /* values of both sides, distinct values, and rows of which few are joined are grouped above */
    CU_ASSERT_EQUAL(count_parts("select s_name, sum(l_quantity * s_acctbal) from lineitem join supplier on s_suppkey = "
                                "l_suppkey group by s_name",
                                "HashAggregate"),
                    2);
    CU_ASSERT_EQUAL(count_parts("select s_name, sum(l_quantity) from lineitem join supplier on s_suppkey = l_suppkey "
                                "where s_name = 'x' group by s_name",
                                "HashAggregate"),
                    2);
}

/* --- distribution -------------------------------------------------------------------- */

static void test_distribution(void)
{
    expect_has("select count(*) from orders, lineitem where o_orderkey = l_orderkey", "Hash Join DS_DIST_NONE");
    expect_has("select count(*) from lineitem, supplier where l_suppkey = s_suppkey", "Hash Join DS_DIST_ALL_NONE");
    expect_has("select count(*) from lineitem, few where l_suppkey = few.b", "Hash Join DS_BCAST_INNER");
    expect_has("select count(*) from orders, customer where o_custkey = c_custkey", "Hash Join DS_");
    expect_has("select l_orderkey, sum(l_tax) from lineitem group by l_orderkey", "XN HashAggregate");
    /* whole groups are on one slice: nothing is sent but the result */
    expect_has_not("select l_orderkey, sum(l_tax) from lineitem group by l_orderkey", "Distribute");
    expect_has("select l_partkey, sum(l_tax) from lineitem group by l_partkey", "Distribute by l_partkey");
    expect_has("select l_suppkey, sum(l_tax) from lineitem group by l_suppkey", "Send to leader");
    Plan *plan = plan_of("select count(*) from copied", 3);
    CU_ASSERT(plan->spec->scans[0].replicated && plan->spec->scans[0].once);
    plan = plan_of("select count(*) from few, copied where few.b = copied.k", 3);
    CU_ASSERT(!plan->spec->scans[0].once && !plan->spec->scans[1].once);
}

static void test_cutting(void)
{
    const char *sql = "select l_suppkey, sum(l_tax) from lineitem group by l_suppkey order by 2 limit 10";
    Plan *one = plan_of(sql, 1), *three = plan_of(sql, 3);
    CU_ASSERT_EQUAL(count_stores(one, STORE_EXCHANGE), 0);
    CU_ASSERT_EQUAL(count_stores(one, STORE_AGG), 1);
    CU_ASSERT_EQUAL(count_stores(one, STORE_SORT), 1);
    CU_ASSERT_EQUAL(count_stores(three, STORE_EXCHANGE), 1);
    CU_ASSERT_EQUAL(count_stores(three, STORE_AGG), 2);
    CU_ASSERT(plan_of("select 1", 3)->leader_only);
    CU_ASSERT(plan_of("select count(*) from stl_load_errors", 3)->leader_only);
    CU_ASSERT(!plan_of("select count(*) from few", 3)->leader_only);
    /* rows of the leader are sent to the slices */
    Plan *joined = plan_of("select few.a from few, (values (1), (2)) v(x) where few.b = v.x", 3);
    bool sent = false;
    for (int32_t k = 0; k < joined->spec->store_count; k++)
        sent |= joined->spec->stores[k].from_leader;
    CU_ASSERT(sent);
}

/* --- layouts --------------------------------------------------------------------------- */

static void test_widths(void)
{
    /* 6 million times 104,949.50 at scale 2 fit 64 bits; the state is DECIMAL(38,2) all the same */
    const SpecStore *store = find_store(plan_of("select sum(l_extendedprice) from lineitem", 1), STORE_AGG);
    CU_ASSERT_EQUAL(store->layout->fields[0].rep, REP_I64);
    CU_ASSERT_EQUAL(store->layout->fields[0].type.precision, 38);
    CU_ASSERT(store->layout->fields[0].null_offset >= 0);
    CU_ASSERT(store->one_row && store->key_mode == KEY_NONE);
    /* ... with a join, nobody knows how many rows come */
    store = find_store(plan_of("select sum(l_extendedprice) from lineitem, few where l_suppkey = few.b", 1), STORE_AGG);
    CU_ASSERT_EQUAL(store->layout->fields[0].rep, REP_I64);
    const char *many = "select sum(l1.l_extendedprice * l2.l_extendedprice) from lineitem l1, lineitem l2 where "
                       "l1.l_partkey = l2.l_partkey";
    store = find_store(plan_of(many, 1), STORE_AGG);
    CU_ASSERT_EQUAL(store->layout->fields[0].rep, REP_I128);
    store = find_store(plan_of("select l_suppkey, count(*) from lineitem group by l_suppkey", 1), STORE_AGG);
    CU_ASSERT_EQUAL(store->key_mode, KEY_EXACT);
    CU_ASSERT_EQUAL(store->layout->fields[0].rep, REP_I16);
    CU_ASSERT_EQUAL(store->layout->fields[1].null_offset, -1);
    CU_ASSERT(store->layout->fields[0].offset >= ROW_HEADER_SIZE);
    const SpecScan *scan = &plan_of("select l_linenumber, l_shipdate from lineitem", 1)->spec->scans[0];
    CU_ASSERT_EQUAL(scan->columns[0].rep, REP_I8);
    CU_ASSERT_EQUAL(scan->columns[1].rep, REP_I16);
    CU_ASSERT(!scan->columns[0].nullable);
}

static void test_insert(void)
{
    Plan *plan = plan_of("insert into few values (1, 2, 'x'), (3, 4, null)", 3);
    CU_ASSERT_EQUAL(plan->spec->table_count, 1);
    CU_ASSERT_EQUAL(count_stores(plan, STORE_EXCHANGE), 1);
    CU_ASSERT(find_store(plan, STORE_EXCHANGE)->from_leader);
    CU_ASSERT_EQUAL(find_store(plan, STORE_APPEND)->layout->field_count, 3);
    CU_ASSERT_EQUAL(find_store(plan, STORE_APPEND)->layout->fields[1].null_offset, -1);
    plan = plan_of("insert into few values (1, 2, 'x')", 1);
    CU_ASSERT_EQUAL(count_stores(plan, STORE_EXCHANGE), 0);
    plan = plan_of("insert into few select a, b, c from few", 3);
    CU_ASSERT_EQUAL(count_stores(plan, STORE_EXCHANGE), 0);
    plan = plan_of("insert into orders select * from orders", 3);
    CU_ASSERT_EQUAL(count_stores(plan, STORE_EXCHANGE), 0);
    plan = plan_of("insert into copied select b, c from few", 3);
    CU_ASSERT_EQUAL(count_stores(plan, STORE_EXCHANGE), 1);
}

static void test_order_and_limit(void)
{
    expect_has("select a from few order by b limit 5", "XN Limit");
    expect_has("select a from few order by b limit 5", "Merge Key: b");
    Plan *plan = plan_of("select a from few limit 5 offset 2", 1);
    const SpecStore *store = find_store(plan, STORE_RETURN);
    CU_ASSERT(store->limit == 5 && store->offset == 2);
    plan = plan_of("select a, a, b from few limit 5", 3);
    CU_ASSERT_EQUAL(plan->result_count, 3);
    plan = plan_of("select x.a from (select a from few order by b limit 3 offset 1) x, few where x.a = few.a", 3);
    store = find_store(plan, STORE_SORT);
    CU_ASSERT(store->limit == 4 && store->offset == 0); /* at the slices */
    CU_ASSERT(plan_of("select a from few limit 0", 2)->leader_only);
}

/* Many tables: exactly ordered, greedily ordered, not connected at all. */
static void test_many_joins(void)
{
    for (int32_t count = 2; count <= 24; count += 2)
    {
        Text chain, cross;
        text_init(&chain, arena);
        text_init(&cross, arena);
        text_puts(&chain, "select count(*) from few t0");
        text_puts(&cross, "select count(*) from few t0");
        for (int32_t k = 1; k < count; k++)
        {
            text_printf(&chain, " join few t%d on t%d.b = t%d.a", (int) k, (int) k, (int) k - 1);
            text_printf(&cross, ", few t%d", (int) k);
        }
        plan_of(chain.data, 1);
        plan_of(cross.data, 3);
    }
}

int main(int argc, char **argv)
{
    arena = arena_new("test");
    make_catalog();
    if (argc > 1)
        return show(argv[1]);
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("plan", NULL, NULL);
    CU_add_test(suite, "questions of TPC-H", test_questions);
    CU_add_test(suite, "growth", test_growth);
    CU_add_test(suite, "many nodes", test_many_nodes);
    CU_add_test(suite, "filters go down", test_filters_go_down);
    CU_add_test(suite, "nothing comes", test_nothing_comes);
    CU_add_test(suite, "subqueries", test_subqueries);
    CU_add_test(suite, "distinct", test_distinct);
    CU_add_test(suite, "rows without partners", test_reduced);
    CU_add_test(suite, "groups before joins", test_grouped_early);
    CU_add_test(suite, "distribution", test_distribution);
    CU_add_test(suite, "cutting", test_cutting);
    CU_add_test(suite, "widths", test_widths);
    CU_add_test(suite, "insert", test_insert);
    CU_add_test(suite, "order and limit", test_order_and_limit);
    CU_add_test(suite, "many joins", test_many_joins);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(arena);
    return failures > 0;
}
