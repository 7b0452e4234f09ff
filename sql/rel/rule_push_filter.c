/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every conjunct goes down to the lowest place that has all its columns: into
 * scans, below projections (whose expressions are written in), below
 * aggregates if only groups are tested, to one side of a join.
 *
 *     FILTER s.x = 1 and s.y = n.z          JOIN_SET s.y = n.z
 *       JOIN_SET                      ->      SCAN s  (x = 1)
 *         SCAN s, SCAN n                      SCAN n
 *
 * On the way JOIN_SETs inside JOIN_SETs become one, and an outer join whose
 * null-filled rows would not pass becomes inner.
 */
#include "sql/rel/rel_tool.h"

#include "base/core/assert.h"

typedef struct Push
{
    Arena *arena;
    BoundStatement *statement;
} Push;

static Rel *push(Push *p, Rel *rel, ExprList *list);

static ExprList new_list(Push *p)
{
    return (ExprList){.arena = p->arena};
}

static bool reads_only(Push *p, const Expr *expr, const ColumnSet *columns)
{
    ColumnSet read = {0};
    expr_columns(p->arena, expr, &read);
    return column_set_count(&read) > 0 && column_set_within(&read, columns);
}

static bool reads_any(Push *p, const Expr *expr, const ColumnSet *columns)
{
    ColumnSet read = {0};
    expr_columns(p->arena, expr, &read);
    return column_set_meets(&read, columns);
}

/* A comparison with null is never true. */
static Expr *without_null_test(Push *p, Expr *conjunct)
{
    if (conjunct->kind == EXPR_COMPARE)
        for (int32_t k = 0; k < 2; k++)
            if (conjunct->args[k]->kind == EXPR_CONST && conjunct->args[k]->value.null)
                return expr_bool(p->arena, false);
    return conjunct;
}

/* Adds conjuncts in their simplest words, each once. */
static void add_normal(Push *p, ExprList *list, Expr *const *conjuncts, int32_t count)
{
    ExprList factored = new_list(p), flat = new_list(p);
    for (int32_t k = 0; k < count; k++)
        or_factor(p->arena, conjuncts[k], &factored);
    for (int32_t k = 0; k < factored.count; k++)
        expr_list_add_conjuncts(&flat, without_null_test(p, cast_unwrapped(p->arena, factored.items[k])));
    for (int32_t k = 0; k < flat.count; k++)
        if (expr_is_volatile(flat.items[k]) || !expr_list_has(list, flat.items[k]))
            expr_list_add(list, flat.items[k]);
}

/* --- projections and aggregates: columns are exchanged for what they are made of --- */

static bool names_are_volatile(const Rel *rel)
{
    for (int32_t k = 0; k < rel->named_count; k++)
        if (expr_is_volatile(rel->named[k].expr))
            return true;
    return false;
}

static Rel *push_through_names(Push *p, Rel *rel, ExprList *list)
{
    ExprList below = new_list(p), stay = new_list(p);
    ColumnSet groups = {0};
    for (int32_t k = 0; k < rel->named_count; k++)
        column_set_add(p->arena, &groups, rel->named[k].column);
    bool closed = names_are_volatile(rel);
    for (int32_t k = 0; k < list->count; k++)
    {
        bool goes = rel->kind == REL_PROJECT  ? true
                    : rel->kind == REL_EXPAND ? !reads_any(p, list->items[k], &groups)
                                              : reads_only(p, list->items[k], &groups);
        expr_list_add(goes && !closed ? &below : &stay, list->items[k]);
    }
    for (int32_t k = 0; k < below.count; k++)
        below.items[k] = expr_replace(p->arena, below.items[k], rel_named_swap, rel);
    rel->inputs[0] = push(p, rel->inputs[0], &below);
    return rel_filter(p->arena, rel, stay.items, stay.count);
}

/* --- windows and unions -------------------------------------------------- */

/* What is said of partition keys alone leaves out whole partitions. */
static Rel *push_window(Push *p, Rel *window, ExprList *list)
{
    ExprList below = new_list(p), stay = new_list(p);
    ColumnSet keys = {0};
    for (int32_t k = 0; k < window->windows[0].partition_count; k++)
        expr_columns(p->arena, window->windows[0].partition[k], &keys);
    for (int32_t k = 0; k < list->count; k++)
    {
        bool goes = !expr_is_volatile(list->items[k]) && reads_only(p, list->items[k], &keys);
        expr_list_add(goes ? &below : &stay, list->items[k]);
    }
    window->inputs[0] = push(p, window->inputs[0], &below);
    return rel_filter(p->arena, window, stay.items, stay.count);
}

