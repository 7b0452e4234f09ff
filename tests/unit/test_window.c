/* SPDX-License-Identifier: Apache-2.0 */
/* Window functions against naive ones: for each row its frame is looked for among all rows of its partition. */
#include "tests/unit/run_bench.h"

#include "base/data/datetime.h"
#include "base/data/numeric.h"

#include <math.h>

/* Fields: partition, order (nullable), value (nullable), real (nullable), text (nullable), n; then the result. */
enum
{
    PART,
    ORDER,
    VALUE,
    REAL,
    TEXT,
    COUNT_ARG,
    RESULT
};

static RowLayout *window_layout(Arena *arena, SqlType result)
{
    RowLayout *layout = ARENA_NEW(arena, RowLayout);
    SqlType types[] = {type_make(TYPE_BIGINT),
                       type_make(TYPE_INTEGER),
                       type_make(TYPE_BIGINT),
                       type_make(TYPE_DOUBLE),
                       type_varchar(100),
                       type_make(TYPE_BIGINT),
                       result};
    layout->field_count = 7;
    layout->fields = ARENA_ARRAY(arena, RowField, 7);
    for (int32_t f = 0; f < 7; f++)
        layout->fields[f] = (RowField){types[f], (uint8_t) type_rep(types[f]), 0, f == PART || f == COUNT_ARG ? -1 : 0};
    row_layout_place(layout);
    return layout;
}

static char *window_rows(Arena *arena, const RowLayout *layout, int32_t count, int32_t partitions, uint64_t seed)
{
    char *rows = arena_zalloc(arena, (size_t) (count + 1) * (size_t) layout->stride);
    for (int32_t i = 0; i < count; i++)
    {
        char *row = rows + (int64_t) i * layout->stride;
        uint64_t r = random_next(&seed);
        char *text = arena_printf(arena, "t%d", (int) (r % 23));
        Datum values[] = {{.i = (int64_t) (random_next(&seed) % (uint64_t) partitions)},
                          {.null = r % 11 == 0, .i = (int64_t) (r >> 8) % 40},
                          {.null = r % 7 == 0, .i = (int64_t) (r >> 16) % 1000 - 500},
                          {.null = r % 5 == 0, .f = (double) ((int64_t) (r >> 24) % 1000) / 8},
                          {.null = r % 3 == 0, .str = {text, (int64_t) strlen(text)}},
                          {.i = 3}};
        for (int32_t f = 0; f < RESULT; f++)
            row_set(layout, row, f, &values[f]);
    }
    return rows;
}

typedef struct Case
{
    SpecWindow window;
    bool ordered, descending, nulls_first;
    int64_t start, end; /* offsets */
} Case;

typedef struct Answer
{
    Arena *arena;
    const RowLayout *layout;
    char *rows;
    int64_t count;
    Error *error;
} Answer;

static Answer window_run(Arena *arena, Case what, SqlType result, int32_t count, int32_t partitions, int32_t threads)
{
    Spec *spec = spec_new(arena);
    RowLayout *layout = window_layout(arena, result);
    char *rows = window_rows(arena, layout, count, partitions, (uint64_t) count);
    SpecStore *store = store_add(spec, STORE_WINDOW, layout);
    SortKey *keys = ARENA_ARRAY(arena, SortKey, 2);
    keys[0].field = PART;
    keys[1] = (SortKey){.field = ORDER, .descending = what.descending, .nulls_first = what.nulls_first};
    store->sort = keys;
    store->sort_count = what.ordered ? 2 : 1;
    store->partition_count = 1;
    what.window.result = RESULT;
    what.window.start_param = what.window.end_param = -1;
    spec->params[0] = (SpecParam){.type = type_make(TYPE_INTEGER), .value.i = what.start};
    spec->params[1] = (SpecParam){.type = type_make(TYPE_INTEGER), .value.i = what.end};
    spec->param_count = 2;
    if (what.window.frame_start == FRAME_PRECEDING || what.window.frame_start == FRAME_FOLLOWING)
        what.window.start_param = 0;
    if (what.window.frame_end == FRAME_PRECEDING || what.window.frame_end == FRAME_FOLLOWING)
        what.window.end_param = 1;
    store->windows = ARENA_NEW(arena, SpecWindow);
    *store->windows = what.window;
    store->window_count = 1;
    store_add(spec, STORE_RETURN, layout);
    int32_t half = count / 2; /* two pipelines into the store */
    pipeline_add(spec, SOURCE_VALUES, values_add(arena, spec, layout, rows, half), 0, -1);
    pipeline_add(spec, SOURCE_VALUES,
                 values_add(arena, spec, layout, rows + (int64_t) half * layout->stride, count - half), 0, -1);
    pipeline_add(spec, SOURCE_STORE, 0, 1, -1);
    Run run;
    Collected *out = run_spec(arena, spec, NULL, 0, threads, &run);
    return (Answer){arena, layout, out->rows, out->count, run.error};
}

