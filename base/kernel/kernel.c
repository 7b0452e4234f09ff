/* SPDX-License-Identifier: Apache-2.0 */
/* The lists as tables, and the choice among overloads: the least sum of cast.def's costs wins. */
#include "base/kernel/kernel.h"
#include "base/core/assert.h"
#include "base/data/datetime.h"
#include "base/data/numeric.h"
#include "base/kernel/body.h"

#include <string.h>

#define COST_MISFIT  1000000
#define MEDIAN_SCALE 6

/* The words the .def files use, without their prefixes. */
enum
{
#define TYPE(id, name, oid, wire_length, rep) W_##id = TYPE_##id,
#include "base/data/type.def"
#undef TYPE
    W_NONE = TYPE_NONE,
    W_NUMBER = OPERAND_NUMBER,
    W_ANY = OPERAND_ANY,
    W_INTEGRAL = OPERAND_INTEGRAL,
    W_PAIR = OPERAND_PAIR,
    W_FIRST = RULE_FIRST,
    W_TEXT_FIRST = RULE_TEXT_FIRST,
    W_TEXT_SUM = RULE_TEXT_SUM,
    W_TEXT_MAX = RULE_TEXT_MAX,
    W_DECIMAL_INTEGRAL = RULE_DECIMAL_INTEGRAL,
    W_DECIMAL_WIDE = RULE_DECIMAL_WIDE,
    W_DECIMAL_WHOLE = RULE_DECIMAL_WHOLE,
    W_DECIMAL_CARRY = RULE_DECIMAL_CARRY,
    W_NUMERIC = RULE_NUMERIC,
    W_SUM = RULE_SUM,
    W_AVG = RULE_AVG,
    W_MEDIAN = RULE_MEDIAN,
    W_PART = ARG_PART
};

enum
{
    FLAG_0 = 0,
    FAILS = FUNC_FAILS,
    CAST = FUNC_CAST,
    NULLS = FUNC_NULLS
};

