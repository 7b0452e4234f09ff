/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extended query protocol (PostgreSQL 15, 55.2.3):
 *
 *     client                            server
 *     Parse "s" text types              ParseComplete              a Prepared (portal.h)
 *     Bind "p" "s" values formats       BindComplete               a Portal
 *     Describe                          ParameterDescription, RowDescription or NoData
 *     Execute "p" limit                 DataRow... CommandComplete or PortalSuspended
 *     Close                             CloseComplete
 *     Sync                              ReadyForQuery: the implicit transaction is committed
 *
 * After an error everything up to Sync is passed over.  Messages may come in any number before a Sync; answers gather in
 * the Wire's buffer until Sync, Flush or WIRE_FLUSH_BYTES.
 */
#include "base/data/numeric.h"
#include "base/data/value_binary.h"
#include "src/leader/portal.h"

#include <string.h>

/* --- Parse ------------------------------------------------------------------------------ */
static Error *types_read(Arena *arena, WireReader *payload, PrepareRequest *request)
{
    request->declared_count = wire_get_u16(payload);
    uint32_t *oids = ARENA_ARRAY(arena, uint32_t, request->declared_count);
    BindParam *declared = ARENA_ARRAY(arena, BindParam, request->declared_count);
    for (int32_t i = 0; i < request->declared_count; i++)
    {
        oids[i] = wire_get_u32(payload);
        declared[i].open = true; /* oids say no digits */
        if (!type_of_oid(oids[i], &declared[i].type))
            return error_new(SQLSTATE_UNDEFINED_OBJECT, "type with OID %u does not exist", oids[i]);
    }
    request->oids = oids;
    request->declared = declared;
    return wire_get_done(payload);
}

static Error *parse_message(Statement *statement, WireReader *payload)
{
    PrepareRequest request = {.name = wire_get_string(payload), .text = wire_get_string(payload)};
    TRY(types_read(statement->arena, payload, &request));
    TRY(prepared_make(statement, &request));
    wire_bare(&statement->session->wire, '1');
    return NULL;
}

/* --- Bind ------------------------------------------------------------------------------- */
static Error *formats_read(Arena *arena, WireReader *payload, int32_t *count, const uint16_t **out)
{
    *count = wire_get_u16(payload);
    uint16_t *formats = ARENA_ARRAY(arena, uint16_t, *count);
    *out = formats;
    for (int32_t i = 0; i < *count; i++)
    {
        formats[i] = wire_get_u16(payload);
        if (formats[i] > 1)
            return error_new(SQLSTATE_INVALID_PARAMETER_VALUE, "unsupported format code: %d", formats[i]);
    }
    return NULL;
}

/* A number whose type has no digits of its own takes those it comes with. */
static Error *decimal_value(Arena *arena, const char *bytes, size_t length, bool binary, BindParam *param)
{
    Text text;
    int128 number;
    text_init(&text, arena);
    if (binary)
        TRY(value_print_numeric(&text, bytes, length));
    else
        text_append(&text, bytes, length);
    TRY(decimal_parse_open(text.data, text.length, &param->type, &number));
    param->value = decimal_datum(param->type, number);
    return NULL;
}

static Error *param_value(Arena *arena, const char *bytes, size_t length, bool binary, BindParam *param)
{
    bool string = type_is_string(param->type);
    if ((string || !binary) && memchr(bytes, 0, length) != NULL)
        return error_new(SQLSTATE_UNTRANSLATABLE_CHARACTER, "invalid byte sequence for encoding \"UTF8\": 0x00");
    if (param->open && param->type.id == TYPE_DECIMAL)
        return decimal_value(arena, bytes, length, binary, param);
    if (binary)
        TRY(value_read_binary(arena, param->type, bytes, length, &param->value));
    else
        TRY(value_parse(arena, param->type, VALUE_INPUT, bytes, length, &param->value));
    if (string) /* as long as it is */
        param->type = type_varchar(length > VARCHAR_LENGTH_MAX ? 0 : length > 0 ? (int32_t) length : 1);
    return NULL;
}

static Error *params_read(Portal *portal, WireReader *payload)
{
    const Prepared *prepared = portal->prepared;
    int32_t format_count;
    const uint16_t *formats;
    TRY(formats_read(portal->arena, payload, &format_count, &formats));
    int32_t count = wire_get_u16(payload);
    if (format_count > 1 && format_count != count)
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "bind message has %d parameter formats but %d parameters",
                         format_count, count);
    if (count != prepared->param_count)
        return error_new(SQLSTATE_PROTOCOL_VIOLATION,
                         "bind message supplies %d parameters, but prepared statement \"%s\" requires %d", count,
                         prepared->name, prepared->param_count);
    BindParam *params = arena_memdup(portal->arena, prepared->params, sizeof *params * (size_t) count);
    for (int32_t i = 0; i < count; i++)
    {
        uint32_t length = wire_get_u32(payload);
        params[i].value.null = length == UINT32_MAX;
        if (params[i].value.null)
            continue;
        const uint8_t *bytes = wire_get_bytes(payload, length);
        if (bytes == NULL)
            break;
        const char *own = arena_strndup(portal->arena, (const char *) bytes, length);
        bool binary = format_count > 0 && formats[format_count == 1 ? 0 : i] == 1;
        TRY(param_value(portal->arena, own, length, binary, &params[i]));
    }
    portal->params = params;
    return NULL;
}

