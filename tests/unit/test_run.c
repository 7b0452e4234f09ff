/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime without a cluster: pipelines written by hand in the shape of
 * generated code, over stores, tables on disk and parameters, with one worker
 * and with several; every answer is compared with a naive one.
 */
#include "base/core/assert.h"
#include "base/data/hash.h"
#include "base/data/value.h"
#include "src/run/task.h"

#include <CUnit/Basic.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a bench: budget, pool, caches; specs made by hand ---- */

static Budget budget;
static MemoryPool *memory;
static SegmentCache *segments;
static char directory[] = "/tmp/stoa_test_run_XXXXXX";

static SqlType type_of_rep(Rep rep)
{
    return rep == REP_STR   ? type_varchar(100)
           : rep == REP_F64 ? type_make(TYPE_DOUBLE)
           : rep == REP_I32 ? type_make(TYPE_INTEGER)
           : rep == REP_I16 ? type_make(TYPE_SMALLINT)
                            : type_make(TYPE_BIGINT);
}

/* reps: one a field, upper case = nullable: "i" I64, "d" F64, "s" STR, "w" I32. head: offset of the first field. */
static RowLayout *layout_new(Arena *arena, const char *reps, int32_t head)
{
    RowLayout *layout = ARENA_NEW(arena, RowLayout);
    layout->field_count = (int32_t) strlen(reps);
    layout->fields = ARENA_ARRAY(arena, RowField, layout->field_count);
    for (int32_t i = 0; i < layout->field_count; i++)
    {
        char c = reps[i] | 32;
        Rep rep = c == 's' ? REP_STR : c == 'd' ? REP_F64 : c == 'w' ? REP_I32 : REP_I64;
        layout->fields[i] = (RowField){type_of_rep(rep), (uint8_t) rep, 0, reps[i] & 32 ? -1 : 0};
    }
    row_layout_place(layout);
    for (int32_t i = 0; i < layout->field_count; i++)
    {
        layout->fields[i].offset += head;
        if (layout->fields[i].null_offset >= 0)
            layout->fields[i].null_offset += head;
    }
    layout->stride += head;
    return layout;
}

static Spec *spec_new(Arena *arena)
{
    Spec *spec = ARENA_NEW(arena, Spec);
    static uint64_t query;
    spec->query = ++query;
    spec->slice_count = 3;
    snprintf(spec->module, sizeof spec->module, "test");
    spec->stores = ARENA_ARRAY(arena, SpecStore, 8);
    spec->pipelines = ARENA_ARRAY(arena, SpecPipeline, 8);
    spec->values = ARENA_ARRAY(arena, SpecValues, 8);
    spec->scans = ARENA_ARRAY(arena, SpecScan, 4);
    spec->params = ARENA_ARRAY(arena, SpecParam, 8);
    spec->tables = ARENA_ARRAY(arena, SpecTable, 2);
    return spec;
}

static SpecStore *store_add(Spec *spec, StoreKind kind, RowLayout *layout)
{
    SpecStore *store = &spec->stores[spec->store_count++];
    *store = (SpecStore){.kind = (uint8_t) kind, .layout = layout, .limit = -1, .on_leader = kind == STORE_RETURN};
    return store;
}

static void pipeline_add(Spec *spec, SourceKind source, int32_t source_index, int32_t sink, int32_t function)
{
    spec->pipelines[spec->pipeline_count++] = (SpecPipeline){.source = (uint8_t) source,
                                                             .source_index = source_index,
                                                             .sink = sink,
                                                             .function = function,
                                                             .on_leader = spec->stores[sink].kind == STORE_RETURN,
                                                             .label = "test"};
}

static int32_t values_add(Arena *arena, Spec *spec, RowLayout *layout, const void *rows, int64_t count)
{
    Text packed;
    text_init(&packed, arena);
    row_pack(layout, rows, count, &packed);
    spec->values[spec->values_count] = (SpecValues){layout, packed.data, packed.length};
    return spec->values_count++;
}

typedef struct Collected
{
    Arena *arena;
    const RowLayout *layout;
    char *rows;
    int64_t count, capacity;
} Collected;

