/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/buffer.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_ALIGNMENT 64
#define BUFFER_STEP      4096

Error *buffer_grow(Buffer *buffer, size_t keep, size_t size)
{
    if (size <= buffer->capacity)
        return NULL;
    size_t capacity = size + size / 4;
    capacity = (capacity + BUFFER_STEP - 1) / BUFFER_STEP * BUFFER_STEP;
    void *data = aligned_alloc(BUFFER_ALIGNMENT, capacity);
    if (data == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for a block of %zu bytes", size);
    if (keep > 0)
        memcpy(data, buffer->data, keep);
    free(buffer->data);
    buffer->data = data;
    buffer->capacity = capacity;
    return NULL;
}

Error *buffer_room(Buffer *buffer, size_t size)
{
    return buffer_grow(buffer, 0, size);
}

void buffer_free(Buffer *buffer)
{
    free(buffer->data);
    *buffer = (Buffer){NULL, 0};
}
