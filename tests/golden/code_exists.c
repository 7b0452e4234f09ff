/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
};

struct store1
{
    uint64_t key;
    void *next;
};

struct store2
{
    uint64_t key;
    void *next;
    int64_t f0;
};

struct store3
{
    int32_t f0;
    uint8_t pad4;
    uint8_t pad5;
    uint8_t pad6;
    uint8_t pad7;
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
        const int16_t *c1 = rt->scan_column(scan, 1);
        const int16_t *c2 = rt->scan_column(scan, 2);
        int32_t k0_0 = 0;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            int64_t x0 = (int64_t) c1[i];
            int64_t x1 = (int64_t) c2[i];
            i0[k0_0] = (uint16_t) i;
            k0_0 += ((x0 < x1)) != 0;
        }
        m0 = k0_0;
        if (m0 == 0)
            continue;
        const int32_t *c0 = rt->scan_column(scan, 0);
        struct store0 *out = (struct store0 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x2 = (int64_t) c0[i];
            at->key = ((uint64_t) x2 - (uint64_t) p[1].i);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static void pipeline1(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 1);
    int32_t n;
    while ((n = rt->scan_next(scan)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        const int32_t *c1 = rt->scan_column(scan, 1);
        {
            int64_t lo = I64_MIN, hi = I64_MAX;
            if (p[2].i == I64_MIN)
                continue;
            MOST(hi, p[2].i - 1);
            m0 = range_i32(rt, c1, 0, m0, lo, hi, i0);
        }
        if (m0 == 0)
            continue;
        const int32_t *c0 = rt->scan_column(scan, 0);
        struct store1 *out = (struct store1 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x0 = (int64_t) c0[i];
            at->key = ((uint64_t) x0 - (uint64_t) p[3].i);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static void pipeline2(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 2);
    RtStore *s0 = rt->store(worker, 0);
    RtStore *s1 = rt->store(worker, 1);
    int32_t n;
    while ((n = rt->scan_next(scan)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        const int32_t *c0 = rt->scan_column(scan, 0);
        uint64_t key1[RT_BATCH];
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            int64_t x0 = (int64_t) c0[i];
            key1[j] = ((uint64_t) x0 - (uint64_t) p[4].i);
        }
        uint16_t pos1[RT_BATCH];
        int32_t k1 = rt->probe_exists(s0, key1, 0, m0, 0, pos1);
        for (int32_t j = 0; j < k1; j++)
        {
            i0[j] = pos1[j];
        }
        m0 = k1;
        if (m0 == 0)
            continue;
        const int32_t *c1 = rt->scan_column(scan, 1);
        uint64_t key2[RT_BATCH];
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x1 = (int64_t) c1[i];
            key2[j] = ((uint64_t) x1 - (uint64_t) p[5].i);
        }
        uint16_t pos2[RT_BATCH];
        int32_t k2 = rt->probe_exists(s1, key2, 0, m0, 1, pos2);
        for (int32_t j = 0; j < k2; j++)
        {
            i0[j] = i0[pos2[j]];
        }
        m0 = k2;
        if (m0 == 0)
            continue;
        struct store2 *g = rt->agg_single(worker, sink);
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
        }
        g->f0 += m0;
    }
}

static void pipeline3(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 3);
    int32_t n;
    const struct store2 *rows;
    while ((n = rt->rows_next(scan, (const char **) &rows)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        struct store3 *out = (struct store3 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store2 *row = rows + i;
            int64_t x0 = row->f0;
            at->f0 = (int32_t) (x0);
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
    pipeline2,
    pipeline3,
};
const RtModule stoa_module = {RT_ABI, 4, pipelines};
