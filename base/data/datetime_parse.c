/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and moments from text.  "YYYY-MM-DD" and "YYYY-MM-DD HH:MM:SS[.ffffff]"
 * are read directly; everything else goes through a cursor that collects
 * fields in any order (the session's DateStyle).  DATE and TIMESTAMP ignore zones.
 */
#include "base/data/datetime_scan.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define HOUR_US INT64_C(3600000000)

Error *datetime_not_understood(const char *type, const char *text, size_t length)
{
    return error_new(SQLSTATE_INVALID_DATETIME_FORMAT, "invalid input syntax for type %s: \"%.*s\"", type,
                     (int) (length > 100 ? 100 : length), text);
}

Error *datetime_out_of_range(const char *text, size_t length)
{
    return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "date/time field value out of range: \"%.*s\"",
                     (int) (length > 100 ? 100 : length), text);
}

/* ---- the usual forms ---------------------------------------------------- */

/* Two digits, or a number above 99. */
static inline unsigned pair(const char *at)
{
    unsigned tens = (unsigned) (unsigned char) at[0] - '0';
    unsigned ones = (unsigned) (unsigned char) at[1] - '0';
    return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static inline bool iso_date(const char *at, int32_t *date)
{
    unsigned century = pair(at);
    unsigned year = pair(at + 2);
    unsigned month = pair(at + 5);
    unsigned day = pair(at + 8);
    if ((century | year) >= 1000 || at[4] != '-' || at[7] != '-' || month - 1 > 11 || day - 1 > 30)
        return false;
    year += century * 100;
    if (year == 0 || (day > 28 && (int32_t) day > month_days((int32_t) year, (int32_t) month)))
        return false;
    *date = date_from_civil((int32_t) year, (int32_t) month, (int32_t) day);
    return true;
}

/* "HH:MM:SS[.ffffff]" and nothing after. */
static bool iso_time(const char *at, size_t length, int64_t *us)
{
    if (length < 8 || at[2] != ':' || at[5] != ':')
        return false;
    unsigned hour = pair(at);
    unsigned minute = pair(at + 3);
    unsigned second = pair(at + 6);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t fraction = 0;
    if (length > 8)
    {
        if (at[8] != '.' || length > 15)
            return false;
        int64_t unit = 100000;
        for (size_t i = 9; i < length; i++, unit /= 10)
        {
            if (!is_digit(at[i]))
                return false;
            fraction += (at[i] - '0') * unit;
        }
    }
    *us = (((int64_t) hour * 60 + minute) * 60 + second) * 1000000 + fraction;
    return true;
}

/* ---- any form ----------------------------------------------------------- */

int32_t scan_month_name(const char *name, size_t length)
{
    static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                         "july",    "august",   "september", "october", "november", "december"};
    if (length < 3)
        return 0;
    for (int32_t i = 0; i < 12; i++)
        if (length <= strlen(months[i]) && strncasecmp(months[i], name, length) == 0 &&
            (length == 3 || length == strlen(months[i]) || (i == 8 && length == 4)))
            return i + 1;
    return 0;
}

