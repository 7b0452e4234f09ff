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
    return rel_read_shared(build->arena, build->statement, build->shared[shared].rel, shared, columns);
}

/* Shared trees may be correlated to the tree that reads them. */
typedef struct Renaming
{
    Build *build;
    const ColumnId *from, *to;
    int32_t count;
    ColumnSet set; /* of `from` */
} Renaming;

static void rename_tree(Renaming *renaming, Rel *rel);

static void rename_shared(void *context, Rel *reader)
{
    Renaming *renaming = context;
    Rel *shared = renaming->build->shared[reader->shared].rel;
    if (rel_depends(renaming->build, shared, &renaming->set))
        rename_tree(renaming, shared);
}

static void rename_tree(Renaming *renaming, Rel *rel)
{
    Build *build = renaming->build;
    rel_rename(build->arena, build->statement, rel, renaming->from, renaming->to, renaming->count);
    rel_each_shared(rel, rename_shared, renaming);
}

void build_rename(Build *build, Rel *rel, const ColumnId *from, const ColumnId *to, int32_t count)
{
    Renaming renaming = {.build = build, .from = from, .to = to, .count = count};
    column_set_add_all(build->arena, &renaming.set, from, count);
    rename_tree(&renaming, rel);
}

RelTree *build_tree(Build *build, Rel *root)
{
    RelTree *tree = ARENA_NEW(build->arena, RelTree);
    tree->root = root;
    tree->shared_count = build->shared_count;
    tree->shared = ARENA_ARRAY(build->arena, Rel *, build->shared_count);
    for (int32_t k = 0; k < build->shared_count; k++)
        tree->shared[k] = build->shared[k].rel;
    rel_tree_settle(build->arena, build->statement, tree);
    return tree;
}
