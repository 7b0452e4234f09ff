/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One query.  Clauses are bound in this order, because later ones may use what
 * earlier ones name:
 *
 *     WITH, FROM, select list, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT
 *
 * (the select list before WHERE, since Redshift lets WHERE use its aliases).
 */
#include "base/core/assert.h"
#include "base/data/numeric.h"
#include "sql/bind/binder.h"

#include <string.h>

/* --- what is refused --------------------------------------------------------------------- */

static Error *refuse_clauses(const Binder *binder, const PgQuery__SelectStmt *select)
{
    int32_t position = binder->parse->position;
    switch (select->op)
    {
    case PG_QUERY__SET_OPERATION__SETOP_UNION:
        if (!select->all)
            return unsupported(position, "UNION is");
        break; /* UNION ALL of constants is a VALUES list */
    case PG_QUERY__SET_OPERATION__SETOP_INTERSECT:
        return unsupported(position, "INTERSECT is");
    case PG_QUERY__SET_OPERATION__SETOP_EXCEPT:
        return unsupported(position, "EXCEPT is");
    default:
        break;
    }
    if (select->into_clause != NULL)
        return unsupported(position, "SELECT INTO is");
    if (select->n_window_clause > 0)
        return unsupported(position, "WINDOW is");
    if (select->n_locking_clause > 0)
        return unsupported(position, "FOR UPDATE is");
    if (select->limit_option == PG_QUERY__LIMIT_OPTION__LIMIT_OPTION_WITH_TIES)
        return unsupported(position, "FETCH FIRST ... WITH TIES is");
    for (size_t i = 0; i < select->n_distinct_clause; i++)
        if (select->distinct_clause[i]->node_case != PG_QUERY__NODE__NODE__NOT_SET)
            return unsupported(position, "DISTINCT ON is");
    return NULL;
}

/* --- sizes ---------------------------------------------------------------------------------- */

static void measure(const Expr *expr, int32_t depth, int32_t *nodes)
{
    if (depth > BIND_EXPR_DEPTH_MAX)
        *nodes = BIND_EXPR_NODES_MAX + 1;
    if (++*nodes > BIND_EXPR_NODES_MAX)
        return;
    for (int32_t i = 0; i < expr->arg_count && *nodes <= BIND_EXPR_NODES_MAX; i++)
        measure(expr->args[i], depth + 1, nodes);
}

Error *bind_check_size(const Expr *expr)
{
    int32_t nodes = 0;
    measure(expr, 0, &nodes);
    if (nodes <= BIND_EXPR_NODES_MAX)
        return NULL;
    return error_at(
        error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "expression is too large once its aliases are written out"),
        expr->position);
}

/* --- WITH ------------------------------------------------------------------------------------- */

Error *bind_with(Binder *binder, Scope *scope, const PgQuery__WithClause *with)
{
    if (with == NULL)
        return NULL;
    if (with->recursive)
        return unsupported(node_position(binder, with->location), "WITH RECURSIVE is");
    const Cte *outer = scope->ctes;
    for (size_t i = 0; i < with->n_ctes; i++)
    {
        const PgQuery__CommonTableExpr *node = with->ctes[i]->common_table_expr;
        Cte *cte = ARENA_NEW(binder->arena, Cte);
        cte->name = name_fold(binder, node->ctename);
        cte->node = node;
        cte->next = scope->ctes;
        for (const Cte *other = scope->ctes; other != outer; other = other->next)
            if (strcmp(other->name, cte->name) == 0)
                return error_at(
                    error_new(SQLSTATE_DUPLICATE_ALIAS, "WITH query name \"%s\" specified more than once", cte->name),
                    node_position(binder, node->location));
        scope->ctes = cte;
    }
    return NULL;
}

/* --- select list ---------------------------------------------------------------------------------- */

typedef struct ItemList
{
    Binder *binder;
    Scope *scope;
    int32_t capacity;
} ItemList;

static Error *add_item(ItemList *list, TargetItem item)
{
    Scope *scope = list->scope;
    if (scope->item_count == BIND_COLUMNS_MAX)
        return error_at(
            error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "select list has more than %d columns", BIND_COLUMNS_MAX),
            item.position);
    TRY(bind_check_size(item.expr));
    item.expr = coerce_unknown(list->binder, item.expr);
    ARRAY_ADD(list->binder->arena, scope->items, scope->item_count, list->capacity, item);
    return NULL;
}

