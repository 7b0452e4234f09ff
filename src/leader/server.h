/* SPDX-License-Identifier: Apache-2.0 */
/* Listening, accepting, the registry of sessions, and their end. */
#ifndef SRC_LEADER_SERVER_H
#define SRC_LEADER_SERVER_H

#include "src/leader/leader.h"

/* 58030, with a hint when the port is taken.  *port: the one it got. */
Error *server_listen(const Config *config, int *fd, int32_t *port) MUST_USE;
/* Serves until SIGTERM or SIGINT (both blocked in all threads), or until the world has failed (its error).
 * When it returns all sessions have ended. */
Error *server_run(Leader *leader, int listener) MUST_USE;
/* A session has set a deadline. */
void server_wake(Leader *leader);

#endif
