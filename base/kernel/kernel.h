/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of SQL functions, and how a name and argument types find one.
 *
 * Five lists are the index: func.def (functions), oper.def (operators),
 * agg.def (aggregates), cast.def (casts) and, for batches, sel.h.
 *
 * How generated code calls a body (plain C, so libtcc and gcc agree):
 *
 *     string result:   void body(Arena *arena, Str *result, ARGS..., Error **error)
 *     DECIMAL result:  void body(I128 *result, int32_t result_scale, ARGS..., Error **error)
 *     INTERVAL result: void body(Interval *result, ARGS..., Error **error)
 *     REAL, DOUBLE:    double body(ARGS..., Error **error)
 *     all others:      int64_t body(ARGS..., Error **error)      (BOOLEAN: 0 or 1)
 *
 *   - an argument: string `const Str *`; DECIMAL two of them, `const I128 *value,
 *     int32_t scale`; INTERVAL `const Interval *`; REAL and DOUBLE `double`; a date
 *     part `int64_t` (DateField); all others `int64_t`;
 *   - `Error **error` is there only if the row says FAILS; a body that fails sets
 *     *error (if none is set yet), gives a harmless result and returns;
 *   - a body whose row says NULLS has `int64_t *null` before `error`: it sets *null = 1 when
 *     its result is NULL though no argument was;
 *   - a cast (row says CAST) has, after its argument and before `error`, three
 *     int32_t: length or precision of the target, its scale, and the ValueMode;
 *   - results may point into the arguments' bytes, constants or `arena`.
 *   - every body is strict: the caller gives NULL for a NULL argument without calling.
 */
#ifndef BASE_KERNEL_KERNEL_H
#define BASE_KERNEL_KERNEL_H

#include "base/core/arena.h"
#include "base/data/type.h"

#define FUNC_ARGS_MAX 8

typedef enum FuncId
{
    FUNC_NONE,
#define FUNC(id, name, args, result, volatility, flags, body, doc) FUNC_##id,
#include "base/kernel/func.def"
#undef FUNC
    FUNC_COUNT
} FuncId;

typedef enum Volatility
{
    VOLATILITY_IMMUTABLE, /* folds at bind time */
    VOLATILITY_LEADER,    /* no body: the leader gives one value for the statement */
    VOLATILITY_VOLATILE   /* anew for each row; never folded, query not cached */
} Volatility;

/* Result types that depend on the arguments; else a TypeId. */
typedef enum ResultRule
{
    RULE_FIRST = TYPE_COUNT, /* the first argument's type with its parameters */
    RULE_TEXT_FIRST,         /* varchar as long as the first argument */
    RULE_TEXT_SUM,           /* varchar as long as all string arguments together */
    RULE_TEXT_MAX,           /* varchar(65535) */
    RULE_DECIMAL_INTEGRAL,   /* decimal(p,s) -> decimal(p-s+1, 0) */
    RULE_DECIMAL_WIDE,       /* decimal(38, 10); TO_NUMBER of a constant format: its digits */
    RULE_DECIMAL_WHOLE,      /* decimal(38, 0) */
    RULE_DECIMAL_CARRY,      /* decimal(p,s) -> decimal(p+1, s) */
    RULE_NUMERIC,            /* numeric_result_type() of both */
    RULE_SUM,                /* FEATURES 2.25 */
    RULE_AVG,
    RULE_MEDIAN, /* FEATURES 2.26 */
    ARG_PART /* as an argument: name of a date part, a constant */
} ResultRule;

enum FuncFlag
{
    FUNC_FAILS = 1, /* last parameter is Error **error */
    FUNC_CAST = 2,  /* takes length/precision, scale and mode of its target; name is "" */
    FUNC_NULLS = 4  /* int64_t *null before error: may give NULL for arguments that are not */
};

typedef struct FuncRow
{
    FuncId id;
    const char *name; /* lower case; "" = no SQL name */
    int32_t arg_count;
    uint8_t args[FUNC_ARGS_MAX]; /* TypeId, or ARG_PART; VARCHAR stands for every string type */
    uint8_t result;              /* TypeId or ResultRule */
    Volatility volatility;
    uint32_t flags;
    void (*body)(void); /* NULL for VOLATILITY_LEADER */
    const char *doc;
} FuncRow;

typedef struct FuncMatch
{
    const FuncRow *row;
    SqlType args[FUNC_ARGS_MAX]; /* what each argument is to be cast to; TYPE_NONE: a date part */
    SqlType result;
} FuncMatch;

/* The overload that fits best. name in lower case. 42883 if none. Equal candidates: the first row wins. */
Error *func_resolve(const char *name, const SqlType *args, int32_t arg_count, FuncMatch *match) MUST_USE;
/* Tells that argument `arg` (from 0) is the integer constant `value`: ROUND and TRUNC of a
 * DECIMAL then have just that many decimals. */
