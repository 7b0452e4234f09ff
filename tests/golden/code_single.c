/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
    int64_t f0;
    int64_t f1;
    int64_t f3;
    double f4;
    double f5;
    int16_t f2;
    int8_t f6;
    uint8_t f0_null;
    uint8_t f2_null;
    uint8_t f6_null;
    uint8_t pad62;
    uint8_t pad63;
};

struct store1
{
    int64_t f0;
    double f3;
    int32_t f1;
    int16_t f2;
    int8_t f4;
    uint8_t f0_null;
    uint8_t f2_null;
    uint8_t f3_null;
    uint8_t f4_null;
    uint8_t pad27;
    uint8_t pad28;
    uint8_t pad29;
    uint8_t pad30;
    uint8_t pad31;
};

static void pipeline0(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 0);
    int32_t n;
    while ((n = rt->scan_next(scan)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        const int8_t *c3 = rt->scan_column(scan, 3);
        {
            int64_t lo = I64_MIN, hi = I64_MAX;
            LEAST(lo, p[2].i);
            MOST(hi, p[3].i);
            m0 = range_i8(rt, c3, 0, m0, lo, hi, i0);
        }
        if (m0 == 0)
            continue;
        const int32_t *c2 = rt->scan_column(scan, 2);
        const int16_t *c4 = rt->scan_column(scan, 4);
        const int16_t *c1 = rt->scan_column(scan, 1);
        const int8_t *c0 = rt->scan_column(scan, 0);
        struct store0 *g = rt->agg_single(worker, sink);
        int64_t a0 = 0;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x0 = (int64_t) c2[i];
            int64_t x1 = (int64_t) c3[i];
            int64_t x2 = (x0 * x1);
            a0 += x2;
            int64_t x3 = (int64_t) c4[i];
            if (g->f2_null || x3 < g->f2)
            {
                g->f2 = (int16_t) (x3);
                g->f2_null = 0;
            }
            int64_t x5 = (int64_t) c1[i];
            double x6 = ((double) x5 / 100.0);
            double *const m4[2] = {&g->f4, &g->f5};
            rt->moments_add(&g->f3, m4, x6);
            int64_t x7 = (int64_t) c0[i];
            g->f6 = (int8_t) (g->f6_null ? x7 : (g->f6 | x7));
            g->f6_null = 0;
        }
        g->f0 += a0;
        g->f0_null = 0;
        g->f1 += m0;
    }
}

static void pipeline1(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 1);
    int32_t n;
    const struct store0 *rows;
    while ((n = rt->rows_next(scan, (const char **) &rows)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        struct store1 *out = (struct store1 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store0 *row = rows + i;
            int64_t x0 = row->f0;
            at->f0 = x0;
            at->f0_null = (row->f0_null) != 0;
            int64_t x1 = row->f1;
            at->f1 = (int32_t) (x1);
            int64_t x2 = (int64_t) row->f2;
            at->f2 = (int16_t) (x2);
            at->f2_null = (row->f2_null) != 0;
            double v3 = 0;
            int32_t v3_null = 0;
            int64_t x4 = row->f3;
            if ((x4 > p[4].i))
            {
                double v5 = f64_div(rt, worker, row->f5, ((double) (x4 - p[5].i)));
                double v6 = 0;
                v6 = ((double (*)(double, Error **)) rt->function[])(v5, rt->error_slot(worker));
                v3 = v6;
            }
            else
            {
                v3_null = 1;
            }
            double x7 = v3;
            double x8 = x7;
            at->f3 = x8;
            at->f3_null = (v3_null) != 0;
            int64_t x9 = (int64_t) row->f6;
            at->f4 = (int8_t) (x9);
            at->f4_null = (row->f6_null) != 0;
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
        if (rt->sink_full(worker, sink))
            return;
    }
}

static RtPipeline *const pipelines[] = {
    pipeline0,
    pipeline1,
};
const RtModule stoa_module = {RT_ABI, 2, pipelines};
