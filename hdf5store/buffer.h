/* SPDX-License-Identifier: Apache-2.0 */
/* A buffer that grows and is used again: what blocks are read into and chunks are made in. */
#ifndef HDF5STORE_BUFFER_H
#define HDF5STORE_BUFFER_H

#include "base/core/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Buffer
{
    uint8_t *data; /* 64-aligned, or NULL */
    size_t capacity;
} Buffer;

/* Makes room for `size` bytes; what was there is lost.  53200 without memory. */
Error *buffer_room(Buffer *buffer, size_t size) MUST_USE;
/* The same, but keeps the first `keep` bytes. */
Error *buffer_grow(Buffer *buffer, size_t keep, size_t size) MUST_USE;
void buffer_free(Buffer *buffer);

#endif
