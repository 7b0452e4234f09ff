/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     CREATE USER u [WITH] PASSWORD 'x' CREATEUSER IN GROUP g, h VALID UNTIL '2027-01-01' ...
 *     ALTER USER u [WITH] options | RENAME TO v | SET name TO value | RESET name
 *     CREATE GROUP g [WITH USER u, v] | ALTER GROUP g ADD USER u, v | DROP USER u | RENAME TO h
 *     CREATE ROLE r | ALTER ROLE r RENAME TO s | GRANT ROLE r, s TO u, ROLE t | REVOKE ROLE r FROM u
 *     DROP USER | GROUP | ROLE [IF EXISTS] a, b
 *
 * Redshift's own statements, whose options PostgreSQL's grammar has no more: read as a whole.
 */
#include "sql/parse/dialect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 1000000

/* a, b: each may have its kind's word before it, if `kinds` are given. */
static Error *read_names(Dialect *dialect, PrincipalName **names, int32_t *count, PrincipalWord plain, bool kinds)
{
    *names = ARENA_ARRAY(dialect->arena, PrincipalName, DIALECT_NAMES_MAX);
    do
    {
        TRY(dialect_names_room(*count));
        PrincipalName *name = &(*names)[(*count)++];
        name->word = plain;
        if (kinds && dialect_take(dialect, "role"))
            name->word = PRINCIPAL_WORD_ROLE;
        TRY(dialect_read_name(dialect, &name->name));
    } while (dialect_take_char(dialect, ','));
    return NULL;
}

/* --- options of users ------------------------------------------------------------- */
static Error *read_password(Dialect *dialect, PrincipalStatement *out)
{
    out->password_position = dialect_position(dialect, dialect->at);
    out->password_said = true;
    if (dialect_take(dialect, "disable") || dialect_take(dialect, "null"))
        return NULL;
    return dialect_read_string(dialect, &out->password);
}

static Error *read_connections(Dialect *dialect, PrincipalStatement *out)
{
    TRY(dialect_need(dialect, "limit"));
    out->connection_limit_said = true;
    out->connection_limit = -1;
    if (dialect_take(dialect, "unlimited"))
        return NULL;
    if (!token_is_integer(&dialect->tokens, dialect->at))
        return dialect_syntax_error(dialect, dialect->at);
    errno = 0;
    long long number = strtoll(token_text(dialect->arena, &dialect->tokens, dialect->at), NULL, 10);
    if (errno != 0 || number > CONNECTIONS_MAX)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "invalid connection limit"),
                        dialect_position(dialect, dialect->at));
    out->connection_limit = (int32_t) number;
    dialect->at++;
    return NULL;
}

static Error *read_syslog(Dialect *dialect, PrincipalStatement *out)
{
    TRY(dialect_need(dialect, "access"));
    if (dialect_take(dialect, "unrestricted"))
        out->syslog = PRINCIPAL_YES;
    else
    {
        TRY(dialect_need(dialect, "restricted"));
        out->syslog = PRINCIPAL_NO;
    }
    return NULL;
}

