/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: what is kept over a restart, snapshots, transactions side by side, dead files, system views. */
#include "base/data/hash.h"
#include "base/data/hll.h"
#include "sql/catalog/catalog.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "catalog-XXXXXX";
static char path[64];
static Catalog *catalog;

static void worked(Error *error)
{
    if (error != NULL)
        fprintf(stderr, "%s (%s)\n", error->message, error->detail == NULL ? "" : error->detail);
    CU_ASSERT_PTR_NULL_FATAL(error);
}

static void fails(SqlState state, Error *error)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_EQUAL(error->state, state);
    error_free(error);
}

static int set_up(void)
{
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/catalog.db", directory);
    CatalogPrincipal user = {.id = FIRST_USER_ID, .version = 1, .name = "ada", .scram = "SCRAM-SHA-256$1:a:b:c", .superuser = true};
    Error *error = catalog_create(path, 3, "dev", &user);
    if (error == NULL)
        error = catalog_open(path, &catalog);
    if (error != NULL)
        fprintf(stderr, "%s\n", error->message);
    return error != NULL;
}

static int tear_down(void)
{
    catalog_close(catalog);
    unlink(path);
    return rmdir(directory);
}

static void reopen(void)
{
    catalog_close(catalog);
    worked(catalog_open(path, &catalog));
}

static CatalogTable *two_columns(Arena *arena, const char *schema, const char *name)
{
    CatalogTable *table = ARENA_NEW(arena, CatalogTable);
    table->schema = arena_strdup(arena, schema);
    table->name = arena_strdup(arena, name);
    table->owner = "ada";
    table->dist_style = DIST_KEY;
    table->dist_column = 0;
    table->column_count = 2;
    table->columns = ARENA_ARRAY(arena, CatalogColumn, 2);
    table->columns[0] = (CatalogColumn){.name = "id", .type = type_make(TYPE_BIGINT), .not_null = true, .encoding = "az64"};
    table->columns[1] = (CatalogColumn){.name = "word", .type = type_varchar(20), .default_sql = "'x'"};
    table->sort_count = 1;
    table->sort_columns = ARENA_ARRAY(arena, int32_t, 1);
    return table;
}

/* Statistics of the values from..from+rows-1 in column 0, and of words in column 1. */
static ColumnStats *stats_of(Arena *arena, int64_t from, int64_t rows)
{
    ColumnStats *stats = ARENA_ARRAY(arena, ColumnStats, 2);
    Hll *hll = ARENA_NEW(arena, Hll);
    for (int64_t i = 0; i < rows; i++)
        hll_add(hll, hash_u64((uint64_t) (from + i)));
    stats[0] = (ColumnStats){.has_range = true, .min = {.i = from}, .max = {.i = from + rows - 1},
                             .hll = hll->registers, .hll_bytes = sizeof *hll};
    stats[1] = (ColumnStats){.null_count = rows / 2, .has_range = true, .min = {.str = {"aa", 2}},
                             .max = {.str = {"zz", 2}}, .average_width = (double) from};
    return stats;
}

static void add(CatalogTxn *txn, Arena *arena, int64_t table_id, const char *file, int64_t from, int64_t rows)
{
    SegmentRecord record = {.segment = {.slice = 1, .file = arena_strdup(arena, file), .rows = rows, .bytes = rows * 10},
                            .columns = stats_of(arena, from, rows)};
    record.segment.digest[15] = 7;
    worked(catalog_add_segments(txn, table_id, &record, 1));
    CU_ASSERT(record.segment.id > 0);
}

static int64_t create(Arena *arena, const char *name)
{
    CatalogTable *table = two_columns(arena, "public", name);
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_create_table(txn, table));
    worked(catalog_commit(txn));
    return table->id;
}

static void test_create(void)
{
    Arena *arena = arena_new("test");
    const CatalogSnapshot *before = catalog_acquire(catalog);
    CatalogTxn *txn = catalog_begin(catalog);
    CU_ASSERT_FALSE(catalog_txn_changed(txn));
    worked(catalog_create_schema(txn, "lab"));
    fails(SQLSTATE_DUPLICATE_SCHEMA, catalog_create_schema(txn, "lab"));
    CatalogTable *table = two_columns(arena, "lab", "t");
    worked(catalog_create_table(txn, table));
    CU_ASSERT(table->id >= 100000);
    fails(SQLSTATE_DUPLICATE_TABLE, catalog_create_table(txn, two_columns(arena, "lab", "t")));
    fails(SQLSTATE_INVALID_SCHEMA_NAME, catalog_create_table(txn, two_columns(arena, "none", "t")));
    CU_ASSERT_PTR_NOT_NULL(catalog_find_table(catalog_txn_snapshot(txn), "lab", "t"));
    CU_ASSERT_PTR_NULL(catalog_find_table(before, "lab", "t"));
    worked(catalog_commit(txn));
    CU_ASSERT_FALSE(catalog_has_schema(before, "lab"));
    catalog_release(catalog, before);

    reopen();
    const CatalogSnapshot *after = catalog_acquire(catalog);
    CU_ASSERT_EQUAL(after->slice_count, 3);
    CU_ASSERT_STRING_EQUAL(after->database, "dev");
    const CatalogTable *t = catalog_find_table(after, "lab", "t");
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    CU_ASSERT_EQUAL(t->id, table->id);
    CU_ASSERT_EQUAL(t->dist_style, DIST_KEY);
    CU_ASSERT_EQUAL(t->sort_count, 1);
    CU_ASSERT_STRING_EQUAL(t->columns[0].encoding, "az64");
    CU_ASSERT_PTR_NULL(t->columns[0].default_sql);
    CU_ASSERT(t->columns[0].not_null && !t->columns[1].not_null);
    CU_ASSERT_STRING_EQUAL(t->columns[1].default_sql, "'x'");
    CU_ASSERT(type_equal(t->columns[1].type, type_varchar(20)));
    CU_ASSERT_EQUAL(catalog_find_column(t, "word"), 1);
    CU_ASSERT_EQUAL(catalog_find_column(t, "words"), -1);
    catalog_release(catalog, after);
    arena_free(arena);
}

