/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     CREATE TABLE t (a int ENCODE az64 DISTKEY DEFAULT 1 NOT NULL, b ...) DISTSTYLE KEY DISTKEY(a) SORTKEY(a, b)
 *                           ^^^^^^^^^^^^^^^^^^^ per column                 ^^^^^^^^^^^^^^^^ per table
 *
 * The marked words are taken out and kept in TableOptions; what follows DEFAULT
 * stays for the grammar and is copied, for the catalog keeps it as text.
 */
#include "sql/parse/dialect.h"

#include <string.h>

/* --- columns --------------------------------------------------------------- */

/* Does one of a column's attributes begin here?  Ends what stands behind DEFAULT. */
static bool begins_attribute(const TokenList *tokens, int32_t index)
{
    static const char *const words[] = {"not",       "null",     "encode", "distkey",    "sortkey",
                                        "unique",    "primary",  "check",  "references", "constraint",
                                        "generated", "identity", "collate"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (token_is(tokens, index, words[i]))
            return true;
    return false;
}

/* Token behind the expression that begins at `index`, which is taken as it is: DEFAULT NULL. */
static int32_t default_end(const TokenList *tokens, int32_t index, int32_t end)
{
    for (int32_t i = index; i < end; i++)
    {
        if (token_is_char(tokens, i, '('))
        {
            int32_t close = token_close(tokens, i);
            i = close < end ? close : end - 1;
        }
        else if (i > index && begins_attribute(tokens, i))
            return i;
    }
    return end;
}

static Error *column_unsupported(const Dialect *dialect, int32_t index, const char *what)
{
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported yet", what),
                    dialect_position(dialect, index));
}

/* COLLATE at `index`: the default collation is let pass. */
static Error *read_collate(Dialect *dialect, int32_t index)
{
    if (!token_is(&dialect->tokens, index + 1, "case_sensitive"))
        return column_unsupported(dialect, index, "COLLATE");
    dialect_erase(dialect, index, index + 2);
    return NULL;
}

/* One attribute at *index, which moves to the next. */
static Error *read_attribute(Dialect *dialect, int32_t *index, int32_t end, TableColumnOptions *column)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t i = *index;
    if (token_is(tokens, i, "encode"))
    {
        if (i + 1 >= end || !token_is_name(tokens, i + 1))
            return dialect_syntax_error(dialect, i + 1);
        column->encoding = token_name(dialect->arena, tokens, i + 1);
        dialect_erase(dialect, i, i + 2);
        *index = i + 2;
        return NULL;
    }
    if (token_is(tokens, i, "default"))
    {
        int32_t stop = default_end(tokens, i + 1, end);
        if (stop > i + 1)
            column->default_sql = arena_strndup(dialect->arena, tokens->text + tokens->items[i + 1].start,
                                                (size_t) (tokens->items[stop - 1].end - tokens->items[i + 1].start));
        *index = stop > i + 1 ? stop : i + 1;
        return NULL;
    }
    *index = i + 1;
    if (token_is(tokens, i, "distkey"))
        column->dist_key = true;
    else if (token_is(tokens, i, "sortkey"))
        column->sort_key = true;
    else if (token_is(tokens, i, "identity") || token_is(tokens, i, "generated"))
        return column_unsupported(dialect, i, "IDENTITY");
    else if (token_is(tokens, i, "collate"))
        return read_collate(dialect, i);
    else
        return NULL;
    dialect_erase(dialect, i, i + 1);
    return NULL;
}

Error *dialect_table_column(Dialect *dialect, int32_t from, int32_t to)
{
    static const char *const not_columns[] = {"constraint", "primary", "unique", "foreign", "check", "like", "exclude"};
    const TokenList *tokens = &dialect->tokens;
    for (size_t i = 0; i < sizeof not_columns / sizeof *not_columns; i++)
        if (token_is(tokens, from, not_columns[i]))
            return NULL;
    TableColumnOptions *column = &dialect->table->columns[dialect->table->column_count];
    *column = (TableColumnOptions){.location = tokens->items[from].start, .position = dialect_position(dialect, from)};
    int32_t index = from + 2; /* behind name and first word of the type */
    while (index < to)
        TRY(read_attribute(dialect, &index, to, column));
    dialect->table->column_count++;
    return NULL;
}

/* All definitions between the parentheses at `open` and `close`. */
static Error *read_columns(Dialect *dialect, int32_t open, int32_t close)
{
    const TokenList *tokens = &dialect->tokens;
    dialect->table->columns = ARENA_ARRAY(dialect->arena, TableColumnOptions, close - open);
    int32_t from = open + 1;
    for (int32_t i = open + 1; i <= close; i++)
    {
        if (token_is_char(tokens, i, '('))
            i = token_close(tokens, i);
        else if (i == close || token_is_char(tokens, i, ','))
        {
            if (i > from)
                TRY(dialect_table_column(dialect, from, i));
            from = i + 1;
        }
    }
    return NULL;
}

/* --- the table ------------------------------------------------------------- */

