/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
    Str f0;
    Str f1;
    int64_t f2;
};

struct store1
{
    Str f0;
    Str f1;
    int64_t f2;
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
        const int16_t *c0 = rt->scan_column(scan, 0);
        struct store0 *group[RT_BATCH];
        struct store0 candidate[RT_BATCH];
        int32_t d0 = 0;
        const uint16_t *code0 = rt->scan_codes(scan, 1, &d0);
        int32_t d1 = 0;
        const uint16_t *code1 = rt->scan_codes(scan, 2, &d1);
        void **by_code = code0 && code1 ? rt->agg_code_table(worker, sink, scan, (int64_t) 1 * d0 * d1) : 0;
        if (by_code)
        {
            for (int32_t j = 0; j < m0; j++)
            {
                int32_t i = j;
                int32_t code = (code0[i]) * d1 + code1[i];
                if (!by_code[code])
                {
                    const Str *c1 = rt->scan_column(scan, 1);
                    const Str *c2 = rt->scan_column(scan, 2);
                    candidate[0].key = hash_combine(rt->hash_str(&c1[i]), rt->hash_str(&c2[i]));
                    candidate[0].f0 = c1[i];
                    candidate[0].f1 = c2[i];
                    rt->agg_find_hashed(worker, sink, (const char *) candidate, 1, &by_code[code]);
                }
                group[j] = by_code[code];
            }
        }
        else
        {
            const Str *c1 = rt->scan_column(scan, 1);
            const Str *c2 = rt->scan_column(scan, 2);
            for (int32_t j = 0; j < m0; j++)
            {
                int32_t i = j;
                candidate[j].key = hash_combine(rt->hash_str(&c1[i]), rt->hash_str(&c2[i]));
                candidate[j].f0 = c1[i];
                candidate[j].f1 = c2[i];
            }
            rt->agg_find_hashed(worker, sink, (const char *) candidate, m0, (void **) group);
        }
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            struct store0 *g = group[j];
            int64_t x0 = (int64_t) c0[i];
            g->f2 += x0;
        }
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
            rt->keep_str(worker, sink, &row->f0, &at->f0);
            rt->keep_str(worker, sink, &row->f1, &at->f1);
            int64_t x0 = row->f2;
            at->f2 = x0;
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
