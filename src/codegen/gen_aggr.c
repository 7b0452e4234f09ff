/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregation.  Without groups, sums run in local variables over the batch:
 *
 *     struct store1 *g = rt->agg_single(worker, sink);
 *     int64_t a0 = 0; int32_t any0 = 0;
 *     for (j...)  a0 += x1 * x2, any0 = 1;
 *     g->f0 += a0; ...
 *
 * With groups, first the batch's group rows are found, then each is updated:
 *
 *     rt->agg_find(worker, sink, key, m0, (void **) group);
 *     for (j...)  { struct store1 *g = group[j]; g->f2 += x1; }
 *
 * Groups of dictionary-coded columns are found by their codes (gen_by_codes).
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

#include <string.h>

#define LOCAL_SUM_MOST ((__int128) 1 << 52) /* 1024 such values fit 64 bits */

static const SpecStore *agg_store(const Gen *gen)
{
    return &gen->plan->spec->stores[gen->pipe->spec->sink];
}

static const RowField *state_field(const Gen *gen, int32_t agg, int32_t *index)
{
    *index = gen->pipe->aggs[agg].field;
    return &agg_store(gen)->layout->fields[*index];
}

static bool small(Gen *gen, const Expr *expr)
{
    __int128 least, most;
    return gen_bounds(gen, expr, &least, &most) && least >= -LOCAL_SUM_MOST && most <= LOCAL_SUM_MOST;
}

static void update_extreme(Gen *gen, const StepAgg *agg, const RowField *field, const char *state, Val value)
{
    const char *sign = agg->kind == AGG_MIN ? "<" : ">";
    const char *better;
    Rep rep = (Rep) field->rep;
    if (rep == REP_STR)
        better = gen_text(gen, "rt->str_compare(&%s, &%s) %s 0", value.code, state, sign);
    else if (rep == REP_INTERVAL)
    {
        Val old = gen_comparable(gen, (Val){REP_INTERVAL, state, NULL}), one = gen_comparable(gen, value);
        better = gen_text(gen, "rt->i128_compare(&%s, &%s) %s 0", one.code, old.code, sign);
    }
    else if (rep == REP_I128)
    {
        value = gen_wide(gen, value);
        better = gen_text(gen, "rt->i128_compare(&%s, &%s) %s 0", value.code, state, sign);
    }
    else if (rep == REP_F32 || rep == REP_F64)
        better = gen_text(gen, "f64_compare(%s, %s) %s 0", value.code, state, sign);
    else
        better = gen_text(gen, "%s %s %s", gen_narrow(gen, value).code, sign, state);
    const char *empty = field->null_offset >= 0 ? gen_text(gen, "%s_null || ", state) : "";
    emit_open(&gen->emit, "if (%s%s%s%s)", value.null == NULL ? "" : gen_text(gen, "!(%s) && (", value.null), empty, better,
              value.null == NULL ? "" : ")");
    if (rep == REP_STR)
        emit_line(&gen->emit, "rt->keep_str(worker, sink, &%s, &%s);", value.code, state);
    else
        gen_assign(gen, rep, state, value);
    if (field->null_offset >= 0)
        emit_line(&gen->emit, "%s_null = 0;", state);
    emit_close(&gen->emit, "");
}

static void add_to(Gen *gen, const StepAgg *agg, const RowField *field, const char *state, Val value)
{
    if (field->rep == REP_I128 && value.rep == REP_I128)
        emit_line(&gen->emit, "rt->i128_add(worker, &%s, &%s, &%s);", state, state, value.code);
    else if (field->rep == REP_I128)
        emit_line(&gen->emit, "WIDE_ADD(%s, %s);", state, value.code);
    else if (field->type.id == TYPE_BIGINT && !agg->fits64)
        emit_line(&gen->emit, "%s = i64_add(rt, worker, %s, %s);", state, state, value.code);
    else
        emit_line(&gen->emit, "%s += %s;", state, gen_narrow(gen, value).code);
}

static void update_bits(Gen *gen, const StepAgg *agg, const RowField *field, const char *state, Val value)
{
    value = gen_narrow(gen, value);
    if (value.null != NULL)
        emit_open(&gen->emit, "if (!(%s))", value.null);
    const char *type = rep_c_type((Rep) field->rep);
    const char *both = gen_text(gen, "(%s %c %s)", state, agg->kind == AGG_BIT_AND ? '&' : '|', value.code);
    if (field->null_offset >= 0)
    {
        emit_line(&gen->emit, "%s = (%s) (%s_null ? %s : %s);", state, type, state, value.code, both);
        emit_line(&gen->emit, "%s_null = 0;", state);
    }
    else
        emit_line(&gen->emit, "%s = (%s) %s;", state, type, both);
    if (value.null != NULL)
        emit_close(&gen->emit, "");
}

