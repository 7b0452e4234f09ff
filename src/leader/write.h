/* SPDX-License-Identifier: Apache-2.0 */
/* What UPDATE, DELETE and MERGE take away: addresses gathered from a query's rows, given to the transaction. */
#ifndef SRC_LEADER_WRITE_H
#define SRC_LEADER_WRITE_H

#include "sql/bind/bound.h"
#include "src/leader/session.h"
#include "src/run/spec.h"

typedef struct WriteRows WriteRows;

/* `scan` is borrowed: it gave the addresses. */
WriteRows *write_rows_new(const Session *session, Arena *arena, const SpecScan *scan);
/* A RowSink's function; context: WriteRows.  Field 0 is an address, never null; field 1, if there, says whether the
 * same row is appended again. */
Error *write_rows_take(void *context, const RowLayout *layout, const void *rows, int64_t count) MUST_USE;

typedef struct WriteCounts
{
    int64_t deleted; /* different rows */
    int64_t updated; /* of these, as far as field 1 said so */
} WriteCounts;
/* The rows become part of the transaction's deletes.  21000 if a row came twice that must come once. */
Error *write_rows_commit(WriteRows *writes, Statement *statement, const BoundWrite *write, WriteCounts *counts) MUST_USE;

#endif
