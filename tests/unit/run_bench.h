/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bench for the runtime without a cluster: budget, pool, caches, and specs
 * made by hand whose pipelines are written in the shape of generated code.
 */
#ifndef TESTS_UNIT_RUN_BENCH_H
#define TESTS_UNIT_RUN_BENCH_H

#include "base/core/assert.h"
#include "base/data/hash.h"
#include "base/data/value.h"
#include "src/run/task.h"

#define BLOCKS_KEPT (1024 * 1024)

#include <CUnit/Basic.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static Budget budget;
static MemoryPool *memory;
static SegmentCache *segments;
static char directory[] = "/tmp/stoa_test_run_XXXXXX";

static inline SqlType type_of_rep(Rep rep)
{
    return rep == REP_STR   ? type_varchar(100)
           : rep == REP_F64 ? type_make(TYPE_DOUBLE)
           : rep == REP_I32 ? type_make(TYPE_INTEGER)
           : rep == REP_I16 ? type_make(TYPE_SMALLINT)
                            : type_make(TYPE_BIGINT);
}

/* reps: one a field, upper case = nullable: "i" I64, "d" F64, "s" STR, "w" I32. head: offset of the first field. */
static inline RowLayout *layout_new(Arena *arena, const char *reps, int32_t head)
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

static inline Spec *spec_new(Arena *arena)
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

static inline SpecStore *store_add(Spec *spec, StoreKind kind, RowLayout *layout)
{
    SpecStore *store = &spec->stores[spec->store_count++];
    *store = (SpecStore){.kind = (uint8_t) kind, .layout = layout, .limit = -1, .on_leader = kind == STORE_RETURN};
    return store;
}

static inline void pipeline_add(Spec *spec, SourceKind source, int32_t source_index, int32_t sink, int32_t function)
{
    spec->pipelines[spec->pipeline_count++] = (SpecPipeline){.source = (uint8_t) source,
                                                             .source_index = source_index,
                                                             .sink = sink,
                                                             .function = function,
                                                             .on_leader = spec->stores[sink].kind == STORE_RETURN,
                                                             .label = "test"};
}

/* The last pipeline looks into this store. */
static inline void pipeline_probes(Arena *arena, Spec *spec, int32_t store)
{
    SpecPipeline *pipeline = &spec->pipelines[spec->pipeline_count - 1];
    pipeline->probe_count = 1;
    pipeline->probes = ARENA_ARRAY(arena, int32_t, 1);
    pipeline->probes[0] = store;
}

static inline int32_t values_add(Arena *arena, Spec *spec, RowLayout *layout, const void *rows, int64_t count)
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

static inline Error *collect(void *context, const RowLayout *layout, const void *rows, int64_t count)
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

static inline void run_main(Team *team, void *context)
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

static inline Collected *run_spec(Arena *arena, const Spec *spec, RtPipeline *const *pipelines, int32_t count,
                                  int32_t threads, Run *run)
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

static inline uint64_t random_next(uint64_t *state)
{

    *state += 1;
    return hash_u64(*state);
}

typedef struct Pair
{
    int64_t key, value;
} Pair;

/* ---- a program ---- */

typedef struct BenchTest
{
    const char *name;
    void (*test)(void);
} BenchTest;

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void) info;
    (void) type;
    (void) at;
    return remove(path);
}

/* main() of a program of this bench. */
static inline int bench_main(const char *name, const BenchTest *tests, int32_t count)
{
    budget_init(&budget, INT64_C(4) << 30);
    memory = memory_pool_new(&budget, 64 * 1024 * 1024);
    segment_start();
    segments = segment_cache_new(64, 256, BLOCKS_KEPT);
    if (mkdtemp(directory) == NULL)
        return 1;
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    for (int32_t i = 0; i < count; i++)
        CU_add_test(suite, tests[i].name, tests[i].test);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    segment_cache_free(segments);
    memory_pool_free(memory);
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failures == 0 ? 0 : 1;
}
#define BENCH_MAIN(name, tests) bench_main(name, tests, (int32_t) (sizeof(tests) / sizeof *(tests)))

#endif
