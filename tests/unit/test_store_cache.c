/* SPDX-License-Identifier: Apache-2.0 */
/* Segments and blocks kept open and in memory; several threads. */
#include "tests/unit/store_case.h"

/* ---- cache ---- */

typedef struct Crowd
{
    SegmentCache *cache;
    const SegmentRef *refs;
    int32_t ref_count;
    _Atomic int32_t failures;
} Crowd;

static void *crowd_member(void *context)
{
    Crowd *crowd = context;
    Arena *arena = arena_new("member");
    BlockReader *reader = block_reader_new(arena, 1);
    int64_t values[1024];
    for (int32_t i = 0; i < 300; i++)
    {
        const SegmentRef *ref = &crowd->refs[i % crowd->ref_count];
        Segment *segment = NULL;
        Error *error = segment_open(crowd->cache, ref, &segment);
        if (error == NULL)
            error = block_load(reader, 0, segment, COLUMN_KEY, 0);
        if (error == NULL)
            block_decode(reader, 0, 0, 1000, REP_I64, values);
        crowd->failures += error != NULL || values[999] != 999 * 4 / 3 + 1;
        error_free(error);
        segment_close(segment);
        if (i % 50 == 49)
            segment_cache_drop(crowd->cache, ref->path);
    }
    arena_free(arena);
    return NULL;
}

/* The cache holds what it may, keeps what is pinned, and what it throws out is gone. */
static void test_blocks_kept(void)
{
    enum
    {
        CHUNKS = 2000,
        EACH = 4096,
        ROOM = 16 * 16 /* in sixteen slabs of the least size */
    };
    BlockCache *cache = block_cache_new(ROOM * EACH);
    CacheSlab *pinned = NULL;
    int32_t kept = 0, there = 0;
    void *room = NULL;
    CU_ASSERT_PTR_NULL(block_cache_room(cache, ROOM * EACH / 2, &room));
    for (int32_t i = 0; i < CHUNKS; i++)
    {
        ChunkView view = {.header = {.rows = (uint32_t) i}}, back;
        ChunkKey key = {1, i, 0, false};
        CU_ASSERT_PTR_NULL(block_cache_take(cache, key, &back));
        CacheSlab *slab = block_cache_room(cache, EACH - 5, &room);
        CU_ASSERT(slab != NULL || i >= ROOM - 16);
        if (slab == NULL)
            continue;
        CU_ASSERT((uintptr_t) room % 64 == 0);
        memset(room, i, EACH - 5);
        view.bytes = room;
        block_cache_put(cache, key, slab, &view);
        block_cache_put(cache, key, slab, &view); /* a second time changes nothing */
        kept++;
        if (i == 0)
            pinned = slab;
        else
            block_cache_give(cache, slab);
    }
    CU_ASSERT(kept > ROOM && kept < CHUNKS / 2);
    for (int32_t i = 0; i < CHUNKS; i++)
    {
        ChunkView view;
        CacheSlab *slab = block_cache_take(cache, (ChunkKey){1, i, 0, false}, &view);
        there += slab != NULL;
        CU_ASSERT(slab == NULL || (view.header.rows == (uint32_t) i && view.bytes[EACH - 6] == (uint8_t) i));
        CU_ASSERT(i > 0 || slab == pinned);
        if (slab != NULL)
            block_cache_give(cache, slab);
        CU_ASSERT_PTR_NULL(block_cache_take(cache, (ChunkKey){1, i, 0, true}, &view));
        CU_ASSERT_PTR_NULL(block_cache_take(cache, (ChunkKey){2, i, 0, false}, &view));
    }
    CU_ASSERT(there > ROOM - 32 && there <= ROOM);
    block_cache_give(cache, pinned);
    block_cache_free(cache);
}

