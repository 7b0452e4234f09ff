/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions: columns, constants, comparisons, three-valued logic, CASE.
 *
 * gen_value() gives a value and its null flag; gen_true() and gen_false() give
 * plain C conditions, so a WHERE pays nothing for the third truth value.  A
 * part that must not run unless needed (the branches of CASE, the right side
 * of AND when it needs statements of its own) is captured and placed inside an if.
 */
#include "base/core/assert.h"
#include "src/codegen/gen.h"

#include <stdio.h>
#include <string.h>

void gen_fail(Gen *gen, Error *error)
{
    if (gen->error == NULL)
        gen->error = error;
    else
        error_free(error);
}

const char *gen_text(Gen *gen, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list copy;
    va_copy(copy, arguments);
    int length = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    char *text = arena_alloc(gen->arena, (size_t) length + 1);
    vsnprintf(text, (size_t) length + 1, format, arguments);
    va_end(arguments);
    return text;
}

const char *gen_temp(Gen *gen, const char *prefix)
{
    return gen_text(gen, "%s%d", prefix, gen->temp_count++);
}

void gen_forget(Gen *gen)
{
    gen->memo_count = 0;
}

const char *rep_c_type(Rep rep)
{
    static const char *const names[REP_COUNT] = {
        [REP_I8] = "int8_t", [REP_I16] = "int16_t", [REP_I32] = "int32_t", [REP_I64] = "int64_t",     [REP_I128] = "I128",
        [REP_F32] = "float", [REP_F64] = "double",  [REP_STR] = "Str",     [REP_INTERVAL] = "Interval"};
    return names[rep];
}

/* The Rep a value has inside an expression. */
static Rep working_rep(Rep rep)
{
    if (rep <= REP_I64)
        return REP_I64;
    return rep == REP_F32 ? REP_F64 : rep;
}

int32_t gen_param(Gen *gen, SqlType type, const Datum *value)
{
    return plan_param(gen->plan, type, *value);
}

static Val literal(Gen *gen, const Expr *expr)
{
    Rep rep = working_rep(type_rep(expr->type));
    int32_t index = gen_param(gen, expr->type, &expr->value);
    static const char *const members[REP_COUNT] = {
        [REP_I64] = "i", [REP_I128] = "w", [REP_F64] = "f", [REP_STR] = "s", [REP_INTERVAL] = "v"};
    return (Val){rep, gen_text(gen, "p[%d].%s", index, members[rep]), expr->value.null ? "1" : NULL};
}

static Val column_value(Gen *gen, const Expr *expr);

static Val field_value(Gen *gen, const RowLayout *layout, int32_t index, const char *row, bool outer)
{
    const RowField *field = &layout->fields[index];
    Rep rep = working_rep((Rep) field->rep);
    const char *access = gen_text(gen, "%s->f%d", row, index);
    const char *null = NULL;
    if (outer)
    {
        null = field->null_offset >= 0 ? gen_text(gen, "(!%s || %s->f%d_null)", row, row, index) : gen_text(gen, "!%s", row);
        if (rep == REP_I64 || rep == REP_F64)
            access = gen_text(gen, "(%s ? (%s) %s : 0)", row, rep_c_type(rep), access);
        else
        {
            const char *temp = gen_temp(gen, "v");
            emit_line(&gen->emit, "static const %s %s_none;", rep_c_type(rep), temp);
            access = gen_text(gen, "(*(%s ? &%s : &%s_none))", row, access, temp);
        }
    }
    else if (field->null_offset >= 0)
        null = gen_text(gen, "%s->f%d_null", row, index);
    if (rep == REP_I64 && field->rep != REP_I64 && !outer)
        access = gen_text(gen, "(int64_t) %s", access);
    return (Val){rep, access, null};
}

