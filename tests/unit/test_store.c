/* SPDX-License-Identifier: Apache-2.0 */
/* Segments: written, opened, read back; dictionaries; zones; damage anywhere in the file; the cache; orphans. */
#include "tests/unit/store_case.h"

/* ---- there and back ---- */

static void check_segment(Arena *arena, SegmentCache *cache, const SegmentRef *ref, int64_t rows)
{
    Segment *segment = NULL;
    CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, ref, &segment));
    CU_ASSERT_EQUAL(segment_rows(segment), rows);
    CU_ASSERT_EQUAL(segment_column_count(segment), COLUMN_COUNT);
    CU_ASSERT_EQUAL(segment_column_by_id(segment, COLUMN_DAY + 1), COLUMN_DAY);
    CU_ASSERT_EQUAL(segment_column_by_id(segment, 99), -1);
    CU_ASSERT_STRING_EQUAL(segment_column(segment, COLUMN_WIDE)->name, "wi/de");
    BlockReader *reader = block_reader_new(arena, COLUMN_COUNT);
    for (int32_t k = 0; k < 2 * COLUMN_COUNT; k++) /* the second time some blocks come from the cache */
        for (int32_t column = k % COLUMN_COUNT, block = 0; block < segment_block_count(segment); block++)
        {
            Error *error = NULL;
            CU_ASSERT_EQUAL(block_compare(reader, segment, column, block, &error), 0);
            error_free(error);
        }
    segment_close(segment);
}

static void test_sizes(void)
{
    static const int64_t sizes[] = {0, 1, 1023, 1024, 1025, 65535, 65536, 65537, 200000};
    SegmentCache *cache = segment_cache_new(2, 3, BLOCKS_KEPT);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    {
        Arena *arena = arena_new("test");
        char *name = arena_printf(arena, "size-%zu.h5", i);
        SegmentReport report;
        CU_ASSERT_PTR_NULL_FATAL(write_table(arena, name, sizes[i], &report));
        CU_ASSERT_EQUAL(report.rows, sizes[i]);
        SegmentRef ref = {path_of(arena, name), "things", report.bytes, report.digest};
        check_segment(arena, cache, &ref, sizes[i]);
        CU_ASSERT_PTR_NULL(segment_verify(&ref));
        struct stat status;
        CU_ASSERT_EQUAL(stat(ref.path, &status), 0);
        CU_ASSERT_EQUAL(status.st_mode & 0777, 0600);
        CU_ASSERT_EQUAL(status.st_size, report.bytes);
        segment_cache_drop(cache, ref.path);
        arena_free(arena);
    }
    segment_cache_free(cache);
}

static void test_report(void)
{
    Arena *arena = arena_new("test");
    SegmentReport report;
    CU_ASSERT_PTR_NULL_FATAL(write_table(arena, "report.h5", 100000, &report));
    const SegmentColumnReport *key = &report.columns[COLUMN_KEY];
    CU_ASSERT(key->has_range && key->min.i == 1 && key->max.i == 133333);
    CU_ASSERT_EQUAL(key->rep, REP_I32);
    CU_ASSERT_EQUAL(key->nulls, 0);
    CU_ASSERT(hll_estimate(&key->distinct) > 95000 && hll_estimate(&key->distinct) < 105000);
    CU_ASSERT_EQUAL(report.columns[COLUMN_WIDE].rep, REP_I128);
    CU_ASSERT_EQUAL(report.columns[COLUMN_FLAG].rep, REP_I8);
    const SegmentColumnReport *mode = &report.columns[COLUMN_MODE];
    CU_ASSERT(mode->min.str.len == 3 && memcmp(mode->min.str.data, "AIR", 3) == 0);
    CU_ASSERT(mode->max.str.len == 5 && memcmp(mode->max.str.data, "TRUCK", 5) == 0);
    CU_ASSERT_FALSE(mode->range_truncated);
    CU_ASSERT(hll_estimate(&mode->distinct) > 6.5 && hll_estimate(&mode->distinct) < 7.5);
    CU_ASSERT(report.columns[COLUMN_NOTE].range_truncated);
    CU_ASSERT(report.columns[COLUMN_NOTE].width_avg > 10 && report.columns[COLUMN_NOTE].width_avg < 64);
    CU_ASSERT(report.columns[COLUMN_DAY].nulls > 7000 && report.columns[COLUMN_DAY].nulls < 8000);
    arena_free(arena);
}

