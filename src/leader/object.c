/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that others depend on, and objects of one session.
 *
 *     table <- view <- view of the view       dropped from the end; without CASCADE nothing is (2BP01)
 *     table <- foreign key of another table   likewise
 *     pg_temp_17.x                            temporary tables of session 17; they go with it, or at the next start
 */
#include "src/leader/session.h"
#include "base/core/assert.h"
#include "base/core/trace.h"

#include <string.h>

/* --- what depends ------------------------------------------------------------------ */
static const CatalogTable *dependent_of(const CatalogSnapshot *snapshot, int64_t id)
{
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (view_depends_on(snapshot->tables[i], id))
            return snapshot->tables[i];
    return NULL;
}

static const char *kind_of(const CatalogTable *table)
{
    return table->view_sql != NULL ? "view" : "table";
}

/* What one statement drops: those it names go together, in whatever order. */
typedef struct Drop
{
    Statement *statement;
    bool cascade;
    int32_t count;
    int64_t *ids;
} Drop;

static bool is_named(const Drop *drop, int64_t id)
{
    for (int32_t i = 0; i < drop->count; i++)
        if (drop->ids[i] == id)
            return true;
    return false;
}

/* 2BP01, or with CASCADE the news of it.  `what`: "view v". */
static Error *may_go(const Drop *drop, const CatalogTable *table, const char *what)
{
    if (drop->cascade)
        wire_notice(&drop->statement->session->wire, WIRE_NOTICE, "drop cascades to %s", what);
    else
        return error_hint(error_detail(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST,
                                                 "cannot drop %s %s because other objects depend on it", kind_of(table),
                                                 table->name),
                                       "%c%s depends on %s %s.", what[0] - 'a' + 'A', what + 1, kind_of(table), table->name),
                          "Use DROP ... CASCADE to drop the dependent objects too.");
    return NULL;
}

static Error *drop_dependent_views(const Drop *drop, int64_t id);

/* With the foreign keys that refer to it. */
static Error *drop_relation(const Drop *drop, int64_t id)
{
    Statement *statement = drop->statement;
    CatalogTxn *txn = session_txn(statement->session);
    const CatalogTable *referrer;
    const CatalogKey *key;
    TRY(drop_dependent_views(drop, id));
    while ((key = catalog_find_referrer(catalog_txn_snapshot(txn), id, &referrer)) != NULL)
    {
        if (!is_named(drop, referrer->id))
            TRY(may_go(drop, catalog_find_table_id(catalog_txn_snapshot(txn), id),
                       arena_printf(statement->arena, "constraint %s on table %s", key->name, referrer->name)));
        TRY(catalog_drop_key(txn, referrer->id, key->id));
    }
    return catalog_drop_table(txn, id);
}

static Error *drop_dependent_views(const Drop *drop, int64_t id)
{
    CatalogTxn *txn = session_txn(drop->statement->session);
    const CatalogTable *view;
    while ((view = dependent_of(catalog_txn_snapshot(txn), id)) != NULL)
    {
        if (!is_named(drop, view->id))
            TRY(may_go(drop, catalog_find_table_id(catalog_txn_snapshot(txn), id),
                       arena_printf(drop->statement->arena, "view %s", view->name)));
        TRY(drop_relation(drop, view->id));
    }
    return NULL;
}

Error *object_drop(Statement *statement, const CatalogTable *table, bool cascade)
{
    Drop drop = {.statement = statement, .cascade = cascade};
    return drop_relation(&drop, table->id);
}

static Error *drop_objects(Statement *statement, bool views)
{
    Session *session = statement->session;
    const ObjectStatement *object = statement->parse->object;
    CatalogTxn *txn = session_txn(session);
    Drop drop = {.statement = statement, .cascade = object->cascade};
    BindContext context;
    session_bind_context(session, statement, &context);
    drop.ids = ARENA_ARRAY(statement->arena, int64_t, object->name_count);
    for (int32_t i = 0; i < object->name_count; i++)
    {
        const CatalogTable *table;
        const ParseName *name = &object->names[i];
        TRY((views ? bind_view_name : bind_table_name)(catalog_txn_snapshot(txn), &context, name, object->if_exists,
                                                    PRIVILEGE(DROP), &table));
        if (table == NULL)
            wire_notice(&session->wire, WIRE_NOTICE, "%s \"%s\" does not exist, skipping", views ? "view" : "table", name->name);
        else
            drop.ids[drop.count++] = table->id;
    }
    for (int32_t i = 0; i < drop.count; i++)
        if (catalog_find_table_id(catalog_txn_snapshot(txn), drop.ids[i]) != NULL)
            TRY(drop_relation(&drop, drop.ids[i]));
    return NULL;
}

