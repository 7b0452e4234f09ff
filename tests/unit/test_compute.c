/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine.  Alone it is a world of one; `mpirun -n 3 test_compute` runs the same checks over ranks:
 * rows of a table loaded by hash are joined, grouped and gathered; errors and cancels end everywhere.
 */
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "base/data/hash.h"
#include "src/codegen/compile.h"
#include "src/compute/engine.h"
#include "src/compute/granted.h"
#include "src/load/plan.h"

#include <CUnit/Basic.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS   50000
#define GROUPS 1000

static World *world;
static Engine *engine;
static char *directory;
static char key[] = "aaaabbbbccccddddeeeeffff00001111"; /* name of the compiled module */

typedef struct Pair
{
    int64_t key, value;
} Pair;

static RowLayout *layout_new(Arena *arena, const char *fields, int32_t head)
{
    RowLayout *layout = ARENA_NEW(arena, RowLayout);
    layout->field_count = (int32_t) strlen(fields);
    layout->fields = ARENA_ARRAY(arena, RowField, layout->field_count);
    for (int32_t i = 0; i < layout->field_count; i++)
        layout->fields[i] = fields[i] == 's' ? (RowField){type_varchar(50), REP_STR, 0, -1}
                                             : (RowField){type_make(TYPE_BIGINT), REP_I64, 0, -1};
    row_layout_place(layout);
    for (int32_t i = 0; i < layout->field_count; i++)
        layout->fields[i].offset += head;
    layout->stride += head;
    return layout;
}

static Spec *spec_new(Arena *arena)
{
    static uint64_t query = 1000;
    Spec *spec = ARENA_NEW(arena, Spec);
    spec->query = ++query;
    spec->slice_count = 5;
    snprintf(spec->module, sizeof spec->module, "%s", key);
    spec->stores = ARENA_ARRAY(arena, SpecStore, 8);
    spec->pipelines = ARENA_ARRAY(arena, SpecPipeline, 8);
    spec->values = ARENA_ARRAY(arena, SpecValues, 2);
    spec->scans = ARENA_ARRAY(arena, SpecScan, 2);
    spec->tables = ARENA_ARRAY(arena, SpecTable, 2);
    return spec;
}

static SpecStore *store_add(Spec *spec, StoreKind kind, RowLayout *layout, bool on_leader)
{
    SpecStore *store = &spec->stores[spec->store_count++];
    *store = (SpecStore){.kind = (uint8_t) kind, .layout = layout, .limit = -1, .on_leader = on_leader};
    return store;
}

static void pipeline_add(Spec *spec, SourceKind source, int32_t index, int32_t sink, int32_t function, bool on_leader)
{
    spec->pipelines[spec->pipeline_count++] = (SpecPipeline){.source = (uint8_t) source,
                                                             .source_index = index,
                                                             .sink = sink,
                                                             .function = function,
                                                             .on_leader = on_leader,
                                                             .label = "p"};
}

typedef struct Got
{
    int64_t rows, sum;
    int64_t by_key[GROUPS];
    Error *error; /* to be given back */
} Got;

static Error *take(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    Got *got = context;
    Error *error = got->error;
    got->error = NULL;
    if (error != NULL)
        return error;
    for (int64_t i = 0; i < count; i++)
    {
        const char *row = (const char *) rows + i * layout->stride;
        int64_t k = *(const int64_t *) (row + layout->fields[0].offset);
        int64_t value = *(const int64_t *) (row + layout->fields[1].offset);
        got->rows++;
        got->sum += value;
        if (k >= 0 && k < GROUPS)
            got->by_key[k] += value;
    }
    return NULL;
}

/* The table's rows: three fields, the string long enough that buffers differ in size. */
static void table_values(Arena *arena, Spec *spec, RowLayout *layout)
{
    char *rows = arena_zalloc(arena, (size_t) ROWS * (size_t) layout->stride);
    for (int64_t i = 0; i < ROWS; i++)
    {
        char *text = arena_printf(arena, "row number %lld", (long long) i);
        row_set(layout, rows + i * layout->stride, 0, &(Datum){.i = i});
        row_set(layout, rows + i * layout->stride, 1, &(Datum){.i = i % 777});
        row_set(layout, rows + i * layout->stride, 2, &(Datum){.str = {text, (int64_t) strlen(text)}});
    }
    Text packed;
    text_init(&packed, arena);
    row_pack(layout, rows, ROWS, &packed);
    spec->values[spec->values_count++] = (SpecValues){layout, packed.data, packed.length};
}

