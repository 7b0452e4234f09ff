/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as text: one line a node, inputs two columns further in. */
#include "sql/rel/rel_tool.h"

static const char *kind_name(const Rel *rel)
{
    static const char *const NAMES[] = {
        [REL_ONE] = "one",       [REL_SCAN] = "scan",       [REL_SYSVIEW] = "sysview", [REL_VALUES] = "values",
        [REL_FILTER] = "filter", [REL_PROJECT] = "project", [REL_JOIN_SET] = "joins",  [REL_JOIN] = "join",
        [REL_AGG] = "aggregate", [REL_SORT] = "sort",       [REL_LIMIT] = "limit",     [REL_EXPAND] = "expand",
        [REL_SHARED] = "shared", [REL_ROUND] = "round",     [REL_APPEND] = "append",   [REL_WINDOW] = "window"};
    static const char *const JOINS[] = {[JOIN_INNER] = "inner join",
                                        [JOIN_LEFT] = "left join",
                                        [JOIN_FULL] = "full join",
                                        [JOIN_SEMI] = "semi join",
                                        [JOIN_ANTI] = "anti join"};
    return rel->kind == REL_JOIN ? JOINS[rel->join] : NAMES[rel->kind];
}

static void print_column(Text *text, const BoundStatement *statement, ColumnId column)
{
    text_printf(text, "%s#%d", statement->columns[column].name, (int) column);
}

static const char *const AGG_NAMES[] = {
    "none",
#define AGG(id, name, arg, result, doc) name,
#include "base/kernel/agg.def"
#undef AGG
};

static const char *const WINDOW_NAMES[] = {
    "none",
#define WINDOW(id, name, args, result, flags, doc) name,
#include "base/kernel/window.def"
#undef WINDOW
};

static void print_sort(Text *text, const BoundStatement *statement, const BoundSort *sort, int32_t count)
{
    for (int32_t k = 0; k < count; k++)
    {
        text_puts(text, " ");
        expr_print(text, statement, sort[k].expr);
        text_puts(text, sort[k].descending ? " desc" : "");
    }
}

static void print_windows(Text *text, const BoundStatement *statement, const Rel *rel)
{
    for (int32_t k = 0; k < rel->window_count; k++)
    {
        const BoundWindow *window = &rel->windows[k];
        text_puts(text, " ");
        print_column(text, statement, window->column);
        text_printf(text, "=%s(%s",
                    window->window == WINDOW_NONE ? AGG_NAMES[window->agg] : WINDOW_NAMES[window->window],
                    window->distinct ? "distinct " : "");
        for (int32_t e = 0; e < window->arg_count; e++)
        {
            text_puts(text, e == 0 ? "" : ", ");
            expr_print(text, statement, window->args[e]);
        }
        text_puts(text, ")");
    }
    for (int32_t k = 0; rel->window_count > 0 && k < rel->windows[0].partition_count; k++)
    {
        text_puts(text, k == 0 ? " partition by " : ", ");
        expr_print(text, statement, rel->windows[0].partition[k]);
    }
    if (rel->window_count > 0 && rel->windows[0].sort_count > 0)
    {
        text_puts(text, " order by");
        print_sort(text, statement, rel->windows[0].sort, rel->windows[0].sort_count);
    }
}

static void print_leaf(Text *text, const BoundStatement *statement, const Rel *rel)
{
    if (rel->kind == REL_SHARED || rel->kind == REL_ROUND)
        text_printf(text, " %d", rel->kind == REL_SHARED ? (int) rel->shared : (int) rel->cte);
    if (rel->kind == REL_SHARED || rel->kind == REL_ROUND || rel->kind == REL_APPEND)
        for (int32_t k = 0; k < rel->column_count; k++)
        {
            text_puts(text, " ");
            print_column(text, statement, rel->table_columns[k]);
            for (int32_t i = 0; rel->kind == REL_APPEND && i < rel->input_count; i++)
            {
                text_puts(text, i == 0 ? "=" : ",");
                print_column(text, statement, rel->input_columns[i][k]);
            }
        }
}

static void print_aggs(Text *text, const BoundStatement *statement, const Rel *rel)
{
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        text_puts(text, " ");
        print_column(text, statement, rel->aggs[k].column);
        text_printf(text, "=%s(%s", AGG_NAMES[rel->aggs[k].kind], rel->aggs[k].distinct ? "distinct " : "");
        if (rel->aggs[k].arg == NULL)
            text_puts(text, "*");
        else
            expr_print(text, statement, rel->aggs[k].arg);
        text_puts(text, ")");
    }
}

static void print_own(Text *text, const BoundStatement *statement, const Rel *rel)
{
    if (rel->table != NULL)
        text_printf(text, " %s", rel->table->name);
    for (int32_t k = 0; k < rel->named_count; k++)
    {
        text_puts(text, " ");
        print_column(text, statement, rel->named[k].column);
        text_puts(text, "=");
        expr_print(text, statement, rel->named[k].expr);
    }
    print_leaf(text, statement, rel);
    print_aggs(text, statement, rel);
    print_windows(text, statement, rel);
    print_sort(text, statement, rel->sort, rel->sort_count);
    if (rel->limit >= 0)
        text_printf(text, " limit %lld", (long long) rel->limit);
    if (rel->offset > 0)
        text_printf(text, " offset %lld", (long long) rel->offset);
    for (int32_t k = 0; k < rel->conjunct_count; k++)
    {
        text_puts(text, k > 0 ? " and " : rel->must_hold ? " must hold " : " where ");
        expr_print(text, statement, rel->conjuncts[k]);
    }
}

static void print_node(Text *text, const BoundStatement *statement, const Rel *rel, int32_t depth)
{
    text_printf(text, "%*s%s", (int) (2 * depth), "", kind_name(rel));
    print_own(text, statement, rel);
    text_printf(text, "  (rows=%.0f)\n", rel->rows_estimate);
    for (int32_t k = 0; k < rel->input_count; k++)
        print_node(text, statement, rel->inputs[k], depth + 1);
}

void rel_print(Text *text, const BoundStatement *statement, const RelTree *tree)
{
    for (int32_t k = 0; k < tree->shared_count; k++)
    {
        text_printf(text, "shared %d\n", (int) k);
        print_node(text, statement, tree->shared[k], 1);
    }
    print_node(text, statement, tree->root, 0);
}
