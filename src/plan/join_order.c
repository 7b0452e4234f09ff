/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which order inner joins are done, and which side of each is built.
 *
 * Up to JOIN_EXACT_INPUTS inputs: dynamic programming over subsets (after
 * Moerkotte and Neumann, "Analysis of two existing and one new dynamic
 * programming algorithm", 2006): the best plan of a set is the cheapest join of
 * the best plans of two parts that some condition connects; sides are tried both
 * ways.  More inputs: greedily the pair whose join gives the fewest rows.
 *
 * Equalities between columns are kept as classes (a = b, b = c): one pair is the key of a join, the others hold.
 */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>
#include <string.h>

typedef uint64_t Mask; /* of inputs */

typedef struct Class
{
    int32_t count;
    ColumnId *columns;
    int32_t *inputs;  /* which input has it */
    double *distinct; /* among that input's rows */
    Mask mask;
} Class;

typedef struct Conjunct
{
    Expr *expr;
    Mask mask; /* inputs it reads */
} Conjunct;

typedef struct Ordering
{
    Planner *planner;
    int32_t count;
    Step *const *inputs;
    ColumnSet *columns; /* of each input */
    int32_t class_count;
    Class *classes;
    int32_t conjunct_count;
    Conjunct *conjuncts;
    Step **best;  /* by set of inputs */
    bool *linked; /* by set: conditions hold it together */
} Ordering;

/* --- reading the conjuncts ----------------------------------------------------- */

static Mask mask_of(Ordering *order, const Expr *expr)
{
    ColumnSet read = {0};
    Mask mask = 0;
    expr_columns(order->planner->arena, expr, &read);
    for (int32_t k = 0; k < order->count; k++)
        if (column_set_meets(&read, &order->columns[k]))
            mask |= (Mask) 1 << k;
    return mask;
}

static void class_add(Ordering *order, Class *class, ColumnId column)
{
    for (int32_t k = 0; k < class->count; k++)
        if (class->columns[k] == column)
            return;
    int32_t input = 0;
    while (!column_set_has(&order->columns[input], column))
        input++;
    Arena *arena = order->planner->arena;
    ColumnId *columns = ARENA_ARRAY(arena, ColumnId, class->count + 1);
    int32_t *inputs = ARENA_ARRAY(arena, int32_t, class->count + 1);
    double *distinct = ARENA_ARRAY(arena, double, class->count + 1);
    if (class->count > 0)
    {
        memcpy(distinct, class->distinct, sizeof(double) * (size_t) class->count);
        memcpy(columns, class->columns, sizeof(ColumnId) * (size_t) class->count);
        memcpy(inputs, class->inputs, sizeof(int32_t) * (size_t) class->count);
    }
    columns[class->count] = column;
    inputs[class->count++] = input;
    distinct[class->count - 1] = distinct_values(order->planner, expr_column(arena, order->planner->statement, column),
                                                 order->inputs[input]->rows);
    class->columns = columns;
    class->inputs = inputs;
    class->distinct = distinct;
    class->mask |= (Mask) 1 << input;
}

static void class_note(Ordering *order, ColumnId a, ColumnId b)
{
    Class *found = NULL;
    for (int32_t c = 0; c < order->class_count; c++)
    {
        Class *class = &order->classes[c];
        bool has = false;
        for (int32_t k = 0; k < class->count; k++)
            has |= class->columns[k] == a || class->columns[k] == b;
        if (!has)
            continue;
        if (found == NULL)
        {
            found = class;
            continue;
        }
        for (int32_t k = 0; k < class->count; k++) /* two classes become one */
            class_add(order, found, class->columns[k]);
        *class = order->classes[--order->class_count];
        c--;
    }
    if (found == NULL)
    {
        found = &order->classes[order->class_count++];
        *found = (Class){0}; /* a class that became part of another may have stood there */
    }
    class_add(order, found, a);
    class_add(order, found, b);
    same_unite(order->planner, a, b);
}

static void read_conjuncts(Ordering *order, const Rel *set, ExprList *constant)
{
    Arena *arena = order->planner->arena;
    order->classes = ARENA_ARRAY(arena, Class, set->conjunct_count + 1);
    order->conjuncts = ARENA_ARRAY(arena, Conjunct, set->conjunct_count + 1);
    for (int32_t k = 0; k < set->conjunct_count; k++)
    {
        Expr *expr = set->conjuncts[k];
        Mask mask = mask_of(order, expr);
        ColumnId a, b;
        if (mask == 0)
            expr_list_add(constant, expr);
        else if (expr_is_column_equality(expr, &a, &b) && (mask & (mask - 1)) != 0)
            class_note(order, a, b);
        else
            order->conjuncts[order->conjunct_count++] = (Conjunct){expr, mask};
    }
}

/* --- one join ------------------------------------------------------------------ */

/* The class's column on one side: the one its rows are hashed by, if there is one. */
static ColumnId class_column(const Class *class, Mask side, const Step *step)
{
    ColumnId first = -1;
    for (int32_t k = 0; k < class->count; k++)
    {
        if ((side >> class->inputs[k] & 1) == 0)
            continue;
        if (first < 0)
            first = class->columns[k];
        for (int32_t d = 0; d < step->dist.column_count; d++)
            if (step->dist.columns[d] == class->columns[k])
                return class->columns[k];
    }
    return first;
}

static bool is_shared(const Class *class, Mask a, Mask b)
{
    return (class->mask & a) != 0 && (class->mask & b) != 0;
}

static bool is_connected(const Ordering *order, Mask a, Mask b)
{
    for (int32_t c = 0; c < order->class_count; c++)
        if (is_shared(&order->classes[c], a, b))
            return true;
    for (int32_t k = 0; k < order->conjunct_count; k++)
    {
        Mask mask = order->conjuncts[k].mask;
        if ((mask & a) != 0 && (mask & b) != 0 && (mask & ~(a | b)) == 0)
            return true;
    }
    return false;
}

/* Distinct values of a class among a side's rows: no more than any member has. */
static double class_distinct(const Class *class, Mask side, double rows)
{
    double distinct = rows;
    for (int32_t k = 0; k < class->count; k++)
        if ((side >> class->inputs[k] & 1) != 0)
            distinct = fmin(distinct, class->distinct[k]);
    return fmax(1, distinct);
}

/* The one input that gives all keys of a side, or -1. */
static int32_t keyed_input(const Ordering *order, Mask a, Mask b, Mask side)
{
    Mask common = side;
    for (int32_t c = 0; c < order->class_count; c++)
        if (is_shared(&order->classes[c], a, b))
            common &= order->classes[c].mask;
    return common == 0 ? -1 : __builtin_ctzll(common);
}

static bool has_unique_key(const Ordering *order, Mask a, Mask b, int32_t input)
{
    for (int32_t c = 0; c < order->class_count; c++)
    {
        const Class *class = &order->classes[c];
        for (int32_t k = 0; k < class->count && is_shared(class, a, b); k++)
            if (class->inputs[k] == input && class->distinct[k] > 0.9 * order->inputs[input]->rows)
                return true;
    }
    return false;
}

static bool is_grouped(const Ordering *order, const Step *step)
{
    while (step->kind == STEP_FILTER || step->kind == STEP_PROJECT || step->kind == STEP_WINDOW ||
           step->kind == STEP_SORT || step->kind == STEP_SHARED)
        step = step->kind == STEP_SHARED ? order->planner->plan->shared[step->shared] : step->inputs[0];
    return step->kind == STEP_AGGR;
}

/* Several keys between two tables, none of them unique by itself, are the key of one of them together, as
 * partsupp's two are: they have no more combinations than it has rows.  What a subquery has grouped is mostly of the
 * rows that it is joined to: no more combinations than rows here.  INFINITY if neither is so. */
static double composite_distinct(const Ordering *order, Mask a, Mask b, double most_rows)
{
    int32_t count = 0, inputs[2] = {keyed_input(order, a, b, a), keyed_input(order, a, b, b)};
    double distinct = INFINITY;
    for (int32_t c = 0; c < order->class_count; c++)
        count += is_shared(&order->classes[c], a, b);
    if (count < 2 || inputs[0] < 0 || inputs[1] < 0)
        return INFINITY;
    if (is_grouped(order, order->inputs[inputs[0]]) || is_grouped(order, order->inputs[inputs[1]]))
        return fmax(1, most_rows);
    for (int32_t k = 0; k < 2; k++)
    {
        const CatalogTable *table = order->inputs[inputs[k]]->table;
        if (table == NULL || has_unique_key(order, a, b, inputs[k]))
            return INFINITY;
        distinct = fmin(distinct, fmax(1, (double) table->row_count));
    }
    return distinct;
}

static double join_rows(Ordering *order, Mask a, Mask b, double rows_a, double rows_b)
{
    double rows = rows_a * rows_b, distinct = 1;
    for (int32_t c = 0; c < order->class_count; c++)
        if (is_shared(&order->classes[c], a, b))
            distinct *=
                fmax(class_distinct(&order->classes[c], a, rows_a), class_distinct(&order->classes[c], b, rows_b));
    rows /= fmin(distinct, composite_distinct(order, a, b, fmax(rows_a, rows_b)));
    for (int32_t k = 0; k < order->conjunct_count; k++)
    {
        Mask mask = order->conjuncts[k].mask;
        if ((mask & a) != 0 && (mask & b) != 0 && (mask & ~(a | b)) == 0)
            rows *= expr_selectivity(order->planner->statement, order->conjuncts[k].expr);
    }
    return fmax(1, rows);
}

static JoinAsk make_ask(Ordering *order, Mask a, Mask b, Step *outer, Step *inner, double rows)
{
    Planner *planner = order->planner;
    JoinAsk ask = {.join = JOIN_INNER, .outer = outer, .inner = inner, .residual = {.arena = planner->arena}};
    ask.rows = rows;
    for (int32_t c = 0; c < order->class_count; c++)
    {
        const Class *class = &order->classes[c];
        if (!is_shared(class, a, b))
            continue;
        Expr *left = expr_column(planner->arena, planner->statement, class_column(class, a, outer));
        Expr *right = expr_column(planner->arena, planner->statement, class_column(class, b, inner));
        if (ask.key_count == JOIN_KEYS_MAX)
        {
            expr_list_add(&ask.residual, expr_compare_make(planner->arena, '=', left, right));
            continue;
        }
        ask.outer_keys[ask.key_count] = left;
        ask.inner_keys[ask.key_count++] = right;
    }
    ColumnSet outer_columns = {0}, inner_columns = {0};
    column_set_add_all(planner->arena, &outer_columns, outer->outputs, outer->output_count);
    column_set_add_all(planner->arena, &inner_columns, inner->outputs, inner->output_count);
    for (int32_t k = 0; k < order->conjunct_count; k++)
    {
        Mask mask = order->conjuncts[k].mask;
        if ((mask & a) != 0 && (mask & b) != 0 && (mask & ~(a | b)) == 0)
            join_ask_add(planner, &ask, order->conjuncts[k].expr, &outer_columns, &inner_columns);
    }
    return ask;
}

/* The cheaper of both ways round. */
static Step *best_join(Ordering *order, Mask a, Mask b, Step *step_a, Step *step_b, double rows, double cost_limit)
{
    JoinAsk ask = make_ask(order, a, b, step_a, step_b, rows);
    JoinAsk turned = make_ask(order, b, a, step_b, step_a, rows);
    JoinWay way = join_way(order->planner, &ask), turned_way = join_way(order->planner, &turned);
    double cost = step_a->cost_total + step_b->cost_total + fmin(way.cost, turned_way.cost);
    if (cost >= cost_limit)
        return NULL;
    return way.cost <= turned_way.cost ? join_make(order->planner, &ask, &way)
                                       : join_make(order->planner, &turned, &turned_way);
}

/* --- all of them ----------------------------------------------------------------- */

/* Splits of `set` in two, each once: the part with the lowest input is `a`. */
#define FOR_SPLITS(set, a)                                                                                             \
    for (Mask a = ((set) -1) & (set); a != 0; a = (a - 1) & (set))                                                     \
        if ((a & ((set) & -(set))) != 0)

/* May the set be split in these two?  Sets that conditions hold together are made of such sets only. */
static bool is_split(const Ordering *order, Mask a, Mask b)
{
    if (order->best[a] == NULL || order->best[b] == NULL)
        return false;
    return !order->linked[a | b] || (order->linked[a] && order->linked[b] && is_connected(order, a, b));
}

static bool is_linked(const Ordering *order, Mask set)
{
    FOR_SPLITS(set, a)
    {
        Mask b = set & ~a;
        if (order->linked[a] && order->linked[b] && is_connected(order, a, b))
            return true;
    }
    return false;
}

static void order_set(Ordering *order, Mask set)
{
    Step **best = order->best;
    double rows = 0;
    FOR_SPLITS(set, a)
    { /* rows do not depend on the order; the most careful estimate is taken */
        Mask b = set & ~a;
        if (is_split(order, a, b))
            rows = fmax(rows, join_rows(order, a, b, best[a]->rows, best[b]->rows));
    }
    FOR_SPLITS(set, a)
    {
        Mask b = set & ~a;
        if (!is_split(order, a, b))
            continue;
        Step *step =
            best_join(order, a, b, best[a], best[b], rows, best[set] == NULL ? INFINITY : best[set]->cost_total);
        if (step != NULL)
            best[set] = step;
    }
}

static Step *order_exactly(Ordering *order)
{
    Mask all = ((Mask) 1 << order->count) - 1;
    order->best = ARENA_ARRAY(order->planner->arena, Step *, all + 1);
    order->linked = ARENA_ARRAY(order->planner->arena, bool, all + 1);
    for (int32_t k = 0; k < order->count; k++)
    {
        order->best[(Mask) 1 << k] = order->inputs[k];
        order->linked[(Mask) 1 << k] = true;
    }
    for (Mask set = 1; set <= all; set++)
        order->linked[set] = order->linked[set] || is_linked(order, set);
    /* Where all hold together no cross product is tried; else pairs may be, and the whole must be. */
    for (Mask set = 1; set <= all; set++)
        if (order->best[set] == NULL &&
            (order->linked[set] || (!order->linked[all] && (set == all || __builtin_popcountll(set) == 2))))
            order_set(order, set);
    return order->best[all];
}

static Step *order_greedily(Ordering *order)
{
    Step **steps = arena_memdup(order->planner->arena, order->inputs, sizeof(Step *) * (size_t) order->count);
    Mask *masks = ARENA_ARRAY(order->planner->arena, Mask, order->count);
    for (int32_t k = 0; k < order->count; k++)
        masks[k] = (Mask) 1 << k;
    for (int32_t count = order->count; count > 1; count--)
    {
        int32_t best_a = 0, best_b = 1;
        double best_rows = INFINITY;
        bool best_connected = false;
        for (int32_t a = 0; a < count; a++)
            for (int32_t b = a + 1; b < count; b++)
            {
                bool connected = is_connected(order, masks[a], masks[b]);
                double rows = join_rows(order, masks[a], masks[b], steps[a]->rows, steps[b]->rows);
                if (connected < best_connected || (connected == best_connected && rows >= best_rows))
                    continue;
                best_a = a;
                best_b = b;
                best_rows = rows;
                best_connected = connected;
            }
        double rows = join_rows(order, masks[best_a], masks[best_b], steps[best_a]->rows, steps[best_b]->rows);
        steps[best_a] = best_join(order, masks[best_a], masks[best_b], steps[best_a], steps[best_b], rows, INFINITY);
        masks[best_a] |= masks[best_b];
        steps[best_b] = steps[count - 1];
        masks[best_b] = masks[count - 1];
    }
    return steps[0];
}

/* What the conjuncts say within one input is tested there: a = b where b and c are of one table also says b = c. */
static void filter_inputs(Ordering *order, Step **inputs)
{
    Planner *planner = order->planner;
    for (int32_t input = 0; input < order->count; input++)
    {
        ExprList tests = {.arena = planner->arena};
        for (int32_t c = 0; c < order->class_count; c++)
        {
            const Class *class = &order->classes[c];
            int32_t first = -1;
            for (int32_t k = 0; k < class->count; k++)
            {
                if (class->inputs[k] != input)
                    continue;
                if (first >= 0)
                    expr_list_add(&tests, expr_compare_make(
                                              planner->arena, '=',
                                              expr_column(planner->arena, planner->statement, class->columns[first]),
                                              expr_column(planner->arena, planner->statement, class->columns[k])));
                first = first < 0 ? k : first;
            }
        }
        for (int32_t k = 0; k < order->conjunct_count; k++)
            if (order->conjuncts[k].mask == (Mask) 1 << input)
                expr_list_add(&tests, order->conjuncts[k].expr);
        if (tests.count > 0)
            inputs[input] = step_filter(planner, inputs[input], tests.items, tests.count, false);
    }
}

#define LEFT_DEPTH_MAX 3 /* few nations leave few suppliers, which leave few lines */

static double rows_left(const Ordering *order, int32_t input, const Class *from, int32_t depth);

/* The fewest values that members of a class have, but for those of one input (-1: of all). */
static double fewest_values(const Ordering *order, const Class *class, int32_t but, int32_t depth)
{
    double least = INFINITY;
    for (int32_t k = 0; k < class->count; k++)
        if (class->inputs[k] != but)
            least = fmin(least, fmin(class->distinct[k], rows_left(order, class->inputs[k], class, depth - 1)));
    return least;
}

/* Rows of an input that find partners in all others, but for those they are joined with by the class `from`. */
static double rows_left(const Ordering *order, int32_t input, const Class *from, int32_t depth)
{
    double rows = order->inputs[input]->rows;
    for (int32_t c = 0; c < order->class_count && depth > 0; c++)
    {
        const Class *class = &order->classes[c];
        int32_t k = 0;
        while (k < class->count && class->inputs[k] != input)
            k++;
        if (class != from && k < class->count)
            rows *= fmin(1, fewest_values(order, class, input, depth) / class->distinct[k]);
    }
    return fmax(1, rows);
}

/* Of columns that are equal none has more values than the one with fewest; so rows are left out, and with them values
 * of other columns. */
static void note_distinct(const Ordering *order)
{
    for (int32_t k = 0; k < order->count; k++)
    {
        double rows = rows_left(order, k, NULL, LEFT_DEPTH_MAX);
        for (int32_t c = 0; c < order->inputs[k]->output_count; c++)
            distinct_note(order->planner, order->inputs[k]->outputs[c], rows);
    }
    for (int32_t c = 0; c < order->class_count; c++)
        for (int32_t k = 0; k < order->classes[c].count; k++)
            distinct_note(order->planner, order->classes[c].columns[k],
                          fewest_values(order, &order->classes[c], -1, LEFT_DEPTH_MAX));
}

Error *join_order(Planner *planner, const Rel *set, Step **inputs, Step **out)
{
    Ordering order = {.planner = planner, .count = set->input_count, .inputs = inputs};
    ExprList constant = {.arena = planner->arena};
    order.columns = ARENA_ARRAY(planner->arena, ColumnSet, order.count);
    for (int32_t k = 0; k < order.count; k++)
        column_set_add_all(planner->arena, &order.columns[k], inputs[k]->outputs, inputs[k]->output_count);
    read_conjuncts(&order, set, &constant);
    filter_inputs(&order, inputs);
    if (order.count == 1)
        *out = inputs[0];
    else
        *out = order.count <= JOIN_EXACT_INPUTS ? order_exactly(&order) : NULL;
    if (*out == NULL)
        *out = order_greedily(&order);
    note_distinct(&order);
    if (constant.count > 0)
        *out = step_filter(planner, *out, constant.items, constant.count, false);
    return NULL;
}
