/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals as text in the session's IntervalStyle, after PostgreSQL's EncodeInterval(), and cut to a qualifier. */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/value_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)

typedef struct Parts
{
    int64_t years, months, days, hours, minutes, seconds, us; /* of one sign each */
} Parts;

static Parts parts_of(const Interval *interval)
{
    return (Parts){.years = interval->months / 12,
                   .months = interval->months % 12,
                   .days = interval->days,
                   .hours = interval->us / HOUR_US,
                   .minutes = interval->us / MINUTE_US % 60,
                   .seconds = interval->us / SECOND_US % 60,
                   .us = interval->us % SECOND_US};
}

/* Seconds without sign, with their fraction; two digits if `filled`. */
static char *seconds_write(char *at, int64_t seconds, int64_t us, bool filled)
{
    at += snprintf(at, 24, filled ? "%02lld" : "%lld", (long long) llabs(seconds));
    if (us == 0)
        return at;
    at += snprintf(at, 10, ".%06lld", (long long) llabs(us));
    while (at[-1] == '0')
        at--;
    return at;
}

/* ---- style postgres ------------------------------------------------------------------- */

/* "3 mons": a plus sign after a negative part, so that signs stay clear. */
static char *part_write(char *at, int64_t number, const char *unit, bool *first, bool *before_negative)
{
    if (number == 0)
        return at;
    at += snprintf(at, 32, "%s%s%lld %s%s", *first ? "" : " ", *before_negative && number > 0 ? "+" : "",
                   (long long) number, unit, number == 1 ? "" : "s");
    *first = false;
    *before_negative = number < 0;
    return at;
}

static char *format_postgres(const Interval *interval, char *at)
{
    bool first = true;
    bool before_negative = false;
    Parts parts = parts_of(interval);
    at = part_write(at, parts.years, "year", &first, &before_negative);
    at = part_write(at, parts.months, "mon", &first, &before_negative);
    at = part_write(at, parts.days, "day", &first, &before_negative);
    if (interval->us == 0 && !first)
        return at;
    at += snprintf(at, 40, "%s%s%02lld:%02lld:", first ? "" : " ",
                   interval->us < 0  ? "-"
                   : before_negative ? "+"
                                     : "",
                   (long long) llabs(parts.hours), (long long) llabs(parts.minutes));
    return seconds_write(at, parts.seconds, parts.us, true);
}

/* ---- style postgres_verbose -------------------------------------------------------------- */

static char *verbose_part(char *at, int64_t number, const char *unit, bool *zero, bool *before)
{
    if (number == 0)
        return at;
    if (*zero)
        *before = number < 0;
    number = *before ? -number : number;
    *zero = false;
    return at + snprintf(at, 32, " %lld %s%s", (long long) number, unit, number == 1 ? "" : "s");
}

static char *format_verbose(const Interval *interval, char *at)
{
    bool zero = true;
    bool before = false;
    Parts parts = parts_of(interval);
    *at++ = '@';
    at = verbose_part(at, parts.years, "year", &zero, &before);
    at = verbose_part(at, parts.months, "mon", &zero, &before);
    at = verbose_part(at, parts.days, "day", &zero, &before);
    at = verbose_part(at, parts.hours, "hour", &zero, &before);
    at = verbose_part(at, parts.minutes, "min", &zero, &before);
    if (parts.seconds != 0 || parts.us != 0)
    {
        bool negative = parts.seconds < 0 || parts.us < 0;
        *at++ = ' ';
        if (zero)
            before = negative;
        else if (negative != before)
            *at++ = '-';
        at = seconds_write(at, parts.seconds, parts.us, false);
        at += snprintf(at, 8, " sec%s", llabs(parts.seconds) != 1 || parts.us != 0 ? "s" : "");
        zero = false;
    }
    return at + snprintf(at, 8, "%s%s", zero ? " 0" : "", before ? " ago" : "");
}

/* ---- style sql_standard -------------------------------------------------------------------- */