static Val column_value(Gen *gen, const Expr *expr)
{
    const Place *place = &gen->places[expr->column];
    const Spec *spec = gen->plan->spec;
    switch (place->kind)
    {
    case PLACE_SCAN:
    {
        const SpecColumn *column = &spec->scans[gen->pipe->spec->source_index].columns[place->index];
        Rep rep = working_rep((Rep) column->rep);
        const char *cast = rep == REP_I64 && column->rep != REP_I64 ? "(int64_t) " : "";
        return (Val){rep, gen_text(gen, "%sc%d[i]", cast, place->index),
                     column->nullable ? gen_text(gen, "n%d[i]", place->index) : NULL};
    }
    case PLACE_SOURCE:
    {
        const RowLayout *layout = gen->pipe->spec->source == SOURCE_VALUES
                                      ? spec->values[gen->pipe->spec->source_index].layout
                                      : spec->stores[gen->pipe->spec->source_index].layout;
        return field_value(gen, layout, place->index, "row", false);
    }
    case PLACE_BUILD:
        return field_value(gen, spec->stores[place->store].layout, place->index, gen_text(gen, "r%d", place->store),
                           place->outer);
    case PLACE_EXPR:
        return gen_value(gen, place->expr);
    case PLACE_ARGUMENT:
        return (Val){REP_STR, "values[j]", NULL};
    case PLACE_NONE:
        break;
    }
    gen_fail(gen, error_new(SQLSTATE_INTERNAL_ERROR, "column %d (\"%s\") is not available in pipeline \"%s\"", expr->column,
                            gen->plan->statement->columns[expr->column].name, gen->pipe->spec->label));
    return (Val){working_rep(type_rep(expr->type)), "0", NULL};
}

const char *gen_any_null(Gen *gen, const Val *values, int32_t count)
{
    const char *text = NULL;
    for (int32_t k = 0; k < count; k++)
        if (values[k].null != NULL)
            text = text == NULL ? values[k].null : gen_text(gen, "(%s || %s)", text, values[k].null);
    return text;
}

void gen_assign(Gen *gen, Rep rep, const char *target, Val value)
{
    if (rep == REP_I128 && value.rep == REP_I64)
        emit_line(&gen->emit, "WIDE_SET(%s, %s);", target, value.code);
    else if (rep <= REP_I64 && value.rep == REP_I128)
        emit_line(&gen->emit, "%s = (%s) (int64_t) %s.lo;", target, rep_c_type(rep), value.code);
    else if (rep < REP_I64 || rep == REP_F32)
        emit_line(&gen->emit, "%s = (%s) (%s);", target, rep_c_type(rep), value.code);
    else
        emit_line(&gen->emit, "%s = %s;", target, value.code);
}

Val gen_wide(Gen *gen, Val value)
{
    if (value.rep == REP_I128)
        return value;
    const char *temp = gen_temp(gen, "w");
    emit_line(&gen->emit, "I128 %s;", temp);
    gen_assign(gen, REP_I128, temp, value);
    return (Val){REP_I128, temp, value.null};
}

Val gen_comparable(Gen *gen, Val value)
{
    if (value.rep != REP_INTERVAL)
        return value;
    const char *temp = gen_temp(gen, "w");
    emit_line(&gen->emit, "I128 %s = interval_span(rt, worker, &%s);", temp, value.code);
    return (Val){REP_I128, temp, value.null};
}

Val gen_narrow(Gen *gen, Val value)
{
    if (value.rep != REP_I128)
        return value;
    return (Val){REP_I64, gen_text(gen, "(int64_t) %s.lo", value.code), value.null};
}

/* --- conditions ----------------------------------------------------------- */

static const char *and_text(Gen *gen, const char *a, const char *b)
{
    if (a == NULL)
        return b;
    return b == NULL ? a : gen_text(gen, "(%s && %s)", a, b);
}

static const char *not_null_and(Gen *gen, const char *null, const char *condition)
{
    return null == NULL ? condition : gen_text(gen, "(!(%s) && %s)", null, condition);
}

/* all(conditions) or none(conditions): each evaluated only if the ones before allow it. */
static const char *chain(Gen *gen, Expr *const *args, int32_t count, const char *(*part)(Gen *, const Expr *), bool any)
{
    Capture *captures = arena_alloc(gen->arena, sizeof(Capture) * (size_t) count);
    const char **conditions = arena_alloc(gen->arena, sizeof(char *) * (size_t) count);
    bool plain = true;
    for (int32_t k = 0; k < count; k++)
    {
        capture_begin(&gen->emit, &captures[k]);
        gen->nest += k > 0;
        gen->emit.indent += k;
        conditions[k] = part(gen, args[k]);
        gen->emit.indent -= k;
        gen->nest -= k > 0;
        capture_end(&gen->emit, &captures[k]);
        plain = plain && (k == 0 || captures[k].text.length == 0);
    }
    emit_text(&gen->emit, &captures[0].text);
    if (plain)
    {
        Text text;
        text_init(&text, gen->arena);
        for (int32_t k = 0; k < count; k++)
            text_printf(&text, "%s%s", k == 0 ? "(" : any ? " || " : " && ", conditions[k]);
        text_putc(&text, ')');
        return text.data;
    }
    const char *flag = gen_temp(gen, "t");
    emit_line(&gen->emit, "int32_t %s = %d;", flag, any);
    for (int32_t k = 0; k < count; k++)
    {
        if (k > 0)
            emit_text(&gen->emit, &captures[k].text);
        emit_open(&gen->emit, any ? "if (!(%s))" : "if (%s)", conditions[k]);
    }
    emit_line(&gen->emit, "%s = %d;", flag, !any);
    for (int32_t k = 0; k < count; k++)
        emit_close(&gen->emit, "");
    return flag;
}