bool scan_is_weekday(const char *name, size_t length)
{
    static const char *const days[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    if (length < 3)
        return false;
    for (size_t i = 0; i < 7; i++)
        if (length <= strlen(days[i]) && strncasecmp(days[i], name, length) == 0)
            return true;
    return false;
}

int32_t scan_two_digit_year(int32_t year, size_t digit_count)
{
    if (digit_count > 2)
        return year;
    return year < 70 ? year + 2000 : year + 1900;
}

/* Up to `most` digits; their count in *count. */
int64_t scan_digits(Fields *fields, size_t most, size_t *count)
{
    int64_t number = 0;
    size_t seen = 0;
    for (; fields->at < fields->end && seen < most && is_digit(*fields->at); fields->at++, seen++)
        number = number * 10 + (*fields->at - '0');
    *count = seen;
    return number;
}

char scan_peek(const Fields *fields)
{
    return fields->at < fields->end ? *fields->at : '\0';
}

/* ".ffffff" as microseconds; digits beyond six round. */
int64_t scan_fraction(Fields *fields)
{
    if (scan_peek(fields) != '.')
        return 0;
    fields->at++;
    int64_t us = 0;
    int64_t unit = 100000;
    bool round_up = false;
    for (; fields->at < fields->end && is_digit(*fields->at); fields->at++)
    {
        if (unit > 0)
            us += (*fields->at - '0') * unit;
        else if (unit == 0)
        {
            round_up = *fields->at >= '5';
            unit = -1;
        }
        if (unit > 0)
            unit /= 10;
    }
    return us + round_up;
}

bool fields_set_time(Fields *fields, int64_t hour, int64_t minute, int64_t second, int64_t us)
{
    if ((fields->have & HAVE_TIME) != 0)
        return false;
    fields->out_of_range = hour > 24 || minute > 59 || second > 60;
    if (fields->out_of_range)
        return false;
    fields->us = ((hour * 60 + minute) * 60 + second) * 1000000 + us;
    fields->have |= HAVE_TIME;
    fields->out_of_range = fields->us > DAY_US;
    return !fields->out_of_range;
}

/* After HH, at the colon. */
static bool time_scan(Fields *fields, int64_t hour)
{
    size_t count;
    fields->at++;
    int64_t minute = scan_digits(fields, 2, &count);
    int64_t second = 0;
    if (count == 0)
        return false;
    if (scan_peek(fields) == ':')
    {
        fields->at++;
        second = scan_digits(fields, 2, &count);
        if (count == 0)
            return false;
    }
    return fields_set_time(fields, hour, minute, second, scan_fraction(fields));
}

static bool date_set(Fields *fields, int32_t year, int32_t month, int32_t day)
{
    if ((fields->have & (HAVE_YEAR | HAVE_MONTH | HAVE_DAY | HAVE_DATE)) != 0)
        return false;
    fields->year = year;
    fields->month = month;
    fields->day = day;
    fields->have |= HAVE_YEAR | HAVE_MONTH | HAVE_DAY;
    return true;
}

size_t scan_word_length(const Fields *fields)
{
    size_t length = 0;
    while (fields->at + length < fields->end && is_letter(fields->at[length]))
        length++;
    return length;
}

/* A run of digits joined by '-', '/' or '.': 1999-01-08, 1/8/1999, 2000-Jan-31, 2008.366. */
static bool joined_scan(Fields *fields, int64_t first, size_t first_count)
{
    char joint = *fields->at;
    int64_t part[3] = {first, 0, 0};
    size_t count[3] = {first_count, 0, 0};
    int32_t named = -1;
    int32_t parts = 1;
    while (parts < 3 && scan_peek(fields) == joint)
    {
        fields->at++;
        size_t letters = scan_word_length(fields);
        if (letters > 0)
        {
            part[parts] = scan_month_name(fields->at, letters);
            if (part[parts] == 0 || named >= 0)
                return false;
            named = parts;
            fields->at += letters;
        }
        else
        {
            part[parts] = scan_digits(fields, 6, &count[parts]);
            if (count[parts] == 0)
                return false;
        }
        parts++;
    }
    if (parts == 2 && joint == '.' && count[0] == 4 && count[1] == 3)
    {
        fields->year = (int32_t) part[0];
        fields->doy = (int32_t) part[1];
        fields->have |= HAVE_YEAR | HAVE_DOY;
        return true;
    }
    if (parts != 3)
        return false;
    if (named == 1 && count[0] <= 2)
        return date_set(fields, scan_two_digit_year((int32_t) part[2], count[2]), (int32_t) part[1], (int32_t) part[0]);
    if (count[0] > 2)
        return date_set(fields, (int32_t) part[0], (int32_t) part[1], (int32_t) part[2]);
    uint8_t order = value_session()->date_order;
    if (order == DATE_ORDER_YMD || (named == 1 && count[0] > 2))
        return date_set(fields, scan_two_digit_year((int32_t) part[0], count[0]), (int32_t) part[1], (int32_t) part[2]);
    int32_t day = order == DATE_ORDER_DMY ? 0 : 1;
    return date_set(fields, scan_two_digit_year((int32_t) part[2], count[2]), (int32_t) part[1 - day],
                    (int32_t) part[day]);
}

/* Digits with nothing joined to them. */
static bool lone_number(Fields *fields, int64_t number, size_t count)
{
    int32_t n = (int32_t) number;
    bool have_date = fields->time_only || (fields->have & (HAVE_DAY | HAVE_DATE | HAVE_DOY)) != 0;
    if (count == 8 && !have_date)
        return date_set(fields, n / 10000, n / 100 % 100, n % 100);
    if (count == 6 && !have_date && (fields->have & HAVE_MONTH) == 0)
        return date_set(fields, scan_two_digit_year(n / 10000, 2), n / 100 % 100, n % 100);
    if (count == 6)
        return fields_set_time(fields, n / 10000, n / 100 % 100, n % 100, scan_fraction(fields));
    if (count == 4 && have_date && (fields->time_only || (fields->have & HAVE_YEAR) != 0))
        return fields_set_time(fields, n / 100, n % 100, 0, 0);
    if (count <= 2 && (fields->have & HAVE_MONTH) != 0 && (fields->have & HAVE_DAY) == 0)
    {
        fields->day = n;
        fields->have |= HAVE_DAY;
        return true;
    }
    if (count <= 2 && (fields->have & HAVE_MONTH) == 0)
    {
        fields->day = n; /* "8 January 1999" */
        fields->have |= HAVE_DAY;
        return (fields->have & HAVE_DATE) == 0;
    }
    if ((fields->have & HAVE_YEAR) == 0 && count <= 6)
    {
        fields->year = scan_two_digit_year(n, count);
        fields->have |= HAVE_YEAR;
        return true;
    }
    return false;
}

static bool number_scan(Fields *fields)
{
    size_t count;
    int64_t number = scan_digits(fields, 10, &count);
    char next = scan_peek(fields);
    if (next == ':')
        return time_scan(fields, number);
    bool have_date = (fields->have & (HAVE_DAY | HAVE_DATE)) != 0;
    if (!have_date && (next == '-' || next == '/' || next == '.'))
        return joined_scan(fields, number, count);
    bool hour = fields->time_only || (have_date && (fields->have & HAVE_YEAR) != 0);
    if (count <= 2 && hour && (fields->have & HAVE_TIME) == 0)
    {
        /* "... 4 AM" */
        while (is_blank(scan_peek(fields)))
            fields->at++;
        return (scan_peek(fields) | 0x20) != 'a' && (scan_peek(fields) | 0x20) != 'p'
                   ? false
                   : fields_set_time(fields, number, 0, 0, 0);
    }
    return lone_number(fields, number, count);
}

static int64_t now_us(void)
{
    struct timespec now;
    if (value_session()->now != 0)
        return value_session()->now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t) now.tv_sec - INT64_C(10957) * 86400) * 1000000 + now.tv_nsec / 1000;
}

