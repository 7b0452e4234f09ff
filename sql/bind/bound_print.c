/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees as text.
 *
 *     query
 *       targets: l_returnflag#19, sum#22 as sum_qty#23
 *       from: lineitem (l_orderkey#0, ...)
 *       where: (l_shipdate <= '1998-09-02'::date)
 *
 * bound_print() gives each column's number, expr_print() is SQL-like, for EXPLAIN.
 */
#include "base/core/assert.h"
#include "sql/bind/expr.h"

#include <string.h>

typedef struct Printer
{
    Text *text;
    const BoundStatement *statement;
    bool numbers; /* name#id */
    int32_t indent;
} Printer;

static void print_query(Printer *printer, const BoundQuery *query);
static void print_expr(Printer *printer, const Expr *expr);

static void print_column(Printer *printer, ColumnId column)
{
    text_puts(printer->text, printer->statement->columns[column].name);
    if (printer->numbers)
        text_printf(printer->text, "#%d", column);
}

static void print_list(Printer *printer, Expr *const *exprs, int32_t count, const char *between)
{
    for (int32_t i = 0; i < count; i++)
    {
        if (i > 0)
            text_puts(printer->text, between);
        print_expr(printer, exprs[i]);
    }
}

static const char *op_symbol(char op)
{
    switch (op)
    {
    case 'l':
        return "<=";
    case 'g':
        return ">=";
    case '!':
        return "<>";
    case '=':
        return "=";
    case '<':
        return "<";
    case '>':
        return ">";
    case '+':
        return "+";
    case '-':
        return "-";
    case '*':
        return "*";
    case '/':
        return "/";
    default:
        return "%";
    }
}

static void print_case(Printer *printer, const Expr *expr)
{
    text_puts(printer->text, "CASE");
    for (int32_t i = 0; i + 1 < expr->arg_count; i += 2)
    {
        text_puts(printer->text, " WHEN ");
        print_expr(printer, expr->args[i]);
        text_puts(printer->text, " THEN ");
        print_expr(printer, expr->args[i + 1]);
    }
    text_puts(printer->text, " ELSE ");
    print_expr(printer, expr->args[expr->arg_count - 1]);
    text_puts(printer->text, " END");
}

/* Calls of operators' bodies have no SQL name: (a + b) says more than date_add_interval(a, b). */
static const char *func_symbol(int32_t func)
{
    for (int32_t id = OPER_NONE + 1; id < OPER_COUNT; id++)
    {
        static const struct
        {
            const char *symbol;
            FuncId func;
        } rows[OPER_COUNT] = {
#define OPER(row, symbol, left, right, result, body, doc) [OPER_##row] = {symbol, FUNC_##body},
#include "base/kernel/oper.def"
#undef OPER
        };
        if (rows[id].func == (FuncId) func && rows[id].func != FUNC_NONE)
            return rows[id].symbol;
    }
    return NULL;
}

static void print_func(Printer *printer, const Expr *expr)
{
    const char *name = func_row((FuncId) expr->func)->name;
    const char *symbol = name[0] == '\0' ? func_symbol(expr->func) : NULL;
    if (symbol != NULL && expr->arg_count == 2)
    {
        text_putc(printer->text, '(');
        print_expr(printer, expr->args[0]);
        text_printf(printer->text, " %s ", symbol);
        print_expr(printer, expr->args[1]);
        text_putc(printer->text, ')');
        return;
    }
    text_printf(printer->text, "%s(", name[0] != '\0' ? name : symbol != NULL ? symbol : "?");
    print_list(printer, expr->args, expr->arg_count, ", ");
    text_putc(printer->text, ')');
}

static void print_subquery(Printer *printer, const Expr *expr)
{
    static const char *const names[] = {"EXISTS", "IN", ""};
    if (expr->subquery_kind == SUBQUERY_IN)
    {
        print_expr(printer, expr->args[0]);
        text_putc(printer->text, ' ');
    }
    text_printf(printer->text, "%s%s(", expr->negated ? "NOT " : "", names[expr->subquery_kind]);
    if (printer->numbers)
    {
        printer->indent += 2;
        print_query(printer, expr->subquery);
        printer->indent -= 2;
    }
    else
        text_puts(printer->text, "subquery");
    text_putc(printer->text, ')');
}

static void print_infix(Printer *printer, const Expr *expr, const char *symbol)
{
    text_putc(printer->text, '(');
    print_expr(printer, expr->args[0]);
    text_printf(printer->text, " %s ", symbol);
    print_expr(printer, expr->args[1]);
    text_putc(printer->text, ')');
}

static void print_wrapped(Printer *printer, const char *before, const Expr *arg, const char *behind)
{
    text_puts(printer->text, before);
    print_expr(printer, arg);
    text_puts(printer->text, behind);
}

static void print_expr(Printer *printer, const Expr *expr)
{
    Text *text = printer->text;
    switch (expr->kind)
    {
    case EXPR_COLUMN:
        print_column(printer, expr->column);
        break;
    case EXPR_CONST:
        value_print_literal(text, expr->type, &expr->value);
        break;
    case EXPR_ARITH:
    case EXPR_COMPARE:
        print_infix(printer, expr, op_symbol(expr->op));
        break;
    case EXPR_LIKE:
        print_infix(printer, expr, expr->insensitive ? "~~*" : "~~");
        break;
    case EXPR_NEGATE:
        print_wrapped(printer, "(- ", expr->args[0], ")");
        break;
    case EXPR_NOT:
        print_wrapped(printer, "(NOT ", expr->args[0], ")");
        break;
    case EXPR_IS_NULL:
        print_wrapped(printer, "(", expr->args[0], " IS NULL)");
        break;
    case EXPR_IS_TRUE:
        print_wrapped(printer, "(", expr->args[0], " IS TRUE)");
        break;
    case EXPR_AND:
    case EXPR_OR:
        text_putc(text, '(');
        print_list(printer, expr->args, expr->arg_count, expr->kind == EXPR_AND ? " AND " : " OR ");
        text_putc(text, ')');
        break;
    case EXPR_CASE:
        print_case(printer, expr);
        break;
    case EXPR_COALESCE:
    case EXPR_NULLIF:
        text_puts(text, expr->kind == EXPR_COALESCE ? "COALESCE(" : "NULLIF(");
        print_list(printer, expr->args, expr->arg_count, ", ");
        text_putc(text, ')');
        break;
    case EXPR_CAST:
        print_wrapped(printer, expr->cast_try ? "TRY_CAST(" : "(", expr->args[0], expr->cast_try ? " AS " : ")::");
        type_print(text, expr->type);
        text_puts(text, expr->cast_try ? ")" : "");
        break;
    case EXPR_IN_LIST:
        print_wrapped(printer, "(", expr->args[0], " IN (");
        print_list(printer, expr->args + 1, expr->arg_count - 1, ", ");
        text_puts(text, "))");
        break;
    case EXPR_FUNC:
        print_func(printer, expr);
        break;
    case EXPR_SUBQUERY:
        print_subquery(printer, expr);
        break;
    }
}

void expr_print(Text *text, const BoundStatement *statement, const Expr *expr)
{
    Printer printer = {.text = text, .statement = statement};
    print_expr(&printer, expr);
}

/* --- queries ------------------------------------------------------------------------- */

static void print_line(Printer *printer, const char *label)
{
    text_printf(printer->text, "\n%*s%s: ", printer->indent + 2, "", label);
}

static void print_named(Printer *printer, const BoundNamed *named, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
    {
        if (i > 0)
            text_puts(printer->text, ", ");
        print_expr(printer, named[i].expr);
        text_puts(printer->text, " as ");
        print_column(printer, named[i].column);
    }
}

static void print_columns(Printer *printer, const BoundFrom *from)
{
    text_puts(printer->text, " (");
    for (int32_t i = 0; i < from->column_count; i++)
    {
        if (i > 0)
            text_puts(printer->text, ", ");
        print_column(printer, from->columns[i]);
    }
    text_putc(printer->text, ')');
}

static void print_from(Printer *printer, const BoundFrom *from)
{
    switch (from->kind)
    {
    case FROM_TABLE:
    case FROM_SYSVIEW:
        text_printf(printer->text, "%s.%s", from->table->schema, from->table->name);
        print_columns(printer, from);
        break;
    case FROM_VALUES:
        text_printf(printer->text, "values of %d rows", from->row_count);
        print_columns(printer, from);
        break;
    case FROM_CTE:
        text_puts(printer->text, printer->statement->ctes[from->cte].name);
        print_columns(printer, from);
        break;
    case FROM_NUMBERS:
        if (from->left != NULL)
        {
            print_from(printer, from->left);
            text_puts(printer->text, " join ");
        }
        text_puts(printer->text, "numbers below ");
        print_expr(printer, from->count);
        print_columns(printer, from);
        break;
    case FROM_QUERY:
        text_putc(printer->text, '(');
        printer->indent += 2;
        print_query(printer, from->query);
        printer->indent -= 2;
        text_putc(printer->text, ')');
        break;
    case FROM_JOIN:
        text_putc(printer->text, '(');
        print_from(printer, from->left);
        text_puts(printer->text, from->join == JOIN_LEFT ? " left join " : from->join == JOIN_FULL ? " full join " : " join ");
        print_from(printer, from->right);
        if (from->on != NULL)
        {
            text_puts(printer->text, " on ");
            print_expr(printer, from->on);
        }
        text_putc(printer->text, ')');
        break;
    }
}

static void print_aggs(Printer *printer, const BoundQuery *query)
{
    for (int32_t i = 0; i < query->agg_count; i++)
    {
        const BoundAgg *agg = &query->aggs[i];
        text_puts(printer->text, i > 0 ? ", " : "");
        text_printf(printer->text, "%s(%s", printer->statement->columns[agg->column].name,
                    agg->distinct ? "distinct " : "");
        if (agg->arg != NULL)
            print_expr(printer, agg->arg);
        else
            text_putc(printer->text, '*');
        text_puts(printer->text, ") as ");
        print_column(printer, agg->column);
    }
}

static void print_sort(Printer *printer, const BoundSort *sorts, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
    {
        const BoundSort *sort = &sorts[i];
        text_puts(printer->text, i > 0 ? ", " : "");
        print_expr(printer, sort->expr);
        text_puts(printer->text, sort->descending ? " desc" : "");
        if (sort->nulls_first != sort->descending)
            text_puts(printer->text, sort->nulls_first ? " nulls first" : " nulls last");
    }
}

static void print_frame_end(Printer *printer, FrameBound bound, const Expr *offset)
{
    static const char *const NAMES[] = {"unbounded preceding", "preceding", "current row", "following",
                                        "unbounded following"};
    if (offset != NULL)
    {
        print_expr(printer, offset);
        text_putc(printer->text, ' ');
    }
    text_puts(printer->text, NAMES[bound]);
}

static void print_window(Printer *printer, const BoundWindow *window)
{
    static const char *const UNITS[] = {"rows", "range", "groups"};
    static const char *const EXCLUDES[] = {"", " exclude current row", " exclude group", " exclude ties"};
    Text *text = printer->text;
    text_printf(text, "%s(%s", printer->statement->columns[window->column].name, window->distinct ? "distinct " : "");
    print_list(printer, window->args, window->arg_count, ", ");
    text_printf(text, ")%s over (", window->ignore_nulls ? " ignore nulls" : "");
    if (window->partition_count > 0)
    {
        text_puts(text, "partition by ");
        print_list(printer, window->partition, window->partition_count, ", ");
        text_putc(text, ' ');
    }
    if (window->sort_count > 0)
    {
        text_puts(text, "order by ");
        print_sort(printer, window->sort, window->sort_count);
        text_putc(text, ' ');
    }
    text_printf(text, "%s ", UNITS[window->frame.unit]);
    print_frame_end(printer, window->frame.start, window->frame.start_offset);
    text_puts(text, " to ");
    print_frame_end(printer, window->frame.end, window->frame.end_offset);
    text_printf(text, "%s) as ", EXCLUDES[window->frame.exclude]);
    print_column(printer, window->column);
}

static void print_windows(Printer *printer, const BoundQuery *query)
{
    for (int32_t i = 0; i < query->window_count; i++)
    {
        print_line(printer, i == 0 ? "windows" : "       ");
        print_window(printer, &query->windows[i]);
    }
}

static void print_grouping_sets(Printer *printer, const BoundQuery *query)
{
    if (query->grouping_set_count == 0)
        return;
    print_line(printer, "sets");
    for (int32_t i = 0; i < query->grouping_set_count; i++)
    {
        text_puts(printer->text, i > 0 ? ", (" : "(");
        const char *comma = "";
        for (int32_t k = 0; k < query->group_count; k++)
            if ((query->grouping_sets[i] >> k & 1) != 0)
            {
                text_puts(printer->text, comma);
                print_column(printer, query->groups[k].column);
                comma = ", ";
            }
        text_putc(printer->text, ')');
    }
}

static void print_side(Printer *printer, const BoundQuery *side)
{
    text_printf(printer->text, "\n%*s(", printer->indent + 2, "");
    printer->indent += 4;
    print_query(printer, side);
    printer->indent -= 4;
    text_putc(printer->text, ')');
}

static void print_set(Printer *printer, const BoundQuery *query)
{
    static const char *const NAMES[] = {"", "union", "intersect", "except"};
    if (query->set_kind == SET_NONE)
        return;
    text_printf(printer->text, "\n%*s%s%s", printer->indent + 2, "", NAMES[query->set_kind], query->set_all ? " all:" : ":");
    print_side(printer, query->set_left);
    print_side(printer, query->set_right);
}

static void print_optional(Printer *printer, const char *label, const Expr *expr)
{
    if (expr == NULL)
        return;
    print_line(printer, label);
    print_expr(printer, expr);
}

static void print_query(Printer *printer, const BoundQuery *query)
{
    text_puts(printer->text, query->distinct ? "query distinct" : "query");
    print_line(printer, "targets");
    print_named(printer, query->targets, query->target_count);
    if (query->visible_count < query->target_count)
        text_printf(printer->text, " (%d visible)", query->visible_count);
    if (query->from != NULL)
    {
        print_line(printer, "from");
        print_from(printer, query->from);
    }
    print_optional(printer, "where", query->where);
    print_set(printer, query);
    if (query->group_count > 0)
    {
        print_line(printer, "groups");
        print_named(printer, query->groups, query->group_count);
    }
    if (query->agg_count > 0)
    {
        print_line(printer, "aggregates");
        print_aggs(printer, query);
    }
    print_grouping_sets(printer, query);
    print_optional(printer, "having", query->having);
    print_windows(printer, query);
    print_optional(printer, "qualify", query->qualify);
    for (int32_t i = 0; i < query->distinct_on_count; i++)
    {
        if (i == 0)
            print_line(printer, "distinct on");
        text_puts(printer->text, i > 0 ? ", " : "");
        print_column(printer, query->distinct_on[i]);
    }
    if (query->sort_count > 0)
    {
        print_line(printer, "order");
        print_sort(printer, query->sort, query->sort_count);
    }
    print_optional(printer, query->with_ties ? "limit with ties" : "limit", query->limit);
    print_optional(printer, "offset", query->offset);
    for (int32_t i = 0; i < query->outer_count; i++)
    {
        if (i == 0)
            print_line(printer, "outer");
        text_puts(printer->text, i > 0 ? ", " : "");
        print_column(printer, query->outer[i]);
    }
}

void bound_print(Text *text, const BoundStatement *statement)
{
    Printer printer = {.text = text, .statement = statement, .numbers = true};
    if (statement->write != NULL)
        text_printf(text, "%s %s.%s\n", statement->write->tag, statement->write->table->schema, statement->write->table->name);
    for (int32_t i = 0; i < statement->cte_count; i++)
    {
        text_printf(text, "with %s: ", statement->ctes[i].name);
        print_query(&printer, statement->ctes[i].query);
        text_putc(text, '\n');
        if (statement->ctes[i].term == NULL)
            continue;
        text_printf(text, "with %s, each round%s: ", statement->ctes[i].name,
                    statement->ctes[i].term_distinct ? ", new rows" : "");
        print_query(&printer, statement->ctes[i].term);
        text_putc(text, '\n');
    }
    print_query(&printer, statement->query);
    text_putc(text, '\n');
}
