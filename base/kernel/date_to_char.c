/* SPDX-License-Identifier: Apache-2.0 */
/* TO_CHAR of dates, moments and intervals: the words of date_format.h, as PostgreSQL 15 (table 9.27) writes them. */
#include "base/data/value_session.h"
#include "base/kernel/body.h"
#include "base/kernel/date_format.h"

#include <stdlib.h>
#include <string.h>

typedef struct Moment
{
    bool interval;            /* its fields may be negative, and it has none of those of a calendar */
    int32_t year, month, day; /* year 0 = 1 BC */
    int32_t date;
    int32_t day_of_year;
    int64_t hour, minute, second, us;
    const TimeZone *zone;
    int64_t utc;
} Moment;

static void put_number(Text *out, const DateToken *token, int64_t number, int32_t width)
{
    char digits[32];
    int length = int64_format(number, digits);
    digits[length] = '\0';
    if (token->fill)
        width = 0;
    text_printf(out, "%0*lld", (int) (width + (number < 0 && width > 0)), (long long) number);
    if (token->ordinal == 0)
        return;
    int64_t last = number < 0 ? -number : number;
    bool teen = last / 10 % 10 == 1;
    last %= 10;
    const char *end = teen || last == 0 || last > 3 ? "TH" : last == 1 ? "ST" : last == 2 ? "ND" : "RD";
    for (; *end != '\0'; end++)
        text_putc(out, (char) (token->ordinal == 't' ? *end | 0x20 : *end));
}

/* `width`: blanks fill it. */
static void put_name(Text *out, const DateToken *token, const char *name, size_t length, int32_t width)
{
    for (size_t i = 0; i < length; i++)
    {
        bool letter = name[i] >= 'A' && name[i] <= 'Z';
        bool small = token->letters == CASE_LOWER || (token->letters == CASE_TITLE && i > 0);
        text_putc(out, (char) (letter && small ? name[i] | 0x20 : name[i]));
    }
    for (int32_t i = (int32_t) length; i < width && !token->fill; i++)
        text_putc(out, ' ');
}

/* Of a date by its era. */
static int32_t shown_year(const Moment *moment, int32_t year)
{
    return moment->interval || year > 0 ? year : 1 - year;
}

static int64_t unit_power(int32_t digits)
{
    int64_t power = 1;
    for (; digits > 0; digits--)
        power *= 10;
    return power;
}

static void put_year(Text *out, const DateToken *token, int32_t shown)
{
    put_number(out, token, token->digits == 4 ? shown : shown % (int32_t) unit_power(token->digits), token->digits);
}

static void put_zone(Text *out, const DateToken *token, const Moment *moment)
{
    int32_t east = zone_offset(moment->zone, moment->utc);
    int32_t minutes = abs(east) / 60 % 60;
    const char *name = zone_abbreviation(moment->zone, moment->utc);
    switch (token->word)
    {
    case WORD_ZONE:
        put_name(out, token, name, strlen(name), 0);
        return;
    case WORD_OFFSET:
    case WORD_ZONE_HOUR:
        text_printf(out, "%c%02d", east < 0 ? '-' : '+', abs(east) / 3600);
        if (token->word == WORD_OFFSET && minutes != 0)
            text_printf(out, ":%02d", minutes);
        return;
    default:
        text_printf(out, "%02d", minutes);
        return;
    }
}

static void put_clock(Text *out, const DateToken *token, const Moment *moment)
{
    bool afternoon = moment->hour % 24 >= 12;
    switch (token->word)
    {
    case WORD_HALF_DOTS:
        put_name(out, token, afternoon ? "P.M." : "A.M.", 4, 0);
        return;
    case WORD_HALF:
        put_name(out, token, afternoon ? "PM" : "AM", 2, 0);
        return;
    case WORD_HOUR24:
        put_number(out, token, moment->hour, 2);
        return;
    case WORD_HOUR12:
        put_number(out, token, moment->hour % 12 == 0 ? 12 : moment->hour % 12, 2);
        return;
    case WORD_MINUTE:
        put_number(out, token, moment->minute, 2);
        return;
    case WORD_SECOND:
        put_number(out, token, moment->second, 2);
        return;
    case WORD_FRACTION:
    case WORD_MILLISECOND:
    case WORD_MICROSECOND:
        /* the fraction of a second keeps its zeros whatever FM says */
        put_number(out, &(DateToken){.ordinal = token->ordinal}, moment->us / unit_power(6 - token->digits),
                   token->digits - (moment->us < 0));
        return;
    case WORD_SECOND_OF_DAY:
        put_number(out, token, moment->hour * 3600 + moment->minute * 60 + moment->second, 0);
        return;
    default:
        put_zone(out, token, moment);
        return;
    }
}