static void test_segments(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create(arena, "facts");
    /* Two transactions that begin at the same version both add rows. */
    CatalogTxn *one = catalog_begin(catalog), *two = catalog_begin(catalog);
    add(one, arena, id, "1.h5", 0, 1000);
    add(two, arena, id, "2.h5", 500, 1000);
    CU_ASSERT_EQUAL(catalog_find_table_id(catalog_txn_snapshot(one), id)->row_count, 1000);
    worked(catalog_commit(one));
    CU_ASSERT_EQUAL(catalog_find_table_id(catalog_txn_snapshot(two), id)->row_count, 1000);
    worked(catalog_commit(two));
    for (int round = 0; round < 2; round++)
    {
        const CatalogSnapshot *now = catalog_acquire(catalog);
        const CatalogTable *t = catalog_find_table_id(now, id);
        CU_ASSERT_EQUAL(t->segment_count, 2);
        CU_ASSERT_EQUAL(t->row_count, 2000);
        CU_ASSERT_EQUAL(t->bytes, 20000);
        CU_ASSERT_STRING_EQUAL(t->segments[1].file, "2.h5");
        CU_ASSERT_EQUAL(t->segments[1].digest[15], 7);
        const ColumnStats *stats = &t->columns[0].stats;
        CU_ASSERT(stats->has_range && stats->min.i == 0 && stats->max.i == 1499);
        CU_ASSERT(fabs(stats->distinct - 1500) < 100);
        stats = &t->columns[1].stats;
        CU_ASSERT_EQUAL(stats->null_count, 1000);
        CU_ASSERT_DOUBLE_EQUAL(stats->average_width, 250, 1e-9);
        CU_ASSERT(stats->min.str.len == 2 && memcmp(stats->min.str.data, "aa", 2) == 0);
        catalog_release(catalog, now);
        if (round == 0)
            reopen();
    }
    arena_free(arena);
}

static void test_conflicts(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create(arena, "fought");
    CatalogTxn *writer = catalog_begin(catalog), *dropper = catalog_begin(catalog);
    add(writer, arena, id, "lost.h5", 0, 10);
    worked(catalog_drop_table(dropper, id));
    worked(catalog_commit(dropper));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(writer));
    CatalogTxn *a = catalog_begin(catalog), *b = catalog_begin(catalog);
    worked(catalog_create_table(a, two_columns(arena, "public", "once")));
    worked(catalog_create_table(b, two_columns(arena, "public", "once")));
    worked(catalog_commit(a));
    fails(SQLSTATE_DUPLICATE_TABLE, catalog_commit(b));
    CatalogTxn *c = catalog_begin(catalog);
    fails(SQLSTATE_INVALID_SCHEMA_NAME, catalog_drop_schema(c, "nowhere", false));
    worked(catalog_create_schema(c, "full"));
    worked(catalog_create_table(c, two_columns(arena, "full", "x")));
    fails(SQLSTATE_DEPENDENT_OBJECTS_EXIST, catalog_drop_schema(c, "full", false));
    worked(catalog_drop_schema(c, "full", true));
    CU_ASSERT_PTR_NULL(catalog_find_table(catalog_txn_snapshot(c), "full", "x"));
    worked(catalog_commit(c));
    DeadSegment *dead;
    int32_t count;
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_STRING_EQUAL(dead[0].file, "lost.h5");
    arena_free(arena);
}

static void test_dead(void)
{
    Arena *arena = arena_new("test");
    DeadSegment *dead;
    int32_t count;
    int64_t id = create(arena, "emptied");
    CatalogTxn *txn = catalog_begin(catalog);
    add(txn, arena, id, "a.h5", 0, 10);
    worked(catalog_commit(txn));
    const CatalogSnapshot *reader = catalog_acquire(catalog);
    txn = catalog_begin(catalog);
    worked(catalog_truncate_table(txn, id));
    add(txn, arena, id, "b.h5", 0, 5);
    worked(catalog_commit(txn));
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL(count, 0); /* the reader may still read a.h5 */
    CU_ASSERT_EQUAL(catalog_find_table_id(reader, id)->row_count, 10);
    catalog_release(catalog, reader);
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_STRING_EQUAL(dead[0].file, "a.h5");
    CU_ASSERT_EQUAL(dead[0].table_id, id);
    txn = catalog_begin(catalog);
    add(txn, arena, id, "c.h5", 0, 5);
    catalog_rollback(txn);
    catalog_rollback(NULL);
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_STRING_EQUAL(dead[0].file, "c.h5");
    reopen();
    const CatalogSnapshot *now = catalog_acquire(catalog);
    const CatalogTable *t = catalog_find_table_id(now, id);
    CU_ASSERT(t->segment_count == 1 && t->row_count == 5 && t->columns[0].stats.max.i == 4);
    catalog_release(catalog, now);
    arena_free(arena);
}

static Error *delete_rows(CatalogTxn *txn, int64_t table_id, int32_t segment, int32_t from, int32_t count)
{
    uint32_t rows[100];
    for (int32_t i = 0; i < count; i++)
        rows[i] = (uint32_t) (from + i);
    const CatalogTable *table = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    SegmentDeletes deletes = {table->segments[segment].id, count, rows};
    return catalog_delete_rows(txn, table_id, &deletes, 1);
}

