/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A zone's table:   at[0]      at[1]      at[2] ...            (seconds since 1970-01-01 UTC)
 *           first   | kind[0]  | kind[1]  | kind[2] ...
 *
 * TZif gives the past; its last line, a POSIX TZ rule, is written out as changes for the
 * 400 years behind it, after which the calendar, weekdays included, repeats.
 */
#include "base/data/zone.h"
#include "base/core/assert.h"
#include "base/data/datetime.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ZONE_DIRECTORY   "/usr/share/zoneinfo"
#define ZONE_FILE_MAX    (256 * 1024)
#define ZONE_COUNT_MAX   4096 /* different zones a process may ever have asked for */
#define KIND_COUNT_MAX   256
#define CHANGES_MAX      8192
#define UNIX_SHIFT       INT64_C(946684800) /* 1970-01-01 to 2000-01-01, seconds */
#define CYCLE_SECONDS    INT64_C(12622780800) /* 400 years */
#define RULE_YEARS       401
#define ABBREVIATION_MAX 15

typedef struct ZoneKind
{
    int32_t east;
    char abbreviation[ABBREVIATION_MAX + 1];
} ZoneKind;

struct TimeZone
{
    char name[ZONE_NAME_MAX + 1];
    ZoneKind first; /* before at[0] */
    bool cyclic;    /* a rule reaches to the end */
    int32_t count;
    int64_t *at;
    uint8_t *kind;
    ZoneKind *kinds;
    int32_t kind_count;
};

