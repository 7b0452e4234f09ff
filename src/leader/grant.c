/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRANT and REVOKE on tables and views.
 *
 *     owner --select with grant option--> ada --select--> bob      a grant remembers who made it
 *
 * What ada gave falls with what she may give: with CASCADE; without it nothing is revoked (2BP01).
 */
#include "src/leader/session.h"
#include "base/core/assert.h"

#include <string.h>

typedef struct Granting
{
    Statement *statement;
    const GrantStatement *said;
    uint32_t privileges;
} Granting;

static const CatalogSnapshot *snapshot_of(const Granting *g)
{
    return catalog_txn_snapshot(session_txn(g->statement->session));
}

static Error *privileges_read(Granting *g)
{
    const GrantStatement *said = g->said;
    if (said->privilege_count == 0)
        g->privileges = PRIVILEGES_ALL;
    for (int32_t i = 0; i < said->privilege_count; i++)
    {
        uint32_t bit = privilege_of_word(said->privileges[i].name);
        if (bit == 0)
            return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "unrecognized privilege type \"%s\"", said->privileges[i].name),
                            said->privileges[i].position);
        g->privileges |= bit;
    }
    return NULL;
}

static Error *grantee_find(const Granting *g, const GrantGrantee *grantee, int64_t *out)
{
    const CatalogPrincipal *found;
    if (!g->said->revoke && g->said->options && (grantee->public || grantee->name.word != PRINCIPAL_WORD_USER))
        return error_new(SQLSTATE_INVALID_GRANT_OPERATION, "grant options can only be granted to users");
    *out = PUBLIC_ID;
    if (grantee->public)
        return NULL;
    TRY(session_find_principal(g->statement->session, &grantee->name, &found));
    *out = found->id;
    return NULL;
}

/* A grant whose maker may not give all of it any more; NULL: there is none. */
static const CatalogGrant *grant_orphaned(const Granting *g, const CatalogTable *table, uint32_t *lost)
{
    for (int32_t i = 0; i < table->grant_count; i++)
    {
        const CatalogGrant *grant = &table->grants[i];
        *lost = 0;
        for (uint32_t bit = 1; bit <= PRIVILEGES_ALL; bit <<= 1)
            if ((grant->privileges & bit) != 0 &&
                !privilege_held(snapshot_of(g)->principals, table, grant->grantor, bit, true))
                *lost |= bit;
        if (*lost != 0)
            return grant;
    }
    return NULL;
}

static Error *cascade(const Granting *g, int64_t table_id)
{
    for (;;)
    {
        uint32_t lost;
        const CatalogTable *table = catalog_find_table_id(snapshot_of(g), table_id);
        const CatalogGrant *grant = grant_orphaned(g, table, &lost);
        if (grant == NULL)
            return NULL;
        if (!g->said->cascade)
            return error_hint(error_new(SQLSTATE_DEPENDENT_OBJECTS_EXIST, "dependent privileges exist"),
                              "Use CASCADE to revoke them too.");
        GrantChange change = {.revoke = true, .grantee = grant->grantee, .grantor = grant->grantor, .privileges = lost, .options = lost};
        TRY(catalog_change_grants(session_txn(g->statement->session), table_id, &change));
    }
}

/* What the session's user gave; of a superuser and the owner: what anybody did. */
static Error *revoke_one(const Granting *g, const CatalogTable *table, int64_t grantee)
{
    Session *session = g->statement->session;
    bool all = privilege_held(snapshot_of(g)->principals, table, session->user_id, PRIVILEGE_OWNER, false);
    int32_t count = table->grant_count;
    GrantChange *changes = ARENA_ARRAY(g->statement->arena, GrantChange, count);
    for (int32_t i = 0; i < count; i++)
        changes[i] = (GrantChange){.revoke = true,
                                   .grantee = grantee,
                                   .grantor = table->grants[i].grantor,
                                   .privileges = g->said->options ? 0 : g->privileges,
                                   .options = g->privileges};
    for (int32_t i = 0; i < count; i++)
        if (all || changes[i].grantor == session->user_id)
            TRY(catalog_change_grants(session_txn(session), table->id, &changes[i]));
    return NULL;
}

/* On behalf of whom a grant is kept: a superuser's is the owner's, as if he had made it. */
static int64_t grantor_of(const Granting *g, const CatalogTable *table)
{
    const CatalogPrincipal *owner = principal_find(snapshot_of(g)->principals, PRINCIPAL_USER, table->owner);
    return owner != NULL && session_is_superuser(g->statement->session) ? owner->id : g->statement->session->user_id;
}

static Error *change_table(const Granting *g, int64_t table_id)
{
    Session *session = g->statement->session;
    const CatalogTable *table = catalog_find_table_id(snapshot_of(g), table_id);
    if (!privilege_held(snapshot_of(g)->principals, table, session->user_id, g->privileges, true))
        return error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied for relation %s", table->name);
    for (int32_t i = 0; i < g->said->grantee_count; i++)
    {
        int64_t grantee;
        table = catalog_find_table_id(snapshot_of(g), table_id);
        TRY(grantee_find(g, &g->said->grantees[i], &grantee));
        GrantChange change = {.grantee = grantee,
                              .grantor = grantor_of(g, table),
                              .privileges = g->privileges,
                              .options = g->said->options ? g->privileges : 0};
        TRY(g->said->revoke ? revoke_one(g, table, grantee) : catalog_change_grants(session_txn(session), table_id, &change));
    }
    return g->said->revoke ? cascade(g, table_id) : NULL;
}

/* ALL TABLES IN SCHEMA: those there are now. */
static Error *change_schema(const Granting *g, const ParseName *schema)
{
    if (!catalog_has_schema(snapshot_of(g), schema->name))
        return error_at(error_new(SQLSTATE_INVALID_SCHEMA_NAME, "schema \"%s\" does not exist", schema->name), schema->position);
    int32_t count = snapshot_of(g)->table_count;
    int64_t *ids = ARENA_ARRAY(g->statement->arena, int64_t, count);
    for (int32_t i = 0; i < count; i++)
    {
        const CatalogTable *table = snapshot_of(g)->tables[i];
        ids[i] = strcmp(table->schema, schema->name) == 0 ? table->id : 0;
    }
    for (int32_t i = 0; i < count; i++)
        if (ids[i] != 0)
            TRY(change_table(g, ids[i]));
    return NULL;
}

Error *grant_run(Statement *statement)
{
    Granting g = {.statement = statement, .said = statement->parse->grant};
    BindContext context;
    TRY(privileges_read(&g));
    session_bind_context(statement->session, statement, &context);
    for (int32_t i = 0; i < g.said->object_count; i++)
    {
        const CatalogTable *table;
        if (g.said->in_schemas)
        {
            TRY(change_schema(&g, &g.said->objects[i]));
            continue;
        }
        TRY(bind_relation_name(snapshot_of(&g), &context, &g.said->objects[i], &table));
        TRY(change_table(&g, table->id));
    }
    return NULL;
}
