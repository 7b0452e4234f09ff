/* SPDX-License-Identifier: Apache-2.0 */
/* Between run_append.c, which collects rows by slice, and append_write.c, which writes segments. */
#ifndef SRC_RUN_RUN_APPEND_H
#define SRC_RUN_RUN_APPEND_H

#include "src/run/run.h"

typedef struct AppendSlice
{
    pthread_mutex_t lock;
    int32_t slice;
    bool busy;    /* a thread writes; under lock */
    RowBag pile;  /* rows waiting; under lock */
    RowBag rest;  /* rows taken that did not fill a block; of the thread that writes */
    Arena *arena; /* of the writer that is open */
    SegmentWriter *writer;
    int32_t number; /* of the next file */
    int64_t rows;   /* in the open file */
    char *directory;
    char *file;
} AppendSlice;

struct AppendStore
{
    const SpecTable *table;
    AppendSlice *slices; /* by slice number */
    int32_t mine_count;
    int32_t *mine;
    int64_t pile_bytes;
};

struct AppendPart
{
    RowBag *bags; /* by slice number */
    uint32_t turn;
};

/* Writes what waits in the slice's pile (busy was set by the caller, and is cleared), or, at the end,
 * everything there is and closes the file. */
Error *append_write(RtStore *store, AppendSlice *slice, bool end) MUST_USE;
void append_slice_close(AppendSlice *slice); /* abandons an open file */

#endif