/*
 * A value into a state of several columns; or another such state:
 *
 *     double *const m3[2] = {&g->f2, &g->f3};
 *     rt->moments_add(&g->f1, m3, x4);
 */
static void update_moments(Gen *gen, const StepAgg *agg)
{
    int32_t more = agg_state_columns(agg->kind) - 1;
    bool pair = agg_state_columns(agg->kind) == AGG_STATES_MAX;
    const char *call = pair ? "rt->pairs" : "rt->moments", *state = gen_temp(gen, "m"), *into = "", *from = "";
    Val value = gen_value(gen, agg->arg);
    for (int32_t k = 0; k < more; k++)
    {
        into = gen_text(gen, "%s%s&g->f%d", into, k == 0 ? "" : ", ", agg->field + 1 + k);
        if (agg->more_args[k] != NULL)
            from = gen_text(gen, "%s%s%s", from, k == 0 ? "" : ", ", gen_value(gen, agg->more_args[k]).code);
    }
    emit_line(&gen->emit, "double *const %s[%d] = {%s};", state, more, into);
    if (agg->more_args[0] != NULL)
    {
        emit_line(&gen->emit, "const double %s_more[%d] = {%s};", state, more, from);
        emit_line(&gen->emit, "%s_merge(&g->f%d, %s, %s, %s_more);", call, agg->field, state, value.code, state);
        return;
    }
    if (pair)
        value = gen_wide(gen, value);
    if (value.null != NULL)
        emit_line(&gen->emit, "if (!(%s))", value.null);
    emit_line(&gen->emit, "%s%s_add(&g->f%d, %s, %s%s);", value.null == NULL ? "" : "    ", call, agg->field, state,
              pair ? "&" : "", value.code);
}

/* g->f<k>: one row's part in one state. */
static void update_state(Gen *gen, int32_t agg_index)
{
    const StepAgg *agg = &gen->pipe->aggs[agg_index];
    int32_t index;
    const RowField *field = state_field(gen, agg_index, &index);
    const char *state = gen_text(gen, "g->f%d", index);
    if (agg->kind == AGG_COUNT_STAR)
    {
        emit_line(&gen->emit, "%s += 1;", state);
        return;
    }
    if (agg_state_columns(agg->kind) > 1)
    {
        update_moments(gen, agg);
        return;
    }
    Val value = gen_value(gen, agg->arg);
    if (agg->kind == AGG_BIT_AND || agg->kind == AGG_BIT_OR)
    {
        update_bits(gen, agg, field, state, value);
        return;
    }
    if (agg->kind == AGG_COUNT)
    {
        emit_line(&gen->emit, "%s += %s;", state, value.null == NULL ? "1" : gen_text(gen, "!(%s)", value.null));
        return;
    }
    if (agg->kind != AGG_SUM)
    {
        update_extreme(gen, agg, field, state, value);
        return;
    }
    if (value.null != NULL)
        emit_open(&gen->emit, "if (!(%s))", value.null);
    add_to(gen, agg, field, state, value);
    if (field->null_offset >= 0)
        emit_line(&gen->emit, "%s_null = 0;", state);
    if (value.null != NULL)
        emit_close(&gen->emit, "");
}

/* Can this sum or count run in a local variable over one batch? */
static bool is_local(Gen *gen, const StepAgg *agg, const RowField *field)
{
    if (agg->kind == AGG_COUNT || agg->kind == AGG_COUNT_STAR)
        return true;
    return agg->kind == AGG_SUM && (field->rep == REP_F64 || small(gen, agg->arg));
}

/* Some rows may give nothing to the sum: whether any row gave something is then counted too. */
static bool counts_any(Gen *gen, const StepAgg *agg)
{
    return agg->kind == AGG_SUM && (agg->arg->nullable || plan_nullable(gen->plan, agg->arg));
}

