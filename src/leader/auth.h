/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), server side, over the SASL messages of
 * protocol 3.  A user that does not exist goes through the same exchange with
 * a salt made up for that name, so that names cannot be guessed.
 */
#ifndef SRC_LEADER_AUTH_H
#define SRC_LEADER_AUTH_H

#include "sql/catalog/catalog.h"
#include "src/leader/wire.h"

#define SCRAM_ITERATIONS 4096
#define AUTH_SECRET_BYTES 32

/* "SCRAM-SHA-256$4096:salt$stored:server" for CatalogPrincipal.scram.  22023 for a password that is empty or not
 * printable ASCII (others would need SASLprep to be typed the same everywhere). */
Error *auth_make_verifier(Arena *arena, const char *password, char **verifier) MUST_USE;

/* Is it such a verifier? */
bool auth_is_verifier(const char *text);

/* Cryptographic random bytes. */
Error *auth_random(void *bytes, size_t count) MUST_USE;

/* Runs the whole exchange.  user NULL: there is none called `name`; it fails as a wrong password does (28P01).
 * `secret`: what salts of unknown names are derived from, AUTH_SECRET_BYTES. */
Error *auth_exchange(Wire *wire, const char *name, const CatalogPrincipal *user, const uint8_t *secret) MUST_USE;

#endif
