/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to rows.  A LoadUnit reads one unit of a plan; a LoadStream is fed chunks as they come
 * (COPY FROM STDIN).  Both fill rows of a RowLayout whose field i is column i of the plan.
 *
 * Bad records are set aside as LoadReject in a LoadRejects that all units of a rank share; when more than
 * max_error are there, the unit returns 22P04 that names file, line, column, raw field and reason.
 * Each rank counts its own: the leader adds the counts up and fails a load that passed max_error in sum.
 */
#ifndef SRC_LOAD_PARSE_H
#define SRC_LOAD_PARSE_H

#include "base/data/row.h"
#include "src/load/plan.h"

#include <pthread.h>

#define LOAD_RAW_MAX 1024 /* bytes of a raw line or field kept */

/* Redshift's err_code of stl_load_errors. */
typedef enum LoadErrorCode
{
    LOAD_ERROR_UNKNOWN = 1200,
    LOAD_ERROR_DELIMITER = 1201, /* delimiter not found, line too long */
    LOAD_ERROR_EXTRA = 1202,
    LOAD_ERROR_MISSING = 1203,
    LOAD_ERROR_RANGE = 1204, /* out of range, or text too long for the column */
    LOAD_ERROR_DATE = 1205,
    LOAD_ERROR_TIMESTAMP = 1206,
    LOAD_ERROR_DIGIT = 1207,
    LOAD_ERROR_FLOAT = 1208,
    LOAD_ERROR_DECIMAL = 1209,
    LOAD_ERROR_BOOLEAN = 1210,
    LOAD_ERROR_BLANK_LINE = 1211,
    LOAD_ERROR_NOT_NULL = 1213,
    LOAD_ERROR_QUOTE = 1214,
    LOAD_ERROR_INVALID_LINE = 1216,
    LOAD_ERROR_UTF8 = 1220,
    LOAD_ERROR_OVERFLOW = 1222
} LoadErrorCode;

typedef struct LoadReject
{
    char *file;          /* "STDIN" for streams */
    int64_t line;        /* 1-based physical line where the record begins */
    int64_t start_byte;  /* offset of the record in the (uncompressed) file */
    int32_t field;       /* 1-based field of the record; 0: the record as such */
    char *column;        /* "" if none */
    SqlType type;        /* TYPE_NONE if none */
    int32_t position;    /* byte of the field in the record, 0-based */
    char *raw_line;      /* first LOAD_RAW_MAX bytes, never NULL */
    char *raw_field;     /* likewise */
    int32_t code;        /* LoadErrorCode */
    char *reason;
} LoadReject;

typedef struct LoadRejects
{
    pthread_mutex_t lock;
    Arena *arena; /* own: where the rejects live */
    int64_t max_error;
    int64_t count; /* all seen, also those past max_error */
    int64_t kept;
    int64_t capacity;
    LoadReject *rejects;
} LoadRejects;

LoadRejects *load_rejects_new(int64_t max_error);
void load_rejects_free(LoadRejects *rejects);
void load_rejects_write(ByteWriter *writer, const LoadRejects *rejects);
/* Adds what another rank wrote. */
Error *load_rejects_read(ByteReader *reader, LoadRejects *rejects) MUST_USE;
/* 22P04 that tells about the reject that was too much ("load of \"t.tbl\" failed at line 7, column \"a\": ..."), or NULL if
 * count <= max_error. */
Error *load_rejects_error(const LoadRejects *rejects) MUST_USE;

typedef struct LoadCounters
{
    int64_t rows;  /* given out */
    int64_t lines; /* records read, with rejected ones */
    int64_t bytes; /* of input, uncompressed */
    int64_t file_bytes; /* read from the file */
} LoadCounters;

typedef struct LoadUnit LoadUnit;

/* One thread at a time.  plan, layout, rejects are borrowed until close. */
Error *load_unit_open(const LoadPlan *plan, int32_t unit, const RowLayout *layout, LoadRejects *rejects,
                      LoadUnit **out) MUST_USE;
/* Parses up to rows_max records into `rows`, layout->stride apart; *count 0 = end of the unit.  Strings in rows
 * stay valid until the next call with this unit, or close: copy or send them before. */
Error *load_unit_next(LoadUnit *unit, void *rows, int64_t rows_max, int64_t *count) MUST_USE;
void load_unit_counters(const LoadUnit *unit, LoadCounters *out);
void load_unit_close(LoadUnit *unit); /* NULL is fine */

/* COPY FROM STDIN.  plan->files and units are not looked at; compression must be LOAD_PLAIN. */
typedef struct LoadStream LoadStream;
Error *load_stream_open(const LoadPlan *plan, const RowLayout *layout, LoadRejects *rejects,
                        LoadStream **out) MUST_USE;
/* Adds bytes (copied).  Then call load_stream_next until *count is 0, before the next feed. */
void load_stream_feed(LoadStream *stream, const void *bytes, size_t length);
void load_stream_finish(LoadStream *stream); /* no more bytes will come */
/* As load_unit_next; 0 = feed me, or after finish: the end. */
Error *load_stream_next(LoadStream *stream, void *rows, int64_t rows_max, int64_t *count) MUST_USE;
void load_stream_counters(const LoadStream *stream, LoadCounters *out);
void load_stream_close(LoadStream *stream);

/* Splits whole records off a stream without parsing them, so that a leader can deal records out to others:
 * how many of the bytes, which begin at a record, make whole records.  The rest goes before the next chunk. */
size_t load_records_whole(const LoadFormat *format, const void *bytes, size_t length);

#endif
