/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PIVOT and UNPIVOT, as queries over the table they stand behind.
 *
 *     t pivot (sum(x) as s for c in (1 as one, 2))
 *         select <the other columns of t>, sum(x) filter (where c = 1) as one_s, sum(x) filter (where c = 2) as "2_s"
 *         from t group by <the other columns>
 *
 *     t unpivot (v for n in (a, b))
 *         select <the other columns of t>, case i when 0 then 'a' else 'b' end as n, case i when 0 then a else b end as v
 *         from t, (values (0), (1)) as i where v is not null
 */
#include "sql/bind/binder.h"

#include <string.h>

#define PIVOT_NAME         "?pivot" /* as sql/parse calls them */
#define UNPIVOT_NAME       "?unpivot"
#define UNPIVOT_NULLS_NAME "?unpivot_nulls"

/* The call, taken apart. */
typedef struct Pivot
{
    const char *name;
    size_t count; /* PIVOT: aggregates; UNPIVOT: the name of the value's column */
    Node *const *items;
    const Node *by;
    size_t value_count;
    Node *const *values;
    int32_t position;
} Pivot;

static const PgQuery__FuncCall *pivot_call(const PgQuery__JoinExpr *join)
{
    const Node *right = join->rarg;
    if (right->node_case != PG_QUERY__NODE__NODE_RANGE_FUNCTION || right->range_function->n_functions != 1)
        return NULL;
    const PgQuery__List *list = right->range_function->functions[0]->list;
    return list->n_items > 0 && list->items[0]->node_case == PG_QUERY__NODE__NODE_FUNC_CALL ? list->items[0]->func_call
                                                                                            : NULL;
}

static Pivot read_call(const Binder *binder, const PgQuery__FuncCall *call)
{
    size_t last = call->n_args - 1;
    return (Pivot){.name = node_string(call->funcname[0]),
                   .count = last - 1,
                   .items = call->args,
                   .by = call->args[last - 1]->func_call->args[0],
                   .value_count = call->args[last]->func_call->n_args,
                   .values = call->args[last]->func_call->args,
                   .position = node_position(binder, call->location)};
}

bool bind_is_pivot(const PgQuery__JoinExpr *join)
{
    const PgQuery__FuncCall *call = pivot_call(join);
    const char *name = call == NULL ? NULL : node_string(call->funcname[0]);
    return name != NULL && (strcmp(name, PIVOT_NAME) == 0 || strcmp(name, UNPIVOT_NAME) == 0 ||
                            strcmp(name, UNPIVOT_NULLS_NAME) == 0);
}

/* `alias => node`, as sql/parse writes `node AS alias`; the node and its alias, NULL if there is none. */
static const Node *without_alias(const Binder *binder, const Node *node, const char **alias)
{
    *alias = NULL;
    if (node->node_case != PG_QUERY__NODE__NODE_NAMED_ARG_EXPR)
        return node;
    *alias = name_fold(binder, node->named_arg_expr->name);
    return node->named_arg_expr->arg;
}

static bool reads(const Expr *expr, ColumnId column)
{
    if (expr->kind == EXPR_COLUMN)
        return expr->column == column;
    for (int32_t i = 0; expr->kind == EXPR_SUBQUERY && i < expr->subquery->outer_count; i++)
        if (expr->subquery->outer[i] == column)
            return true;
    for (int32_t i = 0; i < expr->arg_count; i++)
        if (reads(expr->args[i], column))
            return true;
    return false;
}

/* The columns of the table that none of `used` reads, as items; how many. */
static Error *add_other_columns(Binder *binder, Scope *scope, Expr *const *used, int32_t used_count, int32_t *added)
{
    *added = 0;
    for (int32_t i = 0; i < scope->names.count; i++)
    {
        const NameEntry *entry = &scope->names.entries[i];
        bool taken = entry->hidden;
        for (int32_t k = 0; k < used_count && !taken; k++)
            taken = used[k] != NULL && reads(used[k], entry->column);
        if (taken)
            continue;
        Expr *column = expr_column(binder->arena, binder->statement, entry->column);
        TRY(bind_add_item(binder, scope, (TargetItem){.name = entry->name, .expr = column}));
        ++*added;
    }
    return NULL;
}

/* --- PIVOT ---------------------------------------------------------------------------- */

static Node *new_node(const Binder *binder, PgQuery__Node__NodeCase kind)
{
    Node *node = ARENA_NEW(binder->arena, Node);
    pg_query__node__init(node);
    node->node_case = kind;
    return node;
}

static Node *string_node(const Binder *binder, const char *text)
{
    Node *node = new_node(binder, PG_QUERY__NODE__NODE_STRING);
    node->string = ARENA_NEW(binder->arena, PgQuery__String);
    pg_query__string__init(node->string);
    node->string->sval = arena_strdup(binder->arena, text);
    return node;
}

static bool is_null_constant(const Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_A_CONST && node->a_const->isnull;
}

