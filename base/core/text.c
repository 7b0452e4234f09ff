/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/text.h"
#include "base/core/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_FIRST ((size_t) 64)

static char nothing[1]; /* what data points at before the first byte; never written */

void text_init(Text *text, Arena *arena)
{
    text->data = nothing;
    text->length = 0;
    text->capacity = 0;
    text->arena = arena;
}

void text_free(Text *text)
{
    ASSERT(text->arena == NULL);
    if (text->capacity > 0)
        free(text->data);
    text_init(text, NULL);
}

void text_clear(Text *text)
{
    text->length = 0;
    if (text->capacity > 0)
        text->data[0] = '\0';
}

static void text_grow(Text *text, size_t need)
{
    size_t capacity = text->capacity < TEXT_BYTES_FIRST ? TEXT_BYTES_FIRST : text->capacity;
    while (capacity < need)
    {
        ASSERT(capacity <= SIZE_MAX / 2);
        capacity *= 2;
    }
    char *data;
    if (text->arena != NULL)
    {
        data = arena_alloc(text->arena, capacity);
        memcpy(data, text->data, text->length + 1);
    }
    else
    {
        data = realloc(text->capacity > 0 ? text->data : NULL, capacity);
        if (data == NULL)
        {
            fprintf(stderr, "FATAL:  out of memory: %zu bytes of text\n", capacity);
            abort();
        }
        data[text->length] = '\0';
    }
    text->data = data;
    text->capacity = capacity;
}

char *text_reserve(Text *text, size_t more)
{
    ASSERT(more < SIZE_MAX / 4);
    if (text->capacity < text->length + more + 1)
        text_grow(text, text->length + more + 1);
    return text->data + text->length;
}

void text_append(Text *text, const char *bytes, size_t length)
{
    char *at = text_reserve(text, length);
    if (length > 0)
        memcpy(at, bytes, length);
    at[length] = '\0';
    text->length += length;
}

void text_puts(Text *text, const char *string)
{
    text_append(text, string, strlen(string));
}

void text_putc(Text *text, char c)
{
    text_append(text, &c, 1);
}

void text_printf(Text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = text->capacity - text->length;
    int length = text->capacity == 0 ? vsnprintf(NULL, 0, format, args)
                                     : vsnprintf(text->data + text->length, room, format, args);
    va_end(args);
    ASSERT(length >= 0);
    if (text->capacity == 0 || (size_t) length >= room)
    {
        char *at = text_reserve(text, (size_t) length);
        va_start(args, format);
        vsnprintf(at, (size_t) length + 1, format, args);
        va_end(args);
    }
    text->length += (size_t) length;
}

static void text_quote(Text *text, const char *bytes, size_t length, char quote)
{
    text_putc(text, quote);
    for (size_t i = 0; i < length; i++)
    {
        if (bytes[i] == quote)
            text_putc(text, quote);
        text_putc(text, bytes[i]);
    }
    text_putc(text, quote);
}

void text_quote_ident(Text *text, const char *name)
{
    text_quote(text, name, strlen(name), '"');
}

void text_quote_literal(Text *text, const char *string, size_t length)
{
    text_quote(text, string, length, '\'');
}
