/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored, by table, slice and block, and on which disk.  Sizes are told in blocks of 1 MiB, Redshift's; the blocks of
 * stv_blocklist are ours, of 65,536 rows, as the indexes of the segment files have them: their values are not read.
 */
#include "hdf5store/scan.h"
#include "src/leader/record.h"
#include "src/leader/sysview_rows.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/statvfs.h>

#define BLOCK_BYTES   (1 << 20)
#define INDEXES_KEPT  16 /* at a time: each is asked for once */

static bool is_superuser(const Rows *rows)
{
    const CatalogPrincipal *user = principal_find_id(rows->snapshot->principals, rows->session->user_id);
    return user != NULL && user->superuser;
}

static int64_t mebibytes(int64_t bytes)
{
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

/* --- disks ------------------------------------------------------------------------------- */
Error *disk_blocks(const Rows *rows, int64_t *used, int64_t *capacity)
{
    struct statvfs status;
    const char *directory = rows->session->leader->directory;
    if (statvfs(directory, &status) != 0)
        return error_new(SQLSTATE_IO_ERROR, "could not look at the file system of \"%s\": %s", directory, strerror(errno));
    int64_t unit = (int64_t) status.f_frsize;
    *capacity = (int64_t) status.f_blocks * unit / BLOCK_BYTES;
    *used = *capacity - (int64_t) status.f_bfree * unit / BLOCK_BYTES;
    return NULL;
}

/* One: the warehouse's file system, which all nodes share. */
Error *rows_of_stv_partitions(Rows *rows)
{
    int64_t used, capacity;
    if (!is_superuser(rows))
        return NULL;
    TRY(disk_blocks(rows, &used, &capacity));
    rows_int(rows, 0); /* owner, host, disk */
    rows_int(rows, 0);
    rows_int(rows, 0);
    rows_int(rows, 0);
    rows_int(rows, capacity);
    rows_int(rows, used);
    rows_int(rows, 0); /* tossed */
    rows_int(rows, capacity);
    for (int32_t i = 0; i < 4; i++) /* reads, writes, seeks */
        rows_null(rows);
    rows_int(rows, 1); /* of others too */
    rows_int(rows, 0);
    rows_null(rows);
    rows_str(rows, rows->session->leader->directory);
    rows_end(rows);
    return NULL;
}

/* A node uses what its slices hold; all have the one file system. */
Error *rows_of_stv_node_storage_capacity(Rows *rows)
{
    int64_t used, capacity;
    int32_t nodes = world_compute_count(rows->session->leader->world);
    int64_t *bytes = ARENA_ARRAY(rows->arena, int64_t, nodes);
    TRY(disk_blocks(rows, &used, &capacity));
    for (int32_t t = 0; t < rows->snapshot->table_count; t++)
        for (int32_t i = 0; i < rows->snapshot->tables[t]->segment_count; i++)
        {
            const CatalogSegment *segment = &rows->snapshot->tables[t]->segments[i];
            bytes[slice_node(segment->slice, rows->snapshot->slice_count, nodes)] += segment->bytes;
        }
    for (int32_t node = 0; node < nodes; node++)
    {
        rows_int(rows, node);
        rows_int(rows, mebibytes(bytes[node]));
        rows_int(rows, capacity);
        rows_end(rows);
    }
    return NULL;
}

/* --- tables by slice ------------------------------------------------------------------------ */
typedef struct SliceSum
{
    int64_t rows, sorted, bytes;
} SliceSum;

/* A segment is sorted in itself: what is sorted of a slice is the largest of them. */
static SliceSum *slices_sum(Arena *arena, const CatalogTable *table, int32_t slice_count)
{
    SliceSum *sums = ARENA_ARRAY(arena, SliceSum, slice_count);
    for (int32_t i = 0; i < table->segment_count; i++)
    {
        const CatalogSegment *segment = &table->segments[i];
        SliceSum *sum = &sums[segment->slice];
        sum->rows += segment->rows;
        sum->bytes += segment->bytes;
        if (segment->rows > sum->sorted)
            sum->sorted = segment->rows;
    }
    return sums;
}

double table_unsorted_percent(Arena *arena, const CatalogTable *table, int32_t slice_count)
{
    const SliceSum *sums = slices_sum(arena, table, slice_count);
    int64_t rows = 0, sorted = 0;
    for (int32_t i = 0; i < slice_count; i++)
    {
        rows += sums[i].rows;
        sorted += sums[i].sorted;
    }
    return rows == 0 ? 0 : 100.0 * (double) (rows - sorted) / (double) rows;
}

static void put_slice(Rows *rows, const CatalogTable *table, int32_t slice, const SliceSum *sum)
{
    rows_int(rows, slice);
    rows_int(rows, table->id);
    rows_str(rows, table->name);
    rows_int(rows, sum->rows);
    rows_int(rows, table->sort_count > 0 ? sum->sorted : sum->rows);
    rows_int(rows, table_is_temporary(table));
    rows_int(rows, DATABASE_ID);
    rows_int(rows, 0);
    rows_int(rows, 0);
    rows_int(rows, !table->no_backup);
    rows_int(rows, table_dist_number(table));
    rows_int(rows, mebibytes(sum->bytes));
    rows_end(rows);
}

Error *rows_of_stv_tbl_perm(Rows *rows)
{
    for (int32_t t = 0; t < rows->snapshot->table_count && is_superuser(rows); t++)
    {
        const CatalogTable *table = rows->snapshot->tables[t];
        const SliceSum *sums = slices_sum(rows->arena, table, rows->snapshot->slice_count);
        for (int32_t slice = 0; slice < rows->snapshot->slice_count && table->view_sql == NULL; slice++)
            put_slice(rows, table, slice, &sums[slice]);
    }
    return NULL;
}

/* --- blocks --------------------------------------------------------------------------------- */
/* A bound as a number: a string's first eight bytes, a float's whole part. */
static int64_t bound_number(SqlType type, const Datum *bound)
{
    uint64_t bytes = 0;
    switch (type_rep(type))
    {
    case REP_STR:
        for (int64_t i = 0; i < 8; i++)
            bytes = bytes << 8 | (i < bound->str.len ? (uint8_t) bound->str.data[i] : 0);
        return (int64_t) bytes;
    case REP_F32:
    case REP_F64:
        return fabs(bound->f) < 9e18 ? (int64_t) bound->f : bound->f > 0 ? INT64_MAX : INT64_MIN;
    case REP_I128:
        return (int64_t) bound->i128.lo;
    default:
        return bound->i;
    }
}

static void put_block(Rows *rows, const CatalogTable *table, int32_t column, int32_t slice, int64_t number, const Zone *zone)
{
    SqlType type = table->columns[column].type;
    rows_int(rows, slice);
    rows_int(rows, column);
    rows_int(rows, table->id);
    rows_int(rows, number);
    rows_int(rows, zone->rows);
    rows_int(rows, 0);
    if (zone->has_range)
    {
        rows_int(rows, bound_number(type, &zone->min));
        rows_int(rows, bound_number(type, &zone->max));
    }
    else
    {
        rows_null(rows);
        rows_null(rows);
    }
    rows_null(rows);   /* superblock */
    rows_int(rows, 0); /* pinned */
    rows_int(rows, 1); /* on disk */
    for (int32_t i = 0; i < 4; i++) /* modified, its header, unsorted, tombstone: a file never changes */
        rows_int(rows, 0);
    rows_int(rows, 0);
    rows_int(rows, table_is_temporary(table));
    rows_int(rows, 0);
    rows_null(rows); /* readers */
    rows_int(rows, 0);
    rows_end(rows);
}

/* numbers: blocks of each slice so far; counted on. */
static void put_segment(Rows *rows, const CatalogTable *table, int32_t slice, const Segment *segment, int64_t *numbers)
{
    for (int32_t c = 0; c < table->column_count; c++)
    {
        int32_t at = segment_column_by_id(segment, table->columns[c].id);
        for (int32_t block = 0; block < segment_block_count(segment) && at >= 0; block++)
            put_block(rows, table, c, slice, numbers[slice] + block, segment_zone(segment, at, block));
    }
    numbers[slice] += segment_block_count(segment);
}

static Error *put_table(Rows *rows, SegmentCache *cache, const CatalogTable *table)
{
    int64_t *numbers = ARENA_ARRAY(rows->arena, int64_t, rows->snapshot->slice_count);
    for (int32_t i = 0; i < table->segment_count; i++)
    {
        const CatalogSegment *known = &table->segments[i];
        Segment *segment;
        SegmentRef ref = {.path = segment_path(rows->arena, rows->session->leader->directory, table, known),
                          .table_name = table->name,
                          .bytes = known->bytes,
                          .digest = known->digest};
        TRY(session_check(rows->session));
        TRY(segment_open(cache, &ref, &segment));
        put_segment(rows, table, known->slice, segment, numbers);
        segment_close(segment);
    }
    return NULL;
}

Error *rows_of_stv_blocklist(Rows *rows)
{
    if (!is_superuser(rows))
        return NULL;
    SegmentCache *cache = segment_cache_new(INDEXES_KEPT, INDEXES_KEPT, 0);
    Error *error = NULL;
    for (int32_t t = 0; t < rows->snapshot->table_count && error == NULL; t++)
        error = put_table(rows, cache, rows->snapshot->tables[t]);
    segment_cache_free(cache);
    return error;
}
