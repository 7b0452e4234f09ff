/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of WINDOW stores share.
 *
 *     run_window.c    rows in order, partitions found and dealt out
 *     spill_window.c  the same where the rows are on disk
 *     window_frame.c  peers and frames of a partition's rows
 *     window_rank.c   functions of base/kernel/window.def
 *     window_agg.c    aggregates over frames
 *     window_list.c   aggregates over the values in order: LISTAGG, MEDIAN, PERCENTILE_*; DISTINCT
 */
#ifndef SRC_RUN_RUN_WINDOW_H
#define SRC_RUN_RUN_WINDOW_H

#include "base/data/value.h"
#include "src/run/run.h"

/* Memory that a job keeps from partition to partition. */
typedef enum RoomId
{
    ROOM_GROUP,
    ROOM_GROUP_FROM,
    ROOM_FRAME_FROM,
    ROOM_FRAME_TO,
    ROOM_SUFFIX_LEFT,
    ROOM_SUFFIX_RIGHT,
    ROOM_KEEP,
    ROOM_TABLE,
    ROOM_BEFORE,
    ROOM_PLACES,
    ROOM_ENTRIES,
    ROOM_COUNT
} RoomId;

typedef struct Room
{
    void *piece;
    size_t bytes;
} Room;

/* One partition, and the job that works on it; one thread. */
typedef struct Partition
{
    RtStore *store;
    const RowLayout *layout;
    char **rows; /* in order */
    int32_t count;
    int32_t group_count;
    int32_t *group;      /* of peers, by row */
    int32_t *group_from; /* group_count + 1 */
    int32_t *from, *to;  /* frames by row, EXCLUDE not yet applied; neither ever steps back */
    RowBag strs;         /* strings of results; the store gets them */
    Room rooms[ROOM_COUNT];
} Partition;

Error *room_take(Partition *part, RoomId id, size_t count, size_t size, void **out) MUST_USE;

/* The result of row i. XX000 if it is null where the layout has no null. */
Error *result_set(Partition *part, const SpecWindow *window, int32_t i, const Datum *value) MUST_USE;

/* run_window.c: fills the fields of all window functions, in rows that stand in store->order, sorted, whole partitions. */
Error *windows_compute(RtStore *store) MUST_USE;

/* window_frame.c */
/* Fills group, group_from. */
Error *partition_groups(Partition *part) MUST_USE;
/* Fills from, to. 22004, 22013 for offsets that are none, 22008. */
Error *partition_frames(Partition *part, const SpecWindow *window) MUST_USE;
typedef struct FrameRanges
{
    int32_t count; /* 0..3, none empty, in order */
    struct
    {
        int32_t from, to;
    } at[3];
} FrameRanges;
/* What EXCLUDE leaves of row i's frame. */
FrameRanges frame_ranges(const Partition *part, const SpecWindow *window, int32_t i);

/* window_rank.c, window_agg.c, window_list.c: fill the result of every row. */
Error *window_function(Partition *part, const SpecWindow *window) MUST_USE;
Error *window_aggregate(Partition *part, const SpecWindow *window) MUST_USE;
bool window_is_list(const SpecWindow *window);
Error *window_list(Partition *part, const SpecWindow *window) MUST_USE;
/* DISTINCT: 1 for the first row of each value; *keep NULL without DISTINCT. 0A000 where the frame is not the partition.
 */
Error *distinct_marks(Partition *part, const SpecWindow *window, uint8_t **keep) MUST_USE;

#endif
