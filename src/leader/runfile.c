/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/runfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whole or not at all: readers wait for it to appear. */
static Error *write_atomically(Arena *arena, const char *path, const char *text)
{
    char *draft = arena_printf(arena, "%s.new", path);
    int fd = open(draft, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    size_t length = strlen(text);
    bool done = fd >= 0 && write(fd, text, length) == (ssize_t) length;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (done && rename(draft, path) == 0)
        return NULL;
    return error_new(SQLSTATE_IO_ERROR, "could not write \"%s\": %s", path, strerror(done ? errno : reason));
}

Error *runfile_write(Arena *arena, const char *directory, const char *address, int32_t port)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = 0;
    TRY(write_atomically(arena, arena_printf(arena, "%s/run/port", directory), arena_printf(arena, "%d\n", port)));
    return write_atomically(arena, arena_printf(arena, "%s/run/leader", directory),
                            arena_printf(arena, "%s %d %lld %s\n", address, port, (long long) getpid(), host));
}

void runfile_remove(Arena *arena, const char *directory)
{
    unlink(arena_printf(arena, "%s/run/leader", directory));
    unlink(arena_printf(arena, "%s/run/port", directory));
}

bool runfile_read(Arena *arena, const char *directory, RunFile *out)
{
    FILE *file = fopen(arena_printf(arena, "%s/run/leader", directory), "re");
    if (file == NULL)
        return false;
    char address[64] = "", host[256] = "";
    long long pid = 0;
    int port = 0;
    int got = fscanf(file, "%63s %d %lld %255s", address, &port, &pid, host);
    fclose(file);
    *out = (RunFile){.address = arena_strdup(arena, address), .port = port, .pid = pid, .host = arena_strdup(arena, host)};
    return got == 4;
}
