/* SPDX-License-Identifier: Apache-2.0 */
/* stoa: the command a person types. */
#include "config.h"

#include "base/core/fault.h"
#include "src/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef struct Command
{
    const char *name;
    int (*run)(int argc, char **argv);
    const char *does;
} Command;

static const Command commands[] = {
    {"check", cli_check, "verify every file"},
    {"init", cli_init, "create a warehouse"},
    {"psql", cli_psql, "connect psql to a running one"},
    {"resize", cli_resize, "give a stopped one another number of slices"},
    {"snapshot", cli_snapshot, "keep it as it is now, and give that back"},
    {"start", cli_start, "start it on this machine, and watch over it"},
    {"status", cli_status, "who runs it, where, and how large it is"},
    {"stop", cli_stop, "end it in order"},
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static int usage(FILE *out, int status)
{
    fputs("Usage: stoa COMMAND DIR [options]\n"
          "A data warehouse that runs as an MPI job; DIR is where it lives.\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].does);
    fputs("\n\"stoa COMMAND --help\" tells a command's options.\n", out);
    return status;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_DFL);
    if (argc < 2)
        return usage(stderr, 2);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout, 0);
    if (strcmp(argv[1], "--version") == 0)
    {
        puts(PACKAGE_STRING);
        return 0;
    }
    Error *error = fault_init();
    if (error != NULL)
        return cli_failed(error);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
    {
        char name[32];
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(name, sizeof name, "stoa %s", commands[i].name); /* what its --help calls itself */
        argv[1] = name;
        return commands[i].run(argc - 1, argv + 1);
    }
    fprintf(stderr, "stoa: unknown command \"%s\"\n", argv[1]);
    return usage(stderr, 2);
}
