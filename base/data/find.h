/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in bytes, made for the short texts of columns, where memmem() spends more on preparing than on looking. */
#ifndef BASE_DATA_FIND_H
#define BASE_DATA_FIND_H

#include <stddef.h>

/* The first place of part[0..part_len) in text[0..text_len), or NULL; part_len >= 1. */
const char *bytes_find(const char *text, size_t text_len, const char *part, size_t part_len);

#endif