static Error *portal_fill(Portal *portal, const Statement *statement, WireReader *payload)
{
    const WireColumn *columns;
    uint16_t *ignored;
    TRY(params_read(portal, payload));
    TRY(formats_read(portal->arena, payload, &portal->format_count, &portal->formats));
    TRY(wire_get_done(payload));
    int32_t count = prepared_columns(statement->session, statement->arena, portal->prepared, &columns);
    return count == 0 ? NULL
                      : result_formats(statement->arena, portal->format_count, portal->formats, count, &ignored);
}

static Error *bind_message(Statement *statement, WireReader *payload)
{
    Session *session = statement->session;
    const char *name = wire_get_string(payload);
    Prepared *prepared;
    Portal *portal;
    TRY(prepared_find(session, wire_get_string(payload), &prepared));
    if (prepared->parse != NULL)
        TRY(statement_allowed(session, prepared->parse));
    TRY(portal_make(session, name, &portal));
    portal->prepared = prepared;
    prepared->references++;
    TRY(portal_fill(portal, statement, payload)); /* an error ends the transaction, and with it the portal */
    wire_bare(&session->wire, '2');
    return NULL;
}

/* --- Describe, Execute, Close ----------------------------------------------------------- */
static void params_describe(Wire *wire, const Prepared *prepared)
{
    wire_begin(wire, 't');
    wire_put_u16(wire, (uint16_t) prepared->param_count);
    for (int32_t i = 0; i < prepared->param_count; i++)
        wire_put_u32(wire, prepared->oids[i]);
    wire_end(wire);
}

/* RowDescription or NoData. */
static Error *columns_describe(Statement *statement, const Prepared *prepared, const Portal *portal)
{
    Session *session = statement->session;
    const WireColumn *columns;
    int32_t count;
    Result result = {.session = session, .describe = true};
    if (portal != NULL)
    {
        result.format_count = portal->format_count;
        result.formats = portal->formats;
    }
    if (prepared != NULL)
        count = prepared_columns(session, statement->arena, prepared, &columns);
    else
        columns = kept_rows_columns(portal->rows, &count);
    if (count > 0)
        return result_begin(&result, statement->arena, columns, count);
    wire_bare(&session->wire, 'n');
    return NULL;
}

static Error *kind_unknown(uint8_t kind)
{
    return error_new(SQLSTATE_PROTOCOL_VIOLATION, "invalid message subtype %d", kind);
}

static Error *describe_message(Statement *statement, WireReader *payload)
{
    Session *session = statement->session;
    uint8_t kind = wire_get_u8(payload);
    const char *name = wire_get_string(payload);
    Prepared *prepared;
    Portal *portal = NULL;
    TRY(wire_get_done(payload));
    if (kind == 'S')
        TRY(prepared_find(session, name, &prepared));
    else if (kind == 'P')
    {
        TRY(portal_find(session, name, &portal));
        prepared = portal->prepared;
    }
    else
        return kind_unknown(kind);
    if (prepared != NULL && prepared->parse != NULL)
        TRY(statement_allowed(session, prepared->parse));
    if (kind == 'S')
        params_describe(&session->wire, prepared);
    return columns_describe(statement, prepared, portal);
}

static Error *execute_message(Statement *statement, WireReader *payload)
{
    Portal *portal;
    const char *name = wire_get_string(payload);
    int32_t limit = (int32_t) wire_get_u32(payload);
    TRY(wire_get_done(payload));
    TRY(portal_find(statement->session, name, &portal));
    return portal_execute(statement, portal, limit > 0 ? limit : 0);
}

static Error *close_message(Statement *statement, WireReader *payload)
{
    Session *session = statement->session;
    uint8_t kind = wire_get_u8(payload);
    const char *name = wire_get_string(payload);
    Portal *portal;
    TRY(wire_get_done(payload));
    if (kind == 'S')
        prepared_drop(session, name);
    else if (kind != 'P')
        return kind_unknown(kind);
    else
    {
        Error *none = portal_find(session, name, &portal); /* closing what is not there is no error */
        error_free(none);
        if (portal != NULL)
            portal_drop(session, portal);
    }
    wire_bare(&session->wire, '3');
    return NULL;
}

Error *extended_run(Statement *statement, uint8_t type, WireReader *payload)
{
    switch (type)
    {
    case 'P':
        return parse_message(statement, payload);
    case 'B':
        return bind_message(statement, payload);
    case 'D':
        return describe_message(statement, payload);
    case 'E':
        return execute_message(statement, payload);
    default:
        return close_message(statement, payload);
    }
}
