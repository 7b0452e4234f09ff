/* SPDX-License-Identifier: Apache-2.0 */
/* Stores of groups: key fields, then the states of the aggregates, as wide as what they can come to. */
#include "base/core/assert.h"
#include "src/plan/cut.h"

/* What a sum over the rows can be. */
static Bounds sum_bounds(Bounds one, RowCount rows)
{
    Bounds sum = {.known = false};
    __int128 low = one.min < 0 ? one.min : 0, high = one.max > 0 ? one.max : 0;
    if (!one.known || rows >= ROWS_MANY)
        return sum;
    if (__builtin_mul_overflow(low, rows, &sum.min) || __builtin_mul_overflow(high, rows, &sum.max))
        return sum;
    sum.known = true;
    return sum;
}

static bool fits_64(Bounds bounds)
{
    return bounds.known && bounds.min >= INT64_MIN && bounds.max <= INT64_MAX;
}

/* The state of one aggregate: its field, and what is then known of its column. */
static RowField state_field(Cut *cut, StepAgg *agg, AggMode mode, bool grouped, RowCount rows)
{
    SqlType type = cut->planner->statement->columns[agg->column].type;
    RowField field = {.type = type, .rep = (uint8_t) type_rep(type), .null_offset = -1};
    Bounds bounds = {.known = false};
    bool nullable = agg->arg != NULL && (!grouped || plan_nullable(cut->plan, agg->arg));
    if (agg->arg != NULL && agg->kind != AGG_COUNT)
        bounds = plan_bounds(cut->plan, agg->arg);
    if (agg->kind == AGG_COUNT || agg->kind == AGG_COUNT_STAR)
        bounds = (Bounds){.known = rows < INT64_MAX, .min = 0, .max = rows};
    else if (agg->kind == AGG_SUM)
    {
        /* The whole of partial sums is bounded as each of them is; partial counts are never null, nor is their sum. */
        bool counts = mode == AGG_FINAL && type.id == TYPE_BIGINT && !plan_nullable(cut->plan, agg->arg);
        if (mode != AGG_FINAL)
            bounds = sum_bounds(bounds, rows);
        agg->fits64 = fits_64(bounds);
        if (type.id == TYPE_DECIMAL)
            field.rep = agg->fits64 ? REP_I64 : (uint8_t) type_rep(type);
        nullable = nullable && !(counts && !grouped);
        field.null_offset = nullable ? 0 : -1;
    }
    else if (agg->kind == AGG_BIT_AND || agg->kind == AGG_BIT_OR)
    { /* any bits of the width */
        field.rep = (uint8_t) plan_rep(cut->plan, agg->arg);
        __int128 limit = (__int128) 1 << (8 * rep_size((Rep) field.rep) - 1);
        bounds = (Bounds){.known = true, .min = -limit, .max = limit - 1};
        field.null_offset = 0;
    }
    else
    {
        field.rep = (uint8_t) plan_rep(cut->plan, agg->arg);
        field.null_offset = 0; /* empty until the first value */
    }
    *fact_of(cut->planner, agg->column) =
        (ColumnFact){.bounds = bounds, .nullable = field.null_offset >= 0 && nullable};
    if (field.null_offset >= 0)
        fact_of(cut->planner, agg->column)->nullable = true;
    return field;
}

/* Field of a state of several columns: never null. */
static RowField moment_field(Cut *cut, ColumnId column, Bounds bounds)
{
    SqlType type = cut->planner->statement->columns[column].type;
    *fact_of(cut->planner, column) = (ColumnFact){.bounds = bounds, .nullable = false};
    return (RowField){.type = type, .rep = (uint8_t) type_rep(type), .null_offset = -1};
}

static int32_t moment_fields(Cut *cut, const StepAgg *agg, RowField *fields, ColumnId *columns, RowCount rows)
{
    fields[0] = moment_field(cut, agg->column, (Bounds){.known = rows < INT64_MAX, .min = 0, .max = rows});
    columns[0] = agg->column;
    int32_t count = agg_state_columns(agg->kind);
    for (int32_t k = 1; k < count; k++)
    {
        columns[k] = agg->more[k - 1];
        fields[k] = moment_field(cut, columns[k], (Bounds){.known = false});
    }
    return count;
}

static MergeOp merge_op(AggKind kind)
{
    switch (kind)
    {
    case AGG_MIN:
        return MERGE_MIN;
    case AGG_MAX:
        return MERGE_MAX;
    case AGG_BIT_AND:
        return MERGE_AND;
    case AGG_BIT_OR:
        return MERGE_OR;
    default:
        break;
    }
    int32_t columns = agg_state_columns(kind);
    return columns == 1 ? MERGE_SUM : columns == AGG_STATES_MAX ? MERGE_PAIRS : MERGE_MOMENTS;
}