static Datum at(const Answer *answer, int64_t row, int32_t field)
{
    return row_get(answer->layout, answer->rows + row * answer->layout->stride, field);
}

/* ---- a naive frame ---- */

typedef struct Naive
{
    const Answer *answer;
    const Case *what;
    int64_t from, to; /* partition */
    int64_t *group;   /* by row of the answer */
} Naive;

static bool side_in(const Naive *naive, int64_t i, int64_t j, FrameBound bound, int64_t offset, bool is_end)
{
    const SpecWindow *window = &naive->what->window;
    if (bound == FRAME_UNBOUNDED_PRECEDING || bound == FRAME_UNBOUNDED_FOLLOWING)
        return true;
    int64_t distance = window->frame_unit == FRAME_ROWS ? j - i : naive->group[j] - naive->group[i];
    if (bound == FRAME_CURRENT_ROW)
        return is_end ? distance <= 0 : distance >= 0;
    int64_t limit = bound == FRAME_PRECEDING ? -offset : offset;
    if (window->frame_unit == FRAME_RANGE)
    {
        Datum a = at(naive->answer, i, ORDER), b = at(naive->answer, j, ORDER);
        if (a.null || b.null)
            return a.null == b.null || (a.null ? false : (naive->what->nulls_first == (is_end != 0)));
        distance = naive->what->descending ? a.i - b.i : b.i - a.i;
    }
    return is_end ? distance <= limit : distance >= limit;
}

static bool in_frame(const Naive *naive, int64_t i, int64_t j)
{
    const SpecWindow *window = &naive->what->window;
    if (!side_in(naive, i, j, (FrameBound) window->frame_start, naive->what->start, false) ||
        !side_in(naive, i, j, (FrameBound) window->frame_end, naive->what->end, true))
        return false;
    bool peer = naive->group[i] == naive->group[j];
    switch ((FrameExclude) window->frame_exclude)
    {
    case FRAME_EXCLUDE_CURRENT_ROW:
        return i != j;
    case FRAME_EXCLUDE_GROUP:
        return !peer;
    case FRAME_EXCLUDE_TIES:
        return i == j || !peer;
    default:
        return true;
    }
}

