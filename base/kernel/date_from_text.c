/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TO_DATE and TO_TIMESTAMP: the words of date_format.h read from a text, by PostgreSQL 15's rules
 * for what is skipped; what is out of range (31 June, hour 24) goes on to the next day, month or
 * year, as Redshift has it, unless it is to be strict.
 */
#include "base/data/value_session.h"
#include "base/kernel/body.h"
#include "base/kernel/date_format.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

typedef struct Parsed
{
    int64_t year, century, month, day, day_of_year, julian;
    int64_t week, week_of_month, iso_week, iso_year, weekday;
    int64_t hour, minute, second, us, second_of_day;
    int32_t year_digits;
    bool clock12, afternoon, before_christ, have_second_of_day, have_year;
} Parsed;

typedef struct TextScan
{
    const char *at;
    const char *end;
    DateReader picture;
    bool exact;
    int32_t skipped; /* blanks passed over that the format did not ask for */
    Parsed parsed;
} TextScan;

static bool is_space(const TextScan *scan)
{
    return scan->at < scan->end && isspace((unsigned char) *scan->at);
}

static bool is_separator(const TextScan *scan)
{
    return scan->at < scan->end && ispunct((unsigned char) *scan->at);
}

static void skip_blanks(TextScan *scan)
{
    for (; !scan->exact && is_space(scan); scan->at++)
        scan->skipped++;
}

static Error *invalid_value(const TextScan *scan, const char *word, const char *detail)
{
    int64_t left = scan->end - scan->at;
    return error_detail(error_new(SQLSTATE_INVALID_DATETIME_FORMAT, "invalid value \"%.*s\" for \"%s\"",
                                  (int) (left > 20 ? 20 : left), scan->at, word),
                        "%s", detail);
}

/* Is what follows in the format no digit, so that a number may have any length? */
static bool number_ends_itself(const TextScan *scan)
{
    DateReader ahead = scan->picture;
    DateToken next = date_token_next(&ahead);
    switch (next.word)
    {
    case WORD_END:
    case WORD_SEPARATOR:
    case WORD_HALF_DOTS:
    case WORD_HALF:
    case WORD_ERA_DOTS:
    case WORD_ERA:
    case WORD_DAY_NAME:
    case WORD_DAY_SHORT:
    case WORD_MONTH_NAME:
    case WORD_MONTH_SHORT:
    case WORD_ROMAN:
        return true;
    case WORD_LITERAL:
        return next.literal.data[0] < '0' || next.literal.data[0] > '9';
    default:
        return false;
    }
}

/* Digits, at most `most` unless the number ends by itself; *count: how many characters it took. */
static Error *read_number(TextScan *scan, const DateToken *token, int32_t most, const char *word, int64_t *number,
                          int32_t *count)
{
    const char *start;
    bool any = false;
    while (is_space(scan))
        scan->at++;
    start = scan->at;
    bool free_length = token->fill || number_ends_itself(scan);
    bool minus = scan->at < scan->end && *scan->at == '-';
    scan->at += minus || (scan->at < scan->end && *scan->at == '+');
    *number = 0;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9' && (free_length || scan->at - start < most))
    {
        *number = *number * 10 + (*scan->at++ - '0');
        any = true;
        if (*number > INT32_MAX)
        {
            scan->at = start;
            return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "value for \"%s\" in source string is out of range",
                             word);
        }
    }
    *count = (int32_t) (scan->at - start);
    if (!any)
    {
        scan->at = start;
        return invalid_value(scan, word, "Value must be an integer.");
    }
    if (!free_length && *count < most)
        return error_detail(
            error_new(SQLSTATE_INVALID_DATETIME_FORMAT, "source string too short for \"%s\" formatting field", word),
            "Field requires %d characters, but only %d remain.", most, *count);
    if (minus)
        *number = -*number;
    if (token->ordinal != 0)
        scan->at += scan->end - scan->at >= 2 ? 2 : scan->end - scan->at;
    return NULL;
}

/* The one of `names` that stands here, its first `letters` or all of them; -1 none. */
static int32_t read_name(TextScan *scan, const char *const *names, int32_t count, size_t letters)
{
    for (int32_t i = 0; i < count; i++)
    {
        size_t length = letters > 0 && letters < strlen(names[i]) ? letters : strlen(names[i]);
        if (length <= (size_t) (scan->end - scan->at) && strncasecmp(scan->at, names[i], length) == 0)
        {
            scan->at += length;
            return i;
        }
    }
    return -1;
}

static Error *read_one_of(TextScan *scan, const char *const *names, int32_t count, size_t letters, const char *word,
                          int32_t *found)
{
    *found = read_name(scan, names, count, letters);
    if (*found >= 0)
        return NULL;
    return invalid_value(scan, word, "The given value did not match any of the allowed values for this field.");
}

