/* SPDX-License-Identifier: Apache-2.0 */
/* stoa psql DIR ...: psql, told by environment where to connect; the password is in no command line. */
#include "src/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

static void child_run(Arena *arena, const char *directory, const char *const *words, const int pipe_fds[2])
{
    (void) dup2(pipe_fds[1], STDOUT_FILENO);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    _exit(cli_failed(cli_psql_run(arena, directory, words)));
}

Error *cli_psql_read(Arena *arena, const char *directory, const char *const *words, char **out, size_t *length)
{
    int pipe_fds[2], status = 0;
    char buffer[65536];
    Text text;
    if (pipe(pipe_fds) != 0)
        return error_new(SQLSTATE_INTERNAL_ERROR, "could not make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        child_run(arena, directory, words, pipe_fds);
    close(pipe_fds[1]);
    text_init(&text, arena);
    for (ssize_t got; pid > 0 && ((got = read(pipe_fds[0], buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR));)
        if (got > 0)
            memcpy(text_reserve(&text, (size_t) got), buffer, (size_t) got), text.length += (size_t) got;
    close(pipe_fds[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_new(SQLSTATE_CONNECTION_FAILURE, "the leader of warehouse \"%s\" could not be asked", directory);
    text_putc(&text, 0);
    *out = text.data;
    *length = text.length - 1;
    return NULL;
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
