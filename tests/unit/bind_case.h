/* SPDX-License-Identifier: Apache-2.0 */
/* Statements bound against a catalog made by hand, and what is expected of them. */
#ifndef TESTS_UNIT_BIND_CASE_H
#define TESTS_UNIT_BIND_CASE_H

#include "sql/bind/bind.h"
#include "tests/unit/tpch_snapshot.h"

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

static Arena *snapshot_arena;
static CatalogSnapshot *snapshot;

static inline const char *test_setting(void *session, const char *name)
{
    (void) session;
    return strcmp(name, "datestyle") == 0 ? "ISO, MDY" : NULL;
}

/* 2026-06-15 10:30:00.25 */
#define NOW_US (INT64_C(9662) * 86400000000 + INT64_C(37800250000))

static const BindContext context = {.database = "dev",
                                    .user = "admin",
                                    .version = "Stoa test",
                                    .transaction_time = NOW_US,
                                    .statement_time = NOW_US,
                                    .backend_pid = 7,
                                    .setting = test_setting};

static inline Error *bind_text(Arena *arena, const char *sql, BoundStatement **out)
{
    ParseList *list;
    TRY(parse_statements(arena, sql, &list));
    if (list->count != 1)
        return error_new(SQLSTATE_SYNTAX_ERROR, "%d statements", list->count);
    return bind_statement(arena, snapshot, &context, &list->statements[0], out);
}

/* --- what tests say ------------------------------------------------------------------ */

static inline void report(const char *sql, const char *what, const char *got)
{
    fprintf(stderr, "\n  %s\n    %s: %s\n", sql, what, got);
}

static inline void check_error(const char *sql, const char *state, int32_t position, const char *part)
{
    Arena *arena = arena_new("test");
    BoundStatement *bound = NULL;
    Error *error = bind_text(arena, sql, &bound);
    bool right = error != NULL && strcmp(sqlstate_code(error->state), state) == 0 && error->position == position &&
                 strstr(error->message, part) != NULL;
    if (!right && error != NULL)
    {
        char got[512];
        snprintf(got, sizeof got, "%s @%d %s", sqlstate_code(error->state), error->position, error->message);
        report(sql, "got", got);
    }
    else if (!right)
        report(sql, "got", "no error");
    CU_ASSERT(right);
    error_free(error);
    arena_free(arena);
}

static inline void check_hint(const char *sql, const char *part)
{
    Arena *arena = arena_new("test");
    BoundStatement *bound = NULL;
    Error *error = bind_text(arena, sql, &bound);
    CU_ASSERT(error != NULL && error->hint != NULL && strstr(error->hint, part) != NULL);
    error_free(error);
    arena_free(arena);
}

static inline BoundStatement *bind_right(Arena *arena, const char *sql)
{
    BoundStatement *bound = NULL;
    Error *error = bind_text(arena, sql, &bound);
    if (error != NULL)
    {
        report(sql, sqlstate_code(error->state), error->message);
        CU_FAIL("statement was refused");
    }
    error_free(error);
    return bound;
}

/* The statement as printed contains `part`. */
static inline void check_print(const char *sql, const char *part)
{
    Arena *arena = arena_new("test");
    BoundStatement *bound = bind_right(arena, sql);
    if (bound != NULL)
    {
        Text text;
        text_init(&text, arena);
        bound_print(&text, bound);
        bool found = strstr(text.data, part) != NULL;
        if (!found)
            report(sql, part, text.data);
        CU_ASSERT(found);
    }
    arena_free(arena);
}

/* `select <expression>` is, as EXPLAIN prints it, `wanted`, and of type `type`. */
static inline void check_expr(const char *expression, const char *wanted, const char *type)
{
    Arena *arena = arena_new("test");
    BoundStatement *bound = bind_right(arena, arena_printf(arena, "select %s from types", expression));
    if (bound != NULL)
    {
        Text text, type_text;
        text_init(&text, arena);
        text_init(&type_text, arena);
        expr_print(&text, bound, bound->query->targets[0].expr);
        type_print(&type_text, bound->query->targets[0].expr->type);
        bool right = strcmp(text.data, wanted) == 0 && strcmp(type_text.data, type) == 0;
        if (!right)
            report(expression, text.data, type_text.data);
        CU_ASSERT(right);
    }
    arena_free(arena);
}

/* The condition, as a WHERE over `types`. */
static inline void check_where(const char *condition, const char *wanted)
{
    Arena *arena = arena_new("test");
    BoundStatement *bound = bind_right(arena, arena_printf(arena, "select 1 from types where %s", condition));
    if (bound != NULL)
    {
        Text text;
        text_init(&text, arena);
        if (bound->query->where != NULL)
            expr_print(&text, bound, bound->query->where);
        bool right = strcmp(text.data, wanted) == 0;
        if (!right)
            report(condition, "got", text.data);
        CU_ASSERT(right);
    }
    arena_free(arena);
}

static inline int suite_begin(void)
{
    snapshot_arena = arena_new("snapshot");
    snapshot = tpch_snapshot(snapshot_arena);
    return 0;
}

static inline int suite_end(void)
{
    arena_free(snapshot_arena);
    return 0;
}

#endif