typedef struct AppendSwap
{
    Push *push;
    const Rel *append;
    int32_t input;
} AppendSwap;

static Expr *append_swap(void *context, const Expr *column)
{
    AppendSwap *swap = context;
    for (int32_t k = 0; k < swap->append->column_count; k++)
        if (swap->append->table_columns[k] == column->column)
            return expr_column(swap->push->arena, swap->push->statement, swap->append->input_columns[swap->input][k]);
    return NULL;
}

static Rel *push_append(Push *p, Rel *append, ExprList *list)
{
    ExprList down = new_list(p), stay = new_list(p);
    for (int32_t k = 0; k < list->count; k++)
        expr_list_add(expr_is_volatile(list->items[k]) ? &stay : &down, list->items[k]);
    for (int32_t i = 0; i < append->input_count; i++)
    {
        AppendSwap swap = {p, append, i};
        ExprList below = new_list(p);
        for (int32_t k = 0; k < down.count; k++)
            expr_list_add(&below, expr_replace(p->arena, down.items[k], append_swap, &swap));
        append->inputs[i] = push(p, append->inputs[i], &below);
    }
    return rel_filter(p->arena, append, stay.items, stay.count);
}

/* --- joins --------------------------------------------------------------- */

/* Inputs that are join sets themselves give theirs; their conjuncts join the list. */
static bool flatten_set(Push *p, Rel *set, ExprList *list)
{
    int32_t count = 0;
    bool found = false;
    for (int32_t k = 0; k < set->input_count; k++)
        count += set->inputs[k]->kind == REL_JOIN_SET ? set->inputs[k]->input_count : 1;
    Rel **inputs = ARENA_ARRAY(p->arena, Rel *, count);
    count = 0;
    for (int32_t k = 0; k < set->input_count; k++)
    {
        Rel *input = set->inputs[k];
        if (input->kind != REL_JOIN_SET)
        {
            inputs[count++] = input;
            continue;
        }
        found = true;
        add_normal(p, list, input->conjuncts, input->conjunct_count);
        for (int32_t i = 0; i < input->input_count; i++)
            inputs[count++] = input->inputs[i];
    }
    set->inputs = inputs;
    set->input_count = count;
    return found;
}

/* Filters on top of inputs are looked at together with all others. */
static void absorb_filters(Push *p, Rel *set, ExprList *list)
{
    for (int32_t k = 0; k < set->input_count; k++)
        while (set->inputs[k]->kind == REL_FILTER && !set->inputs[k]->must_hold)
        {
            add_normal(p, list, set->inputs[k]->conjuncts, set->inputs[k]->conjunct_count);
            set->inputs[k] = set->inputs[k]->inputs[0];
        }
}

/* What the list says of one input alone is pushed there; `rest` keeps what is about several. */
static Rel *push_side(Push *p, Rel *input, const ExprList *list, bool *taken)
{
    ColumnSet columns = {0};
    rel_columns(p->arena, input, &columns);
    ExprList down = new_list(p);
    for (int32_t k = 0; k < list->count; k++)
    {
        Expr *implied;
        if (reads_only(p, list->items[k], &columns))
        {
            expr_list_add(&down, list->items[k]);
            taken[k] = true;
        }
        else if ((implied = or_implied(p->arena, list->items[k], &columns)) != NULL)
            expr_list_add(&down, implied);
    }
    return push(p, input, &down);
}

static ExprList not_taken(Push *p, const ExprList *list, const bool *taken)
{
    ExprList rest = new_list(p);
    for (int32_t k = 0; k < list->count; k++)
        if (!taken[k])
            expr_list_add(&rest, list->items[k]);
    return rest;
}

static Rel *push_set(Push *p, Rel *set, ExprList *above)
{
    ExprList list = new_list(p);
    add_normal(p, &list, above->items, above->count);
    add_normal(p, &list, set->conjuncts, set->conjunct_count);
    do
    {
        absorb_filters(p, set, &list);
    } while (flatten_set(p, set, &list));
    infer_tests(p->arena, p->statement, &list);
    bool *taken = ARENA_ARRAY(p->arena, bool, list.count);
    for (int32_t k = 0; k < set->input_count; k++)
        set->inputs[k] = push_side(p, set->inputs[k], &list, taken);
    list = not_taken(p, &list, taken);
    rel_set_conjuncts(set, &list);
    ExprList none = new_list(p);
    for (int32_t k = 0; k < set->input_count; k++)
        if (set->inputs[k]->kind == REL_JOIN_SET) /* an outer join became inner */
            return push_set(p, set, &none);
    return set;
}