static void test_deletes(void)
{
    Arena *arena = arena_new("test");
    DeadSegment *dead;
    int32_t count;
    int64_t id = create(arena, "thinned");
    CatalogTxn *txn = catalog_begin(catalog);
    add(txn, arena, id, "x.h5", 0, 100);
    add(txn, arena, id, "y.h5", 0, 100);
    worked(catalog_commit(txn));
    /* Different rows of one segment go together; one row cannot be deleted twice. */
    CatalogTxn *one = catalog_begin(catalog), *two = catalog_begin(catalog), *late = catalog_begin(catalog);
    worked(delete_rows(one, id, 0, 10, 20));
    worked(delete_rows(one, id, 0, 0, 5)); /* sees its own */
    CU_ASSERT_EQUAL(catalog_find_table_id(catalog_txn_snapshot(one), id)->row_count, 175);
    worked(delete_rows(two, id, 0, 50, 10));
    worked(delete_rows(late, id, 0, 29, 2));
    worked(catalog_commit(one));
    worked(catalog_commit(two));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(late));
    for (int round = 0; round < 2; round++)
    {
        const CatalogSnapshot *now = catalog_acquire(catalog);
        const CatalogTable *t = catalog_find_table_id(now, id);
        CU_ASSERT_EQUAL(t->row_count, 165);
        CU_ASSERT_EQUAL(t->segments[0].rows, 100);
        CU_ASSERT_PTR_NOT_NULL_FATAL(t->segments[0].deleted);
        CU_ASSERT_EQUAL(t->segments[0].deleted->count, 35);
        CU_ASSERT_PTR_NULL(t->segments[1].deleted);
        catalog_release(catalog, now);
        if (round == 0)
            reopen();
    }
    /* A segment without a row left goes, and its file when nobody reads it. */
    txn = catalog_begin(catalog);
    worked(delete_rows(txn, id, 1, 0, 100));
    worked(catalog_commit(txn));
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_STRING_EQUAL(dead[0].file, "y.h5");
    /* One that was added and emptied in one transaction never was. */
    txn = catalog_begin(catalog);
    add(txn, arena, id, "z.h5", 0, 10);
    worked(delete_rows(txn, id, 1, 0, 10));
    worked(catalog_commit(txn));
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_STRING_EQUAL(dead[0].file, "z.h5");
    /* Rows of a truncated table cannot be deleted. */
    one = catalog_begin(catalog);
    two = catalog_begin(catalog);
    worked(delete_rows(one, id, 0, 90, 1));
    worked(catalog_truncate_table(two, id));
    worked(catalog_commit(two));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(one));
    reopen();
    const CatalogSnapshot *now = catalog_acquire(catalog);
    CU_ASSERT_EQUAL(catalog_find_table_id(now, id)->segment_count, 0);
    catalog_release(catalog, now);
    arena_free(arena);
}

static Error *merge(CatalogTxn *txn, int64_t table_id, int32_t from, int32_t count, const char *file, int64_t rows, bool yields)
{
    const CatalogTable *table = catalog_find_table_id(catalog_txn_snapshot(txn), table_id);
    int64_t ids[10];
    for (int32_t i = 0; i < count; i++)
        ids[i] = table->segments[from + i].id;
    ColumnStats stats[2] = {{.has_range = true, .min = {.i = 1000}, .max = {.i = 2000}}, {.null_count = rows}};
    SegmentRecord record = {.segment = {.slice = 0, .file = (char *) file, .rows = rows, .bytes = 1}, .columns = stats};
    return catalog_merge_segments(txn, table_id, &(SegmentMerge){count, ids, yields}, &record, 1);
}

