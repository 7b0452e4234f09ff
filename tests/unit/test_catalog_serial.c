/* SPDX-License-Identifier: Apache-2.0 */
/* sql/catalog/serial.c: what serializable transactions have seen is what some order of them, one after the other, explains. */
#include "catalog_case.h"
#include "sql/catalog/inside.h"

#define TABLES  4
#define AT_ONCE 5
#define EACH    40
#define ROUNDS  60

/* One that has committed; sets of tables are bits. */
typedef struct Seen
{
    int64_t snapshot, commit;
    unsigned reads, writes;
} Seen;

typedef struct Running
{
    CatalogTxn *txn;
    Seen seen;
} Running;

static int64_t tables[TABLES];
static Seen committed[EACH];
static int committed_count, refused_count;
static uint64_t chance = 1;

/* Marsaglia's xorshift */
static unsigned random_below(unsigned end)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (unsigned) (chance >> 11) % end;
}

static int64_t newest(void)
{
    const CatalogSnapshot *now = catalog_acquire(catalog);
    int64_t version = now->version;
    catalog_release(catalog, now);
    return version;
}

static CatalogTxn *serializable(void)
{
    CatalogTxn *txn = catalog_begin(catalog);
    catalog_txn_serializable(txn);
    catalog_txn_serializable(txn);
    return txn;
}

static void write_to(CatalogTxn *txn, Arena *arena, int table)
{
    add(txn, arena, tables[table], "f.h5", 0, 1);
}

static void refused(Error *error)
{
    CU_ASSERT_EQUAL(error->state, SQLSTATE_SERIALIZATION_FAILURE);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "1023"));
    error_free(error);
    refused_count++;
}

/* --- any order of anything --------------------------------------------------- */
static void step_read(Running *running, int table)
{
    Error *error = catalog_txn_reads(running->txn, tables[table]);
    running->seen.reads |= 1U << table;
    if (error == NULL)
        return;
    refused(error);
    catalog_rollback(running->txn);
    running->txn = NULL;
}

static void step_commit(Running *running)
{
    Error *error = catalog_commit(running->txn);
    running->txn = NULL;
    running->seen.commit = newest();
    if (error != NULL)
        refused(error);
    else
        committed[committed_count++] = running->seen;
}

static void step(Running *running, Arena *arena)
{
    int table = (int) random_below(TABLES);
    if (running->txn == NULL)
    {
        *running = (Running){.txn = serializable()};
        running->seen.snapshot = catalog_txn_snapshot(running->txn)->version;
        return;
    }
    switch (random_below(8))
    {
    case 0:
    case 1:
        write_to(running->txn, arena, table);
        running->seen.writes |= 1U << table;
        break;
    case 2:
    case 3:
        step_commit(running);
        break;
    case 4:
        if (random_below(8) == 0)
        {
            catalog_rollback(running->txn);
            running->txn = NULL;
        }
        break;
    default:
        step_read(running, table);
    }
}

/* Must a come before b?  It read what b then wrote, or b read what a had written. */
static bool precedes(const Seen *a, const Seen *b)
{
    return a != b && (((a->reads & b->writes) != 0 && b->commit > a->snapshot) ||
                      ((a->writes & b->reads) != 0 && a->commit <= b->snapshot));
}

/* Takes away one that nobody left must precede, over and over. */
static bool has_order(void)
{
    bool placed[EACH] = {false};
    for (int left = committed_count; left > 0; left--)
    {
        int first = -1;
        for (int i = 0; i < committed_count && first < 0; i++)
        {
            bool free = !placed[i];
            for (int j = 0; j < committed_count && free; j++)
                free = placed[j] || !precedes(&committed[j], &committed[i]);
            if (free)
                first = i;
        }
        if (first < 0)
            return false;
        placed[first] = true;
    }
    return true;
}

