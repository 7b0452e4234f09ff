/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "src/leader/setting.h"
#include "base/core/assert.h"
#include "base/data/value_session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CUSTOM_MAX 64 /* settings with a dot that a session may invent */
#define VALUE_BYTES_MAX 8192

typedef enum SettingKind
{
    SETTING_BOOL,
    SETTING_INT,
    SETTING_NUMBER,
    SETTING_MS,
    SETTING_TEXT,
    SETTING_PATH,
    SETTING_DATESTYLE,
    SETTING_INTERVALSTYLE,
    SETTING_UTF8,
    SETTING_ZONE
} SettingKind;

enum
{
    FIXED = 1,
    USER = 2,
    REPORT = 4
};

typedef struct SettingRow
{
    const char *name;
    SettingKind kind;
    const char *value;
    const char *accepts;
    int how;
    const char *description;
} SettingRow;

static const SettingRow rows[] = {
#define SETTING(name, kind, value, accepts, how, description) {#name, SETTING_##kind, value, accepts, how, description},
#include "src/leader/setting.def"
#undef SETTING
};
#define ROW_COUNT ((int32_t) (sizeof rows / sizeof rows[0]))

typedef struct Custom
{
    char *name;
    char *value;
} Custom;

struct Settings
{
    Arena *arena;
    char *values[ROW_COUNT];
    char *defaults[ROW_COUNT];
    char *before[ROW_COUNT]; /* value when the transaction began; NULL: not touched */
    bool local[ROW_COUNT];
    int32_t custom_count;
    Custom customs[CUSTOM_MAX];
};

static int32_t find(const char *name)
{
    for (int32_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

static int32_t find_custom(const Settings *settings, const char *name)
{
    for (int32_t i = 0; i < settings->custom_count; i++)
        if (strcmp(settings->customs[i].name, name) == 0)
            return i;
    return -1;
}

Settings *settings_new(Arena *arena)
{
    Settings *settings = ARENA_NEW(arena, Settings);
    settings->arena = arena;
    for (int32_t i = 0; i < ROW_COUNT; i++)
        settings->values[i] = settings->defaults[i] = arena_strdup(arena, rows[i].value);
    return settings;
}

const char *setting_get(const Settings *settings, const char *name)
{
    int32_t at = find(name);
    if (at >= 0)
        return settings->values[at];
    at = find_custom(settings, name);
    return at >= 0 ? settings->customs[at].value : NULL;
}

bool setting_is_on(const Settings *settings, const char *name)
{
    const char *value = setting_get(settings, name);
    return value != NULL && strcmp(value, "on") == 0;
}

int64_t setting_number(const Settings *settings, const char *name)
{
    const char *value = setting_get(settings, name);
    return value == NULL ? 0 : strtoll(value, NULL, 10);
}

static const char *reported_name(const SettingRow *row)
{
    if ((row->how & REPORT) == 0)
        return NULL;
    if (row->kind == SETTING_DATESTYLE)
        return "DateStyle";
    if (strcmp(row->name, "timezone") == 0)
        return "TimeZone";
    if (strcmp(row->name, "intervalstyle") == 0)
        return "IntervalStyle";
    return row->name;
}

/* --- values ---------------------------------------------------------------- */
static Error *bad_value(const SettingRow *row, const char *value)
{
    return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": \"%s\"", row->name, value);
}

static Error *check_bool(const SettingRow *row, const char *value, const char **canonical)
{
    static const char *const on[] = {"on", "true", "yes", "1", "t", "y"};
    static const char *const off[] = {"off", "false", "no", "0", "f", "n"};
    for (size_t i = 0; i < sizeof on / sizeof on[0]; i++)
    {
        if (strcasecmp(value, on[i]) == 0 || strcasecmp(value, off[i]) == 0)
        {
            *canonical = strcasecmp(value, on[i]) == 0 ? "on" : "off";
            return NULL;
        }
    }
    return error_detail(bad_value(row, value), "Parameter \"%s\" takes on or off.", row->name);
}

static Error *check_number(const SettingRow *row, const char *value)
{
    char *end;
    const char *dots = strstr(row->accepts, "..");
    double least = dots == NULL ? -2147483648.0 : strtod(row->accepts, NULL);
    double most = dots == NULL ? 2147483647.0 : strtod(dots + 2, NULL);
    double number = row->kind == SETTING_NUMBER ? strtod(value, &end) : (double) strtoll(value, &end, 10);
    bool unit = row->kind == SETTING_MS && strcmp(end, "ms") == 0;
    if (end == value || (*end != 0 && !unit))
        return bad_value(row, value);
    if (!(number >= least && number <= most))
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE,
                         "%s is outside the valid range for parameter \"%s\" (%.0f .. %.0f)", value, row->name, least,
                         most);
    return NULL;
}

