/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/verify.h"
#include "src/cli/check.h"
#include "src/cli/cli.h"
#include "src/leader/leader.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIELDS 4 /* of a row of stv_segment_files as it is asked for: path, bytes, digest, table */

CheckedFiles *checked_files_new(Arena *arena)
{
    CheckedFiles *files = ARENA_NEW(arena, CheckedFiles);
    files->arena = arena;
    files->inodes = map_new(arena);
    return files;
}

void checked_files_free(CheckedFiles *files)
{
    for (int32_t i = 0; i < files->count; i++)
        error_free(files->list[i].error);
}

/* Is another name of it in the list, as the same segment?  One that is not there has no other. */
static bool is_listed(CheckedFiles *files, const CheckedFile *file)
{
    struct stat status;
    if (stat(file->path, &status) != 0)
        return false;
    char *inode = arena_printf(files->arena, "%llx:%llx", (unsigned long long) status.st_dev, (unsigned long long) status.st_ino);
    const uint8_t *digest = map_get(files->inodes, inode);
    if (digest == NULL)
        map_put(files->inodes, inode, arena_memdup(files->arena, file->digest, sizeof file->digest));
    return digest != NULL && memcmp(digest, file->digest, sizeof file->digest) == 0;
}

static void file_add(CheckedFiles *files, const CheckedFile *file)
{
    if (file->error == NULL && is_listed(files, file))
        return;
    if (files->count == files->room)
    {
        files->room = 2 * files->room + 64;
        CheckedFile *more = ARENA_ARRAY(files->arena, CheckedFile, files->room);
        if (files->count > 0)
            memcpy(more, files->list, sizeof *more * (size_t) files->count);
        files->list = more;
    }
    files->list[files->count++] = *file;
    files->bytes += file->bytes;
}

void checked_files_of_catalog(CheckedFiles *files, const char *directory, const char *snapshot_name, const CatalogSnapshot *snapshot)
{
    for (int32_t t = 0; t < snapshot->table_count; t++)
        for (int32_t i = 0; i < snapshot->tables[t]->segment_count; i++)
        {
            const CatalogTable *table = snapshot->tables[t];
            const CatalogSegment *segment = &table->segments[i];
            CheckedFile file = {.path = segment_path(files->arena, directory, table, segment),
                                .table = arena_printf(files->arena, "%s.%s", table->schema, table->name),
                                .snapshot = snapshot_name,
                                .bytes = segment->bytes};
            memcpy(file.digest, segment->digest, sizeof file.digest);
            file_add(files, &file);
        }
}

/* --- the leader's ------------------------------------------------------------------------ */
static bool digest_read(const char *hex, uint8_t digest[SEGMENT_DIGEST_SIZE])
{
    for (int32_t i = 0; i < SEGMENT_DIGEST_SIZE; i++)
    {
        char byte[3] = {hex[2 * i], hex[2 * i] == 0 ? 0 : hex[2 * i + 1], 0}, *end;
        digest[i] = (uint8_t) strtoul(byte, &end, 16);
        if (end != byte + 2)
            return false;
    }
    return true;
}

/* Each field ends with a zero byte. */
static Error *row_take(CheckedFiles *files, const char *directory, char *const fields[FIELDS])
{
    CheckedFile file = {.path = arena_printf(files->arena, "%s/%s", directory, fields[0]), .table = fields[3]};
    if (!digest_read(fields[2], file.digest))
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "the leader's list of files cannot be read");
    file.bytes = strtoll(fields[1], NULL, 10);
    file_add(files, &file);
    return NULL;
}

Error *checked_files_of_leader(CheckedFiles *files, const char *directory)
{
    const char *const words[] = {"-X", "-q", "-A", "-t", "-z", "-0", "-c", "select path, bytes, digest, \"schema\" || '.' || \"table\""
                                 " from stv_segment_files", NULL};
    char *text, *fields[FIELDS];
    size_t length;
    int32_t field = 0;
    TRY(cli_psql_read(files->arena, directory, words, &text, &length));
    for (char *at = text; at < text + length; at += strlen(at) + 1)
    {
        fields[field++] = at;
        if (field == FIELDS)
            TRY(row_take(files, directory, fields));
        field %= FIELDS;
    }
    return field == 0 ? NULL : error_new(SQLSTATE_PROTOCOL_VIOLATION, "the leader's list of files ends too early");
}

