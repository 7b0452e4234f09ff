/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relations that are computed once and read in several places: WITH queries,
 * both sides of a FULL JOIN, the outer side of a dependent join.
 *
 *     build_share(A) = k      shared[k] = A, results x, y
 *     build_read(k)           REL_SHARED k (x', y')
 */
#include "sql/rel/build.h"

#include "base/core/assert.h"

#include <string.h>

int32_t build_share(Build *build, Rel *rel, const ColumnId *columns, int32_t count)
{
    if (build->shared_count == build->shared_capacity)
    {
        int32_t capacity = build->shared_capacity == 0 ? 8 : 2 * build->shared_capacity;
        BuildShared *shared = ARENA_ARRAY(build->arena, BuildShared, capacity);
        if (build->shared_count > 0)
            memcpy(shared, build->shared, sizeof(BuildShared) * (size_t) build->shared_count);
        build->shared = shared;
        build->shared_capacity = capacity;
    }
    rel->result_count = count;
    rel->results = arena_memdup(build->arena, columns, sizeof(ColumnId) * (size_t) count);
    build->shared[build->shared_count] = (BuildShared){.rel = rel};
    return build->shared_count++;
}

Rel *build_read(Build *build, int32_t shared, const ColumnId *columns)
{
    const Rel *source = build->shared[shared].rel;
    Rel *rel = rel_new(build->arena, REL_SHARED, 0);
    rel->shared = shared;
    rel->column_count = source->result_count;
    rel->table_columns = ARENA_ARRAY(build->arena, ColumnId, source->result_count);
    for (int32_t k = 0; k < source->result_count; k++)
    {
        const BoundColumn *column = &build->statement->columns[source->results[k]];
        rel->table_columns[k] =
            columns != NULL ? columns[k]
                            : bound_add_column(build->arena, build->statement, column->name, column->type, column->nullable);
    }
    return rel;
}

/* --- the finished tree ------------------------------------------------------ */

typedef struct Ordering
{
    Build *build;
    RelTree *tree;
    int32_t *readers; /* by number in `build` */
    int32_t *place;   /* in the finished tree; -1: not there yet */
} Ordering;

static void count_reader(void *context, Rel *rel)
{
    Ordering *ordering = context;
    if (ordering->readers[rel->shared]++ == 0)
        rel_each_shared(ordering->build->shared[rel->shared].rel, count_reader, ordering);
}

static void finish(Ordering *ordering, Rel **rel);

/* The only reader of a shared tree becomes that tree, its columns named as the reader names them. */
static Rel *in_place(Ordering *ordering, Rel *reader)
{
    Build *build = ordering->build;
    Rel **shared = &build->shared[reader->shared].rel;
    ColumnId *results = (*shared)->results;
    BoundNamed *named = ARENA_ARRAY(build->arena, BoundNamed, reader->column_count);
    int32_t count = 0;
    for (int32_t k = 0; k < reader->column_count; k++)
        if (reader->table_columns[k] != results[k])
            named[count++] =
                (BoundNamed){expr_column(build->arena, build->statement, results[k]), reader->table_columns[k]};
    (*shared)->result_count = 0;
    (*shared)->results = NULL;
    finish(ordering, shared);
    return rel_project(build->arena, *shared, named, count);
}

static void finish(Ordering *ordering, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        finish(ordering, &at->inputs[k]);
    if (at->kind != REL_SHARED)
        return;
    int32_t shared = at->shared;
    if (ordering->readers[shared] == 1)
    {
        *rel = in_place(ordering, at);
        return;
    }
    if (ordering->place[shared] < 0)
    {
        Rel *source = ordering->build->shared[shared].rel;
        int32_t count = source->result_count;
        ColumnId *results = source->results;
        finish(ordering, &source);
        source->result_count = count;
        source->results = results;
        ordering->place[shared] = ordering->tree->shared_count;
        ordering->tree->shared[ordering->tree->shared_count++] = source;
    }
    at->shared = ordering->place[shared];
}

RelTree *build_tree(Build *build, Rel *root)
{
    RelTree *tree = ARENA_NEW(build->arena, RelTree);
    tree->shared = ARENA_ARRAY(build->arena, Rel *, build->shared_count);
    Ordering ordering = {build, tree, ARENA_ARRAY(build->arena, int32_t, build->shared_count),
                         ARENA_ARRAY(build->arena, int32_t, build->shared_count)};
    for (int32_t k = 0; k < build->shared_count; k++)
        ordering.place[k] = -1;
    rel_each_shared(root, count_reader, &ordering);
    int32_t count = root->result_count;
    ColumnId *results = root->results;
    tree->root = root;
    finish(&ordering, &tree->root);
    tree->root->result_count = count;
    tree->root->results = results;
    return tree;
}
