/* SPDX-License-Identifier: Apache-2.0 */
/* TIMESTAMPTZ, TIME and TIMETZ: casts, parts, arithmetic, zones.  The session's zone is value_session.h's. */
#include "base/core/trace.h"
#include "base/data/value_session.h"
#include "base/kernel/body.h"

#include <time.h>
#include <unistd.h>

#define MOMENT_TEXT_BYTES 64

/* ---- casts ---------------------------------------------------------------------- */

#define MOMENT_CAST(from, FROM, to, TO)                                                                                \
    int64_t k_cast_##from##_##to(int64_t value, int32_t length, int32_t scale, int32_t mode)                           \
    {                                                                                                                  \
        (void) length, (void) scale, (void) mode;                                                                      \
        (void) moment_cast(TYPE_##FROM, value, TYPE_##TO, &value);                                                     \
        return value;                                                                                                  \
    }
MOMENT_CAST(date, DATE, timestamptz, TIMESTAMPTZ)
MOMENT_CAST(time, TIME, timetz, TIMETZ)
MOMENT_CAST(timestamp, TIMESTAMP, time, TIME)
MOMENT_CAST(timestamp, TIMESTAMP, timestamptz, TIMESTAMPTZ)
MOMENT_CAST(timestamptz, TIMESTAMPTZ, date, DATE)
MOMENT_CAST(timestamptz, TIMESTAMPTZ, time, TIME)
MOMENT_CAST(timestamptz, TIMESTAMPTZ, timestamp, TIMESTAMP)
MOMENT_CAST(timestamptz, TIMESTAMPTZ, timetz, TIMETZ)
MOMENT_CAST(timetz, TIMETZ, time, TIME)
#undef MOMENT_CAST

#define MOMENT_PARSE(type)                                                                                             \
    int64_t k_cast_text_##type(const Str *text, int32_t length, int32_t scale, int32_t mode, Error **error)            \
    {                                                                                                                  \
        int64_t value = 0;                                                                                             \
        (void) length, (void) scale, (void) mode;                                                                      \
        error_keep(error, type##_parse(text->data, (size_t) text->len, &value));                                       \
        return value;                                                                                                  \
    }
MOMENT_PARSE(time)
MOMENT_PARSE(timestamptz)
MOMENT_PARSE(timetz)
#undef MOMENT_PARSE

#define MOMENT_TEXT(type)                                                                                              \
    void k_cast_##type##_text(Arena *arena, Str *result, int64_t value, int32_t length, int32_t scale, int32_t mode,   \
                              Error **error)                                                                           \
    {                                                                                                                  \
        char bytes[MOMENT_TEXT_BYTES];                                                                                 \
        int32_t count = type##_format(value, bytes);                                                                   \
        (void) scale;                                                                                                  \
        *result = (Str){"", 0};                                                                                        \
        error_keep(error, str_fit(type_varchar(length), (ValueMode) mode,                                              \
                                  (Str){arena_memdup(arena, bytes, (size_t) count), count}, result));                  \
    }
MOMENT_TEXT(time)
MOMENT_TEXT(timestamptz)
MOMENT_TEXT(timetz)
#undef MOMENT_TEXT

void k_cast_time_interval(Interval *result, int64_t time, int32_t length, int32_t precision, int32_t mode)
{
    (void) mode;
    *result = interval_fit(&(Interval){.us = time}, length, precision);
}

void k_cast_interval_interval(Interval *result, const Interval *interval, int32_t length, int32_t precision,
                              int32_t mode)
{
    (void) mode;
    *result = interval_fit(interval, length, precision);
}

int64_t k_cast_interval_time(const Interval *interval, int32_t length, int32_t scale, int32_t mode)
{
    (void) length, (void) scale, (void) mode;
    return time_wrap(interval->us);
}

/* ---- comparing, local times being in the session's zone -------------------------- */

#define MOMENT_COMPARE(other, OTHER)                                                                                   \
    int64_t k_##other##_cmp_timestamptz(int64_t other, int64_t timestamptz)                                            \
    {                                                                                                                  \
        (void) moment_cast(TYPE_##OTHER, other, TYPE_TIMESTAMPTZ, &other);                                             \
        return k_date_cmp(other, timestamptz);                                                                         \
    }                                                                                                                  \
    int64_t k_timestamptz_cmp_##other(int64_t timestamptz, int64_t other)                                              \
    {                                                                                                                  \
        return -k_##other##_cmp_timestamptz(other, timestamptz);                                                       \
    }
MOMENT_COMPARE(date, DATE)
MOMENT_COMPARE(timestamp, TIMESTAMP)
#undef MOMENT_COMPARE

/* ---- zones ------------------------------------------------------------------------ */

static const TimeZone *zone_named(const Str *name, Error **error)
{
    const TimeZone *zone;
    error_keep(error, zone_find(name->data, (size_t) name->len, &zone));
    return zone;
}

/* A local time there, as a moment. */
int64_t k_timezone_timestamp(const Str *zone, int64_t timestamp, Error **error)
{
    return zone_to_utc(zone_named(zone, error), timestamp);
}

/* The local time of a moment there. */
int64_t k_timezone_timestamptz(const Str *zone, int64_t timestamp, Error **error)
{
    return zone_to_local(zone_named(zone, error), timestamp);
}

int64_t k_timezone_timetz(const Str *name, int64_t timetz, Error **error)
{
    const TimeZone *zone = zone_named(name, error);
    int32_t west = -zone_offset(zone, value_session()->now);
    int64_t utc = timetz_time(timetz) + timetz_west(timetz) * SECOND_US;
    return timetz_make(time_wrap(utc - west * SECOND_US), west);
}

int64_t k_convert_timezone(const Str *to, int64_t timestamp, Error **error)
{
    return zone_to_local(zone_named(to, error), timestamp);
}

int64_t k_convert_timezone_from(const Str *from, const Str *to, int64_t timestamp, Error **error)
{
    return zone_to_local(zone_named(to, error), zone_to_utc(zone_named(from, error), timestamp));
}

/* ---- parts --------------------------------------------------------------------------- */

static bool zone_part(DateField part, int64_t east, int64_t *value)
{
    *value = part == FIELD_TIMEZONE          ? east
             : part == FIELD_TIMEZONE_HOUR   ? east / 3600
             : part == FIELD_TIMEZONE_MINUTE ? east / 60 % 60
                                             : 0;
    return part == FIELD_TIMEZONE || part == FIELD_TIMEZONE_HOUR || part == FIELD_TIMEZONE_MINUTE;
}

int64_t k_extract_timestamptz(int64_t part, int64_t timestamp)
{
    int64_t value;
    int32_t east = zone_offset(value_session()->zone, timestamp);
    if (zone_part((DateField) part, east, &value))
        return value;
    return k_extract(part, part == FIELD_EPOCH ? timestamp : timestamp + east * SECOND_US);
}

double k_date_part_timestamptz(int64_t part, int64_t timestamp)
{
    int64_t value;
    int32_t east = zone_offset(value_session()->zone, timestamp);
    if (zone_part((DateField) part, east, &value))
        return (double) value;
    return k_date_part(part, part == FIELD_EPOCH ? timestamp : timestamp + east * SECOND_US);
}

int64_t k_extract_time(int64_t part, int64_t time)
{
    return time_field((DateField) part, time);
}

double k_date_part_time(int64_t part, int64_t time)
{
    if (part == FIELD_EPOCH)
        return (double) time / 1e6;
    return k_date_part_interval(part, &(Interval){.us = time});
}

int64_t k_extract_timetz(int64_t part, int64_t timetz)
{
    int64_t value;
    if (zone_part((DateField) part, -timetz_west(timetz), &value))
        return value;
    int64_t time = timetz_time(timetz);
    return time_field((DateField) part, part == FIELD_EPOCH ? time + timetz_west(timetz) * SECOND_US : time);
}

double k_date_part_timetz(int64_t part, int64_t timetz)
{
    int64_t value;
    if (zone_part((DateField) part, -timetz_west(timetz), &value))
        return (double) value;
    int64_t time = timetz_time(timetz);
    return k_date_part_time(part, part == FIELD_EPOCH ? time + timetz_west(timetz) * SECOND_US : time);
}

/* Days and more begin where they do in the session's zone. */
int64_t k_date_trunc_timestamptz(int64_t part, int64_t timestamp, Error **error)
{
    const TimeZone *zone = value_session()->zone;
    int32_t east = zone_offset(zone, timestamp);
    int64_t local = k_date_trunc(part, timestamp + east * SECOND_US, error);
    bool below_day = part == FIELD_HOUR || part == FIELD_MINUTE || part == FIELD_SECOND || part == FIELD_MILLISECOND ||
                     part == FIELD_MICROSECOND;
    return below_day ? local - east * SECOND_US : zone_to_utc(zone, local);
}

/* ---- arithmetic ---------------------------------------------------------------------- */

/* Months and days are added to the local time, the rest to the moment, as PostgreSQL does. */
static int64_t moment_add(int64_t timestamp, const Interval *interval, int32_t sign, Error **error)
{
    const TimeZone *zone = value_session()->zone;
    int64_t result = timestamp;
    if (interval->months != 0 || interval->days != 0)
    {
        Interval calendar = {.months = interval->months, .days = interval->days};
        error_keep(error, timestamp_add_interval(zone_to_local(zone, timestamp), &calendar, sign, &result));
        result = zone_to_utc(zone, result);
    }
    error_keep(error, timestamp_add_interval(result, &(Interval){.us = interval->us}, sign, &result));
    return result;
}

int64_t k_timestamptz_add_interval(int64_t timestamp, const Interval *interval, Error **error)
{
    return moment_add(timestamp, interval, 1, error);
}

int64_t k_timestamptz_sub_interval(int64_t timestamp, const Interval *interval, Error **error)
{
    return moment_add(timestamp, interval, -1, error);
}

int64_t k_interval_add_timestamptz(const Interval *interval, int64_t timestamp, Error **error)
{
    return moment_add(timestamp, interval, 1, error);
}

int64_t k_dateadd_timestamptz(int64_t part, int64_t count, int64_t timestamp, Error **error)
{
    const TimeZone *zone = value_session()->zone;
    bool below_day = part == FIELD_HOUR || part == FIELD_MINUTE || part == FIELD_SECOND || part == FIELD_MILLISECOND ||
                     part == FIELD_MICROSECOND || part == FIELD_EPOCH;
    if (below_day)
        return k_dateadd(part, count, timestamp, error);
    return zone_to_utc(zone, k_dateadd(part, count, zone_to_local(zone, timestamp), error));
}

int64_t k_time_add_interval(int64_t time, const Interval *interval)
{
    return time_wrap(time % DAY_US + interval->us % DAY_US);
}

int64_t k_interval_add_time(const Interval *interval, int64_t time)
{
    return k_time_add_interval(time, interval);
}

int64_t k_time_sub_interval(int64_t time, const Interval *interval)
{
    return time_wrap(time % DAY_US - interval->us % DAY_US);
}

void k_time_sub_time(Interval *result, int64_t a, int64_t b)
{
    *result = (Interval){.us = a - b};
}

int64_t k_timetz_add_interval(int64_t timetz, const Interval *interval)
{
    return timetz_make(k_time_add_interval(timetz_time(timetz), interval), timetz_west(timetz));
}

int64_t k_interval_add_timetz(const Interval *interval, int64_t timetz)
{
    return k_timetz_add_interval(timetz, interval);
}

int64_t k_timetz_sub_interval(int64_t timetz, const Interval *interval)
{
    return timetz_make(k_time_sub_interval(timetz_time(timetz), interval), timetz_west(timetz));
}

int64_t k_date_add_time(int64_t date, int64_t time)
{
    return date * DAY_US + time;
}

int64_t k_time_add_date(int64_t time, int64_t date)
{
    return date * DAY_US + time;
}

int64_t k_date_add_timetz(int64_t date, int64_t timetz)
{
    return date * DAY_US + timetz_time(timetz) + timetz_west(timetz) * SECOND_US;
}

int64_t k_timetz_add_date(int64_t timetz, int64_t date)
{
    return k_date_add_timetz(date, timetz);
}

/* ---- intervals ------------------------------------------------------------------------- */

static void interval_put(Interval *result, int64_t months, int64_t days, int64_t us, Error **error)
{
    *result = (Interval){.us = us, .days = (int32_t) days, .months = (int32_t) months};
    if (months == (int32_t) months && days == (int32_t) days)
        return;
    *result = (Interval){0, 0, 0};
    error_keep(error, error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "interval out of range"));
}

/* One sign for what stands for each other, as PostgreSQL's justify_hours() has it. */
void k_justify_hours(Interval *result, const Interval *interval, Error **error)
{
    int64_t days = interval->days + interval->us / DAY_US;
    int64_t us = interval->us % DAY_US;
    if (days > 0 && us < 0)
        us += DAY_US, days--;
    else if (days < 0 && us > 0)
        us -= DAY_US, days++;
    interval_put(result, interval->months, days, us, error);
}

void k_justify_days(Interval *result, const Interval *interval, Error **error)
{
    int64_t months = (int64_t) interval->months + interval->days / 30;
    int64_t days = interval->days % 30;
    if (months > 0 && days < 0)
        days += 30, months--;
    else if (months < 0 && days > 0)
        days -= 30, months++;
    interval_put(result, months, days, interval->us, error);
}

void k_justify_interval(Interval *result, const Interval *interval, Error **error)
{
    int64_t days = interval->days + interval->us / DAY_US;
    int64_t us = interval->us % DAY_US;
    int64_t months = interval->months + days / 30;
    days %= 30;
    if (months > 0 && (days < 0 || (days == 0 && us < 0)))
        days += 30, months--;
    else if (months < 0 && (days > 0 || (days == 0 && us > 0)))
        days -= 30, months++;
    if (days > 0 && us < 0)
        us += DAY_US, days--;
    else if (days < 0 && us > 0)
        us -= DAY_US, days++;
    interval_put(result, months, days, us, error);
}

/* ---- ages, the clock -------------------------------------------------------------------- */

/* Years, months and days counted by the calendar: months as long as the one the earlier moment lies in. */
void k_age_timestamps(Interval *result, int64_t a, int64_t b)
{
    int32_t sign = a < b ? -1 : 1;
    int64_t late = a < b ? b : a;
    int64_t early = a < b ? a : b;
    int32_t year, month, day, early_year, early_month, early_day;
    date_to_civil(timestamp_date(late), &year, &month, &day);
    date_to_civil(timestamp_date(early), &early_year, &early_month, &early_day);
    int32_t months = (year - early_year) * 12 + month - early_month;
    int32_t days = day - early_day;
    int64_t us = timestamp_time(late) - timestamp_time(early);
    if (us < 0)
        us += DAY_US, days--;
    if (days < 0)
        days += month_days(early_year, early_month), months--;
    *result = (Interval){.us = sign * us, .days = sign * days, .months = sign * months};
}

void k_age_timestamptzs(Interval *result, int64_t a, int64_t b)
{
    const TimeZone *zone = value_session()->zone;
    k_age_timestamps(result, zone_to_local(zone, a), zone_to_local(zone, b));
}

void k_age_dates(Interval *result, int64_t a, int64_t b)
{
    k_age_timestamps(result, a * DAY_US, b * DAY_US);
}

void k_age_timestamp(Interval *result, int64_t timestamp)
{
    int64_t now = zone_to_local(value_session()->zone, value_session()->now);
    k_age_timestamps(result, now - timestamp_time(now), timestamp);
}

void k_age_timestamptz(Interval *result, int64_t timestamp)
{
    k_age_timestamp(result, zone_to_local(value_session()->zone, timestamp));
}

void k_age_date(Interval *result, int64_t date)
{
    k_age_timestamp(result, date * DAY_US);
}

int64_t k_isfinite(int64_t value)
{
    (void) value;
    return 1;
}

int64_t k_isfinite_interval(const Interval *interval)
{
    (void) interval;
    return 1;
}

void k_timeofday(Arena *arena, Str *result)
{
    static const char picture[] = "Dy Mon DD HH24:MI:SS.US YYYY TZ";
    struct timespec clock;
    clock_gettime(CLOCK_REALTIME, &clock);
    int64_t now = ((int64_t) clock.tv_sec - INT64_C(10957) * 86400) * SECOND_US + clock.tv_nsec / 1000;
    k_to_char_timestamptz(arena, result, now, &(Str){picture, sizeof picture - 1});
}

#define SLEEP_LOOK_US 20000 /* between looks at cancels */

void k_pg_sleep(Arena *arena, Str *result, double seconds, Error **error)
{
    const ValueSession *session = value_session();
    Error *fault = NULL;
    (void) arena;
    *result = (Str){"", 0};
    int64_t begin = clock_us();
    double us = seconds * 1e6, left;
    while (fault == NULL && (left = us - (double) (clock_us() - begin)) > 0)
    {
        usleep(left < SLEEP_LOOK_US ? (useconds_t) left + 1 : SLEEP_LOOK_US);
        if (session->check != NULL)
            fault = session->check(session->task);
    }
    if (fault != NULL)
        error_keep(error, fault);
}
