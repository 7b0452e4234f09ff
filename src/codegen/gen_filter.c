/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters.  Of the conjuncts over a scanned batch,
 *
 *     column op constant, integers    -> a range kernel, all tests of a column in one
 *     one string column and constants -> a predicate, run over the dictionary where there is one
 *     the rest                        -> one loop
 *
 *     m0 = range_i16(rt, c2, 0, m0, p[0].i, p[1].i - 1, i0);
 *     m0 = rt->sel_set(rt->scan_flags(scan, 5, predicate3, 3), i0, m0, i0);
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

typedef struct Range
{
    int32_t column;
    Text bounds; /* lines that tighten lo and hi */
} Range;

/* Which scan column an expression reads: -1 none, -2 several or something else. */
static int32_t only_column(Gen *gen, const Expr *expr)
{
    if (expr->kind == EXPR_COLUMN)
    {
        const Place *place = &gen->places[expr->column];
        if (place->kind == PLACE_EXPR)
            return only_column(gen, place->expr);
        return place->kind == PLACE_SCAN ? place->index : -2;
    }
    int32_t found = -1;
    for (int32_t k = 0; k < expr->arg_count; k++)
    {
        int32_t one = only_column(gen, expr->args[k]);
        if (one == -2 || (one >= 0 && found >= 0 && one != found))
            return -2;
        found = one >= 0 ? one : found;
    }
    return found;
}

static const SpecColumn *scan_column(Gen *gen, int32_t index)
{
    return &gen->plan->spec->scans[gen->pipe->spec->source_index].columns[index];
}

static const char *in_text(Gen *gen)
{
    return gen->have_index ? gen_text(gen, "i%d", gen->stage) : "0";
}

static void selected(Gen *gen)
{
    gen->have_index = true;
}

/* column op constant over an integer column, not <>. */
static bool is_range(Gen *gen, const Expr *expr)
{
    if (expr->kind != EXPR_COMPARE || expr->op == '!' || expr->args[0]->kind != EXPR_COLUMN ||
        expr->args[1]->kind != EXPR_CONST || expr->args[1]->value.null || type_rep(expr->args[1]->type) > REP_I64)
        return false;
    const Place *place = &gen->places[expr->args[0]->column];
    return place->kind == PLACE_SCAN && scan_column(gen, place->index)->rep <= REP_I64;
}

static void range_add(Gen *gen, Range *range, const Expr *expr)
{
    int32_t param = gen_param(gen, expr->args[1]->type, &expr->args[1]->value);
    char op = expr->op;
    if (op == '>' || op == '<') /* a strict bound at the end of 64 bits lets nothing through */
        text_printf(&range->bounds, "if (p[%d].i == %s)\n    continue;\n", param, op == '>' ? "I64_MAX" : "I64_MIN");
    if (op == '=' || op == '>' || op == 'g')
        text_printf(&range->bounds, "LEAST(lo, p[%d].i%s);\n", param, op == '>' ? " + 1" : "");
    if (op == '=' || op == '<' || op == 'l')
        text_printf(&range->bounds, "MOST(hi, p[%d].i%s);\n", param, op == '<' ? " - 1" : "");
}

/* The text of bounds is one line each; they were collected with newlines between. */
static void emit_bounds(Gen *gen, const Text *lines)
{
    const char *at = lines->data;
    while (*at != '\0')
    {
        const char *end = at;
        while (*end != '\n')
            end++;
        emit_line(&gen->emit, "%.*s", (int) (end - at), at);
        at = end + 1;
    }
}

static void emit_range(Gen *gen, const Range *range)
{
    static const char *const widths[] = {"i8", "i16", "i32", "i64"};
    const SpecColumn *column = scan_column(gen, range->column);
    int32_t s = gen->stage;
    if (column->nullable)
    {
        emit_line(&gen->emit, "m%d = rt->sel_clear(n%d, %s, m%d, i%d);", s, range->column, in_text(gen), s, s);
        selected(gen);
    }
    emit_open(&gen->emit, NULL);
    emit_line(&gen->emit, "int64_t lo = I64_MIN, hi = I64_MAX;");
    emit_bounds(gen, &range->bounds);
    emit_line(&gen->emit, "m%d = range_%s(rt, c%d, %s, m%d, lo, hi, i%d);", s, widths[column->rep], range->column,
              in_text(gen), s, s);
    emit_close(&gen->emit, "");
    selected(gen);
    emit_line(&gen->emit, "if (m%d == 0)", s);
    emit_line(&gen->emit, "    continue;");
}

/* All range conjuncts of one column become one kernel call.  done[] marks what was used. */
static void filter_ranges(Gen *gen, Expr *const *conjuncts, int32_t count, bool *done)
{
    for (int32_t k = 0; k < count; k++)
    {
        if (done[k] || !is_range(gen, conjuncts[k]))
            continue;
        Range range = {.column = gen->places[conjuncts[k]->args[0]->column].index};
        text_init(&range.bounds, gen->arena);
        gen_need(gen, conjuncts[k]);
        for (int32_t q = k; q < count; q++)
            if (!done[q] && is_range(gen, conjuncts[q]) &&
                gen->places[conjuncts[q]->args[0]->column].index == range.column)
            {
                range_add(gen, &range, conjuncts[q]);
                done[q] = true;
            }
        emit_range(gen, &range);
    }
}

