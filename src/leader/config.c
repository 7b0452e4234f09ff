/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY_DIRECTORIES_MAX 64

typedef struct Reading
{
    Arena *arena;
    Config *config;
    const char *directory;
    Error *error;
} Reading;

static Error *number(const char *key, const char *value, int64_t least, int64_t most, int64_t *out)
{
    char *end;
    errno = 0;
    long long parsed = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != 0 || parsed < least || parsed > most)
        return error_hint(error_new(SQLSTATE_CONFIGURATION_ERROR, "bad value for %s: \"%s\"", key, value),
                          "Give a whole number from %lld to %lld.", (long long) least, (long long) most);
    *out = parsed;
    return NULL;
}

static Error *small_number(const char *key, const char *value, int32_t least, int32_t most, int32_t *out)
{
    int64_t wide = 0;
    TRY(number(key, value, least, most, &wide));
    *out = (int32_t) wide;
    return NULL;
}

/* "64GB", "512MB", "1000000" */
static Error *byte_size(const char *key, const char *value, int64_t *out)
{
    static const struct
    {
        const char *unit;
        int shift;
    } units[] = {{"", 0}, {"kB", 10}, {"MB", 20}, {"GB", 30}, {"TB", 40}};
    char *end;
    errno = 0;
    long long parsed = strtoll(value, &end, 10);
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (errno == 0 && end != value && strcasecmp(end, units[i].unit) == 0 && parsed >= 0 &&
            parsed <= INT64_MAX >> units[i].shift)
        {
            *out = (int64_t) parsed << units[i].shift;
            return NULL;
        }
    return error_hint(error_new(SQLSTATE_CONFIGURATION_ERROR, "bad value for %s: \"%s\"", key, value),
                      "Give a size such as 512MB or 16GB.");
}

/* A list with commas; relative ones stand below the warehouse. */
static Error *copy_directories(Arena *arena, Config *config, const char *directory, const char *value)
{
    char **list = ARENA_ARRAY(arena, char *, COPY_DIRECTORIES_MAX);
    int32_t count = 0;
    for (const char *at = value; *at != 0;)
    {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        const char *next = at + length;
        while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
            length--;
        while (length > 1 && at[length - 1] == '/')
            length--;
        if (length > 0 && count == COPY_DIRECTORIES_MAX)
            return error_new(SQLSTATE_CONFIGURATION_ERROR, "copy_directories: more than %d directories",
                             COPY_DIRECTORIES_MAX);
        if (length > 0)
            list[count++] = at[0] == '/' ? arena_strndup(arena, at, length)
                                         : arena_printf(arena, "%s/%.*s", directory, (int) length, at);
        at = next;
    }
    config->copy_directories = list;
    config->copy_directory_count = count;
    return NULL;
}

static Error *address(Arena *arena, Config *config, const char *value)
{
    unsigned char binary[16];
    if (strcmp(value, "localhost") == 0)
        value = "127.0.0.1";
    else if (strcmp(value, "*") == 0)
        value = "0.0.0.0";
    if (inet_pton(AF_INET, value, binary) != 1 && inet_pton(AF_INET6, value, binary) != 1)
        return error_hint(error_new(SQLSTATE_CONFIGURATION_ERROR, "bad value for listen_address: \"%s\"", value),
                          "Give a numeric address: 127.0.0.1 for this machine only, 0.0.0.0 for all networks.");
    config->listen_address = arena_strdup(arena, value);
    return NULL;
}

static Error *ssl(Config *config, const char *value)
{
    static const char *const names[] = {[SSL_OFF] = "off", [SSL_ON] = "on", [SSL_REQUIRED] = "required"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(value, names[i]) == 0)
        {
            config->ssl = (ConfigSsl) i;
            return NULL;
        }
    return error_hint(error_new(SQLSTATE_CONFIGURATION_ERROR, "bad value for ssl: \"%s\"", value),
                      "Say off, on, or required, which lets clients of other machines in with TLS only.");
}

static Error *on_off(const char *key, const char *value, bool *out)
{
    *out = strcasecmp(value, "on") == 0;
    if (*out || strcasecmp(value, "off") == 0)
        return NULL;
    return error_hint(error_new(SQLSTATE_CONFIGURATION_ERROR, "bad value for %s: \"%s\"", key, value), "Say on or off.");
}

