/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser that units and streams share: a window of input, its marks, and rows out of it.
 *
 *     data   |......|record|record|record|recor|      |slack|
 *                   ^at    marks: ends of fields ^end ^capacity
 *
 * Strings of rows point into the window or into `scratch`; both stay until the next window_* call or
 * parser_rows call.  Private to src/load.
 */
#ifndef SRC_LOAD_RECORD_H
#define SRC_LOAD_RECORD_H

#include "src/load/parse.h"
#include "src/load/splitter.h"

#define WINDOW_BYTES ((size_t) 256 * 1024)

typedef struct LoadWindow
{
    char *data;
    size_t capacity; /* without slack */
    size_t at;       /* next record begins */
    size_t end;
    int64_t offset; /* of data[0] in the input */
    int64_t lines;  /* newlines in the input of this unit before data[0] */
    bool final;     /* nothing comes behind end */
    uint32_t *marks; /* positions in data, from at */
    size_t marks_capacity;
    size_t mark; /* first of the record at `at` */
    LoadSplit split;
    size_t marks_base; /* data[] position that marks count from */
} LoadWindow;

/* How the bytes of a field become a value: fast paths, and VALUE for everything else. */
typedef enum LoadPath
{
    PATH_INT,
    PATH_DECIMAL,
    PATH_DATE,
    PATH_TIMESTAMP,
    PATH_STRING,
    PATH_OTHER
} LoadPath;

/* A column that takes a field. */
typedef struct LoadTarget
{
    const LoadColumn *column; /* NULL: the field is passed over */
    const RowField *field;
    Rep rep;
    LoadPath path;
    bool string;
    int64_t least, most; /* PATH_INT; PATH_DECIMAL: |value| <= most */
} LoadTarget;

/* Why a record is refused. */
typedef struct LoadFault
{
    LoadErrorCode code;
    int32_t field; /* 0-based, -1: the record */
    const char *text;
    size_t length;
    char reason[256];
} LoadFault;

typedef struct LoadParser
{
    const LoadPlan *plan;
    const LoadFormat *format;
    const RowLayout *layout;
    LoadRejects *rejects;
    const char *file; /* for messages */
    size_t null_length;
    int32_t field_count; /* of a record */
    LoadTarget *targets; /* by field */
    uint8_t *template_row; /* defaults and nulls */
    Arena *arena;   /* of the parser */
    Arena *scratch; /* strings of the rows last given out */
    LoadWindow window;
    bool stop_mark; /* stream: "\." ends the data */
    bool stopped;
    int64_t limit; /* records that begin here or behind are not ours; INT64_MAX */
    LoadFault fault;
    LoadCounters counters;
    /* Lines of the file before this unit, asked for when a reject must be told. */
    Error *(*lines_before)(void *context, int64_t *lines);
    void *context;
} LoadParser;

Error *parser_open(LoadParser *parser, const LoadPlan *plan, const RowLayout *layout, LoadRejects *rejects,
                   const char *file, int64_t offset) MUST_USE;
void parser_close(LoadParser *parser);

/* Room for at least WINDOW_BYTES / 4 more bytes behind window.end: what was consumed is dropped.
 * 22P04 if a record is longer than LOAD_RECORD_BYTES_MAX. */
Error *parser_make_room(LoadParser *parser, size_t more) MUST_USE;
/* window.end or window.final has changed: finds the marks. */
void parser_index(LoadParser *parser);
/* Rows out of whole records in the window; 0 = none left. */
Error *parser_rows(LoadParser *parser, void *rows, int64_t rows_max, int64_t *count) MUST_USE;

/* field.c: the field becomes a value in the row.  False: parser->fault says why. */
bool field_convert(LoadParser *parser, int32_t field, const char *text, size_t length, bool quoted, char *row);
bool target_set_null(LoadParser *parser, int32_t field, char *row);
void target_init(LoadTarget *target, const LoadColumn *column, const RowField *field);

bool fault_set(LoadParser *parser, LoadErrorCode code, int32_t field, const char *text, size_t length,
               const char *format, ...) PRINTF_LIKE(6, 7);

/* reject.c */
Error *rejects_add(LoadRejects *rejects, const LoadReject *reject) MUST_USE;

#endif