/* by = value, or by IS NULL. */
static Node *match_node(const Binder *binder, const Node *by, const Node *value)
{
    Node *node;
    if (is_null_constant(value))
    {
        node = new_node(binder, PG_QUERY__NODE__NODE_NULL_TEST);
        node->null_test = ARENA_NEW(binder->arena, PgQuery__NullTest);
        pg_query__null_test__init(node->null_test);
        node->null_test->nulltesttype = PG_QUERY__NULL_TEST_TYPE__IS_NULL;
        node->null_test->arg = (Node *) by;
        return node;
    }
    node = new_node(binder, PG_QUERY__NODE__NODE_A_EXPR);
    node->a_expr = ARENA_NEW(binder->arena, PgQuery__AExpr);
    pg_query__a__expr__init(node->a_expr);
    node->a_expr->kind = PG_QUERY__A__EXPR__KIND__AEXPR_OP;
    node->a_expr->n_name = 1;
    node->a_expr->name = ARENA_ARRAY(binder->arena, Node *, 1);
    node->a_expr->name[0] = string_node(binder, "=");
    node->a_expr->lexpr = (Node *) by;
    node->a_expr->rexpr = (Node *) value;
    node->a_expr->location = node_location(value);
    return node;
}

/* What a value's column is called without an alias: the constant itself. */
static const char *value_name(const Binder *binder, const Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_A_CONST)
        return "?column?";
    const PgQuery__AConst *constant = node->a_const;
    if (constant->isnull)
        return "null";
    switch (constant->val_case)
    {
    case PG_QUERY__A__CONST__VAL_IVAL:
        return arena_printf(binder->arena, "%d", constant->ival->ival);
    case PG_QUERY__A__CONST__VAL_FVAL:
        return constant->fval->fval;
    case PG_QUERY__A__CONST__VAL_SVAL:
        return name_fold(binder, constant->sval->sval);
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return constant->boolval->boolval ? "true" : "false";
    default:
        return "?column?";
    }
}

static Error *check_aggregate(const Binder *binder, const Node *node)
{
    bool call = node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && node->func_call->over == NULL;
    const char *name = call ? node_string(node->func_call->funcname[node->func_call->n_funcname - 1]) : NULL;
    if (name != NULL && agg_exists(name_fold(binder, name)))
        return NULL;
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "PIVOT takes calls of aggregate functions"),
                    node_position(binder, node_location(node)));
}

static Error *check_value(Binder *binder, Scope *scope, const Node *node)
{
    Expr *value;
    TRY(bind_expr(binder, scope, node, &value));
    if (expr_is_const(value))
        return NULL;
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "values of PIVOT's IN list must be constants"),
                    node_position(binder, node_location(node)));
}

/* The aggregate over the rows of one value. */
static Error *pivot_item(Binder *binder, Scope *scope, const Pivot *pivot, const Node *aggregate, const Node *value,
                         TargetItem *item)
{
    const char *aggregate_alias, *value_alias;
    const Node *called = without_alias(binder, aggregate, &aggregate_alias);
    value = without_alias(binder, value, &value_alias);
    TRY(check_aggregate(binder, called));
    TRY(check_value(binder, scope, value));
    PgQuery__FuncCall call = *called->func_call;
    if (!node_is_missing(call.agg_filter))
        return unsupported(node_position(binder, call.location), "FILTER in PIVOT is");
    call.agg_filter = match_node(binder, pivot->by, value);
    TRY(bind_func_call(binder, scope, &call, &item->expr));
    item->name = value_alias != NULL ? value_alias : value_name(binder, value);
    if (aggregate_alias != NULL)
        item->name = name_fold(binder, arena_printf(binder->arena, "%s_%s", item->name, aggregate_alias));
    item->position = item->expr->position;
    return NULL;
}

/* GROUP BY ALL, if there is anything to group by. */
static PgQuery__SelectStmt *grouped_select(const Binder *binder, bool groups)
{
    PgQuery__SelectStmt *select = ARENA_NEW(binder->arena, PgQuery__SelectStmt);
    pg_query__select_stmt__init(select);
    if (!groups)
        return select;
    Node *all = new_node(binder, PG_QUERY__NODE__NODE_COLUMN_REF);
    all->column_ref = ARENA_NEW(binder->arena, PgQuery__ColumnRef);
    pg_query__column_ref__init(all->column_ref);
    all->column_ref->n_fields = 1;
    all->column_ref->fields = ARENA_ARRAY(binder->arena, Node *, 1);
    all->column_ref->fields[0] = string_node(binder, GROUP_ALL_NAME);
    select->n_group_clause = 1;
    select->group_clause = ARENA_ARRAY(binder->arena, Node *, 1);
    select->group_clause[0] = all;
    return select;
}

