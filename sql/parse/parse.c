/* SPDX-License-Identifier: Apache-2.0 */
#include "sql/parse/parse.h"
#include "base/core/assert.h"
#include "sql/parse/convert.h"
#include "sql/parse/dialect.h"
#include "sql/parse/unpack.h"

#include <pthread.h>
#include <string.h>

/* libpg_query recurses in its scanner-to-protobuf output: some 5 kB a level were seen, so
 * PARSE_DEPTH_MAX levels need less than a tenth of this.  It is address space, not memory. */
#define PARSE_STACK_BYTES ((size_t) 64 * 1024 * 1024)
#define PARSE_SHALLOW     64 /* levels that the caller's stack is good for */

typedef struct ParseJob
{
    Arena *arena;
    Arena *scratch; /* tokens */
    const char *text;
    CharIndex *chars;
    TokenList tokens;
    ParseList *list;
    Error *error;
} ParseJob;

/* The first statement of the grammar's answer, in the arena; *error is told in characters of `text`. */
static Error *parse_node(Arena *arena, const char *text, PgQuery__Node **node)
{
    PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
    if (result.error != NULL)
    {
        Error *error = unpack_error(result.error);
        pg_query_free_protobuf_parse_result(result);
        return error;
    }
    ProtobufCAllocator allocator = unpack_allocator(arena);
    PgQuery__ParseResult *tree =
        pg_query__parse_result__unpack(&allocator, result.parse_tree.len, (const uint8_t *) result.parse_tree.data);
    pg_query_free_protobuf_parse_result(result);
    if (tree == NULL || tree->n_stmts != 1 || tree->stmts[0]->stmt == NULL)
        return error_new(SQLSTATE_INTERNAL_ERROR, "the grammar's answer could not be read");
    *node = tree->stmts[0]->stmt;
    return NULL;
}

/* A character of the text the grammar saw, as a byte of it. */
static int32_t character_byte(const char *text, int32_t character)
{
    int32_t byte = 0;
    for (int32_t seen = 1; text[byte] != '\0' && (seen < character || ((unsigned char) text[byte] & 0xc0) == 0x80);)
    {
        byte++;
        seen += ((unsigned char) text[byte] & 0xc0) != 0x80;
    }
    return byte;
}

static bool is_create_table(const TokenList *tokens)
{
    if (!token_is(tokens, 0, "create"))
        return false;
    int32_t i = 1;
    while (token_is(tokens, i, "local") || token_is(tokens, i, "global") || token_is(tokens, i, "temp") ||
           token_is(tokens, i, "temporary") || token_is(tokens, i, "unlogged"))
        i++;
    return token_is(tokens, i, "table");
}

/* Statements whose Redshift form the grammar does not know and Stoa does not run: their name, else NULL. */
static const char *refused_word(const TokenList *tokens)
{
    if (token_is(tokens, 0, "unload"))
        return "UNLOAD";
    if (token_is(tokens, 0, "create") && token_is(tokens, 1, "external"))
        return "CREATE EXTERNAL";
    return NULL;
}

/* Redshift's derived tables need no alias, the grammar's do: where it misses one, one is written.
 * `byte` is the '(' of the user's text that the error names. */
static bool add_alias(Dialect *dialect, const Error *error, int32_t byte)
{
    const TokenList *tokens = &dialect->tokens;
    if (error->state != SQLSTATE_SYNTAX_ERROR || strstr(error->message, "in FROM must have an alias") == NULL ||
        dialect->alias_count == DIALECT_ALIASES_MAX)
        return false;
    int32_t open = 0;
    while (open < tokens->count && tokens->items[open].start < byte)
        open++;
    if (!token_is_char(tokens, open, '('))
        return false;
    const Token *close = &tokens->items[token_close(tokens, open)];
    char *alias = arena_printf(dialect->arena, ") \"?subquery%d\" ", ++dialect->alias_count);
    edit_replace(&dialect->edits, close->start, close->end, alias, close->start);
    return true;
}

