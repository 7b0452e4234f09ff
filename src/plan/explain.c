/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXPLAIN as Redshift prints it (Database Developer Guide, "Creating and
 * interpreting a query plan"):
 *
 *     XN Merge  (cost=.. rows=.. width=..)
 *       Merge Key: eventname
 *       ->  XN Network  (cost=..)
 *             Send to leader
 *             ->  XN Sort  (cost=..)
 *                   Sort Key: eventname
 *                   ->  XN Hash Join DS_BCAST_INNER  (cost=..)
 *                         Hash Cond: ("outer".eventid = "inner".eventid)
 *                         ->  XN Seq Scan on sales  (cost=..)
 *                         ->  XN Hash  (cost=..)
 *                               ->  XN Seq Scan on event  (cost=..)
 *
 * Projections are not shown, a filter is a line of what it filters, and moves
 * for a join are told by the join's label alone.
 */
#include "base/core/assert.h"
#include "src/plan/planner.h"

#include <math.h>
#include <string.h>

typedef struct Explain
{
    Text *text;
    Arena *arena;
    const BoundStatement *statement;
    const Plan *plan;
    const PlanActual *actual; /* NULL: it has not run */
} Explain;

/* Filters that stand above the node that is printed next. */
typedef struct Above
{
    const Step *filter;
    const struct Above *next;
} Above;

static void print_step(Explain *explain, const Step *step, int32_t depth, const Above *above);

static void open_line(Explain *explain, int32_t depth)
{
    if (depth > 0)
        text_printf(explain->text, "%*s->  ", (int) (6 * (depth - 1) + 2), "");
}

static void open_detail(Explain *explain, int32_t depth, const char *what)
{
    text_printf(explain->text, "%*s%s", (int) (6 * depth + 2), "", what);
}

/* `resting`: whose rows, at rest, the line is about; NULL: nobody's. */
static void print_estimates(Explain *explain, const Step *step, double start, const Step *resting)
{
    text_printf(explain->text, "  (cost=%.2f..%.2f rows=%.0f width=%.0f)", start, step->cost_total,
                fmax(1, round(step->rows)), round(step->width));
    if (explain->actual != NULL && resting != NULL)
        explain_actual(explain->text, explain->plan, explain->actual, resting);
    text_puts(explain->text, "\n");
}

static void print_numbers(Explain *explain, const Step *step, double start)
{
    print_estimates(explain, step, start, step->kind == STEP_HJOIN ? NULL : step);
}

static void print_node(Explain *explain, const Step *step, int32_t depth, const char *name)
{
    open_line(explain, depth);
    text_printf(explain->text, "XN %s", name);
    print_numbers(explain, step, step->cost_start);
}

static void print_conjuncts(Explain *explain, Expr *const *conjuncts, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
    {
        text_puts(explain->text, k == 0 ? "" : " AND ");
        expr_print(explain->text, explain->statement, conjuncts[k]);
    }
}

static void print_condition(Explain *explain, int32_t depth, const char *what, Expr *const *conjuncts, int32_t count)
{
    if (count == 0)
        return;
    open_detail(explain, depth, what);
    text_puts(explain->text, count > 1 ? "(" : "");
    print_conjuncts(explain, conjuncts, count);
    text_puts(explain->text, count > 1 ? ")\n" : "\n");
}

static void print_above(Explain *explain, int32_t depth, const Above *above)
{
    for (; above != NULL; above = above->next)
        print_condition(explain, depth,
                        above->filter->must_hold ? "One Row Check: " : "Filter: ", above->filter->conjuncts,
                        above->filter->conjunct_count);
}

static void print_side(Explain *explain, const char *side, const Expr *key)
{
    if (key->kind == EXPR_COLUMN)
        text_printf(explain->text, "\"%s\".", side);
    expr_print(explain->text, explain->statement, key);
}

static void print_join(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    static const char *const NAMES[] = {
        [JOIN_INNER] = "Join",       [JOIN_LEFT] = "Left Join",        [JOIN_SEMI] = "IN Join",
        [JOIN_ANTI] = "NOT IN Join",
    };
    open_line(explain, depth);
    if (step->key_count > 0)
        text_printf(explain->text, "XN Hash %s %s", NAMES[step->join], step->dist_label);
    else
        text_printf(explain->text, "XN Nested Loop %s%s", step->join == JOIN_INNER ? "" : NAMES[step->join],
                    step->join == JOIN_INNER ? "" : " ");
    if (step->key_count == 0)
        text_puts(explain->text, step->dist_label);
    print_numbers(explain, step, step->cost_start);
    if (step->key_count > 0)
    {
        open_detail(explain, depth, "Hash Cond: ");
        text_puts(explain->text, step->key_count > 1 ? "(" : "");
        for (int32_t k = 0; k < step->key_count; k++)
        {
            text_puts(explain->text, k == 0 ? "(" : " AND (");
            print_side(explain, "outer", step->outer_keys[k]);
            text_puts(explain->text, " = ");
            print_side(explain, "inner", step->inner_keys[k]);
            text_puts(explain->text, ")");
        }
        text_puts(explain->text, step->key_count > 1 ? ")\n" : "\n");
    }
    print_condition(explain, depth, "Join Filter: ", step->conjuncts, step->conjunct_count);
    print_above(explain, depth, above);
    const Step *sides[2] = {step->inputs[0], step->inputs[1]};
    for (int32_t k = 0; k < 2; k++)
        while (sides[k]->kind == STEP_DIST || sides[k]->kind == STEP_BCAST)
            sides[k] = sides[k]->inputs[0];
    print_step(explain, sides[0], depth + 1, NULL);
    if (step->key_count == 0)
    {
        print_step(explain, sides[1], depth + 1, NULL);
        return;
    }
    open_line(explain, depth + 1);
    text_puts(explain->text, "XN Hash");
    print_estimates(explain, sides[1], sides[1]->cost_total, step);
    print_step(explain, sides[1], depth + 2, NULL);
}

static void print_keys(Explain *explain, const BoundSort *sort, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
    {
        text_puts(explain->text, k == 0 ? "" : ", ");
        expr_print(explain->text, explain->statement, sort[k].expr);
        text_puts(explain->text, sort[k].descending ? " DESC" : "");
    }
}

static void print_order(Explain *explain, const BoundSort *sort, int32_t count, int32_t depth, const char *what)
{
    open_detail(explain, depth, what);
    print_keys(explain, sort, count);
    text_puts(explain->text, "\n");
}

static void print_sort(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    const Step *below = step->inputs[0];
    bool merges = step_at_leader(step) && below->kind == STEP_RETURN && below->inputs[0]->kind == STEP_SORT;
    if (step_at_leader(step) && (step->limit >= 0 || step->offset > 0))
        print_node(explain, step, depth++, "Limit");
    print_node(explain, step, depth, merges ? "Merge" : "Sort");
    print_order(explain, step->sort, step->sort_count, depth, merges ? "Merge Key: " : "Sort Key: ");
    print_above(explain, depth, above);
    print_step(explain, below, depth + 1, NULL);
}

static void print_move(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    print_node(explain, step, depth, "Network");
    if (step->kind == STEP_RETURN)
        open_detail(explain, depth, "Send to leader");
    else if (step->kind == STEP_BCAST)
        open_detail(explain, depth, "Broadcast");
    else
        open_detail(explain, depth, step->key_count == 0 ? "Distribute Round Robin" : "Distribute by ");
    for (int32_t k = 0; k < step->key_count; k++)
    {
        text_puts(explain->text, k == 0 ? "" : ", ");
        expr_print(explain->text, explain->statement, step->outer_keys[k]);
    }
    text_puts(explain->text, "\n");
    print_above(explain, depth, above);
    print_step(explain, step->inputs[0], depth + 1, NULL);
}

static void print_scan(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    open_line(explain, depth);
    text_printf(explain->text, "XN Seq Scan on %s", step->table->name);
    if (step->alias != NULL && strcmp(step->alias, step->table->name) != 0)
        text_printf(explain->text, " %s", step->alias);
    print_numbers(explain, step, step->cost_start);
    print_condition(explain, depth, "Filter: ", step->conjuncts, step->conjunct_count);
    print_above(explain, depth, above);
}

/* A node with nothing of its own to say, and its input. */
static void print_plain(Explain *explain, const Step *step, int32_t depth, const Above *above, const char *name)
{
    print_node(explain, step, depth, name);
    print_above(explain, depth, above);
    if (step->input_count > 0)
        print_step(explain, step->inputs[0], depth + 1, NULL);
}

static void print_union(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    print_node(explain, step, depth, "Append");
    print_above(explain, depth, above);
    for (int32_t k = 0; k < step->input_count; k++)
        print_step(explain, step->inputs[k], depth + 1, NULL);
}

/* The store sorts its rows: Redshift shows that as a step of its own. */
static void print_window(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    const BoundWindow *window = &step->windows[0];
    print_node(explain, step, depth, "Window");
    for (int32_t k = 0; k < window->partition_count; k++)
    {
        if (k == 0)
            open_detail(explain, depth, "Partition: ");
        text_puts(explain->text, k == 0 ? "" : ", ");
        expr_print(explain->text, explain->statement, window->partition[k]);
    }
    text_puts(explain->text, window->partition_count > 0 ? "\n" : "");
    if (window->sort_count > 0)
        print_order(explain, window->sort, window->sort_count, depth, "Order: ");
    print_above(explain, depth, above);
    if (window->partition_count + window->sort_count == 0)
    {
        print_step(explain, step->inputs[0], depth + 1, NULL);
        return;
    }
    print_node(explain, step->inputs[0], ++depth, "Sort");
    open_detail(explain, depth, "Sort Key: ");
    for (int32_t k = 0; k < window->partition_count; k++)
    {
        text_puts(explain->text, k == 0 ? "" : ", ");
        expr_print(explain->text, explain->statement, window->partition[k]);
    }
    if (window->sort_count > 0 && window->partition_count > 0)
        text_puts(explain->text, ", ");
    print_keys(explain, window->sort, window->sort_count);
    text_puts(explain->text, "\n");
    print_step(explain, step->inputs[0], depth + 1, NULL);
}

/* "XN Update", "XN Delete", "XN Merge", and what is done with the rows. */
static void print_write(Explain *explain, const Step *step, int32_t depth)
{
    const char *tag = step->write->tag;
    print_node(explain, step, depth,
               strncmp(tag, "UPDATE", 6) == 0   ? "Update"
               : strncmp(tag, "DELETE", 6) == 0 ? "Delete"
               : strncmp(tag, "MERGE", 5) == 0  ? "Merge Into"
                                                : "Write");
    for (int32_t k = 0; k < step->input_count; k++)
        print_step(explain, step->inputs[k], depth + 1, NULL);
}

static void print_step(Explain *explain, const Step *step, int32_t depth, const Above *above)
{
    char *name;
    switch (step->kind)
    {
    case STEP_FILTER:
        print_step(explain, step->inputs[0], depth, &(Above){step, above});
        return;
    case STEP_PROJECT:
        print_step(explain, step->inputs[0], depth, above);
        return;
    case STEP_HJOIN:
        print_join(explain, step, depth, above);
        return;
    case STEP_SCAN:
    case STEP_SYSVIEW:
        print_scan(explain, step, depth, above);
        return;
    case STEP_SORT:
        print_sort(explain, step, depth, above);
        return;
    case STEP_DIST:
    case STEP_BCAST:
    case STEP_RETURN:
        print_move(explain, step, depth, above);
        return;
    case STEP_AGGR:
        print_plain(explain, step, depth, above, step->group_count > 0 ? "HashAggregate" : "Aggregate");
        return;
    case STEP_LIMIT:
        if (!step_at_leader(step)) /* the slices' part of the leader's limit */
            print_step(explain, step->inputs[0], depth, above);
        else
            print_plain(explain, step, depth, above, "Limit");
        return;
    case STEP_UNION:
        print_union(explain, step, depth, above);
        return;
    case STEP_WINDOW:
        print_window(explain, step, depth, above);
        return;
    case STEP_SHARED:
        name = arena_printf(explain->arena, "CTE Scan on shared %d", step->shared + 1);
        print_plain(explain, step, depth, above, name);
        return;
    case STEP_ROUND:
        print_plain(explain, step, depth, above, "CTE Scan on recursive rows");
        return;
    case STEP_EXPAND:
        print_plain(explain, step, depth, above, "ProjectSet");
        return;
    case STEP_WRITE:
        print_write(explain, step, depth);
        return;
    case STEP_APPEND:
        print_plain(explain, step, depth, above, "Insert");
        return;
    case STEP_ONE:
        print_plain(explain, step, depth, above, "Result");
        return;
    case STEP_VALUES:
        print_plain(explain, step, depth, above, "Values Scan");
        return;
    case STEP_COUNT:
        break;
    }
}

void explain_tree(Text *text, const Plan *plan, const PlanActual *actual)
{
    Explain explain = {text, plan->arena, plan->statement, plan, actual};
    const Step *top = plan->root;
    for (int32_t k = 0; k < plan->shared_count; k++)
    {
        print_node(&explain, plan->shared[k], 0, arena_printf(plan->arena, "Shared %d", k + 1));
        print_step(&explain, plan->shared[k], 1, NULL);
    }
    if (top->kind == STEP_RETURN) /* that the rows come to the leader goes without saying */
        top = top->inputs[0];
    print_step(&explain, top, 0, NULL);
}

void plan_explain(Text *text, const Plan *plan)
{
    explain_tree(text, plan, NULL);
}
