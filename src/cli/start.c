/* SPDX-License-Identifier: Apache-2.0 */
/* stoa start: a supervisor in the background, and then waiting until the warehouse answers. */
#include "src/cli/cli.h"

#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef STOA_BINDIR
#define STOA_BINDIR "/usr/local/bin"
#endif

#define COMPUTE_NODES_MAX 1023
#define WAIT_SECONDS_DEFAULT 120
#define POLL_MS 50
#define LOG_BYTES_SHOWN 4096
#define LOG_BYTES_MAX (64L << 20) /* an older log is set aside when the warehouse starts */

enum
{
    KEY_NO_RESTART = 1000,
    KEY_FOREGROUND,
    KEY_WAIT
};

typedef struct Start
{
    Arena *arena;
    char *given;
    char *directory;
    const char *nodes, *port, *threads, *listen, *memory, *wait;
    int64_t node_count;
    int64_t wait_seconds;
    bool no_restart;
    bool foreground;
    char *mpirun;
    char *stoad;
    char *log;
    off_t log_begin;
} Start;

static const struct argp_option option_list[] = {
    {"nodes", 'n', "N", 0, "compute nodes: 1 (default) is one rank that leads and computes, more are N + 1 ranks", 0},
    {"port", 'p', "PORT", 0, "listen there (default: stoa.conf, or 5439); 0 takes any free one", 0},
    {"threads", 't', "THREADS", 0, "of each rank, for queries (default: cores shared among the ranks)", 0},
    {"listen", 'l', "ADDRESS", 0, "numeric address to listen on (default 127.0.0.1)", 0},
    {"memory", 'm', "SIZE", 0, "of each rank, for queries, such as 16GB", 0},
    {"no-restart", KEY_NO_RESTART, 0, 0, "do not start it again when a rank dies", 0},
    {"foreground", KEY_FOREGROUND, 0, 0, "stay in the foreground, log to the terminal", 0},
    {"wait", KEY_WAIT, "SECONDS", 0, "how long to wait until it accepts connections (default 120)", 0},
    {0}};

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Start *start = state->input;
    switch (key)
    {
    case 'n':
        start->nodes = value;
        return 0;
    case 'p':
        start->port = value;
        return 0;
    case 't':
        start->threads = value;
        return 0;
    case 'l':
        start->listen = value;
        return 0;
    case 'm':
        start->memory = value;
        return 0;
    case KEY_NO_RESTART:
        start->no_restart = true;
        return 0;
    case KEY_FOREGROUND:
        start->foreground = true;
        return 0;
    case KEY_WAIT:
        start->wait = value;
        return 0;
    case ARGP_KEY_ARG:
        if (start->given != NULL)
            argp_error(state, "one warehouse at a time: \"%s\"?", value);
        start->given = value;
        return 0;
    case ARGP_KEY_END:
        if (start->given == NULL)
            argp_error(state, "which warehouse? Say its directory");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_list,
    .parser = option_parse,
    .args_doc = "DIR",
    .doc = "Starts the warehouse DIR on this machine with mpirun, watches over it, and returns when it accepts "
           "connections. On a cluster, use the job scripts instead: they run mpirun with stoad themselves."};

/* --- checks ------------------------------------------------------------------------ */
static Error *port_is_free(Start *start)
{
    int64_t port = 0;
    if (start->port != NULL)
        TRY(cli_number("--port", start->port, 0, 65535, &port));
    if (port == 0)
        return NULL;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool taken = fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof address) != 0 && errno == EADDRINUSE;
    if (fd >= 0)
        close(fd);
    if (taken && start->listen == NULL)
        return error_hint(error_new(SQLSTATE_IO_ERROR, "port %lld is taken by another program", (long long) port),
                          "Choose another one with -p, or 0 for any free one.");
    return NULL;
}

static Error *start_check(Start *start)
{
    start->node_count = 1;
    start->wait_seconds = WAIT_SECONDS_DEFAULT;
    if (start->nodes != NULL)
        TRY(cli_number("--nodes", start->nodes, 1, COMPUTE_NODES_MAX, &start->node_count));
    if (start->wait != NULL)
        TRY(cli_number("--wait", start->wait, 1, 86400, &start->wait_seconds));
    TRY(cli_warehouse(start->arena, start->given, &start->directory));
    start->mpirun = cli_find_program(start->arena, "mpirun");
    if (start->mpirun == NULL)
        return error_hint(error_new(SQLSTATE_UNDEFINED_FILE, "there is no mpirun in PATH"),
                          "Install an MPI (on Debian: apt-get install openmpi-bin), or load its module.");
    TRY(cli_stoad(start->arena, &start->stoad));
    TRY(cli_not_running(start->arena, start->directory));
    return port_is_free(start);
}

