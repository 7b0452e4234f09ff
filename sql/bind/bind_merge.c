/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MERGE: the rows of the source, each with the row of the target it matches, and what is to be done with them.
 *
 *     merge into t using s on t.a = s.a              query:  s left join t on t.a = s.a
 *     when matched then update set b = s.b                     -> action: case when address is not null then 1 else 2
 *     when not matched then insert values (s.a, s.b)           -> address, case action when 1 then t.a else s.a ...
 *
 * An action is the number of its WHEN clause, negative if it only takes a row away; 0 is nothing.  REMOVE DUPLICATES
 * takes away the rows that match and appends the source's own, each once:
 *
 *     select t's address, false, nulls from t, s where t.a = s.a  union all  select distinct null, true, s.* from s
 */
#include "base/core/assert.h"
#include "sql/bind/binder.h"

#include <string.h>

typedef struct Merge
{
    Binder *binder;
    const PgQuery__MergeStmt *node;
    WriteTarget target;
    Cte *ctes;               /* WITH before it */
    Scope *scope;            /* its FROM: source, then target */
    Namespace source;        /* names of the source alone */
    int32_t clause_count;
    Expr **tests;            /* by clause: whether a row is its own; of rows that no clause before took */
    int32_t *actions;
    Expr ***values;          /* by clause, by column of the table; NULL: the clause appends nothing */
    ColumnId action;
} Merge;

static Expr *column_of(const Merge *merge, ColumnId column)
{
    return expr_column(merge->binder->arena, merge->binder->statement, column);
}

static Expr *integer_of(const Merge *merge, int64_t value)
{
    return expr_constant(merge->binder->arena, type_make(TYPE_INTEGER), (Datum){.i = value});
}

static bool has_insert(const PgQuery__MergeStmt *node)
{
    for (size_t i = 0; i < node->n_merge_when_clauses; i++)
        if (node->merge_when_clauses[i]->merge_when_clause->command_type == PG_QUERY__CMD_TYPE__CMD_INSERT)
            return true;
    return false;
}

/* source JOIN target ON ...; LEFT if rows without a match may be inserted. */
static Error *merge_from(Merge *merge, bool left)
{
    Binder *binder = merge->binder;
    Scope *scope = merge->scope = ARENA_NEW(binder->arena, Scope);
    scope->query = ARENA_NEW(binder->arena, BoundQuery);
    scope->ctes = merge->ctes;
    BoundFrom *source, *join = ARENA_NEW(binder->arena, BoundFrom);
    TRY(bind_from(binder, scope, 1, &merge->node->source_relation, &source));
    merge->source = scope->names;
    merge->source.capacity = scope->names.count; /* what is added makes a copy */
    TRY(bind_write_from(binder, scope, merge->node->relation, &merge->target));
    scope->no_aggregates = "JOIN conditions";
    TRY(bind_condition(binder, scope, merge->node->join_condition, "MERGE/ON", &join->on));
    scope->no_aggregates = "MERGE";
    join->kind = FROM_JOIN;
    join->join = left ? JOIN_LEFT : JOIN_INNER;
    join->address = NO_COLUMN;
    join->left = source;
    join->right = merge->target.from;
    scope->query->from = join;
    if (!left)
        return NULL;
    BoundColumn *columns = binder->statement->columns;
    for (int32_t i = 0; i < merge->target.from->column_count; i++)
        columns[merge->target.from->columns[i]].nullable = true;
    columns[merge->target.from->address].nullable = true;
    return NULL;
}

/* --- WHEN ---------------------------------------------------------------------------- */