/* ---- dictionaries and zones ---- */

static Error *write_strings(Arena *arena, const char *file_name, const Str *values, int32_t rows, SegmentRef *ref)
{
    SegmentColumn column = {"s", 1, type_varchar(VARCHAR_LENGTH_MAX), true, ENCODING_AUTO};
    SegmentSpec spec = {.directory = folder, .file_name = file_name, .schema_name = "public", .table_name = "words",
                        .table_id = 43, .slice = 0, .column_count = 1, .columns = &column};
    SegmentWriter *writer = NULL;
    TRY(segment_create(arena, &spec, &writer));
    for (int32_t at = 0; at < rows; at += BLOCK_ROWS)
    {
        BlockColumn block = {values + at, NULL};
        TRY(segment_put_block(writer, &block, rows - at < BLOCK_ROWS ? rows - at : BLOCK_ROWS));
    }
    SegmentReport *report = ARENA_NEW(arena, SegmentReport);
    TRY(segment_finish(writer, report));
    *ref = (SegmentRef){path_of(arena, file_name), "words", report->bytes, report->digest};
    return NULL;
}

static void test_dictionary(void)
{
    enum
    {
        ROWS = 3 * BLOCK_ROWS
    };
    Arena *arena = arena_new("test");
    Str *values = ARENA_ARRAY(arena, Str, ROWS);
    /* block 0: all seven; block 1: one value only; block 2: two values and an eighth */
    for (int32_t i = 0; i < ROWS; i++)
    {
        const char *word = i < BLOCK_ROWS ? modes[i % 7] : i < 2 * BLOCK_ROWS ? "SHIP" : i % 2 ? "ABACUS" : "TRUCK";
        values[i] = (Str){word, (int64_t) strlen(word)};
    }
    SegmentRef ref;
    CU_ASSERT_PTR_NULL_FATAL(write_strings(arena, "dictionary.h5", values, ROWS, &ref));
    SegmentCache *cache = segment_cache_new(4, 4, BLOCKS_KEPT);
    Segment *segment = NULL;
    CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, &ref, &segment));
    const Str *entries = NULL;
    int32_t count = 0;
    CU_ASSERT(segment_dictionary(segment, 0, &entries, &count));
    CU_ASSERT_EQUAL_FATAL(count, 8);
    CU_ASSERT(memcmp(entries[0].data, "ABACUS", 6) == 0);
    for (int32_t i = 1; i < count; i++)
        CU_ASSERT(str_compare(entries[i - 1], entries[i]) < 0);
    BlockReader *reader = block_reader_new(arena, 1);
    uint16_t *codes = ARENA_ARRAY(arena, uint16_t, BLOCK_ROWS);
    for (int32_t block = 0; block < 3; block++)
    {
        CU_ASSERT_PTR_NULL_FATAL(block_load(reader, 0, segment, 0, block));
        CU_ASSERT_EQUAL(block_is_const(reader, 0), block == 1);
        block_codes(reader, 0, 0, BLOCK_ROWS, codes);
        bool same = true;
        for (int32_t i = 0; i < BLOCK_ROWS; i++)
            same &= str_compare(entries[codes[i]], values[block * BLOCK_ROWS + i]) == 0;
        CU_ASSERT(same);
    }
    segment_close(segment);
    arena_free(arena);
    segment_cache_free(cache);
}

