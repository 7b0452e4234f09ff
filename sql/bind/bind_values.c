/* SPDX-License-Identifier: Apache-2.0 */
/* VALUES lists: rows of constants. */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

static Error *bind_row(Binder *binder, Scope *scope, const Node *node, size_t width, Expr **row)
{
    ASSERT(node->node_case == PG_QUERY__NODE__NODE_LIST);
    if (node->list->n_items != width)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "VALUES lists must all be the same length"),
                        node->list->n_items > 0 ? node_position(binder, node_location(node->list->items[0])) : 0);
    for (size_t i = 0; i < width; i++)
        TRY(bind_expr(binder, scope, node->list->items[i], &row[i]));
    return NULL;
}

/* One type for each column of the rows. */
static Error *match_columns(Binder *binder, BoundFrom *from, Scope *scope)
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
        TRY(bind_common_type(binder, column, from->row_count, "a VALUES column", &type));
        for (int32_t r = 0; r < from->row_count; r++)
            from->rows[r][c] = column[r];
        const char *name = arena_printf(binder->arena, "column%d", c + 1);
        from->columns[c] = bound_add_column(binder->arena, binder->statement, name, type, nullable);
        namespace_add(binder, scope, &scope->names, (NameEntry){NULL, NULL, name, from->columns[c], false});
    }
    return NULL;
}

Error *bind_values(Binder *binder, Scope *scope, const PgQuery__SelectStmt *select, BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    size_t width = select->values_lists[0]->list->n_items;
    from->kind = FROM_VALUES;
    from->row_count = (int32_t) select->n_values_lists;
    from->column_count = (int32_t) width;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, width);
    from->rows = ARENA_ARRAY(binder->arena, Expr **, from->row_count);
    scope->no_aggregates = "VALUES";
    *out = NULL;
    for (int32_t r = 0; r < from->row_count; r++)
    {
        from->rows[r] = ARENA_ARRAY(binder->arena, Expr *, width);
        TRY(bind_row(binder, scope, select->values_lists[r], width, from->rows[r]));
        for (size_t c = 0; c < width; c++)
        {
            if (expr_is_const(from->rows[r][c]))
                continue;
            if (from->row_count == 1)
                return NULL;
            return unsupported(from->rows[r][c]->position, "a value that is no constant, in a VALUES list of several rows, is");
        }
    }
    TRY(match_columns(binder, from, scope));
    scope->no_aggregates = NULL;
    *out = from;
    return NULL;
}
