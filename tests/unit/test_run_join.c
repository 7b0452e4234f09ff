/* SPDX-License-Identifier: Apache-2.0 */
/* Joins of every kind against naive ones, with one worker and with several. */
#include "tests/unit/run_bench.h"

typedef struct BuildRow
{
    RowHeader header;
    int64_t key, value;
} BuildRow;

typedef struct JoinRow
{
    int64_t probe, build;
    uint8_t build_null;
} JoinRow;

static int32_t join_hashed; /* keys of this run are hashes of the key field */
static int32_t join_mode;   /* 0 inner, 1 left, 2 semi, 3 anti, 4 cross */

static void p_build(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *sink = rt->store(worker, 0);
    const char *rows;
    for (int32_t n; (n = rt->rows_next(scan, &rows)) > 0;)
    {
        const Pair *in = (const Pair *) rows;
        BuildRow *out = (BuildRow *) rt->rows_reserve(worker, sink, n);
        for (int32_t i = 0; i < n; i++)
        {
            out[i].header.key = join_hashed ? (uint64_t) in[i].key % 64 : (uint64_t) in[i].key; /* collisions */
            out[i].key = in[i].key;
            out[i].value = in[i].value;
        }
        rt->rows_commit(worker, sink, n);
    }
}

static void emit_pairs(const Rt *rt, RtWorker *worker, RtProbe *probe, const Pair *in, int32_t m, const uint16_t *pos,
                       void **rows)
{
    RtStore *sink = rt->store(worker, 1);
    JoinRow *out = (JoinRow *) rt->rows_reserve(worker, sink, m);
    int32_t k = 0;
    for (int32_t j = 0; j < m; j++)
    {
        BuildRow *row = rows[j];
        if (row != NULL && join_hashed && row->key != in[pos[j]].key)
            continue;
        if (row != NULL)
            probe->matched[pos[j]] = 1;
        out[k].probe = in[pos[j]].value;
        out[k].build = row == NULL ? 0 : row->value;
        out[k++].build_null = row == NULL;
    }
    rt->rows_commit(worker, sink, k);
}

static void p_probe(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *table = rt->store(worker, 0), *sink = rt->store(worker, 1);
    const char *rows;
    for (int32_t n; (n = rt->rows_next(scan, &rows)) > 0;)
    {
        const Pair *in = (const Pair *) rows;
        uint64_t keys[RT_BATCH];
        uint8_t nulls[RT_BATCH];
        uint16_t pos[RT_BATCH];
        void *found[RT_BATCH];
        for (int32_t i = 0; i < n; i++)
        {
            keys[i] = join_hashed ? (uint64_t) in[i].key % 64 : (uint64_t) in[i].key;
            nulls[i] = in[i].value % 97 == 0;
        }
        if (join_mode == 2 || join_mode == 3)
        {
            int32_t m = rt->probe_exists(table, keys, nulls, n, join_mode == 3, pos);
            JoinRow *out = (JoinRow *) rt->rows_reserve(worker, sink, m);
            for (int32_t j = 0; j < m; j++)
                out[j] = (JoinRow){in[pos[j]].value, 0, 1};
            rt->rows_commit(worker, sink, m);
            continue;
        }
        RtProbe probe;
        rt->probe_begin(table, keys, join_mode == 4 ? NULL : nulls, n, join_mode == 1, &probe);
        for (int32_t m; (m = rt->probe_next(table, &probe, pos, found)) > 0;)
            emit_pairs(rt, worker, &probe, in, m, pos, found);
    }
}

static int pair_order(const void *a, const void *b)
{
    const JoinRow *x = a, *y = b;
    if (x->probe != y->probe)
        return x->probe < y->probe ? -1 : 1;
    if (x->build != y->build)
        return x->build < y->build ? -1 : 1;
    return x->build_null - y->build_null;
}

static int64_t join_naive(const Pair *build, int32_t builds, const Pair *probe, int32_t probes, JoinRow *out)
{
    int64_t count = 0;
    for (int32_t p = 0; p < probes; p++)
    {
        bool null = probe[p].value % 97 == 0, any = false;
        for (int32_t b = 0; b < builds; b++)
        {
            if (join_mode != 4 && (null || build[b].key != probe[p].key))
                continue;
            any = true;
            if (join_mode == 2 || join_mode == 3)
                break;
            out[count++] = (JoinRow){probe[p].value, build[b].value, 0};
        }
        if ((join_mode == 1 && !any) || (join_mode == 2 && any) || (join_mode == 3 && !any))
            out[count++] = (JoinRow){probe[p].value, 0, 1};
    }
    return count;
}

static uint64_t key_pool = 800; /* keys the build side's are drawn from; the probe side's from twice as many */