/* One of "one|other", in any case. */
static Error *check_word(const SettingRow *row, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = row->accepts; *at != 0;)
    {
        size_t word = strcspn(at, "|");
        if (word == length && strncasecmp(at, value, word) == 0)
            return NULL;
        at += word + (at[word] == '|');
    }
    if (row->accepts[0] == 0)
        return NULL;
    return error_hint(bad_value(row, value), "Available values: %s.", row->accepts);
}

/* Only ISO output is made; the order of day and month in input may be chosen. */
static Error *check_datestyle(const SettingRow *row, const char *value, const char **canonical)
{
    static const char *const orders[] = {"MDY", "DMY", "YMD"};
    static const char *const styles[] = {"ISO, MDY", "ISO, DMY", "ISO, YMD"};
    bool iso = strcasestr(value, "ISO") != NULL;
    for (int i = 0; i < 3; i++)
        if (strcasestr(value, orders[i]) != NULL)
        {
            *canonical = styles[i];
            return NULL;
        }
    if (iso)
    {
        *canonical = styles[0];
        return NULL;
    }
    return error_hint(bad_value(row, value), "Stoa writes dates in ISO form: use ISO with MDY, DMY or YMD.");
}

static Error *check_utf8(const SettingRow *row, const char *value, const char **canonical)
{
    *canonical = "UTF8";
    if (strcasecmp(value, "utf8") == 0 || strcasecmp(value, "utf-8") == 0 || strcasecmp(value, "unicode") == 0)
        return NULL;
    return error_hint(bad_value(row, value), "Clients speak UTF-8 with Stoa.");
}

static const char *const interval_styles[] = {
    [INTERVAL_STYLE_POSTGRES] = "postgres",
    [INTERVAL_STYLE_VERBOSE] = "postgres_verbose",
    [INTERVAL_STYLE_SQL] = "sql_standard",
    [INTERVAL_STYLE_ISO] = "iso_8601",
};

static Error *check_interval_style(const SettingRow *row, const char *value, const char **canonical)
{
    for (size_t i = 0; i < sizeof interval_styles / sizeof *interval_styles; i++)
        if (strcasecmp(value, interval_styles[i]) == 0)
        {
            *canonical = interval_styles[i];
            return NULL;
        }
    return error_hint(bad_value(row, value), "Styles are postgres, postgres_verbose, sql_standard and iso_8601.");
}

/* LOCAL and DEFAULT are the server's own zone, which is UTC. */
static Error *check_zone(const SettingRow *row, const char *value, const char **canonical)
{
    const TimeZone *zone;
    if (strcasecmp(value, "local") == 0 || strcasecmp(value, "default") == 0)
        value = row->value;
    Error *error = zone_find_setting(value, strlen(value), &zone);
    if (error != NULL)
    {
        error_free(error);
        return bad_value(row, value);
    }
    *canonical = zone_name(zone);
    return NULL;
}

void settings_values(const Settings *settings, int64_t now, ValueSession *session)
{
    const char *zone = setting_get(settings, "timezone");
    const char *order = setting_get(settings, "datestyle");
    const char *style = setting_get(settings, "intervalstyle");
    *session = (ValueSession){.zone = zone_utc(), .now = now};
    error_free(zone_find_setting(zone, strlen(zone), &session->zone));
    session->date_order = (uint8_t) (strstr(order, "DMY") != NULL   ? DATE_ORDER_DMY
                                     : strstr(order, "YMD") != NULL ? DATE_ORDER_YMD
                                                                    : DATE_ORDER_MDY);
    for (size_t i = 0; i < sizeof interval_styles / sizeof *interval_styles; i++)
        if (strcmp(style, interval_styles[i]) == 0)
            session->interval_style = (uint8_t) i;
    session->rounds = setting_is_on(settings, "enable_numeric_rounding");
    session->float_digits = (int32_t) setting_number(settings, "extra_float_digits");
}

