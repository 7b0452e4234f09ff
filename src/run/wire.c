/* SPDX-License-Identifier: Apache-2.0 */
#include "src/run/wire.h"

#include "base/data/value.h"

#include <string.h>

#define WIRE_NUMBER(name, type)                                                                                        \
    void wire_##name(Wire *wire, type *value)                                                                          \
    {                                                                                                                  \
        if (wire->out != NULL)                                                                                         \
            put_##name(wire->out, *value);                                                                             \
        else                                                                                                           \
            *value = get_##name(wire->in);                                                                             \
    }
WIRE_NUMBER(u8, uint8_t)
WIRE_NUMBER(i32, int32_t)
WIRE_NUMBER(i64, int64_t)
WIRE_NUMBER(u64, uint64_t)
WIRE_NUMBER(f64, double)

void wire_bool(Wire *wire, bool *value)
{
    uint8_t byte = *value;
    wire_u8(wire, &byte);
    *value = byte != 0;
}

void wire_str(Wire *wire, char **string)
{
    if (wire->out != NULL)
        put_str(wire->out, *string);
    else
        *string = get_str(wire->in, wire->arena);
}

void wire_fixed(Wire *wire, void *bytes, size_t length)
{
    if (wire->out != NULL)
    {
        put_run(wire->out, bytes, length);
        return;
    }
    size_t got;
    const void *from = get_run(wire->in, &got);
    if (from != NULL && got == length)
        memcpy(bytes, from, length);
    else
        wire->in->broken = true;
}

void wire_run(Wire *wire, void **bytes, size_t *length)
{
    if (wire->out != NULL)
    {
        put_run(wire->out, *bytes == NULL ? "" : *bytes, *bytes == NULL ? 0 : *length);
        return;
    }
    size_t got = 0;
    const void *from = get_run(wire->in, &got);
    bool any = from != NULL && got > 0;
    *bytes = any ? arena_memdup(wire->arena, from, got) : NULL;
    *length = any ? got : 0;
}

void wire_type(Wire *wire, SqlType *type)
{
    wire_u8(wire, &type->id);
    wire_u8(wire, &type->precision);
    wire_u8(wire, &type->scale);
    wire_i32(wire, &type->length);
    if (wire->in != NULL && type->id >= TYPE_COUNT)
    {
        wire->in->broken = true;
        type->id = TYPE_INTEGER;
    }
}

void wire_datum(Wire *wire, SqlType type, Datum *value)
{
    bool null = value->null;
    wire_bool(wire, &null);
    if (wire->out != NULL && !null)
        value_write(wire->out, type, value);
    if (wire->in != NULL)
        *value = null ? (Datum){.null = true} : value_read(wire->in, wire->arena, type);
}

void wire_layout(Wire *wire, RowLayout **layout)
{
    if (wire->out != NULL)
        row_layout_write(wire->out, *layout);
    else
        *layout = row_layout_read(wire->in, wire->arena);
}

void wire_count(Wire *wire, int32_t *count)
{
    if (wire->in != NULL)
        *count = get_count(wire->in);
    else
        wire_i32(wire, count);
}
