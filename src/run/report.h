/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a query leaves behind besides rows: files written, records rejected,
 * counters.  A rank writes a report of its task; the leader adds them all up.
 */
#ifndef SRC_RUN_REPORT_H
#define SRC_RUN_REPORT_H

#include "base/data/hll.h"
#include "base/data/value.h"
#include "src/run/task.h"

/* A segment file written by the query: durable, unless there is an image of it; named by no manifest yet. */
typedef struct RunColumn
{
    bool has_range; /* false: nothing but nulls (or NaN) */
    bool range_truncated;
    Datum min, max; /* strings live in the result's arena */
    int64_t nulls;
    int64_t bytes;
    double width_avg;
    uint8_t rep; /* Rep: narrowest that holds every value */
    Hll distinct;
} RunColumn;

typedef struct RunSegment
{
    int32_t table; /* index into the Spec's tables */
    int32_t slice;
    char *file; /* name in the slice's directory */
    int64_t rows;
    int64_t bytes;
    uint8_t digest[16];
    void *image; /* `bytes` of them: the commit is to make them durable; NULL: the file is */
    int32_t column_count;
    RunColumn *columns;
} RunSegment;

/* A record that COPY could not take: src/load's LoadReject, as it came from the ranks. */
typedef struct RunReject
{
    char *file;
    int64_t line;       /* 1-based */
    int64_t start_byte; /* of the record in the (uncompressed) file */
    int32_t field;      /* 1-based; 0: the record as such */
    char *column;       /* "" if none */
    SqlType type;       /* TYPE_NONE if none */
    int32_t position;   /* byte of the field in the record, 0-based */
    char *raw_line;
    char *raw_field;
    int32_t code; /* LoadErrorCode */
    char *reason;
} RunReject;

/* What one pipeline did on one rank. */
typedef struct RunCounter
{
    int32_t node;     /* compute index, or LEADER_INDEX */
    int32_t pipeline; /* index into the Spec's pipelines */
    int32_t threads;  /* that took part */
    int64_t rows_in;
    int64_t rows_out;
    int64_t bytes;          /* of memory its sink holds, or sent to other ranks */
    int64_t buffers;        /* that were sent to other ranks */
    int64_t blocks;         /* of columns read */
    int64_t blocks_skipped; /* row blocks left out by zone maps */
    int64_t start_us;       /* since the query's start on that rank */
    int64_t wall_us;
    int64_t work_us; /* sum over threads */
} RunCounter;

typedef struct RunResult
{
    int64_t rows_returned; /* given to the RowSink */
    int64_t rows_appended; /* in all segments together */
    int32_t segment_count;
    RunSegment *segments; /* by slice */
    int64_t numbers_end;  /* above all row numbers that ranks have taken of themselves; 0: none */
    int64_t load_rows;    /* parsed and taken */
    int64_t load_bytes;
    int64_t load_rejected; /* may exceed reject_count: the list is bounded */
    int32_t reject_count;
    RunReject *rejects;
    int32_t counter_count;
    RunCounter *counters; /* by node, then pipeline */
    int64_t queue_us;     /* waited for its turn */
    int64_t run_us;
} RunResult;

/* ---- reports of ranks, added up ---- */

typedef struct ReportSum ReportSum;

/* result is cleared; what it will point to lives in `arena`. */
Error *report_begin(Arena *arena, const Spec *spec, RunResult *result, ReportSum **sum) MUST_USE;
/* The task's error (not taken), its files, rejects and counters. */
void report_write(ByteWriter *writer, const Task *task, const Error *error);
/* Of a rank that could not even begin. */
void report_write_error(ByteWriter *writer, const Error *error, int32_t node);
/* Adds what a rank wrote; *error is the rank's own (owned), NULL if it worked. */
Error *report_add(ReportSum *sum, const void *bytes, size_t length, Error **error) MUST_USE;
/* Finishes *result and frees the sum.  22P04 if all ranks together rejected more records than may be. */
Error *report_end(ReportSum *sum) MUST_USE;

#endif
