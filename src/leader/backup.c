/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/backup.h"
#include "base/core/fault.h"
#include "base/core/trace.h"
#include "hdf5store/segment.h"
#include "src/leader/clientfile.h"
#include "src/leader/leader.h"
#include "src/leader/settle.h"
#include "src/leader/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES_MAX 127
#define UNFINISHED "catalog.db.new" /* of a restore, until it is a warehouse */

/* Beside catalog and data; those that are there. */
static const char *const settings[] = {"stoa.conf", "server.crt", "server.key", "client/pgpass", "client/pg_service.conf",
                                       "client/root.crt"};

/* --- names ------------------------------------------------------------------------------- */
static Error *name_check(const char *name)
{
    bool good = name[0] >= 'a' && name[0] <= 'z' && strlen(name) <= NAME_BYTES_MAX &&
                strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name);
    return good ? NULL
                : error_hint(error_new(SQLSTATE_INVALID_NAME, "\"%s\" is no name of a snapshot", name),
                             "Use lower-case letters, digits, _ and -, beginning with a letter, at most %d of them.",
                             NAME_BYTES_MAX);
}

static char *all_path(const BackupPlace *place)
{
    return arena_printf(place->arena, "%s/snapshots", place->directory);
}

static char *path_of(const BackupPlace *place, const char *name)
{
    return arena_printf(place->arena, "%s/%s", all_path(place), name);
}

static Error *find(const BackupPlace *place, const char *name, char **path)
{
    TRY(name_check(name));
    *path = path_of(place, name);
    return access(*path, F_OK) == 0 ? NULL : error_new(SQLSTATE_UNDEFINED_OBJECT, "snapshot \"%s\" does not exist", name);
}

/* snapshots/<what>.x, which the next start sweeps. */
static Error *draft_make(const BackupPlace *place, const char *what, char **path)
{
    *path = arena_printf(place->arena, "%s/%s.XXXXXX", all_path(place), what);
    return mkdtemp(*path) != NULL ? NULL : error_file("create directory", *path);
}

static Error *go_on(const BackupPlace *place)
{
    return place->check == NULL ? NULL : place->check(place->context);
}

/* --- files ------------------------------------------------------------------------------- */
typedef struct Linking
{
    const BackupPlace *place;
    const char *from; /* directories that have db1 */
    const char *to;
} Linking;

static Error *segment_link(const Linking *linking, const CatalogTable *table, const CatalogSegment *segment, const char *to)
{
    Arena *arena = arena_new("segment link");
    char *from = segment_path(arena, linking->from, table, segment);
    Error *error = tree_link_file(from, arena_printf(arena, "%s/%s", to, segment->file));
    if (error != NULL && error->state == SQLSTATE_UNDEFINED_FILE)
    {
        error_free(error);
        error = error_new(SQLSTATE_DATA_CORRUPTED, "table \"%s.%s\": file \"%s\" is missing", table->schema, table->name, from);
    }
    arena_free(arena);
    return error;
}

/* The table's files as those of table `id` in linking->to, durable. */
static Error *table_link(const Linking *linking, const CatalogTable *table, int64_t id, int32_t slice_count)
{
    Arena *arena = linking->place->arena;
    char **slices = ARENA_ARRAY(arena, char *, slice_count);
    char *data = arena_printf(arena, "%s/db%d", linking->to, DATABASE_ID);
    char *base = arena_printf(arena, "%s/t%lld", data, (long long) id);
    TRY(segment_directory_make(data, linking->to));
    for (int32_t i = 0; i < table->segment_count; i++)
    {
        const CatalogSegment *segment = &table->segments[i];
        TRY(go_on(linking->place));
        TRY(segment_directory_make(base, data));
        if (slices[segment->slice] == NULL)
        {
            slices[segment->slice] = arena_printf(arena, "%s/s%d", base, segment->slice);
            TRY(segment_directory_make(slices[segment->slice], base));
        }
        TRY(segment_link(linking, table, segment, slices[segment->slice]));
    }
    for (int32_t slice = 0; slice < slice_count; slice++)
        if (slices[slice] != NULL)
            TRY(segment_sync_directory(slices[slice]));
    return NULL;
}

static bool is_left_out(const CatalogTable *table)
{
    return table->no_backup || table_is_temporary(table);
}

static Error *tables_link(const Linking *linking, const CatalogSnapshot *snapshot)
{
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (!is_left_out(snapshot->tables[i]))
            TRY(table_link(linking, snapshot->tables[i], snapshot->tables[i]->id, snapshot->slice_count));
    return NULL;
}

static Error *settings_copy(const Linking *linking)
{
    Arena *arena = linking->place->arena;
    char *client = arena_printf(arena, "%s/client", linking->to);
    TRY(segment_directory_make(client, linking->to));
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
    {
        char *from = arena_printf(arena, "%s/%s", linking->from, settings[i]);
        if (access(from, F_OK) == 0)
            TRY(tree_copy_file(from, arena_printf(arena, "%s/%s", linking->to, settings[i])));
    }
    return segment_sync_directory(client);
}

