/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters as generated code reads them, with what was made of them once:
 * compiled LIKE patterns, and IN lists as small hash sets.
 */
#include "base/data/hash.h"
#include "base/data/value.h"
#include "base/kernel/kernel.h"
#include "src/run/run.h"

#include <math.h>

#define SET_SCAN 8 /* members up to which a set is looked through */

/* Members stand in an open-addressed table of a power of two; `used` says which places are taken. */
typedef struct InSet
{
    Rep rep;      /* REP_I64, REP_F64, REP_I128, REP_STR */
    bool scanned; /* members 0..count-1 stand side by side */
    int32_t count;
    uint64_t mask;
    uint8_t *used;
    union
    {
        int64_t *i;
        double *f;
        I128 *w;
        Str *s;
    };
} InSet;

static Rep set_rep(SqlType type)
{
    Rep rep = type_rep(type);
    if (rep == REP_F32)
        return REP_F64;
    return rep_is_integer(rep) && rep != REP_I128 ? REP_I64 : rep;
}

static uint64_t member_hash(Rep rep, const void *value)
{
    switch (rep)
    {
    case REP_I64:
        return hash_u64((uint64_t) * (const int64_t *) value);
    case REP_F64:
        return hash_f64(*(const double *) value);
    case REP_I128:
        return hash_i128(*(const I128 *) value);
    default:
        return hash_str(*(const Str *) value);
    }
}

static bool member_equal(const InSet *set, uint64_t at, const void *value)
{
    switch (set->rep)
    {
    case REP_I64:
        return set->i[at] == *(const int64_t *) value;
    case REP_F64:
    {
        double a = set->f[at], b = *(const double *) value;
        return a == b || (isnan(a) && isnan(b));
    }
    case REP_I128:
        return set->w[at].lo == ((const I128 *) value)->lo && set->w[at].hi == ((const I128 *) value)->hi;
    default:
        return str_compare(set->s[at], *(const Str *) value) == 0;
    }
}

static bool set_find(const InSet *set, const void *value, uint64_t *at)
{
    if (set->scanned)
    {
        for (*at = 0; *at < (uint64_t) set->count; ++*at)
            if (set->i[*at] == *(const int64_t *) value)
                return true;
        return false;
    }
    for (*at = member_hash(set->rep, value) & set->mask; set->used[*at]; *at = (*at + 1) & set->mask)
        if (member_equal(set, *at, value))
            return true;
    return false;
}

static void set_put(Arena *arena, InSet *set, const Datum *value)
{
    uint64_t at;
    if (set_find(set, set->rep == REP_F64 ? (const void *) &value->f : (const void *) &value->i, &at))
        return;
    set->used[at] = 1;
    switch (set->rep)
    {
    case REP_I64:
        set->i[at] = value->i;
        break;
    case REP_F64:
        set->f[at] = value->f;
        break;
    case REP_I128:
        set->w[at] = value->i128;
        break;
    default:
        set->s[at] = (Str){arena_memdup(arena, value->str.data, (size_t) value->str.len), value->str.len};
    }
    set->count++;
}

static Error *set_make(Arena *arena, const SpecParam *param, const InSet **out)
{
    InSet *set = ARENA_NEW(arena, InSet);
    set->rep = set_rep(param->type);
    if (set->rep == REP_INTERVAL)
        return error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "IN lists of intervals are not supported");
    uint64_t entries = 16;
    while (entries < (uint64_t) param->set_count * 2)
        entries *= 2;
    set->mask = entries - 1;
    set->used = ARENA_ARRAY(arena, uint8_t, entries);
    set->i = arena_zalloc(arena, entries * (size_t) rep_size(set->rep));
    set->scanned = set->rep == REP_I64 && param->set_count <= SET_SCAN;
    for (int32_t i = 0; i < param->set_count; i++)
    {
        if (param->set[i].null)
            continue;
        if (set->scanned)
            set->i[set->count++] = param->set[i].i;
        else
            set_put(arena, set, &param->set[i]);
    }
    *out = set;
    return NULL;
}

int32_t param_in_set(const RtParam *param, const void *value)
{
    uint64_t at;
    return param->aid != NULL && set_find(param->aid, value, &at);
}

static Error *like_make(Arena *arena, const SpecParam *param, const void **aid)
{
    LikePattern *pattern;
    TRY(like_compile(arena, param->value.str, param->insensitive, &pattern));
    *aid = pattern;
    return NULL;
}

int32_t param_like(const RtParam *pattern, const Str *s)
{
    return pattern->aid != NULL && like_match(pattern->aid, *s);
}

static void value_put(Arena *arena, const SpecParam *param, RtParam *out)
{
    const Datum *value = &param->value;
    out->null = value->null;
    if (value->null)
        return;
    switch (type_rep(param->type))
    {
    case REP_F32:
    case REP_F64:
        out->f = value->f;
        break;
    case REP_I128:
        out->w = value->i128;
        break;
    case REP_STR:
        out->s = (Str){arena_memdup(arena, value->str.data, (size_t) value->str.len), value->str.len};
        break;
    case REP_INTERVAL:
        out->v = value->interval;
        break;
    default:
        out->i = value->i;
    }
}

Error *params_make(Arena *arena, const Spec *spec, RtParam **out)
{
    RtParam *params = ARENA_ARRAY(arena, RtParam, spec->param_count + 1);
    *out = params;
    for (int32_t i = 0; i < spec->param_count; i++)
    {
        const SpecParam *param = &spec->params[i];
        value_put(arena, param, &params[i]);
        if (param->aid == PARAM_LIKE && !param->value.null)
            TRY(like_make(arena, param, &params[i].aid));
        if (param->aid == PARAM_SET)
        {
            const InSet *set = NULL;
            TRY(set_make(arena, param, &set));
            params[i].aid = set;
        }
    }
    return NULL;
}
