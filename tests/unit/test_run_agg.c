/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates against naive ones, with one worker and with several. */
#include "tests/unit/run_bench.h"

typedef struct In
{
    Str name;
    int64_t key, value;
    uint8_t name_null;
} In;

typedef struct Group
{
    RowHeader header;
    int64_t key, sum, count, least;
    uint8_t least_null;
} Group;

typedef struct NamedGroup
{
    RowHeader header;
    Str name, last;
    int64_t sum;
    uint8_t name_null, last_null;
} NamedGroup;

static void p_agg_exact(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *sink = rt->store(worker, 0);
    const char *rows;
    for (int32_t n; (n = rt->rows_next(scan, &rows)) > 0;)
    {
        const In *in = (const In *) rows;
        uint64_t keys[RT_BATCH];
        Group *groups[RT_BATCH];
        for (int32_t i = 0; i < n; i++)
            keys[i] = (uint64_t) in[i].key;
        rt->agg_find(worker, sink, keys, n, (void **) groups);
        for (int32_t i = 0; i < n; i++)
        {
            Group *group = groups[i];
            if (group->header.next == NULL)
            {
                group->key = in[i].key;
                group->header.next = group;
            }
            group->sum += in[i].value;
            group->count++;
            if (group->least_null || in[i].value < group->least)
                group->least = in[i].value;
            group->least_null = 0;
        }
    }
}

static void p_agg_hashed(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *sink = rt->store(worker, 0);
    const char *rows;
    for (int32_t n; (n = rt->rows_next(scan, &rows)) > 0;)
    {
        const In *in = (const In *) rows;
        static _Thread_local NamedGroup candidates[RT_BATCH];
        NamedGroup *groups[RT_BATCH];
        for (int32_t i = 0; i < n; i++)
        {
            candidates[i].header.key = in[i].name_null ? 0 : rt->hash_str(&in[i].name) % 50; /* collisions */
            candidates[i].name = in[i].name;
            candidates[i].name_null = in[i].name_null;
        }
        rt->agg_find_hashed(worker, sink, (const char *) candidates, n, (void **) groups);
        for (int32_t i = 0; i < n; i++)
        {
            groups[i]->sum += in[i].value;
            if (!in[i].name_null && (groups[i]->last_null || rt->str_compare(&in[i].name, &groups[i]->last) > 0))
                rt->keep_str(worker, sink, &in[i].name, &groups[i]->last);
            groups[i]->last_null &= in[i].name_null;
        }
    }
}

static void p_agg_single(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *sink = rt->store(worker, 0);
    const char *rows;
    for (int32_t n; (n = rt->rows_next(scan, &rows)) > 0;)
    {
        Group *group = rt->agg_single(worker, sink);
        for (int32_t i = 0; i < n; i++)
        {
            group->sum += ((const In *) rows)[i].value;
            group->count++;
        }
    }
}

#define KEY_STEP INT64_C(7919)

static In *agg_input(Arena *arena, int32_t count, int32_t groups, int64_t least)
{
    In *in = ARENA_ARRAY(arena, In, count);
    uint64_t seed = 5;
    for (int32_t i = 0; i < count; i++)
    {
        int64_t key = (int64_t) (random_next(&seed) % (uint64_t) groups);
        in[i].key = key * KEY_STEP + least;
        in[i].value = (int64_t) (random_next(&seed) % 1000);
        in[i].name_null = key == 0;
        /* trailing blanks do not count */
        char *text = arena_printf(arena, "name %lld%s", (long long) key, i % 2 ? "  " : "");
        in[i].name = (Str){text, (int64_t) strlen(text)};
    }
    return in;
}

