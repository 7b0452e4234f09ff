/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate [--from SEED] [--seeds N] [--seconds S]: a warehouse's storage on a disk that loses its power.
 *
 *     a seed: an empty warehouse, then four lives:
 *         recover_warehouse()   what is there must be what was acknowledged, or that and the commit that was on its way
 *         transactions at random: tables, segments that ride and that do not, deletes, merges, truncates, drops; settling,
 *         removing the dead, snapshots held, closing and opening again
 *         a crash before any one of the life's calls, those of recovery too: killed or cut off (sim_disk.h)
 *
 * Segments, manifest, commit and recovery are the engine's own code; only the ranks are left out.  A seed that fails is told
 * and can be run alone: --from SEED --seeds 1 --verbose.
 */
#include "sim_model.h"

#include "hdf5store/segment.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIVES 4

typedef struct Options
{
    uint64_t from;
    int64_t seeds;   /* 0: as many as there is time for */
    int64_t seconds; /* 0: as many as there are */
    bool verbose;
} Options;

static const struct argp_option option_list[] = {
    {"from", 'f', "SEED", 0, "the first seed (1)", 0},
    {"seeds", 'n', "N", 0, "how many, one after the other (1000, or as many as there is time for)", 0},
    {"seconds", 's', "S", 0, "end after so many", 0},
    {"verbose", 'v', NULL, 0, "tell what is done", 0},
    {0}};

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Options *options = state->input;
    switch (key)
    {
    case 'f':
        options->from = strtoull(value, NULL, 10);
        return 0;
    case 'n':
        options->seeds = strtoll(value, NULL, 10);
        return 0;
    case 's':
        options->seconds = strtoll(value, NULL, 10);
        return 0;
    case 'v':
        options->verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {.options = option_list, .parser = option_parse, .doc = "Runs a warehouse's storage on a disk that loses its power."};

static bool seed_run(uint64_t seed, bool verbose)
{
    Model *model = model_new(seed, verbose);
    for (int32_t life = 0; life < LIVES && !model_failed(model); life++)
    {
        int32_t born = disk_calls();
        model_live(model);
        if (!model_failed(model))
            model_crash(model, born);
    }
    if (!model_failed(model))
        model_live(model);
    bool good = !model_failed(model);
    if (!good)
        printf("seed %llu: %s\n", (unsigned long long) seed, model_failure(model));
    model_free(model);
    return good;
}

int main(int argc, char **argv)
{
    Options options = {.from = 1};
    argp_parse(&parser, argc, argv, 0, NULL, &options);
    if (options.seeds == 0)
        options.seeds = options.seconds > 0 ? INT64_MAX : 1000;
    char base[] = "/dev/shm/stoa-simulate-XXXXXX", other[] = "simulate-XXXXXX";
    char *below = mkdtemp(base) != NULL ? base : mkdtemp(other);
    if (below == NULL)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    segment_start();
    disk_begin(below);
    model_begin();
    int64_t passed = 0, failed = 0;
    time_t end = time(NULL) + options.seconds;
    for (int64_t i = 0; i < options.seeds && (options.seconds == 0 || time(NULL) < end); i++)
        seed_run(options.from + (uint64_t) i, options.verbose) ? passed++ : failed++;
    model_end();
    disk_end();
    (void) rmdir(below);
    printf("%lld passed, %lld failed\n", (long long) passed, (long long) failed);
    return failed > 0;
}