/* A value that ends in a blank would make two codes of one SQL value: no dictionary then, but the same values. */
static void test_dictionary_blank(void)
{
    Arena *arena = arena_new("test");
    Str values[] = {{"a", 1}, {"a ", 2}, {"b", 1}, {"a", 1}};
    SegmentRef ref;
    CU_ASSERT_PTR_NULL_FATAL(write_strings(arena, "blank.h5", values, 4, &ref));
    SegmentCache *cache = segment_cache_new(4, 4, BLOCKS_KEPT);
    Segment *segment = NULL;
    CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, &ref, &segment));
    const Str *entries = NULL;
    int32_t count = 0;
    CU_ASSERT_FALSE(segment_dictionary(segment, 0, &entries, &count));
    BlockReader *reader = block_reader_new(arena, 1);
    Str out[4];
    CU_ASSERT_PTR_NULL_FATAL(block_load(reader, 0, segment, 0, 0));
    block_decode_str(reader, 0, 0, 4, out);
    CU_ASSERT_EQUAL(out[1].len, 2);
    segment_close(segment);
    arena_free(arena);
    segment_cache_free(cache);
}

static void test_string_zones(void)
{
    Arena *arena = arena_new("test");
    static const char *const words[][2] = {
        {"short", "tall"},
        {"a prefix longer than sixteen bytes, one", "a prefix longer than sixteen bytes, two"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "b"},
        {"ends in unit s", "ends in unit se\x1f\x1f and more"},
        {"", "x"},
    };
    SegmentCache *cache = segment_cache_new(4, 4, BLOCKS_KEPT);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    {
        Str values[2] = {{words[i][0], (int64_t) strlen(words[i][0])}, {words[i][1], (int64_t) strlen(words[i][1])}};
        SegmentRef ref;
        char *name = arena_printf(arena, "zone-%zu.h5", i);
        CU_ASSERT_PTR_NULL_FATAL(write_strings(arena, name, values, 2, &ref));
        Segment *segment = NULL;
        CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, &ref, &segment));
        const Zone *zone = segment_zone(segment, 0, 0);
        CU_ASSERT_EQUAL(zone->has_range, i != 2);
        for (int32_t row = 0; row < 2 && zone->has_range; row++)
        {
            CU_ASSERT(str_compare(zone->min.str, values[row]) <= 0);
            CU_ASSERT(str_compare(zone->max.str, values[row]) >= 0);
        }
        CU_ASSERT_PTR_NULL(segment_verify(&ref));
        segment_close(segment);
    }
    arena_free(arena);
    segment_cache_free(cache);
}

static void test_long_text(void)
{
    Arena *arena = arena_new("test");
    enum
    {
        ROWS = 40
    };
    Str values[ROWS];
    for (int32_t i = 0; i < ROWS; i++)
    {
        size_t length = i == 7 ? VARCHAR_LENGTH_MAX : (size_t) i * 300;
        char *text = arena_alloc(arena, length);
        for (size_t c = 0; c < length; c++)
            text[c] = (char) ('a' + (c * 7 + (size_t) i) % 26);
        values[i] = (Str){text, (int64_t) length};
    }
    SegmentRef ref;
    CU_ASSERT_PTR_NULL_FATAL(write_strings(arena, "long.h5", values, ROWS, &ref));
    CU_ASSERT_PTR_NULL(segment_verify(&ref));
    SegmentCache *cache = segment_cache_new(4, 4, BLOCKS_KEPT);
    Segment *segment = NULL;
    CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, &ref, &segment));
    BlockReader *reader = block_reader_new(arena, 1);
    CU_ASSERT_PTR_NULL_FATAL(block_load(reader, 0, segment, 0, 0));
    const char *heap = NULL;
    const uint32_t *offsets = NULL;
    CU_ASSERT_FATAL(block_heap(reader, 0, &heap, &offsets));
    for (int32_t i = 0; i < ROWS; i++)
    {
        CU_ASSERT_EQUAL_FATAL(offsets[i + 1] - offsets[i], values[i].len);
        CU_ASSERT_EQUAL(memcmp(heap + offsets[i], values[i].data, (size_t) values[i].len), 0);
    }
    segment_close(segment);
    arena_free(arena);
    segment_cache_free(cache);
}