static Error *merge_insert(Merge *merge, const PgQuery__MergeWhenClause *when, Expr **values)
{
    Binder *binder = merge->binder;
    const CatalogTable *table = merge->target.table;
    if (when->n_target_list > 0 && when->n_values > when->n_target_list)
        return error_new(SQLSTATE_SYNTAX_ERROR, "INSERT has more expressions than target columns");
    if (when->n_values > (size_t) table->column_count)
        return error_new(SQLSTATE_SYNTAX_ERROR, "INSERT has more expressions than target columns");
    if (when->n_values > 0 && when->n_values < when->n_target_list)
        return error_new(SQLSTATE_SYNTAX_ERROR, "INSERT has more target columns than expressions");
    for (size_t i = 0; i < when->n_values; i++)
    {
        int32_t ordinal = (int32_t) i;
        Expr *expr;
        if (when->n_target_list > 0)
        {
            const PgQuery__ResTarget *item = when->target_list[i]->res_target;
            int32_t position = node_position(binder, item->location);
            TRY(bind_write_column(table, name_fold(binder, item->name), position, &ordinal));
            if (values[ordinal] != NULL)
                return error_at(error_new(SQLSTATE_DUPLICATE_COLUMN, "column \"%s\" specified more than once",
                                          table->columns[ordinal].name),
                                position);
        }
        if (when->values[i]->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT)
            TRY(bind_default(binder, table, ordinal, &expr));
        else
        {
            TRY(bind_check_identity(table, ordinal, node_position(binder, node_location(when->values[i]))));
            TRY(bind_expr(binder, merge->scope, when->values[i], &expr));
        }
        TRY(bind_assign(binder, table, ordinal, expr, &values[ordinal]));
    }
    for (int32_t i = 0; i < table->column_count; i++)
        if (values[i] == NULL)
        {
            Expr *expr;
            TRY(bind_default(binder, table, i, &expr));
            TRY(bind_assign(binder, table, i, expr, &values[i]));
        }
    return NULL;
}

static Error *merge_update(Merge *merge, const PgQuery__MergeWhenClause *when, Expr **values)
{
    const CatalogTable *table = merge->target.table;
    TRY(bind_set_list(merge->binder, merge->scope, table, when->n_target_list, when->target_list, values));
    for (int32_t i = 0; i < table->column_count; i++)
        if (values[i] == NULL)
            values[i] = column_of(merge, merge->target.from->columns[i]);
    return NULL;
}

static Error *merge_clause(Merge *merge, const PgQuery__MergeWhenClause *when, int32_t clause)
{
    Binder *binder = merge->binder;
    Expr *test = expr_is_null_test(binder->arena, column_of(merge, merge->target.from->address));
    Namespace all = merge->scope->names;
    if (when->matched)
        test = expr_not_of(binder->arena, test);
    else
        merge->scope->names = merge->source; /* there is no row of the target */
    if (when->condition != NULL && when->condition->node_case != PG_QUERY__NODE__NODE__NOT_SET)
    {
        Expr *condition;
        TRY(bind_condition(binder, merge->scope, when->condition, "MERGE WHEN", &condition));
        test = expr_and(binder->arena, test, condition);
    }
    Expr **values = ARENA_ARRAY(binder->arena, Expr *, merge->target.table->column_count);
    merge->tests[clause] = test;
    merge->actions[clause] = clause + 1;
    switch (when->command_type)
    {
    case PG_QUERY__CMD_TYPE__CMD_INSERT:
        TRY(merge_insert(merge, when, values));
        break;
    case PG_QUERY__CMD_TYPE__CMD_UPDATE:
        TRY(merge_update(merge, when, values));
        break;
    case PG_QUERY__CMD_TYPE__CMD_DELETE:
        merge->actions[clause] = -(clause + 1);
        values = NULL;
        break;
    default:
        merge->actions[clause] = 0;
        values = NULL;
        break;
    }
    merge->values[clause] = values;
    merge->scope->names = all;
    return NULL;
}

/* --- the query ------------------------------------------------------------------------- */

/* CASE when1 then1 ... ELSE last END; args as EXPR_CASE has them. */
static Expr *case_of(const Merge *merge, SqlType type, Expr *const *args, int32_t count)
{
    Expr *made = expr_new(merge->binder->arena, EXPR_CASE, type, count, args);
    made->nullable = args[count - 1]->nullable;
    for (int32_t i = 1; i < count; i += 2)
        made->nullable = made->nullable || args[i]->nullable;
    return made;
}

