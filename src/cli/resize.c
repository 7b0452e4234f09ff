/* SPDX-License-Identifier: Apache-2.0 */
/* stoa resize DIR --slices S: stoad does it, as one rank, and ends. */
#include "sql/catalog/catalog.h"
#include "src/cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

typedef struct Resize
{
    Arena *arena;
    char *given;
    char *directory;
    const char *slices;
} Resize;

static const struct argp_option option_list[] = {{"slices", 's', "S", 0, "how many there are to be", 0}, {0}};

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Resize *resize = state->input;
    switch (key)
    {
    case 's':
        resize->slices = value;
        return 0;
    case ARGP_KEY_ARG:
        if (resize->given != NULL)
            argp_error(state, "one warehouse at a time: \"%s\"?", value);
        resize->given = value;
        return 0;
    case ARGP_KEY_END:
        if (resize->given == NULL || resize->slices == NULL)
            argp_error(state, "which warehouse, and how many slices? Say its directory and --slices S");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_list,
    .parser = option_parse,
    .args_doc = "DIR",
    .doc = "Gives the stopped warehouse DIR another number of slices: all rows are written anew.\v"
           "Another number of compute nodes needs nothing of this, up to one a slice. There must be room for all tables a second time. "
           "A resize that was interrupted has changed nothing: run it again."};

static Error *resize_act(Resize *resize)
{
    int64_t slices;
    char *stoad;
    TRY(cli_warehouse(resize->arena, resize->given, &resize->directory));
    TRY(cli_number("--slices", resize->slices, 1, SLICES_MAX, &slices));
    TRY(cli_not_running(resize->arena, resize->directory));
    TRY(cli_stoad(resize->arena, &stoad));
    execl(stoad, stoad, "-D", resize->directory, "--resize", arena_printf(resize->arena, "%lld", (long long) slices), (char *) NULL);
    return error_new(SQLSTATE_IO_ERROR, "could not run \"%s\": %s", stoad, strerror(errno));
}

int cli_resize(int argc, char **argv)
{
    Resize resize = {.arena = arena_new("resize")};
    argp_parse(&parser, argc, argv, 0, NULL, &resize);
    int status = cli_failed(resize_act(&resize));
    arena_free(resize.arena);
    return status;
}
