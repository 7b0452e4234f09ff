/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FROM.  Each item makes a BoundFrom and a Namespace; a join concatenates its
 * sides' namespaces, and so the names are in the order SELECT * gives them.
 *
 *     from a join b using (k), (select ...) c      a.k a.x  (b.k hidden) b.y  c.z
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

static FromAlias read_alias(const Binder *binder, const PgQuery__Alias *alias, int32_t position)
{
    if (alias == NULL)
        return (FromAlias){NULL, position, 0, NULL};
    return (FromAlias){name_fold(binder, alias->aliasname), position, alias->n_colnames, alias->colnames};
}

void namespace_add(Binder *binder, Scope *scope, Namespace *names, NameEntry entry)
{
    ARRAY_ADD(binder->arena, names->entries, names->count, names->capacity, entry);
    while (entry.column >= binder->owner_capacity)
    {
        int32_t capacity = binder->owner_capacity == 0 ? 64 : binder->owner_capacity * 2;
        Scope **owners = ARENA_ARRAY(binder->arena, Scope *, capacity);
        if (binder->owner_capacity > 0)
            memcpy(owners, binder->owners, sizeof *owners * (size_t) binder->owner_capacity);
        binder->owners = owners;
        binder->owner_capacity = capacity;
    }
    binder->owners[entry.column] = scope;
}

static void namespace_append(Binder *binder, Namespace *names, const Namespace *more)
{
    for (int32_t i = 0; i < more->count; i++)
        ARRAY_ADD(binder->arena, names->entries, names->count, names->capacity, more->entries[i]);
}

const char *from_column_name(const Binder *binder, const FromAlias *alias, int32_t index, const char *own)
{
    const char *renamed = (size_t) index < alias->column_count ? node_string(alias->columns[index]) : NULL;
    return renamed == NULL ? own : name_fold(binder, renamed);
}

Error *from_check_alias(const FromAlias *alias, int32_t count)
{
    if (alias->column_count <= (size_t) count)
        return NULL;
    return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE,
                              "table \"%s\" has %d columns available but %zu columns specified", alias->name, count,
                              alias->column_count),
                    alias->position);
}

Error *bind_count_relation(Binder *binder, int32_t position)
{
    if (++binder->relation_count <= BIND_RELATIONS_MAX)
        return NULL;
    return error_at(
        error_new(SQLSTATE_STATEMENT_TOO_COMPLEX, "statement uses more than %d tables and queries", BIND_RELATIONS_MAX),
        position);
}

/* --- tables, subqueries -------------------------------------------------------------- */

static Error *from_table(Binder *binder, Scope *scope, const CatalogTable *table, const FromAlias *alias,
                         Namespace *names, BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = table_is_sysview(table) ? FROM_SYSVIEW : FROM_TABLE;
    from->address = NO_COLUMN;
    from->table = table;
    from->alias = alias->name != NULL ? alias->name : table->name;
    from->column_count = table->column_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, table->column_count);
    TRY(from_check_alias(alias, table->column_count));
    for (int32_t i = 0; i < table->column_count; i++)
    {
        const CatalogColumn *column = &table->columns[i];
        const char *name = from_column_name(binder, alias, i, column->name);
        ColumnId id = bound_add_column(binder->arena, binder->statement, name, column->type, !column->not_null);
        binder->statement->columns[id].table = table;
        binder->statement->columns[id].ordinal = i;
        from->columns[i] = id;
        namespace_add(binder, scope, names,
                      (NameEntry){.schema = alias->name != NULL ? NULL : table->schema,
                                  .alias = from->alias,
                                  .name = name,
                                  .column = id});
    }
    *out = from;
    return NULL;
}

Error *bind_from_query(Binder *binder, Scope *scope, BoundQuery *query, const FromAlias *alias, Namespace *names,
                       BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_QUERY;
    from->address = NO_COLUMN;
    from->query = query;
    from->alias = alias->name;
    from->column_count = query->visible_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, query->visible_count);
    TRY(from_check_alias(alias, query->visible_count));
    for (int32_t i = 0; i < query->visible_count; i++)
    {
        from->columns[i] = query->targets[i].column;
        namespace_add(binder, scope, names,
                      (NameEntry){.alias = alias->name,
                                  .name = from_column_name(binder, alias, i, query->target_names[i]),
                                  .column = from->columns[i]});
    }
    *out = from;
    return NULL;
}

