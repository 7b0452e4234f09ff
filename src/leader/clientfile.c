/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/clientfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_BYTES_MAX 4096

Error *file_write_private(Arena *arena, const char *path, const char *text)
{
    char *draft = arena_printf(arena, "%s.new", path);
    int fd = open(draft, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", draft, strerror(errno));
    size_t length = strlen(text);
    bool done = write(fd, text, length) == (ssize_t) length;
    int reason = done ? 0 : errno;
    close(fd);
    if (done && rename(draft, path) == 0)
        return NULL;
    unlink(draft);
    return error_new(SQLSTATE_IO_ERROR, "could not write \"%s\": %s", path, strerror(done ? errno : reason));
}

/* pgpass takes ':' and '\' with a backslash before them. */
static void escaped(Text *text, const char *word)
{
    for (; *word != 0; word++)
    {
        if (*word == ':' || *word == '\\')
            text_putc(text, '\\');
        text_putc(text, *word);
    }
}

static Error *service_write(Arena *arena, const char *directory, const char *host, int32_t port, const char *database,
                            const char *user)
{
    char *text = arena_printf(arena, "# PGSERVICEFILE=%s/client/pg_service.conf PGPASSFILE=%s/client/pgpass psql service=stoa\n"
                                     "[stoa]\nhost=%s\nport=%d\ndbname=%s\nuser=%s\nsslmode=prefer\ngssencmode=disable\n",
                              directory, directory, host, port, database, user);
    return file_write_private(arena, arena_printf(arena, "%s/client/pg_service.conf", directory), text);
}

Error *clientfile_create(Arena *arena, const char *directory, const char *user, const char *database, int32_t port,
                         const char *password)
{
    Text text;
    text_init(&text, arena);
    text_printf(&text, "*:*:%s:%s:", database, user);
    escaped(&text, password);
    text_putc(&text, '\n');
    TRY(file_write_private(arena, arena_printf(arena, "%s/client/pgpass", directory), text.data));
    return service_write(arena, directory, "127.0.0.1", port, database, user);
}

static char *value_of(Arena *arena, const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != 0; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, length) == 0 && line[length] == '=')
            return arena_strndup(arena, line + length + 1, strcspn(line + length + 1, "\n"));
    return NULL;
}

Error *clientfile_update(Arena *arena, const char *directory, const char *address, int32_t port)
{
    char text[SERVICE_BYTES_MAX] = "", host[256] = "";
    FILE *file = fopen(arena_printf(arena, "%s/client/pg_service.conf", directory), "re");
    if (file == NULL)
        return NULL; /* somebody does without */
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = 0;
    char *user = value_of(arena, text, "user"), *database = value_of(arena, text, "dbname");
    char *old_host = value_of(arena, text, "host"), *old_port = value_of(arena, text, "port");
    bool all = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    if (all && gethostname(host, sizeof host - 1) == 0)
        address = host;
    if (user == NULL || database == NULL || old_host == NULL || old_port == NULL)
        return NULL;
    if (strcmp(old_host, address) == 0 && strcmp(old_port, arena_printf(arena, "%d", port)) == 0)
        return NULL;
    return service_write(arena, directory, address, port, database, user);
}
