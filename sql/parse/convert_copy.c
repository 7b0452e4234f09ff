/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY ... TO STDOUT, and what may be said of its format.  Source of the rules and words: PostgreSQL 15, COPY.
 *
 *     WITH (FORMAT csv, HEADER, DELIMITER '|', NULL '', QUOTE '"', ESCAPE '"', FORCE_QUOTE (a, b), ENCODING 'utf8')
 *     WITH BINARY | CSV HEADER QUOTE AS '"' FORCE QUOTE * ...      the grammar makes the same of them
 */
#include "sql/parse/convert.h"

#include <string.h>
#include <strings.h>

typedef struct CopyReading
{
    Arena *arena;
    const ParseStatement *statement;
    CopyToStatement *copy;
    const char *delimiter, *null_as, *quote, *escape; /* NULL: not said */
    bool forces, format_said, header_said;
    int32_t position; /* of the option that is read */
} CopyReading;

static Error *refusal(const CopyReading *reading, SqlState state, const char *message)
{
    return error_at(error_new(state, "%s", message), reading->position);
}

/* The option's value as it was written; NULL if there is none, or it is a list. */
static const char *value_text(const PgQuery__DefElem *option)
{
    const PgQuery__Node *arg = option->arg;
    if (arg == NULL || arg->node_case != PG_QUERY__NODE__NODE_STRING)
        return NULL;
    return arg->string->sval;
}

static Error *read_text(const CopyReading *reading, const PgQuery__DefElem *option, const char **out)
{
    if (*out != NULL)
        return refusal(reading, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
    *out = value_text(option);
    if (*out != NULL)
        return NULL;
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "%s requires a parameter", option->defname), reading->position);
}

static Error *read_format(CopyReading *reading, const PgQuery__DefElem *option)
{
    const char *name = value_text(option);
    if (reading->format_said)
        return refusal(reading, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
    reading->format_said = true;
    if (name != NULL && strcmp(name, "csv") == 0)
        reading->copy->format = COPY_TO_CSV;
    else if (name != NULL && strcmp(name, "binary") == 0)
        reading->copy->format = COPY_TO_BINARY;
    else if (name == NULL || strcmp(name, "text") != 0)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "COPY format \"%s\" not recognized", name == NULL ? "" : name),
                        reading->position);
    return NULL;
}

static Error *read_header(CopyReading *reading, const PgQuery__DefElem *option)
{
    const char *name = value_text(option);
    if (reading->header_said)
        return refusal(reading, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
    reading->header_said = true;
    if (name != NULL && strcasecmp(name, "match") == 0)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot use \"match\" with HEADER in COPY TO");
    reading->copy->header = convert_option_is_on(option);
    return NULL;
}

/* (a, b) or *. */
static Error *read_force_quote(CopyReading *reading, const PgQuery__DefElem *option)
{
    CopyToStatement *copy = reading->copy;
    const PgQuery__Node *arg = option->arg;
    if (reading->forces)
        return refusal(reading, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
    reading->forces = true;
    if (arg != NULL && arg->node_case == PG_QUERY__NODE__NODE_A_STAR)
        copy->quotes_all = true;
    else if (arg != NULL && arg->node_case == PG_QUERY__NODE__NODE_LIST)
    {
        copy->quoted = ARENA_ARRAY(reading->arena, char *, arg->list->n_items);
        for (size_t i = 0; i < arg->list->n_items; i++)
            if (arg->list->items[i]->node_case == PG_QUERY__NODE__NODE_STRING)
                copy->quoted[copy->quoted_count++] = parse_fold_name(reading->arena, arg->list->items[i]->string->sval);
    }
    else
        return refusal(reading, SQLSTATE_INVALID_PARAMETER_VALUE, "argument to option \"force_quote\" must be a list of column names");
    return NULL;
}

static Error *read_encoding(const CopyReading *reading, const PgQuery__DefElem *option)
{
    const char *name = value_text(option);
    if (name != NULL && (strcasecmp(name, "utf8") == 0 || strcasecmp(name, "utf-8") == 0))
        return NULL;
    return refusal(reading, SQLSTATE_INVALID_PARAMETER_VALUE, "argument to option \"encoding\" must be UTF8");
}

static Error *read_option(CopyReading *reading, const PgQuery__DefElem *option)
{
    const char *name = option->defname;
    reading->position = parse_position(reading->statement, option->location);
    if (strcmp(name, "format") == 0)
        return read_format(reading, option);
    if (strcmp(name, "delimiter") == 0)
        return read_text(reading, option, &reading->delimiter);
    if (strcmp(name, "null") == 0)
        return read_text(reading, option, &reading->null_as);
    if (strcmp(name, "quote") == 0)
        return read_text(reading, option, &reading->quote);
    if (strcmp(name, "escape") == 0)
        return read_text(reading, option, &reading->escape);
    if (strcmp(name, "header") == 0)
        return read_header(reading, option);
    if (strcmp(name, "force_quote") == 0)
        return read_force_quote(reading, option);
    if (strcmp(name, "encoding") == 0)
        return read_encoding(reading, option);
    if (strcmp(name, "force_null") == 0 || strcmp(name, "force_not_null") == 0 || strcmp(name, "freeze") == 0)
        return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY's option \"%s\" is for COPY FROM", name), reading->position);
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "option \"%s\" not recognized", name), reading->position);
}

