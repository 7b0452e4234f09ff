/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that can have no partner in a join are left out before they are grouped, or put into a hash table:
 *
 *     JOIN_SET(part, AGG by l_partkey (lineitem))    on l_partkey = p_partkey
 *     JOIN_SET(SHARED 0, AGG by l_partkey (SEMI(lineitem, SHARED 0)))                     shared 0: part
 *
 *     SEMI(orders, lineitem)                         on o_orderkey = l_orderkey and ...
 *     SEMI(SHARED 0, SEMI(lineitem, SHARED 0))                                            shared 0: orders
 *
 * The few rows of one side are computed once and read twice (semi-join reduction; where a subquery is grouped, "magic
 * sets": Mumick, Finkelstein, Pirahesh, Ramakrishnan, "Magic is relevant", 1990).
 */
#include "sql/rel/estimate.h"
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

#include <math.h>
#include <string.h>

#define REDUCE_KEYS_MAX 8
#define REDUCE_ROWS_MIN 2000.0 /* fewer are grouped as they are */
#define REDUCE_LEFT_MAX 0.25   /* share of rows that are left, at most, */
#define REDUCE_BY_MAX   0.125  /* and share of them that the rows which say so may be */

typedef struct Reduce
{
    Arena *arena;
    BoundStatement *statement;
    RelTree *tree;
} Reduce;

/* keys[k] of the rows that are reduced = by[k] of those that say which. */
typedef struct Keys
{
    int32_t count;
    Expr *keys[REDUCE_KEYS_MAX], *by[REDUCE_KEYS_MAX];
} Keys;

/* --- where the semi join can stand ------------------------------------------- */

static ColumnSet columns_of_keys(Reduce *reduce, const Keys *keys)
{
    ColumnSet set = {0};
    for (int32_t k = 0; k < keys->count; k++)
        expr_columns(reduce->arena, keys->keys[k], &set);
    return set;
}

/* Written in what the names stand for; false if they are not made of names alone (of a PROJECT: never). */
static bool through_names(Reduce *reduce, const Rel *rel, Keys *keys)
{
    ColumnSet names = {0}, read = columns_of_keys(reduce, keys);
    for (int32_t k = 0; k < rel->named_count; k++)
    {
        column_set_add(reduce->arena, &names, rel->named[k].column);
        if (expr_is_volatile(rel->named[k].expr))
            return false;
    }
    if (rel->kind == REL_AGG && !column_set_within(&read, &names))
        return false;
    for (int32_t k = 0; k < keys->count; k++)
        keys->keys[k] = expr_replace(reduce->arena, keys->keys[k], rel_named_swap, (void *) rel);
    return true;
}

static bool through_window(Reduce *reduce, const Rel *window, const Keys *keys)
{
    ColumnSet partition = {0}, read = columns_of_keys(reduce, keys);
    for (int32_t k = 0; k < window->windows[0].partition_count; k++)
        expr_columns(reduce->arena, window->windows[0].partition[k], &partition);
    return column_set_within(&read, &partition);
}

/* The input of a join whose rows the keys are of, or -1. */
static int32_t keyed_input(Reduce *reduce, const Rel *join, const Keys *keys)
{
    ColumnSet read = columns_of_keys(reduce, keys);
    for (int32_t k = 0; k < (join->kind == REL_JOIN ? 1 : join->input_count); k++)
    {
        ColumnSet given = {0};
        rel_columns(reduce->arena, join->inputs[k], &given);
        if (column_set_within(&read, &given))
            return k;
    }
    return -1;
}

/* The lowest place below *slot where rows can be left out by their keys, which are rewritten for it. */
static Rel **lowest_place(Reduce *reduce, Rel **slot, Keys *keys, bool *grouped)
{
    for (;;)
    {
        Rel *at = *slot;
        int32_t input = 0;
        switch (at->kind)
        {
        case REL_FILTER:
            if (at->must_hold)
                return slot;
            break;
        case REL_PROJECT:
        case REL_AGG:
            if (!through_names(reduce, at, keys))
                return slot;
            *grouped |= at->kind == REL_AGG;
            break;
        case REL_WINDOW:
            if (!through_window(reduce, at, keys))
                return slot;
            *grouped = true;
            break;
        case REL_JOIN:
        case REL_JOIN_SET:
            input = keyed_input(reduce, at, keys);
            if (input < 0)
                return slot;
            break;
        default:
            return slot;
        }
        slot = &at->inputs[input];
    }
}

/* --- is it worth it ------------------------------------------------------------- */

/* Share of the rows at the place that are left. */
static double share_left(Reduce *reduce, const Keys *keys, double rows, double by_rows)
{
    double distinct = 1, by_distinct = 1;
    for (int32_t k = 0; k < keys->count; k++)
    {
        distinct *= expr_distinct(reduce->statement, keys->keys[k], rows);
        by_distinct *= expr_distinct(reduce->statement, keys->by[k], by_rows);
    }
    return semi_selectivity(fmin(distinct, rows), fmin(by_distinct, by_rows));
}

static bool is_worth(Reduce *reduce, const Keys *keys, double rows, double by_rows)
{
    return keys->count > 0 && rows >= REDUCE_ROWS_MIN && by_rows <= REDUCE_BY_MAX * rows &&
           share_left(reduce, keys, rows, by_rows) <= REDUCE_LEFT_MAX;
}

/* Rows that a statement changes, and those of a recursive query's round, are read where they are. */
static bool can_be_shared(const Rel *rel)
{
    if (rel->kind == REL_ROUND || (rel->kind == REL_SCAN && rel->address != NO_COLUMN))
        return false;
    for (int32_t k = 0; k < rel->input_count; k++)
        if (!can_be_shared(rel->inputs[k]))
            return false;
    return true;
}

/* --- doing it --------------------------------------------------------------------- */

/* A reader of the tree in *by, which is shared unless it is a reader itself; *by becomes a reader too. */
static Rel *share(Reduce *reduce, Rel **by)
{
    Arena *arena = reduce->arena;
    Rel *source = *by;
    if (source->kind != REL_SHARED)
    {
        int32_t shared = rel_tree_share(arena, reduce->tree, source);
        *by = rel_read_shared(arena, reduce->statement, source, shared, source->results);
        (*by)->rows_estimate = source->rows_estimate;
    }
    Rel *reader = rel_read_shared(arena, reduce->statement, reduce->tree->shared[(*by)->shared], (*by)->shared, NULL);
    reader->rows_estimate = (*by)->rows_estimate;
    return reader;
}

static void reduce_by(Reduce *reduce, Rel **slot, const Keys *keys, Rel **by)
{
    Arena *arena = reduce->arena;
    Rel *reader = share(reduce, by);
    ExprList on = {.arena = arena};
    for (int32_t k = 0; k < keys->count; k++)
    {
        Expr *there = expr_rename(arena, reduce->statement, keys->by[k], (*by)->table_columns, reader->table_columns,
                                  reader->column_count);
        expr_list_add(&on, expr_compare_make(arena, '=', keys->keys[k], there));
    }
    double rows = (*slot)->rows_estimate;
    *slot = rel_join(arena, JOIN_SEMI, *slot, reader, on.items, on.count);
    (*slot)->rows_estimate = rows * share_left(reduce, keys, rows, reader->rows_estimate);
}

/* --- semi, anti and left joins: few rows on the left ---------------------------------- */

/* The left side, or a reader of a shared tree from which its rows come and that gives all keys. */
static Rel **left_source(Reduce *reduce, Rel **left, const Keys *keys)
{
    ColumnSet read = {0};
    for (int32_t k = 0; k < keys->count; k++)
        expr_columns(reduce->arena, keys->by[k], &read);
    Rel *at = *left;
    while (at->kind == REL_JOIN)
        if (at->inputs[0]->kind == REL_SHARED)
        {
            ColumnSet given = {0};
            rel_columns(reduce->arena, at->inputs[0], &given);
            return column_set_within(&read, &given) ? &at->inputs[0] : left;
        }
        else
            at = at->inputs[0];
    return left;
}

static void reduce_right(Reduce *reduce, Rel *join)
{
    Keys keys = {0};
    ColumnSet left = {0};
    bool grouped = false;
    rel_columns(reduce->arena, join->inputs[0], &left);
    for (int32_t k = 0; k < join->conjunct_count && keys.count < REDUCE_KEYS_MAX; k++)
    {
        const Expr *outer, *inner;
        if (!expr_is_join_key(reduce->arena, join->conjuncts[k], &left, &outer, &inner))
            continue;
        keys.by[keys.count] = (Expr *) outer;
        keys.keys[keys.count++] = (Expr *) inner;
    }
    Rel **slot = lowest_place(reduce, &join->inputs[1], &keys, &grouped);
    Rel **by = left_source(reduce, &join->inputs[0], &keys);
    if (is_worth(reduce, &keys, (*slot)->rows_estimate, (*by)->rows_estimate) && can_be_shared(*by))
        reduce_by(reduce, slot, &keys, by);
}

/* --- join sets: what is grouped, by the input that leaves least of it ------------------ */

/* What the set's conjuncts say of rows of `input` and of `by`. */
static Keys keys_between(Reduce *reduce, const Rel *set, int32_t input, int32_t by)
{
    Keys keys = {0};
    ColumnSet ours = {0}, theirs = {0};
    rel_columns(reduce->arena, set->inputs[input], &ours);
    rel_columns(reduce->arena, set->inputs[by], &theirs);
    for (int32_t k = 0; k < set->conjunct_count && keys.count < REDUCE_KEYS_MAX; k++)
    {
        ColumnId a, b;
        if (!expr_is_column_equality(set->conjuncts[k], &a, &b))
            continue;
        if (column_set_has(&ours, b))
        {
            ColumnId other = a;
            a = b;
            b = other;
        }
        if (!column_set_has(&ours, a) || !column_set_has(&theirs, b))
            continue;
        keys.by[keys.count] = expr_column(reduce->arena, reduce->statement, b);
        keys.keys[keys.count++] = expr_column(reduce->arena, reduce->statement, a);
    }
    return keys;
}

static void reduce_input(Reduce *reduce, Rel *set, int32_t input)
{
    Keys best = {0};
    Rel **best_slot = NULL;
    double least = INFINITY;
    int32_t best_by = -1;
    for (int32_t by = 0; by < set->input_count; by++)
    {
        bool grouped = false;
        if (by == input || !can_be_shared(set->inputs[by]))
            continue;
        Keys keys = keys_between(reduce, set, input, by);
        Rel **slot = lowest_place(reduce, &set->inputs[input], &keys, &grouped);
        double rows = (*slot)->rows_estimate, by_rows = set->inputs[by]->rows_estimate;
        if (!grouped || !is_worth(reduce, &keys, rows, by_rows) || share_left(reduce, &keys, rows, by_rows) >= least)
            continue;
        least = share_left(reduce, &keys, rows, by_rows);
        best = keys;
        best_slot = slot;
        best_by = by;
    }
    if (best_by >= 0)
        reduce_by(reduce, best_slot, &best, &set->inputs[best_by]);
}

/* --- the whole tree ----------------------------------------------------------------- */

static void reduce_tree(Reduce *reduce, Rel *rel)
{
    for (int32_t k = 0; k < rel->input_count; k++)
        reduce_tree(reduce, rel->inputs[k]);
    if (rel->kind == REL_JOIN && rel->join != JOIN_INNER)
        reduce_right(reduce, rel);
    for (int32_t k = 0; k < rel->input_count && rel->kind == REL_JOIN_SET; k++)
        reduce_input(reduce, rel, k);
}

Error *rule_reduce(Arena *arena, BoundStatement *statement, RelTree *tree)
{
    Reduce reduce = {arena, statement, tree};
    rel_tree_estimate(arena, statement, tree);
    int32_t count = tree->shared_count; /* those made here are done */
    for (int32_t k = 0; k < count; k++)
        reduce_tree(&reduce, tree->shared[k]);
    reduce_tree(&reduce, tree->root);
    return rule_settle(arena, statement, tree);
}
