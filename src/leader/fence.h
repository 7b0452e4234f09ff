/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job that was frozen and has lost its warehouse may wake up in the middle of a commit.
 *
 *     old: lease_check .................................. SQLite writes ── lease_check: lost, nobody is told that it worked
 *     new:              lease, copies of catalog.db and its log under their names, epoch, commits
 *
 * The old job has the old files open, which have no name any more: what it writes reaches nobody.
 */
#ifndef SRC_LEADER_FENCE_H
#define SRC_LEADER_FENCE_H

#include "sql/catalog/catalog.h"

/* Opens the catalog of a warehouse whose lease is held.  If who had it before has not closed it, its files become new ones. */
Error *fence_catalog_open(Arena *arena, const char *directory, Catalog **catalog) MUST_USE;
/* The same for the history, before it is opened. */
Error *fence_history(Arena *arena, const char *directory) MUST_USE;

#endif
