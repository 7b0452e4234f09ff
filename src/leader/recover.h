/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery is nothing but start: whatever was killed or cut off, this makes a warehouse of what was committed.
 *
 *     catalog.db and its log, out of reach of who had them --> files that rode in a commit, durable
 *         --> unfinished snapshots, and files without a name in the manifest, removed
 */
#ifndef SRC_LEADER_RECOVER_H
#define SRC_LEADER_RECOVER_H

#include "sql/catalog/catalog.h"

/* Of a warehouse whose lease is held. *removed: files that no commit names.  On error the catalog is closed. */
Error *recover_warehouse(Arena *arena, const char *directory, Catalog **catalog, int64_t *removed) MUST_USE;

#endif