static bool item_has_column(const Scope *scope, int32_t from, ColumnId column)
{
    for (int32_t i = from; i < scope->item_count; i++)
        if (scope->items[i].expr->column == column)
            return true;
    return false;
}

/* `*`, `t.*` or `s.t.*`: alias NULL for all. */
static Error *expand_star(ItemList *list, const char *schema, const char *alias, int32_t position)
{
    Binder *binder = list->binder;
    Scope *scope = list->scope;
    int32_t first = scope->item_count;
    bool found = false;
    for (int32_t i = 0; i < scope->names.count; i++)
    {
        const NameEntry *entry = &scope->names.entries[i];
        bool wanted = alias == NULL
                          ? !entry->hidden
                          : entry->alias != NULL && strcmp(entry->alias, alias) == 0 &&
                                (schema == NULL || (entry->schema != NULL && strcmp(entry->schema, schema) == 0));
        found = found || wanted;
        if (!wanted || (alias != NULL && item_has_column(scope, first, entry->column)))
            continue;
        Expr *column = expr_column(binder->arena, binder->statement, entry->column);
        column->position = position;
        TRY(add_item(list, (TargetItem){.name = entry->name, .expr = column, .position = position}));
    }
    if (found)
        return NULL;
    if (alias == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "SELECT * with no tables specified is not valid"), position);
    return error_at(error_new(SQLSTATE_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%s\"", alias), position);
}

static bool is_star(const Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields > 0 &&
           node->column_ref->fields[node->column_ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

static Error *bind_star(ItemList *list, const PgQuery__ColumnRef *ref)
{
    size_t count = ref->n_fields;
    const char *alias = count > 1 ? node_string(ref->fields[count - 2]) : NULL;
    const char *schema = count > 2 ? node_string(ref->fields[count - 3]) : NULL;
    return expand_star(list, schema == NULL ? NULL : name_fold(list->binder, schema),
                       alias == NULL ? NULL : name_fold(list->binder, alias),
                       node_position(list->binder, ref->location));
}

static Error *bind_items(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    ItemList list = {binder, scope, 0};
    for (size_t i = 0; i < select->n_target_list; i++)
    {
        const PgQuery__ResTarget *target = select->target_list[i]->res_target;
        bool named = target->name != NULL && target->name[0] != '\0';
        TargetItem item = {.named = named, .position = node_position(binder, target->location)};
        if (is_star(target->val))
        {
            TRY(bind_star(&list, target->val->column_ref));
            continue;
        }
        TRY(bind_expr(binder, scope, target->val, &item.expr));
        item.name = target_name(binder, target);
        item.node = target->val;
        TRY(add_item(&list, item));
    }
    return NULL;
}

void query_add_target(Binder *binder, BoundQuery *query, int32_t *capacity, Expr *expr, const char *name)
{
    int32_t names_capacity = *capacity;
    int32_t count = query->target_count;
    BoundNamed target = {expr, bound_add_column(binder->arena, binder->statement, name, expr->type, expr->nullable)};
    ARRAY_ADD(binder->arena, query->target_names, count, names_capacity, arena_strdup(binder->arena, name));
    ARRAY_ADD(binder->arena, query->targets, query->target_count, *capacity, target);
}

/* --- WHERE, HAVING ------------------------------------------------------------------------------- */

static bool uses_aggregate(const Expr *expr, const BoundQuery *query)
{
    for (int32_t i = 0; expr->kind == EXPR_COLUMN && i < query->agg_count; i++)
        if (query->aggs[i].column == expr->column)
            return true;
    for (int32_t i = 0; i < expr->arg_count; i++)
        if (uses_aggregate(expr->args[i], query))
            return true;
    return false;
}

static bool is_missing(const Node *node)
{
    return node == NULL || node->node_case == PG_QUERY__NODE__NODE__NOT_SET;
}

static Error *bind_where(Binder *binder, Scope *scope, const Node *node)
{
    Expr *where;
    if (is_missing(node))
        return NULL;
    scope->no_aggregates = "WHERE";
    TRY(bind_condition(binder, scope, node, "WHERE", &where));
    scope->no_aggregates = NULL;
    TRY(bind_check_size(where));
    if (uses_aggregate(where, scope->query)) /* through an alias */
        return error_at(error_new(SQLSTATE_GROUPING_ERROR, "aggregate functions are not allowed in WHERE"),
                        where->position);
    scope->query->where = expr_is_true_const(where) ? NULL : where;
    return NULL;
}

/* --- ORDER BY, LIMIT --------------------------------------------------------------------------------- */

/* The item whose name an ORDER BY item is: output names come before columns of FROM (SQL-92). */
static Error *find_named_item(const Binder *binder, const Scope *scope, const Node *node, TargetItem **found)
{
    *found = NULL;
    if (node->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || node->column_ref->n_fields != 1)
        return NULL;
    const char *string = node_string(node->column_ref->fields[0]);
    if (string == NULL)
        return NULL;
    const char *name = name_fold(binder, string);
    for (int32_t i = 0; i < scope->item_count; i++)
    {
        TargetItem *item = &scope->items[i];
        if (strcmp(item->name, name) != 0)
            continue;
        if (*found != NULL && !expr_equal((*found)->expr, item->expr))
            return error_at(error_new(SQLSTATE_AMBIGUOUS_COLUMN, "ORDER BY \"%s\" is ambiguous", name),
                            node_position(binder, node->column_ref->location));
        if (*found == NULL)
            *found = item;
    }
    return NULL;
}

static Error *add_sort_target(Binder *binder, Scope *scope, Expr *expr, int32_t *capacity, ColumnId *column)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < scope->item_count; i++)
        if (expr_equal(scope->items[i].expr, expr))
        {
            *column = query->targets[i].column;
            return NULL;
        }
    if (query->distinct)
        return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE,
                                  "for SELECT DISTINCT, ORDER BY expressions must appear in select list"),
                        expr->position);
    if (query->grouped)
        TRY(bind_above_groups(binder, scope, expr, &expr));
    query_add_target(binder, query, capacity, expr, "sort");
    *column = query->targets[query->target_count - 1].column;
    return NULL;
}

