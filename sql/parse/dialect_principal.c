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

#define NAMES_MAX 1000 /* of one list */
#define CONNECTIONS_MAX 1000000

typedef struct Reader
{
    Dialect *dialect;
    const TokenList *tokens;
    int32_t at; /* next token */
    PrincipalStatement *out;
} Reader;

static bool take(Reader *reader, const char *word)
{
    if (!token_is(reader->tokens, reader->at, word))
        return false;
    reader->at++;
    return true;
}

static Error *need(Reader *reader, const char *word)
{
    return take(reader, word) ? NULL : dialect_syntax_error(reader->dialect, reader->at);
}

static Error *read_name(Reader *reader, ParseName *name)
{
    if (!token_is_name(reader->tokens, reader->at))
        return dialect_syntax_error(reader->dialect, reader->at);
    *name = (ParseName){.name = token_name(reader->dialect->arena, reader->tokens, reader->at),
                        .position = dialect_position(reader->dialect, reader->at)};
    reader->at++;
    return NULL;
}

static Error *read_string(Reader *reader, char **out)
{
    if (!token_is_string(reader->tokens, reader->at))
        return dialect_syntax_error(reader->dialect, reader->at);
    *out = token_string(reader->dialect->arena, reader->tokens, reader->at++);
    return NULL;
}

/* a, b: each may have its kind's word before it, if `kinds` are given. */
static Error *read_names(Reader *reader, PrincipalName **names, int32_t *count, PrincipalWord plain, bool kinds)
{
    *names = ARENA_ARRAY(reader->dialect->arena, PrincipalName, NAMES_MAX);
    do
    {
        if (*count == NAMES_MAX)
            return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d names", NAMES_MAX);
        PrincipalName *name = &(*names)[(*count)++];
        name->word = plain;
        if (kinds && take(reader, "role"))
            name->word = PRINCIPAL_WORD_ROLE;
        TRY(read_name(reader, &name->name));
    } while (token_is_char(reader->tokens, reader->at, ',') && ++reader->at);
    return NULL;
}

/* --- options of users ------------------------------------------------------------- */
static Error *read_password(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    out->password_position = dialect_position(reader->dialect, reader->at);
    out->password_said = true;
    if (take(reader, "disable") || take(reader, "null"))
        return NULL;
    return read_string(reader, &out->password);
}

static Error *read_connections(Reader *reader)
{
    TRY(need(reader, "limit"));
    reader->out->connection_limit_said = true;
    reader->out->connection_limit = -1;
    if (take(reader, "unlimited"))
        return NULL;
    if (!token_is_integer(reader->tokens, reader->at))
        return dialect_syntax_error(reader->dialect, reader->at);
    errno = 0;
    long long number = strtoll(token_text(reader->dialect->arena, reader->tokens, reader->at), NULL, 10);
    if (errno != 0 || number > CONNECTIONS_MAX)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "invalid connection limit"),
                        dialect_position(reader->dialect, reader->at));
    reader->out->connection_limit = (int32_t) number;
    reader->at++;
    return NULL;
}

static Error *read_syslog(Reader *reader)
{
    TRY(need(reader, "access"));
    if (take(reader, "unrestricted"))
        reader->out->syslog = PRINCIPAL_YES;
    else
    {
        TRY(need(reader, "restricted"));
        reader->out->syslog = PRINCIPAL_NO;
    }
    return NULL;
}

