/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of which many meet the same partners are grouped before they are joined (Yan and Larson, "Eager aggregation and
 * lazy aggregation", 1995):
 *
 *     AGG by c_custkey: count(o_orderkey)        over LEFT(customer, orders)                on c_custkey = o_custkey
 *     AGG by c_custkey: sum(coalesce(count, 0))  over LEFT(customer, AGG by o_custkey: count(o_orderkey))
 *
 * The early groups need not be whole: each node makes its own, nothing is sent for them.
 */
#include "sql/rel/estimate.h"
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

#include <math.h>

#define EARLY_GROUPS_MAX 1e5 /* of an inner join's input: more do not fit the cache */
#define EARLY_SHARE_MAX  0.2 /* groups of all rows */
#define EARLY_JOINED_MIN 0.5 /* rows of the join for each row that would be grouped */

/* One AGG over a join; `named` and `aggs` in the columns of the join's inputs. */
typedef struct Early
{
    Arena *arena;
    BoundStatement *statement;
    Rel *agg, *join;
    BoundNamed *named;
    BoundAgg *aggs;
    int32_t input;  /* of the join, that is grouped */
    ColumnSet ours; /* its columns */
    ColumnSet keys; /* those of them that are read above it, but for aggregates */
} Early;

/* Groups and arguments without the projections between AGG and join; false if there is no join below them. */
static bool find_join(Early *early)
{
    Arena *arena = early->arena;
    const Rel *agg = early->agg;
    early->named = arena_memdup(arena, agg->named, sizeof(BoundNamed) * (size_t) agg->named_count);
    early->aggs = arena_memdup(arena, agg->aggs, sizeof(BoundAgg) * (size_t) agg->agg_count);
    Rel *at = agg->inputs[0];
    for (; at->kind == REL_PROJECT; at = at->inputs[0])
    {
        for (int32_t k = 0; k < at->named_count; k++)
            if (expr_is_volatile(at->named[k].expr))
                return false;
        for (int32_t k = 0; k < agg->named_count; k++)
            early->named[k].expr = expr_replace(arena, early->named[k].expr, rel_named_swap, at);
        for (int32_t k = 0; k < agg->agg_count; k++)
            if (early->aggs[k].arg != NULL)
                early->aggs[k].arg = expr_replace(arena, early->aggs[k].arg, rel_named_swap, at);
    }
    early->join = at;
    return at->kind == REL_JOIN_SET || (at->kind == REL_JOIN && at->join == JOIN_LEFT);
}

/* --- may it be ---------------------------------------------------------------- */

static bool counts(AggKind kind)
{
    return kind == AGG_COUNT || kind == AGG_COUNT_STAR;
}

/* The same of parts as of all, however often a value comes. */
static bool is_extreme(AggKind kind)
{
    return kind == AGG_MIN || kind == AGG_MAX || kind == AGG_BIT_AND || kind == AGG_BIT_OR;
}

/* Is the aggregate made of the input's rows (true), or of others' and stays as it is (also true, *ours false)? */
static bool can_be_split(const Early *early, const BoundAgg *agg, bool *ours)
{
    ColumnSet read = {0};
    *ours = true;
    if (agg->distinct || agg->sort_count > 0 || agg->parameter != NULL)
        return false;
    if (agg->kind == AGG_COUNT_STAR)
        return true;
    if (!is_extreme(agg->kind) && agg->kind != AGG_SUM && agg->kind != AGG_COUNT)
        return false;
    if (expr_is_volatile(agg->arg))
        return false;
    expr_columns(early->arena, agg->arg, &read);
    *ours = column_set_count(&read) > 0 && column_set_within(&read, &early->ours);
    return *ours || (is_extreme(agg->kind) && !column_set_meets(&read, &early->ours));
}

static void add_keys(Early *early, const Expr *expr)
{
    ColumnSet read = {0};
    ColumnId *columns;
    expr_columns(early->arena, expr, &read);
    int32_t count = column_set_list(early->arena, &read, &columns);
    for (int32_t k = 0; k < count; k++)
        if (column_set_has(&early->ours, columns[k]))
            column_set_add(early->arena, &early->keys, columns[k]);
}

/* Whether what is asked can be made of groups of that input. */
static bool looks_at(Early *early, int32_t input)
{
    early->input = input;
    early->ours = early->keys = (ColumnSet){0};
    rel_columns(early->arena, early->join->inputs[input], &early->ours);
    bool any = false;
    for (int32_t k = 0; k < early->agg->agg_count; k++)
    {
        bool ours;
        if (!can_be_split(early, &early->aggs[k], &ours))
            return false;
        any |= ours;
    }
    for (int32_t k = 0; k < early->agg->named_count; k++)
    {
        if (expr_is_volatile(early->named[k].expr))
            return false;
        add_keys(early, early->named[k].expr);
    }
    for (int32_t k = 0; k < early->join->conjunct_count; k++)
        add_keys(early, early->join->conjuncts[k]);
    return any && column_set_count(&early->keys) > 0;
}

/* --- is it worth it -------------------------------------------------------------- */

static bool is_worth(const Early *early)
{
    double rows = early->join->inputs[early->input]->rows_estimate, groups = 1;
    ColumnId *keys;
    int32_t count = column_set_list(early->arena, &early->keys, &keys);
    for (int32_t k = 0; k < count; k++)
        groups *= expr_distinct(early->statement, expr_column(early->arena, early->statement, keys[k]), rows);
    if (early->join->kind == REL_JOIN_SET && groups > EARLY_GROUPS_MAX)
        return false;
    return groups <= EARLY_SHARE_MAX * rows && early->join->rows_estimate >= EARLY_JOINED_MIN * rows;
}

/* --- doing it ---------------------------------------------------------------------- */

/* The part of one aggregate, as the argument of what makes the whole of it. */
static Expr *add_part(Early *early, Rel *part, const BoundAgg *agg)
{
    Arena *arena = early->arena;
    const BoundColumn whole = early->statement->columns[agg->column];
    bool outer = early->join->kind == REL_JOIN, nullable = !counts(agg->kind) || outer;
    ColumnId column = bound_add_column(arena, early->statement, whole.name, whole.type, nullable);
    part->aggs[part->agg_count++] = (BoundAgg){.kind = agg->kind, .arg = agg->arg, .column = column};
    Expr *value = expr_column(arena, early->statement, column);
    if (!counts(agg->kind) || !outer)
        return value;
    /* a row without partner is a row, of no value */
    Expr *args[2] = {value, expr_bigint(arena, agg->kind == AGG_COUNT_STAR ? 1 : 0)};
    Expr *counted = expr_new(arena, EXPR_COALESCE, type_make(TYPE_BIGINT), 2, args);
    counted->nullable = false;
    return counted;
}

static void group_input(Early *early)
{
    Arena *arena = early->arena;
    Rel *agg = early->agg, *join = early->join, *part = rel_new(arena, REL_AGG, 1);
    ColumnId *keys;
    part->early = true;
    part->inputs[0] = join->inputs[early->input];
    part->named_count = column_set_list(arena, &early->keys, &keys);
    part->named = ARENA_ARRAY(arena, BoundNamed, part->named_count);
    for (int32_t k = 0; k < part->named_count; k++)
        part->named[k] = (BoundNamed){expr_column(arena, early->statement, keys[k]), keys[k]};
    part->aggs = ARENA_ARRAY(arena, BoundAgg, agg->agg_count);
    for (int32_t k = 0; k < agg->agg_count; k++)
    {
        bool ours;
        bool split = can_be_split(early, &early->aggs[k], &ours);
        ASSERT(split);
        if (!ours)
            continue;
        early->aggs[k].arg = add_part(early, part, &early->aggs[k]);
        early->aggs[k].kind = counts(early->aggs[k].kind) ? AGG_SUM : early->aggs[k].kind;
    }
    join->inputs[early->input] = part;
    agg->inputs[0] = join;
    agg->named = early->named;
    agg->aggs = early->aggs;
}

Error *rule_group_early(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Rel *at = *rel;
    for (int32_t k = 0; k < at->input_count; k++)
        TRY(rule_group_early(arena, statement, &at->inputs[k]));
    Early early = {.arena = arena, .statement = statement, .agg = at};
    if (at->kind != REL_AGG || at->early || at->named_count == 0 || at->agg_count == 0 || !find_join(&early))
        return NULL;
    rel_estimate(arena, statement, early.join);
    int32_t first = early.join->kind == REL_JOIN ? 1 : 0;
    for (int32_t input = first; input < early.join->input_count; input++)
        if (looks_at(&early, input) && is_worth(&early))
        {
            group_input(&early);
            return NULL;
        }
    return NULL;
}