/* An ORDER BY item: a target, or an expression of its own. */
typedef struct SortItem
{
    TargetItem *item;
    Expr *expr;
} SortItem;

static Error *bind_sort_item(Binder *binder, Scope *scope, const PgQuery__SortBy *by, SortItem *out)
{
    if (by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_USING)
        return unsupported(node_position(binder, by->location), "ORDER BY USING is");
    TRY(find_named_item(binder, scope, by->node, &out->item));
    if (out->item == NULL)
        TRY(bind_position(binder, scope, by->node, "ORDER BY", &out->item));
    if (out->item != NULL)
        return NULL;
    TRY(bind_expr(binder, scope, by->node, &out->expr));
    out->expr = coerce_unknown(binder, out->expr);
    return bind_check_size(out->expr);
}

static Error *finish_sort(Binder *binder, Scope *scope, const PgQuery__SortBy *by, const SortItem *item,
                          int32_t *capacity)
{
    ColumnId column = -1;
    if (item->item != NULL)
        column = scope->query->targets[item->item - scope->items].column;
    else
        TRY(add_sort_target(binder, scope, item->expr, capacity, &column));
    BoundSort *sort = &scope->query->sort[scope->query->sort_count++];
    sort->expr = expr_column(binder->arena, binder->statement, column);
    sort->descending = by->sortby_dir == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
    sort->nulls_first = by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT
                            ? sort->descending
                            : by->sortby_nulls == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST;
    return NULL;
}

/* A constant of BIGINT that is not negative, NULL for none. */
static Error *bind_limit(Binder *binder, Scope *scope, const Node *node, const char *clause, Expr **out)
{
    Expr *expr;
    *out = NULL;
    if (is_missing(node))
        return NULL;
    scope->no_aggregates = clause;
    TRY(bind_expr(binder, scope, node, &expr));
    TRY(coerce(binder, expr, type_make(TYPE_BIGINT), CAST_IMPLICIT, &expr));
    scope->no_aggregates = NULL;
    if (!expr_is_const(expr))
        return unsupported(expr->position, "%s by what is no constant is", clause);
    if (expr->value.null)
        return NULL;
    if (expr->value.i < 0)
        return error_at(error_new(SQLSTATE_INVALID_ROW_COUNT_IN_LIMIT, "%s must not be negative", clause),
                        expr->position);
    *out = expr;
    return NULL;
}

/* --- the query -------------------------------------------------------------------------------------------- */

