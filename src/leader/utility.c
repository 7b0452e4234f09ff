/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that change names or settings and need no compute node. */
#include "src/leader/session.h"
#include "base/core/assert.h"

#include <stdio.h>
#include <string.h>

/* --- tables and schemas --------------------------------------------------------- */
Error *utility_create_table(Statement *statement)
{
    Session *session = statement->session;
    CatalogTxn *txn = session_txn(session);
    BindContext context;
    if (bind_makes_temporary(statement->parse))
        TRY(object_temp_schema(session));
    session_bind_context(session, statement, &context);
    CreateTablePlan *plan;
    TRY(bind_create_table(statement->arena, catalog_txn_snapshot(txn), &context, statement->parse, &plan));
    if (plan->exists)
    {
        wire_notice(&session->wire, WIRE_NOTICE, "relation \"%s\" already exists, skipping", plan->table->name);
        return NULL;
    }
    TRY(session_may_create(session, plan->table->schema));
    plan->table->owner = (char *) context.user;
    return catalog_create_table(txn, plan->table);
}

/* The table, and then, as an INSERT, what fills it. */
Error *utility_create_table_as(Statement *statement)
{
    Session *session = statement->session;
    CatalogTxn *txn = session_txn(session);
    BindContext context;
    CreateTablePlan *plan;
    if (bind_makes_temporary(statement->parse))
        TRY(object_temp_schema(session));
    session_bind_context(session, statement, &context);
    TRY(bind_create_table_as(statement->arena, catalog_txn_snapshot(txn), &context, statement->parse, &plan));
    snprintf(statement->tag, sizeof statement->tag, "CREATE TABLE AS");
    if (plan->exists)
    {
        wire_notice(&session->wire, WIRE_NOTICE, "relation \"%s\" already exists, skipping", plan->table->name);
        return NULL;
    }
    TRY(session_may_create(session, plan->table->schema));
    plan->table->owner = (char *) context.user;
    TRY(catalog_create_table(txn, plan->table));
    return plan->no_data ? NULL : conduct_query(statement);
}

Error *utility_create_schema(Statement *statement)
{
    const ObjectStatement *object = statement->parse->object;
    CatalogTxn *txn = session_txn(statement->session);
    TRY(session_need_superuser(statement->session, "create schemas"));
    for (int32_t i = 0; i < object->name_count; i++)
    {
        const char *name = object->names[i].name;
        if (object->if_exists && catalog_has_schema(catalog_txn_snapshot(txn), name))
        {
            wire_notice(&statement->session->wire, WIRE_NOTICE, "schema \"%s\" already exists, skipping", name);
            continue;
        }
        if (strncmp(name, "pg_", 3) == 0)
            return error_at(error_detail(error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "unacceptable schema name \"%s\"", name),
                                         "The prefix \"pg_\" is reserved for system schemas."),
                            object->names[i].position);
        Error *error = catalog_create_schema(txn, name);
        if (error != NULL)
            return error_at(error, object->names[i].position);
    }
    return NULL;
}

/* The tables a statement names; as the last who held a lock has left them. */
static Error *lock_tables(Statement *statement, const BindContext *context, LockMode mode, uint32_t privileges)
{
    const ObjectStatement *object = statement->parse->object;
    for (int32_t i = 0; i < object->name_count; i++)
    {
        const CatalogTable *table;
        bool renewed = false;
        TRY(bind_table_name(catalog_txn_snapshot(session_txn(statement->session)), context, &object->names[i], false,
                            privileges, &table));
        TRY(session_lock(statement, table->id, mode, &renewed));
    }
    return NULL;
}

/* Commits the transaction it runs in, as Redshift's does (FEATURES 4.26). */
Error *utility_truncate(Statement *statement)
{
    Session *session = statement->session;
    const ObjectStatement *object = statement->parse->object;
    BindContext context;
    session_bind_context(session, statement, &context);
    TRY(lock_tables(statement, &context, LOCK_CHANGE, PRIVILEGE(TRUNCATE)));
    CatalogTxn *txn = session_txn(session);
    for (int32_t i = 0; i < object->name_count; i++)
    {
        const CatalogTable *table;
        TRY(bind_table_name(catalog_txn_snapshot(txn), &context, &object->names[i], false, PRIVILEGE(TRUNCATE), &table));
        TRY(catalog_truncate_table(txn, table->id));
    }
    return session_commit(session);
}

