/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What share of rows a condition lets pass, and how many values an expression
 * has.  From the columns' statistics: equality 1/distinct, ranges by
 * interpolation between min and max (Selinger et al., "Access path selection
 * in a relational database management system", 1979), independence elsewhere.
 */
#include "sql/rel/estimate.h"

#include <math.h>
#include <string.h>

/* The table's column that this one is another name of, or itself. */
static const BoundColumn *origin(const BoundStatement *statement, ColumnId column)
{
    const BoundColumn *bound = &statement->columns[column];
    while (bound->table == NULL && bound->made_of != NULL && bound->made_of->kind == EXPR_COLUMN)
        bound = &statement->columns[bound->made_of->column];
    return bound;
}

static const ColumnStats *column_stats(const BoundStatement *statement, ColumnId column)
{
    const BoundColumn *bound = origin(statement, column);
    return bound->table == NULL || table_is_sysview(bound->table) ? NULL : &bound->table->columns[bound->ordinal].stats;
}

static double null_share(const BoundStatement *statement, ColumnId column)
{
    const ColumnStats *stats = column_stats(statement, column);
    const BoundColumn *bound = origin(statement, column);
    return stats == NULL || bound->table->row_count <= 0
               ? 0
               : (double) stats->null_count / (double) bound->table->row_count;
}

/* --- aggregates: the rows of a group are seen as drawn at random, their number as Poisson's ------------ */

#define GROUP_SELECTIVITY_MIN 1e-4 /* groups are not that random */
#define GROUP_COUNTS_SPREAD   8.0  /* times the deviation: how many counts there are */

static bool is_count(AggKind kind)
{
    return kind == AGG_COUNT || kind == AGG_COUNT_STAR;
}

void note_aggregate(BoundStatement *statement, const BoundAgg *agg, double group_rows)
{
    BoundColumn *column = &statement->columns[agg->column];
    column->agg = agg->kind;
    column->agg_arg = agg->arg;
    column->group_rows = group_rows;
    const Expr *arg = agg->arg;
    if (arg != NULL && arg->kind == EXPR_COALESCE)
        arg = arg->args[0];
    const BoundColumn *part = arg != NULL && arg->kind == EXPR_COLUMN ? &statement->columns[arg->column] : NULL;
    if (agg->kind == AGG_SUM && part != NULL && part->group_rows > 0 && is_count(part->agg))
    { /* a sum of counts is a count */
        column->agg = part->agg;
        column->group_rows *= part->group_rows;
    }
}

#define VALUES_UNKNOWN    1e6
#define SUBSTRING_LETTERS 6.0 /* that a place in a code has */

double expr_distinct(const BoundStatement *statement, const Expr *expr, double rows)
{
    rows = fmax(rows, 1);
    if (expr->kind == EXPR_CONST)
        return 1;
    if (expr->kind == EXPR_COLUMN)
    {
        const ColumnStats *stats = column_stats(statement, expr->column);
        if (stats != NULL && stats->distinct >= 1)
            return fmin(stats->distinct, rows);
        const BoundColumn *column = &statement->columns[expr->column];
        if (column->group_rows > 0 && is_count(column->agg))
            return fmin(1 + GROUP_COUNTS_SPREAD * sqrt(column->group_rows), rows);
        if (column->made_of != NULL)
            return expr_distinct(statement, column->made_of, rows);
        return expr->type.id == TYPE_BOOLEAN ? fmin(2, rows) : rows;
    }
    if (expr->type.id == TYPE_BOOLEAN)
        return fmin(2, rows);
    double distinct = 1;
    if (expr->kind == EXPR_CASE)
    { /* a null or what its results are */
        for (int32_t k = 1; k < expr->arg_count; k += 2)
            distinct += expr_distinct(statement, expr->args[k], rows);
        return fmin(distinct, rows);
    }
    for (int32_t k = 0; k < expr->arg_count; k++)
        distinct *= expr_distinct(statement, expr->args[k], rows);
    if (expr->kind == EXPR_FUNC && type_is_number(expr->type) && expr->arg_count > 0)
        for (int32_t k = 0; k < expr->arg_count; k++)
            if (expr->args[k]->type.id == TYPE_DATE || expr->args[k]->type.id == TYPE_TIMESTAMP)
                distinct = fmax(1, distinct / 300); /* a year, a month of a date */
    if (expr->kind == EXPR_FUNC &&
        (expr->func == FUNC_SUBSTRING_FOR || expr->func == FUNC_SUBSTR_FOR || expr->func == FUNC_LEFT))
    {
        const Expr *length = expr->args[expr->arg_count - 1];
        if (length->kind == EXPR_CONST && !length->value.null && length->value.i > 0)
            distinct = fmin(distinct, pow(SUBSTRING_LETTERS, (double) length->value.i));
    }
    return fmin(distinct, rows);
}

/* Distinct values of an expression in its whole table; VALUES_UNKNOWN if its columns do not tell. */
static double values_known(const BoundStatement *statement, const Expr *expr)
{
    double values = expr_distinct(statement, expr, INFINITY);
    return isinf(values) ? VALUES_UNKNOWN : values;
}

double column_width(const BoundStatement *statement, ColumnId column)
{
    SqlType type = statement->columns[column].type;
    if (!type_is_string(type))
        return rep_size(type_rep(type));
    const ColumnStats *stats = column_stats(statement, column);
    if (stats != NULL && stats->average_width > 0)
        return stats->average_width;
    return type.length > 0 && type.length < 32 ? type.length : 32;
}

/* A cast between numbers, or from date to timestamp, keeps the order of values. */
static const Expr *without_casts(const Expr *expr)
{
    while (expr->kind == EXPR_CAST && type_is_number(expr->type) && type_is_number(expr->args[0]->type))
        expr = expr->args[0];
    return expr;
}

static double range_selectivity(const ColumnStats *stats, SqlType type, char op, double value)
{
    double low, high;
    if (!stats->has_range || !datum_as_double(type, &stats->min, &low) || !datum_as_double(type, &stats->max, &high))
        return SELECTIVITY_RANGE;
    /* integers stand for the interval up to the next one */
    double step = type_rep(type) == REP_F64 || type_rep(type) == REP_F32 ? 0 : 1;
    if (type.id == TYPE_DECIMAL)
        step = pow(10, -type.scale);
    double width = high - low + step, below;
    if (width <= 0)
        below = value > low ? 1 : 0;
    else
        below = (value - low + (op == 'l' || op == '>' ? step : 0)) / width;
    below = fmin(1, fmax(0, below));
    return op == '<' || op == 'l' ? below : 1 - below;
}

/* Share of groups whose aggregate is less (op <, l) or greater than a value; SELECTIVITY_RANGE if nothing is known. */
static double group_selectivity(const BoundStatement *statement, const BoundColumn *column, char op, double value)
{
    double rows = column->group_rows, mean = rows, variance = rows, low, high;
    bool up = op == '>' || op == 'g';
    if (!is_count(column->agg))
    {
        const Expr *arg = column->agg_arg == NULL ? NULL : without_casts(column->agg_arg);
        const ColumnStats *stats =
            arg != NULL && arg->kind == EXPR_COLUMN ? column_stats(statement, arg->column) : NULL;
        if (stats == NULL || !stats->has_range || !datum_as_double(arg->type, &stats->min, &low) ||
            !datum_as_double(arg->type, &stats->max, &high))
            return SELECTIVITY_RANGE;
        double below = range_selectivity(stats, arg->type, '<', value), middle = (low + high) / 2;
        if (column->agg == AGG_MIN)
            return up ? pow(1 - below, rows) : 1 - pow(1 - below, rows);
        if (column->agg == AGG_MAX)
            return up ? 1 - pow(below, rows) : pow(below, rows);
        if (column->agg != AGG_SUM)
            return SELECTIVITY_RANGE;
        /* of values between low and high, all as likely: a compound Poisson distribution's mean and variance */
        mean = rows * middle;
        variance = rows * ((high - low) * (high - low) / 12 + middle * middle);
    }
    double below = erfc((mean - value) / sqrt(2 * fmax(variance, 1e-9))) / 2;
    return up ? 1 - below : below;
}

static double compare_selectivity(const BoundStatement *statement, const Expr *expr)
{
    const Expr *a = without_casts(expr->args[0]), *b = without_casts(expr->args[1]);
    char op = expr->op;
    if (a->kind == EXPR_CONST)
    {
        const Expr *swapped = a;
        a = b;
        b = swapped;
        op = compare_op_swapped(op);
    }
    if (b->kind != EXPR_CONST)
    {
        if (op != '=')
            return op == '!' ? 1 - SELECTIVITY_EQUAL : SELECTIVITY_RANGE;
        return equal_keys_selectivity(values_known(statement, a), values_known(statement, b));
    }
    if (b->value.null)
        return SELECTIVITY_MIN;
    const ColumnStats *stats = a->kind == EXPR_COLUMN ? column_stats(statement, a->column) : NULL;
    double present = a->kind == EXPR_COLUMN ? 1 - null_share(statement, a->column) : 1;
    if (op == '=' || op == '!')
    {
        double equal = SELECTIVITY_EQUAL;
        if (stats != NULL && stats->distinct >= 1)
            equal = 1 / stats->distinct;
        else if (a->kind != EXPR_COLUMN && a->kind != EXPR_CONST && stats == NULL)
            equal = fmax(SELECTIVITY_EQUAL, 1 / values_known(statement, a));
        return present * (op == '=' ? equal : 1 - equal);
    }
    double value;
    if (a->kind == EXPR_COLUMN && statement->columns[a->column].group_rows > 0 &&
        datum_as_double(b->type, &b->value, &value))
        return fmin(
            1, fmax(GROUP_SELECTIVITY_MIN, group_selectivity(statement, &statement->columns[a->column], op, value)));
    if (stats == NULL || !datum_as_double(b->type, &b->value, &value))
        return SELECTIVITY_RANGE;
    return present * range_selectivity(stats, a->type, op, value);
}

static double in_selectivity(const BoundStatement *statement, const Expr *expr)
{
    const Expr *column = without_casts(expr->args[0]);
    const ColumnStats *stats = column->kind == EXPR_COLUMN ? column_stats(statement, column->column) : NULL;
    double one = SELECTIVITY_EQUAL;
    if (stats != NULL && stats->distinct >= 1)
        one = 1 / stats->distinct;
    else if (column->kind != EXPR_COLUMN)
        one = fmax(SELECTIVITY_EQUAL, 1 / values_known(statement, column));
    return fmin(1, one * (expr->arg_count - 1));
}

static double like_selectivity(const Expr *expr)
{
    const Expr *pattern = expr->args[1];
    if (pattern->kind != EXPR_CONST || pattern->value.null || pattern->value.str.len == 0)
        return SELECTIVITY_LIKE;
    char first = pattern->value.str.data[0];
    if (pattern->value.str.len == 1 && first == '%')
        return 1;
    double share = first == '%' || first == '_' ? SELECTIVITY_LIKE / 2 : SELECTIVITY_LIKE_PREFIX;
    for (int32_t k = 2; k + 1 < (int32_t) pattern->value.str.len; k++)
        if (pattern->value.str.data[k] == '%')
            share *= SELECTIVITY_LIKE; /* one more word */
    return share;
}

/* a >= x and a < y are not independent: the share is what both leave, p + q - 1. */
double expr_list_selectivity(const BoundStatement *statement, Expr *const *conjuncts, int32_t count)
{
    double share = 1;
    for (int32_t k = 0; k < count; k++)
    {
        const Expr *column, *other, *constant;
        char op, other_op;
        double one = expr_selectivity(statement, conjuncts[k]);
        bool paired = false;
        if (expr_is_column_test(conjuncts[k], &column, &op, &constant) && strchr("<>lg", op) != NULL)
            for (int32_t e = 0; e < count && !paired; e++)
            {
                if (e == k || !expr_is_column_test(conjuncts[e], &other, &other_op, &constant) ||
                    !expr_is_column(other, column->column) || strchr("<>lg", other_op) == NULL)
                    continue;
                bool up = op == '>' || op == 'g', other_up = other_op == '>' || other_op == 'g';
                if (up == other_up)
                    continue;
                paired = true;
                double present = 1 - null_share(statement, column->column);
                double both = one + expr_selectivity(statement, conjuncts[e]) - present;
                if (up) /* counted once, at the lower bound */
                    share *= fmax(both, SELECTIVITY_MIN);
            }
        if (!paired)
            share *= one;
    }
    return fmax(share, SELECTIVITY_MIN);
}

double expr_selectivity(const BoundStatement *statement, const Expr *conjunct)
{
    double none = 1;
    switch (conjunct->kind)
    {
    case EXPR_CONST:
        return !conjunct->value.null && conjunct->value.i != 0 ? 1 : SELECTIVITY_MIN;
    case EXPR_COMPARE:
        return fmax(SELECTIVITY_MIN, compare_selectivity(statement, conjunct));
    case EXPR_AND:
        return expr_list_selectivity(statement, conjunct->args, conjunct->arg_count);
    case EXPR_OR:
        for (int32_t k = 0; k < conjunct->arg_count; k++)
            none *= 1 - expr_selectivity(statement, conjunct->args[k]);
        return fmax(SELECTIVITY_MIN, 1 - none);
    case EXPR_NOT:
        return fmax(SELECTIVITY_MIN, 1 - expr_selectivity(statement, conjunct->args[0]));
    case EXPR_IS_NULL:
        return conjunct->args[0]->kind == EXPR_COLUMN
                   ? fmax(SELECTIVITY_MIN, null_share(statement, conjunct->args[0]->column))
                   : SELECTIVITY_EQUAL;
    case EXPR_IN_LIST:
        return in_selectivity(statement, conjunct);
    case EXPR_LIKE:
        return like_selectivity(conjunct);
    default:
        return SELECTIVITY_UNKNOWN;
    }
}

double equal_keys_selectivity(double outer_distinct, double inner_distinct)
{
    return 1 / fmax(1, fmax(outer_distinct, inner_distinct));
}

double semi_selectivity(double outer_distinct, double inner_distinct)
{
    return fmin(1, inner_distinct / fmax(1, outer_distinct));
}
