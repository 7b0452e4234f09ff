/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories as wholes: copied, linked, removed. */
#ifndef SRC_LEADER_TREE_H
#define SRC_LEADER_TREE_H

#include "base/core/arena.h"
#include "base/core/error.h"

/* All of the bytes, in as many writes as it takes; the path is for the error. */
Error *tree_write(int fd, const char *path, const void *bytes, size_t count) MUST_USE;
/* The same bytes as a new file (0600), durable; its name is up to whoever syncs the directory.  58P01: there is no such file. */
Error *tree_copy_file(const char *from, const char *to) MUST_USE;
/* The same file under a second name, or a copy where the file system has no links or is another one.  The file is never changed. */
Error *tree_link_file(const char *from, const char *to) MUST_USE;
/* The directory with all there is in it; one that is not there is fine. */
Error *tree_remove(Arena *arena, const char *path) MUST_USE;
/* What is in it, but for one name. */
Error *tree_clear(Arena *arena, const char *path, const char *except) MUST_USE;
/* Calls `each` for every entry of a directory but "." and ".."; none if it is not there. */
Error *tree_walk(const char *path, Error *(*each)(void *context, const char *path, const char *name), void *context) MUST_USE;

#endif
