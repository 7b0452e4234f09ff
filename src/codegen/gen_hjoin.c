/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe side of a hash join.  For `a join b on a.x = b.y` at stage 0:
 *
 *     uint64_t key1[RT_BATCH];
 *     for (j...)  key1[j] = (uint64_t) x1;
 *     RtProbe probe1;
 *     rt->probe_begin(s3, key1, 0, m0, 0, &probe1);
 *     int32_t m1;
 *     while ((m1 = rt->probe_next(s3, &probe1, pos1, (void **) r3_1)) > 0)
 *     {
 *         for (j...)  i1[j] = i0[pos1[j]];          // cursors of the next stage
 *         ...residual, next join, sink...
 *     }
 *
 * Semi and anti joins make no pairs: they compact the rows they probe with.
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

const char *gen_hash(Gen *gen, Val value)
{
    const char *hash;
    value = gen_comparable(gen, value);
    switch (value.rep)
    {
    case REP_STR:
        hash = gen_text(gen, "rt->hash_str(&%s)", value.code);
        break;
    case REP_F64:
        hash = gen_text(gen, "rt->hash_f64(%s)", value.code);
        break;
    case REP_I128:
        hash = gen_text(gen, "rt->hash_i128(&%s)", value.code);
        break;
    default:
        hash = gen_text(gen, "hash_u64((uint64_t) %s)", value.code);
        break;
    }
    return value.null == NULL ? hash : gen_text(gen, "(%s ? 0 : %s)", value.null, hash);
}

/* One of the numbers that make a packed key: literals and statistics stay out of the text. */
static const char *packed_part(Gen *gen, const KeyPack *pack, Val value)
{
    Datum least = {.i = pack->least};
    int32_t param = gen_param(gen, type_make(TYPE_BIGINT), &least);
    const char *code = gen_text(gen, "((uint64_t) %s - (uint64_t) p[%d].i)", gen_narrow(gen, value).code, param);
    return value.null == NULL ? code : gen_text(gen, "(%s ? 0 : %s)", value.null, code);
}

static const char *packed_key(Gen *gen, const KeyPack *packs, const Val *values, int32_t count)
{
    const char *key = packed_part(gen, &packs[0], values[0]);
    for (int32_t k = 1; k < count; k++)
    {
        Datum entries = {.i = packs[k].entries};
        int32_t param = gen_param(gen, type_make(TYPE_BIGINT), &entries);
        key = gen_text(gen, "(%s * (uint64_t) p[%d].i + %s)", key, param, packed_part(gen, &packs[k], values[k]));
    }
    return key;
}

const char *gen_key(Gen *gen, KeyMode mode, const KeyPack *packs, Expr *const *keys, int32_t count, const char **null)
{
    *null = NULL;
    if (mode == KEY_NONE)
        return "0";
    Val *values = ARENA_ARRAY(gen->arena, Val, count);
    for (int32_t k = 0; k < count; k++)
        values[k] = gen_value(gen, keys[k]);
    *null = gen_any_null(gen, values, count);
    if (mode == KEY_EXACT && packs != NULL)
        return packed_key(gen, packs, values, count);
    if (mode == KEY_EXACT)
    {
        ASSERT(count == 1);
        return gen_text(gen, "(uint64_t) %s", gen_narrow(gen, values[0]).code);
    }
    const char *hash = gen_hash(gen, values[0]);
    for (int32_t k = 1; k < count; k++)
        hash = gen_text(gen, "hash_combine(%s, %s)", hash, gen_hash(gen, values[k]));
    return hash;
}

/* Conditions a pair must still pass: the residual and, for hashed keys, their equality. */
static Expr **pair_conditions(Gen *gen, const PipeOp *op, int32_t *count)
{
    bool hashed = gen->plan->spec->stores[op->store].key_mode == KEY_HASHED;
    *count = op->conjunct_count + (hashed ? op->key_count : 0);
    Expr **conditions = ARENA_ARRAY(gen->arena, Expr *, *count + 1);
    int32_t at = 0;
    for (int32_t k = 0; hashed && k < op->key_count; k++)
    {
        Expr *equal = ARENA_NEW(gen->arena, Expr);
        *equal = (Expr){.kind = EXPR_COMPARE, .type = type_make(TYPE_BOOLEAN), .op = '=', .arg_count = 2};
        equal->nullable = op->keys[k]->nullable || op->build_keys[k]->nullable;
        equal->args = ARENA_ARRAY(gen->arena, Expr *, 2);
        equal->args[0] = op->keys[k];
        equal->args[1] = op->build_keys[k];
        conditions[at++] = equal;
    }
    for (int32_t k = 0; k < op->conjunct_count; k++)
        conditions[at++] = op->conjuncts[k];
    return conditions;
}

