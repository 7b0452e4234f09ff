/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to messages and back: see wire.h. */
#include "src/leader/wire.h"
#include "base/core/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IN_BYTES_FIRST 4096u
#define BUFFER_BYTES_KEPT 65536u /* larger buffers are given back when they are empty */

void wire_init(Wire *wire, int fd)
{
    *wire = (Wire){.fd = fd, .message_bytes_max = WIRE_LOGIN_BYTES_MAX};
    text_init(&wire->out, NULL);
}

void wire_free(Wire *wire)
{
    tls_close(wire->tls);
    free(wire->in);
    text_free(&wire->out);
    *wire = (Wire){.fd = -1};
}

/* --- the socket --------------------------------------------------------- */
Error *wire_secure(Wire *wire, TlsServer *server)
{
    ASSERT(wire->tls == NULL && !wire_pending(wire) && wire->out.length == 0);
    return tls_accept(server, wire->fd, &wire->tls);
}

/* Bytes, 0 when the peer has closed, -1 with errno. */
static ssize_t socket_receive(Wire *wire, void *bytes, size_t room)
{
    return wire->tls != NULL ? tls_receive(wire->tls, bytes, room) : recv(wire->fd, bytes, room, 0);
}

static ssize_t socket_send(Wire *wire, const void *bytes, size_t count)
{
    return wire->tls != NULL ? tls_send(wire->tls, bytes, count) : send(wire->fd, bytes, count, MSG_NOSIGNAL);
}

/* --- in ----------------------------------------------------------------- */
static Error *in_room(Wire *wire, size_t needed)
{
    if (wire->in_at == wire->in_end)
    {
        wire->in_at = wire->in_end = 0;
        if (wire->in_capacity > BUFFER_BYTES_KEPT && needed <= BUFFER_BYTES_KEPT)
        {
            free(wire->in);
            wire->in = NULL;
            wire->in_capacity = 0;
        }
    }
    if (wire->in_at + needed <= wire->in_capacity)
        return NULL;
    if (wire->in_end > wire->in_at)
        memmove(wire->in, wire->in + wire->in_at, wire->in_end - wire->in_at);
    wire->in_end -= wire->in_at;
    wire->in_at = 0;
    if (needed <= wire->in_capacity)
        return NULL;
    size_t capacity = needed < IN_BYTES_FIRST ? IN_BYTES_FIRST : needed;
    uint8_t *grown = realloc(wire->in, capacity);
    if (grown == NULL)
        return error_new(SQLSTATE_OUT_OF_MEMORY, "out of memory for a message of %zu bytes", needed);
    wire->in = grown;
    wire->in_capacity = capacity;
    return NULL;
}

/* Until `needed` bytes are there.  *end: closed before the first of them. */
static Error *in_fill(Wire *wire, size_t needed, bool *end)
{
    *end = false;
    TRY(in_room(wire, needed));
    while (wire->in_end - wire->in_at < needed)
    {
        ssize_t got = socket_receive(wire, wire->in + wire->in_end, wire->in_capacity - wire->in_end);
        if (got > 0)
        {
            wire->in_end += (size_t) got;
            continue;
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 && wire->in_end == wire->in_at)
        {
            *end = true;
            return NULL;
        }
        return error_new(SQLSTATE_CONNECTION_FAILURE, "could not receive from the client: %s",
                         got == 0 ? "connection closed within a message" : strerror(errno));
    }
    return NULL;
}

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

/* The header's bytes before the length have been counted by the caller. */
static Error *payload_read(Wire *wire, size_t header, WireReader *payload)
{
    uint32_t length = u32_at(wire->in + wire->in_at + header - 4);
    if (length < 4 || length > wire->message_bytes_max)
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "invalid message length %u", length);
    bool end;
    size_t whole = header - 4 + length;
    TRY(in_fill(wire, whole, &end));
    if (end)
        return error_new(SQLSTATE_CONNECTION_FAILURE, "connection closed within a message");
    *payload = (WireReader){.at = wire->in + wire->in_at + header, .end = wire->in + wire->in_at + whole};
    wire->in_at += whole;
    return NULL;
}

Error *wire_read(Wire *wire, uint8_t *type, WireReader *payload)
{
    bool end;
    *type = 0;
    TRY(in_fill(wire, 5, &end));
    if (end)
        return NULL;
    uint8_t kind = wire->in[wire->in_at];
    TRY(payload_read(wire, 5, payload));
    *type = kind;
    return NULL;
}

