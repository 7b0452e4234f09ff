/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WITH.
 *
 *     with a as (q) select .. from a                  a is q, as if it stood in FROM
 *     with a as (q) select .. from a x, a y           q is a query of the statement; x and y read it
 *     with recursive a as (s union all t) ..          likewise, always; t reads a too
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>
#include <strings.h>

Error *bind_with(Binder *binder, Scope *scope, const PgQuery__WithClause *with)
{
    if (with == NULL)
        return NULL;
    const Cte *outer = scope->ctes;
    for (size_t i = 0; i < with->n_ctes; i++)
    {
        const PgQuery__CommonTableExpr *node = with->ctes[i]->common_table_expr;
        Cte *cte = ARENA_NEW(binder->arena, Cte);
        cte->name = name_fold(binder, node->ctename);
        cte->node = node;
        cte->next = scope->ctes;
        cte->scope = scope;
        cte->recursive = with->recursive != 0;
        for (const Cte *other = scope->ctes; other != outer; other = other->next)
            if (strcmp(other->name, cte->name) == 0)
                return error_at(
                    error_new(SQLSTATE_DUPLICATE_ALIAS, "WITH query name \"%s\" specified more than once", cte->name),
                    node_position(binder, node->location));
        scope->ctes = cte;
    }
    return NULL;
}

Cte *find_cte(const Scope *scope, const char *name)
{
    for (Cte *cte = scope->ctes; cte != NULL; cte = cte->next)
        if (strcmp(cte->name, name) == 0)
            return cte;
    return NULL;
}

static void add_reader(Binder *binder, Cte *cte, BoundFrom *from)
{
    ARRAY_ADD(binder->arena, cte->readers, cte->reader_count, cte->reader_capacity, from);
}

/* --- reading one that is computed once ----------------------------------------------------- */

static void share(Binder *binder, Cte *cte)
{
    cte->shared = true;
    cte->bound.name = cte->name;
    ARRAY_ADD(binder->arena, binder->ctes, binder->cte_count, binder->cte_capacity, cte);
}

/* The first reader keeps the columns it has; the query's targets get new ones. */
static void rename_targets(Binder *binder, BoundQuery *query)
{
    for (int32_t i = 0; i < query->target_count; i++)
    {
        BoundNamed *target = &query->targets[i];
        ColumnId before = target->column;
        target->column = bound_add_column(binder->arena, binder->statement, binder->statement->columns[before].name,
                                          target->expr->type, target->expr->nullable);
        if (query->set_kind != SET_NONE) /* what a set operation makes is the target itself */
            target->expr = expr_column(binder->arena, binder->statement, target->column);
        for (int32_t k = 0; k < query->sort_count; k++)
            if (query->sort[k].expr->column == before)
                query->sort[k].expr = expr_column(binder->arena, binder->statement, target->column);
        for (int32_t k = 0; k < query->distinct_on_count; k++)
            if (query->distinct_on[k] == before)
                query->distinct_on[k] = target->column;
    }
}

static void share_first_reader(Binder *binder, Cte *cte)
{
    ASSERT(cte->reader_count == 1 && cte->readers[0]->kind == FROM_QUERY);
    rename_targets(binder, cte->bound.query);
    cte->readers[0]->kind = FROM_CTE;
    cte->readers[0]->query = NULL;
    share(binder, cte);
}

static FromAlias own_alias(const Cte *cte, const FromAlias *alias)
{
    FromAlias named = *alias;
    if (named.name == NULL)
        named.name = cte->name;
    if (named.column_count == 0)
    {
        named.column_count = cte->node->n_aliascolnames;
        named.columns = cte->node->aliascolnames;
    }
    return named;
}

/* Columns that only the outer alias renames are called as the WITH's list says. */
static const char *cte_column_name(const Binder *binder, const Cte *cte, const FromAlias *alias, int32_t index)
{
    const FromAlias list = {cte->name, 0, cte->node->n_aliascolnames, cte->node->aliascolnames};
    return from_column_name(binder, alias, index,
                            from_column_name(binder, &list, index, cte->bound.query->target_names[index]));
}

static Error *read_shared(Binder *binder, Scope *scope, Cte *cte, const FromAlias *alias, Namespace *names,
                          BoundFrom **out)
{
    const BoundQuery *query = cte->bound.query;
    BoundFrom *from = *out = ARENA_NEW(binder->arena, BoundFrom);
    from->kind = FROM_CTE;
    from->alias = alias->name;
    from->address = NO_COLUMN;
    from->column_count = query->visible_count;
    from->columns = ARENA_ARRAY(binder->arena, ColumnId, query->visible_count);
    TRY(from_check_alias(alias, query->visible_count));
    for (int32_t i = 0; i < query->visible_count; i++)
    {
        const char *name = cte_column_name(binder, cte, alias, i);
        const BoundColumn *made = &binder->statement->columns[query->targets[i].column];
        from->columns[i] =
            bound_add_column(binder->arena, binder->statement, name, made->type, made->nullable || cte->recursive);
        namespace_add(binder, scope, names,
                      (NameEntry){.alias = alias->name, .name = name, .column = from->columns[i]});
    }
    add_reader(binder, cte, from);
    return NULL;
}

