/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar arithmetic.  Dates count days, timestamps microseconds, both from
 * 2000-01-01 as PostgreSQL's do; proleptic Gregorian; 4713 BC to 294276 AD.
 * Algorithms: days <-> civil after Howard Hinnant, "chrono-compatible low-level date algorithms".
 */
#ifndef BASE_DATA_DATETIME_H
#define BASE_DATA_DATETIME_H

#include "base/data/type.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US INT64_C(86400000000)

/* 4713-01-01 BC and the day after 294276-12-31. */
#define DATE_MIN (-2451507)
#define DATE_END 106751983
#define TIMESTAMP_MIN (DATE_MIN * DAY_US)
#define TIMESTAMP_END (DATE_END * DAY_US)

int32_t date_from_civil(int32_t year, int32_t month, int32_t day); /* year 0 = 1 BC */
void date_to_civil(int32_t date, int32_t *year, int32_t *month, int32_t *day);
int32_t month_days(int32_t year, int32_t month); /* 28..31 */

/* The day a moment lies in. */
static inline int32_t timestamp_date(int64_t timestamp)
{
    int64_t day = timestamp / DAY_US;
    return (int32_t) (timestamp - day * DAY_US < 0 ? day - 1 : day);
}

/* Inputs as FEATURES 2.36 lists (DateStyle ISO, MDY).  22007 not understood, 22008 out of range. */
Error *date_parse(const char *text, size_t length, int32_t *date) MUST_USE;
Error *timestamp_parse(const char *text, size_t length, int64_t *timestamp) MUST_USE;
/* Without a zone in the text the session's counts (value_session.h). */
Error *timestamptz_parse(const char *text, size_t length, int64_t *timestamp) MUST_USE;
Error *time_parse(const char *text, size_t length, int64_t *time) MUST_USE;
Error *timetz_parse(const char *text, size_t length, int64_t *timetz) MUST_USE;
/* COPY's DATEFORMAT / TIMEFORMAT picture ("YYYY-MM-DD", "MM/DD/YYYY", "DD Mon YYYY HH24:MI:SS", "auto", "epochsecs", "epochmillisecs"). */
Error *date_parse_format(const char *text, size_t length, const char *picture, int32_t *date) MUST_USE;
Error *timestamp_parse_format(const char *text, size_t length, const char *picture, int64_t *timestamp) MUST_USE;
/* '3 months 2 days', '90' with default unit seconds; postgres and verbose forms. */
Error *interval_parse(const char *text, size_t length, Interval *interval) MUST_USE;

int32_t date_format(int32_t date, char *out);             /* "1998-12-01", " BC" if so; <= 16 */
int32_t timestamp_format(int64_t timestamp, char *out);   /* "1998-12-01 00:00:00.5"; <= 36 */
int32_t timestamptz_format(int64_t timestamp, char *out); /* in the session's zone, "+01" behind; <= 48 */
int32_t time_format(int64_t time, char *out);             /* "23:59:59.5"; <= 16 */
int32_t timetz_format(int64_t timetz, char *out);         /* "23:59:59.5+01"; <= 32 */
int32_t interval_format(const Interval *interval, char *out); /* style postgres; <= 80 */

/* TIMETZ: a time of day and the seconds west of Greenwich it is told at, packed (type.h). */
static inline int64_t timetz_make(int64_t time, int32_t west)
{
    return (time + west * INT64_C(1000000)) * 131072 + west + 65536;
}
static inline int32_t timetz_west(int64_t timetz)
{
    return (int32_t) (timetz & 131071) - 65536;
}
static inline int64_t timetz_time(int64_t timetz)
{
    return (timetz >> 17) - timetz_west(timetz) * INT64_C(1000000);
}
/* The time of day of a moment. */
static inline int64_t timestamp_time(int64_t timestamp)
{
    return timestamp - timestamp_date(timestamp) * DAY_US;
}
static inline int64_t time_wrap(int64_t us) /* into one day */
{
    return us - (us / DAY_US - (us % DAY_US < 0)) * DAY_US;
}

/* Keeps of an interval what a column INTERVAL DAY TO SECOND(3) has (type.h); smaller parts are cut, the fraction
 * rounds.  As PostgreSQL's AdjustIntervalForTypmod(). */
Interval interval_fit(const Interval *interval, int32_t fields, int32_t precision);

/* The length for comparing, hashing and sorting: a month as 30 days, a day as 24 hours. In microseconds. */
static inline __int128 interval_span(const Interval *interval)
{
    return (__int128) interval->us + ((__int128) interval->months * 30 + interval->days) * DAY_US;
}

/* Months clamp to the end of the month, as PostgreSQL's do. 22008 beyond the calendar. */
Error *timestamp_add_interval(int64_t timestamp, const Interval *interval, int32_t sign, int64_t *out) MUST_USE;

/* EXTRACT/DATE_PART: the fields of FEATURES 6.  field by name, any alias ("y", "year", "yrs"...); -1 unknown. */
typedef enum DateField
{
    FIELD_CENTURY, FIELD_DAY, FIELD_DECADE, FIELD_DOW, FIELD_DOY, FIELD_EPOCH, FIELD_HOUR, FIELD_ISODOW, FIELD_ISOYEAR,
    FIELD_MICROSECOND, FIELD_MILLENNIUM, FIELD_MILLISECOND, FIELD_MINUTE, FIELD_MONTH, FIELD_QUARTER, FIELD_SECOND,
    FIELD_WEEK, FIELD_YEAR, FIELD_TIMEZONE, FIELD_TIMEZONE_HOUR, FIELD_TIMEZONE_MINUTE
} DateField;
int32_t date_field_by_name(const char *name, size_t length);
int64_t date_field(DateField field, int32_t date);
int64_t timestamp_field(DateField field, int64_t timestamp);
int64_t time_field(DateField field, int64_t time); /* hours and below; else 0 */
int64_t timestamp_trunc(DateField field, int64_t timestamp); /* DATE_TRUNC */

#endif