static Datum naive_value(const Naive *naive, int64_t i)
{
    const SpecWindow *window = &naive->what->window;
    Datum out = {.null = true};
    int64_t count = 0, seen = 0;
    double sum = 0, squares = 0;
    for (int64_t j = naive->from; j < naive->to; j++)
    {
        if (!in_frame(naive, i, j))
            continue;
        Datum value = window->arg_count > 0 ? at(naive->answer, j, window->args[0]) : (Datum){.i = 0};
        if (window->window != WINDOW_NONE)
        {
            if (value.null && window->ignore_nulls)
                continue;
            seen++;
            if (window->window == WINDOW_LAST_VALUE || (window->window == WINDOW_FIRST_VALUE && seen == 1) ||
                (window->window == WINDOW_NTH_VALUE && seen == 3))
                out = value;
            continue;
        }
        if (value.null)
            continue;
        count++;
        sum += value.f;
        squares += value.f * value.f;
        if (window->agg == AGG_SUM && window->args[0] == VALUE)
            out = (Datum){.i = out.null ? value.i : out.i + value.i};
        else if (window->agg == AGG_MIN && (out.null || value.i < out.i))
            out = value;
        else if (window->agg == AGG_MAX && (out.null || str_compare(value.str, out.str) > 0))
            out = value;
    }
    if (window->agg == AGG_COUNT || window->agg == AGG_COUNT_STAR)
        out = (Datum){.i = count};
    if (window->agg == AGG_AVG && count > 0)
        out = (Datum){.f = sum / (double) count};
    if (window->agg == AGG_VAR_POP && count > 0)
        out = (Datum){.f = squares / (double) count - sum / (double) count * (sum / (double) count)};
    return out;
}

static bool same_value(SqlType type, Datum a, Datum b)
{
    if (a.null || b.null)
        return a.null == b.null;
    if (type.id == TYPE_DOUBLE)
        return fabs(a.f - b.f) <= 1e-6 * (1 + fabs(a.f));
    return value_compare(type, &a, &b) == 0;
}

static void window_check(const Case *what, SqlType result, int32_t count, int32_t partitions, int32_t threads)
{
    Arena *arena = arena_new("test");
    Answer answer = window_run(arena, *what, result, count, partitions, threads);
    CU_ASSERT_PTR_NULL_FATAL(answer.error);
    CU_ASSERT_EQUAL_FATAL(answer.count, count);
    Naive naive = {.answer = &answer, .what = what, .group = ARENA_ARRAY(arena, int64_t, count + 1)};
    int32_t wrong = 0;
    for (int64_t i = 0; i < count; i++)
    {
        if (i == naive.to)
        {
            naive.from = naive.to;
            while (naive.to < count && at(&answer, naive.to, PART).i == at(&answer, naive.from, PART).i)
            {
                Datum a = at(&answer, naive.to, ORDER);
                Datum b = naive.to > naive.from ? at(&answer, naive.to - 1, ORDER) : a;
                bool peer = !what->ordered || (a.null == b.null && (a.null || a.i == b.i));
                naive.group[naive.to] = naive.to == naive.from ? 0 : naive.group[naive.to - 1] + !peer;
                naive.to++;
            }
        }
        wrong += !same_value(result, at(&answer, i, RESULT), naive_value(&naive, i));
    }
    CU_ASSERT_EQUAL(wrong, 0);
    if (wrong > 0)
        printf("agg %d window %d unit %d %d..%d exclude %d: %d wrong\n", what->window.agg, what->window.window,
               what->window.frame_unit, what->window.frame_start, what->window.frame_end, what->window.frame_exclude,
               wrong);
    arena_free(arena);
}

/* ---- tests ---- */

typedef struct Kind
{
    uint8_t window, agg;
    int32_t arg;
    SqlType result;
    bool ignore_nulls;
} Kind;