/* --- recursion -------------------------------------------------------------------------------- */

/* The seed's texts and decimals are as wide as they can be, for the term may give longer ones. */
static Error *widen_seed(Binder *binder, BoundQuery **seed)
{
    for (int32_t i = 0; i < (*seed)->visible_count; i++)
    {
        SqlType type = coerce_unknown(binder, (*seed)->targets[i].expr)->type;
        if (type_is_string(type))
            type = type_varchar(VARCHAR_LENGTH_MAX);
        else if (type.id == TYPE_DECIMAL)
            type = type_decimal(38, type.scale);
        TRY(bind_coerce_target(binder, seed, i, type));
    }
    return NULL;
}

static Error *match_term(Binder *binder, const Cte *cte, BoundQuery **term, int32_t position)
{
    const BoundQuery *seed = cte->bound.query;
    if ((*term)->visible_count != seed->visible_count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "each UNION query must have the same number of columns"),
                        (*term)->targets[0].expr->position);
    for (int32_t i = 0; i < seed->visible_count; i++)
    {
        SqlType wanted = seed->targets[i].expr->type;
        const Expr *given = (*term)->targets[i].expr;
        bool same = given->type.id == wanted.id || given->type.id == TYPE_UNKNOWN ||
                    (type_is_string(given->type) && type_is_string(wanted)) ||
                    (type_is_integer(given->type) && cast_allowed(given->type.id, wanted.id, CAST_IMPLICIT) &&
                     (wanted.id == TYPE_BIGINT || given->type.id == TYPE_SMALLINT || wanted.id == TYPE_DECIMAL));
        if (!same)
            return error_at(error_hint(error_new(SQLSTATE_DATATYPE_MISMATCH,
                                                 "recursive query \"%s\" column %d has type %s in non-recursive term "
                                                 "but type %s overall",
                                                 cte->name, i + 1, type_name(wanted), type_name(given->type)),
                                       "Cast the output of the non-recursive term to the correct type."),
                            seed->targets[i].expr->position > 0 ? seed->targets[i].expr->position : position);
        TRY(bind_coerce_target(binder, term, i, wanted));
    }
    return NULL;
}

static Error *bind_recursive(Binder *binder, Cte *cte, const PgQuery__SelectStmt *select, BoundQuery **out)
{
    int32_t position = node_position(binder, cte->node->location);
    Scope *scope = ARENA_NEW(binder->arena, Scope);
    scope->outer = cte->scope;
    scope->outer_hidden = true;
    scope->ctes = cte;
    scope->select = select;
    scope->query = ARENA_NEW(binder->arena, BoundQuery);
    TRY(bind_with(binder, scope, select->with_clause));
    TRY(bind_set_side(binder, scope, select->larg, &cte->bound.query));
    TRY(widen_seed(binder, &cte->bound.query));
    cte->seed_bound = true;
    BoundQuery *term;
    TRY(bind_set_side(binder, scope, select->rarg, &term));
    TRY(bind_check_unread(binder, scope));
    if (!cte->self_read) /* another by that name was meant */
    {
        *out = scope->query;
        TRY(bind_set_of(binder, scope, select, cte->bound.query, term));
        return bind_limits(binder, scope, select);
    }
    if (select->n_sort_clause > 0 || !node_is_missing(select->limit_count) || !node_is_missing(select->limit_offset))
        return unsupported(position, "ORDER BY, LIMIT or OFFSET in a recursive query is");
    if (scope->query->outer_count > 0)
        return unsupported(position, "a recursive query that uses columns of a query around it is");
    TRY(match_term(binder, cte, &term, position));
    cte->bound.term = term;
    cte->bound.term_distinct = !select->all;
    *out = cte->bound.query;
    return NULL;
}

/* The rows of the round before, or an error where there are none. */
static Error *read_self(Binder *binder, Scope *scope, Cte *cte, const FromAlias *alias, int32_t position,
                        Namespace *names, BoundFrom **out)
{
    if (!cte->seed_bound)
        return error_at(error_new(SQLSTATE_INVALID_RECURSION,
                                  "recursive reference to query \"%s\" must not appear within its non-recursive term",
                                  cte->name),
                        position);
    cte->self_read = true;
    return read_shared(binder, scope, cte, alias, names, out);
}

