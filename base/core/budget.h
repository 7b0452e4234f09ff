/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Budget counts the bytes of what grows with data (hash tables, sort runs,
 * exchange inboxes, load buffers) on one rank.  Thread-safe, one atomic.
 */
#ifndef BASE_CORE_BUDGET_H
#define BASE_CORE_BUDGET_H

#include "base/core/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Budget
{
    int64_t limit_bytes;
    _Atomic int64_t used_bytes;
    _Atomic int64_t peak_bytes;
} Budget;

void budget_init(Budget *budget, int64_t limit_bytes);
/* Takes `bytes`, or refuses with 53200 and takes nothing. */
Error *budget_take(Budget *budget, int64_t bytes) MUST_USE;
void budget_give(Budget *budget, int64_t bytes);

#endif
