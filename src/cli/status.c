/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa status: who runs a warehouse, its ranks, its size.  While it runs the
 * catalog belongs to the leader, so only what stands in DIR/run is told;
 * tables of a running one are in svv_table_info.
 */
#include "sql/catalog/catalog.h"
#include "src/cli/cli.h"
#include "src/leader/fence.h"

#include <argp.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DEPTH_MAX 8 /* of DIR's tree */

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    char **directory = state->input;
    switch (key)
    {
    case ARGP_KEY_ARG:
        if (*directory != NULL)
            argp_error(state, "one warehouse at a time: \"%s\"?", value);
        *directory = value;
        return 0;
    case ARGP_KEY_END:
        if (*directory == NULL)
            argp_error(state, "which warehouse? Say its directory");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .parser = option_parse,
    .args_doc = "DIR",
    .doc = "Tells whether the warehouse DIR runs, where, on which ranks, and how large it is."};

static int64_t tree_bytes(Arena *arena, const char *path, int32_t depth)
{
    int64_t bytes = 0;
    DIR *directory = depth > DEPTH_MAX ? NULL : opendir(path);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL)
    {
        struct stat status;
        char *below = arena_printf(arena, "%s/%s", path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || lstat(below, &status) != 0)
            continue;
        if (S_ISDIR(status.st_mode))
            bytes += tree_bytes(arena, below, depth + 1);
        else
            bytes += status.st_size;
    }
    if (directory != NULL)
        closedir(directory);
    return bytes;
}

static void file_show(const char *path)
{
    char text[65536];
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    size_t got = fread(text, 1, sizeof text, file);
    fclose(file);
    fwrite(text, 1, got, stdout);
}

static void running_show(Arena *arena, const char *directory, const LeaseHolder *holder)
{
    RunFile run;
    char since[64] = "";
    time_t started = (time_t) holder->started;
    struct tm parts;
    strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&started, &parts));
    printf("running   process %lld on host %s%s%s, since %s\n", (long long) holder->pid, holder->host,
           holder->job[0] != 0 ? ", Slurm job " : "", holder->job, since);
    int64_t supervisor = supervisor_pid(arena, directory);
    if (supervisor != 0)
        printf("watched   by process %lld, which starts it again when it dies\n", (long long) supervisor);
    if (runfile_read(arena, directory, &run))
        printf("listens   on %s port %d\n", run.address, run.port);
    else
        printf("listens   not yet\n");
    file_show(arena_printf(arena, "%s/run/ranks", directory));
}

/* A stopped warehouse: its catalog may be opened, under a lease. */
static Error *stopped_show(Arena *arena, const char *directory)
{
    printf("not running\n");
    Lease *lease;
    TRY(lease_take(arena, directory, &lease));
    Catalog *catalog = NULL;
    Error *error = fence_catalog_open(arena, directory, &catalog);
    if (error == NULL)
    {
        const CatalogSnapshot *snapshot = catalog_acquire(catalog);
        printf("slices    %d\n", snapshot->slice_count);
        for (int32_t i = 0; i < snapshot->table_count; i++)
            printf("table     %s.%s  %lld rows  %.1f MB in %d files\n", snapshot->tables[i]->schema,
                   snapshot->tables[i]->name, (long long) snapshot->tables[i]->row_count,
                   (double) snapshot->tables[i]->bytes / 1e6, snapshot->tables[i]->segment_count);
        catalog_release(catalog, snapshot);
        catalog_close(catalog);
    }
    lease_release(lease);
    return error;
}

static Error *status_run(Arena *arena, const char *given)
{
    char *directory;
    LeaseHolder *holder;
    TRY(cli_warehouse(arena, given, &directory));
    TRY(cli_holder(arena, directory, &holder));
    printf("warehouse %s\n", directory);
    if (holder != NULL)
        running_show(arena, directory, holder);
    else
        TRY(stopped_show(arena, directory));
    printf("on disk   %.1f MB\n", (double) tree_bytes(arena, directory, 0) / 1e6);
    return NULL;
}

int cli_status(int argc, char **argv)
{
    char *given = NULL;
    argp_parse(&parser, argc, argv, 0, NULL, &given);
    Arena *arena = arena_new("status");
    Error *error = status_run(arena, given);
    int status = error == NULL ? 0 : cli_failed(error);
    arena_free(arena);
    return status;
}