static Error *from_range(Binder *binder, Scope *scope, const PgQuery__RangeVar *range, Namespace *names,
                         BoundFrom **out)
{
    int32_t position = node_position(binder, range->location);
    FromAlias alias = read_alias(binder, range->alias, position);
    bool has_schema = range->schemaname != NULL && range->schemaname[0] != '\0';
    char *name = name_fold(binder, range->relname);
    const CatalogTable *table;
    TRY(bind_count_relation(binder, position));
    Cte *cte = has_schema ? NULL : find_cte(scope, name);
    if (cte != NULL)
        return bind_from_cte(binder, scope, cte, &alias, position, names, out);
    TRY(bind_table(binder, has_schema ? name_fold(binder, range->schemaname) : NULL, name, position, &table));
    bind_note_use(binder, table);
    if (table->view_sql != NULL)
    {
        BoundQuery *query;
        TRY(bind_view_query(binder, table, position, &query));
        if (alias.name == NULL)
            alias.name = table->name;
        return bind_from_query(binder, scope, query, &alias, names, out);
    }
    return from_table(binder, scope, table, &alias, names, out);
}

static Error *from_subselect(Binder *binder, Scope *scope, const PgQuery__RangeSubselect *range, Namespace *names,
                             BoundFrom **out)
{
    BoundQuery *query;
    FromAlias alias = read_alias(binder, range->alias, 0);
    if (range->subquery == NULL || range->subquery->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return unsupported(0, "this kind of subquery is");
    const char *clause = scope->no_aggregates;
    TRY(bind_query(binder, scope, !range->lateral, scope->ctes, range->subquery->select_stmt, &query));
    scope->no_aggregates = clause;
    TRY(bind_from_query(binder, scope, query, &alias, names, out));
    (*out)->lateral = range->lateral && query->outer_count > 0;
    return NULL;
}

/* generate_series(start, stop[, step]) of whole numbers. */
static Error *from_function(Binder *binder, Scope *scope, const PgQuery__RangeFunction *range, Namespace *names,
                            BoundFrom **out)
{
    const Node *node = range->n_functions == 1 && range->functions[0]->list->n_items > 0
                           ? range->functions[0]->list->items[0]
                           : NULL;
    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_FUNC_CALL || range->ordinality)
        return unsupported(0, "this kind of function in FROM is");
    const PgQuery__FuncCall *call = node->func_call;
    const char *name = node_string(call->funcname[call->n_funcname - 1]);
    int32_t position = node_position(binder, call->location);
    if (name == NULL || strcmp(name_fold(binder, name), "generate_series") != 0)
        return unsupported(position, "a function in FROM, other than generate_series(), is");
    if (call->n_args < 2 || call->n_args > 3)
        return error_at(error_new(SQLSTATE_UNDEFINED_FUNCTION, "generate_series() takes two or three arguments"),
                        position);
    BoundFrom *from = *out = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_SERIES;
    from->address = NO_COLUMN;
    from->series[2] = (Datum){.i = 1};
    for (size_t i = 0; i < call->n_args; i++)
    {
        Expr *expr;
        TRY(bind_expr(binder, scope, call->args[i], &expr));
        if (!expr_is_const(expr) || !(type_is_integer(expr->type) || expr_is_null_const(expr)))
            return unsupported(expr->position, "generate_series() of other than constant whole numbers is");
        TRY(coerce(binder, expr, type_make(TYPE_BIGINT), CAST_IMPLICIT, &expr));
        from->series[i] = expr->value;
        if (i == 2 && !expr->value.null && expr->value.i == 0)
            return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "step size cannot equal zero"), position);
    }
    FromAlias alias = read_alias(binder, range->alias, position);
    if (alias.name == NULL)
        alias.name = "generate_series";
    TRY(from_check_alias(&alias, 1));
    const char *column = from_column_name(binder, &alias, 0, alias.name);
    from->alias = alias.name;
    from->column_count = 1;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, 1);
    from->columns[0] = bound_add_column(binder->arena, binder->statement, column, type_make(TYPE_BIGINT), false);
    namespace_add(binder, scope, names,
                  (NameEntry){.alias = alias.name, .name = column, .column = from->columns[0]});
    return NULL;
}

/* --- joins -------------------------------------------------------------------------------- */

/* The one visible column of that name, NULL if there is none. */
static Error *find_join_column(const Namespace *names, const char *name, int32_t position, NameEntry **found)
{
    *found = NULL;
    for (int32_t i = 0; i < names->count; i++)
    {
        if (names->entries[i].hidden || strcmp(names->entries[i].name, name) != 0)
            continue;
        if (*found != NULL)
            return error_at(error_new(SQLSTATE_AMBIGUOUS_COLUMN,
                                      "common column name \"%s\" appears more than once in a table", name),
                            position);
        *found = &names->entries[i];
    }
    return NULL;
}

typedef struct JoinSides
{
    Namespace *left; /* as written */
    Namespace *right;
    bool keep_right;  /* RIGHT JOIN: the merged column is the right one */
    bool full;        /* FULL JOIN: it is the one that is not null */
    Namespace merged; /* columns of USING, in order */
    Expr *on;
} JoinSides;

