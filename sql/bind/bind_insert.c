/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INSERT: a query whose targets are all columns of the table, in its order and types.
 *
 *     insert into t (b, a) values (1, 2), (3, default)    targets: v.a, v.b, default of c   over VALUES of t's types
 *     insert into t (b, a) select ...                     targets: q.2, q.1, default of c   over the query
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

typedef struct InsertTarget
{
    const CatalogTable *table;
    int32_t count;     /* columns that are given values */
    int32_t *ordinals; /* their place in the table */
    Expr *row;         /* its number in VALUES; NULL: it is not known */
    bool has_rows;     /* rows come for certain: what is null in a NOT NULL column is told now, not when it runs */
    Node *const *columns; /* as they are listed */
    bool listed;       /* by name: all of them must get a value */
    Expr **defaults;   /* by place in the table, as far as they were asked for */
} InsertTarget;

/* --- DEFAULT ---------------------------------------------------------------------- */

static Error *default_expr(Binder *binder, const CatalogColumn *column, Expr **out)
{
    ParseList *list;
    Scope scope = {.no_aggregates = "DEFAULT", .query = ARENA_NEW(binder->arena, BoundQuery)};
    TRY(parse_statements(binder->arena, arena_printf(binder->arena, "SELECT %s", column->default_sql), &list));
    const ParseStatement *statement = &list->statements[0];
    const PgQuery__SelectStmt *select = list->count == 1 ? statement->node->select_stmt : NULL;
    if (list->count != 1 || statement->kind != STATEMENT_SELECT || select->n_target_list != 1 ||
        select->n_from_clause > 0)
        return error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "default of column \"%s\" is no expression", column->name);
    Binder inner = *binder;
    inner.parse = statement;
    Expr *expr;
    TRY(bind_expr(&inner, &scope, select->target_list[0]->res_target->val, &expr));
    return coerce(&inner, expr, column->type, CAST_ASSIGNMENT, out);
}

static Expr *bigint_of(const Binder *binder, int64_t value)
{
    return expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = value});
}

Error *bind_identity(Binder *binder, const CatalogTable *table, Expr *row, Expr **out)
{
    const CatalogIdentity *identity = &table->identity;
    Expr *args[] = {row == NULL ? bigint_of(binder, -1) : row, bigint_of(binder, identity->seed), bigint_of(binder, identity->step)};
    TRY(bind_call(binder, FUNC_IDENTITY, type_make(TYPE_BIGINT), args, 3, 0, out));
    (*out)->nullable = false;
    binder->statement->write->numbers = true;
    return coerce(binder, *out, table->columns[table_identity(table)].type, CAST_ASSIGNMENT, out);
}

Error *bind_check_identity(const CatalogTable *table, int32_t ordinal, int32_t position)
{
    if (ordinal != table_identity(table) || table->identity.by_default)
        return NULL;
    return error_hint(error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot set an identity column to a value"), position),
                      "Leave column \"%s\" out, or give it DEFAULT.", table->columns[ordinal].name);
}

Error *bind_default(Binder *binder, const CatalogTable *table, int32_t ordinal, Expr **out)
{
    const CatalogColumn *column = &table->columns[ordinal];
    if (ordinal == table_identity(table))
        return bind_identity(binder, table, NULL, out);
    *out = expr_null(binder->arena, column->type);
    if (column->default_sql == NULL)
        return NULL;
    Error *error = default_expr(binder, column, out);
    if (error != NULL)
    {
        error->position = 0; /* it would point into the DEFAULT's own text */
        return error_detail(error, "This is the default of column \"%s\".", column->name);
    }
    Expr *unplaced = arena_memdup(binder->arena, *out, sizeof **out);
    unplaced->position = 0;
    *out = unplaced;
    return NULL;
}

/* --- columns ------------------------------------------------------------------------ */

Error *bind_write_column(const CatalogTable *table, const char *name, int32_t position, int32_t *ordinal)
{
    *ordinal = catalog_find_column(table, name);
    if (*ordinal >= 0)
        return NULL;
    return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist", name,
                              table->name),
                    position);
}