static bool makes_inner(Push *p, const Rel *join, const ExprList *list)
{
    ColumnSet right = {0};
    rel_columns(p->arena, join->inputs[1], &right);
    for (int32_t k = 0; k < list->count; k++)
        if (expr_refuses_nulls(list->items[k], &right))
            return true;
    return false;
}

static Rel *push_join(Push *p, Rel *join, ExprList *list)
{
    Arena *arena = p->arena;
    if (join->join == JOIN_LEFT && makes_inner(p, join, list))
        return push_set(p, rel_join_set(arena, join->inputs[0], join->inputs[1], join->conjuncts, join->conjunct_count),
                        list);
    ColumnSet left = {0};
    rel_columns(arena, join->inputs[0], &left);
    ExprList down = new_list(p), stay = new_list(p), on = new_list(p), known = new_list(p);
    for (int32_t k = 0; k < list->count; k++)
        expr_list_add(reads_only(p, list->items[k], &left) ? &down : &stay, list->items[k]);
    add_normal(p, &on, join->conjuncts, join->conjunct_count);

    /* What the left side is known to be says, through equalities, what the right may be. */
    expr_list_add_all(&known, on.items, on.count);
    expr_list_add_all(&known, down.items, down.count);
    int32_t known_count = known.count, on_count = on.count;
    infer_tests(arena, p->statement, &known);
    expr_list_add_all(&on, known.items + known_count, known.count - known_count);

    bool *taken = ARENA_ARRAY(arena, bool, on.count);
    join->inputs[1] = push_side(p, join->inputs[1], &on, taken);
    ExprList rest = new_list(p);
    for (int32_t k = 0; k < on.count; k++)
        if (!taken[k] && join->join == JOIN_SEMI && reads_only(p, on.items[k], &left))
            expr_list_add(&down, on.items[k]); /* what is about the left side alone filters it */
        else if (!taken[k] && k < on_count)
            expr_list_add(&rest, on.items[k]);
    rel_set_conjuncts(join, &rest);
    join->inputs[0] = push(p, join->inputs[0], &down);
    return rel_filter(arena, join, stay.items, stay.count);
}

/* "Not more than one row" is said of rows that pass what is known of them without the subquery's value. */
static Rel *push_held(Push *p, Rel *filter, ExprList *list)
{
    ExprList below = new_list(p), stay = new_list(p);
    ColumnSet left = {0};
    Rel *join = filter->inputs[0];
    if (join->kind == REL_JOIN && join->join == JOIN_LEFT)
        rel_columns(p->arena, join->inputs[0], &left);
    for (int32_t k = 0; k < list->count; k++)
    {
        bool goes = !expr_is_volatile(list->items[k]) && reads_only(p, list->items[k], &left);
        expr_list_add(goes ? &below : &stay, list->items[k]);
    }
    filter->inputs[0] = push(p, join, &below);
    return rel_filter(p->arena, filter, stay.items, stay.count);
}

static Rel *push(Push *p, Rel *rel, ExprList *above)
{
    ExprList list = new_list(p), none = new_list(p);
    add_normal(p, &list, above->items, above->count);
    switch (rel->kind)
    {
    case REL_FILTER:
        if (!rel->must_hold)
        {
            add_normal(p, &list, rel->conjuncts, rel->conjunct_count);
            return push(p, rel->inputs[0], &list);
        }
        return push_held(p, rel, &list);
    case REL_PROJECT:
    case REL_EXPAND:
    case REL_AGG:
        return push_through_names(p, rel, &list);
    case REL_WINDOW:
        return push_window(p, rel, &list);
    case REL_APPEND:
        return push_append(p, rel, &list);
    case REL_JOIN_SET:
        return push_set(p, rel, &list);
    case REL_JOIN:
        return push_join(p, rel, &list);
    case REL_SORT:
        if (rel->limit >= 0 || rel->offset > 0)
            break;
        rel->inputs[0] = push(p, rel->inputs[0], &list);
        return rel;
    case REL_SCAN:
        add_normal(p, &list, rel->conjuncts, rel->conjunct_count);
        rel_set_conjuncts(rel, &list);
        return rel;
    default:
        break;
    }
    for (int32_t k = 0; k < rel->input_count; k++)
        rel->inputs[k] = push(p, rel->inputs[k], &none);
    return rel_filter(p->arena, rel, list.items, list.count);
}

Error *rule_push_filter(Arena *arena, BoundStatement *statement, Rel **rel)
{
    Push p = {arena, statement};
    ExprList none = new_list(&p);
    *rel = push(&p, *rel, &none);
    return NULL;
}
