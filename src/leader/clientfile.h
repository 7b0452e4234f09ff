/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/client/pg_service.conf and DIR/client/pgpass: what psql and other clients need to get in. */
#ifndef SRC_LEADER_CLIENTFILE_H
#define SRC_LEADER_CLIENTFILE_H

#include "base/core/text.h"

Error *clientfile_create(Arena *arena, const char *directory, const char *user, const char *database, int32_t port,
                         const char *password) MUST_USE;
/* The running warehouse listens there now: writes what has changed.  tls: it offers TLS; if there is DIR/client/root.crt,
 * clients are told to take no other certificate. */
Error *clientfile_update(Arena *arena, const char *directory, const char *address, int32_t port, bool tls) MUST_USE;

/* Whole or not at all, 0600. */
Error *file_write_private(Arena *arena, const char *path, const char *text) MUST_USE;

#endif
