/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.2 and 1.3 on the client port, by OpenSSL.
 *
 *     TlsServer    certificate and key, one a process, shared by all sessions
 *     TlsChannel   one connection, used by the thread that has its Wire
 *
 * Sessions are not resumed and not renegotiated: each connection begins anew.
 */
#ifndef SRC_LEADER_TLS_H
#define SRC_LEADER_TLS_H

#include "base/core/text.h"

#include <sys/types.h>

typedef struct TlsServer TlsServer;
typedef struct TlsChannel TlsChannel;

/* PEM files: the certificate with its chain, and its key, which must be the process's own or root's and closed to others.
 * F0000 for what is wrong with them.  *out: owned, tls_server_free(). */
Error *tls_server_new(Arena *arena, const char *certificate, const char *key, TlsServer **out) MUST_USE;
void tls_server_free(TlsServer *server); /* NULL is fine */

/* The handshake; blocks.  08006 when there is none: the client is not to be answered in plain.
 * fd: borrowed.  *out: owned, tls_close(). */
Error *tls_accept(TlsServer *server, int fd, TlsChannel **out) MUST_USE;
/* As recv() and send() on a blocking socket: bytes, 0 when the peer has closed, -1 with errno. */
ssize_t tls_receive(TlsChannel *channel, void *bytes, size_t room);
ssize_t tls_send(TlsChannel *channel, const void *bytes, size_t count);
/* Bytes are decrypted already: tls_receive() will not block. */
bool tls_pending(const TlsChannel *channel);
/* "TLSv1.3", "TLS_AES_256_GCM_SHA384" */
const char *tls_version(const TlsChannel *channel);
const char *tls_cipher(const TlsChannel *channel);
/* Says goodbye, without waiting for anybody.  NULL is fine. */
void tls_close(TlsChannel *channel);

/* A key (P-256) and a certificate for it, signed by itself, as PEM.  names: of the server, with commas between them, DNS
 * names and addresses; the first is its common name.  22023 for what is no name.  The certificate is what clients trust. */
Error *tls_make_pair(Arena *arena, const char *names, char **certificate, char **key) MUST_USE;

#endif
