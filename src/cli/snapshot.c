/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa snapshot create DIR NAME             by the leader, or here if none runs
 *               list DIR                    also while it runs: only files are looked at
 *               restore DIR NAME TARGET     a warehouse as DIR was
 *               restore DIR NAME --table T [--as U]   by the leader
 *               drop DIR NAME
 */
#include "base/core/assert.h"
#include "sql/catalog/catalog.h"
#include "src/cli/cli.h"
#include "src/leader/backup.h"
#include "src/leader/fence.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define WORDS_MAX 4 /* act, DIR, NAME, TARGET */

typedef struct Snapshot
{
    Arena *arena;
    char *directory;
    int32_t word_count;
    const char *words[WORDS_MAX];
    const char *table, *as; /* as SQL writes names */
} Snapshot;

static const struct argp_option option_list[] = {
    {"table", 't', "[SCHEMA.]TABLE", 0, "restore: this table only, into the running warehouse", 0},
    {"as", 'a', "[SCHEMA.]TABLE", 0, "restore --table: under this name", 0},
    {0}};

static const struct
{
    const char *act;
    int32_t words, words_with_table; /* 0: it takes no --table */
} acts[] = {{"create", 3, 0}, {"drop", 3, 0}, {"list", 2, 0}, {"restore", 4, 3}};

/* NULL: so it can be. */
static const char *usage_fault(const Snapshot *snapshot)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0] && snapshot->word_count > 0; i++)
        if (strcmp(snapshot->words[0], acts[i].act) == 0)
        {
            bool table = snapshot->table != NULL;
            if ((table && acts[i].words_with_table == 0) || (snapshot->as != NULL && !table))
                return "--table is for restore, and --as for --table";
            if (snapshot->word_count != (table ? acts[i].words_with_table : acts[i].words))
                return "that is too little or too much";
            return NULL;
        }
    return "create, list, restore or drop?";
}

static error_t option_parse(int key, char *value, struct argp_state *state)
{
    Snapshot *snapshot = state->input;
    switch (key)
    {
    case 't':
        snapshot->table = value;
        return 0;
    case 'a':
        snapshot->as = value;
        return 0;
    case ARGP_KEY_ARG:
        if (snapshot->word_count == WORDS_MAX)
            argp_usage(state);
        snapshot->words[snapshot->word_count++] = value;
        return 0;
    case ARGP_KEY_END:
        if (usage_fault(snapshot) != NULL)
            argp_error(state, "%s", usage_fault(snapshot));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_list,
    .parser = option_parse,
    .args_doc = "create DIR NAME\nlist DIR\nrestore DIR NAME TARGET\nrestore DIR NAME --table TABLE [--as TABLE]\ndrop DIR NAME",
    .doc = "Keeps the warehouse DIR as it is now, in DIR/snapshots, and gives it back: as a whole in TARGET, a directory that does "
           "not exist or is empty, or one table of it in DIR itself.\vA snapshot shares its files with the warehouse and takes no "
           "room until those change. SQL knows CREATE SNAPSHOT, DROP SNAPSHOT, RESTORE TABLE and the view stv_snapshots."};

/* --- with the leader ----------------------------------------------------------------------- */
static Error *by_leader(const Snapshot *snapshot, const char *sql)
{
    const char *arguments[] = {"-X", "-q", "-c", sql, NULL};
    return cli_psql_run(snapshot->arena, snapshot->directory, arguments);
}

/* Names that SQL folds may be told with or without quotes. */
static Error *table_restore(const Snapshot *snapshot)
{
    return by_leader(snapshot, arena_printf(snapshot->arena, "restore table %s from snapshot \"%s\"%s%s", snapshot->table,
                                            snapshot->words[2], snapshot->as == NULL ? "" : " as ",
                                            snapshot->as == NULL ? "" : snapshot->as));
}

/* --- without it ---------------------------------------------------------------------------- */
static Error *create_held(const BackupPlace *place, const char *name)
{
    Catalog *catalog;
    TRY(backup_sweep(place));
    TRY(fence_catalog_open(place->arena, place->directory, &catalog));
    Error *error = backup_create(place, catalog, name);
    catalog_close(catalog);
    return error;
}

static Error *create(const Snapshot *snapshot, const BackupPlace *place)
{
    LeaseHolder *holder;
    Lease *lease;
    TRY(cli_holder(snapshot->arena, snapshot->directory, &holder));
    if (holder != NULL)
        return by_leader(snapshot, arena_printf(snapshot->arena, "create snapshot \"%s\"", snapshot->words[2]));
    TRY(lease_take(snapshot->arena, snapshot->directory, &lease));
    Error *error = create_held(place, snapshot->words[2]);
    lease_release(lease);
    return error;
}

static Error *list(const BackupPlace *place)
{
    Backup *backups;
    int32_t count;
    TRY(backup_list(place, &backups, &count));
    for (int32_t i = 0; i < count; i++)
    {
        char when[64] = "";
        time_t created = (time_t) backups[i].created;
        struct tm parts;
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&created, &parts));
        printf("%-20s  %s  %lld slices  %lld tables  %lld rows  %.1f MB\n", backups[i].name, when, (long long) backups[i].slices,
               (long long) backups[i].tables, (long long) backups[i].rows, (double) backups[i].bytes / 1e6);
    }
    return NULL;
}

static Error *restore(const Snapshot *snapshot, const BackupPlace *place)
{
    const char *target = snapshot->words[3];
    if (!backup_restore_has_begun(snapshot->arena, target))
        TRY(cli_directory_make(snapshot->arena, target));
    TRY(backup_restore(place, snapshot->words[2], target));
    printf("The warehouse %s is as %s was at snapshot \"%s\".\nStart it with: stoa start %s\n", target, snapshot->directory,
           snapshot->words[2], target);
    return NULL;
}

static Error *snapshot_act(Snapshot *snapshot)
{
    TRY(cli_warehouse(snapshot->arena, snapshot->words[1], &snapshot->directory));
    BackupPlace place = {.arena = snapshot->arena, .directory = snapshot->directory};
    switch (snapshot->words[0][0])
    {
    case 'c':
        return create(snapshot, &place);
    case 'd':
        return backup_drop(&place, snapshot->words[2]);
    case 'l':
        return list(&place);
    default:
        return snapshot->table != NULL ? table_restore(snapshot) : restore(snapshot, &place);
    }
}

int cli_snapshot(int argc, char **argv)
{
    Snapshot snapshot = {.arena = arena_new("snapshot")};
    argp_parse(&parser, argc, argv, 0, NULL, &snapshot);
    umask(0077);
    Error *error = snapshot_act(&snapshot);
    int status = error == NULL ? 0 : cli_failed(error);
    arena_free(snapshot.arena);
    return status;
}