/* ---- damage ---- */

static void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte = 0;
    CU_ASSERT_FATAL(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x40;
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Reads everything as a query would: right values or XX001, nothing else. */
static bool reads_right_or_damaged(const SegmentRef *ref)
{
    Arena *arena = arena_new("reader");
    SegmentCache *cache = segment_cache_new(4, 4, BLOCKS_KEPT);
    BlockReader *reader = block_reader_new(arena, COLUMN_COUNT);
    Segment *segment = NULL;
    Error *error = segment_open(cache, ref, &segment);
    bool good = error == NULL || is_damage(error, ref);
    error_free(error);
    for (int32_t column = 0; segment != NULL && column < COLUMN_COUNT; column++)
    {
        int64_t wrong = block_compare(reader, segment, column, 0, &error);
        good &= wrong == 0 || (wrong == -1 && is_damage(error, ref));
        error_free(error);
    }
    segment_close(segment);
    arena_free(arena);
    segment_cache_free(cache);
    return good;
}

static void test_damage(void)
{
    Arena *arena = arena_new("test");
    SegmentReport report;
    CU_ASSERT_PTR_NULL_FATAL(write_table(arena, "damage.h5", 3000, &report));
    SegmentRef ref = {path_of(arena, "damage.h5"), "things", report.bytes, report.digest};
    off_t step = (off_t) report.bytes / 400 + 1;
    for (off_t at = 0; at < (off_t) report.bytes; at += at < 512 ? 17 : step)
    {
        flip(ref.path, at);
        CU_ASSERT(reads_right_or_damaged(&ref));
        Error *error = segment_verify(&ref);
        CU_ASSERT(is_damage(error, &ref));
        error_free(error);
        flip(ref.path, at);
    }
    CU_ASSERT_PTR_NULL(segment_verify(&ref));

    static const int cuts[] = {1, 100, 512, 5000};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
    {
        CU_ASSERT_EQUAL(truncate(ref.path, (off_t) report.bytes - cuts[i]), 0);
        Error *error = segment_verify(&ref);
        CU_ASSERT(is_damage(error, &ref));
        error_free(error);
    }
    CU_ASSERT_EQUAL(truncate(ref.path, 0), 0);
    Error *error = segment_verify(&ref);
    CU_ASSERT(is_damage(error, &ref));
    error_free(error);
    CU_ASSERT_EQUAL(unlink(ref.path), 0);
    error = segment_verify(&ref);
    CU_ASSERT(is_damage(error, &ref));
    error_free(error);
    arena_free(arena);
}

/* A whole and sound file in another's place. */
static void test_exchanged(void)
{
    Arena *arena = arena_new("test");
    SegmentReport one, other;
    CU_ASSERT_PTR_NULL_FATAL(write_table(arena, "one.h5", 2000, &one));
    CU_ASSERT_PTR_NULL_FATAL(write_table(arena, "other.h5", 2001, &other));
    SegmentRef ref = {path_of(arena, "one.h5"), "things", -1, one.digest};
    CU_ASSERT_EQUAL(rename(path_of(arena, "other.h5"), ref.path), 0);
    Error *error = segment_verify(&ref);
    CU_ASSERT(is_damage(error, &ref));
    error_free(error);
    ref.digest = NULL;
    CU_ASSERT_PTR_NULL(segment_verify(&ref));
    arena_free(arena);
}

/* ---- life ---- */

static bool exists(Arena *arena, const char *file_name)
{
    return access(path_of(arena, file_name), F_OK) == 0;
}

static void test_abandon(void)
{
    Arena *arena = arena_new("test");
    SegmentColumn column = {"k", 1, type_make(TYPE_INTEGER), false, ENCODING_AUTO};
    SegmentSpec spec = {.directory = folder, .file_name = "left.h5", .schema_name = "public", .table_name = "t",
                        .table_id = 1, .slice = 0, .column_count = 1, .columns = &column};
    int32_t values[10] = {1, 2, 3};
    BlockColumn block = {values, NULL};
    SegmentWriter *writer = NULL;
    CU_ASSERT_PTR_NULL_FATAL(segment_create(arena, &spec, &writer));
    CU_ASSERT_PTR_NULL_FATAL(segment_put_block(writer, &block, 10));
    CU_ASSERT(exists(arena, "left.h5.tmp"));
    segment_abandon(writer);
    segment_abandon(writer);
    CU_ASSERT_FALSE(exists(arena, "left.h5.tmp"));

    Arena *inner = arena_new("inner");
    CU_ASSERT_PTR_NULL_FATAL(segment_create(inner, &spec, &writer));
    arena_free(inner); /* abandons */
    CU_ASSERT_FALSE(exists(arena, "left.h5.tmp"));

    CU_ASSERT_PTR_NULL_FATAL(segment_create(arena, &spec, &writer));
    SegmentReport report;
    CU_ASSERT_PTR_NULL_FATAL(segment_finish(writer, &report));
    Error *error = segment_create(arena, &spec, &writer);
    CU_ASSERT(error != NULL && error->state == SQLSTATE_OBJECT_IN_USE);
    error_free(error);
    spec.directory = "/nonexistent/folder";
    error = segment_create(arena, &spec, &writer);
    CU_ASSERT(error != NULL && error->state == SQLSTATE_IO_ERROR);
    error_free(error);
    arena_free(arena);
}

static void check_fault(const char *setting, const char *file_name)
{
    Arena *arena = arena_new("test");
    setenv("STOA_FAULT", setting, 1);
    CU_ASSERT_PTR_NULL_FATAL(fault_init());
    SegmentReport report;
    Error *error = write_table(arena, file_name, 70000, &report);
    CU_ASSERT(error != NULL && error->state == SQLSTATE_IO_ERROR);
    error_free(error);
    unsetenv("STOA_FAULT");
    CU_ASSERT_PTR_NULL_FATAL(fault_init());
    arena_free(arena); /* abandons what was not finished */
    arena = arena_new("test");
    CU_ASSERT_FALSE(exists(arena, file_name));
    CU_ASSERT_FALSE(exists(arena, arena_printf(arena, "%s.tmp", file_name)));
    arena_free(arena);
}

static void test_faults(void)
{
    check_fault("segment_write:error", "fault-1.h5");
    check_fault("segment_write:3:error", "fault-2.h5");
    check_fault("segment_rename:error", "fault-3.h5");
}

static void touch(Arena *arena, const char *file_name)
{
    int fd = open(path_of(arena, file_name), O_CREAT | O_WRONLY, 0600);
    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
}

static void test_orphans(void)
{
    Arena *arena = arena_new("test");
    CU_ASSERT_EQUAL_FATAL(mkdir(path_of(arena, "orphans"), 0700), 0);
    static const char *const files[] = {"1.h5", "2.h5", "3.h5.tmp", "notes.txt", "4.h5"};
    for (size_t i = 0; i < 5; i++)
        touch(arena, arena_printf(arena, "orphans/%s", files[i]));
    const char *keep[] = {"4.h5", "1.h5"};
    int32_t removed = 0;
    CU_ASSERT_PTR_NULL(segment_orphans_remove(path_of(arena, "orphans"), keep, 2, &removed));
    CU_ASSERT_EQUAL(removed, 2);
    CU_ASSERT(exists(arena, "orphans/1.h5") && exists(arena, "orphans/4.h5") && exists(arena, "orphans/notes.txt"));
    CU_ASSERT_FALSE(exists(arena, "orphans/2.h5") || exists(arena, "orphans/3.h5.tmp"));
    CU_ASSERT_PTR_NULL(segment_orphans_remove(path_of(arena, "orphans"), NULL, 0, &removed));
    CU_ASSERT_EQUAL(removed, 2);
    CU_ASSERT_PTR_NULL(segment_orphans_remove("/nonexistent/folder", NULL, 0, &removed));
    CU_ASSERT_EQUAL(removed, 0);
    CU_ASSERT_EQUAL(unlink(path_of(arena, "orphans/notes.txt")), 0);
    CU_ASSERT_EQUAL(rmdir(path_of(arena, "orphans")), 0);
    arena_free(arena);
}

static Error *verify_named(Arena *arena, const char *file_name, const SegmentReport *report)
{
    SegmentRef ref = {.path = arena_printf(arena, "%s/%s", folder, file_name), .table_name = "t", .bytes = report->bytes, .digest = report->digest};
    return segment_verify(&ref);
}

static void test_image(void)
{
    Arena *arena = arena_new("test");
    SegmentReport report;
    void *image;
    struct stat status;
    const char *path = arena_printf(arena, "%s/image.h5", folder), *below = arena_printf(arena, "%s/below", folder);
    CU_ASSERT_PTR_NULL_FATAL(write_table(arena, "image.h5", 100, &report));
    CU_ASSERT_PTR_NULL_FATAL(segment_image(arena, folder, "image.h5", report.bytes, &image));
    /* Whole, cut off, gone. */
    CU_ASSERT_PTR_NULL(segment_restore(folder, "image.h5", image, report.bytes));
    CU_ASSERT_EQUAL(truncate(path, report.bytes / 2), 0);
    CU_ASSERT_PTR_NULL(segment_restore(folder, "image.h5", image, report.bytes));
    CU_ASSERT_PTR_NULL(verify_named(arena, "image.h5", &report));
    CU_ASSERT_EQUAL(unlink(path), 0);
    Error *error = segment_image(arena, folder, "image.h5", report.bytes, &image);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_EQUAL(error->state, SQLSTATE_IO_ERROR);
    error_free(error);
    CU_ASSERT_PTR_NULL(segment_restore(folder, "image.h5", image, report.bytes));
    CU_ASSERT_PTR_NULL(verify_named(arena, "image.h5", &report));
    CU_ASSERT(stat(arena_printf(arena, "%s.tmp", path), &status) != 0);
    error = segment_restore(arena_printf(arena, "%s/nowhere", folder), "image.h5", image, report.bytes);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    error_free(error);
    CU_ASSERT_PTR_NULL(segment_directory_make(below, folder));
    CU_ASSERT_PTR_NULL(segment_directory_make(below, folder)); /* it is there */
    error = segment_directory_make(arena_printf(arena, "%s/nowhere/below", folder), folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    error_free(error);
    rmdir(below);
    unlink(path);
    arena_free(arena);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("store: segments", folder_make, folder_remove);
    CU_add_test(suite, "every size, every type, there and back", test_sizes);
    CU_add_test(suite, "what a finished segment reports", test_report);
    CU_add_test(suite, "a dictionary for the whole segment", test_dictionary);
    CU_add_test(suite, "no dictionary with trailing blanks", test_dictionary_blank);
    CU_add_test(suite, "string ranges are bounds", test_string_zones);
    CU_add_test(suite, "text longer than HDF5 likes", test_long_text);
    CU_add_test(suite, "damage anywhere is XX001, never a wrong value", test_damage);
    CU_add_test(suite, "another file in its place is XX001", test_exchanged);
    CU_add_test(suite, "abandoned, existing, impossible", test_abandon);
    CU_add_test(suite, "fault points", test_faults);
    CU_add_test(suite, "orphans", test_orphans);
    CU_add_test(suite, "images", test_image);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