static bool special_word(Fields *fields, const char *word, size_t length)
{
    static const struct
    {
        const char *name;
        int32_t days;
    } days[] = {{"today", 0}, {"tomorrow", 1}, {"yesterday", -1}};
    int64_t now = zone_to_local(value_session()->zone, now_us());
    int32_t today = timestamp_date(now);
    if (length == 3 && strncasecmp(word, "now", 3) == 0)
    {
        fields->date = today;
        fields->us = timestamp_time(now);
        fields->have |= HAVE_DATE | HAVE_TIME;
        return true;
    }
    if (length == 5 && strncasecmp(word, "epoch", 5) == 0)
    {
        fields->date = -10957;
        fields->have |= HAVE_DATE;
        return true;
    }
    for (size_t i = 0; i < 3; i++)
        if (length == strlen(days[i].name) && strncasecmp(word, days[i].name, length) == 0)
        {
            fields->date = today + days[i].days;
            fields->have |= HAVE_DATE;
            return true;
        }
    return false;
}

/* A month, and what is joined to it: Jan-31-2000. */
static bool month_scan(Fields *fields, int32_t month)
{
    if ((fields->have & HAVE_MONTH) != 0)
        return false;
    char joint = scan_peek(fields);
    if ((joint == '-' || joint == '/') && (fields->have & HAVE_DAY) == 0)
    {
        size_t day_count, year_count;
        fields->at++;
        int64_t day = scan_digits(fields, 2, &day_count);
        if (day_count == 0 || scan_peek(fields) != joint)
            return false;
        fields->at++;
        int64_t year = scan_digits(fields, 6, &year_count);
        return year_count > 0 &&
               date_set(fields, scan_two_digit_year((int32_t) year, year_count), month, (int32_t) day);
    }
    fields->month = month;
    fields->have |= HAVE_MONTH;
    return true;
}

