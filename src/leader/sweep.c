/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/sweep.h"
#include "base/core/map.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHM "/dev/shm"
#define YOUNG_SECONDS 2 /* a file this young may be about to be mapped */
#define TREE_FDS 16

typedef struct Sweep
{
    Arena *arena;
    Map *mapped; /* paths below /dev/shm that some process has mapped */
    int64_t removed;
} Sweep;

static bool all_digits(const char *text)
{
    return text[0] != 0 && strspn(text, "0123456789") == strlen(text);
}

static void maps_read(Sweep *sweep, const char *pid)
{
    FILE *file = fopen(arena_printf(sweep->arena, "/proc/%s/maps", pid), "re");
    if (file == NULL)
        return;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0)
    {
        char *path = strstr(line, SHM "/");
        if (path == NULL)
            continue;
        path[strcspn(path, " \n")] = 0;
        map_put(sweep->mapped, path, sweep);
    }
    free(line);
    fclose(file);
}

static void mapped_find(Sweep *sweep)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc != NULL && (entry = readdir(proc)) != NULL)
        if (all_digits(entry->d_name))
            maps_read(sweep, entry->d_name);
    if (proc != NULL)
        closedir(proc);
}

static void shared_memory_sweep(Sweep *sweep, const char *host)
{
    char *prefix = arena_printf(sweep->arena, "vader_segment.%s.%u.", host, (unsigned) geteuid());
    DIR *shm = opendir(SHM);
    struct dirent *entry;
    while (shm != NULL && (entry = readdir(shm)) != NULL)
    {
        struct stat status;
        char *path = arena_printf(sweep->arena, SHM "/%s", entry->d_name);
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 || map_get(sweep->mapped, path) != NULL)
            continue;
        if (lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
            status.st_ctime + YOUNG_SECONDS < time(NULL) && unlink(path) == 0)
            sweep->removed++;
    }
    if (shm != NULL)
        closedir(shm);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void) status;
    (void) kind;
    (void) walk;
    (void) remove(path); /* what stays is met again at the next start */
    return 0;
}

static void session_sweep(Sweep *sweep, const char *host)
{
    const char *temporary = getenv("TMPDIR");
    char *base = arena_printf(sweep->arena, "%s/ompi.%s.%u", temporary == NULL ? "/tmp" : temporary, host,
                              (unsigned) geteuid());
    struct stat status;
    if (lstat(base, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid())
        return;
    DIR *sessions = opendir(base);
    struct dirent *entry;
    while (sessions != NULL && (entry = readdir(sessions)) != NULL)
    {
        if (strncmp(entry->d_name, "pid.", 4) != 0 || !all_digits(entry->d_name + 4))
            continue;
        long pid = strtol(entry->d_name + 4, NULL, 10);
        if (pid <= 0 || kill((pid_t) pid, 0) == 0 || errno != ESRCH)
            continue;
        nftw(arena_printf(sweep->arena, "%s/%s", base, entry->d_name), remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
        sweep->removed++;
    }
    if (sessions != NULL)
        closedir(sessions);
    (void) rmdir(base); /* if nobody else has a session */
}

int64_t sweep_dead_jobs(void)
{
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0)
        return 0;
    Arena *arena = arena_new("sweep");
    Sweep sweep = {.arena = arena, .mapped = map_new(arena)};
    mapped_find(&sweep);
    shared_memory_sweep(&sweep, host);
    session_sweep(&sweep, host);
    arena_free(arena);
    return sweep.removed;
}
