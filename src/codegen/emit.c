/* SPDX-License-Identifier: Apache-2.0 */
#include "src/codegen/emit.h"

#include <stdio.h>

void emit_init(Emitter *emitter, Arena *arena, Text *out)
{
    emitter->arena = arena;
    emitter->out = out;
    emitter->indent = 0;
}

static void PRINTF_LIKE(2, 0) emit_formatted(Emitter *emitter, const char *format, va_list arguments)
{
    for (int32_t i = 0; i < emitter->indent; i++)
        text_append(emitter->out, "    ", 4);
    va_list copy;
    va_copy(copy, arguments);
    int length = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    char *at = text_reserve(emitter->out, (size_t) length + 1);
    vsnprintf(at, (size_t) length + 1, format, arguments);
    emitter->out->length += (size_t) length;
    text_putc(emitter->out, '\n');
}

void emit_line(Emitter *emitter, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    emit_formatted(emitter, format, arguments);
    va_end(arguments);
}

void emit_open(Emitter *emitter, const char *format, ...)
{
    if (format != NULL)
    {
        va_list arguments;
        va_start(arguments, format);
        emit_formatted(emitter, format, arguments);
        va_end(arguments);
    }
    emit_line(emitter, "{");
    emitter->indent++;
}

void emit_close(Emitter *emitter, const char *after)
{
    emitter->indent--;
    emit_line(emitter, "}%s", after);
}

void emit_blank(Emitter *emitter)
{
    text_putc(emitter->out, '\n');
}

void emit_text(Emitter *emitter, const Text *text)
{
    text_append(emitter->out, text->data, text->length);
}

void capture_begin(Emitter *emitter, Capture *capture)
{
    text_init(&capture->text, emitter->arena);
    capture->outer = emitter->out;
    emitter->out = &capture->text;
}

void capture_end(Emitter *emitter, Capture *capture)
{
    emitter->out = capture->outer;
}
