/* SPDX-License-Identifier: Apache-2.0 */
/* A tree as text: one line a node, inputs two columns further in. */
#include "sql/rel/rel_tool.h"

static const char *kind_name(const Rel *rel)
{
    static const char *const NAMES[] = {
        [REL_ONE] = "one",       [REL_SCAN] = "scan",       [REL_SYSVIEW] = "sysview", [REL_VALUES] = "values",
        [REL_FILTER] = "filter", [REL_PROJECT] = "project", [REL_JOIN_SET] = "joins",  [REL_JOIN] = "join",
        [REL_AGG] = "aggregate", [REL_SORT] = "sort",       [REL_LIMIT] = "limit",
        [REL_SERIES] = "series", [REL_SHARED] = "shared",   [REL_ROUND] = "round",     [REL_APPEND] = "append",
        [REL_WINDOW] = "window"};
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

static void print_aggs(Text *text, const BoundStatement *statement, const Rel *rel)
{
    static const char *const NAMES[] = {
        "none",
#define AGG(id, name, arg, result, doc) name,
#include "base/kernel/agg.def"
#undef AGG
    };
    for (int32_t k = 0; k < rel->agg_count; k++)
    {
        text_puts(text, " ");
        print_column(text, statement, rel->aggs[k].column);
        text_printf(text, "=%s(%s", NAMES[rel->aggs[k].kind], rel->aggs[k].distinct ? "distinct " : "");
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
    print_aggs(text, statement, rel);
    for (int32_t k = 0; k < rel->sort_count; k++)
    {
        text_puts(text, " ");
        expr_print(text, statement, rel->sort[k].expr);
        text_puts(text, rel->sort[k].descending ? " desc" : "");
    }
    if (rel->limit >= 0)
        text_printf(text, " limit %lld", (long long) rel->limit);
    if (rel->offset > 0)
        text_printf(text, " offset %lld", (long long) rel->offset);
    for (int32_t k = 0; k < rel->conjunct_count; k++)
    {
        text_puts(text, k == 0 ? " where " : " and ");
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
