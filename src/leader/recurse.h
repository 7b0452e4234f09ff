/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WITH RECURSIVE: the leader goes round.
 *
 *     seed            -> rows, which are the first round
 *     term over round -> rows, which are the next round; until none come
 *
 * The rows of all rounds are what the statement reads.  With UNION a row that was there before is not taken again.
 */
#ifndef SRC_LEADER_RECURSE_H
#define SRC_LEADER_RECURSE_H

#include "src/codegen/codegen.h"
#include "src/compute/engine.h"
#include "src/plan/plan.h"

/* Plans a query of the statement, has its values packed by `pack`, and runs it into `sink`. */
typedef struct RecurseEnv
{
    void *context;
    Error *(*plan)(void *context, const BoundQuery *query, Plan **plan, CodeUnit **unit);
    Error *(*run)(void *context, Plan *plan, CodeUnit *unit, const RowSink *sink);
} RecurseEnv;

/* Packs into `plan` the rows of all recursive WITH queries it reads, which are computed first. 54001 beyond
 * RECURSE_ROWS_MAX rows of one query; what planning and running fail with. */
Error *recurse_fill(Arena *arena, const BoundStatement *bound, const RecurseEnv *env, Plan *plan) MUST_USE;

#endif