/* Two digits are years near 2020, as PostgreSQL has it. */
static int64_t near_year(int64_t year)
{
    if (year < 0 || year >= 1000)
        return year;
    return year + (year < 70 ? 2000 : year < 100 ? 1900 : year < 520 ? 2000 : 1000);
}

static Error *read_year(TextScan *scan, const DateToken *token)
{
    int32_t count;
    int64_t *year = token->word == WORD_ISO_YEAR ? &scan->parsed.iso_year : &scan->parsed.year;
    TRY(read_number(scan, token, token->digits, token->word == WORD_ISO_YEAR ? "IYYY" : &"YYYY"[4 - token->digits],
                    year, &count));
    if (token->digits < 4 && count < 4)
        *year = near_year(*year);
    scan->parsed.year_digits = token->digits;
    scan->parsed.have_year = true;
    return NULL;
}

static Error *read_fraction(TextScan *scan, const DateToken *token)
{
    int32_t count;
    int64_t number;
    TRY(read_number(scan, token->digits > 0 ? &(DateToken){.fill = true, .ordinal = token->ordinal} : token,
                    token->digits, "MS", &number, &count));
    for (; count < 6; count++)
        number *= 10;
    for (; count > 6; count--)
        number /= 10;
    scan->parsed.us = number;
    return NULL;
}

static Error *read_half(TextScan *scan, bool dots)
{
    static const char *const halves[4] = {"AM", "PM", "A.M.", "P.M."};
    int32_t half;
    TRY(read_one_of(scan, dots ? halves + 2 : halves, 2, 0, dots ? "A.M." : "AM", &half));
    scan->parsed.afternoon = half == 1;
    scan->parsed.clock12 = true;
    return NULL;
}

static Error *read_era(TextScan *scan, bool dots)
{
    static const char *const eras[4] = {"AD", "BC", "A.D.", "B.C."};
    int32_t era;
    TRY(read_one_of(scan, dots ? eras + 2 : eras, 2, 0, dots ? "B.C." : "BC", &era));
    scan->parsed.before_christ = era == 1;
    return NULL;
}

static Error *read_roman(TextScan *scan)
{
    static const char *const romans[12] = {"XII", "XI", "VIII", "VII", "III", "IX", "VI", "IV", "II", "X", "V", "I"};
    static const int32_t months[12] = {12, 11, 8, 7, 3, 9, 6, 4, 2, 10, 5, 1};
    int32_t found;
    TRY(read_one_of(scan, romans, 12, 0, "RM", &found));
    scan->parsed.month = months[found];
    return NULL;
}

/* Where a number of this word goes. */
static int64_t *number_place(Parsed *parsed, DateWord word, const char **name, int32_t *most)
{
    *most = 2;
    switch (word)
    {
    case WORD_CENTURY:
        *name = "CC";
        return &parsed->century;
    case WORD_MONTH:
        *name = "MM";
        return &parsed->month;
    case WORD_DAY:
        *name = "DD";
        return &parsed->day;
    case WORD_DAY_OF_YEAR:
    case WORD_ISO_DAY_OF_YEAR:
        *name = "DDD";
        *most = 3;
        return &parsed->day_of_year;
    case WORD_DAY_OF_WEEK:
    case WORD_ISO_DAY_OF_WEEK:
        *name = "D";
        *most = 1;
        return &parsed->weekday;
    case WORD_HOUR24:
    case WORD_HOUR12:
        *name = "HH24";
        return &parsed->hour;
    case WORD_MINUTE:
        *name = "MI";
        return &parsed->minute;
    case WORD_SECOND:
        *name = "SS";
        return &parsed->second;
    case WORD_SECOND_OF_DAY:
        *name = "SSSS";
        *most = 5;
        return &parsed->second_of_day;
    case WORD_WEEK:
        *name = "WW";
        return &parsed->week;
    case WORD_ISO_WEEK:
        *name = "IW";
        return &parsed->iso_week;
    case WORD_WEEK_OF_MONTH:
        *name = "W";
        *most = 1;
        return &parsed->week_of_month;
    case WORD_JULIAN:
        *name = "J";
        *most = 9;
        return &parsed->julian;
    default:
        return NULL;
    }
}