static bool zone_set(Fields *fields, const char *name, size_t length)
{
    if ((fields->have & HAVE_ZONE) != 0)
        return false;
    fields->have |= HAVE_ZONE;
    Error *error = zone_find(name, length, &fields->zone);
    fields->no_zone = error != NULL;
    fields->bad = name;
    fields->bad_length = length;
    error_free(error);
    return true;
}

/* A zone's name stands behind the time, or behind the date: "Europe/Berlin", "PST", "Etc/GMT+5". */
static bool zone_scan(Fields *fields, const char *word)
{
    if ((fields->have & (HAVE_TIME | HAVE_DATE | HAVE_DAY)) == 0)
        return false;
    bool path = false;
    while (fields->at < fields->end && (is_letter(*fields->at) || *fields->at == '/' || *fields->at == '_' ||
                                        (path && (is_digit(*fields->at) || *fields->at == '-' || *fields->at == '+'))))
        path |= *fields->at++ == '/';
    return zone_set(fields, word, (size_t) (fields->at - word));
}

static bool word_scan(Fields *fields)
{
    const char *word = fields->at;
    size_t length = scan_word_length(fields);
    fields->at += length;
    int32_t month = scan_month_name(word, length);
    if (month > 0)
        return month_scan(fields, month);
    if (length == 2 && (word[1] | 0x20) == 'm' && ((word[0] | 0x20) == 'a' || (word[0] | 0x20) == 'p'))
    {
        fields->half = (word[0] | 0x20) == 'a' ? 1 : 2;
        return true;
    }
    if (length == 2 && (strncasecmp(word, "bc", 2) == 0 || strncasecmp(word, "ad", 2) == 0))
    {
        fields->bc = (word[0] | 0x20) == 'b';
        return true;
    }
    if (length == 1 && (*word | 0x20) == 't' && (fields->have & (HAVE_DAY | HAVE_DATE | HAVE_DOY)) != 0)
        return is_digit(scan_peek(fields));
    if (length == 1 && (*word | 0x20) == 'j' && is_digit(scan_peek(fields)))
    {
        size_t count;
        fields->date = (int32_t) scan_digits(fields, 8, &count) - 2451545;
        fields->have |= HAVE_DATE;
        return true;
    }
    if (scan_is_weekday(word, length) || special_word(fields, word, length))
        return true;
    return zone_scan(fields, word);
}

/* "+01:00" or "-0330" stands behind the time, or apart behind the date: "2024-02-29 +00". */
static bool offset_begins(const Fields *fields)
{
    char c = *fields->at;
    if (c != '+' && c != '-')
        return false;
    return (fields->have & HAVE_TIME) != 0 || (fields_have_date(fields) && (c == '+' || is_blank(fields->at[-1])));
}

static bool offset_scan(Fields *fields)
{
    const char *start = fields->at++;
    while (fields->at < fields->end && (is_digit(*fields->at) || *fields->at == ':'))
        fields->at++;
    return zone_set(fields, start, (size_t) (fields->at - start));
}

static bool fields_scan(Fields *fields)
{
    while (fields->at < fields->end)
    {
        char c = *fields->at;
        bool understood;
        if (is_blank(c) || c == ',')
        {
            fields->at++;
            continue;
        }
        if (is_digit(c))
            understood = number_scan(fields);
        else if (is_letter(c))
            understood = word_scan(fields);
        else if (offset_begins(fields))
            understood = offset_scan(fields);
        else
            return false;
        if (!understood)
            return false;
    }
    return true;
}

