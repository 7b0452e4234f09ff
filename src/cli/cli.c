/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share. */
#include "src/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int cli_failed(Error *error)
{
    fprintf(stderr, "stoa: %s\n", error->message);
    if (error->detail != NULL)
        fprintf(stderr, "DETAIL:  %s\n", error->detail);
    if (error->hint != NULL)
        fprintf(stderr, "HINT:  %s\n", error->hint);
    error_free(error);
    return 1;
}

Error *cli_warehouse(Arena *arena, const char *path, char **directory)
{
    char *real = realpath(path, NULL);
    if (real == NULL)
        return error_hint(error_new(SQLSTATE_UNDEFINED_FILE, "\"%s\": %s", path, strerror(errno)),
                          "Create a warehouse with \"stoa init %s\".", path);
    *directory = arena_strdup(arena, real);
    free(real);
    if (access(arena_printf(arena, "%s/catalog.db", *directory), F_OK) != 0)
        return error_hint(error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "\"%s\" is not a warehouse", path),
                          "Create one with \"stoa init DIR\"; DIR must not exist, or be empty.");
    return NULL;
}

Error *cli_directory_make(Arena *arena, const char *path)
{
    if (mkdir(path, 0700) == 0)
        return NULL;
    if (errno != EEXIST)
        return error_file("create directory", path);
    if (access(arena_printf(arena, "%s/catalog.db", path), F_OK) == 0)
        return error_hint(error_new(SQLSTATE_DUPLICATE_OBJECT, "\"%s\" is already a warehouse", path),
                          "Start it with \"stoa start %s\".", path);
    DIR *stream = opendir(path);
    if (stream == NULL)
        return error_file("open directory", path);
    int32_t entries = 0;
    while (readdir(stream) != NULL)
        entries++;
    closedir(stream);
    if (entries > 2)
        return error_hint(error_new(SQLSTATE_OBJECT_IN_USE, "directory \"%s\" is not empty", path),
                          "Name a directory that does not exist yet, or an empty one.");
    if (chmod(path, 0700) != 0)
        return error_file("change the mode of", path);
    return NULL;
}

Error *cli_holder(Arena *arena, const char *directory, LeaseHolder **holder)
{
    TRY(lease_read(arena, directory, holder));
    if (*holder != NULL && lease_holder_is_dead(*holder))
        *holder = NULL;
    return NULL;
}

/* What a dead process leaves until its parent looks (a zombie) does not live; in a container nobody may ever look. */
bool cli_process_lives(int64_t pid)
{
    if (pid <= 0 || (kill((pid_t) pid, 0) != 0 && errno != EPERM))
        return false;
    char path[64], state = 'R';
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long) pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return true;
    int got = fscanf(file, "%*d (%*[^)]) %c", &state);
    fclose(file);
    return got != 1 || (state != 'Z' && state != 'X');
}

void cli_sleep_ms(int64_t ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

Error *cli_number(const char *name, const char *value, int64_t least, int64_t most, int64_t *out)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != 0 || number < least || number > most)
        return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "%s takes a number from %lld to %lld, not \"%s\"", name,
                         (long long) least, (long long) most, value);
    *out = number;
    return NULL;
}

char *cli_find_program(Arena *arena, const char *name)
{
    const char *path = getenv("PATH");
    for (const char *at = path == NULL ? "" : path; *at != 0;)
    {
        size_t length = strcspn(at, ":");
        char *candidate = arena_printf(arena, "%.*s/%s", (int) length, at, name);
        struct stat status;
        if (length > 0 && stat(candidate, &status) == 0 && S_ISREG(status.st_mode) && access(candidate, X_OK) == 0)
            return candidate;
        at += length + (at[length] == ':');
    }
    return NULL;
}

Error *cli_stoad(Arena *arena, char **stoad)
{
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0)
    {
        self[length] = 0;
        char *slash = strrchr(self, '/');
        *stoad = arena_printf(arena, "%.*s/stoad", (int) (slash - self), self);
        if (access(*stoad, X_OK) == 0)
            return NULL;
    }
    *stoad = STOA_BINDIR "/stoad";
    if (access(*stoad, X_OK) == 0)
        return NULL;
    *stoad = cli_find_program(arena, "stoad");
    if (*stoad != NULL)
        return NULL;
    return error_hint(error_new(SQLSTATE_UNDEFINED_FILE, "the server program stoad is nowhere to be found"),
                      "It belongs beside stoa: install Stoa anew.");
}

Error *cli_not_running(Arena *arena, const char *directory)
{
    LeaseHolder *holder;
    TRY(cli_holder(arena, directory, &holder));
    if (holder != NULL)
        return error_hint(error_detail(error_new(SQLSTATE_OBJECT_IN_USE, "warehouse \"%s\" is already running", directory),
                                       "By process %lld on host \"%s\"%s%s.", (long long) holder->pid, holder->host,
                                       holder->job[0] != 0 ? ", Slurm job " : "", holder->job),
                          "\"stoa status %s\" tells more, \"stoa stop %s\" stops it.", directory, directory);
    int64_t supervisor = supervisor_pid(arena, directory);
    if (supervisor != 0)
        return error_hint(error_new(SQLSTATE_OBJECT_IN_USE, "warehouse \"%s\" is already running: process %lld is starting it",
                                    directory, (long long) supervisor),
                          "\"stoa stop %s\" stops it.", directory);
    return NULL;
}
