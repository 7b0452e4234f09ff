/* SPDX-License-Identifier: Apache-2.0 */
/* COPY: the table, which field of a record goes to which column, and what the others take. */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

/* Gives each listed column the place of its field. */
static Error *place_columns(const CopyStatement *copy, CopyPlan *plan)
{
    for (int32_t i = 0; i < plan->column_count; i++)
        plan->columns[i].position = copy->column_count == 0 ? i : -1;
    for (int32_t i = 0; i < copy->column_count; i++)
    {
        const ParseName *name = &copy->columns[i];
        int32_t ordinal = catalog_find_column(plan->table, name->name);
        if (ordinal < 0)
            return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
                                      name->name, plan->table->name),
                            name->position);
        if (plan->columns[ordinal].position >= 0)
            return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once", name->name),
                            name->position);
        plan->columns[ordinal].position = i;
    }
    return NULL;
}

static Error *set_fallback(Binder *binder, const CatalogColumn *column, int32_t position, CopyColumn *out)
{
    Expr *expr;
    out->fallback = (Datum){.null = true};
    if (out->position >= 0)
        return NULL;
    TRY(bind_default(binder, column, &expr));
    if (!expr_is_const(expr))
        return unsupported(position, "COPY into a table whose column \"%s\" has a volatile default", column->name);
    out->fallback = expr->value;
    if (out->fallback.null && column->not_null)
        return error_at(error_hint(error_new(SQLSTATE_NOT_NULL_VIOLATION,
                                             "column \"%s\" takes no null and is not in the column list", column->name),
                                   "Name the column in COPY's list, or give it a default."),
                        position);
    return NULL;
}

Error *bind_copy(Arena *arena, const CatalogSnapshot *snapshot, const BindContext *context,
                 const ParseStatement *statement, CopyPlan **out)
{
    ASSERT(statement->kind == STATEMENT_COPY);
    const CopyStatement *copy = statement->copy;
    Binder binder = binder_make(arena, snapshot, context, statement);
    CopyPlan *plan = ARENA_NEW(arena, CopyPlan);
    TRY(bind_table_name(snapshot, context, &copy->table, false, PRIVILEGE(INSERT), &plan->table));
    plan->column_count = plan->table->column_count;
    plan->columns = ARENA_ARRAY(arena, CopyColumn, plan->column_count);
    TRY(place_columns(copy, plan));
    for (int32_t i = 0; i < plan->column_count; i++)
    {
        const CatalogColumn *column = &plan->table->columns[i];
        plan->columns[i].name = column->name;
        plan->columns[i].type = column->type;
        plan->columns[i].not_null = column->not_null;
        TRY(set_fallback(&binder, column, copy->table.position, &plan->columns[i]));
    }
    plan->from_stdin = copy->from_stdin;
    plan->path = copy->path;
    plan->path_position = copy->path_position;
    plan->options = &copy->options;
    *out = plan;
    return NULL;
}
