/* SPDX-License-Identifier: Apache-2.0 */
/* The runtime without a cluster: sorts, limits, parameters, specs on the wire, memory. */
#include "tests/unit/run_bench.h"

/* ---- sorting ---- */

static void sort_check(int32_t count, int64_t limit, int64_t offset, const char *fields, const SortKey *keys,
                       int32_t key_count, int32_t threads)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    RowLayout *layout = layout_new(arena, fields, 0);
    char *rows = arena_zalloc(arena, (size_t) (count + 1) * (size_t) layout->stride);
    uint64_t seed = 17;
    for (int32_t i = 0; i < count; i++)
        for (int32_t f = 0; f < layout->field_count; f++)
        {
            uint64_t r = random_next(&seed);
            Datum value = {.null = layout->fields[f].null_offset >= 0 && r % 11 == 0};
            if (layout->fields[f].rep == REP_STR)
            {
                char *text = arena_printf(arena, "same prefix %d", (int) (r % 1000));
                value.str = r % 3 ? (Str){text, (int64_t) strlen(text)} : (Str){text + 12, (int64_t) strlen(text + 12)};
            }
            else if (layout->fields[f].rep == REP_F64)
                value.f = ((double) (r % 2001) - 1000) / 8;
            else
                value.i = (int64_t) (r % 3001) - 1500;
            row_set(layout, rows + (int64_t) i * layout->stride, f, &value);
        }
    SpecStore *sort = store_add(spec, STORE_SORT, layout);
    sort->sort = arena_memdup(arena, keys, sizeof(SortKey) * (size_t) key_count);
    sort->sort_count = key_count;
    sort->limit = limit;
    sort->offset = offset;
    store_add(spec, STORE_RETURN, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, count), 0, -1);
    pipeline_add(spec, SOURCE_STORE, 0, 1, -1);
    Run run;
    Collected *out = run_spec(arena, spec, NULL, 0, threads, &run);
    CU_ASSERT_PTR_NULL(run.error);
    int64_t expect = limit < 0 || limit + offset > count ? (count > offset ? count - offset : 0) : limit;
    CU_ASSERT_EQUAL(out->count, expect);
    for (int64_t i = 1; i < out->count; i++)
        CU_ASSERT(row_compare(layout, keys, key_count, out->rows + (i - 1) * layout->stride,
                              out->rows + i * layout->stride) <= 0);
    /* exactly offset rows, or rows equal to it, stand before the first */
    int64_t before = 0, equal = 0;
    for (int32_t i = 0; i < count && out->count > 0; i++)
    {
        int c = row_compare(layout, keys, key_count, rows + (int64_t) i * layout->stride, out->rows);
        before += c < 0;
        equal += c == 0;
    }
    CU_ASSERT(out->count == 0 || (before <= offset && offset < before + equal));
    arena_free(arena);
}

static void test_sorts(void)
{
    SortKey by_int[] = {{.field = 0}};
    SortKey by_two[] = {{.field = 1, .descending = true, .nulls_first = true}, {.field = 0}};
    SortKey by_str[] = {{.field = 2, .nulls_first = true}, {.field = 1}};
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
    {
        sort_check(50000, -1, 0, "iDS", by_int, 1, THREADS[t]);
        sort_check(50000, -1, 0, "IDS", by_two, 2, THREADS[t]);
        sort_check(50000, -1, 0, "IdS", by_str, 2, THREADS[t]);
        sort_check(50000, 10, 0, "IDS", by_two, 2, THREADS[t]);
        sort_check(50000, 10, 25, "IdS", by_str, 2, THREADS[t]);
        sort_check(50000, 3000, 100, "iDS", by_int, 1, THREADS[t]);
        sort_check(3, 10, 0, "iDS", by_int, 1, THREADS[t]);
        sort_check(3, 10, 5, "iDS", by_int, 1, THREADS[t]);
        sort_check(0, 10, 0, "iDS", by_int, 1, THREADS[t]);
        sort_check(5000, 0, 0, "iDS", by_int, 1, THREADS[t]);
    }
}

