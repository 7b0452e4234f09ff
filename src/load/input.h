/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a COPY: a path, a prefix or a manifest becomes a list of files,
 * each of them really inside a directory that COPY may read.
 */
#ifndef SRC_LOAD_INPUT_H
#define SRC_LOAD_INPUT_H

#include "base/core/arena.h"

#include <stdbool.h>

#define LOAD_FILES_MAX 1000000

typedef struct LoadFile
{
    char *path; /* real path: no symbolic link in it */
    int64_t size_bytes;
} LoadFile;

typedef struct LoadFiles
{
    int32_t count;
    LoadFile *files;
    int64_t size_bytes; /* sum */
} LoadFiles;

/* `path` as the user wrote it, "file://" allowed before it.  Every regular file whose path begins so is
 * meant: "/d/cust" is /d/cust.1, /d/cust_old and all below /d/cust/; sorted by path.  manifest: `path` is a file
 * {"entries":[{"url":"/d/x","mandatory":true}]}; its order is kept, an entry named twice counts twice.
 * Each file must lie, once symbolic links are followed, under one of `allowed` (directories): 42501 otherwise,
 * also for directories that do not exist.  58P01 if there is no such file. */
Error *load_files_find(Arena *arena, const char *path, bool manifest, const char *const *allowed,
                       int32_t allowed_count, LoadFiles *out) MUST_USE;

/* Opens a listed file read-only and checks again that it is the regular file meant: no name of its path is a symbolic link. */
Error *load_file_open(const char *path, int *fd, int64_t *size_bytes) MUST_USE;

#endif
