/* SPDX-License-Identifier: Apache-2.0 */
/* stoa psql DIR ...: psql, told by environment where to connect; the password is in no command line. */
#include "src/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "Usage: stoa psql DIR [options of psql]\n"
                            "Connects psql to the running warehouse DIR as its first user.\n"
                            "Other clients read the same files: PGSERVICEFILE=DIR/client/pg_service.conf\n"
                            "PGPASSFILE=DIR/client/pgpass and service=stoa.\n";

Error *cli_psql_run(Arena *arena, const char *directory, const char *const *words)
{
    char *psql = cli_find_program(arena, "psql");
    if (psql == NULL)
        return error_hint(error_new(SQLSTATE_UNDEFINED_FILE, "there is no psql in PATH"),
                          "Install it (on Debian: apt-get install postgresql-client).");
    LeaseHolder *holder;
    TRY(cli_holder(arena, directory, &holder));
    if (holder == NULL)
        return error_hint(error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "warehouse \"%s\" is not running", directory),
                          "Start it with \"stoa start %s\".", directory);
    setenv("PGSERVICEFILE", arena_printf(arena, "%s/client/pg_service.conf", directory), 1);
    setenv("PGPASSFILE", arena_printf(arena, "%s/client/pgpass", directory), 1);
    setenv("PGSERVICE", "stoa", 1);
    unsetenv("PGPASSWORD"); /* it would win over the file */
    int32_t count = 0;
    while (words[count] != NULL)
        count++;
    char **arguments = ARENA_ARRAY(arena, char *, count + 2);
    arguments[0] = psql;
    for (int32_t i = 0; i < count; i++)
        arguments[i + 1] = (char *) words[i];
    execv(psql, arguments);
    return error_new(SQLSTATE_IO_ERROR, "could not run \"%s\": %s", psql, strerror(errno));
}

static Error *psql_run(Arena *arena, char **argv)
{
    char *directory;
    TRY(cli_warehouse(arena, argv[1], &directory));
    return cli_psql_run(arena, directory, (const char *const *) argv + 2);
}

int cli_psql(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)
    {
        fputs(usage, argc < 2 ? stderr : stdout);
        return argc < 2;
    }
    Arena *arena = arena_new("psql");
    int status = cli_failed(psql_run(arena, argv));
    arena_free(arena);
    return status;
}