Error *checked_files_still_named(CheckedFiles *files, const char *directory)
{
    CheckedFiles *now = checked_files_new(files->arena);
    TRY(checked_files_of_leader(now, directory));
    Map *named = map_new(files->arena);
    for (int32_t i = 0; i < now->count; i++)
        map_put(named, now->list[i].path, &now->list[i]);
    for (int32_t i = 0; i < files->count; i++)
    {
        CheckedFile *file = &files->list[i];
        if (file->error == NULL || file->snapshot != NULL || map_get(named, file->path) != NULL)
            continue;
        error_free(file->error);
        file->error = NULL;
    }
    return NULL;
}

/* --- the snapshots' ---------------------------------------------------------------------- */
static void backup_take(CheckedFiles *files, const BackupPlace *place, const char *name)
{
    OpenBackup backup;
    Error *error = backup_open(place, name, &backup);
    if (error == NULL)
        error = catalog_verify(backup.catalog);
    if (error == NULL)
        checked_files_of_catalog(files, backup.directory, name, backup.snapshot);
    else
        file_add(files, &(CheckedFile){.path = arena_printf(files->arena, "%s/snapshots/%s/catalog.db", place->directory, name),
                                       .snapshot = name,
                                       .error = error});
    backup_close(&backup);
}

Error *checked_files_of_backups(CheckedFiles *files, const char *directory)
{
    BackupPlace place = {.arena = files->arena, .directory = directory};
    Backup *backups;
    int32_t count;
    TRY(backup_list(&place, &backups, &count));
    for (int32_t i = 0; i < count; i++)
        backup_take(files, &place, backups[i].name);
    return NULL;
}

/* --- reading them ------------------------------------------------------------------------ */
typedef struct Verifying
{
    CheckedFiles *files;
    atomic_int next;
    atomic_int count;
    _Atomic int64_t bytes;
    void (*progress)(void *context, int64_t bytes, int32_t count);
    void *context;
    pthread_t main;
} Verifying;

static Error *file_verify(const CheckedFile *file)
{
    struct stat status;
    if (stat(file->path, &status) != 0 && errno == ENOENT)
        return error_new(SQLSTATE_DATA_CORRUPTED, "table \"%s\": file \"%s\" is missing", file->table, file->path);
    SegmentRef ref = {.path = file->path, .table_name = file->table, .bytes = file->bytes, .digest = file->digest};
    return segment_verify(&ref);
}

static void *verify_main(void *context)
{
    Verifying *verifying = context;
    CheckedFiles *files = verifying->files;
    for (int32_t i; (i = atomic_fetch_add(&verifying->next, 1)) < files->count;)
    {
        CheckedFile *file = &files->list[i];
        if (file->error == NULL)
            file->error = file_verify(file);
        atomic_fetch_add(&verifying->bytes, file->bytes);
        atomic_fetch_add(&verifying->count, 1);
        if (pthread_equal(pthread_self(), verifying->main))
            verifying->progress(verifying->context, atomic_load(&verifying->bytes), atomic_load(&verifying->count));
    }
    return NULL;
}

Error *checked_files_verify(CheckedFiles *files, int32_t threads, void (*progress)(void *context, int64_t bytes, int32_t count),
                            void *context)
{
    Verifying verifying = {.files = files, .progress = progress, .context = context, .main = pthread_self()};
    pthread_t *helpers = ARENA_ARRAY(files->arena, pthread_t, threads);
    int32_t started = 0;
    int code = 0;
    while (started < threads - 1 && (code = pthread_create(&helpers[started], NULL, verify_main, &verifying)) == 0)
        started++;
    (void) verify_main(&verifying);
    for (int32_t i = 0; i < started; i++)
        (void) pthread_join(helpers[i], NULL);
    return code == 0 ? NULL : error_new(SQLSTATE_OUT_OF_MEMORY, "no thread for the check: %s", strerror(code));
}

int32_t checked_files_bad(const CheckedFiles *files)
{
    int32_t bad = 0;
    for (int32_t i = 0; i < files->count; i++)
        bad += files->list[i].error != NULL;
    return bad;
}
