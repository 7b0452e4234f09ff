/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/recurse.h"

#include "base/core/assert.h"

#include <string.h>

#define RECURSE_ROWS_MAX 2000000

/* Rows of one recursive query, all in one layout. */
typedef struct Rows
{
    RowLayout *layout;
    char *rows;
    int64_t count, capacity;
    int64_t round; /* rows before it are of earlier rounds */
    bool distinct;
    int64_t *slots; /* distinct: row numbers + 1 by hash, open addressing; twice as many as rows or more */
    int64_t slot_count;
} Rows;

typedef struct Recursion
{
    Arena *arena;
    const BoundStatement *bound;
    const RecurseEnv *env;
    Rows *ctes; /* by number; of those that are not recursive: empty */
    int32_t current; /* whose rounds are run; its readers see the round before */
} Recursion;

static char *row_at(const Rows *rows, int64_t number)
{
    return rows->rows + number * rows->layout->stride;
}

/* Columns of their own types, each of which may be null: as the planner lays out the values of a REL_ROUND. */
static RowLayout *layout_of(Recursion *recursion, const BoundQuery *query)
{
    RowLayout *layout = ARENA_NEW(recursion->arena, RowLayout);
    layout->field_count = query->visible_count;
    layout->fields = ARENA_ARRAY(recursion->arena, RowField, query->visible_count);
    for (int32_t k = 0; k < query->visible_count; k++)
    {
        SqlType type = query->targets[k].expr->type;
        layout->fields[k] = (RowField){.type = type, .rep = (uint8_t) type_rep(type)};
    }
    row_layout_place(layout);
    return layout;
}

/* --- rows that were there before ------------------------------------------------------- */

static bool rows_equal(const RowLayout *layout, const char *a, const char *b)
{
    for (int32_t k = 0; k < layout->field_count; k++)
    {
        SortKey key = {.field = k};
        if (row_compare(layout, &key, 1, a, b) != 0)
            return false;
    }
    return true;
}

static uint64_t hash_of(const RowLayout *layout, const char *row)
{
    uint64_t hash = 0;
    for (int32_t k = 0; k < layout->field_count; k++)
        hash = hash * 31 + row_hash(layout, &k, 1, row);
    return hash ^ (hash >> 32);
}

/* Where the row stands, or would stand. */
static int64_t slot_of(const Rows *rows, const char *row)
{
    int64_t at = (int64_t) (hash_of(rows->layout, row) & (uint64_t) (rows->slot_count - 1));
    while (rows->slots[at] != 0 && !rows_equal(rows->layout, row, row_at(rows, rows->slots[at] - 1)))
        at = (at + 1) & (rows->slot_count - 1);
    return at;
}

static void grow(Recursion *recursion, Rows *rows)
{
    int64_t capacity = rows->capacity == 0 ? 256 : 4 * rows->capacity;
    char *more = arena_alloc(recursion->arena, (size_t) (capacity * rows->layout->stride));
    if (rows->count > 0)
        memcpy(more, rows->rows, (size_t) (rows->count * rows->layout->stride));
    rows->rows = more;
    rows->capacity = capacity;
    if (!rows->distinct)
        return;
    rows->slot_count = 2 * capacity;
    rows->slots = ARENA_ARRAY(recursion->arena, int64_t, rows->slot_count);
    for (int64_t k = 0; k < rows->count; k++)
        rows->slots[slot_of(rows, row_at(rows, k))] = k + 1;
}

static Error *rows_take(void *context, const RowLayout *layout, const void *from, int64_t count)
{
    Recursion *recursion = context;
    Rows *rows = &recursion->ctes[recursion->current];
    const char *row = from;
    for (int64_t i = 0; i < count; i++, row += layout->stride)
    {
        if (rows->count == RECURSE_ROWS_MAX)
            return error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "recursive query \"%s\" gives more than %d rows",
                             recursion->bound->ctes[recursion->current].name, RECURSE_ROWS_MAX);
        if (rows->count == rows->capacity)
            grow(recursion, rows);
        char *to = row_at(rows, rows->count);
        memset(to, 0, (size_t) rows->layout->stride);
        for (int32_t k = 0; k < rows->layout->field_count; k++)
        {
            Datum value = row_get(layout, row, k);
            if (!value.null && type_is_string(layout->fields[k].type) && value.str.len > 0)
                value.str.data = arena_memdup(recursion->arena, value.str.data, (size_t) value.str.len);
            row_set(rows->layout, to, k, &value);
        }
        if (rows->distinct)
        {
            int64_t slot = slot_of(rows, to);
            if (rows->slots[slot] != 0)
                continue;
            rows->slots[slot] = rows->count + 1;
        }
        rows->count++;
    }
    return NULL;
}

/* --- rounds ---------------------------------------------------------------------------- */

/* Rows the plan reads: of the current query those of the last round, of others all. */
static void pack(Recursion *recursion, Plan *plan)
{
    for (int32_t i = 0; i < plan->spec->values_count; i++)
    {
        int32_t cte = plan->values_ctes[i];
        if (cte < 0)
            continue;
        const Rows *rows = &recursion->ctes[cte];
        SpecValues *values = &plan->spec->values[i];
        ASSERT(rows->layout != NULL && rows->layout->stride == values->layout->stride);
        int64_t from = cte == recursion->current ? rows->round : 0;
        ByteWriter packed;
        text_init(&packed, recursion->arena);
        row_pack(values->layout, row_at(rows, from), rows->count - from, &packed);
        values->packed = packed.data;
        values->packed_bytes = packed.length;
    }
}

static Error *run(Recursion *recursion, Plan *plan, CodeUnit *unit)
{
    pack(recursion, plan);
    Rows *rows = &recursion->ctes[recursion->current];
    rows->round = rows->count;
    RowSink sink = {.context = recursion, .rows = rows_take};
    return recursion->env->run(recursion->env->context, plan, unit, &sink);
}

static Error *go_round(Recursion *recursion, int32_t number)
{
    const BoundCte *cte = &recursion->bound->ctes[number];
    const RecurseEnv *env = recursion->env;
    Plan *plan;
    CodeUnit *unit;
    Rows *rows = &recursion->ctes[number];
    *rows = (Rows){.layout = layout_of(recursion, cte->query), .distinct = cte->term_distinct};
    grow(recursion, rows);
    recursion->current = number;
    TRY(env->plan(env->context, cte->query, &plan, &unit));
    TRY(run(recursion, plan, unit));
    TRY(env->plan(env->context, cte->term, &plan, &unit));
    while (rows->count > rows->round)
        TRY(run(recursion, plan, unit));
    return NULL;
}

Error *recurse_fill(Arena *arena, const BoundStatement *bound, const RecurseEnv *env, Plan *plan)
{
    Recursion recursion = {.arena = arena, .bound = bound, .env = env, .current = -1};
    recursion.ctes = ARENA_ARRAY(arena, Rows, bound->cte_count);
    for (int32_t k = 0; k < bound->cte_count; k++)
        if (bound->ctes[k].term != NULL)
            TRY(go_round(&recursion, k));
    recursion.current = -1;
    pack(&recursion, plan);
    return NULL;
}