static void kinds_check(const Case *frame, int32_t count, int32_t partitions, int32_t threads)
{
    Kind kinds[] = {{WINDOW_NONE, AGG_SUM, VALUE, type_make(TYPE_BIGINT), false},
                    {WINDOW_NONE, AGG_COUNT, VALUE, type_make(TYPE_BIGINT), false},
                    {WINDOW_NONE, AGG_COUNT_STAR, -1, type_make(TYPE_BIGINT), false},
                    {WINDOW_NONE, AGG_MIN, VALUE, type_make(TYPE_BIGINT), false},
                    {WINDOW_NONE, AGG_MAX, TEXT, type_varchar(100), false},
                    {WINDOW_NONE, AGG_AVG, REAL, type_make(TYPE_DOUBLE), false},
                    {WINDOW_NONE, AGG_VAR_POP, REAL, type_make(TYPE_DOUBLE), false},
                    {WINDOW_FIRST_VALUE, AGG_NONE, VALUE, type_make(TYPE_BIGINT), false},
                    {WINDOW_LAST_VALUE, AGG_NONE, TEXT, type_varchar(100), true},
                    {WINDOW_NTH_VALUE, AGG_NONE, VALUE, type_make(TYPE_BIGINT), false},
                    {WINDOW_NTH_VALUE, AGG_NONE, VALUE, type_make(TYPE_BIGINT), true}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    {
        Case what = *frame;
        what.window.window = kinds[k].window;
        what.window.agg = kinds[k].agg;
        what.window.ignore_nulls = kinds[k].ignore_nulls;
        what.window.arg_count = kinds[k].arg < 0 ? 0 : kinds[k].window == WINDOW_NTH_VALUE ? 2 : 1;
        what.window.args[0] = kinds[k].arg < 0 ? 0 : kinds[k].arg;
        what.window.args[1] = COUNT_ARG;
        window_check(&what, kinds[k].result, count, partitions, threads);
    }
}

static void test_frames(void)
{
    static const struct
    {
        uint8_t start, end;
        int64_t start_offset, end_offset;
    } bounds[] = {{FRAME_UNBOUNDED_PRECEDING, FRAME_CURRENT_ROW, 0, 0},
                  {FRAME_UNBOUNDED_PRECEDING, FRAME_UNBOUNDED_FOLLOWING, 0, 0},
                  {FRAME_PRECEDING, FRAME_CURRENT_ROW, 3, 0},
                  {FRAME_PRECEDING, FRAME_FOLLOWING, 2, 4},
                  {FRAME_PRECEDING, FRAME_PRECEDING, 5, 2},
                  {FRAME_FOLLOWING, FRAME_FOLLOWING, 1, 3},
                  {FRAME_CURRENT_ROW, FRAME_UNBOUNDED_FOLLOWING, 0, 0},
                  {FRAME_PRECEDING, FRAME_PRECEDING, 1, 4}, /* empty */
                  {FRAME_PRECEDING, FRAME_FOLLOWING, 100000, 0}};
    for (uint8_t unit = FRAME_ROWS; unit <= FRAME_GROUPS; unit++)
        for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
            for (uint8_t exclude = 0; exclude <= FRAME_EXCLUDE_TIES; exclude++)
            {
                Case frame = {.window = {.frame_unit = unit,
                                         .frame_start = bounds[b].start,
                                         .frame_end = bounds[b].end,
                                         .frame_exclude = exclude},
                              .ordered = true,
                              .descending = b % 2,
                              .nulls_first = exclude % 2,
                              .start = bounds[b].start_offset,
                              .end = bounds[b].end_offset};
                kinds_check(&frame, 400, 5, THREADS[b % 3]);
            }
}

static void test_whole(void)
{
    Case frame = {.window = {.frame_unit = FRAME_RANGE, .frame_end = FRAME_CURRENT_ROW}};
    kinds_check(&frame, 600, 40, 2);
    kinds_check(&frame, 1, 1, 1);
    frame.ordered = true;
    kinds_check(&frame, 0, 1, 1);
}

/* Many partitions, and one large: over jobs of several threads; sums, against running ones. */
static void test_large(void)
{
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++)
        for (int32_t partitions = 1; partitions <= 50000; partitions += 49999)
        {
            Arena *arena = arena_new("test");
            Case what = {.window = {.agg = AGG_SUM,
                                    .arg_count = 1,
                                    .args = {VALUE},
                                    .frame_unit = FRAME_ROWS,
                                    .frame_start = FRAME_PRECEDING,
                                    .frame_end = FRAME_CURRENT_ROW},
                         .ordered = true,
                         .start = 1000};
            int32_t count = 200000;
            Answer answer = window_run(arena, what, type_make(TYPE_BIGINT), count, partitions, THREADS[t]);
            CU_ASSERT_PTR_NULL_FATAL(answer.error);
            CU_ASSERT_EQUAL_FATAL(answer.count, count);
            int64_t sum = 0, values = 0, from = 0;
            int32_t wrong = 0;
            for (int64_t i = 0; i < count; i++)
            {
                if (i > 0 && at(&answer, i, PART).i != at(&answer, i - 1, PART).i)
                {
                    sum = values = 0;
                    from = i;
                }
                Datum value = at(&answer, i, VALUE), result = at(&answer, i, RESULT);
                sum += value.null ? 0 : value.i;
                values += !value.null;
                if (i - from > 1000)
                {
                    Datum gone = at(&answer, from, VALUE);
                    sum -= gone.null ? 0 : gone.i;
                    values -= !gone.null;
                    from++;
                }
                wrong += result.null != (values == 0) || (values > 0 && result.i != sum);
            }
            CU_ASSERT_EQUAL(wrong, 0);
            arena_free(arena);
        }
}

