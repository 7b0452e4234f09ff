/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where pipelines end.  A store's layout has a field a column, each as narrow
 * as the column's bounds allow and with a null byte only if it may be null.
 *
 * A SUM of DECIMAL stands in 64 bits where bound times the most rows there can
 * be fits, else in 128; codegen follows the layout.
 */
#include "base/core/assert.h"
#include "src/plan/cut.h"

#include <string.h>

RowCount rows_times(RowCount a, RowCount b)
{
    RowCount product;
    return __builtin_mul_overflow(a, b, &product) || product > ROWS_MANY ? ROWS_MANY : product;
}

SpecStore *store_at(Cut *cut, int32_t index)
{
    return &cut->spec->stores[index];
}

int32_t store_new(Cut *cut)
{
    Spec *spec = cut->spec;
    Plan *plan = cut->plan;
    if (spec->store_count == cut->store_capacity)
    {
        int32_t capacity = cut->store_capacity == 0 ? 16 : 2 * cut->store_capacity;
        SpecStore *stores = ARENA_ARRAY(cut->arena, SpecStore, capacity);
        StoreColumns *columns = ARENA_ARRAY(cut->arena, StoreColumns, capacity);
        RowCount *rows = ARENA_ARRAY(cut->arena, RowCount, capacity);
        if (spec->store_count > 0)
        {
            memcpy(stores, spec->stores, sizeof(SpecStore) * (size_t) spec->store_count);
            memcpy(columns, plan->store_columns, sizeof(StoreColumns) * (size_t) spec->store_count);
            memcpy(rows, cut->store_rows, sizeof(RowCount) * (size_t) spec->store_count);
        }
        spec->stores = stores;
        plan->store_columns = columns;
        cut->store_rows = rows;
        cut->store_capacity = capacity;
    }
    return spec->store_count++;
}

RowField field_of(Cut *cut, const Expr *expr)
{
    return (RowField){.type = expr->type,
                      .rep = (uint8_t) plan_rep(cut->plan, expr),
                      .null_offset = plan_nullable(cut->plan, expr) ? 0 : -1};
}

void layout_place(StoreKind kind, RowLayout *layout)
{
    row_layout_place(layout);
    if (kind != STORE_HASH && kind != STORE_AGG)
        return;
    for (int32_t k = 0; k < layout->field_count; k++)
    {
        layout->fields[k].offset += ROW_HEADER_SIZE;
        if (layout->fields[k].null_offset >= 0)
            layout->fields[k].null_offset += ROW_HEADER_SIZE;
    }
    layout->stride = layout->field_count == 0 ? ROW_HEADER_SIZE : layout->stride + ROW_HEADER_SIZE;
}

int32_t store_add(Cut *cut, StoreKind kind, const ColumnId *columns, int32_t count)
{
    int32_t index = store_new(cut);
    SpecStore *store = store_at(cut, index);
    store->kind = kind;
    store->limit = -1;
    store->layout = ARENA_NEW(cut->arena, RowLayout);
    store->layout->field_count = count;
    store->layout->fields = ARENA_ARRAY(cut->arena, RowField, count);
    for (int32_t k = 0; k < count; k++)
        store->layout->fields[k] = field_of(cut, expr_column(cut->arena, cut->planner->statement, columns[k]));
    layout_place(kind, store->layout);
    cut->plan->store_columns[index].columns = arena_memdup(cut->arena, columns, sizeof(ColumnId) * (size_t) count);
    return index;
}

static PipePlan *pipe_new(Cut *cut)
{
    Spec *spec = cut->spec;
    if (spec->pipeline_count == cut->pipe_capacity)
    {
        int32_t capacity = cut->pipe_capacity == 0 ? 16 : 2 * cut->pipe_capacity;
        SpecPipeline *pipelines = ARENA_ARRAY(cut->arena, SpecPipeline, capacity);
        PipePlan *pipes = ARENA_ARRAY(cut->arena, PipePlan, capacity);
        if (spec->pipeline_count > 0)
        {
            memcpy(pipelines, spec->pipelines, sizeof(SpecPipeline) * (size_t) spec->pipeline_count);
            memcpy(pipes, cut->plan->pipes, sizeof(PipePlan) * (size_t) spec->pipeline_count);
        }
        spec->pipelines = pipelines;
        cut->plan->pipes = pipes;
        cut->pipe_capacity = capacity;
    }
    return &cut->plan->pipes[spec->pipeline_count++];
}

