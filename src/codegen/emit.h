/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of generated C.  Only emit_* writes braces and newlines, so the
 * text is always well indented.  A capture collects lines aside: the generator
 * can see whether an expression needed statements, and place them where it wants.
 */
#ifndef SRC_CODEGEN_EMIT_H
#define SRC_CODEGEN_EMIT_H

#include "base/core/text.h"

typedef struct Emitter
{
    Arena *arena;
    Text *out;
    int32_t indent;
} Emitter;

typedef struct Capture
{
    Text text;
    Text *outer;
} Capture;

void emit_init(Emitter *emitter, Arena *arena, Text *out);
/* One line, indented. */
void emit_line(Emitter *emitter, const char *format, ...) PRINTF_LIKE(2, 3);
/* The line, then an opening brace on a line of its own; format NULL: the brace alone. */
void emit_open(Emitter *emitter, const char *format, ...) PRINTF_LIKE(2, 3);
/* A closing brace with what follows it on its line ("" or ";" or " while (0);"). */
void emit_close(Emitter *emitter, const char *after);
void emit_blank(Emitter *emitter);
/* Lines already made, as they are (from a capture of the same indent). */
void emit_text(Emitter *emitter, const Text *text);

void capture_begin(Emitter *emitter, Capture *capture);
void capture_end(Emitter *emitter, Capture *capture);

#endif
