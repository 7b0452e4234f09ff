/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of a batch of a segment are still there. */
#include "src/run/run.h"

#include <roaring/roaring.h>

Error *deleted_open(const SpecSegment *segment, DeletedRows **out)
{
    roaring_bitmap_t *rows = roaring_bitmap_portable_deserialize_safe(segment->deleted, segment->deleted_bytes);
    *out = (DeletedRows *) rows;
    if (rows == NULL)
        return error_new(SQLSTATE_DATA_CORRUPTED, "the set of deleted rows of segment \"%s\" is damaged",
                         segment->file);
    return NULL;
}

void deleted_close(DeletedRows *deleted)
{
    if (deleted != NULL)
        roaring_bitmap_free((roaring_bitmap_t *) deleted);
}

int64_t deleted_count(const DeletedRows *deleted, int64_t from, int64_t to)
{
    return (int64_t) roaring_bitmap_range_cardinality((const roaring_bitmap_t *) deleted, (uint64_t) from,
                                                      (uint64_t) to);
}

int32_t deleted_live(const DeletedRows *deleted, int64_t from, int32_t count, uint16_t *live)
{
    ASSERT(from >= 0 && count >= 0 && count <= RT_BATCH);
    roaring_uint32_iterator_t gone;
    roaring_init_iterator((const roaring_bitmap_t *) deleted, &gone);
    bool more = roaring_move_uint32_iterator_equalorlarger(&gone, (uint32_t) from);
    int32_t n = 0;
    for (int32_t i = 0; i < count; i++)
    {
        if (more && gone.current_value == (uint32_t) (from + i))
            more = roaring_advance_uint32_iterator(&gone);
        else
            live[n++] = (uint16_t) i;
    }
    return n;
}
