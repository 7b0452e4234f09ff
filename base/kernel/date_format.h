/* SPDX-License-Identifier: Apache-2.0 */
/* The words of TO_CHAR's, TO_DATE's and TO_TIMESTAMP's formats, read one by one. */
#ifndef BASE_KERNEL_DATE_FORMAT_H
#define BASE_KERNEL_DATE_FORMAT_H

#include "base/data/type.h"

/* Longer words before those they begin with. */
typedef enum DateWord
{
    WORD_END,
    WORD_LITERAL,   /* a character as it is */
    WORD_SEPARATOR, /* a blank or punctuation outside of quotes */
    WORD_HALF_DOTS,
    WORD_HALF,
    WORD_ERA_DOTS,
    WORD_ERA,
    WORD_CENTURY,
    WORD_DAY_NAME,
    WORD_DAY_SHORT,
    WORD_DAY_OF_YEAR,
    WORD_DAY,
    WORD_DAY_OF_WEEK,
    WORD_ISO_DAY_OF_YEAR,
    WORD_ISO_DAY_OF_WEEK,
    WORD_FRACTION, /* FF1 to FF6: digits */
    WORD_EXACT,    /* FX */
    WORD_HOUR24,
    WORD_HOUR12,
    WORD_ISO_YEAR, /* digits: of IYYY to I */
    WORD_ISO_WEEK,
    WORD_JULIAN,
    WORD_MINUTE,
    WORD_MONTH,
    WORD_MONTH_NAME,
    WORD_MONTH_SHORT,
    WORD_MILLISECOND,
    WORD_OFFSET,
    WORD_QUARTER,
    WORD_ROMAN,
    WORD_SECOND_OF_DAY,
    WORD_SECOND,
    WORD_ZONE_HOUR,
    WORD_ZONE_MINUTE,
    WORD_ZONE,
    WORD_MICROSECOND,
    WORD_WEEK,
    WORD_WEEK_OF_MONTH,
    WORD_YEAR_COMMA,
    WORD_YEAR /* digits: of YYYY to Y */
} DateWord;

typedef enum LetterCase
{
    CASE_UPPER,
    CASE_TITLE,
    CASE_LOWER
} LetterCase;

typedef struct DateToken
{
    DateWord word;
    LetterCase letters;
    int32_t digits;
    bool fill;    /* FM: no blanks, no zeros before */
    char ordinal; /* 'T': TH behind it, 't': th, 0: none */
    Str literal;
} DateToken;

typedef struct DateReader
{
    const char *at;
    const char *end;
    bool quoted;
} DateReader;

DateToken date_token_next(DateReader *reader);

extern const char *const month_names[12]; /* "JANUARY"... */
extern const char *const day_names[7];    /* "SUNDAY"... */

#endif
