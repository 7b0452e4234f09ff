/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HyperLogLog by rows: what APPROXIMATE COUNT(DISTINCT x) is made of (sql/rel/rule_distinct.c).
 *
 *     sketch(x)          the register that x falls to, and the rank it has there
 *     max(sketch(x))     by register: the register's rank, for the register is the same in all
 *     sum(weight(..))    2^-rank over the registers that have one
 */
#include "base/data/hash.h"
#include "base/data/hll.h"
#include "base/kernel/body.h"

static int64_t sketch(uint64_t hash)
{
    return (int64_t) hll_slot(hash, SKETCH_BITS) * SKETCH_RANKS + hll_rank(hash, SKETCH_BITS);
}

int64_t k_sketch_bigint(int64_t value)
{
    return sketch(hash_u64((uint64_t) value));
}

int64_t k_sketch_decimal(const I128 *value, int32_t scale)
{
    (void) scale; /* of a column: the same in all rows */
    return sketch(hash_i128(*value));
}

int64_t k_sketch_double(double value)
{
    return sketch(hash_f64(value));
}

int64_t k_sketch_text(const Str *value)
{
    return sketch(hash_str(*value));
}

int64_t k_sketch_slot(int64_t sketch)
{
    return sketch / SKETCH_RANKS;
}

double k_sketch_weight(int64_t sketch)
{
    return ldexp(1.0, -(int) (sketch % SKETCH_RANKS));
}

int64_t k_sketch_count(double weight, int64_t filled)
{
    int64_t empty = SKETCH_REGISTERS - filled;
    return llround(hll_estimate_of(SKETCH_REGISTERS, weight + (double) empty, empty));
}
