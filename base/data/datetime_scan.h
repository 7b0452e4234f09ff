/* SPDX-License-Identifier: Apache-2.0 */
/* What reading dates in any form (datetime_parse.c) and by a picture (datetime_picture.c) share. */
#ifndef BASE_DATA_DATETIME_SCAN_H
#define BASE_DATA_DATETIME_SCAN_H

#include "base/data/datetime.h"
#include "base/data/value_session.h"

#define DATETIME_TEXT_MAX 128 /* longer text is no date */

enum
{
    HAVE_YEAR = 1,
    HAVE_MONTH = 2,
    HAVE_DAY = 4,
    HAVE_TIME = 8,
    HAVE_DOY = 16,
    HAVE_DATE = 32, /* days already known: Julian, today... */
    HAVE_ZONE = 64
};

typedef struct Fields
{
    const char *at;
    const char *end;
    unsigned have;
    int32_t year, month, day, doy, date;
    int64_t us;
    bool bc;
    int32_t half; /* 1 am, 2 pm */
    bool time_only;   /* of type TIME: lone digits are hours */
    const TimeZone *zone; /* HAVE_ZONE */
    bool out_of_range; /* a time that is none */
    bool no_zone;    /* a word in the zone's place names none: *bad */
    const char *bad;
    size_t bad_length;
} Fields;

static inline bool is_digit(char c)
{
    return (unsigned char) (c - '0') <= 9;
}

static inline bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 1..12, or 0: three letters, "Sept", or the whole name. */
int32_t scan_month_name(const char *name, size_t length);
bool scan_is_weekday(const char *name, size_t length);
/* 70..99 are 19xx, 00..69 20xx; longer years are themselves. */
int32_t scan_two_digit_year(int32_t year, size_t digit_count);
/* Up to `most` digits; how many in *count. */
int64_t scan_digits(Fields *fields, size_t most, size_t *count);
/* The next character, 0 at the end. */
char scan_peek(const Fields *fields);
/* ".ffffff" as microseconds; digits beyond six round. */
int64_t scan_fraction(Fields *fields);
/* false: out of range, or there was a time before. */
bool fields_set_time(Fields *fields, int64_t hour, int64_t minute, int64_t second, int64_t us);
size_t scan_word_length(const Fields *fields);
/* Collects the fields of a text in any form; 22007, 22023. */
Error *fields_read(const char *type, const char *text, size_t length, Fields *fields) MUST_USE;
/* Do they name a day? */
bool fields_have_date(const Fields *fields);
/* Seconds east of the zone named, or of the session's, at a local time. */
int32_t fields_offset(const Fields *fields, int64_t local);
/* The day the fields name; false: one is out of range. */
bool fields_date(const Fields *fields, int32_t *date);
/* AM and PM; false: the hour is not 1..12. */
bool fields_apply_half(Fields *fields);
/* 22007 and 22008 */
Error *datetime_not_understood(const char *type, const char *text, size_t length) MUST_USE;
Error *datetime_out_of_range(const char *text, size_t length) MUST_USE;

#endif