static void cache_crowd(int64_t blocks_kept)
{
    enum
    {
        FILES = 6,
        THREADS = 4
    };
    Arena *arena = arena_new("test");
    SegmentRef refs[FILES];
    for (int32_t i = 0; i < FILES; i++)
    {
        char *name = arena_printf(arena, "cache-%d-%lld.h5", i, (long long) blocks_kept);
        SegmentReport *report = ARENA_NEW(arena, SegmentReport);
        CU_ASSERT_PTR_NULL_FATAL(write_table(arena, name, 1000, report));
        refs[i] = (SegmentRef){path_of(arena, name), "things", report->bytes, report->digest};
    }
    Crowd crowd = {segment_cache_new(2, 3, blocks_kept), refs, FILES, 0};
    pthread_t threads[THREADS];
    for (int32_t i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, crowd_member, &crowd), 0);
    for (int32_t i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(pthread_join(threads[i], NULL), 0);
    CU_ASSERT_EQUAL(crowd.failures, 0);
    segment_cache_free(crowd.cache);
    arena_free(arena);
}

static void test_cache(void)
{
    cache_crowd(0);
    cache_crowd(64 * 1024);
    cache_crowd(BLOCKS_KEPT);
}

/* Several threads write at once; HDF5 sees one at a time. */
static void *write_member(void *context)
{
    Arena *arena = arena_new("member");
    SegmentReport *report = context;
    Error *error = write_table(arena, arena_printf(arena, "writer-%p.h5", context), 70000, report);
    bool good = error == NULL;
    error_free(error);
    arena_free(arena);
    return good ? context : NULL;
}

static void test_writers(void)
{
    enum
    {
        THREADS = 4
    };
    static SegmentReport reports[THREADS];
    Arena *arena = arena_new("test");
    pthread_t threads[THREADS];
    for (int32_t i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, write_member, &reports[i]), 0);
    for (int32_t i = 0; i < THREADS; i++)
    {
        void *result = NULL;
        CU_ASSERT_EQUAL(pthread_join(threads[i], &result), 0);
        CU_ASSERT_PTR_EQUAL_FATAL(result, &reports[i]);
        char *name = arena_printf(arena, "writer-%p.h5", (void *) &reports[i]);
        SegmentRef ref = {path_of(arena, name), "things", reports[i].bytes, reports[i].digest};
        CU_ASSERT_PTR_NULL(segment_verify(&ref));
        /* the same rows make the same file */
        CU_ASSERT_EQUAL(memcmp(reports[i].digest, reports[0].digest, SEGMENT_DIGEST_SIZE), 0);
    }
    arena_free(arena);
}

/* A pinned segment outlives its removal. */
static void test_pin(void)
{
    Arena *arena = arena_new("test");
    SegmentReport report;
    CU_ASSERT_PTR_NULL_FATAL(write_table(arena, "pin.h5", 1000, &report));
    SegmentRef ref = {path_of(arena, "pin.h5"), "things", report.bytes, report.digest};
    SegmentCache *cache = segment_cache_new(1, 1, BLOCKS_KEPT);
    Segment *segment = NULL, *again = NULL;
    CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, &ref, &segment));
    CU_ASSERT_PTR_NULL_FATAL(segment_open(cache, &ref, &again));
    CU_ASSERT_PTR_EQUAL(segment, again);
    segment_cache_drop(cache, ref.path);
    CU_ASSERT_EQUAL(unlink(ref.path), 0);
    BlockReader *reader = block_reader_new(arena, COLUMN_COUNT);
    Error *error = NULL;
    CU_ASSERT_EQUAL(block_compare(reader, segment, COLUMN_KEY, 0, &error), 0);
    segment_close(again);
    segment_close(segment);
    error = segment_open(cache, &ref, &segment);
    CU_ASSERT(is_damage(error, &ref));
    error_free(error);
    arena_free(arena);
    segment_cache_free(cache);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("store: cache", folder_make, folder_remove);
    CU_add_test(suite, "several threads write", test_writers);
    CU_add_test(suite, "cache: threads, few files open, dropping", test_cache);
    CU_add_test(suite, "blocks kept", test_blocks_kept);
    CU_add_test(suite, "cache: pinned segments stay", test_pin);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
