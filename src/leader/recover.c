/* SPDX-License-Identifier: Apache-2.0 */
#include "src/leader/recover.h"
#include "hdf5store/segment.h"
#include "src/leader/backup.h"
#include "src/leader/fence.h"
#include "src/leader/leader.h"
#include "src/leader/settle.h"

static Error *data_settle(Arena *arena, const char *directory, Catalog *catalog, int64_t *removed)
{
    TRY(segment_directory_make(arena_printf(arena, "%s/db%d", directory, DATABASE_ID), directory));
    TRY(settle_files(directory, catalog));
    TRY(backup_sweep(&(BackupPlace){.arena = arena, .directory = directory}));
    const CatalogSnapshot *snapshot = catalog_acquire(catalog);
    *removed = orphans_remove(directory, snapshot);
    catalog_release(catalog, snapshot);
    return NULL;
}

Error *recover_warehouse(Arena *arena, const char *directory, Catalog **catalog, int64_t *removed)
{
    TRY(fence_catalog_open(arena, directory, catalog));
    Error *error = data_settle(arena, directory, *catalog, removed);
    if (error != NULL)
    {
        catalog_close(*catalog);
        *catalog = NULL;
    }
    return error;
}
