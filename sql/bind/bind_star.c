/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `*`, `t.*`, and `* EXCLUDE (a, b)`, which sql/parse has made a call of "?exclude"(a, b).
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

#define EXCLUDE_NAME "?exclude"

typedef struct Star
{
    const char *schema;
    const char *alias; /* NULL: all */
    int32_t position;
    size_t excluded_count;
    Node *const *excluded;
} Star;

static bool item_has_column(const Scope *scope, int32_t from, ColumnId column)
{
    for (int32_t i = from; i < scope->item_count; i++)
        if (scope->items[i].expr->kind == EXPR_COLUMN && scope->items[i].expr->column == column)
            return true;
    return false;
}

static const char *excluded_name(const Binder *binder, const Node *node)
{
    bool plain = node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields == 1;
    const char *name = plain ? node_string(node->column_ref->fields[0]) : NULL;
    return name == NULL ? NULL : name_fold(binder, name);
}

static bool is_excluded(const Binder *binder, const Star *star, const char *name)
{
    for (size_t i = 0; i < star->excluded_count; i++)
    {
        const char *excluded = excluded_name(binder, star->excluded[i]);
        if (excluded != NULL && strcmp(excluded, name) == 0)
            return true;
    }
    return false;
}

static bool is_wanted(const Star *star, const NameEntry *entry)
{
    if (star->alias == NULL)
        return !entry->hidden;
    return entry->alias != NULL && strcmp(entry->alias, star->alias) == 0 &&
           (star->schema == NULL || (entry->schema != NULL && strcmp(entry->schema, star->schema) == 0));
}

/* Every name of EXCLUDE is one of the star's columns. */
static Error *check_excluded(const Binder *binder, const Scope *scope, const Star *star)
{
    for (size_t i = 0; i < star->excluded_count; i++)
    {
        const char *name = excluded_name(binder, star->excluded[i]);
        int32_t position = node_position(binder, node_location(star->excluded[i]));
        bool found = false;
        if (name == NULL)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "EXCLUDE takes names of columns"), position);
        for (int32_t k = 0; k < scope->names.count && !found; k++)
            found = is_wanted(star, &scope->names.entries[k]) && strcmp(scope->names.entries[k].name, name) == 0;
        if (!found)
            return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" does not exist", name), position);
    }
    return NULL;
}

static Error *expand(Binder *binder, Scope *scope, const Star *star)
{
    int32_t first = scope->item_count;
    bool found = false;
    TRY(check_excluded(binder, scope, star));
    for (int32_t i = 0; i < scope->names.count; i++)
    {
        const NameEntry *entry = &scope->names.entries[i];
        bool wanted = is_wanted(star, entry);
        found = found || wanted;
        if (!wanted || (star->alias != NULL && item_has_column(scope, first, entry->column)) ||
            is_excluded(binder, star, entry->name))
            continue;
        Expr *column = entry->merged != NULL ? arena_memdup(binder->arena, entry->merged, sizeof(Expr))
                                             : expr_column(binder->arena, binder->statement, entry->column);
        column->position = star->position;
        TRY(bind_add_item(binder, scope,
                          (TargetItem){.name = entry->name, .expr = column, .position = star->position}));
    }
    if (found)
        return NULL;
    if (star->alias == NULL)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "SELECT * with no tables specified is not valid"),
                        star->position);
    return error_at(error_new(SQLSTATE_UNDEFINED_TABLE, "missing FROM-clause entry for table \"%s\"", star->alias),
                    star->position);
}

/* The names before the star, `count` of them. */
static void read_prefix(const Binder *binder, Node *const *fields, size_t count, Star *star)
{
    const char *alias = count > 0 ? node_string(fields[count - 1]) : NULL;
    const char *schema = count > 1 ? node_string(fields[count - 2]) : NULL;
    star->alias = alias == NULL ? NULL : name_fold(binder, alias);
    star->schema = schema == NULL ? NULL : name_fold(binder, schema);
}

static bool is_star(const Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_COLUMN_REF && node->column_ref->n_fields > 0 &&
           node->column_ref->fields[node->column_ref->n_fields - 1]->node_case == PG_QUERY__NODE__NODE_A_STAR;
}

static bool is_exclude(const Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL)
        return false;
    const char *name = node_string(node->func_call->funcname[node->func_call->n_funcname - 1]);
    return name != NULL && strcmp(name, EXCLUDE_NAME) == 0;
}

Error *bind_star_item(Binder *binder, Scope *scope, const Node *node, bool *done)
{
    Star star = {.position = node_position(binder, node_location(node))};
    *done = true;
    if (is_star(node))
        read_prefix(binder, node->column_ref->fields, node->column_ref->n_fields - 1, &star);
    else if (is_exclude(node))
    {
        read_prefix(binder, node->func_call->funcname, node->func_call->n_funcname - 1, &star);
        star.excluded_count = node->func_call->n_args;
        star.excluded = node->func_call->args;
    }
    else
    {
        *done = false;
        return NULL;
    }
    return expand(binder, scope, &star);
}

Error *bind_expand_all(Binder *binder, Scope *scope)
{
    return expand(binder, scope, &(Star){0});
}
