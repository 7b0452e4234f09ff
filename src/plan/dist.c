/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows live, and how two sides of a join meet.
 *
 *     inner at every node (DISTSTYLE ALL)             DS_DIST_ALL_NONE   nothing moves
 *     both hashed by the join's key                   DS_DIST_NONE       nothing moves
 *     inner is small                                  DS_BCAST_INNER     inner goes to every node
 *     outer is hashed by the key                      DS_DIST_INNER      inner goes where its partners are
 *     inner is hashed by the key                      DS_DIST_OUTER
 *     neither                                         DS_DIST_BOTH
 *
 * A semi, anti or left join must see each outer row once: an outer side that
 * stands at every node is read by one node only, unless the inner does too.
 */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>
#include <string.h>

bool dist_is(const Dist *dist, DistKind kind)
{
    return dist->kind == kind;
}

bool step_at_leader(const Step *step)
{
    return step->dist.kind == DIST_AT_LEADER;
}

Dist dist_of_table(const CatalogTable *table, const ColumnId *columns)
{
    if (table->dist_style == DIST_ALL)
        return (Dist){.kind = DIST_AT_EVERY_NODE};
    if (table->dist_style == DIST_KEY && table->dist_column >= 0)
        return (Dist){.kind = DIST_AT_SLICES_HASH, .column_count = 1, .columns = {columns[table->dist_column]}};
    return (Dist){.kind = DIST_AT_SLICES_RANDOM};
}

ColumnId dist_column(const Expr *key)
{
    while (key->kind == EXPR_CAST && !key->cast_try && type_is_integer(key->type) && type_is_integer(key->args[0]->type))
        key = key->args[0];
    return key->kind == EXPR_COLUMN ? key->column : -1;
}

ColumnId same_find(Planner *planner, ColumnId column)
{
    if (column >= planner->same_count)
        return column;
    while (planner->same[column] != column)
        column = planner->same[column];
    return column;
}

void same_unite(Planner *planner, ColumnId a, ColumnId b)
{
    int32_t most = (a > b ? a : b) + 1;
    if (most > planner->same_count)
    {
        int32_t count = planner->statement->column_count + 16;
        ColumnId *same = ARENA_ARRAY(planner->arena, ColumnId, count);
        for (int32_t k = 0; k < count; k++)
            same[k] = k < planner->same_count ? planner->same[k] : k;
        planner->same = same;
        planner->same_count = count;
    }
    a = same_find(planner, a);
    b = same_find(planner, b);
    planner->same[a > b ? a : b] = a > b ? b : a;
}

bool dist_groups(Planner *planner, const Dist *dist, const ColumnId *columns, int32_t count)
{
    if (dist->kind != DIST_AT_SLICES_HASH)
        return false;
    for (int32_t d = 0; d < dist->column_count; d++)
    {
        bool found = false;
        for (int32_t k = 0; k < count && !found; k++)
            found = same_find(planner, columns[k]) == same_find(planner, dist->columns[d]);
        if (!found)
            return false;
    }
    return dist->column_count > 0;
}

/* Keys of one side in the order of its hash; false if it is not hashed by keys alone. */
static bool keys_of_dist(Planner *planner, const Dist *dist, Expr *const *keys, int32_t key_count, int32_t *order)
{
    if (dist->kind != DIST_AT_SLICES_HASH || dist->column_count == 0)
        return false;
    for (int32_t d = 0; d < dist->column_count; d++)
    {
        order[d] = -1;
        for (int32_t k = 0; k < key_count && order[d] < 0; k++)
        {
            ColumnId column = dist_column(keys[k]);
            if (column >= 0 && same_find(planner, column) == same_find(planner, dist->columns[d]))
                order[d] = k;
        }
        if (order[d] < 0)
            return false;
    }
    return true;
}

/* By which keys rows are hashed when both sides move: one with many values, else several. */
static void choose_keys(Planner *planner, const JoinAsk *ask, JoinWay *way)
{
    double most = 0;
    way->key_count = 0;
    for (int32_t k = 0; k < ask->key_count; k++)
    {
        double distinct = distinct_values(planner, ask->outer_keys[k], ask->outer->rows);
        if (distinct > most)
        {
            most = distinct;
            way->keys[0] = k;
            way->key_count = 1;
        }
    }
    if (most >= HASH_DISTINCT_MIN)
        return;
    way->key_count = 0;
    for (int32_t k = 0; k < ask->key_count && k < 4; k++)
        way->keys[way->key_count++] = k;
}