/* The text with its edits through the grammar.  Its errors come back with positions of the user's text. */
static Error *parse_edited(ParseJob *job, Dialect *dialect, ParseStatement *statement, PgQuery__Node **node)
{
    const TokenList *tokens = &dialect->tokens;
    for (;;)
    {
        ParseMap *map;
        char *text = edit_apply(&dialect->edits, job->chars, job->text, tokens->items[0].start,
                                tokens->items[tokens->count - 1].end, &map);
        statement->map = map;
        Error *error = parse_node(job->arena, text, node);
        if (error == NULL || error->position <= 0)
            return error;
        int32_t location = character_byte(text, error->position);
        if (!add_alias(dialect, error, map_byte(map, location)))
        {
            error->position = parse_position(statement, location);
            return error;
        }
        error_free(error);
    }
}

static Error *parse_grammar(ParseJob *job, Dialect *dialect, ParseStatement *statement)
{
    const TokenList *tokens = &dialect->tokens;
    if (is_create_table(tokens))
        TRY(dialect_table(dialect));
    TRY(dialect_alter(dialect));
    TRY(dialect_analyze(dialect));
    TRY(dialect_vacuum(dialect));
    TRY(dialect_copy_to(dialect));
    TRY(dialect_show(dialect));
    TRY(dialect_type(dialect));
    TRY(dialect_top(dialect));
    TRY(dialect_minus(dialect));
    TRY(dialect_window(dialect));
    TRY(dialect_list(dialect));
    TRY(dialect_outer(dialect));
    TRY(dialect_pivot(dialect));
    TRY(dialect_write(dialect));
    TRY(dialect_temp(dialect));
    TRY(dialect_view(dialect));
    if (dialect->view != NULL)
        statement->view = dialect->view;
    else
        statement->table = dialect->table;
    statement->remove_duplicates = dialect->remove_duplicates;
    PgQuery__Node *node = NULL;
    TRY(parse_edited(job, dialect, statement, &node));
    return convert_statement(job->arena, node, statement);
}

/* Statements the grammar never sees; STATEMENT_COUNT: it is none of them. */
static Error *parse_whole(Dialect *dialect, ParseStatement *statement)
{
    PrincipalStatement *principal;
    SnapshotStatement *snapshot;
    CompressionStatement *compression;
    GrantStatement *grant;
    if (token_is(&dialect->tokens, 0, "copy") && !dialect_copies_to(dialect))
    {
        statement->kind = STATEMENT_COPY;
        statement->tag = "COPY";
        return dialect_copy(dialect, &statement->copy);
    }
    statement->kind = STATEMENT_COUNT;
    TRY(dialect_principal(dialect, &principal, &statement->tag));
    if (principal != NULL)
    {
        statement->kind = STATEMENT_PRINCIPAL;
        statement->principal = principal;
        return NULL;
    }
    TRY(dialect_snapshot(dialect, &snapshot, &statement->tag));
    if (snapshot != NULL)
    {
        statement->kind = STATEMENT_SNAPSHOT;
        statement->snapshot = snapshot;
        return NULL;
    }
    TRY(dialect_compression(dialect, &compression));
    if (compression != NULL)
    {
        statement->kind = STATEMENT_ANALYZE_COMPRESSION;
        statement->tag = "ANALYZE COMPRESSION";
        statement->compression = compression;
        return NULL;
    }
    TRY(dialect_grant(dialect, &grant));
    if (grant == NULL)
        return NULL;
    statement->kind = STATEMENT_GRANT;
    statement->tag = grant->revoke ? "REVOKE" : "GRANT";
    statement->grant = grant;
    return NULL;
}

