/* SPDX-License-Identifier: Apache-2.0 */
/* Tables written by APPEND stores, then scanned. */
#include "tests/unit/run_bench.h"

#include <roaring/roaring.h>

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
    static int32_t ids[] = {0, 1, 2};
    static SqlType types[3];
    types[0] = type_varchar(100);
    types[1] = type_make(TYPE_BIGINT);
    types[2] = type_make(TYPE_INTEGER);
    table->column_names = names;
    table->column_ids = ids;
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
    columns[0] = (SpecColumn){.id = 1, .type = type_make(TYPE_BIGINT), .rep = REP_I64, .nullable = false};
    columns[1] = (SpecColumn){.id = 2, .type = type_make(TYPE_INTEGER), .rep = REP_I16, .nullable = true};
    columns[2] = (SpecColumn){.id = 0, .type = type_varchar(100), .rep = REP_STR, .nullable = true};
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

/* ---- deleted rows ---- */

typedef struct Seen
{
    Str name;
    int64_t address, key;
    uint8_t name_null;
} Seen;

static void p_seen(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    RtStore *sink = rt->store(worker, 0);
    for (int32_t n; (n = rt->scan_next(scan)) > 0;)
    {
        Seen *out = (Seen *) (void *) rt->rows_reserve(worker, sink, n);
        const int64_t *addresses = rt->scan_column(scan, 1), *keys = rt->scan_column(scan, 0);
        const Str *names = rt->scan_column(scan, 2);
        const uint8_t *nulls = rt->scan_nulls(scan, 2), *none = rt->scan_nulls(scan, 1);
        const uint8_t *sevens = rt->scan_flags(scan, 2, like_seven, 0);
        for (int32_t i = 0; i < n; i++)
        {
            out[i] = (Seen){{"", 0}, addresses[i], keys[i], nulls[i]};
            if (!nulls[i])
                rt->keep_str(worker, sink, &names[i], &out[i].name);
            CU_ASSERT(none[i] == 0);
            CU_ASSERT(sevens[i] == (!nulls[i] && names[i].data[names[i].len - 1] == '7'));
        }
        rt->rows_commit(worker, sink, n);
    }
}

static bool is_deleted(int64_t address)
{
    int64_t row = row_address_row(address);
    return (row >= 65536 && row < 2 * 65536) || (row >= 3000 && row < 7000) || hash_u64((uint64_t) address) % 3 == 0;
}

static Seen *seen_scan(Arena *arena, Spec *read, int32_t threads, int64_t *count)
{
    RtPipeline *pipelines[] = {p_seen};
    Run run;
    Collected *out = run_spec(arena, read, pipelines, 1, threads, &run);
    CU_ASSERT_PTR_NULL(run.error);
    *count = out->count;
    return (Seen *) (void *) out->rows;
}

static int by_address(const void *a, const void *b)
{
    int64_t x = ((const Seen *) a)->address, y = ((const Seen *) b)->address;
    return (x > y) - (x < y);
}

/* One row in three, some thousands in a run and a whole block go; what is there then is what was there before. */
static void deleted_check(int32_t count, int32_t threads)
{
    Arena *arena = arena_new("test");
    RowLayout *layout = layout_new(arena, "SiW", 0), *seen = layout_new(arena, "Sii", 0);
    TableRow *rows = table_rows(arena, count);
    Spec *spec = spec_new(arena), *read = spec_new(arena);
    table_new(arena, spec, 0, false);
    store_add(spec, STORE_APPEND, layout);
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, count), 0, -1);
    Run run;
    run_spec(arena, spec, NULL, 0, threads, &run);
    CU_ASSERT_PTR_NULL_FATAL(run.error);
    SpecColumn columns[] = {{.id = 1, .type = type_make(TYPE_BIGINT), .rep = REP_I64},
                            {.id = -1, .type = type_make(TYPE_BIGINT), .rep = REP_I64},
                            {.id = 0, .type = type_varchar(100), .rep = REP_STR, .nullable = true}};
    read->scan_count = 1;
    read->scans[0] = (SpecScan){.table_id = 42,
                                .table_name = "public.t",
                                .column_count = 3,
                                .columns = columns,
                                .segment_count = (int32_t) run.segment_count,
                                .segments = run.written};
    store_add(read, STORE_BUFFER, seen);
    store_add(read, STORE_RETURN, seen);
    pipeline_add(read, SOURCE_SCAN, 0, 0, 0);
    pipeline_add(read, SOURCE_STORE, 0, 1, -1);
    int64_t before, after;
    Seen *all = seen_scan(arena, read, threads, &before);
    CU_ASSERT_EQUAL_FATAL(before, count);
    qsort(all, (size_t) before, sizeof *all, by_address);
    for (int32_t s = 0; s < run.segment_count; s++)
    {
        roaring_bitmap_t *gone = roaring_bitmap_create();
        for (int64_t row = 0; row < run.written[s].rows; row++)
            if (is_deleted(row_address(s, row)))
                roaring_bitmap_add(gone, (uint32_t) row);
        SpecSegment *segment = &run.written[s];
        segment->deleted_count = (int64_t) roaring_bitmap_get_cardinality(gone);
        segment->deleted_bytes = roaring_bitmap_portable_size_in_bytes(gone);
        segment->deleted = arena_alloc(arena, segment->deleted_bytes);
        roaring_bitmap_portable_serialize(gone, segment->deleted);
        roaring_bitmap_free(gone);
    }
    Seen *left = seen_scan(arena, read, threads, &after);
    qsort(left, (size_t) after, sizeof *left, by_address);
    int64_t at = 0;
    for (int64_t i = 0; i < before; i++)
    {
        if (is_deleted(all[i].address))
            continue;
        CU_ASSERT_FATAL(at < after);
        CU_ASSERT(left[at].address == all[i].address && left[at].key == all[i].key);
        CU_ASSERT(left[at].name_null == all[i].name_null && str_compare(left[at].name, all[i].name) == 0);
        at++;
    }
    CU_ASSERT_EQUAL(at, after);
    arena_free(arena);
}

static void test_deleted(void)
{
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
    {
        deleted_check(1000, THREADS[t]);
        deleted_check(500000, THREADS[t]);
    }
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

int main(void)
{
    static const BenchTest tests[] = {
        {"tables written and scanned", test_tables},
        {"deleted rows are left out", test_deleted},
        {"nulls in NOT NULL columns", test_not_null},
    };
    return BENCH_MAIN("run: tables", tests);
}
