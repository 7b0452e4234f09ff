/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa check: every file the manifest names is there and whole, to the last byte, and so are those of the snapshots.
 *
 *     stopped   the manifest is the catalog's, under the lease
 *     running   it is the leader's (stv_segment_files); a file it gives up meanwhile is no damage
 */
#include "sql/catalog/catalog.h"
#include "src/cli/check.h"
#include "src/cli/cli.h"
#include "src/leader/fence.h"
#include "src/leader/settle.h"

#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_MAX 1024

typedef struct Check
{
    Arena *arena;
    char *given;
    char *directory;
    const char *threads;
    bool json;
    bool bar; /* standard error is a terminal: progress on one line */
    CheckedFiles *files;
} Check;

static const struct argp_option option_list[] = {
    {"json", 'j', NULL, 0, "tell what was found as JSON", 0},
    {"threads", 't', "THREADS", 0, "that read at once (default: the cores there are)", 0},
    {0}};

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Check *check = state->input;
    switch (key)
    {
    case 'j':
        check->json = true;
        return 0;
    case 't':
        check->threads = value;
        return 0;
    case ARGP_KEY_ARG:
        if (check->given != NULL)
            argp_error(state, "one warehouse at a time: \"%s\"?", value);
        check->given = value;
        return 0;
    case ARGP_KEY_END:
        if (check->given == NULL)
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
    .doc = "Verifies every file of the warehouse DIR, running or stopped, and of its snapshots: size, digests, every block.\v"
           "Ends with 0 if all is whole, else with 1."};

static void progress_show(void *context, int64_t bytes, int32_t count)
{
    const Check *check = context;
    if (check->bar)
        fprintf(stderr, "\r%3.0f %%  %d files", 100.0 * (double) bytes / (double) (check->files->bytes + 1), count);
}

static Error *files_verify(Check *check)
{
    int64_t threads = sysconf(_SC_NPROCESSORS_ONLN);
    if (check->threads != NULL)
        TRY(cli_number("--threads", check->threads, 1, THREADS_MAX, &threads));
    TRY(checked_files_of_backups(check->files, check->directory));
    Error *error = checked_files_verify(check->files, threads < 1 ? 1 : (int32_t) threads, progress_show, check);
    if (check->bar)
        fputc('\n', stderr);
    return error;
}

/* --- what was found ---------------------------------------------------------------------- */
static Error *report_text(const Check *check)
{
    int32_t bad = checked_files_bad(check->files);
    for (int32_t i = 0; i < check->files->count; i++)
        if (check->files->list[i].error != NULL)
        {
            (void) cli_failed(check->files->list[i].error);
            check->files->list[i].error = NULL;
        }
    if (bad > 0)
        return error_hint(error_new(SQLSTATE_DATA_CORRUPTED, "%d of %d files are damaged", bad, check->files->count),
                          "Restore their tables from a snapshot that has them whole, or load them again; the other tables are whole.");
    printf("%d files, %.1f MB: all are whole.\n", check->files->count, (double) check->files->bytes / 1e6);
    return NULL;
}

static json_t *json_text(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

static int report_json(const Check *check)
{
    json_t *damaged = json_array();
    for (int32_t i = 0; i < check->files->count; i++)
    {
        const CheckedFile *file = &check->files->list[i];
        if (file->error != NULL)
            json_array_append_new(damaged, json_pack("{s:o, s:o, s:s, s:s, s:s, s:o}", "table", json_text(file->table), "snapshot",
                                                     json_text(file->snapshot), "file", file->path, "sqlstate",
                                                     sqlstate_code(file->error->state), "message", file->error->message, "detail",
                                                     json_text(file->error->detail)));
    }
    int status = json_array_size(damaged) > 0;
    json_t *all = json_pack("{s:s, s:i, s:I, s:o}", "warehouse", check->directory, "files", check->files->count, "bytes",
                            (json_int_t) check->files->bytes, "damaged", damaged);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
    return status;
}

/* --- running and stopped ----------------------------------------------------------------- */
static Error *check_running(Check *check)
{
    TRY(checked_files_of_leader(check->files, check->directory));
    TRY(files_verify(check));
    return checked_files_bad(check->files) > 0 ? checked_files_still_named(check->files, check->directory) : NULL;
}

static Error *check_held(Check *check)
{
    Catalog *catalog;
    TRY(backup_sweep(&(BackupPlace){.arena = check->arena, .directory = check->directory}));
    TRY(fence_catalog_open(check->arena, check->directory, &catalog));
    Error *error = catalog_verify(catalog);
    if (error == NULL)
        error = settle_files(check->directory, catalog);
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    if (error == NULL)
        checked_files_of_catalog(check->files, check->directory, NULL, snapshot);
    catalog_release(catalog, snapshot);
    catalog_close(catalog);
    return error != NULL ? error : files_verify(check);
}

static Error *check_run(Check *check)
{
    LeaseHolder *holder;
    Lease *lease;
    TRY(cli_warehouse(check->arena, check->given, &check->directory));
    TRY(cli_holder(check->arena, check->directory, &holder));
    segment_start();
    if (holder != NULL)
        return check_running(check);
    TRY(lease_take(check->arena, check->directory, &lease));
    Error *error = check_held(check);
    lease_release(lease);
    return error;
}

int cli_check(int argc, char **argv)
{
    Check check = {.arena = arena_new("check"), .bar = isatty(STDERR_FILENO) != 0};
    argp_parse(&parser, argc, argv, 0, NULL, &check);
    umask(0077);
    check.files = checked_files_new(check.arena);
    Error *error = check_run(&check);
    int status = error == NULL && check.json ? report_json(&check) : 0;
    if (error == NULL && !check.json)
        error = report_text(&check);
    if (error != NULL)
        status = cli_failed(error);
    checked_files_free(check.files);
    arena_free(check.arena);
    return status;
}