/* entries: what the planner knows of the keys; they begin at 0 then. */
static void agg_check(int32_t count, int32_t groups, KeyMode mode, int64_t entries, int32_t threads)
{
    int64_t first = entries > 0 ? 0 : -100;
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    In *in = agg_input(arena, count, groups, first);
    RowLayout *input = layout_new(arena, "Sii", 0);
    CU_ASSERT_EQUAL(input->stride, (int32_t) sizeof(In));
    RowLayout *layout = layout_new(arena, mode == KEY_HASHED ? "SSi" : "iiiI", ROW_HEADER_SIZE);
    SpecStore *agg = store_add(spec, STORE_AGG, layout);
    agg->key_mode = (uint8_t) mode;
    agg->key_entries = entries;
    agg->rows_estimate = (double) entries;
    agg->key_count = mode == KEY_NONE ? 0 : 1;
    agg->one_row = mode == KEY_NONE;
    SpecMerge exact[] = {{1, MERGE_SUM}, {2, MERGE_SUM}, {3, MERGE_MIN}}, hashed[] = {{1, MERGE_MAX}, {2, MERGE_SUM}};
    agg->merge_count = mode == KEY_HASHED ? 2 : 3;
    agg->merges = mode == KEY_HASHED ? hashed : exact;
    store_add(spec, STORE_RETURN, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, input, in, count), 0, 0);
    pipeline_add(spec, SOURCE_STORE, 0, 1, -1);
    RtPipeline *pipelines[] = {mode == KEY_HASHED ? p_agg_hashed : mode == KEY_NONE ? p_agg_single : p_agg_exact};
    Run run;
    Collected *out = run_spec(arena, spec, pipelines, 1, threads, &run);
    CU_ASSERT_PTR_NULL(run.error);
    int64_t *sums = ARENA_ARRAY(arena, int64_t, groups), *counts = ARENA_ARRAY(arena, int64_t, groups);
    int64_t *least = ARENA_ARRAY(arena, int64_t, groups), distinct = 0;
    for (int32_t i = 0; i < count; i++)
    {
        int64_t g = mode == KEY_NONE ? 0 : (in[i].key - first) / KEY_STEP;
        sums[g] += in[i].value;
        least[g] = counts[g] == 0 || in[i].value < least[g] ? in[i].value : least[g];
        distinct += counts[g]++ == 0;
    }
    CU_ASSERT_EQUAL(out->count, mode == KEY_NONE ? 1 : distinct);
    for (int64_t i = 0; i < out->count; i++)
    {
        if (mode == KEY_HASHED)
        {
            NamedGroup *group = (NamedGroup *) out->rows + i;
            int64_t g = group->name_null
                            ? 0
                            : strtoll(arena_strndup(arena, group->name.data, (size_t) group->name.len) + 5, NULL, 10);
            CU_ASSERT_EQUAL(group->sum, sums[g]);
            CU_ASSERT(group->name_null ? group->last_null : str_compare(group->name, group->last) == 0);
            continue;
        }
        Group *group = (Group *) out->rows + i;
        int64_t g = mode == KEY_NONE ? 0 : (group->key - first) / KEY_STEP;
        CU_ASSERT(group->sum == sums[g] && group->count == counts[g]);
        CU_ASSERT(mode == KEY_NONE || group->least == least[g]);
    }
    arena_free(arena);
}

/* A key beyond what the planner promised is an error, not a write beyond the array. */
static void test_key_outside(void)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    In *in = agg_input(arena, 100, 10, 0);
    RowLayout *layout = layout_new(arena, "iiiI", ROW_HEADER_SIZE);
    SpecStore *agg = store_add(spec, STORE_AGG, layout);
    SpecMerge merges[] = {{1, MERGE_SUM}, {2, MERGE_SUM}, {3, MERGE_MIN}};
    agg->key_mode = KEY_EXACT;
    agg->key_count = 1;
    agg->key_entries = 5 * KEY_STEP;
    agg->rows_estimate = (double) agg->key_entries;
    agg->merge_count = 3;
    agg->merges = merges;
    store_add(spec, STORE_RETURN, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout_new(arena, "Sii", 0), in, 100), 0, 0);
    pipeline_add(spec, SOURCE_STORE, 0, 1, -1);
    RtPipeline *pipelines[] = {p_agg_exact};
    Run run;
    (void) run_spec(arena, spec, pipelines, 1, 2, &run);
    CU_ASSERT_FATAL(run.error != NULL);
    CU_ASSERT_EQUAL(run.error->state, SQLSTATE_INTERNAL_ERROR);
    error_free(run.error);
    arena_free(arena);
}

static void test_aggregates(void)
{
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
    {
        agg_check(60000, 10, KEY_EXACT, 0, THREADS[t]);
        agg_check(60000, 20000, KEY_EXACT, 0, THREADS[t]);
        agg_check(60000, 10, KEY_EXACT, 10 * KEY_STEP, THREADS[t]); /* arrays */
        agg_check(60000, 300, KEY_EXACT, 300 * KEY_STEP, THREADS[t]);
        agg_check(60000, 10, KEY_HASHED, 0, THREADS[t]);
        agg_check(30000, 3000, KEY_HASHED, 0, THREADS[t]);
        agg_check(60000, 10, KEY_NONE, 0, THREADS[t]);
        agg_check(0, 10, KEY_NONE, 0, THREADS[t]);
        agg_check(0, 10, KEY_EXACT, 0, THREADS[t]);
    }
}

int main(void)
{
    static const BenchTest tests[] = {
        {"aggregates", test_aggregates},
        {"a key outside what is known", test_key_outside},
    };
    return BENCH_MAIN("run: aggregates", tests);
}
