/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pushes a domain D, distinct values of outer columns x, into a relation R
 * that reads x, down to where nothing below reads it:
 *
 *     FILTER, PROJECT, EXPAND
 *                       of what is below, x read from there
 *     AGG g             AGG g, x
 *     AGG without g     D LEFT (AGG x), counts 0 where nothing came: a row for each row of D
 *     WINDOW            partitioned by x too
 *     SORT, LIMIT n     FILTER row_number() over (partition by x order by ..) <= n
 *     joins             into each side that reads x, equal x; an outer, semi or anti join always has it at its left
 *     APPEND            into every input
 *     SHARED            into the shared tree, once
 *     reads no x        D beside it
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

/* Does it read a shared tree into which the domain has been pushed for another reader? */
static bool reads_pushed(const Domain *domain, const Rel *rel)
{
    if (rel->kind == REL_SHARED)
    {
        const BuildShared *shared = &domain->build->shared[rel->shared];
        return shared->domain == domain || reads_pushed(domain, shared->rel);
    }
    for (int32_t k = 0; k < rel->input_count; k++)
        if (reads_pushed(domain, rel->inputs[k]))
            return true;
    return false;
}

static bool reads_outer(const Domain *domain, const Rel *rel)
{
    return rel_depends(domain->build, rel, &domain->outer_set) || reads_pushed(domain, rel);
}

static Expr *column_of(const Domain *domain, ColumnId column)
{
    return expr_column(domain->build->arena, domain->build->statement, column);
}

/* Inside `rel` the outer columns are called columns[] from now on. */
static void call_outer(const Domain *domain, Rel *rel, const ColumnId *columns)
{
    build_rename(domain->build, rel, domain->outer, columns, domain->count);
}

typedef struct OuterSwap
{
    const Domain *domain;
    const ColumnId *columns;
} OuterSwap;

static Expr *outer_swap(void *context, const Expr *column)
{
    const OuterSwap *swap = context;
    for (int32_t k = 0; k < swap->domain->count; k++)
        if (swap->domain->outer[k] == column->column)
            return column_of(swap->domain, swap->columns[k]);
    return NULL;
}

/* The same for the node's own expressions. */
static void call_outer_here(const Domain *domain, Rel *rel, const ColumnId *columns)
{
    OuterSwap swap = {domain, columns};
    rel_replace(domain->build->arena, rel, outer_swap, &swap);
}

static Rel *read_domain(const Domain *domain, ColumnId *columns)
{
    Rel *reader = build_read(domain->build, domain->shared, NULL);
    for (int32_t k = 0; k < domain->count; k++)
        columns[k] = reader->table_columns[k];
    return reader;
}

static Rel *beside(const Domain *domain, Rel *rel, ColumnId *columns)
{
    Rel *reader = read_domain(domain, columns);
    return rel->kind == REL_ONE ? reader : rel_join_set(domain->build->arena, reader, rel, NULL, 0);
}

static ColumnId *new_columns(const Domain *domain)
{
    return ARENA_ARRAY(domain->build->arena, ColumnId, domain->count);
}

/* --- aggregates ------------------------------------------------------------------ */

static void add_groups(const Domain *domain, Rel *agg, const ColumnId *columns)
{
    BoundNamed *named = ARENA_ARRAY(domain->build->arena, BoundNamed, agg->named_count + domain->count);
    for (int32_t k = 0; k < agg->named_count; k++)
        named[k] = agg->named[k];
    for (int32_t k = 0; k < domain->count; k++)
        named[agg->named_count + k] = (BoundNamed){column_of(domain, columns[k]), columns[k]};
    agg->named = named;
    agg->named_count += domain->count;
}

