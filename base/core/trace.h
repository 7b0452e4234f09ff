/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line a happening, "2026-01-31 12:00:00.123 UTC [pid] rank 2 LOG:  text".
 * Goes to stderr until trace_open() names a file (0600).  Thread-safe.  Never
 * given a password, a literal of a user's statement, or a row.
 */
#ifndef BASE_CORE_TRACE_H
#define BASE_CORE_TRACE_H

#include "base/core/error.h"

typedef enum TraceLevel
{
    TRACE_DEBUG,
    TRACE_LOG,
    TRACE_WARNING,
    TRACE_ERROR
} TraceLevel;

Error *trace_open(const char *path) MUST_USE;
void trace_set(TraceLevel least, int rank); /* rank -1: not shown */
void trace(TraceLevel level, const char *format, ...) PRINTF_LIKE(2, 3);

/* Monotonic clock, for timing and deadlines. */
int64_t clock_us(void);

#endif
