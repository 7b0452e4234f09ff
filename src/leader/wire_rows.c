/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DataRow from a row in memory:
 *
 *     'D' length | count | length value | length value | ...
 *
 * Integers, decimals of 64 bits, and VARCHARs are written straight into the
 * output buffer; the rest goes through value_print(), or value_write_binary().
 */
#include "base/data/value_binary.h"
#include "src/leader/wire.h"

#include <string.h>

#define DIGITS_MAX 24 /* of an int64_t, sign and point included */

/* Writes value / 10^scale so that it ends at `end`; returns where it begins. */
static char *digits_before(char *end, int64_t value, int32_t scale)
{
    uint64_t rest = value < 0 ? UINT64_C(0) - (uint64_t) value : (uint64_t) value;
    int32_t written = 0;
    do
    {
        if (written == scale && scale > 0)
            *--end = '.';
        *--end = (char) ('0' + rest % 10);
        rest /= 10;
        written++;
    } while (rest > 0 || written <= scale);
    if (value < 0)
        *--end = '-';
    return end;
}

static int64_t integer_at(uint8_t rep, const char *at)
{
    switch (rep)
    {
    case REP_I8:
        return *(const int8_t *) at;
    case REP_I16:
        return *(const int16_t *) at;
    case REP_I32:
        return *(const int32_t *) at;
    default:
        return *(const int64_t *) at;
    }
}

static void put_number(Wire *wire, int64_t value, int32_t scale)
{
    char digits[DIGITS_MAX + 40];
    char *end = digits + sizeof digits;
    char *begin = digits_before(end, value, scale);
    wire_put_u32(wire, (uint32_t) (end - begin));
    wire_put_bytes(wire, begin, (size_t) (end - begin));
}

static void put_any(Wire *wire, const RowField *field, const char *at, bool binary)
{
    size_t length_at = wire->out.length;
    wire_put_u32(wire, 0);
    Datum value = value_load(field->type, (Rep) field->rep, at);
    if (binary)
        value_write_binary(&wire->out, field->type, &value);
    else
        value_print(&wire->out, field->type, &value);
    uint32_t length = (uint32_t) (wire->out.length - length_at - 4);
    uint8_t *patch = (uint8_t *) wire->out.data + length_at;
    patch[0] = (uint8_t) (length >> 24);
    patch[1] = (uint8_t) (length >> 16);
    patch[2] = (uint8_t) (length >> 8);
    patch[3] = (uint8_t) length;
}

static void put_field(Wire *wire, const RowField *field, bool binary, const char *row)
{
    if (field->null_offset >= 0 && row[field->null_offset] != 0)
    {
        wire_put_u32(wire, UINT32_MAX);
        return;
    }
    const char *at = row + field->offset;
    bool whole = rep_is_integer((Rep) field->rep) && field->rep != REP_I128;
    if (binary && field->type.id != TYPE_VARCHAR)
        put_any(wire, field, at, true);
    else if (whole && type_is_integer(field->type))
        put_number(wire, integer_at(field->rep, at), 0);
    else if (whole && field->type.id == TYPE_DECIMAL)
        put_number(wire, integer_at(field->rep, at), field->type.scale);
    else if (field->type.id == TYPE_VARCHAR)
    {
        const Str *str = (const Str *) at;
        wire_put_u32(wire, (uint32_t) str->len);
        wire_put_bytes(wire, str->data, (size_t) str->len);
    }
    else
        put_any(wire, field, at, false);
}

void wire_put_row(Wire *wire, const RowLayout *layout, const uint16_t *formats, int32_t count, const void *row)
{
    wire_put_u16(wire, (uint16_t) count);
    for (int32_t i = 0; i < count; i++)
        put_field(wire, &layout->fields[i], formats == NULL || formats[i] != 0, row);
}

void wire_row(Wire *wire, const RowLayout *layout, const uint16_t *formats, int32_t count, const void *row)
{
    wire_begin(wire, 'D');
    wire_put_row(wire, layout, formats, count, row);
    wire_end(wire);
}