/* (A, B, C) -> {W_A, W_B, W_C} and their count */
#define ARGS_0_()
#define ARGS_1_(a)                                       W_##a
#define ARGS_2_(a, ...)                                  W_##a, ARGS_1_(__VA_ARGS__)
#define ARGS_3_(a, ...)                                  W_##a, ARGS_2_(__VA_ARGS__)
#define ARGS_4_(a, ...)                                  W_##a, ARGS_3_(__VA_ARGS__)
#define ARGS_5_(a, ...)                                  W_##a, ARGS_4_(__VA_ARGS__)
#define ARGS_6_(a, ...)                                  W_##a, ARGS_5_(__VA_ARGS__)
#define ARGS_7_(a, ...)                                  W_##a, ARGS_6_(__VA_ARGS__)
#define ARGS_PICK_(none, a, b, c, d, e, f, g, name, ...) name
#define ARGS_COUNT(...)                                  ARGS_PICK_(0, ##__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1, 0)
#define ARGS_LIST(...)                                                                                                 \
    ARGS_PICK_(0, ##__VA_ARGS__, ARGS_7_, ARGS_6_, ARGS_5_, ARGS_4_, ARGS_3_, ARGS_2_, ARGS_1_, ARGS_0_)(__VA_ARGS__)

static const FuncRow func_rows[FUNC_COUNT] = {
    [FUNC_NONE] = {.name = ""},
#define FUNC(row_id, row_name, row_args, row_result, row_volatility, row_flags, row_body, row_doc)                     \
    [FUNC_##row_id] = {.id = FUNC_##row_id,                                                                            \
                       .name = row_name,                                                                               \
                       .arg_count = ARGS_COUNT row_args,                                                               \
                       .args = {ARGS_LIST row_args},                                                                   \
                       .result = W_##row_result,                                                                       \
                       .volatility = VOLATILITY_##row_volatility,                                                      \
                       .flags = row_flags,                                                                             \
                       .body = (void (*)(void)) row_body,                                                              \
                       .doc = row_doc},
#include "base/kernel/func.def"
#undef FUNC
};

static void *const bodies[FUNC_COUNT] = {
#define FUNC(row_id, name, args, result, volatility, flags, body, doc) [FUNC_##row_id] = (void *) body,
#include "base/kernel/func.def"
#undef FUNC
};

static const CastRow cast_rows[] = {
#define CAST(from, to, context, cost, func) {TYPE_##from, TYPE_##to, CAST_##context, cost, FUNC_##func},
#include "base/kernel/cast.def"
#undef CAST
};

static const OperRow oper_rows[OPER_COUNT] = {
    [OPER_NONE] = {.symbol = ""},
#define OPER(id, symbol, left, right, result, func, doc)                                                               \
    [OPER_##id] = {OPER_##id, symbol, W_##left, W_##right, W_##result, FUNC_##func, doc},
#include "base/kernel/oper.def"
#undef OPER
};

static const AggRow agg_rows[AGG_COUNT_OF] = {
    [AGG_NONE] = {.name = ""},
#define AGG(id, name, arg, result, doc) [AGG_##id] = {AGG_##id, name, W_##arg, W_##result, doc},
#include "base/kernel/agg.def"
#undef AGG
};

const FuncRow *func_row(FuncId id)
{
    ASSERT((unsigned) id < FUNC_COUNT);
    return &func_rows[id];
}

void *const *func_bodies(void)
{
    return bodies;
}

/* ---- casts ------------------------------------------------------------------------ */

const CastRow *cast_find(TypeId from, TypeId to)
{
    for (size_t i = 0; i < sizeof cast_rows / sizeof *cast_rows; i++)
        if (cast_rows[i].from == from && cast_rows[i].to == to)
            return &cast_rows[i];
    return NULL;
}

bool cast_allowed(TypeId from, TypeId to, CastContext context)
{
    if (from == to)
        return true;
    const CastRow *row = cast_find(from, to);
    return row != NULL && row->context <= context;
}

/* What it costs to give an argument of type `from` where a row wants `to`. */
static int32_t cast_cost(SqlType from, uint8_t to)
{
    if (to == OPERAND_ANY)
        return 0;
    if (to == OPERAND_NUMBER)
        return type_is_number(from) ? 0 : COST_MISFIT;
    if (to == OPERAND_INTEGRAL)
        return type_is_integer(from) ? 0 : COST_MISFIT;
    if (to == ARG_PART)
        return type_is_string(from) ? 0 : COST_MISFIT;
    if (from.id == to)
        return 0;
    const CastRow *row = cast_find((TypeId) from.id, (TypeId) to);
    return row == NULL || row->context != CAST_IMPLICIT ? COST_MISFIT : row->cost;
}

/* The type a row's argument asks for, with parameters taken from what is given. */
static SqlType wanted_type(SqlType given, uint8_t wanted)
{
    if (wanted == ARG_PART)
        return type_make(TYPE_NONE);
    if (wanted == OPERAND_ANY || wanted == OPERAND_NUMBER || wanted == OPERAND_INTEGRAL || given.id == wanted)
        return given.id == TYPE_UNKNOWN ? type_varchar(given.length) : given;
    if (wanted == TYPE_VARCHAR)
        return type_varchar(type_is_string(given) ? given.length : 0);
    if (wanted != TYPE_DECIMAL)
        return type_make((TypeId) wanted);
    switch (given.id)
    {
    case TYPE_SMALLINT:
        return type_decimal(5, 0);
    case TYPE_INTEGER:
        return type_decimal(10, 0);
    case TYPE_BIGINT:
        return type_decimal(19, 0);
    default:
        return type_decimal(DECIMAL_PRECISION_MAX, 10);
    }
}

/* ---- result types -------------------------------------------------------------------- */

static int32_t length_capped(int64_t length)
{
    return length > VARCHAR_LENGTH_MAX ? VARCHAR_LENGTH_MAX : (int32_t) length;
}

static SqlType text_sum(const SqlType *args, int32_t count)
{
    int64_t length = 0;
    for (int32_t i = 0; i < count; i++)
    {
        if (args[i].length == 0)
            return type_varchar(0);
        length += args[i].length;
    }
    return type_varchar(length_capped(length));
}

static SqlType sum_type(SqlType arg)
{
    if (type_is_integer(arg))
        return type_make(TYPE_BIGINT);
    if (arg.id == TYPE_DECIMAL)
        return type_decimal(DECIMAL_PRECISION_MAX, arg.scale);
    return type_make(TYPE_DOUBLE);
}

/* Between two whole numbers there is room for six digits. */
static SqlType median_type(SqlType arg)
{
    if (type_is_integer(arg))
        return type_decimal(DECIMAL_PRECISION_MAX, MEDIAN_SCALE);
    if (arg.id == TYPE_DECIMAL)
        return type_decimal(DECIMAL_PRECISION_MAX, arg.scale > MEDIAN_SCALE ? arg.scale : MEDIAN_SCALE);
    return arg.id == TYPE_REAL ? type_make(TYPE_DOUBLE) : arg;
}

static SqlType decimal_integral(SqlType arg)
{
    int32_t precision = arg.precision - arg.scale + 1;
    return type_decimal(precision > DECIMAL_PRECISION_MAX ? DECIMAL_PRECISION_MAX : precision, 0);
}

static Error *result_type(uint8_t rule, char op, const SqlType *args, int32_t count, SqlType *result)
{
    SqlType first = count > 0 ? args[0] : type_make(TYPE_NONE);
    switch (rule)
    {
    case RULE_FIRST:
        *result = first;
        return NULL;
    case RULE_TEXT_FIRST:
        *result = type_varchar(first.length);
        return NULL;
    case RULE_TEXT_SUM:
        *result = text_sum(args, count);
        return NULL;
    case RULE_TEXT_MAX:
        *result = type_varchar(VARCHAR_LENGTH_MAX);
        return NULL;
    case RULE_DECIMAL_INTEGRAL:
        *result = decimal_integral(first);
        return NULL;
    case RULE_DECIMAL_WIDE:
        *result = type_decimal(DECIMAL_PRECISION_MAX, 10);
        return NULL;
    case RULE_DECIMAL_WHOLE:
        *result = type_decimal(DECIMAL_PRECISION_MAX, 0);
        return NULL;
    case RULE_DECIMAL_CARRY:
        *result =
            type_decimal(first.precision < DECIMAL_PRECISION_MAX ? first.precision + 1 : first.precision, first.scale);
        return NULL;
    case RULE_NUMERIC:
        ASSERT(count == 2);
        return numeric_result_type(op, args[0], args[1], result);
    case RULE_SUM:
    case RULE_AVG:
        *result = sum_type(first);
        return NULL;
    case RULE_MEDIAN:
        *result = median_type(first);
        return NULL;
    default:
        *result = type_make((TypeId) rule);
        return NULL;
    }
}

/* ---- functions -------------------------------------------------------------------------- */

bool func_exists(const char *name)
{
    for (int32_t i = 1; i < FUNC_COUNT; i++)
        if (name[0] != '\0' && strcmp(func_rows[i].name, name) == 0)
            return true;
    return false;
}

static Error *no_function(const char *kind, const char *name, const SqlType *args, int32_t count)
{
    Text text;
    text_init(&text, NULL);
    for (int32_t i = 0; i < count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : ", ", type_name(args[i]));
    Error *error = error_new(SQLSTATE_UNDEFINED_FUNCTION, "%s %s(%s) does not exist", kind, name, text.data);
    text_free(&text);
    return error_hint(
        error, "No %s matches the given name and argument types. You might need to add explicit type casts.", kind);
}

static int32_t row_cost(const FuncRow *row, const SqlType *args)
{
    int32_t cost = 0;
    for (int32_t i = 0; i < row->arg_count && cost < COST_MISFIT; i++)
        cost += cast_cost(args[i], row->args[i]);
    return cost;
}

Error *func_resolve(const char *name, const SqlType *args, int32_t arg_count, FuncMatch *match)
{
    const FuncRow *best = NULL;
    int32_t best_cost = COST_MISFIT;
    memset(match, 0, sizeof *match);
    for (int32_t i = 1; i < FUNC_COUNT; i++)
    {
        const FuncRow *row = &func_rows[i];
        if (row->name[0] == '\0' || row->arg_count != arg_count || strcmp(row->name, name) != 0)
            continue;
        int32_t cost = row_cost(row, args);
        if (cost < best_cost)
        {
            best = row;
            best_cost = cost;
        }
    }
    if (best == NULL)
        return no_function("function", name, args, arg_count);
    match->row = best;
    for (int32_t i = 0; i < arg_count; i++)
        match->args[i] = wanted_type(args[i], best->args[i]);
    return result_type(best->result, '%', match->args, arg_count, &match->result);
}

void func_match_refine(FuncMatch *match, int32_t arg, int64_t value)
{
    SqlType from = match->args[0];
    bool keeps = match->row->id == FUNC_ROUND_DECIMAL_TO || match->row->id == FUNC_TRUNC_DECIMAL_TO;
    if (!keeps || arg != 1)
        return;
    int32_t scale = value < 0 ? 0 : value > from.scale ? from.scale : (int32_t) value;
    int32_t precision = from.precision - from.scale + 1 + scale;
    match->result = type_decimal(precision > DECIMAL_PRECISION_MAX ? DECIMAL_PRECISION_MAX : precision, scale);
}

void func_match_refine_text(FuncMatch *match, int32_t arg, Str value)
{
    int32_t precision, scale;
    if (match->row->id != FUNC_TO_NUMBER || arg != 1 || !number_format_digits(value, &precision, &scale))
        return;
    if (precision > 0 && precision <= DECIMAL_PRECISION_MAX)
        match->result = type_decimal(precision, scale);
}

/* ---- operators ---------------------------------------------------------------------------- */

static Error *no_operator(const char *symbol, const SqlType *left, SqlType right)
{
    return error_hint(
        error_new(SQLSTATE_UNDEFINED_FUNCTION, "operator does not exist: %s%s%s %s",
                  left == NULL ? "" : type_name(*left), left == NULL ? "" : " ", symbol, type_name(right)),
        "No operator matches the given name and argument types. You might need to add explicit type casts.");
}

/* An untyped literal beside a number is one; NUMBER takes it at a price. */
static int32_t operand_cost(SqlType given, uint8_t wanted, bool unknown_fits)
{
    if (wanted == OPERAND_NUMBER && given.id == TYPE_UNKNOWN)
        return unknown_fits ? 5 : COST_MISFIT;
    if (wanted == OPERAND_NUMBER && type_is_string(given))
        return unknown_fits ? 31 : COST_MISFIT;
    return cast_cost(given, wanted);
}

static int32_t oper_cost(const OperRow *row, const SqlType *left, SqlType right)
{
    if ((row->left == TYPE_NONE) != (left == NULL))
        return COST_MISFIT;
    if (left == NULL)
        return operand_cost(right, row->right, true);
    return operand_cost(*left, row->left, type_is_number(right)) +
           operand_cost(right, row->right, type_is_number(*left));
}

/* A string beside a number takes its type, or DECIMAL-like width for text columns. */
static SqlType number_type(SqlType given, SqlType other)
{
    if (!type_is_string(given))
        return given;
    return type_is_number(other) ? other : type_make(TYPE_DOUBLE);
}

static Error *match_operands(const OperRow *row, const SqlType *left, SqlType right, OperMatch *match)
{
    match->row = row;
    if (row->left == OPERAND_ANY)
    {
        SqlType common;
        Error *error = type_common(*left, right, &common);
        if (error != NULL)
        {
            error_free(error);
            return no_operator(row->symbol, left, right);
        }
        match->left = common;
        match->right = common;
    }
    else if (row->right == OPERAND_NUMBER)
    {
        match->left = left == NULL ? type_make(TYPE_NONE) : number_type(*left, right);
        match->right = number_type(right, left == NULL ? right : *left);
    }
    else
    {
        match->left = left == NULL ? type_make(TYPE_NONE) : wanted_type(*left, row->left);
        match->right = wanted_type(right, row->right);
    }
    SqlType both[2] = {match->left, match->right};
    if (left == NULL)
        return result_type(row->result, row->symbol[0], &match->right, 1, &match->result);
    return result_type(row->result, row->symbol[0], both, 2, &match->result);
}

Error *oper_resolve(const char *symbol, const SqlType *left, SqlType right, OperMatch *match)
{
    const OperRow *best = NULL;
    int32_t best_cost = COST_MISFIT;
    memset(match, 0, sizeof *match);
    if (strcmp(symbol, "!=") == 0)
        symbol = "<>";
    for (int32_t i = 1; i < OPER_COUNT; i++)
    {
        if (strcmp(oper_rows[i].symbol, symbol) != 0)
            continue;
        int32_t cost = oper_cost(&oper_rows[i], left, right);
        if (cost < best_cost)
        {
            best = &oper_rows[i];
            best_cost = cost;
        }
    }
    if (best == NULL)
        return no_operator(symbol, left, right);
    return match_operands(best, left, right, match);
}

/* ---- aggregates ----------------------------------------------------------------------------- */

const AggRow *agg_row(AggId id)
{
    ASSERT(id < AGG_COUNT_OF);
    return &agg_rows[id];
}

bool agg_exists(const char *name)
{
    for (int32_t i = 1; i < AGG_COUNT_OF; i++)
        if (strcmp(agg_rows[i].name, name) == 0)
            return true;
    return false;
}

/* Unlike an operator's operand, a text is never taken for a number. */
static bool agg_takes(const AggRow *row, SqlType arg)
{
    if (row->id == AGG_MEDIAN || row->id == AGG_PERCENTILE_CONT)
        return type_is_number(arg) || (!type_is_string(arg) && arg.id != TYPE_BOOLEAN);
    if (row->arg == OPERAND_ANY || row->arg == arg.id)
        return true;
    if (row->arg == TYPE_DOUBLE || row->arg == OPERAND_PAIR)
        return type_is_number(arg);
    return !type_is_string(arg) && cast_cost(arg, row->arg) < COST_MISFIT;
}

static const AggRow *agg_meant(const AggRow *row)
{
    switch (row->id)
    {
    case AGG_EVERY:
        return &agg_rows[AGG_BOOL_AND];
    case AGG_REGR_COUNT:
        return &agg_rows[AGG_COUNT];
    case AGG_STDDEV:
        return &agg_rows[AGG_STDDEV_SAMP];
    case AGG_STRING_AGG:
        return &agg_rows[AGG_LISTAGG];
    case AGG_VARIANCE:
        return &agg_rows[AGG_VAR_SAMP];
    default:
        return row;
    }
}

bool agg_takes_pair(const char *name)
{
    for (int32_t i = 1; i < AGG_COUNT_OF; i++)
        if (agg_rows[i].arg == OPERAND_PAIR && strcmp(agg_rows[i].name, name) == 0)
            return true;
    return false;
}

int32_t agg_state_columns(AggId id)
{
    switch (id)
    {
    case AGG_STDDEV_POP:
    case AGG_STDDEV_SAMP:
    case AGG_VAR_POP:
    case AGG_VAR_SAMP:
        return 3;
    default:
        return agg_rows[id].arg == OPERAND_PAIR ? AGG_STATES_MAX : 1;
    }
}

static bool agg_takes_all(const AggRow *row, const SqlType *args, int32_t count)
{
    if (count != (row->arg == TYPE_NONE ? 0 : row->arg == OPERAND_PAIR ? 2 : 1))
        return false;
    for (int32_t i = 0; i < count; i++)
        if (!agg_takes(row, args[i]))
            return false;
    return true;
}

Error *agg_resolve(const char *name, const SqlType *args, int32_t arg_count, AggMatch *match)
{
    memset(match, 0, sizeof *match);
    for (int32_t i = 1; i < AGG_COUNT_OF; i++)
    {
        const AggRow *row = &agg_rows[i];
        if (strcmp(row->name, name) != 0 || !agg_takes_all(row, args, arg_count))
            continue;
        match->row = agg_meant(row);
        if (arg_count == 0)
            return result_type(row->result, '+', NULL, 0, &match->result);
        bool own = row->arg == OPERAND_NUMBER;
        match->arg = own ? args[0] : wanted_type(args[0], row->arg == OPERAND_PAIR ? TYPE_DOUBLE : row->arg);
        TRY(result_type(row->result, '+', &match->arg, 1, &match->result));
        if (row->result == RULE_MEDIAN)
            match->arg = match->result;
        return NULL;
    }
    return no_function("function", name, args, arg_count);
}
