/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    Str f0;
    int32_t f1;
    uint8_t f0_null;
    uint8_t f1_null;
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
        const Str *c1 = rt->scan_column(scan, 1);
        struct store0 *out = (struct store0 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            Str v0 = {0};
            int32_t v0_null = 0;
            int64_t x1 = (int64_t) c0[i];
            if ((x1 > p[0].i))
            {
                Str v2 = {0};
                ((void (*)(Arena *, Str *, const Str *)) rt->function[])(rt->batch_arena(worker), &v2, &c1[i]);
                v0 = v2;
            }
            else
            {
                v0_null = 1;
            }
            at->f0.data = 0;
            at->f0.len = 0;
            if (!(v0_null))
                rt->keep_str(worker, sink, &v0, &at->f0);
            at->f0_null = (v0_null) != 0;
            int64_t v3 = 0;
            int32_t v3_null = 0;
            if ((x1 == p[1].i))
            {
                v3_null = 1;
            }
            else
            {
                v3 = x1;
            }
            int64_t x4 = v3;
            int64_t x5 = x4;
            at->f1 = (int32_t) (x5);
            at->f1_null = (v3_null) != 0;
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
