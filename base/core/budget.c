/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/budget.h"
#include "base/core/assert.h"

#include <inttypes.h>
#include <stdatomic.h>

void budget_init(Budget *budget, int64_t limit_bytes)
{
    ASSERT(limit_bytes >= 0);
    budget->limit_bytes = limit_bytes;
    atomic_init(&budget->used_bytes, 0);
    atomic_init(&budget->peak_bytes, 0);
}

Error *budget_take(Budget *budget, int64_t bytes)
{
    ASSERT(bytes >= 0);
    int64_t used = atomic_fetch_add_explicit(&budget->used_bytes, bytes, memory_order_relaxed) + bytes;
    if (used > budget->limit_bytes || used < 0)
    {
        int64_t others = atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed) - bytes;
        return error_hint(error_detail(error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory"),
                                       "%" PRId64 " bytes were wanted, %" PRId64 " of %" PRId64 " are in use.", bytes,
                                       others, budget->limit_bytes),
                          "Raise \"memory\" in stoa.conf.");
    }
    int64_t peak = atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed);
    while (used > peak && !atomic_compare_exchange_weak_explicit(&budget->peak_bytes, &peak, used, memory_order_relaxed,
                                                                 memory_order_relaxed))
        ;
    return NULL;
}

void budget_give(Budget *budget, int64_t bytes)
{
    ASSERT(bytes >= 0);
    int64_t before = atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
    ASSERT(before >= bytes);
}