static Error *read_word(TextScan *scan, const DateToken *token)
{
    Parsed *parsed = &scan->parsed;
    const char *name = "";
    int64_t ignored;
    int32_t found, count, most;
    switch (token->word)
    {
    case WORD_HALF_DOTS:
    case WORD_HALF:
        return read_half(scan, token->word == WORD_HALF_DOTS);
    case WORD_ERA_DOTS:
    case WORD_ERA:
        return read_era(scan, token->word == WORD_ERA_DOTS);
    case WORD_MONTH_NAME:
    case WORD_MONTH_SHORT:
        TRY(read_one_of(scan, month_names, 12, token->word == WORD_MONTH_NAME ? 0 : 3,
                        token->word == WORD_MONTH_NAME ? "MONTH" : "MON", &found));
        parsed->month = found + 1;
        return NULL;
    case WORD_DAY_NAME:
    case WORD_DAY_SHORT:
        return read_one_of(scan, day_names, 7, token->word == WORD_DAY_NAME ? 0 : 3,
                           token->word == WORD_DAY_NAME ? "DAY" : "DY", &found);
    case WORD_ROMAN:
        return read_roman(scan);
    case WORD_YEAR:
    case WORD_ISO_YEAR:
        return read_year(scan, token);
    case WORD_YEAR_COMMA:
    {
        int64_t rest;
        TRY(read_number(scan, &(DateToken){.fill = true}, 4, "Y,YYY", &parsed->year, &count));
        parsed->have_year = true;
        parsed->year_digits = 4;
        if (scan->at >= scan->end || *scan->at++ != ',')
            return invalid_value(scan, "Y,YYY", "A comma is expected after the thousands.");
        TRY(read_number(scan, token, 3, "Y,YYY", &rest, &count));
        parsed->year = parsed->year * 1000 + rest;
        return NULL;
    }
    case WORD_FRACTION:
    case WORD_MILLISECOND:
    case WORD_MICROSECOND:
        return read_fraction(scan, token);
    case WORD_QUARTER: /* says nothing a month does not */
        return read_number(scan, token, 1, "Q", &ignored, &count);
    case WORD_ZONE:
    case WORD_OFFSET:
    case WORD_ZONE_HOUR:
    case WORD_ZONE_MINUTE:
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "formatting field \"%s\" is only supported in to_char",
                         token->word == WORD_OFFSET ? "OF" : "TZ");
    default:
        break;
    }
    int64_t *place = number_place(parsed, token->word, &name, &most);
    if (place == NULL)
        return NULL;
    TRY(read_number(scan, token, most, name, place, &count));
    parsed->clock12 = parsed->clock12 || token->word == WORD_HOUR12;
    parsed->have_second_of_day = parsed->have_second_of_day || token->word == WORD_SECOND_OF_DAY;
    return NULL;
}

/* A character of the format that stands for one of the text. */
static void pass_character(TextScan *scan, DateWord word)
{
    if (word == WORD_SEPARATOR && !scan->exact)
    {
        scan->skipped--;
        if (is_space(scan) || is_separator(scan))
        {
            scan->at++;
            scan->skipped++;
        }
    }
    else if (word == WORD_LITERAL && !scan->exact && scan->skipped > 0)
        scan->skipped--;
    else
        scan->at += char_bytes(*scan->at);
    if (scan->at > scan->end)
        scan->at = scan->end;
}

static Error *scan_text(TextScan *scan)
{
    skip_blanks(scan);
    while (scan->at < scan->end)
    {
        DateToken token = date_token_next(&scan->picture);
        if (token.word == WORD_END)
            return NULL;
        if (token.word == WORD_EXACT)
            scan->exact = true;
        else if (token.word == WORD_LITERAL || token.word == WORD_SEPARATOR)
            pass_character(scan, token.word);
        else
        {
            TRY(read_word(scan, &token));
            scan->skipped = 0;
            skip_blanks(scan);
        }
    }
    return NULL;
}

/* ---- what it says -------------------------------------------------------------------- */

static int64_t year_of(const Parsed *parsed)
{
    int64_t year = parsed->have_year ? parsed->year : 1;
    if (parsed->century != 0 && (!parsed->have_year || parsed->year_digits <= 2))
    {
        int64_t century = parsed->before_christ ? -parsed->century : parsed->century;
        int64_t within = parsed->have_year ? parsed->year % 100 : 0;
        if (century > 0)
            return (century - 1) * 100 + (within != 0 ? within : parsed->have_year ? 100 : 1);
        return (century + 1) * 100 - within + 1;
    }
    if (parsed->before_christ && year > 0)
        year = -year;
    return year < 0 ? year + 1 : year;
}

/* Monday of the first ISO week of the year. */
static int64_t iso_year_start(int64_t year)
{
    int32_t fourth = date_from_civil((int32_t) year, 1, 4);
    return fourth - (date_field(FIELD_DOW, fourth) + 6) % 7;
}