/* A word that says yes or no. */
static bool take_switch(Dialect *dialect, PrincipalStatement *out)
{
    const struct
    {
        const char *word;
        PrincipalChoice *choice;
        PrincipalChoice value;
    } switches[] = {{"createdb", &out->create_db, PRINCIPAL_YES},   {"nocreatedb", &out->create_db, PRINCIPAL_NO},
                    {"createuser", &out->superuser, PRINCIPAL_YES}, {"nocreateuser", &out->superuser, PRINCIPAL_NO},
                    {"superuser", &out->superuser, PRINCIPAL_YES},  {"nosuperuser", &out->superuser, PRINCIPAL_NO}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (dialect_take(dialect, switches[i].word))
        {
            *switches[i].choice = switches[i].value;
            return true;
        }
    return false;
}

static Error *read_user_options(Dialect *dialect, PrincipalStatement *out)
{
    (void) dialect_take(dialect, "with");
    if (dialect->at == dialect->tokens.count && out->act == PRINCIPAL_ALTER)
        return dialect_syntax_error(dialect, dialect->at);
    while (dialect->at < dialect->tokens.count)
    {
        if (take_switch(dialect, out))
            continue;
        if (dialect_take(dialect, "encrypted"))
        {
            TRY(dialect_need(dialect, "password"));
            TRY(read_password(dialect, out));
        }
        else if (dialect_take(dialect, "password"))
            TRY(read_password(dialect, out));
        else if (dialect_take(dialect, "valid"))
        {
            TRY(dialect_need(dialect, "until"));
            out->valid_until_position = dialect_position(dialect, dialect->at);
            TRY(dialect_read_string(dialect, &out->valid_until));
        }
        else if (dialect_take(dialect, "connection"))
            TRY(read_connections(dialect, out));
        else if (dialect_take(dialect, "syslog"))
            TRY(read_syslog(dialect, out));
        else if (out->act == PRINCIPAL_CREATE && dialect_take(dialect, "in"))
        {
            TRY(dialect_need(dialect, "group"));
            TRY(read_names(dialect, &out->others, &out->other_count, PRINCIPAL_WORD_GROUP, false));
        }
        else
            return dialect_syntax_error(dialect, dialect->at);
    }
    return NULL;
}

/* --- statements --------------------------------------------------------------------- */
static Error *read_set(Dialect *dialect, PrincipalStatement *out)
{
    Arena *arena = dialect->arena;
    ParseName name;
    out->act = PRINCIPAL_SET;
    TRY(dialect_read_name(dialect, &name));
    out->setting = name.name;
    if (dialect_take_char(dialect, '.')) /* stoa.tier */
    {
        TRY(dialect_read_name(dialect, &name));
        out->setting = arena_printf(arena, "%s.%s", out->setting, name.name);
    }
    if (!dialect_take(dialect, "to") && !dialect_take_char(dialect, '='))
        return dialect_syntax_error(dialect, dialect->at);
    if (dialect_take(dialect, "default"))
        return NULL;
    Text value;
    text_init(&value, arena);
    do
    {
        if (dialect->at >= dialect->tokens.count)
            return dialect_syntax_error(dialect, dialect->at);
        text_puts(&value, value.length > 0 ? ", " : "");
        bool string = token_is_string(&dialect->tokens, dialect->at);
        text_puts(&value, (string ? token_string : token_text)(arena, &dialect->tokens, dialect->at));
        dialect->at++;
    } while (dialect_take_char(dialect, ','));
    out->value = value.data;
    return NULL;
}

static Error *read_alter(Dialect *dialect, PrincipalStatement *out)
{
    if (dialect_take(dialect, "rename"))
    {
        ParseName name;
        TRY(dialect_need(dialect, "to"));
        TRY(dialect_read_name(dialect, &name));
        out->act = PRINCIPAL_RENAME;
        out->new_name = name.name;
        return NULL;
    }
    if (out->word == PRINCIPAL_WORD_GROUP)
    {
        out->act = token_is(&dialect->tokens, dialect->at, "add") ? PRINCIPAL_ADD : PRINCIPAL_REMOVE;
        if (!dialect_take(dialect, "add"))
            TRY(dialect_need(dialect, "drop"));
        TRY(dialect_need(dialect, "user"));
        return read_names(dialect, &out->others, &out->other_count, PRINCIPAL_WORD_USER, false);
    }
    if (out->word == PRINCIPAL_WORD_ROLE)
        return dialect_syntax_error(dialect, dialect->at);
    if (dialect_take(dialect, "set"))
        return read_set(dialect, out);
    if (dialect_take(dialect, "reset"))
    {
        ParseName name;
        out->act = PRINCIPAL_SET;
        TRY(dialect_read_name(dialect, &name));
        out->setting = name.name;
        return NULL;
    }
    return read_user_options(dialect, out);
}

static Error *read_create(Dialect *dialect, PrincipalStatement *out)
{
    if (out->word == PRINCIPAL_WORD_USER)
        return read_user_options(dialect, out);
    if (out->word == PRINCIPAL_WORD_ROLE || dialect->at == dialect->tokens.count)
        return NULL;
    (void) dialect_take(dialect, "with");
    TRY(dialect_need(dialect, "user"));
    return read_names(dialect, &out->others, &out->other_count, PRINCIPAL_WORD_USER, false);
}

static Error *read_drop(Dialect *dialect, PrincipalStatement *out)
{
    if (dialect_take(dialect, "if"))
    {
        TRY(dialect_need(dialect, "exists"));
        out->if_exists = true;
    }
    TRY(read_names(dialect, &out->names, &out->name_count, out->word, false));
    if (out->word == PRINCIPAL_WORD_ROLE && !dialect_take(dialect, "force"))
        (void) dialect_take(dialect, "restrict");
    return NULL;
}

/* GRANT ROLE a, b TO u, ROLE c; REVOKE ROLE a FROM u */
static Error *read_grant(Dialect *dialect, PrincipalStatement *out)
{
    bool grant = out->act == PRINCIPAL_GRANT;
    TRY(read_names(dialect, &out->names, &out->name_count, PRINCIPAL_WORD_ROLE, true));
    TRY(dialect_need(dialect, grant ? "to" : "from"));
    return read_names(dialect, &out->others, &out->other_count, PRINCIPAL_WORD_USER, true);
}

static bool read_word(Dialect *dialect, PrincipalStatement *out)
{
    static const struct
    {
        const char *word;
        PrincipalWord value;
    } words[] = {{"user", PRINCIPAL_WORD_USER}, {"group", PRINCIPAL_WORD_GROUP}, {"role", PRINCIPAL_WORD_ROLE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (dialect_take(dialect, words[i].word))
        {
            out->word = words[i].value;
            return true;
        }
    return false;
}

static bool read_act(Dialect *dialect, PrincipalStatement *out)
{
    static const struct
    {
        const char *word;
        PrincipalAct act;
    } acts[] = {{"create", PRINCIPAL_CREATE}, {"alter", PRINCIPAL_ALTER}, {"drop", PRINCIPAL_DROP},
                {"grant", PRINCIPAL_GRANT},   {"revoke", PRINCIPAL_REVOKE}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (dialect_take(dialect, acts[i].word))
        {
            out->act = acts[i].act;
            if (acts[i].act < PRINCIPAL_GRANT)
                return read_word(dialect, out);
            return token_is(&dialect->tokens, dialect->at, "role");
        }
    return false;
}

static Error *read_rest(Dialect *dialect, PrincipalStatement *out)
{
    if (out->act == PRINCIPAL_DROP)
        return read_drop(dialect, out);
    if (out->act >= PRINCIPAL_GRANT)
        return read_grant(dialect, out);
    out->names = ARENA_NEW(dialect->arena, PrincipalName);
    out->names->word = out->word;
    out->name_count = 1;
    TRY(dialect_read_name(dialect, &out->names->name));
    return out->act == PRINCIPAL_CREATE ? read_create(dialect, out) : read_alter(dialect, out);
}

Error *dialect_principal(Dialect *dialect, PrincipalStatement **out, const char **tag)
{
    static const char *const words[] = {"USER", "GROUP", "ROLE"};
    static const char *const acts[] = {[PRINCIPAL_CREATE] = "CREATE", [PRINCIPAL_ALTER] = "ALTER", [PRINCIPAL_DROP] = "DROP"};
    PrincipalStatement *principal = ARENA_NEW(dialect->arena, PrincipalStatement);
    dialect->at = 0;
    *out = NULL;
    if (!read_act(dialect, principal))
        return NULL;
    if (principal->act >= PRINCIPAL_GRANT)
        *tag = principal->act == PRINCIPAL_GRANT ? "GRANT" : "REVOKE";
    else
        *tag = arena_printf(dialect->arena, "%s %s", acts[principal->act], words[principal->word]);
    TRY(read_rest(dialect, principal));
    TRY(dialect_need_end(dialect));
    *out = principal;
    return NULL;
}
