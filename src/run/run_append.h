/* SPDX-License-Identifier: Apache-2.0 */
/* Between run_append.c, which collects rows by slice, and append_write.c, which writes segments. */
#ifndef SRC_RUN_RUN_APPEND_H
#define SRC_RUN_RUN_APPEND_H

#include "src/run/run.h"

typedef struct AppendSlice
{
    int32_t slice;
    bool mine;
    RowBag pile;     /* rows waiting; under the store's lock */
    int32_t number;  /* of the next file; likewise */
    char *directory; /* likewise; NULL: not made yet */
} AppendSlice;

struct AppendStore
{
    const SpecTable *table;
    AppendSlice *slices; /* by slice number */
    int32_t mine_count;
    int32_t *mine;
    int32_t str_count; /* string fields, which are copied apart */
    int32_t *strs;
    size_t chunk_bytes;              /* rows a worker keeps to itself, of each slice */
    int64_t least_bytes, most_bytes; /* bounds of what may wait */
    pthread_mutex_t lock;
    int64_t waiting_bytes; /* of all piles; under lock */
    int64_t written_bytes; /* taken off the piles; under lock */
};

struct AppendPart
{
    RowBag *bags; /* by slice number */
    uint32_t turn;
};

/* Makes a segment of the rows, in the order of the table's sort key.  What it leaves behind after an error
 * is found by task_segments_remove(), or is gone. */
Error *append_write(RtStore *store, AppendSlice *slice, const RowBag *rows) MUST_USE;
/* Makes the files of all segments durable: nobody is told of them before.  Small ones: takes their bytes along, which the
 * commit makes durable (SpecTable.rides). */
Error *append_sync(RtStore *store) MUST_USE;

#endif