static Error *read_target(Binder *binder, const PgQuery__InsertStmt *insert, InsertTarget *target)
{
    const CatalogTable *table = target->table;
    bool *seen = ARENA_ARRAY(binder->arena, bool, table->column_count);
    size_t count = insert->n_cols > 0 ? insert->n_cols : (size_t) table->column_count;
    target->ordinals = ARENA_ARRAY(binder->arena, int32_t, count);
    target->count = (int32_t) count;
    target->listed = insert->n_cols > 0;
    target->columns = insert->cols;
    for (size_t i = 0; i < count; i++)
    {
        target->ordinals[i] = (int32_t) i;
        if (!target->listed)
            continue;
        const PgQuery__ResTarget *column = insert->cols[i]->res_target;
        int32_t position = node_position(binder, column->location);
        const char *name = name_fold(binder, column->name);
        int32_t ordinal;
        TRY(bind_write_column(table, name, position, &ordinal));
        if (seen[ordinal])
            return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", name),
                            position);
        seen[ordinal] = true;
        target->ordinals[i] = ordinal;
    }
    return NULL;
}

/* Where the first value stands that has no column. */
static int32_t extra_item(const BoundQuery *source, int32_t count)
{
    return source->visible_count > count ? source->targets[count].expr->position : 0;
}

/* `count` values come for the columns: a listed column must get one, unlisted ones may go without at the end. */
static Error *check_count(const Binder *binder, InsertTarget *target, size_t count, int32_t extra_position)
{
    if (count > (size_t) target->count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "INSERT has more expressions than target columns"),
                        extra_position);
    if (count < (size_t) target->count && target->listed)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "INSERT has more target columns than expressions"),
                        node_position(binder, target->columns[count]->res_target->location));
    target->count = (int32_t) count;
    return NULL;
}

/* The default of a column; each is worked out once a statement. */
static Error *target_default(Binder *binder, const InsertTarget *target, int32_t ordinal, Expr **out)
{
    if (target->defaults[ordinal] == NULL)
        TRY(bind_default(binder, target->table, ordinal, &target->defaults[ordinal]));
    *out = target->defaults[ordinal];
    return NULL;
}

/* While a PREPARE is looked at, nulls stand for its parameters. */
static Error *check_not_null(const Binder *binder, const CatalogTable *table, int32_t ordinal, const Expr *value)
{
    const CatalogColumn *column = &table->columns[ordinal];
    if (!column->not_null || !expr_is_null_const(value) || binder->params != NULL)
        return NULL;
    return error_at(error_new(SQLSTATE_NOT_NULL_VIOLATION,
                              "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
                              column->name, table->name),
                    value->position);
}

/* The error of a value that does not fit names the column. */
Error *bind_assign(Binder *binder, const CatalogTable *table, int32_t ordinal, Expr *expr, Expr **out)
{
    const CatalogColumn *column = &table->columns[ordinal];
    Error *error = coerce(binder, expr, column->type, CAST_ASSIGNMENT, out);
    if (error == NULL)
        return NULL;
    if (error->state == SQLSTATE_DATATYPE_MISMATCH)
    {
        Error *better =
            error_new(SQLSTATE_DATATYPE_MISMATCH, "column \"%s\" is of type %s but expression is of type %s",
                      column->name, type_name(column->type), type_name(expr->type));
        better = error_hint(better, "You will need to rewrite or cast the expression.");
        better->position = error->position;
        error_free(error);
        return better;
    }
    return error->detail == NULL ? error_detail(error, "This is the value for column \"%s\".", column->name) : error;
}

/* --- sources -------------------------------------------------------------------------- */

/* In VALUES: the value that is given to the identity column (NULL: none), where it is no DEFAULT, which null stands for. */
static Error *numbered(Binder *binder, const InsertTarget *target, Expr *given, Expr **out)
{
    Expr *either[2] = {given};
    if (given != NULL && !given->nullable)
        return NULL;
    TRY(bind_identity(binder, target->table, target->row, &either[1]));
    *out = either[1];
    if (given == NULL || expr_is_null_const(given))
        return NULL;
    *out = expr_new(binder->arena, EXPR_COALESCE, given->type, 2, either);
    (*out)->nullable = false;
    return NULL;
}

