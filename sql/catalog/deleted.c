/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/catalog/deleted.h"
#include "base/core/assert.h"

#include <roaring/roaring.h>
#include <stdatomic.h>
#include <stdlib.h>

static Error *no_memory(void)
{
    return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for the deleted rows of a segment");
}

/* The bitmap's bytes; frees the bitmap. */
static Error *deleted_of(roaring_bitmap_t *bitmap, DeletedRows **out)
{
    if (bitmap == NULL)
        return no_memory();
    roaring_bitmap_run_optimize(bitmap);
    size_t bytes = roaring_bitmap_portable_size_in_bytes(bitmap);
    DeletedRows *deleted = malloc(sizeof *deleted + bytes);
    if (deleted != NULL)
    {
        atomic_init(&deleted->references, 1);
        deleted->count = (int64_t) roaring_bitmap_get_cardinality(bitmap);
        deleted->bytes = roaring_bitmap_portable_serialize(bitmap, deleted->data);
        ASSERT(deleted->bytes == bytes);
        *out = deleted;
    }
    roaring_bitmap_free(bitmap);
    return deleted == NULL ? no_memory() : NULL;
}

Error *deleted_make(const uint32_t *rows, int64_t count, DeletedRows **out)
{
    roaring_bitmap_t *bitmap = roaring_bitmap_create();
    if (bitmap != NULL)
        roaring_bitmap_add_many(bitmap, (size_t) count, rows);
    return deleted_of(bitmap, out);
}

static roaring_bitmap_t *bitmap_of(const DeletedRows *deleted)
{
    return roaring_bitmap_portable_deserialize_safe(deleted->data, deleted->bytes);
}

Error *deleted_read(const void *bytes, size_t size, int64_t row_count, DeletedRows **out)
{
    roaring_bitmap_t *bitmap = size == 0 ? NULL : roaring_bitmap_portable_deserialize_safe(bytes, size);
    if (bitmap == NULL || roaring_bitmap_is_empty(bitmap) || (int64_t) roaring_bitmap_maximum(bitmap) >= row_count)
    {
        if (bitmap != NULL)
            roaring_bitmap_free(bitmap);
        return error_new(SQLSTATE_DATA_CORRUPTED, "a segment's deleted rows in the catalog are damaged");
    }
    return deleted_of(bitmap, out);
}

Error *deleted_join(const DeletedRows *a, const DeletedRows *b, DeletedRows **out)
{
    *out = NULL;
    if (a == NULL)
    {
        *out = deleted_hold(b);
        return NULL;
    }
    roaring_bitmap_t *left = bitmap_of(a), *right = bitmap_of(b), *both = NULL;
    bool memory = left != NULL && right != NULL;
    bool meet = memory && roaring_bitmap_intersect(left, right);
    if (memory && !meet)
        both = roaring_bitmap_or(left, right);
    if (left != NULL)
        roaring_bitmap_free(left);
    if (right != NULL)
        roaring_bitmap_free(right);
    return meet ? NULL : deleted_of(both, out);
}

DeletedRows *deleted_hold(const DeletedRows *deleted)
{
    DeletedRows *held = (DeletedRows *) deleted;
    if (held != NULL)
        atomic_fetch_add(&held->references, 1);
    return held;
}

void deleted_drop(void *thing)
{
    DeletedRows *deleted = thing;
    if (deleted != NULL && atomic_fetch_sub(&deleted->references, 1) == 1)
        free(deleted);
}