static void test_any(void)
{
    Arena *arena = arena_new("test");
    for (int round = 0; round < ROUNDS; round++)
    {
        Running running[AT_ONCE] = {{0}};
        committed_count = 0;
        while (committed_count < EACH)
            step(&running[random_below(AT_ONCE)], arena);
        CU_ASSERT(has_order());
        for (int i = 0; i < AT_ONCE; i++)
            catalog_rollback(running[i].txn);
        CU_ASSERT_PTR_NULL(catalog->serials); /* nobody is remembered for nobody */
    }
    CU_ASSERT(refused_count > ROUNDS);
    CU_ASSERT(refused_count < ROUNDS * EACH);
    arena_free(arena);
}

/* --- one by one ------------------------------------------------------------------ */
/* x reads 0 and writes 1, y reads 1 and writes 0. */
static void begin_skew(Arena *arena, CatalogTxn **x, CatalogTxn **y)
{
    *x = serializable();
    *y = serializable();
    worked(catalog_txn_reads(*x, tables[0]));
    worked(catalog_txn_reads(*y, tables[1]));
    write_to(*x, arena, 1);
    write_to(*y, arena, 0);
}

static void test_skew(void)
{
    Arena *arena = arena_new("test");
    CatalogTxn *x, *y;
    begin_skew(arena, &x, &y);
    worked(catalog_commit(x));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(y));
    arena_free(arena);
}

/* One that is rolled back was never there. */
static void test_rolled_back(void)
{
    Arena *arena = arena_new("test");
    CatalogTxn *x, *y;
    begin_skew(arena, &x, &y);
    catalog_rollback(x);
    worked(catalog_commit(y));
    arena_free(arena);
}

static int refuse_commit(void *context)
{
    (void) context;
    return 1;
}

/* Nor was one that the disk refuses. */
static void test_not_saved(void)
{
    Arena *arena = arena_new("test");
    CatalogTxn *x, *y;
    begin_skew(arena, &x, &y);
    sqlite3_commit_hook(catalog->store->db, refuse_commit, NULL);
    fails(SQLSTATE_IO_ERROR, catalog_commit(x));
    sqlite3_commit_hook(catalog->store->db, NULL, NULL);
    worked(catalog_commit(y));
    CU_ASSERT_PTR_NULL(catalog->serials);
    arena_free(arena);
}

/* Who sees a snapshot is not looked at. */
static void test_snapshot(void)
{
    Arena *arena = arena_new("test");
    CatalogTxn *x = catalog_begin(catalog), *y = serializable();
    worked(catalog_txn_reads(x, tables[0]));
    worked(catalog_txn_reads(y, tables[1]));
    write_to(x, arena, 1);
    write_to(y, arena, 0);
    worked(catalog_commit(x));
    worked(catalog_commit(y));
    arena_free(arena);
}

/* Who takes all rows away has looked which there were. */
static void test_truncate(void)
{
    Arena *arena = arena_new("test");
    CatalogTxn *x = serializable(), *y = serializable();
    worked(catalog_truncate_table(x, tables[0]));
    worked(catalog_txn_reads(y, tables[0]));
    write_to(x, arena, 1);
    worked(catalog_txn_reads(x, tables[1]));
    write_to(y, arena, 1);
    worked(catalog_commit(y));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(x));
    arena_free(arena);
}

static void make_tables(void)
{
    Arena *arena = arena_new("test");
    for (int i = 0; i < TABLES; i++)
        tables[i] = create(arena, arena_printf(arena, "t%d", i));
    arena_free(arena);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("catalog serial", set_up, tear_down);
    CU_add_test(suite, "tables to read and write", make_tables);
    CU_add_test(suite, "write skew", test_skew);
    CU_add_test(suite, "rolled back", test_rolled_back);
    CU_add_test(suite, "not saved", test_not_saved);
    CU_add_test(suite, "beside a snapshot", test_snapshot);
    CU_add_test(suite, "truncate", test_truncate);
    CU_add_test(suite, "any order", test_any);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
