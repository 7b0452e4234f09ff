/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks of tables, held until their transaction ends.
 *
 *                  READ   APPEND   NUMBER   CHANGE   ALL
 *     READ                                            x      SELECT
 *     APPEND                                          x      INSERT, COPY
 *     NUMBER                         x                x      the same, where an identity column gives rows their numbers
 *     CHANGE                                  x       x      UPDATE, DELETE, MERGE, TRUNCATE
 *     ALL           x       x        x        x       x      LOCK TABLE          x: waits for the other
 *
 * Who asked first is served first.  Readers see their snapshot: only LOCK TABLE keeps them waiting.  The background's
 * statement is cancelled when somebody waits for it.
 */
#ifndef SRC_LEADER_LOCK_H
#define SRC_LEADER_LOCK_H

#include "base/core/error.h"

#include <stdbool.h>

typedef enum LockMode
{
    LOCK_READ,
    LOCK_APPEND,
    LOCK_NUMBER, /* LOCK_APPEND too; not part of LOCK_CHANGE */
    LOCK_CHANGE,
    LOCK_ALL
} LockMode;

typedef struct Session Session;
typedef struct Locks Locks;

Locks *locks_new(void); /* NULL: no memory */
void locks_free(Locks *locks);

/* Waits until the session has the table's lock; *waited is set if it had to, else left as it is.
 * 40P01: the others wait for this session; 55P03: lock_timeout; 57014, 57P01 as session_check(). */
Error *lock_take(Session *session, int64_t table, LockMode mode, bool *waited) MUST_USE;
/* LOCK_CHANGE for the background (merge.h), at once or not at all: not if somebody changes the table or waits to, nor if a
 * transaction that goes on has written to it. */
bool lock_try(Session *session, int64_t table);
/* Has no transaction that goes on come to write to it since? */
bool lock_is_alone(Session *session, int64_t table);
/* All of the session's: its transaction ends. */
void locks_release(Session *session);

#endif
