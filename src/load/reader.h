/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a file, decompressed if need be.  Private to src/load. */
#ifndef SRC_LOAD_READER_H
#define SRC_LOAD_READER_H

#include "src/load/format.h"

typedef struct LoadReader LoadReader;

/* `from` only with LOAD_PLAIN, else 0. */
Error *load_reader_open(const char *path, LoadCompression compression, int64_t from, LoadReader **out) MUST_USE;
/* Up to `capacity` bytes; *got 0 = end of file.  58030 when reading fails or the compressed data are damaged. */
Error *load_reader_read(LoadReader *reader, void *bytes, size_t capacity, size_t *got) MUST_USE;
int64_t load_reader_file_bytes(const LoadReader *reader); /* read from the file so far */
int load_reader_fd(const LoadReader *reader);
void load_reader_close(LoadReader *reader); /* NULL is fine */

#endif
