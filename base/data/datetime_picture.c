/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and moments by a picture: "YYYY-MM-DD HH24:MI:SS", "DD Mon YYYY".  An
 * item of the picture reads digits or a name; any other character of it stands
 * for one character of the text.
 */
#include "base/data/datetime_scan.h"

#include <string.h>
#include <strings.h>

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
    *number = scan_digits(fields, most, &count);
    return count > 0;
}

static int64_t scaled_fraction(Fields *fields, size_t most)
{
    size_t count;
    int64_t number = scan_digits(fields, most, &count);
    for (; count < 6; count++)
        number *= 10;
    return number;
}

static bool name_item(Fields *fields, PictureItem item)
{
    size_t letters = scan_word_length(fields);
    const char *word = fields->at;
    fields->at += letters;
    if (item == ITEM_DAY_NAME)
        return scan_is_weekday(word, letters);
    fields->month = scan_month_name(word, letters);
    return fields->month > 0;
}

static bool half_item(Fields *fields)
{
    char c = (char) (scan_peek(fields) | 0x20);
    if (c != 'a' && c != 'p')
        return false;
    fields->half = c == 'a' ? 1 : 2;
    while (is_letter(scan_peek(fields)) || scan_peek(fields) == '.')
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
        number = scan_digits(fields, 2, &count);
        fields->year = scan_two_digit_year((int32_t) number, 2);
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
        fields->bc = (scan_peek(fields) | 0x20) == 'b';
        fields->at += scan_word_length(fields);
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
        if (is_blank(*picture) && is_blank(scan_peek(fields)))
        {
            while (is_blank(*picture))
                picture++;
            while (is_blank(scan_peek(fields)))
                fields->at++;
            continue;
        }
        PictureItem item = picture_next(&picture);
        if (item != ITEM_LITERAL)
            while (is_blank(scan_peek(fields)))
                fields->at++;
        if (!picture_item_scan(fields, clock, item))
            return false;
    }
    if (scan_peek(fields) == '.')
        clock->us = scan_fraction(fields);
    while (is_blank(scan_peek(fields)))
        fields->at++;
    return fields->at == fields->end;
}

static Error *parse_picture(const char *type, const char *text, size_t length, const char *picture, int32_t *date,
                            int64_t *us)
{
    Fields fields = {.at = text, .end = text + length, .month = 1, .day = 1};
    Clock clock = {0, 0, 0, 0};
    if (length == 0 || length > DATETIME_TEXT_MAX || !picture_scan(&fields, picture, &clock))
        return error_detail(datetime_not_understood(type, text, length), "The expected format is \"%s\".", picture);
    if (!fields_date(&fields, date) || !fields_set_time(&fields, clock.hour, clock.minute, clock.second, clock.us) ||
        !fields_apply_half(&fields))
        return datetime_out_of_range(text, length);
    *us = fields.us;
    return NULL;
}

/* Seconds or milliseconds since 1970, perhaps with a fraction. */
static Error *parse_epoch(const char *text, size_t length, int64_t unit_us, int64_t *timestamp)
{
    Fields fields = {.at = text, .end = text + length};
    bool negative = scan_peek(&fields) == '-';
    if (negative)
        fields.at++;
    size_t count;
    int64_t number = scan_digits(&fields, 18, &count);
    int64_t fraction = scan_peek(&fields) == '.' ? scan_fraction(&fields) / (1000000 / unit_us) : 0;
    if (count == 0 || fields.at != fields.end)
        return datetime_not_understood("timestamp", text, length);
    __int128 us = (__int128) number * unit_us + fraction;
    us = (negative ? -us : us) - INT64_C(10957) * DAY_US;
    if (us < TIMESTAMP_MIN || us >= TIMESTAMP_END)
        return datetime_out_of_range(text, length);
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
        return datetime_out_of_range(text, length);
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
