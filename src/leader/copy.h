/* SPDX-License-Identifier: Apache-2.0 */
/* One COPY on its way; shared by copy.c and copy_record.c. */
#ifndef SRC_LEADER_COPY_H
#define SRC_LEADER_COPY_H

#include "src/leader/session.h"
#include "src/load/input.h"

typedef struct Copy
{
    Statement *statement;
    Session *session;
    Arena *arena;
    const CatalogSnapshot *snapshot;
    int32_t node_count;
    CopyPlan *plan;
    RunResult result;
    LoadFiles files; /* none: from the client */
    int64_t start_time;
    bool feed_ended; /* the client has said CopyDone or CopyFail, or is gone */
} Copy;

/* Rejected records become rows of stl_load_errors, whether the load succeeded or not.  Takes and returns
 * the load's error, with a hint where to look. */
Error *copy_rejects_keep(const Copy *copy, Error *error) MUST_USE;

/* The load and its files, as stl_load_commits and sys_load_history tell them.  error: borrowed, NULL: it worked. */
void copy_loads_keep(const Copy *copy, int64_t rows, const Error *error);

#endif
