/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the user's text as PostgreSQL's own scanner cuts them, without comments. */
#ifndef SQL_PARSE_TOKEN_H
#define SQL_PARSE_TOKEN_H

#include "base/core/arena.h"

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>

typedef struct Token
{
    int32_t start; /* bytes of the text */
    int32_t end;
    int32_t kind; /* PgQuery__Token */
} Token;

/* A run of tokens over one text: the whole, or one statement. */
typedef struct TokenList
{
    const char *text;
    int32_t count;
    const Token *items;
} TokenList;

/* Scans; an error's position is a character of `text`. Tokens are in `scratch`, `text` is borrowed. */
Error *token_scan(Arena *scratch, const char *text, TokenList *out) MUST_USE;

/* Is token `index` this word (lower case), as keyword or plain identifier?  False beyond the end and for "quoted". */
bool token_is(const TokenList *tokens, int32_t index, const char *word);
/* Is it this single character, '(' ... ? */
bool token_is_char(const TokenList *tokens, int32_t index, char c);
/* Kind of token `index`, 0 beyond the end. */
int32_t token_kind(const TokenList *tokens, int32_t index);
/* A name: identifier (quoted or not) or a keyword. */
bool token_is_name(const TokenList *tokens, int32_t index);
bool token_is_string(const TokenList *tokens, int32_t index);
bool token_is_integer(const TokenList *tokens, int32_t index);
/* The token's bytes, copied. */
char *token_text(Arena *arena, const TokenList *tokens, int32_t index);
/* A name folded; quotes removed. */
char *token_name(Arena *arena, const TokenList *tokens, int32_t index);
/* A string constant's value: '...', E'...', $$...$$. */
char *token_string(Arena *arena, const TokenList *tokens, int32_t index);
/* Index of the ')' that closes the '(' at `index`; tokens->count if none does. */
int32_t token_close(const TokenList *tokens, int32_t index);

/* How deep it nests at most; refuses, with 54001, what would nest deeper than PARSE_DEPTH_MAX; *byte is where. */
Error *limit_check_depth(const TokenList *tokens, int32_t *depth_most, int32_t *byte) MUST_USE;

#endif
