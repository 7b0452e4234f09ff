/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a stale lease over is a race between jobs that start at once; it is
 * won by whoever renames the stale file away (rename of one name works once)
 * and then creates exclusively; lease_check() before each commit is the last word.
 */
#include "src/leader/lease.h"
#include "base/core/assert.h"
#include "base/core/trace.h"
#include "src/leader/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEASE_BYTES_MAX 4096
#define LEASE_TRIES 5
#define DYING_MS 2000 /* a killed holder may take this long to be gone */
#define DYING_POLL_MS 50

struct Lease
{
    Arena *arena;
    const char *directory;
    char *path;
    char *token;
};

/* -1: there is no such process, or only what a dead one leaves until its parent looks (a zombie). */
static int64_t process_start_ticks(int64_t pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long) pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t got = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[got] = 0;
    char *at = strrchr(line, ')'); /* the name may hold anything; field 22 is the 20th behind it */
    if (at != NULL && at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X'))
        return -1;
    for (int field = 0; at != NULL && field < 20; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? -1 : strtoll(at + 1, NULL, 10);
}

static char *boot_id(Arena *arena)
{
    char id[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file != NULL)
    {
        size_t got = fread(id, 1, sizeof id - 1, file);
        fclose(file);
        id[got] = 0;
        id[strcspn(id, "\n")] = 0;
    }
    return arena_strdup(arena, id);
}

static char *host_name(Arena *arena)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = 0;
    return arena_strdup(arena, name);
}

static const char *slurm_job(void)
{
    const char *job = getenv("SLURM_JOB_ID");
    return job == NULL ? "" : job;
}

/* --- reading ---------------------------------------------------------------- */
static char *value_of(Arena *arena, const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line != NULL && *line != 0;)
    {
        if (strncmp(line, key, length) == 0 && strncmp(line + length, " = ", 3) == 0)
        {
            const char *value = line + length + 3;
            return arena_strndup(arena, value, strcspn(value, "\n"));
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return arena_strdup(arena, "");
}

static Error *read_path(Arena *arena, const char *path, LeaseHolder **out)
{
    *out = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not open \"%s\": %s", path, strerror(errno));
    char text[LEASE_BYTES_MAX];
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not read \"%s\": %s", path, strerror(errno));
    text[got] = 0;
    LeaseHolder *holder = ARENA_NEW(arena, LeaseHolder);
    holder->host = value_of(arena, text, "host");
    holder->pid = strtoll(value_of(arena, text, "pid"), NULL, 10);
    holder->job = value_of(arena, text, "job");
    holder->boot = value_of(arena, text, "boot");
    holder->started = strtoll(value_of(arena, text, "started"), NULL, 10);
    holder->process_start = strtoll(value_of(arena, text, "process_start"), NULL, 10);
    holder->token = value_of(arena, text, "token");
    *out = holder;
    return NULL;
}

Error *lease_read(Arena *arena, const char *directory, LeaseHolder **out)
{
    return read_path(arena, arena_printf(arena, "%s/lease", directory), out);
}

bool lease_holder_is_dead(const LeaseHolder *holder)
{
    Arena *arena = arena_new("lease");
    bool same_host = strcmp(holder->host, host_name(arena)) == 0;
    bool same_boot = strcmp(holder->boot, boot_id(arena)) == 0;
    arena_free(arena);
    if (holder->pid <= 0)
        return true; /* the file was cut short by a crash before anything was started */
    if (!same_host)
        return false;
    if (!same_boot || (kill((pid_t) holder->pid, 0) != 0 && errno == ESRCH))
        return true;
    return process_start_ticks(holder->pid) != holder->process_start;
}

/* Another process of the same Slurm job: a requeued or restarted batch script; Slurm has ended the old one. */
static bool same_job_restarted(const LeaseHolder *holder)
{
    Arena *arena = arena_new("lease");
    bool same_host = strcmp(holder->host, host_name(arena)) == 0;
    arena_free(arena);
    return !same_host && holder->job[0] != 0 && strcmp(holder->job, slurm_job()) == 0;
}

/* --- taking ------------------------------------------------------------------- */
static Error *write_whole(int fd, const char *path, const Text *text)
{
    TRY(tree_write(fd, path, text->data, text->length));
    return fsync(fd) == 0 ? NULL : error_file("sync", path);
}

/* *taken false: somebody has it.  Written under another name and linked, so that nobody reads half a lease;
 * where a file system has no links, the exclusive create must do. */
