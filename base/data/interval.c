/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals from text: "3 months 2 days", "1 day 04:05:06", "@ 1 hour ago", "90", "1-2", "P1Y2M". */
#include "base/data/datetime.h"

#include <string.h>

/* What is being put together; wide, so that only the end has to check. */
typedef struct Sum
{
    __int128 months;
    __int128 days;
    __int128 us;
} Sum;

typedef struct Cursor
{
    const char *at;
    const char *end;
} Cursor;

/* A number as whole part and micro-units, sign in both. */
typedef struct Amount
{
    int64_t whole;
    int64_t millionths;
    bool negative; /* even of 0 */
} Amount;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool amount_scan(Cursor *cursor, Amount *amount)
{
    *amount = (Amount){0};
    if (cursor->at < cursor->end && (*cursor->at == '-' || *cursor->at == '+'))
        amount->negative = *cursor->at++ == '-';
    bool seen = false;
    for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++)
    {
        if (amount->whole > INT64_C(100000000000000000))
            return false;
        amount->whole = amount->whole * 10 + (*cursor->at - '0');
        seen = true;
    }
    if (cursor->at < cursor->end && *cursor->at == '.')
    {
        cursor->at++;
        int64_t unit = 100000;
        for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++, unit /= 10)
        {
            amount->millionths += (*cursor->at - '0') * unit;
            seen = true;
        }
    }
    if (amount->negative)
    {
        amount->whole = -amount->whole;
        amount->millionths = -amount->millionths;
    }
    return seen;
}

/* Adds whole and fraction of `unit_us` microseconds. */
static void add_us(Sum *sum, Amount amount, int64_t unit_us)
{
    sum->us += (__int128) amount.whole * unit_us + (__int128) amount.millionths * unit_us / 1000000;
}

/* Fractions of a day spill into time, of a month into days (30), as PostgreSQL has it. */
static void add_days(Sum *sum, Amount amount, int32_t unit_days)
{
    sum->days += (__int128) amount.whole * unit_days;
    int64_t millionths = amount.millionths * unit_days;
    sum->days += millionths / 1000000;
    sum->us += (__int128) (millionths % 1000000) * (DAY_US / 1000000);
}

static void add_months(Sum *sum, Amount amount, int32_t unit_months)
{
    sum->months += (__int128) amount.whole * unit_months;
    int64_t millionths = amount.millionths * unit_months;
    sum->months += millionths / 1000000;
    if (unit_months > 1)
        return; /* a fraction of a year is whole months */
    add_days(sum, (Amount){.millionths = millionths % 1000000}, 30);
}

static bool unit_add(Sum *sum, Amount amount, const char *unit, size_t length)
{
    switch (date_field_by_name(unit, length))
    {
    case FIELD_MILLENNIUM:
        add_months(sum, amount, 12000);
        return true;
    case FIELD_CENTURY:
        add_months(sum, amount, 1200);
        return true;
    case FIELD_DECADE:
        add_months(sum, amount, 120);
        return true;
    case FIELD_YEAR:
        add_months(sum, amount, 12);
        return true;
    case FIELD_QUARTER:
        add_months(sum, amount, 3);
        return true;
    case FIELD_MONTH:
        add_months(sum, amount, 1);
        return true;
    case FIELD_WEEK:
        add_days(sum, amount, 7);
        return true;
    case FIELD_DAY:
        add_days(sum, amount, 1);
        return true;
    case FIELD_HOUR:
        add_us(sum, amount, 3600 * SECOND_US);
        return true;
    case FIELD_MINUTE:
        add_us(sum, amount, 60 * SECOND_US);
        return true;
    case FIELD_SECOND:
        add_us(sum, amount, SECOND_US);
        return true;
    case FIELD_MILLISECOND:
        add_us(sum, amount, 1000);
        return true;
    case FIELD_MICROSECOND:
        add_us(sum, amount, 1);
        return true;
    default:
        return false;
    }
}

/* After the hours of [-]HH:MM[:SS[.f]]. */
static bool time_add(Sum *sum, Cursor *cursor, Amount hours)
{
    Amount minutes;
    Amount seconds = {0};
    cursor->at++;
    if (hours.millionths != 0 || !amount_scan(cursor, &minutes) || minutes.negative)
        return false;
    if (cursor->at < cursor->end && *cursor->at == ':')
    {
        cursor->at++;
        if (minutes.millionths != 0 || !amount_scan(cursor, &seconds) || seconds.negative)
            return false;
    }
    else if (minutes.millionths != 0)
    {
        /* "MM:SS.f" */
        seconds = minutes;
        minutes = (Amount){.whole = hours.negative ? -hours.whole : hours.whole};
        hours.whole = 0;
    }
    if (minutes.whole > 59 || seconds.whole > 60)
        return false;
    __int128 us = (__int128) (hours.negative ? -hours.whole : hours.whole) * 3600 * SECOND_US +
                  minutes.whole * 60 * SECOND_US + seconds.whole * SECOND_US + seconds.millionths;
    sum->us += hours.negative ? -us : us;
    return true;
}

