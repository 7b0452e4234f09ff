/* SPDX-License-Identifier: Apache-2.0 */
/* stoa check: every file the manifest names is there and whole, to the last byte; and what else lies around. */
#include "hdf5store/segment.h"
#include "hdf5store/verify.h"
#include "sql/catalog/catalog.h"
#include "src/cli/cli.h"
#include "src/leader/leader.h"
#include "src/leader/settle.h"

#include <argp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Check
{
    Arena *arena;
    char *given;
    char *directory;
    int64_t file_count, bytes, total_bytes;
    int64_t bad_count;
    bool bar; /* standard error is a terminal: progress on one line */
} Check;

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Check *check = state->input;
    switch (key)
    {
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

static const struct argp parser = {.parser = option_parse,
                                   .args_doc = "DIR",
                                   .doc = "Verifies every file of the stopped warehouse DIR: size, digests, every block."};

static void progress_show(const Check *check)
{
    if (check->bar)
        fprintf(stderr, "\r%3.0f %%  %lld files", 100.0 * (double) check->bytes / (double) (check->total_bytes + 1),
                (long long) check->file_count);
}

static void segment_check(Check *check, const CatalogTable *table, const CatalogSegment *segment)
{
    SegmentRef ref = {.path = arena_printf(check->arena, "%s/db%d/t%lld/s%d/%s", check->directory, DATABASE_ID,
                                           (long long) table->id, segment->slice, segment->file),
                      .table_name = arena_printf(check->arena, "%s.%s", table->schema, table->name),
                      .bytes = segment->bytes,
                      .digest = segment->digest};
    Error *error = segment_verify(&ref);
    check->file_count++;
    check->bytes += segment->bytes;
    progress_show(check);
    if (error == NULL)
        return;
    check->bad_count++;
    if (check->bar)
        fputc('\n', stderr);
    (void) cli_failed(error);
}

static void snapshot_check(Check *check, const CatalogSnapshot *snapshot)
{
    for (int32_t t = 0; t < snapshot->table_count; t++)
        check->total_bytes += snapshot->tables[t]->bytes;
    for (int32_t t = 0; t < snapshot->table_count; t++)
        for (int32_t i = 0; i < snapshot->tables[t]->segment_count; i++)
            segment_check(check, snapshot->tables[t], &snapshot->tables[t]->segments[i]);
    if (check->bar)
        fputc('\n', stderr);
}

static Error *check_held(Check *check)
{
    Catalog *catalog;
    TRY(catalog_open(arena_printf(check->arena, "%s/catalog.db", check->directory), &catalog));
    Error *error = settle_files(check->directory, catalog);
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    if (error == NULL)
        snapshot_check(check, snapshot);
    catalog_release(catalog, snapshot);
    catalog_close(catalog);
    TRY(error);
    if (check->bad_count > 0)
        return error_hint(error_new(SQLSTATE_DATA_CORRUPTED, "%lld of %lld files are damaged", (long long) check->bad_count,
                                    (long long) check->file_count),
                          "Their tables must be loaded again; the other tables are whole.");
    printf("%lld files, %.1f MB: all are whole.\n", (long long) check->file_count, (double) check->bytes / 1e6);
    return NULL;
}

static Error *check_run(Check *check)
{
    Lease *lease;
    TRY(cli_warehouse(check->arena, check->given, &check->directory));
    TRY(lease_take(check->arena, check->directory, &lease)); /* refuses while it runs */
    segment_start();
    Error *error = check_held(check);
    lease_release(lease);
    return error;
}

int cli_check(int argc, char **argv)
{
    Check check = {.arena = arena_new("check"), .bar = isatty(STDERR_FILENO) != 0};
    argp_parse(&parser, argc, argv, 0, NULL, &check);
    Error *error = check_run(&check);
    int status = error == NULL ? 0 : cli_failed(error);
    arena_free(check.arena);
    return status;
}