static void test_merges(void)
{
    Arena *arena = arena_new("test");
    DeadSegment *dead;
    int32_t count;
    int64_t id = create(arena, "merged");
    CatalogTxn *txn = catalog_begin(catalog);
    add(txn, arena, id, "a.h5", 0, 10);
    add(txn, arena, id, "b.h5", 10, 10);
    add(txn, arena, id, "c.h5", 20, 10);
    worked(delete_rows(txn, id, 0, 0, 4));
    worked(catalog_commit(txn));
    CatalogTxn *old = catalog_begin(catalog), *writer = catalog_begin(catalog), *late = catalog_begin(catalog);
    worked(delete_rows(writer, id, 2, 0, 1));
    worked(delete_rows(late, id, 1, 0, 1));
    /* Rows may not be lost, nor come from nowhere. */
    txn = catalog_begin(catalog);
    fails(SQLSTATE_INTERNAL_ERROR, merge(txn, id, 0, 2, "d.h5", 15, false));
    catalog_rollback(txn);
    /* What others have done to other segments does not matter, and nobody counts rows twice. */
    CU_ASSERT_FALSE(catalog_txn_is_behind(old, id));
    txn = catalog_begin(catalog);
    worked(merge(txn, id, 0, 2, "d.h5", 16, false));
    worked(catalog_commit(txn));
    worked(catalog_commit(writer));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(late));
    for (int round = 0; round < 2; round++)
    {
        const CatalogSnapshot *now = catalog_acquire(catalog);
        const CatalogTable *t = catalog_find_table_id(now, id);
        CU_ASSERT(t->segment_count == 2 && t->row_count == 25);
        CU_ASSERT_PTR_NULL(t->segments[1].deleted);
        CU_ASSERT(t->columns[0].stats.max.i == 29 && t->columns[1].stats.null_count == 15);
        catalog_release(catalog, now);
        if (round == 0)
        {
            /* Its view is older than a row that was taken away: it can only fail, and is told so. */
            CU_ASSERT(catalog_txn_is_behind(old, id));
            CU_ASSERT_FALSE(catalog_txn_follow(old, id));
            catalog_rollback(old);
            catalog_take_dead(catalog, arena, &dead, &count);
            CU_ASSERT_EQUAL(count, 2);
            reopen();
        }
    }
    /* Merged only: an older transaction sees the same rows in the new places, unless it has changed the table itself. */
    old = catalog_begin(catalog);
    writer = catalog_begin(catalog);
    catalog_txn_goes_on(old);
    catalog_txn_goes_on(writer);
    add(writer, arena, id, "e.h5", 30, 10);
    txn = catalog_begin(catalog);
    worked(merge(txn, id, 0, 2, "f.h5", 25, true));
    worked(catalog_commit(txn));
    CU_ASSERT(catalog_txn_is_behind(old, id));
    CU_ASSERT_FALSE(catalog_txn_is_behind(writer, id));
    CU_ASSERT(catalog_txn_follow(old, id));
    CU_ASSERT_FALSE(catalog_txn_follow(writer, id));
    CU_ASSERT_EQUAL(catalog_find_table_id(catalog_txn_snapshot(old), id)->segment_count, 1);
    CU_ASSERT_EQUAL(catalog_find_table_id(catalog_txn_snapshot(old), id)->columns[0].stats.max.i, 2000);
    worked(delete_rows(old, id, 0, 3, 1));
    worked(catalog_commit(old));
    worked(catalog_commit(writer));
    const CatalogSnapshot *now = catalog_acquire(catalog);
    CU_ASSERT_EQUAL(catalog_find_table_id(now, id)->row_count, 34);
    catalog_release(catalog, now);
    /* One that goes on and has not seen the last change could not follow: a merge that yields fails instead. */
    old = catalog_begin(catalog);
    catalog_txn_goes_on(old);
    catalog_txn_goes_on(old); /* once more changes nothing */
    txn = catalog_begin(catalog);
    CU_ASSERT_FALSE(catalog_merge_is_held_back(txn, id));
    worked(delete_rows(txn, id, 1, 0, 1));
    worked(catalog_commit(txn));
    txn = catalog_begin(catalog);
    CU_ASSERT(catalog_merge_is_held_back(txn, id));
    worked(merge(txn, id, 0, 2, "h.h5", 33, true));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(txn));
    catalog_rollback(old);
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL(count, 3);
    /* A segment of which rows were deleted meanwhile cannot be merged. */
    old = catalog_begin(catalog);
    txn = catalog_begin(catalog);
    worked(merge(txn, id, 0, 1, "g.h5", 24, false));
    worked(delete_rows(old, id, 0, 0, 1));
    worked(catalog_commit(old));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(txn));
    catalog_take_dead(catalog, arena, &dead, &count);
    CU_ASSERT_EQUAL(count, 1);
    arena_free(arena);
}

static int64_t image_add(CatalogTxn *txn, int64_t table_id, const char *file, const char *image)
{
    ColumnStats stats[2] = {{0}};
    SegmentRecord record = {.segment = {.slice = 1, .file = (char *) file, .rows = 2, .bytes = (int64_t) strlen(image)},
                            .columns = stats,
                            .image = image};
    worked(catalog_add_segments(txn, table_id, &record, 1));
    return record.segment.id;
}

static void test_images(void)
{
    Arena *arena = arena_new("test");
    SegmentImage *images;
    int32_t count;
    int64_t bytes = catalog_image_bytes(catalog), one = create(arena, "rides"), two = create(arena, "rides_too");
    CatalogTxn *txn = catalog_begin(catalog);
    int64_t first = image_add(txn, one, "r.h5", "bytes of r");
    image_add(txn, two, "s.h5", "and of s");
    image_add(txn, one, "q.h5", "q");
    add(txn, arena, one, "durable.h5", 0, 10);
    worked(catalog_commit(txn));
    CU_ASSERT_EQUAL(catalog_image_bytes(catalog) - bytes, 19);
    reopen();
    worked(catalog_images(catalog, arena, &images, &count));
    CU_ASSERT_EQUAL_FATAL(count, 3);
    CU_ASSERT(images[0].table_id == one && images[1].table_id == one && images[2].table_id == two);
    CU_ASSERT(images[0].segment_id == first && images[0].slice == 1 && images[0].bytes == 10);
    CU_ASSERT_STRING_EQUAL(images[0].file, "r.h5");
    CU_ASSERT(memcmp(images[0].data, "bytes of r", 10) == 0);
    /* They go with their segments, or when they are not needed. */
    txn = catalog_begin(catalog);
    worked(catalog_truncate_table(txn, two));
    worked(delete_rows(txn, one, 1, 0, 2));
    worked(catalog_commit(txn));
    worked(catalog_images(catalog, arena, &images, &count));
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_EQUAL(images[0].segment_id, first);
    worked(catalog_forget_images(catalog, images, count));
    CU_ASSERT_EQUAL(catalog_image_bytes(catalog), 0);
    worked(catalog_images(catalog, arena, &images, &count));
    CU_ASSERT_EQUAL(count, 0);
    arena_free(arena);
}

#define THREADS 4
#define INSERTS 25
static int64_t shared_table;

static void *insert_many(void *context)
{
    Arena *arena = arena_new("thread");
    for (int i = 0; i < INSERTS; i++)
    {
        CatalogTxn *txn = catalog_begin(catalog);
        add(txn, arena, shared_table, arena_printf(arena, "%p-%d.h5", context, i), i, 1);
        Error *error = catalog_commit(txn);
        const CatalogSnapshot *now = catalog_acquire(catalog);
        if (error != NULL || catalog_find_table_id(now, shared_table)->row_count < i + 1)
            abort();
        catalog_release(catalog, now);
    }
    arena_free(arena);
    return NULL;
}