static Dist dist_by_keys(Expr *const *keys, const JoinWay *way)
{
    Dist dist = {.kind = DIST_AT_SLICES_HASH};
    for (int32_t k = 0; k < way->key_count; k++)
    {
        ColumnId column = dist_column(keys[way->keys[k]]);
        if (column < 0)
            return (Dist){.kind = DIST_AT_SLICES_RANDOM};
        dist.columns[dist.column_count++] = column;
    }
    if (dist.column_count == 0)
        dist.kind = DIST_AT_SLICES_RANDOM;
    return dist;
}

static double table_cost(double build_rows, double probe_rows)
{
    double miss = build_rows > COST_CACHE_ROWS ? COST_MISS : 0;
    return build_rows * (COST_BUILD + miss) + probe_rows * (COST_PROBE + miss);
}

static void consider(JoinWay *best, JoinWay way, Move outer, Move inner, const char *label, Dist dist, double cost)
{
    way.outer_move = outer;
    way.inner_move = inner;
    way.label = label;
    way.dist = dist;
    way.cost = cost;
    if (best->label == NULL || cost < best->cost)
        *best = way;
}

static JoinWay way_at_leader(const JoinAsk *ask)
{
    return (JoinWay){.label = "DS_DIST_NONE",
                     .dist = {.kind = DIST_AT_LEADER},
                     .cost = table_cost(ask->inner->rows, ask->outer->rows) + ask->rows * COST_OUTPUT};
}

JoinWay join_way(Planner *planner, const JoinAsk *ask)
{
    const Step *outer = ask->outer, *inner = ask->inner;
    if (step_at_leader(outer) && step_at_leader(inner))
        return way_at_leader(ask);
    Dist at = outer->dist;
    JoinWay best = {.label = NULL}, base = {.key_count = 0};
    double once_cost = ask->rows * COST_OUTPUT + table_cost(inner->rows, outer->rows);
    double everywhere = once_cost + inner->rows * COST_BUILD * (planner->nodes - 1); /* each node builds all of it */
    if (at.kind == DIST_AT_EVERY_NODE && inner->dist.kind == DIST_AT_EVERY_NODE)
    {
        consider(&best, base, MOVE_NONE, MOVE_NONE, "DS_DIST_ALL_NONE", at, everywhere);
        return best;
    }
    if (at.kind == DIST_AT_EVERY_NODE)
    {
        base.once = true;
        at = (Dist){.kind = DIST_AT_SLICES_RANDOM};
    }
    bool outer_stays = at.kind != DIST_AT_LEADER;
    if (!outer_stays) /* rows of the leader go out in turn, or by their keys below */
        at = (Dist){.kind = DIST_AT_SLICES_RANDOM};
    Move outer_move = outer_stays ? MOVE_NONE : MOVE_HASH;
    double outer_out = outer_stays ? 0 : cost_hash(planner, outer);
    if (inner->dist.kind == DIST_AT_EVERY_NODE)
    {
        consider(&best, base, outer_move, MOVE_NONE, "DS_DIST_ALL_NONE", at, everywhere + outer_out);
        return best;
    }
    consider(&best, base, outer_move, MOVE_BCAST, "DS_BCAST_INNER", at,
             everywhere + outer_out + cost_bcast(planner, inner));
    if (ask->key_count == 0)
        return best;
    int32_t outer_order[4], inner_order[4];
    bool outer_hashed = outer_stays && keys_of_dist(planner, &at, ask->outer_keys, ask->key_count, outer_order);
    bool inner_hashed =
        !step_at_leader(inner) && keys_of_dist(planner, &inner->dist, ask->inner_keys, ask->key_count, inner_order);
    JoinWay way = base;
    if (outer_hashed && inner_hashed && at.column_count == inner->dist.column_count &&
        memcmp(outer_order, inner_order, sizeof(int32_t) * (size_t) at.column_count) == 0)
        consider(&best, way, MOVE_NONE, MOVE_NONE, "DS_DIST_NONE", at, once_cost);
    if (outer_hashed)
    {
        way.key_count = at.column_count;
        memcpy(way.keys, outer_order, sizeof outer_order);
        consider(&best, way, MOVE_NONE, MOVE_HASH, "DS_DIST_INNER", at, once_cost + cost_hash(planner, inner));
    }
    if (inner_hashed)
    {
        way.key_count = inner->dist.column_count;
        memcpy(way.keys, inner_order, sizeof inner_order);
        consider(&best, way, MOVE_HASH, MOVE_NONE, "DS_DIST_OUTER", dist_by_keys(ask->outer_keys, &way),
                 once_cost + cost_hash(planner, outer));
    }
    choose_keys(planner, ask, &way);
    consider(&best, way, MOVE_HASH, MOVE_HASH, "DS_DIST_BOTH", dist_by_keys(ask->outer_keys, &way),
             once_cost + cost_hash(planner, outer) + cost_hash(planner, inner));
    return best;
}