static Expr *entry_expr(const Binder *binder, const NameEntry *entry)
{
    return entry->merged != NULL ? entry->merged : expr_column(binder->arena, binder->statement, entry->column);
}

/* COALESCE(left, right).  One of them is there, so it is null only where a value of a side was. */
static Error *merge_full(Binder *binder, const NameEntry *left, const NameEntry *right, NameEntry *merged)
{
    SqlType type;
    Expr *both[2];
    const NameEntry *sides[2] = {left, right};
    bool nullable = false;
    for (int32_t i = 0; i < 2; i++)
    {
        both[i] = arena_memdup(binder->arena, entry_expr(binder, sides[i]), sizeof(Expr));
        nullable = nullable || both[i]->nullable;
        both[i]->nullable = true;
    }
    TRY(bind_common_type(binder, both, 2, "a column of USING", &type));
    *merged = *left;
    merged->alias = merged->schema = NULL;
    merged->merged = expr_new(binder->arena, EXPR_COALESCE, type, 2, both);
    merged->merged->nullable = nullable;
    return NULL;
}

static Error *join_using(Binder *binder, JoinSides *sides, const char *name, int32_t position)
{
    NameEntry *left, *right;
    TRY(find_join_column(sides->left, name, position, &left));
    TRY(find_join_column(sides->right, name, position, &right));
    if (left == NULL || right == NULL)
        return error_at(error_new(SQLSTATE_UNDEFINED_COLUMN,
                                  "column \"%s\" specified in USING clause does not exist in %s table", name,
                                  left == NULL ? "left" : "right"),
                        position);
    Expr *equal;
    Expr *a = entry_expr(binder, left);
    Expr *b = entry_expr(binder, right);
    TRY(bind_compare(binder, '=', a, b, position, &equal));
    sides->on = expr_and(binder->arena, sides->on, equal);
    NameEntry kept = sides->keep_right ? *right : *left;
    if (sides->full)
        TRY(merge_full(binder, left, right, &kept));
    ARRAY_ADD(binder->arena, sides->merged.entries, sides->merged.count, sides->merged.capacity, kept);
    left->hidden = right->hidden = true;
    return NULL;
}

static Error *join_natural(Binder *binder, JoinSides *sides)
{
    for (int32_t i = 0; i < sides->left->count; i++)
    {
        NameEntry *right;
        const NameEntry *left = &sides->left->entries[i];
        if (left->hidden)
            continue;
        TRY(find_join_column(sides->right, left->name, 0, &right));
        if (right != NULL)
            TRY(join_using(binder, sides, left->name, 0));
    }
    return NULL;
}

static void make_nullable(Binder *binder, const Namespace *names)
{
    for (int32_t i = 0; i < names->count; i++)
        binder->statement->columns[names->entries[i].column].nullable = true;
}

static void mark_outer_joined(Namespace *names)
{
    for (int32_t i = 0; i < names->count; i++)
        names->entries[i].outer_joined = true;
}

static Namespace concatenated(Binder *binder, const Namespace *a, const Namespace *b)
{
    Namespace all = {0};
    namespace_append(binder, &all, a);
    namespace_append(binder, &all, b);
    return all;
}

static bool same_table_name(const NameEntry *a, const NameEntry *b)
{
    if (a->alias == NULL || b->alias == NULL || strcmp(a->alias, b->alias) != 0)
        return false;
    return a->schema == NULL || b->schema == NULL || strcmp(a->schema, b->schema) == 0;
}

/* No table name twice.  Entries of one table follow one another, so only its first is looked at. */
static Error *check_aliases(const Namespace *left, const Namespace *right)
{
    const char *before = NULL;
    for (int32_t i = 0; i < right->count; i++)
    {
        if (right->entries[i].alias == before)
            continue;
        before = right->entries[i].alias;
        for (int32_t j = 0; j < left->count; j++)
            if (same_table_name(&left->entries[j], &right->entries[i]))
                return error_new(SQLSTATE_DUPLICATE_ALIAS, "table name \"%s\" specified more than once", before);
    }
    return NULL;
}