static void table_fill(Arena *arena, SpecTable *table)
{
    static char *names[] = {"id", "amount", "remark"};
    *table = (SpecTable){.table_id = 99,
                         .schema_name = "public",
                         .name = "t",
                         .column_count = 3,
                         .dist_style = 1,
                         .dist_column = 0,
                         .file_stamp = 77};
    static int32_t ids[] = {0, 1, 2};
    table->column_names = names;
    table->column_ids = ids;
    table->column_types = ARENA_ARRAY(arena, SqlType, 3);
    table->column_types[0] = table->column_types[1] = type_make(TYPE_BIGINT);
    table->column_types[2] = type_varchar(50);
    table->column_encodings = ARENA_ARRAY(arena, uint8_t, 3);
    table->column_not_null = ARENA_ARRAY(arena, bool, 3);
}

static RunResult loaded; /* of test_load, for the scans; lives in `kept` */
static Arena *kept;

static void test_load(void)
{
    Arena *arena = arena_new("test");
    Spec *spec = spec_new(arena);
    RowLayout *layout = layout_new(arena, "iis", 0);
    table_values(arena, spec, layout);
    table_fill(arena, &spec->tables[spec->table_count++]);
    SpecStore *exchange = store_add(spec, STORE_EXCHANGE, layout, false);
    exchange->exchange = EXCHANGE_HASH;
    exchange->from_leader = true;
    store_add(spec, STORE_APPEND, layout, false);
    pipeline_add(spec, SOURCE_VALUES, 0, 0, -1, true);
    pipeline_add(spec, SOURCE_STORE, 0, 1, -1, false);
    Error *error = engine_run(engine, spec, kept, NULL, &loaded);
    CU_ASSERT_PTR_NULL_FATAL(error);
    CU_ASSERT_EQUAL(loaded.rows_appended, ROWS);
    CU_ASSERT_EQUAL(loaded.segment_count, 5);
    CU_ASSERT(loaded.counter_count >= 2);
    for (int32_t i = 0; i < loaded.segment_count; i++)
    {
        CU_ASSERT_EQUAL(loaded.segments[i].slice, i);
        CU_ASSERT(loaded.segments[i].columns[1].has_range && loaded.segments[i].columns[1].max.i == 776);
    }
    arena_free(arena);
}

static void scan_fill(Arena *arena, SpecScan *scan)
{
    SpecColumn *columns = ARENA_ARRAY(arena, SpecColumn, 2);
    columns[0] = (SpecColumn){.id = 0, .type = type_make(TYPE_BIGINT), .rep = REP_I64, .nullable = false};
    columns[1] = (SpecColumn){.id = 1, .type = type_make(TYPE_BIGINT), .rep = REP_I64, .nullable = false};
    *scan = (SpecScan){.table_id = 99,
                       .table_name = "public.t",
                       .column_count = 2,
                       .columns = columns,
                       .segment_count = loaded.segment_count};
    scan->segments = ARENA_ARRAY(arena, SpecSegment, loaded.segment_count);
    for (int32_t i = 0; i < loaded.segment_count; i++)
    {
        scan->segments[i] = (SpecSegment){.id = i,
                                          .slice = loaded.segments[i].slice,
                                          .file = loaded.segments[i].file,
                                          .rows = loaded.segments[i].rows,
                                          .bytes = loaded.segments[i].bytes};
        memcpy(scan->segments[i].digest, loaded.segments[i].digest, 16);
    }
}