static char *format_sql(const Interval *interval, char *at)
{
    Parts p = parts_of(interval);
    bool negative = interval->months < 0 || interval->days < 0 || interval->us < 0;
    bool positive = interval->months > 0 || interval->days > 0 || interval->us > 0;
    bool time = interval->days != 0 || interval->us != 0;
    if (!negative && !positive)
        return at + snprintf(at, 4, "0");
    if ((negative && positive) || (interval->months != 0 && time))
    {
        /* no value of the standard: every part with its sign */
        at += snprintf(at, 80, "%c%lld-%lld %c%lld %c%lld:%02lld:", interval->months < 0 ? '-' : '+', llabs(p.years),
                       llabs(p.months), interval->days < 0 ? '-' : '+', llabs(p.days), interval->us < 0 ? '-' : '+',
                       llabs(p.hours), llabs(p.minutes));
        return seconds_write(at, p.seconds, p.us, true);
    }
    if (negative)
        *at++ = '-';
    if (interval->months != 0)
        return at + snprintf(at, 40, "%lld-%lld", llabs(p.years), llabs(p.months));
    if (interval->days != 0)
        at += snprintf(at, 24, "%lld ", llabs(p.days));
    at += snprintf(at, 40, "%lld:%02lld:", llabs(p.hours), llabs(p.minutes));
    return seconds_write(at, p.seconds, p.us, true);
}

/* ---- style iso_8601 -------------------------------------------------------------------------- */

static char *iso_part(char *at, int64_t number, char unit)
{
    return number == 0 ? at : at + snprintf(at, 24, "%lld%c", (long long) number, unit);
}

static char *format_iso(const Interval *interval, char *at)
{
    Parts p = parts_of(interval);
    if (interval->months == 0 && interval->days == 0 && interval->us == 0)
        return at + snprintf(at, 8, "PT0S");
    *at++ = 'P';
    at = iso_part(at, p.years, 'Y');
    at = iso_part(at, p.months, 'M');
    at = iso_part(at, p.days, 'D');
    if (interval->us == 0)
        return at;
    *at++ = 'T';
    at = iso_part(at, p.hours, 'H');
    at = iso_part(at, p.minutes, 'M');
    if (p.seconds == 0 && p.us == 0)
        return at;
    if (interval->us < 0)
        *at++ = '-';
    at = seconds_write(at, p.seconds, p.us, false);
    *at++ = 'S';
    return at;
}

int32_t interval_format(const Interval *interval, char *out)
{
    char *end = out;
    switch ((IntervalStyle) value_session()->interval_style)
    {
    case INTERVAL_STYLE_POSTGRES:
        end = format_postgres(interval, out);
        break;
    case INTERVAL_STYLE_VERBOSE:
        end = format_verbose(interval, out);
        break;
    case INTERVAL_STYLE_SQL:
        end = format_sql(interval, out);
        break;
    case INTERVAL_STYLE_ISO:
        end = format_iso(interval, out);
        break;
    }
    return (int32_t) (end - out);
}

/* ---- qualifiers -------------------------------------------------------------------------------- */

static int64_t round_to(int64_t us, int64_t unit)
{
    int64_t half = unit / 2;
    return us >= 0 ? (us + half) / unit * unit : -((half - us) / unit * unit);
}

Interval interval_fit(const Interval *interval, int32_t fields, int32_t precision)
{
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    Interval fitted = *interval;
    if (fields != 0 && fields != INTERVAL_FULL)
    {
        int64_t unit = (fields & INTERVAL_SECOND) != 0   ? 1
                       : (fields & INTERVAL_MINUTE) != 0 ? MINUTE_US
                       : (fields & INTERVAL_HOUR) != 0   ? HOUR_US
                                                         : 0;
        fitted.us = unit == 0 ? 0 : fitted.us / unit * unit;
        if (unit == 0 && (fields & INTERVAL_DAY) == 0)
            fitted.days = 0;
        if (fields == INTERVAL_YEAR)
            fitted.months -= fitted.months % 12;
    }
    if (precision > 0 && precision < 7)
        fitted.us = round_to(fitted.us, units[precision - 1]);
    return fitted;
}