/* Beside each row of the domain its aggregates: counts are 0 where there is no row. */
static Rel *lone_beside(const Domain *domain, Rel *agg, const ColumnId *inner, ColumnId *columns)
{
    Build *build = domain->build;
    Arena *arena = build->arena;
    BoundNamed *named = ARENA_ARRAY(arena, BoundNamed, agg->agg_count);
    int32_t count = 0;
    for (int32_t k = 0; k < agg->agg_count; k++)
    {
        BoundAgg *one = &agg->aggs[k];
        build->statement->columns[one->column].nullable = true;
        if (one->kind != AGG_COUNT && one->kind != AGG_COUNT_STAR)
            continue;
        ColumnId whole = one->column;
        one->column = bound_add_column(arena, build->statement, build->statement->columns[whole].name,
                                       build->statement->columns[whole].type, true);
        Expr *args[2] = {column_of(domain, one->column), expr_bigint(arena, 0)};
        Expr *counted = expr_new(arena, EXPR_COALESCE, args[0]->type, 2, args);
        counted->nullable = false;
        named[count++] = (BoundNamed){counted, whole};
    }
    ExprList on = {.arena = arena};
    Rel *reader = read_domain(domain, columns);
    for (int32_t k = 0; k < domain->count; k++)
        add_same(build, &on, columns[k], inner[k]);
    return rel_project(arena, rel_join(arena, JOIN_LEFT, reader, agg, on.items, on.count), named, count);
}

static Rel *push_agg(const Domain *domain, Rel *agg, ColumnId *columns)
{
    bool lone = agg->named_count == 0;
    ColumnId *inner = lone ? new_columns(domain) : columns;
    agg->inputs[0] = unnest_push(domain, agg->inputs[0], inner);
    call_outer_here(domain, agg, inner);
    add_groups(domain, agg, inner);
    return lone ? lone_beside(domain, agg, inner, columns) : agg;
}

/* --- windows and limits ------------------------------------------------------------- */

static Rel *push_window(const Domain *domain, Rel *window, ColumnId *columns)
{
    window->inputs[0] = unnest_push(domain, window->inputs[0], columns);
    call_outer_here(domain, window, columns);
    for (int32_t k = 0; k < domain->count; k++)
        rel_add_partition(domain->build->arena, window, column_of(domain, columns[k]));
    return window;
}

static Rel *push_limit(const Domain *domain, Rel *limit, ColumnId *columns)
{
    Build *build = domain->build;
    Arena *arena = build->arena;
    Rel *input = limit->inputs[0], *sort = input->kind == REL_SORT ? input : NULL;
    input = unnest_push(domain, sort != NULL ? sort->inputs[0] : input, columns);
    if (sort != NULL)
        call_outer_here(domain, sort, columns);
    ColumnId number;
    input = build_row_number(build, input, columns, domain->count, sort != NULL ? sort->sort : NULL,
                             sort != NULL ? sort->sort_count : 0, &number);
    ExprList tests = {.arena = arena};
    if (limit->offset > 0)
        expr_list_add(&tests,
                      expr_compare_make(arena, '>', column_of(domain, number), expr_bigint(arena, limit->offset)));
    if (limit->limit >= 0)
    {
        int64_t last;
        if (__builtin_add_overflow(limit->limit, limit->offset, &last))
            last = INT64_MAX;
        expr_list_add(&tests, expr_compare_make(arena, 'l', column_of(domain, number), expr_bigint(arena, last)));
    }
    return rel_filter(arena, input, tests.items, tests.count);
}

/* --- joins --------------------------------------------------------------------------- */

static bool is_dependent(const Domain *domain, const Rel *join)
{
    ColumnSet left = {0};
    rel_columns(domain->build->arena, join->inputs[0], &left);
    return rel_depends(domain->build, join->inputs[1], &left);
}

static void add_equal(const Domain *domain, Rel *join, const ColumnId *left, const ColumnId *right)
{
    ExprList on = {.arena = domain->build->arena};
    for (int32_t k = 0; k < domain->count; k++)
        add_same(domain->build, &on, left[k], right[k]);
    expr_list_add_all(&on, join->conjuncts, join->conjunct_count);
    rel_set_conjuncts(join, &on);
}

