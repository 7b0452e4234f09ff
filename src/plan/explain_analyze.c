/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXPLAIN ANALYZE: what the ranks counted, beside the plan.
 *
 *     XN HashAggregate  (cost=.. rows=.. width=..) (actual rows=4 time=12.300 ms)
 *       ->  XN Seq Scan on lineitem  (cost=..) (actual rows read=6001215 time=12.300 ms)
 *
 *     segment 0 stream 0: scan lineitem -> aggr 0: rows 6001215 in, 4 out, 12.300 ms, skew 1.04
 *
 * Rows are the sum over ranks, times that of the slowest.  A step in the middle of a pipeline was never counted.
 */
#include "src/plan/planner.h"

static double ms(int64_t us)
{
    return (double) us / 1000;
}

/* Rows that came to rest in the pipeline's sink.  Groups, sorted and limited rows are counted by who reads them. */
static bool rows_resting(const Plan *plan, const PlanTotal *totals, int32_t pipeline, int64_t *rows)
{
    const Spec *spec = plan->spec;
    int32_t sink = spec->pipelines[pipeline].sink;
    uint8_t kind = spec->stores[sink].kind;
    *rows = totals[pipeline].rows_out;
    if (kind != STORE_AGG && kind != STORE_SORT)
        return true;
    for (int32_t k = 0; k < spec->pipeline_count; k++)
    {
        const SpecPipeline *reader = &spec->pipelines[k];
        *rows = totals[k].rows_in;
        if (reader->source == SOURCE_STORE && reader->source_index == sink && totals[k].ranks > 0)
            return true;
    }
    return false;
}

void explain_actual(Text *text, const Plan *plan, const PlanActual *actual, const Step *step)
{
    for (int32_t k = 0; k < plan->spec->pipeline_count; k++)
    {
        const PlanTotal *total = &actual->totals[k];
        int64_t rows = total->rows_in;
        bool scans = plan->pipes[k].scan == step;
        if (total->ranks == 0 || (!scans && plan->pipes[k].closer != step))
            continue;
        if (!scans && !rows_resting(plan, actual->totals, k, &rows))
            continue;
        text_printf(text, " (actual rows%s=%lld time=%.3f ms)", scans ? " read" : "", (long long) rows,
                    ms(total->wall_us));
        return;
    }
}

static void print_pipeline(Text *text, const Plan *plan, const PlanTotal *totals, int32_t index)
{
    const SpecPipeline *pipeline = &plan->spec->pipelines[index];
    const PlanTotal *total = &totals[index];
    int64_t rows;
    if (total->ranks == 0)
        return;
    text_printf(text, "segment %d stream %d: %s: rows %lld in, ", (int) pipeline->segment, (int) pipeline->stream,
                pipeline->label, (long long) total->rows_in);
    if (rows_resting(plan, totals, index, &rows))
        text_printf(text, "%lld out, ", (long long) rows);
    text_printf(text, "%.3f ms", ms(total->wall_us));
    if (total->work_us > 0)
        text_printf(text, ", skew %.2f", (double) total->work_most_us * total->ranks / (double) total->work_us);
    if (plan->spec->stores[pipeline->sink].kind == STORE_EXCHANGE)
        text_printf(text, ", %.3f MB sent in %lld messages", (double) total->bytes / 1e6, (long long) total->buffers);
    text_puts(text, "\n");
}

void plan_explain_analyze(Text *text, const Plan *plan, const PlanActual *actual)
{
    const Spec *spec = plan->spec;
    explain_tree(text, plan, actual);
    text_puts(text, "\n");
    for (int32_t k = 0; k < spec->pipeline_count; k++)
        print_pipeline(text, plan, actual->totals, k);
    text_printf(text, "Planning: %.3f ms  Compile: %.3f ms", ms(actual->plan_us), ms(actual->compile_us));
    if (spec->module[0] != 0)
        text_printf(text, " (tier %d)", (int) spec->module_tier);
    text_printf(text, "  Queue: %.3f ms  Execution: %.3f ms  Rows: %lld\n", ms(actual->queue_us),
                ms(actual->execute_us), (long long) actual->rows);
}