static void test_threads(void)
{
    Arena *arena = arena_new("test");
    pthread_t threads[THREADS];
    char marks[THREADS];
    shared_table = create(arena, "shared");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, insert_many, &marks[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const CatalogSnapshot *now = catalog_acquire(catalog);
    CU_ASSERT_EQUAL(catalog_find_table_id(now, shared_table)->row_count, THREADS * INSERTS);
    CU_ASSERT_EQUAL(catalog_find_table_id(now, shared_table)->segment_count, THREADS * INSERTS);
    catalog_release(catalog, now);
    arena_free(arena);
}

static void test_users_and_ids(void)
{
    Arena *arena = arena_new("test");
    CatalogTxn *txn = catalog_begin(catalog), *other = catalog_begin(catalog);
    const PrincipalList *list = catalog_txn_snapshot(txn)->principals;
    const CatalogPrincipal *ada = principal_find(list, PRINCIPAL_USER, "ada");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ada);
    CU_ASSERT(ada->superuser && ada->id == FIRST_USER_ID && strncmp(ada->scram, "SCRAM-SHA-256$", 14) == 0);
    CU_ASSERT_PTR_NULL(principal_find(list, PRINCIPAL_GROUP, "ada"));
    CU_ASSERT_PTR_NULL(principal_find(list, PRINCIPAL_USER, "ada' or '1"));
    CatalogPrincipal staff = {.kind = PRINCIPAL_GROUP, .name = "staff"}, changed = principal_copy(arena, ada);
    worked(catalog_put_principal(txn, &staff));
    fails(SQLSTATE_DUPLICATE_OBJECT, catalog_put_principal(txn, &(CatalogPrincipal){.kind = PRINCIPAL_GROUP, .name = "staff"}));
    changed.parents = &staff.id;
    changed.parent_count = 1;
    worked(catalog_put_principal(txn, &changed));
    CatalogPrincipal late = principal_copy(arena, principal_find(catalog_txn_snapshot(other)->principals, PRINCIPAL_USER, "ada"));
    worked(catalog_put_principal(other, &late));
    worked(catalog_commit(txn));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(other)); /* it would take ada out of staff */
    reopen();
    const CatalogSnapshot *now = catalog_acquire(catalog);
    CU_ASSERT(principal_is_member(now->principals, FIRST_USER_ID, staff.id));
    CU_ASSERT_FALSE(principal_is_member(now->principals, staff.id, FIRST_USER_ID));
    catalog_release(catalog, now);
    txn = catalog_begin(catalog);
    worked(catalog_drop_principal(txn, staff.id));
    fails(SQLSTATE_UNDEFINED_OBJECT, catalog_drop_principal(txn, staff.id));
    CU_ASSERT_EQUAL(principal_find_id(catalog_txn_snapshot(txn)->principals, FIRST_USER_ID)->parent_count, 0);
    worked(catalog_commit(txn));
    int64_t last = 0, epoch = catalog_epoch(catalog);
    for (int i = 0; i < 3000; i++)
    {
        int64_t id = catalog_next_id(catalog);
        CU_ASSERT(id > last);
        last = id;
    }
    reopen();
    CU_ASSERT(catalog_next_id(catalog) > last);
    CU_ASSERT_EQUAL(catalog_epoch(catalog), epoch + 1);
    struct stat status;
    CU_ASSERT(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    arena_free(arena);
}

static void test_load_errors(void)
{
    Arena *arena = arena_new("test");
    LoadErrorRow row = {.query = 5, .table_id = 7, .line_number = 3, .error_code = 1207, .file = "/d/x", .column = "a",
                        .type = "integer", .column_length = "", .raw_line = "x|'y", .raw_field = "x", .reason = "no digit"};
    worked(catalog_add_load_errors(catalog, &row, 1));
    row.column = NULL;
    worked(catalog_add_load_errors(catalog, &row, 1));
    LoadErrorRow *rows;
    int32_t count;
    worked(catalog_load_errors(catalog, arena, &rows, &count));
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_STRING_EQUAL(rows[0].raw_line, "x|'y");
    CU_ASSERT_STRING_EQUAL(rows[1].column, "");
    CU_ASSERT_EQUAL(rows[1].error_code, 1207);
    arena_free(arena);
}

static void test_sysviews(void)
{
    const CatalogSnapshot *now = catalog_acquire(catalog);
    const CatalogTable *view = catalog_find_table(now, NULL, "stv_slices");
    CU_ASSERT_PTR_NOT_NULL_FATAL(view);
    CU_ASSERT(table_is_sysview(view) && table_sysview(view) == SYSVIEW_stv_slices);
    CU_ASSERT_EQUAL(view->column_count, 4);
    CU_ASSERT_STRING_EQUAL(view->columns[0].name, "node");
    CU_ASSERT(type_equal(view->columns[3].type, type_char(1)));
    CU_ASSERT_PTR_EQUAL(catalog_find_table(now, "pg_catalog", "stv_slices"), view);
    CU_ASSERT_PTR_NULL(catalog_find_table(now, "public", "stv_slices"));
    view = catalog_find_table(now, NULL, "svv_table_info");
    int32_t rows = catalog_find_column(view, "tbl_rows");
    CU_ASSERT_FATAL(rows >= 0);
    CU_ASSERT(type_equal(view->columns[rows].type, type_decimal(38, 0)));
    CU_ASSERT_EQUAL(catalog_find_table(now, NULL, "pg_table_def")->column_count, 8);
    catalog_release(catalog, now);
}

/* --- ALTER TABLE ----------------------------------------------------------------- */

