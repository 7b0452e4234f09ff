/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging in the background: tables that many small writes have left in many small segments get few of them.
 *
 *     a transaction ends --merger_wake--> a pause --> tables with too many: VACUUM's road, some megabytes at a time
 *
 * It gives way: to a transaction that goes on and has the table in use, and to a statement that waits for it.
 */
#ifndef SRC_LEADER_MERGE_H
#define SRC_LEADER_MERGE_H

#include "src/leader/leader.h"
#include "src/leader/session.h"

/* Which segments of the table are worth merging now; false: none.  Lives in `arena`. */
bool merge_choose(Arena *arena, const CatalogTable *table, int32_t slice_count, SegmentMerge *merge);

/* Starts its thread, a session without a client; "auto_vacuum = off": does nothing. */
Error *merger_start(Leader *leader) MUST_USE;
/* There may be something to do, or it is to end. */
void merger_wake(Leader *leader);
/* The sessions have ended. */
void merger_free(Leader *leader);

#endif