/* Targets over values[i] for ordinals[i], defaults elsewhere. */
static Error *finish(Binder *binder, const InsertTarget *target, Expr *const *values, BoundQuery *query)
{
    const CatalogTable *table = target->table;
    int32_t capacity = 0;
    Expr **all = ARENA_ARRAY(binder->arena, Expr *, table->column_count);
    for (int32_t i = 0; i < target->count; i++)
        all[target->ordinals[i]] = values[i];
    for (int32_t i = 0; i < table->column_count; i++)
    {
        if (target->row != NULL && i == table_identity(table))
            TRY(numbered(binder, target, all[i], &all[i]));
        else if (all[i] == NULL)
            TRY(target_default(binder, target, i, &all[i]));
        if (target->has_rows)
            TRY(check_not_null(binder, table, i, all[i]));
        query_add_target(binder, query, &capacity, all[i], table->columns[i].name);
    }
    query->visible_count = query->target_count;
    binder->statement->query = query;
    return NULL;
}

static Error *insert_query(Binder *binder, InsertTarget *target, Cte *ctes, const PgQuery__SelectStmt *select)
{
    BoundQuery *source;
    TRY(bind_query(binder, NULL, false, ctes, select, &source));
    TRY(check_count(binder, target, (size_t) source->visible_count, extra_item(source, target->count)));
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_QUERY;
    from->query = source;
    from->column_count = source->visible_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, source->visible_count);
    Expr **values = ARENA_ARRAY(binder->arena, Expr *, source->visible_count);
    for (int32_t i = 0; i < source->visible_count; i++)
    {
        from->columns[i] = source->targets[i].column;
        Expr *value = expr_is_const(source->targets[i].expr) && !source->grouped
                          ? source->targets[i].expr
                          : expr_column(binder->arena, binder->statement, from->columns[i]);
        if (expr_is_null_const(value) && value->type.id == TYPE_VARCHAR) /* as one without a type is: it is of any */
            value = expr_null(binder->arena, target->table->columns[target->ordinals[i]].type);
        if (!binder->context->keeps_identity)
            TRY(bind_check_identity(target->table, target->ordinals[i], source->targets[i].expr->position));
        TRY(bind_assign(binder, target->table, target->ordinals[i], value, &values[i]));
    }
    BoundQuery *query = ARENA_NEW(binder->arena, BoundQuery);
    query->from = from;
    return finish(binder, target, values, query);
}

static Error *bind_value(Binder *binder, Scope *scope, const InsertTarget *target, int32_t ordinal, const Node *node,
                         Expr **out)
{
    Expr *expr;
    if (node->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT && ordinal == table_identity(target->table))
    {
        *out = expr_null(binder->arena, target->table->columns[ordinal].type);
        return NULL;
    }
    TRY(node->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT
            ? NULL
            : bind_check_identity(target->table, ordinal, node_position(binder, node_location(node))));
    if (node->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT)
    {
        TRY(target_default(binder, target, ordinal, out));
        return check_not_null(binder, target->table, ordinal, *out);
    }
    TRY(bind_expr(binder, scope, node, &expr));
    TRY(bind_assign(binder, target->table, ordinal, expr, out));
    return check_not_null(binder, target->table, ordinal, *out);
}

static Error *bind_value_row(Binder *binder, Scope *scope, const InsertTarget *target, const Node *node, Expr **row)
{
    const PgQuery__List *list = node->list;
    if (list->n_items != (size_t) target->count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "VALUES lists must all be the same length"),
                        node_position(binder, node_location(list->items[0])));
    for (int32_t i = 0; i < target->count; i++)
        TRY(bind_value(binder, scope, target, target->ordinals[i], list->items[i], &row[i]));
    return NULL;
}

static const Expr *first_not_constant(Expr *const *row, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (!expr_is_const(row[i]))
            return row[i];
    return NULL;
}