static Error *collect(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    Collected *to = context;
    to->layout = layout;
    if (to->count + count > to->capacity)
    {
        to->capacity = (to->count + count) * 2;
        char *more = arena_alloc(to->arena, (size_t) to->capacity * (size_t) layout->stride);
        if (to->count > 0)
            memcpy(more, to->rows, (size_t) to->count * (size_t) layout->stride);
        to->rows = more;
    }
    memcpy(to->rows + to->count * layout->stride, rows, (size_t) count * (size_t) layout->stride);
    for (int64_t i = 0; i < count; i++)
        for (int32_t f = 0; f < layout->field_count; f++)
            if (layout->fields[f].rep == REP_STR)
            {
                Str *s = (Str *) (to->rows + (to->count + i) * layout->stride + layout->fields[f].offset);
                s->data = arena_memdup(to->arena, s->data == NULL ? "" : s->data, (size_t) s->len);
            }
    to->count += count;
    return NULL;
}

typedef struct Run
{
    const Spec *spec;
    const RtModule *module;
    Collected *out;
    Error *error;
    int64_t segment_count;
    SpecSegment *written;
    int64_t skipped;
} Run;

static void run_main(Team *team, void *context)
{
    Run *run = context;
    TaskEnv env = {.directory = directory,
                   .database_id = 7,
                   .budget = &budget,
                   .memory = memory,
                   .segments = segments,
                   .builtin = run->module};
    Task *task = task_new(&env, run->spec, TASK_LEADER | TASK_COMPUTE, team, NULL);
    task_run(task);
    if (run->out != NULL)
        task_return(task, &(TaskSink){run->out, collect});
    const TaskSegment *done;
    run->segment_count = task_segments(task, &done);
    run->written = ARENA_ARRAY(run->out->arena, SpecSegment, run->segment_count + 1);
    for (int32_t i = 0; i < run->segment_count; i++)
    {
        run->written[i] = (SpecSegment){.id = i + 1,
                                        .slice = done[i].slice,
                                        .file = arena_strdup(run->out->arena, done[i].file),
                                        .rows = done[i].report.rows,
                                        .bytes = done[i].report.bytes};
        memcpy(run->written[i].digest, done[i].report.digest, 16);
    }
    run->skipped = task_counters(task)[0].blocks_skipped;
    run->error = task_error(task);
    task_free(task);
}

static Collected *run_spec(Arena *arena, const Spec *spec, RtPipeline *const *pipelines, int32_t count, int32_t threads,
                           Run *run)
{
    Collected *out = ARENA_NEW(arena, Collected);
    out->arena = arena;
    RtModule module = {RT_ABI, count, pipelines};
    *run = (Run){.spec = spec, .module = &module, .out = out};
    team_open(threads, run_main, run);
    CU_ASSERT_EQUAL(budget.used_bytes, 0);
    return out;
}

static const int32_t THREADS[] = {1, 2, 4};

static uint64_t random_next(uint64_t *state)
{
    *state += 1;
    return hash_u64(*state);
}

/* ---- joins ---- */

typedef struct Pair
{
    int64_t key, value;
} Pair;

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

static void join_check(int32_t mode, KeyMode key_mode, int64_t spread, int32_t builds, bool exists_only,
                       int32_t threads)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    int32_t probes = mode == 4 ? 300 : 5000;
    uint64_t seed = (uint64_t) spread;
    Pair *build = ARENA_ARRAY(arena, Pair, builds + 1), *probe = ARENA_ARRAY(arena, Pair, probes);
    for (int32_t i = 0; i < builds; i++)
        build[i] = (Pair){(int64_t) (random_next(&seed) % 800) * spread - 1000, i + 1};
    for (int32_t i = 0; i < probes; i++)
        probe[i] = (Pair){(int64_t) (random_next(&seed) % 1600) * spread - 1000, i + 1};
    RowLayout *pairs = layout_new(arena, "ii", 0);
    SpecStore *table = store_add(spec, STORE_HASH, layout_new(arena, "ii", ROW_HEADER_SIZE));
    table->key_mode = (uint8_t) key_mode;
    table->exists_only = exists_only;
    RowLayout *joined = layout_new(arena, "iI", 0);
    CU_ASSERT_EQUAL(joined->stride, (int32_t) sizeof(JoinRow));
    store_add(spec, STORE_BUFFER, joined);
    store_add(spec, STORE_RETURN, joined);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, pairs, build, builds), 0, 0);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, pairs, probe, probes), 1, 1);
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
            join_check(mode, KEY_EXACT, 1, 3000, false, THREADS[t]);        /* dense */
            join_check(mode, KEY_EXACT, 20, 3000, false, THREADS[t]);       /* dense behind a bitmap */
            join_check(mode, KEY_EXACT, 100, 3000, false, THREADS[t]);      /* slots behind a bitmap */
            join_check(mode, KEY_EXACT, 1000003, 3000, false, THREADS[t]);  /* slots */
            join_check(mode, KEY_HASHED, 1000003, 1000, false, THREADS[t]); /* chains of unlike keys */
            join_check(mode, KEY_EXACT, 1, 0, false, THREADS[t]);           /* no rows */
        }
        for (int32_t mode = 2; mode < 4; mode++)
        {
            join_check(mode, KEY_EXACT, 1, 3000, true, THREADS[t]); /* bits */
            join_check(mode, KEY_EXACT, 1, 3000, false, THREADS[t]);
            join_check(mode, KEY_EXACT, INT64_C(1) << 50, 3000, true, THREADS[t]);
            join_check(mode, KEY_EXACT, 1, 0, true, THREADS[t]);
        }
        join_check(4, KEY_NONE, 1, 70, false, THREADS[t]);
    }
}

