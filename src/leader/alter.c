/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ALTER TABLE, all in the transaction:
 *
 *     lock -> rows that must not be -> views remember names -> definition -> views that fail -> rows written anew
 *
 * Other definitions leave the segments alone, whatever their number; another DISTSTYLE, SORTKEY or encoding writes the table
 * by the road of VACUUM, while readers go on with what they see.
 */
#include "src/leader/session.h"

void sql_put_table(Text *sql, const CatalogTable *table)
{
    text_quote_ident(sql, table->schema);
    text_putc(sql, '.');
    text_quote_ident(sql, table->name);
}

/* --- before -------------------------------------------------------------------------------- */

/* The plan, made when nobody else has the table any more. */
static Error *plan_locked(Statement *statement, AlterTablePlan **out)
{
    BindContext context;
    for (bool renewed = true; renewed;)
    {
        renewed = false;
        const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(statement->session));
        session_bind_context(statement->session, statement, &context);
        TRY(bind_alter_table(statement->arena, snapshot, &context, statement->parse, out));
        if ((*out)->table == NULL)
            return NULL;
        TRY(session_lock(statement, (*out)->table->id, LOCK_ALL, &renewed));
        if ((*out)->append_from != NULL && !renewed)
            TRY(session_lock(statement, (*out)->append_from->id, LOCK_ALL, &renewed));
    }
    return NULL;
}

static Error *check_rows(const Statement *statement, const CatalogTable *table, const AlterCheck *check)
{
    const CatalogColumn *column = &table->columns[check->ordinal];
    bool nulls = check->bytes_most < 0;
    int64_t count;
    Text sql;
    text_init(&sql, statement->arena);
    text_puts(&sql, "select count(*) from ");
    sql_put_table(&sql, table);
    text_puts(&sql, nulls ? " where " : " where octet_length(");
    text_quote_ident(&sql, column->name);
    if (nulls)
        text_puts(&sql, " is null");
    else
        text_printf(&sql, ") > %d", (int) check->bytes_most);
    TRY(conduct_inner(statement, sql.data, NULL, &count));
    if (count == 0)
        return NULL;
    if (nulls)
        return error_new(SQLSTATE_NOT_NULL_VIOLATION, "column \"%s\" of relation \"%s\" contains null values", column->name, table->name);
    return error_detail(error_new(SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "value too long for type character varying(%d)",
                                  (int) check->bytes_most),
                        "%lld rows of column \"%s\" are longer.", (long long) count, column->name);
}

/* --- views ---------------------------------------------------------------------------------- */

static Error *views_remember(Statement *statement, const CatalogTable *table)
{
    CatalogTxn *txn = session_txn(statement->session);
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(txn);
    int32_t count = 0;
    CatalogTable **changed = ARENA_ARRAY(statement->arena, CatalogTable *, snapshot->table_count);
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (view_depends_on(snapshot->tables[i], table->id) &&
            (changed[count] = bind_view_remembering(statement->arena, snapshot->tables[i], table)) != NULL)
            count++;
    for (int32_t i = 0; i < count; i++)
        TRY(catalog_alter_table(txn, changed[i]));
    return NULL;
}

/* A view of the table that does not say what it said before; NULL: there is none. */
static const CatalogTable *broken_view(Statement *statement, int64_t id)
{
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(statement->session));
    BindContext context;
    session_bind_context(statement->session, statement, &context);
    for (int32_t i = 0; i < snapshot->table_count; i++)
    {
        const CatalogTable *view = snapshot->tables[i];
        if (!view_depends_on(view, id) || view->view_path == NULL)
            continue;
        Error *error = bind_check_view(statement->arena, snapshot, &context, view);
        bool broken = error != NULL && error->state != SQLSTATE_INSUFFICIENT_PRIVILEGE; /* its owner may have lost a privilege */
        error_free(error);
        if (broken)
            return view;
    }
    return NULL;
}

static Error *views_check(Statement *statement, const AlterTablePlan *plan)
{
    const CatalogTable *view;
    while ((view = broken_view(statement, plan->defined->id)) != NULL)
    {
        if (!plan->cascade)
            return error_hint(error_detail(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST,
                                                     "cannot alter table %s because other objects depend on it", plan->defined->name),
                                           "View %s needs what is altered.", view->name),
                              "Use DROP COLUMN ... CASCADE, or DROP VIEW, to drop the dependent objects too.");
        wire_notice(&statement->session->wire, WIRE_NOTICE, "drop cascades to view %s", view->name);
        TRY(object_drop(statement, view, true));
    }
    return NULL;
}

/* --- keys ----------------------------------------------------------------------------------- */

/* A foreign key that refers to columns of the table which are no key any more; *referrer is whose.  NULL. */
static const CatalogKey *broken_key(const CatalogSnapshot *snapshot, const CatalogTable *defined, const CatalogTable **referrer)
{
    for (int32_t t = 0; t < snapshot->table_count; t++)
    {
        *referrer = snapshot->tables[t]->id == defined->id ? defined : snapshot->tables[t];
        for (int32_t i = 0; i < (*referrer)->key_count; i++)
        {
            const CatalogKey *key = &(*referrer)->keys[i];
            if (!key_is_unique(key) && key->refers_to == defined->id &&
                key_with(defined, key->refers_columns, key->column_count) == NULL)
                return key;
        }
    }
    return NULL;
}

