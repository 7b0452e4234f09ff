/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of constants:
 *
 *     VALUES (1, 'a'), (2, 'b')
 *     SELECT 1 AS k, 'a' AS v UNION ALL SELECT 2, 'b'
 *
 * The second form is how Redshift, which has no VALUES in FROM, is told such rows.
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

/* The cells as the grammar gives them. */
typedef struct Cells
{
    int32_t row_count;
    int32_t capacity;
    size_t width; /* of the first row */
    const Node *const **rows;
    const PgQuery__SelectStmt *first; /* UNION ALL: names its columns; else NULL */
} Cells;

static Error *add_row(Binder *binder, Cells *cells, size_t width, const Node *const *row)
{
    if (cells->row_count == 0)
        cells->width = width;
    else if (cells->width != width)
    {
        int32_t position = width > 0 ? node_position(binder, node_location(row[0])) : 0;
        return error_at(cells->first == NULL
                            ? error_new(SQLSTATE_SYNTAX_ERROR, "VALUES lists must all be the same length")
                            : error_new(SQLSTATE_SYNTAX_ERROR, "each UNION query must have the same number of columns"),
                        position);
    }
    ARRAY_ADD(binder->arena, cells->rows, cells->row_count, cells->capacity, row);
    return NULL;
}

static bool is_plain_row(const PgQuery__SelectStmt *select)
{
    if (select->n_target_list == 0 || select->n_from_clause > 0 || select->where_clause != NULL ||
        select->n_group_clause > 0 || select->having_clause != NULL || select->n_distinct_clause > 0 ||
        select->n_sort_clause > 0 || select->limit_count != NULL || select->limit_offset != NULL ||
        select->with_clause != NULL || select->into_clause != NULL || select->n_values_lists > 0)
        return false;
    for (size_t i = 0; i < select->n_target_list; i++)
        if (select->target_list[i]->res_target->val->node_case != PG_QUERY__NODE__NODE_A_CONST)
            return false;
    return true;
}

static bool is_union_of_rows(const PgQuery__SelectStmt *select)
{
    if (select->op == PG_QUERY__SET_OPERATION__SETOP_NONE)
        return is_plain_row(select);
    return select->op == PG_QUERY__SET_OPERATION__SETOP_UNION && select->all && select->n_sort_clause == 0 &&
           select->limit_count == NULL && select->limit_offset == NULL && select->with_clause == NULL &&
           is_union_of_rows(select->larg) && is_union_of_rows(select->rarg);
}

bool bind_is_constant_rows(const PgQuery__SelectStmt *select)
{
    return select->op == PG_QUERY__SET_OPERATION__SETOP_UNION && select->all && is_union_of_rows(select->larg) &&
           is_union_of_rows(select->rarg);
}

/* The rows of a UNION ALL of constants. */
static Error *add_union(Binder *binder, Cells *cells, const PgQuery__SelectStmt *select)
{
    if (select->op == PG_QUERY__SET_OPERATION__SETOP_UNION)
    {
        TRY(add_union(binder, cells, select->larg));
        return add_union(binder, cells, select->rarg);
    }
    const Node **row = ARENA_ARRAY(binder->arena, const Node *, select->n_target_list);
    for (size_t i = 0; i < select->n_target_list; i++)
        row[i] = select->target_list[i]->res_target->val;
    if (cells->first == NULL)
        cells->first = select;
    return add_row(binder, cells, select->n_target_list, row);
}

static Error *read_cells(Binder *binder, const PgQuery__SelectStmt *select, Cells *cells)
{
    if (select->n_values_lists == 0)
        return add_union(binder, cells, select);
    for (size_t i = 0; i < select->n_values_lists; i++)
    {
        const PgQuery__List *list = select->values_lists[i]->list;
        TRY(add_row(binder, cells, list->n_items, (const Node *const *) list->items));
    }
    return NULL;
}

/* One type for each column of the rows. */
static Error *match_columns(Binder *binder, BoundFrom *from, const Cells *cells, Scope *scope)
{
    Expr **column = ARENA_ARRAY(binder->arena, Expr *, from->row_count);
    for (int32_t c = 0; c < from->column_count; c++)
    {
        SqlType type;
        bool nullable = false;
        for (int32_t r = 0; r < from->row_count; r++)
        {
            column[r] = from->rows[r][c];
            nullable = nullable || column[r]->nullable;
        }
        TRY(bind_common_type(binder, column, from->row_count, "a column of such rows", &type));
        for (int32_t r = 0; r < from->row_count; r++)
            from->rows[r][c] = column[r];
        const char *name = cells->first != NULL ? target_name(binder, cells->first->target_list[c]->res_target)
                                                : arena_printf(binder->arena, "column%d", c + 1);
        from->columns[c] = bound_add_column(binder->arena, binder->statement, name, type, nullable);
        namespace_add(binder, scope, &scope->names, (NameEntry){.name = name, .column = from->columns[c]});
    }
    return NULL;
}