static Error *create(Lease *lease, bool *taken)
{
    *taken = false;
    char *draft = arena_printf(lease->arena, "%s.%s", lease->path, lease->token);
    int fd = open(draft, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", draft, strerror(errno));
    Text text;
    text_init(&text, lease->arena);
    text_printf(&text, "host = %s\npid = %lld\njob = %s\nboot = %s\nstarted = %lld\nprocess_start = %lld\ntoken = %s\n",
                host_name(lease->arena), (long long) getpid(), slurm_job(), boot_id(lease->arena),
                (long long) time(NULL), (long long) process_start_ticks(getpid()), lease->token);
    Error *error = write_whole(fd, draft, &text);
    close(fd);
    if (error == NULL && link(draft, lease->path) == 0)
    {
        *taken = true;
    }
    else if (error == NULL && errno != EEXIST)
    {
        fd = open(lease->path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        *taken = fd >= 0;
        if (fd >= 0)
            error = write_whole(fd, lease->path, &text);
        else if (errno != EEXIST)
            error = error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", lease->path, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    unlink(draft);
    return error;
}

static Error *held(const LeaseHolder *holder, const char *directory)
{
    char since[64] = "";
    time_t started = (time_t) holder->started;
    struct tm broken_down;
    if (gmtime_r(&started, &broken_down) != NULL)
        strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S UTC", &broken_down);
    Error *error = error_new(SQLSTATE_OBJECT_IN_USE, "warehouse \"%s\" is already running", directory);
    error = error_detail(error, "It is held by process %lld on host \"%s\"%s%s, since %s.", (long long) holder->pid,
                         holder->host, holder->job[0] != 0 ? ", Slurm job " : "", holder->job, since);
    return error_hint(error, "Stop it with \"stoa stop\" there. If that host is gone for good, remove \"%s/lease\".",
                      directory);
}

/* Moves a stale lease out of the way; losing the race is fine.  Between reading and renaming, another starter
 * may have done so first and put its own lease there: that one is put back. */
static Error *set_aside(Lease *lease, const LeaseHolder *holder)
{
    trace(TRACE_WARNING, "taking over from process %lld on host \"%s\", which is gone", (long long) holder->pid,
          holder->host);
    char *aside = arena_printf(lease->arena, "%s.stale.%s", lease->path, lease->token);
    if (rename(lease->path, aside) != 0)
        return NULL;
    LeaseHolder *moved;
    TRY(read_path(lease->arena, aside, &moved));
    if (moved != NULL && strcmp(moved->token, holder->token) != 0 && link(aside, lease->path) != 0)
        trace(TRACE_WARNING, "could not put a lease back: %s", strerror(errno));
    unlink(aside);
    return NULL;
}

/* A holder of this host gets a moment to die, for who kills a job may start the next one at once. */
static bool holder_goes(const LeaseHolder *holder)
{
    for (int32_t waited = 0; waited < DYING_MS; waited += DYING_POLL_MS)
    {
        if (lease_holder_is_dead(holder) || same_job_restarted(holder))
            return true;
        struct timespec moment = {.tv_nsec = DYING_POLL_MS * 1000000L};
        nanosleep(&moment, NULL);
    }
    return false;
}

Error *lease_take(Arena *arena, const char *directory, Lease **out)
{
    Lease *lease = ARENA_NEW(arena, Lease);
    lease->arena = arena;
    lease->directory = arena_strdup(arena, directory);
    lease->path = arena_printf(arena, "%s/lease", directory);
    uint64_t token[2];
    if (RAND_bytes((unsigned char *) token, sizeof token) != 1)
        return error_new(SQLSTATE_INTERNAL_ERROR, "no random numbers can be had");
    lease->token = arena_printf(arena, "%016llx%016llx", (unsigned long long) token[0], (unsigned long long) token[1]);
    for (int32_t try = 0; try < LEASE_TRIES; try++)
    {
        bool taken;
        TRY(create(lease, &taken));
        if (taken)
        {
            *out = lease;
            return NULL;
        }
        LeaseHolder *holder;
        TRY(lease_read(arena, directory, &holder));
        if (holder == NULL)
            continue;
        if (!holder_goes(holder))
            return held(holder, directory);
        TRY(set_aside(lease, holder));
    }
    return error_new(SQLSTATE_OBJECT_IN_USE, "warehouse \"%s\" is being started by another job", directory);
}

Error *lease_check(const Lease *lease)
{
    Arena *arena = arena_new("lease check");
    LeaseHolder *holder;
    Error *error = lease_read(arena, lease->directory, &holder);
    if (error == NULL && (holder == NULL || strcmp(holder->token, lease->token) != 0))
        error = error_detail(error_new(SQLSTATE_OBJECT_IN_USE, "this job has lost the warehouse"),
                             "Another job has taken over \"%s\", or its lease was removed.", lease->directory);
    arena_free(arena);
    return error;
}

void lease_release(Lease *lease)
{
    if (lease == NULL)
        return;
    Error *lost = lease_check(lease);
    if (lost == NULL)
        unlink(lease->path);
    error_free(lost);
}
