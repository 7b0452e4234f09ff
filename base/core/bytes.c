/* SPDX-License-Identifier: Apache-2.0 */
#include "base/core/bytes.h"
#include "base/core/assert.h"

#include <endian.h>
#include <string.h>

#define RUN_NULL UINT32_MAX

void put_u8(ByteWriter *writer, uint8_t value)
{
    text_append(writer, (const char *) &value, 1);
}

void put_u16(ByteWriter *writer, uint16_t value)
{
    value = htole16(value);
    text_append(writer, (const char *) &value, sizeof value);
}

void put_u32(ByteWriter *writer, uint32_t value)
{
    value = htole32(value);
    text_append(writer, (const char *) &value, sizeof value);
}

void put_u64(ByteWriter *writer, uint64_t value)
{
    value = htole64(value);
    text_append(writer, (const char *) &value, sizeof value);
}

void put_i32(ByteWriter *writer, int32_t value)
{
    put_u32(writer, (uint32_t) value);
}

void put_i64(ByteWriter *writer, int64_t value)
{
    put_u64(writer, (uint64_t) value);
}

void put_f64(ByteWriter *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u64(writer, bits);
}

void put_str(ByteWriter *writer, const char *string)
{
    if (string == NULL)
        put_u32(writer, RUN_NULL);
    else
        put_run(writer, string, strlen(string));
}

void put_run(ByteWriter *writer, const void *bytes, size_t length)
{
    if (bytes == NULL && length == 0)
    {
        put_u32(writer, RUN_NULL);
        return;
    }
    ASSERT(length < RUN_NULL);
    put_u32(writer, (uint32_t) length);
    text_append(writer, bytes, length);
}

void reader_init(ByteReader *reader, const void *bytes, size_t length)
{
    static const uint8_t none[1];
    reader->at = bytes == NULL ? none : bytes;
    reader->end = reader->at + length;
    reader->broken = false;
}

/* Copies `size` bytes and moves on; zeros and broken when fewer are left. */
static void get_bytes(ByteReader *reader, void *out, size_t size)
{
    if (reader->broken || (size_t) (reader->end - reader->at) < size)
    {
        reader->broken = true;
        memset(out, 0, size);
        return;
    }
    memcpy(out, reader->at, size);
    reader->at += size;
}

uint8_t get_u8(ByteReader *reader)
{
    uint8_t value;
    get_bytes(reader, &value, sizeof value);
    return value;
}

uint16_t get_u16(ByteReader *reader)
{
    uint16_t value;
    get_bytes(reader, &value, sizeof value);
    return le16toh(value);
}

uint32_t get_u32(ByteReader *reader)
{
    uint32_t value;
    get_bytes(reader, &value, sizeof value);
    return le32toh(value);
}

uint64_t get_u64(ByteReader *reader)
{
    uint64_t value;
    get_bytes(reader, &value, sizeof value);
    return le64toh(value);
}

int32_t get_i32(ByteReader *reader)
{
    return (int32_t) get_u32(reader);
}

int64_t get_i64(ByteReader *reader)
{
    return (int64_t) get_u64(reader);
}

double get_f64(ByteReader *reader)
{
    uint64_t bits = get_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

char *get_str(ByteReader *reader, Arena *arena)
{
    size_t length;
    const void *bytes = get_run(reader, &length);
    return bytes == NULL ? NULL : arena_strndup(arena, bytes, length);
}

const void *get_run(ByteReader *reader, size_t *length)
{
    uint32_t size = get_u32(reader);
    *length = 0;
    if (reader->broken || size == RUN_NULL)
        return NULL;
    if ((size_t) (reader->end - reader->at) < size)
    {
        reader->broken = true;
        return NULL;
    }
    const void *bytes = reader->at;
    reader->at += size;
    *length = size;
    return bytes;
}

int32_t get_count(ByteReader *reader)
{
    int32_t count = get_i32(reader);
    if (count >= 0 && count <= reader->end - reader->at)
        return count;
    reader->broken = true;
    return 0;
}

Error *reader_done(const ByteReader *reader, const char *what)
{
    if (reader->broken)
        return error_new(SQLSTATE_INTERNAL_ERROR, "%s is cut short", what);
    if (reader->at != reader->end)
        return error_new(SQLSTATE_INTERNAL_ERROR, "%s has %zu bytes too many", what,
                         (size_t) (reader->end - reader->at));
    return NULL;
}
