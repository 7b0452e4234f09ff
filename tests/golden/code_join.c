/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
    int16_t f0;
    uint8_t pad18;
    uint8_t pad19;
    uint8_t pad20;
    uint8_t pad21;
    uint8_t pad22;
    uint8_t pad23;
};

struct store1
{
    uint64_t key;
    void *next;
    int64_t f1;
    int16_t f0;
    uint8_t pad26;
    uint8_t pad27;
    uint8_t pad28;
    uint8_t pad29;
    uint8_t pad30;
    uint8_t pad31;
};

struct store2
{
    int64_t f1;
    int16_t f0;
    uint8_t pad10;
    uint8_t pad11;
    uint8_t pad12;
    uint8_t pad13;
    uint8_t pad14;
    uint8_t pad15;
};

struct store3
{
    int64_t f1;
    int16_t f0;
    uint8_t pad10;
    uint8_t pad11;
    uint8_t pad12;
    uint8_t pad13;
    uint8_t pad14;
    uint8_t pad15;
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
        const int32_t *c1 = rt->scan_column(scan, 1);
        {
            int64_t lo = I64_MIN, hi = I64_MAX;
            if (p[1].i == I64_MAX)
                continue;
            LEAST(lo, p[1].i + 1);
            m0 = range_i32(rt, c1, 0, m0, lo, hi, i0);
        }
        if (m0 == 0)
            continue;
        const int16_t *c2 = rt->scan_column(scan, 2);
        const int32_t *c0 = rt->scan_column(scan, 0);
        struct store0 *out = (struct store0 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = i0[j];
            int64_t x0 = (int64_t) c0[i];
            at->key = ((uint64_t) x0 - (uint64_t) p[2].i);
            int64_t x1 = (int64_t) c2[i];
            at->f0 = (int16_t) (x1);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static void pipeline1(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 1);
    RtStore *s0 = rt->store(worker, 0);
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
            key1[j] = ((uint64_t) x0 - (uint64_t) p[3].i);
        }
        uint16_t pos1[RT_BATCH];
        struct store0 *r0_1[RT_BATCH];
        RtProbe probe1;
        rt->probe_begin(s0, key1, 0, m0, 0, &probe1);
        int32_t m1;
        while ((m1 = rt->probe_next(s0, &probe1, pos1, (void **) r0_1)) > 0)
        {
            uint16_t i1[RT_BATCH];
            for (int32_t j = 0; j < m1; j++)
            {
                i1[j] = pos1[j];
            }
            const int8_t *c1 = rt->scan_column(scan, 1);
            struct store1 *group[RT_BATCH];
            uint64_t group_key[RT_BATCH];
            for (int32_t j = 0; j < m1; j++)
            {
                int32_t i = i1[j];
                const struct store0 *r0 = r0_1[j];
                int64_t x1 = (int64_t) r0->f0;
                group_key[j] = ((uint64_t) x1 - (uint64_t) p[4].i);
            }
            rt->agg_find(worker, sink, group_key, m1, (void **) group);
            for (int32_t j = 0; j < m1; j++)
            {
                int32_t i = i1[j];
                const struct store0 *r0 = r0_1[j];
                struct store1 *g = group[j];
                if (!g->next)
                {
                    g->f0 = (int16_t) ((int64_t) r0->f0);
                    g->next = g;
                }
                int64_t x2 = (int64_t) c1[i];
                g->f1 += x2;
            }
        }
    }
}

static void pipeline2(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 2);
    int32_t n;
    const struct store1 *rows;
    while ((n = rt->rows_next(scan, (const char **) &rows)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        struct store2 *out = (struct store2 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store1 *row = rows + i;
            int64_t x0 = (int64_t) row->f0;
            at->f0 = (int16_t) (x0);
            int64_t x1 = row->f1;
            at->f1 = x1;
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static RtPipeline *const pipelines[] = {
    pipeline0,
    pipeline1,
    pipeline2,
};
const RtModule stoa_module = {RT_ABI, 3, pipelines};