/* --- the query -------------------------------------------------------------------------------------- */

static TreeAnswer look_for_table(const ProtobufCMessage *message, const void *name)
{
    if (message->descriptor != &pg_query__range_var__descriptor)
        return TREE_INTO;
    const PgQuery__RangeVar *range = (const PgQuery__RangeVar *) message;
    bool named = range->schemaname == NULL || range->schemaname[0] == '\0';
    return named && strcasecmp(range->relname, name) == 0 ? TREE_FOUND : TREE_INTO;
}

static Error *bind_cte_query(Binder *binder, Cte *cte, BoundQuery **out)
{
    const Node *node = cte->node->ctequery;
    if (node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return unsupported(node_position(binder, cte->node->location), "WITH over a statement that is no SELECT is");
    const PgQuery__SelectStmt *select = node->select_stmt;
    cte->binding = true;
    cte->seed_bound = cte->self_read = false;
    Error *error;
    if (cte->recursive && select->op == PG_QUERY__SET_OPERATION__SETOP_UNION &&
        tree_finds(&select->base, look_for_table, cte->name))
        error = bind_recursive(binder, cte, select, out);
    else
        error = bind_query(binder, cte->scope, true, cte->recursive ? cte : cte->next, select, out);
    cte->binding = false;
    cte->done = ++binder->cte_done;
    return error;
}

static Error *check_columns(const Binder *binder, const Cte *cte, const BoundQuery *query)
{
    if (cte->node->n_aliascolnames <= (size_t) query->visible_count)
        return NULL;
    return error_at(error_new(SQLSTATE_INVALID_COLUMN_REFERENCE,
                              "WITH query \"%s\" has %d columns available but %zu columns specified", cte->name,
                              query->visible_count, cte->node->n_aliascolnames),
                    node_position(binder, cte->node->location));
}

Error *bind_check_unread(Binder *binder, const Scope *scope)
{
    for (Cte *cte = scope->ctes; cte != NULL && cte->scope == scope; cte = cte->next)
    {
        BoundQuery *query;
        if (cte->done > 0 || cte->binding)
            continue;
        TRY(bind_cte_query(binder, cte, &query));
        TRY(check_columns(binder, cte, query));
    }
    return NULL;
}

Error *bind_from_cte(Binder *binder, Scope *scope, Cte *cte, const FromAlias *alias, int32_t position,
                     Namespace *names, BoundFrom **out)
{
    FromAlias named = own_alias(cte, alias);
    if (cte->binding)
        return read_self(binder, scope, cte, &named, position, names, out);
    if (cte->shared)
        return read_shared(binder, scope, cte, &named, names, out);
    if (cte->reader_count > 0)
    {
        share_first_reader(binder, cte);
        return read_shared(binder, scope, cte, &named, names, out);
    }
    BoundQuery *query;
    TRY(bind_cte_query(binder, cte, &query));
    TRY(check_columns(binder, cte, query));
    for (int32_t i = 0; i < query->outer_count; i++) /* those between its WITH and this reader use them too */
        note_outer(binder, scope, cte->scope, query->outer[i]);
    cte->bound.query = query;
    if (cte->self_read)
    {
        share(binder, cte);
        return read_shared(binder, scope, cte, &named, names, out);
    }
    for (int32_t i = 0; i < query->visible_count; i++)
        query->target_names[i] = arena_strdup(binder->arena, cte_column_name(binder, cte, &(FromAlias){0}, i));
    TRY(bind_from_query(binder, scope, query, &named, names, out));
    bool inlined = query->outer_count > 0 ||
                   cte->node->ctematerialized == PG_QUERY__CTEMATERIALIZE__CTEMaterializeNever;
    if (!inlined)
        add_reader(binder, cte, *out);
    return NULL;
}

void bind_finish_ctes(Binder *binder)
{
    BoundStatement *statement = binder->statement;
    if (binder->cte_count == 0)
        return;
    statement->cte_count = binder->cte_count;
    statement->ctes = ARENA_ARRAY(binder->arena, BoundCte, binder->cte_count);
    for (int32_t i = 0; i < binder->cte_count; i++)
    {
        int32_t place = 0;
        for (int32_t k = 0; k < binder->cte_count; k++)
            place += binder->ctes[k]->done < binder->ctes[i]->done;
        statement->ctes[place] = binder->ctes[i]->bound;
        for (int32_t k = 0; k < binder->ctes[i]->reader_count; k++)
            binder->ctes[i]->readers[k]->cte = place;
    }
}