Error *wire_read_startup(Wire *wire, WireReader *payload, bool *end)
{
    TRY(in_fill(wire, 4, end));
    if (*end)
        return NULL;
    return payload_read(wire, 4, payload);
}

bool wire_pending(const Wire *wire)
{
    return wire->in_end > wire->in_at || (wire->tls != NULL && tls_pending(wire->tls));
}

const uint8_t *wire_get_bytes(WireReader *reader, size_t length)
{
    if (reader->broken || (size_t) (reader->end - reader->at) < length)
    {
        reader->broken = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    reader->at += length;
    return at;
}

uint8_t wire_get_u8(WireReader *reader)
{
    const uint8_t *at = wire_get_bytes(reader, 1);
    return at == NULL ? 0 : at[0];
}

uint16_t wire_get_u16(WireReader *reader)
{
    const uint8_t *at = wire_get_bytes(reader, 2);
    return at == NULL ? 0 : (uint16_t) (at[0] << 8 | at[1]);
}

uint32_t wire_get_u32(WireReader *reader)
{
    const uint8_t *at = wire_get_bytes(reader, 4);
    return at == NULL ? 0 : u32_at(at);
}

const char *wire_get_string(WireReader *reader)
{
    const uint8_t *zero =
        reader->broken || reader->at == reader->end ? NULL : memchr(reader->at, 0, (size_t) (reader->end - reader->at));
    if (zero == NULL)
    {
        reader->broken = true;
        return "";
    }
    const char *string = (const char *) reader->at;
    reader->at = zero + 1;
    return string;
}

Error *wire_get_done(const WireReader *reader)
{
    if (reader->broken || reader->at != reader->end)
        return error_new(SQLSTATE_PROTOCOL_VIOLATION, "invalid message format");
    return NULL;
}

/* --- out ---------------------------------------------------------------- */
void wire_put_u8(Wire *wire, uint8_t value)
{
    text_putc(&wire->out, (char) value);
}

void wire_put_u16(Wire *wire, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t) (value >> 8), (uint8_t) value};
    text_append(&wire->out, (const char *) bytes, sizeof bytes);
}

void wire_put_u32(Wire *wire, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8), (uint8_t) value};
    text_append(&wire->out, (const char *) bytes, sizeof bytes);
}

void wire_put_string(Wire *wire, const char *string)
{
    text_append(&wire->out, string, strlen(string) + 1);
}

void wire_put_bytes(Wire *wire, const void *bytes, size_t length)
{
    text_append(&wire->out, bytes, length);
}

void wire_begin(Wire *wire, char type)
{
    text_putc(&wire->out, type);
    wire->message = wire->out.length;
    wire_put_u32(wire, 0);
}

void wire_end(Wire *wire)
{
    ASSERT(wire->out.length >= wire->message + 4);
    uint32_t length = (uint32_t) (wire->out.length - wire->message);
    uint8_t *at = (uint8_t *) wire->out.data + wire->message;
    at[0] = (uint8_t) (length >> 24);
    at[1] = (uint8_t) (length >> 16);
    at[2] = (uint8_t) (length >> 8);
    at[3] = (uint8_t) length;
}

Error *wire_flush(Wire *wire)
{
    size_t sent = 0;
    Error *error = NULL;
    while (sent < wire->out.length && error == NULL)
    {
        ssize_t done = socket_send(wire, wire->out.data + sent, wire->out.length - sent);
        if (done > 0)
            sent += (size_t) done;
        else if (done == 0 || errno != EINTR)
            error = error_new(SQLSTATE_CONNECTION_FAILURE, "could not send to the client: %s", strerror(errno));
    }
    text_clear(&wire->out);
    if (wire->out.capacity > BUFFER_BYTES_KEPT)
    {
        text_free(&wire->out);
        text_init(&wire->out, NULL);
    }
    return error;
}

Error *wire_relieve(Wire *wire)
{
    return wire->out.length < WIRE_FLUSH_BYTES ? NULL : wire_flush(wire);
}

Error *wire_send(Wire *wire, const void *messages, size_t length)
{
    text_append(&wire->out, messages, length);
    return wire_relieve(wire);
}
