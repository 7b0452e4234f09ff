/* SPDX-License-Identifier: Apache-2.0 */
struct store0
{
    uint64_t key;
    void *next;
    int64_t f1;
    int32_t f0;
    uint8_t pad28;
    uint8_t pad29;
    uint8_t pad30;
    uint8_t pad31;
};

struct store1
{
    int32_t f0;
    int32_t f1;
};

struct store2
{
    uint64_t key;
    void *next;
    int64_t f1;
    int32_t f0;
    uint8_t pad28;
    uint8_t pad29;
    uint8_t pad30;
    uint8_t pad31;
};

struct store3
{
    int32_t f0;
    int32_t f1;
};

struct store4
{
    int32_t f0;
    int32_t f1;
};

struct store5
{
    int32_t f0;
    int32_t f1;
};

struct store6
{
    int32_t f0;
    int32_t f1;
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
            g->f1 += 1;
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
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store0 *row = rows + i;
            int64_t x0 = (int64_t) row->f0;
            struct store1 *at = (struct store1 *) rt->send_row(worker, sink, hash_u64((uint64_t) x0));
            at->f0 = (int32_t) (x0);
            int64_t x1 = row->f1;
            at->f1 = (int32_t) (x1);
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
        struct store2 *group[RT_BATCH];
        uint64_t group_key[RT_BATCH];
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store1 *row = rows + i;
            int64_t x0 = (int64_t) row->f0;
            group_key[j] = ((uint64_t) x0 - (uint64_t) p[1].i);
        }
        rt->agg_find(worker, sink, group_key, m0, (void **) group);
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store1 *row = rows + i;
            struct store2 *g = group[j];
            if (!g->next)
            {
                g->f0 = (int32_t) ((int64_t) row->f0);
                g->next = g;
            }
            int64_t x1 = (int64_t) row->f1;
            g->f1 += x1;
        }
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
            int64_t x0 = (int64_t) row->f0;
            at->f0 = (int32_t) (x0);
            int64_t x1 = row->f1;
            at->f1 = (int32_t) (x1);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static void pipeline4(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 4);
    int32_t n;
    const struct store3 *rows;
    while ((n = rt->rows_next(scan, (const char **) &rows)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        struct store4 *out = (struct store4 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store3 *row = rows + i;
            int64_t x0 = (int64_t) row->f0;
            at->f0 = (int32_t) (x0);
            int64_t x1 = (int64_t) row->f1;
            at->f1 = (int32_t) (x1);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static void pipeline5(const Rt *rt, RtWorker *worker, RtScan *scan)
{
    const RtParam *p = rt->params(worker);
    RtStore *sink = rt->store(worker, 5);
    int32_t n;
    const struct store4 *rows;
    while ((n = rt->rows_next(scan, (const char **) &rows)) > 0)
    {
        uint16_t i0[RT_BATCH];
        int32_t m0 = n;
        struct store5 *out = (struct store5 *) rt->rows_reserve(worker, sink, m0), *at = out;
        for (int32_t j = 0; j < m0; j++)
        {
            int32_t i = j;
            const struct store4 *row = rows + i;
            int64_t x0 = (int64_t) row->f0;
            at->f0 = (int32_t) (x0);
            int64_t x1 = (int64_t) row->f1;
            at->f1 = (int32_t) (x1);
            at++;
        }
        rt->rows_commit(worker, sink, (int32_t) (at - out));
    }
}

static RtPipeline *const pipelines[] = {
    pipeline0,
    pipeline1,
    pipeline2,
    pipeline3,
    pipeline4,
    pipeline5,
};
const RtModule stoa_module = {RT_ABI, 6, pipelines};