static Error *value_check(const SettingRow *row, const char *value, const char **canonical)
{
    *canonical = value;
    if (strlen(value) > VALUE_BYTES_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "value of parameter \"%s\" is too long", row->name);
    switch (row->kind)
    {
    case SETTING_BOOL:
        return check_bool(row, value, canonical);
    case SETTING_INT:
    case SETTING_NUMBER:
    case SETTING_MS:
        return check_number(row, value);
    case SETTING_DATESTYLE:
        return check_datestyle(row, value, canonical);
    case SETTING_INTERVALSTYLE:
        return check_interval_style(row, value, canonical);
    case SETTING_UTF8:
        return check_utf8(row, value, canonical);
    case SETTING_ZONE:
        return check_zone(row, value, canonical);
    case SETTING_TEXT:
        return check_word(row, value);
    case SETTING_PATH:
        return NULL;
    }
    ASSERT(!"a kind of setting");
    return NULL;
}

/* --- changes ---------------------------------------------------------------- */
static Error *custom_set(Settings *settings, const char *name, const char *value)
{
    int32_t at = find_custom(settings, name);
    if (at < 0 && settings->custom_count == CUSTOM_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a session may have %d settings of its own", CUSTOM_MAX);
    if (at < 0)
    {
        at = settings->custom_count++;
        settings->customs[at].name = arena_strdup(settings->arena, name);
    }
    settings->customs[at].value = arena_strdup(settings->arena, value == NULL ? "" : value);
    return NULL;
}

Error *setting_set(Settings *settings, const char *name, const char *value, bool local, const char **reported)
{
    *reported = NULL;
    int32_t at = find(name);
    if (at < 0 && strchr(name, '.') != NULL && strncmp(name, "stoa.", 5) != 0)
        return custom_set(settings, name, value);
    if (at < 0)
        return error_new(SQLSTATE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"", name);
    const SettingRow *row = &rows[at];
    if ((row->how & FIXED) != 0 && value != NULL && strcasecmp(value, settings->values[at]) == 0)
        return NULL;
    if ((row->how & FIXED) != 0)
        return error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "parameter \"%s\" cannot be changed", name);
    const char *canonical = settings->defaults[at];
    if (value != NULL)
        TRY(value_check(row, value, &canonical));
    if (settings->before[at] == NULL)
        settings->before[at] = settings->values[at];
    settings->local[at] = local;
    if (strcmp(settings->values[at], canonical) != 0)
        settings->values[at] = arena_strdup(settings->arena, canonical);
    *reported = reported_name(row);
    return NULL;
}

void settings_reset_all(Settings *settings)
{
    for (int32_t i = 0; i < ROW_COUNT; i++)
        if ((rows[i].how & USER) != 0)
        {
            if (settings->before[i] == NULL)
                settings->before[i] = settings->values[i];
            settings->values[i] = settings->defaults[i];
        }
}

void setting_put(Settings *settings, const char *name, const char *value)
{
    int32_t at = find(name);
    ASSERT(at >= 0);
    settings->values[at] = settings->defaults[at] = arena_strdup(settings->arena, value);
}

Error *setting_begin_transaction(Settings *settings)
{
    static const char *const names[][2] = {{"transaction_isolation", "default_transaction_isolation"},
                                           {"transaction_read_only", "default_transaction_read_only"}};
    const char *reported;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    {
        const char *wanted = setting_get(settings, names[i][1]);
        if (strcmp(setting_get(settings, names[i][0]), wanted) != 0)
            TRY(setting_set(settings, names[i][0], wanted, true, &reported));
    }
    return NULL;
}

void settings_end_transaction(Settings *settings, bool committed)
{
    for (int32_t i = 0; i < ROW_COUNT; i++)
    {
        if (settings->before[i] != NULL && (!committed || settings->local[i]))
            settings->values[i] = settings->before[i];
        settings->before[i] = NULL;
        settings->local[i] = false;
    }
}

bool setting_at(const Settings *settings, int32_t index, const char **name, const char **value, const char **description,
                const char **reported)
{
    if (index >= ROW_COUNT)
        return false;
    *name = rows[index].name;
    *value = settings->values[index];
    *description = rows[index].description;
    *reported = reported_name(&rows[index]);
    return true;
}
