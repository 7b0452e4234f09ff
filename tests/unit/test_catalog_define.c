/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions in the catalog: altered tables, keys, comments, sources of views; warehouses of older versions, and damaged ones. */
#include "tests/unit/catalog_case.h"
#include "sql/catalog/page_vfs.h"

#include <fcntl.h>

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

/* Nobody owns what he was given while he was dropped. */
static void test_alter_owner(void)
{
    Arena *arena = arena_new("test");
    int64_t id = create(arena, "given");
    CatalogPrincipal heir = {.name = "heir"};
    CatalogTxn *txn = catalog_begin(catalog);
    worked(catalog_put_principal(txn, &heir));
    worked(catalog_commit(txn));
    CatalogTxn *drops = catalog_begin(catalog);
    txn = catalog_begin(catalog);
    CatalogTable *table = altered_copy(arena, catalog_find_table_id(catalog_txn_snapshot(txn), id), 0);
    table->owner = "heir";
    worked(catalog_alter_table(txn, table));
    worked(catalog_drop_principal(drops, heir.id));
    worked(catalog_commit(drops));
    fails(SQLSTATE_SERIALIZATION_FAILURE, catalog_commit(txn));
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

/* vfs NULL: as any program does. */
static void run_sql(const char *file, const char *vfs, const char *sql)
{
    sqlite3 *db;
    CU_ASSERT_EQUAL_FATAL(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, "pragma locking_mode=exclusive", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL_FATAL(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_upgrade(void)
{
    char old[80];
    snprintf(old, sizeof old, "%s/old.db", directory);
    run_sql(old, NULL, format_1);
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

/* Opens it, looks at every page and closes it. */
static Error *catalog_open_to_check(const char *file, Catalog **opened)
{
    TRY(catalog_open(file, opened));
    Error *error = catalog_verify(*opened);
    catalog_close(*opened);
    return error;
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
        run_sql(file, NULL, format_1);
        worked(catalog_open(file, &opened));
        catalog_close(opened);
        run_sql(file, page_vfs(), damages[i].sql);
        Error *error = catalog_open(file, &opened);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(error->message, damages[i].message));
        fails(SQLSTATE_DATA_CORRUPTED, error);
        unlink(file);
    }
}

static void file_put(const char *file, const uint8_t *bytes, size_t size)
{
    int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    CU_ASSERT_EQUAL_FATAL(write(fd, bytes, size), (ssize_t) size);
    close(fd);
}

/* One bit of any page: it is found, by a check if it is not read before, and never believed. */
static void test_bits(void)
{
    char file[80], log[90];
    uint8_t bytes[1 << 18];
    uint64_t random = 42;
    Catalog *opened;
    snprintf(file, sizeof file, "%s/bits.db", directory);
    snprintf(log, sizeof log, "%s-wal", file);
    run_sql(file, NULL, format_1);
    worked(catalog_open_to_check(file, &opened));
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, bytes, sizeof bytes);
    close(fd);
    CU_ASSERT_FATAL(size > 0 && size < (ssize_t) sizeof bytes);
    for (int i = 0; i < 250; i++)
    {
        random = hash_u64(random + 1);
        ssize_t at = i < 100 ? i : (ssize_t) (random % (uint64_t) size); /* the file's header, and anywhere */
        uint8_t bit = (uint8_t) (1u << random % 8);
        bytes[at] ^= bit;
        file_put(file, bytes, (size_t) size);
        unlink(log);
        Error *error = catalog_open_to_check(file, &opened);
        if (error == NULL)
            fprintf(stderr, "bit %d of byte %zd\n", bit, at);
        fails(SQLSTATE_DATA_CORRUPTED, error);
        bytes[at] ^= bit;
    }
    file_put(file, bytes, (size_t) size);
    worked(catalog_open_to_check(file, &opened));
    unlink(log);
    unlink(file);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("catalog: definitions", set_up, tear_down);
    CU_add_test(suite, "altered tables", test_alter);
    CU_add_test(suite, "altered tables in conflict", test_alter_conflicts);
    CU_add_test(suite, "keys", test_keys);
    CU_add_test(suite, "comments", test_comments);
    CU_add_test(suite, "keys in conflict", test_key_conflict);
    CU_add_test(suite, "altered owners", test_alter_owner);
    CU_add_test(suite, "sources of views", test_sources);
    CU_add_test(suite, "older formats", test_upgrade);
    CU_add_test(suite, "bits of catalogs", test_bits);
    CU_add_test(suite, "damaged catalogs", test_damaged);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0;
}
