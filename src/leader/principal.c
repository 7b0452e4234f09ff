/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users, groups and roles: CREATE, ALTER, DROP, GRANT ROLE, all within the transaction.
 *
 * A password becomes a verifier here and is forgotten; nothing that is kept, shown or logged holds it.
 */
#include "src/leader/record.h"
#include "base/core/assert.h"
#include "base/data/value.h"
#include "src/leader/auth.h"

#include <string.h>

#define PASSWORD_BYTES_MIN 8
#define PASSWORD_BYTES_MAX 64

_Static_assert((int) PRINCIPAL_WORD_GROUP == (int) PRINCIPAL_GROUP && (int) PRINCIPAL_WORD_ROLE == (int) PRINCIPAL_ROLE,
               "the grammar's words stand in the order of the catalog's kinds");

const CatalogPrincipal *session_principal(Session *session)
{
    return principal_find_id(catalog_txn_snapshot(session_txn(session))->principals, session->user_id);
}

bool session_is_superuser(Session *session)
{
    const CatalogPrincipal *user = session_principal(session);
    return user != NULL && user->superuser;
}

Error *session_need_superuser(Session *session, const char *what)
{
    if (session_is_superuser(session))
        return NULL;
    return error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied to %s", what);
}

Error *session_may_create(Session *session, const char *schema)
{
    if (session_is_superuser(session) || strcmp(schema, "public") == 0 || strcmp(schema, session->temp_schema) == 0)
        return NULL;
    return error_new(SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s", schema);
}

static const PrincipalList *list_of(Statement *statement)
{
    return catalog_txn_snapshot(session_txn(statement->session))->principals;
}

Error *session_find_principal(Session *session, const PrincipalName *name, const CatalogPrincipal **out)
{
    PrincipalKind kind = (PrincipalKind) name->word;
    *out = principal_find(catalog_txn_snapshot(session_txn(session))->principals, kind, name->name.name);
    if (*out != NULL)
        return NULL;
    return error_at(error_new(SQLSTATE_UNDEFINED_OBJECT, "%s \"%s\" does not exist", principal_kind_name(kind), name->name.name),
                    name->name.position);
}

/* --- users' options ----------------------------------------------------------------- */
/* Redshift's rules. */
static const char *password_fault(const char *password)
{
    size_t length = strlen(password);
    if (length < PASSWORD_BYTES_MIN || length > PASSWORD_BYTES_MAX)
        return "A password has 8 to 64 characters.";
    if (strpbrk(password, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL || strpbrk(password, "abcdefghijklmnopqrstuvwxyz") == NULL ||
        strpbrk(password, "0123456789") == NULL)
        return "A password has at least one upper-case letter, one lower-case letter and one digit.";
    if (strpbrk(password, "'\"\\/@ ") != NULL)
        return "A password has no blank, quote, slash, backslash or @.";
    return NULL;
}

static Error *password_take(Statement *statement, CatalogPrincipal *user)
{
    const PrincipalStatement *said = statement->parse->principal;
    user->scram = said->password;
    if (said->password == NULL || auth_is_verifier(said->password))
        return NULL;
    if (strncmp(said->password, "md5", 3) == 0 || strncmp(said->password, "sha256|", 7) == 0)
        return error_at(error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "md5 and sha256 digests of passwords are not supported"),
                                   "Give the password, or a SCRAM-SHA-256 verifier."),
                        said->password_position);
    const char *fault = password_fault(said->password);
    if (fault != NULL)
        return error_at(error_hint(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "invalid password"), "%s", fault),
                        said->password_position);
    return auth_make_verifier(statement->arena, said->password, &user->scram);
}

