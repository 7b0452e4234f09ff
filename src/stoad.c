/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoad: one rank of a warehouse.
 *
 *     mpirun -n N stoad -D DIR       rank 0 leads (and computes, if it is alone), the others compute
 */
#include "config.h"

#include "base/core/fault.h"
#include "base/core/trace.h"
#include "hdf5store/segment.h"
#include "src/codegen/codegen.h"
#include "src/leader/leader.h"
#include "src/leader/resize.h"
#include "src/leader/server.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ISA_BYTES_MAX 64

typedef struct Options
{
    Arena *arena;
    char *directory;
    const char *port;
    const char *threads;
    const char *listen;
    const char *memory;
    int32_t resize; /* to so many slices, and end; 0: serve */
} Options;

const char *argp_program_version = "stoad " PACKAGE_VERSION;

static const struct argp_option option_list[] = {
    {"directory", 'D', "DIR", 0, "the warehouse, made by \"stoa init\"", 0},
    {"port", 'p', "PORT", 0, "listen there instead of what stoa.conf says; 0 takes any free one", 0},
    {"threads", 't', "THREADS", 0, "of each rank, for queries (default: the cores it has)", 0},
    {"listen", 'l', "ADDRESS", 0, "numeric address to listen on (default 127.0.0.1)", 0},
    {"resize", 'R', "S", OPTION_HIDDEN, "gives the warehouse S slices, and ends", 0},
    {"memory", 'm', "SIZE", 0, "of each rank, for queries, such as 16GB", 0},
    {0}};

static bool number_of_slices(const char *value, int32_t *out)
{
    char *end;
    long number = strtol(value, &end, 10);
    *out = number >= 1 && number <= SLICES_MAX && *end == 0 ? (int32_t) number : 0;
    return *out > 0;
}

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Options *options = state->input;
    switch (key)
    {
    case 'D':
        options->directory = value;
        return 0;
    case 'p':
        options->port = value;
        return 0;
    case 't':
        options->threads = value;
        return 0;
    case 'l':
        options->listen = value;
        return 0;
    case 'R':
        if (!number_of_slices(value, &options->resize))
            argp_error(state, "--resize takes a number of slices, not \"%s\"", value);
        return 0;
    case 'm':
        options->memory = value;
        return 0;
    case ARGP_KEY_END:
        if (options->directory == NULL)
            argp_error(state, "which warehouse? Say -D DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_list,
    .parser = option_parse,
    .doc = "Serves a warehouse in the foreground. Run it under mpirun: with one rank it leads and computes at once, with "
           "more, rank 0 leads and the others compute.\v"
           "\"stoa start DIR\" does this for you and watches over it."};

static int failed(Error *error)
{
    fprintf(stderr, "stoad: %s\n", error->message);
    if (error->detail != NULL)
        fprintf(stderr, "DETAIL:  %s\n", error->detail);
    if (error->hint != NULL)
        fprintf(stderr, "HINT:  %s\n", error->hint);
    error_free(error);
    return 1;
}

/* Ranks under mpirun end with it, even when it was killed: nothing may be left behind. */
static void die_with_mpirun(void)
{
    if (getenv("OMPI_COMM_WORLD_RANK") == NULL && getenv("PMI_RANK") == NULL)
        return;
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == 1)
        _exit(1);
}

static void signals_block(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static Error *config_make(const Options *options, Config **out)
{
    Arena *arena = options->arena;
    TRY(config_read(arena, options->directory, out));
    if (options->port != NULL)
        TRY(config_set(arena, *out, options->directory, "port", options->port));
    if (options->threads != NULL)
        TRY(config_set(arena, *out, options->directory, "threads", options->threads));
    if (options->listen != NULL)
        TRY(config_set(arena, *out, options->directory, "listen_address", options->listen));
    if (options->memory != NULL)
        TRY(config_set(arena, *out, options->directory, "memory", options->memory));
    return NULL;
}

/* The least of what the ranks' processors can do: names end in their level, "" is the least of all. */
static Error *isa_agree(World *world, char *isa)
{
    const void *const *blobs;
    const size_t *lengths;
    snprintf(isa, ISA_BYTES_MAX, "%s", code_isa());
    TRY(world_gather(world, isa, strlen(isa) + 1, &blobs, &lengths));
    for (int32_t rank = 0; world_is_leader(world) && rank < world_size(world); rank++)
        if (lengths[rank] > 0 && strcmp(blobs[rank], isa) < 0)
            snprintf(isa, ISA_BYTES_MAX, "%s", (const char *) blobs[rank]);
    return NULL;
}

static Error *serve(Leader *leader)
{
    int listener;
    int32_t port;
    TRY(server_listen(leader->config, &listener, &port));
    Error *error = leader_announce(leader, port);
    if (error == NULL)
        error = server_run(leader, listener);
    leader_retract(leader);
    close(listener);
    return error;
}

static Error *leader_day(const Options *options, Config *config, World *world, const char *isa)
{
    Leader *leader;
    TRY(leader_start(options->arena, options->directory, config, world, isa, &leader));
    Error *error = options->resize == 0 ? serve(leader) : resize_run(leader, options->resize);
    leader_stop(leader);
    return error;
}

static Error *compute_day(const Options *options, const Config *config, World *world)
{
    EngineConfig engine_config = {.world = world,
                                  .directory = options->directory,
                                  .database_id = DATABASE_ID,
                                  .threads = config->threads,
                                  .memory_bytes = config->memory_bytes};
    Engine *engine;
    TRY(engine_start(&engine_config, &engine));
    Error *error = node_work(engine);
    engine_stop(engine);
    return error;
}

static Error *rank_day(const Options *options, Config *config, World *world)
{
    char isa[ISA_BYTES_MAX];
    TRY(isa_agree(world, isa));
    trace_set(TRACE_LOG, world_rank(world));
    return world_is_leader(world) ? leader_day(options, config, world, isa) : compute_day(options, config, world);
}

int main(int argc, char **argv)
{
    Options options = {.arena = arena_new("process")};
    argp_parse(&parser, argc, argv, 0, NULL, &options);
    die_with_mpirun();
    char *directory = realpath(options.directory, NULL);
    if (directory != NULL)
        options.directory = arena_strdup(options.arena, directory);
    free(directory);
    Config *config;
    Error *error = config_make(&options, &config);
    if (error == NULL)
        error = fault_init();
    if (error != NULL)
        return failed(error);
    umask(0077);
    if (options.resize == 0)
        signals_block();
    segment_start();
    World *world;
    error = world_start(&world, &argc, &argv);
    if (error != NULL)
        return failed(error);
    error = rank_day(&options, config, world);
    int status = error == NULL ? 0 : failed(error);
    error = world_stop(world);
    if (error != NULL)
        status = failed(error);
    arena_free(options.arena);
    return status;
}
