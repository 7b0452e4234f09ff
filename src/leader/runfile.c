/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/runfile.h"
#include "src/leader/clientfile.h"

#include <stdio.h>
#include <unistd.h>

Error *runfile_write(Arena *arena, const char *directory, const char *address, int32_t port, bool tls)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = 0;
    TRY(clientfile_update(arena, directory, address, port, tls));
    TRY(file_write_private(arena, arena_printf(arena, "%s/run/served", directory), "")); /* for the supervisor */
    TRY(file_write_private(arena, arena_printf(arena, "%s/run/port", directory), arena_printf(arena, "%d\n", port)));
    return file_write_private(arena, arena_printf(arena, "%s/run/leader", directory),
                            arena_printf(arena, "%s %d %lld %s\n", address, port, (long long) getpid(), host));
}

void runfile_remove(Arena *arena, const char *directory)
{
    unlink(arena_printf(arena, "%s/run/leader", directory));
    unlink(arena_printf(arena, "%s/run/port", directory));
    unlink(arena_printf(arena, "%s/run/ranks", directory));
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