static struct
{
    pthread_mutex_t lock;
    int32_t count;
    TimeZone *zones[ZONE_COUNT_MAX];
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- POSIX rules -------------------------------------------------------------- */

typedef struct RuleDate
{
    char form; /* 'M': month.week.day; 'J': day 1..365 without Feb 29; 'n': day 0..365 */
    int32_t month, week, day;
    int32_t time; /* seconds of the day, may pass it */
} RuleDate;

typedef struct Rule
{
    ZoneKind standard, summer;
    bool has_summer;
    RuleDate begin, end;
} Rule;

static bool rule_name(const char **at, char *name)
{
    size_t length = 0;
    bool quoted = **at == '<';
    if (quoted)
        (*at)++;
    while (quoted ? **at != '\0' && **at != '>' : isalpha((unsigned char) **at))
    {
        if (length == ABBREVIATION_MAX)
            return false;
        name[length++] = *(*at)++;
    }
    name[length] = '\0';
    if (quoted && *(*at)++ != '>')
        return false;
    return length >= 3;
}

static bool rule_number(const char **at, int32_t most, int32_t *number)
{
    int64_t value = 0;
    if (!isdigit((unsigned char) **at))
        return false;
    while (isdigit((unsigned char) **at) && value <= most)
        value = value * 10 + (*(*at)++ - '0');
    *number = (int32_t) value;
    return value <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(const char **at, int32_t *seconds)
{
    int32_t sign = **at == '-' ? -1 : 1;
    int32_t hours, minutes = 0, rest = 0;
    if (**at == '-' || **at == '+')
        (*at)++;
    if (!rule_number(at, 167, &hours))
        return false;
    if (**at == ':' && ((*at)++, !rule_number(at, 59, &minutes)))
        return false;
    if (**at == ':' && ((*at)++, !rule_number(at, 59, &rest)))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

static bool rule_date(const char **at, RuleDate *date)
{
    bool good;
    *date = (RuleDate){.form = 'n', .time = 7200};
    if (*(*at)++ != ',')
        return false;
    if (**at == 'M')
    {
        (*at)++;
        date->form = 'M';
        good = rule_number(at, 12, &date->month) && *(*at)++ == '.' && rule_number(at, 5, &date->week) &&
               *(*at)++ == '.' && rule_number(at, 6, &date->day) && date->month >= 1 && date->week >= 1;
    }
    else
    {
        if (**at == 'J')
            date->form = *(*at)++;
        good = rule_number(at, 365, &date->day) && (date->form == 'n' || date->day >= 1);
    }
    if (good && **at == '/')
    {
        (*at)++;
        good = rule_time(at, &date->time);
    }
    return good;
}

/* "CET-1CEST,M3.5.0,M10.5.0/3" */
static bool rule_parse(const char *text, Rule *rule)
{
    int32_t west;
    memset(rule, 0, sizeof *rule);
    if (!rule_name(&text, rule->standard.abbreviation) || !rule_time(&text, &west))
        return false;
    rule->standard.east = -west;
    if (*text == '\0')
        return true;
    rule->has_summer = true;
    rule->summer.east = rule->standard.east + 3600;
    if (!rule_name(&text, rule->summer.abbreviation))
        return false;
    if (*text != ',' && *text != '\0')
    {
        if (!rule_time(&text, &west))
            return false;
        rule->summer.east = -west;
    }
    return rule_date(&text, &rule->begin) && rule_date(&text, &rule->end) && *text == '\0';
}

/* When a rule's date begins in a year, in local seconds since 1970. */
static int64_t rule_moment(const RuleDate *date, int32_t year)
{
    int32_t day;
    if (date->form == 'M')
    {
        int32_t first = date_from_civil(year, date->month, 1);
        int32_t weekday = (int32_t) date_field(FIELD_DOW, first);
        day = first + (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
        while (day >= first + month_days(year, date->month))
            day -= 7;
    }
    else
    {
        day = date_from_civil(year, 1, 1) + date->day;
        if (date->form == 'J')
            day += -1 + (date->day >= 60 && month_days(year, 2) == 29);
    }
    return (int64_t) day * 86400 + UNIX_SHIFT + date->time;
}

/* ---- TZif ------------------------------------------------------------------------ */

static int64_t big_endian(const unsigned char *at, int32_t bytes)
{
    uint64_t value = (at[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (int32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t) value;
}

typedef struct Header
{
    int64_t isutc, isstd, leap, changes, kinds, letters;
} Header;

static bool header_read(const unsigned char *at, const unsigned char *end, Header *header)
{
    if (end - at < 44 || memcmp(at, "TZif", 4) != 0)
        return false;
    int64_t *fields[6] = {&header->isutc, &header->isstd, &header->leap, &header->changes, &header->kinds, &header->letters};
    for (int32_t i = 0; i < 6; i++)
    {
        *fields[i] = big_endian(at + 20 + 4 * i, 4);
        if (*fields[i] < 0 || *fields[i] > CHANGES_MAX)
            return false;
    }
    return header->kinds > 0 && header->kinds < KIND_COUNT_MAX - 2;
}

static int64_t body_size(const Header *h, int64_t time_bytes)
{
    return h->changes * (time_bytes + 1) + h->kinds * 6 + h->letters + h->leap * (time_bytes + 4) + h->isstd + h->isutc;
}

static bool body_read(TimeZone *zone, const unsigned char *at, const Header *h)
{
    const unsigned char *kind = at + h->changes * 8;
    const unsigned char *info = kind + h->changes;
    const unsigned char *letters = info + h->kinds * 6;
    zone->at = calloc((size_t) h->changes + 2 * RULE_YEARS, sizeof *zone->at);
    zone->kind = calloc((size_t) h->changes + 2 * RULE_YEARS, 1);
    zone->kinds = calloc((size_t) h->kinds + 2, sizeof *zone->kinds);
    if (zone->at == NULL || zone->kind == NULL || zone->kinds == NULL)
        return false;
    for (int64_t i = 0; i < h->kinds; i++)
    {
        int64_t from = info[i * 6 + 5];
        zone->kinds[i].east = (int32_t) big_endian(info + i * 6, 4);
        if (from >= h->letters || abs(zone->kinds[i].east) > 26 * 3600)
            return false;
        size_t length = strnlen((const char *) letters + from, (size_t) (h->letters - from));
        memcpy(zone->kinds[i].abbreviation, letters + from, length < ABBREVIATION_MAX ? length : ABBREVIATION_MAX);
    }
    zone->kind_count = (int32_t) h->kinds;
    zone->first = zone->kinds[0];
    for (int64_t i = 0; i < h->changes; i++)
    {
        zone->at[i] = big_endian(at + i * 8, 8);
        zone->kind[i] = kind[i];
        if (kind[i] >= h->kinds || (i > 0 && zone->at[i] <= zone->at[i - 1]))
            return false;
    }
    zone->count = (int32_t) h->changes;
    return true;
}

static void change_add(TimeZone *zone, int64_t at, uint8_t kind)
{
    if (zone->count > 0 && at <= zone->at[zone->count - 1])
        return;
    zone->at[zone->count] = at;
    zone->kind[zone->count++] = kind;
}

/* Writes the rule out behind the last change. */
static void rule_apply(TimeZone *zone, const Rule *rule)
{
    if (!rule->has_summer)
        return; /* the last change says it already */
    uint8_t standard = (uint8_t) zone->kind_count;
    uint8_t summer = (uint8_t) (standard + 1);
    zone->kinds[standard] = rule->standard;
    zone->kinds[summer] = rule->summer;
    zone->kind_count += 2;
    int64_t last = zone->count == 0 ? 0 : zone->at[zone->count - 1];
    int32_t year, month, day;
    date_to_civil((int32_t) ((last - UNIX_SHIFT) / 86400), &year, &month, &day);
    for (int32_t i = 0; i < RULE_YEARS - 1; i++, year++)
    {
        int64_t begin = rule_moment(&rule->begin, year) - rule->standard.east;
        int64_t end = rule_moment(&rule->end, year) - rule->summer.east;
        change_add(zone, begin < end ? begin : end, begin < end ? summer : standard);
        change_add(zone, begin < end ? end : begin, begin < end ? standard : summer);
    }
    zone->cyclic = true;
}

static bool zone_decode(TimeZone *zone, const unsigned char *bytes, size_t size)
{
    const unsigned char *end = bytes + size;
    Header header;
    if (!header_read(bytes, end, &header) || bytes[4] < '2')
        return false;
    bytes += 44;
    if (end - bytes < body_size(&header, 4))
        return false;
    bytes += body_size(&header, 4);
    if (!header_read(bytes, end, &header))
        return false;
    bytes += 44;
    if (end - bytes < body_size(&header, 8) || !body_read(zone, bytes, &header))
        return false;
    bytes += body_size(&header, 8);
    char text[128];
    size_t length = 0;
    Rule rule;
    if (bytes < end && *bytes == '\n')
        for (bytes++; bytes < end && *bytes != '\n' && length < sizeof text - 1; bytes++)
            text[length++] = (char) *bytes;
    text[length] = '\0';
    if (length > 0 && rule_parse(text, &rule))
        rule_apply(zone, &rule);
    return true;
}

static bool zone_read(TimeZone *zone, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    unsigned char *bytes = malloc(ZONE_FILE_MAX);
    size_t size = bytes == NULL ? 0 : fread(bytes, 1, ZONE_FILE_MAX, file);
    (void) fclose(file);
    bool good = size > 0 && size < ZONE_FILE_MAX && zone_decode(zone, bytes, size);
    free(bytes);
    return good;
}

/* ---- names -------------------------------------------------------------------------- */

/* "+3", "-08:00", "+0530", "5.5": seconds east. */
static bool offset_parse(const char *text, size_t length, int32_t *east)
{
    size_t at = 0;
    int64_t part[3] = {0, 0, 0};
    bool negative = length > 0 && text[0] == '-';
    if (length > 0 && (text[0] == '-' || text[0] == '+'))
        at++;
    size_t digits = 0;
    int32_t parts = 0;
    for (; at < length && parts < 3; at++)
    {
        if (text[at] == ':' && digits > 0)
        {
            parts++;
            digits = 0;
            continue;
        }
        if (!isdigit((unsigned char) text[at]) || parts > 2 || ++digits > 4)
            return false;
        part[parts] = part[parts] * 10 + (text[at] - '0');
    }
    if (at < length || digits == 0)
        return false;
    if (parts == 0 && digits > 2)
    {
        part[1] = part[0] % 100;
        part[0] /= 100;
    }
    int64_t seconds = part[0] * 3600 + part[1] * 60 + part[2];
    if (part[1] > 59 || part[2] > 59 || seconds > ZONE_OFFSET_MAX)
        return false;
    *east = (int32_t) (negative ? -seconds : seconds);
    return true;
}

static bool abbreviation_find(const char *name, int32_t *east)
{
    static const struct
    {
        const char *name;
        int32_t east;
    } rows[] = {
#define ZONE_ABBREV(name, hours, minutes) {name, (hours) * 3600 + (minutes) * 60},
#include "base/data/zone_abbrev.def"
#undef ZONE_ABBREV
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcasecmp(rows[i].name, name) == 0)
        {
            *east = rows[i].east;
            return true;
        }
    return false;
}

/* A zone of one offset; its name as given. */
static void zone_set_fixed(TimeZone *zone, const char *name, int32_t east)
{
    size_t length = strlen(name) < ABBREVIATION_MAX ? strlen(name) : ABBREVIATION_MAX;
    zone->first.east = east;
    memcpy(zone->first.abbreviation, name, length);
}

static bool name_is_sound(const char *name)
{
    if (!isalpha((unsigned char) name[0]) || strstr(name, "..") != NULL || strstr(name, "//") != NULL)
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char) *c) && strchr("/_+-", *c) == NULL)
            return false;
    return true;
}

/* The file's own spelling: "europe/berlin" -> "Europe/Berlin", by the index of the tz database. */
static bool name_spelling(const char *name, char *spelling)
{
    static const char *const lists[] = {ZONE_DIRECTORY "/tzdata.zi", NULL};
    char line[256];
    bool found = false;
    for (int32_t i = 0; lists[i] != NULL && !found; i++)
    {
        FILE *file = fopen(lists[i], "r");
        if (file == NULL)
            continue;
        while (!found && fgets(line, sizeof line, file) != NULL)
        {
            /* "Z name ...": a zone; "L target name": a link */
            char *rest = NULL;
            char *word = strtok_r(line, " \n", &rest);
            if (word == NULL || (strcmp(word, "Z") != 0 && strcmp(word, "L") != 0))
                continue;
            bool link = *word == 'L';
            word = strtok_r(NULL, " \n", &rest);
            if (link && word != NULL)
                word = strtok_r(NULL, " \n", &rest);
            if (word == NULL || strcasecmp(word, name) != 0 || strlen(word) > ZONE_NAME_MAX)
                continue;
            memcpy(spelling, word, strlen(word) + 1);
            found = true;
        }
        (void) fclose(file);
    }
    return found;
}

/* Fills a zone that the process does not know yet. */
static bool zone_make(TimeZone *zone, const char *name)
{
    char path[sizeof ZONE_DIRECTORY + ZONE_NAME_MAX + 2];
    int32_t east;
    memcpy(zone->name, name, strlen(name) + 1);
    if (name[0] == ':')
    { /* the file, though there is such an abbreviation */
        if (!name_is_sound(name + 1) || !name_spelling(name + 1, zone->name + 1))
            return false;
        (void) snprintf(path, sizeof path, ZONE_DIRECTORY "/%s", zone->name + 1);
        return zone_read(zone, path);
    }
    if (offset_parse(name, strlen(name), &east))
    {
        zone_set_fixed(zone, name, east);
        return true;
    }
    if (!name_is_sound(name))
        return false;
    Rule rule;
    bool slash = strchr(name, '/') != NULL;
    if (!slash && abbreviation_find(name, &east))
    {
        zone_set_fixed(zone, name, east);
        for (char *c = zone->first.abbreviation; *c != '\0'; c++)
            *c = (char) toupper((unsigned char) *c);
        return true;
    }
    (void) name_spelling(name, zone->name);
    (void) snprintf(path, sizeof path, ZONE_DIRECTORY "/%s", zone->name);
    if (zone_read(zone, path))
        return true;
    zone->count = 0;
    if (!rule_parse(name, &rule) || rule.has_summer || abs(rule.standard.east) > ZONE_OFFSET_MAX)
        return false;
    zone->first = rule.standard;
    return true;
}

static void zone_free(TimeZone *zone)
{
    free(zone->at);
    free(zone->kind);
    free(zone->kinds);
    free(zone);
}

static TimeZone *known_find(const char *name)
{
    for (int32_t i = 0; i < known.count; i++)
        if (strcasecmp(known.zones[i]->name, name) == 0)
            return known.zones[i];
    return NULL;
}

Error *zone_find_setting(const char *name, size_t length, const TimeZone **zone)
{
    char file[ZONE_NAME_MAX + 2];
    int32_t east;
    int written = snprintf(file, sizeof file, ":%.*s", (int) (length < ZONE_NAME_MAX ? length : ZONE_NAME_MAX), name);
    if (length < ZONE_NAME_MAX && abbreviation_find(file + 1, &east))
    {
        Error *error = zone_find(file, (size_t) written, zone);
        if (error == NULL)
            return NULL;
        error_free(error);
    }
    return zone_find(name, length, zone);
}

Error *zone_find(const char *name, size_t length, const TimeZone **zone)
{
    char copy[ZONE_NAME_MAX + 1];
    TimeZone *found = NULL;
    *zone = zone_utc();
    while (length > 0 && name[length - 1] == ' ')
        length--;
    if (length > 0 && length <= ZONE_NAME_MAX)
    {
        memcpy(copy, name, length);
        copy[length] = '\0';
        (void) pthread_mutex_lock(&known.lock);
        found = known_find(copy);
        if (found == NULL && known.count < ZONE_COUNT_MAX && (found = calloc(1, sizeof *found)) != NULL)
        {
            if (zone_make(found, copy))
                known.zones[known.count++] = found;
            else
            {
                zone_free(found);
                found = NULL;
            }
        }
        (void) pthread_mutex_unlock(&known.lock);
    }
    if (found == NULL)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%.*s\" not recognized",
                         (int) (length > 100 ? 100 : length), name);
    *zone = found;
    return NULL;
}

const TimeZone *zone_utc(void)
{
    static const TimeZone utc = {.name = "UTC", .first = {0, "UTC"}};
    return &utc;
}

const TimeZone *zone_fixed(int32_t east)
{
    char name[16];
    const TimeZone *zone;
    ASSERT(abs(east) <= ZONE_OFFSET_MAX);
    int32_t size = abs(east);
    (void) snprintf(name, sizeof name, "%c%02d:%02d:%02d", east < 0 ? '-' : '+', size / 3600, size / 60 % 60, size % 60);
    error_free(zone_find(name, strlen(name), &zone));
    return zone;
}

const char *zone_name(const TimeZone *zone)
{
    return zone->name;
}

/* ---- offsets ---------------------------------------------------------------------------- */

/* How many changes lie at or before a moment (seconds since 1970). */
static int32_t changes_until(const TimeZone *zone, int64_t seconds)
{
    int32_t low = 0, high = zone->count;
    while (low < high)
    {
        int32_t middle = (low + high) / 2;
        if (zone->at[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const ZoneKind *kind_after(const TimeZone *zone, int32_t changes)
{
    return changes == 0 ? &zone->first : &zone->kinds[zone->kind[changes - 1]];
}

/* Into the years that are written out: the same weekday of the same year of the 400-year cycle. */
static int64_t cycle_back(const TimeZone *zone, int64_t seconds)
{
    if (!zone->cyclic || zone->count == 0)
        return seconds;
    int64_t last = zone->at[zone->count - 1] - 366 * INT64_C(86400);
    if (seconds > last)
        seconds -= ((seconds - last) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
    return seconds;
}

static int64_t seconds_of(int64_t us)
{
    return (us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000)) + UNIX_SHIFT;
}

static const ZoneKind *kind_at(const TimeZone *zone, int64_t utc)
{
    return kind_after(zone, changes_until(zone, cycle_back(zone, seconds_of(utc))));
}

int32_t zone_offset(const TimeZone *zone, int64_t utc)
{
    return kind_at(zone, utc)->east;
}

const char *zone_abbreviation(const TimeZone *zone, int64_t utc)
{
    return kind_at(zone, utc)->abbreviation;
}

int32_t zone_offset_local(const TimeZone *zone, int64_t local)
{
    int64_t seconds = cycle_back(zone, seconds_of(local));
    int32_t changes = changes_until(zone, seconds - 86400);
    int32_t before = kind_after(zone, changes)->east;
    if (changes == zone->count)
        return before;
    int64_t change = zone->at[changes];
    int32_t after = zone->kinds[zone->kind[changes]].east;
    int64_t before_time = seconds - before;
    int64_t after_time = seconds - after;
    if (before_time < change && after_time < change)
        return before;
    if (before_time >= change && after_time >= change)
        return after;
    return before_time > after_time ? before : after;
}
