/* SPDX-License-Identifier: Apache-2.0 */
/* COPY: the table, which field of a record goes to which column, and what the others take. */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

/* All columns in the table's order, but an identity column whose values are not in the file. */
static void place_all(const CopyStatement *copy, CopyPlan *plan)
{
    bool left_out = !copy->options.explicit_ids && !plan->table->identity.by_default;
    for (int32_t i = 0, field = 0; i < plan->column_count; i++)
        plan->columns[i].position = left_out && i == table_identity(plan->table) ? -1 : field++;
}

/* Gives each listed column the place of its field. */
static Error *place_columns(const CopyStatement *copy, CopyPlan *plan)
{
    if (copy->column_count == 0)
        place_all(copy, plan);
    for (int32_t i = 0; i < plan->column_count && copy->column_count > 0; i++)
        plan->columns[i].position = -1;
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
        if (!copy->options.explicit_ids)
            TRY(bind_check_identity(plan->table, ordinal, name->position));
        plan->columns[ordinal].position = i;
    }
    return NULL;
}

/* Who gives the identity column its values? */
static Error *place_identity(const CopyStatement *copy, CopyPlan *plan)
{
    int32_t ordinal = table_identity(plan->table);
    plan->identity = ordinal >= 0 && plan->columns[ordinal].position < 0 ? ordinal : -1;
    if (copy->options.explicit_ids && (ordinal < 0 || plan->identity >= 0))
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, ordinal < 0 ? "EXPLICIT_IDS: table \"%s\" has no identity column"
                                                                                 : "EXPLICIT_IDS: the identity column of table \"%s\" is not in the column list",
                                  plan->table->name),
                        copy->table.position);
    return NULL;
}

static Error *set_fallback(Binder *binder, const CatalogTable *table, int32_t ordinal, int32_t position, CopyColumn *out)
{
    const CatalogColumn *column = &table->columns[ordinal];
    Expr *expr;
    out->fallback = (Datum){.null = true};
    if (out->position >= 0)
        return NULL;
    TRY(bind_default(binder, table, ordinal, &expr));
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
    TRY(place_identity(copy, plan));
    for (int32_t i = 0; i < plan->column_count; i++)
    {
        const CatalogColumn *column = &plan->table->columns[i];
        plan->columns[i].name = column->name;
        plan->columns[i].type = column->type;
        plan->columns[i].not_null = column->not_null;
        if (i != plan->identity)
            TRY(set_fallback(&binder, plan->table, i, copy->table.position, &plan->columns[i]));
    }
    plan->from_stdin = copy->from_stdin;
    plan->path = copy->path;
    plan->path_position = copy->path_position;
    plan->options = &copy->options;
    *out = plan;
    return NULL;
}