static void test_ranks(void)
{
    Arena *arena = arena_new("test");
    static const uint8_t ids[] = {WINDOW_ROW_NUMBER,   WINDOW_RANK,  WINDOW_DENSE_RANK, WINDOW_CUME_DIST,
                                  WINDOW_PERCENT_RANK, WINDOW_NTILE, WINDOW_LAG,        WINDOW_LEAD};
    for (size_t k = 0; k < sizeof ids; k++)
    {
        bool real = ids[k] == WINDOW_CUME_DIST || ids[k] == WINDOW_PERCENT_RANK;
        Case what = {.window = {.window = ids[k], .frame_unit = FRAME_RANGE, .frame_end = FRAME_CURRENT_ROW},
                     .ordered = true};
        what.window.arg_count = ids[k] == WINDOW_NTILE ? 1 : ids[k] == WINDOW_LAG || ids[k] == WINDOW_LEAD ? 2 : 0;
        what.window.args[0] = ids[k] == WINDOW_NTILE ? COUNT_ARG : VALUE;
        what.window.args[1] = COUNT_ARG;
        what.window.ignore_nulls = ids[k] == WINDOW_LEAD;
        int32_t count = 300;
        Answer answer = window_run(arena, what, type_make(real ? TYPE_DOUBLE : TYPE_BIGINT), count, 1, 2);
        CU_ASSERT_PTR_NULL_FATAL(answer.error);
        int64_t group = 0, first = 0, next = 0;
        for (int64_t i = 0; i < count; i++)
        {
            Datum a = at(&answer, i, ORDER), result = at(&answer, i, RESULT), wanted = {.null = true};
            if (i == next)
            {
                first = i;
                group++;
                for (next = i + 1; next < count; next++)
                {
                    Datum b = at(&answer, next, ORDER);
                    if (a.null != b.null || (!a.null && a.i != b.i))
                        break;
                }
            }
            int64_t seen = 0;
            switch (ids[k])
            {
            case WINDOW_ROW_NUMBER:
                wanted = (Datum){.i = i + 1};
                break;
            case WINDOW_RANK:
                wanted = (Datum){.i = first + 1};
                break;
            case WINDOW_DENSE_RANK:
                wanted = (Datum){.i = group};
                break;
            case WINDOW_CUME_DIST:
                wanted = (Datum){.f = (double) next / count};
                break;
            case WINDOW_PERCENT_RANK:
                wanted = (Datum){.f = (double) first / (count - 1)};
                break;
            case WINDOW_NTILE:
                wanted = (Datum){.i = i / 100 + 1};
                break;
            case WINDOW_LAG:
                if (i >= 3)
                    wanted = at(&answer, i - 3, VALUE);
                break;
            default: /* LEAD(value, 3) IGNORE NULLS */
                for (int64_t j = i + 1; j < count && seen < 3; j++)
                    if (!at(&answer, j, VALUE).null && ++seen == 3)
                        wanted = at(&answer, j, VALUE);
            }
            CU_ASSERT(same_value(answer.layout->fields[RESULT].type, result, wanted));
        }
    }
    arena_free(arena);
}

