/* SPDX-License-Identifier: Apache-2.0 */
#include "base/data/datetime.h"
#include "base/core/assert.h"
#include "base/data/value_session.h"

#include <stdio.h>
#include <string.h>

#define EPOCH_SHIFT 10957 /* days from 1970-01-01 to 2000-01-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int32_t date_from_civil(int32_t year, int32_t month, int32_t day)
{
    ASSERT(month >= 1 && month <= 12);
    year -= month <= 2;
    int32_t era = (year >= 0 ? year : year - 399) / 400;
    int32_t year_of_era = year - era * 400;
    int32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468 - EPOCH_SHIFT;
}

void date_to_civil(int32_t date, int32_t *year, int32_t *month, int32_t *day)
{
    int32_t shifted = date + EPOCH_SHIFT + 719468;
    int32_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int32_t day_of_era = shifted - era * 146097;
    int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t shifted_month = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

int32_t month_days(int32_t year, int32_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* ---- text ------------------------------------------------------------- */

static char *two_digits(char *at, int32_t number)
{
    *at++ = (char) ('0' + number / 10);
    *at++ = (char) ('0' + number % 10);
    return at;
}

static char *date_write(int32_t date, char *at, bool *bc)
{
    int32_t year, month, day;
    date_to_civil(date, &year, &month, &day);
    *bc = year <= 0;
    if (*bc)
        year = 1 - year;
    if (year <= 9999)
    {
        at = two_digits(at, year / 100);
        at = two_digits(at, year % 100);
    }
    else
    {
        at += snprintf(at, 12, "%d", year);
    }
    *at++ = '-';
    at = two_digits(at, month);
    *at++ = '-';
    return two_digits(at, day);
}

static char *bc_write(char *at, bool bc)
{
    if (!bc)
        return at;
    memcpy(at, " BC", 3);
    return at + 3;
}

int32_t date_format(int32_t date, char *out)
{
    bool bc;
    char *at = date_write(date, out, &bc);
    return (int32_t) (bc_write(at, bc) - out);
}

/* ".5": microseconds without trailing zeros. */
static char *fraction_write(char *at, int32_t us)
{
    if (us == 0)
        return at;
    *at++ = '.';
    for (int32_t unit = 100000; us > 0; unit /= 10)
    {
        *at++ = (char) ('0' + us / unit);
        us %= unit;
    }
    return at;
}

static char *time_write(char *at, int64_t us)
{
    int32_t seconds = (int32_t) (us / 1000000);
    at = two_digits(at, seconds / 3600);
    *at++ = ':';
    at = two_digits(at, seconds / 60 % 60);
    *at++ = ':';
    at = two_digits(at, seconds % 60);
    return fraction_write(at, (int32_t) (us % 1000000));
}

/* "+01", "-03:30", "+00:53:28" */
static char *offset_write(char *at, int32_t east)
{
    int32_t size = east < 0 ? -east : east;
    *at++ = east < 0 ? '-' : '+';
    at = two_digits(at, size / 3600);
    if (size % 3600 == 0)
        return at;
    *at++ = ':';
    at = two_digits(at, size / 60 % 60);
    if (size % 60 == 0)
        return at;
    *at++ = ':';
    return two_digits(at, size % 60);
}

static char *moment_write(char *at, int64_t timestamp, bool *bc)
{
    int64_t date = floor_div(timestamp, DAY_US);
    at = date_write((int32_t) date, at, bc);
    *at++ = ' ';
    return time_write(at, timestamp - date * DAY_US);
}

int32_t timestamp_format(int64_t timestamp, char *out)
{
    bool bc;
    char *at = moment_write(out, timestamp, &bc);
    return (int32_t) (bc_write(at, bc) - out);
}

int32_t timestamptz_format(int64_t timestamp, char *out)
{
    bool bc;
    int32_t east = zone_offset(value_session()->zone, timestamp);
    char *at = moment_write(out, timestamp + east * SECOND_US, &bc);
    return (int32_t) (bc_write(offset_write(at, east), bc) - out);
}

int32_t time_format(int64_t time, char *out)
{
    return (int32_t) (time_write(out, time) - out);
}

int32_t timetz_format(int64_t timetz, char *out)
{
    return (int32_t) (offset_write(time_write(out, timetz_time(timetz)), -timetz_west(timetz)) - out);
}

/* ---- arithmetic ------------------------------------------------------- */

static Error *out_of_range(void)
{
    return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
}

static Error *date_add_months(int64_t *date, int64_t months)
{
    int32_t year, month, day;
    date_to_civil((int32_t) *date, &year, &month, &day);
    int64_t index = (int64_t) year * 12 + (month - 1) + months;
    int64_t new_year = floor_div(index, 12);
    if (new_year < -4713 || new_year > 294277)
        return out_of_range();
    int32_t new_month = (int32_t) (index - new_year * 12) + 1;
    int32_t last = month_days((int32_t) new_year, new_month);
    *date = date_from_civil((int32_t) new_year, new_month, day < last ? day : last);
    return NULL;
}

Error *timestamp_add_interval(int64_t timestamp, const Interval *interval, int32_t sign, int64_t *out)
{
    ASSERT(sign == 1 || sign == -1);
    *out = timestamp;
    int64_t date = floor_div(timestamp, DAY_US);
    int64_t us = timestamp - date * DAY_US;
    if (interval->months != 0)
        TRY(date_add_months(&date, (int64_t) interval->months * sign));
    date += (int64_t) interval->days * sign;
    __int128 result = (__int128) date * DAY_US + us + (__int128) interval->us * sign;
    if (result < TIMESTAMP_MIN || result >= TIMESTAMP_END)
        return out_of_range();
    *out = (int64_t) result;
    return NULL;
}

/* ---- fields ----------------------------------------------------------- */

static const struct
{
    const char *name;
    DateField field;
} field_names[] = {
#define DATE_FIELD(name, field) {name, FIELD_##field},
#include "base/data/date_field.def"
#undef DATE_FIELD
};

int32_t date_field_by_name(const char *name, size_t length)
{
    char lower[16];
    if (length == 0 || length >= sizeof lower)
        return -1;
    for (size_t i = 0; i < length; i++)
        lower[i] = (char) (name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    lower[length] = '\0';
    for (size_t i = 0; i < sizeof field_names / sizeof *field_names; i++)
        if (strcmp(field_names[i].name, lower) == 0)
            return (int32_t) field_names[i].field;
    return -1;
}

/* Monday 1 ... Sunday 7; 2000-01-01 was a Saturday. */
static int32_t iso_weekday(int32_t date)
{
    return (int32_t) (date + 5 - 7 * floor_div(date + 5, 7)) + 1;
}

/* The ISO week's year: that of its Thursday. */
static int32_t iso_year(int32_t date)
{
    int32_t year, month, day;
    date_to_civil(date - iso_weekday(date) + 4, &year, &month, &day);
    return year;
}

/* Monday of the first ISO week of the year: the week of January 4th. */
static int32_t iso_year_start(int32_t year)
{
    int32_t fourth = date_from_civil(year, 1, 4);
    return fourth - (iso_weekday(fourth) - 1);
}

/* Years count 1 BC as -1 in the fields that name them. */
static int64_t shown_year(int64_t year)
{
    return year > 0 ? year : year - 1;
}

int64_t date_field(DateField field, int32_t date)
{
    int32_t year, month, day;
    date_to_civil(date, &year, &month, &day);
    switch (field)
    {
    case FIELD_CENTURY:
        return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100);
    case FIELD_MILLENNIUM:
        return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000);
    case FIELD_DECADE:
        return floor_div(year, 10);
    case FIELD_YEAR:
        return shown_year(year);
    case FIELD_QUARTER:
        return (month - 1) / 3 + 1;
    case FIELD_MONTH:
        return month;
    case FIELD_DAY:
        return day;
    case FIELD_DOW:
        return iso_weekday(date) % 7;
    case FIELD_ISODOW:
        return iso_weekday(date);
    case FIELD_DOY:
        return date - date_from_civil(year, 1, 1) + 1;
    case FIELD_ISOYEAR:
        return shown_year(iso_year(date));
    case FIELD_WEEK:
        return (date - iso_year_start(iso_year(date))) / 7 + 1;
    case FIELD_EPOCH:
        return ((int64_t) date + EPOCH_SHIFT) * 86400;
    default:
        return 0; /* hours and below, at midnight */
    }
}

int64_t time_field(DateField field, int64_t us)
{
    switch (field)
    {
    case FIELD_EPOCH:
        return us / 1000000;
    case FIELD_HOUR:
        return us / INT64_C(3600000000);
    case FIELD_MINUTE:
        return us / 60000000 % 60;
    case FIELD_SECOND:
        return us / 1000000 % 60;
    case FIELD_MILLISECOND:
        return us / 1000 % 60000;
    case FIELD_MICROSECOND:
        return us % 60000000;
    default:
        return 0;
    }
}

int64_t timestamp_field(DateField field, int64_t timestamp)
{
    int64_t date = floor_div(timestamp, DAY_US);
    switch (field)
    {
    case FIELD_HOUR:
    case FIELD_MINUTE:
    case FIELD_SECOND:
    case FIELD_MILLISECOND:
    case FIELD_MICROSECOND:
        return time_field(field, timestamp - date * DAY_US);
    case FIELD_EPOCH:
        return floor_div(timestamp, 1000000) + INT64_C(86400) * EPOCH_SHIFT;
    default:
        return date_field(field, (int32_t) date);
    }
}

/* The first day of the century, decade... that holds `date`. */
static int32_t date_trunc(DateField field, int32_t date)
{
    int32_t year, month, day;
    date_to_civil(date, &year, &month, &day);
    switch (field)
    {
    case FIELD_MILLENNIUM:
        return date_from_civil((int32_t) floor_div(year - 1, 1000) * 1000 + 1, 1, 1);
    case FIELD_CENTURY:
        return date_from_civil((int32_t) floor_div(year - 1, 100) * 100 + 1, 1, 1);
    case FIELD_DECADE:
        return date_from_civil((int32_t) floor_div(year, 10) * 10, 1, 1);
    case FIELD_YEAR:
        return date_from_civil(year, 1, 1);
    case FIELD_ISOYEAR:
        return iso_year_start(iso_year(date));
    case FIELD_QUARTER:
        return date_from_civil(year, (month - 1) / 3 * 3 + 1, 1);
    case FIELD_MONTH:
        return date_from_civil(year, month, 1);
    case FIELD_WEEK:
        return date - (iso_weekday(date) - 1);
    default:
        return date;
    }
}

int64_t timestamp_trunc(DateField field, int64_t timestamp)
{
    static const int64_t units[] = {
        [FIELD_HOUR] = INT64_C(3600000000), [FIELD_MINUTE] = 60000000, [FIELD_SECOND] = 1000000,
        [FIELD_MILLISECOND] = 1000,         [FIELD_MICROSECOND] = 1,   [FIELD_YEAR] = 0,
    };
    if ((size_t) field < sizeof units / sizeof *units && units[field] > 0)
        return floor_div(timestamp, units[field]) * units[field];
    return date_trunc(field, (int32_t) floor_div(timestamp, DAY_US)) * DAY_US;
}
