/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/clientfile.h"
#include "src/leader/tree.h"

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
        return error_file("create", draft);
    Error *error = tree_write(fd, draft, text, strlen(text));
    if (close(fd) != 0 && error == NULL)
        error = error_file("close", draft);
    if (error == NULL && rename(draft, path) != 0)
        error = error_file("rename", draft);
    if (error != NULL)
        unlink(draft);
    return error;
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

/* "" when it is not there. */
static char *file_text(Arena *arena, const char *path)
{
    char text[SERVICE_BYTES_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return arena_strdup(arena, "");
    size_t got = fread(text, 1, sizeof text, file);
    fclose(file);
    return arena_strndup(arena, text, got);
}

static Error *service_write(Arena *arena, const char *directory, const char *host, int32_t port, const char *database,
                            const char *user, bool tls)
{
    char *root = arena_printf(arena, "%s/client/root.crt", directory);
    char *security = tls && access(root, R_OK) == 0 ? arena_printf(arena, "sslmode=verify-ca\nsslrootcert=%s\n", root)
                                                    : "sslmode=prefer\n";
    char *text = arena_printf(arena, "# PGSERVICEFILE=%s/client/pg_service.conf PGPASSFILE=%s/client/pgpass psql service=stoa\n"
                                     "[stoa]\nhost=%s\nport=%d\ndbname=%s\nuser=%s\n%sgssencmode=disable\n",
                              directory, directory, host, port, database, user, security);
    char *path = arena_printf(arena, "%s/client/pg_service.conf", directory);
    if (strcmp(file_text(arena, path), text) == 0)
        return NULL;
    return file_write_private(arena, path, text);
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
    return service_write(arena, directory, "127.0.0.1", port, database, user, false);
}

static char *value_of(Arena *arena, const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != 0; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, key, length) == 0 && line[length] == '=')
            return arena_strndup(arena, line + length + 1, strcspn(line + length + 1, "\n"));
    return NULL;
}

Error *clientfile_update(Arena *arena, const char *directory, const char *address, int32_t port, bool tls)
{
    char host[256] = "";
    char *text = file_text(arena, arena_printf(arena, "%s/client/pg_service.conf", directory));
    char *user = value_of(arena, text, "user"), *database = value_of(arena, text, "dbname");
    bool all = strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
    if (all && gethostname(host, sizeof host - 1) == 0)
        address = host;
    if (user == NULL || database == NULL)
        return NULL; /* somebody does without */
    return service_write(arena, directory, address, port, database, user, tls);
}
