/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas, texts, bytes, maps, budgets, errors, faults, the log. */
#include "base/core/arena.h"
#include "base/core/assert.h"
#include "base/core/budget.h"
#include "base/core/bytes.h"
#include "base/core/error.h"
#include "base/core/fault.h"
#include "base/core/map.h"
#include "base/core/text.h"
#include "base/core/trace.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Error *checked(void *context)
{
    const int *number = context;
    ASSERT(*number != 1);
    return *number == 2 ? error_new(SQLSTATE_SYNTAX_ERROR, "two") : NULL;
}

static void test_guard(void)
{
    for (int number = 0; number < 3; number++)
    {
        Error *error = assert_guard(checked, &number);
        CU_ASSERT((error == NULL) == (number == 0));
        if (error != NULL)
            CU_ASSERT(error->state == (number == 1 ? SQLSTATE_INTERNAL_ERROR : SQLSTATE_SYNTAX_ERROR));
        error_free(error);
    }
}

static void close_in_order(void *thing)
{
    static int expected = 3;
    CU_ASSERT_EQUAL(*(int *) thing, expected);
    expected--;
}

static void test_arena(void)
{
    Arena *arena = arena_new("test");
    int things[3] = {1, 2, 3};
    for (int i = 0; i < 3; i++)
        arena_own(arena, close_in_order, &things[i]);
    for (size_t size = 0; size < 3000; size += 7)
    {
        char *at = arena_zalloc(arena, size);
        CU_ASSERT_EQUAL((uintptr_t) at % 16, 0);
        for (size_t i = 0; i < size; i++)
            CU_ASSERT_EQUAL_FATAL(at[i], 0);
        memset(at, 0xff, size);
    }
    char *large = arena_alloc(arena, 5 << 20);
    memset(large, 1, 5 << 20);
    CU_ASSERT(arena_bytes(arena) > 5 << 20);
    CU_ASSERT_STRING_EQUAL(arena_printf(arena, "%s-%d", "x", 5), "x-5");
    CU_ASSERT_STRING_EQUAL(arena_strndup(arena, "abcdef", 3), "abc");
    int fd = open("/dev/null", O_RDONLY);
    arena_own_fd(arena, fd);
    arena_reset(arena);
    CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
    CU_ASSERT(arena_bytes(arena) < 5 << 20);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 0));
    arena_free(arena);
    arena_free(NULL);
}

static void check_text(Arena *arena)
{
    Text text;
    text_init(&text, arena);
    CU_ASSERT_STRING_EQUAL(text.data, "");
    text_append(&text, "", 0);
    text_clear(&text);
    for (int i = 0; i < 500; i++)
        text_printf(&text, "%d,", i);
    CU_ASSERT_EQUAL(text.length, strlen(text.data));
    CU_ASSERT_EQUAL(text.length, 10 * 2 + 90 * 3 + 400 * 4);
    text_clear(&text);
    text_quote_ident(&text, "a\"b");
    text_quote_literal(&text, "it's", 4);
    CU_ASSERT_STRING_EQUAL(text.data, "\"a\"\"b\"'it''s'");
    if (arena == NULL)
        text_free(&text);
}

static void test_text(void)
{
    Arena *arena = arena_new("test");
    check_text(arena);
    check_text(NULL);
    arena_free(arena);
}

static void test_bytes(void)
{
    Arena *arena = arena_new("test");
    Text writer;
    text_init(&writer, arena);
    put_u8(&writer, 200);
    put_u16(&writer, 60000);
    put_i32(&writer, -5);
    put_i64(&writer, INT64_MIN);
    put_f64(&writer, -0.5);
    put_str(&writer, "text");
    put_str(&writer, NULL);
    put_run(&writer, "a\0b", 3);
    put_str(&writer, "");
    ByteReader reader;
    reader_init(&reader, writer.data, writer.length);
    CU_ASSERT_EQUAL(get_u8(&reader), 200);
    CU_ASSERT_EQUAL(get_u16(&reader), 60000);
    CU_ASSERT_EQUAL(get_i32(&reader), -5);
    CU_ASSERT_EQUAL(get_i64(&reader), INT64_MIN);
    CU_ASSERT_EQUAL(get_f64(&reader), -0.5);
    CU_ASSERT_STRING_EQUAL(get_str(&reader, arena), "text");
    CU_ASSERT_PTR_NULL(get_str(&reader, arena));
    size_t length;
    const char *run = get_run(&reader, &length);
    CU_ASSERT(length == 3 && memcmp(run, "a\0b", 3) == 0);
    CU_ASSERT_STRING_EQUAL(get_str(&reader, arena), "");
    CU_ASSERT_PTR_NULL(reader_done(&reader, "test"));
    CU_ASSERT_EQUAL(get_u64(&reader), 0);
    CU_ASSERT(reader.broken);
    Error *error = reader_done(&reader, "test");
    CU_ASSERT_PTR_NOT_NULL(error);
    error_free(error);
    /* a length that lies */
    text_clear(&writer);
    put_u32(&writer, 1000000);
    reader_init(&reader, writer.data, writer.length);
    CU_ASSERT_PTR_NULL(get_run(&reader, &length));
    CU_ASSERT(reader.broken && length == 0);
    reader_init(&reader, writer.data, writer.length);
    error = reader_done(&reader, "test");
    CU_ASSERT_PTR_NOT_NULL(error);
    error_free(error);
    arena_free(arena);
}

