/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the generator: what its files share.  One Gen writes one unit.
 *
 * A pipeline's rows stand, at every point of its function, behind *cursors*:
 * arrays of length m that say where the j-th row's values are.
 *
 *     i[j]    row of the batch the source gave (uint16_t)
 *     r<s>[j] row of HASH store s it was joined with (NULL in an outer join without match)
 *
 * A filter compacts the cursors in place, a probe makes new ones from (pos, row)
 * pairs, the sink's loop reads them.  Names in the text are only positions:
 * c<k> column k of the scan, f<k> field k of a row, p[k] parameter k.
 */
#ifndef SRC_CODEGEN_GEN_H
#define SRC_CODEGEN_GEN_H

#include "src/codegen/emit.h"
#include "src/plan/plan.h"

/* Where a column's value is found. */
typedef enum PlaceKind
{
    PLACE_NONE,
    PLACE_SCAN,   /* c<index>[i[j]] */
    PLACE_SOURCE, /* field of the source store's row */
    PLACE_BUILD,  /* field of the row r<store>[j] */
    PLACE_EXPR,   /* computed where it is used */
    PLACE_ARGUMENT /* value of a string predicate's function */
} PlaceKind;

typedef struct Place
{
    PlaceKind kind;
    int32_t index; /* scan column, field */
    int32_t store;
    bool outer; /* BUILD: the row may be NULL */
    Expr *expr;
} Place;

/* A value in the text: an expression of its C type.  Integers up to 64 bits
 * are int64_t whatever their Rep; STR, I128 and INTERVAL are lvalues.
 * null: C expression, true when the value is null; NULL: never. */
typedef struct Val
{
    Rep rep; /* REP_I64, REP_I128, REP_F64, REP_STR, REP_INTERVAL */
    const char *code;
    const char *null;
} Val;

typedef struct Memo
{
    const Expr *expr;
    ColumnId column;
    Val value;
} Memo;

#define MEMO_MAX 256
#define CURSORS_MAX 32

typedef struct Gen
{
    Emitter emit;
    Arena *arena;
    Plan *plan;
    const PipePlan *pipe;
    Place *places; /* by ColumnId */
    int32_t temp_count;
    int32_t memo_count;
    Memo memos[MEMO_MAX];
    int32_t nest; /* > 0: inside a conditional part of an expression, nothing is remembered */
    int32_t stage;               /* probes passed so far in this pipeline */
    bool have_index;             /* i<stage>[] exists; else rows are 0..m-1 of the batch */
    int32_t cursor_count;        /* HASH stores joined so far */
    int32_t cursors[CURSORS_MAX];
    int32_t probe_count;     /* probes of any kind in this pipeline: numbers their variables */
    int32_t filter_count;    /* compacting loops in this pipeline */
    bool *fetched;           /* scan columns that are at hand as c<k>, n<k> */
    int32_t predicate_count; /* string predicates of the unit */
    Text *functions;         /* predicates, written before the pipeline that uses them */
    Error *error; /* first one; sticky */
} Gen;

void gen_fail(Gen *gen, Error *error); /* owns error */
/* "v12": a name not used before in this function */
const char *gen_temp(Gen *gen, const char *prefix);
const char *gen_text(Gen *gen, const char *format, ...) PRINTF_LIKE(2, 3);
void gen_forget(Gen *gen); /* a new loop begins: nothing computed before is in scope */

/* --- gen_expr.c, gen_arith.c, gen_func.c -------------------------------- */
Val gen_value(Gen *gen, const Expr *expr);
/* C condition: definitely true / definitely false (a null is neither). */
const char *gen_true(Gen *gen, const Expr *expr);
const char *gen_false(Gen *gen, const Expr *expr);
const char *gen_all_true(Gen *gen, Expr *const *exprs, int32_t count);
Val gen_arith(Gen *gen, const Expr *expr);
Val gen_negate(Gen *gen, const Expr *expr);
Val gen_cast(Gen *gen, const Expr *expr);
/* A call of a body of func.def; with target's parameters for a cast. */
Val gen_call(Gen *gen, const Expr *expr, int32_t func, const Expr *const *args, int32_t arg_count, const SqlType *cast);
Val gen_wide(Gen *gen, Val value);   /* as I128 */
Val gen_comparable(Gen *gen, Val value); /* an interval as the I128 it is compared by; others as they are */
Val gen_narrow(Gen *gen, Val value); /* an I128 that is known to fit 64 bits, as int64_t */
/* Result that is null when any of these is: "(a || b)", NULL if none can be. */
const char *gen_any_null(Gen *gen, const Val *values, int32_t count);
int32_t gen_param(Gen *gen, SqlType type, const Datum *value);
/* Lines that store value into the lvalue target of Rep rep (narrow integers too). */
void gen_assign(Gen *gen, Rep rep, const char *target, Val value);
const char *rep_c_type(Rep rep);
/* Value bounds: from statistics, else from the type; false if the type has none (floats, strings). */
bool gen_bounds(Gen *gen, const Expr *expr, __int128 *least, __int128 *most);

/* --- gen_filter.c, gen_hjoin.c, gen_aggr.c, gen_sink.c, gen_pipe.c ------- */
void gen_filter(Gen *gen, Expr *const *conjuncts, int32_t count);
/* A scalar subquery gave several rows where the conjuncts fail: error 21000. */
void gen_must_hold(Gen *gen, Expr *const *conjuncts, int32_t count);
void gen_probe(Gen *gen, const PipeOp *op); /* leaves its loop open: gen_pipe closes it */
void gen_aggregate(Gen *gen);
void gen_sink(Gen *gen);
/* Lines that write the sink's fields; `at` ends in "->" or "."; keep: strings are copied into the store. */
void gen_fields(Gen *gen, const char *at, bool keep);
void gen_need_fields(Gen *gen);
void gen_pipeline(Gen *gen, int32_t index);
/* One loop over the m current rows; inside, i and r<s> are the current row's. */
void gen_loop_open(Gen *gen);
void gen_loop_close(Gen *gen);
/* Lines that name the current row's places (i, row, r<s>) by j. */
void gen_cursors(Gen *gen);
/* Keeps only rows j for which the condition text holds, inside an open loop, counting in
 * k<stage>_<filter>; after the loop, gen_compacted() makes that the number of rows. */
void gen_compact(Gen *gen, const char *condition);
void gen_compacted(Gen *gen);
/* Has the scan columns that expr reads decoded, before the loop that uses them. */
void gen_need(Gen *gen, const Expr *expr);
/* uint64_t text of the key of these expressions; *null: condition that some part is null, or NULL. */
const char *gen_key(Gen *gen, KeyMode mode, const KeyPack *packs, Expr *const *keys, int32_t count, const char **null);
const char *gen_hash(Gen *gen, Val value);

#endif
