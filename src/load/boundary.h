/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the first record at or behind a byte begins, in a plain file that is read from the middle.
 *
 * A record begins behind a newline that is data to nobody:
 *   delimited          every newline
 *   delimited, ESCAPE  a newline behind an even number of backslashes
 *   CSV                a newline outside quotes
 *
 * Whether a byte of a CSV file is inside quotes depends on all quotes before it.  Well-formed files tell it from near by:
 * a run of quotes that opens a field follows a delimiter or newline, one that closes a field stands before one.
 *
 *     ...end of it",17,...   `"` is followed by `,` and preceded by `t`: it cannot open, so we were inside
 *     ..., "x","y"...        `"` preceded and followed by `,`: may be either; look at the next run
 *
 * So both hypotheses (inside, outside) are followed until one is refuted; a long way without any quote refutes "inside",
 * since records have a largest size.  If both live on or both die, the quotes are counted from the start of the file.
 * A file that is not well-formed may mislead: therefore each unit checks that it ends where the next one, by this same
 * function, begins (load_unit_next); since the first begins at byte 0, all are then right.
 * Private to src/load.
 */
#ifndef SRC_LOAD_BOUNDARY_H
#define SRC_LOAD_BOUNDARY_H

#include "src/load/format.h"

/* *start: the first record boundary >= at, or `size`.  Not before the end of the header lines. */
Error *load_boundary_find(int fd, const char *path, const LoadFormat *format, int64_t size, int64_t at,
                          int64_t *start) MUST_USE;

/* Newlines in [from, to) of the file. */
Error *load_lines_count(int fd, const char *path, int64_t from, int64_t to, int64_t *lines) MUST_USE;

#endif