/* bounded: what the planner knows of the keys is told; they begin at 0 then. */
static void join_check(int32_t mode, KeyMode key_mode, int64_t spread, int32_t builds, bool exists_only, bool bounded,
                       int32_t threads)
{
    int64_t least = bounded ? 0 : -1000;
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    int32_t probes = mode == 4 ? 300 : 5000;
    uint64_t seed = (uint64_t) spread;
    Pair *build = ARENA_ARRAY(arena, Pair, builds + 1), *probe = ARENA_ARRAY(arena, Pair, probes);
    for (int32_t i = 0; i < builds; i++)
        build[i] = (Pair){(int64_t) (random_next(&seed) % key_pool) * spread + least, i + 1};
    for (int32_t i = 0; i < probes; i++)
        probe[i] = (Pair){(int64_t) (random_next(&seed) % (2 * key_pool)) * spread + least, i + 1};
    RowLayout *pairs = layout_new(arena, "ii", 0);
    SpecStore *table = store_add(spec, STORE_HASH, layout_new(arena, "ii", ROW_HEADER_SIZE));
    table->key_mode = (uint8_t) key_mode;
    table->exists_only = exists_only;
    table->key_entries = bounded ? 2 * (int64_t) key_pool * spread : 0;
    table->rows_estimate = builds;
    RowLayout *joined = layout_new(arena, "iI", 0);
    CU_ASSERT_EQUAL(joined->stride, (int32_t) sizeof(JoinRow));
    store_add(spec, STORE_BUFFER, joined);
    store_add(spec, STORE_RETURN, joined);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, pairs, build, builds), 0, 0);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, pairs, probe, probes), 1, 1);
    pipeline_probes(arena, spec, 0);
    pipeline_add(spec, SOURCE_STORE, 1, 2, -1);
    join_mode = mode;
    join_hashed = key_mode == KEY_HASHED;
    RtPipeline *pipelines[] = {p_build, p_probe};
    Run run;
    Collected *out = run_spec(arena, spec, pipelines, 2, threads, &run);
    CU_ASSERT_PTR_NULL(run.error);
    JoinRow *naive = arena_zalloc(arena, sizeof(JoinRow) * ((size_t) probes * (size_t) (mode == 4 ? builds : 60) + 1));
    int64_t count = join_naive(build, builds, probe, probes, naive);
    CU_ASSERT_EQUAL(out->count, count);
    for (int64_t i = 0; i < out->count; i++)
    {
        JoinRow *row = (JoinRow *) out->rows + i;
        *row = (JoinRow){row->probe, row->build_null ? 0 : row->build, row->build_null};
    }
    qsort(naive, (size_t) count, sizeof(JoinRow), pair_order);
    if (out->count > 0)
        qsort(out->rows, (size_t) out->count, sizeof(JoinRow), pair_order);
    int64_t different = 0;
    for (int64_t i = 0; i < count && out->count == count; i++)
        different += pair_order(&naive[i], (JoinRow *) out->rows + i) != 0;
    CU_ASSERT_EQUAL(different, 0);
    arena_free(arena);
}

static void test_joins(void)
{
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
    {
        for (int32_t mode = 0; mode < 2; mode++)
        {
            join_check(mode, KEY_EXACT, 1, 3000, false, false, THREADS[t]);        /* dense */
            join_check(mode, KEY_EXACT, 20, 3000, false, false, THREADS[t]);       /* dense behind a bitmap */
            join_check(mode, KEY_EXACT, 100, 3000, false, false, THREADS[t]);      /* slots behind a bitmap */
            join_check(mode, KEY_EXACT, 1000003, 1000, false, false, THREADS[t]);  /* slots */
            join_check(mode, KEY_EXACT, 1000003, 3000, false, false, THREADS[t]);  /* slots behind a Bloom filter */
            join_check(mode, KEY_HASHED, 1000003, 1000, false, false, THREADS[t]); /* chains of unlike keys */
            join_check(mode, KEY_EXACT, 1, 0, false, false, THREADS[t]);           /* no rows */
            join_check(mode, KEY_EXACT, 2, 3000, false, true, THREADS[t]);         /* dense over all there may be */
        }
        for (int32_t mode = 2; mode < 4; mode++)
        {
            join_check(mode, KEY_EXACT, 1, 3000, true, false, THREADS[t]); /* bits */
            join_check(mode, KEY_EXACT, 1, 3000, false, false, THREADS[t]);
            join_check(mode, KEY_EXACT, INT64_C(1) << 50, 3000, true, false, THREADS[t]);
            join_check(mode, KEY_EXACT, 1, 0, true, false, THREADS[t]);
            join_check(mode, KEY_EXACT, 1, 3000, true, true, THREADS[t]); /* bits without rows */
            join_check(mode, KEY_EXACT, 1, 0, true, true, THREADS[t]);
            join_check(mode, KEY_EXACT, 1000003, 3000, true, true, THREADS[t]);
        }
        join_check(4, KEY_NONE, 1, 70, false, false, THREADS[t]);
        key_pool = 100000; /* so many keys that some pass the Bloom filter that are not there */
        for (int32_t mode = 0; mode < 4; mode++)
            join_check(mode, KEY_EXACT, 1000003, 3000, mode >= 2, false, THREADS[t]);
        key_pool = 800;
    }
}

int main(void)
{
    static const BenchTest tests[] = {
        {"joins of every kind", test_joins},
    };
    return BENCH_MAIN("run: joins", tests);
}
