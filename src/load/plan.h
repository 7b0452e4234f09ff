/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A LoadPlan: format, columns, files, and the units of work they were cut into.
 *
 *     file a.tbl  |----unit 0----|----unit 1----|--unit 2--|     plain: byte ranges
 *     file b.gz   |-------------------unit 3---------------|     compressed: one unit a file
 *
 * A unit reads the records that begin in [from, to): its first one is the first record that begins at or
 * behind `from`, and its last one may end behind `to`.  So every record is read exactly once, wherever the cuts fall.
 */
#ifndef SRC_LOAD_PLAN_H
#define SRC_LOAD_PLAN_H

#include "src/load/format.h"
#include "src/load/input.h"

#define LOAD_UNIT_BYTES ((int64_t) 64 * 1024 * 1024)     /* largest range */
#define LOAD_UNIT_BYTES_MIN ((int64_t) 1024 * 1024)      /* smaller ones are not worth a cut */

typedef struct LoadPart
{
    int32_t file;
    int64_t from;
    int64_t to; /* file size for the last; compressed files: 0 .. size */
} LoadPart;

typedef struct LoadPlan
{
    LoadFormat *format;
    int32_t column_count;
    LoadColumn *columns; /* one a table column, in table order */
    int32_t file_count;
    LoadFile *files;
    int32_t unit_count;
    LoadPart *units;
} LoadPlan;

/* Cuts plain files so that `workers` (threads in all, >= 1) have about four units each.  Borrows its inputs.
 * Units of one file follow one another. */
LoadPlan *load_plan_make(Arena *arena, const LoadFormat *format, const LoadColumn *columns, int32_t column_count,
                         const LoadFiles *files, int32_t workers);

void load_plan_write(ByteWriter *writer, const LoadPlan *plan);
Error *load_plan_read(ByteReader *reader, Arena *arena, LoadPlan **plan) MUST_USE;

#endif