/* ---- aggregation ---- */

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

static In *agg_input(Arena *arena, int32_t count, int32_t groups)
{
    In *in = ARENA_ARRAY(arena, In, count);
    uint64_t seed = 5;
    for (int32_t i = 0; i < count; i++)
    {
        int64_t key = (int64_t) (random_next(&seed) % (uint64_t) groups);
        in[i].key = key * 7919 - 100;
        in[i].value = (int64_t) (random_next(&seed) % 1000);
        in[i].name_null = key == 0;
        /* trailing blanks do not count */
        char *text = arena_printf(arena, "name %lld%s", (long long) key, i % 2 ? "  " : "");
        in[i].name = (Str){text, (int64_t) strlen(text)};
    }
    return in;
}

static void agg_check(int32_t count, int32_t groups, KeyMode mode, int32_t threads)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    In *in = agg_input(arena, count, groups);
    RowLayout *input = layout_new(arena, "Sii", 0);
    CU_ASSERT_EQUAL(input->stride, (int32_t) sizeof(In));
    RowLayout *layout = layout_new(arena, mode == KEY_HASHED ? "SSi" : "iiiI", ROW_HEADER_SIZE);
    SpecStore *agg = store_add(spec, STORE_AGG, layout);
    agg->key_mode = (uint8_t) mode;
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
        int64_t g = mode == KEY_NONE ? 0 : (in[i].key + 100) / 7919;
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
        int64_t g = mode == KEY_NONE ? 0 : (group->key + 100) / 7919;
        CU_ASSERT(group->sum == sums[g] && group->count == counts[g]);
        CU_ASSERT(mode == KEY_NONE || group->least == least[g]);
    }
    arena_free(arena);
}

static void test_aggregates(void)
{
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
    {
        agg_check(60000, 10, KEY_EXACT, THREADS[t]);
        agg_check(60000, 20000, KEY_EXACT, THREADS[t]);
        agg_check(60000, 10, KEY_HASHED, THREADS[t]);
        agg_check(30000, 3000, KEY_HASHED, THREADS[t]);
        agg_check(60000, 10, KEY_NONE, THREADS[t]);
        agg_check(0, 10, KEY_NONE, THREADS[t]);
        agg_check(0, 10, KEY_EXACT, THREADS[t]);
    }
}

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
    SortKey by_int[] = {{0, false, false}}, by_two[] = {{1, true, true}, {0, false, false}};
    SortKey by_str[] = {{2, false, true}, {1, false, false}};
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
        (SpecParam){.type = type_varchar(9), .value.str = {"%!m 55%", 7}, .aid = PARAM_LIKE, .like_escape = '!'};
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

/* ---- tables: written, then scanned ---- */

typedef struct TableRow
{
    Str name;
    int64_t key;
    int32_t small;
    uint8_t name_null, small_null;
} TableRow;

static SpecTable *table_new(Arena *arena, Spec *spec, int32_t dist_style, bool sorted)
{
    static int64_t stamp;
    SpecTable *table = &spec->tables[spec->table_count++];
    *table = (SpecTable){.table_id = 42,
                         .schema_name = "public",
                         .name = "t",
                         .column_count = 3,
                         .dist_style = dist_style,
                         .dist_column = dist_style == 1 ? 1 : -1,
                         .file_stamp = ++stamp};
    static char *names[] = {"name", "key", "small"};
    static SqlType types[3];
    types[0] = type_varchar(100);
    types[1] = type_make(TYPE_BIGINT);
    types[2] = type_make(TYPE_INTEGER);
    table->column_names = names;
    table->column_types = types;
    table->column_encodings = ARENA_ARRAY(arena, uint8_t, 3);
    table->column_not_null = ARENA_ARRAY(arena, bool, 3);
    table->column_not_null[1] = true;
    static int32_t by_key[] = {1};
    table->sort_columns = by_key;
    table->sort_count = sorted;
    return table;
}

