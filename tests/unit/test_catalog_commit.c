/* SPDX-License-Identifier: Apache-2.0 */
/* sql/catalog/commit.c: commits that wait for each other are one commit of SQLite, and each is told what is its own. */
#include "catalog_case.h"
#include "sql/catalog/inside.h"

#define WRITERS 8

typedef struct Writer
{
    CatalogTxn *txn;
    Error *error;
    pthread_t thread;
} Writer;

static int commits, refused;

/* SQLite asks before each commit; another answer than 0 makes it roll back. */
static int count_commit(void *context)
{
    (void) context;
    commits++;
    return refused-- > 0;
}

static void *commit(void *context)
{
    Writer *writer = context;
    writer->error = catalog_commit(writer->txn);
    return NULL;
}

static int asked(void)
{
    int count = 0;
    pthread_mutex_lock(&catalog->lock);
    for (const CommitRequest *request = catalog->asked; request != NULL; request = request->following)
        count++;
    pthread_mutex_unlock(&catalog->lock);
    return count;
}

/* All of them ask, one after the other, while somebody else has the store. */
static void commit_together(Writer *writers, int count, int refuse)
{
    commits = 0;
    refused = refuse;
    sqlite3_commit_hook(catalog->store->db, count_commit, NULL);
    pthread_mutex_lock(&catalog->store_lock);
    for (int i = 0; i < count; i++)
    {
        pthread_create(&writers[i].thread, NULL, commit, &writers[i]);
        while (asked() <= i)
            usleep(100);
    }
    pthread_mutex_unlock(&catalog->store_lock);
    for (int i = 0; i < count; i++)
        pthread_join(writers[i].thread, NULL);
    CU_ASSERT_EQUAL(asked(), 0);
    sqlite3_commit_hook(catalog->store->db, NULL, NULL);
}

static int64_t segment_of(int64_t table_id)
{
    const CatalogSnapshot *now = catalog_acquire(catalog);
    int64_t id = catalog_find_table_id(now, table_id)->segments[0].id;
    catalog_release(catalog, now);
    return id;
}

static int64_t rows_of(int64_t table_id)
{
    const CatalogSnapshot *now = catalog_acquire(catalog);
    const CatalogTable *table = catalog_find_table_id(now, table_id);
    int64_t rows = table == NULL ? -1 : table->row_count;
    catalog_release(catalog, now);
    return rows;
}

static int64_t newest(void)
{
    const CatalogSnapshot *now = catalog_acquire(catalog);
    int64_t version = now->version;
    catalog_release(catalog, now);
    return version;
}

static int64_t create_filled(Arena *arena, const char *name)
{
    int64_t id = create(arena, name);
    CatalogTxn *txn = catalog_begin(catalog);
    add(txn, arena, id, arena_printf(arena, "%s.h5", name), 0, 10);
    worked(catalog_commit(txn));
    return id;
}

static CatalogTxn *delete_first(int64_t table_id)
{
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_delete_rows(txn, table_id, &(SegmentDeletes){segment_of(table_id), 1, (uint32_t[]){0}}, 1));
    return txn;
}

/* Four insert, two delete the same row, two make the same table. */
static void begin_all(Arena *arena, Writer *writers, int64_t table_id, const char *made)
{
    for (int i = 0; i < WRITERS; i++)
    {
        writers[i] = (Writer){.txn = i == 4 || i == 5 ? delete_first(table_id) : catalog_begin(catalog)};
        if (i < 4)
            add(writers[i].txn, arena, table_id, arena_printf(arena, "%s-%d.h5", made, i), 100 + i, 1);
        if (i > 5)
            worked(catalog_create_table(writers[i].txn, two_columns(arena, "public", made)));
    }
}

static void check_all(Writer *writers, int64_t table_id)
{
    for (int i = 0; i < WRITERS; i++)
        if (i == 5)
            fails(SQLSTATE_SERIALIZATION_FAILURE, writers[i].error);
        else if (i == 7)
            fails(SQLSTATE_DUPLICATE_TABLE, writers[i].error);
        else
            worked(writers[i].error);
    CU_ASSERT_EQUAL(rows_of(table_id), 10 + 4 - 1);
}

static void test_together(void)
{
    Arena *arena = arena_new("test");
    Writer writers[WRITERS];
    int64_t id = create_filled(arena, "together"), before = newest();
    begin_all(arena, writers, id, "made");
    commit_together(writers, WRITERS, 0);
    CU_ASSERT_EQUAL(commits, 1);
    CU_ASSERT_EQUAL(newest(), before + WRITERS - 2);
    check_all(writers, id);
    reopen();
    CU_ASSERT_EQUAL(rows_of(id), 13);
    CU_ASSERT_EQUAL(newest(), before + WRITERS - 2);
    arena_free(arena);
}

/* The first commit fails: each is tried alone, and the result is the same. */
static void test_refused_once(void)
{
    Arena *arena = arena_new("test");
    Writer writers[WRITERS];
    int64_t id = create_filled(arena, "refused"), before = newest();
    begin_all(arena, writers, id, "alone");
    commit_together(writers, WRITERS, 1);
    CU_ASSERT_EQUAL(commits, 1 + WRITERS - 2);
    CU_ASSERT_EQUAL(newest(), before + WRITERS - 2);
    check_all(writers, id);
    arena_free(arena);
}

/* One that fails by itself takes nobody with it. */
static void test_refused_twice(void)
{
    Arena *arena = arena_new("test");
    Writer writers[2] = {0};
    int64_t id = create_filled(arena, "twice");
    for (int i = 0; i < 2; i++)
    {
        writers[i].txn = catalog_begin(catalog);
        add(writers[i].txn, arena, id, i == 0 ? "x.h5" : "y.h5", i, 1 + i);
    }
    commit_together(writers, 2, 2);
    fails(SQLSTATE_IO_ERROR, writers[0].error);
    worked(writers[1].error);
    CU_ASSERT_EQUAL(commits, 3);
    CU_ASSERT_EQUAL(rows_of(id), 12);
    reopen();
    CU_ASSERT_EQUAL(rows_of(id), 12);
    arena_free(arena);
}

/* A merge that yields to others is committed by itself: what it is held back by is what is published. */
static void test_merge_alone(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create_filled(arena, "merged"), other = create_filled(arena, "other"), segment = segment_of(id);
    Writer writers[3] = {{.txn = catalog_begin(catalog)}, {.txn = catalog_begin(catalog)}, {.txn = catalog_begin(catalog)}};
    SegmentRecord record = {.segment = {.slice = 0, .file = "new.h5", .rows = 10, .bytes = 1}, .columns = stats_of(arena, 0, 10)};
    add(writers[0].txn, arena, other, "p.h5", 0, 1);
    worked(catalog_merge_segments(writers[1].txn, id, &(SegmentMerge){1, &segment, true}, &record, 1));
    add(writers[2].txn, arena, id, "q.h5", 0, 1);
    commit_together(writers, 3, 0);
    for (int i = 0; i < 3; i++)
        worked(writers[i].error);
    CU_ASSERT_EQUAL(commits, 2);
    CU_ASSERT_EQUAL(rows_of(id), 11);
    CU_ASSERT_EQUAL(rows_of(other), 11);
    arena_free(arena);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("catalog commit", set_up, tear_down);
    CU_add_test(suite, "together", test_together);
    CU_add_test(suite, "refused once", test_refused_once);
    CU_add_test(suite, "refused twice", test_refused_twice);
    CU_add_test(suite, "a merge alone", test_merge_alone);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