const char *gen_all_true(Gen *gen, Expr *const *exprs, int32_t count)
{
    ASSERT(count > 0);
    return count == 1 ? gen_true(gen, exprs[0]) : chain(gen, exprs, count, gen_true, false);
}

static const char *c_operator(char op, bool truth)
{
    switch (op)
    {
    case '=':
        return truth ? "==" : "!=";
    case '!':
        return truth ? "!=" : "==";
    case '<':
        return truth ? "<" : ">=";
    case '>':
        return truth ? ">" : "<=";
    case 'l':
        return truth ? "<=" : ">";
    default:
        ASSERT(op == 'g');
        return truth ? ">=" : "<";
    }
}

static const char *compare_text(Gen *gen, char op, bool truth, Val a, Val b)
{
    const char *c = c_operator(op, truth);
    a = gen_comparable(gen, a);
    b = gen_comparable(gen, b);
    if (a.rep == REP_STR)
        return gen_text(gen, "(rt->str_compare(&%s, &%s) %s 0)", a.code, b.code, c);
    if (a.rep == REP_F64 || b.rep == REP_F64)
        return gen_text(gen, "(f64_compare(%s, %s) %s 0)", a.code, b.code, c);
    if (a.rep == REP_I128 || b.rep == REP_I128)
    {
        a = gen_wide(gen, a);
        b = gen_wide(gen, b);
        return gen_text(gen, "(rt->i128_compare(&%s, &%s) %s 0)", a.code, b.code, c);
    }
    return gen_text(gen, "(%s %s %s)", a.code, c, b.code);
}

static const char *compare(Gen *gen, const Expr *expr, bool truth)
{
    Val values[2] = {gen_value(gen, expr->args[0]), gen_value(gen, expr->args[1])};
    const char *condition = compare_text(gen, expr->op, truth, values[0], values[1]);
    return not_null_and(gen, gen_any_null(gen, values, 2), condition);
}

static const char *like_test(Gen *gen, const Expr *expr, bool truth)
{
    const Expr *pattern = expr->args[1];
    Val value = gen_value(gen, expr->args[0]);
    if (pattern->kind != EXPR_CONST)
    {
        const Expr *args[2] = {expr->args[0], pattern};
        Val result = gen_call(gen, expr, expr->insensitive ? FUNC_ILIKE : FUNC_LIKE, args, 2, NULL);
        return not_null_and(gen, result.null, gen_text(gen, truth ? "(%s)" : "!(%s)", result.code));
    }
    int32_t index = plan_param_like(gen->plan, pattern->value, expr->insensitive);
    const char *test = gen_text(gen, "%srt->like(&p[%d], &%s)", truth ? "" : "!", index, value.code);
    return not_null_and(gen, and_text(gen, NULL, value.null), pattern->value.null ? "0" : test);
}

/* x IN (constants): null if x is null, or not found and one of the constants is null. */
static const char *in_test(Gen *gen, const Expr *expr, bool truth)
{
    Val value = gen_value(gen, expr->args[0]);
    bool has_null = false;
    for (int32_t k = 1; k < expr->arg_count; k++)
        has_null = has_null || expr->args[k]->value.null;
    if (!truth && has_null)
        return "0";
    SqlType type = expr->args[0]->type;
    int32_t index = plan_param_set(gen->plan, type, expr->args + 1, expr->arg_count - 1);
    if (type_rep(type) == REP_I128)
        value = gen_wide(gen, value);
    const char *at = value.code;
    if (value.rep == REP_I64 || value.rep == REP_F64)
    {
        at = gen_temp(gen, "v");
        emit_line(&gen->emit, "%s %s = %s;", rep_c_type(value.rep), at, value.code);
    }
    return not_null_and(gen, value.null, gen_text(gen, "%srt->in_set(&p[%d], &%s)", truth ? "" : "!", index, at));
}