static void probes_name(Cut *cut, const Open *open, SpecPipeline *spec)
{
    spec->probes = ARENA_ARRAY(cut->arena, int32_t, open->op_count + 1);
    for (int32_t k = 0; k < open->op_count; k++)
    {
        bool known = open->ops[k].kind != OP_PROBE;
        for (int32_t i = 0; i < spec->probe_count; i++)
            known |= spec->probes[i] == open->ops[k].store;
        if (!known)
            spec->probes[spec->probe_count++] = open->ops[k].store;
    }
}

PipePlan *pipe_close(Cut *cut, Open *open, int32_t index)
{
    static const char *const NAMES[] = {
        [STORE_BUFFER] = "buffer", [STORE_HASH] = "hash",     [STORE_AGG] = "aggr",      [STORE_SORT] = "sort",
        [STORE_EXCHANGE] = "send", [STORE_APPEND] = "insert", [STORE_RETURN] = "return",  [STORE_WINDOW] = "window",
    };
    PipePlan *pipe = pipe_new(cut);
    SpecPipeline *spec = &cut->spec->pipelines[cut->spec->pipeline_count - 1];
    SpecStore *store = store_at(cut, index);
    *spec = (SpecPipeline){.source = (uint8_t) open->source,
                           .source_index = open->source_index,
                           .sink = index,
                           .on_leader = open->on_leader,
                           .segment = cut->spec->pipeline_count - 1,
                           .label = arena_printf(cut->arena, "%s -> %s %d", open->label, NAMES[store->kind], (int) index)};
    probes_name(cut, open, spec);
    *pipe = (PipePlan){.scan = open->scan,
                       .op_count = open->op_count,
                       .ops = open->ops,
                       .field_count = store->layout->field_count};
    pipe->fields = ARENA_ARRAY(cut->arena, PipeField, pipe->field_count);
    for (int32_t k = 0; k < pipe->field_count; k++)
        pipe->fields[k] = (PipeField){
            k, expr_column(cut->arena, cut->planner->statement, cut->plan->store_columns[index].columns[k])};
    cut->store_rows[index] = open->rows_max;
    return pipe;
}

void pipe_closed_by(Cut *cut, const Step *step)
{
    cut->plan->pipes[cut->spec->pipeline_count - 1].closer = step;
}

bool is_exact_key(SqlType type)
{
    switch (type.id)
    {
    case TYPE_SMALLINT:
    case TYPE_INTEGER:
    case TYPE_BIGINT:
    case TYPE_BOOLEAN:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMPTZ:
    case TYPE_TIMETZ:
        return true;
    case TYPE_DECIMAL:
        return type.precision <= DECIMAL_PRECISION_I64_MAX;
    default:
        return false;
    }
}

/* --- build sides ------------------------------------------------------------------ */

/* At most one row for each value of the keys, for certain: they are all the groups of an aggregate. */
static bool is_unique_by(const Step *step, Expr *const *keys, int32_t key_count)
{
    switch (step->kind)
    {
    case STEP_AGGR:
        if (step->agg_mode == AGG_PARTIAL)
            return false;
        for (int32_t g = 0; g < step->group_count; g++)
        {
            bool found = false;
            for (int32_t k = 0; k < key_count && !found; k++)
                found = expr_is_column(keys[k], step->groups[g]);
            if (!found)
                return false;
        }
        return true;
    case STEP_HJOIN:
        return (step->join == JOIN_SEMI || step->join == JOIN_ANTI) && is_unique_by(step->inputs[0], keys, key_count);
    default:
        return step->input_count == 1 && is_unique_by(step->inputs[0], keys, key_count);
    }
}

/* What statistics make likely: as many values as rows. */
static bool is_unique_likely(Cut *cut, const Step *step, Expr *const *keys, int32_t key_count)
{
    if (is_unique_by(step, keys, key_count))
        return true;
    for (int32_t k = 0; k < key_count; k++)
    {
        ColumnId column = dist_column(keys[k]);
        const BoundColumn *bound = column < 0 ? NULL : &cut->planner->statement->columns[column];
        if (bound == NULL || bound->table == NULL || table_is_sysview(bound->table))
            continue;
        if (bound->table->columns[bound->ordinal].stats.distinct >= 0.95 * (double) bound->table->row_count &&
            step->kind != STEP_HJOIN)
            return true;
    }
    return false;
}