/* scan -> EXCHANGE hash on id % GROUPS -> AGG -> EXCHANGE gather -> RETURN */
static Spec *group_spec(Arena *arena, int32_t first_function)
{
    Spec *spec = spec_new(arena);
    RowLayout *pair = layout_new(arena, "ii", 0), *group = layout_new(arena, "ii", ROW_HEADER_SIZE);
    scan_fill(arena, &spec->scans[spec->scan_count++]);
    store_add(spec, STORE_EXCHANGE, pair, false)->exchange = EXCHANGE_HASH;
    SpecStore *agg = store_add(spec, STORE_AGG, group, false);
    agg->key_mode = KEY_EXACT;
    agg->key_count = 1;
    agg->merge_count = 1;
    agg->merges = ARENA_ARRAY(arena, SpecMerge, 1);
    agg->merges[0].field = 1;
    store_add(spec, STORE_EXCHANGE, pair, true)->exchange = EXCHANGE_GATHER;
    store_add(spec, STORE_RETURN, pair, true);
    pipeline_add(spec, SOURCE_SCAN, 0, 0, first_function, false);
    pipeline_add(spec, SOURCE_STORE, 0, 1, 1, false);
    pipeline_add(spec, SOURCE_STORE, 1, 2, 2, false);
    pipeline_add(spec, SOURCE_STORE, 2, 3, -1, true);
    return spec;
}

static void test_group(void)
{
    for (int32_t pass = 0; pass < 20; pass++)
    {
        Arena *arena = arena_new("test");
        Got *got = ARENA_NEW(arena, Got);
        RowSink sink = {got, take};
        RunResult result;
        int64_t start = clock_us();
        Error *error = engine_run(engine, group_spec(arena, 0), arena, &sink, &result);
        if (pass == 19)
            printf(" %lld us ", (long long) (clock_us() - start));
        CU_ASSERT_PTR_NULL_FATAL(error);
        CU_ASSERT_EQUAL(got->rows, GROUPS);
        CU_ASSERT_EQUAL(result.rows_returned, GROUPS);
        int64_t expect[GROUPS] = {0}, wrong = 0;
        for (int64_t i = 0; i < ROWS; i++)
            expect[i % GROUPS] += i % 777;
        for (int32_t k = 0; k < GROUPS; k++)
            wrong += expect[k] != got->by_key[k];
        CU_ASSERT_EQUAL(wrong, 0);
        arena_free(arena);
    }
}

static void test_errors(void)
{
    for (int32_t pass = 0; pass < 5; pass++)
    {
        Arena *arena = arena_new("test");
        Got *got = ARENA_NEW(arena, Got);
        RowSink sink = {got, take};
        RunResult result;
        Error *error = engine_run(engine, group_spec(arena, 3), arena, &sink, &result); /* divides by zero at id 4711 */
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_EQUAL(error->state, SQLSTATE_DIVISION_BY_ZERO);
        CU_ASSERT_EQUAL(got->rows, 0);
        error_free(error);
        got->error = error_new(SQLSTATE_CONNECTION_FAILURE, "client is gone");
        error = engine_run(engine, group_spec(arena, 0), arena, &sink, &result);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_EQUAL(error->state, SQLSTATE_CONNECTION_FAILURE);
        error_free(error);
        arena_free(arena);
    }
}

/* ---- COPY ---- */

#define LOAD_ROWS 30000

static void load_text(Text *text, bool bad)
{
    for (int32_t i = 0; i < LOAD_ROWS; i++)
        text_printf(text, bad && i == 12345 ? "%dx|%d|some text\n" : "%d|%d|some text\n", i, i % 100);
}

static SpecLoad *load_new(Arena *arena, const char *path, int64_t bytes, int64_t max_error)
{
    LoadFormat *format = ARENA_NEW(arena, LoadFormat);
    load_format_init(format, LOAD_DELIMITED);
    format->max_error = max_error;
    LoadColumn *columns = ARENA_ARRAY(arena, LoadColumn, 3);
    columns[0] = (LoadColumn){.name = "id", .type = type_make(TYPE_BIGINT), .position = 0};
    columns[1] = (LoadColumn){.name = "amount", .type = type_make(TYPE_BIGINT), .position = 1};
    columns[2] = (LoadColumn){.name = "remark", .type = type_varchar(50), .position = 2};
    LoadFile file = {arena_strdup(arena, path == NULL ? "" : path), bytes};
    LoadFiles files = {path != NULL, &file, bytes};
    LoadPlan *plan = load_plan_make(arena, format, columns, 3, &files, 4);
    Text bytes_of_plan;
    text_init(&bytes_of_plan, arena);
    load_plan_write(&bytes_of_plan, plan);
    SpecLoad *load = ARENA_NEW(arena, SpecLoad);
    *load = (SpecLoad){.plan = bytes_of_plan.data, .plan_bytes = bytes_of_plan.length, .identity = -1, .stream = path == NULL};
    return load;
}