static void place_build(Gen *gen, int32_t store, bool outer, PlaceKind kind)
{
    const SpecStore *spec = &gen->plan->spec->stores[store];
    const ColumnId *columns = gen->plan->store_columns[store].columns;
    for (int32_t f = 0; f < spec->layout->field_count; f++)
        if (columns[f] >= 0)
            gen->places[columns[f]] = (Place){.kind = kind, .index = f, .store = store, .outer = outer};
}

/* Computes key<t>[] (and null<t>[]); returns the null array's name or "0". */
static const char *probe_keys(Gen *gen, const PipeOp *op, int32_t tag)
{
    KeyMode mode = (KeyMode) gen->plan->spec->stores[op->store].key_mode;
    bool nullable = false;
    for (int32_t k = 0; k < op->key_count; k++)
    {
        gen_need(gen, op->keys[k]);
        nullable = nullable || op->keys[k]->nullable;
    }
    emit_line(&gen->emit, "uint64_t key%d[RT_BATCH];", tag);
    if (nullable)
        emit_line(&gen->emit, "uint8_t null%d[RT_BATCH];", tag);
    gen_loop_open(gen);
    const char *null;
    const char *key = gen_key(gen, mode, gen->plan->store_columns[op->store].packs, op->keys, op->key_count, &null);
    emit_line(&gen->emit, "key%d[j] = %s;", tag, key);
    if (nullable)
        emit_line(&gen->emit, "null%d[j] = %s;", tag, null == NULL ? "0" : gen_text(gen, "(%s) != 0", null));
    gen_loop_close(gen);
    return nullable ? gen_text(gen, "null%d", tag) : "0";
}

/* Inside a loop over j: the cursors of stage `to` for the row at pos<t>[j] of stage `from`. */
static void cursors_by_pos(Gen *gen, int32_t to, int32_t from, int32_t tag)
{
    if (gen->have_index)
        emit_line(&gen->emit, "i%d[j] = i%d[pos%d[j]];", to, from, tag);
    else
        emit_line(&gen->emit, "i%d[j] = pos%d[j];", to, tag);
    for (int32_t c = 0; c < gen->cursor_count; c++)
        emit_line(&gen->emit, "r%d_%d[j] = r%d_%d[pos%d[j]];", gen->cursors[c], to, gen->cursors[c], from, tag);
}

/* Keeps the rows at pos<t>[0..k). */
static void compact_by_pos(Gen *gen, int32_t tag)
{
    int32_t s = gen->stage;
    emit_open(&gen->emit, "for (int32_t j = 0; j < k%d; j++)", tag);
    cursors_by_pos(gen, s, s, tag);
    emit_close(&gen->emit, "");
    emit_line(&gen->emit, "m%d = k%d;", s, tag);
    gen->have_index = true;
    emit_line(&gen->emit, "if (m%d == 0)", s);
    emit_line(&gen->emit, "    continue;");
}

/* Semi and anti joins with conditions on the pair: keep<t>[] says which rows found one. */
static void exists_by_pairs(Gen *gen, const PipeOp *op, int32_t tag, const char *nulls, Expr **conditions, int32_t count,
                            bool anti)
{
    int32_t s = gen->stage;
    Place *places = gen->places;
    int32_t column_count = gen->plan->statement->column_count;
    gen->places = arena_memdup(gen->arena, places, sizeof(Place) * (size_t) column_count);
    for (int32_t k = 0; k < count; k++)
        gen_need(gen, conditions[k]);
    place_build(gen, op->store, false, PLACE_BUILD);
    emit_line(&gen->emit, "uint8_t keep%d[RT_BATCH];", tag);
    emit_line(&gen->emit, "RtProbe probe%d;", tag);
    emit_line(&gen->emit, "struct store%d *pair%d[RT_BATCH];", op->store, tag);
    emit_line(&gen->emit, "rt->probe_begin(s%d, key%d, %s, m%d, %d, &probe%d);", op->store, tag, nulls, s, anti ? 2 : 0,
              tag);
    emit_line(&gen->emit, "for (int32_t j = 0; j < m%d; j++)", s);
    emit_line(&gen->emit, anti ? "    keep%d[j] = !probe%d.matched[j];" : "    keep%d[j] = 0;", tag, tag);
    emit_line(&gen->emit, "int32_t pairs%d;", tag);
    emit_open(&gen->emit, "while ((pairs%d = rt->probe_next(s%d, &probe%d, pos%d, (void **) pair%d)) > 0)", tag, op->store,
              tag, tag, tag);
    emit_open(&gen->emit, "for (int32_t q = 0; q < pairs%d; q++)", tag);
    gen_forget(gen);
    emit_line(&gen->emit, "int32_t j = pos%d[q];", tag);
    gen_cursors(gen);
    emit_line(&gen->emit, "const struct store%d *r%d = pair%d[q];", op->store, op->store, tag);
    const char *condition = gen_all_true(gen, conditions, count);
    emit_line(&gen->emit, "if (%s)", condition);
    emit_line(&gen->emit, "    keep%d[j] = %d;", tag, !anti);
    gen_loop_close(gen);
    emit_close(&gen->emit, "");
    gen->places = places;
    emit_line(&gen->emit, "int32_t k%d = rt->sel_set(keep%d, 0, m%d, pos%d);", tag, tag, s, tag);
    compact_by_pos(gen, tag);
}

