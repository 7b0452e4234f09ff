/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What statements leave in the history (src/history):
 *
 *     record_begin     it runs: stoa_running, stv_inflight...
 *     record_planned, record_compiled, record_ran...   what it was like
 *     record_end       stoa_statements, and what are queries over it: stl_query, sys_query_history...
 *
 * What may be secret in a statement's text is masked at its beginning: no view, and no process list, has more than that.
 * Without a record (the background's work) all of it does nothing.
 */
#ifndef SRC_LEADER_RECORD_H
#define SRC_LEADER_RECORD_H

#include "src/leader/session.h"
#include "src/plan/plan.h"

typedef struct Record Record;

void record_begin(const Statement *statement);
/* error: borrowed, NULL: it worked.  Twice does no harm. */
void record_end(Session *session, const Error *error);

void record_waited(Session *session, int64_t us); /* for a lock */
void record_planned(Session *session, bool leader_only, int64_t us);
void record_compiled(Session *session, bool made, int64_t us);
void record_rows(Session *session, int64_t rows);
/* A query of it begins, session->last_query, and has run. */
void record_started(Session *session);
void record_ran(Session *session, const Spec *spec, const RunResult *result);
/* What EXPLAIN would say. */
void record_plan(Session *session, const Plan *plan);

/* A connection: event as stl_connection_log has it, of `user`. */
void record_connection(const Session *session, const char *event, const char *user);
/* It was a session, and has ended. */
void record_session_end(const Session *session);
/* A user has been created, altered...: in the history if the transaction commits.  old_name: of one renamed, else NULL. */
void record_user(const Statement *statement, const char *action, const CatalogPrincipal *user, const char *old_name);
/* changed: by it; commit_time: when its commit began, 0: it was rolled back. */
void record_transaction_end(Session *session, bool changed, bool committed, int64_t commit_time);
/* A fault of ours, or of the world's. */
void record_fault(const Session *session, const Error *error);

/* The statements that run now, each as a row of stoa_statements; under the leader's lock. */
HistoryRow *record_running(const Session *session);

/* Others' rows are a superuser's business, or his who may see the system's logs. */
bool record_sees_all(const CatalogSnapshot *snapshot, const Session *session);

#endif