static Spec *load_spec(Arena *arena, bool stream)
{
    static int64_t stamp = 500;
    Spec *spec = spec_new(arena);
    RowLayout *layout = layout_new(arena, "iis", 0);
    table_fill(arena, &spec->tables[spec->table_count++]);
    spec->tables[0].file_stamp = ++stamp;
    spec->tables[0].table_id = 100;
    SpecStore *exchange = store_add(spec, STORE_EXCHANGE, layout, false);
    exchange->exchange = EXCHANGE_HASH;
    exchange->from_leader = stream;
    store_add(spec, STORE_APPEND, layout, false);
    pipeline_add(spec, SOURCE_LOAD, 0, 0, -1, stream);
    pipeline_add(spec, SOURCE_STORE, 0, 1, -1, false);
    return spec;
}

typedef struct Feeding
{
    const char *data;
    size_t length, at;
} Feeding;

static Error *feed_next(void *context, const void **bytes, size_t *length)
{
    Feeding *feeding = context;
    size_t left = feeding->length - feeding->at;
    *length = left < 10007 ? left : 10007;
    *bytes = feeding->data + feeding->at;
    feeding->at += *length;
    return NULL;
}

static void load_check(bool stream, bool bad, int64_t max_error)
{
    Arena *arena = arena_new("test");
    Text text;
    text_init(&text, arena);
    load_text(&text, bad);
    char *path = arena_printf(arena, "%s/input.tbl", directory);
    FILE *file = fopen(path, "we");
    ASSERT(file != NULL && fwrite(text.data, 1, text.length, file) == text.length);
    fclose(file);
    Spec *spec = load_spec(arena, stream);
    spec->load = load_new(arena, stream ? NULL : path, (int64_t) text.length, max_error);
    Feeding feeding = {text.data, text.length, 0};
    RunFeed feed = {&feeding, feed_next};
    RunResult result;
    Error *error = engine_run_feed(engine, spec, arena, stream ? &feed : NULL, NULL, &result);
    CU_ASSERT_EQUAL(result.load_rejected, bad);
    CU_ASSERT_EQUAL(result.reject_count, bad);
    if (bad && result.reject_count == 1)
        CU_ASSERT_EQUAL(result.rejects[0].line, 12346);
    if (bad && max_error == 0)
    {
        CU_ASSERT_PTR_NOT_NULL(error);
        CU_ASSERT_EQUAL(result.segment_count, 0);
    }
    else
    {
        CU_ASSERT_PTR_NULL(error);
        CU_ASSERT_EQUAL(result.rows_appended, LOAD_ROWS - bad);
        CU_ASSERT_EQUAL(result.load_rows, LOAD_ROWS - bad);
        CU_ASSERT_EQUAL(result.segment_count, 5);
    }
    error_free(error);
    arena_free(arena);
}

static void test_copy(void)
{
    for (int32_t stream = 0; stream < 2; stream++)
    {
        load_check(stream, false, 0);
        load_check(stream, true, 0);
        load_check(stream, true, 1);
    }
}

static uint64_t cancel_this;

static void *cancel_soon(void *context)
{
    (void) context;
    usleep(50000);
    engine_cancel(engine, cancel_this);
    return NULL;
}

