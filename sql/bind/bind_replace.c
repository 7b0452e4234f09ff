/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A column of a query around a subquery, replaced in the subquery by another:
 *
 *     select g, (select count(*) from u where u.g = t.g) from t group by g
 *
 * The subquery reads t.g while it is bound; above the groups it is to read the group.
 */
#include "sql/bind/binder.h"

typedef struct Replacement
{
    const Binder *binder;
    ColumnId column;
    ColumnId by;
    int32_t position; /* where it is first read; 0: not known */
} Replacement;

static void replace_in_query(Replacement *job, BoundQuery *query);

static void replace(Replacement *job, Expr **place)
{
    Expr *expr = *place;
    if (expr == NULL)
        return;
    if (expr->kind == EXPR_COLUMN)
    {
        if (expr->column != job->column)
            return;
        if (job->position == 0)
            job->position = expr->position;
        *place = expr_column(job->binder->arena, job->binder->statement, job->by);
        (*place)->position = expr->position;
        return;
    }
    if (expr->kind == EXPR_SUBQUERY)
        replace_in_query(job, expr->subquery);
    Expr **args = NULL;
    bool nullable = expr->nullable;
    for (int32_t i = 0; i < expr->arg_count; i++)
    {
        Expr *arg = expr->args[i];
        replace(job, &arg);
        if (arg == expr->args[i])
            continue;
        if (args == NULL)
            args = arena_memdup(job->binder->arena, expr->args, sizeof *args * (size_t) expr->arg_count);
        nullable = nullable || arg->nullable;
        args[i] = arg;
    }
    if (args == NULL)
        return;
    *place = arena_memdup(job->binder->arena, expr, sizeof *expr);
    (*place)->args = args;
    (*place)->nullable = expr->kind == EXPR_IS_NULL || expr->kind == EXPR_IS_TRUE ? expr->nullable : nullable;
}

static void replace_in_from(Replacement *job, BoundFrom *from)
{
    if (from == NULL)
        return;
    if (from->query != NULL)
        replace_in_query(job, from->query);
    for (int32_t i = 0; i < from->row_count; i++)
        for (int32_t k = 0; k < from->column_count; k++)
            replace(job, &from->rows[i][k]);
    replace(job, &from->count);
    replace_in_from(job, from->left);
    replace_in_from(job, from->right);
    replace(job, &from->on);
}

static void replace_in_sort(Replacement *job, BoundSort *sort, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        replace(job, &sort[i].expr);
}

static void replace_in_window(Replacement *job, BoundWindow *window)
{
    for (int32_t i = 0; i < window->arg_count; i++)
        replace(job, &window->args[i]);
    for (int32_t i = 0; i < window->partition_count; i++)
        replace(job, &window->partition[i]);
    replace_in_sort(job, window->sort, window->sort_count);
}

static void replace_in_named(Replacement *job, BoundNamed *named, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        replace(job, &named[i].expr);
}

static bool reads(const BoundQuery *query, ColumnId column)
{
    for (int32_t i = 0; i < query->outer_count; i++)
        if (query->outer[i] == column)
            return true;
    return false;
}

/* In query->outer; each column stands there once. */
static void replace_outer(const Replacement *job, BoundQuery *query)
{
    bool known = job->by != job->column && reads(query, job->by);
    int32_t count = 0;
    for (int32_t i = 0; i < query->outer_count; i++)
        if (query->outer[i] != job->column)
            query->outer[count++] = query->outer[i];
        else if (!known)
            query->outer[count++] = job->by;
    query->outer_count = count;
}

static void replace_in_query(Replacement *job, BoundQuery *query)
{
    if (!reads(query, job->column))
        return;
    replace_outer(job, query);
    if (query->set_kind != SET_NONE)
    {
        replace_in_query(job, query->set_left);
        replace_in_query(job, query->set_right);
    }
    replace_in_from(job, query->from);
    replace(job, &query->where);
    replace_in_named(job, query->groups, query->group_count);
    for (int32_t i = 0; i < query->agg_count; i++)
    {
        replace(job, &query->aggs[i].arg);
        replace_in_sort(job, query->aggs[i].sort, query->aggs[i].sort_count);
    }
    replace(job, &query->having);
    for (int32_t i = 0; i < query->window_count; i++)
        replace_in_window(job, &query->windows[i]);
    replace(job, &query->qualify);
    replace_in_named(job, query->targets, query->target_count);
    replace_in_sort(job, query->sort, query->sort_count);
}

void bind_replace_outer(const Binder *binder, BoundQuery *query, ColumnId column, ColumnId by)
{
    Replacement job = {binder, column, by, 0};
    replace_in_query(&job, query);
}

int32_t bind_outer_position(const Binder *binder, BoundQuery *query, ColumnId column)
{
    Replacement job = {binder, column, column, 0};
    replace_in_query(&job, query);
    return job.position;
}
