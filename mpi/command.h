/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: the leader tells every compute node what to do, and hears back.
 *
 *     leader                                      every compute node
 *     command_send(query, bytes)  ------------->  command_wait() = {query, bytes}
 *     progress_get()              <-------------  progress_send(query, done, total)
 *     command_cancel(query)       ------------->  query_cancelled(query) turns true
 *     reply_wait(query) = one each <------------  reply_send(query, bytes)
 *     query_note(query, note)     ------------->  query_noted(query) turns true
 *     query_end(query)            ------------->  (forgets what is left of it)
 *
 * A query id is any number but 0, used once.  Several commands may be sent for one
 * query, each answered by one reply from every node; commands of one leader
 * arrive in the order sent, replies of one node in the order sent.
 * All functions are thread-safe.  In a world of one, they loop back: a thread that
 * waits with command_wait() gets what another thread of the process sends.
 */
#ifndef MPI_COMMAND_H
#define MPI_COMMAND_H

#include "mpi/world.h"

typedef enum CommandKind
{
    COMMAND_WORK,
    COMMAND_STOP /* the leader ends the job: finish and call world_stop() */
} CommandKind;

typedef struct Command
{
    CommandKind kind;
    uint64_t query;
    void *bytes; /* owned by the receiver: free() */
    size_t length;
} Command;

typedef struct Reply
{
    void *bytes; /* owned by the receiver: free(); never NULL when it has come */
    size_t length;
} Reply;

#define COMMAND_BYTES_MAX ((size_t) 1 << 30)
#define QUERIES_AT_ONCE_MAX 1024 /* registered at one time; 54000 beyond */

/* Asked about every 10 ms by functions that wait; an error it returns ends the wait and is passed on. */
typedef Error *(*WaitCheck)(void *context);

/* Leader; local: registers the query, so that a cancel before its first command is not lost.
 * command_send does it too; twice is fine.  54000 when QUERIES_AT_ONCE_MAX are registered. */
Error *query_begin(World *world, uint64_t query) MUST_USE;

/* Leader; point to point to each compute node; does not wait for them.  `bytes` is copied.
 * The first command registers the query on every rank.  54000 beyond COMMAND_BYTES_MAX. */
Error *command_send(World *world, uint64_t query, const void *bytes, size_t length) MUST_USE;

/* Compute node; sleeps until the next command, or fails with 08006 when the leader is gone. */
Error *command_wait(World *world, Command *out) MUST_USE;

/* Compute node to leader.  `bytes` is copied; length 0 is fine. */
Error *reply_send(World *world, uint64_t query, const void *bytes, size_t length) MUST_USE;

/* Leader; sleeps until every compute node has sent one reply to `query` and moves them into
 * out[world_compute_count].  check may be NULL; deadline_us on clock_us(), 0 = none: 57014
 * "statement timeout".  After an error nothing has been taken: it may be called again. */
Error *reply_wait(World *world, uint64_t query, Reply *out, WaitCheck check, void *context,
                  int64_t deadline_us) MUST_USE;

/* Compute node to leader: `done` of `total` in units of the caller's choice.  Cheap; at most some a second, please. */
void progress_send(World *world, uint64_t query, int64_t done, int64_t total);
/* Leader: sums over the nodes; false if none came yet. */
bool progress_get(World *world, uint64_t query, int64_t *done, int64_t *total);

/* From any rank: turns query_cancelled() true on every rank within about a
 * millisecond.  Not an answer: the leader still waits for the replies. */
void command_cancel(World *world, uint64_t query);
/* Local, a few loads: cancelled by someone, or the world has failed. */
bool query_cancelled(World *world, uint64_t query);
/* The error that goes with it: 57014, or 08006 if the world has failed; NULL if neither. */
Error *query_check(World *world, uint64_t query) MUST_USE;

/* Leader: 16 bytes about a query that runs, of the caller's meaning, to every compute node.  The first note counts. */
void query_note(World *world, uint64_t query, const int64_t note[2]);
/* Compute node; local, a few loads: has the note come?  Then note[] is filled. */
bool query_noted(World *world, uint64_t query, int64_t note[2]);

/* Leader, after the last reply: forgets the query on every rank, with
 * unread replies and exchanges nobody opened. */
void query_end(World *world, uint64_t query);

/* Leader: every compute node's command_wait() gives COMMAND_STOP once it has taken the commands before it; in a
 * world of one, that is how the thread in command_wait() ends.  world_stop() does it too, if nobody has. */
void command_stop(World *world);

#endif
