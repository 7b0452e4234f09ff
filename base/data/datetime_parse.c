/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and moments from text.  "YYYY-MM-DD" and "YYYY-MM-DD HH:MM:SS[.ffffff]"
 * are read directly; everything else goes through a cursor that collects
 * fields in any order (DateStyle ISO, MDY).  Zones are read and ignored.
 */
#include "base/data/datetime.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define TEXT_MAX 128 /* longer text is no date */
#define HOUR_US  INT64_C(3600000000)

static bool is_digit(char c)
{
    return (unsigned char) (c - '0') <= 9;
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static Error *not_understood(const char *type, const char *text, size_t length)
{
    return error_new(SQLSTATE_INVALID_DATETIME_FORMAT, "invalid input syntax for type %s: \"%.*s\"", type,
                     (int) (length > 100 ? 100 : length), text);
}

static Error *field_out_of_range(const char *text, size_t length)
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

enum
{
    HAVE_YEAR = 1,
    HAVE_MONTH = 2,
    HAVE_DAY = 4,
    HAVE_TIME = 8,
    HAVE_DOY = 16,
    HAVE_DATE = 32, /* days already known: Julian, today... */
    HAVE_NOW = 64
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
} Fields;

static int32_t month_by_name(const char *name, size_t length)
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

static bool is_weekday_name(const char *name, size_t length)
{
    static const char *const days[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    if (length < 3)
        return false;
    for (size_t i = 0; i < 7; i++)
        if (length <= strlen(days[i]) && strncasecmp(days[i], name, length) == 0)
            return true;
    return false;
}

static int32_t two_digit_year(int32_t year, size_t digit_count)
{
    if (digit_count > 2)
        return year;
    return year < 70 ? year + 2000 : year + 1900;
}

/* Up to `most` digits; their count in *count. */
static int64_t digits_scan(Fields *fields, size_t most, size_t *count)
{
    int64_t number = 0;
    size_t seen = 0;
    for (; fields->at < fields->end && seen < most && is_digit(*fields->at); fields->at++, seen++)
        number = number * 10 + (*fields->at - '0');
    *count = seen;
    return number;
}

static char peek(const Fields *fields)
{
    return fields->at < fields->end ? *fields->at : '\0';
}

/* ".ffffff" as microseconds; digits beyond six round. */
static int64_t fraction_scan(Fields *fields)
{
    if (peek(fields) != '.')
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

static bool time_set(Fields *fields, int64_t hour, int64_t minute, int64_t second, int64_t us)
{
    if ((fields->have & HAVE_TIME) != 0 || hour > 24 || minute > 59 || second > 60)
        return false;
    fields->us = ((hour * 60 + minute) * 60 + second) * 1000000 + us;
    fields->have |= HAVE_TIME;
    return fields->us <= DAY_US;
}

/* After HH, at the colon. */
static bool time_scan(Fields *fields, int64_t hour)
{
    size_t count;
    fields->at++;
    int64_t minute = digits_scan(fields, 2, &count);
    int64_t second = 0;
    if (count == 0)
        return false;
    if (peek(fields) == ':')
    {
        fields->at++;
        second = digits_scan(fields, 2, &count);
        if (count == 0)
            return false;
    }
    return time_set(fields, hour, minute, second, fraction_scan(fields));
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

static size_t word_length(const Fields *fields)
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
    while (parts < 3 && peek(fields) == joint)
    {
        fields->at++;
        size_t letters = word_length(fields);
        if (letters > 0)
        {
            part[parts] = month_by_name(fields->at, letters);
            if (part[parts] == 0 || named >= 0)
                return false;
            named = parts;
            fields->at += letters;
        }
        else
        {
            part[parts] = digits_scan(fields, 6, &count[parts]);
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
        return date_set(fields, two_digit_year((int32_t) part[2], count[2]), (int32_t) part[1], (int32_t) part[0]);
    if (count[0] > 2)
        return date_set(fields, (int32_t) part[0], (int32_t) part[1], (int32_t) part[2]);
    return date_set(fields, two_digit_year((int32_t) part[2], count[2]), (int32_t) part[0], (int32_t) part[1]);
}

/* Digits with nothing joined to them. */
static bool lone_number(Fields *fields, int64_t number, size_t count)
{
    int32_t n = (int32_t) number;
    bool have_date = (fields->have & (HAVE_DAY | HAVE_DATE | HAVE_DOY)) != 0;
    if (count == 8 && !have_date)
        return date_set(fields, n / 10000, n / 100 % 100, n % 100);
    if (count == 6 && !have_date && (fields->have & HAVE_MONTH) == 0)
        return date_set(fields, two_digit_year(n / 10000, 2), n / 100 % 100, n % 100);
    if (count == 6)
        return time_set(fields, n / 10000, n / 100 % 100, n % 100, fraction_scan(fields));
    if (count == 4 && have_date && (fields->have & HAVE_YEAR) != 0)
        return time_set(fields, n / 100, n % 100, 0, 0);
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
        fields->year = two_digit_year(n, count);
        fields->have |= HAVE_YEAR;
        return true;
    }
    return false;
}

static bool number_scan(Fields *fields)
{
    size_t count;
    int64_t number = digits_scan(fields, 10, &count);
    char next = peek(fields);
    if (next == ':')
        return time_scan(fields, number);
    bool have_date = (fields->have & (HAVE_DAY | HAVE_DATE)) != 0;
    if (!have_date && (next == '-' || next == '/' || next == '.'))
        return joined_scan(fields, number, count);
    if (count <= 2 && have_date && (fields->have & HAVE_YEAR) != 0 && (fields->have & HAVE_TIME) == 0)
    {
        /* "... 4 AM" */
        while (is_blank(peek(fields)))
            fields->at++;
        return (peek(fields) | 0x20) != 'a' && (peek(fields) | 0x20) != 'p' ? false : time_set(fields, number, 0, 0, 0);
    }
    return lone_number(fields, number, count);
}

static int64_t now_us(void)
{
    struct timespec now;
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
    int64_t now = now_us();
    int32_t today = (int32_t) (now / DAY_US);
    if (length == 3 && strncasecmp(word, "now", 3) == 0)
    {
        fields->date = today;
        fields->us = now % DAY_US;
        fields->have |= HAVE_DATE | HAVE_TIME | HAVE_NOW;
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
    char joint = peek(fields);
    if ((joint == '-' || joint == '/') && (fields->have & HAVE_DAY) == 0)
    {
        size_t day_count, year_count;
        fields->at++;
        int64_t day = digits_scan(fields, 2, &day_count);
        if (day_count == 0 || peek(fields) != joint)
            return false;
        fields->at++;
        int64_t year = digits_scan(fields, 6, &year_count);
        return year_count > 0 && date_set(fields, two_digit_year((int32_t) year, year_count), month, (int32_t) day);
    }
    fields->month = month;
    fields->have |= HAVE_MONTH;
    return true;
}

static bool word_scan(Fields *fields)
{
    const char *word = fields->at;
    size_t length = word_length(fields);
    fields->at += length;
    int32_t month = month_by_name(word, length);
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
        return is_digit(peek(fields));
    if (length == 1 && (*word | 0x20) == 'j' && is_digit(peek(fields)))
    {
        size_t count;
        fields->date = (int32_t) digits_scan(fields, 8, &count) - 2451545;
        fields->have |= HAVE_DATE;
        return true;
    }
    if (is_weekday_name(word, length) || special_word(fields, word, length))
        return true;
    /* a zone's name, which is ignored, stands behind the time */
    if ((fields->have & HAVE_TIME) == 0)
        return false;
    while (fields->at < fields->end && (is_letter(*fields->at) || *fields->at == '/' || *fields->at == '_'))
        fields->at++;
    return true;
}

/* "+01:00" behind the time. */
static bool offset_scan(Fields *fields)
{
    const char *start = ++fields->at;
    while (fields->at < fields->end && (is_digit(*fields->at) || *fields->at == ':'))
        fields->at++;
    return fields->at > start;
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
        else if ((c == '+' || c == '-') && (fields->have & HAVE_TIME) != 0)
            understood = offset_scan(fields);
        else
            return false;
        if (!understood)
            return false;
    }
    return true;
}

/* false: a field is out of range. */
static bool fields_date(const Fields *fields, int32_t *date)
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

static bool fields_apply_half(Fields *fields)
{
    if (fields->half == 0)
        return true;
    int64_t hour = fields->us / HOUR_US;
    if (hour < 1 || hour > 12)
        return false;
    fields->us += (fields->half == 2 ? 12 : 0) * HOUR_US - (hour == 12 ? 12 : 0) * HOUR_US;
    return true;
}

static Error *parse_any(const char *type, const char *text, size_t length, int32_t *date, int64_t *us)
{
    Fields fields = {.at = text, .end = text + length};
    const unsigned whole = HAVE_YEAR | HAVE_MONTH | HAVE_DAY;
    if (length == 0 || length > TEXT_MAX || !fields_scan(&fields))
        return not_understood(type, text, length);
    bool complete = (fields.have & HAVE_DATE) != 0 || (fields.have & whole) == whole ||
                    (fields.have & (HAVE_YEAR | HAVE_DOY)) == (HAVE_YEAR | HAVE_DOY);
    if (!complete)
        return not_understood(type, text, length);
    if (!fields_date(&fields, date) || !fields_apply_half(&fields))
        return field_out_of_range(text, length);
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
        return field_out_of_range(text, length);
    *timestamp = result;
    return NULL;
}

/* ---- by a picture ------------------------------------------------------- */

typedef enum PictureItem
{
    ITEM_YEAR4,
    ITEM_YEAR2,
    ITEM_MONTH,
    ITEM_MONTH_NAME,
    ITEM_DAY,
    ITEM_DAY_OF_YEAR,
    ITEM_DAY_NAME,
    ITEM_HOUR,
    ITEM_MINUTE,
    ITEM_SECOND,
    ITEM_MILLISECOND,
    ITEM_MICROSECOND,
    ITEM_HALF,
    ITEM_ERA,
    ITEM_ZONE,
    ITEM_JULIAN,
    ITEM_LITERAL
} PictureItem;

/* Longer names first where one begins another. */
static const struct
{
    const char *name;
    PictureItem item;
} picture_items[] = {
    {"YYYY", ITEM_YEAR4}, {"YY", ITEM_YEAR2},     {"MONTH", ITEM_MONTH_NAME}, {"MON", ITEM_MONTH_NAME},
    {"MM", ITEM_MONTH},   {"MI", ITEM_MINUTE},    {"MS", ITEM_MILLISECOND},   {"DDD", ITEM_DAY_OF_YEAR},
    {"DD", ITEM_DAY},     {"DAY", ITEM_DAY_NAME}, {"DY", ITEM_DAY_NAME},      {"HH24", ITEM_HOUR},
    {"HH12", ITEM_HOUR},  {"HH", ITEM_HOUR},      {"SS", ITEM_SECOND},        {"US", ITEM_MICROSECOND},
    {"A.M.", ITEM_HALF},  {"P.M.", ITEM_HALF},    {"AM", ITEM_HALF},          {"PM", ITEM_HALF},
    {"BC", ITEM_ERA},     {"AD", ITEM_ERA},       {"TZ", ITEM_ZONE},          {"OF", ITEM_ZONE},
    {"J", ITEM_JULIAN},
};

static PictureItem picture_next(const char **picture)
{
    for (size_t i = 0; i < sizeof picture_items / sizeof *picture_items; i++)
    {
        size_t length = strlen(picture_items[i].name);
        if (strncasecmp(*picture, picture_items[i].name, length) == 0)
        {
            *picture += length;
            return picture_items[i].item;
        }
    }
    *picture += 1;
    return ITEM_LITERAL;
}

typedef struct Clock
{
    int64_t hour, minute, second, us;
} Clock;

static bool number_item(Fields *fields, size_t most, int64_t *number)
{
    size_t count;
    *number = digits_scan(fields, most, &count);
    return count > 0;
}

static int64_t scaled_fraction(Fields *fields, size_t most)
{
    size_t count;
    int64_t number = digits_scan(fields, most, &count);
    for (; count < 6; count++)
        number *= 10;
    return number;
}

static bool name_item(Fields *fields, PictureItem item)
{
    size_t letters = word_length(fields);
    const char *word = fields->at;
    fields->at += letters;
    if (item == ITEM_DAY_NAME)
        return is_weekday_name(word, letters);
    fields->month = month_by_name(word, letters);
    return fields->month > 0;
}

static bool half_item(Fields *fields)
{
    char c = (char) (peek(fields) | 0x20);
    if (c != 'a' && c != 'p')
        return false;
    fields->half = c == 'a' ? 1 : 2;
    while (is_letter(peek(fields)) || peek(fields) == '.')
        fields->at++;
    return true;
}

static bool zone_item(Fields *fields)
{
    while (fields->at < fields->end && !is_blank(*fields->at))
        fields->at++;
    return true;
}

static bool picture_item_scan(Fields *fields, Clock *clock, PictureItem item)
{
    int64_t number = 0;
    size_t count;
    bool found = true;
    switch (item)
    {
    case ITEM_YEAR4:
        found = number_item(fields, 4, &number);
        fields->year = (int32_t) number;
        return found;
    case ITEM_YEAR2:
        number = digits_scan(fields, 2, &count);
        fields->year = two_digit_year((int32_t) number, 2);
        return count > 0;
    case ITEM_MONTH:
        found = number_item(fields, 2, &number);
        fields->month = (int32_t) number;
        return found;
    case ITEM_DAY:
        found = number_item(fields, 2, &number);
        fields->day = (int32_t) number;
        return found;
    case ITEM_DAY_OF_YEAR:
        found = number_item(fields, 3, &number);
        fields->doy = (int32_t) number;
        fields->have |= HAVE_DOY;
        return found;
    case ITEM_JULIAN:
        found = number_item(fields, 8, &number);
        fields->date = (int32_t) number - 2451545;
        fields->have |= HAVE_DATE;
        return found;
    case ITEM_HOUR:
        return number_item(fields, 2, &clock->hour);
    case ITEM_MINUTE:
        return number_item(fields, 2, &clock->minute);
    case ITEM_SECOND:
        return number_item(fields, 2, &clock->second);
    case ITEM_MILLISECOND:
        clock->us = scaled_fraction(fields, 3);
        return true;
    case ITEM_MICROSECOND:
        clock->us = scaled_fraction(fields, 6);
        return true;
    case ITEM_MONTH_NAME:
    case ITEM_DAY_NAME:
        return name_item(fields, item);
    case ITEM_HALF:
        return half_item(fields);
    case ITEM_ERA:
        fields->bc = (peek(fields) | 0x20) == 'b';
        fields->at += word_length(fields);
        return true;
    case ITEM_ZONE:
        return zone_item(fields);
    case ITEM_LITERAL:
        if (fields->at < fields->end)
            fields->at++;
        return true;
    }
    return false;
}

static bool picture_scan(Fields *fields, const char *picture, Clock *clock)
{
    while (*picture != '\0')
    {
        if (fields->at == fields->end)
            return true; /* a time left out is midnight */
        if (is_blank(*picture) && is_blank(peek(fields)))
        {
            while (is_blank(*picture))
                picture++;
            while (is_blank(peek(fields)))
                fields->at++;
            continue;
        }
        PictureItem item = picture_next(&picture);
        if (item != ITEM_LITERAL)
            while (is_blank(peek(fields)))
                fields->at++;
        if (!picture_item_scan(fields, clock, item))
            return false;
    }
    if (peek(fields) == '.')
        clock->us = fraction_scan(fields);
    while (is_blank(peek(fields)))
        fields->at++;
    return fields->at == fields->end;
}

static Error *parse_picture(const char *type, const char *text, size_t length, const char *picture, int32_t *date,
                            int64_t *us)
{
    Fields fields = {.at = text, .end = text + length, .month = 1, .day = 1};
    Clock clock = {0, 0, 0, 0};
    if (length == 0 || length > TEXT_MAX || !picture_scan(&fields, picture, &clock))
        return error_detail(not_understood(type, text, length), "The expected format is \"%s\".", picture);
    if (!fields_date(&fields, date) || !time_set(&fields, clock.hour, clock.minute, clock.second, clock.us) ||
        !fields_apply_half(&fields))
        return field_out_of_range(text, length);
    *us = fields.us;
    return NULL;
}

/* Seconds or milliseconds since 1970, perhaps with a fraction. */
static Error *parse_epoch(const char *text, size_t length, int64_t unit_us, int64_t *timestamp)
{
    Fields fields = {.at = text, .end = text + length};
    bool negative = peek(&fields) == '-';
    if (negative)
        fields.at++;
    size_t count;
    int64_t number = digits_scan(&fields, 18, &count);
    int64_t fraction = peek(&fields) == '.' ? fraction_scan(&fields) / (1000000 / unit_us) : 0;
    if (count == 0 || fields.at != fields.end)
        return not_understood("timestamp", text, length);
    __int128 us = (__int128) number * unit_us + fraction;
    us = (negative ? -us : us) - INT64_C(10957) * DAY_US;
    if (us < TIMESTAMP_MIN || us >= TIMESTAMP_END)
        return field_out_of_range(text, length);
    *timestamp = (int64_t) us;
    return NULL;
}

Error *timestamp_parse_format(const char *text, size_t length, const char *picture, int64_t *timestamp)
{
    *timestamp = 0;
    if (strcasecmp(picture, "auto") == 0)
        return timestamp_parse(text, length, timestamp);
    if (strcasecmp(picture, "epochsecs") == 0)
        return parse_epoch(text, length, 1000000, timestamp);
    if (strcasecmp(picture, "epochmillisecs") == 0)
        return parse_epoch(text, length, 1000, timestamp);
    int32_t date;
    int64_t us;
    TRY(parse_picture("timestamp", text, length, picture, &date, &us));
    int64_t result = date * DAY_US + us;
    if (result < TIMESTAMP_MIN || result >= TIMESTAMP_END)
        return field_out_of_range(text, length);
    *timestamp = result;
    return NULL;
}

Error *date_parse_format(const char *text, size_t length, const char *picture, int32_t *date)
{
    *date = 0;
    if (strcasecmp(picture, "auto") == 0)
        return date_parse(text, length, date);
    int32_t parsed;
    int64_t us;
    TRY(parse_picture("date", text, length, picture, &parsed, &us));
    *date = parsed;
    return NULL;
}