/* --- starting -------------------------------------------------------------------------- */
static char **stoad_options(Start *start)
{
    char **list = ARENA_ARRAY(start->arena, char *, 16);
    int32_t count = 0;
    const struct
    {
        const char *option;
        const char *value;
    } pairs[] = {{"-D", start->directory}, {"-p", start->port}, {"-t", start->threads}, {"-l", start->listen},
                 {"-m", start->memory}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i].value != NULL)
        {
            list[count++] = (char *) pairs[i].option;
            list[count++] = (char *) pairs[i].value;
        }
    return list;
}

static int supervision_run(Start *start)
{
    Supervision supervision = {.directory = start->directory,
                               .compute_nodes = (int32_t) start->node_count,
                               .restart = !start->no_restart,
                               .mpirun = start->mpirun,
                               .stoad = start->stoad,
                               .stoad_options = stoad_options(start)};
    return supervise(&supervision);
}

static Error *log_open(Start *start, int *fd)
{
    char *folder = arena_printf(start->arena, "%s/log", start->directory);
    start->log = arena_printf(start->arena, "%s/stoad.log", folder);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return error_new(SQLSTATE_IO_ERROR, "could not create \"%s\": %s", folder, strerror(errno));
    struct stat status;
    if (stat(start->log, &status) == 0 && status.st_size > LOG_BYTES_MAX)
        (void) rename(start->log, arena_printf(start->arena, "%s.old", start->log));
    *fd = open(start->log, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    if (*fd < 0)
        return error_new(SQLSTATE_IO_ERROR, "could not open \"%s\": %s", start->log, strerror(errno));
    start->log_begin = stat(start->log, &status) == 0 ? status.st_size : 0;
    return NULL;
}

static Error *supervisor_fork(Start *start, pid_t *pid)
{
    int log = -1;
    TRY(log_open(start, &log));
    mkdir(arena_printf(start->arena, "%s/run", start->directory), 0700);
    runfile_remove(start->arena, start->directory); /* of a job that was killed: nobody runs now */
    fflush(NULL);
    *pid = fork();
    if (*pid == 0)
    {
        setsid();
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        if (chdir("/") != 0)
            _exit(1);
        _exit(supervision_run(start));
    }
    close(log);
    if (*pid < 0)
        return error_new(SQLSTATE_INTERNAL_ERROR, "could not fork: %s", strerror(errno));
    return NULL;
}

/* What the log has said since: the reason is in it. */
static void log_show(const Start *start)
{
    char text[LOG_BYTES_SHOWN + 1];
    int fd = open(start->log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t got = pread(fd, text, LOG_BYTES_SHOWN, start->log_begin);
    close(fd);
    if (got > 0)
        fprintf(stderr, "%.*s%s", (int) got, text, text[got - 1] == '\n' ? "" : "\n");
}

static Error *ended_early(const Start *start)
{
    log_show(start);
    return error_hint(error_new(SQLSTATE_INTERNAL_ERROR, "warehouse \"%s\" did not start", start->directory),
                      "The reason stands above; the whole log is \"%s\".", start->log);
}

static Error *wait_ready(Start *start, pid_t supervisor)
{
    for (int64_t waited = 0; waited < start->wait_seconds * 1000; waited += POLL_MS)
    {
        RunFile run;
        int status;
        Arena *arena = arena_new("wait");
        bool ready = runfile_read(arena, start->directory, &run);
        if (ready)
            printf("Warehouse %s is ready: %s port %d, %lld compute node%s.\nConnect with: stoa psql %s\n",
                   start->directory, run.address, run.port, (long long) start->node_count,
                   start->node_count == 1 ? " (which also leads)" : "s and a leader", start->directory);
        arena_free(arena);
        if (ready)
            return NULL;
        if (waitpid(supervisor, &status, WNOHANG) == supervisor)
            return ended_early(start);
        cli_sleep_ms(POLL_MS);
    }
    return error_hint(error_new(SQLSTATE_INTERNAL_ERROR, "warehouse \"%s\" is not ready after %lld s", start->directory,
                                (long long) start->wait_seconds),
                      "It goes on starting. Its log is \"%s\"; \"stoa stop %s\" ends it.", start->log, start->directory);
}

static Error *start_run(Start *start)
{
    pid_t supervisor;
    TRY(start_check(start));
    TRY(supervisor_fork(start, &supervisor));
    return wait_ready(start, supervisor);
}

int cli_start(int argc, char **argv)
{
    Start start = {.arena = arena_new("start")};
    argp_parse(&parser, argc, argv, 0, NULL, &start);
    umask(0077);
    Error *error;
    int status = 0;
    if (start.foreground)
    {
        error = start_check(&start);
        if (error == NULL)
            status = supervision_run(&start);
    }
    else
        error = start_run(&start);
    if (error != NULL)
        status = cli_failed(error);
    arena_free(start.arena);
    return status;
}
