/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <stdio.h>
#include <string.h>

int32_t node_position(const Binder *binder, int32_t location)
{
    return parse_position(binder->parse, location);
}

Error *unsupported(int32_t position, const char *format, ...)
{
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s not supported yet", what), position);
}

char *name_fold(const Binder *binder, const char *name)
{
    return parse_fold_name(binder->arena, name);
}

const char *node_string(const Node *node)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval : NULL;
}

int32_t node_location(const Node *node)
{
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_COLUMN_REF:
        return node->column_ref->location;
    case PG_QUERY__NODE__NODE_A_CONST:
        return node->a_const->location;
    case PG_QUERY__NODE__NODE_A_EXPR: /* the operator's; its left side begins it */
        return node->a_expr->lexpr != NULL && node->a_expr->lexpr->node_case != PG_QUERY__NODE__NODE__NOT_SET
                   ? node_location(node->a_expr->lexpr)
                   : node->a_expr->location;
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return node->func_call->location;
    case PG_QUERY__NODE__NODE_TYPE_CAST:
        return node->type_cast->arg != NULL ? node_location(node->type_cast->arg) : node->type_cast->location;
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
        return node->bool_expr->location;
    case PG_QUERY__NODE__NODE_SUB_LINK:
        return node->sub_link->location;
    case PG_QUERY__NODE__NODE_CASE_EXPR:
        return node->case_expr->location;
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
        return node->coalesce_expr->location;
    case PG_QUERY__NODE__NODE_RES_TARGET:
        return node->res_target->location;
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return node->min_max_expr->location;
    case PG_QUERY__NODE__NODE_ROW_EXPR:
        return node->row_expr->location;
    case PG_QUERY__NODE__NODE_GROUPING_FUNC:
        return node->grouping_func->location;
    case PG_QUERY__NODE__NODE_GROUPING_SET:
        return node->grouping_set->location;
    case PG_QUERY__NODE__NODE_NULL_TEST:
        return node->null_test->arg != NULL ? node_location(node->null_test->arg) : node->null_test->location;
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT:
        return node->set_to_default->location;
    default:
        return -1;
    }
}

Error *bind_fold(Binder *binder, Expr *expr, Expr **out)
{
    Error *error = expr_fold(binder->arena, expr, out);
    if (error == NULL || binder->maybe_never == 0)
        return error;
    error_free(error);
    *out = expr;
    return NULL;
}

Error *bind_call(Binder *binder, FuncId func, SqlType type, Expr *const *args, int32_t count, int32_t position,
                 Expr **out)
{
    Expr *expr = expr_func(binder->arena, func, type, count, args);
    expr->position = position;
    return bind_fold(binder, expr, out);
}

void *array_grow(Arena *arena, void *items, int32_t count, int32_t *capacity, size_t item_size)
{
    if (count < *capacity)
        return items;
    int32_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    char *grown = arena_zalloc(arena, item_size * (size_t) wanted);
    if (count > 0)
        memcpy(grown, items, item_size * (size_t) count);
    *capacity = wanted;
    return grown;
}

/* Fills the table if it is there; EXPLAIN asks before it is. */
static Error *bind_table_as(Binder *binder, const Node *node)
{
    const PgQuery__IntoClause *into;
    const PgQuery__SelectStmt *select;
    TRY(bind_into(binder, node, &into, &select));
    const char *schema = bind_target_schema(binder, into->rel);
    if (catalog_find_table(binder->snapshot, schema, name_fold(binder, into->rel->relname)) == NULL)
        return bind_query(binder, NULL, false, NULL, select, &binder->statement->query);
    PgQuery__RangeVar range = *into->rel;
    range.schemaname = (char *) schema;
    return bind_fill(binder, &range, select);
}

Error *bind_any(Binder *binder, const ParseStatement *statement)
{
    TRY(parse_refusal(statement));
    if (statement->kind == STATEMENT_SELECT)
        TRY(bind_query(binder, NULL, false, NULL, statement->node->select_stmt, &binder->statement->query));
    else if (statement->kind == STATEMENT_INSERT)
        TRY(bind_insert(binder, statement->node->insert_stmt));
    else if (statement->kind == STATEMENT_UPDATE)
        TRY(bind_update(binder, statement->node->update_stmt));
    else if (statement->kind == STATEMENT_DELETE)
        TRY(bind_delete(binder, statement->node->delete_stmt));
    else if (statement->kind == STATEMENT_MERGE)
        TRY(bind_merge(binder, statement->node->merge_stmt));
    else if (statement->kind == STATEMENT_CREATE_TABLE_AS)
        TRY(bind_table_as(binder, statement->node));
    else
        return unsupported(statement->position, "%s as a query is", statement->tag);
    bind_finish_ctes(binder);
    ASSERT(binder->statement->query != NULL);
    return NULL;
}

Error *bind_statement(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                      const ParseStatement *statement, BoundStatement **out)
{
    Binder binder = binder_make(arena, snapshot, context, statement);
    TRY(bind_any(&binder, statement));
    *out = binder.statement;
    return NULL;
}