/* ---- limits of the result, errors ---- */

static void p_raise(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const char *rows;
    while (rt->rows_next(scan, &rows) > 0)
        rt->raise(worker, RT_FAULT_DIVISION_BY_ZERO, 0);
}

static void test_return(void)
{
    for (int32_t pass = 0; pass < 2; pass++)
    {
        Arena *arena = arena_new("test");
        Spec *spec = spec_new(arena);
        RowLayout *layout = layout_new(arena, "ii", 0);
        Pair *rows = ARENA_ARRAY(arena, Pair, 10000);
        for (int32_t i = 0; i < 10000; i++)
            rows[i].key = i;
        SpecStore *result = store_add(spec, STORE_RETURN, layout);
        result->offset = 1500;
        result->limit = 3000;
        pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, 10000), 0, pass == 0 ? -1 : 0);
        RtPipeline *pipelines[] = {p_raise};
        Run run;
        Collected *out = run_spec(arena, spec, pipelines, 1, 2, &run);
        if (pass == 0)
        {
            CU_ASSERT_PTR_NULL(run.error);
            CU_ASSERT_EQUAL(out->count, 3000);
            CU_ASSERT_EQUAL(((Pair *) out->rows)[0].key, 1500);
            CU_ASSERT_EQUAL(((Pair *) out->rows)[2999].key, 4499);
        }
        else
        {
            CU_ASSERT_PTR_NOT_NULL_FATAL(run.error);
            CU_ASSERT_EQUAL(run.error->state, SQLSTATE_DIVISION_BY_ZERO);
            CU_ASSERT_EQUAL(out->count, 0);
            error_free(run.error);
        }
        arena_free(arena);
    }
}

/* ---- parameters ---- */

static int32_t param_hits;

static void p_params(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *params = rt->params(worker);
    const char *rows;
    for (int32_t n; (n = rt->rows_next(scan, &rows)) > 0;)
        for (int32_t i = 0; i < n; i++)
        {
            int64_t number = i * 3;
            double real = i / 4.0;
            char text[32];
            Str s = {text, snprintf(text, sizeof text, "item %d  ", i)};
            param_hits += rt->in_set(&params[0], &number) != 0;
            param_hits += 100 * (rt->in_set(&params[1], &s) != 0);
            param_hits += 10000 * (rt->like(&params[2], &s) != 0);
            param_hits += 1000000 * (rt->in_set(&params[3], &real) != 0);
        }
}

static void test_params(void)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    RowLayout *layout = layout_new(arena, "ii", 0);
    Pair *rows = ARENA_ARRAY(arena, Pair, 1000);
    store_add(spec, STORE_BUFFER, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, 1000), 0, 0);
    Datum *ints = ARENA_ARRAY(arena, Datum, 40), *strs = ARENA_ARRAY(arena, Datum, 3),
          *reals = ARENA_ARRAY(arena, Datum, 2);
    for (int32_t i = 0; i < 40; i++)
        ints[i].i = i; /* 14 multiples of 3 */
    strs[0].str = (Str){"item 7", 6};
    strs[1].str = (Str){"item 8 ", 7};
    strs[2].str = (Str){"item", 4};
    reals[0].f = 2.5;
    reals[1].f = 2.6;
    spec->params[0] =
        (SpecParam){.type = type_make(TYPE_BIGINT), .value.null = true, .aid = PARAM_SET, .set = ints, .set_count = 40};
    spec->params[1] =
        (SpecParam){.type = type_varchar(9), .value.null = true, .aid = PARAM_SET, .set = strs, .set_count = 3};
    spec->params[2] =
        (SpecParam){.type = type_varchar(9), .value.str = {"%\\m 55%", 7}, .aid = PARAM_LIKE};
    spec->params[3] =
        (SpecParam){.type = type_make(TYPE_DOUBLE), .value.null = true, .aid = PARAM_SET, .set = reals, .set_count = 2};
    spec->param_count = 4;
    RtPipeline *pipelines[] = {p_params};
    Text bytes;
    text_init(&bytes, arena);
    spec_write(&bytes, spec);
    ByteReader reader;
    reader_init(&reader, bytes.data, bytes.length);
    Spec *again;
    Error *error = spec_read(&reader, arena, &again);
    CU_ASSERT_PTR_NULL_FATAL(error);
    Text twice;
    text_init(&twice, arena);
    spec_write(&twice, again);
    CU_ASSERT(twice.length == bytes.length && memcmp(twice.data, bytes.data, bytes.length) == 0);
    Run run;
    param_hits = 0;
    run_spec(arena, again, pipelines, 1, 1, &run);
    CU_ASSERT_PTR_NULL(run.error);
    CU_ASSERT_EQUAL(param_hits, 14 + 200 + 11 * 10000 + 1000000); /* 55, 550..559 */
    for (size_t cut = 0; cut < bytes.length; cut += 7)
    {
        reader_init(&reader, bytes.data, cut);
        error = spec_read(&reader, arena, &again);
        CU_ASSERT_PTR_NOT_NULL(error);
        error_free(error);
    }
    arena_free(arena);
}