/* A word that says yes or no. */
static bool take_switch(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    const struct
    {
        const char *word;
        PrincipalChoice *choice;
        PrincipalChoice value;
    } switches[] = {{"createdb", &out->create_db, PRINCIPAL_YES},   {"nocreatedb", &out->create_db, PRINCIPAL_NO},
                    {"createuser", &out->superuser, PRINCIPAL_YES}, {"nocreateuser", &out->superuser, PRINCIPAL_NO},
                    {"superuser", &out->superuser, PRINCIPAL_YES},  {"nosuperuser", &out->superuser, PRINCIPAL_NO}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (take(reader, switches[i].word))
        {
            *switches[i].choice = switches[i].value;
            return true;
        }
    return false;
}

static Error *read_user_options(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    (void) take(reader, "with");
    if (reader->at == reader->tokens->count && out->act == PRINCIPAL_ALTER)
        return dialect_syntax_error(reader->dialect, reader->at);
    while (reader->at < reader->tokens->count)
    {
        if (take_switch(reader))
            continue;
        if (take(reader, "encrypted"))
        {
            TRY(need(reader, "password"));
            TRY(read_password(reader));
        }
        else if (take(reader, "password"))
            TRY(read_password(reader));
        else if (take(reader, "valid"))
        {
            TRY(need(reader, "until"));
            out->valid_until_position = dialect_position(reader->dialect, reader->at);
            TRY(read_string(reader, &out->valid_until));
        }
        else if (take(reader, "connection"))
            TRY(read_connections(reader));
        else if (take(reader, "syslog"))
            TRY(read_syslog(reader));
        else if (out->act == PRINCIPAL_CREATE && take(reader, "in"))
        {
            TRY(need(reader, "group"));
            TRY(read_names(reader, &out->others, &out->other_count, PRINCIPAL_WORD_GROUP, false));
        }
        else
            return dialect_syntax_error(reader->dialect, reader->at);
    }
    return NULL;
}

/* --- statements --------------------------------------------------------------------- */
static Error *read_set(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    Arena *arena = reader->dialect->arena;
    ParseName name;
    out->act = PRINCIPAL_SET;
    TRY(read_name(reader, &name));
    out->setting = name.name;
    if (token_is_char(reader->tokens, reader->at, '.')) /* stoa.tier */
    {
        reader->at++;
        TRY(read_name(reader, &name));
        out->setting = arena_printf(arena, "%s.%s", out->setting, name.name);
    }
    if (!take(reader, "to") && !token_is_char(reader->tokens, reader->at++, '='))
        return dialect_syntax_error(reader->dialect, reader->at - 1);
    if (take(reader, "default"))
        return NULL;
    Text value;
    text_init(&value, arena);
    do
    {
        if (reader->at >= reader->tokens->count)
            return dialect_syntax_error(reader->dialect, reader->at);
        text_puts(&value, value.length > 0 ? ", " : "");
        text_puts(&value, token_is_string(reader->tokens, reader->at) ? token_string(arena, reader->tokens, reader->at)
                                                                      : token_text(arena, reader->tokens, reader->at));
        reader->at++;
    } while (token_is_char(reader->tokens, reader->at, ',') && ++reader->at);
    out->value = value.data;
    return NULL;
}

static Error *read_alter(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    if (take(reader, "rename"))
    {
        ParseName name;
        TRY(need(reader, "to"));
        TRY(read_name(reader, &name));
        out->act = PRINCIPAL_RENAME;
        out->new_name = name.name;
        return NULL;
    }
    if (out->word == PRINCIPAL_WORD_GROUP)
    {
        out->act = token_is(reader->tokens, reader->at, "add") ? PRINCIPAL_ADD : PRINCIPAL_REMOVE;
        if (!take(reader, "add"))
            TRY(need(reader, "drop"));
        TRY(need(reader, "user"));
        return read_names(reader, &out->others, &out->other_count, PRINCIPAL_WORD_USER, false);
    }
    if (out->word == PRINCIPAL_WORD_ROLE)
        return dialect_syntax_error(reader->dialect, reader->at);
    if (take(reader, "set"))
        return read_set(reader);
    if (take(reader, "reset"))
    {
        ParseName name;
        out->act = PRINCIPAL_SET;
        TRY(read_name(reader, &name));
        out->setting = name.name;
        return NULL;
    }
    return read_user_options(reader);
}

static Error *read_create(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    if (out->word == PRINCIPAL_WORD_USER)
        return read_user_options(reader);
    if (out->word == PRINCIPAL_WORD_ROLE || reader->at == reader->tokens->count)
        return NULL;
    (void) take(reader, "with");
    TRY(need(reader, "user"));
    return read_names(reader, &out->others, &out->other_count, PRINCIPAL_WORD_USER, false);
}

static Error *read_drop(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    if (take(reader, "if"))
    {
        TRY(need(reader, "exists"));
        out->if_exists = true;
    }
    TRY(read_names(reader, &out->names, &out->name_count, out->word, false));
    if (out->word == PRINCIPAL_WORD_ROLE && !take(reader, "force"))
        (void) take(reader, "restrict");
    return NULL;
}

/* GRANT ROLE a, b TO u, ROLE c; REVOKE ROLE a FROM u */
static Error *read_grant(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    bool grant = out->act == PRINCIPAL_GRANT;
    TRY(read_names(reader, &out->names, &out->name_count, PRINCIPAL_WORD_ROLE, true));
    TRY(need(reader, grant ? "to" : "from"));
    return read_names(reader, &out->others, &out->other_count, PRINCIPAL_WORD_USER, true);
}

static bool read_word(Reader *reader)
{
    static const struct
    {
        const char *word;
        PrincipalWord value;
    } words[] = {{"user", PRINCIPAL_WORD_USER}, {"group", PRINCIPAL_WORD_GROUP}, {"role", PRINCIPAL_WORD_ROLE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (take(reader, words[i].word))
        {
            reader->out->word = words[i].value;
            return true;
        }
    return false;
}

static bool read_act(Reader *reader)
{
    static const struct
    {
        const char *word;
        PrincipalAct act;
    } acts[] = {{"create", PRINCIPAL_CREATE}, {"alter", PRINCIPAL_ALTER}, {"drop", PRINCIPAL_DROP},
                {"grant", PRINCIPAL_GRANT},   {"revoke", PRINCIPAL_REVOKE}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (take(reader, acts[i].word))
        {
            reader->out->act = acts[i].act;
            if (acts[i].act < PRINCIPAL_GRANT)
                return read_word(reader);
            return token_is(reader->tokens, reader->at, "role");
        }
    return false;
}

static Error *read_rest(Reader *reader)
{
    PrincipalStatement *out = reader->out;
    if (out->act == PRINCIPAL_DROP)
        return read_drop(reader);
    if (out->act >= PRINCIPAL_GRANT)
        return read_grant(reader);
    out->names = ARENA_NEW(reader->dialect->arena, PrincipalName);
    out->names->word = out->word;
    out->name_count = 1;
    TRY(read_name(reader, &out->names->name));
    return out->act == PRINCIPAL_CREATE ? read_create(reader) : read_alter(reader);
}

Error *dialect_principal(Dialect *dialect, PrincipalStatement **out, const char **tag)
{
    static const char *const words[] = {"USER", "GROUP", "ROLE"};
    static const char *const acts[] = {[PRINCIPAL_CREATE] = "CREATE", [PRINCIPAL_ALTER] = "ALTER", [PRINCIPAL_DROP] = "DROP"};
    Reader reader = {.dialect = dialect, .tokens = &dialect->tokens, .out = ARENA_NEW(dialect->arena, PrincipalStatement)};
    *out = NULL;
    if (!read_act(&reader))
        return NULL;
    if (reader.out->act >= PRINCIPAL_GRANT)
        *tag = reader.out->act == PRINCIPAL_GRANT ? "GRANT" : "REVOKE";
    else
        *tag = arena_printf(dialect->arena, "%s %s", acts[reader.out->act], words[reader.out->word]);
    TRY(read_rest(&reader));
    if (reader.at < reader.tokens->count)
        return dialect_syntax_error(dialect, reader.at);
    *out = reader.out;
    return NULL;
}