static void test_map(void)
{
    Arena *arena = arena_new("test");
    Map *map = map_new(arena);
    static int values[2000];
    char key[20];
    for (int i = 0; i < 1000; i++)
    {
        snprintf(key, sizeof key, "key %d", i);
        map_put(map, key, &values[i]);
        map_put_id(map, i, &values[1000 + i]);
    }
    for (int i = 0; i < 1000; i++)
    {
        snprintf(key, sizeof key, "key %d", i);
        CU_ASSERT_PTR_EQUAL(map_get(map, key), &values[i]);
        CU_ASSERT_PTR_EQUAL(map_get_id(map, i), &values[1000 + i]);
    }
    CU_ASSERT_EQUAL(map_count(map), 2000);
    CU_ASSERT_PTR_NULL(map_get(map, "no key"));
    CU_ASSERT_PTR_NULL(map_get_id(map, -1));
    map_put(map, "key 5", NULL);
    map_put(map, "never there", NULL);
    CU_ASSERT_PTR_NULL(map_get(map, "key 5"));
    CU_ASSERT_EQUAL(map_count(map), 1999);
    map_put(map, "key 5", &values[7]);
    CU_ASSERT_PTR_EQUAL(map_get(map, "key 5"), &values[7]);
    CU_ASSERT_EQUAL(map_count(map), 2000);
    arena_free(arena);
}

static void test_budget(void)
{
    Budget budget;
    budget_init(&budget, 100);
    CU_ASSERT_PTR_NULL(budget_take(&budget, 60));
    CU_ASSERT_PTR_NULL(budget_take(&budget, 40));
    Error *error = budget_take(&budget, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_STRING_EQUAL(sqlstate_code(error->state), "53200");
    error_free(error);
    CU_ASSERT_EQUAL(budget.used_bytes, 100);
    budget_give(&budget, 100);
    CU_ASSERT_EQUAL(budget.used_bytes, 0);
    CU_ASSERT_EQUAL(budget.peak_bytes, 100);
}

static Error *fails_through(void)
{
    TRY(error_new(SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist", "t"));
    return NULL;
}

static void test_error(void)
{
    Error *error = fails_through();
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    error = error_hint(error_detail(error_at(error_at(error, 7), 3), "Detail %d.", 1), "Hint.");
    CU_ASSERT_STRING_EQUAL(error->message, "relation \"t\" does not exist");
    CU_ASSERT_STRING_EQUAL(error->detail, "Detail 1.");
    CU_ASSERT_STRING_EQUAL(error->hint, "Hint.");
    CU_ASSERT_EQUAL(error->position, 7);
    CU_ASSERT_STRING_EQUAL(sqlstate_code(error->state), "42P01");
    CU_ASSERT_EQUAL(sqlstate_from_code("42P01"), SQLSTATE_UNDEFINED_TABLE);
    CU_ASSERT_EQUAL(sqlstate_from_code("nosuch"), SQLSTATE_INTERNAL_ERROR);
    error_free(error);
    error_free(NULL);
}

static void expect_error(Error *error, const char *code)
{
    CU_ASSERT_PTR_NOT_NULL(error);
    if (error != NULL)
        CU_ASSERT_STRING_EQUAL(sqlstate_code(error->state), code);
    error_free(error);
}

static void test_fault(void)
{
    setenv("STOA_FAULT", "no_such_point", 1);
    expect_error(fault_init(), "22023");
    setenv("STOA_FAULT", "commit_after:2:error", 1);
    CU_ASSERT_PTR_NULL(fault_init());
    CU_ASSERT_PTR_NULL(fault_pass(FAULT_commit_before));
    CU_ASSERT_PTR_NULL(fault_pass(FAULT_commit_after));
    expect_error(fault_pass(FAULT_commit_after), "58030");
    CU_ASSERT_PTR_NULL(fault_pass(FAULT_commit_after));
    setenv("STOA_FAULT", "commit_after:zwei", 1);
    expect_error(fault_init(), "22023");
    unsetenv("STOA_FAULT");
    CU_ASSERT_PTR_NULL(fault_init());
    CU_ASSERT_PTR_NULL(fault_pass(FAULT_commit_after));
}

static void test_trace(void)
{
    char path[] = "/tmp/stoa_test_trace_XXXXXX";
    int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    unlink(path);
    CU_ASSERT_PTR_NULL(trace_open(path));
    trace_set(TRACE_LOG, 3);
    trace(TRACE_DEBUG, "not shown");
    trace(TRACE_WARNING, "%s", "shown");
    static char long_line[6000];
    memset(long_line, 'x', sizeof long_line - 1);
    trace(TRACE_LOG, "%s", long_line);
    char content[6000] = "";
    int log = open(path, O_RDONLY);
    ssize_t length = read(log, content, sizeof content - 1);
    CU_ASSERT(length > 4000 && content[length - 1] == '\n');
    CU_ASSERT_PTR_NOT_NULL(strstr(content, "] rank 3 WARNING:  shown\n"));
    CU_ASSERT_PTR_NULL(strstr(content, "not shown"));
    struct stat status;
    CU_ASSERT_EQUAL(fstat(log, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0600);
    close(log);
    close(fd);
    unlink(path);
    expect_error(trace_open("/no/such/folder/log"), "58030");
    int64_t start = clock_us();
    CU_ASSERT(clock_us() >= start);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("core", NULL, NULL);
    CU_add_test(suite, "arena", test_arena);
    CU_add_test(suite, "text", test_text);
    CU_add_test(suite, "bytes", test_bytes);
    CU_add_test(suite, "map", test_map);
    CU_add_test(suite, "budget", test_budget);
    CU_add_test(suite, "error", test_error);
    CU_add_test(suite, "guard", test_guard);
    CU_add_test(suite, "fault points", test_fault);
    CU_add_test(suite, "log", test_trace);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
