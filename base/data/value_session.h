/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a session's settings decides how values read and print: the time zone above all.
 *
 * A statement has one ValueSession from its parsing to its last row.  The leader's session thread takes it
 * from the settings when the statement begins; it travels in the Spec, and every worker of every rank puts
 * it on before it runs a pipeline.  So folding at bind time, generated code, COPY on compute nodes and the
 * wire agree.  It is kept per thread, because bodies of functions (base/kernel) have no place to pass it.
 */
#ifndef BASE_DATA_VALUE_SESSION_H
#define BASE_DATA_VALUE_SESSION_H

#include "base/core/bytes.h"
#include "base/data/zone.h"

#include <stdatomic.h>

typedef enum IntervalStyle
{
    INTERVAL_STYLE_POSTGRES,
    INTERVAL_STYLE_VERBOSE,
    INTERVAL_STYLE_SQL,
    INTERVAL_STYLE_ISO
} IntervalStyle;

typedef enum DateOrder
{
    DATE_ORDER_MDY,
    DATE_ORDER_DMY,
    DATE_ORDER_YMD
} DateOrder;

/*
 * Where a task takes the numbers of an identity column's rows: `base` is the first that nobody has; without a second pass over
 * rows that nobody has counted, each of `lanes` nodes takes every lanes-th.
 */
typedef struct RowNumbers
{
    int64_t base;
    int32_t lane, lanes;
    _Atomic int64_t taken; /* of the lane */
} RowNumbers;

static inline int64_t row_numbers_next(RowNumbers *numbers)
{
    return numbers->base + numbers->lane + numbers->lanes * atomic_fetch_add_explicit(&numbers->taken, 1, memory_order_relaxed);
}

/* False: it is beyond BIGINT. */
static inline bool identity_value(int64_t number, int64_t seed, int64_t step, int64_t *value)
{
    return !__builtin_mul_overflow(number, step, value) && !__builtin_add_overflow(*value, seed, value);
}

typedef struct ValueSession
{
    const TimeZone *zone;
    int64_t now; /* when the transaction began: 'now', 'today'; 0: the clock */
    uint8_t interval_style; /* IntervalStyle */
    uint8_t date_order;     /* DateOrder: 1/2/2003 in input */
    bool rounds;            /* explicit casts of decimals round instead of cutting (enable_numeric_rounding) */
    int32_t float_digits;   /* extra_float_digits, -15..3; 0 and above: the shortest exact text */
    /* Of the task that runs, not sent; NULL: none runs. */
    RowNumbers *numbers;
    Error *(*check)(void *task); /* an error: it is to end */
    void *task;
} ValueSession;

/* The calling thread's; never NULL.  Defaults: UTC, postgres, MDY, cut, 0. */
const ValueSession *value_session(void);
void value_session_set(const ValueSession *session); /* copied; NULL: the defaults */

void value_session_write(ByteWriter *writer, const ValueSession *session);
/* 22023 if this rank's tz database lacks the zone. */
Error *value_session_read(ByteReader *reader, ValueSession *session) MUST_USE;

#endif