/* What all expressions of the outer query may read, under the same names, and the action. */
static BoundQuery *inner_query(Merge *merge)
{
    Binder *binder = merge->binder;
    BoundQuery *query = merge->scope->query;
    int32_t count = merge->scope->names.count + 2, capacity = count;
    Expr **args = ARENA_ARRAY(binder->arena, Expr *, 2 * merge->clause_count + 1);
    query->targets = ARENA_ARRAY(binder->arena, BoundNamed, count);
    query->target_names = ARENA_ARRAY(binder->arena, char *, count);
    for (int32_t i = 0; i < count - 1; i++)
    {
        ColumnId column = i < count - 2 ? merge->scope->names.entries[i].column : merge->target.from->address;
        bool known = false;
        for (int32_t k = 0; k < query->target_count && !known; k++) /* columns of USING stand twice */
            known = query->targets[k].column == column;
        if (known)
            continue;
        query->target_names[query->target_count] = arena_strdup(binder->arena, binder->statement->columns[column].name);
        query->targets[query->target_count++] = (BoundNamed){column_of(merge, column), column};
    }
    for (int32_t i = 0; i < merge->clause_count; i++)
    {
        args[2 * i] = merge->tests[i];
        args[2 * i + 1] = integer_of(merge, merge->actions[i]);
    }
    args[2 * merge->clause_count] = integer_of(merge, 0);
    query_add_target(binder, query, &capacity,
                     case_of(merge, type_make(TYPE_INTEGER), args, 2 * merge->clause_count + 1), "action");
    merge->action = query->targets[query->target_count - 1].column;
    query->visible_count = query->target_count;
    return query;
}

static BoundFrom *from_of(const Merge *merge, BoundQuery *query)
{
    BoundFrom *from = ARENA_NEW(merge->binder->arena, BoundFrom);
    from->kind = FROM_QUERY;
    from->query = query;
    from->address = NO_COLUMN;
    from->column_count = query->visible_count;
    from->columns = ARENA_ARRAY(merge->binder->arena, ColumnId, query->visible_count);
    for (int32_t i = 0; i < query->visible_count; i++)
        from->columns[i] = query->targets[i].column;
    return from;
}

static Error *value_by_action(Merge *merge, int32_t ordinal, Expr **out)
{
    Binder *binder = merge->binder;
    SqlType type = merge->target.table->columns[ordinal].type;
    Expr **args = ARENA_ARRAY(binder->arena, Expr *, 2 * merge->clause_count + 1);
    int32_t count = 0;
    for (int32_t i = 0; i < merge->clause_count; i++)
        if (merge->values[i] != NULL)
        {
            TRY(bind_compare(binder, '=', column_of(merge, merge->action), integer_of(merge, merge->actions[i]), 0,
                             &args[count]));
            args[count + 1] = merge->values[i][ordinal];
            count += 2;
        }
    args[count] = expr_null(binder->arena, type);
    *out = count == 0 ? args[0] : case_of(merge, type, args, count + 1);
    return bind_check_size(*out);
}

static Error *outer_query(Merge *merge)
{
    Binder *binder = merge->binder;
    BoundStatement *statement = binder->statement;
    BoundQuery *query = statement->query = ARENA_NEW(binder->arena, BoundQuery);
    BoundWrite *write = statement->write;
    int32_t capacity = 0;
    Expr *appends;
    query->from = from_of(merge, inner_query(merge));
    TRY(bind_compare(binder, '!', column_of(merge, merge->action), integer_of(merge, 0), 0, &query->where));
    query_add_target(binder, query, &capacity, column_of(merge, merge->target.from->address), "address");
    TRY(bind_compare(binder, '>', column_of(merge, merge->action), integer_of(merge, 0), 0, &appends));
    query_add_target(binder, query, &capacity, appends, "appends");
    write->address = 0;
    write->appends = 1;
    write->values = 2;
    write->once = true;
    for (int32_t i = 0; i < merge->target.table->column_count; i++)
    {
        Expr *value;
        TRY(value_by_action(merge, i, &value));
        query_add_target(binder, query, &capacity, value, merge->target.table->columns[i].name);
    }
    query->visible_count = query->target_count;
    return NULL;
}

/* --- REMOVE DUPLICATES --------------------------------------------------------------------- */

/* select address, false, null... */
static BoundQuery *matched_rows(Merge *merge)
{
    Binder *binder = merge->binder;
    BoundQuery *query = merge->scope->query;
    int32_t capacity = 0;
    query_add_target(binder, query, &capacity, column_of(merge, merge->target.from->address), "address");
    query_add_target(binder, query, &capacity, expr_bool(binder->arena, false), "appends");
    for (int32_t i = 0; i < merge->target.table->column_count; i++)
        query_add_target(binder, query, &capacity,
                         expr_null(binder->arena, merge->target.table->columns[i].type), "value");
    query->visible_count = query->target_count;
    return query;
}

