/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a warehouse and its snapshots have, and whether they are whole. */
#ifndef SRC_CLI_CHECK_H
#define SRC_CLI_CHECK_H

#include "base/core/map.h"
#include "hdf5store/segment.h"
#include "src/leader/backup.h"

typedef struct CheckedFile
{
    char *path;
    char *table;          /* schema.table; of a snapshot's catalog: NULL */
    const char *snapshot; /* whose it is; NULL: the warehouse's own */
    int64_t bytes;
    uint8_t digest[SEGMENT_DIGEST_SIZE];
    Error *error; /* owned; NULL: it is whole */
} CheckedFile;

typedef struct CheckedFiles
{
    Arena *arena;
    Map *inodes; /* files with two names are read once */
    CheckedFile *list;
    int32_t count, room;
    int64_t bytes;
} CheckedFiles;

CheckedFiles *checked_files_new(Arena *arena);
void checked_files_free(CheckedFiles *files); /* the errors */
/* What a catalog names, below `directory`. */
void checked_files_of_catalog(CheckedFiles *files, const char *directory, const char *snapshot_name, const CatalogSnapshot *snapshot);
/* What the running leader names now. */
Error *checked_files_of_leader(CheckedFiles *files, const char *directory) MUST_USE;
/* Those of the snapshots, as far as they are not the warehouse's own. */
Error *checked_files_of_backups(CheckedFiles *files, const char *directory) MUST_USE;

/* Every byte of every file, with so many threads.  progress is called by one of them, every now and then. */
Error *checked_files_verify(CheckedFiles *files, int32_t threads, void (*progress)(void *context, int64_t bytes, int32_t count),
                            void *context) MUST_USE;
/* While it was read, the warehouse may have given a file up: what it does not name any more is no damage. */
Error *checked_files_still_named(CheckedFiles *files, const char *directory) MUST_USE;
int32_t checked_files_bad(const CheckedFiles *files);

#endif