static int32_t scan_strings_seen;

static void like_seven(const Rt *rt, RtWorker *worker, const RtParam *params, const Str *values, int32_t n,
                       uint8_t *out)
{
    (void) rt;
    (void) worker;
    (void) params;
    __atomic_fetch_add(&scan_strings_seen, n, __ATOMIC_RELAXED);
    for (int32_t i = 0; i < n; i++)
        out[i] = values[i].len > 0 && values[i].data[values[i].len - 1] == '7';
}

typedef struct ScanSums
{
    RowHeader header;
    int64_t rows, keys, smalls, nulls, sevens, by_code;
} ScanSums;

static void p_scan(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *sink = rt->store(worker, 0);
    for (int32_t n; (n = rt->scan_next(scan)) > 0;)
    {
        ScanSums *sums = rt->agg_single(worker, sink);
        const int64_t *keys = rt->scan_column(scan, 0);
        const int16_t *smalls = rt->scan_column(scan, 1);
        const uint8_t *nulls = rt->scan_nulls(scan, 1);
        const uint8_t *sevens = rt->scan_flags(scan, 2, like_seven, 0);
        const Str *names = rt->scan_column(scan, 2);
        const uint8_t *name_nulls = rt->scan_nulls(scan, 2);
        int32_t count;
        const uint16_t *codes = rt->scan_codes(scan, 2, &count);
        sums->rows += n;
        for (int32_t i = 0; i < n; i++)
        {
            sums->keys += keys[i];
            sums->smalls += nulls[i] ? 0 : smalls[i];
            sums->nulls += nulls[i];
            sums->sevens += sevens[i];
            CU_ASSERT(sevens[i] == (!name_nulls[i] && names[i].len > 0 && names[i].data[names[i].len - 1] == '7'));
            sums->by_code += codes != NULL && codes[i] < count;
        }
    }
}

static TableRow *table_rows(Arena *arena, int32_t count)
{
    TableRow *rows = ARENA_ARRAY(arena, TableRow, count + 1);
    for (int32_t i = 0; i < count; i++)
    {
        char *text = arena_printf(arena, "name %d", i % 100);
        rows[i] = (TableRow){{text, (int64_t) strlen(text)},
                             (int64_t) (i * INT64_C(7919) % 100003),
                             i % 1000 - 500,
                             i % 50 == 3,
                             i % 9 == 0};
    }
    return rows;
}

static void table_check(int32_t count, int32_t dist_style, bool sorted, int32_t threads)
{
    Arena *arena = arena_new("test");
    RowLayout *layout = layout_new(arena, "SiW", 0);
    CU_ASSERT_EQUAL(layout->stride, (int32_t) sizeof(TableRow));
    TableRow *rows = table_rows(arena, count);
    Spec *spec = spec_new(arena);
    table_new(arena, spec, dist_style, sorted);
    store_add(spec, STORE_APPEND, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, count), 0, -1);
    Run run;
    run_spec(arena, spec, NULL, 0, threads, &run);
    CU_ASSERT_PTR_NULL(run.error);
    if (run.error != NULL)
        printf("%s\n", run.error->message);
    int64_t written = 0;
    for (int32_t i = 0; i < run.segment_count; i++)
        written += run.written[i].rows;
    CU_ASSERT_EQUAL(written, count);
    CU_ASSERT(dist_style != 8 || run.segment_count <= 1);

    int64_t most = 20000;
    Spec *read = spec_new(arena);
    read->scan_count = 1;
    static SpecColumn columns[3];
    columns[0] = (SpecColumn){1, type_make(TYPE_BIGINT), REP_I64, false};
    columns[1] = (SpecColumn){2, type_make(TYPE_INTEGER), REP_I16, true};
    columns[2] = (SpecColumn){0, type_varchar(100), REP_STR, true};
    static SpecZone zone = {0, ZONE_LE, 0};
    read->params[0] = (SpecParam){.type = type_make(TYPE_BIGINT), .value.i = most};
    read->param_count = 1;
    read->scans[0] = (SpecScan){.table_id = 42,
                                .table_name = "public.t",
                                .replicated = dist_style == 8,
                                .column_count = 3,
                                .columns = columns,
                                .segment_count = (int32_t) run.segment_count,
                                .segments = run.written,
                                .zone_count = 0,
                                .zones = &zone};
    RowLayout *sums_layout = layout_new(arena, "iiiiii", ROW_HEADER_SIZE);
    SpecStore *agg = store_add(read, STORE_AGG, sums_layout);
    SpecMerge merges[] = {{0, MERGE_SUM}, {1, MERGE_SUM}, {2, MERGE_SUM},
                          {3, MERGE_SUM}, {4, MERGE_SUM}, {5, MERGE_SUM}};
    agg->merges = merges;
    agg->merge_count = 6;
    agg->one_row = true;
    store_add(read, STORE_RETURN, sums_layout);
    pipeline_add(read, SOURCE_SCAN, 0, 0, 0);
    pipeline_add(read, SOURCE_STORE, 0, 1, -1);
    RtPipeline *pipelines[] = {p_scan};
    scan_strings_seen = 0;
    Run scan;
    Collected *out = run_spec(arena, read, pipelines, 1, threads, &scan);
    CU_ASSERT_PTR_NULL(scan.error);
    ScanSums naive = {.rows = count};
    for (int32_t i = 0; i < count; i++)
    {
        naive.keys += rows[i].key;
        naive.smalls += rows[i].small_null ? 0 : rows[i].small;
        naive.nulls += rows[i].small_null;
        naive.sevens += !rows[i].name_null && rows[i].name.data[rows[i].name.len - 1] == '7';
    }
    CU_ASSERT_EQUAL_FATAL(out->count, 1);
    ScanSums *sums = (ScanSums *) out->rows;
    CU_ASSERT(sums->rows == naive.rows && sums->keys == naive.keys && sums->smalls == naive.smalls);
    CU_ASSERT(sums->nulls == naive.nulls && sums->sevens == naive.sevens);
    CU_ASSERT(sums->by_code == 0 || sums->by_code == count);

    read->scans[0].zone_count = 1; /* blocks without a key <= 20000 are not read */
    out = run_spec(arena, read, pipelines, 1, threads, &scan);
    CU_ASSERT_PTR_NULL(scan.error);
    CU_ASSERT(((ScanSums *) out->rows)->rows <= count);
    if (sorted && dist_style == 8 && count > 200000)
        CU_ASSERT(scan.skipped > 0 && ((ScanSums *) out->rows)->rows < count);
    arena_free(arena);
}

