/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    int32_t f0;
    uint8_t pad4;
    uint8_t pad5;
    uint8_t pad6;
    uint8_t pad7;
};

static void predicate0(const Rt *rt, RtWorker *worker, const RtParam *p, const Str *values, int32_t n, uint8_t *out)
{
    for (int32_t j = 0; j < n; j++)
    {
        out[j] = 0;
        out[j] = rt->in_set(&p[2], &values[j]);
    }
}

static void predicate1(const Rt *rt, RtWorker *worker, const RtParam *p, const Str *values, int32_t n, uint8_t *out)
{
    for (int32_t j = 0; j < n; j++)
    {
        out[j] = 0;
        out[j] = rt->like(&p[3], &values[j]);
    }
}

static void pipeline0(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 0);
    int32_t n;
    while ((n = rt->scan_next(scan)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        const int16_t *c1 = rt->scan_column(scan, 1);
        {
            int64_t lo = I64_MIN, hi = I64_MAX;
            if (p[1].i == I64_MIN)
                continue;
            MOST(hi, p[1].i - 1);
            m0 = range_i16(rt, c1, 0, m0, lo, hi, i0);
        }
        if (m0 == 0)
            continue;
        m0 = rt->sel_set(rt->scan_flags(scan, 4, predicate0, 0), i0, m0, i0);
        if (m0 == 0)
            continue;
        m0 = rt->sel_set(rt->scan_flags(scan, 5, predicate1, 1), i0, m0, i0);
        if (m0 == 0)
            continue;
        const int8_t *c3 = rt->scan_column(scan, 3);
        const int8_t *c2 = rt->scan_column(scan, 2);
        int32_t k0_0 = 0;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x0 = (int64_t) c3[i];
            int64_t x1 = (int64_t) c2[i];
            int64_t x2 = (x0 + x1);
            i0[k0_0] = (uint16_t) i;
            k0_0 += ((x2 > p[4].i)) != 0;
        }
        m0 = k0_0;
        if (m0 == 0)
            continue;
        const int32_t *c0 = rt->scan_column(scan, 0);
        struct store0 *out = (struct store0 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x3 = (int64_t) c0[i];
            at->f0 = (int32_t) (x3);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
        if (rt->sink_full(worker, sink))
            return;
    }
}

static RtPipeline *const pipelines[] = {
    pipeline0,
};
const RtModule stoa_module = {RT_ABI, 1, pipelines};
