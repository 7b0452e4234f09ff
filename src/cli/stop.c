/* SPDX-License-Identifier: Apache-2.0 */
/* stoa stop: asks the leader to end in order, and waits until it has. */
#include "src/cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_SECONDS_DEFAULT 30
#define POLL_MS 50

typedef struct Stop
{
    Arena *arena;
    char *given;
    const char *wait;
} Stop;

static const struct argp_option option_list[] = {
    {"wait", 'w', "SECONDS", 0, "how long to wait for its end (default 30)", 0}, {0}};

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Stop *stop = state->input;
    switch (key)
    {
    case 'w':
        stop->wait = value;
        return 0;
    case ARGP_KEY_ARG:
        if (stop->given != NULL)
            argp_error(state, "one warehouse at a time: \"%s\"?", value);
        stop->given = value;
        return 0;
    case ARGP_KEY_END:
        if (stop->given == NULL)
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
    .doc = "Stops the warehouse DIR: running queries are cancelled, clients are told, nothing committed is lost."};

static Error *ask(Stop *stop, const char *directory, int64_t *supervisor)
{
    LeaseHolder *holder;
    char host[256] = "";
    TRY(cli_holder(stop->arena, directory, &holder));
    *supervisor = supervisor_pid(stop->arena, directory);
    if (*supervisor != 0 && kill((pid_t) *supervisor, SIGTERM) == 0)
        return NULL;
    if (holder == NULL)
        return error_new(SQLSTATE_OBJECT_NOT_IN_PREREQUISITE_STATE, "warehouse \"%s\" is not running", directory);
    if (gethostname(host, sizeof host - 1) != 0 || strcmp(host, holder->host) != 0)
    {
        Error *error = error_new(SQLSTATE_OBJECT_IN_USE, "warehouse \"%s\" runs on another host, \"%s\"", directory,
                                 holder->host);
        return holder->job[0] == 0 ? error_hint(error, "Stop it there.")
                                   : error_hint(error, "End its job: scancel --signal=TERM --batch %s", holder->job);
    }
    if (kill((pid_t) holder->pid, SIGTERM) != 0)
        return error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "could not signal process %lld: %s", (long long) holder->pid,
                         strerror(errno));
    return NULL;
}

static Error *stop_run(Stop *stop)
{
    char *directory;
    int64_t seconds = WAIT_SECONDS_DEFAULT, supervisor;
    TRY(cli_warehouse(stop->arena, stop->given, &directory));
    if (stop->wait != NULL)
        TRY(cli_number("--wait", stop->wait, 1, 86400, &seconds));
    TRY(ask(stop, directory, &supervisor));
    for (int64_t waited = 0; waited < seconds * 1000; waited += POLL_MS)
    {
        LeaseHolder *holder;
        TRY(cli_holder(stop->arena, directory, &holder));
        if (holder == NULL && (supervisor == 0 || !cli_process_lives(supervisor)))
        {
            printf("Warehouse %s has stopped.\n", directory);
            return NULL;
        }
        cli_sleep_ms(POLL_MS);
    }
    return error_hint(error_new(SQLSTATE_INTERNAL_ERROR, "warehouse \"%s\" has not stopped after %lld s", directory,
                                (long long) seconds),
                      "See its log, \"%s/log/stoad.log\".", directory);
}

int cli_stop(int argc, char **argv)
{
    Stop stop = {.arena = arena_new("stop")};
    argp_parse(&parser, argc, argv, 0, NULL, &stop);
    Error *error = stop_run(&stop);
    int status = error == NULL ? 0 : cli_failed(error);
    arena_free(stop.arena);
    return status;
}