/* ---- budget ---- */

static void test_budget(void)
{
    int64_t limit = budget.limit_bytes;
    budget.limit_bytes = 4096; /* not even one chunk, from which rows could go to disk */
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    RowLayout *layout = layout_new(arena, "ii", 0);
    Pair *rows = ARENA_ARRAY(arena, Pair, 200000);
    store_add(spec, STORE_BUFFER, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, 200000), 0, -1);
    Run run;
    run_spec(arena, spec, NULL, 0, 2, &run);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run.error);
    CU_ASSERT_EQUAL(run.error->state, SQLSTATE_OUT_OF_MEMORY);
    error_free(run.error);
    arena_free(arena);
    budget.limit_bytes = limit;
}

/* Pieces of all sizes at once: none overlaps another, what lies ready stays within what may, and all of it is used again. */
static void test_pool(void)
{
    Budget own;
    budget_init(&own, 16 << 20);
    MemoryPool *pool = memory_pool_new(&own, 4 << 20);
    void *pieces[24];
    size_t got[24];
    for (int32_t round = 0; round < 3; round++)
    {
        int32_t taken = 0;
        for (; taken < 24; taken++)
        {
            Error *error = memory_take(pool, (size_t) 50000 << (taken * 5 % 7), &pieces[taken], &got[taken]);
            if (error != NULL)
            {
                CU_ASSERT_EQUAL(error->state, SQLSTATE_OUT_OF_MEMORY);
                error_free(error);
                break;
            }
            memset(pieces[taken], taken + 1, got[taken]);
        }
        CU_ASSERT(taken > 8 && taken < 24); /* the Budget ends it */
        for (int32_t i = 0; i < taken; i++)
        {
            const unsigned char *bytes = pieces[i];
            CU_ASSERT(bytes[0] == i + 1 && bytes[got[i] / 2] == i + 1 && bytes[got[i] - 1] == i + 1);
            memory_give(pool, pieces[i], got[i]);
        }
        CU_ASSERT_EQUAL(memory_left(pool), 16 << 20);
    }
    void *first = NULL, *second = NULL;
    size_t size = 0;
    memory_trim(pool, 0);
    CU_ASSERT_PTR_NULL_FATAL(memory_take(pool, MEMORY_PIECE_MIN, &first, &size));
    CU_ASSERT_PTR_NULL_FATAL(memory_take(pool, MEMORY_PIECE_MIN, &second, &size));
    memory_give(pool, first, size);
    memory_give(pool, second, size);
    memory_pool_free(pool);
}

int main(void)
{
    static const BenchTest tests[] = {
        {"sorts and top-N", test_sorts},
        {"limits and errors", test_return},
        {"parameters and specs on the wire", test_params},
        {"memory refused", test_budget},
        {"pieces of memory", test_pool},
    };
    return BENCH_MAIN("run", tests);
}