static bool is_string_predicate(Gen *gen, const Expr *expr)
{
    int32_t column = only_column(gen, expr);
    return column >= 0 && scan_column(gen, column)->rep == REP_STR;
}

/* Is it null wherever the column is?  What looks at nulls (CASE, COALESCE, IS NULL...) may be true there. */
static bool is_null_of_null(const Expr *expr)
{
    switch (expr->kind)
    {
    case EXPR_COLUMN:
        return true;
    case EXPR_ARITH:
    case EXPR_NEGATE:
    case EXPR_COMPARE:
    case EXPR_NOT:
    case EXPR_CAST:
    case EXPR_LIKE:
    case EXPR_FUNC:
        for (int32_t k = 0; k < expr->arg_count; k++)
            if (is_null_of_null(expr->args[k]))
                return true;
        return false;
    case EXPR_IN_LIST:
        return is_null_of_null(expr->args[0]);
    default:
        return false;
    }
}

/* Writes the function of a predicate over `values`; the column stands for values[j]. */
static void write_predicate(Gen *gen, const Expr *expr, int32_t column, int32_t id)
{
    Emitter outer = gen->emit;
    Place *places = gen->places;
    int32_t column_count = gen->plan->statement->column_count;
    gen->places = ARENA_ARRAY(gen->arena, Place, column_count);
    for (int32_t c = 0; c < column_count; c++)
    {
        gen->places[c] = places[c];
        if (places[c].kind == PLACE_SCAN && places[c].index == column)
            gen->places[c].kind = PLACE_ARGUMENT;
    }
    int32_t memo_count = gen->memo_count;
    gen->memo_count = 0;
    emit_init(&gen->emit, gen->arena, gen->functions);
    emit_line(&gen->emit,
              "static void predicate%d(const Rt *rt, RtWorker *worker, const RtParam *p, const Str *values, int32_t n, "
              "uint8_t *out)",
              id);
    emit_open(&gen->emit, NULL);
    emit_open(&gen->emit, "for (int32_t j = 0; j < n; j++)");
    emit_line(&gen->emit, "out[j] = 0;");
    const char *condition = gen_true(gen, expr);
    emit_line(&gen->emit, "out[j] = %s;", condition);
    emit_close(&gen->emit, "");
    emit_close(&gen->emit, "");
    emit_blank(&gen->emit);
    gen->memo_count = memo_count;
    gen->places = places;
    gen->emit = outer;
}

static void filter_strings(Gen *gen, Expr *const *conjuncts, int32_t count, bool *done)
{
    for (int32_t k = 0; k < count; k++)
    {
        if (done[k] || !is_string_predicate(gen, conjuncts[k]))
            continue;
        int32_t column = only_column(gen, conjuncts[k]);
        /* a predicate that can be true of a null needs the null flags: left to the loop */
        if (scan_column(gen, column)->nullable && !is_null_of_null(conjuncts[k]))
            continue;
        int32_t id = gen->predicate_count++;
        int32_t s = gen->stage;
        write_predicate(gen, conjuncts[k], column, id);
        emit_line(&gen->emit, "m%d = rt->sel_set(rt->scan_flags(scan, %d, predicate%d, %d), %s, m%d, i%d);", s, column, id, id,
                  in_text(gen), s, s);
        selected(gen);
        emit_line(&gen->emit, "if (m%d == 0)", s);
        emit_line(&gen->emit, "    continue;");
        done[k] = true;
    }
}

void gen_filter(Gen *gen, Expr *const *conjuncts, int32_t count)
{
    if (count == 0)
        return;
    bool *done = ARENA_ARRAY(gen->arena, bool, count);
    if (gen->stage == 0 && gen->pipe->spec->source == SOURCE_SCAN)
    {
        filter_ranges(gen, conjuncts, count, done);
        filter_strings(gen, conjuncts, count, done);
    }
    Expr **rest = ARENA_ARRAY(gen->arena, Expr *, count);
    int32_t rest_count = 0;
    for (int32_t k = 0; k < count; k++)
        if (!done[k])
            rest[rest_count++] = conjuncts[k];
    if (rest_count == 0)
        return;
    for (int32_t k = 0; k < rest_count; k++)
        gen_need(gen, rest[k]);
    emit_line(&gen->emit, "int32_t k%d_%d = 0;", gen->stage, gen->filter_count);
    gen_loop_open(gen);
    const char *condition = gen_all_true(gen, rest, rest_count);
    gen_compact(gen, condition);
    gen_loop_close(gen);
    gen_compacted(gen);
}

void gen_must_hold(Gen *gen, Expr *const *conjuncts, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
        gen_need(gen, conjuncts[k]);
    gen_loop_open(gen);
    emit_line(&gen->emit, "if (!%s)", gen_all_true(gen, conjuncts, count));
    emit_line(&gen->emit, "    rt->raise(worker, RT_FAULT_SCALAR_ROWS, 0);");
    gen_loop_close(gen);
}