static Error *bind_pivot_query(Binder *binder, Scope *scope, const Pivot *pivot)
{
    int32_t item_count = 0, other_count;
    TargetItem *items = ARENA_ARRAY(binder->arena, TargetItem, pivot->value_count * pivot->count);
    for (size_t v = 0; v < pivot->value_count; v++)
        for (size_t a = 0; a < pivot->count; a++)
            TRY(pivot_item(binder, scope, pivot, pivot->items[a], pivot->values[v], &items[item_count++]));
    Expr **used = ARENA_ARRAY(binder->arena, Expr *, scope->query->agg_count + 1);
    for (int32_t i = 0; i < scope->query->agg_count; i++)
        used[i] = scope->query->aggs[i].arg;
    TRY(bind_expr(binder, scope, pivot->by, &used[scope->query->agg_count]));
    TRY(add_other_columns(binder, scope, used, scope->query->agg_count + 1, &other_count));
    for (int32_t i = 0; i < item_count; i++)
        TRY(bind_add_item(binder, scope, items[i]));
    return bind_clauses(binder, scope, grouped_select(binder, other_count > 0));
}

/* --- UNPIVOT -------------------------------------------------------------------------- */

/* A name where the grammar has read a column. */
static Error *plain_name(const Binder *binder, const Node *node, const char **name)
{
    bool plain = node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields == 1;
    *name = plain ? node_string(node->column_ref->fields[0]) : NULL;
    if (*name == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "UNPIVOT takes names of columns"),
                        node_position(binder, node_location(node)));
    *name = name_fold(binder, *name);
    return NULL;
}

/* The columns to become rows, and what those rows say they were. */
static Error *bind_cells(Binder *binder, Scope *scope, const Pivot *pivot, Expr **cells, Expr **names)
{
    for (size_t i = 0; i < pivot->value_count; i++)
    {
        const char *alias, *name;
        const Node *node = without_alias(binder, pivot->values[i], &alias);
        TRY(plain_name(binder, node, &name));
        TRY(bind_expr(binder, scope, node, &cells[i]));
        if (alias != NULL)
            name = alias;
        int32_t length = (int32_t) strlen(name);
        names[i] = expr_constant(binder->arena, type_varchar(length), (Datum){.str = {name, length}});
    }
    return NULL;
}

static SqlType longest(Expr *const *texts, int32_t count)
{
    SqlType type = texts[0]->type;
    for (int32_t i = 1; i < count; i++)
        if (texts[i]->type.length > type.length)
            type = texts[i]->type;
    return type;
}

static Error *bind_unpivot_query(Binder *binder, Scope *scope, const Pivot *pivot)
{
    int32_t count = (int32_t) pivot->value_count, other_count;
    Expr **cells = ARENA_ARRAY(binder->arena, Expr *, count);
    Expr **names = ARENA_ARRAY(binder->arena, Expr *, count);
    const char *value_column, *name_column;
    SqlType type;
    if (pivot->count != 1)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "UNPIVOT takes one column of values"), pivot->position);
    TRY(plain_name(binder, pivot->items[0], &value_column));
    TRY(plain_name(binder, pivot->by, &name_column));
    TRY(bind_cells(binder, scope, pivot, cells, names));
    TRY(add_other_columns(binder, scope, cells, count, &other_count));
    TRY(bind_common_type(binder, cells, count, "the columns of UNPIVOT", &type));
    BoundFrom *numbers = bind_row_numbers(binder, count);
    Expr *row = expr_column(binder->arena, binder->statement, numbers->columns[0]);
    Expr *value = bind_choose_row(binder, cells, count, row, type);
    Expr *name = bind_choose_row(binder, names, count, row, longest(names, count));
    TRY(bind_add_item(binder, scope, (TargetItem){.name = name_column, .expr = name}));
    TRY(bind_add_item(binder, scope, (TargetItem){.name = value_column, .expr = value}));
    scope->query->from = bind_cross(binder, scope->query->from, numbers);
    TRY(bind_clauses(binder, scope, grouped_select(binder, false)));
    if (strcmp(pivot->name, UNPIVOT_NULLS_NAME) != 0)
        scope->query->where = expr_not_of(binder->arena, expr_is_null_test(binder->arena, value));
    return NULL;
}

/* --- both ----------------------------------------------------------------------------- */

Error *bind_pivot(Binder *binder, Scope *outer, const PgQuery__JoinExpr *join, Namespace *names, BoundFrom **out)
{
    Pivot pivot = read_call(binder, pivot_call(join));
    if (join->larg->node_case == PG_QUERY__NODE__NODE_JOIN_EXPR)
        return unsupported(pivot.position, "%s of a join or of another PIVOT is",
                           strcmp(pivot.name, PIVOT_NAME) == 0 ? "PIVOT" : "UNPIVOT");
    Scope *scope = ARENA_NEW(binder->arena, Scope);
    scope->outer = outer;
    scope->outer_hidden = true;
    scope->ctes = outer->ctes;
    scope->query = ARENA_NEW(binder->arena, BoundQuery);
    scope->select = grouped_select(binder, false);
    TRY(bind_count_relation(binder, pivot.position));
    TRY(bind_from(binder, scope, 1, &(Node *){join->larg}, &scope->query->from));
    TRY(strcmp(pivot.name, PIVOT_NAME) == 0 ? bind_pivot_query(binder, scope, &pivot)
                                            : bind_unpivot_query(binder, scope, &pivot));
    FromAlias alias = from_read_alias(binder, join->rarg->range_function->alias, pivot.position);
    return bind_from_query(binder, outer, scope->query, &alias, names, out);
}