static int32_t century(const Moment *moment)
{
    if (moment->interval)
        return moment->year / 100;
    return moment->year > 0 ? (moment->year - 1) / 100 + 1 : moment->year / 100 - 1;
}

static void put_date(Text *out, const DateToken *token, const Moment *moment)
{
    int32_t weekday = (int32_t) date_field(FIELD_DOW, moment->date);
    int32_t week = (int32_t) date_field(FIELD_WEEK, moment->date);
    switch (token->word)
    {
    case WORD_ERA_DOTS:
        put_name(out, token, moment->year > 0 ? "A.D." : "B.C.", 4, 0);
        return;
    case WORD_ERA:
        put_name(out, token, moment->year > 0 ? "AD" : "BC", 2, 0);
        return;
    case WORD_CENTURY:
        put_number(out, token, century(moment), 2);
        return;
    case WORD_DAY_NAME:
        put_name(out, token, day_names[weekday], strlen(day_names[weekday]), 9);
        return;
    case WORD_DAY_SHORT:
        put_name(out, token, day_names[weekday], 3, 0);
        return;
    case WORD_MONTH_NAME:
        put_name(out, token, month_names[moment->month - 1], strlen(month_names[moment->month - 1]), 9);
        return;
    case WORD_MONTH_SHORT:
        put_name(out, token, month_names[moment->month - 1], 3, 0);
        return;
    case WORD_DAY_OF_YEAR:
        put_number(out, token, moment->day_of_year, 3 - (moment->day_of_year < 0));
        return;
    case WORD_ISO_DAY_OF_YEAR:
        put_number(out, token, (week - 1) * 7 + (weekday + 6) % 7 + 1, 3);
        return;
    case WORD_DAY:
        put_number(out, token, moment->day, 2 - (moment->day < 0));
        return;
    case WORD_DAY_OF_WEEK:
        put_number(out, token, weekday + 1, 0);
        return;
    case WORD_ISO_DAY_OF_WEEK:
        put_number(out, token, weekday == 0 ? 7 : weekday, 0);
        return;
    case WORD_ISO_YEAR:
    {
        int32_t year = (int32_t) date_field(FIELD_ISOYEAR, moment->date); /* -1 = 1 BC */
        put_year(out, token, shown_year(moment, year < 0 ? year + 1 : year));
        return;
    }
    case WORD_ISO_WEEK:
        put_number(out, token, week, 2);
        return;
    case WORD_WEEK:
        put_number(out, token, (moment->day_of_year - 1) / 7 + 1, 2);
        return;
    case WORD_WEEK_OF_MONTH:
        put_number(out, token, (moment->day - 1) / 7 + 1, 0);
        return;
    case WORD_JULIAN:
        put_number(out, token, (int64_t) moment->date + 2451545, 0);
        return;
    case WORD_MONTH:
        put_number(out, token, moment->month, 2);
        return;
    case WORD_QUARTER:
        if (moment->month != 0)
            put_number(out, token, (moment->month - 1) / 3 + 1, 0);
        return;
    case WORD_YEAR_COMMA:
        text_printf(out, "%d,%03d", shown_year(moment, moment->year) / 1000, shown_year(moment, moment->year) % 1000);
        return;
    case WORD_YEAR:
        put_year(out, token, shown_year(moment, moment->year));
        return;
    default:
        put_clock(out, token, moment);
        return;
    }
}

/* An interval's months are 0 to 11 or, all of them, negative: 12 of them are a year. */
static void put_roman(Text *out, const DateToken *token, const Moment *moment)
{
    static const char *const numbers[12] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};
    int32_t month = moment->month;
    if (month == 0 && moment->year == 0)
        return;
    if (month < 0)
        month += 13;
    else if (month == 0)
        month = moment->year > 0 ? 12 : 1;
    put_name(out, token, numbers[month - 1], strlen(numbers[month - 1]), 4);
}

