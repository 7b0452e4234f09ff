/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     COPY t [(a, b)] FROM 'path' IAM_ROLE '...' [FORMAT [AS]] CSV QUOTE '''' GZIP IGNOREHEADER 1 ...
 *     COPY t [(a, b)] FROM STDIN [WITH] (FORMAT csv, HEADER, DELIMITER '|', NULL '')
 *     COPY t [(a, b)] FROM STDIN [WITH] CSV HEADER DELIMITER AS '|'
 *
 * The first form is Redshift's (FEATURES 5.1), the others are PostgreSQL's, which
 * psql's \copy sends.  All end in CopyOptions.
 */
#include "sql/parse/dialect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IGNORE_HEADER_MAX 1000000
#define MAX_ERROR_MAX     100000

typedef struct CopyReader
{
    Dialect *dialect;
    const TokenList *tokens;
    CopyStatement *copy;
    bool delimiter_said;
    bool null_said;
    bool postgres; /* (options), or CSV's defaults of PostgreSQL: from STDIN */
} CopyReader;

typedef enum CopyArgument
{
    ARGUMENT_NONE,
    ARGUMENT_CHAR,
    ARGUMENT_CHAR_OR_NONE,
    ARGUMENT_TEXT,
    ARGUMENT_NUMBER,
    ARGUMENT_SWITCH,
    ARGUMENT_IGNORED
} CopyArgument;

static Error *syntax_error(const CopyReader *reader)
{
    return dialect_syntax_error(reader->dialect, reader->dialect->at);
}

static Error *option_error(const CopyReader *reader, SqlState state, const char *message)
{
    return error_at(error_new(state, "%s", message), dialect_position(reader->dialect, reader->dialect->at));
}

static Error *read_columns(CopyReader *reader)
{
    CopyStatement *copy = reader->copy;
    if (!dialect_take_char(reader->dialect, '('))
        return NULL;
    copy->columns = ARENA_ARRAY(reader->dialect->arena, ParseName, reader->tokens->count);
    do
        TRY(dialect_read_name(reader->dialect, &copy->columns[copy->column_count++]));
    while (dialect_take_char(reader->dialect, ','));
    return dialect_take_char(reader->dialect, ')') ? NULL : syntax_error(reader);
}

static Error *read_source(CopyReader *reader)
{
    if (!dialect_take(reader->dialect, "from"))
        return syntax_error(reader);
    if (dialect_take(reader->dialect, "stdin"))
    {
        reader->copy->from_stdin = true;
        return NULL;
    }
    if (!token_is_string(reader->tokens, reader->dialect->at))
        return syntax_error(reader);
    reader->copy->path_position = dialect_position(reader->dialect, reader->dialect->at);
    reader->copy->path = token_string(reader->dialect->arena, reader->tokens, reader->dialect->at++);
    return NULL;
}

/* --- arguments ------------------------------------------------------------- */

/* One ASCII character: itself, \t and the like, or \ddd in octal. */
static Error *read_char(CopyReader *reader, char **text)
{
    int32_t at = reader->dialect->at;
    TRY(dialect_read_string(reader->dialect, text));
    char *s = *text;
    if (s[0] == '\\' && s[1] != '\0')
    {
        static const char from[] = "tnrbfv\\";
        static const char to[] = "\t\n\r\b\f\v\\";
        const char *found = strchr(from, s[1]);
        char *end = s + 1;
        long octal = strtol(s + 1, &end, 8);
        if (s[2] == '\0' && found != NULL)
            s[0] = to[found - from];
        else if (*end == '\0' && octal > 0 && octal < 128)
            s[0] = (char) octal;
        else
            end = NULL;
        if (end != NULL)
            s[1] = '\0';
    }
    if (strlen(s) == 1 && (unsigned char) s[0] < 0x80)
        return NULL;
    reader->dialect->at = at;
    return option_error(reader, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY takes a single ASCII character here");
}

static Error *read_number(CopyReader *reader, int64_t max, int64_t *number)
{
    if (!token_is_integer(reader->tokens, reader->dialect->at))
        return syntax_error(reader);
    char *text = token_text(reader->dialect->arena, reader->tokens, reader->dialect->at);
    errno = 0;
    *number = strtoll(text, NULL, 10);
    if (errno != 0 || *number < 0 || *number > max)
        return error_at(
            error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "the number must be from 0 to %lld", (long long) max),
            dialect_position(reader->dialect, reader->dialect->at));
    reader->dialect->at++;
    return NULL;
}

static bool read_switch(CopyReader *reader)
{
    if (dialect_take(reader->dialect, "off") || dialect_take(reader->dialect, "false"))
        return false;
    if (!dialect_take(reader->dialect, "on") && !dialect_take(reader->dialect, "true"))
        (void) dialect_take(reader->dialect, "preset");
    return true;
}

/* --- Redshift's form ------------------------------------------------------- */

typedef void (*CopySetter)(CopyReader *reader, CopyOptions *options, char *text, int64_t number, bool on);

#define COPY_OPTION(word, argument, action)                                                                            \
    static void set_##word(CopyReader *reader, CopyOptions *options, char *text, int64_t number, bool on)              \
    {                                                                                                                  \
        (void) reader, (void) options, (void) text, (void) number, (void) on;                                          \
        action;                                                                                                        \
    }
#include "sql/parse/copy_option.def"
#undef COPY_OPTION

static const struct CopyOptionRow
{
    const char *word;
    CopyArgument argument;
    CopySetter set;
} option_rows[] = {
#define COPY_OPTION(word, argument, action) {#word, ARGUMENT_##argument, set_##word},
#include "sql/parse/copy_option.def"
#undef COPY_OPTION
};

static Error *read_argument(CopyReader *reader, const struct CopyOptionRow *row)
{
    char *text = NULL;
    int64_t number = 0;
    bool on = true;
    bool string_next;
    if (row->argument != ARGUMENT_NONE)
        (void) dialect_take(reader->dialect, "as");
    string_next = token_is_string(reader->tokens, reader->dialect->at);
    switch (row->argument)
    {
    case ARGUMENT_NONE:
        break;
    case ARGUMENT_CHAR:
        TRY(read_char(reader, &text));
        break;
    case ARGUMENT_CHAR_OR_NONE:
        if (string_next)
            TRY(read_char(reader, &text));
        break;
    case ARGUMENT_TEXT:
        TRY(dialect_read_string(reader->dialect, &text));
        break;
    case ARGUMENT_NUMBER:
        TRY(read_number(reader, strcmp(row->word, "maxerror") == 0 ? MAX_ERROR_MAX : IGNORE_HEADER_MAX, &number));
        break;
    case ARGUMENT_SWITCH:
        on = read_switch(reader);
        break;
    case ARGUMENT_IGNORED:
        if (!dialect_take(reader->dialect, "default") && string_next)
            reader->dialect->at++;
        dialect_notice(reader->dialect, "COPY's parameter %s has no meaning here and is ignored", row->word);
        break;
    }
    row->set(reader, &reader->copy->options, text, number, on);
    return NULL;
}

static void set_csv(CopyReader *reader)
{
    reader->copy->options.csv = true;
    if (reader->postgres)
        reader->copy->options.escape = false;
    if (!reader->delimiter_said)
        reader->copy->options.delimiter = ',';
    if (reader->postgres && !reader->null_said)
        reader->copy->options.null_as = arena_strdup(reader->dialect->arena, "");
}

/* CSV, or the name of a format that is not there yet; *taken says whether it was one. */
static Error *read_format(CopyReader *reader, bool *taken)
{
    static const char *const not_yet[] = {"json", "avro", "parquet", "orc", "fixedwidth", "shapefile", "lzop"};
    *taken = true;
    if (dialect_take(reader->dialect, "csv"))
    {
        set_csv(reader);
        return NULL;
    }
    if (dialect_take(reader->dialect, "text"))
        return NULL;
    for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++)
        if (token_is(reader->tokens, reader->dialect->at, not_yet[i]))
            return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY with %s is not supported yet",
                                      token_text(reader->dialect->arena, reader->tokens, reader->dialect->at)),
                            dialect_position(reader->dialect, reader->dialect->at));
    *taken = false;
    return NULL;
}

/* PostgreSQL's ESCAPE 'c' for CSV; the doubled quote is the one way known here. */
static Error *read_quote_escape(CopyReader *reader)
{
    char *text = NULL;
    reader->dialect->at++;
    TRY(read_char(reader, &text));
    if (text[0] == reader->copy->options.quote)
        return NULL;
    reader->dialect->at--;
    return option_error(reader, SQLSTATE_FEATURE_NOT_SUPPORTED,
                        "COPY with an ESCAPE character other than QUOTE is not supported yet");
}

static Error *read_option(CopyReader *reader)
{
    bool taken = false;
    bool format = dialect_take(reader->dialect, "format");
    if (format)
        (void) dialect_take(reader->dialect, "as");
    TRY(read_format(reader, &taken));
    if (taken)
        return NULL;
    if (format)
        return syntax_error(reader);
    if (reader->copy->from_stdin && dialect_take(reader->dialect, "header"))
    {
        reader->copy->options.ignore_header = 1;
        return NULL;
    }
    if (token_is(reader->tokens, reader->dialect->at, "null"))
        reader->null_said = true;
    if (token_is(reader->tokens, reader->dialect->at, "escape") && token_is_string(reader->tokens, reader->dialect->at + 1))
        return read_quote_escape(reader);
    for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++)
        if (dialect_take(reader->dialect, option_rows[i].word))
            return read_argument(reader, &option_rows[i]);
    return syntax_error(reader);
}

/* --- PostgreSQL's ( name value, ... ) --------------------------------------- */

static Error *read_header_switch(CopyReader *reader)
{
    if (dialect_take(reader->dialect, "match"))
        return option_error(reader, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY with HEADER MATCH is not supported yet");
    reader->copy->options.ignore_header = read_switch(reader) ? 1 : 0;
    return NULL;
}

static Error *read_postgres_option(CopyReader *reader)
{
    if (dialect_take(reader->dialect, "header"))
        return read_header_switch(reader);
    if (dialect_take(reader->dialect, "format"))
    {
        bool quoted = token_is_string(reader->tokens, reader->dialect->at);
        const char *name = quoted ? token_string(reader->dialect->arena, reader->tokens, reader->dialect->at) : "";
        if (quoted && strcmp(name, "csv") != 0 && strcmp(name, "text") != 0)
            return option_error(reader, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY knows the formats csv and text");
        if (quoted)
        {
            reader->dialect->at++;
            if (strcmp(name, "csv") == 0)
                set_csv(reader);
            return NULL;
        }
        bool taken = false;
        TRY(read_format(reader, &taken));
        return taken ? NULL : syntax_error(reader);
    }
    if (dialect_take(reader->dialect, "encoding"))
    {
        char *name = NULL;
        TRY(dialect_read_string(reader->dialect, &name));
        return NULL; /* the session's encoding is always UTF-8 */
    }
    return read_option(reader);
}

static Error *read_options(CopyReader *reader)
{
    (void) dialect_take(reader->dialect, "with");
    if (dialect_take_char(reader->dialect, '('))
    {
        reader->postgres = true;
        do
            TRY(read_postgres_option(reader));
        while (dialect_take_char(reader->dialect, ','));
        return dialect_take_char(reader->dialect, ')') ? NULL : syntax_error(reader);
    }
    while (reader->dialect->at < reader->tokens->count)
        TRY(read_option(reader));
    return NULL;
}

Error *dialect_copy(Dialect *dialect, CopyStatement **out)
{
    CopyReader reader = {
        .dialect = dialect, .tokens = &dialect->tokens, .copy = ARENA_NEW(dialect->arena, CopyStatement)};
    CopyOptions *options = &reader.copy->options;
    options->delimiter = '|';
    options->quote = '"';
    options->replacement_char = '?';
    options->null_as = arena_strdup(dialect->arena, "\\N");
    options->stat_update = options->comp_update = true;
    dialect->at = 1;
    TRY(dialect_read_relation(dialect, &reader.copy->table));
    TRY(read_columns(&reader));
    TRY(read_source(&reader));
    reader.postgres = reader.copy->from_stdin;
    if (reader.postgres) /* PostgreSQL's defaults for text; CSV sets its own */
    {
        options->delimiter = '\t';
        options->escape = true;
    }
    TRY(read_options(&reader));
    if (dialect->at < reader.tokens->count)
        return syntax_error(&reader);
    *out = reader.copy;
    return NULL;
}
