/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting steps over whole sets of rows: unions, windows, shared trees, writes, series. */
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "src/plan/cut.h"

#include <string.h>


/* --- UNION ALL: every input's pipeline ends in one buffer ------------------------- */

static void union_facts(Cut *cut, const Step *step)
{
    for (int32_t c = 0; c < step->table_column_count; c++)
    {
        ColumnFact all = {.nullable = false};
        for (int32_t k = 0; k < step->input_count; k++)
        {
            ColumnFact one = *fact_of(cut->planner, step->input_columns[k][c]);
            all.nullable = all.nullable || one.nullable;
            all.bounds = k == 0 ? one.bounds : bounds_united(all.bounds, one.bounds);
        }
        *fact_of(cut->planner, step->table_columns[c]) = all;
    }
}

static ColumnId union_column(const Step *step, int32_t input, ColumnId column)
{
    int32_t k = 0;
    while (step->table_columns[k] != column)
        k++;
    return step->input_columns[input][k];
}

Error *cut_union(Cut *cut, const Step *step, Open *open)
{
    Open *inputs = ARENA_ARRAY(cut->arena, Open, step->input_count);
    RowCount rows = 0;
    for (int32_t k = 0; k < step->input_count; k++)
    {
        TRY(cut_step(cut, step->inputs[k], &inputs[k]));
        ASSERT(cut->lone || inputs[k].on_leader == inputs[0].on_leader);
        rows += inputs[k].rows_max;
    }
    union_facts(cut, step);
    int32_t store = store_add(cut, STORE_BUFFER, step->outputs, step->output_count);
    store_at(cut, store)->on_leader = inputs[0].on_leader;
    store_at(cut, store)->rows_estimate = step->rows;
    for (int32_t k = 0; k < step->input_count; k++)
    {
        PipePlan *pipe = pipe_close(cut, &inputs[k], store);
        for (int32_t c = 0; c < step->output_count; c++)
            pipe->fields[c].expr =
                expr_column(cut->arena, cut->planner->statement, union_column(step, k, step->outputs[c]));
    }
    cut->store_rows[store] = rows > ROWS_MANY ? ROWS_MANY : rows;
    open_store(cut, open, store, inputs[0].on_leader);
    return NULL;
}

/* --- windows -------------------------------------------------------------------------- */

typedef struct WindowCut
{
    Cut *cut;
    const Step *step;
    int32_t field_count; /* of the input's columns: results stand behind them */
    ColumnId *columns;
} WindowCut;

static int32_t field_at(const WindowCut *window, const Expr *column)
{
    int32_t field = 0;
    while (window->columns[field] != column->column)
        field++;
    return field;
}

static int32_t offset_param(Cut *cut, const Expr *offset)
{
    return offset == NULL ? -1 : plan_param(cut->plan, offset->type, offset->value);
}

static void spec_window(const WindowCut *window, const BoundWindow *bound, Expr *const *args, int32_t result,
                        SpecWindow *spec)
{
    *spec = (SpecWindow){.window = (uint8_t) bound->window,
                         .agg = (uint8_t) bound->agg,
                         .distinct = bound->distinct,
                         .ignore_nulls = bound->ignore_nulls,
                         .arg_count = bound->arg_count,
                         .result = result,
                         .frame_unit = (uint8_t) bound->frame.unit,
                         .frame_start = (uint8_t) bound->frame.start,
                         .frame_end = (uint8_t) bound->frame.end,
                         .frame_exclude = (uint8_t) bound->frame.exclude,
                         .start_param = offset_param(window->cut, bound->frame.start_offset),
                         .end_param = offset_param(window->cut, bound->frame.end_offset)};
    for (int32_t k = 0; k < bound->arg_count; k++)
        spec->args[k] = field_at(window, args[k]);
}

/* Numbers of rows and ranks are no more than there are rows. */
static Bounds window_bounds(const BoundWindow *window, RowCount rows)
{
    bool counts = window->window == WINDOW_ROW_NUMBER || window->window == WINDOW_RANK ||
                  window->window == WINDOW_DENSE_RANK ||
                  (window->window == WINDOW_NONE && (window->agg == AGG_COUNT || window->agg == AGG_COUNT_STAR));
    return (Bounds){.known = counts && rows < INT64_MAX, .min = 0, .max = rows};
}

