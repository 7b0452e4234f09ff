/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ALTER TABLE's actions that only Redshift has become such as the grammar knows; what they say is in TableOptions:
 *
 *     ADD COLUMN a int ENCODE zstd DEFAULT 1         ADD COLUMN a int DEFAULT 1
 *     ALTER COLUMN a ENCODE zstd               ->    ALTER COLUMN a SET STORAGE zstd
 *     ALTER DISTSTYLE KEY DISTKEY a                  RESET (attributes)
 *     ALTER DISTKEY a, ALTER SORTKEY (a, b)          RESET (attributes), RESET (attributes)
 *     APPEND FROM s FILLTARGET                       INHERIT s
 */
#include "sql/parse/dialect.h"

#define ATTRIBUTES "RESET (attributes)"

/* Behind ALTER TABLE and the table's name. */
static int32_t actions_begin(const TokenList *tokens)
{
    int32_t i = 2;
    if (token_is(tokens, i, "if"))
        i += 2; /* IF EXISTS */
    if (token_is(tokens, i, "only"))
        i++;
    while (token_is_name(tokens, i) && token_is_char(tokens, i + 1, '.'))
        i += 2;
    return i + 1;
}

/* Where the action that begins at `from` ends: at a comma, or the end. */
static int32_t action_end(const TokenList *tokens, int32_t from)
{
    int32_t i = from;
    for (; i < tokens->count && !token_is_char(tokens, i, ','); i++)
        if (token_is_char(tokens, i, '('))
            i = token_close(tokens, i);
    return i < tokens->count ? i : tokens->count;
}

static void replace(Dialect *dialect, int32_t from, int32_t to, const char *text)
{
    const Token *tokens = dialect->tokens.items;
    edit_replace(&dialect->edits, tokens[from].start, tokens[to - 1].end, text, tokens[from].start);
}

/* ALTER DISTKEY name, without the parentheses it has in CREATE TABLE. */
static Error *read_plain_dist_key(Dialect *dialect, int32_t *index)
{
    if (dialect->table->dist_key != NULL)
        return dialect_syntax_error(dialect, *index);
    dialect->table->dist_key = token_name(dialect->arena, &dialect->tokens, *index + 1);
    dialect->table->dist_position = dialect_position(dialect, *index);
    *index += 2;
    return NULL;
}

/* DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO behind ALTER at `from`. */
static Error *read_attributes(Dialect *dialect, int32_t from, int32_t end)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t i = from + 1, before = from;
    while (i < end && i != before)
    {
        before = i;
        if (token_is(tokens, i, "distkey") && token_is_name(tokens, i + 1))
            TRY(read_plain_dist_key(dialect, &i));
        else if (token_is(tokens, i, "sortkey") && token_is(tokens, i + 1, "none"))
        {
            dialect->table->sort_none = true;
            i += 2;
        }
        else
            TRY(dialect_table_attribute(dialect, &i));
    }
    if (i == from + 1)
        return NULL; /* ALTER COLUMN and the like are the grammar's */
    if (i < end)
        return dialect_syntax_error(dialect, i);
    dialect->table->altered = true;
    replace(dialect, from, end, ATTRIBUTES);
    return NULL;
}

/* APPEND FROM name [IGNOREEXTRA | FILLTARGET] */
static Error *read_append(Dialect *dialect, int32_t from, int32_t end)
{
    const TokenList *tokens = &dialect->tokens;
    int32_t last = end - 1;
    dialect->table->append = TABLE_APPEND_SAME;
    if (token_is(tokens, last, "ignoreextra"))
        dialect->table->append = TABLE_APPEND_IGNORE_EXTRA;
    else if (token_is(tokens, last, "filltarget"))
        dialect->table->append = TABLE_APPEND_FILL_TARGET;
    if (dialect->table->append != TABLE_APPEND_SAME)
        dialect_erase(dialect, last, end);
    replace(dialect, from, from + 2, "INHERIT");
    return NULL;
}

static Error *read_action(Dialect *dialect, int32_t from, int32_t end)
{
    const TokenList *tokens = &dialect->tokens;
    if (token_is(tokens, from, "append") && token_is(tokens, from + 1, "from"))
        return read_append(dialect, from, end);
    if (token_is(tokens, from, "add"))
    {
        int32_t column = token_is(tokens, from + 1, "column") ? from + 2 : from + 1;
        if (token_is(tokens, column, "if"))
            column += 3; /* IF NOT EXISTS */
        return column + 1 < end ? dialect_table_column(dialect, column, end) : NULL;
    }
    if (!token_is(tokens, from, "alter"))
        return NULL;
    int32_t column = token_is(tokens, from + 1, "column") ? from + 2 : from + 1;
    if (end - column == 3 && token_is(tokens, column + 1, "encode") && token_is_name(tokens, column + 2))
    {
        replace(dialect, column + 1, column + 2, "SET STORAGE");
        return NULL;
    }
    return read_attributes(dialect, from, end);
}

Error *dialect_alter(Dialect *dialect)
{
    const TokenList *tokens = &dialect->tokens;
    if (!token_is(tokens, 0, "alter") || !token_is(tokens, 1, "table"))
        return NULL;
    dialect->table = ARENA_NEW(dialect->arena, TableOptions);
    dialect->table->columns = ARENA_ARRAY(dialect->arena, TableColumnOptions, tokens->count);
    for (int32_t from = actions_begin(tokens); from < tokens->count;)
    {
        int32_t end = action_end(tokens, from);
        TRY(read_action(dialect, from, end));
        from = end + 1;
    }
    return NULL;
}
