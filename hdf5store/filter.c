/* SPDX-License-Identifier: Apache-2.0 */
#include "hdf5store/filter.h"

#include "hdf5store/chunk.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_FORMAT 1

/* Chunk values as one element each. */
static bool put_numbers(const ChunkView *view, size_t element_size, uint8_t *out)
{
    if ((size_t) chunk_kind_width(view->header.kind) != element_size)
        return false;
    Rep rep = element_size == 1   ? REP_I8
              : element_size == 2 ? REP_I16
              : element_size == 4 ? REP_I32
              : element_size == 8 ? REP_I64
                                  : REP_I128;
    chunk_decode(view, 0, (int32_t) view->header.rows, rep, out);
    return true;
}

static bool put_strings(const ChunkView *view, size_t element_size, uint8_t *out)
{
    Str strings[VECTOR_ROWS];
    for (int32_t from = 0; from < (int32_t) view->header.rows; from += VECTOR_ROWS)
    {
        int32_t left = (int32_t) view->header.rows - from;
        int32_t count = left < VECTOR_ROWS ? left : VECTOR_ROWS;
        chunk_decode_str(view, from, count, strings);
        for (int32_t i = 0; i < count; i++, out += element_size)
        {
            if ((size_t) strings[i].len > element_size)
                return false;
            memcpy(out, strings[i].data, (size_t) strings[i].len);
        }
    }
    return true;
}

static bool put_text(const ChunkView *view, size_t room, uint8_t *out)
{
    uint32_t rows = view->header.rows, at = 0;
    size_t heap = sizeof(uint32_t) * ((size_t) rows + 2);
    if (heap > room)
        return false;
    memcpy(out, &rows, sizeof rows);
    memcpy(out + sizeof rows, &at, sizeof at);
    Str strings[VECTOR_ROWS];
    for (uint32_t row = 0; row < rows; row++)
    {
        if (row % VECTOR_ROWS == 0)
            chunk_decode_str(view, (int32_t) row, (int32_t) (rows - row < VECTOR_ROWS ? rows - row : VECTOR_ROWS),
                             strings);
        Str s = strings[row % VECTOR_ROWS];
        if ((size_t) s.len > room - heap - at)
            return false;
        memcpy(out + heap + at, s.data, (size_t) s.len);
        at += (uint32_t) s.len;
        memcpy(out + sizeof(uint32_t) * ((size_t) row + 2), &at, sizeof at);
    }
    return true;
}

static bool chunk_to_elements(const ChunkView *view, const unsigned values[], uint8_t *out)
{
    size_t element_size = values[FILTER_ELEMENT_SIZE], count = values[FILTER_CHUNK_SIZE];
    bool is_string = view->header.kind == CHUNK_STR;
    if (values[FILTER_SHAPE] == FILTER_TEXT)
        return is_string && put_text(view, count, out);
    if (view->header.rows > count || is_string != (values[FILTER_SHAPE] == FILTER_STRINGS))
        return false;
    return is_string ? put_strings(view, element_size, out) : put_numbers(view, element_size, out);
}

static uint8_t *decode(const void *bytes, size_t size, const unsigned values[], size_t made)
{
    ChunkView view;
    if (chunk_parse(bytes, size, &view) != NULL)
        return NULL;
    uint8_t *out = calloc(1, made > 0 ? made : 1);
    size_t scratch_size = (chunk_scratch_bytes(&view) + 64) / 64 * 64;
    void *scratch = aligned_alloc(64, scratch_size);
    bool good = out != NULL && scratch != NULL && chunk_expand(&view, scratch, NULL) == NULL &&
                chunk_to_elements(&view, values, out);
    free(scratch);
    if (good)
        return out;
    free(out);
    return NULL;
}

size_t filter_run(unsigned flags, size_t value_count, const unsigned values[], size_t size, size_t *capacity,
                  void **buffer)
{
    if ((flags & H5Z_FLAG_REVERSE) == 0 || value_count < FILTER_VALUE_COUNT || values[FILTER_VERSION] != FILTER_FORMAT)
        return 0; /* encoding is the engine's business */
    size_t made = (size_t) values[FILTER_ELEMENT_SIZE] * values[FILTER_CHUNK_SIZE];
    uint8_t *out = decode(*buffer, size, values, made);
    if (out == NULL)
        return 0;
    free(*buffer);
    *buffer = out;
    *capacity = made;
    return made;
}