/* false: a field is out of range. */
bool fields_date(const Fields *fields, int32_t *date)
{
    int32_t year = fields->bc ? 1 - fields->year : fields->year;
    if ((fields->have & HAVE_DATE) != 0)
    {
        *date = fields->date;
    }
    else if ((fields->have & HAVE_DOY) != 0)
    {
        bool leap = month_days(year, 2) == 29;
        if (fields->doy < 1 || fields->doy > 365 + leap)
            return false;
        *date = date_from_civil(year, 1, 1) + fields->doy - 1;
    }
    else
    {
        if (fields->year < 1 || fields->year > 294276 || fields->month < 1 || fields->month > 12 || fields->day < 1 ||
            fields->day > month_days(year, fields->month))
            return false;
        *date = date_from_civil(year, fields->month, fields->day);
    }
    return *date >= DATE_MIN && *date < DATE_END;
}

bool fields_apply_half(Fields *fields)
{
    if (fields->half == 0)
        return true;
    int64_t hour = fields->us / HOUR_US;
    if (hour < 1 || hour > 12)
        return false;
    fields->us += (fields->half == 2 ? 12 : 0) * HOUR_US - (hour == 12 ? 12 : 0) * HOUR_US;
    return true;
}

bool fields_have_date(const Fields *fields)
{
    const unsigned whole = HAVE_YEAR | HAVE_MONTH | HAVE_DAY;
    return (fields->have & HAVE_DATE) != 0 || (fields->have & whole) == whole ||
           (fields->have & (HAVE_YEAR | HAVE_DOY)) == (HAVE_YEAR | HAVE_DOY);
}

int32_t fields_offset(const Fields *fields, int64_t local)
{
    const TimeZone *zone = (fields->have & HAVE_ZONE) != 0 ? fields->zone : value_session()->zone;
    return zone_offset_local(zone, local);
}

Error *fields_read(const char *type, const char *text, size_t length, Fields *fields)
{
    fields->at = text;
    fields->end = text + length;
    if (length == 0 || length > DATETIME_TEXT_MAX || !fields_scan(fields))
        return fields->out_of_range ? datetime_out_of_range(text, length) : datetime_not_understood(type, text, length);
    if (fields->no_zone && memchr(fields->bad, '/', fields->bad_length) == NULL)
        return datetime_not_understood(type, text, length);
    if (fields->no_zone)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%.*s\" not recognized",
                         (int) fields->bad_length, fields->bad);
    return fields_apply_half(fields) ? NULL : datetime_out_of_range(text, length);
}

static Error *parse_any(const char *type, const char *text, size_t length, int32_t *date, int64_t *us)
{
    Fields fields = {.have = 0};
    TRY(fields_read(type, text, length, &fields));
    if (!fields_have_date(&fields))
        return datetime_not_understood(type, text, length);
    if (!fields_date(&fields, date))
        return datetime_out_of_range(text, length);
    *us = fields.us;
    return NULL;
}

Error *date_parse(const char *text, size_t length, int32_t *date)
{
    if (length == 10 && iso_date(text, date))
        return NULL;
    *date = 0;
    int32_t parsed;
    int64_t us;
    TRY(parse_any("date", text, length, &parsed, &us));
    *date = parsed;
    return NULL;
}

Error *timestamp_parse(const char *text, size_t length, int64_t *timestamp)
{
    int32_t date;
    int64_t us = 0;
    *timestamp = 0;
    if (length >= 10 && iso_date(text, &date))
    {
        if (length == 10 || ((text[10] == ' ' || text[10] == 'T') && iso_time(text + 11, length - 11, &us)))
        {
            *timestamp = date * DAY_US + us;
            return NULL;
        }
    }
    TRY(parse_any("timestamp", text, length, &date, &us));
    int64_t result = date * DAY_US + us;
    if (result < TIMESTAMP_MIN || result >= TIMESTAMP_END)
        return datetime_out_of_range(text, length);
    *timestamp = result;
    return NULL;
}