Expr **keys_as_columns(Cut *cut, Open *open, Expr *const *keys, int32_t count)
{
    Expr **columns = ARENA_ARRAY(cut->arena, Expr *, count);
    BoundNamed *named = ARENA_ARRAY(cut->arena, BoundNamed, count);
    int32_t named_count = 0;
    for (int32_t k = 0; k < count; k++)
    {
        columns[k] = keys[k];
        if (keys[k]->kind == EXPR_COLUMN)
            continue;
        ColumnId column =
            bound_add_column(cut->arena, cut->planner->statement, "key", keys[k]->type, keys[k]->nullable);
        *fact_of(cut->planner, column) =
            (ColumnFact){.bounds = plan_bounds(cut->plan, keys[k]), .nullable = plan_nullable(cut->plan, keys[k])};
        named[named_count++] = (BoundNamed){keys[k], column};
        columns[k] = expr_column(cut->arena, cut->planner->statement, column);
    }
    if (named_count > 0)
    {
        PipeOp *op = open_op(cut, open, OP_COMPUTE);
        op->named_count = named_count;
        op->named = named;
    }
    return columns;
}

static KeyMode join_key_mode(Cut *cut, const Step *join, KeyPack **packs)
{
    *packs = NULL;
    if (join->key_count == 0)
        return KEY_NONE;
    *packs = keys_pack(cut, join->inner_keys, join->outer_keys, join->key_count);
    bool exact = join->key_count == 1 && is_exact_key(join->inner_keys[0]->type) && is_exact_key(join->outer_keys[0]->type);
    return *packs != NULL || exact ? KEY_EXACT : KEY_HASHED;
}

/* Columns of the build side that anything above it reads. */
static int32_t build_columns(Cut *cut, const Step *join, Expr *const *keys, KeyMode mode, ColumnId **columns)
{
    const Step *inner = join->inputs[1];
    ColumnSet given = {0}, read = {0}, kept = {0};
    column_set_add_all(cut->arena, &given, inner->outputs, inner->output_count);
    for (int32_t k = 0; k < join->conjunct_count; k++)
        expr_columns(cut->arena, join->conjuncts[k], &read);
    column_set_add_all(cut->arena, &read, join->outputs, join->output_count);
    for (int32_t k = 0; k < inner->output_count; k++)
        if (column_set_has(&read, inner->outputs[k]))
            column_set_add(cut->arena, &kept, inner->outputs[k]);
    for (int32_t k = 0; k < join->key_count && mode == KEY_HASHED; k++)
        column_set_add(cut->arena, &kept, keys[k]->column);
    return column_set_list(cut->arena, &kept, columns);
}

/* Ends the inner side of a join; the keys that a probe is compared with are left in join->inner_keys. */
int32_t store_of_build(Cut *cut, Open *open, const Step *join)
{
    KeyPack *packs;
    KeyMode mode = join_key_mode(cut, join, &packs);
    Expr **keys = join->inner_keys;
    if (mode == KEY_HASHED)
        keys = keys_as_columns(cut, open, keys, join->key_count);
    ColumnId *columns;
    int32_t count = build_columns(cut, join, keys, mode, &columns);
    int32_t index = store_add(cut, STORE_HASH, columns, count);
    SpecStore *store = store_at(cut, index);
    const Step *inner = join->inputs[1];
    store->key_mode = (uint8_t) mode;
    store_pack(cut, index, packs, join->key_count);
    store->on_leader = open->on_leader;
    store->rows_estimate = inner->rows;
    store->unique = join->key_count > 0 && is_unique_likely(cut, inner, keys, join->key_count);
    store->exists_only =
        (join->join == JOIN_SEMI || join->join == JOIN_ANTI) && join->conjunct_count == 0 && mode != KEY_HASHED;
    PipePlan *pipe = pipe_close(cut, open, index);
    pipe->hash_count = join->key_count;
    pipe->hash = keys;
    if (join->key_count > 0 && is_unique_by(inner, keys, join->key_count))
        cut->store_rows[index] = 1; /* what one probe can find */
    return index;
}

/* --- order, exchange, ends ------------------------------------------------------------ */