void func_match_refine(FuncMatch *match, int32_t arg, int64_t value);
/* The like of TO_NUMBER's constant format: the result has its digits. */
void func_match_refine_text(FuncMatch *match, int32_t arg, Str value);
bool func_exists(const char *name); /* under any arguments */
const FuncRow *func_row(FuncId id);
/* Addresses of the bodies by FuncId, FUNC_COUNT of them; what Rt.function is. */
void *const *func_bodies(void);

/* ---- LIKE with a constant pattern -------------------------------------- */

typedef struct LikePattern LikePattern;
/* Copied into the arena; backslash escapes. 22025 for an escape at the pattern's end. */
Error *like_compile(Arena *arena, Str pattern, bool ignore_case, LikePattern **out) MUST_USE;
bool like_match(const LikePattern *pattern, Str text);

/* ---- casts ------------------------------------------------------------ */

typedef enum CastContext
{
    CAST_IMPLICIT,   /* in any expression */
    CAST_ASSIGNMENT, /* when stored into a column */
    CAST_EXPLICIT    /* only by CAST or :: */
} CastContext;

typedef struct CastRow
{
    uint8_t from; /* TypeId */
    uint8_t to;
    CastContext context;
    int32_t cost; /* for choosing overloads: 1 = next wider ... 40 = last resort */
    FuncId func;  /* FUNC_NONE: the same bits, at most another Rep width or scale */
} CastRow;

/* NULL if there is no cast, also within a type (NONE needed, or only its length or scale changes). */
const CastRow *cast_find(TypeId from, TypeId to);
/* Does `from` become `to` in this context?  A type becomes itself always. */
bool cast_allowed(TypeId from, TypeId to, CastContext context);

/* ---- operators -------------------------------------------------------- */

typedef enum OperId
{
    OPER_NONE,
#define OPER(id, symbol, left, right, result, func, doc) OPER_##id,
#include "base/kernel/oper.def"
#undef OPER
    OPER_COUNT
} OperId;

typedef struct OperRow
{
    OperId id;
    const char *symbol;
    uint8_t left; /* TypeId; TYPE_NONE: prefix operator; OPERAND_* */
    uint8_t right;
    uint8_t result;
    FuncId func; /* FUNC_NONE: generated inline by OperId */
    const char *doc;
} OperRow;

enum Operand
{
    OPERAND_NUMBER = TYPE_COUNT + 32, /* any number */
    OPERAND_ANY,                      /* both sides cast to type_common() */
    OPERAND_INTEGRAL,                 /* any integer */
    OPERAND_PAIR                      /* of an aggregate: two numbers, in one value (FUNC_PAIR) */
};

typedef struct OperMatch
{
    const OperRow *row;
    SqlType left; /* cast the operands to these; TYPE_NONE for a prefix operator's left */
    SqlType right;
    SqlType result;
} OperMatch;

/* left = NULL for a prefix operator. 42883 if nothing fits. */
Error *oper_resolve(const char *symbol, const SqlType *left, SqlType right, OperMatch *match) MUST_USE;

/* ---- aggregates ------------------------------------------------------- */

typedef enum AggId
{
    AGG_NONE,
#define AGG(id, name, arg, result, doc) AGG_##id,
#include "base/kernel/agg.def"
#undef AGG
    AGG_COUNT_OF
} AggId;

typedef struct AggRow
{
    AggId id;
    const char *name;
    uint8_t arg;    /* TypeId, OPERAND_NUMBER, OPERAND_INTEGRAL, OPERAND_ANY, OPERAND_PAIR; TYPE_NONE: none, count(*) */
    uint8_t result; /* TypeId or ResultRule */
    const char *doc;
} AggRow;

typedef struct AggMatch
{
    const AggRow *row;
    SqlType arg; /* cast the argument to this, of a pair both */
    SqlType result;
} AggMatch;

#define AGG_ARGS_MAX   2
#define AGG_STATES_MAX 6

/* No arguments: count(*). 42883 if there is no such aggregate or it does not take those types: texts are no numbers here.
 * match->row is never one of the rows that are only another name. */
Error *agg_resolve(const char *name, const SqlType *args, int32_t arg_count, AggMatch *match) MUST_USE;
const AggRow *agg_row(AggId id);
bool agg_exists(const char *name);
bool agg_takes_pair(const char *name);
/* Columns of its state while groups are not whole: one; of the deviations and variances 3, how many values, their mean and the
 * sum of their squared distances from it; of pairs 6, how many, of y and of x mean and squares, and the sum of the products of
 * both distances. */
int32_t agg_state_columns(AggId id);

#endif
