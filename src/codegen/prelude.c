/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What generated code may use besides src/run/rt.h: a few helpers that must be
 * in its own text so that gcc can inline them.  Compiled by libtcc and gcc.
 */
#ifdef __TINYC__
#define UNLIKELY(x) (x)
#define RESTRICT
#else
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define RESTRICT restrict
#endif

#define I64_MIN ((int64_t) 1 << 63)
#define I64_MAX (~I64_MIN)

/* wide = the 64-bit v; wide += v */
#define WIDE_SET(wide, v)                                                                              \
    do                                                                                                 \
    {                                                                                                  \
        int64_t wide_v_ = (v);                                                                         \
        (wide).lo = (uint64_t) wide_v_;                                                                \
        (wide).hi = wide_v_ >> 63;                                                                     \
    } while (0)
#define WIDE_ADD(wide, v)                                                                              \
    do                                                                                                 \
    {                                                                                                  \
        int64_t wide_v_ = (v);                                                                         \
        uint64_t wide_lo_ = (wide).lo + (uint64_t) wide_v_;                                            \
        (wide).hi += (wide_v_ >> 63) + (wide_lo_ < (uint64_t) wide_v_);                                \
        (wide).lo = wide_lo_;                                                                          \
    } while (0)

static uint64_t hash_u64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ul;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ul;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebul;
    return x ^ (x >> 31);
}

static uint64_t hash_combine(uint64_t a, uint64_t b)
{
    return hash_u64(a ^ (b + 0x9e3779b97f4a7c15ul + (a << 6) + (a >> 2)));
}

/* Tightening the bounds of a range kernel; strict ones step to the next integer. */
#define LEAST(lo, v)                                                                                   \
    do                                                                                                 \
    {                                                                                                  \
        int64_t bound_ = (v);                                                                          \
        if (bound_ > (lo))                                                                             \
            (lo) = bound_;                                                                             \
    } while (0)
#define MOST(hi, v)                                                                                    \
    do                                                                                                 \
    {                                                                                                  \
        int64_t bound_ = (v);                                                                          \
        if (bound_ < (hi))                                                                             \
            (hi) = bound_;                                                                             \
    } while (0)

/* Selections by a range of 64-bit bounds over a narrower column. */
#define RANGE_KERNEL(width, T, least, most)                                                            \
    static int32_t range_##width(const Rt *rt, const T *values, const uint16_t *in, int32_t n, int64_t lo, \
                                 int64_t hi, uint16_t *out)                                            \
    {                                                                                                  \
        if (lo < (least))                                                                              \
            lo = (least);                                                                              \
        if (hi > (most))                                                                               \
            hi = (most);                                                                               \
        if (lo > hi)                                                                                   \
            return 0;                                                                                  \
        return rt->sel_between_##width(values, in, n, (T) lo, (T) hi, out);                            \
    }
RANGE_KERNEL(i8, int8_t, -128, 127)
RANGE_KERNEL(i16, int16_t, -32768, 32767)
RANGE_KERNEL(i32, int32_t, -2147483647 - 1, 2147483647)
RANGE_KERNEL(i64, int64_t, I64_MIN, I64_MAX)

static int64_t raise_fault(const Rt *rt, RtWorker *worker, int32_t fault)
{
    rt->raise(worker, fault, 0);
    return 0;
}

static int64_t i64_add(const Rt *rt, RtWorker *worker, int64_t a, int64_t b)
{
    int64_t r = (int64_t) ((uint64_t) a + (uint64_t) b);
    return UNLIKELY(((a ^ r) & (b ^ r)) < 0) ? raise_fault(rt, worker, RT_FAULT_BIGINT_RANGE) : r;
}

static int64_t i64_sub(const Rt *rt, RtWorker *worker, int64_t a, int64_t b)
{
    int64_t r = (int64_t) ((uint64_t) a - (uint64_t) b);
    return UNLIKELY(((a ^ b) & (a ^ r)) < 0) ? raise_fault(rt, worker, RT_FAULT_BIGINT_RANGE) : r;
}

static int64_t i64_mul(const Rt *rt, RtWorker *worker, int64_t a, int64_t b)
{
    int64_t r = (int64_t) ((uint64_t) a * (uint64_t) b);
    if (UNLIKELY(a != (int32_t) a || b != (int32_t) b) && a != 0 &&
        (r / a != b || (a == -1 && b == I64_MIN) || (b == -1 && a == I64_MIN)))
        return raise_fault(rt, worker, RT_FAULT_BIGINT_RANGE);
    return r;
}

static int64_t i64_div(const Rt *rt, RtWorker *worker, int64_t a, int64_t b)
{
    if (UNLIKELY(b == 0))
        return raise_fault(rt, worker, RT_FAULT_DIVISION_BY_ZERO);
    if (UNLIKELY(b == -1))
        return i64_sub(rt, worker, 0, a);
    return a / b;
}

static int64_t i64_mod(const Rt *rt, RtWorker *worker, int64_t a, int64_t b)
{
    if (UNLIKELY(b == 0))
        return raise_fault(rt, worker, RT_FAULT_DIVISION_BY_ZERO);
    return b == -1 ? 0 : a % b;
}

/* v if least <= v <= most, else the fault. */
static int64_t i64_check(const Rt *rt, RtWorker *worker, int64_t v, int64_t least, int64_t most, int32_t fault)
{
    return UNLIKELY(v < least || v > most) ? raise_fault(rt, worker, fault) : v;
}

/* v / unit with the remainder rounded half away from zero (DECIMAL to a smaller scale). */
static int64_t i64_round(int64_t v, int64_t unit)
{
    int64_t q = v / unit, r = v % unit;
    if (r < 0)
        return q - (-r >= unit - -r);
    return q + (r >= unit - r);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0);
}

/* An interval's whole length in microseconds, a month being 30 days: what intervals are compared by. */
static I128 interval_span(const Rt *rt, RtWorker *worker, const Interval *interval)
{
    I128 span, day;
    WIDE_SET(span, (int64_t) interval->months * 30 + interval->days);
    WIDE_SET(day, 86400000000l);
    rt->i128_mul(worker, &span, &span, &day);
    WIDE_ADD(span, interval->us);
    return span;
}

static double f64_finite(const Rt *rt, RtWorker *worker, double v, int32_t inputs_finite)
{
    if (UNLIKELY(inputs_finite && v - v != 0))
        rt->raise(worker, RT_FAULT_FLOAT_RANGE, 0);
    return v;
}

static double f64_div(const Rt *rt, RtWorker *worker, double a, double b)
{
    if (UNLIKELY(b == 0))
    {
        rt->raise(worker, RT_FAULT_DIVISION_BY_ZERO, 0);
        return 0;
    }
    return f64_finite(rt, worker, a / b, a - a == 0 && b - b == 0);
}

static double f32_finite(const Rt *rt, RtWorker *worker, double v)
{
    float narrow = (float) v;
    if (UNLIKELY(v - v == 0 && narrow - narrow != 0))
        rt->raise(worker, RT_FAULT_FLOAT_RANGE, 0);
    return narrow;
}

/* SQL's order of floats: NaN equals NaN and is greater than all else. */
static int32_t f64_compare(double a, double b)
{
    if (a != a || b != b)
        return (a != a) - (b != b);
    return a < b ? -1 : a > b;
}