Error *utility_lock(Statement *statement)
{
    BindContext context;
    if (statement->session->status != SESSION_BLOCK)
        return error_new(SQLSTATE_NO_ACTIVE_SQL_TRANSACTION, "LOCK TABLE can only be used in transaction blocks");
    session_bind_context(statement->session, statement, &context);
    return lock_tables(statement, &context, LOCK_ALL, PRIVILEGE(UPDATE));
}

/* Statistics come with every segment and go with it: they are never out of date, and only names are looked at. */
Error *utility_analyze(Statement *statement)
{
    Session *session = statement->session;
    const ObjectStatement *object = statement->parse->object;
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(session_txn(session));
    BindContext context;
    session_bind_context(session, statement, &context);
    for (int32_t i = 0; i < object->name_count; i++)
    {
        const CatalogTable *table;
        TRY(bind_table_name(snapshot, &context, &object->names[i], false, PRIVILEGE_OWNER, &table));
        for (int32_t k = 0; k < object->column_count; k++)
            if (catalog_find_column(table, object->columns[k]) < 0)
                return error_new(SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
                                 object->columns[k], object->names[i].name);
        if (object->verbose)
            wire_notice(&session->wire, WIRE_INFO, "statistics of \"%s\" are up to date", object->names[i].name);
    }
    if (object->name_count == 0 && object->verbose)
        wire_notice(&session->wire, WIRE_INFO, "statistics of all tables are up to date");
    return NULL;
}

/* --- settings ---------------------------------------------------------------------- */
void session_report_setting(Session *session, const char *reported)
{
    if (reported == NULL)
        return;
    const char *name, *value, *description, *known;
    for (int32_t i = 0; setting_at(session->settings, i, &name, &value, &description, &known); i++)
        if (known != NULL && strcmp(known, reported) == 0)
            wire_parameter(&session->wire, reported, value);
}

/* What a transaction has seen cannot be seen otherwise any more. */
static Error *isolation_may_change(const Session *session, const SetStatement *set)
{
    if (strcmp(set->name, "transaction_isolation") != 0 || !session->transaction_seen)
        return NULL;
    return error_hint(error_new(SQLSTATE_ACTIVE_SQL_TRANSACTION, "the isolation of a transaction is said before its first query"),
                      "Begin with \"BEGIN ISOLATION LEVEL ...\".");
}

Error *utility_set(Statement *statement)
{
    Session *session = statement->session;
    for (const SetStatement *set = statement->parse->set; set != NULL; set = set->also)
    {
        const char *reported;
        ASSERT(set->name != NULL);
        if (strcmp(set->name, "transaction") == 0) /* DEFERRABLE: nobody waits for a snapshot */
            continue;
        bool local = set->local || strncmp(set->name, "transaction_", strlen("transaction_")) == 0;
        TRY(isolation_may_change(session, set));
        TRY(setting_set(session->settings, set->name, set->value, local, &reported));
        session_report_setting(session, reported);
    }
    return NULL;
}

Error *utility_reset(Statement *statement)
{
    Session *session = statement->session;
    const SetStatement *set = statement->parse->set;
    const char *reported;
    if (set->name == NULL || strcmp(set->name, "all") == 0)
    {
        settings_reset_all(session->settings);
        return NULL;
    }
    TRY(setting_set(session->settings, set->name, NULL, false, &reported));
    session_report_setting(session, reported);
    return NULL;
}

static bool shows_all(const SetStatement *set)
{
    return set->name == NULL || strcmp(set->name, "all") == 0;
}

int32_t show_columns(const SetStatement *set, WireColumn columns[SHOW_COLUMNS_MAX])
{
    columns[0] = (WireColumn){.name = shows_all(set) ? "name" : set->name, .type = type_varchar(256)};
    columns[1] = (WireColumn){.name = "setting", .type = type_varchar(256)};
    columns[2] = (WireColumn){.name = "description", .type = type_varchar(256)};
    return shows_all(set) ? SHOW_COLUMNS_MAX : 1;
}

Error *utility_show(Statement *statement)
{
    const Settings *settings = statement->session->settings;
    const SetStatement *set = statement->parse->set;
    WireColumn columns[SHOW_COLUMNS_MAX];
    const char *row[SHOW_COLUMNS_MAX], *reported;
    bool all = shows_all(set);
    if (!all && (row[0] = setting_get(settings, set->name)) == NULL)
        return error_new(SQLSTATE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"", set->name);
    TRY(result_begin(&statement->result, statement->arena, columns, show_columns(set, columns)));
    if (!all)
        return result_texts(&statement->result, statement->arena, row);
    for (int32_t i = 0; setting_at(settings, i, &row[0], &row[1], &row[2], &reported); i++)
        TRY(result_texts(&statement->result, statement->arena, row));
    return NULL;
}