static const char *truth_of_value(Gen *gen, const Expr *expr, bool truth)
{
    Val value = gen_value(gen, expr);
    return not_null_and(gen, value.null, gen_text(gen, truth ? "(%s)" : "!(%s)", value.code));
}

const char *gen_true(Gen *gen, const Expr *expr)
{
    switch (expr->kind)
    {
    case EXPR_AND:
        return chain(gen, expr->args, expr->arg_count, gen_true, false);
    case EXPR_OR:
        return chain(gen, expr->args, expr->arg_count, gen_true, true);
    case EXPR_NOT:
        return gen_false(gen, expr->args[0]);
    case EXPR_COMPARE:
        return compare(gen, expr, true);
    case EXPR_LIKE:
        return like_test(gen, expr, true);
    case EXPR_IN_LIST:
        return in_test(gen, expr, true);
    case EXPR_IS_TRUE:
        return gen_true(gen, expr->args[0]);
    case EXPR_IS_NULL:
    {
        Val value = gen_value(gen, expr->args[0]);
        return value.null == NULL ? "0" : gen_text(gen, "(%s)", value.null);
    }
    default:
        return truth_of_value(gen, expr, true);
    }
}

const char *gen_false(Gen *gen, const Expr *expr)
{
    switch (expr->kind)
    {
    case EXPR_AND:
        return chain(gen, expr->args, expr->arg_count, gen_false, true);
    case EXPR_OR:
        return chain(gen, expr->args, expr->arg_count, gen_false, false);
    case EXPR_NOT:
        return gen_true(gen, expr->args[0]);
    case EXPR_COMPARE:
        return compare(gen, expr, false);
    case EXPR_LIKE:
        return like_test(gen, expr, false);
    case EXPR_IN_LIST:
        return in_test(gen, expr, false);
    case EXPR_IS_TRUE:
        return gen_text(gen, "!%s", gen_true(gen, expr->args[0]));
    case EXPR_IS_NULL:
    {
        Val value = gen_value(gen, expr->args[0]);
        return value.null == NULL ? "1" : gen_text(gen, "!(%s)", value.null);
    }
    default:
        return truth_of_value(gen, expr, false);
    }
}

/* A condition as a boolean value. */
static Val boolean_value(Gen *gen, const Expr *expr)
{
    const char *value = gen_temp(gen, "b");
    const char *truth = gen_true(gen, expr);
    emit_line(&gen->emit, "int64_t %s = %s;", value, truth);
    if (!expr->nullable)
        return (Val){REP_I64, value, NULL};
    const char *falsehood = gen_false(gen, expr);
    const char *null = gen_text(gen, "%s_null", value);
    emit_line(&gen->emit, "int32_t %s = !%s && !%s;", null, value, falsehood);
    return (Val){REP_I64, value, null};
}

/* --- choices ---------------------------------------------------------------- */

typedef struct Target
{
    Rep rep;
    const char *name;
    const char *null; /* NULL: the result is never null */
} Target;

static Target target_declare(Gen *gen, const Expr *expr)
{
    Rep rep = working_rep(type_rep(expr->type));
    __int128 least, most;
    if (rep == REP_I128 && gen_bounds(gen, expr, &least, &most) && least >= INT64_MIN && most <= INT64_MAX)
        rep = REP_I64;
    Target target = {rep, gen_temp(gen, "v"), NULL};
    emit_line(&gen->emit, "%s %s%s;", rep_c_type(rep), target.name, rep == REP_I64 || rep == REP_F64 ? " = 0" : " = {0}");
    if (expr->nullable)
    {
        target.null = gen_text(gen, "%s_null", target.name);
        emit_line(&gen->emit, "int32_t %s = 0;", target.null);
    }
    return target;
}

static void target_set(Gen *gen, const Target *target, const Expr *expr)
{
    if (expr->kind == EXPR_CONST && expr->value.null)
    {
        if (target->null != NULL)
            emit_line(&gen->emit, "%s = 1;", target->null);
        return;
    }
    Val value = gen_value(gen, expr);
    gen_assign(gen, target->rep, target->name, value);
    if (target->null != NULL && value.null != NULL)
        emit_line(&gen->emit, "%s = %s;", target->null, value.null);
}

