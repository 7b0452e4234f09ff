/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions without a client, in which the leader does its own work as the first superuser there is. */
#ifndef SRC_LEADER_BACKGROUND_H
#define SRC_LEADER_BACKGROUND_H

#include "src/leader/session.h"

/* Registered.  53300, 53200. */
Error *background_session(Leader *leader, Session **session) MUST_USE;
/* A statement of it begins its transaction. */
Error *background_begin(Session *session, const Statement *statement) MUST_USE;
/* It ends. */
void background_end(Session *session);

#endif