static Error *finish_targets(Binder *binder, Scope *scope, int32_t *capacity)
{
    BoundQuery *query = scope->query;
    for (int32_t i = 0; i < scope->item_count; i++)
    {
        TargetItem *item = &scope->items[i];
        item->final = item->expr;
        if (query->grouped)
            TRY(bind_above_groups(binder, scope, item->expr, &item->final));
        query_add_target(binder, query, capacity, item->final, item->name);
    }
    query->visible_count = query->target_count;
    return NULL;
}

/* FROM and the select list; VALUES (and UNION ALL of constants) is a list of rows and SELECT * over it. */
static Error *bind_source(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    if (select->n_values_lists > 0 || select->op == PG_QUERY__SET_OPERATION__SETOP_UNION)
    {
        ItemList list = {binder, scope, 0};
        TRY(bind_values(binder, scope, select, &scope->query->from));
        if (scope->query->from != NULL)
            return expand_star(&list, NULL, NULL, 0);
        const PgQuery__List *row =
            select->values_lists[0]->list; /* one row that is not constant: SELECT without FROM */
        for (size_t i = 0; i < row->n_items; i++)
        {
            TargetItem item = {.name = arena_printf(binder->arena, "column%zu", i + 1)};
            TRY(bind_expr(binder, scope, row->items[i], &item.expr));
            TRY(add_item(&list, item));
        }
        return NULL;
    }
    scope->no_aggregates = "FROM";
    TRY(bind_from(binder, scope, select->n_from_clause, select->from_clause, &scope->query->from));
    scope->no_aggregates = NULL;
    return bind_items(binder, scope, select);
}

static Error *bind_select(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select)
{
    BoundQuery *query = scope->query;
    int32_t capacity = 0;
    Expr *having = NULL;
    SortItem *sorts = ARENA_ARRAY(binder->arena, SortItem, select->n_sort_clause);
    scope->has_groups = select->n_group_clause > 0;
    TRY(bind_source(binder, scope, select));
    TRY(bind_where(binder, scope, select->where_clause));
    TRY(bind_groups(binder, scope, select));
    if (!is_missing(select->having_clause))
    {
        TRY(bind_condition(binder, scope, select->having_clause, "HAVING", &having));
        TRY(bind_check_size(having));
    }
    for (size_t i = 0; i < select->n_sort_clause; i++)
        TRY(bind_sort_item(binder, scope, select->sort_clause[i]->sort_by, &sorts[i]));

    /* all aggregates are known now: what stands above the groups is said in their terms */
    query->grouped = select->n_group_clause > 0 || query->agg_count > 0 || having != NULL;
    query->distinct = select->n_distinct_clause > 0;
    if (having != NULL)
        TRY(bind_above_groups(binder, scope, having, &query->having));
    TRY(finish_targets(binder, scope, &capacity));
    query->sort = ARENA_ARRAY(binder->arena, BoundSort, select->n_sort_clause);
    for (size_t i = 0; i < select->n_sort_clause; i++)
        TRY(finish_sort(binder, scope, select->sort_clause[i]->sort_by, &sorts[i], &capacity));
    return NULL;
}

BoundQuery *query_over(Binder *binder, BoundFrom *from)
{
    BoundQuery *query = ARENA_NEW(binder->arena, BoundQuery);
    int32_t capacity = 0;
    query->from = from;
    for (int32_t i = 0; i < from->column_count; i++)
        query_add_target(binder, query, &capacity, expr_column(binder->arena, binder->statement, from->columns[i]),
                         binder->statement->columns[from->columns[i]].name);
    query->visible_count = query->target_count;
    return query;
}

Error *bind_query(Binder *binder, Scope *outer, bool outer_hidden, const Cte *ctes, const PgQuery__SelectStmt *select,
                  BoundQuery **out)
{
    Scope *scope = ARENA_NEW(binder->arena, Scope); /* outlives the call: owners[] points at it */
    scope->outer = outer;
    scope->outer_hidden = outer_hidden;
    scope->ctes = ctes;
    scope->query = *out = ARENA_NEW(binder->arena, BoundQuery);
    TRY(bind_count_relation(binder, 0));
    TRY(refuse_clauses(binder, select));
    TRY(bind_with(binder, scope, select->with_clause));
    TRY(bind_select(binder, scope, select));
    TRY(bind_limit(binder, scope, select->limit_count, "LIMIT", &scope->query->limit));
    return bind_limit(binder, scope, select->limit_offset, "OFFSET", &scope->query->offset);
}
