/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that a statement takes away.  Their addresses come as rows of the query; by segment they become part of the
 * transaction, together with the files of the rows that were appended:
 *
 *     RETURN rows -> addresses of each segment, sorted -> catalog_delete_rows() ... session_commit()
 */
#include "src/leader/write.h"
#include "base/core/assert.h"

#include <stdlib.h>
#include <string.h>

typedef struct SegmentRows
{
    int64_t count;
    int64_t capacity;
    uint32_t *rows; /* owned */
} SegmentRows;

struct WriteRows
{
    const Session *session;
    const SpecScan *scan; /* the addresses are of its segments */
    SegmentRows *segments;
    int64_t updated;
};

static void write_rows_free(void *thing)
{
    WriteRows *writes = thing;
    for (int32_t i = 0; i < writes->scan->segment_count; i++)
        free(writes->segments[i].rows);
}

WriteRows *write_rows_new(const Session *session, Arena *arena, const SpecScan *scan)
{
    WriteRows *writes = ARENA_NEW(arena, WriteRows);
    writes->session = session;
    writes->scan = scan;
    writes->segments = ARENA_ARRAY(arena, SegmentRows, scan->segment_count);
    arena_own(arena, write_rows_free, writes);
    return writes;
}

static Error *segment_rows_add(SegmentRows *segment, uint32_t row)
{
    if (segment->count == segment->capacity)
    {
        int64_t capacity = segment->capacity == 0 ? 256 : segment->capacity * 2;
        uint32_t *rows = realloc(segment->rows, sizeof *rows * (size_t) capacity);
        if (rows == NULL)
            return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for the addresses of the rows to delete");
        segment->rows = rows;
        segment->capacity = capacity;
    }
    segment->rows[segment->count++] = row;
    return NULL;
}

Error *write_rows_take(void *context, const RowLayout *layout, const void *rows, int64_t count)
{
    WriteRows *writes = context;
    const char *row = rows;
    TRY(session_check(writes->session));
    for (int64_t i = 0; i < count; i++, row += layout->stride)
    {
        Datum address = row_get(layout, row, 0);
        int32_t segment = row_address_segment(address.i);
        ASSERT(!address.null && segment >= 0 && segment < writes->scan->segment_count);
        ASSERT(row_address_row(address.i) < writes->scan->segments[segment].rows);
        TRY(segment_rows_add(&writes->segments[segment], row_address_row(address.i)));
        if (layout->field_count > 1)
            writes->updated += row_get(layout, row, 1).i != 0;
    }
    return NULL;
}

static int row_order(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *) a, right = *(const uint32_t *) b;
    return (left > right) - (left < right);
}

/* In order, each once; how many came more than once. */
static int64_t segment_rows_sort(SegmentRows *segment)
{
    int64_t kept = 0, count = segment->count;
    qsort(segment->rows, (size_t) count, sizeof *segment->rows, row_order);
    for (int64_t i = 0; i < count; i++)
        if (kept == 0 || segment->rows[kept - 1] != segment->rows[i])
            segment->rows[kept++] = segment->rows[i];
    segment->count = kept;
    return count - kept;
}

Error *write_rows_commit(WriteRows *writes, Statement *statement, const BoundWrite *write, WriteCounts *counts)
{
    const SpecScan *scan = writes->scan;
    SegmentDeletes *deletes = ARENA_ARRAY(statement->arena, SegmentDeletes, scan->segment_count);
    int32_t count = 0;
    *counts = (WriteCounts){.updated = writes->updated};
    for (int32_t i = 0; i < scan->segment_count; i++)
    {
        SegmentRows *segment = &writes->segments[i];
        if (segment->count == 0)
            continue;
        if (segment_rows_sort(segment) > 0 && write->once)
            return error_hint(error_new(SQLSTATE_CARDINALITY_VIOLATION, "found multiple matches to update the same row"),
                              "Ensure that not more than one source row matches any one target row.");
        counts->deleted += segment->count;
        deletes[count++] = (SegmentDeletes){scan->segments[i].id, segment->count, segment->rows};
    }
    if (count == 0)
        return NULL;
    return catalog_delete_rows(session_txn(statement->session), write->table->id, deletes, count);
}
