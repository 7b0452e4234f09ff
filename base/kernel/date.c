/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kernel/body.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define HOUR_US   INT64_C(3600000000)
#define MINUTE_US INT64_C(60000000)

static Error *calendar_left(const char *what)
{
    return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "%s out of range", what);
}

/* ---- parts ---------------------------------------------------------------------- */

int64_t k_extract(int64_t part, int64_t timestamp)
{
    return timestamp_field((DateField) part, timestamp);
}

int64_t k_extract_date(int64_t part, int64_t date)
{
    return date_field((DateField) part, (int32_t) date);
}

static int64_t interval_field(DateField field, const Interval *interval)
{
    switch (field)
    {
    case FIELD_MILLENNIUM:
        return interval->months / 12000;
    case FIELD_CENTURY:
        return interval->months / 1200;
    case FIELD_DECADE:
        return interval->months / 120;
    case FIELD_YEAR:
        return interval->months / 12;
    case FIELD_QUARTER:
        return interval->months % 12 / 3 + 1;
    case FIELD_MONTH:
        return interval->months % 12;
    case FIELD_DAY:
        return interval->days;
    case FIELD_HOUR:
        return interval->us / HOUR_US;
    case FIELD_MINUTE:
        return interval->us / MINUTE_US % 60;
    case FIELD_SECOND:
        return interval->us / SECOND_US % 60;
    case FIELD_MILLISECOND:
        return interval->us / 1000 % 60000;
    case FIELD_MICROSECOND:
        return interval->us % MINUTE_US;
    case FIELD_EPOCH:
        /* a year as 365.25 days, a month beyond the years as 30, as PostgreSQL has it */
        return (int64_t) interval->months / 12 * 31557600 + (int64_t) interval->months % 12 * 30 * 86400 +
               (int64_t) interval->days * 86400 + interval->us / SECOND_US;
    default:
        return 0;
    }
}

int64_t k_extract_interval(int64_t part, const Interval *interval)
{
    return interval_field((DateField) part, interval);
}

/* DATE_PART gives seconds and what is made of them with their fraction. */
static double part_with_fraction(DateField part, int64_t whole, int64_t us)
{
    int64_t below_second = us % SECOND_US;
    switch (part)
    {
    case FIELD_SECOND:
    case FIELD_EPOCH:
        return (double) whole + (double) below_second / 1e6;
    case FIELD_MILLISECOND:
        return (double) (us % MINUTE_US) / 1e3;
    default:
        return (double) whole;
    }
}

double k_date_part(int64_t part, int64_t timestamp)
{
    int64_t us = timestamp - timestamp_date(timestamp) * DAY_US;
    return part_with_fraction((DateField) part, timestamp_field((DateField) part, timestamp), us);
}

double k_date_part_date(int64_t part, int64_t date)
{
    return (double) date_field((DateField) part, (int32_t) date);
}

double k_date_part_interval(int64_t part, const Interval *interval)
{
    return part_with_fraction((DateField) part, interval_field((DateField) part, interval), interval->us);
}

int64_t k_date_part_year(int64_t date)
{
    return date_field(FIELD_YEAR, (int32_t) date);
}

int64_t k_date_trunc(int64_t part, int64_t timestamp, Error **error)
{
    switch (part)
    {
    case FIELD_DOW:
    case FIELD_ISODOW:
    case FIELD_DOY:
    case FIELD_EPOCH:
    case FIELD_TIMEZONE:
    case FIELD_TIMEZONE_HOUR:
    case FIELD_TIMEZONE_MINUTE:
        error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "date part is not a unit of time to cut to"));
        return timestamp;
    default:
        break;
    }
    int64_t result = timestamp_trunc((DateField) part, timestamp);
    if (result < TIMESTAMP_MIN)
    {
        error_keep(error, calendar_left("timestamp"));
        return timestamp;
    }
    return result;
}

int64_t k_trunc_timestamp(int64_t timestamp)
{
    return timestamp_date(timestamp);
}

/* ---- dates, days and intervals -------------------------------------------------- */