/* A copy to be changed, with room for `more` columns. */
static CatalogTable *altered_copy(Arena *arena, const CatalogTable *table, int32_t more)
{
    CatalogTable *copy = arena_memdup(arena, table, sizeof *table);
    copy->columns = ARENA_ARRAY(arena, CatalogColumn, table->column_count + more);
    memcpy(copy->columns, table->columns, sizeof(CatalogColumn) * (size_t) table->column_count);
    return copy;
}

static void test_alter(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create(arena, "changing");
    create(arena, "taken");
    CatalogTxn *txn = catalog_begin(catalog);
    add(txn, arena, id, "1.h5", 1, 100);
    CatalogTable *table = altered_copy(arena, catalog_find_table_id(catalog_txn_snapshot(txn), id), 2);
    table->name = "changed";
    table->columns[1].name = "text";
    Datum five = {.i = 5};
    table->columns[table->column_count++] = (CatalogColumn){.id = table->next_column_id++, .name = "n", .type = type_make(TYPE_INTEGER), .missing = &five};
    table->columns[table->column_count++] = (CatalogColumn){.id = table->next_column_id++, .name = "m", .type = type_make(TYPE_DATE)};
    worked(catalog_alter_table(txn, table));
    const CatalogTable *now = catalog_find_table_id(catalog_txn_snapshot(txn), id);
    table = altered_copy(arena, now, 0); /* the first column's neighbour goes, its number is not given again */
    table->columns[1] = table->columns[2];
    table->columns[2] = table->columns[3];
    table->column_count = 3;
    worked(catalog_alter_table(txn, table));
    worked(catalog_commit(txn));

    reopen();
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    now = catalog_find_table(snapshot, "public", "changed");
    CU_ASSERT_PTR_NULL(catalog_find_table(snapshot, "public", "changing"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(now);
    CU_ASSERT_EQUAL(now->id, id);
    CU_ASSERT_EQUAL(now->definition, 2);
    CU_ASSERT_EQUAL(now->next_column_id, 4);
    CU_ASSERT_EQUAL(now->segment_count, 1);
    CU_ASSERT_EQUAL(now->row_count, 100);
    CU_ASSERT_EQUAL(now->columns[0].stats.max.i, 100); /* what stays keeps its statistics */
    CU_ASSERT_EQUAL(catalog_find_column_id(now, 1), -1);
    CU_ASSERT_EQUAL(catalog_find_column_id(now, 2), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(now->columns[1].missing);
    CU_ASSERT_EQUAL(now->columns[1].missing->i, 5);
    CU_ASSERT(now->columns[1].stats.has_range && now->columns[1].stats.min.i == 5 && now->columns[1].stats.null_count == 0);
    CU_ASSERT_PTR_NULL(now->columns[2].missing);
    CU_ASSERT_EQUAL(now->columns[2].stats.null_count, 100);

    txn = catalog_begin(catalog);
    table = altered_copy(arena, now, 0);
    table->name = "taken";
    fails(SQLSTATE_DUPLICATE_TABLE, catalog_alter_table(txn, table));
    table->schema = "none";
    fails(SQLSTATE_INVALID_SCHEMA_NAME, catalog_alter_table(txn, table));
    catalog_rollback(txn);
    catalog_release(catalog, snapshot);
    arena_free(arena);
}

/* Who has begun before an ALTER was committed cannot change the table after it. */
static void test_alter_conflicts(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create(arena, "contended");
    CatalogTxn *adds = catalog_begin(catalog), *alters = catalog_begin(catalog), *first = catalog_begin(catalog);
    const CatalogTable *table = catalog_find_table_id(catalog_txn_snapshot(first), id);
    worked(catalog_alter_table(first, altered_copy(arena, table, 0)));
    add(adds, arena, id, "1.h5", 1, 10);
    worked(catalog_alter_table(alters, altered_copy(arena, table, 0)));
    worked(catalog_commit(first));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(adds));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(alters));
    arena_free(arena);
}

/* --- declared keys ------------------------------------------------------------------ */

static CatalogKey key_of(KeyKind kind, char *name, int64_t refers_to)
{
    static int32_t first[] = {0};
    return (CatalogKey){.kind = kind, .name = name, .column_count = 1, .columns = first, .refers_to = refers_to,
                        .refers_columns = kind == KEY_FOREIGN ? first : NULL, .on_update = 'a', .on_delete = 'c', .match = 's'};
}

static void test_keys(void)
{
    Arena *arena = arena_new("test");
    CatalogTable *parent = two_columns(arena, "public", "parent"), *child = two_columns(arena, "public", "child");
    CatalogKey of_parent[] = {key_of(KEY_PRIMARY, "parent_pkey", 0), key_of(KEY_FOREIGN, "itself", 0)};
    parent->keys = of_parent;
    parent->key_count = 2;
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_create_table(txn, parent));
    CU_ASSERT(of_parent[0].id > 0 && of_parent[1].id > of_parent[0].id);
    CatalogKey of_child[] = {key_of(KEY_FOREIGN, "child_fkey", parent->id), key_of(KEY_UNIQUE, "parent_pkey", 0)};
    child->keys = of_child;
    child->key_count = 2;
    fails(SQLSTATE_DUPLICATE_TABLE, catalog_create_table(txn, child)); /* an index's name is a relation's */
    of_child[1].name = "parent";
    fails(SQLSTATE_DUPLICATE_TABLE, catalog_create_table(txn, child));
    of_child[1].name = "child_key";
    worked(catalog_create_table(txn, child));
    worked(catalog_commit(txn));

    reopen();
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    const CatalogTable *read = catalog_find_table(snapshot, "public", "child"), *owner;
    CU_ASSERT_EQUAL_FATAL(read->key_count, 2);
    CU_ASSERT_EQUAL(read->keys[0].kind, KEY_FOREIGN);
    CU_ASSERT_STRING_EQUAL(read->keys[0].name, "child_fkey");
    CU_ASSERT_EQUAL(read->keys[0].refers_to, parent->id);
    CU_ASSERT_EQUAL(read->keys[0].refers_columns[0], 0);
    CU_ASSERT_EQUAL(read->keys[0].on_delete, 'c');
    CU_ASSERT_PTR_EQUAL(catalog_find_index(snapshot, "public", "child_key", &owner), &read->keys[1]);
    CU_ASSERT_PTR_EQUAL(catalog_find_referrer(snapshot, parent->id, &owner), &read->keys[0]);

    txn = catalog_begin(catalog);
    fails(SQLSTATE_DEPENDENT_OBJECTS_EXIST, catalog_drop_table(txn, parent->id));
    fails(SQLSTATE_DEPENDENT_OBJECTS_EXIST, catalog_drop_key(txn, parent->id, of_parent[0].id));
    worked(catalog_drop_key(txn, child->id, of_child[0].id));
    worked(catalog_drop_table(txn, parent->id));
    worked(catalog_commit(txn));
    catalog_release(catalog, snapshot);
    reopen();
    snapshot = catalog_acquire(catalog);
    CU_ASSERT_EQUAL(catalog_find_table(snapshot, "public", "child")->key_count, 1);
    catalog_release(catalog, snapshot);
    arena_free(arena);
}