/* --- creating ---------------------------------------------------------------------------- */
/* Tables whose rows were left out have none. */
static Error *rows_leave_out(Catalog *copy)
{
    CatalogTxn *txn = catalog_begin(copy);
    const CatalogSnapshot *snapshot = catalog_acquire(copy);
    Error *error = NULL;
    for (int32_t i = 0; i < snapshot->table_count && error == NULL; i++)
        if (is_left_out(snapshot->tables[i]) && snapshot->tables[i]->segment_count > 0)
            error = catalog_truncate_table(txn, snapshot->tables[i]->id);
    catalog_release(copy, snapshot);
    if (error != NULL)
        catalog_rollback(txn);
    return error != NULL ? error : catalog_commit(txn);
}

static Error *about_write(const BackupPlace *place, const char *draft, Catalog *copy)
{
    const CatalogSnapshot *snapshot = catalog_acquire(copy);
    int64_t tables = 0, rows = 0, bytes = 0;
    for (int32_t i = 0; i < snapshot->table_count; i++)
    {
        tables += snapshot->tables[i]->view_sql == NULL;
        rows += snapshot->tables[i]->row_count;
        bytes += snapshot->tables[i]->bytes;
    }
    char *text = arena_printf(place->arena, "created = %lld\nslices = %d\ntables = %lld\nrows = %lld\nbytes = %lld\n",
                              (long long) time(NULL), snapshot->slice_count, (long long) tables, (long long) rows,
                              (long long) bytes);
    catalog_release(copy, snapshot);
    TRY(file_write_private(place->arena, arena_printf(place->arena, "%s/snapshot", draft), text));
    return segment_sync(draft, "snapshot");
}

/* Small files may not be durable yet: the copy of the catalog has their bytes, and gives them up when they are. */
static Error *catalog_finish(const BackupPlace *place, const char *draft)
{
    Catalog *copy;
    TRY(catalog_open(arena_printf(place->arena, "%s/catalog.db", draft), &copy));
    Error *error = rows_leave_out(copy);
    if (error == NULL)
        error = settle_files(draft, copy);
    if (error == NULL)
        error = about_write(place, draft, copy);
    catalog_close(copy);
    return error;
}

static Error *contents_make(const BackupPlace *place, Catalog *catalog, const char *draft)
{
    const CatalogSnapshot *snapshot;
    Linking linking = {.place = place, .from = place->directory, .to = draft};
    TRY(catalog_copy(catalog, arena_printf(place->arena, "%s/catalog.db", draft), &snapshot));
    Error *error = tables_link(&linking, snapshot);
    catalog_release(catalog, snapshot);
    TRY(error);
    TRY(fault_pass(FAULT_snapshot_create));
    TRY(settings_copy(&linking));
    TRY(catalog_finish(place, draft));
    return segment_sync_directory(draft);
}

/* What is left of it after an error goes; if it cannot, at the next start. */
static Error *undone(const BackupPlace *place, const char *path, Error *error)
{
    Error *left = error == NULL ? NULL : tree_remove(place->arena, path);
    if (left != NULL)
        trace(TRACE_WARNING, "%s", left->message);
    error_free(left);
    return error;
}

Error *backup_create(const BackupPlace *place, Catalog *catalog, const char *name)
{
    TRY(name_check(name));
    char *path = path_of(place, name), *draft = arena_printf(place->arena, "%s.new", path);
    TRY(segment_directory_make(all_path(place), place->directory));
    if (access(path, F_OK) == 0)
        return error_new(SQLSTATE_DUPLICATE_OBJECT, "snapshot \"%s\" already exists", name);
    if (mkdir(draft, 0700) != 0)
        return errno == EEXIST ? error_new(SQLSTATE_OBJECT_IN_USE, "snapshot \"%s\" is being made", name)
                               : error_file("create directory", draft);
    TRY(undone(place, draft, contents_make(place, catalog, draft)));
    if (rename(draft, path) != 0)
        return undone(place, draft, error_file("rename", draft));
    return segment_sync_directory(all_path(place));
}

/* --- listing and dropping ---------------------------------------------------------------- */
typedef struct Listing
{
    const BackupPlace *place;
    Backup *list;
    int32_t count, room;
} Listing;

static Error *take(void *context, const char *path, const char *name)
{
    Listing *listing = context;
    Arena *arena = listing->place->arena;
    long long created = 0, slices = 0, tables = 0, rows = 0, bytes = 0;
    FILE *file = strchr(name, '.') != NULL ? NULL : fopen(arena_printf(arena, "%s/%s/snapshot", path, name), "re");
    if (file == NULL)
        return NULL; /* unfinished, or being dropped */
    int got = fscanf(file, "created = %lld slices = %lld tables = %lld rows = %lld bytes = %lld", &created, &slices, &tables, &rows,
                     &bytes);
    fclose(file);
    if (got != 5)
        return error_new(SQLSTATE_DATA_CORRUPTED, "file \"%s/%s/snapshot\" is damaged", path, name);
    if (listing->count == listing->room)
    {
        Backup *more = ARENA_ARRAY(arena, Backup, 2 * listing->room + 16);
        if (listing->count > 0)
            memcpy(more, listing->list, sizeof *more * (size_t) listing->count);
        listing->list = more;
        listing->room = 2 * listing->room + 16;
    }
    listing->list[listing->count++] = (Backup){arena_strdup(arena, name), created, slices, tables, rows, bytes};
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Backup *) a)->name, ((const Backup *) b)->name);
}