static Error *parse_one(ParseJob *job, const TokenList *tokens, ParseStatement *statement)
{
    Dialect dialect = {.arena = job->arena, .chars = job->chars, .tokens = *tokens, .edits = {.arena = job->arena}};
    int32_t from = tokens->items[0].start;
    int32_t to = tokens->items[tokens->count - 1].end;
    EditList no_edits = {.arena = job->arena};
    ParseMap *map = NULL;
    statement->position = char_index_position(job->chars, from);
    statement->text = edit_apply(&no_edits, job->chars, job->text, from, to, &map);
    statement->map = map; /* stays so for statements the grammar never sees */
    const char *refused = refused_word(tokens);
    if (refused != NULL)
    {
        statement->kind = STATEMENT_UNSUPPORTED;
        statement->tag = refused;
        return NULL;
    }
    TRY(parse_whole(&dialect, statement));
    if (statement->kind == STATEMENT_COUNT)
        TRY(parse_grammar(job, &dialect, statement));
    statement->notice_count = dialect.notice_count;
    statement->notices = arena_memdup(job->arena, dialect.notices, sizeof *dialect.notices * DIALECT_NOTICES_MAX);
    return NULL;
}

/* Token behind the statement that begins at `from`: its semicolon, or the end. */
static int32_t statement_end(const TokenList *tokens, int32_t from)
{
    int32_t depth = 0;
    for (int32_t i = from; i < tokens->count; i++)
    {
        if (token_is_char(tokens, i, '('))
            depth++;
        else if (token_is_char(tokens, i, ')'))
            depth--;
        else if (depth <= 0 && token_is_char(tokens, i, ';'))
            return i;
    }
    return tokens->count;
}

static Error *parse_all(ParseJob *job)
{
    TokenList tokens = job->tokens;
    int32_t count_max = 1;
    for (int32_t i = 0; i < tokens.count; i++)
        count_max += token_is_char(&tokens, i, ';');
    job->list->statements = ARENA_ARRAY(job->arena, ParseStatement, count_max);
    for (int32_t from = 0; from < tokens.count;)
    {
        int32_t end = statement_end(&tokens, from);
        TokenList one = {tokens.text, end - from, tokens.items + from};
        if (one.count > 0)
            TRY(parse_one(job, &one, &job->list->statements[job->list->count++]));
        from = end + 1;
    }
    return NULL;
}

static void *parse_thread(void *argument)
{
    ParseJob *job = argument;
    job->error = parse_all(job);
    return NULL;
}

/* Does the job on a thread whose stack is deep enough, and waits for it. */
static Error *run_deep(ParseJob *job)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int code = pthread_attr_init(&attributes);
    if (code == 0)
    {
        code = pthread_attr_setstacksize(&attributes, PARSE_STACK_BYTES);
        if (code == 0)
            code = pthread_create(&thread, &attributes, parse_thread, job);
        pthread_attr_destroy(&attributes);
    }
    if (code != 0)
        return error_hint(error_new(SQLSTATE_OUT_OF_MEMORY, "no thread for the parser: %s", strerror(code)),
                          "The system's limit on threads or address space was reached.");
    code = pthread_join(thread, NULL);
    ASSERT(code == 0);
    return job->error;
}

/* Tokens first: they tell how deep the grammar will go. */
static Error *run_job(ParseJob *job)
{
    int32_t byte = 0, depth;
    TRY(token_scan(job->scratch, job->text, &job->tokens));
    Error *too_deep = limit_check_depth(&job->tokens, &depth, &byte);
    if (too_deep != NULL)
        return error_at(too_deep, char_index_position(job->chars, byte));
    return depth <= PARSE_SHALLOW ? parse_all(job) : run_deep(job);
}

Error *parse_statements(Arena *arena, const char *text, ParseList **out)
{
    size_t length = strlen(text);
    if (length > PARSE_TEXT_BYTES_MAX)
        return error_new(SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "statement is %zu bytes long, more than the %d allowed",
                         length, PARSE_TEXT_BYTES_MAX);
    ParseJob job = {.arena = arena, .text = text, .list = ARENA_NEW(arena, ParseList)};
    TRY(char_index_make(arena, text, (int32_t) length, &job.chars));
    job.scratch = arena_new("parse");
    Error *error = run_job(&job);
    arena_free(job.scratch);
    if (error == NULL)
        *out = job.list;
    return error;
}

Error *parse_refusal(const ParseStatement *statement)
{
    if (statement->kind != STATEMENT_UNSUPPORTED)
        return NULL;
    return error_at(error_new(SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported yet", statement->tag),
                    statement->position);
}