/* All columns of the step, and those it sorts by. */
int32_t store_of_sort(Cut *cut, Open *open, const Step *step)
{
    ColumnSet kept = {0};
    column_set_add_all(cut->arena, &kept, step->outputs, step->output_count);
    Expr **keys = ARENA_ARRAY(cut->arena, Expr *, step->sort_count);
    for (int32_t k = 0; k < step->sort_count; k++)
        keys[k] = step->sort[k].expr;
    keys = keys_as_columns(cut, open, keys, step->sort_count);
    for (int32_t k = 0; k < step->sort_count; k++)
        column_set_add(cut->arena, &kept, keys[k]->column);
    ColumnId *columns;
    int32_t count = column_set_list(cut->arena, &kept, &columns);
    int32_t index = store_add(cut, STORE_SORT, columns, count);
    SpecStore *store = store_at(cut, index);
    store->on_leader = open->on_leader;
    store->limit = step->limit;
    store->offset = step->offset;
    store->rows_estimate = step->rows;
    store->sort_count = step->sort_count;
    store->sort = ARENA_ARRAY(cut->arena, SortKey, step->sort_count);
    for (int32_t k = 0; k < step->sort_count; k++)
    {
        int32_t field = 0;
        while (columns[field] != keys[k]->column)
            field++;
        store->sort[k] = (SortKey){
            .field = field, .descending = step->sort[k].descending, .nulls_first = step->sort[k].nulls_first};
    }
    sort_keys_pack(cut, store, keys);
    pipe_close(cut, open, index);
    return index;
}

int32_t store_of_exchange(Cut *cut, Open *open, const Step *step, ExchangeKind kind)
{
    int32_t index = store_add(cut, STORE_EXCHANGE, step->outputs, step->output_count);
    SpecStore *store = store_at(cut, index);
    store->exchange = (uint8_t) kind;
    store->on_leader = kind == EXCHANGE_GATHER;
    store->from_leader = open->on_leader;
    store->rows_estimate = step->rows;
    PipePlan *pipe = pipe_close(cut, open, index);
    if (kind == EXCHANGE_HASH)
    {
        pipe->hash_count = step->key_count;
        pipe->hash = step->outer_keys;
    }
    return index;
}

void store_of_append(Cut *cut, Open *open, const Step *step)
{
    const CatalogTable *table = step->insert;
    int32_t index = store_new(cut);
    SpecStore *store = store_at(cut, index);
    ColumnId *columns = ARENA_ARRAY(cut->arena, ColumnId, table->column_count);
    store->kind = STORE_APPEND;
    store->on_leader = open->on_leader;
    store->limit = -1;
    store->rows_estimate = step->rows;
    store->layout = ARENA_NEW(cut->arena, RowLayout);
    store->layout->field_count = table->column_count;
    store->layout->fields = ARENA_ARRAY(cut->arena, RowField, table->column_count);
    for (int32_t k = 0; k < table->column_count; k++)
    {
        columns[k] = step->named[k].column;
        SqlType type = table->columns[k].type;
        bool nullable = !table->columns[k].not_null && plan_nullable(cut->plan, step->named[k].expr);
        store->layout->fields[k] =
            (RowField){.type = type, .rep = (uint8_t) type_rep(type), .null_offset = nullable ? 0 : -1};
    }
    layout_place(STORE_APPEND, store->layout);
    cut->plan->store_columns[index].columns = columns;
    PipePlan *pipe = pipe_close(cut, open, index);
    for (int32_t k = 0; k < table->column_count; k++)
        pipe->fields[k].expr = step->named[k].expr;
}

/* Can the source's rows be given to the client as they stand? */
static bool passes_as_is(Cut *cut, const Open *open, const RowLayout *layout, const ColumnId *columns)
{
    if (open->source != SOURCE_STORE || open->op_count > 0)
        return false;
    const SpecStore *from = store_at(cut, open->source_index);
    const ColumnId *have = cut->plan->store_columns[open->source_index].columns;
    if (from->kind == STORE_AGG || from->kind == STORE_HASH || from->layout->field_count != layout->field_count)
        return false;
    for (int32_t k = 0; k < layout->field_count; k++)
        if (have[k] != columns[k] || memcmp(&from->layout->fields[k], &layout->fields[k], sizeof(RowField)) != 0)
            return false;
    return true;
}

void store_of_return(Cut *cut, Open *open, const Step *step, int64_t limit, int64_t offset)
{
    Plan *plan = cut->plan;
    int32_t index = store_add(cut, STORE_RETURN, step->outputs, step->output_count);
    SpecStore *store = store_at(cut, index);
    store->on_leader = true;
    store->limit = limit;
    store->offset = offset;
    store->rows_estimate = step->rows;
    bool as_is = passes_as_is(cut, open, store->layout, plan->store_columns[index].columns);
    open->on_leader = true;
    pipe_close(cut, open, index);
    if (as_is)
        cut->spec->pipelines[cut->spec->pipeline_count - 1].function = -1;
    plan->result_count = step->output_count;
}