static Val case_value(Gen *gen, const Expr *expr)
{
    Target target = target_declare(gen, expr);
    int32_t opened = 0;
    for (int32_t k = 0; k + 1 < expr->arg_count; k += 2)
    {
        gen->nest += k > 0;
        const char *condition = gen_true(gen, expr->args[k]);
        gen->nest -= k > 0;
        gen->nest++;
        emit_open(&gen->emit, "if (%s)", condition);
        target_set(gen, &target, expr->args[k + 1]);
        emit_close(&gen->emit, "");
        emit_open(&gen->emit, "else");
        gen->nest--;
        opened++;
    }
    gen->nest++;
    target_set(gen, &target, expr->args[expr->arg_count - 1]);
    gen->nest--;
    for (int32_t k = 0; k < opened; k++)
        emit_close(&gen->emit, "");
    return (Val){target.rep, target.name, target.null};
}

static Val coalesce_value(Gen *gen, const Expr *expr)
{
    Target target = target_declare(gen, expr);
    const char *missing = gen_temp(gen, "t");
    emit_line(&gen->emit, "int32_t %s = 1;", missing);
    gen->nest++;
    for (int32_t k = 0; k < expr->arg_count; k++)
    {
        emit_open(&gen->emit, "if (%s)", missing);
        Val value = gen_value(gen, expr->args[k]);
        emit_open(&gen->emit, "if (!(%s))", value.null == NULL ? "0" : value.null);
        gen_assign(gen, target.rep, target.name, value);
        emit_line(&gen->emit, "%s = 0;", missing);
        emit_close(&gen->emit, "");
        emit_close(&gen->emit, "");
    }
    gen->nest--;
    if (target.null != NULL)
        emit_line(&gen->emit, "%s = %s;", target.null, missing);
    return (Val){target.rep, target.name, target.null};
}

static Val nullif_value(Gen *gen, const Expr *expr)
{
    Val values[2] = {gen_value(gen, expr->args[0]), gen_value(gen, expr->args[1])};
    const char *equal = compare_text(gen, '=', true, values[0], values[1]);
    equal = not_null_and(gen, gen_any_null(gen, values, 2), equal);
    const char *null = gen_temp(gen, "t");
    emit_line(&gen->emit, "int32_t %s = %s || %s;", null, values[0].null == NULL ? "0" : values[0].null, equal);
    return (Val){values[0].rep, values[0].code, null};
}

static Val value_of(Gen *gen, const Expr *expr)
{
    switch (expr->kind)
    {
    case EXPR_COLUMN:
        return column_value(gen, expr);
    case EXPR_CONST:
        return literal(gen, expr);
    case EXPR_ARITH:
        return gen_arith(gen, expr);
    case EXPR_NEGATE:
        return gen_negate(gen, expr);
    case EXPR_CASE:
        return case_value(gen, expr);
    case EXPR_COALESCE:
        return coalesce_value(gen, expr);
    case EXPR_NULLIF:
        return nullif_value(gen, expr);
    case EXPR_CAST:
        return gen_cast(gen, expr);
    case EXPR_FUNC:
        return gen_call(gen, expr, expr->func, (const Expr *const *) expr->args, expr->arg_count, NULL);
    case EXPR_SUBQUERY:
        gen_fail(gen, error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "this form of subquery is not supported"),
                               expr->position));
        return (Val){REP_I64, "0", NULL};
    default:
        return boolean_value(gen, expr);
    }
}

Val gen_value(Gen *gen, const Expr *expr)
{
    bool column = expr->kind == EXPR_COLUMN;
    if (expr->kind == EXPR_CONST)
        return literal(gen, expr);
    for (int32_t k = 0; k < gen->memo_count; k++)
        if (gen->memos[k].expr == expr || (column && gen->memos[k].column == expr->column))
            return gen->memos[k].value;
    Val value = value_of(gen, expr);
    if (gen->nest == 0 && gen->memo_count < MEMO_MAX)
    {
        if (value.rep == REP_I64 || value.rep == REP_F64)
        {
            const char *temp = gen_temp(gen, "x");
            emit_line(&gen->emit, "%s %s = %s;", rep_c_type(value.rep), temp, value.code);
            value.code = temp;
        }
        gen->memos[gen->memo_count++] = (Memo){expr, column ? expr->column : -1, value};
    }
    return value;
}