static Error *insert_values(Binder *binder, InsertTarget *target, Cte *ctes, const PgQuery__SelectStmt *select)
{
    Scope *scope = ARENA_NEW(binder->arena, Scope);
    scope->ctes = ctes;
    target->has_rows = true;
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    BoundQuery *query = ARENA_NEW(binder->arena, BoundQuery);
    const PgQuery__List *first = select->values_lists[0]->list;
    scope->query = query;
    scope->no_aggregates = "VALUES";
    bool extra = first->n_items > (size_t) target->count;
    TRY(check_count(binder, target, first->n_items,
                    extra ? node_position(binder, node_location(first->items[target->count])) : 0));
    from->kind = FROM_VALUES;
    from->row_count = (int32_t) select->n_values_lists;
    from->rows = ARENA_ARRAY(binder->arena, Expr **, from->row_count);
    target->row = bigint_of(binder, 0);
    for (int32_t r = 0; r < from->row_count; r++)
    {
        from->rows[r] = ARENA_ARRAY(binder->arena, Expr *, target->count + 1);
        from->rows[r][target->count] = bigint_of(binder, r);
        TRY(bind_value_row(binder, scope, target, select->values_lists[r], from->rows[r]));
        const Expr *computed = first_not_constant(from->rows[r], target->count);
        if (computed != NULL && from->row_count == 1) /* SELECT without FROM */
            return finish(binder, target, from->rows[0], query);
        if (computed != NULL)
            return unsupported(computed->position, "a value that is no constant, in a VALUES list of several rows, is");
    }
    Expr **values = ARENA_ARRAY(binder->arena, Expr *, target->count);
    bool number = table_identity(target->table) >= 0;
    from->column_count = target->count + number;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, from->column_count);
    for (int32_t i = 0; i < target->count; i++)
    {
        const CatalogColumn *column = &target->table->columns[target->ordinals[i]];
        from->columns[i] = bound_add_column(binder->arena, binder->statement, column->name, column->type,
                                            !column->not_null || target->ordinals[i] == table_identity(target->table));
        values[i] = expr_column(binder->arena, binder->statement, from->columns[i]);
    }
    if (number)
    {
        from->columns[target->count] =
            bound_add_column(binder->arena, binder->statement, "row", type_make(TYPE_BIGINT), false);
        target->row = expr_column(binder->arena, binder->statement, from->columns[target->count]);
    }
    query->from = from;
    return finish(binder, target, values, query);
}

Error *bind_fill(Binder *binder, const PgQuery__RangeVar *range, const PgQuery__SelectStmt *select)
{
    WriteTarget written;
    InsertTarget target = {0};
    TRY(bind_write_target(binder, range, "SELECT", PRIVILEGE(INSERT), &written));
    binder->statement->write->values = 0;
    target.table = written.table;
    target.count = target.table->column_count;
    target.defaults = ARENA_ARRAY(binder->arena, Expr *, target.count);
    target.ordinals = ARENA_ARRAY(binder->arena, int32_t, target.count);
    for (int32_t i = 0; i < target.count; i++)
        target.ordinals[i] = i;
    return insert_query(binder, &target, NULL, select);
}

Error *bind_insert(Binder *binder, const PgQuery__InsertStmt *insert)
{
    InsertTarget target = {0};
    WriteTarget written;
    Scope *with = ARENA_NEW(binder->arena, Scope); /* the queries of WITH are visible in the source only */
    if (insert->on_conflict_clause != NULL)
        return error_hint(unsupported(binder->parse->position, "ON CONFLICT is"), "Use MERGE.");
    TRY(bind_no_returning(binder, insert->n_returning_list));
    TRY(bind_write_target(binder, insert->relation, "INSERT 0", PRIVILEGE(INSERT), &written));
    binder->statement->write->values = 0;
    with->query = ARENA_NEW(binder->arena, BoundQuery);
    TRY(bind_with(binder, with, insert->with_clause));
    target.table = written.table;
    target.defaults = ARENA_ARRAY(binder->arena, Expr *, target.table->column_count);
    TRY(read_target(binder, insert, &target));
    if (insert->select_stmt == NULL || insert->select_stmt->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
    {
        target.count = 0; /* DEFAULT VALUES */
        target.has_rows = true;
        target.row = bigint_of(binder, 0);
        return finish(binder, &target, NULL, ARENA_NEW(binder->arena, BoundQuery));
    }
    const PgQuery__SelectStmt *select = insert->select_stmt->select_stmt;
    if (select->n_values_lists > 0 && select->n_sort_clause == 0 && select->limit_count == NULL &&
        select->limit_offset == NULL && select->with_clause == NULL)
        return insert_values(binder, &target, with->ctes, select);
    return insert_query(binder, &target, with->ctes, select);
}
