/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog's rows: what is kept over a restart, snapshots, transactions side by side, dead files, system views. */
#include "tests/unit/catalog_case.h"

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
    CU_add_test(suite, "images", test_images);
    CU_add_test(suite, "threads", test_threads);
    CU_add_test(suite, "users and numbers", test_users_and_ids);
    CU_add_test(suite, "system views", test_sysviews);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
