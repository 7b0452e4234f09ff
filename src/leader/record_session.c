/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, users and faults in the history. */
#include "src/leader/record.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PORT_TEXT_BYTES 8

/* Both empty for what cannot be told. */
static void peer_text(int fd, char host[INET6_ADDRSTRLEN], char port[PORT_TEXT_BYTES])
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    host[0] = port[0] = 0;
    if (getpeername(fd, (struct sockaddr *) &peer, &length) != 0)
        return;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *) &peer;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) &peer;
    bool six = peer.ss_family == AF_INET6;
    if (!six && peer.ss_family != AF_INET)
        return;
    (void) inet_ntop(peer.ss_family, six ? (const void *) &v6->sin6_addr : (const void *) &v4->sin_addr, host, INET6_ADDRSTRLEN);
    snprintf(port, PORT_TEXT_BYTES, "%d", ntohs(six ? v6->sin6_port : v4->sin_port));
}

void record_connection(const Session *session, const char *event, const char *user)
{
    char host[INET6_ADDRSTRLEN], port[PORT_TEXT_BYTES];
    int64_t now = session_clock();
    const TlsChannel *tls = session->wire.tls;
    peer_text(session->fd, host, port);
    HistoryRow *row = history_row("stl_connection_log", now);
    history_text(row, event);
    history_int(row, now);
    history_text(row, host);
    history_text(row, port);
    history_int(row, session->process);
    history_text(row, session->database);
    history_text(row, user);
    history_text(row, "scram-sha-256");
    history_int(row, now - session->start_time);
    history_text(row, tls == NULL ? "" : tls_version(tls));
    history_text(row, tls == NULL ? "" : tls_cipher(tls));
    history_int(row, 0);
    for (int32_t i = 0; i < 3; i++) /* compression, expansion, IAM: there are none */
        history_text(row, "");
    history_text(row, session->settings == NULL ? NULL : setting_get(session->settings, "application_name"));
    history_text(row, session->os_version);
    history_text(row, session->driver_version);
    history_text(row, session->plugin_name);
    history_int(row, WIRE_PROTOCOL_3 >> 16);
    history_null(row);
    history_null(row);
    history_add(session->leader->history, row);
}

void record_session_end(const Session *session)
{
    int64_t now = session_clock();
    if (!session->admitted)
        return;
    record_connection(session, "disconnecting session", session->user);
    HistoryRow *row = history_row("stl_sessions", now);
    history_int(row, session->user_id);
    history_int(row, session->start_time);
    history_int(row, now);
    history_int(row, session->process);
    history_text(row, session->user);
    history_text(row, session->database);
    history_int(row, 0);
    history_int(row, 0);
    history_add(session->leader->history, row);
}

void record_user(const Statement *statement, const char *action, const CatalogPrincipal *user, const char *old_name)
{
    Session *session = statement->session;
    if (user->kind != PRINCIPAL_USER)
        return;
    HistoryRow *row = history_row("stl_userlog", statement->time);
    history_int(row, user->id);
    history_text(row, user->name);
    history_text(row, old_name == NULL ? "" : old_name);
    history_text(row, action);
    history_int(row, user->create_db);
    history_int(row, user->superuser);
    history_int(row, user->superuser);
    if (user->valid_until == INT64_MAX)
        history_null(row);
    else
        history_int(row, user->valid_until);
    history_int(row, session->process);
    history_int(row, session->transaction);
    history_int(row, statement->time);
    history_chain(&session->uncommitted, row);
}

static void transaction_keep(const Session *session, bool committed, int64_t commit_time)
{
    int64_t now = session_clock();
    HistoryRow *row = history_row("sys_transaction_history", now);
    history_int(row, session->user_id);
    history_int(row, session->transaction);
    history_text(row, session_is_serializable(session) ? "Serializable" : "Snapshot Isolation");
    history_text(row, committed ? "committed" : "rolledback");
    history_int(row, session->transaction_time);
    if (commit_time == 0)
        history_null(row);
    else
        history_int(row, commit_time);
    history_int(row, now);
    history_null(row);
    history_int(row, -1);
    history_add(session->leader->history, row);
}

/* Those that only read, and the background's, are left out. */
void record_transaction_end(Session *session, bool changed, bool committed, int64_t commit_time)
{
    HistoryRow *rows = session->uncommitted;
    session->uncommitted = NULL;
    if (changed && !session->background)
        transaction_keep(session, committed, commit_time);
    if (committed)
        history_add(session->leader->history, rows);
    else
        history_row_drop(rows);
}

void record_fault(const Session *session, const Error *error)
{
    int64_t now = session_clock();
    HistoryRow *row = history_row("stl_error", now);
    history_int(row, session->user_id);
    history_text(row, "stoad");
    history_int(row, now);
    history_int(row, session->process);
    history_int(row, error->state);
    history_text(row, "");
    history_int(row, 0);
    history_text(row, sqlstate_code(error->state));
    history_text(row, error->message);
    history_add(session->leader->history, row);
}
