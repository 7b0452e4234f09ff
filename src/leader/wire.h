/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's protocol 3 over one socket, in plain or through TLS.
 *
 *     message in:   wire_read() -> type and payload, taken apart with wire_get_*()
 *     message out:  wire_begin('D') wire_put_*()... wire_end(), sent by wire_flush()
 *
 * Payloads are borrowed until the next wire_read().  Output gathers in one
 * buffer; whoever writes many messages calls wire_relieve() now and then.
 * A Wire belongs to one thread at a time.  Source: PostgreSQL 15, chapter 55.
 */
#ifndef SRC_LEADER_WIRE_H
#define SRC_LEADER_WIRE_H

#include "base/core/text.h"
#include "base/data/row.h"
#include "src/leader/tls.h"

#define WIRE_MESSAGE_BYTES_MAX (64u * 1024 * 1024) /* 08P01 beyond */
#define WIRE_LOGIN_BYTES_MAX 10000u                /* before the client has shown who it is */
#define WIRE_FLUSH_BYTES 32768u

#define WIRE_PROTOCOL_3 196608u
#define WIRE_CANCEL_REQUEST 80877102u
#define WIRE_SSL_REQUEST 80877103u
#define WIRE_GSSENC_REQUEST 80877104u

typedef struct Wire
{
    int fd; /* owned by the session */
    TlsChannel *tls; /* NULL: in plain */
    uint8_t *in;
    size_t in_at, in_end, in_capacity;
    Text out;
    size_t message; /* where the message being written begins */
    uint32_t message_bytes_max;
} Wire;

void wire_init(Wire *wire, int fd);
void wire_free(Wire *wire); /* does not close fd */
/* From here on through TLS: the handshake.  Nothing may be waiting, in or out.  08006 */
Error *wire_secure(Wire *wire, TlsServer *server) MUST_USE;

/* --- in ----------------------------------------------------------------- */
typedef struct WireReader
{
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
} WireReader;

/* The next message.  *type 0: the peer closed the connection between messages (no error).
 * 08006: broken off; 08P01: a length that cannot be. */
Error *wire_read(Wire *wire, uint8_t *type, WireReader *payload) MUST_USE;
/* A startup packet: it has no type byte.  *end true: closed. */
Error *wire_read_startup(Wire *wire, WireReader *payload, bool *end) MUST_USE;
/* Bytes have come that were not asked for yet: wire_read() will not block at once. */
bool wire_pending(const Wire *wire);

uint8_t wire_get_u8(WireReader *reader);
uint16_t wire_get_u16(WireReader *reader);
uint32_t wire_get_u32(WireReader *reader);
const uint8_t *wire_get_bytes(WireReader *reader, size_t length); /* borrowed; NULL when broken */
const char *wire_get_string(WireReader *reader); /* borrowed; "" when broken */
/* 08P01 if the payload was too short or too long for its type. */
Error *wire_get_done(const WireReader *reader) MUST_USE;

/* --- out ---------------------------------------------------------------- */
void wire_begin(Wire *wire, char type);
void wire_put_u8(Wire *wire, uint8_t value);
void wire_put_u16(Wire *wire, uint16_t value);
void wire_put_u32(Wire *wire, uint32_t value);
void wire_put_string(Wire *wire, const char *string); /* with its zero */
void wire_put_bytes(Wire *wire, const void *bytes, size_t length);
void wire_end(Wire *wire);
Error *wire_flush(Wire *wire) MUST_USE;   /* blocks until the kernel has taken all; 08006 */
Error *wire_relieve(Wire *wire) MUST_USE; /* flushes when WIRE_FLUSH_BYTES are there */
/* Whole messages that are there already, and relieves. */
Error *wire_send(Wire *wire, const void *messages, size_t length) MUST_USE;

/* --- whole messages (wire_messages.c) ----------------------------------- */
typedef enum WireSeverity
{
    WIRE_ERROR,
    WIRE_FATAL,
    WIRE_WARNING,
    WIRE_NOTICE,
    WIRE_INFO
} WireSeverity;

/* ErrorResponse for ERROR and FATAL, else NoticeResponse; does not take the error. */
void wire_report(Wire *wire, WireSeverity severity, const Error *error);
void wire_notice(Wire *wire, WireSeverity severity, const char *format, ...) PRINTF_LIKE(3, 4);
void wire_parameter(Wire *wire, const char *name, const char *value);
void wire_ready(Wire *wire, char status); /* 'I' 'T' 'E' */
void wire_complete(Wire *wire, const char *tag);
void wire_bare(Wire *wire, char type); /* a message of no fields: ParseComplete, NoData, PortalSuspended... */
void wire_backend_key(Wire *wire, uint32_t process, uint32_t secret);
/* CopyInResponse (type G) or CopyOutResponse (H). */
void wire_copy_response(Wire *wire, char type, bool binary, int32_t column_count);

typedef struct WireColumn
{
    const char *name;
    SqlType type;
    int64_t table_id; /* 0 = none */
    int32_t ordinal;  /* 1-based, 0 = none */
} WireColumn;
/* formats: one a column, 0 text, 1 binary. */
void wire_row_description(Wire *wire, const WireColumn *columns, const uint16_t *formats, int32_t count);
/* The first `count` fields as DataRow and the binary COPY have them; formats NULL: all binary (wire_rows.c). */
void wire_put_row(Wire *wire, const RowLayout *layout, const uint16_t *formats, int32_t count, const void *row);
/* DataRow of them. */
void wire_row(Wire *wire, const RowLayout *layout, const uint16_t *formats, int32_t count, const void *row);

#endif
