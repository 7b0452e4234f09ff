/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed rows, as they cross between ranks:
 *
 *     | count i64 | heap bytes i64 | rows, stride apart | heap: bytes of the strings |
 *
 * In a packed row a Str holds its offset in the heap instead of an address; a
 * null field holds zeros.  Without strings the rows are copied as they stand.
 */
#include "base/data/row.h"
#include "base/core/assert.h"
#include "base/data/hash.h"
#include "base/data/numeric.h"
#include "base/data/value.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 16

static int32_t align_up(int32_t at, int32_t to)
{
    return (at + to - 1) / to * to;
}

void row_layout_place(RowLayout *layout)
{
    /* Widest first needs no padding between fields: sizes are powers of two. */
    int32_t at = 0;
    for (int32_t size = 16; size >= 1; size /= 2)
        for (int32_t i = 0; i < layout->field_count; i++)
        {
            RowField *field = &layout->fields[i];
            if (rep_size((Rep) field->rep) != size)
                continue;
            field->offset = at;
            at += size;
        }
    for (int32_t i = 0; i < layout->field_count; i++)
        if (layout->fields[i].null_offset >= 0)
            layout->fields[i].null_offset = at++;
    layout->stride = at == 0 ? 8 : align_up(at, 8);
}

void row_layout_write(ByteWriter *writer, const RowLayout *layout)
{
    put_i32(writer, layout->field_count);
    put_i32(writer, layout->stride);
    for (int32_t i = 0; i < layout->field_count; i++)
    {
        const RowField *field = &layout->fields[i];
        put_u8(writer, field->type.id);
        put_u8(writer, field->type.precision);
        put_u8(writer, field->type.scale);
        put_u8(writer, field->rep);
        put_i32(writer, field->type.length);
        put_i32(writer, field->offset);
        put_i32(writer, field->null_offset);
    }
}

/* A layout from the wire is believed only if every field lies inside the row. */
static bool field_is_sound(const RowField *field, int32_t stride)
{
    if (field->type.id >= TYPE_COUNT || field->rep >= REP_COUNT)
        return false;
    int32_t size = rep_size((Rep) field->rep);
    return field->offset >= 0 && field->offset <= stride - size && field->null_offset >= -1 &&
           field->null_offset < stride && field->type.precision <= DECIMAL_PRECISION_MAX &&
           field->type.scale <= DECIMAL_PRECISION_MAX;
}

RowLayout *row_layout_read(ByteReader *reader, Arena *arena)
{
    RowLayout *layout = ARENA_NEW(arena, RowLayout);
    int32_t count = get_i32(reader);
    layout->stride = get_i32(reader);
    if (count < 0 || count > (reader->end - reader->at) / 16 || layout->stride < 0 || layout->stride % 8 != 0)
    {
        reader->broken = true;
        return layout;
    }
    layout->field_count = count;
    layout->fields = ARENA_ARRAY(arena, RowField, count);
    for (int32_t i = 0; i < count; i++)
    {
        RowField *field = &layout->fields[i];
        field->type.id = get_u8(reader);
        field->type.precision = get_u8(reader);
        field->type.scale = get_u8(reader);
        field->rep = get_u8(reader);
        field->type.length = get_i32(reader);
        field->offset = get_i32(reader);
        field->null_offset = get_i32(reader);
        if (!field_is_sound(field, layout->stride))
        {
            reader->broken = true;
            layout->field_count = 0;
            return layout;
        }
    }
    return layout;
}

static bool field_is_null(const RowField *field, const char *row)
{
    return field->null_offset >= 0 && row[field->null_offset] != 0;
}

Datum row_get(const RowLayout *layout, const void *row, int32_t field)
{
    ASSERT(field >= 0 && field < layout->field_count);
    const RowField *f = &layout->fields[field];
    if (field_is_null(f, row))
        return (Datum){.null = true};
    return value_load(f->type, (Rep) f->rep, (const char *) row + f->offset);
}

void row_set(const RowLayout *layout, void *row, int32_t field, const Datum *value)
{
    ASSERT(field >= 0 && field < layout->field_count);
    const RowField *f = &layout->fields[field];
    char *at = row;
    ASSERT(!value->null || f->null_offset >= 0);
    if (f->null_offset >= 0)
        at[f->null_offset] = value->null;
    if (value->null)
        memset(at + f->offset, 0, (size_t) rep_size((Rep) f->rep));
    else
        value_store(f->type, (Rep) f->rep, value, at + f->offset);
}

static int field_compare(const RowField *field, const char *a, const char *b)
{
    a += field->offset;
    b += field->offset;
    switch ((Rep) field->rep)
    {
    case REP_I8:
        return (*(const int8_t *) a > *(const int8_t *) b) - (*(const int8_t *) a < *(const int8_t *) b);
    case REP_I16:
        return (*(const int16_t *) a > *(const int16_t *) b) - (*(const int16_t *) a < *(const int16_t *) b);
    case REP_I32:
        return (*(const int32_t *) a > *(const int32_t *) b) - (*(const int32_t *) a < *(const int32_t *) b);
    case REP_I64:
        return (*(const int64_t *) a > *(const int64_t *) b) - (*(const int64_t *) a < *(const int64_t *) b);
    case REP_STR:
        return str_compare(*(const Str *) a, *(const Str *) b);
    default:
    {
        Datum x = value_load(field->type, (Rep) field->rep, a);
        Datum y = value_load(field->type, (Rep) field->rep, b);
        return value_compare(field->type, &x, &y);
    }
    }
}

