/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the code cache: drafts that no earlier job can still write, and a bound on how many modules stay. */
#ifndef SRC_CODEGEN_CACHE_FILES_H
#define SRC_CODEGEN_CACHE_FILES_H

#include "base/core/arena.h"
#include "base/core/error.h"

/* Makes `directory` (0700) if it is not there, and in it one for this job's drafts, whose path it returns in the arena.
 * Those of earlier jobs are removed: a compiler that outlived its server finds no place to write.
 * 58030 if a directory cannot be made. */
Error *cache_files_open(Arena *arena, const char *directory, char **drafts) MUST_USE;

/* Removes the directory of drafts with what is in it. */
void cache_files_close(const char *drafts);

/* Removes the files that have not been used for longest until `most` are left, but none that was used in the last hour.
 * Returns how many went. */
int64_t cache_files_prune(const char *directory, int64_t most);

/* Marks a file as used now. */
void cache_file_used(const char *path);

#endif
