/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands a person types: stoa init | start | stop | status | check | snapshot | resize | psql.
 * Each cli_*() is a main(): argv[0] is "stoa init" and the like; returns the exit code.
 */
#ifndef SRC_CLI_CLI_H
#define SRC_CLI_CLI_H

#include "base/core/text.h"
#include "src/leader/lease.h"
#include "src/leader/runfile.h"

int cli_init(int argc, char **argv);
int cli_start(int argc, char **argv);
int cli_stop(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_psql(int argc, char **argv);
int cli_resize(int argc, char **argv);
int cli_snapshot(int argc, char **argv);

/* Prints "stoa: message", detail and hint to stderr, frees the error, returns 1. */
int cli_failed(Error *error);

/* The absolute path of a warehouse.  58P01 no such directory, 55000 not a warehouse. */
Error *cli_warehouse(Arena *arena, const char *path, char **directory) MUST_USE;

/* A new directory (0700), or one that is there and empty.  42710 a warehouse already, 55006 not empty. */
Error *cli_directory_make(Arena *arena, const char *path) MUST_USE;

/* psql in this process's place, as the warehouse's first user; comes back only with an error.  words: its options, then NULL. */
Error *cli_psql_run(Arena *arena, const char *directory, const char *const *words) MUST_USE;

/* The same in a process of its own: what it prints, with a zero byte behind it. */
Error *cli_psql_read(Arena *arena, const char *directory, const char *const *words, char **text, size_t *length) MUST_USE;

/* Who holds it, and lives as far as can be told from here; *holder NULL: nobody. */
Error *cli_holder(Arena *arena, const char *directory, LeaseHolder **holder) MUST_USE;
/* 55006: somebody holds it, or its supervisor is about to start it again. */
Error *cli_not_running(Arena *arena, const char *directory) MUST_USE;
bool cli_process_lives(int64_t pid);
void cli_sleep_ms(int64_t ms);

/* A number of an option, or an error that names it. */
Error *cli_number(const char *name, const char *value, int64_t least, int64_t most, int64_t *out) MUST_USE;

/* The server program: beside this one, where it was installed, or in PATH.  58P01. */
Error *cli_stoad(Arena *arena, char **stoad) MUST_USE;
/* First executable `name` in PATH; NULL. */
char *cli_find_program(Arena *arena, const char *name);

/* --- supervise.c -------------------------------------------------------- */
typedef struct Supervision
{
    const char *directory;
    int32_t compute_nodes;
    bool restart;
    const char *mpirun;
    const char *stoad;
    char **stoad_options; /* NULL-terminated */
} Supervision;

/* Runs mpirun until the warehouse is stopped, again when it dies.  Returns an exit code. */
int supervise(const Supervision *supervision);
/* DIR/run/supervisor: its process; 0 if there is none that lives. */
int64_t supervisor_pid(Arena *arena, const char *directory);

#endif