static Rel *push_join(const Domain *domain, Rel *join, ColumnId *columns)
{
    bool inner = join->kind == REL_JOIN_SET;
    ASSERT(join->input_count == 2);
    if (is_dependent(domain, join))
    { /* the right side gets x from the left one, as it gets the left one's own columns: unnested later */
        join->inputs[0] = unnest_push(domain, join->inputs[0], columns);
        call_outer(domain, join->inputs[1], columns);
        call_outer_here(domain, join, columns);
        return join;
    }
    bool at_right = reads_outer(domain, join->inputs[1]);
    if (inner && at_right && !reads_outer(domain, join->inputs[0]))
    {
        join->inputs[1] = unnest_push(domain, join->inputs[1], columns);
        call_outer_here(domain, join, columns);
        return join;
    }
    join->inputs[0] = unnest_push(domain, join->inputs[0], columns);
    call_outer_here(domain, join, columns);
    if (at_right)
    {
        ColumnId *right = new_columns(domain);
        join->inputs[1] = unnest_push(domain, join->inputs[1], right);
        add_equal(domain, join, columns, right);
    }
    return join;
}

/* --- unions and shared trees ------------------------------------------------------------ */

static ColumnId *more_columns(const Domain *domain, const ColumnId *columns, int32_t count, const ColumnId *more)
{
    ColumnId *all = ARENA_ARRAY(domain->build->arena, ColumnId, count + domain->count);
    for (int32_t k = 0; k < count; k++)
        all[k] = columns[k];
    for (int32_t k = 0; k < domain->count; k++)
        all[count + k] = more[k];
    return all;
}

static void name_columns(const Domain *domain, ColumnId *columns)
{
    BoundStatement *statement = domain->build->statement;
    for (int32_t k = 0; k < domain->count; k++)
    {
        const BoundColumn column = statement->columns[domain->outer[k]];
        columns[k] = bound_add_column(domain->build->arena, statement, column.name, column.type, column.nullable);
    }
}

static Rel *push_append(const Domain *domain, Rel *append, ColumnId *columns)
{
    for (int32_t i = 0; i < append->input_count; i++)
    {
        ColumnId *inner = new_columns(domain);
        append->inputs[i] = unnest_push(domain, append->inputs[i], inner);
        append->input_columns[i] = more_columns(domain, append->input_columns[i], append->column_count, inner);
    }
    name_columns(domain, columns);
    append->table_columns = more_columns(domain, append->table_columns, append->column_count, columns);
    append->column_count += domain->count;
    return append;
}

static Rel *push_shared(const Domain *domain, Rel *reader, ColumnId *columns)
{
    BuildShared *shared = &domain->build->shared[reader->shared];
    if (shared->domain != domain)
    {
        ColumnId *inner = new_columns(domain), *results = shared->rel->results;
        int32_t count = shared->rel->result_count;
        Rel *pushed = unnest_push(domain, shared->rel, inner);
        shared = &domain->build->shared[reader->shared]; /* the table may have grown */
        shared->domain = domain;
        shared->rel = pushed;
        pushed->results = more_columns(domain, results, count, inner);
        pushed->result_count = count + domain->count;
    }
    name_columns(domain, columns);
    reader->table_columns = more_columns(domain, reader->table_columns, reader->column_count, columns);
    reader->column_count += domain->count;
    return reader;
}

Rel *unnest_push(const Domain *domain, Rel *rel, ColumnId *columns)
{
    if (!reads_outer(domain, rel))
        return beside(domain, rel, columns);
    switch (rel->kind)
    {
    case REL_JOIN:
    case REL_JOIN_SET:
        return push_join(domain, rel, columns);
    case REL_FILTER:
    case REL_PROJECT:
    case REL_EXPAND:
    case REL_SORT:
        rel->inputs[0] = unnest_push(domain, rel->inputs[0], columns);
        call_outer_here(domain, rel, columns);
        return rel;
    case REL_AGG:
        return push_agg(domain, rel, columns);
    case REL_WINDOW:
        return push_window(domain, rel, columns);
    case REL_LIMIT:
        return push_limit(domain, rel, columns);
    case REL_APPEND:
        return push_append(domain, rel, columns);
    case REL_SHARED:
        return push_shared(domain, rel, columns);
    default:
        ASSERT(false);
        return rel;
    }
}