int row_compare(const RowLayout *layout, const SortKey *keys, int32_t key_count, const void *a, const void *b)
{
    for (int32_t i = 0; i < key_count; i++)
    {
        const SortKey *key = &keys[i];
        const RowField *field = &layout->fields[key->field];
        if (field->null_offset >= 0)
        {
            bool a_null = field_is_null(field, a);
            bool b_null = field_is_null(field, b);
            if (a_null && b_null)
                continue;
            if (a_null || b_null)
                return a_null == key->nulls_first ? -1 : 1;
        }
        int order = field_compare(field, a, b);
        if (order != 0)
            return key->descending ? -order : order;
    }
    return 0;
}

uint64_t row_hash(const RowLayout *layout, const int32_t *fields, int32_t field_count, const void *row)
{
    uint64_t hash = 0;
    for (int32_t i = 0; i < field_count; i++)
    {
        ASSERT(fields[i] >= 0 && fields[i] < layout->field_count);
        const RowField *field = &layout->fields[fields[i]];
        uint64_t one = field_is_null(field, row)
                           ? 0
                           : hash_in_rep(field->type, (Rep) field->rep, (const char *) row + field->offset);
        hash = i == 0 ? one : hash_combine(hash, one);
    }
    return hash;
}

/* ---- packing ---------------------------------------------------------------- */

static bool layout_has_strings(const RowLayout *layout)
{
    for (int32_t i = 0; i < layout->field_count; i++)
        if (layout->fields[i].rep == REP_STR)
            return true;
    return false;
}

/* Bytes of all strings, so that the output grows once. */
static int64_t heap_size(const RowLayout *layout, const char *rows, int64_t count)
{
    int64_t bytes = 0;
    for (int32_t f = 0; f < layout->field_count; f++)
    {
        const RowField *field = &layout->fields[f];
        if (field->rep != REP_STR)
            continue;
        const char *row = rows;
        for (int64_t i = 0; i < count; i++, row += layout->stride)
            if (!field_is_null(field, row))
                bytes += ((const Str *) (row + field->offset))->len;
    }
    return bytes;
}

static void pack_strings(const RowLayout *layout, char *rows, int64_t count, char *heap)
{
    char *at = heap;
    for (int64_t i = 0; i < count; i++, rows += layout->stride)
        for (int32_t f = 0; f < layout->field_count; f++)
        {
            const RowField *field = &layout->fields[f];
            if (field->rep != REP_STR)
                continue;
            Str str = {NULL, 0};
            if (!field_is_null(field, rows))
                memcpy(&str, rows + field->offset, sizeof str);
            ASSERT(str.len >= 0);
            int64_t offset = at - heap;
            if (str.len > 0)
                memcpy(at, str.data, (size_t) str.len);
            at += str.len;
            memcpy(rows + field->offset, &offset, sizeof offset);
            memcpy(rows + field->offset + 8, &str.len, sizeof str.len);
        }
}

void row_pack(const RowLayout *layout, const void *rows, int64_t count, ByteWriter *out)
{
    ASSERT(count >= 0 && layout->stride > 0);
    bool strings = layout_has_strings(layout);
    int64_t heap_bytes = strings ? heap_size(layout, rows, count) : 0;
    size_t row_bytes = (size_t) (count * layout->stride);
    text_clear(out);
    char *at = text_reserve(out, HEAD_BYTES + row_bytes + (size_t) heap_bytes);
    memcpy(at, &count, 8);
    memcpy(at + 8, &heap_bytes, 8);
    if (row_bytes > 0)
        memcpy(at + HEAD_BYTES, rows, row_bytes);
    if (strings)
        pack_strings(layout, at + HEAD_BYTES, count, at + HEAD_BYTES + row_bytes);
    out->length = HEAD_BYTES + row_bytes + (size_t) heap_bytes;
    out->data[out->length] = '\0';
}

int64_t row_packed_count(const void *packed)
{
    int64_t count;
    memcpy(&count, packed, sizeof count);
    return count;
}

static bool unpack_strings(const RowLayout *layout, char *rows, int64_t count, const char *heap, int64_t heap_bytes)
{
    for (int64_t i = 0; i < count; i++, rows += layout->stride)
        for (int32_t f = 0; f < layout->field_count; f++)
        {
            const RowField *field = &layout->fields[f];
            if (field->rep != REP_STR)
                continue;
            int64_t offset, length;
            memcpy(&offset, rows + field->offset, sizeof offset);
            memcpy(&length, rows + field->offset + 8, sizeof length);
            if (offset < 0 || length < 0 || offset > heap_bytes || length > heap_bytes - offset)
                return false;
            Str str = {heap + offset, length};
            memcpy(rows + field->offset, &str, sizeof str);
        }
    return true;
}

Error *row_unpack(const RowLayout *layout, void *packed, size_t length, void **rows, int64_t *count)
{
    char *at = packed;
    int64_t heap_bytes = 0;
    *rows = NULL;
    *count = 0;
    ASSERT(layout->stride > 0 && ((uintptr_t) packed & 7) == 0);
    if (length < HEAD_BYTES)
        return error_new(SQLSTATE_INTERNAL_ERROR, "packed rows are cut short");
    int64_t row_count;
    memcpy(&row_count, at, 8);
    memcpy(&heap_bytes, at + 8, 8);
    int64_t rest = (int64_t) (length - HEAD_BYTES);
    if (row_count < 0 || heap_bytes < 0 || row_count > rest / layout->stride ||
        rest - row_count * layout->stride != heap_bytes)
        return error_new(SQLSTATE_INTERNAL_ERROR, "packed rows do not fit their layout");
    char *first = at + HEAD_BYTES;
    if (layout_has_strings(layout) &&
        !unpack_strings(layout, first, row_count, first + row_count * layout->stride, heap_bytes))
        return error_new(SQLSTATE_INTERNAL_ERROR, "a string of packed rows lies outside them");
    *rows = first;
    *count = row_count;
    return NULL;
}
