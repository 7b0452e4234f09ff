/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string, for messages, EXPLAIN output, generated C and wire rows. */
#ifndef BASE_CORE_TEXT_H
#define BASE_CORE_TEXT_H

#include "base/core/arena.h"

#include <stdbool.h>

/* data is always terminated by a zero that length does not count. */
typedef struct Text
{
    char *data;
    size_t length;
    size_t capacity;
    Arena *arena; /* where data lives; NULL = malloc, then text_free() */
} Text;

void text_init(Text *text, Arena *arena);
void text_free(Text *text);  /* only for arena == NULL */
void text_clear(Text *text); /* length 0, keeps the memory */
/* Makes room for `more` bytes beyond length; returns where they go. */
char *text_reserve(Text *text, size_t more);
void text_append(Text *text, const char *bytes, size_t length);
void text_puts(Text *text, const char *string);
void text_putc(Text *text, char c);
void text_printf(Text *text, const char *format, ...) PRINTF_LIKE(2, 3);
/* Appends string quoted for SQL: "name" (ident) or 'text' (literal), doubling the quote. */
void text_quote_ident(Text *text, const char *name);
void text_quote_literal(Text *text, const char *string, size_t length);

#endif
