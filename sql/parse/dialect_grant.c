/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     GRANT SELECT, INSERT | ALL [PRIVILEGES] ON [TABLE] t, s.u | ALL TABLES IN SCHEMA s
 *         TO ada, GROUP staff, ROLE reader, PUBLIC [WITH GRANT OPTION]
 *     REVOKE [GRANT OPTION FOR] ... ON ... FROM ... [CASCADE | RESTRICT]
 *
 * PostgreSQL's grammar does not tell groups and roles from users: read as a whole.
 */
#include "sql/parse/dialect.h"

static Error *unsupported(const Dialect *dialect, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported yet", what),
                    dialect_position(dialect, dialect->at));
}

static Error *read_privileges(Dialect *dialect, GrantStatement *out)
{
    out->privileges = ARENA_ARRAY(dialect->arena, ParseName, DIALECT_NAMES_MAX);
    if (dialect_take(dialect, "all"))
    {
        (void) dialect_take(dialect, "privileges");
        return NULL;
    }
    do
    {
        TRY(dialect_names_room(out->privilege_count));
        TRY(dialect_read_name(dialect, &out->privileges[out->privilege_count++]));
        if (token_is_char(&dialect->tokens, dialect->at, '('))
            return unsupported(dialect, "a privilege on columns");
    } while (dialect_take_char(dialect, ','));
    return NULL;
}

static Error *read_objects(Dialect *dialect, GrantStatement *out)
{
    static const char *const kinds[] = {"schema", "database", "function", "procedure", "language", "datashare", "model"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (token_is(&dialect->tokens, dialect->at, kinds[i]) && token_is_name(&dialect->tokens, dialect->at + 1))
            return unsupported(dialect, "a privilege on anything but tables and views");
    if (dialect_take(dialect, "all"))
    {
        TRY(dialect_need(dialect, "tables"));
        TRY(dialect_need(dialect, "in"));
        TRY(dialect_need(dialect, "schema"));
        out->in_schemas = true;
    }
    else
        (void) dialect_take(dialect, "table");
    out->objects = ARENA_ARRAY(dialect->arena, ParseName, DIALECT_NAMES_MAX);
    do
    {
        TRY(dialect_names_room(out->object_count));
        ParseName *name = &out->objects[out->object_count++];
        TRY(out->in_schemas ? dialect_read_name(dialect, name) : dialect_read_relation(dialect, name));
    } while (dialect_take_char(dialect, ','));
    return NULL;
}

static Error *read_grantees(Dialect *dialect, GrantStatement *out)
{
    out->grantees = ARENA_ARRAY(dialect->arena, GrantGrantee, DIALECT_NAMES_MAX);
    do
    {
        TRY(dialect_names_room(out->grantee_count));
        GrantGrantee *grantee = &out->grantees[out->grantee_count++];
        grantee->public = dialect_take(dialect, "public");
        if (grantee->public)
            continue;
        grantee->name.word = dialect_take(dialect, "group")  ? PRINCIPAL_WORD_GROUP
                             : dialect_take(dialect, "role") ? PRINCIPAL_WORD_ROLE
                                                             : PRINCIPAL_WORD_USER;
        TRY(dialect_read_name(dialect, &grantee->name.name));
    } while (dialect_take_char(dialect, ','));
    return NULL;
}

static Error *read_end(Dialect *dialect, GrantStatement *out)
{
    if (out->revoke)
    {
        out->cascade = dialect_take(dialect, "cascade");
        if (!out->cascade)
            (void) dialect_take(dialect, "restrict");
    }
    else if (dialect_take(dialect, "with"))
    {
        TRY(dialect_need(dialect, "grant"));
        TRY(dialect_need(dialect, "option"));
        out->options = true;
    }
    return dialect_need_end(dialect);
}

Error *dialect_grant(Dialect *dialect, GrantStatement **out)
{
    GrantStatement *grant = ARENA_NEW(dialect->arena, GrantStatement);
    dialect->at = 0;
    grant->revoke = dialect_take(dialect, "revoke");
    *out = NULL;
    if (!grant->revoke && !dialect_take(dialect, "grant"))
        return NULL;
    if (grant->revoke && dialect_take(dialect, "grant"))
    {
        TRY(dialect_need(dialect, "option"));
        TRY(dialect_need(dialect, "for"));
        grant->options = true;
    }
    TRY(read_privileges(dialect, grant));
    TRY(dialect_need(dialect, "on"));
    TRY(read_objects(dialect, grant));
    TRY(dialect_need(dialect, grant->revoke ? "from" : "to"));
    TRY(read_grantees(dialect, grant));
    TRY(read_end(dialect, grant));
    *out = grant;
    return NULL;
}