static int64_t date_checked(int64_t date, Error **error)
{
    if (date >= DATE_MIN && date < DATE_END)
        return date;
    error_keep(error, calendar_left("date"));
    return 0;
}

int64_t k_date_add_days(int64_t date, int64_t days, Error **error)
{
    return date_checked(date + days, error);
}

int64_t k_days_add_date(int64_t days, int64_t date, Error **error)
{
    return date_checked(date + days, error);
}

int64_t k_date_sub_days(int64_t date, int64_t days, Error **error)
{
    return date_checked(date - days, error);
}

int64_t k_date_sub_date(int64_t a, int64_t b)
{
    return a - b;
}

int64_t k_date_cmp(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int64_t k_date_cmp_timestamp(int64_t date, int64_t timestamp)
{
    return k_date_cmp(date * DAY_US, timestamp);
}

int64_t k_timestamp_cmp_date(int64_t timestamp, int64_t date)
{
    return k_date_cmp(timestamp, date * DAY_US);
}

int64_t k_interval_cmp(const Interval *a, const Interval *b)
{
    __int128 one = interval_span(a);
    __int128 other = interval_span(b);
    return (one > other) - (one < other);
}

static int64_t add_interval(int64_t timestamp, const Interval *interval, int32_t sign, Error **error)
{
    int64_t result;
    error_keep(error, timestamp_add_interval(timestamp, interval, sign, &result));
    return result;
}

int64_t k_timestamp_add_interval(int64_t timestamp, const Interval *interval, Error **error)
{
    return add_interval(timestamp, interval, 1, error);
}

int64_t k_timestamp_sub_interval(int64_t timestamp, const Interval *interval, Error **error)
{
    return add_interval(timestamp, interval, -1, error);
}

int64_t k_interval_add_timestamp(const Interval *interval, int64_t timestamp, Error **error)
{
    return add_interval(timestamp, interval, 1, error);
}

int64_t k_date_add_interval(int64_t date, const Interval *interval, Error **error)
{
    return add_interval(date * DAY_US, interval, 1, error);
}

int64_t k_date_sub_interval(int64_t date, const Interval *interval, Error **error)
{
    return add_interval(date * DAY_US, interval, -1, error);
}

int64_t k_interval_add_date(const Interval *interval, int64_t date, Error **error)
{
    return add_interval(date * DAY_US, interval, 1, error);
}

void k_timestamp_sub_timestamp(Interval *result, int64_t a, int64_t b)
{
    __int128 us = (__int128) a - b; /* the whole calendar is a little more than 64 bits hold */
    *result = (Interval){.days = (int32_t) (us / DAY_US), .us = (int64_t) (us % DAY_US)};
}

static void interval_put(Interval *result, __int128 months, __int128 days, __int128 us, Error **error)
{
    *result = (Interval){0, 0, 0};
    if (months != (int32_t) months || days != (int32_t) days || us != (int64_t) us)
    {
        error_keep(error, calendar_left("interval"));
        return;
    }
    *result = (Interval){.us = (int64_t) us, .days = (int32_t) days, .months = (int32_t) months};
}

void k_interval_add(Interval *result, const Interval *a, const Interval *b, Error **error)
{
    interval_put(result, (int64_t) a->months + b->months, (int64_t) a->days + b->days, (__int128) a->us + b->us, error);
}

void k_interval_sub(Interval *result, const Interval *a, const Interval *b, Error **error)
{
    interval_put(result, (int64_t) a->months - b->months, (int64_t) a->days - b->days, (__int128) a->us - b->us, error);
}

void k_interval_neg(Interval *result, const Interval *interval, Error **error)
{
    interval_put(result, -(int64_t) interval->months, -(int64_t) interval->days, -(__int128) interval->us, error);
}

int64_t k_interval_months(const Interval *interval)
{
    return interval->months;
}

int64_t k_interval_days(const Interval *interval)
{
    return interval->days;
}

int64_t k_interval_us(const Interval *interval)
{
    return interval->us;
}

void k_interval_of(Interval *result, int64_t months, int64_t days, const I128 *us, int32_t scale, Error **error)
{
    (void) scale;
    interval_put(result, months, days, i128_get(*us), error);
}

static double scaled(double value, double factor, bool divide)
{
    return divide ? value / factor : value * factor;
}

static double microsecond_rounded(double seconds)
{
    return rint(seconds * 1e6) / 1e6;
}

/* Fractions of months go on as days of 30, of days as time; whole days of that time are days
 * again.  The steps are those of PostgreSQL's interval_mul(). */
static void interval_scale(Interval *result, const Interval *interval, double factor, bool divide, Error **error)
{
    double months = scaled((double) interval->months, factor, divide);
    double days = scaled((double) interval->days, factor, divide);
    double us = scaled((double) interval->us, factor, divide);
    *result = (Interval){0, 0, 0};
    if (!(fabs(months) < 2e9) || !(fabs(days) < 2e9) || !(fabs(us) < 9e18))
    {
        error_keep(error, calendar_left("interval"));
        return;
    }
    double month_days = microsecond_rounded((months - trunc(months)) * 30);
    double seconds = microsecond_rounded((days - trunc(days) + month_days - trunc(month_days)) * 86400);
    double carried_days = trunc(seconds / 86400);
    seconds -= carried_days * 86400;
    interval_put(result, (__int128) trunc(months), (__int128) (trunc(days) + carried_days + trunc(month_days)),
                 (__int128) rint(us + seconds * 1e6), error);
}

void k_interval_mul(Interval *result, const Interval *interval, double factor, Error **error)
{
    interval_scale(result, interval, factor, false, error);
}

void k_double_mul_interval(Interval *result, double factor, const Interval *interval, Error **error)
{
    interval_scale(result, interval, factor, false, error);
}

void k_interval_div(Interval *result, const Interval *interval, double divisor, Error **error)
{
    if (divisor == 0)
    {
        *result = (Interval){0, 0, 0};
        error_keep(error, error_new(SQLSTATE_DIVISION_BY_ZERO, "division by zero"));
        return;
    }
    interval_scale(result, interval, divisor, true, error);
}

/* ---- Redshift's own ---------------------------------------------------------------- */

/* Months of a unit, or 0; else its microseconds in *us. */
static int32_t unit_months(DateField part, int64_t *us)
{
    *us = 0;
    switch (part)
    {
    case FIELD_MILLENNIUM:
        return 12000;
    case FIELD_CENTURY:
        return 1200;
    case FIELD_DECADE:
        return 120;
    case FIELD_YEAR:
    case FIELD_ISOYEAR:
        return 12;
    case FIELD_QUARTER:
        return 3;
    case FIELD_MONTH:
        return 1;
    case FIELD_WEEK:
        *us = 7 * DAY_US;
        return 0;
    case FIELD_DAY:
    case FIELD_DOY:
    case FIELD_DOW:
    case FIELD_ISODOW:
        *us = DAY_US;
        return 0;
    case FIELD_HOUR:
        *us = HOUR_US;
        return 0;
    case FIELD_MINUTE:
        *us = MINUTE_US;
        return 0;
    case FIELD_SECOND:
    case FIELD_EPOCH:
        *us = SECOND_US;
        return 0;
    case FIELD_MILLISECOND:
        *us = 1000;
        return 0;
    case FIELD_MICROSECOND:
        *us = 1;
        return 0;
    default:
        break;
    }
    return 0;
}

int64_t k_dateadd(int64_t part, int64_t count, int64_t timestamp, Error **error)
{
    int64_t unit_us;
    int32_t months = unit_months((DateField) part, &unit_us);
    if (months > 0)
    {
        __int128 all = (__int128) count * months;
        if (all != (int32_t) all)
        {
            error_keep(error, calendar_left("timestamp"));
            return timestamp;
        }
        return add_interval(timestamp, &(Interval){.months = (int32_t) all}, 1, error);
    }
    __int128 result = (__int128) count * unit_us + timestamp;
    if (result < TIMESTAMP_MIN || result >= TIMESTAMP_END)
    {
        error_keep(error, calendar_left("timestamp"));
        return timestamp;
    }
    return (int64_t) result;
}

/* Borders of the part that lie between: the difference of what DATE_TRUNC counts. */
int64_t k_datediff(int64_t part, int64_t from, int64_t to, Error **error)
{
    int64_t unit_us;
    int32_t months = unit_months((DateField) part, &unit_us);
    if (months == 0 && unit_us == 0)
    {
        error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "date part is not a unit of time"));
        return 0;
    }
    if (months > 0)
    {
        int32_t year, month, day;
        date_to_civil(timestamp_date(timestamp_trunc((DateField) part, from)), &year, &month, &day);
        int64_t from_month = (int64_t) year * 12 + month;
        date_to_civil(timestamp_date(timestamp_trunc((DateField) part, to)), &year, &month, &day);
        return ((int64_t) year * 12 + month - from_month) / months;
    }
    if (part == FIELD_WEEK)
    {
        /* weeks begin on Monday, as DATE_TRUNC's do: 2000-01-03 was one */
        int64_t from_day = timestamp_date(from) - 2;
        int64_t to_day = timestamp_date(to) - 2;
        int64_t from_week = from_day / 7 - (from_day % 7 < 0);
        int64_t to_week = to_day / 7 - (to_day % 7 < 0);
        return to_week - from_week;
    }
    int64_t from_unit = from / unit_us - (from % unit_us < 0);
    int64_t to_unit = to / unit_us - (to % unit_us < 0);
    return to_unit - from_unit;
}