static void update_local(Gen *gen, int32_t k)
{
    const StepAgg *agg = &gen->pipe->aggs[k];
    if (agg->kind == AGG_COUNT_STAR)
        return;
    Val value = gen_value(gen, agg->arg);
    if (agg->kind == AGG_COUNT)
        emit_line(&gen->emit, "a%d += %s;", k, value.null == NULL ? "1" : gen_text(gen, "!(%s)", value.null));
    else if (value.null == NULL)
    {
        emit_line(&gen->emit, "a%d += %s;", k, gen_narrow(gen, value).code);
        if (counts_any(gen, agg))
            emit_line(&gen->emit, "any%d = 1;", k);
    }
    else
    {
        emit_line(&gen->emit, "a%d += %s ? 0 : %s;", k, value.null, gen_narrow(gen, value).code);
        emit_line(&gen->emit, "any%d |= !(%s);", k, value.null);
    }
}

static void flush_local(Gen *gen, int32_t k)
{
    const StepAgg *agg = &gen->pipe->aggs[k];
    int32_t index;
    const RowField *field = state_field(gen, k, &index);
    const char *state = gen_text(gen, "g->f%d", index);
    if (agg->kind == AGG_COUNT_STAR)
    {
        emit_line(&gen->emit, "%s += m%d;", state, gen->stage);
        return;
    }
    Val sum = {field->rep == REP_F64 ? REP_F64 : REP_I64, gen_text(gen, "a%d", k), NULL};
    add_to(gen, agg, field, state, sum);
    if (agg->kind == AGG_SUM && field->null_offset >= 0)
    {
        if (counts_any(gen, agg))
            emit_line(&gen->emit, "if (any%d)", k);
        emit_line(&gen->emit, "%s%s_null = 0;", counts_any(gen, agg) ? "    " : "", state);
    }
}

static void gen_single(Gen *gen)
{
    int32_t sink = gen->pipe->spec->sink, count = gen->pipe->agg_count;
    bool *local = ARENA_ARRAY(gen->arena, bool, count + 1);
    emit_line(&gen->emit, "struct store%d *g = rt->agg_single(worker, sink);", sink);
    for (int32_t k = 0; k < count; k++)
    {
        int32_t index;
        const RowField *field = state_field(gen, k, &index);
        local[k] = is_local(gen, &gen->pipe->aggs[k], field);
        if (local[k] && gen->pipe->aggs[k].kind != AGG_COUNT_STAR)
            emit_line(&gen->emit, field->rep == REP_F64 ? "double a%d = 0;" : "int64_t a%d = 0;", k);
        if (local[k] && counts_any(gen, &gen->pipe->aggs[k]))
            emit_line(&gen->emit, "int32_t any%d = 0;", k);
    }
    gen_loop_open(gen);
    for (int32_t k = 0; k < count; k++)
        if (local[k])
            update_local(gen, k);
        else
            update_state(gen, k);
    gen_loop_close(gen);
    for (int32_t k = 0; k < count; k++)
        if (local[k])
            flush_local(gen, k);
}

/* --- groups ----------------------------------------------------------------- */

/* All keys are scanned string columns that are never null: their codes may find the group. */
static bool keys_have_codes(Gen *gen)
{
    if (gen->pipe->spec->source != SOURCE_SCAN)
        return false;
    for (int32_t k = 0; k < gen->pipe->hash_count; k++)
    {
        const Expr *key = gen->pipe->hash[k];
        if (key->kind != EXPR_COLUMN || gen->places[key->column].kind != PLACE_SCAN)
            return false;
        const SpecColumn *column =
            &gen->plan->spec->scans[gen->pipe->spec->source_index].columns[gen->places[key->column].index];
        if (column->rep != REP_STR || column->nullable)
            return false;
    }
    return true;
}

/* Fills row `at` of the candidates: header key and key fields. */
static void candidate(Gen *gen, const char *at)
{
    const char *null;
    const char *hash = gen_key(gen, KEY_HASHED, NULL, gen->pipe->hash, gen->pipe->hash_count, &null);
    emit_line(&gen->emit, "%skey = %s;", at, hash);
    gen_fields(gen, at, false);
}

static void find_hashed(Gen *gen)
{
    gen_loop_open(gen);
    candidate(gen, "candidate[j].");
    gen_loop_close(gen);
    emit_line(&gen->emit, "rt->agg_find_hashed(worker, sink, (const char *) candidate, m%d, (void **) group);", gen->stage);
}