/* Relative ones stand in the warehouse. */
static char *file(Arena *arena, const char *directory, const char *value)
{
    return value[0] == '/' ? arena_strdup(arena, value) : arena_printf(arena, "%s/%s", directory, value);
}

Error *config_set(Arena *arena, Config *config, const char *directory, const char *key, const char *value)
{
    if (strcmp(key, "listen_address") == 0)
        return address(arena, config, value);
    if (strcmp(key, "port") == 0)
        return small_number(key, value, 0, 65535, &config->port);
    if (strcmp(key, "max_connections") == 0)
        return small_number(key, value, 1, 10000, &config->max_connections);
    if (strcmp(key, "login_timeout") == 0)
        return small_number(key, value, 1, 600, &config->login_timeout_s);
    if (strcmp(key, "ssl") == 0)
        return ssl(config, value);
    if (strcmp(key, "ssl_cert_file") == 0)
    {
        config->ssl_cert_file = file(arena, directory, value);
        return NULL;
    }
    if (strcmp(key, "ssl_key_file") == 0)
    {
        config->ssl_key_file = file(arena, directory, value);
        return NULL;
    }
    if (strcmp(key, "threads") == 0)
        return small_number(key, value, 0, 1024, &config->threads);
    if (strcmp(key, "memory") == 0)
        return byte_size(key, value, &config->memory_bytes);
    if (strcmp(key, "auto_vacuum") == 0)
        return on_off(key, value, &config->auto_vacuum);
    if (strcmp(key, "history_days") == 0)
        return small_number(key, value, 0, 3650, &config->history_days);
    if (strcmp(key, "history_size") == 0)
        return byte_size(key, value, &config->history_bytes);
    if (strcmp(key, "copy_directories") == 0)
        return copy_directories(arena, config, directory, value);
    return error_hint(error_new(SQLSTATE_CONFIGURATION_ERROR, "unknown key \"%s\"", key),
                      "Known are listen_address, port, max_connections, login_timeout, ssl, ssl_cert_file, ssl_key_file, threads, "
                      "memory, auto_vacuum, history_days, history_size and copy_directories.");
}

/* Takes quotes off a value: '0.0.0.0' and "0.0.0.0" are 0.0.0.0. */
static char *unquoted(Arena *arena, const char *value)
{
    size_t length = strlen(value);
    if (length >= 2 && (value[0] == '\'' || value[0] == '"') && value[length - 1] == value[0])
        return arena_strndup(arena, value + 1, length - 2);
    return arena_strdup(arena, value);
}

/* inih's handler: 1 = fine, 0 = stop and tell the line. */
static int on_key(void *context, const char *section, const char *key, const char *value)
{
    Reading *reading = context;
    (void) section;
    if (reading->error == NULL)
        reading->error = config_set(reading->arena, reading->config, reading->directory, key,
                                    unquoted(reading->arena, value));
    return reading->error == NULL;
}

Error *config_read(Arena *arena, const char *directory, Config **out)
{
    Config *config = ARENA_NEW(arena, Config);
    config->listen_address = arena_strdup(arena, "127.0.0.1");
    config->port = PORT_DEFAULT;
    config->max_connections = CONNECTIONS_DEFAULT;
    config->login_timeout_s = LOGIN_SECONDS_DEFAULT;
    config->auto_vacuum = true;
    config->history_days = HISTORY_DAYS_DEFAULT;
    config->history_bytes = HISTORY_BYTES_DEFAULT;
    config->ssl_cert_file = file(arena, directory, "server.crt");
    config->ssl_key_file = file(arena, directory, "server.key");
    TRY(copy_directories(arena, config, directory, "import"));
    char *path = arena_printf(arena, "%s/stoa.conf", directory);
    Reading reading = {.arena = arena, .config = config, .directory = directory};
    int line = access(path, R_OK) == 0 ? ini_parse(path, on_key, &reading) : 0;
    if (reading.error != NULL)
        return error_detail(reading.error, "In \"%s\", line %d.", path, line);
    if (line != 0)
        return error_new(SQLSTATE_CONFIGURATION_ERROR, "cannot make sense of line %d of \"%s\"", line, path);
    *out = config;
    return NULL;
}