static void test_comments(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create(arena, "spoken_of");
    CatalogTxn *txn = catalog_begin(catalog), *adds = catalog_begin(catalog);
    worked(catalog_comment(txn, id, &(CatalogComment){'t', 0, "all"}));
    worked(catalog_comment(txn, id, &(CatalogComment){'c', 1, "words"}));
    fails(SQLSTATE_UNDEFINED_OBJECT, catalog_comment(txn, id, &(CatalogComment){'c', 2, "no such column"}));
    worked(catalog_comment_schema(txn, "public", "ours"));
    worked(catalog_comment_schema(txn, NULL, "warehouse"));
    add(adds, arena, id, "1.h5", 1, 10);
    worked(catalog_commit(txn));
    worked(catalog_commit(adds)); /* no conflict */
    reopen();
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    const CatalogTable *table = catalog_find_table_id(snapshot, id);
    CU_ASSERT_EQUAL_FATAL(table->comment_count, 2);
    CU_ASSERT_EQUAL(table->comments[0].part, 'c');
    CU_ASSERT_EQUAL(table->comments[0].id, 1);
    CU_ASSERT_STRING_EQUAL(table->comments[0].text, "words");
    CU_ASSERT_STRING_EQUAL(table->comments[1].text, "all");
    CU_ASSERT_STRING_EQUAL(snapshot->comment, "warehouse");
    for (int32_t i = 0; i < snapshot->schema_count; i++)
        CU_ASSERT_EQUAL(snapshot->schema_comments[i] != NULL, strcmp(snapshot->schemas[i], "public") == 0);
    txn = catalog_begin(catalog);
    worked(catalog_comment(txn, id, &(CatalogComment){.part = 'c', .id = 1}));
    worked(catalog_comment_schema(txn, NULL, NULL));
    worked(catalog_commit(txn));
    catalog_release(catalog, snapshot);
    reopen();
    snapshot = catalog_acquire(catalog);
    CU_ASSERT_EQUAL(catalog_find_table_id(snapshot, id)->comment_count, 1);
    CU_ASSERT_PTR_NULL(snapshot->comment);
    catalog_release(catalog, snapshot);
    arena_free(arena);
}

/* One drops what another refers to: who commits later is told. */
static void test_key_conflict(void)
{
    Arena *arena = arena_new("test");
    CatalogTable *parent = two_columns(arena, "public", "wanted"), *child = two_columns(arena, "public", "wants");
    CatalogKey primary = key_of(KEY_PRIMARY, "wanted_pkey", 0), foreign;
    parent->keys = &primary;
    parent->key_count = 1;
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_create_table(txn, parent));
    worked(catalog_commit(txn));
    foreign = key_of(KEY_FOREIGN, "wants_fkey", parent->id);
    child->keys = &foreign;
    child->key_count = 1;
    CatalogTxn *refers = catalog_begin(catalog), *drops = catalog_begin(catalog);
    worked(catalog_create_table(refers, child));
    worked(catalog_drop_table(drops, parent->id));
    worked(catalog_commit(drops));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(refers));
    arena_free(arena);
}

static void test_sources(void)
{
    Arena *arena = arena_new("test");
    CatalogTable *view = two_columns(arena, "public", "of_changed");
    int64_t table = create(arena, "source");
    int32_t ids[] = {0, 1};
    char *names[] = {"id", "word"};
    ViewSource source = {.table_id = table, .schema = "public", .name = "old", .column_count = 2, .column_ids = ids, .column_names = names};
    view->view_sql = "select * from old";
    view->view_path = "public";
    view->depend_count = 1;
    view->depends = &table;
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_create_table(txn, view));
    CatalogTable *copy = altered_copy(arena, catalog_find_table_id(catalog_txn_snapshot(txn), view->id), 0);
    copy->source_count = 1;
    copy->sources = &source;
    worked(catalog_alter_table(txn, copy));
    worked(catalog_commit(txn));
    reopen();
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    const CatalogTable *read = catalog_find_table_id(snapshot, view->id);
    CU_ASSERT_EQUAL_FATAL(read->source_count, 1);
    CU_ASSERT_EQUAL(read->sources[0].table_id, table);
    CU_ASSERT_STRING_EQUAL(read->sources[0].name, "old");
    CU_ASSERT_EQUAL_FATAL(read->sources[0].column_count, 2);
    CU_ASSERT_EQUAL(read->sources[0].column_ids[1], 1);
    CU_ASSERT_STRING_EQUAL(read->sources[0].column_names[1], "word");
    catalog_release(catalog, snapshot);
    arena_free(arena);
}

