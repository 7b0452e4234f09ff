/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
    int32_t f0;
    int32_t f1;
    uint8_t f1_null;
    uint8_t pad25;
    uint8_t pad26;
    uint8_t pad27;
    uint8_t pad28;
    uint8_t pad29;
    uint8_t pad30;
    uint8_t pad31;
};

struct store1
{
    int32_t f0;
    int32_t f1;
    uint8_t f1_null;
    uint8_t pad9;
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
        const int32_t *c0 = rt->scan_column(scan, 0);
        struct store0 *group[RT_BATCH];
        uint64_t group_key[RT_BATCH];
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            int64_t x0 = (int64_t) c0[i];
            group_key[j] = ((uint64_t) x0 - (uint64_t) p[0].i);
        }
        rt->agg_find(worker, sink, group_key, m0, (void **) group);
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            struct store0 *g = group[j];
            if (!g->next)
            {
                g->f0 = (int32_t) ((int64_t) c0[i]);
                g->next = g;
            }
            int64_t x1 = (int64_t) c1[i];
            if (g->f1_null || x1 > g->f1)
            {
                g->f1 = (int32_t) (x1);
                g->f1_null = 0;
            }
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
            int64_t x0 = (int64_t) row->f0;
            at->f0 = (int32_t) (x0);
            int64_t x1 = (int64_t) row->f1;
            at->f1 = (int32_t) (x1);
            at->f1_null = (row->f1_null) != 0;
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