static int32_t collect_keys(const BoundWindow *first, Expr **keys)
{
    int32_t count = 0;
    for (int32_t k = 0; k < first->partition_count; k++)
        keys[count++] = first->partition[k];
    for (int32_t k = 0; k < first->sort_count; k++)
        keys[count++] = first->sort[k].expr;
    return count;
}

/* Input columns that somebody reads, then the results, in their own Reps: the runtime writes them. */
static int32_t window_store(WindowCut *window, Open *open, Expr *const *keys, int32_t key_count, Expr **const *args)
{
    Cut *cut = window->cut;
    const Step *step = window->step;
    ColumnSet kept = {0}, results = {0};
    for (int32_t w = 0; w < step->window_count; w++)
        column_set_add(cut->arena, &results, step->windows[w].column);
    for (int32_t k = 0; k < step->output_count; k++)
        if (!column_set_has(&results, step->outputs[k]))
            column_set_add(cut->arena, &kept, step->outputs[k]);
    for (int32_t k = 0; k < key_count; k++)
        column_set_add(cut->arena, &kept, keys[k]->column);
    for (int32_t w = 0; w < step->window_count; w++)
        for (int32_t k = 0; k < step->windows[w].arg_count; k++)
            column_set_add(cut->arena, &kept, args[w][k]->column);
    ColumnId *columns;
    window->field_count = column_set_list(cut->arena, &kept, &columns);
    window->columns = ARENA_ARRAY(cut->arena, ColumnId, window->field_count + step->window_count);
    for (int32_t k = 0; k < window->field_count; k++)
        window->columns[k] = columns[k];
    for (int32_t w = 0; w < step->window_count; w++)
    {
        ColumnId column = step->windows[w].column;
        window->columns[window->field_count + w] = column;
        *fact_of(cut->planner, column) =
            (ColumnFact){.nullable = cut->planner->statement->columns[column].nullable};
    }
    int32_t store = store_add(cut, STORE_WINDOW, window->columns, window->field_count + step->window_count);
    for (int32_t w = 0; w < step->window_count; w++)
        fact_of(cut->planner, step->windows[w].column)->bounds = window_bounds(&step->windows[w], open->rows_max);
    return store;
}

Error *cut_window(Cut *cut, const Step *step, Open *open)
{
    const BoundWindow *first = &step->windows[0];
    TRY(cut_step(cut, unmoved(cut, step->inputs[0]), open));
    WindowCut window = {.cut = cut, .step = step};
    Expr **keys = ARENA_ARRAY(cut->arena, Expr *, first->partition_count + first->sort_count);
    int32_t key_count = collect_keys(first, keys);
    keys = keys_as_columns(cut, open, keys, key_count);
    Expr ***args = ARENA_ARRAY(cut->arena, Expr **, step->window_count);
    for (int32_t w = 0; w < step->window_count; w++)
        args[w] = keys_as_columns(cut, open, step->windows[w].args, step->windows[w].arg_count);
    int32_t index = window_store(&window, open, keys, key_count, args);
    SpecStore *store = store_at(cut, index);
    store->on_leader = open->on_leader;
    store->rows_estimate = step->rows;
    store->partition_count = first->partition_count;
    store->sort_count = key_count;
    store->sort = ARENA_ARRAY(cut->arena, SortKey, key_count);
    for (int32_t k = 0; k < key_count; k++)
    {
        const BoundSort *sort = k < first->partition_count ? NULL : &first->sort[k - first->partition_count];
        store->sort[k] = (SortKey){.field = field_at(&window, keys[k]),
                                   .descending = sort != NULL && sort->descending,
                                   .nulls_first = sort != NULL && sort->nulls_first};
    }
    sort_keys_pack(cut, store, keys);
    store->window_count = step->window_count;
    store->windows = ARENA_ARRAY(cut->arena, SpecWindow, step->window_count);
    for (int32_t w = 0; w < step->window_count; w++)
        spec_window(&window, &step->windows[w], args[w], window.field_count + w, &store->windows[w]);
    PipePlan *pipe = pipe_close(cut, open, index);
    pipe->field_count = window.field_count;
    pipe_closed_by(cut, step);
    open_store(cut, open, index, open->on_leader);
    return NULL;
}

