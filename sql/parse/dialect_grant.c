/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     GRANT SELECT, INSERT | ALL [PRIVILEGES] ON [TABLE] t, s.u | ALL TABLES IN SCHEMA s
 *         TO ada, GROUP staff, ROLE reader, PUBLIC [WITH GRANT OPTION]
 *     REVOKE [GRANT OPTION FOR] ... ON ... FROM ... [CASCADE | RESTRICT]
 *
 * PostgreSQL's grammar does not tell groups and roles from users: read as a whole.
 */
#include "sql/parse/dialect.h"

#define GRANT_NAMES_MAX 1000 /* of one list */

typedef struct Reader
{
    Dialect *dialect;
    const TokenList *tokens;
    int32_t at; /* next token */
    GrantStatement *out;
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

static bool take_comma(Reader *reader)
{
    if (!token_is_char(reader->tokens, reader->at, ','))
        return false;
    reader->at++;
    return true;
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

static Error *room(int32_t count)
{
    return count < GRANT_NAMES_MAX ? NULL
                                   : error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "more than %d names", GRANT_NAMES_MAX);
}

static Error *unsupported(const Reader *reader, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported yet", what),
                    dialect_position(reader->dialect, reader->at));
}

static Error *read_privileges(Reader *reader)
{
    GrantStatement *out = reader->out;
    out->privileges = ARENA_ARRAY(reader->dialect->arena, ParseName, GRANT_NAMES_MAX);
    if (take(reader, "all"))
    {
        (void) take(reader, "privileges");
        return NULL;
    }
    do
    {
        TRY(room(out->privilege_count));
        TRY(read_name(reader, &out->privileges[out->privilege_count++]));
        if (token_is_char(reader->tokens, reader->at, '('))
            return unsupported(reader, "a privilege on columns");
    } while (take_comma(reader));
    return NULL;
}

static Error *read_objects(Reader *reader)
{
    GrantStatement *out = reader->out;
    static const char *const kinds[] = {"schema", "database", "function", "procedure", "language", "datashare", "model"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (token_is(reader->tokens, reader->at, kinds[i]) && token_is_name(reader->tokens, reader->at + 1))
            return unsupported(reader, "a privilege on anything but tables and views");
    if (take(reader, "all"))
    {
        TRY(need(reader, "tables"));
        TRY(need(reader, "in"));
        TRY(need(reader, "schema"));
        out->in_schemas = true;
    }
    else
        (void) take(reader, "table");
    out->objects = ARENA_ARRAY(reader->dialect->arena, ParseName, GRANT_NAMES_MAX);
    do
    {
        TRY(room(out->object_count));
        ParseName *name = &out->objects[out->object_count++];
        TRY(read_name(reader, name));
        if (!out->in_schemas && token_is_char(reader->tokens, reader->at, '.'))
        {
            ParseName last;
            reader->at++;
            TRY(read_name(reader, &last));
            name->schema = name->name;
            name->name = last.name;
        }
    } while (take_comma(reader));
    return NULL;
}

static Error *read_grantees(Reader *reader)
{
    GrantStatement *out = reader->out;
    out->grantees = ARENA_ARRAY(reader->dialect->arena, GrantGrantee, GRANT_NAMES_MAX);
    do
    {
        TRY(room(out->grantee_count));
        GrantGrantee *grantee = &out->grantees[out->grantee_count++];
        grantee->public = take(reader, "public");
        if (grantee->public)
            continue;
        grantee->name.word = take(reader, "group")  ? PRINCIPAL_WORD_GROUP
                             : take(reader, "role") ? PRINCIPAL_WORD_ROLE
                                                    : PRINCIPAL_WORD_USER;
        TRY(read_name(reader, &grantee->name.name));
    } while (take_comma(reader));
    return NULL;
}

static Error *read_end(Reader *reader)
{
    GrantStatement *out = reader->out;
    if (out->revoke)
        out->cascade = take(reader, "cascade") || (take(reader, "restrict") && false);
    else if (take(reader, "with"))
    {
        TRY(need(reader, "grant"));
        TRY(need(reader, "option"));
        out->options = true;
    }
    return reader->at == reader->tokens->count ? NULL : dialect_syntax_error(reader->dialect, reader->at);
}

Error *dialect_grant(Dialect *dialect, GrantStatement **out)
{
    Reader reader = {.dialect = dialect, .tokens = &dialect->tokens, .out = ARENA_NEW(dialect->arena, GrantStatement)};
    *out = NULL;
    reader.out->revoke = token_is(reader.tokens, 0, "revoke");
    if (!reader.out->revoke && !token_is(reader.tokens, 0, "grant"))
        return NULL;
    reader.at = 1;
    if (reader.out->revoke && take(&reader, "grant"))
    {
        TRY(need(&reader, "option"));
        TRY(need(&reader, "for"));
        reader.out->options = true;
    }
    TRY(read_privileges(&reader));
    TRY(need(&reader, "on"));
    TRY(read_objects(&reader));
    TRY(need(&reader, reader.out->revoke ? "from" : "to"));
    TRY(read_grantees(&reader));
    TRY(read_end(&reader));
    *out = reader.out;
    return NULL;
}