static Step *moved(Planner *planner, Step *step, Move move, Expr *const *keys, const JoinWay *way)
{
    if (move == MOVE_NONE)
        return step;
    if (move == MOVE_BCAST)
        return step_bcast(planner, step);
    Expr *chosen[4];
    for (int32_t k = 0; k < way->key_count; k++)
        chosen[k] = keys[way->keys[k]];
    return step_hash(planner, step, chosen, way->key_count);
}

Step *join_make(Planner *planner, const JoinAsk *ask, const JoinWay *way)
{
    Step *outer = way->once ? step_once(planner, ask->outer) : ask->outer;
    outer = moved(planner, outer, way->outer_move, ask->outer_keys, way);
    Step *inner = moved(planner, ask->inner, way->inner_move, ask->inner_keys, way);
    Step *step = step_new(planner, STEP_HJOIN, outer, inner);
    step->join = ask->join;
    step->dist = way->dist;
    step->dist_label = way->label;
    step->key_count = ask->key_count;
    step->outer_keys = arena_memdup(planner->arena, ask->outer_keys, sizeof(Expr *) * (size_t) ask->key_count);
    step->inner_keys = arena_memdup(planner->arena, ask->inner_keys, sizeof(Expr *) * (size_t) ask->key_count);
    step->conjunct_count = ask->residual.count;
    step->conjuncts = ask->residual.items;
    step->rows = fmax(1, ask->rows);
    bool left_only = ask->join != JOIN_INNER && ask->join != JOIN_LEFT;
    step->output_count = outer->output_count + (left_only ? 0 : inner->output_count);
    step->outputs = ARENA_ARRAY(planner->arena, ColumnId, step->output_count);
    for (int32_t k = 0; k < step->output_count; k++)
        step->outputs[k] = k < outer->output_count ? outer->outputs[k] : inner->outputs[k - outer->output_count];
    step->width = step_width(planner, step->outputs, step->output_count);
    step->cost_start = ask->inner->cost_total;
    step->cost_total = ask->outer->cost_total + ask->inner->cost_total + way->cost;
    return step;
}

void join_ask_add(Planner *planner, JoinAsk *ask, Expr *conjunct, const ColumnSet *outer, const ColumnSet *inner)
{
    if (conjunct->kind == EXPR_COMPARE && conjunct->op == '=' && ask->key_count < JOIN_KEYS_MAX)
    {
        ColumnSet sides[2] = {{0}, {0}};
        for (int32_t k = 0; k < 2; k++)
            expr_columns(planner->arena, conjunct->args[k], &sides[k]);
        bool some = column_set_count(&sides[0]) > 0 && column_set_count(&sides[1]) > 0;
        for (int32_t first = 0; first < 2 && some; first++)
            if (column_set_within(&sides[first], outer) && column_set_within(&sides[1 - first], inner))
            {
                ask->outer_keys[ask->key_count] = conjunct->args[first];
                ask->inner_keys[ask->key_count++] = conjunct->args[1 - first];
                return;
            }
    }
    expr_list_add(&ask->residual, conjunct);
}