static void gen_exists(Gen *gen, const PipeOp *op, int32_t tag)
{
    int32_t count;
    Expr **conditions = pair_conditions(gen, op, &count);
    bool anti = op->join != JOIN_SEMI;
    int32_t s = gen->stage;
    const char *nulls = probe_keys(gen, op, tag);
    emit_line(&gen->emit, "uint16_t pos%d[RT_BATCH];", tag);
    if (count > 0)
    {
        exists_by_pairs(gen, op, tag, nulls, conditions, count, anti);
        return;
    }
    emit_line(&gen->emit, "int32_t k%d = rt->probe_exists(s%d, key%d, %s, m%d, %d, pos%d);", tag, op->store, tag, nulls, s,
              anti, tag);
    compact_by_pos(gen, tag);
}

/* In an outer join a row whose every pair fails the conditions comes again at the end, alone. */
static void outer_residual(Gen *gen, const PipeOp *op, int32_t tag, Expr **conditions, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        gen_need(gen, conditions[k]);
    emit_line(&gen->emit, "int32_t k%d_%d = 0;", gen->stage, gen->filter_count);
    gen_loop_open(gen);
    emit_line(&gen->emit, "int32_t pass = 1;");
    emit_open(&gen->emit, "if (r%d)", op->store);
    gen->nest++;
    if (count > 0)
        emit_line(&gen->emit, "pass = %s;", gen_all_true(gen, conditions, count));
    gen->nest--;
    emit_line(&gen->emit, "if (pass)");
    emit_line(&gen->emit, "    probe%d.matched[pos%d[j]] = 1;", tag, tag);
    emit_close(&gen->emit, "");
    gen_compact(gen, "pass");
    gen_loop_close(gen);
    gen_compacted(gen);
}

static void gen_pairs(Gen *gen, const PipeOp *op, int32_t tag)
{
    bool outer = op->join == JOIN_LEFT;
    int32_t from = gen->stage, to = gen->stage + 1;
    int32_t count;
    Expr **conditions = pair_conditions(gen, op, &count);
    const char *nulls = probe_keys(gen, op, tag);
    emit_line(&gen->emit, "uint16_t pos%d[RT_BATCH];", tag);
    emit_line(&gen->emit, "struct store%d *r%d_%d[RT_BATCH];", op->store, op->store, to);
    emit_line(&gen->emit, "RtProbe probe%d;", tag);
    emit_line(&gen->emit, "rt->probe_begin(s%d, key%d, %s, m%d, %d, &probe%d);", op->store, tag, nulls, from, outer, tag);
    emit_line(&gen->emit, "int32_t m%d;", to);
    emit_open(&gen->emit, "while ((m%d = rt->probe_next(s%d, &probe%d, pos%d, (void **) r%d_%d)) > 0)", to, op->store, tag,
              tag, op->store, to);
    emit_line(&gen->emit, "uint16_t i%d[RT_BATCH];", to);
    for (int32_t c = 0; c < gen->cursor_count; c++)
        emit_line(&gen->emit, "struct store%d *r%d_%d[RT_BATCH];", gen->cursors[c], gen->cursors[c], to);
    emit_open(&gen->emit, "for (int32_t j = 0; j < m%d; j++)", to);
    cursors_by_pos(gen, to, from, tag);
    emit_close(&gen->emit, "");
    gen->stage = to;
    gen->have_index = true;
    ASSERT(gen->cursor_count < CURSORS_MAX);
    gen->cursors[gen->cursor_count++] = op->store;
    place_build(gen, op->store, false, PLACE_BUILD);
    if (outer)
    {
        outer_residual(gen, op, tag, conditions, count);
        place_build(gen, op->store, true, PLACE_BUILD);
    }
    else if (count > 0)
        gen_filter(gen, conditions, count);
}

void gen_probe(Gen *gen, const PipeOp *op)
{
    int32_t tag = ++gen->probe_count;
    if (op->join == JOIN_INNER || op->join == JOIN_LEFT)
        gen_pairs(gen, op, tag);
    else
        gen_exists(gen, op, tag);
}