/* Whole partition: DISTINCT, lists, percentiles. */
static Answer whole_run(Arena *arena, AggId agg, int32_t arg, int32_t second, SqlType result, bool distinct, int32_t n)
{
    Case what = {.window = {.agg = (uint8_t) agg,
                            .distinct = distinct,
                            .arg_count = second < 0 ? 1 : 2,
                            .args = {arg, second < 0 ? 0 : second},
                            .frame_unit = FRAME_ROWS,
                            .frame_end = FRAME_UNBOUNDED_FOLLOWING},
                 .ordered = true};
    return window_run(arena, what, result, n, 1, 2);
}

static void test_lists(void)
{
    Arena *arena = arena_new("test");
    Answer answer = whole_run(arena, AGG_COUNT, TEXT, -1, type_make(TYPE_BIGINT), true, 500);
    CU_ASSERT_PTR_NULL_FATAL(answer.error);
    CU_ASSERT_EQUAL(at(&answer, 0, RESULT).i, 23);
    answer = whole_run(arena, AGG_LISTAGG, TEXT, -1, type_varchar(65535), true, 500);
    CU_ASSERT_PTR_NULL_FATAL(answer.error);
    CU_ASSERT_EQUAL(at(&answer, 499, RESULT).str.len, 10 * 2 + 13 * 3);
    answer = whole_run(arena, AGG_LISTAGG, VALUE, -1, type_varchar(65535), false, 60000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer.error);
    CU_ASSERT_EQUAL(answer.error->state, SQLSTATE_STRING_DATA_RIGHT_TRUNCATION);
    CU_ASSERT_STRING_EQUAL(answer.error->message, "Result size exceeds LISTAGG limit");
    error_free(answer.error);
    answer = whole_run(arena, AGG_MEDIAN, REAL, -1, type_make(TYPE_DOUBLE), false, 501);
    CU_ASSERT_PTR_NULL_FATAL(answer.error);
    double median = at(&answer, 0, RESULT).f;
    int32_t below = 0, above = 0;
    for (int64_t i = 0; i < answer.count; i++)
    {
        Datum value = at(&answer, i, REAL);
        below += !value.null && value.f < median;
        above += !value.null && value.f > median;
        CU_ASSERT(at(&answer, i, RESULT).f == median);
    }
    CU_ASSERT(abs(below - above) <= 8);
    answer = whole_run(arena, AGG_PERCENTILE_DISC, VALUE, COUNT_ARG, type_make(TYPE_BIGINT), false, 100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(answer.error); /* 3 is no fraction */
    CU_ASSERT_EQUAL(answer.error->state, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE);
    error_free(answer.error);
    arena_free(arena);
}

static void test_errors(void)
{
    Arena *arena = arena_new("test");
    Case what = {.window = {.agg = AGG_COUNT_STAR,
                            .frame_unit = FRAME_ROWS,
                            .frame_start = FRAME_PRECEDING,
                            .frame_end = FRAME_CURRENT_ROW},
                 .ordered = true,
                 .start = -1};
    for (uint8_t unit = FRAME_ROWS; unit <= FRAME_GROUPS; unit++)
    {
        what.window.frame_unit = unit;
        Answer answer = window_run(arena, what, type_make(TYPE_BIGINT), 10, 1, 1);
        CU_ASSERT_PTR_NOT_NULL_FATAL(answer.error);
        CU_ASSERT_EQUAL(answer.error->state, SQLSTATE_INVALID_PRECEDING_OR_FOLLOWING_SIZE);
        error_free(answer.error);
    }
    arena_free(arena);
}

int main(void)
{
    static const BenchTest tests[] = {
        {"frames of all kinds", test_frames},         {"whole partitions", test_whole},
        {"large partitions and many", test_large},    {"ranks, LAG, LEAD", test_ranks},
        {"DISTINCT, lists, percentiles", test_lists}, {"bad frames", test_errors},
    };
    return BENCH_MAIN("window", tests);
}