static void test_cancel(void)
{
    Arena *arena = arena_new("test");
    Got *got = ARENA_NEW(arena, Got);
    RowSink sink = {got, take};
    RunResult result;
    Spec *spec = group_spec(arena, 4); /* each batch takes a while, for ever */
    cancel_this = spec->query;
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_soon, NULL);
    int64_t start = clock_us();
    Error *error = engine_run(engine, spec, arena, &sink, &result);
    pthread_join(thread, NULL);
    CU_ASSERT(clock_us() - start < 2000000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_EQUAL(error->state, SQLSTATE_QUERY_CANCELED);
    error_free(error);
    error = engine_run(engine, group_spec(arena, 0), arena, &sink, &result); /* and all goes on */
    CU_ASSERT_PTR_NULL(error);
    arena_free(arena);
}

static void *run_beside(void *context)
{
    Arena *arena = arena_new("test");
    Got *got = ARENA_NEW(arena, Got);
    RowSink sink = {got, take};
    RunResult result;
    Spec *spec = context;
    Error *error = engine_run(engine, spec, arena, &sink, &result);
    if (error != NULL)
        printf("%s\n", error->message);
    bool good = error == NULL && got->rows == GROUPS;
    error_free(error);
    arena_free(arena);
    return good ? context : NULL;
}

static void test_many(void)
{
    Arena *arena = arena_new("test");
    pthread_t threads[8];
    for (int32_t i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, run_beside, group_spec(arena, 0));
    for (int32_t i = 0; i < 8; i++)
    {
        void *good;
        pthread_join(threads[i], &good);
        CU_ASSERT_PTR_NOT_NULL(good);
    }
    arena_free(arena);
}

/* ---- the module, compiled as the code cache would ---- */

static const char CODE[] =
    "typedef struct Pair { int64_t key, value; } Pair;\n"
    "typedef struct Group { RowHeader header; int64_t key, value; } Group;\n"
    "static void scan(const Rt *rt, RtWorker *worker, RtScan *s, int how)\n"
    "{\n"
    "    RtStore *sink = rt->store(worker, 0);\n"
    "    for (int32_t n; (n = rt->scan_next(s)) > 0;) {\n"
    "        const int64_t *id = rt->scan_column(s, 0), *amount = rt->scan_column(s, 1);\n"
    "        for (int32_t i = 0; i < n; i++) {\n"
    "            if (how == 1 && id[i] == 4711) rt->raise(worker, RT_FAULT_DIVISION_BY_ZERO, 0);\n"
    "            Pair *p = (Pair *) rt->send_row(worker, sink, (uint64_t) (id[i] % 1000) * 0x9e3779b97f4a7c15ul);\n"
    "            p->key = id[i] % 1000; p->value = amount[i];\n"
    "        }\n"
    "        if (how == 2) for (volatile long k = 0; k < 100000000; k++) ;\n"
    "    }\n"
    "}\n"
    "static void p0(const Rt *rt, RtWorker *w, RtScan *s) { scan(rt, w, s, 0); }\n"
    "static void p3(const Rt *rt, RtWorker *w, RtScan *s) { scan(rt, w, s, 1); }\n"
    "static void p4(const Rt *rt, RtWorker *w, RtScan *s) { scan(rt, w, s, 2); }\n"
    "static void p1(const Rt *rt, RtWorker *worker, RtScan *s)\n"
    "{\n"
    "    RtStore *sink = rt->store(worker, 1);\n"
    "    const char *rows;\n"
    "    for (int32_t n; (n = rt->rows_next(s, &rows)) > 0;) {\n"
    "        const Pair *in = (const Pair *) rows; uint64_t keys[RT_BATCH]; Group *g[RT_BATCH];\n"
    "        for (int32_t i = 0; i < n; i++) keys[i] = (uint64_t) in[i].key;\n"
    "        rt->agg_find(worker, sink, keys, n, (void **) g);\n"
    "        for (int32_t i = 0; i < n; i++) {\n"
    "            if (!g[i]->header.next) { g[i]->key = in[i].key; g[i]->header.next = g[i]; }\n"
    "            g[i]->value += in[i].value;\n"
    "        }\n"
    "    }\n"
    "}\n"
    "static void p2(const Rt *rt, RtWorker *worker, RtScan *s)\n"
    "{\n"
    "    RtStore *sink = rt->store(worker, 2);\n"
    "    const char *rows;\n"
    "    for (int32_t n; (n = rt->rows_next(s, &rows)) > 0;) {\n"
    "        const Group *in = (const Group *) rows;\n"
    "        Pair *out = (Pair *) rt->rows_reserve(worker, sink, n);\n"
    "        for (int32_t i = 0; i < n; i++) { out[i].key = in[i].key; out[i].value = in[i].value; }\n"
    "        rt->rows_commit(worker, sink, n);\n"
    "    }\n"
    "}\n"
    "static RtPipeline *const pipelines[] = {p0, p1, p2, p3, p4};\n"
    "const RtModule stoa_module = {RT_ABI, 5, pipelines};\n";

