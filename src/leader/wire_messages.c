/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to the client, whole: see wire.h. */
#include "src/leader/wire.h"

#include <stdio.h>
#include <string.h>

static const char *severity_name(WireSeverity severity)
{
    static const char *const names[] = {
        [WIRE_ERROR] = "ERROR", [WIRE_FATAL] = "FATAL", [WIRE_WARNING] = "WARNING", [WIRE_NOTICE] = "NOTICE",
        [WIRE_INFO] = "INFO"};
    return names[severity];
}

static void field(Wire *wire, char code, const char *text)
{
    if (text == NULL)
        return;
    wire_put_u8(wire, (uint8_t) code);
    wire_put_string(wire, text);
}

void wire_report(Wire *wire, WireSeverity severity, const Error *error)
{
    wire_begin(wire, severity <= WIRE_FATAL ? 'E' : 'N');
    field(wire, 'S', severity_name(severity));
    field(wire, 'V', severity_name(severity));
    field(wire, 'C', severity <= WIRE_FATAL ? sqlstate_code(error->state) : severity == WIRE_WARNING ? "01000" : "00000");
    field(wire, 'M', error->message);
    field(wire, 'D', error->detail);
    field(wire, 'H', error->hint);
    if (error->position > 0)
    {
        char number[16];
        snprintf(number, sizeof number, "%d", error->position);
        field(wire, 'P', number);
    }
    wire_put_u8(wire, 0);
    wire_end(wire);
}

void wire_notice(Wire *wire, WireSeverity severity, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    Error notice = {.message = message};
    wire_report(wire, severity, &notice);
}

void wire_parameter(Wire *wire, const char *name, const char *value)
{
    wire_begin(wire, 'S');
    wire_put_string(wire, name);
    wire_put_string(wire, value);
    wire_end(wire);
}

void wire_ready(Wire *wire, char status)
{
    wire_begin(wire, 'Z');
    wire_put_u8(wire, (uint8_t) status);
    wire_end(wire);
}

void wire_complete(Wire *wire, const char *tag)
{
    wire_begin(wire, 'C');
    wire_put_string(wire, tag);
    wire_end(wire);
}

void wire_bare(Wire *wire, char type)
{
    wire_begin(wire, type);
    wire_end(wire);
}

void wire_backend_key(Wire *wire, uint32_t process, uint32_t secret)
{
    wire_begin(wire, 'K');
    wire_put_u32(wire, process);
    wire_put_u32(wire, secret);
    wire_end(wire);
}

void wire_copy_response(Wire *wire, char type, bool binary, int32_t column_count)
{
    wire_begin(wire, type);
    wire_put_u8(wire, binary);
    wire_put_u16(wire, (uint16_t) column_count);
    for (int32_t i = 0; i < column_count; i++)
        wire_put_u16(wire, binary);
    wire_end(wire);
}

void wire_row_description(Wire *wire, const WireColumn *columns, const uint16_t *formats, int32_t count)
{
    wire_begin(wire, 'T');
    wire_put_u16(wire, (uint16_t) count);
    for (int32_t i = 0; i < count; i++)
    {
        wire_put_string(wire, columns[i].name);
        wire_put_u32(wire, (uint32_t) columns[i].table_id);
        wire_put_u16(wire, (uint16_t) columns[i].ordinal);
        wire_put_u32(wire, type_oid(columns[i].type));
        wire_put_u16(wire, (uint16_t) type_wire_length(columns[i].type));
        wire_put_u32(wire, (uint32_t) type_typmod(columns[i].type));
        wire_put_u16(wire, formats[i]);
    }
    wire_end(wire);
}