static Error *options_take(Statement *statement, CatalogPrincipal *user)
{
    const PrincipalStatement *said = statement->parse->principal;
    if (said->superuser != PRINCIPAL_UNSAID)
        user->superuser = said->superuser == PRINCIPAL_YES;
    if (said->create_db != PRINCIPAL_UNSAID)
        user->create_db = said->create_db == PRINCIPAL_YES;
    if (said->syslog != PRINCIPAL_UNSAID)
        user->syslog_unrestricted = said->syslog == PRINCIPAL_YES;
    if (said->connection_limit_said)
        user->connection_limit = said->connection_limit;
    if (said->valid_until != NULL && strcmp(said->valid_until, "infinity") == 0)
        user->valid_until = INT64_MAX;
    else if (said->valid_until != NULL)
    {
        Datum moment;
        Error *error = value_parse(statement->arena, (SqlType){.id = TYPE_TIMESTAMPTZ}, VALUE_INPUT, said->valid_until,
                                   strlen(said->valid_until), &moment);
        if (error != NULL)
            return error_at(error, said->valid_until_position);
        user->valid_until = moment.i;
    }
    return said->password_said ? password_take(statement, user) : NULL;
}

static void setting_take(Arena *arena, CatalogPrincipal *user, const char *name, const char *value)
{
    int32_t kept = 0;
    PrincipalSetting *settings = ARENA_ARRAY(arena, PrincipalSetting, user->setting_count + 1);
    for (int32_t i = 0; i < user->setting_count; i++)
        if (strcmp(user->settings[i].name, name) != 0 && strcmp(name, "all") != 0)
            settings[kept++] = user->settings[i];
    if (value != NULL)
        settings[kept++] = (PrincipalSetting){.name = (char *) name, .value = (char *) value};
    user->settings = settings;
    user->setting_count = kept;
}

/* --- membership -------------------------------------------------------------------------- */
static Error *parent_add(Statement *statement, const CatalogPrincipal *member, const CatalogPrincipal *parent)
{
    if (principal_is_member(list_of(statement), parent->id, member->id))
        return error_new(SQLSTATE_INVALID_GRANT_OPERATION, "role \"%s\" is a member of role \"%s\"", parent->name, member->name);
    CatalogPrincipal changed = principal_copy(statement->arena, member);
    int64_t *parents = ARENA_ARRAY(statement->arena, int64_t, changed.parent_count + 1);
    for (int32_t i = 0; i < changed.parent_count; i++)
    {
        if (changed.parents[i] == parent->id)
            return NULL;
        parents[i] = changed.parents[i];
    }
    parents[changed.parent_count++] = parent->id;
    changed.parents = parents;
    return catalog_put_principal(session_txn(statement->session), &changed);
}

static Error *parent_remove(Statement *statement, const CatalogPrincipal *member, const CatalogPrincipal *parent)
{
    CatalogPrincipal changed = principal_copy(statement->arena, member);
    principal_remove_parent(&changed, parent->id);
    return catalog_put_principal(session_txn(statement->session), &changed);
}

/* Every one of `members` gets, or loses, every one of `parents`. */
static Error *link_all(Statement *statement, const PrincipalName *members, int32_t member_count, const PrincipalName *parents,
                       int32_t parent_count, bool add)
{
    for (int32_t i = 0; i < member_count; i++)
        for (int32_t k = 0; k < parent_count; k++)
        {
            const CatalogPrincipal *member, *parent;
            TRY(session_find_principal(statement->session, &members[i], &member));
            TRY(session_find_principal(statement->session, &parents[k], &parent));
            TRY((add ? parent_add : parent_remove)(statement, member, parent));
        }
    return NULL;
}

/* --- statements ------------------------------------------------------------------------------ */
static Error *create(Statement *statement)
{
    const PrincipalStatement *said = statement->parse->principal;
    const PrincipalName *name = &said->names[0];
    CatalogPrincipal made = {.kind = (PrincipalKind) said->word, .name = name->name.name, .valid_until = INT64_MAX,
                             .connection_limit = -1};
    if (strcmp(made.name, "public") == 0)
        return error_at(error_new(SQLSTATE_RESERVED_NAME, "role name \"public\" is reserved"), name->name.position);
    TRY(options_take(statement, &made));
    Error *error = catalog_put_principal(session_txn(statement->session), &made);
    if (error != NULL)
        return error_at(error, name->name.position);
    record_user(statement, "Create", &made, NULL);
    if (said->word == PRINCIPAL_WORD_USER)
        return link_all(statement, name, 1, said->others, said->other_count, true);
    return link_all(statement, said->others, said->other_count, name, 1, true);
}

