/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What COPY was told about its input: the format's options and the columns.
 * Plain data; the leader fills it in, it travels inside a LoadPlan.
 */
#ifndef SRC_LOAD_FORMAT_H
#define SRC_LOAD_FORMAT_H

#include "base/core/bytes.h"
#include "base/data/value.h"

typedef enum LoadKind
{
    LOAD_DELIMITED, /* fields end at the delimiter, records at a newline; optional backslash escapes */
    LOAD_CSV        /* fields may be quoted; delimiters and newlines inside quotes are data */
} LoadKind;

typedef enum LoadCompression
{
    LOAD_PLAIN,
    LOAD_GZIP,
    LOAD_ZSTD,
    LOAD_BZIP2,
    LOAD_LZ4
} LoadCompression;

#define LOAD_RECORD_BYTES_MAX ((size_t) 4 * 1024 * 1024) /* Redshift's row limit */
#define LOAD_FIELDS_MAX 1600
#define LOAD_MAXERROR_MAX 100000

typedef struct LoadFormat
{
    uint8_t kind;        /* LoadKind */
    uint8_t compression; /* LoadCompression */
    char delimiter;
    char quote;                /* CSV */
    bool escape;               /* delimited: \ protects the next byte */
    bool ignore_blank_lines;
    bool trim_blanks;          /* VARCHAR loses trailing blanks */
    bool fill_record;          /* missing fields at the end are NULL (strings: '') */
    bool truncate_columns;     /* strings too long are cut */
    bool accept_invalid_chars; /* bytes that are not UTF-8 become replacement_char */
    char replacement_char;
    bool blanks_as_null; /* strings of blanks only are NULL */
    bool empty_as_null;  /* empty strings are NULL */
    bool accept_any_date; /* what is no date becomes NULL */
    bool round_decimals; /* ROUNDEC; else digits beyond the scale are cut */
    char *null_as;       /* a field of exactly these bytes is NULL; never NULL itself */
    char *date_format;   /* DATEFORMAT; NULL = ISO and what literals may be ("auto" likewise) */
    char *time_format;   /* TIMEFORMAT; NULL as above */
    int32_t ignore_header; /* lines at the start of each file */
    int64_t max_error;     /* this many rejected rows are tolerated in all */
} LoadFormat;

typedef struct LoadColumn
{
    char *name;
    SqlType type;
    bool not_null;
    int32_t position; /* 0-based field of the record; -1: not in the file, takes fallback */
    Datum fallback;   /* DEFAULT, or null */
} LoadColumn;

/* LOAD_DELIMITED with '|', null_as "\N", no option set. / LOAD_CSV: ',' and '"', null_as "\N". */
void load_format_init(LoadFormat *format, LoadKind kind);

/* 22023 for options that do not fit each other (ESCAPE with CSV, delimiter equal to quote or newline...). */
Error *load_format_check(const LoadFormat *format) MUST_USE;

void load_format_write(ByteWriter *writer, const LoadFormat *format);
LoadFormat *load_format_read(ByteReader *reader, Arena *arena);

#endif