Error *object_drop_table(Statement *statement)
{
    return drop_objects(statement, false);
}

Error *object_drop_view(Statement *statement)
{
    return drop_objects(statement, true);
}

/* CASCADE: also views of other schemas, and foreign keys of their tables. */
static Error *empty_schema(Statement *statement, const char *schema)
{
    CatalogTxn *txn = session_txn(statement->session);
    const CatalogSnapshot *snapshot = catalog_txn_snapshot(txn);
    Drop drop = {.statement = statement, .cascade = true};
    drop.ids = ARENA_ARRAY(statement->arena, int64_t, snapshot->table_count);
    for (int32_t i = 0; i < snapshot->table_count; i++)
        if (strcmp(snapshot->tables[i]->schema, schema) == 0)
            drop.ids[drop.count++] = snapshot->tables[i]->id;
    for (int32_t i = 0; i < drop.count; i++)
        if (catalog_find_table_id(catalog_txn_snapshot(txn), drop.ids[i]) != NULL)
            TRY(drop_relation(&drop, drop.ids[i]));
    return NULL;
}

Error *object_drop_schema(Statement *statement)
{
    const ObjectStatement *object = statement->parse->object;
    CatalogTxn *txn = session_txn(statement->session);
    TRY(session_need_superuser(statement->session, "drop schemas"));
    for (int32_t i = 0; i < object->name_count; i++)
    {
        const char *name = object->names[i].name;
        bool exists = catalog_has_schema(catalog_txn_snapshot(txn), name);
        if (object->if_exists && !exists)
        {
            wire_notice(&statement->session->wire, WIRE_NOTICE, "schema \"%s\" does not exist, skipping", name);
            continue;
        }
        if (exists && object->cascade && strcmp(name, "public") != 0)
            TRY(empty_schema(statement, name));
        Error *error = catalog_drop_schema(txn, name, object->cascade);
        if (error != NULL)
            return error_at(error, object->names[i].position);
    }
    return NULL;
}

/* --- views ---------------------------------------------------------------------------- */
Error *object_create_view(Statement *statement)
{
    Session *session = statement->session;
    CatalogTxn *txn = session_txn(session);
    BindContext context;
    CreateViewPlan *plan;
    session_bind_context(session, statement, &context);
    TRY(bind_create_view(statement->arena, catalog_txn_snapshot(txn), &context, statement->parse, &plan));
    TRY(session_may_create(session, plan->table->schema));
    plan->table->owner = (char *) context.user;
    if (plan->replace != NULL)
    { /* those who depend on it go on doing so */
        TRY(bind_may_use(catalog_txn_snapshot(txn), &context, plan->replace, PRIVILEGE_OWNER, 0));
        plan->table->owner = plan->replace->owner;
        plan->table->grants = plan->replace->grants;
        plan->table->comments = plan->replace->comments;
        plan->table->comment_count = plan->replace->comment_count;
        plan->table->grant_count = plan->replace->grant_count;
        plan->table->id = plan->replace->id;
        TRY(catalog_drop_table(txn, plan->table->id));
    }
    return catalog_create_table(txn, plan->table);
}

/* --- temporary tables -------------------------------------------------------------------- */
Error *object_temp_schema(Session *session)
{
    CatalogTxn *txn = session_txn(session);
    if (catalog_has_schema(catalog_txn_snapshot(txn), session->temp_schema))
        return NULL;
    session->temp_made = true;
    return catalog_create_schema(txn, session->temp_schema);
}

void object_forget_temporary(Session *session)
{
    if (!session->temp_made || atomic_load(&session->leader->stopping))
        return; /* the next start does it */
    CatalogTxn *txn = catalog_begin(session->leader->catalog);
    Error *error = NULL;
    if (catalog_has_schema(catalog_txn_snapshot(txn), session->temp_schema))
        error = catalog_drop_schema(txn, session->temp_schema, true);
    if (error == NULL)
        error = lease_check(session->leader->lease);
    if (error != NULL)
        catalog_rollback(txn);
    else
        error = catalog_commit(txn);
    if (error != NULL)
        trace(TRACE_ERROR, "temporary tables are left until the next start: %s", error->message);
    error_free(error);
    dead_segments_remove(session->leader);
}