/* Condition over both sides; sides->merged and then the rest become *names. */
static Error *bind_join_condition(Binder *binder, Scope *scope, const PgQuery__JoinExpr *join, JoinSides *sides,
                                  Namespace *names)
{
    for (size_t i = 0; i < join->n_using_clause; i++)
    {
        const char *name = node_string(join->using_clause[i]);
        TRY(join_using(binder, sides, name == NULL ? "" : name_fold(binder, name), 0));
    }
    if (join->is_natural)
        TRY(join_natural(binder, sides));
    *names = (Namespace){0};
    namespace_append(binder, names, &sides->merged);
    namespace_append(binder, names, sides->left);
    namespace_append(binder, names, sides->right);
    if (join->quals == NULL || join->quals->node_case == PG_QUERY__NODE__NODE__NOT_SET)
        return NULL;
    Namespace saved = scope->names;
    const char *saved_clause = scope->no_aggregates;
    scope->names = *names;
    scope->no_aggregates = "JOIN conditions";
    Error *error = bind_condition(binder, scope, join->quals, "JOIN/ON", &sides->on);
    scope->names = saved;
    scope->no_aggregates = saved_clause;
    return error;
}

/* Merged columns stand twice in the list: once first and visible, once qualified under their own table. */
static void rename_join(const Binder *binder, const PgQuery__JoinExpr *join, Namespace *names)
{
    if (join->alias == NULL)
        return;
    const char *alias = name_fold(binder, join->alias->aliasname);
    int32_t kept = 0;
    for (int32_t i = 0; i < names->count; i++)
    {
        if (names->entries[i].hidden)
            continue;
        names->entries[kept] = names->entries[i];
        names->entries[kept].alias = alias;
        names->entries[kept].schema = NULL;
        kept++;
    }
    names->count = kept;
}

static Error *from_item(Binder *binder, Scope *scope, const Node *node, Namespace *names, BoundFrom **out);

static Error *from_join(Binder *binder, Scope *scope, const PgQuery__JoinExpr *join, Namespace *names, BoundFrom **out)
{
    BoundFrom *from = ARENA_NEW(binder->arena, BoundFrom);
    Namespace left = {0}, right = {0};
    BoundFrom *left_from, *right_from;
    bool is_right = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_RIGHT;
    bool is_full = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_FULL;
    TRY(from_item(binder, scope, join->larg, &left, &left_from));
    Namespace before = scope->names;
    if (!is_right && !is_full) /* LATERAL sees what stands left of it */
        scope->names = concatenated(binder, &before, &left);
    Error *error = from_item(binder, scope, join->rarg, &right, &right_from);
    scope->names = before;
    TRY(error);
    TRY(check_aliases(&left, &right));
    JoinSides sides = {.left = &left, .right = &right, .keep_right = is_right, .full = is_full};
    from->kind = FROM_JOIN;
    from->join = join->jointype == PG_QUERY__JOIN_TYPE__JOIN_INNER ? JOIN_INNER : is_full ? JOIN_FULL : JOIN_LEFT;
    from->address = NO_COLUMN;
    from->left = is_right ? right_from : left_from;
    from->right = is_right ? left_from : right_from;
    if (from->join != JOIN_INNER)
        mark_outer_joined(is_right ? &left : &right);
    if (is_full)
        mark_outer_joined(&left);
    TRY(bind_join_condition(binder, scope, join, &sides, names));
    if (from->join != JOIN_INNER)
        make_nullable(binder, is_right ? &left : &right);
    if (is_full)
        make_nullable(binder, &left);
    rename_join(binder, join, names);
    from->on = sides.on;
    *out = from;
    return NULL;
}

static Error *from_item(Binder *binder, Scope *scope, const Node *node, Namespace *names, BoundFrom **out)
{
    switch (node->node_case)
    {
    case PG_QUERY__NODE__NODE_RANGE_VAR:
        return from_range(binder, scope, node->range_var, names, out);
    case PG_QUERY__NODE__NODE_RANGE_SUBSELECT:
        return from_subselect(binder, scope, node->range_subselect, names, out);
    case PG_QUERY__NODE__NODE_JOIN_EXPR:
        return from_join(binder, scope, node->join_expr, names, out);
    case PG_QUERY__NODE__NODE_RANGE_FUNCTION:
        return from_function(binder, scope, node->range_function, names, out);
    default:
        return unsupported(0, "this kind of FROM item is");
    }
}

Error *bind_from(Binder *binder, Scope *scope, size_t count, Node *const *items, BoundFrom **out)
{
    *out = NULL;
    for (size_t i = 0; i < count; i++)
    {
        BoundFrom *item;
        Namespace names = {0};
        TRY(from_item(binder, scope, items[i], &names, &item));
        TRY(check_aliases(&scope->names, &names));
        namespace_append(binder, &scope->names, &names);
        if (*out == NULL)
        {
            *out = item;
            continue;
        }
        BoundFrom *join = ARENA_NEW(binder->arena, BoundFrom); /* a comma is a join without condition */
        join->kind = FROM_JOIN;
        join->join = JOIN_INNER;
        join->address = NO_COLUMN;
        join->left = *out;
        join->right = item;
        *out = join;
    }
    return NULL;
}