/* After the years of [-]Y-M. */
static bool year_month_add(Sum *sum, Cursor *cursor, Amount years)
{
    Amount months;
    cursor->at++;
    if (!amount_scan(cursor, &months) || months.millionths != 0 || months.whole > 11)
        return false;
    sum->months += (__int128) years.whole * 12 + (years.negative ? -months.whole : months.whole);
    return true;
}

/* ISO 8601, after the P: 1Y2M3W4DT5H6M7.8S */
static bool iso_scan(Cursor *cursor, Sum *sum)
{
    static const char *const units[2] = {"YMWD", "HMS"};
    static const char *const names[2][4] = {{"year", "month", "week", "day"}, {"hour", "minute", "second", ""}};
    int32_t part = 0;
    bool seen = false;
    while (cursor->at < cursor->end)
    {
        Amount amount;
        if (*cursor->at == 'T' && part == 0)
        {
            part = 1;
            cursor->at++;
            continue;
        }
        if (!amount_scan(cursor, &amount) || cursor->at == cursor->end)
            return false;
        const char *unit = strchr(units[part], *cursor->at);
        if (unit == NULL || *cursor->at == '\0')
            return false;
        cursor->at++;
        const char *name = names[part][unit - units[part]];
        seen = unit_add(sum, amount, name, strlen(name));
    }
    return seen;
}

static bool sum_scan(Cursor *cursor, Sum *sum)
{
    bool seen = false;
    if (cursor->end - cursor->at > 2 && *cursor->at == 'P')
    {
        cursor->at++;
        return iso_scan(cursor, sum);
    }
    while (cursor->at < cursor->end)
    {
        char c = *cursor->at;
        if (c == ' ' || c == ',' || c == '@' || (c >= '\t' && c <= '\r'))
        {
            cursor->at++;
            continue;
        }
        if (is_letter(c))
        {
            if (!seen || cursor->end - cursor->at < 3 || strncasecmp(cursor->at, "ago", 3) != 0)
                return false;
            cursor->at += 3;
            *sum = (Sum){-sum->months, -sum->days, -sum->us};
            continue;
        }
        Amount amount;
        if (!amount_scan(cursor, &amount))
            return false;
        seen = true;
        if (cursor->at < cursor->end && *cursor->at == ':')
        {
            if (!time_add(sum, cursor, amount))
                return false;
            continue;
        }
        if (cursor->end - cursor->at > 1 && *cursor->at == '-' && is_digit(cursor->at[1]) && amount.millionths == 0)
        {
            if (!year_month_add(sum, cursor, amount))
                return false;
            continue;
        }
        while (cursor->at < cursor->end && *cursor->at == ' ')
            cursor->at++;
        const char *unit = cursor->at;
        while (cursor->at < cursor->end && is_letter(*cursor->at))
            cursor->at++;
        if (cursor->at == unit)
        {
            /* "1 04:05:06": a number before a time counts days, alone it counts seconds */
            bool time_follows = memchr(unit, ':', (size_t) (cursor->end - unit)) != NULL;
            if (time_follows)
                add_days(sum, amount, 1);
            else
                add_us(sum, amount, SECOND_US);
        }
        else if (!unit_add(sum, amount, unit, (size_t) (cursor->at - unit)))
        {
            return false;
        }
    }
    return seen;
}

Error *interval_parse(const char *text, size_t length, Interval *interval)
{
    Cursor cursor = {text, text + length};
    Sum sum = {0, 0, 0};
    *interval = (Interval){0, 0, 0};
    if (!sum_scan(&cursor, &sum))
        return error_new(SQLSTATE_INVALID_DATETIME_FORMAT, "invalid input syntax for type interval: \"%.*s\"",
                         (int) (length > 100 ? 100 : length), text);
    if (sum.months > INT32_MAX || sum.months < INT32_MIN || sum.days > INT32_MAX || sum.days < INT32_MIN ||
        sum.us > INT64_MAX || sum.us < INT64_MIN)
        return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "interval out of range");
    *interval = (Interval){.us = (int64_t) sum.us, .days = (int32_t) sum.days, .months = (int32_t) sum.months};
    return NULL;
}