/* --- warehouses of older versions -------------------------------------------------- */

/* The first format's file, with a user, a table and a segment. */
static const char format_1[] =
    "create table meta(key text primary key, value) without rowid;"
    "create table users(name text primary key, scram text not null, superuser int not null) without rowid;"
    "create table schemas(name text primary key, owner text) without rowid;"
    "create table tables(id integer primary key, schema text not null, name text not null, owner text not null,"
    " dist_style int not null, dist_column int not null, sort_columns blob, created_epoch int, unique(schema, name));"
    "create table columns(table_id int, ordinal int, name text not null, type_oid int not null, precision int, scale int,"
    " length int, not_null int, default_sql text, encoding text, stats blob, primary key(table_id, ordinal)) without rowid;"
    "create table segments(id integer primary key, table_id int not null, slice int not null, file text not null,"
    " row_count int not null, bytes int not null, digest blob not null, version int, epoch int);"
    "create index segments_of_table on segments(table_id);"
    "create table load_errors(id integer primary key, query int, start_time int, table_id int, line_number int,"
    " position int, slice int, error_code int, file text, column_name text, type text, column_length text,"
    " raw_line text, raw_field text, reason text);"
    "insert into meta values('format', 1), ('version', 7), ('epoch', 3), ('next_id', 100500), ('slice_count', 2),"
    " ('database', 'dev');"
    "insert into users values('ada', 'SCRAM-SHA-256$1:a:b:c', 1), ('bob', 'SCRAM-SHA-256$1:a:b:d', 0);"
    "insert into schemas values('public', 'ada');"
    "insert into tables values(100001, 'public', 'old', 'bob', 1, 1, null, 3);"
    "insert into columns values(100001, 0, 'a', 23, 0, 0, 0, 1, null, null, null), (100001, 1, 'b', 20, 0, 0, 0, 0, '7', null, null);"
    "insert into segments values(100002, 100001, 1, '1-0.h5', 42, 4200, zeroblob(16), 7, 3);";

static void run_sql(const char *file, const char *sql)
{
    sqlite3 *db;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open(file, &db), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_upgrade(void)
{
    char old[80];
    snprintf(old, sizeof old, "%s/old.db", directory);
    run_sql(old, format_1);
    for (int round = 0; round < 2; round++) /* what was taken over opens again */
    {
        Catalog *taken;
        worked(catalog_open(old, &taken));
        const CatalogSnapshot *snapshot = catalog_acquire(taken);
        const CatalogTable *table = catalog_find_table(snapshot, "public", "old");
        CU_ASSERT_PTR_NOT_NULL_FATAL(table);
        CU_ASSERT_EQUAL(table->row_count, 42);
        CU_ASSERT_STRING_EQUAL(table->owner, "bob");
        CU_ASSERT_EQUAL(table->next_column_id, 2);
        CU_ASSERT_EQUAL(table->columns[1].id, 1);
        CU_ASSERT_STRING_EQUAL(table->columns[1].default_sql, "7");
        const CatalogPrincipal *bob = principal_find(snapshot->principals, PRINCIPAL_USER, "bob");
        CU_ASSERT_PTR_NOT_NULL_FATAL(bob);
        CU_ASSERT_FALSE(bob->superuser);
        catalog_release(taken, snapshot);
        catalog_close(taken);
    }
    unlink(old);
}

static void test_damaged(void)
{
    static const struct
    {
        const char *sql, *message;
    } damages[] = {
        {"delete from meta where key = 'format'", "has catalog format 0"},
        {"delete from meta where key = 'epoch'", "the catalog has no epoch"},
        {"delete from meta where key = 'slice_count'", "the catalog lacks its settings"},
        {"update columns set type_oid = 1", "a type with oid 1,"},
        {"update segments set digest = zeroblob(3)", "of table \"old\" in the catalog has no digest"},
        {"insert into deleted_rows values(7, 100001, 1, '', 1, 1)", "a segment of table \"old\" that does not exist"},
    };
    char file[80];
    snprintf(file, sizeof file, "%s/damaged.db", directory);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
    {
        Catalog *opened;
        run_sql(file, format_1);
        worked(catalog_open(file, &opened));
        catalog_close(opened);
        run_sql(file, damages[i].sql);
        Error *error = catalog_open(file, &opened);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(error->message, damages[i].message));
        fails(SQLSTATE_DATA_CORRUPTED, error);
        unlink(file);
    }
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("catalog", set_up, tear_down);
    CU_add_test(suite, "create", test_create);
    CU_add_test(suite, "segments and statistics", test_segments);
    CU_add_test(suite, "conflicts", test_conflicts);
    CU_add_test(suite, "dead files", test_dead);
    CU_add_test(suite, "deleted rows", test_deletes);
    CU_add_test(suite, "merged segments", test_merges);
    CU_add_test(suite, "altered tables", test_alter);
    CU_add_test(suite, "altered tables in conflict", test_alter_conflicts);
    CU_add_test(suite, "keys", test_keys);
    CU_add_test(suite, "comments", test_comments);
    CU_add_test(suite, "keys in conflict", test_key_conflict);
    CU_add_test(suite, "sources of views", test_sources);
    CU_add_test(suite, "older formats", test_upgrade);
    CU_add_test(suite, "damaged catalogs", test_damaged);
    CU_add_test(suite, "images", test_images);
    CU_add_test(suite, "threads", test_threads);
    CU_add_test(suite, "users and numbers", test_users_and_ids);
    CU_add_test(suite, "load errors", test_load_errors);
    CU_add_test(suite, "system views", test_sysviews);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