/* What a user may change of himself: his password and his settings. */
static bool is_own_business(Statement *statement, const CatalogPrincipal *user)
{
    const PrincipalStatement *said = statement->parse->principal;
    return user->id == statement->session->user_id &&
           (said->act == PRINCIPAL_SET ||
            (said->act == PRINCIPAL_ALTER && said->superuser == PRINCIPAL_UNSAID && said->create_db == PRINCIPAL_UNSAID &&
             said->syslog == PRINCIPAL_UNSAID && said->valid_until == NULL && !said->connection_limit_said));
}

static Error *alter(Statement *statement)
{
    const PrincipalStatement *said = statement->parse->principal;
    const CatalogPrincipal *old;
    const char *reported;
    TRY(session_find_principal(statement->session, &said->names[0], &old));
    if (!is_own_business(statement, old))
        TRY(session_need_superuser(statement->session, "alter users, groups and roles"));
    CatalogPrincipal changed = principal_copy(statement->arena, old);
    if (said->act == PRINCIPAL_RENAME)
        changed.name = said->new_name;
    else if (said->act == PRINCIPAL_SET)
    {
        Settings *trial = settings_new(statement->arena);
        if (said->value != NULL)
            TRY(setting_set(trial, said->setting, said->value, false, &reported));
        setting_take(statement->arena, &changed, said->setting, said->value);
    }
    else
        TRY(options_take(statement, &changed));
    bool renamed = said->act == PRINCIPAL_RENAME;
    record_user(statement, renamed ? "Rename" : "Alter", &changed, renamed ? said->names[0].name.name : NULL);
    return catalog_put_principal(session_txn(statement->session), &changed);
}

static Error *drop_one(Statement *statement, const PrincipalName *name)
{
    const CatalogPrincipal *principal;
    Error *error = session_find_principal(statement->session, name, &principal);
    if (error != NULL && statement->parse->principal->if_exists)
    {
        wire_notice(&statement->session->wire, WIRE_NOTICE, "%s, skipping", error->message);
        error_free(error);
        return NULL;
    }
    TRY(error);
    if (principal->id == statement->session->user_id)
        return error_at(error_new(SQLSTATE_OBJECT_IN_USE, "current user cannot be dropped"), name->name.position);
    record_user(statement, "Drop", principal, NULL);
    error = catalog_drop_principal(session_txn(statement->session), principal->id);
    return error == NULL ? NULL : error_at(error, name->name.position);
}

static Error *drop(Statement *statement)
{
    const PrincipalStatement *said = statement->parse->principal;
    for (int32_t i = 0; i < said->name_count; i++)
        TRY(drop_one(statement, &said->names[i]));
    return NULL;
}

Error *principal_run(Statement *statement)
{
    const PrincipalStatement *said = statement->parse->principal;
    if (said->act == PRINCIPAL_ALTER || said->act == PRINCIPAL_RENAME || said->act == PRINCIPAL_SET)
        return alter(statement);
    TRY(session_need_superuser(statement->session, "manage users, groups and roles"));
    switch (said->act)
    {
    case PRINCIPAL_CREATE:
        return create(statement);
    case PRINCIPAL_DROP:
        return drop(statement);
    case PRINCIPAL_ADD:
    case PRINCIPAL_REMOVE:
        return link_all(statement, said->others, said->other_count, said->names, 1, said->act == PRINCIPAL_ADD);
    default:
        return link_all(statement, said->others, said->other_count, said->names, said->name_count, said->act == PRINCIPAL_GRANT);
    }
}
