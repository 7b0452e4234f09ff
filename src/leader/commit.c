/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files that ranks have written to rows of a table:
 *
 *     RunResult.segments -> SegmentRecord[] -> catalog_add_segments() ... session_commit(): one SQLite transaction
 *
 * with the bytes of small ones in it, which are not durable otherwise (settle.h).
 *
 * Until that transaction the files do not exist for anybody.
 */
#include "base/core/assert.h"
#include "src/leader/session.h"

#include <string.h>

static ColumnStats stats_from(const RunColumn *column)
{
    return (ColumnStats){.null_count = column->nulls,
                         .has_range = column->has_range,
                         .min = column->min,
                         .max = column->max,
                         .average_width = column->width_avg,
                         .hll = (uint8_t *) column->distinct.registers,
                         .hll_bytes = (int32_t) sizeof column->distinct.registers};
}

Error *commit_segments(Statement *statement, const CatalogTable *table, const RunResult *result, int64_t *rows)
{
    const SegmentMerge *merge = statement->merge;
    CatalogTxn *txn = session_txn(statement->session);
    *rows = 0;
    if (result->segment_count == 0 && merge == NULL)
        return NULL;
    SegmentRecord *records = ARENA_ARRAY(statement->arena, SegmentRecord, result->segment_count);
    for (int32_t i = 0; i < result->segment_count; i++)
    {
        const RunSegment *segment = &result->segments[i];
        ASSERT(segment->column_count == table->column_count);
        records[i].segment =
            (CatalogSegment){.slice = segment->slice, .file = segment->file, .rows = segment->rows, .bytes = segment->bytes};
        memcpy(records[i].segment.digest, segment->digest, sizeof segment->digest);
        records[i].image = segment->image;
        records[i].columns = ARENA_ARRAY(statement->arena, ColumnStats, table->column_count);
        for (int32_t c = 0; c < table->column_count; c++)
            records[i].columns[c] = stats_from(&segment->columns[c]);
        *rows += segment->rows;
    }
    if (merge != NULL)
        return catalog_merge_segments(txn, table->id, merge, records, result->segment_count);
    return catalog_add_segments(txn, table->id, records, result->segment_count);
}

Error *commit_numbers(Statement *statement, const CatalogTable *table, const RunResult *result, int64_t counted_end)
{
    int64_t end = result->numbers_end > counted_end ? result->numbers_end : counted_end;
    return end == 0 ? NULL : catalog_take_numbers(session_txn(statement->session), table->id, end);
}