/* ( name [, name] ) at *index, which moves behind it. */
static Error *read_names(Dialect *dialect, int32_t *index, int32_t *count, char ***names)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t i = *index;
    if (!token_is_char(tokens, i, '('))
        return dialect_syntax_error(dialect, i);
    *names = ARENA_ARRAY(dialect->arena, char *, tokens->count);
    *count = 0;
    do
    {
        i++;
        if (!token_is_name(tokens, i))
            return dialect_syntax_error(dialect, i);
        (*names)[(*count)++] = token_name(dialect->arena, tokens, i);
        i++;
    } while (token_is_char(tokens, i, ','));
    if (!token_is_char(tokens, i, ')'))
        return dialect_syntax_error(dialect, i);
    *index = i + 1;
    return NULL;
}

static Error *said_twice(const Dialect *dialect, int32_t index, const char *what)
{
    return error_at(error_new(SQLSTATE_SYNTAX_ERROR, "%s is given more than once", what),
                    dialect_position(dialect, index));
}

static Error *read_dist_style(Dialect *dialect, int32_t *index)
{
    static const struct
    {
        const char *word;
        TableDist dist;
    } styles[] = {
        {"auto", TABLE_DIST_AUTO}, {"even", TABLE_DIST_EVEN}, {"key", TABLE_DIST_KEY}, {"all", TABLE_DIST_ALL}};
    if (dialect->table->dist != TABLE_DIST_UNSAID)
        return said_twice(dialect, *index, "DISTSTYLE");
    dialect->table->dist_position = dialect_position(dialect, *index);
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
        if (token_is(&dialect->tokens, *index + 1, styles[i].word))
            dialect->table->dist = styles[i].dist;
    if (dialect->table->dist == TABLE_DIST_UNSAID)
        return dialect_syntax_error(dialect, *index + 1);
    *index += 2;
    return NULL;
}

static Error *read_dist_key(Dialect *dialect, int32_t *index)
{
    int32_t count = 0;
    char **names = NULL;
    int32_t word = *index;
    if (dialect->table->dist_key != NULL)
        return said_twice(dialect, word, "DISTKEY");
    (*index)++;
    TRY(read_names(dialect, index, &count, &names));
    if (count != 1)
        return error_at(error_new(SQLSTATE_INVALID_TABLE_DEFINITION, "DISTKEY takes one column"),
                        dialect_position(dialect, word));
    dialect->table->dist_key = names[0];
    dialect->table->dist_position = dialect_position(dialect, word);
    return NULL;
}

static Error *read_sort_key(Dialect *dialect, int32_t *index)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t word = *index;
    if (dialect->table->sort_keys != NULL)
        return said_twice(dialect, word, "SORTKEY");
    if (token_is(tokens, word, "interleaved"))
        dialect_notice(dialect, "INTERLEAVED SORTKEY is kept as COMPOUND");
    if (!token_is(tokens, word, "sortkey"))
        (*index)++;
    if (!token_is(tokens, *index, "sortkey"))
        return dialect_syntax_error(dialect, *index);
    (*index)++;
    if (token_is(tokens, *index, "auto"))
    {
        (*index)++;
        return NULL;
    }
    dialect->table->sort_position = dialect_position(dialect, word);
    return read_names(dialect, index, &dialect->table->sort_count, &dialect->table->sort_keys);
}

Error *dialect_table_attribute(Dialect *dialect, int32_t *index)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t from = *index;
    if (token_is(tokens, from, "diststyle"))
        TRY(read_dist_style(dialect, index));
    else if (token_is(tokens, from, "distkey"))
        TRY(read_dist_key(dialect, index));
    else if (token_is(tokens, from, "sortkey") || token_is(tokens, from, "compound") ||
             token_is(tokens, from, "interleaved"))
        TRY(read_sort_key(dialect, index));
    else if (token_is(tokens, from, "encode") && token_is(tokens, from + 1, "auto"))
        *index += 2;
    else if (token_is(tokens, from, "backup") &&
             (token_is(tokens, from + 1, "yes") || token_is(tokens, from + 1, "no")))
    {
        dialect->table->no_backup = token_is(tokens, from + 1, "no");
        *index += 2;
    }
    return NULL;
}

Error *dialect_table(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t i = 0;
    while (i < tokens->count && !token_is(tokens, i, "table"))
        i++;
    i++;
    if (token_is(tokens, i, "if"))
        i += 3;
    while (token_is_name(tokens, i) && token_is_char(tokens, i + 1, '.'))
        i += 2;
    i++; /* the name */
    dialect->table = ARENA_NEW(dialect->arena, TableOptions);
    if (token_is_char(tokens, i, '('))
    {
        int32_t close = token_close(tokens, i);
        if (close == tokens->count)
            return NULL; /* the grammar says what is wrong */
        TRY(read_columns(dialect, i, close));
        i = close + 1;
    }
    for (int32_t before = -1; before != i;)
    {
        before = i;
        TRY(dialect_table_attribute(dialect, &i));
        if (i > before)
            dialect_erase(dialect, before, i);
    }
    return NULL;
}