static void put_words(Text *out, const Moment *moment, const Str *picture)
{
    DateReader reader = {picture->data, picture->data + picture->len, false};
    for (DateToken token = date_token_next(&reader); token.word != WORD_END; token = date_token_next(&reader))
        switch (token.word)
        {
        case WORD_LITERAL:
        case WORD_SEPARATOR:
            text_append(out, token.literal.data, (size_t) token.literal.len);
            break;
        case WORD_EXACT:
            break;
        case WORD_ROMAN:
            put_roman(out, &token, moment);
            break;
        default:
            put_date(out, &token, moment);
            break;
        }
}

static void split_time(Moment *moment, int64_t us)
{
    moment->hour = us / INT64_C(3600000000);
    moment->minute = us / 60000000 % 60;
    moment->second = us / 1000000 % 60;
    moment->us = us % 1000000;
}

/* The moment `utc` as it is told in the zone. */
static void put_moment(Arena *arena, Str *result, const TimeZone *zone, int64_t utc, const Str *picture)
{
    int64_t timestamp = zone_to_local(zone, utc);
    Moment moment = {.date = timestamp_date(timestamp), .zone = zone, .utc = utc};
    date_to_civil(moment.date, &moment.year, &moment.month, &moment.day);
    moment.day_of_year = (int32_t) date_field(FIELD_DOY, moment.date);
    split_time(&moment, timestamp - moment.date * DAY_US);
    Text out;
    text_init(&out, arena);
    put_words(&out, &moment, picture);
    *result = (Str){out.data == NULL ? "" : out.data, (int64_t) out.length};
}

/* Moments without a zone are told in UTC, as Redshift does. */
void k_to_char_timestamp(Arena *arena, Str *result, int64_t timestamp, const Str *picture)
{
    put_moment(arena, result, zone_utc(), timestamp, picture);
}

void k_to_char_timestamptz(Arena *arena, Str *result, int64_t timestamp, const Str *picture)
{
    put_moment(arena, result, value_session()->zone, timestamp, picture);
}

void k_to_char_date(Arena *arena, Str *result, int64_t date, const Str *picture)
{
    k_to_char_timestamp(arena, result, date * DAY_US, picture);
}

/* Only a day of a calendar has them. */
static bool is_of_calendar(DateWord word)
{
    switch (word)
    {
    case WORD_ERA:
    case WORD_ERA_DOTS:
    case WORD_DAY_NAME:
    case WORD_DAY_SHORT:
    case WORD_DAY_OF_WEEK:
    case WORD_ISO_DAY_OF_WEEK:
    case WORD_ISO_DAY_OF_YEAR:
    case WORD_ISO_WEEK:
    case WORD_ISO_YEAR:
    case WORD_JULIAN:
    case WORD_MONTH_NAME:
    case WORD_MONTH_SHORT:
    case WORD_OFFSET:
    case WORD_ZONE:
    case WORD_ZONE_HOUR:
    case WORD_ZONE_MINUTE:
        return true;
    default:
        return false;
    }
}

void k_to_char_interval(Arena *arena, Str *result, const Interval *interval, const Str *picture, Error **error)
{
    Moment moment = {.interval = true, .year = interval->months / 12, .month = interval->months % 12, .day = interval->days};
    moment.day_of_year = (int32_t) ((int64_t) interval->months * 30 + interval->days); /* about: the span in days */
    split_time(&moment, interval->us);
    *result = (Str){"", 0};
    DateReader reader = {picture->data, picture->data + picture->len, false};
    for (DateToken token = date_token_next(&reader); token.word != WORD_END; token = date_token_next(&reader))
        if (is_of_calendar(token.word))
        {
            error_keep(error, error_hint(error_new(SQLSTATE_INVALID_DATETIME_FORMAT,
                                                   "invalid format specification for an interval value"),
                                         "Intervals are not tied to specific calendar dates."));
            return;
        }
    Text out;
    text_init(&out, arena);
    put_words(&out, &moment, picture);
    if (out.length > 0)
        *result = (Str){out.data, (int64_t) out.length};
}
