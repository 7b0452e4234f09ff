/* SPDX-License-Identifier: Apache-2.0 */
/* One COPY on its way; shared by copy.c and copy_rejects.c. */
#ifndef SRC_LEADER_COPY_H
#define SRC_LEADER_COPY_H

#include "src/leader/session.h"

typedef struct Copy
{
    Statement *statement;
    Session *session;
    Arena *arena;
    const CatalogSnapshot *snapshot;
    int32_t node_count;
    CopyPlan *plan;
    RunResult result;
    int64_t start_time;
    bool feed_ended; /* the client has said CopyDone or CopyFail, or is gone */
} Copy;

/* Rejected records become rows of stl_load_errors, whether the load succeeded or not.  Takes and returns
 * the load's error, with a hint where to look. */
Error *copy_rejects_keep(Copy *copy, Error *error) MUST_USE;

#endif