/* select null, true, a, b... from (select distinct * from source) */
static Error *source_rows(Merge *merge, BoundQuery **out)
{
    Binder *binder = merge->binder;
    const CatalogTable *table = merge->target.table;
    Scope *scope = ARENA_NEW(binder->arena, Scope);
    BoundQuery *inner = scope->query = ARENA_NEW(binder->arena, BoundQuery);
    scope->ctes = merge->ctes;
    BoundQuery *query = *out = ARENA_NEW(binder->arena, BoundQuery);
    int32_t capacity = 0;
    TRY(bind_from(binder, scope, 1, &merge->node->source_relation, &inner->from));
    for (int32_t i = 0; i < scope->names.count; i++)
        if (!scope->names.entries[i].hidden)
            query_add_target(binder, inner, &capacity, column_of(merge, scope->names.entries[i].column),
                             scope->names.entries[i].name);
    inner->visible_count = inner->target_count;
    inner->distinct = true;
    if (table_identity(table) >= 0)
        TRY(bind_check_identity(table, table_identity(table), binder->parse->position));
    if (inner->visible_count != table->column_count)
        return error_at(error_new(SQLSTATE_SYNTAX_ERROR,
                                  "MERGE ... REMOVE DUPLICATES needs a source of %d columns, as \"%s\" has, not %d",
                                  table->column_count, table->name, inner->visible_count),
                        binder->parse->position);
    capacity = 0;
    query->from = from_of(merge, inner);
    query_add_target(binder, query, &capacity, expr_null(binder->arena, type_make(TYPE_BIGINT)), "address");
    query_add_target(binder, query, &capacity, expr_bool(binder->arena, true), "appends");
    for (int32_t i = 0; i < table->column_count; i++)
    {
        Expr *value;
        TRY(bind_assign(binder, table, i, column_of(merge, query->from->columns[i]), &value));
        query_add_target(binder, query, &capacity, value, table->columns[i].name);
    }
    query->visible_count = query->target_count;
    return NULL;
}

static Error *remove_duplicates(Merge *merge)
{
    Binder *binder = merge->binder;
    BoundQuery *query = binder->statement->query = ARENA_NEW(binder->arena, BoundQuery);
    int32_t capacity = 0;
    TRY(merge_from(merge, false));
    query->set_kind = SET_UNION;
    query->set_all = true;
    query->set_left = matched_rows(merge);
    TRY(source_rows(merge, &query->set_right));
    for (int32_t i = 0; i < query->set_left->visible_count; i++)
    {
        const BoundNamed *one = &query->set_left->targets[i], *other = &query->set_right->targets[i];
        ColumnId column = bound_add_column(binder->arena, binder->statement, query->set_right->target_names[i],
                                           one->expr->type, one->expr->nullable || other->expr->nullable);
        query_add_target(binder, query, &capacity, column_of(merge, column), query->set_right->target_names[i]);
    }
    query->visible_count = query->target_count;
    BoundWrite *write = binder->statement->write;
    write->address = 0;
    write->appends = 1;
    write->values = 2;
    return NULL;
}

Error *bind_merge(Binder *binder, const PgQuery__MergeStmt *node)
{
    Merge merge = {.binder = binder, .node = node, .clause_count = (int32_t) node->n_merge_when_clauses};
    Scope *with = ARENA_NEW(binder->arena, Scope); /* the queries of WITH are visible in the source only */
    with->query = ARENA_NEW(binder->arena, BoundQuery);
    TRY(bind_with(binder, with, node->with_clause));
    merge.ctes = with->ctes;
    TRY(bind_write_target(binder, node->relation, "MERGE",
                          PRIVILEGE(SELECT) | PRIVILEGE(INSERT) | PRIVILEGE(UPDATE) | PRIVILEGE(DELETE), &merge.target));
    if (binder->parse->remove_duplicates)
        return remove_duplicates(&merge);
    TRY(merge_from(&merge, has_insert(node)));
    merge.tests = ARENA_ARRAY(binder->arena, Expr *, merge.clause_count);
    merge.actions = ARENA_ARRAY(binder->arena, int32_t, merge.clause_count);
    merge.values = ARENA_ARRAY(binder->arena, Expr **, merge.clause_count);
    for (int32_t i = 0; i < merge.clause_count; i++)
        TRY(merge_clause(&merge, node->merge_when_clauses[i]->merge_when_clause, i));
    return outer_query(&merge);
}