static const char *const AGG_NAMES[] = {
#define AGG(id, name, arg, result, doc) [AGG_##id] = name,
#include "base/kernel/agg.def"
#undef AGG
};

/* A known aggregate: what rules should have taken apart is refused by name. */
static Error *check_kind(const StepAgg *agg)
{
    switch (agg->kind)
    {
    case AGG_COUNT:
    case AGG_COUNT_STAR:
    case AGG_SUM:
    case AGG_MIN:
    case AGG_MAX:
    case AGG_BIT_AND:
    case AGG_BIT_OR:
        return NULL;
    default:
        return agg_state_columns(agg->kind) > 1
                   ? NULL
                   : error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "aggregate \"%s\" is not supported here",
                               AGG_NAMES[agg->kind]);
    }
}

/* The states of all aggregates, from field `at` on; how many fields there are. */
static int32_t state_fields(Cut *cut, StepAgg *aggs, int32_t count, AggMode mode, int32_t at, SpecStore *store,
                            ColumnId *columns, RowCount rows)
{
    bool grouped = at > 0;
    for (int32_t k = 0; k < count; k++)
    {
        StepAgg *agg = &aggs[k];
        agg->field = at;
        store->merges[k] = (SpecMerge){at, (uint8_t) merge_op(agg->kind)};
        if (agg_state_columns(agg->kind) > 1)
        {
            at += moment_fields(cut, agg, store->layout->fields + at, columns + at, rows);
            continue;
        }
        columns[at] = agg->column;
        store->layout->fields[at++] = state_field(cut, agg, mode, grouped, rows);
    }
    return at;
}

static KeyMode group_key_mode(Cut *cut, Expr *const *keys, int32_t count, int32_t store)
{
    if (count == 0)
        return KEY_NONE;
    KeyPack *packs = keys_pack(cut, keys, NULL, count);
    store_pack(cut, store, packs, count);
    bool never_null = store_at(cut, store)->layout->fields[0].null_offset < 0;
    return packs != NULL || (count == 1 && is_exact_key(keys[0]->type) && never_null) ? KEY_EXACT : KEY_HASHED;
}

Error *store_of_aggregate(Cut *cut, Open *open, const Step *step, AggMode mode, int32_t *out)
{
    for (int32_t k = 0; k < step->agg_count; k++)
        TRY(check_kind(&step->aggs[k]));
    int32_t groups = step->named_count, most = groups + AGG_STATES_MAX * step->agg_count, index = store_new(cut);
    SpecStore *store = store_at(cut, index);
    ColumnId *columns = ARENA_ARRAY(cut->arena, ColumnId, most);
    store->kind = STORE_AGG;
    store->on_leader = open->on_leader;
    store->limit = -1;
    store->rows_estimate = step->rows;
    store->key_count = groups;
    store->one_row = groups == 0;
    store->layout = ARENA_NEW(cut->arena, RowLayout);
    store->layout->fields = ARENA_ARRAY(cut->arena, RowField, most);
    store->merge_count = step->agg_count;
    store->merges = ARENA_ARRAY(cut->arena, SpecMerge, step->agg_count);
    Expr **keys = ARENA_ARRAY(cut->arena, Expr *, groups);
    for (int32_t k = 0; k < groups; k++)
    {
        keys[k] = step->named[k].expr;
        columns[k] = step->named[k].column;
        store->layout->fields[k] = field_of(cut, keys[k]);
        *fact_of(cut->planner, columns[k]) =
            (ColumnFact){.bounds = plan_bounds(cut->plan, keys[k]), .nullable = plan_nullable(cut->plan, keys[k])};
    }
    StepAgg *aggs = arena_memdup(cut->arena, step->aggs, sizeof(StepAgg) * (size_t) step->agg_count);
    store->layout->field_count =
        state_fields(cut, aggs, step->agg_count, mode, groups, store, columns, open->rows_max);
    layout_place(STORE_AGG, store->layout);
    store->key_mode = (uint8_t) group_key_mode(cut, keys, groups, index);
    cut->plan->store_columns[index].columns = columns;
    PipePlan *pipe = pipe_close(cut, open, index);
    pipe->field_count = pipe->hash_count = groups;
    pipe->hash = keys;
    for (int32_t k = 0; k < groups; k++)
        pipe->fields[k].expr = keys[k];
    pipe->agg_count = step->agg_count;
    pipe->aggs = aggs;
    if (groups == 0)
        cut->store_rows[index] = 1;
    *out = index;
    return NULL;
}