static Error *keys_check(Statement *statement, const AlterTablePlan *plan)
{
    CatalogTxn *txn = session_txn(statement->session);
    const CatalogTable *referrer;
    const CatalogKey *key;
    while ((key = broken_key(catalog_txn_snapshot(txn), plan->defined, &referrer)) != NULL)
    {
        if (!plan->cascade)
            return error_hint(error_detail(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST,
                                                     "cannot alter table %s because other objects depend on it", plan->table->name),
                                           "Constraint %s on table %s refers to what is dropped.", key->name, referrer->name),
                              "Use DROP ... CASCADE to drop the dependent objects too.");
        wire_notice(&statement->session->wire, WIRE_NOTICE, "drop cascades to constraint %s on table %s", key->name, referrer->name);
        if (referrer == plan->defined)
            key_remove(plan->defined, key);
        else
            TRY(catalog_drop_key(txn, referrer->id, key->id));
    }
    return NULL;
}

/* --- rows ------------------------------------------------------------------------------------ */

static Error *fill(const Statement *statement, const CatalogTable *table, int32_t column_id)
{
    int32_t ordinal = catalog_find_column_id(table, column_id);
    if (ordinal < 0)
        return NULL; /* added and dropped again */
    Text sql;
    int64_t rows;
    text_init(&sql, statement->arena);
    text_puts(&sql, "update ");
    sql_put_table(&sql, table);
    text_puts(&sql, " set ");
    text_quote_ident(&sql, table->columns[ordinal].name);
    text_puts(&sql, " = default");
    return conduct_inner(statement, sql.data, NULL, &rows);
}

static void put_columns(Text *sql, const AlterTablePlan *plan, const CatalogTable *of)
{
    const char *comma = "";
    for (int32_t i = 0; i < plan->append_count; i++)
    {
        if (plan->append_columns[i] < 0)
            continue;
        text_puts(sql, comma);
        text_quote_ident(sql, of->columns[of == plan->table ? i : plan->append_columns[i]].name);
        comma = ", ";
    }
}

static Error *append(Statement *statement, const AlterTablePlan *plan)
{
    Text sql;
    int64_t rows;
    text_init(&sql, statement->arena);
    text_puts(&sql, "insert into ");
    sql_put_table(&sql, plan->table);
    text_puts(&sql, " (");
    put_columns(&sql, plan, plan->table);
    text_puts(&sql, ") select ");
    put_columns(&sql, plan, plan->append_from);
    text_puts(&sql, " from ");
    sql_put_table(&sql, plan->append_from);
    TRY(conduct_inner(statement, sql.data, NULL, &rows));
    return catalog_truncate_table(session_txn(statement->session), plan->append_from->id);
}

/* What may be done to the table has been looked at: the rest is done as its owner does it. */
static void act_as_owner(Statement *statement, const CatalogTable *table)
{
    const PrincipalList *principals = catalog_txn_snapshot(session_txn(statement->session))->principals;
    const CatalogPrincipal *owner = principal_find(principals, PRINCIPAL_USER, table->owner);
    statement->acts_as = owner == NULL ? 0 : owner->id;
}

Error *alter_table(Statement *statement)
{
    Session *session = statement->session;
    AlterTablePlan *plan;
    TRY(plan_locked(statement, &plan));
    if (plan->table == NULL)
    {
        wire_notice(&session->wire, WIRE_NOTICE, "relation \"%s\" does not exist, skipping", plan->skipped);
        return NULL;
    }
    CatalogTxn *txn = session_txn(session);
    for (int32_t i = 0; i < plan->notice_count; i++)
        wire_notice(&session->wire, WIRE_NOTICE, "%s", plan->notices[i]);
    if (plan->append_from != NULL)
        return append(statement, plan);
    act_as_owner(statement, plan->table);
    for (int32_t i = 0; i < plan->check_count; i++)
        TRY(check_rows(statement, plan->table, &plan->checks[i]));
    if (plan->renames)
        TRY(views_remember(statement, plan->table));
    TRY(keys_check(statement, plan));
    if (plan->placed != NULL) /* which was made before they went */
    {
        plan->placed->keys = plan->defined->keys;
        plan->placed->key_count = plan->defined->key_count;
    }
    TRY(catalog_alter_table(txn, plan->defined));
    act_as_owner(statement, plan->defined); /* which may be another */
    if (plan->breaks)
        TRY(views_check(statement, plan));
    for (int32_t i = 0; i < plan->fill_count; i++)
        TRY(fill(statement, plan->defined, plan->fill[i]));
    if (plan->placed == NULL)
        return NULL;
    TRY(vacuum_rewrite(statement, plan->defined, NULL, plan->placed));
    return catalog_alter_table(txn, plan->placed);
}
