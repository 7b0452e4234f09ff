/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   stoa start ──fork──> supervisor ──fork, exec──> mpirun ──> stoad, stoad, ...
 *                          │  dies: mpirun gets SIGKILL (PR_SET_PDEATHSIG), and with it the ranks
 *                          │  mpirun dies: ranks likewise; what they leave is swept, and all starts again
 *                          └─ SIGTERM: the leader is asked to stop; then mpirun ends by itself
 */
#include "src/cli/cli.h"
#include "src/leader/clientfile.h"
#include "src/leader/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_SECONDS 15   /* for a clean end; then SIGKILL */
#define TRIES_MAX 20      /* short lives in a row before giving up */
#define HEALTHY_SECONDS 60 /* a job that lived this long was no short life */
#define BREATH_MS 2500    /* between two: the ranks' last breath, and the age sweep_dead_jobs() asks of files */
#define OPTIONS_MAX 64

static void say(const char *format, ...) PRINTF_LIKE(1, 2);
static void say(const char *format, ...)
{
    char when[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", gmtime_r(&now, &parts));
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s UTC [%d] supervisor: ", when, (int) getpid());
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static char *pid_path(Arena *arena, const char *directory)
{
    return arena_printf(arena, "%s/run/supervisor", directory);
}

int64_t supervisor_pid(Arena *arena, const char *directory)
{
    char name[256] = "", here[256] = "";
    long long pid = 0;
    FILE *file = fopen(pid_path(arena, directory), "re");
    if (file == NULL)
        return 0;
    int got = fscanf(file, "%lld %255s", &pid, name);
    fclose(file);
    if (got != 2 || gethostname(here, sizeof here - 1) != 0 || strcmp(here, name) != 0)
        return 0;
    return cli_process_lives(pid) ? pid : 0;
}

static Error *pid_write(Arena *arena, const char *directory)
{
    char host[256] = "?";
    if (gethostname(host, sizeof host - 1) != 0)
        return error_new(SQLSTATE_IO_ERROR, "this machine has no name: %s", strerror(errno));
    return file_write_private(arena, pid_path(arena, directory), arena_printf(arena, "%d %s\n", (int) getpid(), host));
}

/* mpirun's arguments; no shell sees them. */
static char **arguments_make(Arena *arena, const Supervision *s)
{
    char **list = ARENA_ARRAY(arena, char *, OPTIONS_MAX);
    int32_t count = 0;
    int32_t ranks = s->compute_nodes == 1 ? 1 : s->compute_nodes + 1;
    list[count++] = (char *) s->mpirun;
    list[count++] = "-n";
    list[count++] = arena_printf(arena, "%d", ranks);
    list[count++] = "--oversubscribe";
    list[count++] = "--bind-to";
    list[count++] = "none";
    if (getenv("SLURM_JOB_NUM_NODES") == NULL || strcmp(getenv("SLURM_JOB_NUM_NODES"), "1") == 0)
    {
        static const char *const local[] = {"--mca", "pml", "ob1", "--mca", "btl", "self,vader"};
        for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
            list[count++] = (char *) local[i];
    }
    list[count++] = (char *) s->stoad;
    for (char **option = s->stoad_options; *option != NULL && count < OPTIONS_MAX - 1; option++)
        list[count++] = *option;
    return list;
}

static pid_t mpirun_start(Arena *arena, const Supervision *s)
{
    char **arguments = arguments_make(arena, s);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (geteuid() == 0) /* Open MPI asks root twice whether he means it */
    {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
    }
    execv(s->mpirun, arguments);
    fprintf(stderr, "could not run %s: %s\n", s->mpirun, strerror(errno));
    _exit(127);
}

/* The leader ends the job in order; mpirun alone would kill the ranks after a moment. */
static void job_stop(Arena *arena, const char *directory, pid_t mpirun)
{
    LeaseHolder *holder = NULL;
    Error *error = lease_read(arena, directory, &holder);
    bool told = error == NULL && holder != NULL && !lease_holder_is_dead(holder) &&
                kill((pid_t) holder->pid, SIGTERM) == 0;
    error_free(error);
    if (!told)
        kill(mpirun, SIGTERM);
}

/* Waits for mpirun; asks the job to end when told to.  Returns its wait status; *stopped: it was told. */
static int job_watch(const Supervision *s, pid_t mpirun, int signals, bool *stopped)
{
    int64_t stop_by = 0;
    for (;;)
    {
        int status;
        if (waitpid(mpirun, &status, WNOHANG) == mpirun)
            return status;
        struct signalfd_siginfo info;
        if (read(signals, &info, sizeof info) != (ssize_t) sizeof info) /* wakes for SIGCHLD too */
            continue;
        if (info.ssi_signo == SIGALRM && stop_by != 0 && time(NULL) >= stop_by)
        {
            say("the job did not end in %d s, killing it", STOP_SECONDS);
            kill(mpirun, SIGKILL);
        }
        if (info.ssi_signo != SIGTERM && info.ssi_signo != SIGINT)
            continue;
        Arena *arena = arena_new("stop");
        job_stop(arena, s->directory, mpirun);
        arena_free(arena);
        *stopped = true;
        stop_by = time(NULL) + STOP_SECONDS;
        alarm(STOP_SECONDS);
    }
}

static int signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGHUP, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void how_it_ended(int status)
{
    if (WIFSIGNALED(status))
        say("the job was killed by signal %d", WTERMSIG(status));
    else
        say("the job ended with code %d", WEXITSTATUS(status));
}

/* Made by the leader once it serves, and left there: it tells a job that died from one that never lived. */
static char *served_path(Arena *arena, const char *directory)
{
    return arena_printf(arena, "%s/run/served", directory);
}

/* One job from start to end.  *again: it died, and had lived before. */
static int job_run(Arena *arena, const Supervision *s, int signals, bool *again)
{
    bool stopped = false;
    unlink(served_path(arena, s->directory));
    pid_t mpirun = mpirun_start(arena, s);
    *again = false;
    if (mpirun < 0)
        return cli_failed(error_new(SQLSTATE_INTERNAL_ERROR, "could not fork: %s", strerror(errno)));
    int status = job_watch(s, mpirun, signals, &stopped);
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!clean)
        how_it_ended(status);
    runfile_remove(arena, s->directory);
    if (clean || stopped)
        return 0;
    cli_sleep_ms(BREATH_MS);
    (void) sweep_dead_jobs();
    *again = s->restart && access(served_path(arena, s->directory), F_OK) == 0;
    return 1;
}

/* Starts again what dies, unless it never lives. */
static int jobs_run(Arena *arena, const Supervision *s, int signals)
{
    for (int32_t short_lives = 0; short_lives < TRIES_MAX;)
    {
        time_t begin = time(NULL);
        bool again;
        int status = job_run(arena, s, signals, &again);
        if (!again)
            return status;
        short_lives = time(NULL) - begin >= HEALTHY_SECONDS ? 0 : short_lives + 1;
        say("starting again");
    }
    say("%d short lives in a row, giving up", TRIES_MAX);
    return 1;
}

int supervise(const Supervision *s)
{
    Arena *arena = arena_new("supervisor");
    int signals = signals_open();
    Error *error = signals < 0 ? error_new(SQLSTATE_INTERNAL_ERROR, "signalfd failed: %s", strerror(errno)) : NULL;
    if (error == NULL)
        error = pid_write(arena, s->directory);
    int status = error != NULL ? cli_failed(error) : jobs_run(arena, s, signals);
    if (error == NULL)
        unlink(pid_path(arena, s->directory));
    unlink(served_path(arena, s->directory));
    arena_free(arena);
    return status;
}