int64_t k_add_months(int64_t timestamp, int64_t months, Error **error)
{
    int32_t year, month, day;
    if (months != (int32_t) months)
    {
        error_keep(error, calendar_left("timestamp"));
        return timestamp;
    }
    int32_t date = timestamp_date(timestamp);
    date_to_civil(date, &year, &month, &day);
    bool month_end = day == month_days(year, month);
    int64_t result = add_interval(timestamp, &(Interval){.months = (int32_t) months}, 1, error);
    if (!month_end)
        return result;
    date_to_civil(timestamp_date(result), &year, &month, &day);
    return result + (month_days(year, month) - day) * DAY_US;
}

int64_t k_last_day(int64_t timestamp)
{
    int32_t year, month, day;
    int32_t date = timestamp_date(timestamp);
    date_to_civil(date, &year, &month, &day);
    return date + month_days(year, month) - day;
}

double k_months_between(int64_t a, int64_t b)
{
    int32_t a_year, a_month, a_day, b_year, b_month, b_day;
    date_to_civil(timestamp_date(a), &a_year, &a_month, &a_day);
    date_to_civil(timestamp_date(b), &b_year, &b_month, &b_day);
    double months = (double) ((a_year - b_year) * 12 + a_month - b_month);
    bool both_end = a_day == month_days(a_year, a_month) && b_day == month_days(b_year, b_month);
    if (a_day == b_day || both_end)
        return months;
    double a_part = (double) (a - timestamp_date(a) * DAY_US) / (double) DAY_US;
    double b_part = (double) (b - timestamp_date(b) * DAY_US) / (double) DAY_US;
    return months + (a_day + a_part - b_day - b_part) / 31;
}

int64_t k_next_day(int64_t timestamp, const Str *name, Error **error)
{
    static const char *const days[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    int32_t date = timestamp_date(timestamp);
    int64_t length = str_trimmed(*name);
    for (int32_t i = 0; i < 7; i++)
        if (length >= 2 && length <= (int64_t) strlen(days[i]) &&
            strncasecmp(days[i], name->data, (size_t) length) == 0)
        {
            int32_t ahead = (i - (int32_t) date_field(FIELD_DOW, date) + 7) % 7;
            return date_checked(date + (ahead == 0 ? 7 : ahead), error);
        }
    error_keep(error, error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "not a day of the week: \"%.*s\"",
                                (int) (length > 20 ? 20 : length), name->data));
    return 0;
}