Error *backup_list(const BackupPlace *place, Backup **list, int32_t *count)
{
    Listing listing = {.place = place};
    TRY(tree_walk(all_path(place), take, &listing));
    if (listing.count > 0)
        qsort(listing.list, (size_t) listing.count, sizeof *listing.list, by_name);
    *list = listing.list;
    *count = listing.count;
    return NULL;
}

Error *backup_drop(const BackupPlace *place, const char *name)
{
    char *path, *gone;
    TRY(find(place, name, &path));
    TRY(draft_make(place, "gone", &gone));
    if (rename(path, gone) != 0)
        return undone(place, gone, error_file("rename", path));
    TRY(segment_sync_directory(all_path(place)));
    return tree_remove(place->arena, gone);
}

static Error *sweep(void *context, const char *path, const char *name)
{
    const BackupPlace *place = context;
    return strchr(name, '.') == NULL ? NULL : tree_remove(place->arena, arena_printf(place->arena, "%s/%s", path, name));
}

Error *backup_sweep(const BackupPlace *place)
{
    return tree_walk(all_path(place), sweep, (void *) place);
}

/* --- reading ----------------------------------------------------------------------------- */
Error *backup_open(const BackupPlace *place, const char *name, OpenBackup *backup)
{
    *backup = (OpenBackup){.place = place};
    TRY(find(place, name, &backup->directory));
    TRY(draft_make(place, "draft", &backup->draft));
    char *copy = arena_printf(place->arena, "%s/catalog.db", backup->draft);
    TRY(tree_copy_file(arena_printf(place->arena, "%s/catalog.db", backup->directory), copy));
    TRY(catalog_open(copy, &backup->catalog));
    backup->snapshot = catalog_acquire(backup->catalog);
    return NULL;
}

void backup_close(OpenBackup *backup)
{
    if (backup->catalog != NULL)
        catalog_release(backup->catalog, backup->snapshot);
    catalog_close(backup->catalog);
    if (backup->draft == NULL)
        return;
    Error *error = tree_remove(backup->place->arena, backup->draft);
    if (error != NULL)
        trace(TRACE_WARNING, "%s", error->message);
    error_free(error);
}

Error *backup_take_files(const OpenBackup *backup, const CatalogTable *table, int64_t id)
{
    const BackupPlace *place = backup->place;
    Linking linking = {.place = place, .from = backup->directory, .to = place->directory};
    char *base = arena_printf(place->arena, "%s/db%d/t%lld", place->directory, DATABASE_ID, (long long) id);
    return undone(place, base, table_link(&linking, table, id, backup->snapshot->slice_count));
}

/* --- restoring --------------------------------------------------------------------------- */
bool backup_restore_has_begun(Arena *arena, const char *target)
{
    return access(arena_printf(arena, "%s/" UNFINISHED, target), F_OK) == 0 &&
           access(arena_printf(arena, "%s/catalog.db", target), F_OK) != 0;
}

static Error *files_restore(const Linking *linking, const char *unfinished)
{
    Catalog *catalog;
    TRY(tree_copy_file(arena_printf(linking->place->arena, "%s/catalog.db", linking->from), unfinished));
    TRY(catalog_open(unfinished, &catalog));
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    Error *error = tables_link(linking, snapshot);
    catalog_release(catalog, snapshot);
    catalog_close(catalog);
    return error;
}

static Error *contents_restore(const Linking *linking)
{
    Arena *arena = linking->place->arena;
    char *unfinished = arena_printf(arena, "%s/" UNFINISHED, linking->to);
    TRY(files_restore(linking, unfinished));
    TRY(fault_pass(FAULT_snapshot_restore));
    TRY(settings_copy(linking));
    static const char *const below[] = {"db1", "run", "cache", "log", "import"};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
        TRY(segment_directory_make(arena_printf(arena, "%s/%s", linking->to, below[i]), linking->to));
    if (rename(unfinished, arena_printf(arena, "%s/catalog.db", linking->to)) != 0)
        return error_file("rename", unfinished);
    return segment_sync_directory(linking->to);
}

static Error *restore_held(const Linking *linking)
{
    Arena *arena = linking->place->arena;
    TRY(tree_clear(arena, linking->to, "lease"));
    Error *error = contents_restore(linking);
    Error *left = error == NULL ? NULL : tree_clear(arena, linking->to, "lease");
    error_free(left); /* what caused it is told */
    return error;
}

Error *backup_restore(const BackupPlace *place, const char *name, const char *target)
{
    Linking linking = {.place = place, .to = target};
    char *from;
    Lease *lease;
    TRY(find(place, name, &from));
    linking.from = from;
    TRY(lease_take(place->arena, target, &lease));
    Error *error = restore_held(&linking);
    lease_release(lease);
    return error;
}