static void module_make(void)
{
    char path[512], command[2048];
    snprintf(path, sizeof path, "%s/code.c", directory);
    FILE *file = fopen(path, "we");
    ASSERT(file != NULL);
    fputs(codegen_prelude, file);
    fputs(CODE, file);
    fclose(file);
    snprintf(command, sizeof command, "%s/cache/%s.t0.so", directory, key);
    pid_t pid = fork();
    if (pid == 0)
    {
        execlp("gcc", "gcc", "-std=gnu11", "-w", "-O1", "-shared", "-fPIC", path, "-o", command, (char *) NULL);
        _exit(127);
    }
    ASSERT(pid > 0);
    waitpid(pid, NULL, 0);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void) info;
    (void) type;
    (void) at;
    return remove(path);
}

static void test_granted(void)
{
    int64_t all = memory_granted(), megabyte = 1024 * 1024;
    CU_ASSERT(all > 0);
    setenv("SLURM_MEM_PER_NODE", "100", 1);
    CU_ASSERT_EQUAL(memory_granted(), 100 * megabyte);
    unsetenv("SLURM_MEM_PER_NODE");
    setenv("SLURM_MEM_PER_CPU", "20", 1);
    setenv("SLURM_CPUS_ON_NODE", "3", 1);
    CU_ASSERT_EQUAL(memory_granted(), 60 * megabyte);
    unsetenv("SLURM_MEM_PER_CPU");
    unsetenv("SLURM_CPUS_ON_NODE");
    CU_ASSERT_EQUAL(memory_granted(), all);
}

static unsigned lead(void)
{
    module_make();
    kept = arena_new("kept");
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("compute", NULL, NULL);
    CU_add_test(suite, "rows into a table", test_load);
    CU_add_test(suite, "scan, exchange, group, gather", test_group);
    CU_add_test(suite, "errors end everywhere", test_errors);
    CU_add_test(suite, "files and streams loaded", test_copy);
    CU_add_test(suite, "cancel", test_cancel);
    CU_add_test(suite, "memory granted", test_granted);
    CU_add_test(suite, "eight at once", test_many);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arena_free(kept);
    return failures;
}

int main(int argc, char **argv)
{
    Error *error = world_start(&world, &argc, &argv);
    if (error != NULL)
        return 2;
    const char *base = getenv("STOA_TEST_DIRECTORY");
    Arena *arena = arena_new("main");
    char own[] = "/tmp/stoa_test_compute_XXXXXX";
    directory = base != NULL ? arena_strdup(arena, base) : arena_strdup(arena, mkdtemp(own));
    char *cache = arena_printf(arena, "%s/cache", directory);
    ASSERT(world_size(world) == 1 || base != NULL); /* ranks need one directory */
    if (world_is_leader(world))
        mkdir(cache, 0700);
    EngineConfig config = {.world = world, .directory = directory, .database_id = 1, .threads = 2};
    error = engine_start(&config, &engine);
    ASSERT(error == NULL);
    unsigned failures = 0;
    if (world_is_leader(world))
        failures = lead();
    else
        error = node_work(engine);
    failures += error != NULL;
    error_free(error);
    engine_stop(engine);
    if (world_is_leader(world) && base == NULL)
        nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    error = world_stop(world);
    failures += error != NULL;
    arena_free(arena);
    return failures == 0 ? 0 : 1;
}