static void find_by_codes(Gen *gen)
{
    int32_t count = gen->pipe->hash_count;
    const char *size = "1", *all = "1", *code = "0";
    for (int32_t k = 0; k < count; k++)
    {
        int32_t column = gen->places[gen->pipe->hash[k]->column].index;
        emit_line(&gen->emit, "int32_t d%d = 0;", k);
        emit_line(&gen->emit, "const uint16_t *code%d = rt->scan_codes(scan, %d, &d%d);", k, column, k);
        size = gen_text(gen, "%s * d%d", k == 0 ? "(int64_t) 1" : size, k);
        all = gen_text(gen, "%scode%d", k == 0 ? "" : gen_text(gen, "%s && ", all), k);
        code = k == 0 ? "code0[i]" : gen_text(gen, "(%s) * d%d + code%d[i]", code, k, k);
    }
    emit_line(&gen->emit, "void **by_code = %s ? rt->agg_code_table(worker, sink, scan, %s) : 0;", all, size);
    /* the strings themselves are only decoded where a code is new */
    int32_t column_count = gen->plan->spec->scans[gen->pipe->spec->source_index].column_count;
    bool *fetched = arena_memdup(gen->arena, gen->fetched, sizeof(bool) * (size_t) (column_count + 1));
    emit_open(&gen->emit, "if (by_code)");
    gen_loop_open(gen);
    emit_line(&gen->emit, "int32_t code = %s;", code);
    emit_open(&gen->emit, "if (!by_code[code])");
    gen->nest++;
    gen_need_fields(gen);
    candidate(gen, "candidate[0].");
    gen->nest--;
    emit_line(&gen->emit, "rt->agg_find_hashed(worker, sink, (const char *) candidate, 1, &by_code[code]);");
    emit_close(&gen->emit, "");
    emit_line(&gen->emit, "group[j] = by_code[code];");
    gen_loop_close(gen);
    emit_close(&gen->emit, "");
    memcpy(gen->fetched, fetched, sizeof(bool) * (size_t) (column_count + 1));
    emit_open(&gen->emit, "else");
    gen_need_fields(gen);
    find_hashed(gen);
    emit_close(&gen->emit, "");
    memcpy(gen->fetched, fetched, sizeof(bool) * (size_t) (column_count + 1));
}

static void find_exact(Gen *gen)
{
    emit_line(&gen->emit, "uint64_t group_key[RT_BATCH];");
    gen_loop_open(gen);
    const char *null;
    const KeyPack *packs = gen->plan->store_columns[gen->pipe->spec->sink].packs;
    const char *key = gen_key(gen, KEY_EXACT, packs, gen->pipe->hash, gen->pipe->hash_count, &null);
    if (null != NULL && packs == NULL)
    { /* the planner says never null, as gen_fields() has it: the expression does not know that */
        emit_line(&gen->emit, "if (%s)", null);
        emit_line(&gen->emit, "    rt->raise(worker, RT_FAULT_NOT_NULL, 0);");
    }
    emit_line(&gen->emit, "group_key[j] = %s;", key);
    gen_loop_close(gen);
    emit_line(&gen->emit, "rt->agg_find(worker, sink, group_key, m%d, (void **) group);", gen->stage);
}

void gen_aggregate(Gen *gen)
{
    const SpecStore *store = agg_store(gen);
    int32_t sink = gen->pipe->spec->sink;
    for (int32_t k = 0; k < gen->pipe->agg_count; k++)
    {
        const StepAgg *agg = &gen->pipe->aggs[k];
        if (agg->arg != NULL)
            gen_need(gen, agg->arg);
        for (int32_t a = 0; a < AGG_STATES_MAX - 1 && agg->more_args[a] != NULL; a++)
            gen_need(gen, agg->more_args[a]);
    }
    if (store->key_mode == KEY_NONE)
    {
        gen_single(gen);
        return;
    }
    bool by_codes = store->key_mode == KEY_HASHED && keys_have_codes(gen);
    if (!by_codes)
        gen_need_fields(gen);
    emit_line(&gen->emit, "struct store%d *group[RT_BATCH];", sink);
    if (store->key_mode == KEY_EXACT)
        find_exact(gen);
    else
    {
        emit_line(&gen->emit, "struct store%d candidate[RT_BATCH];", sink);
        if (by_codes)
            find_by_codes(gen);
        else
            find_hashed(gen);
    }
    gen_loop_open(gen);
    emit_line(&gen->emit, "struct store%d *g = group[j];", sink);
    if (store->key_mode == KEY_EXACT)
    {
        emit_open(&gen->emit, "if (!g->next)");
        gen->nest++;
        gen_fields(gen, "g->", true);
        gen->nest--;
        emit_line(&gen->emit, "g->next = g;");
        emit_close(&gen->emit, "");
    }
    for (int32_t k = 0; k < gen->pipe->agg_count; k++)
        update_state(gen, k);
    gen_loop_close(gen);
}