/* --- computed once ------------------------------------------------------------------------ */

/* Rows already rest where they can be read several times. */
static bool rests(Cut *cut, const Open *open)
{
    if (open->source != SOURCE_STORE || open->op_count > 0)
        return false;
    uint8_t kind = store_at(cut, open->source_index)->kind;
    return kind == STORE_BUFFER || kind == STORE_SORT || kind == STORE_WINDOW;
}

/* All plan->shared, in order: each rests in a store of its own. */
Error *cut_all_shared(Cut *cut)
{
    cut->shared = ARENA_ARRAY(cut->arena, Open, cut->plan->shared_count);
    for (int32_t k = 0; k < cut->plan->shared_count; k++)
    {
        const Step *step = unmoved(cut, cut->plan->shared[k]);
        Open open;
        TRY(cut_step(cut, step, &open));
        if (!rests(cut, &open))
        {
            int32_t store = store_add(cut, STORE_BUFFER, step->outputs, step->output_count);
            store_at(cut, store)->on_leader = open.on_leader;
            store_at(cut, store)->rows_estimate = step->rows;
            pipe_close(cut, &open, store);
            open_store(cut, &open, store, open.on_leader);
        }
        cut->shared[k] = open;
    }
    return NULL;
}

void cut_shared(Cut *cut, const Step *step, Open *open)
{
    *open = cut->shared[step->shared];
    BoundNamed *named = ARENA_ARRAY(cut->arena, BoundNamed, step->output_count);
    int32_t count = 0;
    for (int32_t k = 0; k < step->output_count; k++)
    {
        ColumnId from = union_column(step, 0, step->outputs[k]);
        if (from == step->outputs[k])
            continue;
        named[count++] = (BoundNamed){expr_column(cut->arena, cut->planner->statement, from), step->outputs[k]};
        *fact_of(cut->planner, step->outputs[k]) = *fact_of(cut->planner, from);
    }
    if (count == 0)
        return;
    PipeOp *op = open_op(cut, open, OP_COMPUTE);
    op->named = named;
    op->named_count = count;
}

/* --- writes --------------------------------------------------------------------------------- */

/* Which scan gives the addresses; -1: none, for no row can come. */
static int32_t scan_of_address(const Plan *plan, const CatalogTable *table)
{
    for (int32_t s = 0; s < plan->spec->scan_count; s++)
        for (int32_t k = 0; k < plan->spec->scans[s].column_count; k++)
            if (plan->spec->scans[s].columns[k].id < 0 && plan->spec->scans[s].table_id == table->id)
                return s;
    return -1;
}

Error *cut_write(Cut *cut, const Step *step)
{
    for (int32_t k = 0; k < step->input_count; k++)
        if (step->inputs[k]->kind == STEP_APPEND)
            TRY(cut_append(cut, step->inputs[k]));
        else
        {
            TRY(cut_result(cut, step->inputs[k]));
            cut->plan->address_scan = scan_of_address(cut->plan, step->write->table);
        }
    return NULL;
}

/* --- leader's rows --------------------------------------------------------------------------------- */

void cut_round(Cut *cut, const Step *step, Open *open)
{
    for (int32_t k = 0; k < step->table_column_count; k++)
        *fact_of(cut->planner, step->table_columns[k]) = (ColumnFact){.nullable = true};
    RowLayout *layout = plain_layout(cut, step->table_columns, step->table_column_count);
    int32_t index = values_new(cut, NULL, layout, step->table_columns);
    cut->plan->values_ctes[index] = step->cte;
    *open = (Open){.source = SOURCE_VALUES,
                   .source_index = index,
                   .on_leader = true,
                   .rows_max = ROWS_MANY,
                   .label = "with recursive"};
}
