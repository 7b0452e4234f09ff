/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where fields and records end.  64 bytes at a time become bitmaps of the bytes that matter; what stands
 * inside quotes is masked out; the positions left are the marks.
 *
 *     bytes     7|"a|b"|c\n
 *     quote     ..1...1....     prefix xor -> inside  ..1111.....
 *     delimiter .1..1..1...     and not inside        .1.....1...
 *     newline   .........1.     marks: 1 7 9
 *
 * Private to src/load.
 */
#ifndef SRC_LOAD_SPLITTER_H
#define SRC_LOAD_SPLITTER_H

#include "src/load/format.h"

#define SPLIT_SLACK 64 /* readable bytes behind the text */

typedef struct LoadSplit
{
    size_t mark_count;
    bool inside;    /* quotes are open at the end */
    bool has_quote;
    bool has_high;  /* bytes >= 128 */
} LoadSplit;

/* text[0..length) begins at a record; SPLIT_SLACK bytes behind it are readable.  marks: room for length + 1. */
void load_split(const LoadFormat *format, const char *text, size_t length, uint32_t *marks, LoadSplit *out);

int64_t load_newlines(const char *text, size_t length);

/* For tests: 0 portable, 1 AVX2, 2 AVX-512; false if this machine lacks it. */
bool load_split_with(int32_t isa, const LoadFormat *format, const char *text, size_t length, uint32_t *marks, LoadSplit *out);

#endif