/* --- what goes together -------------------------------------------------------------- */

static Error *check_binary(const CopyReading *reading)
{
    if (reading->delimiter != NULL)
        return refusal(reading, SQLSTATE_SYNTAX_ERROR, "cannot specify DELIMITER in BINARY mode");
    if (reading->null_as != NULL)
        return refusal(reading, SQLSTATE_SYNTAX_ERROR, "cannot specify NULL in BINARY mode");
    if (reading->copy->header)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot specify HEADER in BINARY mode");
    return NULL;
}

static Error *check_csv(const CopyReading *reading)
{
    bool csv = reading->copy->format == COPY_TO_CSV;
    if (!csv && reading->quote != NULL)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY quote available only in CSV mode");
    if (!csv && reading->escape != NULL)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY escape available only in CSV mode");
    if (!csv && reading->forces)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY force quote available only in CSV mode");
    if (reading->quote != NULL && strlen(reading->quote) != 1)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY quote must be a single one-byte character");
    if (reading->escape != NULL && strlen(reading->escape) != 1)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY escape must be a single one-byte character");
    return NULL;
}

static Error *check_characters(const CopyReading *reading)
{
    const CopyToStatement *copy = reading->copy;
    const char *delimiter = reading->delimiter;
    bool csv = copy->format == COPY_TO_CSV;
    if (delimiter != NULL && (strlen(delimiter) != 1 || (unsigned char) delimiter[0] >= 0x80))
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY delimiter must be a single one-byte character");
    if (copy->delimiter == '\n' || copy->delimiter == '\r')
        return refusal(reading, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter cannot be newline or carriage return");
    if (strpbrk(copy->null_as, "\r\n") != NULL)
        return refusal(reading, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY null representation cannot use newline or carriage return");
    if (!csv && strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", copy->delimiter) != NULL)
        return error_at(error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"%c\"", copy->delimiter), reading->position);
    if (strchr(copy->null_as, copy->delimiter) != NULL)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY delimiter must not appear in the NULL specification");
    if (csv && copy->delimiter == copy->quote)
        return refusal(reading, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different");
    if (csv && strchr(copy->null_as, copy->quote) != NULL)
        return refusal(reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "CSV quote character must not appear in the NULL specification");
    return NULL;
}

static Error *format_make(CopyReading *reading)
{
    CopyToStatement *copy = reading->copy;
    bool csv = copy->format == COPY_TO_CSV;
    if (copy->format == COPY_TO_BINARY)
        TRY(check_binary(reading));
    TRY(check_csv(reading));
    copy->delimiter = reading->delimiter != NULL ? reading->delimiter[0] : csv ? ',' : '\t';
    copy->quote = reading->quote != NULL ? reading->quote[0] : '"';
    copy->escape = reading->escape != NULL ? reading->escape[0] : copy->quote;
    copy->null_as = arena_strdup(reading->arena, reading->null_as != NULL ? reading->null_as : csv ? "" : "\\N");
    return check_characters(reading);
}

Error *convert_copy_to(Arena *arena, const PgQuery__CopyStmt *stmt, ParseStatement *statement)
{
    CopyReading reading = {.arena = arena, .statement = statement, .copy = ARENA_NEW(arena, CopyToStatement), .position = statement->position};
    if (stmt->is_program || (stmt->filename != NULL && stmt->filename[0] != '\0'))
        return error_at(error_hint(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY TO a file or a program is not supported"),
                                   "COPY TO STDOUT and psql's \\copy give the rows to the client."),
                        statement->position);
    for (size_t i = 0; i < stmt->n_options; i++)
        TRY(read_option(&reading, stmt->options[i]->def_elem));
    TRY(format_make(&reading));
    ParseStatement *query = ARENA_NEW(arena, ParseStatement);
    *query = *statement;
    query->notice_count = 0;
    TRY(convert_statement(arena, stmt->query, query));
    TRY(parse_refusal(query));
    if (query->kind != STATEMENT_SELECT)
        return refusal(&reading, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY takes a SELECT");
    reading.copy->query = query;
    statement->copy_to = reading.copy;
    return NULL;
}