/* One value for a column of rows that are not all constants: which row it is decides. */
Expr *bind_choose_row(Binder *binder, Expr **cells, int32_t row_count, Expr *row, SqlType type)
{
    Expr **parts = ARENA_ARRAY(binder->arena, Expr *, 2 * row_count + 1);
    int32_t count = 0;
    bool nullable = false;
    for (int32_t r = 0; r < row_count; r++)
    {
        Expr *sides[2] = {row, expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = r})};
        Expr *is_row = expr_new(binder->arena, EXPR_COMPARE, type_make(TYPE_BOOLEAN), 2, sides);
        is_row->op = '=';
        if (r + 1 < row_count)
            parts[count++] = is_row;
        parts[count++] = cells[r];
        nullable = nullable || cells[r]->nullable;
    }
    if (row_count == 1)
        return cells[0];
    Expr *chosen = expr_new(binder->arena, EXPR_CASE, type, count, parts);
    chosen->nullable = nullable;
    return chosen;
}

BoundFrom *bind_row_numbers(Binder *binder, int32_t count)
{
    BoundFrom *numbers = ARENA_NEW(binder->arena, BoundFrom);
    numbers->kind = FROM_VALUES;
    numbers->address = NO_COLUMN;
    numbers->row_count = count;
    numbers->column_count = 1;
    numbers->columns = ARENA_ARRAY(binder->arena, ColumnId, 1);
    numbers->columns[0] =
        bound_add_column(binder->arena, binder->statement, "row", type_make(TYPE_BIGINT), false);
    numbers->rows = ARENA_ARRAY(binder->arena, Expr **, count);
    for (int32_t r = 0; r < count; r++)
    {
        numbers->rows[r] = ARENA_ARRAY(binder->arena, Expr *, 1);
        numbers->rows[r][0] = expr_constant(binder->arena, type_make(TYPE_BIGINT), (Datum){.i = r});
    }
    return numbers;
}

/* values (a, 1), (b, 2): the numbers of the rows as constants, and a CASE over them for each column. */
static Error *values_by_number(Binder *binder, Scope *scope, BoundFrom *from, BoundFrom **out)
{
    BoundFrom *numbers = bind_row_numbers(binder, from->row_count);
    Expr *row = expr_column(binder->arena, binder->statement, numbers->columns[0]);
    Expr **cells = ARENA_ARRAY(binder->arena, Expr *, from->row_count);
    scope->names = (Namespace){0};
    for (int32_t c = 0; c < from->column_count; c++)
    {
        const BoundColumn *column = &binder->statement->columns[from->columns[c]];
        for (int32_t r = 0; r < from->row_count; r++)
            cells[r] = from->rows[r][c];
        NameEntry entry = {.name = column->name, .column = from->columns[c]};
        entry.merged = bind_choose_row(binder, cells, from->row_count, row, column->type);
        namespace_add(binder, scope, &scope->names, entry);
    }
    *out = numbers;
    return NULL;
}

Error *bind_values(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundFrom **out)
{
    Cells cells = {0};
    bool constant = true;
    TRY(read_cells(binder, select, &cells));
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_VALUES;
    from->address = NO_COLUMN;
    from->row_count = cells.row_count;
    from->column_count = (int32_t) cells.width;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, cells.width);
    from->rows = ARENA_ARRAY(binder->arena, Expr **, from->row_count);
    scope->no_aggregates = "VALUES";
    for (int32_t r = 0; r < from->row_count; r++)
    {
        from->rows[r] = ARENA_ARRAY(binder->arena, Expr *, cells.width);
        for (size_t c = 0; c < cells.width; c++)
        {
            TRY(bind_expr(binder, scope, cells.rows[r][c], &from->rows[r][c]));
            constant = constant && expr_is_const(from->rows[r][c]);
        }
    }
    TRY(match_columns(binder, from, &cells, scope));
    scope->no_aggregates = NULL;
    *out = from;
    return constant ? NULL : values_by_number(binder, scope, from, out);
}
