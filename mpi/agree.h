/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreement on errors: each rank has its own Error or none; the query has one
 * verdict.  Errors travel in replies by error_write/error_read.
 */
#ifndef MPI_AGREE_H
#define MPI_AGREE_H

#include "base/core/bytes.h"
#include "base/core/error.h"

#include <stdbool.h>

/* Local.  NULL is written too.  Does not take the error. */
void error_write(ByteWriter *writer, const Error *error);
/* Local.  *out: the error (owned) or NULL.  XX000 if the bytes are broken. */
Error *error_read(ByteReader *reader, Error **out) MUST_USE;

/* The error a receiver gets when a sender failed: 57014 "another node failed". */
Error *error_elsewhere(void) MUST_USE;
bool error_is_elsewhere(const Error *error);

/* Local.  Takes count errors (NULLs among them), frees all but the one that tells the cause, which is returned:
 * a cause before a broken connection, that before a cancel, that before "another node failed"; the
 * lowest index among equals.  NULL if there was none. */
Error *errors_agree(Error **errors, int32_t count) MUST_USE;

#endif
