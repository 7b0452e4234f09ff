/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
    Str f2;
    int32_t f0;
    int32_t f1;
};

struct store1
{
    Str f0;
    int32_t f1;
    uint8_t f1_null;
    uint8_t pad21;
    uint8_t pad22;
    uint8_t pad23;
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
        const int32_t *c0 = rt->scan_column(scan, 0);
        const int32_t *c1 = rt->scan_column(scan, 1);
        const Str *c2 = rt->scan_column(scan, 2);
        struct store0 *out = (struct store0 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            int64_t x0 = (int64_t) c1[i];
            at->key = hash_combine(hash_u64((uint64_t) x0), rt->hash_str(&c2[i]));
            int64_t x1 = (int64_t) c0[i];
            at->f0 = (int32_t) (x1);
            at->f1 = (int32_t) (x0);
            rt->keep_str(worker, sink, &c2[i], &at->f2);
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
        const Str *c2 = rt->scan_column(scan, 2);
        uint64_t key1[RT_BATCH];
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            int64_t x0 = (int64_t) c0[i];
            key1[j] = hash_combine(hash_u64((uint64_t) x0), rt->hash_str(&c2[i]));
        }
        uint16_t pos1[RT_BATCH];
        struct store0 *r0_1[RT_BATCH];
        RtProbe probe1;
        rt->probe_begin(s0, key1, 0, m0, 1, &probe1);
        int32_t m1;
        while ((m1 = rt->probe_next(s0, &probe1, pos1, (void **) r0_1)) > 0)
        {
            uint16_t i1[RT_BATCH];
            for (int32_t j = 0; j < m1; j++)
            {
                i1[j] = pos1[j];
            }
            int32_t k1_0 = 0;
            for (int32_t j = 0; j < m1; j++)
            {
                int32_t i = i1[j];
                const struct store0 *r0 = r0_1[j];
                int32_t pass = 1;
                if (r0)
                {
                    pass = (((int64_t) c0[i] == (int64_t) r0->f1) && (rt->str_compare(&c2[i], &r0->f2) == 0));
                    if (pass)
                        probe1.matched[pos1[j]] = 1;
                }
                i1[k1_0] = (uint16_t) i;
                r0_1[k1_0] = r0_1[j];
                k1_0 += (pass) != 0;
            }
            m1 = k1_0;
            if (m1 == 0)
                continue;
            const Str *c1 = rt->scan_column(scan, 1);
            struct store1 *out = (struct store1 *) rt->rows_reserve(worker, sink, m1), *at = out;
            for (int32_t j = 0; j < m1; j++)
            {
                int32_t i = i1[j];
                const struct store0 *r0 = r0_1[j];
                rt->keep_str(worker, sink, &c1[i], &at->f0);
                int64_t x1 = (r0 ? (int64_t) r0->f0 : 0);
                at->f1 = (int32_t) (x1);
                at->f1_null = (!r0) != 0;
                at++;
            }
            rt->rows_commit(worker, sink, (int32_t) (at - out));
            if (rt->sink_full(worker, sink))
                return;
        }
    }
}

static RtPipeline *const pipelines[] = {
    pipeline0,
    pipeline1,
};
const RtModule stoa_module = {RT_ABI, 2, pipelines};