static void test_tables(void)
{
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
    {
        table_check(1000, 1, false, THREADS[t]);
        table_check(250000, 1, true, THREADS[t]);
        table_check(250000, 0, false, THREADS[t]);
        table_check(250000, 8, true, THREADS[t]);
        table_check(0, 1, true, THREADS[t]);
    }
}

static void test_not_null(void)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    RowLayout *layout = layout_new(arena, "SIW", 0);
    SpecTable *table = table_new(arena, spec, 0, false);
    char *rows = arena_zalloc(arena, (size_t) layout->stride * 10);
    for (int32_t i = 0; i < 10; i++)
        for (int32_t f = 0; f < 3; f++)
            row_set(layout, rows + i * layout->stride, f, &(Datum){.null = i == 7});
    store_add(spec, STORE_APPEND, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, 10), 0, -1);
    Run run;
    run_spec(arena, spec, NULL, 0, 2, &run);
    CU_ASSERT_PTR_NOT_NULL_FATAL(run.error);
    CU_ASSERT_EQUAL(run.error->state, SQLSTATE_NOT_NULL_VIOLATION);
    CU_ASSERT_PTR_NOT_NULL(strstr(run.error->message, table->column_names[1]));
    error_free(run.error);
    arena_free(arena);
}

/* ---- budget ---- */

static void test_budget(void)
{
    int64_t limit = budget.limit_bytes;
    budget.limit_bytes = 1024 * 1024;
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

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void) info;
    (void) type;
    (void) at;
    return remove(path);
}

int main(void)
{
    budget_init(&budget, INT64_C(4) << 30);
    memory = memory_pool_new(&budget, 64 * 1024 * 1024);
    segment_start();
    segments = segment_cache_new(64, 256);
    if (mkdtemp(directory) == NULL)
        return 1;
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("run", NULL, NULL);
    CU_add_test(suite, "joins of every kind", test_joins);
    CU_add_test(suite, "aggregates", test_aggregates);
    CU_add_test(suite, "sorts and top-N", test_sorts);
    CU_add_test(suite, "limits and errors", test_return);
    CU_add_test(suite, "parameters and specs on the wire", test_params);
    CU_add_test(suite, "tables written and scanned", test_tables);
    CU_add_test(suite, "nulls in NOT NULL columns", test_not_null);
    CU_add_test(suite, "memory refused", test_budget);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    segment_cache_free(segments);
    memory_pool_free(memory);
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failures == 0 ? 0 : 1;
}