static Error *date_of(const Parsed *parsed, bool strict, int64_t *date)
{
    int64_t year = year_of(parsed);
    int64_t month = parsed->month == 0 ? 1 : parsed->month;
    int64_t day = parsed->day == 0 ? 1 : parsed->day;
    if (parsed->iso_year != 0 || parsed->iso_week != 0)
        year = parsed->iso_year != 0 ? parsed->iso_year : year;
    Error *out = error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "date/time field date value out of range: %lld-%lld-%lld",
                           (long long) year, (long long) month, (long long) day);
    bool in_calendar = year > -4714 && year < 294277 && month >= 0 && day >= 0;
    if (!in_calendar || parsed->day_of_year < 0 || parsed->week < 0)
        return out;
    int64_t first = date_from_civil((int32_t) year, 1, 1);
    bool fits = true;
    if (parsed->julian != 0)
        *date = parsed->julian - 2451545;
    else if (parsed->iso_week != 0)
        *date = iso_year_start(year) + (parsed->iso_week - 1) * 7 + (parsed->weekday == 0 ? 0 : parsed->weekday - 1);
    else if (parsed->iso_year != 0 && parsed->day_of_year != 0)
        *date = iso_year_start(year) + parsed->day_of_year - 1;
    else if (parsed->week != 0 && parsed->month == 0)
        *date = first + (parsed->week - 1) * 7;
    else if (parsed->day_of_year != 0 && parsed->month == 0 && parsed->day == 0)
    {
        *date = first + parsed->day_of_year - 1;
        fits = parsed->day_of_year <= 365 || date_field(FIELD_YEAR, (int32_t) *date) == year;
    }
    else
    {
        if (parsed->week_of_month != 0 && parsed->day == 0)
            day = (parsed->week_of_month - 1) * 7 + 1;
        int64_t over = (month - 1) / 12;
        fits = month <= 12 && day <= month_days((int32_t) year, (int32_t) (month <= 12 ? month : 12));
        if (year + over < 294277)
            *date = (int64_t) date_from_civil((int32_t) (year + over), (int32_t) ((month - 1) % 12 + 1), 1) + day - 1;
        else
            fits = false, *date = DATE_END;
    }
    if ((fits || !strict) && *date >= DATE_MIN && *date < DATE_END)
    {
        error_free(out);
        return NULL;
    }
    return out;
}

static Error *time_of(const Parsed *parsed, bool strict, int64_t *us)
{
    int64_t hour = parsed->hour, minute = parsed->minute, second = parsed->second;
    if (parsed->have_second_of_day)
    {
        hour = parsed->second_of_day / 3600;
        minute = parsed->second_of_day / 60 % 60;
        second = parsed->second_of_day % 60;
    }
    if (parsed->clock12)
    {
        if (hour < 1 || hour > 12)
            return error_hint(error_new(SQLSTATE_INVALID_DATETIME_FORMAT,
                                        "hour \"%lld\" is invalid for the 12-hour clock", (long long) hour),
                              "Use the 24-hour clock, or give an hour between 1 and 12.");
        hour = hour % 12 + (parsed->afternoon ? 12 : 0);
    }
    bool fits = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
    if (hour < 0 || minute < 0 || second < 0 || (strict && !fits))
        return error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "date/time field time value out of range: %lld:%lld:%lld",
                         (long long) hour, (long long) minute, (long long) second);
    *us = ((hour * 60 + minute) * 60 + second) * INT64_C(1000000) + parsed->us;
    return NULL;
}

static int64_t moment_of(const Str *text, const Str *picture, bool strict, Error **error)
{
    TextScan scan = {.at = text->data, .end = text->data + str_trimmed(*text)};
    int64_t date = 0, us = 0;
    scan.picture = (DateReader){picture->data, picture->data + picture->len, false};
    Error *fault = scan_text(&scan);
    if (fault == NULL)
        fault = date_of(&scan.parsed, strict, &date);
    if (fault == NULL)
        fault = time_of(&scan.parsed, strict, &us);
    if (fault == NULL && date + us / DAY_US >= DATE_END)
        fault = error_new(SQLSTATE_DATETIME_FIELD_OVERFLOW, "timestamp out of range");
    error_keep(error, fault);
    return fault == NULL ? date * DAY_US + us : 0;
}

/* The local time a text says, as a moment of the session's zone. */
int64_t k_to_timestamp_strict(const Str *text, const Str *picture, int64_t strict, Error **error)
{
    return zone_to_utc(value_session()->zone, moment_of(text, picture, strict != 0, error));
}

int64_t k_to_timestamp(const Str *text, const Str *picture, Error **error)
{
    return k_to_timestamp_strict(text, picture, 0, error);
}

int64_t k_to_date_strict(const Str *text, const Str *picture, int64_t strict, Error **error)
{
    return timestamp_date(moment_of(text, picture, strict != 0, error));
}

int64_t k_to_date(const Str *text, const Str *picture, Error **error)
{
    return timestamp_date(moment_of(text, picture, false, error));
}
